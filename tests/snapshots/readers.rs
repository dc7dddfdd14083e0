//! Many short REPEATABLE READ transactions, so that some are open at each moment of a run.

use super::scene::Scene;
use crate::support::random::{Random, seed};
use crate::support::{Outcome, Server, expect, words};
use repackd::engine::Goal;
use repackd::job::{Ending, Phase};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio_postgres::Client;

const RUNS: usize = 6;
const READERS: u64 = 3;

/// Whatever moment a snapshot is from, the table is as it was then: read before the cutover, after
/// it, or both.
pub async fn right_rows(server: Server) -> Outcome {
    let seed = seed();
    let scene = Scene::create(&server, false).await?;
    let stop = Arc::new(AtomicBool::new(false));
    let across = Arc::new(AtomicU64::new(0));
    let mut readers = Vec::new();
    for number in 0..READERS {
        let client = scene.client().await?;
        let (stop, across, random) = (stop.clone(), across.clone(), Random::new(seed, number));
        readers.push(tokio::spawn(read(client, random, stop, across)));
    }
    for _ in 0..RUNS {
        let writer = scene.write();
        let mut run = scene.start(|_| ());
        // No writes during the attempts: then each is exact. What a last drain under the lock
        // wrote would be some milliseconds old to a snapshot taken just before.
        run.reach(Phase::Cutover).await?;
        writer.stop().await?;
        expect(&run.end(Duration::from_secs(90)).await?, Ending::Done)?;
    }
    stop.store(true, Ordering::Relaxed);
    let mut transactions = 0;
    for reader in readers {
        transactions += reader.await.map_err(words)?.map_err(|e| format!("seed {seed}: {e}"))?;
    }
    println!(
        "{transactions} transactions, {} of them across a cutover",
        across.load(Ordering::Relaxed)
    );
    scene.finish().await
}

/// Opens one snapshot after another and reads the table with it, at once, later or both.
async fn read(
    client: Client,
    mut random: Random,
    stop: Arc<AtomicBool>,
    across: Arc<AtomicU64>,
) -> Result<u64, String> {
    let mut transactions = 0;
    while !stop.load(Ordering::Relaxed) {
        client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ").await.map_err(words)?;
        // The snapshot is taken here; which table has the name is always looked up anew.
        let fix = "SELECT version, to_regclass('s')::oid FROM other";
        let first = client.query_one(fix, &[]).await.map_err(words)?;
        let version: i64 = first.get(0);
        if random.percent(40) {
            check(&client, version).await?;
        }
        tokio::time::sleep(Duration::from_millis(random.range(0, 120).cast_unsigned())).await;
        check(&client, version).await?;
        let last = client.query_one(fix, &[]).await.map_err(words)?;
        if first.get::<_, u32>(1) != last.get::<_, u32>(1) {
            across.fetch_add(1, Ordering::Relaxed);
        }
        client.batch_execute("COMMIT").await.map_err(words)?;
        transactions += 1;
        tokio::time::sleep(Duration::from_millis(random.range(0, 150).cast_unsigned())).await;
    }
    Ok(transactions)
}

async fn check(client: &Client, version: i64) -> Outcome {
    let s = client.query_one(super::scene::STATE, &[]).await.map_err(words)?;
    let found: [i64; 5] = [s.get(0), s.get(1), s.get(2), s.get(3), s.get(4)];
    let expected = [2000, 20_000, version, version + 1, version + 2000];
    if found == expected { Ok(()) } else { Err(format!("{found:?} instead of {expected:?}")) }
}

/// How long each of the many snapshots stays open.
const OPEN: Duration = Duration::from_millis(300);

/// As many as it takes to have one opened every twenty milliseconds or so.
const MANY: u64 = 16;

/// Cutovers beside them.
const FEW: usize = 3;

