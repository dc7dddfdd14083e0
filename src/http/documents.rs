//! What is answered, as JSON; the page shows the same. `openapi.json` describes it, and a test holds one
//! against the other.

use super::app::{App, Glance};
use super::waits;
use crate::config::Config;
use crate::daemon::Shown;
use crate::daemon::live::{Health, Known};
use crate::job::Phase;
use crate::names::{QualifiedName, readable};
use crate::schedule::AtWindowEnd;
use crate::schedule::window::Span;
use crate::store::{
    Attempt, Daemon, Entry, Evaluation, Measured, Pause, PhaseRecord, Sample, State, time,
};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use std::time::Duration;

/// A time as everything here writes it.
pub fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

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

/// When windows are open.
#[derive(Debug, Serialize)]
pub struct Windows {
    /// The time by the daemon's clock.
    pub now: String,
    /// The zone of the configuration.
    pub timezone: String,
    /// What is open to each rule.
    pub rules: Vec<RuleState>,
    /// The windows that are open, and the next ones.
    pub next: Vec<WindowState>,
}

/// What is open to a rule.
#[derive(Debug, Serialize)]
pub struct RuleState {
    /// The rule.
    pub rule: String,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Whether it only reports.
    pub dry_run: bool,
    /// Whether a window of it is open.
    pub open: bool,
    /// Which one lasts to its end; `None`: there are no windows, or none is open.
    pub window: Option<String>,
    /// Until when; `None`: for good, or none is open.
    pub until: Option<String>,
    /// Whether anything may still be begun.
    pub may_start: bool,
    /// From when on nothing is begun any more.
    pub last_start: Option<String>,
    /// finish, pause or abort.
    pub at_window_end: Option<AtWindowEnd>,
    /// When the next one opens, if none is open.
    pub opens: Option<String>,
}

/// A time of a window.
#[derive(Debug, Serialize)]
pub struct WindowState {
    /// The window; `None`: there are none, so that it is always open but for blackouts.
    pub window: Option<String>,
    /// From when.
    pub opens: String,
    /// Until when; the moment itself does not belong to it.
    pub closes: String,
    /// What blackouts leave of it.
    pub parts: Vec<Part>,
    /// Which these are.
    pub blackouts: Vec<String>,
}

/// From when until when.
#[derive(Debug, Serialize)]
pub struct Part {
    /// From when.
    pub opens: String,
    /// Until when.
    pub closes: String,
}

/// A run: an attempt at a table.
#[derive(Debug, Serialize)]
pub struct Run {
    /// Its number.
    pub id: i64,
    /// The connection.
    pub connection: String,
    /// The table, as people write it.
    pub table: String,
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// daemon or run-now.
    pub source: String,
    /// Who it was.
    pub by: String,
    /// The rule.
    pub rule: Option<String>,
    /// Which attempt at the table this was, from 1.
    pub attempt: i64,
    /// When it began.
    pub began: String,
    /// When it ended; `None`: it has not.
    pub ended: Option<String>,
    /// How long it took.
    pub seconds: Option<f64>,
    /// How it ended.
    pub ending: Option<String>,
    /// The phase it ended in.
    pub phase: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Bytes before.
    pub bytes_before: Option<i64>,
    /// Bytes after.
    pub bytes_after: Option<i64>,
}

/// A run in full.
#[derive(Debug, Serialize)]
pub struct RunDetail {
    /// The run.
    #[serde(flatten)]
    pub run: Run,
    /// Its phases, in their order.
    pub phases: Vec<PhaseState>,
    /// Its report, as `--json` has it; `None` if it left none.
    pub report: Option<serde_json::Value>,
}

/// A phase of a run.
#[derive(Debug, Serialize)]
pub struct PhaseState {
    /// Its name.
    pub phase: String,
    /// Seconds, over all resumptions.
    pub seconds: f64,
    /// When it was put on record.
    pub ended: String,
}

/// Runs, page by page.
#[derive(Debug, Serialize)]
pub struct History {
    /// The runs, the last one first.
    pub runs: Vec<Run>,
    /// What to give as `before` for the next page; `None`: there is none.
    pub before: Option<i64>,
}

/// A table as it was measured last.
#[derive(Debug, Serialize)]
pub struct TableState {
    /// The connection.
    pub connection: String,
    /// The table, as people write it.
    pub table: String,
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// All its bytes.
    pub bytes: i64,
    /// Those of the heap.
    pub heap_bytes: i64,
    /// Those of indexes.
    pub index_bytes: i64,
    /// Those of TOAST.
    pub toast_bytes: i64,
    /// Bytes to gain; `None`: nobody can tell.
    pub bloat_bytes: Option<i64>,
    /// The same as a part of the whole.
    pub bloat_ratio: Option<f64>,
    /// Live rows.
    pub live_rows: Option<i64>,
    /// Dead rows.
    pub dead_rows: Option<i64>,
    /// The rule that decided.
    pub rule: Option<String>,
    /// Whether it is due.
    pub due: bool,
    /// Why it is, or why not.
    pub why: String,
    /// When it was repacked last.
    pub last_repack: Option<String>,
    /// When any of this was last different.
    pub changed: String,
    /// When it was seen to be there no more.
    pub gone: Option<String>,
}

/// Tables, page by page.
#[derive(Debug, Serialize)]
pub struct Tables {
    /// The tables.
    pub tables: Vec<TableState>,
    /// How many there are in all.
    pub count: i64,
}

