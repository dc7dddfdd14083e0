//! The configuration file.

use super::http::{HttpSettings, TokenSource};
use super::params::{PARAMETERS, Params, lookup};
use super::server::PasswordSource;
use super::{
    Blockers, Config, Connection, Environment, Logging, Server, Settings, conninfo, logging,
    settings,
};
use crate::error::{Error, Result, did_you_mean};
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Keys at the top of the file.
const TOP_KEYS: &[&str] = &[
    "connections",
    "timezone",
    "evaluate",
    "defaults",
    "window",
    "blackout",
    "rule",
    "store",
    "daemon",
    "http",
    "logging",
    "notifier",
    "pid_dir",
];

/// Keys of a connection that are neither settings nor parameters of libpq.
const OWN_KEYS: &[&str] =
    &["database", "url", "password_file", "password_command", "schemas", "tables"];

/// Keys whose values are file names.
const PATHS: &[&str] =
    &["pause_file", "passfile", "sslrootcert", "sslcert", "sslkey", "sslcrl", "sslcrldir"];

/// A key of the file.
pub(super) type Key<'i> = Spanned<toml::de::DeString<'i>>;

/// A value of the file.
pub(super) type Value<'i> = Spanned<DeValue<'i>>;

/// Reads a configuration.
pub(super) fn read(text: &str, file: Option<&Path>, environment: &Environment) -> Result<Config> {
    Reader { text, file, environment, warnings: Vec::new() }.config()
}

/// The text being read, and what was found worth a warning so far.
pub(super) struct Reader<'a> {
    text: &'a str,
    file: Option<&'a Path>,
    environment: &'a Environment,
    pub(super) warnings: Vec<String>,
}

