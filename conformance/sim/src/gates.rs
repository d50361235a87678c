//! Known gaps of the product that would show as findings, each with the day on which its gate goes.
//! A gate is as narrow as the gap; whoever closes the gap takes the gate away.

use comity_protocol::id::{LogId, LogName};

use crate::world::World;

/// Verdicts are given on arrival alone: an event that reached one node before a record that takes
/// its author's right away, and another node after it, is accepted here and rejected there until
/// earlier verdicts are withdrawn. Only events of groups that lost a right are concerned.
pub(crate) fn is_known_difference(world: &World, log: &LogId) -> bool {
    let LogName::Message { .. } = log.name else { return false };
    world.nodes.iter().filter_map(|node| node.run.as_ref()).any(|run| {
        let state = run.shared.state();
        let group = state.channel(&log.channel).and_then(|(_, channel)| channel.group());
        group.is_some_and(|group| {
            group.state.members.values().any(|m| m.stays.iter().any(|(_, to)| to.is_some()))
        })
    })
}
