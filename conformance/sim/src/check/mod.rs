//! What must hold, judged from outside the nodes: by their states, their rows and what users were
//! told. Nothing here changes a node.

mod agree;
mod forks;
mod replay;
mod rows;
#[cfg(test)]
mod tests;
mod texts;

use std::collections::BTreeSet;

use comity_machine::{Group, State};
use comity_protocol::hash::Hash;
use comity_protocol::id::{ChannelId, LineageId};

use crate::node::Node;
use crate::watch::Rule;
use crate::world::World;

pub(crate) use self::rows::{Verdicts, record_at, row_at};
pub(crate) use self::texts::acknowledged;

/// Something that was broken, and how.
pub(crate) type Broken = (Rule, String);

/// What keeps the world from rest, if anything does.
pub(crate) fn unfinished(world: &World) -> Option<String> {
    for node in &world.nodes {
        let index = node.index;
        let Some(run) = &node.run else { return Some(format!("n{index} is down")) };
        for (at, other) in world.everybody.iter().enumerate() {
            let is_honest = is_honest(world, at) && is_honest(world, index);
            let is_reached = is_honest && !world.net.are_apart(at, index);
            if at != index && is_reached && !run.dialer.is_linked(&other.domain) {
                return Some(format!("n{index} is not linked with {}", other.domain));
            }
        }
    }
    for user in world.users.iter().filter(|user| is_honest(world, user.node)) {
        if let Some(pending) = user.pending.front() {
            return Some(format!("u{} waits for #{}", user.index, pending.nonce));
        }
    }
    agree::behind(world).or_else(|| forks::unproven(world))
}

/// After a node has started again: it has what it had, and nothing else.
pub(crate) fn after_start(world: &mut World, at: usize) {
    let mut broken = Vec::new();
    broken.extend(replay::check(&world.nodes[at]));
    broken.extend(rows::check(world, at).map_or_else(|broken| broken, |_| Vec::new()));
    broken.extend(rows::note_verdicts(world, at));
    tell(world, broken);
}

/// Everything, when the world has come to rest.
pub(crate) fn everything(world: &mut World) {
    let mut broken = Vec::new();
    let mut all = Vec::new();
    for at in 0..world.nodes.len() {
        broken.extend(replay::check(&world.nodes[at]));
        match rows::check(world, at) {
            Ok(rows) => {
                broken.extend(rows::not_erased(at, &rows));
                broken.extend(rows::not_expired(world, at, &rows));
                all.push(rows);
            }
            Err(found) => broken.extend(found),
        }
    }
    for at in 0..world.nodes.len() {
        broken.extend(rows::note_verdicts(world, at));
    }
    if all.len() == world.nodes.len() {
        broken.extend(rows::compare(world, &all));
        broken.extend(texts::check(world, &all));
        broken.extend(texts::check_feeds(world, &all));
    }
    broken.extend(agree::control_states(world));
    broken.extend(forks::disagreements(world));
    *world.counts.entry("proof held").or_default() += forks::proofs_held(world);
    *world.counts.entry("history replaced").or_default() += forks::histories_replaced(world);
    *world.counts.entry("log closed").or_default() += agree::closed_logs(world);
    tell(world, broken);
}

/// The hash of the control state of a group after a record, at an honest node that has come that
/// far: what a hostile home needs for a snapshot that holds.
pub(crate) fn expected_state(
    nodes: &[Node],
    hostile: usize,
    channel: ChannelId,
    seq: u64,
) -> Option<Hash> {
    let honest = nodes.iter().filter(|node| node.index != hostile);
    honest.filter_map(|node| node.run.as_ref()).find_map(|run| {
        let state = run.shared.state();
        let group = state.channel(&channel)?.1.group()?;
        (group.point.seq == seq).then(|| group.state.hash())
    })
}

/// Whether a node can come back with its older disks without losing what nobody can give it back: a
/// channel, an invitation, an introduction; or a control log of its own with no honest member to
/// ask, or one that its admin answers for, which would be a fork by its own hand and is left to the
/// tests of forks.
pub(crate) fn may_roll_back(world: &World, at: usize) -> bool {
    if world.plan.apart.is_some_and(|(one, other, _)| one == at || other == at) {
        return false;
    }
    let node = &world.nodes[at];
    let (Some(image), Some(run)) = (node.images.first(), &node.run) else { return false };
    let Some(then) = image.archive.replay() else { return false };
    let now = run.shared.state();
    let ids = |state: &State| {
        let groups = state.channels.values().filter(|channel| channel.group().is_some());
        groups.map(|channel| channel.id).collect::<BTreeSet<_>>()
    };
    let invitations = |state: &State| {
        let accounts = state.accounts.values();
        accounts.map(|account| account.invitations.len()).collect::<Vec<_>>()
    };
    let groups = now.channels.values().filter_map(|channel| Some((channel.id, channel.group()?)));
    let comes_back = |(id, now): (ChannelId, &Group)| {
        let before = then.channel(&id).and_then(|(_, channel)| channel.group());
        before
            .is_some_and(|before| before.point == now.point || is_given_back(world, &then, before))
    };
    ids(&then) == ids(&now)
        && invitations(&then) == invitations(&now)
        && then.peers.len() == now.peers.len()
        && groups.into_iter().all(comes_back)
}

/// Whether the members whom a node knew of in a group will tell it what it has lost: all of them
/// are asked before it writes on, and one of them is honest.
fn is_given_back(world: &World, then: &State, group: &Group) -> bool {
    let own = then.lineage();
    let others = group.state.organisations.keys().filter(|o| **o != own && group.follows(**o));
    let others: Vec<&LineageId> = others.collect();
    let is_honest =
        |lineage: &LineageId| node_of(world, lineage).is_some_and(|at| is_honest(world, at));
    let is_heard =
        |lineage: &LineageId| then.peers.get(lineage).is_some_and(|peer| peer.heard_unix_ms > 0);
    let homes_are_honest = group.terms.values().all(|term| is_honest(&term.home));
    let are_asked = others.len() <= 2 && others.iter().all(|other| is_heard(other));
    homes_are_honest && are_asked && others.iter().any(|other| is_honest(other))
}

fn tell(world: &mut World, broken: Vec<Broken>) {
    let now_ms = world.agenda.now_ms;
    for (rule, text) in broken {
        world.watch.found(rule, now_ms, text);
    }
}

/// Whether a node keeps the rules.
pub(crate) fn is_honest(world: &World, at: usize) -> bool {
    world.plan.hostile != Some(at)
}

/// The node of a lineage.
pub(crate) fn node_of(world: &World, lineage: &LineageId) -> Option<usize> {
    world.everybody.iter().position(|own| own.lineage == *lineage)
}
