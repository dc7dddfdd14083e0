//! The daemon's memory: what is queued, who has it, what was tried, what was measured.
//!
//! One file of SQLite for a daemon of its own, one database of PostgreSQL for a fleet; the statements
//! are the same. No daemon talks to another: claims, leases and pauses are rows here.
//!
//! Time is the store's own clock, in milliseconds, so that daemons whose clocks differ agree on when a
//! lease ends. Transactions are a few statements long: a long one would be what bloats a queue.
//!
//! A claim has a *lease*, which its owner prolongs, and a *fence*, a number that grows with each claim
//! of the row. Whoever comes back from the dead finds another fence than his and changes nothing. The
//! advisory lock in the target database is still the last word.
//!
//! Nothing of the engine is known here, and the engine knows nothing of this.

mod claims;
mod commands;
mod connect;
mod daemons;
mod evaluations;
mod history;
mod pages;
mod place;
mod queue;
mod reports;
mod samples;
mod words;

pub use claims::{Claim, Conclusion, Lease};
pub use commands::{Pause, Scope};
pub use connect::Store;
pub use daemons::Daemon;
pub use evaluations::Evaluation;
pub use history::{Attempt, Record};
pub use pages::{By, Measured, PhaseRecord, Sample, TableFilter};
pub use place::Place;
pub use queue::{Entry, Queued, State, Wanted, Wish};
pub use reports::{Ended, Kept, Letter, Made};
pub use samples::Measurement;
pub use words::time;
