//! Windows, from open to told. Pure: what is open now is an argument.

use crate::schedule::Opening;
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

/// How long runs that go on after their window are waited for.
const PATIENCE: Duration = Duration::hours(12);

/// A window that is open, with the rules that it is open to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// Its name.
    pub window: String,
    /// When it opened.
    pub opened: DateTime<Utc>,
    /// When it ends, as far as is known.
    pub until: Option<DateTime<Utc>>,
    /// The rules.
    pub rules: Vec<String>,
    /// Whether that is only what the store says: this process has not seen it open.
    #[serde(skip_serializing, default = "yes")]
    pub recalled: bool,
}

fn yes() -> bool {
    true
}

/// A window that has closed, and is still to be told of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// As it was.
    #[serde(flatten)]
    pub open: Open,
    /// When it closed, or was first seen closed.
    pub closed: DateTime<Utc>,
}

/// What is kept between two looks, and between two processes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Windows {
    /// Those that are open.
    pub open: Vec<Open>,
    /// Those that are to be told of.
    pub closed: Vec<Closed>,
}

/// The windows that are open, by what each rule has open. What is always open is no window.
pub fn open<'r>(rules: impl Iterator<Item = (&'r str, Option<&'r Opening>)>) -> Vec<Open> {
    let mut all: Vec<Open> = Vec::new();
    for (rule, opening) in rules {
        let Some(opening) = opening else { continue };
        let Some(window) = &opening.window else { continue };
        match all.iter_mut().find(|o| o.window == *window && o.opened == opening.opened) {
            Some(open) => open.rules.push(rule.to_owned()),
            None => all.push(Open {
                window: window.clone(),
                opened: opening.opened,
                until: opening.until,
                rules: vec![rule.to_owned()],
                recalled: false,
            }),
        }
    }
    all
}

impl Open {
    /// Whether it is the same opening, a while later. That of a window which is open for days may seem to
    /// have begun at another time.
    fn is(&self, later: &Self) -> bool {
        self.window == later.window
            && self.rules.iter().any(|rule| later.rules.contains(rule))
            && (self.opened == later.opened || self.until.is_none_or(|end| later.opened < end))
    }

    /// What it is told as: the same for every daemon.
    pub fn occasion(&self) -> String {
        format!("window/{}/{}", self.window, self.opened.format("%Y-%m-%dT%H:%M:%SZ"))
    }
}

impl Windows {
    /// Takes in what is open now. Returns whether anything has changed.
    pub fn look(&mut self, now_open: &[Open], now: DateTime<Utc>) -> bool {
        let before = self.clone();
        let mut still = Vec::new();
        for open in std::mem::take(&mut self.open) {
            match now_open.iter().find(|later| open.is(later)) {
                // Its end may have been moved; when it opened does not.
                Some(later) => still.push(Open { opened: open.opened, ..later.clone() }),
                // Another's clock may be ahead, and it has not opened here yet.
                None if open.recalled && open.until.is_some_and(|end| end > now) => {
                    still.push(open)
                }
                None => {
                    let closed = open.until.map_or(now, |end| end.min(now));
                    self.closed.push(Closed { open, closed });
                }
            }
        }
        for open in now_open {
            if !still.iter().any(|known| known.is(open)) {
                still.push(open.clone());
            }
        }
        self.open = still;
        *self != before
    }

