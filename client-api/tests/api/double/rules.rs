//! The double's few rules of channels. They are much simpler than the real ones and must not be
//! taken for them.

use std::collections::{BTreeMap, BTreeSet};

use comity_client_api::*;
use comity_protocol::code::Code;
use comity_protocol::id::{ChannelId, MessageId};
use comity_protocol::name::{AccountLabel, ChannelAlias, ServerName};

use super::State;

pub(crate) struct Channel {
    pub(crate) kind: ChannelKind,
    pub(crate) members: BTreeMap<AccountLabel, Standing>,
}

impl State {
    pub(crate) fn perform(
        &mut self,
        caller: &Caller,
        nonce: Option<u64>,
        action: Action,
    ) -> Result<Outcome, Refusal> {
        if let Some(refusal) = self.refusal.take() {
            return Err(refusal);
        }
        if let Action::Send { text, .. } = &action {
            self.arrivals.push(text.clone());
        }
        let key = nonce.map(|nonce| (caller.device, nonce));
        if let Some((first, outcome)) = key.and_then(|key| self.answers.get(&key)) {
            let same = *first == action;
            return if same { Ok(outcome.clone()) } else { Err(Code::NonceReused.into()) };
        }
        let outcome = self.act(&caller.label, action.clone())?;
        if let Some(key) = key {
            self.answers.insert(key, (action, outcome.clone()));
        }
        Ok(outcome)
    }

    fn act(&mut self, me: &AccountLabel, action: Action) -> Result<Outcome, Refusal> {
        match action {
            Action::CreateGroup { name, topic, member_limit } => {
                let home = me.domain.clone();
                let member_limit = member_limit.unwrap_or(100);
                let kind = ChannelKind::Group { name: name.clone(), topic, home, member_limit };
                let id = self.open(kind, vec![(me.clone(), Standing::Joined(Role::Owner))]);
                self.append(id, me.clone(), EventContent::Created { name });
                Ok(Outcome::Channel(id))
            }
            Action::OpenDirect { account } => self.open_direct(me, account),
            Action::Send { channel, text, besides } => {
                self.joined(me, channel)?;
                let (text, thread) = (Some(text.into()), besides.thread);
                let content = MessageContent { text, besides, since: Since::default() };
                self.append(channel, me.clone(), EventContent::Message(content));
                self.note_reply(thread);
                let event = &self.log[self.log.len() - 1];
                Ok(Outcome::Stored { message: event.id, cursor: event.cursor })
            }
            Action::Rename { channel, name: new } => {
                self.group_name(me, channel)?;
                if let ChannelKind::Group { name, .. } = self.kind(channel) {
                    name.clone_from(&new);
                }
                self.append(channel, me.clone(), EventContent::Renamed { name: new });
                Ok(Outcome::Done)
            }
            Action::SetTopic { channel, topic: new } => {
                self.group_name(me, channel)?;
                if let ChannelKind::Group { topic, .. } = self.kind(channel) {
                    topic.clone_from(&new);
                }
                self.append(channel, me.clone(), EventContent::TopicChanged { topic: new });
                // As if another organisation were the home, so that tests see both answers.
                Ok(Outcome::Requested)
            }
            Action::Erase { channel, message } => self.erase(me, channel, message),
            Action::HandOver { channel, home } => {
                self.group_name(me, channel)?;
                self.append(channel, me.clone(), EventContent::HandedOver { home });
                Ok(Outcome::Done)
            }
            Action::SetRule { channel, rule } => {
                self.group_name(me, channel)?;
                self.append(channel, me.clone(), EventContent::RuleChanged { rule });
                Ok(Outcome::Done)
            }
            of_people @ (Action::AddContact { .. }
            | Action::Block { .. }
            | Action::Mute { .. }
            | Action::RemoveContact { .. }
            | Action::Unblock { .. }) => self.act_on_people(me, of_people),
            of_profile @ (Action::SetAvatar { .. } | Action::SetDisplayName { .. }) => {
                self.show(me, of_profile)
            }
            of_alias @ (Action::JoinAlias { .. }
            | Action::RemoveAlias { .. }
            | Action::SetAlias { .. }) => self.act_on_aliases(me, of_alias),
            remark @ (Action::Edit { .. }
            | Action::MarkRead { .. }
            | Action::Pin { .. }
            | Action::React { .. }
            | Action::ShowReads { .. }) => self.remark(me, remark),
            report @ Action::Report { .. } => self.report(me, report),
            membership => self.act_on_members(me, membership),
        }
    }

