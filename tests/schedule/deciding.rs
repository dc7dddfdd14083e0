//! Which rule decides about a table, whether it qualifies, why, and in which order.

use super::{at, read, same};
use chrono::Duration;
use repackd::job::Sizes;
use repackd::names::QualifiedName;
use repackd::schedule::{Candidate, Schedule};

const RULES: &str = r#"
[[rule]]
name = "off"
enabled = false
tables = ["*"]
when = { size_min = "1B" }

[[rule]]
name = "queues"
tables = ["crm.*.*", "shop.public.jobs*"]
exclude = ["*.jobs_archive", "crm.audit.*"]
when = [{ dead_ratio = "50%", dead_rows = 1000 }, { bloat_ratio = 0.7 }]
cooldown = "1h"
priority = 5
order = "oldest"

[[rule]]
name = "all"
tables = ["public.*"]
when = { bloat_ratio = 0.3, bloat_bytes = "1MB", size_min = "2MB", size_max = "1GB" }
max_size = "512MB"
dry_run = true
"#;

const MB: i64 = 1 << 20;

/// A table of 100 MB, half of it bloat, that was never repacked.
fn candidate(connection: &str, schema: &str, table: &str) -> Candidate {
    Candidate {
        connection: connection.into(),
        database: connection.into(),
        table: QualifiedName::new(schema, table),
        sizes: Sizes { heap: 70 * MB, indexes: 20 * MB, toast: 10 * MB },
        bloat_bytes: Some(50 * MB),
        bloat_ratio: Some(0.5),
        dead_rows: Some(900),
        live_rows: Some(1000),
        last_repack: None,
        set_aside: None,
    }
}

fn rules() -> Result<Schedule, String> {
    read(RULES)
}

pub fn first_match() -> Result<(), String> {
    let schedule = rules()?;
    for (connection, schema, table, rule) in [
        ("shop", "public", "jobs", Some("queues")),
        ("shop", "public", "jobs_archive", Some("all")),
        ("shop", "public", "orders", Some("all")),
        ("crm", "public", "orders", Some("queues")),
        ("crm", "audit", "log", None),
        ("shop", "sales", "orders", None),
    ] {
        let decision =
            schedule.decide(&candidate(connection, schema, table), at("2026-11-25 12:00"));
        same(decision.rule.map(|r| r.name).as_deref(), rule)
            .map_err(|e| format!("{connection} {schema} {table}: {e}"))?;
    }
    Ok(())
}

pub fn conditions() -> Result<(), String> {
    let schedule = rules()?;
    let now = at("2026-11-25 12:00");
    let orders = || candidate("shop", "public", "orders");
    let jobs = || candidate("shop", "public", "jobs");
    let ago = |hours| Some(now - Duration::hours(hours));
    let cases: Vec<(Candidate, Option<&str>)> = vec![
        (orders(), None),
        (
            Candidate { bloat_ratio: Some(0.299), ..orders() },
            Some("bloat_ratio 29.9% (at least 30.0%)"),
        ),
        (Candidate { bloat_ratio: Some(0.3), ..orders() }, None),
        (Candidate { bloat_ratio: None, ..orders() }, Some("bloat_ratio unknown (at least 30.0%)")),
        (
            Candidate { bloat_bytes: Some(MB - 1), ..orders() },
            Some("bloat_bytes 1.0 MiB (at least 1.0 MiB)"),
        ),
        (Candidate { bloat_bytes: Some(MB), ..orders() }, None),
        (
            Candidate { sizes: Sizes { heap: MB, ..Sizes::default() }, ..orders() },
            Some("size_min 1.0 MiB (at least 2.0 MiB)"),
        ),
        (
            Candidate { sizes: Sizes { heap: 600 * MB, ..Sizes::default() }, ..orders() },
            Some("max_size 600.0 MiB (at most 512.0 MiB)"),
        ),
        (
            Candidate { sizes: Sizes { indexes: 2000 * MB, ..Sizes::default() }, ..orders() },
            Some("max_size 2.0 GiB (at most 512.0 MiB); size_max 2.0 GiB (at most 1.0 GiB)"),
        ),
        (Candidate { last_repack: ago(24 * 7), ..orders() }, None),
        (
            Candidate { last_repack: ago(24 * 7 - 1), ..orders() },
            Some("cooldown 6 d 23 h ago (at least 7 d 0 h after a repack)"),
        ),
        (
            Candidate { last_repack: ago(-1), ..orders() },
            Some(
                "cooldown 1 h 00 min in the future, by this clock (at least 7 d 0 h after a repack)",
            ),
        ),
        (Candidate { last_repack: ago(-24 * 30), ..orders() }, None),
        (
            Candidate { set_aside: Some("refused: it has no key".into()), ..orders() },
            Some("set_aside refused: it has no key"),
        ),
        // Either set; but all of one.
        (
            jobs(),
            Some(
                "dead_ratio 47.4% (at least 50.0%); dead_rows 900 rows (at least 1,000 rows); bloat_ratio 50.0% (at least 70.0%)",
            ),
        ),
        (Candidate { dead_rows: Some(1000), ..jobs() }, None),
        (
            Candidate { dead_rows: Some(1000), live_rows: Some(1001), ..jobs() },
            Some("dead_ratio 50.0% (at least 50.0%); bloat_ratio 50.0% (at least 70.0%)"),
        ),
        (
            Candidate { dead_rows: Some(0), live_rows: Some(0), bloat_ratio: Some(0.9), ..jobs() },
            None,
        ),
        (
            Candidate { dead_rows: Some(1000), set_aside: Some("x".into()), ..jobs() },
            Some("set_aside x; bloat_ratio 50.0% (at least 70.0%)"),
        ),
    ];
    for (candidate, why_not) in cases {
        let decision = schedule.decide(&candidate, now);
        same(decision.why_not().as_deref(), why_not).map_err(|e| format!("{candidate:?}: {e}"))?;
        same(decision.qualifies, why_not.is_none())?;
    }
    Ok(())
}

