//! Within one organisation.

use comity_protocol::presence::PresenceState::{self, Away, Busy, Offline, Online, Unknown};

use super::*;

/// What is seen of one account.
fn one(number: u64, state: PresenceState) -> Vec<(String, PresenceState)> {
    vec![(name(1, number), state)]
}

/// Accounts 1 and 2, who see each other, and 3, who sees nobody; 1 and 3 are there and have seen
/// what there is to be seen.
fn node() -> (Node, Phone, Phone) {
    let mut node = Node::new(1);
    node.tie(account(1, 1), account(1, 2));
    let (alice, carol) = (node.connects(1, 11), node.connects(3, 33));
    node.wait(1_000);
    assert_eq!(alice.socket.news(), one(1, Online));
    assert_eq!(carol.socket.news(), one(3, Online));
    (node, alice, carol)
}

/// All that are named beat, again and again.
fn wait_beating(node: &mut Node, ms: u64, phones: &[&Phone]) {
    let until_ms = node.now.ms + ms;
    while node.now.ms < until_ms {
        node.wait(until_ms.min(node.now.ms + 5_000) - node.now.ms);
        phones.iter().for_each(|phone| phone.beat.beat(node.now.ms));
    }
}

#[test]
fn who_comes_is_seen_by_who_may_see_him_and_by_nobody_else() {
    let (mut node, alice, carol) = node();
    let bob = node.connects(2, 22);
    // Of those who are there already he is shown at once, of himself with the next telling.
    assert_eq!(bob.socket.news(), one(1, Online));
    node.wait(199);
    assert_eq!(alice.socket.news(), vec![]);
    node.wait(1);
    assert_eq!(alice.socket.news(), one(2, Online));
    assert_eq!(bob.socket.news(), one(2, Online));
    node.leaves(&bob);
    node.wait(1_000);
    assert_eq!(alice.socket.news(), one(2, Offline));
    assert_eq!(carol.socket.news(), vec![]);
    assert_eq!(node.shown(1, 2), Some(Offline));
}

#[test]
fn a_device_is_gone_when_its_beat_is_older_than_the_timeout() {
    let (mut node, alice, carol) = node();
    let bob = node.connects(2, 22);
    wait_beating(&mut node, 60_000, &[&alice, &carol, &bob]);
    assert_eq!(alice.socket.news(), one(2, Online));
    let last_ms = node.now.ms;
    node.loses(&bob);
    wait_beating(&mut node, 29_000, &[&alice, &carol]);
    assert_eq!(alice.socket.news(), vec![], "a lost connection alone is seen by nobody");
    wait_beating(&mut node, 2_000, &[&alice, &carol]);
    assert_eq!(alice.socket.news(), one(2, Offline));
    let shown = node.presence.shown(account(1, 2)).unwrap();
    assert_eq!(shown.last_active_unix_ms, Some(UNIX_MS + last_ms), "when it beat last");
}

#[test]
fn a_connection_that_returns_in_time_is_seen_by_nobody() {
    let (mut node, alice, carol) = node();
    let bob = node.connects(2, 22);
    wait_beating(&mut node, 1_000, &[&alice, &carol, &bob]);
    assert_eq!(alice.socket.news(), one(2, Online));
    node.loses(&bob);
    wait_beating(&mut node, 25_000, &[&alice, &carol]);
    let again = node.connects(2, 22);
    assert_eq!(again.socket.news().len(), 2, "it is shown anew who is there");
    wait_beating(&mut node, 60_000, &[&alice, &carol, &again]);
    assert_eq!(alice.socket.news(), vec![]);
}

#[test]
fn several_devices_make_one_state() {
    let (mut node, alice, _) = node();
    let (phone, laptop) = (node.connects(2, 22), node.connects(2, 23));
    node.wait(2_000);
    assert_eq!(alice.socket.news(), one(2, Online));
    node.chooses(&phone, Choice::Away);
    node.wait(2_000);
    assert_eq!(alice.socket.news(), vec![], "the laptop is there");
    node.chooses(&laptop, Choice::Away);
    node.wait(2_000);
    assert_eq!(alice.socket.news(), one(2, Away));
    node.chooses(&laptop, Choice::Online);
    node.wait(2_000);
    assert_eq!(alice.socket.news(), one(2, Online));
    node.chooses(&phone, Choice::Busy);
    node.wait(2_000);
    assert_eq!(alice.socket.news(), one(2, Busy));
    node.leaves(&phone);
    node.wait(2_000);
    assert_eq!(alice.socket.news(), one(2, Online));
    node.presence.log_out(laptop.device, node.now);
    node.wait(2_000);
    assert_eq!(alice.socket.news(), one(2, Offline));
}

