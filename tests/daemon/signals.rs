//! SIGTERM, twice; SIGHUP.

use super::{ANY_TIME, Rig, bloated, slow};
use crate::support::{Outcome, Server};
use std::time::{Duration, Instant};

/// It stops at the next chunk, ends well, and the next daemon goes on.
pub async fn terminate_and_go_on(server: Server) -> Outcome {
    let rig = Rig::new(&server, &slow("large")).await?;
    rig.configure(ANY_TIME)?;
    rig.delay("0.01").await?;
    let daemon = rig.start(&["daemon"])?;
    rig.until_copying("public.large").await?;
    let asked = Instant::now();
    daemon.signal("TERM")?;
    daemon.wait()?.status(0)?.says(&["the daemon was stopped", "the daemon ends"])?;
    if asked.elapsed() > Duration::from_secs(20) {
        return Err(format!("it took {:?}", asked.elapsed()));
    }
    let queue = rig.queue()?;
    if queue.len() != 1 || queue[0]["state"] != "waiting" || queue[0]["begun"] != true {
        return Err(format!("one that was begun and waits: {queue:#?}"));
    }
    let oid = rig.ask("'public.large'::regclass::oid").await?;
    let began = rig.ask(&format!("SELECT started FROM repackd_{oid}.journal")).await?;
    rig.delay("0.002").await?;
    let daemon = rig.start(&["daemon"])?;
    rig.until("it works again", 30, || Ok(rig.queue()?.iter().any(|e| e["state"] == "running")))
        .await?;
    // The same run, not a new one.
    let now = rig.ask(&format!("SELECT started FROM repackd_{oid}.journal")).await?;
    if now != began {
        return Err(format!("begun at {began}, and again at {now}"));
    }
    rig.delay("0").await?;
    rig.until_ended("public.large", &["interrupted", "done"], 90).await?;
    daemon.signal("INT")?;
    daemon.wait()?.status(0)?;
    rig.clean().await?;
    rig.drop().await
}

pub async fn second_terminate(server: Server) -> Outcome {
    let rig = Rig::new(&server, &slow("large")).await?;
    rig.configure(ANY_TIME)?;
    // A chunk takes longer than anybody will wait.
    rig.delay("0.3").await?;
    let mut daemon = rig.start(&["daemon"])?;
    rig.until("it copies", 60, || Ok(rig.queue()?.iter().any(|e| e["phase"] == "copy"))).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    daemon.signal("TERM")?;
    daemon.until_says("stopping").await?;
    let asked = Instant::now();
    daemon.signal("TERM")?;
    daemon.wait()?.status(143)?.says(&["stopped at once"])?;
    if asked.elapsed() > Duration::from_secs(2) {
        return Err(format!("it took {:?}", asked.elapsed()));
    }
    // Whoever comes next takes the table over when the lease is over, and ends what still runs.
    rig.delay("0").await?;
    let daemon = rig.start(&["daemon"])?;
    rig.until_ended("public.large", &["lost", "done"], 90).await?;
    daemon.signal("TERM")?;
    daemon.wait()?.status(0)?;
    rig.clean().await?;
    rig.drop().await
}

/// A new configuration is taken up, a bad one is not.
pub async fn hangup(server: Server) -> Outcome {
    let setup = [bloated("one"), bloated("two")].join("\n");
    let rig = Rig::new(&server, &setup).await?;
    let only = |table: &str| ANY_TIME.replace("\"*\"", &format!("\"public.{table}\""));
    rig.configure(&only("one"))?;
    let mut daemon = rig.start(&["daemon"])?;
    rig.until_ended("public.one", &["done"], 60).await?;
    let good = std::fs::read_to_string(rig.file()).map_err(|e| e.to_string())?;
    rig.write(&format!("{good}\n[[rule]]\ntabels = [\"*\"]\n"))?;
    daemon.signal("HUP")?;
    daemon.until_says("the new configuration is not used").await?;
    if !daemon.said().contains("did you mean `tables`") || !daemon.is_running() {
        return Err(daemon.said());
    }
    // Measured every minute, so that the test need not wait for the quarter.
    rig.configure(&format!(
        "[evaluate]\nschedule = \"* * * * *\"\njitter = \"0s\"\n{}",
        only("two")
    ))?;
    daemon.signal("HUP")?;
    daemon.until_says("goes on with the new configuration").await?;
    rig.until_ended("public.two", &["done"], 100).await?;
    daemon.signal("TERM")?;
    daemon.wait()?.status(0)?;
    rig.drop().await
}
