//! Schemas as real applications have them: every table of each is repacked, one after another in
//! random order, while clients go on working.
//!
//! No client may see an error, and what they have written is there in the end; the schema is the
//! same; and its dump can be restored, which checks every constraint once more. With
//! REPACKD_TEST_PLAIN=1 nothing is repacked: what fails then is a fault of the test.

mod hand;
mod ledger;
mod saas;
mod shop;

use crate::support::random::{Random, seed};
use crate::support::{Database, Outcome, Server, block_on, client, expect, repack, same, servers};
use crate::support::{plain, words};
use hand::Hand;
use libtest_mimic::Trial;
use repackd::engine::Goal;
use repackd::job::Ending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use tokio_postgres::Client;

/// An application; each value of it is one of its clients at work.
trait Application: Send + Sized + 'static {
    /// What the test is called after.
    const NAME: &'static str;
    /// Its schema, with some rows.
    const SCHEMA: &'static str;
    /// What each client's session starts with.
    const SESSION: &'static str;
    /// The tables that are refused, and a part of the reason.
    fn refused(server: &Server) -> Vec<(&'static str, &'static str)>;
    /// A client, who is one of so many.
    fn new(hand: Hand, number: i64) -> Self;
    /// One of the things that clients do.
    fn turn(&mut self) -> impl Future<Output = Outcome> + Send;
    /// The connection.
    fn hand(&self) -> &Hand;
    /// Fails unless everything in the database is as the clients know it.
    fn verify(clients: &[Self], database: &Client) -> impl Future<Output = Outcome> + Send;
}

const CLIENTS: i64 = 3;

/// How often one client may have to try again in all.
const MOST_RETRIES: u32 = 5;

/// One test for each application, since each takes a minute or two: on the newest server, or on one on
/// which repackd works as the plain owner. With REPACKD_TEST_ALL=1 each on every server.
pub fn tests() -> Vec<Trial> {
    let everywhere = crate::races::all_wanted();
    let mut chosen = Vec::new();
    for server in servers() {
        if everywhere || server.version == 18 {
            chosen.push(trial::<shop::Clerk>(server.clone()));
            chosen.push(trial::<ledger::Teller>(server.clone()));
        }
        if everywhere || server.version == 15 {
            chosen.push(trial::<saas::User>(server));
        }
    }
    chosen
}

fn trial<A: Application>(server: Server) -> Trial {
    Trial::test(format!("applications::{}::pg{}", A::NAME, server.version), move || {
        let seed = seed();
        block_on(at_work::<A>(&server, seed)).map_err(|e| format!("seed {seed}: {e}").into())
    })
}

async fn at_work<A: Application>(server: &Server, seed: u64) -> Outcome {
    let database = Database::create(server).await?;
    let grant = format!("GRANT CREATE ON DATABASE {} TO shape_owner", database.name);
    database.run(&grant).await?;
    let schema = for_version(A::SCHEMA, server.version);
    database.run(&schema).await.map_err(|e| format!("setup: {e}"))?;
    let before = database.schema()?;
    let mut tables = tables(&database).await?;
    Random::new(seed, 0).shuffle(&mut tables);

    let stop = Arc::new(AtomicBool::new(false));
    let mut clients = Vec::new();
    for number in 0..CLIENTS {
        let connection = client(&database.url("shape_other")).await?;
        connection.batch_execute(A::SESSION).await.map_err(words)?;
        let hand = Hand::new(connection, Random::new(seed, number.cast_unsigned() + 1));
        clients.push(tokio::spawn(work(A::new(hand, number), stop.clone(), server.version)));
    }
    let result = repack_all::<A>(&database, &tables, &clients).await;
    stop.store(true, Ordering::Relaxed);
    let mut all = Vec::new();
    for client in clients {
        all.push(client.await.map_err(words)??);
    }
    result?;
    let statements: u64 = all.iter().map(|a| a.hand().statements).sum();
    let longest = all.iter().map(|a| a.hand().longest).max().unwrap_or_default();
    println!("{statements} statements, the longest {} ms", longest.as_millis());

    A::verify(&all, &database.client().await?).await?;
    same("the schema", &before, &database.schema()?)?;
    database.expect_no_remains().await?;
    database.expect_restorable().await?;
    database.expect_all_indexes_sound().await?;
    database.drop().await
}

