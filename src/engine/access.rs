//! The locks of an attempt: SHARE ROW EXCLUSIVE, then ACCESS EXCLUSIVE, on the table and on its
//! neighbours.
//!
//! A transaction that has read the table and now writes to it waits for our SHARE ROW EXCLUSIVE.
//! If we then queued for ACCESS EXCLUSIVE, which waits for what that transaction holds, the server
//! would fail one of us at once, without waiting for `deadlock_timeout`: whoever comes last, and that
//! is the client if we are in the queue already. So where we hold the one, we ask for the other when
//! nobody is inside, from PostgreSQL 17 on with NOWAIT, which keeps out of the queue altogether. Up to 16
//! NOWAIT fails as soon as anybody waits for the table, as the writers do, and ALTER VIEW has none: there
//! a client that comes in between the look and the lock, and writes within the millisecond for which that
//! waits, is still failed. Where somebody is always inside, and hardly ever one who comes to write, it is
//! queued for all the same.
//!
//! The neighbours come first, in the order of `neighbours.sql`, then the table, and then its children:
//! whoever came to it by way of a view, of a parent or of a foreign key's other side can then still get
//! in, and out. A parent has to be held before the table for another reason: whoever has come through
//! it knows the old table by its OID, and would write to that when the wait is over. Somebody who
//! holds one of the locks and waits for another that is ours already would wait for ever: then
//! everything is let go of at once, to be tried again soon.

use super::context::Run;
use super::spans;
use crate::catalog::neighbours::Neighbour;
use crate::error::{Error, Result};
use crate::names::{ident, literal};
use crate::pg::lock::Mode;
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tokio_postgres::error::SqlState;

/// How long to go on while some transaction inside does not look like ending by itself, at first.
const PATIENCE: Duration = Duration::from_millis(40);

/// How long to queue for the lock, at first, and the least there is.
const QUEUE: Duration = Duration::from_millis(1);

/// How long one statement watches for the moment in which nobody is inside, in milliseconds.
const WATCH: u32 = 3;

/// How long to stay out of the queue while somebody inside does not look like ending by itself.
const PAUSE: Duration = Duration::from_millis(1);

/// Attempts that failed because a relation was never empty, before others queue for it.
const CROWDED: u32 = 8;

/// What one attempt that met somebody who came to write after reading takes from those: where such are
/// frequent it is never queued.
const UPGRADED: u32 = 4;

/// What the attempts so far have met.
#[derive(Debug)]
pub struct Met {
    /// Attempts that others inside kept from coming through.
    pub kept_out: u32,
    /// By relation: those in which it was never empty, against those in which somebody came to write.
    crowded: HashMap<u32, u32>,
    /// Whether NOWAIT fails only for those who hold a lock, and not for those who wait for one.
    nowait: bool,
}

impl Met {
    /// Nobody yet, on a server of this version.
    pub fn nobody(server_version_num: i32) -> Self {
        Self { kept_out: 0, crowded: HashMap::new(), nowait: server_version_num >= 170_000 }
    }

    /// A table with many neighbours may never find all of them left at once so soon. The budget
    /// bounds it.
    fn patience(&self) -> Duration {
        PATIENCE * (1 + self.kept_out / 8).min(5)
    }

    /// Whether to queue for a lock. Nobody is failed for it where he cannot wait for us meanwhile.
    fn may_queue(&self, wanted: &Wanted) -> bool {
        !wanted.held || self.crowded.get(&wanted.oid).is_some_and(|n| *n >= CROWDED)
    }

    fn crowded(&mut self, wanted: &Wanted) {
        *self.crowded.entry(wanted.oid).or_default() += u32::from(wanted.held);
    }

    fn upgraded(&mut self, wanted: &Wanted) {
        let crowded = self.crowded.entry(wanted.oid).or_default();
        *crowded = crowded.saturating_sub(UPGRADED);
    }
}

/// A lock to be had: on which relation, and how.
struct Wanted {
    oid: u32,
    name: String,
    mode: Mode,
    /// As this role, and then as the table's owner again.
    role: Option<(String, String)>,
    lock: String,
    /// Whether there is no doing without it.
    needed: bool,
    /// Whether a weaker lock on it is ours already, so that somebody inside may wait for us.
    held: bool,
}

impl Wanted {
    /// Asks for it and queues for as long.
    fn queueing(&self, wait: Duration) -> String {
        self.asking(wait, &self.lock)
    }

    fn asking(&self, wait: Duration, lock: &str) -> String {
        let timeout = format!("SET LOCAL lock_timeout = {}", wait.as_millis().max(1));
        match &self.role {
            Some((role, owner)) => {
                format!("{timeout}; SET LOCAL ROLE {role}; {lock}; SET LOCAL ROLE {owner}")
            }
            None => format!("{timeout}; {lock}"),
        }
    }

