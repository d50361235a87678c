//! Terms: a group is handed over to another home, and goes on there.

use comity_machine::{Answer, Outcome, RangeOutcome};
use comity_protocol::clock::HybridTime;
use comity_protocol::code::Code;
use comity_protocol::control::{ControlAct, ControlHeader, Opening, Role};
use comity_protocol::id::{ChannelId, LogId, LogName};

use super::world::{RogueLog, World, control};

const ALICE: &str = "alice@acme";
const BOB: &str = "bob@globex";
const CAROL: &str = "carol@initech";
const ALL: [&str; 3] = ["acme", "globex", "initech"];

fn scene() -> (World, ChannelId) {
    let mut world = World::new(&[ALICE, "ann@acme", BOB, CAROL]);
    let team = world.team(ALICE, &[BOB, CAROL]);
    (world, team)
}

#[test]
fn a_group_goes_on_at_the_home_that_it_was_handed_to() {
    let (mut world, team) = scene();
    world.say(CAROL, team, "before").unwrap();
    world.exchange();
    assert_eq!(world.hand_over(BOB, "globex", team), Err(Code::NotAllowed));
    assert_eq!(world.hand_over(ALICE, "acme", team), Err(Code::NoSuccessor));
    assert_eq!(world.hand_over(ALICE, "globex", team), Ok(Answer::Done));
    assert_eq!(world.rename(ALICE, team, "Mine"), Err(Code::ChannelReadOnly));
    world.say(ALICE, team, "between terms").unwrap();
    world.exchange();
    for node in ALL {
        let group = world.group_at(node, team);
        assert_eq!(group.state.home, world.node("globex").lineage(), "{node}");
        assert_eq!((group.point.term, group.state.nominee), (2, None));
    }
    // Alice is an owner still, and acts by requests now.
    assert_eq!(world.rename(ALICE, team, "Theirs"), Ok(Answer::Requested));
    assert_eq!(world.set_role(ALICE, BOB, team, Role::Owner), Ok(Answer::Requested));
    world.exchange();
    assert_eq!(world.invite(BOB, "ann@acme", team), Ok(Answer::Done));
    world.exchange();
    world.accept("ann@acme", team).unwrap();
    world.exchange();
    world.remove(BOB, CAROL, team).unwrap();
    world.say("ann@acme", team, "hello").unwrap();
    world.exchange();
    assert_eq!(world.group_at("acme", team).state.name, "Theirs");
    assert_eq!(world.last_seen(CAROL), "bob@globex.test removes carol@initech.test");
    world.assert_same(&["acme", "globex"], team);
}

#[test]
fn verdicts_go_on_over_a_handover() {
    let (mut world, team) = scene();
    world.cut("initech", "acme");
    world.cut("initech", "globex");
    world.say(CAROL, team, "in the old term").unwrap();
    world.hand_over(ALICE, "globex", team).unwrap();
    world.exchange();
    world.set_role(ALICE, BOB, team, Role::Owner).unwrap();
    world.exchange();
    world.remove(BOB, CAROL, team).unwrap();
    world.exchange();
    assert!(world.texts("initech", team).is_empty(), "withdrawn by a record of the next term");
    world.heal("initech", "acme");
    world.heal("initech", "globex");
    world.exchange();
    world.assert_same(&["acme", "globex"], team);
    assert!(world.texts("acme", team).is_empty());
}

/// Pins: what came to the old home between the handover and the opening stayed accepted there,
/// whatever the new home decided.
#[test]
fn what_comes_between_two_terms_is_the_next_homes_to_cover() {
    let (mut world, team) = scene();
    world.set_role(ALICE, BOB, team, Role::Owner).unwrap();
    world.exchange();
    world.cut("acme", "globex");
    world.cut("initech", "globex");
    world.hand_over(ALICE, "globex", team).unwrap();
    world.say(CAROL, team, "between terms").unwrap();
    world.exchange();
    assert_eq!(world.texts("acme", team), ["carol@initech.test: between terms"]);
    world.heal("acme", "globex");
    world.exchange();
    world.remove(BOB, CAROL, team).unwrap();
    world.exchange();
    assert!(world.texts("acme", team).is_empty());
    world.heal("initech", "globex");
    world.exchange();
    world.assert_same(&["acme", "globex"], team);
}