/// One client, until told to stop.
async fn work<A: Application>(
    mut one: A,
    stop: Arc<AtomicBool>,
    version: u32,
) -> Result<A, String> {
    let mut retries = 0;
    // Up to 16 the server leaves no way to ask for a lock without a moment in its queue.
    let upgrade = |e: &str| version < 17 && e.contains("E40P01");
    while !stop.load(Ordering::Relaxed) {
        match one.turn().await {
            // As applications do. Only who calls a function that is bound to a table by its body, at
            // the very moment of its exchange, is asked to.
            Err(e)
                if (e.contains("E40001") && e.contains("exchanged by repackd") || upgrade(&e))
                    && retries < MOST_RETRIES =>
            {
                retries += 1;
                println!("tried again: {e}");
                one.hand().give_up().await?;
            }
            done => done?,
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    Ok(one)
}

/// Repacks each table; in the end the refused ones are those that should be.
async fn repack_all<A: Application>(
    database: &Database,
    tables: &[String],
    clients: &[JoinHandle<Result<A, String>>],
) -> Outcome {
    // Every other version works as the plain owner.
    let version = database.server.version;
    let mut job = database.job(if version % 2 == 1 { "shape_owner" } else { "postgres" });
    // A debug build on two cores that the clients use as well: exchanging a table that a dozen others
    // refer to takes longer than it should.
    job.settings.cutover_budget = Duration::from_millis(500);
    let expected = A::refused(&database.server);
    let mut wrong = Vec::new();
    let began = Instant::now();
    for table in tables {
        if plain() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        } else {
            let report = repack(&job, &database.find(table).await?, Goal::RunNow).await;
            let reason = expected.iter().find(|(name, _)| name == table).map(|(_, why)| *why);
            let error = report.error.clone().unwrap_or_default();
            match (report.ending, reason) {
                (Ending::Refused, Some(why)) if error.contains(why) => {}
                (Ending::Refused, _) => wrong.push(format!("{table} is refused: {error}")),
                (_, Some(_)) => wrong.push(format!("{table} is not refused")),
                (_, None) => expect(&report, Ending::Done).map_err(|e| format!("{table}: {e}"))?,
            }
        }
        if clients.iter().any(JoinHandle::is_finished) {
            wrong.push(format!("a client stopped at the repack of {table}"));
            break;
        }
    }
    println!("{} tables in {:.1} s", tables.len(), began.elapsed().as_secs_f64());
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

/// Every ordinary table, partitions too, as one would name it on the command line.
async fn tables(database: &Database) -> Result<Vec<String>, String> {
    let query = "SELECT format('%I.%I', n.nspname, c.relname)
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
         ORDER BY 1";
    let rows = database.client().await?.query(query, &[]).await.map_err(words)?;
    Ok(rows.iter().map(|r| r.get(0)).collect())
}

/// The schema with the lines that are for this version and above, which begin with `--15: `.
fn for_version(schema: &str, version: u32) -> String {
    let line = |line: &str| {
        let parts = line.strip_prefix("--").and_then(|l| l.split_once(": "));
        match parts.and_then(|(since, text)| Some((since.parse::<u32>().ok()?, text))) {
            Some((since, text)) if since <= version => format!("{text}\n"),
            _ => format!("{line}\n"),
        }
    };
    schema.lines().map(line).collect()
}

/// Fails unless a query finds nothing; what it finds is shown.
async fn nothing(database: &Client, what: &str, query: &str) -> Outcome {
    let query = format!("SELECT to_jsonb(x)::text FROM ({query} LIMIT 5) x");
    let rows = database.query(&query, &[]).await.map_err(|e| format!("{what}: {e:?}"))?;
    let rows: Vec<String> = rows.iter().map(|r| r.get(0)).collect();
    if rows.is_empty() { Ok(()) } else { Err(format!("{what}: {}", rows.join(", "))) }
}

/// Fails unless rows are as the clients have recorded them.
fn equal<T: Ord + std::fmt::Debug>(what: &str, recorded: Vec<T>, found: Vec<T>) -> Outcome {
    let (mut recorded, mut found) = (recorded, found);
    recorded.sort();
    found.sort();
    if recorded == found {
        return Ok(());
    }
    let lost: Vec<_> = recorded.iter().filter(|r| found.binary_search(r).is_err()).collect();
    let new: Vec<_> = found.iter().filter(|r| recorded.binary_search(r).is_err()).collect();
    let show = |list: &[&T]| list.iter().take(5).map(|r| format!("{r:?}")).collect::<Vec<_>>();
    Err(format!(
        "{what}: {} recorded, {} found; not found as recorded: {:?}; not recorded as found: {:?}",
        recorded.len(),
        found.len(),
        show(&lost),
        show(&new)
    ))
}
