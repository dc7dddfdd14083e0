//! The materialized views over the table, built from the shadow ahead of the cutover, and built anew
//! when somebody has refreshed or changed an old one since.
//!
//! One transaction drains the log and fills them, so that they see the shadow and all other tables as
//! of one snapshot: they hold what a REFRESH would have given then. It lasts as long as a REFRESH of
//! all of them, and gives way to whoever waits for a lock of its session.

use super::context::{Run, interruptible};
use super::drain;
use super::journal::Built;
use super::matview_build;
use crate::catalog::{Describer, Standing};
use crate::error::{Error, Result};
use crate::names::literal;
use crate::pg::{REPEATABLE_READ, lock, run_all, settings, transaction};
use crate::sql::matviews as sql;
use std::time::Duration;
use tokio_postgres::GenericClient;

/// How often they are built in one go when a lock is in the way, or had to be given up.
const TRIES: u32 = 20;

/// How long to stay away then.
const AGAIN: Duration = Duration::from_secs(2);

/// How often to look whether somebody waits for a lock of ours.
const LOOK: Duration = Duration::from_millis(200);

/// Whether there are any, or were.
pub async fn concern(run: &Run<'_>, describer: &Describer) -> Result<bool> {
    let standing = standing(describer, run.sessions.holder.client(), run.subject.oid).await?;
    Ok(!standing.is_empty() || !run.journal.state.matviews.is_empty())
}

/// Builds them, unless those that were built are as good as new. Says whether it had to. The
/// describer is the holder's, which must be in no transaction.
pub async fn run(run: &mut Run<'_>, describer: &Describer) -> Result<bool> {
    let standing = standing(describer, run.sessions.holder.client(), run.subject.oid).await?;
    if stale(run, &standing).is_none() {
        return Ok(false);
    }
    let mut tries = 0;
    loop {
        run.check_stop()?;
        tries += 1;
        drain::fully(run).await?;
        match build(run).await {
            Err(e) if e.is_lock() && tries < TRIES => {
                tracing::debug!("materialized views: {e}");
                tokio::time::sleep(AGAIN).await;
            }
            // Somebody may just have changed one, of which one statement knew and another did not.
            Err(Error::Refused { .. }) if tries < 2 => tokio::time::sleep(AGAIN).await,
            // It was possible when it was rehearsed.
            Err(Error::Refused { reasons, .. }) => {
                return Err(Error::Changed {
                    table: run.subject.table.clone(),
                    difference: reasons.join("; "),
                });
            }
            Err(e) => return Err(e),
            Ok(()) => break,
        }
    }
    if run.job.settings.analyze_tables {
        analyze(run).await?;
    }
    Ok(true)
}

/// Why those that were built cannot take the places of those that stand, if they cannot.
pub fn stale(run: &Run<'_>, standing: &[Standing]) -> Option<String> {
    let built = &run.journal.state.matviews;
    for one in standing {
        let name = one.view.name();
        match built.iter().find(|b| b.oid == one.oid) {
            None => {
                return Some(format!("materialized view {name} has to be built from the shadow"));
            }
            Some(b) if b.view != one.view.alone() => {
                return Some(format!("materialized view {name} was changed"));
            }
            Some(b) if b.mark != one.mark => {
                return Some(format!("materialized view {name} was refreshed"));
            }
            Some(_) => {}
        }
    }
    let gone = |b: &&Built| standing.iter().all(|s| s.oid != b.oid);
    built.iter().find(gone).map(|b| format!("materialized view {} is gone", b.view.name()))
}

/// The materialized views over the table as they are now. Fails while another run has one of them
/// in its hands.
pub async fn standing(
    describer: &Describer,
    client: &impl GenericClient,
    oid: u32,
) -> Result<Vec<Standing>> {
    let standing = describer.matviews(client, oid).await?;
    match standing.iter().find(|s| s.is_of_a_run()) {
        None => Ok(standing),
        Some(s) => Err(Error::LockWait(format!(
            "{} belongs to the run of another table, which has to end first",
            s.view.name()
        ))),
    }
}

