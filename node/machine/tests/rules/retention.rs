//! How long texts are kept: as a group's rule or the node's setting says, the shorter counts; what
//! comes later than that is erased as it comes.

use comity_machine::{Command, ErasedBy, Outcome};
use comity_protocol::body::{Body, WireBody};
use comity_protocol::clock::HybridTime;
use comity_protocol::control::{ControlAct, SetRetention};
use comity_protocol::event::EventAct;
use comity_protocol::id::ChannelId;

use super::world::{RogueLog, World, event};

const ALICE: &str = "alice@acme";
const BOB: &str = "bob@globex";
const CAROL: &str = "carol@initech";

const HOUR: u64 = 3_600;

fn keep(world: &mut World, team: ChannelId, seconds: Option<u64>) {
    world.govern(ALICE, team, ControlAct::SetRetention(SetRetention { seconds })).unwrap();
    world.exchange();
}

fn set(world: &mut World, node: &str, seconds: Option<u64>) {
    let unix_ms = world.now_ms;
    world.node_mut(node).apply(Command::Retain { seconds, unix_ms });
}

fn horizon(world: &World, node: &str, channel: ChannelId) -> u64 {
    let (no, _) = world.channel(node, channel);
    world.node(node).state.horizon(no).unix_ms()
}

fn retention(world: &World, node: &str, channel: ChannelId) -> Option<u64> {
    let (no, _) = world.channel(node, channel);
    world.node(node).state.retention(no)
}

/// Time passes, and each node wakes whenever it is due.
fn pass(world: &mut World, seconds: u64) -> usize {
    let end_ms = world.now_ms + seconds * 1_000;
    let mut wakes = 0;
    loop {
        let dues =
            world.nodes.iter().filter_map(|(name, node)| Some((node.state.due_ms()?, *name)));
        let Some((due_ms, name)) = dues.min().filter(|(due_ms, _)| *due_ms <= end_ms) else {
            break;
        };
        world.now_ms = world.now_ms.max(due_ms);
        world.wake(name);
        wakes += 1;
    }
    world.now_ms = end_ms;
    wakes
}

#[test]
fn the_shorter_of_the_rule_and_the_setting_counts() {
    let mut world = World::new(&[ALICE, BOB]);
    let team = world.team(ALICE, &[BOB]);
    let direct = world.direct(BOB, ALICE);
    world.say(BOB, direct, "hello").unwrap();
    world.exchange();
    for channel in [team, direct] {
        assert_eq!(retention(&world, "globex", channel), None);
    }
    keep(&mut world, team, Some(10 * HOUR));
    assert_eq!(retention(&world, "globex", team), Some(10 * HOUR));
    set(&mut world, "globex", Some(20 * HOUR));
    assert_eq!(retention(&world, "globex", team), Some(10 * HOUR));
    set(&mut world, "globex", Some(5 * HOUR));
    for channel in [team, direct] {
        assert_eq!(retention(&world, "globex", channel), Some(5 * HOUR));
    }
    assert_eq!(retention(&world, "acme", team), Some(10 * HOUR));
    assert_eq!(retention(&world, "acme", direct), None);
    // An organisation's setting is its own matter.
    assert_eq!(horizon(&world, "acme", direct), 0);
    assert_eq!(horizon(&world, "globex", direct), world.now_ms - 5 * HOUR * 1_000);
    set(&mut world, "globex", None);
    assert_eq!(retention(&world, "globex", direct), None);
}

#[test]
fn a_horizon_follows_the_clock_while_there_are_texts() {
    let mut world = World::new(&[ALICE, BOB]);
    let team = world.team(ALICE, &[BOB]);
    world.say(ALICE, team, "before the rule").unwrap();
    world.exchange();
    keep(&mut world, team, Some(HOUR));
    pass(&mut world, 2 * HOUR);
    let said_ms = world.now_ms;
    world.say(ALICE, team, "after it").unwrap();
    world.exchange();
    assert!(horizon(&world, "globex", team) < said_ms);
    pass(&mut world, HOUR - 1);
    assert!(horizon(&world, "globex", team) <= said_ms, "not yet of age");
    pass(&mut world, HOUR / 60 + 1);
    for node in ["acme", "globex"] {
        assert!(horizon(&world, node, team) > said_ms, "{node}: of age by now");
    }
    // Where nothing is left, nothing is looked for.
    pass(&mut world, HOUR);
    assert_eq!(pass(&mut world, 1_000 * HOUR), 0);
    // Its rule is lifted: what is gone stays gone, and nothing more goes.
    let gone = horizon(&world, "globex", team);
    keep(&mut world, team, None);
    world.say(ALICE, team, "for ever").unwrap();
    world.exchange();
    pass(&mut world, 100 * HOUR);
    assert_eq!(horizon(&world, "globex", team), gone);
}

