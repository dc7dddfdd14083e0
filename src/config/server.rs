//! Where a server is and as whom to connect to it: the parameters of every source put together.

use super::Environment;
use super::params::{Params, Use, lookup};
use super::tls::TlsOptions;
use secrecy::SecretString;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// A server, a database on it and a user: everything needed to connect, but no connection.
///
/// Passwords that can change (files, commands) and certificates are read anew for each
/// connection. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct Server {
    /// The hosts, to be tried in this order.
    pub(crate) hosts: Vec<Host>,
    /// The database.
    pub(crate) database: String,
    /// The user.
    pub(crate) user: String,
    /// Where the password comes from, if not from the password file.
    pub(crate) password: PasswordSource,
    /// The password file, asked if there is no other source.
    pub(crate) passfile: Option<PathBuf>,
    /// How the connection is encrypted and the server's certificate checked.
    pub(crate) tls: TlsOptions,
    /// How long to wait for one address of one host; `None`: for ever.
    pub(crate) connect_timeout: Option<Duration>,
    /// Command-line options for the server process.
    pub(crate) options: Option<String>,
    /// Whether SCRAM has to be bound to the TLS connection.
    pub(crate) channel_binding: tokio_postgres::config::ChannelBinding,
    /// Which of several hosts will do.
    pub(crate) target: SessionAttrs,
    /// Whether the hosts are tried in random order.
    pub(crate) load_balance: bool,
    /// TCP keepalives; `None`: off.
    pub(crate) keepalives: Option<Keepalives>,
    /// How long data may stay unacknowledged.
    pub(crate) tcp_user_timeout: Option<Duration>,
}

/// One host to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Host {
    /// Its name, or the directory of a Unix socket.
    pub(crate) name: String,
    /// Its address, if it is not to be looked up.
    pub(crate) address: Option<IpAddr>,
    /// The port.
    pub(crate) port: u16,
}

impl Host {
    /// Whether it is reached through a Unix socket.
    pub(crate) fn is_socket(&self) -> bool {
        self.name.starts_with('/')
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name.contains(':') && !self.is_socket() {
            true => write!(f, "[{}]:{}", self.name, self.port),
            false => write!(f, "{}:{}", self.name, self.port),
        }
    }
}

/// Where a password comes from.
#[derive(Clone, Debug)]
pub(crate) enum PasswordSource {
    /// The password file, if there is one for the server.
    Passfile,
    /// It was given, and where.
    Given(SecretString, &'static str),
    /// The first line of this file.
    File(PathBuf),
    /// What this program prints.
    Command(Vec<String>),
}

/// libpq's `target_session_attrs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SessionAttrs {
    Any,
    ReadWrite,
    ReadOnly,
    Primary,
    Standby,
    PreferStandby,
}

/// When to find out that the other side is gone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keepalives {
    /// Quiet time before the first probe.
    pub(crate) idle: Duration,
    /// Time between probes.
    pub(crate) interval: Duration,
    /// Unanswered probes until the connection counts as lost.
    pub(crate) count: u32,
}

impl Server {
    /// Host, port, database and user in one line, without secrets.
    pub fn describe(&self) -> String {
        let hosts: Vec<_> = self.hosts.iter().map(Host::to_string).collect();
        format!("{}/{} as {}", hosts.join(","), self.database, self.user)
    }

    /// The database.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// The user.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Puts the sources together: what was given, then the service, then the environment, then
    /// the defaults. Also returns what deserves a warning.
    pub(crate) fn resolve(
        given: Params,
        password: Option<PasswordSource>,
        environment: &Environment,
    ) -> Result<(Self, Vec<String>), String> {
        let variables = Params::of_environment(environment);
        let service = given.get("service").or(variables.get("service")).map(str::to_owned);
        let file = given.get("servicefile").or(variables.get("servicefile")).map(str::to_owned);
        let mut all = given;
        let mut place = "in the configuration or the URL";
        if let Some(service) = service {
            if all.get("password").is_none() {
                place = "in the service file";
            }
            all = all.or(super::service::find(&service, file.as_deref(), environment)?);
        }
        if all.get("password").is_none() {
            place = "in PGPASSWORD";
        }
        let all = all.or(variables);
        let mut warnings = warnings(&all)?;

        let user = match all.get("user").or(environment.user()) {
            Some(user) => user.to_owned(),
            None => return Err("no user given, and the system has no name for this one".into()),
        };
        let password = match (password, all.get("password")) {
            (Some(source), _) => source,
            (None, Some(password)) => PasswordSource::Given(password.into(), place),
            (None, None) => PasswordSource::Passfile,
        };
        let passfile = match all.get("passfile") {
            Some(path) => Some(environment.expand(path)),
            None => environment.home().map(|home| home.join(".pgpass")),
        };
        let server = Self {
            hosts: hosts(&all)?,
            database: all.get("dbname").unwrap_or(&user).to_owned(),
            user,
            password,
            passfile,
            tls: TlsOptions::read(&all, environment, &mut warnings)?,
            connect_timeout: match all.get("connect_timeout") {
                // libpq: zero or less waits for ever.
                Some(seconds) => {
                    let seconds: i64 = number("connect_timeout", seconds)?;
                    u64::try_from(seconds).ok().filter(|s| *s > 0).map(Duration::from_secs)
                }
                None => Some(Duration::from_secs(10)),
            },
            options: all.get("options").map(str::to_owned),
            channel_binding: {
                use tokio_postgres::config::ChannelBinding::{Disable, Prefer, Require};
                let words = [("prefer", Prefer), ("disable", Disable), ("require", Require)];
                choice(&all, "channel_binding", &words)?
            },
            target: {
                use SessionAttrs::{Any, PreferStandby, Primary, ReadOnly, ReadWrite, Standby};
                let words = [
                    ("any", Any),
                    ("read-write", ReadWrite),
                    ("read-only", ReadOnly),
                    ("primary", Primary),
                    ("standby", Standby),
                    ("prefer-standby", PreferStandby),
                ];
                choice(&all, "target_session_attrs", &words)?
            },
            load_balance: choice(
                &all,
                "load_balance_hosts",
                &[("disable", false), ("random", true)],
            )?,
            keepalives: keepalives(&all)?,
            tcp_user_timeout: match all.get("tcp_user_timeout") {
                Some(ms) => Some(number("tcp_user_timeout", ms)?)
                    .filter(|ms| *ms > 0)
                    .map(Duration::from_millis),
                None => None,
            },
        };
        Ok((server, warnings))
    }
}

