//! Windows, blackouts and rules as they are written down, and the mistakes that are made with them.

use super::{at, read, same};
use chrono::Duration;
use repackd::config::{Config, Settings};
use repackd::schedule::{AtWindowEnd, Condition, Missed, Order};

const ALL: &str = r#"
timezone = "Europe/Berlin"
[evaluate]
schedule = "5 * * * *"
jitter = "30s"
[defaults]
missed = "run_once"
start_deadline = "1h"
last_start_before_end = "10min"
at_window_end = "pause"
[[window]]
name = "nightly"
open = "0 1 * * *"
duration = "4h"
[[window]]
name = "weekend"
rds = "sat:22:00-sun:06:00"
missed = "skip"
at_window_end = "abort"
[[window]]
name = "there"
open = "@daily"
duration = 3600
timezone = "Asia/Tokyo"
last_start_before_end = 0
[[blackout]]
from = 2026-12-23
until = 2027-01-03T12:00:00
[[blackout]]
name = "offset"
from = "2026-07-01 12:00"
until = 2026-07-02T00:00:00Z
timezone = "America/New_York"
[[blackout]]
weekly = ["Mon:08:00-18:00", "Tue:08:00-18:00"]
[[rule]]
name = "big"
tables = "x.public.*"
exclude = ["*.log"]
windows = ["weekend"]
when = { bloat_ratio = "30%", bloat_bytes = "1GiB", dead_rows = 1_000, dead_ratio = 0.5, size_min = "1MB", size_max = "1TB" }
cooldown = "14d"
max_duration = "2h"
max_size = "2TB"
priority = -3
order = "smallest"
dry_run = true
copy_jobs = 4
max_replica_lag = "3s"
pause_file = "pause"
[[rule]]
tables = ["*"]
when = { dead_rows = 5 }
[store]
url = "postgres://u:hunter2@h/d"
retention = "90d"
[daemon]
max_parallel = 9
attempts = 5
backoff = "1min"
backoff_max = "1h"
dry_run = true
stop_within = "10s"
[connections.x]
host = "h"
"#;

fn config(text: &str) -> Result<Config, String> {
    super::config(text).map_err(|e| e.to_string())
}