pub fn explained() -> Result<(), String> {
    let schedule = rules()?;
    let now = at("2026-11-25 12:00");
    let of = |candidate: &Candidate| schedule.decide(candidate, now).explain(candidate, "r.toml");
    same(
        of(&candidate("shop", "public", "orders")).as_str(),
        "public.orders of shop would qualify, but its rule only reports (dry_run)
  r.toml:2: rule off does not decide: it is not enabled
  r.toml:8: rule queues does not decide: none of its tables matches: `crm.*.*`, `shop.public.jobs*`
  r.toml:17: rule all decides: `public.*` matches
    yes cooldown no repack is known (at least 7 d 0 h after a repack)
    yes max_size 100.0 MiB (at most 512.0 MiB)
    yes bloat_ratio 50.0% (at least 30.0%)
    yes bloat_bytes 50.0 MiB (at least 1.0 MiB)
    yes size_min 100.0 MiB (at least 2.0 MiB)
    yes size_max 100.0 MiB (at most 1.0 GiB)
",
    )?;
    same(
        of(&candidate("crm", "public", "jobs")).as_str(),
        "public.jobs of crm does not qualify
  r.toml:2: rule off does not decide: it is not enabled
  r.toml:8: rule queues decides: `crm.*.*` matches
    yes cooldown no repack is known (at least 1 h 00 min after a repack)
    either
      no  dead_ratio 47.4% (at least 50.0%)
      no  dead_rows 900 rows (at least 1,000 rows)
    or
      no  bloat_ratio 50.0% (at least 70.0%)
",
    )?;
    same(
        of(&candidate("crm", "audit", "log")).as_str(),
        "audit.log of crm does not qualify
  r.toml:2: rule off does not decide: it is not enabled
  r.toml:8: rule queues does not decide: `crm.audit.*` excludes it
  r.toml:17: rule all does not decide: none of its tables matches: `public.*`
  no rule is about it
",
    )
}

pub fn order() -> Result<(), String> {
    let schedule = rules()?;
    let now = at("2026-11-25 12:00");
    let days = |days| Some(now - Duration::days(days));
    let shop =
        |name: &str, bytes| Candidate { bloat_bytes: bytes, ..candidate("shop", "public", name) };
    let crm =
        |name: &str, last| Candidate { last_repack: last, ..candidate("crm", "public", name) };
    let all = [
        shop("b", Some(7 * MB)),
        shop("c", None),
        shop("a", Some(7 * MB)),
        shop("most", Some(70 * MB)),
        candidate("shop", "other", "nobodys"),
        crm("recent", days(1)),
        crm("old", days(400)),
        crm("never", None),
    ];
    let mut decided: Vec<_> =
        all.into_iter().map(|c| (c.clone(), schedule.decide(&c, now))).collect();
    schedule.rank(&mut decided);
    let names: Vec<_> = decided.iter().map(|(c, _)| c.table.name.as_str()).collect();
    same(names.join(" ").as_str(), "never old recent most a b c nobodys")
}
