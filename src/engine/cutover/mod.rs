//! The cutover: exchanging shadow and table in the first quiet moment, within the budget.
//!
//! An attempt begins only when nobody who would make it wait has been holding for long. Then a
//! stopwatch runs against the budget; whatever does not fit ends in ROLLBACK, and after a pause comes
//! the next attempt. Its steps:
//!
//! 1. SHARE ROW EXCLUSIVE, on the table's parents first: writers wait, readers do not.
//! 2. The last drain, committed: the shadow is complete before any reader has to wait. A reader that
//!    waits may have its snapshot from before the wait (a STABLE function, EXECUTE, COPY TO).
//! 3. ACCESS EXCLUSIVE ([`super::access`]) on what else the exchange touches and on the table, asked for
//!    when nobody is inside.
//! 4. The fingerprint, materialized views that nobody was at since they were built
//!    ([`super::matviews`]), and old snapshots ([`super::snapshots`]).
//! 5. The [`exchange`](super::exchange).
//!
//! Transactions that read the table and then write to it keep 3 from succeeding while 1 keeps them
//! from ending. When that has happened often, attempts ask for ACCESS EXCLUSIVE at once, which lets
//! them end first; then nothing may be left to drain.

mod attempt;
mod look;

use super::access::Met;
use super::context::Run;
use super::drain;
use super::fingerprint::{self, Checker};
use super::matviews;
use super::patience::{LOOK_AGAIN, LOOK_GAP};
use super::sequences;
use super::snapshots::Mark;
use super::spans;
use crate::catalog::neighbours::Neighbour;
use crate::config::OldSnapshots;
use crate::error::{Error, Result};
use crate::job::Measure;
use crate::preflight;
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tokio_postgres::error::SqlState;
use tracing::Instrument;

/// Attempts that insist on an empty log under the lock. Then there is no last drain, and the
/// exchange is exact for every snapshot; a busy table never gets there.
const EXACT_ATTEMPTS: u32 = 3;

/// More rows than this changed since the drain before, some fifty milliseconds ago, and no attempt
/// insists on an empty log.
const HOPELESS: u64 = 10;

/// How often materialized views are built anew because somebody was at them meanwhile.
const REBUILDS: u32 = 10;

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
    /// Who was in the way.
    met: Met,
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
    let budget = budget(run).await?;
    run.measured(Measure::Budget(budget));
    let mut cutover = Cutover {
        met: Met::nobody(checker.describer.server_version_num),
        checker,
        budget,
        began: Instant::now(),
        exact_left: EXACT_ATTEMPTS,
        old_since: None,
        marked: None,
        seen: HashMap::new(),
        last: "it was not tried".to_owned(),
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
                let span = spans::attempt(run.journal.state.figures.attempts);
                let attempt = cutover.attempt(run, &mark).instrument(span.clone()).await;
                spans::came_through(&span, attempt.is_ok());
                run.measured(Measure::Attempt { success: attempt.is_ok() });
                drop(span);
                match attempt {
                    Ok(()) => return Ok(()),
                    // Something beside the table was dropped since the look; the next one does without.
                    // If it is the table, that is said here.
                    Err(Failed::Error(e))
                        if e.is(&SqlState::UNDEFINED_TABLE)
                            || e.is(&SqlState::INVALID_SCHEMA_NAME) =>
                    {
                        fingerprint::check(run).await?;
                        cutover.last = e.to_string();
                    }
                    Err(Failed::Error(e)) => return Err(e),
                    Err(Failed::NotExact) => {
                        cutover.last = "changes kept arriving until the lock was there".to_owned();
                        cutover.met.kept_out += u32::from(cutover.exact_left == 0);
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
}
