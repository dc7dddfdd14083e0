//! The page as people meet it: in a browser, with the keyboard, on a phone, without scripts; and what a
//! checker of barriers says to it.

use super::api::largest_first;
use super::browser::Browser;
use super::{OTHER, Shown, TOKEN, holds, stop};
use crate::daemon::{ANY_TIME, bloated, slow};
use crate::support::{Outcome, Server, words};
use serde_json::json;

fn at(shown: &Shown, path: &str) -> String {
    format!("http://127.0.0.1:{}{path}", shown.client.port)
}

/// A run is seen going on, paused with a click and the token, resumed, and seen to its end; nothing is
/// loaded again for that.
pub async fn live(server: Server) -> Outcome {
    let Some(mut browser) = Browser::start("live")? else { return Ok(()) };
    let setup = [slow("large"), bloated("small")].join("\n");
    let shown = Shown::new(&server, &setup, &largest_first()).await?;
    shown.rig.delay("0.01").await?;
    let daemon = shown.start().await?;
    browser.resize(1100, 900)?;
    browser.open(&at(&shown, "/"))?;
    browser.value("window.same = true")?;
    let bar = "document.querySelector('#running progress')";
    browser.until("a bar", &format!("{bar} !== null && {bar}.value > 0")).await?;
    browser.picture("live")?;
    let before = browser.value(&format!("{bar}.value"))?;
    browser.until("it moves", &format!("{bar}?.value > {before}")).await?;
    browser.until("the other waits", "document.querySelector('#queue').innerText.includes('after public.large, which is at work')").await?;
    let said = browser.text("#said")?;
    holds("phases are told, not per cents", !said.contains('%'), &said)?;

    // The keyboard stays where it is while the page goes on.
    browser.value("document.querySelector('#running form[data-path$=pause] button').focus()")?;
    let asof = browser.text("#asof")?;
    let since = browser.value("document.querySelector('#asof').dateTime")?;
    browser
        .until("it is up to date", &format!("document.querySelector('#asof').dateTime > {since}"))
        .await?;
    let focus = browser.value(
        "document.activeElement.closest('form')?.dataset.path ?? document.activeElement.outerHTML",
    )?;
    holds("the focus", focus == "/api/v1/pause", (&focus, asof))?;

    // A wrong token, then the right one.
    browser.press("Enter")?;
    browser.until("it asks", "document.getElementById('ask').open").await?;
    browser.picture("token")?;
    browser.value("document.getElementById('token').focus()")?;
    browser.write(OTHER)?;
    browser.press("Enter")?;
    let again = "document.getElementById('ask').open && document.getElementById('ask-why').innerText !== ''";
    browser.until("it asks again", again).await?;
    browser.value("document.getElementById('token').focus()")?;
    browser.write(TOKEN)?;
    browser.value("document.getElementById('who').focus()")?;
    browser.write("ann")?;
    browser.press("Enter")?;
    browser
        .until(
            "what came of it",
            "document.getElementById('told')?.innerText.includes('is paused')",
        )
        .await?;
    let paused = "document.getElementById('trouble').innerText.includes('ann at 127.0.0.1')";
    browser.until("it is seen", paused).await?;
    shown.rig.until_ended("public.large", &["paused"], 30).await?;
    shown.rig.until_ended("public.small", &["done"], 60).await?;
    browser
        .until("the other is done", "document.querySelector('#last .ending.done') !== null")
        .await?;
    browser.picture("paused")?;
    shown.rig.delay("0").await?;
    // The token is known by now.
    browser.click("#trouble form[data-path$=resume] button")?;
    shown.rig.until_ended("public.large", &["paused", "done"], 60).await?;
    browser
        .until("its end", "document.querySelectorAll('#last .ending.done').length === 2")
        .await?;
    holds("the same page", browser.value("window.same")? == true, ())?;
    holds(
        "nowhere to be seen",
        !browser.value("document.documentElement.outerHTML")?.to_string().contains(TOKEN),
        (),
    )?;

    // From there to the run and the table.
    browser.click("#last .ending.done")?;
    browser
        .until("its phases", "document.querySelectorAll('.timeline tbody tr').length > 8")
        .await?;
    browser.picture("run")?;
    browser.click("h1 a")?;
    browser
        .until(
            "its chart",
            "document.querySelector('.chart svg path.size')?.getAttribute('d') > ''",
        )
        .await?;
    browser.click("details summary")?;
    let since = browser.value("document.querySelector('#asof').dateTime")?;
    let later = format!("document.querySelector('#asof').dateTime > {since}");
    browser.until("it is up to date", &later).await?;
    holds(
        "what was opened stays so",
        browser.value("document.querySelector('details').open")? == true,
        (),
    )?;
    browser.picture("table")?;
    let errors = browser.errors();
    holds("no errors", errors.is_empty(), &errors)?;
    stop(daemon)?;
    shown.drop().await
}

