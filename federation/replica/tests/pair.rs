//! Two nodes over a link in a virtual world: what one writes, the other comes to hold, whatever
//! happens to the link between them.
#![allow(clippy::unwrap_used)]

mod world;

use comity_machine::{Act, Answer, GroupAct};
use comity_protocol::code::Code;
use comity_protocol::control::{ControlAct, JoinRule, SetJoinRule, Text};
use comity_protocol::directory::{Offer, OfferedGroup, Seek};
use comity_protocol::frame::{LogKind, WireLog};
use comity_protocol::id::{ChannelId, LogName};
use proptest::prelude::*;
use world::{Told, World};

const ACME: usize = 0;
const GLOBEX: usize = 1;

/// Both say a few things, before and while they are linked.
fn conversation() -> World {
    let mut world = World::new();
    for i in 0..7 {
        world.say(ACME, &format!("before {i}"));
    }
    world.say(GLOBEX, "so there you are");
    world.connect();
    world
}

/// alice has made a group, bob has accepted, and both have heard of it.
fn group() -> (World, ChannelId) {
    let mut world = World::new();
    world.connect();
    world.settle();
    let now_ms = world.now_ms;
    let create = Act::CreateGroup { name: "plans".into(), topic: "".into(), member_limit: 100 };
    let Answer::Channel(channel) = world.nodes[ACME].act(create, now_ms) else { panic!() };
    let (account, label) = world.nodes[GLOBEX].user();
    let invited = world.nodes[ACME].act(Act::Invite { channel, account, label }, now_ms);
    assert_eq!(invited, Answer::Done);
    world.settle();
    world.nodes[GLOBEX].act(Act::Accept { channel }, now_ms + 1);
    world.settle();
    world.assert_same_logs();
    assert!(world.nodes[GLOBEX].state.channel(&channel).is_some());
    (world, channel)
}

/// How many things alice says before bob's organisation is admitted.
const SAID: usize = 200;

/// alice has made a group and said a lot in it, and bob accepts.
fn long_group() -> (World, ChannelId) {
    let mut world = World::new();
    let now_ms = world.now_ms;
    let create = Act::CreateGroup { name: "plans".into(), topic: "".into(), member_limit: 100 };
    let Answer::Channel(channel) = world.nodes[ACME].act(create, now_ms) else { panic!() };
    for number in 0..SAID {
        world.nodes[ACME].say_in(channel, &number.to_string(), now_ms);
    }
    world.connect();
    world.settle();
    let (account, label) = world.nodes[GLOBEX].user();
    world.nodes[ACME].act(Act::Invite { channel, account, label }, now_ms);
    world.settle();
    world.nodes[GLOBEX].act(Act::Accept { channel }, now_ms + 1);
    (world, channel)
}

fn backfilled(world: &World) -> Vec<u64> {
    world.nodes[GLOBEX].backfilled.iter().map(|r| r.seq).collect()
}

#[test]
fn a_newcomer_gets_the_newest_page_first_and_then_the_rest() {
    let (mut world, channel) = long_group();
    world.settle();
    let found = backfilled(&world);
    let said = SAID as u64;
    assert_eq!(found[..50], (said - 49..=said).collect::<Vec<_>>());
    let mut sorted = found.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (1..=said).collect::<Vec<_>>());
    let fed = world.nodes[GLOBEX].records.iter().filter(|r| r.channel_id == channel);
    assert!(fed.into_iter().all(|r| matches!(r.log.name, LogName::Control { .. })));
    world.nodes[ACME].say_in(channel, "and on", world.now_ms);
    world.settle();
    world.assert_same_logs();
    assert_eq!(world.nodes[GLOBEX].records.last().unwrap().seq, said + 1);
    assert_eq!(world.nodes[GLOBEX].state.lacking().count(), 0);
}

#[test]
fn a_join_that_is_cut_after_any_frame_goes_on() {
    let (mut whole, _) = long_group();
    let before = whole.arrived;
    whole.settle();
    let frames = whole.arrived - before;
    assert!(frames > 8, "{frames}");
    for n in 0..=frames {
        let (mut world, channel) = long_group();
        world.deliver(n);
        world.cut();
        world.nodes[ACME].say_in(channel, "while we were apart", world.now_ms);
        world.connect();
        world.settle();
        world.assert_same_logs();
        let node = &world.nodes[GLOBEX];
        let all = node.records.iter().chain(&node.backfilled);
        let of_log = all.filter(|r| matches!(r.log.name, LogName::Message { .. }));
        let said = of_log.filter(|r| r.channel_id == channel).count();
        assert_eq!(said, SAID + 1, "cut after {n} frames");
        assert_eq!(node.state.lacking().count(), 0, "cut after {n} frames");
    }
}

