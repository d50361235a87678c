//! What of our own logs a peer holds that we do not, after an older copy of our disk was restored
//! (`docs/protocol/` sections 7.7 and 8.8). It must not say what is to be done about it.

use comity_machine::Ahead;
use comity_protocol::frame::{LogKind, VectorEntry, WireLog};
use comity_protocol::id::{LineageId, LogId, ShortHash};

use super::exchange::Exchange;

/// Heads of our own logs, as a peer stated them, that go beyond what we hold.
#[derive(Debug, Default)]
pub(super) struct Lost {
    /// The control logs among them.
    pub(super) ahead: Vec<Ahead>,
    /// What to ask the peer for: the log, the first record that we lack, and the last.
    pub(super) wants: Vec<(WireLog, u64, u64)>,
}

/// Rows read for one statement of a peer's heads; a control log that is not looked at counts as the
/// same.
const COMPARED_ROWS_MAX: usize = 1_024;

impl Exchange {
    /// What of our own logs a peer states that we do not hold.
    pub(super) fn lost(&self, peer: LineageId, entries: &[VectorEntry]) -> Lost {
        let mut lost = Lost::default();
        let mut reads = 0;
        for entry in entries.iter().filter(|entry| entry.log.origin == self.lineage) {
            let Some(held) = self.held(peer, &entry.log) else { continue };
            let is_control = entry.log.kind == LogKind::Control;
            let seq = if entry.seq > held {
                lost.wants.push((entry.log, held + 1, entry.seq));
                entry.seq
            } else if is_control && reads < COMPARED_ROWS_MAX {
                reads += 1;
                if !self.contradicts(peer, entry) {
                    continue;
                }
                u64::MAX
            } else {
                continue;
            };
            if is_control {
                let (channel, term) = (entry.log.channel, entry.log.number);
                lost.ahead.push(Ahead { channel, term, seq });
            }
        }
        lost
    }

    /// How far we hold a log of ours in a channel that a peer shares; `None` where it shares none.
    fn held(&self, peer: LineageId, log: &WireLog) -> Option<u64> {
        let state = self.shared.state();
        let (_, channel) = state.channel(&log.channel)?;
        let stay = channel.peers.get(&peer)?;
        let known = channel.logs.get(&LogId::from(*log).name);
        stay.to.is_none().then(|| known.map_or(0, |known| known.end.seq()))
    }

    fn contradicts(&self, peer: LineageId, entry: &VectorEntry) -> bool {
        let found = self.shared_log(peer, &entry.log);
        let rows = found.and_then(|(no, log)| self.rows_of(no, log.no));
        let ours = rows.and_then(|mut rows| rows.hash(entry.seq));
        ours.is_some_and(|ours| ShortHash::from(ours) != entry.hash)
    }
}
