//! A peer that breaks the peer protocol, each time in another way: it is told which, the node's log
//! says so, nothing of it is stored, and two honest users chat on as if it were not there.

use comity_protocol::body::{Body, WireBody};
use comity_protocol::code::Code;
use comity_protocol::frame::{Batch, Class, Frame, LogKind, Want, WireLog};
use comity_protocol::hash::Hash;
use comity_protocol::id::{ChannelId, LineageId};
use comity_protocol::limits::BATCH_RECORDS_MAX;

use super::rogue::{DOMAIN, Rogue, SEED};
use super::scene::Scene;

#[tokio::test]
async fn an_honest_stranger_is_heard() {
    let mut scene = Scene::begin().await;
    let mut wire = scene.links().await;
    let said = scene.messages(&mut wire, &["good day", "and good bye"]).await;
    let batch = scene.rogue.story.batch(&said);
    wire.shows(&batch).await;
    assert_eq!(wire.is_acknowledged(&batch).await, []);
    scene.alice.hears("and good bye").await;
    scene.nothing_came_but(&["good day", "and good bye"]).await;
}

#[tokio::test]
async fn a_peer_whose_key_is_not_proven_is_refused() {
    let mut scene = Scene::begin_with(Rogue::with_key(SEED + 1)).await;
    let home = &scene.world.homes[0];
    let wire = scene.rogue.dials(home).await;
    wire.says(&Frame::Hello(scene.rogue.hello(home))).await;
    assert_eq!(wire.ends().await, Code::PeerNameMismatch);
    scene.log_says("peer_name_mismatch");
    // A domain that publishes no key proves none.
    let home = &scene.world.homes[0];
    let wire = scene.rogue.dials(home).await;
    let hello = scene.rogue.hello(home);
    wire.says(&Frame::Hello(comity_protocol::keys::Hello { from: "nowhere.test".into(), ..hello }))
        .await;
    assert_eq!(wire.ends().await, Code::DomainNotFound);
    scene.nothing_came_but(&[]).await;
}

#[tokio::test]
async fn a_peer_that_claims_anothers_name_is_refused() {
    use comity_protocol::keys::Hello;

    let mut scene = Scene::begin().await;
    let home = &scene.world.homes[0];
    let globex = scene.world.homes[1].lineage;
    let honest = scene.rogue.hello(home);
    let cases: [(Hello, Code); 6] = [
        // The name and lineage of a known peer, with the rogue's key.
        (
            Hello { from: "globex.test".into(), lineage: globex, ..honest.clone() },
            Code::PeerNameMismatch,
        ),
        // The name of a known peer under another lineage.
        (Hello { from: "globex.test".into(), ..honest.clone() }, Code::DomainKeyChanged),
        // Its own name with a lineage that its zone does not introduce.
        (Hello { lineage: LineageId([7; 32]), ..honest.clone() }, Code::PeerNameMismatch),
        // The node's own name.
        (Hello { from: "acme.test".into(), ..honest.clone() }, Code::PeerNameMismatch),
        // Meant for somebody else.
        (Hello { to: "globex.test".into(), ..honest.clone() }, Code::PeerNameMismatch),
        (Hello { versions: vec![9_999], ..honest }, Code::VersionUnsupported),
    ];
    for (hello, code) in cases {
        let wire = scene.rogue.dials(&scene.world.homes[0]).await;
        wire.says(&Frame::Hello(hello)).await;
        assert_eq!(wire.ends().await, code);
        scene.chat_goes_on().await;
    }
    scene.nothing_came_but(&[]).await;
}

#[tokio::test]
async fn frames_that_must_not_come_end_the_link() {
    let mut scene = Scene::begin().await;
    let resume = Frame::Resume { cursor: None };
    let batch = Frame::Batch(Batch { checkpoints: vec![], ranges: vec![], cursor: None });
    for frame in [&resume, &batch, &Frame::Resync] {
        let wire = scene.rogue.dials(&scene.world.homes[0]).await;
        wire.says(frame).await;
        assert_eq!(wire.ends().await, Code::FrameUnexpected);
    }
    let wire = scene.links().await;
    let again = Frame::Hello(scene.rogue.hello(&scene.world.homes[0]));
    wire.says(&again).await;
    assert_eq!(wire.ends().await, Code::FrameUnexpected);
    scene.log_says("frame_unexpected");
    scene.nothing_came_but(&[]).await;
}

#[tokio::test]
async fn what_is_no_frame_ends_the_link() {
    let mut scene = Scene::begin().await;
    let mut wire = scene.links().await;
    let said = scene.messages(&mut wire, &["one"]).await;
    let batch = scene.rogue.story.batch(&said);
    let mut crowded = batch.clone();
    let record = crowded.ranges[0].records[0].clone();
    crowded.ranges[0].records = vec![record; BATCH_RECORDS_MAX + 1];
    let mut trailing = Frame::Batch(batch.clone()).encode();
    trailing.push(0);
    let mut unfounded = batch;
    unfounded.ranges[0].checkpoint = 1;
    let cases: [(Class, Vec<u8>); 4] = [
        (Class::Link, b"GET / HTTP/1.1".to_vec()),
        (Class::Feed, trailing),
        (Class::Feed, Frame::Batch(crowded).encode()),
        (Class::Feed, Frame::Batch(unfounded).encode()),
    ];
    for (class, bytes) in cases {
        wire.says_bytes(class, bytes).await;
        assert_eq!(wire.ends().await, Code::FrameMalformed);
        wire = scene.links().await;
    }
    scene.log_says("frame_malformed");
    scene.nothing_came_but(&[]).await;
}

