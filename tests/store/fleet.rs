//! A fleet in one process: workers that are killed, that freeze for longer than their lease, and that
//! die between the cutover and its record.

use super::{Own, equal, queue};
use crate::support::random::{Random, seed};
use crate::support::{Outcome, words};
use repackd::store::{Claim, Conclusion, Lease, Record, Store};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const WORKERS: u64 = 4;
const CONNECTIONS: u64 = 5;
const TABLES: u64 = 8;
const LEASE: Duration = Duration::from_millis(400);

/// What the databases would know.
#[derive(Default)]
struct World {
    /// How often each table was cut over.
    cut: HashMap<(String, String), u32>,
    /// Who is in the middle of a table of each connection, and his fence.
    at_work: HashMap<String, (u64, i64)>,
    /// The highest fence seen for each table.
    fences: HashMap<(String, String), i64>,
    faults: Vec<String>,
}

pub async fn killed_at_random(own: &Own) -> Outcome {
    let seed = seed();
    let result = play(own, seed).await;
    result.map_err(|e| format!("REPACKD_TEST_SEED={seed}: {e}"))
}

async fn play(own: &Own, seed: u64) -> Outcome {
    let store = own.open().await?;
    for connection in 0..CONNECTIONS {
        for table in 0..TABLES {
            queue(&store, &format!("c{connection}"), &format!("t{table}"), 1).await?;
        }
    }
    let world = Arc::new(Mutex::new(World::default()));
    let mut random = Random::new(seed, 0);
    let mut workers = Vec::new();
    let mut lives = 0;
    let end = Instant::now() + Duration::from_secs(300);
    let start = async |life: u64| -> Result<_, String> {
        let (store, world) = (own.open().await?, Arc::clone(&world));
        Ok(tokio::spawn(work(store, world, life, seed.wrapping_add(life))))
    };
    for _ in 0..WORKERS {
        lives += 1;
        workers.push(start(lives).await?);
    }
    while !store.entries().await.map_err(words)?.is_empty() {
        if Instant::now() > end {
            return Err(format!("not done: {:?}", store.entries().await));
        }
        tokio::time::sleep(Duration::from_millis(
            u64::try_from(random.range(20, 120)).unwrap_or(20),
        ))
        .await;
        let which = usize::try_from(random.range(0, WORKERS as i64)).unwrap_or(0);
        workers[which].abort();
        let ended = std::mem::replace(&mut workers[which], {
            lives += 1;
            start(lives).await?
        });
        if let Err(e) = ended.await
            && e.is_panic()
        {
            return Err(format!("a worker: {e}"));
        }
    }
    for worker in workers {
        worker.abort();
    }
    let world = world.lock().map_err(words)?;
    equal("faults", world.faults.clone(), Vec::new())?;
    equal("tables", world.cut.len() as u64, CONNECTIONS * TABLES)?;
    let twice: Vec<_> = world.cut.iter().filter(|(_, times)| **times != 1).collect();
    if !twice.is_empty() {
        return Err(format!("repacked more than once: {twice:?}"));
    }
    if lives < WORKERS + 5 {
        return Err(format!("hardly anybody was killed: {lives} lives"));
    }
    Ok(())
}

/// A daemon's life, as far as the store is concerned.
async fn work(store: Store, world: Arc<Mutex<World>>, me: u64, seed: u64) {
    let mut random = Random::new(seed, 0);
    let connections: Vec<String> = (0..CONNECTIONS).map(|c| format!("c{c}")).collect();
    loop {
        let claim = store.claim(&format!("w{me}"), LEASE, &connections, &["all".into()]).await;
        match claim {
            Ok(Some(claim)) => {
                // Whatever goes wrong with the store here, a daemon would leave the table alone.
                let _ = repack(&store, &world, me, &claim, &mut random).await;
            }
            Ok(None) => tokio::time::sleep(Duration::from_millis(20)).await,
            Err(e) => world.lock().unwrap().faults.push(e.to_string()),
        }
    }
}

async fn repack(
    store: &Store,
    world: &Mutex<World>,
    me: u64,
    claim: &Claim,
    random: &mut Random,
) -> Result<(), repackd::error::Error> {
    let key = (claim.connection.clone(), claim.table.name.clone());
    let done = {
        let mut world = world.lock().unwrap();
        let last = world.fences.insert(key.clone(), claim.fence).unwrap_or(0);
        if last >= claim.fence {
            world.faults.push(format!("{key:?}: fence {} after {last}", claim.fence));
        }
        world.at_work.insert(claim.connection.clone(), (me, claim.fence));
        world.cut.contains_key(&key)
    };
    let record = Record { ending: "done".into(), ..Record::default() };
    if done {
        // Another OID: somebody died before he could say so.
        store.conclude(claim, &Conclusion::Gone, &record).await?;
        return Ok(());
    }
    for _ in 0..random.range(1, 4) {
        // Now and then for longer than the lease.
        let long = random.range(0, 12) == 0;
        let time = if long { LEASE * 2 } else { Duration::from_millis(5) };
        tokio::time::sleep(time).await;
        if store.renew(claim, LEASE, Some("copy"), None).await? == Lease::Lost {
            return Ok(());
        }
    }
    if random.range(0, 12) == 0 {
        tokio::time::sleep(LEASE * 2).await;
    }
    if store.stands(claim, LEASE).await? {
        let mut world = world.lock().unwrap();
        // Nobody else has come to work on a table of this connection since.
        if world.at_work.get(&claim.connection) != Some(&(me, claim.fence)) {
            let other = world.at_work.get(&claim.connection).copied();
            world.faults.push(format!("{key:?}: {me} with {} beside {other:?}", claim.fence));
        }
        *world.cut.entry(key).or_default() += 1;
    } else {
        return Ok(());
    }
    tokio::time::sleep(Duration::from_millis(5)).await;
    store.conclude(claim, &Conclusion::Gone, &record).await.map(drop)
}
