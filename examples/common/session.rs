//! Connections to the throw-away server: local, without TLS.

use super::Result;
use tokio_postgres::{Client, Config, NoTls};

/// Connects to `database` on the server of `server`.
pub async fn connect(server: &Config, user: &str, database: &str) -> Result<Client> {
    let mut config = server.clone();
    config.user(user).dbname(database);
    let (client, connection) = config.connect(NoTls).await?;
    // A connection that breaks shows as an error of the statement that needs it.
    tokio::spawn(connection);
    Ok(client)
}

/// Runs one command in `database` and disconnects, so that the database can be a template next.
pub async fn run_in(server: &Config, database: &str, sql: &str) -> Result<()> {
    let client = connect(server, "postgres", database).await?;
    client.batch_execute(sql).await?;
    Ok(())
}

/// Makes `copy` a copy of the database `of`, file by file: its bloat is copied as well.
pub async fn copy_database(server: &Config, of: &str, copy: &str) -> Result<()> {
    let client = connect(server, "postgres", "postgres").await?;
    client.batch_execute(&format!("DROP DATABASE IF EXISTS {copy} WITH (FORCE)")).await?;
    let version: String = client.query_one("SHOW server_version_num", &[]).await?.get(0);
    // Before 15, copying the files is the only way there is.
    let strategy = if version.as_str() < "150000" { "" } else { "STRATEGY file_copy" };
    client.batch_execute(&format!("CREATE DATABASE {copy} TEMPLATE {of} {strategy}")).await?;
    Ok(())
}
