//! The engine: what is done to one table, phase by phase.
pub mod api;
pub mod journal;
pub use api::{
    Check, Control, Goal, Job, Plan, PlanPhase, RunStatus, abort, check, find, find_by_run, list,
    plan, run, status,
};
