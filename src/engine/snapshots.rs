//! Old snapshots: transactions that began before the shadow was complete.
//!
//! Rows of the shadow carry the transaction IDs of repackd's own transactions. A snapshot taken
//! before the last of them committed does not see all of it, so a REPEATABLE READ transaction that
//! read the new table with it would miss rows. The cutover therefore waits until no such
//! transaction is left. Every mark is taken after a commit of ours; whoever was not open then, or
//! has a newer snapshot by now, cannot have one that is too old.

use super::context::Run;
use crate::catalog::neighbours::Neighbour;
use crate::error::{Error, Result};
use tokio_postgres::types::Type;

/// The transactions open at a moment, and the transaction ID that was next.
#[derive(Debug, Clone, Default)]
pub struct Mark {
    transactions: Vec<String>,
    next_xid: i64,
}

/// A transaction whose snapshot may be too old.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Old {
    /// The virtual transaction.
    pub transaction: String,
    /// The session.
    pub pid: i32,
    /// Whose.
    pub user: String,
    /// Since when, if that may be seen.
    pub since: Option<String>,
}

impl std::fmt::Display for Old {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "pid {} of {} has a snapshot from before the copy was complete",
            self.pid, self.user
        )?;
        match &self.since {
            Some(since) => write!(f, " (transaction since {since})"),
            None => Ok(()),
        }
    }
}

/// Takes a mark.
pub async fn mark(run: &Run<'_>) -> Result<Mark> {
    let row = run
        .sessions
        .observer
        .query_one(
            "SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::int8,
                    ARRAY(SELECT l.virtualxid FROM pg_catalog.pg_locks l WHERE l.locktype = 'virtualxid' AND l.granted AND l.mode = 'ExclusiveLock')",
            &[],
        )
        .await
        .map_err(Error::sql("looking at open transactions"))?;
    Ok(Mark { next_xid: row.get(0), transactions: row.get(1) })
}

/// The transactions open now whose snapshot may be from before the mark. Those that wait for a
/// lock of ours are held against `waiters` instead: planning takes a snapshot first, so they
/// show an old one, but READ COMMITTED takes a fresh one when the wait is over. With `writers_only`
/// that goes for writers alone: a reader in a STABLE function, say, takes none.
pub async fn old(
    run: &Run<'_>,
    mark: &Mark,
    waiters: &Mark,
    neighbours: &[Neighbour],
    writers_only: bool,
) -> Result<Vec<Old>> {
    let own = run.own_pids();
    let locked: Vec<u32> = neighbours.iter().map(|n| n.oid).chain([run.subject.oid]).collect();
    let rows = run
        .sessions
        .observer
        .query_typed(
            include_str!("old_snapshots.sql"),
            &[
                (&locked, Type::OID_ARRAY),
                (&own, Type::INT4_ARRAY),
                (&mark.transactions, Type::TEXT_ARRAY),
                (&mark.next_xid.to_string(), Type::TEXT),
                (&waiters.transactions, Type::TEXT_ARRAY),
                (&waiters.next_xid.to_string(), Type::TEXT),
                (&writers_only, Type::BOOL),
            ],
        )
        .await
        .map_err(Error::sql("looking at snapshots"))?;
    Ok(rows
        .iter()
        .map(|r| Old { transaction: r.get(0), pid: r.get(1), user: r.get(2), since: r.get(3) })
        .collect())
}
