//! A third organisation joins a group with a long history: the newest page is there at once, the
//! rest comes behind it, and nothing old shows as new.

use std::collections::BTreeSet;

use comity_client::{Content, Page};

use super::world::{Person, World, soon};

const DOMAINS: [&str; 3] = ["acme.test", "globex.test", "initech.test"];

/// Messages that are under way at a time.
const AT_ONCE: usize = 50;

/// Says numbered things, many at a time; ids in the order of numbers.
async fn says_many(person: &Person, group: &str, numbers: std::ops::Range<usize>) -> Vec<String> {
    let mut ids = Vec::new();
    let numbers: Vec<usize> = numbers.collect();
    for chunk in numbers.chunks(AT_ONCE) {
        let say = async |number: &usize| {
            person.http().post(group, &format!("m{number}"), *number as u64 + 1).await
        };
        let stored = soon(futures_util::future::join_all(chunk.iter().map(say))).await;
        ids.extend(stored.into_iter().map(|stored| stored.unwrap().id));
    }
    ids
}

/// The ids and texts of a group's messages as a person's node shows them, oldest first, read back
/// page by page; waits while some are on their way.
async fn reads_all(person: &Person, group: &str) -> Vec<(String, String)> {
    reads_and_counts(person, group).await.0
}

/// The same, and how many pages were asked for.
async fn reads_and_counts(person: &Person, group: &str) -> (Vec<(String, String)>, usize) {
    let mut pages: Vec<Vec<(String, String)>> = Vec::new();
    let (mut place, mut asked) = (Page::Latest, 0);
    loop {
        asked += 1;
        let page = soon(person.http().history(group, &place, 200)).await.unwrap();
        if page.pending {
            continue;
        }
        let oldest = page.events.first().map(|event| event.id.clone());
        pages.push(page.events.iter().filter_map(shown).collect());
        match oldest.filter(|_| page.more_before) {
            Some(oldest) => place = Page::Before(oldest),
            None => break,
        }
    }
    pages.reverse();
    (pages.concat(), asked)
}

fn shown(event: &comity_client::HistoryEvent) -> Option<(String, String)> {
    match &event.content {
        Content::Message { text } => Some((event.id.clone(), text.clone()?)),
        _ => None,
    }
}

pub(super) async fn is_let_in(owner: &Person, guest: &mut Person, group: &str) {
    soon(owner.http().invite(group, &guest.account)).await.unwrap();
    let is_invited = |content: &Content| matches!(content, Content::Invited { .. });
    guest.sees("an invitation", |event| is_invited(&event.content)).await;
    soon(guest.http().accept(group)).await.unwrap();
    let joined = Content::Joined { account: guest.account.clone() };
    guest.sees("the joining", |event| event.content == joined).await;
}

#[tokio::test]
async fn a_newcomer_reads_the_newest_page_at_once_and_then_all() {
    let world = World::start(&DOMAINS).await;
    let alice = world.person(0, "alice").await;
    let mut bob = world.person(1, "bob").await;
    let mut carol = world.person(2, "carol").await;
    let group = soon(alice.http().create_group("lunch", "where?")).await.unwrap();
    is_let_in(&alice, &mut bob, &group).await;
    let mut ids: BTreeSet<String> = says_many(&alice, &group, 0..4_900).await.into_iter().collect();
    bob.hears("m4899").await;
    ids.extend(says_many(&bob, &group, 4_900..5_000).await);
    let mut alice = alice;
    alice.hears("m4999").await;

    is_let_in(&alice, &mut carol, &group).await;
    let mut asked = 0;
    let page = soon(async {
        loop {
            asked += 1;
            let page = carol.http().history(&group, &Page::Latest, 50).await.unwrap();
            if !page.pending {
                break page;
            }
        }
    });
    // The newest messages, besides the invitation, the joining and what the home states by itself.
    let newest = page.await.events.into_iter().map(|event| event.id);
    let newest: Vec<String> = newest.filter(|id| ids.contains(id)).collect();
    assert!((40..50).contains(&newest.len()), "{} messages", newest.len());
    assert!(newest.iter().eq(ids.iter().skip(ids.len() - newest.len())));

    let (all, more) = soon(reads_and_counts(&carol, &group)).await;
    assert_eq!(all.len(), 5_000);
    assert!(all.iter().map(|(id, _)| id).eq(&ids));
    assert_eq!(all, soon(reads_all(&alice, &group)).await);
    assert_eq!(all, soon(reads_all(&bob, &group)).await);

    alice.says(&group, "now").await;
    carol.hears("now").await;
    bob.says(&group, "and then").await;
    carol.hears("and then").await;
    carol.says(&group, "thanks").await;
    bob.hears("thanks").await;
    alice.hears("thanks").await;
    // Nothing old came to her as new. Notices said that there is more to read: for the first page
    // of each link, for all of it, and at most for each page that she waited for.
    let seen: Vec<&str> = carol.seen.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(seen, ["now", "and then"]);
    assert!((1..=3 + asked + more).contains(&carol.grown), "{} notices", carol.grown);
}

#[tokio::test]
async fn history_goes_on_where_it_was_when_a_node_starts_again() {
    let mut world = World::start(&DOMAINS[..2]).await;
    let alice = world.person(0, "alice").await;
    let mut bob = world.person(1, "bob").await;
    let group = soon(alice.http().create_group("lunch", "where?")).await.unwrap();
    let ids = says_many(&alice, &group, 0..3_000).await;
    is_let_in(&alice, &mut bob, &group).await;
    world.stop(1).await;
    world.restart(1).await;
    let url = world.homes[1].url.clone();
    let http = comity_client::Http::at(&url).unwrap();
    let login = soon(http.log_in("bob", super::world::PASSWORD, "again")).await.unwrap();
    let bob = Person::connect(http.with_token(login.token), login.account, None).await;
    let all = soon(reads_all(&bob, &group)).await;
    assert!(all.iter().map(|(id, _)| id).eq(&ids));
    assert!(bob.seen.is_empty());
}

/// Pins: the new home of a group served the control log of its own term alone, so that nobody else
/// could come in after a handover.
#[tokio::test]
async fn who_comes_after_a_handover_learns_all_terms_from_the_new_home() {
    let mut world = World::start(&DOMAINS).await;
    let alice = world.person(0, "alice").await;
    let mut bob = world.person(1, "bob").await;
    let mut carol = world.person(2, "carol").await;
    let group = soon(alice.http().create_group("lunch", "where?")).await.unwrap();
    is_let_in(&alice, &mut bob, &group).await;
    soon(alice.http().set_role(&group, &bob.account, "owner")).await.unwrap();
    alice.says(&group, "mine").await;
    bob.hears("mine").await;
    soon(alice.http().hand_over(&group, "globex.test")).await.unwrap();
    let handed_over = |home: &str| Content::HandedOver { home: home.to_owned() };
    let to_bob = handed_over("globex.test");
    bob.sees("the handover", |event| event.content == to_bob).await;
    bob.says(&group, "ours").await;
    // The founder is away, for good for all that anybody knows.
    world.stop(0).await;
    is_let_in(&bob, &mut carol, &group).await;
    let all = soon(reads_all(&carol, &group)).await;
    let texts: Vec<&str> = all.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts, ["mine", "ours"]);
    carol.says(&group, "thanks").await;
    bob.hears("thanks").await;
}
