//! What clients see of a record.

use std::ops::Bound;
use std::sync::{Arc, OnceLock};

use comity_client_api::{
    Besides, EventContent, FeedEvent, Format, JoinRule, MessageContent, Rule, Since,
};
use comity_machine::{Applied, ControlState, ErasedBy, Kind, State};
use comity_protocol::body::WireBody;
use comity_protocol::control::{self, ControlAct, ControlHeader};
use comity_protocol::event::{
    Contact, Erasure, EventAct, EventHeader, Message, Reaction, direct_channel,
};
use comity_protocol::id::{AccountId, ChannelId, LineageId, LogName};
use comity_protocol::name::{AccountLabel, ServerName};

use super::convert;
use crate::feed::{Item, Shown, cursor_at};
use crate::store::Direction;
use crate::writer::Shared;

/// What clients see of an item, made at the first look; `None` where they see nothing.
pub(super) fn show(shared: &Shared, item: &Item) -> Option<Shown> {
    let make = || {
        let made = make(&shared.state(), &item.applied);
        made.filter(|event| is_authors(shared, &item.applied, &event.content)).map(Arc::new)
    };
    item.shown.get_or_init(make).clone()
}

/// Whether an edit is by the author of its message; of one that is not here clients judge.
fn is_authors(shared: &Shared, applied: &Applied, content: &EventContent) -> bool {
    let EventContent::Edited { message, .. } = content else { return true };
    let span = (Bound::Included(*message), Bound::Included(*message));
    let found = shared.view().ok().and_then(|view| {
        view.timeline(applied.channel, span, Direction::Ascending, SAME_ID_MAX).ok()
    });
    let found = found.unwrap_or_default();
    found.is_empty() || found.iter().any(|(_, row)| row.sender == applied.sender)
}

/// What clients see of a record.
pub(super) fn make(state: &State, applied: &Applied) -> Option<FeedEvent> {
    let (channel, sender, content) = match applied.log.name {
        LogName::Control { .. } => control(state, applied)?,
        LogName::Message { .. } => event(state, applied)?,
    };
    let withdrawn = match content {
        EventContent::Erased { .. } => Vec::new(),
        _ => applied.withdrawn.to_vec(),
    };
    let is_message = matches!(content, EventContent::Message(_) | EventContent::ErasedMessage);
    let Applied { channel: no, log, seq, .. } = applied;
    Some(FeedEvent {
        cursor: convert::cursor(cursor_at(state, applied.pos)),
        channel,
        id: applied.id,
        time_unix_ms: applied.time.unix_ms(),
        sender,
        content,
        withdrawn,
        is_late: is_message && applied.is_late,
        is_final: is_message && state.is_final(*no, log.name, *seq),
        encoded: OnceLock::new(),
    })
}

type Content = (ChannelId, AccountLabel, EventContent);

fn event(state: &State, applied: &Applied) -> Option<Content> {
    let sender = || label(state, applied, &applied.sender?);
    let erased = || Some(EventContent::Erased { message: *applied.withdrawn.first()? });
    let said = |content| Some((applied.channel_id, sender()?, content));
    let header = EventHeader::decode(&applied.record.header).ok()?;
    match header.act().ok()? {
        EventAct::Erasure(Erasure { channel: Some(group), .. }) => {
            let (no, _) = state.channel(&group)?;
            Some((group, state.label(no, &applied.sender?)?, erased()?))
        }
        EventAct::Erasure(_) => said(erased()?),
        EventAct::Message(message) => said(self::message(state, applied, message)),
        EventAct::Edit(edit) => {
            let (text, format) = text(applied);
            let is_passed = text.is_none() && applied.erased.is_some();
            let content = EventContent::Edited { message: edit.message, text, format };
            if is_passed { None } else { said(content) }
        }
        EventAct::Pin(pin) => said(EventContent::Pinned { message: pin.message, on: pin.on }),
        EventAct::Reaction(of) => {
            let Reaction { message, reaction, on } = of;
            said(EventContent::Reacted { message, reaction, on })
        }
        EventAct::Invitation(invitation) => {
            let own = state.account_id(invitation.account);
            let account = state.label(applied.channel, &own)?;
            let inviter = invitation.inviter.parse().ok()?;
            let is_strange = state.is_stranger(invitation.account, &invitation.inviter);
            let name = if is_strange { String::new() } else { invitation.name };
            let content = EventContent::Invited { account, name };
            Some((invitation.channel, inviter, content))
        }
        EventAct::RequestRefused(refused) => {
            let own = state.account_id(refused.account);
            let account = state.label(applied.channel, &own)?;
            Some((refused.group, account, EventContent::RequestRefused { code: refused.code() }))
        }
        EventAct::Contact(contact) => self::contact(state, applied, &contact),
        EventAct::Erased(_)
        | EventAct::Report(_)
        | EventAct::Request(_)
        | EventAct::Test(_)
        | EventAct::Unknown(_) => None,
    }
}

