//! The drain: brings the shadow up to date with the keys in the log.
//!
//! Log and table are read in one REPEATABLE READ snapshot, and only log rows which that snapshot
//! sees are deleted. What is written is the *current* row of each key, so the order of changes does
//! not matter and many changes to one row cost one.

use super::context::{Run, interruptible};
use super::{spans, throttle};
use crate::error::{Error, Result};
use crate::failpoint::{At, DRAIN};
use crate::job::{Measure, Phase};
use crate::pg::{REPEATABLE_READ, run_all, transaction};
use crate::sql::drain as sql;
use std::time::{Duration, Instant};
use tokio_postgres::{Client, Row, error::SqlState, types::PgLsn};

/// How much of the log's beginning need not be looked at again.
///
/// A log row can commit after rows with higher numbers were drained. So the floor follows a drain
/// only when a later snapshot shows that every transaction which could have numbered a row below
/// it has ended. Without a floor each drain would read all dead rows of the log again.
#[derive(Debug, Clone, Copy)]
pub struct Floor {
    /// No row below this will ever appear again. One with this very number may.
    id: PgLsn,
    /// The next floor, and the transaction ID that must have passed for it. It was given out after
    /// that drain's snapshot was taken; whoever had numbered a log row by then writes it under a
    /// lower one, since the row that fired the trigger was written before.
    mark: Option<(PgLsn, i64)>,
}

impl Default for Floor {
    fn default() -> Self {
        Self { id: PgLsn::from(0), mark: None }
    }
}

impl Floor {
    /// The floor itself.
    pub fn id(&self) -> PgLsn {
        self.id
    }

    /// Learns from a drain that took all it saw above the floor up to `hi`.
    fn learn(&mut self, hi: PgLsn, xmin: i64, own: i64) {
        if let Some((id, passed)) = self.mark
            && xmin >= passed
            && hi >= id
        {
            self.id = id;
            self.mark = None;
        }
        if self.mark.is_none() {
            self.mark = Some((hi, own));
        }
    }
}

/// What one drain did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// Log rows taken.
    pub rows: u64,
    /// Whether that was all the snapshot saw: then the shadow equals the table at that snapshot.
    pub all: bool,
    /// Whether a TRUNCATE was met, and what came before it thrown away.
    pub truncated: bool,
    /// The file of the table, in the same snapshot.
    pub filenode: Option<u32>,
}

/// How often a drain is tried beside somebody who locks the table, ten seconds at a time.
const TRIES: u32 = 60;

/// Below this many log rows a drain goes by index, whatever the planner believes about a log it
/// has no statistics for.
const BY_INDEX: u64 = 50_000;

/// Makes it so.
pub const BY_INDEX_ONLY: &str = "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_material = off";

/// Takes that back, for what comes after a drain in one transaction.
pub const BY_ANY_PLAN: &str = "SET LOCAL enable_seqscan TO DEFAULT; SET LOCAL enable_hashjoin TO DEFAULT; SET LOCAL enable_mergejoin TO DEFAULT; SET LOCAL enable_material TO DEFAULT";

/// Reads the log's markers and the table's file: (last TRUNCATE, file). Fails if there is poison.
pub fn markers(subject: &crate::sql::Subject, row: &Row) -> Result<(Option<PgLsn>, Option<u32>)> {
    if row.get::<_, Option<bool>>(1).unwrap_or(false) {
        return Err(Error::Changed {
            table: subject.table.clone(),
            difference: format!(
                "its key columns {} cannot be read any more as they were",
                subject.key.readable()
            ),
        });
    }
    Ok((row.get(0), row.get(2)))
}

