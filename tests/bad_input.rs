//! Bad input gets a clear error, and nothing is lost: through the program, as a person would meet
//! it. After each of them the table is untouched and in use, `status` says what is left and
//! `abort` removes it.

mod busy;
mod changed;
mod hostile;
mod lost;
mod names;
mod refused;
mod server;

use crate::support::{Outcome, Server, servers};
use libtest_mimic::{Failed, Trial};
use std::pin::Pin;

/// A test of one server.
pub type Test = fn(Server) -> Pin<Box<dyn Future<Output = Outcome>>>;

/// Turns an async function into a [`Test`], by its name.
macro_rules! cases {
    ($($group:ident: $($case:ident)+;)+) => {
        vec![$($((
            concat!(stringify!($group), "::", stringify!($case)),
            (|server| Box::pin($group::$case(server))) as $crate::bad_input::Test,
        ),)+)+]
    };
}
pub(crate) use cases;

/// The newest server, for what does not vary between them.
pub fn newest() -> Vec<Server> {
    servers().into_iter().max_by_key(|s| s.version).into_iter().collect()
}

/// The oldest and the newest, for what may.
pub fn ends() -> Vec<Server> {
    let mut all = servers();
    all.sort_by_key(|s| s.version);
    if all.len() > 2 {
        all.drain(1..all.len() - 1);
    }
    all
}

/// The trials of a group, on these servers.
pub fn trials(group: &str, on: &[Server], cases: Vec<(&'static str, Test)>) -> Vec<Trial> {
    let mut all = Vec::new();
    for (name, test) in cases {
        for server in on {
            let name = format!("{group}::{name}::pg{}", server.version);
            let server = server.clone();
            let run = move || crate::support::block_on(test(server)).map_err(Failed::from);
            all.push(Trial::test(name, run));
        }
    }
    all
}

/// The trials of this module.
pub fn tests() -> Vec<Trial> {
    let general = cases! {
        names: no_such_table no_such_schema capitals not_in_a_list;
        busy: left_by_an_earlier_run two_runners journal_of_a_newer_repackd
            journal_of_an_older_repackd;
        hostile: view_for_a_journal journal_of_somebody_else run_of_no_table log_replaced
            journal_rewritten sequence_of_somebody_else;
        lost: unreachable configuration usage;
        server: standby pooler_in_transaction_mode pooler_in_statement_mode
            pooler_in_session_mode disk_full;
        refused: not_the_owner no_create temporary extension invalid_index read_only_database;
    };
    let varying = cases! {
        lost: session_killed server_stopped;
        changed: dropped renamed column_added column_dropped column_renamed column_retyped
            retyped_there_and_back
            key_renamed key_retyped_to_text key_retyped_to_int key_dropped index_added
            constraint_added view_added view_of_somebody_else trigger_added foreign_key_added row_type_used
            triggers_off_and_on owner_changed granted;
    };
    let mut all = trials("bad_input", &newest(), general);
    all.extend(trials("bad_input", &ends(), varying));
    all
}
