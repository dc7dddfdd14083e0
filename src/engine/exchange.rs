//! The exchange: the one transaction in which the shadow becomes the table.

use super::context::Run;
use super::fingerprint::Now;
use super::journal;
use crate::catalog::{Describer, TableDescription, difference::difference, lookup};
use crate::error::{Error, Result, Verdict};
use crate::failpoint::{At, EXCHANGE, EXCHANGE_COMMIT, EXCHANGE_JOURNAL};
use crate::job::Phase;
use crate::pg::{DURABLE, Session, run_all, settings};
use crate::sql::{attached, exchange as sql};
use std::time::{Duration, Instant};

/// Does the exchange in the holder's open transaction, whose locks are already held, and commits.
/// `before` is the table as described under the first of them.
pub async fn run(
    run: &mut Run<'_>,
    describer: &Describer,
    before: &Now,
    left: Duration,
) -> Result<()> {
    let deadline = Instant::now() + left;
    let swapped = {
        let work = swap(run, describer, before, left).at(EXCHANGE);
        tokio::pin!(work);
        tokio::select! {
            result = &mut work => result,
            // Each statement has its bound, but there are many.
            () = tokio::time::sleep_until(deadline.into()) => {
                run.sessions.holder.cancel().await?;
                work.await.and(Err(Error::LockWait("the exchange did not fit the budget".into())))
            }
        }
    };
    let now = swapped?;
    run.journal.phase = Phase::Validate;
    run.journal.state.taken_over = Some(now);
    let saved = run.journal.save(run.sessions.holder.client()).at(EXCHANGE_JOURNAL).await;
    let committed = match saved {
        Ok(()) => run.sessions.holder.batch_execute("COMMIT").at(EXCHANGE_COMMIT).await,
        Err(e) => {
            run.journal.phase = Phase::Cutover;
            return Err(e);
        }
    };
    let Err(e) = committed.map_err(Error::sql("COMMIT of the exchange")) else { return Ok(()) };
    // The server said no, and it was not its last word, which may come after a COMMIT that went
    // through: nothing happened.
    if e.verdict() != Verdict::Resume && !run.sessions.holder.is_closed() {
        run.journal.phase = Phase::Cutover;
        return Err(e);
    }
    find_out(run).await
}

/// All of it but the commit. Returns the table as it is to be found afterwards.
async fn swap(
    run: &Run<'_>,
    describer: &Describer,
    before: &Now,
    left: Duration,
) -> Result<TableDescription> {
    let holder = &run.sessions.holder;
    // Ends the statement on the server, whatever becomes of us. A standby that does not answer must
    // not hold everybody up under ACCESS EXCLUSIVE.
    let bounds = format!(
        "SET LOCAL statement_timeout = {0}; SET LOCAL lock_timeout = {0}; {DURABLE}",
        left.as_millis().max(1)
    );
    run_all(holder, "preparing the exchange", &[bounds]).await?;
    let keys_of_parent = run.journal.state.keys_of_parent;
    let mut now = before.table.clone();
    now.attached.settle(keys_of_parent);
    run_all(holder, "the exchange", &sql::swap(&run.subject, &now)).await?;
    // Only now is it certain that nobody can grant anything on the old table unnoticed: its row in
    // pg_class is ours.
    let gone = || Error::Other("what was to be exchanged vanished in the exchange".into());
    let client = holder.client();
    if !describer.renew_grants(client, run.subject.oid, &mut now).await? {
        return Err(gone());
    }
    for (one, view) in before.matviews.iter().zip(&mut now.attached.matviews) {
        if !describer.renew_grants(client, one.oid, &mut view.description).await? {
            return Err(gone());
        }
    }
    run_all(holder, "the exchange", &sql::finish(&run.subject, &now)).await?;
    let found = describer.describe(holder.client(), run.journal.shadow_oid).await?;
    let mut found =
        found.ok_or_else(|| Error::Other("the new table vanished in the exchange".into()))?;
    found.attached.settle(keys_of_parent);
    found.attached.sort();
    if let Some(difference) = difference(&attached::expected(&now), &found) {
        return Err(Error::Changed {
            table: run.subject.table.clone(),
            difference: format!("the new table would differ: {difference}"),
        });
    }
    Ok(now)
}

/// The reply to COMMIT was lost: asks the journal, over a new connection.
async fn find_out(run: &mut Run<'_>) -> Result<()> {
    let unknown = || Error::CutoverUnknown { table: run.subject.table.clone() };
    let deadline = Instant::now() + Duration::from_secs(60);
    let lost = run.sessions.holder.backend_pid();
    while Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let name = super::context::application_name(run.subject.oid);
        let Ok(session) = settings::open(&run.job.server, &name).await else { continue };
        match asked(&session, lost, run.subject.oid, run.journal.shadow_oid).await {
            Ok(Some(true)) => return Ok(()),
            Ok(Some(false)) => {
                run.journal.phase = Phase::Cutover;
                return Err(Error::CutoverLost { table: run.subject.table.clone() });
            }
            // Still at it, or lost again.
            Ok(None) | Err(_) => {}
        }
    }
    Err(unknown())
}

/// Whether the exchange was committed; `None` if that cannot be known yet: the lost backend is still
/// alive, or this is a standby, which may not have heard of it. The table's name does not tell: it may have
/// been given to another one since.
async fn asked(session: &Session, lost: i32, oid: u32, shadow: u32) -> Result<Option<bool>> {
    let row = session
        .query_one(
            "SELECT pg_catalog.pg_is_in_recovery() OR EXISTS (SELECT FROM pg_catalog.pg_locks WHERE pid = $1)",
            &[&lost],
        )
        .await
        .map_err(Error::sql("looking for the lost session"))?;
    // Before the journal is read, since only then is no the last word.
    let undecided: bool = row.get(0);
    if let Some(found) = journal::find(session.client(), Some(oid)).await?.first() {
        settings::become_role(session, &found.owner).await?;
        let journal = journal::read(session.client(), found).await?;
        return Ok(match journal.phase.is_past_cutover() {
            true => Some(true),
            false => Some(false).filter(|_| !undecided),
        });
    }
    // Somebody has brought it to its end meanwhile, or taken it back.
    let there = lookup::by_oid(session.client(), shadow).await?.is_some();
    Ok(Some(true).filter(|_| there && !undecided))
}
