//! A group that its home lets go back to an earlier record, by the admin's command and over real
//! links: who was put out meanwhile is in again, and every admin can see what is void.

use super::joins::is_let_in;
use super::world::{Person, World, soon};
use crate::admin::{AdminClient, AdminError};

/// Says something as soon as it is allowed to.
async fn says_once_let_in(person: &Person, channel: &str, text: &str) {
    let said = async {
        while person.http().history(channel, &comity_client::Page::Latest, 1).await.is_err() {}
    };
    soon(said).await;
    person.says(channel, text).await;
}

#[tokio::test]
async fn a_voided_removal_lets_a_member_in_again_at_every_node() {
    let mut world = World::start(&["acme.test", "globex.test"]).await;
    let mut alice = world.person(0, "alice").await;
    let mut bob = world.person(1, "bob").await;
    let group = soon(alice.http().create_group("lunch", "where?")).await.unwrap();
    is_let_in(&alice, &mut bob, &group).await;
    bob.says(&group, "here").await;
    alice.hears("here").await;
    let (acme, globex) = (world.dir().join("acme.test"), world.dir().join("globex.test"));
    let (acme, globex) = (AdminClient::of(&acme), AdminClient::of(&globex));
    let kept = acme.reopen(&group, None, false).await.unwrap();
    let refused = acme.reopen(&group, None, true).await.unwrap_err();
    assert!(refused.to_string().contains("nothing to go back"), "{refused}");
    assert!(kept.voided.is_empty(), "{kept:?}");
    let (term, seq) = kept.base.split_once('.').unwrap();
    let at = Some((term.parse().unwrap(), seq.parse().unwrap()));

    soon(alice.http().remove(&group, &bob.account)).await.unwrap();
    let removed = bob.account.clone();
    bob.sees("his removal", |event| {
        event.content == comity_client::Content::Removed { account: removed.clone() }
    })
    .await;
    // Only its home opens its terms, and nothing is done that the admin is not sure of.
    let refused = globex.reopen(&group, at, true).await.unwrap_err();
    assert!(matches!(&refused, AdminError::Refused { code, .. } if code == "not_allowed"));
    let foreseen = acme.reopen(&group, at, false).await.unwrap();
    assert_eq!(acme.voided(&group).await.unwrap(), []);
    let done = acme.reopen(&group, at, true).await.unwrap();
    assert_eq!(done, foreseen);
    assert!(done.voided.iter().any(|line| line.what == "removal of bob@globex.test"), "{done:?}");

    says_once_let_in(&bob, &group, "back").await;
    alice.hears("back").await;
    assert_eq!(acme.voided(&group).await.unwrap(), done.voided);
    assert_eq!(globex.voided(&group).await.unwrap(), done.voided);
    // It is so after a start.
    for home in 0..2 {
        world.stop(home).await;
        world.restart(home).await;
    }
    alice.says(&group, "on").await;
    bob.hears("on").await;
    assert_eq!(globex.voided(&group).await.unwrap(), done.voided);
}
