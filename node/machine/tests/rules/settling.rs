//! What counts of a forked log in a group: what its home held when it closed the log. Everybody
//! else lets go of other histories, and takes that one.

use comity_machine::{Answer, Outcome};
use comity_protocol::control::{ControlAct, SetHistory};
use comity_protocol::id::{ChannelId, LogId, LogName};

use super::world::{RogueLog, World, fork_proof};

const ALICE: &str = "alice@acme";
const BOB: &str = "bob@globex";
const CAROL: &str = "carol@initech";
const ALL: [&str; 3] = ["acme", "globex", "initech"];

/// A group in which bob has said "1" and "2"; then a copy of his node wrote "3" and "4" for acme,
/// while his node wrote "three", "four" and "five" for initech. The proof of it.
fn scene(prepare: impl FnOnce(&mut World, ChannelId)) -> (World, ChannelId, LogId, Vec<u8>) {
    let mut world = World::new(&[ALICE, BOB, CAROL]);
    let team = world.team(ALICE, &[BOB, CAROL]);
    prepare(&mut world, team);
    for text in ["1", "2"] {
        world.say(BOB, team, text).unwrap();
    }
    world.exchange();
    let bob = world.account(BOB).0;
    let writer = world.node("globex").state.identity.as_ref().unwrap().writer;
    let log = LogId { channel: team, name: LogName::Message { origin: bob.lineage, writer } };
    let mut copy = RogueLog::held(world.node("globex"), log);
    let parts_at = copy.end.seq() + 1;
    copy.say(bob.number, "3", None).say(bob.number, "4", None);
    assert_eq!(world.show("globex", "acme", &copy).1, [Outcome::Accepted; 2]);
    world.cut("globex", "acme");
    world.cut("initech", "acme");
    world.cut("acme", "initech");
    for text in ["three", "four", "five"] {
        world.say(BOB, team, text).unwrap();
    }
    world.exchange();
    let own = RogueLog::held(world.node("globex"), log);
    let proof = fork_proof(world.node("globex"), parts_at, &copy, &own).encode();
    (world, team, log, proof)
}

fn heal(world: &mut World) {
    for (from, to) in [("globex", "acme"), ("initech", "acme"), ("acme", "initech")] {
        world.heal(from, to);
    }
    world.exchange();
}

fn texts(world: &World, node: &str, team: ChannelId) -> Vec<String> {
    let lines = world.texts(node, team).into_iter();
    lines.map(|line| line.split_once(": ").unwrap().1.to_owned()).collect()
}

/// Everybody knows the proof, the home closes the log, and all see to what they hold.
fn settled(world: &mut World, proof: &[u8]) {
    for node in ALL {
        assert_eq!(world.take_fork(node, proof.to_vec()), Ok(Answer::Done));
    }
    world.wake("acme");
    heal(world);
    for node in ALL {
        world.settle(node);
    }
    world.exchange();
}

#[test]
fn what_the_home_held_counts_everywhere() {
    let (mut world, team, log, proof) = scene(|_, _| ());
    assert_eq!(texts(&world, "initech", team), ["1", "2", "three", "four", "five"]);
    settled(&mut world, &proof);
    let ended = world.group_at("initech", team).closed.clone();
    let LogName::Message { origin, writer } = log.name else { unreachable!() };
    assert_eq!(ended[&(origin, writer)].0, 4);
    for node in ALL {
        assert_eq!(texts(&world, node, team), ["1", "2", "3", "4"], "{node}");
        assert_eq!(world.settle(node), 0, "{node} has nothing left to see to");
        assert_eq!(world.node(node).state.lacking().count(), 0);
        world.node(node).check_reload();
    }
    world.assert_same(&ALL, team);
    // Its origin goes on in another log.
    world.say(BOB, team, "anew").unwrap();
    world.exchange();
    for node in ALL {
        assert_eq!(texts(&world, node, team), ["1", "2", "3", "4", "anew"], "{node}");
    }
}

#[test]
fn before_the_home_has_closed_the_log_everybody_shows_what_he_holds() {
    let (mut world, team, _, proof) = scene(|_, _| ());
    for node in ["globex", "initech"] {
        world.take_fork(node, proof.clone()).unwrap();
    }
    heal(&mut world);
    for node in ALL {
        assert_eq!(world.settle(node), 0);
    }
    assert_eq!(texts(&world, "initech", team), ["1", "2", "three", "four", "five"]);
    assert_eq!(texts(&world, "acme", team), ["1", "2", "3", "4"]);
}

#[test]
fn a_new_home_says_what_counts_by_what_it_holds() {
    let (mut world, team, log, proof) = scene(|_, _| ());
    world.heal("initech", "acme");
    world.heal("acme", "initech");
    world.exchange();
    world.hand_over(ALICE, "initech", team).unwrap();
    world.exchange();
    for node in ALL {
        world.take_fork(node, proof.clone()).unwrap();
    }
    world.wake("initech");
    heal(&mut world);
    for node in ALL {
        world.settle(node);
    }
    world.exchange();
    let LogName::Message { origin, writer } = log.name else { unreachable!() };
    assert_eq!(world.group_at("acme", team).closed[&(origin, writer)].0, 5);
    for node in ALL {
        assert_eq!(texts(&world, node, team), ["1", "2", "three", "four", "five"], "{node}");
    }
}

