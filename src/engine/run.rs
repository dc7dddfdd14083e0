//! One run from wherever it is to where it shall go.

use super::context::{Control, Job, Run, Sessions};
use super::journal::{self, Journal};
use super::report::{self, Stage};
use super::space::Space;
use super::spans;
use super::throttle::Throttle;
use super::{
    abort, begin, capture, cleanup, copy, cutover, drain, fingerprint, index, matviews, prepare,
    purge, validate, verify,
};
use crate::catalog::Describer;
use crate::catalog::key::Key;
use crate::catalog::lookup::{self, Found};
use crate::config::DiskFull;
use crate::error::{Error, Result, Verdict};
use crate::failpoint::{At, PREPARE};
use crate::job::{Ending, Event, Figures, Phase, Report, Sizes};
use crate::pg::{rollback, settings};
use crate::preflight::{self, Preflight};
use crate::sql::Subject;
use std::time::Instant;

/// How far to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// Repack the table.
    RunNow,
    /// Everything up to the cutover.
    Prepare,
    /// Go on with an unfinished run, to its end.
    Resume,
    /// Drain the log of a run whose copy is complete, and leave it where it was: while it waits for
    /// the next window, the log stays short.
    CatchUp,
}

impl Goal {
    /// Whether it is about a run that there is.
    fn is_of_a_run(self) -> bool {
        matches!(self, Self::Resume | Self::CatchUp)
    }
}

/// Repacks one table. Errors are in the report, which also says what is left and what to do.
pub async fn run(job: &Job, table: &Found, goal: Goal, control: &Control) -> Report {
    let name = table.name.to_string();
    let sessions = match begin::sessions(job, table.oid, &name).await {
        Ok(sessions) => sessions,
        Err(e) => return report::failed(job, &name, Stage::Before, e, Figures::default()),
    };
    let throttle = match Throttle::open(job, table.oid, &sessions.holder).await {
        Ok(throttle) => throttle,
        Err(e) => return report::failed(job, &name, Stage::Before, e, Figures::default()),
    };
    let started = Instant::now();
    let mut stage = Stage::Before;
    let begun = match goal {
        Goal::RunNow | Goal::Prepare => {
            Box::pin(start(job, table, &sessions, control, &mut stage)).await
        }
        Goal::Resume => resume(job, table.oid, &name, &sessions, control).await,
        Goal::CatchUp => resume(job, table.oid, &name, &sessions, control)
            .await
            .and_then(|journal| drainable(journal, &name)),
    };
    let mut journal = match begun {
        Ok(journal) => journal,
        Err(e) => {
            if matches!(e, Error::Mismatch { .. }) {
                stage = Stage::Kept(Phase::Verify);
            }
            return report::failed(job, &name, stage, e, Figures::default());
        }
    };
    if !goal.is_of_a_run() {
        let seconds = started.elapsed().as_secs_f64();
        journal.state.figures.seconds.insert(Phase::Prepare, seconds);
    }
    let mut run = Run::new(job, control, sessions, throttle, journal);
    if run.journal.state.given_up {
        run.note("it was being given up already: that is brought to its end");
        return abort::give_up(run).await;
    }
    let result = match Box::pin(phases(&mut run, goal)).await {
        Err(error) => Err(blame(&run, error).await),
        done => done,
    };
    conclude(run, result).await
}

/// A new run: preflight and prepare. `stage` says what may be left should it fail.
async fn start(
    job: &Job,
    table: &Found,
    sessions: &Sessions,
    control: &Control,
    stage: &mut Stage,
) -> Result<Journal> {
    let name = table.name.to_string();
    let send = |event| drop(control.events.send(event));
    sessions.announce(table.oid, Phase::Preflight.name()).await;
    send(Event::Phase { table: name.clone(), phase: Phase::Preflight });
    let started = Instant::now();
    let looking = Box::pin(look(job, table, sessions));
    let (preflight, key, before) =
        spans::within(spans::phase(&name, Phase::Preflight), looking).await?;
    send(Event::PhaseDone {
        table: name.clone(),
        phase: Phase::Preflight,
        took: started.elapsed(),
    });
    send(Event::Started { table: name.clone(), before });
    let subject = Subject::new(table.oid, preflight.description.clone(), key);
    sessions.announce(table.oid, Phase::Prepare.name()).await;
    send(Event::Phase { table: name.clone(), phase: Phase::Prepare });
    let started = Instant::now();
    let figures = Figures { before, ..Figures::default() };
    let daemon = control.gate.is_some();
    let prepare = prepare::run(&sessions.worker, &subject, &preflight, figures, daemon);
    let prepared =
        Box::pin(spans::within(spans::phase(&name, Phase::Prepare), prepare.at(PREPARE))).await;
    if prepared.as_ref().is_err_and(|e| e.verdict() == Verdict::Resume) {
        *stage = Stage::BegunPerhaps;
    }
    let journal = prepared?;
    send(Event::PhaseDone { table: name, phase: Phase::Prepare, took: started.elapsed() });
    Ok(journal)
}

