//! What users do: a table. A new act is a new row; who may do it is the product's business, and a
//! refusal is an answer like any.

use comity_machine::{Act, Channel, ChannelNo, GroupAct, Log, Standing, State};
use comity_protocol::control::{
    Ban, ControlAct, JoinRule, Moderation, Role, SetArchived, SetHistory, SetJoinRule, SetPosting,
    SetRetention, SetRole, Succession, Target, Text,
};
use comity_protocol::id::{AccountId, ChannelId, LineageId, LogName};
use comity_protocol::limits::RETENTION_SECONDS_MIN;

use crate::check::row_at;
use crate::dice::Dice;
use crate::node::Node;
use crate::users::User;

/// Something that users do.
pub(crate) struct Op {
    pub(crate) name: &'static str,
    /// How often, beside the others.
    pub(crate) weight: u64,
    /// Whether it changes who is where; runs with rollbacks have none of these.
    pub(crate) is_membership: bool,
    choose: fn(&Scene<'_>, &mut Dice) -> Option<Act>,
}

/// Every op.
pub(crate) const OPS: [Op; 21] = [
    op("send", 600, false, send),
    op("erase", 25, false, erase),
    op("open a direct channel", 25, false, open_direct),
    op("create a group", 20, true, create_group),
    op("invite", 60, true, invite),
    op("accept", 120, true, accept),
    op("decline", 10, true, decline),
    op("leave", 15, true, leave),
    op("remove", 25, true, remove),
    op("change a role", 20, true, set_role),
    op("rename", 15, true, rename),
    op("change the topic", 10, true, set_topic),
    op("ban", 12, true, ban),
    op("unban", 8, true, unban),
    op("change the join rule", 15, true, set_join_rule),
    op("come in by the join rule", 30, true, join),
    op("change who may post", 10, true, set_posting),
    op("archive or reopen", 10, true, set_archived),
    op("hand over", 8, true, hand_over),
    op("hide or show the past", 15, true, set_history),
    op("change how long texts are kept", 8, true, set_retention),
];

const fn op(
    name: &'static str,
    weight: u64,
    is_membership: bool,
    choose: fn(&Scene<'_>, &mut Dice) -> Option<Act>,
) -> Op {
    Op { name, weight, is_membership, choose }
}

/// What a user sees who is about to do something.
pub(crate) struct Scene<'w> {
    pub(crate) user: &'w User,
    pub(crate) state: &'w State,
    pub(crate) users: &'w [User],
    pub(crate) nodes: &'w [Node],
    pub(crate) nonce: u64,
    /// Groups that a user may be the owner of.
    pub(crate) groups_max: usize,
}

/// Draws an op that can be done now.
pub(crate) fn choose(
    scene: &Scene<'_>,
    with_membership: bool,
    dice: &mut Dice,
) -> Option<(&'static str, Act)> {
    let ops = || OPS.iter().filter(|op| with_membership || !op.is_membership);
    let mut left = dice.below(ops().map(|op| op.weight).sum());
    let drawn = ops().find(|op| {
        let is_it = left < op.weight;
        left = left.saturating_sub(op.weight);
        is_it
    })?;
    (drawn.choose)(scene, dice).map(|act| (drawn.name, act))
}

impl Scene<'_> {
    /// The user's channels of a standing.
    fn channels(&self, standing: Standing) -> Vec<(ChannelNo, &Channel)> {
        let account = self.state.accounts.get(&self.user.account);
        let stays = account.into_iter().flat_map(|account| &account.channels);
        stays
            .filter(|(_, stay)| stay.standing == standing)
            .filter_map(|(no, _)| Some((*no, self.state.channels.get(no)?)))
            .collect()
    }

    fn groups(&self) -> Vec<&Channel> {
        let joined = self.channels(Standing::Joined).into_iter();
        joined.map(|(_, channel)| channel).filter(|channel| channel.group().is_some()).collect()
    }

    fn group(&self, dice: &mut Dice) -> Option<&Channel> {
        dice.pick(&self.groups()).copied()
    }

