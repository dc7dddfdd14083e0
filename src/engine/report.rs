//! What is said about a table at the end: what happened, what state things are in, what to do.

use super::context::Job;
use super::spans;
use crate::error::{Error, Verdict};
use crate::job::{Ending, Figures, Phase, Report};
use tokio_postgres::error::SqlState;

/// How far a failed run had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Nothing had been created.
    Before,
    /// The reply to the COMMIT that begins a run may have been lost.
    BegunPerhaps,
    /// The run is kept, in this phase.
    Kept(Phase),
    /// The run is being removed, and part of it is left: for certain, or, if the connection was `lost`
    /// meanwhile, perhaps.
    GivenUp {
        /// The phase in which it was given up.
        phase: Phase,
        /// Whether the reply to the last COMMIT may have been lost.
        lost: bool,
    },
    /// Everything was removed again.
    Removed,
    /// Nobody knows whether the cutover was committed.
    Unknown,
}

impl Stage {
    /// A run whose removal ended in `error`.
    pub fn given_up(phase: Phase, error: &Error) -> Self {
        Self::GivenUp { phase, lost: error.verdict() == Verdict::Resume }
    }
}

/// The report of a run that came to its end.
pub fn ended(job: &Job, table: &str, ending: Ending, phase: Phase, figures: Figures) -> Report {
    let (state, next) = match ending {
        Ending::Prepared => (
            Some(format!(
                "the shadow is complete{}; capture keeps writing the keys of changed rows to the key log, which grows until the run goes on",
                if figures.rows_verified.is_some() {
                    " and verified"
                } else {
                    ", and not verified"
                }
            )),
            Some(format!(
                "`repackd resume {table}` brings it up to date and does the cutover; `repackd abort {table}` removes it"
            )),
        ),
        _ => (None, None),
    };
    Report {
        connection: job.connection.clone(),
        table: table.to_owned(),
        ending,
        phase,
        error: None,
        kind: None,
        told: None,
        state,
        next,
        figures,
        exit_status: 0,
    }
}