pub fn everything() -> Result<(), String> {
    let config = config(ALL)?;
    let schedule = &config.schedule;
    same(schedule.zone, chrono_tz::Tz::Europe__Berlin)?;
    same(schedule.evaluate.schedule.to_string().as_str(), "5 * * * *")?;
    same(
        (schedule.evaluate.zone, schedule.evaluate.jitter),
        (schedule.zone, Duration::seconds(30)),
    )?;
    let habits: Vec<_> =
        schedule.windows.iter().map(|w| (w.name.as_str(), w.line, w.habits)).collect();
    let [(nightly, line, plain), (_, _, weekend), (_, _, there)] = habits[..] else {
        return Err(format!("{habits:?}"));
    };
    same((nightly, line), ("nightly", 11))?;
    same((plain.missed, plain.at_window_end), (Missed::RunOnce, AtWindowEnd::Pause))?;
    same(
        (plain.start_deadline, plain.last_start_before_end),
        (Duration::hours(1), Duration::minutes(10)),
    )?;
    same((weekend.missed, weekend.at_window_end), (Missed::Skip, AtWindowEnd::Abort))?;
    same(weekend.last_start_before_end, Duration::minutes(10))?;
    same(there.last_start_before_end, Duration::zero())?;
    // Where each of them opens next.
    let listing = schedule.listing(at("2026-12-21 12:00"), 9);
    let next = |name: &str| {
        let listed = listing.iter().find(|l| l.window.is_some_and(|w| w.name == name)).unwrap();
        listed.span.opens
    };
    same(next("nightly"), at("2026-12-22 00:00"))?;
    same(next("there"), at("2026-12-21 15:00"))?;
    let spans: Vec<_> = schedule
        .blackouts
        .iter()
        .map(|b| b.recurrences[0].span(at("2026-06-30 00:00")).unwrap())
        .collect();
    same((spans[0].opens, spans[0].closes), (at("2026-12-22 23:00"), at("2027-01-03 11:00")))?;
    same((spans[1].opens, spans[1].closes), (at("2026-07-01 16:00"), at("2026-07-02 00:00")))?;
    same(schedule.blackouts[2].recurrences.len(), 2)?;
    same(
        (schedule.blackouts[0].name.as_str(), schedule.blackouts[1].name.as_str()),
        ("line 26", "offset"),
    )?;
    let rule = &schedule.rules[0];
    same(
        rule.when.concat(),
        vec![
            Condition::BloatRatio(0.3),
            Condition::BloatBytes(1 << 30),
            Condition::DeadRows(1000),
            Condition::DeadRatio(0.5),
            Condition::SizeMin(1 << 20),
            Condition::SizeMax(1 << 40),
        ],
    )?;
    same(
        (rule.cooldown, rule.max_duration),
        (Duration::days(14), Some(std::time::Duration::from_secs(7200))),
    )?;
    same((rule.max_size, rule.priority, rule.order), (Some(2 << 40), -3, Order::Smallest))?;
    same((rule.dry_run, rule.enabled, rule.windows.join(" ")), (true, true, "weekend".into()))?;
    let mut settings = Settings::default();
    settings.apply(&rule.settings)?;
    same((settings.copy_jobs, settings.index_jobs), (4, 2))?;
    same(settings.limits.max_replica_lag, Some(std::time::Duration::from_secs(3)))?;
    same(settings.limits.pause_file, Some("/etc/repackd/pause".into()))?;
    let other = &schedule.rules[1];
    same(
        (other.name.as_str(), other.cooldown, other.order),
        ("line 51", Duration::days(7), Order::MostGain),
    )?;
    same(config.store.retention, std::time::Duration::from_secs(90 * 86_400))?;
    same(config.daemon.max_parallel, 9)?;
    same((config.daemon.attempts, config.daemon.dry_run), (5, true))?;
    same(format!("{config:?}").contains("hunter2"), false)?;
    // Without any of it.
    let schedule = read("")?;
    same((schedule.windows.len(), schedule.rules.len()), (0, 0))?;
    let state = schedule.at(at("2026-12-21 12:00"), &Default::default());
    same((state.rules.len(), state.next_change), (0, None))
}

