//! What of our own logs a peer holds that we do not, after an older copy of our disk was restored
//! (`docs/protocol/` sections 7.7 and 8.8). It must not say what is to be done about it.

use std::collections::BTreeMap;

use comity_machine::Ahead;
use comity_protocol::frame::{LogKind, VectorEntry, WireLog};
use comity_protocol::id::{ChannelId, LineageId, LogId};

use super::exchange::Exchange;
use super::forks::is_shared;

/// How far a peer holds control logs of ours where that is beyond us, or something else: the term
/// and the record, as [`Ahead`] has them. One of each group, so that the groups bound it.
pub(super) type AheadOf = BTreeMap<ChannelId, (u64, u64)>;

/// What to ask a peer for: the log, the first record that we lack, and the last.
pub(super) type Lacking = (WireLog, u64, u64);

/// As a command carries it.
pub(super) fn stated(ahead: AheadOf) -> Vec<Ahead> {
    ahead.into_iter().map(|(channel, (term, seq))| Ahead { channel, term, seq }).collect()
}

impl Exchange {
    /// What of our own logs a peer states that we do not hold; of control logs it is noted.
    pub(super) fn lost(
        &self,
        peer: LineageId,
        entries: &[VectorEntry],
        ahead: &mut AheadOf,
    ) -> Vec<Lacking> {
        let (mut lacking, mut reads) = (Vec::new(), 0);
        for entry in entries.iter().filter(|entry| entry.log.origin == self.lineage) {
            let Some(held) = self.held(peer, &entry.log) else { continue };
            let is_control = entry.log.kind == LogKind::Control;
            let seq = if entry.seq > held {
                lacking.push((entry.log, held + 1, entry.seq));
                entry.seq
            } else if is_control {
                let found = self.shared_log(peer, &entry.log);
                let differs = found.is_some_and(|found| self.contradicts(found, entry, &mut reads));
                if !differs {
                    continue;
                }
                u64::MAX
            } else {
                continue;
            };
            if is_control {
                let place = ahead.entry(entry.log.channel).or_default();
                *place = (*place).max((entry.log.number, seq));
            }
        }
        lacking
    }

    /// How far we hold a log of ours in a channel that a peer shares; `None` where it shares none.
    fn held(&self, peer: LineageId, log: &WireLog) -> Option<u64> {
        let state = self.shared.state();
        let (_, channel) = state.channel(&log.channel)?;
        let known = channel.logs.get(&LogId::from(*log).name);
        is_shared(channel, peer).then(|| known.map_or(0, |known| known.end.seq()))
    }
}
