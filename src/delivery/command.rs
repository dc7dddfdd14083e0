//! Telling of a command that has ended: at once and in this process, within a time that people wait for.
//! With a store, what cannot be delivered stays there.

use super::{Attempt, Now, alarms, deliver, make, payloads, rules, send_now};
use crate::config::{Config, Notifier};
use crate::report::Account;
use crate::store::Store;
use std::time::Duration;

/// How many reports of a notifier's are delivered besides: those that wait in the store.
const MOST: usize = 20;

/// How soon it is tried once more, where there is no store.
const ONCE_MORE: Duration = Duration::from_secs(2);

/// Tells whoever wants to know. Returns what went wrong, in sentences.
pub async fn tell(
    config: &Config,
    store: Option<&Store>,
    by: &str,
    account: &Account,
    now: &Now,
    patience: Duration,
) -> Vec<String> {
    let moment = format!("{by}\n{}\n{}", std::process::id(), now());
    let occasion = format!("command/{}", payloads::digest(&moment));
    let wanted = config.notifiers.iter().filter(|n| rules::concerns(n, account));
    let work = wanted.map(|notifier| async {
        let told = async {
            match store {
                Some(store) => with_store(store, by, notifier, &occasion, account, now).await,
                None => without(notifier, account, now).await,
            }
        };
        match tokio::time::timeout(patience, told).await {
            Ok(problems) => problems,
            Err(_) => vec![format!(
                "notifier {}: the report is not delivered after {} s; {}",
                notifier.name,
                patience.as_secs(),
                kept(store, notifier)
            )],
        }
    });
    futures_util::future::join_all(work).await.concat()
}

fn kept(store: Option<&Store>, notifier: &Notifier) -> String {
    match store {
        Some(_) => format!(
            "it is kept in the store: a daemon sends it, or `repackd notify --again {}`",
            notifier.name
        ),
        None => "there is no store to keep it".into(),
    }
}

async fn with_store(
    store: &Store,
    by: &str,
    notifier: &Notifier,
    occasion: &str,
    account: &Account,
    now: &Now,
) -> Vec<String> {
    match make(store, by, notifier, occasion, account).await {
        Ok(true) => {
            let (sent, mut problems) = waiting(store, by, notifier, now).await;
            let silent = sent.is_empty() && problems.is_empty() && notifier.channel.is_alarm();
            if silent && store.reports_waiting(&notifier.name).await.is_ok_and(|left| left > 0) {
                problems.push(format!(
                    "notifier {}: the alarm waits for an older one that is still to be delivered; {}",
                    notifier.name,
                    kept(Some(store), notifier)
                ));
            }
            problems
        }
        Ok(false) => Vec::new(),
        Err(e) => vec![format!("notifier {}: no report was made: {e}", notifier.name)],
    }
}

/// Delivers what waits for a notifier. Returns the answers, and what went wrong.
pub async fn waiting(
    store: &Store,
    by: &str,
    notifier: &Notifier,
    now: &Now,
) -> (Vec<String>, Vec<String>) {
    let (mut answers, mut all) = (Vec::new(), Vec::new());
    let name = &notifier.name;
    for _ in 0..MOST {
        match deliver(store, by, notifier, now()).await {
            Ok(Attempt::Nothing) => break,
            Ok(Attempt::Sent(answer, problems)) => {
                answers.push(answer);
                all.extend(problems.into_iter().map(|p| format!("notifier {name}: {p}")));
            }
            Ok(Attempt::Failed(failure, _)) => {
                let kept = kept(Some(store), notifier);
                all.push(format!(
                    "notifier {name}: a report could not be delivered: {}; {kept}",
                    failure.words
                ));
                break;
            }
            Err(e) => {
                all.push(format!("notifier {name}: {e}"));
                break;
            }
        }
    }
    all.dedup();
    (answers, all)
}

async fn without(notifier: &Notifier, account: &Account, now: &Now) -> Vec<String> {
    let account = account.only(&notifier.connections);
    let alarms = match notifier.channel.is_alarm() {
        true => alarms::of(&account, None),
        false => alarms::Alarms::default(),
    };
    let is_about_others = account.tables.is_empty() && !notifier.connections.is_empty();
    if is_about_others || !rules::wants(notifier, &account, None, &alarms) {
        return Vec::new();
    }
    let name = &notifier.name;
    let mut sent = send_now(notifier, &account, now()).await;
    if sent.answer.is_err() {
        tokio::time::sleep(ONCE_MORE).await;
        sent = send_now(notifier, &account, now()).await;
    }
    let mut all: Vec<String> =
        sent.problems.iter().map(|p| format!("notifier {name}: {p}")).collect();
    if let Err(failure) = sent.answer {
        all.push(format!(
            "notifier {name}: the report could not be delivered: {}; {}",
            failure.words,
            kept(None, notifier)
        ));
    }
    all
}
