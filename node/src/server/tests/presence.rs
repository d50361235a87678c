//! Presence and typing within one organisation, over real sockets.

use std::time::Duration;

use serde_json::{Value, json};

use super::eye::Eye;
use super::world::{World, soon};

const DOMAINS: [&str; 1] = ["acme.test"];
const ALICE: &str = "alice@acme.test";
const BOB: &str = "bob@acme.test";
/// Short, so that nobody waits long for who has gone; long enough for a machine that is busy.
const HEARTBEAT: Duration = Duration::from_millis(500);

pub(super) async fn become_contacts(one: &Eye, other: &Eye) {
    soon(one.http.add_contact(&other.account)).await.unwrap();
    // The other node may hear of it only later.
    while soon(other.http.contacts()).await.unwrap().is_empty() {}
    soon(other.http.add_contact(&one.account)).await.unwrap();
}

async fn world() -> (World, Eye, Eye) {
    let world = World::start(&DOMAINS).await;
    let alice = Eye::opens(&world, 0, "alice").await;
    let bob = Eye::opens(&world, 0, "bob").await;
    become_contacts(&alice, &bob).await;
    (world, alice, bob)
}

#[tokio::test]
async fn contacts_see_each_other_come_and_go_and_strangers_see_nothing() {
    let (world, mut alice, mut bob) = world().await;
    let mut mallory = Eye::opens(&world, 0, "mallory").await;
    assert_eq!(alice.heartbeat_ms, 5_000);
    alice.sees(BOB, "online").await;
    bob.sees(ALICE, "online").await;
    bob.says(json!({ "type": "presence", "state": "busy", "status": "at lunch" })).await;
    assert_eq!(alice.sees(BOB, "busy").await["status"], "at lunch");
    // His own devices are told as well.
    assert_eq!(bob.sees(BOB, "busy").await["status"], "at lunch");
    let gone = bob.closes(1000).await;
    let seen = alice.sees(BOB, "offline").await;
    assert_eq!(seen["status"], "at lunch");
    assert!(seen["last_active_time"].is_string(), "{seen}");
    let bob = gone.returns().await;
    alice.sees(BOB, "online").await;
    // Whoever may not see somebody learns as much as of somebody who does not exist.
    mallory.sees("mallory@acme.test", "online").await;
    let asked = mallory.asks(&[ALICE, "nobody@acme.test", "bob@globex.test"]).await;
    let bare: Vec<&Value> = asked.iter().map(|asked| &asked["state"]).collect();
    assert_eq!(bare, ["unknown", "unknown", "unknown"]);
    assert!(asked.iter().all(|asked| asked.as_object().unwrap().len() == 2), "{asked:?}");
    assert_eq!(mallory.saw(BOB), Vec::<String>::new());
    assert_eq!(mallory.saw(ALICE), Vec::<String>::new());
    assert_eq!(alice.asks(&[BOB, ALICE]).await[0]["state"], "online");
    soon(bob.http.remove_contact(ALICE)).await.unwrap();
    alice.sees(BOB, "unknown").await;
}

#[tokio::test]
async fn whom_one_blocks_is_told_nothing_from_then_on() {
    let (_world, mut alice, mut bob) = world().await;
    alice.sees(BOB, "online").await;
    bob.sees(ALICE, "online").await;
    let path = "/v1/blocks/bob%40acme.test";
    assert_eq!(alice.requests("PUT", path, Some(json!({}))).await.0, 200);
    bob.sees(ALICE, "unknown").await;
    bob.saw(ALICE);
    alice.says(json!({ "type": "presence", "state": "busy" })).await;
    alice.sees(ALICE, "busy").await;
    // She still sees him, and what he is told of himself comes after it.
    bob.says(json!({ "type": "presence", "state": "away" })).await;
    alice.sees(BOB, "away").await;
    bob.sees(BOB, "away").await;
    assert_eq!(bob.saw(ALICE), Vec::<String>::new());
    assert_eq!(alice.requests("DELETE", path, None).await.0, 200);
    bob.sees(ALICE, "busy").await;
}

#[tokio::test]
async fn a_connection_that_returns_in_time_is_seen_by_nobody() {
    let (mut world, alice, bob) = world().await;
    let (alice, bob) = (alice.breaks(), bob.breaks());
    world.pace(0, HEARTBEAT).await;
    let (mut alice, bob) = (alice.returns().await, bob.returns().await);
    assert_eq!(alice.heartbeat_ms, 500);
    alice.sees(BOB, "online").await;
    alice.saw(BOB);
    let mut bob = bob.breaks().returns().await;
    // So with a page that is loaded anew.
    bob = bob.closes(1001).await.returns().await;
    bob.says(json!({ "type": "presence", "status": "back" })).await;
    while alice.sees(BOB, "online").await["status"] != "back" {}
    assert!(alice.saw(BOB).iter().all(|state| state == "online"));
    // And one that does not return is seen when its time is over.
    bob.breaks();
    alice.sees(BOB, "offline").await;
}

#[tokio::test]
async fn several_devices_are_one_and_a_log_out_counts_at_once() {
    let (world, mut alice, bob) = world().await;
    alice.sees(BOB, "online").await;
    let mut phone = Eye::logs_in(&world, 0, "bob").await;
    bob.closes(1000).await;
    phone.says(json!({ "type": "presence", "state": "away" })).await;
    alice.sees(BOB, "away").await;
    assert!(!alice.saw(BOB).contains(&"offline".to_owned()));
    assert_eq!(phone.requests("DELETE", "/v1/sessions/current", None).await.0, 204);
    alice.sees(BOB, "offline").await;
}

