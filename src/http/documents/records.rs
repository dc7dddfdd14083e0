//! What is on record: runs, tables as they were measured, and their sizes over time.

use crate::job::Phase;
use crate::store::{Attempt, Measured, PhaseRecord, Sample, time};
use serde::Serialize;

/// A run: an attempt at a table.
#[derive(Debug, Serialize)]
pub struct Run {
    /// Its number.
    pub id: i64,
    /// The connection.
    pub connection: String,
    /// The table, as people write it.
    pub table: String,
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// daemon or run-now.
    pub source: String,
    /// Who it was.
    pub by: String,
    /// The rule.
    pub rule: Option<String>,
    /// Which attempt at the table this was, from 1.
    pub attempt: i64,
    /// When it began.
    pub began: String,
    /// When it ended; `None`: it has not.
    pub ended: Option<String>,
    /// How long it took.
    pub seconds: Option<f64>,
    /// How it ended.
    pub ending: Option<String>,
    /// The phase it ended in.
    pub phase: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Bytes before.
    pub bytes_before: Option<i64>,
    /// Bytes after.
    pub bytes_after: Option<i64>,
}

/// A run in full.
#[derive(Debug, Serialize)]
pub struct RunDetail {
    /// The run.
    #[serde(flatten)]
    pub run: Run,
    /// Its phases, in their order.
    pub phases: Vec<PhaseState>,
    /// Its report, as `--json` has it; `None` if it left none.
    pub report: Option<serde_json::Value>,
}

/// A phase of a run.
#[derive(Debug, Serialize)]
pub struct PhaseState {
    /// Its name.
    pub phase: String,
    /// Seconds, over all resumptions.
    pub seconds: f64,
    /// When it was put on record.
    pub ended: String,
}

/// Runs, page by page.
#[derive(Debug, Serialize)]
pub struct History {
    /// The runs, the last one first.
    pub runs: Vec<Run>,
    /// What to give as `before` for the next page; `None`: there is none.
    pub before: Option<i64>,
}

/// A table as it was measured last.
#[derive(Debug, Serialize)]
pub struct TableState {
    /// The connection.
    pub connection: String,
    /// The table, as people write it.
    pub table: String,
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// All its bytes.
    pub bytes: i64,
    /// Those of the heap.
    pub heap_bytes: i64,
    /// Those of indexes.
    pub index_bytes: i64,
    /// Those of TOAST.
    pub toast_bytes: i64,
    /// Bytes to gain; `None`: nobody can tell.
    pub bloat_bytes: Option<i64>,
    /// The same as a part of the whole.
    pub bloat_ratio: Option<f64>,
    /// Live rows.
    pub live_rows: Option<i64>,
    /// Dead rows.
    pub dead_rows: Option<i64>,
    /// The rule that decided.
    pub rule: Option<String>,
    /// Whether it is due.
    pub due: bool,
    /// Why it is, or why not.
    pub why: String,
    /// When it was repacked last.
    pub last_repack: Option<String>,
    /// When any of this was last different.
    pub changed: String,
    /// When it was seen to be there no more.
    pub gone: Option<String>,
}

/// Tables, page by page.
#[derive(Debug, Serialize)]
pub struct Tables {
    /// The tables.
    pub tables: Vec<TableState>,
    /// How many there are in all.
    pub count: i64,
}

/// A table over time.
#[derive(Debug, Serialize)]
pub struct Samples {
    /// The table as it was measured last.
    pub table: TableState,
    /// Its sizes, oldest first. Between two of them nothing worth one has changed.
    pub samples: Vec<SampleState>,
}

/// The sizes of a table at a time.
#[derive(Debug, Serialize)]
pub struct SampleState {
    /// When.
    pub at: String,
    /// All its bytes.
    pub bytes: i64,
    /// Those of the heap.
    pub heap_bytes: i64,
    /// Those of indexes.
    pub index_bytes: i64,
    /// Those of TOAST.
    pub toast_bytes: i64,
    /// Bytes to gain; `None`: nobody could tell.
    pub bloat_bytes: Option<i64>,
}

impl From<&Attempt> for Run {
    fn from(attempt: &Attempt) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds")]
        let took = |ended: i64| (ended - attempt.started_at).max(0) as f64 / 1000.0;
        Self {
            id: attempt.id,
            connection: attempt.connection.clone(),
            table: attempt.table.to_string(),
            schema: attempt.table.schema.clone(),
            name: attempt.table.name.clone(),
            source: attempt.source.clone(),
            by: attempt.daemon.clone(),
            rule: attempt.rule.clone(),
            attempt: attempt.number,
            began: time(attempt.started_at),
            ended: attempt.ended_at.map(time),
            seconds: attempt.ended_at.map(took),
            ending: attempt.ending.clone(),
            phase: attempt.phase.clone(),
            reason: attempt.reason.clone(),
            bytes_before: attempt.bytes_before,
            bytes_after: attempt.bytes_after,
        }
    }
}

impl RunDetail {
    /// Out of what the store has.
    pub fn new(attempt: &Attempt, phases: &[PhaseRecord], report: Option<&str>) -> Self {
        let mut phases: Vec<PhaseState> = phases
            .iter()
            .map(|phase| PhaseState {
                phase: phase.phase.clone(),
                seconds: phase.seconds,
                ended: time(phase.ended_at),
            })
            .collect();
        // At the end of a run they are put on record all at once.
        phases.sort_by_key(|phase| Phase::parse(&phase.phase));
        let report = report.and_then(|report| serde_json::from_str(report).ok());
        Self { run: Run::from(attempt), phases, report }
    }
}

impl From<&Measured> for TableState {
    fn from(measured: &Measured) -> Self {
        let found = &measured.found;
        let total = found.total();
        #[expect(clippy::cast_precision_loss, reason = "a ratio")]
        let ratio = |bloat: i64| if total > 0 { bloat as f64 / total as f64 } else { 0.0 };
        Self {
            connection: measured.connection.clone(),
            table: found.table.to_string(),
            schema: found.table.schema.clone(),
            name: found.table.name.clone(),
            bytes: total,
            heap_bytes: found.heap,
            index_bytes: found.indexes,
            toast_bytes: found.toast,
            bloat_bytes: found.bloat,
            bloat_ratio: found.bloat.map(ratio),
            live_rows: found.live_rows,
            dead_rows: found.dead_rows,
            rule: found.rule.clone(),
            due: found.qualifies,
            why: found.why.clone(),
            last_repack: measured.last_repack.map(time),
            changed: time(measured.changed_at),
            gone: measured.gone_at.map(time),
        }
    }
}

impl From<&Sample> for SampleState {
    fn from(sample: &Sample) -> Self {
        Self {
            at: time(sample.at),
            bytes: sample.total(),
            heap_bytes: sample.parts[0],
            index_bytes: sample.parts[1],
            toast_bytes: sample.parts[2],
            bloat_bytes: sample.bloat,
        }
    }
}
