//! The cutover: exchanging shadow and table in the first quiet moment, within the budget.
//!
//! An attempt begins only when nobody who would make it wait has been holding for long. Then a
//! stopwatch runs against the budget; whatever does not fit ends in ROLLBACK, and after a pause comes
//! the next attempt. Its steps:
//!
//! 1. SHARE ROW EXCLUSIVE, on the table's parents first: writers wait, readers do not.
//! 2. The last drain, committed: the shadow is complete before any reader has to wait. A reader that
//!    waits may have its snapshot from before the wait (a STABLE function, EXECUTE, COPY TO).
//! 3. ACCESS EXCLUSIVE ([`super::access`]) on what else the exchange touches and on the table, without
//!    making a client the victim of a deadlock.
//! 4. The fingerprint, materialized views that nobody was at since they were built
//!    ([`super::matviews`]), and old snapshots ([`super::snapshots`]).
//! 5. The [`exchange`].
//!
//! Transactions that read the table and then write to it keep 3 from succeeding while 1 keeps them
//! from ending. When that has happened often, attempts ask for ACCESS EXCLUSIVE at once, which lets
//! them end first; then nothing may be left to drain.

use super::access;
use super::context::Run;
use super::drain;
use super::exchange;
use super::fingerprint::Checker;
use super::last_drain;
use super::matviews;
use super::patience::{BEGIN_BRIEF, LOOK_AGAIN, LOOK_GAP};
use super::sequences;
use super::snapshots::{self, Mark, Old};
use crate::catalog::neighbours::{self, Neighbour};
use crate::config::{Blockers, OldSnapshots};
use crate::error::{Error, Result};
use crate::failpoint::{At, CHECK, EXCLUDE_ALL, EXCLUDE_WRITERS, LAST_DRAIN};
use crate::pg::lock::{self, Holder, Mode};
use crate::pg::rollback;
use crate::preflight;
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tokio_postgres::error::SqlState;

/// Attempts that insist on an empty log under the lock. Then there is no last drain, and the
/// exchange is exact for every snapshot; a busy table never gets there.
const EXACT_ATTEMPTS: u32 = 3;

/// Attempts that readers have to outstay before others are tried that let them end first.
const PATIENT_READERS: u32 = 4;

/// More rows than this changed since the drain before, some fifty milliseconds ago, and no attempt
/// insists on an empty log.
const HOPELESS: u64 = 10;

/// What is kept of the budget for the exchange itself when waiting for ACCESS EXCLUSIVE. On a
/// table with a dozen columns it takes some ten milliseconds.
const RESERVE: Duration = Duration::from_millis(40);

/// How often materialized views are built anew because somebody was at them meanwhile.
const REBUILDS: u32 = 10;

/// Attempts that are given up when somebody waits for the table, if functions with bodies in standard
/// SQL name it: he may be in one, and would come to the old table (see [`crate::sql::capture::close`]).
const UNWAITED: u32 = 24;

/// The pause after a failed attempt, in times of how long that took.
const SHARE: u32 = 9;

