//! An account to try notifiers and templates with. Nothing of it has happened.

use super::{Account, Due, Occasion, Table};
use chrono::{DateTime, Duration, Utc};

/// It has one of everything, and names that want to be escaped.
pub fn account(host: &str, now: DateTime<Utc>) -> Account {
    let mib = |n: i64| Some(n << 20);
    let phases = |copy: f64, index: f64| {
        [("prepare", 0.2), ("copy", copy), ("index", index), ("drain", 1.1), ("verify", copy / 3.0)]
            .into_iter()
            .chain([("cutover", 0.1), ("cleanup", 0.2)])
            .map(|(name, seconds)| (name.to_owned(), seconds))
            .collect()
    };
    let table = |table: &str, before, after, seconds, phases| Table {
        connection: "example".into(),
        table: table.into(),
        ending: "done".into(),
        failed: false,
        attempts: 1,
        reason: None,
        next: None,
        bytes_before: before,
        bytes_after: after,
        repacked: 1,
        bytes_given_back: before.zip(after).map_or(0, |(before, after): (i64, i64)| before - after),
        seconds,
        longest_wait_ms: Some(11.4),
        phases,
    };
    Account {
        occasion: Occasion::Test,
        host: host.into(),
        repackd: env!("CARGO_PKG_VERSION").into(),
        from: now - Duration::hours(3),
        until: now,
        tables: vec![
            table("shop.orders", mib(48_640), mib(13_100), 812.0, phases(190.0, 540.0)),
            table("shop.\"Größe & <Menge>\"", mib(9_300), mib(7_450), 121.5, phases(60.0, 40.0)),
            Table {
                ending: "failed".into(),
                failed: true,
                attempts: 2,
                reason: Some(
                    "no quiet moment for the cutover of shop.items in 40 attempts over 1800 s"
                        .into(),
                ),
                next: Some(
                    "at a quieter time, `repackd resume shop.items` goes on where it stopped"
                        .into(),
                ),
                bytes_after: None,
                repacked: 0,
                longest_wait_ms: Some(188.0),
                ..table("shop.items", mib(22_000), None, 2_410.0, phases(140.0, 220.0))
            },
            Table {
                ending: "refused".into(),
                reason: Some("shop.log cannot be repacked: it has no key".into()),
                repacked: 0,
                longest_wait_ms: None,
                ..table("shop.log", mib(700), None, 0.1, Vec::new())
            },
        ],
        due: vec![
            Due {
                connection: "example".into(),
                table: "shop.items".into(),
                aside: false,
                begun: true,
                at: Some(now + Duration::hours(21)),
            },
            Due {
                connection: "example".into(),
                table: "shop.log".into(),
                aside: true,
                begun: false,
                at: None,
            },
        ],
        unmeasured: Vec::new(),
        measured: vec!["example".into()],
    }
}