/// A table over time.
#[derive(Debug, Serialize)]
pub struct Samples {
    /// The table as it was measured last.
    pub table: TableState,
    /// Its sizes, oldest first. Between two of them nothing worth one has changed.
    pub samples: Vec<SampleState>,
}

/// The sizes of a table at a time.
#[derive(Debug, Serialize)]
pub struct SampleState {
    /// When.
    pub at: String,
    /// All its bytes.
    pub bytes: i64,
    /// Those of the heap.
    pub heap_bytes: i64,
    /// Those of indexes.
    pub index_bytes: i64,
    /// Those of TOAST.
    pub toast_bytes: i64,
    /// Bytes to gain; `None`: nobody could tell.
    pub bloat_bytes: Option<i64>,
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
    let state = |connection: &crate::config::Connection| {
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

/// When windows are open.
pub fn windows(
    config: &Config,
    known: Option<&Known>,
    now: DateTime<Utc>,
    count: usize,
) -> Windows {
    let schedule = &config.schedule;
    let rules = schedule.rules.iter().enumerate().map(|(index, rule)| {
        let opening = known.and_then(|known| known.rules.get(index)).and_then(Option::as_ref);
        let next = match (opening, known) {
            (None, Some(known)) => schedule.span(rule, now, &known.seen).map(|s| moment(s.opens)),
            _ => None,
        };
        RuleState {
            rule: rule.name.clone(),
            enabled: rule.enabled,
            dry_run: rule.dry_run || config.daemon.dry_run,
            open: opening.is_some(),
            window: opening.and_then(|o| o.window.clone()),
            until: opening.and_then(|o| o.until).map(moment),
            may_start: opening.is_some_and(|o| o.may_start),
            last_start: opening.and_then(|o| o.last_start).map(moment),
            at_window_end: opening.map(|o| o.at_window_end),
            opens: next,
        }
    });
    let part = |span: &Span| Part { opens: moment(span.opens), closes: moment(span.closes) };
    let next = schedule.listing(now, count).into_iter().map(|listed| WindowState {
        window: listed.window.map(|window| window.name.clone()),
        opens: moment(listed.span.opens),
        closes: moment(listed.span.closes),
        parts: listed.parts.iter().map(part).collect(),
        blackouts: listed.blackouts.iter().map(|name| (*name).to_owned()).collect(),
    });
    Windows {
        now: moment(now),
        timezone: schedule.zone.name().to_owned(),
        rules: rules.collect(),
        next: next.collect(),
    }
}

impl From<&Attempt> for Run {
    fn from(attempt: &Attempt) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds")]
        let took = |ended: i64| (ended - attempt.started_at).max(0) as f64 / 1000.0;
        Self {
            id: attempt.id,
            connection: attempt.connection.clone(),
            table: attempt.table.to_string(),
            schema: attempt.table.schema.clone(),
            name: attempt.table.name.clone(),
            source: attempt.source.clone(),
            by: attempt.daemon.clone(),
            rule: attempt.rule.clone(),
            attempt: attempt.number,
            began: time(attempt.started_at),
            ended: attempt.ended_at.map(time),
            seconds: attempt.ended_at.map(took),
            ending: attempt.ending.clone(),
            phase: attempt.phase.clone(),
            reason: attempt.reason.clone(),
            bytes_before: attempt.bytes_before,
            bytes_after: attempt.bytes_after,
        }
    }
}

impl RunDetail {
    /// Out of what the store has.
    pub fn new(attempt: &Attempt, phases: &[PhaseRecord], report: Option<&str>) -> Self {
        let mut phases: Vec<PhaseState> = phases
            .iter()
            .map(|phase| PhaseState {
                phase: phase.phase.clone(),
                seconds: phase.seconds,
                ended: time(phase.ended_at),
            })
            .collect();
        // At the end of a run they are put on record all at once.
        phases.sort_by_key(|phase| Phase::parse(&phase.phase));
        let report = report.and_then(|report| serde_json::from_str(report).ok());
        Self { run: Run::from(attempt), phases, report }
    }
}

impl From<&Measured> for TableState {
    fn from(measured: &Measured) -> Self {
        let total = measured.total();
        #[expect(clippy::cast_precision_loss, reason = "a ratio")]
        let ratio = |bloat: i64| if total > 0 { bloat as f64 / total as f64 } else { 0.0 };
        Self {
            connection: measured.connection.clone(),
            table: measured.table.to_string(),
            schema: measured.table.schema.clone(),
            name: measured.table.name.clone(),
            bytes: total,
            heap_bytes: measured.parts[0],
            index_bytes: measured.parts[1],
            toast_bytes: measured.parts[2],
            bloat_bytes: measured.bloat,
            bloat_ratio: measured.bloat.map(ratio),
            live_rows: measured.live_rows,
            dead_rows: measured.dead_rows,
            rule: measured.rule.clone(),
            due: measured.qualifies,
            why: measured.why.clone(),
            last_repack: measured.last_repack.map(time),
            changed: time(measured.changed_at),
            gone: measured.gone_at.map(time),
        }
    }
}

impl From<&Sample> for SampleState {
    fn from(sample: &Sample) -> Self {
        Self {
            at: time(sample.at),
            bytes: sample.total(),
            heap_bytes: sample.parts[0],
            index_bytes: sample.parts[1],
            toast_bytes: sample.parts[2],
            bloat_bytes: sample.bloat,
        }
    }
}

/// A table by its two names, as people write it.
pub fn label(schema: &str, name: &str) -> String {
    match schema {
        "" => readable(name),
        schema => QualifiedName::new(schema, name).to_string(),
    }
}
