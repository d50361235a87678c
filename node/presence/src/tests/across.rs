//! Across two organisations.

use comity_protocol::presence::PresenceState::{Away, Busy, Offline, Online, Unknown};
use comity_protocol::presence::{PresenceEntry, PresenceState};

use super::*;

/// Alice at the first is linked with bob at the second; they see each other, and she is there.
fn pair() -> (Pair, Phone) {
    let mut pair = Pair::new();
    pair.tie(account(1, 1), account(2, 2));
    pair.link_up(1);
    let alice = pair.nodes[0].connects(1, 11);
    pair.wait(1_000);
    // Nothing is known of him before his node has answered.
    assert_eq!(alice.socket.news(), [bob(Unknown), (name(1, 1), Online), bob(Offline)]);
    (pair, alice)
}

fn bob(state: PresenceState) -> (String, PresenceState) {
    (name(2, 2), state)
}

/// Everybody who is there beats while time passes.
fn wait_beating(pair: &mut Pair, ms: u64, phones: &[&Phone]) {
    for _ in 0..ms / 5_000 {
        pair.wait(5_000);
        phones.iter().for_each(|phone| phone.beat.beat(pair.nodes[0].now.ms));
    }
}

#[test]
fn who_comes_elsewhere_is_seen_at_once() {
    let (mut pair, alice) = pair();
    let phone = pair.nodes[1].connects(2, 22);
    pair.wait(1_000);
    assert_eq!(alice.socket.news(), [bob(Online)]);
    assert!(phone.socket.news().contains(&(name(1, 1), Online)));
    assert_eq!(pair.denied, 0);
}

#[test]
fn there_is_one_datagram_for_each_change_and_one_in_ten_seconds() {
    let (mut pair, alice) = pair();
    let phone = pair.nodes[1].connects(2, 22);
    pair.wait(1_000);
    alice.socket.news();
    pair.datagrams[1].clear();
    for step in 0..20 {
        let choice = if step % 2 == 0 { Choice::Away } else { Choice::Online };
        pair.nodes[1].chooses(&phone, choice);
        pair.wait(1_500);
        phone.beat.beat(pair.nodes[1].now.ms);
        alice.beat.beat(pair.nodes[0].now.ms);
    }
    let sent = pair.datagrams[1].len();
    assert!((2..=4).contains(&sent), "{sent} in thirty seconds");
    pair.wait(12_000);
    pair.datagrams[1].clear();
    pair.nodes[1].chooses(&phone, Choice::Busy);
    pair.wait(1_000);
    assert_eq!(pair.datagrams[1].len(), 1);
    assert_eq!(alice.socket.news().last(), Some(&bob(Busy)));
}

#[test]
fn nothing_is_sent_when_nobody_watches() {
    let (mut pair, alice) = pair();
    pair.nodes[0].leaves(&alice);
    pair.wait(1_000);
    let released = Frame::Release { accounts: vec![AccountNumber(2)] };
    assert_eq!(pair.frames[0].last(), Some(&released));
    pair.datagrams.iter_mut().for_each(VecDeque::clear);
    pair.frames.iter_mut().for_each(Vec::clear);
    pair.nodes[1].ties.pairs.clear();
    let phone = pair.nodes[1].connects(2, 22);
    wait_beating(&mut pair, 100_000, &[&phone]);
    pair.nodes[1].leaves(&phone);
    pair.wait(1_000);
    assert_eq!((pair.datagrams[1].len(), &pair.frames), (0, &[vec![], vec![]]));
}

#[test]
fn a_lost_datagram_is_mended_by_the_next_renewal() {
    let (mut pair, alice) = pair();
    let phone = pair.nodes[1].connects(2, 22);
    pair.wait(1_000);
    pair.is_lossy = true;
    pair.nodes[1].chooses(&phone, Choice::Away);
    alice.socket.news();
    wait_beating(&mut pair, 35_000, &[&alice, &phone]);
    assert_eq!(alice.socket.news(), [bob(Away)]);
}

#[test]
fn a_lost_link_means_unknown_and_a_new_one_says_how_it_is() {
    let (mut pair, alice) = pair();
    let phone = pair.nodes[1].connects(2, 22);
    pair.wait(1_000);
    alice.socket.news();
    pair.link_down();
    pair.wait(1_000);
    assert_eq!(alice.socket.news(), [bob(Unknown)]);
    pair.nodes[1].leaves(&phone);
    pair.wait(1_000);
    pair.link_up(2);
    pair.wait(2_000);
    assert_eq!(alice.socket.news(), [bob(Offline)]);
}

#[test]
fn a_link_that_is_replaced_is_seen_by_nobody() {
    let (mut pair, alice) = pair();
    let phone = pair.nodes[1].connects(2, 22);
    pair.wait(1_000);
    alice.socket.news();
    pair.link_up(2);
    for node in 0..2 {
        let peer = LineageId([pair.nodes[1 - node].org; 32]);
        let node = &mut pair.nodes[node];
        node.presence.handle_link_down(peer, 1, node.now);
    }
    pair.wait(1_000);
    assert_eq!(alice.socket.news(), []);
    pair.nodes[1].leaves(&phone);
    pair.wait(12_000);
    assert_eq!(alice.socket.news(), [bob(Offline)]);
}

