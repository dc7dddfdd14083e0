//! Transactions that always end.

use crate::error::{Error, Result};
use tokio_postgres::{Client, error::SqlState};

/// Each statement sees what was committed before it.
pub const READ_COMMITTED: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
/// All statements see what was committed before the first.
pub const REPEATABLE_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ";
/// The same, for a transaction that only looks.
pub const READ_ONLY: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";

/// Runs `work` in a transaction: commits if it succeeds, rolls back if it does not.
///
/// Should the future be dropped half-way, the transaction stays open: whoever drops it must end it,
/// or close the connection.
pub async fn transaction<T>(
    client: &Client,
    begin: &str,
    work: impl AsyncFnOnce(&Client) -> Result<T>,
) -> Result<T> {
    client.batch_execute(begin).await.map_err(Error::sql("BEGIN"))?;
    match work(client).await {
        Ok(value) => {
            client.batch_execute("COMMIT").await.map_err(Error::sql("COMMIT"))?;
            Ok(value)
        }
        Err(error) => {
            // The first error is the one to report; a connection that cannot even roll back is
            // found out by the next statement.
            let _ = rollback(client).await;
            Err(error)
        }
    }
}

/// How often a ROLLBACK is repeated when a cancel request hits it. A few may have been sent for the
/// statements before, and the server acts on each when it gets to it.
const LATE_CANCELS: u32 = 5;

/// Rolls back, even if a request to cancel an earlier statement arrives as late as this: it would
/// leave the transaction open, failed, and its locks held.
pub async fn rollback(client: &Client) -> Result<(), tokio_postgres::Error> {
    for _ in 0..LATE_CANCELS {
        match client.batch_execute("ROLLBACK").await {
            Err(e) if e.code() == Some(&SqlState::QUERY_CANCELED) => {}
            other => return other,
        }
    }
    client.batch_execute("ROLLBACK").await
}

/// Runs statements one after another, in one round trip. They share the caller's transaction.
pub async fn run_all(client: &Client, action: &str, statements: &[String]) -> Result<()> {
    if statements.is_empty() {
        return Ok(());
    }
    client.batch_execute(&statements.join(";\n")).await.map_err(Error::sql(action))
}
