//! What sends spans and metrics to a collector, or shows them.
//!
//! A collector that is down is told of once. Exporters work on threads of their own, with bounded
//! queues: whatever does not fit is dropped, and no run ever waits for one.

use super::options::{Otlp, Signal};
use opentelemetry_otlp::tonic_types::transport::{Certificate, ClientTlsConfig, Identity};
use opentelemetry_otlp::{MetricExporter, SpanExporter, WithHttpConfig, WithTonicConfig};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::trace::{SpanData, SpanExporter as Export};
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Which signals cannot be sent at the moment.
#[derive(Debug, Clone, Default)]
pub struct Trouble(Arc<Mutex<Signals>>);

#[derive(Debug, Default)]
struct Signals {
    failing: BTreeSet<Signal>,
    over: bool,
}

impl Trouble {
    /// Whether there is any. What an exporter that is still at it when the process ends has to say
    /// afterwards is not said: whoever asks here says it for all of them.
    pub fn at_the_end(&self) -> bool {
        let Ok(mut signals) = self.0.lock() else { return false };
        signals.over = true;
        !signals.failing.is_empty()
    }

    /// Says that it begins, and that it is over: once each, however many signals and batches it
    /// concerns. A collector that takes one signal and not the other is in trouble all along.
    fn heard(&self, signal: Signal, place: &str, result: &OTelSdkResult) {
        let Ok(mut signals) = self.0.lock() else { return };
        if signals.over {
            return;
        }
        let failing = &mut signals.failing;
        let before = !failing.is_empty();
        match result {
            Ok(()) => failing.remove(&signal),
            Err(_) => failing.insert(signal),
        };
        let after = !failing.is_empty();
        drop(signals);
        match (before, after, result) {
            (false, true, Err(error)) => tracing::warn!(
                "{} cannot be sent to {place}: {}; runs go on without, and it is not said again",
                signal.name(),
                without_urls(&error.to_string())
            ),
            (true, false, _) => tracing::info!("{place} can be reached again"),
            _ => {}
        }
    }
}

/// An exporter whose troubles are said.
#[derive(Debug)]
pub struct Said<E> {
    inner: E,
    signal: Signal,
    place: String,
    trouble: Trouble,
}

impl<E> Said<E> {
    fn heard(&self, result: OTelSdkResult) -> OTelSdkResult {
        self.trouble.heard(self.signal, &self.place, &result);
        result
    }
}

/// An error of HTTP quotes the URL, whose path and query may be secrets.
fn without_urls(error: &str) -> String {
    let words = error.split(' ').map(|word| match word.contains("://") {
        true => "the URL",
        false => word,
    });
    words.collect::<Vec<_>>().join(" ")
}

impl<E: Export> Export for Said<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.heard(self.inner.export(batch).await)
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn set_resource(&mut self, resource: &opentelemetry_sdk::Resource) {
        self.inner.set_resource(resource);
    }
}

impl<E: PushMetricExporter> PushMetricExporter for Said<E> {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        self.heard(self.inner.export(metrics).await)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn temporality(&self) -> Temporality {
        self.inner.temporality()
    }
}

/// Sends spans. The error is the end of a sentence. For gRPC it has to be called within a runtime
/// that lives until the last export.
pub fn spans(otlp: &Otlp, trouble: &Trouble) -> Result<Said<SpanExporter>, String> {
    let built = match otlp.grpc {
        true => SpanExporter::builder().with_tonic().with_tls_config(tls(otlp)?).build(),
        false => SpanExporter::builder().with_http().with_http_client(http(otlp)?).build(),
    };
    Ok(said(built.map_err(|e| without_urls(&e.to_string()))?, otlp, Signal::Traces, trouble))
}

/// Sends metrics; as [`spans`].
pub fn metrics(otlp: &Otlp, trouble: &Trouble) -> Result<Said<MetricExporter>, String> {
    let built = match otlp.grpc {
        true => MetricExporter::builder().with_tonic().with_tls_config(tls(otlp)?).build(),
        false => MetricExporter::builder().with_http().with_http_client(http(otlp)?).build(),
    };
    Ok(said(built.map_err(|e| without_urls(&e.to_string()))?, otlp, Signal::Metrics, trouble))
}

fn said<E>(inner: E, otlp: &Otlp, signal: Signal, trouble: &Trouble) -> Said<E> {
    Said { inner, signal, place: otlp.place.clone(), trouble: trouble.clone() }
}

/// The files of TLS: authorities, and the client's certificate with its key.
struct Files {
    authorities: Option<Vec<u8>>,
    client: Option<(Vec<u8>, Vec<u8>)>,
}

fn files(otlp: &Otlp) -> Result<Files, String> {
    let read = |path: &std::path::PathBuf| {
        std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))
    };
    Ok(Files {
        authorities: otlp.authorities.as_ref().map(read).transpose()?,
        client: match &otlp.client {
            Some((certificate, key)) => Some((read(certificate)?, read(key)?)),
            None => None,
        },
    })
}

/// TLS for gRPC; of no effect on an endpoint without.
fn tls(otlp: &Otlp) -> Result<ClientTlsConfig, String> {
    let Files { authorities, client } = files(otlp)?;
    let config = match authorities {
        Some(pem) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem)),
        None => ClientTlsConfig::new().with_enabled_roots(),
    };
    Ok(match client {
        Some((certificate, key)) => config.identity(Identity::from_pem(certificate, key)),
        None => config,
    })
}

/// The client for HTTP.
fn http(otlp: &Otlp) -> Result<reqwest::blocking::Client, String> {
    let Files { authorities, client } = files(otlp)?;
    let with_tls = !otlp.place.starts_with("http://");
    let mut builder = reqwest::blocking::Client::builder()
        .timeout(otlp.timeout)
        .redirect(reqwest::redirect::Policy::none())
        .tls_backend_preconfigured(super::tls::config(authorities, client, with_tls)?);
    builder = builder.user_agent(concat!("repackd/", env!("CARGO_PKG_VERSION")));
    // It must not be made, nor dropped, on a thread of the runtime.
    let made = std::thread::spawn(move || builder.build().map_err(|e| e.to_string()));
    made.join().unwrap_or_else(|_| Err("its client cannot be made".into()))
}

/// Shows spans on standard error, one line of JSON each.
#[derive(Debug)]
pub struct ConsoleSpans;

impl Export for ConsoleSpans {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        for span in batch {
            let attributes: serde_json::Map<_, _> = span
                .attributes
                .iter()
                .map(|a| (a.key.to_string(), a.value.to_string().into()))
                .collect();
            let took = span.end_time.duration_since(span.start_time).unwrap_or_default();
            let line = serde_json::json!({
                "span": span.name,
                "trace_id": span.span_context.trace_id().to_string(),
                "span_id": span.span_context.span_id().to_string(),
                "parent_id": span.parent_span_id.to_string(),
                "seconds": took.as_secs_f64(),
                "status": format!("{:?}", span.status),
                "attributes": attributes,
            });
            eprintln!("{line}");
        }
        Ok(())
    }
}

/// Shows metrics on standard error, as `/metrics` has them.
pub struct ConsoleMetrics(pub prometheus::Registry);

impl PushMetricExporter for ConsoleMetrics {
    async fn export(&self, _: &ResourceMetrics) -> OTelSdkResult {
        eprint!("{}", super::meters::text(&self.0));
        Ok(())
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }

    fn temporality(&self) -> Temporality {
        Temporality::Cumulative
    }
}
