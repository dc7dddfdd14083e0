//! Reports on their way: made once whatever the number of daemons, delivered by whoever claims them,
//! kept when nobody would take them.

use super::Store;
use crate::error::Result;
use crate::names::QualifiedName;
use sqlx::Row;
use sqlx::any::AnyRow;
use std::time::Duration;

/// An attempt that ended, as reports tell of it.
#[derive(Debug, Clone)]
pub struct Ended {
    /// Its number in the store.
    pub id: i64,
    /// The connection.
    pub connection: String,
    /// The table.
    pub table: QualifiedName,
    /// The rule, if one said so.
    pub rule: Option<String>,
    /// How it ended.
    pub ending: String,
    /// Why, without anybody else's words.
    pub told: Option<String>,
    /// When it began, in milliseconds of Unix time.
    pub started_at: i64,
    /// When it ended.
    pub ended_at: i64,
    /// Bytes before.
    pub bytes_before: Option<i64>,
    /// Bytes after.
    pub bytes_after: Option<i64>,
    /// The whole report, as JSON.
    pub report: Option<String>,
    /// Seconds in each phase.
    pub phases: Vec<(String, f64)>,
}

/// A report for one notifier, to be put into the store.
#[derive(Debug, Clone)]
pub struct Made<'a> {
    /// The notifier's name.
    pub notifier: &'a str,
    /// What it is about: the same for whichever daemon makes it.
    pub occasion: &'a str,
    /// The title, for people.
    pub title: &'a str,
    /// What happened, as JSON; `None`: its rule keeps it back.
    pub account: Option<&'a str>,
}

/// A report to be delivered by who claimed it.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Its number.
    pub id: i64,
    /// To whom.
    pub notifier: String,
    /// What it is about.
    pub occasion: String,
    /// What happened, as JSON.
    pub account: String,
    /// How often it was tried, this time included.
    pub tries: u32,
    /// How long it has been waiting.
    pub age: Duration,
}

/// A report in the store, for people to look at.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Its number.
    pub id: i64,
    /// To whom.
    pub notifier: String,
    /// What it is about.
    pub occasion: String,
    /// Its title.
    pub title: String,
    /// waiting, sent, kept or dead.
    pub state: String,
    /// How often it was tried.
    pub attempts: i64,
    /// What went wrong last.
    pub error: Option<String>,
    /// When it was made, in milliseconds of Unix time.
    pub made_at: i64,
    /// When it was sent or given up.
    pub ended_at: Option<i64>,
    /// Milliseconds until it is tried again.
    pub wait_ms: i64,
}

/// Half of it, so that adding the time does not overflow.
fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4).min(i64::MAX / 4)
}

impl Store {
    /// The attempts that ended after `from` and not after `until`, in milliseconds of Unix time, in the
    /// order in which they ended.
    pub async fn ended(&self, from: i64, until: i64) -> Result<Vec<Ended>> {
        let failed = self.failed();
        let rows = sqlx::query(self.sql(
            "SELECT id, connection, schema_name, table_name, rule, ending, told, started_at, ended_at,
                    bytes_before, bytes_after, report
             FROM attempts WHERE ended_at > $1 AND ended_at <= $2 ORDER BY ended_at, id",
        ))
        .bind(from)
        .bind(until)
        .fetch_all(&self.pool)
        .await
        .map_err(&failed)?;
        let mut all: Vec<Ended> = rows.iter().map(ended).collect();
        let rows = sqlx::query(self.sql(
            "SELECT p.attempt, p.phase, p.seconds FROM phases p JOIN attempts a ON a.id = p.attempt
             WHERE a.ended_at > $1 AND a.ended_at <= $2 ORDER BY p.ended_at, p.phase",
        ))
        .bind(from)
        .bind(until)
        .fetch_all(&self.pool)
        .await
        .map_err(&failed)?;
        for row in &rows {
            let attempt: i64 = row.get(0);
            if let Some(ended) = all.iter_mut().find(|e| e.id == attempt) {
                ended.phases.push((row.get(1), row.get(2)));
            }
        }
        Ok(all)
    }

    /// Puts a report there, unless it is there already. Returns whether it was not.
    pub async fn make_report(&self, made: &Made<'_>, by: &str) -> Result<bool> {
        let state = if made.account.is_some() { "waiting" } else { "kept" };
        let done = sqlx::query(self.sql(
            "INSERT INTO reports (notifier, occasion, title, account, state, made_at, made_by, next_at, ended_at)
             VALUES ($1, $2, $3, $4, $5, {now}, $6, {now}, CASE WHEN $5 = 'kept' THEN {now} END)
             ON CONFLICT (notifier, occasion) DO NOTHING",
        ))
        .bind(made.notifier)
        .bind(made.occasion)
        .bind(made.title)
        .bind(made.account)
        .bind(state)
        .bind(by)
        .execute(&self.pool)
        .await
        .map_err(self.failed())?;
        Ok(done.rows_affected() == 1)
    }

