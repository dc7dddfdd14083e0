//! One run in progress: its sessions, its journal and its ear to the outside.

use super::drain::Floor;
use super::journal::{Held, Journal};
use super::spans;
use super::throttle::Throttle;
use crate::config::{Server, Settings};
use crate::error::{Error, Result};
use crate::failpoint::{At, ENTER};
use crate::job::{Event, Measure, Phase};
use crate::pg::{Session, lock::Backoff, settings};
use crate::sql::Subject;
use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

/// What connects a run with the outside.
#[derive(Debug, Clone)]
pub struct Control {
    /// Where progress goes. Nobody need listen.
    pub events: UnboundedSender<Event>,
    /// Stops the run at the next safe point.
    pub stop: CancellationToken,
    /// Seed of all jitter.
    pub seed: u64,
    /// Asked before each attempt at the cutover; without one, nobody else has a say.
    pub gate: Option<Gate>,
}

/// The answer of a [`Gate`]: the error is why not.
pub type Permission = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// Whoever may withhold the cutover: he alone knows whether the table is still this process's to work
/// on. A cutover takes no longer than its budget, so what he says has to hold for that long.
#[derive(Clone)]
pub struct Gate(pub Arc<dyn Fn() -> Permission + Send + Sync>);

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Gate")
    }
}

/// What to work on, and how.
#[derive(Debug, Clone)]
pub struct Job {
    /// The connection's name.
    pub connection: String,
    /// Where.
    pub server: Server,
    /// How gently.
    pub settings: Settings,
}

/// The sessions of a run. Three, because one waits for locks, one works under them, and one
/// watches both; all close when the run ends.
#[derive(Debug)]
pub struct Sessions {
    /// H: holds the advisory lock all along, and the cutover's locks.
    pub holder: Session,
    /// W: copies, drains, builds.
    pub worker: Session,
    /// O: looks at locks and snapshots, as the login role.
    pub observer: Session,
}

impl Sessions {
    /// Lets `pg_stat_activity`, and with it PostgreSQL's own views of progress, say what is being
    /// done. No run fails for want of a name, nor waits long for one: much of what it does needs no
    /// answer from the holder.
    pub async fn announce(&self, oid: u32, doing: &str) {
        let set = format!("SET application_name = {}", crate::names::literal(&name_in(oid, doing)));
        let both = async {
            tokio::join!(self.holder.batch_execute(&set), self.worker.batch_execute(&set))
        };
        let _ = tokio::time::timeout(ANNOUNCING, both).await;
    }
}

/// One run in progress.
pub struct Run<'a> {
    /// What to work on.
    pub job: &'a Job,
    /// The outside.
    pub control: &'a Control,
    /// The sessions.
    pub sessions: Sessions,
    /// The durable state, as last written.
    pub journal: Journal,
    /// The same, for the SQL builders.
    pub subject: Subject,
    /// How much of the log's beginning is known to be drained for good.
    pub floor: Floor,
    /// How many drains may have written to the shadow.
    pub shadow_writes: u64,
    /// Backends of ours besides the three sessions.
    pub helpers: BTreeSet<i32>,
    /// What the work is held against.
    pub throttle: Throttle,
    /// Seconds for which it was held back in this process, by setting.
    held: Mutex<BTreeMap<String, f64>>,
    /// Waiting times between attempts.
    pub backoff: Backoff,
    /// Set while something is put right that must not be left half done: signals are not heeded,
    /// and waits are shorter.
    pub unstoppable: bool,
}

/// How long a run waits for its sessions to have the name of a phase.
const ANNOUNCING: Duration = Duration::from_secs(2);

/// The application name of every session of the run of one table. Those that hold and work have the
/// phase after it, in the word that spans, logs and the journal have for it.
pub fn application_name(oid: u32) -> String {
    format!("repackd {oid}")
}

fn name_in(oid: u32, doing: &str) -> String {
    format!("{} {doing}", application_name(oid))
}

/// The name of a session of it while that reads what it was not asked to repack. By its last word
/// other runs know that they have to wait for its snapshot.
pub fn reading_name(oid: u32) -> String {
    name_in(oid, &format!("{} reads", Phase::Matviews))
}

impl<'a> Run<'a> {
    /// Puts a run together.
    pub fn new(
        job: &'a Job,
        control: &'a Control,
        sessions: Sessions,
        throttle: Throttle,
        journal: Journal,
    ) -> Self {
        let subject = journal.subject();
        let backoff = Backoff::new(
            control.seed ^ u64::from(journal.table_oid),
            Duration::from_millis(50),
            Duration::from_secs(2),
        );
        Self {
            job,
            control,
            sessions,
            journal,
            subject,
            floor: Floor::default(),
            shadow_writes: 0,
            helpers: BTreeSet::new(),
            throttle,
            held: Mutex::default(),
            backoff,
            unstoppable: false,
        }
    }

    /// The server's process ids of all our sessions.
    pub fn own_pids(&self) -> Vec<i32> {
        let s = &self.sessions;
        let mut pids: Vec<i32> = self.helpers.iter().copied().collect();
        pids.extend(self.throttle.backend_pid());
        pids.extend([&s.holder, &s.worker, &s.observer].map(Session::backend_pid));
        pids
    }

