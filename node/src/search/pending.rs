//! What of the rows the index does not have yet: by channel from a pos on, by log from a record on.
//! It is bounded by how many channels and logs there are, whatever is written, so that the writer
//! never waits for it.

use std::collections::BTreeMap;

use comity_machine::{Applied, ChannelNo, LogNo, State};
use comity_protocol::cursor::Pos;

/// What is to be looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pending {
    /// Channels, each from a pos on.
    pub(super) channels: BTreeMap<ChannelNo, Pos>,
    /// Logs of which history came, each from a record on.
    pub(super) logs: BTreeMap<LogNo, (ChannelNo, u64)>,
}

impl Pending {
    /// Everything that a state knows of.
    pub(super) fn all(state: &State) -> Self {
        let logs = state
            .channels
            .iter()
            .flat_map(|(no, channel)| channel.logs.values().map(|log| (log.no, (*no, 0))));
        Self { logs: logs.collect(), ..Self::since(state, Pos(0)) }
    }

    /// All channels from a pos on.
    pub(super) fn since(state: &State, from: Pos) -> Self {
        let channels = state.channels.keys().map(|no| (*no, from)).collect();
        Self { channels, logs: BTreeMap::new() }
    }

    /// A record was applied.
    pub(super) fn note(&mut self, applied: &Applied) {
        if applied.pos == Pos(0) {
            let log = self.logs.entry(applied.log_no).or_insert((applied.channel, applied.seq));
            log.1 = log.1.min(applied.seq);
        } else {
            let from = self.channels.entry(applied.channel).or_insert(applied.pos);
            *from = (*from).min(applied.pos);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.channels.is_empty() && self.logs.is_empty()
    }

    /// How much there is to look at, in channels and logs.
    pub(super) fn len(&self) -> usize {
        self.channels.len() + self.logs.len()
    }
}
