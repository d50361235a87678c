//! Logs that have ended: their home closes them a day later, and V names them no more.

use comity_machine::{Outcome, RangeOutcome};
use comity_protocol::body::Body;
use comity_protocol::code::Code;
use comity_protocol::control::{ClosedLog, Closing, ControlAct, ControlHeader, CoverEntry};
use comity_protocol::event::{EndedLog, EventAct, EventHeader, LogStart};
use comity_protocol::hash::Hash;
use comity_protocol::id::{ChannelId, LineageId, LogId, LogName, ShortHash, WriterId};
use comity_protocol::limits::{CLOSE_AFTER_MS, CLOSED_LOGS_MAX, COVER_AGE_MS, ENDED_LOGS_MAX};

use super::world::{RogueLog, World, control, event};

use Outcome::{Accepted, Rejected, Void};

const ALICE: &str = "alice@acme";
const BOB: &str = "bob@globex";
const CAROL: &str = "carol@initech";
const ALL: [&str; 3] = ["acme", "globex", "initech"];

type Log = (LineageId, WriterId);

/// The log that a node writes into at the moment.
fn current(world: &World, node: &str) -> Log {
    let node = world.node(node);
    (node.lineage(), node.state.identity.as_ref().unwrap().writer)
}

/// A group in which somebody wrote before and after his node started again, and his first log.
fn scene() -> (World, ChannelId, Log) {
    let mut world = World::new(&[ALICE, BOB, CAROL]);
    let team = world.team(ALICE, &[BOB, CAROL]);
    world.say(BOB, team, "before").unwrap();
    world.exchange();
    let ended = current(&world, "globex");
    world.node_mut("globex").start(2);
    world.say(BOB, team, "after").unwrap();
    world.exchange();
    (world, team, ended)
}

/// Somebody says something, and so long after that V is stated.
fn goes_on(world: &mut World, team: ChannelId, text: &str) {
    world.say(CAROL, team, text).unwrap();
    world.exchange();
    world.now_ms += COVER_AGE_MS;
    world.wake("acme");
    world.exchange();
}

fn closed(world: &World, node: &str, team: ChannelId) -> Vec<Log> {
    world.group_at(node, team).closed.keys().copied().collect()
}

#[test]
fn a_log_is_closed_a_day_after_it_has_ended() {
    let (mut world, team, ended) = scene();
    goes_on(&mut world, team, "soon");
    assert!(world.group_at("acme", team).state.cover.contains_key(&ended));
    assert_eq!(closed(&world, "acme", team), []);
    world.now_ms += CLOSE_AFTER_MS;
    goes_on(&mut world, team, "a day later");
    for node in ALL {
        let group = world.group_at(node, team);
        assert_eq!(closed(&world, node, team), [ended], "{node}");
        assert!(!group.state.cover.contains_key(&ended) && group.state.closed.is_some());
        assert_eq!(group.covered(ended), 1);
        assert!(group.ended.is_empty());
    }
    world.assert_same(&ALL, team);
    goes_on(&mut world, team, "and on");
    world.assert_same(&ALL, team);
    assert_eq!(world.texts("acme", team).len(), 5);
    // Its origin speaks of it no more.
    world.node_mut("globex").start(3);
    world.say(BOB, team, "third").unwrap();
    let third = &world.node("globex").records.last().unwrap().record;
    let start = EventHeader::decode(&third.header).unwrap().start.unwrap();
    assert!(start.ended.unwrap().iter().all(|listed| listed.writer != ended.1));
}

#[test]
fn a_log_of_which_the_home_lacks_the_end_stays_open() {
    let (mut world, team, ended) = scene();
    let says = |writer, seq| EndedLog { writer, seq, hash: ShortHash([7; 16]) };
    let lacking = WriterId(9);
    let start =
        LogStart { ended: Some(vec![says(lacking, 7), says(ended.1, 1)]), ..<_>::default() };
    let after = Some(world.group_at("globex", team).point);
    let message = event(world.account(BOB).0.number, &EventAct::message());
    let mut log = RogueLog::new(world.node("globex"), team, 10);
    log.push(EventHeader { start: Some(start), after, ..message }, Body::text([9; 32], "hello"));
    assert_eq!(world.show("globex", "acme", &log).1, [Accepted]);
    world.now_ms += CLOSE_AFTER_MS;
    goes_on(&mut world, team, "a day later");
    assert_eq!(closed(&world, "acme", team), [ended]);
    assert_eq!(world.group_at("acme", team).ended[&(ended.0, lacking)].seq, 7);
}

/// Pins: an origin could have a group note as many logs as it liked.
#[test]
fn an_origin_has_only_so_many_ended_logs_noted() {
    let (mut world, team, ended) = scene();
    let after = Some(world.group_at("globex", team).point);
    let message = event(world.account(BOB).0.number, &EventAct::message());
    for writer in [1_000, 2_000] {
        let numbers = writer + 1..=writer + ENDED_LOGS_MAX as u64;
        let hash = ShortHash([7; 16]);
        let lists = numbers.map(|number| EndedLog { writer: WriterId(number), seq: 7, hash });
        let start = LogStart { ended: Some(lists.collect()), ..<_>::default() };
        let mut log = RogueLog::new(world.node("globex"), team, writer);
        let header = EventHeader { start: Some(start), after, ..message.clone() };
        log.push(header, Body::text([9; 32], "hello"));
        assert_eq!(world.show("globex", "acme", &log).1, [Accepted]);
    }
    let noted = &world.group_at("acme", team).ended;
    assert!(noted.len() == ENDED_LOGS_MAX && noted.contains_key(&ended));
}

