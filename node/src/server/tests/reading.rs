//! What is unread, on every device at once: marks, counts, mentions, and who has read what.

use comity_protocol::code::Code;
use comity_protocol::frame::Frame;
use comity_protocol::id::{AccountNumber, ChannelId, MessageId};
use comity_protocol::limits::MARKS_MAX;
use comity_protocol::reading::MarkEntry;
use serde_json::{Value, json};

use super::plain::Plain;
use super::rogue::subscribes;
use super::scene::Scene;
use super::world::World;

const DOMAINS: [&str; 2] = ["acme.test", "globex.test"];

/// Unread messages and mentions of a channel in the list.
async fn unread(person: &Plain, channel: &str) -> (u64, u64) {
    let found = person.channel(channel).await;
    (found["unread"].as_u64().unwrap(), found["mentions"].as_u64().unwrap())
}

#[tokio::test]
async fn unread_counts_are_the_same_on_every_device() {
    let world = World::start(&DOMAINS).await;
    let mut alice = Plain::new(&world, 0, "alice").await;
    let mut bob = Plain::new(&world, 1, "bob").await;
    let group = alice.founds("tea", &mut [&mut bob]).await;
    assert_eq!(unread(&bob, &group).await, (0, 0));
    let mut phone = bob.again(None).await;
    let mut ids = Vec::new();
    for text in ["one", "two", "three"] {
        ids.push(alice.says(&group, text, Value::Null).await);
    }
    phone.sees(|frame| frame["event"]["text"] == "three").await;
    for device in [&bob, &phone] {
        assert_eq!(unread(device, &group).await, (3, 0));
    }
    assert_eq!(unread(&alice, &group).await, (0, 0), "what one says oneself is read");

    let read = |id: &str| json!({ "channel": group, "message": id });
    phone.does("mark_read", read(&ids[1])).await.unwrap();
    let moved = bob.sees(|frame| frame["type"] == "unread").await;
    assert_eq!((&moved["unread"], &moved["read"]), (&json!(1), &json!(ids[1])));
    for device in [&bob, &phone] {
        assert_eq!(unread(device, &group).await, (1, 0));
    }
    // A mark goes back only where that is wanted.
    bob.does("mark_read", read(&ids[0])).await.unwrap();
    assert_eq!(unread(&bob, &group).await, (1, 0));
    let mut back = read(&ids[0]);
    back["back"] = json!(true);
    bob.does("mark_read", back).await.unwrap();
    assert_eq!(unread(&phone, &group).await, (2, 0));

    // Who was away is told where the mark stands by now, and what one says is not unread.
    let cursor = phone.cursor.clone();
    drop(phone);
    bob.says(&group, "four", Value::Null).await;
    bob.does("mark_read", read(&ids[2])).await.unwrap();
    let mut phone = bob.again(Some(&cursor)).await;
    let moved = phone.sees(|frame| frame["type"] == "unread").await;
    assert_eq!((&moved["unread"], &moved["read"]), (&json!(0), &json!(ids[2])));
    let stranger = json!({ "channel": group, "message": "01M8373FD70000E1R70W3GE1R7" });
    assert_eq!(bob.does("mark_read", stranger).await, Err("message_not_found".to_owned()));
}

#[tokio::test]
async fn who_polls_gets_his_events_whatever_else_there_is_to_tell() {
    let world = World::start(&DOMAINS[..1]).await;
    let mut alice = Plain::new(&world, 0, "alice").await;
    let mut ann = Plain::new(&world, 0, "ann").await;
    let group = alice.founds("tea", &mut [&mut ann]).await;
    let cursor = ann.cursor.clone();
    let id = alice.says(&group, "one", Value::Null).await;
    ann.does("mark_read", json!({ "channel": group, "message": id })).await.unwrap();
    ann.does("mute", json!({ "channel": group, "on": true })).await.unwrap();
    for wait in ["", "&timeout=5000"] {
        let (status, found) = ann.gets(&format!("/v1/sync?since={cursor}{wait}")).await;
        assert_eq!(status, 200, "{found}");
        assert_eq!(found["events"][0]["event"]["text"], "one", "{found}");
    }
}

#[tokio::test]
async fn counts_and_marks_outlast_a_start() {
    let mut world = World::start(&DOMAINS[..1]).await;
    let mut alice = Plain::new(&world, 0, "alice").await;
    let mut ann = Plain::new(&world, 0, "ann").await;
    let group = alice.founds("tea", &mut [&mut ann]).await;
    let first = alice.says(&group, "one", Value::Null).await;
    alice.says(&group, "two", json!({ "mentions": ["ann@acme.test"] })).await;
    ann.does("mark_read", json!({ "channel": group, "message": first })).await.unwrap();
    assert_eq!(unread(&ann, &group).await, (1, 1));
    let account = ann.account.clone();
    drop((alice, ann));
    world.stop(0).await;
    world.restart(0).await;
    let ann = Plain::at(&world, 0, &account, None).await;
    assert_eq!(unread(&ann, &group).await, (1, 1));
    assert_eq!(ann.channel(&group).await["read"], first.as_str());
}

