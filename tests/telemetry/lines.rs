//! Log lines: their forms, where they go, and that they lead to the trace.

use super::Collector;
use super::tree::Tree;
use crate::support::program::{Finished, finish, program};
use crate::support::scene::Scene;
use crate::support::{Outcome, Server, words};
use serde_json::Value;
use std::path::PathBuf;

/// A configuration with a `[logging]` of its own, in a directory of its own.
struct Configured {
    directory: PathBuf,
    file: String,
}

impl Configured {
    fn new(scene: &Scene, logging: &str) -> Result<Self, String> {
        let directory = std::env::temp_dir().join(format!("{}-lines", scene.database.name));
        std::fs::create_dir_all(&directory).map_err(words)?;
        let file = directory.join("repackd.toml").display().to_string();
        let text = format!(
            "[connections.shop]\nurl = \"{}\"\n[logging]\n{logging}\n",
            scene.database.url("shape_owner")
        );
        std::fs::write(&file, text).map_err(words)?;
        Ok(Self { directory, file })
    }

    fn run(&self, arguments: &[&str], collector: Option<&Collector>) -> Result<Finished, String> {
        let mut command = program(arguments);
        command.args(["--config", &self.file]);
        if let Some(collector) = collector {
            command.env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.address);
        }
        finish(command)
    }

    /// The names of the log files, and what is in all of them.
    fn log(&self) -> Result<(Vec<String>, String), String> {
        let (mut names, mut text) = (Vec::new(), String::new());
        for entry in std::fs::read_dir(self.directory.join("log")).map_err(words)? {
            let entry = entry.map_err(words)?;
            names.push(entry.file_name().to_string_lossy().into_owned());
            text.push_str(&std::fs::read_to_string(entry.path()).map_err(words)?);
        }
        names.sort_unstable();
        Ok((names, text))
    }
}

