//! What a link does with what a key has signed that its origin is not known to have.
#![allow(clippy::unwrap_used)]

mod world;

use comity_identity::NodeKey;
use comity_protocol::code::Code;
use comity_protocol::frame::{Exception, Frame, Want};
use comity_protocol::head::{Head, prove};
use comity_replica::Action;
use world::{Scene, cursor};

/// Its origin may have changed its key; what brings the change comes on another stream.
#[test]
fn what_a_key_that_is_not_known_has_signed_waits() {
    let mut scene = Scene::up();
    let mut batch = scene.batch(&["one", "two"]);
    let range = &batch.ranges[0];
    let (log, seq) = (range.log, range.last());
    let head = Head { log: log.into(), seq, hash: range.hash, time: range.time };
    let next = NodeKey::from_seed(&[66; 32]);
    let sign = |message: &[u8]| next.sign(message);
    let (origin, public) = (scene.acme.lineage(), next.public());
    let proven = prove(&[head], &[[7; 16]], "acme.test", origin, &public, sign).remove(0);
    batch.checkpoints[0] = proven.checkpoint;
    batch.ranges[0].inclusion = proven.inclusion;
    scene.hand(Frame::Batch(batch));
    let actions = scene.drain();
    // Nothing of it is applied, and no cursor kept.
    let [Action::Apply { frame, cursor: None, records: 0 }] = &actions[..] else {
        panic!("{actions:?}");
    };
    assert!(matches!(Frame::decode(frame), Ok(Frame::Batch(kept)) if kept.ranges.is_empty()));
    scene.link.handle_applied(&[], scene.now_ms);
    let held = Exception { log, from: 1, code: Code::LogHeld.number() };
    let exceptions = vec![held];
    assert_eq!(scene.drain(), [Action::Send(Frame::Ack { cursor: cursor(1), exceptions })]);
    // It is asked for again.
    scene.now_ms = scene.link.poll_timeout().unwrap();
    scene.link.handle_timeout(scene.now_ms);
    assert_eq!(scene.drain(), [Action::Send(Frame::Want(vec![Want { log, from: 1 }]))]);
}