#[test]
fn a_peer_that_serves_no_history_is_asked_once() {
    let (mut world, _) = long_group();
    world.nodes[ACME].withholds_history = true;
    world.settle();
    assert_eq!(backfilled(&world), Vec::<u64>::new());
    assert_eq!(world.nodes[GLOBEX].state.lacking().count(), 1);
    // It may do so on the next link.
    world.nodes[ACME].withholds_history = false;
    world.cut();
    world.connect();
    world.settle();
    assert_eq!(backfilled(&world).len(), SAID);
}

#[test]
fn first_contact_then_live() {
    let mut world = conversation();
    world.settle();
    assert_eq!(world.told, [vec![Told::Up], vec![Told::Up]]);
    world.assert_same_logs();
    // Live: nothing but the batch and its acknowledgement crosses.
    let before = world.arrived;
    world.say(ACME, "and now?");
    world.settle();
    world.assert_same_logs();
    assert_eq!(world.arrived - before, 2);
}

#[test]
fn what_is_acknowledged_is_delivered() {
    let mut world = conversation();
    world.settle();
    let log = world.nodes[ACME].direct_log();
    let expected = (1..=7).map(|seq| (log, seq)).collect();
    assert_eq!(world.nodes[ACME].delivered, expected);
    let cursor = world.nodes[GLOBEX].cursor(world.nodes[ACME].lineage());
    let last = world.nodes[ACME].records.last().unwrap().pos;
    let newest = world.nodes[ACME].records.iter().rev().find(|r| r.seq == 7).unwrap().pos;
    assert!(newest <= last);
    assert_eq!(cursor, Some(world.nodes[ACME].cursor_at(newest)));
}

#[test]
fn a_cut_after_any_frame_loses_and_repeats_nothing() {
    let mut whole = conversation();
    whole.settle();
    let frames = whole.arrived;
    assert!(frames >= 14, "{frames}");
    for n in 0..=frames {
        let mut world = conversation();
        world.deliver(n);
        world.cut();
        world.say(ACME, "while we were apart");
        world.say(GLOBEX, "indeed");
        world.connect();
        world.settle();
        world.assert_same_logs();
        let log = world.nodes[ACME].direct_log();
        assert!(world.nodes[ACME].delivered.contains(&(log, 8)), "cut after {n} frames");
    }
}

#[test]
fn after_a_cut_the_feed_goes_on_at_the_cursor() {
    let mut world = conversation();
    world.settle();
    world.cut();
    world.say(ACME, "one more");
    world.connect();
    let before = world.arrived;
    world.settle();
    world.assert_same_logs();
    // Two hellos, two subscriptions, one batch and its acknowledgement: no vectors, nothing twice.
    assert_eq!(world.arrived - before, 6);
}

#[test]
fn a_gap_is_asked_for_and_no_cursor_is_kept_before_it_is_filled() {
    let mut world = World::new();
    world.connect();
    world.settle();
    world.say(ACME, "1");
    world.settle();
    let log = world.nodes[ACME].direct_log();
    let acme = world.nodes[ACME].lineage();
    let kept = world.nodes[GLOBEX].cursor(acme);
    world.nodes[ACME].leaves_out.insert((log, 2));
    world.say(ACME, "2");
    world.settle();
    world.say(ACME, "3");
    // The batch has come and was acknowledged with an exception; what it lacks is still wanted.
    world.deliver(2);
    assert!(!world.nodes[ACME].delivered.contains(&(log, 3)));
    assert_eq!(world.nodes[GLOBEX].cursor(acme), kept);
    world.settle();
    world.assert_same_logs();
    let newest = world.nodes[ACME].records.iter().rev().find(|r| r.seq == 3).unwrap().pos;
    assert_eq!(world.nodes[GLOBEX].cursor(acme), Some(world.nodes[ACME].cursor_at(newest)));
    // The record that had to wait is reported too: the acknowledgement of the gap was not its last
    // word.
    assert!(world.nodes[ACME].delivered.contains(&(log, 3)));
}

#[test]
fn a_cut_while_a_gap_is_open_forgets_nothing() {
    for frames in 0..6 {
        let mut world = World::new();
        world.connect();
        world.say(ACME, "1");
        world.settle();
        let log = world.nodes[ACME].direct_log();
        world.nodes[ACME].leaves_out.insert((log, 2));
        world.say(ACME, "2");
        world.settle();
        world.say(ACME, "3");
        world.deliver(frames);
        world.cut();
        world.connect();
        world.settle();
        world.assert_same_logs();
    }
}

