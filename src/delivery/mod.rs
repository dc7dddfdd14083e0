//! Delivery: who is told, when, and what becomes of reports that nobody takes.
//!
//! | part | module |
//! |---|---|
//! | the daemon's desk: what has ended, what is to be told, what is still to be delivered | [`desk`] |
//! | windows, from open to told | [`windows`], pure |
//! | what a command tells at its end | [`command`] |
//! | from the store to an account | [`compose`] |
//! | who wants it, and when it is tried again | [`rules`], pure |
//! | alarms to raise and to end | [`alarms`], pure |
//! | one delivery | [`send`], `mail`, `webhook`, [`payloads`] |
//!
//! A report is a row of the store for each notifier, put there by whichever daemon is first, and delivered
//! by whichever claims it. So it is made once, survives whoever made it, and is delivered until somebody
//! takes it, or its time is up: then it is kept. It may come twice if a daemon dies between sending it and
//! saying so; it then has the same id.
//!
//! No run waits for any of this, and nothing that goes wrong here fails one.

pub mod alarms;
pub mod command;
pub mod compose;
pub mod desk;
mod mail;
pub mod payloads;
pub mod rules;
mod secret;
pub mod send;
mod webhook;
pub mod windows;

pub use desk::{Desk, Now};

use crate::config::{Config, Notifier, When};
use crate::error::Result;
use crate::report::{Account, Occasion, documents, example, view::view};
use crate::store::{Made, Store};
use alarms::Alarms;
use chrono::{DateTime, Utc};
use send::{Delivered, Failure};
use std::time::Duration;

/// How much longer than a delivery can take it is left to who has claimed it.
const GRACE: Duration = Duration::from_secs(30);

/// What became of an attempt at a notifier's next report.
#[derive(Debug)]
pub enum Attempt {
    /// There was none to be delivered now.
    Nothing,
    /// It was delivered; the answer, and what is wrong with templates.
    Sent(String, Vec<String>),
    /// It was not, and it is tried again after this time, or given up and kept.
    Failed(Failure, Option<Duration>),
}

/// Puts a report into the store for a notifier, if there is none of the occasion yet. Returns whether it is
/// to be delivered.
pub async fn make(
    store: &Store,
    by: &str,
    notifier: &Notifier,
    occasion: &str,
    account: &Account,
) -> Result<bool> {
    let told = account.only(&notifier.connections);
    let is_about_others = told.tables.is_empty()
        && told.unmeasured.is_empty()
        && told.measured.is_empty()
        && matches!(told.occasion, Occasion::Run | Occasion::Command { .. })
        && !notifier.connections.is_empty();
    if !rules::concerns(notifier, &told)
        || is_about_others
        || store.has_report(&notifier.name, occasion).await?
    {
        return Ok(false);
    }
    let alarms = alarms_of(store, notifier, &told).await?;
    let memory = format!("reports: state of {} {}", notifier.name, series(&told));
    let before = match notifier.when {
        When::OnChange => store.recall(&memory).await?,
        _ => None,
    };
    let wanted = rules::wants(notifier, &told, before.as_deref(), &alarms);
    if wanted {
        // Before it is on its way: whoever sees the table done meanwhile must know that there is something
        // to end.
        store.raise_alerts(&notifier.name, &alarms.keys().0).await?;
    }
    let text = serde_json::to_string(&told).unwrap_or_default();
    let made = Made {
        notifier: &notifier.name,
        occasion,
        title: &told.title(),
        account: wanted.then_some(text.as_str()),
    };
    let new = store.make_report(&made, by).await?;
    if new && notifier.when == When::OnChange {
        store.remember(&memory, &told.state()).await?;
    }
    Ok(new && wanted)
}

async fn alarms_of(store: &Store, notifier: &Notifier, account: &Account) -> Result<Alarms> {
    Ok(match notifier.channel.is_alarm() {
        true => alarms::of(account, Some(&store.alerts(&notifier.name).await?)),
        false => Alarms::default(),
    })
}

/// The reports that one is compared with to find out whether anything has changed.
fn series(account: &Account) -> String {
    match (&account.occasion, account.tables.first()) {
        (Occasion::Window { name }, _) => format!("window {name}"),
        (Occasion::Run, Some(table)) => format!("table {} {}", table.connection, table.table),
        (Occasion::Run, None) => {
            let all = account.measured.iter().chain(&account.unmeasured);
            format!("connection {}", all.cloned().collect::<Vec<_>>().join(" "))
        }
        (Occasion::Command { name }, _) => format!("command {name}"),
        (Occasion::Digest | Occasion::Test, _) => "digest".into(),
    }
}

/// Delivers a notifier's next report, if there is one.
pub async fn deliver(
    store: &Store,
    by: &str,
    notifier: &Notifier,
    now: DateTime<Utc>,
) -> Result<Attempt> {
    let lease = send::limit(notifier) + GRACE;
    // The end of an alarm must not overtake it.
    let in_order = notifier.channel.is_alarm();
    let Some(letter) = store.claim_report(by, &notifier.name, lease, in_order).await? else {
        return Ok(Attempt::Nothing);
    };
    let account: Account = match serde_json::from_str(&letter.account) {
        Ok(account) => account,
        Err(_) => {
            let failure = Failure::new("it was written by another version of repackd");
            store.report_failed(letter.id, by, &failure.words, None).await?;
            return Ok(Attempt::Failed(failure, None));
        }
    };
    let alarms = alarms_of(store, notifier, &account).await?;
    let (raised, ended) = alarms.keys();
    let id = payloads::digest(&format!("{}\n{}\n{}", letter.notifier, letter.occasion, letter.id));
    let Delivered { answer, problems } = send::send(notifier, &account, &id, now, alarms).await;
    match answer {
        Ok(answer) => {
            store.report_sent(letter.id).await?;
            store.keep_alerts(&notifier.name, letter.id, &raised, &ended).await?;
            Ok(Attempt::Sent(answer, problems))
        }
        Err(failure) => {
            let again = rules::again(notifier, &failure, letter.tries, letter.age);
            store.report_failed(letter.id, by, &failure.words, again).await?;
            Ok(Attempt::Failed(failure, again))
        }
    }
}

/// Sends the example, without a store. Returns what the server answered.
pub async fn test(notifier: &Notifier, now: DateTime<Utc>) -> Delivered {
    let account = example::account(&compose::host(), now);
    send_now(notifier, &account, now).await
}

/// Sends a report that no store keeps.
pub async fn send_now(notifier: &Notifier, account: &Account, now: DateTime<Utc>) -> Delivered {
    let alarms = match notifier.channel.is_alarm() {
        true => alarms::of(account, None),
        false => Alarms::default(),
    };
    let moment = format!("{}\n{}\n{now}", notifier.name, std::process::id());
    send::send(notifier, account, &payloads::digest(&moment), now, alarms).await
}

/// What is wrong with the templates of all notifiers.
pub fn template_problems(config: &Config, now: DateTime<Utc>) -> Vec<String> {
    let mut all = Vec::new();
    for notifier in config.notifiers.iter().filter(|n| n.enabled) {
        if let Some(directory) = &notifier.templates {
            let example = view(&example::account(&compose::host(), now), notifier.zone);
            let found = documents::problems(directory, &example);
            all.extend(found.into_iter().map(|p| format!("notifier {}: {p}", notifier.name)));
        }
    }
    all
}
