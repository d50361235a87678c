//! What is durable of presence, and who may see whom: contacts, and members of groups of up to
//! `PRESENCE_MEMBERS_MAX`. Anybody may open a direct channel with anybody, so that it alone shows
//! nothing. Who is there at a moment is no part of the state.

use std::collections::{BTreeMap, BTreeSet};

use comity_protocol::code::Code;
use comity_protocol::id::{AccountId, AccountNumber, ChannelId, LineageId};
use comity_protocol::name::AccountLabel;
use comity_protocol::presence::check_status;

use crate::account::Standing;
use crate::answer::Answer;
use crate::channel::{Channel, ChannelNo, Kind};
use crate::command::Command;
use crate::contact::ContactStanding;
use crate::group::Group;
use crate::rows::RowKey;
use crate::state::{Effects, State};

impl State {
    /// Whether somebody is to be told how an account is: the two are contacts, or in a group
    /// together that is small enough. One of them is ours.
    pub fn may_watch(&self, owner: AccountId, watcher: AccountId) -> bool {
        let (ours, other) =
            if owner.lineage == self.lineage() { (owner, watcher) } else { (watcher, owner) };
        let is_tied = owner == watcher || self.is_tied(ours.number, other);
        is_tied && !self.hides_presence(owner, watcher)
    }

    /// Whether what an account of ours does concerns another one.
    fn is_tied(&self, ours: AccountNumber, other: AccountId) -> bool {
        let share = |group: &Group| group.state.role(&other).is_some();
        self.are_contacts(ours, other) || self.small_groups_of(ours).any(share)
    }

    /// Whether somebody who asks may be told: of larger groups as well, where both accounts are
    /// ours.
    pub fn may_read(&self, owner: AccountId, reader: AccountId) -> bool {
        let own = self.lineage();
        let share = |(_, group): (ChannelNo, &Group)| group.state.role(&owner).is_some();
        let is_within = owner.lineage == own && reader.lineage == own;
        self.may_watch(owner, reader)
            || is_within
                && self.groups_of(reader.number).any(share)
                && !self.hides_presence(owner, reader)
    }

    /// Whom an account of ours is told of.
    pub fn watched_by(&self, watcher: AccountNumber) -> Vec<AccountId> {
        let own = self.account_id(watcher);
        let contacts = self
            .contacts_of(watcher)
            .filter(|(_, contact)| contact.standing == ContactStanding::Agreed)
            .map(|(account, _)| account);
        let fellows = self.small_groups_of(watcher).flat_map(|group| group.state.joined());
        let mut watched: BTreeSet<AccountId> = contacts.chain(fellows.map(|(id, _)| *id)).collect();
        watched.remove(&own);
        watched.into_iter().filter(|owner| !self.hides_presence(*owner, own)).collect()
    }

    /// Whether an organisation is to be told how an account of ours is: somebody there is to see
    /// it, and nobody there who would is blocked, as its node knows of no blocks.
    pub fn may_lease(&self, owner: AccountNumber, peer: LineageId) -> bool {
        let mut blocked = self.blocks_of(owner).filter(|(id, _)| id.lineage == peer);
        if blocked.any(|(id, _)| self.is_tied(owner, id)) {
            return false;
        }
        let is_seen = |watcher: &AccountId| watcher.lineage == peer;
        let agreed = |standing| standing == ContactStanding::Agreed;
        self.contacts_of(owner).any(|(id, contact)| agreed(contact.standing) && is_seen(&id))
            || self
                .small_groups_of(owner)
                .any(|group| group.state.joined().any(|(id, _)| is_seen(id)))
    }

    /// How people write an account: one of ours, or one that an account of ours is told of.
    pub fn tied_label(&self, account: AccountId, by: AccountNumber) -> Option<AccountLabel> {
        if account.lineage == self.lineage() {
            return self.accounts.get(&account.number)?.label.clone();
        }
        // Whoever names it must be allowed to: a label carries no authority.
        let domain = self.domain_of(&account.lineage)?;
        let of_domain = |text: &str| {
            let label: AccountLabel = text.parse().ok()?;
            (label.domain.as_str() == domain).then_some(label)
        };
        let contact = self.contacts.get(&(by, account));
        let of_groups = || {
            let mut members =
                self.groups_of(by).filter_map(|(_, group)| group.state.members.get(&account));
            members.find_map(|member| of_domain(&member.label))
        };
        contact.and_then(|contact| of_domain(&contact.label)).or_else(of_groups)
    }

