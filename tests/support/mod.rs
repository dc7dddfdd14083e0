//! What the tests stand on: servers from the environment, a database for each test, dumps.

pub mod checks;
pub mod cluster;
pub mod pgbouncer;
pub mod program;
pub mod random;
pub mod running;
pub mod scene;
pub mod session;
pub mod tmpfs;
pub mod wire;
pub mod writers;

use repackd::catalog::lookup::Found;
use repackd::config::{Config, Settings};
use repackd::engine::{self, Control, Goal, Job};
use repackd::job::{Ending, Event, Report};
use repackd::names::TableArg;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::mpsc;
use tokio_postgres::{Client, NoTls};
use tokio_util::sync::CancellationToken;

/// How a test ends.
pub type Outcome = Result<(), String>;

/// Turns any error into the words of a failed test.
pub fn words(error: impl std::fmt::Debug) -> String {
    format!("{error:?}")
}

/// One running server.
#[derive(Debug, Clone)]
pub struct Server {
    /// Its major version.
    pub version: u32,
    /// The URL of its database postgres, for the superuser.
    pub url: String,
}

/// The servers that scripts/with-postgres started.
pub fn servers() -> Vec<Server> {
    let list = std::env::var("REPACKD_TEST_SERVERS").unwrap_or_default();
    list.split_whitespace()
        .filter_map(|entry| {
            let (version, url) = entry.split_once('=')?;
            Some(Server { version: version.parse().ok()?, url: url.to_owned() })
        })
        .collect()
}

/// Whether nothing is to be repacked: what fails then is a fault of the test.
pub fn plain() -> bool {
    std::env::var_os("REPACKD_TEST_PLAIN").is_some()
}

/// Runs a test to its end.
pub fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    // On the heap: in a debug build what a test awaits is too large for its thread's stack.
    runtime.block_on(Box::pin(work))
}

/// This process among all of a run of the tests, in which process ids come again.
pub fn process() -> String {
    static PROCESS: OnceLock<String> = OnceLock::new();
    let name = || {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        format!("{}_{:x}", std::process::id(), now.as_millis() % 1_000_000_000)
    };
    PROCESS.get_or_init(name).clone()
}

/// A database of its own, dropped at the end.
pub struct Database {
    /// The server it is on.
    pub server: Server,
    /// Its name.
    pub name: String,
}

static NEXT: AtomicU32 = AtomicU32::new(0);

impl Database {
    /// Creates one.
    pub async fn create(server: &Server) -> Result<Self, String> {
        let name = format!("t{}_{}", process(), NEXT.fetch_add(1, Ordering::Relaxed));
        let admin = client(&server.url).await?;
        admin
            .batch_execute(&format!("CREATE DATABASE {name} TEMPLATE template0"))
            .await
            .map_err(words)?;
        let me = Self { server: server.clone(), name };
        me.client()
            .await?
            .batch_execute("GRANT CREATE ON SCHEMA public TO shape_owner")
            .await
            .map_err(words)?;
        Ok(me)
    }

    /// Creates one with everything that is in this one, which nobody may be using.
    pub async fn copy(&self) -> Result<Self, String> {
        let name = format!("t{}_{}", process(), NEXT.fetch_add(1, Ordering::Relaxed));
        let admin = client(&self.server.url).await?;
        let create = format!("CREATE DATABASE {name} TEMPLATE {}", self.name);
        admin.batch_execute(&create).await.map_err(words)?;
        Ok(Self { server: self.server.clone(), name })
    }

    /// The URL for a user.
    pub fn url(&self, user: &str) -> String {
        let base = self.server.url.replace("postgres@", &format!("{user}@"));
        let (head, _) = base.rsplit_once('/').unwrap();
        format!("{head}/{}", self.name)
    }

    /// A connection of the superuser.
    pub async fn client(&self) -> Result<Client, String> {
        client(&self.url("postgres")).await
    }

    /// Runs statements in a session of their own.
    pub async fn run(&self, sql: &str) -> Outcome {
        self.client().await?.batch_execute(sql).await.map_err(|e| {
            let place = e.as_db_error().map(|d| format!("{d:?}"));
            place.unwrap_or_else(|| words(e))
        })
    }

    /// What repackd works with, as this user.
    pub fn job(&self, user: &str) -> Job {
        let config = Config::from_url(Some(&self.url(user))).unwrap();
        let connection = config.connections.into_iter().next().unwrap();
        Job { connection: connection.name, server: connection.server, settings: quick() }
    }

    /// Finds a table by the name a person would give.
    pub async fn find(&self, table: &str) -> Result<Found, String> {
        let arg = TableArg::parse(table)?;
        let found = engine::find(&self.job("postgres"), &arg).await.map_err(|e| e.to_string())?;
        found.ok_or_else(|| format!("{table} is not there"))
    }

