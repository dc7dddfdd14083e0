//! The engine: what is done to one table, phase by phase.
//!
//! | phase | module | locks on the table |
//! |---|---|---|
//! | preflight | [`crate::preflight`] | none |
//! | prepare | `prepare` | none |
//! | capture | `capture` | SHARE ROW EXCLUSIVE, an instant |
//! | copy | `copy` | none that anyone notices |
//! | purge | `purge` | none |
//! | index | `index` | none |
//! | drain | `drain` | none that anyone notices |
//! | verify | `verify` | none that anyone notices |
//! | matviews | `matviews`, `matview_build` | ACCESS SHARE on all they read, given up when somebody waits |
//! | cutover | `cutover`, `snapshots`, `exchange` | ACCESS EXCLUSIVE, within the budget |
//! | cleanup | `cleanup` | none |
//!
//! The state of a run is its [`mod@journal`], in the target database. Whatever dies, the journal says
//! where to go on; [`run()`] with [`Goal::Resume`] does, [`abort()`] takes everything back.

mod abort;
mod access;
mod begin;
mod capture;
mod chunks;
mod cleanup;
mod context;
mod copy;
mod cutover;
mod drain;
mod exchange;
mod fingerprint;
mod index;
mod index_progress;
pub mod journal;
mod last_drain;
mod matview_build;
mod matviews;
mod patience;
mod plan;
mod prepare;
mod purge;
mod rehearsal;
mod report;
mod run;
mod search;
mod sequences;
mod snapshots;
mod space;
pub(crate) mod spans;
mod status;
mod throttle;
mod validate;
mod verify;

pub use abort::{abort, remove};
pub use context::{Control, Gate, Job, Permission};
pub use plan::{Check, Plan, PlanPhase, check, plan};
pub use run::{Goal, run};
pub use search::{find, find_all, find_by_run, list};
pub use status::{RunStatus, Runner, status};
