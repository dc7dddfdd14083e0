//! Webhooks.

use super::hook::{Answer, Asked, Hook};
use super::{mood, moody};
use crate::connect::pki::Authority;
use crate::daemon::{ANY_TIME, Rig, bloated};
use crate::support::{Outcome, Server, words};
use std::process::Command;
use std::time::{Duration, Instant};

/// Bytes in base64, as the standard has secrets.
const SECRET: &str = "whsec_aHVudGVyMiBpcyBub3QgdGhlIHNlY3JldA==";

/// The signature by Python's own means.
fn signature(asked: &Asked) -> Result<String, String> {
    let header = |name: &str| asked.headers.get(name).cloned().unwrap_or_default();
    let script = "import base64, hashlib, hmac, sys\n\
                  key = base64.b64decode(sys.argv[1][6:])\n\
                  print('v1,' + base64.b64encode(hmac.new(key, sys.argv[2].encode(), hashlib.sha256).digest()).decode())";
    let signed = format!("{}.{}.{}", header("webhook-id"), header("webhook-timestamp"), asked.body);
    let output = Command::new("python3").args(["-c", script, SECRET, &signed]).output();
    Ok(String::from_utf8_lossy(&output.map_err(words)?.stdout).trim().to_owned())
}

pub async fn signed(server: Server) -> Outcome {
    let hook = Hook::start(&[]).await?;
    let rig = Rig::new(&server, &bloated("t")).await?;
    std::fs::write(std::path::Path::new(&rig.file()).with_file_name("secret"), SECRET)
        .map_err(words)?;
    rig.configure(&format!(
        "[notifier.hook]\nkind = \"json\"\nurl = \"http://{}/in?token=x\"\nsecret_file = \"secret\"",
        hook.address
    ))?;
    rig.repackd(&["run-now", "t"])?.status(0)?;
    let asked = hook.asked();
    let [asked] = asked.as_slice() else { return Err(format!("{asked:#?}")) };
    let header = |name: &str| asked.headers.get(name).cloned().unwrap_or_default();
    if asked.path != "/in?token=x"
        || header("content-type") != "application/json"
        || header("webhook-signature") != signature(asked)?
        || !header("webhook-id").starts_with("msg_")
    {
        return Err(format!("{asked:#?}, expected {}", signature(asked)?));
    }
    let sent = header("webhook-timestamp").parse::<i64>().map_err(words)?;
    let now = rig.ask("extract(epoch FROM now())::bigint").await?.parse::<i64>().map_err(words)?;
    if (now - sent).abs() > 60 {
        return Err(format!("sent at {sent}, it is {now}"));
    }
    let body = asked.json()?;
    let table = &body["data"]["tables"][0];
    if body["type"] != "repackd.command"
        || body["data"]["occasion"]["name"] != "run-now"
        || table["table"] != "public.t"
        || table["ending"] != "done"
        || table["bytes_before"].as_i64() <= table["bytes_after"].as_i64()
        || body["data"]["failed"] != false
    {
        return Err(format!("{body:#}"));
    }
    rig.drop().await
}

/// Out of order, too busy, hung: it is delivered in the end, once, under the same id.
pub async fn again_and_again(server: Server) -> Outcome {
    let answers = [
        Answer::Status(500, "", "no \u{1} luck with in/hunter2-path"),
        Answer::Status(429, "Retry-After: 2\r\n", "slow down"),
        Answer::Hang,
    ];
    let hook = Hook::start(&answers).await?;
    let rig = Rig::new(&server, &bloated("t")).await?;
    rig.configure(&format!(
        "{ANY_TIME}\n[notifier.hook]\nkind = \"json\"\nurl = \"http://{}/in/hunter2-path\"\nsecret = \"{SECRET}\"\ntimeout = \"1s\"",
        hook.address
    ))?;
    let daemon = rig.start(&["daemon"])?;
    let first = hook.until(2, 60).await?;
    let (at, id) = (Instant::now(), first[0].headers["webhook-id"].clone());
    hook.until(3, 30).await?;
    let waited = at.elapsed();
    // As long as it was asked to, and not as long as it would have.
    if !(Duration::from_millis(1500)..Duration::from_secs(9)).contains(&waited) {
        return Err(format!("it was tried again after {waited:?}"));
    }
    let all = hook.until(4, 90).await?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    for asked in &all {
        if asked.headers["webhook-id"] != id
            || asked.headers["webhook-signature"] != signature(asked)?
        {
            return Err(format!("{asked:#?}"));
        }
    }
    if hook.asked().len() != 4 {
        return Err("it was sent again after it was delivered".into());
    }
    daemon.signal("TERM")?;
    let ended = daemon.wait()?;
    ended.status(0)?.says(&["it answered 500", "are delivered again"])?;
    if ended.err.lines().filter(|l| l.contains("level=warn")).count() != 1 {
        return Err(format!("one warning was expected: {ended}"));
    }
    rig.drop().await
}

