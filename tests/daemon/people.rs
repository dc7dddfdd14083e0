//! What people say to daemons: pause, resume, cancel; and what they do beside them.

use super::{ANY_TIME, Rig, bloated, slow};
use crate::support::program::{finish, program};
use crate::support::{Outcome, Server};
use serde_json::Value;

pub async fn pause_and_resume(server: Server) -> Outcome {
    let setup = [slow("large"), bloated("small")].join("\n");
    let rig = Rig::new(&server, &setup).await?;
    rig.configure(&ANY_TIME.replace("name = \"all\"", "name = \"all\"\norder = \"largest\""))?;
    rig.delay("0.01").await?;
    let daemon = rig.start(&["daemon"])?;
    rig.until_copying("public.large").await?;
    rig.repackd(&["pause", "large"])?.status(0)?.shows(&["large of connection shop is paused"])?;
    // The others are not.
    rig.until_ended("public.small", &["done"], 60).await?;
    rig.until_ended("public.large", &["paused"], 10).await?;
    rig.repackd(&["status"])?.status(0)?.shows(&[
        "paused: large of connection shop by",
        "begun, waits",
        "daemon ",
    ])?;
    let queue = rig.queue()?;
    if queue[0]["table"] != "public.large" || queue[0]["begun"] != true {
        return Err(format!("{queue:#?}"));
    }
    rig.delay("0").await?;
    // The daemon has it, so this process leaves it to him.
    let resumed = rig.repackd(&["resume", "large"])?;
    resumed.status(0)?.says(&["is not paused any more", "is in a daemon's queue"])?;
    rig.until_ended("public.large", &["paused", "done"], 60).await?;
    rig.repackd(&["pause"])?.status(0)?.shows(&["everything is paused"])?;
    rig.repackd(&["resume"])?.status(0)?.says(&["everything is not paused any more"])?;
    daemon.signal("TERM")?;
    daemon.wait()?.status(0)?;
    // Without a daemon resume does it itself.
    rig.delay("0.01").await?;
    rig.clean().await?;
    rig.drop().await
}

pub async fn cancel(server: Server) -> Outcome {
    let setup = [slow("large"), bloated("small")].join("\n");
    let rig = Rig::new(&server, &setup).await?;
    rig.configure(&ANY_TIME.replace("name = \"all\"", "name = \"all\"\norder = \"largest\""))?;
    rig.delay("0.01").await?;
    let daemon = rig.start(&["daemon"])?;
    rig.until_copying("public.large").await?;
    let oid = rig.ask("'public.large'::regclass::oid").await?;
    rig.repackd(&["cancel", "public.large"])?.status(0)?.shows(&["1 given up"])?;
    rig.until_ended("public.large", &["cancelled"], 60).await?;
    rig.until_ended("public.small", &["done"], 60).await?;
    rig.clean().await?;
    if rig.ask("'public.large'::regclass::oid").await? != oid {
        return Err("it was repacked all the same".into());
    }
    let queue = rig.queue()?;
    if queue[0]["state"] != "aside"
        || !queue[0]["reason"].as_str().unwrap_or_default().starts_with("cancelled by ")
    {
        return Err(format!("{queue:#?}"));
    }
    rig.delay("0").await?;
    rig.repackd(&["resume", "public.large"])?.status(0)?.says(&["is back in the queue"])?;
    rig.until_ended("public.large", &["cancelled", "done"], 60).await?;
    daemon.signal("TERM")?;
    daemon.wait()?.status(0)?;
    rig.drop().await
}

