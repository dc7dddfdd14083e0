//! `schedule`: what is to come.

mod document;
mod text;

use super::args::{Schedule as Asked, Tables};
use super::context::Context;
use super::{repack, units};
use crate::catalog::lookup::Found;
use crate::error::{Error, Result};
use crate::names::QualifiedName;
use crate::schedule::{Listed, Opening, Rule, Schedule, Seen, State, zone};
use chrono::{DateTime, Utc};
use serde_json::json;

/// What is shown.
struct View<'a> {
    schedule: &'a Schedule,
    at: DateTime<Utc>,
    listing: Vec<Listed<'a>>,
    state: State,
    /// For each rule the connection and name of the tables it decides about, if they were asked for.
    tables: Option<Vec<Vec<(String, QualifiedName)>>>,
}

impl View<'_> {
    /// The rules with what is open to them and their tables.
    fn rules(&self) -> impl Iterator<Item = RuleView<'_>> {
        self.schedule.rules.iter().enumerate().map(|(i, rule)| RuleView {
            rule,
            opening: self.state.rules.get(i).and_then(Option::as_ref),
            tables: self.tables.as_ref().and_then(|tables| tables.get(i)),
        })
    }
}

/// A rule that is shown.
struct RuleView<'a> {
    rule: &'a Rule,
    opening: Option<&'a Opening>,
    tables: Option<&'a Vec<(String, QualifiedName)>>,
}

/// Shows the openings to come and the rules. No database is asked unless tables are to be listed.
pub async fn show(context: &mut Context, asked: &Asked) -> Result<u8> {
    let config = context.config.clone();
    let schedule = &config.schedule;
    let at = match &asked.at {
        None => Utc::now(),
        Some(text) => {
            zone::read(schedule.zone, text).map_err(|e| Error::Usage(format!("--at {e}")))?
        }
    };
    let file = config.file.as_ref().map_or("configuration".into(), |f| f.display().to_string());
    let names: Vec<_> = config.connections.iter().map(|c| c.name.as_str()).collect();
    let doubts = schedule.doubts(&names, at);
    for (line, doubt) in &doubts {
        context.console.say(&format!("{file}:{line}: {doubt}"));
    }
    let doubts: Vec<_> =
        doubts.iter().map(|(line, doubt)| json!({ "line": line, "doubt": doubt })).collect();
    if asked.check {
        context.status(u8::from(!doubts.is_empty()));
        let text = match doubts.len() {
            0 => format!("{file}: {}\n", amounts(schedule)),
            _ => String::new(),
        };
        return Ok(context.finish("schedule", json!({ "doubts": doubts }), &text));
    }
    let view = View {
        schedule,
        at,
        listing: schedule.listing(at, usize::from(asked.count)),
        state: schedule.at(at, &Seen::default()),
        tables: if asked.tables { Some(tables(context, schedule).await) } else { None },
    };
    let text = view.text(context.console.result_width());
    let mut document = view.document();
    document["doubts"] = doubts.into();
    Ok(context.finish("schedule", document, &text))
}

/// The tables each rule decides about, in all databases that can be reached.
async fn tables(context: &mut Context, schedule: &Schedule) -> Vec<Vec<(String, QualifiedName)>> {
    let mut all = vec![Vec::new(); schedule.rules.len()];
    let mut absent = repack::Absent::default();
    for target in context.targets.clone().iter() {
        let connection = &target.job.connection;
        let found = match repack::pick(context, target, &Tables::default(), &mut absent).await {
            Ok(found) => found,
            Err(error) => {
                context.failed(target, &error);
                continue;
            }
        };
        for Found { name, .. } in found {
            let rule = schedule.rules.iter().position(|rule| rule.about(connection, &name).is_ok());
            if let Some(rule) = rule {
                all[rule].push((connection.clone(), name));
            }
        }
        if context.stopped() {
            break;
        }
    }
    all
}

fn amounts(schedule: &Schedule) -> String {
    let of = |number: usize, word| units::plural(number as u64, word);
    format!(
        "{}, {}, {}: nothing to remark",
        of(schedule.windows.len(), "window"),
        of(schedule.blackouts.len(), "blackout"),
        of(schedule.rules.len(), "rule")
    )
}
