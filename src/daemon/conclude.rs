//! What becomes of an entry of the queue when its run has ended. Pure.

use super::stop::Stop;
use crate::config::DaemonSettings;
use crate::error::{DROPPED, MISMATCH};
use crate::job::{Ending, Report};
use crate::store::{Conclusion, Record};
use crate::telemetry::spans;
use std::time::Duration;

/// How long a refusal holds if the table does not change. What refused it may have been something
/// that no stamp shows.
const REFUSED_FOR: Duration = Duration::from_secs(30 * 86_400);

/// How long a table is left alone that somebody else is at work on.
const BUSY_FOR: Duration = Duration::from_secs(5 * 60);

/// What a worker found out besides the report.
#[derive(Debug, Clone, Default)]
pub struct Finding {
    /// Whether something of the run is left in the database, as far as anybody can tell.
    pub left: bool,
    /// What the table is now.
    pub stamp: Option<String>,
    /// What was measured of the repacked table, as JSON.
    pub density: Option<String>,
}

/// Whether a run that failed has failed for the last time.
pub fn is_last(
    report: &Report,
    stop: Option<&Stop>,
    attempts: u32,
    settings: &DaemonSettings,
) -> bool {
    counts(report, stop) && (attempts + 1 >= settings.attempts || is_hopeless(report))
}

/// Whether trying again is no use: a shadow that is not equal to its table stays so.
fn is_hopeless(report: &Report) -> bool {
    report.kind.as_deref() == Some(MISMATCH)
}

/// Whether an ending counts against the table. That a server or the store is out of reach does not,
/// nor does anything that was asked for.
fn counts(report: &Report, stop: Option<&Stop>) -> bool {
    match report.ending {
        Ending::Failed => {
            report.exit_status != 75 && !matches!(stop, Some(s) if *s != Stop::WindowAbort)
        }
        Ending::Aborted => stop.is_none_or(|s| *s == Stop::WindowAbort),
        _ => false,
    }
}

/// How long to wait after so many failures.
pub fn backoff(failures: u32, settings: &DaemonSettings) -> Duration {
    let doubled = settings.backoff.saturating_mul(1 << failures.saturating_sub(1).min(20));
    doubled.min(settings.backoff_max.max(settings.backoff))
}

/// What becomes of the entry, with `attempts` failures before.
pub fn conclusion(
    report: &Report,
    stop: Option<&Stop>,
    attempts: u32,
    finding: &Finding,
    settings: &DaemonSettings,
) -> Conclusion {
    let begun = finding.left;
    let stamp = finding.stamp.clone();
    let reason = reason(report, stop, report.error.as_deref());
    let again = |after, failed| Conclusion::Again { reason: reason.clone(), after, failed, begun };
    // What is left may be the last copy: a person looks at it, whatever is wanted.
    if report.ending != Ending::Done && report.kind.as_deref() == Some(DROPPED) {
        return Conclusion::Aside { reason, stamp: None, after: None, begun };
    }
    if let Some(Stop::Cancelled(_)) = stop
        && report.ending != Ending::Done
    {
        // What could not be removed yet stays to be removed: the mark on the entry is still there.
        return match begun {
            true => again(backoff(1, settings), false),
            false => Conclusion::Aside { reason, stamp: None, after: None, begun },
        };
    }
    match (report.ending, stop) {
        (Ending::Done, _) => Conclusion::Gone,
        // Of a run that is under way: its capture is on.
        (Ending::Refused, _) if begun => again(backoff(1, settings), false),
        (Ending::Refused, _) => {
            Conclusion::Aside { reason, stamp, after: Some(REFUSED_FOR), begun }
        }
        (Ending::Busy, _) => again(BUSY_FOR.min(settings.backoff), false),
        // What is left would go on taxing writers: until it can be removed, it is tried again.
        _ if is_last(report, stop, attempts, settings) && begun => {
            again(backoff(attempts + 1, settings), false)
        }
        _ if is_last(report, stop, attempts, settings) => Conclusion::Aside {
            reason: match is_hopeless(report) {
                true => reason,
                false => format!("{} attempts failed; the last one: {reason}", attempts + 1),
            },
            stamp,
            after: None,
            begun,
        },
        _ if counts(report, stop) => again(backoff(attempts + 1, settings), true),
        // Out of reach, or held back: later, and as often as it takes.
        (Ending::Failed | Ending::Aborted, None) => again(backoff(1, settings), false),
        (_, Some(Stop::TooLong(_))) => again(settings.backoff, false),
        _ => again(Duration::ZERO, false),
    }
}

