//! The API: a run seen live, the queue and its reasons, what can be told to it; every answer as its
//! description says.

use super::contract::{Contract, complete};
use super::{Shown, holds, stop};
use crate::daemon::{ANY_TIME, bloated, slow};
use crate::support::{Outcome, Server};
use serde_json::{Value, json};

pub async fn on_sqlite(server: Server) -> Outcome {
    let setup = [slow("large"), bloated("small")].join("\n");
    let shown = Shown::new(&server, &setup, &largest_first()).await?;
    night(shown).await
}

pub async fn on_postgres(server: Server) -> Outcome {
    let setup = [slow("large"), bloated("small")].join("\n");
    let shown = Shown::on_postgres(&server, &setup, &largest_first()).await?;
    night(shown).await
}

pub fn largest_first() -> String {
    ANY_TIME.replace("name = \"all\"", "name = \"all\"\norder = \"largest\"")
}

/// A night, and what the daemon said if it went wrong.
async fn night(shown: Shown) -> Outcome {
    shown.rig.delay("0.02").await?;
    let daemon = shown.start().await?;
    all_of_it(&shown).await.map_err(|e| format!("{e}\n--- daemon\n{}", daemon.said()))?;
    stop(daemon)?;
    shown.drop().await
}

/// Everything that can be asked and done.
async fn all_of_it(shown: &Shown) -> Outcome {
    let mut contract = Contract::new(&shown.client).await?;
    // The large one at work, live.
    let status = shown
        .until_json("the copy is under way", "/api/v1/status", |status| {
            let run = &status["running"][0];
            run["phase"] == "copy" && run["progress"].as_f64() > Some(0.0) && run["rows"].is_u64()
        })
        .await?;
    let run = &status["running"][0];
    holds("whose", run["table"] == "public.large" && run["here"] == true, run)?;
    let first = run["progress"].as_f64();
    let more = |status: &Value| status["running"][0]["progress"].as_f64() > first;
    let status = shown.until_json("it goes on", "/api/v1/status", more).await?;
    let run = &status["running"][0];
    let figures = ["rows_per_second", "bytes_per_second", "seconds_left", "seconds"];
    holds("rate and time left", figures.iter().all(|f| run[*f].as_f64() > Some(0.0)), run)?;
    let id = run["run"].as_i64().ok_or("no number")?;
    contract.get("/status").await?.status(200)?;
    contract.get("/windows").await?.status(200)?;
    contract.get("/windows?count=0").await?.status(400)?;
    // The small one waits for it, and says so.
    let queue = contract.get("/queue").await?.status(200)?.json()?;
    let small = queue.as_array().into_iter().flatten().find(|e| e["table"] == "public.small");
    let small = small.ok_or_else(|| format!("it is not queued: {queue:#}"))?;
    holds("why it waits", small["reason"] == "after public.large, which is at work", small)?;
    let detail = contract.get(&format!("/runs/{id}")).await?.status(200)?.json()?;
    holds("its run", detail["ending"].is_null() && detail["phases"].is_array(), &detail)?;

    // It is paused, and says by whom; the small one takes its turn.
    let large = json!({ "connection": "shop", "schema": "public", "name": "large", "by": "ann" });
    contract
        .post("/pause", &large)
        .await?
        .status(200)?
        .shows(&["large of connection shop is paused"])?;
    let pauses = contract.get("/pauses").await?.status(200)?.json()?;
    let by = pauses[0]["by"].as_str().unwrap_or_default();
    holds("by whom", by == "ann at 127.0.0.1, over http", &pauses)?;
    shown.rig.until_ended("public.large", &["paused"], 30).await?;
    shown.rig.until_ended("public.small", &["done"], 60).await?;
    let queue = contract.get("/queue").await?.status(200)?.json()?;
    let reason = queue[0]["reason"].as_str().unwrap_or_default();
    holds("why it waits", reason.contains("is paused by ann"), &queue)?;
    let small = shown
        .until_json("its end", "/api/v1/history?name=small", |h| h["runs"][0]["ending"] == "done");
    let id = small.await?["runs"][0]["id"].as_i64().ok_or("no number")?;
    let detail = contract.get(&format!("/runs/{id}")).await?.status(200)?.json()?;
    let phases = detail["phases"].as_array().cloned().unwrap_or_default();
    let names: Vec<_> = phases.iter().filter_map(|p| p["phase"].as_str()).collect();
    holds("its phases", names.starts_with(&["preflight", "prepare", "capture", "copy"]), &names)?;
    holds("its report", detail["report"]["ending"] == "done", &detail)?;

    // It goes on, and is given up.
    contract.post("/resume", &large).await?.status(200)?.shows(&["is not paused any more"])?;
    contract
        .post("/resume", &large)
        .await?
        .status(200)?
        .shows(&["neither paused nor set aside"])?;
    shown
        .until_json("it is at work again", "/api/v1/status", |s| s["running"][0]["name"] == "large")
        .await?;
    contract.post("/cancel", &large).await?.status(200)?.shows(&["1 given up"])?;
    shown.rig.until_ended("public.large", &["paused", "cancelled"], 60).await?;
    let aside = |queue: &Value| queue[0]["state"] == "aside";
    let queue = shown.until_json("it is set aside", "/api/v1/queue", aside).await?;
    let reason = queue[0]["reason"].as_str().unwrap_or_default();
    holds("why", reason.starts_with("cancelled by ann at 127.0.0.1"), &queue)?;
    contract.get("/queue").await?.status(200)?;
    shown.rig.delay("0").await?;
    contract.post("/resume", &large).await?.status(200)?.shows(&["is back in the queue"])?;
    shown.rig.until_ended("public.large", &["paused", "cancelled", "done"], 90).await?;

    // It is measured when somebody says so, not when the schedule would.
    let at = |status: &Value| status["connections"][0]["evaluated"].as_str().map(str::to_owned);
    let before = at(&contract.get("/status").await?.json()?);
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    contract.post("/evaluate", &json!({ "connection": "shop" })).await?.status(200)?;
    let again = |status: &Value| at(status).is_some() && at(status) > before;
    shown.until_json("it was measured again", "/api/v1/status", again).await?;
    contract.post("/evaluate", &large).await?.status(400)?;
    contract.post("/evaluate", &json!({ "connection": "no" })).await?.status(404)?;
    contract.post("/pause", &json!({ "conection": "shop" })).await?.status(400)?;

    // Page by page.
    let all = contract.get("/history").await?.status(200)?.json()?;
    let ids = |history: &Value| -> Vec<i64> {
        history["runs"].as_array().into_iter().flatten().filter_map(|r| r["id"].as_i64()).collect()
    };
    holds("four runs", ids(&all).len() == 4 && all["before"].is_null(), &all)?;
    let mut one_by_one = Vec::new();
    let mut path = "/history?limit=1".to_owned();
    loop {
        let page = contract.get(&path).await?.status(200)?.json()?;
        one_by_one.extend(ids(&page));
        match page["before"].as_i64() {
            Some(before) => path = format!("/history?limit=1&before={before}"),
            None => break,
        }
    }
    holds("the same, one by one", one_by_one == ids(&all), &one_by_one)?;
    let large = contract.get("/history?connection=shop&schema=public&name=large").await?.json()?;
    holds("of one table", ids(&large).len() == 3, &large)?;
    let none = contract.get("/history?connection=other").await?.status(200)?.json()?;
    holds("of another connection", ids(&none).is_empty(), &none)?;

    let tables = contract.get("/tables?by=name&search=SMALL").await?.status(200)?.json()?;
    holds("by a part of its name", tables["count"] == 1, &tables)?;
    let small = &tables["tables"][0];
    holds("after its repack", small["due"] == false && small["last_repack"].is_string(), small)?;
    let over = contract.get("/samples?connection=shop&schema=public&name=large").await?;
    let over = over.status(200)?.json()?;
    let bytes = |n: usize| over["samples"][n]["bytes"].as_i64();
    holds("before and after its repack", bytes(1) < bytes(0) && bytes(1).is_some(), &over)?;
    complete(&contract.check()?)
}

