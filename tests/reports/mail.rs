//! Mail.

use super::post::{LOGIN, Post, has, part};
use super::{mood, moody};
use crate::daemon::{ANY_TIME, Rig, bloated};
use crate::support::{Outcome, Server, words};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

fn login() -> String {
    let password = LOGIN[1].replace('\\', "\\\\").replace('"', "\\\"");
    format!("smtp_username = \"{}\"\nsmtp_password = \"{password}\"", LOGIN[0])
}

pub async fn starttls_and_login(server: Server) -> Outcome {
    let post = Post::start("starttls", "starttls", true)?;
    let odd = bloated("\"Größe <b>&amp; 'x'\"");
    let rig = Rig::new(&server, &odd).await?;
    rig.configure(&post.notifier("dba", "starttls", &login()))?;
    rig.repackd(&["run-now", "nowhere"])?.status(3)?;
    rig.repackd(&["run-now", "\"Größe <b>&amp; 'x'\""])?.status(0)?;
    let mails = post.until(2, 10).await?;
    has(mails[0]["headers"]["Subject"].as_str().unwrap_or_default(), &["run-now: nowhere FAILED"])?;
    let mail = &mails[1];
    let header = |name: &str| mail["headers"][name].as_str().unwrap_or_default().to_owned();
    has(&header("Subject"), &["repackd on ", "run-now: public.\"Größe <b>&amp; 'x'\" repacked, "])?;
    has(&header("From"), &["Répackd <repackd@example.org>"])?;
    has(&header("To"), &["dba@example.org", "Zweite Köchin <second@example.org>"])?;
    has(&header("Message-ID"), &["@example.org>"])?;
    has(&header("Auto-Submitted"), &["auto-generated"])?;
    has(&header("Date"), &["202"])?;
    has(mail["from"].as_str().unwrap_or_default(), &["repackd@example.org"])?;
    let kinds: Vec<&str> = mail["parts"]
        .as_array()
        .ok_or("no parts")?
        .iter()
        .filter_map(|p| p["type"].as_str())
        .collect();
    let expected =
        ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"];
    if kinds != expected
        || mail["to"].as_array().map(Vec::len) != Some(2)
        || mail["defects"] != serde_json::json!([])
        || mail["tls"] != true
        || mail["authenticated"] != true
        || mail["longest_line"].as_u64() > Some(998)
    {
        return Err(format!("{kinds:?} of {mail:#}"));
    }
    let text = part(mail, "text/plain")?;
    has(text, &["public.\"Größe <b>&amp; 'x'\": done, ", " before, ", "`repackd history`"])?;
    let html = part(mail, "text/html")?;
    // Escaped once, so that it is seen as it is.
    has(
        html,
        &["Größe &lt;b&gt;&amp;amp; ", "cid:picture@repackd", "alt=\"1. public.&quot;Größe"],
    )?;
    if html.contains("<b>&amp;") || html.contains("http") {
        return Err(format!("something is not escaped, or not here: {html}"));
    }
    let picture =
        mail["parts"].as_array().and_then(|p| p.iter().find(|p| p["type"] == "image/png"));
    let picture = picture.ok_or("no picture")?;
    if picture["id"] != "<picture@repackd>"
        || picture["picture"]["width"] != 640
        || picture["picture"]["height"] != 30
        || picture["picture"]["colours"].as_u64() < Some(5)
    {
        return Err(format!("{picture:#}"));
    }
    rig.drop().await
}

/// A file of repcloud's, its switch included.
pub async fn repcloud(server: Server) -> Outcome {
    let post = Post::start("repcloud", "none", true)?;
    let rig = Rig::new(&server, &bloated("t")).await?;
    for enable in ["true", "false"] {
        rig.configure(&format!(
            "[notifier]\nenable_email = {enable}\n[notifier.email]\nmailfrom = \"a@example.org\"\n\
             mailto = [\"c@example.org\",]\nsmtp_server = \"127.0.0.1\"\nsmtp_port = \"{}\"\nsmtp_ssl = \"none\"\n{}",
            post.port, login()
        ))?;
        let finished = rig.repackd(&["run-now", "t"])?;
        finished.status(0)?;
        if finished.err.contains("is not read") || finished.err.contains("warning") {
            return Err(format!("a warning: {finished}"));
        }
    }
    let mail = post.only()?;
    if mail["to"] != serde_json::json!(["c@example.org"]) || mail["authenticated"] != true {
        return Err(format!("{mail:#}"));
    }
    rig.drop().await
}

