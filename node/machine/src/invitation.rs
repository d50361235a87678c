//! Invitations to groups that this node does not hold, or no longer follows: told through the link
//! channel with the group's home, open until the control log says what became of them.

use std::ops::Bound;

use comity_protocol::code::Code;
use comity_protocol::event::{Invitation, RequestRefused};
use comity_protocol::id::{AccountNumber, ChannelId, ControlPoint, LineageId, ShortHash};
use comity_protocol::name::AccountLabel;

use crate::account::{OpenInvitation, RequestPlace, Standing};
use crate::channel::{ChannelNo, Kind};
use crate::contact::{Contact, ContactStanding};
use crate::group::is_name;
use crate::rows::RowKey;
use crate::state::{Effects, State};

/// The open invite of an account.
pub(crate) struct OpenInvite {
    pub(crate) invite: ControlPoint,
    pub(crate) home: LineageId,
    /// Whether the home was asked to let the account in.
    pub(crate) is_asked: bool,
}

impl State {
    /// The open invite of an account, with the group's home.
    pub(crate) fn open_invite(
        &self,
        account: AccountNumber,
        channel: &ChannelId,
    ) -> Result<OpenInvite, Code> {
        let known = self.accounts.get(&account).ok_or(Code::AccountNotFound)?;
        if let Some(invitation) = known.invitations.get(channel) {
            let OpenInvitation { invite, home, accepted, .. } = *invitation;
            return Ok(OpenInvite { invite, home, is_asked: accepted });
        }
        let (no, group) = self.channel(channel).ok_or(Code::ChannelNotFound)?;
        let group = group.group().ok_or(Code::NotInvited)?;
        let member = group.state.members.get(&self.account_id(account));
        let invite = member.and_then(|m| m.invite).ok_or(Code::ChannelNotFound)?;
        let stay = known.channels.get(&no);
        let is_asked = stay.is_some_and(|stay| stay.standing == Standing::Joining);
        Ok(OpenInvite { invite: invite.0, home: group.state.home, is_asked })
    }

    /// Notes an invitation for the account that it names. What breaks the rules has no effect.
    pub(crate) fn take_invitation(
        &mut self,
        peer: LineageId,
        no: ChannelNo,
        invitation: &Invitation,
        fx: &mut Effects,
    ) -> Vec<AccountNumber> {
        let in_link = matches!(self.channels[&no].kind, Kind::Link { .. });
        let is_sound =
            invitation.inviter.parse::<AccountLabel>().is_ok() && is_name(&invitation.name);
        let is_unwanted = self.blocks_label(invitation.account, &invitation.inviter);
        fx.unheard += u32::from(in_link && !is_sound);
        if !in_link || !is_sound || is_unwanted || !self.is_news(peer, invitation) {
            return Vec::new();
        }
        let Some(account) = self.accounts.get(&invitation.account).filter(|a| !a.is_deleted) else {
            return Vec::new();
        };
        let before = account.invitations.get(&invitation.channel).cloned();
        let is_free = match &before {
            // Nobody takes the place of the home that invited first.
            Some(open) => open.home == peer && open.invite < invitation.invite,
            None => account.invitations.len() < INVITATIONS_MAX,
        };
        if !is_free || !self.hears_ask(peer, fx) {
            return Vec::new();
        }
        let before = before.as_ref();
        let open = OpenInvitation {
            invite: invitation.invite,
            home: peer,
            inviter: invitation.inviter.clone(),
            name: invitation.name.clone(),
            accepted: before.is_some_and(|open| open.accepted),
            request: before.and_then(|open| open.request),
            newer: before.is_some_and(|open| open.accepted),
        };
        if let Some(account) = self.accounts.get_mut(&invitation.account) {
            account.invitations.insert(invitation.channel, open);
        }
        self.invited.insert((invitation.channel, invitation.account));
        fx.dirty(RowKey::Account(invitation.account));
        vec![invitation.account]
    }

    /// Whether an account has nothing to do with who invites it: neither are they contacts nor did
    /// it ask for that, and there is no direct channel of both. What a stranger's group is called
    /// is not shown, since a name can say anything.
    pub fn is_stranger(&self, account: AccountNumber, inviter: &str) -> bool {
        let wanted = |contact: &Contact| {
            let standing = contact.standing;
            matches!(standing, ContactStanding::Agreed | ContactStanding::Asked)
        };
        let is_own = inviter.strip_suffix(self.domain()).is_some_and(|name| name.ends_with('@'));
        let is_contact = || {
            let mut contacts = self.contacts_of(account);
            contacts.any(|(_, contact)| contact.label == inviter && wanted(contact))
        };
        !is_own && !is_contact() && !self.has_direct_with(account, inviter)
    }

