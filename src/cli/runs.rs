//! `resume`, `abort`, `cleanup` and `status`: what earlier runs left.

use super::args::Tables;
use super::context::{self, Context};
use super::target::Target;
use super::{history, leftover, notify, outcome, queue};
use crate::catalog::lookup::Found;
use crate::engine::{self, Goal, RunStatus};
use crate::error::Result;
use crate::names::{QualifiedName, RunNames, TableArg};
use chrono::Utc;
use serde_json::json;
use std::time::Instant;

/// What to do to an unfinished run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Go on with it.
    Resume,
    /// Drain its log, and leave it where it is.
    CatchUp,
    /// Give it up.
    Abort,
    /// Finish it if it is past the cutover, else give it up.
    Cleanup,
}

impl Deed {
    fn command(self) -> &'static str {
        match self {
            Self::Resume => "resume",
            Self::CatchUp => "catch-up",
            Self::Abort => "abort",
            Self::Cleanup => "cleanup",
        }
    }
}

/// Does it to each run meant, in every database meant.
pub async fn each(context: &mut Context, deed: Deed, tables: &Tables) -> Result<u8> {
    context.named_or_listed(tables)?;
    let from = Utc::now();
    for target in context.targets.clone().iter() {
        let runs = match pick(context, target, &tables.tables).await {
            Ok(runs) => runs,
            Err(error) => {
                context.failed(target, &error);
                continue;
            }
        };
        for run in runs {
            if context.stopped() {
                break;
            }
            let daemons = |(connection, table): &(String, QualifiedName)| {
                *connection == target.job.connection && run.table.as_ref() == Some(table)
            };
            if deed == Deed::Resume && context.left.iter().any(daemons) {
                context.console.say(&format!(
                    "repackd: {} is left to the daemon that has it queued",
                    label(&run)
                ));
                continue;
            }
            // cleanup promises that no trace is left, so one that is in use has to count.
            let named = !tables.tables.is_empty() || deed == Deed::Cleanup;
            let (job, oid) = (&target.job, run.oid);
            let goal = match deed {
                Deed::Resume => Some(Goal::Resume),
                Deed::CatchUp => Some(Goal::CatchUp),
                Deed::Cleanup if run.cleanup_only => Some(Goal::Resume),
                Deed::Cleanup | Deed::Abort => None,
            };
            let found = Found { oid, name: name(&run) };
            let (table, command) = (&found, deed.command());
            let what = context::Deed { job, table: &found.name, label: label(&run), command };
            let began = Instant::now();
            let work = |control| async {
                let control = control;
                match goal {
                    Some(goal) => engine::run(job, table, goal, &control).await,
                    None => engine::abort(job, oid, &control).await,
                }
            };
            let goes_on = context.work(what, named, work).await;
            if deed == Deed::Resume
                && let Some(table) = &run.table
            {
                history::add(context, target, table, began.elapsed()).await;
            }
            if !goes_on {
                break;
            }
        }
        if context.stopped() {
            break;
        }
    }
    if deed == Deed::Resume {
        notify::tell(context, deed.command(), from).await;
    }
    Ok(context.finish_tables())
}

/// Shows the runs meant.
pub async fn status(context: &mut Context, tables: &[TableArg]) -> Result<u8> {
    let mut all = Vec::new();
    for target in context.targets.clone().iter() {
        match pick(context, target, tables).await {
            Ok(runs) => all.extend(runs.into_iter().map(|r| (target.job.connection.clone(), r))),
            Err(error) => context.failed(target, &error),
        }
        if context.stopped() {
            break;
        }
    }
    let document = all.iter().map(|(connection, run)| {
        json!({
            "connection": connection,
            "oid": run.oid,
            "table": run.table.as_ref().map(ToString::to_string),
            "phase": run.phase,
            "owner": run.owner,
            "problem": run.problem,
            "running": run.running,
            "log_rows": run.log_rows,
            "log_bytes": run.log_bytes,
            "shadow_bytes": run.shadow_bytes,
            "pages": run.pages,
            "pages_copied": run.pages_copied,
            "started": run.started,
            "updated": run.updated,
            "age_seconds": run.age,
            "idle_seconds": run.idle,
            "runner": run.runner,
            "held": run.held,
            "cleanup_only": run.cleanup_only,
            "given_up": run.given_up,
            "mismatch": run.mismatch,
        })
    });
    let document = document.collect();
    let mut text = leftover::runs(&all, context.targets.len() > 1, context.console.result_width());
    match queue::status(context, tables).await {
        Ok(more) => text.push_str(&more),
        Err(error) => {
            context.console.say(&outcome::explain_error(&error, None));
            context.status(error.exit_status());
        }
    }
    Ok(context.finish("runs", document, &text))
}

/// The runs meant in one database: those of the tables named, or all.
async fn pick(context: &Context, target: &Target, tables: &[TableArg]) -> Result<Vec<RunStatus>> {
    let job = &target.job;
    let mut all = context.unless_stopped(engine::status(job)).await?;
    if tables.is_empty() {
        if all.is_empty() {
            tracing::info!(connection = %job.connection, "no unfinished run");
        }
        return Ok(all);
    }
    let mut meant = Vec::new();
    for arg in tables {
        let oids = context.unless_stopped(engine::find_by_run(job, arg)).await?;
        let (those, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(|r| oids.contains(&r.oid));
        all = rest;
        if those.is_empty() {
            context.nothing(target, arg);
        }
        meant.extend(those);
    }
    Ok(meant)
}

/// What to call a run's table; if nothing is known of it, its schema stands in.
pub fn label(run: &RunStatus) -> String {
    match &run.table {
        Some(table) => table.to_string(),
        None => RunNames::new(run.oid).work,
    }
}

/// What the engine calls it until it has read the journal.
fn name(run: &RunStatus) -> QualifiedName {
    run.table.clone().unwrap_or_else(|| QualifiedName::new(RunNames::new(run.oid).work, "journal"))
}
