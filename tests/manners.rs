//! Holding back while the server has enough to do, and keeping within the space that is allowed.

use crate::bad_input::{cases, ends, newest, trials};
use crate::support::program::Started;
use crate::support::scene::Scene;
use crate::support::{Outcome, Server};
use libtest_mimic::Trial;
use std::time::Duration;

/// The trials of this module.
pub fn tests() -> Vec<Trial> {
    let mut all = trials(
        "manners",
        &ends(),
        cases! { self: pause_file active_sessions wal_rate throttle_query; },
    );
    let general = cases! { self: replica_lag queries_that_fail space_before space_meanwhile slot; };
    all.extend(trials("manners", &newest(), general));
    all
}

/// Pages copied so far, by status.
fn copied(scene: &Scene) -> Result<i64, String> {
    let runs = scene.runs()?;
    runs[0]["pages_copied"].as_i64().ok_or(format!("no pages in {runs:?}"))
}

/// It says that it is held back and why, so does status, and nothing is copied meanwhile.
async fn held(scene: &Scene, run: &mut Started, why: &str) -> Outcome {
    run.until_says(&format!("held back: {why}")).await?;
    let runs = scene.runs()?;
    let said = runs[0]["held"]["why"].as_str().unwrap_or_default().to_owned();
    if !said.contains(why) {
        return Err(format!("status does not say {why}: {runs:?}"));
    }
    scene.repackd(&["status"])?.status(0)?.shows(&["held back: "])?;
    // Whoever is in the middle of a chunk brings it to its end.
    tokio::time::sleep(Duration::from_millis(2500)).await;
    let before = copied(scene)?;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let after = copied(scene)?;
    match before == after {
        true => Ok(()),
        false => Err(format!("it copied from {before} to {after} pages while it was held back")),
    }
}

/// It goes on, ends well, and the summary says for what it was held back.
async fn goes_on(scene: Scene, mut run: Started, by: &str) -> Outcome {
    run.until_says("goes on").await?;
    scene.hurry().await?;
    run.wait()?.status(0)?.shows(&["repacked", "  held     ", by])?;
    scene.untouched().await?;
    scene.drop().await
}

pub async fn pause_file(server: Server) -> Outcome {
    let scene = Scene::slow(&server).await?;
    let file = std::env::temp_dir().join(format!("{}.pause", scene.database.name));
    let setting = format!("pause_file={}", file.display());
    let mut run = scene.start(&["run-now", "t", "--set", &setting, "--set", "copy_jobs=2"])?;
    scene.until_copying().await?;
    std::fs::write(&file, "").map_err(|e| e.to_string())?;
    let outcome = held(&scene, &mut run, "the pause file").await;
    std::fs::remove_file(&file).map_err(|e| e.to_string())?;
    outcome?;
    goes_on(scene, run, "pause_file").await
}

pub async fn active_sessions(server: Server) -> Outcome {
    let scene = Scene::slow(&server).await?;
    let arguments = ["run-now", "t", "--set", "max_active_sessions=500"];
    // Without the right to see them they are not taken for none.
    let refused = scene.repackd(&arguments)?;
    refused.status(1)?.says(&["max_active_sessions", "GRANT pg_read_all_stats TO shape_owner"])?;
    scene.gone().await?;
    scene.run("GRANT pg_read_all_stats TO shape_owner").await?;
    let few = ["run-now", "t", "--set", "max_active_sessions=1"];
    let busy = [scene.database.client().await?, scene.database.client().await?];
    let statements = busy.iter().map(|c| c.batch_execute("SELECT pg_sleep(20)"));
    let sleepers = futures_util::future::join_all(statements);
    tokio::pin!(sleepers);
    let work = async {
        let mut run = scene.start(&few)?;
        run.until_says("clients are at work, more than 1").await?;
        scene.run("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(20)%' AND datname = current_database()").await?;
        Ok::<_, String>(run)
    };
    let (run, _) = tokio::join!(work, &mut sleepers);
    // Tests of other databases beside this one count too, so that it may be held back on.
    run?.signal("INT")?;
    scene.hurry().await?;
    scene.run("REVOKE pg_read_all_stats FROM shape_owner").await?;
    scene.until("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())", "0").await?;
    scene.drop().await
}

pub async fn wal_rate(server: Server) -> Outcome {
    let scene = Scene::slow(&server).await?;
    let slowly = ["--set", "max_wal_rate=1kB/s", "--set", "throttle_wait=3s"];
    let run = scene.start(&[&["run-now", "t"], &slowly[..]].concat())?;
    let ended = run.wait()?;
    ended.status(1)?.says(&["held back for", "throttle_wait", "bytes of WAL a second"])?;
    ended.says(&["repackd resume public.t", "repackd abort public.t"])?;
    scene.hurry().await?;
    scene.kept_until_resume().await?;
    scene.drop().await
}

