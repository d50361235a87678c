//! Organisations whose DNS nobody signs: their well-known documents introduce them, under
//! certificates, to whoever takes that for a proof.

use comity_discovery::{Proof, Trust};

use super::world::{World, soon};

#[tokio::test]
async fn nodes_federate_by_their_documents_alone() {
    let trust = Trust::new([Proof::WebPki]).unwrap();
    let world = World::start_unsigned(&["acme.test", "globex.test"], &trust).await;
    let mut alice = world.person(0, "alice").await;
    let mut bob = world.person(1, "bob").await;
    let channel = alice.opens("bob@globex.test").await;
    let first = alice.says(&channel, "hello bob").await;
    bob.hears("hello bob").await;
    alice.is_told_delivered(&first, 2).await;
    bob.says(&channel, "hello alice").await;
    alice.hears("hello alice").await;
}

#[tokio::test]
async fn who_does_not_take_documents_refuses_the_same_domain() {
    let trust = Trust::new([Proof::Dnssec, Proof::Pin]).unwrap();
    let world = World::start_unsigned(&["acme.test", "globex.test"], &trust).await;
    let alice = world.person(0, "alice").await;
    let refused = soon(alice.http().open_direct("bob@globex.test")).await.unwrap_err();
    assert_eq!(refused.code(), Some("domain_unproven"), "{refused}");
}
