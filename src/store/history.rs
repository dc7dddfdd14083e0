//! What was tried, how it ended, how long its phases took, and what was measured afterwards.

use super::{Claim, Scope, Store};
use crate::bloat::Densities;
use crate::error::Result;
use crate::names::QualifiedName;
use sqlx::any::AnyRow;
use sqlx::{Any, Row, Transaction};
use std::collections::HashMap;
use std::time::Duration;

/// What is put on record at the end of an attempt.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// One word: done, prepared, aborted, refused, busy, failed, interrupted, paused, lost, cancelled.
    pub ending: String,
    /// The phase it ended in.
    pub phase: Option<String>,
    /// Why, unless it is done.
    pub reason: Option<String>,
    /// Bytes before.
    pub bytes_before: Option<i64>,
    /// Bytes after.
    pub bytes_after: Option<i64>,
    /// The whole report, as JSON.
    pub report: Option<String>,
    /// Seconds in each phase, over all resumptions.
    pub phases: Vec<(String, f64)>,
}

/// An attempt on record.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Its number in the store.
    pub id: i64,
    /// The connection.
    pub connection: String,
    /// The table.
    pub table: QualifiedName,
    /// The rule, if one said so.
    pub rule: Option<String>,
    /// `daemon` or `run-now`.
    pub source: String,
    /// Who it was.
    pub daemon: String,
    /// Which attempt of the table this was, from 1.
    pub number: i64,
    /// When it began, in milliseconds of Unix time.
    pub started_at: i64,
    /// When it ended, if it has.
    pub ended_at: Option<i64>,
    /// How it ended.
    pub ending: Option<String>,
    /// The phase it ended in.
    pub phase: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Bytes before.
    pub bytes_before: Option<i64>,
    /// Bytes after.
    pub bytes_after: Option<i64>,
    /// Seconds in each phase.
    pub phases: Vec<(String, f64)>,
}

/// Begins an attempt.
pub(super) async fn open(
    store: &Store,
    transaction: &mut Transaction<'static, Any>,
    claim: &Claim,
) -> Result<i64, sqlx::Error> {
    let row = sqlx::query(store.sql(
        "INSERT INTO attempts (connection, schema_name, table_name, table_oid, rule, source, daemon, fence, number, started_at)
         VALUES ($1, $2, $3, $4, $5, 'daemon', $6, $7, $8, {now}) RETURNING id",
    ))
    .bind(&claim.connection)
    .bind(&claim.table.schema)
    .bind(&claim.table.name)
    .bind(i64::from(claim.oid))
    .bind(&claim.rule)
    .bind(&claim.owner)
    .bind(claim.fence)
    .bind(i64::from(claim.attempts) + 1)
    .fetch_one(&mut **transaction)
    .await?;
    Ok(row.get(0))
}

