//! What went wrong while connecting, in words that say what to do.

use super::attempt::Failure;
use super::password::Password;
use crate::config::{Host, Server};
use rustls::{AlertDescription, CertificateError};
use std::error::Error as _;
use tokio_postgres::Error;

/// What an error happened to.
pub(super) struct Context<'a> {
    pub(super) server: &'a Server,
    pub(super) host: &'a Host,
    pub(super) password: &'a Password,
    pub(super) roots: &'a str,
}

impl Context<'_> {
    /// The failure for an error: whether another host could do better.
    pub(super) fn failure(&self, error: &Error, reason: String) -> Failure {
        // As libpq: once a server has answered, others are not asked, unless it was not ready.
        match error.code().map(|c| c.code()) {
            Some("57P03" | "53300") => Failure::Next(reason),
            Some(_) => Failure::Final(reason),
            None if password_missing(error) => Failure::Final(reason),
            None => Failure::Next(reason),
        }
    }

    /// What happened and what to do about it.
    pub(super) fn reason(&self, error: &Error) -> String {
        if let Some(db) = error.as_db_error() {
            return self.refusal(db);
        }
        if let Some(tls) = find::<rustls::Error>(error) {
            return self.tls(tls);
        }
        let text = chain(error);
        if password_missing(error) {
            return format!(
                "the server asks for a password for user {}: {}",
                self.server.user, self.password.origin
            );
        }
        if text.contains("server does not support TLS") {
            return "the server does not offer TLS, which sslmode asks for".into();
        }
        if text.contains("server did not use channel binding") {
            return "the server did not use channel binding, which channel_binding=require asks for"
                .into();
        }
        if let Some(io) = find::<std::io::Error>(error)
            && self.host.is_socket()
            && io.kind() == std::io::ErrorKind::NotFound
        {
            return format!(
                "there is no socket {}/.s.PGSQL.{}; is a server running there?",
                self.host.name, self.host.port
            );
        }
        text
    }

    /// What the server said, and what it means here.
    fn refusal(&self, db: &tokio_postgres::error::DbError) -> String {
        let said = format!("{} (SQLSTATE {})", db.message(), db.code().code());
        match db.code().code() {
            "28P01" => format!("{said}; the password was {}", self.password.origin),
            "3D000" => format!("{said}; \\l in psql lists the databases there are"),
            "53300" => {
                format!("{said}; max_connections of the server, or a limit of the role or database")
            }
            _ => said,
        }
    }

    /// What is wrong with the TLS connection.
    fn tls(&self, error: &rustls::Error) -> String {
        let host = &self.host.name;
        let roots = self.roots;
        let certificate = match error {
            rustls::Error::InvalidCertificate(certificate) => certificate,
            rustls::Error::AlertReceived(alert) => return alert_received(*alert),
            rustls::Error::NoCertificatesPresented => {
                return "TLS: the server showed no certificate".into();
            }
            other => return format!("TLS: {other}"),
        };
        match certificate {
            CertificateError::NotValidForName => {
                format!("TLS: the server's certificate is not for {host}; {NAME_HINT}")
            }
            CertificateError::NotValidForNameContext { presented, .. } => {
                let names = match presented.as_slice() {
                    [] => "names no host".to_owned(),
                    names => format!("is for {}", names.join(", ")),
                };
                format!("TLS: the server's certificate {names}, not for {host}; {NAME_HINT}")
            }
            CertificateError::UnknownIssuer => format!(
                "TLS: the server's certificate is not trusted: none of the authorities in {roots} \
                 issued it; if it is the right server, put its authority's certificate there or \
                 name another file in sslrootcert"
            ),
            CertificateError::BadSignature => format!(
                "TLS: the server's certificate is not trusted: an authority of the same name as \
                 one in {roots}, but with another key, issued it; has the authority been replaced?"
            ),
            CertificateError::Revoked => {
                "TLS: the server's certificate, or that of its authority, has been revoked \
                 (sslcrl, sslcrldir)"
                    .into()
            }
            CertificateError::UnknownRevocationStatus => {
                "TLS: sslcrl and sslcrldir hold no revocation list of an authority of the \
                 server's certificate"
                    .into()
            }
            CertificateError::ExpiredRevocationList
            | CertificateError::ExpiredRevocationListContext { .. } => {
                "TLS: a revocation list in sslcrl or sslcrldir is out of date".into()
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "TLS: the server's certificate has expired".into()
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "TLS: the server's certificate is not valid yet; is the clock right?".into()
            }
            other => {
                let text = format!("{other:?}");
                let what = match () {
                    () if text.contains("UnsupportedCertVersion") => {
                        "it is of X.509 version 1; it has to be issued anew with a subjectAltName"
                            .to_owned()
                    }
                    () if text.contains("CaUsedAsEndEntity") => format!(
                        "it is that of an authority, and not one of those in {roots}, so it may                          not be a server's"
                    ),
                    () => other.to_string(),
                };
                format!("TLS: the server's certificate cannot be accepted: {what}")
            }
        }
    }
}

const NAME_HINT: &str =
    "connect by a name it is for, or leave out this check with sslmode=verify-ca";

/// What the server meant by ending the TLS connection.
fn alert_received(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::UnknownCA
        | AlertDescription::BadCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::DecryptError
        | AlertDescription::UnsupportedCertificate => {
            "TLS: the server does not accept our client certificate (sslcert)".into()
        }
        AlertDescription::CertificateExpired => "TLS: our client certificate has expired".into(),
        AlertDescription::CertificateRevoked => {
            "TLS: our client certificate has been revoked".into()
        }
        AlertDescription::CertificateRequired => {
            "TLS: the server asks for a client certificate; set sslcert and sslkey".into()
        }
        AlertDescription::ProtocolVersion => "TLS: the server speaks no common version".into(),
        other => format!("TLS: the server ended the handshake ({other:?})"),
    }
}

/// Whether an attempt without TLS could fare better.
pub(super) fn tls_may_be_the_cause(error: &Error) -> bool {
    match error.code() {
        // invalid_authorization_specification: pg_hba.conf has no line for TLS.
        Some(code) => code.code() == "28000",
        None => find::<rustls::Error>(error).is_some() || chain(error).contains("TLS"),
    }
}

/// Whether the server asked for a password and there was none.
fn password_missing(error: &Error) -> bool {
    error.source().is_some_and(|s| s.to_string() == "password missing")
}

/// Finds the cause of a kind, also inside of I/O errors.
fn find<T: std::error::Error + 'static>(error: &Error) -> Option<&T> {
    let mut next = error.source();
    while let Some(cause) = next {
        if let Some(found) = cause.downcast_ref::<T>() {
            return Some(found);
        }
        next = match cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => cause.source(),
        };
    }
    None
}

/// An error with its causes in one line.
pub(super) fn chain(error: &Error) -> String {
    if let Some(db) = error.as_db_error() {
        return format!("{} (SQLSTATE {})", db.message(), db.code().code());
    }
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
