//! Clients that do the same thing over and over, and keep what they meet on record.

use crate::support::random::Random;
use crate::support::session::Failure;
use crate::support::{client, words};
use futures_util::future::BoxFuture;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use tokio_postgres::{Client, SimpleQueryMessage};

/// What a client does in each round.
pub type Work = for<'a> fn(&'a mut One) -> BoxFuture<'a, Result<(), Failure>>;

/// One client.
pub struct One {
    client: Client,
    /// What it decides by.
    pub random: Random,
    /// Its number, from 0.
    pub number: i64,
    /// What it has committed, if that matters.
    pub record: Vec<i64>,
    /// What it has met.
    pub figures: Figures,
}

/// What clients have met.
#[derive(Debug, Clone, Copy, Default)]
pub struct Figures {
    /// Statements that went through.
    pub statements: u64,
    /// The longest of them.
    pub longest: Duration,
    /// Transactions that had to be repeated.
    pub again: u64,
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { statements, longest, again } = self;
        write!(
            f,
            "{statements} statements, the longest {} ms, {again} transactions repeated",
            longest.as_millis()
        )
    }
}

impl One {
    /// Runs statements; returns the number of rows of the last.
    pub async fn run(&mut self, sql: &str) -> Result<u64, Failure> {
        let (count, _) = self.timed(sql).await?;
        Ok(count)
    }

    /// The one value, a number, that a query returns last.
    pub async fn number(&mut self, sql: &str) -> Result<Option<i64>, Failure> {
        let (_, value) = self.timed(sql).await?;
        Ok(value.and_then(|v| v.parse().ok()))
    }

    /// The one value that a query returns last.
    pub async fn text(&mut self, sql: &str) -> Result<Option<String>, Failure> {
        Ok(self.timed(sql).await?.1)
    }

    async fn timed(&mut self, sql: &str) -> Result<(u64, Option<String>), Failure> {
        let began = Instant::now();
        let messages = self.client.simple_query(sql).await.map_err(|e| match Failure::from(e) {
            Failure::Error(e) => Failure::Error(format!("{sql}: {e}")),
            other => other,
        })?;
        self.figures.longest = self.figures.longest.max(began.elapsed());
        self.figures.statements += 1;
        let (mut count, mut value) = (0, None);
        for message in &messages {
            match message {
                SimpleQueryMessage::CommandComplete(n) => count = *n,
                SimpleQueryMessage::Row(row) => value = row.get(0).map(str::to_owned),
                _ => {}
            }
        }
        Ok((count, value))
    }

    /// Sends rows by COPY.
    pub async fn copy_in(&mut self, into: &str, rows: String) -> Result<(), Failure> {
        use futures_util::SinkExt;
        let began = Instant::now();
        let sink = self.client.copy_in(into).await?;
        futures_util::pin_mut!(sink);
        sink.send(std::io::Cursor::new(rows.into_bytes())).await?;
        sink.finish().await?;
        self.figures.longest = self.figures.longest.max(began.elapsed());
        self.figures.statements += 1;
        Ok(())
    }

    /// Fails with a sentence about what is wrong.
    pub fn wrong<T>(&self, what: String) -> Result<T, Failure> {
        Err(Failure::Count(format!("client {}: {what}", self.number)))
    }
}

/// Clients at work.
pub struct Load {
    stop: Arc<AtomicBool>,
    pause: Arc<AtomicU64>,
    tasks: Vec<JoinHandle<Result<One, String>>>,
}

impl Load {
    /// Starts so many, who do `work` without a pause but `pause`. What has to be repeated, as
    /// serialization failures have, is only to be met by those who are `patient`.
    pub fn start(url: &str, seed: u64, count: i64, patient: bool, pause: u64, work: Work) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let pause = Arc::new(AtomicU64::new(pause));
        let start = |number: i64| {
            let (stop, pause, url) = (stop.clone(), pause.clone(), url.to_owned());
            tokio::spawn(async move {
                let mut one = One {
                    client: client(&url).await?,
                    random: Random::new(seed, number.cast_unsigned()),
                    number,
                    record: Vec::new(),
                    figures: Figures::default(),
                };
                while !stop.load(Ordering::Relaxed) {
                    match work(&mut one).await {
                        Ok(()) => {}
                        Err(Failure::Again) if patient => {
                            one.figures.again += 1;
                            one.client.batch_execute("ROLLBACK").await.map_err(words)?;
                        }
                        Err(e) => return Err(format!("client {number}: {e:?}")),
                    }
                    let pause = pause.load(Ordering::Relaxed);
                    if pause > 0 {
                        tokio::time::sleep(Duration::from_millis(pause)).await;
                    }
                }
                Ok(one)
            })
        };
        let tasks = (0..count).map(start).collect();
        Self { stop, pause, tasks }
    }

    /// Has them pause twice as long.
    pub fn ease(&self) {
        let pause = self.pause.load(Ordering::Relaxed);
        self.pause.store((pause * 2).max(1), Ordering::Relaxed);
    }

    /// Whether some client has ended, which none should.
    pub fn is_broken(&self) -> bool {
        self.tasks.iter().any(JoinHandle::is_finished)
    }

    /// Stops them. Fails if one of them has failed.
    pub async fn stop(self) -> Result<(Figures, Vec<One>), String> {
        self.stop.store(true, Ordering::Relaxed);
        let (mut all, mut figures) = (Vec::new(), Figures::default());
        for task in self.tasks {
            let one = task.await.map_err(words)??;
            figures.statements += one.figures.statements;
            figures.again += one.figures.again;
            figures.longest = figures.longest.max(one.figures.longest);
            all.push(one);
        }
        Ok((figures, all))
    }
}
