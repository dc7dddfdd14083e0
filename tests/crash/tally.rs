//! What came of a torture run, by what was done.

use super::play::{End, Played};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

#[derive(Debug, Clone, Copy, Default)]
struct Line {
    cases: u64,
    injected: u64,
    unimpressed: u64,
    resumed: u64,
    aborted: u64,
    lost: u64,
    doubled: u64,
    left: u64,
    failed: u64,
}

static TALLY: Mutex<BTreeMap<String, Line>> = Mutex::new(BTreeMap::new());

/// Counts a case, or its failure.
pub fn count(action: &str, played: Result<&Played, &str>) {
    let mut tally = TALLY.lock().unwrap_or_else(PoisonError::into_inner);
    let line = tally.entry(action.to_owned()).or_default();
    line.cases += 1;
    match played {
        Ok(played) => {
            line.injected += played.injected;
            match played.end {
                End::Unimpressed => line.unimpressed += 1,
                End::Resumed => line.resumed += 1,
                End::Aborted => line.aborted += 1,
            }
            line.lost += played.damage.lost;
            line.doubled += played.damage.doubled;
            line.left += played.damage.left;
        }
        Err(_) => line.failed += 1,
    }
}

/// Prints it, if there is anything in it.
pub fn print() {
    let tally = TALLY.lock().unwrap_or_else(PoisonError::into_inner);
    if tally.is_empty() {
        return;
    }
    let heads = [
        "cases",
        "crashes injected",
        "ended by itself",
        "resumed",
        "aborted",
        "rows lost",
        "rows doubled",
        "objects left",
        "failed",
    ];
    println!("\n{:<18} {}", "action", heads.join("  "));
    let mut sums = [0; 9];
    for (action, l) in tally.iter() {
        let numbers = [
            l.cases,
            l.injected,
            l.unimpressed,
            l.resumed,
            l.aborted,
            l.lost,
            l.doubled,
            l.left,
            l.failed,
        ];
        sums.iter_mut().zip(numbers).for_each(|(sum, n)| *sum += n);
        println!("{}", row(action, &heads, &numbers));
    }
    println!("{}", row("all", &heads, &sums));
}

fn row(name: &str, heads: &[&str], numbers: &[u64]) -> String {
    let cells = heads.iter().zip(numbers).map(|(head, n)| format!("{n:>0$}", head.len()));
    format!("{name:<18} {}", cells.collect::<Vec<_>>().join("  "))
}
