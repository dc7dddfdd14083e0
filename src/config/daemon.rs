//! What the daemon is told besides the schedule: `[store]` and `[daemon]`.

use super::{duration, settings};
use secrecy::SecretString;
use std::time::Duration;

/// Where the daemon keeps its queue and history.
#[derive(Clone, Debug)]
pub struct StoreSettings {
    /// `sqlite:…` or `postgres://…`, which may hold a password; `None`: a file in the usual place.
    pub url: Option<SecretString>,
    /// How long history is kept.
    pub retention: Duration,
}

/// How the daemon goes about its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DaemonSettings {
    /// Databases that are worked on at the same time.
    pub max_parallel: u32,
    /// Attempts at a table before it is set aside.
    pub attempts: u32,
    /// How long to wait after the first failed attempt; twice as long after each more.
    pub backoff: Duration,
    /// The longest of these waits.
    pub backoff_max: Duration,
    /// Whether it only reports what it would do.
    pub dry_run: bool,
    /// How long it may take to stop when it is asked to.
    pub stop_within: Duration,
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self { url: None, retention: Duration::from_secs(400 * 86_400) }
    }
}

impl Default for DaemonSettings {
    fn default() -> Self {
        Self {
            max_parallel: 4,
            attempts: 3,
            backoff: Duration::from_secs(15 * 60),
            backoff_max: Duration::from_secs(6 * 3600),
            dry_run: false,
            stop_within: Duration::from_secs(60),
        }
    }
}

impl StoreSettings {
    pub(super) const KEYS: &[&str] = &["url", "retention"];

    /// Sets one of them, as [`super::Settings::set`] does.
    pub(super) fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "url" => self.url = Some(value.into()),
            "retention" => self.retention = settings::time(value, "d")?,
            _ => return Err("is not a setting".into()),
        }
        Ok(())
    }
}

impl DaemonSettings {
    pub(super) const KEYS: &[&str] =
        &["max_parallel", "attempts", "backoff", "backoff_max", "dry_run", "stop_within"];

    /// Sets one of them, as [`super::Settings::set`] does.
    pub(super) fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "max_parallel" => self.max_parallel = settings::whole(value, 1, 10_000)?,
            "attempts" => self.attempts = settings::whole(value, 1, 1000)?,
            "backoff" => self.backoff = duration::parse(value, "s")?,
            "backoff_max" => self.backoff_max = duration::parse(value, "s")?,
            "dry_run" => self.dry_run = settings::boolean(value)?,
            "stop_within" => self.stop_within = settings::time(value, "s")?,
            _ => return Err("is not a setting".into()),
        }
        Ok(())
    }
}
