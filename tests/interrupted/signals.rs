//! Ctrl-C and SIGTERM, and what somebody may do before `resume`, or before the old table goes.

use crate::support::scene::Scene;
use crate::support::{Outcome, Server, words};
use std::time::{Duration, Instant};

/// What is said when a run was stopped, and how to go on with it.
const STOPPED: [&str; 5] = [
    "stopping at the next chunk",
    "public.t: interrupted",
    "the shadow and the capture triggers are kept",
    "repackd resume public.t",
    "repackd abort public.t",
];

/// Stopped between two chunks by this signal.
async fn stopped(scene: &Scene, signal: &str, status: i32) -> Outcome {
    let run = scene.start(&["run-now", "t"])?;
    scene.until_copying().await?;
    run.signal(signal)?;
    run.wait()?.status(status)?.says(&STOPPED)?;
    scene.hurry().await
}

pub async fn interrupt_stops_at_a_chunk(server: Server) -> Outcome {
    let scene = Scene::slow(&server).await?;
    stopped(&scene, "INT", 130).await?;
    let runs = scene.runs()?;
    let (copied, pages) = (runs[0]["pages_copied"].as_i64(), runs[0]["pages"].as_i64());
    if !(copied > Some(0) && copied < pages) || runs[0]["phase"] != "copy" {
        return Err(format!("not in the middle of the copy: {runs:?}"));
    }
    scene.kept_until_resume().await?;
    scene.drop().await
}

pub async fn terminate(server: Server) -> Outcome {
    let scene = Scene::slow(&server).await?;
    stopped(&scene, "TERM", 143).await?;
    scene.kept_until_abort().await?;
    scene.drop().await
}

pub async fn a_second_interrupt_stops_at_once(server: Server) -> Outcome {
    let scene = Scene::slow(&server).await?;
    let mut run = scene.start(&["run-now", "t"])?;
    scene.until_copying().await?;
    run.signal("INT")?;
    run.until_says("stopping at the next chunk").await?;
    let asked = Instant::now();
    run.signal("INT")?;
    run.wait()?.status(130)?.says(&["stopped at once", STOPPED[3], STOPPED[4]])?;
    if asked.elapsed() > Duration::from_secs(5) {
        return Err(format!("it took {:?}", asked.elapsed()));
    }
    scene.hurry().await?;
    scene.kept_until_resume().await?;
    scene.drop().await
}

/// Nobody waits out the half hour that a cutover may take.
pub async fn interrupt_while_waiting_for_the_cutover(server: Server) -> Outcome {
    let scene = Scene::new(&server, "").await?;
    let reader = scene.database.client().await?;
    let read = "BEGIN; SELECT count(*) FROM public.t";
    reader.batch_execute(read).await.map_err(words)?;
    let mut run = scene.start(&["run-now", "-v", "t"])?;
    run.until_says("cutover").await?;
    tokio::time::sleep(Duration::from_millis(300)).await;
    run.signal("INT")?;
    let asked = Instant::now();
    run.wait()?.status(130)?.says(&STOPPED)?;
    if asked.elapsed() > Duration::from_secs(3) {
        return Err(format!("it took {:?}", asked.elapsed()));
    }
    drop(reader);
    scene.kept_until_abort().await?;
    scene.drop().await
}

/// TRUNCATE voids all that was copied; what came since counts.
pub async fn truncated_between(server: Server) -> Outcome {
    let mut scene = Scene::slow(&server).await?;
    stopped(&scene, "INT", 130).await?;
    scene.run("TRUNCATE public.t").await?;
    scene.run("INSERT INTO public.t SELECT i, i FROM generate_series(1, 100) i").await?;
    scene.repackd(&["resume", "t"])?.status(0)?;
    let rows = scene.ask("SELECT count(*) || ' ' || sum(id) FROM public.t").await?;
    if rows != "100 5050" {
        return Err(format!("the rows are {rows}"));
    }
    scene.note()?;
    scene.untouched().await?;
    scene.drop().await
}

/// VACUUM FULL moves rows to pages that are copied already. Verification would find out that they
/// are missing; without it nothing but the table's file tells.
pub async fn rewritten_between(server: Server) -> Outcome {
    let scene = Scene::slow(&server).await?;
    stopped(&scene, "INT", 130).await?;
    scene.run("VACUUM FULL public.t").await?;
    let report = scene.repackd(&["resume", "--no-verify", "t"])?;
    report.status(1)?.says(&["public.t was changed meanwhile: it was rewritten"])?;
    scene.untouched().await?;
    scene.drop().await
}

