//! One honest link against a peer that a test plays: each wrong frame ends the link, or is refused,
//! by its code, and changes nothing at the node.
#![allow(clippy::unwrap_used)]

mod world;

use comity_identity::NodeKey;
use comity_protocol::body::{Body, WireBody};
use comity_protocol::checkpoint::Checkpoint;
use comity_protocol::code::Code;
use comity_protocol::event::Record;
use comity_protocol::frame::{
    Batch, Class, Exception, Frame, LogKind, Range, VectorEntry, Want, WireLog,
};
use comity_protocol::hash::Hash;
use comity_protocol::head::{Head, prove};
use comity_protocol::id::{AccountNumber, LineageId, LogId, ShortHash};
use comity_protocol::key::{KeyId, NodePublicKey};
use comity_protocol::limits::{BATCH_RECORDS_MAX, VECTOR_ENTRIES_MAX};
use comity_replica::{Action, Fate, Keys, Link, LinkSettings, LookUpError, limits};
use world::{BEGINNING_MS, Node, Scene, acknowledge, cursor, fed_log, hello, hello_from};

#[test]
fn a_hello_must_be_ours_theirs_and_understood() {
    let cases = [
        (hello_from("acme.test", "initech.test", vec![1]), Code::PeerNameMismatch),
        (hello_from("globex.test", "globex.test", vec![1]), Code::PeerNameMismatch),
        (hello_from("127.0.0.1", "globex.test", vec![1]), Code::PeerNameMismatch),
        (hello_from("ACME.test", "globex.test", vec![1]), Code::PeerNameMismatch),
        (hello_from("acme.test", "globex.test", vec![2, 3]), Code::VersionUnsupported),
        (hello_from("acme.test", "globex.test", vec![]), Code::VersionUnsupported),
        (hello_from("acme.test", "globex.test", vec![1; 65]), Code::VersionUnsupported),
    ];
    for (hello, code) in cases {
        Scene::dialled().refuses(hello, code);
    }
}

#[test]
fn whoever_answers_a_dial_must_be_the_one_dialled() {
    let globex = Node::new("globex.test", 2, "bob");
    let settings = LinkSettings {
        domain: globex.domain(),
        lineage: globex.lineage(),
        start: 7,
        dialled: Some("initech.test".parse().unwrap()),
        changes: Vec::new(),
    };
    let mut scene = Scene { link: Link::new(settings, BEGINNING_MS), ..Scene::dialled() };
    assert!(matches!(scene.drain()[..], [Action::Send(Frame::Hello(_))]));
    scene.refuses(hello(), Code::PeerNameMismatch);
}

#[test]
fn a_peer_that_cannot_be_proven_is_told_and_hears_nothing_else() {
    let mut scene = Scene::dialled();
    scene.hand(hello());
    scene.drain();
    scene.link.handle_identified(Err(Code::DomainUnproven), BEGINNING_MS);
    let goodbye = Action::Send(Frame::Goodbye { code: Code::DomainUnproven.number() });
    assert_eq!(scene.drain(), [goodbye, Action::Close(Code::DomainUnproven)]);
}

#[test]
fn a_link_that_is_not_up_in_time_ends() {
    for says_hello in [false, true] {
        let mut scene = Scene::dialled();
        if says_hello {
            scene.hand(hello());
        }
        assert_eq!(scene.link.poll_timeout(), Some(BEGINNING_MS + limits::HELLO_MS));
        scene.link.handle_timeout(BEGINNING_MS + limits::HELLO_MS);
        scene.ended(Code::PeerTooSlow);
    }
}

