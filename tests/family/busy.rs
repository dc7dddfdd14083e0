//! Cutovers of tables with parents and children, in turn, under clients that come to them by every
//! way: through the parent, directly, through a view, by a foreign key. Rows move between partitions.
//! No client meets an error, no change goes to a table that is about to be dropped, and every
//! trigger has fired once.

use crate::support::random::Random;
use crate::support::session::{Failure, Session};
use crate::support::{Database, Outcome, Server, client, expect, repack, words};
use repackd::engine::Goal;
use repackd::job::Ending;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const ROUNDS: u32 = 2;
const CLIENTS: i64 = 6;
/// Ids of one client.
const STRIDE: i64 = 1000;

/// A family of tables with the columns id, day and n.
pub struct Family {
    setup: &'static str,
    /// The tables that hold rows: that of the days 0 to 9, of 10 to 19, and so on.
    places: &'static [&'static str],
    /// Other names for them, by which they can be written to as well.
    views: &'static [&'static str],
    /// Whether the parent knows where a row belongs.
    routes: bool,
}

/// Logs each row that is inserted or deleted.
const LOG: &str = "
CREATE TABLE log (what text, id bigint);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO log VALUES (TG_OP, coalesce(NEW.id, OLD.id)); RETURN NULL; END $$;
";

