//! What of our own logs a peer holds that we do not, after an older copy of our disk was restored
//! (`docs/protocol/` sections 7.7 and 8.8). It must not say what is to be done about it.

use std::collections::{BTreeMap, BTreeSet};

use comity_machine::Ahead;
use comity_protocol::frame::{LogKind, VectorEntry, WireLog};
use comity_protocol::id::{ChannelId, LineageId, LogId, LogName};

use super::exchange::Exchange;
use super::forks::is_shared;

/// How far a peer holds control logs of ours where that is beyond us, or something else: the term
/// and the record, as [`Ahead`] has them. One of each group, so that the groups bound it.
type AheadOf = BTreeMap<ChannelId, (u64, u64)>;

/// What to ask a peer for: the log, the first record that we lack, and the last.
pub(super) type Lacking = (WireLog, u64, u64);

/// What a peer states of our own logs, as its heads come.
#[derive(Default)]
pub(super) struct StatedOfOurs {
    ahead: AheadOf,
    /// Control logs of ours that it holds otherwise than we do, although it is no member as far as
    /// we know. Our groups bound them.
    claimed: BTreeSet<WireLog>,
    /// Whether it holds more than we do of a log that we write at the moment.
    is_writer_ahead: bool,
}

/// What follows from some heads.
pub(super) struct Heard {
    /// What to ask the peer for.
    pub(super) lacking: Vec<Lacking>,
    /// Logs of which it holds another history than we do.
    pub(super) suspects: Vec<WireLog>,
}

impl StatedOfOurs {
    /// Takes some of the peer's heads.
    pub(super) fn hear(
        &mut self,
        exchange: &Exchange,
        (domain, peer): (Option<&str>, LineageId),
        entries: &[VectorEntry],
    ) -> Heard {
        let lacking = exchange.lost(peer, entries, &mut self.ahead);
        self.is_writer_ahead |= exchange.is_writer_ahead(entries);
        let claimed = exchange.claimed(peer, entries);
        if !claimed.is_empty() {
            tracing::warn!(
                peer = domain,
                groups = claimed.len(),
                "an organisation holds other control logs of our groups than this node, which does \
                 not know it as a member: as after a restore, they are taken back or found to be \
                 split"
            );
        }
        self.claimed.extend(claimed.iter().map(|(log, _)| *log));
        let suspects = claimed.into_iter().filter(|(_, contradicts)| *contradicts);
        Heard { lacking, suspects: suspects.map(|(log, _)| log).collect() }
    }

    /// The peer has stated all its heads: in which groups it holds more than we do, as a command
    /// carries it, and whether it holds more of a log that we write at the moment.
    pub(super) fn finish(&mut self) -> (Vec<Ahead>, bool) {
        let ahead = std::mem::take(&mut self.ahead).into_iter();
        let ahead = ahead.map(|(channel, (term, seq))| Ahead { channel, term, seq });
        (ahead.collect(), std::mem::take(&mut self.is_writer_ahead))
    }

    /// Control logs of ours of which it has shown that it may be a member of their groups.
    pub(super) fn claimed(&self) -> &BTreeSet<WireLog> {
        &self.claimed
    }
}

impl Exchange {
    /// What of our own logs a peer states that we do not hold; of control logs it is noted.
    fn lost(&self, peer: LineageId, entries: &[VectorEntry], ahead: &mut AheadOf) -> Vec<Lacking> {
        let (mut lacking, mut reads) = (Vec::new(), 0);
        for entry in entries.iter().filter(|entry| entry.log.origin == self.lineage) {
            let Some((held, is_member)) = self.held(peer, &entry.log) else { continue };
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
            // Who is no member, as far as we know, is not waited for, whatever he states.
            if is_control && is_member {
                let place = ahead.entry(entry.log.channel).or_default();
                *place = (*place).max((entry.log.number, seq));
            }
        }
        lacking
    }

    /// Whether a peer states more than we hold of a log that we write at the moment.
    fn is_writer_ahead(&self, entries: &[VectorEntry]) -> bool {
        let state = self.shared.state();
        let Some(identity) = &state.identity else { return false };
        let name = LogName::Message { origin: identity.lineage, writer: identity.writer };
        entries.iter().any(|entry| {
            let log = LogId::from(entry.log);
            let known = state.channel(&log.channel).and_then(|(_, c)| c.logs.get(&log.name));
            log.name == name && known.is_some_and(|known| known.end.seq() < entry.seq)
        })
    }

    /// How far we hold a log of ours in a channel that a peer shares, or says to share, and whether
    /// it does; `None` where the channel is not known, or where it is for two others.
    fn held(&self, peer: LineageId, log: &WireLog) -> Option<(u64, bool)> {
        let state = self.shared.state();
        let (_, channel) = state.channel(&log.channel)?;
        let known = channel.logs.get(&LogId::from(*log).name);
        let is_member = is_shared(channel, peer);
        // Its admission may be among what we have lost; what is given back, we have signed.
        let may_be_member = is_member || channel.group().is_some();
        may_be_member.then(|| (known.map_or(0, |known| known.end.seq()), is_member))
    }
}
