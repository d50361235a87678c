//! From where on an account reads a group whose rule hides what was before it came
//! (`docs/protocol/` section 6). It must not read rows: whoever has one asks.

use std::sync::Arc;

use comity_protocol::clock::HybridTime;
use comity_protocol::cursor::Pos;
use comity_protocol::id::{AccountNumber, ChannelId, LogName};
use comity_protocol::limits::LATE_MS;

use crate::applied::{Applied, Subscriber};
use crate::channel::{Channel, ChannelNo};
use crate::group::{Group, Place};
use crate::state::{Effects, State};

/// The record that let an account into a group, where the group's rule hides what was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entrance {
    place: Place,
    pos: Pos,
    since: HybridTime,
}

impl Entrance {
    /// Nothing older is ever shown. What comes that late was written before the account came, and
    /// pages need not look for it any further down.
    pub fn oldest(&self) -> HybridTime {
        HybridTime::from_unix_ms(self.since.unix_ms().saturating_sub(LATE_MS))
    }

    /// Whether a record is from before: V at the record that let the account in covers it, this
    /// node had it by then, or it is older by more than [`LATE_MS`].
    pub fn hides(
        &self,
        group: &Group,
        name: &LogName,
        seq: u64,
        (pos, time): (Pos, HybridTime),
    ) -> bool {
        match name {
            LogName::Control { term, .. } => (*term, seq) < self.place,
            LogName::Message { origin, writer } => {
                let covered = group.cover_at((*origin, *writer), self.place);
                pos < self.pos || seq <= covered || time < self.oldest()
            }
        }
    }
}

impl State {
    /// Since when an account of ours reads a group, where its rule hides what was before. Whoever
    /// founded it has seen all of it.
    pub fn entrance(&self, no: ChannelNo, account: AccountNumber) -> Option<Entrance> {
        let group = self.channels.get(&no)?.group().filter(|group| group.state.since_joining)?;
        let member = group.state.members.get(&self.account_id(account))?;
        let (place, _) = *member.stays.last().filter(|(place, _)| *place != FOUNDING)?;
        let stay = self.accounts.get(&account)?.channels.get(&no)?;
        Some(Entrance { place, pos: stay.from, since: stay.since })
    }

    /// Whether a message-log record is hidden from an account of ours.
    pub fn hides(&self, account: AccountNumber, applied: &Applied) -> bool {
        let (no, name) = (applied.channel, &applied.log.name);
        let Some(entrance) = self.entrance(no, account) else { return false };
        let group = self.channels.get(&no).and_then(Channel::group);
        let is_event = matches!(name, LogName::Message { .. });
        let at = (applied.pos, applied.time);
        is_event && group.is_some_and(|group| entrance.hides(group, name, applied.seq, at))
    }

    /// The time of the newest message that an account of ours may know of.
    pub fn last_message_for(&self, no: ChannelNo, account: AccountNumber) -> Option<HybridTime> {
        let heard = self.accounts.get(&account).and_then(|account| account.heard.get(&no));
        let last = match heard {
            Some(heard) => Some(*heard).filter(|time| *time != HybridTime::default())?,
            None => self.last_message(no)?,
        };
        let entrance = self.entrance(no, account);
        entrance.is_none_or(|entrance| last > entrance.since).then_some(last)
    }

    /// Whether an account of ours reads a channel at the moment.
    pub fn audience_has(&self, channel: &ChannelId, account: AccountNumber) -> bool {
        let subscriber = Subscriber::Account(account);
        self.channel(channel).is_some_and(|(_, known)| known.audience.local.contains(&subscriber))
    }

    /// Takes those from the audience of the newest record that came too late to be theirs.
    pub(crate) fn narrow_audience(&self, fx: &mut Effects) {
        let Some(applied) = fx.applied.last_mut() else { return };
        let LogName::Message { origin, writer } = applied.log.name else { return };
        let Some(channel) = self.channels.get(&applied.channel) else { return };
        let Some(group) = channel.group().filter(|group| group.state.since_joining) else { return };
        let late_ms = applied.time.unix_ms().saturating_add(LATE_MS);
        let is_late = late_ms < channel.entered.unix_ms();
        if !is_late && applied.seq > group.covered((origin, writer)) {
            return;
        }
        let sees = |subscriber: &Subscriber| match subscriber {
            Subscriber::Account(account) => !self.hides(*account, applied),
            Subscriber::Peer(_) => true,
        };
        let audience: Vec<Subscriber> = applied.audience.iter().copied().filter(sees).collect();
        applied.audience = Arc::from(audience);
    }

    /// The newest time at which an account of ours that is in a channel came into it.
    pub(crate) fn newest_entrance(&self, no: ChannelNo, local: &[AccountNumber]) -> HybridTime {
        let stays =
            local.iter().filter_map(|account| self.accounts.get(account)?.channels.get(&no));
        stays.map(|stay| stay.since).max().unwrap_or_default()
    }
}

impl Effects {
    /// When the record that is being placed lets somebody in: its time, or that of its coming where
    /// its writer's clock is ahead.
    pub(crate) fn entered(&self) -> HybridTime {
        // Of commands before nothing may be known here.
        let last = self.applied.last().filter(|applied| applied.pos.command() == self.command);
        let stated = last.map_or(HybridTime::default(), |applied| applied.time);
        stated.min(HybridTime::from_unix_ms(self.unix_ms))
    }
}

/// The place of a group's first record.
const FOUNDING: Place = (1, 1);
