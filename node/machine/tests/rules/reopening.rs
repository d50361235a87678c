//! Openings that the home of a group forces after a loss: what stands above their base is void, and
//! the group goes on as it was just after it, at every member alike.

use comity_machine::{Answer, Outcome, RangeOutcome, RefusedCode, Standing};
use comity_protocol::clock::HybridTime;
use comity_protocol::code::Code;
use comity_protocol::control::{ControlAct, ControlHeader, Opening, Text};
use comity_protocol::hash::Hash;
use comity_protocol::id::{ChannelId, ControlPoint, LogId, LogName, ShortHash};
use comity_protocol::limits::COVER_EVENTS;

use super::world::{RogueLog, World, control, fork_proof};

use Outcome::{Accepted, Rejected, Void};

const ALICE: &str = "alice@acme";
const BOB: &str = "bob@globex";
const CAROL: &str = "carol@initech";
const ALL: [&str; 3] = ["acme", "globex", "initech"];

fn scene() -> (World, ChannelId) {
    let mut world = World::new(&[ALICE, "ann@acme", BOB, "bella@globex", CAROL]);
    let team = world.team(ALICE, &[BOB, CAROL]);
    (world, team)
}

fn seq(world: &World, team: ChannelId) -> u64 {
    world.group_at("acme", team).point.seq
}

fn standing(world: &World, user: &str, team: ChannelId) -> Option<Standing> {
    let (name, node) = user.split_once('@').unwrap();
    let node = world.node(node);
    let no = node.state.channel(&team)?.0;
    let account = &node.state.accounts[&node.users[name].number];
    account.channels.get(&no).map(|stay| stay.standing)
}

#[test]
fn a_voided_ban_lets_its_victim_in_again_with_what_he_wrote() {
    let (mut world, team) = scene();
    world.cut("globex", "acme");
    world.say(BOB, team, "unheard").unwrap();
    world.exchange();
    let base = seq(&world, team);
    world.ban(ALICE, BOB, team).unwrap();
    world.rename(ALICE, team, "Ours").unwrap();
    world.exchange();
    assert_eq!(world.texts("initech", team), Vec::<String>::new());
    assert_eq!(world.say(BOB, team, "hello?"), Err(Code::ChannelNotFound));
    assert_eq!(world.reopen("acme", team, base), Ok(Answer::Done));
    world.exchange();
    world.heal("globex", "acme");
    world.exchange();
    world.assert_same(&ALL, team);
    assert_eq!(world.texts("acme", team), ["bob@globex.test: unheard"]);
    let group = world.group_at("globex", team);
    assert_eq!((group.point.term, group.point.seq), (2, 1));
    assert_eq!(group.state.name, "Team");
    world.say(BOB, team, "back").unwrap();
    world.rename(ALICE, team, "Again").unwrap();
    world.exchange();
    world.assert_same(&ALL, team);
    assert_eq!(world.texts("initech", team).len(), 2);
    assert!(world.feed(CAROL).contains(&"alice@acme.test renames to Again".into()));
}

#[test]
fn a_voided_join_takes_its_author_out_with_all_that_he_wrote() {
    let (mut world, team) = scene();
    let base = seq(&world, team);
    world.bring(ALICE, "bella@globex", team);
    for i in 0..COVER_EVENTS {
        world.say("bella@globex", team, &i.to_string()).unwrap();
    }
    world.say(BOB, team, "mine").unwrap();
    world.exchange();
    assert_eq!(world.texts("initech", team).len(), 101);
    world.reopen("acme", team, base).unwrap();
    world.exchange();
    world.assert_same(&ALL, team);
    assert_eq!(world.texts("initech", team), ["bob@globex.test: mine"]);
    assert_eq!(standing(&world, "bella@globex", team), Some(Standing::Gone));
    world.bring(ALICE, "bella@globex", team);
    world.say("bella@globex", team, "anew").unwrap();
    world.exchange();
    assert_eq!(world.texts("acme", team).len(), 2);
    world.assert_same(&ALL, team);
}

