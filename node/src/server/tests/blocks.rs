//! Whom one blocks is not heard, and notices nothing; a muted channel is muted on every device.

use serde_json::{Value, json};

use super::plain::Plain;
use super::world::World;

const DOMAINS: [&str; 2] = ["acme.test", "globex.test"];

/// What history shows of a channel.
async fn texts(person: &Plain, channel: &str) -> Vec<String> {
    let (status, found) = person.gets(&format!("/v1/channels/{channel}/messages")).await;
    assert_eq!(status, 200, "{found}");
    let events = found["events"].as_array().unwrap().iter();
    events.map(|event| event["text"].as_str().unwrap_or("-").to_owned()).collect()
}

/// Waits for a text and fails where one comes that must not.
async fn hears(person: &mut Plain, text: &str, never: &str) {
    person
        .sees(|frame| {
            assert!(!frame.to_string().contains(never), "{frame}");
            frame["event"]["text"] == text
        })
        .await;
}

/// Whoever is blocked sees what he said and did, and that it came.
async fn sees_no_difference(
    bob: &mut Plain,
    direct: &str,
    (first, said): (&str, &str),
    is_across: bool,
) {
    let shown = bob.message(direct, said).await;
    assert_eq!(shown["text"], "unheard one");
    let shown = bob.message(direct, first).await;
    assert_eq!((&shown["text"], &shown["pinned"]), (&json!("unheard edit"), &json!(true)));
    assert_eq!(shown["reactions"][0]["count"], 1);
    let (_, found) = bob.gets(&format!("/v1/channels/{direct}/messages/{first}/versions")).await;
    assert_eq!(found["versions"][0]["text"], Value::Null);
    let listed = bob.channel(direct).await;
    let time = bob.message(direct, said).await["time"].clone();
    assert_eq!(listed["last_message_time"], time);
    if is_across {
        let reached = |frame: &Value| frame["type"] == "delivered" && frame["id"] == said;
        assert_eq!(bob.sees(reached).await["organisations"], 2);
    }
}

/// Who has blocked sees nothing of it, whichever way she looks.
async fn sees_nothing(alice: &Plain, direct: &str, (first, said): (&str, &str)) {
    assert_eq!(texts(alice, direct).await, ["before"]);
    let shown = alice.message(direct, first).await;
    assert_eq!(shown["text"], "before");
    for field in ["reactions", "replies", "pinned", "edited_time"] {
        assert_eq!(shown[field], Value::Null, "{field}");
    }
    let listed = alice.channel(direct).await;
    assert_eq!((&listed["unread"], &listed["mentions"]), (&json!(1), &json!(0)));
    assert_eq!(listed["last_message_time"], shown["time"]);
    let (status, _) = alice.gets(&format!("/v1/channels/{direct}/messages/{said}")).await;
    assert_eq!(status, 404);
    assert_eq!(alice.gets("/v1/contacts").await.1["contacts"], json!([]));
    assert_eq!(alice.gets("/v1/mentions").await.1["events"], json!([]));
    let path = format!("/v1/channels/{direct}/messages/{first}/replies");
    assert_eq!(alice.gets(&path).await.1["events"], json!([]));
}

#[tokio::test]
async fn whom_one_blocks_is_not_heard_and_notices_nothing() {
    for home in [1, 0] {
        let mut world = World::start(&DOMAINS).await;
        let mut alice = Plain::new(&world, 0, "alice").await;
        let mut bob = Plain::new(&world, home, "bob").await;
        let group = alice.founds("tea", &mut [&mut bob]).await;
        let direct = bob.opens("alice@acme.test").await;
        let first = bob.says(&direct, "before", Value::Null).await;
        alice.sees(|frame| frame["event"]["text"] == "before").await;
        let mut phone = alice.again(None).await;
        alice.does("block", json!({ "account": bob.account })).await.unwrap();
        phone.sees(|frame| frame["type"] == "blocks_changed").await;
        let (_, found) = phone.gets("/v1/blocks").await;
        assert_eq!(found["blocks"][0]["account"], bob.account.as_str());

        let on = json!({ "channel": direct, "message": first });
        let with = |name: &str, value: &str| {
            let mut with = on.clone();
            with[name] = json!(value);
            with
        };
        let mut all = json!({ "mention_all": true });
        all["thread"] = json!(first);
        let said = bob.says(&direct, "unheard one", all).await;
        bob.does("react", with("reaction", "🍜")).await.unwrap();
        bob.does("pin", on.clone()).await.unwrap();
        bob.does("edit", with("text", "unheard edit")).await.unwrap();
        bob.does("add_contact", json!({ "account": "alice@acme.test" })).await.unwrap();
        // What he says in a group comes after all that, and is heard.
        bob.says(&group, "aloud", Value::Null).await;
        for device in [&mut alice, &mut phone] {
            hears(device, "aloud", "unheard").await;
        }

        sees_no_difference(&mut bob, &direct, (&first, &said), home == 1).await;

        // She sees nothing of it, whichever way she looks, nor after a start.
        let account = alice.account.clone();
        let cursor = alice.cursor.clone();
        drop((alice, phone));
        world.stop(0).await;
        world.restart(0).await;
        if home == 0 {
            bob = Plain::at(&world, 0, &bob.account.clone(), None).await;
            assert_eq!(texts(&bob, &direct).await, ["unheard edit", "unheard one"]);
        }
        let mut alice = Plain::at(&world, 0, &account, Some(&cursor)).await;
        sees_nothing(&alice, &direct, (&first, &said)).await;

        // Heard again, he is heard from then on.
        alice.does("unblock", json!({ "account": bob.account })).await.unwrap();
        bob.says(&direct, "after", Value::Null).await;
        hears(&mut alice, "after", "unheard").await;
        assert_eq!(texts(&alice, &direct).await, ["before", "after"]);
        assert_eq!(alice.channel(&direct).await["unread"], 2);
    }
}

