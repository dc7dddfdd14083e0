//! A copy that is wrong, and one that cannot keep up: neither is exchanged, and the table is as it was.

use crate::support::{Database, Outcome, Server, control, expect, quick, repack, same, words};
use repackd::config::Settings;
use repackd::engine::{self, Goal};
use repackd::job::{Ending, Report};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const TABLE: &str = "CREATE TABLE public.t (id bigint PRIMARY KEY, n bigint NOT NULL);
    INSERT INTO public.t SELECT i, 0 FROM generate_series(1, 2000) i;";

fn failed(report: &Report, kind: &str, words: &[&str]) -> Outcome {
    expect(report, Ending::Failed)?;
    let error = report.error.as_deref().unwrap_or_default();
    match report.kind.as_deref() == Some(kind) && words.iter().all(|w| error.contains(w)) {
        true => Ok(()),
        false => Err(format!("{kind} with {words:?} was expected of {report:?}")),
    }
}

/// Spoils the shadow behind repackd's back, which nothing but verification can see.
async fn spoiled(server: Server, how: &str, words: &str) -> Outcome {
    let database = Database::create(&server).await?;
    database.run(TABLE).await?;
    let (table, mut job) = (database.find("public.t").await?, database.job("postgres"));
    let before = database.dump()?;
    expect(&repack(&job, &table, Goal::Prepare).await, Ending::Prepared)?;
    database.run(&how.replace("SHADOW", &format!("repackd_{}_new.t", table.oid))).await?;
    failed(
        &repack(&job, &table, Goal::Resume).await,
        "mismatch",
        &["public.t does not match", words],
    )?;
    // Trying again does not make it right, least of all without looking.
    job.settings.verify = false;
    for goal in [Goal::Resume, Goal::CatchUp] {
        let report = repack(&job, &table, goal).await;
        failed(&report, "mismatch", &["public.t does not match", words])?;
        if !report.next.as_ref().is_some_and(|next| next.contains("do not resume")) {
            return Err(format!("{report:#?}"));
        }
    }
    if database.find("public.t").await?.oid != table.oid {
        return Err("the spoiled copy has taken the table's place".into());
    }
    expect(&engine::abort(&job, table.oid, &control().0).await, Ending::Aborted)?;
    same("the database after the abort", &before, &database.dump()?)?;
    database.drop().await
}

pub async fn a_value_changed(server: Server) -> Outcome {
    spoiled(server, "UPDATE SHADOW SET n = 1 WHERE id = 1000", "the shadow 2000 rows").await
}

pub async fn a_row_missing(server: Server) -> Outcome {
    spoiled(server, "DELETE FROM SHADOW WHERE id = 1000", "the shadow 1999 rows").await
}

pub async fn a_row_too_many(server: Server) -> Outcome {
    spoiled(server, "INSERT INTO SHADOW VALUES (0, 0)", "the shadow 2001 rows").await
}

/// More changes than can be drained: given up after two intervals, with both figures, and kept.
pub async fn a_race_lost(server: Server) -> Outcome {
    let database = Database::create(&server).await?;
    database.run(TABLE).await?;
    let table = database.find("public.t").await?;
    let stop = Arc::new(AtomicBool::new(false));
    let (client, until) = (database.client().await?, Arc::clone(&stop));
    let writer = tokio::spawn(async move {
        let mut times = 0;
        while !until.load(Ordering::Relaxed) {
            client.batch_execute("UPDATE public.t SET n = n + 1").await.map_err(words)?;
            times += 1;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok::<i64, String>(times)
    });
    let mut job = database.job("postgres");
    // One row at a time, against thousands a second.
    job.settings = Settings { max_replay_rows: 1, check_time: Duration::from_secs(1), ..quick() };
    let report = repack(&job, &table, Goal::RunNow).await;
    let kept = report.next.clone().unwrap_or_default();
    failed(&report, "cannot_catch_up", &["public.t", " a second"])?;
    if !kept.contains("resume") {
        return Err(format!("it says nothing of going on: {report:?}"));
    }
    stop.store(true, Ordering::Relaxed);
    let times = writer.await.map_err(words)??;
    job.settings = quick();
    expect(&repack(&job, &table, Goal::Resume).await, Ending::Done)?;
    let query = "SELECT count(*), min(n), max(n) FROM public.t";
    let row = database.client().await?.query_one(query, &[]).await.map_err(words)?;
    let found: [i64; 3] = [0, 1, 2].map(|i| row.get(i));
    match found == [2000, times, times] {
        true => database.drop().await,
        false => Err(format!("{found:?} after {times} updates of 2000 rows")),
    }
}
