//! `plan`, `connections` and `init`: looking without touching.

use super::args::Tables;
use super::context::Context;
use super::{grid, plan as plan_text, repack, units};
use crate::engine;
use crate::error::{Error, Result};
use serde_json::json;

/// Says what would be done to each table meant.
pub async fn plan(context: &mut Context, tables: &Tables) -> Result<u8> {
    context.named_or_listed(tables)?;
    let (mut document, mut text) = (Vec::new(), String::new());
    let mut absent = repack::Absent::default();
    for target in context.targets.clone().iter() {
        let found = match repack::pick(context, target, tables, &mut absent).await {
            Ok(found) => found,
            Err(error) => {
                context.failed(target, &error);
                continue;
            }
        };
        for table in found {
            match context.unless_stopped(engine::plan(&target.job, &table)).await {
                Ok(plan) => {
                    let refused = !plan.reasons.is_empty() && !tables.tables.is_empty();
                    context.status(if refused { 3 } else { 0 });
                    if !text.is_empty() {
                        text.push('\n');
                    }
                    text.push_str(&plan_text::render(&plan, context.console.result_width()));
                    let mut value = json!(plan);
                    value["connection"] = json!(target.job.connection);
                    document.push(value);
                }
                Err(error) => {
                    context.failed(target, &error);
                    if matches!(error, Error::Unreachable { .. }) {
                        break;
                    }
                }
            }
            if context.stopped() {
                break;
            }
        }
        if context.stopped() {
            break;
        }
    }
    absent.report(context);
    Ok(context.finish("plans", document.into(), &text))
}

/// Shows the connections and what is meant in each.
pub fn connections(context: &Context) -> u8 {
    if context.json {
        let all = context.targets.iter().map(|target| {
            json!({
                "connection": target.job.connection,
                "server": target.job.server.describe(),
                "schemas": target.schemas,
                "tables": target.tables,
            })
        });
        let all: Vec<_> = all.collect();
        let document = json!({ "repackd": env!("CARGO_PKG_VERSION"), "connections": all });
        context.console.result(&format!("{document:#}\n"));
        return 0;
    }
    let mut grid = grid::grid(&["connection", "server", "tables"], context.console.result_width());
    for target in context.targets.iter() {
        let mut meant: Vec<String> = target.schemas.iter().map(|s| format!("all of {s}")).collect();
        meant.extend(target.tables.iter().cloned());
        if meant.is_empty() {
            meant.push("all".into());
        }
        let server = target.job.server.describe();
        grid.add_row([target.job.connection.clone(), server, meant.join(", ")]);
    }
    context.console.result(&format!("{}\n", grid.trim_fmt()));
    0
}

/// Checks each database and prints what an administrator has to run. Nothing is created in
/// advance: a run brings what it needs and takes it away again.
pub async fn init(context: &mut Context) -> Result<u8> {
    let (mut document, mut text) = (Vec::new(), String::new());
    let width = context.console.result_width();
    for target in context.targets.clone().iter() {
        match context.unless_stopped(engine::check(&target.job)).await {
            Ok(check) => {
                let ready = check.problems.is_empty();
                context.status(u8::from(!ready));
                let verdict = if ready { "ready" } else { "not ready" };
                text.push_str(&format!(
                    "{}: {verdict}\n  server  {}\n  role    {}\n",
                    check.target, check.server, check.login
                ));
                for problem in &check.problems {
                    text.push_str(&format!("  missing {}\n", units::wrap(problem, width, 10)));
                }
                if !check.grants.is_empty() {
                    text.push_str("\n-- for an administrator to run:\n");
                    for grant in &check.grants {
                        text.push_str(&format!("{grant}\n"));
                    }
                    text.push('\n');
                }
                document.push(json!({
                    "connection": target.job.connection,
                    "target": check.target,
                    "server": check.server,
                    "login": check.login,
                    "ready": ready,
                    "problems": check.problems,
                    "grants": check.grants,
                }));
            }
            Err(error) => context.failed(target, &error),
        }
        if context.stopped() {
            break;
        }
    }
    if !document.is_empty() && !context.json {
        context.console.say(
            "Nothing needs to be created in advance: a run brings its own schemas and removes \
             them at its end.",
        );
    }
    Ok(context.finish("checks", document.into(), &text))
}