/// What is asked for wrongly, or is not there, is answered in JSON, as described.
pub async fn what_is_not_there(server: Server) -> Outcome {
    let shown = Shown::new(&server, &bloated("t"), "[[blackout]]\nfrom = 2020-01-01\nuntil = 2090-01-01\n[[rule]]\nname = \"all\"\ntables = [\"*\"]\nwhen = { bloat_ratio = 0.2 }\n").await?;
    let daemon = shown.start().await?;
    let mut contract = Contract::new(&shown.client).await?;
    for (path, status) in [
        ("/runs/4711", 404),
        ("/runs/x", 400),
        ("/history?limit=0", 400),
        ("/history?limit=1001", 400),
        ("/history?before=x", 400),
        ("/history?schema=public", 400),
        ("/history?colour=red", 400),
        ("/tables?by=colour", 400),
        ("/samples?connection=shop&schema=public&name=nothing", 404),
        ("/samples?connection=shop", 400),
        ("/samples?connection=shop&schema=public&name=t&days=0", 400),
    ] {
        contract.get(path).await?.status(status)?;
    }
    let nowhere = shown.client.get("/api/v1/nothing").await?.status(404)?;
    holds("JSON", nowhere.json()?["error"].is_string(), &nowhere)?;
    shown.client.get("/nothing").await?.status(404)?.shows(&["<h1>Not there</h1>"])?;
    shown.client.get("/runs/4711").await?.status(404)?.shows(&["there is no run 4711"])?;
    let rows = "x".repeat(20_000);
    let large = json!({ "by": rows });
    shown.client.post("/api/v1/pause", &large).await?.status(413)?;
    contract.post("/pause", &json!({ "by": "a\nb" })).await?.status(400)?;
    contract.post("/pause", &json!({ "schema": "public" })).await?.status(400)?;
    // Closed, until 2090; nobody waits for a window that is not to come without being told.
    let queued = |queue: &Value| queue[0]["table"] == "public.t";
    let queue = shown.until_json("it is queued", "/api/v1/queue", queued).await?;
    let reason = queue[0]["reason"].as_str().unwrap_or_default();
    holds("why it waits", reason == "no window of rule all is to come", &queue)?;
    let windows = contract.get("/windows").await?.status(200)?.json()?;
    let rule = &windows["rules"][0];
    holds("closed", rule["open"] == false && rule["opens"].is_null(), &windows)?;
    contract.check()?;
    stop(daemon)?;
    shown.drop().await
}
