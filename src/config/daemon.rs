//! What the daemon is told besides the schedule: `[store]` and `[daemon]`.

use super::{conninfo, duration, settings};
use secrecy::{ExposeSecret, SecretString};
use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

/// Where the daemon keeps its queue and history.
#[derive(Clone, Debug)]
pub struct StoreSettings {
    /// `sqlite:…` or `postgres://…`, which may hold a password; `None`: a file in the usual place.
    pub(super) url: Option<SecretString>,
    /// Where the password is that `url` does not hold.
    pub(super) password_file: Option<PathBuf>,
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
        }
    }
}

impl StoreSettings {
    pub(super) const KEYS: &[&str] = &["url", "password_file", "retention"];

    /// Where the store is, with the password that is in `password_file` now. The error is a sentence,
    /// without secrets.
    pub fn url(&self) -> Result<Option<SecretString>, String> {
        let (Some(url), Some(file)) = (&self.url, &self.password_file) else {
            return Ok(self.url.clone());
        };
        let shown = file.display();
        let text = std::fs::read_to_string(file)
            .map_err(|error| format!("store.password_file {shown}: {error}"))?;
        let password = match text.lines().next() {
            None | Some("") => return Err(format!("store.password_file {shown} is empty")),
            Some(password) => password,
        };
        let mut url = url.expose_secret().to_owned();
        url.push_str(if url.contains('?') { "&password=" } else { "?password=" });
        for byte in password.bytes() {
            match byte.is_ascii_alphanumeric() {
                true => url.push(char::from(byte)),
                false => {
                    let _ = write!(url, "%{byte:02X}");
                }
            }
        }
        Ok(Some(url.into()))
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    fn with_password(url: &str, password: &str) -> Result<Option<String>, String> {
        let file = std::env::temp_dir().join(format!("repackd-store-{}", std::process::id()));
        std::fs::write(&file, password).unwrap();
        let settings = StoreSettings {
            url: Some(url.into()),
            password_file: Some(file.clone()),
            ..StoreSettings::default()
        };
        let found = settings.url().map(|url| url.map(|url| url.expose_secret().to_owned()));
        std::fs::remove_file(&file).unwrap();
        found
    }

    #[test]
    fn the_password_of_a_store_is_in_a_file_of_its_own() {
        for (url, password, expected) in [
            ("postgres://me@db/fleet", "plain\n", "postgres://me@db/fleet?password=plain"),
            (
                "postgres://me@db/fleet?sslmode=require",
                "a b&c=%+#@/\nsecond line\n",
                "postgres://me@db/fleet?sslmode=require&password=a%20b%26c%3D%25%2B%23%40%2F",
            ),
            ("postgres://me@db/fleet", "grün", "postgres://me@db/fleet?password=gr%C3%BCn"),
        ] {
            assert_eq!(with_password(url, password), Ok(Some(expected.to_owned())));
        }
        assert!(with_password("postgres://me@db/fleet", "\n").unwrap_err().ends_with("is empty"));
        let gone = StoreSettings {
            url: Some("postgres://me@db/fleet".into()),
            password_file: Some("/nonexistent/password".into()),
            ..StoreSettings::default()
        };
        assert!(gone.url().unwrap_err().starts_with("store.password_file /nonexistent/password: "));
        assert_eq!(StoreSettings::default().url().map(|url| url.is_none()), Ok(true));
    }
}