/// Partitions on two levels beside a default, with foreign keys of the parent in both directions and a
/// trigger of the parent.
pub const PARTITIONS: Family = Family {
    setup: "
CREATE TABLE owner (id int PRIMARY KEY);
INSERT INTO owner SELECT generate_series(0, 9);
CREATE TABLE stock (id bigint, day int, n bigint NOT NULL DEFAULT 0, owner int DEFAULT 3 REFERENCES owner, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE stock_0 PARTITION OF stock FOR VALUES FROM (0) TO (10);
CREATE TABLE stock_x PARTITION OF stock FOR VALUES FROM (10) TO (30) PARTITION BY LIST (day);
CREATE TABLE stock_1 PARTITION OF stock_x FOR VALUES IN (10, 11, 12, 13, 14, 15, 16, 17, 18, 19);
CREATE TABLE stock_2 PARTITION OF stock_x DEFAULT;
CREATE TABLE stock_3 PARTITION OF stock DEFAULT;
CREATE INDEX ON stock (n);
CREATE VIEW seen AS SELECT id, day, n FROM stock_0;
CREATE TABLE booking (stock_id bigint, day int, FOREIGN KEY (stock_id, day) REFERENCES stock ON DELETE CASCADE ON UPDATE CASCADE);
CREATE INDEX ON booking (stock_id);
CREATE TRIGGER noted AFTER INSERT OR DELETE ON stock FOR EACH ROW EXECUTE FUNCTION note();
",
    places: &["stock_0", "stock_1", "stock_2", "stock_3"],
    views: &["seen"],
    routes: true,
};

/// Tables that inherit: a parent, two children, and one below.
pub const INHERITANCE: Family = Family {
    setup: "
CREATE TABLE stock (id bigint PRIMARY KEY, day int, n bigint NOT NULL DEFAULT 0 CHECK (n > -1));
CREATE TABLE stock_1 (PRIMARY KEY (id)) INHERITS (stock);
CREATE TABLE stock_2 (more int, PRIMARY KEY (id)) INHERITS (stock);
CREATE TABLE stock_3 (PRIMARY KEY (id)) INHERITS (stock_1, stock);
CREATE VIEW seen AS SELECT id, day, n FROM ONLY stock;
CREATE TABLE booking (stock_id bigint, day int);
DO $$ DECLARE t text; BEGIN
    FOREACH t IN ARRAY ARRAY['stock', 'stock_1', 'stock_2', 'stock_3'] LOOP
        EXECUTE format('CREATE TRIGGER noted AFTER INSERT OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION note()', t);
    END LOOP;
END $$;
",
    places: &["stock", "stock_1", "stock_2", "stock_3"],
    views: &["seen"],
    routes: false,
};

/// Repacks each in turn, several times.
pub async fn busy(server: &Server, family: &'static Family, tables: &[&str], seed: u64) -> Outcome {
    let database = Database::create(server).await?;
    database.run(LOG).await?;
    database.run(family.setup).await?;
    let before = database.schema()?;
    let stop = Arc::new(AtomicBool::new(false));
    let start = |number| {
        let (stop, url) = (stop.clone(), database.url("postgres"));
        tokio::spawn(async move {
            let mut one = One::new(&url, family, seed, number).await?;
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
        for table in tables {
            let report = repack(&job, &database.find(table).await?, Goal::RunNow).await;
            if clients.iter().any(tokio::task::JoinHandle::is_finished) {
                break 'rounds;
            }
            expect(&report, Ending::Done)?;
            attempts += report.figures.attempts;
            wait = wait.max(report.figures.longest_wait_ms);
        }
    }
    let took = began.elapsed();
    stop.store(true, Ordering::Relaxed);
    let mut rows = BTreeMap::new();
    let (mut statements, mut logged, mut longest) = (0, 0, Duration::ZERO);
    for client in clients {
        let one = client.await.map_err(words)??;
        statements += one.statements;
        logged += one.logged;
        longest = longest.max(one.longest);
        rows.extend(one.rows);
    }
    println!(
        "{} cutovers in {:.1} s and {attempts} attempts; {statements} statements, the longest {} ms; repackd says {wait:.0} ms",
        ROUNDS as usize * tables.len(),
        took.as_secs_f64(),
        longest.as_millis()
    );
    let client = database.client().await?;
    let found = client.query("SELECT id, day, n FROM stock", &[]).await.map_err(words)?;
    let found: BTreeMap<i64, (i32, i64)> =
        found.iter().map(|r| (r.get(0), (r.get(1), r.get(2)))).collect();
    if found != rows {
        let lost: Vec<_> = rows.iter().filter(|(id, r)| found.get(id) != Some(r)).take(5).collect();
        return Err(format!("the rows are not those of the clients' record, for example {lost:?}"));
    }
    let count = async |query: &str| -> Result<i64, String> {
        Ok(client.query_one(query, &[]).await.map_err(words)?.get(0))
    };
    let fired = count("SELECT count(*) FROM log").await?;
    if fired != logged {
        return Err(format!("the trigger fired {fired} times, not {logged}"));
    }
    let orphans = "SELECT count(*) FROM booking b WHERE NOT EXISTS (SELECT FROM stock s WHERE s.id = b.stock_id AND s.day = b.day)";
    if family.routes && count(orphans).await? != 0 {
        return Err("there are orphans".into());
    }
    crate::support::same("the schema", &before, &database.schema()?)?;
    database.expect_no_remains().await?;
    database.expect_all_indexes_sound().await?;
    database.drop().await
}

/// One client, with the record of its own rows.
struct One {
    family: &'static Family,
    session: Session,
    random: Random,
    first: i64,
    rows: BTreeMap<i64, (i32, i64)>,
    logged: i64,
    statements: u64,
    longest: Duration,
}

impl One {
    async fn new(
        url: &str,
        family: &'static Family,
        seed: u64,
        number: i64,
    ) -> Result<Self, String> {
        Ok(Self {
            family,
            session: Session::new(client(url).await?),
            random: Random::new(seed, number.cast_unsigned()),
            first: number * STRIDE,
            rows: BTreeMap::new(),
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

    /// The table of a day, or a view of it.
    fn direct(&mut self, day: i32) -> &'static str {
        let place = usize::try_from(day / 10).unwrap_or(0);
        match self.family.views.get(place) {
            Some(view) if self.random.percent(40) => view,
            _ => self.family.places[place],
        }
    }

    /// The same, or the parent.
    fn way(&mut self, day: i32) -> &'static str {
        if self.random.percent(60) { "stock" } else { self.direct(day) }
    }

    /// One transaction. The random choice is the workload's; nothing of it may fail.
    async fn work(&mut self) -> Result<(), Failure> {
        let id = self.first + self.random.range(0, 60);
        let days = self.family.places.len() as i64 * 10;
        let other = self.random.range(0, days);
        let Some((day, n)) = self.rows.get(&id).copied() else {
            let day = other as i32;
            let into = if self.family.routes { self.way(day) } else { self.direct(day) };
            let statement =
                format!("INSERT INTO {into} (id, day) VALUES ($1::text::int8, $2::text::int4)");
            self.expect(1, &statement, &[id, other]).await?;
            self.logged += 1;
            self.rows.insert(id, (day, 0));
            return Ok(());
        };
        match self.random.range(0, 8) {
            0 => {
                let from = self.way(day);
                let statement = format!("DELETE FROM {from} WHERE id = $1::text::int8");
                self.expect(1, &statement, &[id]).await?;
                self.logged += 1;
                self.rows.remove(&id);
            }
            1 if self.family.routes => {
                let statement =
                    "UPDATE stock SET day = $2::text::int4, n = n + 1 WHERE id = $1::text::int8";
                self.expect(1, statement, &[id, other]).await?;
                // A row that moves is deleted here and inserted there.
                self.logged += 2 * i64::from(moves(day, other as i32));
                self.rows.insert(id, (other as i32, n + 1));
            }
            2 if self.family.routes => {
                let statement = "INSERT INTO booking VALUES ($1::text::int8, $2::text::int4)";
                self.expect(1, statement, &[id, day.into()]).await?;
            }
            // One way, and then another.
            3 => {
                self.session.simple("BEGIN").await?;
                for _ in 0..2 {
                    self.count(id, day).await?;
                }
                self.session.simple("COMMIT").await?;
                self.rows.insert(id, (day, n + 2));
            }
            4 => self.report().await?,
            5 => {
                let from = self.direct(day);
                let statement =
                    format!("SELECT FROM {from} WHERE id = $1::text::int8 AND n = $2::text::int8");
                self.expect(1, &statement, &[id, n]).await?;
            }
            _ => {
                self.count(id, day).await?;
                self.rows.insert(id, (day, n + 1));
            }
        }
        Ok(())
    }

    async fn count(&mut self, id: i64, day: i32) -> Result<(), Failure> {
        let table = self.way(day);
        let statement = format!("UPDATE {table} SET n = n + 1 WHERE id = $1::text::int8");
        self.expect(1, &statement, &[id]).await
    }

    /// All rows of its own, in one snapshot over two statements.
    async fn report(&mut self) -> Result<(), Failure> {
        self.session.simple("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY").await?;
        let own = "id >= $1::text::int8 AND id < $2::text::int8";
        let (count, sum) = (self.rows.len() as u64, self.rows.values().map(|r| r.1).sum::<i64>());
        let (first, past) = (self.first, self.first + STRIDE);
        let statement = format!("SELECT id FROM stock WHERE {own}");
        self.expect(count, &statement, &[first, past]).await?;
        let statement =
            format!("SELECT FROM stock WHERE {own} HAVING coalesce(sum(n), 0) = $3::text::int8");
        self.expect(1, &statement, &[first, past, sum]).await?;
        self.session.simple("COMMIT").await.map(drop)
    }
}

/// Whether a row changes its partition with its day.
fn moves(from: i32, to: i32) -> bool {
    from / 10 != to / 10
}
