//! Windows, blackouts and what holds for all of them, as the configuration file has them.

use super::duration;
use super::file::{Key, Reader, Value};
use crate::error::Result;
use crate::schedule::cron::Cron;
use crate::schedule::window::{Recurrence, Span, Weekly};
use crate::schedule::{AtWindowEnd, Blackout, Habits, Missed, Schedule, Window, zone};
use chrono::Duration;
use chrono_tz::Tz;
use toml::de::{DeTable, DeValue};

/// Keys of `[defaults]`, which windows may have too.
const HABITS: &[&str] = &["missed", "start_deadline", "last_start_before_end", "at_window_end"];

/// Keys that say when a window is open or a blackout holds.
const TIMES: &[&str] = &["name", "timezone", "open", "duration", "rds", "weekly"];

/// A window is no longer than this; what is to be open for longer needs none.
const LONGEST: &str = "31d";

/// The entries of a table in the order of the file.
pub(super) type Entries<'v, 'i> = [(&'v Key<'i>, &'v Value<'i>)];

/// The entry of a key.
pub(super) fn get<'v, 'i>(entries: &Entries<'v, 'i>, key: &str) -> Option<&'v Value<'i>> {
    entries.iter().find(|(k, _)| k.get_ref().as_ref() == key).map(|(_, value)| *value)
}

