//! `notify`: who is told, whether it works, and what could not be delivered; and what `run-now` and its
//! like tell at their end.

use super::args::Notify;
use super::context::Context;
use super::grid::grid;
use super::queue::myself;
use crate::config::Notifier;
use crate::delivery::{self, Now, command, compose};
use crate::error::{Error, Result, did_you_mean};
use crate::store::{Kept, time};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// How long the end of a command is held up by reports, and by none that was interrupted.
const PATIENCE: [Duration; 2] = [Duration::from_secs(20), Duration::from_secs(3)];

/// How long the store may take to answer.
const STORE: Duration = Duration::from_secs(5);

fn clock() -> Now {
    Arc::new(Utc::now)
}

/// Does what is asked for.
pub async fn notify(context: &mut Context, asked: &Notify) -> Result<u8> {
    let notifiers = meant(context, &asked.notifiers)?;
    if asked.test {
        return test(context, &notifiers).await;
    }
    if asked.again {
        return again(context, &notifiers).await;
    }
    list(context, &notifiers).await
}

/// The notifiers that are named, or all.
fn meant(context: &Context, names: &[String]) -> Result<Vec<Notifier>> {
    let all = &context.config.notifiers;
    if all.is_empty() {
        return Err(Error::Usage("no notifier is configured: add a [notifier.NAME]".into()));
    }
    if names.is_empty() {
        return Ok(all.clone());
    }
    let mut found = Vec::new();
    for name in names {
        let Some(notifier) = all.iter().find(|n| n.name == *name) else {
            let hint = did_you_mean(name, all.iter().map(|n| n.name.as_str()));
            return Err(Error::Usage(format!("there is no notifier `{name}`{hint}")));
        };
        found.push(notifier.clone());
    }
    Ok(found)
}

/// Sends the example. One after another, so that each answer stands by itself.
async fn test(context: &mut Context, notifiers: &[Notifier]) -> Result<u8> {
    let (mut document, mut text) = (Vec::new(), String::new());
    for notifier in notifiers {
        let name = &notifier.name;
        let sent = delivery::test(notifier, Utc::now());
        let sent = context.unless_stopped(async { Ok(sent.await) }).await?;
        for problem in &sent.problems {
            context.console.warn(&format!("notifier {name}: {problem}"));
            context.status(1);
        }
        let (answer, error) = match &sent.answer {
            Ok(answer) => {
                text.push_str(&format!("{name}: sent; it answered: {answer}\n"));
                (Some(answer), None)
            }
            Err(failure) => {
                context.console.say(&format!(
                    "repackd: notifier {name} could not be told: {}\n  state: nothing was changed\n  next:  mend [notifier.{name}] or what is said above, and try again",
                    failure.words
                ));
                context.status(1);
                (None, Some(&failure.words))
            }
        };
        document.push(json!({
            "notifier": name, "kind": notifier.channel.kind(), "answer": answer, "error": error,
            "template_problems": sent.problems,
        }));
    }
    Ok(context.finish("notifiers", document.into(), &text))
}

/// Sends what waits or was given up.
async fn again(context: &mut Context, notifiers: &[Notifier]) -> Result<u8> {
    let Some(store) = context.store().await? else {
        let place = context.place.describe();
        let text = format!("there is no store at {place}: no report is kept\n");
        return Ok(context.finish("notifiers", Value::Array(Vec::new()), &text));
    };
    let (mut document, mut text) = (Vec::new(), String::new());
    for notifier in notifiers {
        let name = &notifier.name;
        store.revive_reports(name).await?;
        let (by, now) = (myself(), clock());
        let work = command::waiting(&store, &by, notifier, &now);
        let (answers, problems) = context.unless_stopped(async { Ok(work.await) }).await?;
        for problem in &problems {
            context.console.say(&format!("repackd: {problem}"));
            context.status(1);
        }
        let left = store.reports_waiting(name).await?;
        match answers.as_slice() {
            [] if problems.is_empty() && left == 0 => {
                text.push_str(&format!("{name}: nothing waits\n"))
            }
            [] => {}
            all => text.push_str(&format!("{name}: {} sent\n", all.len())),
        }
        if left > 0 && problems.is_empty() {
            text.push_str(&format!(
                "{name}: {left} more wait: a daemon sends them, or say it again\n"
            ));
        }
        document.push(json!({
            "notifier": name, "sent": answers.len(), "waiting": left, "problems": problems,
        }));
    }
    Ok(context.finish("notifiers", document.into(), &text))
}

