//! `run-now` and `prepare`: from names and lists to tables, one after the other.

use super::args::Tables;
use super::context::{Context, Deed};
use super::target::Target;
use super::{history, notify};
use crate::catalog::lookup::Found;
use crate::engine::{self, Goal};
use crate::error::Result;
use crate::job::{Ending, Figures, Phase, Report};
use crate::names::TableArg;
use chrono::Utc;
use std::collections::BTreeSet;
use std::time::Instant;

/// Repacks the tables meant, in every database meant.
pub async fn repack(context: &mut Context, goal: Goal, tables: &Tables) -> Result<u8> {
    context.named_or_listed(tables)?;
    let from = Utc::now();
    let mut absent = Absent::default();
    for target in context.targets.clone().iter() {
        let found = match pick(context, target, tables, &mut absent).await {
            Ok(found) => found,
            Err(error) => {
                context.failed(target, &error);
                continue;
            }
        };
        for table in found {
            if context.stopped() {
                break;
            }
            let named = !tables.tables.is_empty();
            let (job, began) = (&target.job, Instant::now());
            let deed = Deed {
                job,
                table: &table.name,
                label: table.name.to_string(),
                command: if goal == Goal::Prepare { "prepare" } else { "run-now" },
            };
            let found = &table;
            let run = |control| async move { engine::run(job, found, goal, &control).await };
            let goes_on = context.work(deed, named, run).await;
            if goal == Goal::RunNow {
                history::add(context, target, &table.name, began.elapsed()).await;
            }
            if !goes_on {
                break;
            }
        }
        if context.stopped() {
            break;
        }
    }
    absent.report(context);
    notify::tell(context, if goal == Goal::Prepare { "prepare" } else { "run-now" }, from).await;
    Ok(context.finish_tables())
}

/// The tables meant in one database.
pub async fn pick(
    context: &Context,
    target: &Target,
    tables: &Tables,
    absent: &mut Absent,
) -> Result<Vec<Found>> {
    let job = &target.job;
    if tables.tables.is_empty() {
        let (schemas, tables): (&[String], &[String]) = match tables.all {
            true => (&[], &[]),
            false => (&target.schemas, &target.tables),
        };
        return context.unless_stopped(engine::list(job, schemas, tables)).await;
    }
    let mut found = Vec::new();
    for arg in &tables.tables {
        let tables = context.unless_stopped(engine::find_all(job, arg)).await?;
        if tables.is_empty() {
            absent.missed.push((target.clone(), arg.clone()));
            continue;
        }
        absent.seen.insert(arg.clone());
        for table in tables {
            if !found.contains(&table) {
                found.push(table);
            }
        }
    }
    Ok(found)
}

/// Tables that were named and are not there. With several databases, each is expected in one of
/// them only.
#[derive(Default)]
pub struct Absent {
    seen: BTreeSet<TableArg>,
    missed: Vec<(Target, TableArg)>,
}

impl Absent {
    /// Reports those found nowhere.
    pub fn report(self, context: &mut Context) {
        for (target, arg) in self.missed {
            if self.seen.contains(&arg) {
                tracing::info!(connection = %target.job.connection, table = %arg, "not there");
                continue;
            }
            let server = &target.job.server;
            context.report(
                Report {
                    connection: target.job.connection.clone(),
                    table: arg.to_string(),
                    ending: Ending::Refused,
                    phase: Phase::Preflight,
                    error: Some(format!("there is no table {arg} in {}", server.describe())),
                    kind: None,
                    told: Some(format!("there is no table {arg}")),
                    state: Some("nothing was begun".into()),
                    next: Some(match arg.schema {
                        None => "give its schema too (schema.table) if it is not on the \
                                 search path of the role"
                            .into(),
                        Some(_) => "check the names; those with capital letters need double \
                                    quotes, within the quotes of the shell"
                            .into(),
                    }),
                    figures: Figures::default(),
                    exit_status: 3,
                },
                true,
            );
        }
    }
}
