//! Known gaps of the product that would show as findings, each with the day on which its gate goes.
//! A gate is as narrow as the gap; whoever closes the gap takes the gate away.

use comity_machine::{Channel, Group, Log};
use comity_protocol::id::{ChannelId, LineageId};

use crate::check::node_of;
use crate::world::World;

/// A home that handed a group over and has no member left hears from the next one alone that it is
/// out: others do not tell who is out, so that one that is cut from the next home goes on to wait.
/// Goes when members pass the record on that ends a stay.
pub(crate) fn waits_for_next_term(world: &World, channel: ChannelId, own: &Group) -> bool {
    let runs = world.nodes.iter().filter_map(|node| node.run.as_ref());
    let mut terms = runs.filter_map(|run| {
        let state = run.shared.state();
        Some(state.channel(&channel)?.1.group()?.point.term)
    });
    world.plan.apart.is_some() && terms.any(|term| term > own.point.term)
}

/// An organisation that was out and came back has no history of what was written meanwhile, nor has
/// one that is shown nothing from before it joined; and where the founder of the group is out, or
/// out of reach, nobody may have all of the past. Of a log that it has heard nothing of since, the
/// origin alone can say what it had stated up to there. Goes when the log itself proves that.
pub(crate) fn waits_for_origin(world: &World, node: usize, channel: &Channel, log: &Log) -> bool {
    let has_no_past = channel.group().is_some_and(|group| {
        let founder = group.terms.get(&1).map(|first| first.home);
        let is_reached = |founder: &LineageId| {
            let at = node_of(world, founder);
            group.follows(*founder) && at.is_some_and(|at| !world.net.are_apart(at, node))
        };
        group.state.since_joining || !founder.as_ref().is_some_and(is_reached)
    });
    log.awaits_start().is_some() && log.start.is_none() && (has_no_past || log.backlog.is_none())
}

/// What an organisation holds of a log from an earlier stay, below a hole: its head is stated to
/// nobody any more once the log has gone on above the floor of the present stay. Goes when heads of
/// an earlier stay are compared before that.
pub(crate) fn is_from_earlier_stay(channel: &Channel, log: &Log, seq: u64, own: LineageId) -> bool {
    let came_back = channel.group().is_some_and(|group| group.organisation_stays(own).len() > 1);
    came_back && log.floor.is_some_and(|floor| seq < floor.seq && floor.seq < log.end.seq())
}
