//! Materialized views over the table: what somebody does to them while a run waits, and what is left
//! when a run dies at them.

use crate::bad_input::{cases, ends, trials};
use crate::support::scene::{Scene, TABLE};
use crate::support::{Outcome, Server, client, same, words};
use libtest_mimic::Trial;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Takes as long as `scene.delay` says.
const DRAG: &str = "
CREATE FUNCTION public.drag(bigint) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('scene.delay', true) <> '' THEN
    PERFORM pg_catalog.pg_sleep(current_setting('scene.delay')::float8);
  END IF;
  RETURN $1;
END $$;
";

/// Two materialized views, one on the other.
const VIEWS: &str = "
SET ROLE shape_owner;
CREATE MATERIALIZED VIEW public.seen AS SELECT id, public.drag(n) AS n FROM public.t;
CREATE UNIQUE INDEX ON public.seen (id);
CREATE MATERIALIZED VIEW public.above AS SELECT n, count(*) AS many FROM public.seen GROUP BY n;
RESET ROLE;
";

/// On the oldest and the newest server.
pub fn tests() -> Vec<Trial> {
    use crate::matviews as meanwhile;
    let all = cases! {
        meanwhile: refreshed refreshed_concurrently emptied changed killed_and_aborted
            killed_and_resumed gives_way in_use old_snapshot
            old_snapshots_beside_a_refresh in_two_runs beside_another_run named_like_a_run;
    };
    trials("matviews", &ends(), all)
}

async fn scene(server: &Server) -> Result<Scene, String> {
    Scene::new(server, &format!("{DRAG}{VIEWS}")).await
}

/// Makes filling them last for a quarter of a minute.
async fn slow(scene: &Scene) -> Outcome {
    let name = &scene.database.name;
    scene.run(&format!("ALTER DATABASE {name} SET scene.delay = '0.005'")).await
}

/// Waits until they are being filled.
async fn until_filling(scene: &Scene) -> Outcome {
    let filling = "SELECT count(*) > 0 FROM pg_stat_activity
                   WHERE datname = current_database() AND query LIKE '%REFRESH MATERIALIZED VIEW%'
                     AND application_name LIKE 'repackd %' AND state = 'active'";
    scene.until(filling, "true").await
}

/// A row of which nobody but a REFRESH brings news.
const NEWS: &str = "INSERT INTO public.t (id, v, n) VALUES (77777, 'news', 1000)";

async fn refreshed_by(server: &Server, refresh: &str, rows: &str) -> Outcome {
    let scene = scene(server).await?;
    scene.repackd(&["prepare", "t"])?.status(0)?;
    scene.run(NEWS).await?;
    // In a session that goes on, and reports its statistics whenever it likes.
    scene.run("SELECT count(*) FROM public.seen").await?;
    scene.run(refresh).await?;
    scene.repackd(&["resume", "t"])?.status(0)?.says(&["what a REFRESH at"])?;
    let found = "(SELECT count(*) FROM public.seen WHERE id = 77777) || ' '
                 || (SELECT count(*) FROM public.above WHERE n = 1000)";
    let found = scene.ask(found).await?;
    if found != rows {
        return Err(format!("{rows} was expected after {refresh}, it is {found}"));
    }
    scene.database.expect_no_remains().await?;
    scene.drop().await
}

async fn refreshed(server: Server) -> Outcome {
    let both = "REFRESH MATERIALIZED VIEW public.seen; REFRESH MATERIALIZED VIEW public.above";
    refreshed_by(&server, both, "1 1").await
}

async fn refreshed_concurrently(server: Server) -> Outcome {
    // Both are built anew: that above as of the same moment.
    refreshed_by(&server, "REFRESH MATERIALIZED VIEW CONCURRENTLY public.seen", "1 1").await
}

/// One that was emptied stays empty, and another way round.
async fn emptied(server: Server) -> Outcome {
    let scene = scene(&server).await?;
    scene.run("REFRESH MATERIALIZED VIEW public.above WITH NO DATA").await?;
    let populated = "SELECT string_agg(relname::text, ' ' ORDER BY relname) FROM pg_class
                     WHERE relkind = 'm' AND relispopulated";
    scene.repackd(&["prepare", "t"])?.status(0)?;
    scene.run("REFRESH MATERIALIZED VIEW public.above").await?;
    scene.run("REFRESH MATERIALIZED VIEW public.seen WITH NO DATA").await?;
    scene.run("ALTER MATERIALIZED VIEW public.seen SET (fillfactor = 50)").await?;
    // Nothing can be read from one that is empty.
    let report = scene.repackd(&["resume", "t"])?;
    report.status(1)?.says(&["filling its materialized view public.above", "resume"])?;
    scene.run("REFRESH MATERIALIZED VIEW public.seen").await?;
    scene.run("REFRESH MATERIALIZED VIEW public.above WITH NO DATA").await?;
    scene.repackd(&["resume", "t"])?.status(0)?;
    let found = scene.ask(populated).await?;
    if found != "seen" {
        return Err(format!("these have data: {found}"));
    }
    scene.database.expect_no_remains().await?;
    scene.drop().await
}

