//! The queue: which tables are to be repacked, and what people want of them.

use super::{Scope, Store};
use crate::error::Result;
use crate::names::QualifiedName;
use sqlx::Row;
use sqlx::any::AnyRow;
use std::time::Duration;

/// What shall be repacked.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The connection.
    pub connection: String,
    /// The table.
    pub table: QualifiedName,
    /// Its OID now, or by which its run goes.
    pub oid: u32,
    /// Whether there is a run of it already, which a daemon began.
    pub begun: bool,
    /// The rule that says so.
    pub rule: String,
    /// Higher comes first.
    pub priority: i64,
    /// The order that the rules give it; more comes first.
    pub turn: i64,
    /// What the table is now, for one that was set aside.
    pub stamp: Option<String>,
}

/// What became of a wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Queued {
    /// It is queued.
    New,
    /// It was already.
    Known,
    /// It was set aside, and stays there.
    Aside(String),
    /// It was set aside, but has changed since, or long enough ago.
    Again,
}

/// The states of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It waits for its turn.
    Waiting,
    /// Somebody has it.
    Running,
    /// Until a person or a change of the table.
    Aside,
}

impl State {
    /// As the store has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Aside => "aside",
        }
    }

    fn parse(name: &str) -> Self {
        match name {
            "running" => Self::Running,
            "aside" => Self::Aside,
            _ => Self::Waiting,
        }
    }
}

/// An entry of the queue, for people to look at.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The connection.
    pub connection: String,
    /// The table.
    pub table: QualifiedName,
    /// The rule.
    pub rule: String,
    /// Its state.
    pub state: State,
    /// Whether something of it is left in the database.
    pub begun: bool,
    /// Attempts that failed.
    pub attempts: u32,
    /// Why it waits or was set aside.
    pub reason: Option<String>,
    /// Who has it.
    pub owner: Option<String>,
    /// Whether his lease is over.
    pub expired: bool,
    /// The phase, while it runs.
    pub phase: Option<String>,
    /// How much of the phase is done, from 0 to 1.
    pub progress: Option<f64>,
    /// The attempt, while it runs.
    pub attempt: Option<i64>,
    /// What a person has asked for.
    pub wanted: Option<String>,
    /// Milliseconds until it is tried again.
    pub wait_ms: i64,
    /// When it was queued, in milliseconds of Unix time.
    pub queued_at: i64,
}

/// What a person has asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// It shall be given up, says whoever is named.
    Cancel(String),
}

/// What is not paused. Joins nothing: pauses are few.
pub(super) const NOT_PAUSED: &str = "NOT EXISTS (SELECT 1 FROM pauses p
    WHERE p.connection IN ('', q.connection)
      AND (p.table_name = '' OR p.schema_name IN ('', q.schema_name) AND p.table_name = q.table_name))";

/// For ever, as far as anybody will look.
pub(super) const FOR_EVER: i64 = i64::MAX / 4;

pub(super) fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(FOR_EVER).min(FOR_EVER)
}

