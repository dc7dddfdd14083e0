//! Whether a rule has a window open, until when, and whether anything may still be started.

use super::missed::Seen;
use super::window::{Calendar, HORIZON, Recurrence, Span};
use super::{AtWindowEnd, Habits, Rule, Schedule, Window};
use chrono::{DateTime, Duration, Utc};

/// How things stand at a time.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// For each of [`Schedule::rules`] what is open, if anything is.
    pub rules: Vec<Option<Opening>>,
    /// When any of that will be different; `None` if it never will. Asking later than that only
    /// makes things later.
    pub next_change: Option<DateTime<Utc>>,
    /// What is to be kept and given the next time.
    pub seen: Seen,
}

/// A time in which tables may be repacked: windows that run into each other, with the blackouts
/// taken out.
#[derive(Debug, Clone, PartialEq)]
pub struct Opening {
    /// The window that lasts to its end; `None` if there are no windows at all.
    pub window: Option<String>,
    /// When it opened.
    pub opened: DateTime<Utc>,
    /// When it ends, the moment itself excluded; `None`: never. Where windows run into each other
    /// for days it is moved on each time it is asked for.
    pub until: Option<DateTime<Utc>>,
    /// From when on nothing is started any more.
    pub last_start: Option<DateTime<Utc>>,
    /// Whether that is still to come.
    pub may_start: bool,
    /// What becomes of runs at its end.
    pub at_window_end: AtWindowEnd,
}

/// Windows by themselves, and while they are made up for.
pub(super) struct Sources<'a>(Vec<(&'a Window, Recurrence)>);

impl Schedule {
    /// How things stand at `now`, given what had been seen before. Whoever asks keeps
    /// [`State::seen`] for the next time, also for the next process; without it (the default) no
    /// window counts as missed.
    ///
    /// Nothing is assumed about how often it is asked, nor that the clock has gone on evenly since.
    pub fn at(&self, now: DateTime<Utc>, seen: &Seen) -> State {
        let seen = self.look(now, seen);
        let mut next_change: Option<DateTime<Utc>> = None;
        let mut change = |at: Option<DateTime<Utc>>| {
            next_change = next_change.into_iter().chain(at).min();
        };
        let rules = self.rules.iter().map(|rule| {
            let sources = self.sources(rule, &seen);
            match self.calendar(&sources).span(now) {
                Some(span) if span.contains(now) => {
                    let opening = self.opening(&sources, span, now);
                    change(opening.last_start.filter(|at| *at > now).or(opening.until));
                    Some(opening)
                }
                later => {
                    change(later.map(|span| span.opens));
                    None
                }
            }
        });
        let rules = rules.collect();
        State { rules, next_change, seen }
    }

    /// What is open to a rule at `now`, or else what will be next.
    pub fn span(&self, rule: &Rule, now: DateTime<Utc>, seen: &Seen) -> Option<Span> {
        let sources = self.sources(rule, seen);
        self.calendar(&sources).span(now)
    }

    fn opening(&self, sources: &Sources<'_>, span: Span, now: DateTime<Utc>) -> Opening {
        // The last moment of it says who lasts to its end.
        let end = span.closes - Duration::seconds(1);
        let lasting = sources.0.iter().filter_map(|(window, recurrence)| {
            let last = recurrence.span(end).filter(|span| span.contains(end))?;
            Some((last.closes, *window))
        });
        let lasting = lasting.max_by_key(|(closes, _)| *closes).map(|(_, window)| window);
        let habits = lasting.map_or(self.defaults, |window| window.habits);
        let until = (span.closes - now < Duration::days(HORIZON)).then_some(span.closes);
        let last_start = until.map(|until| until - habits.last_start_before_end);
        Opening {
            window: lasting.map(|window| window.name.clone()),
            opened: span.opens,
            until,
            last_start,
            may_start: last_start.is_none_or(|last| now < last),
            at_window_end: habits.at_window_end,
        }
    }

    /// The windows of a rule.
    pub fn windows_of<'a>(&'a self, rule: &'a Rule) -> impl Iterator<Item = &'a Window> {
        self.windows.iter().filter(|w| rule.windows.is_empty() || rule.windows.contains(&w.name))
    }

    fn sources<'a>(&'a self, rule: &'a Rule, seen: &Seen) -> Sources<'a> {
        let mut all = Vec::new();
        for window in self.windows_of(rule) {
            all.extend(window.recurrences.iter().map(|r| (window, r.clone())));
            let made_up = seen.catching_up.iter().filter(|c| c.window == window.name);
            all.extend(made_up.map(|c| (window, Recurrence::Once(c.span()))));
        }
        Sources(all)
    }

    fn calendar<'a>(&'a self, sources: &'a Sources<'_>) -> Calendar<'a> {
        let windows = sources.0.iter().map(|(_, recurrence)| recurrence).collect();
        Calendar { windows, blackouts: self.dark().collect() }
    }

    /// A window by itself, less the blackouts if asked for.
    pub(super) fn alone<'a>(&'a self, window: &'a Window, blackouts: bool) -> Calendar<'a> {
        let windows = window.recurrences.iter().collect();
        Calendar { windows, blackouts: self.dark().filter(|_| blackouts).collect() }
    }

    pub(super) fn dark(&self) -> impl Iterator<Item = &Recurrence> {
        self.blackouts.iter().flat_map(|blackout| &blackout.recurrences)
    }
}

impl Habits {
    /// Whether anything can be started in an opening that is so long.
    pub fn fit(&self, duration: Duration) -> bool {
        self.last_start_before_end < duration
    }
}
