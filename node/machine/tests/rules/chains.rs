//! What a peer may show, and what becomes of it: gaps, replays, forks, wrong times, wrong sizes,
//! unknown kinds. A direct channel serves, where nothing but the log matters.

use comity_machine::{Answer, Outcome, RangeOutcome, RefusedCode};
use comity_protocol::body::{Body, WireBody};
use comity_protocol::cbor;
use comity_protocol::clock::HybridTime;
use comity_protocol::code::Code;
use comity_protocol::event::{Erasure, EventAct, EventHeader, LogStart};
use comity_protocol::frame::{Batch, Frame};
use comity_protocol::id::{AccountNumber, ChannelId, LogId, LogName};
use comity_protocol::limits::{AHEAD_MS_MAX, BODY_BYTES_MAX, EVENT_HEADER_BYTES_MAX, LATE_MS};

use super::world::{BEGINNING_MS, RogueLog, World, asks_to_leave, event};

/// alice@acme and bob@globex with their channel, and the beginning of a log of globex.
fn scene() -> (World, ChannelId, AccountNumber, RogueLog) {
    let mut world = World::new(&["alice@acme", "bob@globex", "carol@initech"]);
    let talk = world.direct("alice@acme", "bob@globex");
    let (alice, bob) = (world.account("alice@acme").0, world.account("bob@globex").0);
    let accounts = Some((alice.min(bob), alice.max(bob)));
    let mut log = RogueLog::new(world.node("globex"), talk, 1);
    let start = LogStart { accounts, name: Some("bob".into()), ..LogStart::default() };
    log.say(bob.number, "1", Some(start));
    (world, talk, bob.number, log)
}

fn refused(from: u64, code: Code) -> RangeOutcome {
    RangeOutcome::Refused { from, code: RefusedCode(code) }
}

/// The records from one on, as a range of their own.
fn tail(log: &RogueLog, first: u64) -> RogueLog {
    let mut tail = log.clone();
    tail.records.drain(..usize::try_from(first - log.first).unwrap());
    tail.first = first;
    tail
}

#[test]
fn a_gap_names_the_first_record_missing() {
    let (mut world, talk, bob, mut log) = scene();
    log.say(bob, "2", None).say(bob, "3", None);
    let gap = |from| (RangeOutcome::Gap { from }, vec![]);
    assert_eq!(world.show("globex", "acme", &tail(&log, 2)), gap(1));
    assert_eq!(world.show("globex", "acme", &log).1.len(), 3);
    log.say(bob, "4", None).say(bob, "5", None);
    assert_eq!(world.show("globex", "acme", &tail(&log, 5)), gap(4));
    assert_eq!(world.show("globex", "acme", &tail(&log, 4)).1.len(), 2);
    assert_eq!(world.texts("acme", talk).len(), 5);
}

#[test]
fn a_replay_does_nothing() {
    let (mut world, talk, bob, mut log) = scene();
    log.say(bob, "2", None);
    world.show("globex", "acme", &log);
    let before = world.node("acme").state.to_bytes();
    assert_eq!(world.show("globex", "acme", &log), (RangeOutcome::Applied, vec![]));
    assert!(world.node("acme").state.to_bytes() == before);
    // Half of it known: the rest is taken.
    log.say(bob, "3", None);
    assert_eq!(world.show("globex", "acme", &log).1, [Outcome::Accepted]);
    assert_eq!(world.texts("acme", talk).len(), 3);
}

#[test]
fn a_chain_that_does_not_fit_is_not_theirs() {
    let (mut world, talk, bob, mut log) = scene();
    let mut fork = log.clone();
    log.say(bob, "2", None);
    fork.say(bob, "two", None).say(bob, "three", None);
    world.show("globex", "acme", &log);
    assert_eq!(world.show("globex", "acme", &fork).0, refused(3, Code::ChainBroken));
    let mut changed = tail(&log, 2);
    changed.say(bob, "3", None);
    let mut batch = changed.batch(world.node("globex"));
    let empty = WireBody::Present(Body::empty([0; 32]));
    batch.ranges[0].records[1].body = empty;
    assert_eq!(world.take("globex", "acme", batch), [refused(3, Code::ChainBroken)]);
    assert_eq!(world.texts("acme", talk).len(), 2);
}