impl Store {
    /// Queues a table, or brings what is said of it up to date.
    pub async fn enqueue(&self, wish: &Wish) -> Result<Queued> {
        let failed = self.failed();
        let Wish { connection, table, oid, begun, rule, priority, turn, stamp } = wish;
        let inserted = sqlx::query(self.sql(
            "INSERT INTO queue (connection, schema_name, table_name, table_oid, rule, priority, turn, begun, state, queued_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'waiting', {now}, {now}) ON CONFLICT DO NOTHING",
        ))
        .bind(connection)
        .bind(&table.schema)
        .bind(&table.name)
        .bind(i64::from(*oid))
        .bind(rule)
        .bind(*priority)
        .bind(*turn)
        .bind(i64::from(*begun))
        .execute(&self.pool)
        .await
        .map_err(&failed)?;
        if inserted.rows_affected() == 1 {
            return Ok(Queued::New);
        }
        sqlx::query(self.sql(
            "UPDATE queue SET rule = $1, priority = $2, turn = $3,
                    table_oid = CASE WHEN begun = 0 OR $8 > 0 THEN $4 ELSE table_oid END,
                    begun = CASE WHEN $8 > 0 THEN 1 ELSE begun END
             WHERE connection = $5 AND schema_name = $6 AND table_name = $7 AND state <> 'running'",
        ))
        .bind(rule)
        .bind(*priority)
        .bind(*turn)
        .bind(i64::from(*oid))
        .bind(connection)
        .bind(&table.schema)
        .bind(&table.name)
        .bind(i64::from(*begun))
        .execute(&self.pool)
        .await
        .map_err(&failed)?;
        let again = sqlx::query(self.sql(
            "UPDATE queue SET state = 'waiting', attempts = 0, not_before = 0, reason = NULL, updated_at = {now}
             WHERE connection = $1 AND schema_name = $2 AND table_name = $3 AND state = 'aside'
               AND (not_before <= {now} OR stamp IS NOT NULL AND stamp <> $4)",
        ))
        .bind(connection)
        .bind(&table.schema)
        .bind(&table.name)
        .bind(stamp.clone())
        .execute(&self.pool)
        .await
        .map_err(&failed)?;
        if again.rows_affected() > 0 {
            return Ok(Queued::Again);
        }
        let row = sqlx::query(self.sql(
            "SELECT reason FROM queue WHERE connection = $1 AND schema_name = $2 AND table_name = $3 AND state = 'aside'",
        ))
        .bind(connection)
        .bind(&table.schema)
        .bind(&table.name)
        .fetch_optional(&self.pool)
        .await
        .map_err(&failed)?;
        Ok(match row {
            Some(row) => Queued::Aside(row.get::<Option<String>, _>(0).unwrap_or_default()),
            None => Queued::Known,
        })
    }

    /// Takes tables off the queue that do not qualify any more: those of the connection that are not
    /// in `keep`, wait and were not begun.
    pub async fn forget_others(&self, connection: &str, keep: &[QualifiedName]) -> Result<u64> {
        let failed = self.failed();
        let mut gone = 0;
        for entry in self.entries().await? {
            if entry.connection != connection
                || entry.state != State::Waiting
                || entry.begun
                || keep.contains(&entry.table)
            {
                continue;
            }
            let done = sqlx::query(self.sql(
                "DELETE FROM queue WHERE connection = $1 AND schema_name = $2 AND table_name = $3
                    AND state = 'waiting' AND begun = 0 AND wanted IS NULL",
            ))
            .bind(connection)
            .bind(&entry.table.schema)
            .bind(&entry.table.name)
            .execute(&self.pool)
            .await
            .map_err(&failed)?;
            gone += done.rows_affected();
        }
        Ok(gone)
    }

    /// Puts an entry under another rule.
    pub async fn change_rule(&self, scope: &Scope, rule: &str) -> Result<()> {
        sqlx::query(self.sql(
            "UPDATE queue SET rule = $1 WHERE connection = $2 AND schema_name = $3 AND table_name = $4",
        ))
        .bind(rule)
        .bind(&scope.connection)
        .bind(&scope.schema)
        .bind(&scope.table)
        .execute(&self.pool)
        .await
        .map_err(self.failed())?;
        Ok(())
    }

    /// Takes a table off the queue that was repacked by hand.
    pub async fn drop_waiting(&self, connection: &str, table: &QualifiedName) -> Result<()> {
        sqlx::query(self.sql(
            "DELETE FROM queue WHERE connection = $1 AND schema_name = $2 AND table_name = $3 AND state <> 'running'",
        ))
        .bind(connection)
        .bind(&table.schema)
        .bind(&table.name)
        .execute(&self.pool)
        .await
        .map_err(self.failed())?;
        Ok(())
    }

