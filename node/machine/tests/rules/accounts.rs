//! Accounts, devices, invite tokens and nonces.

use comity_machine::{
    AccountPower, Act, Answer, Command, DeviceId, INVITES_MAX, SignUpRule, USED_ROUGHLY_MS,
};
use comity_protocol::code::Code;
use comity_protocol::hash::Hash;
use comity_protocol::id::AccountNumber;
use comity_protocol::limits::NONCE_WINDOW;

use super::world::{BEGINNING_MS, Node, World, token};

fn sign_up(world: &mut World, number: u64, name: &str, rule: SignUpRule) -> Option<Code> {
    sign_up_at(world, number, name, rule, BEGINNING_MS)
}

fn sign_up_at(
    world: &mut World,
    number: u64,
    name: &str,
    rule: SignUpRule,
    unix_ms: u64,
) -> Option<Code> {
    let (number, name) = (AccountNumber(number), name.to_owned());
    let password = String::from("$argon2id$");
    let command = Command::CreateAccount { number, name, password, rule, unix_ms };
    refusal(world.node_mut("acme").apply(command).answer)
}

fn refusal(answer: Answer) -> Option<Code> {
    match answer {
        Answer::Refused(code) => Some(code.0),
        _ => None,
    }
}

#[test]
fn a_name_is_never_given_out_twice() {
    let mut world = World::new(&["alice@acme"]);
    assert_eq!(sign_up(&mut world, 7, "alice", SignUpRule::Open), Some(Code::NameTaken));
    assert_eq!(sign_up(&mut world, 7, "bob", SignUpRule::Open), None);
    assert_eq!(sign_up(&mut world, 7, "carol", SignUpRule::Open), Some(Code::Internal));
    assert_eq!(sign_up(&mut world, 0, "carol", SignUpRule::Open), Some(Code::Internal));
    assert_eq!(sign_up(&mut world, 8, "carol", SignUpRule::Closed), Some(Code::SignUpClosed));
}

#[test]
fn a_name_that_could_not_be_a_label_is_refused() {
    let mut world = World::new(&["alice@acme"]);
    for name in ["", "Bob", "b@b", " bob", "bob smith"] {
        assert_eq!(
            sign_up(&mut world, 7, name, SignUpRule::Open),
            Some(Code::NameInvalid),
            "{name}"
        );
    }
}

#[test]
fn an_invite_token_lets_in_as_many_as_it_says_until_it_expires() {
    let mut world = World::new(&["alice@acme"]);
    let expires_unix_ms = BEGINNING_MS + 1_000;
    let invite =
        |number, uses| Command::CreateInvite { token: token(number), uses, expires_unix_ms };
    world.node_mut("acme").apply(invite(1, 2));
    let with = |number| SignUpRule::Invite(token(number));
    let wrong = Some(Code::InviteTokenInvalid);
    assert_eq!(sign_up(&mut world, 7, "bob", with(9)), wrong);
    // A refused sign-up uses nothing up.
    assert_eq!(sign_up(&mut world, 7, "alice", with(1)), Some(Code::NameTaken));
    assert_eq!(sign_up(&mut world, 7, "bob", with(1)), None);
    assert_eq!(sign_up_at(&mut world, 8, "carol", with(1), expires_unix_ms), wrong);
    assert_eq!(sign_up_at(&mut world, 8, "carol", with(1), expires_unix_ms - 1), None);
    assert_eq!(sign_up(&mut world, 9, "dora", with(1)), wrong);
    world.node_mut("acme").apply(invite(2, 0));
    assert_eq!(sign_up(&mut world, 9, "dora", with(2)), wrong);
}

#[test]
fn a_revoked_invite_and_an_expired_one_let_nobody_in() {
    let mut world = World::new(&["alice@acme"]);
    let invite = |number, after| Command::CreateInvite {
        token: token(number),
        uses: 3,
        expires_unix_ms: BEGINNING_MS + after,
    };
    let node = world.node_mut("acme");
    let [one, other, third] = [invite(1, 9_000), invite(2, 9_000), invite(3, 1_000)];
    for invite in [one, other, third] {
        assert_eq!(node.apply(invite).answer, Answer::Done);
    }
    let revoke = Command::RevokeInvite { token: token(1) };
    assert_eq!(node.apply(revoke.clone()).answer, Answer::Done);
    assert_eq!(refusal(node.apply(revoke).answer), Some(Code::InviteNotFound));
    assert!(!node.state.has_expired_invites(BEGINNING_MS + 999));
    assert!(node.state.has_expired_invites(BEGINNING_MS + 1_000));
    node.apply(tend(&[], &[], 0, BEGINNING_MS + 1_000));
    assert_eq!(node.state.invites.keys().copied().collect::<Vec<_>>(), [token(2)]);
    let with = |number| SignUpRule::Invite(token(number));
    assert_eq!(sign_up(&mut world, 7, "bob", with(1)), Some(Code::InviteTokenInvalid));
    assert_eq!(sign_up(&mut world, 7, "bob", with(2)), None);
}

