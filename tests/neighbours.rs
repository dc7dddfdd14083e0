//! Cutovers of tables that are tied to others, in turn, under clients that come to them by every
//! way: foreign keys in both directions, a view, triggers. No client meets an error, every snapshot
//! sees whole orders, and every trigger has fired once.

use crate::support::random::{Random, seed};
use crate::support::session::{Failure, Session};
use crate::support::{Database, Outcome, Server, block_on, client, expect, repack, servers, words};
use libtest_mimic::Trial;
use repackd::engine::Goal;
use repackd::job::Ending;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const ROUNDS: u32 = 5;
const CLIENTS: i64 = 6;
/// Ids of one client.
const STRIDE: i64 = 1000;
/// Each order has so many items, in every snapshot.
const ITEMS: i64 = 3;

const SETUP: &str = "
CREATE TABLE customer (id bigint PRIMARY KEY, n bigint NOT NULL DEFAULT 0);
CREATE TABLE purchase (id bigint PRIMARY KEY, n bigint NOT NULL DEFAULT 0,
    customer_id bigint NOT NULL REFERENCES customer ON DELETE CASCADE);
CREATE INDEX ON purchase (customer_id);
CREATE TABLE item (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n bigint NOT NULL DEFAULT 0,
    purchase_id bigint NOT NULL REFERENCES purchase ON DELETE CASCADE DEFERRABLE);
CREATE INDEX ON item (purchase_id);
CREATE VIEW open_purchase AS SELECT id, n, customer_id FROM purchase WHERE n >= 0;
CREATE VIEW whole AS SELECT p.id, count(*) AS items FROM open_purchase p JOIN item i ON i.purchase_id = p.id GROUP BY p.id;
CREATE TABLE log (what text, id bigint);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO log VALUES (TG_OP, coalesce(NEW.id, OLD.id)); RETURN NULL; END $$;
CREATE TRIGGER noted AFTER INSERT OR DELETE ON purchase FOR EACH ROW EXECUTE FUNCTION note();
INSERT INTO customer SELECT a * 1000 + b FROM generate_series(1, 6) a, generate_series(0, 19) b;
";

/// On the oldest and the newest server.
pub fn tests() -> Vec<Trial> {
    let all = servers();
    let ends = [all.first(), all.last()];
    let mut chosen: Vec<Server> = ends.into_iter().flatten().cloned().collect();
    chosen.dedup_by_key(|s| s.version);
    let tied = |server: &Server| {
        let server = server.clone();
        Trial::test(format!("neighbours::tied::pg{}", server.version), move || {
            let seed = seed();
            block_on(tied(&server, seed)).map_err(|e| format!("seed {seed}: {e}").into())
        })
    };
    let orphan = |server: &Server| {
        let server = server.clone();
        Trial::test(format!("neighbours::orphan::pg{}", server.version), move || {
            block_on(orphan(&server)).map_err(Into::into)
        })
    };
    chosen.iter().map(tied).chain(chosen.iter().map(orphan)).collect()
}

/// An orphan that was there before keeps the foreign key from being validated. The report shows it,
/// and the key holds for new rows.
async fn orphan(server: &Server) -> Outcome {
    let database = Database::create(server).await?;
    let sql = "CREATE TABLE parent (a int, b text, PRIMARY KEY (a, b));
        CREATE TABLE child (id int PRIMARY KEY, a int, b text, FOREIGN KEY (a, b) REFERENCES parent);
        INSERT INTO parent SELECT i, 'x' FROM generate_series(1, 9) i;
        INSERT INTO child SELECT i, i, 'x' FROM generate_series(1, 9) i;
        INSERT INTO child VALUES (10, 77, NULL);
        SET session_replication_role = replica;
        INSERT INTO child VALUES (11, 77, 'lost');";
    database.run(sql).await?;
    let report =
        repack(&database.job("postgres"), &database.find("child").await?, Goal::RunNow).await;
    expect(&report, Ending::Done)?;
    let note = report.figures.notes.iter().find(|n| n.contains("could not be validated"));
    let note = note.ok_or_else(|| format!("nothing is said: {:?}", report.figures.notes))?;
    let query = note.split("found by ").nth(1).and_then(|n| n.split("; then").next());
    let query = query.ok_or_else(|| format!("no query: {note}"))?;
    let client = database.client().await?;
    let orphans = client.query(query, &[]).await.map_err(words)?;
    if orphans.len() != 1 || orphans[0].get::<_, i32>("id") != 11 {
        return Err(format!("the query finds {} rows: {query}", orphans.len()));
    }
    if client.batch_execute("INSERT INTO child VALUES (12, 78, 'x')").await.is_ok() {
        return Err("a new orphan was let in".into());
    }
    database.drop().await
}

