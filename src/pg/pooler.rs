//! Detects a pooler that hands one server session to several clients.
//!
//! Advisory locks, SET and transactions across statements all need one server session each. Must
//! run before any SET, which would otherwise leak into somebody else's session.

use super::{Server, connect};
use crate::error::{Error, Result};

/// How often to look. A pooler that serves two clients from a pool of several server sessions
/// shows itself when one of them is kept busy by the other's transaction.
const ROUNDS: usize = 4;

/// Refuses a pooler in transaction or statement mode.
pub async fn refuse_transaction_pooling(server: &Server) -> Result<()> {
    let sql = || Error::sql("looking for a connection pooler");
    let pid = "SELECT pg_catalog.pg_backend_pid()";
    let (first, second) =
        tokio::try_join!(connect(server, "repackd check"), connect(server, "repackd check"))?;
    let simple = async |session: &super::Session| -> Result<String> {
        let messages = session.simple_query(pid).await.map_err(sql())?;
        Ok(messages
            .iter()
            .find_map(|m| match m {
                tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
                _ => None,
            })
            .unwrap_or_default())
    };
    let mine = simple(&first).await?;
    for _ in 0..ROUNDS {
        // Statement mode refuses BEGIN.
        let begun = second.simple_query("BEGIN").await;
        let pooled = match begun {
            Err(e) => {
                let e = sql()(e);
                // A server that is going down says so, or nothing, which is no pooler's answer.
                if e.sqlstate().is_none() || e.is_shutdown() {
                    return Err(e);
                }
                true
            }
            Ok(_) => {
                let theirs = simple(&second).await?;
                let again = simple(&first).await?;
                second.simple_query("ROLLBACK").await.map_err(sql())?;
                theirs == mine || again != mine
            }
        };
        if pooled {
            return Err(Error::Refused {
                table: server.describe(),
                reasons: vec![
                    "there is a connection pooler in transaction or statement mode in between; repackd needs sessions of its own: connect to the server directly, or through a pool in session mode".into(),
                ],
            });
        }
    }
    Ok(())
}