#[test]
fn a_checkpoint_of_somebody_else_proves_nothing() {
    let (mut world, talk, ..) = scene();
    let (_, _, _, log) = scene();
    let batch = log.batch(world.node("initech"));
    assert_eq!(world.take("globex", "acme", batch), [refused(1, Code::CheckpointForged)]);
    let mut batch = log.batch(world.node("globex"));
    batch.ranges[0].checkpoint = 9;
    assert_eq!(world.take("globex", "acme", batch), [refused(1, Code::CheckpointForged)]);
    assert!(world.texts("acme", talk).is_empty());
}

#[test]
fn nobody_makes_logs_in_our_name() {
    let (mut world, talk, ..) = scene();
    let alice = world.account("alice@acme").0;
    let mut log = RogueLog::new(world.node("acme"), talk, 77);
    log.say(alice.number, "I never said that", Some(LogStart::default()));
    // What is shown as ours must be signed by us.
    assert_eq!(world.show("globex", "acme", &log).0, refused(1, Code::CheckpointForged));
    let home = world.node("globex").lineage();
    let name = LogName::Control { home, term: 1 };
    let mut control = RogueLog::new(world.node("globex"), talk, 1);
    control.log = LogId { channel: talk, name };
    control.say(alice.number, "no group", None);
    assert_eq!(world.show("globex", "acme", &control).0, refused(1, Code::LogUnknown));
}

#[test]
fn time_that_does_not_increase_makes_an_event_void() {
    let (mut world, _, bob, mut log) = scene();
    let at = |ms: u64| EventHeader {
        time: HybridTime::from_unix_ms(BEGINNING_MS + ms),
        ..event(bob, &EventAct::message())
    };
    let text = || Body::text([1; 32], "text");
    log.push(at(50), text()).push(at(50), text()).push(at(40), text()).push(at(51), text());
    let (_, outcomes) = world.show("globex", "acme", &log);
    use Outcome::{Accepted, Void};
    assert_eq!(outcomes, [Accepted, Accepted, Void, Void, Accepted]);
}

#[test]
fn an_event_far_ahead_is_held_until_it_is_due() {
    let (mut world, talk, bob, mut log) = scene();
    let ahead = BEGINNING_MS + 3_600_000;
    let time = HybridTime::from_unix_ms(ahead);
    log.say(bob, "2", None);
    log.push(EventHeader { time, ..event(bob, &EventAct::message()) }, Body::text([1; 32], "3"));
    let shown = world.show("globex", "acme", &log);
    assert_eq!(shown, (RangeOutcome::Early { from: 3 }, vec![Outcome::Accepted; 2]));
    world.now_ms = ahead - AHEAD_MS_MAX - 1;
    assert_eq!(world.show("globex", "acme", &log).0, RangeOutcome::Early { from: 3 });
    world.now_ms += 1;
    assert_eq!(
        world.show("globex", "acme", &log),
        (RangeOutcome::Applied, vec![Outcome::Accepted])
    );
    // Our own clock is far behind now, but what we write sorts behind what we have seen.
    world.now_ms = BEGINNING_MS;
    world.say("alice@acme", talk, "4").unwrap();
    assert_eq!(world.texts("acme", talk).pop().unwrap(), "alice@acme.test: 4");
}