/// Without scripts all can be read.
pub async fn without_scripts(server: Server) -> Outcome {
    let Some(mut browser) = Browser::start("plain")? else { return Ok(()) };
    let shown = Shown::new(&server, &bloated("t"), ANY_TIME).await?;
    let daemon = shown.start().await?;
    shown.rig.until_ended("public.t", &["done"], 60).await?;
    browser.call("Emulation.setScriptExecutionDisabled", json!({ "value": true }))?;
    browser.open(&at(&shown, "/"))?;
    let page = browser.text("body")?;
    for part in
        ["Nothing is at work", "public.t", "done", "at any time", "Reload to see how it is now"]
    {
        holds(part, page.contains(part), &page)?;
    }
    let buttons = browser.value(
        "[...document.querySelectorAll('button')].filter((b) => b.checkVisibility()).length",
    )?;
    holds("no button that does nothing", buttons == 0, &buttons)?;
    browser.open(&at(&shown, "/tables?search=t&due=false"))?;
    let page = browser.text("main")?;
    holds("tables", page.contains("public.t"), &page)?;
    browser.picture("plain")?;
    stop(daemon)?;
    shown.drop().await
}

/// The daemon goes away, and the page says so, and since when; it comes back, and the page goes on.
pub async fn failure(server: Server) -> Outcome {
    let Some(mut browser) = Browser::start("failure")? else { return Ok(()) };
    let shown = Shown::new(&server, &bloated("t"), ANY_TIME).await?;
    let daemon = shown.start().await?;
    shown.rig.until_ended("public.t", &["done"], 60).await?;
    browser.resize(1100, 700)?;
    browser.open(&at(&shown, "/"))?;
    browser.until("its result", "document.querySelector('#last .ending.done') !== null").await?;
    stop(daemon)?;
    browser.until("it is told", "!document.getElementById('lost').hidden").await?;
    let told = browser.text("#lost")?;
    let expected =
        told.starts_with("repackd does not answer since 2") && told.contains("as of then");
    holds("since when", expected, &told)?;
    holds("as an alert", browser.value("document.getElementById('lost').role")? == "alert", ())?;
    let last = browser.text("#last")?;
    holds("what was there stays", last.contains("public.t"), &last)?;
    browser.picture("lost")?;
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    holds("the same since", browser.text("#lost")? == told, &told)?;
    let daemon = shown.start().await?;
    browser.until("it is back", "document.getElementById('lost').hidden").await?;
    holds("said", browser.text("#said")? == "repackd answers again", ())?;
    let errors = browser.errors();
    holds("no errors", errors.is_empty(), &errors)?;
    stop(daemon)?;
    shown.drop().await
}

/// 360 pixels are enough: nothing has to be pushed aside to be read.
pub async fn narrow(server: Server) -> Outcome {
    let Some(mut browser) = Browser::start("narrow")? else { return Ok(()) };
    let long = "a_table_with_a_name_that_is_as_long_as_postgresql_lets_it_be_63";
    let setup = [slow(long), bloated("small")].join("\n");
    let shown = Shown::new(&server, &setup, &largest_first()).await?;
    shown.rig.delay("0.01").await?;
    let daemon = shown.start().await?;
    let history = shown.until_json("it is measured", "/api/v1/tables", |t| t["count"] == 2).await?;
    holds("tables", history["tables"].is_array(), &history)?;
    shown.rig.until_copying(&format!("public.{long}")).await?;
    browser.resize(360, 740)?;
    for (n, path) in pages(&shown, long).await?.into_iter().enumerate() {
        for dark in [false, true] {
            browser.dark(dark)?;
            browser.open(&at(&shown, &path))?;
            let widest = browser.value("document.documentElement.scrollWidth")?;
            holds("not wider than the window", widest.as_f64() <= Some(360.0), (&path, widest))?;
            browser.picture(&format!("narrow-{n}-{}", if dark { "dark" } else { "light" }))?;
        }
    }
    // All can be reached with the keyboard, and where it is can be seen.
    browser.dark(false)?;
    browser.open(&at(&shown, "/"))?;
    browser.press("Tab")?;
    let first = browser.value("document.activeElement.innerText")?;
    holds("first a way past the navigation", first == "To the content", &first)?;
    for _ in 0..4 {
        browser.press("Tab")?;
        let outline = browser.value("getComputedStyle(document.activeElement).outlineStyle")?;
        holds("the focus can be seen", outline == "solid", &outline)?;
    }
    shown.rig.delay("0").await?;
    shown.rig.until_ended(&format!("public.{long}"), &["done"], 60).await?;
    shown.rig.until_ended("public.small", &["done"], 60).await?;
    stop(daemon)?;
    shown.drop().await
}