pub async fn slack_and_teams(server: Server) -> Outcome {
    let hook = Hook::start(&[]).await?;
    let setup = [moody("t"), bloated("\"<!channel> [x](http://y) & \"")].join("\n");
    let rig = Rig::new(&server, &setup).await?;
    mood(&rig, "bad").await?;
    std::fs::write(
        std::path::Path::new(&rig.file()).with_file_name("url"),
        format!("http://{}/teams/hunter2\n", hook.address),
    )
    .map_err(words)?;
    rig.configure(&format!(
        "[notifier.slack]\nkind = \"slack\"\nurl = \"http://{}/slack/hunter2\"\n\
         [notifier.teams]\nkind = \"teams\"\nurl_file = \"url\"",
        hook.address
    ))?;
    rig.repackd(&["run-now", "--all"])?.status(1)?;
    let asked = hook.until(2, 10).await?;
    let of = |path: &str| {
        let found = asked.iter().find(|a| a.path.starts_with(path));
        found.ok_or_else(|| format!("nothing for {path} in {asked:#?}"))?.json()
    };
    let slack = of("/slack")?;
    let text = slack.to_string();
    let blocks = slack["blocks"].as_array().ok_or("no blocks")?;
    if slack["text"].as_str().is_none_or(str::is_empty)
        || blocks[0]["type"] != "header"
        || text.contains("<!channel>")
        || !text.contains("&lt;!channel&gt;")
        || !text.contains("SQLSTATE P0001")
        || text.contains("quoted-row")
    {
        return Err(format!("{slack:#}"));
    }
    let teams = of("/teams")?;
    let card = &teams["attachments"][0];
    let body = card["content"]["body"].as_array().ok_or("no body")?;
    if teams["type"] != "message"
        || card["contentType"] != "application/vnd.microsoft.card.adaptive"
        || card["content"]["type"] != "AdaptiveCard"
        || body.iter().any(|b| b["type"] != "RichTextBlock")
        || !teams.to_string().contains("[x](http://y)")
        || teams.to_string().contains("quoted-row")
    {
        return Err(format!("{teams:#}"));
    }
    rig.drop().await
}

/// Who wants failures, changes or everything gets that.
pub async fn rules(server: Server) -> Outcome {
    let hook = Hook::start(&[]).await?;
    let setup = [moody("t"), bloated("u")].join("\n");
    let rig = Rig::new(&server, &setup).await?;
    let mut text = String::new();
    for (name, more) in [
        ("always", ""),
        ("on_failure", "when = \"on_failure\""),
        ("on_change", "when = \"on_change\""),
        ("off", "enabled = false"),
        ("digest", "digest = \"@weekly\""),
        ("others", "connections = [\"other\"]"),
    ] {
        text.push_str(&format!(
            "[notifier.{name}]\nkind = \"json\"\nurl = \"http://{}/{name}\"\n{more}\n",
            hook.address
        ));
    }
    rig.configure(&format!("{}\n{text}", rig.connection("other", "")))?;
    let mut seen = 0;
    let mut told = async |expected: &[&str]| -> Outcome {
        let asked = hook.asked();
        let mut paths: Vec<_> = asked[seen..].iter().map(|a| a.path[1..].to_owned()).collect();
        paths.sort();
        seen = asked.len();
        match paths == expected {
            true => Ok(()),
            false => Err(format!("{expected:?} were expected to be told, not {paths:?}")),
        }
    };
    // Without a store there is nothing to compare with.
    let run = |table: &str| rig.repackd(&["run-now", "--connection", "shop", table]);
    run("u")?.status(0)?;
    told(&["always", "on_change"]).await?;
    mood(&rig, "bad").await?;
    run("t")?.status(1)?;
    told(&["always", "on_change", "on_failure"]).await?;
    rig.drop().await
}

/// A name cannot become a header of a request, nor of a mail.
pub async fn injected(server: Server) -> Outcome {
    let hook = Hook::start(&[]).await?;
    let rig = Rig::new(&server, &bloated("\"a\r\nBcc: x@example.org\r\n\r\nb\"")).await?;
    rig.configure(&format!(
        "[notifier.hook]\nkind = \"slack\"\nurl = \"http://{}/x\"",
        hook.address
    ))?;
    rig.repackd(&["run-now", "--all"])?.status(0)?;
    let asked = hook.until(1, 10).await?;
    let title = asked[0].json()?["text"].as_str().unwrap_or_default().to_owned();
    if title.contains('\n') || asked[0].headers.contains_key("bcc") {
        return Err(format!("{asked:#?}"));
    }
    rig.drop().await
}

/// Over TLS, to who can prove who he is; and to nobody else.
pub async fn over_tls(server: Server) -> Outcome {
    let (authority, other) = (Authority::root("hooks"), Authority::root("somebody"));
    let hook =
        Hook::start_with(&[], Some(&authority.issue("localhost", &["localhost"], 3))).await?;
    let rig = Rig::new(&server, "").await?;
    let port = hook.address.rsplit_once(':').ok_or("no port")?.1;
    for (name, pem, status) in [("ca", &authority.pem, 0), ("other", &other.pem, 1)] {
        let file = std::path::Path::new(&rig.file()).with_file_name(name);
        std::fs::write(file, pem).map_err(words)?;
        rig.configure(&format!(
            "[notifier.hook]\nkind = \"slack\"\nurl = \"https://localhost:{port}/x\"\nca_file = \"{name}\""
        ))?;
        rig.repackd(&["notify", "--test"])?.status(status)?;
    }
    match hook.asked().len() {
        1 => rig.drop().await,
        n => Err(format!("{n} requests")),
    }
}
