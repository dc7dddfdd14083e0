//! History, densities, evaluations, daemons, and forgetting.

use super::{LONG, Own, SHORT, equal, queue};
use crate::support::{Outcome, words};
use repackd::names::QualifiedName;
use repackd::store::{Conclusion, Record, Scope};
use std::time::Duration;

/// Long enough for a busy machine to do what has to come within it.
const AGE: Duration = Duration::from_millis(1500);

fn ended(ending: &str) -> Record {
    Record { ending: ending.into(), ..Record::default() }
}

pub async fn retention(own: &Own) -> Outcome {
    let store = own.open().await?;
    let (t, u) = (QualifiedName::new("public", "t"), QualifiedName::new("public", "u"));
    for ending in ["failed", "done", "failed"] {
        store.record("a", &t, "me", Duration::ZERO, &ended(ending)).await.map_err(words)?;
    }
    store.keep_density("a", &t, "{}").await.map_err(words)?;
    store.heartbeat("gone", "h", 1, Duration::ZERO).await.map_err(words)?;
    tokio::time::sleep(AGE).await;
    store.record("a", &u, "me", Duration::ZERO, &ended("failed")).await.map_err(words)?;
    equal("nothing yet", store.tidy(LONG).await.map_err(words)?, 0)?;
    // Two failures and a daemon; the last repack and the density are kept for longer.
    equal("tidied", store.tidy(AGE).await.map_err(words)?, 3)?;
    let left = store.attempts(&Scope::default(), 10).await.map_err(words)?;
    let left: Vec<_> =
        left.iter().map(|a| (a.table.clone(), a.ending.clone().unwrap_or_default())).collect();
    equal("left", left, vec![(u, "failed".into()), (t.clone(), "done".into())])?;
    equal("repacks", store.last_repacks("a").await.map_err(words)?.len(), 1)?;
    equal(
        "densities",
        store.densities("a").await.map_err(words)?.get(&t).map(String::as_str),
        Some("{}"),
    )?;
    tokio::time::sleep(AGE * 6).await;
    // Two attempts and the density.
    equal("tidied", store.tidy(AGE).await.map_err(words)?, 3)
}

/// One daemon looks; if it dies another may, after a while.
pub async fn evaluations(own: &Own) -> Outcome {
    let store = own.open().await?;
    let beat = async |who: &str| store.heartbeat(who, "host", 1, LONG).await.map_err(words);
    let claim = async |who: &str, seen, lease| {
        store.claim_evaluation(who, "a", seen, lease).await.map_err(words)
    };
    let names: Vec<String> = (0..6).map(|i| format!("d{i}")).collect();
    for name in &names {
        beat(name).await?;
    }
    let all = futures_util::future::join_all(names.iter().map(|n| claim(n, 0, AGE))).await;
    let all = all.into_iter().collect::<Result<Vec<bool>, _>>()?;
    equal("claims", all.iter().filter(|won| **won).count(), 1)?;
    let first = names.iter().zip(&all).find(|(_, won)| **won).ok_or("none")?.0;
    tokio::time::sleep(AGE * 2).await;
    equal("its lease is over", claim("silent", 0, LONG).await?, true)?;
    // Nobody has heard of that one, so it is dead.
    equal("taken over", claim("next", 0, LONG).await?, true)?;
    beat("next").await?;
    equal("of one alive", claim("x", 0, LONG).await?, false)?;
    // The first comes back too late.
    store.evaluated(first, "a", 1000, SHORT, Ok((9, 9))).await.map_err(words)?;
    store.evaluated("next", "a", 2000, SHORT, Ok((10, 2))).await.map_err(words)?;
    let known = &store.evaluations().await.map_err(words)?[0];
    equal("last", (known.last_at, known.tables, known.qualified), (2000, Some(10), Some(2)))?;
    beat("x").await?;
    equal("again", claim("x", 0, LONG).await?, false)?;
    equal("the next", claim("x", 2000, LONG).await?, true)?;
    store.evaluated("x", "a", 3000, SHORT, Err("out of reach")).await.map_err(words)?;
    let known = &store.evaluations().await.map_err(words)?[0];
    equal("error", known.error.as_deref(), Some("out of reach"))
}

