//! One GET on a connection: the request, the status, and a body that is bounded while it comes.
//! Knows no addresses, no certificates and no documents.

use std::pin::pin;

use bytes::Bytes;
use comity_discovery::{DOCUMENT_BYTES_MAX, DOCUMENT_PATH};
use comity_protocol::name::ServerName;
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::WebError;

/// Longest head of an answer, in bytes.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Asks for a domain's document; its text.
pub(super) async fn get<Io>(io: Io, domain: &ServerName) -> Result<Bytes, WebError>
where
    Io: AsyncRead + AsyncWrite + Unpin,
{
    let mut builder = http1::Builder::new();
    builder.max_buf_size(HEAD_BYTES_MAX);
    let handshake = builder.handshake::<_, Empty<Bytes>>(TokioIo::new(io)).await;
    let (sender, connection) = handshake.map_err(|_| WebError::Http)?;
    let (mut exchange, mut connection) = (pin!(ask(sender, domain)), pin!(connection));
    tokio::select! {
        biased;
        text = &mut exchange => text,
        // The answer may have come whole before the connection ended.
        _ = &mut connection => exchange.await,
    }
}

async fn ask(
    mut sender: SendRequest<Empty<Bytes>>,
    domain: &ServerName,
) -> Result<Bytes, WebError> {
    let request = Request::get(DOCUMENT_PATH)
        .header(header::HOST, domain.as_str())
        .header(header::ACCEPT, "application/json")
        .header(header::CONNECTION, "close")
        .body(Empty::new())
        .map_err(|_| WebError::Http)?;
    let response = sender.send_request(request).await.map_err(|_| WebError::Http)?;
    match response.status() {
        StatusCode::OK => read(response).await,
        status if status.is_redirection() => Err(WebError::Redirect),
        status => Err(WebError::Status(status.as_u16())),
    }
}

async fn read(response: Response<Incoming>) -> Result<Bytes, WebError> {
    let body = response.into_body();
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > DOCUMENT_BYTES_MAX {
        return Err(WebError::TooLarge);
    }
    match Limited::new(body, DOCUMENT_BYTES_MAX).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(WebError::TooLarge),
        Err(_) => Err(WebError::Http),
    }
}
