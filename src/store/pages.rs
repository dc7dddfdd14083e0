//! What people look at page by page: tables as they were measured last, one table over time, the
//! history, one run.

use super::history::{self, Attempt};
use super::samples::{self, Measurement};
use super::{Scope, Store};
use crate::error::Result;
use crate::names::QualifiedName;
use sqlx::Row;
use sqlx::any::AnyRow;

/// Which tables, in which order.
#[derive(Debug, Clone, Default)]
pub struct TableFilter {
    /// The connection; empty: all.
    pub connection: String,
    /// A part of the name, whatever its case; empty: any.
    pub search: String,
    /// Only those that qualify.
    pub due: bool,
    /// By what they are ordered.
    pub by: By,
    /// How many to leave out.
    pub offset: u32,
    /// How many at most.
    pub limit: u32,
}

/// An order of tables.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum By {
    /// Most bytes to gain first; those of which nobody knows last.
    #[default]
    Bloat,
    /// The largest first.
    Size,
    /// By connection and name.
    Name,
}

/// A table as it was measured last.
#[derive(Debug, Clone)]
pub struct Measured {
    /// Its number in the store.
    pub id: i64,
    /// The connection.
    pub connection: String,
    /// What the evaluation found.
    pub found: Measurement,
    /// When any of this was last different, in milliseconds of Unix time.
    pub changed_at: i64,
    /// When it was seen to be there no more.
    pub gone_at: Option<i64>,
    /// When it was repacked last.
    pub last_repack: Option<i64>,
}

/// The sizes of a table at a time.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// When, in milliseconds of Unix time.
    pub at: i64,
    /// Bytes of heap, indexes and TOAST.
    pub parts: [i64; 3],
    /// Bytes to gain, if anybody knew.
    pub bloat: Option<i64>,
}

impl Sample {
    /// All its bytes.
    pub fn total(&self) -> i64 {
        self.parts.iter().sum()
    }
}

/// A phase of an attempt.
#[derive(Debug, Clone)]
pub struct PhaseRecord {
    /// Its name.
    pub phase: String,
    /// When it was put on record, in milliseconds of Unix time.
    pub ended_at: i64,
    /// How long it took.
    pub seconds: f64,
}

const MEASURED: &str = "SELECT m.id, m.connection, m.schema_name, m.table_name, m.heap, m.indexes, m.toast, m.bloat,
        m.live_rows, m.dead_rows, m.rule, m.qualifies, m.why, m.changed_at, m.gone_at,
        (SELECT max(a.ended_at) FROM attempts a WHERE a.connection = m.connection AND a.schema_name = m.schema_name
            AND a.table_name = m.table_name AND a.ending = 'done')
    FROM measured m";

const ATTEMPT: &str = "SELECT id, connection, schema_name, table_name, rule, source, daemon, number, started_at, ended_at,
        ending, phase, reason, bytes_before, bytes_after";

impl Store {
    /// The tables meant that are still there, and how many there are in all.
    pub async fn measured_tables(&self, filter: &TableFilter) -> Result<(Vec<Measured>, i64)> {
        let meant = "m.gone_at IS NULL AND ($1 = '' OR m.connection = $1)
            AND ($2 = '' OR lower(m.schema_name || '.' || m.table_name) LIKE $2 ESCAPE '!')
            AND ($3 = 0 OR m.qualifies = 1)";
        let order = match filter.by {
            By::Bloat => "CASE WHEN m.bloat IS NULL THEN 1 ELSE 0 END, m.bloat DESC",
            By::Size => "m.heap + m.indexes + m.toast DESC",
            By::Name => "m.connection",
        };
        let search = match filter.search.trim() {
            "" => String::new(),
            text => {
                let text = text.to_lowercase();
                let text = text.replace('!', "!!").replace('%', "!%").replace('_', "!_");
                format!("%{text}%")
            }
        };
        let page = format!(
            "{MEASURED} WHERE {meant} ORDER BY {order}, m.connection, m.schema_name, m.table_name LIMIT $4 OFFSET $5"
        );
        let failed = self.failed();
        let rows = sqlx::query(self.sql(&page))
            .bind(&filter.connection)
            .bind(&search)
            .bind(i64::from(filter.due))
            .bind(i64::from(filter.limit))
            .bind(i64::from(filter.offset))
            .fetch_all(&self.pool)
            .await
            .map_err(&failed)?;
        let count = format!("SELECT count(*) FROM measured m WHERE {meant}");
        let count = sqlx::query(self.sql(&count))
            .bind(&filter.connection)
            .bind(&search)
            .bind(i64::from(filter.due))
            .fetch_one(&self.pool)
            .await
            .map_err(&failed)?;
        Ok((rows.iter().map(measured).collect(), count.get(0)))
    }

