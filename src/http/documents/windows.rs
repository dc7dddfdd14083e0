//! When windows are open.

use super::moment;
use crate::config::Config;
use crate::daemon::live::Known;
use crate::schedule::AtWindowEnd;
use crate::schedule::window::Span;
use chrono::{DateTime, Utc};
use serde::Serialize;

/// When windows are open.
#[derive(Debug, Serialize)]
pub struct Windows {
    /// The time by the daemon's clock.
    pub now: String,
    /// The zone of the configuration.
    pub timezone: String,
    /// What is open to each rule.
    pub rules: Vec<RuleState>,
    /// The windows that are open, and the next ones.
    pub next: Vec<WindowState>,
}

/// What is open to a rule.
#[derive(Debug, Serialize)]
pub struct RuleState {
    /// The rule.
    pub rule: String,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Whether it only reports.
    pub dry_run: bool,
    /// Whether a window of it is open.
    pub open: bool,
    /// Which one lasts to its end; `None`: there are no windows, or none is open.
    pub window: Option<String>,
    /// Until when; `None`: for good, or none is open.
    pub until: Option<String>,
    /// Whether anything may still be begun.
    pub may_start: bool,
    /// From when on nothing is begun any more.
    pub last_start: Option<String>,
    /// finish, pause or abort.
    pub at_window_end: Option<AtWindowEnd>,
    /// When the next one opens, if none is open.
    pub opens: Option<String>,
}

/// A time of a window.
#[derive(Debug, Serialize)]
pub struct WindowState {
    /// The window; `None`: there are none, so that it is always open but for blackouts.
    pub window: Option<String>,
    /// From when.
    pub opens: String,
    /// Until when; the moment itself does not belong to it.
    pub closes: String,
    /// What blackouts leave of it.
    pub parts: Vec<Part>,
    /// Which these are.
    pub blackouts: Vec<String>,
}

/// From when until when.
#[derive(Debug, Serialize)]
pub struct Part {
    /// From when.
    pub opens: String,
    /// Until when.
    pub closes: String,
}

/// When windows are open.
pub fn windows(
    config: &Config,
    known: Option<&Known>,
    now: DateTime<Utc>,
    count: usize,
) -> Windows {
    let schedule = &config.schedule;
    let rules = schedule.rules.iter().enumerate().map(|(index, rule)| {
        let opening = known.and_then(|known| known.rules.get(index)).and_then(Option::as_ref);
        let next = match (opening, known) {
            (None, Some(known)) => schedule.span(rule, now, &known.seen).map(|s| moment(s.opens)),
            _ => None,
        };
        RuleState {
            rule: rule.name.clone(),
            enabled: rule.enabled,
            dry_run: rule.dry_run || config.daemon.dry_run,
            open: opening.is_some(),
            window: opening.and_then(|o| o.window.clone()),
            until: opening.and_then(|o| o.until).map(moment),
            may_start: opening.is_some_and(|o| o.may_start),
            last_start: opening.and_then(|o| o.last_start).map(moment),
            at_window_end: opening.map(|o| o.at_window_end),
            opens: next,
        }
    });
    let part = |span: &Span| Part { opens: moment(span.opens), closes: moment(span.closes) };
    let next = schedule.listing(now, count).into_iter().map(|listed| WindowState {
        window: listed.window.map(|window| window.name.clone()),
        opens: moment(listed.span.opens),
        closes: moment(listed.span.closes),
        parts: listed.parts.iter().map(part).collect(),
        blackouts: listed.blackouts.iter().map(|name| (*name).to_owned()).collect(),
    });
    Windows {
        now: moment(now),
        timezone: schedule.zone.name().to_owned(),
        rules: rules.collect(),
        next: next.collect(),
    }
}
