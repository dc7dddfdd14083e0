//! The engine: what is done to one table, phase by phase.
pub mod journal;