#[tokio::test]
async fn mentions_are_counted_and_listed() {
    let world = World::start(&DOMAINS).await;
    let mut alice = Plain::new(&world, 0, "alice").await;
    let mut ann = Plain::new(&world, 0, "ann").await;
    let mut bob = Plain::new(&world, 1, "bob").await;
    let group = alice.founds("tea", &mut [&mut ann, &mut bob]).await;
    alice.says(&group, "hello", Value::Null).await;
    let named = json!({ "mentions": ["bob@globex.test", "nobody@acme.test"] });
    let first = alice.says(&group, "you, bob", named).await;
    let second = alice.says(&group, "all of you", json!({ "mention_all": true })).await;
    let event = bob.sees(|frame| frame["event"]["text"] == "you, bob").await;
    assert_eq!(event["event"]["mentions"], json!(["bob@globex.test"]), "members alone");
    bob.sees(|frame| frame["event"]["mention_all"] == true).await;
    ann.sees(|frame| frame["event"]["mention_all"] == true).await;
    assert_eq!(unread(&bob, &group).await, (3, 2));
    assert_eq!(unread(&ann, &group).await, (3, 1));
    assert_eq!(unread(&alice, &group).await, (0, 0));

    let (_, found) = bob.gets("/v1/mentions?limit=1").await;
    let newest = &found["events"][0];
    assert_eq!((&newest["event"]["id"], &newest["channel"]), (&json!(second), &json!(group)));
    assert_eq!(found["more"], true);
    let cursor = newest["cursor"].as_str().unwrap();
    let (_, found) = bob.gets(&format!("/v1/mentions?before={cursor}")).await;
    assert_eq!(found["events"][0]["event"]["id"], first.as_str());
    assert_eq!((found["events"].as_array().unwrap().len(), &found["more"]), (1, &json!(false)));

    bob.does("mark_read", json!({ "channel": group, "message": first })).await.unwrap();
    assert_eq!(unread(&bob, &group).await, (1, 1));

    // Who may mention all is a rule of the group.
    let rule = json!({ "channel": group, "mentioning": "owner" });
    alice.does("set_rule", rule).await.unwrap();
    bob.event("rule_changed").await;
    let all = json!({ "type": "send", "channel": group, "text": "hey", "mention_all": true });
    assert_eq!(bob.asks(all).await["code"], "not_allowed");
    let many: Vec<String> = (0..10_000).map(|n| format!("user{n}@acme.test")).collect();
    let many = json!({ "type": "send", "channel": group, "text": "hey", "mentions": many });
    assert_eq!(bob.asks(many).await["code"], "mention_limit");
}

#[tokio::test]
async fn members_see_who_has_read() {
    let world = World::start(&DOMAINS[..1]).await;
    let mut alice = Plain::new(&world, 0, "alice").await;
    let mut ann = Plain::new(&world, 0, "ann").await;
    let group = alice.founds("tea", &mut [&mut ann]).await;
    let id = alice.says(&group, "one", Value::Null).await;
    ann.event("message").await;
    ann.does("mark_read", json!({ "channel": group, "message": id })).await.unwrap();
    let read = alice.sees(|frame| frame["type"] == "read").await;
    let expected = json!({ "type": "read", "channel": group, "account": "ann@acme.test",
                           "message": id });
    assert_eq!(read, expected);
    let (_, shown) = alice.gets(&format!("/v1/channels/{group}")).await;
    assert_eq!(read_by(&shown, "ann@acme.test"), json!(id));

    // Who does not want to be seen reading is not.
    ann.does("show_reads", json!({ "on": false })).await.unwrap();
    let (_, me) = ann.gets("/v1/me").await;
    assert_eq!(me["shows_reads"], false);
    let next = alice.says(&group, "two", Value::Null).await;
    ann.sees(|frame| frame["event"]["text"] == "two").await;
    ann.does("mark_read", json!({ "channel": group, "message": next })).await.unwrap();
    assert_eq!(unread(&ann, &group).await, (0, 0));
    let (_, shown) = alice.gets(&format!("/v1/channels/{group}")).await;
    assert_eq!(read_by(&shown, "ann@acme.test"), Value::Null);
    ann.says(&group, "three", Value::Null).await;
    let next = alice.sees(|frame| frame["type"] == "read" || frame["event"]["text"] == "three");
    assert_eq!(next.await["type"], "event", "nothing was told of her reading");
}

