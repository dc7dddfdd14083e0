//! Rules: which tables are repacked, from when on, and how.

use super::pattern::Pattern;
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
    pub when: Vec<Conditions>,
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

/// What has to hold for a table to qualify: each that is given.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Conditions {
    /// The least bloat, as a part of the whole from 0 to 1.
    pub bloat_ratio: Option<f64>,
    /// The least bloat, in bytes.
    pub bloat_bytes: Option<i64>,
    /// The least number of dead rows.
    pub dead_rows: Option<i64>,
    /// The least part of the rows that is dead, from 0 to 1.
    pub dead_ratio: Option<f64>,
    /// The least size, with indexes and TOAST, in bytes.
    pub size_min: Option<i64>,
    /// The largest.
    pub size_max: Option<i64>,
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