    /// Whether a report was made for the notifier, or kept back.
    pub async fn has_report(&self, notifier: &str, occasion: &str) -> Result<bool> {
        let row = sqlx::query(
            self.sql("SELECT count(*) FROM reports WHERE notifier = $1 AND occasion = $2"),
        )
        .bind(notifier)
        .bind(occasion)
        .fetch_one(&self.pool)
        .await
        .map_err(self.failed())?;
        Ok(row.get::<i64, _>(0) > 0)
    }

    /// The notifiers for which something is to be delivered now, and whether the oldest of what waits for
    /// them is.
    pub async fn notifiers_waiting(&self) -> Result<Vec<(String, bool)>> {
        let rows = sqlx::query(self.sql(
            "SELECT notifier, min(id), min(CASE WHEN next_at <= {now} AND claimed_until <= {now} THEN id END)
             FROM reports WHERE state = 'waiting' GROUP BY notifier ORDER BY notifier",
        ))
        .fetch_all(&self.pool)
        .await
        .map_err(self.failed())?;
        let ready = |row: &AnyRow| {
            let (oldest, first): (i64, Option<i64>) = (row.get(1), row.get(2));
            first.map(|first| (row.get(0), first == oldest))
        };
        Ok(rows.iter().filter_map(ready).collect())
    }

    /// How many reports wait for a notifier.
    pub async fn reports_waiting(&self, notifier: &str) -> Result<i64> {
        let row = sqlx::query(
            self.sql("SELECT count(*) FROM reports WHERE state = 'waiting' AND notifier = $1"),
        )
        .bind(notifier)
        .fetch_one(&self.pool)
        .await
        .map_err(self.failed())?;
        Ok(row.get(0))
    }

    /// Claims the report of a notifier that comes next, for `lease`. One that is claimed and not spoken
    /// of until then is somebody else's to deliver: he who had it is dead. `in_order`: none while an older one
    /// is claimed or waits to be tried again.
    pub async fn claim_report(
        &self,
        by: &str,
        notifier: &str,
        lease: Duration,
        in_order: bool,
    ) -> Result<Option<Letter>> {
        let statement = match in_order {
            true => {
                "UPDATE reports SET claimed_by = $1, claimed_until = {now} + $2, attempts = attempts + 1
                 WHERE id = (SELECT q.id FROM reports q
                             WHERE q.id = (SELECT min(o.id) FROM reports o WHERE o.state = 'waiting' AND o.notifier = $3)
                               AND q.state = 'waiting' AND q.next_at <= {now} AND q.claimed_until <= {now}
                             {skip})
                 RETURNING id, notifier, occasion, account, attempts, {now} - made_at"
            }
            false => {
                "UPDATE reports SET claimed_by = $1, claimed_until = {now} + $2, attempts = attempts + 1
                 WHERE id = (SELECT q.id FROM reports q
                             WHERE q.state = 'waiting' AND q.notifier = $3 AND q.next_at <= {now} AND q.claimed_until <= {now}
                             ORDER BY q.id LIMIT 1 {skip})
                 RETURNING id, notifier, occasion, account, attempts, {now} - made_at"
            }
        };
        let row = sqlx::query(self.sql(statement))
            .bind(by)
            .bind(millis(lease))
            .bind(notifier)
            .fetch_optional(&self.pool)
            .await
            .map_err(self.failed())?;
        Ok(row.map(|row| Letter {
            id: row.get(0),
            notifier: row.get(1),
            occasion: row.get(2),
            account: row.get::<Option<String>, _>(3).unwrap_or_default(),
            tries: u32::try_from(row.get::<i64, _>(4)).unwrap_or(u32::MAX),
            age: Duration::from_millis(u64::try_from(row.get::<i64, _>(5)).unwrap_or(0)),
        }))
    }

    /// Says that a report was delivered.
    pub async fn report_sent(&self, id: i64) -> Result<()> {
        sqlx::query(self.sql(
            "UPDATE reports SET state = 'sent', error = NULL, claimed_by = NULL, claimed_until = 0, ended_at = {now}
             WHERE id = $1",
        ))
        .bind(id)
        .execute(&self.pool)
        .await
        .map_err(self.failed())?;
        Ok(())
    }

    /// Says that a report was not delivered, and when it is tried again; `None`: it is given up, and kept.
    pub async fn report_failed(
        &self,
        id: i64,
        by: &str,
        error: &str,
        again: Option<Duration>,
    ) -> Result<()> {
        let statement = match again {
            Some(_) => {
                "UPDATE reports SET error = $1, next_at = {now} + $2, claimed_by = NULL, claimed_until = 0
                 WHERE id = $3 AND state = 'waiting' AND claimed_by = $4"
            }
            None => {
                "UPDATE reports SET error = $1, state = 'dead', ended_at = {now} + $2, claimed_by = NULL, claimed_until = 0
                 WHERE id = $3 AND state = 'waiting' AND claimed_by = $4"
            }
        };
        sqlx::query(self.sql(statement))
            .bind(error)
            .bind(again.map_or(0, millis))
            .bind(id)
            .bind(by)
            .execute(&self.pool)
            .await
            .map_err(self.failed())?;
        Ok(())
    }

