//! Daemons that die, and a store that is out of reach.

use super::{ANY_TIME, Rig, bloated, slow};
use crate::support::cluster::Cluster;
use crate::support::{Outcome, Server};
use std::time::Duration;

/// Killed without warning in the middle of the copy; another goes on with the same run.
pub async fn killed_while_copying(server: Server) -> Outcome {
    let rig = Rig::new(&server, &slow("large")).await?;
    rig.configure(ANY_TIME)?;
    rig.delay("0.01").await?;
    let first = rig.start(&["daemon"])?;
    rig.until_copying("public.large").await?;
    let mut second = rig.start(&["daemon"])?;
    second.until_says("the daemon works").await?;
    let oid = rig.ask("'public.large'::regclass::oid").await?;
    let began = rig.ask(&format!("SELECT started FROM repackd_{oid}.journal")).await?;
    first.signal("KILL")?;
    let copied = rig.ask(&format!("SELECT sum(past - first) FROM repackd_{oid}.chunk")).await?;
    second.until_says("taken_over_from").await?;
    rig.until("it copies on", 60, || Ok(rig.queue()?.iter().any(|e| e["phase"] == "copy"))).await?;
    if rig.ask(&format!("SELECT started FROM repackd_{oid}.journal")).await? != began {
        return Err("it was begun anew".into());
    }
    let more =
        rig.ask(&format!("SELECT sum(past - first) >= {copied} FROM repackd_{oid}.chunk")).await?;
    if more != "true" {
        return Err(format!("{copied} pages had been copied"));
    }
    rig.delay("0").await?;
    rig.until_ended("public.large", &["lost", "done"], 90).await?;
    second.signal("TERM")?;
    second.wait()?.status(0)?;
    rig.clean().await?;
    rig.drop().await
}

/// Killed when the table was done and the store not told: it is not repacked a second time.
pub async fn killed_after_the_cutover(server: Server) -> Outcome {
    let rig = Rig::new(&server, &bloated("t")).await?;
    rig.configure(ANY_TIME)?;
    // The same by hand: claimed by a daemon that then died.
    rig.repackd(&["daemon", "--once"])?.status(0)?;
    rig.run("INSERT INTO public.t SELECT i, repeat('x', 50) || i, 1 FROM generate_series(100000, 106000) i; DELETE FROM public.t WHERE id > 100000; ANALYZE public.t").await?;
    let store = repackd::store::Place::parse(
        &std::path::Path::new(&rig.file()).with_file_name("store.sqlite").display().to_string(),
        &repackd::config::Environment::default(),
    )?;
    let store = repackd::store::Store::open(&store).await.map_err(|e| e.to_string())?;
    let oid = rig.ask("'public.t'::regclass::oid").await?;
    let wish = repackd::store::Wish {
        connection: "shop".into(),
        table: repackd::names::QualifiedName::new("public", "t"),
        oid: oid.parse().map_err(|_| "no oid")?,
        begun: false,
        rule: "all".into(),
        priority: 0,
        turn: 0,
        stamp: None,
    };
    store.enqueue(&wish).await.map_err(|e| e.to_string())?;
    let soon = Duration::from_millis(10);
    let claim = store.claim("dead", soon, &["shop".into()], &["all".into()]).await;
    claim.map_err(|e| e.to_string())?.ok_or("nothing to claim")?;
    let url = rig.database.url("shape_owner");
    let done = crate::support::program::finish(crate::support::program::program(&[
        "run-now",
        "t",
        "--trust-owner",
        "--url",
        &url,
    ]))?;
    done.status(0)?;
    let repacked = rig.ask("'public.t'::regclass::oid").await?;
    rig.repackd(&["daemon", "--once"])?.status(0)?;
    if rig.ask("'public.t'::regclass::oid").await? != repacked || repacked == oid {
        return Err("it was repacked twice".into());
    }
    let history = rig.history()?;
    let last = history.last().ok_or("no history")?;
    if last.1 != "done"
        || !last.2["reason"].as_str().unwrap_or_default().contains("dead had repacked it")
    {
        return Err(format!("{history:#?}"));
    }
    rig.clean().await?;
    rig.drop().await
}

/// The store goes away in the middle of a run: there is no cutover without it, and nothing new. When it
/// is back, all goes on.
pub async fn store_out_of_reach(server: Server) -> Outcome {
    let setup = [slow("large"), bloated("next")].join("\n");
    let rig = Rig::new(&server, &setup).await?;
    let own = Cluster::create(server.version).await?;
    let rules = ANY_TIME.replace("name = \"all\"", "name = \"all\"\norder = \"largest\"");
    rig.write(&format!(
        "[store]\nurl = \"{}\"\n{}\n{rules}",
        own.server().url,
        rig.connection("shop", "")
    ))?;
    rig.delay("0.01").await?;
    let mut daemon = rig.start(&["daemon"])?;
    rig.until_copying("public.large").await?;
    let oid = rig.ask("'public.large'::regclass::oid").await?;
    own.stop("immediate")?;
    daemon.until_says("nothing new is begun").await?;
    rig.delay("0").await?;
    // Longer than its lease.
    tokio::time::sleep(Duration::from_secs(12)).await;
    if rig.ask("'public.large'::regclass::oid").await? != oid {
        return Err("it was cut over without a lease".into());
    }
    if rig.ask("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'repackd%'").await? == "0" {
        return Err("what it had was not kept".into());
    }
    own.start()?;
    daemon.until_says("the store is back").await?;
    rig.until("both are done", 120, || {
        let done = |t: &str| Ok::<_, String>(rig.endings(t)?.last().is_some_and(|e| e == "done"));
        Ok(done("public.large")? && done("public.next")?)
    })
    .await?;
    daemon.signal("TERM")?;
    daemon.wait()?.status(0)?;
    rig.clean().await?;
    rig.drop().await
}
