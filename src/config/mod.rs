//! Configuration: what to repack, where, and how gently.
