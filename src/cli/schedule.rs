//! `schedule`: what is to come.

use super::args::{Schedule as Asked, Tables};
use super::context::Context;
use super::{grid, repack, units};
use crate::catalog::lookup::Found;
use crate::error::{Error, Result};
use crate::names::QualifiedName;
use crate::schedule::window::Span;
use crate::schedule::{Listed, Rule, Schedule, Seen, State, zone};
use chrono::{DateTime, Duration, SecondsFormat, Utc};
use chrono_tz::Tz;
use serde_json::{Value, json};

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
    let state = schedule.at(at, &Seen::default());
    let listing = schedule.listing(at, usize::from(asked.count));
    let tables = if asked.tables { Some(tables(context, schedule).await) } else { None };
    let text = if context.json {
        String::new()
    } else {
        let width = context.console.result_width();
        let mut text = openings(schedule, &listing, at, width);
        for (i, rule) in schedule.rules.iter().enumerate() {
            let own = tables.as_ref().map(|tables| &tables[i]);
            text.push_str(&rule_text(schedule, rule, &state, i, own, at, width));
        }
        if schedule.rules.is_empty() {
            text.push_str("\nno rule: add a [[rule]], or nothing is ever repacked by itself\n");
        }
        text
    };
    let rules = schedule.rules.iter().enumerate().map(|(i, rule)| {
        let own = tables.as_ref().map(|tables| &tables[i]);
        rule_json(schedule, rule, &state, i, own, at)
    });
    let document = json!({
        "at": stamp(at),
        "timezone": schedule.zone.name(),
        "evaluate": {
            "schedule": schedule.evaluate.schedule.to_string(),
            "jitter_seconds": schedule.evaluate.jitter.num_seconds(),
        },
        "openings": listing.iter().map(listed_json).collect::<Vec<_>>(),
        "rules": rules.collect::<Vec<_>>(),
        "doubts": doubts,
    });
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

