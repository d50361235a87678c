//! What surrounds every route: answers for browsers, a deadline, a log line. It must not look into
//! bodies.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use comity_protocol::code::Code;

use crate::backend::Refusal;

/// Whose web pages may use the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origins {
    /// Anybody's. Nothing rides on a browser's own credentials: the token is in a header, or in a
    /// frame, that only the page can set.
    Any,
    /// Those of these origins.
    Listed(Vec<Origin>),
}

/// An origin as browsers write it (RFC 6454): scheme, host and, where it is not the usual one,
/// port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(HeaderValue);

/// Why a text is no origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OriginError;

impl fmt::Display for OriginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an origin is scheme and host in lower case: https://chat.acme.example")
    }
}

impl std::error::Error for OriginError {}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let (scheme, host) = text.split_once("://").ok_or(OriginError)?;
        let is_plain = |part: &str| {
            let plain = |b: u8| b.is_ascii_graphic() && !b.is_ascii_uppercase();
            !part.is_empty() && part.bytes().all(|b| plain(b) && !b"/?#@*,".contains(&b))
        };
        if !is_plain(scheme) || !is_plain(host) {
            return Err(OriginError);
        }
        HeaderValue::from_str(text).map(Self).map_err(|_| OriginError)
    }
}

impl Origins {
    /// Whether a request may come from where it does. Only browsers say where that is. The node's
    /// own pages, which come from the address that is asked, always may.
    pub(crate) fn allow(&self, headers: &HeaderMap) -> bool {
        match (self, headers.get(header::ORIGIN)) {
            (Self::Any, _) | (_, None) => true,
            (Self::Listed(listed), Some(origin)) => {
                listed.iter().any(|known| known.0 == *origin) || is_own(origin, headers)
            }
        }
    }
}

fn is_own(origin: &HeaderValue, headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let named = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    named.zip(host).is_some_and(|((_, named), host)| named == host)
}

/// Tells browsers which pages may read the answer, and answers for all routes when they ask first.
pub(crate) async fn cross_origin(
    State(origins): State<Arc<Origins>>,
    request: Request,
    next: Next,
) -> Response {
    let asks_first = request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let origin = request.headers().get(header::ORIGIN).cloned();
    let is_allowed = origins.allow(request.headers());
    let mut response = if asks_first {
        let mut response = StatusCode::NO_CONTENT.into_response();
        if is_allowed {
            allow(response.headers_mut());
        }
        response
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    let shown_to = match *origins {
        Origins::Any => Some(HeaderValue::from_static("*")),
        Origins::Listed(_) => {
            headers.append(header::VARY, HeaderValue::from_static("origin"));
            origin.filter(|_| is_allowed)
        }
    };
    if let Some(shown_to) = shown_to {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, shown_to);
        let exposed = HeaderValue::from_static("retry-after");
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    }
    response
}

/// Ends requests that take too long; the backend's work goes on, so a repeat must carry its nonce.
pub(crate) async fn deadline(
    State(timeout): State<Duration>,
    request: Request,
    next: Next,
) -> Response {
    match tokio::time::timeout(timeout, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Refusal { retry_after: Some(RETRY_AFTER), ..Refusal::from(Code::Overloaded) }
            .into_response(),
    }
}

/// One line a request, without its query, its headers or its body.
pub(crate) async fn log(request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let response = next.run(request).await;
    let (status, elapsed) = (response.status().as_u16(), begun.elapsed());
    tracing::debug!(%method, path, status, ?elapsed, "request");
    response
}

fn allow(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PUT, PATCH, DELETE"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type"),
        // Browsers cut it to what they take, some to two hours.
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

const RETRY_AFTER: Duration = Duration::from_secs(1);
