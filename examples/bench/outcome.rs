//! What a run came to, and the medians of several.

use crate::common::waits::Waits;
use crate::load::Experience;
use std::time::{Duration, Instant};

/// The figures that are printed, in this order.
pub const COLUMNS: [&str; 8] =
    ["time s", "p99 ms", "max ms", "due p99 ms", "due max ms", "tps", "errors", "size MB"];

/// One run: its figures, or none if the candidate failed. Those about clients are NaN without them.
pub type Outcome = Option<[f64; COLUMNS.len()]>;

/// The figures of a run from what the clients saw while it went on.
pub fn figures(
    seen: &Experience,
    (from, to): (Instant, Instant),
    size: f64,
) -> [f64; COLUMNS.len()] {
    let took = (to - from).as_secs_f64();
    let statements = Waits::between(&seen.statements, from, to);
    let due = Waits::between(&seen.transactions, from, to);
    let committed =
        seen.transactions.iter().filter(|t| (from..to).contains(&(t.begun + t.took))).count();
    let errors = seen.errors.iter().filter(|at| (from..to).contains(at)).count();
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    if statements.count == 0 {
        let mut alone = [f64::NAN; COLUMNS.len()];
        alone[0] = took;
        alone[COLUMNS.len() - 1] = size;
        return alone;
    }
    [
        took,
        ms(statements.p99),
        ms(statements.max()),
        ms(due.p99),
        ms(due.max()),
        committed as f64 / took,
        errors as f64,
        size,
    ]
}

/// The median of each figure over the runs that did not fail.
pub fn medians(outcomes: &[Outcome]) -> Outcome {
    let runs: Vec<_> = outcomes.iter().flatten().collect();
    if runs.is_empty() {
        return None;
    }
    let mut result = [0.0; COLUMNS.len()];
    for (column, median) in result.iter_mut().enumerate() {
        let mut values: Vec<f64> = runs.iter().map(|run| run[column]).collect();
        values.sort_by(f64::total_cmp);
        let (low, high) = (values[(values.len() - 1) / 2], values[values.len() / 2]);
        *median = (low + high) / 2.0;
    }
    Some(result)
}

/// A figure in a column: as many digits as it deserves.
pub fn cell(value: f64) -> String {
    if value.is_nan() {
        "-".to_owned()
    } else if value.fract() == 0.0 || value >= 100.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    }
}

/// One figure as a multiple of another; small ones matter here.
pub fn ratio(own: f64, theirs: f64) -> String {
    let ratio = own / theirs;
    if !ratio.is_finite() {
        "-".to_owned()
    } else if ratio < 0.1 {
        format!("{ratio:.4}")
    } else {
        format!("{ratio:.2}")
    }
}
