//! Datagrams of a link: what may be lost. It must not wait for room: what finds none is dropped.

use bytes::Bytes;
use quinn::Connection;

use crate::link::LinkError;

/// Datagrams of a link. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Datagrams(pub(crate) Connection);

impl Datagrams {
    /// Sends a datagram, or drops it where the path, the peer or the buffer does not take it.
    pub fn send(&self, datagram: impl Into<Bytes>) {
        // Nobody may build on its arrival, so that nobody need know of its loss.
        let _ = self.0.send_datagram(datagram.into());
    }

    /// The next datagram. May be dropped at any time without loss.
    pub async fn recv(&self) -> Result<Vec<u8>, LinkError> {
        Ok(self.0.read_datagram().await?.into())
    }
}
