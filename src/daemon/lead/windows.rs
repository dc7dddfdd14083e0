//! What metrics are told of windows.

use super::{Lead, REFRESH};
use crate::schedule::Opening;
use crate::telemetry::standing::Windows;
use tokio::time::Instant;

impl Lead {
    /// Tells metrics which windows are open, when that has changed or was long ago.
    pub(super) fn tell_windows(&mut self, openings: &[Option<Opening>]) {
        let open: Vec<bool> = openings.iter().map(Option::is_some).collect();
        if self.windows.as_ref().is_some_and(|(o, at)| *o == open && at.elapsed() < REFRESH) {
            return;
        }
        let (schedule, now) = (&self.config.schedule, self.clock.now());
        let rules = schedule.rules.iter().zip(openings).filter(|(rule, _)| rule.enabled);
        let windows = rules.map(|(rule, opening)| {
            let next = match opening {
                Some(opening) => (Some(opening.opened), opening.until),
                None => schedule
                    .span(rule, now, &self.seen)
                    .map_or((None, None), |span| (Some(span.opens), Some(span.closes))),
            };
            let (opens, closes) = next;
            Windows { rule: rule.name.clone(), open: opening.is_some(), opens, closes }
        });
        self.meters.standing.rules(windows.collect());
        self.windows = Some((open, Instant::now()));
    }
}
