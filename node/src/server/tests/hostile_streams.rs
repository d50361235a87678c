//! A peer that breaks what lies below frames, or asks for what is not there: the link ends by name
//! or goes on, the admin sees it counted, and two honest users chat on.

use comity_protocol::code::Code;
use comity_protocol::directory::Seek;
use comity_protocol::frame::{Frame, LogKind, VectorEntry, WireLog};
use comity_protocol::id::{AccountNumber, ChannelId, ShortHash, WriterId};
use comity_protocol::presence::PresenceEntry;
use comity_protocol::probe::{Probe, ProbedRecord};

use super::raw::{Raw, framed};
use super::scene::Scene;

const LINK: u8 = 1;
const FEED: u8 = 2;

#[tokio::test]
async fn broken_streams_are_counted_for_who_broke_them() {
    let mut scene = Scene::begin().await;
    let (unexpected, malformed) = (Code::FrameUnexpected, Code::FrameMalformed);
    let opened: [(&[u8], Code); 6] = [
        (&[0], unexpected),
        (&[4], unexpected),
        (&[LINK], unexpected),
        (&[FEED, 0, 0, 0, 0], malformed),
        (&[FEED, 255, 255, 255, 255], malformed),
        (&[FEED, 0, 64, 0, 1], malformed),
    ];
    let mut faults = 0;
    for (bytes, code) in opened {
        let raw = Raw::links(&scene.rogue, &scene.world.homes[0]).await;
        let stream = raw.opens(bytes).await;
        assert_eq!(raw.ends().await, code, "{bytes:?}");
        drop(stream);
        faults += 1;
        scene.counts(|line| line.faults, faults).await;
    }
    for breaks in [finishes, resets] {
        let mut raw = Raw::links(&scene.rogue, &scene.world.homes[0]).await;
        breaks(&mut raw);
        assert_eq!(raw.ends().await, unexpected);
        faults += 1;
        scene.counts(|line| line.faults, faults).await;
    }
    // That its own stream is not read on the node notices once it has something to say.
    let mut raw = Raw::links(&scene.rogue, &scene.world.homes[0]).await;
    raw.hearing.stop(0u8.into()).unwrap();
    let asks = Frame::Lookup { id: 1, name: "alice".to_owned() };
    raw.saying.write_all(&framed(&asks)).await.unwrap();
    assert_eq!(raw.ends().await, unexpected);
    scene.counts(|line| line.faults, faults + 1).await;
    scene.log_says("frame_unexpected");
    scene.chat_goes_on().await;
}

fn finishes(raw: &mut Raw) {
    raw.saying.finish().unwrap();
}

fn resets(raw: &mut Raw) {
    raw.saying.reset(0u8.into()).unwrap();
}

#[tokio::test]
async fn what_is_asked_about_nothing_is_counted() {
    let mut scene = Scene::begin().await;
    let mut wire = scene.links().await;
    let channel = ChannelId([9; 32]);
    let acme = scene.world.homes[0].lineage;
    let record = Some(ProbedRecord { writer: WriterId(7), seq: 1 });
    let log = WireLog { channel, kind: LogKind::Message, origin: acme, number: 1 };
    let head = VectorEntry { log, seq: 1, hash: ShortHash([0; 16]) };
    let name = "nobody".to_owned();
    let asks = [
        Frame::Lookup { id: 1, name: name.clone() },
        Frame::Lookup { id: 2, name: "\0".to_owned() },
        Frame::ProfileAsk { id: 3, name: name.clone(), image: true },
        Frame::Seek { id: 4, seek: Seek::Channel { channel } },
        Frame::Seek { id: 5, seek: Seek::Alias { name } },
        Frame::Probe(Probe { id: 6, dial: false, record }),
        Frame::Signed { asked: vec![head], heads: vec![] },
        Frame::Presence { entries: vec![PresenceEntry::unknown(AccountNumber(7), 9)] },
    ];
    let before = scene.status().await.denied;
    for ask in &asks {
        wire.says(ask).await;
    }
    // Pages of groups may be empty.
    wire.says(&Frame::Seek { id: 7, seek: Seek::Page { count: 9, after: None } }).await;
    wire.hears("the page", |frame| matches!(frame, Frame::Offer { id: 7, .. })).await;
    assert_eq!(scene.status().await.denied, before + asks.len() as u64);
    assert_eq!(wire.looks_up("alice").await, scene.alice_id(&mut wire).await.number);
    assert_eq!(scene.status().await.denied, before + asks.len() as u64, "what is there is not");
    scene.chat_goes_on().await;
}
