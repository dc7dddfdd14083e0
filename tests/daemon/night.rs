//! A real night in minutes: a window of one minute in two, a workload, five tables.

use super::{Rig, bloated, session, slow};
use crate::support::{Outcome, Server, words};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The window is open in every other minute.
const CONFIG: &str = "
[daemon]
lease = \"5s\"
backoff = \"2s\"
attempts = 5
[[window]]
name = \"other\"
open = \"MINUTES * * * *\"
duration = \"1min\"
last_start_before_end = \"3s\"
at_window_end = \"pause\"
[[rule]]
name = \"small first\"
tables = [\"*\"]
exclude = [\"public.large\"]
when = { bloat_ratio = 0.2 }
priority = 10
[[rule]]
name = \"the large one\"
tables = [\"public.large\"]
when = { bloat_ratio = 0.2 }
chunk_time = \"500ms\"
";

/// One table is too large for a window, one has no key, one is kept by a reader who stays.
pub async fn two_windows(server: Server) -> Outcome {
    let setup = [
        bloated("orders"),
        bloated("items"),
        bloated("held"),
        slow("large"),
        bloated("heap"),
        "ALTER TABLE public.heap DROP CONSTRAINT heap_pkey;".into(),
    ];
    let rig = Rig::new(&server, &setup.join("\n")).await?;
    let more = "cutover_wait = \"3s\"\nold_snapshots_wait = \"2s\"";
    let store = std::path::Path::new(&rig.file()).with_file_name("store.sqlite");
    // The next minute to begin is one of its own.
    let minutes = if odd(&rig.ask("to_char(now(), 'MI')").await?)? { "*/2" } else { "1-59/2" };
    rig.write(&format!(
        "[store]\nurl = \"{}\"\n{}\n{}",
        store.display(),
        rig.connection("shop", more),
        CONFIG.replace("MINUTES", minutes)
    ))?;
    rig.delay("0.05").await?;
    let reader = session(&rig).await?;
    reader.batch_execute("BEGIN; SELECT count(*) FROM public.held").await.map_err(words)?;
    let over = Arc::new(AtomicBool::new(false));
    let writer = tokio::spawn(write(session(&rig).await?, Arc::clone(&over)));
    let daemon = rig.start(&["daemon"])?;

    // Whatever minute it begins in, the large one is paused at the end of a window.
    rig.until("the large one is paused", 200, || {
        Ok(rig.endings("public.large")?.last().is_some_and(|e| e == "paused"))
    })
    .await?;
    let first = rig.history()?;
    // In the next, it is as if the reader had gone home and the disks were faster.
    reader.batch_execute("COMMIT").await.map_err(words)?;
    rig.delay("0").await?;
    rig.until("all are done", 200, || {
        let done = |t: &str| Ok::<_, String>(rig.endings(t)?.last().is_some_and(|e| e == "done"));
        Ok(done("public.large")?
            && done("public.held")?
            && done("public.orders")?
            && done("public.items")?)
    })
    .await?;
    over.store(true, Ordering::Relaxed);
    let written = writer.await.map_err(words)??;
    daemon.signal("TERM")?;
    let ended = daemon.wait()?;
    ended.status(0)?.says(&["repacked:", "its window ended; it goes on in the next"])?;

    // The story that history tells.
    let story = rig.history()?;
    let of = |table: &str| -> Vec<&str> {
        story.iter().filter(|(t, ..)| t == table).map(|(_, ending, _)| ending.as_str()).collect()
    };
    let told = |what: &str| Err(format!("{what}: {story:#?}"));
    if of("public.orders") != ["done"] || of("public.items") != ["done"] {
        return told("the two plain ones are done once");
    }
    if of("public.heap") != ["refused"] {
        return told("the one without a key is refused once");
    }
    let held = of("public.held");
    if held.first() != Some(&"failed") || held.last() != Some(&"done") {
        return told("the held one fails, then is done");
    }
    let large = of("public.large");
    if large != ["paused", "done"] {
        return told("the large one is paused once, then done");
    }
    for (table, ending, attempt) in &story {
        let reason = attempt["reason"].as_str().unwrap_or_default();
        let expected = match (table.as_str(), ending.as_str()) {
            ("public.heap", _) => "no key",
            ("public.held", "failed") => "no quiet moment",
            ("public.large", "paused") => "window ended",
            _ => "",
        };
        if !reason.contains(expected) {
            return told(&format!("{expected} is the reason for {table}"));
        }
        // Begun within a window, and not in its last three seconds.
        let began = attempt["began"].as_str().ok_or("no time")?;
        let (minute, second) = (began.get(14..16).ok_or("no minute")?, began.get(17..19));
        let late = second.and_then(|s| s.parse::<u32>().ok()).is_none_or(|s| s >= 58);
        if late || odd(minute)? != (minutes != "*/2") {
            return told(&format!("{table} was begun outside of the window"));
        }
        if ending == "done" && attempt["phases"]["copy"].as_f64().is_none() {
            return told(&format!("{table} has its phases"));
        }
    }
    // What was copied before the pause was not copied again.
    let paused = first.iter().find(|(t, e, _)| t == "public.large" && e == "paused");
    let seconds = |a: &serde_json::Value| a["phases"]["copy"].as_f64().unwrap_or_default();
    let (before, after) = (
        paused.map(|p| seconds(&p.2)),
        story.iter().find(|(t, e, _)| t == "public.large" && e == "done"),
    );
    if before.unwrap_or_default() < 1.0
        || after.map(|a| seconds(&a.2)).unwrap_or_default() < before.unwrap_or_default()
    {
        return told("the copy went on where it was");
    }
    let found =
        rig.ask("SELECT count(*) || ' ' || sum(n) FROM public.orders WHERE id > 100000").await?;
    if found != written {
        return Err(format!("the writer wrote {written}, the table has {found}"));
    }
    rig.clean().await?;
    rig.drop().await
}

/// Whether a minute is.
fn odd(minute: &str) -> Result<bool, String> {
    minute.parse::<u32>().map(|m| m % 2 == 1).map_err(|e| format!("{minute}: {e}"))
}

/// Writes until told to stop. Returns the count and sum of what it has written.
async fn write(client: tokio_postgres::Client, over: Arc<AtomicBool>) -> Result<String, String> {
    let (mut count, mut sum) = (0_i64, 0_i64);
    while !over.load(Ordering::Relaxed) {
        let n = count % 7;
        let statement = format!(
            "INSERT INTO public.orders VALUES ({}, 'new', {n}); UPDATE public.items SET n = n + 1 WHERE id = {};
             DELETE FROM public.held WHERE id = {}; UPDATE public.large SET v = 'y' WHERE id = {}",
            100_001 + count, (count * 4) % 6000, 4 * (count % 100), (count * 4) % 8000
        );
        client.batch_execute(&statement).await.map_err(words)?;
        (count, sum) = (count + 1, sum + n);
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
    Ok(format!("{count} {sum}"))
}
