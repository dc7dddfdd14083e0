//! Reports: from what happened to documents that people and programs read. Pure.
//!
//! | part | module |
//! |---|---|
//! | what happened | [`Account`], this one |
//! | the same as templates see it: figures as text, the gravest first, no more than fits | [`view`] |
//! | subject, text, HTML and chat messages | [`documents`] |
//! | the picture, as PNG | [`picture`] |
//! | one to try with | [`example`] |
//!
//! An account has names, figures, and why something failed in repackd's own words: nothing that a server
//! said, which may quote rows, and no secret.

pub mod documents;
pub mod example;
pub mod picture;
mod png;
pub mod view;

use crate::units;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// What happened, for one report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// Why it is told.
    pub occasion: Occasion,
    /// The host of whoever tells it.
    pub host: String,
    /// The version of repackd.
    pub repackd: String,
    /// From when on.
    pub from: DateTime<Utc>,
    /// Until when.
    pub until: DateTime<Utc>,
    /// What was done or tried, one entry for each table.
    pub tables: Vec<Table>,
    /// What is still to be done.
    pub due: Vec<Due>,
    /// Connections whose tables could not be measured.
    pub unmeasured: Vec<String>,
    /// Connections whose tables could.
    pub measured: Vec<String>,
}

/// Why a report is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Occasion {
    /// A window has closed.
    Window {
        /// Its name.
        name: String,
    },
    /// A table's turn is over, outside of any window.
    Run,
    /// A command has ended.
    Command {
        /// As on the command line.
        name: String,
    },
    /// It is time for it.
    Digest,
    /// Somebody wants to see whether it arrives.
    Test,
}

/// A table that was worked on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// The connection's name.
    pub connection: String,
    /// The table with its schema.
    pub table: String,
    /// How its last attempt ended, in one word.
    pub ending: String,
    /// Whether that is a failure.
    pub failed: bool,
    /// Attempts in this time.
    pub attempts: u32,
    /// Why it is not done.
    pub reason: Option<String>,
    /// What to do next, where somebody has to.
    pub next: Option<String>,
    /// Bytes before.
    pub bytes_before: Option<i64>,
    /// Bytes after.
    pub bytes_after: Option<i64>,
    /// How many of the attempts have repacked it; of reports by older versions nobody knows.
    #[serde(default)]
    pub repacked: u32,
    /// Bytes that these gave back, together.
    #[serde(default)]
    pub bytes_given_back: i64,
    /// How long it took, all attempts together.
    pub seconds: f64,
    /// The longest time that anyone can have waited because of it.
    pub longest_wait_ms: Option<f64>,
    /// Seconds in each phase.
    pub phases: Vec<(String, f64)>,
}

/// A table that is still to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// The connection's name.
    pub connection: String,
    /// The table with its schema.
    pub table: String,
    /// Whether it was set aside, and nothing is done until somebody does something.
    pub aside: bool,
    /// Whether part of it is done already.
    pub begun: bool,
    /// When it goes on, if that is known.
    pub at: Option<DateTime<Utc>>,
}

impl Account {
    /// Tables that were repacked, or prepared.
    pub fn done(&self) -> impl Iterator<Item = &Table> {
        self.tables.iter().filter(|t| t.is_done())
    }

    /// Tables that failed.
    pub fn failed(&self) -> impl Iterator<Item = &Table> {
        self.tables.iter().filter(|t| t.failed)
    }

    /// Whether anything failed.
    pub fn is_failure(&self) -> bool {
        self.failed().next().is_some() || !self.unmeasured.is_empty()
    }

    /// Tables that were repacked or prepared, and may have failed since.
    pub fn achieved(&self) -> impl Iterator<Item = &Table> {
        self.tables.iter().filter(|t| t.is_done() || t.repacked > 0)
    }

