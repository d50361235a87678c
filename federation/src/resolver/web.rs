//! The well-known document of a domain, fetched from its web server: one GET over HTTP/1.1 and TLS,
//! to port 443 of the addresses that our own resolver gives. The certificate has to be the domain's
//! and to come from an authority that counts here. Follows no redirect and uses no proxy, since
//! each would let somebody else answer; does not judge what the document says.

mod exchange;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use comity_discovery::{Document, DocumentError, IntroduceError};
use comity_protocol::name::ServerName;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{CertificateError, RootCertStore};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::cache::{Bounds, Cache};
use super::query::Dns;
use super::{ADDRS_MAX, ResolverError};

/// Where web servers speak TLS (RFC 9110 section 4.2.2).
const HTTPS_PORT: u16 = 443;
/// Documents that are fetched at a time; the others wait their turn.
const FETCHES_MAX: usize = 32;
/// How long fetching one document may take in all.
const FETCH_MAX: Duration = Duration::from_secs(10);
/// How long one address may take to connect, so that a silent one leaves time for the next.
const CONNECT_MAX: Duration = Duration::from_secs(3);
/// How long a document counts: as long as the records that `comity dns` prints.
const DOCUMENT_KEPT: Duration = Duration::from_secs(3_600);
/// A document is not fetched again sooner, also where its node is not found at its hosts; a web
/// server that failed is left alone for a while.
const BOUNDS: Bounds = Bounds {
    failure: Duration::from_secs(60),
    least: Duration::from_secs(300),
    most: Duration::from_secs(24 * 3_600),
    spared: Duration::from_secs(300),
};

const _: () = assert!(BOUNDS.least.as_secs() <= DOCUMENT_KEPT.as_secs());
const _: () = assert!(DOCUMENT_KEPT.as_secs() <= BOUNDS.most.as_secs());

/// How web servers are asked.
#[derive(Clone, Debug, Default)]
pub struct WebSettings {
    /// Certificates of authorities, in PEM, that count besides those that browsers trust.
    pub roots: Option<String>,
    /// Who knows better than DNS where some web servers are; what they say has to be proven all the
    /// same.
    pub places: Option<Arc<dyn WebPlaces>>,
}

/// Where the web servers of domains are.
pub trait WebPlaces: fmt::Debug + Send + Sync {
    /// The address of a domain's web server; none: DNS says it.
    fn place(&self, domain: &ServerName) -> Option<SocketAddr>;
}

/// Why a domain's document does not introduce its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebError {
    /// The web server's certificate does not prove that it is the domain's.
    Certificate(CertificateFault),
    /// What it gave is no document of the domain.
    Document(DocumentError),
    /// What it gave is not to be believed.
    Introduce(IntroduceError),
    /// It does not speak HTTP as it should, or the connection broke.
    Http,
    /// The domain has no address, or DNS does not tell it.
    NoAddress,
    /// It sends elsewhere, and nobody else may answer for the domain.
    Redirect,
    /// It answers with this status.
    Status(u16),
    /// There is no TLS of a kind that we speak.
    Tls,
    /// The answer is longer than a document may be.
    TooLarge,
    /// There was no whole answer in time.
    TooSlow,
    /// There is no connection.
    Unreachable,
}

/// What is wrong with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateFault {
    /// It is over.
    Expired,
    /// It is of another name.
    OtherName,
    /// It cannot be used here, for another reason.
    Other,
    /// It comes from nobody who counts here.
    UnknownIssuer,
}

/// Fetches documents and keeps them.
pub(super) struct Web {
    tls: TlsConnector,
    places: Option<Arc<dyn WebPlaces>>,
    kept: Cache<Document, WebError>,
    fetches: Semaphore,
}

impl Web {
    pub(super) fn new(settings: WebSettings) -> Result<Self, ResolverError> {
        let unusable = |error: rustls::Error| ResolverError::WebRoots(error.to_string());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(unusable)?
            .with_root_certificates(web_roots(settings.roots.as_deref())?)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.resumption = rustls::client::Resumption::disabled();
        Ok(Self {
            tls: TlsConnector::from(Arc::new(config)),
            places: settings.places,
            kept: Cache::new(BOUNDS),
            fetches: Semaphore::new(FETCHES_MAX),
        })
    }

    /// A domain's document, and how long it may be relied on.
    pub(super) async fn document(
        &self,
        domain: &ServerName,
        dns: &Dns,
    ) -> Result<(Document, Duration), WebError> {
        if let Some((outcome, left)) = self.kept.find(domain, Instant::now()) {
            return outcome.map(|document| (document, left));
        }
        let outcome = self.fetch(domain, dns).await;
        let left = self.kept.keep(domain, outcome.clone(), DOCUMENT_KEPT, Instant::now());
        outcome.map(|document| (document, left))
    }

