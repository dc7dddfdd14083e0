//! Claims, leases and conclusions.

use super::{LONG, Own, SHORT, equal, queue, wish};
use crate::support::{Outcome, words};
use repackd::store::{Claim, Conclusion, Lease, Queued, Record, Scope, State, Store, Wanted};
use std::time::Duration;

async fn claim(store: &Store, owner: &str, lease: Duration) -> Result<Option<Claim>, String> {
    let (connections, rules) = (["a".into(), "b".into()], ["all".into()]);
    store.claim(owner, lease, &connections, &rules).await.map_err(words)
}

async fn claimed(store: &Store, owner: &str, lease: Duration) -> Result<Claim, String> {
    claim(store, owner, lease).await?.ok_or_else(|| "nothing to claim".into())
}

fn scope(connection: &str, table: &str) -> Scope {
    Scope { connection: connection.into(), schema: String::new(), table: table.into() }
}

fn done() -> Record {
    Record { ending: "done".into(), phases: vec![("copy".into(), 1.5)], ..Record::default() }
}

/// Priority before gain; what was begun before both.
pub async fn order(own: &Own) -> Outcome {
    let store = own.open().await?;
    for (table, gain) in [("small", 1), ("large", 100), ("middle", 50)] {
        queue(&store, "a", table, gain).await?;
    }
    store
        .enqueue(&repackd::store::Wish { priority: 5, ..wish("a", "dear", 2) })
        .await
        .map_err(words)?;
    let mut begun = claimed(&store, "me", LONG).await?;
    equal("the first", begun.table.name.as_str(), "dear")?;
    let again = Conclusion::Again {
        reason: "the window closed".into(),
        after: Duration::ZERO,
        failed: false,
        begun: true,
    };
    let mut seen = Vec::new();
    store.enqueue(&wish("a", "small", 500)).await.map_err(words)?;
    if !store.conclude(&begun, &again, &done()).await.map_err(words)? {
        return Err("it was not ours".into());
    }
    while let Some(next) = claim(&store, "me", LONG).await? {
        seen.push(next.table.name.clone());
        begun = next;
        store.conclude(&begun, &Conclusion::Gone, &done()).await.map_err(words)?;
    }
    equal("the order", seen, ["dear", "small", "large", "middle"].map(String::from).to_vec())?;
    // A rule or a connection that is not asked for is left alone.
    queue(&store, "a", "other", 1).await?;
    for (connections, rules) in [
        (vec!["b".into()], vec!["all".into()]),
        (vec!["a".into()], vec!["x".into()]),
        (vec!["a".into()], vec![]),
        (vec![], vec!["all".into()]),
    ] {
        let none = store.claim("me", LONG, &connections, &rules).await.map_err(words)?;
        if none.is_some() {
            return Err(format!("claimed among {connections:?} {rules:?}"));
        }
    }
    Ok(())
}

/// The tables of one connection one after another, those of two side by side.
pub async fn one_at_a_time(own: &Own) -> Outcome {
    let (store, other) = (own.open().await?, own.open().await?);
    for (connection, table) in [("a", "t1"), ("a", "t2"), ("b", "t1")] {
        queue(&store, connection, table, 10).await?;
    }
    // At the same moment: whoever is not first finds another connection or nothing.
    let all = futures_util::future::join_all((0..8).map(|i| {
        let store = if i % 2 == 0 { &store } else { &other };
        async move { claim(store, &format!("d{i}"), LONG).await }
    }))
    .await;
    let mut won: Vec<Claim> = Vec::new();
    for result in all {
        won.extend(result?);
    }
    // Losing a race is no reason to lose the turn.
    while let Some(next) = claim(&store, "late", LONG).await? {
        won.push(next);
    }
    let mut connections: Vec<_> = won.iter().map(|c| c.connection.as_str()).collect();
    connections.sort_unstable();
    equal("running", connections, vec!["a", "b"])?;
    let of_a = won.iter().find(|c| c.connection == "a").ok_or("none of a")?;
    store.conclude(of_a, &Conclusion::Gone, &done()).await.map_err(words)?;
    // While one daemon looked at the first, another may have taken the second.
    let other = if of_a.table.name == "t1" { "t2" } else { "t1" };
    equal("the next", claimed(&store, "me", LONG).await?.table.name.as_str(), other)
}

