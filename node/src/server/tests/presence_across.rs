//! Presence and typing across two organisations, over real sockets and links, and a peer that asks
//! for what is not its own.

use comity_protocol::frame::Frame;
use comity_protocol::id::AccountNumber;
use comity_protocol::presence::{PresenceEntry, PresenceState};
use serde_json::json;

use super::eye::Eye;
use super::presence::become_contacts;
use super::scene::Scene;
use super::world::{World, soon};

const DOMAINS: [&str; 2] = ["acme.test", "globex.test"];
const ALICE: &str = "alice@acme.test";
const BOB: &str = "bob@globex.test";

async fn world() -> (World, Eye, Eye) {
    let world = World::start(&DOMAINS).await;
    let alice = Eye::opens(&world, 0, "alice").await;
    let bob = Eye::opens(&world, 1, "bob").await;
    become_contacts(&alice, &bob).await;
    (world, alice, bob)
}

#[tokio::test]
async fn contacts_of_two_organisations_see_each_other() {
    let (_world, mut alice, mut bob) = world().await;
    alice.sees(BOB, "online").await;
    bob.sees(ALICE, "online").await;
    bob.says(json!({ "type": "presence", "state": "busy", "status": "점심" })).await;
    assert_eq!(alice.sees(BOB, "busy").await["status"], "점심");
    assert_eq!(alice.asks(&[BOB]).await[0]["state"], "busy");
    bob.closes(1000).await;
    assert!(alice.sees(BOB, "offline").await["last_active_time"].is_string());
}

#[tokio::test]
async fn whom_one_blocks_elsewhere_is_told_nothing_from_then_on() {
    let (_world, alice, mut bob) = world().await;
    bob.sees(ALICE, "online").await;
    let path = "/v1/blocks/bob%40globex.test";
    assert_eq!(alice.requests("PUT", path, Some(json!({}))).await.0, 200);
    bob.sees(ALICE, "unknown").await;
    assert_eq!(bob.asks(&[ALICE]).await[0]["state"], "unknown");
    assert_eq!(alice.requests("DELETE", path, None).await.0, 200);
    bob.sees(ALICE, "online").await;
}

#[tokio::test]
async fn a_lost_link_means_unknown_until_there_is_another() {
    let (mut world, mut alice, mut bob) = world().await;
    alice.sees(BOB, "online").await;
    bob.sees(ALICE, "online").await;
    let bob = bob.breaks();
    world.stop(1).await;
    alice.sees(BOB, "unknown").await;
    world.restart(1).await;
    alice.sees(BOB, "offline").await;
    let mut bob = bob.returns().await;
    alice.sees(BOB, "online").await;
    bob.sees(ALICE, "online").await;
}

#[tokio::test]
async fn members_of_a_group_see_each_other_and_who_is_out_is_unknown() {
    let world = World::start(&DOMAINS).await;
    let mut alice = Eye::opens(&world, 0, "alice").await;
    let mut bob = Eye::opens(&world, 1, "bob").await;
    let group = soon(alice.http.create_group("Tea", "")).await.unwrap();
    soon(alice.http.invite(&group, BOB)).await.unwrap();
    while !soon(bob.http.channels()).await.unwrap().iter().any(|channel| channel.id == group) {}
    soon(bob.http.accept(&group)).await.unwrap();
    alice.sees(BOB, "online").await;
    bob.sees(ALICE, "online").await;
    bob.says(json!({ "type": "typing", "channel": group })).await;
    let heard = alice.hears("typing").await;
    assert_eq!((&heard["account"], &heard["channel"]), (&json!(BOB), &json!(group)));
    soon(alice.http.remove(&group, BOB)).await.unwrap();
    alice.sees(BOB, "unknown").await;
    bob.sees(ALICE, "unknown").await;
}

#[tokio::test]
async fn typing_goes_to_the_other_organisation() {
    let (_world, mut alice, mut bob) = world().await;
    alice.sees(BOB, "online").await;
    let direct = soon(alice.http.open_direct(BOB)).await.unwrap();
    soon(alice.http.post(&direct, "Are you there?", 1)).await.unwrap();
    bob.hears("event").await;
    while !soon(bob.http.channels()).await.unwrap().iter().any(|channel| channel.id == direct) {}
    bob.says(json!({ "type": "typing", "channel": direct })).await;
    let expected = json!({ "type": "typing", "channel": direct, "account": BOB, "typing": true });
    assert_eq!(alice.hears("typing").await, expected);
}

#[tokio::test]
async fn a_stranger_learns_nothing_and_the_admin_sees_that_it_asked() {
    let mut scene = Scene::begin().await;
    let mut wire = scene.links().await;
    let alice = scene.alice_id(&mut wire).await.number;
    let before = scene.status().await.denied;
    let missing = AccountNumber(77);
    wire.says(&Frame::Lease { accounts: vec![alice, missing] }).await;
    let is_presence = |frame: &Frame| matches!(frame, Frame::Presence { .. });
    let Frame::Presence { entries } = wire.hears("an answer", is_presence).await else {
        unreachable!()
    };
    let told: Vec<PresenceEntry> =
        entries.into_iter().map(|entry| PresenceEntry { version: 0, ..entry }).collect();
    let unknown = |number| PresenceEntry::unknown(number, 0);
    assert_eq!(told, [unknown(alice), unknown(missing)]);
    assert_eq!(scene.status().await.denied, before + 2);
    // What it makes up is heard by nobody, whatever form it has.
    let lie = PresenceEntry { state: PresenceState::Busy, ..PresenceEntry::unknown(alice, 9) };
    let datagrams = wire.0.datagrams();
    datagrams.send(Frame::Presence { entries: vec![lie] }.encode());
    let channel = scene.honest.parse().unwrap();
    datagrams.send(Frame::Typing { channel, account: alice, typing: true }.encode());
    datagrams.send(Frame::Resync.encode());
    datagrams.send(vec![0xff; 40]);
    scene.nothing_came_but(&[]).await;
    wire.looks_up("alice").await;
}
