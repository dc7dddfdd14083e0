//! Why an entry of the queue is not being worked on. Pure.

use crate::config::Config;
use crate::daemon::live::Known;
use crate::store::{Entry, Pause, State};
use crate::units;
use chrono::{DateTime, Utc};

/// Whether a pause is about an entry.
fn covers(pause: &Pause, entry: &Entry) -> bool {
    let scope = &pause.scope;
    (scope.connection.is_empty() || scope.connection == entry.connection)
        && (scope.table.is_empty()
            || (scope.schema.is_empty() || scope.schema == entry.table.schema)
                && scope.table == entry.table.name)
}

/// Why it waits, in words that say what would have to change; `None` for one that is at work.
pub fn reason(
    entry: &Entry,
    all: &[Entry],
    pauses: &[Pause],
    config: &Config,
    known: Option<&Known>,
    now: DateTime<Utc>,
) -> Option<String> {
    let own = entry.reason.as_deref();
    let and = |text: String| match own {
        Some(own) => format!("{text}; {own}"),
        None => text,
    };
    match entry.state {
        State::Running if entry.expired => {
            return Some("its daemon gives no sign of life; the next one goes on with it".into());
        }
        State::Running => return None,
        State::Aside => {
            let own = own.unwrap_or("nobody says why");
            return Some(format!("{own}; until the table changes or somebody resumes it"));
        }
        State::Waiting => {}
    }
    if entry.wanted.is_some() {
        return Some("to be given up by whichever daemon claims it".into());
    }
    if let Some(pause) = pauses.iter().find(|pause| covers(pause, entry)) {
        return Some(format!("{} is paused by {}", pause.scope, pause.by));
    }
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    if entry.wait_ms > 0 {
        let again = units::seconds((entry.wait_ms as f64 / 1000.0).round());
        return Some(and(format!("tried again in {again}")));
    }
    if !config.connections.iter().any(|c| c.name == entry.connection) {
        return Some(format!("this daemon has no connection {}", entry.connection));
    }
    let rule = config.schedule.rules.iter().enumerate().find(|(_, rule)| rule.name == entry.rule);
    let Some((index, rule)) = rule else {
        return Some(format!("rule {} is not in the configuration any more", entry.rule));
    };
    if !rule.enabled {
        return Some(format!("rule {} is not enabled", rule.name));
    }
    if rule.dry_run || config.daemon.dry_run {
        return Some("nothing is done (dry_run)".into());
    }
    let known = known?;
    match known.rules.get(index).and_then(Option::as_ref) {
        None => {
            let next = config.schedule.span(rule, now, &known.seen).map(|span| span.opens);
            return Some(and(match next {
                Some(at) => format!("its window opens {}", at.format("%F %H:%M UTC")),
                None => format!("no window of rule {} is to come", rule.name),
            }));
        }
        Some(opening) if !opening.may_start => {
            return Some(and("its window is about to end, and nothing more is begun in it".into()));
        }
        Some(_) => {}
    }
    let busy = all.iter().find(|e| e.state == State::Running && e.connection == entry.connection);
    if let Some(busy) = busy {
        return Some(and(format!("after {}, which is at work", busy.table)));
    }
    let is_own = |e: &&Entry| e.state == State::Running && e.owner.as_deref() == Some(&*known.me);
    let at_work = all.iter().filter(is_own).count();
    if at_work >= config.daemon.max_parallel as usize {
        return Some(and(format!("this daemon is at work on {at_work} databases (max_parallel)")));
    }
    Some(and("next".into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::QualifiedName;
    use crate::schedule::Seen;
    use crate::store::Scope;
    use std::sync::Arc;

    fn entry(table: &str, state: State) -> Entry {
        Entry {
            connection: "shop".into(),
            table: QualifiedName::new("public", table),
            rule: "night".into(),
            state,
            begun: false,
            attempts: 0,
            reason: None,
            owner: None,
            expired: false,
            phase: None,
            progress: None,
            attempt: None,
            wanted: None,
            wait_ms: 0,
            queued_at: 0,
        }
    }

    fn at(text: &str) -> DateTime<Utc> {
        chrono::NaiveDateTime::parse_from_str(text, "%F %R").unwrap().and_utc()
    }

    fn known(now: &str) -> Known {
        let text = "[connections.shop]\nhost = \"h\"\nuser = \"u\"\n
             [[window]]\nname = \"night\"\nopen = \"0 22 * * *\"\nduration = \"4h\"\nlast_start_before_end = \"1h\"\n
             [[rule]]\nname = \"night\"\ntables = [\"*\"]\nwhen = { bloat_ratio = 0.3 }\n";
        let config = Arc::new(Config::parse(text, None).unwrap());
        let rules = config.schedule.at(at(now), &Seen::default()).rules;
        Known { me: "me".into(), config, seen: Seen::default(), rules, stopping: false }
    }

    fn said(entry: &Entry, all: &[Entry], pauses: &[Pause], now: &str) -> String {
        let known = known(now);
        reason(entry, all, pauses, &known.config, Some(&known), at(now)).unwrap_or_default()
    }

    #[test]
    fn each_reason_by_itself() {
        let waits = entry("t", State::Waiting);
        let night = "2026-11-25 23:00";
        assert_eq!(said(&waits, &[], &[], night), "next");
        assert_eq!(
            said(&waits, &[], &[], "2026-11-25 12:00"),
            "its window opens 2026-11-25 22:00 UTC"
        );
        assert!(said(&waits, &[], &[], "2026-11-26 01:30").contains("nothing more is begun"));
        let busy = [entry("other", State::Running)];
        assert_eq!(said(&waits, &busy, &[], night), "after public.other, which is at work");
        let again =
            Entry { wait_ms: 90_000, reason: Some("no quiet moment".into()), ..waits.clone() };
        assert_eq!(said(&again, &[], &[], night), "tried again in 90.0 s; no quiet moment");
        // max_parallel is each daemon's own.
        for (owner, said_of_it) in
            [("me", "this daemon is at work on 4 databases (max_parallel)"), ("another", "next")]
        {
            let elsewhere = |i: u32| Entry {
                connection: format!("c{i}"),
                owner: Some(owner.into()),
                ..entry("t", State::Running)
            };
            let all: Vec<Entry> = (0..4).map(elsewhere).collect();
            assert_eq!(said(&waits, &all, &[], night), said_of_it);
        }
        let other = Entry { rule: "gone".into(), ..waits.clone() };
        assert!(said(&other, &[], &[], night).contains("rule gone is not in the configuration"));
        assert_eq!(said(&busy[0], &[], &[], night), "");
    }

    #[test]
    fn pauses_cover_what_they_name() {
        let waits = entry("t", State::Waiting);
        let pause = |connection: &str, schema: &str, table: &str| {
            let scope =
                Scope { connection: connection.into(), schema: schema.into(), table: table.into() };
            [Pause { scope, by: "ann".into(), at: 0 }]
        };
        let night = "2026-11-25 23:00";
        for (pause, covered) in [
            (pause("", "", ""), true),
            (pause("shop", "", ""), true),
            (pause("shop", "", "t"), true),
            (pause("shop", "public", "t"), true),
            (pause("other", "", ""), false),
            (pause("shop", "private", "t"), false),
            (pause("shop", "", "u"), false),
        ] {
            let said = said(&waits, &[], &pause, night);
            assert_eq!(said.contains("paused by ann"), covered, "{pause:?}: {said}");
        }
    }
}
