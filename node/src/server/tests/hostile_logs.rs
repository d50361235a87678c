//! A peer whose logs of a direct channel break the rules of records (`docs/protocol/` sections 3
//! and 4): each rule has its outcome, the node's log and `comity status` say so, and two honest
//! users chat on.

use comity_protocol::body::{Body, WireBody};
use comity_protocol::cbor;
use comity_protocol::chain;
use comity_protocol::clock::HybridTime;
use comity_protocol::code::Code;
use comity_protocol::directory::{Offer, Seek};
use comity_protocol::event::{EventAct, EventHeader, LogStart, direct_channel};
use comity_protocol::fork::ForkProof;
use comity_protocol::frame::{Batch, Frame, LogKind, Want, WireLog};
use comity_protocol::hash::Hash;
use comity_protocol::history::{AskedLog, HistoryAsk};
use comity_protocol::id::{AccountId, AccountNumber, ChannelId, ControlPoint, ShortHash, WriterId};
use comity_protocol::limits::{
    AHEAD_MS_MAX, BODY_BYTES_MAX, EVENT_HEADER_BYTES_MAX, WRITERS_PER_HOUR_MAX,
};

use super::forged::{Forged, event, message, together};
use super::rogue::{DOMAIN, Wire, subscribes};
use super::scene::Scene;
use super::world::soon;
use crate::admin::AdminClient;
use crate::clock;

/// The scene with Mallory's direct channel to Alice: its id, and how each of its logs begins.
async fn with_a_channel() -> (Scene, Wire, ChannelId, LogStart) {
    let mut scene = Scene::begin().await;
    let mut wire = scene.links().await;
    let (alice, mallory) = (scene.alice_id(&mut wire).await, scene.rogue.story.account(1));
    let channel = scene.direct(&mut wire).await;
    let accounts = Some((alice.min(mallory), alice.max(mallory)));
    let start = LogStart { accounts, name: Some("mallory".into()), ..LogStart::default() };
    (scene, wire, channel, start)
}

const MALLORY: AccountNumber = AccountNumber(1);

#[tokio::test]
async fn a_skip_link_to_another_record_breaks_the_chain() {
    let (mut scene, mut wire, channel, start) = with_a_channel().await;
    let mut log = Forged::message_log(&scene.rogue.story, channel, 1);
    log.says(message(MALLORY, Some(start)), "1");
    for text in ["2", "3", "4"] {
        log.says(message(MALLORY, None), text);
    }
    // Record 4 links to record 1; here it links to record 2, and the head is signed over that.
    let mut hashes = vec![Hash::ZERO];
    for (seq, record) in (1..).zip(&log.records) {
        let previous = *hashes.last().unwrap();
        let skipped = if seq == 4 { 2 } else { chain::skip(seq) as usize };
        hashes.push(chain::link(&log.log, seq, &previous, &hashes[skipped], &record.inner()));
    }
    let crooked = log.batch_with(&scene.rogue.story, *hashes.last().unwrap());
    wire.shows(&crooked).await;
    assert_eq!(wire.is_acknowledged(&crooked).await, [Code::ChainBroken]);
    scene.log_says("chain_broken");
    assert_eq!(scene.status().await.refused, 1);
    scene.nothing_came_but(&[]).await;
    // With the links that it must have, it is taken: nothing else was wrong.
    let straight = log.batch(&scene.rogue.story);
    wire.shows(&straight).await;
    assert_eq!(wire.is_acknowledged(&straight).await, []);
    scene.nothing_came_but(&["1", "2", "3", "4"]).await;
}

