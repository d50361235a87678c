//! What a seed makes of a run: how many nodes and users, how fast they are, and which faults there
//! are. Not every run has every fault, so that each also meets the others' absence.

use crate::dice::Dice;
use crate::faults::FAULTS;
use crate::net::Weather;

/// The plan of a run.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) nodes: usize,
    pub(crate) users: usize,
    /// How long things go wrong.
    pub(crate) storm_ms: u64,
    /// How long a user waits between two acts, at most.
    pub(crate) pause_ms: u64,
    /// How long it is from one fault to the next, at most.
    pub(crate) fault_ms: u64,
    /// Which faults there are, by their place in the table.
    pub(crate) faults: Vec<usize>,
    /// Whether users change who is in a group while things go wrong.
    pub(crate) with_membership: bool,
    /// A node that lies within the protocol.
    pub(crate) hostile: Option<usize>,
    /// Groups that a user may found.
    pub(crate) groups_max: usize,
    /// For how long the first node keeps texts, where not for ever.
    pub(crate) retention_seconds: Option<u64>,
    pub(crate) weather: Weather,
    /// Two honest nodes that are cut from each other, and when, for the rest of the run. A third
    /// one reaches both.
    pub(crate) apart: Option<(usize, usize, u64)>,
}

impl Plan {
    pub(crate) fn draw(dice: &mut Dice) -> Self {
        let has_rollback = dice.per_mille(250);
        let faults = (0..FAULTS.len()).filter(|at| {
            let is_rollback = FAULTS[*at].is_rollback;
            let is_drawn = dice.per_mille(550);
            if is_rollback { has_rollback } else { is_drawn }
        });
        let faults = faults.collect();
        let nodes = 2 + usize::from(dice.per_mille(650)) + usize::from(dice.per_mille(300));
        let is_hostile = nodes > 2 && !has_rollback && dice.per_mille(350);
        let is_forgetful = dice.per_mille(250);
        let seconds = dice.within(5..90);
        let storm_ms = dice.within(15_000..60_000);
        let honest = nodes - usize::from(is_hostile);
        let is_apart = honest > 2 && dice.per_mille(500);
        let apart = is_apart.then(|| draw_apart(honest as u64, storm_ms, dice));
        Self {
            nodes,
            retention_seconds: is_forgetful.then_some(seconds),
            apart,
            hostile: is_hostile.then_some(nodes - 1),
            users: nodes + usize::try_from(dice.below(nodes as u64 + 1)).unwrap_or_default(),
            storm_ms,
            pause_ms: dice.within(100..1_000),
            fault_ms: dice.within(500..8_000),
            faults,
            with_membership: !has_rollback,
            groups_max: 1 + usize::from(dice.per_mille(300)),
            weather: Weather {
                latency_ms: dice.within(1..200),
                lost_per_mille: dice.below(2) * dice.below(150),
            },
        }
    }
}

fn draw_apart(honest: u64, storm_ms: u64, dice: &mut Dice) -> (usize, usize, u64) {
    let one = dice.below(honest);
    let other = (one + 1 + dice.below(honest - 1)) % honest;
    let index = |node| usize::try_from(node).unwrap_or_default();
    (index(one), index(other), dice.below(storm_ms))
}
