//! What a group's rules let newcomers read, how long texts are kept, and what an author learns of
//! an erasure.

use comity_client::{Content, History, Page};

use super::joins::is_let_in;
use super::world::{Person, World, soon};

const DOMAINS: [&str; 3] = ["acme.test", "globex.test", "initech.test"];

async fn page(person: &Person, channel: &str) -> History {
    soon(async {
        loop {
            let page = person.http().history(channel, &Page::Latest, 200).await.unwrap();
            if !page.pending {
                break page;
            }
        }
    })
    .await
}

fn texts(page: &History) -> Vec<&str> {
    let said = page.events.iter().filter_map(|event| match &event.content {
        Content::Message { text } => text.as_deref(),
        _ => None,
    });
    said.collect()
}

#[tokio::test]
async fn newcomers_read_from_their_joining_on_while_the_rule_says_so() {
    let world = World::start(&DOMAINS).await;
    let mut alice = world.person(0, "alice").await;
    let mut bob = world.person(1, "bob").await;
    let mut carol = world.person(2, "carol").await;
    let mut cleo = world.person(2, "cleo").await;
    let group = soon(alice.http().create_group("lunch", "where?")).await.unwrap();
    is_let_in(&alice, &mut bob, &group).await;
    soon(alice.http().set_history_rule(&group, "since_joining")).await.unwrap();
    let hidden = Content::RuleChanged { rule: "history: since_joining".to_owned() };
    bob.sees("the rule", |event| event.content == hidden).await;
    let secret = alice.says(&group, "one").await;
    bob.hears("one").await;
    is_let_in(&alice, &mut carol, &group).await;
    bob.says(&group, "two").await;
    for person in [&mut alice, &mut carol] {
        person.hears("two").await;
    }
    is_let_in(&alice, &mut cleo, &group).await;
    carol.says(&group, "three").await;
    for person in [&mut alice, &mut bob, &mut cleo] {
        person.hears("three").await;
    }
    for (person, expected) in
        [(&alice, &["one", "two", "three"][..]), (&carol, &["two", "three"]), (&cleo, &["three"])]
    {
        let page = page(person, &group).await;
        assert_eq!(texts(&page), expected, "{}", person.account);
        assert!(!page.more_before && page.limited == (person.account != "alice@acme.test"));
        let first = page.events.first().unwrap();
        let joined = Content::Joined { account: person.account.clone() };
        assert!(first.content == joined || person.account == "alice@acme.test", "{first:?}");
    }
    // An id alone opens nothing.
    for page in [Page::Around(secret.clone()), Page::Before(secret.clone())] {
        let found = soon(cleo.http().history(&group, &page, 9)).await;
        let nothing = found.map_or_else(
            |refused| refused.to_string().contains("message_not_found"),
            |page| page.events.is_empty() && page.limited && !page.more_before,
        );
        assert!(nothing);
    }
    let after = soon(cleo.http().history(&group, &Page::After(secret.clone()), 200)).await.unwrap();
    assert_eq!(texts(&after), ["three"]);
    let refused = soon(cleo.http().message(&group, &secret)).await.unwrap_err();
    assert!(refused.to_string().contains("message_not_found"), "{refused}");
    assert!(soon(bob.http().message(&group, &secret)).await.is_ok());

    soon(alice.http().set_history_rule(&group, "all")).await.unwrap();
    let shown = Content::RuleChanged { rule: "history: all".to_owned() };
    for person in [&mut carol, &mut cleo] {
        person.sees("the rule", |event| event.content == shown).await;
        let page = page(person, &group).await;
        assert_eq!(texts(&page), ["one", "two", "three"], "{}", person.account);
        assert!(!page.limited);
    }
}

#[tokio::test]
async fn texts_are_kept_as_long_as_the_node_keeps_them() {
    let mut world = World::start(&DOMAINS[..2]).await;
    let alice = world.person(0, "alice").await;
    let mut bob = world.person(1, "bob").await;
    let group = soon(alice.http().create_group("lunch", "where?")).await.unwrap();
    is_let_in(&alice, &mut bob, &group).await;
    soon(alice.http().set_retention(&group, Some(86_400))).await.unwrap();
    let rule = Content::RuleChanged { rule: "retention: 86400".to_owned() };
    bob.sees("the rule", |event| event.content == rule).await;
    let refused = soon(alice.http().set_retention(&group, Some(60))).await.unwrap_err();
    assert!(refused.to_string().contains("rule_invalid"), "{refused}");
    let id = alice.says(&group, "one").await;
    bob.hears("one").await;
    world.keep(1, Some(1)).await;
    let expired = soon(async {
        loop {
            let found = bob.http().message(&group, &id).await.unwrap().event.unwrap();
            if found.content != (Content::Message { text: Some("one".to_owned()) }) {
                break found;
            }
        }
    });
    assert_eq!(expired.await.content, Content::ExpiredMessage);
    assert_eq!(texts(&page(&alice, &group).await), ["one"]);
    // What is gone stays gone.
    world.keep(1, None).await;
    let found = soon(bob.http().message(&group, &id)).await.unwrap().event.unwrap();
    assert_eq!(found.content, Content::ExpiredMessage);
}

#[tokio::test]
async fn an_author_learns_who_has_erased_also_after_he_has_left() {
    let world = World::start(&DOMAINS).await;
    let mut alice = world.person(0, "alice").await;
    let mut bob = world.person(1, "bob").await;
    let mut carol = world.person(2, "carol").await;
    let group = soon(alice.http().create_group("lunch", "where?")).await.unwrap();
    for guest in [&mut bob, &mut carol] {
        is_let_in(&alice, guest, &group).await;
    }
    let (first, second) = (bob.says(&group, "one").await, bob.says(&group, "two").await);
    for person in [&mut alice, &mut carol] {
        person.hears("two").await;
    }
    soon(bob.http().erase(&group, &first)).await.unwrap();
    confirmed(&bob, &group, &first).await;
    // Others are told that it is erased, and nothing of who has confirmed it.
    let shown = soon(alice.http().message(&group, &first)).await.unwrap();
    assert_eq!(shown.event.unwrap().content, Content::ErasedMessage);
    assert!(shown.confirmed.is_empty());

    soon(bob.http().leave_group(&group)).await.unwrap();
    let left = Content::Left { account: bob.account.clone() };
    for person in [&mut alice, &mut bob, &mut carol] {
        person.sees("the leaving", |event| event.content == left).await;
    }
    soon(bob.http().erase(&group, &second)).await.unwrap();
    let erased = Content::Erased { message: second.clone() };
    for person in [&mut alice, &mut carol] {
        let event = person.sees("the erasure", |event| event.content == erased).await;
        assert_eq!((event.sender.as_str(), &event.channel), ("bob@globex.test", &group));
        assert_eq!(texts(&page(person, &group).await), Vec::<&str>::new());
    }
    confirmed(&bob, &group, &second).await;
    let refused = soon(bob.http().history(&group, &Page::Latest, 9)).await.unwrap_err();
    assert!(refused.to_string().contains("channel_not_found"), "{refused}");
}

/// Both other organisations confirm that a message is erased.
async fn confirmed(author: &Person, group: &str, id: &str) {
    soon(async {
        loop {
            let found = author.http().message(group, id).await.unwrap();
            assert_eq!(found.event.unwrap().content, Content::ErasedMessage);
            if found.confirmed == ["acme.test", "initech.test"] {
                return;
            }
        }
    })
    .await;
}
