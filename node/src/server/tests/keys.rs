//! Keys that change, over running nodes: as a routine, after a loss, and by a thief.

use std::path::PathBuf;

use comity_identity::{KeyChain, SignedKeyChange};
use comity_protocol::code::Code;
use comity_protocol::frame::Frame;
use comity_protocol::keys::Hello;

use super::rogue::{DOMAIN, Rogue, SEED, records_of};
use super::world::{Others, World, soon};
use crate::admin::{AdminClient, PeerLink};
use crate::keys;
use crate::writer::tests::story::key_of;

const DOMAINS: [&str; 3] = ["acme.test", "globex.test", "initech.test"];

fn data_dir(world: &World, home: usize) -> PathBuf {
    world.dir().join(DOMAINS[home])
}

/// Waits until a node knows another by its present key.
async fn follows(world: &World, home: usize, other: usize) {
    let keys = keys::open(&data_dir(world, other), &DOMAINS[other].parse().unwrap());
    let (key, lineage) = (keys.unwrap().unwrap().key.public(), world.homes[other].lineage);
    soon(async {
        while world.homes[home].node.shared.state().key_of(&lineage) != Some(key) {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

async fn rotates(world: &World, home: usize) {
    let admin = AdminClient::of(&data_dir(world, home));
    let before = admin.rotate_key(true, false).await.unwrap();
    assert!(before.next.as_ref().is_some_and(|next| next.switches_in_ms.is_none()));
    let after = admin.rotate_key(false, true).await.unwrap();
    assert_eq!((after.next, Some(after.key)), (None, before.next.map(|next| next.key)));
}

#[tokio::test]
async fn a_node_goes_on_under_its_next_key_and_everybody_follows() {
    let mut world = World::start(&DOMAINS).await;
    let mut alice = world.person(0, "alice").await;
    let (mut bob, mut carol) = (world.person(1, "bob").await, world.person(2, "carol").await);
    let team = soon(alice.http().create_group("Team", "")).await.unwrap();
    for person in [&bob, &carol] {
        soon(alice.http().invite(&team, &person.account)).await.unwrap();
        soon(person.http().accept(&team)).await.unwrap();
    }
    let first = alice.says(&team, "before").await;
    alice.is_told_delivered(&first, 3).await;
    // One of them is off while it happens.
    world.stop(2).await;
    rotates(&world, 0).await;
    follows(&world, 1, 0).await;
    alice.says(&team, "under the next key").await;
    bob.hears("under the next key").await;
    bob.says(&team, "so I see").await;
    alice.hears("so I see").await;
    world.restart(2).await;
    follows(&world, 2, 0).await;
    carol.hears("so I see").await;
    // Its own restart goes on under the same key, and so does the next rotation.
    world.stop(0).await;
    world.restart(0).await;
    rotates(&world, 0).await;
    follows(&world, 1, 0).await;
    let last = bob.says(&team, "and again").await;
    bob.is_told_delivered(&last, 3).await;
}

#[tokio::test]
async fn a_recovered_key_revokes_the_one_before() {
    let mut world = World::start(&DOMAINS[..2]).await;
    let (mut alice, mut bob) = (world.person(0, "alice").await, world.person(1, "bob").await);
    let talk = alice.opens(&bob.account).await;
    let first = alice.says(&talk, "before").await;
    alice.is_told_delivered(&first, 2).await;
    world.stop(0).await;
    let (dir, domain) = (data_dir(&world, 0), DOMAINS[0].parse().unwrap());
    let stolen = keys::open(&dir, &domain).unwrap().unwrap();
    let recovery = dir.join(keys::RECOVERY_KEY_FILE);
    keys::recover(&dir, &stolen.chain, &recovery, 2027).unwrap();
    world.restart(0).await;
    follows(&world, 1, 0).await;
    alice.says(&talk, "after").await;
    bob.hears("after").await;
    // What bob's node holds of before can be shown to others now.
    let lineage = world.homes[0].lineage;
    soon(async {
        while !world.homes[1].node.shared.state().signed_before(lineage).is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    // The old key file does not come back by accident.
    world.stop(0).await;
    std::fs::write(dir.join(keys::NODE_KEY_FILE), stolen.to_text().as_bytes()).unwrap();
    let refused = world.fails_to_start(0).await;
    assert!(refused.contains("comity keys recover"), "{refused}");
}

#[tokio::test]
async fn what_does_not_continue_a_key_is_refused() {
    let mut rogue = Rogue::new();
    let signed = vec![records_of(DOMAIN, SEED, rogue.port())];
    let world = World::start_among(&DOMAINS[..1], Others { signed, ..Others::default() }).await;
    drop(rogue.links(&world.homes[0]).await);
    let acme = &world.homes[0];
    let begun = acme.node.shared.state().organisation_of(&rogue.story.state.lineage()).unwrap();
    let chain = KeyChain::of(&begun).unwrap();
    let (id, first) = (chain.lineage().id, key_of(SEED));
    let (next, third) = (key_of(67), key_of(68));
    let to_next = SignedKeyChange::by_key(id, 1, &first, next.public());
    let bytes = |changes: &[&SignedKeyChange]| -> Option<Vec<_>> {
        Some(changes.iter().map(|change| change.as_bytes().to_vec().into()).collect())
    };
    // Another key without a change; with one that a third key signed; with a gap.
    let thief = Rogue::with_key(67);
    let by_third = SignedKeyChange::by_key(id, 1, &third, next.public());
    let gap = SignedKeyChange::by_key(id, 2, &first, next.public());
    for (changes, code) in [
        (None, Code::PeerNameMismatch),
        (bytes(&[&by_third]), Code::DomainKeyChanged),
        (bytes(&[&gap]), Code::DomainKeyChanged),
    ] {
        let wire = thief.dials(acme).await;
        wire.says(&Frame::Hello(Hello { changes, ..thief.hello(acme) })).await;
        assert_eq!(wire.ends().await, code);
    }
    // The change counts; from then on the key before does not, nor does anybody's other change.
    let mut wire = thief.dials(acme).await;
    wire.says(&Frame::Hello(Hello { changes: bytes(&[&to_next]), ..thief.hello(acme) })).await;
    wire.hears("a hello", |frame| matches!(frame, Frame::Hello(_))).await;
    let other = Rogue::with_key(68);
    let to_third = SignedKeyChange::by_key(id, 1, &first, third.public());
    for (rogue, changes) in [(&rogue, None), (&other, bytes(&[&to_third]))] {
        let wire = rogue.dials(acme).await;
        wire.says(&Frame::Hello(Hello { changes, ..rogue.hello(acme) })).await;
        assert_eq!(wire.ends().await, Code::DomainKeyChanged);
    }
    let admin = AdminClient::of(&data_dir(&world, 0));
    let peers = admin.peers().await.unwrap();
    assert!(peers.iter().any(|peer| peer.domain == DOMAIN && peer.link != PeerLink::Dialling));
}
