//! Looking before an attempt: who holds what is in the way, and whose snapshot is too old.

use super::Cutover;
use crate::catalog::neighbours;
use crate::config::{Blockers, OldSnapshots};
use crate::engine::context::Run;
use crate::engine::drain;
use crate::engine::patience::LOOK_GAP;
use crate::engine::snapshots::{self, Mark, Old};
use crate::error::{Error, Result};
use crate::pg::lock::{self, Holder, Mode};
use std::time::Instant;

impl Cutover {
    /// Looks before locking. Either says who is in the way, or returns how many rows
    /// a drain found just now.
    pub(super) async fn look(&mut self, run: &mut Run<'_>) -> Result<Result<u64, String>> {
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
    pub(super) async fn mark(&mut self, run: &Run<'_>) -> Result<Mark> {
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
    pub(super) fn proceeds(&self, run: &mut Run<'_>) -> bool {
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
