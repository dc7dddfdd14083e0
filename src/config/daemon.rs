//! What the daemon is told besides the schedule: `[store]` and `[daemon]`.

use super::{conninfo, duration, settings};
use secrecy::{ExposeSecret, SecretString};
use std::path::PathBuf;
use std::time::Duration;

/// Where the daemon keeps its queue and history.
#[derive(Clone, Debug)]
pub struct StoreSettings {
    /// `sqlite:…` or `postgres://…`, which may hold a password; `None`: a file in the usual place.
    pub url: Option<SecretString>,
    /// Where the password is that `url` does not hold.
    pub password_file: Option<PathBuf>,
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
    /// How long a table stays a daemon's that gives no sign of life.
    pub lease: Duration,
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self { url: None, password_file: None, retention: Duration::from_secs(400 * 86_400) }
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
            lease: Duration::from_secs(60),
        }
    }
}

impl StoreSettings {
    pub(super) const KEYS: &[&str] = &["url", "password_file", "retention"];

    /// What is wrong with them as a whole, as the end of a sentence that begins with `password_file`.
    pub(super) fn contradiction(&self) -> Option<&'static str> {
        self.password_file.as_ref()?;
        let Some(url) = &self.url else {
            return Some("is the password of a store of PostgreSQL: add url = \"postgres://…\"");
        };
        let url = url.expose_secret();
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Some("is of no use: the store's url is not postgres://…");
        }
        let has_one = conninfo::parse(url).is_ok_and(|given| given.get("password").is_some());
        has_one.then_some("and a password in url: give one of them")
    }

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
        &["max_parallel", "attempts", "backoff", "backoff_max", "dry_run", "stop_within", "lease"];

    /// Sets one of them, as [`super::Settings::set`] does.
    pub(super) fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "max_parallel" => self.max_parallel = settings::whole(value, 1, 10_000)?,
            "attempts" => self.attempts = settings::whole(value, 1, 1000)?,
            "backoff" => self.backoff = duration::parse(value, "s")?,
            "backoff_max" => self.backoff_max = duration::parse(value, "s")?,
            "dry_run" => self.dry_run = settings::boolean(value)?,
            "stop_within" => self.stop_within = settings::time(value, "s")?,
            "lease" => {
                self.lease = settings::time(value, "s")?;
                // A cutover takes less, whatever its budget.
                if self.lease < Duration::from_secs(3) {
                    return Err("has to be 3s or more".into());
                }
            }
            _ => return Err("is not a setting".into()),
        }
        Ok(())
    }
}
