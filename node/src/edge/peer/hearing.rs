//! Presence and marks of reading on a link: what came is handed in, what goes out is fetched. What
//! is wrong with it is noted.

use std::sync::Arc;

use comity_protocol::code::Code;
use comity_protocol::frame::Frame;
use comity_protocol::id::LineageId;
use comity_protocol::reading::MarkEntry;
use tokio::sync::Notify;

use super::conduct::Wrong;
use super::end::LinkEnd;
use super::task::Task;
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

    /// What wakes whoever polls, where something besides what the peer asks for is to go out.
    pub(super) fn wakes(&self) -> Arc<Notify> {
        Arc::clone(&self.wake)
    }

    /// The peer says something of its accounts, or asks for ours.
    pub(super) fn hear(&mut self, peer: LineageId, frame: Frame, now_ms: u64) {
        match frame {
            Frame::Marks { entries } => self.hear_marks(peer, &entries, now_ms),
            frame => self.hear_presence(frame, now_ms),
        }
    }

    fn hear_presence(&mut self, frame: Frame, now_ms: u64) {
        let Some(presence) = &self.presence else { return };
        let Said { denied } = presence.handle(frame, now_ms);
        self.note_times(Wrong::Denied, denied, None);
    }

    /// From now on the peer takes marks.
    pub(super) fn begin_marks(&mut self, peer: LineageId, now_ms: u64) {
        if self.marks.is_none() {
            let link = (self.link, self.wakes());
            self.marks = Some(self.exchange.marks.begin(link, peer, now_ms));
        }
    }

    fn hear_marks(&mut self, peer: LineageId, entries: &[MarkEntry], now_ms: u64) {
        // A peer that tells takes them too.
        self.begin_marks(peer, now_ms);
        let Some(marks) = &mut self.marks else { return };
        let denied = marks.handle(peer, entries, now_ms);
        self.note_times(Wrong::Denied, denied, None);
    }

    /// What marks have for the peer.
    pub(super) fn poll_marks(&mut self, now_ms: u64) -> Option<Task> {
        let marks = self.marks.as_mut().filter(|_| self.replica.is_up());
        marks.and_then(|marks| marks.poll(now_ms)).map(Task::Send)
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
