//! A fleet: daemons that share a store in PostgreSQL, killed at random.

use super::ANY_TIME;
use crate::support::program::{Started, program, start};
use crate::support::random::{Random, seed};
use crate::support::{Database, Outcome, Server, words};
use repackd::store::{Place, Scope, Store};
use std::collections::HashMap;
use std::time::{Duration, Instant};

const DAEMONS: usize = 4;

/// How many databases, and how many tables each has: a sample in `make test`, four hundred tables with
/// REPACKD_TEST_ALL=1.
fn size() -> (usize, usize) {
    if crate::races::all_wanted() { (20, 20) } else { (6, 6) }
}

/// Each table is small and bloated. What is dropped is counted: each repack drops one old table.
fn setup(tables: usize) -> String {
    format!(
        "CREATE TABLE public.drops (what text);
         CREATE FUNCTION public.count_drops() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
         BEGIN
           INSERT INTO public.drops SELECT object_name FROM pg_event_trigger_dropped_objects()
           WHERE object_type = 'table' AND schema_name ~ '^repackd_[0-9]+_old$';
         END $$;
         CREATE EVENT TRIGGER count_drops ON sql_drop EXECUTE FUNCTION public.count_drops();
         DO $$ BEGIN FOR i IN 1..{tables} LOOP
           EXECUTE format('CREATE TABLE public.t%s (id int PRIMARY KEY, v text)', i);
           EXECUTE format('ALTER TABLE public.t%s OWNER TO shape_owner', i);
           EXECUTE format('INSERT INTO public.t%s SELECT i, repeat(''x'', 200) FROM generate_series(1, 1000) i', i);
           EXECUTE format('DELETE FROM public.t%s WHERE id %% 5 <> 0', i);
         END LOOP; END $$;
         ANALYZE;"
    )
}

pub async fn killed_at_random(server: Server) -> Outcome {
    let seed = seed();
    play(&server, seed).await.map_err(|e| format!("REPACKD_TEST_SEED={seed}: {e}"))
}

async fn play(server: &Server, seed: u64) -> Outcome {
    let mut random = Random::new(seed, 0);
    let (many, each) = size();
    let first = Database::create(server).await?;
    first.run(&setup(each)).await?;
    let mut databases = Vec::new();
    for _ in 0..many {
        let database = first.copy().await?;
        database.run(&format!("GRANT CREATE ON DATABASE {} TO shape_owner", database.name)).await?;
        databases.push(database);
    }
    first.drop().await?;
    let own = Database::create(server).await?;
    let mut text = format!("[store]\nurl = \"{}\"\n", own.url("postgres"));
    for (i, database) in databases.iter().enumerate() {
        text.push_str(&format!(
            "[connections.c{i}]\nurl = \"{}\"\ntrust_owner = true\ncutover_budget = \"800ms\"\n",
            database.url("shape_owner")
        ));
    }
    text.push_str(
        &ANY_TIME.replace("lease = \"3s\"", "lease = \"4s\"\nmax_parallel = 3\nattempts = 50"),
    );
    let directory = std::env::temp_dir().join(format!("repackd-fleet-{}", own.name));
    std::fs::create_dir_all(&directory).map_err(words)?;
    let file = directory.join("repackd.toml");
    std::fs::write(&file, text).map_err(words)?;
    let begin = || -> Result<Started, String> {
        let mut command = program(&["daemon"]);
        command.arg("--config").arg(&file);
        start(command)
    };
    let began = Instant::now();
    let mut daemons = (0..DAEMONS).map(|_| begin()).collect::<Result<Vec<_>, _>>()?;
    let store = Store::open(&Place::Postgres(own.url("postgres").into())).await.map_err(words)?;
    let mut kills = 0;
    loop {
        tokio::time::sleep(Duration::from_millis(random.range(1500, 4000).unsigned_abs())).await;
        let evaluated = store.evaluations().await.map_err(words)?;
        let evaluated = evaluated.iter().filter(|e| e.last_at > 0).count();
        let queue = store.entries().await.map_err(words)?;
        if evaluated == many && queue.is_empty() {
            break;
        }
        if began.elapsed() > Duration::from_secs(540) {
            return Err(format!("{evaluated} evaluated; {queue:#?}"));
        }
        let which = usize::try_from(random.range(0, DAEMONS as i64)).map_err(words)?;
        if !daemons[which].is_running() {
            return Err(format!("a daemon ended by itself: {}", daemons[which].said()));
        }
        daemons[which].signal("KILL")?;
        kills += 1;
        daemons[which] = begin()?;
    }
    let took = began.elapsed();
    for daemon in daemons {
        daemon.signal("TERM")?;
        daemon.wait()?.status(0)?;
    }
    println!("{} tables in {took:?}, {kills} kills", many * each);
    for database in &databases {
        let client = database.client().await?;
        let rows = client
            .query("SELECT what, count(*) FROM public.drops GROUP BY what", &[])
            .await
            .map_err(words)?;
        let drops: HashMap<String, i64> = rows.iter().map(|r| (r.get(0), r.get(1))).collect();
        if drops.len() != each || drops.values().any(|n| *n != 1) {
            let history = store.attempts(&Scope::default(), 10_000).await.map_err(words)?;
            return Err(format!("{}: each once, but {drops:?}; {history:#?}", database.name));
        }
        database.expect_no_remains().await?;
        for i in 1..=each {
            let row = client
                .query_one(&format!("SELECT count(*), sum(id) FROM public.t{i}"), &[])
                .await
                .map_err(words)?;
            if (row.get::<_, i64>(0), row.get::<_, i64>(1)) != (200, 100_500) {
                return Err(format!("{} t{i} has {row:?}", database.name));
            }
        }
    }
    overlaps(&store, many * each).await?;
    store.close().await;
    std::fs::remove_dir_all(&directory).map_err(words)?;
    for database in databases {
        database.drop().await?;
    }
    own.drop().await
}

/// A connection's attempts come one after another, and each table is done once.
async fn overlaps(store: &Store, tables: usize) -> Outcome {
    let mut all = store.attempts(&Scope::default(), 100_000).await.map_err(words)?;
    all.reverse();
    let mut ends: HashMap<String, i64> = HashMap::new();
    let mut done: HashMap<String, u32> = HashMap::new();
    for attempt in &all {
        let end = attempt.ended_at.ok_or(format!("not ended: {attempt:?}"))?;
        let before = ends.insert(attempt.connection.clone(), end).unwrap_or(0);
        if attempt.started_at < before {
            return Err(format!("begun before the one before it had ended: {attempt:?}"));
        }
        if attempt.ending.as_deref() == Some("done") {
            *done.entry(format!("{} {}", attempt.connection, attempt.table)).or_default() += 1;
        }
    }
    match done.len() == tables && done.values().all(|n| *n == 1) {
        true => Ok(()),
        false => Err(format!("done: {done:?}")),
    }
}
