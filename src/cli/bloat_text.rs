//! Estimates as people and programs read them.

use super::grid::{grid, keep_whole, right};
use super::units::{count, size, wrap};
use crate::bloat::{Basis, Part, TableBloat, Unknown};
use crate::schedule::{Candidate, Decision};
use serde_json::{Value, json};

/// A table, and what the rules make of it.
pub struct Line {
    /// It.
    pub table: TableBloat,
    /// As the rules look at it.
    pub candidate: Candidate,
    /// What they decide.
    pub decision: Decision,
}

impl Line {
    fn name(&self, several: bool) -> String {
        match several {
            true => format!("{}: {}", self.candidate.connection, self.table.name),
            false => self.table.name.to_string(),
        }
    }
}

/// Below this many characters the parts of a table's size are left out rather than wrapped.
const ROOM_FOR_PARTS: usize = 110;

/// As a table, with what it rests on. `several`: more than one connection is shown; `ruled`: there
/// are rules.
pub fn render(lines: &[Line], several: bool, ruled: bool, width: usize) -> String {
    if lines.is_empty() {
        return "no table, or only smaller ones (--min-size)\n".into();
    }
    let parts = width >= ROOM_FOR_PARTS;
    let mut heads = vec!["table", "total"];
    heads.extend(["heap", "indexes", "TOAST"].into_iter().filter(|_| parts));
    heads.extend(["bloat", "", "dead rows", "by"]);
    heads.extend(ruled.then_some("due"));
    let mut table = grid(&heads, width);
    for line in lines {
        let t = &line.table;
        let name = line.name(several);
        let indexes = t.indexes.iter().map(|i| i.part.bytes).sum();
        let toast = t.toast.as_ref().map_or(0, |toast| toast.part.bytes);
        let unknown = || "?".to_owned();
        let mut row = vec![name, size(t.bytes())];
        row.extend([t.heap.bytes, indexes, toast].map(size).into_iter().filter(|_| parts));
        row.extend([
            t.bloat().map_or_else(unknown, size),
            t.ratio().map_or_else(unknown, |ratio| format!("{:.0}%", ratio * 100.0)),
            count(t.dead_rows.max(0).cast_unsigned()),
            by(&t.heap.basis).to_owned(),
        ]);
        row.extend(ruled.then(|| due(&line.decision).to_owned()));
        table.add_row(row);
    }
    right(&mut table, 1..);
    keep_whole(&mut table, &[0]);
    let mut text = format!("{}\n", table.trim_fmt());
    let mut gap = "\n";
    for line in lines {
        let last = line.candidate.last_repack.map(|at| format!("last repack {}", at.format("%F")));
        let said: Vec<String> =
            ruled.then(|| why(&line.decision)).into_iter().chain(last).collect();
        if !said.is_empty() {
            let said = format!("{}: {}", line.name(several), said.join("; "));
            text.push_str(&format!("{gap}{}\n", wrap(&said, width, 2)));
            gap = "";
        }
    }
    for (why, advice) in [
        (
            Unknown::NeverAnalyzed,
            "never analyzed: there are no statistics, or none of some column; --analyze makes them",
        ),
        (
            Unknown::NotReadable,
            "statistics not readable: the login may not read some column, so the server does not \
             show it the column's statistics; let it be a member of the table's owner",
        ),
    ] {
        let is = |part: &Part| part.basis == Basis::Unknown(why);
        if lines.iter().any(|line| is(&line.table.heap)) {
            text.push_str(&format!("\n{}\n", wrap(advice, width, 2)));
        }
    }
    text
}

/// Whether it would be repacked.
fn due(decision: &Decision) -> &'static str {
    match (decision.qualifies, decision.dry_run) {
        (true, false) => "yes",
        (true, true) => "dry run",
        (false, _) => "no",
    }
}

/// By which rule it would be repacked, or what is not met; in columns that would not be read.
fn why(decision: &Decision) -> String {
    let rule = decision.rule.as_ref().map(|rule| rule.name.as_str()).unwrap_or_default();
    match decision.why_not() {
        None => format!("qualifies by {rule}"),
        Some(why) if rule.is_empty() => why,
        Some(why) => format!("not by {rule}: {why}"),
    }
}

fn by(basis: &Basis) -> &'static str {
    match basis {
        Basis::Density => "an earlier repack",
        Basis::Statistics => "statistics",
        Basis::Pgstattuple => "pgstattuple",
        Basis::Freespace => "pg_freespacemap",
        Basis::Unknown(why) => why.words(),
    }
}

/// For programs. The keys are documented in README.md.
pub fn json(line: &Line) -> Value {
    let t = &line.table;
    let indexes = t.indexes.iter().map(|index| {
        let mut value = part(&index.part);
        value["name"] = index.name.clone().into();
        value["method"] = index.method.clone().into();
        value
    });
    json!({
        "connection": line.candidate.connection,
        "table": t.name.to_string(),
        "oid": t.oid,
        "rows": t.rows.map(|rows| rows.round() as i64),
        "dead_rows": t.dead_rows,
        "bytes": t.bytes(),
        "bloat_bytes": t.bloat(),
        "bloat_ratio": t.ratio(),
        "heap": part(&t.heap),
        "indexes": indexes.collect::<Vec<_>>(),
        "toast": t.toast.as_ref().map(|toast| part(&toast.part)),
        "last_repack": line.candidate.last_repack,
        "set_aside": line.candidate.set_aside,
        "decision": line.decision,
    })
}

fn part(part: &Part) -> Value {
    let reason = match part.basis {
        Basis::Unknown(why) => Some(why.name()),
        _ => None,
    };
    json!({
        "bytes": part.bytes,
        "expected_bytes": part.expected,
        "bloat_bytes": part.bloat(),
        "basis": part.basis.name(),
        "reason": reason,
    })
}
