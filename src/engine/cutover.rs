//! The cutover: exchanging shadow and table in the first quiet moment, within the budget.
//!
//! An attempt begins only when nobody who would make it wait has been holding for long. From the
//! first lock on, a stopwatch runs against the budget; whatever does not fit ends in ROLLBACK, and
//! after a pause comes the next attempt. The steps follow one another as in
//! [`attempt`](Cutover::attempt).

use super::capture::LOOK_GAP;
use super::context::Run;
use super::drain::{self, OnTruncate};
use super::exchange;
use super::fingerprint;
use super::snapshots::{self, Mark, Old};
use crate::config::{Blockers, OldSnapshots};
use crate::error::{Error, Result};
use crate::pg::lock::{self, Backoff, Holder, Mode};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Attempts that insist on an empty log under the lock. Then there is no last drain, and the
/// exchange is exact for every snapshot; a busy table never gets there.
const EXACT_ATTEMPTS: u32 = 3;

/// What is kept of the budget for the exchange itself when waiting for ACCESS EXCLUSIVE. On a
/// table with a dozen columns it takes some ten milliseconds.
const RESERVE: Duration = Duration::from_millis(40);

/// The longest pause after a look that found somebody in the way. Looking holds nobody up, and on a
/// busy table quiet moments are short, so it is only attempts that the growing pauses are for.
const LOOK_PAUSE: Duration = Duration::from_millis(250);

/// How long SHARE UPDATE EXCLUSIVE may be waited for. It conflicts with no reader or writer, so
/// waiting harms nobody; an autovacuum worker gives way after `deadlock_timeout`.
const VACUUM_PATIENCE: Duration = Duration::from_secs(5);

/// Why an attempt did not come through.
enum Failed {
    /// Try again later.
    Later(String),
    /// The log was not empty under the lock; try again at once.
    NotExact,
    /// No use in trying again.
    Error(Error),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        use tokio_postgres::error::SqlState;
        if error.is_lock() || error.is(&SqlState::QUERY_CANCELED) {
            Self::Later(error.to_string())
        } else {
            Self::Error(error)
        }
    }
}

/// The state of the attempts.
struct Cutover {
    budget: Duration,
    began: Instant,
    exact_left: u32,
    /// Since when old snapshots have been the only thing in the way.
    old_since: Option<Instant>,
    /// Since when each transaction has been seen holding.
    seen: HashMap<String, Instant>,
    last: String,
}

/// Tries until the exchange is committed or `cutover_wait` is over.
pub async fn run(run: &mut Run<'_>) -> Result<()> {
    let mut cutover = Cutover {
        budget: budget(run).await?,
        began: Instant::now(),
        exact_left: EXACT_ATTEMPTS,
        old_since: None,
        seen: HashMap::new(),
        last: "it was not tried".to_owned(),
    };
    // Checked once without a lock, so that a change of last week is not found after half an hour
    // of waiting for a quiet moment.
    fingerprint::check(run, run.sessions.observer.client()).await?;
    let mut looks = Backoff::new(run.control.seed, LOOK_PAUSE / 4, LOOK_PAUSE);
    loop {
        run.check_stop()?;
        drain::until_short(run).await?;
        let pause = match cutover.look(run).await? {
            Ok(mark) => {
                let figures = &mut run.journal.state.figures;
                figures.attempts += 1;
                let attempts = figures.attempts;
                tracing::debug!(attempt = attempts, "cutover attempt");
                match cutover.attempt(run, &mark).await {
                    Ok(()) => return Ok(()),
                    Err(Failed::Error(e)) => return Err(e),
                    Err(Failed::NotExact) => {
                        cutover.exact_left -= 1;
                        continue;
                    }
                    Err(Failed::Later(why)) => cutover.last = why,
                }
                run.backoff.step()
            }
            Err(why) => {
                cutover.last = why;
                looks.step()
            }
        };
        if let Some(since) = cutover.old_since
            && since.elapsed() > run.job.settings.old_snapshots_wait
            && run.job.settings.old_snapshots == OldSnapshots::Wait
        {
            return Err(cutover.given_up(run));
        }
        if cutover.began.elapsed() > run.job.settings.cutover_wait {
            return Err(cutover.given_up(run));
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = run.control.stop.cancelled() => {}
        }
    }
}

/// The budget, kept below the time after which the server looks for deadlocks: until then nobody
/// who waits for us, and for whom we wait, can be chosen as the victim.
async fn budget(run: &mut Run<'_>) -> Result<Duration> {
    let row = run
        .sessions
        .observer
        .query_one(
            "SELECT setting::int8 FROM pg_catalog.pg_settings WHERE name = 'deadlock_timeout'",
            &[],
        )
        .await
        .map_err(Error::sql("reading deadlock_timeout"))?;
    let deadlock = Duration::from_millis(u64::try_from(row.get::<_, i64>(0)).unwrap_or(1000));
    let most = deadlock.mul_f64(0.8);
    let wanted = run.job.settings.cutover_budget;
    if wanted > most {
        run.note(format!(
            "cutover_budget {} ms is held to {} ms, below the server's deadlock_timeout",
            wanted.as_millis(),
            most.as_millis()
        ));
    }
    Ok(wanted.min(most))
}