#[test]
fn a_long_gap_is_filled_in_parts() {
    let mut world = World::new();
    world.connect();
    world.say(ACME, "1");
    world.settle();
    let log = world.nodes[ACME].direct_log();
    world.nodes[ACME].leaves_out.extend((2..20).map(|seq| (log, seq)));
    for i in 2..=20 {
        world.say(ACME, &i.to_string());
    }
    world.settle();
    world.assert_same_logs();
}

#[test]
fn an_invitation_an_acceptance_and_the_control_log_cross() {
    let (mut world, channel) = group();
    let now_ms = world.now_ms + 10;
    world.nodes[ACME].say_in(channel, "welcome", now_ms);
    world.nodes[GLOBEX].say_in(channel, "thanks", now_ms);
    world.settle();
    world.assert_same_logs();
}

#[test]
fn what_is_held_is_applied_once_the_control_log_has_come() {
    let (mut world, channel) = group();
    let now_ms = world.now_ms + 10;
    world.nodes[ACME].withholds_control = true;
    let act = GroupAct(Box::new(ControlAct::SetName(Text { text: "better plans".into() })));
    let rename = Act::Govern { channel, act };
    assert_eq!(world.nodes[ACME].act(rename, now_ms), Answer::Done);
    world.nodes[ACME].say_in(channel, "under the new name", now_ms + 1);
    world.settle();
    // No time had to pass: the control log was asked for, and the held range right after it.
    world.assert_same_logs();
    assert!(world.told[GLOBEX].iter().any(|told| matches!(told, Told::Held)));
    let (_, held) = world.nodes[GLOBEX].state.channel(&channel).unwrap();
    assert_eq!(held.group().unwrap().state.name, "better plans");
}

#[test]
fn what_is_ahead_of_the_clock_is_asked_for_again_until_it_is_due() {
    let mut world = World::new();
    world.connect();
    world.say(ACME, "now");
    world.settle();
    let bob = world.nodes[GLOBEX].user();
    let now_ms = world.now_ms;
    world.nodes[ACME].say(bob, "from the future", now_ms + 70_000);
    world.run_for(9_000);
    let log = world.nodes[ACME].direct_log();
    assert_eq!(world.nodes[GLOBEX].end_of(&log.into()).unwrap().0, 1);
    world.run_for(40_000);
    world.assert_same_logs();
    assert!(world.nodes[ACME].delivered.contains(&(log, 2)));
}

#[test]
fn what_is_not_served_is_noted_and_forgotten() {
    let mut world = conversation();
    world.settle();
    let log = WireLog {
        channel: ChannelId([9; 32]),
        kind: LogKind::Message,
        origin: world.nodes[ACME].lineage(),
        number: 5,
    };
    let ends = world.ends.as_mut().unwrap();
    assert!(ends[GLOBEX].link.want(log, 1, 0));
    let before = world.arrived;
    world.run_for(60_000);
    assert_eq!(world.told[GLOBEX], [Told::Up, Told::Noted(Code::LogUnknown)]);
    assert_eq!(world.arrived - before, 2);
}

#[test]
fn accounts_are_looked_up_by_name() {
    let mut world = conversation();
    world.settle();
    let now_ms = world.now_ms;
    let link = &mut world.ends.as_mut().unwrap()[ACME].link;
    let bob = link.look_up("bob".into(), now_ms).unwrap();
    let nobody = link.look_up("nobody".into(), now_ms).unwrap();
    world.settle();
    let number = world.nodes[GLOBEX].user().0.number;
    let told = [Told::LookedUp(bob, Ok(Some(number))), Told::LookedUp(nobody, Ok(None))];
    assert_eq!(world.told[ACME][1..], told);

    world.answers_lookups = false;
    let link = &mut world.ends.as_mut().unwrap()[ACME].link;
    let late = link.look_up("bob".into(), now_ms).unwrap();
    world.run_for(10_000);
    let expected = Told::LookedUp(late, Err(Code::DomainUnreachable));
    assert_eq!(world.told[ACME].last(), Some(&expected));
}

