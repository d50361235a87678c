//! One POST to a push service or a gateway, and what it answers. Follows no redirect: it would let
//! somebody else say where this node goes.

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::connect::{ConnectError, Connector};
use super::guard::Guard;
use crate::clock;

/// How long an answer may take, the connection included.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// Longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
/// Connections to one service that are kept open while nothing is sent, for the next burst: over
/// HTTP/2 one is enough.
const IDLE_CONNECTIONS_MAX: usize = 64;
/// And for how long.
const IDLE_MAX: Duration = Duration::from_secs(60);

/// How soon a device is to be woken (RFC 8030 section 5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// When it is awake anyway.
    Low,
    /// Soon.
    Normal,
    /// At once.
    High,
}

impl Urgency {
    /// Its name in a header.
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
        }
    }
}

/// What is sent.
#[derive(Clone, Debug)]
pub struct Request {
    /// Where to.
    pub endpoint: Uri,
    /// Headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// How long to wait before the next try, where it says so.
    pub retry_after: Option<Duration>,
    /// The body, where it is not too long.
    pub body: Bytes,
}

/// Why there was no answer. The texts are for whoever subscribed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// There is no connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// It broke off, or what came is no HTTP.
    #[error("it broke off, or answered what is no HTTP")]
    Http,
    /// There was no answer in time.
    #[error("it did not answer within 10 seconds")]
    TooSlow,
}

/// Sends. Cheap to clone.
#[derive(Clone)]
pub struct Sender {
    client: Client<Connector, Full<Bytes>>,
    guard: Guard,
}

impl Sender {
    /// Over connections of this maker.
    pub fn new(connector: Connector) -> Self {
        let guard = connector.guard().clone();
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_MAX)
            .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
            .build(connector);
        Self { client, guard }
    }

    /// Which addresses may be called.
    pub fn guard(&self) -> &Guard {
        &self.guard
    }

    /// Sends, and waits for the answer.
    pub async fn send(&self, request: Request) -> Result<Answer, SendError> {
        let Request { endpoint, headers, body } = request;
        let mut request = hyper::Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = endpoint;
        *request.headers_mut() = headers;
        let exchange = async {
            let answer = self.client.request(request).await.map_err(|error| why(&error))?;
            let (head, body) = answer.into_parts();
            Ok(Answer {
                status: head.status,
                retry_after: retry_after(&head.headers),
                body: read(body).await,
            })
        };
        tokio::time::timeout(ANSWER_MAX, exchange).await.unwrap_or(Err(SendError::TooSlow))
    }
}

/// The body, so that its connection can be used again; what is too long counts as nothing.
async fn read(body: Incoming) -> Bytes {
    let read = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
    read.map(http_body_util::Collected::to_bytes).unwrap_or_default()
}

fn why(error: &hyper_util::client::legacy::Error) -> SendError {
    let mut source: Option<&(dyn Error + 'static)> = error.source();
    while let Some(inner) = source {
        match inner.downcast_ref::<ConnectError>() {
            Some(error) => return SendError::Connect(*error),
            None => source = inner.source(),
        }
    }
    SendError::Http
}

/// How long to wait: seconds, or until a date (RFC 9110 section 10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp().as_millisecond();
    let at = u64::try_from(at).ok()?;
    Some(Duration::from_millis(at.saturating_sub(clock::unix_ms())))
}
