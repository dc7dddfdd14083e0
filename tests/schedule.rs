//! Cron expressions against another reader of them, over zones and years.

mod deciding;
mod missed;
mod nights;
mod reading;
mod ready;

use crate::config::Test;
use crate::support::random::{Random, seed};
use chrono::{DateTime, Duration, TimeZone, Utc};
use chrono_tz::Tz;
use croner::parser::{CronParser, Seconds};
use repackd::config::{Config, Environment};
use repackd::error::Error;
use repackd::schedule::Schedule;
use repackd::schedule::cron::Cron;
use std::path::Path;

/// The tests of this module; they need no server.
pub fn tests() -> Vec<Test> {
    vec![
        ("schedule: as croner has it", || property(expression)),
        ("schedule: as croner has it around changes of the clock", || property(at_night)),
        ("schedule: what cron and croner leave to us", known),
        ("schedule: a year of nights in three zones", nights::a_year),
        ("schedule: any windows and blackouts, minute by minute", nights::minute_by_minute),
        ("schedule: missed windows", missed::policies),
        ("schedule: clocks that jump", missed::any_clock),
        ("schedule: the first rule that matches decides", deciding::first_match),
        ("schedule: conditions", deciding::conditions),
        ("schedule: what is said about a decision", deciding::explained),
        ("schedule: which comes first", deciding::order),
        ("schedule: every key of the configuration", reading::everything),
        ("schedule: mistakes in the configuration", reading::mistakes),
        ("schedule: what is surely not meant", reading::doubts),
        ("schedule: the files that are ready", ready::files),
    ]
}

/// Reads a configuration.
fn config(text: &str) -> Result<Config, Error> {
    let environment = Environment::of([("HOME", "/home/me"), ("USER", "me")]);
    Config::parse_in(text, Some(Path::new("/etc/repackd/r.toml")), &environment)
}

/// The schedule of a configuration, with a connection added.
fn read(text: &str) -> Result<Schedule, String> {
    let text = format!("{text}\n[connections.x]\nhost = 'h'\n");
    config(&text).map(|config| config.schedule).map_err(|e| e.to_string())
}

/// A time in UTC.
fn at(text: &str) -> DateTime<Utc> {
    chrono::NaiveDateTime::parse_from_str(text, "%F %R").unwrap().and_utc()
}

fn same<T: PartialEq + std::fmt::Debug>(found: T, expected: T) -> Result<(), String> {
    match found == expected {
        true => Ok(()),
        false => Err(format!("found {found:?}, expected {expected:?}")),
    }
}

/// Zones whose clocks are changed in odd ways, and some whose are not.
const ZONES: [Tz; 14] = [
    Tz::UTC,
    Tz::Europe__Berlin,
    Tz::Europe__London,
    Tz::America__New_York,
    Tz::America__Sao_Paulo,
    Tz::America__St_Johns,
    Tz::Australia__Lord_Howe,
    Tz::Australia__Adelaide,
    Tz::Africa__Casablanca,
    Tz::Asia__Kathmandu,
    Tz::Asia__Tehran,
    Tz::Pacific__Chatham,
    Tz::Pacific__Apia,
    Tz::Antarctica__Troll,
];

/// Some seconds' worth.
const CASES: u64 = 400;

/// A field as people write it.
fn field(random: &mut Random, least: u32, most: u32, star: bool) -> String {
    let number = |random: &mut Random| {
        u32::try_from(random.range(i64::from(least), i64::from(most) + 1)).unwrap()
    };
    match random.range(0, 6) {
        0 | 1 if star => "*".into(),
        2 if star => format!("*/{}", random.range(2, 13)),
        3 => {
            let (a, b) = (number(random), number(random));
            format!("{}-{}", a.min(b), a.max(b))
        }
        4 => {
            let (a, b) = (number(random), number(random));
            format!("{a},{b}")
        }
        _ => number(random).to_string(),
    }
}

/// Any expression. Steps over all days beside a day of the week are left out: whether those name
/// days is a matter of opinion.
fn expression(random: &mut Random) -> [String; 5] {
    let day = field(random, 1, 28, true);
    let weekday = if day.starts_with("*/") { "*".into() } else { field(random, 0, 7, true) };
    let weekday = if weekday.starts_with("*/") { "*".into() } else { weekday };
    [
        field(random, 0, 59, true),
        field(random, 0, 23, true),
        day,
        field(random, 1, 12, true),
        weekday,
    ]
}

/// One that comes when clocks are changed.
fn at_night(random: &mut Random) -> [String; 5] {
    let minute = field(random, 0, 59, true);
    let hour = field(random, 0, 3, true);
    [minute, hour, "*".into(), "*".into(), "*".into()]
}

