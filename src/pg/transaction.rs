//! Transactions that always end.

use crate::error::{Error, Result};
use crate::failpoint;
use tokio_postgres::{Client, error::SqlState};

/// Each statement sees what was committed before it.
pub const READ_COMMITTED: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
/// All statements see what was committed before the first.
pub const REPEATABLE_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ";
/// The same, for a transaction that only looks.
pub const READ_ONLY: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";

/// Lets the COMMIT wait for the server's own disk, and not for a standby, which may never answer: WAL
/// is sent in order, so nothing that is acknowledged later can outlive what this commits.
pub const DURABLE: &str = "SET LOCAL synchronous_commit = local";

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
    let done = async {
        let value = work(client).await?;
        failpoint::commit().await?;
        Ok(value)
    };
    match done.await {
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

/// Rolls back, also when a request to cancel what was done before arrives only now.
pub async fn rollback(client: &Client) -> Result<()> {
    let mut tries = 0;
    loop {
        tries += 1;
        match client.batch_execute("ROLLBACK").await {
            Err(e) if e.code() == Some(&SqlState::QUERY_CANCELED) && tries < 5 => {}
            other => return other.map_err(Error::sql("ROLLBACK")),
        }
    }
}

/// Runs statements one after another, in one round trip. They share the caller's transaction.
pub async fn run_all(client: &Client, action: &str, statements: &[String]) -> Result<()> {
    if statements.is_empty() {
        return Ok(());
    }
    client.batch_execute(&statements.join(";\n")).await.map_err(Error::sql(action))
}
