//! Capture: attaching the triggers to the table, and taking them off again.

use super::context::Run;
use crate::error::{Error, Result};
use crate::pg::lock::{self, Mode};
use crate::pg::{READ_COMMITTED, Session, settings, transaction};
use crate::sql::capture as sql;
use std::time::{Duration, Instant};

/// How far apart two looks at pg_locks are: a transaction seen in both is one to wait for.
pub const LOOK_GAP: Duration = Duration::from_millis(40);

/// Attaches capture. CREATE TRIGGER's SHARE ROW EXCLUSIVE lock waits out every writer, so that
/// after its commit each change is either visible to every later snapshot or has its key in the log.
pub async fn attach(run: &mut Run<'_>) -> Result<()> {
    let statement = sql::attach(&run.subject);
    let expected = run.subject.description.without_grants();
    let oid = run.subject.oid;
    let table = run.subject.table.clone();
    patiently(run, Mode::ShareRowExclusive, "attaching capture", async |worker, timeout| {
        transaction(worker, READ_COMMITTED, async |client| {
            lock::take(worker, &table.sql(), Mode::ShareRowExclusive, timeout).await?;
            // The table is what was looked at, or somebody was faster than us.
            let now = crate::catalog::describe(client, oid).await?;
            super::fingerprint::compare(&table, &expected, now.as_ref())?;
            client.batch_execute(&statement).await.map_err(Error::sql("CREATE TRIGGER"))
        })
        .await
    })
    .await
}

/// Takes capture off, wherever the table is now. Nothing to do if the table is gone.
pub async fn detach(run: &mut Run<'_>) -> Result<()> {
    let Some(found) =
        crate::catalog::lookup::by_oid(run.sessions.worker.client(), run.subject.oid).await?
    else {
        return Ok(());
    };
    if !is_attached(&run.sessions.worker, run.subject.oid).await? {
        return Ok(());
    }
    let statement = sql::detach(&found.name.sql(), run.subject.oid);
    // The table may have another owner by now than the run.
    let owner = owner(&run.sessions.worker, run.subject.oid).await?;
    settings::become_role(&run.sessions.worker, &owner).await?;
    let result =
        patiently(run, Mode::AccessExclusive, "taking capture off", async |worker, timeout| {
            transaction(worker, READ_COMMITTED, async |client| {
                lock::take(worker, &found.name.sql(), Mode::AccessExclusive, timeout).await?;
                client.batch_execute(&statement).await.map_err(Error::sql("DROP TRIGGER"))
            })
            .await
        })
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

/// Whether both triggers are on the table and fire always. Someone who disables the table's
/// triggers and enables them again, as a data-only restore does, leaves them firing but not always.
pub async fn is_unbroken(session: &Session, oid: u32) -> Result<bool> {
    use tokio_postgres::types::Type;
    let names: &[String] = &sql::triggers(oid);
    let row = session
        .query_typed_one(
            "SELECT count(*) FROM pg_catalog.pg_trigger WHERE tgrelid = $1 AND tgname = ANY ($2) AND tgenabled = 'A'",
            &[(&oid, Type::OID), (&names, Type::TEXT_ARRAY)],
        )
        .await
        .map_err(Error::sql("looking at the capture triggers"))?;
    Ok(row.get::<_, i64>(0) == 2)
}

/// Whether a trigger of ours is on the table.
pub async fn is_attached(session: &Session, oid: u32) -> Result<bool> {
    use tokio_postgres::types::Type;
    let names: &[String] = &sql::triggers(oid);
    let row = session
        .query_typed_one(
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_trigger WHERE tgrelid = $1 AND tgname = ANY ($2))",
            &[(&oid, Type::OID), (&names, Type::TEXT_ARRAY)],
        )
        .await
        .map_err(Error::sql("looking for the capture triggers"))?;
    Ok(row.get(0))
}

/// Takes a short strong lock on the table without ever queueing behind a long holder: looks first,
/// asks with a short timeout, and backs off, for as long as `cutover_wait` allows.
async fn patiently(
    run: &mut Run<'_>,
    mode: Mode,
    what: &str,
    work: impl AsyncFn(&Session, Duration) -> Result<()>,
) -> Result<()> {
    let deadline = Instant::now() + run.job.settings.cutover_wait;
    let timeout = run.job.settings.lock_wait();
    let oid = run.subject.oid;
    loop {
        run.check_stop()?;
        let own = run.own_pids();
        let held = lock::long_holders(&run.sessions.observer, &[oid], mode, &own, LOOK_GAP).await?;
        let last = if held.is_empty() {
            match work(&run.sessions.worker, timeout).await {
                Ok(()) => return Ok(()),
                Err(e) if e.is_lock() => "somebody began just then".to_owned(),
                Err(e) => return Err(e),
            }
        } else {
            held.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        };
        if Instant::now() >= deadline {
            return Err(Error::LockWait(format!(
                "{what}: no quiet moment on {} in {} s; the last one in the way: {last}",
                run.subject.table,
                run.job.settings.cutover_wait.as_secs()
            )));
        }
        tokio::time::sleep(run.backoff.step()).await;
    }
}
