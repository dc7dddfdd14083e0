//! How a repack goes about its work.

use super::{Limits, duration, limits};
use std::time::Duration;

/// How a repack goes about its work: bounds, waits and habits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The most rows one drain of the key log takes on.
    pub max_replay_rows: u64,
    /// The longest a lock is waited for at the cutover; `None`: as `cutover_budget`.
    pub lock_timeout: Option<Duration>,
    /// The longest anybody else may have to wait at the cutover.
    pub cutover_budget: Duration,
    /// How long to keep trying for a cutover.
    pub cutover_wait: Duration,
    /// The interval over which the arrival of changes is held against the rate of draining.
    pub check_time: Duration,
    /// Whether the repacked table is analyzed.
    pub analyze_tables: bool,
    /// What happens to sessions that are in the way of the cutover.
    pub blockers: Blockers,
    /// What happens when snapshots older than the copy are still open at the cutover.
    pub old_snapshots: OldSnapshots,
    /// How long to wait for them.
    pub old_snapshots_wait: Duration,
    /// Connections that copy.
    pub copy_jobs: u32,
    /// Connections that build indexes.
    pub index_jobs: u32,
    /// How long one chunk of the copy should take.
    pub chunk_time: Duration,
    /// Whether the copy is compared with the table before the cutover.
    pub verify: bool,
    /// What happens to a run that fills the disk.
    pub disk_full: DiskFull,
    /// Whether what the table's owner wrote (expressions, functions) may run as the user.
    pub trust_owner: bool,
    /// When it holds back.
    pub limits: Limits,
}

/// What happens to sessions that are in the way of the cutover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blockers {
    /// They are waited for.
    Nothing,
    /// Their statements are cancelled.
    CancelQuery,
    /// Their sessions are ended.
    KillQuery,
}

/// What happens to a run that fills the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskFull {
    /// It is removed, so that everybody else can go on.
    Remove,
    /// It is kept, to be resumed when somebody has made space.
    Keep,
}

/// What happens when snapshots older than the copy are still open at the cutover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OldSnapshots {
    /// They are waited for.
    Wait,
    /// They are not waited for.
    Proceed,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_replay_rows: 20_000,
            lock_timeout: None,
            cutover_budget: Duration::from_millis(200),
            cutover_wait: Duration::from_secs(30 * 60),
            check_time: Duration::from_secs(10),
            analyze_tables: true,
            blockers: Blockers::Nothing,
            old_snapshots: OldSnapshots::Wait,
            old_snapshots_wait: Duration::from_secs(10 * 60),
            copy_jobs: 1,
            index_jobs: 2,
            chunk_time: Duration::from_secs(1),
            verify: true,
            disk_full: DiskFull::Remove,
            trust_owner: false,
            limits: Limits::default(),
        }
    }
}

/// The keys of [`Settings`] in a configuration file.
pub(crate) fn keys() -> impl Iterator<Item = &'static str> {
    KEYS.iter().chain(limits::KEYS).copied()
}

const KEYS: &[&str] = &[
    "max_replay_rows",
    "lock_timeout",
    "cutover_budget",
    "cutover_wait",
    "check_time",
    "analyze_tables",
    "deadlock_resolution",
    "blockers",
    "old_snapshots",
    "old_snapshots_wait",
    "copy_jobs",
    "index_jobs",
    "chunk_time",
    "verify",
    "disk_full",
    "trust_owner",
];

impl Settings {
    /// How long a lock of the cutover is waited for: `lock_timeout`, but within the budget.
    pub fn lock_wait(&self) -> Duration {
        self.lock_timeout.unwrap_or(self.cutover_budget).min(self.cutover_budget)
    }

    /// Puts the settings of a rule in place of these. They were checked when they were read, so an
    /// error means that they come from somewhere else.
    pub fn apply(&mut self, settings: &[(String, String)]) -> Result<(), String> {
        for (key, value) in settings {
            self.set(key, value).map_err(|e| format!("{key}: {e}"))?;
        }
        Ok(())
    }

    /// Sets what `key` of a configuration file stands for; the value is as written, without
    /// quotes. An error is the end of a sentence that begins with the key.
    pub(crate) fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "max_replay_rows" => self.max_replay_rows = whole(value, 1, 1_000_000_000)?,
            // Like the server's setting of that name, in milliseconds when bare.
            "lock_timeout" => self.lock_timeout = Some(time(value, "ms")?),
            "cutover_budget" => self.cutover_budget = time(value, "ms")?,
            "cutover_wait" => self.cutover_wait = duration::parse(value, "s")?,
            "check_time" => self.check_time = time(value, "s")?,
            "analyze_tables" => self.analyze_tables = boolean(value)?,
            "deadlock_resolution" | "blockers" => {
                self.blockers = match value {
                    "nothing" | "wait" => Blockers::Nothing,
                    "cancel_query" | "cancel" => Blockers::CancelQuery,
                    "kill_query" | "terminate" => Blockers::KillQuery,
                    _ if key == "blockers" => {
                        return Err(format!(
                            "cannot be `{value}`; it is wait, cancel or terminate"
                        ));
                    }
                    _ => {
                        return Err(format!(
                            "cannot be `{value}`; it is nothing, cancel_query or kill_query"
                        ));
                    }
                }
            }
            "old_snapshots" => {
                self.old_snapshots = match value {
                    "wait" => OldSnapshots::Wait,
                    "proceed" => OldSnapshots::Proceed,
                    _ => return Err(format!("cannot be `{value}`; it is wait or proceed")),
                }
            }
            "old_snapshots_wait" => self.old_snapshots_wait = duration::parse(value, "s")?,
            "copy_jobs" => self.copy_jobs = whole(value, 1, 64)?,
            "index_jobs" => self.index_jobs = whole(value, 1, 64)?,
            "chunk_time" => self.chunk_time = time(value, "s")?,
            "verify" => self.verify = boolean(value)?,
            "disk_full" => {
                self.disk_full = match value {
                    "remove" => DiskFull::Remove,
                    "keep" => DiskFull::Keep,
                    _ => return Err(format!("cannot be `{value}`; it is remove or keep")),
                }
            }
            "trust_owner" => self.trust_owner = boolean(value)?,
            _ => match self.limits.set(key, value) {
                Some(set) => set?,
                None => return Err("is not a setting".into()),
            },
        }
        Ok(())
    }
}

/// A duration above zero, which to PostgreSQL would mean without bound.
pub(super) fn time(value: &str, unit: &str) -> Result<Duration, String> {
    match duration::parse(value, unit)? {
        Duration::ZERO => Err("has to be above zero".into()),
        time => Ok(time),
    }
}

pub(super) fn whole<T: TryFrom<u64>>(value: &str, least: u64, most: u64) -> Result<T, String> {
    let wrong = || format!("has to be a whole number from {least} to {most}");
    let digits = value.trim().replace('_', "");
    let number = digits.parse::<u64>().ok().filter(|n| (least..=most).contains(n));
    number.and_then(|n| T::try_from(n).ok()).ok_or_else(wrong)
}

/// The words PostgreSQL and repcloud have for yes and no.
pub(super) fn boolean(value: &str) -> Result<bool, String> {
    match value.trim().to_lowercase().as_str() {
        "yes" | "true" | "on" | "1" | "y" | "t" => Ok(true),
        "no" | "false" | "off" | "0" | "n" | "f" => Ok(false),
        _ => Err("has to be yes or no".into()),
    }
}
