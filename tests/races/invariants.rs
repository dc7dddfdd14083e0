//! Many cutovers in a row under clients of mixed isolation levels, each of whose workloads has an
//! invariant that one lost, doubled or stale row would break.

use super::load::{Load, One, Work};
use crate::support::random::seed;
use crate::support::session::Failure;
use crate::support::{Database, Outcome, Server, expect, repack, same, words};
use futures_util::future::BoxFuture;
use repackd::config::Settings;
use repackd::engine::Goal;
use repackd::job::Ending;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};
use tokio_postgres::Client;

const CLIENTS: i64 = 16;

/// How long cutovers follow each other.
fn time() -> Duration {
    Duration::from_secs(if super::all_wanted() { 40 } else { 8 })
}

type Round<'a> = BoxFuture<'a, Result<(), Failure>>;

/// Begins a transaction of one of the isolation levels.
async fn begin(one: &mut One) -> Result<(), Failure> {
    let level = ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"];
    let level = level[one.random.range(0, 3) as usize];
    one.run(&format!("BEGIN ISOLATION LEVEL {level}")).await.map(drop)
}

/// Has the clients work while the tables are repacked in turn. Returns the clients for their
/// records, and a connection to look at the rows with.
async fn attack(
    database: &Database,
    setup: &str,
    tables: &[&str],
    work: Work,
) -> Result<(Vec<One>, Client), String> {
    let seed = seed();
    database.run(setup).await?;
    let before = database.schema()?;
    let load = Load::start(&database.url("postgres"), seed, CLIENTS, true, 6, work);
    let mut job = database.job("postgres");
    // The invariant is the verification, and the budget is what other tests are about: here it is to
    // be met beside sixteen clients on a machine that may have two cores.
    job.settings = Settings {
        verify: false,
        analyze_tables: false,
        index_jobs: 1,
        cutover_budget: Duration::from_millis(700),
        cutover_wait: Duration::from_secs(8),
        ..job.settings
    };
    let mut kept = vec![false; tables.len()];
    let mut cutovers = vec![0; tables.len()];
    let (mut attempts, mut wait) = (0, 0f64);
    let began = Instant::now();
    while (began.elapsed() < time() || cutovers.contains(&0)) && !load.is_broken() {
        for ((table, kept), cutovers) in tables.iter().zip(&mut kept).zip(&mut cutovers) {
            let goal = if *kept { Goal::Resume } else { Goal::RunNow };
            let report = repack(&job, &database.find(table).await?, goal).await;
            // Without a moment of quiet a run is kept. It goes on in the next round, and clients
            // who left it none take more time.
            let error = report.error.clone().unwrap_or_default();
            *kept = report.ending == Ending::Failed
                && (error.contains("no quiet moment") || error.contains("can be drained"));
            if *kept {
                println!("{table}: {error}");
                load.ease();
            } else {
                expect(&report, Ending::Done)?;
                *cutovers += 1;
            }
            attempts += report.figures.attempts;
            wait = wait.max(report.figures.longest_wait_ms);
        }
    }
    let took = began.elapsed().as_secs_f64();
    let (figures, clients) = load.stop().await.map_err(|e| format!("seed {seed}: {e}"))?;
    println!(
        "{cutovers:?} cutovers in {took:.1} s and {attempts} attempts; repackd says {wait:.0} ms; {figures}"
    );
    for (table, _) in tables.iter().zip(kept).filter(|(_, kept)| *kept) {
        println!("{table} only now");
        let report = repack(&job, &database.find(table).await?, Goal::Resume).await;
        expect(&report, Ending::Done)?;
    }
    same("the schema", &before, &database.schema()?)?;
    database.expect_no_remains().await?;
    database.expect_all_indexes_sound().await?;
    Ok((clients, database.client().await?))
}

const ACCOUNTS: i64 = 60;

