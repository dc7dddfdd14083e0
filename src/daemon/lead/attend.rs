//! One run, from its beginning until its end is in the store.

use crate::config::Config;
use crate::daemon::conclude::{self, conclusion};
use crate::daemon::running::Task;
use crate::daemon::worker::{self, Ended, Order};
use crate::error::Result;
use crate::job::{Ending, Event, Figures, Phase, Report};
use crate::store::{Claim, Conclusion, Record, Store};
use crate::telemetry::{Meters, spans};
use crate::units;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tracing::{Instrument, Span};

/// How soon the end of a run is told to a store that was out of reach.
const TELL_AGAIN: Duration = Duration::from_secs(2);

/// How long the store may take to keep what is only good to know.
const KEEP: Duration = Duration::from_secs(5);

/// A run whose end is in the store.
pub struct Finished {
    pub connection: String,
    /// One of [`spans::OUTCOMES`]; `None`: there was nothing to do.
    pub outcome: Option<&'static str>,
    pub unreachable: bool,
}

/// Sees to one run from its beginning until its end is in the store.
pub async fn attend(
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
    let outcome = report.as_ref().map(|report| conclude::outcome(report, &record));
    if let (Some(report), Some(outcome)) = (&report, outcome) {
        spans::concluded(&Span::current(), report, outcome);
        meters.report(report, outcome);
    }
    say(task, &record, report.as_deref(), &conclusion);
    loop {
        match store.bounded(store.conclude(claim, &conclusion, &record)).await {
            Ok(true) => break,
            Ok(false) => {
                tracing::info!(connection = %claim.connection, table = %claim.table, "another daemon has it now");
                break;
            }
            // Whoever has the store back first: this daemon, or the one that takes the table over.
            Err(_) => tokio::time::sleep(TELL_AGAIN).await,
        }
    }
    // What is only good to know: after what has to be known, and nobody waits long for it.
    let known = keep(store, claim, report.as_deref(), density.as_deref());
    if let Ok(Err(e)) = tokio::time::timeout(KEEP, known).await {
        tracing::debug!("{e}");
    }
    Finished {
        connection: claim.connection.clone(),
        outcome,
        unreachable: report.is_some_and(|r| r.exit_status == 75 && r.ending == Ending::Failed),
    }
}

/// Keeps what was measured of a table that was repacked.
async fn keep(
    store: &Store,
    claim: &Claim,
    report: Option<&Report>,
    density: Option<&str>,
) -> Result<()> {
    if let Some(density) = density {
        store.keep_density(&claim.connection, &claim.table, density).await?;
    }
    match report.filter(|r| r.ending == Ending::Done).and_then(|r| r.figures.after.as_ref()) {
        Some(sizes) => store.keep_repacked(&claim.connection, &claim.table, sizes).await,
        None => Ok(()),
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
            let done = store.phase_done(*attempt, phase.name(), took.as_secs_f64());
            if let Err(e) = store.bounded(done).await {
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
