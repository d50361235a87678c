//! Groups that are found without an invitation: by aliases of our domain, and by a join rule that
//! lets in who asks (`docs/protocol/` section 8.6). An alias is ours alone, no control record: it
//! names a group that one of us is in. Missing and forbidden look alike here; who is let in is the
//! home's to say.

use std::ops::Bound;

use comity_protocol::code::Code;
use comity_protocol::control::{JoinRule, Role};
use comity_protocol::directory::{Offer, OfferedGroup, Seek};
use comity_protocol::id::{AccountNumber, ChannelId};
use comity_protocol::limits::OFFERED_GROUPS_MAX;
use comity_protocol::name::AccountName;

use crate::account::Standing;
use crate::answer::Answer;
use crate::applied::Subscriber;
use crate::channel::{Channel, ChannelNo};
use crate::rows::RowKey;
use crate::state::{Effects, State};

/// Aliases of one group.
pub(crate) const ALIASES_PER_GROUP_MAX: usize = 8;
/// Aliases that stand by one account's act.
pub(crate) const ALIASES_PER_ACCOUNT_MAX: usize = 32;

impl State {
    /// Gives a group an alias of our domain. Any owner of ours may, wherever the group's home is.
    pub(crate) fn set_alias(
        &mut self,
        account: AccountNumber,
        channel: &ChannelId,
        name: &str,
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        if name.parse::<AccountName>().is_err() {
            return Err(Code::NameInvalid);
        }
        let no = self.owned(account, channel)?;
        match self.alias(name) {
            Some(there) if there == no => return Ok(Answer::Done),
            Some(_) => return Err(Code::AliasTaken),
            None => {}
        }
        let of_group = self.channels[&no].aliases.len();
        if of_group >= ALIASES_PER_GROUP_MAX || self.aliases_by(account) >= ALIASES_PER_ACCOUNT_MAX
        {
            return Err(Code::AliasLimit);
        }
        // One that has lapsed is free.
        self.drop_alias(name, fx);
        self.aliases.insert(name.to_owned(), no);
        self.channel_mut(no).aliases.insert(name.to_owned(), account);
        fx.dirty(RowKey::Channel(no));
        Ok(Answer::Done)
    }

    /// Takes an alias back; any owner of ours may.
    pub(crate) fn remove_alias(
        &mut self,
        account: AccountNumber,
        name: &str,
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        let no = self.alias(name).ok_or(Code::ChannelNotFound)?;
        let channel = self.channels[&no].id;
        self.owned(account, &channel)?;
        self.drop_alias(name, fx);
        Ok(Answer::Done)
    }

    /// The groups that an account of ours, or any account of a peer, may join. An account also
    /// finds those that it is in or invited to, but not by page.
    pub fn offer(&self, to: Subscriber, seek: &Seek) -> Offer {
        match seek {
            Seek::Alias { name } => self.offer_one(to, self.alias(name)),
            Seek::Channel { channel } => {
                let no = self.channel_numbers.get(channel).copied();
                self.offer_one(to, no.filter(|no| self.is_listed(*no)))
            }
            Seek::Page { count, after } => self.offer_page(to, usize::from(*count), *after),
        }
    }

    /// The names of a group's aliases.
    pub fn aliases_of(&self, no: ChannelNo) -> impl Iterator<Item = &str> {
        let channel = self.channels.get(&no).filter(|_| self.is_in(no));
        channel.into_iter().flat_map(|channel| channel.aliases.keys()).map(String::as_str)
    }

    /// Brings the index of groups that are open to somebody in line with a group's join rule.
    pub(crate) fn refresh_open(&mut self, no: ChannelNo) {
        let Some(channel) = self.channels.get(&no) else { return };
        let is_open =
            channel.group().is_some_and(|group| group.state.join_rule != JoinRule::Invited);
        if is_open {
            self.open.insert(channel.id);
        } else {
            self.open.remove(&channel.id);
        }
    }

