//! Writers of every kind against the copy: whatever they do while a table is repacked, afterwards
//! it holds what they have committed, and nothing else.
//!
//! Each writer has keys and unique values of its own and keeps the record of what it has committed
//! there; some rows are shared and only counted up. The random choices follow from a seed, which is
//! printed; how the writers and repackd interleave does not.

mod actions;
mod many;
mod model;

mod table;
mod writer;

use crate::support::random::seed;
use crate::support::{Database, Outcome, Server, block_on, expect, quick, same, servers};
use libtest_mimic::Trial;
use repackd::config::Settings;
use repackd::engine::{self, Goal};
use repackd::job::Ending;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use table::{SHARED, VARIANTS, Variant};
use writer::Field;

const WRITERS: i64 = 5;

/// One test for each variant and server.
pub fn tests() -> Vec<Trial> {
    let mut trials = Vec::new();
    for server in servers() {
        for variant in &VARIANTS {
            let server = server.clone();
            let name = format!("writers::{}::pg{}", variant.name, server.version);
            trials.push(Trial::test(name, move || {
                let seed = seed();
                let result = block_on(attack(variant, &server, seed));
                result.map_err(|e| format!("seed {seed}: {e}").into())
            }));
        }
    }
    trials
}

async fn attack(variant: &'static Variant, server: &Server, seed: u64) -> Outcome {
    let database = Database::create(server).await?;
    let client = database.client().await?;
    let records = table::create(&client, variant, WRITERS).await?;
    let before = database.schema()?;
    let found = database.find("w").await?;
    let mut job = database.job("postgres");
    job.settings = Settings {
        copy_jobs: variant.copy_jobs,
        max_replay_rows: variant.max_replay_rows,
        chunk_time: Duration::from_millis(1),
        // How long the exchange may take is tested elsewhere, and five clients want this machine.
        cutover_budget: Duration::from_millis(800),
        ..quick()
    };
    let field = Arc::new(Field {
        variant,
        server: server.clone(),
        url: database.url("postgres"),
        seed,
        records: records.into_iter().map(Into::into).collect(),
        shared: Default::default(),
        gate: Default::default(),
        stop: false.into(),
        commits: 0.into(),
        repeats: 0.into(),
        stale: 0.into(),
    });
    let start = |number| {
        let field = field.clone();
        tokio::spawn(async move { writer::run(&field, number).await })
    };
    let writers: Vec<_> = (0..WRITERS).map(start).collect();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let (mut control, _events) = crate::support::control();
    control.seed = seed;
    let report = engine::run(&job, &found, Goal::RunNow, &control).await;
    let at_cutover = field.commits.load(Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(400)).await;
    field.stop.store(true, Ordering::Relaxed);
    let mut failures = Vec::new();
    for writer in writers {
        failures.extend(writer.await.map_err(|e| e.to_string())?.err());
    }
    let count = |n: &std::sync::atomic::AtomicU64| n.load(Ordering::Relaxed);
    println!(
        "{} commits, {at_cutover} of them until the end; {} repeated, {} stale; {} copied, {} replayed, {} attempts, {:.0} ms, {:?}",
        count(&field.commits),
        count(&field.repeats),
        count(&field.stale),
        report.figures.rows_copied,
        report.figures.rows_replayed,
        report.figures.attempts,
        report.figures.longest_wait_ms,
        report.figures.seconds
    );
    if !failures.is_empty() {
        return Err(failures.join("\n"));
    }
    expect(&report, Ending::Done)?;
    compare(&field, &client).await?;
    if count(&field.stale) > WRITERS.cast_unsigned() {
        return Err(format!("{} transactions saw an old state", count(&field.stale)));
    }
    same("the schema", &before, &database.schema()?)?;
    database.expect_no_remains().await?;
    database.expect_sound_indexes("w").await?;
    database.drop().await
}

/// The table against the records.
async fn compare(field: &Field, client: &tokio_postgres::Client) -> Outcome {
    let mut found = table::read(client).await?;
    let mut wrong = Vec::new();
    for i in 0..SHARED {
        let expected = field.shared[i as usize].load(Ordering::Relaxed);
        let row = found.remove(&(-1 - i, "a".to_owned()));
        if row.as_ref().map(|r| r.n) != Some(expected) {
            wrong.push(format!("shared row {i} was counted {expected} times and is {row:?}"));
        }
    }
    for record in &field.records {
        for (key, row) in record.lock().await.iter() {
            match found.remove(key) {
                Some(r) if r == *row => {}
                other => wrong.push(format!("{key:?} should be {row:.60?} and is {other:?}")),
            }
        }
    }
    wrong.extend(found.iter().map(|(k, r)| format!("{k:?} should not be there: {r:?}")));
    if wrong.is_empty() {
        return Ok(());
    }
    let number = wrong.len();
    wrong.iter_mut().for_each(|w| w.truncate(400));
    wrong.truncate(10);
    Err(format!("{number} rows are wrong, among them:\n{}", wrong.join("\n")))
}