pub async fn history(own: &Own) -> Outcome {
    let store = own.open().await?;
    queue(&store, "a", "t", 1).await?;
    let mine = store.claim("me", LONG, &["a".into()], &["all".into()]).await.map_err(words)?;
    let mine = mine.ok_or("nothing to claim")?;
    store.phase_done(mine.attempt, "copy", 2.0).await.map_err(words)?;
    store.phase_done(mine.attempt, "index", 1.0).await.map_err(words)?;
    let before = store.attempts(&Scope::default(), 10).await.map_err(words)?;
    equal("running", (before[0].ending.clone(), before[0].ended_at), (None, None))?;
    let record = Record {
        bytes_before: Some(1000),
        bytes_after: Some(100),
        report: Some("{}".into()),
        phases: vec![("copy".into(), 2.5), ("cutover".into(), 0.1)],
        ..ended("done")
    };
    store.conclude(&mine, &Conclusion::Gone, &record).await.map_err(words)?;
    let attempt = &store.attempts(&Scope::default(), 10).await.map_err(words)?[0];
    let mut phases = attempt.phases.clone();
    phases.sort_by(|a, b| a.0.cmp(&b.0));
    let expected = [("copy", 2.5), ("cutover", 0.1), ("index", 1.0)];
    equal("phases", phases, expected.map(|(p, s)| (p.to_owned(), s)).to_vec())?;
    equal("bytes", (attempt.bytes_before, attempt.bytes_after), (Some(1000), Some(100)))?;
    let ended = attempt.ended_at.ok_or("it has not ended")?;
    if ended < attempt.started_at || (store.now().await.map_err(words)? - ended).abs() > 60_000 {
        return Err(format!("times: {attempt:?}"));
    }
    let others = Scope { connection: "b".into(), ..Scope::default() };
    equal("of others", store.attempts(&others, 10).await.map_err(words)?.len(), 0)?;
    equal(
        "repacks",
        store.last_repacks("a").await.map_err(words)?.into_values().collect(),
        vec![ended],
    )
}

pub async fn daemons(own: &Own) -> Outcome {
    let store = own.open().await?;
    store.heartbeat("x", "host", 7, SHORT).await.map_err(words)?;
    store.heartbeat("y", "host", 8, LONG).await.map_err(words)?;
    tokio::time::sleep(SHORT * 2).await;
    let alive =
        async || store.daemons().await.map(|d| d.iter().map(|d| d.alive).collect::<Vec<_>>());
    equal("alive", alive().await.map_err(words)?, vec![false, true])?;
    store.heartbeat("x", "host", 7, LONG).await.map_err(words)?;
    store.farewell("y").await.map_err(words)?;
    equal("alive", alive().await.map_err(words)?, vec![true, false])
}

