//! The names of everything that leaves repackd as telemetry: spans, attributes, metrics.
//!
//! Part of the contract with dashboards and alerts. docs/telemetry.md is made from these tables; a
//! test holds one against the other. Where OpenTelemetry's semantic conventions have a name, it is
//! theirs.

/// Constants, and a table of them.
macro_rules! names {
    ($(#[$about:meta])* $table:ident: $($name:ident = $value:literal, $what:literal;)+) => {
        $(#[doc = $what] pub const $name: &str = $value;)+
        $(#[$about])* pub const $table: &[(&str, &str)] = &[$(($value, $what)),+];
    };
}

names! {
    /// The spans.
    SPANS:
    SPAN_EVALUATE = "repackd.evaluate", "One look of the daemon at what is to be repacked; the runs it causes link to it.";
    SPAN_TABLE = "repackd.table", "The work on one table: the root, or below TRACEPARENT.";
    SPAN_PHASE = "repackd.phase", "A phase; its name follows, as in repackd.phase.copy.";
    SPAN_CHUNKS = "repackd.chunks", "A stretch of chunks of the copy, one after another in one session.";
    SPAN_RANGES = "repackd.ranges", "A stretch of page ranges of the purge.";
    SPAN_INDEX = "repackd.index", "The build of one index.";
    SPAN_DRAIN = "repackd.drain", "Drains of the key log, until it is short.";
    SPAN_HELD = "repackd.held", "A time for which the work was held back.";
    SPAN_ATTEMPT = "repackd.cutover.attempt", "An attempt at the cutover.";
    SPAN_LOCK = "repackd.lock", "Taking the locks of an attempt, all of one strength.";
    SPAN_EXCHANGE = "repackd.exchange", "The transaction's last part: the exchange itself.";
}

names! {
    /// The attributes of spans and metrics.
    ATTRIBUTES:
    DB_SYSTEM = "db.system.name", "Always postgresql.";
    DB_NAMESPACE = "db.namespace", "Database and schema, as `database|schema`.";
    DB_COLLECTION = "db.collection.name", "The table, without its schema.";
    DB_STATUS = "db.response.status_code", "The SQLSTATE of what went wrong, if the server gave one.";
    SERVER_ADDRESS = "server.address", "The host (the first, if several are configured), or the directory of its socket.";
    SERVER_PORT = "server.port", "Its port.";
    ERROR_TYPE = "error.type", "What went wrong: the SQLSTATE, or a word such as no_cutover or changed.";
    CONNECTION = "repackd.connection", "The connection's name in the configuration.";
    TABLE = "repackd.table", "The table with its schema, as messages have it.";
    COMMAND = "repackd.command", "What was asked for: run-now, prepare, resume, catch-up, abort, cleanup; daemon: by its schedule.";
    PHASE = "repackd.phase", "The phase.";
    OUTCOME = "repackd.outcome", "How it ended: success, failure, skip (refused or busy), cancellation.";
    ENDING = "repackd.ending", "The same in repackd's words: done, prepared, aborted, refused, busy, failed, interrupted.";
    BYTES_BEFORE = "repackd.bytes.before", "Size of table, indexes and TOAST before, in bytes.";
    BYTES_AFTER = "repackd.bytes.after", "The same afterwards.";
    BYTES_RECLAIMED = "repackd.bytes.reclaimed", "The difference.";
    ROWS_COPIED = "repackd.rows.copied", "Rows copied by chunks.";
    ROWS_REPLAYED = "repackd.rows.replayed", "Rows of the key log drained.";
    ATTEMPTS = "repackd.cutover.attempts", "Attempts at the cutover.";
    LONGEST_WAIT = "repackd.cutover.longest_wait_ms", "The longest time that anyone can have waited at one of them, in milliseconds.";
    COUNT = "repackd.count", "How many chunks, ranges or drains a stretch has.";
    PAGES = "repackd.pages", "Pages of a stretch.";
    ROWS = "repackd.rows", "Rows of a stretch.";
    INDEX = "repackd.index", "The index built.";
    ATTEMPT = "repackd.attempt", "The number of the attempt.";
    LOCK_MODE = "repackd.lock.mode", "The strength of the locks: SHARE ROW EXCLUSIVE or ACCESS EXCLUSIVE.";
    LOCK_COUNT = "repackd.lock.count", "How many relations are to be locked.";
    REASON = "repackd.reason", "What holds the work back: the setting.";
    DRAINED = "repackd.drained", "Rows of the key log drained.";
    VERSION = "repackd.version", "The version of repackd.";
    STATE = "repackd.state", "The state of entries of the queue: waiting, running, aside.";
    RULE = "repackd.rule", "The rule's name in the configuration.";
}

/// What sort of number a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
    /// Many values, by size.
    Histogram,
}

/// A metric.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// Its name in OTLP.
    pub name: &'static str,
    /// What sort.
    pub kind: Kind,
    /// Its unit (UCUM); braces: a count of something.
    pub unit: &'static str,
    /// Its attributes.
    pub attributes: &'static [&'static str],
    /// What it says.
    pub what: &'static str,
}