    /// One table, also one that is gone.
    pub async fn measured_table(
        &self,
        connection: &str,
        table: &QualifiedName,
    ) -> Result<Option<Measured>> {
        let one = format!(
            "{MEASURED} WHERE m.connection = $1 AND m.schema_name = $2 AND m.table_name = $3"
        );
        let row = sqlx::query(self.sql(&one))
            .bind(connection)
            .bind(&table.schema)
            .bind(&table.name)
            .fetch_optional(&self.pool)
            .await
            .map_err(self.failed())?;
        Ok(row.as_ref().map(measured))
    }

    /// The sizes of a table from a time on, and the last ones before it, oldest first.
    pub async fn samples(&self, table: i64, since: i64) -> Result<Vec<Sample>> {
        let rows = sqlx::query(self.sql(
            "SELECT at, heap, indexes, toast, bloat FROM samples
             WHERE table_id = $1 AND at >= coalesce(
                (SELECT max(b.at) FROM samples b WHERE b.table_id = $1 AND b.at <= $2), 0)
             ORDER BY at",
        ))
        .bind(table)
        .bind(since)
        .fetch_all(&self.pool)
        .await
        .map_err(self.failed())?;
        let sample = |row: &AnyRow| Sample {
            at: row.get(0),
            parts: [row.get(1), row.get(2), row.get(3)],
            bloat: row.get(4),
        };
        Ok(rows.iter().map(sample).collect())
    }

    /// Attempts in the order in which they were put on record, the last one first, from the one before
    /// `before` on; empty strings mean any.
    pub async fn attempts_before(
        &self,
        scope: &Scope,
        before: i64,
        limit: u32,
    ) -> Result<Vec<Attempt>> {
        let page = format!(
            "{ATTEMPT} FROM attempts WHERE id < $4 AND ($1 = '' OR connection = $1)
                AND ($3 = '' OR ($2 = '' OR schema_name = $2) AND table_name = $3)
             ORDER BY id DESC LIMIT $5"
        );
        let rows = sqlx::query(self.sql(&page))
            .bind(&scope.connection)
            .bind(&scope.schema)
            .bind(&scope.table)
            .bind(before)
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await
            .map_err(self.failed())?;
        Ok(rows.iter().map(history::attempt).collect())
    }

    /// One attempt, its phases in the order in which they ended, and its report as JSON.
    pub async fn attempt(
        &self,
        id: i64,
    ) -> Result<Option<(Attempt, Vec<PhaseRecord>, Option<String>)>> {
        let failed = self.failed();
        let one = format!("{ATTEMPT}, report FROM attempts WHERE id = $1");
        let row = sqlx::query(self.sql(&one)).bind(id).fetch_optional(&self.pool).await;
        let Some(row) = row.map_err(&failed)? else { return Ok(None) };
        let rows = sqlx::query(self.sql(
            "SELECT phase, ended_at, seconds FROM phases WHERE attempt = $1 ORDER BY ended_at, phase",
        ))
        .bind(id)
        .fetch_all(&self.pool)
        .await
        .map_err(&failed)?;
        let phase = |row: &AnyRow| PhaseRecord {
            phase: row.get(0),
            ended_at: row.get(1),
            seconds: row.get(2),
        };
        Ok(Some((history::attempt(&row), rows.iter().map(phase).collect(), row.get(15))))
    }

    /// Asks for a connection to be measured now. Whichever daemon looks next does it.
    pub async fn ask_evaluation(&self, connection: &str) -> Result<()> {
        sqlx::query(self.sql(
            "INSERT INTO evaluations (connection) VALUES ($1)
             ON CONFLICT (connection) DO UPDATE SET last_at = 0",
        ))
        .bind(connection)
        .execute(&self.pool)
        .await
        .map_err(self.failed())?;
        Ok(())
    }
}

fn measured(row: &AnyRow) -> Measured {
    Measured {
        id: row.get(0),
        connection: row.get(1),
        found: samples::measurement(row, 2),
        changed_at: row.get(13),
        gone_at: row.get(14),
        last_repack: row.get(15),
    }
}
