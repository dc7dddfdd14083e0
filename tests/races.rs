//! What runs beside a repack and does not know of it: DDL at every moment, locks of every kind,
//! clients of every isolation level, snapshots from every step. Each test prints its figures.

mod ddl;
mod invariants;
mod load;
mod locks;
mod maintenance;
mod statements;

use crate::bad_input::{cases, newest, trials};
use crate::support::{Server, servers};
use libtest_mimic::Trial;

/// The trials of this module.
pub fn tests() -> Vec<Trial> {
    let mut all = ddl::tests();
    let waits = cases! {
        locks: idle_reader idle_row_lock idle_for_update idle_table_lock idle_in_a_neighbour
            prepared_transaction before_capture cancelled terminated may_not_be_cancelled;
        maintenance: vacuum_by_hand autovacuum to_prevent_wraparound dump_before_its_locks
            read_beside_reindex;
    };
    let busy = cases! {
        locks: upgrades row_queues child_before_parent;
        maintenance: dumps;
        invariants: bank list_append bulk_loader job_queue;
    };
    all.extend(trials("races", &newest(), waits));
    for (number, case) in busy.into_iter().enumerate() {
        all.extend(trials("races", &in_turn(&servers(), number), vec![case]));
    }
    all
}

/// Whether everything runs on every server that is meant for it, and for longer.
pub fn all_wanted() -> bool {
    std::env::var_os("REPACKD_TEST_ALL").is_some()
}

/// The server for the test of this number: the oldest, the middle and the newest in turn, unless
/// `REPACKD_TEST_ALL` is set.
pub fn in_turn(all: &[Server], number: usize) -> Vec<Server> {
    if all_wanted() || all.is_empty() {
        return all.to_vec();
    }
    let mut three = vec![0, all.len() / 2, all.len() - 1];
    three.dedup();
    vec![all[three[number % three.len()]].clone()]
}