/// Reports: made once, claimed by one, tried again, given up, revived, tidied.
pub async fn reports(own: &Own) -> Outcome {
    use repackd::store::Made;
    let store = own.open().await?;
    let made = |notifier, occasion, account| Made { notifier, occasion, title: "t", account };
    let letter = made("dba", "window/night/1", Some("{}"));
    let tries = futures_util::future::join_all(
        ["a", "b", "c", "d"].map(|by| store.make_report(&letter, by)),
    );
    let new: Result<Vec<bool>, _> = tries.await.into_iter().collect();
    equal("made", new.map_err(words)?.into_iter().filter(|new| *new).count(), 1)?;
    store.make_report(&made("dba", "window/night/2", None), "a").await.map_err(words)?;
    store.make_report(&made("gone", "window/night/1", Some("{}")), "a").await.map_err(words)?;
    equal("kept back", store.has_report("dba", "window/night/2").await.map_err(words)?, true)?;
    let claims = futures_util::future::join_all(
        ["a", "b", "c", "d"].map(|by| store.claim_report(by, "dba", LONG, false)),
    );
    let claims: Result<Vec<_>, _> = claims.await.into_iter().collect();
    let mut claims: Vec<_> = claims.map_err(words)?.into_iter().flatten().collect();
    equal("claims", claims.len(), 1)?;
    let claimed = claims.remove(0);
    equal("tries", claimed.tries, 1)?;
    let by = ["a", "b", "c", "d"];
    // Whoever claimed it may say that it failed, and nobody else.
    for who in by {
        store.report_failed(claimed.id, who, "no", Some(AGE)).await.map_err(words)?;
    }
    equal(
        "not yet",
        store.notifiers_waiting().await.map_err(words)?,
        vec![("gone".to_owned(), true)],
    )?;
    tokio::time::sleep(AGE + AGE / 10).await;
    let again = store.claim_report("e", "dba", AGE, false).await.map_err(words)?.ok_or("none")?;
    equal("tries", again.tries, 2)?;
    equal(
        "in between",
        store.claim_report("f", "dba", LONG, false).await.map_err(words)?.is_none(),
        true,
    )?;
    // He who had it is dead.
    tokio::time::sleep(AGE + AGE / 10).await;
    let taken = store.claim_report("f", "dba", LONG, false).await.map_err(words)?.ok_or("none")?;
    equal("the same", (taken.id, taken.tries), (claimed.id, 3))?;
    store.report_failed(taken.id, "f", "never", None).await.map_err(words)?;
    let state = async || -> Result<Vec<String>, String> {
        let kept = store.reports(10).await.map_err(words)?;
        let shown = kept.iter().map(|k| format!("{} {} {}", k.notifier, k.state, k.attempts));
        Ok(shown.collect())
    };
    equal(
        "states",
        state().await?,
        ["gone waiting 0", "dba kept 0", "dba dead 3"].map(str::to_owned).to_vec(),
    )?;
    equal("revived", store.revive_reports("dba").await.map_err(words)?, 1)?;
    let last = store.claim_report("g", "dba", LONG, false).await.map_err(words)?.ok_or("none")?;
    store.report_sent(last.id).await.map_err(words)?;
    tokio::time::sleep(Duration::from_millis(20)).await;
    let known = ["dba".to_owned()];
    equal("orphans", store.give_up_orphans(&known, LONG).await.map_err(words)?, 0)?;
    equal("orphans", store.give_up_orphans(&known, Duration::ZERO).await.map_err(words)?, 1)?;
    equal(
        "states",
        state().await?,
        ["gone dead 0", "dba kept 0", "dba sent 1"].map(str::to_owned).to_vec(),
    )?;
    let (one, two) = ("x".to_owned(), "y".to_owned());
    let both = [one.clone(), two.clone()];
    store.raise_alerts("pager", &both).await.map_err(words)?;
    store.keep_alerts("pager", last.id, &[], &both).await.map_err(words)?;
    equal("raised since", store.alerts("pager").await.map_err(words)?, both.to_vec())?;
    tokio::time::sleep(Duration::from_millis(5)).await;
    for occasion in ["1", "2"] {
        store.make_report(&made("pager", occasion, Some("{}")), "a").await.map_err(words)?;
    }
    // In its order: nothing while the oldest is under way, or waits to be tried again.
    let claim = async || store.claim_report("a", "pager", LONG, true).await.map_err(words);
    let first = claim().await?.ok_or("none")?;
    equal("first", first.occasion.as_str(), "1")?;
    equal("under way", claim().await?.is_none(), true)?;
    store.report_failed(first.id, "a", "no", Some(LONG)).await.map_err(words)?;
    equal("backs off", claim().await?.is_none(), true)?;
    let due = store.notifiers_waiting().await.map_err(words)?;
    equal("not the oldest", due, vec![("pager".to_owned(), false)])?;
    equal("waiting", store.reports_waiting("pager").await.map_err(words)?, 2)?;
    let ended = std::slice::from_ref(&one);
    store.keep_alerts("pager", first.id, &both, ended).await.map_err(words)?;
    equal("alerts", store.alerts("pager").await.map_err(words)?, vec![two])?;
    store.report_sent(first.id).await.map_err(words)?;
    equal("then the next", claim().await?.map(|l| l.occasion), Some("2".to_owned()))?;
    store.report_sent(first.id + 1).await.map_err(words)?;
    tokio::time::sleep(Duration::from_millis(20)).await;
    store.tidy(Duration::ZERO).await.map_err(words)?;
    equal("tidied", store.reports(10).await.map_err(words)?.len(), 0)?;
    store.close().await;
    Ok(())
}
