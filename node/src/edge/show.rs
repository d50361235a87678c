//! What clients see of a record.

use std::sync::{Arc, OnceLock};

use comity_client_api::{EventContent, FeedEvent, JoinRule, Rule};
use comity_machine::{Applied, ControlState, ErasedBy, Kind, State};
use comity_protocol::body::WireBody;
use comity_protocol::control::{self, ControlAct, ControlHeader};
use comity_protocol::event::{Contact, Erasure, EventAct, EventHeader, direct_channel};
use comity_protocol::id::{AccountId, ChannelId, LineageId, LogName};
use comity_protocol::name::{AccountLabel, ServerName};

use super::convert;
use crate::feed::{Item, Shown, cursor_at};
use crate::writer::Shared;

/// What clients see of an item, made at the first look; `None` where they see nothing.
pub(super) fn show(shared: &Shared, item: &Item) -> Option<Shown> {
    item.shown.get_or_init(|| make(&shared.state(), item)).clone()
}

fn make(state: &State, item: &Item) -> Option<Shown> {
    let (channel, sender, content) = match item.applied.log.name {
        LogName::Control { .. } => control(state, item)?,
        LogName::Message { .. } => event(state, item)?,
    };
    let withdrawn = match content {
        EventContent::Erased { .. } => Vec::new(),
        _ => item.applied.withdrawn.to_vec(),
    };
    let is_message = matches!(content, EventContent::Message { .. } | EventContent::ErasedMessage);
    let Applied { channel: no, log, seq, .. } = &item.applied;
    Some(Arc::new(FeedEvent {
        cursor: convert::cursor(cursor_at(state, item.applied.pos)),
        channel,
        id: item.applied.id,
        time_unix_ms: item.applied.time.unix_ms(),
        sender,
        content,
        withdrawn,
        is_late: is_message && item.applied.is_late,
        is_final: is_message && state.is_final(*no, log.name, *seq),
        encoded: OnceLock::new(),
    }))
}

type Content = (ChannelId, AccountLabel, EventContent);

fn event(state: &State, item: &Item) -> Option<Content> {
    let applied = &item.applied;
    let sender = || label(state, item, &applied.sender?);
    let erased = || Some(EventContent::Erased { message: *applied.withdrawn.first()? });
    if let WireBody::Present(body) = &applied.record.body
        && let Some(text) = body.as_text()
    {
        let content = EventContent::Message { text: Some(Arc::from(text)) };
        return Some((applied.channel_id, sender()?, content));
    }
    let header = EventHeader::decode(&applied.record.header).ok()?;
    match header.act().ok()? {
        EventAct::Erasure(Erasure { channel: Some(group), .. }) => {
            let (no, _) = state.channel(&group)?;
            Some((group, state.label(no, &applied.sender?)?, erased()?))
        }
        EventAct::Erasure(_) => Some((applied.channel_id, sender()?, erased()?)),
        EventAct::Message if applied.erased.is_some() => {
            let content = match applied.erased {
                Some(ErasedBy::Retention) => EventContent::ExpiredMessage,
                _ => EventContent::ErasedMessage,
            };
            Some((applied.channel_id, sender()?, content))
        }
        EventAct::Message => {
            Some((applied.channel_id, sender()?, EventContent::Message { text: None }))
        }
        EventAct::Invitation(invitation) => {
            let own = state.account_id(invitation.account);
            let account = state.label(applied.channel, &own)?;
            let inviter = invitation.inviter.parse().ok()?;
            let content = EventContent::Invited { account, name: invitation.name };
            Some((invitation.channel, inviter, content))
        }
        EventAct::RequestRefused(refused) => {
            let own = state.account_id(refused.account);
            let account = state.label(applied.channel, &own)?;
            Some((refused.group, account, EventContent::RequestRefused { code: refused.code() }))
        }
        EventAct::Contact(contact) => self::contact(state, applied, &contact),
        EventAct::Erased(_) | EventAct::Request(_) | EventAct::Unknown(_) => None,
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

fn control(state: &State, item: &Item) -> Option<Content> {
    let applied = &item.applied;
    let header = ControlHeader::decode(&applied.record.header).ok()?;
    let of = |account: &AccountId| label(state, item, account);
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
        | ControlAct::SetHistory(_)
        | ControlAct::SetJoinRule(_)
        | ControlAct::SetPosting(_)
        | ControlAct::SetRetention(_)) => {
            (header.actor?, EventContent::RuleChanged { rule: changed_rule(state, &act)? })
        }
        ControlAct::CloseLogs(_)
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
        ControlAct::SetHistory(set) => Some(Rule::SinceJoining(set.since_joining)),
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

fn label(state: &State, item: &Item, account: &AccountId) -> Option<AccountLabel> {
    let known = state.label(item.applied.channel, account);
    known.or_else(|| {
        let domain = match state.peers.get(&account.lineage) {
            Some(peer) => &peer.domain,
            None => state.domain(),
        };
        convert::unknown_label(domain)
    })
}
