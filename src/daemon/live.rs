//! What a daemon lets others see: set by the loop at each turn, read by whoever serves it.

use super::running::{Shown, Tasks};
use crate::config::Config;
use crate::schedule::{Opening, Seen};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// A daemon as others see it. All clones are the same one.
#[derive(Debug, Clone, Default)]
pub struct Live(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    tasks: Tasks,
    state: Mutex<State>,
    nudge: Notify,
}

#[derive(Debug, Default)]
struct State {
    last: Option<Known>,
    turned: Option<Instant>,
    /// Since when the store is out of reach.
    lost: Option<Instant>,
}

/// What the loop knows at the end of a turn.
pub(super) struct Turn<'a> {
    pub me: &'a str,
    pub config: &'a Arc<Config>,
    pub seen: &'a Seen,
    pub rules: Vec<Option<Opening>>,
    pub reached: bool,
    pub stopping: bool,
}

/// What was known at the last turn.
#[derive(Debug, Clone)]
pub struct Known {
    /// Who the daemon is to others.
    pub me: String,
    /// The configuration in force.
    pub config: Arc<Config>,
    /// What was seen of the windows.
    pub seen: Seen,
    /// What is open to each of its rules.
    pub rules: Vec<Option<Opening>>,
    /// Whether it ends.
    pub stopping: bool,
}

/// How a daemon is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Its loop has not turned yet.
    Starting,
    /// It works.
    Working,
    /// It works on what it has, and has not reached the store for so long.
    WithoutStore(Duration),
    /// It ends.
    Stopping,
}

impl Live {
    fn state(&self) -> MutexGuard<'_, State> {
        // What is in it is whole at every moment.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn tasks(&self) -> &Tasks {
        &self.0.tasks
    }

    pub(super) fn turned(&self, turn: Turn<'_>) {
        let mut state = self.state();
        let now = Instant::now();
        state.turned = Some(now);
        match turn.reached {
            true => state.lost = None,
            false => {
                state.lost.get_or_insert(now);
            }
        }
        state.last = Some(Known {
            me: turn.me.to_owned(),
            config: Arc::clone(turn.config),
            seen: turn.seen.clone(),
            rules: turn.rules,
            stopping: turn.stopping,
        });
    }

    /// Has the loop look at the store soon: somebody has changed what is there.
    pub fn nudge(&self) {
        self.0.nudge.notify_one();
    }

    pub(super) async fn nudged(&self) {
        self.0.nudge.notified().await;
    }

    /// What was known at the last turn; `None` before the first.
    pub fn known(&self) -> Option<Known> {
        self.state().last.clone()
    }

    /// The tables at work here, as they are now.
    pub fn at_work(&self) -> Vec<Shown> {
        self.0.tasks.all().iter().map(|task| task.shown()).collect()
    }

    /// How it is.
    pub fn health(&self) -> Health {
        let state = self.state();
        match (&state.last, state.lost) {
            (None, _) => Health::Starting,
            (Some(known), _) if known.stopping => Health::Stopping,
            (_, Some(since)) => Health::WithoutStore(since.elapsed()),
            _ => Health::Working,
        }
    }

    /// How long ago its loop turned last; `None` before the first time.
    pub fn idle(&self) -> Option<Duration> {
        self.state().turned.map(|at| at.elapsed())
    }
}
