//! Whether honest nodes have come to the same: who holds how much of which log, and what the
//! control state of each group is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::RwLockReadGuard;

use comity_machine::{Backlog, Channel, Kind, Log, State};
use comity_protocol::id::{ChannelId, LineageId, LogId, LogName};

use super::{Broken, is_honest, node_of};
use crate::gates::{waits_for_next_term, waits_for_origin};
use crate::watch::{Rule, show_log};
use crate::world::World;

type States<'w> = Vec<Option<RwLockReadGuard<'w, State>>>;

/// The first log of which a node that should have all of it lacks something.
pub(super) fn behind(world: &World) -> Option<String> {
    let states = states(world);
    for (channel, members) in shared_channels(world, &states) {
        if let Some(found) = behind_in(world, &states, channel, &members) {
            return Some(found);
        }
    }
    None
}

/// Groups of which two members know different things.
pub(super) fn control_states(world: &World) -> Vec<Broken> {
    let states = states(world);
    let mut broken = Vec::new();
    for (channel, members) in shared_channels(world, &states) {
        let mut first = None;
        for node in members {
            let Some(state) = &states[node] else { continue };
            let Some((_, known)) = state.channel(&channel) else { continue };
            let Some(group) = known.group() else { continue };
            // Where its home wrote two, each goes on from what it had.
            let log = known.logs.get(&group.control_log());
            if log.is_some_and(|log| log.fork.is_some()) {
                continue;
            }
            let known = (group.state.hash(), group.point);
            match first {
                None => first = Some((node, known)),
                Some((other, expected)) if expected != known => {
                    let text = format!("n{other} and n{node} of {:?}", &channel.0[..3]);
                    broken.push((Rule::ControlState, text));
                }
                Some(_) => {}
            }
        }
    }
    broken
}

/// How many logs homes have closed.
pub(super) fn closed_logs(world: &World) -> u64 {
    let states = states(world);
    let states = states.iter().flatten();
    let groups = states.flat_map(|state| {
        let groups = state.channels.values().filter_map(|channel| channel.group());
        groups.filter(|group| group.state.home == state.lineage())
    });
    groups.map(|group| group.closed.len() as u64).sum()
}

fn states(world: &World) -> States<'_> {
    world.nodes.iter().map(|node| node.run.as_ref().map(|run| run.shared.state())).collect()
}

/// Every channel that several honest nodes share, with those that follow it: by what the home says
/// where there is an honest one, else by what each says of itself.
fn shared_channels(world: &World, states: &States<'_>) -> BTreeMap<ChannelId, BTreeSet<usize>> {
    let mut found: BTreeMap<ChannelId, BTreeSet<usize>> = BTreeMap::new();
    for (at, state) in states.iter().enumerate().filter(|(at, _)| is_honest(world, *at)) {
        for channel in state.iter().flat_map(|state| state.channels.values()) {
            let lineages: Vec<LineageId> = match &channel.kind {
                Kind::Direct(direct) => {
                    vec![direct.accounts.0.lineage, direct.accounts.1.lineage]
                }
                Kind::Link { peer } => vec![world.everybody[at].lineage, *peer],
                Kind::Group(group) if group.state.home == world.everybody[at].lineage => {
                    if waits_for_next_term(world, channel.id, group) {
                        continue;
                    }
                    let joined = group.state.joined().map(|(account, _)| account.lineage);
                    joined.chain([group.state.home]).collect()
                }
                Kind::Group(group) => {
                    let own = world.everybody[at].lineage;
                    let home = node_of(world, &group.state.home);
                    let follows = group.state.has_organisation(own);
                    if !follows || home.is_some_and(|home| is_honest(world, home)) {
                        continue;
                    }
                    vec![own]
                }
            };
            let members = lineages.iter().filter_map(|lineage| node_of(world, lineage));
            let members = members.filter(|member| is_honest(world, *member));
            found.entry(channel.id).or_default().extend(members);
        }
    }
    // Between two that are apart somebody has to stand who is in the channel too.
    found.retain(|_, members| {
        let apart = |one: &usize| members.iter().any(|other| world.net.are_apart(*one, *other));
        members.len() > 2 || !members.iter().any(apart)
    });
    found
}

fn behind_in(
    world: &World,
    states: &States<'_>,
    channel: ChannelId,
    members: &BTreeSet<usize>,
) -> Option<String> {
    let mut longest: BTreeMap<LogName, (u64, usize)> = BTreeMap::new();
    for node in members {
        let known = states[*node].as_ref().and_then(|state| state.channel(&channel));
        for (name, log) in known.iter().flat_map(|(_, channel)| &channel.logs) {
            let held = longest.entry(*name).or_default();
            *held = (*held).max((log.fed_to(), *node));
        }
    }
    for (name, (seq, holder)) in longest {
        for node in members {
            if lacks_history(world, states, channel, *node) {
                return Some(format!("n{node} lacks history of {:?}", &channel.0[..3]));
            }
            let has = held(states, *node, channel, &name);
            if has < demanded(world, states, (channel, name), seq, (*node, members)) {
                let log = show_log(&LogId { channel, name });
                return Some(format!("n{node} has {has} of {log}, n{holder} has {seq}"));
            }
        }
    }
    None
}