/// Whatever is done to them while the run waits is there afterwards.
async fn changed(server: Server) -> Outcome {
    let changes = "
        ALTER MATERIALIZED VIEW public.above RENAME TO over;
        CREATE INDEX seen_n ON public.seen (n);
        COMMENT ON INDEX public.seen_n IS 'of this night';
        COMMENT ON COLUMN public.seen.n IS 'a number';
        ALTER MATERIALIZED VIEW public.seen SET (fillfactor = 50);
        GRANT SELECT, DELETE ON public.seen TO shape_reader WITH GRANT OPTION;
        GRANT SELECT (many) ON public.over TO shape_writer;
        CREATE MATERIALIZED VIEW public.of_this_night AS SELECT o.*, t.v FROM public.over o JOIN public.t ON t.id = o.n;
        CREATE VIEW public.plain AS SELECT * FROM public.of_this_night;
        ALTER MATERIALIZED VIEW public.of_this_night OWNER TO shape_owner;
        CREATE MATERIALIZED VIEW public.gone AS SELECT id FROM public.seen;
        ALTER MATERIALIZED VIEW public.gone OWNER TO shape_owner;";
    let more = "DROP MATERIALIZED VIEW public.gone;";
    let (control, subject) = (scene(&server).await?, scene(&server).await?);
    let as_owner = |s: &str| format!("ALTER VIEW IF EXISTS public.plain OWNER TO shape_owner;{s}");
    control.run(changes).await?;
    control.run(&as_owner(more)).await?;
    subject.repackd(&["prepare", "t"])?.status(0)?;
    subject.run(changes).await?;
    subject.run(&as_owner("")).await?;
    // The second time the run has built what is dropped next.
    slow(&subject).await?;
    let run = subject.start(&["resume", "t"])?;
    until_filling(&subject).await?;
    run.signal("INT")?;
    run.wait()?.status(130)?;
    subject.hurry().await?;
    subject.run(more).await?;
    // On a machine that is busy with other tests four of them may not fit the usual budget for long.
    subject.repackd(&["resume", "--cutover-budget", "800ms", "t"])?.status(0)?;
    same("the database", &control.database.dump()?, &subject.database.dump()?)?;
    subject.database.expect_no_remains().await?;
    control.drop().await?;
    subject.drop().await
}

/// Killed while they are filled.
async fn killed(server: &Server) -> Result<Scene, String> {
    let scene = scene(server).await?;
    slow(&scene).await?;
    let run = scene.start(&["run-now", "t"])?;
    until_filling(&scene).await?;
    if scene.runs()?[0]["phase"] != "matviews" {
        return Err(format!("it is in another phase: {:?}", scene.runs()?));
    }
    run.signal("KILL")?;
    run.wait()?;
    scene.hurry().await?;
    Ok(scene)
}

async fn killed_and_aborted(server: Server) -> Outcome {
    let scene = killed(&server).await?;
    scene.repackd(&["abort", "t"])?.status(0)?;
    scene.untouched().await?;
    // And once they stand.
    scene.repackd(&["prepare", "t"])?.status(0)?;
    scene.kept_until_abort().await?;
    scene.drop().await
}

async fn killed_and_resumed(server: Server) -> Outcome {
    let scene = killed(&server).await?;
    scene.kept_until_resume().await?;
    let stale = "SELECT count(*) FROM public.seen FULL JOIN public.t USING (id)
                 WHERE seen.id IS NULL OR t.id IS NULL";
    match scene.ask(stale).await?.as_str() {
        // What `kept_until_resume` wrote to the table and took back.
        "0" => scene.drop().await,
        other => Err(format!("{other} rows differ")),
    }
}

/// Somebody who needs the table for himself gets it, though they are being filled.
async fn gives_way(server: Server) -> Outcome {
    let scene = scene(&server).await?;
    slow(&scene).await?;
    let run = scene.start(&["run-now", "t"])?;
    until_filling(&scene).await?;
    let asked = Instant::now();
    let lock = "BEGIN; SET LOCAL lock_timeout = '10s'; LOCK TABLE public.t; COMMIT";
    scene.run(lock).await?;
    let waited = asked.elapsed();
    scene.hurry().await?;
    // The next try, in the same session.
    until_filling(&scene).await?;
    run.signal("INT")?;
    run.wait()?.status(130)?;
    if waited > Duration::from_secs(4) {
        return Err(format!("he waited for {waited:?}"));
    }
    scene.kept_until_resume().await?;
    scene.drop().await
}