impl Reader<'_> {
    /// Reads all there is about when and which tables.
    pub(super) fn schedule(&self, document: &DeTable<'_>) -> Result<Schedule> {
        let mut schedule = Schedule::default();
        if let Some(value) = document.get("timezone") {
            schedule.zone = self.read("timezone", value, zone::parse)?;
        }
        schedule.evaluate.zone = schedule.zone;
        if let Some(value) = document.get("evaluate") {
            for (key, value) in self.table("evaluate", value)? {
                self.set(key, value, &["schedule", "jitter"], |key, value| {
                    match key {
                        "schedule" => schedule.evaluate.schedule = Cron::parse(value)?,
                        _ => schedule.evaluate.jitter = bounded(value, "s", "1d")?,
                    }
                    Ok(())
                })?;
            }
        }
        if let Some(value) = document.get("defaults") {
            for (key, value) in self.table("defaults", value)? {
                self.set(key, value, HABITS, |key, value| {
                    set_habit(&mut schedule.defaults, key, value)
                })?;
            }
        }
        for (at, entries) in self.list(document, "window")? {
            let window = self.window(at, &entries, &schedule)?;
            if let Some(other) = schedule.windows.iter().find(|w| w.name == window.name) {
                let message = format!("window {} is in line {} already", window.name, other.line);
                return Err(self.error(at, message));
            }
            schedule.windows.push(window);
        }
        for (at, entries) in self.list(document, "blackout")? {
            let blackout = self.blackout(at, &entries, &schedule)?;
            schedule.blackouts.push(blackout);
        }
        for (at, entries) in self.list(document, "rule")? {
            let rule = self.rule(at, &entries, &schedule)?;
            if let Some(other) = schedule.rules.iter().find(|r| r.name == rule.name) {
                let message = format!("rule {} is in line {} already", rule.name, other.line);
                return Err(self.error(at, message));
            }
            schedule.rules.push(rule);
        }
        Ok(schedule)
    }

    /// What stands under `[[key]]`, and where each of it begins.
    #[expect(clippy::type_complexity, reason = "it is taken apart at once")]
    fn list<'v, 'i>(
        &self,
        document: &'v DeTable<'i>,
        key: &str,
    ) -> Result<Vec<(usize, Vec<(&'v Key<'i>, &'v Value<'i>)>)>> {
        let Some(value) = document.get(key) else { return Ok(Vec::new()) };
        let DeValue::Array(all) = value.get_ref() else {
            return Err(self.error(value.span().start, format!("it is [[{key}]], in two brackets")));
        };
        all.iter().map(|value| Ok((value.span().start, self.table(key, value)?))).collect()
    }

    fn window(&self, at: usize, entries: &Entries<'_, '_>, schedule: &Schedule) -> Result<Window> {
        let mut habits = schedule.defaults;
        for (key, value) in entries {
            if HABITS.contains(&key.get_ref().as_ref()) {
                self.set(key, value, HABITS, |key, value| set_habit(&mut habits, key, value))?;
            } else if !TIMES.contains(&key.get_ref().as_ref()) {
                let known = TIMES.iter().chain(HABITS).copied();
                return Err(self.unknown(key.span().start, key.get_ref(), known));
            }
        }
        let Some(name) = self.name(entries)? else {
            return Err(self.error(at, "a window needs a name, by which rules refer to it".into()));
        };
        let (zone, recurrences) = self.times(at, entries, schedule.zone, "window")?;
        for recurrence in &recurrences {
            if !habits.fit(recurrence.length()) {
                return Err(self.error(
                    at,
                    format!(
                        "window {name} lasts {} min, and last_start_before_end is {} min: nothing \
                         could be started in it",
                        recurrence.length().num_minutes(),
                        habits.last_start_before_end.num_minutes()
                    ),
                ));
            }
        }
        Ok(Window { name, line: self.line(at), recurrences, zone, habits })
    }

    fn blackout(
        &self,
        at: usize,
        entries: &Entries<'_, '_>,
        schedule: &Schedule,
    ) -> Result<Blackout> {
        const DATES: &[&str] = &["from", "until"];
        for (key, _) in entries {
            let known = || TIMES.iter().chain(DATES).copied();
            if !known().any(|k| k == key.get_ref().as_ref()) {
                return Err(self.unknown(key.span().start, key.get_ref(), known()));
            }
        }
        let line = self.line(at);
        let name = self.name(entries)?.unwrap_or_else(|| format!("line {line}"));
        let recurrences = match (get(entries, "from"), get(entries, "until")) {
            (None, None) => self.times(at, entries, schedule.zone, "blackout")?.1,
            (Some(from), Some(until)) => {
                for key in ["open", "duration", "rds", "weekly"] {
                    if let Some(value) = get(entries, key) {
                        let message = format!("both from and {key}: make two blackouts of it");
                        return Err(self.error(value.span().start, message));
                    }
                }
                let zone = self.zone(entries, schedule.zone)?;
                let opens = self.read("from", from, |text| zone::read(zone, text))?;
                let closes = self.read("until", until, |text| zone::read(zone, text))?;
                if closes <= opens {
                    let message = "until has to be later than from; it is the first moment that \
                                   is no part of the blackout";
                    return Err(self.error(until.span().start, message.into()));
                }
                vec![Recurrence::Once(Span { opens, closes })]
            }
            _ => return Err(self.error(at, "a blackout has both from and until".into())),
        };
        Ok(Blackout { name, line, recurrences })
    }

    pub(super) fn name(&self, entries: &Entries<'_, '_>) -> Result<Option<String>> {
        let read = |text: &str| match text.trim() {
            "" => Err("is empty".to_owned()),
            name => Ok(name.to_owned()),
        };
        get(entries, "name").map(|value| self.read("name", value, read)).transpose()
    }

    fn zone(&self, entries: &Entries<'_, '_>, default: Tz) -> Result<Tz> {
        let given = get(entries, "timezone");
        given.map_or(Ok(default), |value| self.read("timezone", value, zone::parse))
    }

    /// What `open` and `duration`, or `rds`, or `weekly` say.
    fn times(
        &self,
        at: usize,
        entries: &Entries<'_, '_>,
        default: Tz,
        what: &str,
    ) -> Result<(Tz, Vec<Recurrence>)> {
        let given = |key: &'static str| get(entries, key).map(|value| (key, value));
        let weekly = match (given("rds"), given("weekly"), given("open")) {
            (Some(weekly), None, None) | (None, Some(weekly), None) => weekly,
            (None, None, Some((key, value))) => {
                let zone = self.zone(entries, default)?;
                let open = self.read(key, value, Cron::parse)?;
                let Some(value) = get(entries, "duration") else {
                    let message =
                        "open says when it begins; add for how long, as duration = \"4h\"";
                    return Err(self.error(value.span().start, message.into()));
                };
                let duration = self.read("duration", value, |text| {
                    let duration = bounded(text, "s", LONGEST)?;
                    match duration < Duration::minutes(1) {
                        true => Err("has to be 1min or more".into()),
                        false => Ok(duration),
                    }
                })?;
                return Ok((zone, vec![Recurrence::Cron { open, zone, duration }]));
            }
            _ => {
                let message = format!(
                    "a {what} has one of: open and duration; rds; weekly{}",
                    if what == "blackout" { "; from and until" } else { "" }
                );
                return Err(self.error(at, message));
            }
        };
        let (key, value) = weekly;
        for other in ["duration", "timezone"] {
            if let Some(value) = get(entries, other) {
                let message = format!(
                    "{key} has its own length and is in UTC: leave {other} out, or use open and duration"
                );
                return Err(self.error(value.span().start, message));
            }
        }
        let texts = self.names(key, value)?;
        if texts.is_empty() {
            return Err(self.error(value.span().start, format!("{key} is empty")));
        }
        let read = |text: &String| {
            let weekly = Weekly::parse(text).map_err(|e| format!("{key} {e}"));
            weekly.map(Recurrence::Weekly).map_err(|e| self.error(value.span().start, e))
        };
        Ok((Tz::UTC, texts.iter().map(read).collect::<Result<_>>()?))
    }

    /// A value as text, read by `parse`, whose error is the end of a sentence.
    pub(super) fn read<T>(
        &self,
        key: &str,
        value: &Value<'_>,
        parse: impl FnOnce(&str) -> std::result::Result<T, String>,
    ) -> Result<T> {
        let text = match value.get_ref() {
            DeValue::Datetime(datetime) => datetime.to_string(),
            _ => self.text_of(key, value)?,
        };
        parse(&text).map_err(|e| self.error(value.span().start, format!("{key} {e}")))
    }
}

