//! The schedule for people.

use super::super::{grid, units};
use super::{RuleView, View};
use crate::schedule::window::Span;
use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;
use serde_json::json;

impl View<'_> {
    /// All of it.
    pub(super) fn text(&self, width: usize) -> String {
        let mut text = self.openings(width);
        for rule in self.rules() {
            text.push_str(&self.rule_text(&rule, width));
        }
        if self.schedule.rules.is_empty() {
            text.push_str("\nno rule: add a [[rule]], or nothing is ever repacked by itself\n");
        }
        text
    }

    /// The openings as a table.
    fn openings(&self, width: usize) -> String {
        let Self { schedule, listing, at, .. } = self;
        let evaluate = &schedule.evaluate;
        let mut text = format!(
            "at {}; databases are measured at `{}` {}, up to {} later\n\n",
            local(schedule.zone, *at),
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
        let mut grid =
            grid::grid(&["window", "opens", "closes", "lasts", "in UTC", "cut by"], width);
        for listed in listing {
            let zone = listed.window.map_or(schedule.zone, |window| window.zone);
            let name = listed.window.map_or("any time", |window| &window.name);
            let cut = listed.blackouts.join(", ");
            if listed.parts.is_empty() {
                let Span { opens, closes } = listed.span;
                let (from, to) = (local(zone, opens), end(zone, closes));
                grid.add_row([
                    name.into(),
                    from,
                    to,
                    "nothing".into(),
                    utc(listed.span),
                    cut.clone(),
                ]);
            }
            for part in &listed.parts {
                let (from, to) = (local(zone, part.opens), end(zone, part.closes));
                let lasts = length(part.closes - part.opens);
                grid.add_row([name.into(), from, to, lasts, utc(*part), cut.clone()]);
            }
        }
        grid::keep_whole(&mut grid, &[1, 2, 3, 4]);
        text.push_str(&format!("{}\n", grid.trim_fmt()));
        text
    }

    fn rule_text(&self, view: &RuleView<'_>, width: usize) -> String {
        let (schedule, rule) = (self.schedule, view.rule);
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
        let patterns =
            |all: &[_]| all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let mut about = patterns(&rule.tables);
        if !rule.exclude.is_empty() {
            about.push_str(&format!("; not {}", patterns(&rule.exclude)));
        }
        line("tables", about);
        let sets: Vec<_> = rule
            .when
            .iter()
            .map(|set| {
                let all: Vec<_> =
                    set.iter().map(|c| format!("{} {}", c.key(), c.limit())).collect();
                all.join(" and ")
            })
            .collect();
        line("when", sets.join("; or "));
        let windows: Vec<_> = schedule.windows_of(rule).map(|w| w.name.as_str()).collect();
        let windows = if windows.is_empty() { "any time".into() } else { windows.join(", ") };
        line("windows", format!("{windows}; {}", self.standing(view)));
        let mut bounds = format!("{} between repacks of a table", length(rule.cooldown));
        if let Some(most) = rule.max_size {
            bounds.push_str(&format!("; none of more than {}", units::size(most)));
        }
        if let Some(most) = rule.max_duration {
            bounds.push_str(&format!(
                "; none for longer than {}",
                units::seconds(most.as_secs_f64())
            ));
        }
        line("bounds", bounds);
        let order = json!(rule.order);
        line(
            "order",
            format!("priority {}, {}", rule.priority, order.as_str().unwrap_or_default()),
        );
        if !rule.settings.is_empty() {
            let all: Vec<_> = rule.settings.iter().map(|(k, v)| format!("{k} = {v}")).collect();
            line("settings", all.join(", "));
        }
        if let Some(tables) = view.tables {
            let all: Vec<_> = tables.iter().map(|(c, table)| format!("{c}:{table}")).collect();
            line("now", if all.is_empty() { "no table".into() } else { all.join(", ") });
        }
        text
    }

    /// "open until …", or when next.
    fn standing(&self, view: &RuleView<'_>) -> String {
        let (schedule, rule) = (self.schedule, view.rule);
        let zone = schedule.windows_of(rule).next().map_or(schedule.zone, |window| window.zone);
        match view.opening {
            Some(opening) => match (opening.until, opening.may_start) {
                (None, _) => "open".into(),
                (Some(until), true) => format!("open until {}", local(zone, until)),
                (Some(until), false) => {
                    format!("open until {}, too late to start anything", local(zone, until))
                }
            },
            None => match schedule.span(rule, self.at, &self.state.seen) {
                Some(next) => format!("next {}", local(zone, next.opens)),
                None => "not in the next two years".into(),
            },
        }
    }
}

/// As a clock on the wall shows it.
fn local(zone: Tz, at: DateTime<Utc>) -> String {
    at.with_timezone(&zone).format("%a %Y-%m-%d %H:%M %Z").to_string()
}

/// The day of the week is enough for the end of what is hours long.
fn end(zone: Tz, at: DateTime<Utc>) -> String {
    at.with_timezone(&zone).format("%a %H:%M %Z").to_string()
}

fn utc(span: Span) -> String {
    format!("{} to {}", span.opens.format("%H:%M"), span.closes.format("%H:%M"))
}

fn length(duration: Duration) -> String {
    units::seconds(duration.as_seconds_f64())
}