#[test]
fn who_comes_later_reads_what_was_in_a_closed_log() {
    let (mut world, team, ended) = scene();
    world.now_ms += CLOSE_AFTER_MS;
    goes_on(&mut world, team, "a day later");
    world.user("dora@umbrella");
    world.bring(ALICE, "dora@umbrella", team);
    assert_eq!(closed(&world, "umbrella", team), [ended]);
    assert_eq!(world.texts("umbrella", team), world.texts("acme", team));
    assert_eq!(world.texts("umbrella", team).len(), 3);
    world.assert_same(&["acme", "globex", "initech", "umbrella"], team);
}

#[test]
fn what_is_written_above_where_a_log_was_closed_is_rejected() {
    let (mut world, team, ended) = scene();
    world.now_ms += CLOSE_AFTER_MS;
    goes_on(&mut world, team, "a day later");
    let name = LogName::Message { origin: ended.0, writer: ended.1 };
    let mut log = RogueLog::continuing(world.node("globex"), LogId { channel: team, name });
    log.say(world.account(BOB).0.number, "too late", None);
    for node in ["acme", "initech"] {
        let shown = world.show("globex", node, &log);
        assert_eq!(shown, (RangeOutcome::Applied, vec![Rejected]), "{node}");
    }
    goes_on(&mut world, team, "undisturbed");
    world.assert_same(&["acme", "initech"], team);
}

/// The home closes a log that is being written: what it had not seen of it is withdrawn, and the
/// origin goes on under another writer.
#[test]
fn an_origin_whose_log_is_closed_goes_on_elsewhere() {
    let (mut world, team, _) = scene();
    let live = current(&world, "globex");
    world.cut("globex", "acme");
    world.cut("acme", "globex");
    world.cut("acme", "initech");
    world.say(BOB, team, "not seen by the home").unwrap();
    world.exchange();
    assert_eq!(world.outcomes("initech", team, "globex"), [Accepted; 3]);
    let (seq, hash) = {
        let (_, channel) = world.channel("acme", team);
        let name = LogName::Message { origin: live.0, writer: live.1 };
        (channel.logs[&name].end.seq(), channel.logs[&name].end.hash().into())
    };
    let logs = vec![ClosedLog { origin: live.0, writer: live.1 }];
    let cover = CoverEntry { origin: live.0, writer: live.1, seq, hash };
    let act = ControlAct::CloseLogs(Closing { logs });
    let mut log = RogueLog::control(world.node("acme"), team);
    log.push_control(ControlHeader { cover: Some(vec![cover]), ..control(None, &act) });
    for node in ["globex", "initech"] {
        assert_eq!(world.show("acme", node, &log), (RangeOutcome::Applied, vec![Accepted]));
        assert_eq!(world.outcomes(node, team, "globex"), [Accepted, Accepted, Rejected]);
    }
    world.say(BOB, team, "elsewhere").unwrap();
    world.exchange();
    assert_ne!(current(&world, "globex"), live);
    assert_eq!(world.outcomes("initech", team, "globex").last(), Some(&Accepted));
    world.assert_same(&["globex", "initech"], team);
}

#[test]
fn a_closing_that_does_not_hold_is_void() {
    let (mut world, team, ended) = scene();
    goes_on(&mut world, team, "covered");
    let alice = world.account(ALICE).0;
    let log = |writer: WriterId| ClosedLog { origin: ended.0, writer };
    let close =
        |actor, logs: Vec<ClosedLog>| control(actor, &ControlAct::CloseLogs(Closing { logs }));
    let (known, strange) = (log(ended.1), log(WriterId(1)));
    let many = (0..=CLOSED_LOGS_MAX as u64).map(|n| log(WriterId(n))).collect();
    let cover =
        vec![CoverEntry { origin: ended.0, writer: ended.1, seq: 2, hash: Hash([2; 32]).into() }];
    let mut rogue = RogueLog::control(world.node("acme"), team);
    for header in [
        close(None, vec![]),
        close(None, many),
        close(None, vec![strange]),
        close(None, vec![known, known]),
        close(Some(alice), vec![known]),
        close(None, vec![known]),
        close(None, vec![known]),
        ControlHeader { cover: Some(cover), ..control(None, &ControlAct::Cover) },
    ] {
        rogue.push_control(header);
    }
    let (outcome, records) = world.show("acme", "initech", &rogue);
    assert_eq!(outcome, RangeOutcome::Applied);
    assert_eq!(records, [Void, Void, Void, Void, Void, Accepted, Void, Void]);
    let asked = world.govern(ALICE, team, ControlAct::CloseLogs(Closing { logs: vec![known] }));
    assert_eq!(asked, Err(Code::NotAllowed));
}