/// Money moves between accounts; every snapshot sees all of it. And of each pair of doctors one is
/// on call, which only SERIALIZABLE can promise to those who look before they leave.
pub async fn bank(server: Server) -> Outcome {
    let database = Database::create(&server).await?;
    let setup = format!(
        "CREATE TABLE account (id bigint PRIMARY KEY, n bigint NOT NULL, body text);
         CREATE INDEX ON account (n);
         INSERT INTO account SELECT i, 100, repeat('x', 100) FROM generate_series(1, {ACCOUNTS}) i;
         CREATE TABLE doctor (pair int, who int, on_call boolean NOT NULL, PRIMARY KEY (pair, who));
         INSERT INTO doctor SELECT p, w, true FROM generate_series(1, 12) p, generate_series(1, 2) w"
    );
    let (_, client) = attack(&database, &setup, &["account", "doctor"], banking).await?;
    let query = "SELECT count(*), sum(n)::int8 FROM account";
    let row = client.query_one(query, &[]).await.map_err(words)?;
    let found: (i64, i64) = (row.get(0), row.get(1));
    if found != (ACCOUNTS, ACCOUNTS * 100) {
        return Err(format!("the accounts and their sum are {found:?}"));
    }
    database.drop().await
}

fn banking(one: &mut One) -> Round<'_> {
    Box::pin(async move {
        match one.random.range(0, 10) {
            0..5 => transfer(one).await,
            5..8 => audit(one).await,
            _ => call(one).await,
        }
    })
}

async fn transfer(one: &mut One) -> Result<(), Failure> {
    let (a, b) = (one.random.range(1, ACCOUNTS + 1), one.random.range(1, ACCOUNTS + 1));
    let by = one.random.range(1, 20);
    begin(one).await?;
    for (id, by) in [(a, -by), (b, by)] {
        let sql = format!("UPDATE account SET n = n + {by} WHERE id = {id}");
        if one.run(&sql).await? != 1 {
            return one.wrong(format!("account {id} is not there"));
        }
    }
    let end = if one.random.percent(85) { "COMMIT" } else { "ROLLBACK" };
    one.run(end).await.map(drop)
}

async fn audit(one: &mut One) -> Result<(), Failure> {
    begin(one).await?;
    for _ in 0..2 {
        let sum = one.number("SELECT sum(n) FROM account").await?;
        if sum != Some(ACCOUNTS * 100) {
            return one.wrong(format!("the accounts hold {sum:?}"));
        }
    }
    one.run("COMMIT").await.map(drop)
}

async fn call(one: &mut One) -> Result<(), Failure> {
    let (pair, who) = (one.random.range(1, 13), one.random.range(1, 3));
    one.run("BEGIN ISOLATION LEVEL SERIALIZABLE").await?;
    let sql = format!("SELECT count(*) FROM doctor WHERE pair = {pair} AND on_call");
    let on_call = one.number(&sql).await?;
    let leave = match on_call {
        Some(2) => true,
        Some(1) => false,
        other => return one.wrong(format!("of pair {pair} {other:?} are on call")),
    };
    let set = if leave { format!("false WHERE who = {who}") } else { "true WHERE true".to_owned() };
    one.run(&format!("UPDATE doctor SET on_call = {set} AND pair = {pair}")).await?;
    one.run("COMMIT").await.map(drop)
}

const LISTS: i64 = 20;

/// Everybody appends to lists. Nothing appended is lost, nothing comes twice or in another order,
/// and who has read a list finds its beginning unchanged ever after.
pub async fn list_append(server: Server) -> Outcome {
    let database = Database::create(&server).await?;
    let setup = format!(
        "CREATE TABLE list (id bigint PRIMARY KEY, items text NOT NULL);
         INSERT INTO list SELECT i, '' FROM generate_series(1, {LISTS}) i"
    );
    let (clients, client) = attack(&database, &setup, &["list"], appending).await?;
    let rows = client.query("SELECT id, items FROM list", &[]).await.map_err(words)?;
    if rows.len() as i64 != LISTS {
        return Err(format!("there are {} lists", rows.len()));
    }
    let mut found: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for row in rows {
        let (id, items): (i64, String) = (row.get(0), row.get(1));
        for item in items.split_whitespace() {
            let item: i64 = item.parse().map_err(words)?;
            // Client, list and number in one.
            if item / 10_000_000 % 100 != id {
                return Err(format!("{item} is in list {id}"));
            }
            found.entry(item / 1_000_000_000).or_default().push(item);
        }
    }
    for one in clients {
        let own = found.remove(&one.number).unwrap_or_default();
        let by_list = |items: &[i64]| {
            let mut lists: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
            for item in items {
                lists.entry(item / 10_000_000).or_default().push(*item);
            }
            lists
        };
        if by_list(&own) != by_list(&one.record) {
            return Err(format!(
                "client {} has appended {} items, {} of its own are there, or in another order",
                one.number,
                one.record.len(),
                own.len()
            ));
        }
    }
    database.drop().await
}

