//! A node comes back with an older copy of its data directory: others give it back what it wrote,
//! and its groups go on where they were.

use std::path::{Path, PathBuf};

use comity_client::{Content, Page};

use super::joins::is_let_in;
use super::world::{Person, World, soon};
use crate::admin::{AdminClient, ReadOnlyGroup};

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let place = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &place);
        } else if entry.file_type().unwrap().is_file() {
            std::fs::copy(entry.path(), place).unwrap();
        }
    }
}

/// A copy of a node's data directory, to come back with.
struct Copied {
    data: PathBuf,
    older: PathBuf,
}

impl Copied {
    /// Stops the first node, copies what it has, and starts it again.
    async fn of_first(world: &mut World) -> Self {
        let (data, older) = (world.dir().join("acme.test"), world.dir().join("older"));
        world.stop(0).await;
        copy(&data, &older);
        world.restart(0).await;
        Self { data, older }
    }

    /// The first node, which is stopped, starts with the copy.
    async fn comes_back(&self, world: &mut World) {
        std::fs::remove_dir_all(&self.data).unwrap();
        copy(&self.older, &self.data);
        world.restart(0).await;
    }
}

/// Alice at acme with a group of her own, and a copy of her node from before she lets Bob of globex
/// in.
async fn let_in_after_a_copy() -> (World, Person, Person, String, Copied) {
    let mut world = World::start(&["acme.test", "globex.test"]).await;
    let alice = world.person(0, "alice").await;
    let mut bob = world.person(1, "bob").await;
    let group = soon(alice.http().create_group("lunch", "where?")).await.unwrap();
    let copied = Copied::of_first(&mut world).await;
    is_let_in(&alice, &mut bob, &group).await;
    (world, alice, bob, group, copied)
}

async fn texts(person: &Person, channel: &str) -> Vec<String> {
    let page = soon(person.http().history(channel, &Page::Latest, 200)).await.unwrap();
    let texts = page.events.into_iter().filter_map(|event| match event.content {
        Content::Message { text } => text,
        _ => None,
    });
    texts.collect()
}

/// Renames a group as soon as its home has asked the others.
async fn renames(person: &Person, group: &str, name: &str) {
    soon(async {
        while let Err(refused) = person.http().rename(group, name).await {
            assert!(refused.to_string().contains("home_comparing"), "{refused}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_home_with_an_older_copy_takes_back_what_it_has_lost_and_goes_on() {
    let mut world = World::start(&["acme.test", "globex.test"]).await;
    let alice = world.person(0, "alice").await;
    let mut bob = world.person(1, "bob").await;
    let group = soon(alice.http().create_group("lunch", "where?")).await.unwrap();
    is_let_in(&alice, &mut bob, &group).await;
    let direct = alice.opens("bob@globex.test").await;
    alice.says(&direct, "kept").await;
    bob.hears("kept").await;
    let copied = Copied::of_first(&mut world).await;

    renames(&alice, &group, "dinner").await;
    alice.says(&group, "at eight").await;
    alice.says(&direct, "you too").await;
    bob.hears("at eight").await;
    bob.hears("you too").await;
    world.stop(0).await;
    copied.comes_back(&mut world).await;

    renames(&alice, &group, "supper").await;
    bob.sees(
        "the new name",
        |event| matches!(&event.content, Content::Renamed { name } if name == "supper"),
    )
    .await;
    soon(async { while texts(&alice, &direct).await != ["kept", "you too"] {} }).await;
    soon(async { while texts(&alice, &group).await != ["at eight"] {} }).await;
    alice.says(&group, "or nine").await;
    bob.hears("or nine").await;
    assert_eq!(texts(&bob, &group).await, texts(&alice, &group).await);
}

#[tokio::test]
async fn an_admin_answers_for_members_that_cannot_be_reached() {
    let mut world = World::start(&["acme.test", "globex.test"]).await;
    let alice = world.person(0, "alice").await;
    let mut bob = world.person(1, "bob").await;
    let group = soon(alice.http().create_group("lunch", "where?")).await.unwrap();
    is_let_in(&alice, &mut bob, &group).await;
    let admin = AdminClient::of(&world.dir().join("acme.test"));
    let waits = async |admin: &AdminClient| {
        let groups = admin.groups().await.unwrap();
        let [line] = &groups[..] else { panic!("one group: {groups:?}") };
        assert_eq!((&*line.channel, &*line.name, &*line.home), (&*group, "lunch", "acme.test"));
        line.waits_for.clone()
    };
    assert_eq!(waits(&admin).await, Vec::<String>::new());
    world.stop(1).await;
    world.stop(0).await;
    world.restart(0).await;

    let refused = soon(alice.http().rename(&group, "dinner")).await.unwrap_err();
    assert!(refused.to_string().contains("home_comparing"), "{refused}");
    assert_eq!(waits(&admin).await, ["globex.test"]);
    assert_eq!(admin.reopen(&group, None, false).await.unwrap().unheard, ["globex.test"]);
    admin.confirm(&group).await.unwrap();
    assert_eq!(waits(&admin).await, Vec::<String>::new());
    soon(alice.http().rename(&group, "dinner")).await.unwrap();
}

/// Pins: a home that had lost the admission of the only other organisation never asked it.
#[tokio::test]
async fn a_home_takes_back_the_admission_that_its_copy_does_not_know() {
    let (mut world, alice, mut bob, group, copied) = let_in_after_a_copy().await;
    renames(&alice, &group, "dinner").await;
    alice.says(&group, "at eight").await;
    bob.hears("at eight").await;
    world.stop(0).await;
    copied.comes_back(&mut world).await;

    let name = async |person: &Person| soon(person.http().channel(&group)).await.unwrap().name;
    soon(async { while name(&alice).await.as_deref() != Some("dinner") {} }).await;
    soon(async { while texts(&alice, &group).await != ["at eight"] {} }).await;
    bob.says(&group, "by me").await;
    soon(async { while texts(&alice, &group).await != ["at eight", "by me"] {} }).await;
    renames(&alice, &group, "supper").await;
    assert!(soon(AdminClient::of(&copied.data).forks()).await.unwrap().is_empty());
}

/// Pins: a home that had gone on without the admission of the only other organisation split the
/// group without anybody's notice.
#[tokio::test]
async fn a_home_that_went_on_without_an_admission_is_found_out() {
    let (mut world, alice, _, group, copied) = let_in_after_a_copy().await;
    world.stop(1).await;
    world.stop(0).await;
    copied.comes_back(&mut world).await;
    soon(alice.http().rename(&group, "dinner")).await.unwrap();
    world.restart(1).await;

    for domain in ["acme.test", "globex.test"] {
        let admin = AdminClient::of(&world.dir().join(domain));
        let read_only = async || {
            let groups = admin.groups().await.unwrap();
            groups.into_iter().find(|line| line.channel == group).unwrap().read_only
        };
        soon(async { while read_only().await != Some(ReadOnlyGroup::Split) {} }).await;
    }
}
