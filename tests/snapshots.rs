//! Old snapshots: a REPEATABLE READ transaction sees the same rows before and after the cutover,
//! and one that could not is waited for.

mod readers;
mod scene;

use crate::support::{Outcome, Server, block_on, expect, servers};
use libtest_mimic::Trial;
use repackd::config::OldSnapshots;
use repackd::job::{Ending, Phase};
use scene::Scene;
use std::time::Duration;

type Test = fn(Server) -> std::pin::Pin<Box<dyn Future<Output = Outcome>>>;

/// Each of these on each server.
pub fn tests() -> Vec<Trial> {
    let all: [(&str, Test); 5] = [
        ("right_rows", |s| Box::pin(readers::right_rows(s))),
        ("wait", |s| Box::pin(wait(s, false))),
        ("wait_unprivileged", |s| Box::pin(wait(s, true))),
        ("read_committed_elsewhere", |s| Box::pin(read_committed_elsewhere(s))),
        ("proceed", |s| Box::pin(proceed(s))),
    ];
    let mut trials = Vec::new();
    for server in servers() {
        for (name, test) in all {
            let server = server.clone();
            let name = format!("snapshots::{name}::pg{}", server.version);
            trials.push(Trial::test(name, move || block_on(test(server)).map_err(Into::into)));
        }
    }
    let heavy = [("every_moment", false), ("every_moment_unprivileged", true)];
    for (number, (name, unprivileged)) in heavy.into_iter().enumerate() {
        for server in crate::races::in_turn(&servers(), number) {
            let name = format!("snapshots::{name}::pg{}", server.version);
            trials.push(Trial::test(name, move || {
                let test = readers::every_moment(server, unprivileged);
                block_on(test).map_err(Into::into)
            }));
        }
    }
    trials
}

/// The run does not cut over while a snapshot is open that is older than the copy, nobody else
/// waits meanwhile, the old transactions see their rows, and then the run goes on.
async fn wait(server: Server, unprivileged: bool) -> Outcome {
    let scene = Scene::create(&server, unprivileged).await?;
    // Its snapshot is from before capture, and taken without a look at the table.
    let before = scene.open("SELECT version FROM other").await?;
    let writer = scene.write();
    let mut run = scene.start(|_| ());
    run.reach(Phase::Copy).await?;
    let during = scene.open("SELECT version FROM other").await?;
    run.reach(Phase::Cutover).await?;
    let after = scene.open("SELECT version FROM other").await?;
    for old in [before, during, after] {
        run.expect_none_for(Duration::from_millis(900)).await?;
        // The table is read for the first time only now.
        old.expect_its_rows().await?;
        old.close().await?;
    }
    let report = run.end(Duration::from_secs(90)).await?;
    expect(&report, Ending::Done)?;
    let longest = writer.stop().await?;
    println!("the longest statement took {} ms", longest.as_millis());
    if longest > Duration::from_secs(1) {
        return Err(format!("the writer waited {} ms", longest.as_millis()));
    }
    scene.finish().await
}

/// A READ COMMITTED transaction that is idle has no snapshot, so it is nobody to wait for.
async fn read_committed_elsewhere(server: Server) -> Outcome {
    let scene = Scene::create(&server, false).await?;
    let idle = scene.client().await?;
    idle.batch_execute("BEGIN; UPDATE elsewhere SET n = 1").await.map_err(crate::support::words)?;
    let report = scene.start(|_| ()).end(Duration::from_secs(90)).await?;
    expect(&report, Ending::Done)?;
    idle.batch_execute("SELECT * FROM s; COMMIT").await.map_err(crate::support::words)?;
    scene.finish().await
}

/// With `old_snapshots = proceed` the waiting has an end.
async fn proceed(server: Server) -> Outcome {
    let scene = Scene::create(&server, false).await?;
    let old = scene.open("SELECT version FROM other").await?;
    let mut run = scene.start(|settings| {
        settings.old_snapshots = OldSnapshots::Proceed;
        settings.old_snapshots_wait = Duration::from_secs(2);
    });
    run.reach(Phase::Cutover).await?;
    run.expect_none_for(Duration::from_millis(1500)).await?;
    let report = run.end(Duration::from_secs(90)).await?;
    expect(&report, Ending::Done)?;
    if !report.figures.notes.iter().any(|n| n.contains("proceed")) {
        return Err(format!("no note about it: {:?}", report.figures.notes));
    }
    old.close().await?;
    scene.finish().await
}
