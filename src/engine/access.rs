//! From SHARE ROW EXCLUSIVE to ACCESS EXCLUSIVE.
//!
//! A transaction that has read the table and now writes to it waits for our SHARE ROW EXCLUSIVE.
//! If we then queued for ACCESS EXCLUSIVE, which waits for what that transaction holds, the server
//! would fail one of us at once, without waiting for `deadlock_timeout`, and it might be the
//! client. So the lock is queued for a millisecond at a time, and for longer only while everybody
//! inside is plainly in a transaction of a single statement, which ends by itself. (NOWAIT would
//! not do: up to PostgreSQL 16 it fails as soon as anybody waits for the table, as the writers do.)

use super::context::Run;
use crate::error::{Error, Result};
use std::time::{Duration, Instant};
use tokio_postgres::error::SqlState;

/// How long to go on while some transaction inside does not look like ending by itself.
const PATIENCE: Duration = Duration::from_millis(40);

/// How long to queue for the lock, at first.
const QUEUE: Duration = Duration::from_millis(1);

/// How long to stay out of the queue while somebody inside may have to write.
const PAUSE: Duration = Duration::from_millis(1);

/// Takes ACCESS EXCLUSIVE in the holder's transaction, which has SHARE ROW EXCLUSIVE.
pub async fn exclude_readers(run: &Run<'_>, table: &str, limit: Duration) -> Result<()> {
    let began = Instant::now();
    let mut queue = QUEUE;
    loop {
        let left = limit.saturating_sub(began.elapsed());
        if left.is_zero() {
            return Err(Error::LockWait("readers did not leave the table".into()));
        }
        let timeout = queue.min(left).as_millis().max(1);
        let lock = format!(
            "SET LOCAL lock_timeout = {timeout}; LOCK TABLE ONLY {table} IN ACCESS EXCLUSIVE MODE"
        );
        match ask(run, &lock).await {
            Err(e) if e.is(&SqlState::LOCK_NOT_AVAILABLE) => {}
            other => return other,
        }
        if all_will_leave(run).await? {
            queue *= 2;
        } else if began.elapsed() < PATIENCE {
            queue = QUEUE;
            tokio::time::sleep(PAUSE).await;
        } else {
            return Err(Error::LockWait(
                "transactions that have read the table stayed open".into(),
            ));
        }
    }
}

/// Runs a statement that may fail without failing the transaction.
async fn ask(run: &Run<'_>, statement: &str) -> Result<()> {
    let holder = &run.sessions.holder;
    let failed = || Error::sql("LOCK TABLE IN ACCESS EXCLUSIVE MODE");
    match holder.batch_execute(&format!("SAVEPOINT readers; {statement}")).await {
        Ok(()) => Ok(()),
        Err(e) => {
            if e.code().is_some() {
                holder
                    .batch_execute("ROLLBACK TO SAVEPOINT readers; RELEASE SAVEPOINT readers")
                    .await
                    .map_err(failed())?;
            }
            Err(failed()(e))
        }
    }
}

/// Whether everybody who holds a lock on the table is in the one statement of its transaction: it
/// began with it, and runs, waiting for nobody. Sessions whose activity is hidden from us do not
/// count as such.
async fn all_will_leave(run: &Run<'_>) -> Result<bool> {
    let own = run.own_pids();
    let row = run
        .sessions
        .observer
        .query_one(
            "SELECT NOT EXISTS (
                 SELECT FROM pg_catalog.pg_locks l
                 LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
                 WHERE l.locktype = 'relation' AND l.granted AND l.relation = $1
                   AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
                   AND (l.pid IS NULL OR l.pid <> ALL ($2))
                   AND (a.state IS DISTINCT FROM 'active' OR a.xact_start IS DISTINCT FROM a.query_start
                        OR a.wait_event_type = 'Lock'))",
            &[&run.subject.oid, &own],
        )
        .await
        .map_err(Error::sql("looking at who reads the table"))?;
    Ok(row.get(0))
}
