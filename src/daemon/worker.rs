//! One table's run, on a thread of its own: the engine's future stays on the thread it was made on, and
//! whatever happens there holds up neither a heartbeat nor another table.

use super::conclude::{Finding, is_last};
use super::running::Task;
use super::stop::Stop;
use crate::bloat;
use crate::catalog::lookup::{self, Found};
use crate::config::DaemonSettings;
use crate::engine::{self, Control, Gate, Goal, journal};
use crate::error::{DROPPED, Error, Result, Verdict};
use crate::job::{Ending, Event, Figures, Phase, Report};
use crate::pg::{Session, settings};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;
use tokio_postgres::types::Type;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

/// A debug build keeps all that is awaited on the stack.
const STACK: usize = 16 << 20;

/// How often to ask a server that is out of reach whether what it was last told is done.
const LOST_REPLY_TRIES: u32 = 10;

/// The time between two of these.
const LOST_REPLY_PAUSE: Duration = Duration::from_secs(2);

/// How a table's turn ended.
#[derive(Debug)]
pub enum Ended {
    /// A run, and what was found out after it.
    Ran(Box<Report>, Finding),
    /// There was nothing to do, and why; the word is for the record.
    Nothing(&'static str, String),
}

/// What a worker is given.
pub struct Order {
    /// The table.
    pub task: Arc<Task>,
    /// Who is asked before the cutover.
    pub gate: Gate,
    /// Where progress goes.
    pub events: UnboundedSender<Event>,
    /// Seed of all jitter.
    pub seed: u64,
    /// How often a table is tried.
    pub settings: DaemonSettings,
}

/// Starts a worker. What it sends is its end; if it sends nothing, it has panicked.
pub fn start(order: Order) -> std::io::Result<oneshot::Receiver<Ended>> {
    let (sender, receiver) = oneshot::channel();
    let span = tracing::Span::current();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("repackd run".into()).stack_size(STACK).spawn(move || {
        let ended = runtime.block_on(Box::pin(work(&order).instrument(span)));
        // Nobody listening means that the process ends.
        let _ = sender.send(ended);
    })?;
    Ok(receiver)
}

async fn work(order: &Order) -> Ended {
    let (task, claim) = (&order.task, &order.task.claim);
    let mut report = match repack(order).await {
        Ok(Ok(report)) => report,
        Ok(Err(nothing)) => return nothing,
        Err(error) => failed(task, &error),
    };
    let stop = task.why();
    let mut removed = true;
    let given_up = stop.as_ref().is_some_and(Stop::removes)
        || is_last(&report, stop.as_ref(), claim.attempts, &order.settings);
    if given_up && report.ending != Ending::Done {
        removed = remove(order, &mut report).await;
    }
    // Whether all is done, and only the last reply was lost. Then it is worth while to wait for a server
    // that is starting.
    let perhaps = report.exit_status == 75 && report.phase == Phase::Cleanup;
    let mut found = find_out(task, report.ending == Ending::Done || perhaps).await;
    for _ in 0..LOST_REPLY_TRIES {
        if !perhaps || found.is_ok() {
            break;
        }
        tokio::time::sleep(LOST_REPLY_PAUSE).await;
        found = find_out(task, true).await;
    }
    let mut finding = match found {
        Ok(finding) => finding,
        Err(e) => {
            tracing::debug!(table = %claim.table, "nothing more was found out: {e}");
            Finding { left: report.ending != Ending::Done, ..Finding::default() }
        }
    };
    // The COMMIT of its beginning may still be on its way.
    finding.left |= report.exit_status == 75 && report.phase < Phase::Capture;
    finding.left |= !removed;
    if given_up && report.ending == Ending::Interrupted && !finding.left {
        report.ending = Ending::Aborted;
    }
    if perhaps && !finding.left {
        report = Report { ending: Ending::Done, exit_status: 0, ..report };
        (report.error, report.kind, report.told) = (None, None, None);
        (report.state, report.next) = (None, None);
    }
    Ended::Ran(Box::new(report), finding)
}

/// Goes on with what is left of an earlier attempt, or begins anew.
async fn repack(order: &Order) -> Result<Result<Report, Ended>> {
    let (task, claim) = (&order.task, &order.task.claim);
    let job = &task.job;
    let session = settings::open(&job.server, "repackd").await?;
    // What a person has begun is his.
    let left = journal::is_left_by_daemon(&session, claim.oid).await?;
    let there = lookup::by_full_name(session.client(), &claim.table).await?;
    drop(session);
    let table = Found { oid: claim.oid, name: claim.table.clone() };
    let control = Control {
        events: order.events.clone(),
        stop: task.stop.clone(),
        seed: order.seed,
        gate: Some(order.gate.clone()),
    };
    if task.why().is_some_and(|stop| stop.removes()) {
        return Ok(Ok(Report { ending: Ending::Interrupted, ..failed(task, &Error::Interrupted) }));
    }
    if left {
        return Ok(Ok(Box::pin(engine::run(job, &table, Goal::Resume, &control)).await));
    }
    match there {
        None => Ok(Err(Ended::Nothing("gone", "the table is not there any more".into()))),
        Some(found) if found.oid == claim.oid => {
            Ok(Ok(Box::pin(engine::run(job, &table, Goal::RunNow, &control)).await))
        }
        Some(_) => Ok(Err(match (claim.begun, &claim.from) {
            (true, Some(who)) => Ended::Nothing(
                "done",
                format!("{who} had repacked it, and died before it could say so"),
            ),
            (true, None) => {
                Ended::Nothing("gone", "it was repacked or made anew since it was begun".into())
            }
            (false, _) => Ended::Nothing(
                "gone",
                "it was repacked or made anew by somebody since it was queued".into(),
            ),
        })),
    }
}

/// Removes what is left of a run that is not gone on with: its capture would go on taxing writers.
/// Says whether it came to an end.
async fn remove(order: &Order, report: &mut Report) -> bool {
    let (task, claim) = (&order.task, &order.task.claim);
    let control = Control {
        events: order.events.clone(),
        // It is short, and whoever is in a hurry can do without: what is left then is removed later.
        stop: CancellationToken::new(),
        seed: order.seed,
        gate: None,
    };
    let aborted = Box::pin(engine::remove(&task.job, claim.oid, &control)).await;
    match aborted.ending {
        // Past its cutover, so it was brought to its end.
        Ending::Done => *report = aborted,
        Ending::Aborted => {
            if report.ending == Ending::Interrupted {
                report.ending = Ending::Aborted;
            }
            report.state = Some(
                "the table is untouched and in use; everything of this run was removed".into(),
            );
            report.next = None;
        }
        // There was nothing to remove, or it is a person's.
        Ending::Refused => {}
        _ => {
            tracing::warn!(
                connection = %claim.connection, table = %claim.table,
                "its run could not be removed: {}", aborted.error.as_deref().unwrap_or_default()
            );
            // The last of it may have been done, which a look will tell.
            let perhaps = aborted.exit_status == 75;
            if aborted.kind.as_deref() == Some(DROPPED) {
                *report = aborted;
            } else if aborted.phase >= Phase::Capture {
                (report.state, report.next) = (aborted.state, aborted.next);
                if perhaps && aborted.phase == Phase::Cleanup {
                    (report.phase, report.exit_status) = (aborted.phase, 75);
                }
            }
            return perhaps;
        }
    }
    true
}

/// Whether anything is left, what the table is now, and what a row of it takes.
async fn find_out(task: &Task, done: bool) -> Result<Finding> {
    let claim = &task.claim;
    let session = settings::open(&task.job.server, "repackd").await?;
    let left = journal::is_left_by_daemon(&session, claim.oid).await?;
    let stamp = stamps(&session, &[claim.oid]).await?.remove(&claim.oid);
    let mut density = None;
    if done && let Some(found) = lookup::by_full_name(session.client(), &claim.table).await? {
        // Nothing is decided by it.
        let measured = bloat::density(&session, found.oid).await.ok().flatten();
        density = measured.and_then(|d| serde_json::to_string(&d).ok());
    }
    Ok(Finding { left, stamp, density })
}

/// What tables are, by OID.
pub async fn stamps(session: &Session, oids: &[u32]) -> Result<HashMap<u32, String>> {
    let rows = session
        .query_typed(include_str!("stamp.sql"), &[(&oids, Type::OID_ARRAY)])
        .await
        .map_err(Error::sql("looking whether tables have changed"))?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// The report of a run that was not even begun.
fn failed(task: &Task, error: &Error) -> Report {
    let lost = error.verdict() == Verdict::Resume;
    Report {
        connection: task.claim.connection.clone(),
        table: task.claim.table.to_string(),
        ending: Ending::Failed,
        phase: Phase::Preflight,
        error: Some(error.to_string()),
        kind: Some(error.kind().to_owned()),
        told: Some(error.told()),
        state: Some("nothing was changed; the table is in use".into()),
        next: None,
        figures: Figures::default(),
        exit_status: if lost { 75 } else { error.exit_status() },
    }
}
