//! A writer: one transaction after another, each in its own way, and the record of what it did.

use super::actions::Hand;
use super::model::{Changes, Rows, View, apply};
use super::table::{self, SHARED, STRIDE, Variant};
use crate::support::random::Random;
use crate::support::session::{Failure, Session};
use crate::support::{Server, client};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{Mutex, RwLock};

/// What all writers of a table share.
pub struct Field {
    /// What they write to.
    pub variant: &'static Variant,
    /// Where it is.
    pub server: Server,
    /// The URL of the database.
    pub url: String,
    /// The chance they all derive theirs from.
    pub seed: u64,
    /// The record of each writer.
    pub records: Vec<Mutex<Rows>>,
    /// How often each shared row was counted up.
    pub shared: [AtomicI64; SHARED as usize],
    /// Held shared by each transaction, exclusively by TRUNCATE: it takes everybody's rows.
    pub gate: RwLock<()>,
    /// Set when they shall stop.
    pub stop: AtomicBool,
    /// Transactions that were committed.
    pub commits: AtomicU64,
    /// Transactions that had to be repeated.
    pub repeats: AtomicU64,
    /// Transactions of REPEATABLE READ or above which met a snapshot from before the last drain.
    pub stale: AtomicU64,
}

/// Writes until told to stop.
pub async fn run(field: &Field, number: i64) -> Result<(), String> {
    let mut session = Session::new(client(&field.url).await?);
    let mut random = Random::new(field.seed, number.cast_unsigned() + 1);
    // Logical replication applies changes like this; triggers do not fire unless ENABLE ALWAYS.
    if number == 1 {
        session
            .client
            .batch_execute("SET session_replication_role = replica")
            .await
            .map_err(|e| format!("{e:?}"))?;
    }
    let mut fresh = 0;
    let mut since_stale = 0;
    while !field.stop.load(Ordering::Relaxed) {
        if field.variant.truncates && number == 0 && random.percent(1) {
            truncate(field, &mut random, &session).await?;
            continue;
        }
        let _gate = field.gate.read().await;
        let mut rows = field.records[number as usize].lock().await;
        let mut own = Transaction {
            field,
            number,
            session: &mut session,
            random: &mut random,
            fresh: &mut fresh,
            isolation: 0,
        };
        let result = own.run(&mut rows).await;
        let isolation = own.isolation;
        since_stale += 1;
        match result {
            Ok(()) => drop(field.commits.fetch_add(1, Ordering::Relaxed)),
            Err(Failure::Again) => drop(field.repeats.fetch_add(1, Ordering::Relaxed)),
            // A snapshot taken while waiting for the cutover's lock does not see what the last
            // drain wrote. It may not happen twice in a row, nor in READ COMMITTED.
            Err(Failure::Count(_)) if isolation > 0 && since_stale > 1 => {
                since_stale = 0;
                field.stale.fetch_add(1, Ordering::Relaxed);
            }
            Err(Failure::Count(why) | Failure::Error(why)) => {
                return Err(format!("writer {number}, isolation level {isolation}: {why}"));
            }
        }
        session.client.batch_execute("ROLLBACK").await.map_err(|e| format!("{e:?}"))?;
        drop(rows);
        tokio::time::sleep(Duration::from_micros(random.range(2_000, 25_000).cast_unsigned()))
            .await;
    }
    Ok(())
}

