//! The `OTEL_…` variables: what is exported, and how.
//!
//! The crates read most of them by themselves (endpoints, headers, timeouts, compression, samplers,
//! batches, limits, resource attributes). Here is the rest, and what decides whether anything is
//! exported at all. What cannot be understood is warned about and left out: nobody's night shall fail
//! for its telemetry.

use crate::config::Environment;
use std::path::PathBuf;
use std::time::Duration;

/// A signal that is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signal {
    /// Spans.
    Traces,
    /// Metrics.
    Metrics,
}

impl Signal {
    /// As variables have it.
    fn word(self) -> &'static str {
        match self {
            Self::Traces => "TRACES",
            Self::Metrics => "METRICS",
        }
    }

    /// As people have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Metrics => "metrics",
        }
    }
}

/// Where a signal goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// Nowhere.
    None,
    /// To standard error, for a look at it.
    Console,
    /// To a collector.
    Otlp(Otlp),
}

/// How a collector is reached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Otlp {
    /// gRPC, instead of HTTP.
    pub grpc: bool,
    /// Where, for messages: without anything that could be a secret.
    pub place: String,
    /// Authorities to trust instead of the system's.
    pub authorities: Option<PathBuf>,
    /// The client's certificate and key.
    pub client: Option<(PathBuf, PathBuf)>,
    /// The longest that one export may take.
    pub timeout: Duration,
}

/// What the environment asks for.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whether there is to be any of it.
    pub enabled: bool,
    /// Spans.
    pub traces: Destination,
    /// Metrics.
    pub metrics: Destination,
    /// The caller's context, as TRACEPARENT and TRACESTATE have it.
    pub parent: Option<(String, String)>,
    /// What could not be understood.
    pub warnings: Vec<String>,
}

impl Options {
    /// Reads the variables.
    pub fn read(environment: &Environment) -> Self {
        let disabled = environment.var("OTEL_SDK_DISABLED");
        let mut options = Self {
            enabled: !disabled.is_some_and(|v| v.eq_ignore_ascii_case("true")),
            traces: Destination::None,
            metrics: Destination::None,
            parent: None,
            warnings: Vec::new(),
        };
        if !options.enabled {
            return options;
        }
        options.traces = options.destination(Signal::Traces, environment);
        options.metrics = options.destination(Signal::Metrics, environment);
        let propagators = environment.var("OTEL_PROPAGATORS").unwrap_or("tracecontext");
        if propagators.split(',').any(|p| p.trim() == "tracecontext")
            && let Some(parent) = environment.var("TRACEPARENT")
        {
            let state = environment.var("TRACESTATE").unwrap_or_default();
            options.parent = Some((parent.to_owned(), state.to_owned()));
        }
        options
    }

    fn destination(&mut self, signal: Signal, environment: &Environment) -> Destination {
        let of_signal = |what: &str| format!("OTEL_EXPORTER_OTLP_{}_{what}", signal.word());
        let either = |what: &str| {
            environment
                .var(&of_signal(what))
                .or_else(|| environment.var(&format!("OTEL_EXPORTER_OTLP_{what}")))
        };
        let name = format!("OTEL_{}_EXPORTER", signal.word());
        match environment.var(&name).map(str::trim) {
            Some("none") => return Destination::None,
            Some("console") => return Destination::Console,
            Some("otlp") => {}
            // At /metrics they are in any case.
            Some("prometheus") if signal == Signal::Metrics => return Destination::None,
            Some(_) => {
                self.warnings.push(format!(
                    "{name} is not understood: it has to be otlp, console or none; {} are not exported",
                    signal.name()
                ));
                return Destination::None;
            }
            None if either("ENDPOINT").is_none() => return Destination::None,
            None => {}
        }
        let grpc = match either("PROTOCOL") {
            None | Some("http/protobuf") => false,
            Some("grpc") => true,
            Some(_) => {
                self.warnings.push(format!(
                    "OTEL_EXPORTER_OTLP_PROTOCOL is not understood: it has to be grpc or http/protobuf; {} are not exported",
                    signal.name()
                ));
                return Destination::None;
            }
        };
        let default = if grpc { "http://localhost:4317" } else { "http://localhost:4318" };
        let path = |what: &str| either(what).map(|p| environment.expand(p));
        let client = match (path("CLIENT_CERTIFICATE"), path("CLIENT_KEY")) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            _ => {
                self.warnings.push(format!(
                    "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and …_CLIENT_KEY go together, and one is missing; {} are not exported",
                    signal.name()
                ));
                return Destination::None;
            }
        };
        Destination::Otlp(Otlp {
            grpc,
            place: place(either("ENDPOINT").unwrap_or(default)),
            authorities: path("CERTIFICATE"),
            client,
            // The crate has the same default.
            timeout: Duration::from_millis(
                either("TIMEOUT").and_then(|t| t.parse().ok()).unwrap_or(10_000),
            ),
        })
    }
}

