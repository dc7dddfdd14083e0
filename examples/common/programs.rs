//! The programs that are run, and what the scripts say about where they are.

use super::Result;
use std::env;
use tokio::process::Command;
use tokio_postgres::Config;

/// A variable that the scripts set.
pub fn variable(name: &str) -> Result<String> {
    env::var(name).map_err(|_| format!("{name} is not set; start this with its script").into())
}

/// The URL of a user's own connection to `database`, the way repackd takes it.
pub fn url(server: &Config, user: &str, database: &str) -> Result<String> {
    let port = server.get_ports().first().ok_or("the server has no port")?;
    Ok(format!("postgres://{user}@127.0.0.1:{port}/{database}"))
}

/// `repackd run-now` of one table. `REPACKD_BIN` is the program to run.
pub fn repackd(url: &str, table: &str) -> Command {
    let program = env::var("REPACKD_BIN").unwrap_or_else(|_| "target/release/repackd".to_owned());
    let mut command = Command::new(program);
    command.args(["run-now", "--url", url, "--json", table]).kill_on_drop(true);
    command
}