#[tokio::test]
async fn forged_heads_and_checkpoints_end_the_link() {
    let mut scene = Scene::begin().await;
    let mut wire = scene.links().await;
    let said = scene.messages(&mut wire, &["one", "two"]).await;
    let honest = scene.rogue.story.batch(&said);
    let change = |change: &dyn Fn(&mut Batch)| {
        let mut batch = honest.clone();
        change(&mut batch);
        batch
    };
    let mut other = crate::writer::tests::story::Story::begin(DOMAIN, SEED + 1, &["mallory"]);
    other.state = scene.rogue.story.state.clone();
    let cases = [
        (change(&|batch| batch.ranges[1].hash = Hash([1; 32])), Code::HeadForged),
        (change(&|batch| batch.ranges[1].time.0 += 1), Code::HeadForged),
        (change(&|batch| batch.ranges[1].inclusion.blind = [0; 16]), Code::HeadForged),
        (change(&|batch| batch.ranges[1].inclusion.path.clear()), Code::HeadForged),
        (
            change(&|batch| {
                let last = batch.checkpoints[0].0.last_mut().unwrap();
                *last ^= 1;
            }),
            Code::CheckpointForged,
        ),
        (
            change(&|batch| batch.checkpoints[0] = b"no checkpoint".to_vec().into()),
            Code::CheckpointForged,
        ),
    ];
    for (batch, code) in cases {
        wire.shows(&batch).await;
        assert_eq!(wire.ends().await, code);
        scene.log_says(code.name());
        scene.chat_goes_on().await;
        wire = scene.links().await;
    }
    // Signed by a key that is not known as the origin's: it may be its next one, and waits.
    wire.shows(&other.batch(&said)).await;
    let held = |frame: &Frame| match frame {
        Frame::Ack { exceptions, .. } => {
            exceptions.iter().any(|except| except.code == Code::LogHeld.number())
        }
        _ => false,
    };
    wire.hears("that it waits", held).await;
    scene.chat_goes_on().await;
    drop(wire);
    wire = scene.links().await;
    scene.nothing_came_but(&[]).await;
    // The true ones are taken all the same.
    wire.shows(&honest).await;
    assert_eq!(wire.is_acknowledged(&honest).await, []);
    scene.alice.hears("two").await;
}

#[tokio::test]
async fn a_changed_record_breaks_the_chain_and_is_not_taken() {
    let mut scene = Scene::begin().await;
    let mut wire = scene.links().await;
    let said = scene.messages(&mut wire, &["one", "two"]).await;
    let honest = scene.rogue.story.batch(&said);
    let mut changed = honest.clone();
    let body = Body::text([3; 32], "words in a mouth");
    changed.ranges[0].records[0].body = WireBody::Present(body);
    wire.shows(&changed).await;
    let exceptions = wire.is_acknowledged(&changed).await;
    assert!(exceptions.contains(&Code::ChainBroken), "{exceptions:?}");
    scene.log_says("chain_broken");
    scene.nothing_came_but(&[]).await;
}

#[tokio::test]
async fn a_gap_is_asked_for_and_filled_in_order() {
    let mut scene = Scene::begin().await;
    let mut wire = scene.links().await;
    let said = scene.messages(&mut wire, &["one", "two", "three"]).await;
    let late = scene.rogue.story.batch(&said[2..]);
    wire.shows(&late).await;
    let wanted = wire.hears("a want", |frame| matches!(frame, Frame::Want(_))).await;
    let Frame::Want(wants) = wanted else { unreachable!() };
    assert_eq!((wants.len(), wants[0].from), (1, 1));
    assert_eq!(wants[0].log, late.ranges[0].log);
    scene.nothing_came_but(&[]).await;
    let filling = Batch { cursor: None, ..scene.rogue.story.batch(&said) };
    wire.shows(&filling).await;
    scene.alice.hears("three").await;
    scene.nothing_came_but(&["one", "two", "three"]).await;
}

#[tokio::test]
async fn a_replay_changes_nothing() {
    let mut scene = Scene::begin().await;
    let mut wire = scene.links().await;
    let said = scene.messages(&mut wire, &["one", "two"]).await;
    let batch = scene.rogue.story.batch(&said);
    for _ in 0..3 {
        wire.shows(&batch).await;
        assert_eq!(wire.is_acknowledged(&batch).await, []);
    }
    let mut again = scene.links().await;
    again.shows(&batch).await;
    assert_eq!(again.is_acknowledged(&batch).await, []);
    scene.alice.hears("two").await;
    scene.nothing_came_but(&["one", "two"]).await;
}

#[tokio::test]
async fn logs_of_others_are_neither_taken_nor_served() {
    let mut scene = Scene::begin().await;
    let mut wire = scene.links().await;
    let said = scene.messages(&mut wire, &["one"]).await;
    // A log of a channel that neither shares.
    let mut strange = scene.rogue.story.batch(&said);
    strange.ranges[0].log.channel = ChannelId([9; 32]);
    wire.shows(&strange).await;
    assert_eq!(wire.ends().await, Code::HeadForged);

    // Missing and forbidden look alike.
    let mut wire = scene.links().await;
    let honest: ChannelId = ChannelId(
        data_encoding::BASE64URL_NOPAD.decode(scene.honest.as_bytes()).unwrap().try_into().unwrap(),
    );
    let acme = scene.world.homes[0].lineage;
    for channel in [honest, ChannelId([9; 32])] {
        let log = WireLog { channel, kind: LogKind::Message, origin: acme, number: 1 };
        wire.says(&Frame::Want(vec![Want { log, from: 1 }])).await;
        let answer = wire.hears("a no", |frame| matches!(frame, Frame::NotServed { .. })).await;
        let no = Frame::NotServed { log, code: Code::LogUnknown.number(), control: None };
        assert_eq!(answer, no);
    }
    scene.nothing_came_but(&[]).await;
}