    /// Asks for it in the moment in which nobody is in the way, and fails like a lock that is not to
    /// be had if there is none.
    fn at_once(&self, own: &[i32], nowait: bool) -> String {
        let modes: Vec<String> = self.mode.conflicts().iter().map(|m| literal(m)).collect();
        let own: Vec<String> = own.iter().map(i32::to_string).collect();
        // Each look goes through all locks of the server, and is to take a fifth of the time at most.
        let watch = format!(
            "DECLARE
               past timestamptz := pg_catalog.clock_timestamp() + '{WATCH} ms';
               began timestamptz;
             BEGIN
               LOOP
                 began := pg_catalog.clock_timestamp();
                 EXIT WHEN NOT EXISTS (
                   SELECT FROM pg_catalog.pg_locks l
                   WHERE l.locktype = 'relation' AND l.granted AND l.relation = {} AND l.mode IN ({})
                     AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
                     AND (l.pid IS NULL OR l.pid NOT IN ({})));
                 IF pg_catalog.clock_timestamp() > past THEN
                   RAISE EXCEPTION 'the relation is in use' USING ERRCODE = '55P03';
                 END IF;
                 PERFORM pg_catalog.pg_sleep(
                   greatest(0.001, 4 * pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - began)));
               END LOOP;
             END",
            self.oid,
            modes.join(", "),
            own.join(", ")
        );
        let nowait = if nowait && self.lock.starts_with("LOCK") { " NOWAIT" } else { "" };
        let lock = self.asking(QUEUE, &format!("{}{nowait}", self.lock));
        // Looks as the table's owner: another's might lack the right to PL/pgSQL.
        format!("DO {}; {lock}", literal(&watch))
    }
}

/// Takes SHARE ROW EXCLUSIVE on the table, in the holder's transaction. Before it, on what writes go
/// through on their way to the table; and on all other tables as well, if `all`: a writer who comes
/// to one of those before the table then waits outside, instead of holding it while he waits here.
pub async fn exclude_writers(
    run: &Run<'_>,
    neighbours: &[Neighbour],
    all: bool,
    met: &mut Met,
    limit: Duration,
) -> Result<()> {
    let gates = neighbours.iter().filter(|n| is_gate(n, all));
    let locks = wanted(run, gates, Mode::ShareRowExclusive, |_| false);
    let span = spans::lock(Mode::ShareRowExclusive.sql(), locks.len());
    spans::within(span, take(run, locks, true, met, limit)).await
}

/// Whether writers are kept out of it before they come to the table; of every table if `all`.
fn is_gate(neighbour: &Neighbour, all: bool) -> bool {
    let is_table = neighbour.kind != "v" && neighbour.kind != "m";
    neighbour.writes_through || all && is_table
}

/// Which locks ACCESS EXCLUSIVE comes on top of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// None.
    Nothing,
    /// Those of [`exclude_writers`], called with the same `all`.
    Writers {
        /// On all tables.
        all: bool,
    },
}

/// Takes ACCESS EXCLUSIVE on the neighbours and on the table.
pub async fn exclude_all(
    run: &Run<'_>,
    neighbours: &[Neighbour],
    held: Held,
    met: &mut Met,
    limit: Duration,
) -> Result<()> {
    // LOCK TABLE on a view has locked whatever it reads.
    let view = |n: &Neighbour| n.kind == "v" && n.writes_through && n.role.is_some();
    let through_a_view = neighbours.iter().any(view);
    let on = |neighbour: Option<&Neighbour>| match held {
        Held::Nothing => false,
        Held::Writers { all } => through_a_view || neighbour.is_none_or(|n| is_gate(n, all)),
    };
    let locks = wanted(run, neighbours.iter(), Mode::AccessExclusive, on);
    let span = spans::lock(Mode::AccessExclusive.sql(), locks.len());
    spans::within(span, take(run, locks, held == Held::Nothing, met, limit)).await
}

/// Takes the locks in turn. With `queue` nothing is held yet, so that one can queue for the first like
/// anybody else.
async fn take(
    run: &Run<'_>,
    locks: Vec<Wanted>,
    queue: bool,
    met: &mut Met,
    limit: Duration,
) -> Result<()> {
    let deadline = Instant::now() + limit;
    for (i, wanted) in locks.iter().enumerate() {
        let first = if i == 0 && queue { limit } else { QUEUE };
        exclude(run, wanted, first, met, deadline).await?;
    }
    Ok(())
}

/// The locks in their order. A neighbour that nobody among us may lock comes with the statement of
/// the exchange that needs it.
fn wanted<'n>(
    run: &Run<'_>,
    neighbours: impl Iterator<Item = &'n Neighbour>,
    mode: Mode,
    held: impl Fn(Option<&Neighbour>) -> bool,
) -> Vec<Wanted> {
    let owner = ident(&run.journal.owner);
    let (mut wanted, mut below) = (Vec::new(), Vec::new());
    for neighbour in neighbours {
        let Some(role) = &neighbour.role else { continue };
        let list = if neighbour.below { &mut below } else { &mut wanted };
        list.push(Wanted {
            oid: neighbour.oid,
            name: neighbour.name.to_string(),
            mode,
            role: Some((ident(role), owner.clone())),
            lock: neighbour.lock(mode, role),
            needed: neighbour.writes_through && neighbour.kind != "v",
            held: held(Some(neighbour)),
        });
    }
    let table = &run.subject.table;
    wanted.push(Wanted {
        oid: run.subject.oid,
        name: table.to_string(),
        mode,
        role: None,
        lock: format!("LOCK TABLE ONLY {} IN {} MODE", table.sql(), mode.sql()),
        needed: true,
        held: held(None),
    });
    wanted.append(&mut below);
    wanted
}