/// `error`: the report's, in whichever words.
fn reason(report: &Report, stop: Option<&Stop>, error: Option<&str>) -> String {
    let error = error.filter(|e| *e != "interrupted");
    match (stop, error) {
        (Some(stop), None) => stop.words(),
        (Some(stop), Some(error)) if report.ending == Ending::Failed => {
            format!("{}; {error}", stop.words())
        }
        (Some(stop), Some(_)) => stop.words(),
        (None, Some(error)) => error.to_owned(),
        (None, None) => "it stopped".into(),
    }
}

/// How a run of the daemon's ended for metrics and traces. By what is on record, since the report of a run
/// that somebody gave up depends on the moment.
pub fn outcome(report: &Report, record: &Record) -> &'static str {
    match record.ending.as_str() {
        "cancelled" => spans::CANCELLATION,
        // Nobody asked the daemon for that but its own rules, and the table is as bloated as before.
        "aborted" => spans::FAILURE,
        _ => spans::outcome(report),
    }
}

/// What is put on record.
pub fn record(report: &Report, stop: Option<&Stop>) -> Record {
    let ending = match (report.ending, stop) {
        (Ending::Done, _) => "done",
        (_, Some(Stop::Cancelled(_))) => "cancelled",
        (Ending::Interrupted, Some(Stop::WindowEnd | Stop::TooLong(_) | Stop::Paused(_))) => {
            "paused"
        }
        (Ending::Interrupted, Some(Stop::LeaseLost)) => "lost",
        (Ending::Prepared, _) => "prepared",
        (Ending::Aborted, _) => "aborted",
        (Ending::Refused, _) => "refused",
        (Ending::Busy, _) => "busy",
        (Ending::Failed, _) => "failed",
        (Ending::Interrupted, _) => "interrupted",
    };
    let before = report.figures.before.total();
    Record {
        ending: ending.into(),
        phase: Some(report.phase.name().into()),
        reason: (report.ending != Ending::Done)
            .then(|| reason(report, stop, report.error.as_deref())),
        told: (report.ending != Ending::Done).then(|| reason(report, stop, report.told.as_deref())),
        bytes_before: Some(before).filter(|b| *b > 0),
        bytes_after: report.figures.after.map(|sizes| sizes.total()),
        report: serde_json::to_string(report).ok(),
        phases: report.figures.seconds.iter().map(|(p, s)| (p.name().to_owned(), *s)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{Figures, Phase};

    fn report(ending: Ending, error: &str, exit_status: u8) -> Report {
        Report {
            connection: "a".into(),
            table: "public.t".into(),
            ending,
            phase: Phase::Copy,
            error: Some(error.into()).filter(|e: &String| !e.is_empty()),
            kind: None,
            told: None,
            state: None,
            next: None,
            figures: Figures::default(),
            exit_status,
        }
    }

    fn settings() -> DaemonSettings {
        DaemonSettings { attempts: 3, ..DaemonSettings::default() }
    }

    fn concluded(
        ending: Ending,
        exit: u8,
        stop: Option<Stop>,
        attempts: u32,
        left: bool,
    ) -> Conclusion {
        let finding = Finding { left, stamp: Some("v1".into()), density: None };
        let error = if ending == Ending::Interrupted { "interrupted" } else { "no quiet moment" };
        conclusion(&report(ending, error, exit), stop.as_ref(), attempts, &finding, &settings())
    }

    #[test]
    fn failures_are_tried_again_ever_later_and_then_set_aside() {
        let minutes = |n: u64| Duration::from_secs(60 * n);
        for (attempts, after) in [(0, minutes(15)), (1, minutes(30))] {
            let again = Conclusion::Again {
                reason: "no quiet moment".into(),
                after,
                failed: true,
                begun: true,
            };
            assert_eq!(concluded(Ending::Failed, 1, None, attempts, true), again);
        }
        let aside = Conclusion::Aside {
            reason: "3 attempts failed; the last one: no quiet moment".into(),
            stamp: Some("v1".into()),
            after: None,
            begun: false,
        };
        assert_eq!(concluded(Ending::Failed, 1, None, 2, false), aside);
        // Not while something is left that could not be removed.
        let found = concluded(Ending::Failed, 1, None, 2, true);
        assert!(matches!(found, Conclusion::Again { failed: false, .. }), "{found:?}");
        assert_eq!(backoff(40, &settings()), Duration::from_secs(6 * 3600));
    }

    #[test]
    fn what_failed_verification_is_not_tried_again() {
        let report = Report {
            kind: Some("mismatch".into()),
            ..report(Ending::Failed, "the shadow is not equal to the table", 1)
        };
        assert!(is_last(&report, None, 0, &settings()));
        let found = conclusion(&report, None, 0, &Finding::default(), &settings());
        let Conclusion::Aside { reason, after: None, .. } = found else { panic!("{found:?}") };
        assert_eq!(reason, "the shadow is not equal to the table");
    }

    #[test]
    fn a_last_copy_is_left_to_a_person() {
        let report = Report {
            kind: Some("dropped".into()),
            ..report(Ending::Failed, "public.t was dropped by somebody after its cutover", 1)
        };
        let cancelled = Stop::Cancelled("ann".into());
        let stops = [(0, None), (2, None), (0, Some(Stop::WindowAbort)), (0, Some(cancelled))];
        for (attempts, stop) in stops {
            let finding = Finding { left: true, ..Finding::default() };
            let found = conclusion(&report, stop.as_ref(), attempts, &finding, &settings());
            let Conclusion::Aside { after: None, begun: true, .. } = found else {
                panic!("{found:?}")
            };
        }
    }

    #[test]
    fn what_is_nobodys_fault_does_not_count() {
        for (ending, exit, stop) in [
            (Ending::Failed, 75, None),
            (Ending::Busy, 3, None),
            (Ending::Interrupted, 130, Some(Stop::Shutdown)),
            (Ending::Interrupted, 130, Some(Stop::WindowEnd)),
            (Ending::Failed, 1, Some(Stop::LeaseOver)),
            (Ending::Failed, 1, Some(Stop::Shutdown)),
        ] {
            let found = concluded(ending, exit, stop.clone(), 50, true);
            let Conclusion::Again { failed, begun, .. } = found else {
                panic!("{ending:?} {stop:?}: {found:?}")
            };
            assert!(!failed && begun, "{ending:?} {stop:?}");
        }
    }

    #[test]
    fn a_refusal_is_no_failure_and_holds_for_a_while() {
        let found = concluded(Ending::Refused, 3, None, 0, false);
        assert!(
            matches!(found, Conclusion::Aside { after: Some(_), stamp: Some(_), .. }),
            "{found:?}"
        );
        let record = record(&report(Ending::Refused, "it has no key", 3), None);
        assert_eq!(
            (record.ending.as_str(), record.reason.as_deref()),
            ("refused", Some("it has no key"))
        );
    }

    #[test]
    fn what_is_cancelled_stays_so() {
        let who = || Some(Stop::Cancelled("ann".into()));
        let aside = Conclusion::Aside {
            reason: "cancelled by ann".into(),
            stamp: None,
            after: None,
            begun: false,
        };
        assert_eq!(concluded(Ending::Aborted, 0, who(), 0, false), aside);
        let found = concluded(Ending::Interrupted, 130, who(), 0, true);
        assert!(matches!(found, Conclusion::Again { failed: false, begun: true, .. }), "{found:?}");
        // Too late.
        assert_eq!(concluded(Ending::Done, 0, who(), 0, false), Conclusion::Gone);
    }

    #[test]
    fn what_is_cancelled_is_counted_as_that_at_any_moment() {
        for (ending, error, exit) in [
            (Ending::Aborted, "", 0),
            (Ending::Aborted, "interrupted", 130),
            (Ending::Interrupted, "interrupted", 130),
            (Ending::Failed, "no quiet moment", 1),
        ] {
            let of = |stop: Option<Stop>| {
                let report = report(ending, error, exit);
                outcome(&report, &record(&report, stop.as_ref()))
            };
            assert_eq!(of(Some(Stop::Cancelled("ann".into()))), spans::CANCELLATION, "{ending:?}");
            if ending == Ending::Aborted {
                assert_eq!(of(Some(Stop::WindowAbort)), spans::FAILURE, "{error}");
                assert_eq!(of(None), spans::FAILURE, "{error}");
            }
        }
        // Too late.
        let done = report(Ending::Done, "", 0);
        let who = Stop::Cancelled("ann".into());
        assert_eq!(outcome(&done, &record(&done, Some(&who))), spans::SUCCESS);
    }

    #[test]
    fn a_table_too_large_for_any_window_is_not_begun_for_ever() {
        let found = concluded(Ending::Aborted, 0, Some(Stop::WindowAbort), 2, false);
        assert!(matches!(found, Conclusion::Aside { .. }), "{found:?}");
    }
}
