//! The dashboards and the alert rules, without Grafana: the types of the model, the grammars of the
//! queries, the rules by promtool. tests/telemetry holds the names in them against what a run emits.

use super::{directory, documents_of, path, succeeded, text};
use crate::support::{Outcome, words};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The dashboards.
pub const DASHBOARDS: [&str; 3] = ["repackd-overview", "repackd-table", "repackd-traces"];

/// A dashboard.
pub fn dashboard(name: &str) -> Result<Value, String> {
    serde_json::from_str(&text(&format!("dashboards/{name}.json"))?).map_err(words)
}

/// A directory in which node finds what the dashboards are checked with.
fn workshop(stem: &str) -> Result<Option<PathBuf>, String> {
    let Some(modules) = std::env::var_os("REPACKD_TEST_GRAFANA") else {
        eprintln!("SKIPPED: REPACKD_TEST_GRAFANA is not set, npm's packages were not to be had");
        return Ok(None);
    };
    let directory = directory(stem)?;
    std::os::unix::fs::symlink(modules, directory.join("node_modules")).map_err(words)?;
    std::fs::write(directory.join("package.json"), "{\"type\":\"module\"}").map_err(words)?;
    Ok(Some(directory))
}

fn compile(directory: &Path, boards: &[(String, Value)]) -> Result<(Command, Output), String> {
    let mut compiler = Command::new("node");
    compiler.current_dir(directory).arg("node_modules/typescript/bin/tsc");
    compiler.args(["--noEmit", "--strict", "--skipLibCheck"]);
    compiler.args(["--module", "nodenext", "--moduleResolution", "nodenext"]);
    for (name, board) in boards {
        let board = serde_json::to_string_pretty(board).map_err(words)?;
        let file = format!("{name}.ts");
        std::fs::write(directory.join(&file), format!("{TYPE}{board};\n")).map_err(words)?;
        compiler.arg(file);
    }
    let output = compiler.output().map_err(words)?;
    Ok((compiler, output))
}

/// Grafana's type of a dashboard, as JSON has it: words where TypeScript has enumerations.
const TYPE: &str = "\
import type { Dashboard } from '@grafana/schema';
type Written<T> = T extends string ? `${T}`
  : T extends (infer U)[] ? Written<U>[]
  : T extends object ? { [K in keyof T]: Written<T[K]> }
  : T;
export const dashboard: Written<Dashboard> = ";

/// Grafana's own types take them.
pub fn model() -> Outcome {
    let Some(directory) = workshop("dashboards-model")? else { return Ok(()) };
    let boards = DASHBOARDS.iter().map(|name| Ok((String::from(*name), dashboard(name)?)));
    let mut boards = boards.collect::<Result<Vec<_>, String>>()?;
    let (compiler, output) = compile(&directory, &boards)?;
    succeeded(&compiler, &output)?;
    // They have to be found, or nothing was checked.
    boards.truncate(2);
    let defaults = &mut boards[0].1["panels"][1]["fieldConfig"]["defaults"];
    defaults["thresholds"]["mode"] = json!("relative");
    boards[1].1["panels"][0]["gridPos"]["z"] = json!(1);
    let (_, output) = compile(&directory, &boards)?;
    std::fs::remove_dir_all(&directory).map_err(words)?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    match ["\"relative\"", "'\"z\"' does not exist"].iter().find(|m| !said.contains(**m)) {
        Some(missed) => Err(format!("the compiler does not see {missed}: {said}")),
        None => Ok(()),
    }
}

/// Every target of every panel, with where it is.
fn targets(board: &Value) -> impl Iterator<Item = (String, &Value)> {
    let panels = board["panels"].as_array().into_iter().flatten();
    panels.flat_map(|panel| {
        let title = panel["title"].as_str().unwrap_or_default();
        let targets = panel["targets"].as_array().into_iter().flatten();
        targets.map(move |target| (title.to_owned(), target))
    })
}

/// With values in place of Grafana's variables. `$__interval` is not among them: it may be shorter than
/// two scrapes are apart, and an increase over it misses what came between.
fn filled(text: &str) -> String {
    let values = [
        ("$__rate_interval", "5m"),
        ("$__range", "1h"),
        ("$slow_cutover", "100ms"),
        ("$slow_index", "1m"),
        ("$trace", "{ }"),
        ("$connection", "shop"),
        ("$table", "public.t"),
    ];
    values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
}