#[tokio::test]
async fn records_against_the_rules_keep_their_number_and_have_no_effect() {
    let (mut scene, mut wire, channel, start) = with_a_channel().await;
    let alice = scene.alice_id(&mut wire).await;
    let mut log = Forged::message_log(&scene.rogue.story, channel, 1);
    log.says(message(MALLORY, Some(start.clone())), "first");
    let (same, body) = (log.time, || WireBody::Present(Body::text([1; 32], "no")));
    let after = ControlPoint { term: 1, seq: 1, hash: ShortHash([0; 16]) };
    log.says(EventHeader { time: same, ..message(MALLORY, None) }, "the same time again")
        .says(EventHeader { time: HybridTime(1), ..message(MALLORY, None) }, "a time before")
        .says(message(AccountNumber(2), None), "by somebody else there")
        .says(message(alice.number, None), "in Alice's name")
        .says(message(MALLORY, Some(start)), "a second start")
        .says(EventHeader { after: Some(after), ..message(MALLORY, None) }, "a control point here")
        .record(vec![0xff, 0x00], body())
        .record([cbor::encode(&message(MALLORY, None)), vec![0]].concat(), body());
    let args = Some(vec![0; EVENT_HEADER_BYTES_MAX].into());
    log.says(EventHeader { args, ..event(MALLORY, &EventAct::Unknown(900)) }, "a long header");
    log.says(message(MALLORY, None), "last");
    let batch = log.batch(&scene.rogue.story);
    wire.shows(&batch).await;
    assert_eq!(wire.is_acknowledged(&batch).await, []);
    scene.alice.hears("last").await;
    scene.nothing_came_but(&["first", "last"]).await;
    scene.log_says("records against the rules have no effect");
    assert_eq!(scene.status().await.void, 9);
}

#[tokio::test]
async fn a_body_beyond_the_limits_is_missing() {
    let (mut scene, mut wire, channel, start) = with_a_channel().await;
    let mut log = Forged::message_log(&scene.rogue.story, channel, 1);
    log.says(message(MALLORY, Some(start)), "first");
    let body = |bytes: Vec<u8>| Body {
        salt: [1; 32],
        content_type: "text/plain;charset=utf-8".into(),
        bytes: bytes.into(),
    };
    log.event(message(MALLORY, None), body(vec![b'x'; BODY_BYTES_MAX + 1]))
        .event(message(MALLORY, None), body(vec![b'x'; 100_001]))
        .event(message(MALLORY, None), body(vec![0xff, 0xfe]))
        .says(message(MALLORY, None), "last");
    let batch = log.batch(&scene.rogue.story);
    wire.shows(&batch).await;
    assert_eq!(wire.is_acknowledged(&batch).await, []);
    scene.alice.hears("last").await;
    scene.nothing_came_but(&["first", "last"]).await;
    let id = channel.to_string();
    let page = comity_client::Page::Latest;
    let history = soon(scene.alice.http().history(&id, &page, 10)).await.unwrap();
    assert_eq!(history.events.len(), 5, "what has no body keeps its place");
    assert_eq!(scene.status().await.void, 3, "and is counted");
    scene.log_says("records against the rules have no effect");
}

#[tokio::test]
async fn a_storm_of_writers_waits_but_for_eight_an_hour() {
    let (mut scene, mut wire, channel, start) = with_a_channel().await;
    let (taken, all) = (u64::from(WRITERS_PER_HOUR_MAX), 300);
    let texts: Vec<String> = (1..=taken).map(|n| format!("log {n}")).collect();
    let opened = |n: u64| {
        let mut log = Forged::message_log(&scene.rogue.story, channel, n);
        log.says(message(MALLORY, Some(start.clone())), &format!("log {n}"));
        log.batch(&scene.rogue.story)
    };
    let storm = together((1..=all).map(opened).collect());
    wire.shows(&storm).await;
    let exceptions = wire.is_acknowledged(&storm).await;
    assert_eq!(exceptions, vec![Code::LogHeld; (all - taken) as usize]);
    scene.log_says("opens too many logs");
    assert_eq!(scene.status().await.waiting, all - taken);
    // While the node asks for the rest again, and gets it again, it has time for everybody else.
    let wanted = wire.hears("a want", |frame| matches!(frame, Frame::Want(_))).await;
    let Frame::Want(wants) = wanted else { unreachable!() };
    let again: Vec<Batch> = wants.iter().map(|want| opened(want.log.number)).collect();
    wire.shows(&Batch { cursor: None, ..together(again) }).await;
    for _ in 0..5 {
        scene.chat_goes_on().await;
    }
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    scene.nothing_came_but(&texts).await;
    assert_eq!(scene.status().await.waiting, all - taken);
}