#[test]
fn what_comes_long_after_its_time_is_late_for_good() {
    let (mut world, talk, bob, mut log) = scene();
    let at = |ms: u64| EventHeader {
        time: HybridTime::from_unix_ms(BEGINNING_MS + ms),
        ..event(bob, &EventAct::message())
    };
    let text = || Body::text([1; 32], "text");
    log.push(at(0), text()).push(at(1), text());
    let request = EventAct::Request(asks_to_leave(world.account("bob@globex").0));
    log.push(EventHeader { time: at(2).time, ..event(bob, &request) }, Body::empty([1; 32]));
    world.now_ms = BEGINNING_MS + LATE_MS;
    world.show("globex", "acme", &tail(&log, 1));
    world.say("alice@acme", talk, "in time").unwrap();
    let late =
        |applied: &comity_machine::Applied| (applied.seq, super::world::stored(applied).is_late);
    let theirs = world.node("acme").records.iter().filter(|record| record.log == log.log);
    // The first one has no time to speak of; of the others none is older than it may be.
    assert_eq!(
        theirs.map(late).collect::<Vec<_>>(),
        [(1, true), (2, false), (3, false), (4, false)]
    );
    assert!(!world.node("acme").records.last().unwrap().is_late);
    world.now_ms += 10;
    log.push(at(5), text()).push(EventHeader { time: at(6).time, ..event(bob, &request) }, text());
    world.show("globex", "acme", &log);
    let theirs = world.node("acme").records.iter().filter(|record| record.log == log.log);
    // Only messages are marked.
    assert_eq!(theirs.map(late).skip(4).collect::<Vec<_>>(), [(5, true), (6, false)]);
    world.node("acme").check_replay();
}

#[test]
fn headers_that_cannot_be_read_or_are_too_long_keep_their_number() {
    let (mut world, talk, bob, mut log) = scene();
    let long = vec![0; EVENT_HEADER_BYTES_MAX];
    let header = EventHeader { args: Some(long.into()), ..event(bob, &EventAct::Unknown(900)) };
    log.push(header, Body::empty([1; 32]));
    log.push_bytes(vec![0xff, 0x00], WireBody::Present(Body::empty([1; 32])));
    // A message without arguments is a message; one with arguments is nothing.
    let args = Some(vec![1].into());
    log.push(EventHeader { args, ..event(bob, &EventAct::message()) }, Body::text([1; 32], "x"));
    // Not in the one form that its value has.
    let mut bytes = cbor::encode(&event(bob, &EventAct::message()));
    bytes.push(0);
    log.push_bytes(bytes, WireBody::Present(Body::empty([1; 32])));
    log.say(bob, "6", None);
    let (_, outcomes) = world.show("globex", "acme", &log);
    use Outcome::{Accepted, Void};
    assert_eq!(outcomes, [Accepted, Void, Void, Void, Void, Accepted]);
    assert_eq!(world.texts("acme", talk), ["bob@globex.test: 1", "bob@globex.test: 6"]);
}

#[test]
fn a_body_beyond_the_limits_counts_as_missing() {
    let (mut world, talk, bob, mut log) = scene();
    let message = || event(bob, &EventAct::message());
    let bytes = |content_type: &str, bytes: Vec<u8>| Body {
        salt: [1; 32],
        content_type: content_type.to_owned().into(),
        bytes: bytes.into(),
    };
    let utf8 = "text/plain;charset=utf-8";
    log.push(message(), bytes("application/octet-stream", vec![0; BODY_BYTES_MAX + 1]));
    log.push(message(), bytes(&"x".repeat(129), vec![0]));
    log.push(message(), bytes(utf8, vec![b'x'; 100_001]));
    log.push(message(), bytes(utf8, vec![0xff, 0xfe]));
    log.push(message(), bytes(utf8, vec![b'x'; 100_000]));
    let (_, outcomes) = world.show("globex", "acme", &log);
    // What an event amounts to never depends on who holds its body.
    assert_eq!(outcomes, [Outcome::Accepted; 6]);
    let texts = world.texts("acme", talk);
    assert_eq!(texts[1..5], ["bob@globex.test: (missing)"; 4]);
    assert_eq!(texts[5].len(), "bob@globex.test: ".len() + 100_000);
    // The hash stays, so that the chain can still be shown.
    let stored = &world.node("acme").records[1];
    assert_eq!(stored.record.body.hash(), log.records[1].body.hash());
}

