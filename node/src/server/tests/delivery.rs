//! What senders hear of how far their messages came: of a peer that takes them and then loses its
//! link, played by hand, and by polls.

use std::time::Duration;

use comity_client::{Content, Page};
use comity_protocol::cbor::ByteString;
use comity_protocol::code::Code;
use comity_protocol::frame::{Batch, Exception, Frame};
use comity_protocol::id::AccountNumber;

use super::rogue::{DOMAIN, Rogue, SEED, Wire, records_of};
use super::world::{Home, Others, Person, World, soon};

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

/// A node with a person, and a peer that it knows.
async fn scene() -> (Rogue, World, Person) {
    let peer = Rogue::new();
    let others =
        Others { signed: vec![records_of(DOMAIN, SEED, peer.port())], ..Others::default() };
    let world = World::start_among(&["acme.test"], others).await;
    let alice = world.person(0, "alice").await;
    (peer, world, alice)
}

/// Pins: what a peer had on disk when its link was cut was never told to the sender.
#[tokio::test]
async fn what_was_taken_before_a_link_was_cut_is_told_when_the_peer_resumes() {
    let (mut peer, world, mut alice) = scene().await;
    let home = &world.homes[0];
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

/// Alice polls once; what she is told of, and where she goes on.
async fn polls(alice: &Person, since: &str, wait: Duration) -> (Vec<(String, u32)>, String) {
    let page = soon(alice.http().sync(Some(since), wait, 100)).await.unwrap();
    assert!(!page.resync);
    assert!(page.delivered.iter().all(|delivered| delivered.of == 2));
    let told = page.delivered.into_iter().map(|d| (d.id, d.organisations)).collect();
    (told, page.cursor)
}

/// Pins: what was delivered while no poll waited was never told to who polls.
#[tokio::test]
async fn a_poll_tells_what_was_delivered_since_the_last_one() {
    let mut world = World::start(&["acme.test", "globex.test"]).await;
    let mut alice = world.person(0, "alice").await;
    let _bob = world.person(1, "bob").await;
    let channel = alice.opens("bob@globex.test").await;
    let mut since = soon(alice.http().sync(None, Duration::ZERO, 100)).await.unwrap().cursor;
    let mut told;
    for nonce in 1_000..1_004 {
        let id = soon(alice.http().post(&channel, "tea?", nonce)).await.unwrap().id;
        let mut all = Vec::new();
        // The event is read before, or with the notice.
        for is_delivered in if nonce % 2 == 0 { [true, true] } else { [false, true] } {
            if is_delivered {
                alice.is_told_delivered(&id, 2).await;
            }
            (told, since) = polls(&alice, &since, Duration::ZERO).await;
            all.extend(told);
        }
        assert_eq!(all, [(id, 2)]);
    }
    world.stop(1).await;
    let id = soon(alice.http().post(&channel, "and now?", 1_004)).await.unwrap().id;
    (told, since) = polls(&alice, &since, Duration::ZERO).await;
    assert_eq!(told, []);
    world.stop(0).await;
    world.restart(0).await;
    world.restart(1).await;
    let heard = async {
        loop {
            (told, since) = polls(&alice, &since, Duration::from_secs(1)).await;
            if told.contains(&(id.clone(), 2)) {
                return;
            }
        }
    };
    soon(heard).await;
    assert_eq!(polls(&alice, &since, Duration::ZERO).await.0, []);
}

/// Bob's group, whose home is Alice's node.
async fn group_of(alice: &mut Person, bob: &mut Person) -> String {
    let group = soon(alice.http().create_group("lunch", "")).await.unwrap();
    soon(alice.http().invite(&group, &bob.account)).await.unwrap();
    bob.sees("an invitation", |e| matches!(e.content, Content::Invited { .. })).await;
    soon(bob.http().accept(&group)).await.unwrap();
    for person in [alice, bob] {
        person.sees("Bob's joining", |e| matches!(e.content, Content::Joined { .. })).await;
    }
    group
}

/// Whether a message is final, as its author reads it in the history.
async fn is_final(author: &Person, channel: &str, id: &str) -> bool {
    let page = soon(author.http().history(channel, &Page::Latest, 50)).await.unwrap();
    page.delivered.iter().find(|delivered| delivered.id == id).unwrap().is_final
}

#[tokio::test]
async fn an_author_hears_when_his_message_is_final() {
    let mut world = World::start(&["acme.test", "globex.test"]).await;
    let mut alice = world.person(0, "alice").await;
    let mut bob = world.person(1, "bob").await;
    // In a direct channel nobody judges.
    let direct = alice.opens("bob@globex.test").await;
    let id = alice.says(&direct, "hello").await;
    assert!(alice.is_told_delivered(&id, 2).await.is_final);
    assert!(is_final(&alice, &direct, &id).await);

    let group = group_of(&mut alice, &mut bob).await;
    let his = bob.says(&group, "at noon?").await;
    let hers = alice.says(&group, "fine").await;
    assert!(!bob.is_told_delivered(&his, 2).await.is_final);
    assert!(!alice.is_told_delivered(&hers, 2).await.is_final);
    assert!(!is_final(&bob, &group, &his).await && !is_final(&alice, &group, &hers).await);
    let since = soon(bob.http().sync(None, Duration::ZERO, 100)).await.unwrap().cursor;
    // A role bears on what its organisation may write, and so states V for that.
    soon(alice.http().set_role(&group, &bob.account, "moderator")).await.unwrap();
    bob.is_told_final(&his).await;
    assert!(is_final(&bob, &group, &his).await && !is_final(&alice, &group, &hers).await);
    // Who polls is told the same, and once.
    let page = soon(bob.http().sync(Some(&since), Duration::ZERO, 100)).await.unwrap();
    let told: Vec<_> = page.delivered.iter().map(|d| (d.id.clone(), d.is_final)).collect();
    assert_eq!(told, [(his.clone(), true)]);
    let page = soon(bob.http().sync(Some(&page.cursor), Duration::ZERO, 100)).await.unwrap();
    assert_eq!(page.delivered, []);
    // A handover states V for everybody, the home's own users included.
    soon(alice.http().hand_over(&group, "globex.test")).await.unwrap();
    alice.is_told_final(&hers).await;
    assert!(is_final(&alice, &group, &hers).await);
    // A restart forgets which poll was told what, and tells it again.
    world.stop(1).await;
    world.restart(1).await;
    let page = soon(bob.http().sync(Some(&page.cursor), Duration::ZERO, 100)).await.unwrap();
    assert!(page.delivered.iter().any(|d| d.id == his && d.is_final), "{:?}", page.delivered);
    assert!(is_final(&bob, &group, &his).await);
}

/// Pins: a message that a peer excepts from its acknowledgement was told and counted as delivered.
#[tokio::test]
async fn what_waits_at_a_peer_is_not_delivered_until_it_was_taken() {
    let (mut peer, world, mut alice) = scene().await;
    let home = &world.homes[0];
    let mut wire = subscribes(&mut peer, home, None).await;
    let channel = opens(&alice, &mut wire).await;
    let since = soon(alice.http().sync(None, Duration::ZERO, 100)).await.unwrap().cursor;
    let early = alice.says(&channel, "one").await;
    let first = is_fed(&mut wire).await;
    let id = alice.says(&channel, "two").await;
    let batch = is_fed(&mut wire).await;
    let (log, cursor) = (batch.ranges[0].log, batch.cursor.unwrap());
    let exception = Exception { log, from: batch.ranges[0].first, code: Code::LogHeld.number() };
    wire.says(&Frame::Ack { cursor: first.cursor.unwrap(), exceptions: vec![] }).await;
    wire.says(&Frame::Ack { cursor: cursor.clone(), exceptions: vec![exception] }).await;
    alice.is_told_delivered(&early, 2).await;
    // What the peer answers after its acknowledgement shows that this was taken.
    wire.looks_up("alice").await;
    let counts = async || {
        let page = soon(alice.http().history(&channel, &Page::Latest, 10)).await.unwrap();
        page.delivered.into_iter().map(|d| (d.id, d.organisations)).collect::<Vec<_>>()
    };
    assert_eq!(counts().await, [(early.clone(), 2), (id.clone(), 1)]);
    let (told, since) = polls(&alice, &since, Duration::ZERO).await;
    assert!(told.contains(&(early.clone(), 2)) && !told.contains(&(id.clone(), 2)), "{told:?}");
    wire.says(&Frame::Ack { cursor, exceptions: vec![] }).await;
    wire.looks_up("alice").await;
    assert_eq!(counts().await, [(early, 2), (id.clone(), 2)]);
    assert_eq!(polls(&alice, &since, Duration::ZERO).await.0, [(id.clone(), 2)]);
    alice.is_told_delivered(&id, 2).await;
}
