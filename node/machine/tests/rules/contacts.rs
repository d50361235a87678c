//! Contacts: both sides come to the same, whatever crosses on the way, and who was declined is not
//! heard again.

use comity_machine::{Act, Answer, ContactStanding};
use comity_protocol::code::Code;

use super::world::World;

use ContactStanding::{Agreed, Asked, Asking, Declined};

const ALICE: &str = "alice@acme";
const ADA: &str = "ada@acme";
const BOB: &str = "bob@globex";

fn world() -> World {
    World::new(&[ALICE, ADA, BOB])
}

fn adds(world: &mut World, user: &str, whom: &str) -> Result<Answer, Code> {
    let (account, label) = world.account(whom);
    world.act(user, Act::AddContact { account, label })
}

fn removes(world: &mut World, user: &str, whom: &str) -> Result<Answer, Code> {
    let (account, _) = world.account(whom);
    world.act(user, Act::RemoveContact { account })
}

fn standing(world: &World, user: &str, whom: &str) -> Option<ContactStanding> {
    let (_, domain) = user.split_once('@').unwrap();
    let (own, (other, label)) = (world.account(user).0.number, world.account(whom));
    let state = &world.node(domain).state;
    let found = state.contacts_of(own).find(|(account, _)| *account == other);
    found.map(|(_, contact)| {
        assert_eq!(contact.label, label);
        contact.standing
    })
}

fn both(world: &World, a: &str, b: &str) -> (Option<ContactStanding>, Option<ContactStanding>) {
    (standing(world, a, b), standing(world, b, a))
}

/// How many steps between contacts a user's devices were shown.
fn shown(world: &World, user: &str) -> usize {
    let (_, domain) = user.split_once('@').unwrap();
    let number = world.account(user).0.number;
    let node = world.node(domain);
    node.records.iter().filter(|record| record.inbox.contains(&number)).count()
}

/// Alice with somebody of her own organisation, and of another.
const PAIRS: [(&str, &str); 2] = [(ALICE, ADA), (ALICE, BOB)];

#[test]
fn who_invites_is_a_stranger_until_the_account_knows_him() {
    let mut world = world();
    let bob = world.account(BOB).0.number;
    let is_stranger = |world: &World, who: &str| world.node("globex").state.is_stranger(bob, who);
    assert!(is_stranger(&world, "alice@acme.test") && is_stranger(&world, "eve@notglobex.test"));
    assert!(!is_stranger(&world, "bella@globex.test"), "one of the same organisation");
    // To be asked makes nobody known; to ask does.
    adds(&mut world, ALICE, BOB).unwrap();
    world.exchange();
    assert!(is_stranger(&world, "alice@acme.test"));
    adds(&mut world, BOB, ALICE).unwrap();
    assert!(!is_stranger(&world, "alice@acme.test"));
    let talk = world.direct(ADA, BOB);
    world.say(ADA, talk, "hello").unwrap();
    assert!(is_stranger(&world, "ada@acme.test"));
    world.exchange();
    assert!(!is_stranger(&world, "ada@acme.test"));
}

#[test]
fn one_asks_the_other_agrees_and_either_ends_it() {
    for (a, b) in PAIRS {
        let mut world = world();
        assert_eq!(adds(&mut world, a, b), Ok(Answer::Requested));
        world.exchange();
        assert_eq!(both(&world, a, b), (Some(Asked), Some(Asking)));
        assert_eq!(adds(&mut world, a, b), Ok(Answer::Requested), "asked already");
        assert_eq!(adds(&mut world, b, a), Ok(Answer::Done));
        world.exchange();
        assert_eq!(both(&world, a, b), (Some(Agreed), Some(Agreed)));
        assert_eq!(adds(&mut world, a, b), Ok(Answer::Done));
        assert_eq!(removes(&mut world, b, a), Ok(Answer::Done));
        world.exchange();
        assert_eq!(both(&world, a, b), (None, None));
        assert_eq!(removes(&mut world, b, a), Err(Code::ContactNotFound));
        // Each step was shown to both.
        assert_eq!((shown(&world, a), shown(&world, b)), (3, 3));
        for node in ["acme", "globex"] {
            world.node(node).check_reload();
            world.node(node).check_replay();
        }
    }
}

#[test]
fn who_was_declined_is_not_heard_again_until_he_is_asked() {
    for (a, b) in PAIRS {
        let mut world = world();
        adds(&mut world, a, b).unwrap();
        world.exchange();
        removes(&mut world, b, a).unwrap();
        world.exchange();
        assert_eq!(both(&world, a, b), (None, Some(Declined)));
        assert_eq!(removes(&mut world, b, a), Ok(Answer::Done));
        let before = shown(&world, b);
        for _ in 0..3 {
            assert_eq!(adds(&mut world, a, b), Ok(Answer::Requested));
            world.exchange();
            removes(&mut world, a, b).unwrap();
            world.exchange();
        }
        adds(&mut world, a, b).unwrap();
        world.exchange();
        assert_eq!(shown(&world, b), before, "not a word");
        assert_eq!(both(&world, a, b), (Some(Asked), Some(Declined)));
        // Whoever declined may ask all the same, and the open request meets it.
        adds(&mut world, b, a).unwrap();
        world.exchange();
        assert_eq!(both(&world, a, b), (Some(Agreed), Some(Agreed)));
    }
}

#[test]
fn requests_that_cross_agree_and_an_accept_that_comes_too_late_ends() {
    let mut world = world();
    adds(&mut world, ALICE, BOB).unwrap();
    adds(&mut world, BOB, ALICE).unwrap();
    world.exchange();
    assert_eq!(both(&world, ALICE, BOB), (Some(Agreed), Some(Agreed)));
    removes(&mut world, ALICE, BOB).unwrap();
    world.exchange();
    adds(&mut world, ALICE, BOB).unwrap();
    world.exchange();
    // Alice takes it back while Bob agrees.
    removes(&mut world, ALICE, BOB).unwrap();
    adds(&mut world, BOB, ALICE).unwrap();
    world.exchange();
    assert_eq!(both(&world, ALICE, BOB), (None, None));
}

#[test]
fn an_accept_of_what_was_ended_meanwhile_is_answered() {
    let mut world = world();
    adds(&mut world, ALICE, BOB).unwrap();
    world.exchange();
    adds(&mut world, BOB, ALICE).unwrap();
    world.exchange();
    // Both end it, and Alice asks anew before she hears of Bob's end, which she takes for a no.
    removes(&mut world, ALICE, BOB).unwrap();
    adds(&mut world, ALICE, BOB).unwrap();
    removes(&mut world, BOB, ALICE).unwrap();
    world.exchange();
    assert_eq!(both(&world, ALICE, BOB), (None, Some(Asking)));
    assert_eq!(adds(&mut world, BOB, ALICE), Ok(Answer::Done));
    world.exchange();
    assert_eq!(both(&world, ALICE, BOB), (None, None));
}

#[test]
fn a_request_is_between_two_who_exist() {
    let mut world = world();
    assert_eq!(adds(&mut world, ALICE, ALICE), Err(Code::ContactSelf));
    let (account, _) = world.account(BOB);
    let act = Act::AddContact { account, label: "bob@acme.test".into() };
    assert_eq!(world.act(ALICE, act), Err(Code::AccountNotFound));
    assert_eq!(standing(&world, ALICE, BOB), None);
}
