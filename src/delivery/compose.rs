//! From what is in the store, or what a command has done, to an account of it.

use crate::config::Config;
use crate::error::Result;
use crate::job;
use crate::report::{Account, Due, Occasion, Table};
use crate::schedule::Seen;
use crate::store::{Ended, Entry, State, Store};
use chrono::{DateTime, Duration, Utc};

/// What an account is about.
pub struct Scope<'a> {
    /// Why it is told.
    pub occasion: Occasion,
    /// From when on, as the store has it.
    pub from: DateTime<Utc>,
    /// Until when, as the store has it.
    pub until: DateTime<Utc>,
    /// The time here, from which what is still due is reckoned.
    pub now: DateTime<Utc>,
    /// Only tables of these rules.
    pub rules: Option<&'a [String]>,
}

/// The account of a time, from the store.
pub async fn account(store: &Store, config: &Config, scope: Scope<'_>) -> Result<Account> {
    let wanted = |rule: Option<&String>| match (scope.rules, rule) {
        (None, _) => true,
        (Some(rules), Some(rule)) => rules.contains(rule),
        (Some(_), None) => false,
    };
    let (from, until) = (scope.from.timestamp_millis(), scope.until.timestamp_millis());
    let ended = store.ended(from, until).await?;
    let tables = tables(ended.iter().filter(|e| wanted(e.rule.as_ref())));
    let entries = store.entries().await?;
    let entries = entries.iter().filter(|e| wanted(Some(&e.rule)));
    let left = entries.filter(|e| e.state != State::Running || e.expired);
    let due = left.map(|entry| due(entry, config, scope.now)).collect();
    let (mut measured, mut unmeasured) = (Vec::new(), Vec::new());
    for known in store.evaluations().await? {
        if !config.connections.iter().any(|c| c.name == known.connection) {
            continue;
        }
        match known.error {
            Some(_) if known.last_at > from => unmeasured.push(known.connection),
            None if known.last_at > 0 => measured.push(known.connection),
            _ => {}
        }
    }
    let Scope { occasion, from, until, .. } = scope;
    Ok(Account { tables, due, measured, unmeasured, ..empty(occasion, from, until) })
}

/// The account of one attempt.
pub fn attempt(ended: &Ended) -> Account {
    let at = |millis| DateTime::from_timestamp_millis(millis).unwrap_or_default();
    let account = empty(Occasion::Run, at(ended.started_at), at(ended.ended_at));
    Account { tables: tables([ended]), ..account }
}

