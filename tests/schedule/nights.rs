//! Years of nights in virtual time: every night opens once, for as long as it should, and nothing is
//! open besides; whatever the clocks of the place do, and whatever is random about the schedule.

use super::read;
use crate::support::random::{Random, seed};
use chrono::{DateTime, Duration, NaiveDate, TimeZone, Utc};
use chrono_tz::Tz;
use repackd::schedule::cron::Cron;
use repackd::schedule::window::{Recurrence, Span, Weekly};
use repackd::schedule::{Blackout, Habits, Opening, Schedule, Seen, Window};
use std::collections::BTreeSet;

/// The zones: two sides of the world, and one whose clocks are put forward by half an hour.
const ZONES: [Tz; 3] = [Tz::Europe__Berlin, Tz::America__New_York, Tz::Australia__Lord_Howe];

/// When a clock of the zone first shows this time of this day, or a later one: found by looking at
/// it every minute, which is all that is known of it here.
fn first_shown(zone: Tz, day: NaiveDate, hour: u32, minute: u32) -> DateTime<Utc> {
    let civil = day.and_hms_opt(hour, minute, 0).unwrap();
    let mut at = civil.and_utc() - Duration::hours(15);
    while at.with_timezone(&zone).naive_local() < civil {
        at += Duration::minutes(1);
    }
    at
}

/// What was open, as somebody found who asked again whenever he was told to.
fn openings(schedule: &Schedule, from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<Span> {
    let (mut now, mut seen) = (from, Seen::default());
    let mut all: Vec<Span> = Vec::new();
    while now < until {
        let state = schedule.at(now, &seen);
        if let Some(Opening { opened, until: Some(closes), .. }) = &state.rules[0] {
            let span = Span { opens: *opened, closes: *closes };
            if all.last() != Some(&span) {
                all.push(span);
            }
        }
        let next = state.next_change.unwrap();
        assert!(next > now, "{next} is not after {now}");
        (now, seen) = (next, state.seen);
    }
    all
}

pub fn a_year() -> Result<(), String> {
    for zone in ZONES {
        // Half past two is left out in spring and comes twice in autumn, in all three of them.
        for (hour, minute) in [(2, 30), (22, 0)] {
            night_after_night(zone, hour, minute)?;
        }
    }
    Ok(())
}

fn night_after_night(zone: Tz, hour: u32, minute: u32) -> Result<(), String> {
    let schedule = read(&format!(
        "timezone = '{zone}'
         [defaults]
         last_start_before_end = '20min'
         [[window]]
         name = 'nightly'
         open = '{minute} {hour} * * *'
         duration = '4h'
         [[blackout]]
         from = 2026-12-23
         until = 2027-01-03
         [[rule]]
         tables = '*'
         when = {{ bloat_ratio = 0.3 }}"
    ))?;
    let day = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).unwrap();
    let dark = first_shown(zone, day(2026, 12, 23), 0, 0);
    let light = first_shown(zone, day(2027, 1, 3), 0, 0);
    let nights = day(2026, 3, 1).iter_days().take(366);
    let mut expected = Vec::new();
    for night in nights {
        let opens = first_shown(zone, night, hour, minute);
        let closes = opens + Duration::hours(4);
        if opens < dark {
            expected.push(Span { opens, closes: closes.min(dark) });
        } else if closes > light {
            expected.push(Span { opens: opens.max(light), closes });
        }
    }
    let (from, until) = (expected[0].opens - Duration::hours(5), expected.last().unwrap().closes);
    let found = openings(&schedule, from, until);
    if found != expected {
        let at = (0..).find(|i| found.get(*i) != expected.get(*i)).unwrap();
        return Err(format!(
            "{hour}:{minute:02} in {zone}: {:?}, expected {:?}",
            found.get(at),
            expected.get(at)
        ));
    }
    // And at any moment in between.
    let seed = seed();
    let mut random = Random::new(seed, 1);
    for _ in 0..300 {
        let at = from + Duration::seconds(random.range(0, (until - from).num_seconds()));
        let open = expected.iter().find(|span| span.contains(at));
        let state = schedule.at(at, &Seen::default());
        let opening = state.rules[0].as_ref();
        let starts = open.is_some_and(|span| at < span.closes - Duration::minutes(20));
        let fits = opening.and_then(|o| o.until) == open.map(|span| span.closes)
            && opening.map(|o| o.opened) == open.map(|span| span.opens)
            && opening.is_some_and(|o| o.may_start) == starts;
        if !fits {
            return Err(format!("seed {seed}: at {at} in {zone}: {opening:?}, expected {open:?}"));
        }
    }
    Ok(())
}

const MINUTES: i64 = 21 * 24 * 60;

