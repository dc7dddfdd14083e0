//! `[notifier.NAME]`: who is told what was done, when, and how they are reached.

use super::file::{Key, Reader, Value};
use super::schedule::{Entries, bounded, get};
use super::settings;
use crate::error::Result;
use crate::schedule::cron::Cron;
use crate::schedule::zone;
use chrono_tz::Tz;
use lettre::message::Mailbox;
use secrecy::SecretString;
use std::path::PathBuf;
use std::time::Duration;

/// The kinds.
const KINDS: &[&str] = &["mail", "json", "slack", "teams", "pagerduty", "alertmanager"];

/// Keys of every notifier.
const COMMON: &[&str] = &[
    "kind",
    "enabled",
    "when",
    "digest",
    "timezone",
    "connections",
    "timeout",
    "retry_for",
    "templates",
    "ca_file",
];

/// Keys of mail: repcloud's, and where a password may be instead.
const MAIL: &[&str] = &[
    "mailfrom",
    "mailto",
    "smtp_server",
    "smtp_port",
    "smtp_ssl",
    "smtp_username",
    "smtp_password",
    "password_file",
    "password_env",
    "password_command",
];

const URL: &[&str] = &["url", "url_file", "url_env", "url_command"];
const SIGNING: &[&str] = &["secret", "secret_file", "secret_env", "secret_command"];
const ROUTING: &[&str] =
    &["routing_key", "routing_key_file", "routing_key_env", "routing_key_command"];

/// Where events for PagerDuty go.
const PAGERDUTY: &str = "https://events.pagerduty.com/v2/enqueue";

/// Somebody to tell. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct Notifier {
    /// Its name in the file.
    pub name: String,
    /// How they are reached.
    pub channel: Channel,
    /// Whether they are.
    pub enabled: bool,
    /// What they want to know.
    pub when: When,
    /// The zone of the times they read.
    pub zone: Tz,
    /// The connections it is about; all, if there is none.
    pub connections: Vec<String>,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// For how long it is tried again.
    pub retry_for: Duration,
    /// The directory of templates that stand in for those compiled in.
    pub templates: Option<PathBuf>,
    /// Authorities to trust besides the system's, PEM.
    pub ca_file: Option<PathBuf>,
}

/// What is told.
#[derive(Clone, Debug, PartialEq)]
pub enum When {
    /// Everything, as it happens.
    Always,
    /// What failed.
    OnFailure,
    /// What was done, and failures that were not told the last time.
    OnChange,
    /// All that happened since the last time, at these times.
    Digest(Cron),
}

/// How somebody is reached.
#[derive(Clone, Debug)]
pub enum Channel {
    /// By mail.
    Mail(Mail),
    /// The account as JSON.
    Json {
        /// Where to.
        url: Secret,
        /// What it is signed with.
        secret: Option<Secret>,
    },
    /// An incoming webhook of Slack's.
    Slack(Secret),
    /// A workflow of Teams'.
    Teams(Secret),
    /// Events of PagerDuty's.
    PagerDuty {
        /// Where to.
        url: Secret,
        /// Whose.
        routing_key: Secret,
    },
    /// Alerts for an Alertmanager.
    Alertmanager(Secret),
}

/// A mail server, and who writes to whom.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Who writes.
    pub from: Mailbox,
    /// To whom.
    pub to: Vec<Mailbox>,
    /// The server.
    pub server: String,
    /// Its port.
    pub port: u16,
    /// How the connection is encrypted.
    pub tls: MailTls,
    /// Whom to log in as.
    pub username: Option<String>,
    /// With what.
    pub password: Option<Secret>,
}

/// How the connection to a mail server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailTls {
    /// Not at all.
    None,
    /// It begins without, and has to be before anything is said.
    StartTls,
    /// From the start.
    Tls,
}

/// A secret, or where to find it each time it is needed.
#[derive(Clone, Debug)]
pub enum Secret {
    /// It was given.
    Given(SecretString),
    /// The first line of a file.
    File(PathBuf),
    /// What a program prints.
    Command(Vec<String>),
}