/// The account of a command: each table's report, whether it counts as a failure, and how long it took.
pub fn command(
    name: &str,
    reports: &[(job::Report, bool, std::time::Duration)],
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Account {
    let table = |(report, failed, took): &(job::Report, bool, std::time::Duration)| {
        let figures = &report.figures;
        let before = figures.before.total();
        let ending = format!("{:?}", report.ending).to_lowercase();
        let done = matches!(report.ending, job::Ending::Done | job::Ending::Prepared);
        let after = figures.after.map(|sizes| sizes.total());
        let repacked = report.ending == job::Ending::Done;
        Table {
            connection: report.connection.clone(),
            table: report.table.clone(),
            ending,
            failed: *failed,
            attempts: 1,
            reason: report.told.clone(),
            next: report.next.clone().filter(|_| !done),
            bytes_before: Some(before).filter(|bytes| *bytes > 0),
            bytes_after: after,
            repacked: repacked.into(),
            bytes_given_back: after
                .filter(|_| repacked && before > 0)
                .map_or(0, |after| before - after),
            seconds: took.as_secs_f64(),
            longest_wait_ms: Some(figures.longest_wait_ms).filter(|_| figures.attempts > 0),
            phases: figures.seconds.iter().map(|(p, s)| (p.name().to_owned(), *s)).collect(),
        }
    };
    let tables = reports.iter().map(table).collect();
    Account { tables, ..empty(Occasion::Command { name: name.to_owned() }, from, until) }
}

/// That a connection could not be measured, or can be again.
pub fn connection(name: &str, measured: bool, now: DateTime<Utc>) -> Account {
    let names = vec![name.to_owned()];
    let (measured, unmeasured) = if measured { (names, vec![]) } else { (vec![], names) };
    Account { measured, unmeasured, ..empty(Occasion::Run, now, now) }
}

/// One in which nothing has happened.
pub fn empty(occasion: Occasion, from: DateTime<Utc>, until: DateTime<Utc>) -> Account {
    Account {
        occasion,
        host: host(),
        repackd: env!("CARGO_PKG_VERSION").into(),
        from,
        until,
        tables: Vec::new(),
        due: Vec::new(),
        unmeasured: Vec::new(),
        measured: Vec::new(),
    }
}

/// The name of this host.
pub fn host() -> String {
    whoami::hostname().unwrap_or_else(|_| "?".into())
}

/// Attempts by table, in the order in which the last of each ended.
fn tables<'e>(ended: impl IntoIterator<Item = &'e Ended>) -> Vec<Table> {
    let mut all: Vec<Table> = Vec::new();
    for attempt in ended {
        let name = attempt.table.to_string();
        let known = all.iter().position(|t| t.connection == attempt.connection && t.table == name);
        let before = known.map(|at| all.remove(at));
        all.push(add(before, attempt, name));
    }
    all
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds")]
fn add(before: Option<Table>, attempt: &Ended, name: String) -> Table {
    let done = matches!(attempt.ending.as_str(), "done" | "prepared");
    let report: Option<job::Report> =
        attempt.report.as_ref().and_then(|text| serde_json::from_str(text).ok());
    let waited = report.map(|r| r.figures).filter(|f| f.attempts > 0).map(|f| f.longest_wait_ms);
    let reason = attempt.told.clone().unwrap_or_else(|| "`repackd history` says why".into());
    let seconds = (attempt.ended_at - attempt.started_at).max(0) as f64 / 1000.0;
    let before = before.as_ref();
    // Each time that it was repacked counts, with the size that it had grown to.
    let repacked = attempt.ending == "done";
    let gain = attempt.bytes_before.zip(attempt.bytes_after).filter(|_| repacked);
    let gain = gain.map_or(0, |(before, after)| before - after);
    Table {
        connection: attempt.connection.clone(),
        table: name,
        ending: attempt.ending.clone(),
        failed: matches!(attempt.ending.as_str(), "failed" | "aborted"),
        attempts: before.map_or(0, |t| t.attempts) + 1,
        reason: (!done).then_some(reason),
        next: None,
        bytes_before: before.and_then(|t| t.bytes_before).or(attempt.bytes_before),
        bytes_after: attempt.bytes_after,
        repacked: before.map_or(0, |t| t.repacked) + u32::from(repacked),
        bytes_given_back: before.map_or(0, |t| t.bytes_given_back) + gain,
        seconds: before.map_or(0.0, |t| t.seconds) + seconds,
        longest_wait_ms: before
            .and_then(|t| t.longest_wait_ms)
            .into_iter()
            .chain(waited)
            .reduce(f64::max),
        // They are counted over all resumptions.
        phases: match before {
            Some(table) if attempt.phases.is_empty() => table.phases.clone(),
            _ => attempt.phases.clone(),
        },
    }
}

fn due(entry: &Entry, config: &Config, now: DateTime<Utc>) -> Due {
    let aside = entry.state == State::Aside;
    let rule = config.schedule.rules.iter().find(|r| r.name == entry.rule && r.enabled);
    let from = now + Duration::milliseconds(entry.wait_ms.clamp(0, 365 * 86_400_000));
    let opens = rule
        .filter(|_| !aside)
        .and_then(|rule| config.schedule.span(rule, from, &Seen::default()))
        .map(|span| span.opens.max(from));
    Due {
        connection: entry.connection.clone(),
        table: entry.table.to_string(),
        aside,
        begun: entry.begun,
        at: opens.filter(|at| *at > now),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::QualifiedName;

    fn ended(ending: &str, before: Option<i64>, after: Option<i64>) -> Ended {
        Ended {
            id: 1,
            connection: "shop".into(),
            table: QualifiedName::new("public", "t"),
            rule: None,
            ending: ending.into(),
            told: None,
            started_at: 0,
            ended_at: 1,
            bytes_before: before,
            bytes_after: after,
            report: None,
            phases: Vec::new(),
        }
    }

    fn digest(attempts: &[Ended]) -> Account {
        let empty = empty(Occasion::Digest, DateTime::default(), DateTime::default());
        Account { tables: tables(attempts), ..empty }
    }

    #[test]
    fn what_was_given_back_stays_given_back() {
        let done = ended("done", Some(100), Some(30));
        let failed = digest(&[done.clone(), ended("failed", Some(60), None)]);
        assert_eq!((failed.reclaimed(), failed.achieved().count()), (70, 1));
        assert_eq!((failed.failed().count(), failed.others().count()), (1, 0));
        let title = failed.title();
        assert!(title.contains("public.t repacked, 70 B given back; public.t FAILED"), "{title}");
        let twice = digest(&[done, ended("done", Some(60), Some(30))]);
        assert_eq!((twice.reclaimed(), twice.achieved().count()), (100, 1));
    }

    #[test]
    fn an_account_of_an_older_version_is_read() {
        let mut value = serde_json::to_value(digest(&[ended("done", Some(9), Some(4))])).unwrap();
        let table = value["tables"][0].as_object_mut().unwrap();
        assert!(table.remove("repacked").is_some() && table.remove("bytes_given_back").is_some());
        let account: Account = serde_json::from_value(value).unwrap();
        assert_eq!((account.reclaimed(), account.achieved().count()), (5, 1));
    }
}
