//! One attempt, against the stopwatch.

use super::{Cutover, Failed};
use crate::config::OldSnapshots;
use crate::engine::access::{self, Held};
use crate::engine::context::Run;
use crate::engine::patience::BEGIN_BRIEF;
use crate::engine::snapshots::{self, Mark};
use crate::engine::{exchange, last_drain, matviews, spans};
use crate::error::{Error, Result};
use crate::failpoint::{At, CHECK, EXCLUDE_ALL, EXCLUDE_WRITERS, LAST_DRAIN};
use crate::job::Measure;
use crate::pg::lock;
use crate::pg::rollback;
use std::time::{Duration, Instant};

/// Attempts that readers have to outstay before others are tried that let them end first.
const PATIENT_READERS: u32 = 4;

/// What is kept of the budget for the exchange itself when waiting for ACCESS EXCLUSIVE. On a
/// table with a dozen columns it takes some ten milliseconds.
const RESERVE: Duration = Duration::from_millis(40);

/// Attempts that are given up when somebody waits for the table, if functions with bodies in standard
/// SQL name it: he may be in one, and would come to the old table (see [`crate::sql::capture::close`]).
const UNWAITED: u32 = 24;

impl Cutover {
    /// One attempt. Rolls back and lets everybody go if it does not come through.
    pub(super) async fn attempt(
        &mut self,
        run: &mut Run<'_>,
        drained: &Mark,
    ) -> Result<(), Failed> {
        let result = self.locked(run, drained).await;
        match result {
            Ok(()) => Ok(()),
            Err((error, stopwatch)) => {
                if let Failed::Error(Error::CutoverUnknown { .. }) = error {
                    return Err(error);
                }
                let rolled_back = rollback(&run.sessions.holder).await;
                if let Some(started) = stopwatch {
                    self.held = started.elapsed();
                    waited(run, started);
                }
                // What was found out about the exchange counts, not that the session that died at it
                // cannot roll back either.
                if let Failed::Later(_) | Failed::NotExact = error {
                    rolled_back.map_err(Failed::Error)?;
                }
                Err(error)
            }
        }
    }

    async fn locked(
        &mut self,
        run: &mut Run<'_>,
        drained: &Mark,
    ) -> Result<(), (Failed, Option<Instant>)> {
        // Longer than the holder can be idle while the worker drains, and no more.
        let brief = format!(
            "{BEGIN_BRIEF}; SET LOCAL idle_in_transaction_session_timeout = {}; SET LOCAL statement_timeout = {}",
            (self.budget * 4).as_millis().max(2000),
            self.budget.as_millis().max(1)
        );
        let begin = run.sessions.holder.batch_execute(&brief).await;
        begin.map_err(|e| (Failed::from(Error::sql("BEGIN")(e)), None))?;
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
        let step = |name: &str| {
            tracing::debug!(ms = started.elapsed().as_secs_f64() * 1000.0, "{name}");
        };
        let wait = left(RESERVE)?.min(run.job.settings.lock_wait());
        let kept_out = self.met.kept_out;
        let readers_first = kept_out >= PATIENT_READERS && kept_out.is_multiple_of(2);
        let others_first = kept_out % 4 >= 2;
        let (neighbours, met) = (&self.neighbours, &mut self.met);
        let taken = if readers_first {
            access::exclude_all(run, neighbours, Held::Nothing, met, wait).at(EXCLUDE_ALL).await
        } else {
            access::exclude_writers(run, neighbours, others_first, met, wait)
                .at(EXCLUDE_WRITERS)
                .await
        };
        if let Err(e) = taken {
            self.met.kept_out += u32::from(readers_first || !self.neighbours.is_empty());
            return Err(at(e));
        }
        step("writers are out");
        // After ACCESS EXCLUSIVE readers are waiting already: nothing may be missing then, unless
        // the operator would rather have the cutover than wait.
        let relaxed = run.job.settings.old_snapshots == OldSnapshots::Proceed;
        let carried = relaxed && last_drain::can_carry(&run.subject);
        let exact = self.exact_left > 0 || readers_first && !carried;
        let limit = left(RESERVE)?;
        let last =
            last_drain::run(run, exact, readers_first, limit).at(LAST_DRAIN).await.map_err(at)?;
        let mark = match last {
            last_drain::Last::Empty => None,
            last_drain::Last::NotEmpty => return Err((Failed::NotExact, Some(started))),
            last_drain::Last::Done => Some(snapshots::mark(run).await.map_err(at)?),
        };
        let mark = mark.as_ref().unwrap_or(drained);
        step("the shadow is complete");
        if !readers_first {
            let limit = left(RESERVE)?.min(run.job.settings.lock_wait());
            let held = Held::Writers { all: others_first };
            if let Err(e) = access::exclude_all(run, &self.neighbours, held, &mut self.met, limit)
                .at(EXCLUDE_ALL)
                .await
            {
                self.met.kept_out += u32::from(e.is_lock());
                return Err(at(e));
            }
            step("readers are out");
        }
        let checked = {
            let holder = &run.sessions.holder;
            let work = self.checker.check(run, holder).at(CHECK);
            tokio::pin!(work);
            tokio::select! {
                checked = &mut work => checked,
                // Each statement has its bound, but there are many.
                () = tokio::time::sleep_until(deadline.into()) => match holder.cancel().await {
                    Ok(()) => work.await.and(Err(Error::LockWait("the budget was used up".into()))),
                    Err(e) => Err(e),
                },
            }
        };
        let now = checked.map_err(at)?;
        if let Some(why) = matviews::stale(run, &now.matviews) {
            return Err((Failed::Later(why), Some(started)));
        }
        step("the table is what it was");

        if !self.proceeds(run) {
            loop {
                let old = snapshots::old(run, mark, drained, &self.neighbours, !readers_first)
                    .await
                    .map_err(at)?;
                let Some(first) = old.first() else { break };
                if left(RESERVE).is_err() {
                    self.old_since.get_or_insert_with(Instant::now);
                    return Err((Failed::Later(first.to_string()), Some(started)));
                }
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
        }
        self.old_since = None;
        step("no old snapshot is left");
        if self.met.kept_out < UNWAITED
            && !now.table.attached.functions.is_empty()
            && lock::is_waited_for(&run.sessions.observer, run.subject.oid).await.map_err(at)?
        {
            self.met.kept_out += 1;
            let why = "somebody waits for the table, perhaps in a function that is bound to it";
            return Err((Failed::Later(why.into()), Some(started)));
        }
        let left = left(Duration::ZERO)?;
        let exchange = exchange::run(run, &self.checker.describer, &now, left);
        spans::within(spans::exchange(), exchange).await.map_err(at)?;
        step("exchanged");
        matviews::report(run);
        waited(run, started);
        Ok(())
    }
}

/// Records how long anyone can have waited in an attempt.
fn waited(run: &mut Run<'_>, started: Instant) {
    let waited = started.elapsed();
    run.measured(Measure::Waited(waited));
    let figures = &mut run.journal.state.figures;
    figures.longest_wait_ms = figures.longest_wait_ms.max(waited.as_secs_f64() * 1000.0);
}