#[test]
fn another_run_of_the_peer_is_believed_though_it_counts_anew() {
    let (mut pair, alice) = pair();
    let _phone = pair.nodes[1].connects(2, 22);
    pair.wait(1_000);
    alice.socket.news();
    // Its process starts anew; the old link is not noticed to be gone before the new one is up.
    let ties = pair.nodes[1].ties.clone();
    let now = pair.nodes[1].now;
    pair.nodes[1] = Node { ties, now, ..Node::new(2) };
    pair.runs[1] = 9;
    pair.link_up(2);
    pair.wait(1_500);
    assert_eq!(alice.socket.news(), [bob(Offline)]);
    // What the old run says late counts no more.
    let entries =
        vec![PresenceEntry { state: Busy, ..PresenceEntry::unknown(AccountNumber(2), 99) }];
    let node = &mut pair.nodes[0];
    node.presence.handle_presence(LineageId([2; 32]), 1, entries, node.now);
    pair.wait(1_500);
    assert_eq!(alice.socket.news(), []);
}

#[test]
fn a_stranger_is_answered_like_one_who_is_not_there() {
    let mut pair = Pair::new();
    // The first believes that it may see them; the second knows better.
    pair.nodes[0].tie(account(1, 1), account(2, 2));
    pair.nodes[0].tie(account(1, 1), account(2, 3));
    pair.nodes[1].ties.missing.insert(account(2, 3));
    pair.link_up(1);
    let (_bob, alice) = (pair.nodes[1].connects(2, 22), pair.nodes[0].connects(1, 11));
    pair.wait(500);
    assert_eq!(pair.denied, 2);
    let Some(Frame::Presence { entries }) = pair.frames[1].first() else { panic!("an answer") };
    let bare: Vec<PresenceEntry> =
        entries.iter().map(|e| PresenceEntry { version: 0, ..e.clone() }).collect();
    let unknown = |number| PresenceEntry::unknown(AccountNumber(number), 0);
    assert_eq!(bare, [unknown(2), unknown(3)]);
    // They are asked for again, ever more seldom, and seen once they may be.
    alice.socket.news();
    pair.nodes[1].tie(account(1, 1), account(2, 2));
    pair.wait(5_000);
    assert_eq!(alice.socket.news(), [bob(Online)]);
    assert!(pair.denied <= 8, "{}", pair.denied);
}

#[test]
fn who_may_be_seen_no_more_is_unknown_at_once() {
    let (mut pair, alice) = pair();
    let _bob = pair.nodes[1].connects(2, 22);
    pair.wait(1_000);
    alice.socket.news();
    pair.nodes[1].untie(account(1, 1), account(2, 2));
    pair.nodes[1].changes(&[2]);
    pair.wait(2_000);
    assert_eq!(alice.socket.news(), [bob(Unknown)]);
}

#[test]
fn leases_end_and_are_bounded() {
    let (mut pair, _alice) = pair();
    let (own, ties) = (LineageId([1; 32]), pair.nodes[1].ties.clone());
    let node = &mut pair.nodes[1];
    for number in 100..30_100 {
        node.ties.pairs.insert((account(1, 1), account(2, number)));
    }
    let all: Vec<AccountNumber> = (100..30_100).map(AccountNumber).collect();
    let leased = node.presence.handle_lease(own, &all, &node.ties, node.now);
    assert_eq!(leased.denied, 10_001);
    assert_eq!(node.presence.known(), 20_000);
    node.ties = ties;
    // The bob of the other tests is leased again and again, the others are not.
    pair.wait(130_000);
    assert!(pair.nodes[1].presence.known() <= 2, "{}", pair.nodes[1].presence.known());
}

#[test]
fn long_news_is_split() {
    let mut pair = Pair::new();
    for number in 2..=80 {
        pair.tie(account(1, 1), account(2, number));
        let status = Some("é".repeat(90));
        pair.nodes[1].ties.kept.insert(account(2, number), (status, None));
    }
    pair.link_up(1);
    let alice = pair.nodes[0].connects(1, 11);
    pair.wait(1_000);
    alice.socket.news();
    let _phones: Vec<Phone> =
        (2..=80).map(|number| pair.nodes[1].connects(number, number)).collect();
    pair.wait(1_000);
    assert!(pair.datagrams[1].len() > 10);
    assert_eq!(alice.socket.news().len(), 79);
}

#[test]
fn a_peer_can_make_nothing_up_about_others() {
    let (mut pair, alice) = pair();
    let entries = [1, 2, 77].map(|number| PresenceEntry {
        state: Busy,
        ..PresenceEntry::unknown(AccountNumber(number), 1_000)
    });
    let node = &mut pair.nodes[0];
    node.presence.handle_presence(LineageId([3; 32]), 1, entries.to_vec(), node.now);
    pair.wait(2_000);
    assert_eq!(alice.socket.news(), []);
    assert_eq!(pair.nodes[0].shown(3, 1), None);
}
