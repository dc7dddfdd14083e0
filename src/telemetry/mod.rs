//! What is seen of repackd from outside: log lines, traces, metrics.
//!
//! The engine knows of this nothing but the macros of `tracing` and the [`names`]. Spans become those
//! of OpenTelemetry here; figures come from the events that runs send.

mod exporters;
mod files;
mod lines;
mod meters;
pub mod names;
mod options;
pub mod spans;
pub mod standing;
mod tls;

pub use lines::Form;
pub use meters::Meters;
pub use options::Options;
pub use spans::Cause;

use crate::config::{Format, Logging};
use exporters::Trouble;
use opentelemetry::metrics::MeterProvider;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::SdkTracerProvider;
use options::{Destination, Signal};
use std::time::Duration;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::{EnvFilter, FilterFn, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry};

/// The target of log lines for what people on a terminal are told in another form.
pub const TOLD: &str = "repackd::told";

/// How long to wait at the end for what is still to be sent.
const FLUSH: Duration = Duration::from_secs(5);

/// Crates that would write what is nobody's business: parameters of statements, headers with keys of
/// a collector; or that write about a collector's troubles, which are said once elsewhere.
const QUIET: &[&str] = &[
    "tokio_postgres=warn",
    "h2=warn",
    "hyper=warn",
    "hyper_util=warn",
    "reqwest=warn",
    "rustls=warn",
    "tonic=warn",
    "tower=warn",
    "opentelemetry=off",
    "opentelemetry_sdk=off",
    "opentelemetry_otlp=off",
    "opentelemetry_prometheus=off",
];

/// Which log lines are written, and how.
#[derive(Debug, Clone, Copy)]
pub struct Style<'a> {
    /// Levels as in `RUST_LOG`; takes the place of `default`.
    pub filter: Option<&'a str>,
    /// Levels when nobody asked for others.
    pub default: &'a str,
    /// The form of a line.
    pub form: Form,
    /// Whether they go to standard error, be it besides a file.
    pub on_console: bool,
}

impl Style<'_> {
    fn filter(&self) -> Result<EnvFilter, String> {
        let levels = self.filter.unwrap_or(self.default);
        let mut filter =
            EnvFilter::try_new(levels).map_err(|e| format!("RUST_LOG cannot be read: {e}"))?;
        for quiet in QUIET {
            if let Ok(quiet) = quiet.parse() {
                filter = filter.add_directive(quiet);
            }
        }
        Ok(filter)
    }
}

/// Traces and metrics of this process.
#[derive(Debug, Clone)]
pub struct Telemetry {
    traces: SdkTracerProvider,
    metrics: SdkMeterProvider,
    registry: prometheus::Registry,
    meters: Meters,
    parent: Option<Cause>,
    trouble: Trouble,
    /// Whether anything is sent at all.
    exports: bool,
}

impl Telemetry {
    /// Starts log lines, traces and metrics. Within the runtime in which exporters of gRPC work.
    /// Returns warnings too; the error is about log lines alone, a sentence.
    pub fn start<W>(
        style: Style<'_>,
        logging: &Logging,
        to_stderr: W,
        options: &Options,
    ) -> Result<(Self, Vec<String>), String>
    where
        W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
    {
        let mut warnings = options.warnings.clone();
        let resource = resource();
        let trouble = Trouble::default();
        let traces = tracer(options, &trouble, resource.clone(), &mut warnings);
        let (metrics, registry) = meter(options, &trouble, resource, &mut warnings)?;
        let meters = Meters::new(&metrics.meter("repackd"));
        let parent = options.parent.as_ref().and_then(|(p, s)| Cause::parse(p, s));
        let mut lines: Vec<Box<dyn Layer<_> + Send + Sync>> = Vec::new();
        if let (Some(dir), true) = (&logging.dir, logging.to_file) {
            let file = files::open(dir, logging.days_keep)
                .map_err(|e| format!("log_dir {}: {e}", dir.display()))?;
            // Whatever a terminal beside it shows: other programs read this.
            let format = logging.format.unwrap_or(Format::Logfmt);
            let form = Form { format, time: true, colour: false };
            let layer = tracing_subscriber::fmt::layer().event_format(form).with_ansi(false);
            lines.push(Box::new(layer.with_writer(file).with_filter(style.filter()?)));
        }
        if style.on_console {
            let untold = FilterFn::new(|metadata| metadata.target() != TOLD);
            let filter = style.filter()?;
            let layer = tracing_subscriber::fmt::layer().event_format(style.form).with_ansi(false);
            let layer = layer.with_writer(to_stderr).with_filter(filter);
            lines.push(Box::new(layer.with_filter(untold)));
        }
        let spans = options.enabled.then(|| {
            tracing_opentelemetry::layer()
                .with_tracer(traces.tracer("repackd"))
                .with_location(false)
                .with_threads(false)
                .with_target(false)
                .with_level(false)
                .with_tracked_inactivity(false)
                // Spans alone: what is in log lines may quote rows.
                .with_filter(FilterFn::new(|metadata| metadata.is_span()))
                .with_filter(Targets::new().with_target("repackd", LevelFilter::INFO))
        });
        // Unfiltered, it would have every callsite of every crate looked at.
        let places = lines::Places
            .with_filter(FilterFn::new(|metadata| metadata.is_span()))
            .with_filter(Targets::new().with_target("repackd", LevelFilter::INFO));
        // The only way to fail is that a subscriber is set already, as in tests.
        let _ = Registry::default().with(places).with(spans).with(lines).try_init();
        let exports = [&options.traces, &options.metrics].iter().any(|d| **d != Destination::None);
        Ok((Self { traces, metrics, registry, meters, parent, trouble, exports }, warnings))
    }

