//! The loop.

use super::conclude::{self, conclusion};
use super::evaluate::evaluate;
use super::live::{Live, Turn};
use super::running::{Task, Tasks, keep_alive};
use super::stop::{Stop, Timed};
use super::worker::{self, Ended, Order};
use super::{Clock, identity, notify, rule_index};
use crate::config::Config;
use crate::delivery::Desk;
use crate::engine::Job;
use crate::engine::spans::within;
use crate::error::{Error, Result};
use crate::job::{Ending, Event, Figures, Phase, Report};
use crate::schedule::{AtWindowEnd, Opening, Seen};
use crate::store::{self, Claim, Conclusion, Record, State, Store};
use crate::telemetry::standing::{Found, Known, Queue, Windows};
use crate::telemetry::{Cause, Meters, spans};
use crate::units;
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};

/// The longest time between two looks at the clock and the queue.
const POLL: Duration = Duration::from_secs(2);

/// Databases measured at the same time: with hundreds configured there are still few sockets.
const EVALUATIONS: usize = 4;

/// How long one evaluation may take until another daemon may do it.
const EVALUATION_LEASE: Duration = Duration::from_secs(15 * 60);

/// How long a server that is out of reach is left alone.
const REST: Duration = Duration::from_secs(60);

/// How often what other daemons evaluated is looked at, and what was seen of the windows is kept.
const REFRESH: Duration = Duration::from_secs(30);

/// How often history is tidied.
const TIDY: Duration = Duration::from_secs(6 * 3600);

/// How soon the end of a run is told to a store that was out of reach.
const TELL_AGAIN: Duration = Duration::from_secs(2);

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

/// An evaluation that is over.
struct Evaluation {
    connection: String,
    /// As the store has it.
    at: i64,
    took: Duration,
    result: Result<Found>,
}

