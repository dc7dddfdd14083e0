//! What is shipped around the program: the image, the compose file, the systemd unit, the manifests,
//! manual pages and completions. Each is checked by its own validator where there is one here, and
//! against the program itself: that it knows every command and every key they use.

mod containers;
pub mod dashboards;
mod documents;
mod first_look;
mod kubernetes;
mod systemd;

use crate::bad_input::{cases, newest, trials};
use crate::config::Test;
use crate::support::program::{finish, program};
use crate::support::{Outcome, words};
use libtest_mimic::Trial;
use repackd::config::{Config, Environment};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

/// The tests of this module that need no server.
pub fn plain() -> Vec<Test> {
    vec![
        ("deploy: manual pages", documents::manual),
        ("deploy: manual pages have somewhere to go", documents::nowhere),
        ("deploy: completions of bash", documents::bash),
        ("deploy: completions of other shells", documents::other_shells),
        ("deploy: the systemd unit as systemd sees it", systemd::verified),
        ("deploy: the systemd unit and the program", systemd::agrees),
        ("deploy: the compose file by its schema", containers::schema),
        ("deploy: the compose file and the program", containers::agrees),
        ("deploy: the image gets what it is built from", containers::context),
        ("deploy: the manifests by their schemas", kubernetes::schemas),
        ("deploy: the manifests and the program", kubernetes::agrees),
        ("deploy: the manifests ask for no rights", kubernetes::rights),
        ("deploy: the dashboards by Grafana's types", dashboards::model),
        ("deploy: the dashboards' queries by their grammars", dashboards::queries),
        ("deploy: the dashboards hold together", dashboards::sound),
        ("deploy: the dashboards are where Grafana looks", dashboards::provided),
        ("deploy: the alert rules by promtool", dashboards::alerts),
    ]
}

/// The trials of this module that need one.
pub fn tests() -> Vec<Trial> {
    trials("deploy", &newest(), cases! { first_look: repacks; })
}

/// A file of the project.
fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Its text.
pub fn text(name: &str) -> Result<String, String> {
    std::fs::read_to_string(path(name)).map_err(|e| format!("{name}: {e}"))
}

/// A directory of a test's own.
fn directory(stem: &str) -> Result<PathBuf, String> {
    let path = std::env::temp_dir().join(format!("repackd-{stem}-{}", std::process::id()));
    std::fs::create_dir_all(&path).map_err(words)?;
    Ok(path)
}

/// Runs a program that may not be there, in which case the test passes, and says so.
fn run(command: &mut Command) -> Result<Option<Output>, String> {
    match command.output() {
        Ok(output) => Ok(Some(output)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            eprintln!("SKIPPED: there is no {}", command.get_program().display());
            Ok(None)
        }
        Err(e) => Err(format!("{command:?}: {e}")),
    }
}

/// Fails unless a program succeeded.
fn succeeded(command: &Command, output: &Output) -> Outcome {
    let said = |bytes| String::from_utf8_lossy(bytes).into_owned();
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("{command:?}: {}{}", said(&output.stdout), said(&output.stderr))),
    }
}

/// Python with the validators, if they are there.
fn validators() -> Option<Command> {
    let Some(tree) = std::env::var_os("REPACKD_TEST_VALIDATORS") else {
        eprintln!("SKIPPED: REPACKD_TEST_VALIDATORS is not set, no validators were to be had");
        return None;
    };
    let mut python = Command::new("python3");
    python.env("PYTHONPATH", tree).current_dir(env!("CARGO_MANIFEST_DIR"));
    Some(python)
}

/// The documents of a YAML file; none where nothing can read them.
fn documents_of(name: &str) -> Result<Option<Vec<Value>>, String> {
    const READ: &str =
        "import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(open(sys.argv[1])))))";
    let Some(mut python) = validators() else { return Ok(None) };
    let output = python.args(["-c", READ, name]).output().map_err(words)?;
    succeeded(&python, &output)?;
    serde_json::from_slice(&output.stdout).map(Some).map_err(words)
}

/// Fails unless the program knows this command line. Of options with a value only that of `--config`
/// is looked at further: nothing is run.
fn known(arguments: &[&str]) -> Outcome {
    let mut all = arguments.to_vec();
    all.push("--help");
    finish(program(&all))?.status(0).map(drop)
}

/// The strings of a list.
fn strings(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// A configuration that is shipped: nothing in it is unknown, without effect or surely not meant.
fn configuration(name: &str) -> Result<Config, String> {
    let environment = Environment::of([("HOME", "/nonexistent"), ("USER", "nobody")]);
    let config = Config::parse_in(&text(name)?, Some(&path(name)), &environment);
    let config = config.map_err(|e| e.to_string())?;
    if !config.warnings.is_empty() {
        return Err(format!("{name}: {:?}", config.warnings));
    }
    let file = path(name).display().to_string();
    finish(program(&["--config", &file, "schedule", "--check"]))?.status(0)?;
    Ok(config)
}

/// Seconds as systemd, Docker and Kubernetes write them.
fn seconds(text: &str) -> Result<Duration, String> {
    let (number, unit) =
        text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let number: u64 = number.parse().map_err(|_| format!("`{text}` is no time"))?;
    match unit {
        "" | "s" => Ok(Duration::from_secs(number)),
        "min" | "m" => Ok(Duration::from_secs(60 * number)),
        _ => Err(format!("`{text}` is no time")),
    }
}

/// Fails unless whoever stops the daemon waits for longer than it may take.
fn patient(what: &str, waits: Duration, takes: Duration) -> Outcome {
    match waits >= takes + Duration::from_secs(10) {
        true => Ok(()),
        false => Err(format!("{what} is {waits:?}, and the daemon may take {takes:?} to stop")),
    }
}