#[test]
fn invites_have_a_limit() {
    let mut world = World::new(&["alice@acme"]);
    let node = world.node_mut("acme");
    let invite = |number: u64| {
        let mut token = [7; 32];
        token[..8].copy_from_slice(&number.to_be_bytes());
        let (token, uses, expires_unix_ms) = (Hash(token), 1, BEGINNING_MS + 1_000);
        Command::CreateInvite { token, uses, expires_unix_ms }
    };
    let max = u64::try_from(INVITES_MAX).unwrap();
    for number in 0..max {
        assert_eq!(node.apply(invite(number)).answer, Answer::Done);
    }
    let further = node.apply(invite(max)).answer;
    assert_eq!(refusal(further), Some(Code::InviteLimit));
    node.apply(tend(&[], &[], 0, BEGINNING_MS + 1_000));
    assert_eq!(node.apply(invite(max)).answer, Answer::Done);
}

fn tend(used: &[u64], unused: &[u64], unused_since_ms: u64, unix_ms: u64) -> Command {
    let devices = |ids: &[u64]| ids.iter().map(|id| DeviceId(*id)).collect();
    Command::Tend { used: devices(used), unused: devices(unused), unused_since_ms, unix_ms }
}

#[test]
fn a_device_that_nobody_uses_is_logged_out() {
    const DAY: u64 = USED_ROUGHLY_MS;
    let mut world = World::new(&["alice@acme"]);
    let alice = world.node("acme").users["alice"].number;
    let node = world.node_mut("acme");
    for number in [50, 51] {
        let name = "phone".to_owned();
        let (account, device, devices_max) = (alice, DeviceId(number), 9);
        let (token, unix_ms) = (token(number), BEGINNING_MS);
        node.apply(Command::AddDevice { account, device, name, token, unix_ms, devices_max });
    }
    // Its use is written down at most once a day.
    let seen = |node: &Node| node.state.devices[&DeviceId(50)].used_unix_ms;
    node.apply(tend(&[50], &[], 0, BEGINNING_MS + DAY - 1));
    assert_eq!(seen(node), None);
    assert_eq!(node.apply(tend(&[50, 99], &[], 0, BEGINNING_MS + DAY)).dirty.len(), 1);
    assert_eq!(seen(node), Some(BEGINNING_MS + DAY));
    assert!(node.apply(tend(&[50], &[], 0, BEGINNING_MS + DAY * 2 - 1)).dirty.is_empty());

    let since = BEGINNING_MS + DAY;
    let (unused, on) = node.state.unused(None, 1_000, since);
    assert!(unused.contains(&DeviceId(51)) && !unused.contains(&DeviceId(50)));
    assert_eq!(on, None);
    let (mut found, mut on) = node.state.unused(None, 1, since);
    while on.is_some() {
        let next = node.state.unused(on, 1, since);
        found.extend(next.0);
        on = next.1;
    }
    assert_eq!(found, unused);
    // What was used meanwhile stays.
    let done = node.apply(tend(&[], &[50, 51, 99], since, BEGINNING_MS + DAY * 3));
    assert_eq!(done.logged_out, [DeviceId(51)]);
    assert!(!node.state.tokens.contains_key(&token(51)));
    assert!(node.state.tokens.contains_key(&token(50)));
}

#[test]
fn devices_have_tokens_and_a_limit() {
    let mut world = World::new(&["alice@acme", "bob@acme"]);
    let alice = world.node("acme").users["alice"].number;
    let add = |device, number, devices_max| Command::AddDevice {
        account: alice,
        device: DeviceId(device),
        name: "phone".into(),
        token: token(number),
        unix_ms: BEGINNING_MS,
        devices_max,
    };
    let node = world.node_mut("acme");
    assert_eq!(refusal(node.apply(add(50, 50, 2)).answer), None);
    assert_eq!(refusal(node.apply(add(51, 51, 2)).answer), Some(Code::DeviceLimit));
    assert_eq!(refusal(node.apply(add(50, 52, 9)).answer), Some(Code::Internal));
    assert_eq!(refusal(node.apply(add(52, 50, 9)).answer), Some(Code::Internal));
    assert_eq!(node.state.tokens[&token(50)], DeviceId(50));
    let remove = |account, device| Command::RemoveDevice { account, device: DeviceId(device) };
    let bob = node.users["bob"].number;
    let foreign = node.apply(remove(bob, 50));
    assert_eq!(refusal(foreign.answer), Some(Code::DeviceNotFound));
    assert_eq!(foreign.logged_out, []);
    assert_eq!(node.apply(remove(alice, 50)).logged_out, [DeviceId(50)]);
    assert!(!node.state.tokens.contains_key(&token(50)));
    assert_eq!(refusal(node.apply(remove(alice, 50)).answer), Some(Code::DeviceNotFound));
    let unknown = Command::SetPassword { account: AccountNumber(99), password: "x".into() };
    assert_eq!(refusal(node.apply(unknown).answer), Some(Code::AccountNotFound));
}

