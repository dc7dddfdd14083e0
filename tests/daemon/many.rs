//! Hundreds of connections in one daemon.

use super::{Rig, bloated};
use crate::support::{Outcome, Server, words};
use std::time::{Duration, Instant};

/// Five hundred are measured, a few at a time, by a process that stays small.
pub async fn connections(server: Server) -> Outcome {
    let rig = Rig::new(&server, &bloated("t")).await?;
    let store = std::path::Path::new(&rig.file()).with_file_name("store.sqlite");
    let mut text = format!("[store]\nurl = \"{}\"\n", store.display());
    for i in 0..500 {
        text.push_str(&rig.connection(&format!("c{i}"), ""));
    }
    text.push_str(
        "[daemon]\ndry_run = true\n[[rule]]\ntables = [\"*\"]\nwhen = { bloat_ratio = 0.2 }\n",
    );
    rig.write(&text)?;
    let mut daemon = rig.start(&["daemon", "--once"])?;
    let name = &rig.database.name;
    let sessions = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}' AND application_name LIKE 'repackd%'"
    );
    let (mut most, mut threads, mut memory) = (0, 0, 0);
    let end = Instant::now() + Duration::from_secs(110);
    while daemon.is_running() && Instant::now() < end {
        let now: u32 = rig.ask(&sessions).await?.parse().map_err(words)?;
        most = most.max(now);
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", daemon.pid())).unwrap_or_default();
        let field = |name: &str| -> u64 {
            let line = status.lines().find(|line| line.starts_with(name));
            line.and_then(|l| l.split_whitespace().nth(1)).and_then(|n| n.parse().ok()).unwrap_or(0)
        };
        threads = threads.max(field("Threads:"));
        memory = memory.max(field("VmRSS:"));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let ended = daemon.wait()?;
    ended.status(0)?;
    let evaluated = ended.err.matches("evaluated connection=").count();
    println!("500 connections: {most} sessions, {threads} threads, {memory} kB at most");
    if evaluated != 500 || most == 0 || most > 12 || threads > 40 || memory > 150_000 {
        return Err(format!(
            "{evaluated} evaluated, {most} sessions, {threads} threads, {memory} kB"
        ));
    }
    rig.drop().await
}