macro_rules! metrics {
    ($($name:ident = $value:literal, $kind:ident, $unit:literal, [$($attribute:ident),*], $what:literal;)+) => {
        $(#[doc = $what] pub const $name: Metric = Metric {
            name: $value, kind: Kind::$kind, unit: $unit, attributes: &[$($attribute),*], what: $what,
        };)+
        /// The metrics.
        pub const METRICS: &[Metric] = &[$($name),+];
    };
}

metrics! {
    RUNS = "repackd.runs", Counter, "{run}", [CONNECTION, OUTCOME], "Runs that ended.";
    RECLAIMED = "repackd.reclaimed", Counter, "By", [CONNECTION], "Bytes that tables take less after their repack.";
    PHASE_DURATION = "repackd.phase.duration", Histogram, "s", [CONNECTION, PHASE], "Time taken by phases that were brought to their end.";
    LOG_ROWS = "repackd.log.rows", Gauge, "{row}", [CONNECTION], "Rows waiting in the key log of the table at work, when last counted; nothing while a run is kept that nobody is at work on.";
    REPLAYED = "repackd.replayed", Counter, "{row}", [CONNECTION], "Rows of key logs drained; its rate is the replay rate.";
    CUTOVER_ATTEMPTS = "repackd.cutover.attempt", Counter, "{attempt}", [CONNECTION, OUTCOME], "Attempts at the cutover.";
    CUTOVER_WAIT = "repackd.cutover.wait", Histogram, "s", [CONNECTION], "The longest time that anyone can have waited at an attempt.";
    LONGEST = "repackd.cutover.wait.max", Gauge, "s", [CONNECTION], "The longest of these within the last hour.";
    BUDGET = "repackd.cutover.budget", Gauge, "s", [CONNECTION], "The longest wait that the last cutover was allowed.";
    HELD = "repackd.held", Counter, "s", [CONNECTION, REASON], "Time for which the work was held back.";
    LAST_SUCCESS = "repackd.last_success.timestamp", Gauge, "s", [CONNECTION], "When a table was last repacked, in seconds since 1970.";
    EVALUATIONS = "repackd.evaluations", Counter, "{evaluation}", [CONNECTION, OUTCOME], "Evaluations that this daemon did.";
    EVALUATION_DURATION = "repackd.evaluation.duration", Histogram, "s", [CONNECTION], "Time that they took.";
    EVALUATED = "repackd.evaluated.timestamp", Gauge, "s", [CONNECTION], "When a daemon last evaluated the connection's tables with success, in seconds since 1970.";
    TABLES = "repackd.tables", Gauge, "{table}", [CONNECTION], "Tables that it looked at.";
    DUE = "repackd.tables.due", Gauge, "{table}", [CONNECTION], "Tables that qualified.";
    BLOAT = "repackd.bloat", Gauge, "By", [CONNECTION], "Bytes to gain in all its tables.";
    TABLE_BLOAT = "repackd.table.bloat", Gauge, "By", [CONNECTION, TABLE], "Bytes to gain in a table: of each connection the 50 with most, of all the 1000 with most.";
    TABLE_SIZE = "repackd.table.size", Gauge, "By", [CONNECTION, TABLE], "Size of the same tables, with indexes and TOAST.";
    TABLE_SUCCESS = "repackd.table.last_success.timestamp", Gauge, "s", [CONNECTION, TABLE], "When a table was last repacked, in seconds since 1970: of each connection the latest 50, of all the latest 1000.";
    QUEUE = "repackd.queue.entries", Gauge, "{table}", [CONNECTION, STATE], "Tables in the queue.";
    OLDEST = "repackd.queue.oldest.timestamp", Gauge, "s", [CONNECTION], "When the table that has waited longest was queued, in seconds since 1970; nothing if none waits.";
    RULE_OPEN = "repackd.rule.open", Gauge, "{window}", [RULE], "1 while a window of the rule is open, else 0.";
    RULE_OPENS = "repackd.rule.opens.timestamp", Gauge, "s", [RULE], "When a window of the rule opens next, or has opened, in seconds since 1970.";
    RULE_CLOSES = "repackd.rule.closes.timestamp", Gauge, "s", [RULE], "When that ends; nothing if it never does.";
    STORE_UP = "repackd.store.up", Gauge, "{store}", [], "1 while the daemon can reach its store, else 0.";
    BUILD = "repackd.build_info", Gauge, "{build}", [VERSION], "Always 1; the version is in its attribute.";
}