#[test]
fn two_sockets_of_a_device_are_one_device() {
    let (mut node, alice, _) = node();
    let (one_tab, other_tab) = (node.connects(2, 22), node.connects(2, 22));
    node.wait(2_000);
    assert_eq!(alice.socket.news(), one(2, Online));
    node.leaves(&one_tab);
    node.wait(2_000);
    assert_eq!(alice.socket.news(), vec![]);
    node.leaves(&other_tab);
    node.wait(2_000);
    assert_eq!(alice.socket.news(), one(2, Offline));
}

#[test]
fn changes_of_one_moment_are_one_frame_and_who_flickers_is_seen_once_a_second() {
    let mut node = Node::new(1);
    for number in 2..=6 {
        node.tie(account(1, 1), account(1, number));
    }
    let alice = node.connects(1, 11);
    node.wait(1_000);
    alice.socket.news();
    let phones: Vec<Phone> = (2..=6).map(|number| node.connects(number, number)).collect();
    node.wait(200);
    assert_eq!(alice.socket.0.borrow().len(), 1);
    assert_eq!(alice.socket.news().len(), 5);
    for step in 0..50 {
        let choice = if step % 2 == 0 { Choice::Busy } else { Choice::Online };
        node.chooses(&phones[0], choice);
        node.wait(201);
    }
    let seen = alice.socket.news().len();
    assert!((5..=10).contains(&seen), "{seen} in ten seconds");
}

#[test]
fn nobody_is_told_what_did_not_change() {
    let (mut node, alice, _) = node();
    let bob = node.connects(2, 22);
    node.wait(2_000);
    alice.socket.news();
    node.chooses(&bob, Choice::Away);
    node.chooses(&bob, Choice::Online);
    node.wait(2_000);
    assert_eq!(alice.socket.news(), vec![]);
}

#[test]
fn a_status_is_shown_and_outlives_its_devices() {
    let (mut node, alice, _) = node();
    let bob = node.connects(2, 22);
    node.presence.set_status(AccountNumber(2), Some("lunch".into()), node.now);
    node.wait(2_000);
    let status = |socket: &Socket| socket.0.take().pop().unwrap()[0].status.clone();
    assert_eq!(status(&alice.socket).as_deref(), Some("lunch"));
    node.leaves(&bob);
    node.wait(2_000);
    assert_eq!(status(&alice.socket).as_deref(), Some("lunch"));
}

#[test]
fn whom_an_account_sees_follows_its_relations() {
    let (mut node, alice, carol) = node();
    let bob = node.connects(2, 22);
    node.wait(2_000);
    for phone in [&alice, &bob, &carol] {
        phone.socket.news();
    }
    node.tie(account(1, 2), account(1, 3));
    node.untie(account(1, 1), account(1, 2));
    node.changes(&[1, 2, 3]);
    node.wait(2_000);
    assert_eq!(alice.socket.news(), one(2, Unknown));
    assert_eq!(bob.socket.news(), vec![(name(1, 3), Online), (name(1, 1), Unknown)]);
    assert_eq!(carol.socket.news(), one(2, Online));
    node.leaves(&bob);
    node.wait(2_000);
    assert_eq!(alice.socket.news(), vec![]);
    assert_eq!(carol.socket.news(), one(2, Offline));
}

#[test]
fn times_of_activity_are_written_together_and_seldom() {
    let (mut node, ..) = node();
    let bob = node.connects(2, 22);
    node.wait(10_000);
    node.leaves(&bob);
    let left_ms = node.now.unix_ms;
    node.wait(40_000);
    assert_eq!(node.written, Vec::<Vec<_>>::new());
    node.wait(500_000);
    let [first] = &node.written[..] else { panic!("{:?}", node.written) };
    assert_eq!(first.len(), 3, "all who came, and all who went");
    assert!(first.contains(&(AccountNumber(2), left_ms)));
}

#[test]
fn who_is_there_when_the_node_ends_was_there_until_then() {
    let (mut node, ..) = node();
    node.wait(5_000);
    node.presence.finish(node.now);
    let at = node.now.unix_ms;
    let expected = vec![(AccountNumber(1), at), (AccountNumber(3), at)];
    assert_eq!(node.presence.poll_actives(node.now), expected);
}

#[test]
fn what_is_kept_is_shown_of_who_is_not_there() {
    let mut node = Node::new(1);
    node.tie(account(1, 1), account(1, 2));
    node.ties.kept.insert(account(1, 2), (Some("on holiday".into()), Some(UNIX_MS - 9)));
    let alice = node.connects(1, 11);
    node.wait(1_000);
    assert_eq!(alice.socket.news(), one(1, Online), "who is offline is not shown unasked");
    let bob = node.presence.shown(account(1, 2)).unwrap();
    assert_eq!((bob.state, bob.status.as_deref()), (Offline, Some("on holiday")));
    assert_eq!(bob.last_active_unix_ms, Some(UNIX_MS - 9));
}

