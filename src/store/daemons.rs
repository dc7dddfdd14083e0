//! Daemons, by their last sign of life.

use super::Store;
use super::queue::whole;
use crate::error::Result;
use sqlx::Row;
use std::time::Duration;

/// A daemon.
#[derive(Debug, Clone)]
pub struct Daemon {
    /// Unique for each process that ever ran.
    pub id: String,
    /// Its host.
    pub host: String,
    /// Its process there.
    pub pid: u32,
    /// Its version.
    pub version: String,
    /// When it was last heard of, in milliseconds of Unix time.
    pub seen_at: i64,
    /// Whether it may still be alive.
    pub alive: bool,
}

impl Store {
    /// Says that this daemon lives, and will until `lease` is over.
    pub async fn heartbeat(&self, id: &str, host: &str, pid: u32, lease: Duration) -> Result<()> {
        sqlx::query(self.sql(
            "INSERT INTO daemons (id, host, pid, version, started_at, seen_at, alive_until)
             VALUES ($1, $2, $3, $4, {now}, {now}, {now} + $5)
             ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at, alive_until = excluded.alive_until",
        ))
        .bind(id)
        .bind(host)
        .bind(i64::from(pid))
        .bind(env!("CARGO_PKG_VERSION"))
        .bind(i64::try_from(lease.as_millis()).unwrap_or(0))
        .execute(&self.pool)
        .await
        .map_err(self.failed())?;
        Ok(())
    }

    /// Says that it ends.
    pub async fn farewell(&self, id: &str) -> Result<()> {
        sqlx::query(self.sql("UPDATE daemons SET seen_at = {now}, alive_until = 0 WHERE id = $1"))
            .bind(id)
            .execute(&self.pool)
            .await
            .map_err(self.failed())?;
        Ok(())
    }

    /// All that are known.
    pub async fn daemons(&self) -> Result<Vec<Daemon>> {
        let rows = sqlx::query(self.sql(
            "SELECT id, host, pid, version, seen_at, CASE WHEN alive_until > {now} THEN 1 ELSE 0 END
             FROM daemons ORDER BY started_at, id",
        ))
        .fetch_all(&self.pool)
        .await
        .map_err(self.failed())?;
        let daemon = |row: &sqlx::any::AnyRow| Daemon {
            id: row.get(0),
            host: row.get(1),
            pid: u32::try_from(row.get::<i64, _>(2)).unwrap_or(0),
            version: row.get(3),
            seen_at: row.get(4),
            alive: whole(row, 5) != 0,
        };
        Ok(rows.iter().map(daemon).collect())
    }
}