#[test]
fn a_new_rule_counts_at_once_and_costs_other_channels_nothing() {
    let mut world = World::new(&[ALICE, BOB]);
    let (team, other) = (world.team(ALICE, &[BOB]), world.team(ALICE, &[BOB]));
    for channel in [team, other] {
        world.say(ALICE, channel, "old").unwrap();
    }
    world.exchange();
    pass(&mut world, 5 * HOUR);
    keep(&mut world, team, Some(HOUR));
    for node in ["acme", "globex"] {
        assert!(horizon(&world, node, team) > world.now_ms - HOUR * 1_000 - 1_000);
        assert_eq!(world.node(node).state.expired().count(), 1, "{node}");
    }
}

#[test]
fn what_comes_too_late_is_erased_as_it_comes() {
    let mut world = World::new(&[ALICE, BOB, CAROL]);
    let team = world.team(ALICE, &[BOB]);
    // A rule of long ago says nothing to who comes now.
    keep(&mut world, team, Some(HOUR));
    keep(&mut world, team, Some(10 * HOUR));
    world.cut("globex", "acme");
    for text in ["one", "two"] {
        world.say(BOB, team, text).unwrap();
    }
    pass(&mut world, 8 * HOUR);
    world.say(BOB, team, "three").unwrap();
    pass(&mut world, 4 * HOUR);
    world.heal("globex", "acme");
    world.exchange();
    world.bring(ALICE, CAROL, team);
    let texts = |node: &str| {
        let records = world.node(node).records.iter().chain(&world.node(node).backfilled);
        let said = records.filter(|r| r.channel_id == team && r.outcome == Outcome::Accepted);
        let globex = world.node("globex").lineage();
        let said = said.filter(|r| r.sender.is_some_and(|sender| sender.lineage == globex));
        let mut said: Vec<(HybridTime, Option<ErasedBy>)> = said
            .filter(|r| r.log.name != control(&world, team))
            .map(|r| (r.time, r.erased))
            .collect();
        said.sort_unstable_by_key(|(time, _)| *time);
        let erased = said.into_iter().map(|(_, erased)| erased);
        erased.rev().take(3).collect::<Vec<_>>()
    };
    for node in ["acme", "initech"] {
        assert_eq!(texts(node), [None, Some(ErasedBy::Retention), Some(ErasedBy::Retention)]);
    }
    assert_eq!(world.texts("initech", team).last().unwrap(), "bob@globex.test: three");
}

fn control(world: &World, team: ChannelId) -> comity_protocol::id::LogName {
    world.group_at("acme", team).control_log()
}

/// Pins: a text that was stamped by a clock ahead put off when those after it were looked at.
#[test]
fn a_text_from_a_clock_that_was_ahead_keeps_no_others_beyond_their_time() {
    let mut world = World::new(&[ALICE, BOB]);
    let channel = world.direct(BOB, ALICE);
    assert_eq!(world.direct(ALICE, BOB), channel);
    set(&mut world, "globex", Some(2 * HOUR));
    let now_ms = world.now_ms;
    world.now_ms += 50 * HOUR * 1_000;
    world.say(BOB, channel, "globex's clock is ahead").unwrap();
    world.now_ms = now_ms;
    world.say(ALICE, channel, "acme's is right").unwrap();
    world.exchange();
    pass(&mut world, 3 * HOUR);
    assert!(horizon(&world, "globex", channel) > now_ms, "it was not looked at");
}

/// Pins: the texts of void records, which have no time of their own, outlasted the rule.
#[test]
fn what_is_void_is_kept_no_longer_than_what_counts() {
    let mut world = World::new(&[ALICE, BOB]);
    let team = world.team(ALICE, &[BOB]);
    set(&mut world, "globex", Some(HOUR));
    let mut rogue = RogueLog::new(world.node("acme"), team, 7);
    rogue
        .push(event(world.account(ALICE).0.number, &EventAct::message()), Body::text([1; 32], "x"));
    assert_eq!(world.show("acme", "globex", &rogue).1, [Outcome::Void]);
    let record = world.node("globex").records.last().unwrap();
    assert_eq!(record.erased, Some(ErasedBy::Retention));
    assert!(matches!(record.record.body, WireBody::Absent(_)));
}
