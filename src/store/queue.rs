//! The queue: from a table that qualifies to the one who has it.

use super::connect::is_contended;
use super::history::{self, Record};
use super::{Scope, Store};
use crate::error::Result;
use crate::names::QualifiedName;
use sqlx::any::AnyRow;
use sqlx::{Any, Row, Transaction};
use std::time::Duration;

/// What shall be repacked.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The connection.
    pub connection: String,
    /// The table.
    pub table: QualifiedName,
    /// Its OID now.
    pub oid: u32,
    /// The rule that says so.
    pub rule: String,
    /// Higher comes first.
    pub priority: i64,
    /// The order that the rules give it; more comes first.
    pub turn: i64,
    /// What the table is now, for one that was set aside.
    pub stamp: Option<String>,
}

/// What became of a wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Queued {
    /// It is queued.
    New,
    /// It was already.
    Known,
    /// It was set aside, and stays there.
    Aside(String),
    /// It was set aside, but has changed since, or long enough ago.
    Again,
}

/// The states of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It waits for its turn.
    Waiting,
    /// Somebody has it.
    Running,
    /// Until a person or a change of the table.
    Aside,
}

impl State {
    /// As the store has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Aside => "aside",
        }
    }

    fn parse(name: &str) -> Self {
        match name {
            "running" => Self::Running,
            "aside" => Self::Aside,
            _ => Self::Waiting,
        }
    }
}

/// An entry of the queue, for people to look at.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The connection.
    pub connection: String,
    /// The table.
    pub table: QualifiedName,
    /// The rule.
    pub rule: String,
    /// Its state.
    pub state: State,
    /// Whether something of it is left in the database.
    pub begun: bool,
    /// Attempts that failed.
    pub attempts: u32,
    /// Why it waits or was set aside.
    pub reason: Option<String>,
    /// Who has it.
    pub owner: Option<String>,
    /// Whether his lease is over.
    pub expired: bool,
    /// The phase, while it runs.
    pub phase: Option<String>,
    /// How much of the phase is done, from 0 to 1.
    pub progress: Option<f64>,
    /// The attempt, while it runs.
    pub attempt: Option<i64>,
    /// What a person has asked for.
    pub wanted: Option<String>,
    /// Milliseconds until it is tried again.
    pub wait_ms: i64,
    /// When it was queued, in milliseconds of Unix time.
    pub queued_at: i64,
}

/// What a person has asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// It shall be given up, says whoever is named.
    Cancel(String),
}

/// A table that is ours until the lease ends.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The entry.
    pub id: i64,
    /// Grows with every claim of the entry.
    pub fence: i64,
    /// The row of the attempt.
    pub attempt: i64,
    /// Who claimed it.
    pub owner: String,
    /// The connection.
    pub connection: String,
    /// The table.
    pub table: QualifiedName,
    /// Its OID when it was queued or begun.
    pub oid: u32,
    /// The rule.
    pub rule: String,
    /// Whether something of it may be left in the database.
    pub begun: bool,
    /// Attempts that failed before.
    pub attempts: u32,
    /// Whose lease ended without a word, if it was taken over.
    pub from: Option<String>,
    /// What a person has asked for.
    pub wanted: Option<Wanted>,
}

/// What a heartbeat found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lease {
    /// It goes on.
    Held,
    /// It goes on, but a person has paused it.
    Paused(String),
    /// It goes on, but a person has asked for this.
    Wanted(Wanted),
    /// Somebody else has it.
    Lost,
}

/// How an attempt leaves its entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conclusion {
    /// There is nothing more to do.
    Gone,
    /// It waits.
    Again {
        /// Why.
        reason: String,
        /// Until when.
        after: Duration,
        /// Whether it counts as a failure.
        failed: bool,
        /// Whether something of it is left in the database.
        begun: bool,
    },
    /// Until a person, or until the table has another stamp.
    Aside {
        /// Why.
        reason: String,
        /// What the table is.
        stamp: Option<String>,
        /// Until when; `None`: for good.
        after: Option<Duration>,
        /// Whether something of it is left in the database.
        begun: bool,
    },
}

/// What is not paused. Joins nothing: pauses are few.
const NOT_PAUSED: &str = "NOT EXISTS (SELECT 1 FROM pauses p
    WHERE p.connection IN ('', q.connection)
      AND (p.table_name = '' OR p.schema_name IN ('', q.schema_name) AND p.table_name = q.table_name))";

/// For ever, as far as anybody will look.
const FOR_EVER: i64 = i64::MAX / 4;

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(FOR_EVER).min(FOR_EVER)
}

