//! What is said of messages: edits, reactions, threads, mentions and pins, seen by clients that
//! speak plain JSON, within an organisation and across two.

use serde_json::{Value, json};

use super::plain::{Plain, text};
use super::world::{World, soon};

const DOMAINS: [&str; 2] = ["acme.test", "globex.test"];

/// A group of alice and ann at one node and bob at another.
async fn three(world: &World) -> (Plain, Plain, Plain, String) {
    let mut alice = Plain::new(world, 0, "alice").await;
    let mut ann = Plain::new(world, 0, "ann").await;
    let mut bob = Plain::new(world, 1, "bob").await;
    let group = alice.founds("tea", &mut [&mut ann, &mut bob]).await;
    (alice, ann, bob, group)
}

/// The texts that a channel's history shows, the oldest first.
async fn history(person: &Plain, channel: &str) -> Vec<Value> {
    let (_, mut page) = person.gets(&format!("/v1/channels/{channel}/messages")).await;
    let events = page["events"].take();
    let said = |event: &Value| event["kind"] == "message";
    events.as_array().unwrap().iter().filter(|event| said(event)).cloned().collect()
}

#[tokio::test]
async fn an_edit_shows_at_the_message_everywhere_and_leaves_no_former_text() {
    let world = World::start(&DOMAINS).await;
    let (mut alice, mut ann, mut bob, group) = three(&world).await;
    let id = alice.says(&group, "Tea at fvie?", Value::Null).await;
    for other in [&mut ann, &mut bob] {
        other.event("message").await;
    }
    let edit = json!({ "channel": group, "message": id, "text": "Tea at **five**?",
                       "format": "markdown" });
    alice.does("edit", edit.clone()).await.unwrap();
    for person in [&mut alice, &mut ann, &mut bob] {
        let edited = person.event("edited").await;
        assert_eq!(edited["message"], id.as_str());
        assert_eq!((&edited["text"], &edited["format"]), (&edit["text"], &edit["format"]));
        assert_eq!(edited["sender"], "alice@acme.test");
        let shown = person.message(&group, &id).await;
        assert_eq!(shown["text"], "Tea at **five**?");
        assert_eq!(shown["edited_time"], edited["time"]);
        let listed = history(person, &group).await;
        assert_eq!(listed, [shown], "the edit has no place of its own");
        let path = format!("/v1/channels/{group}/messages/{id}/versions");
        let (_, versions) = person.gets(&path).await;
        let texts: Vec<&Value> =
            versions["versions"].as_array().unwrap().iter().map(|v| &v["text"]).collect();
        assert_eq!(texts, [&Value::Null, &edit["text"]]);
    }

    // Nobody else edits it, not even the owner of the group what others wrote.
    let theirs = bob.says(&group, "mine", Value::Null).await;
    alice.event("message").await;
    let forged = json!({ "channel": group, "message": theirs, "text": "yours" });
    assert_eq!(alice.does("edit", forged).await, Err("not_author".to_owned()));
    let forged = json!({ "channel": group, "message": id, "text": "yours" });
    assert_eq!(ann.does("edit", forged.clone()).await, Err("not_author".to_owned()));
    assert_eq!(bob.does("edit", forged).await, Err("not_author".to_owned()));
    let empty = json!({ "channel": group, "message": id, "text": "" });
    assert_eq!(alice.does("edit", empty).await, Err("text_empty".to_owned()));
    // An id of another channel is like a missing one.
    let direct = alice.opens("bob@globex.test").await;
    let elsewhere = json!({ "channel": direct, "message": id, "text": "x" });
    assert_eq!(alice.does("edit", elsewhere).await, Err("message_not_found".to_owned()));
}

