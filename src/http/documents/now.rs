//! What goes on: tables at work, the queue, the store, daemons, connections, pauses.

use super::moment;
use crate::config::{Config, Connection};
use crate::daemon::Shown;
use crate::daemon::live::{Health, Known};
use crate::http::app::{App, Glance};
use crate::http::waits;
use crate::store::{Daemon, Entry, Evaluation, Pause, State, time};
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::time::Duration;

/// How all is going.
#[derive(Debug, Serialize)]
pub struct Status {
    /// The version.
    pub repackd: &'static str,
    /// The time by the daemon's clock.
    pub now: String,
    /// Who the daemon is to others; `None` before its loop turns.
    pub daemon: Option<String>,
    /// starting, working or stopping.
    pub state: &'static str,
    /// When it was started.
    pub started: String,
    /// The store.
    pub store: StoreState,
    /// What is at work, here and elsewhere.
    pub running: Vec<Running>,
    /// How many entries of the queue wait; `None`: the store cannot be asked.
    pub waiting: Option<usize>,
    /// How many were set aside.
    pub aside: Option<usize>,
    /// The daemons that share the store.
    pub daemons: Vec<DaemonState>,
    /// The connections of this daemon.
    pub connections: Vec<ConnectionState>,
    /// What is paused.
    pub pauses: Vec<PauseState>,
}

/// How the store is.
#[derive(Debug, Serialize)]
pub struct StoreState {
    /// Where it is; `None` before it was opened.
    pub place: Option<String>,
    /// Whether it can be reached.
    pub reached: bool,
    /// Since when it cannot be, as far as the daemon's loop knows.
    pub lost_since: Option<String>,
    /// Why not.
    pub problem: Option<String>,
}

/// A table at work.
#[derive(Debug, Serialize)]
pub struct Running {
    /// The connection.
    pub connection: String,
    /// The table, as people write it.
    pub table: String,
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// The rule.
    pub rule: String,
    /// Its number among runs.
    pub run: Option<i64>,
    /// Whose it is.
    pub daemon: Option<String>,
    /// Whether this daemon has it: then what follows is of this moment, else of a heartbeat.
    pub here: bool,
    /// Whether its daemon gives no sign of life.
    pub left: bool,
    /// The phase.
    pub phase: Option<String>,
    /// How much of the phase is done, from 0 to 1.
    pub progress: Option<f64>,
    /// Rows done in this phase, where it counts them.
    pub rows: Option<u64>,
    /// Bytes done in this phase, where it counts them.
    pub bytes: Option<u64>,
    /// Rows a second.
    pub rows_per_second: Option<u64>,
    /// Bytes a second.
    pub bytes_per_second: Option<u64>,
    /// Seconds that the phase will take at this pace.
    pub seconds_left: Option<f64>,
    /// Seconds at work.
    pub seconds: Option<f64>,
    /// Why it is held back, if it is.
    pub held: Option<String>,
    /// Why it stops, if it does.
    pub stopping: Option<String>,
    /// How far it is, in words.
    #[serde(skip)]
    pub words: String,
}

/// A daemon that shares the store.
#[derive(Debug, Serialize)]
pub struct DaemonState {
    /// Who it is.
    pub id: String,
    /// Its host.
    pub host: String,
    /// Its process.
    pub pid: u32,
    /// Its version.
    pub version: String,
    /// Whether it may be alive.
    pub alive: bool,
    /// When it was last heard of.
    pub seen: String,
}

/// A connection.
#[derive(Debug, Serialize)]
pub struct ConnectionState {
    /// Its name.
    pub name: String,
    /// Where it goes, without secrets.
    pub server: String,
    /// When it was measured last.
    pub evaluated: Option<String>,
    /// How long that took.
    pub took_seconds: Option<f64>,
    /// Tables looked at.
    pub tables: Option<i64>,
    /// Tables that qualified.
    pub qualified: Option<i64>,
    /// Why that failed, if it did.
    pub error: Option<String>,
}