#[test]
fn an_organisation_whose_admission_is_void_hears_of_it_and_no_more() {
    let mut world = World::new(&[ALICE, BOB, CAROL]);
    let team = world.team(ALICE, &[BOB]);
    let base = seq(&world, team);
    world.bring(ALICE, CAROL, team);
    world.say(CAROL, team, "hello").unwrap();
    world.exchange();
    world.reopen("acme", team, base).unwrap();
    world.exchange();
    assert_eq!(world.group_at("initech", team).point.term, 2);
    assert_eq!(standing(&world, CAROL, team), Some(Standing::Gone));
    world.say(BOB, team, "among us").unwrap();
    world.rename(ALICE, team, "Ours").unwrap();
    world.exchange();
    assert_eq!(world.group_at("initech", team).state.name, "Team");
    assert_eq!(world.texts("initech", team), Vec::<String>::new());
    world.assert_same(&["acme", "globex"], team);
    world.bring(ALICE, CAROL, team);
    world.say(CAROL, team, "again").unwrap();
    world.exchange();
    world.assert_same(&ALL, team);
    let expected = ["bob@globex.test: among us", "carol@initech.test: again"];
    assert_eq!(world.texts("acme", team), expected);
}

/// Pins: what had come as history of a void admission went on to be shown, as it was judged then.
#[test]
fn what_came_with_a_void_admission_is_forgotten() {
    let mut world = World::new(&[ALICE, BOB, CAROL, "dora@umbrella"]);
    let team = world.team(ALICE, &[BOB]);
    world.say(BOB, team, "before").unwrap();
    world.exchange();
    let base = seq(&world, team);
    world.bring(ALICE, CAROL, team);
    world.say(CAROL, team, "void").unwrap();
    world.exchange();
    world.bring(ALICE, "dora@umbrella", team);
    world.exchange();
    assert_eq!(world.texts("umbrella", team).len(), 2);
    world.reopen("acme", team, base).unwrap();
    world.exchange();
    assert_eq!(world.texts("umbrella", team), Vec::<String>::new());
    world.bring(ALICE, "dora@umbrella", team);
    world.exchange();
    assert_eq!(world.texts("umbrella", team), ["bob@globex.test: before"]);
    world.assert_same(&["acme", "globex", "umbrella"], team);
}

/// Pins: whoever had been out for a while, so that its logs have holes, never took an opening whose
/// base lies below where it came back.
#[test]
fn who_was_out_for_a_while_goes_back_below_where_it_came_in_again() {
    for is_in_at_base in [false, true] {
        let (mut world, team) = scene();
        world.say(BOB, team, "first").unwrap();
        world.exchange();
        let first = seq(&world, team);
        world.remove(ALICE, CAROL, team).unwrap();
        world.exchange();
        let base = if is_in_at_base { first } else { seq(&world, team) };
        world.say(BOB, team, "meanwhile").unwrap();
        world.exchange();
        world.bring(ALICE, CAROL, team);
        world.rename(ALICE, team, "Void").unwrap();
        world.exchange();
        world.say(BOB, team, "stated").unwrap();
        world.exchange();
        let of_bob = |world: &World| world.texts("initech", team);
        assert_eq!(of_bob(&world), ["bob@globex.test: first", "bob@globex.test: stated"]);
        world.reopen("acme", team, base).unwrap();
        world.exchange();
        world.assert_same(&["acme", "globex"], team);
        world.assert_same_state(&["acme", "globex"], team);
        assert_eq!(world.group_at("initech", team).point.term, 2);
        let expected = if is_in_at_base { Standing::Joined } else { Standing::Gone };
        assert_eq!(standing(&world, CAROL, team), Some(expected));
        assert_eq!(of_bob(&world), ["bob@globex.test: first", "bob@globex.test: stated"]);
        if !is_in_at_base {
            world.bring(ALICE, CAROL, team);
        }
        world.say(CAROL, team, "again").unwrap();
        world.exchange();
        assert!(world.texts("globex", team).contains(&"carol@initech.test: again".into()));
        world.assert_same_state(&ALL, team);
    }
}

