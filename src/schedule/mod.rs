//! When tables may be repacked, and which. Pure: the time is always an argument, and what was
//! measured is, too.
//!
//! [`Schedule`] is what a configuration says about both:
//!
//! * [`Schedule::at`] says for each rule whether a window of it is open now, until when, whether
//!   anything may still be started, and when to ask again. It is given what was [`Seen`] the last
//!   time, which is all that has to be kept between two calls, and between two processes.
//! * [`Evaluate::next`](evaluate::Evaluate::next) says when a database is to be measured next.
//! * [`Schedule::decide`] says of one table, a [`Candidate`], which rule decides and whether the
//!   table qualifies, with every condition; [`Schedule::rank`] puts those that do in their order.

mod check;
pub mod cron;
mod decide;
pub mod evaluate;
mod listing;
mod missed;
mod opening;
pub mod pattern;
mod rule;
pub mod window;
pub mod zone;

pub use decide::{Candidate, Decider, Decision, PassedOver, Reason};
pub use listing::Listed;
pub use missed::{CatchUp, Seen};
pub use opening::{Opening, State};
pub use rule::{Condition, Order, Rule};

use chrono::Duration;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use window::Recurrence;

/// What the configuration says about when, and which tables.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// The zone of whatever does not name its own.
    pub zone: Tz,
    /// When databases are measured.
    pub evaluate: evaluate::Evaluate,
    /// When tables may be repacked; at all times, if there is none.
    pub windows: Vec<Window>,
    /// When they may not.
    pub blackouts: Vec<Blackout>,
    /// What holds where there are no windows, and blackouts alone end an opening.
    pub defaults: Habits,
    /// Which tables; the first whose patterns match a table decides about it.
    pub rules: Vec<Rule>,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            zone: Tz::UTC,
            evaluate: evaluate::Evaluate::default(),
            windows: Vec::new(),
            blackouts: Vec::new(),
            defaults: Habits::default(),
            rules: Vec::new(),
        }
    }
}

/// A window in which tables may be repacked.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// Its name, by which rules refer to it.
    pub name: String,
    /// Its line in the configuration.
    pub line: usize,
    /// When it is open.
    pub recurrences: Vec<Recurrence>,
    /// The zone in which its times are shown.
    pub zone: Tz,
    /// How it is gone about.
    pub habits: Habits,
}

/// How a window is gone about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Habits {
    /// What becomes of it if no moment of it was seen.
    pub missed: Missed,
    /// How long after its end it may still be made up for.
    pub start_deadline: Duration,
    /// How long before its end nothing is started any more.
    pub last_start_before_end: Duration,
    /// What becomes of a run that is at work when it ends.
    pub at_window_end: AtWindowEnd,
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            missed: Missed::Skip,
            start_deadline: Duration::minutes(30),
            last_start_before_end: Duration::zero(),
            at_window_end: AtWindowEnd::Finish,
        }
    }
}

/// What becomes of a window of which no moment was seen in which anything could be started, because
/// nobody was there or the clock was put forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missed {
    /// Nothing; the next one will do.
    Skip,
    /// It is made up for, once however many were missed: open from the first moment on for as long
    /// as it would have been.
    RunOnce,
}

/// What becomes of a run that is at work when its window ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AtWindowEnd {
    /// It goes on to its end.
    Finish,
    /// It stops at the next chunk and keeps what it has for the next window.
    Pause,
    /// It is given up and removed.
    Abort,
}

/// A time in which nothing is repacked, whatever the windows say.
#[derive(Debug, Clone, PartialEq)]
pub struct Blackout {
    /// Its name.
    pub name: String,
    /// Its line in the configuration.
    pub line: usize,
    /// When it holds.
    pub recurrences: Vec<Recurrence>,
}