/// A window or blackout, and the minutes from `start` on at which it holds.
fn recurrence(random: &mut Random, start: DateTime<Utc>) -> (Recurrence, BTreeSet<i64>) {
    let mut minutes = BTreeSet::new();
    let mut hold = |opens: DateTime<Utc>, lasts: i64| {
        let from = (opens - start).num_minutes();
        minutes.extend((from..from + lasts).filter(|m| (0..MINUTES).contains(m)));
    };
    let two = |n: i64| format!("{n:02}");
    let recurrence = match random.range(0, 4) {
        0 => {
            let opens = start + Duration::minutes(random.range(-2000, MINUTES));
            let lasts = random.range(1, 4000);
            hold(opens, lasts);
            Recurrence::Once(Span { opens, closes: opens + Duration::minutes(lasts) })
        }
        1 => {
            const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
            let from = random.range(0, 7 * 1440);
            let lasts = random.range(1, 7 * 1440);
            let to = (from + lasts) % (7 * 1440);
            let part = |m: i64| {
                let day = DAYS[usize::try_from(m / 1440).unwrap()];
                format!("{day}:{}:{}", two(m / 60 % 24), two(m % 60))
            };
            // 2026-03-08 was a Sunday.
            let sunday = Utc.with_ymd_and_hms(2026, 3, 8, 0, 0, 0).unwrap();
            for week in -2..6 {
                hold(sunday + Duration::minutes(week * 7 * 1440 + from), lasts);
            }
            Recurrence::Weekly(Weekly::parse(&format!("{}-{}", part(from), part(to))).unwrap())
        }
        _ => {
            let zone = ZONES[usize::try_from(random.range(0, 3)).unwrap()];
            let (minute, hour) = (random.range(0, 60), random.range(0, 24));
            let days = ["*", "1-5", "0,6", "3"][usize::try_from(random.range(0, 4)).unwrap()];
            let hours = ["", "/7", "-23/5"][usize::try_from(random.range(0, 3)).unwrap()];
            let open = Cron::parse(&format!("{minute} {hour}{hours} * * {days}")).unwrap();
            let lasts = random.range(1, 2000);
            let mut at = start - Duration::days(3);
            while at < start + Duration::minutes(MINUTES) {
                at = open.next_after(zone, at).unwrap();
                hold(at, lasts);
            }
            Recurrence::Cron { open, zone, duration: Duration::minutes(lasts) }
        }
    };
    (recurrence, minutes)
}

/// Any windows and blackouts against a list of the minutes at which they hold.
pub fn minute_by_minute() -> Result<(), String> {
    let seed = seed();
    let mut random = Random::new(seed, 2);
    // Three weeks with the changes of New York's clocks and Berlin's.
    let start = Utc.with_ymd_and_hms(2026, 3, 8, 0, 0, 0).unwrap();
    for case in 0..20 {
        let mut schedule = read("[[rule]]\ntables = '*'\nwhen = { size_min = '1B' }")?;
        let mut open = BTreeSet::new();
        for i in 0..random.range(1, 4) {
            let (recurrence, minutes) = recurrence(&mut random, start);
            open.extend(minutes);
            let name = format!("w{i}");
            let (recurrences, habits) = (vec![recurrence], Habits::default());
            schedule.windows.push(Window { name, line: 1, recurrences, zone: Tz::UTC, habits });
        }
        for i in 0..random.range(0, 3) {
            let (recurrence, minutes) = recurrence(&mut random, start);
            open.retain(|m| !minutes.contains(m));
            let recurrences = vec![recurrence];
            schedule.blackouts.push(Blackout { name: format!("b{i}"), line: 1, recurrences });
        }
        for _ in 0..30 {
            let minute = random.range(0, MINUTES);
            let at = start + Duration::minutes(minute) + Duration::seconds(random.range(0, 60));
            let state = schedule.at(at, &Seen::default());
            let found = state.rules[0].as_ref();
            let wrong = |what: &str| {
                Err(format!("seed {seed}, case {case}: {what} at {at}: {state:?}\n{schedule:#?}"))
            };
            if found.is_some() != open.contains(&minute) {
                return wrong("it is the other way round");
            }
            // When it changes; beyond the three weeks nothing is known, and what is open for days
            // is not followed to its end.
            let change = (minute..MINUTES).find(|m| open.contains(m) != found.is_some());
            if let Some(change) = change.filter(|m| found.is_none() || m - minute < 1440)
                && state.next_change != Some(start + Duration::minutes(change))
            {
                return wrong(&format!("the next change is at minute {change}"));
            }
            let began = (0..=minute).rev().find(|m| !open.contains(m));
            if let (Some(found), Some(before)) = (found, began)
                && minute - before < 1000
                && found.opened != start + Duration::minutes(before + 1)
            {
                return wrong(&format!("it opened after minute {before}"));
            }
        }
    }
    Ok(())
}