    /// Tables that came to nothing, and did not fail.
    pub fn others(&self) -> impl Iterator<Item = &Table> {
        self.tables.iter().filter(|t| !t.is_done() && !t.failed && t.repacked == 0)
    }

    /// Bytes given back.
    pub fn reclaimed(&self) -> i64 {
        self.tables.iter().map(Table::given_back).sum()
    }

    /// Only what is about these connections; all, if none is named.
    pub fn only(&self, connections: &[String]) -> Self {
        let wanted = |name: &String| connections.is_empty() || connections.contains(name);
        let mut account = self.clone();
        account.tables.retain(|t| wanted(&t.connection));
        account.due.retain(|d| wanted(&d.connection));
        account.unmeasured.retain(wanted);
        account.measured.retain(wanted);
        account
    }

    /// What it comes to, in one line.
    pub fn title(&self) -> String {
        let occasion = match &self.occasion {
            Occasion::Window { name } => format!("window {name}"),
            Occasion::Run => "daemon".into(),
            Occasion::Command { name } => name.clone(),
            Occasion::Digest => "digest".into(),
            Occasion::Test => "test".into(),
        };
        let mut parts = Vec::new();
        let (prepared, done): (Vec<_>, Vec<_>) =
            self.achieved().partition(|t| t.ending == "prepared" && t.repacked == 0);
        let only = match self.tables.as_slice() {
            [only] => Some(only.table.clone()),
            _ => None,
        };
        let tables = |number: usize| match &only {
            Some(table) => table.clone(),
            None => units::plural(number as u64, "table"),
        };
        if !done.is_empty() {
            let reclaimed = self.reclaimed();
            let gain = match reclaimed > 0 {
                true => format!(", {} given back", units::size(reclaimed)),
                false => String::new(),
            };
            parts.push(format!("{} repacked{gain}", tables(done.len())));
        }
        if !prepared.is_empty() {
            parts.push(format!("{} prepared", tables(prepared.len())));
        }
        match self.failed().count() {
            0 => {}
            n => parts.push(format!("{} FAILED", tables(n))),
        }
        let rest = self.others().count();
        if rest > 0 {
            parts.push(format!("{} not done", tables(rest)));
        }
        match self.unmeasured.as_slice() {
            [] => {}
            [one] => parts.push(format!("connection {one} could NOT be measured")),
            all => parts.push(format!("{} connections could NOT be measured", all.len())),
        }
        if parts.is_empty() {
            parts.push("nothing was done".into());
        }
        let text = format!("repackd on {}, {occasion}: {}", self.host, parts.join("; "));
        // It becomes a header of a mail.
        line(&text)
    }

    /// What it has in common with one before it if nothing has changed for the worse or the better.
    pub fn state(&self) -> String {
        let mut all: Vec<String> = self
            .tables
            .iter()
            .filter(|t| !t.is_done())
            .map(|t| {
                format!(
                    "{}\t{}\t{}\t{}",
                    t.connection,
                    t.table,
                    t.ending,
                    t.reason.as_deref().unwrap_or("")
                )
            })
            .chain(self.unmeasured.iter().map(|c| format!("{c}\t\tunmeasured")))
            .collect();
        all.sort();
        all.join("\n")
    }
}

impl Table {
    /// Whether it came to what was wanted.
    pub fn is_done(&self) -> bool {
        !self.failed && matches!(self.ending.as_str(), "done" | "prepared")
    }

    /// Bytes that were given back, by all attempts that were done.
    pub fn given_back(&self) -> i64 {
        match self.bytes_before.zip(self.bytes_after) {
            _ if self.repacked > 0 => self.bytes_given_back,
            Some((before, after)) if self.is_done() => before - after,
            _ => 0,
        }
    }
}

/// Text without anything that begins another line, or stands for more than itself.
pub fn line(text: &str) -> String {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    text.chars().map(|c| if breaks(c) { ' ' } else { c }).collect()
}

/// A time as people read it.
pub fn time(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string()
}