#[test]
fn a_large_snapshot_comes_in_parts() {
    let mut node = Node::new(1);
    for number in 2..=251 {
        node.tie(account(1, 1), account(1, number));
        node.connects(number, number);
    }
    node.wait(1_000);
    let alice = node.connects(1, 11);
    assert_eq!(alice.socket.0.borrow().len(), 3);
    assert_eq!(alice.socket.news().len(), 250);
    alice.socket.news();
    node.presence.show_again(11, alice.attendance);
    assert_eq!(alice.socket.news().len(), 250);
}

#[test]
fn nobody_is_kept_who_is_not_needed() {
    let (mut node, alice, carol) = node();
    let bob = node.connects(2, 22);
    node.wait(1_000);
    assert_eq!(node.presence.known(), 3);
    for phone in [&alice, &bob, &carol] {
        node.leaves(phone);
    }
    node.wait(5_000);
    assert_eq!(node.presence.known(), 0);
    node.wait(60_000);
    assert_eq!(node.presence.poll_timeout(), None);
}

#[test]
fn many_devices_are_asked_for_fewer_beats() {
    let mut node = Node::new(1);
    let first = node.connects(1, 1);
    let mut phones: Vec<Phone> = (2..=1_500).map(|number| node.connects(number, number)).collect();
    assert_eq!(first.socket.1.take(), vec![]);
    phones.extend((1_501..=1_550).map(|number| node.connects(number, number)));
    assert_eq!(first.socket.1.take(), vec![10_000]);
    assert_eq!(node.connects(1, 1).socket.1.take(), vec![10_000], "as well as who comes later");
    node.wait(15_000);
    phones.iter().for_each(|phone| phone.beat.beat(node.now.ms));
    node.wait(17_000);
    assert_eq!(node.shown(1, 2), Some(Online));
    assert_eq!(node.shown(1, 1), None, "who did not beat is gone after three");
    for phone in phones.drain(750..) {
        node.leaves(&phone);
    }
    let staying: Vec<&Phone> = phones.iter().collect();
    wait_beating(&mut node, 70_000, &staying);
    let paced: Vec<u64> = phones[0].socket.1.take();
    assert_eq!(paced.last(), Some(&5_000));
}

#[test]
fn who_is_cut_off_is_gone_in_time_however_rarely_he_beats() {
    let mut node = Node::new(1);
    let phones: Vec<Phone> = (1..=5_100).map(|number| node.connects(number, number)).collect();
    assert_eq!(phones[0].socket.1.take().last(), Some(&20_000), "a minute is a timeout");
    node.wait(10_000);
    node.loses(&phones[0]);
    node.loses(&phones[1]);
    node.wait(29_000);
    assert_eq!(node.shown(1, 1), Some(Online));
    let back = node.connects(2, 2);
    node.wait(2_000);
    assert_eq!(node.shown(1, 1), None, "half a minute after it was lost");
    assert_eq!(node.shown(1, 2), Some(Online), "he is back");
    node.wait(17_000);
    assert_eq!(node.shown(1, 3), Some(Online), "he has a socket");
    node.wait(4_000);
    assert_eq!(node.shown(1, 3), None, "and missed three beats");
    node.leaves(&back);
}

#[test]
fn typing_is_told_only_so_often() {
    let (mut node, alice, _) = node();
    let told = (0..100).filter(|_| node.presence.types(alice.device, node.now)).count();
    assert_eq!(told, 5);
    node.wait(3_000);
    let told = (0..100).filter(|_| node.presence.types(alice.device, node.now)).count();
    assert_eq!(told, 3);
    assert!(!node.presence.types(99, node.now), "a device that is not there");
}

#[test]
fn where_many_are_told_the_next_changes_go_together() {
    let mut node = Node::new(1);
    (2..=2_001).for_each(|number| node.tie(account(1, 1), account(1, number)));
    let phones: Vec<Phone> = (1..=2_001).map(|number| node.connects(number, number)).collect();
    node.wait(5_000);
    phones.iter().for_each(|phone| drop(phone.socket.news()));
    node.chooses(&phones[0], Choice::Away);
    node.wait(200);
    assert_eq!(phones[2_000].socket.news(), one(1, Away));
    // That took two thousand frames, those of two thirds of a second.
    node.chooses(&phones[1], Choice::Busy);
    node.wait(300);
    node.chooses(&phones[2], Choice::Away);
    node.wait(366);
    assert_eq!(phones[0].socket.news(), one(1, Away));
    node.wait(1);
    assert_eq!(phones[0].socket.news(), [one(2, Busy), one(3, Away)].concat());
    node.chooses(&phones[3], Choice::Away);
    node.wait(200);
    assert_eq!(phones[0].socket.news(), one(4, Away), "few are told at once");
}