impl Store {
    /// Queues a table, or brings what is said of it up to date.
    pub async fn enqueue(&self, wish: &Wish) -> Result<Queued> {
        let failed = self.failed();
        let Wish { connection, table, oid, rule, priority, turn, stamp } = wish;
        let inserted = sqlx::query(self.sql(
            "INSERT INTO queue (connection, schema_name, table_name, table_oid, rule, priority, turn, state, queued_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, 'waiting', {now}, {now}) ON CONFLICT DO NOTHING",
        ))
        .bind(connection)
        .bind(&table.schema)
        .bind(&table.name)
        .bind(i64::from(*oid))
        .bind(rule)
        .bind(*priority)
        .bind(*turn)
        .execute(&self.pool)
        .await
        .map_err(&failed)?;
        if inserted.rows_affected() == 1 {
            return Ok(Queued::New);
        }
        sqlx::query(self.sql(
            "UPDATE queue SET rule = $1, priority = $2, turn = $3,
                    table_oid = CASE WHEN begun = 0 THEN $4 ELSE table_oid END
             WHERE connection = $5 AND schema_name = $6 AND table_name = $7 AND state <> 'running'",
        ))
        .bind(rule)
        .bind(*priority)
        .bind(*turn)
        .bind(i64::from(*oid))
        .bind(connection)
        .bind(&table.schema)
        .bind(&table.name)
        .execute(&self.pool)
        .await
        .map_err(&failed)?;
        let again = sqlx::query(self.sql(
            "UPDATE queue SET state = 'waiting', attempts = 0, not_before = 0, reason = NULL, updated_at = {now}
             WHERE connection = $1 AND schema_name = $2 AND table_name = $3 AND state = 'aside'
               AND (not_before <= {now} OR stamp IS NOT NULL AND stamp <> $4)",
        ))
        .bind(connection)
        .bind(&table.schema)
        .bind(&table.name)
        .bind(stamp.clone())
        .execute(&self.pool)
        .await
        .map_err(&failed)?;
        if again.rows_affected() > 0 {
            return Ok(Queued::Again);
        }
        let row = sqlx::query(self.sql(
            "SELECT reason FROM queue WHERE connection = $1 AND schema_name = $2 AND table_name = $3 AND state = 'aside'",
        ))
        .bind(connection)
        .bind(&table.schema)
        .bind(&table.name)
        .fetch_optional(&self.pool)
        .await
        .map_err(&failed)?;
        Ok(match row {
            Some(row) => Queued::Aside(row.get::<Option<String>, _>(0).unwrap_or_default()),
            None => Queued::Known,
        })
    }

    /// Takes tables off the queue that do not qualify any more: those of the connection that are not
    /// in `keep`, wait and were not begun.
    pub async fn forget_others(&self, connection: &str, keep: &[QualifiedName]) -> Result<u64> {
        let failed = self.failed();
        let mut gone = 0;
        for entry in self.entries().await? {
            if entry.connection != connection
                || entry.state != State::Waiting
                || entry.begun
                || keep.contains(&entry.table)
            {
                continue;
            }
            let done = sqlx::query(self.sql(
                "DELETE FROM queue WHERE connection = $1 AND schema_name = $2 AND table_name = $3
                    AND state = 'waiting' AND begun = 0 AND wanted IS NULL",
            ))
            .bind(connection)
            .bind(&entry.table.schema)
            .bind(&entry.table.name)
            .execute(&self.pool)
            .await
            .map_err(&failed)?;
            gone += done.rows_affected();
        }
        Ok(gone)
    }

    /// Claims the entry that comes next among these connections and rules, for `lease`. What somebody
    /// has asked to be given up may be claimed whatever its rule; so may nothing else.
    pub async fn claim(
        &self,
        owner: &str,
        lease: Duration,
        connections: &[String],
        rules: &[String],
    ) -> Result<Option<Claim>> {
        if connections.is_empty() {
            return Ok(None);
        }
        let mut transaction = self.begin().await?;
        match self.claim_in(&mut transaction, owner, lease, connections, rules).await {
            Ok(Some(claim)) => match transaction.commit().await {
                Ok(()) => Ok(Some(claim)),
                Err(e) if is_contended(&e) => Ok(None),
                Err(e) => Err(self.failed()(e)),
            },
            Ok(None) => {
                let _ = transaction.rollback().await;
                Ok(None)
            }
            // Another daemon has just begun with a table of that connection.
            Err(e) if is_contended(&e) => {
                let _ = transaction.rollback().await;
                Ok(None)
            }
            Err(e) => Err(self.failed()(e)),
        }
    }

