//! The metrics, fed from what runs tell and from how they ended.

use super::names::{
    BUILD, CONNECTION, CUTOVER_ATTEMPTS, CUTOVER_WAIT, EVALUATION_DURATION, EVALUATIONS, HELD,
    METRICS, Metric, OUTCOME, PHASE, PHASE_DURATION, REASON, RECLAIMED, REPLAYED, RUNS, VERSION,
};
use super::spans::{FAILURE, OUTCOMES, SUCCESS};
use super::standing::Standing;
use crate::job::{Ending, Event, Measure, Report};
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram, Meter};
use opentelemetry_sdk::metrics::{Instrument, Stream};
use prometheus::TextEncoder;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Bounds, in seconds, for times of phases: from a blink to a night.
const PHASES: &[f64] = &[0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0, 43_200.0];

/// The same for the waits of a cutover, around the usual budget of 200 ms.
const WAITS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0];

/// The metrics.
#[derive(Debug, Clone)]
pub struct Meters {
    runs: Counter<u64>,
    reclaimed: Counter<u64>,
    phases: Histogram<f64>,
    replayed: Counter<u64>,
    attempts: Counter<u64>,
    waits: Histogram<f64>,
    held: Counter<f64>,
    evaluations: Counter<u64>,
    evaluated: Histogram<f64>,
    /// How things stand, for a daemon to say.
    pub standing: Standing,
}

impl Meters {
    /// Makes them.
    pub fn new(meter: &Meter) -> Self {
        let build = meter.u64_gauge(BUILD.name).with_description(BUILD.what).with_unit(BUILD.unit);
        build.build().record(1, &[KeyValue::new(VERSION, env!("CARGO_PKG_VERSION"))]);
        let counter = |m: Metric| {
            meter.u64_counter(m.name).with_description(m.what).with_unit(m.unit).build()
        };
        let histogram = |m: Metric, bounds: &[f64]| {
            let builder = meter.f64_histogram(m.name).with_description(m.what).with_unit(m.unit);
            builder.with_boundaries(bounds.to_vec()).build()
        };
        let held = meter.f64_counter(HELD.name).with_description(HELD.what);
        let standing = Standing::default();
        standing.observe(meter);
        Self {
            runs: counter(RUNS),
            reclaimed: counter(RECLAIMED),
            phases: histogram(PHASE_DURATION, PHASES),
            replayed: counter(REPLAYED),
            attempts: counter(CUTOVER_ATTEMPTS),
            waits: histogram(CUTOVER_WAIT, WAITS),
            held: held.with_unit(HELD.unit).build(),
            evaluations: counter(EVALUATIONS),
            evaluated: histogram(EVALUATION_DURATION, PHASES),
            standing,
        }
    }

    /// Begins to count for a connection. A counter that appears with its first failure has not grown,
    /// for whoever asks Prometheus by how much it has.
    pub fn begin(&self, connection: &str) {
        let at = KeyValue::new(CONNECTION, connection.to_owned());
        for outcome in OUTCOMES {
            self.runs.add(0, &[at.clone(), KeyValue::new(OUTCOME, *outcome)]);
        }
        for outcome in [SUCCESS, FAILURE] {
            let both = [at.clone(), KeyValue::new(OUTCOME, outcome)];
            self.evaluations.add(0, &both);
            self.attempts.add(0, &both);
        }
        self.reclaimed.add(0, std::slice::from_ref(&at));
        self.replayed.add(0, std::slice::from_ref(&at));
    }

    /// Takes in that this daemon has evaluated a connection's tables.
    pub fn evaluation(&self, connection: &str, took: Duration, success: bool) {
        let at = KeyValue::new(CONNECTION, connection.to_owned());
        self.evaluated.record(took.as_secs_f64(), std::slice::from_ref(&at));
        self.evaluations.add(1, &[at, KeyValue::new(OUTCOME, word(success))]);
    }

    /// Takes in what a run on this connection tells.
    pub fn event(&self, connection: &str, event: &Event) {
        let at = KeyValue::new(CONNECTION, connection.to_owned());
        match event {
            Event::PhaseDone { phase, took, .. } => {
                self.phases.record(took.as_secs_f64(), &[at, KeyValue::new(PHASE, phase.name())]);
            }
            Event::Measured { what, .. } => match *what {
                Measure::Waiting(rows) => self.standing.log_rows(connection, Some(rows)),
                Measure::Drained(rows) => self.replayed.add(rows, &[at]),
                Measure::Held(by, time) => {
                    self.held.add(time.as_secs_f64(), &[at, KeyValue::new(REASON, by)]);
                }
                Measure::Budget(budget) => self.standing.budget(connection, budget),
                Measure::Waited(wait) => {
                    self.waits.record(wait.as_secs_f64(), &[at]);
                    self.standing.waited(connection, wait);
                }
                Measure::Attempt { success } => {
                    self.attempts.add(1, &[at, KeyValue::new(OUTCOME, word(success))]);
                }
            },
            _ => {}
        }
    }

