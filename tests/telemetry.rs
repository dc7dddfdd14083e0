//! What is seen of a run from outside: its trace, its figures, its log lines. Against a collector that
//! decodes what comes with OpenTelemetry's own types.

mod collector;
mod lines;
mod traces;
mod tree;
mod trouble;

pub use collector::Collector;

use crate::bad_input::{cases, ends, newest, trials};
use libtest_mimic::Trial;

/// The trials of this module.
pub fn tests() -> Vec<Trial> {
    let varying = cases! { traces: over_http; };
    let general = cases! {
        traces: over_grpc over_tls part_of_a_trace failure refusal sampled_out switched_off of_the_daemon
            of_several_tables on_the_console;
        trouble: collector_down collector_hung wrong_authority not_understood;
        lines: json logfmt file rotation levels;
    };
    let mut all = trials("telemetry", &ends(), varying);
    all.extend(trials("telemetry", &newest(), general));
    all
}