    fn act_on_aliases(&mut self, me: &AccountLabel, action: Action) -> Result<Outcome, Refusal> {
        match action {
            Action::JoinAlias { alias } => Ok(Outcome::Joining(self.find_group(&alias)?.id)),
            Action::RemoveAlias { alias } => {
                let known = self.aliases.remove(&alias);
                known.map(|_| Outcome::Done).ok_or(Code::ChannelNotFound.into())
            }
            Action::SetAlias { channel, alias } => {
                self.group_name(me, channel)?;
                self.aliases.insert(alias, channel);
                Ok(Outcome::Done)
            }
            other => panic!("{other:?} names no alias"),
        }
    }

    pub(crate) fn change_account(
        &mut self,
        caller: &Caller,
        change: AccountChange,
    ) -> Result<(), Refusal> {
        match change {
            AccountChange::Delete { password } => {
                let name = caller.label.name.as_str();
                if self.accounts[name].1 != password {
                    return Err(Code::CredentialsWrong.into());
                }
                self.devices.retain(|_, c| c.account != caller.account);
                // No password is empty.
                self.accounts.get_mut(name).unwrap().1.clear();
            }
            AccountChange::LogOut => self.devices.retain(|_, c| c.device != caller.device),
            AccountChange::Password { old, new } => {
                let account = self.accounts.get_mut(caller.label.name.as_str()).unwrap();
                if account.1 != old {
                    return Err(Code::CredentialsWrong.into());
                }
                account.1 = new;
            }
            AccountChange::RevokeDevice(id) => {
                let before = self.devices.len();
                self.devices.retain(|_, c| c.device != id || c.account != caller.account);
                if self.devices.len() == before {
                    return Err(Code::DeviceNotFound.into());
                }
            }
        }
        Ok(())
    }

    fn act_on_people(&mut self, me: &AccountLabel, action: Action) -> Result<Outcome, Refusal> {
        match action {
            Action::AddContact { account } => Ok(self.add_contact(me, account)),
            Action::RemoveContact { account } => {
                let known = self.contacts.remove(&(me.clone(), account));
                known.map(|_| Outcome::Done).ok_or(Code::ContactNotFound.into())
            }
            Action::Block { account } => {
                self.blocks.insert((me.clone(), account));
                Ok(Outcome::Done)
            }
            Action::Unblock { account } => {
                self.blocks.remove(&(me.clone(), account));
                Ok(Outcome::Done)
            }
            Action::Mute { channel, on } => {
                self.joined(me, channel)?;
                match on {
                    true => self.mutes.insert((me.clone(), channel)),
                    false => self.mutes.remove(&(me.clone(), channel)),
                };
                Ok(Outcome::Done)
            }
            other => unreachable!("not about people: {other:?}"),
        }
    }

    fn erase(
        &mut self,
        me: &AccountLabel,
        channel: ChannelId,
        message: MessageId,
    ) -> Result<Outcome, Refusal> {
        self.joined(me, channel)?;
        let is_it = |e: &&mut std::sync::Arc<FeedEvent>| {
            e.channel == channel && e.id == message && e.sender == *me
        };
        let found = self.log.iter_mut().find(is_it).ok_or(Code::MessageNotFound)?;
        let gone = FeedEvent {
            cursor: found.cursor,
            channel,
            id: found.id,
            time_unix_ms: found.time_unix_ms,
            sender: found.sender.clone(),
            content: EventContent::ErasedMessage,
            withdrawn: Vec::new(),
            is_late: found.is_late,
            is_final: found.is_final,
            encoded: std::sync::OnceLock::new(),
        };
        *found = std::sync::Arc::new(gone);
        self.append(channel, me.clone(), EventContent::Erased { message });
        Ok(Outcome::Done)
    }

