//! A peer's probes (`docs/protocol/` section 8.12): how often it may ask, and the record of its own
//! that it wants to read back. It dials nobody, and reads no clock.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::ControlFlow;
use std::sync::Mutex;

use comity_protocol::cbor::ByteString;
use comity_protocol::code::Code;
use comity_protocol::event::link_channel;
use comity_protocol::frame::Frame;
use comity_protocol::id::{LineageId, LogName};
use comity_protocol::limits::{PROBE_GAP_MS, PROBES_MAX};
use comity_protocol::probe::{Probe, Probed, ProbedRecord};

use super::end::LinkEnd;
use super::exchange::Exchange;
use super::task::Task;
use crate::edge::lock;

/// Organisations whose probes are counted at a time; those beyond wait until others are forgotten.
const PEERS_MAX: usize = 10_000;

/// How often peers have asked.
#[derive(Default)]
pub(super) struct Probes(Mutex<BTreeMap<LineageId, Asked>>);

#[derive(Default)]
struct Asked {
    /// When the stretch began in which these were asked.
    since_ms: u64,
    count: usize,
    dialled_ms: Option<u64>,
}

impl Asked {
    fn is_over(&self, now_ms: u64) -> bool {
        let dialled_ms = self.dialled_ms.unwrap_or_default();
        self.since_ms.max(dialled_ms).saturating_add(PROBE_GAP_MS) <= now_ms
    }

    /// Counts a probe; whether it may be.
    fn admit(&mut self, dial: bool, now_ms: u64) -> bool {
        if self.count == 0 || self.since_ms.saturating_add(PROBE_GAP_MS) <= now_ms {
            (self.since_ms, self.count) = (now_ms, 0);
        }
        self.count += 1;
        let rested = |at_ms: u64| at_ms.saturating_add(PROBE_GAP_MS) <= now_ms;
        let is_admitted = self.count <= PROBES_MAX && (!dial || self.dialled_ms.is_none_or(rested));
        if dial && is_admitted {
            self.dialled_ms = Some(now_ms);
        }
        is_admitted
    }
}

impl Probes {
    fn admit(&self, peer: LineageId, dial: bool, now_ms: u64) -> bool {
        let mut known = lock(&self.0);
        if known.len() >= PEERS_MAX && !known.contains_key(&peer) {
            known.retain(|_, asked| !asked.is_over(now_ms));
            if known.len() >= PEERS_MAX {
                return false;
            }
        }
        known.entry(peer).or_default().admit(dial, now_ms)
    }
}

impl LinkEnd {
    /// Asks the peer how it is between us; `Task::Probed` tells of the same number.
    pub fn probe(
        &mut self,
        dial: bool,
        record: Option<ProbedRecord>,
        now_ms: u64,
    ) -> Result<u64, Code> {
        self.replica.probe(dial, record, now_ms).map_err(|error| error.code())
    }

    /// Answers the peer's.
    pub fn answer_probe(&mut self, answer: Probed) {
        self.replica.send(Frame::Probed(answer));
    }

    pub(super) fn take_probe(&mut self, peer: LineageId, probe: Probe, now_ms: u64) -> Task {
        let Probe { id, dial, record } = probe;
        let mut answer = Probed { id, ..Probed::default() };
        if !self.exchange.probes.admit(peer, dial, now_ms) {
            answer.code = Some(Code::RateLimited.number());
            return Task::AnswerProbe { answer, dial: false };
        }
        if let Some(record) = record {
            let found = self.exchange.read_back(peer, record);
            self.note_found(found.is_some());
            match found {
                Some(header) => answer.header = Some(header),
                None => answer.code = Some(Code::LogUnknown.number()),
            }
        }
        Task::AnswerProbe { answer, dial }
    }
}

impl Exchange {
    /// The header of a record of the peer's in the link channel with it, as it is stored here.
    fn read_back(&self, peer: LineageId, record: ProbedRecord) -> Option<ByteString> {
        let (no, log) = {
            let state = self.shared.state();
            let (no, channel) = state.channel(&link_channel(self.lineage, peer))?;
            let name = LogName::Message { origin: peer, writer: record.writer };
            (no, channel.logs.get(&name)?.no)
        };
        let mut header = None;
        let view = self.shared.view().inspect_err(|error| unreadable(error)).ok()?;
        let read = view.log(no, log, record.seq, &mut |_, row| {
            header = (row.seq == record.seq).then_some(row.header);
            ControlFlow::Break(())
        });
        read.inspect_err(|error| unreadable(error)).ok().and(header)
    }
}

fn unreadable(error: &dyn Display) {
    tracing::error!(%error, "a record that a peer wants to read back cannot be read");
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVIL: LineageId = LineageId([6; 32]);
    const GLOBEX: LineageId = LineageId([7; 32]);

    #[test]
    fn a_peer_is_dialled_once_a_minute_and_answered_so_often() {
        let probes = Probes::default();
        assert!(probes.admit(EVIL, true, 1_000));
        assert!(!probes.admit(EVIL, true, 1_000 + PROBE_GAP_MS - 1));
        assert!(probes.admit(GLOBEX, true, 1_001), "one organisation does not hold up another");
        for _ in 2..PROBES_MAX {
            assert!(probes.admit(EVIL, false, 30_000));
        }
        assert!(!probes.admit(EVIL, false, 30_000));
        assert!(probes.admit(EVIL, true, 1_000 + PROBE_GAP_MS));
    }

    #[test]
    fn who_asked_long_ago_makes_room() {
        let probes = Probes::default();
        let peer = |i: usize| {
            let mut id = [0; 32];
            id[..8].copy_from_slice(&(i as u64).to_be_bytes());
            LineageId(id)
        };
        for i in 0..PEERS_MAX {
            assert!(probes.admit(peer(i), true, 1));
        }
        assert!(!probes.admit(EVIL, false, 2));
        assert!(probes.admit(EVIL, false, 1 + PROBE_GAP_MS));
    }
}