impl Drop for Configured {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// One line a phase, each with the ids of the table's trace, which is the one exported.
pub async fn json(server: Server) -> Outcome {
    let scene = Scene::new(&server, "").await?;
    let collector = Collector::http(None).await?;
    let configured = Configured::new(&scene, "format = \"json\"")?;
    let finished = configured.run(&["run-now", "t"], Some(&collector))?;
    finished.status(0)?;
    let tree = Tree::of(&collector.received())?;
    let trace: String =
        tree.one("repackd.table")?.trace_id.iter().map(|b| format!("{b:02x}")).collect();
    let mut phases = Vec::new();
    for line in finished.err.lines() {
        let line: Value = serde_json::from_str(line).map_err(|e| format!("{e}: {line}"))?;
        if line["trace_id"] != trace.as_str() || line["time"].is_null() {
            return Err(format!("no trace or time: {line}"));
        }
        if let (Some(phase), "info") =
            (line["phase"].as_str(), line["level"].as_str().unwrap_or_default())
        {
            phases.push(phase.to_owned());
        }
    }
    let expected = ["preflight", "prepare", "capture", "copy", "purge", "index", "drain", "verify"];
    let expected: Vec<_> = expected.iter().chain(&["cutover", "validate", "cleanup"]).collect();
    if !phases.iter().eq(expected.iter().copied()) {
        return Err(format!("phases: {phases:?}"));
    }
    scene.drop().await
}

/// Where nobody asks for another form and there is no terminal; ids also without a collector.
pub async fn logfmt(server: Server) -> Outcome {
    let scene = Scene::new(&server, "").await?;
    let finished = scene.repackd(&["run-now", "t"])?;
    let lines: Vec<_> =
        finished.status(0)?.err.lines().filter(|l| l.contains("phase=copy")).collect();
    let [line] = lines.as_slice() else { return Err(format!("{lines:?}")) };
    for part in
        ["time=20", " level=info ", " table=public.t ", " rows=3000 ", " trace_id=", " span_id="]
    {
        if !line.contains(part) {
            return Err(format!("no {part} in {line}"));
        }
    }
    scene.drop().await
}

/// Everything is in the file, errors too; standard error has what a person has to know.
pub async fn file(server: Server) -> Outcome {
    let scene = Scene::new(
        &server,
        "CREATE TABLE public.u (v text); ALTER TABLE public.u OWNER TO shape_owner;",
    )
    .await?;
    let logging =
        "log_dest = \"file\"\nlog_dir = \"log\"\nlog_level = \"info\"\nlog_days_keep = \"10\"";
    let configured = Configured::new(&scene, logging)?;
    let finished = configured.run(&["run-now", "t", "u"], None)?;
    finished.status(3)?.says(&["repackd: public.u cannot be repacked"])?;
    if finished.err.contains("phase=copy") {
        return Err(format!("log lines are not in the file alone: {finished}"));
    }
    let (names, text) = configured.log()?;
    let [name] = names.as_slice() else { return Err(format!("{names:?}")) };
    if !name.starts_with("repackd.20") || !name.ends_with(".log") {
        return Err(format!("the file is {name}"));
    }
    for part in [
        "phase=copy",
        "msg=repacked",
        "level=error msg=\"public.u cannot be repacked",
        "table=public.u",
    ] {
        if !text.contains(part) {
            return Err(format!("no {part} in {text}"));
        }
    }
    let debug = configured.run(&["run-now", "--debug", "t"], None)?;
    debug.status(0)?.says(&["phase=copy"])?;
    let (_, longer) = configured.log()?;
    match longer.matches("msg=repacked").count() {
        2 => scene.drop().await,
        _ => Err(format!("with --debug the file has less than everything: {longer}")),
    }
}

/// The oldest files go, and nobody else's.
pub async fn rotation(server: Server) -> Outcome {
    let scene = Scene::new(&server, "").await?;
    let configured =
        Configured::new(&scene, "log_dest = \"file\"\nlog_dir = \"log\"\nlog_days_keep = 3")?;
    let log = configured.directory.join("log");
    std::fs::create_dir_all(&log).map_err(words)?;
    for day in 1..=5 {
        std::fs::write(log.join(format!("repackd.2020-01-0{day}.log")), "old").map_err(words)?;
    }
    std::fs::write(log.join("other.log"), "mine").map_err(words)?;
    configured.run(&["run-now", "t"], None)?.status(0)?;
    let (names, _) = configured.log()?;
    let kept = names.iter().filter(|n| n.starts_with("repackd.")).count();
    if kept != 3 || !names.contains(&"other.log".to_owned()) {
        return Err(format!("{names:?}"));
    }
    let blocked = Configured::new(&scene, "log_dest = \"file\"\nlog_dir = \"repackd.toml\"")?;
    blocked.run(&["status"], None)?.status(78)?.says(&["log_dir"])?;
    scene.drop().await
}

pub async fn levels(server: Server) -> Outcome {
    let scene = Scene::new(&server, "").await?;
    for (logging, lines) in [("log_level = \"warning\"", 0), ("log_level = \"INFO\"", 1)] {
        let configured = Configured::new(&scene, logging)?;
        let finished = configured.run(&["run-now", "t"], None)?;
        let found = finished.status(0)?.err.lines().filter(|l| l.contains("phase=copy")).count();
        if found != lines {
            return Err(format!("{logging}: {finished}"));
        }
    }
    for (wrong, said) in [
        ("log_level = \"loud\"", "log_level: it has to be"),
        ("log_dest = \"file\"", "needs log_dir"),
        ("log_days_keep = 0", "log_days_keep: it has to be"),
        ("format = \"xml\"", "format: it has to be"),
        ("log_levle = \"info\"", "did you mean `log_level`"),
    ] {
        let configured = Configured::new(&scene, wrong)?;
        configured.run(&["status"], None)?.status(78)?.says(&[said, "repackd.toml:"])?;
    }
    scene.drop().await
}
