//! Whom to trust: the public web's certificate authorities, and those that the caller names.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// Why TLS could not be set up.
#[derive(Debug)]
pub enum TrustError {
    /// The file cannot be read or holds no certificate.
    File(rustls::pki_types::pem::Error),
    /// A certificate cannot be used, or TLS is not available.
    Tls(rustls::Error),
}

impl fmt::Display for TrustError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => error.fmt(f),
            Self::Tls(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for TrustError {}

/// Trusts the certificates of a PEM file besides the public web's.
pub fn trust_pem_file(path: &Path) -> Result<Arc<ClientConfig>, TrustError> {
    let mut roots = public_roots();
    for certificate in CertificateDer::pem_file_iter(path).map_err(TrustError::File)? {
        let certificate = certificate.map_err(TrustError::File)?;
        roots.add(certificate).map_err(TrustError::Tls)?;
    }
    config(roots).map_err(TrustError::Tls)
}

/// Trusts the public web.
pub(crate) fn public_web() -> Result<Arc<ClientConfig>, rustls::Error> {
    config(public_roots())
}

fn public_roots() -> RootCertStore {
    RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }
}

fn config(roots: RootCertStore) -> Result<Arc<ClientConfig>, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}