/// Shows them, and checks their templates.
async fn list(context: &mut Context, notifiers: &[Notifier]) -> Result<u8> {
    let kept = match context.store().await? {
        Some(store) => store.reports(10_000).await?,
        None => Vec::new(),
    };
    for problem in delivery::template_problems(&context.config, Utc::now()) {
        context.console.warn(&problem);
        context.status(1);
    }
    let heads = ["notifier", "kind", "when", "waiting", "given up", "last sent"];
    let mut table = grid(&heads, context.console.result_width());
    let mut document = Vec::new();
    for notifier in notifiers {
        let of = |state: &str| {
            let is = |k: &&Kept| k.notifier == notifier.name && k.state == state;
            kept.iter().filter(is).collect::<Vec<_>>()
        };
        let (waiting, dead, sent) = (of("waiting").len(), of("dead").len(), of("sent"));
        let last = sent.iter().filter_map(|k| k.ended_at).max().map(time);
        let when = match (notifier.enabled, notifier.channel.is_alarm()) {
            (false, _) => "never (enabled = false)".to_owned(),
            (true, true) => "raised on failure, ended when done".into(),
            (true, false) => notifier.when.words(),
        };
        table.add_row([
            notifier.name.clone(),
            notifier.channel.kind().into(),
            when,
            waiting.to_string(),
            dead.to_string(),
            last.clone().unwrap_or_default(),
        ]);
        document.push(json!({
            "notifier": notifier.name, "kind": notifier.channel.kind(), "enabled": notifier.enabled,
            "when": notifier.when.words(), "waiting": waiting, "given_up": dead, "last_sent": last,
        }));
    }
    let text = format!("{}\n", table.trim_fmt());
    Ok(context.finish("notifiers", document.into(), &text))
}

/// Shows reports that are in the store.
pub async fn reports(context: &mut Context, limit: u32) -> Result<u8> {
    let kept = match context.store().await? {
        Some(store) => store.reports(limit).await?,
        None => Vec::new(),
    };
    let mut text = String::from("no report is on record\n");
    if !kept.is_empty() {
        let heads = ["made", "notifier", "state", "tried", "report", "why"];
        let mut table = grid(&heads, context.console.result_width());
        for report in &kept {
            table.add_row([
                time(report.made_at),
                report.notifier.clone(),
                state(report).into(),
                report.attempts.to_string(),
                report.title.clone(),
                report.error.clone().unwrap_or_default(),
            ]);
        }
        text = format!("{}\n", table.trim_fmt());
    }
    let document = kept.iter().map(|report| {
        json!({
            "notifier": report.notifier,
            "occasion": report.occasion,
            "title": report.title,
            "state": state(report),
            "attempts": report.attempts,
            "error": report.error,
            "made": time(report.made_at),
            "ended": report.ended_at.map(time),
            "again_in_seconds": (report.state == "waiting").then(|| report.wait_ms.max(0) / 1000),
        })
    });
    let document = document.collect();
    Ok(context.finish("reports", document, &text))
}

fn state(report: &Kept) -> &str {
    match report.state.as_str() {
        "kept" => "not wanted",
        "dead" => "given up",
        other => other,
    }
}

/// Tells what a command has done to tables. Nothing that goes wrong with it changes how the command ends.
pub async fn tell(context: &mut Context, name: &str, from: DateTime<Utc>) {
    let told = context.take_told();
    if told.is_empty() || !context.config.notifiers.iter().any(|n| n.enabled) {
        return;
    }
    let store = match tokio::time::timeout(STORE, context.store()).await {
        Ok(Ok(store)) => store,
        Ok(Err(_)) | Err(_) => None,
    };
    let account = compose::command(name, &told, from, Utc::now());
    let patience = PATIENCE[usize::from(context.stopped())];
    let config = Arc::clone(&context.config);
    let (by, now) = (myself(), clock());
    let tell = command::tell(&config, store.as_ref(), &by, &account, &now, patience);
    for problem in Box::pin(tell).await {
        context.console.warn(&problem);
        tracing::debug!("{problem}");
    }
}