pub async fn conclusions(own: &Own) -> Outcome {
    let store = own.open().await?;
    queue(&store, "a", "t", 10).await?;
    let first = claimed(&store, "me", LONG).await?;
    equal("begun", first.begun, false)?;
    let failed = |after| Conclusion::Again {
        reason: "no quiet moment".into(),
        after,
        failed: true,
        begun: true,
    };
    store.conclude(&first, &failed(SHORT), &done()).await.map_err(words)?;
    if claim(&store, "me", LONG).await?.is_some() {
        return Err("it was claimed before its time".into());
    }
    tokio::time::sleep(SHORT * 2).await;
    let second = claimed(&store, "me", LONG).await?;
    equal("begun", second.begun, true)?;
    equal("attempts", second.attempts, 1)?;
    if second.fence <= first.fence || second.from.is_some() {
        return Err(format!("{first:?} {second:?}"));
    }
    // The first one's claim is over, whatever he thinks.
    equal(
        "concluded",
        store.conclude(&first, &Conclusion::Gone, &done()).await.map_err(words)?,
        false,
    )?;
    equal("stands", store.stands(&first, LONG).await.map_err(words)?, false)?;
    equal("stands", store.stands(&second, LONG).await.map_err(words)?, true)?;
    let aside = Conclusion::Aside {
        reason: "five attempts failed".into(),
        stamp: Some("v1".into()),
        after: None,
        begun: false,
    };
    store.conclude(&second, &aside, &done()).await.map_err(words)?;
    let entries = store.entries().await.map_err(words)?;
    equal("state", entries[0].state, State::Aside)?;
    equal("reason", entries[0].reason.as_deref(), Some("five attempts failed"))
}

/// A daemon that dies, or sleeps for longer than its lease.
/// Nothing is known of the progress at first, then something is, and then nothing again: whichever of the
/// store's sessions it comes through, the lease is held.
pub async fn progress(own: &Own) -> Outcome {
    let store = own.open().await?;
    queue(&store, "a", "t", 10).await?;
    let mine = claimed(&store, "me", LONG).await?;
    for part in [None, Some(0.5), None, Some(1.0), Some(0.0)] {
        let all = (0..8).map(|_| store.renew(&mine, LONG, part.map(|_| "copy"), part));
        for held in futures_util::future::join_all(all).await {
            equal("the lease", held.map_err(words)?, Lease::Held)?;
        }
        equal("the progress", store.entries().await.map_err(words)?[0].progress, part)?;
    }
    Ok(())
}

pub async fn takeover(own: &Own) -> Outcome {
    let store = own.open().await?;
    queue(&store, "a", "t", 10).await?;
    queue(&store, "a", "u", 5).await?;
    let dead = claimed(&store, "dead", SHORT).await?;
    if claim(&store, "me", LONG).await?.is_some() {
        return Err("claimed beside a lease".into());
    }
    tokio::time::sleep(SHORT * 2).await;
    // Nobody has it yet, so he may come back; but not to cut over without having asked again.
    equal("stands", store.stands(&dead, SHORT).await.map_err(words)?, false)?;
    equal(
        "renewed",
        store.renew(&dead, SHORT, Some("copy"), Some(0.5)).await.map_err(words)?,
        Lease::Held,
    )?;
    equal("stands", store.stands(&dead, SHORT).await.map_err(words)?, true)?;
    tokio::time::sleep(SHORT * 2).await;
    let mine = claimed(&store, "me", LONG).await?;
    equal("the table", mine.table.name.as_str(), "t")?;
    equal("from", mine.from.as_deref(), Some("dead"))?;
    equal("begun", mine.begun, true)?;
    equal("fence", mine.fence, dead.fence + 1)?;
    equal("renewed", store.renew(&dead, LONG, None, None).await.map_err(words)?, Lease::Lost)?;
    equal(
        "concluded",
        store.conclude(&dead, &Conclusion::Gone, &done()).await.map_err(words)?,
        false,
    )?;
    equal("entries", store.entries().await.map_err(words)?.len(), 2)?;
    store.conclude(&mine, &Conclusion::Gone, &done()).await.map_err(words)?;
    let attempts = store.attempts(&scope("a", "t"), 10).await.map_err(words)?;
    let endings: Vec<_> =
        attempts.iter().map(|a| (a.daemon.as_str(), a.ending.as_deref())).collect();
    // He came back and said how it had ended for him.
    equal("history", endings, vec![("me", Some("done")), ("dead", Some("done"))])
}

pub async fn pauses(own: &Own) -> Outcome {
    let store = own.open().await?;
    queue(&store, "a", "t", 10).await?;
    for paused in
        [scope("", ""), scope("a", ""), Scope { schema: "public".into(), ..scope("a", "t") }]
    {
        store.pause(&paused, "ann").await.map_err(words)?;
        store.pause(&paused, "bob").await.map_err(words)?;
        if claim(&store, "me", LONG).await?.is_some() {
            return Err(format!("claimed while {paused} is paused"));
        }
        equal("pauses", store.unpause(&paused).await.map_err(words)?, 1)?;
    }
    for other in [
        scope("b", ""),
        Scope { schema: "public".into(), ..scope("a", "u") },
        Scope { schema: "s".into(), ..scope("a", "t") },
    ] {
        store.pause(&other, "ann").await.map_err(words)?;
    }
    let mine = claimed(&store, "me", LONG).await?;
    equal("lease", store.renew(&mine, LONG, None, None).await.map_err(words)?, Lease::Held)?;
    store.pause(&scope("a", ""), "ann").await.map_err(words)?;
    equal(
        "lease",
        store.renew(&mine, LONG, None, None).await.map_err(words)?,
        Lease::Paused("ann".into()),
    )?;
    equal("stands", store.stands(&mine, LONG).await.map_err(words)?, false)?;
    // Those of the connection and of its tables.
    equal("pauses", store.unpause(&scope("a", "")).await.map_err(words)?, 3)?;
    equal("pauses", store.pauses().await.map_err(words)?.len(), 1)?;
    equal("stands", store.stands(&mine, LONG).await.map_err(words)?, true)
}

