//! Devices of an account, and what they come to together.

use comity_protocol::presence::PresenceState;

use crate::beat::Beat;
use crate::bucket::Bucket;
use crate::limits::{SAYING_BURST, SAYING_PER_S, TYPING_BURST, TYPING_PER_S};
use crate::model::Choice;

/// A device that is there.
#[derive(Debug)]
pub(crate) struct Device<S> {
    /// Its number on the node.
    pub(crate) id: u64,
    pub(crate) beat: Beat,
    pub(crate) choice: Choice,
    /// Its open sockets; it may have none for a while.
    pub(crate) sinks: Vec<(u64, S)>,
    /// When its last socket was lost; absent while it has one, or has had none yet.
    pub(crate) lost_ms: Option<u64>,
    /// When its beat is looked at next.
    pub(crate) look_ms: u64,
    pub(crate) typing: Bucket,
    pub(crate) saying: Bucket,
}

impl<S> Device<S> {
    pub(crate) fn new(id: u64, now_ms: u64) -> Self {
        Self {
            id,
            beat: Beat::at(now_ms),
            choice: Choice::Online,
            sinks: Vec::new(),
            lost_ms: None,
            look_ms: 0,
            typing: Bucket::new(TYPING_PER_S, TYPING_BURST, now_ms),
            saying: Bucket::new(SAYING_PER_S, SAYING_BURST, now_ms),
        }
    }
}

/// The most present device speaks for all, but who is busy at one is busy.
pub(crate) fn state_of<S>(devices: &[Device<S>]) -> PresenceState {
    let has = |choice| devices.iter().any(|device| device.choice == choice);
    if has(Choice::Busy) {
        PresenceState::Busy
    } else if has(Choice::Online) {
        PresenceState::Online
    } else if has(Choice::Away) {
        PresenceState::Away
    } else {
        PresenceState::Offline
    }
}
