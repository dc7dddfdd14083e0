//! Traces and metrics of whole runs.

use super::Collector;
use super::tree::{Tree, has, of, seconds};
use crate::connect::pki::Authority;
use crate::daemon::{ANY_TIME, Rig, bloated};
use crate::support::program::{finish, program};
use crate::support::scene::Scene;
use crate::support::{Outcome, Server, words};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use repackd::telemetry::names::METRICS;
use std::io::Write;
use std::process::{Command, Stdio};

/// repackd that exports to a collector.
pub fn exporting(scene: &Scene, collector: &Collector, arguments: &[&str]) -> Command {
    let mut command = scene.command(arguments);
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.address);
    command
}

/// One trace with every phase, in a tree, and figures that fit what was done.
pub async fn over_http(server: Server) -> Outcome {
    let mut scene = Scene::new(&server, "CREATE UNIQUE INDEX t_v ON public.t (v);").await?;
    scene.note()?;
    let collector = Collector::http(None).await?;
    let mut command = exporting(&scene, &collector, &["run-now", "t"]);
    command.env("OTEL_EXPORTER_OTLP_HEADERS", "x-key=hunter2");
    command.env("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test");
    finish(command)?.status(0)?;
    let received = collector.received();
    if !received.headers.contains("hunter2") {
        return Err("the header was not sent".into());
    }
    for (name, value) in [("service.name", "repackd"), ("deployment.environment.name", "test")] {
        if received.resource.get(name).is_none_or(|v| v != value) {
            return Err(format!("{name} is missing in {:?}", received.resource));
        }
    }
    if format!("{:?} {:?}", received.spans, received.metrics).contains("hunter2") {
        return Err("a secret in spans or metrics".into());
    }
    let tree = Tree::of(&received)?;
    let root = tree.one("repackd.table")?;
    for (name, value) in [
        ("repackd.table", "public.t"),
        ("repackd.command", "run-now"),
        ("repackd.outcome", "success"),
        ("repackd.ending", "done"),
        ("db.system.name", "postgresql"),
        ("db.collection.name", "t"),
        ("repackd.rows.copied", "3000"),
        ("repackd.cutover.attempts", "1"),
    ] {
        has(root, name, value)?;
    }
    has(root, "db.namespace", &format!("{}|public", scene.database.name))?;
    let reclaimed: i64 = of(root)["repackd.bytes.reclaimed"].parse().map_err(words)?;
    if reclaimed <= 0 {
        return Err(format!("{reclaimed} bytes reclaimed"));
    }
    let mut sum = 0.0;
    for phase in ["preflight", "prepare", "capture", "copy", "purge", "index", "drain", "verify"]
        .iter()
        .chain(&["cutover", "validate", "cleanup"])
    {
        let span = tree.one(&format!("repackd.phase.{phase}"))?;
        has(span, "repackd.phase", phase)?;
        if span.parent_span_id != root.span_id {
            return Err(format!("{phase} is not right below the table"));
        }
        sum += seconds(span);
    }
    // What is between them is connecting.
    if sum > seconds(root) || sum < seconds(root) * 0.3 {
        return Err(format!("phases took {sum} s of {} s", seconds(root)));
    }
    tree.nests("repackd.phase.copy", "repackd.chunks")?;
    tree.nests("repackd.phase.drain", "repackd.drain")?;
    tree.nests("repackd.phase.cutover", "repackd.cutover.attempt")?;
    tree.nests("repackd.cutover.attempt", "repackd.lock")?;
    tree.nests("repackd.cutover.attempt", "repackd.exchange")?;
    let mut indexes: Vec<_> =
        tree.named("repackd.index").map(|s| of(s)["repackd.index"].clone()).collect();
    indexes.sort_unstable();
    if indexes != ["t_n", "t_pkey", "t_v"] {
        return Err(format!("indexes: {indexes:?}"));
    }
    metrics(&received)?;
    scene.untouched().await?;
    scene.drop().await
}

/// The metrics that a run which did something sends are those documented.
fn metrics(received: &super::collector::Received) -> Outcome {
    for metric in &received.metrics {
        let known = METRICS.iter().find(|m| m.name == metric.name);
        let Some(known) = known else {
            return Err(format!("a metric that is not documented: {}", metric.name));
        };
        if known.unit != metric.unit {
            return Err(format!("{} has the unit {}", metric.name, metric.unit));
        }
    }
    let last = |name: &str| {
        let found = received.metrics.iter().rev().find(|m| m.name == name);
        found.and_then(|m| m.data.clone()).ok_or(format!("no metric {name}"))
    };
    let Data::Sum(runs) = last("repackd.runs")? else { return Err("runs are no sum".into()) };
    // A daemon begins all of them at zero.
    let counted = runs.data_points.iter().filter(|p| p.value != Some(Value::AsInt(0)));
    if counted.count() != 1 || !runs.is_monotonic {
        return Err(format!("one count of runs was expected: {runs:?}"));
    }
    for name in ["repackd.reclaimed", "repackd.phase.duration", "repackd.build_info"] {
        last(name)?;
    }
    for name in ["repackd.cutover.attempt", "repackd.cutover.wait", "repackd.cutover.wait.max"] {
        last(name)?;
    }
    Ok(())
}