/// The preflight, the key chosen, and the sizes.
async fn look(job: &Job, table: &Found, sessions: &Sessions) -> Result<(Preflight, Key, Sizes)> {
    let refused = |reasons| Error::Refused { table: table.name.to_string(), reasons };
    refuse_remains(table, sessions).await?;
    let mut preflight = preflight::look(&sessions.worker, table, job.settings.trust_owner).await?;
    let space = Space::of(sessions.observer.client(), table.oid).await?;
    preflight.reasons.extend(space.refusal(&job.settings.limits));
    if !preflight.reasons.is_empty() {
        return Err(refused(preflight.reasons));
    }
    match preflight.key.clone() {
        Some(key) => Ok((preflight, key, space.before)),
        None => Err(refused(vec!["it has no key".into()])),
    }
}

/// What an earlier run left has to be dealt with first: it may be hours of work.
async fn refuse_remains(table: &Found, sessions: &Sessions) -> Result<()> {
    let client = sessions.observer.client();
    let name = &table.name;
    if let Some(run) = journal::find(client, Some(table.oid)).await?.first() {
        return Err(Error::Busy {
            table: name.to_string(),
            reason: run.in_the_way().unwrap_or_else(|| {
                format!(
                    "an earlier run of it is unfinished: `repackd resume {name}` goes on with it, `repackd abort {name}` removes it"
                )
            }),
        });
    }
    match journal::in_the_way(client, table.oid).await? {
        Some(reason) => Err(Error::Busy { table: name.to_string(), reason }),
        None => Ok(()),
    }
}

async fn resume(
    job: &Job,
    oid: u32,
    name: &str,
    sessions: &Sessions,
    control: &Control,
) -> Result<Journal> {
    let found = journal::find(sessions.observer.client(), Some(oid)).await?;
    let Some(found) = found.first() else {
        return Err(Error::Refused {
            table: name.to_owned(),
            reasons: vec!["there is no unfinished run of it to resume".into()],
        });
    };
    // Whoever began it may have been the owner, with nothing to lose by code of his own.
    if found.problem.is_none()
        && !job.settings.trust_owner
        && let Some(reason) =
            preflight::distrust(sessions.observer.client(), oid, &found.owner).await?
    {
        return Err(Error::Refused { table: name.to_owned(), reasons: vec![reason] });
    }
    settings::become_role(&sessions.worker, &found.owner).await?;
    let mut journal = journal::read(sessions.worker.client(), found).await?;
    if control.gate.is_some() && !journal.state.daemon {
        return Err(Error::Busy {
            table: name.to_owned(),
            reason: "a person has begun a run of it, and goes on with it or removes it".into(),
        });
    }
    if let Some(difference) = &journal.state.mismatch
        && !journal.state.given_up
    {
        let (table, difference) = (journal.state.table.clone(), difference.clone());
        return Err(Error::Mismatch { table, difference });
    }
    let row = sessions.worker.query_one("SELECT session_user::text", &[]).await;
    journal.state.sign(row.map_err(Error::sql("asking for the login role"))?.get(0));
    Ok(journal)
}

/// Nothing can be drained into a shadow without indexes, and past the cutover there is no log.
fn drainable(journal: Journal, name: &str) -> Result<Journal> {
    let phase = journal.phase;
    let reason = if journal.state.given_up {
        "it is being given up"
    } else if phase < Phase::Drain {
        "its copy is not complete, so that nothing can be drained into it yet"
    } else if phase.is_past_cutover() {
        "its cutover is done: there is nothing to drain"
    } else {
        return Ok(journal);
    };
    Err(Error::Refused { table: name.to_owned(), reasons: vec![reason.to_owned()] })
}

