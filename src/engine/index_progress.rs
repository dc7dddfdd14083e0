//! How far the index builds are, for people: what they have read of the shadow, and the entries that
//! went into the indexes.

use super::context::Run;
use crate::pg::Session;
use std::cell::Cell;

/// What this process has built.
pub struct Built {
    of: u64,
    indexes: Cell<u64>,
    entries: Cell<u64>,
    bytes: Cell<u64>,
}

/// What the builds that are under way have done.
#[derive(Default)]
struct Running {
    /// Thousandths of an index.
    part: u64,
    entries: u64,
    bytes: u64,
}

impl Built {
    /// Nothing yet, of so many.
    pub fn none_of(indexes: usize) -> Self {
        Self {
            of: indexes as u64,
            indexes: Cell::new(0),
            entries: Cell::new(0),
            bytes: Cell::new(0),
        }
    }

    /// One more, which the session has just built.
    pub async fn add(&self, run: &Run<'_>, session: &Session, name: &str) {
        let row = session
            .query_opt(
                "SELECT greatest(i.reltuples, 0)::int8, pg_catalog.pg_relation_size(x.indrelid)
                 FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
                 WHERE x.indrelid = $1 AND i.relname = $2",
                &[&run.journal.shadow_oid, &name],
            )
            .await;
        // No build fails for its figures.
        let figures = row.ok().flatten().map(|row| (unsigned(row.get(0)), unsigned(row.get(1))));
        let (entries, bytes) = figures.unwrap_or_default();
        self.indexes.set(self.indexes.get() + 1);
        self.entries.set(self.entries.get() + entries);
        self.bytes.set(self.bytes.get() + bytes);
    }

    /// Says how far it is.
    pub async fn report(&self, run: &Run<'_>) {
        // Before the question, so that a build that ends meanwhile is not counted twice.
        let (indexes, entries, bytes) = (self.indexes.get(), self.entries.get(), self.bytes.get());
        let running = Running::now(run).await.unwrap_or_default();
        run.progress(
            indexes * 1000 + running.part,
            self.of * 1000,
            entries + running.entries,
            bytes + running.bytes,
        );
    }
}

impl Running {
    /// As the server tells just now.
    async fn now(run: &Run<'_>) -> Option<Self> {
        let row = run
            .sessions
            .observer
            .query_opt(
                "SELECT sum(CASE WHEN blocks_total > 0 THEN 500 * blocks_done / blocks_total ELSE 0 END
                            + CASE WHEN tuples_total > 0 THEN 500 * tuples_done / tuples_total ELSE 0 END)::int8,
                        sum(tuples_done)::int8,
                        sum(blocks_done * pg_catalog.current_setting('block_size')::int8)::int8
                 FROM pg_catalog.pg_stat_progress_create_index WHERE relid = $1 HAVING count(*) > 0",
                &[&run.journal.shadow_oid],
            )
            .await
            .ok()??;
        // What a role may not see of another's session is NULL.
        let figure = |i| row.get::<_, Option<i64>>(i).map_or(0, unsigned);
        Some(Self { part: figure(0), entries: figure(1), bytes: figure(2) })
    }
}

fn unsigned(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}