#[tokio::test]
async fn members_of_other_organisations_see_who_has_read() {
    let mut world = World::start(&DOMAINS).await;
    let mut alice = Plain::new(&world, 0, "alice").await;
    let mut bob = Plain::new(&world, 1, "bob").await;
    let group = alice.founds("tea", &mut [&mut bob]).await;
    let path = format!("/v1/channels/{group}");
    let first = alice.says(&group, "one", Value::Null).await;
    bob.event("message").await;
    bob.does("mark_read", json!({ "channel": group, "message": first })).await.unwrap();
    let told = alice.sees(|frame| frame["type"] == "read").await;
    let expected = json!({ "type": "read", "channel": group, "account": "bob@globex.test",
                           "message": first });
    assert_eq!(told, expected);
    let (_, shown) = alice.gets(&path).await;
    assert_eq!(read_by(&shown, "bob@globex.test"), json!(first));

    // A node that was away is told anew, and what was read in the meantime.
    let account = alice.account.clone();
    let second = alice.says(&group, "two", Value::Null).await;
    bob.sees(|frame| frame["event"]["text"] == "two").await;
    drop(alice);
    world.stop(0).await;
    bob.does("mark_read", json!({ "channel": group, "message": second })).await.unwrap();
    world.restart(0).await;
    let mut alice = Plain::at(&world, 0, &account, None).await;
    alice.awaits(&path, |shown| read_by(shown, "bob@globex.test") == json!(second)).await;

    // Whoever wants it no longer is not seen reading, nor is what was seen before.
    bob.does("show_reads", json!({ "on": false })).await.unwrap();
    alice.awaits(&path, |shown| read_by(shown, "bob@globex.test") == Value::Null).await;
    let third = alice.says(&group, "three", Value::Null).await;
    bob.sees(|frame| frame["event"]["text"] == "three").await;
    bob.does("mark_read", json!({ "channel": group, "message": third })).await.unwrap();
    bob.does("show_reads", json!({ "on": true })).await.unwrap();
    let told = alice.sees(|frame| frame["type"] == "read").await;
    assert_eq!(told["message"], json!(third), "once it is wanted again, and not before");
}

#[tokio::test]
async fn who_is_blocked_in_a_direct_channel_does_not_see_that_one_reads() {
    let world = World::start(&DOMAINS).await;
    let mut alice = Plain::new(&world, 0, "alice").await;
    let mut bob = Plain::new(&world, 1, "bob").await;
    let direct = alice.opens("bob@globex.test").await;
    let group = alice.founds("tea", &mut [&mut bob]).await;
    let first = alice.says(&direct, "one", Value::Null).await;
    bob.sees(|frame| frame["event"]["text"] == "one").await;
    let there = alice.says(&group, "there", Value::Null).await;
    bob.sees(|frame| frame["event"]["text"] == "there").await;
    bob.does("block", json!({ "account": "alice@acme.test" })).await.unwrap();
    bob.does("mark_read", json!({ "channel": direct, "message": first })).await.unwrap();
    bob.does("mark_read", json!({ "channel": group, "message": there })).await.unwrap();
    let told = alice.sees(|frame| frame["type"] == "read").await;
    assert_eq!(told["channel"], json!(group), "in the group all see it");
    let (_, shown) = alice.gets(&format!("/v1/channels/{direct}")).await;
    assert_eq!(read_by(&shown, "bob@globex.test"), Value::Null);
}

#[tokio::test]
async fn a_peer_speaks_of_its_own_members_alone() {
    let mut scene = Scene::begin().await;
    let mut wire = scene.links().await;
    subscribes(&mut wire).await;
    let before = scene.status().await.denied;
    let channel = scene.honest.parse().unwrap();
    let message = Some(MessageId([0xff; 16]));
    let alice = scene.alice_id(&mut wire).await.number;
    let lie = |channel, number| MarkEntry { channel, account: AccountNumber(number), message };
    let entries = vec![lie(channel, alice.0), lie(channel, 1), lie(ChannelId([9; 32]), 1)];
    wire.says(&Frame::Marks { entries }).await;
    let many = vec![lie(channel, 1); MARKS_MAX];
    wire.says(&Frame::Marks { entries: many }).await;
    wire.looks_up("alice").await;
    assert_eq!(scene.status().await.denied, before + 3 + MARKS_MAX as u64);
    let observer = Plain::at(&scene.world, 0, "alice@acme.test", None).await;
    let (_, shown) = observer.gets(&format!("/v1/channels/{}", scene.honest)).await;
    for account in ["alice@acme.test", "dave@globex.test"] {
        assert_eq!(read_by(&shown, account), Value::Null);
    }
    scene.nothing_came_but(&[]).await;
    let more = vec![lie(channel, 1); MARKS_MAX + 1];
    wire.says(&Frame::Marks { entries: more }).await;
    assert_eq!(wire.ends().await, Code::FrameMalformed);
    scene.chat_goes_on().await;
}

/// Up to where a member of a channel has read.
fn read_by(channel: &Value, account: &str) -> Value {
    let mut members = channel["members"].as_array().unwrap().iter();
    members.find(|member| member["account"] == account).unwrap()["read"].clone()
}