pub async fn encrypted_from_the_start(server: Server) -> Outcome {
    let post = Post::start("tls", "tls", true)?;
    let rig = Rig::new(&server, &bloated("t")).await?;
    let directory = std::path::PathBuf::from(rig.file());
    std::fs::write(directory.with_file_name("password"), format!("{}\n", LOGIN[1]))
        .map_err(words)?;
    let more = format!("smtp_username = \"{}\"\npassword_file = \"password\"", LOGIN[0]);
    rig.configure(&post.notifier("dba", "tls", &more))?;
    // `prepare` tells, too.
    rig.repackd(&["prepare", "t"])?.status(0)?;
    let mail = post.only()?;
    has(mail["headers"]["Subject"].as_str().unwrap_or_default(), &["prepare: public.t prepared"])?;
    let command = format!(
        "smtp_username = \"{}\"\npassword_command = [\"cat\", \"{}\"]",
        LOGIN[0],
        directory.with_file_name("password").display()
    );
    rig.configure(&post.notifier("dba", "tls", &command))?;
    rig.repackd(&["resume", "t"])?.status(0)?;
    let mails = post.until(2, 10).await?;
    has(
        mails[1]["headers"]["Subject"].as_str().unwrap_or_default(),
        &["resume: public.t repacked"],
    )?;
    rig.drop().await
}

/// Nothing is said to a server that is not who it should be.
pub async fn wrong_authority(server: Server) -> Outcome {
    let post = Post::start("wrong", "starttls", true)?;
    let other = Post::start("other", "starttls", true)?;
    let rig = Rig::new(&server, &bloated("t")).await?;
    let notifier = post.notifier("dba", "starttls", &login());
    rig.configure(&notifier.replace(&post.authority(), &other.authority()))?;
    let finished = rig.repackd(&["notify", "--test"])?;
    finished.status(1)?.says(&["notifier dba could not be told", "certificate"])?;
    let logins = std::path::Path::new(&post.authority()).with_file_name("logins");
    if logins.exists() || !post.mails()?.is_empty() {
        return Err("it was told something".into());
    }
    rig.drop().await
}

/// The runs are unharmed, it is said once, and when the password is right everything is delivered.
pub async fn bad_password(server: Server) -> Outcome {
    let post = Post::start("bad", "starttls", true)?;
    let setup = [moody("t"), bloated("u"), bloated("v")].join("\n");
    let rig = Rig::new(&server, &setup).await?;
    mood(&rig, "bad").await?;
    let wrong = format!("smtp_username = \"{}\"\nsmtp_password = \"hunter2-wrong\"", LOGIN[0]);
    rig.configure(&format!("{ANY_TIME}\n{}", post.notifier("dba", "starttls", &wrong)))?;
    let mut daemon = rig.start(&["daemon"])?;
    rig.until_ended("public.u", &["done"], 60).await?;
    rig.until_ended("public.v", &["done"], 60).await?;
    daemon.until_says("535").await?;
    rig.until("the third attempt at t", 60, || Ok(rig.endings("public.t")?.len() >= 3)).await?;
    rig.until("the reports are waiting", 20, || {
        let kept = rig.repackd(&["history", "--reports", "--json"])?.status(0)?.json()?;
        let waiting = |r: &&serde_json::Value| r["state"] == "waiting";
        Ok(kept["reports"].as_array().map_or(0, |r| r.iter().filter(waiting).count()) >= 5)
    })
    .await?;
    // Long enough for more tries.
    rig.until("it was tried again", 30, || {
        let kept = rig.repackd(&["history", "--reports", "--json"])?.json()?;
        Ok(kept["reports"]
            .as_array()
            .is_some_and(|r| r.iter().any(|r| r["attempts"].as_i64() > Some(1))))
    })
    .await?;
    daemon.signal("TERM")?;
    let ended = daemon.wait()?;
    ended.status(0)?;
    let said = ended.err.lines().filter(|l| l.contains("could not be delivered")).count();
    if said != 1 {
        return Err(format!("one warning was expected, not {said}: {ended}"));
    }
    // The password is right now, and everything is sent.
    rig.configure(&format!("{ANY_TIME}\n{}", post.notifier("dba", "starttls", &login())))?;
    rig.repackd(&["notify", "--again"])?.status(0)?.shows(&["dba: ", " sent"])?;
    let mails = post.mails()?;
    if mails.len() < 5 {
        return Err(format!("{} mails", mails.len()));
    }
    // What the server said quotes a row, and stays at home.
    let failed = mails
        .iter()
        .find(|m| m["headers"]["Subject"].as_str().is_some_and(|s| s.contains("public.t FAILED")));
    let failed = failed.ok_or(format!("no failure in {mails:#?}"))?;
    for kind in ["text/plain", "text/html"] {
        has(part(failed, kind)?, &["SQLSTATE P0001"])?;
    }
    if mails.iter().any(|m| m.to_string().contains("quoted-row")) {
        return Err(format!("a row is quoted in {failed:#}"));
    }
    let history = rig.repackd(&["history", "t"])?;
    history.shows(&["quoted-row"])?;
    // No secret is in the store.
    let store = std::fs::read(std::path::Path::new(&rig.file()).with_file_name("store.sqlite"));
    if store.map_err(words)?.windows(7).any(|w| w == b"hunter2") {
        return Err("a secret is in the store".into());
    }
    rig.drop().await
}