/// Snapshots of both kinds are opened all along, at every step of a cutover too, while somebody
/// writes in fits and starts. Each of them sees the rows of its own moment, whenever it looks at
/// them. They overlap, so there is always an old one.
pub async fn every_moment(server: Server, unprivileged: bool) -> Outcome {
    let seed = seed();
    let scene = Scene::create(&server, unprivileged).await?;
    let stop = Arc::new(AtomicBool::new(false));
    let across = Arc::new(AtomicU64::new(0));
    let rest = Arc::new(AtomicU64::new(40));
    let mut readers = Vec::new();
    for number in 0..MANY {
        let client = scene.client().await?;
        let (stop, across, random) = (stop.clone(), across.clone(), Random::new(seed, number));
        readers.push(tokio::spawn(look_late(client, random, stop, across, rest.clone())));
    }
    let (mut attempts, mut cutovers, mut goal) = (0, 0, Goal::RunNow);
    while cutovers < FEW && !readers.iter().any(tokio::task::JoinHandle::is_finished) {
        let run = scene.go(goal, |settings| {
            settings.cutover_budget = Duration::from_millis(500);
            settings.cutover_wait = Duration::from_secs(8);
        });
        let end = run.end(Duration::from_secs(90));
        tokio::pin!(end);
        let report = loop {
            let writer = scene.write();
            tokio::time::sleep(Duration::from_millis(400)).await;
            writer.stop().await?;
            tokio::select! {
                report = &mut end => break report?,
                () = tokio::time::sleep(OPEN * 5) => {}
            }
        };
        attempts += report.figures.attempts;
        let error = report.error.clone().unwrap_or_default();
        if report.ending == Ending::Failed && error.contains("no quiet moment") {
            // Too slow a machine for so many. They take more time, and the run goes on.
            println!("{error:.150}");
            rest.fetch_add(rest.load(Ordering::Relaxed), Ordering::Relaxed);
            goal = Goal::Resume;
        } else {
            expect(&report, Ending::Done)?;
            cutovers += 1;
            goal = Goal::RunNow;
        }
    }
    stop.store(true, Ordering::Relaxed);
    let mut opened = 0;
    for reader in readers {
        opened += reader.await.map_err(words)?.map_err(|e| format!("seed {seed}: {e}"))?;
    }
    let across = across.load(Ordering::Relaxed);
    if across == 0 {
        return Err(format!("none of {opened} snapshots was open across a cutover"));
    }
    println!("{cutovers} cutovers in {attempts} attempts, {opened} snapshots, {across} across one");
    scene.finish().await
}

async fn look_late(
    client: Client,
    mut random: Random,
    stop: Arc<AtomicBool>,
    across: Arc<AtomicU64>,
    rest: Arc<AtomicU64>,
) -> Result<u64, String> {
    let mut opened = 0;
    while !stop.load(Ordering::Relaxed) {
        let level = if random.percent(50) { "REPEATABLE READ" } else { "SERIALIZABLE" };
        client.batch_execute(&format!("BEGIN ISOLATION LEVEL {level}")).await.map_err(words)?;
        // Whoever has read the table is waited for. So most of them look at it late, and few of
        // them again: with a reader in it all the time there would be no cutover to look across.
        let early = random.percent(4);
        let fix = "SELECT version, to_regclass('s')::oid FROM other";
        let fixed = client.query_one(fix, &[]).await.map_err(words)?;
        let mut first = (fixed.get::<_, i64>(0), fixed.get::<_, u32>(1));
        if early {
            first.0 = state(&client).await?.0;
        }
        tokio::time::sleep(OPEN).await;
        let mut last = state(&client).await?;
        if random.percent(4) {
            tokio::time::sleep(OPEN).await;
            last = state(&client).await?;
        }
        if first.0 != last.0 {
            return Err(format!("one snapshot saw {first:?} and then {last:?}"));
        }
        across.fetch_add(u64::from(first.1 != last.1), Ordering::Relaxed);
        client.batch_execute("COMMIT").await.map_err(words)?;
        opened += 1;
        let rest = rest.load(Ordering::Relaxed).cast_signed();
        let pause = random.range(0, rest).cast_unsigned();
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
    Ok(opened)
}

/// The version that a snapshot sees, if the table is as it was then; and which table it was.
async fn state(client: &Client) -> Result<(i64, u32), String> {
    let state = format!(
        "SELECT s.*, o.version, to_regclass('s')::oid FROM ({}) s, other o",
        super::scene::STATE
    );
    let s = client.query_one(&state, &[]).await.map_err(words)?;
    let (version, table): (i64, u32) = (s.get(5), s.get(6));
    let found: [i64; 5] = [s.get(0), s.get(1), s.get(2), s.get(3), s.get(4)];
    let expected = [2000, 20_000, version, version + 1, version + 2000];
    match found == expected {
        true => Ok((version, table)),
        false => Err(format!("{found:?} instead of {expected:?}")),
    }
}
