//! What people tell daemons through the store: pauses. (Cancelling is a mark on the queue's entry.)

use super::Store;
use crate::error::Result;
use crate::names::readable;
use sqlx::Row;

/// What a command is about. Empty strings stand for all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// The connection.
    pub connection: String,
    /// The schema.
    pub schema: String,
    /// The table.
    pub table: String,
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { connection, schema, table } = self;
        match (connection.as_str(), table.as_str()) {
            ("", "") => f.write_str("everything"),
            (connection, "") => write!(f, "connection {connection}"),
            (connection, table) => {
                if !schema.is_empty() {
                    write!(f, "{}.", readable(schema))?;
                }
                write!(f, "{}", readable(table))?;
                match connection {
                    "" => Ok(()),
                    connection => write!(f, " of connection {connection}"),
                }
            }
        }
    }
}

/// A pause.
#[derive(Debug, Clone)]
pub struct Pause {
    /// Of what.
    pub scope: Scope,
    /// Who wanted it.
    pub by: String,
    /// Since when, in milliseconds of Unix time.
    pub at: i64,
}

impl Store {
    /// Pauses what is meant. Whoever did so first stays on record.
    pub async fn pause(&self, scope: &Scope, who: &str) -> Result<()> {
        sqlx::query(self.sql(
            "INSERT INTO pauses (connection, schema_name, table_name, paused_by, paused_at)
             VALUES ($1, $2, $3, $4, {now}) ON CONFLICT DO NOTHING",
        ))
        .bind(&scope.connection)
        .bind(&scope.schema)
        .bind(&scope.table)
        .bind(who)
        .execute(&self.pool)
        .await
        .map_err(self.failed())?;
        Ok(())
    }

    /// Ends the pauses of exactly what is meant and of what is in it. Returns how many there were.
    pub async fn unpause(&self, scope: &Scope) -> Result<u64> {
        let done = sqlx::query(self.sql(
            "DELETE FROM pauses WHERE ($1 = '' OR connection = $1)
                AND ($3 = '' OR ($2 = '' OR schema_name = $2) AND table_name = $3)",
        ))
        .bind(&scope.connection)
        .bind(&scope.schema)
        .bind(&scope.table)
        .execute(&self.pool)
        .await
        .map_err(self.failed())?;
        Ok(done.rows_affected())
    }

    /// All pauses.
    pub async fn pauses(&self) -> Result<Vec<Pause>> {
        let rows = sqlx::query(self.sql(
            "SELECT connection, schema_name, table_name, paused_by, paused_at FROM pauses ORDER BY 1, 2, 3",
        ))
        .fetch_all(&self.pool)
        .await
        .map_err(self.failed())?;
        let pause = |row: &sqlx::any::AnyRow| Pause {
            scope: Scope { connection: row.get(0), schema: row.get(1), table: row.get(2) },
            by: row.get(3),
            at: row.get(4),
        };
        Ok(rows.iter().map(pause).collect())
    }
}