/// Scheme, host and port of an endpoint: user, password, path and query may be secrets.
fn place(endpoint: &str) -> String {
    let (scheme, rest) = endpoint.split_once("://").map_or(("", endpoint), |(s, r)| (s, r));
    let (host, more) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let host = match host.rsplit_once('@') {
        // Where the password ends nobody can tell: it may hold a / or ? that is not escaped.
        _ if more.contains('@') => "...",
        Some((_, host)) => host,
        None => host,
    };
    match scheme {
        "" => host.to_owned(),
        scheme => format!("{scheme}://{host}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Options {
        Options::read(&Environment::of(variables.iter().copied()))
    }

    #[test]
    fn nothing_is_exported_unless_somebody_says_where() {
        let options = read(&[]);
        assert_eq!((options.traces, options.metrics), (Destination::None, Destination::None));
        let one = read(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c:4318/v1/traces")]);
        assert!(matches!(one.traces, Destination::Otlp(Otlp { grpc: false, .. })));
        assert_eq!(one.metrics, Destination::None);
        let both = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4317");
        let grpc = read(&[both, ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "grpc")]);
        assert!(matches!(grpc.traces, Destination::Otlp(Otlp { grpc: false, .. })));
        assert!(matches!(grpc.metrics, Destination::Otlp(Otlp { grpc: true, .. })));
        let off = read(&[both, ("OTEL_SDK_DISABLED", "TRUE")]);
        assert!(!off.enabled && off.traces == Destination::None);
        let none = read(&[both, ("OTEL_TRACES_EXPORTER", "none")]);
        assert!(none.traces == Destination::None && none.metrics != Destination::None);
        let asked = read(&[("OTEL_TRACES_EXPORTER", "otlp")]);
        let Destination::Otlp(otlp) = asked.traces else { panic!("not exported") };
        assert_eq!(otlp.place, "http://localhost:4318");
    }

    #[test]
    fn what_is_not_understood_is_warned_about() {
        let both = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4317");
        for wrong in [
            ("OTEL_TRACES_EXPORTER", "zipkin"),
            ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json"),
            ("OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", "/k.pem"),
        ] {
            let options = read(&[both, wrong]);
            assert_eq!(options.traces, Destination::None, "{wrong:?}");
            assert_eq!(options.warnings.len(), 1, "{wrong:?}");
        }
    }

    #[test]
    fn places_show_no_secret() {
        assert_eq!(place("https://u:hunter2@c:4318/v1?key=hunter2"), "https://c:4318");
        assert_eq!(place("c:4317"), "c:4317");
        for mark in ['/', '?', '#'] {
            assert_eq!(place(&format!("https://u:hun{mark}ter2@c:4318/v1")), "https://...");
            assert_eq!(place(&format!("u:hun{mark}ter2@c:4317")), "...");
        }
    }
}
