//! When a repack holds back, and how much space it may take.

use super::duration;
use std::path::PathBuf;
use std::time::Duration;

/// What a repack is held against before each piece of work. None of it is set by default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most that any streaming standby may lag behind in replaying.
    pub max_replica_lag: Option<Duration>,
    /// A query that says how many seconds replicas lag, where `pg_stat_replication` does not.
    pub replica_lag_query: Option<String>,
    /// The most bytes of WAL that the server may write in a second.
    pub max_wal_rate: Option<u64>,
    /// The most sessions of clients that may be at work in the server.
    pub max_active_sessions: Option<u32>,
    /// A query that gives a reason to hold back, or NULL, false or no row if there is none.
    pub throttle_query: Option<String>,
    /// While this file is there, on repackd's own host, nothing is done.
    pub pause_file: Option<PathBuf>,
    /// How long to hold back before the run is left for later.
    pub throttle_wait: Duration,
    /// The most bytes on disk that the run may take besides the table.
    pub max_extra_space: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_replica_lag: None,
            replica_lag_query: None,
            max_wal_rate: None,
            max_active_sessions: None,
            throttle_query: None,
            pause_file: None,
            throttle_wait: Duration::from_secs(60 * 60),
            max_extra_space: None,
        }
    }
}

/// The keys of [`Limits`] in a configuration file.
pub(super) const KEYS: &[&str] = &[
    "max_replica_lag",
    "replica_lag_query",
    "max_wal_rate",
    "max_active_sessions",
    "throttle_query",
    "pause_file",
    "throttle_wait",
    "max_extra_space",
];

impl Limits {
    /// Whether there is anything to hold the work against.
    pub fn is_empty(&self) -> bool {
        let Self {
            max_replica_lag,
            replica_lag_query: _,
            max_wal_rate,
            max_active_sessions,
            throttle_query,
            pause_file,
            throttle_wait: _,
            max_extra_space,
        } = self;
        max_replica_lag.is_none()
            && max_wal_rate.is_none()
            && max_active_sessions.is_none()
            && throttle_query.is_none()
            && pause_file.is_none()
            && max_extra_space.is_none()
    }

    /// Sets one of them; `None` if it has no such key.
    pub(super) fn set(&mut self, key: &str, value: &str) -> Option<Result<(), String>> {
        let set = match key {
            "max_replica_lag" => {
                duration::parse(value, "s").map(|lag| self.max_replica_lag = Some(lag))
            }
            "replica_lag_query" => query(value).map(|q| self.replica_lag_query = Some(q)),
            "max_wal_rate" => bytes(value).map(|rate| self.max_wal_rate = Some(rate)),
            "max_active_sessions" => super::settings::whole(value, 1, 1_000_000)
                .map(|n| self.max_active_sessions = Some(n)),
            "throttle_query" => query(value).map(|q| self.throttle_query = Some(q)),
            "pause_file" => {
                self.pause_file = Some(PathBuf::from(value));
                Ok(())
            }
            "throttle_wait" => duration::parse(value, "s").map(|wait| self.throttle_wait = wait),
            "max_extra_space" => bytes(value).map(|most| self.max_extra_space = Some(most)),
            _ => return None,
        };
        Some(set)
    }
}

fn query(value: &str) -> Result<String, String> {
    match value.trim().trim_end_matches(';') {
        "" => Err("is empty".into()),
        query => Ok(query.to_owned()),
    }
}

/// A size as PostgreSQL writes it: a number and one of B, kB, MB, GB, TB, each 1024 times the one
/// before. The units may also be written KiB, MiB and so on.
pub fn bytes(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let split = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = (&text[..split], text[split..].trim().trim_end_matches("/s"));
    let power = match unit {
        "" | "B" => 0,
        "kB" | "KB" | "KiB" => 1,
        "MB" | "MiB" => 2,
        "GB" | "GiB" => 3,
        "TB" | "TiB" => 4,
        _ => return Err(format!("`{unit}` is no unit of size; it is one of B, kB, MB, GB, TB")),
    };
    let number: f64 =
        number.parse().map_err(|_| "not a size such as \"200MB\" or \"1.5GB\"".to_owned())?;
    let bytes = (number * 1024f64.powi(power)).round();
    if !(1.0..=9e18).contains(&bytes) {
        return Err("out of range".into());
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
    Ok(bytes as u64)
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn sizes_are_read_as_postgresql_writes_them() {
        for (text, size) in
            [("1", 1), ("8kB", 8192), ("1.5 MB", 1_572_864), ("2GiB", 2 << 30), ("3 MB/s", 3 << 20)]
        {
            assert_eq!(bytes(text), Ok(size), "{text}");
        }
        for text in ["", "MB", "0", "-1MB", "1 XB", "1.2.3MB", "9999999TB"] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }
}