/// Empties the table and fills it again, in one transaction or two.
async fn truncate(field: &Field, random: &mut Random, session: &Session) -> Result<(), String> {
    let _gate = field.gate.write().await;
    let refill = random.range(0, 1500);
    let fill = format!(
        "{} INSERT INTO w (id, part, u, span, n) SELECT i, 'a', i, int8range(i * 10, i * 10 + 5), 0 FROM generate_series({}, {}) i;",
        table::shared(),
        STRIDE,
        STRIDE + refill - 1
    );
    let end = if random.percent(25) { "ROLLBACK" } else { "COMMIT" };
    let between = if random.percent(50) { "COMMIT; BEGIN;" } else { "" };
    let kept = end == "COMMIT";
    let statement = if kept {
        format!("BEGIN; TRUNCATE w; {between} {fill} COMMIT")
    } else {
        format!("BEGIN; TRUNCATE w; {fill} ROLLBACK")
    };
    session.client.batch_execute(&statement).await.map_err(|e| format!("TRUNCATE: {e:?}"))?;
    if kept {
        for record in &field.records {
            record.lock().await.clear();
        }
        field.shared.iter().for_each(|n| n.store(0, Ordering::Relaxed));
        let row = |u| super::model::Row { u, n: 0, body: None };
        let mut second = field.records[1].lock().await;
        second.extend((STRIDE..STRIDE + refill).map(|i| ((i, "a".to_owned()), row(i))));
    }
    Ok(())
}

/// One transaction of a writer.
struct Transaction<'a> {
    field: &'a Field,
    number: i64,
    session: &'a mut Session,
    random: &'a mut Random,
    fresh: &'a mut i64,
    isolation: usize,
}

impl Transaction<'_> {
    async fn run(&mut self, rows: &mut Rows) -> Result<(), Failure> {
        let mut view = View::new(rows);
        self.isolation = [0, 0, 1, 2][self.random.range(0, 4) as usize];
        let level = ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"][self.isolation];
        self.session.simple(&format!("BEGIN ISOLATION LEVEL {level}")).await?;
        for _ in 0..self.random.range(1, 5) {
            if self.random.percent(20) {
                self.savepoint(&mut view).await?;
            } else {
                self.act(&mut view).await?;
            }
        }
        let changes = view.into_changes();
        let fate = self.random.range(0, 100);
        let mut counted = None;
        if fate < 2 {
            self.pause(40, 250).await;
        } else if fate < 6 && self.number == 0 {
            return self.two_phases(changes, rows).await;
        } else if fate < 20 {
            return self.session.simple("ROLLBACK").await.map(drop);
        } else if fate < 40 {
            // Last and alone, so that writers do not wait for each other in a circle.
            let which = self.random.range(0, SHARED);
            let statement = "UPDATE w SET n = n + 1 WHERE id = $1::text::int8";
            let found = self
                .session
                .execute(self.random, statement, &[Some((-1 - which).to_string())])
                .await?;
            if found != 1 {
                return Err(Failure::Count(format!(
                    "the shared row {which} was found {found} times"
                )));
            }
            counted = Some(which as usize);
        }
        self.session.simple("COMMIT").await?;
        apply(rows, changes);
        if let Some(which) = counted {
            self.field.shared[which].fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    async fn act(&mut self, view: &mut View<'_>) -> Result<(), Failure> {
        let mut hand = Hand {
            session: self.session,
            random: self.random,
            variant: self.field.variant,
            writer: self.number,
            version: self.field.server.version,
            fresh: self.fresh,
        };
        hand.act(view).await
    }

    async fn savepoint(&mut self, view: &mut View<'_>) -> Result<(), Failure> {
        let before = view.savepoint();
        self.session.simple("SAVEPOINT a").await?;
        self.act(view).await?;
        if self.random.percent(60) {
            self.session.simple("ROLLBACK TO a").await?;
            view.back_to(before);
        }
        self.session.simple("RELEASE a").await.map(drop)
    }

    async fn two_phases(&mut self, changes: Changes, rows: &mut Rows) -> Result<(), Failure> {
        let name = format!("writers {} {}", self.field.url, self.fresh);
        self.session.simple(&format!("PREPARE TRANSACTION '{name}'")).await?;
        self.pause(10, 100).await;
        if self.random.percent(30) {
            return self.session.simple(&format!("ROLLBACK PREPARED '{name}'")).await.map(drop);
        }
        self.session.simple(&format!("COMMIT PREPARED '{name}'")).await?;
        apply(rows, changes);
        Ok(())
    }

    async fn pause(&mut self, least: i64, past: i64) {
        tokio::time::sleep(Duration::from_millis(self.random.range(least, past).cast_unsigned()))
            .await;
    }
}
