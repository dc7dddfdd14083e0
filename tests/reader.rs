//! Beside a reader that holds its lock for 8 of every 9 seconds, nobody else ever waits a second.

use crate::support::random::Random;
use crate::support::{Database, Outcome, Server, block_on, client, expect, repack, servers, words};
use libtest_mimic::Trial;
use repackd::engine::Goal;
use repackd::job::Ending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const ROWS: i64 = 20_000;

/// On every server.
pub fn tests() -> Vec<Trial> {
    let trial = |server: Server| {
        Trial::test(format!("reader::eight_of_nine::pg{}", server.version), move || {
            block_on(eight_of_nine(&server)).map_err(Into::into)
        })
    };
    servers().into_iter().map(trial).collect()
}

async fn eight_of_nine(server: &Server) -> Outcome {
    let database = Database::create(server).await?;
    database
        .run(&format!(
            "CREATE TABLE r (id bigint PRIMARY KEY, n bigint NOT NULL, body text);
             INSERT INTO r SELECT i, 0, repeat('x', 200) FROM generate_series(1, {ROWS}) i"
        ))
        .await?;
    let stop = Arc::new(AtomicBool::new(false));
    let url = database.url("postgres");
    let reader = tokio::spawn(read(client(&url).await?, stop.clone()));
    let start = |number| {
        let (stop, url) = (stop.clone(), url.clone());
        tokio::spawn(async move { paced(&url, number, &stop).await })
    };
    let clients: Vec<_> = (0..4).map(start).collect();
    // The reader is at it by now.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let began = Instant::now();
    let job = database.job("postgres");
    for _ in 0..2 {
        let report = repack(&job, &database.find("r").await?, Goal::RunNow).await;
        println!("{:.1} s: {:?}", began.elapsed().as_secs_f64(), report.figures);
        expect(&report, Ending::Done)?;
    }
    stop.store(true, Ordering::Relaxed);
    let (mut updates, mut longest) = (0, Duration::ZERO);
    for client in clients {
        let (n, time) = client.await.map_err(words)??;
        updates += n;
        longest = longest.max(time);
    }
    reader.await.map_err(words)??;
    println!("{updates} updates, the longest statement took {} ms", longest.as_millis());
    let query = "SELECT count(*), sum(n)::int8 FROM r";
    let row = database.client().await?.query_one(query, &[]).await.map_err(words)?;
    if (row.get::<_, i64>(0), row.get::<_, i64>(1)) != (ROWS, updates) {
        return Err(format!("{updates} updates, and the table has {row:?}"));
    }
    if longest >= Duration::from_secs(1) {
        return Err(format!("a client waited {} ms", longest.as_millis()));
    }
    database.drop().await
}

/// Holds ACCESS SHARE for eight seconds, and pauses for one.
async fn read(client: tokio_postgres::Client, stop: Arc<AtomicBool>) -> Outcome {
    while !stop.load(Ordering::Relaxed) {
        client.batch_execute("BEGIN; SELECT count(*) FROM r").await.map_err(words)?;
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(8) && !stop.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        client.batch_execute("COMMIT").await.map_err(words)?;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Ok(())
}

/// Reads and updates at an even pace. Returns the number of updates and the longest statement.
async fn paced(url: &str, number: u64, stop: &AtomicBool) -> Result<(i64, Duration), String> {
    let client = client(url).await?;
    let mut random = Random::new(1, number);
    let (mut updates, mut longest) = (0, Duration::ZERO);
    while !stop.load(Ordering::Relaxed) {
        let id = random.range(1, ROWS + 1);
        let began = Instant::now();
        if random.percent(50) {
            client.query_one("SELECT n FROM r WHERE id = $1", &[&id]).await.map_err(words)?;
        } else {
            let update = "UPDATE r SET n = n + 1 WHERE id = $1";
            updates += client.execute(update, &[&id]).await.map_err(words)?.cast_signed();
        }
        longest = longest.max(began.elapsed());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok((updates, longest))
}
