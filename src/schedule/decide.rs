//! Deciding about a table.

use super::Schedule;
use super::pattern::Pattern;
use super::rule::{Order, Rule};
use crate::job::Sizes;
use crate::names::QualifiedName;
use crate::units::{seconds, size};
use chrono::{DateTime, Duration, Utc};
use serde::Serialize;
use std::cmp::Reverse;

/// A table that may be repacked, as it was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The connection's name.
    pub connection: String,
    /// The database.
    pub database: String,
    /// The table.
    pub table: QualifiedName,
    /// Its sizes.
    pub sizes: Sizes,
    /// The bytes a repack would give back; `None` if that cannot be told.
    pub bloat_bytes: Option<i64>,
    /// The same as a part of the whole, from 0 to 1.
    pub bloat_ratio: Option<f64>,
    /// Dead rows.
    pub dead_rows: Option<i64>,
    /// Live rows.
    pub live_rows: Option<i64>,
    /// When it was repacked last.
    pub last_repack: Option<DateTime<Utc>>,
    /// Why it is left alone until further notice: refused, or set aside after failures.
    pub set_aside: Option<String>,
}

/// What was decided about a table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Decision {
    /// The rule that decided; `None` if none matches.
    pub rule: Option<Decider>,
    /// The rules before it, and why they did not decide.
    pub passed_over: Vec<PassedOver>,
    /// Whether the table is to be repacked.
    pub qualifies: bool,
    /// Whether that is reported only.
    pub dry_run: bool,
    /// Every condition.
    pub reasons: Vec<Reason>,
}

/// A rule that decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decider {
    /// Where it stands among [`Schedule::rules`].
    pub index: usize,
    /// Its name.
    pub name: String,
    /// Its line in the configuration.
    pub line: usize,
    /// Its pattern that matches.
    pub pattern: String,
}

/// A rule that did not decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PassedOver {
    /// Its name.
    pub name: String,
    /// Its line in the configuration.
    pub line: usize,
    /// Why.
    pub why: String,
}

/// A condition, and how the table stands to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Its key in the configuration, or `set_aside`.
    pub condition: &'static str,
    /// 0: it has to hold in any case. Else which of the sets of conditions in `when` it belongs to,
    /// from 1; one whole set has to hold.
    pub set: usize,
    /// What the table has.
    pub value: String,
    /// What the condition asks for.
    pub limit: String,
    /// Whether it holds.
    pub met: bool,
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { condition, value, limit, .. } = self;
        write!(f, "{condition} {value}")?;
        if limit.is_empty() { Ok(()) } else { write!(f, " ({limit})") }
    }
}

impl Schedule {
    /// Decides about a table.
    pub fn decide(&self, candidate: &Candidate, now: DateTime<Utc>) -> Decision {
        let mut passed_over = Vec::new();
        for (index, rule) in self.rules.iter().enumerate() {
            match rule.about(&candidate.connection, &candidate.table) {
                Ok(pattern) => {
                    let reasons = rule.reasons(candidate, now);
                    let (name, line, pattern) = (rule.name.clone(), rule.line, pattern.to_string());
                    return Decision {
                        rule: Some(Decider { index, name, line, pattern }),
                        passed_over,
                        qualifies: holds(&reasons),
                        dry_run: rule.dry_run,
                        reasons,
                    };
                }
                Err(why) => {
                    let (name, line) = (rule.name.clone(), rule.line);
                    passed_over.push(PassedOver { name, line, why });
                }
            }
        }
        let reasons = Vec::new();
        Decision { rule: None, passed_over, qualifies: false, dry_run: false, reasons }
    }

    /// Puts tables that qualify into the order in which they are repacked: by priority, then by the
    /// rules' place in the file, then as the rule orders its own; those that no rule decided about
    /// come last.
    pub fn rank(&self, decided: &mut [(Candidate, Decision)]) {
        decided.sort_by_cached_key(|(candidate, decision)| {
            let rule =
                decision.rule.as_ref().and_then(|r| Some((r.index, self.rules.get(r.index)?)));
            let (index, priority, own) = match rule {
                Some((index, rule)) => (index, rule.priority, rule.order.key(candidate)),
                None => (usize::MAX, i64::MIN, 0),
            };
            (Reverse(priority), index, own, candidate.connection.clone(), candidate.table.clone())
        });
    }
}

impl Rule {
    /// The pattern by which the rule is about a table, or why it is not.
    pub fn about(&self, connection: &str, table: &QualifiedName) -> Result<&Pattern, String> {
        if !self.enabled {
            return Err("it is not enabled".into());
        }
        let matching = |all: &'_ [Pattern]| all.iter().position(|p| p.matches(connection, table));
        let Some(at) = matching(&self.tables) else {
            let all: Vec<_> = self.tables.iter().map(|p| format!("`{p}`")).collect();
            return Err(format!("none of its tables matches: {}", all.join(", ")));
        };
        match matching(&self.exclude) {
            Some(by) => Err(format!("`{}` excludes it", self.exclude[by])),
            None => Ok(&self.tables[at]),
        }
    }