#[test]
fn a_revoked_device_does_nothing_any_more() {
    let mut world = World::new(&["alice@acme", "bob@acme"]);
    let talk = world.direct("alice@acme", "bob@acme");
    let alice = world.node("acme").users["alice"];
    let remove = Command::RemoveDevice { account: alice.number, device: alice.device };
    world.node_mut("acme").apply(remove);
    assert_eq!(world.say("alice@acme", talk, "hello"), Err(Code::TokenInvalid));
}

#[test]
fn a_device_of_another_account_does_nothing() {
    let mut world = World::new(&["alice@acme", "bob@acme"]);
    let talk = world.direct("alice@acme", "bob@acme");
    let bob = world.node("acme").users["bob"].device;
    world.node_mut("acme").users.get_mut("alice").unwrap().device = bob;
    assert_eq!(world.say("alice@acme", talk, "hello"), Err(Code::TokenInvalid));
}

fn send(
    world: &mut World,
    nonce: u64,
    channel: comity_protocol::id::ChannelId,
    text: &str,
) -> Result<Answer, Code> {
    world.act_with("alice@acme", Some(nonce), Act::send(channel, text))
}

#[test]
fn a_repeated_nonce_gets_the_first_answer_and_another_text_is_refused() {
    let mut world = World::new(&["alice@acme", "bob@acme"]);
    let talk = world.direct("alice@acme", "bob@acme");
    let first = send(&mut world, 1, talk, "hello").unwrap();
    assert_eq!(send(&mut world, 1, talk, "hello").unwrap(), first);
    assert_eq!(send(&mut world, 1, talk, "other"), Err(Code::NonceReused));
    assert_eq!(world.texts("acme", talk), ["alice@acme.test: hello"]);
    assert_eq!(send(&mut world, 0, talk, "zero"), Err(Code::NonceTooOld));
    // Without a nonce each is done.
    world.say("alice@acme", talk, "hello").unwrap();
    assert_eq!(world.texts("acme", talk).len(), 2);
}

#[test]
fn a_refused_nonce_may_be_repeated() {
    let mut world = World::new(&["alice@acme", "bob@acme"]);
    let talk = world.direct("alice@acme", "bob@acme");
    assert_eq!(send(&mut world, 5, talk, ""), Err(Code::TextEmpty));
    assert!(send(&mut world, 5, talk, "better").is_ok());
}

#[test]
fn a_window_of_answers_is_kept() {
    let mut world = World::new(&["alice@acme", "bob@acme"]);
    let talk = world.direct("alice@acme", "bob@acme");
    let first = send(&mut world, 1, talk, "first").unwrap();
    send(&mut world, NONCE_WINDOW, talk, "newest").unwrap();
    assert_eq!(send(&mut world, 1, talk, "first").unwrap(), first);
    send(&mut world, NONCE_WINDOW + 1, talk, "newer").unwrap();
    assert_eq!(send(&mut world, 1, talk, "first"), Err(Code::NonceTooOld));
    // Inside the window and never seen: done, out of order.
    assert!(send(&mut world, 2, talk, "late").is_ok());
    assert_eq!(world.texts("acme", talk).len(), 4);
}

#[test]
fn answers_that_left_the_window_leave_the_store() {
    let mut world = World::new(&["alice@acme", "bob@acme"]);
    let talk = world.direct("alice@acme", "bob@acme");
    for nonce in [1, 2, 3, 5_000] {
        send(&mut world, nonce, talk, "text").unwrap();
    }
    let alice = world.node("acme").users["alice"];
    let remove = Command::RemoveDevice { account: alice.number, device: alice.device };
    world.node_mut("acme").apply(remove);
    // An answer of a device that is no more would keep the node from starting.
    world.node("acme").check_reload();
}

#[test]
fn the_largest_nonce_is_one_like_any() {
    let mut world = World::new(&["alice@acme", "bob@acme"]);
    let talk = world.direct("alice@acme", "bob@acme");
    let first = send(&mut world, u64::MAX, talk, "hello").unwrap();
    assert_eq!(send(&mut world, u64::MAX, talk, "hello").unwrap(), first);
    assert_eq!(send(&mut world, 1, talk, "hello"), Err(Code::NonceTooOld));
    assert!(send(&mut world, u64::MAX - 1_023, talk, "hello").is_ok());
    assert_eq!(send(&mut world, u64::MAX - 1_024, talk, "hello"), Err(Code::NonceTooOld));
}

