//! repackd takes the bloat out of PostgreSQL tables online, without a server extension and
//! without superuser.
//!
//! # Layout
//!
//! Dependencies point one way; a module imports only from those on its left:
//!
//! [`names`] → [`error`], [`job`] → [`config`] → [`pg`] → [`catalog`] → [`refusal`] →
//! [`preflight`] → [`sql`] → [`engine`] → [`telemetry`] → [`cli`]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod catalog;
pub mod cli;
pub mod config;
pub mod engine;
pub mod error;
pub mod job;
pub mod names;
pub mod pg;
pub mod preflight;
pub mod refusal;
pub mod sql;
pub mod telemetry;
