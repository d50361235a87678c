//! The limits of one socket and why each default is what it is. Nothing here is read from a file.

use std::time::Duration;

/// The limits of one socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long a client may take to say hello. Longer keeps unproven sockets; shorter cuts slow
    /// links off.
    pub hello: Duration,
    /// How often the client is asked to send any frame. Shorter finds dead links sooner and costs
    /// radio time.
    pub heartbeat: Duration,
    /// Silence after which the socket is dropped: six beats, so that one lost packet means nothing.
    pub silence: Duration,
    /// How long a write may make no progress before the socket is dropped.
    pub write_stall: Duration,
    /// How long requests under way, and then the closing handshake, may take when the socket ends.
    pub linger: Duration,
    /// How long nothing is read from a client after it asked too often: so much, at most, is a
    /// flood of frames answered. Longer slows down who waits as he is told.
    pub pause: Duration,
    /// Requests of one socket that may be unanswered; beyond it nothing more is read from the
    /// socket.
    pub in_flight_max: usize,
    /// Bytes that may wait for a slow reader; beyond it the feed is not asked and nothing is read.
    pub outgoing_bytes_max: usize,
    /// Deliveries of the feed taken at a time. What is taken beyond `outgoing_bytes_max` is at most
    /// this many of the longest texts.
    pub feed_batch_max: usize,
    /// Frames that may wait; also how many go out in one write at most.
    pub outgoing_frames_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            hello: Duration::from_secs(10),
            heartbeat: Duration::from_secs(5),
            silence: Duration::from_secs(30),
            write_stall: Duration::from_secs(30),
            linger: Duration::from_secs(5),
            pause: Duration::from_millis(20),
            in_flight_max: 64,
            outgoing_bytes_max: 64 * 1024,
            feed_batch_max: 16,
            outgoing_frames_max: 64,
        }
    }
}
