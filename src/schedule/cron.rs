//! Cron expressions of five fields, as POSIX has them ("crontab", The Open Group Base
//! Specifications): minute, hour, day of month, month, day of week, 0 and 7 being Sunday. If both days
//! are given, either will do.
//!
//! The crate `cron` finds the times, but not in zones: it skips or repeats times at changes of the
//! clock, counts days of the week from 1 and wants both days to match. So it is asked about civil
//! time alone, once for each of the two days, and [`super::zone`] says when that is.
//!
//! At a change of the clock, as cron of Vixie and its heirs do: an expression that names its minutes
//! and hours comes once for each civil time, at the end of a gap if that never was. One with `*` in
//! front of either goes on at its pace through gaps and folds.

use super::zone;
use chrono::{DateTime, Duration, NaiveDateTime, Utc};
use chrono_tz::Tz;
use cron::Schedule;
use std::str::FromStr;

/// A cron expression.
#[derive(Debug, Clone)]
pub struct Cron {
    text: String,
    /// What comes when any of these does.
    schedules: Vec<Schedule>,
    /// Whether it goes by the pace rather than by the clock.
    paced: bool,
}

impl PartialEq for Cron {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl std::fmt::Display for Cron {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

/// The names that stand for a whole expression.
const NICKNAMES: [(&str, &str); 7] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

/// How far back a civil time may lie whose instant is still to come: the longest gap there was.
const LOOK_BACK: i64 = 25;

impl Cron {
    /// Reads an expression. The error is the end of a sentence that begins with the key.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let full = NICKNAMES.iter().find(|(name, _)| *name == text).map_or(text, |(_, full)| full);
        let fields: Vec<&str> = full.split_ascii_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields[..] else {
            return Err(format!(
                "has {} fields, not five: minute, hour, day of month, month, day of week",
                fields.len()
            ));
        };
        let minutes = list(minute, "minute", 0, 59, &[])?;
        let hours = list(hour, "hour", 0, 23, &[])?;
        let days = list(day, "day of month", 1, 31, &[])?;
        let months = list(month, "month", 1, 12, &MONTHS)?;
        let weekdays = list(weekday, "day of week", 0, 7, &DAYS)?;
        let mut names: Vec<&str> = weekdays.iter().map(|d| DAYS[(*d % 7) as usize]).collect();
        names.dedup();
        let numbers = |list: &[u32]| list.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
        let schedule = |days: &str, weekdays: &str| {
            let all = format!(
                "0 {} {} {days} {} {weekdays}",
                numbers(&minutes),
                numbers(&hours),
                numbers(&months)
            );
            Schedule::from_str(&all).map_err(|e| format!("cannot be read: {e}"))
        };
        let schedules = match (day == "*", weekday == "*") {
            (true, true) => vec![schedule("*", "*")?],
            (false, true) => vec![schedule(&numbers(&days), "*")?],
            (true, false) => vec![schedule("*", &names.join(","))?],
            (false, false) => {
                vec![schedule(&numbers(&days), "*")?, schedule("*", &names.join(","))?]
            }
        };
        let paced = minute.starts_with('*') || hour.starts_with('*');
        let cron = Self { text: text.to_owned(), schedules, paced };
        // A day in February has to be there within eight years, 1900 and 2100 included.
        match cron.civil_after(NaiveDateTime::default()) {
            Some(_) => Ok(cron),
            None => Err(format!("`{text}` never comes")),
        }
    }

    /// Every quarter of an hour.
    pub(super) fn quarters() -> Self {
        let quarters = Self::parse("*/15 * * * *");
        quarters.unwrap_or_else(|_| unreachable!("a valid expression"))
    }

    /// The first time after `after`, in the zone.
    pub fn next_after(&self, zone: Tz, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if self.paced { self.next_paced(zone, after) } else { self.next_fixed(zone, after) }
    }

    fn next_fixed(&self, zone: Tz, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let back = Duration::hours(LOOK_BACK);
        let mut civil = zone::civil(zone, after);
        if zone::transition(zone, after - back, after + back).is_some() {
            civil -= back;
        }
        loop {
            civil = self.civil_after(civil)?;
            let at = zone::instant(zone, civil);
            if at > after {
                return Some(at);
            }
        }
    }

    fn next_paced(&self, zone: Tz, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut from = after;
        let mut civil = self.civil_after(zone::civil(zone, from))?;
        loop {
            // As the clock stands now; unless it is changed before that. A month is long enough to
            // look ahead, and too short for two changes that would cancel each other out.
            let at = (civil - zone::offset(zone, from)).and_utc();
            let horizon = at.min(from + Duration::days(7));
            let Some(change) = zone::transition(zone, from, horizon) else {
                if horizon == at {
                    return Some(at);
                }
                from = horizon;
                continue;
            };
            // From there on, the very moment included.
            from = change;
            civil = self.civil_after(zone::civil(zone, change) - Duration::seconds(1))?;
        }
    }

    /// The first civil time after `after`.
    fn civil_after(&self, after: NaiveDateTime) -> Option<NaiveDateTime> {
        let next = |s: &Schedule| s.after(&after.and_utc()).next().map(|t| t.naive_utc());
        self.schedules.iter().filter_map(next).min()
    }
}

/// Reads a field: `*`, numbers or names, ranges and steps, in any order and number.
fn list(
    field: &str,
    what: &str,
    least: u32,
    most: u32,
    names: &[&str],
) -> Result<Vec<u32>, String> {
    let wrong = |part: &str| format!("has `{part}` as {what}, which has to be {least} to {most}");
    let number = |part: &str| -> Result<u32, String> {
        let by_name = names.iter().position(|n| n.eq_ignore_ascii_case(part));
        let number = match by_name {
            Some(at) => u32::try_from(at).ok().map(|at| at + least),
            // No sign, no space, nothing but digits.
            None if part.bytes().all(|b| b.is_ascii_digit()) => part.parse().ok(),
            None => None,
        };
        number.filter(|n| (least..=most).contains(n)).ok_or_else(|| wrong(part))
    };
    let mut all = Vec::new();
    for part in field.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => {
                let step = step.parse().ok().filter(|s| (1..=most).contains(s));
                (range, step.ok_or_else(|| wrong(part))?)
            }
            None => (part, 1),
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (least, most),
            Some((first, last)) => (number(first)?, number(last)?),
            // A step from one number on goes to the end.
            None if part.contains('/') => (number(range)?, most),
            None => (number(range)?, number(range)?),
        };
        if first > last {
            return Err(format!("has the range {range} as {what}, which ends before it begins"));
        }
        all.extend((first..=last).step_by(step as usize));
    }
    all.sort_unstable();
    all.dedup();
    Ok(all)
}