/// Pins seed 70316: what had been stated up to the start of the second stay was taken for what had
/// been stated up to that of the first.
#[test]
fn who_came_late_and_was_out_for_a_while_holds_what_it_held_when_it_had_come_first() {
    let mut world = World::new(&[ALICE, BOB, CAROL]);
    let team = world.team(ALICE, &[BOB]);
    world.say(BOB, team, "old").unwrap();
    world.exchange();
    world.bring(ALICE, CAROL, team);
    let base = seq(&world, team);
    world.say(BOB, team, "first").unwrap();
    world.exchange();
    world.remove(ALICE, CAROL, team).unwrap();
    world.exchange();
    world.say(BOB, team, "meanwhile").unwrap();
    world.exchange();
    world.bring(ALICE, CAROL, team);
    world.say(BOB, team, "last").unwrap();
    world.exchange();
    assert_eq!(world.reopen("acme", team, base), Ok(Answer::Done));
    world.exchange();
    world.assert_same_state(&ALL, team);
    let held = world.texts("initech", team);
    assert!(held.ends_with(&["first", "last"].map(|text| format!("bob@globex.test: {text}"))));
}

/// Pins seed 80316: V named a log that a member cut off from its origin could get of nobody.
#[test]
fn v_names_no_log_of_an_organisation_that_never_was_in() {
    let mut world = World::new(&[ALICE, BOB, CAROL]);
    let team = world.team(ALICE, &[BOB]);
    let base = seq(&world, team);
    world.bring(ALICE, CAROL, team);
    world.say(CAROL, team, "void").unwrap();
    world.exchange();
    assert_eq!(world.reopen("acme", team, base), Ok(Answer::Done));
    world.say(BOB, team, "mine").unwrap();
    world.exchange();
    world.rename(ALICE, team, "Ours").unwrap();
    world.exchange();
    let carol = world.node("initech").lineage();
    let cover = world.group_at("globex", team).state.cover.clone();
    assert!(cover.keys().all(|(origin, _)| *origin != carol), "{cover:?}");
    world.bring(ALICE, CAROL, team);
    world.say(CAROL, team, "in").unwrap();
    world.exchange();
    assert!(world.texts("globex", team).contains(&"carol@initech.test: in".into()));
    world.assert_same_state(&ALL, team);
}

#[test]
fn who_had_left_is_not_let_in_again_against_his_will() {
    let (mut world, team) = scene();
    world.bring(ALICE, "ann@acme", team);
    let base = seq(&world, team);
    world.leave(BOB, team).unwrap();
    world.leave("ann@acme", team).unwrap();
    world.remove(ALICE, CAROL, team).unwrap();
    world.exchange();
    world.reopen("acme", team, base).unwrap();
    assert_eq!(standing(&world, "ann@acme", team), Some(Standing::Gone));
    world.exchange();
    assert_eq!(standing(&world, BOB, team), Some(Standing::Gone));
    assert_eq!(standing(&world, CAROL, team), Some(Standing::Joined));
    let members = ["alice@acme.test Owner", "carol@initech.test Member"];
    assert_eq!(world.members("initech", team), members);
    world.assert_same(&["acme", "initech"], team);
}

#[test]
fn who_comes_later_reaches_the_same() {
    let (mut world, team) = scene();
    let base = seq(&world, team);
    world.remove(ALICE, BOB, team).unwrap();
    world.exchange();
    world.reopen("acme", team, base).unwrap();
    world.exchange();
    world.say(BOB, team, "one").unwrap();
    world.exchange();
    world.user("dora@umbrella");
    world.bring(ALICE, "dora@umbrella", team);
    world.assert_same(&["acme", "globex", "initech", "umbrella"], team);
    let records = &world.node("umbrella").records;
    let voided = records.iter().filter(|r| {
        r.channel_id == team
            && r.outcome == Void
            && r.log.name.origin() == world.node("acme").lineage()
    });
    assert_eq!(voided.map(|r| r.seq).collect::<Vec<_>>(), [base + 1]);
}

#[test]
fn a_member_that_lacks_the_base_takes_the_opening_once_it_has_come() {
    let (mut world, team) = scene();
    world.cut("acme", "globex");
    world.rename(ALICE, team, "Base").unwrap();
    let base = seq(&world, team);
    world.rename(ALICE, team, "Void").unwrap();
    world.exchange();
    world.reopen("acme", team, base).unwrap();
    world.say(ALICE, team, "hello").unwrap();
    world.exchange();
    world.heal("acme", "globex");
    world.exchange();
    world.assert_same(&ALL, team);
    assert_eq!(world.group_at("globex", team).state.name, "Base");
    assert_eq!(world.texts("globex", team), ["alice@acme.test: hello"]);
}

