//! Capture: attaching the triggers to the table, and taking them off again.

use super::context::Run;
use super::fingerprint;
use super::patience::patiently;
use crate::catalog::Describer;
use crate::error::{Error, Result};
use crate::failpoint::{ABORT_DETACH, At, CAPTURE_ATTACH};
use crate::names::RunNames;
use crate::pg::lock::{self, Mode};
use crate::pg::{Session, settings};
use crate::sql::capture as sql;

/// Attaches capture. CREATE TRIGGER's SHARE ROW EXCLUSIVE lock waits out every writer, so that
/// after its commit each change is either visible to every later snapshot or has its key in the log.
pub async fn attach(run: &mut Run<'_>) -> Result<()> {
    let statement = sql::attach(&run.subject);
    let expected = run.subject.description.clone();
    let oid = run.subject.oid;
    let table = run.subject.table.clone();
    let describer = Describer::prepare(run.sessions.worker.client()).await?;
    patiently(run, &[oid], Mode::ShareRowExclusive, "attaching capture", async |worker, timeout| {
        lock::take(worker, &table.sql(), Mode::ShareRowExclusive, timeout).await?;
        // The table is what was looked at, or somebody was faster than us.
        let now = describer.describe(worker.client(), oid).await?;
        fingerprint::compare(&table, &expected, now.as_ref())?;
        worker.batch_execute(&statement).await.map_err(Error::sql("CREATE TRIGGER"))
    })
    .at(CAPTURE_ATTACH)
    .await
}

/// Takes capture off, wherever the table is now. Nothing to do if the table is gone.
pub async fn detach(run: &mut Run<'_>) -> Result<()> {
    let oid = run.subject.oid;
    let worker = &run.sessions.worker;
    let Some(found) = crate::catalog::lookup::by_oid(worker.client(), oid).await? else {
        return Ok(());
    };
    if !is_attached(worker, oid).await? {
        return Ok(());
    }
    // The table may have another owner by now than the run.
    settings::become_role(worker, &owner(worker, oid).await?).await?;
    let table = found.name.sql();
    let statement = sql::detach(&table, &run.subject.names);
    let result = patiently(
        run,
        &[oid],
        Mode::AccessExclusive,
        "taking capture off",
        async |worker, timeout| {
            lock::take(worker, &table, Mode::AccessExclusive, timeout).await?;
            worker.batch_execute(&statement).await.map_err(Error::sql("DROP TRIGGER"))
        },
    )
    .at(ABORT_DETACH)
    .await;
    settings::become_role(&run.sessions.worker, &run.journal.owner).await?;
    result
}

async fn owner(session: &Session, oid: u32) -> Result<String> {
    let row = session
        .query_one(
            "SELECT pg_catalog.pg_get_userbyid(relowner)::text FROM pg_catalog.pg_class WHERE oid = $1",
            &[&oid],
        )
        .await
        .map_err(Error::sql("looking for the table's owner"))?;
    Ok(row.get(0))
}

/// Whether a trigger of ours is on the table.
pub async fn is_attached(session: &Session, oid: u32) -> Result<bool> {
    use tokio_postgres::types::Type;
    let names: &[String] = &RunNames::new(oid).triggers();
    let row = session
        .query_typed_one(
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_trigger WHERE tgrelid = $1 AND tgname = ANY ($2))",
            &[(&oid, Type::OID), (&names, Type::TEXT_ARRAY)],
        )
        .await
        .map_err(Error::sql("looking for the capture triggers"))?;
    Ok(row.get(0))
}
