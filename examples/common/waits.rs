//! How long clients waited for their statements.

use std::time::{Duration, Instant};

/// One statement as its client saw it.
#[derive(Clone, Copy)]
pub struct Statement {
    /// What it did.
    pub what: &'static str,
    /// When it was sent.
    pub begun: Instant,
    /// How long the answer took.
    pub took: Duration,
}

/// The statements of a stretch of time, in figures.
#[derive(Default)]
pub struct Waits {
    /// How many there were.
    pub count: usize,
    /// 99 of 100 were answered within this time.
    pub p99: Duration,
    /// The slowest.
    pub longest: Option<Statement>,
}

impl Waits {
    /// Of the statements that were under way at any time between `from` and `to`.
    pub fn between(statements: &[Statement], from: Instant, to: Instant) -> Self {
        let mut seen: Vec<Statement> = statements
            .iter()
            .filter(|s| s.begun <= to && s.begun + s.took >= from)
            .copied()
            .collect();
        seen.sort_by_key(|s| s.took);
        let p99 = seen.get(seen.len() * 99 / 100).map_or(Duration::ZERO, |s| s.took);
        Self { count: seen.len(), p99, longest: seen.last().copied() }
    }

    /// How long the slowest took.
    pub fn max(&self) -> Duration {
        self.longest.map_or(Duration::ZERO, |s| s.took)
    }
}

/// A time in milliseconds, as it is printed.
pub fn ms(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1000.0;
    if ms < 10.0 { format!("{ms:.1}") } else { format!("{ms:.0}") }
}
