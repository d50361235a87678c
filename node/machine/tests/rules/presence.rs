//! Who may see how somebody is, and what is kept of that.

use comity_machine::{Act, Answer, Command, State};
use comity_protocol::code::Code;
use comity_protocol::id::AccountId;

use super::world::World;

const ALICE: &str = "alice@acme";
const ADA: &str = "ada@acme";
const BOB: &str = "bob@globex";
const CLEO: &str = "cleo@globex";

/// Whether one is told of the other, as every part of the state says alike.
fn sees(world: &World, watcher: &str, owner: &str) -> bool {
    let (_, home) = watcher.split_once('@').unwrap();
    let (_, away) = owner.split_once('@').unwrap();
    let (own, other) = (world.account(watcher).0, world.account(owner).0);
    let state = &world.node(home).state;
    let is_watched = state.watched_by(own.number).contains(&other);
    assert_eq!(state.may_watch(other, own), is_watched, "{watcher} of {owner}");
    let theirs = &world.node(away).state;
    assert_eq!(theirs.may_watch(other, own), is_watched, "at the node of {owner}");
    // A lease is an organisation's: one of its accounts that may see the owner is enough, unless
    // another one is blocked that would.
    if home != away {
        let users = world.node(home).users.values();
        let watchers = users.map(|user| AccountId { number: user.number, ..own });
        let mut watchers = watchers.into_iter().filter(|user| is_tied(theirs, other, *user));
        let is_justified =
            watchers.clone().next().is_some() && watchers.all(|user| theirs.may_watch(other, user));
        assert_eq!(theirs.may_lease(other.number, own.lineage), is_justified, "a lease");
    }
    if is_watched {
        let label = state.tied_label(other, own.number).unwrap();
        assert_eq!(label.to_string(), world.account(owner).1);
        assert_eq!(state.tied_accounts(own.number, &[label]), [Some(other)]);
    }
    is_watched
}

/// Whether two would see each other if nobody were blocked.
fn is_tied(state: &State, owner: AccountId, watcher: AccountId) -> bool {
    state.may_watch(owner, watcher) || state.blocks(owner.number, watcher)
}

fn see_each_other(world: &World, a: &str, b: &str) -> bool {
    let (there, back) = (sees(world, a, b), sees(world, b, a));
    assert_eq!(there, back, "{a} and {b}");
    there
}

fn contacts(world: &mut World, a: &str, b: &str) {
    for (one, other) in [(a, b), (b, a)] {
        let (account, label) = world.account(other);
        world.act(one, Act::AddContact { account, label }).unwrap();
        world.exchange();
    }
}

#[test]
fn contacts_see_each_other_for_as_long_as_they_are() {
    for other in [ADA, BOB] {
        let mut world = World::new(&[ALICE, ADA, BOB]);
        let (account, label) = world.account(other);
        world.act(ALICE, Act::AddContact { account, label }).unwrap();
        world.exchange();
        assert!(!see_each_other(&world, ALICE, other), "who has only asked sees nothing");
        contacts(&mut world, ALICE, other);
        assert!(see_each_other(&world, ALICE, other));
        let (account, _) = world.account(ALICE);
        world.act(other, Act::RemoveContact { account }).unwrap();
        world.exchange();
        assert!(!see_each_other(&world, ALICE, other));
    }
}

#[test]
fn whoever_is_blocked_sees_nothing_nor_does_who_could_tell_him() {
    let mut world = World::new(&[ALICE, ADA, BOB, CLEO]);
    let team = world.team(ALICE, &[ADA, BOB, CLEO]);
    assert!(see_each_other(&world, ALICE, BOB) && see_each_other(&world, ALICE, CLEO));
    let (account, label) = world.account(BOB);
    world.act(ALICE, Act::Block { account, label }).unwrap();
    world.exchange();
    assert!(!world.node("acme").state.may_lease(world.account(ALICE).0.number, account.lineage));
    assert!(see_each_other(&world, ALICE, ADA), "at home each is told for himself");
    assert!(see_each_other(&world, ADA, BOB));
    world.remove(ALICE, BOB, team).unwrap();
    world.exchange();
    // He would not see her any more anyway.
    assert!(world.node("acme").state.may_lease(world.account(ALICE).0.number, account.lineage));
}

#[test]
fn a_direct_channel_alone_shows_nothing() {
    for other in [ADA, BOB] {
        let mut world = World::new(&[ALICE, ADA, BOB]);
        let (account, label) = world.account(other);
        world.act(ALICE, Act::OpenDirect { account, label }).unwrap();
        world.exchange();
        assert!(!see_each_other(&world, ALICE, other));
    }
}

#[test]
fn members_of_a_small_group_see_each_other_until_they_leave() {
    let mut world = World::new(&[ALICE, ADA, BOB]);
    let team = world.team(ALICE, &[BOB]);
    assert!(see_each_other(&world, ALICE, BOB));
    assert!(!see_each_other(&world, ADA, BOB));
    let (ada, bob) = (world.account(ADA).0, world.account(BOB).0);
    let globex = &world.node("globex").state;
    assert!(globex.small_channel(&team, bob).is_some());
    assert!(globex.small_channel(&team, ada).is_none());
    world.act(BOB, Act::Leave { channel: team }).unwrap();
    world.exchange();
    assert!(!see_each_other(&world, ALICE, BOB));
    assert!(world.node("acme").state.small_channel(&team, bob).is_none());
}

#[test]
fn in_a_large_group_who_asks_may_know_and_nobody_is_told() {
    let names = (0..101).map(|number| &*format!("user{number}@acme").leak());
    let users: Vec<&'static str> = names.chain([BOB]).collect();
    let mut world = World::new(&users);
    let (first, last) = (users[0], users[100]);
    let team = world.group_of(first, "team", 200);
    users[1..100].iter().for_each(|member| world.bring(first, member, team));
    assert!(see_each_other(&world, first, users[99]));
    let (one, other) = (world.account(first).0, world.account(users[99]).0);
    world.bring(first, last, team);
    assert!(!see_each_other(&world, first, users[99]));
    let state = &world.node("acme").state;
    assert!(state.may_read(other, one));
    assert!(state.small_channel(&team, one).is_none());
    let bob = world.account(BOB).0;
    assert!(!state.may_read(bob, one) && !state.may_read(one, bob));
}

#[test]
fn a_status_and_a_time_of_activity_are_kept() {
    let mut world = World::new(&[ALICE, BOB]);
    let account = world.account(ALICE).0.number;
    let status = |text: &str| Command::SetStatus { account, status: Some(text.to_owned()) };
    let long = "é".repeat(101);
    for wrong in [long.as_str(), "", "two\nlines"] {
        let answer = world.node_mut("acme").apply(status(wrong)).answer;
        assert_eq!(answer, Answer::Refused(comity_machine::RefusedCode(Code::StatusInvalid)));
    }
    let answer = world.node_mut("acme").apply(status("at lunch")).answer;
    assert_eq!(answer, Answer::Done);
    let active = |unix_ms| Command::NoteActive { accounts: vec![(account, unix_ms)] };
    world.node_mut("acme").apply(active(1_000));
    // One that is older says nothing new.
    world.node_mut("acme").apply(active(900));
    let kept = &world.node("acme").state.accounts[&account];
    assert_eq!(kept.status.as_deref(), Some("at lunch"));
    assert_eq!(kept.last_active_unix_ms, Some(1_000));
    let none = Command::SetStatus { account, status: None };
    world.node_mut("acme").apply(none);
    assert_eq!(world.node("acme").state.accounts[&account].status, None);
}