    /// Groups to which the user is invited.
    fn invited(&self) -> Vec<ChannelId> {
        let account = self.state.accounts.get(&self.user.account);
        let told = account.into_iter().flat_map(|account| account.invitations.keys().copied());
        let known = self.channels(Standing::Invited).into_iter().map(|(_, channel)| channel.id);
        told.chain(known).collect()
    }

    fn somebody_else(&self, dice: &mut Dice) -> Option<(AccountId, String)> {
        let other = dice.pick(self.users).filter(|other| other.index != self.user.index)?;
        let own = &self.nodes[other.node].own;
        let account = AccountId { lineage: own.lineage, number: other.account };
        Some((account, format!("{}@{}", other.name, own.domain)))
    }

    fn somebody_in(&self, group: &Channel, dice: &mut Dice) -> Option<AccountId> {
        let members: Vec<AccountId> = group.group()?.state.members.keys().copied().collect();
        dice.pick(&members).copied()
    }
}

fn send(scene: &Scene<'_>, dice: &mut Dice) -> Option<Act> {
    let channels = scene.channels(Standing::Joined);
    let channel = dice.pick(&channels)?.1.id;
    Some(text_for(scene.user, scene.nonce, channel, dice))
}

/// One of the texts that the user's node holds: his own, or in a group anybody's.
fn erase(scene: &Scene<'_>, dice: &mut Dice) -> Option<Act> {
    let channels = scene.channels(Standing::Joined);
    let (no, channel) = *dice.pick(&channels)?;
    let logs: Vec<(&LogName, &Log)> = channel.logs.iter().collect();
    let (name, log) = *dice.pick(&logs)?;
    let LogName::Message { origin, writer } = *name else { return None };
    let seq = 1 + dice.below(log.end.seq().max(1));
    let run = scene.nodes[scene.user.node].run.as_ref()?;
    let row = row_at(&run.shared, no, log.no, seq)?;
    let target = Moderation { origin, writer, seq, hash: row.hash.into() };
    Some(Act::Erase { channel: channel.id, target, author: row.sender? })
}

/// A text that no other is like; now and then a long one.
pub(crate) fn text_for(user: &User, nonce: u64, channel: ChannelId, dice: &mut Dice) -> Act {
    let chars = if dice.per_mille(20) { dice.below(20_000) } else { dice.below(60) };
    let filler = "x".repeat(usize::try_from(chars).unwrap_or_default());
    Act::send(channel, format!("u{}.{nonce} {filler}", user.index))
}

fn open_direct(scene: &Scene<'_>, dice: &mut Dice) -> Option<Act> {
    let (account, label) = scene.somebody_else(dice)?;
    Some(Act::OpenDirect { account, label })
}

fn create_group(scene: &Scene<'_>, dice: &mut Dice) -> Option<Act> {
    if scene.groups().len() >= scene.groups_max {
        return None;
    }
    let name = format!("group {}", scene.nonce);
    let member_limit = if dice.per_mille(200) { 2 } else { 100 };
    Some(Act::CreateGroup { name, topic: String::new(), member_limit })
}

fn invite(scene: &Scene<'_>, dice: &mut Dice) -> Option<Act> {
    let channel = scene.group(dice)?.id;
    let (account, label) = scene.somebody_else(dice)?;
    Some(Act::Invite { channel, account, label })
}

fn accept(scene: &Scene<'_>, dice: &mut Dice) -> Option<Act> {
    dice.pick(&scene.invited()).map(|channel| Act::Accept { channel: *channel })
}

fn decline(scene: &Scene<'_>, dice: &mut Dice) -> Option<Act> {
    dice.pick(&scene.invited()).map(|channel| Act::Decline { channel: *channel })
}

fn leave(scene: &Scene<'_>, dice: &mut Dice) -> Option<Act> {
    scene.group(dice).map(|group| Act::Leave { channel: group.id })
}

fn remove(scene: &Scene<'_>, dice: &mut Dice) -> Option<Act> {
    let group = scene.group(dice)?;
    let account = scene.somebody_in(group, dice)?;
    Some(govern(group.id, ControlAct::Remove(Target { account })))
}

fn set_role(scene: &Scene<'_>, dice: &mut Dice) -> Option<Act> {
    let group = scene.group(dice)?;
    let account = scene.somebody_in(group, dice)?;
    let role = *dice.pick(&[Role::Member, Role::Moderator, Role::Owner])?;
    Some(govern(group.id, ControlAct::SetRole(SetRole { account, role })))
}