#[tokio::test]
async fn a_log_of_a_time_to_come_waits_alone() {
    let (mut scene, mut wire, channel, start) = with_a_channel().await;
    let mut log = Forged::message_log(&scene.rogue.story, channel, 1);
    log.says(message(MALLORY, Some(start)), "now");
    let time = HybridTime::from_unix_ms(clock::unix_ms() + AHEAD_MS_MAX + 3_600_000);
    log.says(EventHeader { time, ..message(MALLORY, None) }, "in an hour");
    let batch = log.batch(&scene.rogue.story);
    wire.shows(&batch).await;
    assert_eq!(wire.is_acknowledged(&batch).await, [Code::LogHeld]);
    scene.log_says("too far ahead of this machine's clock");
    // One peer's clock is no reason to doubt ours: `status` sees to that.
    assert_eq!(scene.status().await.waiting, 1);
    scene.nothing_came_but(&["now"]).await;
}

/// Two histories of a log of the rogue's that part at record 2.
pub(super) fn two_histories(
    scene: &Scene,
    channel: ChannelId,
    first: EventHeader,
) -> (Forged, Forged) {
    let mut one = Forged::message_log(&scene.rogue.story, channel, 1);
    one.says(first, "both");
    let mut other = one.clone();
    one.says(message(MALLORY, None), "yes");
    other.says(message(MALLORY, None), "no").says(message(MALLORY, None), "never");
    (one, other)
}

/// The rogue shows another history of a log than before, and is asked for it until what it shows is
/// a proof.
pub(super) async fn is_found_out(wire: &mut Wire, scene: &Scene, other: &Forged) -> ForkProof {
    let shown = other.batch(&scene.rogue.story);
    wire.shows(&shown).await;
    assert_eq!(wire.is_acknowledged(&shown).await, [Code::ChainBroken]);
    let told = async {
        loop {
            match wire.hears("a question, or the proof", |_| true).await {
                Frame::Show { log, down_to } => {
                    let branch = Some(other.branch(&scene.rogue.story, down_to));
                    wire.says(&Frame::Branch { log, branch }).await;
                }
                Frame::Fork { proof } => return ForkProof::decode(&proof).unwrap(),
                _ => {}
            }
        }
    };
    soon(told).await
}

#[tokio::test]
async fn two_histories_of_a_log_are_found_proven_and_taken_no_further() {
    let (mut scene, mut wire, channel, start) = with_a_channel().await;
    subscribes(&mut wire).await;
    let (mut one, other) = two_histories(&scene, channel, message(MALLORY, Some(start)));
    let first = one.batch(&scene.rogue.story);
    wire.shows(&first).await;
    assert_eq!(wire.is_acknowledged(&first).await, []);
    let found =
        is_found_out(&mut wire, &scene, &other).await.verify(comity_identity::keys_of).unwrap();
    assert_eq!((found.log, found.seq), (one.log, 2));
    let admin = AdminClient::of(&scene.world.dir().join("acme.test"));
    let fork = soon(admin.forks()).await.unwrap().remove(0);
    assert_eq!((fork.domain.as_str(), fork.record), (DOMAIN, 2));
    scene.log_says("two histories of a log are proven");
    one.says(message(MALLORY, None), "or perhaps");
    let third = one.batch(&scene.rogue.story);
    wire.shows(&third).await;
    assert_eq!(wire.is_acknowledged(&third).await, [Code::LogForked]);
    scene.nothing_came_but(&["both", "yes"]).await;
    // What proves nothing is nobody's mistake.
    let mut proof = soon(admin.proof(&fork.id)).await.unwrap();
    let middle = proof.len() / 2;
    proof[middle] ^= 1;
    wire.says(&Frame::Fork { proof: proof.into() }).await;
    let code = wire.ends().await;
    assert!([Code::ForkUnproven, Code::FrameMalformed].contains(&code), "{code:?}");
    scene.chat_goes_on().await;
}

