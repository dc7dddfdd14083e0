//! A hundred cutovers in a row under saturated clients: none of them meets an error or misses a
//! row, and what they wrote is there.

use crate::support::random::{Random, seed};
use crate::support::session::{Failure, Session};
use crate::support::{Database, Outcome, Server, block_on, client, expect, repack, servers, words};
use libtest_mimic::Trial;
use repackd::config::Settings;
use repackd::engine::Goal;
use repackd::job::Ending;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const CUTOVERS: u32 = 100;
const CLIENTS: i64 = 8;
/// Ids of one client. Below the first are the accounts, which all share.
const STRIDE: i64 = 1000;
const ACCOUNTS: i64 = 50;

/// On every server: each version has a catalog of its own to be exchanged in.
pub fn tests() -> Vec<Trial> {
    let trial = |server: Server| {
        Trial::test(format!("cutovers::hundred::pg{}", server.version), move || {
            let seed = seed();
            block_on(hundred(&server, seed)).map_err(|e| format!("seed {seed}: {e}").into())
        })
    };
    servers().into_iter().map(trial).collect()
}

async fn hundred(server: &Server, seed: u64) -> Outcome {
    let database = Database::create(server).await?;
    database
        .run(&format!(
            "CREATE TABLE c (id bigint PRIMARY KEY, n bigint NOT NULL, body text);
             CREATE INDEX ON c (n);
             INSERT INTO c SELECT i, 100, repeat('x', 100) FROM generate_series(1, {ACCOUNTS}) i;
             INSERT INTO c SELECT a * {STRIDE} + b, 0, repeat('x', 100) FROM generate_series(1, {CLIENTS}) a, generate_series(0, 249) b"
        ))
        .await?;
    let stop = Arc::new(AtomicBool::new(false));
    let start = |number| {
        let (stop, url) = (stop.clone(), database.url("postgres"));
        tokio::spawn(async move {
            let mut one = One::new(&url, seed, number).await?;
            while !stop.load(Ordering::Relaxed) {
                one.work().await.map_err(|e| format!("client {number}: {e:?}"))?;
            }
            Ok::<One, String>(one)
        })
    };
    let clients: Vec<_> = (1..=CLIENTS).map(start).collect();
    let mut job = database.job("postgres");
    // The clients' own record is the verification.
    job.settings = Settings { verify: false, analyze_tables: false, index_jobs: 1, ..job.settings };
    let (mut attempts, mut wait) = (0, 0f64);
    let began = Instant::now();
    for _ in 0..CUTOVERS {
        let report = repack(&job, &database.find("c").await?, Goal::RunNow).await;
        expect(&report, Ending::Done)?;
        attempts += report.figures.attempts;
        wait = wait.max(report.figures.longest_wait_ms);
        if clients.iter().any(tokio::task::JoinHandle::is_finished) {
            break;
        }
    }
    let took = began.elapsed();
    stop.store(true, Ordering::Relaxed);
    let mut expected = BTreeMap::new();
    let (mut statements, mut longest) = (0, Duration::ZERO);
    for client in clients {
        let one = client.await.map_err(words)??;
        statements += one.statements;
        longest = longest.max(one.longest);
        expected.extend(one.rows);
    }
    println!(
        "{CUTOVERS} cutovers in {:.1} s and {attempts} attempts; {statements} statements, the longest {} ms; repackd says {wait:.0} ms",
        took.as_secs_f64(),
        longest.as_millis()
    );
    let rows = database.client().await?.query("SELECT id, n FROM c", &[]).await.map_err(words)?;
    let (accounts, own): (Vec<_>, Vec<_>) = rows
        .iter()
        .map(|r| (r.get::<_, i64>(0), r.get::<_, i64>(1)))
        .partition(|(id, _)| *id < STRIDE);
    let sum: i64 = accounts.iter().map(|(_, n)| n).sum();
    if (accounts.len() as i64, sum) != (ACCOUNTS, ACCOUNTS * 100) {
        return Err(format!("{} accounts hold {sum}", accounts.len()));
    }
    let found: BTreeMap<i64, i64> = own.into_iter().collect();
    let differs = |id: &&i64| found.get(*id) != expected.get(*id);
    let wrong: Vec<_> = found.keys().chain(expected.keys()).filter(differs).take(10).collect();
    if !wrong.is_empty() {
        return Err(format!("these rows are wrong: {wrong:?}"));
    }
    database.expect_no_remains().await?;
    database.expect_sound_indexes("c").await?;
    database.drop().await
}

