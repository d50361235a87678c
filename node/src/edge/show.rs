//! What clients see of a record.

use std::sync::{Arc, OnceLock};

use comity_client_api::{EventContent, FeedEvent};
use comity_machine::State;
use comity_protocol::body::WireBody;
use comity_protocol::control::{ControlAct, ControlHeader};
use comity_protocol::event::{EventAct, EventHeader};
use comity_protocol::id::{AccountId, ChannelId, LogName};
use comity_protocol::name::AccountLabel;

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
    Some(Arc::new(FeedEvent {
        cursor: convert::cursor(cursor_at(state, item.applied.pos)),
        channel,
        id: item.applied.id,
        time_unix_ms: item.applied.time.unix_ms(),
        sender,
        content,
        withdrawn: item.applied.withdrawn.to_vec(),
        encoded: OnceLock::new(),
    }))
}

type Content = (ChannelId, AccountLabel, EventContent);

fn event(state: &State, item: &Item) -> Option<Content> {
    let applied = &item.applied;
    let sender = || label(state, item, &applied.sender?);
    if let WireBody::Present(body) = &applied.record.body
        && let Some(text) = body.as_text()
    {
        let content = EventContent::Message { text: Some(Arc::from(text)) };
        return Some((applied.channel_id, sender()?, content));
    }
    let header = EventHeader::decode(&applied.record.header).ok()?;
    match header.act().ok()? {
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
        EventAct::Contact(_)
        | EventAct::Erased(_)
        | EventAct::Erasure(_)
        | EventAct::Request(_)
        | EventAct::Unknown(_) => None,
    }
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
            (ban.account, EventContent::Removed { account })
        }
        ControlAct::Cover
        | ControlAct::HandOver(_)
        | ControlAct::Moderate(_)
        | ControlAct::Open(_)
        | ControlAct::SetArchived(_)
        | ControlAct::SetHistory(_)
        | ControlAct::SetJoinRule(_)
        | ControlAct::SetPosting(_)
        | ControlAct::SetRetention(_)
        | ControlAct::SetVersion(_)
        | ControlAct::Unban(_)
        | ControlAct::Unknown(_) => return None,
    };
    let sender = of(&header.actor.unwrap_or(about))?;
    Some((applied.channel_id, sender, content))
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
