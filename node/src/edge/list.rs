//! Channels as a user's lists show them. It decides nothing.

use comity_client_api::{Caller, ChannelKind, ChannelSummary, Member, Role, Standing, Unread};
use comity_machine::{Account, Channel, ChannelNo, Kind, OpenInvitation, State};
use comity_protocol::control;
use comity_protocol::id::{AccountId, ChannelId};
use comity_protocol::limits::MEMBERS_DEFAULT;

use super::convert;
use super::peer::Marks;

/// The channels and invitations of an account.
pub(super) fn summaries(state: &State, caller: &Caller, account: &Account) -> Vec<ChannelSummary> {
    let invitations: Vec<ChannelSummary> = account
        .invitations
        .iter()
        .filter_map(|(id, invitation)| invited(state, caller, *id, invitation))
        .collect();
    // Who may read what there was of a group, and is invited to it again, has it once.
    let is_invited = |channel: &Channel| invitations.iter().any(|known| known.id == channel.id);
    let held = account.channels.keys().filter_map(|no| {
        let channel = state.channels.get(no).filter(|channel| !is_invited(channel))?;
        if is_only_unheard(state, caller, *no, channel) {
            return None;
        }
        summary(state, caller, account, *no, channel)
    });
    let held: Vec<ChannelSummary> = held.collect();
    held.into_iter().chain(invitations).collect()
}

/// An invitation as an account has it in its list.
fn invited(
    state: &State,
    caller: &Caller,
    id: ChannelId,
    invitation: &OpenInvitation,
) -> Option<ChannelSummary> {
    // Who is not let in has nothing to ask of anybody, until he is again.
    state.check_admitted(invitation.home).ok()?;
    let home = state.peers.get(&invitation.home)?.domain.parse().ok()?;
    let is_strange = state.is_stranger(caller.account.number, &invitation.inviter);
    let name = if is_strange { String::new() } else { invitation.name.clone() };
    let (inviter, topic) = (invitation.inviter.parse().ok(), String::new());
    let kind = ChannelKind::Group { name, topic, home, member_limit: MEMBERS_DEFAULT };
    let standing = if invitation.accepted { Standing::Joining } else { Standing::Invited };
    let unread = Unread::default();
    let last_message_unix_ms = None;
    let (muted, level) = (false, None);
    Some(ChannelSummary { id, kind, standing, inviter, last_message_unix_ms, unread, muted, level })
}

/// Whether a direct channel holds nothing but what somebody says whom the account blocks.
fn is_only_unheard(state: &State, caller: &Caller, no: ChannelNo, channel: &Channel) -> bool {
    let Kind::Direct(direct) = &channel.kind else { return false };
    let (other, _) = direct.other(caller.account);
    let account = caller.account.number;
    state.blocks(account, other) && state.last_message_for(no, account).is_none()
}

/// A channel as an account has it in its list; nothing where it is in none.
pub(super) fn summary(
    state: &State,
    caller: &Caller,
    account: &Account,
    no: ChannelNo,
    channel: &Channel,
) -> Option<ChannelSummary> {
    use comity_machine::Standing as Held;
    let held = account.channels.get(&no)?.standing;
    let (kind, role) = match &channel.kind {
        Kind::Direct(direct) => {
            let (_, label) = direct.other(caller.account);
            (ChannelKind::Direct { with: label.parse().ok()? }, Role::Member)
        }
        Kind::Group(group) => {
            let home = group.state.organisations.get(&group.state.home)?;
            let kind = ChannelKind::Group {
                name: group.state.name.clone(),
                topic: group.state.topic.clone(),
                home: home.domain.parse().ok()?,
                member_limit: group.state.member_limit,
            };
            let role = group.state.role(&caller.account).unwrap_or(control::Role::Member);
            (kind, convert::role(role))
        }
        Kind::Link { .. } => return None,
    };
    if let (Held::Invited | Held::Joining, Kind::Group(group)) = (held, &channel.kind) {
        state.check_admitted(group.state.home).ok()?;
    }
    let standing = match held {
        Held::Joined => Standing::Joined(role),
        Held::Invited => Standing::Invited,
        Held::Joining => Standing::Joining,
        Held::Gone | Held::Leaving if state.reads_kept(caller.account.number, no) => Standing::Kept,
        Held::Gone | Held::Leaving => return None,
    };
    let is_in = matches!(standing, Standing::Joined(_));
    let is_read = is_in || standing == Standing::Kept;
    let last = state.last_message_for(no, caller.account.number).filter(|_| is_read);
    Some(ChannelSummary {
        id: channel.id,
        kind,
        standing,
        inviter: None,
        last_message_unix_ms: last.map(|time| time.unix_ms()),
        unread: convert::unread(state.unread(caller.account.number, no)),
        muted: state.is_muted(caller.account.number, no),
        level: state.level_of(caller.account.number, no).map(convert::level),
    })
}

/// Who is in a channel, or invited, by label.
pub(super) fn members(
    state: &State,
    marks: &Marks,
    caller: &Caller,
    (no, channel): (ChannelNo, &Channel),
) -> Vec<Member> {
    let is_small = channel.is_small();
    let read = |account: &AccountId| {
        if account.lineage != state.lineage() {
            return marks.heard(no, account).filter(|_| is_small);
        }
        let is_shown = state.shows_reads(account.number)
            && !state.hides_alone(channel, *account, caller.account);
        state.read_mark(account.number, no).message.filter(|_| is_shown && is_small)
    };
    let name = |account: &AccountId| {
        let ours = (account.lineage == state.lineage()).then_some(account.number);
        state.accounts.get(&ours?)?.display_name.clone()
    };
    let mut members: Vec<Member> = match &channel.kind {
        Kind::Direct(direct) => {
            let (ids, labels) = (&direct.accounts, &direct.labels);
            let both = [(&ids.0, &labels.0), (&ids.1, &labels.1)].into_iter();
            let member = |(id, label): (&AccountId, &String)| {
                let (role, invited) = (Role::Member, false);
                let account = label.parse().ok()?;
                Some(Member { account, role, invited, display_name: name(id), read: read(id) })
            };
            both.filter_map(member).collect()
        }
        Kind::Group(group) => {
            let listed = group.state.members.iter().filter_map(|(id, member)| {
                let invited = !member.is_in() && member.invite.is_some();
                let account = member.label.parse().ok()?;
                let role = convert::role(member.role());
                let is_listed = member.is_in() || invited;
                let (display_name, read) = (name(id), read(id));
                is_listed.then_some(Member { account, role, invited, display_name, read })
            });
            listed.collect()
        }
        Kind::Link { .. } => Vec::new(),
    };
    members.sort_by(|a, b| a.account.cmp(&b.account));
    members
}
