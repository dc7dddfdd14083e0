//! Sizes and bloat over time: what evaluations measured, kept so that 10,000 tables, few of which
//! change, are a handful of statements each time.

use super::Store;
use crate::error::Result;
use crate::job::Sizes;
use crate::names::QualifiedName;
use sqlx::Row;
use sqlx::any::AnyRow;
use std::collections::HashMap;
use std::time::Duration;

/// Smaller tables have no history, unless they have been larger.
const SMALL: i64 = 1 << 20;

/// A change by less than this part, and by less than so many bytes, is not worth a sample.
const PART: i64 = 100;
const LEAST: i64 = 1 << 16;

/// Rows of one statement. SQLite looks a parameter up by going through all before it, so that one with
/// thousands takes a second; PostgreSQL has no advantage of more either.
const ROWS: usize = 64;

const DAY_MS: i64 = 86_400_000;

/// For how long every sample is kept; of older ones one a day and table is.
const ALL_FOR_MS: i64 = 7 * DAY_MS;

/// The name under which is kept up to when that was done.
const THINNED: &str = "samples thinned";

/// A table as an evaluation found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measurement {
    /// The table.
    pub table: QualifiedName,
    /// Bytes of the main fork with its maps.
    pub heap: i64,
    /// Bytes of all indexes.
    pub indexes: i64,
    /// Bytes of the TOAST table and its index.
    pub toast: i64,
    /// Bytes to gain; `None`: nobody can tell.
    pub bloat: Option<i64>,
    /// Live rows.
    pub live_rows: Option<i64>,
    /// Dead rows.
    pub dead_rows: Option<i64>,
    /// The rule that decided.
    pub rule: Option<String>,
    /// Whether it is to be repacked.
    pub qualifies: bool,
    /// Every condition, in words.
    pub why: String,
}

/// The row of a table, as far as it decides what is to be written.
struct Known {
    id: i64,
    gone: bool,
    measured: Measurement,
    sampled: Option<(i64, Option<i64>)>,
}

impl Measurement {
    /// All its bytes.
    pub fn total(&self) -> i64 {
        self.heap + self.indexes + self.toast
    }

    /// Whether this is worth a sample.
    fn is_news(&self, known: Option<&Known>) -> bool {
        match known.and_then(|known| known.sampled) {
            None => self.total() >= SMALL,
            Some((bytes, bloat)) => {
                let differs = |a: i64, b: i64| (a - b).abs() > (bytes / PART).max(LEAST);
                differs(self.total(), bytes)
                    || match (self.bloat, bloat) {
                        (Some(now), Some(then)) => differs(now, then),
                        (now, then) => now.is_some() != then.is_some(),
                    }
            }
        }
    }
}

/// What a row of `measured` says, from the column `schema_name` on, which is the one at `at`.
pub(super) fn measurement(row: &AnyRow, at: usize) -> Measurement {
    Measurement {
        table: QualifiedName::new(row.get::<String, _>(at), row.get::<String, _>(at + 1)),
        heap: row.get(at + 2),
        indexes: row.get(at + 3),
        toast: row.get(at + 4),
        bloat: row.get(at + 5),
        live_rows: row.get(at + 6),
        dead_rows: row.get(at + 7),
        rule: row.get(at + 8),
        qualifies: row.get::<i64, _>(at + 9) != 0,
        why: row.get(at + 10),
    }
}

