//! A real subscriber of the table: it is equal after each repack, with no row missed or doubled and no
//! error on its way.

use crate::support::cluster::Cluster;
use crate::support::random::{Random, seed};
use crate::support::{Database, Outcome, Server, block_on, expect, repack, servers, words};
use libtest_mimic::Trial;
use repackd::engine::Goal;
use repackd::job::Ending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio_postgres::Client;

const TABLES: &str = "CREATE SCHEMA app;
CREATE TABLE app.t (id bigint PRIMARY KEY, n bigint, body text);
CREATE TABLE app.whole (id bigint PRIMARY KEY, body text);
ALTER TABLE app.whole REPLICA IDENTITY FULL;";

/// On the oldest and the newest server.
pub fn tests() -> Vec<Trial> {
    let all = servers();
    let mut chosen: Vec<Server> =
        [all.first(), all.last()].into_iter().flatten().cloned().collect();
    chosen.dedup_by_key(|s| s.version);
    let trial = |server: Server| {
        Trial::test(format!("replication::subscriber::pg{}", server.version), move || {
            let seed = seed();
            block_on(subscriber(&server, seed)).map_err(|e| format!("seed {seed}: {e}").into())
        })
    };
    chosen.into_iter().map(trial).collect()
}

async fn subscriber(server: &Server, seed: u64) -> Outcome {
    let cluster = Cluster::create(server.version).await?;
    let admin = crate::support::client(&cluster.server().url).await?;
    admin.batch_execute("ALTER SYSTEM SET wal_level = logical").await.map_err(words)?;
    drop(admin);
    cluster.stop("fast")?;
    cluster.start()?;
    let here = cluster.server();
    let (publisher, copy) = (Database::create(&here).await?, Database::create(&here).await?);
    publisher.run(TABLES).await?;
    copy.run(TABLES).await?;
    let (columns, second) = if server.version < 15 {
        ("", "CREATE PUBLICATION second FOR TABLE app.whole")
    } else {
        (" (id, n, body)", "CREATE PUBLICATION second FOR TABLES IN SCHEMA app")
    };
    let rows = "INSERT INTO app.t SELECT i, 0, repeat('x', 200) FROM generate_series(1, 3000) i;
                INSERT INTO app.whole SELECT i, repeat('y', 3000) FROM generate_series(1, 300) i;";
    publisher.run(rows).await?;
    let first = format!("CREATE PUBLICATION first FOR TABLE app.t{columns}");
    for sql in [&first, second, "SELECT pg_create_logical_replication_slot('sub', 'pgoutput')"] {
        publisher.run(sql).await?;
    }
    // A subscription to the same server cannot make its slot by itself: it would wait for its own
    // transaction.
    copy.run(&format!(
        "CREATE SUBSCRIPTION sub CONNECTION '{}' PUBLICATION first, second WITH (create_slot = false, slot_name = 'sub')",
        publisher.url("postgres")
    ))
    .await?;
    equal(&publisher, &copy).await?;

    let stop = Arc::new(AtomicBool::new(false));
    let writer = |number: u64| {
        let (stop, url) = (stop.clone(), publisher.url("postgres"));
        tokio::spawn(async move {
            let client = crate::support::client(&url).await?;
            let mut random = Random::new(seed, number);
            while !stop.load(Ordering::Relaxed) {
                write(&client, &mut random, number as i64).await?;
                // One worker has to apply what three write.
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
            Ok::<(), String>(())
        })
    };
    let writers: Vec<_> = (0..3).map(writer).collect();
    for _ in 0..3 {
        for table in ["app.t", "app.whole"] {
            let found = publisher.find(table).await?;
            expect(&repack(&publisher.job("postgres"), &found, Goal::RunNow).await, Ending::Done)?;
        }
    }
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.map_err(words)??;
    }
    equal(&publisher, &copy).await?;
    if server.version >= 15 {
        let client = copy.client().await?;
        let row = client
            .query_one("SELECT sum(apply_error_count + sync_error_count)::int8 FROM pg_stat_subscription_stats", &[])
            .await
            .map_err(words)?;
        if row.get::<_, Option<i64>>(0) != Some(0) {
            return Err("the subscriber met an error".into());
        }
    }
    // It lets go of the slot, or neither database could be dropped.
    for sql in [
        "ALTER SUBSCRIPTION sub DISABLE",
        "ALTER SUBSCRIPTION sub SET (slot_name = NONE)",
        "DROP SUBSCRIPTION sub",
    ] {
        copy.run(sql).await?;
    }
    Ok(())
}

/// One change; each writer has keys of its own.
async fn write(client: &Client, random: &mut Random, number: i64) -> Outcome {
    let id = random.range(0, 1000) * 3 + number;
    let sql = match random.range(0, 6) {
        0 => format!("INSERT INTO app.t VALUES ({id}, 1, 'new') ON CONFLICT DO NOTHING"),
        1 => format!("DELETE FROM app.t WHERE id = {id}"),
        2 => format!(
            "UPDATE app.t SET id = {} WHERE id = {id} AND NOT EXISTS (SELECT FROM app.t WHERE id = {})",
            id + 9000,
            id + 9000
        ),
        3 => format!("UPDATE app.whole SET body = repeat('z', {}) WHERE id = {id}", 10 + id),
        4 => format!(
            "BEGIN; UPDATE app.t SET n = n + 1 WHERE id % 3 = {number} AND id < 90; DELETE FROM app.whole WHERE id = {id}; COMMIT"
        ),
        _ => format!("UPDATE app.t SET n = n + 1 WHERE id = {id}"),
    };
    client.batch_execute(&sql).await.map_err(|e| format!("{sql}: {e:?}"))
}

/// Waits until the subscriber has what the publisher has.
async fn equal(publisher: &Database, copy: &Database) -> Outcome {
    let (one, other) = (publisher.client().await?, copy.client().await?);
    let sums = async |client: &Client| -> Result<String, String> {
        let row = client
            .query_one(
                "SELECT (SELECT count(*) || md5(string_agg(t::text, ',' ORDER BY id)) FROM app.t t)
                     || ' ' || (SELECT count(*) || md5(string_agg(t::text, ',' ORDER BY id)) FROM app.whole t)",
                &[],
            )
            .await
            .map_err(words)?;
        Ok(row.get::<_, Option<String>>(0).unwrap_or_default())
    };
    let expected = sums(&one).await?;
    let began = Instant::now();
    loop {
        let found = sums(&other).await?;
        if found == expected {
            return Ok(());
        }
        if began.elapsed() > Duration::from_secs(90) {
            return Err(format!("the publisher has {expected}, the subscriber {found}"));
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
