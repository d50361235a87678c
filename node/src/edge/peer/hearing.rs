//! Presence on a link: what came is handed in, what goes out is fetched. What is wrong with it is
//! noted.

use std::sync::Arc;

use comity_protocol::code::Code;
use comity_protocol::frame::Frame;
use tokio::sync::Notify;

use super::conduct::Wrong;
use super::end::{LinkEnd, Task};
use crate::presence::{LinkPresence, Outgoing, Said};

impl LinkEnd {
    /// A datagram came. What is wrong with one is noted; it ends no link, as nothing hangs on it.
    pub fn handle_datagram(&mut self, bytes: &[u8], now_ms: u64) {
        if !self.replica.is_up() {
            return;
        }
        match Frame::decode_datagram(bytes) {
            Ok(frame) => self.hear_presence(frame, now_ms),
            Err(_) => self.note(Wrong::Refused(Code::FrameMalformed), None),
        }
    }

    /// What wakes whoever polls, where presence has something for the peer.
    pub(super) fn presence_wakes(&self) -> Option<Arc<Notify>> {
        self.presence.as_ref().map(LinkPresence::wakes)
    }

    pub(super) fn hear_presence(&mut self, frame: Frame, now_ms: u64) {
        let Some(presence) = &self.presence else { return };
        let Said { denied } = presence.handle(frame, now_ms);
        if denied > 0 {
            let who = self.peer.as_ref().map(|(domain, lineage)| (domain.as_str(), *lineage));
            self.exchange.conduct.note(who.unzip(), Wrong::Denied, denied, None);
        }
    }

    /// What presence has for the peer.
    pub(super) fn poll_presence(&self) -> Option<Task> {
        let presence = self.presence.as_ref().filter(|_| self.replica.is_up());
        presence.and_then(LinkPresence::poll).map(|outgoing| match outgoing {
            Outgoing::Datagram(frame) => Task::SendDatagram(frame),
            Outgoing::Stream(frame) => Task::Send(frame),
        })
    }
}