#[tokio::test]
async fn where_edits_are_kept_members_read_all_versions() {
    let world = World::start(&DOMAINS).await;
    let (mut alice, mut ann, mut bob, group) = three(&world).await;
    let rule = json!({ "channel": group, "edits": "kept" });
    alice.does("set_rule", rule).await.unwrap();
    bob.event("rule_changed").await;
    let id = bob.says(&group, "one", Value::Null).await;
    for text in ["two", "three"] {
        let edit = json!({ "channel": group, "message": id, "text": text });
        bob.does("edit", edit).await.unwrap();
    }
    for person in [&mut alice, &mut ann, &mut bob] {
        person.sees(|frame| frame["event"]["text"] == "three").await;
        let path = format!("/v1/channels/{group}/messages/{id}/versions");
        let (_, versions) = person.gets(&path).await;
        let texts: Vec<String> =
            versions["versions"].as_array().unwrap().iter().map(|v| text(v, "text")).collect();
        assert_eq!(texts, ["one", "two", "three"]);
        assert_eq!(person.message(&group, &id).await["text"], "three");
    }

    // Erasing the message takes all of them.
    let erase = json!({ "channel": group, "message": id });
    bob.does("erase", erase.clone()).await.unwrap();
    for person in [&mut alice, &mut ann, &mut bob] {
        person.event("erased").await;
        let shown = person.message(&group, &id).await;
        assert_eq!((&shown["erased"], &shown["text"]), (&json!(true), &Value::Null));
        let path = format!("/v1/channels/{group}/messages/{id}/versions");
        let (_, versions) = person.gets(&path).await;
        let texts = versions["versions"].as_array().unwrap().iter().map(|v| &v["text"]);
        assert!(texts.clone().all(Value::is_null), "{versions}");
    }
    let edit = json!({ "channel": group, "message": id, "text": "again" });
    assert_eq!(bob.does("edit", edit).await, Err("message_erased".to_owned()));
    let react = json!({ "channel": group, "message": id, "reaction": "👍" });
    assert_eq!(ann.does("react", react).await, Err("message_erased".to_owned()));
    let pin = json!({ "channel": group, "message": id });
    assert_eq!(ann.does("pin", pin).await, Err("message_erased".to_owned()));
}

#[tokio::test]
async fn reactions_count_each_account_once_and_end() {
    let world = World::start(&DOMAINS).await;
    let (mut alice, mut ann, mut bob, group) = three(&world).await;
    let id = alice.says(&group, "Cake!", Value::Null).await;
    bob.event("message").await;
    let react = |reaction: &str, on: bool| {
        let (channel, message) = (&group, &id);
        json!({ "channel": channel, "message": message, "reaction": reaction, "on": on })
    };
    bob.does("react", react("👍", true)).await.unwrap();
    ann.does("react", react("🎂", true)).await.unwrap();
    ann.does("react", react("👍", true)).await.unwrap();
    // Again is nothing new.
    ann.does("react", react("👍", true)).await.unwrap();
    let shown = |accounts: [&str; 2]| {
        json!([
            { "reaction": "👍", "count": accounts.len(), "accounts": accounts },
            { "reaction": "🎂", "count": 1, "accounts": ["ann@acme.test"] },
        ])
    };
    for person in [&mut alice, &mut bob] {
        let mut seen = 0;
        while seen < 3 {
            let event = person.event("reacted").await;
            assert_eq!((&event["message"], &event["on"]), (&json!(id), &json!(true)));
            seen += 1;
        }
        let mut found = person.message(&group, &id).await;
        let order = &mut found["reactions"][0]["accounts"];
        order.as_array_mut().unwrap().sort_by_key(ToString::to_string);
        let mut reactions = found["reactions"].as_array().unwrap().clone();
        reactions.sort_by_key(|reaction| reaction["count"] == 1);
        assert_eq!(json!(reactions), shown(["ann@acme.test", "bob@globex.test"]));
    }
    bob.does("react", react("👍", false)).await.unwrap();
    alice.sees(|frame| frame["event"]["on"] == false).await;
    let found = alice.message(&group, &id).await;
    let of = found["reactions"].as_array().unwrap().iter().find(|r| r["reaction"] == "👍");
    assert_eq!(of.unwrap()["accounts"], json!(["ann@acme.test"]));
    assert_eq!(bob.does("react", react("two words", true)).await, Err("reaction_invalid".into()));
    assert_eq!(bob.does("react", react("", true)).await, Err("reaction_invalid".into()));
    // Over HTTP the reaction stands in the path.
    let path = format!("/v1/channels/{group}/messages/{id}/reactions/%F0%9F%91%8D");
    assert_eq!(alice.calls("PUT", &path, &json!({})).await.0, 200);
    bob.event("reacted").await;
    assert_eq!(alice.calls("DELETE", &path, &json!({})).await.0, 200);
    let mut gone = false;
    while !gone {
        gone = bob.event("reacted").await["on"] == false;
    }
}

