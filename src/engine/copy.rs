//! The copy: chunk after chunk, each with its record in the same transaction.

use super::chunks::{Chunks, PAGE};
use super::context::{Run, first_error};
use super::drain;
use super::patience::persistently;
use super::spans::Stretches;
use super::throttle;
use crate::error::{Error, Result};
use crate::failpoint::{At, COPY_CHUNK, COPY_PAGES};
use crate::pg::Session;
use crate::sql::{Subject, copy as sql};
use futures_util::future::join_all;
use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};
use tracing::Instrument;

/// How often one chunk is tried when it meets a lock or a deadlock.
const TRIES: u32 = 20;

/// How long to wait before the next try.
const PAUSE: Duration = Duration::from_millis(250);

/// Copies what no earlier chunk has. The number of pages is taken once capture is on: rows that
/// came to later pages since are in the log.
pub async fn run(run: &mut Run<'_>) -> Result<()> {
    if run.journal.state.pages.is_none() {
        // In this order: a rewrite in between is found out, not missed.
        run.journal.state.filenode = drain::filenode(run).await?;
        run.journal.state.pages = Some(pages(&run.sessions.worker, run.subject.oid).await?);
        run.journal.save(run.sessions.worker.client()).at(COPY_PAGES).await?;
    }
    let total = run.journal.state.pages.unwrap_or(0);
    let (done, rows_before) = recorded(&run.sessions.worker, &run.subject).await?;
    let chunks = RefCell::new(Chunks::new(total, done, run.job.settings.chunk_time));
    let mut helpers = Vec::new();
    for _ in 1..run.job.settings.copy_jobs.max(1) {
        helpers.push(run.open_helper().await?);
    }
    let rows = Cell::new(rows_before);
    let finished = Cell::new(total - chunks.borrow().left());
    // One failure stops the other copiers too, each at the end of its chunk.
    let stop = run.control.stop.child_token();
    let shared = &*run;
    let copier = async |session: &Session| -> Result<()> {
        let mut stretches = Stretches::chunks();
        while !stop.is_cancelled() {
            if let Err(e) = throttle::pass(shared, session, &stop).await {
                stop.cancel();
                return Err(e);
            }
            let Some((first, past)) = chunks.borrow_mut().take() else { return Ok(()) };
            let started = Instant::now();
            let work = chunk(session, &shared.subject, first, past);
            match work.instrument(stretches.span()).await {
                Ok(copied) => {
                    rows.set(rows.get() + copied);
                    stretches.add(past - first, copied);
                }
                Err(e) => {
                    stop.cancel();
                    return Err(e);
                }
            }
            chunks.borrow_mut().learn(past - first, started.elapsed());
            finished.set(finished.get() + past - first);
            shared.progress(finished.get(), total, rows.get(), finished.get() * PAGE);
        }
        Err(Error::Interrupted)
    };
    let sessions = std::iter::once(&shared.sessions.worker).chain(&helpers);
    first_error(join_all(sessions.map(copier)).await)?;
    run.journal.state.figures.rows_copied = rows.get();
    Ok(())
}

async fn chunk(session: &Session, subject: &Subject, first: u64, past: u64) -> Result<u64> {
    let record = subject.names.work_sql("chunk");
    let failed = || Error::sql(format!("copying pages {first} to {past} of {}", subject.table));
    let pause = || Ok(PAUSE);
    persistently(session, TRIES, pause, async |client| {
        let rows = client.execute(&sql::chunk(subject, first, past), &[]).await.map_err(failed())?;
        client
            .batch_execute(&format!("INSERT INTO {record} VALUES ({first}, {past}, {rows})"))
            .await
            .map_err(failed())?;
        Ok(rows)
    })
    .at(COPY_CHUNK)
    .await
}

/// The size of a relation in pages.
pub async fn pages(session: &Session, oid: u32) -> Result<u64> {
    let row = session
        .query_one(
            "SELECT pg_catalog.pg_relation_size($1::oid) / pg_catalog.current_setting('block_size')::int8",
            &[&oid],
        )
        .await
        .map_err(Error::sql("measuring the table"))?;
    Ok(row.get::<_, Option<i64>>(0).and_then(|p| u64::try_from(p).ok()).unwrap_or(0))
}

/// The chunks on record, and their rows.
async fn recorded(session: &Session, subject: &Subject) -> Result<(Vec<(u64, u64)>, u64)> {
    let rows = session
        .query(&format!("SELECT first, past, rows FROM {}", subject.names.work_sql("chunk")), &[])
        .await
        .map_err(Error::sql("reading the record of chunks"))?;
    let number = |row: &tokio_postgres::Row, i| u64::try_from(row.get::<_, i64>(i)).unwrap_or(0);
    let ranges = rows.iter().map(|r| (number(r, 0), number(r, 1))).collect();
    Ok((ranges, rows.iter().map(|r| number(r, 2)).sum()))
}