async fn tied(server: &Server, seed: u64) -> Outcome {
    let database = Database::create(server).await?;
    database.run(SETUP).await?;
    let before = database.schema()?;
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
    job.settings.analyze_tables = false;
    let (mut attempts, mut wait) = (0, 0f64);
    let began = Instant::now();
    'rounds: for _ in 0..ROUNDS {
        for table in ["purchase", "item", "customer"] {
            let report = repack(&job, &database.find(table).await?, Goal::RunNow).await;
            expect(&report, Ending::Done)?;
            attempts += report.figures.attempts;
            wait = wait.max(report.figures.longest_wait_ms);
            if clients.iter().any(tokio::task::JoinHandle::is_finished) {
                break 'rounds;
            }
        }
    }
    let took = began.elapsed();
    stop.store(true, Ordering::Relaxed);
    let mut orders = BTreeSet::new();
    let (mut statements, mut logged, mut longest) = (0, 0, Duration::ZERO);
    for client in clients {
        let one = client.await.map_err(words)??;
        statements += one.statements;
        logged += one.logged;
        longest = longest.max(one.longest);
        orders.extend(one.orders);
    }
    println!(
        "{} cutovers in {:.1} s and {attempts} attempts; {statements} statements, the longest {} ms; repackd says {wait:.0} ms",
        ROUNDS * 3,
        took.as_secs_f64(),
        longest.as_millis()
    );
    let client = database.client().await?;
    let ids = async |query: &str| -> Result<Vec<i64>, String> {
        let rows = client.query(query, &[]).await.map_err(words)?;
        Ok(rows.iter().map(|r| r.get(0)).collect())
    };
    let found = ids("SELECT id FROM purchase ORDER BY id").await?;
    if !found.iter().eq(&orders) {
        return Err("the orders are not those of the clients' record".into());
    }
    let broken = ids("SELECT id FROM purchase p WHERE (SELECT count(*) FROM item i WHERE i.purchase_id = p.id) <> 3
                      UNION ALL SELECT purchase_id FROM item WHERE purchase_id NOT IN (SELECT id FROM purchase)").await?;
    if !broken.is_empty() {
        return Err(format!("these orders are broken: {broken:?}"));
    }
    let log = ids("SELECT count(*) FROM log").await?;
    if log != [logged] {
        return Err(format!("the trigger fired {log:?} times, not {logged}"));
    }
    crate::support::same("the schema", &before, &database.schema()?)?;
    database.expect_no_remains().await?;
    database.drop().await
}

/// One client, with the record of its own orders.
struct One {
    session: Session,
    random: Random,
    first: i64,
    orders: BTreeSet<i64>,
    logged: i64,
    statements: u64,
    longest: Duration,
}

impl One {
    async fn new(url: &str, seed: u64, number: i64) -> Result<Self, String> {
        Ok(Self {
            session: Session::new(client(url).await?),
            random: Random::new(seed, number.cast_unsigned()),
            first: number * STRIDE,
            orders: BTreeSet::new(),
            logged: 0,
            statements: 0,
            longest: Duration::ZERO,
        })
    }