#[test]
fn a_forked_control_log_is_gone_on_with_below_the_fork() {
    let (mut world, team) = scene();
    let (alice, _) = world.account(ALICE);
    let base = seq(&world, team);
    let says = |world: &World, text: &str| {
        let mut log = RogueLog::control(world.node("acme"), team);
        let text = Text { text: text.into() };
        log.push_control(control(Some(alice), &ControlAct::SetName(text)));
        log
    };
    let other = says(&world, "two");
    world.rename(ALICE, team, "One").unwrap();
    // Bob hears of one history, Carol of the other; each says something on top of his.
    world.cut("acme", "initech");
    world.exchange();
    assert_eq!(world.show("acme", "initech", &other).1, [Accepted]);
    world.say(BOB, team, "upon one").unwrap();
    world.say(CAROL, team, "upon two").unwrap();
    world.exchange();
    assert_eq!(world.outcomes("globex", team, "initech").last(), Some(&Void));
    let ours = says(&world, "three");
    let one = RogueLog::named(ours.log);
    let mut all = one.clone();
    for record in world.node("acme").records.iter().filter(|r| r.log == ours.log) {
        all.push_bytes(record.record.header.0.clone(), record.record.body.clone());
    }
    let mut forked = all.clone().cut(base);
    for record in &other.records {
        forked.push_bytes(record.header.0.clone(), record.body.clone());
    }
    let proof = fork_proof(world.node("acme"), base + 1, &all, &forked);
    for node in ALL {
        world.take_fork(node, proof.encode()).unwrap();
        assert!(world.channel(node, team).1.is_read_only());
    }
    assert_eq!(world.channel("acme", team).1.base(), Some((1, base)));
    assert_eq!(world.reopen("acme", team, base + 1), Err(Code::NotAllowed));
    world.reopen("acme", team, base).unwrap();
    world.heal("acme", "initech");
    world.exchange();
    world.assert_same(&ALL, team);
    let expected = ["bob@globex.test: upon one", "carol@initech.test: upon two"];
    assert_eq!(world.texts("globex", team), expected);
    world.say(CAROL, team, "and on").unwrap();
    world.exchange();
    assert_eq!(world.texts("acme", team).len(), 3);
    world.assert_same(&ALL, team);
}

#[test]
fn a_nominees_opening_counts_before_a_forced_one_whichever_comes_first() {
    for forced_first in [true, false] {
        let (mut world, team) = scene();
        world.cut("acme", "globex");
        world.cut("globex", "acme");
        world.cut("globex", "initech");
        world.say(CAROL, team, "to all").unwrap();
        world.exchange();
        let base = seq(&world, team);
        world.rename(ALICE, team, "Handed over").unwrap();
        world.hand_over(ALICE, "globex", team).unwrap();
        world.exchange();
        world.reopen("acme", team, base).unwrap();
        world.rename(ALICE, team, "Kept").unwrap();
        if forced_first {
            world.exchange();
            assert_eq!(world.group_at("initech", team).state.name, "Kept");
            world.say(CAROL, team, "upon the wrong term").unwrap();
        } else {
            world.cut("acme", "initech");
        }
        // The nominee has the handover, and nothing of what its home did later.
        let handed: Vec<_> = world
            .node("acme")
            .records
            .iter()
            .filter(|r| {
                r.channel_id == team && matches!(r.log.name, LogName::Control { term: 1, .. })
            })
            .cloned()
            .collect();
        let batch = super::world::batch(world.node("acme"), &handed);
        assert_eq!(world.take("acme", "globex", batch), [RangeOutcome::Applied]);
        assert_eq!(world.group_at("globex", team).point.term, 2);
        for (from, to) in
            [("globex", "initech"), ("globex", "acme"), ("acme", "globex"), ("acme", "initech")]
        {
            world.heal(from, to);
            world.exchange();
        }
        world.assert_same(&ALL, team);
        for node in ALL {
            let group = world.group_at(node, team);
            assert_eq!(group.state.home, world.node("globex").lineage(), "{node} {forced_first}");
            assert_eq!(group.state.name, "Handed over");
        }
        world.say(CAROL, team, "on").unwrap();
        world.exchange();
        world.assert_same(&ALL, team);
        assert!(world.texts("acme", team).contains(&"carol@initech.test: on".into()));
    }
}

