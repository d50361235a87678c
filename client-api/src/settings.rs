//! What an embedder may set. Limits of channel version 1 are not here: they are the same
//! everywhere.

use std::time::Duration;

use comity_protocol::limits::TEXT_CHARS_MAX;
use comity_session::{DoorLimits, Limits, Network};

use crate::layer::Origins;
use crate::serve::Connections;

/// The settings of the client API.
#[derive(Clone, Debug)]
pub struct ApiSettings {
    /// The limits of each socket.
    pub socket: Limits,
    /// What accounts and addresses may ask for.
    pub door: DoorLimits,
    /// Proxies that say truly for whom they speak.
    pub trusted_proxies: Vec<Network>,
    /// Whose web pages may use the API.
    pub origins: Origins,
    /// Whether the web client is served beside the API.
    pub web: bool,
    /// Connections open at once, sockets included; further ones wait in the listener's backlog.
    pub connections_max: u32,
    /// Counts those that are open, for whoever keeps a clone.
    pub connections: Connections,
    /// How long a client may take for a request's head and, with TLS, for the handshake.
    pub head_timeout: Duration,
    /// How long a request may take in all; a long poll gets its own wait on top.
    pub request_timeout: Duration,
    /// How long open connections may go on once the server stops.
    pub drain_timeout: Duration,
}

impl Default for ApiSettings {
    fn default() -> Self {
        Self {
            socket: Limits::default(),
            door: DoorLimits::default(),
            trusted_proxies: Vec::new(),
            origins: Origins::Any,
            web: true,
            connections_max: 1_000_000,
            connections: Connections::default(),
            head_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            drain_timeout: Duration::from_secs(10),
        }
    }
}

/// Longest body or frame that carries a text: the longest text with each character as a pair of
/// JSON escapes (`\ud83d\ude00`, 12 bytes), and room for the other fields.
pub(crate) const TEXT_BODY_BYTES_MAX: usize = TEXT_CHARS_MAX * 12 + 16 * 1024;
/// Longest image that is uploaded to be an avatar: what clients send who make it smaller before.
pub(crate) const IMAGE_BODY_BYTES_MAX: usize = 1024 * 1024;
/// Longest body of any other request.
pub(crate) const BODY_BYTES_MAX: usize = 64 * 1024;