#[tokio::test]
async fn a_third_organisation_has_no_log_in_a_direct_channel() {
    let (mut scene, mut wire, ..) = with_a_channel().await;
    let honest = id_of(&scene.honest);
    let (alice, mallory) = (scene.alice_id(&mut wire).await, scene.rogue.story.account(1));
    let globex = scene.world.homes[1].lineage;
    let dave = AccountId { lineage: globex, number: AccountNumber(1) };
    let accounts = |a: AccountId, b: AccountId| Some((a.min(b), a.max(b)));
    let cases = [
        // Alice's and Dave's channel, as it is and as it might be opened by somebody else.
        (honest, accounts(alice, dave)),
        (honest, accounts(alice, mallory)),
        (direct_channel(alice, dave), accounts(alice, dave)),
        (direct_channel(alice, mallory), accounts(alice, dave)),
        (direct_channel(dave, mallory), accounts(dave, mallory)),
    ];
    for (writer, (channel, accounts)) in (1..).zip(cases) {
        let mut log = Forged::message_log(&scene.rogue.story, channel, writer);
        let start = LogStart { accounts, name: Some("mallory".into()), ..LogStart::default() };
        log.says(message(MALLORY, Some(start)), "let me in");
        let batch = log.batch(&scene.rogue.story);
        wire.shows(&batch).await;
        assert_eq!(wire.is_acknowledged(&batch).await, [Code::LogUnknown], "case {writer}");
    }
    scene.log_says("log_unknown");
    assert_eq!(scene.status().await.refused, 5);
    scene.nothing_came_but(&[]).await;
}

#[tokio::test]
async fn what_is_forbidden_is_answered_like_what_is_missing() {
    let (mut scene, mut wire, own, start) = with_a_channel().await;
    subscribes(&mut wire).await;
    let mut log = Forged::message_log(&scene.rogue.story, own, 1);
    wire.shows(&log.says(message(MALLORY, Some(start)), "hello").batch(&scene.rogue.story)).await;
    scene.alice.hears("hello").await;
    scene.alice.says(&own.to_string(), "who are you?").await;
    // A node writes all its logs of a run under one name.
    let is_batch = |frame: &Frame| matches!(frame, Frame::Batch(_));
    let Frame::Batch(fed) = wire.hears("her answer", is_batch).await else { unreachable!() };
    let written = fed.ranges[0].log;
    wire.says(&Frame::Want(vec![Want { log: written, from: 1 }])).await;
    wire.hears("it again", is_batch).await;

    let group = soon(scene.alice.http().create_group("inner circle", "")).await.unwrap();
    scene.alice.says(&group, "among us").await;
    let acme = written.origin;
    for channel in [id_of(&scene.honest), id_of(&group), ChannelId([9; 32])] {
        let control = WireLog { channel, kind: LogKind::Control, origin: acme, number: 1 };
        for log in [control, WireLog { channel, ..written }] {
            wire.says(&Frame::Want(vec![Want { log, from: 1 }])).await;
            let is_no = |frame: &Frame| matches!(frame, Frame::NotServed { .. });
            let no = Frame::NotServed { log, code: Code::LogUnknown.number(), control: None };
            assert_eq!(wire.hears("a no", is_no).await, no);

            wire.says(&Frame::Show { log, down_to: 1 }).await;
            let is_branch = |frame: &Frame| matches!(frame, Frame::Branch { .. });
            let nothing = Frame::Branch { log, branch: None };
            assert_eq!(wire.hears("a branch", is_branch).await, nothing);
        }
        let writer = WriterId(written.number);
        let asked = AskedLog { origin: acme, writer, until: 1, start: true };
        let ask = HistoryAsk { channel, logs: vec![asked], count: 10 };
        wire.says(&Frame::History(ask)).await;
        let is_backfill = |frame: &Frame| matches!(frame, Frame::Backfill(_));
        let found = wire.hears("an answer", is_backfill).await;
        let Frame::Backfill(found) = found else { unreachable!() };
        assert_eq!((found.channel, found.ranges.len(), found.ends), (channel, 0, None));
        assert_eq!(found.missing.len(), 1);

        wire.says(&Frame::Seek { id: 7, seek: Seek::Channel { channel } }).await;
        let is_offer = |frame: &Frame| matches!(frame, Frame::Offer { .. });
        let nothing = Frame::Offer { id: 7, offer: Offer::default() };
        assert_eq!(wire.hears("an offer", is_offer).await, nothing);
    }
    assert_eq!(scene.status().await.denied, 18, "six asks for each channel");
    scene.log_says("not for it to see");
    scene.chat_goes_on().await;
}

/// The id of a channel as clients write it.
pub(super) fn id_of(channel: &str) -> ChannelId {
    let bytes = data_encoding::BASE64URL_NOPAD.decode(channel.as_bytes()).unwrap();
    ChannelId(bytes.try_into().unwrap())
}
