//! The files of `schedules/`: each is read, nothing in it looks like a mistake, and what it opens in
//! a month is as it is written down beside this. `REPACKD_GOLDEN=write` writes that down.

use super::at;
use crate::support::words;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use repackd::config::{Config, Environment};
use repackd::schedule::Schedule;
use std::path::Path;

pub fn files() -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let golden = root.join("tests/schedule/golden");
    let write = std::env::var_os("REPACKD_GOLDEN").is_some_and(|v| v == "write");
    let mut all: Vec<_> = std::fs::read_dir(root.join("schedules"))
        .map_err(words)?
        .map(|entry| entry.map(|e| e.path()))
        .collect::<Result<_, _>>()
        .map_err(words)?;
    all.sort();
    if all.len() < 8 {
        return Err(format!("only {all:?}"));
    }
    for file in all {
        let text = std::fs::read_to_string(&file).map_err(words)?;
        let environment = Environment::of([("HOME", "/home/me"), ("USER", "me")]);
        let config = Config::parse_in(&text, Some(&file), &environment).map_err(words)?;
        let from = at("2026-10-15 00:00");
        let names: Vec<_> = config.connections.iter().map(|c| c.name.as_str()).collect();
        let doubts = config.schedule.doubts(&names, from);
        if !doubts.is_empty() || !config.warnings.is_empty() || config.schedule.rules.is_empty() {
            return Err(format!("{}: {doubts:?} {:?}", file.display(), config.warnings));
        }
        let found = month(&config.schedule, from, at("2026-11-15 00:00"));
        let beside = golden.join(file.file_name().unwrap()).with_extension("txt");
        if write {
            std::fs::write(&beside, &found).map_err(words)?;
        }
        let expected = std::fs::read_to_string(&beside).map_err(words)?;
        if found != expected {
            return Err(format!("{} opens at\n{found}expected\n{expected}", file.display()));
        }
    }
    Ok(())
}

/// A line for each opening, and the parts that blackouts leave of it.
fn month(schedule: &Schedule, from: DateTime<Utc>, until: DateTime<Utc>) -> String {
    let mut text = String::new();
    for listed in schedule.listing(from, 1000) {
        if listed.span.opens >= until {
            break;
        }
        let zone = listed.window.map_or(schedule.zone, |window| window.zone);
        let name = listed.window.map_or("any time", |window| &window.name);
        let parts: Vec<_> = listed.parts.iter().map(|p| shown(zone, p.opens, p.closes)).collect();
        let parts = if parts.is_empty() { "nothing".into() } else { parts.join(", ") };
        let cut = match listed.blackouts.is_empty() {
            true => String::new(),
            false => format!(" (cut by {})", listed.blackouts.join(", ")),
        };
        text.push_str(&format!("{name}: {parts}{cut}\n"));
    }
    text
}

fn shown(zone: Tz, opens: DateTime<Utc>, closes: DateTime<Utc>) -> String {
    if (closes - opens).num_days() > 700 {
        return "always".into();
    }
    let local = |at: DateTime<Utc>| at.with_timezone(&zone).format("%a %F %H:%M %Z").to_string();
    let minutes = (closes - opens).num_minutes();
    format!("{} for {}h{:02}", local(opens), minutes / 60, minutes % 60)
}
