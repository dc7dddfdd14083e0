//! Runs that a daemon finds left, and has to leave.

use super::{ANY_TIME, Rig, bloated};
use crate::support::program::{finish, program};
use crate::support::{Outcome, Server, control, expect, words};
use repackd::engine;
use repackd::job::Ending;
use std::time::Duration;

/// Lets a daemon do what is due, again and again, until a table's attempts are so many.
async fn until_tried(rig: &Rig, table: &str, times: usize) -> Result<Vec<String>, String> {
    for _ in 0..60 {
        let ended = rig.repackd(&["daemon", "--once"])?;
        // 1: an attempt failed.
        if !matches!(ended.status, Some(0 | 1)) {
            return Err(format!("{ended}"));
        }
        let endings = rig.endings(table)?;
        if endings.len() >= times {
            return Ok(endings);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    Err(format!("{table} was not tried {times} times: {:#?}", rig.history()?))
}

/// Lets a daemon begin, and kills it at a failpoint.
fn kill_at(rig: &Rig, point: &str) -> Outcome {
    let mut daemon = program(&["daemon", "--once", "--config", &rig.file()]);
    daemon.env("REPACKD_FAILPOINT", format!("{point}=kill"));
    let killed = finish(daemon)?;
    match killed.status {
        None => Ok(()),
        Some(_) => Err(format!("it was not killed: {killed}")),
    }
}

/// From here on nobody knows what was begun.
fn lose_the_store(rig: &Rig) -> Outcome {
    let store = std::path::Path::new(&rig.file()).with_file_name("store.sqlite");
    std::fs::remove_file(store).map_err(words)
}

/// What a person has prepared is neither cut over nor removed, however often the daemon comes by.
pub async fn a_persons(server: Server) -> Outcome {
    let rig = Rig::new(&server, &bloated("t")).await?;
    rig.configure(&ANY_TIME.replace("[daemon]", "[daemon]\nattempts = 1"))?;
    rig.repackd(&["prepare", "t"])?.status(0)?;
    let oid = rig.ask("'public.t'::regclass::oid").await?;
    let endings = until_tried(&rig, "public.t", 3).await?;
    if endings.iter().any(|ending| ending != "busy") || rig.queue()?[0]["begun"] != false {
        return Err(format!("{endings:?}, {:#?}", rig.queue()?));
    }
    // Nor when the daemon is to give up what it has.
    let (job, number) = (rig.database.job("shape_owner"), oid.parse().map_err(words)?);
    expect(&engine::remove(&job, number, &control().0).await, Ending::Refused)?;
    if rig.clean().await.is_ok() {
        return Err("it was removed".into());
    }
    if rig.ask("'public.t'::regclass::oid").await? != oid {
        return Err("it was cut over".into());
    }
    rig.repackd(&["abort", "t"])?.status(0)?;
    rig.clean().await?;
    rig.drop().await
}

/// The new table is dropped by somebody before the old one is: the daemon leaves that to a person, even
/// when it has tried for the last time.
pub async fn the_last_copy(server: Server) -> Outcome {
    let rig = Rig::new(&server, &bloated("t")).await?;
    rig.configure(&ANY_TIME.replace("[daemon]", "[daemon]\nattempts = 1"))?;
    let oid = rig.ask("'public.t'::regclass::oid").await?;
    kill_at(&rig, "cleanup-drop-before")?;
    rig.run("DROP TABLE public.t").await?;
    until_tried(&rig, "public.t", 2).await?;
    rig.repackd(&["daemon", "--once"])?.status(0)?;
    let history = rig.history()?;
    let (_, ending, last) = history.last().ok_or("no history")?;
    let reason = last["reason"].as_str().unwrap_or_default();
    if ending != "failed" || !reason.contains("was dropped by somebody") {
        return Err(format!("{history:#?}"));
    }
    if rig.queue()?[0]["state"] != "aside" {
        return Err(format!("{:#?}", rig.queue()?));
    }
    let rows = rig.ask(&format!("SELECT count(*) FROM repackd_{oid}_old.t")).await?;
    if rows != "1500" {
        return Err(format!("{rows} rows are left"));
    }
    // Nor is it asked for by whoever asks for all of the daemon's work to be given up.
    rig.repackd(&["cancel"])?.status(0)?;
    rig.repackd(&["daemon", "--once"])?;
    if rig.ask(&format!("SELECT count(*) FROM repackd_{oid}_old.t")).await? != "1500" {
        return Err("it is gone".into());
    }
    rig.repackd(&["abort", "t"])?.status(0)?;
    rig.clean().await?;
    rig.drop().await
}

/// The store is lost, and by its rule the table is not to be repacked any more: what was begun is brought
/// to its end all the same, before the cutover and after it.
pub async fn unknown_to_the_store(server: Server) -> Outcome {
    for point in ["index-build-before", "cleanup-drop-before"] {
        let rig = Rig::new(&server, &bloated("t")).await?;
        rig.configure(ANY_TIME)?;
        let oid = rig.ask("'public.t'::regclass::oid").await?;
        kill_at(&rig, point)?;
        lose_the_store(&rig)?;
        rig.configure(&ANY_TIME.replace("0.2", "0.99"))?;
        let endings = until_tried(&rig, "public.t", 1).await?;
        if endings != ["done"] || rig.ask("'public.t'::regclass::oid").await? == oid {
            return Err(format!("{point}: {endings:?}"));
        }
        rig.clean().await?;
        rig.drop().await?;
    }
    Ok(())
}

/// The same in a window that is closed: whoever cancels it has it removed.
pub async fn cancelled(server: Server) -> Outcome {
    let rig = Rig::new(&server, &bloated("t")).await?;
    rig.configure(ANY_TIME)?;
    let oid = rig.ask("'public.t'::regclass::oid").await?;
    kill_at(&rig, "index-build-before")?;
    lose_the_store(&rig)?;
    let closed = "[[window]]\nname = \"never\"\nopen = \"0 0 29 2 *\"\nduration = \"1min\"\n";
    let rules = ANY_TIME.replace("[[rule]]", &format!("{closed}[[rule]]\nwindows = [\"never\"]"));
    rig.configure(&rules)?;
    rig.repackd(&["daemon", "--once"])?.status(0)?;
    if rig.queue()?[0]["begun"] != true {
        return Err(format!("{:#?}", rig.queue()?));
    }
    rig.repackd(&["cancel", "t"])?.status(0)?;
    rig.repackd(&["daemon", "--once"])?.status(0)?;
    rig.clean().await?;
    if rig.ask("'public.t'::regclass::oid").await? != oid {
        return Err("it was repacked".into());
    }
    rig.drop().await
}
