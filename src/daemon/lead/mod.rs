//! The loop.

mod attend;
mod evaluations;
mod windows;

use super::live::{Live, Turn};
use super::running::{Task, Tasks, keep_alive};
use super::stop::{Stop, Timed};
use super::{Clock, identity, notify, rule_index};
use crate::config::Config;
use crate::delivery::Desk;
use crate::engine::Job;
use crate::error::Result;
use crate::schedule::{AtWindowEnd, Opening, Seen};
use crate::store::{Claim, Store};
use crate::telemetry::{Cause, Meters, spans};
use attend::{Finished, attend};
use chrono::{DateTime, Utc};
use evaluations::Evaluation;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

/// The longest time between two looks at the clock and the queue.
const POLL: Duration = Duration::from_secs(2);

/// How long the store may take for all that the loop asks of it in one turn, with windows to be closed
/// meanwhile: that of a host which is gone never answers.
const WORK: Duration = Duration::from_secs(60);

/// How long a server that is out of reach is left alone.
const REST: Duration = Duration::from_secs(60);

/// How often what other daemons evaluated is looked at, and what was seen of the windows is kept.
const REFRESH: Duration = Duration::from_secs(30);

/// How often history is tidied.
const TIDY: Duration = Duration::from_secs(6 * 3600);

/// The name under which what was seen of the windows is kept.
const SEEN: &str = "windows seen";

/// The name under which the trace of a connection's last evaluation is kept.
fn cause_of(connection: &str) -> String {
    format!("trace of the evaluation of {connection}")
}

/// What a daemon is given.
pub struct Options {
    /// The connections, the schedule, and how the daemon goes about its work.
    pub config: Config,
    /// The store.
    pub store: Store,
    /// The clock on the wall.
    pub clock: Clock,
    /// Whether to end when everything was measured and nothing more can be begun now.
    pub once: bool,
    /// Stops it at the next chunk of whatever is at work.
    pub stop: CancellationToken,
    /// Configurations to go on with.
    pub reload: UnboundedReceiver<Config>,
    /// Seed of all jitter.
    pub seed: u64,
    /// Where figures go.
    pub meters: Meters,
    /// Where others look.
    pub live: Live,
}

/// What a daemon has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Tables repacked.
    pub done: u32,
    /// Attempts that failed, and evaluations.
    pub failed: u32,
    /// Runs that did not stop in time.
    pub cut_off: u32,
}

/// Runs a daemon to its end.
pub async fn run(options: Options) -> Result<Tally> {
    let me = identity(&options.clock);
    let (store, tasks) = (options.store.clone(), options.live.tasks().clone());
    let lease = options.config.daemon.lease;
    store
        .heartbeat(
            &me,
            &whoami::hostname().unwrap_or_else(|_| "?".into()),
            std::process::id(),
            lease,
        )
        .await?;
    let seen = store.recall(SEEN).await?.and_then(|text| serde_json::from_str(&text).ok());
    options.meters.standing.store(true);
    options.config.connections.iter().for_each(|c| options.meters.begin(&c.name));
    let meters = options.meters.clone();
    let alive = tokio::spawn(keep_alive(store.clone(), me.clone(), tasks.clone(), lease, meters));
    let (config, clock) = (Arc::new(options.config), options.clock.clone());
    let now = Arc::new(move || clock.now());
    let lead = Lead {
        desk: Desk::open(&store, &me, now, &config, options.once),
        me: me.clone(),
        config,
        store: store.clone(),
        clock: options.clock,
        once: options.once,
        seed: options.seed,
        meters: options.meters,
        live: options.live,
        lease,
        tasks,
        working: JoinSet::new(),
        evaluating: JoinSet::new(),
        seen: seen.unwrap_or_default(),
        evaluations: HashMap::new(),
        looked: HashSet::new(),
        resting: HashMap::new(),
        refreshed: None,
        windows: None,
        tidied: None,
        reached: true,
        tally: Tally::default(),
    };
    let tally = lead.run(options.stop, options.reload).await;
    alive.abort();
    let _ = tokio::time::timeout(Duration::from_secs(2), store.farewell(&me)).await;
    Ok(tally)
}

struct Lead {
    /// Where what was done is told from.
    desk: Desk,
    me: String,
    config: Arc<Config>,
    store: Store,
    clock: Clock,
    once: bool,
    seed: u64,
    meters: Meters,
    live: Live,
    lease: Duration,
    tasks: Tasks,
    /// Each ends when its run's end is in the store.
    working: JoinSet<Finished>,
    evaluating: JoinSet<Evaluation>,
    seen: Seen,
    /// When each connection was last evaluated, and when it is due.
    evaluations: HashMap<String, Evaluated>,
    /// The connections that were evaluated by `--once`.
    looked: HashSet<String>,
    /// Connections that are left alone.
    resting: HashMap<String, Instant>,
    refreshed: Option<Instant>,
    /// Which rules had a window open when that was last told, and when it was.
    windows: Option<(Vec<bool>, Instant)>,
    tidied: Option<Instant>,
    reached: bool,
    tally: Tally,
}

