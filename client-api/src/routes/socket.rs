//! The way from HTTP to a socket. The token comes in the socket's first frame: browsers cannot set
//! a header here.

use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::HeaderMap;
use axum::response::Response;
use comity_protocol::code::Code;

use crate::backend::{Backend, Refusal};
use crate::extract::ApiState;
use crate::gate::Asker;
use crate::model::malformed;
use crate::settings::TEXT_BODY_BYTES_MAX;
use crate::ws;

/// `GET /v1/socket`
pub(crate) async fn open<B: Backend>(
    State(api): ApiState<B>,
    asker: Asker,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Refusal> {
    let upgrade = upgrade
        .map_err(|_| malformed("This resource is a WebSocket: ask for an upgrade (RFC 6455)."))?;
    // Browsers let any page open a socket, and leave it to the server to look who asks.
    if !api.settings.origins.allow(&headers) {
        return Err(Code::OriginRefused.into());
    }
    let place = api.gate.lasting_place(asker)?;
    Ok(upgrade
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_message_size(TEXT_BODY_BYTES_MAX)
        .max_frame_size(TEXT_BODY_BYTES_MAX)
        .on_upgrade(move |socket| ws::drive(socket, api, asker, place)))
}

/// An idle socket costs this much; a usual frame fits.
const READ_BUFFER_BYTES: usize = 512;
/// Frames are gathered up to this size into one write. Nothing is held while the socket is idle.
const WRITE_BUFFER_BYTES: usize = 64 * 1024;
