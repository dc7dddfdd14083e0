//! What the server itself says of a run: its sessions are called what their phases are.

use super::Collector;
use super::traces::exporting;
use super::tree::Tree;
use crate::support::program::start;
use crate::support::scene::Scene;
use crate::support::{Outcome, Server, words};
use std::collections::BTreeSet;
use std::time::Duration;

/// The sessions of a run have the words that its spans have, and so have PostgreSQL's own views of
/// progress.
pub async fn in_the_server(server: Server) -> Outcome {
    let scene = Scene::slow(&server).await?;
    scene.run("CREATE INDEX t_slow ON public.t (public.slow(id))").await?;
    let collector = Collector::http(None).await?;
    let oid = scene.ask("'public.t'::regclass::oid").await?;
    let mut run = start(exporting(&scene, &collector, &["run-now", "t"]))?;
    let (mut at_work, mut in_progress) = (BTreeSet::new(), BTreeSet::new());
    while run.is_running() {
        let rows = scene
            .client
            .query(
                &format!(
                    "SELECT a.application_name, p.pid IS NOT NULL
                     FROM pg_stat_activity a LEFT JOIN pg_stat_progress_create_index p USING (pid)
                     WHERE a.application_name ~ '^repackd {oid} ' AND a.state = 'active'"
                ),
                &[],
            )
            .await
            .map_err(words)?;
        for row in rows {
            let word = row.get::<_, String>(0).split(' ').skip(2).collect::<Vec<_>>().join(" ");
            if row.get(1) {
                in_progress.insert(word.clone());
            }
            at_work.insert(word);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    run.wait()?.status(0)?;
    let tree = Tree::of(&collector.received())?;
    let phases: BTreeSet<String> = tree
        .names()
        .iter()
        .filter_map(|name| name.strip_prefix("repackd.phase."))
        .map(str::to_owned)
        .collect();
    if !at_work.is_subset(&phases) || !["copy", "index"].iter().all(|w| at_work.contains(*w)) {
        return Err(format!("sessions were called {at_work:?}, the phases {phases:?}"));
    }
    // A rehearsal in the preparation makes some of them, too, of no rows.
    if !in_progress.contains("index") || !in_progress.is_subset(&phases) {
        return Err(format!("indexes were built under the names {in_progress:?}"));
    }
    scene.drop().await
}

/// One that is taken back says so while it waits.
pub async fn of_an_abort(server: Server) -> Outcome {
    let scene = Scene::new(&server, "").await?;
    let oid = scene.ask("'public.t'::regclass::oid").await?;
    scene.repackd(&["prepare", "t"])?.status(0)?;
    let reader = scene.database.client().await?;
    let read = format!("BEGIN; SELECT count(*) FROM repackd_{oid}_new.t");
    reader.batch_execute(&read).await.map_err(words)?;
    let run = scene.start(&["abort", "t"])?;
    let waiting = format!(
        "SELECT count(*) FROM pg_stat_activity
         WHERE application_name = 'repackd {oid} abort' AND wait_event_type = 'Lock'"
    );
    scene.until(&waiting, "1").await?;
    drop(reader);
    run.wait()?.status(0)?;
    scene.untouched().await?;
    scene.drop().await
}
