//! What programs are sent. Pure.

use super::alarms::{Alarm, Alarms};
use crate::report::view::View;
use crate::report::{Account, Occasion};
use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// The longest key that PagerDuty takes.
const LONGEST_KEY: usize = 255;

/// How long an alarm stays up in an Alertmanager if the table is neither done nor fails again.
const STAYS: Duration = Duration::days(7);

/// The account as an event of Standard Webhooks.
pub fn json(account: &Account, now: DateTime<Utc>) -> Value {
    let kind = match &account.occasion {
        Occasion::Window { .. } => "repackd.window",
        Occasion::Run => "repackd.run",
        Occasion::Command { .. } => "repackd.command",
        Occasion::Digest => "repackd.digest",
        Occasion::Test => "repackd.test",
    };
    let mut data = json!(account);
    data["title"] = account.title().into();
    data["failed"] = account.is_failure().into();
    data["bytes_reclaimed"] = account.reclaimed().into();
    json!({ "type": kind, "timestamp": rfc3339(now), "data": data })
}

/// An event for each alarm (PagerDuty, "Events API v2").
pub fn pagerduty(alarms: &Alarms, view: &View, routing_key: &str) -> Vec<Value> {
    let raised = alarms.raised.iter().map(|alarm| {
        json!({
            "routing_key": routing_key,
            "event_action": "trigger",
            "dedup_key": short(&alarm.key),
            "payload": {
                "summary": cut(&alarm.summary, 1024),
                "source": view.host,
                "severity": "error",
                "component": alarm.table.as_ref().unwrap_or(&alarm.connection),
                "group": alarm.connection,
                "class": class(alarm),
                "custom_details": { "reason": alarm.reason, "report": view.title },
            },
        })
    });
    let ended = alarms.ended.iter().map(|alarm| {
        json!({
            "routing_key": routing_key,
            "event_action": "resolve",
            "dedup_key": short(&alarm.key),
        })
    });
    raised.chain(ended).collect()
}

/// Alerts for an Alertmanager's API, version 2.
pub fn alertmanager(alarms: &Alarms, account: &Account, now: DateTime<Utc>) -> Value {
    let test = account.occasion == Occasion::Test;
    let stays = if test { Duration::minutes(1) } else { STAYS };
    let alert = |alarm: &Alarm, from: DateTime<Utc>, until: DateTime<Utc>| {
        let mut labels = json!({
            "alertname": class(alarm),
            "connection": alarm.connection,
            "severity": if test { "info" } else { "warning" },
        });
        if let Some(table) = &alarm.table {
            labels["table"] = table.clone().into();
        }
        json!({
            "labels": labels,
            "annotations": { "summary": alarm.summary, "reason": alarm.reason },
            "startsAt": rfc3339(from),
            "endsAt": rfc3339(until),
        })
    };
    let raised = alarms.raised.iter().map(|alarm| alert(alarm, now, now + stays));
    let from = account.from.min(now - Duration::seconds(1));
    // A test ends by itself.
    let ended = alarms.ended.iter().filter(|_| !test).map(|alarm| alert(alarm, from, now));
    raised.chain(ended).collect()
}

fn class(alarm: &Alarm) -> &'static str {
    match alarm.table {
        Some(_) => "RepackdTableFailed",
        None if alarm.key == "repackd/test" => "RepackdTest",
        None => "RepackdConnectionFailed",
    }
}

fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// A key that is not too long, and another one for another table.
fn short(key: &str) -> String {
    match key.len() <= LONGEST_KEY {
        true => key.to_owned(),
        false => format!("repackd/{}", digest(key)),
    }
}

/// A name for something, of letters and digits that tell nothing of it.
pub fn digest(text: &str) -> String {
    let mut all = String::new();
    for byte in &Sha256::digest(text.as_bytes())[..12] {
        let _ = write!(all, "{byte:02x}");
    }
    all
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_short_and_stay_apart() {
        assert_eq!(short("repackd/a/b"), "repackd/a/b");
        let long = |end: &str| short(&format!("repackd/{}{end}", "x".repeat(300)));
        assert!(long("a").len() < LONGEST_KEY && long("a") != long("b"));
        assert_eq!(long("a"), long("a"));
    }
}
