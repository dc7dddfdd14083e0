//! The last drain, while nobody can write.
//!
//! It must be committed before the exchange, or a snapshot taken in between would miss rows: so it is
//! the worker's, beside the holder's lock. Under ACCESS EXCLUSIVE the worker cannot read the table;
//! then the holder reads the few rows that are missing, and they pass through repackd as COPY data.

use super::context::Run;
use super::drain::{self, same_file};
use crate::error::{Error, Result};
use crate::pg::{REPEATABLE_READ, Session, transaction};
use crate::sql::{Subject, drain as sql};
use futures_util::{SinkExt, StreamExt, pin_mut};
use std::time::Duration;
use tokio_postgres::{Client, types::PgLsn};

/// What there was left to drain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Last {
    /// Nothing: the exchange is exact for every snapshot.
    Empty,
    /// Something, and it was left alone.
    NotEmpty,
    /// Something, and it is in the shadow now.
    Done,
}

/// Drains what is left, or only looks if `exact`; `carried` if the holder has to read the rows.
/// Should it take longer than `limit`, it is stopped on the server and rolled back.
pub async fn run(run: &mut Run<'_>, exact: bool, carried: bool, limit: Duration) -> Result<Last> {
    let result = bounded(run, exact, carried, limit).await;
    if !matches!(result, Ok((Last::Empty | Last::NotEmpty, _))) {
        run.shadow_writes += 1;
    }
    let (last, rows) = result?;
    run.journal.state.figures.rows_replayed += rows;
    Ok(last)
}

async fn bounded(
    run: &Run<'_>,
    exact: bool,
    carried: bool,
    limit: Duration,
) -> Result<(Last, u64)> {
    let (worker, holder) = (&run.sessions.worker, &run.sessions.holder);
    let floor = run.floor.id();
    let work = transaction(worker, REPEATABLE_READ, async |client| {
        batch(run, client, carried.then_some(holder), floor, exact).await
    });
    tokio::pin!(work);
    tokio::select! {
        result = &mut work => return result,
        () = tokio::time::sleep(limit) => {}
    }
    // Both ends: the worker may be waiting for what the holder reads.
    for _ in 0..20 {
        let _ = tokio::join!(worker.cancel(), holder.cancel());
        if tokio::time::timeout(Duration::from_millis(250), &mut work).await.is_ok() {
            return Err(Error::LockWait("the last drain did not fit the budget".into()));
        }
    }
    Err(Error::Other(format!("the last drain of {} does not end", run.subject.table)))
}

async fn batch(
    run: &Run<'_>,
    worker: &Client,
    reader: Option<&Session>,
    floor: PgLsn,
    exact: bool,
) -> Result<(Last, u64)> {
    let subject = &run.subject;
    let failed = || Error::sql("the last drain");
    let (markers, reach) = (sql::markers(subject), sql::reach(subject, floor, sql::ALL));
    let (markers, reach) =
        tokio::try_join!(worker.query_one(&markers, &[]), worker.query_one(&reach, &[]))
            .map_err(failed())?;
    let (truncate, filenode) = drain::markers(subject, &markers)?;
    if truncate.is_some() {
        return Err(Error::LockWait(format!("{} was truncated a moment ago", subject.table)));
    }
    same_file(run, filenode)?;
    let Some(hi) = reach.get::<_, Option<PgLsn>>(0) else { return Ok((Last::Empty, 0)) };
    if exact {
        return Ok((Last::NotEmpty, 0));
    }
    let [delete, insert, forget] = sql::batch(subject, floor, hi);
    let by_index = drain::BY_INDEX_ONLY;
    match reader {
        None => {
            let all = format!("{by_index}; {delete}; {insert}; {forget}");
            worker.batch_execute(&all).await.map_err(failed())?;
        }
        Some(reader) => {
            worker.batch_execute(&format!("{by_index}; {delete}")).await.map_err(failed())?;
            carry(subject, reader, worker, floor, hi).await?;
            worker.batch_execute(&forget).await.map_err(failed())?;
        }
    }
    Ok((Last::Done, u64::try_from(reach.get::<_, i64>(1)).unwrap_or(0)))
}

/// Whether every value survives being written as text and read again: xml loses its declaration.
pub fn can_carry(subject: &Subject) -> bool {
    subject.description.columns.iter().all(|c| !c.r#type.contains("xml"))
}

/// Carries the current rows of the logged keys from the holder's session to the worker's.
async fn carry(
    subject: &Subject,
    from: &Client,
    to: &Client,
    floor: PgLsn,
    hi: PgLsn,
) -> Result<()> {
    let failed = || Error::sql("carrying the last rows");
    from.batch_execute(drain::BY_INDEX_ONLY).await.map_err(failed())?;
    let (out, into) = sql::carry(subject, floor, hi);
    let rows = from.copy_out(&out).await.map_err(failed())?;
    let sink = to.copy_in(&into).await.map_err(failed())?;
    pin_mut!(rows, sink);
    while let Some(part) = rows.next().await {
        sink.send(part.map_err(failed())?).await.map_err(failed())?;
    }
    sink.finish().await.map_err(failed())?;
    Ok(())
}
