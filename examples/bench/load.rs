//! The clients beside which the candidates have to work.

use crate::common::Result;
use crate::common::random::Random;
use crate::common::session::connect;
use crate::common::waits::Statement as Timed;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use tokio_postgres::{Client as Session, Config, Statement};

/// What else goes on while a candidate works.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Scenario {
    /// Nothing
    Idle,
    /// 4 clients with 500 transactions a second
    Paced,
    /// 8 clients, each as fast as it can
    Saturated,
    /// The 4 paced clients and a reader that holds its lock 8 s of every 9
    Reader,
}

impl Scenario {
    /// The number of clients, and how often each begins a transaction.
    fn clients(self) -> (u64, Option<Duration>) {
        match self {
            Self::Idle => (0, None),
            Self::Paced | Self::Reader => (4, Some(Duration::from_millis(8))),
            Self::Saturated => (8, None),
        }
    }
}

/// What the clients went through.
#[derive(Default)]
pub struct Experience {
    /// Each statement, from when it was sent.
    pub statements: Vec<Timed>,
    /// Each committed transaction, from when it was due: one that had to wait for its turn behind a
    /// slow one has waited too.
    pub transactions: Vec<Timed>,
    /// When there were errors.
    pub errors: Vec<Instant>,
}

/// The clients at work.
pub struct Load {
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Result<Experience>>>,
    reader: Option<JoinHandle<Result<()>>>,
}

impl Load {
    /// Lets the clients of a scenario write to `database`, which has keys up to `rows`.
    pub fn start(server: &Config, database: &'static str, scenario: Scenario, rows: i64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (count, every) = scenario.clients();
        let clients = (0..count)
            .map(|number| {
                let (server, stop) = (server.clone(), Arc::clone(&stop));
                let random = Random::new(1, number);
                tokio::spawn(async move {
                    let mut client = Client {
                        session: prepare(&server, database).await?,
                        random,
                        rows,
                        seen: Experience::default(),
                    };
                    client.run(&server, database, every, &stop).await?;
                    Ok(client.seen)
                })
            })
            .collect();
        let reader = (scenario == Scenario::Reader).then(|| {
            let server = server.clone();
            tokio::spawn(async move { read(&server, database).await })
        });
        Self { stop, clients, reader }
    }

    /// Stops them, once each has finished its transaction.
    pub async fn stop(mut self) -> Result<Experience> {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(reader) = &self.reader {
            reader.abort();
        }
        let mut all = Experience::default();
        for client in std::mem::take(&mut self.clients) {
            let seen = client.await??;
            all.statements.extend(seen.statements);
            all.transactions.extend(seen.transactions);
            all.errors.extend(seen.errors);
        }
        Ok(all)
    }
}

/// Nothing may go on in the database that the next candidate gets.
impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for task in &self.clients {
            task.abort();
        }
        if let Some(reader) = &self.reader {
            reader.abort();
        }
    }
}

struct Prepared {
    session: Session,
    update: Statement,
    select: Statement,
    insert: Statement,
}

async fn prepare(server: &Config, database: &str) -> Result<Prepared> {
    let session = connect(server, "postgres", database).await?;
    Ok(Prepared {
        update: session
            .prepare("UPDATE public.orders SET amount = amount + $1 WHERE id = $2")
            .await?,
        select: session.prepare("SELECT amount, payload FROM public.orders WHERE id = $1").await?,
        insert: session
            .prepare("INSERT INTO public.orders (customer_id, payload) VALUES ($1, $2)")
            .await?,
        session,
    })
}

struct Client {
    session: Prepared,
    random: Random,
    rows: i64,
    seen: Experience,
}

impl Client {
    async fn run(
        &mut self,
        server: &Config,
        database: &str,
        every: Option<Duration>,
        stop: &AtomicBool,
    ) -> Result<()> {
        let mut due = Instant::now();
        while !stop.load(Ordering::Relaxed) {
            match every {
                Some(every) => {
                    due += every;
                    tokio::time::sleep_until(due.into()).await;
                }
                None => due = Instant::now(),
            }
            if self.transaction().await.is_ok() {
                let took = due.elapsed();
                self.seen.transactions.push(Timed { what: "transaction", begun: due, took });
                continue;
            }
            self.seen.errors.push(Instant::now());
            if self.session.session.is_closed() {
                self.session = prepare(server, database).await?;
            } else {
                self.session.session.batch_execute("ROLLBACK").await?;
            }
        }
        Ok(())
    }

    async fn transaction(&mut self) -> std::result::Result<(), tokio_postgres::Error> {
        // One of the rows that are left: three of ten.
        let key =
            self.random.below((self.rows / 10) as u64) as i64 * 10 + self.random.pick(&[1, 2, 10]);
        let delta = self.random.below(1000) as i64;
        let customer = self.random.below(65536) as i64;
        let payload = format!("{:016x}", self.random.next()).repeat(24);
        let Prepared { session, update, select, insert } = &self.session;
        let seen = &mut self.seen.statements;
        timed(seen, "BEGIN", session.batch_execute("BEGIN")).await?;
        timed(seen, "UPDATE", session.execute(update, &[&delta, &key])).await?;
        timed(seen, "SELECT", session.query(select, &[&key])).await?;
        timed(seen, "INSERT", session.execute(insert, &[&customer, &payload])).await?;
        timed(seen, "COMMIT", session.batch_execute("COMMIT")).await
    }
}

async fn timed<T>(seen: &mut Vec<Timed>, what: &'static str, answer: impl Future<Output = T>) -> T {
    let begun = Instant::now();
    let answer = answer.await;
    seen.push(Timed { what, begun, took: begun.elapsed() });
    answer
}

/// A report that runs for 8 seconds, again and again, with a second between.
async fn read(server: &Config, database: &str) -> Result<()> {
    let mut session = connect(server, "postgres", database).await?;
    loop {
        let report = "SELECT pg_sleep(8) FROM (SELECT FROM public.orders LIMIT 1) AS one";
        if session.batch_execute(report).await.is_err() && session.is_closed() {
            session = connect(server, "postgres", database).await?;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