#[test]
fn frames_are_refused_where_they_do_not_belong() {
    let log = fed_log();
    let empty = || Batch { checkpoints: vec![], ranges: vec![], cursor: Some(cursor(1)) };
    let all = || {
        vec![
            Frame::Resume { cursor: None },
            Frame::Resync,
            Frame::Vector { entries: vec![], more: false },
            Frame::Batch(empty()),
            acknowledge(1, vec![]),
            Frame::Want(vec![]),
            Frame::NotServed { log, code: 109, control: None },
            Frame::Lookup { id: 1, name: "bob".into() },
            Frame::Account { id: 1, number: None },
        ]
    };
    // Before the hello, and while the peer is identified: nothing but a goodbye.
    for frame in all() {
        Scene::dialled().refuses(frame.clone(), Code::FrameUnexpected);
        let mut scene = Scene::dialled();
        scene.hand(hello());
        assert!(!scene.link.wants_read(Class::Link));
        scene.refuses(frame, Code::FrameUnexpected);
    }
    // On a link that is up: what nobody asked for.
    let unasked = [
        hello(),
        Frame::Vector { entries: vec![], more: false },
        Frame::Account { id: 1, number: None },
    ];
    for frame in unasked {
        Scene::up().refuses(frame, Code::FrameUnexpected);
    }
    Scene::up().refuses(acknowledge(1, vec![]), Code::CursorInvalid);
    // What may come once.
    let mut scene = Scene::up();
    scene.hand(Frame::Resync);
    scene.refuses(Frame::Resync, Code::FrameUnexpected);
    let mut scene = Scene::up();
    scene.hand(Frame::Resync);
    scene.refuses(Frame::Batch(empty()), Code::FrameUnexpected);
    let mut scene = Scene::up();
    scene.hand(Frame::Batch(empty()));
    scene.refuses(Frame::Resync, Code::FrameUnexpected);
    Scene::feeding().refuses(Frame::Resume { cursor: None }, Code::FrameUnexpected);
}

#[test]
fn a_feed_before_it_was_subscribed_to_is_refused() {
    let mut scene = Scene::dialled();
    scene.hand(hello());
    scene.link.handle_identified(Ok(()), BEGINNING_MS);
    let batch = scene.batch(&["too early"]);
    scene.refuses(Frame::Batch(batch), Code::FrameUnexpected);
}

#[test]
fn the_end_that_dialled_keeps_what_comes_while_it_identifies() {
    let globex = Node::new("globex.test", 2, "bob");
    let settings = LinkSettings {
        domain: globex.domain(),
        lineage: globex.lineage(),
        start: 7,
        dialled: Some("acme.test".parse().unwrap()),
        changes: Vec::new(),
    };
    let mut scene = Scene { link: Link::new(settings, BEGINNING_MS), ..Scene::dialled() };
    scene.hand(hello());
    scene.hand(Frame::Resume { cursor: Some(cursor(3)) });
    scene.drain();
    scene.link.handle_identified(Ok(()), BEGINNING_MS);
    let up = Action::Up { lineage: scene.acme.lineage(), start: 5 };
    let opened = Action::OpenFeed { cursor: Some(cursor(3)) };
    assert_eq!(scene.drain(), [up, Action::Resume, opened, Action::StateHeads]);
}

#[test]
fn bytes_that_are_no_frame_end_the_link() {
    let mut oversize = Scene::up().batch(&["a"]);
    let record =
        Record { header: vec![0xa0].into(), body: WireBody::Present(Body::empty([0; 32])) };
    oversize.ranges[0].records = vec![record; BATCH_RECORDS_MAX + 1];
    let entry = VectorEntry { log: fed_log(), seq: 1, hash: ShortHash([0; 16]) };
    let wants = vec![Want { log: fed_log(), from: 1 }; VECTOR_ENTRIES_MAX + 1];
    let exceptions = vec![Exception { log: fed_log(), from: 1, code: 1 }; VECTOR_ENTRIES_MAX + 1];
    let entries = vec![entry; VECTOR_ENTRIES_MAX + 1];
    let cases = [
        Frame::Batch(oversize).encode(),
        Frame::Want(wants).encode(),
        acknowledge(1, exceptions).encode(),
        Frame::Vector { entries, more: false }.encode(),
        vec![],
        vec![0x82, 0x02, 0x80, 0x00],
        vec![0; comity_protocol::limits::FRAME_BYTES_MAX + 1],
    ];
    for bytes in cases {
        let mut scene = Scene::up();
        scene.link.handle_frame((Class::Link, bytes), &scene.globex.keys(), BEGINNING_MS);
        scene.ended(Code::FrameMalformed);
    }
    let name = "x".repeat(comity_protocol::limits::ACCOUNT_NAME_BYTES_MAX + 1);
    Scene::up().refuses(Frame::Lookup { id: 1, name }, Code::FrameMalformed);
}