/// Mistakes; the first line of each is the third of the file.
pub fn mistakes() -> Result<(), String> {
    const W: &str = "[[window]]\nname = 'n'\nopen = '0 1 * * *'\nduration = '4h'\n";
    const R: &str = "[[rule]]\ntables = '*'\nwhen = { bloat_ratio = 0.3 }\n";
    for (text, expected) in [
        ("timezon = 'UTC'".into(), "3: unknown key `timezon`; did you mean `timezone`?"),
        (
            "timezone = 'Europe/Berln'".into(),
            "3: timezone `Europe/Berln` is no time zone of the IANA database; did you mean `Europe/Berlin`?",
        ),
        ("timezone = 1".into(), "3: timezone `1` is no time zone"),
        ("[evaluate]\nschedule = '* * * *'".into(), "4: schedule: has 4 fields, not five"),
        ("[evaluate]\njitter = '2d'".into(), "4: jitter: has to be 1d or less"),
        (
            "[evaluate]\nshedule = '* * * *'".into(),
            "4: unknown key `shedule`; did you mean `schedule`?",
        ),
        (
            "[defaults]\nmissed = 'never'".into(),
            "4: missed: cannot be `never`; it is skip or run_once",
        ),
        (
            "[defaults]\nat_window_end = 'cancel'".into(),
            "4: at_window_end: cannot be `cancel`; it is finish, pause or abort",
        ),
        ("[defaults]\nstart_deadline = '1m'".into(), "4: start_deadline: `m` is no unit of time"),
        ("[window]\nname = 'n'".into(), "3: it is [[window]], in two brackets"),
        ("window = 3".into(), "3: it is [[window]], in two brackets"),
        ("window = [3]".into(), "3: window has to be a table"),
        ("[[window]]\nopen = '0 1 * * *'".into(), "3: a window needs a name"),
        ("[[window]]\nname = ''".into(), "4: name is empty"),
        ("[[window]]\nname = 'n'".into(), "3: a window has one of: open and duration; rds; weekly"),
        (
            "[[window]]\nname = 'n'\nopen = '0 1 * * *'".into(),
            "5: open says when it begins; add for how long",
        ),
        (
            "[[window]]\nname = 'n'\nopen = '0 25 * * *'\nduration = '1h'".into(),
            "5: open has `25` as hour",
        ),
        (
            "[[window]]\nname = 'n'\nopen = '0 1 * * *'\nduration = '30s'".into(),
            "6: duration has to be 1min or more",
        ),
        (
            "[[window]]\nname = 'n'\nopen = '0 1 * * *'\nduration = '32d'".into(),
            "6: duration has to be 31d or less",
        ),
        (
            "[[window]]\nname = 'n'\nrds = 'sat:22:00'".into(),
            "5: rds cannot be `sat:22:00`; it is ddd:hh:mm",
        ),
        ("[[window]]\nname = 'n'\nweekly = []".into(), "5: weekly is empty"),
        (
            "[[window]]\nname = 'n'\nweekly = '01:00-02:00'\nrds = '01:00-02:00'".into(),
            "3: a window has one of",
        ),
        (
            "[[window]]\nname = 'n'\nweekly = '01:00-02:00'\ntimezone = 'UTC'".into(),
            "6: weekly has its own length and is in UTC: leave timezone out",
        ),
        (
            "[[window]]\nname = 'n'\nweekly = '01:00-02:00'\nduration = '1h'".into(),
            "6: weekly has its own length and is in UTC: leave duration out",
        ),
        (
            "[[window]]\nname = 'n'\nopens = '0 1 * * *'".into(),
            "5: unknown key `opens`; did you mean `open`?",
        ),
        (
            format!("{W}last_start_before_end = '4h'"),
            "3: window n lasts 240 min, and last_start_before_end is 240 min: nothing could be started in it",
        ),
        (format!("{W}{W}"), "7: window n is in line 3 already"),
        ("[[blackout]]\nfrom = 2026-12-23".into(), "3: a blackout has both from and until"),
        (
            "[[blackout]]\nfrom = 2026-12-23\nuntil = 2026-12-23".into(),
            "5: until has to be later than from",
        ),
        (
            "[[blackout]]\nfrom = 'soon'\nuntil = 2026-12-23".into(),
            "4: from cannot be `soon`; it is a date such as 2026-12-24",
        ),
        (
            "[[blackout]]\nfrom = 12:00:00\nuntil = 2026-12-23".into(),
            "4: from cannot be `12:00:00`",
        ),
        (
            "[[blackout]]\nfrom = 2026-12-23\nuntil = 2026-12-24\nopen = '0 1 * * *'".into(),
            "6: both from and open: make two blackouts of it",
        ),
        (
            "[[blackout]]\nname = 'b'".into(),
            "3: a blackout has one of: open and duration; rds; weekly; from and until",
        ),
        ("[[blackout]]\nform = 2026-12-23".into(), "4: unknown key `form`; did you mean `from`?"),
        ("[[rule]]\nwhen = { bloat_ratio = 0.3 }".into(), "3: a rule needs tables, such as"),
        ("[[rule]]\ntables = '*'".into(), "3: a rule needs to say when a table qualifies"),
        ("[[rule]]\ntables = '*'\nwhen = {}".into(), "5: when has no condition"),
        ("[[rule]]\ntables = '*'\nwhen = []".into(), "3: a rule needs to say when"),
        ("[[rule]]\ntables = '*'\nwhen = { bloat = 0.3 }".into(), "5: unknown key `bloat`"),
        (
            "[[rule]]\ntables = '*'\nwhen = { bloat_ratio = 30 }".into(),
            "5: bloat_ratio is a part of the whole: 0.3, or \"30%\"",
        ),
        ("[[rule]]\ntables = '*'\nwhen = { bloat_ratio = nan }".into(), "5: bloat_ratio is a part"),
        (
            "[[rule]]\ntables = '*'\nwhen = { bloat_bytes = '1XB' }".into(),
            "5: bloat_bytes is wrong: `XB` is no unit of size",
        ),
        (
            "[[rule]]\ntables = '*'\nwhen = { dead_rows = 'many' }".into(),
            "5: dead_rows has to be a whole number",
        ),
        (
            "[[rule]]\ntables = '*'\nwhen = { size_min = '2GB', size_max = '1GB' }".into(),
            "5: size_max is less than size_min",
        ),
        (
            "[[rule]]\ntables = ['a.b.c.d']".into(),
            "4: tables has `a.b.c.d`, of more than three names; a pattern is",
        ),
        (
            "[[rule]]\ntables = '*'\nexclude = ['\"a']".into(),
            "5: exclude has `\"a`, where a quote is not closed",
        ),
        (format!("{R}windows = ['nightly']"), "6: there is no window `nightly`"),
        (format!("{W}{R}windows = ['m']"), "10: there is no window `m`"),
        (format!("{R}windows = []"), "6: windows is empty; leave it out to mean all"),
        (
            format!("{R}order = 'random'"),
            "6: order cannot be `random`; it is one of most_gain, worst_ratio, oldest",
        ),
        (format!("{R}priority = 'high'"), "6: priority has to be a whole number"),
        (format!("{R}enabled = 'maybe'"), "6: enabled has to be yes or no"),
        (format!("{R}copy_jobs = 0"), "6: copy_jobs: has to be a whole number from 1 to 64"),
        (format!("{R}copy_job = 2"), "6: unknown key `copy_job`; did you mean `copy_jobs`?"),
        (format!("{R}user = 'me'"), "6: unknown key `user`"),
        (format!("{R}max_duration = 0"), "6: max_duration has to be above zero"),
        (format!("{R}name = 'r'\n{R}name = 'r'"), "7: rule r is in line 3 already"),
        ("[store]\nurls = 'x'".into(), "4: unknown key `urls`; did you mean `url`?"),
        ("[daemon]\nmax_parallel = 0".into(), "4: max_parallel: has to be a whole number from 1"),
    ] {
        let error = match super::config(&format!("\n\n{text}\n[connections.x]\nhost = 'h'\n")) {
            Ok(_) => return Err(format!("{text} was accepted")),
            Err(error) => error,
        };
        same(error.exit_status(), 78)?;
        let (found, expected) = (error.to_string(), format!("/etc/repackd/r.toml:{expected}"));
        if !found.starts_with(&expected) {
            return Err(format!("{text}: found {found}; expected {expected}"));
        }
    }
    Ok(())
}

