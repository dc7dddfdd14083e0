//! Stand-in for the engine's interface: plays a run, touches no server.

use crate::catalog::lookup::{Found, Sizes};
use crate::config;
use crate::error::{Error, Result};
use crate::job::{Ending, Event, Figures, Phase, Report};
use crate::names::{QualifiedName, TableArg};
use std::time::{Duration, Instant};

/// Where and how.
#[derive(Debug, Clone)]
pub struct Job {
    /// The connection's name.
    pub connection: String,
    /// The server.
    pub server: config::Server,
    /// How gently.
    pub settings: config::Settings,
}

/// How far to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// All of it.
    RunNow,
    /// Up to the cutover.
    Prepare,
    /// On from where it stopped.
    Resume,
}

/// The caller's side of a run.
#[derive(Clone)]
pub struct Control {
    /// Takes what the run tells.
    pub events: tokio::sync::mpsc::UnboundedSender<Event>,
    /// Stops it.
    pub stop: tokio_util::sync::CancellationToken,
    /// For what is random.
    pub seed: u64,
}

/// An unfinished run.
#[derive(Debug, Clone)]
pub struct RunStatus {
    /// OID of the original.
    pub oid: u32,
    /// Its name.
    pub table: Option<QualifiedName>,
    /// Where it stands.
    pub phase: Option<Phase>,
    /// The owner.
    pub owner: String,
    /// Why it cannot be used.
    pub problem: Option<String>,
    /// Whether someone is at work on it.
    pub running: bool,
    /// Rows in the key log.
    pub log_rows: Option<u64>,
    /// Size of the shadow.
    pub shadow_bytes: Option<i64>,
    /// Pages to copy.
    pub pages: Option<u64>,
    /// Pages copied.
    pub pages_copied: Option<u64>,
    /// When it began.
    pub started: Option<String>,
    /// When the journal was last written.
    pub updated: Option<String>,
    /// Past the cutover.
    pub cleanup_only: bool,
}

/// What would happen.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Plan {
    /// The table.
    pub table: String,
    /// Its key.
    pub key: Option<String>,
    /// Why not.
    pub reasons: Vec<String>,
    /// Sizes now.
    pub before: Sizes,
    /// Size expected.
    pub expected_bytes: Option<i64>,
    /// Space needed besides.
    pub extra_bytes: i64,
    /// Phase by phase.
    pub phases: Vec<PlanPhase>,
    /// The cutover.
    pub cutover_sql: Vec<String>,
    /// What to look out for.
    pub warnings: Vec<String>,
}

/// One phase of a plan.
#[derive(Debug, Clone, serde::Serialize)]
pub struct PlanPhase {
    /// Which.
    pub phase: Phase,
    /// What is done.
    pub what: String,
    /// Which locks on what.
    pub locks: String,
}

/// Whether everything is in place.
#[derive(Debug, Clone)]
pub struct Check {
    /// Host, port, database, user.
    pub target: String,
    /// The server's version.
    pub server: String,
    /// The role.
    pub login: String,
    /// What is missing.
    pub problems: Vec<String>,
    /// SQL that helps.
    pub grants: Vec<String>,
}

const FAKE: Sizes = Sizes { heap: 3_400_000_000, indexes: 1_200_000_000, toast: 8192 };

fn figures(phase: Phase, seconds: impl IntoIterator<Item = (Phase, f64)>) -> Figures {
    let done = phase.is_past_cutover();
    let after = Sizes { heap: 1_100_000_000, indexes: 400_000_000, toast: 8192 };
    Figures {
        before: FAKE,
        after: done.then_some(after),
        rows_copied: 3_000_000,
        rows_replayed: 12_345,
        rows_verified: Some(3_000_120),
        attempts: 2,
        longest_wait_ms: 41.27,
        seconds: seconds.into_iter().collect(),
        notes: vec![
            "2 rows were locked by session 4711 for 3.1 s while capture was attached".into(),
        ],
    }
}