#[test]
fn a_forged_batch_is_refused_whole() {
    let mut scene = Scene::up();
    let honest = scene.batch(&["one", "two"]);
    let forge = |change: &dyn Fn(&mut Batch)| {
        let mut batch = honest.clone();
        change(&mut batch);
        Frame::Batch(batch)
    };
    let other = NodeKey::from_seed(&[66; 32]);
    let resigned = |key: &NodeKey, origin: LineageId| {
        let range = &honest.ranges[0];
        let (seq, hash, time) = (range.last(), range.hash, range.time);
        let head = Head { log: range.log.into(), seq, hash, time };
        let sign = |message: &[u8]| key.sign(message);
        prove(&[head], &[[7; 16]], "acme.test", origin, &key.public(), sign)[0].checkpoint.clone()
    };
    let cases = [
        (forge(&|b| *b.checkpoints[0].0.last_mut().unwrap() ^= 1), Code::CheckpointForged),
        (forge(&|b| b.checkpoints[0] = vec![1, 2, 3].into()), Code::CheckpointForged),
        // Signed by somebody else under the name of acme's key, and in globex' own name.
        (
            forge(&|b| {
                let claim = Checkpoint::claim(&b.checkpoints[0]).unwrap();
                b.checkpoints[0] = claim.seal(|message| other.sign(message)).into();
            }),
            Code::CheckpointForged,
        ),
        (
            forge(&|b| b.checkpoints[0] = resigned(&scene.acme.key, scene.globex.lineage())),
            Code::CheckpointForged,
        ),
        (forge(&|b| b.ranges[0].hash = Hash([9; 32])), Code::HeadForged),
        (forge(&|b| b.ranges[0].time.0 += 1), Code::HeadForged),
        (forge(&|b| b.ranges[0].first += 1), Code::HeadForged),
        (forge(&|b| b.ranges[0].log.number += 1), Code::HeadForged),
        (forge(&|b| b.ranges[0].inclusion.path.push(Hash([0; 32]))), Code::HeadForged),
        (forge(&|b| drop(b.ranges[0].records.pop())), Code::HeadForged),
        (forge(&|b| b.ranges[0].checkpoint = 1), Code::FrameMalformed),
        (forge(&|b| b.ranges[0].first = 0), Code::FrameMalformed),
        (forge(&|b| b.ranges[0].first = u64::MAX), Code::FrameMalformed),
        (forge(&|b| b.ranges[0].records.clear()), Code::FrameMalformed),
        (forge(&|b| b.checkpoints.push(vec![1].into())), Code::FrameMalformed),
    ];
    for (frame, code) in cases {
        Scene::up().refuses(frame, code);
    }
}

#[test]
fn a_changed_record_breaks_the_chain_and_is_refused_alone() {
    let mut scene = Scene::up();
    let mut batch = scene.batch(&["one", "two"]);
    let log = batch.ranges[0].log;
    batch.ranges[0].records[0].body = WireBody::Present(Body::text([0; 32], "forged"));
    scene.hand(Frame::Batch(batch.clone()));
    let code = Code::ChainBroken;
    let refused = Exception { log, from: 1, code: code.number() };
    let expected = [Action::Send(acknowledge(1, vec![refused])), Action::Note { log, code }];
    assert_eq!(scene.apply(), expected);
    assert!(scene.globex.end_of(&log.into()).is_none_or(|end| end.0 == 0));
    // The honest records are taken on the same link.
    let mut honest = scene.batch(&[]);
    honest.cursor = Some(cursor(2));
    scene.hand(Frame::Batch(honest));
    assert_eq!(scene.apply(), [Action::Send(acknowledge(2, vec![]))]);
    assert_eq!(scene.globex.end_of(&log.into()).unwrap().0, 2);
}

#[test]
fn a_replayed_batch_is_harmless() {
    let mut scene = Scene::up();
    let batch = scene.batch(&["one", "two"]);
    let log = batch.ranges[0].log;
    for _ in 0..3 {
        scene.hand(Frame::Batch(batch.clone()));
        assert_eq!(scene.apply(), [Action::Send(acknowledge(1, vec![]))]);
        assert_eq!(scene.globex.end_of(&log.into()).unwrap().0, 2);
        assert_eq!(scene.globex.records.len(), 2);
    }
}