    fn reasons(&self, candidate: &Candidate, now: DateTime<Utc>) -> Vec<Reason> {
        let mut all = Vec::new();
        if let Some(why) = &candidate.set_aside {
            let (value, limit) = (why.clone(), String::new());
            all.push(Reason { condition: "set_aside", set: 0, value, limit, met: false });
        }
        all.push(self.cooled_down(candidate, now));
        if let Some(most) = self.max_size {
            let (value, limit) = (candidate.sizes.total(), format!("at most {}", size(most)));
            let met = value <= most;
            all.push(Reason { condition: "max_size", set: 0, value: size(value), limit, met });
        }
        for (i, conditions) in self.when.iter().enumerate() {
            all.extend(conditions.iter().map(|condition| {
                let (value, met) = condition.held_against(candidate);
                let (limit, condition) = (condition.limit(), condition.key());
                Reason { condition, set: i + 1, value, limit, met }
            }));
        }
        all
    }

    fn cooled_down(&self, candidate: &Candidate, now: DateTime<Utc>) -> Reason {
        let text = |d: Duration| seconds(d.as_seconds_f64());
        let limit = format!("at least {} after a repack", text(self.cooldown));
        let (value, met) = match candidate.last_repack.map(|last| now - last) {
            None => ("no repack is known".into(), true),
            // A clock that was set back a little; one that was wrong by more shall not keep the
            // table from ever being repacked.
            Some(ago) if ago < Duration::zero() => {
                (format!("{} in the future, by this clock", text(-ago)), -ago >= self.cooldown)
            }
            Some(ago) => (format!("{} ago", text(ago)), ago >= self.cooldown),
        };
        Reason { condition: "cooldown", set: 0, value, limit, met }
    }
}

/// Whether all that has to hold does, and one set of `when`.
fn holds(reasons: &[Reason]) -> bool {
    let sets = reasons.iter().map(|r| r.set).max().unwrap_or(0);
    let whole = |set: usize| reasons.iter().filter(|r| r.set == set).all(|r| r.met);
    whole(0) && (sets == 0 || (1..=sets).any(whole))
}

impl Candidate {
    /// The part of its rows that is dead.
    pub(super) fn dead_ratio(&self) -> Option<f64> {
        let (dead, live) = (self.dead_rows?, self.live_rows?);
        #[expect(clippy::cast_precision_loss, reason = "a ratio")]
        (dead + live > 0).then(|| dead as f64 / (dead + live) as f64)
    }
}

impl Order {
    /// What the tables of a rule are sorted by, the least first.
    fn key(self, candidate: &Candidate) -> i64 {
        let total = candidate.sizes.total();
        match self {
            // What cannot be told comes last.
            Self::MostGain => candidate.bloat_bytes.map_or(i64::MAX, |bytes| -bytes),
            #[expect(clippy::cast_possible_truncation, reason = "a ratio in millionths")]
            Self::WorstRatio => candidate.bloat_ratio.map_or(i64::MAX, |r| -((r * 1e6) as i64)),
            Self::Oldest => candidate.last_repack.map_or(i64::MIN, |at| at.timestamp()),
            Self::Smallest => total,
            Self::Largest => -total,
        }
    }
}

impl Decision {
    /// Why the table does not qualify, in one line; `None` if it does.
    pub fn why_not(&self) -> Option<String> {
        if self.qualifies {
            return None;
        }
        if self.rule.is_none() {
            return Some("no rule is about it".into());
        }
        let unmet: Vec<_> = self.reasons.iter().filter(|r| !r.met).map(Reason::to_string).collect();
        Some(unmet.join("; "))
    }

    /// The whole account, in lines: which rule of `file` decided, what the ones before it were
    /// about, and every condition.
    pub fn explain(&self, candidate: &Candidate, file: &str) -> String {
        let Candidate { connection, table, .. } = candidate;
        let verdict = match (self.qualifies, self.dry_run) {
            (true, false) => "qualifies",
            (true, true) => "would qualify, but its rule only reports (dry_run)",
            (false, _) => "does not qualify",
        };
        let mut text = format!("{table} of {connection} {verdict}\n");
        for PassedOver { name, line, why } in &self.passed_over {
            text.push_str(&format!("  {file}:{line}: rule {name} does not decide: {why}\n"));
        }
        let Some(Decider { name, line, pattern, .. }) = &self.rule else {
            text.push_str("  no rule is about it\n");
            return text;
        };
        text.push_str(&format!("  {file}:{line}: rule {name} decides: `{pattern}` matches\n"));
        let sets = self.reasons.iter().map(|r| r.set).max().unwrap_or(0);
        let mut shown = 0;
        for reason in &self.reasons {
            if sets > 1 && reason.set > shown {
                shown = reason.set;
                let any = if shown == 1 { "either" } else { "or" };
                text.push_str(&format!("    {any}\n"));
            }
            let indent = if sets > 1 && reason.set > 0 { "      " } else { "    " };
            let met = if reason.met { "yes" } else { "no " };
            text.push_str(&format!("{indent}{met} {reason}\n"));
        }
        text
    }
}
