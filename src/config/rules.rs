//! Rules, as the configuration file has them.

use super::file::{Reader, Value};
use super::schedule::{Entries, bounded, ratio};
use super::{Settings, limits, settings};
use crate::error::{Result, did_you_mean};
use crate::schedule::pattern::Pattern;
use crate::schedule::{Condition, Order, Rule, Schedule};
use chrono::Duration;
use toml::de::DeValue;

/// Keys of a rule, besides settings of a connection.
const KEYS: &[&str] = &[
    "name",
    "enabled",
    "dry_run",
    "tables",
    "exclude",
    "windows",
    "when",
    "cooldown",
    "max_duration",
    "max_size",
    "priority",
    "order",
];

const CONDITIONS: &[&str] =
    &["bloat_ratio", "bloat_bytes", "dead_rows", "dead_ratio", "size_min", "size_max"];

const ORDERS: [(&str, Order); 5] = [
    ("most_gain", Order::MostGain),
    ("worst_ratio", Order::WorstRatio),
    ("oldest", Order::Oldest),
    ("smallest", Order::Smallest),
    ("largest", Order::Largest),
];

impl Reader<'_> {
    pub(super) fn rule(
        &self,
        at: usize,
        entries: &Entries<'_, '_>,
        schedule: &Schedule,
    ) -> Result<Rule> {
        let line = self.line(at);
        let mut rule = Rule {
            name: self.name(entries)?.unwrap_or_else(|| format!("line {line}")),
            line,
            enabled: true,
            dry_run: false,
            tables: Vec::new(),
            exclude: Vec::new(),
            windows: Vec::new(),
            when: Vec::new(),
            cooldown: Duration::days(7),
            max_duration: None,
            max_size: None,
            priority: 0,
            order: Order::MostGain,
            settings: Vec::new(),
        };
        for (key, value) in entries {
            let (at, key) = (key.span().start, key.get_ref().as_ref());
            match key {
                "name" => {}
                "enabled" => rule.enabled = self.read(key, value, settings::boolean)?,
                "dry_run" => rule.dry_run = self.read(key, value, settings::boolean)?,
                "tables" => rule.tables = self.patterns(key, value)?,
                "exclude" => rule.exclude = self.patterns(key, value)?,
                "windows" => rule.windows = self.windows(value, schedule)?,
                "when" => rule.when = self.when(value)?,
                "cooldown" => {
                    rule.cooldown = self.read(key, value, |v| bounded(v, "s", "3650d"))?
                }
                "max_duration" => {
                    rule.max_duration = Some(self.read(key, value, |v| settings::time(v, "s"))?);
                }
                "max_size" => rule.max_size = Some(self.read(key, value, size)?),
                "priority" => rule.priority = self.read(key, value, priority)?,
                "order" => rule.order = self.read(key, value, order)?,
                _ if settings::keys().any(|k| k == key) => {
                    let text = self.setting(key, value)?;
                    Settings::default()
                        .set(key, &text)
                        .map_err(|e| self.error(at, format!("{key}: {e}")))?;
                    rule.settings.push((key.to_owned(), text));
                }
                _ => {
                    let known = KEYS.iter().copied().chain(settings::keys());
                    return Err(self.unknown(at, key, known));
                }
            }
        }
        if rule.tables.is_empty() {
            let message = "a rule needs tables, such as tables = [\"public.*\"]; [\"*\"] are all";
            return Err(self.error(at, message.into()));
        }
        if rule.when.is_empty() {
            let message = "a rule needs to say when a table qualifies, such as \
                           when = { bloat_ratio = 0.3, bloat_bytes = \"1GB\" }";
            return Err(self.error(at, message.into()));
        }
        Ok(rule)
    }

    fn patterns(&self, key: &str, value: &Value<'_>) -> Result<Vec<Pattern>> {
        let read = |text: &String| {
            Pattern::parse(text).map_err(|e| self.error(value.span().start, format!("{key} {e}")))
        };
        self.names(key, value)?.iter().map(read).collect()
    }

    fn windows(&self, value: &Value<'_>, schedule: &Schedule) -> Result<Vec<String>> {
        let at = value.span().start;
        let names = self.names("windows", value)?;
        if names.is_empty() {
            let message = "windows is empty; leave it out to mean all, or say enabled = false";
            return Err(self.error(at, message.into()));
        }
        for name in &names {
            let known = || schedule.windows.iter().map(|w| w.name.as_str());
            if !known().any(|k| k == name) {
                let hint = did_you_mean(name, known());
                return Err(self.error(at, format!("there is no window `{name}`{hint}")));
            }
        }
        Ok(names)
    }

    /// One set of conditions, or a list of them, any of which will do.
    fn when(&self, value: &Value<'_>) -> Result<Vec<Vec<Condition>>> {
        match value.get_ref() {
            DeValue::Array(sets) => sets.iter().map(|set| self.conditions(set)).collect(),
            _ => Ok(vec![self.conditions(value)?]),
        }
    }

    fn conditions(&self, value: &Value<'_>) -> Result<Vec<Condition>> {
        let mut conditions = Vec::new();
        let entries = self.table("when", value)?;
        for (key, value) in &entries {
            let (at, key) = (key.span().start, key.get_ref().as_ref());
            conditions.push(match key {
                "bloat_ratio" => Condition::BloatRatio(self.read(key, value, ratio)?),
                "bloat_bytes" => Condition::BloatBytes(self.read(key, value, size)?),
                "dead_rows" => Condition::DeadRows(self.read(key, value, rows)?),
                "dead_ratio" => Condition::DeadRatio(self.read(key, value, ratio)?),
                "size_min" => Condition::SizeMin(self.read(key, value, size)?),
                "size_max" => Condition::SizeMax(self.read(key, value, size)?),
                _ => return Err(self.unknown(at, key, CONDITIONS.iter().copied())),
            });
        }
        if entries.is_empty() {
            let message = "when has no condition, so that every table would qualify, always; \
                           if you mean that, say { size_min = \"1B\" }";
            return Err(self.error(value.span().start, message.into()));
        }
        let bound = |wanted: fn(&Condition) -> Option<i64>| conditions.iter().find_map(wanted);
        let least = bound(|c| if let Condition::SizeMin(v) = c { Some(*v) } else { None });
        let most = bound(|c| if let Condition::SizeMax(v) = c { Some(*v) } else { None });
        if least.zip(most).is_some_and(|(least, most)| least > most) {
            let message = "size_max is less than size_min, so that no table qualifies";
            return Err(self.error(value.span().start, message.into()));
        }
        Ok(conditions)
    }
}

fn size(text: &str) -> std::result::Result<i64, String> {
    let bytes = limits::bytes(text).map_err(|e| format!("is wrong: {e}"))?;
    i64::try_from(bytes).map_err(|_| "is out of range".into())
}

fn rows(text: &str) -> std::result::Result<i64, String> {
    settings::whole(text, 0, 1_000_000_000_000_000)
}

fn priority(text: &str) -> std::result::Result<i64, String> {
    let number = text.trim().parse().ok().filter(|n: &i64| n.abs() <= 1_000_000);
    number.ok_or_else(|| "has to be a whole number; tables of a higher one come first".into())
}

fn order(text: &str) -> std::result::Result<Order, String> {
    let found = ORDERS.iter().find(|(name, _)| *name == text);
    found.map(|(_, order)| *order).ok_or_else(|| {
        let all: Vec<_> = ORDERS.iter().map(|(name, _)| *name).collect();
        format!("cannot be `{text}`; it is one of {}", all.join(", "))
    })
}
