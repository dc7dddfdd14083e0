//! Size and bloat over time: what evaluations leave in the store, and what is shown of it.

use super::{Shown, holds, stop};
use crate::daemon::bloated;
use crate::support::{Outcome, Server};
use serde_json::{Value, json};

const CLOSED: &str = "
[daemon]
lease = \"3s\"
[[blackout]]
from = 2020-01-01
until = 2090-01-01
[[rule]]
name = \"all\"
tables = [\"*\"]
when = { bloat_ratio = 0.2 }
";

const OF_T: &str = "/api/v1/samples?connection=shop&schema=public&name=t";

/// A table that grows, shrinks and goes.
pub async fn over_time(server: Server) -> Outcome {
    let tables = [bloated("t").replace("6000", "30000"), bloated("tiny").replace("6000", "10")];
    let shown = Shown::new(&server, &tables.join("\n"), CLOSED).await?;
    let daemon = shown.start().await?;
    let first = shown.until_json("it is measured", OF_T, |v| v["samples"][0].is_object()).await?;
    let table = &first["table"];
    holds("due", table["due"] == true && table["rule"] == "all", table)?;
    holds("why", table["why"].as_str().is_some_and(|w| w.starts_with("bloat_ratio 7")), table)?;
    let sum = ["heap_bytes", "index_bytes", "toast_bytes"].map(|p| table[p].as_i64().unwrap_or(0));
    holds("its parts", table["bytes"].as_i64() == Some(sum.iter().sum()), table)?;
    let tables = shown.client.json("/api/v1/tables?due=true").await?;
    holds("in the list of those due", tables["count"] == 1, &tables)?;
    // Too small for a history, but known.
    let tiny = OF_T.replace("name=t", "name=tiny");
    let tiny = shown.client.json(&tiny).await?;
    holds("no samples", tiny["samples"].as_array().is_some_and(Vec::is_empty), &tiny)?;

    let again = async |what: &str, holds: &dyn Fn(&Value) -> bool| -> Result<Value, String> {
        // A second passes, so that two samples are two moments.
        tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
        shown.client.post("/api/v1/evaluate", &json!({})).await?.status(200)?;
        shown.until_json(what, OF_T, holds).await
    };
    let count = |v: &Value| v["samples"].as_array().map_or(0, Vec::len);
    // Nothing has changed, so nothing is added.
    let measured =
        |status: &Value| status["connections"][0]["evaluated"].as_str().map(str::to_owned);
    let before = measured(&shown.client.json("/api/v1/status").await?);
    again("asked", &|_| true).await?;
    let later = |status: &Value| measured(status).is_some() && measured(status) > before;
    shown.until_json("it was measured again", "/api/v1/status", later).await?;
    let same = shown.client.json(OF_T).await?;
    holds("one sample", count(&same) == 1, &same)?;
    let grow = "INSERT INTO public.t SELECT i, repeat('y', 200), 1 FROM generate_series(100001, 120000) i; ANALYZE public.t";
    shown.rig.run(grow).await?;
    let grown = again("it grew", &|v| count(v) == 2).await?;
    let bytes = |n: usize| grown["samples"][n]["bytes"].as_i64();
    holds("larger", bytes(1) > bytes(0), &grown)?;
    let page = "/table?connection=shop&schema=public&name=t";
    let page = shown.client.get(page).await?.status(200)?;
    page.shows(&[
        "<svg",
        "<title id=\"chart-title\">Size and bloat of public.t</title>",
        "The figures",
    ])?;
    let curve = page.body.split("class=\"size\" d=\"").nth(1).unwrap_or_default();
    holds("a step", curve.split('"').next().is_some_and(|d| d.matches('V').count() == 1), curve)?;
    shown.rig.run("DROP TABLE public.t").await?;
    let gone = again("it is gone", &|v| v["table"]["gone"].is_string()).await?;
    holds("its history stays", count(&gone) == 2, &gone)?;
    let tables = shown.client.json("/api/v1/tables").await?;
    holds("not in the list", tables["count"] == 1, &tables)?;
    stop(daemon)?;
    shown.drop().await
}
