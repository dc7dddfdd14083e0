//! Who has a table of the queue: claimed, held by a lease, concluded.

use super::Store;
use super::connect::is_contended;
use super::history::{self, Record};
use super::queue::{FOR_EVER, NOT_PAUSED, Wanted, millis, wanted};
use crate::error::Result;
use crate::names::QualifiedName;
use sqlx::{Any, Row, Transaction};
use std::time::Duration;

/// How long at most what a person has asked for waits until it is tried again.
const WANTED: Duration = Duration::from_secs(60);

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

impl Store {
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
                    OR (q.state = 'waiting' OR q.state = 'aside' AND q.wanted IS NOT NULL) AND q.not_before <= {{now}}
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
                        reason = $4, not_before = {{now}} + CASE WHEN wanted IS NULL THEN $5 ELSE $8 END,
                        attempts = attempts + $6, begun = $7, updated_at = {{now}}
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
                .bind(i64::from(*begun))
                .bind(millis((*after).min(WANTED))),
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
}
