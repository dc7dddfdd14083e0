//! The drain: bringing the shadow up to date with the keys in the log.

use super::Subject;
use tokio_postgres::types::PgLsn;

/// A drain of everything there is.
pub const ALL: u64 = i64::MAX as u64;

/// The newest marker of each kind, and the table's file: (last TRUNCATE, any poison, file).
pub fn markers(subject: &Subject) -> String {
    format!(
        "SELECT max(id) FILTER (WHERE kind = 't'), bool_or(kind = 'p'), ({}) FROM {} WHERE kind <> 'k'",
        filenode(subject),
        subject.log()
    )
}

/// The table's file as the snapshot sees it. Each rewrite gives it another.
pub fn filenode(subject: &Subject) -> String {
    format!("SELECT max(relfilenode) FROM pg_catalog.pg_class WHERE oid = {}", subject.oid)
}

/// How far a drain of about `limit` log rows from `floor` on reaches: (last id, rows), the oldest
/// transaction the snapshot sees running, and the drain's own transaction ID, which is given out
/// after the snapshot was taken.
///
/// Rows with the last one's number are counted too, since they will be taken. Of an unlogged table a
/// single statement may log any number of rows under one.
pub fn reach(subject: &Subject, floor: PgLsn, limit: u64) -> String {
    let first = match limit {
        ALL => String::new(),
        limit => format!(" ORDER BY id FETCH FIRST {limit} ROWS WITH TIES"),
    };
    format!(
        "SELECT max(x.id), count(*), pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::text::int8, CASE WHEN count(*) > 0 THEN pg_catalog.pg_current_xact_id()::text::int8 END FROM (SELECT id FROM {} WHERE id >= '{floor}'{first}) x",
        subject.log()
    )
}

/// The three statements of a drain of the log rows in [floor, hi]: out with the keys, in with
/// their current rows, and off with what the snapshot saw of the log. A row logged up to `hi` that
/// commits later is not seen by the snapshot and stays.
pub fn batch(subject: &Subject, floor: PgLsn, hi: PgLsn) -> [String; 3] {
    let log = subject.log();
    let range = range(floor, hi);
    let keys = format!("{} k", subject.logged_keys(&format!("{range} AND kind = 'k'")));
    let shadow = subject.shadow().sql();
    [
        format!("DELETE FROM {shadow} s USING {keys} WHERE {}", subject.key_matches("s", "k")),
        format!(
            "INSERT INTO {shadow} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {keys} JOIN ONLY {} t ON {}",
            subject.columns(),
            subject.columns_of("t"),
            subject.table.sql(),
            subject.key_matches("t", "k"),
        ),
        format!("DELETE FROM {log} WHERE {range}"),
    ]
}

fn range(floor: PgLsn, hi: PgLsn) -> String {
    format!("id >= '{floor}' AND id <= '{hi}'")
}

/// The current rows of the keys in [floor, hi] as COPY data: out of the table, into the shadow.
pub fn carry(subject: &Subject, floor: PgLsn, hi: PgLsn) -> (String, String) {
    let keys = subject.logged_keys(&format!("{} AND kind = 'k'", range(floor, hi)));
    (
        format!(
            "COPY (SELECT {} FROM {keys} k JOIN ONLY {} t ON {}) TO STDOUT",
            subject.columns_of("t"),
            subject.table.sql(),
            subject.key_matches("t", "k"),
        ),
        format!("COPY {} ({}) FROM STDIN", subject.shadow().sql(), subject.columns()),
    )
}

/// How many keys wait in the log, counted no further than `limit`.
pub fn waiting(subject: &Subject, floor: PgLsn, limit: u64) -> String {
    format!(
        "SELECT count(*) FROM (SELECT FROM {} WHERE id >= '{floor}' LIMIT {limit}) x",
        subject.log()
    )
}

/// After a TRUNCATE of the table: all that was copied or logged before it is void. A row with the
/// marker's own number may have come after it.
pub fn void(subject: &Subject, marker: PgLsn) -> String {
    format!(
        "DELETE FROM {} WHERE id < '{marker}' OR id = '{marker}' AND kind = 't'; TRUNCATE {}",
        subject.log(),
        subject.shadow().sql()
    )
}
