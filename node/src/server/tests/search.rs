//! Search, seen by clients that speak plain JSON, within an organisation and across two.

use std::sync::Arc;

use serde_json::{Value, json};

use super::plain::{Plain, text};
use super::world::{World, soon};
use crate::search::Search;

const DOMAINS: [&str; 2] = ["acme.test", "globex.test"];

/// What a query finds: the ids of messages.
fn ids(found: &Value) -> Vec<String> {
    let results = found["results"].as_array().map(Vec::as_slice).unwrap_or_default();
    results.iter().map(|result| text(&result["event"], "id")).collect()
}

/// Whether all that is there can be found, and a query finds these messages.
fn is(wanted: &[&String]) -> impl Fn(&Value) -> bool {
    let wanted: Vec<String> = wanted.iter().map(|id| (*id).clone()).collect();
    move |found| found["indexed_percent"].is_null() && ids(found) == wanted
}

fn path(query: &str) -> String {
    format!("/v1/search?order=newest&q={query}")
}

#[tokio::test]
async fn words_are_found_by_those_who_may_read_them() {
    let world = World::start(&DOMAINS).await;
    let mut alice = Plain::new(&world, 0, "alice").await;
    let mut bob = Plain::new(&world, 1, "bob").await;
    let eve = Plain::new(&world, 0, "eve").await;
    let group = alice.founds("tea", &mut [&mut bob]).await;
    let first = alice.says(&group, "Résumé of the *Thai* place", Value::Null).await;
    let second = bob.says(&group, "명일 서울에서 만나요, 東京都から", Value::Null).await;
    for person in [&alice, &bob] {
        for query in ["thai", "resume%20thai", "%22the%20thai%22", "Th*"] {
            person.awaits(&path(query), is(&[&first])).await;
        }
        for query in ["%EC%84%9C%EC%9A%B8", "%EC%84%9C", "%E4%BA%AC%E9%83%BD", "%E4%BA%AC"] {
            person.awaits(&path(query), is(&[&second])).await;
        }
    }
    let (_, found) = alice.gets(&path("thai")).await;
    let result = &found["results"][0];
    assert_eq!(result["channel"], group.as_str());
    assert_eq!(result["event"], alice.message(&group, &first).await);
    let parts = json!([{ "text": "Résumé of the *" }, { "text": "Thai", "found": true },
                       { "text": "* place" }]);
    assert_eq!(result["snippet"], parts);
    // Who is not in the channel finds nothing, and does not learn that there is something.
    let (status, nothing) = eve.gets(&path("thai")).await;
    assert_eq!((status, &nothing), (200, &json!({ "results": [] })));
    let (status, refused) = eve.gets(&format!("{}&channel={group}", path("thai"))).await;
    assert_eq!((status, text(&refused["error"], "code")), (404, "channel_not_found".into()));
}

#[tokio::test]
async fn it_is_narrowed_down_and_comes_in_pages() {
    let world = World::start(&DOMAINS).await;
    let mut alice = Plain::new(&world, 0, "alice").await;
    let mut bob = Plain::new(&world, 1, "bob").await;
    let group = alice.founds("tea", &mut [&mut bob]).await;
    let direct = alice.opens("bob@globex.test").await;
    let a = alice.says(&group, "tea, tea and tea", Value::Null).await;
    let b = bob.says(&group, "tea at last with many more words around it", Value::Null).await;
    alice.event("message").await;
    let c = alice.says(&direct, "tea for two", Value::Null).await;
    alice.awaits(&path("tea"), is(&[&c, &b, &a])).await;
    for (query, wanted) in [
        (format!("tea&channel={group}"), vec![&b, &a]),
        ("tea&author=bob%40globex.test".into(), vec![&b]),
        ("tea&author=nobody%40globex.test".into(), vec![]),
        ("tea&from=2020-01-01".into(), vec![&c, &b, &a]),
        ("tea&until=2020-01-01".into(), vec![]),
    ] {
        let (status, found) = alice.gets(&path(&query)).await;
        assert_eq!((status, ids(&found)), (200, wanted.into_iter().cloned().collect()), "{query}");
    }
    let (_, ranked) = alice.gets(&format!("/v1/search?q=tea&channel={group}")).await;
    assert_eq!(ids(&ranked), [a.clone(), b.clone()], "what has it three times comes first");
    let (_, page) = alice.gets(&format!("{}&limit=2", path("tea"))).await;
    assert_eq!(ids(&page), [c, b]);
    let cursor = text(&page, "cursor");
    let (_, page) = alice.gets(&format!("{}&limit=2&cursor={cursor}", path("tea"))).await;
    assert_eq!((ids(&page), &page["cursor"]), (vec![a], &Value::Null));
}

#[tokio::test]
async fn what_changes_or_goes_is_found_as_it_is_by_now() {
    let world = World::start(&DOMAINS).await;
    let mut alice = Plain::new(&world, 0, "alice").await;
    let mut bob = Plain::new(&world, 1, "bob").await;
    let group = alice.founds("tea", &mut [&mut bob]).await;
    let id = alice.says(&group, "coffee at five", Value::Null).await;
    bob.awaits(&path("coffee"), is(&[&id])).await;
    let edit = json!({ "channel": group, "message": id, "text": "tea at five" });
    alice.does("edit", edit).await.unwrap();
    for person in [&alice, &bob] {
        person.awaits(&path("tea"), is(&[&id])).await;
        assert_eq!(ids(&person.gets(&path("coffee")).await.1), [""; 0]);
    }
    let erased = format!("/v1/channels/{group}/messages/{id}");
    assert_eq!(alice.calls("DELETE", &erased, &json!({})).await.0, 200);
    for person in [&alice, &bob] {
        person.awaits(&path("tea"), is(&[])).await;
    }
    // Who leaves finds nothing of it any more.
    let last = alice.says(&group, "biscuits", Value::Null).await;
    bob.awaits(&path("biscuits"), is(&[&last])).await;
    bob.does("leave", json!({ "channel": group })).await.unwrap();
    bob.awaits(&path("biscuits"), is(&[])).await;
}

