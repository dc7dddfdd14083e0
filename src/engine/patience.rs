//! Taking a short strong lock without ever queueing behind a long holder, and trying again where
//! somebody's lock was in the way.

use super::context::Run;
use crate::error::{Error, Result, Verdict};
use crate::pg::lock::{self, Mode};
use crate::pg::{READ_COMMITTED, Session, transaction};
use std::time::{Duration, Instant};
use tokio_postgres::{Client, error::SqlState};

/// How far apart two looks at pg_locks are: a transaction seen in both is one to wait for.
pub const LOOK_GAP: Duration = Duration::from_millis(40);

/// How soon to look again when somebody was in the way. Looking costs nobody anything, and a quiet
/// moment may be short.
pub const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// How a transaction begins that holds locks others wait for. Should this process freeze or the
/// network fail then, the server ends its session.
pub const BEGIN_BRIEF: &str =
    "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL idle_in_transaction_session_timeout = '1s'";

/// Does `work` in a transaction that takes a lock of `mode` on `relations`: looks first, gives
/// `work` a short timeout for the lock, and backs off, for as long as `cutover_wait` allows. The
/// relations' first is the table or sequence that is locked.
pub async fn patiently(
    run: &mut Run<'_>,
    relations: &[u32],
    mode: Mode,
    what: &str,
    work: impl AsyncFn(&Session, Duration) -> Result<()>,
) -> Result<()> {
    let patience =
        if run.unstoppable { Duration::from_secs(10) } else { run.job.settings.cutover_wait };
    let deadline = Instant::now() + patience;
    let timeout = run.job.settings.lock_wait();
    loop {
        run.check_stop()?;
        let own = run.own_pids();
        let (worker, observer) = (&run.sessions.worker, &run.sessions.observer);
        let vacuum = lock::vacuum_gives_way(worker, observer, relations, &own).await?;
        let held = lock::long_holders(observer, relations, mode, &own, LOOK_GAP).await?;
        let (last, pause) = if let Some(vacuum) = vacuum {
            (vacuum, LOOK_AGAIN)
        } else if held.is_empty() {
            let done =
                transaction(worker, BEGIN_BRIEF, async |_| work(worker, timeout).await).await;
            match done {
                Ok(()) => return Ok(()),
                // XX000: somebody's GRANT has updated a catalog row first.
                // 57014: a request to cancel what was done before has come this late.
                Err(e)
                    if e.is_lock()
                        || e.is(&SqlState::INTERNAL_ERROR)
                        || e.is(&SqlState::QUERY_CANCELED) =>
                {
                    ("somebody began just then".to_owned(), run.backoff.step())
                }
                Err(e) => return Err(e),
            }
        } else {
            (held.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "), LOOK_AGAIN)
        };
        if Instant::now() >= deadline {
            return Err(Error::LockWait(format!(
                "{what}: no quiet moment on {} in {} s; the last one in the way: {last}",
                run.subject.table,
                patience.as_secs()
            )));
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = run.control.stop.cancelled(), if !run.unstoppable => {}
        }
    }
}

/// Does `work` in a transaction, up to `tries` times while a lock or a deadlock makes it fail.
/// `pause` says how long to wait before the next time; if it fails, that is the end.
pub async fn persistently<T>(
    session: &Session,
    tries: u32,
    mut pause: impl FnMut() -> Result<Duration>,
    work: impl AsyncFn(&Client) -> Result<T>,
) -> Result<T> {
    for _ in 1..tries {
        match transaction(session, READ_COMMITTED, &work).await {
            Err(e) if e.verdict() == Verdict::Retry => tokio::time::sleep(pause()?).await,
            other => return other,
        }
    }
    transaction(session, READ_COMMITTED, &work).await
}
