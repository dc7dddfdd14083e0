//! What answers are made of: the daemon's snapshot, and the store, which is asked one question at a time,
//! so that those who look take no more than one of its connections from the daemon while it answers. What
//! it does not answer in time is given up here, and may run on there.

use super::Options;
use super::api::Problem;
use crate::config::{Config, HttpSettings, TokenSource};
use crate::daemon::live::Known;
use crate::daemon::{Clock, Live};
use crate::error::Result;
use crate::store::{Attempt, Daemon, Entry, Evaluation, Pause, Scope, Store};
use crate::telemetry::Telemetry;
use chrono::{DateTime, Utc};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, Semaphore};

/// How long a question to the store may take, waiting for one's turn included. The statement of one that took
/// longer is not ended by that: until it ends it keeps its connection, and the next is asked beside it.
const PATIENCE: Duration = Duration::from_secs(4);

/// For how long what the store said is good enough for the next who asks.
const FRESH: Duration = Duration::from_secs(1);

/// Attempts shown as the last ones.
const LAST: u32 = 8;

/// All that a request can reach.
pub struct App {
    /// The daemon.
    pub live: Live,
    /// Its clock.
    pub clock: Clock,
    /// When it was first shown.
    pub started: DateTime<Utc>,
    settings: HttpSettings,
    config: Arc<Config>,
    telemetry: Telemetry,
    store: OnceLock<Store>,
    turn: Semaphore,
    glance: Mutex<Option<(Instant, Arc<Glance>)>>,
    /// Whether the token could not be read when it was last tried.
    tokenless: AtomicBool,
}

/// What the store says of all that goes on.
#[derive(Debug, Default)]
pub struct Glance {
    /// The queue.
    pub entries: Vec<Entry>,
    /// The daemons.
    pub daemons: Vec<Daemon>,
    /// What is paused.
    pub pauses: Vec<Pause>,
    /// When each connection was measured.
    pub evaluations: Vec<Evaluation>,
    /// The last attempts.
    pub last: Vec<Attempt>,
    /// Why there is nothing here, if the store could not be asked.
    pub problem: Option<String>,
}

impl App {
    pub fn new(settings: HttpSettings, options: Options) -> Self {
        Self {
            started: options.clock.now(),
            live: options.live,
            clock: options.clock,
            settings,
            config: options.config,
            telemetry: options.telemetry,
            store: OnceLock::new(),
            turn: Semaphore::new(1),
            glance: Mutex::default(),
            tokenless: AtomicBool::new(false),
        }
    }

    pub fn set_store(&self, store: Store) {
        let _ = self.store.set(store);
    }

    /// The configuration in force, and what else the loop knows, once it has turned.
    pub fn known(&self) -> (Arc<Config>, Option<Known>) {
        match self.live.known() {
            Some(known) => (Arc::clone(&known.config), Some(known)),
            None => (Arc::clone(&self.config), None),
        }
    }

    pub fn metrics(&self) -> String {
        self.telemetry.metrics_text()
    }

    /// Where the store is, without secrets; `None` before it was opened.
    pub fn place(&self) -> Option<&str> {
        self.store.get().map(Store::place)
    }

    /// Whether only this machine can get here.
    pub fn is_private(&self) -> bool {
        self.settings.listen.is_none_or(|at| at.ip().is_loopback())
    }

    pub fn everybody_reads(&self) -> bool {
        self.settings.read_without_token
    }

    pub fn token(&self) -> Option<TokenSource> {
        self.settings.token.clone()
    }

    /// Takes in whether the token could be read; says whether it could the last time.
    pub fn token_read(&self, read: bool) -> bool {
        !self.tokenless.swap(!read, Ordering::Relaxed)
    }

    pub fn hosts(&self) -> &[String] {
        &self.settings.hosts
    }

    /// Asks the store, when it is one's turn.
    pub async fn ask<T>(
        &self,
        question: impl AsyncFnOnce(&Store) -> Result<T>,
    ) -> Result<T, Problem> {
        let Some(store) = self.store.get() else {
            return Err(Problem::unavailable("the store has not been opened yet".into()));
        };
        let answer = async {
            let _turn = self.turn.acquire().await;
            question(store).await
        };
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(Problem::unavailable(error.to_string())),
            Err(_) => Err(Problem::unavailable(format!(
                "the store {} did not answer within {} s",
                store.place(),
                PATIENCE.as_secs()
            ))),
        }
    }

    /// What the store says of all that goes on: now, or a moment ago.
    pub async fn glance(&self) -> Arc<Glance> {
        let mut kept = self.glance.lock().await;
        if let Some((at, glance)) = &*kept
            && at.elapsed() < FRESH
        {
            return Arc::clone(glance);
        }
        let asked = self
            .ask(async |store| {
                Ok(Glance {
                    entries: store.entries().await?,
                    daemons: store.daemons().await?,
                    pauses: store.pauses().await?,
                    evaluations: store.evaluations().await?,
                    last: store.attempts_before(&Scope::default(), i64::MAX, LAST).await?,
                    problem: None,
                })
            })
            .await;
        let glance = Arc::new(asked.unwrap_or_else(|problem| Glance {
            problem: Some(problem.message().to_owned()),
            ..Glance::default()
        }));
        *kept = Some((Instant::now(), Arc::clone(&glance)));
        glance
    }

    /// Has the next who asks see what was just changed.
    pub async fn forget(&self) {
        *self.glance.lock().await = None;
        self.live.nudge();
    }
}
