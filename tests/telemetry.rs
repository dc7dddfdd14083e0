//! What is seen of a run from outside: its trace, its figures, its log lines. Against a collector that
//! decodes what comes with OpenTelemetry's own types.

mod collector;
mod dashboards;
mod lines;
mod traces;
mod tree;
mod trouble;
mod words;

pub use collector::{Collector, acceptor};

use crate::bad_input::{cases, ends, newest, trials};
use libtest_mimic::Trial;
use serde_json::Value;

/// The trials of this module.
pub fn tests() -> Vec<Trial> {
    let varying = cases! { traces: over_http; };
    let general = cases! {
        traces: over_grpc over_tls part_of_a_trace failure refusal sampled_out switched_off of_the_daemon
            of_several_tables on_the_console;
        dashboards: names;
        trouble: collector_down collector_hung wrong_authority not_understood;
        lines: json logfmt file rotation levels;
        words: in_the_server of_an_abort;
    };
    let mut all = trials("telemetry", &ends(), varying);
    all.extend(trials("telemetry", &newest(), general));
    all
}

/// Every string in a document, and every key.
pub fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(all) => all.iter().flat_map(texts).collect(),
        Value::Object(all) => {
            all.iter().flat_map(|(k, v)| std::iter::once(k.as_str()).chain(texts(v))).collect()
        }
        _ => Vec::new(),
    }
}