/// A message: its text, or why there is none.
fn message(state: &State, applied: &Applied, said: Message) -> EventContent {
    match applied.erased {
        Some(ErasedBy::Retention) => return EventContent::ExpiredMessage,
        Some(ErasedBy::Record) => return EventContent::ErasedMessage,
        Some(ErasedBy::Edit) | None => {}
    }
    let (text, format) = text(applied);
    let mentions = said.mentions.iter().flatten();
    let besides = Besides {
        format,
        reply_to: said.reply_to,
        thread: said.thread,
        mentions: mentions.filter_map(|named| state.label(applied.channel, named)).collect(),
        mention_all: said.mentions_all.is_some(),
    };
    let since = Since { is_replaced: applied.erased.is_some(), ..Since::default() };
    EventContent::Message(MessageContent { text, besides, since })
}

/// The text of a record, where it is here.
fn text(applied: &Applied) -> (Option<Arc<str>>, Format) {
    match &applied.record.body {
        WireBody::Absent(_) => (None, Format::default()),
        WireBody::Present(body) => {
            (body.as_text().map(Arc::from), body.format().unwrap_or_default())
        }
    }
}

/// A step between contacts, shown in the direct channel that the two have or would have.
fn contact(state: &State, applied: &Applied, step: &Contact) -> Option<Content> {
    let from = applied.sender?;
    let Kind::Link { peer } = state.channels.get(&applied.channel)?.kind else { return None };
    let own = state.lineage();
    let lineage = if from.lineage == own { peer } else { own };
    let to = AccountId { lineage, number: step.account };
    let named = |account: &AccountId, label: &str| {
        let known = state.label(applied.channel, account).filter(|_| account.lineage == own);
        known.or_else(|| label.parse().ok())
    };
    let content = EventContent::Contact {
        account: named(&to, &step.label)?,
        step: convert::contact_step(step.step),
    };
    Some((direct_channel(from, to), named(&from, &step.from)?, content))
}

