//! Alarms: raised when a table fails, ended when it is done, under the same key.

use super::hook::{Answer, Hook};
use super::{mood, moody};
use crate::daemon::{ANY_TIME, Rig, bloated};
use crate::support::cluster::free_port;
use crate::support::{Outcome, Server, words};
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub async fn pagerduty(server: Server) -> Outcome {
    let hook = Hook::start(&[Answer::Status(429, "Retry-After: 1\r\n", "")]).await?;
    let setup = [moody("t"), bloated("u")].join("\n");
    let rig = Rig::new(&server, &setup).await?;
    mood(&rig, "bad").await?;
    rig.configure(&format!(
        "{ANY_TIME}\n[notifier.pager]\nkind = \"pagerduty\"\nrouting_key = \"hunter2routing\"\nurl = \"http://{}/v2/enqueue\"",
        hook.address
    ))?;
    let daemon = rig.start(&["daemon"])?;
    // Refused once, then taken.
    let raised = hook.until(2, 60).await?;
    let event = raised[1].json()?;
    let key = "repackd/shop/public.t";
    if event["event_action"] != "trigger"
        || event["dedup_key"] != key
        || event["routing_key"] != "hunter2routing"
        || event["payload"]["severity"] != "error"
        || event["payload"]["summary"].as_str().is_none_or(|s| !s.contains("public.t"))
        || event["payload"]["source"].as_str().is_none_or(str::is_empty)
        || event.to_string().contains("quoted-row")
    {
        return Err(format!("{event:#}"));
    }
    mood(&rig, "good").await?;
    rig.until("t is done", 90, || Ok(rig.endings("public.t")?.last().is_some_and(|e| e == "done")))
        .await?;
    let end = Instant::now() + Duration::from_secs(30);
    let resolved = loop {
        let all = hook.asked().iter().map(|a| a.json()).collect::<Result<Vec<_>, _>>()?;
        if let Some(event) = all.iter().find(|e| e["event_action"] == "resolve") {
            break event.clone();
        }
        if Instant::now() > end {
            return Err(format!("not resolved: {all:#?}"));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    if resolved["dedup_key"] != key {
        return Err(format!("{resolved:#}"));
    }
    // What did not fail is neither raised nor ended.
    rig.until_ended("public.u", &["done"], 30).await?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    if hook.asked().iter().any(|a| a.body.contains("public.u")) {
        return Err(format!("{:#?}", hook.asked()));
    }
    daemon.signal("TERM")?;
    daemon.wait()?.status(0)?;
    rig.drop().await
}

struct Alertmanager {
    child: Child,
    url: String,
    directory: std::path::PathBuf,
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

impl Alertmanager {
    /// With a receiver that passes on what it hears to a hook.
    async fn start(hook: &Hook) -> Result<Self, String> {
        let program = std::env::var("REPACKD_TEST_ALERTMANAGER")
            .map_err(|_| "REPACKD_TEST_ALERTMANAGER: there is none")?;
        let port = free_port()?;
        let directory = std::env::temp_dir().join(format!("repackd-alerts-{port}"));
        std::fs::create_dir_all(&directory).map_err(words)?;
        let file = directory.join("config.yml");
        let config = format!(
            "route:\n  receiver: hook\n  group_wait: 0s\n  group_interval: 1s\n  group_by: ['...']\n\
             receivers:\n- name: hook\n  webhook_configs:\n  - url: http://{}/alerts\n    send_resolved: true\n",
            hook.address
        );
        std::fs::write(&file, config).map_err(words)?;
        let here = Path::new(&program).parent().ok_or("no directory")?;
        let child = Command::new(&program)
            .arg("--config.file")
            .arg(&file)
            .arg("--storage.path")
            .arg(directory.join("data"))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--cluster.listen-address=")
            .current_dir(here)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(words)?;
        let manager = Self { child, url: format!("http://127.0.0.1:{port}"), directory };
        let end = Instant::now() + Duration::from_secs(20);
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            if Instant::now() > end {
                return Err("Alertmanager does not start".into());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(manager)
    }
}

pub async fn alertmanager(server: Server) -> Outcome {
    let hook = Hook::start(&[]).await?;
    let manager = Alertmanager::start(&hook).await?;
    let setup = [moody("t"), bloated("u")].join("\n");
    let rig = Rig::new(&server, &setup).await?;
    mood(&rig, "bad").await?;
    rig.configure(&format!(
        "{ANY_TIME}\n[notifier.alerts]\nkind = \"alertmanager\"\nurl = \"{}/\"",
        manager.url
    ))?;
    let daemon = rig.start(&["daemon"])?;
    let alert = |status: &str| -> Result<Option<Value>, String> {
        for asked in hook.asked() {
            let body = asked.json()?;
            let alerts = body["alerts"].as_array().cloned().unwrap_or_default();
            let found = alerts.into_iter().find(|a| a["status"] == status);
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    };
    rig.until("it fires", 60, || Ok(alert("firing")?.is_some())).await?;
    let labels = json!({
        "alertname": "RepackdTableFailed", "connection": "shop", "table": "public.t", "severity": "warning"
    });
    let firing = alert("firing")?.unwrap_or_default();
    if firing["labels"] != labels
        || firing["annotations"]["reason"].as_str().is_none_or(|r| !r.contains("SQLSTATE P0001"))
    {
        return Err(format!("{firing:#}"));
    }
    mood(&rig, "good").await?;
    rig.until("t is done", 90, || Ok(rig.endings("public.t")?.last().is_some_and(|e| e == "done")))
        .await?;
    rig.until("it is resolved", 60, || Ok(alert("resolved")?.is_some())).await?;
    if alert("resolved")?.unwrap_or_default()["labels"] != labels {
        return Err(format!("{:#?}", hook.asked()));
    }
    daemon.signal("TERM")?;
    daemon.wait()?.status(0)?;
    rig.drop().await
}