/// Drains at most `limit` log rows, or all that one snapshot sees.
pub async fn once(run: &mut Run<'_>, limit: Option<u64>) -> Result<Drained> {
    let mut limit = limit.unwrap_or(sql::ALL);
    let mut tries = 0;
    loop {
        let floor = run.floor;
        let subject = &run.subject;
        let result = transaction(&run.sessions.worker, REPEATABLE_READ, async |client| {
            let done = batch(client, subject, floor, limit).await?;
            if done.0.truncated {
                // With the marker gone, only the journal says why the table has another file.
                let mut journal = run.journal.clone();
                journal.state.filenode = done.0.filenode;
                journal.save(client).await?;
            }
            Ok(done)
        })
        .at(DRAIN)
        .await;
        // One that failed may have been committed all the same.
        if !matches!(&result, Ok((drained, _)) if drained.rows == 0 && !drained.truncated) {
            run.shadow_writes += 1;
        }
        match result {
            Ok((drained, floor)) => {
                run.floor = floor;
                if drained.truncated {
                    run.journal.state.filenode = drained.filenode;
                } else {
                    same_file(run, drained.filenode)?;
                }
                run.journal.state.figures.rows_replayed += drained.rows;
                if drained.rows > 0 {
                    run.measured(Measure::Drained(drained.rows));
                }
                return Ok(drained);
            }
            // Two rows may have exchanged a unique value, and only one of them is in this part of
            // the log. In the whole visible log both are.
            Err(e)
                if limit < sql::ALL
                    && (e.is(&SqlState::UNIQUE_VIOLATION)
                        || e.is(&SqlState::EXCLUSION_VIOLATION)) =>
            {
                limit = sql::ALL;
            }
            // Somebody's DDL or TRUNCATE. Waiting for it holds up nobody.
            Err(e) if e.is_lock() && tries < TRIES => {
                tries += 1;
                run.check_stop()?;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            Err(e) => return Err(e),
        }
    }
}

/// One drain of at most `limit` log rows in the client's open REPEATABLE READ transaction, and the
/// floor that holds once that is committed.
pub async fn batch(
    client: &Client,
    subject: &crate::sql::Subject,
    mut floor: Floor,
    limit: u64,
) -> Result<(Drained, Floor)> {
    let action = || Error::sql(format!("draining the key log of {}", subject.table));
    let row = client.query_one(&sql::markers(subject), &[]).await.map_err(action())?;
    let (truncate, filenode) = markers(subject, &row)?;
    if let Some(marker) = truncate {
        run_all(client, "starting over after TRUNCATE", &[sql::void(subject, marker)]).await?;
        return Ok((Drained { rows: 0, all: false, truncated: true, filenode }, floor));
    }
    let row =
        client.query_one(&sql::reach(subject, floor.id, limit), &[]).await.map_err(action())?;
    let rows = u64::try_from(row.get::<_, i64>(1)).unwrap_or(0);
    let all = rows < limit;
    let Some(hi) = row.get::<_, Option<PgLsn>>(0) else {
        return Ok((Drained { rows: 0, all: true, truncated: false, filenode }, floor));
    };
    let mut statements = Vec::with_capacity(4);
    if rows <= BY_INDEX {
        statements.push(BY_INDEX_ONLY.to_owned());
    }
    statements.extend(sql::batch(subject, floor.id, hi));
    client.batch_execute(&statements.join(";\n")).await.map_err(action())?;
    floor.learn(hi, row.get(2), row.get(3));
    Ok((Drained { rows, all, truncated: false, filenode }, floor))
}

/// The file of the table now. The catalog is read through the snapshot, so a TRUNCATE shows in it
/// if and only if its marker shows in the log.
pub async fn filenode(run: &Run<'_>) -> Result<Option<u32>> {
    let row = run
        .sessions
        .worker
        .query_one(&sql::filenode(&run.subject), &[])
        .await
        .map_err(Error::sql("looking at the table's file"))?;
    Ok(row.get(0))
}

/// Fails if the table was rewritten: no trigger sees VACUUM FULL or CLUSTER move rows to other
/// pages, nor ALTER TABLE change them.
pub fn same_file(run: &Run<'_>, now: Option<u32>) -> Result<()> {
    match run.journal.state.filenode {
        Some(then) if now != Some(then) => Err(Error::Changed {
            table: run.subject.table.clone(),
            difference: match now {
                Some(_) => {
                    "it was rewritten, as VACUUM FULL, CLUSTER and some forms of ALTER TABLE do"
                        .into()
                }
                None => "it was dropped".into(),
            },
        }),
        _ => Ok(()),
    }
}

/// Fewer than this, taken in one go, and the log counts as short.
const SHORT: u64 = 1_000;

/// Rows drained between two VACUUMs of the log, whose beginning is dead by then.
const VACUUM_EVERY: u64 = 200_000;

/// Whether more waits in the log than counts as short.
pub async fn is_long(run: &Run<'_>) -> Result<bool> {
    let row = run
        .sessions
        .worker
        .query_one(&sql::waiting(&run.subject, run.floor.id, SHORT + 1), &[])
        .await
        .map_err(Error::sql("counting the key log"))?;
    Ok(row.get::<_, i64>(0) > SHORT as i64)
}

/// Drains until one drain takes all there is and that was little. Gives up with both figures if
/// changes arrive faster than they can be drained for two intervals of `check_time` in a row.
pub async fn until_short(run: &mut Run<'_>) -> Result<()> {
    spans::within(spans::drain(), shorten(run)).await
}

async fn shorten(run: &mut Run<'_>) -> Result<()> {
    let limit = run.job.settings.max_replay_rows.max(1);
    let mut race = Race::start(run).await?;
    let mut since_vacuum = 0;
    let (mut drains, mut rows) = (0, 0);
    loop {
        run.check_stop()?;
        if throttle::pass(run, &run.sessions.worker, &run.control.stop).await? {
            // What arrived meanwhile was not raced against.
            race = Race::start(run).await?;
        }
        let drained = once(run, Some(limit)).await?;
        race.drained += drained.rows;
        since_vacuum += drained.rows;
        (drains, rows) = (drains + 1, rows + drained.rows);
        let total = race.waiting_at_start + race.total_drained + race.drained;
        run.progress(
            race.total_drained + race.drained,
            total.max(1),
            run.journal.state.figures.rows_replayed,
            0,
        );
        if drained.all && drained.rows < SHORT {
            spans::drained(drains, rows);
            return Ok(());
        }
        if since_vacuum >= VACUUM_EVERY {
            since_vacuum = 0;
            vacuum_log(run).await?;
        }
        race.check(run).await?;
    }
}

/// After this, the shadow equals the table as of one snapshot.
pub async fn fully(run: &mut Run<'_>) -> Result<()> {
    loop {
        until_short(run).await?;
        if once(run, None).await?.all {
            return Ok(());
        }
    }
}

/// Removes the log's dead rows. Without truncation of the file, for which VACUUM would lock out
/// the writers.
pub async fn vacuum_log(run: &mut Run<'_>) -> Result<()> {
    let statement = format!("VACUUM (TRUNCATE false) {}", run.subject.log());
    let worker = &run.sessions.worker;
    let work = async {
        worker.batch_execute(&statement).await.map_err(Error::sql("VACUUM of the key log"))
    };
    match interruptible(&run.control.stop, worker, work).await {
        // Autovacuum may be at it already.
        Err(e) if e.is_lock() => Ok(()),
        other => other,
    }
}

/// Arrivals against drains, over one interval after another.
struct Race {
    began: Instant,
    interval: Duration,
    /// What waited when the interval began.
    waiting: u64,
    waiting_at_start: u64,
    drained: u64,
    total_drained: u64,
    lost: u32,
}

impl Race {
    async fn start(run: &Run<'_>) -> Result<Self> {
        let waiting = waiting(run).await?;
        Ok(Self {
            began: Instant::now(),
            interval: run.job.settings.check_time.max(Duration::from_secs(1)),
            waiting,
            waiting_at_start: waiting,
            drained: 0,
            total_drained: 0,
            lost: 0,
        })
    }

    async fn check(&mut self, run: &Run<'_>) -> Result<()> {
        let elapsed = self.began.elapsed();
        if elapsed < self.interval {
            return Ok(());
        }
        let now = waiting(run).await?;
        let arrived = (now + self.drained).saturating_sub(self.waiting);
        self.lost = if arrived >= self.drained { self.lost + 1 } else { 0 };
        if self.lost >= 2 && run.journal.phase >= Phase::Index {
            return Err(Error::CannotCatchUp {
                table: run.subject.table.clone(),
                arrived_per_second: arrived as f64 / elapsed.as_secs_f64(),
                drained_per_second: self.drained as f64 / elapsed.as_secs_f64(),
            });
        }
        self.total_drained += self.drained;
        self.drained = 0;
        self.waiting = now;
        self.began = Instant::now();
        Ok(())
    }
}

/// How many rows wait in the log.
async fn waiting(run: &Run<'_>) -> Result<u64> {
    let row = run
        .sessions
        .worker
        .query_one(&sql::waiting(&run.subject, run.floor.id, 10_000_000), &[])
        .await
        .map_err(Error::sql("counting the key log"))?;
    let waiting = u64::try_from(row.get::<_, i64>(0)).unwrap_or(0);
    run.measured(Measure::Waiting(waiting));
    Ok(waiting)
}

#[cfg(test)]
mod tests {
    use super::Floor;

    fn learn(floor: &mut Floor, hi: u64, xmin: i64, own: i64) -> u64 {
        floor.learn(hi.into(), xmin, own);
        floor.id.into()
    }

    #[test]
    fn the_floor_waits_for_whoever_could_still_commit_below_it() {
        let mut floor = Floor::default();
        assert_eq!(
            learn(&mut floor, 100, 50, 60),
            0,
            "a transaction between 50 and 60 may hold a row below 100"
        );
        assert_eq!(learn(&mut floor, 200, 55, 70), 0, "55 is still before 60");
        assert_eq!(
            learn(&mut floor, 300, 60, 80),
            100,
            "all before 60 have ended and were drained up to 300"
        );
        assert_eq!(
            learn(&mut floor, 250, 80, 90),
            100,
            "a drain that ends below the mark proves nothing"
        );
    }
}