/// Plays a run.
pub async fn run(job: &Job, table: &Found, goal: Goal, control: &Control) -> Report {
    let name = table.name.to_string();
    let tell = |event| drop(control.events.send(event));
    let mut report = Report {
        connection: job.connection.clone(),
        table: name.clone(),
        ending: Ending::Done,
        phase: Phase::Preflight,
        error: None,
        state: None,
        next: None,
        figures: Figures::default(),
        exit_status: 0,
    };
    let keep = format!("repackd resume {name} goes on, repackd abort {name} gives it up");
    let blank = report.clone();
    let fail = |ending, error: &str, state: &str, next: &str, exit_status| {
        let mut report = blank.clone();
        report.ending = ending;
        report.error = Some(error.to_owned());
        report.state = Some(state.to_owned());
        report.next = Some(next.to_owned());
        report.exit_status = exit_status;
        report
    };
    let untouched = "nothing was begun; the table is untouched";
    match table.name.name.as_str() {
        "refused" => {
            let what = format!("{name} cannot be repacked: it has no key");
            let next = format!("ALTER TABLE {name} ADD PRIMARY KEY (id)");
            return fail(Ending::Refused, &what, untouched, &next, 3);
        }
        "busy" => {
            let what = format!("{name} is busy: an earlier run stands in phase copy");
            return fail(Ending::Busy, &what, untouched, &keep, 3);
        }
        "gone" => {
            let what = "cannot connect to db:5432/shop as app: connection refused";
            return fail(Ending::Failed, what, "the state is kept", &keep, 75);
        }
        _ => {}
    }
    tell(Event::Started { table: name.clone(), before: FAKE });
    let mut seconds = Vec::new();
    for phase in Phase::ALL {
        if goal == Goal::Prepare && phase == Phase::Cutover {
            report.ending = Ending::Prepared;
            report.next = Some(format!("repackd resume {name} does the cutover"));
            break;
        }
        let since = Instant::now();
        tell(Event::Phase { table: name.clone(), phase });
        let slow = matches!(
            phase,
            Phase::Copy | Phase::Purge | Phase::Index | Phase::Drain | Phase::Verify
        );
        for step in 1..=if slow { 30 } else { 4 } {
            if control.stop.is_cancelled() {
                let next = keep.clone();
                let state = format!("{name} is in use as before; the shadow is kept");
                let mut report = fail(Ending::Interrupted, "interrupted", &state, &next, 130);
                report.phase = phase;
                report.figures = figures(phase, seconds);
                return report;
            }
            if table.name.name == "fails" && phase == Phase::Index && step == 12 {
                let mut report = fail(
                    Ending::Failed,
                    "building index orders_pkey failed: could not extend file: No space left on device (SQLSTATE 53100)",
                    "the table is untouched and in use; the shadow is kept, in phase index",
                    &keep,
                    1,
                );
                report.phase = phase;
                report.figures = figures(phase, seconds);
                return report;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
            if slow {
                let rows = if phase == Phase::Index { 0 } else { step * 100_000 };
                let bytes = if phase == Phase::Drain { 0 } else { step * 113_000_000 };
                let event = Event::Progress {
                    table: name.clone(),
                    phase,
                    done: step,
                    total: 30,
                    rows,
                    bytes,
                };
                tell(event);
            }
        }
        if phase == Phase::Capture {
            tell(Event::Note {
                table: name.clone(),
                text: "session 4711 (app) was waited for 3.1 s".into(),
            });
        }
        tracing::debug!(table = %name, phase = %phase, "journal written");
        seconds.push((phase, since.elapsed().as_secs_f64()));
        report.phase = phase;
        tell(Event::PhaseDone { table: name.clone(), phase, took: since.elapsed() });
    }
    report.figures = figures(report.phase, seconds);
    report
}

/// Plays giving up.
pub async fn abort(job: &Job, oid: u32, _control: &Control) -> Report {
    Report {
        connection: job.connection.clone(),
        table: format!("public.t{oid}"),
        ending: Ending::Aborted,
        phase: Phase::Copy,
        error: None,
        state: Some("every trace of the run is removed".into()),
        next: None,
        figures: Figures::default(),
        exit_status: 0,
    }
}

/// Two runs.
pub async fn status(job: &Job) -> Result<Vec<RunStatus>> {
    if job.server.database() == "gone" {
        let (target, reason) = (job.server.describe(), "connection refused".into());
        return Err(Error::Unreachable { target, reason });
    }
    if job.server.database() == "empty" {
        return Ok(Vec::new());
    }
    let one = RunStatus {
        oid: 16384,
        table: Some(QualifiedName::new("public", "orders")),
        phase: Some(Phase::Copy),
        owner: "app".into(),
        problem: None,
        running: false,
        log_rows: Some(1234),
        shadow_bytes: Some(113_000_000),
        pages: Some(415_000),
        pages_copied: Some(13_800),
        started: Some("2026-07-01 12:00:00+00".into()),
        updated: Some("2026-07-01 12:03:11+00".into()),
        cleanup_only: false,
    };
    let two = RunStatus {
        oid: 16999,
        table: None,
        phase: Some(Phase::Cleanup),
        cleanup_only: true,
        ..one.clone()
    };
    Ok(vec![one, two])
}

/// A plan.
pub async fn plan(_job: &Job, table: &Found) -> Result<Plan> {
    let refused = table.name.name == "refused";
    Ok(Plan {
        table: table.name.to_string(),
        key: (!refused).then(|| "orders_pkey (id)".into()),
        reasons: if refused {
            vec!["it has no key: ALTER TABLE … ADD PRIMARY KEY".into()]
        } else {
            vec![]
        },
        before: FAKE,
        expected_bytes: Some(1_500_000_000),
        extra_bytes: 1_700_000_000,
        phases: Phase::ALL
            .into_iter()
            .map(|phase| PlanPhase {
                phase,
                what: "copies the table chunk by chunk, about a second each, as long as it takes"
                    .into(),
                locks: "ACCESS SHARE on public.orders for one chunk at a time".into(),
            })
            .collect(),
        cutover_sql: vec![
            "BEGIN".into(),
            "LOCK TABLE \"public\".\"orders\" IN SHARE ROW EXCLUSIVE MODE NOWAIT".into(),
            "COMMIT".into(),
        ],
        warnings: vec!["sessions with a snapshot older than the copy are waited for".into()],
    })
}

/// The table by name.
pub async fn find(_job: &Job, arg: &TableArg) -> Result<Option<Found>> {
    let name = QualifiedName::new(arg.schema.clone().unwrap_or_else(|| "public".into()), &arg.name);
    Ok((arg.name != "missing").then_some(Found { oid: 16384, name, kind: 'r' }))
}

/// Some tables.
pub async fn list(_job: &Job, _schemas: &[String], _tables: &[String]) -> Result<Vec<Found>> {
    let named = |name: &str| Found { oid: 1, name: QualifiedName::new("public", name), kind: 'r' };
    Ok(vec![named("orders"), named("refused"), named("fails")])
}

/// Not ready.
pub async fn check(job: &Job) -> Result<Check> {
    Ok(Check {
        target: job.server.describe(),
        server: "PostgreSQL 17.2".into(),
        login: job.server.user().to_owned(),
        problems: vec!["the role app has no CREATE on the database shop".into()],
        grants: vec!["GRANT CREATE ON DATABASE \"shop\" TO \"app\";".into()],
    })
}

/// The run by name.
pub async fn find_by_run(_job: &Job, arg: &TableArg) -> Result<Option<u32>> {
    Ok((arg.name == "orders").then_some(16384))
}
