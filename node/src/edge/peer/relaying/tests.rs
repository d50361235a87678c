//! When a link wants to be woken: an idle one does not, and one for whose peer there is something
//! does at once.

#![allow(clippy::unwrap_used)]

use comity_identity::NodeKey;
use comity_protocol::frame::{LogKind, Range};
use comity_protocol::id::ChannelId;
use comity_protocol::key::{KeyId, NodePublicKey};
use comity_replica::limits::{AWAY_MS, COMPARISON_MS};
use comity_replica::{Action, Keys, Link, LinkSettings};
use futures_util::FutureExt;

use super::super::end::LinkEnd;
use super::super::task::Task;
use super::*;
use crate::feed::tests::rig::Town;
use crate::presence::{PresenceSettings, Presences};

const BOB: LineageId = LineageId([1; 32]);
const CAROL: LineageId = LineageId([2; 32]);
const DAVE: LineageId = LineageId([3; 32]);

/// What the links of a node share that has no groups with others.
fn exchange() -> Arc<Exchange> {
    let town = Town::begin();
    let shared = town.rig.shared();
    let lineage = shared.state().lineage();
    let presences = Presences::new(Arc::clone(&shared), PresenceSettings::default());
    let key = Arc::new(NodeKey::from_seed(&[7; 32]));
    let parts = (shared, town.hub.clone(), presences);
    let domain = "acme.test".parse().unwrap();
    Arc::new(Exchange::new(domain, lineage, key, parts, Box::new(|| [7; 16])))
}

/// A link's part that has had its first look, and what wakes the link.
fn part(exchange: &Arc<Exchange>, link: u64, peer: LineageId) -> (Relaying, Arc<Notify>) {
    let (mut part, wake) = (Relaying::new(Arc::clone(exchange), link), Arc::new(Notify::new()));
    part.handle_up(peer, Arc::clone(&wake), 0);
    part.begin(0);
    assert_eq!(part.next_ms(), Some(0));
    assert_eq!(part.look(0), []);
    (part, wake)
}

fn is_woken(wake: &Notify) -> bool {
    wake.notified().now_or_never().is_some()
}

/// Three members of a group are looked for.
fn look(exchange: &Exchange, now_ms: u64) {
    relayed(exchange).look([[BOB, CAROL, DAVE].into_iter()].into_iter(), now_ms);
}

/// No record is ever shown.
struct Nobody;

impl Keys for Nobody {
    fn origin_key(&self, _: &Range, _: KeyId) -> Option<(LineageId, NodePublicKey)> {
        None
    }

    fn log_key(&self, _: &LogId, _: KeyId) -> Option<(LineageId, NodePublicKey)> {
        None
    }
}

/// A peer that has nothing to say answers so.
fn answer(peer: &mut Link<()>, action: Action<()>, now_ms: u64) {
    match action {
        Action::Identify { .. } => peer.handle_identified(Ok(()), now_ms),
        Action::Resume => peer.resume(None),
        Action::OpenFeed { .. } | Action::OpenFeedFrom(_) => peer.handle_feed_opened(false),
        Action::StateVector => peer.state_vector(Vec::new()),
        Action::StateHeads => peer.state_heads(Some(Vec::new()), now_ms),
        Action::ChooseHistory => peer.ask_history(None, now_ms),
        Action::KeepCursor(_) => peer.handle_applied(&[], now_ms),
        Action::Close(code) => panic!("{code}"),
        _ => {}
    }
}

/// Hands over what the two have for each other, until neither has anything; whether the link came
/// up meanwhile.
fn exchange_frames(end: &mut LinkEnd, peer: &mut Link<()>, now_ms: u64) -> bool {
    let mut is_up = false;
    loop {
        if let Some(action) = peer.poll_action() {
            match action {
                Action::Send(frame) => end.handle_frame((frame.class(), frame.encode()), now_ms),
                other => answer(peer, other, now_ms),
            }
        } else if let Some(task) = end.poll(now_ms) {
            match task {
                Task::Send(frame) => {
                    peer.handle_frame((frame.class(), frame.encode()), &Nobody, now_ms);
                }
                Task::Identify { .. } => end.handle_identified(Ok(()), now_ms),
                Task::Apply { .. } => end.handle_answer(Some(APPLIED), now_ms),
                Task::Up { .. } => is_up = true,
                Task::Close(code) => panic!("{code}"),
                _ => {}
            }
        } else if end.poll_timeout().is_some_and(|at_ms| at_ms <= now_ms) {
            end.handle_timeout(now_ms);
        } else if !end.read_feed(now_ms) {
            return is_up;
        }
    }
}