/// A table that fails again and again is set aside, with nothing left on it, until it is changed.
pub async fn set_aside(server: Server) -> Outcome {
    let fails = bloated("t")
        .replace("n int)", "n int, s bigint GENERATED ALWAYS AS (public.moody(id)) STORED)");
    let setup = format!(
        "CREATE FUNCTION public.moody(bigint) RETURNS bigint IMMUTABLE LANGUAGE plpgsql AS $$
         BEGIN
           IF $1 = 4000 AND current_setting('scene.mood', true) = 'bad' THEN RAISE 'not today'; END IF;
           RETURN $1;
         END $$;
         {fails}"
    );
    let rig = Rig::new(&server, &setup).await?;
    let mood = format!("ALTER DATABASE {} SET scene.mood =", rig.database.name);
    rig.run(&format!("{mood} 'bad'")).await?;
    rig.configure(&ANY_TIME.replace("lease", "attempts = 2\nlease"))?;
    let daemon = rig.start(&["daemon"])?;
    rig.until_ended("public.t", &["failed", "failed"], 60).await?;
    rig.until("it is set aside", 10, || Ok(rig.queue()?[0]["state"] == "aside")).await?;
    daemon.signal("TERM")?;
    daemon.wait()?.status(0)?.says(&["2 attempts failed", "not today", "set aside"])?;
    rig.clean().await?;
    rig.run(&format!("{mood} 'good'")).await?;
    // It stays there, whoever looks.
    rig.repackd(&["daemon", "--once"])?.status(0)?;
    if rig.endings("public.t")?.len() != 2 {
        return Err(format!("{:#?}", rig.history()?));
    }
    rig.run("ALTER TABLE public.t ADD COLUMN more int; ANALYZE public.t").await?;
    rig.repackd(&["daemon", "--once"])?.status(0)?.says(&["queued again"])?;
    rig.until_ended("public.t", &["failed", "failed", "done"], 5).await?;
    rig.clean().await?;
    rig.drop().await
}

/// `run-now` is in the same history, and its repack counts for cooldowns.
pub async fn run_by_hand(server: Server) -> Outcome {
    let setup = [bloated("one"), bloated("two")].join("\n");
    let rig = Rig::new(&server, &setup).await?;
    rig.configure(ANY_TIME)?;
    rig.repackd(&["run-now", "one"])?.status(0)?;
    // There was no store yet, and it made none.
    rig.repackd(&["history"])?.status(0)?.shows(&["there is no store at"])?;
    rig.repackd(&["daemon", "--once"])?.status(0)?;
    if rig.endings("public.one")? != Vec::<String>::new() || rig.endings("public.two")? != ["done"]
    {
        return Err(format!("{:#?}", rig.history()?));
    }
    rig.run("DELETE FROM public.one WHERE id % 8 <> 0; ANALYZE public.one").await?;
    rig.repackd(&["run-now", "one"])?.status(0)?;
    rig.run("DELETE FROM public.one WHERE id % 16 <> 0; ANALYZE public.one").await?;
    rig.repackd(&["daemon", "--once"])?.status(0)?;
    let history = rig.history()?;
    let one: Vec<_> = history.iter().filter(|(t, ..)| t == "public.one").collect();
    if one.len() != 1 || one[0].1 != "done" || one[0].2["source"] != "run-now" {
        return Err(format!("once, by hand: {history:#?}"));
    }
    if one[0].2["bytes_after"].as_i64() >= one[0].2["bytes_before"].as_i64() {
        return Err(format!("its sizes: {:#?}", one[0]));
    }
    rig.repackd(&["history", "one"])?.status(0)?.shows(&["public.one", "done"])?;
    rig.drop().await
}

/// Commands to daemons say that there is none; a run goes on without.
pub async fn without_a_store(server: Server) -> Outcome {
    let rig = Rig::new(&server, &bloated("t")).await?;
    rig.configure(ANY_TIME)?;
    for command in ["pause", "cancel"] {
        rig.repackd(&[command])?.status(1)?.says(&["there is no store at"])?;
    }
    rig.repackd(&["status"])?.status(0)?.shows(&["nothing left behind"])?;
    let port = crate::support::cluster::free_port()?;
    let url = format!("postgres://me:hunter2@127.0.0.1:{port}/fleet");
    rig.write(&format!("[store]\nurl = \"{url}\"\n{}{ANY_TIME}", rig.connection("shop", "")))?;
    rig.repackd(&["run-now", "t"])?.status(0)?.says(&["the run is not in the history"])?;
    rig.repackd(&["status"])?.status(75)?.says(&["the store postgres://127.0.0.1"])?;
    rig.repackd(&["daemon"])?.status(75)?.says(&["no table was touched"])?;
    rig.write(&rig.connection("shop", ""))?;
    rig.repackd(&["daemon"])?.status(78)?.says(&["no [[rule]]"])?;
    let bad = finish(program(&["daemon", "--url", &rig.database.url("shape_owner")]))?;
    bad.status(78)?;
    rig.clean().await?;
    rig.drop().await
}

