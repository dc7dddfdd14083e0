//! Every name in the dashboards and the alert rules is one that a daemon at work has just emitted.

use super::collector::{Received, attributes_of};
use super::{Collector, texts};
use crate::daemon::{Rig, bloated};
use crate::deploy::dashboards::{DASHBOARDS, dashboard};
use crate::deploy::text;
use crate::support::program::{program, start};
use crate::support::{Outcome, Server, words};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use repackd::telemetry::names::METRICS;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What was emitted: names with the values they had. Metrics and labels as Prometheus has them.
#[derive(Debug, Default)]
struct Emitted {
    /// Labels of each metric, by each of its names.
    metrics: BTreeMap<String, BTreeSet<String>>,
    labels: BTreeMap<String, BTreeSet<String>>,
    spans: BTreeSet<String>,
    attributes: BTreeMap<String, BTreeSet<String>>,
}

impl Emitted {
    fn of(received: &Received) -> Result<Self, String> {
        let mut emitted = Self::default();
        for span in &received.spans {
            emitted.spans.insert(span.name.clone());
            for (name, value) in attributes_of(&span.attributes) {
                emitted.attributes.entry(name).or_default().insert(value);
            }
        }
        for metric in &received.metrics {
            let known = METRICS.iter().find(|m| m.name == metric.name);
            let name = known.ok_or(format!("{} is not documented", metric.name))?.prometheus();
            let mut parts = vec![""];
            let points: Vec<Vec<KeyValue>> = match metric.data.clone().ok_or("no data")? {
                Data::Gauge(g) => g.data_points.into_iter().map(|p| p.attributes).collect(),
                Data::Sum(s) => s.data_points.into_iter().map(|p| p.attributes).collect(),
                Data::Histogram(h) => {
                    parts = vec!["_bucket", "_sum", "_count"];
                    h.data_points.into_iter().map(|p| p.attributes).collect()
                }
                other => return Err(format!("{name} is {other:?}")),
            };
            for attributes in points {
                let mut labels = BTreeSet::new();
                for (attribute, value) in attributes_of(&attributes) {
                    let label = attribute.replace('.', "_");
                    labels.insert(label.clone());
                    emitted.labels.entry(label).or_default().insert(value);
                }
                for part in &parts {
                    let labels = labels.clone();
                    emitted.metrics.entry(format!("{name}{part}")).or_default().extend(labels);
                }
            }
        }
        Ok(emitted)
    }

    /// What in a text is none of these.
    fn unknown(&self, text: &str) -> Vec<String> {
        let mut unknown = Vec::new();
        for name in words_in(text, "repackd_", |c| c.is_ascii_alphanumeric() || c == '_') {
            if !self.metrics.contains_key(name) && !self.labels.contains_key(name) {
                unknown.push(format!("{name} is no metric and no label"));
            }
        }
        for name in words_in(text, "repackd.", |c| c.is_ascii_alphanumeric() || "._".contains(c)) {
            let name = name.trim_end_matches('.');
            let family = self.spans.iter().any(|s| s.starts_with(&format!("{name}.")));
            if !family && !self.spans.contains(name) && !self.attributes.contains_key(name) {
                unknown.push(format!("{name} is no span and no attribute"));
            }
        }
        unknown
    }

    /// What in a query of Prometheus does not fit together: labels that a metric does not have, values
    /// that a label never had.
    fn misfits(&self, query: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        for (at, _) in query.match_indices('{') {
            let metric = query[..at].rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let metric = metric.clone().next().unwrap_or_default();
            let inside = query[at + 1..].split('}').next().unwrap_or_default();
            for matcher in inside.split(',').filter(|m| !m.trim().is_empty()) {
                let Some((label, value)) = matcher.split_once('=') else { continue };
                let label = label.trim();
                // Prometheus adds it.
                if label == "instance" {
                    continue;
                }
                let labels = self.metrics.get(metric);
                if labels.is_some_and(|l| !l.contains(label)) {
                    wrong.push(format!("{metric} has no {label}"));
                }
                let value = value.trim_start_matches('~').trim_matches('"');
                let known = self.labels.get(label).is_some_and(|v| v.contains(value));
                if labels.is_some() && !value.starts_with('$') && !known {
                    wrong.push(format!("{label} was never {value}"));
                }
            }
        }
        wrong
    }

    /// The same of a query of Tempo: names of spans, attributes and their values.
    fn strangers(&self, query: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        let quoted = |text: &str| text.split('"').nth(1).unwrap_or_default().to_owned();
        for (at, _) in query.match_indices("name =") {
            let name = quoted(&query[at..]);
            let known = match name.strip_suffix(".+") {
                Some(start) => self.spans.iter().any(|s| s.starts_with(&format!("{start}."))),
                None => self.spans.contains(&name),
            };
            if !known {
                wrong.push(format!("no span is called {name}"));
            }
        }
        for name in words_in(query, "span.", |c| c.is_ascii_alphanumeric() || "._".contains(c)) {
            let attribute = name.trim_start_matches("span.");
            let Some(values) = self.attributes.get(attribute) else {
                wrong.push(format!("no span has {attribute}"));
                continue;
            };
            for (at, found) in query.match_indices(&format!("{name} = \"")) {
                let value = quoted(&query[at + found.len() - 1..]);
                if !value.starts_with('$') && !values.contains(&value) {
                    wrong.push(format!("{attribute} was never {value}"));
                }
            }
        }
        wrong
    }