/// Between two windows: the log of a complete copy is drained, and neither more is copied nor
/// exchanged.
pub async fn caught_up_between(server: Server) -> Outcome {
    let scene = Scene::slow(&server).await?;
    stopped(&scene, "INT", 130).await?;
    let refused = scene.repackd(&["resume", "--catch-up", "t"])?;
    refused.status(3)?.says(&["its copy is not complete"])?;
    scene.repackd(&["abort", "t"])?.status(0)?;
    scene.repackd(&["prepare", "t"])?.status(0)?;
    scene.run("UPDATE public.t SET v = v WHERE id % 3 = 0").await?;
    let before = scene.runs()?;
    scene.repackd(&["resume", "--catch-up", "t"])?.status(0)?;
    let after = scene.runs()?;
    let waiting = |runs: &[serde_json::Value]| runs[0]["log_rows"].as_i64();
    if waiting(&before) <= waiting(&after) || after[0]["phase"] != before[0]["phase"] {
        return Err(format!("before: {before:?}, after: {after:?}"));
    }
    scene.kept_until_resume().await?;
    scene.drop().await
}

/// What nobody foresaw hangs on the old table: it is kept, and the report says what and where.
pub async fn used_before_it_goes(server: Server) -> Outcome {
    let mut scene = Scene::new(&server, "").await?;
    let mut run = scene.command(&["run-now", "t"]);
    run.env("REPACKD_FAILPOINT", "exchange-commit-after=kill");
    if crate::support::program::finish(run)?.status(0).is_ok() {
        return Err("it was not killed".into());
    }
    let old = scene
        .ask("SELECT n.nspname FROM pg_namespace n WHERE nspname ~ '^repackd_.*_old$'")
        .await?;
    scene.run(&format!("CREATE VIEW public.late AS SELECT id FROM {old}.t")).await?;
    let resumed = scene.repackd(&["resume", "t"])?;
    resumed.status(1)?.says(&[
        "view public.late depends on table",
        "the new public.t is live and complete; the old one is kept",
        "`repackd resume public.t` drops the old table",
    ])?;
    scene.in_use().await?;
    let rows = scene
        .ask(&format!("SELECT count(*) = (SELECT count(*) FROM public.t) FROM {old}.t"))
        .await?;
    if rows != "true" {
        return Err("the old table is not what it was".into());
    }
    scene.run("DROP VIEW public.late").await?;
    scene.repackd(&["resume", "t"])?.status(0)?;
    scene.note()?;
    scene.untouched().await?;
    scene.drop().await
}

/// A foreign key that somebody drops when it is about to be validated is no failure.
pub async fn dropped_before_it_is_validated(server: Server) -> Outcome {
    let mut scene = Scene::new(
        &server,
        "CREATE TABLE public.child (id int, t_id bigint CONSTRAINT of_t REFERENCES public.t);
         ALTER TABLE public.child OWNER TO shape_owner;",
    )
    .await?;
    let mut run = scene.command(&["run-now", "t"]);
    run.env("REPACKD_FAILPOINT", "exchange-commit-after=kill");
    if crate::support::program::finish(run)?.status(0).is_ok() {
        return Err("it was not killed".into());
    }
    // In nobody's way but that of the validation.
    let other = scene.database.client().await?;
    let lock = "BEGIN; LOCK TABLE public.child IN SHARE UPDATE EXCLUSIVE MODE";
    other.batch_execute(lock).await.map_err(words)?;
    let resume = scene.start(&["resume", "t"])?;
    let waiting = "SELECT count(*) FROM pg_stat_activity
                   WHERE query LIKE '%VALIDATE CONSTRAINT%' AND wait_event_type = 'Lock'
                     AND datname = current_database()";
    scene.until(waiting, "1").await?;
    let end = "ALTER TABLE public.child DROP CONSTRAINT of_t; COMMIT";
    other.batch_execute(end).await.map_err(words)?;
    resume.wait()?.status(0)?;
    scene.note()?;
    scene.untouched().await?;
    scene.drop().await
}