fn control(state: &State, applied: &Applied) -> Option<Content> {
    let header = ControlHeader::decode(&applied.record.header).ok()?;
    let of = |account: &AccountId| label(state, applied, account);
    let (about, content) = match header.act().ok()? {
        ControlAct::Genesis(genesis) => {
            (genesis.owner, EventContent::Created { name: genesis.name })
        }
        ControlAct::Invite(invite) => {
            let group = state.channels.get(&applied.channel)?.group()?;
            let account = invite.label.parse().ok()?;
            (invite.account, EventContent::Invited { account, name: group.state.name.clone() })
        }
        ControlAct::Join(join) => {
            (join.account, EventContent::Joined { account: of(&join.account)? })
        }
        ControlAct::Leave(target) => {
            (target.account, EventContent::Left { account: of(&target.account)? })
        }
        ControlAct::Remove(target) => {
            (target.account, EventContent::Removed { account: of(&target.account)? })
        }
        ControlAct::SetName(text) => (header.actor?, EventContent::Renamed { name: text.text }),
        ControlAct::SetTopic(text) => {
            (header.actor?, EventContent::TopicChanged { topic: text.text })
        }
        ControlAct::SetRole(change) => {
            let role = convert::role(change.role);
            (change.account, EventContent::RoleChanged { account: of(&change.account)?, role })
        }
        ControlAct::Ban(ban) => {
            let account = ban.label.parse().ok()?;
            (ban.account, EventContent::Banned { account })
        }
        ControlAct::Unban(target) => {
            (target.account, EventContent::Unbanned { account: of(&target.account)? })
        }
        ControlAct::HandOver(to) => {
            let home = domain(state, &to.nominee)?;
            (header.actor?, EventContent::HandedOver { home })
        }
        ControlAct::Moderate(_) => {
            (header.actor?, EventContent::Erased { message: *applied.withdrawn.first()? })
        }
        act @ (ControlAct::SetArchived(_)
        | ControlAct::SetEdits(_)
        | ControlAct::SetHistory(_)
        | ControlAct::SetJoinRule(_)
        | ControlAct::SetMentions(_)
        | ControlAct::SetPosting(_)
        | ControlAct::SetRetention(_)) => {
            (header.actor?, EventContent::RuleChanged { rule: changed_rule(state, &act)? })
        }
        ControlAct::ChangeKeys(_)
        | ControlAct::CloseLogs(_)
        | ControlAct::Cover
        | ControlAct::Open(_)
        | ControlAct::SetVersion(_)
        | ControlAct::Unknown(_) => return None,
    };
    let sender = of(&header.actor.unwrap_or(about))?;
    Some((applied.channel_id, sender, content))
}

/// The rule that an act changes, as clients see it.
fn changed_rule(state: &State, act: &ControlAct) -> Option<Rule> {
    match act {
        ControlAct::SetArchived(set) => Some(Rule::Archived(set.archived)),
        ControlAct::SetPosting(set) => Some(Rule::Posting(convert::role(set.role))),
        ControlAct::SetJoinRule(set) => Some(Rule::Join(join_rule(state, &set.rule))),
        ControlAct::SetEdits(set) => Some(Rule::KeepsEdits(set.kept)),
        ControlAct::SetHistory(set) => Some(Rule::SinceJoining(set.since_joining)),
        ControlAct::SetMentions(set) => Some(Rule::MentionAll(convert::role(set.role))),
        ControlAct::SetRetention(set) => Some(Rule::Retention(set.seconds)),
        _ => None,
    }
}

/// The rules of a group as clients see them.
pub(super) fn rules(state: &State, group: &ControlState) -> Vec<Rule> {
    vec![
        Rule::Join(join_rule(state, &group.join_rule)),
        Rule::Posting(convert::role(group.posting)),
        Rule::Archived(group.archived),
        Rule::SinceJoining(group.since_joining),
        Rule::Retention(group.retention),
        Rule::KeepsEdits(group.keeps_edits.is_some()),
        Rule::MentionAll(group.mentions.map_or(comity_client_api::Role::Member, convert::role)),
    ]
}

/// A join rule with the domains of its organisations, as far as they are known here.
fn join_rule(state: &State, rule: &control::JoinRule) -> JoinRule {
    match rule {
        control::JoinRule::Anyone => JoinRule::Anyone,
        control::JoinRule::Invited => JoinRule::Invited,
        control::JoinRule::Organisations(list) => {
            JoinRule::Organisations(list.iter().filter_map(|l| domain(state, l)).collect())
        }
    }
}

fn domain(state: &State, lineage: &LineageId) -> Option<ServerName> {
    let domain = match state.peers.get(lineage) {
        Some(peer) => peer.domain.as_str(),
        None if *lineage == state.lineage() => state.domain(),
        None => return None,
    };
    domain.parse().ok()
}

fn label(state: &State, applied: &Applied, account: &AccountId) -> Option<AccountLabel> {
    let known = state.label(applied.channel, account);
    known.or_else(|| {
        let domain = match state.peers.get(&account.lineage) {
            Some(peer) => &peer.domain,
            None => state.domain(),
        };
        convert::unknown_label(domain)
    })
}

/// Records that may share an id: their times and half of their hashes would have to be the same.
pub(super) const SAME_ID_MAX: usize = 4;