    async fn claim_in(
        &self,
        transaction: &mut Transaction<'static, Any>,
        owner: &str,
        lease: Duration,
        connections: &[String],
        rules: &[String],
    ) -> Result<Option<Claim>, sqlx::Error> {
        let list = |from: usize, count: usize| match count {
            0 => "NULL".to_owned(),
            _ => (from..from + count).map(|i| format!("${i}")).collect::<Vec<_>>().join(", "),
        };
        let statement = format!(
            "SELECT q.id, q.fence, q.connection, q.schema_name, q.table_name, q.table_oid, q.rule, q.begun, q.attempts,
                    q.owner, q.wanted, q.wanted_by, q.attempt, q.state
             FROM queue q
             WHERE q.connection IN ({})
               AND (q.wanted IS NOT NULL OR q.rule IN ({}) AND {NOT_PAUSED})
               AND (q.state = 'running' AND q.lease_until <= {{now}}
                    OR (q.state = 'waiting' AND q.not_before <= {{now}} OR q.state <> 'running' AND q.wanted IS NOT NULL)
                       AND NOT EXISTS (SELECT 1 FROM queue r WHERE r.connection = q.connection AND r.state = 'running'))
             ORDER BY CASE q.state WHEN 'running' THEN 0 ELSE 1 END, CASE WHEN q.wanted IS NULL THEN 1 ELSE 0 END,
                      q.begun DESC, q.priority DESC, q.turn DESC, q.id
             LIMIT 1 {{skip}}",
            list(1, connections.len()),
            list(1 + connections.len(), rules.len()),
        );
        let mut query = sqlx::query(self.sql(&statement));
        for value in connections.iter().chain(rules) {
            query = query.bind(value);
        }
        let Some(row) = query.fetch_optional(&mut **transaction).await? else { return Ok(None) };
        let id: i64 = row.get(0);
        let fence = row.get::<i64, _>(1) + 1;
        let expired = row.get::<String, _>(13) == "running";
        let from: Option<String> = row.get::<Option<String>, _>(9).filter(|_| expired);
        let mut claim = Claim {
            id,
            fence,
            attempt: 0,
            owner: owner.to_owned(),
            connection: row.get(2),
            table: QualifiedName::new(row.get::<String, _>(3), row.get::<String, _>(4)),
            oid: u32::try_from(row.get::<i64, _>(5)).unwrap_or_default(),
            rule: row.get(6),
            begun: row.get::<i64, _>(7) != 0,
            attempts: u32::try_from(row.get::<i64, _>(8)).unwrap_or(u32::MAX),
            from,
            wanted: wanted(&row, 10),
        };
        if let (true, Some(lost)) = (expired, row.get::<Option<i64>, _>(12)) {
            history::close_lost(self, transaction, lost, &claim).await?;
        }
        claim.attempt = history::open(self, transaction, &claim).await?;
        // Whatever happens from here on, something may be left.
        sqlx::query(self.sql(
            "UPDATE queue SET state = 'running', begun = 1, owner = $1, fence = $2, lease_until = {now} + $3,
                    attempt = $4, phase = NULL, progress = NULL, reason = NULL, updated_at = {now}
             WHERE id = $5",
        ))
        .bind(owner)
        .bind(fence)
        .bind(millis(lease))
        .bind(claim.attempt)
        .bind(id)
        .execute(&mut **transaction)
        .await?;
        Ok(Some(claim))
    }

    /// Prolongs a lease, says how far the work is, and finds out what people want.
    pub async fn renew(
        &self,
        claim: &Claim,
        lease: Duration,
        phase: Option<&str>,
        progress: Option<f64>,
    ) -> Result<Lease> {
        let failed = self.failed();
        // Also a lease that is over, if nobody has taken the table since.
        let done = sqlx::query(self.sql(
            "UPDATE queue SET lease_until = {now} + $1, phase = $2, updated_at = {now},
                    progress = CASE WHEN $3 < 0 THEN NULL ELSE $3 END
             WHERE id = $4 AND fence = $5 AND owner = $6 AND state = 'running'",
        ))
        .bind(millis(lease))
        .bind(phase)
        // Never NULL, which sqlx 0.9 says is a float4: with a statement prepared for that, PostgreSQL
        // takes no float8 afterwards, and the lease would be lost in the middle of the copy.
        .bind(progress.unwrap_or(-1.0))
        .bind(claim.id)
        .bind(claim.fence)
        .bind(&claim.owner)
        .execute(&self.pool)
        .await
        .map_err(&failed)?;
        if done.rows_affected() == 0 {
            return Ok(Lease::Lost);
        }
        let row = sqlx::query(self.sql(
            "SELECT q.wanted, q.wanted_by,
                    (SELECT max(p.paused_by) FROM pauses p
                     WHERE p.connection IN ('', q.connection)
                       AND (p.table_name = '' OR p.schema_name IN ('', q.schema_name) AND p.table_name = q.table_name))
             FROM queue q WHERE q.id = $1",
        ))
        .bind(claim.id)
        .fetch_one(&self.pool)
        .await
        .map_err(&failed)?;
        Ok(match (wanted(&row, 0), row.get::<Option<String>, _>(2)) {
            (Some(wanted), _) => Lease::Wanted(wanted),
            (None, Some(who)) => Lease::Paused(who),
            (None, None) => Lease::Held,
        })
    }