fn set_habit(habits: &mut Habits, key: &str, value: &str) -> std::result::Result<(), String> {
    match key {
        "missed" => {
            habits.missed = match value {
                "skip" => Missed::Skip,
                "run_once" => Missed::RunOnce,
                _ => return Err(format!("cannot be `{value}`; it is skip or run_once")),
            }
        }
        "start_deadline" => habits.start_deadline = bounded(value, "s", LONGEST)?,
        "last_start_before_end" => habits.last_start_before_end = bounded(value, "s", LONGEST)?,
        _ => {
            habits.at_window_end = match value {
                "finish" => AtWindowEnd::Finish,
                "pause" => AtWindowEnd::Pause,
                "abort" => AtWindowEnd::Abort,
                _ => return Err(format!("cannot be `{value}`; it is finish, pause or abort")),
            }
        }
    }
    Ok(())
}

/// A duration up to `most`.
pub(super) fn bounded(
    value: &str,
    unit: &str,
    most: &str,
) -> std::result::Result<Duration, String> {
    let duration = duration::parse(value, unit)?;
    if duration > duration::parse(most, "s")? {
        return Err(format!("has to be {most} or less"));
    }
    Duration::from_std(duration).map_err(|e| e.to_string())
}

/// A number from 0 to 1, or per cent.
pub(super) fn ratio(text: &str) -> std::result::Result<f64, String> {
    let (number, whole) = match text.trim().strip_suffix('%') {
        Some(number) => (number.trim(), 100.0),
        None => (text.trim(), 1.0),
    };
    let ratio = number.parse().ok().map(|n: f64| n / whole);
    let ratio = ratio.filter(|ratio| (0.0..=1.0).contains(ratio));
    ratio.ok_or_else(|| "is a part of the whole: 0.3, or \"30%\"".into())
}