#[test]
fn only_messages_have_bodies() {
    let (mut world, talk, bob, mut log) = scene();
    let request = EventAct::Request(asks_to_leave(world.account("bob@globex").0));
    log.push(event(bob, &request), Body::text([1; 32], "smuggled"));
    log.push(event(bob, &EventAct::Unknown(900)), Body::text([1; 32], "later"));
    let (_, outcomes) = world.show("globex", "acme", &log);
    assert_eq!(outcomes, [Outcome::Accepted, Outcome::Accepted, Outcome::Unknown]);
    let bodies = world.node("acme").records.iter().map(|r| r.record.body.clone());
    let present: Vec<bool> = bodies.map(|body| matches!(body, WireBody::Present(_))).collect();
    assert_eq!(present, [true, false, true]);
    assert_eq!(world.texts("acme", talk), ["bob@globex.test: 1"]);
    assert_eq!(world.feed("alice@acme"), ["bob@globex.test: 1"]);
}

#[test]
fn a_body_may_be_absent() {
    let (mut world, talk, bob, mut log) = scene();
    let body = WireBody::Absent(Body::text([1; 32], "erased").hash());
    let time = log.time.next();
    let header = EventHeader { time, ..event(bob, &EventAct::message()) };
    log.push_bytes(cbor::encode(&header), body);
    log.time = time;
    assert_eq!(world.show("globex", "acme", &log).1, [Outcome::Accepted; 2]);
    assert_eq!(world.texts("acme", talk)[1], "bob@globex.test: (missing)");
}

#[test]
fn frames_that_are_no_batches_are_refused() {
    let (mut world, ..) = scene();
    let malformed = Err(Code::FrameMalformed);
    let hostile =
        |world: &mut World, bytes: Vec<u8>| world.take_frame("globex", "acme", bytes, None);
    assert_eq!(hostile(&mut world, vec![]), malformed);
    assert_eq!(hostile(&mut world, vec![0xff; 64]), malformed);
    assert_eq!(hostile(&mut world, Frame::Resync.encode()), malformed);
    let (_, _, _, log) = scene();
    let mut batch = log.batch(world.node("globex"));
    batch.ranges[0].records.clear();
    assert_eq!(hostile(&mut world, Frame::Batch(batch).encode()), malformed);
    let mut batch = log.batch(world.node("globex"));
    batch.ranges[0].first = 0;
    assert_eq!(world.take("globex", "acme", batch), [RangeOutcome::Gap { from: 1 }]);
    let mut batch = log.batch(world.node("globex"));
    batch.ranges[0].first = u64::MAX;
    assert_eq!(world.take("globex", "acme", batch), [RangeOutcome::Gap { from: 1 }]);
}

#[test]
fn a_stranger_is_no_peer() {
    let (mut world, ..) = scene();
    let empty = Frame::Batch(Batch { checkpoints: vec![], ranges: vec![], cursor: None }).encode();
    let node = world.node_mut("acme");
    let random = node.random();
    let peer = comity_protocol::id::LineageId([9; 32]);
    let command = comity_machine::Command::PeerBatch {
        peer,
        frame: empty.into(),
        cursor: None,
        unix_ms: BEGINNING_MS,
        random,
        rewinds: Vec::new(),
    };
    let answer = node.apply(command).answer;
    assert_eq!(answer, Answer::Refused(RefusedCode(Code::PeerNotMember)));
}

