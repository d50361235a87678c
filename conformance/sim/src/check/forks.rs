//! Whether honest nodes have found the logs of which a hostile one wrote two histories, hold the
//! proofs, and agree on where they part.

use std::collections::BTreeMap;

use comity_machine::{Channel, ChannelNo, Log, State};
use comity_protocol::fork::ForkProof;
use comity_protocol::hash::Hash;
use comity_protocol::id::{LogId, LogName};

use super::{Broken, is_honest, node_of, row_at};
use crate::gates::is_from_earlier_stay;
use crate::watch::{Rule, show_log};
use crate::world::World;

/// The end of a log as an honest node holds it.
struct Held {
    node: usize,
    no: ChannelNo,
    log: Log,
}

/// A log of which two honest nodes that share its channel hold two histories, and one of them no
/// proof; or, where the channel is a group of an honest home, both know it and go on to do so.
pub(super) fn unproven(world: &World) -> Option<String> {
    for (id, held) in hostile_logs(world) {
        for (at, one) in held.iter().enumerate() {
            for other in &held[at + 1..] {
                let seq = one.log.end.seq().min(other.log.end.seq());
                let (a, b) = (hash_at(world, one, seq), hash_at(world, other, seq));
                let differ = a.zip(b).is_some_and(|(a, b)| a != b);
                let lacks = one.log.fork.is_none() || other.log.fork.is_none();
                let can_show = shows(&one.log, seq) && shows(&other.log, seq);
                let is_late = (lacks && can_show) || is_judged(world, one, other, &id);
                if differ && is_late && share(world, one.node, other.node, &id) {
                    let (log, a, b) = (show_log(&id), show(one), show(other));
                    return Some(format!("differ on {log}:{seq}: {a}, {b}"));
                }
            }
        }
    }
    None
}

/// Proofs that do not hold, and nodes that know of different forks.
pub(super) fn disagreements(world: &World) -> Vec<Broken> {
    let mut broken = Vec::new();
    for (id, held) in hostile_logs(world) {
        let mut first: Option<(usize, u64)> = None;
        for Held { node, log, .. } in &held {
            let Some(fork) = &log.fork else { continue };
            let proven = ForkProof::decode(&fork.proof)
                .ok()
                .and_then(|proof| proof.verify(comity_identity::keys_of).ok());
            if proven.is_none_or(|proven| (proven.log, proven.seq) != (id, fork.seq)) {
                broken.push((Rule::Fork, format!("n{node}: no proof of {}", show_log(&id))));
            }
            match first {
                Some((other, seq)) if seq != fork.seq && share(world, other, *node, &id) => {
                    let text = format!("n{other} and n{node} on where {} parts", show_log(&id));
                    broken.push((Rule::Fork, text));
                }
                Some(_) => {}
                None => first = Some((*node, fork.seq)),
            }
        }
    }
    // Nobody is proven to be what he is not.
    for node in honest(world) {
        let Some(run) = &world.nodes[node].run else { continue };
        for (_, id, _) in run.shared.state().forks() {
            let (LogName::Message { origin, .. } | LogName::Control { home: origin, .. }) = id.name;
            if node_of(world, &origin).is_none_or(|origin| is_honest(world, origin)) {
                broken.push((Rule::Fork, format!("n{node} holds {} for forked", show_log(&id))));
            }
        }
    }
    broken
}

/// How far a node has got with a forked log.
fn show(held: &Held) -> String {
    let Held { node, log, .. } = held;
    let (fork, settled) = (log.fork.as_ref().map(|fork| fork.seq), log.settled.map(|top| top.seq));
    let floor = log.floor.map(|floor| floor.seq);
    format!(
        "n{node} up to {} (parts at {fork:?}, floor {floor:?}, settled {settled:?}, {})",
        log.end.seq(),
        if log.backlog.is_some() { "lacking" } else { "whole" },
    )
}

/// Whether an honest home has said which history of a log counts, and both of two members know it.
fn is_judged(world: &World, one: &Held, other: &Held, id: &LogId) -> bool {
    let LogName::Message { origin, writer } = id.name else { return false };
    let knows = |held: &Held| {
        let Some(run) = &world.nodes[held.node].run else { return false };
        let state = run.shared.state();
        let Some(group) = state.channels.get(&held.no).and_then(Channel::group) else {
            return false;
        };
        let is_honest = node_of(world, &group.state.home).is_some_and(|at| is_honest(world, at));
        is_honest && held.log.fork.is_some() && group.is_closed((origin, writer))
    };
    knows(one) && knows(other)
}

/// How many proofs honest nodes hold.
pub(super) fn proofs_held(world: &World) -> u64 {
    let held = hostile_logs(world);
    let proofs = held.values().flatten().filter(|held| held.log.fork.is_some());
    proofs.count() as u64
}

