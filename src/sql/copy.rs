//! The copy: page ranges of the original into the shadow.

use super::Subject;

/// Copies the rows in pages `$1` up to but not including `$2`.
///
/// One statement in READ COMMITTED: its snapshot is taken after its locks, so it can never see a
/// table from before a TRUNCATE and write into a shadow from after it.
pub fn chunk(subject: &Subject, first: u64, past: u64) -> String {
    format!(
        "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM ONLY {} t WHERE t.ctid >= '({first},0)'::pg_catalog.tid AND t.ctid < '({past},0)'::pg_catalog.tid",
        subject.shadow().sql(),
        subject.columns(),
        subject.columns_of("t"),
        subject.table.sql(),
    )
}

/// Deletes from pages of the shadow every row whose key is in the log, so that no key is there
/// twice and the key's unique index can be built.
pub fn purge(subject: &Subject, first: u64, past: u64) -> String {
    format!(
        "DELETE FROM {} s USING {} k WHERE s.ctid >= '({first},0)'::pg_catalog.tid AND s.ctid < '({past},0)'::pg_catalog.tid AND {}",
        subject.shadow().sql(),
        subject.logged_keys("kind = 'k'"),
        subject.key_matches("s", "k"),
    )
}
