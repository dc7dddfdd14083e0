//! What is compared.

use crate::common::Result;
use crate::common::programs::{repackd, url, variable};
use crate::common::session::run_in;
use std::process::Stdio;
use tokio::process::Command;
use tokio_postgres::Config;

/// One way to get the bloat out of a table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Candidate {
    Repackd,
    RepackdJobs,
    RepackdUnverified,
    PgRepack,
    PgRepackJobs,
    VacuumFull,
}

impl Candidate {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Repackd,
        Self::RepackdJobs,
        Self::RepackdUnverified,
        Self::PgRepack,
        Self::PgRepackJobs,
        Self::VacuumFull,
    ];

    /// As it is printed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Repackd => "repackd",
            Self::RepackdJobs => "repackd, copy_jobs 2",
            // What the others do not do.
            Self::RepackdUnverified => "repackd, unverified",
            Self::PgRepack => "pg_repack",
            Self::PgRepackJobs => "pg_repack -j 2",
            Self::VacuumFull => "VACUUM FULL",
        }
    }

    /// Repacks `public.orders` in `database`, each candidate with its own defaults.
    pub async fn run(self, server: &Config, database: &str) -> Result<()> {
        match self {
            Self::Repackd => {
                run(repackd(&url(server, "postgres", database)?, "public.orders")).await
            }
            Self::RepackdJobs => {
                let mut command = repackd(&url(server, "postgres", database)?, "public.orders");
                command.args(["--copy-jobs", "2"]);
                run(command).await
            }
            Self::RepackdUnverified => {
                let mut command = repackd(&url(server, "postgres", database)?, "public.orders");
                command.arg("--no-verify");
                run(command).await
            }
            Self::PgRepack => run(pg_repack(server, database)?).await,
            Self::PgRepackJobs => {
                let mut command = pg_repack(server, database)?;
                command.args(["--jobs", "2"]);
                run(command).await
            }
            Self::VacuumFull => {
                run_in(server, database, "VACUUM (FULL, ANALYZE) public.orders").await
            }
        }
    }
}

fn pg_repack(server: &Config, database: &str) -> Result<Command> {
    let port = server.get_ports().first().ok_or("the server has no port")?;
    let mut command = Command::new(variable("REPACKD_TEST_PG_REPACK")?);
    command.args(["--host", "127.0.0.1", "--port", &port.to_string(), "--username", "postgres"]);
    command.args(["--dbname", database, "--table", "public.orders"]).kill_on_drop(true);
    Ok(command)
}

/// What the program prints is shown only if it fails.
async fn run(mut command: Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output().await?;
    let messages = String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        let phases: Vec<String> = messages.lines().filter_map(phase).collect();
        if !phases.is_empty() {
            println!("  {}", phases.join(", "));
        }
        return Ok(());
    }
    Err(format!("{}: {}", output.status, messages.trim()).into())
}

/// What a log line of repackd says of a phase that ended: where the time goes.
fn phase(line: &str) -> Option<String> {
    let field = |name: &str| line.split(name).nth(1)?.split_whitespace().next();
    Some(format!("{} {}", field(" phase=")?, field(" took=")?.trim_matches('"')))
}
