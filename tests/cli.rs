//! The program as its users meet it: its output for people and for programs, where it finds its
//! configuration, and what it never says.

pub mod files;
mod looking;
pub mod output;
mod partitioned;
mod schedule;
mod secrets;

use crate::bad_input::{cases, newest, trials};
use libtest_mimic::Trial;

/// The trials of this module.
pub fn tests() -> Vec<Trial> {
    let all = cases! {
        output: run_as_text run_as_json refusal_as_json by_name_and_by_list;
        partitioned: by_its_name listed without_partitions;
        looking: plan_as_text plan_besides plan_as_json status_as_json init_and_cleanup connections;
        files: looked_up_by_name repcloud repcloud_names;
        schedule: openings checked tables;
        secrets: none_in_logs none_of_a_password_command none_in_the_database
            none_from_any_place none_in_the_process;
    };
    trials("cli", &newest(), all)
}