fn parse(directory: &Path, queries: &Value) -> Result<(Command, Output), String> {
    let mut node = Command::new("node");
    node.current_dir(directory).arg("queries.mjs");
    node.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = node.spawn().map_err(words)?;
    let mut stdin = child.stdin.take().ok_or("no stdin")?;
    stdin.write_all(queries.to_string().as_bytes()).map_err(words)?;
    drop(stdin);
    let output = child.wait_with_output().map_err(words)?;
    Ok((node, output))
}

/// The grammars of Prometheus and Tempo take every query.
pub fn queries() -> Outcome {
    let mut all = Vec::new();
    for name in DASHBOARDS {
        let board = dashboard(name)?;
        for (title, target) in targets(&board) {
            let (language, query) = match (target["expr"].as_str(), target["query"].as_str()) {
                (Some(query), _) => ("promql", query),
                (None, Some(query)) => ("traceql", query),
                _ => return Err(format!("{name}: {title} asks for nothing")),
            };
            let query = filled(query);
            if query.contains('$') {
                return Err(format!("{name}: {title} has an unknown variable: {query}"));
            }
            let at = format!("{name}: {title}");
            all.push(json!({ "language": language, "text": query, "where": at }));
        }
    }
    let Some(directory) = workshop("dashboards-queries")? else { return Ok(()) };
    std::fs::copy(path("tests/deploy/queries.mjs"), directory.join("queries.mjs"))
        .map_err(words)?;
    let (node, output) = parse(&directory, &json!(all))?;
    succeeded(&node, &output)?;
    let broken = [("promql", "sum(rate(x[5m])"), ("traceql", "{ name = } | select(span.a)")];
    for (language, text) in broken {
        let query = json!([{ "language": language, "text": text, "where": "here" }]);
        if parse(&directory, &query)?.1.status.success() {
            return Err(format!("the grammar takes {text}"));
        }
    }
    std::fs::remove_dir_all(&directory).map_err(words)
}

/// What the types do not say: no panel lies on another, every variable is there, and every link leads
/// to a dashboard of ours.
pub fn sound() -> Outcome {
    let boards = DASHBOARDS.iter().map(|name| dashboard(name)).collect::<Result<Vec<_>, _>>()?;
    let uids: BTreeSet<_> = boards.iter().filter_map(|b| b["uid"].as_str()).collect();
    for (name, board) in DASHBOARDS.iter().zip(&boards) {
        let wrong = |what: String| Err(format!("{name}: {what}"));
        if board["schemaVersion"] != 42 || board["uid"] != *name {
            return wrong("its version or its uid".into());
        }
        let variables = board["templating"]["list"].as_array().into_iter().flatten();
        let variables: BTreeSet<_> = variables.filter_map(|v| v["name"].as_str()).collect();
        let panels = board["panels"].as_array().ok_or("no panels")?;
        let (mut ids, mut cells) = (BTreeSet::new(), BTreeSet::new());
        for panel in panels {
            let title = &panel["title"];
            if !ids.insert(panel["id"].as_i64()) {
                return wrong(format!("{title} has another's id"));
            }
            let at = |side: &str| panel["gridPos"][side].as_i64().unwrap_or(-1);
            let (x, y, w, h) = (at("x"), at("y"), at("w"), at("h"));
            if x < 0 || y < 0 || w < 1 || h < 1 || x + w > 24 {
                return wrong(format!("{title} does not fit"));
            }
            let mut taken = (y..y + h).flat_map(|y| (x..x + w).map(move |x| (x, y)));
            if !taken.all(|cell| cells.insert(cell)) {
                return wrong(format!("{title} lies on another"));
            }
            for target in panel["targets"].as_array().into_iter().flatten() {
                let source = target["datasource"]["uid"].as_str().unwrap_or_default();
                let source = source.trim_start_matches("${").trim_end_matches('}');
                if !variables.contains(source) {
                    return wrong(format!("{title} asks {source}, which is no variable"));
                }
            }
        }
        for text in crate::telemetry::texts(board) {
            if let Some(rest) = text.strip_prefix("/d/") {
                let uid = rest.split('?').next().unwrap_or_default();
                let target = boards.iter().find(|b| b["uid"] == uid);
                let Some(target) = target.filter(|_| uids.contains(uid)) else {
                    return wrong(format!("{text} leads nowhere"));
                };
                let given = rest.split(['?', '&']).filter_map(|p| p.strip_prefix("var-"));
                for variable in given.filter_map(|p| p.split('=').next()) {
                    let known = target["templating"]["list"].as_array().into_iter().flatten();
                    if !known.clone().any(|v| v["name"] == variable) {
                        return wrong(format!("{uid} has no variable {variable}"));
                    }
                }
            }
        }
    }
    Ok(())
}

