//! Connections to push services: a name is resolved here, its addresses are judged, and one of
//! those that may be called is. What comes of a name later is judged anew.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use comity_federation::Addresses;
use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use rustls::RootCertStore;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tower_service::Service;

use super::guard::{Guard, literal};

/// Addresses of one name that are tried.
const ADDRESSES_MAX: usize = 4;
/// How long one of them may take.
const CONNECT_MAX: Duration = Duration::from_secs(3);

/// Makes connections. Cheap to clone.
#[derive(Clone)]
pub struct Connector(Arc<Inner>);

struct Inner {
    guard: Guard,
    addresses: Addresses,
    tls: TlsConnector,
}

/// Why there is no connection; the text is for whoever subscribed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// DNS has no address, or does not answer.
    #[error("its name has no address")]
    NoAddress,
    /// None of its addresses may be called.
    #[error("it leads to an address inside a network")]
    Private,
    /// It proves to be somebody else, or speaks no TLS of ours.
    #[error("its certificate or its TLS cannot be used")]
    Tls,
    /// Nobody answers at its addresses.
    #[error("nobody answers at its addresses")]
    Unreachable,
}

impl Connector {
    /// Goes where the guard lets it, and believes these authorities.
    pub fn new(
        guard: Guard,
        addresses: Addresses,
        roots: RootCertStore,
    ) -> Result<Self, rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let tls = TlsConnector::from(Arc::new(config));
        Ok(Self(Arc::new(Inner { guard, addresses, tls })))
    }

    /// Which addresses may be called.
    pub fn guard(&self) -> &Guard {
        &self.0.guard
    }
}

impl Inner {
    async fn connect(&self, uri: Uri) -> Result<Stream, ConnectError> {
        let is_tls = uri.scheme_str() == Some("https");
        let host = uri.host().ok_or(ConnectError::NoAddress)?;
        let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let found: Vec<IpAddr> = match literal(host) {
            Some(address) => vec![address],
            None => self.addresses.of(host).await.ok_or(ConnectError::NoAddress)?,
        };
        let admitted = found.into_iter().filter(|address| self.guard.admits(*address, is_tls));
        let mut why = ConnectError::Private;
        for address in admitted.take(ADDRESSES_MAX) {
            why = ConnectError::Unreachable;
            let connecting = TcpStream::connect(SocketAddr::new(address, port));
            let Ok(Ok(stream)) = tokio::time::timeout(CONNECT_MAX, connecting).await else {
                continue;
            };
            let _ = stream.set_nodelay(true);
            if !is_tls {
                return Ok(Stream::Plain(TokioIo::new(stream)));
            }
            let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
            let name = ServerName::try_from(bare).map_err(|_| ConnectError::Tls)?;
            let secured = self.tls.connect(name, stream).await.map_err(|_| ConnectError::Tls)?;
            return Ok(Stream::Tls(TokioIo::new(Box::new(secured))));
        }
        Err(why)
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let inner = Arc::clone(&self.0);
        Box::pin(async move { inner.connect(uri).await })
    }
}

/// A connection, as the client's pool wants it.
pub enum Stream {
    /// In clear text, to a network that the admin lets in.
    Plain(TokioIo<TcpStream>),
    /// Over TLS.
    Tls(TokioIo<Box<TlsStream<TcpStream>>>),
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        match self {
            Self::Plain(_) => Connected::new(),
            Self::Tls(stream) => match stream.inner().get_ref().1.alpn_protocol() {
                Some(b"h2") => Connected::new().negotiated_h2(),
                _ => Connected::new(),
            },
        }
    }
}

impl Read for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, into),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, into),
        }
    }
}

impl Write for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