/// Knows no key at all.
struct NoKeys;

impl Keys for NoKeys {
    fn origin_key(&self, _: &Range, _: KeyId) -> Option<(LineageId, NodePublicKey)> {
        None
    }

    fn log_key(&self, _: &LogId, _: KeyId) -> Option<(LineageId, NodePublicKey)> {
        None
    }
}

#[test]
fn a_range_that_no_key_can_prove_is_left_out() {
    let mut scene = Scene::up();
    let batch = scene.batch(&["one"]);
    let (log, code) = (batch.ranges[0].log, Code::LogUnknown);
    scene.link.handle_frame((Class::Feed, Frame::Batch(batch).encode()), &NoKeys, BEGINNING_MS);
    let refused = Exception { log, from: 1, code: code.number() };
    // By the time that it is applied the key is known; still nothing unproven may get in.
    assert_eq!(
        scene.apply(),
        [Action::Send(acknowledge(1, vec![refused])), Action::Note { log, code }]
    );
    assert_eq!(scene.globex.records.len(), 0);
}

#[test]
fn several_batches_are_acknowledged_at_once() {
    let mut scene = Scene::up();
    for number in 1..=6 {
        let mut batch = scene.batch(&["more"]);
        batch.cursor = Some(cursor(number));
        scene.hand(Frame::Batch(batch));
    }
    let acknowledged = |number| Action::Send(acknowledge(number, vec![]));
    assert_eq!(scene.apply(), [acknowledged(4), acknowledged(6)]);
}

#[test]
fn no_cursor_is_kept_while_something_before_it_is_wanted() {
    let mut scene = Scene::up();
    let (direct, link) = scene.two_logs();
    let part = |ranges: &[&Batch], number: Option<u8>| {
        let checkpoints = ranges.iter().map(|batch| batch.checkpoints[0].clone()).collect();
        let of = |(i, batch): (usize, &&Batch)| {
            let checkpoint = u16::try_from(i).unwrap();
            Range { checkpoint, ..batch.ranges[0].clone() }
        };
        let ranges = ranges.iter().enumerate().map(of).collect();
        Frame::Batch(Batch { checkpoints, ranges, cursor: number.map(cursor) })
    };
    let applies = |scene: &mut Scene, frame: Frame, fates: &[Fate]| {
        scene.hand(frame);
        let action = scene.link.poll_action();
        let Some(Action::Apply { cursor, .. }) = action else { panic!("{action:?}") };
        scene.link.handle_applied(fates, scene.now_ms);
        (cursor, scene.drain())
    };
    let (first, second) = (direct.ranges[0].log, link.ranges[0].log);
    let gap = Exception { log: first, from: 1, code: Code::LogGap.number() };
    let held = Exception { log: second, from: 1, code: Code::LogHeld.number() };
    let want = |log| Action::Send(Frame::Want(vec![Want { log, from: 1 }]));

    let control = WireLog { kind: LogKind::Control, ..second };
    let awaits = [Some(Want { log: control, from: 1 }), None];
    let fates = [Fate::Gap { from: 1 }, Fate::Held { from: 1, awaits }];
    let (offered, said) = applies(&mut scene, part(&[&direct, &link], Some(1)), &fates);
    assert_eq!(offered, Some(cursor(1)));
    let mut exceptions = vec![gap, held];
    exceptions.sort_by_key(|e| e.log);
    let both = [control, first].map(|log| Want { log, from: 1 }).to_vec();
    assert_eq!(said, [Action::Send(acknowledge(1, exceptions)), Action::Send(Frame::Want(both))]);

    // The gap is filled: that is told at once, since somebody may wait for it to be delivered.
    let (_, said) = applies(&mut scene, part(&[&direct], None), &[Fate::Applied]);
    assert_eq!(said, [Action::Send(acknowledge(1, vec![held]))]);

    // The feed goes on, but its cursor would forget what is held.
    let (offered, said) = applies(&mut scene, part(&[&direct], Some(2)), &[Fate::Applied]);
    assert_eq!((offered, said), (None, vec![Action::Send(acknowledge(2, vec![held]))]));

    scene.now_ms += limits::HELD_MS.first_ms;
    scene.link.handle_timeout(scene.now_ms);
    assert_eq!(scene.drain(), [want(second)]);
    let (_, said) = applies(&mut scene, part(&[&link], None), &[Fate::Applied]);
    assert_eq!(said, [Action::Send(acknowledge(2, vec![])), Action::KeepCursor(cursor(2))]);
    scene.link.handle_applied(&[], scene.now_ms);
    assert_eq!(scene.drain(), [Action::Send(acknowledge(2, vec![]))]);
}