#[test]
fn a_new_home_that_has_less_than_v_covers_opens_its_term_all_the_same() {
    let (mut world, team) = scene();
    world.say(CAROL, team, "one").unwrap();
    world.exchange();
    world.cut("initech", "globex");
    world.say(CAROL, team, "two").unwrap();
    world.exchange();
    world.hand_over(ALICE, "globex", team).unwrap();
    world.exchange();
    assert_eq!(world.group_at("acme", team).point.term, 2);
    world.heal("initech", "globex");
    world.exchange();
    world.assert_same(&ALL, team);
}

#[test]
fn a_leave_that_the_old_home_did_not_answer_is_asked_of_the_new_one() {
    let (mut world, team) = scene();
    world.cut("initech", "acme");
    world.leave(CAROL, team).unwrap();
    world.hand_over(ALICE, "globex", team).unwrap();
    world.exchange();
    world.heal("initech", "acme");
    world.exchange();
    assert_eq!(world.members("globex", team).len(), 2);
    world.assert_same(&["acme", "globex"], team);
}

#[test]
fn an_old_home_without_members_hears_no_more() {
    let (mut world, team) = scene();
    world.set_role(ALICE, BOB, team, Role::Owner).unwrap();
    world.exchange();
    world.leave(ALICE, team).unwrap();
    world.exchange();
    world.hand_over(BOB, "globex", team).unwrap();
    world.exchange();
    world.say(BOB, team, "among us").unwrap();
    world.exchange();
    assert!(world.texts("acme", team).is_empty());
    assert_eq!(world.texts("initech", team), ["bob@globex.test: among us"]);
    world.assert_same(&["globex", "initech"], team);
}

#[test]
fn what_an_old_home_says_after_a_handover_does_not_keep_the_term_from_opening() {
    let (mut world, team) = scene();
    world.cut("globex", "initech");
    world.cut("globex", "acme");
    world.hand_over(ALICE, "globex", team).unwrap();
    world.exchange();
    let base = world.group_at("initech", team).point;
    let mut rogue = RogueLog::control(world.node("acme"), team);
    rogue.push_control(control(None, &ControlAct::Cover));
    let (outcome, records) = world.show("acme", "initech", &rogue);
    assert_eq!((outcome, records), (RangeOutcome::Applied, vec![Outcome::Void]));
    assert_eq!(world.group_at("initech", team).point, base);
    world.heal("globex", "initech");
    world.heal("globex", "acme");
    world.exchange();
    world.assert_same(&["globex", "initech"], team);
}

#[test]
fn nobody_opens_a_term_but_the_nominee_on_the_newest_record() {
    let (mut world, team) = scene();
    let base = world.group_at("globex", team).point;
    let (founder, successor) = (world.node("acme").lineage(), world.node("globex").lineage());
    let open = |base, forced| ControlAct::Open(Opening { base, forced, founder });
    let founded_by_globex =
        |base| ControlAct::Open(Opening { base, forced: false, founder: successor });

    let state = Some(world.group_at("globex", team).state.hash());
    let name =
        |world: &World, node: &str| LogName::Control { home: world.node(node).lineage(), term: 2 };
    let shown = |world: &mut World, from: &str, header: ControlHeader| {
        let log = LogId { channel: team, name: name(world, from) };
        let mut rogue = RogueLog::named(log);
        rogue.time = HybridTime::from_unix_ms(world.now_ms + 1);
        rogue.push_control(header);
        world.show(from, "initech", &rogue).0
    };
    // Nobody was named.
    let header = ControlHeader { state, ..control(None, &open(base, false)) };
    let outcome = shown(&mut world, "globex", header);
    assert!(matches!(outcome, RangeOutcome::Held { .. }), "{outcome:?}");
    world.cut("globex", "initech");
    world.cut("globex", "acme");
    world.hand_over(ALICE, "globex", team).unwrap();
    world.exchange();
    world.heal("globex", "initech");
    let after = world.group_at("initech", team);
    let (point, state) = (after.point, Some(after.state.hash()));
    let refused = [
        ControlHeader { state, ..control(None, &open(base, false)) },
        ControlHeader { state, ..control(None, &open(point, true)) },
        ControlHeader { state, ..control(None, &founded_by_globex(point)) },
        control(None, &open(point, false)),
        control(None, &ControlAct::Cover),
    ];
    for header in refused {
        let outcome = shown(&mut world, "globex", header);
        assert!(matches!(outcome, RangeOutcome::Refused { .. }), "{outcome:?}");
    }
    assert_eq!(world.group_at("initech", team).point, point);
    world.heal("globex", "acme");
    world.exchange();
    world.assert_same(&ALL, team);
}