/// A pause.
#[derive(Debug, Serialize)]
pub struct PauseState {
    /// What is paused, in words.
    pub what: String,
    /// The connection; `None`: all.
    pub connection: Option<String>,
    /// The schema.
    pub schema: Option<String>,
    /// The table's name; `None`: all tables.
    pub name: Option<String>,
    /// Who wanted it.
    pub by: String,
    /// Since when.
    pub since: String,
}

/// An entry of the queue.
#[derive(Debug, Serialize)]
pub struct Queued {
    /// The connection.
    pub connection: String,
    /// The table, as people write it.
    pub table: String,
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// The rule.
    pub rule: String,
    /// waiting, running or aside.
    pub state: &'static str,
    /// The same in words, with the phase.
    pub words: String,
    /// Why it is not at work.
    pub reason: Option<String>,
    /// Whether something of it is left in the database.
    pub begun: bool,
    /// Attempts that failed.
    pub attempts: u32,
    /// Whether it is to be given up.
    pub cancelled: bool,
    /// Seconds until it is tried again.
    pub again_in_seconds: Option<i64>,
    /// When it was queued.
    pub queued: String,
}

impl Status {
    /// As it is now.
    pub fn new(app: &App, config: &Config, known: Option<&Known>, glance: &Glance) -> Self {
        let (now, health) = (app.clock.now(), app.live.health());
        let lost = match health {
            Health::WithoutStore(lost) => Some(lost),
            _ => None,
        };
        let count = |state| {
            let count = glance.entries.iter().filter(|e| e.state == state).count();
            glance.problem.is_none().then_some(count)
        };
        Self {
            repackd: env!("CARGO_PKG_VERSION"),
            now: moment(now),
            daemon: known.map(|known| known.me.clone()),
            state: match health {
                Health::Starting => "starting",
                Health::Working | Health::WithoutStore(_) => "working",
                Health::Stopping => "stopping",
            },
            started: moment(app.started),
            store: StoreState {
                place: app.place().map(str::to_owned),
                reached: glance.problem.is_none(),
                lost_since: lost
                    .and_then(|lost| chrono::Duration::from_std(lost).ok())
                    .map(|lost| moment(now - lost)),
                problem: glance.problem.clone(),
            },
            running: running(&app.live.at_work(), &glance.entries),
            waiting: count(State::Waiting),
            aside: count(State::Aside),
            daemons: glance.daemons.iter().map(DaemonState::from).collect(),
            connections: connections(config, &glance.evaluations),
            pauses: glance.pauses.iter().map(PauseState::from).collect(),
        }
    }
}

/// What is at work here, and what the store says is at work elsewhere.
fn running(here: &[Shown], entries: &[Entry]) -> Vec<Running> {
    let is_here = |entry: &&Entry| {
        here.iter().any(|s| s.claim.connection == entry.connection && s.claim.table == entry.table)
    };
    let elsewhere = entries.iter().filter(|e| e.state == State::Running).filter(|e| !is_here(e));
    here.iter().map(Running::here).chain(elsewhere.map(Running::elsewhere)).collect()
}

impl Running {
    fn here(shown: &Shown) -> Self {
        let claim = &shown.claim;
        let track = shown.track;
        let elapsed = track.map_or(Duration::ZERO, |track| track.since.elapsed());
        let pace = track.and_then(|track| track.pace(elapsed));
        let positive = |n: u64| Some(n).filter(|n| *n > 0);
        #[expect(clippy::cast_precision_loss, reason = "a fraction for people")]
        let progress = track
            .filter(|track| track.last.total > 0)
            .map(|track| (track.last.done as f64 / track.last.total as f64).min(1.0));
        Self {
            connection: claim.connection.clone(),
            table: claim.table.to_string(),
            schema: claim.table.schema.clone(),
            name: claim.table.name.clone(),
            rule: claim.rule.clone(),
            run: Some(claim.attempt),
            daemon: Some(claim.owner.clone()),
            here: true,
            left: false,
            phase: shown.phase.map(|phase| phase.name().to_owned()),
            progress,
            rows: track.and_then(|track| positive(track.last.rows)),
            bytes: track.and_then(|track| positive(track.last.bytes)),
            rows_per_second: pace.and_then(|(_, rows)| positive(rows)),
            bytes_per_second: pace.and_then(|(bytes, _)| positive(bytes)),
            seconds_left: track.and_then(|track| track.left(elapsed)),
            seconds: Some(shown.took.as_secs_f64()),
            held: shown.held.clone(),
            stopping: shown.why.clone(),
            words: track.map(|track| track.describe(elapsed, false)).unwrap_or_default(),
        }
    }