#[derive(Debug, Clone, Copy)]
struct Evaluated {
    last: i64,
    due: Option<DateTime<Utc>>,
    /// Whether it is being done here.
    now: bool,
}

/// A table is at work until this is dropped, also if that is because of a bug: its lease must not be
/// prolonged for ever then.
struct AtWork {
    tasks: Tasks,
    task: Arc<Task>,
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.tasks.remove(&self.task);
    }
}

impl Lead {
    async fn run(
        mut self,
        stop: CancellationToken,
        mut reload: UnboundedReceiver<Config>,
    ) -> Tally {
        tracing::info!(
            daemon = %self.me, store = %self.store.place(), connections = self.config.connections.len(),
            rules = self.config.schedule.rules.len(), "the daemon works"
        );
        notify::ready("working");
        let mut stopping: Option<Instant> = None;
        let mut poll = POLL.min(self.lease / 4);
        if let Some(watchdog) = notify::watchdog() {
            poll = poll.min(watchdog);
        }
        let mut reloads = true;
        loop {
            notify::alive();
            let state = self.config.schedule.at(self.clock.now(), &self.seen);
            let caught_up = state.seen.catching_up != self.seen.catching_up;
            self.seen = state.seen;
            self.desk.windows(&self.config.schedule, &state.rules);
            for task in self.tasks.all() {
                let rule = rule_index(&self.config, &task.claim.rule);
                task.look_at_clock(rule.and_then(|index| state.rules[index].as_ref()));
            }
            self.tell_windows(&state.rules);
            match stopping {
                None => {
                    let work = tokio::time::timeout(WORK, self.work(&state.rules, caught_up));
                    let result = work.await.unwrap_or_else(|_| Err(self.store.silent(WORK)));
                    self.reached = result.is_ok();
                    match result {
                        // keep_alive says that the store is out of reach.
                        Err(e) => tracing::debug!("{e}"),
                        Ok(more) if self.once && !more => break,
                        Ok(_) => {}
                    }
                }
                Some(_) if self.working.is_empty() => break,
                Some(deadline) if Instant::now() >= deadline => {
                    for task in self.tasks.all() {
                        tracing::warn!(
                            connection = %task.claim.connection, table = %task.claim.table,
                            "did not stop in time; what it has is in the database, and whoever claims it next goes on with it"
                        );
                        self.tally.cut_off += 1;
                    }
                    break;
                }
                Some(_) => {}
            }
            self.live.turned(Turn {
                me: &self.me,
                config: &self.config,
                seen: &self.seen,
                rules: state.rules,
                reached: self.reached,
                stopping: stopping.is_some(),
            });
            let until_change = state.next_change.map(|at| at - self.clock.now());
            let sleep = until_change.and_then(|d| d.to_std().ok()).map_or(poll, |d| d.min(poll));
            tokio::select! {
                () = tokio::time::sleep(sleep.max(Duration::from_millis(10))) => {}
                () = self.live.nudged() => self.refreshed = None,
                Some(finished) = self.working.join_next() => self.finished(finished),
                Some(evaluated) = self.evaluating.join_next() => self.evaluated(evaluated),
                () = stop.cancelled(), if stopping.is_none() => {
                    let within = self.config.daemon.stop_within;
                    stopping = Some(Instant::now() + within);
                    notify::stopping(within);
                    tracing::info!("stopping; tables at work: {}", self.tasks.all().len());
                    self.tasks.all().iter().for_each(|task| task.stop_for(Stop::Shutdown));
                    self.evaluating.abort_all();
                }
                config = reload.recv(), if reloads => match config {
                    Some(config) => self.reload(config),
                    None => reloads = false,
                },
            }
        }
        self.desk.close(self.once).await;
        self.tally
    }

    fn reload(&mut self, config: Config) {
        notify::reloading();
        self.config = Arc::new(config);
        self.desk.configured(&self.config);
        self.evaluations.values_mut().for_each(|e| e.due = None);
        (self.refreshed, self.windows) = (None, None);
        let names: Vec<_> = self.config.connections.iter().map(|c| c.name.as_str()).collect();
        self.meters.standing.keep(&names);
        names.iter().for_each(|name| self.meters.begin(name));
        tracing::info!(
            connections = self.config.connections.len(),
            rules = self.config.schedule.rules.len(),
            "goes on with the new configuration; what is at work is not changed by it"
        );
        notify::ready("working");
    }

    /// Begins whatever is due and may be begun. Says whether anything goes on or may follow.
    async fn work(&mut self, rules: &[Option<Opening>], caught_up: bool) -> Result<bool> {
        self.keep_house(caught_up).await?;
        let left = self.evaluate_due().await?;
        let claimed = self.claim(rules).await?;
        Ok(left || claimed || !self.working.is_empty() || !self.evaluating.is_empty())
    }

