//! The schedule for programs.

use super::{RuleView, View};
use crate::names::QualifiedName;
use crate::schedule::window::Span;
use crate::schedule::{Condition, Listed};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

impl View<'_> {
    /// All of it.
    pub(super) fn document(&self) -> Value {
        let schedule = self.schedule;
        json!({
            "at": stamp(self.at),
            "timezone": schedule.zone.name(),
            "evaluate": {
                "schedule": schedule.evaluate.schedule.to_string(),
                "jitter_seconds": schedule.evaluate.jitter.num_seconds(),
            },
            "openings": self.listing.iter().map(listed).collect::<Vec<_>>(),
            "rules": self.rules().map(|rule| self.rule(&rule)).collect::<Vec<_>>(),
        })
    }

    fn rule(&self, view: &RuleView<'_>) -> Value {
        let (schedule, rule, opening) = (self.schedule, view.rule, view.opening);
        let texts = |all: &[_]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
        let condition = |c: &Condition| json!({ "condition": c.key(), "limit": c.limit() });
        let when: Vec<Vec<_>> =
            rule.when.iter().map(|set| set.iter().map(condition).collect()).collect();
        let next = schedule.span(rule, self.at, &self.state.seen).map(|span| span.opens);
        let matches = view.tables.map(|tables| tables.iter().map(matched).collect::<Vec<_>>());
        json!({
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
            "matches": matches,
        })
    }
}

/// A table that a rule decides about.
fn matched((connection, table): &(String, QualifiedName)) -> Value {
    json!({ "connection": connection, "table": table.to_string() })
}

fn listed(listed: &Listed<'_>) -> Value {
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
