//! What there is to tell, by clocks that differ, and in which order.

use super::{LONG, Own, SHORT, equal, queue};
use crate::support::{Outcome, words};
use chrono::{TimeDelta, Utc};
use repackd::config::Config;
use repackd::delivery::{Attempt, Desk, deliver, make};
use repackd::report::{Account, Occasion, example};
use repackd::schedule::{AtWindowEnd, Opening};
use repackd::store::{Conclusion, Record, Store};
use std::sync::Arc;
use std::time::Duration;

/// Nobody listens there.
fn config(notifier: &str) -> Result<Arc<Config>, String> {
    let text = format!(
        "[connections.a]\nhost = 'h'\nuser = 'u'\n[[rule]]\nname = 'all'\ntables = ['*']\nwhen = {{ bloat_ratio = 0.2 }}\n\
         [notifier.n]\nurl = 'http://127.0.0.1:9/x'\n{notifier}\n"
    );
    Config::parse(&text, None).map(Arc::new).map_err(words)
}

async fn repacked(store: &Store, table: &str) -> Outcome {
    queue(store, "a", table, 1).await?;
    let claim = store.claim("me", LONG, &["a".into()], &["all".into()]).await.map_err(words)?;
    let record = Record { ending: "done".into(), ..Record::default() };
    let claim = claim.ok_or("nothing to claim")?;
    store.conclude(&claim, &Conclusion::Gone, &record).await.map_err(words)?;
    Ok(())
}

/// The only report of the store, by title.
async fn title(store: &Store) -> Result<String, String> {
    match store.reports(10).await.map_err(words)?.as_slice() {
        [one] => Ok(one.title.clone()),
        other => Err(format!("{other:#?}")),
    }
}

/// `daemon --once` under a clock that is behind the store's, and ahead of it.
pub async fn clocks(own: &Own) -> Outcome {
    let store = own.open().await?;
    let config = config("kind = 'json'\nretry_for = '0s'")?;
    for (hours, table) in [(-1, "t"), (1, "u")] {
        let now = Arc::new(move || Utc::now() + TimeDelta::hours(hours));
        // Away from what ended just before.
        tokio::time::sleep(Duration::from_millis(1500)).await;
        let desk = Desk::open(&store, table, now, &config, true);
        repacked(&store, table).await?;
        desk.close(true).await;
        let newest = store.reports(1).await.map_err(words)?.remove(0).title;
        if !newest.contains(&format!("public.{table} repacked")) {
            return Err(format!("{hours} h: {newest}"));
        }
    }
    store.close().await;
    Ok(())
}

/// A window that closes under a clock that is behind, with a run that its daemon has left.
pub async fn left_behind(own: &Own) -> Outcome {
    let store = own.open().await?;
    let window = "[[window]]\nname = 'night'\nopen = '0 0 * * *'\nduration = '1h'";
    let config = config(&format!("kind = 'json'\nretry_for = '0s'\n{window}"))?;
    let now = || Utc::now() - TimeDelta::hours(1);
    let mut desk = Desk::open(&store, "me", Arc::new(now), &config, false);
    let night = Opening {
        window: Some("night".into()),
        opened: now(),
        until: Some(now() + TimeDelta::hours(1)),
        last_start: None,
        may_start: true,
        at_window_end: AtWindowEnd::Pause,
    };
    desk.windows(&config.schedule, &[Some(night)]);
    repacked(&store, "t").await?;
    queue(&store, "a", "left", 1).await?;
    let dead = store.claim("dead", SHORT, &["a".into()], &["all".into()]).await.map_err(words)?;
    equal("claimed", dead.is_some(), true)?;
    tokio::time::sleep(SHORT * 4).await;
    desk.windows(&config.schedule, &[None]);
    let end = tokio::time::Instant::now() + Duration::from_secs(20);
    while store.reports(1).await.map_err(words)?.first().is_none_or(|r| r.state == "waiting") {
        if tokio::time::Instant::now() > end {
            return Err("nothing was told".into());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    desk.close(false).await;
    let title = title(&store).await?;
    if !title.contains("window night: public.t repacked") {
        return Err(title);
    }
    store.revive_reports("n").await.map_err(words)?;
    let letter = store.claim_report("x", "n", LONG, false).await.map_err(words)?.ok_or("none")?;
    let account: Account = serde_json::from_str(&letter.account).map_err(words)?;
    let due: Vec<_> = account.due.iter().map(|d| d.table.as_str()).collect();
    equal("due", due, vec!["public.left"])?;
    store.close().await;
    Ok(())
}

/// An alarm that waits is ended by a report behind it, and not before.
pub async fn alarms(own: &Own) -> Outcome {
    let store = own.open().await?;
    let config = config("kind = 'pagerduty'\nrouting_key = 'r'")?;
    let pager = &config.notifiers[0];
    let mut account = example::account("h", Utc::now());
    account.occasion = Occasion::Run;
    account.tables.retain(|t| t.failed);
    let new = async |occasion, account: &Account| {
        make(&store, "me", pager, occasion, account).await.map_err(words)
    };
    equal("raised", new("run/1", &account).await?, true)?;
    let key = vec!["repackd/example/shop.items".to_owned()];
    equal("open", store.alerts("n").await.map_err(words)?, key)?;
    let mut done = account.clone();
    done.tables[0].ending = "done".into();
    done.tables[0].failed = false;
    equal("to be ended", new("run/2", &done).await?, true)?;
    let next = async || deliver(&store, "me", pager, Utc::now()).await.map_err(words);
    match (next().await?, next().await?) {
        (Attempt::Failed(_, Some(_)), Attempt::Nothing) => {}
        other => return Err(format!("its end overtakes it: {other:?}")),
    }
    store.close().await;
    Ok(())
}

/// What a clock that was ahead for once has put into the store does not keep anything back.
pub async fn ahead(own: &Own) -> Outcome {
    let store = own.open().await?;
    let digest = "[notifier.d]\nkind = 'json'\nurl = 'http://127.0.0.1:9/x'\ndigest = '@yearly'";
    let config = config(&format!("kind = 'json'\nretry_for = '0s'\n{digest}"))?;
    let later = (Utc::now() + TimeDelta::days(400)).timestamp_millis();
    let memory = "reports: digest of d";
    store.remember(memory, &later.to_string()).await.map_err(words)?;
    let runs = format!("[{later},{later}]");
    store.remember("reports: runs told until", &runs).await.map_err(words)?;
    let desk = Desk::open(&store, "me", Arc::new(Utc::now), &config, false);
    tokio::time::sleep(Duration::from_secs(1)).await;
    repacked(&store, "t").await?;
    desk.run_ended();
    tokio::time::sleep(Duration::from_secs(2)).await;
    desk.close(false).await;
    let told = title(&store).await?;
    equal("told", told.contains("public.t repacked"), true)?;
    let last = store.recall(memory).await.map_err(words)?.ok_or("nothing is kept")?;
    equal("ahead", last.parse::<i64>().map_err(words)? < later, true)?;
    store.close().await;
    Ok(())
}
