//! Clients that write all along, and keep a record of what must be in the table.

use super::{client, words};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_postgres::Client;

/// Writers at work.
pub struct Writers {
    stop: Arc<AtomicBool>,
    all: Vec<JoinHandle<Result<Record, String>>>,
}

/// What the rows of one or all writers are: `v` by `id`.
pub type Record = BTreeMap<i64, String>;

/// A generator that a test can replay (xorshift64).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % limit
    }
}

impl Writers {
    /// Starts `count` writers on public.t, each on the identifiers that leave its number when
    /// divided by `count`. The table has the rows `1..=rows`, with `v` the text of `id`.
    pub fn start(url: &str, count: u64, rows: i64, seed: u64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let writer = |number: u64| {
            let (stop, url) = (stop.clone(), url.to_owned());
            tokio::spawn(async move {
                let client = client(&url).await?;
                let mine = |id: &i64| id.rem_euclid(count as i64) == number as i64;
                let mut record: Record =
                    (1..=rows).filter(mine).map(|id| (id, id.to_string())).collect();
                let mut random = Random::new(seed ^ number);
                while !stop.load(Ordering::Relaxed) {
                    let id = random.below(rows as u64 * 2 / count) as i64 * count as i64;
                    let id = id + number as i64;
                    let written = write(&client, &mut record, id, count as i64, &mut random).await;
                    written.map_err(|e| format!("a writer failed: {}", words(e)))?;
                    tokio::time::sleep(Duration::from_millis(4)).await;
                }
                Ok(record)
            })
        };
        let all = (0..count).map(writer).collect();
        Self { stop, all }
    }

    /// Stops them and returns what they have written, all together.
    pub async fn stop(self) -> Result<Record, String> {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Record::new();
        for writer in self.all {
            all.append(&mut writer.await.map_err(words)??);
        }
        Ok(all)
    }
}

/// One change, of a kind that suits what is there. What is not certain is not recorded: nobody ends
/// the writers' own connections, so every statement has an answer.
async fn write(
    client: &Client,
    record: &mut Record,
    id: i64,
    step: i64,
    random: &mut Random,
) -> Result<(), tokio_postgres::Error> {
    let value = random.below(1_000_000).to_string();
    let there = record.contains_key(&id);
    if !there {
        let insert = "INSERT INTO public.t (id, v) VALUES ($1, $2)";
        client.execute(insert, &[&id, &value]).await?;
        record.insert(id, value);
        return Ok(());
    }
    let other = id + step;
    match random.below(10) {
        0..3 => {
            client.execute("DELETE FROM public.t WHERE id = $1", &[&id]).await?;
            record.remove(&id);
        }
        3..6 if !record.contains_key(&other) => {
            let change = "UPDATE public.t SET id = $2, v = $3 WHERE id = $1";
            client.execute(change, &[&id, &other, &value]).await?;
            record.remove(&id);
            record.insert(other, value);
        }
        6 => {
            // What is rolled back leaves nothing.
            let undone = format!(
                "BEGIN; DELETE FROM public.t WHERE id = {id};
                 UPDATE public.t SET v = 'undone' WHERE id = {other}; ROLLBACK"
            );
            client.batch_execute(&undone).await?;
        }
        _ => {
            client.execute("UPDATE public.t SET v = $2 WHERE id = $1", &[&id, &value]).await?;
            record.insert(id, value);
        }
    }
    Ok(())
}
