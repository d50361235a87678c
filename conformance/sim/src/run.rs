//! One seed, from its plan to what was found.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;

use crate::apart::APART;
use crate::check;
use crate::faults::FAULTS;
use crate::watch::Rule;
use crate::world::{BEGINNING_MS, World};

/// What became of a seed.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// Nodes that took part.
    pub nodes: usize,
    /// Virtual time that passed, in ms.
    pub virtual_ms: u64,
    /// Frames that arrived somewhere.
    pub frames: u64,
    /// Texts that a node acknowledged to their sender.
    pub acknowledged: u64,
    /// Of these, those that were lost.
    pub lost: usize,
    /// Texts and answers that came twice.
    pub duplicated: usize,
    /// How often each act and each fault happened.
    pub counts: BTreeMap<String, u64>,
    /// How many faults those are; told to people alone.
    #[serde(skip)]
    pub faults: u64,
    /// A digest of all that happened: equal runs have equal ones.
    pub digest: u64,
    /// Rules that were broken.
    pub findings: Vec<String>,
}

/// Runs a seed. `is_loud` tells each step on the error stream.
pub fn run(seed: u64, is_loud: bool) -> Report {
    let mut world = World::new(seed, is_loud);
    // A panic of the product is a finding like any: the state it leaves is only looked at.
    let ran = catch_unwind(AssertUnwindSafe(|| world.run()));
    if ran.is_err() {
        let now_ms = world.agenda.now_ms;
        world.watch.found(Rule::Alive, now_ms, "a node panicked".into());
    }
    let of_rule = |rule| world.watch.findings.iter().filter(|f| f.rule == rule).count();
    Report {
        seed,
        nodes: world.nodes.len(),
        virtual_ms: world.agenda.now_ms - BEGINNING_MS,
        frames: world.watch.frames,
        acknowledged: check::acknowledged(&world),
        lost: of_rule(Rule::Acknowledged),
        duplicated: of_rule(Rule::Once),
        counts: world.counts.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect(),
        faults: faults(&world),
        digest: world.watch.digest,
        findings: world.watch.findings.iter().map(ToString::to_string).collect(),
    }
}

/// How often something went wrong.
fn faults(world: &World) -> u64 {
    let names = FAULTS.iter().map(|fault| fault.name).chain([APART]);
    names.filter_map(|name| world.counts.get(name)).sum()
}
