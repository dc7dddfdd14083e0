//! A client that keeps changing its own rows, and knows what they must be.

use crate::common::Result;
use crate::common::random::Random;
use crate::common::session::connect;
use crate::common::waits::Statement as Timed;
use crate::record::{COLUMNS, Order, Record};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client as Session, Config, Row, Statement};

/// The pause after each transaction.
const THINK: Duration = Duration::from_millis(2);
/// A client keeps one in so many of the rows in its range.
const SHARE: i64 = 8;
/// New keys for rows that move start here, far above the sequence; each client has its own.
const MOVED: i64 = 1_000_000_000_000;

/// What a client did until it was stopped.
#[derive(Default)]
pub struct Work {
    pub record: Record,
    pub statements: Vec<Timed>,
    pub committed: usize,
    pub rolled_back: usize,
    /// Why it stopped before it was told to.
    pub error: Option<String>,
}

/// One client with its session, which it keeps all the time, and so are its prepared statements.
pub struct Client {
    number: i64,
    session: Session,
    statements: Statements,
    random: Random,
    made: i64,
    work: Work,
}

/// Prepared once, before the table is repacked, and used until the end.
struct Statements {
    insert: Statement,
    insert_as: Statement,
    read: Statement,
    rewrite: Statement,
    change: Statement,
    rekey: Statement,
    delete: Statement,
}

impl Statements {
    async fn prepare(session: &Session) -> Result<Self> {
        let names = "reference, customer_id, status, amount, details, note, tags, placed_at";
        let values = "$1, $2, $3, $4::text::numeric, $5::text::jsonb, $6, $7::text::text[], \
                      $8::text::timestamptz";
        let prepare = |sql: String| async move { session.prepare(&sql).await };
        Ok(Self {
            insert: prepare(format!(
                "INSERT INTO public.orders ({names}) VALUES ({values}) RETURNING id"
            ))
            .await?,
            insert_as: prepare(format!(
                "INSERT INTO public.orders ({names}, id) VALUES ({values}, $9) RETURNING id"
            ))
            .await?,
            read: prepare(format!("SELECT {COLUMNS} FROM public.orders WHERE id = $1")).await?,
            rewrite: prepare(format!(
                "UPDATE public.orders SET ({names}) = ROW({values}) WHERE id = $9 RETURNING id"
            ))
            .await?,
            change: prepare(
                "UPDATE public.orders SET status = $1, amount = $2::text::numeric WHERE id = $3 \
                 RETURNING id"
                    .to_owned(),
            )
            .await?,
            rekey: prepare(
                "UPDATE public.orders SET id = $1 WHERE id = $2 RETURNING id".to_owned(),
            )
            .await?,
            delete: prepare("DELETE FROM public.orders WHERE id = $1 RETURNING id".to_owned())
                .await?,
        })
    }
}

impl Client {
    /// Connects and reads the rows it is going to work on: a share of those in its range.
    pub async fn start(
        server: &Config,
        database: &str,
        number: i64,
        range: (i64, i64),
        seed: u64,
    ) -> Result<Self> {
        let session = connect(server, "demo_writer", database).await?;
        session.batch_execute("SET timezone = 'UTC'").await?;
        let statements = Statements::prepare(&session).await?;
        let mut work = Work::default();
        let sql = format!(
            "SELECT id, {COLUMNS} FROM public.orders WHERE id BETWEEN $1 AND $2 AND id / 3 % $3 = 0"
        );
        for row in session.query(&sql, &[&range.0, &range.1, &SHARE]).await? {
            work.record.set(row.get(0), Some(Order::from_row(&row, 1)));
        }
        work.record.commit();
        let random = Random::new(seed, number as u64);
        Ok(Self { number, session, statements, random, made: 0, work })
    }

