//! Messages are erased by their authors and by moderators, here and at every other node, for who is
//! in and for who comes later.

use comity_client::{Content, Page};

use super::joins::is_let_in;
use super::world::{Person, World, soon};

const DOMAINS: [&str; 3] = ["acme.test", "globex.test", "initech.test"];

/// What a channel's history shows of messages: their texts, or nothing where they were erased.
async fn shown(person: &Person, channel: &str) -> Vec<Option<String>> {
    soon(async {
        loop {
            let page = person.http().history(channel, &Page::Latest, 200).await.unwrap();
            if page.pending {
                continue;
            }
            let shown = page.events.into_iter().filter_map(|event| match event.content {
                Content::Message { text } => Some(Some(text.unwrap_or_else(|| "missing".into()))),
                Content::ErasedMessage => Some(None),
                _ => None,
            });
            break shown.collect();
        }
    })
    .await
}

async fn sees_erased(person: &mut Person, by: &str, id: &str) {
    let erased = Content::Erased { message: id.to_owned() };
    person.sees("the erasure", |event| event.content == erased && event.sender == by).await;
}

fn said(texts: &[Option<&str>]) -> Vec<Option<String>> {
    texts.iter().map(|text| text.map(str::to_owned)).collect()
}

#[tokio::test]
async fn what_its_author_erases_is_gone_everywhere_and_for_newcomers() {
    let mut world = World::start(&DOMAINS).await;
    let mut alice = world.person(0, "alice").await;
    let mut bob = world.person(1, "bob").await;
    let mut carol = world.person(2, "carol").await;
    let group = soon(alice.http().create_group("lunch", "where?")).await.unwrap();
    is_let_in(&alice, &mut bob, &group).await;
    alice.says(&group, "one").await;
    let secret = alice.says(&group, "secret").await;
    let theirs = bob.says(&group, "two").await;
    bob.hears("secret").await;
    alice.hears("two").await;

    let refused = soon(bob.http().erase(&group, &secret)).await.unwrap_err();
    assert!(refused.to_string().contains("not_allowed"), "{refused}");
    let unknown = soon(carol.http().erase(&group, &secret)).await.unwrap_err();
    assert!(unknown.to_string().contains("channel_not_found"), "{unknown}");
    // Whoever is not in the channel learns nothing of it at the node that holds it either.
    let dave = world.person(0, "dave").await;
    for message in [secret.as_str(), "01M8373FD70000E1R70W3GE1R7"] {
        let refused = soon(dave.http().erase(&group, message)).await.unwrap_err();
        assert!(refused.to_string().contains("channel_not_found"), "{message}: {refused}");
        let refused = soon(dave.http().message(&group, message)).await.unwrap_err();
        assert!(refused.to_string().contains("channel_not_found"), "{message}: {refused}");
    }
    assert!(!soon(alice.http().erase(&group, &secret)).await.unwrap().requested);
    for person in [&mut alice, &mut bob] {
        sees_erased(person, "alice@acme.test", &secret).await;
        assert_eq!(shown(person, &group).await, said(&[Some("one"), None, Some("two")]));
    }
    // The owner may erase what others wrote.
    soon(alice.http().erase(&group, &theirs)).await.unwrap();
    for person in [&mut alice, &mut bob] {
        sees_erased(person, "alice@acme.test", &theirs).await;
        assert_eq!(shown(person, &group).await, said(&[Some("one"), None, None]));
    }
    is_let_in(&alice, &mut carol, &group).await;
    assert_eq!(shown(&carol, &group).await, said(&[Some("one"), None, None]));

    // It is so after a start, and what is gone cannot be erased twice.
    for home in 0..2 {
        world.stop(home).await;
        world.restart(home).await;
    }
    for (home, person) in [&alice, &bob].into_iter().enumerate() {
        assert_eq!(shown(person, &group).await, said(&[Some("one"), None, None]), "{home}");
    }
}

#[tokio::test]
async fn a_device_that_was_away_gets_the_erasure_and_not_the_text() {
    let world = World::start(&DOMAINS[..2]).await;
    let mut alice = world.person(0, "alice").await;
    let mut bob = world.person(1, "bob").await;
    let channel = alice.opens("bob@globex.test").await;
    alice.says(&channel, "one").await;
    let cursor = bob.hears("one").await.cursor;
    let (http, account) = (bob.http().clone(), bob.account.clone());
    drop(bob);
    let secret = alice.says(&channel, "secret").await;
    alice.is_told_delivered(&secret, 2).await;
    soon(alice.http().erase(&channel, &secret)).await.unwrap();
    let last = alice.says(&channel, "two").await;
    alice.is_told_delivered(&last, 2).await;
    let mut bob = Person::connect(http, account, Some(cursor)).await;
    let gone = |content: &Content| *content == Content::ErasedMessage;
    let event = bob.sees("that there was one", |event| gone(&event.content)).await;
    assert_eq!(event.id, secret);
    sees_erased(&mut bob, "alice@acme.test", &secret).await;
    bob.hears("two").await;
    assert_eq!(bob.seen.len(), 1, "{:?}", bob.seen);
}
