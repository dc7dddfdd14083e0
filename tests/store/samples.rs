//! Sizes and bloat over time, and the pages that show them.

use super::{LONG, Own, equal};
use crate::support::{Outcome, words};
use repackd::job::Sizes;
use repackd::names::QualifiedName;
use repackd::store::{By, Measurement, Place, TableFilter};
use sqlx::AnyConnection;
use sqlx::Connection;
use std::time::{Duration, Instant};

const MIB: i64 = 1 << 20;
const DAY_MS: i64 = 86_400_000;

fn measured(name: &str, heap: i64, bloat: Option<i64>) -> Measurement {
    Measurement {
        table: QualifiedName::new("public", name),
        heap,
        indexes: heap / 4,
        toast: 0,
        bloat,
        live_rows: Some(1),
        dead_rows: None,
        rule: Some("all".into()),
        qualifies: bloat > Some(MIB),
        why: "because".into(),
    }
}

pub async fn only_what_changed(own: &Own) -> Outcome {
    let store = own.open().await?;
    let keep = async |all: &[Measurement]| {
        // Two samples of a table are two moments.
        tokio::time::sleep(Duration::from_millis(2)).await;
        store.keep_measured("a", all).await.map_err(words)
    };
    let large = measured("large", 100 * MIB, Some(20 * MIB));
    let small = measured("small", 4000, None);
    equal("all of it", keep(&[large.clone(), small.clone()]).await?, (2, 1))?;
    equal("nothing", keep(&[large.clone(), small.clone()]).await?, (0, 0))?;
    let hardly = Measurement { heap: large.heap + 100_000, ..large.clone() };
    equal("not worth a sample", keep(&[hardly, small.clone()]).await?, (1, 0))?;
    let more = Measurement { bloat: Some(25 * MIB), ..large.clone() };
    equal("more bloat", keep(&[more, small.clone()]).await?, (1, 1))?;
    let unknown = Measurement { bloat: None, ..large.clone() };
    equal("nobody knows", keep(&[unknown, small.clone()]).await?, (1, 1))?;
    let repacked = measured("large", MIB / 2, Some(0));
    equal("small, once large", keep(&[repacked.clone(), small.clone()]).await?, (1, 1))?;
    equal("another connection", store.keep_measured("b", &[]).await.map_err(words)?, (0, 0))?;
    equal("one is gone", keep(std::slice::from_ref(&repacked)).await?, (1, 0))?;
    equal("still", keep(std::slice::from_ref(&repacked)).await?, (0, 0))?;
    let (tables, count) = store.measured_tables(&filter("")).await.map_err(words)?;
    equal("those that are there", (tables.len(), count), (1, 1))?;
    equal("back again", keep(&[repacked, small]).await?, (1, 0))?;
    let table = store.measured_table("a", &large.table).await.map_err(words)?.ok_or("none")?;
    let samples = store.samples(table.id, 0).await.map_err(words)?;
    let bloat: Vec<_> = samples.iter().map(|s| s.bloat.map(|b| b / MIB)).collect();
    equal("its samples", bloat, vec![Some(20), Some(25), None, Some(0)])?;
    // A repack is seen at once; of a table that nobody has measured there is nothing to be seen.
    tokio::time::sleep(Duration::from_millis(2)).await;
    let sizes = Sizes { heap: 2 * MIB, indexes: MIB, toast: 0 };
    store.keep_repacked("a", &large.table, &sizes).await.map_err(words)?;
    store.keep_repacked("a", &QualifiedName::new("public", "new"), &sizes).await.map_err(words)?;
    let after = store.measured_table("a", &large.table).await.map_err(words)?.ok_or("none")?;
    let now = &after.found;
    let found = (now.total(), now.bloat, now.qualifies, now.rule.as_deref());
    equal("repacked", found, (3 * MIB, Some(0), false, Some("all")))?;
    let seen = store.samples(table.id, 0).await.map_err(words)?;
    equal("a sample more", seen.len(), samples.len() + 1)?;
    equal("as many tables", store.measured_tables(&filter("")).await.map_err(words)?.1, 2)?;
    // What held when the time asked for began is a sample before it.
    let late = store.samples(table.id, samples[2].at + 1).await.map_err(words)?;
    equal("the last before, and later ones", late.len(), 3)
}

/// An evaluation of 10,000 tables is not slow, neither the first nor one of which nothing came.
pub async fn ten_thousand(own: &Own) -> Outcome {
    let store = own.open().await?;
    let all: Vec<_> = (0..10_000).map(|n| measured(&format!("t{n}"), 2 * MIB, Some(n))).collect();
    let took = async |all: &[Measurement], expected| {
        let began = Instant::now();
        equal("kept", store.keep_measured("a", all).await.map_err(words)?, expected)?;
        Ok::<_, String>(began.elapsed())
    };
    let first = took(&all, (10_000, 10_000)).await?;
    let second = took(&all, (0, 0)).await?;
    let mut some = all.clone();
    some.iter_mut().step_by(100).for_each(|m| m.heap *= 2);
    let third = took(&some, (100, 100)).await?;
    println!("10,000 tables: {first:?}; none changed: {second:?}; 100 changed: {third:?}");
    // A debug build, on a machine with other work.
    let most = Duration::from_secs(20);
    if first > most || second > most / 4 || third > most / 4 {
        return Err(format!("{first:?}, {second:?}, {third:?}"));
    }
    equal("none is left out", store.measured_tables(&filter("")).await.map_err(words)?.1, 10_000)
}