#[test]
fn a_cursor_is_kept_only_where_nothing_waits() {
    let (mut world, _, bob, mut log) = scene();
    log.say(bob, "2", None);
    let peer = world.node("globex").lineage();
    let kept = |world: &World| world.node("acme").state.peers[&peer].cursor.clone();
    let with = |world: &mut World, log: &RogueLog, cursor: u8| {
        let frame = Frame::Batch(log.batch(world.node("globex"))).encode();
        world.take_frame("globex", "acme", frame, Some(vec![cursor; 24].into())).unwrap();
    };
    with(&mut world, &tail(&log, 2), 1);
    assert_eq!(kept(&world), None);
    with(&mut world, &log, 2);
    assert_eq!(kept(&world), Some(vec![2; 24].into()));
}

#[test]
fn one_bad_range_harms_no_other() {
    let (mut world, talk, bob, log) = scene();
    let mut other = RogueLog::new(world.node("globex"), talk, 2);
    other.say(bob, "x", None);
    let (good, mut bad) = (log.batch(world.node("globex")), other.batch(world.node("globex")));
    bad.ranges[0].hash.0[0] ^= 1;
    bad.ranges[0].checkpoint = 1;
    let checkpoints = [good.checkpoints, bad.checkpoints].concat();
    let ranges = [bad.ranges, good.ranges].concat();
    let outcomes = world.take("globex", "acme", Batch { checkpoints, ranges, cursor: None });
    assert_eq!(outcomes, [refused(1, Code::ChainBroken), RangeOutcome::Applied]);
    assert_eq!(world.texts("acme", talk), ["bob@globex.test: 1"]);
}

#[test]
fn a_restart_opens_a_new_log_that_names_those_ended() {
    let (mut world, talk, ..) = scene();
    for run in 2..5 {
        world.say("alice@acme", talk, &format!("run {run}")).unwrap();
        world.node_mut("acme").start(run);
    }
    world.say("alice@acme", talk, "last").unwrap();
    world.exchange();
    assert_eq!(world.texts("acme", talk), world.texts("globex", talk));
    let last = world.node("globex").records.last().unwrap();
    assert_eq!(last.seq, 1);
    let start = EventHeader::decode(&last.record.header).unwrap().start.unwrap();
    let ended: Vec<(u64, u64)> = start.ended.unwrap().iter().map(|e| (e.writer.0, e.seq)).collect();
    let writer = |run: u64| (1 << 32) | run;
    assert_eq!(ended, [(writer(1), 1), (writer(2), 1), (writer(3), 1)]);
    let writers = world.channel("globex", talk).1.logs.len();
    assert_eq!(writers, 4);
    assert_eq!(world.node("acme").state.identity.as_ref().unwrap().starts.len(), 4);
}

#[test]
fn a_receiver_takes_few_new_writers_an_hour() {
    let (mut world, talk, bob, _) = scene();
    let (alice, bob_id) = (world.account("alice@acme").0, world.account("bob@globex").0);
    let accounts = Some((alice.min(bob_id), alice.max(bob_id)));
    let show = |world: &mut World, writer: u64| {
        let mut log = RogueLog::new(world.node("globex"), talk, writer);
        let start = LogStart { accounts, name: Some("bob".into()), ..LogStart::default() };
        log.say(bob, "hello", Some(start));
        world.show("globex", "acme", &log).0
    };
    for writer in 1..=8 {
        assert_eq!(show(&mut world, writer), RangeOutcome::Applied, "{writer}");
    }
    assert_eq!(show(&mut world, 9), RangeOutcome::Crowded { from: 1 });
    // Those that are open go on; others' are counted apart.
    assert_eq!(show(&mut world, 8), RangeOutcome::Applied);
    world.say("alice@acme", talk, "hello").unwrap();
    world.now_ms += 3_600_000;
    assert_eq!(show(&mut world, 9), RangeOutcome::Applied);
}

