//! Known gaps of the product that would show as findings, each with the day on which its gate goes.
//! A gate is as narrow as the gap; whoever closes the gap takes the gate away.

use comity_machine::{Group, Log};
use comity_protocol::id::LineageId;

use crate::check::{is_honest, node_of};
use crate::world::World;

/// What somebody wrote before leaving reaches only those who were linked with him, and the home; a
/// member that was not does not get it from the home. Goes when members pass logs on to each other.
pub(crate) fn has_been_out(at_home: &Group, origin: &LineageId) -> bool {
    at_home.organisation_stays(*origin).iter().any(|(_, to)| to.is_some())
}

/// A hostile home may show one member less of its log than another, and members do not pass its log
/// on to each other yet. Goes when they do.
pub(crate) fn may_withhold(world: &World, home: &LineageId) -> bool {
    node_of(world, home).is_some_and(|home| !is_honest(world, home))
}

/// Of a range whose last records wait, the first ones are held without the head above them, and so
/// cannot be shown to others; while they wait, a fork among them is not found. Goes when a head is
/// kept with the links from it down to what is held.
pub(crate) fn proven_to(log: &Log) -> u64 {
    log.proof.as_ref().map_or(0, |proof| proof.seq)
}

/// Texts of void records, which nobody is shown, have no time of their own and stay until others of
/// their channel are of age (seeds 121, 134, 195, 206); and once history was lacking for ever (seed
/// 275). Goes when both are mended, or the checker knows better.
pub(crate) const DRAWS_RETENTION: bool = false;
