//! The indexes, with the constraints on them, several at a time; then everything else that is put
//! on the filled shadow.
//!
//! First the key's index and those that no row can violate, with a drain between them if much has
//! changed; then the log is drained in full, which makes the shadow equal to the table at one
//! snapshot; then, with no drain in between, the unique and exclusion ones: what holds in the table
//! holds in the shadow.

use super::context::{Run, first_error, interruptible};
use super::index_progress::Built;
use super::patience::persistently;
use super::{drain, purge, spans, throttle};
use crate::error::{Error, Result};
use crate::failpoint::{At, INDEX_BUILD, INDEX_FINISH};
use crate::names::QualifiedName;
use crate::pg::{Session, run_all};
use crate::sql::indexes::{self as sql, Build};
use futures_util::future::join_all;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::Duration;

/// How often one step is tried when something holds a lock on the shadow, as pg_dump may.
const TRIES: u32 = 60;

/// How long to wait before the next try.
const PAUSE: Duration = Duration::from_secs(1);

/// Builds what is missing.
pub async fn run(run: &mut Run<'_>) -> Result<()> {
    let mut missing = Vec::new();
    for build in sql::builds(&run.subject)? {
        let name = QualifiedName::new(&run.subject.names.new, &build.name);
        if !index_exists(&run.sessions.worker, &name).await? {
            missing.push(build);
        }
    }
    let key = &run.subject.key;
    let harmless = |b: &Build| {
        b.name == sql::HELPER
            || key.btree && b.name == key.index
            || run
                .subject
                .description
                .indexes
                .iter()
                .any(|i| i.name == b.name && !i.unique && !i.exclusion)
    };
    let built = Built::none_of(missing.len());
    let (mut later, missing): (Vec<_>, Vec<_>) = missing.into_iter().partition(|b| b.turn > 0);
    later.sort_by_key(|b| b.turn);
    let (mut first, second): (Vec<_>, Vec<_>) = missing.into_iter().partition(harmless);
    if drain::is_long(run).await? {
        // What waits is drained with the key's index alone: each other one would take its share of
        // every row, and be bloated by it.
        let is_key = |b: &Build| b.name == sql::HELPER || b.name == run.subject.key.index;
        let (key, rest): (Vec<_>, Vec<_>) = first.into_iter().partition(is_key);
        first = rest;
        build_all(run, key, &built).await?;
        drain::until_short(run).await?;
        purge::vacuum(run).await?;
    }
    build_all(run, first, &built).await?;
    if !second.is_empty() || !later.is_empty() {
        // Leaves the shadow equal to the table at one snapshot, and nothing is drained until the
        // last of these is there.
        drain::fully(run).await?;
        let (alone, beside): (Vec<_>, Vec<_>) =
            second.into_iter().partition(|b| sql::is_alone(&run.subject, &b.name));
        build_all(run, beside, &built).await?;
        for build in alone.into_iter().chain(later) {
            build_all(run, vec![build], &built).await?;
        }
    }
    let finish = sql::finish(&run.subject.description, &run.subject.shadow())?;
    if !run.journal.state.finished {
        dress(run, &finish).await?;
    }
    if run.job.settings.verify {
        // Verification takes no longer with a VACUUM beside it.
        return Ok(());
    }
    purge::tidy(&run.sessions.worker, run, run.job.settings.analyze_tables).await
}

/// Puts the rest on the shadow, with its record in the same transaction.
async fn dress(run: &mut Run<'_>, statements: &[String]) -> Result<()> {
    let mut journal = run.journal.clone();
    journal.state.finished = true;
    let pause = || run.check_stop().map(|()| PAUSE);
    persistently(&run.sessions.worker, TRIES, pause, async |client| {
        run_all(client, "finishing the shadow", statements).await?;
        journal.save(client).await
    })
    .at(INDEX_FINISH)
    .await?;
    run.journal = journal;
    Ok(())
}

async fn index_exists(session: &Session, name: &QualifiedName) -> Result<bool> {
    let row = session
        .query_one(
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                            WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind = 'i')",
            &[&name.schema, &name.name],
        )
        .await
        .map_err(Error::sql("looking for the shadow's indexes"))?;
    Ok(row.get(0))
}

async fn build_all(run: &mut Run<'_>, builds: Vec<Build>, built: &Built) -> Result<()> {
    if builds.is_empty() {
        return Ok(());
    }
    let jobs = (run.job.settings.index_jobs.max(1) as usize).min(builds.len());
    let mut helpers = Vec::new();
    for _ in 1..jobs {
        helpers.push(run.open_helper().await?);
    }
    let queue = RefCell::new(VecDeque::from(builds));
    built.report(run).await;
    // One failure stops the other builders too, and they are waited for.
    let stop = run.control.stop.child_token();
    let builder = async |session: &Session| -> Result<()> {
        while !stop.is_cancelled() {
            if let Err(e) = throttle::pass(run, session, &stop).await {
                // No more are begun, but what another has been at for hours is not thrown away.
                queue.borrow_mut().clear();
                return Err(e);
            }
            let Some(build) = queue.borrow_mut().pop_front() else { return Ok(()) };
            let work = interruptible(&stop, session, one(session, &build));
            let result = spans::within(spans::index(&build.name), work).await;
            if result.is_err() {
                stop.cancel();
                return result;
            }
            built.add(run, session, &build.name).await;
            built.report(run).await;
        }
        Err(Error::Interrupted)
    };
    let sessions = std::iter::once(&run.sessions.worker).chain(&helpers);
    let all = join_all(sessions.map(builder));
    tokio::pin!(all);
    let results = loop {
        tokio::select! {
            results = &mut all => break results,
            () = tokio::time::sleep(Duration::from_millis(500)) => {
                built.report(run).await;
            }
        }
    };
    first_error(results)
}

async fn one(session: &Session, build: &Build) -> Result<()> {
    let pause = || Ok(PAUSE);
    persistently(session, TRIES, pause, async |client| {
        run_all(client, &format!("building index {}", build.name), &build.statements).await
    })
    .at(INDEX_BUILD)
    .await
}
