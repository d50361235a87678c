//! Logs that have ended and are closed (`docs/protocol/` section 7.4): they leave V for one digest,
//! and what stands above where V was is rejected. It must not know when a home closes one.

use comity_protocol::code::Code;
use comity_protocol::control::{ClosedLog, Closing, CoverEntry};
use comity_protocol::event::LogStart;
use comity_protocol::id::{LineageId, ShortHash, WriterId};
use comity_protocol::limits::ENDED_LOGS_MAX;
use minicbor::{Decode, Encode};

use super::Group;
use super::state::ControlState;

/// A log that its origin has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Ended {
    /// Its last record, as its origin said first.
    #[n(0)]
    pub seq: u64,
    /// When that came here, in Unix milliseconds.
    #[n(1)]
    pub unix_ms: u64,
}

impl Group {
    /// Whether a log is closed.
    pub fn is_closed(&self, log: (LineageId, WriterId)) -> bool {
        self.closed.contains_key(&log)
    }

    /// Up to where V covers each log, or did when it was closed.
    pub fn covers(&self) -> impl Iterator<Item = ((LineageId, WriterId), (u64, ShortHash))> {
        self.state.cover.iter().chain(&self.closed).map(|(log, end)| (*log, *end))
    }

    /// Up to where V covers a log, or did when it was closed.
    pub fn covered(&self, log: (LineageId, WriterId)) -> u64 {
        let end = self.state.cover.get(&log).or_else(|| self.closed.get(&log));
        end.map_or(0, |(seq, _)| *seq)
    }

    /// Notes which logs of its origin the start of a log says have ended: of one origin no more
    /// than a start may list.
    pub(crate) fn note_ended(&mut self, origin: LineageId, start: &LogStart, unix_ms: u64) -> bool {
        let before = self.ended.len();
        let open = |log| !self.closed.contains_key(&(origin, log));
        let listed = start.ended.iter().flatten().filter(|ended| open(ended.writer));
        let all = (origin, WriterId(0))..=(origin, WriterId(u64::MAX));
        let room = ENDED_LOGS_MAX.saturating_sub(self.ended.range(all).count());
        // What finds no room is said again by the next log.
        for ended in listed.take(room) {
            let known = self.ended.entry((origin, ended.writer));
            known.or_insert(Ended { seq: ended.seq, unix_ms });
        }
        self.ended.len() > before
    }

    /// Whether V names every log that is to be closed, after the entries that close with it.
    pub(super) fn check_closing(
        &self,
        closing: &Closing,
        entries: &[CoverEntry],
    ) -> Result<(), Code> {
        let is_named = |log: &(LineageId, WriterId)| {
            let is_stated = |entry: &CoverEntry| (entry.origin, entry.writer) == *log;
            self.state.cover.contains_key(log) || entries.iter().any(is_stated)
        };
        let mut logs = closing.logs.iter().map(|log| (log.origin, log.writer));
        if closing.is_sound() && logs.all(|log| is_named(&log)) {
            Ok(())
        } else {
            Err(Code::Malformed)
        }
    }

    /// Lets a closing take effect, which was judged.
    pub(super) fn close_logs(&mut self, closing: &Closing) {
        for log in &closing.logs {
            if let Some(end) = self.state.close(log) {
                self.closed.insert((log.origin, log.writer), end);
                self.ended.remove(&(log.origin, log.writer));
            }
        }
    }
}

impl ControlState {
    /// Takes a log out of V, and into what stands for all closed ones: where it ends.
    fn close(&mut self, log: &ClosedLog) -> Option<(u64, ShortHash)> {
        let (seq, hash) = self.cover.remove(&(log.origin, log.writer))?;
        self.closed = Some(log.digest(self.closed, seq, hash));
        Some((seq, hash))
    }
}
