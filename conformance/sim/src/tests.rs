//! A run is the same each time, and its checkers see what is wrong: each is shown a world in which
//! one thing was changed behind the nodes' back.
#![allow(clippy::unwrap_used)]

use comity_machine::{Answer, Outcome};
use comity_protocol::id::MessageId;

use crate::check;
use crate::users::Text;
use crate::watch::Rule;
use crate::world::World;

/// A seed with several nodes and texts, and without findings.
const QUIET: u64 = 2;

fn ran(seed: u64) -> World {
    let mut world = World::new(seed, false);
    world.run();
    assert_eq!(rules(&world), [], "seed {seed}");
    world
}

fn rules(world: &World) -> Vec<Rule> {
    let mut rules: Vec<Rule> = world.watch.findings.iter().map(|finding| finding.rule).collect();
    rules.dedup();
    rules
}

/// What the checkers say of a world that was tampered with.
fn judged(world: &mut World) -> Vec<Rule> {
    check::everything(world);
    rules(world)
}

#[test]
fn a_seed_makes_the_same_run_each_time() {
    for seed in [1, QUIET] {
        let (first, second) = (crate::run(seed, false), crate::run(seed, false));
        assert_eq!(first.digest, second.digest, "seed {seed}");
        assert_eq!(first.counts, second.counts);
        assert!(first.acknowledged > 0 && first.frames > 0);
    }
    assert_ne!(crate::run(1, false).digest, crate::run(QUIET, false).digest);
}

#[test]
fn a_lost_text_is_found() {
    let mut world = ran(QUIET);
    let stored = Some(MessageId([7; 16]));
    let text = Text { user: 0, stored, ..Text::default() };
    world.ledger.insert("u0.999999".into(), text);
    assert_eq!(judged(&mut world), [Rule::Acknowledged]);
}

#[test]
fn an_answer_that_changes_is_found() {
    let mut world = ran(QUIET);
    let (nonce, act, _) = world.users[0].done.back().unwrap().clone();
    let World { users, ledger, watch, .. } = &mut world;
    users[0].plan_again((nonce, act, Answer::Done));
    let other = Answer::Channel(comity_protocol::id::ChannelId([1; 32]));
    users[0].answered((nonce, other), ledger, watch, crate::world::BEGINNING_MS);
    assert_eq!(rules(&world), [Rule::Once]);
}

#[test]
fn a_journal_that_gives_another_state_is_found() {
    let mut world = ran(QUIET);
    let applied = world.nodes[1].run.as_ref().unwrap().writer.applied();
    world.nodes[1].disks.archive.cut_from(applied / 2);
    assert_eq!(judged(&mut world), [Rule::Replay]);
}

#[test]
fn a_text_that_a_device_was_not_shown_is_found() {
    let mut world = ran(QUIET);
    let user = world.users.iter_mut().find(|user| !user.feed.has_gap && !user.feed.seen.is_empty());
    user.unwrap().feed.seen.clear();
    assert_eq!(judged(&mut world), [Rule::Feed]);
}

#[test]
fn a_verdict_that_changes_back_is_found() {
    let mut world = ran(QUIET);
    let verdict = world.verdicts[0].values_mut().find(|known| known.outcome == Outcome::Accepted);
    verdict.unwrap().outcome = Outcome::Rejected;
    assert_eq!(judged(&mut world), [Rule::VerdictChange]);
}

#[test]
fn a_node_that_never_comes_back_is_found() {
    let mut world = World::new(QUIET, false);
    world.run();
    world.nodes[0].crash();
    let open = check::unfinished(&world).unwrap();
    assert_eq!(open, "n0 is down");
}