    /// The closed ones that can be told of: of whose rules nothing is `at_work` any more, or which were
    /// waited for long enough, or are open again.
    pub fn to_tell(&self, at_work: &[String], now: DateTime<Utc>) -> Vec<Closed> {
        let ready = |closed: &&Closed| {
            !closed.open.rules.iter().any(|rule| at_work.contains(rule))
                || now - closed.closed > PATIENCE
                || self.open.iter().any(|open| open.window == closed.open.window)
        };
        self.closed.iter().filter(ready).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn t(text: &str) -> DateTime<Utc> {
        chrono::NaiveDateTime::parse_from_str(text, "%F %R").unwrap().and_utc()
    }

    fn night(opened: &str, until: &str) -> Open {
        Open {
            window: "night".into(),
            opened: t(opened),
            until: Some(t(until)),
            rules: vec!["all".into()],
            recalled: false,
        }
    }

    #[test]
    fn a_window_is_told_of_once_its_runs_are_over() {
        let mut windows = Windows::default();
        let open = night("2026-11-25 22:00", "2026-11-26 02:00");
        assert!(windows.look(std::slice::from_ref(&open), t("2026-11-25 22:00")));
        assert!(!windows.look(std::slice::from_ref(&open), t("2026-11-26 01:59")));
        assert!(windows.look(&[], t("2026-11-26 02:01")));
        assert_eq!(windows.closed[0].closed, t("2026-11-26 02:00"));
        assert!(windows.to_tell(&["all".into()], t("2026-11-26 03:00")).is_empty());
        assert_eq!(windows.to_tell(&["other".into()], t("2026-11-26 03:00")).len(), 1);
        assert_eq!(windows.to_tell(&["all".into()], t("2026-11-26 15:00")).len(), 1);
    }

    #[test]
    fn the_next_night_is_another_one_and_a_long_day_is_not() {
        let mut windows = Windows::default();
        windows.look(&[night("2026-11-25 22:00", "2026-11-26 02:00")], t("2026-11-25 23:00"));
        // A daemon that slept through the day.
        windows.look(&[night("2026-11-26 22:00", "2026-11-27 02:00")], t("2026-11-26 23:00"));
        assert_eq!((windows.open.len(), windows.closed.len()), (1, 1));
        assert_eq!(windows.to_tell(&["all".into()], t("2026-11-26 23:00")).len(), 1);

        let mut windows = Windows::default();
        let long = |opened: &str| Open { until: None, ..night(opened, "2026-11-26 02:00") };
        windows.look(&[long("2026-11-20 00:00")], t("2026-11-25 00:00"));
        assert!(!windows.look(&[long("2026-11-21 00:00")], t("2026-11-26 00:00")));
        assert_eq!(windows.open[0].opened, t("2026-11-20 00:00"));
    }

    #[test]
    fn what_another_saw_open_is_not_closed_before_its_end() {
        let mut first = Windows::default();
        let open = night("2026-11-25 22:00", "2026-11-26 02:00");
        first.look(std::slice::from_ref(&open), t("2026-11-25 22:00"));
        let text = serde_json::to_string(&first).unwrap();
        // A clock that is a minute behind.
        let mut second: Windows = serde_json::from_str(&text).unwrap();
        second.look(&[], t("2026-11-25 21:59"));
        assert_eq!((second.open.len(), second.closed.len()), (1, 0));
        let mut third = second.clone();
        third.look(&[], t("2026-11-26 02:00"));
        assert_eq!((third.open.len(), third.closed.len()), (0, 1));
        // Once it was seen open, it is closed when it is not.
        second.look(&[open], t("2026-11-25 22:00"));
        second.look(&[], t("2026-11-25 23:00"));
        assert_eq!((second.open.len(), second.closed.len()), (0, 1));
    }

    #[test]
    fn rules_of_one_opening_are_told_together() {
        let opening = |window: Option<&str>, opened: &str| Opening {
            window: window.map(str::to_owned),
            opened: t(opened),
            until: None,
            last_start: None,
            may_start: true,
            at_window_end: crate::schedule::AtWindowEnd::Pause,
        };
        let (a, b, c) = (
            opening(Some("night"), "2026-11-25 22:00"),
            opening(Some("night"), "2026-11-25 20:00"),
            opening(None, "2026-11-25 22:00"),
        );
        let rules =
            [("1", Some(&a)), ("2", Some(&a)), ("3", Some(&b)), ("4", Some(&c)), ("5", None)];
        let found = open(rules.into_iter());
        let rules: Vec<_> = found.iter().map(|o| o.rules.join(" ")).collect();
        assert_eq!(rules, ["1 2", "3"]);
    }
}
