//! Two organisations talk: direct and in groups, over restarts, and senders hear what became of
//! their messages.

use std::time::Duration;

use comity_client::{Content, Page};

use super::world::{Person, World, soon};

const DOMAINS: [&str; 2] = ["acme.test", "globex.test"];

#[tokio::test]
async fn direct_messages_cross_both_ways() {
    let world = World::start(&DOMAINS).await;
    let mut alice = world.person(0, "alice").await;
    let mut bob = world.person(1, "bob").await;
    let channel = alice.opens("bob@globex.test").await;
    let first = alice.says(&channel, "hello bob").await;
    let heard = bob.hears("hello bob").await;
    assert_eq!((heard.id.as_str(), heard.sender.as_str()), (&*first, "alice@acme.test"));
    assert_eq!(heard.channel, channel);
    let delivered = alice.is_told_delivered(&first, 2).await;
    assert_eq!((delivered.channel.as_str(), delivered.of), (&*channel, 2));
    // Both ends name the channel alike, and find the one that there is.
    assert_eq!(bob.opens("alice@acme.test").await, channel);
    let long = "가".repeat(100_000);
    bob.says(&channel, &long).await;
    alice.hears(&long).await;
    for person in [&alice, &bob] {
        let history = soon(person.http().history(&channel, &Page::Latest, 10)).await.unwrap();
        let ids: Vec<_> = history.events.iter().map(|event| event.id.clone()).collect();
        assert_eq!((ids.len(), ids.is_sorted()), (2, true));
    }
}

#[tokio::test]
async fn a_group_across_organisations_lives() {
    let world = World::start(&DOMAINS).await;
    let mut alice = world.person(0, "alice").await;
    let mut bob = world.person(1, "bob").await;
    let group = soon(alice.http().create_group("lunch", "where?")).await.unwrap();
    soon(alice.http().invite(&group, "bob@globex.test")).await.unwrap();
    let is_invited = |content: &Content| matches!(content, Content::Invited { .. });
    let invited = bob.sees("an invitation", |event| is_invited(&event.content)).await;
    assert_eq!(invited.channel, group);
    assert!(soon(bob.http().accept(&group)).await.unwrap().requested);
    let joined = Content::Joined { account: "bob@globex.test".into() };
    bob.sees("his joining", |event| event.content == joined).await;
    alice.sees("bob's joining", |event| event.content == joined).await;

    bob.says(&group, "at noon?").await;
    alice.hears("at noon?").await;
    let id = alice.says(&group, "fine").await;
    bob.hears("fine").await;
    assert_eq!(alice.is_told_delivered(&id, 2).await.of, 2);

    soon(alice.http().remove(&group, "bob@globex.test")).await.unwrap();
    let removed = Content::Removed { account: "bob@globex.test".into() };
    bob.sees("his removal", |event| event.content == removed).await;
    let refused = bob.client.sender().send(&group, "am I still here?").await.unwrap_err();
    assert!(refused.to_string().contains("channel_not_found"), "{refused}");
    alice.says(&group, "he is gone").await;
    // What comes after it on the same link shows that this did not come.
    let direct = alice.opens("bob@globex.test").await;
    alice.says(&direct, "sorry").await;
    bob.hears("sorry").await;
    assert!(bob.seen.iter().all(|(_, text)| text != "he is gone"));
}

