//! Where the store is.

use crate::config::Environment;
use secrecy::{ExposeSecret, SecretString};
use std::path::PathBuf;

/// A store's place. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub enum Place {
    /// A file of SQLite.
    File(PathBuf),
    /// A database of PostgreSQL.
    Postgres(SecretString),
}

/// The file's name in its directory.
const FILE: &str = "repackd.sqlite";

impl Place {
    /// Reads `store.url`: `postgres://…`, `sqlite:FILE` or a path. The error is the end of a sentence
    /// that begins with the key, and does not repeat the value, which may hold a password.
    pub fn parse(url: &str, environment: &Environment) -> Result<Self, String> {
        let file = |path: &str| match path {
            "" => Err("names no file".to_owned()),
            path => Ok(Self::File(environment.expand(path))),
        };
        match url.trim().split_once(':') {
            Some(("postgres" | "postgresql", rest)) if rest.starts_with("//") => {
                Ok(Self::Postgres(url.trim().to_owned().into()))
            }
            Some(("sqlite", path)) => file(path.strip_prefix("//").unwrap_or(path)),
            Some((scheme, rest)) if rest.starts_with("//") => Err(format!(
                "cannot be of the kind `{scheme}`; it is postgres://…, sqlite:FILE or a path"
            )),
            _ => file(url.trim()),
        }
    }

    /// Where it is when nobody says: the directory systemd gives, else /var/lib/repackd for root, else
    /// the user's state directory.
    pub fn usual(environment: &Environment) -> Self {
        let given = environment.var("STATE_DIRECTORY").and_then(|all| all.split(':').next());
        let directory = match (given, environment.var("XDG_STATE_HOME"), environment.home()) {
            (Some(directory), ..) => PathBuf::from(directory),
            (None, ..) if rustix::process::geteuid().is_root() => "/var/lib/repackd".into(),
            (None, Some(state), _) => PathBuf::from(state).join("repackd"),
            (None, None, Some(home)) => home.join(".local/state/repackd"),
            (None, None, None) => "/var/lib/repackd".into(),
        };
        Self::File(directory.join(FILE))
    }

    /// Whether there may be something to read: a file that is there, or a database.
    pub fn exists(&self) -> bool {
        match self {
            Self::File(path) => path.exists(),
            Self::Postgres(_) => true,
        }
    }

    /// In words, without secrets.
    pub fn describe(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Postgres(url) => {
                let url = url.expose_secret();
                let rest = url.split_once("//").map_or(url, |(_, rest)| rest);
                let rest = rest.split(['?', '#']).next().unwrap_or_default();
                // The last one: a password may hold another that is not escaped.
                format!("postgres://{}", rest.rsplit_once('@').map_or(rest, |(_, host)| host))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Place, String> {
        Place::parse(url, &Environment::of([("HOME", "/home/me")]))
    }

    #[test]
    fn urls_and_paths() {
        for (url, shown) in [
            (
                "postgres://me:hunt@er2@db.example:5433/fleet?sslmode=require",
                "postgres://db.example:5433/fleet",
            ),
            ("postgresql:///fleet", "postgres:///fleet"),
            ("sqlite:/var/x.db", "/var/x.db"),
            ("sqlite:///var/x.db", "/var/x.db"),
            ("~/x.db", "/home/me/x.db"),
            ("/var/x.db", "/var/x.db"),
        ] {
            let place = parse(url).unwrap();
            assert_eq!(place.describe(), shown);
            assert!(!format!("{place:?}").contains("er2"));
        }
        for url in ["", "sqlite:", "mysql://me:secret@host/db"] {
            let error = parse(url).unwrap_err();
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn systemd_says_where() {
        let environment = Environment::of([("STATE_DIRECTORY", "/var/lib/a:/var/lib/b")]);
        assert_eq!(Place::usual(&environment).describe(), "/var/lib/a/repackd.sqlite");
    }
}
