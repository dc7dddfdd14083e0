//! A run that is there already: left, or at work.

use crate::support::scene::Scene;
use crate::support::{Outcome, Server, words};
use repackd::sql::schemas::JOURNAL_VERSION;

pub async fn left_by_an_earlier_run(server: Server) -> Outcome {
    for way_out in ["resume", "abort"] {
        let scene = Scene::new(&server, "").await?;
        let prepared = scene.repackd(&["prepare", "t"])?;
        prepared.status(0)?.shows(&["public.t prepared", "repackd resume public.t"])?;
        for command in ["run-now", "prepare"] {
            let report = scene.repackd(&[command, "t"])?;
            report.status(3)?.says(&[
                "public.t is busy: an earlier run of it is unfinished",
                "`repackd resume public.t` goes on with it",
                "`repackd abort public.t` removes it",
            ])?;
        }
        // Met through a list it is only reported.
        let report = scene.repackd(&["run-now", "--all"])?;
        report.status(0)?.says(&["public.t is busy"])?;
        match way_out {
            "resume" => scene.kept_until_resume().await?,
            _ => scene.kept_until_abort().await?,
        }
        scene.drop().await?;
    }
    Ok(())
}

pub async fn two_runners(server: Server) -> Outcome {
    let scene = Scene::new(&server, "").await?;
    let reader = scene.database.client().await?;
    reader.batch_execute("BEGIN; SELECT count(*) FROM public.t").await.map_err(words)?;
    let mut first = scene.start(&["run-now", "-v", "t"])?;
    first.until_says("cutover").await?;
    for command in ["run-now", "prepare", "resume", "abort"] {
        let report = scene.repackd(&[command, "t"])?;
        report.status(3)?.says(&["public.t", "is busy: another repackd is at work", "pid"])?;
    }
    scene.repackd(&["status"])?.status(0)?.shows(&["public.t", "at work"])?;
    scene.in_use().await?;
    if !first.is_running() {
        return Err(format!("the first was harmed: {}", first.said()));
    }
    drop(reader);
    first.wait()?.status(0)?.shows(&["public.t repacked"])?;
    scene.untouched().await?;
    scene.drop().await
}

/// A later version may have written what this one does not understand: nothing of it is guessed at.
pub async fn journal_of_a_newer_repackd(server: Server) -> Outcome {
    let scene = Scene::new(&server, "").await?;
    scene.repackd(&["prepare", "t"])?.status(0)?;
    let oid = scene.ask("'public.t'::regclass::oid").await?;
    let version = |number: &str| format!("UPDATE repackd_{oid}.journal SET version = {number}");
    scene.run(&version("version + 1")).await?;
    let newer = format!("journal version {}", JOURNAL_VERSION + 1);
    let mine = format!("this repackd knows {JOURNAL_VERSION}");
    let known = [newer.as_str(), mine.as_str(), "use the repackd that began it"];
    for command in ["resume", "abort"] {
        // It has no name by which this repackd would know it.
        scene.repackd(&[command, "t"])?.status(1)?.says(&known)?;
        scene.in_use().await?;
    }
    scene.repackd(&["run-now", "t"])?.status(3)?.says(&["an earlier run of it is unfinished"])?;
    scene.repackd(&["cleanup"])?.status(1)?.says(&known)?;
    scene.repackd(&["status"])?.status(0)?.shows(&[newer.as_str()])?;
    scene.run(&version("version - 1")).await?;
    scene.kept_until_abort().await?;
    scene.drop().await
}

/// What an earlier version has not written is not missed.
pub async fn journal_of_an_older_repackd(server: Server) -> Outcome {
    let scene = Scene::new(&server, "").await?;
    scene.repackd(&["prepare", "t"])?.status(0)?;
    let oid = scene.ask("'public.t'::regclass::oid").await?;
    scene
        .run(&format!(
            "UPDATE repackd_{oid}.journal SET state = (state::jsonb - 'host' - 'pid' - 'given_up')::text"
        ))
        .await?;
    scene.repackd(&["status"])?.status(0)?.shows(&["left by shape_owner, repackd "])?;
    scene.kept_until_resume().await?;
    scene.drop().await
}
