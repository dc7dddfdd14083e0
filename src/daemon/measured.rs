//! What an evaluation found, as the store keeps it for charts.

use crate::schedule::{Candidate, Decision, Reason};
use crate::store::Measurement;

/// What is kept of each table.
pub fn measurements(decided: &[(Candidate, Decision)]) -> Vec<Measurement> {
    let one = |(candidate, decision): &(Candidate, Decision)| Measurement {
        table: candidate.table.clone(),
        heap: candidate.sizes.heap,
        indexes: candidate.sizes.indexes,
        toast: candidate.sizes.toast,
        bloat: candidate.bloat_bytes,
        live_rows: candidate.live_rows,
        dead_rows: candidate.dead_rows,
        rule: decision.rule.as_ref().map(|rule| rule.name.clone()),
        qualifies: decision.qualifies,
        why: why(decision),
    };
    decided.iter().map(one).collect()
}

/// What speaks for a repack if the table qualifies, else what speaks against it.
fn why(decision: &Decision) -> String {
    if decision.rule.is_none() {
        return "no rule is about it".into();
    }
    let words = |reason: &Reason| match reason.condition {
        // How long ago it was is another answer at every evaluation, and a write for each table.
        "cooldown" => format!("cooldown ({})", reason.limit),
        _ => reason.to_string(),
    };
    let tells = |reason: &&Reason| {
        reason.met == decision.qualifies && !(reason.met && reason.condition == "cooldown")
    };
    let all: Vec<String> = decision.reasons.iter().filter(tells).map(words).collect();
    all.join("; ")
}
