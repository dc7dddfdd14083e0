//! VACUUM, autovacuum and pg_dump beside a repack.

use super::load::One;
use super::locks::Scene;
use crate::support::cluster::Cluster;
use crate::support::random::seed;
use crate::support::running::Running;
use crate::support::session::Failure;
use crate::support::{Database, Outcome, Server, expect, words};
use futures_util::future::BoxFuture;
use repackd::engine::Goal;
use repackd::job::{Ending, Phase};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// Moves something from one row to another, so that the sum stays what it is.
fn transfer(one: &mut One) -> BoxFuture<'_, Result<(), Failure>> {
    Box::pin(async move {
        let a = one.random.range(1, 2000);
        let b = one.random.range(a + 1, 2001);
        let sql = format!(
            "BEGIN; UPDATE app.l SET n = n - 3 WHERE id = {a}; UPDATE app.l SET n = n + 3 WHERE id = {b}; COMMIT"
        );
        one.run(&sql).await.map(drop)
    })
}

/// A VACUUM by hand does not give way. It is waited for, and named.
pub async fn vacuum_by_hand(server: Server) -> Outcome {
    let scene = Scene::create(&server).await?;
    let load = scene.load(seed(), 3, 10, transfer);
    let mut run = scene.start("app.l", |s| s.cutover_wait = Duration::from_secs(2));
    run.reach(Phase::Verify).await?;
    let client = crate::support::client(&scene.url()).await?;
    let slowly = "SET vacuum_cost_delay = 100; SET vacuum_cost_limit = 1";
    client.batch_execute(slowly).await.map_err(words)?;
    let cancel = client.cancel_token();
    let vacuum = tokio::spawn(async move { client.batch_execute("VACUUM app.l").await.is_err() });
    let report = run.end(Duration::from_secs(40)).await?;
    let error = report.error.clone().unwrap_or_default();
    println!("{error}");
    if report.ending != Ending::Failed || !error.contains("is vacuuming or altering app.l") {
        return Err(format!("nobody is named: {report:#?}"));
    }
    let job = scene.database.job("shape_owner");
    let mut run = Running::start(scene.database.clone(), job, "app.l", Goal::Resume);
    run.reach(Phase::Cutover).await?;
    run.expect_none_for(Duration::from_millis(800)).await?;
    cancel.cancel_query(tokio_postgres::NoTls).await.map_err(words)?;
    if !vacuum.await.map_err(words)? {
        return Err("the VACUUM was over too early for this to mean anything".into());
    }
    expect(&run.end(Duration::from_secs(40)).await?, Ending::Done)?;
    scene.end(load).await
}

/// Where autovacuum looks every second.
async fn eager(version: u32) -> Result<(Cluster, Server), String> {
    let cluster = Cluster::create(version).await?;
    let server = cluster.server();
    let admin = crate::support::client(&server.url).await?;
    for sql in ["ALTER SYSTEM SET autovacuum_naptime = '1s'", "SELECT pg_reload_conf()"] {
        admin.batch_execute(sql).await.map_err(words)?;
    }
    Ok((cluster, server))
}

/// Whether autovacuum is at work on the table.
const AT_IT: &str =
    "SELECT count(*) FROM pg_stat_progress_vacuum p JOIN pg_stat_activity a USING (pid)
    WHERE p.relid = 'app.l'::regclass AND a.backend_type = 'autovacuum worker'";