    async fn keep_house(&mut self, caught_up: bool) -> Result<()> {
        if caught_up || self.refreshed.is_none_or(|at| at.elapsed() >= REFRESH) {
            self.refresh().await?;
            if let Ok(text) = serde_json::to_string(&self.seen) {
                self.store.remember(SEEN, &text).await?;
            }
        }
        if self.tidied.is_none_or(|at| at.elapsed() >= TIDY) {
            self.tidied = Some(Instant::now());
            // Beside the loop: what is old does no harm, and what takes long must not hold up windows.
            let (store, retention) = (self.store.clone(), self.config.store.retention);
            tokio::spawn(async move {
                let tidied = async {
                    store.tidy(retention).await?;
                    store.tidy_samples(retention).await
                };
                if let Err(e) = tidied.await {
                    tracing::warn!("what is old in the store is left there until later: {e}");
                }
            });
        }
        Ok(())
    }

    /// Claims tables until there is none, or enough are at work. Says whether any was.
    async fn claim(&mut self, openings: &[Option<Opening>]) -> Result<bool> {
        let now = Instant::now();
        self.resting.retain(|_, until| *until > now);
        let open = self.config.schedule.rules.iter().zip(openings);
        let dry = self.config.daemon.dry_run;
        let open = open.filter(|(rule, opening)| {
            rule.enabled && !rule.dry_run && !dry && opening.as_ref().is_some_and(|o| o.may_start)
        });
        let rules: Vec<String> = open.map(|(rule, _)| rule.name.clone()).collect();
        let mut any = false;
        while self.working.len() < self.config.daemon.max_parallel as usize {
            let busy: HashSet<String> =
                self.tasks.all().iter().map(|t| t.claim.connection.clone()).collect();
            let connections: Vec<String> = self
                .config
                .connections
                .iter()
                .map(|c| c.name.clone())
                .filter(|name| !busy.contains(name) && !self.resting.contains_key(name))
                .collect();
            let asked = Instant::now();
            let claim = self.store.claim(&self.me, self.lease, &connections, &rules).await?;
            let Some(claim) = claim else { break };
            any = true;
            let cause = self.cause(&claim.connection).await;
            self.begin(claim, openings, asked, cause.as_ref());
        }
        Ok(any)
    }

    /// The evaluation that queued what is on this connection. No run waits long for it.
    async fn cause(&self, connection: &str) -> Option<Cause> {
        let name = cause_of(connection);
        let asked = self.store.recall(&name);
        let text = tokio::time::timeout(Duration::from_secs(1), asked).await.ok()?.ok()??;
        Cause::parse(&text, "")
    }

    /// Begins with a table.
    fn begin(
        &mut self,
        claim: Claim,
        openings: &[Option<Opening>],
        asked: Instant,
        cause: Option<&Cause>,
    ) {
        let config = &self.config;
        let Some(connection) = config.connections.iter().find(|c| c.name == claim.connection)
        else {
            return;
        };
        let index = rule_index(config, &claim.rule);
        let rule = index.map(|i| &config.schedule.rules[i]);
        let mut settings = connection.settings.clone();
        if let Some(rule) = rule
            && let Err(e) = settings.apply(&rule.settings)
        {
            tracing::warn!(rule = %rule.name, "{e}");
        }
        let opening = index.and_then(|i| openings[i].as_ref());
        let timed = Timed {
            habit: opening.map_or(AtWindowEnd::Finish, |o| o.at_window_end),
            most: rule.and_then(|r| r.max_duration),
            ruled: rule.is_some(),
        };
        let (server, connection) = (connection.server.clone(), connection.name.clone());
        let job = Job { connection, server, settings };
        tracing::info!(
            connection = %claim.connection, table = %claim.table, rule = %claim.rule, attempt = claim.attempts + 1,
            taken_over_from = claim.from.as_deref(), "begins"
        );
        let task = Arc::new(Task::new(claim, job, timed, self.lease, asked));
        self.tasks.add(&task);
        let (store, tasks) = (self.store.clone(), self.tasks.clone());
        let (config, seed, meters) = (Arc::clone(config), self.seed, self.meters.clone());
        let span = spans::table(&task.job, &task.claim.table, "daemon", None, cause);
        let work = async move {
            let at_work = AtWork { tasks, task };
            attend(&store, &at_work.task, &config, seed, &meters).await
        };
        self.working.spawn(work.instrument(span));
    }

    fn finished(&mut self, finished: std::result::Result<Finished, tokio::task::JoinError>) {
        // For the queue that metrics tell.
        self.refreshed = None;
        let Ok(Finished { connection, outcome, unreachable }) = finished else { return };
        self.desk.run_ended();
        match outcome {
            Some(spans::SUCCESS) => self.tally.done += 1,
            Some(spans::FAILURE) => self.tally.failed += 1,
            _ => {}
        }
        if unreachable {
            self.resting.insert(connection, Instant::now() + REST);
        }
    }
}