impl Channel {
    /// As the file has it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Mail(_) => "mail",
            Self::Json { .. } => "json",
            Self::Slack(_) => "slack",
            Self::Teams(_) => "teams",
            Self::PagerDuty { .. } => "pagerduty",
            Self::Alertmanager(_) => "alertmanager",
        }
    }

    /// Whether it raises alarms and ends them, one by one, instead of telling a story.
    pub fn is_alarm(&self) -> bool {
        matches!(self, Self::PagerDuty { .. } | Self::Alertmanager(_))
    }
}

impl When {
    /// In words.
    pub fn words(&self) -> String {
        match self {
            Self::Always => "always".into(),
            Self::OnFailure => "on_failure".into(),
            Self::OnChange => "on_change".into(),
            Self::Digest(cron) => format!("digest {cron}"),
        }
    }
}

impl Reader<'_> {
    /// Reads what stands under `[notifier]`; `zone` is that of the file.
    pub(super) fn notifiers(&mut self, value: &Value<'_>, zone: Tz) -> Result<Vec<Notifier>> {
        let mut all: Vec<Notifier> = Vec::new();
        let entries = self.table("notifier", value)?;
        let email = match get(&entries, "enable_email") {
            Some(value) => self.read("enable_email", value, settings::boolean)?,
            None => true,
        };
        for (key, value) in entries {
            if key.get_ref().as_ref() == "enable_email" {
                continue;
            }
            let name = key.get_ref().to_string();
            if !value.get_ref().is_table() {
                return Err(self.unknown(key.span().start, &name, ["enable_email"]));
            }
            let entries = self.table(&format!("notifier.{name}"), value)?;
            match self.notifier(key, &name, &entries, zone) {
                // repcloud never looked at what it was not to use, so that it may be empty.
                Err(error) if name == "email" && !email => self.warnings.push(format!(
                    "notifier email is switched off by enable_email; to use it, mend this: {error}"
                )),
                other => all.push(other?),
            }
        }
        // repcloud's switch is about the one notifier that it had.
        all.iter_mut().filter(|n| n.name == "email").for_each(|n| n.enabled &= email);
        Ok(all)
    }

    fn notifier(
        &mut self,
        key: &Key<'_>,
        name: &str,
        entries: &Entries<'_, '_>,
        zone: Tz,
    ) -> Result<Notifier> {
        let at = key.span().start;
        let kind = match get(entries, "kind") {
            Some(value) => self.read("kind", value, |kind| match KINDS.contains(&kind) {
                true => Ok(kind.to_owned()),
                false => Err(format!("cannot be `{kind}`; it is one of {}", KINDS.join(", "))),
            })?,
            None if name == "email" => "mail".to_owned(),
            None => {
                let message = format!("notifier {name} needs a kind: one of {}", KINDS.join(", "));
                return Err(self.error(at, message));
            }
        };
        let own: Vec<&str> = match kind.as_str() {
            "mail" => MAIL.to_vec(),
            "json" => [URL, SIGNING].concat(),
            "pagerduty" => [URL, ROUTING].concat(),
            _ => URL.to_vec(),
        };
        for (key, _) in entries {
            let text = key.get_ref().as_ref();
            if !COMMON.contains(&text) && !own.contains(&text) {
                let known = COMMON.iter().chain(&own).copied();
                return Err(self.unknown(key.span().start, text, known));
            }
        }
        let channel = match kind.as_str() {
            "mail" => Channel::Mail(self.mail(at, name, entries)?),
            "pagerduty" => Channel::PagerDuty {
                url: self.url(entries)?.unwrap_or(Secret::Given(PAGERDUTY.into())),
                routing_key: self
                    .secret(entries, "routing_key", "routing_key")?
                    .ok_or_else(|| self.missing(at, name, "routing_key or routing_key_file"))?,
            },
            other => {
                let url = self.url(entries)?;
                let url = url.ok_or_else(|| self.missing(at, name, "url or url_file"))?;
                match other {
                    "json" => {
                        Channel::Json { url, secret: self.secret(entries, "secret", "secret")? }
                    }
                    "slack" => Channel::Slack(url),
                    "teams" => Channel::Teams(url),
                    _ => Channel::Alertmanager(url),
                }
            }
        };
        let mut notifier = Notifier {
            name: name.to_owned(),
            channel,
            enabled: true,
            when: When::Always,
            zone,
            connections: Vec::new(),
            timeout: Duration::from_secs(10),
            retry_for: Duration::from_secs(86_400),
            templates: None,
            ca_file: None,
        };
        self.common(at, &mut notifier, entries)?;
        Ok(notifier)
    }

    fn common(&self, at: usize, notifier: &mut Notifier, entries: &Entries<'_, '_>) -> Result<()> {
        let long = |text: &str, most: &str, least: Duration| {
            let duration = bounded(text, "s", most)?.to_std().map_err(|e| e.to_string())?;
            match duration < least {
                true => Err(format!("has to be {} ms or more", least.as_millis())),
                false => Ok(duration),
            }
        };
        if let Some(value) = get(entries, "enabled") {
            notifier.enabled = self.read("enabled", value, settings::boolean)?;
        }
        if let Some(value) = get(entries, "timezone") {
            notifier.zone = self.read("timezone", value, zone::parse)?;
        }
        if let Some(value) = get(entries, "connections") {
            notifier.connections = self.names("connections", value)?;
        }
        if let Some(value) = get(entries, "timeout") {
            let least = Duration::from_millis(100);
            notifier.timeout = self.read("timeout", value, |text| long(text, "5min", least))?;
        }
        if let Some(value) = get(entries, "retry_for") {
            notifier.retry_for =
                self.read("retry_for", value, |text| long(text, "30d", Duration::ZERO))?;
        }
        let file = |key: &str| match get(entries, key) {
            Some(value) => self.text_of(key, value).map(|text| Some(self.path(&text))),
            None => Ok(None),
        };
        (notifier.templates, notifier.ca_file) = (file("templates")?, file("ca_file")?);
        let digest = match get(entries, "digest") {
            Some(value) => Some(self.read("digest", value, Cron::parse)?),
            None => None,
        };
        let when = match get(entries, "when") {
            Some(value) => Some((
                value.span().start,
                self.read("when", value, |word| {
                    match ["always", "on_failure", "on_change", "digest"].contains(&word) {
                        true => Ok(word.to_owned()),
                        false => Err(format!(
                            "cannot be `{word}`; it is always, on_failure, on_change or digest"
                        )),
                    }
                })?,
            )),
            None => None,
        };
        notifier.when = match (when.as_ref().map(|(at, word)| (*at, word.as_str())), digest) {
            (None | Some((_, "digest")), Some(cron)) => When::Digest(cron),
            (Some((at, _)), Some(_)) => {
                return Err(self.error(at, "digest goes with when = \"digest\" alone".into()));
            }
            (Some((_, "digest")), None) => {
                When::Digest(Cron::parse("0 7 * * *").map_err(|e| self.error(at, e))?)
            }
            (Some((_, "on_failure")), None) => When::OnFailure,
            (Some((_, "on_change")), None) => When::OnChange,
            _ => When::Always,
        };
        if notifier.channel.is_alarm() && when.is_some() | matches!(notifier.when, When::Digest(_))
        {
            let message = format!(
                "a notifier of the kind {} raises an alarm when a table fails, and ends it when the table is done: leave out when and digest",
                notifier.channel.kind()
            );
            return Err(self.error(at, message));
        }
        Ok(())
    }

    fn mail(&mut self, at: usize, name: &str, entries: &Entries<'_, '_>) -> Result<Mail> {
        let mailbox = |text: &str| {
            let parsed = text.trim().parse::<Mailbox>();
            parsed.map_err(|_| {
                "is no address such as dba@example.org or \"DBA <dba@example.org>\"".to_owned()
            })
        };
        let from = get(entries, "mailfrom").ok_or_else(|| self.missing(at, name, "mailfrom"))?;
        let from = self.read("mailfrom", from, mailbox)?;
        let to = get(entries, "mailto").ok_or_else(|| self.missing(at, name, "mailto"))?;
        let mut all = Vec::new();
        for address in self.names("mailto", to)? {
            let read =
                mailbox(&address).map_err(|e| self.error(to.span().start, format!("mailto {e}")));
            all.push(read?);
        }
        if all.is_empty() {
            return Err(self.error(to.span().start, "mailto is empty".into()));
        }
        let text = |key: &str| match get(entries, key) {
            Some(value) => self.text_of(key, value).map(Some),
            None => Ok(None),
        };
        let server = text("smtp_server")?.filter(|s| !s.is_empty());
        let server = server.ok_or_else(|| self.missing(at, name, "smtp_server"))?;
        let tls = match get(entries, "smtp_ssl") {
            Some(value) => {
                self.read("smtp_ssl", value, |word| match word.to_lowercase().as_str() {
                    "none" | "" => Ok(MailTls::None),
                    "starttls" => Ok(MailTls::StartTls),
                    "tls" | "ssl" => Ok(MailTls::Tls),
                    _ => Err(format!("cannot be `{word}`; it is starttls, tls or none")),
                })?
            }
            None => MailTls::StartTls,
        };
        let port = match get(entries, "smtp_port") {
            Some(value) => self.read("smtp_port", value, |text| {
                let port = text.trim().parse::<u16>().ok().filter(|port| *port > 0);
                port.ok_or_else(|| "is no port number (1 to 65535)".to_owned())
            })?,
            None => match tls {
                MailTls::None => 25,
                MailTls::StartTls => 587,
                MailTls::Tls => 465,
            },
        };
        let username = text("smtp_username")?.filter(|name| !name.is_empty());
        let password = self.secret(entries, "smtp_password", "password")?;
        if username.is_some() != password.is_some() {
            let wanted =
                if username.is_some() { "smtp_password or password_file" } else { "smtp_username" };
            return Err(self.missing(at, name, wanted));
        }
        if tls == MailTls::None && username.is_some() && !is_here(&server) {
            let line = self.line(at);
            self.warn(format!(
                "line {line}: notifier {name} sends its password unencrypted: smtp_ssl = \"starttls\" or \"tls\""
            ));
        }
        Ok(Mail { from, to: all, server, port, tls, username, password })
    }

    fn url(&self, entries: &Entries<'_, '_>) -> Result<Option<Secret>> {
        let url = self.secret(entries, "url", "url")?;
        if let (Some(Secret::Given(url)), Some(value)) = (&url, get(entries, "url")) {
            use secrecy::ExposeSecret;
            let url = url.expose_secret();
            if !url.starts_with("https://") && !url.starts_with("http://") {
                // Not repeated: whoever knows the URL of a webhook may use it.
                let message = "url has to begin with https:// or http://".into();
                return Err(self.error(value.span().start, message));
            }
        }
        Ok(url)
    }

    /// A secret that stands under `given`, or where `stem` and `_file`, `_env` or `_command` say. An empty
    /// one counts as none.
    fn secret(&self, entries: &Entries<'_, '_>, given: &str, stem: &str) -> Result<Option<Secret>> {
        let mut found: Option<(String, Secret)> = None;
        for way in ["", "_file", "_env", "_command"] {
            let key = if way.is_empty() { given.to_owned() } else { format!("{stem}{way}") };
            let Some(value) = get(entries, &key) else { continue };
            let at = value.span().start;
            let secret = match way {
                "_command" => Secret::Command(self.command(&key, value)?),
                "_file" => Secret::File(self.path(&self.text_of(&key, value)?)),
                "_env" => {
                    let name = self.text_of(&key, value)?;
                    let message = || format!("{key}: the variable {name} is not set");
                    let secret = self.variable(&name).ok_or_else(|| self.error(at, message()))?;
                    Secret::Given(secret.into())
                }
                _ => match self.text_of(&key, value)? {
                    empty if empty.is_empty() => continue,
                    text => Secret::Given(text.into()),
                },
            };
            if let Some((other, _)) = &found {
                return Err(self.error(at, format!("{key} and {other}: give one of them")));
            }
            found = Some((key, secret));
        }
        Ok(found.map(|(_, secret)| secret))
    }

    fn missing(&self, at: usize, name: &str, what: &str) -> crate::error::Error {
        self.error(at, format!("notifier {name} needs {what}"))
    }
}

/// Whether it is this machine.
fn is_here(server: &str) -> bool {
    server == "localhost"
        || server.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
