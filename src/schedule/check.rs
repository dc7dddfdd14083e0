//! What is allowed to be said in a configuration, and surely is not meant.

use super::window::Recurrence;
use super::{Rule, Schedule};
use chrono::{DateTime, Utc};

impl Schedule {
    /// What has no effect, or will not do what it looks like: a line of the configuration and what
    /// about it. `connections` are the names there are.
    pub fn doubts(&self, connections: &[&str], now: DateTime<Utc>) -> Vec<(usize, String)> {
        let mut doubts = Vec::new();
        for window in &self.windows {
            let name = &window.name;
            if !self.rules.iter().any(|r| r.enabled && self.windows_of(r).any(|w| w.name == *name))
            {
                doubts.push((window.line, format!("window {name} is of no rule that is enabled")));
            }
            if self.alone(window, false).span(now).is_none() {
                doubts.push((
                    window.line,
                    format!("window {name} does not open in the next two years"),
                ));
            } else if self.alone(window, true).span(now).is_none() {
                let text =
                    format!("the blackouts leave nothing of window {name} in the next two years");
                doubts.push((window.line, text));
            }
        }
        for blackout in &self.blackouts {
            let over = |r: &Recurrence| matches!(r, Recurrence::Once(span) if span.closes <= now);
            if blackout.recurrences.iter().all(over) {
                doubts.push((blackout.line, format!("blackout {} is over", blackout.name)));
            }
        }
        for (i, rule) in self.rules.iter().enumerate().filter(|(_, rule)| rule.enabled) {
            self.doubts_of(rule, &self.rules[..i], connections, &mut doubts);
        }
        doubts.sort();
        doubts
    }

    fn doubts_of(
        &self,
        rule: &Rule,
        earlier: &[Rule],
        connections: &[&str],
        doubts: &mut Vec<(usize, String)>,
    ) {
        let name = &rule.name;
        let mut say = |text: String| doubts.push((rule.line, format!("rule {name}: {text}")));
        for pattern in rule.tables.iter().chain(&rule.exclude) {
            if !connections.iter().any(|connection| pattern.is_about(connection)) {
                say(format!("`{pattern}` is about no connection of this configuration"));
            }
        }
        for pattern in &rule.tables {
            // What an earlier rule excludes may come down to this one.
            let all = |r: &&Rule| {
                r.enabled && r.exclude.is_empty() && r.tables.iter().any(|p| p.covers(pattern))
            };
            if let Some(other) = earlier.iter().find(all) {
                let (by, line) = (&other.name, other.line);
                say(format!("rule {by} in line {line} decides about all of `{pattern}` before it"));
            }
        }
    }
}
