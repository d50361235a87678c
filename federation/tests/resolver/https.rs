//! Web servers for tests: real TLS on loopback, under an authority made for the test, with an
//! answer that the test writes byte by byte. Knows no document.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use data_encoding::BASE64;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

/// Somebody who signs certificates.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its own certificate.
    pub(crate) pem: String,
}

/// What a server answers, whatever it is asked.
#[derive(Clone)]
pub(crate) enum Reply {
    /// These bytes; then the connection ends.
    Bytes(Vec<u8>),
    /// Nothing, for ever.
    Silence,
}

/// A running server; it ends with its runtime.
pub(crate) struct WebServer {
    pub(crate) addr: SocketAddr,
    requests: Arc<AtomicUsize>,
    asked: Arc<Notify>,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let text = BASE64.encode(params.self_signed(&key).unwrap().der());
        let pem = format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// A certificate for a name, and its key.
    pub(crate) fn certify(&self, name: &str, expired: bool) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        if expired {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        }
        let chain = vec![params.signed_by(&key, &self.issuer).unwrap().der().clone()];
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

impl Reply {
    /// A status with a body.
    pub(crate) fn status(status: &str, body: &str) -> Self {
        let length = body.len();
        let text = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}");
        Self::Bytes(text.into_bytes())
    }

    /// A body that does not say how long it is.
    pub(crate) fn endless(body: &str) -> Self {
        Self::Bytes(format!("HTTP/1.1 200 OK\r\n\r\n{body}").into_bytes())
    }
}

impl WebServer {
    pub(crate) async fn start(tls: TlsAcceptor, reply: Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (requests, asked) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let server = Self { addr, requests: requests.clone(), asked: asked.clone() };
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (requests, asked) = (requests.clone(), asked.clone());
                let answering = answer(stream, tls.clone(), reply.clone(), move || {
                    requests.fetch_add(1, Ordering::Relaxed);
                    asked.notify_one();
                });
                tokio::spawn(answering);
            }
        });
        server
    }

    /// Requests that came whole.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    /// Waits for a request.
    pub(crate) async fn asked(&self) {
        self.asked.notified().await;
    }
}

async fn answer(stream: TcpStream, tls: TlsAcceptor, reply: Reply, asked: impl FnOnce()) {
    // A client that does not like the certificate is gone by now.
    let Ok(mut stream) = tls.accept(stream).await else { return };
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => request.push(byte),
            Err(_) => return,
        }
    }
    assert!(request.starts_with(b"GET /.well-known/comity HTTP/1.1\r\n"));
    asked();
    match reply {
        Reply::Bytes(bytes) => {
            // A client that has read enough does not wait for the rest.
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
        Reply::Silence => std::future::pending().await,
    }
}