    /// Lets a domain's document be fetched again, unless it was fetched just now.
    pub(super) fn forget(&self, domain: &ServerName) {
        self.kept.forget(domain, Instant::now());
    }

    async fn fetch(&self, domain: &ServerName, dns: &Dns) -> Result<Document, WebError> {
        // The semaphore is never closed.
        let _turn = self.fetches.acquire().await;
        let text = tokio::time::timeout(FETCH_MAX, async {
            exchange::get(self.connect(domain, dns).await?, domain).await
        });
        let text = text.await.map_err(|_| WebError::TooSlow)??;
        Document::parse(&text, domain).map_err(WebError::Document)
    }

    async fn connect(
        &self,
        domain: &ServerName,
        dns: &Dns,
    ) -> Result<TlsStream<TcpStream>, WebError> {
        let name = rustls::pki_types::ServerName::try_from(domain.to_string())
            .map_err(|_| WebError::NoAddress)?;
        for addr in self.addrs(domain, dns).await? {
            let connecting = tokio::time::timeout(CONNECT_MAX, TcpStream::connect(addr));
            if let Ok(Ok(stream)) = connecting.await {
                return self.tls.connect(name, stream).await.map_err(|e| WebError::of_tls(&e));
            }
        }
        Err(WebError::Unreachable)
    }

    async fn addrs(&self, domain: &ServerName, dns: &Dns) -> Result<Vec<SocketAddr>, WebError> {
        if let Some(place) = self.places.as_ref().and_then(|places| places.place(domain)) {
            return Ok(vec![place]);
        }
        let found = dns.addrs(&format!("{domain}.")).await.map_err(|_| WebError::NoAddress)?;
        let addrs = found.0.into_iter().take(ADDRS_MAX);
        Ok(addrs.map(|ip| SocketAddr::new(ip, HTTPS_PORT)).collect())
    }
}

/// The authorities that count for web servers: those that browsers trust, and the admin's, in PEM.
pub fn web_roots(pem: Option<&str>) -> Result<RootCertStore, ResolverError> {
    let unusable = |error: &dyn fmt::Display| ResolverError::WebRoots(error.to_string());
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let Some(pem) = pem else { return Ok(roots) };
    let before = roots.len();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|error| unusable(&error))?;
        roots.add(certificate).map_err(|error| unusable(&error))?;
    }
    if roots.len() == before {
        return Err(unusable(&"there is no certificate in it"));
    }
    Ok(roots)
}

impl WebError {
    fn of_tls(error: &std::io::Error) -> Self {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        match inner {
            Some(rustls::Error::InvalidCertificate(error)) => Self::Certificate(error.into()),
            Some(_) => Self::Tls,
            None => Self::Unreachable,
        }
    }

    /// Whether somebody answered who may be anybody.
    pub(super) const fn is_of_somebody_else(self) -> bool {
        matches!(self, Self::Certificate(_) | Self::Document(DocumentError::OtherDomain))
    }

    /// Whether another try may have another end.
    pub(super) const fn is_passing(self) -> bool {
        matches!(self, Self::Http | Self::TooSlow | Self::Unreachable)
    }
}

impl From<&CertificateError> for CertificateFault {
    fn from(error: &CertificateError) -> Self {
        match error {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::Expired,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Self::OtherName
            }
            CertificateError::UnknownIssuer => Self::UnknownIssuer,
            _ => Self::Other,
        }
    }
}

impl fmt::Display for WebError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate(fault) => write!(f, "the web server's certificate {fault}"),
            Self::Document(error) => write!(f, "the document cannot be used: {error}"),
            Self::Introduce(error) => error.fmt(f),
            Self::Http => f.write_str("the web server's answer is no HTTP/1.1, or it broke off"),
            Self::NoAddress => f.write_str("the domain has no address for a web server"),
            Self::Redirect => f.write_str("the web server redirects, which is not followed"),
            Self::Status(status) => write!(f, "the web server answers with status {status}"),
            Self::Tls => f.write_str("the web server speaks no TLS that we do"),
            Self::TooLarge => f.write_str("the web server's answer is longer than 64 KiB"),
            Self::TooSlow => f.write_str("the web server did not answer within 10 seconds"),
            Self::Unreachable => f.write_str("the web server cannot be reached at port 443"),
        }
    }
}

impl fmt::Display for CertificateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Expired => "has expired",
            Self::OtherName => "is not for the domain",
            Self::Other => "is not valid",
            Self::UnknownIssuer => "comes from no authority that is known here",
        })
    }
}
