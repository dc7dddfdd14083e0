//! Dying in the middle: at a signal, or without any warning. Whatever is left, `resume` brings to
//! its end and `abort` takes back.

mod kills;
mod signals;

use crate::bad_input::{cases, ends, newest, trials};
use libtest_mimic::Trial;

/// The trials of this module.
pub fn tests() -> Vec<Trial> {
    let general = cases! {
        signals: interrupt_stops_at_a_chunk a_second_interrupt_stops_at_once terminate
            interrupt_while_waiting_for_the_cutover truncated_between rewritten_between
            caught_up_between used_before_it_goes dropped_before_it_is_validated;
    };
    let mut all = trials("interrupted", &newest(), general);
    all.extend(trials("interrupted", &ends(), cases! { kills: rows_survive; }));
    all
}
