//! Progress as log lines: one for each phase that ended.

use super::progress::{Amount, Track};
use super::units;
use crate::job::{Event, Phase};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// The time between two lines about one phase, which only `--verbose` shows.
const BETWEEN: Duration = Duration::from_secs(10);

/// What is known of the tables being worked on.
#[derive(Debug, Default)]
pub struct Lines {
    tracks: HashMap<String, (Phase, Track)>,
    said: Option<Instant>,
}

impl Lines {
    /// Writes what there is to say about an event.
    pub fn take(&mut self, event: Event) {
        match event {
            Event::Started { table, before } => {
                tracing::info!(%table, size = before.total(), "begins");
            }
            Event::Phase { table, phase } => {
                tracing::debug!(%table, %phase, "begins");
                self.tracks.insert(table, (phase, Track::new()));
            }
            Event::Progress { table, phase, done, total, rows, bytes } => {
                self.progress(table, phase, Amount { done, total, rows, bytes });
            }
            Event::Note { table, text } => tracing::warn!(%table, "{text}"),
            Event::Held { table, reason: Some(reason) } => {
                tracing::info!(%table, "held back: {reason}");
            }
            Event::Held { table, reason: None } => tracing::info!(%table, "goes on"),
            Event::Measured { .. } => {}
            Event::PhaseDone { table, phase, took } => self.done(&table, phase, took),
        }
    }

    fn progress(&mut self, table: String, phase: Phase, amount: Amount) {
        let entry = self.tracks.entry(table.clone()).or_insert_with(|| (phase, Track::new()));
        if entry.0 != phase {
            *entry = (phase, Track::new());
        }
        entry.1.update(amount);
        if self.said.is_none_or(|said| said.elapsed() >= BETWEEN) {
            self.said = Some(Instant::now());
            let so_far = entry.1.describe(entry.1.since.elapsed(), false);
            tracing::debug!(%table, %phase, done = amount.done, total = amount.total, "{so_far}");
        }
    }

    fn done(&mut self, table: &str, phase: Phase, took: Duration) {
        let track = self.tracks.remove(table).filter(|(p, _)| *p == phase).map(|(_, t)| t);
        let amount = track.map(|t| t.last).unwrap_or_default();
        let took_s = format!("{:.1}s", took.as_secs_f64());
        // Fields that a phase does not count are left out.
        let rows = Some(amount.rows).filter(|n| *n > 0);
        let bytes = Some(amount.bytes).filter(|n| *n > 0);
        let size = bytes.map(|b| tracing::field::display(units::bytes(b).replace(' ', "")));
        tracing::info!(%table, %phase, took = %took_s, rows, bytes, size);
    }
}