#[tokio::test]
async fn who_is_blocked_neither_opens_a_channel_nor_invites() {
    for home in [1, 0] {
        let world = World::start(&DOMAINS).await;
        let mut alice = Plain::new(&world, 0, "alice").await;
        let mut bob = Plain::new(&world, home, "bob").await;
        let mut carol = Plain::new(&world, home, "carol").await;
        let own = alice.does("block", json!({ "account": "alice@acme.test" })).await;
        assert_eq!(own, Err("block_self".to_owned()));
        alice.does("add_contact", json!({ "account": carol.account })).await.unwrap();
        carol.event("contact").await;
        let path = format!("/v1/blocks/{}", bob.account.replace('@', "%40"));
        assert_eq!(alice.calls("PUT", &path, &json!({})).await.0, 200);

        let direct = bob.opens("alice@acme.test").await;
        bob.says(&direct, "psst", Value::Null).await;
        let body = json!({ "kind": "group", "name": "trap" });
        let (_, made) = bob.calls("POST", "/v1/channels", &body).await;
        let trap = made["channel"]["id"].as_str().unwrap().to_owned();
        let with = json!({ "channel": trap, "account": "alice@acme.test" });
        bob.does("invite", with).await.unwrap();
        // What comes after it the same way shows that it had no effect.
        let asked = carol.opens("alice@acme.test").await;
        carol.says(&asked, "tea?", Value::Null).await;
        alice
            .sees(|frame| {
                assert!(!frame.to_string().contains("trap"), "{frame}");
                assert_ne!(frame["event"]["text"], "psst");
                frame["event"]["text"] == "tea?"
            })
            .await;
        assert_eq!(alice.channel(&direct).await, Value::Null);
        assert_eq!(alice.channel(&trap).await, Value::Null);
        assert_eq!(alice.calls("DELETE", &path, &json!({})).await.0, 200);
        bob.says(&direct, "hello?", Value::Null).await;
        hears(&mut alice, "hello?", "psst").await;
        assert_eq!(alice.channel(&direct).await["unread"], 1);
    }
}

#[tokio::test]
async fn nobody_sees_typing_where_one_has_blocked_the_other() {
    for home in [1, 0] {
        let world = World::start(&DOMAINS).await;
        let mut alice = Plain::new(&world, 0, "alice").await;
        let mut bob = Plain::new(&world, home, "bob").await;
        let group = alice.founds("tea", &mut [&mut bob]).await;
        let direct = bob.opens("alice@acme.test").await;
        bob.says(&direct, "before", Value::Null).await;
        alice.sees(|frame| frame["event"]["text"] == "before").await;
        alice.does("block", json!({ "account": bob.account })).await.unwrap();
        for channel in [&direct, &group] {
            bob.types(channel).await;
            alice.types(channel).await;
        }
        for person in [&mut alice, &mut bob] {
            let typing = person.sees(|frame| frame["type"] == "typing").await;
            assert_eq!(typing["channel"], json!(group), "where both are among others");
        }
    }
}

#[tokio::test]
async fn a_muted_channel_is_muted_on_every_device() {
    let mut world = World::start(&DOMAINS[..1]).await;
    let mut alice = Plain::new(&world, 0, "alice").await;
    let mut ann = Plain::new(&world, 0, "ann").await;
    let group = alice.founds("tea", &mut [&mut ann]).await;
    let mut phone = ann.again(None).await;
    let cursor = phone.cursor.clone();
    ann.does("mute", json!({ "channel": group })).await.unwrap();
    let told = json!({ "type": "muted", "channel": group, "muted": true });
    assert_eq!(phone.sees(|frame| frame["type"] == "muted").await, told);
    assert_eq!(alice.channel(&group).await["muted"], Value::Null, "it is hers alone");
    alice.says(&group, "ann!", json!({ "mentions": ["ann@acme.test"] })).await;
    ann.event("message").await;
    let account = ann.account.clone();
    drop((alice, ann, phone));
    world.stop(0).await;
    world.restart(0).await;
    // Who was away is told, and it has outlasted the start.
    let mut phone = Plain::at(&world, 0, &account, Some(&cursor)).await;
    assert_eq!(phone.sees(|frame| frame["type"] == "muted").await, told);
    let listed = phone.channel(&group).await;
    assert_eq!((&listed["muted"], &listed["mentions"]), (&json!(true), &json!(1)));
    let path = format!("/v1/channels/{group}/mute");
    assert_eq!(phone.calls("DELETE", &path, &json!({})).await.0, 200);
    assert_eq!(phone.channel(&group).await["muted"], Value::Null);
    let stranger = Plain::new(&world, 0, "sam").await;
    assert_eq!(stranger.calls("PUT", &path, &json!({})).await.0, 404);
}
