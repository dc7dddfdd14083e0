//! Dying in the middle: at a signal, or without any warning. Whatever is left, `resume` brings to
//! its end and `abort` takes back.

mod kills;
mod signals;

use crate::bad_input::{cases, trials, trials_on};
use crate::support::servers;
use libtest_mimic::Trial;

/// The trials of this module.
pub fn tests() -> Vec<Trial> {
    let newest = cases! {
        signals: interrupt_stops_at_a_chunk a_second_interrupt_stops_at_once terminate
            interrupt_while_waiting_for_the_cutover;
        signals: truncated_between rewritten_between;
    };
    let mut all = trials("interrupted", false, newest);
    // What a kill leaves may differ between versions; the oldest and the newest stand for all.
    let mut ends = servers();
    ends.sort_by_key(|s| s.version);
    ends.dedup_by_key(|s| s.version);
    if ends.len() > 2 {
        ends.drain(1..ends.len() - 1);
    }
    all.extend(trials_on("interrupted", &ends, cases! { kills: rows_survive; }));
    all
}
