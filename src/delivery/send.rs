//! One delivery, in whichever way, within its time.

use super::alarms::Alarms;
use super::secret::Secrets;
use super::{mail, webhook};
use crate::config::{Channel, Notifier};
use crate::report::Account;
use crate::report::view::{View, view};
use chrono::{DateTime, Utc};
use std::time::Duration;

/// What is to be sent.
pub struct Draft<'a> {
    /// What happened.
    pub account: &'a Account,
    /// The same for templates.
    pub view: View,
    /// What it is told by from others; the same for each attempt.
    pub id: String,
    /// Now.
    pub now: DateTime<Utc>,
    /// Alarms to be raised and ended, for those that do that.
    pub alarms: Alarms,
    /// What is wrong with templates.
    pub problems: Vec<String>,
}

/// Why it was not delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// In words, without secrets.
    pub words: String,
    /// When the server would like it to be tried again.
    pub again: Option<Duration>,
}

impl Failure {
    /// One that says nothing of when.
    pub fn new(words: impl Into<String>) -> Self {
        Self { words: words.into(), again: None }
    }
}

/// How a delivery went.
#[derive(Debug)]
pub struct Delivered {
    /// What the server answered.
    pub answer: Result<String, Failure>,
    /// What is wrong with templates.
    pub problems: Vec<String>,
}

/// How long all alarms of a report may take together.
const ALARMS: Duration = Duration::from_secs(120);

/// The longest that [`send`] can take.
pub fn limit(notifier: &Notifier) -> Duration {
    match notifier.channel {
        // One request each.
        Channel::PagerDuty { .. } => notifier.timeout.max(ALARMS),
        _ => notifier.timeout,
    }
}

/// Sends a report. Never takes longer than its [`limit`].
pub async fn send(
    notifier: &Notifier,
    account: &Account,
    id: &str,
    now: DateTime<Utc>,
    alarms: Alarms,
) -> Delivered {
    let view = view(account, notifier.zone);
    let mut draft = Draft { account, view, id: id.to_owned(), now, alarms, problems: Vec::new() };
    let mut secrets = Secrets::default();
    let work = async {
        match &notifier.channel {
            Channel::Mail(mail) => mail::send(notifier, mail, &mut draft, &mut secrets).await,
            _ => webhook::send(notifier, &mut draft, &mut secrets).await,
        }
    };
    let answer = match tokio::time::timeout(limit(notifier), Box::pin(work)).await {
        Ok(answer) => answer,
        Err(_) => Err(Failure::new(format!(
            "no answer within {} (timeout)",
            crate::units::seconds(notifier.timeout.as_secs_f64())
        ))),
    };
    let answer = match answer {
        Ok(answer) => Ok(secrets.without(&answer)),
        Err(failure) => Err(Failure { words: secrets.without(&failure.words), ..failure }),
    };
    Delivered { answer, problems: draft.problems }
}