/// One pass, within windows and by the rules: what does not qualify is left alone, a dry run does
/// nothing, and nothing is begun while no window is open.
pub async fn once(server: Server) -> Outcome {
    let tight = bloated("tight").replace("DELETE FROM public.tight WHERE id % 4 <> 0;", "");
    let setup = [bloated("t"), tight].join("\n");
    let rig = Rig::new(&server, &setup).await?;
    let oid = "'public.t'::regclass::oid";
    let before = rig.ask(oid).await?;
    rig.configure(&ANY_TIME.replace("lease", "dry_run = true\nlease"))?;
    rig.repackd(&["daemon", "--once"])?
        .status(0)?
        .says(&["qualifies; nothing is done (dry_run)"])?;
    let closed = "[[blackout]]\nfrom = 2020-01-01\nuntil = 2090-01-01\n";
    rig.configure(&format!("{closed}{ANY_TIME}"))?;
    rig.repackd(&["daemon", "--once"])?.status(0)?.says(&["queued"])?;
    if rig.ask(oid).await? != before || !rig.history()?.is_empty() {
        return Err(format!("repacked outside of any window: {:#?}", rig.history()?));
    }
    // Nor is what is queued already, once reports are all that is asked for.
    rig.configure(&ANY_TIME.replace("lease", "dry_run = true\nlease"))?;
    rig.repackd(&["daemon", "--once"])?.status(0)?;
    rig.configure(&ANY_TIME.replace("[[rule]]", "[[rule]]\ndry_run = true"))?;
    rig.repackd(&["daemon", "--once"])?.status(0)?;
    if rig.ask(oid).await? != before || !rig.history()?.is_empty() {
        return Err(format!("repacked in a dry run: {:#?}", rig.history()?));
    }
    rig.configure(ANY_TIME)?;
    let run = rig.repackd(&["daemon", "--once"])?;
    run.status(0)?.says(&["evaluated connection=shop tables=2 qualified=1", "repacked:"])?;
    if rig.ask(oid).await? == before
        || rig.endings("public.tight")?.len() + rig.endings("public.t")?.len() != 1
    {
        return Err(format!("{:#?}", rig.history()?));
    }
    // What was measured afterwards is what the next evaluation rests on.
    rig.repackd(&["daemon", "--once"])?.status(0)?.says(&["qualified=0"])?;
    let shown = rig.repackd(&["bloat", "--min-size", "1B", "--json"])?.status(0)?.json()?;
    let tables = shown["tables"].as_array().ok_or("no tables")?;
    let repacked: Vec<&Value> = tables.iter().filter(|t| !t["last_repack"].is_null()).collect();
    match repacked.as_slice() {
        [one] if one["heap"]["basis"] == "density" && one["decision"]["qualifies"] == false => {}
        _ => return Err(format!("what the store knows is not shown: {shown:#}")),
    }
    rig.repackd(&["bloat", "--min-size", "1B"])?.status(0)?.shows(&["last repack 20"])?;

    // What nobody has analyzed yet is analyzed, and then it counts.
    rig.run(&bloated("late")).await?;
    rig.run("ALTER TABLE public.late SET (autovacuum_enabled = off)").await?;
    rig.repackd(&["daemon", "--once"])?.status(0)?.says(&["qualified=1", "repacked:"])?;
    if rig.endings("public.late")? != ["done"] {
        return Err(format!("{:#?}", rig.history()?));
    }
    rig.clean().await?;
    rig.drop().await
}