    async fn expect(&mut self, rows: u64, statement: &str, values: &[i64]) -> Result<(), Failure> {
        let texts: Vec<_> = values.iter().map(|v| Some(v.to_string())).collect();
        let began = Instant::now();
        let found = self.session.execute(&mut self.random, statement, &texts).await?;
        self.longest = self.longest.max(began.elapsed());
        self.statements += 1;
        if found == rows {
            return Ok(());
        }
        Err(Failure::Count(format!("{found} rows instead of {rows}: {statement} {values:?}")))
    }

    /// One transaction. The random choice is the workload's; nothing of it may fail.
    async fn work(&mut self) -> Result<(), Failure> {
        let id = self.first + self.random.range(0, 100);
        let there = self.orders.contains(&id);
        match self.random.range(0, 8) {
            0 | 1 if !there => self.order(id).await,
            2 if there => {
                self.expect(1, "DELETE FROM purchase WHERE id = $1::text::int8", &[id]).await?;
                self.orders.remove(&id);
                self.logged += 1;
                Ok(())
            }
            3 if there => self.child_before_parent(id).await,
            4 if there => {
                let n = self.random.range(0, 100);
                let statement =
                    "UPDATE open_purchase SET n = $2::text::int8 WHERE id = $1::text::int8";
                self.expect(1, statement, &[id, n]).await
            }
            5 => self.customer_gone(id % 20 + self.first).await,
            6 => {
                let statement = "SELECT FROM whole WHERE items <> 3";
                self.expect(0, statement, &[]).await
            }
            _ => self.report().await,
        }
    }

    async fn begin(&mut self, how: &str) -> Result<(), Failure> {
        self.session.simple(&format!("BEGIN {how}")).await.map(drop)
    }

    async fn commit(&mut self) -> Result<(), Failure> {
        self.session.simple("COMMIT").await.map(drop)
    }

    /// Customers are this client's own: nobody else deletes them.
    async fn order(&mut self, id: i64) -> Result<(), Failure> {
        let customer = self.first + id % 20;
        self.begin("").await?;
        let into = if self.random.percent(50) { "purchase" } else { "open_purchase" };
        let statement =
            format!("INSERT INTO {into} (id, customer_id) VALUES ($1::text::int8, $2::text::int8)");
        self.expect(1, &statement, &[id, customer]).await?;
        for _ in 0..ITEMS {
            self.expect(1, "INSERT INTO item (purchase_id) VALUES ($1::text::int8)", &[id]).await?;
        }
        self.commit().await?;
        self.orders.insert(id);
        self.logged += 1;
        Ok(())
    }

    async fn child_before_parent(&mut self, id: i64) -> Result<(), Failure> {
        self.begin("").await?;
        let child = "UPDATE item SET n = n + 1 WHERE purchase_id = $1::text::int8";
        self.expect(ITEMS.cast_unsigned(), child, &[id]).await?;
        let parent = "UPDATE purchase SET n = n + 1 WHERE id = $1::text::int8";
        self.expect(1, parent, &[id]).await?;
        self.commit().await
    }

    /// Takes everything of a customer along, by two cascades.
    async fn customer_gone(&mut self, customer: i64) -> Result<(), Failure> {
        let gone: Vec<i64> =
            self.orders.iter().copied().filter(|id| self.first + id % 20 == customer).collect();
        self.begin("").await?;
        self.expect(1, "DELETE FROM customer WHERE id = $1::text::int8", &[customer]).await?;
        self.expect(1, "INSERT INTO customer VALUES ($1::text::int8)", &[customer]).await?;
        self.commit().await?;
        self.logged += gone.len() as i64;
        self.orders.retain(|id| !gone.contains(id));
        Ok(())
    }

    /// One snapshot over several statements.
    async fn report(&mut self) -> Result<(), Failure> {
        self.begin("ISOLATION LEVEL REPEATABLE READ, READ ONLY").await?;
        let broken =
            "SELECT FROM item i LEFT JOIN purchase p ON p.id = i.purchase_id WHERE p.id IS NULL";
        self.expect(0, broken, &[]).await?;
        self.expect(0, "SELECT FROM whole WHERE items <> 3", &[]).await?;
        self.commit().await
    }
}