async fn build(run: &mut Run<'_>) -> Result<()> {
    let worker = &run.sessions.worker;
    let (subject, floor, shadow) = (&run.subject, run.floor, run.journal.shadow_oid);
    let work = transaction(worker, REPEATABLE_READ, async |client| {
        // Other runs need not wait for our snapshots otherwise, which see no table of theirs.
        let name = super::context::reading_name(subject.oid);
        let named = format!("SET LOCAL application_name = {}", literal(&name));
        run_all(client, "saying what is being done", &[named]).await?;
        let (drained, floor) = drain::batch(client, subject, floor, crate::sql::drain::ALL).await?;
        if drained.truncated {
            return Err(Error::LockWait(format!("{} was truncated a moment ago", subject.table)));
        }
        drain::same_file(run, drained.filenode)?;
        run_all(client, "resetting the planner", &[drain::BY_ANY_PLAN.to_owned()]).await?;
        let built = matview_build::build(client, subject, shadow, true).await?;
        let mut journal = run.journal.clone();
        journal.state.matviews = built;
        journal.save(client).await?;
        Ok((drained.rows, floor, journal))
    });
    // Whoever waits for a lock of ours shall not wait for as long as a REFRESH takes.
    let stop = run.control.stop.child_token();
    let done = {
        let work = interruptible(&stop, worker, work);
        tokio::pin!(work);
        tokio::select! {
            done = &mut work => done,
            why = in_the_way(run) => {
                stop.cancel();
                match work.await {
                    Err(Error::Interrupted) if !run.control.stop.is_cancelled() => Err(why),
                    other => other,
                }
            }
        }
    };
    // It may be committed even if the reply says otherwise: what is older than this does not see it.
    run.shadow_writes += 1;
    let (rows, floor, journal) = done?;
    run.floor = floor;
    run.journal = journal;
    run.journal.state.figures.rows_replayed += rows;
    Ok(())
}

/// Resolves when somebody waits for a lock of the worker's.
async fn in_the_way(run: &Run<'_>) -> Error {
    loop {
        tokio::time::sleep(LOOK).await;
        let worker = run.sessions.worker.backend_pid();
        match lock::is_blocking(&run.sessions.observer, worker).await {
            Ok(false) => {}
            Ok(true) => {
                return Error::LockWait(
                    "somebody waited for a lock while materialized views were built".into(),
                );
            }
            Err(e) => return e,
        }
    }
}

/// VACUUM ANALYZE, as the owner of each.
async fn analyze(run: &Run<'_>) -> Result<()> {
    let worker = &run.sessions.worker;
    for built in run.journal.state.matviews.iter().filter(|b| b.view.populated) {
        let name = sql::place(&run.subject, &built.view).sql();
        let vacuum = format!("VACUUM (ANALYZE, TRUNCATE false) {name}");
        settings::become_role(worker, built.view.owner()).await?;
        let work = async {
            worker.batch_execute(&vacuum).await.map_err(Error::sql("VACUUM of a materialized view"))
        };
        let result = interruptible(&run.control.stop, worker, work).await;
        settings::become_role(worker, &run.journal.owner).await?;
        match result {
            // Somebody looks at it: it is only slower for it.
            Err(e) if e.is_lock() => {}
            other => other?,
        }
    }
    Ok(())
}

/// What is said of them in the end.
pub fn report(run: &mut Run<'_>) {
    for built in run.journal.state.matviews.clone() {
        if built.view.populated {
            run.note(format!(
                "materialized view {} was built anew and holds what a REFRESH at {} would have given",
                built.view.name(),
                built.at
            ));
        }
    }
}

/// The statements that drop those in the run's schema, and in the one that has the old ones.
pub async fn drops(run: &Run<'_>) -> Result<Vec<String>> {
    let client = run.sessions.worker.client();
    let mut statements = matview_build::drop_in(client, &run.subject.names.new).await?;
    statements.extend(matview_build::drop_in(client, &run.subject.names.old).await?);
    Ok(statements)
}
