//! An authority that only a test's nodes know, the certificates that it gives them, and where their
//! web servers are, since tests have no port 443. Starts nothing.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use comity_federation::WebPlaces;
use comity_protocol::name::ServerName;
use data_encoding::BASE64;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

/// Where nodes answer HTTPS, as far as they have started.
#[derive(Debug, Default)]
pub(super) struct Places(pub(super) Mutex<HashMap<ServerName, SocketAddr>>);

impl WebPlaces for Places {
    fn place(&self, domain: &ServerName) -> Option<SocketAddr> {
        self.0.lock().unwrap().get(domain).copied()
    }
}

pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    dir: PathBuf,
}

impl Authority {
    /// An authority whose files are in a directory.
    pub(super) fn new(dir: &Path) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "the authority of a test");
        let der = params.self_signed(&key).unwrap();
        let authority = Self { issuer: Issuer::new(params, key), dir: dir.to_owned() };
        authority.write("roots.pem", "CERTIFICATE", der.der());
        authority
    }

    /// The file of its own certificate.
    pub(super) fn roots(&self) -> PathBuf {
        self.dir.join("roots.pem")
    }

    /// The files of a certificate for a domain, and for the loopback name, and of its key.
    pub(super) fn certify(&self, domain: &str) -> (PathBuf, PathBuf) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([domain.to_owned(), "localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (
            self.write(&format!("{domain}.chain.pem"), "CERTIFICATE", certificate.der()),
            self.write(&format!("{domain}.key.pem"), "PRIVATE KEY", &key.serialize_der()),
        )
    }

    fn write(&self, file: &str, label: &str, der: &[u8]) -> PathBuf {
        let text = BASE64.encode(der);
        let path = self.dir.join(file);
        let pem = format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n");
        std::fs::write(&path, pem).unwrap();
        path
    }
}