#[test]
fn what_is_foreseen_is_what_happens() {
    let mut world = World::new(&["alice@acme", "bob@acme"]);
    let talk = world.direct("alice@acme", "bob@acme");
    let alice = world.node("acme").users["alice"];
    let act = |text: &str| Act::send(talk, text);
    let first = send(&mut world, 1, talk, "hello").unwrap();
    let state = &world.node("acme").state;
    let foresee = |nonce, act: &Act| state.foresee(alice.number, alice.device, nonce, act);
    assert_eq!(foresee(Some(1), &act("hello")), Ok(Some(first)));
    assert_eq!(foresee(Some(1), &act("other")), Err(Code::NonceReused));
    assert_eq!(foresee(None, &act("")), Err(Code::TextEmpty));
    assert_eq!(foresee(Some(2), &act("hello")), Ok(None));
    let other = state.foresee(alice.number, DeviceId(77), None, &act("hello"));
    assert_eq!(other, Err(Code::TokenInvalid));
}

#[test]
fn texts_have_a_length_in_characters() {
    let mut world = World::new(&["alice@acme", "bob@acme"]);
    let talk = world.direct("alice@acme", "bob@acme");
    let longest = "가".repeat(100_000);
    assert!(world.say("alice@acme", talk, &longest).is_ok());
    let longer = format!("{longest}나");
    assert_eq!(world.say("alice@acme", talk, &longer), Err(Code::TextTooLong));
}

#[test]
fn a_store_is_founded_once() {
    let mut world = World::new(&["alice@acme"]);
    let node = world.node_mut("acme");
    let (key, recovery) = (node.key.public(), Hash([1; 32]));
    let again = Command::Found { domain: "evil.test".into(), key, recovery, store: 9 };
    assert_eq!(refusal(node.apply(again).answer), Some(Code::Internal));
    assert_eq!(node.state.domain(), "acme.test");
}

#[test]
fn nobody_is_introduced_under_a_name_that_is_taken() {
    let mut world = World::new(&["alice@acme", "bob@globex"]);
    let node = world.node_mut("acme");
    let (key, recovery) = (node.key.public(), Hash([1; 32]));
    let introduce = |domain: &str| Command::Introduce { domain: domain.into(), key, recovery };
    assert_eq!(refusal(node.apply(introduce("globex.test")).answer), Some(Code::DomainKeyChanged));
    assert_eq!(refusal(node.apply(introduce("acme.test")).answer), Some(Code::PeerNameMismatch));
    assert_eq!(refusal(node.apply(introduce("no domain")).answer), Some(Code::NameInvalid));
    assert_eq!(node.state.peers.len(), 1);
}

#[test]
fn who_is_suspended_or_gets_another_password_is_logged_out_everywhere() {
    let mut world = World::new(&["alice@acme", "bob@acme"]);
    let alice = world.node("acme").users["alice"];
    let node = world.node_mut("acme");
    let administer = |change| Command::Administer { account: alice.number, change };
    let device = |id: u64| Command::AddDevice {
        account: alice.number,
        device: DeviceId(id),
        name: "another".into(),
        token: Hash([u8::try_from(id).unwrap(); 32]),
        unix_ms: 5,
        devices_max: 9,
    };
    let gone = node.apply(administer(AccountPower::Suspended(true)));
    assert_eq!((gone.answer, gone.logged_out), (Answer::Done, vec![alice.device]));
    let refused = node.apply(device(7)).answer;
    assert_eq!(refusal(refused), Some(Code::AccountSuspended));
    assert_eq!(node.apply(administer(AccountPower::Suspended(false))).answer, Answer::Done);
    assert_eq!(node.apply(device(7)).answer, Answer::Done);
    let reset = node.apply(administer(AccountPower::Password("$new$".into())));
    assert_eq!(reset.logged_out, [DeviceId(7)]);
    // What the account may do is no reason to log it out, and is kept.
    assert_eq!(node.apply(device(8)).answer, Answer::Done);
    let made = node.apply(administer(AccountPower::Admin(true)));
    assert!(made.logged_out.is_empty());
    node.check_reload();
    assert!(node.state.accounts[&alice.number].is_admin);
    let nobody =
        Command::Administer { account: AccountNumber(77), change: AccountPower::Admin(true) };
    assert_eq!(refusal(node.apply(nobody).answer), Some(Code::AccountNotFound));
}