/// All kinds of pages there are.
async fn pages(shown: &Shown, table: &str) -> Result<Vec<String>, String> {
    let history = shown.client.json("/api/v1/history").await?;
    let run = history["runs"][0]["id"].as_i64().ok_or("no run")?;
    Ok(vec![
        "/".to_owned(),
        "/tables".to_owned(),
        format!("/table?connection=shop&schema=public&name={table}"),
        "/history".to_owned(),
        format!("/runs/{run}"),
        "/nothing".to_owned(),
    ])
}

/// axe finds nothing serious, light or dark, wide or narrow, nor in the dialogs.
pub async fn barriers(server: Server) -> Outcome {
    let Some(mut browser) = Browser::start("barriers")? else { return Ok(()) };
    let Some(axe) = std::env::var_os("REPACKD_TEST_AXE") else {
        eprintln!("SKIPPED: REPACKD_TEST_AXE is not set, nobody looks for barriers");
        return Ok(());
    };
    let axe = std::fs::read_to_string(axe).map_err(words)?;
    let setup = [slow("large"), bloated("small")].join("\n");
    let shown = Shown::new(&server, &setup, &largest_first()).await?;
    shown.rig.delay("0.01").await?;
    let daemon = shown.start().await?;
    shown.rig.until_copying("public.large").await?;
    shown.client.post("/api/v1/pause", &json!({ "connection": "shop", "name": "other" })).await?;
    for (width, dark) in [(1100, false), (1100, true), (360, false)] {
        browser.resize(width, 800)?;
        browser.dark(dark)?;
        for path in pages(&shown, "large").await? {
            browser.open(&at(&shown, &path))?;
            check(&mut browser, &axe, &format!("{path} at {width}, dark: {dark}"))?;
        }
    }
    browser.open(&at(&shown, "/"))?;
    browser.value("document.getElementById('ask').showModal()")?;
    check(&mut browser, &axe, "the question for the token")?;
    browser.value(
        "document.getElementById('ask').close(); document.getElementById('sure').showModal()",
    )?;
    check(&mut browser, &axe, "the question whether one is sure")?;
    browser.value("document.getElementById('sure').close()")?;
    // It has to find something, or nothing was looked for.
    browser
        .value("document.body.insertAdjacentHTML('beforeend', '<main><img src=\"/icon.svg\"><input></main>')")?;
    match check(&mut browser, &axe, "") {
        Err(found) if found.contains("image-alt") => {}
        other => return Err(format!("axe does not see an image without words: {other:?}")),
    }
    shown.client.post("/api/v1/resume", &json!({})).await?.status(200)?;
    shown.rig.delay("0").await?;
    shown.rig.until_ended("public.large", &["done"], 60).await?;
    shown.rig.until_ended("public.small", &["done"], 60).await?;
    stop(daemon)?;
    shown.drop().await
}

fn check(browser: &mut Browser, axe: &str, what: &str) -> Outcome {
    browser.value(&format!("{axe}; true"))?;
    let found = browser.value(
        "axe.run().then((r) => ({ passed: r.passes.length, found: r.violations.map((v) =>
           v.impact + ' ' + v.id + ': ' + v.nodes.map((n) => n.html.slice(0, 200) + ' ' + n.failureSummary).join(' | ')) }))",
    )?;
    // A page that is not looked at has no barriers.
    holds("it looks", found["passed"].as_i64() > Some(10), (what, &found))?;
    let all: Vec<String> = serde_json::from_value(found["found"].clone()).map_err(words)?;
    let serious = |f: &&String| f.starts_with("serious") || f.starts_with("critical");
    let grave: Vec<_> = all.iter().filter(serious).collect();
    for lesser in all.iter().filter(|f| !serious(f)) {
        println!("{what}: {lesser}");
    }
    holds(what, grave.is_empty(), &grave)
}
