//! JSON over HTTP/1.1 to whichever endpoint answers; one idle connection is kept. It must not know
//! resources.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Method, Request, Response, StatusCode, body::Incoming, header};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::backoff::random;
use crate::endpoint::{Endpoint, Rotation, Target};
use crate::error::{HttpError, Refused};
use crate::shape::parse_ms;
use crate::tls::public_web;

/// The HTTP side of a client, with or without a token. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Http {
    shared: Arc<Shared>,
    token: Option<Arc<str>>,
}

#[derive(Debug)]
struct Shared {
    rotation: Mutex<Rotation>,
    idle: Mutex<Option<Idle>>,
    tls: Arc<ClientConfig>,
}

#[derive(Debug)]
struct Idle {
    target: Target,
    sender: SendRequest<Full<Bytes>>,
}

impl Http {
    /// A node at one URL, without asking for its other endpoints.
    pub fn at(url: &str) -> Result<Self, HttpError> {
        let endpoint = Endpoint { url: url.to_owned(), priority: 0, weight: 0 };
        Self::with_endpoints(&[endpoint], None)
    }

    /// The node of a domain: its well-known document says where it takes clients.
    pub async fn discover(domain: &str) -> Result<Self, HttpError> {
        Self::discover_at(&format!("https://{domain}"), None).await
    }

    /// Asks the well-known document at a URL where the node takes clients.
    pub async fn discover_at(url: &str, tls: Option<Arc<ClientConfig>>) -> Result<Self, HttpError> {
        let here = [Endpoint { url: url.to_owned(), priority: 0, weight: 0 }];
        let asked = Self::with_endpoints(&here, tls.clone())?;
        let known = asked.well_known().await?;
        Self::with_endpoints(&known.endpoints, tls)
    }

    /// A node at any of these endpoints; trusts the public web where no TLS settings are given.
    pub fn with_endpoints(
        endpoints: &[Endpoint],
        tls: Option<Arc<ClientConfig>>,
    ) -> Result<Self, HttpError> {
        let rotation = Rotation::new(endpoints, random)?;
        let tls = match tls {
            Some(tls) => tls,
            None => public_web().map_err(|e| HttpError::Unreachable(e.to_string()))?,
        };
        let shared = Shared { rotation: Mutex::new(rotation), idle: Mutex::new(None), tls };
        Ok(Self { shared: Arc::new(shared), token: None })
    }

    /// The same node, as the holder of a token.
    pub fn with_token(&self, token: impl AsRef<str>) -> Self {
        Self { shared: self.shared.clone(), token: Some(token.as_ref().into()) }
    }

    pub(crate) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    pub(crate) fn target(&self) -> Target {
        lock(&self.shared.rotation).current().clone()
    }

    pub(crate) fn leave(&self, failed: &Target) {
        lock(&self.shared.rotation).leave(failed);
    }

    pub(crate) fn prefer(&self, url: &str) {
        lock(&self.shared.rotation).prefer(url);
    }

    /// A connection for a socket.
    pub(crate) async fn connect(&self, target: &Target) -> Result<Stream, String> {
        match timeout(CONNECT_TIMEOUT, connect(target, &self.shared.tls)).await {
            Ok(stream) => stream,
            Err(_) => Err("no connection in time".to_owned()),
        }
    }