#[test]
fn acknowledgements_are_cumulative_and_leave_exceptions_out() {
    let mut scene = Scene::feeding();
    for seq in 2..=4 {
        scene.feed(seq);
    }
    let except = |from: u64, code: Code| Exception { log: fed_log(), from, code: code.number() };
    scene.hand(acknowledge(3, vec![except(2, Code::LogGap)]));
    let told = |number, records, waiting, refused| Action::Acknowledged {
        cursor: cursor(number),
        records,
        waiting,
        refused,
    };
    assert_eq!(scene.drain(), [told(3, vec![1], vec![2, 3], vec![])]);
    // The gap is closed up to 2; from 3 on the peer still waits.
    scene.hand(acknowledge(3, vec![except(3, Code::LogHeld)]));
    assert_eq!(scene.drain(), [told(3, vec![2], vec![3], vec![])]);
    // 3 came; 4 is refused for good.
    scene.hand(acknowledge(4, vec![except(4, Code::ChainBroken)]));
    assert_eq!(scene.drain(), [told(4, vec![3], vec![], vec![4])]);
    scene.hand(acknowledge(4, vec![]));
    assert_eq!(scene.drain(), []);
}

#[test]
fn a_cursor_that_was_never_sent_cannot_be_acknowledged() {
    Scene::feeding().refuses(acknowledge(9, vec![]), Code::CursorInvalid);
    let mut scene = Scene::feeding();
    scene.feed(2);
    scene.hand(acknowledge(2, vec![]));
    scene.refuses(acknowledge(1, vec![]), Code::CursorInvalid);
}

#[test]
fn a_feed_stops_at_its_window_and_ends_without_acknowledgements() {
    let mut scene = Scene::feeding();
    let reads = |scene: &mut Scene| scene.drain().contains(&Action::ReadFeed);
    scene.feed(2);
    for seq in 3..=u8::try_from(limits::FEED_BATCHES_MAX).unwrap() {
        scene.feed(seq);
    }
    assert!(!reads(&mut scene));
    scene.hand(acknowledge(1, vec![]));
    assert!(reads(&mut scene));
    let due = BEGINNING_MS + limits::ACKNOWLEDGEMENT_MS;
    assert_eq!(scene.link.poll_timeout(), Some(due));
    scene.link.handle_timeout(due);
    scene.ended(Code::PeerTooSlow);
}

#[test]
fn a_vector_has_a_bounded_number_of_parts() {
    let part = |more| Frame::Vector { entries: vec![], more };
    let mut scene = Scene::up();
    scene.hand(Frame::Resume { cursor: None });
    scene.link.handle_feed_opened(true);
    let resync = Action::Send(Frame::Resync);
    let opened = [Action::OpenFeed { cursor: None }, resync, Action::StateHeads];
    assert_eq!(scene.drain(), opened);
    for _ in 1..limits::VECTOR_PARTS_MAX {
        scene.hand(part(true));
    }
    scene.refuses(part(true), Code::TooLarge);
}

#[test]
fn a_peer_that_sends_more_than_its_window_is_cut_off() {
    let mut scene = Scene::up();
    let batch = Frame::Batch(scene.batch(&["again and again"]));
    for _ in 0..limits::PENDING_BATCHES_MAX {
        scene.hand(batch.clone());
    }
    assert!(!scene.link.is_closed());
    scene.hand(batch);
    scene.ended(Code::PeerTooSlow);
}

#[test]
fn reading_stops_while_much_waits_to_be_applied() {
    let mut scene = Scene::up();
    let text = "x".repeat(99_000);
    let texts = vec![text.as_str(); 30];
    let batch = Frame::Batch(scene.batch(&texts));
    while scene.link.wants_read(Class::Feed) {
        scene.hand(batch.clone());
    }
    assert!(!scene.link.is_closed() && scene.link.wants_read(Class::Link));
    assert!(!scene.link.wants_read(Class::History));
    scene.apply();
    assert!(scene.link.wants_read(Class::Feed));
}

