//! The words of one repack: its phases, what it reports while it works, and how it ended.