fn appending(one: &mut One) -> Round<'_> {
    Box::pin(async move {
        let id = one.random.range(1, LISTS + 1);
        let read = format!("SELECT items FROM list WHERE id = {id}");
        if one.random.percent(40) {
            // Its beginning is what it was a moment ago, in this snapshot and in a newer one.
            begin(one).await?;
            let first = one.text(&read).await?.unwrap_or_default();
            let second = one.text(&read).await?.unwrap_or_default();
            one.run("COMMIT").await?;
            let third = one.text(&read).await?.unwrap_or_default();
            if !(second.starts_with(&first) && third.starts_with(&second)) {
                return one.wrong(format!("list {id} was {first:?}, then {second:?}, {third:?}"));
            }
            return Ok(());
        }
        let item = one.number * 1_000_000_000 + id * 10_000_000 + one.record.len() as i64;
        begin(one).await?;
        let sql = format!("UPDATE list SET items = items || '{item} ' WHERE id = {id}");
        if one.run(&sql).await? != 1 {
            return one.wrong(format!("list {id} is not there"));
        }
        if one.random.percent(15) {
            return one.run("ROLLBACK").await.map(drop);
        }
        one.run("COMMIT").await?;
        one.record.push(item);
        let now = one.text(&read).await?.unwrap_or_default();
        if !now.contains(&format!("{item} ")) {
            return one.wrong(format!("{item}, just appended, is not in list {id}: {now}"));
        }
        Ok(())
    })
}

/// Rows of one batch.
const BATCH: i64 = 40;

/// Batches come in by COPY and go by DELETE; counters are inserted or counted up by ON CONFLICT.
pub async fn bulk_loader(server: Server) -> Outcome {
    let database = Database::create(&server).await?;
    let setup = "CREATE TABLE load (id bigint PRIMARY KEY, batch bigint, key text UNIQUE, n bigint NOT NULL DEFAULT 1);
         CREATE INDEX ON load (batch)";
    let (clients, client) = attack(&database, setup, &["load"], loading).await?;
    let mut batches = BTreeSet::new();
    let mut counted = 0;
    for one in clients {
        // A batch that came is noted with its number, one that went with its negative.
        for entry in one.record {
            match entry {
                0 => counted += 1,
                n if n > 0 => drop(batches.insert(n)),
                n => drop(batches.remove(&-n)),
            }
        }
    }
    let query =
        "SELECT batch, count(*) FROM load WHERE batch IS NOT NULL GROUP BY batch ORDER BY batch";
    let rows = client.query(query, &[]).await.map_err(words)?;
    let found: Vec<(i64, i64)> = rows.iter().map(|r| (r.get(0), r.get(1))).collect();
    if !found.iter().eq(batches.iter().map(|b| (*b, BATCH)).collect::<Vec<_>>().iter()) {
        return Err(format!("{} batches were loaded, {found:?} are there", batches.len()));
    }
    let query = "SELECT coalesce(sum(n), 0)::int8 FROM load WHERE batch IS NULL";
    let row = client.query_one(query, &[]).await.map_err(words)?;
    if row.get::<_, i64>(0) != counted {
        return Err(format!("it was counted {counted} times, and is {}", row.get::<_, i64>(0)));
    }
    database.drop().await
}