/// Clients read and refresh them all along, and write to the table; none meets an error.
async fn in_use(server: Server) -> Outcome {
    let over = "CREATE VIEW public.over AS SELECT s.n, a.many, t.v
        FROM public.seen s JOIN public.above a USING (n) JOIN public.t ON t.id = s.id;
        ALTER VIEW public.over OWNER TO shape_owner;";
    let scene = Scene::new(&server, &format!("{DRAG}{VIEWS}{over}")).await?;
    let stop = CancellationToken::new();
    let start = |sql: &'static str, pause: u64| {
        let (stop, url) = (stop.clone(), scene.database.url("postgres"));
        tokio::spawn(async move {
            let client = client(&url).await?;
            while !stop.is_cancelled() {
                client.batch_execute(sql).await.map_err(|e| format!("{sql}: {e:?}"))?;
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
            Ok::<(), String>(())
        })
    };
    let clients = [
        start("SELECT count(*) FROM public.over", 0),
        start("BEGIN; SELECT count(*) FROM public.above; SELECT count(*) FROM public.t; COMMIT", 1),
        start("UPDATE public.t SET v = v || 'x' WHERE id = 4001", 2),
        start(
            "BEGIN; UPDATE public.t SET n = n WHERE id = 4003; SELECT max(n) FROM public.seen; COMMIT",
            2,
        ),
        start(
            "REFRESH MATERIALIZED VIEW CONCURRENTLY public.seen; REFRESH MATERIALIZED VIEW public.above",
            4000,
        ),
    ];
    for _ in 0..3 {
        let run = ["run-now", "--cutover-budget", "800ms", "t"];
        let done = scene.repackd(&run)?.status(0).map(drop);
        let failed = clients.iter().any(tokio::task::JoinHandle::is_finished);
        if done.is_err() || failed {
            stop.cancel();
            for client in clients {
                client.await.map_err(words)??;
            }
            return done;
        }
    }
    stop.cancel();
    for client in clients {
        client.await.map_err(words)??;
    }
    scene.database.expect_all_indexes_sound().await?;
    scene.database.expect_no_remains().await?;
    scene.drop().await
}

/// A transaction from before sees all of them, as of its own time, or the cutover waits for it.
async fn old_snapshot(server: Server) -> Outcome {
    let scene = scene(&server).await?;
    let reader = scene.database.client().await?;
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM pg_class LIMIT 1";
    reader.batch_execute(begin).await.map_err(words)?;
    let mut run = scene.start(&["run-now", "-v", "t"])?;
    run.until_says("cutover").await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let query =
        "SELECT (SELECT count(*) FROM public.seen) || ' ' || (SELECT sum(many) FROM public.above)";
    let row = reader.query_one(query, &[]).await.map_err(words)?;
    let found: String = row.get(0);
    reader.batch_execute("COMMIT").await.map_err(words)?;
    run.wait()?.status(0)?;
    if found != "3000 3000" {
        return Err(format!("it saw {found} rows"));
    }
    scene.untouched().await?;
    scene.drop().await
}

/// They are refreshed while the cutover waits for a transaction from before, and again while they are
/// built anew for that. What old transactions see is what the REFRESH has left, never less: one reads
/// meanwhile, one when it has been waited for in vain.
async fn old_snapshots_beside_a_refresh(server: Server) -> Outcome {
    let scene = scene(&server).await?;
    let open = async || {
        let reader = scene.database.client().await?;
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM pg_class LIMIT 1";
        reader.batch_execute(begin).await.map_err(words)?;
        Ok::<_, String>(reader)
    };
    let query =
        "SELECT (SELECT count(*) FROM public.seen) || ' ' || (SELECT sum(many) FROM public.above)";
    let both = "REFRESH MATERIALIZED VIEW public.seen; REFRESH MATERIALIZED VIEW public.above";
    let from_before = open().await?;
    let mut run = scene.start(&["run-now", "-v", "--cutover-budget", "800ms", "t"])?;
    run.until_says("cutover").await?;
    // Whoever else fills them does not take long.
    let slow =
        "CREATE OR REPLACE FUNCTION public.drag(bigint) RETURNS bigint LANGUAGE plpgsql AS $$
        BEGIN
          IF current_setting('application_name') LIKE 'repackd %' THEN
            PERFORM pg_catalog.pg_sleep(0.001);
          END IF;
          RETURN $1;
        END $$";
    scene.run(slow).await?;
    scene.run(&format!("{NEWS}; {both}")).await?;
    until_filling(&scene).await?;
    let from_meanwhile = open().await?;
    scene.run("INSERT INTO public.t (id, v, n) VALUES (77778, 'more', 1001)").await?;
    scene.run(both).await?;
    let mut found = Vec::new();
    for reader in [from_before, from_meanwhile] {
        tokio::time::sleep(Duration::from_secs(1)).await;
        found.push(reader.query_one(query, &[]).await.map_err(words)?.get::<_, String>(0));
        if !run.is_running() {
            return Err("the cutover did not wait".into());
        }
        reader.batch_execute("COMMIT").await.map_err(words)?;
    }
    let from_after = open().await?;
    tokio::time::sleep(Duration::from_secs(4)).await;
    found.push(from_after.query_one(query, &[]).await.map_err(words)?.get(0));
    from_after.batch_execute("COMMIT").await.map_err(words)?;
    run.wait()?.status(0)?.says(&["what a REFRESH at"])?;
    found.push(scene.ask(query).await?);
    if found != ["3002 3002"; 4] {
        return Err(format!("they saw {found:?} rows"));
    }
    scene.database.expect_no_remains().await?;
    scene.drop().await
}

