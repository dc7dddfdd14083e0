//! Checking a server's certificate as libpq does: not at all, against the authorities only, or
//! against the host name too.

use crate::config::SslMode;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};
use std::sync::Arc;
use x509_cert::Certificate;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::{Decode, Encode};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

/// Accepts the certificates that `sslmode` accepts. Signatures of the handshake are always
/// checked: whoever answers holds the key of the certificate shown.
#[derive(Debug)]
pub(super) struct Verifier {
    mode: SslMode,
    /// Checks the chain of issuers; `None` where nothing is checked.
    chain: Option<Arc<WebPkiServerVerifier>>,
    /// The trusted certificates themselves: a server may show one of them as its own.
    trusted: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    /// Accepts any certificate.
    pub(super) fn accepting_any(provider: Arc<CryptoProvider>) -> Self {
        Self { mode: SslMode::Require, chain: None, trusted: Vec::new(), provider }
    }

    /// Accepts what `chain` accepts, and `trusted` themselves.
    pub(super) fn checking(
        mode: SslMode,
        chain: Arc<WebPkiServerVerifier>,
        trusted: Vec<CertificateDer<'static>>,
        provider: Arc<CryptoProvider>,
    ) -> Self {
        Self { mode, chain: Some(chain), trusted, provider }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(chain) = &self.chain else { return Ok(ServerCertVerified::assertion()) };
        let found =
            chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        let name_error = match found {
            Ok(verified) => return Ok(verified),
            // The name is the last thing looked at, so all else is right.
            Err(Error::InvalidCertificate(
                error @ (CertificateError::NotValidForName
                | CertificateError::NotValidForNameContext { .. }),
            )) => Error::InvalidCertificate(error),
            // A self-signed certificate that is in the file of trusted ones: OpenSSL takes it.
            Err(_) if self.trusted.iter().any(|t| t.as_ref() == end_entity.as_ref()) => {
                check_dates(end_entity, now)?;
                let parsed = ParsedCertificate::try_from(end_entity);
                match parsed.and_then(|parsed| verify_server_name(&parsed, server_name)) {
                    Ok(()) => return Ok(ServerCertVerified::assertion()),
                    Err(error) => error,
                }
            }
            Err(error) => return Err(error),
        };
        if self.mode != SslMode::VerifyFull || common_name_fits(end_entity, server_name) {
            return Ok(ServerCertVerified::assertion());
        }
        Err(name_error)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        let found = rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms);
        match (found, public_key(cert)) {
            // A certificate that rustls cannot read, such as one of X.509 version 1: its key will
            // do, and whether it is trusted is not decided here.
            (Err(Error::InvalidCertificate(_)), Some(key)) => {
                rustls::crypto::verify_tls13_signature_with_raw_key(message, &key, dss, algorithms)
            }
            (found, _) => found,
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// The public key of a certificate.
fn public_key(certificate: &CertificateDer<'_>) -> Option<SubjectPublicKeyInfoDer<'static>> {
    let parsed = Certificate::from_der(certificate).ok()?;
    Some(parsed.tbs_certificate.subject_public_key_info.to_der().ok()?.into())
}

/// Checks that a certificate is neither expired nor of the future.
fn check_dates(certificate: &CertificateDer<'_>, now: UnixTime) -> Result<(), Error> {
    let parsed = Certificate::from_der(certificate)
        .map_err(|_| Error::InvalidCertificate(CertificateError::BadEncoding))?;
    let validity = parsed.tbs_certificate.validity;
    if now.as_secs() > validity.not_after.to_unix_duration().as_secs() {
        return Err(Error::InvalidCertificate(CertificateError::Expired));
    }
    if now.as_secs() < validity.not_before.to_unix_duration().as_secs() {
        return Err(Error::InvalidCertificate(CertificateError::NotValidYet));
    }
    Ok(())
}

/// The attribute type commonName.
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// Whether the host is the common name of a certificate that has no alternative names: what
/// certificates made by the PostgreSQL manual look like, and what libpq accepts.
fn common_name_fits(certificate: &CertificateDer<'_>, host: &ServerName<'_>) -> bool {
    let Ok(parsed) = Certificate::from_der(certificate) else { return false };
    let tbs = parsed.tbs_certificate;
    match tbs.get::<SubjectAltName>() {
        Ok(None) => {}
        Ok(Some((_, names))) => {
            let names_a_host =
                |n: &GeneralName| matches!(n, GeneralName::DnsName(_) | GeneralName::IpAddress(_));
            if names.0.iter().any(names_a_host) {
                return false;
            }
        }
        Err(_) => return false,
    }
    let attributes = tbs.subject.0.iter().flat_map(|rdn| rdn.0.iter());
    let names: Vec<_> = attributes.filter(|a| a.oid == COMMON_NAME).collect();
    // libpq takes the last one, which is the most specific.
    let name = names.last().and_then(|a| std::str::from_utf8(a.value.value()).ok());
    name.is_some_and(|name| pattern_fits(name, &host.to_str()))
}

/// Whether a name, whose first label may be `*`, is that of a host.
fn pattern_fits(pattern: &str, host: &str) -> bool {
    if pattern.eq_ignore_ascii_case(host) {
        return true;
    }
    let (Some(domain), Some((label, rest))) = (pattern.strip_prefix("*."), host.split_once('.'))
    else {
        return false;
    };
    !label.is_empty() && domain.contains('.') && domain.eq_ignore_ascii_case(rest)
}

#[cfg(test)]
mod tests {
    use super::pattern_fits;

    #[test]
    fn a_star_stands_for_one_label() {
        assert!(pattern_fits("DB.example", "db.example"));
        assert!(pattern_fits("*.example.org", "db.example.org"));
        for (pattern, host) in [
            ("*.example.org", "a.db.example.org"),
            ("*.example.org", "example.org"),
            ("*.org", "example.org"),
            ("*", "db"),
            ("*.2.3.4", "1.2.3.5"),
        ] {
            assert!(!pattern_fits(pattern, host), "{pattern} {host}");
        }
    }
}