    /// Asks for JSON and gets JSON.
    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &impl Serialize,
        wait: Duration,
    ) -> Result<T, HttpError> {
        let (status, bytes) = self.exchange(method, path, body, wait).await?;
        serde_json::from_slice(&bytes)
            .map_err(|e| HttpError::NotComity(status.as_u16(), e.to_string()))
    }

    /// Asks for something that has no answer but its success.
    pub(crate) async fn order(
        &self,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<(), HttpError> {
        self.exchange(method, path, body, REQUEST_TIMEOUT).await.map(drop)
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: &impl Serialize,
        wait: Duration,
    ) -> Result<(StatusCode, Bytes), HttpError> {
        let body = serde_json::to_vec(body).map_err(|e| HttpError::Unreachable(e.to_string()))?;
        // `null` stands for "no body".
        let body = if body == b"null" { Bytes::new() } else { Bytes::from(body) };
        let asked = self.answered(&method, path, &body);
        let (status, bytes) = match timeout(wait, asked).await {
            Ok(answer) => answer?,
            Err(_) => return Err(HttpError::Unreachable("no answer in time".to_owned())),
        };
        if status.is_success() { Ok((status, bytes)) } else { Err(refused(status, &bytes)) }
    }

    /// Tries one endpoint after the other, each once.
    async fn answered(
        &self,
        method: &Method,
        path: &str,
        body: &Bytes,
    ) -> Result<(StatusCode, Bytes), HttpError> {
        let attempts = lock(&self.shared.rotation).len();
        let mut why = String::new();
        for _ in 0..attempts {
            let target = self.target();
            match self.sender(&target).await {
                Ok(sender) => return self.ask(sender, target, method, path, body).await,
                Err(error) => why = format!("{}: {error}", target.authority()),
            }
            self.leave(&target);
        }
        Err(HttpError::Unreachable(why))
    }

    async fn ask(
        &self,
        mut sender: SendRequest<Full<Bytes>>,
        target: Target,
        method: &Method,
        path: &str,
        body: &Bytes,
    ) -> Result<(StatusCode, Bytes), HttpError> {
        let unreachable = |error: hyper::Error| HttpError::Unreachable(error.to_string());
        let response = match sender.send_request(self.request(&target, method, path, body)?).await {
            Err(error) if error.is_canceled() => {
                // The idle connection was closed under us before the request left.
                let connected = self.connected(&target).await;
                sender = connected.map_err(HttpError::Unreachable)?;
                let again = self.request(&target, method, path, body)?;
                sender.send_request(again).await.map_err(unreachable)?
            }
            response => response.map_err(unreachable)?,
        };
        let (status, bytes) = collect(response).await?;
        *lock(&self.shared.idle) = Some(Idle { target, sender });
        Ok((status, bytes))
    }

    fn request(
        &self,
        target: &Target,
        method: &Method,
        path: &str,
        body: &Bytes,
    ) -> Result<Request<Full<Bytes>>, HttpError> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", target.prefix))
            .header(header::HOST, target.authority());
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        request
            .body(Full::new(body.clone()))
            .map_err(|e| HttpError::Unreachable(format!("the request cannot be sent: {e}")))
    }

    async fn sender(&self, target: &Target) -> Result<SendRequest<Full<Bytes>>, String> {
        let idle = lock(&self.shared.idle).take();
        if let Some(Idle { target: at, mut sender }) = idle
            && at == *target
            && sender.ready().await.is_ok()
        {
            return Ok(sender);
        }
        self.connected(target).await
    }

    async fn connected(&self, target: &Target) -> Result<SendRequest<Full<Bytes>>, String> {
        let stream = self.connect(target).await?;
        let (sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|e| e.to_string())?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "HTTP connection ended");
            }
        });
        Ok(sender)
    }
}

/// A connection, with or without TLS.
#[derive(Debug)]
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<tokio_rustls::client::TlsStream<TcpStream>>),
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_read(cx, buf),
            Self::Tls(io) => Pin::new(io).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_write(cx, buf),
            Self::Tls(io) => Pin::new(io).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_flush(cx),
            Self::Tls(io) => Pin::new(io).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_shutdown(cx),
            Self::Tls(io) => Pin::new(io).poll_shutdown(cx),
        }
    }
}

async fn connect(target: &Target, tls: &Arc<ClientConfig>) -> Result<Stream, String> {
    let stream =
        TcpStream::connect((target.host.as_str(), target.port)).await.map_err(|e| e.to_string())?;
    stream.set_nodelay(true).map_err(|e| e.to_string())?;
    if !target.secure {
        return Ok(Stream::Plain(stream));
    }
    let name = ServerName::try_from(target.host.clone()).map_err(|e| e.to_string())?;
    let connector = tokio_rustls::TlsConnector::from(tls.clone());
    let stream = connector.connect(name, stream).await.map_err(|e| e.to_string())?;
    Ok(Stream::Tls(Box::new(stream)))
}

async fn collect(response: Response<Incoming>) -> Result<(StatusCode, Bytes), HttpError> {
    let status = response.status();
    match Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await {
        Ok(collected) => Ok((status, collected.to_bytes())),
        Err(error) => Err(HttpError::NotComity(status.as_u16(), error.to_string())),
    }
}

fn refused(status: StatusCode, bytes: &[u8]) -> HttpError {
    match serde_json::from_slice::<ErrorAnswer>(bytes) {
        Ok(ErrorAnswer { error: ErrorShape { code, message, retry_after_ms } }) => {
            let retry_after = retry_after_ms.as_deref().and_then(parse_ms);
            HttpError::Refused(status.as_u16(), Refused { code, message, retry_after })
        }
        Err(error) => HttpError::NotComity(status.as_u16(), error.to_string()),
    }
}

#[derive(Deserialize)]
struct ErrorAnswer {
    error: ErrorShape,
}

#[derive(Deserialize)]
struct ErrorShape {
    code: String,
    message: String,
    retry_after_ms: Option<String>,
}

/// A thread that panicked while holding one of these locks left nothing half-done behind.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long any but a long poll may take.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest answer that is read; nodes cut theirs well below.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;