impl Cutover {
    fn given_up(&self, run: &Run<'_>) -> Error {
        Error::NoCutover {
            table: run.subject.table.clone(),
            attempts: run.journal.state.figures.attempts,
            seconds: self.began.elapsed().as_secs(),
            last: self.last.clone(),
        }
    }

    /// Looks before locking. Either says who is in the way, or returns a mark taken after the last
    /// drain.
    async fn look(&mut self, run: &mut Run<'_>) -> Result<Result<Mark, String>> {
        let own = run.own_pids();
        let relations = relations(run).await?;
        let held = lock::long_holders(
            &run.sessions.observer,
            &relations,
            Mode::AccessExclusive,
            &own,
            LOOK_GAP,
        )
        .await?;
        if !held.is_empty() {
            self.old_since = None;
            self.deal_with(run, &held).await?;
            return Ok(Err(held.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")));
        }
        self.seen.clear();
        drain::once(run, None, OnTruncate::Void).await?;
        let mark = snapshots::mark(run).await?;
        if self.proceeds(run) {
            return Ok(Ok(mark));
        }
        // A snapshot that is older than this drain and still there a moment later is a long one.
        let old = snapshots::old(run, &mark, &mark).await?;
        if !old.is_empty() {
            tokio::time::sleep(LOOK_GAP).await;
            let still = snapshots::old(run, &mark, &mark).await?;
            let long: Vec<&Old> = still.iter().filter(|s| old.contains(s)).collect();
            if let Some(first) = long.first() {
                self.old_since.get_or_insert_with(Instant::now);
                return Ok(Err(first.to_string()));
            }
        }
        self.old_since = None;
        Ok(Ok(mark))
    }

    /// Whether old snapshots have been waited for long enough and do not count any more.
    fn proceeds(&self, run: &mut Run<'_>) -> bool {
        let settings = &run.job.settings;
        let over =
            self.old_since.is_some_and(|since| since.elapsed() > settings.old_snapshots_wait);
        if settings.old_snapshots == OldSnapshots::Proceed && over {
            run.note("an old snapshot was still open at the cutover (old_snapshots = proceed): a REPEATABLE READ transaction from before may have missed rows");
            true
        } else {
            false
        }
    }

    /// Cancels or ends those who hold a lock for longer than `lock_timeout`, if told to.
    async fn deal_with(&mut self, run: &mut Run<'_>, held: &[Holder]) -> Result<()> {
        let function = match run.job.settings.blockers {
            Blockers::Nothing => return Ok(()),
            Blockers::CancelQuery => "pg_cancel_backend",
            Blockers::KillQuery => "pg_terminate_backend",
        };
        let patience = run.job.settings.lock_timeout.unwrap_or(self.budget);
        self.seen.retain(|t, _| held.iter().any(|h| h.transaction == *t));
        for holder in held {
            let since = *self.seen.entry(holder.transaction.clone()).or_insert_with(Instant::now);
            let Some(pid) = holder.pid else { continue };
            if since.elapsed() < patience {
                continue;
            }
            // Only if it is still the same transaction.
            let asked = run
                .sessions
                .observer
                .query_opt(
                    &format!(
                        "SELECT pg_catalog.{function}(l.pid) FROM pg_catalog.pg_locks l
                         WHERE l.locktype = 'virtualxid' AND l.granted AND l.virtualxid = $1 AND l.pid = $2"
                    ),
                    &[&holder.transaction, &pid],
                )
                .await;
            match asked {
                Ok(_) => run.note(format!(
                    "{function}({pid}): it held {} in the cutover's way",
                    holder.mode
                )),
                Err(e) if e.code().is_some() => {
                    run.note(format!("{function}({pid}) was refused: {}", Error::sql("it")(e)));
                }
                Err(e) => return Err(Error::sql("dealing with a blocker")(e)),
            }
        }
        Ok(())
    }

    /// One attempt. Rolls back and lets everybody go if it does not come through.
    async fn attempt(&mut self, run: &mut Run<'_>, drained: &Mark) -> Result<(), Failed> {
        let result = self.locked(run, drained).await;
        match result {
            Ok(()) => Ok(()),
            Err((error, stopwatch)) => {
                if let Failed::Error(Error::CutoverUnknown { .. }) = error {
                    return Err(error);
                }
                let rolled_back = run.sessions.holder.batch_execute("ROLLBACK").await;
                if let Some(started) = stopwatch {
                    waited(run, started);
                }
                rolled_back
                    .map_err(Error::sql("ROLLBACK of a cutover attempt"))
                    .map_err(Failed::Error)?;
                Err(error)
            }
        }
    }

    async fn locked(
        &mut self,
        run: &mut Run<'_>,
        drained: &Mark,
    ) -> Result<(), (Failed, Option<Instant>)> {
        let table = run.subject.table.sql();
        let early = |e: Error| (Failed::from(e), None);
        // Should this process freeze with the locks held, the server ends its session.
        run.sessions.holder.batch_execute("BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL idle_in_transaction_session_timeout = '2s'").await.map_err(|e| early(Error::sql("BEGIN")(e)))?;
        lock::take(&run.sessions.holder, &table, Mode::ShareUpdateExclusive, VACUUM_PATIENCE)
            .await
            .map_err(early)?;
        // From here on DDL may be waiting for us, and readers behind it.
        let started = Instant::now();
        let at = |e: Error| (Failed::from(e), Some(started));
        let deadline = started + self.budget;
        let left = |reserve: Duration| {
            let left = deadline.saturating_duration_since(Instant::now()).saturating_sub(reserve);
            if left.is_zero() {
                Err((Failed::Later("the budget was used up".into()), Some(started)))
            } else {
                Ok(left)
            }
        };
        let now = fingerprint::check(run, run.sessions.holder.client()).await.map_err(at)?;
        let lock_wait = run.job.settings.lock_wait();
        lock::take(
            &run.sessions.holder,
            &table,
            Mode::ShareRowExclusive,
            left(RESERVE)?.min(lock_wait),
        )
        .await
        .map_err(at)?;

        // Nobody writes any more. What is in the log now is all that is missing.
        let last = tokio::time::timeout(left(RESERVE)?, last_drain(run, self.exact_left > 0)).await;
        let mark = match last {
            Ok(Ok(mark)) => mark,
            Ok(Err(failed)) => return Err((failed, Some(started))),
            Err(_) => {
                // Writers go first; then the drain is stopped and waited for.
                let _ = run.sessions.holder.batch_execute("ROLLBACK").await;
                waited(run, started);
                settle(run).await.map_err(|e| (Failed::Error(e), None))?;
                return Err((Failed::Later("the last drain did not fit the budget".into()), None));
            }
        };
        let mark = mark.as_ref().unwrap_or(drained);

        lock::take(
            &run.sessions.holder,
            &table,
            Mode::AccessExclusive,
            left(RESERVE)?.min(lock_wait),
        )
        .await
        .map_err(at)?;
        if !self.proceeds(run) {
            loop {
                let old = snapshots::old(run, mark, drained).await.map_err(at)?;
                let Some(first) = old.first() else { break };
                if left(RESERVE).is_err() {
                    self.old_since.get_or_insert_with(Instant::now);
                    return Err((Failed::Later(first.to_string()), Some(started)));
                }
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
        }
        self.old_since = None;
        exchange::run(run, &now, left(Duration::ZERO)?).await.map_err(at)?;
        waited(run, started);
        Ok(())
    }
}

/// The last drain, under the lock that keeps writers out. Returns a mark if there was anything.
async fn last_drain(run: &mut Run<'_>, exact: bool) -> Result<Option<Mark>, Failed> {
    if exact {
        let row = run
            .sessions
            .worker
            .query_one(&crate::sql::drain::waiting(&run.subject, 0, 1), &[])
            .await
            .map_err(|e| Failed::Error(Error::sql("looking at the key log")(e)))?;
        if row.get::<_, i64>(0) > 0 {
            return Err(Failed::NotExact);
        }
        // A marker has no key, but is a log row too: the count above covers it.
        return Ok(None);
    }
    let drained = drain::once(run, None, OnTruncate::Fail).await?;
    if drained.rows == 0 {
        return Ok(None);
    }
    Ok(Some(snapshots::mark(run).await?))
}

/// Stops whatever the worker's session is doing and leaves it outside any transaction.
async fn settle(run: &Run<'_>) -> Result<()> {
    let worker = &run.sessions.worker;
    for _ in 0..20 {
        worker.cancel().await?;
        let rollback = worker.batch_execute("ROLLBACK");
        if let Ok(result) = tokio::time::timeout(Duration::from_millis(500), rollback).await {
            match result {
                Ok(()) => return Ok(()),
                // The cancel request may have hit the ROLLBACK itself.
                Err(e) if e.code().is_some() => {}
                Err(e) => return Err(Error::sql("ROLLBACK")(e)),
            }
        }
    }
    Err(Error::Other(format!("a drain of {} does not end", run.subject.table)))
}

/// Records how long anyone can have waited in an attempt.
fn waited(run: &mut Run<'_>, started: Instant) {
    let figures = &mut run.journal.state.figures;
    figures.longest_wait_ms = figures.longest_wait_ms.max(started.elapsed().as_secs_f64() * 1000.0);
}

/// The table and the sequences that the exchange alters.
async fn relations(run: &Run<'_>) -> Result<Vec<u32>> {
    let rows = run
        .sessions
        .observer
        .query(
            "SELECT d.objid FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class c ON c.oid = d.objid AND c.relkind = 'S'
             WHERE d.refclassid = 'pg_catalog.pg_class'::regclass AND d.classid = 'pg_catalog.pg_class'::regclass
               AND d.refobjid = $1 AND d.deptype IN ('a', 'i')",
            &[&run.subject.oid],
        )
        .await
        .map_err(Error::sql("looking for the table's sequences"))?;
    Ok(std::iter::once(run.subject.oid).chain(rows.iter().map(|r| r.get(0))).collect())
}