const APPLIED: comity_machine::Answer = comity_machine::Answer::Ranges(Vec::new());

#[test]
fn an_idle_link_wants_no_wake_until_heads_are_to_be_stated_again() {
    let exchange = exchange();
    let settings = LinkSettings {
        domain: "globex.test".parse().unwrap(),
        lineage: BOB,
        start: 1,
        dialled: Some(exchange.domain.clone()),
        changes: Vec::new(),
    };
    let mut peer = Link::new(settings, 0);
    let mut end = LinkEnd::new(exchange, 1, None, 0);
    assert!(exchange_frames(&mut end, &mut peer, 0));
    assert!(end.poll_timeout().is_none_or(|at_ms| at_ms >= COMPARISON_MS));
    assert!(!is_woken(&end.wakes()));
}

#[test]
fn a_link_is_woken_once_its_peer_is_to_hear_who_is_away() {
    let exchange = exchange();
    let (mut bob, wake_bob) = part(&exchange, 1, BOB);
    let (carol, wake_carol) = part(&exchange, 2, CAROL);
    look(&exchange, 0);
    assert_eq!((bob.next_ms(), carol.next_ms()), (None, None), "Dave may come yet");
    look(&exchange, AWAY_MS);
    assert!(is_woken(&wake_bob) && is_woken(&wake_carol));
    assert_eq!(bob.next_ms(), Some(RELAY_MS));
    assert_eq!(bob.look(AWAY_MS), [Frame::Away { origins: vec![DAVE] }]);
    assert_eq!(bob.next_ms(), None);
    look(&exchange, AWAY_MS + RELAY_MS);
    assert!(!is_woken(&wake_bob), "it is as it was");
    assert_eq!((bob.next_ms(), carol.next_ms()), (None, Some(RELAY_MS)));
    drop(carol);
    look(&exchange, AWAY_MS + 2 * RELAY_MS);
    look(&exchange, 2 * AWAY_MS + 2 * RELAY_MS);
    assert!(is_woken(&wake_bob) && !is_woken(&wake_carol));
    assert_eq!(bob.look(2 * AWAY_MS + 2 * RELAY_MS), [Frame::Away { origins: vec![CAROL, DAVE] }]);
}

#[test]
fn a_link_is_woken_once_something_came_that_its_peer_cannot_get_itself() {
    let exchange = exchange();
    let (mut bob, wake_bob) = part(&exchange, 1, BOB);
    let (carol, wake_carol) = part(&exchange, 2, CAROL);
    let log =
        |origin| WireLog { channel: ChannelId([9; 32]), kind: LogKind::Message, origin, number: 1 };
    let came = |origin| {
        let outcome = RangeOutcome::Applied;
        carol.handle_applied(&[RangeReport {
            log: log(origin),
            outcome,
            void: 0,
            contradicts: None,
        }]);
    };
    came(DAVE);
    assert_eq!((bob.next_ms(), is_woken(&wake_bob)), (None, false));
    bob.handle_away(vec![DAVE], 1_000);
    assert_eq!(bob.next_ms(), Some(1_000));
    assert_eq!(bob.look(1_000), [], "nothing of Dave's is shared with Bob");
    assert_eq!(bob.next_ms(), None);
    came(CAROL);
    assert!(!is_woken(&wake_bob));
    came(DAVE);
    assert!(is_woken(&wake_bob) && !is_woken(&wake_carol));
    assert_eq!(bob.next_ms(), Some(1_000 + RELAY_MS));
    bob.handle_away(Vec::new(), 2_000);
    came(DAVE);
    assert_eq!((bob.next_ms(), is_woken(&wake_bob)), (None, false), "Dave is back");
    bob.handle_away(vec![DAVE], 3_000);
    drop(bob);
    assert!(relayed(&exchange).watchers.is_empty() && relayed(&exchange).links.len() == 1);
}
