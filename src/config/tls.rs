//! What the `ssl…` parameters say, before any file is read.

use super::Environment;
use super::params::Params;
use super::server::choice;
use std::path::PathBuf;

/// libpq's `sslmode`, without `allow`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SslMode {
    Disable,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// The authorities a server's certificate may come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Roots {
    /// Those the operating system trusts.
    System,
    /// Those in this file, which was asked for.
    Given(PathBuf),
    /// Those in this file, if it exists.
    Default(PathBuf),
    /// None: no home directory to find them in.
    None,
}

/// A protocol version repackd can speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TlsVersion {
    Tls12,
    Tls13,
}

/// How a connection is to be encrypted and what is checked. Files are read at each connection.
#[derive(Clone, Debug)]
pub(crate) struct TlsOptions {
    /// How much is asked of the server.
    pub(crate) mode: SslMode,
    /// Trusted authorities.
    pub(crate) roots: Roots,
    /// The file of the client certificate, and whether it was asked for.
    pub(crate) certificate: Option<(PathBuf, bool)>,
    /// The file of its key.
    pub(crate) key: Option<PathBuf>,
    /// The file of revoked certificates, and whether it was asked for.
    pub(crate) crl: Option<(PathBuf, bool)>,
    /// A directory of such files.
    pub(crate) crl_directory: Option<PathBuf>,
    /// Whether the server is told the host name (SNI).
    pub(crate) sni: bool,
    /// Whether TLS starts at once, without asking the server first (PostgreSQL 17).
    pub(crate) direct: bool,
    /// The lowest and the highest protocol version.
    pub(crate) versions: (TlsVersion, TlsVersion),
}

impl TlsOptions {
    /// Reads the `ssl…` parameters.
    pub(crate) fn read(
        all: &Params,
        environment: &Environment,
        warnings: &mut Vec<String>,
    ) -> Result<Self, String> {
        let path = |name| all.get(name).map(|p| environment.expand(p));
        let home = |name: &str| environment.home().map(|h| h.join(".postgresql").join(name));
        let with_default = |name, file| match path(name) {
            Some(path) => Some((path, true)),
            None => home(file).map(|path| (path, false)),
        };
        let roots = match all.get("sslrootcert") {
            Some("system") => Roots::System,
            Some(path) => Roots::Given(environment.expand(path)),
            None => home("root.crt").map_or(Roots::None, Roots::Default),
        };
        let mode = mode(all, &roots, warnings)?;
        if all.get("sslpassword").is_some() {
            warnings.push(
                "sslpassword is ignored: encrypted keys are not supported, and a key that is \
                 not encrypted needs no password"
                    .into(),
            );
        }
        // 0: do not offer it; 1: offer it if there is one; 2: there has to be one.
        let offer = choice(all, "sslcertmode", &[("allow", 1), ("disable", 0), ("require", 2)])?;
        let certificate = match with_default("sslcert", "postgresql.crt") {
            _ if offer == 0 => None,
            Some((path, given)) => Some((path, given || offer == 2)),
            None => None,
        };
        let direct = choice(all, "sslnegotiation", &[("postgres", false), ("direct", true)])?;
        if direct && mode < SslMode::Require {
            return Err("sslnegotiation=direct needs sslmode=require or stronger".into());
        }
        Ok(Self {
            mode,
            roots,
            certificate,
            key: path("sslkey").or_else(|| home("postgresql.key")),
            crl: with_default("sslcrl", "root.crl"),
            crl_directory: path("sslcrldir"),
            sni: choice(all, "sslsni", &[("1", true), ("0", false)])?,
            direct,
            versions: versions(all)?,
        })
    }
}

/// `sslmode`, and libpq's rules for it together with `sslrootcert`.
fn mode(all: &Params, roots: &Roots, warnings: &mut Vec<String>) -> Result<SslMode, String> {
    use SslMode::{Disable, Prefer, Require, VerifyCa, VerifyFull};
    let words = [
        ("prefer", Prefer),
        ("disable", Disable),
        ("allow", Prefer),
        ("require", Require),
        ("verify-ca", VerifyCa),
        ("verify-full", VerifyFull),
    ];
    let mode = choice(all, "sslmode", &words)?;
    if all.get("sslmode") == Some("allow") {
        warnings.push("sslmode=allow is treated as prefer: TLS is tried first".into());
    }
    match roots {
        Roots::System if all.get("sslmode").is_none() => return Ok(VerifyFull),
        Roots::System if mode != VerifyFull => {
            return Err("sslrootcert=system needs sslmode=verify-full: a weaker one would accept \
                        any certificate that anybody can get"
                .into());
        }
        Roots::Given(_) if mode == Prefer => warnings.push(
            "sslrootcert has no effect with sslmode=prefer, which checks nothing; \
             set sslmode=verify-full"
                .into(),
        ),
        _ => {}
    }
    Ok(mode)
}

fn versions(all: &Params) -> Result<(TlsVersion, TlsVersion), String> {
    use TlsVersion::{Tls12, Tls13};
    let lowest = [("TLSv1.2", Tls12), ("TLSv1", Tls12), ("TLSv1.1", Tls12), ("TLSv1.3", Tls13)];
    let highest = [("TLSv1.3", Tls13), ("TLSv1.2", Tls12)];
    let lowest = choice(all, "ssl_min_protocol_version", &lowest)?;
    let highest = choice(all, "ssl_max_protocol_version", &highest)?;
    if lowest > highest {
        return Err("ssl_min_protocol_version is above ssl_max_protocol_version".into());
    }
    Ok((lowest, highest))
}
