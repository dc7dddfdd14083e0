//! When each connection's tables were last looked at, and by whom they are now.

use super::Store;
use crate::error::Result;
use sqlx::Row;
use std::time::Duration;

/// What is known of a connection's last evaluation.
#[derive(Debug, Clone)]
pub struct Evaluation {
    /// The connection.
    pub connection: String,
    /// When, in milliseconds of Unix time; 0: never.
    pub last_at: i64,
    /// How long it took.
    pub took_ms: Option<i64>,
    /// Tables looked at.
    pub tables: Option<i64>,
    /// Tables that qualified.
    pub qualified: Option<i64>,
    /// Why it failed, if it did.
    pub error: Option<String>,
}

impl Store {
    /// All of them.
    pub async fn evaluations(&self) -> Result<Vec<Evaluation>> {
        let rows = sqlx::query(self.sql(
            "SELECT connection, last_at, took_ms, tables, qualified, error FROM evaluations ORDER BY connection",
        ))
        .fetch_all(&self.pool)
        .await
        .map_err(self.failed())?;
        let evaluation = |row: &sqlx::any::AnyRow| Evaluation {
            connection: row.get(0),
            last_at: row.get(1),
            took_ms: row.get(2),
            tables: row.get(3),
            qualified: row.get(4),
            error: row.get(5),
        };
        Ok(rows.iter().map(evaluation).collect())
    }

    /// Takes on the evaluation that follows the one of `seen`, unless another daemon that is alive has,
    /// for as long as it may take.
    pub async fn claim_evaluation(
        &self,
        owner: &str,
        connection: &str,
        seen: i64,
        lease: Duration,
    ) -> Result<bool> {
        let failed = self.failed();
        sqlx::query(
            self.sql("INSERT INTO evaluations (connection) VALUES ($1) ON CONFLICT DO NOTHING"),
        )
        .bind(connection)
        .execute(&self.pool)
        .await
        .map_err(&failed)?;
        let done = sqlx::query(self.sql(
            "UPDATE evaluations SET claimed_by = $1, claimed_until = {now} + $2
             WHERE connection = $3 AND last_at = $4
               AND (claimed_until <= {now} OR NOT EXISTS (
                    SELECT 1 FROM daemons d WHERE d.id = evaluations.claimed_by AND d.alive_until > {now}))",
        ))
        .bind(owner)
        .bind(i64::try_from(lease.as_millis()).unwrap_or(i64::MAX / 4))
        .bind(connection)
        .bind(seen)
        .execute(&self.pool)
        .await
        .map_err(&failed)?;
        Ok(done.rows_affected() == 1)
    }

    /// Puts an evaluation on record that was begun at `at` by the daemon's clock.
    pub async fn evaluated(
        &self,
        owner: &str,
        connection: &str,
        at: i64,
        took: Duration,
        result: Result<(usize, usize), &str>,
    ) -> Result<()> {
        let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let (tables, qualified, error) = match result {
            Ok((tables, qualified)) => (Some(number(tables)), Some(number(qualified)), None),
            Err(error) => (None, None, Some(error)),
        };
        sqlx::query(self.sql(
            "UPDATE evaluations SET last_at = $1, took_ms = $2, tables = $3, qualified = $4, error = $5,
                    claimed_by = NULL, claimed_until = 0
             WHERE connection = $6 AND claimed_by = $7",
        ))
        .bind(at)
        .bind(i64::try_from(took.as_millis()).unwrap_or(i64::MAX))
        .bind(tables)
        .bind(qualified)
        .bind(error)
        .bind(connection)
        .bind(owner)
        .execute(&self.pool)
        .await
        .map_err(self.failed())?;
        Ok(())
    }

    /// Keeps something under a name, in place of what was there.
    pub async fn remember(&self, name: &str, value: &str) -> Result<()> {
        sqlx::query(self.sql(
            "INSERT INTO memory (name, value) VALUES ($1, $2)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        ))
        .bind(name)
        .bind(value)
        .execute(&self.pool)
        .await
        .map_err(self.failed())?;
        Ok(())
    }

    /// What is kept under a name.
    pub async fn recall(&self, name: &str) -> Result<Option<String>> {
        let row = sqlx::query(self.sql("SELECT value FROM memory WHERE name = $1"))
            .bind(name)
            .fetch_optional(&self.pool)
            .await
            .map_err(self.failed())?;
        Ok(row.map(|row| row.get(0)))
    }
}