impl Metric {
    /// Its name at `/metrics`: Prometheus writes units out and ends counters in `_total`.
    pub fn prometheus(&self) -> String {
        let mut name = self.name.replace('.', "_");
        name.push_str(match self.unit {
            "s" => "_seconds",
            "By" => "_bytes",
            _ => "",
        });
        if self.kind == Kind::Counter {
            name.push_str("_total");
        }
        name
    }
}

/// The tables of docs/telemetry.md.
pub fn document() -> String {
    let mut text = String::new();
    for (title, column, table) in
        [("Spans", "span", SPANS), ("Attributes", "attribute", ATTRIBUTES)]
    {
        text.push_str(&format!("### {title}\n\n| {column} | |\n|---|---|\n"));
        table.iter().for_each(|(name, what)| text.push_str(&format!("| `{name}` | {what} |\n")));
        text.push('\n');
    }
    text.push_str("### Metrics\n\n| OTLP | `/metrics` | sort | unit | attributes | |\n|---|---|---|---|---|---|\n");
    for metric in METRICS {
        let Metric { name, kind, unit, what, .. } = metric;
        let attributes: Vec<_> = metric.attributes.iter().map(|a| format!("`{a}`")).collect();
        let sort = format!("{kind:?}").to_lowercase();
        text.push_str(&format!(
            "| `{name}` | `{}` | {sort} | {unit} | {} | {what} |\n",
            metric.prometheus(),
            attributes.join(", "),
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With REPACKD_WRITE_DOCS set, the document is written anew instead.
    #[test]
    fn the_document_says_what_there_is() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/telemetry.md");
        let text = std::fs::read_to_string(file).unwrap();
        let mark = "<!-- made from src/telemetry/names.rs -->\n";
        let (head, tables) = text.split_once(mark).expect("the mark in docs/telemetry.md");
        if std::env::var_os("REPACKD_WRITE_DOCS").is_some() {
            std::fs::write(file, format!("{head}{mark}\n{}", document())).unwrap();
            return;
        }
        assert_eq!(tables, format!("\n{}", document()), "REPACKD_WRITE_DOCS=1 writes it anew");
    }

    #[test]
    fn no_name_is_taken_twice() {
        for table in [SPANS, ATTRIBUTES] {
            let mut names: Vec<_> = table.iter().map(|(name, _)| name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), table.len());
        }
    }
}
