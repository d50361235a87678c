//! Erasure (`docs/protocol/` section 3.6): whose body goes, by whose word. The rows are the
//! store's; what is to be erased and is not here yet is remembered with its log.

use comity_protocol::code::Code;
use comity_protocol::control::{ControlAct, Moderation};
use comity_protocol::cursor::Pos;
use comity_protocol::event::{Erasure, EventAct};
use comity_protocol::id::{AccountId, AccountNumber, ChannelId, LineageId, LogName, ShortHash};

use crate::answer::Answer;
use crate::channel::{ChannelNo, Log, LogNo};
use crate::rows::RowKey;
use crate::state::{Effects, State};

/// A record whose body is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Erasing {
    /// The channel.
    pub channel: ChannelNo,
    /// The log.
    pub log: LogNo,
    /// Its place.
    pub seq: u64,
    /// Its hash, shortened; a record of another hash stays.
    pub hash: ShortHash,
    /// The record that erases it; zero for one from before our admission.
    pub by: Pos,
}

/// A record as an erasure names it.
pub(crate) type Target = (LogName, u64, ShortHash);

impl State {
    /// Erases a message: by its author's own word, or as a moderator of the group.
    pub(crate) fn erase(
        &mut self,
        account: AccountNumber,
        channel: &ChannelId,
        target: &Moderation,
        author: AccountId,
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        let no = self.joined(account, channel)?;
        if author != self.account_id(account) {
            self.channels[&no].group().ok_or(Code::NotAllowed)?;
            return self.control(account, channel, &ControlAct::Moderate(*target), fx);
        }
        let Moderation { writer, seq, hash, .. } = *target;
        let erasure = Erasure { channel: None, writer, seq, hash };
        let (_, pos) = self.append_event(no, account, &EventAct::Erasure(erasure), None, fx);
        self.take_erasure(no, self.lineage(), &erasure, pos, fx);
        Ok(Answer::Done)
    }

    /// What an organisation erases of its own.
    pub(crate) fn take_erasure(
        &mut self,
        no: ChannelNo,
        origin: LineageId,
        erasure: &Erasure,
        by: Pos,
        fx: &mut Effects,
    ) {
        let Erasure { writer, seq, hash, .. } = *erasure;
        if erasure.channel.is_none() {
            self.erase_target(no, (LogName::Message { origin, writer }, seq, hash), by, fx);
        }
    }

    /// What a moderator removed.
    pub(crate) fn take_moderation(
        &mut self,
        no: ChannelNo,
        moderation: &Moderation,
        by: Pos,
        fx: &mut Effects,
    ) {
        let Moderation { origin, writer, seq, hash } = *moderation;
        // Who comes later reads it before any record of the log.
        self.log_mut(no, LogName::Message { origin, writer });
        self.erase_target(no, (LogName::Message { origin, writer }, seq, hash), by, fx);
    }

    fn erase_target(
        &mut self,
        no: ChannelNo,
        (name, seq, hash): Target,
        by: Pos,
        fx: &mut Effects,
    ) {
        let Some(log) = self.channel_mut(no).logs.get_mut(&name) else { return };
        if log.holds(seq) {
            fx.erased.push(Erasing { channel: no, log: log.no, seq, hash, by });
        } else if log.erased.len() < ERASED_AHEAD_MAX {
            log.erased.insert(seq, hash);
            fx.dirty(RowKey::Log(no, name));
        }
    }
}

impl Log {
    /// Whether a record of it is here, or will not come.
    fn holds(&self, seq: u64) -> bool {
        let is_lacking = self.backlog.as_ref().is_some_and(|backlog| seq <= backlog.until());
        seq > 0 && seq <= self.fed_to() && !is_lacking
    }

    /// Whether a record that comes now was erased before, which is noted no longer.
    pub(crate) fn take_erased(&mut self, seq: u64, hash: ShortHash) -> bool {
        self.erased.remove(&seq) == Some(hash)
    }
}

/// Records of a log that may be erased before they are here; more come with their bodies.
const ERASED_AHEAD_MAX: usize = 1_024;