/// Two tables with one over both: while the run of the first has it in hand, the second is refused.
async fn in_two_runs(server: Server) -> Outcome {
    let more = "SET ROLE shape_owner;
        CREATE TABLE public.u (id bigint PRIMARY KEY, v text);
        INSERT INTO public.u SELECT i, i FROM generate_series(1, 3000) i;
        DELETE FROM public.u WHERE id % 2 = 0;
        CREATE MATERIALIZED VIEW public.both AS SELECT t.id, u.v FROM public.t JOIN public.u USING (id);
        RESET ROLE;";
    let scene = Scene::of(&server, &format!("{TABLE}{more}")).await?;
    scene.repackd(&["prepare", "t"])?.status(0)?;
    let refused = scene.repackd(&["run-now", "u"])?;
    refused.status(3)?.says(&["in the hands of another table's run"])?;
    scene.repackd(&["resume", "t"])?.status(0)?;
    scene.repackd(&["run-now", "u"])?.status(0)?;
    scene.untouched().await?;
    scene.drop().await
}

/// A run that fills materialized views has an old snapshot like anybody else: the run of a table that
/// one of them reads through a function waits for it, or rows would be missing.
async fn beside_another_run(server: Server) -> Outcome {
    let more = "SET ROLE shape_owner;
        CREATE TABLE public.u (id bigint PRIMARY KEY, v text);
        INSERT INTO public.u SELECT i, i FROM generate_series(1, 3000) i;
        CREATE FUNCTION public.of_t() RETURNS SETOF bigint LANGUAGE sql STABLE AS 'SELECT id FROM public.t';
        CREATE MATERIALIZED VIEW public.a_slow AS SELECT public.drag(id) FROM public.u;
        CREATE MATERIALIZED VIEW public.b_of_t AS SELECT o.id FROM public.of_t() o(id) LEFT JOIN public.u USING (id);
        RESET ROLE;";
    let scene = Scene::new(&server, &format!("{DRAG}{more}")).await?;
    slow(&scene).await?;
    let first = scene.start(&["run-now", "u"])?;
    until_filling(&scene).await?;
    scene.hurry().await?;
    scene.repackd(&["run-now", "t"])?.status(0)?;
    first.wait()?.status(0)?;
    let found = scene.ask("SELECT count(*) FROM public.b_of_t").await?;
    if found != "3000" {
        return Err(format!("{found} of 3000 rows are there"));
    }
    scene.untouched().await?;
    scene.drop().await
}

/// Which runs read what is not theirs shows by their names: those are waited for, others are not.
async fn named_like_a_run(server: Server) -> Outcome {
    let scene = Scene::new(&server, "").await?;
    let reader = client(&scene.database.url("shape_owner")).await?;
    let open = async |name: &str| {
        let named = format!("SET application_name = '{name}'");
        reader.batch_execute(&named).await.map_err(words)?;
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM pg_class LIMIT 1";
        reader.batch_execute(begin).await.map_err(words)
    };
    open("repackd 1 matviews reads").await?;
    let mut run = scene.start(&["run-now", "-v", "t"])?;
    run.until_says("cutover").await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    if !run.is_running() {
        return Err("the cutover did not wait".into());
    }
    reader.batch_execute("COMMIT").await.map_err(words)?;
    run.wait()?.status(0)?;
    open("repackd 1 verify").await?;
    scene.repackd(&["run-now", "t"])?.status(0)?;
    reader.batch_execute("COMMIT").await.map_err(words)?;
    scene.untouched().await?;
    scene.drop().await
}