async fn until_at_it(database: &Database) -> Outcome {
    let client = database.client().await?;
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(40) {
        let row = client.query_one(AT_IT, &[]).await.map_err(words)?;
        if row.get::<_, i64>(0) > 0 {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Err("autovacuum does not come".into())
}

/// Autovacuum comes again and again, and is slow. It gives way.
pub async fn autovacuum(server: Server) -> Outcome {
    let (_cluster, own) = eager(server.version).await?;
    let scene = Scene::with(&own, "ALTER TABLE app.l SET (autovacuum_vacuum_threshold = 1,
        autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1)").await?;
    let load = scene.load(seed(), 3, 10, transfer);
    until_at_it(&scene.database).await?;
    let began = Instant::now();
    let report = scene.start("app.l", |_| ()).end(Duration::from_secs(90)).await?;
    println!("{:.1} s, {} attempts", began.elapsed().as_secs_f64(), report.figures.attempts);
    expect(&report, Ending::Done)?;
    scene.end(load).await
}

/// Autovacuum that has come to prevent wraparound does not give way: it is waited for.
pub async fn to_prevent_wraparound(server: Server) -> Outcome {
    let (_cluster, own) = eager(server.version).await?;
    // Some hundred pages, and a pause at each of them. It freezes what it finds, or it would be needed again
    // as soon as it is done.
    let scene = Scene::with(
        &own,
        "ALTER TABLE app.l SET (autovacuum_enabled = off, autovacuum_freeze_max_age = 100000,
            autovacuum_freeze_min_age = 0, autovacuum_vacuum_cost_delay = 10,
            autovacuum_vacuum_cost_limit = 1)",
    )
    .await?;
    let load = scene.load(seed(), 3, 10, transfer);
    let job = || scene.database.job("shape_owner");
    let prepared = Running::start(scene.database.clone(), job(), "app.l", Goal::Prepare);
    expect(&prepared.end(Duration::from_secs(60)).await?, Ending::Prepared)?;
    // Each of these takes a transaction ID of its own.
    let burn = "CREATE TEMPORARY TABLE counter (n int); DO $$ BEGIN FOR i IN 1..110000 LOOP
        BEGIN INSERT INTO counter VALUES (i); RAISE division_by_zero;
        EXCEPTION WHEN division_by_zero THEN NULL; END; END LOOP; END $$";
    scene.database.run(burn).await?;
    until_at_it(&scene.database).await?;
    let began = Instant::now();
    let mut run = Running::start(scene.database.clone(), job(), "app.l", Goal::Resume);
    run.reach(Phase::Cutover).await?;
    let client = scene.database.client().await?;
    while client.query_one(AT_IT, &[]).await.map_err(words)?.get::<_, i64>(0) > 0 {
        run.expect_none_for(Duration::from_millis(100)).await?;
    }
    println!("autovacuum took {:.1} s more", began.elapsed().as_secs_f64());
    expect(&run.end(Duration::from_secs(90)).await?, Ending::Done)?;
    drop(client);
    scene.end(load).await
}

/// pg_dump comes in each phase of a run. It succeeds, and what it has written can be restored and
/// is of one moment. Some dumps are held up at another table: their snapshot is older than what
/// they read, and the cutover waits for them.
pub async fn dumps(server: Server) -> Outcome {
    let scene = Scene::with(&server, "CREATE TABLE public.gate (n int)").await?;
    // Dumped tables are locked in the order of their OIDs, so this one keeps the dump waiting while
    // it has a lock on the table already.
    let load = scene.load(seed(), 2, 5, transfer);
    let phases = [Phase::Prepare, Phase::Copy, Phase::Index, Phase::Verify, Phase::Cutover];
    for phase in phases {
        for held in [false, true] {
            let gate = scene.database.client().await?;
            let lock = "BEGIN; LOCK TABLE public.gate IN ACCESS EXCLUSIVE MODE";
            if held {
                gate.batch_execute(lock).await.map_err(words)?;
            }
            let mut run = scene.start("app.l", |_| ());
            run.reach(phase).await?;
            let dump = tokio::spawn(dump(scene.database.url("postgres")));
            if held {
                if phase != Phase::Cutover {
                    run.reach(Phase::Cutover).await?;
                    // It has been at it since the phase before.
                    run.expect_none_for(Duration::from_millis(500)).await?;
                }
                gate.batch_execute("COMMIT").await.map_err(words)?;
            }
            let dump = dump.await.map_err(words)?.map_err(|e| format!("in {phase}: {e}"))?;
            expect(&run.end(Duration::from_secs(60)).await?, Ending::Done)?;
            restored(&server, &dump).await.map_err(|e| format!("of {phase}, {held}: {e}"))?;
        }
        if load.is_broken() {
            break;
        }
    }
    scene.end(load).await
}

/// As [`dumps`], but what holds the dump up comes before the table in its order: it has a snapshot,
/// and no lock on the table yet.
pub async fn dump_before_its_locks(server: Server) -> Outcome {
    let scene = Scene::create(&server).await?;
    let load = scene.load(seed(), 2, 5, transfer);
    let gate = scene.database.client().await?;
    for phase in [Phase::Copy, Phase::Verify] {
        let lock = "BEGIN; LOCK TABLE app.first IN ACCESS EXCLUSIVE MODE";
        gate.batch_execute(lock).await.map_err(words)?;
        let mut run = scene.start("app.l", |_| ());
        run.reach(phase).await?;
        let dump = tokio::spawn(dump(scene.database.url("postgres")));
        run.reach(Phase::Cutover).await?;
        run.expect_none_for(Duration::from_millis(900)).await?;
        gate.batch_execute("COMMIT").await.map_err(words)?;
        let dump = dump.await.map_err(words)?.map_err(|e| format!("in {phase}: {e}"))?;
        expect(&run.end(Duration::from_secs(60)).await?, Ending::Done)?;
        restored(&server, &dump).await.map_err(|e| format!("of {phase}: {e}"))?;
    }
    scene.end(load).await
}

async fn dump(url: String) -> Result<Vec<u8>, String> {
    let output = Command::new(tool("pg_dump")?).arg("-d").arg(url).output().await;
    let output = output.map_err(words)?;
    match output.status.success() {
        true => Ok(output.stdout),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

fn tool(name: &str) -> Result<String, String> {
    Ok(format!("{}/{name}", std::env::var("REPACKD_TEST_CLIENT_BIN").map_err(words)?))
}

/// Restores a dump, and fails unless every row is in it and the sum is right.
async fn restored(server: &Server, dump: &[u8]) -> Outcome {
    let copy = Database::create(server).await?;
    let mut psql = Command::new(tool("psql")?)
        .args(["-X", "-q", "-o", "/dev/null", "-v", "ON_ERROR_STOP=1", "-d"])
        .arg(copy.url("postgres"))
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(words)?;
    let mut input = psql.stdin.take().ok_or("psql takes no input")?;
    // Of 17 and above.
    let text = String::from_utf8_lossy(dump).replace("SET transaction_timeout = 0;\n", "");
    // What goes wrong here is said by psql.
    let _ = input.write_all(text.as_bytes()).await;
    drop(input);
    let output = psql.wait_with_output().await.map_err(words)?;
    if !output.status.success() {
        return Err(format!("not restorable: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let query = "SELECT count(*), sum(n)::int8, count(DISTINCT id) FROM app.l";
    let row = copy.client().await?.query_one(query, &[]).await.map_err(words)?;
    let found: (i64, i64, i64) = (row.get(0), row.get(1), row.get(2));
    if found != (2000, 0, 2000) {
        return Err(format!("the dump holds {found:?}"));
    }
    copy.drop().await
}

/// Indexes come and go while the catalog is read, as they do right after a cutover.
pub async fn read_beside_reindex(server: Server) -> Outcome {
    let database = Database::create(&server).await?;
    let table = "CREATE TABLE public.t (a int PRIMARY KEY, b int UNIQUE, c int, d int);
                 CREATE INDEX ON public.t (c); CREATE INDEX ON public.t (d)";
    database.run(table).await?;
    let (reader, other) = (database.client().await?, database.client().await?);
    let row = reader.query_one("SELECT 'public.t'::regclass::oid", &[]).await.map_err(words)?;
    let oid: u32 = row.get(0);
    let stop = tokio_util::sync::CancellationToken::new();
    let stopped = stop.clone();
    let reindexing = tokio::spawn(async move {
        while !stopped.is_cancelled() {
            let again = other.batch_execute("REINDEX TABLE CONCURRENTLY public.t").await;
            again.map_err(words)?;
        }
        Ok::<_, String>(())
    });
    let until = Instant::now() + Duration::from_secs(8);
    let mut readings = 0;
    let mut result = Ok(());
    while Instant::now() < until && result.is_ok() {
        readings += 1;
        result = match repackd::catalog::describe(&reader, oid).await {
            Ok(Some(_)) => Ok(()),
            other => Err(format!("reading {readings}: {other:?}")),
        };
    }
    stop.cancel();
    reindexing.await.map_err(words)??;
    result?;
    database.drop().await
}