async fn phases(run: &mut Run<'_>, goal: Goal) -> Result<()> {
    let owner = run.journal.owner.clone();
    settings::become_role(&run.sessions.worker, &owner).await?;
    settings::become_role(&run.sessions.holder, &owner).await?;
    let from = run.journal.phase;
    if goal.is_of_a_run() && !from.is_past_cutover() {
        fingerprint::check(run).await?;
    }
    if goal == Goal::CatchUp {
        run.sessions.announce(run.subject.oid, Phase::Drain.name()).await;
        drain::until_short(run).await?;
        return run.journal.settle(run.sessions.worker.client()).await;
    }
    if from <= Phase::Capture {
        run.timed(Phase::Capture, async |run| {
            if !capture::is_attached(&run.sessions.worker, run.subject.oid).await? {
                capture::attach(run).await?;
            }
            run.enter(Phase::Copy).await
        })
        .await?;
    }
    if from <= Phase::Copy {
        run.timed(Phase::Copy, async |run| {
            copy::run(run).await?;
            run.enter(Phase::Purge).await
        })
        .await?;
    }
    if from <= Phase::Purge {
        run.timed(Phase::Purge, async |run| {
            purge::run(run).await?;
            run.enter(Phase::Index).await
        })
        .await?;
    }
    if from <= Phase::Index {
        run.timed(Phase::Index, async |run| {
            index::run(run).await?;
            run.enter(Phase::Drain).await
        })
        .await?;
    }
    if !from.is_past_cutover() {
        run.timed(Phase::Drain, async |run| {
            drain::until_short(run).await?;
            run.enter(Phase::Verify).await
        })
        .await?;
        if run.job.settings.verify {
            run.timed(Phase::Verify, async |run| verify::run(run).await).await?;
        }
        run.enter(Phase::Matviews).await?;
        let describer = Describer::prepare(run.sessions.holder.client()).await?;
        if matviews::concern(run, &describer).await? {
            run.timed(Phase::Matviews, async |run| matviews::run(run, &describer).await.map(drop))
                .await?;
        }
        run.enter(Phase::Cutover).await?;
        if goal == Goal::Prepare {
            return Ok(());
        }
        run.timed(Phase::Cutover, async |run| cutover::run(run).await).await?;
    }
    if from <= Phase::Validate {
        run.timed(Phase::Validate, async |run| {
            cleanup::confirm(run).await?;
            validate::run(run).await?;
            run.enter(Phase::Cleanup).await
        })
        .await?;
    }
    run.timed(Phase::Cleanup, async |run| {
        cleanup::confirm(run).await?;
        let after = lookup::sizes(run.sessions.observer.client(), run.journal.shadow_oid).await?;
        run.journal.state.figures.after = Some(after);
        cleanup::run(run, false).await
    })
    .await
}

/// A statement that fails because somebody changed the table, and a copy that does not match for
/// that reason, are not told as what they look like.
async fn blame(run: &Run<'_>, error: Error) -> Error {
    let suspicious = matches!(error, Error::Sql { .. } | Error::Mismatch { .. })
        && error.verdict() == Verdict::Stop
        && !run.journal.phase.is_past_cutover();
    if !suspicious {
        return error;
    }
    match fingerprint::check(run).await {
        Err(changed @ Error::Changed { .. }) => changed,
        _ => error,
    }
}

async fn conclude(mut run: Run<'_>, result: Result<()>) -> Report {
    let (job, name) = (run.job, run.subject.table.to_string());
    match result {
        Ok(()) if run.journal.phase == Phase::Cleanup => {
            report::ended(job, &name, Ending::Done, Phase::Cleanup, run.journal.state.figures)
        }
        Ok(()) => {
            let phase = run.journal.phase;
            report::ended(job, &name, Ending::Prepared, phase, run.journal.state.figures)
        }
        // The DDL wins: this shadow can never be finished, and capture must not go on taxing
        // writers for it. And a full disk stops everybody: unless told otherwise, what fills it
        // goes.
        Err(error)
            if !run.journal.phase.is_past_cutover()
                && (matches!(error, Error::Changed { .. })
                    || error.is_disk_full() && job.settings.disk_full == DiskFull::Remove) =>
        {
            let stage = match cleanup::abort(&mut run).await {
                Ok(()) => Stage::Removed,
                Err(e) => {
                    run.note(format!("removing the run failed too: {e}"));
                    Stage::given_up(run.journal.phase, &e)
                }
            };
            report::failed(job, &name, stage, error, run.journal.state.figures)
        }
        Err(error) => {
            if matches!(error, Error::CutoverUnknown { .. }) {
                return report::failed(
                    job,
                    &name,
                    Stage::Unknown,
                    error,
                    run.journal.state.figures,
                );
            }
            // The figures so far, if the connection still stands.
            if !run.journal.phase.is_past_cutover() {
                if let Error::Mismatch { difference, .. } = &error {
                    run.journal.state.mismatch = Some(difference.clone());
                }
                // Nothing that was left open on the way is to be committed along with them.
                let _ = rollback(run.sessions.worker.client()).await;
                let _ = run.journal.settle(run.sessions.worker.client()).await;
            }
            let stage = Stage::Kept(run.journal.phase);
            report::failed(job, &name, stage, error, run.journal.state.figures)
        }
    }
}