#[test]
fn where_newcomers_read_nothing_from_before_what_counts_is_fetched_all_the_same() {
    let hide = |world: &mut World, team| {
        world.say(BOB, team, "0").unwrap();
        world
            .govern(ALICE, team, ControlAct::SetHistory(SetHistory { since_joining: true }))
            .unwrap();
        world.exchange();
    };
    let (mut world, team, _, proof) = scene(hide);
    settled(&mut world, &proof);
    for node in ALL {
        assert_eq!(texts(&world, node, team), ["0", "1", "2", "3", "4"], "{node}");
    }
}

/// What acme and initech have to tell each other, while globex stays cut off from acme.
fn heal_home(world: &mut World) {
    world.heal("initech", "acme");
    world.heal("acme", "initech");
    world.exchange();
}

#[test]
fn who_takes_a_group_over_closes_what_the_home_before_left_open() {
    let (mut world, team, log, proof) = scene(|_, _| ());
    heal_home(&mut world);
    for node in ALL {
        world.take_fork(node, proof.clone()).unwrap();
    }
    world.hand_over(ALICE, "initech", team).unwrap();
    world.exchange();
    world.wake("initech");
    heal(&mut world);
    let LogName::Message { origin, writer } = log.name else { unreachable!() };
    assert_eq!(world.group_at("acme", team).closed[&(origin, writer)].0, 5);
}

/// The copy of bob's node goes on, for acme alone.
fn copy_says(world: &mut World, log: LogId, text: &str) {
    let bob = world.account(BOB).0.number;
    let mut copy = RogueLog::held(world.node("acme"), log);
    copy.say(bob, text, None);
    assert_eq!(world.show("globex", "acme", &copy).1, [Outcome::Accepted]);
}

/// Pins seed 1561: what was held from below a higher fork was never looked at again.
#[test]
fn a_lower_fork_that_is_proven_later_counts() {
    let (mut world, team, log, lower) = scene(|_, _| ());
    copy_says(&mut world, log, "5");
    let bob = world.account(BOB).0.number;
    let four = RogueLog::held(world.node("initech"), log).cut(4);
    let (mut five, mut other) = (four.clone(), four);
    five.say(bob, "fifth", None);
    other.say(bob, "another fifth", None);
    let higher = fork_proof(world.node("globex"), 5, &five, &other).encode();
    settled(&mut world, &higher);
    assert_eq!(texts(&world, "initech", team), ["1", "2", "three", "four"]);
    for node in ALL {
        world.take_fork(node, lower.clone()).unwrap();
        world.settle(node);
    }
    world.exchange();
    for node in ALL {
        assert_eq!(texts(&world, node, team), ["1", "2", "3", "4", "5"], "{node}");
        world.node(node).check_reload();
    }
}

/// Pins seed 1048: a member that had been out waited for ever for what nobody serves it.
#[test]
fn who_came_back_after_v_had_named_what_counts_does_not_wait_for_it() {
    let (mut world, team, log, proof) = scene(|_, _| ());
    heal_home(&mut world);
    world.remove(ALICE, CAROL, team).unwrap();
    world.exchange();
    copy_says(&mut world, log, "5");
    world.bring(ALICE, CAROL, team);
    settled(&mut world, &proof);
    for node in ALL {
        assert_eq!(world.node(node).state.lacking().count(), 0, "{node}");
        assert!(!texts(&world, node, team).contains(&"three".to_owned()), "{node}");
    }
    world.say(BOB, team, "anew").unwrap();
    world.exchange();
    assert_eq!(texts(&world, "initech", team).last().unwrap(), "anew");
}

/// Pins seed 50109: an opening took the history that counts for that of an admission.
#[test]
fn what_counts_stands_where_the_group_goes_back_to_after_it_was_said() {
    let (mut world, team, log, proof) = scene(|_, _| ());
    settled(&mut world, &proof);
    let base = world.group_at("acme", team).point.seq;
    world.rename(ALICE, team, "Ours").unwrap();
    world.exchange();
    assert_eq!(world.reopen("acme", team, base), Ok(Answer::Done));
    world.exchange();
    for node in ALL {
        assert_eq!(world.settle(node), 0, "{node} has nothing to see to");
        assert_eq!(texts(&world, node, team), ["1", "2", "3", "4"], "{node}");
        assert_eq!(fed_to(&world, node, log), 4, "{node}");
        world.node(node).check_reload();
    }
}

#[test]
fn what_counts_is_open_again_where_the_group_goes_back_to_before_it_was_said() {
    let (mut world, team, log, proof) = scene(|_, _| ());
    let base = world.group_at("acme", team).point.seq;
    settled(&mut world, &proof);
    assert_eq!(world.reopen("acme", team, base), Ok(Answer::Done));
    world.exchange();
    assert_eq!(texts(&world, "acme", team), ["1", "2", "3", "4"]);
    assert_eq!(texts(&world, "initech", team), ["1", "2"]);
    assert_eq!(fed_to(&world, "initech", log), 2);
    world.node("initech").check_reload();
    world.wake("acme");
    world.exchange();
    for node in ALL {
        world.settle(node);
    }
    world.exchange();
    for node in ALL {
        assert_eq!(texts(&world, node, team), ["1", "2", "3", "4"], "{node}");
        assert_eq!(fed_to(&world, node, log), 4, "{node}");
        world.node(node).check_reload();
    }
}

/// How far a node says that it holds a log.
fn fed_to(world: &World, node: &str, log: LogId) -> u64 {
    let (_, channel) = world.node(node).state.channel(&log.channel).unwrap();
    channel.logs[&log.name].fed_to()
}
