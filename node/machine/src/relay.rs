//! What is lacking of a log that a member states more of (`docs/protocol/` section 8.5): any member
//! may pass on what its origin does not bring, and the origin itself may have been refused it when
//! it did.

use comity_protocol::id::{LineageId, LogId, LogName};

use crate::channel::Log;
use crate::group::Group;
use crate::state::State;

/// What is to be asked of who passes a log on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// Nothing: all that counts is here, or the peer may not show it.
    Nothing,
    /// Something, but what it goes on from has to come first.
    Later,
    /// All from a record on.
    From(u64),
}

impl State {
    /// What we lack of a log of which a peer holds so many records.
    pub fn lack_of(&self, peer: LineageId, log: &LogId, seq: u64) -> Lack {
        let (LogName::Message { origin, .. } | LogName::Control { home: origin, .. }) = log.name;
        if origin == self.lineage() {
            return Lack::Nothing;
        }
        let Some((_, channel)) = self.channel(&log.channel) else {
            return match log.name {
                _ if !self.awaits(&log.channel) => Lack::Nothing,
                LogName::Control { .. } => Lack::From(1),
                LogName::Message { .. } => Lack::Later,
            };
        };
        let is_message = matches!(log.name, LogName::Message { .. });
        // Who is out and asks to come in again may be in by records that others show.
        let comes_back = !is_message && self.awaits(&log.channel);
        let is_in = |group: &&Group| group.follows(self.lineage()) || comes_back;
        let Some(group) = channel.group().filter(is_in) else { return Lack::Nothing };
        // The peer may be a member by control records that it alone can show.
        let is_stranger = is_message && !channel.sharing_peers().any(|sharing| sharing == peer);
        match group.has_log(log.name) {
            Some(false) => return Lack::Nothing,
            Some(true) if !is_stranger => {}
            _ => return Lack::Later,
        }
        let known = channel.logs.get(&log.name);
        let held = known.map_or(0, Log::fed_to);
        let is_whole = seq.min(group.last_that_counts(log.name)) <= held;
        if is_whole || known.is_some_and(|known| known.takes(held + 1) == 0) {
            return Lack::Nothing;
        }
        // What a log had stated below our floor its origin says itself, and nobody else.
        let awaits_start = |log: &Log| log.awaits_start().is_some() && log.start.is_none();
        if origin != peer && known.is_some_and(awaits_start) {
            return Lack::Later;
        }
        Lack::From(held + 1)
    }
}

impl Group {
    /// Whether there may be such a log; `None` where control records that are not here yet say it.
    fn has_log(&self, name: LogName) -> Option<bool> {
        match name {
            LogName::Control { .. } => self.knows_log(name),
            LogName::Message { origin, .. } => {
                self.state.organisations.contains_key(&origin).then_some(true)
            }
        }
    }

    /// The last record of a log that may have an effect: what an organisation that is out wrote and
    /// V does not cover is rejected by everybody, as is what stands above where a log was closed.
    fn last_that_counts(&self, name: LogName) -> u64 {
        match name {
            LogName::Message { origin, writer }
                if !self.follows(origin) || self.is_closed((origin, writer)) =>
            {
                self.covered((origin, writer))
            }
            _ => u64::MAX,
        }
    }
}