#[test]
fn an_opening_that_does_not_hold_changes_nothing() {
    let (mut world, team) = scene();
    world.rename(ALICE, team, "Ours").unwrap();
    world.exchange();
    let (_, channel) = world.channel("globex", team);
    let base = channel.base_at((1, 3)).unwrap();
    let past = world.node("globex").rewind(team, &base).unwrap();
    let founder = world.node("acme").lineage();
    let open = |forced, base| ControlAct::Open(Opening { base, forced, founder });
    let state = Some(past.group.state.hash());
    let wrong = Some(world.group_at("globex", team).state.hash());
    let before = world.node("globex").state.to_bytes();
    for (by, forced, state) in [
        ("acme", false, state),
        ("acme", true, wrong),
        ("acme", true, None),
        ("initech", true, state),
    ] {
        let name = LogName::Control { home: world.node(by).lineage(), term: 2 };
        let mut rogue = RogueLog::named(LogId { channel: team, name });
        rogue.time = HybridTime::from_unix_ms(world.now_ms + 1);
        let header = ControlHeader { state, ..control(None, &open(forced, base)) };
        rogue.push_control(header);
        let (outcome, records) = world.show(by, "globex", &rogue);
        assert!(!matches!(outcome, RangeOutcome::Applied), "{by} {forced}: {outcome:?}");
        assert!(records.is_empty());
        assert!(world.node("globex").state.to_bytes() == before);
    }
    assert_eq!(
        world.outcomes("globex", team, "globex").iter().filter(|o| **o == Rejected).count(),
        0
    );
}

#[test]
fn an_opening_on_another_record_than_the_one_held_does_not_wait_for_it() {
    let (mut world, team) = scene();
    world.rename(ALICE, team, "Ours").unwrap();
    world.exchange();
    let newest = world.group_at("globex", team).point;
    let hash = ShortHash([7; 16]);
    let malformed = RangeOutcome::Refused { from: 1, code: RefusedCode(Code::Malformed) };
    for seq in [0, 2, newest.seq] {
        let base = ControlPoint { seq, hash, ..newest };
        assert_eq!(opened_on(&mut world, team, base), malformed, "{base:?}");
    }
    // What is not here yet may still come.
    let beyond = ControlPoint { seq: newest.seq + 1, hash, ..newest };
    assert!(matches!(opened_on(&mut world, team, beyond), RangeOutcome::Held { .. }));
}

#[test]
fn for_an_opening_that_does_not_hold_no_log_is_read() {
    let (mut world, team) = scene();
    world.say(BOB, team, "hello").unwrap();
    world.rename(ALICE, team, "Ours").unwrap();
    world.exchange();
    let (home, globex) = (world.node("acme").lineage(), world.node("globex"));
    let base = world.channel("globex", team).1.base_at((1, 3)).unwrap();
    let state = globex.rewind(team, &base).unwrap().group.state.hash();
    let read = |state, by| {
        let act = ControlAct::Open(Opening { base, forced: true, founder: home });
        let header = ControlHeader { state, ..control(None, &act) };
        let header = comity_protocol::cbor::encode(&header);
        globex.rewind_for(team, &base, Some((by, &header))).unwrap().logs.len()
    };
    assert_eq!(read(Some(state), home), 2, "the control log, and what Bob said");
    for (state, by) in [(None, home), (Some(Hash([7; 32])), home), (Some(state), globex.lineage())]
    {
        assert_eq!(read(state, by), 0);
    }
}

/// What becomes of an opening at globex that acme forces on a record.
fn opened_on(world: &mut World, team: ChannelId, base: ControlPoint) -> RangeOutcome {
    let home = world.node("acme").lineage();
    let name = LogName::Control { home, term: 2 };
    let mut rogue = RogueLog::named(LogId { channel: team, name });
    rogue.time = HybridTime::from_unix_ms(world.now_ms + 1);
    let state = Some(world.group_at("globex", team).state.hash());
    let opening = Opening { base, forced: true, founder: home };
    rogue.push_control(ControlHeader { state, ..control(None, &ControlAct::Open(opening)) });
    let (outcome, records) = world.show("acme", "globex", &rogue);
    assert!(records.is_empty());
    outcome
}