impl Reader<'_> {
    fn config(mut self) -> Result<Config> {
        // Only the message of an error is passed on: its Display shows the line, which may be
        // the one with the password.
        let document = DeTable::parse(self.text).map_err(|error| {
            self.error(error.span().map_or(0, |s| s.start), error.message().to_owned())
        })?;
        let mut connections = Vec::new();
        let mut logging = Logging::default();
        let mut store = super::StoreSettings::default();
        let mut daemon = super::DaemonSettings::default();
        let mut http = HttpSettings::default();
        for (key, value) in document.get_ref() {
            match key.get_ref().as_ref() {
                "connections" => {
                    for (name, value) in self.table("connections", value)? {
                        connections.push(self.connection(name, value)?);
                    }
                }
                "logging" => logging = self.logging(value)?,
                "timezone" | "evaluate" | "defaults" | "window" | "blackout" | "rule"
                | "notifier" => {}
                "store" => {
                    for (key, value) in self.table("store", value)? {
                        self.set(key, value, super::StoreSettings::KEYS, |key, text| match key {
                            "password_file" => {
                                store.password_file = Some(self.path(text));
                                Ok(())
                            }
                            _ => store.set(key, text),
                        })?;
                    }
                    if let Some(wrong) = store.contradiction() {
                        let message = format!("store: password_file {wrong}");
                        return Err(self.error(key.span().start, message));
                    }
                }
                "daemon" => {
                    for (key, value) in self.table("daemon", value)? {
                        self.set(key, value, super::DaemonSettings::KEYS, |k, v| daemon.set(k, v))?;
                    }
                }
                "http" => http = self.http(key, value)?,
                "pid_dir" => self.replaced(
                    key.span().start,
                    "pid_dir",
                    "an advisory lock in the database keeps two runners apart",
                ),
                other => {
                    return Err(self.unknown(key.span().start, other, TOP_KEYS.iter().copied()));
                }
            }
        }
        let schedule = self.schedule(document.get_ref())?;
        // After it: they have its zone.
        let notifiers = match document.get_ref().get("notifier") {
            Some(value) => self.notifiers(value, schedule.zone)?,
            None => Vec::new(),
        };
        for notifier in &notifiers {
            for name in &notifier.connections {
                if !connections.iter().any(|c: &Connection| c.name == *name) {
                    let hint = did_you_mean(name, connections.iter().map(|c| c.name.as_str()));
                    let message = format!(
                        "notifier {}: there is no connection `{name}`{hint}",
                        notifier.name
                    );
                    let at = document.get_ref().get("notifier").map_or(0, |v| v.span().start);
                    return Err(self.error(at, message));
                }
            }
        }
        if connections.is_empty() {
            return Err(Error::Config {
                file: self.file.map(Path::to_owned),
                line: None,
                message: "no connection is configured; add a [connections.NAME]".into(),
            });
        }
        self.repack_files(&connections);
        for connection in &connections {
            let Settings { lock_timeout, cutover_budget: budget, blockers, .. } =
                &connection.settings;
            // To those who cancel or end what is in the way it is also their patience with that.
            if let Some(wait) = lock_timeout.filter(|wait| wait > budget)
                && *blockers == Blockers::Nothing
            {
                self.warnings.push(format!(
                    "connection {}: of lock_timeout, {} ms, no more counts than cutover_budget, {} ms \
                     here: that bounds all waiting at the cutover together",
                    connection.name,
                    wait.as_millis(),
                    budget.as_millis()
                ));
            }
        }
        Ok(Config {
            file: self.file.map(Path::to_owned),
            connections,
            logging,
            schedule,
            store,
            daemon,
            http,
            notifiers,
            warnings: self.warnings,
        })
    }

    fn logging(&self, value: &Value<'_>) -> Result<Logging> {
        let mut logging = Logging::default();
        for (key, value) in self.table("logging", value)? {
            self.set(key, value, logging::KEYS, |key, text| match key {
                "log_dir" => {
                    logging.dir = Some(self.path(text));
                    Ok(())
                }
                _ => logging.set(key, text),
            })?;
        }
        if logging.to_file && logging.dir.is_none() {
            return Err(self.error(
                value.span().start,
                "log_dest = \"file\" needs log_dir, the directory for it".into(),
            ));
        }
        Ok(logging)
    }

    fn http(&self, at: &Key<'_>, value: &Value<'_>) -> Result<HttpSettings> {
        let mut http = HttpSettings::default();
        for (key, value) in self.table("http", value)? {
            if key.get_ref().as_ref() == "hosts" {
                http.hosts = self.names("hosts", value)?;
                continue;
            }
            self.set(key, value, HttpSettings::KEYS, |key, text| match key {
                "token_file" => http.give(TokenSource::File(self.path(text))),
                _ => http.set(key, text),
            })?;
        }
        match http.contradiction() {
            None => Ok(http),
            Some(wrong) => Err(self.error(at.span().start, format!("http {wrong}"))),
        }
    }

    /// repcloud's second files, one for each connection, with storage parameters for the copies of
    /// tables.
    fn repack_files(&mut self, connections: &[Connection]) {
        let Some(file) = self.file else { return };
        let Some(stem) = file.file_stem().and_then(|s| s.to_str()) else { return };
        for connection in connections {
            let second =
                file.with_file_name("table_conf").join(format!("{stem}_{}.toml", connection.name));
            if second.is_file() {
                self.warnings.push(format!(
                    "{} is not read: set storage parameters with ALTER TABLE … SET (…), and the \
                     repack applies them",
                    second.display()
                ));
            }
        }
    }

    fn connection(&mut self, name: &Key<'_>, value: &Value<'_>) -> Result<Connection> {
        let at = name.span().start;
        let name = name.get_ref().to_string();
        let mut params = Params::default();
        let mut settings = Settings::default();
        let (mut schemas, mut tables) = (Vec::new(), Vec::new());
        let mut url = None;
        let mut password: Option<(&str, PasswordSource)> = None;
        for (key, value) in self.table(&format!("connections.{name}"), value)? {
            let (at, key) = (key.span().start, key.get_ref().as_ref());
            match key {
                "url" => {
                    let text = self.text_of(key, value)?;
                    let given = conninfo::parse(&text);
                    url = Some((at, given.map_err(|e| self.error(at, format!("url: {e}")))?));
                }
                "schemas" => schemas = self.names(key, value)?,
                "tables" => tables = self.names(key, value)?,
                "password_file" | "password_command" => {
                    let source = match key {
                        "password_file" => {
                            PasswordSource::File(self.path(&self.text_of(key, value)?))
                        }
                        _ => PasswordSource::Command(self.command(key, value)?),
                    };
                    if let Some((other, _)) = password.replace((
                        if key == "password_file" { "password_file" } else { "password_command" },
                        source,
                    )) {
                        return Err(self.error(at, format!("{key} and {other}: give one of them")));
                    }
                }
                _ if settings::keys().any(|k| k == key) => {
                    let text = self.setting(key, value)?;
                    settings.set(key, &text).map_err(|e| self.error(at, format!("{key}: {e}")))?;
                }
                _ if lookup(key).is_some() => {
                    let mut text = self.text_of(key, value)?;
                    if PATHS.contains(&key) && text != "system" {
                        text = self.path(&text).display().to_string();
                    }
                    params.set(key, &text).map_err(|e| self.error(at, e))?;
                }
                _ => {
                    let known = OWN_KEYS
                        .iter()
                        .copied()
                        .chain(settings::keys())
                        .chain(PARAMETERS.iter().map(|p| p.name));
                    return Err(self.unknown(at, key, known));
                }
            }
        }
        if let Some((at, given)) = url {
            let twice = params.names().find(|n| {
                ["host", "hostaddr", "port", "user", "dbname"].contains(n) || given.get(n).is_some()
            });
            if let Some(twice) = twice {
                let twice = if twice == "dbname" { "database" } else { twice };
                return Err(self.error(
                    at,
                    format!("both url and {twice}: put {twice} into the url, or leave the url out"),
                ));
            }
            params = params.or(given);
        }
        if let Some((key, _)) = &password
            && params.get("password").is_some()
        {
            return Err(self.error(at, format!("both password and {key}: give one of them")));
        }
        let (server, warnings) =
            Server::resolve(params, password.map(|(_, source)| source), self.environment)
                .map_err(|e| self.error(at, format!("connection {name}: {e}")))?;
        self.warnings.extend(warnings.into_iter().map(|w| format!("connection {name}: {w}")));
        Ok(Connection { name, server, schemas, tables, settings })
    }

    /// A setting as text; file names start at the configuration file.
    pub(super) fn setting(&self, key: &str, value: &Value<'_>) -> Result<String> {
        let text = self.text_of(key, value)?;
        match PATHS.contains(&key) {
            true => Ok(self.path(&text).display().to_string()),
            false => Ok(text),
        }
    }

    /// Hands a key that has to be one of `known`, and its value, to who knows what they mean.
    pub(super) fn set(
        &self,
        key: &Key<'_>,
        value: &Value<'_>,
        known: &[&str],
        set: impl FnOnce(&str, &str) -> std::result::Result<(), String>,
    ) -> Result<()> {
        let (at, key) = (key.span().start, key.get_ref().as_ref());
        if !known.contains(&key) {
            return Err(self.unknown(at, key, known.iter().copied()));
        }
        set(key, &self.text_of(key, value)?).map_err(|e| self.error(at, format!("{key}: {e}")))
    }

    pub(super) fn unknown<'k>(
        &self,
        at: usize,
        key: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) -> Error {
        self.error(at, format!("unknown key `{key}`{}", did_you_mean(key, known)))
    }

    /// A table's entries in the order they stand in the file.
    pub(super) fn table<'v, 'i>(
        &self,
        name: &str,
        value: &'v Value<'i>,
    ) -> Result<Vec<(&'v Key<'i>, &'v Value<'i>)>> {
        let Some(table) = value.get_ref().as_table() else {
            return Err(self.error(value.span().start, format!("{name} has to be a table")));
        };
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        Ok(entries)
    }

    /// A string, number or yes/no as text. What was found instead is not repeated.
    pub(super) fn text_of(&self, key: &str, value: &Value<'_>) -> Result<String> {
        match value.get_ref() {
            DeValue::String(text) => Ok(text.to_string()),
            // A password is the one value where 007 and 7 differ.
            DeValue::Integer(number) if key != "password" => Ok(number.to_string()),
            DeValue::Float(number) if key != "password" => Ok(number.as_str().to_owned()),
            DeValue::Boolean(flag) if key != "password" => Ok(flag.to_string()),
            other => Err(self.error(
                value.span().start,
                format!("{key} has to be a string, not {} {}", article(other), other.type_str()),
            )),
        }
    }

    /// A list of names; one name alone will do.
    pub(super) fn names(&self, key: &str, value: &Value<'_>) -> Result<Vec<String>> {
        let wrong = |at| self.error(at, format!("{key} has to be a list of strings"));
        match value.get_ref() {
            DeValue::String(name) => Ok(vec![name.to_string()]),
            DeValue::Array(names) => names
                .iter()
                .map(|n| {
                    n.get_ref().as_str().map(str::to_owned).ok_or_else(|| wrong(n.span().start))
                })
                .collect(),
            _ => Err(wrong(value.span().start)),
        }
    }

    /// A program and its arguments; a string is for the shell.
    pub(super) fn command(&self, key: &str, value: &Value<'_>) -> Result<Vec<String>> {
        match value.get_ref() {
            DeValue::String(command) => Ok(vec!["sh".into(), "-c".into(), command.to_string()]),
            _ => match self.names(key, value)? {
                empty if empty.is_empty() => {
                    Err(self.error(value.span().start, format!("{key} is empty")))
                }
                command => Ok(command),
            },
        }
    }

    /// A file name: relative ones start at the configuration file.
    pub(super) fn path(&self, text: &str) -> std::path::PathBuf {
        let path = self.environment.expand(text);
        match self.file.and_then(Path::parent) {
            Some(folder) => folder.join(path),
            None => path,
        }
    }

    /// An environment variable.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.environment.var(name)
    }

    pub(super) fn warn(&mut self, warning: String) {
        self.warnings.push(warning);
    }

    fn replaced(&mut self, at: usize, key: &str, by: &str) {
        self.warnings.push(format!("line {}: {key} is not read: {by}", self.line(at)));
    }

    /// The line of a byte of the text, from 1.
    pub(super) fn line(&self, at: usize) -> usize {
        self.text.as_bytes().iter().take(at).filter(|b| **b == b'\n').count() + 1
    }

    pub(super) fn error(&self, at: usize, message: String) -> Error {
        Error::Config { file: self.file.map(Path::to_owned), line: Some(self.line(at)), message }
    }
}

fn article(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::Integer(_) | DeValue::Array(_) => "an",
        _ => "a",
    }
}