#[test]
fn groups_are_found_over_the_link() {
    let mut world = conversation();
    world.settle();
    let now_ms = world.now_ms;
    let create = |name: &str| Act::CreateGroup {
        name: name.into(),
        topic: "for all".into(),
        member_limit: 100,
    };
    let globex = &mut world.nodes[GLOBEX];
    let (open, closed) = (globex.act(create("Open"), now_ms), globex.act(create("Closed"), now_ms));
    let (Answer::Channel(open), Answer::Channel(closed)) = (open, closed) else { panic!() };
    let rule = ControlAct::SetJoinRule(SetJoinRule { rule: JoinRule::Anyone });
    let act = GroupAct(Box::new(rule));
    assert_eq!(globex.act(Act::Govern { channel: open, act }, now_ms), Answer::Done);
    for (channel, name) in [(open, "open"), (closed, "closed")] {
        let act = Act::SetAlias { channel, name: name.into() };
        assert_eq!(globex.act(act, now_ms), Answer::Done);
    }
    let offered = OfferedGroup {
        channel: open,
        home: globex.lineage(),
        domain: "globex.test".into(),
        name: "Open".into(),
        topic: "for all".into(),
        members: 1,
        alias: Some("open".into()),
    };
    let link = &mut world.ends.as_mut().unwrap()[ACME].link;
    let found = Offer { groups: vec![offered], more: false };
    let seeks = [
        (Seek::Alias { name: "open".into() }, found.clone()),
        (Seek::Alias { name: "closed".into() }, Offer::default()),
        (Seek::Channel { channel: open }, found.clone()),
        (Seek::Channel { channel: closed }, Offer::default()),
        (Seek::Page { count: 50, after: None }, found),
        (Seek::Page { count: 50, after: Some(open) }, Offer::default()),
    ];
    let expected =
        seeks.map(|(seek, offer)| Told::Sought(link.seek(seek, now_ms).unwrap(), Ok(offer)));
    world.settle();
    assert_eq!(world.told[ACME][1..], expected);
}

#[test]
fn a_goodbye_ends_both_and_fails_what_is_open() {
    let mut world = conversation();
    world.settle();
    world.answers_lookups = false;
    let now_ms = world.now_ms;
    let ends = world.ends.as_mut().unwrap();
    let open = ends[ACME].link.look_up("bob".into(), now_ms).unwrap();
    ends[GLOBEX].link.close(Code::ShuttingDown);
    world.settle();
    let failed = Told::LookedUp(open, Err(Code::DomainUnreachable));
    assert_eq!(world.told[ACME][1..], [failed, Told::Closed(Code::ShuttingDown)]);
    assert_eq!(world.told[GLOBEX][1..], [Told::Closed(Code::ShuttingDown)]);
    let ends = world.ends.as_mut().unwrap();
    assert!(ends.iter_mut().all(|e| e.link.poll_action().is_none() && e.link.is_closed()));
    assert_eq!(ends[ACME].link.poll_timeout(), None);
}

/// What may happen between two nodes.
#[derive(Clone, Debug)]
enum Happening {
    Cut,
    Deliver(usize),
    LeaveOut(usize),
    Pass(u64),
    Say(usize),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        4 => (0..2_usize).prop_map(Happening::Say),
        4 => (0..12_usize).prop_map(Happening::Deliver),
        1 => (0..2_usize).prop_map(Happening::LeaveOut),
        1 => (0..20_000_u64).prop_map(Happening::Pass),
        2 => Just(Happening::Cut),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn two_nodes_agree_whatever_is_cut(story in prop::collection::vec(happening(), 1..60)) {
        let mut world = World::new();
        world.connect();
        world.say(ACME, "hello");
        world.say(GLOBEX, "hello");
        for happening in story {
            match happening {
                Happening::Cut => {
                    world.cut();
                    world.connect();
                }
                Happening::Deliver(frames) => {
                    world.deliver(frames);
                }
                Happening::LeaveOut(who) => {
                    let log = world.nodes[who].direct_log();
                    let next = world.nodes[who].end_of(&log.into()).unwrap().0 + 1;
                    world.nodes[who].leaves_out.insert((log, next));
                    world.say(who, "lost by the feed");
                    world.settle();
                    world.say(who, "and found by its successor");
                }
                Happening::Pass(ms) => world.run_for(ms),
                Happening::Say(who) => world.say(who, "words"),
            }
        }
        world.settle();
        world.assert_same_logs();
        // An interrupted link between honest nodes is nobody's fault.
        for who in [ACME, GLOBEX] {
            let closed = |told: &Told| matches!(told, Told::Closed(_) | Told::Noted(_));
            prop_assert!(!world.told[who].iter().any(closed), "{:?}", world.told[who]);
        }
    }
}
