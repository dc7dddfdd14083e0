//! How fast the work goes, and how long it will take.

use crate::units;
use std::time::{Duration, Instant};

/// How much of a phase is done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amount {
    /// Units done.
    pub done: u64,
    /// Units in all.
    pub total: u64,
    /// Rows.
    pub rows: u64,
    /// Bytes.
    pub bytes: u64,
}

/// One phase of one table, as far as it has come in this process.
#[derive(Debug, Clone, Copy)]
pub struct Track {
    /// When it began here.
    pub since: Instant,
    /// What was done when first heard of: an earlier process did that.
    first: Option<Amount>,
    /// What is done now.
    pub last: Amount,
}

impl Track {
    /// A phase that begins now.
    #[expect(clippy::new_without_default, reason = "now is no default")]
    pub fn new() -> Self {
        Self { since: Instant::now(), first: None, last: Amount::default() }
    }

    /// Takes in how far it is.
    pub fn update(&mut self, amount: Amount) {
        // The first report of a phase that starts from nothing is work of this process too.
        let fresh = amount.total == 0 || amount.done <= amount.total / 20;
        self.first.get_or_insert(if fresh { Amount::default() } else { amount });
        self.last = amount;
    }

    /// Rows, bytes, rate and time left; `narrow`: only what matters most.
    pub fn describe(&self, elapsed: Duration, narrow: bool) -> String {
        let mut parts = Vec::new();
        if self.last.rows > 0 && (!narrow || self.last.bytes == 0) {
            parts.push(units::plural(self.last.rows, "row"));
        }
        if self.last.bytes > 0 {
            parts.push(units::bytes(self.last.bytes));
        }
        if !narrow {
            parts.extend(self.rate(elapsed));
        }
        parts.extend(self.left(elapsed).map(|left| format!("{} left", units::seconds(left))));
        parts.join(", ")
    }

    /// Rows, bytes and rate of a phase that took this long.
    pub fn summary(&self, took: Duration) -> String {
        let mut parts = Vec::new();
        if self.last.rows > 0 {
            parts.push(units::plural(self.last.rows, "row"));
        }
        if self.last.bytes > 0 {
            parts.push(units::bytes(self.last.bytes));
        }
        parts.extend(self.rate(took));
        parts.join(", ")
    }

    /// Bytes and rows a second.
    pub fn pace(&self, elapsed: Duration) -> Option<(u64, u64)> {
        let (first, seconds) = (self.first?, elapsed.as_secs_f64());
        if seconds < 0.5 {
            return None;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a rate for people"
        )]
        let per_second = |n: u64| (n as f64 / seconds) as u64;
        let bytes = self.last.bytes.saturating_sub(first.bytes);
        let rows = self.last.rows.saturating_sub(first.rows);
        (bytes + rows > 0).then(|| (per_second(bytes), per_second(rows)))
    }

    /// Bytes a second, or rows where bytes are not counted.
    fn rate(&self, elapsed: Duration) -> Option<String> {
        let (bytes, rows) = self.pace(elapsed)?;
        Some(match self.last.bytes > self.first.unwrap_or_default().bytes {
            true => format!("{}/s", units::bytes(bytes)),
            false => format!("{} rows/s", units::count(rows)),
        })
    }

    /// Seconds left at the pace so far.
    pub fn left(&self, elapsed: Duration) -> Option<f64> {
        let done = self.last.done.checked_sub(self.first?.done).filter(|d| *d > 0)?;
        let left = self.last.total.checked_sub(self.last.done)?;
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let seconds = elapsed.as_secs_f64() / done as f64 * left as f64;
        (elapsed.as_secs_f64() >= 1.0).then_some(seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resumed_phase_counts_only_its_own_work_as_pace() {
        let mut track = Track::new();
        track.update(Amount { done: 50, total: 100, rows: 500, bytes: 0 });
        track.update(Amount { done: 60, total: 100, rows: 600, bytes: 0 });
        let text = track.describe(Duration::from_secs(10), false);
        assert_eq!(text, "600 rows, 10 rows/s, 40.0 s left");
    }

    #[test]
    fn narrow_lines_keep_bytes_and_time_left() {
        let mut track = Track::new();
        track.update(Amount { done: 0, total: 10, rows: 0, bytes: 0 });
        track.update(Amount { done: 5, total: 10, rows: 1_000_000, bytes: 1 << 30 });
        let elapsed = Duration::from_secs(4);
        assert_eq!(track.describe(elapsed, true), "1.0 GiB, 4.0 s left");
        assert_eq!(
            track.describe(elapsed, false),
            "1,000,000 rows, 1.0 GiB, 256.0 MiB/s, 4.0 s left"
        );
        assert_eq!(track.summary(elapsed), "1,000,000 rows, 1.0 GiB, 256.0 MiB/s");
    }
}
