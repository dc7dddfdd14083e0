//! The purge: takes out of the shadow every row whose key was touched during the copy.
//!
//! Such a row may be there never, once or twice, in any version. Whatever made a second version
//! was committed before the chunk that copied it, so its key is in the log by the time the copy has
//! ended; the log is kept meanwhile. Afterwards no key is in the shadow twice, the key's unique
//! index can be built, and everything missing is in the log.
//!
//! It goes by page ranges, because one statement over a large shadow would hold its snapshot for
//! as long as that takes.

use super::chunks::{Chunks, PAGE};
use super::context::Run;
use super::copy::pages;
use super::spans::Stretches;
use super::{drain, throttle};
use crate::error::{Error, Result};
use crate::failpoint::{At, PURGE_RANGE, VACUUM};
use crate::names::literal;
use crate::pg::{READ_COMMITTED, Session, transaction};
use crate::sql::{copy as sql, drain as drain_sql};
use std::time::Instant;
use tracing::Instrument;

/// Runs the whole purge. A crash repeats it from the start.
pub async fn run(run: &mut Run<'_>) -> Result<()> {
    // A TRUNCATE voids all that was copied. Nothing else is drained yet: a limit of no rows.
    while drain::once(run, Some(0)).await?.truncated {}
    let worker = &run.sessions.worker;
    worker
        .batch_execute(&format!("ANALYZE {}", run.subject.log()))
        .await
        .map_err(Error::sql("ANALYZE of the key log"))?;
    let row = worker
        .query_one(
            &format!(
                "SELECT pg_catalog.pg_relation_size({}::pg_catalog.regclass)",
                literal(&run.subject.log())
            ),
            &[],
        )
        .await
        .map_err(Error::sql("measuring the key log"))?;
    let log_pages = u64::try_from(row.get::<_, i64>(0)).unwrap_or(0) / PAGE;
    let waiting = worker
        .query_one(&drain_sql::waiting(&run.subject, run.floor.id(), 1), &[])
        .await
        .map_err(Error::sql("looking at the key log"))?;
    if waiting.get::<_, i64>(0) == 0 {
        return Ok(());
    }
    let total = pages(worker, run.journal.shadow_oid).await?;
    // Each range reads the whole log once.
    let mut chunks =
        Chunks::new(total, vec![], run.job.settings.chunk_time).at_least((log_pages * 4).max(2048));
    let mut purged = 0;
    let mut stretches = Stretches::ranges();
    while let Some((first, past)) = chunks.take() {
        run.check_stop()?;
        throttle::pass(run, &run.sessions.worker, &run.control.stop).await?;
        let started = Instant::now();
        let statement = sql::purge(&run.subject, first, past);
        let rows = transaction(&run.sessions.worker, READ_COMMITTED, async |client| {
            client.execute(&statement, &[]).await.map_err(Error::sql("purging the shadow"))
        })
        .at(PURGE_RANGE)
        .instrument(stretches.span())
        .await?;
        purged += rows;
        stretches.add(past - first, rows);
        chunks.learn(past - first, started.elapsed());
        run.progress(past, total, purged, past * PAGE);
    }
    if purged == 0 {
        return Ok(());
    }
    // While there is no index to clean.
    vacuum(run).await
}

/// Makes free space usable and the visibility map true.
pub async fn vacuum(run: &Run<'_>) -> Result<()> {
    tidy(&run.sessions.worker, run, false).await
}

/// The same with any session, for a shadow that is read meanwhile: without the truncation of the
/// file, for which VACUUM would wait for its readers.
pub fn tidy<'s>(
    session: &'s Session,
    run: &Run<'_>,
    analyze: bool,
) -> impl Future<Output = Result<()>> + use<'s> {
    let command =
        if analyze { "VACUUM (ANALYZE, TRUNCATE false)" } else { "VACUUM (TRUNCATE false)" };
    let statement = format!("{command} {}", run.subject.shadow().sql());
    let stop = run.control.stop.clone();
    async move {
        let work = async {
            session.batch_execute(&statement).await.map_err(Error::sql("VACUUM of the shadow"))
        };
        super::context::interruptible(&stop, session, work).at(VACUUM).await
    }
}
