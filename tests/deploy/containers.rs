//! The image and the compose file.

use super::{
    configuration, directory, documents_of, known, path, patient, run, seconds, strings, succeeded,
    text, validators,
};
use crate::support::{Outcome, words};
use serde_json::Value;
use std::process::Command;

const COMPOSE: &str = "docker/compose.yaml";
const CONFIG: &str = "docker/first-look/repackd.toml";

pub fn schema() -> Outcome {
    // Docker's own reader, where it is installed with this plugin.
    let mut docker = Command::new("docker");
    if Command::new("docker")
        .args(["compose", "version"])
        .output()
        .is_ok_and(|o| o.status.success())
    {
        docker.args(["compose", "--file"]).arg(path(COMPOSE)).args(["config", "--quiet"]);
        if let Some(output) = run(&mut docker)? {
            succeeded(&docker, &output)?;
        }
    }
    let check = |file: &std::path::Path| {
        let Some(mut python) = validators() else { return Ok(None) };
        python.args(["-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]);
        let output = python.arg(file).output().map_err(words)?;
        Ok::<_, String>(Some((python, output)))
    };
    let Some((python, output)) = check(&path(COMPOSE))? else { return Ok(()) };
    succeeded(&python, &output)?;
    // It has to be found, or nothing was checked.
    let misspelt = directory("compose")?.join("compose.yaml");
    std::fs::write(&misspelt, text(COMPOSE)?.replace("read_only:", "readonly:")).map_err(words)?;
    let found = check(&misspelt)?;
    std::fs::remove_dir_all(directory("compose")?).map_err(words)?;
    match found {
        Some((_, output)) if output.status.success() => {
            Err("check-jsonschema does not see a misspelt key".into())
        }
        _ => Ok(()),
    }
}

pub fn agrees() -> Outcome {
    let config = configuration(CONFIG)?;
    let Some(documents) = documents_of(COMPOSE)? else { return Ok(()) };
    let compose = &documents[0];
    // Every file that is mounted is there.
    let mut secrets = Vec::new();
    for kind in ["configs", "secrets"] {
        for (name, one) in compose[kind].as_object().into_iter().flatten() {
            let file = format!("docker/{}", one["file"].as_str().unwrap_or_default());
            text(&file)?;
            secrets.push(name.as_str());
        }
    }
    let services = compose["services"].as_object().ok_or("no services")?;
    for (name, service) in services {
        if strings(&service["ports"]).iter().any(|port| !port.starts_with("127.0.0.1:")) {
            return Err(format!("{name} is open to others, with a password that everybody knows"));
        }
        let used = strings(&service["secrets"]);
        if let Some(missing) = used.iter().find(|secret| !secrets.contains(*secret)) {
            return Err(format!("{name}: there is no secret {missing}"));
        }
        for (other, wanted) in service["depends_on"].as_object().into_iter().flatten() {
            if wanted["condition"] == "service_healthy"
                && services[other].get("healthcheck").is_none()
            {
                return Err(format!("{name} waits for {other}, which has no healthcheck"));
            }
        }
    }
    let daemon = &services["repackd"];
    known(&strings(&daemon["command"]))?;
    let waits = daemon["stop_grace_period"].as_str().unwrap_or("10s");
    patient("stop_grace_period", seconds(waits)?, config.daemon.stop_within)?;
    // The databases it is pointed at are services, and the passwords are mounted.
    for connection in &config.connections {
        let described = connection.server.describe();
        let host = described.split(':').next().unwrap_or_default();
        if !services.contains_key(host) {
            return Err(format!("there is no service {host}"));
        }
    }
    let file = text(CONFIG)?;
    for password in file.lines().filter_map(|line| line.strip_prefix("password_file = ")) {
        let secret = password.trim_matches('"').trim_start_matches("/run/secrets/");
        if !strings(&daemon["secrets"]).contains(&secret) {
            return Err(format!("{password} is not mounted"));
        }
    }
    match config.store.password_file.as_deref().and_then(std::path::Path::to_str) {
        Some("/run/secrets/store_password") => Ok(()),
        other => Err(format!("the store's password is in {other:?}")),
    }
}

/// What `.dockerignore` lets through is enough for cargo, and all that the Dockerfile copies.
pub fn context() -> Outcome {
    let dockerfile = text("docker/Dockerfile")?;
    let ignored = text(".dockerignore")?;
    let let_through: Vec<_> = ignored.lines().filter_map(|line| line.strip_prefix('!')).collect();
    if !ignored.lines().any(|line| line == "*") || let_through.is_empty() {
        return Err("more than named files gets into the context".into());
    }
    let tree = directory("context")?;
    for line in dockerfile.lines().filter_map(|line| line.strip_prefix("COPY ")) {
        if line.starts_with("--from") {
            continue;
        }
        let mut names: Vec<_> = line.split_whitespace().collect();
        names.pop();
        for name in names {
            if !let_through.contains(&name) {
                return Err(format!("{name} does not get into the context"));
            }
            let mut copy = Command::new("cp");
            let output = copy.arg("-r").arg(path(name)).arg(&tree).output().map_err(words)?;
            succeeded(&copy, &output)?;
        }
    }
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--format-version=1", "--locked", "--offline", "--no-deps"]);
    let output = cargo.current_dir(&tree).output().map_err(words)?;
    succeeded(&cargo, &output)?;
    let found: Value = serde_json::from_slice(&output.stdout).map_err(words)?;
    std::fs::remove_dir_all(&tree).map_err(words)?;
    let package = &found["packages"][0];
    let version = format!("ARG VERSION={}", package["version"].as_str().unwrap_or_default());
    if !dockerfile.lines().any(|line| line == version) {
        return Err(format!("the Dockerfile has no {version}"));
    }
    let tag = format!("newTag: {}", package["version"].as_str().unwrap_or_default());
    if !text("docker/kubernetes/kustomization.yaml")?.contains(&tag) {
        return Err(format!("kustomization.yaml has no {tag}"));
    }
    let command = dockerfile.lines().find_map(|line| line.strip_prefix("CMD "));
    let command: Vec<String> = serde_json::from_str(command.ok_or("no CMD")?).map_err(words)?;
    known(&command.iter().map(String::as_str).collect::<Vec<_>>())
}