/// The openings as a table.
fn openings(
    schedule: &Schedule,
    listing: &[Listed<'_>],
    at: DateTime<Utc>,
    width: usize,
) -> String {
    let evaluate = &schedule.evaluate;
    let mut text = format!(
        "at {}; databases are measured at `{}` {}, up to {} later\n\n",
        local(schedule.zone, at),
        evaluate.schedule,
        evaluate.zone.name(),
        length(evaluate.jitter)
    );
    if schedule.windows.is_empty() && schedule.blackouts.is_empty() {
        return text + "no windows and no blackouts: always open\n";
    }
    if listing.is_empty() {
        return text + "nothing opens in the next two years\n";
    }
    let mut grid = grid::grid(&["window", "opens", "closes", "lasts", "in UTC", "cut by"], width);
    for listed in listing {
        let zone = listed.window.map_or(schedule.zone, |window| window.zone);
        let name = listed.window.map_or("any time", |window| &window.name);
        let cut = listed.blackouts.join(", ");
        if listed.parts.is_empty() {
            let Span { opens, closes } = listed.span;
            let (from, to) = (local(zone, opens), local(zone, closes));
            grid.add_row([name.into(), from, to, "nothing".into(), utc(listed.span), cut.clone()]);
        }
        for part in &listed.parts {
            let (from, to) = (local(zone, part.opens), local(zone, part.closes));
            let lasts = length(part.closes - part.opens);
            grid.add_row([name.into(), from, to, lasts, utc(*part), cut.clone()]);
        }
    }
    grid::keep_whole(&mut grid, &[1, 2, 3, 4]);
    text.push_str(&format!("{}\n", grid.trim_fmt()));
    text
}

#[expect(clippy::too_many_arguments, reason = "it is one paragraph")]
fn rule_text(
    schedule: &Schedule,
    rule: &Rule,
    state: &State,
    index: usize,
    tables: Option<&Vec<(String, QualifiedName)>>,
    at: DateTime<Utc>,
    width: usize,
) -> String {
    let mut text = format!("\nrule {} (line {})", rule.name, rule.line);
    match (rule.enabled, rule.dry_run) {
        (false, _) => return text + ": not enabled\n",
        (true, true) => text.push_str(": reports only"),
        (true, false) => {}
    }
    text.push('\n');
    let mut line = |head: &str, body: String| {
        text.push_str(&format!("  {head:<9} {}\n", units::wrap(&body, width, 12)));
    };
    let patterns = |all: &[_]| all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let mut about = patterns(&rule.tables);
    if !rule.exclude.is_empty() {
        about.push_str(&format!("; not {}", patterns(&rule.exclude)));
    }
    line("tables", about);
    let sets: Vec<_> = rule
        .when
        .iter()
        .map(|set| {
            let all: Vec<_> = set.iter().map(|c| format!("{} {}", c.key(), c.limit())).collect();
            all.join(" and ")
        })
        .collect();
    line("when", sets.join("; or "));
    let windows: Vec<_> = schedule.windows_of(rule).map(|w| w.name.as_str()).collect();
    let windows = if windows.is_empty() { "any time".into() } else { windows.join(", ") };
    line("windows", format!("{windows}; {}", standing(schedule, rule, state, index, at)));
    let mut bounds = format!("{} between repacks of a table", length(rule.cooldown));
    if let Some(most) = rule.max_size {
        bounds.push_str(&format!("; none of more than {}", units::size(most)));
    }
    if let Some(most) = rule.max_duration {
        bounds.push_str(&format!("; none for longer than {}", units::seconds(most.as_secs_f64())));
    }
    line("bounds", bounds);
    let order = json!(rule.order);
    line("order", format!("priority {}, {}", rule.priority, order.as_str().unwrap_or_default()));
    if !rule.settings.is_empty() {
        let all: Vec<_> = rule.settings.iter().map(|(k, v)| format!("{k} = {v}")).collect();
        line("settings", all.join(", "));
    }
    if let Some(tables) = tables {
        let all: Vec<_> = tables.iter().map(|(c, table)| format!("{c}:{table}")).collect();
        line("now", if all.is_empty() { "no table".into() } else { all.join(", ") });
    }
    text
}

/// "open until …", or when next.
fn standing(
    schedule: &Schedule,
    rule: &Rule,
    state: &State,
    index: usize,
    at: DateTime<Utc>,
) -> String {
    let zone = schedule.windows_of(rule).next().map_or(schedule.zone, |window| window.zone);
    match state.rules.get(index).and_then(Option::as_ref) {
        Some(opening) => match (opening.until, opening.may_start) {
            (None, _) => "open".into(),
            (Some(until), true) => format!("open until {}", local(zone, until)),
            (Some(until), false) => {
                format!("open until {}, too late to start anything", local(zone, until))
            }
        },
        None => match schedule.span(rule, at, &state.seen) {
            Some(next) => format!("next {}", local(zone, next.opens)),
            None => "not in the next two years".into(),
        },
    }
}

fn rule_json(
    schedule: &Schedule,
    rule: &Rule,
    state: &State,
    index: usize,
    tables: Option<&Vec<(String, QualifiedName)>>,
    at: DateTime<Utc>,
) -> Value {
    let texts = |all: &[_]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
    let condition =
        |c: &crate::schedule::Condition| json!({ "condition": c.key(), "limit": c.limit() });
    let when: Vec<Vec<_>> =
        rule.when.iter().map(|set| set.iter().map(condition).collect()).collect();
    let opening = state.rules.get(index).and_then(Option::as_ref);
    let next = schedule.span(rule, at, &state.seen).map(|span| span.opens);
    let mut value = json!({
        "name": rule.name,
        "line": rule.line,
        "enabled": rule.enabled,
        "dry_run": rule.dry_run,
        "tables": texts(&rule.tables),
        "exclude": texts(&rule.exclude),
        "when": when,
        "windows": schedule.windows_of(rule).map(|w| &w.name).collect::<Vec<_>>(),
        "open": opening.is_some(),
        "may_start": opening.is_some_and(|o| o.may_start),
        "open_until": opening.and_then(|o| o.until).map(stamp),
        "opens_next": next.filter(|_| opening.is_none()).map(stamp),
        "cooldown_seconds": rule.cooldown.num_seconds(),
        "max_duration_seconds": rule.max_duration.map(|d| d.as_secs()),
        "max_size": rule.max_size,
        "priority": rule.priority,
        "order": rule.order,
        "settings": rule.settings.iter().map(|(k, v)| (k.clone(), json!(v)))
            .collect::<serde_json::Map<_, _>>(),
    });
    if let Some(tables) = tables {
        let one = |(connection, table): &(String, QualifiedName)| json!({ "connection": connection, "table": table.to_string() });
        value["matches"] = tables.iter().map(one).collect();
    }
    value
}

fn listed_json(listed: &Listed<'_>) -> Value {
    let span = |span: &Span| json!({ "opens": stamp(span.opens), "closes": stamp(span.closes) });
    json!({
        "window": listed.window.map(|window| &window.name),
        "timezone": listed.window.map(|window| window.zone.name()),
        "opens": stamp(listed.span.opens),
        "closes": stamp(listed.span.closes),
        "parts": listed.parts.iter().map(span).collect::<Vec<_>>(),
        "blackouts": listed.blackouts,
    })
}

/// As programs read it.
fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// As a clock on the wall shows it.
fn local(zone: Tz, at: DateTime<Utc>) -> String {
    at.with_timezone(&zone).format("%a %Y-%m-%d %H:%M %Z").to_string()
}

fn utc(span: Span) -> String {
    let same_day = span.opens.date_naive() == span.closes.date_naive();
    let end = if same_day { "%H:%M" } else { "%a %H:%M" };
    format!("{} to {}", span.opens.format("%a %H:%M"), span.closes.format(end))
}

fn length(duration: Duration) -> String {
    units::seconds(duration.as_seconds_f64())
}