    /// All that is wrong with a dashboard.
    fn wrong(&self, board: &Value) -> Vec<String> {
        let mut wrong: Vec<_> = texts(board).into_iter().flat_map(|t| self.unknown(t)).collect();
        let panels = board["panels"].as_array().into_iter().flatten();
        for target in panels.flat_map(|p| p["targets"].as_array().into_iter().flatten()) {
            wrong.extend(target["expr"].as_str().into_iter().flat_map(|q| self.misfits(q)));
            wrong.extend(target["query"].as_str().into_iter().flat_map(|q| self.strangers(q)));
        }
        wrong
    }
}

/// The words in a text that begin like this.
fn words_in<'t>(text: &'t str, start: &str, part: fn(char) -> bool) -> Vec<&'t str> {
    let begins = |at: usize| !text[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    let found = text.match_indices(start).filter(|(at, _)| begins(*at));
    let word = |(at, _): (usize, &str)| {
        let rest = &text[at..];
        &rest[..rest.find(|c| !part(c)).unwrap_or(rest.len())]
    };
    found.map(word).collect()
}

/// A table of which a row cannot be copied.
const STUBBORN: &str = "
    CREATE FUNCTION public.f(bigint) RETURNS bigint IMMUTABLE LANGUAGE sql AS 'SELECT $1';
    ALTER FUNCTION public.f(bigint) OWNER TO shape_owner;
    CREATE TABLE public.stubborn (id bigint PRIMARY KEY, v text, g bigint GENERATED ALWAYS AS (public.f(id)) STORED);
    ALTER TABLE public.stubborn OWNER TO shape_owner;
    INSERT INTO public.stubborn SELECT i, repeat('x', 50) || i FROM generate_series(1, 3000) i;
    DELETE FROM public.stubborn WHERE id % 4 <> 0;
    CREATE OR REPLACE FUNCTION public.f(bigint) RETURNS bigint IMMUTABLE LANGUAGE plpgsql AS
    $$ BEGIN
         IF $1 = 800 THEN RAISE EXCEPTION 'no' USING ERRCODE = '22012'; END IF;
         RETURN $1;
       END $$;";

/// What a daemon emits that evaluates, is held back, repacks a table and fails at another.
async fn emitted(server: &Server) -> Result<Emitted, String> {
    let rig = Rig::new(server, &format!("{}{STUBBORN}", bloated("t"))).await?;
    let pause = std::env::temp_dir().join(format!("{}-pause", rig.database.name));
    std::fs::write(&pause, "").map_err(words)?;
    rig.configure(&format!(
        "[daemon]\nlease = \"3s\"\nbackoff = \"1h\"
         [[window]]\nname = \"always\"\nopen = \"0 0 * * *\"\nduration = \"24h\"
         [[rule]]\nname = \"all\"\ntables = [\"*\"]\nwindows = [\"always\"]
         when = {{ bloat_ratio = 0.2 }}\npause_file = \"{}\"",
        pause.display()
    ))?;
    let collector = Collector::http(None).await?;
    let mut command = program(&["daemon", "--once", "--config", &rig.file()]);
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.address);
    command.env("OTEL_METRIC_EXPORT_INTERVAL", "200");
    let mut started = start(command)?;
    started.until_says("held back").await?;
    // For the key log: this table has most to gain, so it is the first.
    rig.run("UPDATE public.t SET n = n + 1 WHERE id % 8 = 0").await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    std::fs::remove_file(&pause).map_err(words)?;
    let finished = started.wait()?;
    // One of the two has failed.
    finished.status(1)?;
    let emitted = Emitted::of(&collector.received())?;
    rig.drop().await?;
    Ok(emitted)
}

pub async fn names(server: Server) -> Outcome {
    let emitted = emitted(&server).await?;
    for name in DASHBOARDS {
        let wrong = emitted.wrong(&dashboard(name)?);
        if !wrong.is_empty() {
            return Err(format!("{name}: {wrong:#?}; what there was: {emitted:#?}"));
        }
    }
    for file in ["dashboards/alerts.yaml", "dashboards/alerts.test.yaml"] {
        let text = text(file)?;
        let mut wrong = emitted.unknown(&text);
        let rules = text.lines().filter(|l| !l.contains("$labels"));
        wrong.extend(rules.flat_map(|l| emitted.misfits(l)).filter(|w| !w.contains("was never")));
        if !wrong.is_empty() {
            return Err(format!("{file}: {wrong:#?}"));
        }
    }
    // It has to be seen if one of them is another.
    for (name, right, other) in [
        ("repackd-overview", "repackd_bloat_bytes", "repackd_blaot_bytes"),
        ("repackd-overview", "repackd_cutover_wait_seconds_bucket", "repackd_cutover_wait_seconds"),
        ("repackd-overview", "repackd_outcome=", "repackd_reason="),
        ("repackd-overview", "=\\\"failure\\\"", "=\\\"failed\\\""),
        ("repackd-table", "span.repackd.command", "span.repackd.comand"),
        ("repackd-traces", "\\\"repackd.exchange\\\"", "\\\"repackd.exchanges\\\""),
        ("repackd-traces", "span.error.type", "span.error.kind"),
    ] {
        let board = dashboard(name)?.to_string();
        let changed = board.replace(right, other);
        let same = changed == board;
        let changed: Value = serde_json::from_str(&changed).map_err(words)?;
        if same || emitted.wrong(&changed).is_empty() {
            return Err(format!("{other} instead of {right} in {name} is not seen"));
        }
    }
    Ok(())
}