/// Whether a node waits for a group's past that it can have: the home serves all that it holds,
/// unless it came later itself and was shown nothing of what is older. What the home has lost with
/// its disk, and nobody else had, is lost.
fn lacks_history(world: &World, states: &States<'_>, channel: ChannelId, node: usize) -> bool {
    let Some(state) = &states[node] else { return false };
    let Some((no, known)) = state.channel(&channel) else { return false };
    let founder = known.group().filter(|group| group.terms.len() == 1);
    let Some(home) = founder.and_then(|group| node_of(world, &group.state.home)) else {
        return false;
    };
    let is_reached = is_honest(world, home) && !world.net.are_apart(home, node);
    let is_served = |(name, log): (&LogName, &Log)| {
        let until = log.backlog.as_ref().map(Backlog::until);
        until.is_some_and(|until| held(states, home, channel, name) >= until)
    };
    is_reached && state.lacks_history(no, None) && known.logs.iter().any(is_served)
}

/// How much of a log a member can show to a node. Who came back has none of what it missed, and who
/// came where the rule hides the past none of what was before; what lies above goes on from there.
fn shown(
    world: &World,
    states: &States<'_>,
    (channel, name): (ChannelId, LogName),
    (node, members): (usize, &BTreeSet<usize>),
) -> u64 {
    let reached = members.iter().filter(|member| !world.net.are_apart(node, **member));
    let has = held(states, node, channel, &name);
    let ends = reached.filter_map(|member| {
        let (_, channel) = states[*member].as_ref()?.channel(&channel)?;
        let log = channel.logs.get(&name)?;
        let own = world.everybody[*member].lineage;
        let came_back = channel.group().is_some_and(|g| g.organisation_stays(own).len() > 1);
        let is_hidden = channel.group().is_some_and(|g| g.state.since_joining);
        let has_missed = log.floor.is_some_and(|floor| has < floor.seq);
        log.proven_end().filter(|_| !((came_back || is_hidden) && has_missed))
    });
    ends.map(|(seq, _)| seq).max().unwrap_or(0)
}

fn held(states: &States<'_>, node: usize, channel: ChannelId, name: &LogName) -> u64 {
    let known = states[node].as_ref().and_then(|state| state.channel(&channel));
    known.and_then(|(_, channel)| channel.logs.get(name)).map_or(0, Log::fed_to)
}

/// How much of a log, of which a member has so many records, a node has to have.
fn demanded(
    world: &World,
    states: &States<'_>,
    (channel, name): (ChannelId, LogName),
    seq: u64,
    (node, members): (usize, &BTreeSet<usize>),
) -> u64 {
    let (origin, writer) = match name {
        LogName::Message { origin, writer } => (origin, writer),
        LogName::Control { term, .. } => {
            // What a forced opening made void, nobody has to have.
            let known = states[node].as_ref().and_then(|state| state.channel(&channel));
            let group = known.and_then(|(_, channel)| channel.group());
            let next = group.and_then(|group| group.terms.get(&(term + 1)));
            let base = next.filter(|next| next.forced).and_then(|next| next.base);
            // Nor what stands from where it is proven to part.
            let log = known.and_then(|(_, channel)| channel.logs.get(&name));
            let fork = log.and_then(|log| log.fork.as_ref()).map_or(u64::MAX, |fork| fork.seq - 1);
            return seq.min(fork).min(base.map_or(u64::MAX, |base| base.seq));
        }
    };
    let Some(at) = node_of(world, &origin) else { return 0 };
    // Where the group's home wrote two control logs, events wait for what one of them says.
    let is_forked = |channel: &Channel| {
        let control = channel.group().and_then(|group| channel.logs.get(&group.control_log()));
        control.is_some_and(|control| control.fork.is_some())
    };
    let known = states[node].as_ref().and_then(|state| state.channel(&channel));
    if known.is_some_and(|(_, channel)| is_forked(channel)) {
        return 0;
    }
    if !is_honest(world, at) {
        return 0;
    }
    let is_reached = members.contains(&at) && !world.net.are_apart(node, at);
    let waits = known.is_some_and(|(_, channel)| {
        channel.logs.get(&name).is_some_and(|log| waits_for_origin(world, node, channel, log))
    });
    if !is_reached && waits {
        return 0;
    }
    let is_apart = world.net.are_apart(node, at);
    let shown = is_apart.then(|| shown(world, states, (channel, name), (node, members)));
    let seq = seq.min(shown.unwrap_or(u64::MAX));
    if members.contains(&at) {
        return seq;
    }
    // Of who is out, nothing counts that V does not cover.
    let group = known.and_then(|(_, channel)| channel.group());
    let covered = group.and_then(|group| group.state.cover.get(&(origin, writer)));
    covered.map_or(0, |(covered, _)| seq.min(*covered))
}
