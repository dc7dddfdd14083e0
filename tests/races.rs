//! What runs beside a repack and does not know of it: DDL at every moment, locks of every kind,
//! clients of every isolation level, snapshots from every step. Each test prints its figures.

mod ddl;
mod statements;

use crate::support::Server;
use libtest_mimic::Trial;

/// The trials of this module.
pub fn tests() -> Vec<Trial> {
    ddl::tests()
}

/// Whether each statement runs on every server, and not on one of three in turn.
fn all_wanted() -> bool {
    std::env::var_os("REPACKD_TEST_ALL").is_some()
}

/// The server for the test of this number: the oldest, the middle and the newest in turn.
fn in_turn(all: &[Server], number: usize) -> Vec<Server> {
    if all_wanted() || all.is_empty() {
        return all.to_vec();
    }
    let mut three = vec![0, all.len() / 2, all.len() - 1];
    three.dedup();
    vec![all[three[number % three.len()]].clone()]
}