    /// Gives up reports that have waited longer than `most` for notifiers that are not there any more.
    pub async fn give_up_orphans(&self, known: &[String], most: Duration) -> Result<u64> {
        let rows = sqlx::query(self.sql(
            "SELECT DISTINCT notifier FROM reports WHERE state = 'waiting' AND made_at < {now} - $1",
        ))
        .bind(millis(most))
        .fetch_all(&self.pool)
        .await
        .map_err(self.failed())?;
        let mut gone = 0;
        for notifier in rows.iter().map(|row| row.get::<String, _>(0)) {
            if known.contains(&notifier) {
                continue;
            }
            let done = sqlx::query(self.sql(
                "UPDATE reports SET state = 'dead', ended_at = {now}, error = 'its notifier is not in the configuration any more'
                 WHERE notifier = $1 AND state = 'waiting' AND made_at < {now} - $2",
            ))
            .bind(notifier)
            .bind(millis(most))
            .execute(&self.pool)
            .await
            .map_err(self.failed())?;
            gone += done.rows_affected();
        }
        Ok(gone)
    }

    /// Has what waits for a notifier, or was given up, delivered now. Returns how much that is.
    pub async fn revive_reports(&self, notifier: &str) -> Result<u64> {
        let mut all = 0;
        for statement in [
            "UPDATE reports SET next_at = {now} WHERE state = 'waiting' AND notifier = $1",
            "UPDATE reports SET state = 'waiting', attempts = 0, made_at = {now}, next_at = {now}, ended_at = NULL
             WHERE state = 'dead' AND notifier = $1",
        ] {
            let done = sqlx::query(self.sql(statement)).bind(notifier).execute(&self.pool).await;
            all += done.map_err(self.failed())?.rows_affected();
        }
        Ok(all)
    }

    /// The reports, the last one first, `limit` at most.
    pub async fn reports(&self, limit: u32) -> Result<Vec<Kept>> {
        let rows = sqlx::query(self.sql(
            "SELECT id, notifier, occasion, title, state, attempts, error, made_at, ended_at, next_at - {now}
             FROM reports ORDER BY id DESC LIMIT $1",
        ))
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await
        .map_err(self.failed())?;
        let kept = |row: &AnyRow| Kept {
            id: row.get(0),
            notifier: row.get(1),
            occasion: row.get(2),
            title: row.get(3),
            state: row.get(4),
            attempts: row.get(5),
            error: row.get(6),
            made_at: row.get(7),
            ended_at: row.get(8),
            wait_ms: row.get(9),
        };
        Ok(rows.iter().map(kept).collect())
    }

    /// The alarms that a notifier has raised and not ended.
    pub async fn alerts(&self, notifier: &str) -> Result<Vec<String>> {
        let rows = sqlx::query(self.sql("SELECT alert FROM alerts WHERE notifier = $1 ORDER BY 1"))
            .bind(notifier)
            .fetch_all(&self.pool)
            .await
            .map_err(self.failed())?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// Keeps that alarms are about to be raised: from here on there is something to end.
    pub async fn raise_alerts(&self, notifier: &str, raised: &[String]) -> Result<()> {
        for alert in raised {
            sqlx::query(self.sql(
                "INSERT INTO alerts (notifier, alert, since) VALUES ($1, $2, {now})
                 ON CONFLICT (notifier, alert) DO UPDATE SET since = excluded.since",
            ))
            .bind(notifier)
            .bind(alert)
            .execute(&self.pool)
            .await
            .map_err(self.failed())?;
        }
        Ok(())
    }

    /// Keeps which alarms a delivered report has raised, and which it has ended. One that was raised again
    /// after the report was made is not ended by it: its next report still waits.
    pub async fn keep_alerts(
        &self,
        notifier: &str,
        report: i64,
        raised: &[String],
        ended: &[String],
    ) -> Result<()> {
        for alert in raised {
            sqlx::query(self.sql(
                "INSERT INTO alerts (notifier, alert, since) VALUES ($1, $2, {now}) ON CONFLICT DO NOTHING",
            ))
            .bind(notifier)
            .bind(alert)
            .execute(&self.pool)
            .await
            .map_err(self.failed())?;
        }
        for alert in ended {
            sqlx::query(self.sql(
                "DELETE FROM alerts WHERE notifier = $1 AND alert = $2
                   AND since <= (SELECT made_at FROM reports WHERE id = $3)",
            ))
            .bind(notifier)
            .bind(alert)
            .bind(report)
            .execute(&self.pool)
            .await
            .map_err(self.failed())?;
        }
        Ok(())
    }
}

fn ended(row: &AnyRow) -> Ended {
    Ended {
        id: row.get(0),
        connection: row.get(1),
        table: QualifiedName::new(row.get::<String, _>(2), row.get::<String, _>(3)),
        rule: row.get(4),
        ending: row.get::<Option<String>, _>(5).unwrap_or_default(),
        told: row.get(6),
        started_at: row.get(7),
        ended_at: row.get(8),
        bytes_before: row.get(9),
        bytes_after: row.get(10),
        report: row.get(11),
        phases: Vec::new(),
    }
}
