//! TLS as libpq's `ssl…` parameters describe it, made with rustls.
//!
//! Files are read for each connection, so that renewed certificates count from the next one on.

use super::verifier::Verifier;
use crate::config::{Roots, SslMode, TlsOptions, TlsVersion};
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use tokio_postgres_rustls::MakeRustlsConnect;

/// What to encrypt with, and how the connection is checked after all files were looked at.
pub(super) struct Tls {
    /// Makes the encrypted streams.
    pub(super) connector: MakeRustlsConnect,
    /// The file (or "the system's…") that authorities come from, for messages.
    pub(super) roots: String,
}

/// Prepares TLS; where it is not going to be used, without reading any file.
pub(super) fn prepare(options: &TlsOptions, used: bool) -> Result<Tls, String> {
    let mode = if used { options.mode } else { SslMode::Disable };
    let options = &TlsOptions { mode, ..options.clone() };
    // Explicitly, so that nothing depends on which provider the process has as its default.
    let provider = Arc::new(ring::default_provider());
    let (verifier, roots) = verifier(options, &provider)?;
    let versions = match options.versions {
        (TlsVersion::Tls12, TlsVersion::Tls12) => &[&rustls::version::TLS12][..],
        (TlsVersion::Tls13, _) => &[&rustls::version::TLS13],
        (TlsVersion::Tls12, TlsVersion::Tls13) => {
            &[&rustls::version::TLS13, &rustls::version::TLS12]
        }
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .map_err(|e| format!("TLS: {e}"))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match client_certificate(options)? {
        Some((chain, key)) => builder
            .with_client_auth_cert(chain, key)
            .map_err(|e| format!("sslcert and sslkey do not go together: {e}"))?,
        None => builder.with_no_client_auth(),
    };
    config.enable_sni = options.sni;
    if options.direct {
        config.alpn_protocols = vec![b"postgresql".to_vec()];
    }
    Ok(Tls { connector: MakeRustlsConnect::new(config), roots })
}

/// What checks the server's certificate, and where trust comes from.
fn verifier(
    options: &TlsOptions,
    provider: &Arc<CryptoProvider>,
) -> Result<(Verifier, String), String> {
    let any = || Ok((Verifier::accepting_any(Arc::clone(provider)), String::new()));
    if options.mode <= SslMode::Prefer {
        return any();
    }
    let (certificates, origin) = match &options.roots {
        Roots::System => (system_roots()?, "the authorities this system trusts".to_owned()),
        Roots::Given(path) if path.exists() => (certificates(path)?, path.display().to_string()),
        // As libpq: with a file of authorities, require is verify-ca.
        Roots::Default(path) if path.exists() => (certificates(path)?, path.display().to_string()),
        // Unlike libpq also for require: the file was asked for, so it is meant to count.
        Roots::Given(path) => {
            return Err(format!("root certificate file {} does not exist", path.display()));
        }
        Roots::Default(_) | Roots::None if options.mode == SslMode::Require => return any(),
        Roots::Default(path) => {
            return Err(format!(
                "root certificate file {} does not exist; provide the file, use the system's \
                 trusted roots with sslrootcert=system, or change sslmode to disable the check \
                 of the server's certificate",
                path.display()
            ));
        }
        Roots::None => {
            return Err("there is no home directory to find root.crt in; set sslrootcert".into());
        }
    };
    let mut store = RootCertStore::empty();
    let (added, _) = store.add_parsable_certificates(certificates.iter().cloned());
    if added == 0 {
        return Err(format!("{origin}: holds no certificate that can be used"));
    }
    let mut builder =
        WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider));
    let revoked = revocation_lists(options)?;
    let checks_revocation = !revoked.is_empty();
    if checks_revocation {
        // As OpenSSL: every certificate of the chain needs a list, and one that is current.
        builder = builder.with_crls(revoked).enforce_revocation_expiration();
    }
    let chain = builder.build().map_err(|e| format!("sslcrl: {e}"))?;
    // With lists, a certificate is not trusted for being in the file: it could be on a list.
    let trusted = if checks_revocation { Vec::new() } else { certificates };
    Ok((Verifier::checking(options.mode, chain, trusted, Arc::clone(provider)), origin))
}