/// Why an attempt did not come through.
enum Failed {
    /// Try again later.
    Later(String),
    /// The log was not empty under the lock; try again after a pause.
    NotExact,
    /// No use in trying again.
    Error(Error),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        // XX000: a GRANT that was under way has updated a catalog row first. 25P02: the statement
        // before this one, sent along with it, was cancelled.
        if error.is_lock()
            || error.is(&SqlState::QUERY_CANCELED)
            || error.is(&SqlState::INTERNAL_ERROR)
            || error.is(&SqlState::IN_FAILED_SQL_TRANSACTION)
        {
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
    /// The mark that was taken after so many writes to the shadow.
    marked: Option<(u64, Mark)>,
    /// Since when each transaction has been seen holding.
    seen: HashMap<String, Instant>,
    last: String,
    /// Attempts that failed because readers stayed in the table.
    kept_out: u32,
    checker: Checker,
    /// How often materialized views were built anew.
    rebuilt: u32,
    /// What else the exchange locks, as of the last look.
    neighbours: Vec<Neighbour>,
    /// How long the last attempt can have kept others waiting.
    held: Duration,
}

/// Tries until the exchange is committed or `cutover_wait` is over.
pub async fn run(run: &mut Run<'_>) -> Result<()> {
    run.helpers.clear();
    let result = attempts(run).await;
    if result.is_err() && !matches!(result, Err(Error::CutoverUnknown { .. })) {
        // The table shall not wait for the next window without its sequences.
        run.unstoppable = true;
        if let Err(e) = sequences::restore(run).await {
            run.note(format!(
                "its sequences are not owned by it again yet ({e}); resume or abort does that"
            ));
        }
        run.unstoppable = false;
    }
    result
}

async fn attempts(run: &mut Run<'_>) -> Result<()> {
    // Checked once without a lock, so that a change of last week is not found after half an hour
    // of waiting for a quiet moment.
    let checker = Checker::prepare(run, &run.sessions.holder).await?;
    let needs = preflight::needs(
        run.sessions.observer.client(),
        run.subject.oid,
        run.journal.state.keys_of_parent,
    )
    .await?;
    if let Some(first) = needs.into_iter().next() {
        return Err(Error::Other(format!("{} cannot be exchanged: {first}", run.subject.table)));
    }
    let mut cutover = Cutover {
        checker,
        budget: budget(run).await?,
        began: Instant::now(),
        exact_left: EXACT_ATTEMPTS,
        old_since: None,
        marked: None,
        seen: HashMap::new(),
        last: "it was not tried".to_owned(),
        kept_out: 0,
        rebuilt: 0,
        neighbours: Vec::new(),
        held: Duration::ZERO,
    };
    loop {
        run.check_stop()?;
        let patient = cutover.began.elapsed() > Duration::from_secs(60);
        let mut pause = if patient { LOOK_AGAIN * 2 } else { LOOK_AGAIN };
        let looked = match cutover.matviews(run).await? {
            Ok(()) => cutover.look(run).await?,
            Err(why) => Err(why),
        };
        match looked {
            Ok(arrived) => {
                // It may have waited for a sequence: then the look is an old one.
                if sequences::release(run).await? {
                    continue;
                }
                // Once more, so that as little as possible is left for the time under the lock.
                while drain::once(run, None).await?.truncated {}
                let mark = cutover.mark(run).await?;
                // With writers this busy the log will not be found empty in the blink between a
                // drain and the lock; insisting would only lock them out in vain.
                if arrived > HOPELESS {
                    cutover.exact_left = 0;
                }
                run.ask_gate().await?;
                run.journal.state.figures.attempts += 1;
                match cutover.attempt(run, &mark).await {
                    Ok(()) => return Ok(()),
                    Err(Failed::Error(e)) => return Err(e),
                    Err(Failed::NotExact) => {
                        cutover.last = "changes kept arriving until the lock was there".to_owned();
                        cutover.kept_out += u32::from(cutover.exact_left == 0);
                        pause = if cutover.exact_left == 0 { cutover.pause(run) } else { LOOK_GAP };
                        cutover.exact_left = cutover.exact_left.saturating_sub(1);
                    }
                    Err(Failed::Later(why)) => {
                        let attempt = run.journal.state.figures.attempts;
                        tracing::debug!(attempt, "no cutover: {why}");
                        cutover.last = why;
                        pause = cutover.pause(run);
                    }
                }
            }
            Err(why) => {
                tracing::debug!("not yet: {why}");
                cutover.last = why;
            }
        }
        let settings = &run.job.settings;
        let old_for = cutover.old_since.map(|since| since.elapsed()).unwrap_or_default();
        if cutover.began.elapsed() > settings.cutover_wait
            || old_for > settings.old_snapshots_wait && settings.old_snapshots == OldSnapshots::Wait
        {
            return Err(cutover.given_up(run));
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = run.control.stop.cancelled() => {}
        }
    }
}

/// The budget, kept below `deadlock_timeout`, so that no waiter's deadlock check runs because of us.
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
    /// How long to leave everybody alone after a failed attempt: so long that attempts take a tenth
    /// of the time at most, with some jitter.
    fn pause(&self, run: &mut Run<'_>) -> Duration {
        let jitter = run.backoff.step().min(LOOK_GAP);
        (self.held * SHARE + jitter).min(Duration::from_secs(2))
    }

    fn given_up(&self, run: &Run<'_>) -> Error {
        Error::NoCutover {
            table: run.subject.table.clone(),
            attempts: run.journal.state.figures.attempts,
            seconds: self.began.elapsed().as_secs(),
            last: self.last.clone(),
        }
    }