    /// Writes until told to stop, or until the first error: there must be none.
    pub async fn run(mut self, stop: Arc<AtomicBool>) -> Work {
        while !stop.load(Ordering::Relaxed) {
            if let Err(error) = self.transaction().await {
                self.work.record.back_to(0);
                // By itself an error of the server says no more than that it is one.
                let told = error
                    .downcast_ref::<tokio_postgres::Error>()
                    .and_then(|e| e.as_db_error())
                    .map(|e| format!("{e:?}"));
                let told = told.unwrap_or_else(|| error.to_string());
                self.work.error = Some(format!("client {}: {told}", self.number));
                break;
            }
            tokio::time::sleep(THINK).await;
        }
        self.work
    }

    async fn transaction(&mut self) -> Result<()> {
        self.command("BEGIN").await?;
        for _ in 0..=self.random.below(4) {
            self.step().await?;
        }
        if self.random.below(6) == 0 {
            self.command("SAVEPOINT here").await?;
            let here = self.work.record.savepoint();
            self.step().await?;
            if self.random.below(2) == 0 {
                self.command("ROLLBACK TO here").await?;
                self.work.record.back_to(here);
            }
        }
        if self.random.below(8) == 0 {
            self.command("ROLLBACK").await?;
            self.work.record.back_to(0);
            self.work.rolled_back += 1;
        } else {
            self.command("COMMIT").await?;
            self.work.record.commit();
            self.work.committed += 1;
        }
        Ok(())
    }

    /// One change, or one look whether the table agrees with the record.
    async fn step(&mut self) -> Result<()> {
        match self.random.below(100) {
            0..45 => self.update().await,
            45..60 => self.insert().await,
            60..70 => self.delete().await,
            70..80 => self.rekey().await,
            80..85 => self.swap().await,
            _ => self.read().await,
        }
    }

    async fn update(&mut self) -> Result<()> {
        let Some(key) = self.live_key() else { return Ok(()) };
        let order = self.new_order();
        if self.random.below(3) == 0 {
            let statement = self.statements.rewrite.clone();
            let [a, b, c, d, e, f, g, h] = order.parameters();
            self.one("UPDATE", &statement, &[a, b, c, d, e, f, g, h, &key]).await?;
            self.work.record.set(key, Some(order));
        } else if let Some(before) = self.work.record.get(key).cloned() {
            let statement = self.statements.change.clone();
            self.one("UPDATE", &statement, &[&order.status, &order.amount, &key]).await?;
            let after = Order { status: order.status, amount: order.amount, ..before };
            self.work.record.set(key, Some(after));
        }
        Ok(())
    }

    async fn insert(&mut self) -> Result<()> {
        let order = self.new_order();
        let [a, b, c, d, e, f, g, h] = order.parameters();
        let row = match self.dead_key() {
            Some(key) if self.random.below(3) == 0 => {
                let statement = self.statements.insert_as.clone();
                self.one("INSERT", &statement, &[a, b, c, d, e, f, g, h, &key]).await?
            }
            _ => {
                let statement = self.statements.insert.clone();
                self.one("INSERT", &statement, &[a, b, c, d, e, f, g, h]).await?
            }
        };
        self.work.record.set(row.get(0), Some(order));
        Ok(())
    }

    async fn delete(&mut self) -> Result<()> {
        let Some(key) = self.live_key() else { return Ok(()) };
        let statement = self.statements.delete.clone();
        self.one("DELETE", &statement, &[&key]).await?;
        self.work.record.set(key, None);
        Ok(())
    }

    /// Gives a row a key that is new, or one that another row had before.
    async fn rekey(&mut self) -> Result<()> {
        let Some(from) = self.live_key() else { return Ok(()) };
        let to = match self.dead_key() {
            Some(key) if self.random.below(2) == 0 => key,
            _ => self.new_key(),
        };
        self.move_row(from, to).await
    }

    /// Lets two rows exchange their keys.
    async fn swap(&mut self) -> Result<()> {
        let (Some(a), Some(b)) = (self.live_key(), self.live_key()) else { return Ok(()) };
        if a != b {
            let aside = self.new_key();
            self.move_row(a, aside).await?;
            self.move_row(b, a).await?;
            self.move_row(aside, b).await?;
        }
        Ok(())
    }

