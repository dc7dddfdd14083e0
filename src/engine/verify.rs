//! Verification: both tables counted and hashed in one snapshot, by two sessions side by side.

use super::context::{Run, interruptible};
use super::{drain, purge};
use crate::error::{Error, Result};
use crate::failpoint::{At, VERIFY};
use crate::pg::{READ_ONLY, Session, lock, rollback};
use crate::sql::verify as sql;
use std::time::Duration;
use tokio_postgres::{Client, types::Type};

/// How often verification is begun anew: when it had to make way, or met a TRUNCATE.
const TRIES: u32 = 20;

/// Compares the tables, leaving out the rows whose keys are in the log just then; and makes the
/// shadow's visibility map and statistics meanwhile.
pub async fn run(run: &mut Run<'_>) -> Result<()> {
    let janitor = run.open_helper().await?;
    let tidy = purge::tidy(&janitor, run, run.job.settings.analyze_tables);
    let (verified, tidied) = tokio::join!(verify(run), tidy);
    run.helpers.remove(&janitor.backend_pid());
    verified.and(tidied)
}

async fn verify(run: &mut Run<'_>) -> Result<()> {
    let helper = run.open_helper().await?;
    let mut tries = 0;
    let rows = loop {
        tries += 1;
        drain::until_short(run).await?;
        match compare(run, &helper).at(VERIFY).await {
            Err(e) if e.is_lock() && tries < TRIES => tokio::time::sleep(AGAIN).await,
            // A TRUNCATE that committed after the snapshot was taken emptied the table for it too.
            Err(e @ Error::Mismatch { .. }) if tries < TRIES => {
                if !drain::once(run, Some(0)).await?.truncated {
                    return Err(e);
                }
            }
            other => break other?,
        }
    };
    run.helpers.remove(&helper.backend_pid());
    run.journal.state.figures.rows_verified = Some(rows);
    Ok(())
}

/// How often to look whether somebody waits for a lock behind ours.
const LOOK: Duration = Duration::from_millis(200);
/// How long to stay away then.
const AGAIN: Duration = Duration::from_secs(2);

/// Resolves when somebody waits for a lock on the table: DDL, with everybody else behind it.
async fn in_the_way(run: &Run<'_>) -> Error {
    loop {
        tokio::time::sleep(LOOK).await;
        match lock::is_waited_for(&run.sessions.observer, run.subject.oid).await {
            Ok(false) => {}
            Ok(true) => {
                return Error::LockWait("somebody waited for the table during verification".into());
            }
            Err(e) => return e,
        }
    }
}

/// Begins a transaction in each session, both with one snapshot.
async fn share_snapshot(worker: &Session, helper: &Session) -> Result<()> {
    let begin = format!("{READ_ONLY}; {}", sql::BY_HASH);
    worker.batch_execute(&begin).await.map_err(Error::sql("BEGIN"))?;
    let row = worker
        .query_one("SELECT pg_catalog.pg_export_snapshot()", &[])
        .await
        .map_err(Error::sql("exporting the snapshot"))?;
    let snapshot = crate::names::literal(row.get(0));
    helper
        .batch_execute(&format!("{begin}; SET TRANSACTION SNAPSHOT {snapshot}"))
        .await
        .map_err(Error::sql("importing the snapshot"))
}

async fn compare(run: &Run<'_>, helper: &Session) -> Result<u64> {
    let worker = &run.sessions.worker;
    let as_text: Vec<String> = worker
        .query_typed(sql::UNHASHABLE, &[(&run.subject.oid, Type::OID)])
        .await
        .map_err(Error::sql("looking for hash functions"))?
        .iter()
        .map(|r| r.get(0))
        .collect();
    if let Err(e) = share_snapshot(worker, helper).await {
        let _ = tokio::join!(rollback(worker), rollback(helper));
        return Err(e);
    }
    let original = sql::checksum(&run.subject, &run.subject.table.sql(), &as_text);
    let shadow = sql::checksum(&run.subject, &run.subject.shadow().sql(), &as_text);
    // If one fails there is no point in the other going on, but it is waited for.
    let stop = run.control.stop.child_token();
    let half = async |session: &Session, statement: &str| {
        let result = interruptible(&stop, session, checksum(session, statement)).await;
        if result.is_err() {
            stop.cancel();
        }
        // Whichever half is done first shall not sit idle with its snapshot.
        let _ = rollback(session).await;
        result
    };
    // The worker has written the shadow, or most of it, unless the run was resumed: its pages are mapped
    // into the worker's backend already.
    let both = async { tokio::join!(half(helper, &original), half(worker, &shadow)) };
    tokio::pin!(both);
    let (halves, why) = tokio::select! {
        halves = &mut both => (halves, None),
        why = in_the_way(run) => {
            stop.cancel();
            (both.await, Some(why))
        }
    };
    let compared = match (halves, why) {
        ((Ok(a), Ok(b)), _) => Ok((a, b)),
        (_, Some(why)) => Err(why),
        ((Err(Error::Interrupted), Err(e)) | (Err(e), _) | (_, Err(e)), None) => Err(e),
    };
    if compared.is_err() {
        // It takes a request to cancel that comes late, so that the next statement does not.
        let _ = tokio::join!(rollback(worker), rollback(helper));
    }
    let (original, shadow) = compared?;
    if original != shadow {
        return Err(Error::Mismatch {
            table: run.subject.table.clone(),
            difference: format!(
                "the table has {} rows with checksum {}, the shadow {} rows with checksum {}",
                original.0, original.1, shadow.0, shadow.1
            ),
        });
    }
    run.progress(original.0, original.0, original.0, 0);
    Ok(original.0)
}

async fn checksum(client: &Client, statement: &str) -> Result<(u64, String)> {
    let row = client.query_one(statement, &[]).await.map_err(Error::sql("verifying the copy"))?;
    Ok((u64::try_from(row.get::<_, i64>(0)).unwrap_or(0), row.get(1)))
}
