//! Collectors that are down, slow or not who they should be: the run is unharmed, and it is said once.

use super::Collector;
use super::traces::exporting;
use crate::connect::pki::Authority;
use crate::support::program::{Finished, finish};
use crate::support::scene::Scene;
use crate::support::{Outcome, Server, words};
use std::time::{Duration, Instant};

/// Fails unless exactly one line is about the collector.
fn said_once(finished: &Finished) -> Outcome {
    let about = |l: &&str| l.contains("cannot be sent") || l.contains("did not take everything");
    let lines: Vec<_> = finished.err.lines().filter(about).collect();
    match lines.as_slice() {
        [line] if line.contains("level=warn") => Ok(()),
        _ => Err(format!("one warning was expected, not {lines:?}: {finished}")),
    }
}

pub async fn collector_down(server: Server) -> Outcome {
    let scene = Scene::new(&server, "").await?;
    for protocol in ["http/protobuf", "grpc"] {
        let mut command = scene.command(&["run-now", "t"]);
        command.env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://u:hunter2@127.0.0.1:9/?k=hunter2");
        command.env("OTEL_EXPORTER_OTLP_PROTOCOL", protocol);
        // Batch after batch.
        command.env("OTEL_BSP_SCHEDULE_DELAY", "20").env("OTEL_METRIC_EXPORT_INTERVAL", "20");
        let finished = finish(command)?;
        finished.status(0)?.says(&["127.0.0.1:9"])?;
        said_once(&finished).map_err(|e| format!("{protocol}: {e}"))?;
    }
    scene.untouched().await?;
    scene.drop().await
}

/// It takes connections and never answers: five seconds more at the end, and none before.
pub async fn collector_hung(server: Server) -> Outcome {
    let scene = Scene::new(&server, "").await?;
    let collector = Collector::hung().await?;
    for protocol in ["http/protobuf", "grpc"] {
        let mut command = exporting(&scene, &collector, &["run-now", "t"]);
        command.env("OTEL_EXPORTER_OTLP_PROTOCOL", protocol);
        command.env("OTEL_BSP_SCHEDULE_DELAY", "20").env("OTEL_METRIC_EXPORT_INTERVAL", "20");
        let started = Instant::now();
        let finished = finish(command)?;
        let took = started.elapsed();
        finished.status(0)?;
        said_once(&finished).map_err(|e| format!("{protocol}: {e}"))?;
        if took > Duration::from_secs(20) {
            return Err(format!("{protocol}: {took:?}"));
        }
    }
    scene.untouched().await?;
    scene.drop().await
}

/// A collector whose certificate is somebody else's gets nothing.
pub async fn wrong_authority(server: Server) -> Outcome {
    let scene = Scene::new(&server, "").await?;
    let issued = Authority::root("somebody").issue("localhost", &["localhost"], 2);
    let file = std::env::temp_dir().join(format!("{}-other.pem", scene.database.name));
    std::fs::write(&file, &Authority::root("collectors").pem).map_err(words)?;
    for grpc in [false, true] {
        let (collector, protocol) = match grpc {
            false => (Collector::http(Some(&issued)).await?, "http/protobuf"),
            true => (Collector::grpc(Some(&issued)).await?, "grpc"),
        };
        let mut command = exporting(&scene, &collector, &["run-now", "t"]);
        command.env("OTEL_EXPORTER_OTLP_PROTOCOL", protocol);
        command.env("OTEL_EXPORTER_OTLP_CERTIFICATE", &file);
        let finished = finish(command)?;
        finished.status(0)?;
        said_once(&finished).map_err(|e| format!("{protocol}: {e}"))?;
        let received = collector.received();
        if !received.headers.is_empty() {
            return Err(format!("something was sent to it: {}", received.headers));
        }
    }
    std::fs::remove_file(&file).map_err(words)?;
    scene.drop().await
}

/// Variables that make no sense are warned about, and the run goes on.
pub async fn not_understood(server: Server) -> Outcome {
    let scene = Scene::new(&server, "").await?;
    let collector = Collector::http(None).await?;
    for (name, value, said) in [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", "has to be grpc or http/protobuf"),
        ("OTEL_TRACES_EXPORTER", "zipkin", "has to be otlp, console or none"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/nowhere/ca.pem", "/nowhere/ca.pem"),
    ] {
        let mut command = exporting(&scene, &collector, &["run-now", "t"]);
        command.env(name, value);
        finish(command)?.status(0)?.says(&["traces are not exported", said])?;
    }
    scene.drop().await
}