    fn has_direct_with(&self, account: AccountNumber, label: &str) -> bool {
        let own = self.account_id(account);
        let Some(known) = self.accounts.get(&account) else { return false };
        let mut channels = known.channels.keys().filter_map(|no| self.channels.get(no));
        channels.any(|channel| match &channel.kind {
            Kind::Direct(direct) => direct.other(own).1 == label,
            Kind::Group(_) | Kind::Link { .. } => false,
        })
    }

    /// Notes a group that an account is to come into by the group's join rule, as if invited.
    pub(crate) fn note_joining(
        &mut self,
        account: AccountNumber,
        channel: &ChannelId,
        home: LineageId,
        name: &str,
    ) -> Result<(), Code> {
        let label = self.label_of_own(account).ok_or(Code::AccountNotFound)?;
        let known = self.accounts.get_mut(&account).ok_or(Code::AccountNotFound)?;
        if known.invitations.len() >= INVITATIONS_MAX {
            return Err(Code::ChannelLimit);
        }
        let open = OpenInvitation {
            invite: ControlPoint { term: 0, seq: 0, hash: ShortHash([0; 16]) },
            home,
            inviter: label,
            name: name.to_owned(),
            accepted: true,
            request: None,
            newer: false,
        };
        known.invitations.insert(*channel, open);
        self.invited.insert((*channel, account));
        Ok(())
    }

    fn label_of_own(&self, account: AccountNumber) -> Option<String> {
        let name = &self.accounts.get(&account)?.name;
        Some(format!("{name}@{}", self.domain()))
    }

    /// Whether the control log, where we hold it, does not say yet what an invitation says.
    fn is_news(&self, peer: LineageId, invitation: &Invitation) -> bool {
        let Some((_, channel)) = self.channel(&invitation.channel) else { return true };
        let group = channel.group().filter(|group| group.state.home == peer);
        group.is_some_and(|group| group.point < invitation.invite)
    }

    /// Forgets an invitation; whether there was one.
    pub(crate) fn drop_invitation(&mut self, account: AccountNumber, channel: &ChannelId) {
        if let Some(known) = self.accounts.get_mut(&account) {
            known.invitations.remove(channel);
        }
        self.invited.remove(&(*channel, account));
    }

    /// Whether one of ours accepted an invitation to a group that is not held yet.
    pub(crate) fn awaits(&self, channel: &ChannelId) -> bool {
        let from = Bound::Included((*channel, AccountNumber(0)));
        let to = Bound::Included((*channel, AccountNumber(u64::MAX)));
        self.invited.range((from, to)).any(|(_, account)| {
            let known = self.accounts.get(account);
            let open = known.and_then(|account| account.invitations.get(channel));
            open.is_some_and(|open| open.accepted)
        })
    }

    /// A refused accept or leave is undone here; the account is told. Only the group's home
    /// refuses.
    pub(crate) fn take_refusal(
        &mut self,
        peer: LineageId,
        no: ChannelNo,
        refused: &RequestRefused,
        fx: &mut Effects,
    ) -> Vec<AccountNumber> {
        let in_link = matches!(self.channels[&no].kind, Kind::Link { .. });
        let group = self.channel(&refused.group);
        let home = group.and_then(|(_, channel)| channel.group()).map(|group| group.state.home);
        let group = group.map(|(no, _)| no);
        let Some(account) = self.accounts.get_mut(&refused.account).filter(|_| in_link) else {
            return Vec::new();
        };
        let request = Some(RequestPlace { writer: refused.writer, seq: refused.seq });
        let open = account.invitations.get_mut(&refused.group).filter(|open| open.home == peer);
        if home.is_none_or(|home| home != peer) && open.is_none() {
            return Vec::new();
        }
        match open.filter(|open| open.request == request) {
            Some(open) if open.newer => open.answered(),
            Some(_) => self.drop_invitation(refused.account, &refused.group),
            None => {}
        }
        if let Some(group) = group {
            self.undo_request(group, refused.account, request);
        }
        fx.dirty(RowKey::Account(refused.account));
        vec![refused.account]
    }

    fn undo_request(
        &mut self,
        group: ChannelNo,
        account: AccountNumber,
        request: Option<RequestPlace>,
    ) {
        let known = self.accounts.get_mut(&account);
        let stay = known.and_then(|account| account.channels.get_mut(&group));
        if let Some(stay) = stay.filter(|stay| stay.request == request) {
            stay.standing = match stay.standing {
                Standing::Leaving => Standing::Joined,
                Standing::Joining => Standing::Invited,
                other => other,
            };
            stay.request = None;
        }
        self.refresh_audience(group);
    }
}

/// Open invitations that an account keeps.
const INVITATIONS_MAX: usize = 1_000;