#[tokio::test]
async fn what_a_removal_did_not_know_of_is_taken_back_everywhere() {
    let mut world = World::start(&["acme.test", "globex.test", "initech.test"]).await;
    let mut alice = world.person(0, "alice").await;
    let mut bob = world.person(1, "bob").await;
    let mut carol = world.person(2, "carol").await;
    let group = soon(alice.http().create_group("lunch", "")).await.unwrap();
    for person in [&mut bob, &mut carol] {
        soon(alice.http().invite(&group, &person.account)).await.unwrap();
        let is_invited = |content: &Content| matches!(content, Content::Invited { .. });
        person.sees("an invitation", |event| is_invited(&event.content)).await;
        soon(person.http().accept(&group)).await.unwrap();
        let joined = Content::Joined { account: person.account.clone() };
        person.sees("the joining", |event| event.content == joined).await;
    }
    let carols = Content::Joined { account: carol.account.clone() };
    bob.sees("carol's joining", |event| event.content == carols).await;
    alice.says(&group, "welcome").await;
    bob.hears("welcome").await;
    carol.hears("welcome").await;
    // Acme, the home, is away while Bob writes; then Globex is, while he is removed.
    world.stop(0).await;
    let late = bob.says(&group, "acme does not know of this").await;
    carol.hears("acme does not know of this").await;
    let cursor = bob.hears("acme does not know of this").await.cursor;
    // The list closed up: Globex is first now.
    world.stop(0).await;
    world.restart(0).await;
    // One of two members cannot be asked what acme may have lost.
    let early = soon(alice.http().remove(&group, "bob@globex.test")).await.unwrap_err();
    assert!(early.to_string().contains("home_comparing"), "{early}");
    world.answers_for_members(0, &group).await;
    soon(alice.http().remove(&group, "bob@globex.test")).await.unwrap();
    let removed = Content::Removed { account: "bob@globex.test".into() };
    let seen = carol.sees("bob's removal", |event| event.content == removed).await;
    assert_eq!(seen.withdrawn, [late.as_str()]);
    world.restart(1).await;
    let mut bob = Person::connect(bob.http().clone(), bob.account.clone(), Some(cursor)).await;
    let told = bob.sees("his removal", |event| event.content == removed).await;
    assert_eq!(told.withdrawn, [late.as_str()], "the author hears of it");
    let history = soon(carol.http().history(&group, &Page::Latest, 50)).await.unwrap();
    assert!(history.events.iter().all(|event| event.id != late));
    // Who reads the removal from disk hears the same.
    let mut again = Person::connect(carol.http().clone(), carol.account.clone(), None).await;
    carol.says(&group, "he is gone").await;
    again.hears("he is gone").await;
    alice.hears("he is gone").await;
}

#[tokio::test]
async fn what_is_said_while_a_node_is_away_comes_when_it_is_back() {
    let mut world = World::start(&DOMAINS).await;
    let mut alice = world.person(0, "alice").await;
    let mut bob = world.person(1, "bob").await;
    let channel = alice.opens("bob@globex.test").await;
    alice.says(&channel, "one").await;
    let cursor = bob.hears("one").await.cursor;
    world.stop(1).await;
    let mut ids = Vec::new();
    for text in ["two", "three"] {
        ids.push(alice.says(&channel, text).await);
    }
    world.restart(1).await;
    let mut bob = Person::connect(bob.http().clone(), bob.account.clone(), Some(cursor)).await;
    bob.hears("three").await;
    assert_eq!(
        bob.seen.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>(),
        ["two", "three"]
    );
    for id in ids {
        alice.is_told_delivered(&id, 2).await;
    }
    bob.says(&channel, "back").await;
    alice.hears("back").await;
}

#[tokio::test]
async fn the_senders_node_may_be_away_too() {
    let mut world = World::start(&DOMAINS).await;
    let alice = world.person(0, "alice").await;
    let mut bob = world.person(1, "bob").await;
    let channel = alice.opens("bob@globex.test").await;
    alice.says(&channel, "one").await;
    let heard = bob.hears("one").await;
    world.stop(1).await;
    let (id, cursor) = {
        let stored = soon(alice.client.sender().send(&channel, "two")).await.unwrap();
        (stored.id, stored.cursor)
    };
    let (http, account) = (alice.http().clone(), alice.account.clone());
    world.stop(0).await;
    world.restart(0).await;
    let mut alice = Person::connect(http, account, Some(cursor)).await;
    world.restart(1).await;
    let (http, account) = (bob.http().clone(), bob.account.clone());
    drop(bob);
    let mut bob = Person::connect(http, account, Some(heard.cursor)).await;
    bob.hears("two").await;
    assert_eq!(bob.seen.len(), 1);
    alice.is_told_delivered(&id, 2).await;
}

#[tokio::test]
async fn polling_gives_what_is_there_at_once() {
    let world = World::start(&DOMAINS[..1]).await;
    let alice = world.person(0, "alice").await;
    let bob = world.person(0, "bob").await;
    let channel = alice.opens("bob@acme.test").await;
    let http = bob.http();
    let start = soon(http.sync(None, Duration::ZERO, 10)).await.unwrap();
    assert_eq!((start.events.len(), start.resync), (0, false));
    for number in 0..25 {
        alice.says(&channel, &number.to_string()).await;
    }
    let (mut cursor, mut texts) = (start.cursor, Vec::new());
    for expected in [10, 10, 5, 0] {
        let page = soon(http.sync(Some(&cursor), Duration::ZERO, 10)).await.unwrap();
        assert_eq!(page.events.len(), expected);
        texts.extend(page.events.into_iter().map(|event| event.content));
        cursor = page.cursor;
    }
    let said = |number: u32| Content::Message { text: Some(number.to_string()) };
    assert_eq!(texts, (0..25).map(said).collect::<Vec<_>>());
}