/// `($1, …, $13), ($14, …` for so many rows.
fn places(rows: usize, columns: usize) -> String {
    let row = |at: usize| {
        let places: Vec<String> = (1..=columns).map(|i| format!("${}", at * columns + i)).collect();
        format!("({})", places.join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

impl Store {
    /// Keeps what an evaluation of a connection found: all of its tables. Writes only what is different,
    /// and a sample only where that is worth one. Returns how many rows and how many samples.
    pub async fn keep_measured(
        &self,
        connection: &str,
        all: &[Measurement],
    ) -> Result<(usize, usize)> {
        let now = self.now().await?;
        let mut known = self.known(connection).await?;
        let mut news: Vec<(&Measurement, bool)> = Vec::new();
        for measurement in all {
            let before = known.remove(&measurement.table);
            let sample = measurement.is_news(before.as_ref());
            if sample || before.is_none_or(|b| b.gone || b.measured != *measurement) {
                news.push((measurement, sample));
            }
        }
        for chunk in news.chunks(ROWS) {
            self.keep_chunk(connection, chunk, now).await?;
        }
        let gone: Vec<i64> = known.values().filter(|k| !k.gone).map(|k| k.id).collect();
        for chunk in gone.chunks(ROWS) {
            let list: Vec<String> = chunk.iter().map(ToString::to_string).collect();
            let statement =
                format!("UPDATE measured SET gone_at = $1 WHERE id IN ({})", list.join(", "));
            let done = sqlx::query(self.sql(&statement)).bind(now).execute(&self.pool).await;
            done.map_err(self.failed())?;
        }
        Ok((news.len() + gone.len(), news.iter().filter(|(_, sample)| *sample).count()))
    }

    /// Keeps the sizes of a table that was just repacked, so that nobody has to wait for the next
    /// evaluation to see what came of it. One that was never measured is left to that.
    pub async fn keep_repacked(
        &self,
        connection: &str,
        table: &QualifiedName,
        sizes: &Sizes,
    ) -> Result<()> {
        let Some(before) = self.measured_table(connection, table).await? else { return Ok(()) };
        let size = before.found.total();
        let after = Measurement {
            heap: sizes.heap,
            indexes: sizes.indexes,
            toast: sizes.toast,
            bloat: Some(0),
            dead_rows: Some(0),
            qualifies: false,
            why: "it was just repacked".into(),
            ..before.found
        };
        let sample = size.max(after.total()) >= SMALL;
        self.keep_chunk(connection, &[(&after, sample)], self.now().await?).await
    }

    async fn known(&self, connection: &str) -> Result<HashMap<QualifiedName, Known>> {
        let rows = sqlx::query(self.sql(
            "SELECT id, schema_name, table_name, heap, indexes, toast, bloat, live_rows, dead_rows, rule,
                    qualifies, why, gone_at, sampled_at, sampled_bytes, sampled_bloat
             FROM measured WHERE connection = $1",
        ))
        .bind(connection)
        .fetch_all(&self.pool)
        .await
        .map_err(self.failed())?;
        let known = |row: &AnyRow| Known {
            id: row.get(0),
            measured: measurement(row, 1),
            gone: row.get::<Option<i64>, _>(12).is_some(),
            sampled: row
                .get::<Option<i64>, _>(13)
                .and(row.get::<Option<i64>, _>(14))
                .map(|bytes| (bytes, row.get(15))),
        };
        Ok(rows.iter().map(known).map(|k| (k.measured.table.clone(), k)).collect())
    }

    /// Rows and their samples together: a row that says it was sampled has its sample.
    async fn keep_chunk(
        &self,
        connection: &str,
        chunk: &[(&Measurement, bool)],
        now: i64,
    ) -> Result<()> {
        let failed = self.failed();
        let statement = format!(
            "INSERT INTO measured (connection, schema_name, table_name, heap, indexes, toast, bloat, live_rows,
                                   dead_rows, rule, qualifies, why, changed_at, sampled_at, sampled_bytes, sampled_bloat)
             VALUES {}
             ON CONFLICT (connection, schema_name, table_name) DO UPDATE SET
                heap = excluded.heap, indexes = excluded.indexes, toast = excluded.toast, bloat = excluded.bloat,
                live_rows = excluded.live_rows, dead_rows = excluded.dead_rows, rule = excluded.rule,
                qualifies = excluded.qualifies, why = excluded.why, changed_at = excluded.changed_at, gone_at = NULL,
                sampled_at = coalesce(excluded.sampled_at, measured.sampled_at),
                sampled_bytes = CASE WHEN excluded.sampled_at IS NULL THEN measured.sampled_bytes ELSE excluded.sampled_bytes END,
                sampled_bloat = CASE WHEN excluded.sampled_at IS NULL THEN measured.sampled_bloat ELSE excluded.sampled_bloat END
             RETURNING id, schema_name, table_name",
            places(chunk.len(), 16)
        );
        let mut transaction = self.begin().await?;
        let mut query = sqlx::query(self.sql(&statement));
        for (m, sample) in chunk {
            let sampled = sample.then_some(m);
            query = query
                .bind(connection)
                .bind(&m.table.schema)
                .bind(&m.table.name)
                .bind(m.heap)
                .bind(m.indexes)
                .bind(m.toast)
                .bind(m.bloat)
                .bind(m.live_rows)
                .bind(m.dead_rows)
                .bind(m.rule.clone())
                .bind(i64::from(m.qualifies))
                .bind(&m.why)
                .bind(now)
                .bind(sampled.map(|_| now))
                .bind(sampled.map(|m| m.total()))
                .bind(sampled.and_then(|m| m.bloat));
        }
        let rows = query.fetch_all(&mut *transaction).await.map_err(&failed)?;
        let name =
            |row: &AnyRow| QualifiedName::new(row.get::<String, _>(1), row.get::<String, _>(2));
        let ids: HashMap<QualifiedName, i64> =
            rows.iter().map(|row| (name(row), row.get(0))).collect();
        let samples: Vec<(i64, &Measurement)> = chunk
            .iter()
            .filter(|(_, sample)| *sample)
            .filter_map(|(m, _)| Some((*ids.get(&m.table)?, *m)))
            .collect();
        if !samples.is_empty() {
            let statement = format!(
                "INSERT INTO samples (table_id, at, heap, indexes, toast, bloat) VALUES {} ON CONFLICT DO NOTHING",
                places(samples.len(), 6)
            );
            let mut query = sqlx::query(self.sql(&statement));
            for (id, m) in samples {
                query = query
                    .bind(id)
                    .bind(now)
                    .bind(m.heap)
                    .bind(m.indexes)
                    .bind(m.toast)
                    .bind(m.bloat);
            }
            query.execute(&mut *transaction).await.map_err(&failed)?;
        }
        transaction.commit().await.map_err(&failed)
    }

    /// Forgets samples older than `retention` and tables that are gone for as long, and leaves one sample
    /// a day of what is older than a week: the last one. Returns how many rows that were.
    pub async fn tidy_samples(&self, retention: Duration) -> Result<u64> {
        let failed = self.failed();
        let now = self.now().await?;
        let retention = i64::try_from(retention.as_millis()).unwrap_or(now).min(now);
        let mut gone = 0;
        for statement in [
            // A table that has not changed since keeps the last one.
            "DELETE FROM samples WHERE at < $1
                AND at < (SELECT coalesce(m.sampled_at, $1) FROM measured m WHERE m.id = table_id)",
            "DELETE FROM measured WHERE gone_at < $1",
        ] {
            let done = sqlx::query(self.sql(statement)).bind(now - retention).execute(&self.pool);
            gone += done.await.map_err(&failed)?.rows_affected();
        }
        let until = now - ALL_FOR_MS;
        let kept = self.recall(THINNED).await?.and_then(|text| text.parse::<i64>().ok());
        let from = match kept {
            Some(from) => Some(from),
            None => sqlx::query("SELECT min(at) FROM samples")
                .fetch_one(&self.pool)
                .await
                .map_err(&failed)?
                .get(0),
        };
        // The whole day, since it may have been cut in two. A day at a time: each is soon done.
        let mut day = from.unwrap_or(until) / DAY_MS * DAY_MS;
        while day < until {
            let past = (day + DAY_MS).min(until);
            let done = sqlx::query(self.sql(
                "DELETE FROM samples WHERE at >= $1 AND at < $2 AND EXISTS (
                    SELECT 1 FROM samples l WHERE l.table_id = samples.table_id AND l.at > samples.at AND l.at < $2)",
            ))
            .bind(day)
            .bind(past)
            .execute(&self.pool)
            .await
            .map_err(&failed)?;
            gone += done.rows_affected();
            self.remember(THINNED, &past.to_string()).await?;
            day += DAY_MS;
        }
        Ok(gone)
    }
}
