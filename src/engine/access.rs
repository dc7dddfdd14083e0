//! From SHARE ROW EXCLUSIVE to ACCESS EXCLUSIVE, on the table and on its neighbours.
//!
//! A transaction that has read the table and now writes to it waits for our SHARE ROW EXCLUSIVE.
//! If we then queued for ACCESS EXCLUSIVE, which waits for what that transaction holds, the server
//! would fail one of us at once, without waiting for `deadlock_timeout`, and it might be the
//! client. So the lock is queued for a millisecond at a time, and for longer only while everybody
//! inside is plainly in a transaction of a single statement, which ends by itself. (NOWAIT would
//! not do: up to PostgreSQL 16 it fails as soon as anybody waits for the table, as the writers do.)
//!
//! The neighbours come first, in the order of `neighbours.sql`, and the table last: whoever came to
//! it by way of a view or of a foreign key's other side can then still get in, and out.

use super::context::Run;
use crate::catalog::neighbours::Neighbour;
use crate::error::{Error, Result};
use crate::names::ident;
use std::time::{Duration, Instant};
use tokio_postgres::error::SqlState;

/// How long to go on while some transaction inside does not look like ending by itself.
const PATIENCE: Duration = Duration::from_millis(40);

/// How long to queue for the lock, at first.
const QUEUE: Duration = Duration::from_millis(1);

/// How long to stay out of the queue while somebody inside may have to write.
const PAUSE: Duration = Duration::from_millis(1);

/// A lock to be had: on which relation, and how.
struct Wanted {
    oid: u32,
    name: String,
    statement: String,
}

/// Takes ACCESS EXCLUSIVE in the holder's transaction, which has SHARE ROW EXCLUSIVE on the table.
pub async fn exclude_readers(
    run: &Run<'_>,
    neighbours: &[Neighbour],
    limit: Duration,
) -> Result<()> {
    let deadline = Instant::now() + limit;
    for wanted in wanted(run, neighbours) {
        exclude(run, &wanted, deadline).await?;
    }
    Ok(())
}

/// Queues for ACCESS EXCLUSIVE like anybody else, with nothing held before.
pub async fn queue(run: &Run<'_>, neighbours: &[Neighbour], limit: Duration) -> Result<()> {
    let deadline = Instant::now() + limit;
    for wanted in wanted(run, neighbours) {
        let left = deadline.saturating_duration_since(Instant::now()).as_millis().max(1);
        let lock = format!("SET LOCAL lock_timeout = {left}; {}", wanted.statement);
        let failed = Error::sql(format!("ACCESS EXCLUSIVE on {}", wanted.name));
        run.sessions.holder.batch_execute(&lock).await.map_err(failed)?;
    }
    Ok(())
}

/// The locks in their order. A neighbour that nobody among us may lock comes with the statement of
/// the exchange that needs it.
fn wanted(run: &Run<'_>, neighbours: &[Neighbour]) -> Vec<Wanted> {
    let owner = ident(&run.journal.owner);
    let mut wanted = Vec::new();
    for neighbour in neighbours {
        let Some(role) = &neighbour.role else { continue };
        wanted.push(Wanted {
            oid: neighbour.oid,
            name: neighbour.name.to_string(),
            statement: format!(
                "SET LOCAL ROLE {}; {}; SET LOCAL ROLE {owner}",
                ident(role),
                neighbour.lock(role)
            ),
        });
    }
    wanted.push(Wanted {
        oid: run.subject.oid,
        name: run.subject.table.to_string(),
        statement: format!("LOCK TABLE ONLY {} IN ACCESS EXCLUSIVE MODE", run.subject.table.sql()),
    });
    wanted
}

async fn exclude(run: &Run<'_>, wanted: &Wanted, deadline: Instant) -> Result<()> {
    let began = Instant::now();
    let mut queue = QUEUE;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Error::LockWait(format!("readers did not leave {}", wanted.name)));
        }
        let timeout = queue.min(left).as_millis().max(1);
        let lock = format!("SET LOCAL lock_timeout = {timeout}; {}", wanted.statement);
        match ask(run, &lock).await {
            Err(e) if e.is(&SqlState::LOCK_NOT_AVAILABLE) => {}
            other => return other,
        }
        if all_will_leave(run, wanted.oid).await? {
            queue *= 2;
        } else if began.elapsed() < PATIENCE {
            queue = QUEUE;
            tokio::time::sleep(PAUSE).await;
        } else {
            return Err(Error::LockWait(format!(
                "transactions that have read {} stayed open",
                wanted.name
            )));
        }
    }
}

/// Runs a statement that may fail without failing the transaction.
async fn ask(run: &Run<'_>, statement: &str) -> Result<()> {
    let holder = &run.sessions.holder;
    let failed = || Error::sql("asking for ACCESS EXCLUSIVE");
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

/// Whether everybody who holds a lock on the relation is in the one statement of its transaction: it
/// began with it, and runs, waiting for nobody. Sessions whose activity is hidden from us do not
/// count as such.
async fn all_will_leave(run: &Run<'_>, oid: u32) -> Result<bool> {
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
            &[&oid, &own],
        )
        .await
        .map_err(Error::sql("looking at who reads a relation"))?;
    Ok(row.get(0))
}