    /// Brings the materialized views up to date, and what they are built from; or says why not. The
    /// mark against old snapshots is taken later, so that it holds for their rows, too.
    async fn matviews(&mut self, run: &mut Run<'_>) -> Result<Result<(), String>> {
        match matviews::run(run, &self.checker.describer).await {
            Ok(false) => {}
            Ok(true) if self.rebuilt < REBUILDS => self.rebuilt += 1,
            Ok(true) => {
                self.last = "its materialized views were refreshed again and again".to_owned();
                return Err(self.given_up(run));
            }
            Err(e) if e.is_lock() => return Ok(Err(e.to_string())),
            Err(e) => return Err(e),
        }
        drain::until_short(run).await?;
        Ok(Ok(()))
    }

    /// Looks before locking. Either says who is in the way, or returns how many rows
    /// a drain found just now.
    async fn look(&mut self, run: &mut Run<'_>) -> Result<Result<u64, String>> {
        let own = run.own_pids();
        let relations = relations(run).await?;
        self.neighbours = neighbours::neighbours(
            run.sessions.observer.client(),
            run.subject.oid,
            run.journal.state.keys_of_parent,
        )
        .await?;
        let relations: Vec<u32> =
            relations.into_iter().chain(self.neighbours.iter().map(|n| n.oid)).collect();
        let s = &run.sessions;
        if let Some(vacuum) =
            lock::vacuum_gives_way(&s.holder, &s.observer, &relations, &own).await?
        {
            self.old_since = None;
            return Ok(Err(vacuum));
        }
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
        let arrived = drain::once(run, None).await?.rows;
        let mark = self.mark(run).await?;
        if self.proceeds(run) {
            return Ok(Ok(arrived));
        }
        // A snapshot that is older than this drain and still there a moment later is a long one.
        let old = snapshots::old(run, &mark, &mark, &[], false).await?;
        if !old.is_empty() {
            tokio::time::sleep(LOOK_GAP).await;
            let still = snapshots::old(run, &mark, &mark, &[], false).await?;
            let long: Vec<&Old> = still.iter().filter(|s| old.contains(s)).collect();
            if let Some(first) = long.first() {
                self.old_since.get_or_insert_with(Instant::now);
                return Ok(Err(first.to_string()));
            }
        }
        self.old_since = None;
        Ok(Ok(arrived))
    }

    /// A mark from after the last write to the shadow. While nothing is written there, an earlier one
    /// will do: whoever has come since sees all of the shadow. With a new one each time, queries that
    /// overlap would count as old for ever, and even a table that nobody writes to would not be cut
    /// over beside them.
    async fn mark(&mut self, run: &Run<'_>) -> Result<Mark> {
        match &self.marked {
            Some((writes, mark)) if *writes == run.shadow_writes => Ok(mark.clone()),
            _ => {
                let mark = snapshots::mark(run).await?;
                self.marked = Some((run.shadow_writes, mark.clone()));
                Ok(mark)
            }
        }
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
                let rolled_back = rollback(&run.sessions.holder).await;
                if let Some(started) = stopwatch {
                    self.held = started.elapsed();
                    waited(run, started);
                }
                rolled_back.map_err(Failed::Error)?;
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
        let readers_first = self.kept_out >= PATIENT_READERS && self.kept_out.is_multiple_of(2);
        let others_first = self.kept_out % 4 >= 2;
        let patience = access::patience(self.kept_out);
        let taken = if readers_first {
            access::exclude_all(run, &self.neighbours, true, patience, wait).at(EXCLUDE_ALL).await
        } else {
            access::exclude_writers(run, &self.neighbours, others_first, patience, wait)
                .at(EXCLUDE_WRITERS)
                .await
        };
        if let Err(e) = taken {
            self.kept_out += u32::from(readers_first || !self.neighbours.is_empty());
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
            if let Err(e) = access::exclude_all(run, &self.neighbours, false, patience, limit)
                .at(EXCLUDE_ALL)
                .await
            {
                self.kept_out += u32::from(e.is_lock());
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
        if self.kept_out < UNWAITED
            && !now.table.attached.functions.is_empty()
            && lock::is_waited_for(&run.sessions.observer, run.subject.oid).await.map_err(at)?
        {
            self.kept_out += 1;
            let why = "somebody waits for the table, perhaps in a function that is bound to it";
            return Err((Failed::Later(why.into()), Some(started)));
        }
        let left = left(Duration::ZERO)?;
        exchange::run(run, &self.checker.describer, &now, left).await.map_err(at)?;
        step("exchanged");
        matviews::report(run);
        waited(run, started);
        Ok(())
    }
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