#[tokio::test]
async fn the_index_outlasts_a_start_and_is_made_anew_where_it_is_gone_or_damaged() {
    let mut world = World::start(&DOMAINS[..1]).await;
    let mut alice = Plain::new(&world, 0, "alice").await;
    let group = alice.founds("tea", &mut []).await;
    let first = alice.says(&group, "tea one", Value::Null).await;
    alice.awaits(&path("tea"), is(&[&first])).await;
    let index = world.dir().join("acme.test").join("search");
    let damage = || {
        let files = std::fs::read_dir(&index).unwrap().map(|entry| entry.unwrap().path());
        let file = files.into_iter().find(|file| file.extension().is_some_and(|end| end == "idx"));
        let file = file.expect("an index");
        let mut bytes = std::fs::read(&file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&file, bytes).unwrap();
    };
    let mut said = vec![first];
    for (number, harm) in [None, Some(true), Some(false)].into_iter().enumerate() {
        drop(alice);
        world.stop(0).await;
        match harm {
            Some(true) => std::fs::remove_dir_all(&index).unwrap(),
            Some(false) => damage(),
            None => {}
        }
        world.restart(0).await;
        alice = Plain::at(&world, 0, "alice@acme.test", None).await;
        let wanted: Vec<&String> = said.iter().rev().collect();
        alice.awaits(&path("tea"), is(&wanted)).await;
        said.push(alice.says(&group, &format!("tea again {number}"), Value::Null).await);
        let wanted: Vec<&String> = said.iter().rev().collect();
        alice.awaits(&path("tea"), is(&wanted)).await;
    }
}

#[tokio::test]
async fn an_index_that_was_interrupted_does_not_count_as_whole() {
    let world = World::start(&DOMAINS[..1]).await;
    let mut alice = Plain::new(&world, 0, "alice").await;
    let group = alice.founds("tea", &mut []).await;
    let id = alice.says(&group, "tea", Value::Null).await;
    alice.awaits(&path("tea"), is(&[&id])).await;
    let node = &world.homes[0].node;
    let dir = world.dir().join("another");
    let another = || Search::new(Arc::clone(&node.shared), node.hub.clone(), &dir);
    another().start().unwrap().stop();
    let whole = another();
    let thread = whole.start().unwrap();
    soon(async {
        while whole.percent().is_some() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    thread.stop();
    assert_eq!(whole.count(), 1);
}

#[tokio::test]
async fn an_index_that_goes_while_the_node_runs_is_made_anew() {
    let world = World::start(&DOMAINS[..1]).await;
    let mut alice = Plain::new(&world, 0, "alice").await;
    let group = alice.founds("tea", &mut []).await;
    let first = alice.says(&group, "tea one", Value::Null).await;
    alice.awaits(&path("tea"), is(&[&first])).await;
    std::fs::remove_dir_all(world.dir().join("acme.test").join("search")).unwrap();
    let second = alice.says(&group, "tea two", Value::Null).await;
    alice.awaits(&path("tea"), is(&[&second, &first])).await;
    let edit = json!({ "channel": group, "message": second, "text": "coffee" });
    alice.does("edit", edit).await.unwrap();
    alice.awaits(&path("tea"), is(&[&first])).await;
    alice.awaits(&path("coffee"), is(&[&second])).await;
}

#[tokio::test]
async fn what_is_no_query_is_refused() {
    let world = World::start(&DOMAINS[..1]).await;
    let alice = Plain::new(&world, 0, "alice").await;
    let (long, many) = ("x".repeat(257), "w%20".repeat(17));
    let numbered: Vec<String> = (0..17).map(|number| format!("w{number}")).collect();
    for (query, code) in [
        ("", "malformed"),
        ("q=", "malformed"),
        ("q=%2A", "malformed"),
        ("q=t%2A", "malformed"),
        ("q=%ff", "malformed"),
        ("q=tea&q=tea", "malformed"),
        (&format!("q={long}"), "malformed"),
        (&format!("q={}", numbered.join("%20")), "malformed"),
        ("q=tea&order=oldest", "malformed"),
        ("q=tea&from=yesterday", "malformed"),
        ("q=tea&limit=0", "malformed"),
        ("q=tea&limit=51", "malformed"),
        ("q=tea&cursor=-1", "cursor_invalid"),
        ("q=tea&cursor=1001", "cursor_invalid"),
        ("q=tea&channel=tea", "malformed"),
        ("q=tea&author=bob", "name_invalid"),
    ] {
        let (_, refused) = alice.gets(&format!("/v1/search?{query}")).await;
        assert_eq!(refused["error"]["code"], code, "{query}: {refused}");
    }
    // The same word many times is one word.
    let (status, _) = alice.gets(&format!("/v1/search?q={many}")).await;
    assert_eq!(status, 200);
}
