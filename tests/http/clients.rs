//! Clients that hang, and many of them: the daemon goes on, and others get their answers.

use super::{Shown, holds, stop};
use crate::daemon::{ANY_TIME, bloated};
use crate::support::{Outcome, Server, words};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// One that sends half a request and one that does not read: a table is repacked meanwhile, and both are
/// hung up on.
pub async fn hung(server: Server) -> Outcome {
    let shown = Shown::new(&server, &bloated("t"), ANY_TIME).await?;
    let daemon = shown.start().await?;
    let mut half = shown.client.connect().await?;
    half.write_all(b"GET / HTTP/1.1\r\nHost: localh").await.map_err(words)?;
    let mut silent = shown.client.connect().await?;
    let began = Instant::now();
    let mut deaf = shown.client.connect().await?;
    let many = "GET /page.js HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(2000);
    // Its answers are more than anybody buffers.
    let _ = tokio::time::timeout(Duration::from_secs(2), deaf.write_all(many.as_bytes())).await;
    shown.rig.until_ended("public.t", &["done"], 60).await?;
    shown.client.get("/").await?.status(200)?;
    let mut rest = Vec::new();
    for hung in [&mut half, &mut silent] {
        let ended =
            tokio::time::timeout(Duration::from_secs(60), hung.read_to_end(&mut rest)).await;
        holds("hung up on", ended.is_ok(), began.elapsed())?;
    }
    holds("not at once", began.elapsed() > Duration::from_secs(20), began.elapsed())?;
    stop(daemon)?;
    shown.drop().await
}

/// More than there is room for. The newest always gets an answer, and the daemon has no more sockets than
/// it allows.
pub async fn many(server: Server) -> Outcome {
    let shown = Shown::new(&server, &bloated("t"), ANY_TIME).await?;
    let daemon = shown.start().await?;
    let mut open = Vec::new();
    for n in 0..200 {
        open.push(shown.client.connect().await?);
        if n % 50 == 49 {
            let asked = Instant::now();
            shown.client.get("/liveness").await?.status(200)?;
            shown.client.get("/").await?.status(200)?;
            holds("soon", asked.elapsed() < Duration::from_secs(5), asked.elapsed())?;
        }
    }
    let sockets = std::fs::read_dir(format!("/proc/{}/fd", daemon.pid()))
        .map_err(words)?
        .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
        .filter(|to| to.to_string_lossy().starts_with("socket:"))
        .count();
    // 64 clients, the listener, and the daemon's own to two databases.
    holds("sockets", sockets < 64 + 30, sockets)?;
    drop(open);
    // All at once, each asking for what takes the store.
    let asked = (0..60).map(|_| shown.client.get("/api/v1/history"));
    let answers = futures_util::future::join_all(asked).await;
    let answered = answers.iter().flatten().filter(|a| a.status == 200).count();
    holds(
        "answered",
        answered == 60,
        answers.iter().flatten().map(|a| a.status).collect::<Vec<_>>(),
    )?;
    shown.rig.until_ended("public.t", &["done"], 60).await?;
    stop(daemon)?;
    shown.drop().await
}
