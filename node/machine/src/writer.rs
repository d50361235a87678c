//! Under which writer our events go (`docs/protocol/` sections 2 and 4), and what they come after
//! in time. A writer is drawn at every start; here stands when another one is.

use comity_protocol::clock::HybridTime;
use comity_protocol::id::{LogName, WriterId};
use comity_protocol::limits::AHEAD_MS_MAX;

use crate::channel::ChannelNo;
use crate::rows::RowKey;
use crate::state::{Effects, State};

impl State {
    /// The newest time that an event of ours comes after. Where it is far ahead of our clock by
    /// what we wrote alone, our clock was ahead: nobody takes that before its time, so we go on
    /// under another writer and from what the others wrote.
    pub(crate) fn newest_before(&mut self, no: ChannelNo, fx: &mut Effects) -> HybridTime {
        let own = self.lineage();
        let is_ahead = |time: HybridTime| time.unix_ms() > fx.unix_ms.saturating_add(AHEAD_MS_MAX);
        let channel = &self.channels[&no];
        if !is_ahead(channel.newest) {
            return channel.newest;
        }
        let of_others = channel.logs.iter().filter(|(name, _)| match name {
            LogName::Message { origin, .. } => *origin != own,
            LogName::Control { .. } => false,
        });
        let others = of_others.map(|(_, log)| log.time).max().unwrap_or_default();
        let others = others.max(channel.newest_control);
        let name = LogName::Message { origin: own, writer: self.writer() };
        let is_log_ahead = channel.logs.get(&name).is_some_and(|log| is_ahead(log.time));
        if is_log_ahead && !is_ahead(others) {
            self.leave_writer(name, fx);
        }
        others
    }

    /// Goes on under another writer where this is the log that we write at the moment: others take
    /// no more of it, or another copy of us has written there.
    pub(crate) fn leave_writer(&mut self, name: LogName, fx: &mut Effects) {
        let own = self.lineage();
        let Some(identity) = &mut self.identity else { return };
        if name != (LogName::Message { origin: own, writer: identity.writer }) {
            return;
        }
        let seconds = u32::try_from(fx.unix_ms / 1_000).unwrap_or(u32::MAX);
        let [a, b, c, d, ..] = fx.draw();
        identity.writer = WriterId::new(seconds, u32::from_be_bytes([a, b, c, d]));
        fx.dirty(RowKey::Identity);
    }
}