/// Pins: of a range of which the last records wait the head was not kept, so that the first ones
/// could be shown to nobody, and a fork among them was not found.
#[test]
fn the_head_of_a_range_is_kept_where_only_its_first_part_is_taken() {
    let (mut world, talk, bob, mut log) = scene();
    log.say(bob, "2", None);
    let held = log.end.hash();
    let time = HybridTime::from_unix_ms(BEGINNING_MS + AHEAD_MS_MAX + 9);
    log.push(EventHeader { time, ..event(bob, &EventAct::message()) }, Body::text([1; 32], "3"));
    assert_eq!(world.show("globex", "acme", &log).0, RangeOutcome::Early { from: 3 });
    let (_, channel) = world.channel("acme", talk);
    let known = &channel.logs[&log.log.name];
    assert_eq!(known.proven_end(), Some((2, held)));
    assert_eq!(known.proof.as_ref().map(|proof| proof.seq), Some(3));
    let step = known.step_above(3).unwrap();
    assert_eq!((step.hash(&log.log, 3), step.previous), (log.end.hash(), held));
    assert_eq!(known.step_above(2), None);
}

/// Pins: an erasure was forgotten where it came before anything of the log that it is about.
#[test]
fn what_is_erased_before_its_log_comes_has_no_body() {
    let (mut world, talk, bob, log) = scene();
    let LogName::Message { writer, .. } = log.log.name else { unreachable!() };
    let erasure = Erasure { channel: None, writer, seq: 1, hash: log.end.hash().into() };
    let start = EventHeader::decode(&log.records[0].header).unwrap().start;
    let mut next = RogueLog::new(world.node("globex"), talk, 2);
    next.push(
        EventHeader { start, ..event(bob, &EventAct::Erasure(erasure)) },
        Body::empty([2; 32]),
    );
    assert_eq!(world.show("globex", "acme", &next).1, [Outcome::Accepted]);
    assert_eq!(world.show("globex", "acme", &log).1, [Outcome::Accepted]);
    let record = world.node("acme").records.iter().find(|record| record.log == log.log).unwrap();
    assert!(record.erased.is_some());
}

#[test]
fn who_is_shown_more_of_what_he_writes_goes_on_in_another_log() {
    let mut world = World::new(&["alice@acme", "bob@globex"]);
    let talk = world.direct("alice@acme", "bob@globex");
    let writer = |world: &World| world.node("acme").state.identity.as_ref().unwrap().writer;
    world.say("alice@acme", talk, "1").unwrap();
    let before = writer(&world);
    world.shows_more_of_the_writer("globex", "acme");
    assert_ne!(writer(&world), before);
    world.say("alice@acme", talk, "2").unwrap();
    world.exchange();
    assert_eq!(world.texts("globex", talk), ["alice@acme.test: 1", "alice@acme.test: 2"]);
}

#[test]
fn who_set_his_clock_back_is_heard_at_once_under_another_writer() {
    let mut world = World::new(&["alice@acme", "bob@globex"]);
    let talk = world.direct("alice@acme", "bob@globex");
    world.say("alice@acme", talk, "hello").unwrap();
    world.exchange();
    world.say("bob@globex", talk, "hi").unwrap();
    world.exchange();
    let now_ms = world.now_ms;
    world.now_ms += 3_600_000;
    world.say("alice@acme", talk, "from an hour ahead").unwrap();
    world.now_ms = now_ms;
    let writer = |world: &World| world.node("acme").state.identity.as_ref().unwrap().writer;
    let before = writer(&world);
    world.exchange();
    world.say("alice@acme", talk, "the clock is right").unwrap();
    world.exchange();
    assert_ne!(writer(&world), before);
    assert_eq!(
        world.texts("globex", talk),
        ["alice@acme.test: hello", "bob@globex.test: hi", "alice@acme.test: the clock is right"]
    );
    // Whoever is behind all others goes on from what they wrote.
    world.now_ms -= 600_000;
    let before = writer(&world);
    world.say("alice@acme", talk, "behind").unwrap();
    assert_eq!(writer(&world), before);
    world.now_ms += 600_000;
    world.exchange();
    assert_eq!(world.texts("globex", talk).last().unwrap(), "alice@acme.test: behind");
}