pub async fn over_grpc(server: Server) -> Outcome {
    let scene = Scene::new(&server, "").await?;
    let collector = Collector::grpc(None).await?;
    let mut command = exporting(&scene, &collector, &["run-now", "t"]);
    command.env("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
    command.env("OTEL_EXPORTER_OTLP_HEADERS", "x-key=hunter2");
    command.env("OTEL_SERVICE_NAME", "night").env("RUST_LOG", "trace");
    finish(command)?.status(0)?;
    let received = collector.received();
    if !received.headers.contains("hunter2") || received.resource["service.name"] != "night" {
        return Err(format!("header or name are missing: {:?}", received.resource));
    }
    Tree::of(&received)?.one("repackd.phase.cleanup")?;
    metrics(&received)?;
    scene.untouched().await?;
    scene.drop().await
}

/// Both protocols, with an authority of one's own; one signal alone.
pub async fn over_tls(server: Server) -> Outcome {
    let scene = Scene::new(&server, "").await?;
    let authority = Authority::root("collectors");
    let issued = authority.issue("localhost", &["localhost"], 2);
    let file = std::env::temp_dir().join(format!("{}-ca.pem", scene.database.name));
    std::fs::write(&file, &authority.pem).map_err(words)?;
    for grpc in [false, true] {
        let (collector, protocol, path) = match grpc {
            false => (Collector::http(Some(&issued)).await?, "http/protobuf", "/v1/traces"),
            true => (Collector::grpc(Some(&issued)).await?, "grpc", ""),
        };
        let mut command = scene.command(&["run-now", "t"]);
        let endpoint = format!("{}{path}", collector.address);
        command.env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", endpoint);
        command.env("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", protocol);
        command.env("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "none");
        command.env("OTEL_EXPORTER_OTLP_CERTIFICATE", &file);
        let finished = finish(command)?;
        finished.status(0)?;
        let received = collector.received();
        Tree::of(&received).map_err(|e| format!("{protocol}: {e} {finished}"))?;
        if !received.metrics.is_empty() {
            return Err("metrics came, and nobody had said where to".into());
        }
    }
    std::fs::remove_file(&file).map_err(words)?;
    scene.untouched().await?;
    scene.drop().await
}

/// TRACEPARENT is the parent, and its flag decides whether spans are sent.
pub async fn part_of_a_trace(server: Server) -> Outcome {
    let scene = Scene::new(&server, "").await?;
    let collector = Collector::http(None).await?;
    let parent = |flag| format!("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-{flag}");
    let mut command = exporting(&scene, &collector, &["run-now", "t"]);
    command.env("TRACEPARENT", parent("01")).env("TRACESTATE", "ci=7");
    finish(command)?.status(0)?;
    let tree = Tree::of(&collector.received())?;
    let root = tree.one("repackd.table")?;
    if root.trace_id != 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c_u128.to_be_bytes()
        || root.parent_span_id != 0xb7ad_6b71_6920_3331_u64.to_be_bytes()
        || root.trace_state != "ci=7"
    {
        return Err(format!("not below the parent: {root:?}"));
    }
    let silent = Collector::http(None).await?;
    let mut command = exporting(&scene, &silent, &["run-now", "t"]);
    command.env("TRACEPARENT", parent("00"));
    finish(command)?.status(0)?;
    if !silent.received().spans.is_empty() {
        return Err("the parent was not sampled, and spans came".into());
    }
    let alone = Collector::http(None).await?;
    let mut command = exporting(&scene, &alone, &["run-now", "t"]);
    command.env("TRACEPARENT", parent("01")).env("OTEL_PROPAGATORS", "none");
    finish(command)?.status(0)?;
    let tree = Tree::of(&alone.received())?;
    if !tree.one("repackd.table")?.parent_span_id.is_empty() {
        return Err("OTEL_PROPAGATORS was not heeded".into());
    }
    scene.drop().await
}

/// A run that fails has the SQLSTATE where it failed and at the root, and no row.
pub async fn failure(server: Server) -> Outcome {
    let setup = "
        CREATE FUNCTION public.f(bigint) RETURNS bigint IMMUTABLE LANGUAGE sql AS 'SELECT $1';
        ALTER FUNCTION public.f(bigint) OWNER TO shape_owner;
        CREATE TABLE public.t (id bigint PRIMARY KEY, v text, g bigint GENERATED ALWAYS AS (public.f(id)) STORED);
        ALTER TABLE public.t OWNER TO shape_owner;
        INSERT INTO public.t SELECT i, 'precious' || i FROM generate_series(1, 100) i;
        CREATE OR REPLACE FUNCTION public.f(bigint) RETURNS bigint IMMUTABLE LANGUAGE plpgsql AS
        $$ BEGIN
             IF $1 = 77 THEN RAISE EXCEPTION 'precious%', $1 USING ERRCODE = '22012'; END IF;
             RETURN $1;
           END $$;";
    let scene = Scene::of(&server, setup).await?;
    let collector = Collector::http(None).await?;
    let command = exporting(&scene, &collector, &["run-now", "t"]);
    finish(command)?.status(1)?.says(&["22012", "precious"])?;
    let received = collector.received();
    let tree = Tree::of(&received)?;
    let (root, copy) = (tree.one("repackd.table")?, tree.one("repackd.phase.copy")?);
    for span in [root, copy] {
        has(span, "db.response.status_code", "22012")?;
        has(span, "error.type", "22012")?;
        let status = span.status.clone().unwrap_or_default();
        if status.code != 2 || !status.message.starts_with("copying pages") {
            return Err(format!("status {status:?}"));
        }
    }
    has(root, "repackd.outcome", "failure")?;
    if tree.named("repackd.phase.purge").next().is_some() {
        return Err("a phase that was never begun".into());
    }
    if format!("{received:?}").contains("precious") {
        return Err("a row in the trace".into());
    }
    finish(exporting(&scene, &collector, &["abort", "t"]))?.status(0)?;
    let spans = collector.received().spans;
    let abort = spans.iter().rfind(|s| s.name == "repackd.table").ok_or("none")?;
    has(abort, "repackd.command", "abort")?;
    has(abort, "repackd.outcome", "success")?;
    scene.drop().await
}

/// That there is nothing to do is no error.
pub async fn refusal(server: Server) -> Outcome {
    let scene = Scene::of(
        &server,
        "CREATE TABLE public.t (v text); ALTER TABLE public.t OWNER TO shape_owner",
    )
    .await?;
    let collector = Collector::http(None).await?;
    finish(exporting(&scene, &collector, &["run-now", "t"]))?.status(3)?;
    let tree = Tree::of(&collector.received())?;
    let root = tree.one("repackd.table")?;
    has(root, "repackd.outcome", "skip")?;
    has(root, "error.type", "refused")?;
    if root.status.as_ref().is_some_and(|s| s.code == 2) {
        return Err("a refusal is told as an error".into());
    }
    scene.drop().await
}

pub async fn sampled_out(server: Server) -> Outcome {
    let scene = Scene::new(&server, "").await?;
    let collector = Collector::http(None).await?;
    let mut command = exporting(&scene, &collector, &["run-now", "t"]);
    command.env("OTEL_TRACES_SAMPLER", "traceidratio").env("OTEL_TRACES_SAMPLER_ARG", "0");
    finish(command)?.status(0)?;
    let received = collector.received();
    if !received.spans.is_empty() || received.metrics.is_empty() {
        return Err("the sampler was not heeded, or metrics were sampled".into());
    }
    scene.drop().await
}

pub async fn switched_off(server: Server) -> Outcome {
    let scene = Scene::new(&server, "").await?;
    let collector = Collector::http(None).await?;
    for (name, value) in [("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_EXPORTER", "none")] {
        let mut command = exporting(&scene, &collector, &["run-now", "t"]);
        command.env(name, value).env("OTEL_METRICS_EXPORTER", "none");
        finish(command)?.status(0)?;
    }
    let received = collector.received();
    match received.spans.is_empty() && received.metrics.is_empty() {
        true => scene.drop().await,
        false => Err(format!("something came: {received:?}")),
    }
}

/// A trace for each.
pub async fn of_several_tables(server: Server) -> Outcome {
    let more =
        "CREATE TABLE public.u (id int PRIMARY KEY); ALTER TABLE public.u OWNER TO shape_owner;";
    let scene = Scene::new(&server, more).await?;
    let collector = Collector::http(None).await?;
    finish(exporting(&scene, &collector, &["run-now", "t", "u"]))?.status(0)?;
    let mut received = collector.received();
    let all = std::mem::take(&mut received.spans);
    let roots: Vec<_> = all.iter().filter(|s| s.name == "repackd.table").collect();
    if roots.len() != 2 {
        return Err(format!("{} roots", roots.len()));
    }
    for root in roots {
        received.spans = all.iter().filter(|s| s.trace_id == root.trace_id).cloned().collect();
        Tree::of(&received)?.one("repackd.phase.cutover")?;
    }
    scene.drop().await
}

/// Without a collector, for a look; the metrics as /metrics has them, and promtool finds nothing wrong.
pub async fn on_the_console(server: Server) -> Outcome {
    let scene = Scene::new(&server, "").await?;
    let mut command = scene.command(&["run-now", "t"]);
    command.env("OTEL_TRACES_EXPORTER", "console").env("OTEL_METRICS_EXPORTER", "console");
    let finished = finish(command)?;
    finished
        .status(0)?
        .says(&["\"span\":\"repackd.table\"", "# TYPE repackd_runs_total counter"])?;
    clean(&finished.err)?;
    scene.drop().await?;
    let rig = Rig::new(&server, &bloated("t")).await?;
    rig.configure(ANY_TIME)?;
    let mut command = program(&["daemon", "--once", "--config", &rig.file()]);
    command.env("OTEL_METRICS_EXPORTER", "console");
    let finished = finish(command)?;
    finished.status(0)?.says(&[
        "repackd_store_up 1",
        "repackd_tables_due{repackd_connection=\"shop\"} 1",
        "repackd_queue_entries{repackd_connection=\"shop\",repackd_state=\"waiting\"} 0",
        "repackd_rule_open{repackd_rule=\"all\"} 1",
        "repackd_table_bloat_bytes{repackd_connection=\"shop\",repackd_table=\"public.t\"}",
        "repackd_table_last_success_timestamp_seconds{repackd_connection=\"shop\",repackd_table=\"public.t\"}",
        "repackd_evaluations_total{repackd_connection=\"shop\",repackd_outcome=\"success\"} 1",
        "repackd_runs_total{repackd_connection=\"shop\",repackd_outcome=\"failure\"} 0",
    ])?;
    clean(&finished.err)?;
    rig.drop().await
}

/// The metrics among what was said are documented, and promtool finds nothing wrong with them.
fn clean(said: &str) -> Outcome {
    let metric =
        |l: &&str| l.starts_with("# ") || l.starts_with("repackd_") || l.starts_with("target");
    let text: String = said.lines().filter(metric).map(|l| format!("{l}\n")).collect();
    for line in text.lines().filter(|l| l.starts_with("# TYPE repackd")) {
        let name = line.split(' ').nth(2).unwrap_or_default();
        if !METRICS.iter().any(|m| m.prometheus() == name) {
            return Err(format!("{name} is not documented"));
        }
    }
    match std::env::var_os("REPACKD_TEST_PROMTOOL") {
        None => println!("there is no promtool: not tested"),
        Some(promtool) => {
            let mut command = Command::new(promtool);
            command.args(["check", "metrics"]).stdin(Stdio::piped()).stderr(Stdio::piped());
            let mut child = command.spawn().map_err(words)?;
            child.stdin.take().ok_or("no stdin")?.write_all(text.as_bytes()).map_err(words)?;
            let output = child.wait_with_output().map_err(words)?;
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            if !output.status.success() || !said.is_empty() {
                return Err(format!("promtool: {said}\n{text}"));
            }
        }
    }
    Ok(())
}

/// A run of the daemon is a trace of its own, linked to the evaluation that queued it; its log lines lead
/// there.
pub async fn of_the_daemon(server: Server) -> Outcome {
    let rig = Rig::new(&server, &bloated("t")).await?;
    rig.configure(ANY_TIME)?;
    let collector = Collector::http(None).await?;
    let mut command = program(&["daemon", "--once", "--config", &rig.file()]);
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.address);
    let finished = finish(command)?;
    finished.status(0)?;
    let mut received = collector.received();
    let (evaluations, runs): (Vec<_>, Vec<_>) =
        received.spans.drain(..).partition(|s| s.name == "repackd.evaluate");
    received.spans = runs;
    let tree = Tree::of(&received)?;
    let root = tree.one("repackd.table")?;
    has(root, "repackd.command", "daemon")?;
    has(root, "repackd.outcome", "success")?;
    tree.one("repackd.phase.cutover")?;
    let [evaluation] = evaluations.as_slice() else { return Err(format!("{evaluations:?}")) };
    has(evaluation, "repackd.connection", "shop")?;
    match root.links.as_slice() {
        [link] if link.trace_id == evaluation.trace_id && link.span_id == evaluation.span_id => {}
        links => return Err(format!("no link to the evaluation: {links:?}")),
    }
    let trace: String = root.trace_id.iter().map(|b| format!("{b:02x}")).collect();
    let line = |l: &&str| l.contains(" took=") && l.contains(" phase=") && l.contains(&trace);
    let phases = finished.err.lines().filter(line).count();
    if phases != 11 {
        return Err(format!("{phases} phases with the trace in {finished}"));
    }
    metrics(&received)?;
    rig.drop().await
}