async fn exclude(
    run: &Run<'_>,
    wanted: &Wanted,
    first: Duration,
    met: &mut Met,
    deadline: Instant,
) -> Result<()> {
    let (began, patience) = (Instant::now(), met.patience());
    let (mut may_queue, mut queue) = (met.may_queue(wanted), first);
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            met.crowded(wanted);
            return Err(Error::LockWait(format!("{} was not left in time", wanted.name)));
        }
        let lock = match may_queue {
            true => wanted.queueing(queue.min(left)),
            false => wanted.at_once(&run.own_pids(), met.nowait),
        };
        match ask(run, wanted.mode, &lock).await {
            Err(e) if e.is(&SqlState::LOCK_NOT_AVAILABLE) => {}
            // Where an owner may not look, or not wait, there is no watching.
            Err(e) if e.is(&SqlState::INSUFFICIENT_PRIVILEGE) && !may_queue => {
                may_queue = true;
                continue;
            }
            // Locking a view takes rights on all it reads. Then it has to do without.
            Err(e) if e.is(&SqlState::INSUFFICIENT_PRIVILEGE) && !wanted.needed => return Ok(()),
            other => return other,
        }
        let inside = inside(run, wanted).await?;
        if let Some(pid) = inside.waits_for_us {
            met.upgraded(wanted);
            return Err(Error::LockWait(format!(
                "pid {pid} holds a lock on {} and waits for another that was ours",
                wanted.name
            )));
        }
        if !inside.anybody {
            queue = QUEUE;
        } else if inside.all_will_leave {
            queue = queue.saturating_mul(2).min(left);
        } else if began.elapsed() < patience {
            queue = QUEUE;
            tokio::time::sleep(PAUSE).await;
        } else {
            met.crowded(wanted);
            return Err(Error::LockWait(format!(
                "transactions that have used {} stayed open, that of pid {} among them",
                wanted.name,
                inside.first.map_or_else(|| "unknown".to_owned(), |pid| pid.to_string())
            )));
        }
    }
}

/// Runs a statement that may fail without failing the transaction.
async fn ask(run: &Run<'_>, mode: Mode, statement: &str) -> Result<()> {
    let holder = &run.sessions.holder;
    let failed = || Error::sql(format!("asking for {}", mode.sql()));
    match holder.batch_execute(&format!("SAVEPOINT ask; {statement}")).await {
        Ok(()) => Ok(()),
        Err(e) => {
            if e.code().is_some() {
                holder
                    .batch_execute("ROLLBACK TO SAVEPOINT ask; RELEASE SAVEPOINT ask")
                    .await
                    .map_err(failed())?;
            }
            Err(failed()(e))
        }
    }
}

/// Those who hold a lock on a relation that is in the way of ours.
struct Inside {
    /// Whether there is one at all, be it a prepared transaction.
    anybody: bool,
    /// Everybody is in the one statement of its transaction: it began with it, and runs, waiting
    /// for nobody. Sessions whose activity is hidden from us do not count as such.
    all_will_leave: bool,
    /// One who waits for a lock that is ours.
    waits_for_us: Option<i32>,
    /// Any of them.
    first: Option<i32>,
}

async fn inside(run: &Run<'_>, wanted: &Wanted) -> Result<Inside> {
    let own = run.own_pids();
    let row = run
        .sessions
        .observer
        .query_one(
            "SELECT coalesce(bool_and(a.state IS NOT DISTINCT FROM 'active'
                                      AND a.xact_start IS NOT DISTINCT FROM a.query_start
                                      AND a.wait_event_type IS DISTINCT FROM 'Lock'), true),
                    min(l.pid) FILTER (
                        WHERE EXISTS (SELECT FROM pg_catalog.pg_locks w WHERE w.pid = l.pid AND NOT w.granted)
                          AND pg_catalog.pg_blocking_pids(l.pid) && $2),
                    min(l.pid), count(*) > 0
             FROM pg_catalog.pg_locks l
             LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
             WHERE l.locktype = 'relation' AND l.granted AND l.relation = $1 AND l.mode = ANY ($3)
               AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
               AND (l.pid IS NULL OR l.pid <> ALL ($2))",
            &[&wanted.oid, &own, &wanted.mode.conflicts()],
        )
        .await
        .map_err(Error::sql("looking at who is in a relation"))?;
    Ok(Inside {
        anybody: row.get(3),
        all_will_leave: row.get(0),
        waits_for_us: row.get(1),
        first: row.get(2),
    })
}
