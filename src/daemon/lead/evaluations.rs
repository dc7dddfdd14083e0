//! When databases are measured, by this daemon or by another.

use super::{Evaluated, Lead, REST, cause_of};
use crate::daemon::evaluate::evaluate;
use crate::engine::spans::within;
use crate::error::{Error, Result};
use crate::store::{self, State};
use crate::telemetry::standing::{Found, Known, Queue};
use crate::telemetry::{Cause, spans};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Databases measured at the same time: with hundreds configured there are still few sockets.
const EVALUATIONS: usize = 4;

/// How long one evaluation may take until another daemon may do it.
const EVALUATION_LEASE: Duration = Duration::from_secs(15 * 60);

/// An evaluation that is over.
pub struct Evaluation {
    connection: String,
    /// As the store has it.
    at: i64,
    took: Duration,
    result: Result<Found>,
}

impl Lead {
    /// Learns what was evaluated, by whomever.
    pub(super) async fn refresh(&mut self) -> Result<()> {
        self.tell_queue().await?;
        let evaluations = self.store.evaluations().await?;
        let ours = |e: &&store::Evaluation| {
            e.last_at > 0 && self.config.connections.iter().any(|c| c.name == e.connection)
        };
        let known = evaluations.iter().filter(ours).map(|e| Known {
            connection: e.connection.clone(),
            at: e.last_at,
            tables: e.tables,
            due: e.qualified,
        });
        self.meters.standing.known(known.collect());
        for known in evaluations {
            let entry = self.evaluations.entry(known.connection).or_insert(Evaluated {
                last: 0,
                due: None,
                now: false,
            });
            if entry.last != known.last_at {
                (entry.last, entry.due) = (known.last_at, None);
            }
        }
        self.refreshed = Some(Instant::now());
        Ok(())
    }

    /// Tells metrics how long the queue is.
    pub(super) async fn tell_queue(&self) -> Result<()> {
        let empty = || [State::Waiting, State::Running, State::Aside].map(|s| (s.name(), 0));
        let connections = self.config.connections.iter().map(|c| c.name.clone());
        let mut queues: BTreeMap<String, Queue> = connections
            .map(|name| (name, Queue { states: empty().into(), oldest: None }))
            .collect();
        for entry in self.store.entries().await? {
            let Some(queue) = queues.get_mut(&entry.connection) else { continue };
            *queue.states.entry(entry.state.name()).or_default() += 1;
            if entry.state == State::Waiting {
                queue.oldest = queue.oldest.into_iter().chain([entry.queued_at]).min();
            }
        }
        self.meters.standing.queues(queues);
        Ok(())
    }

    /// Begins the evaluations that are due. Says whether `--once` has more of them to do.
    pub(super) async fn evaluate_due(&mut self) -> Result<bool> {
        let now = self.clock.now();
        let config = Arc::clone(&self.config);
        for connection in &config.connections {
            if self.evaluating.len() >= EVALUATIONS {
                return Ok(true);
            }
            let name = &connection.name;
            let entry = self.evaluations.entry(name.clone()).or_insert(Evaluated {
                last: 0,
                due: None,
                now: false,
            });
            if entry.now || self.once && self.looked.contains(name) {
                continue;
            }
            if !self.once && entry.last != 0 {
                // A clock that was ahead once shall not put it off until that time comes.
                let last = DateTime::from_timestamp_millis(entry.last).unwrap_or(now).min(now);
                let due = *entry.due.get_or_insert_with(|| {
                    config.schedule.evaluate.next(name, 0, last).unwrap_or(DateTime::<Utc>::MAX_UTC)
                });
                // Nor shall one that was put back.
                if due > now && due - now <= chrono::Duration::days(1)
                    || due == DateTime::<Utc>::MAX_UTC
                {
                    continue;
                }
                if due > now {
                    entry.due = None;
                    let next = config.schedule.evaluate.next(name, 0, now);
                    if next.is_none_or(|next| next >= due) {
                        entry.due = Some(due);
                        continue;
                    }
                }
            }
            let seen = entry.last;
            if !self.store.claim_evaluation(&self.me, name, seen, EVALUATION_LEASE).await? {
                // Another daemon is at it, or was.
                self.looked.insert(name.clone());
                self.refreshed = None;
                continue;
            }
            entry.now = true;
            self.looked.insert(name.clone());
            let (store, config, clock) =
                (self.store.clone(), Arc::clone(&config), self.clock.clone());
            let (connection, me) = (connection.clone(), self.me.clone());
            let span = spans::evaluation(name);
            self.evaluating.spawn(async move {
                let began = Instant::now();
                // Whichever daemon does the runs that come of it: their traces lead here.
                if let Some(cause) = Cause::of(&span)
                    && let Err(e) =
                        store.remember(&cause_of(&connection.name), &cause.traceparent()).await
                {
                    tracing::debug!("{e}");
                }
                let work = evaluate(&store, &config, &connection, &clock);
                let result = within(span, work).await;
                let counts = match &result {
                    Ok(found) => Ok((found.tables, found.due)),
                    Err(e) => Err(e.to_string()),
                };
                // When it ended: one that takes longer than its interval is not due at once again.
                let (at, took) = (clock.now().timestamp_millis(), began.elapsed());
                let counts = counts.as_ref().map(|c| *c).map_err(String::as_str);
                if let Err(e) = store.evaluated(&me, &connection.name, at, took, counts).await {
                    tracing::debug!("{e}");
                }
                Evaluation { connection: connection.name, at, took, result }
            });
        }
        Ok(false)
    }

    pub(super) fn evaluated(
        &mut self,
        evaluated: std::result::Result<Evaluation, tokio::task::JoinError>,
    ) {
        let Ok(Evaluation { connection, at, took, result }) = evaluated else {
            // Whichever it was: the store knows what is still being done.
            self.evaluations.values_mut().for_each(|entry| entry.now = false);
            return;
        };
        self.refreshed = None;
        if let Some(entry) = self.evaluations.get_mut(&connection) {
            entry.now = false;
        }
        self.meters.evaluation(&connection, took, result.is_ok());
        match result {
            Ok(found) => {
                tracing::info!(%connection, tables = found.tables, qualified = found.due, "evaluated");
                self.meters.standing.found(&connection, at, Some(found));
            }
            Err(error) => {
                self.meters.standing.found(&connection, at, None);
                self.tally.failed += 1;
                if matches!(error, Error::Unreachable { .. }) {
                    self.resting.insert(connection.clone(), Instant::now() + REST);
                }
                tracing::warn!(%connection, "could not be evaluated: {error}");
            }
        }
    }
}