fn loading(one: &mut One) -> Round<'_> {
    Box::pin(async move {
        let loaded: Vec<i64> = one.record.iter().copied().filter(|n| *n > 0).collect();
        let gone = |n: &i64| one.record.contains(&-n);
        let there: Vec<i64> = loaded.iter().copied().filter(|n| !gone(n)).collect();
        match one.random.range(0, 10) {
            0..2 if there.len() < 8 => {
                let batch = one.number * 100_000 + loaded.len() as i64 + 1;
                let rows: String =
                    (0..BATCH).map(|i| format!("{}\t{batch}\n", batch * 1000 + i)).collect();
                begin(one).await?;
                one.copy_in("COPY load (id, batch) FROM STDIN", rows).await?;
                one.run("COMMIT").await?;
                one.record.push(batch);
                Ok(())
            }
            2 if !there.is_empty() => {
                let batch = there[0];
                begin(one).await?;
                let sql = format!("DELETE FROM load WHERE batch = {batch}");
                let rows = one.run(&sql).await?;
                if rows != BATCH.cast_unsigned() {
                    return one.wrong(format!("{rows} rows of batch {batch} were there"));
                }
                one.run("COMMIT").await?;
                one.record.push(-batch);
                Ok(())
            }
            3 => {
                // What is there stays as it is.
                let Some(batch) = there.first() else { return Ok(()) };
                let sql = format!(
                    "INSERT INTO load (id, batch) SELECT {batch} * 1000 + i, {batch} FROM generate_series(0, {BATCH} - 1) i ON CONFLICT DO NOTHING"
                );
                match one.run(&sql).await? {
                    0 => Ok(()),
                    rows => one.wrong(format!("{rows} rows of batch {batch} were not there")),
                }
            }
            _ => {
                let key = one.random.range(1, 30);
                // An id of its own: a conflict there would be an error, which ON CONFLICT (key) does
                // not catch.
                let id = one.number * 1_000_000 + one.record.len() as i64 + 1;
                begin(one).await?;
                let sql = format!(
                    "INSERT INTO load (id, key) VALUES (-{id}, 'k{key}') ON CONFLICT (key) DO UPDATE SET n = load.n + 1"
                );
                one.run(&sql).await?;
                one.run("COMMIT").await?;
                one.record.push(0);
                Ok(())
            }
        }
    })
}

/// Every job is done exactly once, by one worker.
pub async fn job_queue(server: Server) -> Outcome {
    let database = Database::create(&server).await?;
    let setup = "CREATE TABLE job (id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, state text NOT NULL DEFAULT 'new', times int NOT NULL DEFAULT 0);
         CREATE INDEX ON job (state, id);
         INSERT INTO job (state) SELECT 'new' FROM generate_series(1, 200)";
    let (clients, client) = attack(&database, setup, &["job"], queueing).await?;
    let mut done = BTreeSet::new();
    for one in &clients {
        for id in &one.record {
            if !done.insert(*id) {
                return Err(format!("job {id} was done twice"));
            }
        }
    }
    let rows = client.query("SELECT id, state, times FROM job", &[]).await.map_err(words)?;
    for row in &rows {
        let (id, state, times): (i64, String, i32) = (row.get(0), row.get(1), row.get(2));
        let right = match done.contains(&id) {
            true => (state.as_str(), times) == ("done", 1),
            false => (state.as_str(), times) == ("new", 0),
        };
        if !right {
            return Err(format!("job {id} is {state}, {times} times"));
        }
    }
    println!("{} jobs done, {} rows left", done.len(), rows.len());
    database.drop().await
}

fn queueing(one: &mut One) -> Round<'_> {
    Box::pin(async move {
        if one.number < 5 {
            return one.run("INSERT INTO job DEFAULT VALUES").await.map(drop);
        }
        let next =
            "SELECT id FROM job WHERE state = 'new' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED";
        begin(one).await?;
        let Some(id) = one.number(next).await? else { return one.run("COMMIT").await.map(drop) };
        // Some finished jobs go away at once, as some queues have it.
        let sql = match one.random.percent(50) {
            true => format!(
                "UPDATE job SET state = 'done', times = times + 1 WHERE id = {id} AND state = 'new'"
            ),
            false => format!("DELETE FROM job WHERE id = {id} AND state = 'new'"),
        };
        match one.run(&sql).await? {
            1 => {}
            rows => return one.wrong(format!("{rows} rows of job {id} while it was locked")),
        }
        one.run("COMMIT").await?;
        one.record.push(id);
        Ok(())
    })
}