pub async fn throttle_query(server: Server) -> Outcome {
    let scene = Scene::slow(&server).await?;
    scene.run("CREATE TABLE public.reasons (why text); GRANT SELECT ON public.reasons TO shape_owner; ALTER EXTENSION plpgsql ADD TABLE public.reasons").await?;
    let query = "throttle_query=SELECT why FROM public.reasons";
    let mut run = scene.start(&["run-now", "t", "--set", query])?;
    scene.until_copying().await?;
    scene.run("INSERT INTO public.reasons VALUES ('the batch of the month runs')").await?;
    held(&scene, &mut run, "the batch of the month runs").await?;
    scene.run("DELETE FROM public.reasons").await?;
    goes_on(scene, run, "throttle_query").await
}

pub async fn replica_lag(server: Server) -> Outcome {
    let scene = Scene::slow(&server).await?;
    let refused = scene.repackd(&["run-now", "t", "--set", "max_replica_lag=5s"])?;
    refused.status(1)?.says(&[
        "max_replica_lag",
        "GRANT pg_read_all_stats",
        "replica_lag_query",
    ])?;
    scene.gone().await?;
    scene.run("CREATE TABLE public.lag (s numeric); INSERT INTO public.lag VALUES (0.5); GRANT SELECT ON public.lag TO shape_owner; ALTER EXTENSION plpgsql ADD TABLE public.lag").await?;
    let query = "replica_lag_query=SELECT s FROM public.lag";
    let mut run = scene.start(&["run-now", "t", "--set", "max_replica_lag=5s", "--set", query])?;
    scene.until_copying().await?;
    scene.run("UPDATE public.lag SET s = 7.5").await?;
    held(&scene, &mut run, "a replica lags 7.5 s, more than 5.0 s").await?;
    scene.run("UPDATE public.lag SET s = 1").await?;
    goes_on(scene, run, "max_replica_lag").await
}

pub async fn queries_that_fail(server: Server) -> Outcome {
    let scene = Scene::new(&server, "").await?;
    for (setting, said) in [
        ("throttle_query=SELECT why FROM nowhere", "throttle_query: "),
        ("throttle_query=DELETE FROM public.t RETURNING 'gone'", "read-only transaction"),
    ] {
        let run = scene.repackd(&["run-now", "t", "--set", setting])?;
        run.status(1)?.says(&[said, "nothing was changed"])?;
        scene.untouched().await?;
    }
    let wrong = ["--set", "max_replica_lag=1s", "--set", "replica_lag_query=SELECT 'much'"];
    let run = scene.repackd(&[&["run-now", "t"], &wrong[..]].concat())?;
    run.status(1)?.says(&["not a number of seconds", "nothing was changed"])?;
    for wrong in ["max_wal_rate=fast", "max_wal_rat=1MB", "no_such", "throttle_query="] {
        scene.repackd(&["run-now", "t", "--set", wrong])?.status(2)?;
    }
    scene.untouched().await?;
    scene.drop().await
}

pub async fn space_before(server: Server) -> Outcome {
    let scene = Scene::new(&server, "ANALYZE public.t;").await?;
    let little = ["t", "--set", "max_extra_space=20kB"];
    let refused = scene.repackd(&[&["run-now"], &little[..]].concat())?;
    refused.status(3)?.says(&["max_extra_space allows 20480", "nothing was changed"])?;
    scene.repackd(&[&["plan"], &little[..]].concat())?.status(3)?.shows(&["max_extra_space"])?;
    scene.untouched().await?;
    scene.repackd(&["run-now", "t", "--set", "max_extra_space=100MB"])?.status(0)?;
    scene.drop().await
}

/// The planner believes that the table is small.
pub async fn space_meanwhile(server: Server) -> Outcome {
    let scene = Scene::slow(&server).await?;
    scene.run("ANALYZE public.t").await?;
    scene.run("UPDATE pg_class SET reltuples = 10 WHERE oid = 'public.t'::regclass").await?;
    // As a crash does; from then on the count of the last ANALYZE is believed.
    scene.run("SELECT pg_stat_reset_single_table_counters('public.t'::regclass)").await?;
    let run = scene.repackd(&["run-now", "t", "--set", "max_extra_space=2MB"])?;
    run.status(1)?.says(&["bytes more by now", "max_extra_space is 2097152", "kept"])?;
    scene.hurry().await?;
    scene.kept_until_resume().await?;
    scene.drop().await
}

/// What a replication slot keeps of WAL while the run goes on is space that it takes.
pub async fn slot(server: Server) -> Outcome {
    let scene = Scene::slow(&server).await?;
    let slot = format!("s_{}", scene.database.name.to_lowercase());
    scene.run(&format!("SELECT pg_create_physical_replication_slot('{slot}', true)")).await?;
    scene.run("ANALYZE public.t").await?;
    let run = scene.start(&["run-now", "t", "--set", "max_extra_space=90MB"])?;
    scene.until_copying().await?;
    scene.run("CREATE TABLE public.noise AS SELECT i, repeat(md5(i::text), 30) AS v FROM generate_series(1, 120000) i; DROP TABLE public.noise").await?;
    let ended = run.wait()?;
    scene.run(&format!("SELECT pg_drop_replication_slot('{slot}')")).await?;
    ended.status(1)?.says(&["are WAL kept by a replication slot"])?;
    scene.hurry().await?;
    scene.kept_until_abort().await?;
    scene.drop().await
}