    /// Accounts by their labels: ours, and those that an account of ours is tied to.
    pub fn tied_accounts(
        &self,
        reader: AccountNumber,
        labels: &[AccountLabel],
    ) -> Vec<Option<AccountId>> {
        let (ours, theirs): (Vec<_>, Vec<_>) =
            labels.iter().partition(|label| label.domain.as_str() == self.domain());
        let names = ours.into_iter().filter_map(|label| {
            let number = self.names.get(label.name.as_str())?;
            Some((label.to_string(), self.account_id(*number)))
        });
        let mut found: BTreeMap<String, AccountId> = names.collect();
        // In one pass over all that the reader is tied to, however many are asked for.
        let wanted: BTreeMap<String, LineageId> = theirs
            .into_iter()
            .filter_map(|label| {
                let lineage = self.peer_domains.get(label.domain.as_str())?;
                Some((label.to_string(), *lineage))
            })
            .collect();
        let contacts = self.contacts_of(reader).map(|(id, contact)| (id, contact.label.as_str()));
        let members = self.groups_of(reader).flat_map(|(_, group)| group.state.joined());
        let members = members.map(|(id, member)| (*id, member.label.as_str()));
        if !wanted.is_empty() {
            for (id, label) in contacts.chain(members) {
                if wanted.get(label) == Some(&id.lineage) {
                    found.entry(label.to_owned()).or_insert(id);
                }
            }
        }
        labels.iter().map(|label| found.get(&label.to_string()).copied()).collect()
    }

    /// A channel in which it may be told who types, if an account is in it: a direct channel, or a
    /// group that is small enough.
    pub fn small_channel(
        &self,
        id: &ChannelId,
        account: AccountId,
    ) -> Option<(ChannelNo, &Channel)> {
        let (no, channel) = self.channel(id)?;
        let is_in = match &channel.kind {
            Kind::Direct(direct) => direct.label(account).is_some(),
            Kind::Group(group) => channel.is_small() && group.state.role(&account).is_some(),
            Kind::Link { .. } => false,
        };
        let is_ours = account.lineage == self.lineage();
        let has_left = is_ours && self.joined(account.number, id).is_err();
        (is_in && !has_left).then_some((no, channel))
    }

    /// Whether two are alone in a channel, and the one who is ours has blocked the other: neither
    /// sees there what the other does without saying anything.
    pub fn is_parted(&self, channel: &Channel, account: AccountId) -> bool {
        let Kind::Direct(direct) = &channel.kind else { return false };
        let (other, _) = direct.other(account);
        self.hides_presence(account, other) || self.hides_presence(other, account)
    }

    /// Whether an account of ours hides from another in a channel: it has blocked it, and the two
    /// are alone there.
    pub fn hides_alone(&self, channel: &Channel, owner: AccountId, from: AccountId) -> bool {
        matches!(channel.kind, Kind::Direct(_)) && self.hides_presence(owner, from)
    }

    /// A command about presence.
    pub(crate) fn note(&mut self, command: &Command, fx: &mut Effects) -> Result<Answer, Code> {
        match command {
            Command::NoteActive { accounts } => Ok(self.note_active(accounts, fx)),
            Command::SetStatus { account, status } => {
                self.set_status(*account, status.as_deref(), fx)
            }
            _ => Err(Code::Internal),
        }
    }

    fn note_active(&mut self, accounts: &[(AccountNumber, u64)], fx: &mut Effects) -> Answer {
        for (number, unix_ms) in accounts {
            if let Some(account) = self.accounts.get_mut(number) {
                account.last_active_unix_ms = account.last_active_unix_ms.max(Some(*unix_ms));
                fx.dirty(RowKey::Account(*number));
            }
        }
        Answer::Done
    }

    fn set_status(
        &mut self,
        number: AccountNumber,
        status: Option<&str>,
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        if status.is_some_and(|status| check_status(status).is_err()) {
            return Err(Code::StatusInvalid);
        }
        let account = self.accounts.get_mut(&number).ok_or(Code::AccountNotFound)?;
        account.status = status.map(str::to_owned);
        fx.dirty(RowKey::Account(number));
        Ok(Answer::Done)
    }

    /// Whether an account of ours hides from another, whatever ties them: it has blocked it.
    fn hides_presence(&self, owner: AccountId, watcher: AccountId) -> bool {
        owner.lineage == self.lineage() && self.blocks(owner.number, watcher)
    }

    fn are_contacts(&self, account: AccountNumber, other: AccountId) -> bool {
        let contact = self.contacts.get(&(account, other));
        contact.is_some_and(|contact| contact.standing == ContactStanding::Agreed)
    }

    fn groups_of(&self, account: AccountNumber) -> impl Iterator<Item = (ChannelNo, &Group)> {
        let channels = self.accounts.get(&account).map(|account| &account.channels);
        let joined = channels.into_iter().flatten();
        let joined = joined.filter(|(_, stay)| stay.standing == Standing::Joined);
        joined.filter_map(|(no, _)| Some((*no, self.channels.get(no)?.group()?)))
    }

    fn small_groups_of(&self, account: AccountNumber) -> impl Iterator<Item = &Group> {
        let small = |no: &ChannelNo| self.channels.get(no).is_some_and(Channel::is_small);
        self.groups_of(account).filter(move |(no, _)| small(no)).map(|(_, group)| group)
    }
}
