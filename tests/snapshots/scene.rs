//! A table whose every state can be told from a number in another one.

use crate::support::running::Running;
use crate::support::{Database, Outcome, Server, client, quick, words};
use repackd::config::Settings;
use repackd::engine::{Goal, Job};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use tokio_postgres::Client;

/// Each state of `s` that was ever committed: the version, as `other` has it, is the highest in the
/// table, the sum of `n` is always the same, and so is the number of rows.
const SETUP: &str = "
CREATE TABLE other (version bigint);
INSERT INTO other VALUES (0);
CREATE TABLE elsewhere (n int);
INSERT INTO elsewhere VALUES (0);
CREATE TABLE s (id bigint PRIMARY KEY, n bigint NOT NULL, version bigint NOT NULL);
INSERT INTO s SELECT i, 10, 0 FROM generate_series(1, 2000) i;
CREATE INDEX ON s (version);
GRANT SELECT ON ALL TABLES IN SCHEMA public TO shape_other;
ALTER TABLE s OWNER TO shape_owner;
";

/// One step: two rows are changed, one takes another key.
const STEP: &str = "
BEGIN;
UPDATE other SET version = version + 1;
UPDATE s SET n = n - 1, version = (SELECT version FROM other) WHERE id = (SELECT min(id) FROM s);
UPDATE s SET n = n + 1, version = (SELECT version FROM other) WHERE id = (SELECT max(id) FROM s);
UPDATE s SET id = id + 2000 WHERE id = (SELECT min(id) FROM s);
COMMIT";

/// What a snapshot sees of the table.
pub const STATE: &str = "SELECT count(*), sum(n)::int8, max(version), min(id), max(id) FROM s";

/// The database and the user who repacks.
pub struct Scene {
    database: Arc<Database>,
    user: String,
    reader: &'static str,
}

impl Scene {
    /// Makes the tables; unprivileged: neither may the user see other roles' snapshots, nor is the
    /// table read by the user's own role.
    pub async fn create(server: &Server, unprivileged: bool) -> Result<Self, String> {
        let database = Arc::new(Database::create(server).await?);
        database.run(SETUP).await?;
        let mut me = Self { database, user: "postgres".into(), reader: "postgres" };
        if unprivileged {
            me.user = format!("runner_{}", me.database.name);
            me.reader = "shape_other";
            me.database
                .run(&format!(
                    "CREATE ROLE {0} LOGIN; GRANT shape_owner TO {0}; GRANT CREATE ON DATABASE {1} TO shape_owner",
                    me.user, me.database.name
                ))
                .await?;
        }
        Ok(me)
    }

    /// A connection of whoever reads.
    pub async fn client(&self) -> Result<Client, String> {
        client(&self.database.url(self.reader)).await
    }

    /// A REPEATABLE READ transaction whose snapshot is taken by a statement.
    pub async fn open(&self, first: &str) -> Result<Snapshot, String> {
        let client = self.client().await?;
        client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ").await.map_err(words)?;
        client.query(first, &[]).await.map_err(words)?;
        Ok(Snapshot { client })
    }

    /// Takes a step every 20 ms.
    pub fn write(&self) -> Writer {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, url) = (stop.clone(), self.database.url("postgres"));
        let task = tokio::spawn(async move {
            let client = client(&url).await?;
            let mut longest = Duration::ZERO;
            while !stopped.load(Ordering::Relaxed) {
                let began = Instant::now();
                client.batch_execute(STEP).await.map_err(words)?;
                longest = longest.max(began.elapsed());
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Ok(longest)
        });
        Writer { stop, task }
    }

    /// Begins to repack the table.
    pub fn start(&self, change: impl FnOnce(&mut Settings)) -> Running {
        self.go(Goal::RunNow, change)
    }

    /// Begins to repack it, or goes on with that.
    pub fn go(&self, goal: Goal, change: impl FnOnce(&mut Settings)) -> Running {
        let mut job: Job = self.database.job(&self.user);
        job.settings = quick();
        change(&mut job.settings);
        Running::start(self.database.clone(), job, "s", goal)
    }

    /// Drops everything.
    pub async fn finish(self) -> Outcome {
        self.database.expect_no_remains().await?;
        let (server, user) = (self.database.server.clone(), self.user.clone());
        let database = Arc::into_inner(self.database).ok_or("the database is still in use")?;
        database.drop().await?;
        if user != "postgres" {
            let admin = client(&server.url).await?;
            admin.batch_execute(&format!("DROP ROLE {user}")).await.map_err(words)?;
        }
        Ok(())
    }
}

/// An open transaction.
pub struct Snapshot {
    client: Client,
}

impl Snapshot {
    /// Fails unless the table is as the snapshot's version of `other` says.
    pub async fn expect_its_rows(&self) -> Outcome {
        let other = self.client.query_one("SELECT version FROM other", &[]).await.map_err(words)?;
        let version: i64 = other.get(0);
        let s = self.client.query_one(STATE, &[]).await.map_err(words)?;
        let found: (i64, i64, i64, i64, i64) = (s.get(0), s.get(1), s.get(2), s.get(3), s.get(4));
        // Each step moves the row with the least key to the end.
        let expected = (2000, 20_000, version, version + 1, version + 2000);
        if found == expected { Ok(()) } else { Err(format!("{found:?} instead of {expected:?}")) }
    }

    /// Ends it.
    pub async fn close(self) -> Outcome {
        self.client.batch_execute("COMMIT").await.map_err(words)
    }
}

/// Whoever takes the steps.
pub struct Writer {
    stop: Arc<AtomicBool>,
    task: JoinHandle<Result<Duration, String>>,
}

impl Writer {
    /// Stops it; returns the longest it took for a step.
    pub async fn stop(self) -> Result<Duration, String> {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await.map_err(words)?
    }
}
