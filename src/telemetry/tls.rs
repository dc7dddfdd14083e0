//! TLS towards a collector over HTTP.

use crate::tls;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

/// What to trust (PEM; `None`: what this system trusts) and, if asked for, whom to be: certificate and
/// key in PEM. Where it is not `used`, since the collector is reached without TLS, nothing is trusted:
/// to read what this system trusts takes longer than all that a short run has to send.
pub fn config(
    authorities: Option<Vec<u8>>,
    client: Option<(Vec<u8>, Vec<u8>)>,
    used: bool,
) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    let found = match &authorities {
        Some(pem) => certificates(pem, "OTEL_EXPORTER_OTLP_CERTIFICATE")?,
        None if used => rustls_native_certs::load_native_certs().certs,
        None => Vec::new(),
    };
    roots.add_parsable_certificates(found);
    let builder = tls::trusting(roots)?;
    match client {
        None => Ok(builder.with_no_client_auth()),
        Some((certificate, key)) => {
            let chain = certificates(&certificate, "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE")?;
            let key = PrivateKeyDer::from_pem_slice(&key)
                .map_err(|_| "OTEL_EXPORTER_OTLP_CLIENT_KEY: no private key in PEM in there")?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|e| format!("the client's certificate and key do not go together: {e}"))
        }
    }
}

fn certificates(pem: &[u8], name: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match read {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(format!("{name}: no certificate in PEM in there")),
    }
}