    fn act_on_members(&mut self, me: &AccountLabel, action: Action) -> Result<Outcome, Refusal> {
        match action {
            Action::Invite { channel, account } => {
                let name = self.group_name(me, channel)?;
                self.known(&account)?;
                let members = &mut self.channels.get_mut(&channel).unwrap().members;
                if members.contains_key(&account) {
                    return Err(Code::AlreadyMember.into());
                }
                members.insert(account.clone(), Standing::Invited);
                self.append(channel, me.clone(), EventContent::Invited { account, name });
                Ok(Outcome::Done)
            }
            Action::Accept { channel } => {
                self.invited(me, channel)?;
                self.set(channel, me, Some(Standing::Joined(Role::Member)));
                self.append(channel, me.clone(), EventContent::Joined { account: me.clone() });
                Ok(self.asked(me, channel))
            }
            Action::Decline { channel } => {
                self.invited(me, channel)?;
                self.append(channel, me.clone(), EventContent::Left { account: me.clone() });
                self.set(channel, me, None);
                Ok(self.asked(me, channel))
            }
            Action::Leave { channel } => {
                self.group_name(me, channel)?;
                self.append(channel, me.clone(), EventContent::Left { account: me.clone() });
                self.set(channel, me, None);
                Ok(self.asked(me, channel))
            }
            Action::Remove { channel, account } => {
                self.member(me, channel, &account)?;
                self.set(channel, &account, None);
                self.append(channel, me.clone(), EventContent::Removed { account });
                Ok(Outcome::Done)
            }
            Action::Ban { channel, account } => {
                self.group_name(me, channel)?;
                self.set(channel, &account, None);
                self.append(channel, me.clone(), EventContent::Banned { account });
                Ok(Outcome::Done)
            }
            Action::Unban { channel, account } => {
                self.group_name(me, channel)?;
                self.append(channel, me.clone(), EventContent::Unbanned { account });
                Ok(Outcome::Done)
            }
            // As if another organisation were the home.
            Action::Join { channel, .. } => Ok(Outcome::Joining(channel)),
            Action::SetRole { channel, account, role } => {
                self.member(me, channel, &account)?;
                self.set(channel, &account, Some(Standing::Joined(role)));
                self.append(channel, me.clone(), EventContent::RoleChanged { account, role });
                Ok(Outcome::Done)
            }
            other => unreachable!("not about members: {other:?}"),
        }
    }

    /// Another organisation's home grants here what it is asked for at once.
    fn asked(&self, me: &AccountLabel, channel: ChannelId) -> Outcome {
        match &self.channels[&channel].kind {
            ChannelKind::Group { home, .. } if *home != me.domain => Outcome::Requested,
            _ => Outcome::Done,
        }
    }

    fn add_contact(&mut self, me: &AccountLabel, account: AccountLabel) -> Outcome {
        let key = (me.clone(), account);
        let is_asked = self.contacts.get(&key) == Some(&ContactStanding::Asking);
        let (standing, outcome) = if is_asked {
            (ContactStanding::Contact, Outcome::Done)
        } else {
            (ContactStanding::Asked, Outcome::Requested)
        };
        self.contacts.insert(key, standing);
        outcome
    }

    pub(crate) fn find_group(&self, alias: &ChannelAlias) -> Result<FoundGroup, Refusal> {
        let id = *self.aliases.get(alias).ok_or(Code::ChannelNotFound)?;
        self.found(id, Some(alias)).ok_or(Code::ChannelNotFound.into())
    }

    /// All groups of a domain count as open to anybody.
    pub(crate) fn find_groups(
        &self,
        domain: &ServerName,
        after: Option<ChannelId>,
        limit: usize,
    ) -> FoundGroups {
        let ids = self.channels.keys().filter(|id| after.is_none_or(|after| after < **id));
        let named = |id| self.aliases.iter().find(|(_, of)| **of == id).map(|(alias, _)| alias);
        let groups = ids.filter_map(|id| self.found(*id, named(*id)));
        let mut groups = groups.filter(|group| group.home == *domain);
        let found = groups.by_ref().take(limit).collect();
        FoundGroups { groups: found, more: groups.next().is_some() }
    }

    fn found(&self, id: ChannelId, alias: Option<&ChannelAlias>) -> Option<FoundGroup> {
        let Channel { kind, members } = self.channels.get(&id)?;
        let ChannelKind::Group { name, topic, home, .. } = kind.clone() else { return None };
        let members = u32::try_from(members.len()).unwrap();
        Some(FoundGroup { id, name, topic, home, members, alias: alias.cloned() })
    }

    fn open(&mut self, kind: ChannelKind, members: Vec<(AccountLabel, Standing)>) -> ChannelId {
        let mut counted = [3; 32];
        counted[24..].copy_from_slice(&self.count().to_be_bytes());
        let id = self.next_channel.take().unwrap_or(ChannelId(counted));
        let members = members.into_iter().collect();
        self.channels.insert(id, Channel { kind, members });
        id
    }

