//! What is promised of every run and is not about one kind of table: that verification sees a copy that
//! is wrong, that a race which cannot be won is given up, that its own memory does not grow, that no
//! setting of a role gets in the way.

mod memory;
mod settings;
mod work;
mod wrong;

use crate::bad_input::{cases, ends, newest, trials};
use libtest_mimic::Trial;

/// The trials of this module.
pub fn tests() -> Vec<Trial> {
    let mut all = trials("promises", &ends(), cases! { settings: of_a_role one_server; });
    let general = cases! {
        wrong: a_value_changed a_row_missing a_row_too_many a_race_lost;
        memory: of_any_table;
        work: chunks_are_transactions statistics bars side_by_side;
    };
    all.extend(trials("promises", &newest(), general));
    all
}
