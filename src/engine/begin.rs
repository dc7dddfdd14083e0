//! How every run begins: three sessions, and the lock that keeps a second runner away.

use super::context::{Job, Sessions, application_name};
use crate::catalog::lookup;
use crate::error::{Error, Result};
use crate::failpoint::{At, LOCK, Role};
use crate::pg::{Session, pooler, settings};
use crate::preflight;
use std::time::{Duration, Instant};
use tokio_postgres::types::Type;

/// First half of the advisory lock's key; the second is the table's OID. "rpkd" in ASCII.
const ADVISORY: i32 = 0x7270_6b64;

/// How often the advisory lock is asked for: the server takes a moment to notice that the session of
/// a runner that has ended is gone.
const LOCK_TRIES: u32 = 30;

/// The time between two of these.
const LOCK_PAUSE: Duration = Duration::from_millis(100);

/// How long to wait for the sessions of a repackd that died to be gone.
const ORPHAN_PATIENCE: Duration = Duration::from_secs(15);

/// Opens a session after making sure that sessions and writes are to be had here.
pub async fn first_session(job: &Job, name: &str) -> Result<Session> {
    pooler::refuse_transaction_pooling(&job.server).await?;
    let session = settings::open(&job.server, name).await?;
    preflight::refuse_read_only(&session, &job.server.describe()).await?;
    Ok(session)
}

/// Opens the sessions of the run of one table and takes its advisory lock.
pub async fn sessions(job: &Job, oid: u32, table: &str) -> Result<Sessions> {
    let name = application_name(oid);
    let holder = first_session(job, &name).await?;
    holder.expose(Role::Holder);
    lock(&holder, oid, table).at(LOCK).await?;
    let (worker, observer) =
        tokio::try_join!(settings::open(&job.server, &name), settings::open(&job.server, &name))?;
    holder.is_beside(&worker).await?;
    holder.is_beside(&observer).await?;
    worker.expose(Role::Worker);
    observer.expose(Role::Observer);
    let sessions = Sessions { holder, worker, observer };
    end_orphans(&sessions, &name).await?;
    Ok(sessions)
}

async fn lock(session: &Session, oid: u32, table: &str) -> Result<()> {
    let second = oid.cast_signed();
    for _ in 0..LOCK_TRIES {
        let row = session
            .query_typed_one(
                "SELECT pg_catalog.pg_try_advisory_lock($1, $2)",
                &[(&ADVISORY, Type::INT4), (&second, Type::INT4)],
            )
            .await
            .map_err(Error::sql("taking the advisory lock"))?;
        if row.get(0) {
            return Ok(());
        }
        tokio::time::sleep(LOCK_PAUSE).await;
    }
    let runner = runner(session, oid).await?;
    // An abort knows no name before it has read the journal.
    let named = lookup::by_oid(session.client(), oid).await?;
    let table = named.map_or_else(|| table.to_owned(), |found| found.name.to_string());
    let reason = match runner {
        Some(who) => {
            format!("another repackd is at work on it ({who}); wait for it, or stop it")
        }
        None => "another repackd was at work on it a moment ago; try again".to_owned(),
    };
    Err(Error::Busy { table, reason })
}

/// Who holds the advisory lock of a table, in words; `None` if no repackd is at work on it.
pub async fn runner(session: &Session, oid: u32) -> Result<Option<String>> {
    let row = session
        .query_typed_opt(
            "SELECT pg_catalog.format('server pid %s, from %s', l.pid,
                                      coalesce(host(a.client_addr), 'the server''s own host'))
             FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
             WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
               AND l.classid::int8 = $1 AND l.objid::int8 = $2
               AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
             LIMIT 1",
            &[(&i64::from(ADVISORY), Type::INT8), (&i64::from(oid), Type::INT8)],
        )
        .await
        .map_err(Error::sql("looking for a runner"))?;
    Ok(row.map(|r| r.get(0)))
}

/// Ends what an earlier repackd left running on the server: after a lost connection the server
/// goes on with the statement. Since the advisory lock is ours, nobody alive owns these sessions.
async fn end_orphans(sessions: &Sessions, name: &str) -> Result<()> {
    let own: Vec<i32> = [&sessions.holder, &sessions.worker, &sessions.observer]
        .iter()
        .map(|s| s.backend_pid())
        .collect();
    let deadline = Instant::now() + ORPHAN_PATIENCE;
    loop {
        let row = sessions
            .observer
            .query_typed_one(
                "SELECT count(*), coalesce(bool_and(pg_catalog.pg_terminate_backend(a.pid)), true)
                 FROM pg_catalog.pg_stat_activity a
                 WHERE a.datname = pg_catalog.current_database() AND a.usename = session_user
                   AND (a.application_name = $1 OR pg_catalog.starts_with(a.application_name, $1 || ' '))
                   AND a.pid <> ALL ($2)",
                &[(&name, Type::TEXT), (&own, Type::INT4_ARRAY)],
            )
            .await
            .map_err(Error::sql("ending the sessions of a repackd that died"))?;
        if row.get::<_, i64>(0) == 0 {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(Error::Other(
                "sessions of an earlier repackd are still at work on the server and cannot be ended: end them with pg_terminate_backend, then resume or abort".into(),
            ));
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