    fn open_direct(&mut self, me: &AccountLabel, with: AccountLabel) -> Result<Outcome, Refusal> {
        self.known(&with)?;
        if *me == with {
            return Err(Code::SelfDirect.into());
        }
        let found = self.channels.iter().find(|(_, c)| {
            let direct = matches!(c.kind, ChannelKind::Direct { .. });
            direct && c.members.contains_key(me) && c.members.contains_key(&with)
        });
        if let Some((id, _)) = found {
            return Ok(Outcome::Channel(*id));
        }
        let joined = Standing::Joined(Role::Member);
        let members = vec![(me.clone(), joined), (with.clone(), joined)];
        let id = self.open(ChannelKind::Direct { with: with.clone() }, members);
        self.append(id, me.clone(), EventContent::Joined { account: with });
        Ok(Outcome::Channel(id))
    }

    pub(crate) fn channels_of(&self, me: &AccountLabel) -> Vec<ChannelSummary> {
        let ids = self.channels.keys();
        ids.filter_map(|id| self.channel_of(me, *id).ok().map(|detail| detail.summary)).collect()
    }

    pub(crate) fn channel_of(
        &self,
        me: &AccountLabel,
        id: ChannelId,
    ) -> Result<ChannelDetail, Refusal> {
        let channel = self.channels.get(&id).ok_or(Code::ChannelNotFound)?;
        let standing = *channel.members.get(me).ok_or(Code::ChannelNotFound)?;
        let mut kind = channel.kind.clone();
        if let ChannelKind::Direct { with } = &mut kind {
            *with = channel.members.keys().find(|l| *l != me).unwrap().clone();
        }
        let text = |e: &&std::sync::Arc<FeedEvent>| {
            e.channel == id && matches!(e.content, EventContent::Message(_))
        };
        let last_message_unix_ms = self.log.iter().rev().find(text).map(|e| e.time_unix_ms);
        let member = |(account, standing): (&AccountLabel, &Standing)| Member {
            account: account.clone(),
            role: if let Standing::Joined(role) = standing { *role } else { Role::Member },
            invited: *standing == Standing::Invited,
            display_name: self.display_names.get(account).cloned(),
            read: self.read.get(&(account.clone(), id)).copied(),
        };
        Ok(ChannelDetail {
            rules: match &kind {
                ChannelKind::Group { .. } if standing != Standing::Invited => vec![
                    Rule::Join(JoinRule::Invited),
                    Rule::Posting(Role::Member),
                    Rule::Archived(false),
                    Rule::SinceJoining(false),
                    Rule::Retention(None),
                    Rule::KeepsEdits(false),
                    Rule::MentionAll(Role::Member),
                ],
                _ => Vec::new(),
            },
            kept_seconds: None,
            organisations: vec![],
            aliases: self
                .aliases
                .iter()
                .filter(|(_, of)| **of == id)
                .map(|(a, _)| a.clone())
                .collect(),
            summary: ChannelSummary {
                id,
                kind,
                standing,
                inviter: None,
                last_message_unix_ms,
                unread: Unread {
                    messages: 0,
                    mentions: 0,
                    read: self.read.get(&(me.clone(), id)).copied(),
                },
                muted: self.mutes.contains(&(me.clone(), id)),
                level: self.levels.get(&(me.clone(), id)).copied(),
            },
            members: if standing == Standing::Invited {
                Vec::new()
            } else {
                channel.members.iter().map(member).collect()
            },
        })
    }

    pub(crate) fn history(
        &self,
        me: &AccountLabel,
        channel: ChannelId,
        page: Page,
        limit: usize,
    ) -> Result<HistoryPage, Refusal> {
        self.joined(me, channel)?;
        let listed = self.log.iter().filter(|e| e.channel == channel && !Self::is_remark(e));
        let all: Vec<_> = listed.map(|event| self.with_remarks(event)).collect();
        let before = |id| all.partition_point(|e| e.id < id);
        let until = |id| all.partition_point(|e| e.id <= id);
        let (start, end) = match page {
            Page::After(id) => (until(id), until(id) + limit),
            Page::Around(id) if until(id) == before(id) => {
                return Err(Code::MessageNotFound.into());
            }
            Page::Around(id) => {
                let start = before(id).saturating_sub(limit / 2);
                (start, start + limit)
            }
            Page::AtDate(time) => {
                let start = all.partition_point(|e| e.time_unix_ms < time);
                (start, start + limit)
            }
            Page::Before(id) => (before(id).saturating_sub(limit), before(id)),
            Page::Latest => (all.len().saturating_sub(limit), all.len()),
        };
        let end = end.min(all.len());
        let start = start.min(end);
        let (more_before, more_after) = (start > 0, end < all.len());
        let events = all[start..end].to_vec();
        let delivered = self.delivered(me, channel, &events);
        let (history_pending, history_limited) = (false, false);
        Ok(HistoryPage {
            events,
            more_before,
            more_after,
            history_pending,
            history_limited,
            delivered,
        })
    }