    async fn move_row(&mut self, from: i64, to: i64) -> Result<()> {
        let statement = self.statements.rekey.clone();
        self.one("UPDATE of a key", &statement, &[&to, &from]).await?;
        let order = self.work.record.get(from).cloned();
        self.work.record.set(from, None);
        self.work.record.set(to, order);
        Ok(())
    }

    async fn read(&mut self) -> Result<()> {
        let Some(key) = self.any_key() else { return Ok(()) };
        let statement = self.statements.read.clone();
        let rows = self.timed("SELECT", &statement, &[&key]).await?;
        let found: Vec<Order> = rows.iter().map(|row| Order::from_row(row, 0)).collect();
        let expected: Vec<Order> = self.work.record.get(key).cloned().into_iter().collect();
        if found != expected {
            return Err(format!("order {key} is {found:?}, must be {expected:?}").into());
        }
        Ok(())
    }

    /// Runs a statement that must touch exactly one row.
    async fn one(
        &mut self,
        what: &'static str,
        statement: &Statement,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Row> {
        let mut rows = self.timed(what, statement, parameters).await?;
        match (rows.pop(), rows.len()) {
            (Some(row), 0) => Ok(row),
            (None, _) => Err(format!("{what} found no row for {parameters:?}").into()),
            _ => Err(format!("{what} touched several rows for {parameters:?}").into()),
        }
    }

    async fn timed(
        &mut self,
        what: &'static str,
        statement: &Statement,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>> {
        let begun = Instant::now();
        let result = self.session.query(statement, parameters).await;
        self.work.statements.push(Timed { what, begun, took: begun.elapsed() });
        Ok(result?)
    }

    async fn command(&mut self, what: &'static str) -> Result<()> {
        let begun = Instant::now();
        let result = self.session.batch_execute(what).await;
        self.work.statements.push(Timed { what, begun, took: begun.elapsed() });
        Ok(result?)
    }

    fn any_key(&mut self) -> Option<i64> {
        let keys = self.work.record.keys();
        (!keys.is_empty()).then(|| self.random.pick(keys))
    }

    fn live_key(&mut self) -> Option<i64> {
        (0..20).find_map(|_| self.any_key().filter(|key| self.work.record.get(*key).is_some()))
    }

    fn dead_key(&mut self) -> Option<i64> {
        (0..20).find_map(|_| self.any_key().filter(|key| self.work.record.get(*key).is_none()))
    }

    fn new_key(&mut self) -> i64 {
        self.made += 1;
        MOVED * (self.number + 1) + self.made
    }

    fn new_order(&mut self) -> Order {
        self.made += 1;
        let random = &mut self.random;
        let words = match random.below(50) {
            0 => 300,
            n if n % 4 == 0 => 0,
            n => 1 + n % 12,
        };
        let note: String = (0..words).map(|_| format!("{:016x}", random.next())).collect();
        Order {
            reference: format!("C{}-{}", self.number, self.made),
            customer: 1 + random.below(50_000) as i64,
            status: random.pick(&["open", "paid", "shipped", "cancelled"]).to_owned(),
            amount: format!("{}.{:02}", random.below(10_000), random.below(100)),
            // Spelt as PostgreSQL spells them, so that they can be compared as text.
            details: format!(
                r#"{{"via": "{}", "items": {}}}"#,
                random.pick(&["web", "phone", "shop"]),
                1 + random.below(9)
            ),
            note: (words > 0).then_some(note),
            tags: format!("{{{},region-{}}}", random.pick(&["gift", "express"]), random.below(40)),
            placed_at: format!(
                "2025-{:02}-{:02} {:02}:{:02}:{:02}+00",
                1 + random.below(12),
                1 + random.below(28),
                random.below(24),
                random.below(60),
                random.below(60)
            ),
        }
    }
}
