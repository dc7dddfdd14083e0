//! An account as templates see it: figures as text, the gravest first, no more than anybody reads.

use super::{Account, Due, Occasion, Table, line, time};
use crate::units;
use chrono_tz::Tz;
use serde::Serialize;

/// How many tables a document lists; how many more there are is said.
const MOST: usize = 200;

/// The longest text of one table's, in characters.
const LONGEST: usize = 500;

/// Groups of phases, each with a colour that can be told apart on white and on black.
pub const GROUPS: [(&str, &str, &[&str]); 6] = [
    ("prepare", "#8a8f98", &["preflight", "prepare", "capture"]),
    ("copy", "#3b82f6", &["copy", "purge"]),
    ("index", "#e09b10", &["index"]),
    ("drain", "#12a97a", &["drain"]),
    ("verify", "#a05cf0", &["verify", "matviews"]),
    ("cutover and after", "#e5484d", &["cutover", "validate", "cleanup"]),
];

/// The colours of bytes before and after.
pub const BEFORE: &str = "#9aa4b2";
/// See [`BEFORE`].
pub const AFTER: &str = "#0f9ea8";

/// What templates have.
#[derive(Debug, Clone, Serialize)]
pub struct View {
    /// All in one line, also the subject.
    pub title: String,
    /// The window, command or time it is about, in words.
    pub occasion: String,
    /// Whether this is only a test.
    pub example: bool,
    /// Whether anything failed.
    pub failed: bool,
    /// Where it comes from.
    pub host: String,
    /// The version of repackd.
    pub version: String,
    /// From when on.
    pub from: String,
    /// Until when.
    pub until: String,
    /// The zone of all times.
    pub zone: String,
    /// How many tables were repacked or prepared; one that failed after it counts here, too.
    pub done: usize,
    /// How many failed.
    pub failures: usize,
    /// How many were left alone or stopped for another reason.
    pub others: usize,
    /// Bytes given back.
    pub reclaimed: String,
    /// The tables, failures first.
    pub tables: Vec<Row>,
    /// How many more there are.
    pub more_tables: usize,
    /// What is still to be done.
    pub due: Vec<DueRow>,
    /// How much more there is.
    pub more_due: usize,
    /// Connections that could not be measured.
    pub unmeasured: Vec<String>,
    /// Whether there are several connections.
    pub several: bool,
    /// Colours of phases.
    pub legend: Vec<Colour>,
    /// Colours of bytes before and after.
    pub sizes_legend: Vec<Colour>,
    /// The content id of the picture, if there is one.
    pub picture: Option<String>,
    /// The picture in words.
    pub picture_text: String,
}

/// A colour and what it stands for.
#[derive(Debug, Clone, Serialize)]
pub struct Colour {
    /// What it stands for.
    pub name: &'static str,
    /// As CSS has it.
    pub colour: &'static str,
}

/// A table.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// Its number in the picture, if it is there.
    pub number: Option<usize>,
    /// The connection.
    pub connection: String,
    /// The table.
    pub table: String,
    /// How it ended.
    pub ending: String,
    /// Whether it is done.
    pub done: bool,
    /// Whether it failed.
    pub failed: bool,
    /// Attempts in this time.
    pub attempts: u32,
    /// Why it is not done.
    pub reason: String,
    /// What to do next.
    pub next: String,
    /// Bytes before.
    pub before: String,
    /// Bytes after.
    pub after: String,
    /// How much less that is, in per cent.
    pub saved: String,
    /// How long it took.
    pub took: String,
    /// The longest time that anyone can have waited.
    pub longest_wait: String,
}

/// A table that is still to be done.
#[derive(Debug, Clone, Serialize)]
pub struct DueRow {
    /// The connection.
    pub connection: String,
    /// The table.
    pub table: String,
    /// How it stands, and when it goes on.
    pub state: String,
}

/// Makes one of an account, with times of this zone.
pub fn view(account: &Account, zone: Tz) -> View {
    let tables = ordered(account);
    let pictured = super::picture::rows(&tables).len();
    let rows = tables.iter().take(MOST).enumerate();
    let rows: Vec<Row> = rows.map(|(i, t)| row(t, (i < pictured).then_some(i + 1))).collect();
    let due: Vec<DueRow> = account.due.iter().take(MOST).map(|d| due_row(d, zone)).collect();
    let mut connections: Vec<&String> = account.tables.iter().map(|t| &t.connection).collect();
    connections.extend(account.due.iter().map(|d| &d.connection));
    connections.sort();
    connections.dedup();
    let (done, failures) = (account.achieved().count(), account.failed().count());
    let colour = |name, colour| Colour { name, colour };
    View {
        title: account.title(),
        occasion: match &account.occasion {
            Occasion::Window { name } => line(&format!("window {name}")),
            Occasion::Run => "a table's turn".into(),
            Occasion::Command { name } => format!("repackd {name}"),
            Occasion::Digest => "digest".into(),
            Occasion::Test => "an example: nothing of this has happened".into(),
        },
        example: account.occasion == Occasion::Test,
        failed: account.is_failure(),
        host: account.host.clone(),
        version: account.repackd.clone(),
        from: time(account.from, zone),
        until: time(account.until, zone),
        zone: zone.name().to_owned(),
        done,
        failures,
        others: account.others().count(),
        reclaimed: units::size(account.reclaimed()),
        more_tables: tables.len() - rows.len(),
        tables: rows,
        more_due: account.due.len() - due.len(),
        due,
        unmeasured: account.unmeasured.iter().map(|name| line(name)).collect(),
        several: connections.len() > 1,
        legend: GROUPS.iter().map(|(name, css, _)| colour(*name, *css)).collect(),
        sizes_legend: vec![colour("before", BEFORE), colour("after", AFTER)],
        picture: None,
        picture_text: line(&super::picture::words(&tables)),
    }
}

/// Failures first, then what is not done, then by what was given back.
pub fn ordered(account: &Account) -> Vec<&Table> {
    let mut tables: Vec<&Table> = account.tables.iter().collect();
    tables.sort_by_key(|t| (!t.failed, t.is_done(), std::cmp::Reverse(t.given_back())));
    tables
}

fn row(table: &Table, number: Option<usize>) -> Row {
    let size = |bytes: Option<i64>| bytes.map(units::size).unwrap_or_default();
    Row {
        number,
        connection: line(&table.connection),
        table: line(&table.table),
        ending: table.ending.clone(),
        done: table.is_done(),
        failed: table.failed,
        attempts: table.attempts,
        reason: short(table.reason.as_deref()),
        next: short(table.next.as_deref()),
        before: size(table.bytes_before),
        after: size(table.bytes_after),
        saved: match table.bytes_before.zip(table.bytes_after) {
            Some((before, after)) => units::saved(before, after),
            None => String::new(),
        },
        took: units::seconds(table.seconds),
        longest_wait: match table.longest_wait_ms {
            Some(ms) if ms > 0.0 => format!("{ms:.0} ms"),
            _ => String::new(),
        },
    }
}

fn due_row(due: &Due, zone: Tz) -> DueRow {
    let when = match (due.aside, due.at) {
        (true, _) => {
            "set aside until the table changes or somebody says `repackd resume` with its name"
                .into()
        }
        (false, Some(at)) => format!("goes on from {} on", time(at, zone)),
        (false, None) => "waits for its turn".to_owned(),
    };
    let state = match due.begun && !due.aside {
        true => format!("begun, {when}"),
        false => when,
    };
    DueRow { connection: line(&due.connection), table: line(&due.table), state }
}

fn short(text: Option<&str>) -> String {
    let text = line(text.unwrap_or_default());
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}
