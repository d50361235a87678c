//! The way from HTTP to a socket. The token comes in the socket's first frame: browsers cannot set
//! a header here.

use axum::Extension;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use comity_protocol::code::Code;

use crate::backend::{Backend, Refusal};
use crate::extract::ApiState;
use crate::gate::Asker;
use crate::line::Line;
use crate::model::malformed;
use crate::settings::TEXT_BODY_BYTES_MAX;
use crate::ws;

/// `GET /v1/socket`
pub(crate) async fn open<B: Backend>(
    State(api): ApiState<B>,
    asker: Asker,
    line: Option<Extension<Line>>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Refusal> {
    let upgrade = match upgrade {
        Ok(upgrade) if has_key(&headers) => upgrade,
        Err(WebSocketUpgradeRejection::InvalidWebSocketVersionHeader(_)) => {
            return Ok(other_version());
        }
        _ => return Err(malformed(NO_UPGRADE)),
    };
    // Browsers let any page open a socket, and leave it to the server to look who asks.
    if !api.settings.origins.allow(&headers) {
        return Err(Code::OriginRefused.into());
    }
    let place = api.gate.lasting_place(asker)?;
    let line = line.map(|Extension(line)| line);
    Ok(upgrade
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_message_size(TEXT_BODY_BYTES_MAX)
        .max_frame_size(TEXT_BODY_BYTES_MAX)
        .on_upgrade(move |socket| ws::drive(socket, api, asker, (line, place))))
}

/// A version that we do not speak is answered by the one that we do (RFC 6455 section 4.4).
fn other_version() -> Response {
    let mut response = Refusal::from(Code::VersionUnsupported).into_response();
    response.headers_mut().insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    response
}

/// Whether the key is 16 bytes in base64 (RFC 6455 section 4.2.1).
fn has_key(headers: &HeaderMap) -> bool {
    let key = headers.get(header::SEC_WEBSOCKET_KEY).map_or(&[][..], HeaderValue::as_bytes);
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let digits = key.strip_suffix(b"==").unwrap_or_default();
    digits.len() == KEY_DIGITS && digits.iter().all(is_base64)
}

const NO_UPGRADE: &str = "This resource is a WebSocket: ask for an upgrade (RFC 6455).";
/// 16 bytes in base64, without the padding.
const KEY_DIGITS: usize = 22;
/// An idle socket costs this much; a usual frame fits.
const READ_BUFFER_BYTES: usize = 512;
/// Frames are gathered up to this size into one write. Nothing is held while the socket is idle.
const WRITE_BUFFER_BYTES: usize = 64 * 1024;
