//! Why a run is stopped before its end. Pure: all times are arguments.

use crate::schedule::{AtWindowEnd, Opening};
use std::time::Duration;

/// Why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// The daemon ends.
    Shutdown,
    /// Its window ended, and what it has is kept for the next.
    WindowEnd,
    /// Its window ended, and it is given up.
    WindowAbort,
    /// It took longer than its rule allows in one go.
    TooLong(Duration),
    /// A person paused it.
    Paused(String),
    /// A person wants it given up.
    Cancelled(String),
    /// Somebody else has it.
    LeaseLost,
    /// The store could not be told for so long that somebody else may have it.
    LeaseOver,
}

impl Stop {
    /// In words, for the entry in the queue.
    pub fn words(&self) -> String {
        match self {
            Self::Shutdown => "the daemon was stopped".into(),
            Self::WindowEnd => "its window ended; it goes on in the next".into(),
            Self::WindowAbort => "its window ended, and it was given up".into(),
            Self::TooLong(most) => {
                format!("it took longer than max_duration, {} s; it goes on later", most.as_secs())
            }
            Self::Paused(who) => format!("paused by {who}"),
            Self::Cancelled(who) => format!("cancelled by {who}"),
            Self::LeaseLost => "another daemon has taken it over".into(),
            Self::LeaseOver => "the store was out of reach for longer than its lease".into(),
        }
    }

    /// Whether what was done is to be removed.
    pub fn removes(&self) -> bool {
        matches!(self, Self::WindowAbort | Self::Cancelled(_))
    }
}

/// A run as the clock sees it.
#[derive(Debug, Clone)]
pub struct Timed {
    /// What became of runs at the end of its window, when that was last open.
    pub habit: AtWindowEnd,
    /// The most it may take in one go.
    pub most: Option<Duration>,
    /// Whether its rule is still in the configuration; without one, no window closes on it.
    pub ruled: bool,
}

/// Whether time is up for a run that has taken `ran`; `opening` is what its rule has open now.
pub fn time_is_up(run: &mut Timed, opening: Option<&Opening>, ran: Duration) -> Option<Stop> {
    match opening {
        Some(opening) => run.habit = opening.at_window_end,
        None if !run.ruled => {}
        None => match run.habit {
            AtWindowEnd::Finish => {}
            AtWindowEnd::Pause => return Some(Stop::WindowEnd),
            AtWindowEnd::Abort => return Some(Stop::WindowAbort),
        },
    }
    run.most.filter(|most| ran >= *most).map(Stop::TooLong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::schedule::Seen;
    use chrono::{DateTime, Utc};

    fn t(text: &str) -> DateTime<Utc> {
        chrono::NaiveDateTime::parse_from_str(text, "%F %R").unwrap().and_utc()
    }

    /// When a run that was begun at `begun` is stopped, and why, if the clock goes on by minutes.
    fn stopped(habit: &str, begun: &str, more: &str) -> Option<(String, Stop)> {
        let text = format!(
            "[connections.a]\nhost = \"h\"\nuser = \"u\"\n
             [[window]]\nname = \"night\"\nopen = \"0 22 * * *\"\nduration = \"4h\"\nat_window_end = \"{habit}\"\n
             [[blackout]]\nfrom = 2026-12-24\nuntil = 2026-12-27\n
             [[rule]]\ntables = [\"*\"]\nwhen = {{ bloat_ratio = 0.3 }}\n{more}"
        );
        let schedule = Config::parse(&text, None).unwrap().schedule;
        let most = schedule.rules[0].max_duration;
        let mut run = Timed { habit: AtWindowEnd::Finish, most, ruled: true };
        let mut seen = Seen::default();
        for minute in 0..3000 {
            let now = t(begun) + chrono::Duration::minutes(minute);
            let state = schedule.at(now, &seen);
            seen = state.seen;
            let ran = Duration::from_secs(60 * minute.unsigned_abs());
            if let Some(stop) = time_is_up(&mut run, state.rules[0].as_ref(), ran) {
                return Some((now.format("%F %R").to_string(), stop));
            }
        }
        None
    }

    #[test]
    fn windows_end_as_they_are_told() {
        let end = |stop| Some(("2026-11-26 02:00".to_owned(), stop));
        assert_eq!(stopped("pause", "2026-11-25 23:30", ""), end(Stop::WindowEnd));
        assert_eq!(stopped("abort", "2026-11-25 23:30", ""), end(Stop::WindowAbort));
        assert_eq!(stopped("finish", "2026-11-25 23:30", ""), None);
        let cut = Some(("2026-12-24 00:00".to_owned(), Stop::WindowEnd));
        assert_eq!(stopped("pause", "2026-12-23 23:00", ""), cut);
    }

    #[test]
    fn max_duration_holds_inside_a_window_and_beyond() {
        let hour = Duration::from_secs(3600);
        let more = "max_duration = \"1h\"";
        let at = Some(("2026-11-25 23:30".to_owned(), Stop::TooLong(hour)));
        assert_eq!(stopped("pause", "2026-11-25 22:30", more), at);
        let beyond = Some(("2026-11-26 02:30".to_owned(), Stop::TooLong(hour)));
        assert_eq!(stopped("finish", "2026-11-26 01:30", more), beyond);
    }

    #[test]
    fn a_clock_put_forward_ends_the_window_too() {
        let mut run = Timed { habit: AtWindowEnd::Pause, most: None, ruled: true };
        let second = Duration::from_secs(1);
        assert_eq!(time_is_up(&mut run, None, second), Some(Stop::WindowEnd));
        // A rule that is gone closes no window.
        run.ruled = false;
        assert_eq!(time_is_up(&mut run, None, second), None);
    }
}
