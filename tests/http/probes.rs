//! `/liveness`, `/readiness` and `/metrics`, from a daemon's first moment to its last.

use super::{Shown, holds, stop};
use crate::daemon::{ANY_TIME, bloated, slow};
use crate::support::cluster::Cluster;
use crate::support::{Outcome, Server, words};
use std::io::Write;
use std::process::{Command, Stdio};

/// Ready while the loop runs, and no longer once it ends; alive throughout.
pub async fn a_life(server: Server) -> Outcome {
    let shown = Shown::new(&server, &slow("t"), ANY_TIME).await?;
    shown.rig.delay("0.05").await?;
    let daemon = shown.start().await?;
    shown.client.get("/readiness").await?.shows(&["ready"])?;
    shown.client.get("/liveness").await?.status(200)?.shows(&["alive"])?;
    shown.rig.until_copying("public.t").await?;
    // It ends at the next chunk, which takes a while.
    daemon.signal("TERM")?;
    shown
        .until("it says so", "/readiness", |a| a.status == 503 && a.body.contains("stopping"))
        .await?;
    shown.client.get("/liveness").await?.status(200)?;
    daemon.wait()?.status(0)?;
    holds("nobody listens", shown.client.get("/liveness").await.is_err(), ())?;
    shown.rig.delay("0").await?;
    shown.rig.repackd(&["resume", "t"])?.status(0)?;
    shown.drop().await
}

/// Without the store it is alive, and not ready; the page says so, and since when, and shows what it has.
pub async fn store_out_of_reach(server: Server) -> Outcome {
    let own = Cluster::create(server.version).await?;
    let shown = Shown::new(&server, &slow("t"), "").await?;
    let port = shown.client.port;
    shown.rig.write(&format!(
        "[store]\nurl = \"{}\"\n[http]\nlisten = \"127.0.0.1:{port}\"\n{}\n{ANY_TIME}",
        own.server().url,
        shown.rig.connection("shop", "")
    ))?;
    shown.rig.delay("0.05").await?;
    let daemon = shown.start().await?;
    shown.rig.until_copying("public.t").await?;
    own.stop("immediate")?;
    shown
        .until("it is told", "/readiness", |a| a.status == 503 && a.body.contains("store"))
        .await?;
    shown.client.get("/liveness").await?.status(200)?;
    let lost = |s: &serde_json::Value| {
        s["store"]["reached"] == false && s["store"]["lost_since"].is_string()
    };
    let status = shown.until_json("since when", "/api/v1/status", lost).await?;
    holds("what is at work", status["running"][0]["phase"] == "copy", &status)?;
    holds("how much waits", status["waiting"].is_null(), &status)?;
    let page = shown.client.get("/").await?.status(200)?;
    page.shows(&[
        "The store cannot be asked since",
        "public.t",
        "It is in the store",
        "They are in the store",
        "unknown: the store cannot be asked",
    ])?;
    for untrue in ["Nothing is on record", "not yet", "Nothing waits"] {
        holds(untrue, !page.body.contains(untrue), &page.body)?;
    }
    shown.client.get("/api/v1/history").await?.status(503)?.shows(&["the store"])?;
    shown.client.get("/history").await?.status(503)?.shows(&["No answer"])?;
    shown.rig.delay("0").await?;
    own.start()?;
    shown.until("it is back", "/readiness", |a| a.status == 200).await?;
    shown
        .rig
        .until("it is done", 120, || {
            Ok(shown.rig.endings("public.t")?.last().is_some_and(|e| e == "done"))
        })
        .await?;
    stop(daemon)?;
    shown.drop().await
}

/// Before its first turn it says of windows and the store that it does not know.
pub async fn starting(server: Server) -> Outcome {
    let shown = Shown::new(&server, "", "").await?;
    // Whoever connects waits for an answer.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").map_err(words)?;
    let (at, port) = (silent.local_addr().map_err(words)?, shown.client.port);
    shown.rig.write(&format!(
        "[store]\nurl = \"postgres://me@{at}/fleet\"\n[http]\nlisten = \"127.0.0.1:{port}\"\n{}\n{ANY_TIME}",
        shown.rig.connection("shop", "")
    ))?;
    let mut daemon = shown.rig.start(&["daemon"])?;
    let page = shown.until("it listens", "/", |a| a.status == 200).await?;
    page.shows(&["The daemon is starting", "not known yet"])?;
    for untrue in ["no window is to come", "Nothing is on record", "not yet", "closed"] {
        holds(untrue, !page.body.contains(untrue), &page.body)?;
    }
    holds("it still starts", daemon.is_running(), daemon.said())?;
    daemon.signal("KILL")?;
    daemon.wait()?;
    shown.drop().await
}

/// The figures of a run, as Prometheus reads them.
pub async fn figures(server: Server) -> Outcome {
    let shown = Shown::new(&server, &bloated("t"), ANY_TIME).await?;
    let daemon = shown.start().await?;
    shown.rig.until_ended("public.t", &["done"], 60).await?;
    let counted = "repackd_runs_total{repackd_connection=\"shop\",repackd_outcome=\"success\"} 1";
    let answer = shown.until("it is counted", "/metrics", |a| a.body.contains(counted)).await?;
    let kind = answer.header("content-type").unwrap_or_default();
    holds("its type", kind.starts_with("text/plain; version=0.0.4"), kind)?;
    stop(daemon)?;
    shown.drop().await?;
    let Some(promtool) = std::env::var_os("REPACKD_TEST_PROMTOOL") else {
        eprintln!("SKIPPED: REPACKD_TEST_PROMTOOL is not set, the metrics are not checked");
        return Ok(());
    };
    let mut command = Command::new(promtool);
    command.args(["check", "metrics"]).stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(words)?;
    child.stdin.take().ok_or("no stdin")?.write_all(answer.body.as_bytes()).map_err(words)?;
    let output = child.wait_with_output().map_err(words)?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    holds("promtool", output.status.success() && said.is_empty(), &said)
}

/// A single pass is over before anybody could look, and a port that is taken is no reason not to make it.
pub async fn single_pass(server: Server) -> Outcome {
    let shown = Shown::new(&server, &bloated("t"), ANY_TIME).await?;
    let taken = std::net::TcpListener::bind(("127.0.0.1", shown.client.port)).map_err(words)?;
    shown.rig.repackd(&["daemon", "--once"])?.status(0)?;
    drop(taken);
    holds("repacked", shown.rig.endings("public.t")? == ["done"], ())?;
    shown.drop().await
}