#[test]
fn reading_stops_while_many_batches_wait_however_small() {
    let mut scene = Scene::up();
    let batch = Frame::Batch(scene.batch(&["again and again"]));
    let mut handed = 0;
    while scene.link.wants_read(Class::Feed) {
        scene.hand(batch.clone());
        handed += 1;
    }
    assert!(!scene.link.is_closed() && handed < limits::PENDING_BATCHES_MAX);
    assert!(handed >= limits::FEED_BATCHES_MAX, "a peer that keeps to its window is not held back");
    scene.apply();
    assert!(scene.link.wants_read(Class::Feed));
}

#[test]
fn wants_beyond_the_bound_are_put_off() {
    let want = |i: u64| Want { log: WireLog { number: i, ..fed_log() }, from: 1 };
    let mut scene = Scene::up();
    let wants: Vec<Want> = (0..=limits::SERVING_MAX as u64).map(want).collect();
    scene.hand(Frame::Want(wants.clone()));
    let code = Code::RateLimited.number();
    let log = wants[limits::SERVING_MAX].log;
    let refused = Frame::NotServed { log, code, control: None };
    let first = wants[..limits::SERVED_AT_ONCE_MAX].to_vec();
    assert_eq!(scene.drain(), [Action::Send(refused), Action::Serve(first.clone())]);
    // The next ones come once these are answered.
    for want in first {
        let code = Code::LogUnknown.number();
        scene.link.send(Frame::NotServed { log: want.log, code, control: None });
    }
    assert!(matches!(scene.drain().last(), Some(Action::Serve(_))));
}

#[test]
fn a_want_that_is_put_off_is_asked_again() {
    let mut scene = Scene::up();
    assert!(scene.link.want(fed_log(), 3, 0));
    let want = Action::Send(Frame::Want(vec![Want { log: fed_log(), from: 3 }]));
    assert_eq!(scene.drain(), std::slice::from_ref(&want));
    // Not twice while it is outstanding.
    assert!(scene.link.want(fed_log(), 3, 0));
    assert_eq!(scene.drain(), []);
    let code = Code::RateLimited.number();
    scene.hand(Frame::NotServed { log: fed_log(), code, control: None });
    let due = scene.link.poll_timeout().unwrap();
    assert!(due > scene.now_ms && due <= scene.now_ms + limits::HELD_MS.longest_ms);
    scene.link.handle_timeout(due);
    assert_eq!(scene.drain(), std::slice::from_ref(&want));
    // An answer that never comes.
    let due = scene.link.poll_timeout().unwrap();
    scene.link.handle_timeout(due);
    assert_eq!(scene.drain(), [want]);
}

#[test]
fn look_ups_are_bounded_both_ways() {
    let mut scene = Scene::dialled();
    let early = scene.link.look_up("alice".into(), BEGINNING_MS);
    assert_eq!(early, Err(LookUpError::NotUp));
    let mut scene = Scene::up();
    for _ in 0..limits::LOOKUPS_MAX {
        scene.link.look_up("alice".into(), BEGINNING_MS).unwrap();
    }
    let more = scene.link.look_up("alice".into(), BEGINNING_MS);
    assert_eq!(more, Err(LookUpError::TooMany));
    scene.drain();
    for id in 0..limits::PEER_LOOKUPS_MAX as u64 {
        scene.hand(Frame::Lookup { id, name: "bob".into() });
    }
    scene.drain();
    let id = u64::MAX;
    scene.link.send(Frame::Account { id: 0, number: Some(AccountNumber(1)) });
    scene.hand(Frame::Lookup { id, name: "bob".into() });
    assert!(!scene.link.is_closed());
    scene.drain();
    scene.hand(Frame::Lookup { id: id - 1, name: "bob".into() });
    assert!(scene.link.is_closed());
    assert_eq!(scene.drain().last(), Some(&Action::Close(Code::RateLimited)));
}

#[test]
fn an_unknown_goodbye_ends_the_link_too() {
    let mut scene = Scene::up();
    scene.hand(Frame::Goodbye { code: 60_000 });
    assert_eq!(scene.drain(), [Action::Close(Code::Internal)]);
}