    /// Whether the claim still stands, with nobody asking for anything else; prolongs it if so. What is
    /// asked before a cutover: `lease` is how long nobody else can come to think the table his.
    pub async fn stands(&self, claim: &Claim, lease: Duration) -> Result<bool> {
        let statement = format!(
            "UPDATE queue AS q SET lease_until = {{now}} + $1
             WHERE q.id = $2 AND q.fence = $3 AND q.owner = $4 AND q.state = 'running'
               AND q.lease_until > {{now}} AND q.wanted IS NULL AND {NOT_PAUSED}"
        );
        let done = sqlx::query(self.sql(&statement))
            .bind(millis(lease))
            .bind(claim.id)
            .bind(claim.fence)
            .bind(&claim.owner)
            .execute(&self.pool)
            .await
            .map_err(self.failed())?;
        Ok(done.rows_affected() == 1)
    }

    /// Ends an attempt. False if the table was somebody else's by then: what became of it is on record,
    /// but the entry is his.
    pub async fn conclude(
        &self,
        claim: &Claim,
        conclusion: &Conclusion,
        record: &Record,
    ) -> Result<bool> {
        let failed = self.failed();
        let mut transaction = self.begin().await?;
        history::close(self, &mut transaction, claim.attempt, record).await.map_err(&failed)?;
        let ours = "id = $1 AND fence = $2 AND owner = $3 AND state = 'running'";
        let statement = match conclusion {
            Conclusion::Gone => format!("DELETE FROM queue WHERE {ours}"),
            Conclusion::Again { .. } => format!(
                "UPDATE queue SET state = 'waiting', owner = NULL, lease_until = 0, attempt = NULL, phase = NULL, progress = NULL,
                        reason = $4, not_before = {{now}} + $5, attempts = attempts + $6, begun = $7, updated_at = {{now}}
                 WHERE {ours}"
            ),
            Conclusion::Aside { .. } => format!(
                "UPDATE queue SET state = 'aside', owner = NULL, lease_until = 0, attempt = NULL, phase = NULL, progress = NULL,
                        wanted = NULL, wanted_by = NULL,
                        reason = $4, not_before = {{now}} + $5, stamp = $6, begun = $7, updated_at = {{now}}
                 WHERE {ours}"
            ),
        };
        let query =
            sqlx::query(self.sql(&statement)).bind(claim.id).bind(claim.fence).bind(&claim.owner);
        let query = match conclusion {
            Conclusion::Gone => query,
            Conclusion::Again { reason, after, failed, begun } => query
                .bind(reason)
                .bind(millis(*after))
                .bind(i64::from(*failed))
                .bind(i64::from(*begun)),
            Conclusion::Aside { reason, stamp, after, begun } => query
                .bind(reason)
                // Half of it, so that adding the time does not overflow.
                .bind(after.map_or(FOR_EVER, millis))
                .bind(stamp.clone())
                .bind(i64::from(*begun)),
        };
        let done = query.execute(&mut *transaction).await.map_err(&failed)?;
        transaction.commit().await.map_err(&failed)?;
        Ok(done.rows_affected() == 1)
    }

    /// Puts an entry under another rule.
    pub async fn change_rule(&self, scope: &Scope, rule: &str) -> Result<()> {
        sqlx::query(self.sql(
            "UPDATE queue SET rule = $1 WHERE connection = $2 AND schema_name = $3 AND table_name = $4",
        ))
        .bind(rule)
        .bind(&scope.connection)
        .bind(&scope.schema)
        .bind(&scope.table)
        .execute(&self.pool)
        .await
        .map_err(self.failed())?;
        Ok(())
    }