    /// Asks for the tables meant to be given up. What was never begun is set aside here and now.
    /// Returns how many of each: to be given up, and set aside.
    pub async fn cancel(&self, scope: &Scope, who: &str) -> Result<(u64, u64)> {
        let failed = self.failed();
        let meant =
            "connection = $1 AND ($3 = '' OR ($2 = '' OR schema_name = $2) AND table_name = $3)";
        let run = async |statement: String| {
            sqlx::query(self.sql(&statement))
                .bind(&scope.connection)
                .bind(&scope.schema)
                .bind(&scope.table)
                .bind(who)
                .execute(&self.pool)
                .await
                .map(|done| done.rows_affected())
                .map_err(&failed)
        };
        let aside = run(format!(
            "UPDATE queue SET state = 'aside', reason = 'cancelled by ' || $4, stamp = NULL, not_before = {FOR_EVER}, updated_at = {{now}}
             WHERE state = 'waiting' AND begun = 0 AND {meant}"
        ))
        .await?;
        let asked = run(format!(
            "UPDATE queue SET wanted = 'cancel', wanted_by = $4, not_before = 0, updated_at = {{now}} WHERE begun = 1 AND {meant}"
        ))
        .await?;
        Ok((asked, aside))
    }

    /// Puts what was set aside back into the queue. Returns how many that were.
    pub async fn bring_back(&self, scope: &Scope) -> Result<u64> {
        let done = sqlx::query(self.sql(
            "UPDATE queue SET state = 'waiting', attempts = 0, not_before = 0, reason = NULL, stamp = NULL, updated_at = {now}
             WHERE state = 'aside' AND connection = $1 AND ($3 = '' OR ($2 = '' OR schema_name = $2) AND table_name = $3)",
        ))
        .bind(&scope.connection)
        .bind(&scope.schema)
        .bind(&scope.table)
        .execute(&self.pool)
        .await
        .map_err(self.failed())?;
        Ok(done.rows_affected())
    }

    /// The whole queue.
    pub async fn entries(&self) -> Result<Vec<Entry>> {
        let rows = sqlx::query(self.sql(
            "SELECT connection, schema_name, table_name, rule, state, begun, attempts, reason, owner,
                    CASE WHEN state = 'running' AND lease_until <= {now} THEN 1 ELSE 0 END,
                    phase, progress, attempt, wanted, not_before - {now}, queued_at
             FROM queue
             ORDER BY connection, CASE state WHEN 'running' THEN 0 WHEN 'waiting' THEN 1 ELSE 2 END,
                      begun DESC, priority DESC, turn DESC, id",
        ))
        .fetch_all(&self.pool)
        .await
        .map_err(self.failed())?;
        Ok(rows.iter().map(entry).collect())
    }
}

fn entry(row: &AnyRow) -> Entry {
    Entry {
        connection: row.get(0),
        table: QualifiedName::new(row.get::<String, _>(1), row.get::<String, _>(2)),
        rule: row.get(3),
        state: State::parse(row.get::<String, _>(4).as_str()),
        begun: row.get::<i64, _>(5) != 0,
        attempts: u32::try_from(row.get::<i64, _>(6)).unwrap_or(u32::MAX),
        reason: row.get(7),
        owner: row.get(8),
        expired: whole(row, 9) != 0,
        phase: row.get(10),
        progress: row.get(11),
        attempt: row.get(12),
        wanted: row.get(13),
        wait_ms: row.get(14),
        queued_at: row.get(15),
    }
}

/// A number that PostgreSQL makes an int4 and SQLite a bigint.
pub(super) fn whole(row: &AnyRow, at: usize) -> i64 {
    row.try_get::<i64, _>(at).or_else(|_| row.try_get::<i32, _>(at).map(i64::from)).unwrap_or(0)
}

pub(super) fn wanted(row: &AnyRow, at: usize) -> Option<Wanted> {
    let what: Option<String> = row.get(at);
    let who: Option<String> = row.get(at + 1);
    what.map(|_| Wanted::Cancel(who.unwrap_or_default()))
}