#[tokio::test]
async fn a_thread_is_read_by_itself_and_counted_at_its_first_message() {
    let world = World::start(&DOMAINS).await;
    let (mut alice, mut ann, mut bob, group) = three(&world).await;
    let root = alice.says(&group, "Where to eat?", Value::Null).await;
    for other in [&mut ann, &mut bob] {
        other.event("message").await;
    }
    let first = bob.says(&group, "Thai", json!({ "thread": root, "reply_to": root })).await;
    ann.sees(|frame| frame["event"]["text"] == "Thai").await;
    // In a thread of a reply: it is the same thread.
    let second = ann.says(&group, "No, pizza", json!({ "thread": first })).await;
    for person in [&mut alice, &mut bob] {
        let event = person.sees(|frame| frame["event"]["text"] == "No, pizza").await;
        assert_eq!(event["event"]["thread"], root.as_str());
        let (status, page) =
            person.gets(&format!("/v1/channels/{group}/messages/{root}/replies")).await;
        assert_eq!(status, 200, "{page}");
        let ids: Vec<String> =
            page["events"].as_array().unwrap().iter().map(|event| text(event, "id")).collect();
        assert_eq!(ids, [first.clone(), second.clone()]);
        assert_eq!(page["events"][0]["reply_to"], root.as_str());
        let path = format!("/v1/channels/{group}/messages/{root}/replies?after={first}&limit=1");
        let (_, rest) = person.gets(&path).await;
        assert_eq!(rest["events"].as_array().unwrap().len(), 1, "{rest}");
        assert_eq!(rest["more"], false);
        let shown = person.message(&group, &root).await;
        assert_eq!(shown["replies"]["count"], 2, "{shown}");
        assert_eq!(history(person, &group).await.len(), 3, "all stand in the history too");
    }
    // A reply to nothing is refused.
    let nowhere = json!({ "type": "send", "channel": group, "text": "x",
                          "reply_to": "01M8373FD70000E1R70W3GE1R7" });
    assert_eq!(alice.asks(nowhere).await["code"], "message_not_found");
}

#[tokio::test]
async fn pins_are_listed_the_newest_first() {
    let world = World::start(&DOMAINS).await;
    let (mut alice, mut ann, mut bob, group) = three(&world).await;
    let one = alice.says(&group, "one", Value::Null).await;
    let two = alice.says(&group, "two", Value::Null).await;
    bob.sees(|frame| frame["event"]["text"] == "two").await;
    for id in [&one, &two] {
        bob.does("pin", json!({ "channel": group, "message": id })).await.unwrap();
    }
    let pins = async |person: &Plain| -> Vec<String> {
        let (_, found) = person.gets(&format!("/v1/channels/{group}/pins")).await;
        found["events"].as_array().unwrap().iter().map(|event| text(event, "id")).collect()
    };
    for person in [&mut alice, &mut ann] {
        for id in [&one, &two] {
            assert_eq!(person.event("pinned").await["message"], id.as_str());
        }
        assert_eq!(pins(person).await, [two.clone(), one.clone()]);
        assert_eq!(person.message(&group, &one).await["pinned"], true);
    }
    let path = format!("/v1/channels/{group}/pins/{two}");
    assert_eq!(ann.calls("DELETE", &path, &json!({})).await.0, 200);
    assert_eq!(bob.sees(|frame| frame["event"]["on"] == false).await["event"]["message"], two);
    assert_eq!(pins(&bob).await, [one]);
}

#[tokio::test]
async fn all_is_so_after_a_start_and_for_who_comes_later() {
    let mut world = World::start(&DOMAINS).await;
    let mut alice = Plain::new(&world, 0, "alice").await;
    let mut ann = Plain::new(&world, 0, "ann").await;
    let group = alice.founds("tea", &mut [&mut ann]).await;
    let id = alice.says(&group, "old", Value::Null).await;
    let react = json!({ "channel": group, "message": id, "reaction": "🎉" });
    ann.does("react", react).await.unwrap();
    alice.does("edit", json!({ "channel": group, "message": id, "text": "new" })).await.unwrap();
    alice.does("pin", json!({ "channel": group, "message": id })).await.unwrap();
    ann.says(&group, "answer", json!({ "thread": id })).await;
    let before = alice.message(&group, &id).await;
    let (account, cursor) = (alice.account.clone(), alice.cursor.clone());
    drop((alice, ann));
    world.stop(0).await;
    world.restart(0).await;
    let mut alice = Plain::at(&world, 0, &account, Some(&cursor)).await;
    assert_eq!(alice.message(&group, &id).await, before);

    world.answers_for_members(0, &group).await;
    let mut bob = Plain::new(&world, 1, "bob").await;
    alice.does("invite", json!({ "channel": group, "account": bob.account })).await.unwrap();
    bob.event("invited").await;
    bob.does("accept", json!({ "channel": group })).await.unwrap();
    bob.event("joined").await;
    let shown = soon(async {
        loop {
            let path = format!("/v1/channels/{group}/messages?around={id}");
            let (status, page) = bob.gets(&path).await;
            let found = page["events"].as_array().into_iter().flatten();
            let found = found.clone().find(|event| event["id"] == id.as_str());
            if let (200, Some(found)) = (status, found)
                && page["history_pending"] == false
            {
                return found.clone();
            }
        }
    })
    .await;
    assert_eq!(shown, before);
}
