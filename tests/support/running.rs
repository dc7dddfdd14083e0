//! A run of the engine in progress, beside which a test can do other things.

use super::{Database, Outcome, control, words};
use repackd::engine::{self, Goal, Job};
use repackd::job::{Event, Phase, Report};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinHandle;

/// A run in progress.
pub struct Running {
    events: UnboundedReceiver<Event>,
    task: JoinHandle<Result<Report, String>>,
}

impl Running {
    /// Begins one, or goes on with one.
    pub fn start(database: Arc<Database>, job: Job, table: &'static str, goal: Goal) -> Self {
        let (control, events) = control();
        // On a thread of its own: the engine's future stays on the one it was made on.
        let handle = Handle::current();
        let task = tokio::task::spawn_blocking(move || {
            handle.block_on(async {
                let found = database.find(table).await?;
                Ok(engine::run(&job, &found, goal, &control).await)
            })
        });
        Self { events, task }
    }

    /// Waits for a phase.
    pub async fn reach(&mut self, wanted: Phase) -> Outcome {
        while let Some(event) = self.events.recv().await {
            if matches!(event, Event::Phase { phase, .. } if phase == wanted) {
                return Ok(());
            }
        }
        Err(format!("the run ended before {wanted}"))
    }

    /// Fails if the cutover comes within this time.
    pub async fn expect_none_for(&mut self, time: Duration) -> Outcome {
        match tokio::time::timeout(time, self.reach(Phase::Cleanup)).await {
            Err(_) => Ok(()),
            Ok(_) => Err("it cut over too early".into()),
        }
    }

    /// Waits for its end.
    pub async fn end(self, most: Duration) -> Result<Report, String> {
        let ended = tokio::time::timeout(most, self.task).await;
        ended.map_err(|_| "the run does not end")?.map_err(words)?
    }
}
