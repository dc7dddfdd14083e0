//! A client's connection: every statement is sent in one of the ways in which drivers send them,
//! and takes note of how long it took.

use crate::support::Outcome;
use crate::support::random::Random;
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tokio_postgres::types::{FromSqlOwned, ToSql};
use tokio_postgres::{Client, Row, Statement};

/// The values of a statement.
pub type Values<'a> = [&'a (dyn ToSql + Sync)];

/// What a client works with.
pub struct Hand {
    client: Client,
    prepared: HashMap<String, Statement>,
    /// What the client does next is left to it.
    pub random: Random,
    /// How many statements were sent.
    pub statements: u64,
    /// How long the longest took.
    pub longest: Duration,
}

impl Hand {
    /// On a connection of its own.
    pub fn new(client: Client, random: Random) -> Self {
        let prepared = HashMap::new();
        Self { client, prepared, random, statements: 0, longest: Duration::ZERO }
    }

    /// The rows of a query.
    pub async fn rows(&mut self, sql: &str, values: &Values<'_>) -> Result<Vec<Row>, String> {
        let began = Instant::now();
        let rows = self.query(sql, values).await.map_err(|e| format!("{sql}: {e:?}"))?;
        self.statements += 1;
        self.longest = self.longest.max(began.elapsed());
        Ok(rows)
    }

    /// Prepared once for all, or each time anew.
    async fn query(
        &mut self,
        sql: &str,
        values: &Values<'_>,
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        if self.random.percent(30) {
            return self.client.query(sql, values).await;
        }
        if !self.prepared.contains_key(sql) {
            let statement = self.client.prepare(sql).await?;
            self.prepared.insert(sql.to_owned(), statement);
        }
        self.client.query(&self.prepared[sql], values).await
    }

    /// The only row of a query.
    pub async fn row(&mut self, sql: &str, values: &Values<'_>) -> Result<Row, String> {
        let mut rows = self.rows(sql, values).await?;
        match (rows.pop(), rows.len()) {
            (Some(row), 0) => Ok(row),
            (_, more) => Err(format!("{more} rows before the last: {sql} {values:?}")),
        }
    }

    /// The only value of a query.
    pub async fn one<T: FromSqlOwned>(
        &mut self,
        sql: &str,
        values: &Values<'_>,
    ) -> Result<T, String> {
        let row = self.row(sql, values).await?;
        row.try_get(0).map_err(|e| format!("{sql} {values:?}: {e}"))
    }

    /// Changes so many rows, and fails if it is another number.
    pub async fn change(&mut self, rows: usize, sql: &str, values: &Values<'_>) -> Outcome {
        let began = Instant::now();
        let failed = |e| format!("{sql} {values:?}: {e:?}");
        let count = if self.random.percent(30) {
            self.client.execute(sql, values).await.map_err(failed)?
        } else {
            if !self.prepared.contains_key(sql) {
                let statement = self.client.prepare(sql).await.map_err(failed)?;
                self.prepared.insert(sql.to_owned(), statement);
            }
            self.client.execute(&self.prepared[sql], values).await.map_err(failed)?
        };
        self.statements += 1;
        self.longest = self.longest.max(began.elapsed());
        if count == rows as u64 {
            return Ok(());
        }
        Err(format!("{count} rows instead of {rows}: {sql} {values:?}"))
    }

    /// Statements without values, in the simple protocol.
    pub async fn simple(&mut self, sql: &str) -> Outcome {
        let began = Instant::now();
        self.client.batch_execute(sql).await.map_err(|e| format!("{sql}: {e:?}"))?;
        self.statements += 1;
        self.longest = self.longest.max(began.elapsed());
        Ok(())
    }

    /// A statement that must fail, with one of these codes ("23503|23001").
    pub async fn fails(&mut self, sql: &str, code: &str) -> Outcome {
        match self.query(sql, &[]).await {
            Ok(rows) => Err(format!("{sql}: no error, and {} rows", rows.len())),
            Err(e) if e.code().is_some_and(|c| code.split('|').any(|x| x == c.code())) => Ok(()),
            Err(e) => Err(format!("{sql}: another error than {code}: {e:?}")),
        }
    }

    /// Gives up a transaction that failed.
    pub async fn give_up(&self) -> Outcome {
        self.client.batch_execute("ROLLBACK").await.map_err(|e| format!("ROLLBACK: {e:?}"))
    }

    /// Ends a transaction, mostly well. True if it was.
    pub async fn end(&mut self) -> Result<bool, String> {
        let well = self.random.percent(92);
        self.simple(if well { "COMMIT" } else { "ROLLBACK" }).await?;
        Ok(well)
    }
}
