//! Where the store is.

use crate::config::Environment;
use secrecy::{ExposeSecret, SecretString};
use std::fmt::Write;
use std::path::PathBuf;

/// A store's place. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub enum Place {
    /// A file of SQLite.
    File(PathBuf),
    /// A database of PostgreSQL.
    Postgres(Database),
}

/// A database and what is needed to get in. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct Database {
    url: SecretString,
    password_file: Option<PathBuf>,
}

impl From<String> for Database {
    fn from(url: String) -> Self {
        Self { url: url.into(), password_file: None }
    }
}

impl Database {
    /// The URL with the password that is in the file now. The error has no secret.
    pub fn url(&self) -> Result<SecretString, String> {
        let Some(file) = &self.password_file else { return Ok(self.url.clone()) };
        let shown = file.display();
        let text = std::fs::read_to_string(file)
            .map_err(|error| format!("store.password_file {shown}: {error}"))?;
        let password = match text.lines().next() {
            None | Some("") => return Err(format!("store.password_file {shown} is empty")),
            Some(password) => password,
        };
        let mut url = self.url.expose_secret().to_owned();
        url.push_str(if url.contains('?') { "&password=" } else { "?password=" });
        for byte in password.bytes() {
            match byte.is_ascii_alphanumeric() {
                true => url.push(char::from(byte)),
                false => {
                    let _ = write!(url, "%{byte:02X}");
                }
            }
        }
        Ok(url.into())
    }
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

    /// The same, with its password in a file.
    pub fn with_password_file(self, file: Option<PathBuf>) -> Self {
        match self {
            Self::Postgres(database) => {
                Self::Postgres(Database { password_file: file, ..database })
            }
            file => file,
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
            Self::Postgres(database) => {
                let url = database.url.expose_secret();
                let rest = url.split_once("//").map_or(url, |(_, rest)| rest);
                let (rest, more) = rest.split_at(rest.find(['?', '#']).unwrap_or(rest.len()));
                // Where the password ends nobody can tell: it may hold a ? or # that is not escaped.
                if more.contains('@') {
                    return "postgres://...".into();
                }
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
            ("postgres://me:hunt?er2@db/fleet", "postgres://..."),
            ("postgres://me:hunt#er2@db/fleet", "postgres://..."),
            ("postgres://me:hunt@er2?x@db/fleet", "postgres://..."),
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

    fn with_password(url: &str, password: &str) -> Result<String, String> {
        let file = std::env::temp_dir().join(format!("repackd-store-{}", std::process::id()));
        std::fs::write(&file, password).unwrap();
        let place = parse(url).unwrap().with_password_file(Some(file.clone()));
        let Place::Postgres(database) = place else { panic!("{url}") };
        let found = database.url().map(|url| url.expose_secret().to_owned());
        std::fs::remove_file(&file).unwrap();
        found
    }

    #[test]
    fn a_password_may_be_in_a_file_of_its_own() {
        for (url, password, expected) in [
            ("postgres://me@db/fleet", "plain\n", "postgres://me@db/fleet?password=plain"),
            (
                "postgres://me@db/fleet?sslmode=require",
                "a b&c=%+#@/\nsecond line\n",
                "postgres://me@db/fleet?sslmode=require&password=a%20b%26c%3D%25%2B%23%40%2F",
            ),
            ("postgres://me@db/fleet", "grün", "postgres://me@db/fleet?password=gr%C3%BCn"),
        ] {
            assert_eq!(with_password(url, password), Ok(expected.to_owned()));
        }
        let error = with_password("postgres://me@db/fleet", "\nsecret").unwrap_err();
        assert!(error.ends_with(" is empty"), "{error}");
    }

    #[test]
    fn systemd_says_where() {
        let environment = Environment::of([("STATE_DIRECTORY", "/var/lib/a:/var/lib/b")]);
        assert_eq!(Place::usual(&environment).describe(), "/var/lib/a/repackd.sqlite");
    }
}
