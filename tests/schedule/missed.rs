//! Windows that nobody saw, and clocks that jump.

use super::{at, read, same};
use crate::support::random::{Random, seed};
use chrono::{DateTime, Duration, Utc};
use repackd::schedule::{Schedule, Seen};

fn schedule(missed: &str) -> Result<Schedule, String> {
    read(&format!(
        "[[window]]
         name = 'nightly'
         open = '0 1 * * *'
         duration = '4h'
         missed = '{missed}'
         start_deadline = '3h'
         last_start_before_end = '30min'
         [[blackout]]
         open = '0 7 26 11 *'
         duration = '1h'
         [[rule]]
         tables = '*'
         when = {{ bloat_ratio = 0.3 }}"
    ))
}

/// What is open, and until when; the times at which it was asked before come first.
fn open(schedule: &Schedule, asked: &[&str]) -> String {
    let mut seen = Seen::default();
    let mut text = String::new();
    for asked in asked {
        let state = schedule.at(at(asked), &seen);
        // As it is kept in the store.
        seen = serde_json::from_str(&serde_json::to_string(&state.seen).unwrap()).unwrap();
        text = match &state.rules[0] {
            None => "closed".into(),
            Some(o) => {
                let until = o.until.map_or("ever".into(), |u| u.format("%d %H:%M").to_string());
                format!("until {until}{}", if o.may_start { "" } else { ", too late" })
            }
        };
    }
    text
}

pub fn policies() -> Result<(), String> {
    let (skip, once) = (schedule("skip")?, schedule("run_once")?);
    for (asked, skipped, made_up) in [
        // Somebody was there, or comes while it is open.
        (&["2026-11-25 00:50", "2026-11-25 01:10"][..], "until 25 05:00", "until 25 05:00"),
        (&["2026-11-24 12:00", "2026-11-25 04:00"], "until 25 05:00", "until 25 05:00"),
        (&["2026-11-25 02:00", "2026-11-25 06:00"], "closed", "closed"),
        // Nobody was, but it may still be made up for, for as long as it would have been.
        (&["2026-11-24 12:00", "2026-11-25 06:00"], "closed", "until 25 10:00"),
        (
            &["2026-11-24 12:00", "2026-11-25 06:00", "2026-11-25 09:59"],
            "closed",
            "until 25 10:00, too late",
        ),
        (&["2026-11-24 12:00", "2026-11-25 06:00", "2026-11-25 10:00"], "closed", "closed"),
        // Too late to start anything in it is missed as well.
        (&["2026-11-24 12:00", "2026-11-25 04:40"], "until 25 05:00, too late", "until 25 08:40"),
        // Three hours after its end it is too late.
        (&["2026-11-24 12:00", "2026-11-25 07:59"], "closed", "until 25 11:59"),
        (&["2026-11-24 12:00", "2026-11-25 08:00"], "closed", "closed"),
        // Once, however many were missed; and not again the next time it is looked at.
        (&["2026-11-01 12:00", "2026-11-25 06:00"], "closed", "until 25 10:00"),
        (
            &["2026-11-01 12:00", "2026-11-25 06:00", "2026-11-25 10:30", "2026-11-25 11:00"],
            "closed",
            "closed",
        ),
        // What nobody ever looked at before was not missed.
        (&["2026-11-25 06:00"], "closed", "closed"),
        // Blackouts hold then too.
        (&["2026-11-25 12:00", "2026-11-26 06:20"], "closed", "until 26 07:00"),
        (&["2026-11-25 12:00", "2026-11-26 06:20", "2026-11-26 07:30"], "closed", "closed"),
        (&["2026-11-25 12:00", "2026-11-26 06:20", "2026-11-26 08:30"], "closed", "until 26 10:20"),
        // The clock was put back: what is to come is to come.
        (&["2026-11-25 06:00", "2026-11-25 00:30"], "closed", "closed"),
        (
            &["2026-11-25 06:00", "2026-11-25 00:30", "2026-11-25 01:00"],
            "until 25 05:00",
            "until 25 05:00",
        ),
        (&["2036-11-25 06:00", "2026-11-25 06:00"], "closed", "closed"),
        (&["2036-11-25 06:00", "2026-11-24 06:00", "2026-11-25 06:00"], "closed", "until 25 10:00"),
        // And while it was made up for: it is over.
        (&["2026-11-24 12:00", "2026-11-25 06:00", "2026-11-25 05:30"], "closed", "closed"),
    ] {
        same(open(&skip, asked), skipped.into()).map_err(|e| format!("skip {asked:?}: {e}"))?;
        same(open(&once, asked), made_up.into()).map_err(|e| format!("once {asked:?}: {e}"))?;
    }
    Ok(())
}

/// However the clock goes, nothing is open but windows and what they are made up for, once for each
/// time that nobody looked, and never in a blackout.
pub fn any_clock() -> Result<(), String> {
    let (skip, once) = (schedule("skip")?, schedule("run_once")?);
    let seed = seed();
    let mut random = Random::new(seed, 3);
    for _ in 0..40 {
        let mut now: DateTime<Utc> = at("2026-11-20 00:00");
        let (mut seen, mut unseen) = (Seen::default(), Seen::default());
        for _ in 0..200 {
            let step = match random.range(0, 10) {
                0 => -random.range(0, 3 * 86_400),
                1 => random.range(0, 3 * 86_400),
                2 | 3 => random.range(0, 4 * 3600),
                _ => random.range(0, 1200),
            };
            let asleep = step > 3 * 3600;
            now += Duration::seconds(step);
            let fresh = skip.at(now, &Seen::default());
            let plain = skip.at(now, &unseen);
            let state = once.at(now, &seen);
            let wrong = |what: &str| Err(format!("seed {seed}: {what} at {now}: {state:?}"));
            if (&plain.rules, plain.next_change) != (&fresh.rules, fresh.next_change) {
                return wrong("skip remembers");
            }
            let begun = state.seen.catching_up.iter().any(|c| !seen.catching_up.contains(c));
            // Nothing was missed in less time than a night takes, less what is too late in it.
            if begun && !asleep {
                return wrong("made up for, and nothing was missed");
            }
            let dark = |t: DateTime<Utc>| t >= at("2026-11-26 07:00") && t < at("2026-11-26 08:00");
            match (&state.rules[0], &plain.rules[0]) {
                (Some(_), _) if dark(now) => return wrong("open in a blackout"),
                (None, Some(_)) => return wrong("closed though a window is open"),
                (Some(_), None) if state.seen.catching_up.is_empty() => return wrong("open"),
                (Some(o), _) if o.opened > now || o.until.is_none_or(|u| u <= now) => {
                    return wrong("open at another time");
                }
                _ => {}
            }
            if state.next_change.is_none_or(|next| next <= now) {
                return wrong("the next change is over");
            }
            (seen, unseen) = (state.seen, plain.seen);
        }
    }
    Ok(())
}