    /// Takes a table off the queue that was repacked by hand.
    pub async fn drop_waiting(&self, connection: &str, table: &QualifiedName) -> Result<()> {
        sqlx::query(self.sql(
            "DELETE FROM queue WHERE connection = $1 AND schema_name = $2 AND table_name = $3 AND state <> 'running'",
        ))
        .bind(connection)
        .bind(&table.schema)
        .bind(&table.name)
        .execute(&self.pool)
        .await
        .map_err(self.failed())?;
        Ok(())
    }

    /// Asks for the tables meant to be given up. What was never begun is set aside here and now.
    /// Returns how many of each: to be given up, and set aside.
    pub async fn cancel(&self, scope: &Scope, who: &str) -> Result<(u64, u64)> {
        let failed = self.failed();
        let meant =
            "connection = $1 AND ($3 = '' OR ($2 = '' OR schema_name = $2) AND table_name = $3)";
        let run = async |statement: String| {
            sqlx::query(self.sql(&statement))
                .bind(&scope.connection)
                .bind(&scope.schema)
                .bind(&scope.table)
                .bind(who)
                .execute(&self.pool)
                .await
                .map(|done| done.rows_affected())
                .map_err(&failed)
        };
        let aside = run(format!(
            "UPDATE queue SET state = 'aside', reason = 'cancelled by ' || $4, stamp = NULL, not_before = {FOR_EVER}, updated_at = {{now}}
             WHERE state = 'waiting' AND begun = 0 AND {meant}"
        ))
        .await?;
        let asked = run(format!(
            "UPDATE queue SET wanted = 'cancel', wanted_by = $4, updated_at = {{now}} WHERE begun = 1 AND {meant}"
        ))
        .await?;
        Ok((asked, aside))
    }

    /// Puts what was set aside back into the queue. Returns how many that were.
    pub async fn bring_back(&self, scope: &Scope) -> Result<u64> {
        let done = sqlx::query(self.sql(
            "UPDATE queue SET state = 'waiting', attempts = 0, not_before = 0, reason = NULL, stamp = NULL, updated_at = {now}
             WHERE state = 'aside' AND connection = $1 AND ($3 = '' OR ($2 = '' OR schema_name = $2) AND table_name = $3)",
        ))
        .bind(&scope.connection)
        .bind(&scope.schema)
        .bind(&scope.table)
        .execute(&self.pool)
        .await
        .map_err(self.failed())?;
        Ok(done.rows_affected())
    }

    /// The whole queue.
    pub async fn entries(&self) -> Result<Vec<Entry>> {
        let rows = sqlx::query(self.sql(
            "SELECT connection, schema_name, table_name, rule, state, begun, attempts, reason, owner,
                    CASE WHEN state = 'running' AND lease_until <= {now} THEN 1 ELSE 0 END,
                    phase, progress, attempt, wanted, not_before - {now}, queued_at
             FROM queue
             ORDER BY connection, CASE state WHEN 'running' THEN 0 WHEN 'waiting' THEN 1 ELSE 2 END,
                      begun DESC, priority DESC, turn DESC, id",
        ))
        .fetch_all(&self.pool)
        .await
        .map_err(self.failed())?;
        Ok(rows.iter().map(entry).collect())
    }
}

fn entry(row: &AnyRow) -> Entry {
    Entry {
        connection: row.get(0),
        table: QualifiedName::new(row.get::<String, _>(1), row.get::<String, _>(2)),
        rule: row.get(3),
        state: State::parse(row.get::<String, _>(4).as_str()),
        begun: row.get::<i64, _>(5) != 0,
        attempts: u32::try_from(row.get::<i64, _>(6)).unwrap_or(u32::MAX),
        reason: row.get(7),
        owner: row.get(8),
        expired: whole(row, 9) != 0,
        phase: row.get(10),
        progress: row.get(11),
        attempt: row.get(12),
        wanted: row.get(13),
        wait_ms: row.get(14),
        queued_at: row.get(15),
    }
}

/// A number that PostgreSQL makes an int4 and SQLite a bigint.
pub(super) fn whole(row: &AnyRow, at: usize) -> i64 {
    row.try_get::<i64, _>(at).or_else(|_| row.try_get::<i32, _>(at).map(i64::from)).unwrap_or(0)
}

fn wanted(row: &AnyRow, at: usize) -> Option<Wanted> {
    let what: Option<String> = row.get(at);
    let who: Option<String> = row.get(at + 1);
    what.map(|_| Wanted::Cancel(who.unwrap_or_default()))
}
