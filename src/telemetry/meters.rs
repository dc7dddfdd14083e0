//! The metrics, fed from what runs tell and from how they ended.

use super::names::{
    self, BUILD, CONNECTION, CUTOVER_ATTEMPTS, CUTOVER_WAIT, HELD, LAST_SUCCESS, LOG_ROWS, LONGEST,
    Metric, OUTCOME, PHASE, PHASE_DURATION, RECLAIMED, REPLAYED, RUNS, VERSION,
};
use super::spans::outcome;
use crate::job::{Ending, Event, Measure, Report};
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Gauge, Histogram, Meter};
use prometheus::TextEncoder;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

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
    log_rows: Gauge<u64>,
    replayed: Counter<u64>,
    attempts: Counter<u64>,
    waits: Histogram<f64>,
    longest: Gauge<f64>,
    held: Counter<f64>,
    last_success: Gauge<f64>,
    /// The longest waits so far, by connection.
    most: Arc<Mutex<HashMap<String, f64>>>,
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
        let gauge =
            |m: Metric| meter.f64_gauge(m.name).with_description(m.what).with_unit(m.unit).build();
        let rows = meter.u64_gauge(LOG_ROWS.name).with_description(LOG_ROWS.what);
        let held = meter.f64_counter(HELD.name).with_description(HELD.what);
        Self {
            runs: counter(RUNS),
            reclaimed: counter(RECLAIMED),
            phases: histogram(PHASE_DURATION, PHASES),
            log_rows: rows.with_unit(LOG_ROWS.unit).build(),
            replayed: counter(REPLAYED),
            attempts: counter(CUTOVER_ATTEMPTS),
            waits: histogram(CUTOVER_WAIT, WAITS),
            longest: gauge(LONGEST),
            held: held.with_unit(HELD.unit).build(),
            last_success: gauge(LAST_SUCCESS),
            most: Arc::default(),
        }
    }

    /// Takes in what a run on this connection tells.
    pub fn event(&self, connection: &str, event: &Event) {
        let at = KeyValue::new(CONNECTION, connection.to_owned());
        match event {
            Event::PhaseDone { phase, took, .. } => {
                self.phases.record(took.as_secs_f64(), &[at, KeyValue::new(PHASE, phase.name())]);
            }
            Event::Measured { what, .. } => match *what {
                Measure::Waiting(rows) => self.log_rows.record(rows, &[at]),
                Measure::Drained(rows) => self.replayed.add(rows, &[at]),
                Measure::Held(by, time) => {
                    self.held.add(time.as_secs_f64(), &[at, KeyValue::new(names::REASON, by)]);
                }
                Measure::Attempt { waited, success } => {
                    let outcome = if success { "success" } else { "failure" };
                    self.attempts.add(1, &[at.clone(), KeyValue::new(OUTCOME, outcome)]);
                    self.waits.record(waited.as_secs_f64(), std::slice::from_ref(&at));
                    if let Ok(mut most) = self.most.lock() {
                        let most = most.entry(connection.to_owned()).or_default();
                        *most = most.max(waited.as_secs_f64());
                        self.longest.record(*most, &[at]);
                    }
                }
            },
            _ => {}
        }
    }

    /// Takes in how a run ended.
    pub fn report(&self, report: &Report) {
        let at = KeyValue::new(CONNECTION, report.connection.clone());
        self.runs.add(1, &[at.clone(), KeyValue::new(OUTCOME, outcome(report))]);
        // The key log is gone, or nobody counts it any more.
        self.log_rows.record(0, std::slice::from_ref(&at));
        if report.ending != Ending::Done {
            return;
        }
        if let Some(after) = &report.figures.after {
            // A table that has grown by it has reclaimed nothing.
            let less = report.figures.before.total() - after.total();
            self.reclaimed.add(u64::try_from(less).unwrap_or(0), std::slice::from_ref(&at));
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.last_success.record(now.as_secs_f64(), &[at]);
    }
}

/// What `/metrics` answers.
pub fn text(registry: &prometheus::Registry) -> String {
    TextEncoder::new().encode_to_string(&registry.gather()).unwrap_or_default()
}
