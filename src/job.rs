//! The words of one repack: its phases, what it reports while it works, and how it ended.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The phases of a repack. The order is the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Describing the table, and refusing what cannot be repacked.
    Preflight,
    /// Creating the run's schemas, the shadow and the key log.
    Prepare,
    /// Attaching capture to the table.
    Capture,
    /// Copying the table chunk by chunk.
    Copy,
    /// Removing from the shadow what was touched meanwhile.
    Purge,
    /// Building the indexes.
    Index,
    /// Draining the key log.
    Drain,
    /// Comparing both tables.
    Verify,
    /// Building the materialized views over the table from the shadow.
    Matviews,
    /// Exchanging both tables.
    Cutover,
    /// Validating foreign keys that were added again without a look at the rows.
    Validate,
    /// Dropping the old table.
    Cleanup,
}

impl Phase {
    /// All of them, in order.
    pub const ALL: [Self; 12] = [
        Self::Preflight,
        Self::Prepare,
        Self::Capture,
        Self::Copy,
        Self::Purge,
        Self::Index,
        Self::Drain,
        Self::Verify,
        Self::Matviews,
        Self::Cutover,
        Self::Validate,
        Self::Cleanup,
    ];

    /// Its name, as the journal and the logs have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Preflight => "preflight",
            Self::Prepare => "prepare",
            Self::Capture => "capture",
            Self::Copy => "copy",
            Self::Purge => "purge",
            Self::Index => "index",
            Self::Drain => "drain",
            Self::Verify => "verify",
            Self::Matviews => "matviews",
            Self::Cutover => "cutover",
            Self::Validate => "validate",
            Self::Cleanup => "cleanup",
        }
    }

    /// The phase of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.name() == name)
    }

    /// Whether the new table is already live: then a run is finished forward, never undone.
    pub fn is_past_cutover(self) -> bool {
        self > Self::Cutover
    }
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Sizes on disk, in bytes ("Database Object Size Functions", PostgreSQL manual 9.28).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sizes {
    /// The main fork with its maps.
    pub heap: i64,
    /// All indexes.
    pub indexes: i64,
    /// The TOAST table and its index.
    pub toast: i64,
}

impl Sizes {
    /// All of it.
    pub fn total(&self) -> i64 {
        self.heap + self.indexes + self.toast
    }
}

/// What a run tells whoever listens. Sent through a channel; the engine never waits for anyone.
#[derive(Debug, Clone)]
pub enum Event {
    /// Work on a table begins.
    Started {
        /// The table.
        table: String,
        /// Its sizes.
        before: Sizes,
    },
    /// A phase begins.
    Phase {
        /// The table.
        table: String,
        /// Which.
        phase: Phase,
    },
    /// How far the current phase is.
    Progress {
        /// The table.
        table: String,
        /// Which phase.
        phase: Phase,
        /// Units done.
        done: u64,
        /// Units in all, as far as one can tell.
        total: u64,
        /// Rows, where the phase counts them.
        rows: u64,
        /// Bytes, where the phase counts them.
        bytes: u64,
    },
    /// Something an operator should read.
    Note {
        /// The table.
        table: String,
        /// What.
        text: String,
    },
    /// The work is held back, or goes on.
    Held {
        /// The table.
        table: String,
        /// Why; `None`: it goes on.
        reason: Option<String>,
    },
    /// A figure, for metrics.
    Measured {
        /// The table.
        table: String,
        /// Which, and how much.
        what: Measure,
    },
    /// A phase ended.
    PhaseDone {
        /// The table.
        table: String,
        /// Which.
        phase: Phase,
        /// How long it took in this process.
        took: Duration,
    },
}

/// A figure of the work as it goes on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Measure {
    /// So many rows wait in the key log.
    Waiting(u64),
    /// So many of its rows were drained.
    Drained(u64),
    /// The work was held back by this setting for so long.
    Held(&'static str, Duration),
    /// The longest that anyone may wait for the cutover.
    Budget(Duration),
    /// So long anyone can have waited because of an attempt at the cutover.
    Waited(Duration),
    /// There was an attempt at the cutover.
    Attempt {
        /// Whether it came through.
        success: bool,
    },
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// The table was repacked.
    Done,
    /// Everything but the cutover is done; the shadow waits.
    Prepared,
    /// The run was given up and every trace removed.
    Aborted,
    /// The table cannot be repacked.
    Refused,
    /// Someone else is at work on it.
    Busy,
    /// It failed; the report says what is left.
    Failed,
    /// A signal stopped it.
    Interrupted,
}

/// The figures of one run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Sizes when it began.
    pub before: Sizes,
    /// Sizes afterwards, if it came to that.
    pub after: Option<Sizes>,
    /// Rows copied by chunks.
    pub rows_copied: u64,
    /// Log rows drained.
    pub rows_replayed: u64,
    /// Rows compared by verification, if it ran.
    pub rows_verified: Option<u64>,
    /// Attempts at the cutover.
    pub attempts: u32,
    /// The longest time, in milliseconds, that anyone can have waited at one attempt.
    pub longest_wait_ms: f64,
    /// Seconds spent in each phase, over all resumptions.
    pub seconds: std::collections::BTreeMap<Phase, f64>,
    /// Seconds of these that the work was held back, by the setting that held it.
    #[serde(default)]
    pub held: std::collections::BTreeMap<String, f64>,
    /// What an operator should read.
    pub notes: Vec<String>,
}

/// What is said about one table at the end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The connection's name.
    pub connection: String,
    /// The table.
    pub table: String,
    /// How it ended.
    pub ending: Ending,
    /// The phase it ended in.
    pub phase: Phase,
    /// What went wrong, if anything.
    pub error: Option<String>,
    /// The same in a word that does not vary, or as its SQLSTATE.
    pub kind: Option<String>,
    /// The same without anybody else's words, for reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<String>,
    /// What state things are in now.
    pub state: Option<String>,
    /// What to do next.
    pub next: Option<String>,
    /// The figures.
    pub figures: Figures,
    /// The exit status this table asks for.
    #[serde(skip)]
    pub exit_status: u8,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_have_one_name_each_and_stand_in_order() {
        for pair in Phase::ALL.windows(2) {
            assert!(pair[0] < pair[1]);
        }
        for phase in Phase::ALL {
            assert_eq!(Phase::parse(phase.name()), Some(phase));
        }
        assert!(!Phase::Cutover.is_past_cutover());
        assert!(Phase::Cleanup.is_past_cutover());
    }
}
