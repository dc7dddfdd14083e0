//! What a run does along the way.

use crate::support::program::{in_a_terminal, program};
use crate::support::scene::Scene;
use crate::support::{Database, Outcome, Server, expect, quick, repack, words};
use repackd::config::Settings;
use repackd::engine::Goal;
use repackd::job::Ending;
use std::process::Stdio;
use std::time::Duration;

/// Forty megabytes.
const TABLE: &str = "CREATE TABLE public.t (id bigint PRIMARY KEY, v text NOT NULL);
    ALTER TABLE public.t ALTER COLUMN v SET STORAGE PLAIN;
    ALTER TABLE public.t SET (autovacuum_enabled = false);
    INSERT INTO public.t SELECT i, repeat('x', 1900) FROM generate_series(1, 20000) i;";

/// So that no snapshot of the copy outlives one of them.
pub async fn chunks_are_transactions(server: Server) -> Outcome {
    let database = Database::create(&server).await?;
    database.run(TABLE).await?;
    let table = database.find("public.t").await?;
    let mut job = database.job("postgres");
    job.settings = Settings { chunk_time: Duration::from_millis(1), ..quick() };
    expect(&repack(&job, &table, Goal::Prepare).await, Ending::Prepared)?;
    let query = format!(
        "SELECT count(*), count(DISTINCT xmin::text), sum(past - first)::int8, max(past), sum(rows)::int8
         FROM repackd_{}.chunk",
        table.oid
    );
    let row = database.client().await?.query_one(&query, &[]).await.map_err(words)?;
    let [chunks, transactions, pages, past, rows] = [0, 1, 2, 3, 4].map(|i| row.get::<_, i64>(i));
    if chunks < 3 || transactions != chunks || pages != past || rows != 20_000 {
        return Err(format!(
            "{chunks} chunks in {transactions} transactions, {pages} of {past} pages, {rows} rows"
        ));
    }
    expect(&repack(&job, &table, Goal::Resume).await, Ending::Done)?;
    database.drop().await
}

/// The new table has them from the start, unless that is switched off.
pub async fn statistics(server: Server) -> Outcome {
    let database = Database::create(&server).await?;
    database.run(TABLE).await?;
    for analyze_tables in [false, true] {
        for verify in [true, false] {
            let mut job = database.job("postgres");
            job.settings = Settings { analyze_tables, verify, ..quick() };
            let table = database.find("public.t").await?;
            expect(&repack(&job, &table, Goal::RunNow).await, Ending::Done)?;
            let query =
                "SELECT count(*) FROM pg_stats WHERE schemaname = 'public' AND tablename = 't'";
            let row = database.client().await?.query_one(query, &[]).await.map_err(words)?;
            let columns = if analyze_tables { 2 } else { 0 };
            if row.get::<_, i64>(0) != columns {
                return Err(format!("statistics of {row:?} columns instead of {columns}"));
            }
        }
    }
    database.drop().await
}

/// On a terminal, with figures.
pub async fn bars(server: Server) -> Outcome {
    let scene = Scene::slow(&server).await?;
    let program = program(&[]);
    let program = program.get_program().to_string_lossy();
    let line = format!(
        "stty rows 24 cols 120; '{program}' run-now public.t --url '{}'; echo \"ended $?\"",
        scene.url()
    );
    let Some(mut command) = in_a_terminal(&line) else { return scene.drop().await };
    let output = command.stdin(Stdio::null()).output().map_err(words)?;
    let drawn = String::from_utf8_lossy(&output.stdout);
    for what in ["ended 0", "copy      ", "% [", " rows", "/s", "left", "verify", "saved"] {
        if !drawn.contains(what) {
            return Err(format!("no \"{what}\" in {drawn:?}"));
        }
    }
    // The lines of the phases that ended: each with what it did.
    for phase in ["copy", "index", "verify"] {
        let told = |l: &str| l.contains(&format!("  {phase}  ")) && l.contains(" rows");
        if !drawn.split(['\r', '\n']).any(told) {
            return Err(format!("no rows of {phase} in {drawn:?}"));
        }
    }
    scene.drop().await
}

/// `copy_jobs` and `index_jobs` are sessions that work at the same time.
pub async fn side_by_side(server: Server) -> Outcome {
    let scene = Scene::slow(&server).await?;
    let slow =
        "CREATE INDEX ON public.t (public.slow(id)); CREATE INDEX ON public.t (public.slow(-id))";
    scene.run(slow).await?;
    let oid = scene.ask("'public.t'::regclass::oid").await?;
    let run = scene.start(&["run-now", "t", "--copy-jobs", "2", "--index-jobs", "2"])?;
    for what in ["INSERT INTO \"repackd_", "CREATE INDEX"] {
        let at_once = format!(
            "SELECT count(*) >= 2 FROM pg_stat_activity
             WHERE application_name LIKE 'repackd {oid}%' AND state = 'active' AND query LIKE '%{what}%'"
        );
        scene.until(&at_once, "true").await?;
    }
    run.wait()?.status(0)?;
    scene.drop().await
}
