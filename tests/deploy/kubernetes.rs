//! The manifests for Kubernetes.

use super::{
    configuration, directory, documents_of, known, path, patient, run, strings, succeeded, text,
    validators,
};
use crate::support::{Outcome, words};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

const MANIFESTS: [&str; 5] = [
    "docker/kubernetes/namespace.yaml",
    "docker/kubernetes/serviceaccount.yaml",
    "docker/kubernetes/deployment.yaml",
    "docker/kubernetes/cronjob.yaml",
    "docker/kubernetes/secret.example.yaml",
];
const CONFIG: &str = "docker/kubernetes/repackd.toml";

fn validate(files: &[PathBuf]) -> Result<Option<(Command, Output)>, String> {
    let Some(mut python) = validators() else { return Ok(None) };
    python.args(["-m", "kubernetes_validate", "--strict"]).args(files);
    let output = python.output().map_err(words)?;
    Ok(Some((python, output)))
}

pub fn schemas() -> Outcome {
    let mut files: Vec<_> = MANIFESTS.iter().map(|name| path(name)).collect();
    let folder = directory("manifests")?;
    let mut kubectl = Command::new("kubectl");
    if let Some(output) = run(kubectl.arg("kustomize").arg(path("docker/kubernetes")))? {
        succeeded(&kubectl, &output)?;
        let whole = String::from_utf8_lossy(&output.stdout).into_owned();
        for part in ["kind: Deployment", "kind: ConfigMap", "bloat_ratio"] {
            if !whole.contains(part) {
                return Err(format!("\"{part}\" was expected in {whole}"));
            }
        }
        files.push(folder.join("all.yaml"));
        std::fs::write(folder.join("all.yaml"), whole).map_err(words)?;
    }
    let Some((python, output)) = validate(&files)? else { return Ok(()) };
    succeeded(&python, &output)?;
    // It has to be found, or nothing was checked.
    let misspelt = text(MANIFESTS[3])?.replace("concurrencyPolicy", "concurencyPolicy");
    std::fs::write(folder.join("misspelt.yaml"), misspelt).map_err(words)?;
    let found = validate(&[folder.join("misspelt.yaml")])?;
    std::fs::remove_dir_all(folder).map_err(words)?;
    match found {
        Some((_, output)) if output.status.success() => {
            Err("kubernetes-validate does not see a misspelt key".into())
        }
        _ => Ok(()),
    }
}

/// The pods of the manifests, each with a name for messages.
fn pods() -> Result<Vec<(String, Value)>, String> {
    let mut pods = Vec::new();
    for name in MANIFESTS {
        let Some(documents) = documents_of(name)? else { return Ok(Vec::new()) };
        for document in documents {
            for at in ["/spec/template/spec", "/spec/jobTemplate/spec/template/spec"] {
                pods.extend(document.pointer(at).map(|pod| (name.to_owned(), pod.clone())));
            }
        }
    }
    match pods.len() {
        2 => Ok(pods),
        other => Err(format!("{other} pods")),
    }
}

pub fn agrees() -> Outcome {
    let config = configuration(CONFIG)?;
    let file = text(CONFIG)?;
    for (name, pod) in pods()? {
        let grace = pod["terminationGracePeriodSeconds"].as_u64().unwrap_or(30);
        patient(&name, Duration::from_secs(grace), config.daemon.stop_within)?;
        let container = &pod["containers"][0];
        known(&strings(&container["args"]))?;
        // Asked where it listens, and for what it answers to whoever has no token.
        let port = config.http.listen.map(|at| u64::from(at.port()));
        for (probe, answers) in [("livenessProbe", "/liveness"), ("readinessProbe", "/readiness")] {
            let Some(get) = container[probe].get("httpGet") else { continue };
            let named = container["ports"].as_array().into_iter().flatten();
            let named =
                named.filter(|p| p["name"] == get["port"]).map(|p| &p["containerPort"]).next();
            if get["path"] != answers || named.and_then(Value::as_u64) != port || port.is_none() {
                return Err(format!(
                    "{name}: {probe} asks {get}, and the daemon listens to {port:?}"
                ));
            }
        }
        let connection = strings(&container["args"]);
        let connection = connection.iter().skip_while(|a| **a != "--connection").nth(1);
        if connection.is_some_and(|name| config.connections.iter().all(|c| c.name != *name)) {
            return Err(format!("{name}: there is no connection {connection:?}"));
        }
        let mounts = container["volumeMounts"].as_array().cloned().unwrap_or_default();
        let mounted: Vec<_> = mounts.iter().filter_map(|m| m["mountPath"].as_str()).collect();
        if !mounted.contains(&"/etc/repackd/repackd.toml") {
            return Err(format!("{name} has no configuration: {mounted:?}"));
        }
        let secret = documents_of(MANIFESTS[4])?.unwrap_or_default();
        let is_secret = |line: &'_ str| {
            line.starts_with("password_file = ") || line.starts_with("token_file = ")
        };
        for line in file.lines().filter(|line| is_secret(line)) {
            let password = line.split('"').nth(1).unwrap_or_default();
            let password = Path::new(password);
            let folder = password.parent().and_then(Path::to_str).unwrap_or_default();
            let key = password.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if !mounted.contains(&folder) || secret[0]["stringData"].get(key).is_none() {
                return Err(format!("{name}: {} is not mounted", password.display()));
            }
        }
    }
    let Some(cron) = documents_of(MANIFESTS[3])? else { return Ok(()) };
    let zone = config.schedule.zone.name();
    match cron[0].pointer("/spec/timeZone") == Some(&Value::from(zone)) {
        true => Ok(()),
        false => Err(format!("the CronJob's zone is another than {zone}")),
    }
}

pub fn rights() -> Outcome {
    for (name, pod) in pods()? {
        for (at, expected) in [
            ("/automountServiceAccountToken", Value::from(false)),
            ("/securityContext/runAsNonRoot", true.into()),
            ("/securityContext/runAsUser", 65532.into()),
            ("/securityContext/seccompProfile/type", "RuntimeDefault".into()),
            ("/containers/0/securityContext/allowPrivilegeEscalation", false.into()),
            ("/containers/0/securityContext/readOnlyRootFilesystem", true.into()),
            ("/containers/0/securityContext/capabilities/drop/0", "ALL".into()),
        ] {
            if pod.pointer(at) != Some(&expected) {
                return Err(format!("{name}: {at} is {:?}", pod.pointer(at)));
            }
        }
        if pod.pointer("/containers/0/resources/limits/memory").is_none() {
            return Err(format!("{name} has no limit of its memory"));
        }
    }
    let dockerfile = text("docker/Dockerfile")?;
    match dockerfile.lines().any(|line| line == "USER 65532:65532") {
        true => Ok(()),
        false => Err("the image's user is another one".into()),
    }
}