    /// Whether capture is on and the copy has begun.
    pub fn is_captured(&self) -> bool {
        self.journal.phase > Phase::Capture
    }

    /// Opens another session that works as the table's owner.
    pub async fn open_helper(&mut self) -> Result<Session> {
        let name = name_in(self.journal.table_oid, self.journal.phase.name());
        let session = settings::open(&self.job.server, &name).await?;
        self.sessions.holder.is_beside(&session).await?;
        settings::become_role(&session, &self.journal.owner).await?;
        self.helpers.insert(session.backend_pid());
        Ok(session)
    }

    /// Ends the run here if a signal asked for it.
    pub fn check_stop(&self) -> Result<()> {
        if self.control.stop.is_cancelled() && !self.unstoppable {
            Err(Error::Interrupted)
        } else {
            Ok(())
        }
    }

    /// Ends the run here, with all that it has, if the cutover is withheld.
    pub async fn ask_gate(&self) -> Result<()> {
        let Some(Gate(ask)) = &self.control.gate else { return Ok(()) };
        let withheld = |reason| Error::Withheld { table: self.subject.table.clone(), reason };
        ask().await.map_err(withheld)
    }

    /// Says how far the phase is.
    pub fn progress(&self, done: u64, total: u64, rows: u64, bytes: u64) {
        self.send(Event::Progress {
            table: self.subject.table.to_string(),
            phase: self.journal.phase,
            done,
            total,
            rows,
            bytes,
        });
    }

    /// Says, and keeps for the report, what an operator should read.
    pub fn note(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !self.journal.state.figures.notes.contains(&text) {
            self.journal.state.figures.notes.push(text.clone());
            self.send(Event::Note { table: self.subject.table.to_string(), text });
        }
    }

    /// Tells a figure, for metrics.
    pub fn measured(&self, what: Measure) {
        self.send(Event::Measured { table: self.subject.table.to_string(), what });
    }

    /// Tells whoever listens. Nobody listening is no reason to stop.
    pub fn send(&self, event: Event) {
        let _ = self.control.events.send(event);
    }

    /// Writes to the journal that the work is held back, or is not any more. Not kept here: whatever
    /// is written next says that it goes on.
    pub async fn hold(&self, session: &Session, held: Option<Held>) -> Result<()> {
        let mut journal = self.journal.clone();
        journal.state.held = held;
        journal.save(session.client()).await
    }

    /// Counts time for which the work is held back.
    pub fn held_for(&self, by: &'static str, time: Duration) {
        self.measured(Measure::Held(by, time));
        if let Ok(mut held) = self.held.lock() {
            *held.entry(by.to_owned()).or_default() += time.as_secs_f64();
        }
    }

    fn count_held(&mut self) {
        let held = self.held.get_mut().map(std::mem::take).unwrap_or_default();
        for (by, seconds) in held {
            *self.journal.state.figures.held.entry(by).or_default() += seconds;
        }
    }

    /// Moves on to `phase`, durably: what is said of a run that stops goes by it.
    pub async fn enter(&mut self, phase: Phase) -> Result<()> {
        let next = Journal { phase, ..self.journal.clone() };
        next.settle(self.sessions.worker.client()).at(ENTER).await?;
        self.journal = next;
        Ok(())
    }

    /// Runs one phase, with its events, its span and its time.
    pub async fn timed(
        &mut self,
        phase: Phase,
        work: impl AsyncFnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        let table = self.subject.table.to_string();
        self.journal.phase = phase;
        self.sessions.announce(self.subject.oid, phase.name()).await;
        self.send(Event::Phase { table: table.clone(), phase });
        let started = Instant::now();
        let span = spans::phase(&table, phase);
        // On the heap: one after another, the phases' futures would add up on a thread's stack.
        let result = Box::pin(spans::within(span, work(self))).await;
        let took = started.elapsed();
        *self.journal.state.figures.seconds.entry(phase).or_default() += took.as_secs_f64();
        self.count_held();
        if result.is_ok() {
            self.send(Event::PhaseDone { table, phase, took });
        }
        result
    }
}

/// Waits for `work` on `session`; if a signal comes first, cancels it on the server and waits for
/// its end, so that nothing of ours runs on unseen.
pub async fn interruptible<T>(
    stop: &CancellationToken,
    session: &Session,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    tokio::pin!(work);
    tokio::select! {
        biased;
        result = &mut work => result,
        () = stop.cancelled() => {
            // Asked more than once: a request that arrives between two statements is lost.
            for _ in 0..20 {
                session.cancel().await?;
                if tokio::time::timeout(Duration::from_millis(500), &mut work).await.is_ok() {
                    break;
                }
            }
            Err(Error::Interrupted)
        }
    }
}

/// The error that stopped a group of jobs: not the interruption it caused in the others.
pub fn first_error(results: Vec<Result<()>>) -> Result<()> {
    let mut errors: Vec<Error> = results.into_iter().filter_map(Result::err).collect();
    let cause = errors.iter().position(|e| !matches!(e, Error::Interrupted)).unwrap_or(0);
    if errors.is_empty() { Ok(()) } else { Err(errors.swap_remove(cause)) }
}
