//! Rules: which tables are repacked, from when on, and how.

use super::decide::Candidate;
use super::pattern::Pattern;
use crate::units::{plural, size};
use chrono::Duration;
use serde::{Deserialize, Serialize};

/// A rule. The first whose patterns match a table decides about it, whether the table qualifies or
/// not.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// Its line in the configuration.
    pub line: usize,
    /// A rule that is not is passed over, as though it were not there.
    pub enabled: bool,
    /// Whether what it decides is reported and not done.
    pub dry_run: bool,
    /// The tables it is about.
    pub tables: Vec<Pattern>,
    /// Those of them that it is not about.
    pub exclude: Vec<Pattern>,
    /// The names of its windows; none: all there are.
    pub windows: Vec<String>,
    /// What has to hold for a table to qualify: all conditions of any of these.
    pub when: Vec<Vec<Condition>>,
    /// How long a table is left alone after a repack.
    pub cooldown: Duration,
    /// How long a repack may take before it is paused; `None`: as long as it takes.
    pub max_duration: Option<std::time::Duration>,
    /// The most bytes of a table, with indexes and TOAST, that is repacked at all.
    pub max_size: Option<i64>,
    /// Tables of a higher one come first.
    pub priority: i64,
    /// Which of its tables comes first.
    pub order: Order,
    /// Settings in place of the connection's, as the configuration writes them. They have been
    /// checked; `config::Settings::apply` takes them.
    pub settings: Vec<(String, String)>,
}

/// Something that has to hold for a table to qualify.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Condition {
    /// The least bloat, as a part of the whole from 0 to 1.
    BloatRatio(f64),
    /// The least bloat, in bytes.
    BloatBytes(i64),
    /// The least number of dead rows.
    DeadRows(i64),
    /// The least part of the rows that is dead, from 0 to 1.
    DeadRatio(f64),
    /// The least size, with indexes and TOAST, in bytes.
    SizeMin(i64),
    /// The largest.
    SizeMax(i64),
}

impl Condition {
    /// Its key in the configuration.
    pub fn key(self) -> &'static str {
        match self {
            Self::BloatRatio(_) => "bloat_ratio",
            Self::BloatBytes(_) => "bloat_bytes",
            Self::DeadRows(_) => "dead_rows",
            Self::DeadRatio(_) => "dead_ratio",
            Self::SizeMin(_) => "size_min",
            Self::SizeMax(_) => "size_max",
        }
    }

    /// What it asks for, in words.
    pub fn limit(self) -> String {
        match self {
            Self::BloatRatio(ratio) | Self::DeadRatio(ratio) => {
                format!("at least {}", percent(ratio))
            }
            Self::BloatBytes(bytes) | Self::SizeMin(bytes) => format!("at least {}", size(bytes)),
            Self::DeadRows(number) => format!("at least {}", rows(number)),
            Self::SizeMax(bytes) => format!("at most {}", size(bytes)),
        }
    }

    /// What a table has of it, in words, and whether that will do. What is unknown will not.
    pub fn held_against(self, table: &Candidate) -> (String, bool) {
        let known = match self {
            Self::BloatRatio(least) => table.bloat_ratio.map(|v| (percent(v), v >= least)),
            Self::BloatBytes(least) => table.bloat_bytes.map(|v| (size(v), v >= least)),
            Self::DeadRows(least) => table.dead_rows.map(|v| (rows(v), v >= least)),
            Self::DeadRatio(least) => table.dead_ratio().map(|v| (percent(v), v >= least)),
            Self::SizeMin(least) => Some(table.sizes.total()).map(|v| (size(v), v >= least)),
            Self::SizeMax(most) => Some(table.sizes.total()).map(|v| (size(v), v <= most)),
        };
        known.unwrap_or_else(|| ("unknown".into(), false))
    }
}

fn percent(ratio: f64) -> String {
    format!("{:.1}%", ratio * 100.0)
}

fn rows(number: i64) -> String {
    plural(number.max(0).unsigned_abs(), "row")
}

/// Which of the tables that qualify comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The one with most bytes to gain.
    MostGain,
    /// The one that is bloated most for its size.
    WorstRatio,
    /// The one that was repacked longest ago, or never.
    Oldest,
    /// The smallest.
    Smallest,
    /// The largest.
    Largest,
}
