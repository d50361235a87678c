//! TLS from PEM files. It must not choose weaker protocols than TLS 1.2.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Where the certificate and its key are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate chain in PEM, the server's own first.
    pub certificate: PathBuf,
    /// The private key in PEM.
    pub key: PathBuf,
}

/// Why TLS could not be set up.
#[derive(Debug)]
pub enum TlsError {
    /// The certificate file cannot be read or holds no certificate.
    Certificate(PathBuf, rustls::pki_types::pem::Error),
    /// The key file cannot be read or holds no key.
    Key(PathBuf, rustls::pki_types::pem::Error),
    /// The two do not go together, or the key is of a kind that is not supported.
    Pair(rustls::Error),
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate(path, e) => write!(f, "certificate {}: {e}", path.display()),
            Self::Key(path, e) => write!(f, "key {}: {e}", path.display()),
            Self::Pair(e) => write!(f, "certificate and key: {e}"),
        }
    }
}

impl std::error::Error for TlsError {}

impl TlsFiles {
    /// Reads the files.
    pub fn load(&self) -> Result<Arc<ServerConfig>, TlsError> {
        let chain = certificates(&self.certificate)
            .map_err(|e| TlsError::Certificate(self.certificate.clone(), e))?;
        let key = PrivateKeyDer::from_pem_file(&self.key)
            .map_err(|e| TlsError::Key(self.key.clone(), e))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(TlsError::Pair)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(TlsError::Pair)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

fn certificates(
    path: &Path,
) -> Result<Vec<CertificateDer<'static>>, rustls::pki_types::pem::Error> {
    let chain: Vec<_> = CertificateDer::pem_file_iter(path)?.collect::<Result<_, _>>()?;
    if chain.is_empty() {
        return Err(rustls::pki_types::pem::Error::NoItemsFound);
    }
    Ok(chain)
}
