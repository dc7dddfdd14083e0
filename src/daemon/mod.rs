//! The daemon: measures, decides, queues and works, for months.
//!
//! | part | module |
//! |---|---|
//! | the loop: what is open, what is due, what is claimed | this one, `lead` |
//! | measuring a database and queueing what qualifies | `evaluate` |
//! | one table's run, on a thread of its own | `worker` |
//! | leases: heartbeats, and the permission to cut over | `running` |
//! | what others may see of all this | [`live`] |
//! | why a run is stopped before its end | [`mod@stop`], pure |
//! | what becomes of its entry in the queue | [`mod@conclude`], pure |
//!
//! Several daemons share one store and know of each other by nothing else. A table belongs to who has
//! its lease; without one nothing is begun and nothing is cut over. If the store is out of reach, runs
//! go on until they would cut over or their lease is over, then stop with all that they have.
//!
//! The wall clock is an argument and may jump: it says which windows are open, and nothing else. How
//! long something takes is measured by a clock that does not jump.

pub mod conclude;
mod evaluate;
mod lead;
pub mod live;
mod measured;
mod notify;
mod running;
pub mod stop;
mod worker;

pub use lead::{Options, Tally, run};
pub use live::Live;
pub use running::Shown;

use crate::config::Config;
use chrono::{DateTime, Utc};
use std::sync::Arc;

/// The clock on the wall.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>);

impl Clock {
    /// The machine's.
    pub fn system() -> Self {
        Self(Arc::new(Utc::now))
    }

    /// Another.
    pub fn of(now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// What it shows.
    pub fn now(&self) -> DateTime<Utc> {
        (self.0)()
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}

/// Who this process is to others: unique for each process that ever ran, readable for people.
pub fn identity(clock: &Clock) -> String {
    let host = whoami::hostname().unwrap_or_else(|_| "?".into());
    // Process ids come again, in containers all the time.
    let born = clock.now().timestamp_micros();
    format!("{host}/{}/{born:x}", std::process::id())
}

/// The index of a rule among the schedule's, by its name; one that is not enabled is as good as gone.
fn rule_index(config: &Config, name: &str) -> Option<usize> {
    config.schedule.rules.iter().position(|rule| rule.name == name && rule.enabled)
}
