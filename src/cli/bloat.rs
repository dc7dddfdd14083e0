//! `bloat`: how large tables are and how much of that is bloat.

use super::args::Bloat;
use super::bloat_text::{self, Line};
use super::context::Context;
use super::known::Known;
use super::repack::{self, Absent};
use super::target::Target;
use crate::bloat::probe::Probe;
use crate::bloat::{self, Basis, Densities, Scope, TableBloat, Unknown};
use crate::error::Result;
use crate::pg::{Session, pooler, settings};
use chrono::Utc;
use std::time::{Duration, Instant};

/// How long to look into pages, in each database, before the rest of the tables stay as they are.
const PROBING: Duration = Duration::from_secs(60);

/// Shows the tables meant, in every database meant, most bytes to gain first.
pub async fn bloat(context: &mut Context, arguments: &Bloat) -> Result<u8> {
    let mut lines = Vec::new();
    let mut absent = Absent::default();
    let config = context.config.clone();
    let now = Utc::now();
    for target in context.targets.clone().iter() {
        let known = Known::of(context, &target.job.connection).await;
        match one(context, target, arguments, &known.densities, &mut absent).await {
            Ok(tables) => {
                context.status(0);
                let job = &target.job;
                lines.extend(tables.into_iter().map(|table| {
                    let mut candidate = table.candidate(&job.connection, job.server.database());
                    known.complete(&mut candidate);
                    let decision = config.schedule.decide(&candidate, now);
                    Line { table, candidate, decision }
                }));
            }
            Err(error) => context.failed(target, &error),
        }
        if context.stopped() {
            break;
        }
    }
    absent.report(context);
    lines.sort_by_key(|line| std::cmp::Reverse((line.table.bloat(), line.table.bytes())));
    let several = context.targets.len() > 1;
    let text = if arguments.explain {
        let file = config.file.as_ref().map_or("no file".into(), |file| file.display().to_string());
        let all: Vec<_> = lines.iter().map(|l| l.decision.explain(&l.candidate, &file)).collect();
        all.join("\n")
    } else {
        let ruled = !config.schedule.rules.is_empty();
        bloat_text::render(&lines, several, ruled, context.console.result_width())
    };
    let document = lines.iter().map(bloat_text::json).collect();
    Ok(context.finish("tables", document, &text))
}

async fn one(
    context: &Context,
    target: &Target,
    arguments: &Bloat,
    densities: &Densities,
    absent: &mut Absent,
) -> Result<Vec<TableBloat>> {
    let named = !arguments.tables.tables.is_empty();
    let listed = !target.schemas.is_empty() || !target.tables.is_empty();
    let mut scope = Scope { oids: Vec::new(), least: arguments.min_size.cast_signed() };
    if named || listed && !arguments.tables.all {
        let found = repack::pick(context, target, &arguments.tables, absent).await?;
        scope.oids = found.iter().map(|table| table.oid).collect();
        // To the statements, no table would be every table.
        if scope.oids.is_empty() {
            return Ok(Vec::new());
        }
    }
    if named {
        scope.least = 0;
    }
    context.unless_stopped(look(target, &scope, densities, named, arguments.analyze)).await
}

async fn look(
    target: &Target,
    scope: &Scope,
    densities: &Densities,
    named: bool,
    analyze: bool,
) -> Result<Vec<TableBloat>> {
    pooler::refuse_transaction_pooling(&target.job.server).await?;
    let session = settings::open(&target.job.server, "repackd").await?;
    let mut tables = bloat::measure(&session, scope, densities).await?;
    let never = Basis::Unknown(Unknown::NeverAnalyzed);
    if analyze && tables.iter().any(|t| t.heap.basis == never) {
        for table in tables.iter().filter(|t| t.heap.basis == never) {
            if let Err(error) = bloat::analyze(&session, &table.name).await {
                // Somebody is at work on it, or it was dropped: the others can be analyzed still.
                if error.sqlstate().is_none() {
                    return Err(error);
                }
                tracing::warn!(table = %table.name, "{error}");
            }
        }
        tables = bloat::measure(&session, scope, densities).await?;
    }
    probe(&session, &mut tables, named).await?;
    Ok(tables)
}

/// Looks into the pages of those that were named and of those of which nothing else is known.
async fn probe(session: &Session, tables: &mut [TableBloat], named: bool) -> Result<()> {
    let unknown = |table: &TableBloat| table.heap.expected.is_none();
    if !named && !tables.iter().any(unknown) {
        return Ok(());
    }
    let Some(probe) = Probe::find(session).await? else { return Ok(()) };
    let begun = Instant::now();
    for table in tables.iter_mut().filter(|table| named || unknown(table)) {
        if begun.elapsed() > PROBING {
            tracing::warn!("looking into pages takes too long; the other tables are left out");
            break;
        }
        probe.look(session, table).await?;
    }
    bloat::sort(tables);
    Ok(())
}