fn promtool(arguments: &[&str], directory: &Path) -> Result<Option<(Command, Output)>, String> {
    let Some(promtool) = std::env::var_os("REPACKD_TEST_PROMTOOL") else {
        eprintln!("SKIPPED: REPACKD_TEST_PROMTOOL is not set, promtool was not to be had");
        return Ok(None);
    };
    let mut command = Command::new(promtool);
    let output = command.args(arguments).current_dir(directory).output().map_err(words)?;
    Ok(Some((command, output)))
}

/// promtool takes the rules, they fire and keep still as their test says, and each has one.
pub fn alerts() -> Outcome {
    let directory = path("dashboards");
    for arguments in [["check", "rules", "alerts.yaml"], ["test", "rules", "alerts.test.yaml"]] {
        let Some((command, output)) = promtool(&arguments, &directory)? else { return Ok(()) };
        succeeded(&command, &output)?;
    }
    let (rules, test) = (text("dashboards/alerts.yaml")?, text("dashboards/alerts.test.yaml")?);
    for alert in rules.lines().filter_map(|l| l.trim().strip_prefix("- alert: ")) {
        let fires = test.match_indices(&format!("alertname: {alert}\n")).any(|(at, found)| {
            let next = test[at + found.len()..].lines().next().unwrap_or_default();
            next.trim() == "exp_alerts:"
        });
        if !fires {
            return Err(format!("nothing shows that {alert} fires"));
        }
    }
    let changed = super::directory("alerts")?;
    for (rule, other) in [
        ("> 3 * 86400", "> 9 * 86400"),
        ("> 2 * 86400", "> 9 * 86400"),
        ("0.8 * max", "0.1 * max"),
        ("repackd_store_up == 0", "repackd_store_up == 1"),
        ("deriv(repackd_log_rows[15m])) > 0", "deriv(repackd_log_rows[15m])) < 0"),
    ] {
        if !rules.contains(rule) {
            return Err(format!("there is no {rule} in the rules"));
        }
        std::fs::write(changed.join("alerts.yaml"), rules.replace(rule, other)).map_err(words)?;
        std::fs::write(changed.join("alerts.test.yaml"), &test).map_err(words)?;
        let tested = promtool(&["test", "rules", "alerts.test.yaml"], &changed)?;
        if tested.is_some_and(|(_, output)| output.status.success()) {
            return Err(format!("the tests of the rules do not see {other}"));
        }
    }
    std::fs::remove_dir_all(&changed).map_err(words)
}

/// The provider looks where the compose file puts them.
pub fn provided() -> Outcome {
    let Some(provider) = documents_of("dashboards/provider.yaml")? else { return Ok(()) };
    let Some(compose) = documents_of("docker/compose.yaml")? else { return Ok(()) };
    let wanted = provider[0]["providers"][0]["options"]["path"].as_str().ok_or("no path")?;
    let grafana = &compose[0]["services"]["grafana"];
    let mounted = |file: &str| {
        let mut volumes = grafana["volumes"].as_array().into_iter().flatten();
        volumes.find_map(|v| (v["source"] == file).then(|| v["target"].as_str())).flatten()
    };
    if mounted("../dashboards") != Some(wanted) {
        return Err(format!("the dashboards are not mounted at {wanted}"));
    }
    let beside = "/otel-lgtm/grafana/conf/provisioning/dashboards/repackd.yaml";
    if mounted("../dashboards/provider.yaml") != Some(beside) {
        return Err(format!("the provider is not mounted at {beside}"));
    }
    let endpoint = &compose[0]["services"]["repackd"]["environment"]["OTEL_EXPORTER_OTLP_ENDPOINT"];
    match endpoint.as_str() {
        Some("http://grafana:4318") => Ok(()),
        other => Err(format!("repackd sends to {other:?}")),
    }
}