/// Ends the attempt of a daemon that gave no sign.
pub(super) async fn close_lost(
    store: &Store,
    transaction: &mut Transaction<'static, Any>,
    attempt: i64,
    by: &Claim,
) -> Result<(), sqlx::Error> {
    sqlx::query(store.sql(
        "UPDATE attempts SET ended_at = {now}, ending = 'lost', reason = $1 WHERE id = $2 AND ended_at IS NULL",
    ))
    .bind(format!("its lease ended without a word; {} took it over", by.owner))
    .bind(attempt)
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// Ends an attempt. One that somebody held for lost is put right.
pub(super) async fn close(
    store: &Store,
    transaction: &mut Transaction<'static, Any>,
    attempt: i64,
    record: &Record,
) -> Result<(), sqlx::Error> {
    sqlx::query(store.sql(
        "UPDATE attempts SET ended_at = {now}, ending = $1, phase = $2, reason = $3, bytes_before = $4,
                bytes_after = $5, report = $6 WHERE id = $7",
    ))
    .bind(&record.ending)
    .bind(record.phase.clone())
    .bind(record.reason.clone())
    .bind(record.bytes_before)
    .bind(record.bytes_after)
    .bind(record.report.clone())
    .bind(attempt)
    .execute(&mut **transaction)
    .await?;
    for (phase, seconds) in &record.phases {
        sqlx::query(store.sql(
            "INSERT INTO phases (attempt, phase, ended_at, seconds) VALUES ($1, $2, {now}, $3)
             ON CONFLICT (attempt, phase) DO UPDATE SET seconds = excluded.seconds, ended_at = excluded.ended_at",
        ))
        .bind(attempt)
        .bind(phase)
        .bind(*seconds)
        .execute(&mut **transaction)
        .await?;
    }
    Ok(())
}

impl Store {
    /// Puts a phase on record as it ends, so that history has it should nobody come back.
    pub async fn phase_done(&self, attempt: i64, phase: &str, seconds: f64) -> Result<()> {
        sqlx::query(self.sql(
            "INSERT INTO phases (attempt, phase, ended_at, seconds) VALUES ($1, $2, {now}, $3)
             ON CONFLICT (attempt, phase) DO UPDATE SET seconds = phases.seconds + excluded.seconds, ended_at = excluded.ended_at",
        ))
        .bind(attempt)
        .bind(phase)
        .bind(seconds)
        .execute(&self.pool)
        .await
        .map_err(self.failed())?;
        Ok(())
    }

    /// Puts on record what was done without the queue, by `who`, `ago` before now.
    pub async fn record(
        &self,
        connection: &str,
        table: &QualifiedName,
        who: &str,
        ago: Duration,
        record: &Record,
    ) -> Result<()> {
        let failed = self.failed();
        let mut transaction = self.begin().await?;
        let ago = i64::try_from(ago.as_millis()).unwrap_or(0);
        let row = sqlx::query(self.sql(
            "INSERT INTO attempts (connection, schema_name, table_name, table_oid, source, daemon, fence, number, started_at)
             VALUES ($1, $2, $3, 0, 'run-now', $4, 0, 1, {now} - $5) RETURNING id",
        ))
        .bind(connection)
        .bind(&table.schema)
        .bind(&table.name)
        .bind(who)
        .bind(ago)
        .fetch_one(&mut *transaction)
        .await
        .map_err(&failed)?;
        close(self, &mut transaction, row.get(0), record).await.map_err(&failed)?;
        transaction.commit().await.map_err(&failed)
    }

    /// The attempts of what is meant, the last one first, `limit` at most. An empty connection means
    /// every one.
    pub async fn attempts(&self, scope: &Scope, limit: u32) -> Result<Vec<Attempt>> {
        let failed = self.failed();
        let rows = sqlx::query(self.sql(
            "SELECT id, connection, schema_name, table_name, rule, source, daemon, number, started_at, ended_at,
                    ending, phase, reason, bytes_before, bytes_after
             FROM attempts
             WHERE ($1 = '' OR connection = $1) AND ($3 = '' OR ($2 = '' OR schema_name = $2) AND table_name = $3)
             ORDER BY started_at DESC, id DESC LIMIT $4",
        ))
        .bind(&scope.connection)
        .bind(&scope.schema)
        .bind(&scope.table)
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await
        .map_err(&failed)?;
        let mut all: Vec<Attempt> = rows.iter().map(attempt).collect();
        for attempt in &mut all {
            let rows = sqlx::query(self.sql(
                "SELECT phase, seconds FROM phases WHERE attempt = $1 ORDER BY ended_at, phase",
            ))
            .bind(attempt.id)
            .fetch_all(&self.pool)
            .await
            .map_err(&failed)?;
            attempt.phases = rows.iter().map(|r| (r.get(0), r.get(1))).collect();
        }
        Ok(all)
    }

    /// When each table of a connection was last repacked, in milliseconds of Unix time.
    pub async fn last_repacks(&self, connection: &str) -> Result<HashMap<QualifiedName, i64>> {
        let rows = sqlx::query(self.sql(
            "SELECT schema_name, table_name, max(ended_at) FROM attempts
             WHERE connection = $1 AND ending = 'done' GROUP BY schema_name, table_name",
        ))
        .bind(connection)
        .fetch_all(&self.pool)
        .await
        .map_err(self.failed())?;
        let name =
            |row: &AnyRow| QualifiedName::new(row.get::<String, _>(0), row.get::<String, _>(1));
        Ok(rows.iter().map(|row| (name(row), row.get(2))).collect())
    }

    /// Keeps what was measured of a table, as JSON.
    pub async fn keep_density(
        &self,
        connection: &str,
        table: &QualifiedName,
        density: &str,
    ) -> Result<()> {
        sqlx::query(self.sql(
            "INSERT INTO densities (connection, schema_name, table_name, density, measured_at) VALUES ($1, $2, $3, $4, {now})
             ON CONFLICT (connection, schema_name, table_name)
             DO UPDATE SET density = excluded.density, measured_at = excluded.measured_at",
        ))
        .bind(connection)
        .bind(&table.schema)
        .bind(&table.name)
        .bind(density)
        .execute(&self.pool)
        .await
        .map_err(self.failed())?;
        Ok(())
    }

    /// What was measured of a connection's tables, as JSON.
    pub async fn densities(&self, connection: &str) -> Result<HashMap<QualifiedName, String>> {
        let rows =
            sqlx::query(self.sql(
                "SELECT schema_name, table_name, density FROM densities WHERE connection = $1",
            ))
            .bind(connection)
            .fetch_all(&self.pool)
            .await
            .map_err(self.failed())?;
        let name =
            |row: &AnyRow| QualifiedName::new(row.get::<String, _>(0), row.get::<String, _>(1));
        Ok(rows.iter().map(|row| (name(row), row.get(2))).collect())
    }

    /// The same, as estimates use it. What another version wrote is measured again after the next
    /// repack.
    pub async fn measured(&self, connection: &str) -> Result<Densities> {
        let texts = self.densities(connection).await?;
        let read = |(table, text): (_, String)| Some((table, serde_json::from_str(&text).ok()?));
        Ok(texts.into_iter().filter_map(read).collect())
    }

    /// Forgets attempts that ended longer ago than `retention`, daemons not seen for as long, and
    /// densities not measured for five times as long. The last repack of a table stays: cooldowns rest
    /// on it.
    pub async fn tidy(&self, retention: Duration) -> Result<u64> {
        let failed = self.failed();
        let retention =
            i64::try_from(retention.as_millis()).unwrap_or(i64::MAX / 16).min(i64::MAX / 16);
        let mut gone = 0;
        for statement in [
            "DELETE FROM attempts WHERE ended_at < {now} - $1
                AND id NOT IN (SELECT max(id) FROM attempts WHERE ending = 'done'
                               GROUP BY connection, schema_name, table_name)",
            "DELETE FROM attempts WHERE ended_at < {now} - 5 * $1",
            "DELETE FROM daemons WHERE seen_at < {now} - $1",
            "DELETE FROM densities WHERE measured_at < {now} - 5 * $1",
        ] {
            let done = sqlx::query(self.sql(statement)).bind(retention).execute(&self.pool).await;
            gone += done.map_err(&failed)?.rows_affected();
        }
        Ok(gone)
    }
}

/// An attempt, out of the columns that both readers ask for.
pub(super) fn attempt(row: &AnyRow) -> Attempt {
    Attempt {
        id: row.get(0),
        connection: row.get(1),
        table: QualifiedName::new(row.get::<String, _>(2), row.get::<String, _>(3)),
        rule: row.get(4),
        source: row.get(5),
        daemon: row.get(6),
        number: row.get(7),
        started_at: row.get(8),
        ended_at: row.get(9),
        ending: row.get(10),
        phase: row.get(11),
        reason: row.get(12),
        bytes_before: row.get(13),
        bytes_after: row.get(14),
        phases: Vec::new(),
    }
}
