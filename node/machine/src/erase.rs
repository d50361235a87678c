//! Erasure (`docs/protocol/` section 3.6): whose body goes, by whose word. The rows are the
//! store's; what is to be erased and is not here yet is remembered with its log.

use comity_protocol::code::Code;
use comity_protocol::control::{ControlAct, Moderation};
use comity_protocol::cursor::Pos;
use comity_protocol::event::{Erasure, EventAct};
use comity_protocol::id::{AccountId, AccountNumber, ChannelId, LineageId, LogName, ShortHash};

use crate::answer::Answer;
use crate::applied::{ErasedBy, Subscriber};
use crate::channel::{ChannelNo, Kind, Log, LogNo};
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
    /// That record's channel: the link channel where an organisation erases what it wrote in a
    /// group that it has left.
    pub by_channel: ChannelNo,
}

/// Another organisation says that it has erased what one of ours wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The log, as this node numbers it.
    pub log: LogNo,
    /// The record.
    pub seq: u64,
    /// Its hash, shortened.
    pub hash: ShortHash,
    /// Who says so.
    pub from: LineageId,
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
        if author != self.account_id(account) {
            let no = self.joined(account, channel)?;
            self.channels[&no].group().ok_or(Code::NotAllowed)?;
            return self.control(account, channel, &ControlAct::Moderate(*target), fx);
        }
        let no = self.been_in(account, channel)?;
        let Moderation { writer, seq, hash, .. } = *target;
        let known = &self.channels[&no];
        if known.group().is_some_and(|group| !group.follows(self.lineage())) {
            // Of a group in which nobody of ours is any more, those who may hold it are told
            // outside.
            let links = known.peers.keys().filter_map(|peer| self.link_with(*peer));
            let links: Vec<ChannelNo> = links.collect();
            let erasure = Erasure { channel: Some(*channel), writer, seq, hash };
            let mut by = None;
            for link in links {
                let (_, pos) =
                    self.append_event(link, account, &EventAct::Erasure(erasure), None, fx);
                by.get_or_insert((link, pos));
            }
            let name = LogName::Message { origin: self.lineage(), writer };
            self.erase_target(no, (name, seq, hash), by.unwrap_or((no, Pos::default())), fx);
            return Ok(Answer::Done);
        }
        let erasure = Erasure { channel: None, writer, seq, hash };
        let (_, pos) = self.append_event(no, account, &EventAct::Erasure(erasure), None, fx);
        self.take_erasure(no, self.lineage(), &erasure, pos, fx);
        Ok(Answer::Done)
    }

    /// A channel that an account is in, or was in once: what it wrote there it may erase.
    fn been_in(&self, account: AccountNumber, channel: &ChannelId) -> Result<ChannelNo, Code> {
        let (no, known) = self.channel(channel).ok_or(Code::ChannelNotFound)?;
        let own = self.account_id(account);
        let member = known.group().and_then(|group| group.state.members.get(&own));
        if member.is_some_and(|member| !member.stays.is_empty()) {
            return Ok(no);
        }
        self.joined(account, channel)
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
        let Erasure { channel, writer, seq, hash } = *erasure;
        let is_link = matches!(self.channels[&no].kind, Kind::Link { .. });
        let target = match channel {
            None => (!is_link).then_some(no),
            Some(group) => self
                .channel(&group)
                .filter(|(_, known)| {
                    is_link && known.group().is_some() && known.peers.contains_key(&origin)
                })
                .map(|(no, _)| no),
        };
        if let Some(target) = target {
            let name = LogName::Message { origin, writer };
            // Logs of one origin may come in any order, and by way of others.
            if self.channels[&target].writers_of(origin).count() < ERASED_LOGS_MAX {
                self.log_mut(target, name);
            }
            self.erase_target(target, (name, seq, hash), (no, by), fx);
        }
    }

    /// Accounts of ours that see what an organisation erases in a group that it has left.
    pub(crate) fn readers_of(&self, channel: &ChannelId) -> Vec<AccountNumber> {
        let known = self.channel(channel).filter(|(_, known)| known.group().is_some());
        let local = known.into_iter().flat_map(|(_, known)| known.audience.local.iter());
        local.filter_map(Subscriber::account).collect()
    }

    /// Takes an organisation's word that it has erased what one of ours wrote.
    pub(crate) fn take_receipt(&self, from: LineageId, erasure: &Erasure, fx: &mut Effects) {
        let Erasure { channel, writer, seq, hash } = *erasure;
        let Some((_, known)) = channel.and_then(|channel| self.channel(&channel)) else { return };
        let name = LogName::Message { origin: self.lineage(), writer };
        let log = known.logs.get(&name).filter(|log| (1..=log.end.seq()).contains(&seq));
        if let Some(log) = log.filter(|_| known.peers.contains_key(&from)) {
            fx.receipts.push(Receipt { log: log.no, seq, hash, from });
        }
    }

    /// Tells the organisation of who wrote a text that it is erased here.
    pub(crate) fn send_receipt(
        &mut self,
        no: ChannelNo,
        (name, seq, hash): Target,
        fx: &mut Effects,
    ) {
        let LogName::Message { origin, writer } = name else { return };
        let Some(link) = self.link_with(origin) else { return };
        let erasure = Erasure { channel: Some(self.channels[&no].id), writer, seq, hash };
        self.append_event(link, AccountNumber(0), &EventAct::Erased(erasure), None, fx);
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
        let name = LogName::Message { origin, writer };
        // Who comes later reads it before any record of the log.
        self.log_mut(no, name);
        self.erase_target(no, (name, seq, hash), (no, by), fx);
    }

    fn erase_target(
        &mut self,
        no: ChannelNo,
        target: Target,
        (by_channel, by): (ChannelNo, Pos),
        fx: &mut Effects,
    ) {
        let (name, seq, hash) = target;
        let Some(log) = self.channel_mut(no).logs.get_mut(&name) else { return };
        if log.holds(seq) {
            let log = log.no;
            fx.erased.push(Erasing { channel: no, log, seq, hash, by, by_channel });
            self.send_receipt(no, target, fx);
        } else if log.erased.len() < ERASED_AHEAD_MAX {
            log.erased.insert(seq, hash);
            fx.dirty(RowKey::Log(no, name));
        }
    }
}

impl Log {
    /// Whether a record of it is here, or will not come.
    fn holds(&self, seq: u64) -> bool {
        let is_lacking = self.backlog.as_ref().is_some_and(|backlog| backlog.lacks(seq));
        seq > 0 && seq <= self.fed_to() && !is_lacking
    }

    /// By what a record that comes now was erased before, which is noted no longer; of age it is
    /// where the channel's horizon is beyond it.
    pub(crate) fn erased_before(
        &mut self,
        seq: u64,
        hash: ShortHash,
        is_of_age: bool,
    ) -> Option<ErasedBy> {
        if self.erased.remove(&seq) == Some(hash) {
            return Some(ErasedBy::Record);
        }
        is_of_age.then_some(ErasedBy::Retention)
    }
}

/// Logs of an origin in a channel up to which one that is not here yet is noted for an erasure.
const ERASED_LOGS_MAX: usize = 1_024;
/// Records of a log that may be erased before they are here; more come with their bodies.
const ERASED_AHEAD_MAX: usize = 1_024;