/// The report of a run that did not.
pub fn failed(job: &Job, table: &str, stage: Stage, error: Error, figures: Figures) -> Report {
    spans::failed(&tracing::Span::current(), &error);
    let ending = match &error {
        Error::Refused { .. } => Ending::Refused,
        Error::Busy { .. } => Ending::Busy,
        Error::Interrupted => Ending::Interrupted,
        _ if stage == Stage::Removed => Ending::Aborted,
        _ => Ending::Failed,
    };
    let lost = error.verdict() == Verdict::Resume;
    let phase = match stage {
        Stage::Kept(phase) | Stage::GivenUp { phase, .. } => phase,
        Stage::Unknown => Phase::Cutover,
        _ => Phase::Preflight,
    };
    let as_it_was = match &error {
        Error::Changed { .. } => "the table is as whoever changed it left it",
        _ => "the table is untouched and in use",
    };
    let (state, next) = match stage {
        Stage::Before => (
            "nothing was changed; the table is untouched and in use".to_owned(),
            before_advice(&error),
        ),
        Stage::BegunPerhaps => (
            "the table is untouched and in use; whether a run of it was begun, the server alone knows"
                .to_owned(),
            Some("when the server is back, `repackd status` says so, and how to go on".to_owned()),
        ),
        Stage::Unknown => (
            format!("{table} is in use, either as it was or repacked: the server alone knows"),
            Some(format!(
                "when the server is back, `repackd resume {table}` asks it and goes on from there; `repackd abort {table}` asks it too"
            )),
        ),
        Stage::Removed if error.is_disk_full() => (
            "the table is untouched and in use; everything of this run was removed, to give the space back".to_owned(),
            Some(format!("free disk space (`repackd plan {table}` says how much is needed); then `repackd run-now {table}` begins anew")),
        ),
        Stage::Removed => (
            format!("{as_it_was}; everything of this run was removed"),
            Some(format!("`repackd run-now {table}` begins anew")),
        ),
        // The last thing is a COMMIT, whose reply may be what was lost.
        Stage::Kept(Phase::Cleanup) if lost => (
            format!(
                "the new {table} is live and complete; whether the old one is dropped already, the server alone knows"
            ),
            Some("when the server is back, `repackd status` says what is left, and how to finish it".to_owned()),
        ),
        Stage::Kept(phase) if phase.is_past_cutover() && let Error::Dropped { old, .. } = &error => (
            format!("the old table, as it was at the cutover, is still there as {old}"),
            Some(format!(
                "`repackd abort {table}` drops it; if the DROP was a mistake, copy what is needed from {old} before"
            )),
        ),
        Stage::Kept(phase)
            if phase.is_past_cutover() && error.is(&SqlState::DEPENDENT_OBJECTS_STILL_EXIST) =>
        (
            format!(
                "the new {table} is live and complete; the old one is kept, because something came to use it"
            ),
            Some(format!(
                "let what is named above use {table} instead, or drop it; then `repackd resume {table}` drops the old table"
            )),
        ),
        Stage::Kept(phase) if phase.is_past_cutover() => (
            format!(
                "the new {table} is live and complete; the old one waits in the schema repackd_…_old to be dropped"
            ),
            Some(format!("`repackd resume {table}` drops it")),
        ),
        // The last thing is a COMMIT here, too.
        Stage::GivenUp { lost: true, .. } => (
            format!("{as_it_was}; whether everything of the run is removed already, the server alone knows"),
            Some("when the server is back, `repackd status` says what is left, and how to remove it".to_owned()),
        ),
        Stage::GivenUp { lost: false, .. } => (
            format!("{as_it_was}; not everything of the run is removed yet"),
            Some(format!("`repackd abort {table}` goes on removing it")),
        ),
        Stage::Kept(Phase::Capture) => (
            "the table is untouched and in use; the shadow is kept, and so are the capture triggers if they are attached already"
                .to_owned(),
            Some(kept_advice(&error, table)),
        ),
        Stage::Kept(_) => (
            "the table is untouched and in use; the shadow and the capture triggers are kept"
                .to_owned(),
            Some(kept_advice(&error, table)),
        ),
    };
    let exit_status = if lost { 75 } else { error.exit_status() };
    Report {
        connection: job.connection.clone(),
        table: table.to_owned(),
        ending,
        phase,
        error: Some(error.to_string()),
        kind: Some(error.kind().to_owned()),
        told: Some(error.told()),
        state: Some(state),
        next,
        figures,
        exit_status,
    }
}

fn before_advice(error: &Error) -> Option<String> {
    match error {
        // These say themselves what to do.
        Error::Refused { .. } | Error::Busy { .. } => None,
        _ => Some("mend what is said above, and try again".to_owned()),
    }
}

fn kept_advice(error: &Error, table: &str) -> String {
    let first = match error {
        Error::Mismatch { .. } => {
            return format!(
                "do not resume: `repackd abort {table}` removes the shadow. If a generated column calls a function that was changed since, its stored values differ for that reason; otherwise please report this as a bug"
            );
        }
        Error::CannotCatchUp { .. } => "when fewer changes arrive, ",
        Error::NoCutover { .. } => "at a quieter time, ",
        e if e.is_disk_full() => "free disk space; then ",
        Error::HeldBack { .. } => "when there is less to wait for, ",
        Error::TooLarge { .. } => {
            "it keeps that space, and its key log grows with every write, until one of the two: with a larger max_extra_space, "
        }
        Error::Interrupted => "",
        Error::Withheld { .. } => "if nobody else goes on with it, ",
        e if e.verdict() == Verdict::Resume => "when the server is back, ",
        _ => "mend what is said above; then ",
    };
    format!(
        "{first}`repackd resume {table}` goes on where it stopped; `repackd abort {table}` removes it"
    )
}
