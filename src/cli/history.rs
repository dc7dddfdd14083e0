//! `history`: what was tried and how it ended; and what `run-now` and `resume` add to it.

use super::args::History;
use super::context::Context;
use super::grid::{grid, right};
use super::queue::myself;
use super::target::Target;
use super::units::{seconds, size};
use crate::bloat;
use crate::catalog::lookup;
use crate::daemon::conclude;
use crate::error::Result;
use crate::job::{Ending, Report};
use crate::names::QualifiedName;
use crate::pg::settings;
use crate::store::{Attempt, Scope, Store, time};
use serde_json::{Value, json};
use std::time::Duration;

/// How long the end of a run by hand is held up by a store that is out of reach.
const PATIENCE: Duration = Duration::from_secs(5);

/// Shows the attempts meant.
pub async fn show(context: &mut Context, asked: &History) -> Result<u8> {
    let Some(store) = context.store().await? else {
        let text =
            format!("there is no store at {}: nothing is on record\n", context.place.describe());
        return Ok(context.finish("attempts", Value::Array(Vec::new()), &text));
    };
    let mut all = Vec::new();
    let connections: Vec<String> = match context.everywhere {
        true => vec![String::new()],
        false => context.targets.iter().map(|t| t.job.connection.clone()).collect(),
    };
    for connection in connections {
        let tables = asked.names.tables.iter();
        let mut scopes: Vec<Scope> = tables
            .map(|t| Scope {
                connection: connection.clone(),
                schema: t.schema.clone().unwrap_or_default(),
                table: t.name.clone(),
            })
            .collect();
        if scopes.is_empty() {
            scopes.push(Scope { connection, ..Scope::default() });
        }
        for scope in scopes {
            all.extend(store.attempts(&scope, asked.limit).await?);
        }
    }
    all.sort_by_key(|attempt| std::cmp::Reverse((attempt.started_at, attempt.id)));
    all.truncate(asked.limit as usize);
    let document = all.iter().map(attempt_json).collect();
    let text = text(&all, context.console.result_width());
    Ok(context.finish("attempts", document, &text))
}

fn text(all: &[Attempt], width: usize) -> String {
    if all.is_empty() {
        return "nothing is on record\n".into();
    }
    let heads = ["began", "connection", "table", "ending", "took", "before", "after", "why"];
    let mut table = grid(&heads, width);
    for attempt in all {
        let bytes = |bytes: Option<i64>| bytes.map(size).unwrap_or_default();
        table.add_row([
            time(attempt.started_at),
            attempt.connection.clone(),
            attempt.table.to_string(),
            attempt.ending.clone().unwrap_or_else(|| "at work".into()),
            took(attempt).map(seconds).unwrap_or_default(),
            bytes(attempt.bytes_before),
            bytes(attempt.bytes_after),
            attempt.reason.clone().unwrap_or_default(),
        ]);
    }
    right(&mut table, 4..);
    if let Some(why) = table.column_mut(7) {
        why.set_cell_alignment(comfy_table::CellAlignment::Left);
    }
    format!("{}\n", table.trim_fmt())
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds")]
fn took(attempt: &Attempt) -> Option<f64> {
    Some((attempt.ended_at? - attempt.started_at).max(0) as f64 / 1000.0)
}

fn attempt_json(attempt: &Attempt) -> Value {
    let phases: serde_json::Map<String, Value> =
        attempt.phases.iter().map(|(phase, seconds)| (phase.clone(), (*seconds).into())).collect();
    json!({
        "connection": attempt.connection,
        "table": attempt.table.to_string(),
        "source": attempt.source,
        "by": attempt.daemon,
        "rule": attempt.rule,
        "attempt": attempt.number,
        "began": time(attempt.started_at),
        "ended": attempt.ended_at.map(time),
        "seconds": took(attempt),
        "ending": attempt.ending,
        "phase": attempt.phase,
        "reason": attempt.reason,
        "bytes_before": attempt.bytes_before,
        "bytes_after": attempt.bytes_after,
        "phases": phases,
    })
}

/// Puts a run by hand on record, for daemons and for `history`. That there is no store, or none that
/// can be reached, is no reason for a run to fail.
pub async fn add(context: &mut Context, target: &Target, table: &QualifiedName, took: Duration) {
    let Some(report) = context.last_report().cloned() else { return };
    if matches!(report.ending, Ending::Refused | Ending::Busy) {
        return;
    }
    let work = async {
        let Some(store) = context.store().await? else { return Ok(()) };
        record(&store, target, table, &report, took).await
    };
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(Ok(())) => {}
        Ok(Err(e)) => {
            tracing::warn!("the run is not in the history: {e}");
            context.no_store();
        }
        Err(_) => {
            tracing::warn!(
                "the run is not in the history: {} did not answer within {} s",
                context.place.describe(),
                PATIENCE.as_secs()
            );
            context.no_store();
        }
    }
}

async fn record(
    store: &Store,
    target: &Target,
    table: &QualifiedName,
    report: &Report,
    took: Duration,
) -> Result<()> {
    let connection = &target.job.connection;
    let record = conclude::record(report, None);
    store.record(connection, table, &myself(), took, &record).await?;
    if report.ending != Ending::Done {
        return Ok(());
    }
    store.drop_waiting(connection, table).await?;
    if let Some(sizes) = &report.figures.after {
        store.keep_repacked(connection, table, sizes).await?;
    }
    let session = settings::open(&target.job.server, "repackd").await?;
    if let Some(found) = lookup::by_full_name(session.client(), table).await?
        && let Some(density) = bloat::density(&session, found.oid).await?
        && let Ok(text) = serde_json::to_string(&density)
    {
        store.keep_density(connection, table, &text).await?;
    }
    Ok(())
}