/// Warnings about parameters that are left alone, errors about those that must not be.
fn warnings(all: &Params) -> Result<Vec<String>, String> {
    let mut warnings = Vec::new();
    for name in all.names() {
        let value = all.get(name).unwrap_or_default();
        match (name, lookup(name).map(|p| p.used)) {
            ("gssencmode", _) => match value {
                "disable" => {}
                "require" => {
                    return Err("gssencmode=require: there is no GSSAPI here; use TLS".into());
                }
                _ => warnings.push("gssencmode is ignored: there is no GSSAPI here".into()),
            },
            ("client_encoding", _)
                if ["utf8", "utf-8", "auto"].contains(&value.to_lowercase().as_str()) => {}
            ("client_encoding", _) => {
                warnings.push("client_encoding is ignored: it is always UTF8".into());
            }
            (_, Some(Use::Ignored(why))) => warnings.push(format!("{name} is ignored: {why}")),
            (_, Some(Use::Refused(why))) => return Err(format!("{name}: {why}")),
            _ => {}
        }
    }
    Ok(warnings)
}

/// The hosts of `host`, `hostaddr` and `port`, each a list with commas.
fn hosts(all: &Params) -> Result<Vec<Host>, String> {
    let list = |name| all.get(name).map(|v| v.split(',').map(str::trim).collect::<Vec<_>>());
    let (names, addresses) = (list("host"), list("hostaddr"));
    let ports = list("port").unwrap_or_default();
    let count = names.as_ref().or(addresses.as_ref()).map_or(1, Vec::len);
    if let (Some(names), Some(addresses)) = (&names, &addresses)
        && names.len() != addresses.len()
    {
        return Err(format!("{} hosts but {} hostaddrs", names.len(), addresses.len()));
    }
    if ports.len() > 1 && ports.len() != count {
        return Err(format!("{count} hosts but {} ports", ports.len()));
    }
    let mut hosts = Vec::with_capacity(count);
    for i in 0..count {
        let address = addresses.as_ref().and_then(|a| a.get(i)).filter(|a| !a.is_empty());
        let address = match address {
            Some(a) => Some(a.parse::<IpAddr>().map_err(|_| "hostaddr is no IP address")?),
            None => None,
        };
        let port = match ports.get(i).or(ports.first()).filter(|p| !p.is_empty()) {
            Some(port) => match port.parse() {
                Ok(0) | Err(_) => return Err("port is no port number (1 to 65535)".into()),
                Ok(port) => port,
            },
            None => 5432,
        };
        let name = match names.as_ref().and_then(|n| n.get(i)).filter(|n| !n.is_empty()) {
            Some(name) if name.starts_with('@') => {
                return Err("sockets in the abstract name space are not supported".into());
            }
            Some(name) => (*name).to_owned(),
            None => address.map_or_else(|| default_host(port), |a| a.to_string()),
        };
        hosts.push(Host { name, address, port });
    }
    Ok(hosts)
}

/// The directories libpq is built to look for sockets in: Debian's, then PostgreSQL's own.
pub(crate) const SOCKET_DIRECTORIES: [&str; 2] = ["/var/run/postgresql", "/tmp"];

/// The directory with the server's socket in it, else `localhost`.
fn default_host(port: u16) -> String {
    let has_socket = |directory: &&&str| {
        std::path::Path::new(directory).join(format!(".s.PGSQL.{port}")).exists()
    };
    SOCKET_DIRECTORIES.iter().find(has_socket).map_or("localhost", |d| d).to_owned()
}

