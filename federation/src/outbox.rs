//! The sending half of a link: one stream for each class, opened with its first frame.
//!
//! Frames go straight into QUIC's send buffer; there is no queue and no task in between. Who sends
//! faster than the peer reads waits, and only in that class. A frame whose sending has begun goes
//! out whole, even where the future that began it is dropped; else the stream would be torn.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use comity_protocol::code::Code;
use comity_protocol::frame::Class;
use comity_protocol::limits::FRAME_BYTES_MAX;
use quinn::{Connection, SendStream};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::assembly::LENGTH_BYTES;
use crate::link::{CloseReason, LinkError, close_with};

/// Frames up to this size are copied together, so that many go into one write.
const GATHER_BYTES_MAX: usize = 16 * 1024;

/// Sends on a link. Cheap to clone; all clones send on the same streams.
#[derive(Clone, Debug)]
pub struct LinkSender {
    connection: Connection,
    lanes: Arc<[Arc<Mutex<Lane>>; CLASSES.len()]>,
}

/// Every class, the most urgent first.
pub(crate) const CLASSES: [Class; 3] = [Class::Link, Class::Feed, Class::History];

/// The first byte of a class's stream.
pub(crate) const fn class_byte(class: Class) -> u8 {
    match class {
        Class::Link => 1,
        Class::Feed => 2,
        Class::History => 3,
    }
}

/// The class's place in [`CLASSES`].
pub(crate) const fn class_index(class: Class) -> usize {
    match class {
        Class::Link => 0,
        Class::Feed => 1,
        Class::History => 2,
    }
}

impl LinkSender {
    pub(crate) fn new(connection: Connection) -> Self {
        let lane = |class| Arc::new(Mutex::new(Lane::new(class)));
        Self { connection, lanes: Arc::new(CLASSES.map(lane)) }
    }

    /// Sends a frame: returns when QUIC has taken it, which says nothing about its arrival. Frames
    /// of one class arrive in the order of these calls. Dropped while waiting for its turn,
    /// nothing is sent.
    pub async fn send(&self, class: Class, frame: impl Into<Bytes>) -> Result<(), LinkError> {
        self.send_all(class, [frame.into()]).await
    }

    /// Sends several frames at once, which costs less than one by one.
    pub async fn send_all(
        &self,
        class: Class,
        frames: impl IntoIterator<Item = Bytes>,
    ) -> Result<(), LinkError> {
        let written = encode(frames)?;
        let lane = self.lanes[class_index(class)].clone().lock_owned().await;
        let mut flush = Flush { lane: Some(lane), connection: self.connection.clone() };
        if let Some(lane) = &mut flush.lane {
            lane.pending.extend(written);
            lane.flush(&self.connection).await?;
        }
        Ok(())
    }

    /// Closes the link; the peer sees the code.
    pub fn close(&self, code: Code) {
        close_with(&self.connection, code);
    }

    /// Waits until the link is closed by either end.
    pub async fn closed(&self) -> CloseReason {
        CloseReason::from(&self.connection.closed().await)
    }

    /// Why the link is closed, if it is.
    pub fn close_reason(&self) -> Option<CloseReason> {
        self.connection.close_reason().as_ref().map(CloseReason::from)
    }
}

/// One class's stream and what has to be written to it next.
#[derive(Debug)]
struct Lane {
    class: Class,
    stream: Option<SendStream>,
    pending: Vec<Bytes>,
}

impl Lane {
    fn new(class: Class) -> Self {
        let head = Bytes::copy_from_slice(&[class_byte(class)]);
        Self { class, stream: None, pending: vec![head] }
    }

    /// Writes what is pending. May be dropped at any await and called again.
    async fn flush(&mut self, connection: &Connection) -> Result<(), LinkError> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            None => {
                let stream = connection.open_uni().await.map_err(LinkError::from)?;
                // Of what is ready, the lower class leaves first.
                let _ = stream.set_priority(-i32::from(class_byte(self.class)));
                self.stream.insert(stream)
            }
        };
        while !self.pending.is_empty() {
            let written = stream.write_chunks(&mut self.pending).await?;
            self.pending.drain(..written.chunks);
        }
        Ok(())
    }
}

/// Sees to it that what was begun is finished.
struct Flush {
    lane: Option<OwnedMutexGuard<Lane>>,
    connection: Connection,
}

impl Drop for Flush {
    fn drop(&mut self) {
        let Some(mut lane) = self.lane.take() else { return };
        if lane.pending.is_empty() || self.connection.close_reason().is_some() {
            return;
        }
        // At most one of these runs for each class, since it holds the lane.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let connection = self.connection.clone();
            runtime.spawn(async move { lane.flush(&connection).await });
        }
    }
}

/// The bytes that go on the stream: small frames gathered, large ones as they are.
fn encode(frames: impl IntoIterator<Item = Bytes>) -> Result<Vec<Bytes>, LinkError> {
    let mut written = Vec::new();
    let mut gathered = BytesMut::new();
    for frame in frames {
        let length = u32::try_from(frame.len()).unwrap_or(u32::MAX);
        if frame.is_empty() || frame.len() > FRAME_BYTES_MAX {
            return Err(LinkError::FrameLength);
        }
        if gathered.capacity() == 0 {
            gathered.reserve(LENGTH_BYTES + frame.len().min(GATHER_BYTES_MAX));
        }
        gathered.extend_from_slice(&length.to_be_bytes());
        if frame.len() <= GATHER_BYTES_MAX {
            gathered.extend_from_slice(&frame);
        } else {
            written.push(gathered.split().freeze());
            written.push(frame);
        }
    }
    if !gathered.is_empty() {
        written.push(gathered.freeze());
    }
    Ok(written)
}
