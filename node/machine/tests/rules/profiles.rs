//! What accounts show of themselves, and by what they are found.

use comity_machine::{Act, Answer, Command};
use comity_protocol::code::Code;
use comity_protocol::cursor::Pos;
use comity_protocol::limits::AVATAR_BYTES_MAX;
use comity_protocol::profile::avatar_id;

use super::world::World;

const ALICE: &str = "alice@acme";
const ALBERT: &str = "albert@acme";
const BOB: &str = "bob@acme";

fn call(world: &mut World, user: &str, name: &str) -> Result<Answer, Code> {
    let name = Some(name.to_owned()).filter(|name| !name.is_empty());
    world.act(user, Act::SetDisplayName { name })
}

fn show(world: &mut World, user: &str, image: Option<&[u8]>) -> Result<Answer, Code> {
    world.act(user, Act::SetAvatar { image: image.map(|image| image.to_vec().into()) })
}

/// The names of those who are found.
fn found(world: &World, text: &str, max: usize) -> Vec<String> {
    let state = &world.node("acme").state;
    let found = state.search_accounts(text, max).into_iter();
    found.map(|number| state.accounts[&number].name.clone()).collect()
}

#[test]
fn what_an_account_shows_outlasts_the_process() {
    let mut world = World::new(&[ALICE, BOB]);
    let number = world.account(ALICE).0.number;
    call(&mut world, ALICE, "Alice Liddell").unwrap();
    let act = Act::SetAvatar { image: Some(b"a picture".to_vec().into()) };
    let fx = world.perform(ALICE, None, act);
    assert_eq!(fx.avatars, [(number, Some(b"a picture".to_vec().into()))]);
    // The same again is no change.
    let before = world.node("acme").state.accounts[&number].profile_changed;
    call(&mut world, ALICE, "Alice Liddell").unwrap();
    show(&mut world, ALICE, Some(b"a picture")).unwrap();
    let state = &world.node("acme").state;
    assert!(state.profile_changed(number, Pos(before.0 - 1)));
    assert!(!state.profile_changed(number, before));
    let account = &state.accounts[&number];
    assert_eq!(account.display_name.as_deref(), Some("Alice Liddell"));
    assert_eq!(account.avatar, Some(avatar_id(b"a picture")));
    world.node("acme").check_reload();
    world.node("acme").check_replay();
    call(&mut world, ALICE, "").unwrap();
    show(&mut world, ALICE, None).unwrap();
    let account = &world.node("acme").state.accounts[&number];
    assert_eq!((&account.display_name, account.avatar), (&None, None));
}

#[test]
fn what_may_not_be_shown_is_refused_whole() {
    let mut world = World::new(&[ALICE]);
    for name in ["two\nlines", " Alice", "\u{202e}ecilA", "\u{200b}", &"x".repeat(65)] {
        assert_eq!(call(&mut world, ALICE, name), Err(Code::DisplayNameInvalid), "{name:?}");
    }
    for image in [vec![], vec![0; AVATAR_BYTES_MAX + 1]] {
        assert_eq!(show(&mut world, ALICE, Some(&image)), Err(Code::ImageInvalid));
    }
    let number = world.account(ALICE).0.number;
    assert!(!world.node("acme").state.profile_changed(number, Pos(0)));
}

#[test]
fn people_are_found_by_what_their_names_begin_with() {
    let mut world = World::new(&[ALICE, ALBERT, BOB]);
    call(&mut world, BOB, "Bob Ålund-Éva van Dyck").unwrap();
    for (text, names) in [
        ("al", vec!["albert", "alice", "bob"]),
        ("AL", vec!["albert", "alice", "bob"]),
        ("alic", vec!["alice"]),
        ("eva", vec!["bob"]),
        ("ÉVA  Van", vec!["bob"]),
        ("van d", vec!["bob"]),
        ("bo", vec!["bob"]),
        ("lice", vec![]),
        ("yck", vec![]),
    ] {
        assert_eq!(found(&world, text, 50), names, "{text}");
    }
    assert_eq!(found(&world, "al", 2), ["albert", "alice"]);
    call(&mut world, BOB, "Robert").unwrap();
    assert_eq!(found(&world, "eva", 50), [""; 0]);
    assert_eq!(found(&world, "ro", 50), ["bob"]);
    assert_eq!(found(&world, "bob", 50), ["bob"]);
    world.node("acme").check_reload();
}

#[test]
fn who_is_deleted_shows_nothing_and_is_not_found() {
    let mut world = World::new(&[ALICE, BOB]);
    let account = world.account(ALICE).0.number;
    call(&mut world, ALICE, "Alice Liddell").unwrap();
    show(&mut world, ALICE, Some(b"a picture")).unwrap();
    let (unix_ms, random) = (world.now_ms, [1; 32]);
    let command = Command::DeleteAccount { account, unix_ms, random };
    let fx = world.node_mut("acme").apply(command);
    assert_eq!((fx.answer, &fx.avatars[..]), (Answer::Done, &[(account, None)][..]));
    let known = &world.node("acme").state.accounts[&account];
    assert_eq!((&known.display_name, known.avatar), (&None, None));
    for text in ["alice", "liddell"] {
        assert_eq!(found(&world, text, 50), [""; 0], "{text}");
    }
    world.node("acme").check_reload();
    world.node("acme").check_replay();
}
