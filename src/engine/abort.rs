//! Abort: takes a run back, or finishes it if it is past the cutover.

use super::context::{Control, Job, Run};
use super::report::{self, Stage};
use super::throttle::Throttle;
use super::{begin, cleanup, journal, validate};
use crate::error::{Error, Result};
use crate::job::{Ending, Figures, Phase, Report};
use crate::pg::settings;

/// Removes every trace of the run of the table with this OID, because a person wants it.
pub async fn abort(job: &Job, oid: u32, control: &Control) -> Report {
    end(job, oid, control, true).await
}

/// The same for a daemon, of what a daemon began. If somebody dropped the new table after the cutover, the old one may
/// be the last copy there is, and stays.
pub async fn remove(job: &Job, oid: u32, control: &Control) -> Report {
    end(job, oid, control, false).await
}

async fn end(job: &Job, oid: u32, control: &Control, wanted: bool) -> Report {
    let mut name = format!("the table with OID {oid}");
    match try_abort(job, oid, control, wanted, &mut name).await {
        Ok(report) => report,
        Err(e) => report::failed(job, &name, Stage::Before, e, Figures::default()),
    }
}

async fn try_abort(
    job: &Job,
    oid: u32,
    control: &Control,
    wanted: bool,
    name: &mut String,
) -> Result<Report> {
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
    if !wanted && !journal.state.daemon {
        return Err(Error::Refused {
            table: name.clone(),
            reasons: vec!["its run was begun by a person, who alone goes on with it".into()],
        });
    }
    let phase = journal.phase;
    let mut run = Run::new(job, control, sessions, Throttle::none(), journal);
    if !phase.is_past_cutover() {
        return Ok(give_up(run).await);
    }
    run.sessions.announce(oid, "abort").await;
    let confirmed = cleanup::confirm(&run).await;
    let dropped = matches!(confirmed, Err(Error::Dropped { .. }));
    let ended = match confirmed {
        Err(e) if !(dropped && wanted) => Err(e),
        _ => finish(&mut run, dropped).await,
    };
    if ended.is_ok() {
        run.note(match dropped {
            true => {
                "the new table was dropped by somebody after the cutover; now the old one is, too"
            }
            false => "the run was past its cutover: the new table stays, the old one was dropped",
        });
    }
    let (phase, figures) = (run.journal.phase, run.journal.state.figures.clone());
    Ok(match ended {
        Ok(()) if dropped => report::ended(job, name, Ending::Aborted, phase, figures),
        Ok(()) => report::ended(job, name, Ending::Done, phase, figures),
        Err(e) => report::failed(job, name, Stage::Kept(phase), e, figures),
    })
}

/// Brings a run that is past its cutover to its end.
async fn finish(run: &mut Run<'_>, dropped: bool) -> Result<()> {
    validate::run(run).await?;
    run.journal.phase = Phase::Cleanup;
    cleanup::run(run, dropped).await
}

/// Removes a run that is before its cutover.
pub async fn give_up(mut run: Run<'_>) -> Report {
    let (name, phase) = (run.subject.table.to_string(), run.journal.phase);
    let result = cleanup::abort(&mut run).await;
    let figures = run.journal.state.figures.clone();
    match result {
        Ok(()) => report::ended(run.job, &name, Ending::Aborted, phase, figures),
        Err(e) => report::failed(run.job, &name, Stage::given_up(phase, &e), e, figures),
    }
}
