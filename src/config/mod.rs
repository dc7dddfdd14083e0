//! Configuration: what to repack, where, and how gently.

mod conninfo;
mod daemon;
mod duration;
mod environment;
mod file;
mod http;
mod limits;
mod logging;
mod notifier;
mod params;
mod rules;
mod schedule;
mod server;
mod service;
mod settings;
mod tls;

pub use daemon::{DaemonSettings, StoreSettings};
pub use environment::Environment;
pub use http::{HttpSettings, TokenSource};
pub use limits::{Limits, bytes};
pub use logging::{Format, Logging};
pub use notifier::{Channel, Mail, MailTls, Notifier, Secret, When};
pub use server::Server;
pub(crate) use server::{Host, PasswordSource, SOCKET_DIRECTORIES, SessionAttrs};
pub use settings::{Blockers, DiskFull, OldSnapshots, Settings};
pub(crate) use tls::{Roots, SslMode, TlsOptions, TlsVersion};

use crate::error::{Error, Result};
use crate::schedule::Schedule;
use std::path::{Path, PathBuf};

/// The configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file it came from, if any.
    pub file: Option<PathBuf>,
    /// The connections, in the order of the file.
    pub connections: Vec<Connection>,
    /// Where log lines go.
    pub logging: Logging,
    /// When to repack, and which tables.
    pub schedule: Schedule,
    /// Where the daemon keeps its queue and history.
    pub store: StoreSettings,
    /// How the daemon goes about its work.
    pub daemon: DaemonSettings,
    /// Where the daemon shows itself.
    pub http: HttpSettings,
    /// Who is told what was done.
    pub notifiers: Vec<Notifier>,
    /// What was read but has no effect, and what replaces it.
    pub warnings: Vec<String>,
}

/// A database and what to repack in it.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Its name in the file.
    pub name: String,
    /// Where it is and as whom to connect.
    pub server: Server,
    /// Schemas of which every table is meant.
    pub schemas: Vec<String>,
    /// Tables meant besides; with no schemas and no tables, all are.
    pub tables: Vec<String>,
    /// How gently.
    pub settings: Settings,
}

impl Config {
    /// Finds a configuration file: as given, else in the working directory, the user's
    /// configuration folder and `/etc/repackd`, each with and without `.toml`.
    pub fn find(name_or_path: &str) -> Result<PathBuf> {
        Self::find_in(name_or_path, &Environment::process())
    }

    /// [`find`](Self::find) with an environment of the caller's.
    pub fn find_in(name_or_path: &str, environment: &Environment) -> Result<PathBuf> {
        let given = environment.expand(name_or_path);
        let mut folders = vec![PathBuf::new()];
        // A path is not looked for elsewhere.
        if given.components().count() == 1 {
            let user = match environment.var("XDG_CONFIG_HOME") {
                Some(folder) => Some(PathBuf::from(folder)),
                None => environment.home().map(|home| home.join(".config")),
            };
            folders.extend(user.map(|folder| folder.join("repackd")));
            folders.push("/etc/repackd".into());
        }
        let mut tried = Vec::new();
        for folder in folders {
            let path = folder.join(&given);
            let mut with = path.clone().into_os_string();
            with.push(".toml");
            for path in [path, with.into()] {
                if path.is_file() {
                    return Ok(path);
                }
                tried.push(path.display().to_string());
            }
        }
        Err(Error::Config {
            file: None,
            line: None,
            message: format!(
                "there is no configuration `{name_or_path}`; looked for {}",
                tried.join(", ")
            ),
        })
    }

    /// Reads a configuration file.
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| Error::Config {
            file: Some(path.to_owned()),
            line: None,
            message: format!("cannot be read: {error}"),
        })?;
        Self::parse(&text, Some(path))
    }

    /// Reads a configuration from text; `file` is where it came from.
    pub fn parse(text: &str, file: Option<&Path>) -> Result<Self> {
        Self::parse_in(text, file, &Environment::process())
    }

    /// [`parse`](Self::parse) with an environment of the caller's.
    pub fn parse_in(text: &str, file: Option<&Path>, environment: &Environment) -> Result<Self> {
        file::read(text, file, environment)
    }

    /// A configuration without a file: one connection named `default`, from a URL or `key=value`
    /// words, or from the `PG…` variables alone.
    pub fn from_url(url: Option<&str>) -> Result<Self> {
        Self::from_url_in(url, &Environment::process())
    }

    /// [`from_url`](Self::from_url) with an environment of the caller's.
    pub fn from_url_in(url: Option<&str>, environment: &Environment) -> Result<Self> {
        let wrong = |message| Error::Config { file: None, line: None, message };
        let given = conninfo::parse(url.unwrap_or_default()).map_err(wrong)?;
        let (server, warnings) = Server::resolve(given, None, environment).map_err(wrong)?;
        let connection = Connection {
            name: "default".into(),
            server,
            schemas: Vec::new(),
            tables: Vec::new(),
            settings: Settings::default(),
        };
        Ok(Self {
            file: None,
            connections: vec![connection],
            logging: Logging::default(),
            schedule: Schedule::default(),
            store: StoreSettings::default(),
            daemon: DaemonSettings::default(),
            http: HttpSettings::default(),
            notifiers: Vec::new(),
            warnings,
        })
    }
}