pub async fn cancelled(own: &Own) -> Outcome {
    let store = own.open().await?;
    queue(&store, "a", "t", 10).await?;
    queue(&store, "a", "u", 5).await?;
    let mine = claimed(&store, "me", LONG).await?;
    equal("counts", store.cancel(&scope("a", ""), "ann").await.map_err(words)?, (1, 1))?;
    let wanted = Wanted::Cancel("ann".into());
    equal(
        "lease",
        store.renew(&mine, LONG, None, None).await.map_err(words)?,
        Lease::Wanted(wanted.clone()),
    )?;
    equal("stands", store.stands(&mine, LONG).await.map_err(words)?, false)?;
    // Whoever is asked may die: the next one has it to do, even if the rule's window is closed.
    let again = |after| Conclusion::Again { reason: "x".into(), after, failed: true, begun: true };
    store.conclude(&mine, &again(LONG), &done()).await.map_err(words)?;
    // Not without a pause, or what cannot be done would be tried without end.
    if store.claim("me", LONG, &["a".into()], &[]).await.map_err(words)?.is_some() {
        return Err("tried again at once".into());
    }
    // Somebody who asks once more does not want to wait.
    equal("counts", store.cancel(&scope("a", ""), "ann").await.map_err(words)?, (1, 0))?;
    let mine = store.claim("me", LONG, &["a".into()], &[]).await.map_err(words)?;
    let mine = mine.ok_or("what is asked for again is not to be had")?;
    store.conclude(&mine, &again(Duration::ZERO), &done()).await.map_err(words)?;
    let next = store.claim("me", LONG, &["a".into()], &[]).await.map_err(words)?;
    let next = next.ok_or("the cancelled one is not to be had")?;
    equal("wanted", next.wanted.clone(), Some(wanted))?;
    let aside = Conclusion::Aside {
        reason: "cancelled by ann".into(),
        stamp: None,
        after: None,
        begun: false,
    };
    store.conclude(&next, &aside, &done()).await.map_err(words)?;
    for entry in store.entries().await.map_err(words)? {
        equal("state", entry.state, State::Aside)?;
        equal("reason", entry.reason.as_deref(), Some("cancelled by ann"))?;
        equal("wanted", entry.wanted, None)?;
    }
    equal("brought back", store.bring_back(&scope("a", "")).await.map_err(words)?, 2)?;
    claimed(&store, "me", LONG).await.map(drop)
}

/// Set aside until the table changes, until a time, or until a person says otherwise.
pub async fn set_aside(own: &Own) -> Outcome {
    let store = own.open().await?;
    let with =
        |stamp: &str| repackd::store::Wish { stamp: Some(stamp.into()), ..wish("a", "t", 1) };
    let aside = async |stamp: Option<&str>, after| {
        let mine = claimed(&store, "me", LONG).await?;
        let stamp = stamp.map(str::to_owned);
        let aside = Conclusion::Aside { reason: "no key".into(), stamp, after, begun: false };
        store.conclude(&mine, &aside, &done()).await.map_err(words).map(drop)
    };
    let wish_for = async |stamp: &str| store.enqueue(&with(stamp)).await.map_err(words);
    equal("new", wish_for("v1").await?, Queued::New)?;
    aside(Some("v1"), None).await?;
    equal("the same", wish_for("v1").await?, Queued::Aside("no key".into()))?;
    equal("changed", wish_for("v2").await?, Queued::Again)?;
    aside(Some("v2"), Some(SHORT)).await?;
    equal("the same", wish_for("v2").await?, Queued::Aside("no key".into()))?;
    tokio::time::sleep(SHORT * 2).await;
    equal("later", wish_for("v2").await?, Queued::Again)?;
    aside(None, None).await?;
    equal("no stamp", wish_for("v3").await?, Queued::Aside("no key".into()))?;
    equal("brought back", store.bring_back(&scope("a", "t")).await.map_err(words)?, 1)?;
    // What does not qualify any more leaves the queue, unless something of it is left.
    equal("forgotten", store.forget_others("a", &[]).await.map_err(words)?, 1)?;
    equal("entries", store.entries().await.map_err(words)?.len(), 0)
}
