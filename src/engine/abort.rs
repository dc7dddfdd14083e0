//! Abort: takes a run back, or finishes it if it is past the cutover.

use super::context::{Control, Job, Run};
use super::report::{self, Stage};
use super::throttle::Throttle;
use super::{begin, cleanup, journal, validate};
use crate::error::{Error, Result};
use crate::job::{Ending, Figures, Report};
use crate::pg::settings;

/// Removes every trace of the run of the table with this OID.
pub async fn abort(job: &Job, oid: u32, control: &Control) -> Report {
    let mut name = format!("the table with OID {oid}");
    match try_abort(job, oid, control, &mut name).await {
        Ok(report) => report,
        Err(e) => report::failed(job, &name, Stage::Before, e, Figures::default()),
    }
}

async fn try_abort(job: &Job, oid: u32, control: &Control, name: &mut String) -> Result<Report> {
    let sessions = begin::sessions(job, oid, name).await?;
    let found = journal::find(sessions.observer.client(), Some(oid)).await?;
    let Some(found) = found.first().cloned() else {
        return Err(Error::Refused {
            table: name.clone(),
            reasons: vec!["there is no run of it to abort".into()],
        });
    };
    settings::become_role(&sessions.worker, &found.owner).await?;
    settings::become_role(&sessions.holder, &found.owner).await?;
    let journal = journal::read(sessions.worker.client(), &found).await?;
    *name = journal.state.table.to_string();
    let phase = journal.phase;
    let mut run = Run::new(job, control, sessions, Throttle::none(), journal);
    if !phase.is_past_cutover() {
        return Ok(give_up(run).await);
    }
    run.sessions.announce(oid, "abort").await;
    run.note(match cleanup::confirm(&run).await {
        Err(Error::Dropped { .. }) => {
            "the new table was dropped by somebody after the cutover; now the old one is, too"
        }
        _ => "the run was past its cutover: the new table stays, the old one was dropped",
    });
    let result = match validate::run(&mut run).await {
        Ok(()) => cleanup::run(&mut run).await,
        Err(e) => Err(e),
    };
    let figures = run.journal.state.figures.clone();
    Ok(match result {
        Ok(()) => report::ended(job, name, Ending::Done, phase, figures),
        Err(e) => report::failed(job, name, Stage::Kept(phase), e, figures),
    })
}

/// Removes a run that is before its cutover.
pub async fn give_up(mut run: Run<'_>) -> Report {
    let (name, phase) = (run.subject.table.to_string(), run.journal.phase);
    let result = cleanup::abort(&mut run).await;
    let figures = run.journal.state.figures.clone();
    match result {
        Ok(()) => report::ended(run.job, &name, Ending::Aborted, phase, figures),
        Err(e) => report::failed(run.job, &name, Stage::GivenUp(phase), e, figures),
    }
}
