//! Whether a report is sent to somebody, and when it is tried again. Pure.

use super::alarms::Alarms;
use super::send::Failure;
use crate::config::{Notifier, When};
use crate::report::{Account, Occasion};
use std::time::Duration;

/// How long to wait after the first failed delivery; twice as long after each more.
const FIRST: Duration = Duration::from_secs(10);

/// The longest of these waits, whatever a server would like.
const LONGEST: Duration = Duration::from_secs(3600);

/// Whether it is sent. `before` is the [state](Account::state) of the last one of its sort; `alarms` are
/// what the account comes to for those who raise alarms.
pub fn wants(
    notifier: &Notifier,
    account: &Account,
    before: Option<&str>,
    alarms: &Alarms,
) -> bool {
    if account.occasion == Occasion::Test {
        return true;
    }
    if notifier.channel.is_alarm() {
        return !alarms.is_empty();
    }
    match &notifier.when {
        When::Always => true,
        When::OnFailure => account.is_failure(),
        When::OnChange => {
            account.done().next().is_some() || account.state() != before.unwrap_or_default()
        }
        When::Digest(_) => account.occasion == Occasion::Digest,
    }
}

/// Whether the account is of the sort that the notifier has at all: digests for those that have digests,
/// everything else for the others.
pub fn concerns(notifier: &Notifier, account: &Account) -> bool {
    let digest = matches!(notifier.when, When::Digest(_));
    notifier.enabled && digest == (account.occasion == Occasion::Digest)
}

/// How soon it is tried again after so many tries, of which the first was so long ago; `None`: it is given
/// up.
pub fn again(
    notifier: &Notifier,
    failure: &Failure,
    tries: u32,
    age: Duration,
) -> Option<Duration> {
    let doubled = FIRST.saturating_mul(1 << tries.saturating_sub(1).min(12));
    let wait = match failure.again {
        Some(asked) => asked.max(Duration::from_secs(1)),
        None => doubled,
    };
    let wait = wait.min(LONGEST);
    (age + wait <= notifier.retry_for).then_some(wait)
}

#[cfg(test)]
mod tests {
    use super::super::alarms;
    use super::*;
    use crate::config::Config;
    use crate::report::example;
    use chrono::Utc;

    fn notifier(more: &str) -> Notifier {
        let text = format!(
            "[connections.a]\nhost = 'h'\nuser = 'u'\n[notifier.n]\nkind = 'slack'\nurl = 'http://h/x'\n{more}"
        );
        Config::parse(&text, None).unwrap().notifiers.remove(0)
    }

    fn account(failures: bool, done: bool) -> Account {
        let mut account = example::account("h", Utc::now());
        account.occasion = Occasion::Window { name: "night".into() };
        account.tables.retain(|t| t.failed && failures || t.is_done() && done);
        account
    }

    #[test]
    fn everybody_gets_what_he_asked_for() {
        let wanted = |more: &str, account: &Account, before: Option<&str>| {
            wants(&notifier(more), account, before, &Alarms::default())
        };
        let (bad, good, nothing) =
            (account(true, false), account(false, true), account(false, false));
        assert!(wanted("", &nothing, None));
        assert!(wanted("when = 'on_failure'", &bad, None));
        assert!(!wanted("when = 'on_failure'", &good, None));
        assert!(wanted("when = 'on_change'", &good, None));
        assert!(wanted("when = 'on_change'", &bad, None));
        assert!(!wanted("when = 'on_change'", &bad, Some(&bad.state())));
        assert!(!wanted("when = 'on_change'", &nothing, None));
        // That it does not fail any more is a change, too.
        assert!(wanted("when = 'on_change'", &nothing, Some(&bad.state())));
        assert!(!concerns(&notifier("digest = '@weekly'"), &bad));
        let digest = Account { occasion: Occasion::Digest, ..bad };
        assert!(concerns(&notifier("digest = '@weekly'"), &digest));
        assert!(!concerns(&notifier(""), &digest));
        assert!(!concerns(&notifier("enabled = false"), &good));
    }

    #[test]
    fn alarms_are_raised_and_ended_and_that_is_all() {
        let text = "[connections.a]\nhost = 'h'\nuser = 'u'\n[notifier.p]\nkind = 'pagerduty'\nrouting_key = 'r'";
        let pager = Config::parse(text, None).unwrap().notifiers.remove(0);
        let good = account(false, true);
        let closed = alarms::of(&good, Some(&[]));
        assert!(!wants(&pager, &good, None, &closed));
        let open = alarms::of(&good, Some(&["repackd/example/shop.orders".to_owned()]));
        assert!(wants(&pager, &good, None, &open));
    }

    #[test]
    fn waits_double_and_end() {
        let notifier = notifier("retry_for = '1h'");
        let (plain, minute) = (Failure::new("x"), Duration::from_secs(60));
        let seconds = |tries| again(&notifier, &plain, tries, minute).map(|d| d.as_secs());
        assert_eq!((seconds(1), seconds(3), seconds(20)), (Some(10), Some(40), None));
        let asked = Failure { again: Some(Duration::from_secs(7)), ..plain.clone() };
        assert_eq!(again(&notifier, &asked, 5, minute), Some(Duration::from_secs(7)));
        assert_eq!(again(&notifier, &asked, 1, 60 * minute), None);
    }
}
