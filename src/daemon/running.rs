//! The tables at work: why each shall stop, and the leases that they are held by.

use super::stop::{Stop, Timed, time_is_up};
use crate::engine::{Gate, Job};
use crate::job::{Event, Phase};
use crate::pace::{Amount, Track};
use crate::schedule::Opening;
use crate::store::{Claim, Lease, Store, Wanted};
use crate::telemetry::Meters;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long a cutover waits for a store that is out of reach before the run is left for later.
const STORE_PATIENCE: Duration = Duration::from_secs(60);

/// How soon it is asked again.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// A table at work.
#[derive(Debug)]
pub struct Task {
    /// What makes it ours.
    pub claim: Claim,
    /// What the engine has to know.
    pub job: Job,
    /// Stops the run at the next safe point.
    pub stop: CancellationToken,
    /// When it was begun.
    pub since: Instant,
    lease: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    why: Option<Stop>,
    phase: Option<Phase>,
    progress: Option<f64>,
    /// How far the phase is, for people who look.
    track: Option<Track>,
    /// Why the work is held back, if it is.
    held: Option<String>,
    /// Until when nobody else can have it.
    valid_until: Instant,
    timed: Timed,
}

impl Task {
    /// A table that was claimed just after `asked`.
    pub fn new(claim: Claim, job: Job, timed: Timed, lease: Duration, asked: Instant) -> Self {
        let valid_until = asked + lease;
        let stop = CancellationToken::new();
        let state = State {
            why: None,
            phase: None,
            progress: None,
            track: None,
            held: None,
            valid_until,
            timed,
        };
        let task =
            Self { claim, job, stop, since: Instant::now(), lease, state: Mutex::new(state) };
        if let Some(Wanted::Cancel(who)) = &task.claim.wanted {
            task.stop_for(Stop::Cancelled(who.clone()));
        }
        task
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // What is in it is whole at every moment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops the run. The first reason stays, unless the new one changes what becomes of the run.
    pub fn stop_for(&self, why: Stop) {
        let mut state = self.state();
        let graver = matches!(why, Stop::LeaseLost | Stop::Cancelled(_))
            && state.why != Some(Stop::LeaseLost);
        if state.why.is_none() || graver && state.why.as_ref() != Some(&why) {
            tracing::info!(
                connection = %self.claim.connection, table = %self.claim.table,
                "stops at the next chunk: {}", why.words()
            );
            state.why = Some(why);
        }
        drop(state);
        self.stop.cancel();
    }

    /// Why it was stopped, if it was.
    pub fn why(&self) -> Option<Stop> {
        self.state().why.clone()
    }

    /// Stops it if its time is up.
    pub fn look_at_clock(&self, opening: Option<&Opening>) {
        let up = time_is_up(&mut self.state().timed, opening, self.since.elapsed());
        if let Some(stop) = up
            && self.why().is_none()
        {
            self.stop_for(stop);
        }
    }

    /// Takes in what the engine tells. Returns a phase that ended, with its time.
    pub fn take(&self, event: &Event) -> Option<(Phase, Duration)> {
        let mut state = self.state();
        match event {
            Event::Phase { phase, .. } => {
                (state.phase, state.progress) = (Some(*phase), None);
                state.track = Some(Track::new());
            }
            Event::Progress { phase, done, total, rows, bytes, .. } => {
                if state.phase != Some(*phase) {
                    state.track = None;
                }
                let (done, total, rows, bytes) = (*done, *total, *rows, *bytes);
                let track = state.track.get_or_insert_with(Track::new);
                track.update(Amount { done, total, rows, bytes });
                #[expect(clippy::cast_precision_loss, reason = "a fraction for people")]
                let part = (total > 0).then(|| done as f64 / total as f64);
                (state.phase, state.progress) = (Some(*phase), part);
            }
            Event::Held { reason, .. } => state.held.clone_from(reason),
            Event::PhaseDone { phase, took, .. } => return Some((*phase, *took)),
            _ => {}
        }
        None
    }

    /// What people see of it.
    pub fn shown(&self) -> Shown {
        let state = self.state();
        Shown {
            claim: self.claim.clone(),
            took: self.since.elapsed(),
            phase: state.phase,
            track: state.track,
            held: state.held.clone(),
            why: state.why.as_ref().map(Stop::words),
        }
    }

    /// Prolongs the lease, and does what people want.
    pub async fn renew(&self, store: &Store) {
        let (phase, progress) = {
            let state = self.state();
            (state.phase.map(Phase::name), state.progress)
        };
        let asked = Instant::now();
        match store.bounded(store.renew(&self.claim, self.lease, phase, progress)).await {
            Ok(Lease::Held) => self.state().valid_until = asked + self.lease,
            Ok(Lease::Paused(who)) => {
                self.state().valid_until = asked + self.lease;
                self.stop_for(Stop::Paused(who));
            }
            Ok(Lease::Wanted(Wanted::Cancel(who))) => {
                self.state().valid_until = asked + self.lease;
                self.stop_for(Stop::Cancelled(who));
            }
            Ok(Lease::Lost) => self.stop_for(Stop::LeaseLost),
            Err(e) => {
                tracing::debug!(table = %self.claim.table, "the lease could not be prolonged: {e}");
                if Instant::now() >= self.state().valid_until {
                    self.stop_for(Stop::LeaseOver);
                }
            }
        }
    }

    /// What the engine asks before it cuts over. The store is asked by the daemon's own runtime,
    /// whichever thread the engine is on.
    pub fn gate(self: &Arc<Self>, store: &Store, runtime: &Handle) -> Gate {
        let (task, store, runtime) = (Arc::clone(self), store.clone(), runtime.clone());
        Gate(Arc::new(move || {
            let (task, store) = (Arc::clone(&task), store.clone());
            let asking = runtime.spawn(async move { task.may_cut_over(&store).await });
            Box::pin(async move {
                asking.await.unwrap_or_else(|_| Err("the store could not be asked".into()))
            })
        }))
    }

    async fn may_cut_over(&self, store: &Store) -> Result<(), String> {
        let end = Instant::now() + STORE_PATIENCE;
        loop {
            match self.stands(store).await {
                Ok(true) => return Ok(()),
                Ok(false) => {
                    return Err("the table is not this daemon's any more, or somebody has paused or cancelled it".into());
                }
                Err(e) if self.stop.is_cancelled() || Instant::now() >= end => {
                    return Err(format!(
                        "whether the table is still this daemon's cannot be asked: {e}"
                    ));
                }
                Err(_) => tokio::time::sleep(ASK_AGAIN).await,
            }
        }
    }

    async fn stands(&self, store: &Store) -> crate::error::Result<bool> {
        let asked = Instant::now();
        let mut stands = store.bounded(store.stands(&self.claim, self.lease)).await?;
        if !stands {
            // A lease that was over while the store was out of reach, and nobody wanted it.
            self.renew(store).await;
            stands = self.why().is_none()
                && store.bounded(store.stands(&self.claim, self.lease)).await?;
        }
        if stands {
            self.state().valid_until = asked + self.lease;
        }
        Ok(stands)
    }
}

/// What people see of a table at work.
#[derive(Debug, Clone)]
pub struct Shown {
    /// What makes it ours.
    pub claim: Claim,
    /// How long it has been at work.
    pub took: Duration,
    /// The phase.
    pub phase: Option<Phase>,
    /// How far that is.
    pub track: Option<Track>,
    /// Why it is held back, if it is.
    pub held: Option<String>,
    /// Why it stops, if it does.
    pub why: Option<String>,
}

/// All tables at work, by their entries.
#[derive(Debug, Clone, Default)]
pub struct Tasks(Arc<Mutex<BTreeMap<i64, Arc<Task>>>>);

impl Tasks {
    fn map(&self) -> MutexGuard<'_, BTreeMap<i64, Arc<Task>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds one.
    pub fn add(&self, task: &Arc<Task>) {
        self.map().insert(task.claim.id, Arc::clone(task));
    }

    /// Takes one away.
    pub fn remove(&self, task: &Task) {
        let mut map = self.map();
        if map.get(&task.claim.id).is_some_and(|t| t.claim.fence == task.claim.fence) {
            map.remove(&task.claim.id);
        }
    }

    /// All there are now.
    pub fn all(&self) -> Vec<Arc<Task>> {
        self.map().values().cloned().collect()
    }
}

/// Keeps this daemon and its leases alive until dropped.
pub async fn keep_alive(store: Store, me: String, tasks: Tasks, lease: Duration, meters: Meters) {
    let host = whoami::hostname().unwrap_or_else(|_| "?".into());
    let mut reached = true;
    loop {
        let beat = store.bounded(store.heartbeat(&me, &host, std::process::id(), lease)).await;
        match (&beat, reached) {
            (Err(e), true) => tracing::warn!(
                "{e}; nothing new is begun, and what is at work stops before its cutover until the store is back"
            ),
            (Ok(()), false) => tracing::info!("the store is back"),
            _ => {}
        }
        reached = beat.is_ok();
        meters.standing.store(reached);
        let tasks = tasks.all();
        futures_util::future::join_all(tasks.iter().map(|task| task.renew(&store))).await;
        tokio::time::sleep(lease / 4).await;
    }
}