    fn elsewhere(entry: &Entry) -> Self {
        Self {
            connection: entry.connection.clone(),
            table: entry.table.to_string(),
            schema: entry.table.schema.clone(),
            name: entry.table.name.clone(),
            rule: entry.rule.clone(),
            run: entry.attempt,
            daemon: entry.owner.clone(),
            here: false,
            left: entry.expired,
            phase: entry.phase.clone(),
            progress: entry.progress,
            rows: None,
            bytes: None,
            rows_per_second: None,
            bytes_per_second: None,
            seconds_left: None,
            seconds: None,
            held: None,
            stopping: entry.wanted.as_ref().map(|_| "to be given up".into()),
            words: String::new(),
        }
    }
}

impl From<&Daemon> for DaemonState {
    fn from(daemon: &Daemon) -> Self {
        Self {
            id: daemon.id.clone(),
            host: daemon.host.clone(),
            pid: daemon.pid,
            version: daemon.version.clone(),
            alive: daemon.alive,
            seen: time(daemon.seen_at),
        }
    }
}

fn connections(config: &Config, evaluations: &[Evaluation]) -> Vec<ConnectionState> {
    let state = |connection: &Connection| {
        let last = evaluations.iter().find(|e| e.connection == connection.name);
        #[expect(clippy::cast_precision_loss, reason = "for people")]
        let seconds = |ms: i64| ms as f64 / 1000.0;
        ConnectionState {
            name: connection.name.clone(),
            server: connection.server.describe(),
            evaluated: last.filter(|e| e.last_at > 0).map(|e| time(e.last_at)),
            took_seconds: last.and_then(|e| e.took_ms).map(seconds),
            tables: last.and_then(|e| e.tables),
            qualified: last.and_then(|e| e.qualified),
            error: last.and_then(|e| e.error.clone()),
        }
    };
    config.connections.iter().map(state).collect()
}

impl From<&Pause> for PauseState {
    fn from(pause: &Pause) -> Self {
        let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        Self {
            what: pause.scope.to_string(),
            connection: some(&pause.scope.connection),
            schema: some(&pause.scope.schema),
            name: some(&pause.scope.table),
            by: pause.by.clone(),
            since: time(pause.at),
        }
    }
}

/// The queue, with why each entry waits.
pub fn queue(
    config: &Config,
    known: Option<&Known>,
    glance: &Glance,
    now: DateTime<Utc>,
) -> Vec<Queued> {
    let all = &glance.entries;
    let queued = |entry: &Entry| Queued {
        connection: entry.connection.clone(),
        table: entry.table.to_string(),
        schema: entry.table.schema.clone(),
        name: entry.table.name.clone(),
        rule: entry.rule.clone(),
        state: entry.state.name(),
        words: entry.state_words(),
        reason: waits::reason(entry, all, &glance.pauses, config, known, now),
        begun: entry.begun,
        attempts: entry.attempts,
        cancelled: entry.wanted.is_some(),
        again_in_seconds: (entry.state == State::Waiting).then(|| entry.wait_ms.max(0) / 1000),
        queued: time(entry.queued_at),
    };
    all.iter().map(queued).collect()
}
