//! Reports of daemons: once whatever their number, and though one dies.

use super::hook::{Answer, Hook};
use crate::daemon::{ANY_TIME, Rig, bloated};
use crate::support::{Database, Outcome, Server};
use std::collections::BTreeMap;
use std::time::Duration;

fn hook_of(hook: &Hook, more: &str) -> String {
    format!("[notifier.hook]\nkind = \"json\"\nurl = \"http://{}/x\"\n{more}\n", hook.address)
}

/// The tables told of, and how often each was.
fn told(hook: &Hook) -> Result<BTreeMap<String, u32>, String> {
    let mut all = BTreeMap::new();
    for asked in hook.asked() {
        for table in asked.json()?["data"]["tables"].as_array().into_iter().flatten() {
            *all.entry(table["table"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
        }
    }
    Ok(all)
}

/// Without windows each table is told of when it ends.
pub async fn without_windows(server: Server) -> Outcome {
    let hook = Hook::start(&[]).await?;
    let setup = [bloated("t"), bloated("u"), "CREATE TABLE keyless (a int); ALTER TABLE keyless OWNER TO shape_owner; INSERT INTO keyless SELECT i FROM generate_series(1, 20000) i; DELETE FROM keyless WHERE a % 5 <> 0;".into()].join("\n");
    let rig = Rig::new(&server, &setup).await?;
    // Done before anybody was to be told.
    rig.configure(ANY_TIME)?;
    let daemon = rig.start(&["daemon"])?;
    rig.until_ended("public.t", &["done"], 60).await?;
    daemon.signal("TERM")?;
    daemon.wait()?.status(0)?;
    rig.run(&bloated("w")).await?;
    rig.run("ANALYZE").await?;
    rig.configure(&format!(
        "{ANY_TIME}\n[evaluate]\nschedule = \"* * * * *\"\n{}",
        hook_of(&hook, "")
    ))?;
    let daemon = rig.start(&["daemon"])?;
    rig.until_ended("public.w", &["done"], 120).await?;
    rig.until("w is told of", 30, || Ok(told(&hook)?.contains_key("public.w"))).await?;
    for asked in hook.asked() {
        let (body, table) = (asked.json()?, asked.json()?["data"]["tables"][0].clone());
        let done = table["ending"] == "done";
        if body["type"] != "repackd.run"
            || !done && table["reason"].as_str().is_none_or(|r| !r.contains("no key"))
            || done && table["phases"].as_array().is_none_or(Vec::is_empty)
        {
            return Err(format!("{body:#}"));
        }
    }
    tokio::time::sleep(Duration::from_secs(4)).await;
    daemon.signal("TERM")?;
    daemon.wait()?.status(0)?;
    let told = told(&hook)?;
    if told.get("public.w") != Some(&1)
        || told.get("public.keyless") > Some(&1)
        || told.contains_key("public.t")
    {
        return Err(format!("{told:?}"));
    }
    rig.drop().await
}

/// Two daemons, one store: each table is told of once.
pub async fn fleet(server: Server) -> Outcome {
    let hook = Hook::start(&[]).await?;
    let setup: Vec<String> = (0..6).map(|i| bloated(&format!("t{i}"))).collect();
    let rig = Rig::new(&server, &setup.join("\n")).await?;
    let own = Database::create(&server).await?;
    rig.write(&format!(
        "[store]\nurl = \"{}\"\n{}\n{ANY_TIME}\n{}",
        own.url("postgres"),
        rig.connection("shop", ""),
        hook_of(&hook, "")
    ))?;
    let daemons = [rig.start(&["daemon"])?, rig.start(&["daemon"])?, rig.start(&["daemon"])?];
    for i in 0..6 {
        rig.until_ended(&format!("public.t{i}"), &["done"], 90).await?;
    }
    hook.until(6, 30).await?;
    tokio::time::sleep(Duration::from_secs(20)).await;
    for daemon in daemons {
        daemon.signal("TERM")?;
        daemon.wait()?.status(0)?;
    }
    let told = told(&hook)?;
    if told.len() != 6 || told.values().any(|n| *n != 1) {
        return Err(format!("{told:?}"));
    }
    rig.drop().await?;
    own.drop().await
}

/// A daemon that is killed while it delivers: the next one does, once its claim is over.
pub async fn killed(server: Server) -> Outcome {
    let hook = Hook::start(&[Answer::Hang]).await?;
    let rig = Rig::new(&server, &bloated("t")).await?;
    rig.configure(&format!("{ANY_TIME}\n{}", hook_of(&hook, "timeout = \"20s\"")))?;
    let daemon = rig.start(&["daemon"])?;
    hook.until(1, 60).await?;
    daemon.signal("KILL")?;
    drop(daemon.wait()?);
    let second = rig.start(&["daemon"])?;
    let all = hook.until(2, 90).await?;
    if all[0].headers["webhook-id"] != all[1].headers["webhook-id"] || all[0].body.is_empty() {
        return Err(format!("{all:#?}"));
    }
    rig.until("it is sent", 10, || {
        let kept = rig.repackd(&["history", "--reports", "--json"])?.json()?;
        Ok(kept["reports"][0]["state"] == "sent")
    })
    .await?;
    second.signal("TERM")?;
    second.wait()?.status(0)?;
    if rig.endings("public.t")? != ["done"] {
        return Err("the run was harmed".into());
    }
    rig.drop().await
}

/// One report of it all.
pub async fn once(server: Server) -> Outcome {
    let hook = Hook::start(&[]).await?;
    let setup = [bloated("t"), bloated("u")].join("\n");
    let rig = Rig::new(&server, &setup).await?;
    rig.configure(&format!("{ANY_TIME}\n{}", hook_of(&hook, "")))?;
    rig.repackd(&["daemon", "--once"])?.status(0)?;
    let asked = hook.asked();
    let [only] = asked.as_slice() else { return Err(format!("{asked:#?}")) };
    let body = only.json()?;
    if body["data"]["occasion"]["name"] != "daemon --once"
        || body["data"]["tables"].as_array().map(Vec::len) != Some(2)
    {
        return Err(format!("{body:#}"));
    }
    rig.drop().await
}

/// A connection that cannot be measured is told of once a day, and an alarm for it ends when it can.
pub async fn unmeasured(server: Server) -> Outcome {
    let hook = Hook::start(&[]).await?;
    let rig = Rig::new(&server, "").await?;
    // Roles are everybody's: it has one of its own.
    let role = format!("{}_locked", rig.database.name);
    rig.run(&format!("CREATE ROLE {role} NOLOGIN")).await?;
    let url = rig.database.url(&role);
    rig.configure(&format!(
        "[connections.locked]\nurl = \"{url}\"\n[evaluate]\nschedule = \"* * * * *\"\njitter = \"0s\"\n{ANY_TIME}\n{}\n\
         [notifier.pager]\nkind = \"pagerduty\"\nrouting_key = \"r\"\nurl = \"http://{}/pager\"",
        hook_of(&hook, "when = \"on_failure\""),
        hook.address
    ))?;
    let daemon = rig.start(&["daemon"])?;
    let events = |path: &str| -> Result<Vec<serde_json::Value>, String> {
        hook.asked().iter().filter(|a| a.path == path).map(|a| a.json()).collect()
    };
    rig.until("both are told", 60, || Ok(hook.asked().len() >= 2)).await?;
    let told = events("/x")?;
    let raised = events("/pager")?;
    if told[0]["data"]["unmeasured"] != serde_json::json!(["locked"])
        || raised[0]["event_action"] != "trigger"
        || raised[0]["dedup_key"] != "repackd/locked"
    {
        return Err(format!("{told:#?} {raised:#?}"));
    }
    rig.run(&format!("ALTER ROLE {role} LOGIN")).await?;
    rig.until("it ends", 120, || Ok(events("/pager")?.len() >= 2)).await?;
    let ended = &events("/pager")?[1];
    if ended["event_action"] != "resolve"
        || ended["dedup_key"] != "repackd/locked"
        || events("/x")?.len() != 1
    {
        return Err(format!("{:#?}", hook.asked()));
    }
    daemon.signal("TERM")?;
    daemon.wait()?.status(0)?;
    rig.run(&format!("DROP ROLE {role}")).await?;
    rig.drop().await
}
