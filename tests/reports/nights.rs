//! Nights in minutes: a window that closes, a digest that is due.

use super::hook::Hook;
use super::post::{Post, has, part};
use super::{mood, moody};
use crate::daemon::{Rig, bloated, slow};
use crate::support::{Outcome, Server};

/// The minute that begins in `ahead` minutes, as cron has it, in UTC.
async fn minute(rig: &Rig, ahead: u32) -> Result<String, String> {
    rig.ask(&format!("to_char(now() AT TIME ZONE 'UTC' + interval '{ahead} min', 'FMMI FMHH24')"))
        .await
}

/// One report of all that was done in it, after what goes on beyond its end has ended; and after a daemon
/// that was away when it closed.
pub async fn window(server: Server) -> Outcome {
    let post = Post::start("window", "none", false)?;
    let hook = Hook::start(&[]).await?;
    let setup = [bloated("t"), moody("m"), slow("large")].join("\n");
    let rig = Rig::new(&server, &setup).await?;
    mood(&rig, "bad").await?;
    rig.delay("0.05").await?;
    let config = |minute: &str| {
        format!(
            "timezone = \"UTC\"\n[daemon]\nlease = \"3s\"\nbackoff = \"5s\"\nattempts = 2\n\
             [[window]]\nname = \"night\"\nopen = \"{minute} * * *\"\nduration = \"1min\"\n\
             last_start_before_end = \"2s\"\nat_window_end = \"pause\"\n\
             [[rule]]\nname = \"small\"\ntables = [\"*\"]\nexclude = [\"public.large\"]\npriority = 10\n\
             when = {{ bloat_ratio = 0.2 }}\n\
             [[rule]]\nname = \"large\"\ntables = [\"public.large\"]\nwhen = {{ bloat_ratio = 0.2 }}\nchunk_time = \"500ms\"\n{}\n\
             [notifier.hook]\nkind = \"json\"\nurl = \"http://{}/x\"\n",
            post.notifier("dba", "none", "timezone = \"Europe/Berlin\""),
            hook.address
        )
    };
    rig.write(&format!(
        "{}\n[store]\nurl = \"sqlite:{}\"\n{}",
        config(&minute(&rig, 1).await?).replacen("[daemon]", "[daemon]\nmax_parallel = 1", 1),
        std::path::Path::new(&rig.file()).with_file_name("store.sqlite").display(),
        rig.connection("shop", "")
    ))?;
    let daemon = rig.start(&["daemon"])?;
    let mails = post.until(1, 150).await?;
    let (text, html) = (part(&mails[0], "text/plain")?, part(&mails[0], "text/html")?);
    let subject = mails[0]["headers"]["Subject"].as_str().unwrap_or_default();
    has(subject, &["window night: ", "FAILED"])?;
    has(
        text,
        &[
            "public.t: done",
            "public.m: FAILED",
            "SQLSTATE P0001",
            "public.large: paused",
            "its window ended; it goes on in the next",
            "STILL DUE",
            "public.large: begun, goes on from ",
            "(Europe/Berlin)",
        ],
    )?;
    has(html, &["Still due", "public.large"])?;
    let told = hook.until(1, 10).await?;
    let body = told[0].json()?;
    if body["type"] != "repackd.window" || body["data"]["occasion"]["name"] != "night" {
        return Err(format!("{body:#}"));
    }
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    daemon.signal("KILL")?;
    drop(daemon.wait()?);
    if (post.mails()?.len(), hook.asked().len()) != (1, 1) {
        return Err("it was told of twice".into());
    }
    rig.drop().await
}

/// A window that closes while no daemon is there is told of by the next one that is; once.
pub async fn away(server: Server) -> Outcome {
    let hook = Hook::start(&[]).await?;
    let rig = Rig::new(&server, &bloated("t")).await?;
    rig.configure(&format!(
        "[[window]]\nname = \"night\"\nopen = \"{} * * *\"\nduration = \"1min\"\n\
         last_start_before_end = \"1s\"\n[[rule]]\nname = \"all\"\ntables = [\"*\"]\nwhen = {{ bloat_ratio = 0.2 }}\n\
         [notifier.hook]\nkind = \"json\"\nurl = \"http://{}/x\"\n",
        minute(&rig, 1).await?,
        hook.address
    ))?;
    let first = rig.start(&["daemon"])?;
    rig.until_ended("public.t", &["done"], 100).await?;
    // It has heard of the window, and said so to the store.
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    first.signal("KILL")?;
    drop(first.wait()?);
    if !hook.asked().is_empty() {
        return Err(format!("told before it closed: {:#?}", hook.asked()));
    }
    let over = rig.ask("extract(second FROM now())::int").await?.parse::<u64>();
    let over = 61 - over.map_err(|e| e.to_string())?.min(60);
    tokio::time::sleep(std::time::Duration::from_secs(over)).await;
    for _ in 0..2 {
        let later = rig.start(&["daemon"])?;
        let told = hook.until(1, 30).await?;
        let table = told[0].json()?["data"]["tables"][0].clone();
        if told[0].json()?["type"] != "repackd.window" || table["table"] != "public.t" {
            return Err(format!("{told:#?}"));
        }
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
        later.signal("TERM")?;
        later.wait()?.status(0)?;
    }
    match hook.asked().len() {
        1 => rig.drop().await,
        n => Err(format!("it was told {n} times")),
    }
}

pub async fn digest(server: Server) -> Outcome {
    let hook = Hook::start(&[]).await?;
    let setup = [bloated("t"), bloated("u")].join("\n");
    let rig = Rig::new(&server, &setup).await?;
    rig.configure(&format!(
        "{}\n[notifier.daily]\nkind = \"json\"\nurl = \"http://{}/x\"\nwhen = \"digest\"\n\
         digest = \"* * * * *\"\ntimezone = \"Asia/Kolkata\"",
        crate::daemon::ANY_TIME,
        hook.address
    ))?;
    let daemon = rig.start(&["daemon"])?;
    rig.until_ended("public.t", &["done"], 60).await?;
    rig.until_ended("public.u", &["done"], 60).await?;
    let told = || -> Result<Vec<String>, String> {
        let mut tables = Vec::new();
        for asked in hook.asked() {
            let body = asked.json()?;
            if body["type"] != "repackd.digest" {
                return Err(format!("{body:#}"));
            }
            let names = body["data"]["tables"].as_array().cloned().unwrap_or_default();
            tables.extend(names.iter().filter_map(|t| t["table"].as_str().map(str::to_owned)));
        }
        tables.sort();
        Ok(tables)
    };
    rig.until("both are told of", 160, || Ok(told()?.len() >= 2)).await?;
    // Another one, which has nothing more to tell.
    let before = hook.asked().len();
    hook.until(before + 1, 90).await?;
    daemon.signal("TERM")?;
    daemon.wait()?.status(0)?;
    match told()?.as_slice() {
        [t, u] if t == "public.t" && u == "public.u" => {}
        other => return Err(format!("each was to be in exactly one: {other:?}")),
    }
    rig.drop().await
}