    /// Of an erased message, one organisation has confirmed it, as far as this double goes.
    pub(crate) fn message(
        &self,
        me: &AccountLabel,
        channel: ChannelId,
        id: MessageId,
    ) -> Result<ShownMessage, Refusal> {
        self.joined(me, channel)?;
        let mut all = self.log.iter().filter(|e| e.channel == channel);
        let event = all.find(|e| e.id == id).ok_or(Code::MessageNotFound)?;
        let is_erased = event.content == EventContent::ErasedMessage && event.sender == *me;
        let erasure = is_erased.then(|| Confirmations {
            confirmed: vec!["globex.test".parse().unwrap()],
            unconfirmed: Vec::new(),
        });
        Ok(ShownMessage { event: self.with_remarks(event), erasure })
    }

    /// How far the caller's own texts have come: nowhere, in a double without peers.
    fn delivered(
        &self,
        me: &AccountLabel,
        channel: ChannelId,
        events: &[std::sync::Arc<FeedEvent>],
    ) -> Vec<Delivery> {
        let members = self.channels[&channel].members.keys();
        let domains: BTreeSet<&str> = members.map(|label| label.domain.as_str()).collect();
        let of = u32::try_from(domains.len()).unwrap();
        let own = |e: &&std::sync::Arc<FeedEvent>| {
            e.sender == *me && matches!(e.content, EventContent::Message(_))
        };
        let is_final = true;
        let notice =
            |message| Delivery::Delivered { channel, message, organisations: 1, of, is_final };
        let told = events.iter().filter(own).filter(|_| of > 1);
        told.map(|event| notice(event.id)).collect()
    }

    fn known(&self, account: &AccountLabel) -> Result<(), Refusal> {
        let here = account.domain.as_str() == "acme.test";
        if here && !self.accounts.contains_key(account.name.as_str()) {
            return Err(Code::AccountNotFound.into());
        }
        Ok(())
    }

    fn joined(&self, me: &AccountLabel, channel: ChannelId) -> Result<Role, Refusal> {
        match self.channels.get(&channel).and_then(|c| c.members.get(me)) {
            Some(Standing::Joined(role)) => Ok(*role),
            _ => Err(Code::ChannelNotFound.into()),
        }
    }

    fn invited(&self, me: &AccountLabel, channel: ChannelId) -> Result<(), Refusal> {
        match self.channels.get(&channel).and_then(|c| c.members.get(me)) {
            Some(Standing::Invited) => Ok(()),
            _ => Err(Code::NotInvited.into()),
        }
    }

    fn group_name(&mut self, me: &AccountLabel, channel: ChannelId) -> Result<String, Refusal> {
        self.joined(me, channel)?;
        match &self.channels[&channel].kind {
            ChannelKind::Group { name, .. } => Ok(name.clone()),
            ChannelKind::Direct { .. } => Err(Code::NotAGroup.into()),
        }
    }

    fn member(
        &mut self,
        me: &AccountLabel,
        channel: ChannelId,
        account: &AccountLabel,
    ) -> Result<(), Refusal> {
        self.group_name(me, channel)?;
        if self.joined(me, channel)? == Role::Member {
            return Err(Code::NotAllowed.into());
        }
        let there = self.channels[&channel].members.contains_key(account);
        if there { Ok(()) } else { Err(Code::NotAMember.into()) }
    }

    fn kind(&mut self, channel: ChannelId) -> &mut ChannelKind {
        &mut self.channels.get_mut(&channel).unwrap().kind
    }

    fn set(&mut self, channel: ChannelId, account: &AccountLabel, standing: Option<Standing>) {
        let members = &mut self.channels.get_mut(&channel).unwrap().members;
        match standing {
            Some(standing) => members.insert(account.clone(), standing),
            None => members.remove(account),
        };
    }
}