/// What croner says comes next. An expression that names its minutes and hours is asked for each of
/// their pairs by itself: with several, croner goes by the pace, which repeats times.
fn oracle(fields: &[String; 5], zone: Tz, after: DateTime<Utc>) -> Result<DateTime<Utc>, String> {
    let [minute, hour, rest @ ..] = fields;
    let parser = CronParser::builder().seconds(Seconds::Disallowed).build();
    let next = |minute: &str, hour: &str| {
        let text = format!("{minute} {hour} {}", rest.join(" "));
        let cron = parser.parse(&text).map_err(|e| format!("croner on {text}: {e}"))?;
        let local = after.with_timezone(&zone);
        let next = cron.find_next_occurrence(&local, false);
        next.map(|t| t.with_timezone(&Utc)).map_err(|e| format!("croner on {text}: {e}"))
    };
    if minute.starts_with('*') || hour.starts_with('*') {
        return next(minute, hour);
    }
    let mut all = Vec::new();
    for minute in values(minute) {
        for hour in values(hour) {
            all.push(next(&minute.to_string(), &hour.to_string())?);
        }
    }
    all.into_iter().min().ok_or_else(|| "nothing".into())
}

/// The numbers of a field without stars.
fn values(field: &str) -> Vec<u32> {
    let number = |text: &str| text.parse::<u32>().unwrap();
    let part = |part: &str| match part.split_once('-') {
        Some((a, b)) => (number(a)..=number(b)).collect::<Vec<_>>(),
        None => vec![number(part)],
    };
    let mut all: Vec<u32> = field.split(',').flat_map(part).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn property(make: fn(&mut Random) -> [String; 5]) -> Result<(), String> {
    let seed = seed();
    let mut random = Random::new(seed, 0);
    for _ in 0..CASES {
        let fields = make(&mut random);
        let zone = ZONES[usize::try_from(random.range(0, ZONES.len() as i64)).unwrap()];
        // Around a change of the clock, if there is one nearby.
        let day = Utc.timestamp_opt(random.range(1_200_000_000, 2_200_000_000), 0).unwrap();
        let change = repackd::schedule::zone::transition(zone, day, day + Duration::days(120));
        let mut at = change.unwrap_or(day) - Duration::minutes(random.range(0, 300));
        let text = fields.join(" ");
        let cron = Cron::parse(&text).map_err(|e| format!("seed {seed}: {text} {e}"))?;
        for _ in 0..5 {
            let expected = oracle(&fields, zone, at)?;
            let found = cron.next_after(zone, at);
            if found != Some(expected) {
                return Err(format!(
                    "seed {seed}: `{text}` in {zone} after {at}: {found:?}, croner has {expected}"
                ));
            }
            at = expected;
        }
    }
    Ok(())
}

fn known() -> Result<(), String> {
    for (expression, zone, after, expected) in [
        ("30 2 * * *", Tz::America__New_York, "2026-03-08 06:00", "2026-03-08 07:00"), // 03:00
        ("30 1 * * *", Tz::America__New_York, "2026-11-01 05:00", "2026-11-01 05:30"), // the first
        ("30 1 * * *", Tz::America__New_York, "2026-11-01 05:30", "2026-11-02 06:30"), // once
        ("0,30 1,2 * * *", Tz::America__New_York, "2026-11-01 05:30", "2026-11-01 07:00"),
        ("*/30 * * * *", Tz::America__New_York, "2026-11-01 05:30", "2026-11-01 06:00"),
        ("0 0 13 * 5", Tz::UTC, "2026-11-01 00:00", "2026-11-06 00:00"), // a Friday, or a 13th
        ("0 0 * * 0", Tz::UTC, "2026-11-25 00:00", "2026-11-29 00:00"),
        ("0 0 * * 7", Tz::UTC, "2026-11-25 00:00", "2026-11-29 00:00"),
        ("0 0 * * mon-fri", Tz::UTC, "2026-11-27 00:00", "2026-11-30 00:00"),
        ("0 0 29 2 *", Tz::UTC, "2026-11-27 00:00", "2028-02-29 00:00"),
        ("@weekly", Tz::UTC, "2026-11-27 00:00", "2026-11-29 00:00"),
    ] {
        let found = Cron::parse(expression)?.next_after(zone, at(after));
        if found != Some(at(expected)) {
            return Err(format!("{expression} in {zone} after {after}: {found:?}, not {expected}"));
        }
    }
    for wrong in [
        "",
        "* * * *",
        "0 * * * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * * 13 *",
        "* * * * 8",
        "5-1 * * * *",
        "*/0 * * * *",
        "a * * * *",
        "1, * * * *",
        "+1 * * * *",
        "0 0 31 2 *",
        "@noon",
        "* * ? * *",
        "L * * * *",
    ] {
        if Cron::parse(wrong).is_ok() {
            return Err(format!("`{wrong}` was read"));
        }
    }
    Ok(())
}