fn keepalives(all: &Params) -> Result<Option<Keepalives>, String> {
    let value = |name, default| match all.get(name) {
        Some(text) => number::<u32>(name, text).map(|n| if n == 0 { default } else { n }),
        None => Ok(default),
    };
    if let Some(text) = all.get("keepalives")
        && number::<i32>("keepalives", text)? == 0
    {
        return Ok(None);
    }
    Ok(Some(Keepalives {
        idle: Duration::from_secs(value("keepalives_idle", 30)?.into()),
        interval: Duration::from_secs(value("keepalives_interval", 10)?.into()),
        count: value("keepalives_count", 3)?,
    }))
}

fn number<T: std::str::FromStr>(name: &str, text: &str) -> Result<T, String> {
    text.trim().parse().map_err(|_| format!("{name} has to be a whole number"))
}

/// One of several words; the first is the default.
pub(crate) fn choice<T: Copy>(all: &Params, name: &str, words: &[(&str, T)]) -> Result<T, String> {
    let given = all.get(name).unwrap_or(words[0].0);
    words.iter().find(|(word, _)| *word == given).map(|(_, value)| *value).ok_or_else(|| {
        let known: Vec<_> = words.iter().map(|(w, _)| *w).collect();
        format!("{name} cannot be `{given}`; it is one of {}", known.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Config, Environment};
    use std::time::Duration;

    fn server(words: &str, variables: &[(&str, &str)]) -> Result<super::Server, String> {
        let own = [("HOME", "/home/me"), ("USER", "me")];
        let environment = Environment::of(own.iter().chain(variables).copied());
        Config::from_url_in(Some(words), &environment)
            .map(|mut config| config.connections.remove(0).server)
            .map_err(|e| e.to_string())
    }

    fn described(words: &str, variables: &[(&str, &str)]) -> String {
        server(words, variables).unwrap().describe()
    }

    #[test]
    fn what_is_not_given_comes_from_the_environment_then_defaults() {
        assert_eq!(described("host=h", &[]), "h:5432/me as me");
        assert_eq!(described("host=h user=u", &[]), "h:5432/u as u");
        let variables = [("PGHOST", "e"), ("PGPORT", "6"), ("PGUSER", "v"), ("PGDATABASE", "d")];
        assert_eq!(described("", &variables), "e:6/d as v");
        assert_eq!(described("host=h dbname=x", &variables), "h:6/x as v");
        assert_eq!(described("", &[("PGHOSTADDR", "::1")]), "[::1]:5432/me as me");
        assert!(server("host=h", &[("PGSSLMODE", "verify")]).is_err());
    }

    #[test]
    fn hosts_ports_and_addresses_go_together() {
        assert_eq!(described("host=a,b port=1", &[]), "a:1,b:1/me as me");
        assert_eq!(described("host=a,b port=1,2", &[]), "a:1,b:2/me as me");
        assert_eq!(described("host=/run/pg port=7", &[]), "/run/pg:7/me as me");
        for words in [
            "host=a,b port=1,2,3",
            "host=a,b hostaddr=127.0.0.1",
            "host=a hostaddr=a",
            "host=a port=0",
            "host=a port=x",
            "host=@abstract",
        ] {
            assert!(server(words, &[]).is_err(), "{words}");
        }
    }

    #[test]
    fn parameters_have_libpqs_meaning_and_defaults() {
        let plain = server("host=h", &[]).unwrap();
        assert_eq!(plain.connect_timeout, Some(Duration::from_secs(10)));
        assert!(plain.keepalives.is_some());
        assert_eq!(server("host=h connect_timeout=0", &[]).unwrap().connect_timeout, None);
        assert_eq!(server("host=h connect_timeout=-1", &[]).unwrap().connect_timeout, None);
        assert!(server("host=h keepalives=0", &[]).unwrap().keepalives.is_none());
        for words in [
            "gssencmode=require",
            "require_auth=password",
            "sslrootcert=system sslmode=require",
            "sslmode=verify_full",
            "ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2",
            "target_session_attrs=master",
            "connect_timeout=soon",
        ] {
            assert!(server(&format!("host=h {words}"), &[]).is_err(), "{words}");
        }
    }

    #[test]
    fn what_has_no_meaning_here_is_a_warning() {
        let words = "host=h krbsrvname=x client_encoding=LATIN1 sslmode=prefer sslrootcert=/x";
        let config = Config::from_url_in(Some(words), &Environment::of([("USER", "me")])).unwrap();
        let warnings = config.warnings.join("; ");
        for name in ["krbsrvname is ignored", "client_encoding is ignored", "sslrootcert has no"] {
            assert!(warnings.contains(name), "{warnings}");
        }
        let quiet = Config::from_url_in(
            Some("host=h client_encoding=UTF8 gssencmode=disable"),
            &Environment::of([("USER", "me")]),
        );
        assert!(quiet.unwrap().warnings.is_empty());
    }
}