/// A server that takes the connection and never says a word.
pub async fn hung(server: Server) -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(words)?;
    let port = listener.local_addr().map_err(words)?.port();
    let held = tokio::spawn(async move {
        let mut all = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            all.push(stream);
        }
    });
    let setup = [bloated("t"), bloated("u")].join("\n");
    let rig = Rig::new(&server, &setup).await?;
    let notifier = |retry: &str| {
        format!(
            "[notifier.dba]\nkind = \"mail\"\nmailfrom = \"a@example.org\"\nmailto = \"b@example.org\"\n\
             smtp_server = \"127.0.0.1\"\nsmtp_port = {port}\nsmtp_ssl = \"none\"\ntimeout = \"1s\"\nretry_for = \"{retry}\"\n"
        )
    };
    rig.configure(&notifier("0s"))?;
    let began = Instant::now();
    let finished = rig.repackd(&["run-now", "t"])?;
    finished.status(0)?.shows(&["public.t"])?.says(&["notifier dba", "no answer within 1.0 s"])?;
    if began.elapsed() > Duration::from_secs(30) {
        return Err(format!("{:?}", began.elapsed()));
    }
    rig.configure(&format!("{ANY_TIME}\n{}", notifier("1h")))?;
    let daemon = rig.start(&["daemon"])?;
    rig.until_ended("public.u", &["done"], 60).await?;
    tokio::time::sleep(Duration::from_secs(4)).await;
    let began = Instant::now();
    daemon.signal("TERM")?;
    let ended = daemon.wait()?;
    ended.status(0)?.says(&["could not be delivered"])?;
    if began.elapsed() > Duration::from_secs(15) {
        return Err(format!("it took {:?} to end", began.elapsed()));
    }
    held.abort();
    rig.drop().await
}

/// No server at all, and no store: the run is as it would be without a notifier.
pub async fn down(server: Server) -> Outcome {
    let rig = Rig::new(&server, &bloated("t")).await?;
    let port = crate::support::cluster::free_port()?;
    rig.write(&format!(
        "[store]\nurl = \"sqlite:/nonexistent/none.sqlite\"\n{}\n[notifier.email]\nmailfrom = \"a@example.org\"\n\
         mailto = \"b@example.org\"\nsmtp_server = \"127.0.0.1\"\nsmtp_port = {port}\n",
        rig.connection("shop", "")
    ))?;
    let finished = rig.repackd(&["run-now", "t", "--json"])?;
    finished.status(0)?.says(&["notifier email", "there is no store to keep it"])?;
    if finished.json()?["tables"][0]["ending"] != "done" {
        return Err(finished.to_string());
    }
    rig.drop().await
}
