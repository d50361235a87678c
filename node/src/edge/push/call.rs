//! What waits for an account's answer and is no message: invitations to groups, and people who want
//! to be contacts. Of a channel one is told at a time; strangers' invitations wait until somebody
//! looks.

use comity_machine::{Act, ChannelNo, ContactStanding, Kind, Standing, State};
use comity_protocol::id::{AccountNumber, ChannelId};

/// Something that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// An invitation.
    Invite {
        /// To which group.
        channel: ChannelId,
        /// Its name.
        name: String,
        /// Who invites, where that is known.
        by: Option<String>,
    },
    /// Somebody wants to be a contact.
    Contact {
        /// Who.
        by: String,
    },
}

/// What of a group, or of the link channel with an organisation, waits for an account.
pub(super) fn call(state: &State, account: AccountNumber, no: ChannelNo) -> Option<Call> {
    let (known, channel) = (state.accounts.get(&account)?, state.channels.get(&no)?);
    match &channel.kind {
        Kind::Direct(_) => None,
        Kind::Group(group) => {
            let is_invited = known.channels.get(&no)?.standing == Standing::Invited;
            let (channel, name) = (channel.id, group.state.name.clone());
            is_invited.then_some(Call::Invite { channel, name, by: None })
        }
        Kind::Link { peer } => {
            let asking = state.contacts_of(account).filter(|(other, contact)| {
                other.lineage == *peer && contact.standing == ContactStanding::Asking
            });
            let newest = asking.max_by_key(|(_, contact)| contact.since_unix_ms);
            if let Some((_, contact)) = newest {
                return Some(Call::Contact { by: contact.label.clone() });
            }
            let open = known.invitations.iter();
            let is_told = |by: &str| !state.is_stranger(account, by);
            let mut open = open.filter(|(_, open)| open.home == *peer && !open.accepted);
            let newest = open.rfind(|(_, open)| is_told(&open.inviter));
            newest.map(|(channel, open)| Call::Invite {
                channel: *channel,
                name: open.name.clone(),
                by: Some(open.inviter.clone()),
            })
        }
    }
}

/// Channels of which something waits for an account.
pub(super) fn calling(state: &State, account: AccountNumber) -> Vec<ChannelNo> {
    let Some(known) = state.accounts.get(&account) else { return Vec::new() };
    let invited = known.channels.iter().filter(|(_, stay)| stay.standing == Standing::Invited);
    let mut found: Vec<ChannelNo> = invited.map(|(no, _)| *no).collect();
    let asking = state.contacts_of(account);
    let asking = asking.filter(|(_, contact)| contact.standing == ContactStanding::Asking);
    let asking = asking.filter_map(|(other, _)| state.link_with(other.lineage));
    let open = known.invitations.values().filter(|open| !open.accepted);
    let open = open.filter(|open| !state.is_stranger(account, &open.inviter));
    found.extend(asking.chain(open.filter_map(|open| state.link_with(open.home))));
    found.sort_unstable();
    found.dedup();
    found
}

/// The channel of which something may wait no more once an account has done something.
pub(in crate::edge) fn answered(
    state: &State,
    account: AccountNumber,
    act: &Act,
) -> Option<ChannelNo> {
    match act {
        Act::Accept { channel } | Act::Decline { channel } => {
            match state.accounts.get(&account)?.invitations.get(channel) {
                Some(open) => state.link_with(open.home),
                None => state.channel(channel).map(|(no, _)| no),
            }
        }
        Act::AddContact { account: other, .. }
        | Act::RemoveContact { account: other }
        | Act::Block { account: other, .. } => state.link_with(other.lineage),
        _ => None,
    }
}
