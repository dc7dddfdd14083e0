//! How a command ended: its exit status, and errors in the form of every error of repackd: what
//! happened, what state things are in, what to do next.

use crate::error::Error;
use crate::job::{Ending, Report};

/// Exit statuses from the one that says most to the one that says least.
const PRECEDENCE: [u8; 9] = [143, 130, 75, 78, 2, 1, 3, 0, 0];

/// The status of a command that worked on several things.
pub fn worst(statuses: impl IntoIterator<Item = u8>) -> u8 {
    let rank = |status: &u8| PRECEDENCE.iter().position(|p| p == status).unwrap_or(5);
    statuses.into_iter().min_by_key(rank).unwrap_or(0)
}

/// The status a table adds. One met through a list that cannot be repacked is reported, nothing
/// more.
pub fn status(report: &Report, named: bool) -> u8 {
    match report.ending {
        Ending::Refused | Ending::Busy if !named => 0,
        _ => report.exit_status,
    }
}

/// What is said about a table that something stopped.
pub fn explain(report: &Report) -> Option<String> {
    if matches!(report.ending, Ending::Done | Ending::Prepared | Ending::Aborted)
        && report.error.is_none()
    {
        return None;
    }
    let what = report.error.as_deref().unwrap_or("it stopped");
    let what = match what.contains(&report.table) {
        true => what.to_owned(),
        false => format!("{}: {what}", report.table),
    };
    Some(message(&what, report.state.as_deref(), report.next.as_deref()))
}

/// What is said about an error that no table can be held to account for.
pub fn explain_error(error: &Error, connection: Option<&str>) -> String {
    let what = match connection {
        Some(connection) if connection != "default" => format!("connection {connection}: {error}"),
        _ => error.to_string(),
    };
    let (state, next) = match error {
        Error::Usage(_) => (None, Some("`repackd --help` shows the commands and options")),
        Error::Config { .. } => (Some("no connection was made"), None),
        Error::Store { .. } => (
            Some("no table was touched"),
            Some("the same command again, once the store can be reached and written to"),
        ),
        Error::StoreSchema { .. } => (
            Some("no table was touched, and the store is as it was"),
            Some("a repackd at least as new as the one that made it"),
        ),
        Error::Unreachable { .. } => (
            Some("nothing was changed"),
            Some("the same command again, once a connection can be made as said"),
        ),
        Error::Interrupted => (Some("nothing was changed"), None),
        _ => (None, None),
    };
    message(&what, state, next)
}

fn message(what: &str, state: Option<&str>, next: Option<&str>) -> String {
    let mut text = format!("repackd: {what}");
    if let Some(state) = state {
        text.push_str(&format!("\n  state: {state}"));
    }
    if let Some(next) = next {
        text.push_str(&format!("\n  next:  {next}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{Figures, Phase};

    #[test]
    fn the_gravest_status_wins() {
        for (statuses, expected) in [
            (&[][..], 0),
            (&[0, 3, 0], 3),
            (&[0, 3, 1], 1),
            (&[1, 75, 3], 75),
            (&[75, 130], 130),
            (&[75, 143, 1], 143),
            (&[0, 77], 77),
        ] {
            assert_eq!(worst(statuses.iter().copied()), expected, "{statuses:?}");
        }
    }

    fn report(ending: Ending, exit_status: u8) -> Report {
        Report {
            connection: "default".into(),
            table: "public.t".into(),
            ending,
            phase: Phase::Copy,
            error: Some("disk full".into()),
            kind: None,
            told: None,
            state: Some("the table is untouched".into()),
            next: Some("make room".into()),
            figures: Figures::default(),
            exit_status,
        }
    }

    #[test]
    fn a_refusal_counts_only_for_tables_that_were_named() {
        assert_eq!(status(&report(Ending::Refused, 3), true), 3);
        assert_eq!(status(&report(Ending::Busy, 3), false), 0);
        assert_eq!(status(&report(Ending::Failed, 1), false), 1);
    }

    #[test]
    fn errors_say_what_happened_the_state_and_what_next() {
        let text = "repackd: public.t: disk full\n  state: the table is untouched\n  \
                    next:  make room";
        assert_eq!(explain(&report(Ending::Failed, 1)).unwrap(), text);
        let done = Report { error: None, ..report(Ending::Done, 0) };
        assert_eq!(explain(&done), None);
    }
}
