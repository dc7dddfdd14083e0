//! The connection parameters of libpq: which there are, which of them repackd reads, and a set of
//! them as one source (URL, service file, environment, configuration file) gives them.

use crate::error::did_you_mean;
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;

/// What repackd does with a parameter.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// It is read.
    Read,
    /// It is known and left alone, for this reason.
    Ignored(&'static str),
    /// It promises something repackd cannot keep, so it must not be left alone.
    Refused(&'static str),
}

/// One connection parameter.
pub(crate) struct Parameter {
    /// Its key word.
    pub(crate) name: &'static str,
    /// The environment variable that sets it.
    pub(crate) variable: Option<&'static str>,
    /// What becomes of it.
    pub(crate) used: Use,
}

const fn read(name: &'static str, variable: Option<&'static str>) -> Parameter {
    Parameter { name, variable, used: Use::Read }
}

const fn ignored(name: &'static str, why: &'static str) -> Parameter {
    Parameter { name, variable: None, used: Use::Ignored(why) }
}

/// Every parameter of libpq up to version 18.
pub(crate) const PARAMETERS: &[Parameter] = &[
    read("host", Some("PGHOST")),
    read("hostaddr", Some("PGHOSTADDR")),
    read("port", Some("PGPORT")),
    read("dbname", Some("PGDATABASE")),
    read("user", Some("PGUSER")),
    read("password", Some("PGPASSWORD")),
    read("passfile", Some("PGPASSFILE")),
    read("service", Some("PGSERVICE")),
    read("servicefile", Some("PGSERVICEFILE")),
    read("connect_timeout", Some("PGCONNECT_TIMEOUT")),
    read("options", Some("PGOPTIONS")),
    read("target_session_attrs", Some("PGTARGETSESSIONATTRS")),
    read("load_balance_hosts", Some("PGLOADBALANCEHOSTS")),
    read("channel_binding", Some("PGCHANNELBINDING")),
    read("sslmode", Some("PGSSLMODE")),
    read("sslnegotiation", Some("PGSSLNEGOTIATION")),
    read("sslrootcert", Some("PGSSLROOTCERT")),
    read("sslcert", Some("PGSSLCERT")),
    read("sslkey", Some("PGSSLKEY")),
    read("sslpassword", None),
    read("sslcertmode", Some("PGSSLCERTMODE")),
    read("sslcrl", Some("PGSSLCRL")),
    read("sslcrldir", Some("PGSSLCRLDIR")),
    read("sslsni", Some("PGSSLSNI")),
    read("ssl_min_protocol_version", Some("PGSSLMINPROTOCOLVERSION")),
    read("ssl_max_protocol_version", Some("PGSSLMAXPROTOCOLVERSION")),
    read("keepalives", None),
    read("keepalives_idle", None),
    read("keepalives_interval", None),
    read("keepalives_count", None),
    read("tcp_user_timeout", None),
    read("gssencmode", Some("PGGSSENCMODE")),
    read("client_encoding", None),
    Parameter {
        name: "require_auth",
        variable: Some("PGREQUIREAUTH"),
        used: Use::Refused(
            "repackd cannot hold the server to an authentication method; \
             channel_binding=require with sslmode=verify-full is the safer check",
        ),
    },
    ignored("application_name", "repackd sets its own, which says what it is doing"),
    ignored("fallback_application_name", "repackd sets its own application_name"),
    ignored("krbsrvname", "there is no GSSAPI here"),
    ignored("gsslib", "there is no GSSAPI here"),
    ignored("gssdelegation", "there is no GSSAPI here"),
    ignored("requirepeer", "the owner of the server behind a Unix socket is not checked"),
    ignored("requiressl", "sslmode replaced it"),
    ignored("sslcompression", "there is no TLS compression any more"),
    ignored("replication", "repackd opens ordinary sessions"),
    ignored("min_protocol_version", "protocol 3.0 is all that repackd speaks"),
    ignored("max_protocol_version", "protocol 3.0 is all that repackd speaks"),
    ignored("sslkeylogfile", "keys of TLS sessions are not written to a file"),
    ignored("scram_client_key", "there is no SCRAM pass-through"),
    ignored("scram_server_key", "there is no SCRAM pass-through"),
    ignored("oauth_issuer", "there is no OAuth; password_command can fetch a token"),
    ignored("oauth_client_id", "there is no OAuth; password_command can fetch a token"),
    ignored("oauth_client_secret", "there is no OAuth; password_command can fetch a token"),
    ignored("oauth_scope", "there is no OAuth; password_command can fetch a token"),
    ignored("authtype", "it has had no meaning for long"),
    ignored("tty", "it has had no meaning for long"),
];

/// The parameter of that name. `database` is what repcloud called `dbname`.
pub(crate) fn lookup(name: &str) -> Option<&'static Parameter> {
    let name = if name == "database" { "dbname" } else { name };
    PARAMETERS.iter().find(|p| p.name == name)
}

/// Parameters from one source. All values are kept as secrets, so that `Debug` shows none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params(BTreeMap<&'static str, SecretString>);

impl Params {
    /// Sets a parameter by the name a person gave. An empty value counts as none.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let Some(parameter) = lookup(name) else {
            let hint = did_you_mean(name, PARAMETERS.iter().map(|p| p.name));
            return Err(format!("unknown connection parameter `{name}`{hint}"));
        };
        if value.contains('\0') {
            return Err(format!("the value of {name} contains a zero byte"));
        }
        if !value.is_empty() {
            self.0.insert(parameter.name, value.into());
        }
        Ok(())
    }

    /// The value of a parameter, if it was given.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(ExposeSecret::expose_secret)
    }

    /// The names of the parameters given.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }

    /// Adds what a source of lower precedence gives and this one does not.
    pub(crate) fn or(mut self, lower: Self) -> Self {
        for (name, value) in lower.0 {
            self.0.entry(name).or_insert(value);
        }
        self
    }

    /// What the environment variables of libpq say.
    pub(crate) fn of_environment(environment: &super::Environment) -> Self {
        let given = PARAMETERS.iter().filter_map(|p| {
            let value = environment.var(p.variable?)?;
            Some((p.name, SecretString::from(value)))
        });
        Self(given.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_parameter_names_the_nearest() {
        let error = Params::default().set("sslrootcrt", "x").unwrap_err();
        assert_eq!(error, "unknown connection parameter `sslrootcrt`; did you mean `sslrootcert`?");
    }

    #[test]
    fn debug_shows_no_values() {
        let mut params = Params::default();
        params.set("password", "hunter2").unwrap();
        assert!(!format!("{params:?}").contains("hunter2"));
    }
}
