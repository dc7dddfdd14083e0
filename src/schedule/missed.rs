//! Windows that went by unseen, and making up for them.

use super::window::Span;
use super::{Missed, Schedule, Window};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What has to be kept from one look at the schedule to the next.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// When that was, by the clock of then; `None` if never.
    pub last: Option<DateTime<Utc>>,
    /// Windows that are being made up for.
    #[serde(default)]
    pub catching_up: Vec<CatchUp>,
}

/// A window that is being made up for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatchUp {
    /// Its name.
    pub window: String,
    /// From when.
    pub opens: DateTime<Utc>,
    /// Until when.
    pub closes: DateTime<Utc>,
}

impl CatchUp {
    pub(super) fn span(&self) -> Span {
        Span { opens: self.opens, closes: self.closes }
    }
}

/// More openings than this are not looked through for one that was missed; those of more than a
/// thousand would be a minute each.
const LOOKED_THROUGH: usize = 1000;

impl Schedule {
    /// What has been seen once the schedule was looked at again, at `now`.
    ///
    /// A clock that was put back leads to nothing missed: what is to come by it is to come. One that
    /// was put forward, or a machine that slept, is as if nobody had been there.
    pub(super) fn look(&self, now: DateTime<Utc>, seen: &Seen) -> Seen {
        let mut catching_up: Vec<CatchUp> = Vec::new();
        for window in &self.windows {
            // Outside of its span the clock was changed, or it is over.
            let going_on = |c: &&CatchUp| c.window == window.name && c.span().contains(now);
            if let Some(going_on) = seen.catching_up.iter().find(going_on) {
                catching_up.push(going_on.clone());
            } else if window.habits.missed == Missed::RunOnce
                && let Some(missed) = seen.last.and_then(|last| self.missed(window, last, now))
            {
                let closes = now + (missed.closes - missed.opens);
                catching_up.push(CatchUp { window: window.name.clone(), opens: now, closes });
            }
        }
        Seen { last: Some(now), catching_up }
    }

    /// The last opening of a window in which nothing could be started because nobody looked between
    /// `last` and `now`, if it may still be made up for.
    fn missed(&self, window: &Window, last: DateTime<Utc>, now: DateTime<Utc>) -> Option<Span> {
        let habits = window.habits;
        let calendar = self.alone(window, true);
        let mut missed = None;
        let mut at = last.max(now - habits.start_deadline - habits.last_start_before_end);
        for _ in 0..LOOKED_THROUGH {
            let Some(span) = calendar.span(at).filter(|span| span.opens <= now) else { break };
            let too_late = span.closes - habits.last_start_before_end;
            let deadline = span.closes + habits.start_deadline;
            // One in which nothing can be started was not missed.
            if span.opens > last && span.opens < too_late && too_late <= now && now < deadline {
                missed = Some(span);
            }
            at = span.closes;
        }
        missed
    }
}