fn filter(search: &str) -> TableFilter {
    TableFilter { search: search.into(), limit: 100, ..TableFilter::default() }
}

/// Of what is older than a week one sample a day is left, the last; of what is older than is kept, none.
pub async fn thinned(own: &Own) -> Outcome {
    let store = own.open().await?;
    let large = measured("large", 100 * MIB, Some(20 * MIB));
    store.keep_measured("a", std::slice::from_ref(&large)).await.map_err(words)?;
    let table = store.measured_table("a", &large.table).await.map_err(words)?.ok_or("none")?;
    let now = store.now().await.map_err(words)?;
    let today = now / DAY_MS * DAY_MS;
    let url = match &own.place {
        Place::Postgres(database) => {
            let url = database.url().map_err(words)?;
            secrecy::ExposeSecret::expose_secret(&url).to_owned()
        }
        Place::File(path) => {
            let path = path
                .display()
                .to_string()
                .replace('%', "%25")
                .replace('?', "%3F")
                .replace('#', "%23");
            format!("sqlite://{path}")
        }
    };
    let mut by_hand = AnyConnection::connect(&url).await.map_err(words)?;
    let schema = if url.starts_with("sqlite") { "" } else { "repackd_store." };
    // Four a day, for twelve days, and one of long ago.
    let hours = |day: i64| [1, 7, 13, 19].map(|hour| today - day * DAY_MS + hour * 3_600_000);
    let times: Vec<i64> = (1..=12).flat_map(hours).chain([now - 500 * DAY_MS]).collect();
    for at in &times {
        let insert = format!(
            "INSERT INTO {schema}samples (table_id, at, heap, indexes, toast) VALUES ({}, {at}, 1, 1, 1)",
            table.id
        );
        sqlx::query(sqlx::AssertSqlSafe(insert)).execute(&mut by_hand).await.map_err(words)?;
    }
    by_hand.close().await.map_err(words)?;
    let kept = 400 * DAY_MS;
    let kept = Duration::from_millis(kept.unsigned_abs());
    let gone = store.tidy_samples(kept).await.map_err(words)?;
    let left = store.samples(table.id, 0).await.map_err(words)?;
    // By days: of those that are wholly older than a week one is left, of today's and later ones all.
    let of = |day: i64| left.iter().filter(|s| hours(day).contains(&s.at)).count();
    for day in 9..=12 {
        equal("of an old day", of(day), 1)?;
        equal("the last", left.iter().any(|s| s.at == hours(day)[3]), true)?;
    }
    for day in 1..=6 {
        equal("of this week", of(day), 4)?;
    }
    equal("in all", left.len() + usize::try_from(gone).unwrap_or(0), times.len() + 1)?;
    equal("of long ago", left.iter().all(|s| s.at > now - 400 * DAY_MS), true)?;
    equal("and again", store.tidy_samples(kept).await.map_err(words)?, 0)?;
    // A table that is gone stays for as long as its history.
    store.keep_measured("a", &[]).await.map_err(words)?;
    tokio::time::sleep(Duration::from_millis(20)).await;
    equal("not yet", store.tidy_samples(LONG).await.map_err(words)? > 0, true)?;
    equal("known", store.measured_table("a", &large.table).await.map_err(words)?.is_some(), true)?;
    store.tidy_samples(Duration::from_millis(1)).await.map_err(words)?;
    equal(
        "forgotten",
        store.measured_table("a", &large.table).await.map_err(words)?.is_none(),
        true,
    )
}

/// Page by page, in every order, by a part of the name.
pub async fn asked(own: &Own) -> Outcome {
    let store = own.open().await?;
    let all = [
        measured("orders", 10 * MIB, Some(2 * MIB)),
        measured("100%_sure", 30 * MIB, None),
        measured("Items", 20 * MIB, Some(8 * MIB)),
    ];
    store.keep_measured("b", &all).await.map_err(words)?;
    store.keep_measured("a", &[measured("orders", MIB, Some(0))]).await.map_err(words)?;
    let names = async |filter: TableFilter| {
        let (tables, count) = store.measured_tables(&filter).await.map_err(words)?;
        let names: Vec<_> =
            tables.iter().map(|t| format!("{}.{}", t.connection, t.found.table.name)).collect();
        Ok::<_, String>((names.join(" "), count))
    };
    let all = |by| TableFilter { by, ..filter("") };
    equal(
        "most to gain",
        names(all(By::Bloat)).await?.0.as_str(),
        "b.Items b.orders a.orders b.100%_sure",
    )?;
    equal(
        "largest",
        names(all(By::Size)).await?.0.as_str(),
        "b.100%_sure b.Items b.orders a.orders",
    )?;
    equal("by name", names(all(By::Name)).await?.0.starts_with("a.orders b."), true)?;
    let page = TableFilter { offset: 1, limit: 2, ..all(By::Size) };
    equal("a page", names(page).await?, ("b.Items b.orders".into(), 4))?;
    equal("whatever its case", names(filter("ITEM")).await?, ("b.Items".into(), 1))?;
    equal("no pattern", names(filter("0%_")).await?, ("b.100%_sure".into(), 1))?;
    equal("no pattern", names(filter("o_d")).await?.1, 0)?;
    let due = TableFilter { due: true, connection: "b".into(), ..filter("") };
    equal("due", names(due).await?, ("b.Items b.orders".into(), 2))
}