pub fn doubts() -> Result<(), String> {
    let rule = |more: &str| {
        format!("[[rule]]\ntables = ['a.b']\nwhen = {{ bloat_ratio = 0.3 }}\n{more}\n")
    };
    for (text, expected) in [
        (ALL.to_owned(), "29 blackout offset is over"),
        (String::new(), ""),
        (
            format!("[[window]]\nname = 'w'\nweekly = '01:00-02:00'\n{}", rule("enabled = false")),
            "1 window w is of no rule that is enabled",
        ),
        (
            format!(
                "[[window]]\nname = 'w'\nweekly = '01:00-02:00'\n[[blackout]]\nweekly = '00:30-02:00'\n{}",
                rule("")
            ),
            "1 the blackouts leave nothing of window w in the next two years",
        ),
        (
            format!(
                "[[blackout]]\nname = 'old'\nfrom = 2020-01-01\nuntil = 2020-01-02\n{}",
                rule("")
            ),
            "1 blackout old is over",
        ),
        (
            rule("exclude = ['y.*.*']"),
            "1 rule line 1: `y.*.*` is about no connection of this configuration",
        ),
        (
            format!("{}{}", rule(""), rule("")),
            "5 rule line 5: rule line 1 in line 1 decides about all of `a.b` before it",
        ),
        (format!("{}{}", rule("exclude = ['a.b']"), rule("")), ""),
    ] {
        let header = "[connections.x]\nhost = 'h'\n";
        let text = if text == ALL { text } else { format!("{text}{header}") };
        let doubts = config(&text)?.schedule.doubts(&["x"], at("2026-11-25 00:00"));
        let found: Vec<_> = doubts.iter().map(|(line, doubt)| format!("{line} {doubt}")).collect();
        same(found.join("\n").as_str(), expected).map_err(|e| format!("{text}: {e}"))?;
    }
    Ok(())
}
