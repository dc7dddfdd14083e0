//! Clients whose transactions read a table and write to it then: for what they write they wait for
//! SHARE ROW EXCLUSIVE, while what they have read keeps ACCESS EXCLUSIVE away. The server would make one of
//! them the victim of a deadlock at once if it came to wait while the cutover waits.

use crate::bad_input::{Test, trials};
use crate::support::{Database, Outcome, Server, client, expect, repack, servers, words};
use libtest_mimic::Trial;
use repackd::config::Settings;
use repackd::engine::{Goal, Job};
use repackd::job::Ending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_postgres::error::SqlState;

/// From 17 on: before, the server leaves no way to ask without a moment in its queue.
pub fn tests() -> Vec<Trial> {
    let able: Vec<_> = servers().into_iter().filter(|s| s.version >= 17).collect();
    let cases: Vec<(_, Test)> = vec![
        ("no_victims", |server| Box::pin(no_victims(server))),
        ("not_in_the_queue", |server| Box::pin(not_in_the_queue(server))),
    ];
    trials("upgrades", &able, cases)
}

/// Clients until they are told to stop, and what each of them counted.
struct Clients {
    stop: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<Result<(i64, i64), String>>>,
}

impl Clients {
    /// None yet.
    fn none() -> Self {
        Self { stop: Arc::default(), tasks: Vec::new() }
    }

    /// One more, who reads and then writes its own row of the table, and makes pauses between the two and
    /// after them.
    fn add(&mut self, database: &Database, table: &'static str, id: usize, pauses: [u64; 2]) {
        let (stop, url) = (self.stop.clone(), database.url("postgres"));
        let [inside, outside] = pauses.map(Duration::from_millis);
        self.tasks.push(tokio::spawn(async move {
            let client = client(&url).await?;
            let (mut n, mut deadlocks) = (0, 0);
            while !stop.load(Ordering::Relaxed) {
                client.batch_execute("BEGIN").await.map_err(words)?;
                let read = format!("SELECT n FROM {table} WHERE id = {id}");
                let found = client.query_one(&read, &[]).await.map_err(words)?;
                if found.get::<_, i64>(0) != n {
                    return Err(format!("{found:?} instead of {n}"));
                }
                tokio::time::sleep(inside).await;
                let write = format!("UPDATE {table} SET n = n + 1 WHERE id = {id}");
                match client.batch_execute(&write).await {
                    Ok(()) => n += 1,
                    Err(e) if e.code() == Some(&SqlState::T_R_DEADLOCK_DETECTED) => deadlocks += 1,
                    Err(e) => return Err(words(e)),
                }
                client.batch_execute("COMMIT").await.map_err(words)?;
                tokio::time::sleep(outside).await;
            }
            Ok((n, deadlocks))
        }));
    }

    fn one_has_failed(&self) -> bool {
        self.tasks.iter().any(JoinHandle::is_finished)
    }

    /// What they wrote, and how often the server chose one as a victim.
    async fn end(self) -> Result<(i64, i64), String> {
        self.stop.store(true, Ordering::Relaxed);
        let (mut written, mut victims) = (0, 0);
        for task in self.tasks {
            let (n, deadlocks) = task.await.map_err(words)??;
            (written, victims) = (written + n, victims + deadlocks);
        }
        Ok((written, victims))
    }
}

fn job(database: &Database) -> Job {
    let mut job = database.job("postgres");
    job.settings = Settings { verify: false, analyze_tables: false, index_jobs: 1, ..job.settings };
    job
}

/// Repacks the table under its clients, so often.
async fn cutovers(database: &Database, clients: &Clients, count: u32) -> Result<u32, String> {
    let (job, mut attempts) = (job(database), 0);
    for _ in 0..count {
        let report = repack(&job, &database.find("u").await?, Goal::RunNow).await;
        expect(&report, Ending::Done)?;
        attempts += report.figures.attempts;
        if clients.one_has_failed() {
            break;
        }
    }
    Ok(attempts)
}

/// Nobody was failed, and what they wrote is there.
async fn conclude(database: Database, clients: Clients, attempts: Result<u32, String>) -> Outcome {
    let (written, victims) = clients.end().await?;
    let attempts = attempts?;
    println!("{attempts} attempts, {written} transactions");
    if victims > 0 {
        return Err(format!("{victims} were the victims of deadlocks, in {attempts} attempts"));
    }
    let sum = "SELECT (SELECT sum(n) FROM u)::int8 + (SELECT sum(n) FROM p)::int8";
    let row = database.client().await?.query_one(sum, &[]).await.map_err(words)?;
    match row.get::<_, i64>(0) == written {
        true => database.drop().await,
        false => Err(format!("{row:?} was found and {written} written")),
    }
}

const SETUP: &str = "CREATE TABLE p (id bigint PRIMARY KEY, n bigint NOT NULL);
    INSERT INTO p SELECT i, 0 FROM generate_series(1, 10) i;
    CREATE TABLE u (id bigint PRIMARY KEY, n bigint NOT NULL, p bigint REFERENCES p);
    INSERT INTO u SELECT i, 0, 1 FROM generate_series(1, 2000) i;";

/// As many as there are, nobody is failed.
async fn no_victims(server: Server) -> Outcome {
    let database = Database::create(&server).await?;
    database.run(SETUP).await?;
    let mut clients = Clients::none();
    for number in 1..=8 {
        // Were there never a moment without one of them, there would be none for a cutover.
        clients.add(&database, "u", number, [0, 8]);
    }
    let attempts = cutovers(&database, &clients, 12).await;
    conclude(database, clients, attempts).await
}

/// Nobody can be, as the cutover is never seen in the queue of a relation that it keeps writers from: not
/// of the table, and not of the other side of a foreign key, though locking the view locks that as well.
async fn not_in_the_queue(server: Server) -> Outcome {
    let database = Database::create(&server).await?;
    database.run(SETUP).await?;
    let view = "CREATE VIEW v AS SELECT * FROM u WHERE EXISTS (SELECT FROM p WHERE p.id = u.p)";
    database.run(view).await?;
    let mut clients = Clients::none();
    clients.add(&database, "u", 1, [25, 15]);
    clients.add(&database, "p", 2, [25, 15]);
    let watcher = database.client().await?;
    let queued = "SELECT c.relname::text
        FROM pg_locks w JOIN pg_locks h USING (database, relation, pid) JOIN pg_class c ON c.oid = relation
        WHERE database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND w.mode = 'AccessExclusiveLock' AND NOT w.granted
          AND h.mode = 'ShareRowExclusiveLock' AND h.granted
          AND c.relkind <> 'v' -- ALTER VIEW has no NOWAIT.
        LIMIT 1";
    let seen = async {
        loop {
            if let Some(row) = watcher.query_opt(queued, &[]).await.map_err(words)? {
                return Ok::<String, String>(row.get(0));
            }
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
    };
    let attempts = tokio::select! {
        attempts = cutovers(&database, &clients, 3) => attempts,
        seen = seen => Err(format!("the cutover queued for {}", seen?)),
    };
    conclude(database, clients, attempts).await
}