/// The authorities the operating system trusts.
fn system_roots() -> Result<Vec<CertificateDer<'static>>, String> {
    let found = rustls_native_certs::load_native_certs();
    match (found.certs.is_empty(), found.errors.first()) {
        (false, _) => Ok(found.certs),
        (true, Some(error)) => Err(format!("sslrootcert=system: {error}")),
        (true, None) => Err("sslrootcert=system: this system trusts no authority".into()),
    }
}

/// The certificates of a PEM file.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(found) if found.is_empty() => Err(format!("{}: holds no certificate", path.display())),
        Ok(found) => Ok(found),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

/// The lists of revoked certificates in `sslcrl` and `sslcrldir`.
fn revocation_lists(
    options: &TlsOptions,
) -> Result<Vec<CertificateRevocationListDer<'static>>, String> {
    let mut files = Vec::new();
    match &options.crl {
        Some((path, given)) if *given || path.exists() => files.push(path.clone()),
        _ => {}
    }
    if let Some(directory) = &options.crl_directory {
        let entries = std::fs::read_dir(directory)
            .map_err(|e| format!("sslcrldir {}: {e}", directory.display()))?;
        files.extend(entries.flatten().map(|e| e.path()).filter(|p| p.is_file()));
    }
    let mut lists = Vec::new();
    for file in files {
        let read = CertificateRevocationListDer::pem_file_iter(&file)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|e| format!("{}: {e}", file.display()))?;
        if read.is_empty() {
            return Err(format!("{}: holds no revocation list", file.display()));
        }
        lists.extend(read);
    }
    Ok(lists)
}

/// The client's certificate and its key, if there is one.
fn client_certificate(
    options: &TlsOptions,
) -> Result<Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>, String> {
    let Some((path, given)) = &options.certificate else { return Ok(None) };
    if options.mode == SslMode::Disable || (!given && !path.exists()) {
        return Ok(None);
    }
    let chain = certificates(path).map_err(|e| format!("client certificate: {e}"))?;
    let Some(key) = &options.key else {
        return Err(format!("client certificate {}: there is no key; set sslkey", path.display()));
    };
    let shown = key.display();
    let metadata = std::fs::metadata(key).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            format!("certificate {} present, but not its key file {shown}", path.display())
        }
        _ => format!("{shown}: {error}"),
    })?;
    // libpq's rule. A key of root's may be readable by a group, such as Debian's ssl-cert.
    let excess = if metadata.uid() == 0 { 0o037 } else { 0o077 };
    if metadata.mode() & excess != 0 {
        return Err(format!(
            "key file {shown} can be read by others; it has to be 0600, or 0640 if it is root's"
        ));
    }
    let text = std::fs::read(key).map_err(|e| format!("{shown}: {e}"))?;
    let says = |what: &[u8]| text.windows(what.len()).any(|w| w == what);
    if says(b"BEGIN ENCRYPTED PRIVATE KEY") || says(b"Proc-Type: 4,ENCRYPTED") {
        return Err(format!(
            "key file {shown} is encrypted, which is not supported; \
             decrypt it (openssl pkey -in … -out …) and protect it by its mode"
        ));
    }
    let key = PrivateKeyDer::from_pem_slice(&text)
        .map_err(|_| format!("key file {shown} holds no private key in PEM format"))?;
    Ok(Some((chain, key)))
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::ServerName;

    #[test]
    fn names_of_hosts_as_people_give_them_are_accepted() {
        for name in ["db", "my_db", "db.example.", "DB-1.example", "10.0.0.1", "::1"] {
            assert!(ServerName::try_from(name).is_ok(), "{name}");
        }
    }
}
