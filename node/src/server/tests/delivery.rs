//! What senders hear of a peer that takes messages and then loses its link, played by hand.

use comity_protocol::cbor::ByteString;
use comity_protocol::frame::{Batch, Frame};
use comity_protocol::id::AccountNumber;

use super::rogue::{DOMAIN, Rogue, SEED, Wire, records_of};
use super::world::{Home, Others, Person, World};

/// Links, and subscribes to the node's feed after a cursor, or with a vector of nothing.
async fn subscribes(peer: &mut Rogue, home: &Home, cursor: Option<ByteString>) -> Wire {
    let mut wire = peer.links(home).await;
    let is_new = cursor.is_none();
    wire.says(&Frame::Resume { cursor }).await;
    if is_new {
        wire.hears("a resync", |frame| *frame == Frame::Resync).await;
        wire.says(&Frame::Vector { entries: vec![], more: false }).await;
    }
    wire
}

/// The next batch of the feed.
async fn is_fed(wire: &mut Wire) -> Batch {
    match wire.hears("a batch", |frame| matches!(frame, Frame::Batch(_))).await {
        Frame::Batch(batch) => batch,
        _ => unreachable!(),
    }
}

/// Alice opens the direct channel with Mallory, whose node answers for her.
async fn opens(alice: &Person, wire: &mut Wire) -> String {
    let answers = async {
        let asked = wire.hears("a look-up", |frame| matches!(frame, Frame::Lookup { .. })).await;
        let Frame::Lookup { id, .. } = asked else { unreachable!() };
        wire.says(&Frame::Account { id, number: Some(AccountNumber(1)) }).await;
    };
    let mallory = format!("mallory@{DOMAIN}");
    tokio::join!(alice.opens(&mallory), answers).0
}

/// Pins: what a peer had on disk when its link was cut was never told to the sender.
#[tokio::test]
async fn what_was_taken_before_a_link_was_cut_is_told_when_the_peer_resumes() {
    let mut peer = Rogue::new();
    let others =
        Others { signed: vec![records_of(DOMAIN, SEED, peer.port())], ..Others::default() };
    let world = World::start_among(&["acme.test"], others).await;
    let home = &world.homes[0];
    let mut alice = world.person(0, "alice").await;
    let mut wire = subscribes(&mut peer, home, None).await;
    let channel = opens(&alice, &mut wire).await;
    for text in ["one", "two", "three"] {
        let id = alice.says(&channel, text).await;
        let cursor = is_fed(&mut wire).await.cursor;
        assert!(cursor.is_some());
        drop(wire);
        wire = subscribes(&mut peer, home, cursor).await;
        let delivered = alice.is_told_delivered(&id, 2).await;
        assert_eq!((delivered.channel.as_str(), delivered.of), (&*channel, 2));
    }
    let id = alice.says(&channel, "four").await;
    let cursor = is_fed(&mut wire).await.cursor.unwrap();
    assert!(alice.delivered.iter().all(|delivered| delivered.id != id));
    wire.says(&Frame::Ack { cursor, exceptions: vec![] }).await;
    alice.is_told_delivered(&id, 2).await;
}