/// A run whose end is in the store.
struct Finished {
    connection: String,
    ending: Option<Ending>,
    unreachable: bool,
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
                    let result = self.work(&state.rules, caught_up).await;
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
            self.store.tidy(self.config.store.retention).await?;
            self.store.tidy_samples(self.config.store.retention).await?;
            self.tidied = Some(Instant::now());
        }
        Ok(())
    }

    /// Tells metrics which windows are open, when that has changed or was long ago.
    fn tell_windows(&mut self, openings: &[Option<Opening>]) {
        let open: Vec<bool> = openings.iter().map(Option::is_some).collect();
        if self.windows.as_ref().is_some_and(|(o, at)| *o == open && at.elapsed() < REFRESH) {
            return;
        }
        let (schedule, now) = (&self.config.schedule, self.clock.now());
        let rules = schedule.rules.iter().zip(openings).filter(|(rule, _)| rule.enabled);
        let windows = rules.map(|(rule, opening)| {
            let next = match opening {
                Some(opening) => (Some(opening.opened), opening.until),
                None => schedule
                    .span(rule, now, &self.seen)
                    .map_or((None, None), |span| (Some(span.opens), Some(span.closes))),
            };
            let (opens, closes) = next;
            Windows { rule: rule.name.clone(), open: opening.is_some(), opens, closes }
        });
        self.meters.standing.rules(windows.collect());
        self.windows = Some((open, Instant::now()));
    }

    /// Tells metrics how long the queue is.
    async fn tell_queue(&self) -> Result<()> {
        let empty = || [State::Waiting, State::Running, State::Aside].map(|s| (s.name(), 0));
        let connections = self.config.connections.iter().map(|c| c.name.clone());
        let mut queues: BTreeMap<String, Queue> = connections
            .map(|name| (name, Queue { states: empty().into(), oldest: None }))
            .collect();
        for entry in self.store.entries().await? {
            let Some(queue) = queues.get_mut(&entry.connection) else { continue };
            *queue.states.entry(entry.state.name()).or_default() += 1;
            if entry.state == State::Waiting {
                queue.oldest = queue.oldest.into_iter().chain([entry.queued_at]).min();
            }
        }
        self.meters.standing.queues(queues);
        Ok(())
    }

    /// Learns what was evaluated, by whomever.
    async fn refresh(&mut self) -> Result<()> {
        self.tell_queue().await?;
        let evaluations = self.store.evaluations().await?;
        let ours = |e: &&store::Evaluation| {
            e.last_at > 0 && self.config.connections.iter().any(|c| c.name == e.connection)
        };
        let known = evaluations.iter().filter(ours).map(|e| Known {
            connection: e.connection.clone(),
            at: e.last_at,
            tables: e.tables,
            due: e.qualified,
        });
        self.meters.standing.known(known.collect());
        for known in evaluations {
            let entry = self.evaluations.entry(known.connection).or_insert(Evaluated {
                last: 0,
                due: None,
                now: false,
            });
            if entry.last != known.last_at {
                (entry.last, entry.due) = (known.last_at, None);
            }
        }
        self.refreshed = Some(Instant::now());
        Ok(())
    }

    /// Begins the evaluations that are due. Says whether `--once` has more of them to do.
    async fn evaluate_due(&mut self) -> Result<bool> {
        let now = self.clock.now();
        let config = Arc::clone(&self.config);
        for connection in &config.connections {
            if self.evaluating.len() >= EVALUATIONS {
                return Ok(true);
            }
            let name = &connection.name;
            let entry = self.evaluations.entry(name.clone()).or_insert(Evaluated {
                last: 0,
                due: None,
                now: false,
            });
            if entry.now || self.once && self.looked.contains(name) {
                continue;
            }
            if !self.once && entry.last != 0 {
                // A clock that was ahead once shall not put it off until that time comes.
                let last = DateTime::from_timestamp_millis(entry.last).unwrap_or(now).min(now);
                let due = *entry.due.get_or_insert_with(|| {
                    config.schedule.evaluate.next(name, 0, last).unwrap_or(DateTime::<Utc>::MAX_UTC)
                });
                // Nor shall one that was put back.
                if due > now && due - now <= chrono::Duration::days(1)
                    || due == DateTime::<Utc>::MAX_UTC
                {
                    continue;
                }
                if due > now {
                    entry.due = None;
                    let next = config.schedule.evaluate.next(name, 0, now);
                    if next.is_none_or(|next| next >= due) {
                        entry.due = Some(due);
                        continue;
                    }
                }
            }
            let seen = entry.last;
            if !self.store.claim_evaluation(&self.me, name, seen, EVALUATION_LEASE).await? {
                // Another daemon is at it, or was.
                self.looked.insert(name.clone());
                self.refreshed = None;
                continue;
            }
            entry.now = true;
            self.looked.insert(name.clone());
            let (store, config, clock) =
                (self.store.clone(), Arc::clone(&config), self.clock.clone());
            let (connection, me) = (connection.clone(), self.me.clone());
            let span = spans::evaluation(name);
            self.evaluating.spawn(async move {
                let began = Instant::now();
                // Whichever daemon does the runs that come of it: their traces lead here.
                if let Some(cause) = Cause::of(&span)
                    && let Err(e) =
                        store.remember(&cause_of(&connection.name), &cause.traceparent()).await
                {
                    tracing::debug!("{e}");
                }
                let work = evaluate(&store, &config, &connection, &clock);
                let result = within(span, work).await;
                let counts = match &result {
                    Ok(found) => Ok((found.tables, found.due)),
                    Err(e) => Err(e.to_string()),
                };
                // When it ended: one that takes longer than its interval is not due at once again.
                let (at, took) = (clock.now().timestamp_millis(), began.elapsed());
                let counts = counts.as_ref().map(|c| *c).map_err(String::as_str);
                if let Err(e) = store.evaluated(&me, &connection.name, at, took, counts).await {
                    tracing::debug!("{e}");
                }
                Evaluation { connection: connection.name, at, took, result }
            });
        }
        Ok(false)
    }

    fn evaluated(&mut self, evaluated: std::result::Result<Evaluation, tokio::task::JoinError>) {
        let Ok(Evaluation { connection, at, took, result }) = evaluated else {
            // Whichever it was: the store knows what is still being done.
            self.evaluations.values_mut().for_each(|entry| entry.now = false);
            return;
        };
        self.refreshed = None;
        if let Some(entry) = self.evaluations.get_mut(&connection) {
            entry.now = false;
        }
        self.meters.evaluation(&connection, took, result.is_ok());
        match result {
            Ok(found) => {
                tracing::info!(%connection, tables = found.tables, qualified = found.due, "evaluated");
                self.meters.standing.found(&connection, at, Some(found));
            }
            Err(error) => {
                self.meters.standing.found(&connection, at, None);
                self.tally.failed += 1;
                if matches!(error, Error::Unreachable { .. }) {
                    self.resting.insert(connection.clone(), Instant::now() + REST);
                }
                tracing::warn!(%connection, "could not be evaluated: {error}");
            }
        }
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
            let finished = attend(&store, &task, &config, seed, &meters).await;
            tasks.remove(&task);
            finished
        };
        self.working.spawn(work.instrument(span));
    }

    fn finished(&mut self, finished: std::result::Result<Finished, tokio::task::JoinError>) {
        // For the queue that metrics tell.
        self.refreshed = None;
        let Ok(Finished { connection, ending, unreachable }) = finished else { return };
        self.desk.run_ended();
        match ending {
            Some(Ending::Done) => self.tally.done += 1,
            Some(Ending::Failed | Ending::Aborted) => self.tally.failed += 1,
            _ => {}
        }
        if unreachable {
            self.resting.insert(connection, Instant::now() + REST);
        }
    }
}