    /// The group of an alias. It lapses where nobody of ours is left in the group, of which we hear
    /// nothing more.
    fn alias(&self, name: &str) -> Option<ChannelNo> {
        self.aliases.get(name).copied().filter(|no| self.is_in(*no))
    }

    /// Aliases that stand by an account's act.
    fn aliases_by(&self, account: AccountNumber) -> usize {
        let by = |(name, no): &(&String, &ChannelNo)| {
            self.is_in(**no) && self.channels[*no].aliases.get(*name) == Some(&account)
        };
        self.aliases.iter().filter(by).count()
    }

    fn drop_alias(&mut self, name: &str, fx: &mut Effects) {
        if let Some(no) = self.aliases.remove(name) {
            self.channel_mut(no).aliases.remove(name);
            fx.dirty(RowKey::Channel(no));
        }
    }

    /// A group that an account owns.
    fn owned(&self, account: AccountNumber, channel: &ChannelId) -> Result<ChannelNo, Code> {
        let no = self.joined(account, channel)?;
        let group = self.channels[&no].group().ok_or(Code::NotAGroup)?;
        let role = group.state.role(&self.account_id(account));
        if role == Some(Role::Owner) { Ok(no) } else { Err(Code::NotAllowed) }
    }

    fn offer_one(&self, to: Subscriber, no: Option<ChannelNo>) -> Offer {
        let channel = no.and_then(|no| self.channels.get(&no).map(|channel| (no, channel)));
        let found = channel.filter(|(no, channel)| self.admits(to, channel) || self.knows(to, *no));
        let groups = found.and_then(|(no, channel)| self.offered(no, channel)).into_iter();
        Offer { groups: groups.collect(), more: false }
    }

    fn offer_page(&self, to: Subscriber, count: usize, after: Option<ChannelId>) -> Offer {
        let count = count.min(OFFERED_GROUPS_MAX);
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let ids = self.open.range((from, Bound::Unbounded));
        let mut found = ids.filter_map(|id| {
            let (no, channel) = self.channel(id)?;
            let is_offered = self.is_listed(no) && self.admits(to, channel);
            is_offered.then(|| self.offered(no, channel)).flatten()
        });
        let groups = found.by_ref().take(count).collect();
        Offer { groups, more: found.next().is_some() }
    }

    /// Whether a group is ours to offer: we are its home, or it has an alias here.
    fn is_listed(&self, no: ChannelNo) -> bool {
        self.is_home(no) || self.aliases_of(no).next().is_some()
    }

    /// Whether a group's join rule lets in who asks. Of a peer's accounts none is named, so that
    /// only its organisation counts.
    fn admits(&self, to: Subscriber, channel: &Channel) -> bool {
        let Some(group) = channel.group() else { return false };
        match to {
            Subscriber::Account(number) => group.state.is_open_to(&self.account_id(number)),
            Subscriber::Peer(lineage) => group.state.join_rule.admits(&lineage),
        }
    }

    /// Whether an account of ours has a standing in a group.
    fn knows(&self, to: Subscriber, no: ChannelNo) -> bool {
        let Subscriber::Account(number) = to else { return false };
        let stay = self.accounts.get(&number).and_then(|account| account.channels.get(&no));
        stay.is_some_and(|stay| {
            matches!(stay.standing, Standing::Joined | Standing::Invited | Standing::Joining)
        })
    }

    fn offered(&self, no: ChannelNo, channel: &Channel) -> Option<OfferedGroup> {
        let state = &channel.group()?.state;
        Some(OfferedGroup {
            channel: channel.id,
            home: state.home,
            domain: state.organisations.get(&state.home)?.domain.clone(),
            name: state.name.clone(),
            topic: state.topic.clone(),
            members: u32::try_from(state.joined().count()).unwrap_or(u32::MAX),
            alias: self.aliases_of(no).next().map(str::to_owned),
        })
    }
}