    /// Takes in how a run ended, in one of [`OUTCOMES`].
    pub fn report(&self, report: &Report, outcome: &'static str) {
        let at = KeyValue::new(CONNECTION, report.connection.clone());
        self.runs.add(1, &[at.clone(), KeyValue::new(OUTCOME, outcome)]);
        // What is kept goes on being captured: nothing is told of a log that nobody counts.
        let gone = matches!(report.ending, Ending::Done | Ending::Aborted);
        self.standing.log_rows(&report.connection, gone.then_some(0));
        if report.ending != Ending::Done {
            return;
        }
        if let Some(after) = &report.figures.after {
            // A table that has grown by it has reclaimed nothing.
            let less = report.figures.before.total() - after.total();
            self.reclaimed.add(u64::try_from(less).unwrap_or(0), std::slice::from_ref(&at));
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = i64::try_from(now.as_millis()).unwrap_or(0);
        self.standing.repacked(&report.connection, &report.table, now);
    }
}

fn word(success: bool) -> &'static str {
    if success { SUCCESS } else { FAILURE }
}

/// How many combinations of attributes a figure of connections may have: phases of a thousand of them, and
/// some more. The SDK puts what is beyond its 2000 into one figure that means nothing.
const ROOM: usize = 14_000;

/// Gives room to the figures of which each connection has its own.
pub fn roomy(instrument: &Instrument) -> Option<Stream> {
    let of = |m: &&Metric| m.name == instrument.name() && m.attributes.contains(&CONNECTION);
    METRICS.iter().find(of)?;
    Stream::builder().with_cardinality_limit(ROOM).build().ok()
}

/// What `/metrics` answers.
pub fn text(registry: &prometheus::Registry) -> String {
    TextEncoder::new().encode_to_string(&registry.gather()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{Figures, Phase};
    use opentelemetry::metrics::MeterProvider;
    use opentelemetry_sdk::metrics::SdkMeterProvider;

    fn meters() -> (Meters, prometheus::Registry, SdkMeterProvider) {
        let registry = prometheus::Registry::new();
        let reader =
            opentelemetry_prometheus::exporter().with_registry(registry.clone()).build().unwrap();
        let provider = SdkMeterProvider::builder().with_reader(reader).with_view(roomy).build();
        (Meters::new(&provider.meter("repackd")), registry, provider)
    }

    fn lines<'t>(text: &'t str, metric: &str) -> Vec<&'t str> {
        text.lines().filter(|l| l.starts_with(&format!("{metric}{{"))).collect()
    }

    #[test]
    fn a_log_that_is_kept_is_not_said_to_be_empty() {
        let (meters, registry, _provider) = meters();
        for (ending, expected) in [
            (Ending::Interrupted, None),
            (Ending::Prepared, None),
            (Ending::Failed, None),
            (Ending::Done, Some(" 0")),
            (Ending::Aborted, Some(" 0")),
        ] {
            let what = Measure::Waiting(7);
            meters.event("shop", &Event::Measured { table: "public.t".into(), what });
            assert!(lines(&text(&registry), "repackd_log_rows")[0].ends_with(" 7"));
            let report = Report {
                connection: "shop".into(),
                table: "public.t".into(),
                ending,
                phase: Phase::Drain,
                error: None,
                kind: None,
                told: None,
                state: None,
                next: None,
                figures: Figures::default(),
                exit_status: 0,
            };
            meters.report(&report, SUCCESS);
            let text = text(&registry);
            let told = lines(&text, "repackd_log_rows");
            match expected {
                None => assert!(told.is_empty(), "{ending:?}: {told:?}"),
                Some(end) => assert!(told[0].ends_with(end), "{ending:?}: {told:?}"),
            }
        }
    }

    #[test]
    fn a_large_fleet_has_its_figures() {
        let (meters, registry, _provider) = meters();
        for connection in 0..1000 {
            let connection = format!("c{connection}");
            meters.begin(&connection);
            for phase in Phase::ALL {
                let took = Duration::from_secs(1);
                meters.event(&connection, &Event::PhaseDone { table: "t".into(), phase, took });
            }
        }
        let text = text(&registry);
        assert_eq!(lines(&text, "repackd_runs_total").len(), 1000 * OUTCOMES.len());
        let phases = lines(&text, "repackd_phase_duration_seconds_count");
        assert_eq!(phases.len(), 1000 * Phase::ALL.len());
        assert!(!text.contains("otel_metric_overflow"));
    }
}