/// How many logs honest nodes have taken another history of.
pub(super) fn histories_replaced(world: &World) -> u64 {
    let held = hostile_logs(world);
    let is_replaced =
        |held: &&Held| held.log.settled.is_some_and(|top| held.log.floor == Some(top));
    held.values().flatten().filter(is_replaced).count() as u64
}

/// Whether two nodes hold two histories at a place without the proof, although they could have
/// found it. Of a hostile node's log they cannot once they do not share its channel any more.
pub(super) fn is_missed(world: &World, (a, b): (usize, usize), place: &(LogId, u64)) -> bool {
    let (LogName::Message { origin, .. } | LogName::Control { home: origin, .. }) = place.0.name;
    let is_hostile = node_of(world, &origin).is_some_and(|origin| !is_honest(world, origin));
    let is_proven = |at: usize| {
        let Some(run) = &world.nodes[at].run else { return false };
        let state = run.shared.state();
        let known = state.channel(&place.0.channel).map(|(_, channel)| channel);
        let log = known.and_then(|channel| Some((channel, channel.logs.get(&place.0.name)?)));
        let own = state.lineage();
        log.is_some_and(|(channel, log)| {
            shows(log, place.1) && !is_from_earlier_stay(channel, log, place.1, own)
        })
    };
    let could = share(world, a, b, &place.0) && is_proven(a) && is_proven(b);
    (could || !is_hostile) && ![a, b].iter().all(|at| knows_fork(world, *at, place))
}

/// Whether a node holds the proof that a record may have two hashes.
fn knows_fork(world: &World, node: usize, (id, seq): &(LogId, u64)) -> bool {
    let Some(run) = &world.nodes[node].run else { return false };
    let state = run.shared.state();
    let known = state.channel(&id.channel).and_then(|(_, channel)| channel.logs.get(&id.name));
    known.and_then(|log| log.fork.as_ref()).is_some_and(|fork| fork.seq <= *seq)
}

fn honest(world: &World) -> impl Iterator<Item = usize> + '_ {
    (0..world.nodes.len()).filter(|node| is_honest(world, *node))
}

/// The message logs of the hostile node, with those who hold something of them.
fn hostile_logs(world: &World) -> BTreeMap<LogId, Vec<Held>> {
    let mut found: BTreeMap<LogId, Vec<Held>> = BTreeMap::new();
    let Some(hostile) = world.plan.hostile.map(|at| world.everybody[at].lineage) else {
        return found;
    };
    for node in honest(world) {
        let Some(run) = &world.nodes[node].run else { continue };
        let state = run.shared.state();
        for (no, channel) in &state.channels {
            for (name, log) in &channel.logs {
                let is_hostile =
                    matches!(name, LogName::Message { origin, .. } if *origin == hostile);
                if is_hostile && log.end.seq() > 0 {
                    let id = LogId { channel: channel.id, name: *name };
                    let held = Held { node, no: *no, log: log.clone() };
                    found.entry(id).or_default().push(held);
                }
            }
        }
    }
    found
}

/// Whether what is held of a log up to a record is proven, so that it can be shown to others.
fn shows(log: &Log, seq: u64) -> bool {
    log.proven_end().is_some_and(|(end, _)| end >= seq)
}

fn hash_at(world: &World, held: &Held, seq: u64) -> Option<Hash> {
    let run = world.nodes[held.node].run.as_ref()?;
    row_at(&run.shared, held.no, held.log.no, seq).map(|row| row.hash)
}

/// Whether two nodes share a channel at the moment, each by its own word, and hear of each other's
/// logs: between two that are apart an honest third has to stand who is in the channel too.
fn share(world: &World, a: usize, b: usize, log: &LogId) -> bool {
    let shared = |one: usize, other: usize| {
        says_that_it_shares(world, (one, other), log)
            && says_that_it_shares(world, (other, one), log)
    };
    let stands_between =
        |third: usize| third != a && third != b && shared(a, third) && shared(third, b);
    shared(a, b) && (!world.net.are_apart(a, b) || honest(world).any(stands_between))
}

fn says_that_it_shares(world: &World, (at, other): (usize, usize), log: &LogId) -> bool {
    let Some(run) = &world.nodes[at].run else { return false };
    let state = run.shared.state();
    let lineage = world.everybody[other].lineage;
    let shares = |channel: &Channel| channel.sharing_peers().any(|peer| peer == lineage);
    follows(&state, log) && state.channel(&log.channel).is_some_and(|(_, c)| shares(c))
}

/// Whether a node still hears what happens in a channel.
fn follows(state: &State, log: &LogId) -> bool {
    let group = state.channel(&log.channel).and_then(|(_, channel)| channel.group());
    group.is_none_or(|group| group.follows(state.lineage()))
}