    /// Everything in the database, the rows of each table sorted.
    pub fn dump(&self) -> Result<String, String> {
        self.pg_dump(&[])
    }

    /// Everything in the database but the rows.
    pub fn schema(&self) -> Result<String, String> {
        self.pg_dump(&["--schema-only"])
    }

    fn pg_dump(&self, options: &[&str]) -> Result<String, String> {
        let program =
            format!("{}/pg_dump", std::env::var("REPACKD_TEST_CLIENT_BIN").map_err(words)?);
        let output = Command::new(program)
            .args(options)
            .arg("-d")
            .arg(self.url("postgres"))
            .output()
            .map_err(words)?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        Ok(normalized(&String::from_utf8_lossy(&output.stdout)))
    }

    /// What repackd has left in the database.
    pub async fn remains(&self) -> Result<Vec<String>, String> {
        let rows = self
            .client()
            .await?
            .query(
                "SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname LIKE 'repackd%'
                 UNION ALL SELECT 'trigger ' || tgname FROM pg_trigger WHERE tgname LIKE 'repackd%'",
                &[],
            )
            .await
            .map_err(words)?;
        Ok(rows.iter().map(|r| r.get(0)).collect())
    }

    /// Drops it.
    pub async fn drop(self) -> Outcome {
        let admin = client(&self.server.url).await?;
        admin
            .batch_execute(&format!("DROP DATABASE {} WITH (FORCE)", self.name))
            .await
            .map_err(words)
    }
}

/// Settings for tables that are small and databases that are quiet.
pub fn quick() -> Settings {
    Settings {
        trust_owner: true,
        cutover_wait: std::time::Duration::from_secs(60),
        ..Settings::default()
    }
}

/// Opens a connection.
pub async fn client(url: &str) -> Result<Client, String> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.map_err(words)?;
    tokio::spawn(connection);
    Ok(client)
}

/// Something to hand to the engine, and where its events come out.
pub fn control() -> (Control, mpsc::UnboundedReceiver<Event>) {
    let (events, receiver) = mpsc::unbounded_channel();
    (Control { events, stop: CancellationToken::new(), seed: 1, gate: None }, receiver)
}

/// Runs the engine on a table.
pub async fn repack(job: &Job, table: &Found, goal: Goal) -> Report {
    let (control, _events) = control();
    engine::run(job, table, goal, &control).await
}

/// Fails unless a run ended as it should.
pub fn expect(report: &Report, ending: Ending) -> Outcome {
    if report.ending == ending {
        Ok(())
    } else {
        Err(format!("{ending:?} was expected of {report:#?}"))
    }
}

/// A dump without its random token and with the rows of each COPY sorted.
fn normalized(dump: &str) -> String {
    let mut lines = Vec::new();
    let mut rows: Option<Vec<&str>> = None;
    for line in dump.lines() {
        if line.starts_with("\\restrict") || line.starts_with("\\unrestrict") {
            continue;
        }
        match &mut rows {
            Some(block) if line == "\\." => {
                block.sort_unstable();
                lines.append(block);
                lines.push(line);
                rows = None;
            }
            Some(block) => block.push(line),
            None => {
                lines.push(line);
                if line.ends_with(" FROM stdin;") {
                    rows = Some(Vec::new());
                }
            }
        }
    }
    lines.join("\n")
}

/// Fails with the first lines that differ.
pub fn same(what: &str, expected: &str, found: &str) -> Outcome {
    if expected == found {
        return Ok(());
    }
    let mut out = format!("{what} differs:\n");
    let (a, b): (Vec<_>, Vec<_>) = (expected.lines().collect(), found.lines().collect());
    let mut shown = 0;
    let (old, new): (std::collections::HashSet<_>, std::collections::HashSet<_>) =
        (a.iter().collect(), b.iter().collect());
    for line in a.iter().filter(|l| !new.contains(l)).take(8) {
        out.push_str(&format!("- {line}\n"));
        shown += 1;
    }
    for line in b.iter().filter(|l| !old.contains(l)).take(8) {
        out.push_str(&format!("+ {line}\n"));
        shown += 1;
    }
    if shown == 0 {
        out.push_str("the same lines in another order or number, first here:\n");
        let first = a.iter().zip(&b).position(|(x, y)| x != y).unwrap_or(a.len().min(b.len()));
        for lines in [&a, &b] {
            let around = lines.iter().skip(first.saturating_sub(2)).take(6);
            around.for_each(|l| out.push_str(&format!("  {l}\n")));
            out.push_str("  --\n");
        }
    }
    Err(out)
}