fn rename(scene: &Scene<'_>, dice: &mut Dice) -> Option<Act> {
    let text = format!("name {}", scene.nonce);
    scene.group(dice).map(|group| govern(group.id, ControlAct::SetName(Text { text })))
}

fn set_topic(scene: &Scene<'_>, dice: &mut Dice) -> Option<Act> {
    let text = format!("topic {}", scene.nonce);
    scene.group(dice).map(|group| govern(group.id, ControlAct::SetTopic(Text { text })))
}

fn ban(scene: &Scene<'_>, dice: &mut Dice) -> Option<Act> {
    let channel = scene.group(dice)?.id;
    let (account, label) = scene.somebody_else(dice)?;
    Some(govern(channel, ControlAct::Ban(Ban { account, label })))
}

fn unban(scene: &Scene<'_>, dice: &mut Dice) -> Option<Act> {
    let group = scene.group(dice)?;
    let members = group.group()?.state.members.iter();
    let banned = members.filter(|(_, member)| member.banned);
    let banned: Vec<AccountId> = banned.map(|(account, _)| *account).collect();
    let account = *dice.pick(&banned)?;
    Some(govern(group.id, ControlAct::Unban(Target { account })))
}

fn set_join_rule(scene: &Scene<'_>, dice: &mut Dice) -> Option<Act> {
    let mut some: Vec<LineageId> = scene.nodes.iter().map(|node| node.own.lineage).collect();
    some.retain(|_| dice.per_mille(500));
    some.sort_unstable();
    let rule = match dice.below(3) {
        0 => JoinRule::Invited,
        1 if !some.is_empty() => JoinRule::Organisations(some),
        _ => JoinRule::Anyone,
    };
    scene.group(dice).map(|group| govern(group.id, ControlAct::SetJoinRule(SetJoinRule { rule })))
}

/// Into a group of which the user has heard somewhere: any that some node has.
fn join(scene: &Scene<'_>, dice: &mut Dice) -> Option<Act> {
    let state = dice.pick(scene.nodes)?.run.as_ref()?.shared.state();
    let groups: Vec<&Channel> = state.channels.values().filter(|c| c.group().is_some()).collect();
    let group = *dice.pick(&groups)?;
    let home = group.group()?.state.home;
    Some(Act::Join { channel: group.id, home, name: group.group()?.state.name.clone() })
}

fn set_posting(scene: &Scene<'_>, dice: &mut Dice) -> Option<Act> {
    let role = *dice.pick(&[Role::Member, Role::Member, Role::Moderator, Role::Owner])?;
    scene.group(dice).map(|group| govern(group.id, ControlAct::SetPosting(SetPosting { role })))
}

fn set_archived(scene: &Scene<'_>, dice: &mut Dice) -> Option<Act> {
    let group = scene.group(dice)?;
    let archived = !group.group()?.state.archived;
    Some(govern(group.id, ControlAct::SetArchived(SetArchived { archived })))
}

fn set_history(scene: &Scene<'_>, dice: &mut Dice) -> Option<Act> {
    let group = scene.group(dice)?;
    let since_joining = !group.group()?.state.since_joining;
    Some(govern(group.id, ControlAct::SetHistory(SetHistory { since_joining })))
}

fn set_retention(scene: &Scene<'_>, dice: &mut Dice) -> Option<Act> {
    let seconds = *dice.pick(&[None, Some(RETENTION_SECONDS_MIN), Some(86_400)])?;
    let act = ControlAct::SetRetention(SetRetention { seconds });
    scene.group(dice).map(|group| govern(group.id, act))
}

fn hand_over(scene: &Scene<'_>, dice: &mut Dice) -> Option<Act> {
    let group = scene.group(dice)?;
    let nominee = scene.somebody_in(group, dice)?.lineage;
    Some(govern(group.id, ControlAct::HandOver(Succession { nominee })))
}

fn govern(channel: ChannelId, act: ControlAct) -> Act {
    Act::Govern { channel, act: GroupAct(Box::new(act)) }
}