    /// The metrics, to be fed.
    pub fn meters(&self) -> &Meters {
        &self.meters
    }

    /// The metrics as Prometheus reads them, of content type `text/plain; version=0.0.4`.
    pub fn metrics_text(&self) -> String {
        meters::text(&self.registry)
    }

    /// What this process was started from, if TRACEPARENT says so.
    pub fn parent(&self) -> Option<&Cause> {
        self.parent.as_ref()
    }

    /// Sends what is still to be sent, for five seconds at most. For the end of a process.
    pub async fn flush(self) {
        if !self.exports {
            return;
        }
        let trouble = self.trouble.clone();
        // They wait for other threads.
        let flush = tokio::task::spawn_blocking(move || {
            let metrics = self.metrics.clone();
            let metrics = std::thread::spawn(move || metrics.shutdown_with_timeout(FLUSH));
            let traces = self.traces.shutdown_with_timeout(FLUSH);
            traces.is_ok() && metrics.join().is_ok_and(|metrics| metrics.is_ok())
        });
        let sent = tokio::time::timeout(FLUSH, flush).await;
        // A collector that is down was told of; one that only keeps everybody waiting was not.
        let told = trouble.at_the_end();
        if !matches!(sent, Ok(Ok(true))) && !told {
            tracing::warn!(
                "the collector did not take everything within {} s: the last spans or figures of this run are lost",
                FLUSH.as_secs()
            );
        }
    }
}

/// `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` go before what is set here.
fn resource() -> Resource {
    let detected = Resource::builder().build();
    let unnamed = detected
        .get(&opentelemetry::Key::from_static_str("service.name"))
        .is_none_or(|name| name.as_str().starts_with("unknown_service"));
    let builder = Resource::builder();
    let builder = if unnamed { builder.with_service_name("repackd") } else { builder };
    // Two daemons that send to one place must not be taken for one.
    let instance = "service.instance.id";
    let builder = match detected.get(&opentelemetry::Key::from_static_str(instance)) {
        Some(_) => builder,
        None => {
            let host = whoami::hostname().unwrap_or_else(|_| "localhost".into());
            let id = format!("{host}:{}", std::process::id());
            builder.with_attribute(opentelemetry::KeyValue::new(instance, id))
        }
    };
    builder
        .with_attribute(opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build()
}

fn not_exported(signal: Signal, error: &str) -> String {
    format!("{} are not exported: {error}", signal.name())
}

fn tracer(
    options: &Options,
    trouble: &Trouble,
    resource: Resource,
    warnings: &mut Vec<String>,
) -> SdkTracerProvider {
    // Without an exporter there are still the ids, for log lines.
    let builder = SdkTracerProvider::builder().with_resource(resource);
    match &options.traces {
        Destination::None => builder,
        Destination::Console => builder.with_batch_exporter(exporters::ConsoleSpans),
        Destination::Otlp(otlp) => match exporters::spans(otlp, trouble) {
            Ok(exporter) => builder.with_batch_exporter(exporter),
            Err(error) => {
                warnings.push(not_exported(Signal::Traces, &error));
                builder
            }
        },
    }
    .build()
}

fn meter(
    options: &Options,
    trouble: &Trouble,
    resource: Resource,
    warnings: &mut Vec<String>,
) -> Result<(SdkMeterProvider, prometheus::Registry), String> {
    let registry = prometheus::Registry::new();
    let reader = opentelemetry_prometheus::exporter()
        .with_registry(registry.clone())
        .scope_info_enabled(false)
        .build()
        .map_err(|e| format!("metrics cannot be collected: {e}"))?;
    let builder = SdkMeterProvider::builder().with_resource(resource).with_view(meters::roomy);
    let builder = match &options.metrics {
        Destination::None => builder,
        Destination::Console => {
            let exporter = exporters::ConsoleMetrics(registry.clone());
            builder.with_reader(PeriodicReader::builder(exporter).build())
        }
        Destination::Otlp(otlp) => match exporters::metrics(otlp, trouble) {
            Ok(exporter) => builder.with_reader(PeriodicReader::builder(exporter).build()),
            Err(error) => {
                warnings.push(not_exported(Signal::Metrics, &error));
                builder
            }
        },
    };
    // Last, since they are shut down in their order, and the console shows what this one has.
    Ok((builder.with_reader(reader).build(), registry))
}