/// One client, with the record of its own rows.
struct One {
    session: Session,
    random: Random,
    first: i64,
    id: i64,
    rows: BTreeMap<i64, i64>,
    statements: u64,
    longest: Duration,
}

impl One {
    async fn new(url: &str, seed: u64, number: i64) -> Result<Self, String> {
        let first = number * STRIDE;
        Ok(Self {
            session: Session::new(client(url).await?),
            random: Random::new(seed, number.cast_unsigned()),
            first,
            id: first,
            rows: (first..first + 250).map(|id| (id, 0)).collect(),
            statements: 0,
            longest: Duration::ZERO,
        })
    }

    /// Runs a statement, in one of all the ways to send one, and compares the number of rows.
    async fn expect(&mut self, rows: u64, statement: &str, values: &[i64]) -> Result<(), Failure> {
        let values: Vec<_> = values.iter().map(|v| Some(v.to_string())).collect();
        let began = Instant::now();
        let found = self.session.execute(&mut self.random, statement, &values).await?;
        self.longest = self.longest.max(began.elapsed());
        self.statements += 1;
        if found == rows {
            return Ok(());
        }
        Err(Failure::Count(format!("{found} rows instead of {rows}: {statement} {values:?}")))
    }

    async fn work(&mut self) -> Result<(), Failure> {
        // Half of the time the same row again: what was just committed has to be seen.
        if self.random.percent(50) {
            self.id = self.first + self.random.range(0, 300);
        }
        let id = self.id;
        let n = self.random.range(0, 1_000_000);
        match (self.random.range(0, 10), self.rows.get(&id).copied()) {
            (0..4, old) => {
                let statement = "SELECT FROM c WHERE id = $1::text::int8 AND n = $2::text::int8";
                self.expect(old.is_some().into(), statement, &[id, old.unwrap_or(0)]).await
            }
            (4, _) => self.transfer().await,
            (5, _) => {
                let statement =
                    "SELECT sum(n) FROM c WHERE id < 1000 HAVING sum(n) = $1::text::int8";
                self.expect(1, statement, &[ACCOUNTS * 100]).await
            }
            (_, None) => {
                let statement = "INSERT INTO c VALUES ($1::text::int8, $2::text::int8)";
                self.expect(1, statement, &[id, n]).await?;
                self.rows.insert(id, n);
                Ok(())
            }
            (6..8, Some(_)) => {
                let statement = "UPDATE c SET n = $2::text::int8 WHERE id = $1::text::int8";
                self.expect(1, statement, &[id, n]).await?;
                self.rows.insert(id, n);
                Ok(())
            }
            _ => {
                self.expect(1, "DELETE FROM c WHERE id = $1::text::int8", &[id]).await?;
                self.rows.remove(&id);
                Ok(())
            }
        }
    }

    /// Moves something from one account to another. In order of their ids, so that nobody waits in
    /// a circle.
    async fn transfer(&mut self) -> Result<(), Failure> {
        let a = self.random.range(1, ACCOUNTS);
        let b = self.random.range(a + 1, ACCOUNTS + 1);
        let by = self.random.range(-10, 11);
        self.session.simple("BEGIN").await?;
        let statement = "UPDATE c SET n = n + $2::text::int8 WHERE id = $1::text::int8";
        self.expect(1, statement, &[a, by]).await?;
        self.expect(1, statement, &[b, -by]).await?;
        let end = if self.random.percent(90) { "COMMIT" } else { "ROLLBACK" };
        self.session.simple(end).await.map(drop)
    }
}
