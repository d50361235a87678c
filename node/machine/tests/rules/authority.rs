//! Authority: a home that starts asks the members before it writes on in a control log, and takes
//! back what it has lost.

use comity_machine::{Ahead, Answer, Command, RangeOutcome};
use comity_protocol::code::Code;
use comity_protocol::id::{ChannelId, LogId, LogName, WriterId};

use super::world::World;

const ALICE: &str = "alice@acme";
const BOB: &str = "bob@globex";
const CAROL: &str = "carol@initech";
const OTHERS: [&str; 2] = ["globex", "initech"];

/// A group of three, whose members acme has heard from.
fn scene() -> (World, ChannelId) {
    let mut world = World::new(&[ALICE, "ann@acme", BOB, CAROL]);
    let team = world.team(ALICE, &[BOB, CAROL]);
    for other in OTHERS {
        world.compare(other, "acme", vec![]);
    }
    (world, team)
}

fn control_log(world: &World, team: ChannelId) -> LogId {
    LogId { channel: team, name: LogName::Control { home: world.node("acme").lineage(), term: 1 } }
}

#[test]
fn a_home_that_starts_writes_on_once_more_than_half_of_the_members_were_compared() {
    let (mut world, team) = scene();
    world.node_mut("acme").start(2);
    let later = Err(Code::HomeComparing);
    assert_eq!(world.rename(ALICE, team, "Soon"), later);
    world.compare("globex", "acme", vec![]);
    assert_eq!(world.rename(ALICE, team, "Half"), later);
    world.compare("initech", "acme", vec![]);
    assert_eq!(world.rename(ALICE, team, "Now"), Ok(Answer::Done));
    world.exchange();
    world.assert_same_state(&["acme", "globex", "initech"], team);
}

#[test]
fn who_was_not_heard_from_for_long_is_not_waited_for() {
    let (mut world, team) = scene();
    world.now_ms += 8 * 24 * 3_600_000;
    world.compare("globex", "acme", vec![]);
    world.node_mut("acme").start(2);
    assert_eq!(world.rename(ALICE, team, "Soon"), Err(Code::HomeComparing));
    world.compare("globex", "acme", vec![]);
    assert_eq!(world.rename(ALICE, team, "Without initech"), Ok(Answer::Done));
}

#[test]
fn requests_wait_for_the_home_and_are_answered_in_their_order() {
    let (mut world, team) = scene();
    world.node_mut("acme").start(2);
    assert_eq!(world.leave(CAROL, team), Ok(Answer::Requested));
    world.say(BOB, team, "nobody is held up").unwrap();
    world.exchange();
    assert_eq!(world.members("acme", team).len(), 3, "{:?}", world.members("acme", team));
    assert_eq!(world.texts("acme", team), ["bob@globex.test: nobody is held up"]);
    OTHERS.iter().for_each(|other| world.compare(other, "acme", vec![]));
    world.exchange();
    assert_eq!(world.members("acme", team).len(), 2, "{:?}", world.members("acme", team));
    world.assert_same_state(&["acme", "globex"], team);
}

#[test]
fn an_older_home_takes_its_control_log_back_and_goes_on_in_the_same_term() {
    let (mut world, team) = scene();
    let copied = world.node("acme").commands.len();
    world.rename(ALICE, team, "Renamed").unwrap();
    world.remove(ALICE, CAROL, team).unwrap();
    world.exchange();
    let known = world.group_at("globex", team).point;
    world.restore("acme", copied, 2);
    let here = world.group_at("acme", team).point;
    assert!(here.seq < known.seq);

    let ahead = Ahead { channel: team, term: known.term, seq: known.seq };
    world.compare("initech", "acme", vec![ahead]);
    world.compare("globex", "acme", vec![ahead]);
    assert_eq!(world.rename(ALICE, team, "Forked"), Err(Code::HomeComparing));
    let batch = world.given_back("globex", control_log(&world, team), here.seq + 1);
    assert_eq!(world.take("globex", "acme", batch), [RangeOutcome::Applied]);
    assert_eq!(world.group_at("acme", team).point, known);
    assert_eq!(world.rename(ALICE, team, "Goes on"), Ok(Answer::Done));
    world.exchange();
    assert_eq!(world.group_at("globex", team).state.name, "Goes on");
    world.assert_same_state(&["acme", "globex"], team);
}

#[test]
fn texts_that_an_older_node_has_lost_come_back_and_stand_where_they_stood() {
    let (mut world, team) = scene();
    let copied = world.node("acme").commands.len();
    world.say(ALICE, team, "lost here").unwrap();
    world.say(BOB, team, "heard it").unwrap();
    world.exchange();
    world.restore("acme", copied, 2);
    world.say(ALICE, team, "written after").unwrap();
    let origin = world.node("acme").lineage();
    let writer = WriterId((1 << 32) | 1);
    let log = LogId { channel: team, name: LogName::Message { origin, writer } };
    let batch = world.given_back("globex", log, 1);
    assert_eq!(world.take("globex", "acme", batch), [RangeOutcome::Applied]);
    world.exchange();
    assert_eq!(
        world.texts("acme", team),
        ["alice@acme.test: lost here", "alice@acme.test: written after"]
    );
    assert_eq!(world.texts("globex", team).len(), 3);
}

#[test]
fn an_admin_answers_for_members_that_cannot_be_asked() {
    let (mut world, team) = scene();
    world.node_mut("acme").start(2);
    assert_eq!(world.rename(ALICE, team, "Soon"), Err(Code::HomeComparing));
    let (unix_ms, node) = (world.now_ms, world.node_mut("acme"));
    let random = node.random();
    node.apply(Command::Force { channel: team, unix_ms, random });
    assert_eq!(world.rename(ALICE, team, "Forced"), Ok(Answer::Done));
}
