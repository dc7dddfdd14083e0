//! Looking before locking.
//!
//! A lock request that waits makes everyone behind it wait too ("Explicit Locking", PostgreSQL
//! manual 13.3). So repackd first watches who holds what, and asks only when nobody who would make
//! it wait has been holding for long.

use super::Session;
use crate::error::{Error, Result};
use crate::names::ident;
use std::time::Duration;
use tokio_postgres::{Client, types::Type};

/// The lock modes repackd asks for, by what they conflict with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// SHARE UPDATE EXCLUSIVE: keeps DDL and vacuum out.
    ShareUpdateExclusive,
    /// SHARE ROW EXCLUSIVE: keeps writers out.
    ShareRowExclusive,
    /// ACCESS EXCLUSIVE: keeps everybody out.
    AccessExclusive,
}

impl Mode {
    /// As LOCK TABLE writes it.
    pub fn sql(self) -> &'static str {
        match self {
            Self::ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            Self::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            Self::AccessExclusive => "ACCESS EXCLUSIVE",
        }
    }

    /// The modes it conflicts with, as `pg_locks` calls them.
    pub fn conflicts(self) -> &'static [&'static str] {
        const ALL: [&str; 8] = [
            "AccessShareLock",
            "RowShareLock",
            "RowExclusiveLock",
            "ShareUpdateExclusiveLock",
            "ShareLock",
            "ShareRowExclusiveLock",
            "ExclusiveLock",
            "AccessExclusiveLock",
        ];
        match self {
            Self::ShareUpdateExclusive => ALL.split_at(3).1,
            Self::ShareRowExclusive => ALL.split_at(2).1,
            Self::AccessExclusive => &ALL,
        }
    }
}

/// How long vacuum is given to leave: several times the usual `deadlock_timeout`.
const VACUUM_PATIENCE: Duration = Duration::from_secs(5);

/// A transaction that holds a lock in our way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The virtual transaction: a new one for each transaction of a session.
    pub transaction: String,
    /// The session; `None` for a prepared transaction.
    pub pid: Option<i32>,
    /// What it holds.
    pub mode: String,
    /// The name of a prepared transaction: what COMMIT PREPARED takes.
    pub gid: Option<String>,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.pid, &self.gid) {
            (Some(pid), _) => write!(f, "pid {pid} holds {}", self.mode),
            (None, Some(gid)) => write!(f, "the prepared transaction '{gid}' holds {}", self.mode),
            (None, None) => write!(f, "a prepared transaction holds {}", self.mode),
        }
    }
}

/// Who holds a lock on one of `relations` that conflicts with `mode`, our own sessions left out,
/// and vacuum, for which there is [`vacuum_gives_way`].
/// Needs no privilege: `pg_locks` hides nothing.
pub async fn holders(
    session: &Session,
    relations: &[u32],
    mode: Mode,
    own: &[i32],
) -> Result<Vec<Holder>> {
    let rows = session
        .query_typed(
            "SELECT DISTINCT ON (l.virtualtransaction) l.virtualtransaction, l.pid, l.mode,
                    CASE WHEN l.pid IS NULL THEN (
                        SELECT p.gid FROM pg_catalog.pg_locks x
                        JOIN pg_catalog.pg_prepared_xacts p ON p.transaction = x.transactionid
                        WHERE x.virtualtransaction = l.virtualtransaction AND x.pid IS NULL LIMIT 1) END
             FROM pg_catalog.pg_locks l
             WHERE l.locktype = 'relation' AND l.granted AND l.relation = ANY ($1) AND l.mode = ANY ($2)
               AND l.mode <> 'ShareUpdateExclusiveLock'
               AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
               AND (l.pid IS NULL OR l.pid <> ALL ($3))
             ORDER BY l.virtualtransaction, l.mode",
            &[
                (&relations, Type::OID_ARRAY),
                (&mode.conflicts(), Type::TEXT_ARRAY),
                (&own, Type::INT4_ARRAY),
            ],
        )
        .await
        .map_err(Error::sql("looking at pg_locks"))?;
    Ok(rows
        .iter()
        .map(|r| Holder { transaction: r.get(0), pid: r.get(1), mode: r.get(2), gid: r.get(3) })
        .collect())
}

/// Those who hold now and still hold after `gap`: the ones a lock request would wait for.
pub async fn long_holders(
    session: &Session,
    relations: &[u32],
    mode: Mode,
    own: &[i32],
    gap: Duration,
) -> Result<Vec<Holder>> {
    let before = holders(session, relations, mode, own).await?;
    if before.is_empty() {
        return Ok(before);
    }
    tokio::time::sleep(gap).await;
    let now = holders(session, relations, mode, own).await?;
    Ok(now
        .into_iter()
        .filter(|h| h.pid.is_none() || before.iter().any(|b| b.transaction == h.transaction))
        .collect())
}