/// Sees to one run from its beginning until its end is in the store.
async fn attend(
    store: &Store,
    task: &Arc<Task>,
    config: &Arc<Config>,
    seed: u64,
    meters: &Meters,
) -> Finished {
    let claim = &task.claim;
    let (events, heard) = unbounded_channel();
    let order = Order {
        task: Arc::clone(task),
        gate: task.gate(store, &Handle::current()),
        events,
        seed: seed ^ u64::from(claim.oid),
        settings: config.daemon.clone(),
    };
    let listen = listen(store.clone(), Arc::clone(task), meters.clone(), heard);
    let listening = tokio::spawn(listen.in_current_span());
    let ended = match worker::start(order) {
        Ok(ended) => {
            ended.await.map_err(|_| "its thread has ended without a word: this is a bug".to_owned())
        }
        Err(e) => Err(format!("no thread could be started: {e}")),
    };
    let _ = listening.await;
    let stop = task.why();
    let (conclusion, record, report, density) = match ended {
        Ok(Ended::Ran(report, finding)) => {
            let conclusion =
                conclusion(&report, stop.as_ref(), claim.attempts, &finding, &config.daemon);
            let record = conclude::record(&report, stop.as_ref());
            (conclusion, record, Some(report), finding.density)
        }
        Ok(Ended::Nothing(word, why)) => {
            let (reason, told) = (Some(why.clone()), Some(why));
            let record = Record { ending: word.into(), reason, told, ..Record::default() };
            (Conclusion::Gone, record, None, None)
        }
        Err(why) => {
            let report = Box::new(lost(task, why));
            let finding = conclude::Finding { left: true, ..Default::default() };
            let conclusion = conclusion(&report, None, claim.attempts, &finding, &config.daemon);
            (conclusion, conclude::record(&report, None), Some(report), None)
        }
    };
    if let Some(report) = &report {
        spans::concluded(&Span::current(), report);
        meters.report(report);
    }
    say(task, &record, report.as_deref(), &conclusion);
    if let Some(density) = density
        && let Err(e) = store.keep_density(&claim.connection, &claim.table, &density).await
    {
        tracing::debug!("{e}");
    }
    loop {
        match store.conclude(claim, &conclusion, &record).await {
            Ok(true) => break,
            Ok(false) => {
                tracing::info!(connection = %claim.connection, table = %claim.table, "another daemon has it now");
                break;
            }
            // Whoever has the store back first: this daemon, or the one that takes the table over.
            Err(_) => tokio::time::sleep(TELL_AGAIN).await,
        }
    }
    Finished {
        connection: claim.connection.clone(),
        ending: report.as_ref().map(|r| r.ending),
        unreachable: report.is_some_and(|r| r.exit_status == 75 && r.ending == Ending::Failed),
    }
}

/// Takes in what the engine tells: log lines, the store's phases, what a heartbeat says.
async fn listen(
    store: Store,
    task: Arc<Task>,
    meters: Meters,
    mut heard: UnboundedReceiver<Event>,
) {
    let Claim { connection, attempt, .. } = &task.claim;
    while let Some(event) = heard.recv().await {
        meters.event(connection, &event);
        match &event {
            Event::Note { table, text } => tracing::warn!(%connection, %table, "{text}"),
            Event::Held { table, reason: Some(why) } => {
                tracing::info!(%connection, %table, "held back: {why}");
            }
            Event::Held { table, reason: None } => tracing::info!(%connection, %table, "goes on"),
            Event::Phase { table, phase } => tracing::debug!(%connection, %table, %phase, "begins"),
            _ => {}
        }
        if let Some((phase, took)) = task.take(&event) {
            let took_s = format!("{:.1}s", took.as_secs_f64());
            tracing::info!(%connection, table = %task.claim.table, %phase, took = %took_s);
            if let Err(e) = store.phase_done(*attempt, phase.name(), took.as_secs_f64()).await {
                tracing::debug!("{e}");
            }
        }
    }
}

fn say(task: &Task, record: &Record, report: Option<&Report>, conclusion: &Conclusion) {
    let Claim { connection, table, .. } = &task.claim;
    let took = units::seconds(task.since.elapsed().as_secs_f64());
    match report {
        Some(report) if report.ending == Ending::Done => {
            let before = report.figures.before.total();
            let after = report.figures.after.map_or(before, |sizes| sizes.total());
            tracing::info!(%connection, %table, %took, "repacked: {} to {}", units::size(before), units::size(after));
        }
        _ => {
            let reason = match conclusion {
                Conclusion::Again { reason, .. } | Conclusion::Aside { reason, .. } => reason,
                Conclusion::Gone => record.reason.as_deref().unwrap_or_default(),
            };
            let then = match conclusion {
                Conclusion::Gone => "nothing more to do",
                Conclusion::Again { .. } => "it is tried again",
                Conclusion::Aside { .. } => {
                    "set aside until the table changes or somebody says `repackd resume`"
                }
            };
            tracing::warn!(%connection, %table, ending = %record.ending, %took, "{reason}; {then}");
        }
    }
}

/// The report of a run that nobody can report on.
fn lost(task: &Task, why: String) -> Report {
    Report {
        connection: task.claim.connection.clone(),
        table: task.claim.table.to_string(),
        ending: Ending::Failed,
        phase: Phase::Preflight,
        error: Some(why.clone()),
        kind: None,
        told: Some(why),
        state: Some("what it has is in the database; the table is in use".into()),
        next: None,
        figures: Figures::default(),
        exit_status: 1,
    }
}
