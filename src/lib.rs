//! repackd takes the bloat out of PostgreSQL tables online, without a server extension and
//! without superuser.
//!
//! # How a repack goes
//!
//! A *shadow* is made beside the table. *Capture*, a trigger, writes the key of every row touched
//! from then on to the *key log*. The table is copied in *chunks*; rows touched meanwhile are
//! *purged* from the shadow; indexes are built; *drains* bring in the current row of every logged
//! key; both tables are *verified*; materialized views are built from the shadow; and the *cutover*
//! exchanges them. [`engine`] has the phases.
//!
//! Why the copy is right: capture's lock waits out every writer, so each later change is either
//! visible to a chunk's snapshot or has its key in the log. A row untouched since is in exactly one
//! range of pages. A touched one may have been copied never, once or twice, but its key is in the
//! log, and a drain replaces whatever is there by its current row, log and table being read in one
//! snapshot.
//!
//! # Layout
//!
//! Dependencies point one way; a module imports only from those on its left:
//!
//! [`names`], [`units`], [`pace`], `tls` → [`error`], [`job`], [`failpoint`] → [`schedule`] → [`config`] → [`pg`] →
//! [`catalog`], [`bloat`] → [`refusal`] → [`preflight`] → [`sql`] → [`engine`] → [`telemetry`],
//! [`store`], [`report`] → [`delivery`] → [`daemon`] → [`http`] → [`cli`]
//!
//! The names in [`telemetry::names`] may be used anywhere.
//!
//! [`catalog`] describes a table without OIDs, so that the original, its rehearsal and the finished
//! table can be compared. [`sql`] turns a description into statements and touches nothing else.
//! Progress leaves the engine through a channel; nothing below [`cli`] knows of the command line.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod bloat;
pub mod catalog;
pub mod cli;
pub mod config;
pub mod daemon;
pub mod delivery;
pub mod engine;
pub mod error;
pub mod failpoint;
pub mod http;
pub mod job;
pub mod names;
pub mod pace;
pub mod pg;
pub mod preflight;
pub mod refusal;
pub mod report;
pub mod schedule;
pub mod sql;
pub mod store;
pub mod telemetry;
mod tls;
pub mod units;