/// Has autovacuum leave the table. Its worker is only cancelled by somebody who has waited for
/// `deadlock_timeout`, which is longer than any lock of ours is waited for that holds up readers or
/// writers. SHARE UPDATE EXCLUSIVE holds up neither, so it is what the waiting is done with. A VACUUM
/// that somebody runs by hand does not give way; then the reason is returned.
pub async fn vacuum_gives_way(
    session: &Session,
    observer: &Session,
    relations: &[u32],
    own: &[i32],
) -> Result<Option<String>> {
    let row = observer
        .query_typed_opt(
            "SELECT l.relation::regclass::text, l.pid, c.relkind = 'm',
                    CASE WHEN pg_catalog.pg_has_role(session_user, c.relowner, 'MEMBER')
                         THEN pg_catalog.pg_get_userbyid(c.relowner)::text END
             FROM pg_catalog.pg_locks l
             JOIN pg_catalog.pg_class c ON c.oid = l.relation AND c.relkind IN ('r', 'm')
             WHERE l.locktype = 'relation' AND l.granted AND l.relation = ANY ($1)
               AND l.mode = 'ShareUpdateExclusiveLock' AND l.pid <> ALL ($2)
               AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
             LIMIT 1",
            &[(&relations, Type::OID_ARRAY), (&own, Type::INT4_ARRAY)],
        )
        .await
        .map_err(Error::sql("looking for autovacuum"))?;
    let Some(row) = row else { return Ok(None) };
    let table: String = row.get(0);
    let busy = format!("pid {} is vacuuming or altering {table}", row.get::<_, i32>(1));
    // It may be another table that the exchange touches.
    let Some(owner) = row.get::<_, Option<String>>(3) else { return Ok(Some(busy)) };
    let asked = super::transaction(session, super::READ_COMMITTED, async |client| {
        let become_owner = format!("SET LOCAL ROLE {}", ident(&owner));
        client.batch_execute(&become_owner).await.map_err(Error::sql("becoming its owner"))?;
        if row.get(2) {
            return touch_matview(client, &table).await;
        }
        take(session, &table, Mode::ShareUpdateExclusive, VACUUM_PATIENCE).await
    })
    .await;
    match asked {
        Ok(()) => Ok(None),
        Err(e) if e.is_lock() => Ok(Some(busy)),
        Err(e) => Err(e),
    }
}

/// Takes SHARE UPDATE EXCLUSIVE on a materialized view, which LOCK TABLE refuses, for a moment:
/// COMMENT takes it, and is taken back.
async fn touch_matview(client: &Client, view: &str) -> Result<()> {
    let touch = format!(
        "SAVEPOINT touch; SET LOCAL lock_timeout = {}; COMMENT ON MATERIALIZED VIEW {view} IS NULL; ROLLBACK TO SAVEPOINT touch",
        VACUUM_PATIENCE.as_millis()
    );
    client.batch_execute(&touch).await.map_err(Error::sql("having autovacuum give way"))
}

/// Whether anybody waits for a lock on a relation that one of our sessions has.
pub async fn is_blocking(observer: &Session, pid: i32) -> Result<bool> {
    let row = observer
        .query_typed_one(
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_locks l WHERE NOT l.granted AND l.locktype = 'relation' AND $1 = ANY (pg_catalog.pg_blocking_pids(l.pid)))",
            &[(&pid, Type::INT4)],
        )
        .await
        .map_err(Error::sql("looking at pg_locks"))?;
    Ok(row.get(0))
}

/// Whether anybody waits for a lock on the table.
pub async fn is_waited_for(session: &Session, relation: u32) -> Result<bool> {
    let row = session
        .query_typed_one(
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_locks l
                            WHERE l.locktype = 'relation' AND NOT l.granted AND l.relation = $1
                              AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))",
            &[(&relation, Type::OID)],
        )
        .await
        .map_err(Error::sql("looking at pg_locks"))?;
    Ok(row.get(0))
}

/// Takes a lock in the session's open transaction, waiting no longer than `timeout`.
pub async fn take(session: &Session, table: &str, mode: Mode, timeout: Duration) -> Result<()> {
    session
        .batch_execute(&format!(
            "SET LOCAL lock_timeout = {}; LOCK TABLE ONLY {table} IN {} MODE",
            timeout.as_millis().max(1),
            mode.sql()
        ))
        .await
        .map_err(Error::sql(format!("LOCK TABLE IN {} MODE", mode.sql())))
}

/// Waiting times between attempts: doubling, bounded, and jittered so that two daemons do not keep
/// step. The seed is an argument, so that a test can replay it.
#[derive(Debug, Clone)]
pub struct Backoff {
    seed: u64,
    next: Duration,
    most: Duration,
}

impl Backoff {
    /// Starts at `first` and grows to `most`.
    pub fn new(seed: u64, first: Duration, most: Duration) -> Self {
        Self { seed: seed | 1, next: first, most }
    }

    /// The next wait: between half and all of a time that doubles.
    pub fn step(&mut self) -> Duration {
        // xorshift64: enough to spread attempts.
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        let full = self.next;
        self.next = (self.next * 2).min(self.most);
        full / 2 + full.mul_f64((self.seed % 1000) as f64 / 2000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_to_its_bound_and_can_be_replayed() {
        let run = |seed| {
            let mut b = Backoff::new(seed, Duration::from_millis(10), Duration::from_millis(100));
            (0..6).map(|_| b.step()).collect::<Vec<_>>()
        };
        assert_eq!(run(7), run(7));
        for (i, wait) in run(7).into_iter().enumerate() {
            let full = Duration::from_millis((10 << i).min(100));
            assert!(wait >= full / 2 && wait <= full, "{i}: {wait:?}");
        }
    }

    #[test]
    fn modes_conflict_as_the_manual_says() {
        assert_eq!(Mode::AccessExclusive.conflicts().len(), 8);
        assert!(!Mode::ShareRowExclusive.conflicts().contains(&"RowShareLock"));
        assert!(Mode::ShareRowExclusive.conflicts().contains(&"RowExclusiveLock"));
        assert!(!Mode::ShareUpdateExclusive.conflicts().contains(&"RowExclusiveLock"));
    }
}