#[tokio::test]
async fn what_is_wrong_with_a_presence_is_refused_and_the_socket_goes_on() {
    let (_world, _alice, mut bob) = world().await;
    for (frame, code) in [
        (json!({ "type": "presence" }), "malformed"),
        (json!({ "type": "presence", "state": "offline" }), "malformed"),
        (json!({ "type": "presence", "state": 7 }), "malformed"),
        (json!({ "type": "presence", "status": "é".repeat(101) }), "status_invalid"),
        (json!({ "type": "typing", "channel": "somewhere" }), "malformed"),
        (json!({ "type": "typing" }), "malformed"),
    ] {
        bob.says(frame.clone()).await;
        let refused = bob.hears("refused").await;
        assert_eq!(refused["code"], code, "{frame}");
        assert!(refused.get("nonce").is_none());
    }
    let status = json!({ "status": "é".repeat(101) });
    let (answered, body) = bob.requests("PUT", "/v1/me/presence", Some(status)).await;
    assert_eq!((answered, &body["error"]["code"]), (400, &json!("status_invalid")));
    let many = vec!["account=bob%40acme.test"; 101].join("&");
    assert_eq!(bob.requests("GET", &format!("/v1/presence?{many}"), None).await.0, 400);
    assert_eq!(bob.requests("GET", "/v1/presence", None).await.0, 400);
    bob.says(json!({ "type": "ping" })).await;
    bob.hears("pong").await;
}

#[tokio::test]
async fn a_status_and_when_somebody_was_there_outlive_the_node() {
    let (mut world, mut alice, bob) = world().await;
    let status = json!({ "state": "away", "status": "on holiday" });
    assert_eq!(bob.requests("PUT", "/v1/me/presence", Some(status)).await.0, 204);
    let seen = alice.sees(BOB, "away").await;
    assert_eq!(seen["status"], "on holiday");
    let alice = alice.breaks();
    world.stop(0).await;
    world.restart(0).await;
    let alice = alice.returns().await;
    let asked = alice.asks(&[BOB]).await.remove(0);
    assert_eq!((&asked["state"], &asked["status"]), (&json!("offline"), &json!("on holiday")));
    assert!(asked["last_active_time"].is_string(), "{asked}");
}

#[tokio::test]
async fn a_member_of_a_group_is_seen_by_its_members_for_as_long_as_he_is_one() {
    let world = World::start(&DOMAINS).await;
    let mut alice = Eye::opens(&world, 0, "alice").await;
    let bob = Eye::opens(&world, 0, "bob").await;
    let mallory = Eye::opens(&world, 0, "mallory").await;
    let group = soon(alice.http.create_group("Tea", "")).await.unwrap();
    soon(alice.http.invite(&group, BOB)).await.unwrap();
    soon(bob.http.accept(&group)).await.unwrap();
    alice.sees(BOB, "online").await;
    let path = format!("/v1/channels/{group}/presence");
    let (_, of_group) = bob.requests("GET", &path, None).await;
    let of_group = of_group["presences"].as_array().unwrap();
    let states: Vec<(&Value, &Value)> =
        of_group.iter().map(|p| (&p["account"], &p["state"])).collect();
    let (online, bobs, alices) = (json!("online"), json!(BOB), json!(ALICE));
    assert_eq!(states, [(&alices, &online), (&bobs, &online)]);
    let (status, refused) = mallory.requests("GET", &path, None).await;
    assert_eq!((status, &refused["error"]["code"]), (404, &json!("channel_not_found")));
    soon(bob.http.leave_group(&group)).await.unwrap();
    alice.sees(BOB, "unknown").await;
}

#[tokio::test]
async fn who_types_is_shown_to_the_others_in_the_channel_and_to_nobody_else() {
    let (world, mut alice, mut bob) = world().await;
    let mut mallory = Eye::opens(&world, 0, "mallory").await;
    let direct = soon(alice.http.open_direct(BOB)).await.unwrap();
    let mut phone = Eye::logs_in(&world, 0, "alice").await;
    // A stranger's word is dropped.
    mallory.says(json!({ "type": "typing", "channel": direct })).await;
    mallory.says(json!({ "type": "ping" })).await;
    mallory.hears("pong").await;
    bob.says(json!({ "type": "typing", "channel": direct })).await;
    let expected = json!({ "type": "typing", "channel": direct, "account": BOB, "typing": true });
    for person in [&mut alice, &mut phone] {
        assert_eq!(person.hears("typing").await, expected);
    }
    alice.says(json!({ "type": "typing", "channel": direct, "typing": false })).await;
    let heard = bob.hears("typing").await;
    assert_eq!((&heard["account"], &heard["typing"]), (&json!(ALICE), &json!(false)));
}

#[tokio::test]
async fn who_polls_is_there() {
    let (_world, mut alice, bob) = world().await;
    alice.sees(BOB, "online").await;
    let bob = bob.closes(1000).await;
    alice.sees(BOB, "offline").await;
    assert_eq!(bob.polls().await, 200);
    alice.sees(BOB, "online").await;
}
