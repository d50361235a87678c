//! Asks for history on one link against a peer that a test plays: what comes unasked has no effect,
//! what comes late or not at all holds up nothing, and what the peer asks is bounded.
#![allow(clippy::unwrap_used)]

mod world;

use comity_protocol::code::Code;
use comity_protocol::frame::Frame;
use comity_protocol::history::{AskedLog, Backfill, HistoryAsk, LogEnd, LogRef};
use comity_protocol::id::{ChannelId, LineageId, WriterId};
use comity_replica::{Action, AppliedHistory, limits};
use world::Scene;

/// globex has asked acme for history.
fn asking() -> (Scene, HistoryAsk) {
    let mut scene = Scene::up();
    scene.link.poke_history();
    assert_eq!(scene.drain(), [Action::ChooseHistory]);
    let log = AskedLog { origin: LineageId([5; 32]), writer: WriterId(6), until: 9, start: true };
    let ask = HistoryAsk { channel: ChannelId([4; 32]), logs: vec![log], count: 50 };
    scene.link.ask_history(Some(ask.clone()), scene.now_ms);
    assert_eq!(scene.drain(), [Action::Send(Frame::History(ask.clone()))]);
    (scene, ask)
}

fn nothing_of(ask: &HistoryAsk, ends: Option<Vec<LogEnd>>) -> Frame {
    let channel = ask.channel;
    Frame::Backfill(Backfill { channel, ranges: vec![], missing: vec![], ends })
}

#[test]
fn history_has_no_effect_before_it_is_asked_for() {
    let (mut scene, ask) = asking();
    for name in (9..).take(limits::HISTORY_OFFERED_MAX + 1) {
        let other = HistoryAsk { channel: ChannelId([name; 32]), ..ask.clone() };
        scene.hand(nothing_of(&other, Some(vec![])));
    }
    assert_eq!(scene.drain(), []);
    scene.hand(nothing_of(&ask, Some(vec![])));
    assert!(matches!(scene.drain()[..], [Action::ApplyHistory { .. }]));
    let none = AppliedHistory { taken: 0, refused: vec![] };
    scene.link.handle_history_applied(Some(none.clone()), scene.now_ms);
    assert_eq!(scene.drain(), [Action::ChooseHistory]);
    // What was offered answers an ask at once; what it leaves out is asked for all the same.
    let other = HistoryAsk { channel: ChannelId([10; 32]), ..ask.clone() };
    scene.link.ask_history(Some(other.clone()), scene.now_ms);
    assert!(matches!(scene.drain()[..], [Action::ApplyHistory { .. }]));
    scene.link.handle_history_applied(Some(none), scene.now_ms);
    assert_eq!(scene.drain(), [Action::ChooseHistory]);
    scene.link.ask_history(Some(other.clone()), scene.now_ms);
    assert_eq!(scene.drain(), [Action::Send(Frame::History(other))]);
    scene.hand(nothing_of(&HistoryAsk { channel: ChannelId([10; 32]), ..ask.clone() }, None));
    scene.drain();
    scene.link.handle_history_applied(None, scene.now_ms);
    assert_eq!(scene.drain(), [Action::ChooseHistory]);
    // The oldest of those that were kept found no room.
    let oldest = HistoryAsk { channel: ChannelId([9; 32]), ..ask };
    scene.link.ask_history(Some(oldest.clone()), scene.now_ms);
    assert_eq!(scene.drain(), [Action::Send(Frame::History(oldest))]);
}

#[test]
fn an_answer_that_is_late_is_no_fault() {
    let (mut scene, ask) = asking();
    scene.now_ms += limits::HISTORY_ANSWER_MS;
    scene.link.handle_timeout(scene.now_ms);
    assert_eq!(scene.drain(), [Action::ChooseHistory]);
    let log = LogRef { origin: LineageId([5; 32]), writer: WriterId(6) };
    assert!(!scene.link.histories().serves(&ask.channel, log));
    scene.link.ask_history(None, scene.now_ms);
    scene.hand(nothing_of(&ask, None));
    assert_eq!(scene.drain(), []);
    assert!(!scene.link.is_closed());
}

#[test]
fn a_peer_that_has_not_heard_of_our_admission_is_asked_again() {
    let (mut scene, ask) = asking();
    scene.hand(nothing_of(&ask, None));
    let taken = AppliedHistory { taken: 0, refused: vec![] };
    let actions = scene.drain();
    assert!(matches!(actions[..], [Action::ApplyHistory { .. }]), "{actions:?}");
    scene.link.handle_history_applied(Some(taken.clone()), scene.now_ms);
    assert_eq!(scene.drain(), [Action::ChooseHistory]);
    scene.link.ask_history(None, scene.now_ms);
    assert!(!scene.link.histories().may_ask(&ask.channel));
    scene.now_ms = scene.link.poll_timeout().unwrap();
    scene.link.handle_timeout(scene.now_ms);
    assert_eq!(scene.drain(), [Action::ChooseHistory]);
    assert!(scene.link.histories().may_ask(&ask.channel));
    // One that knows us and has nothing is not asked for these logs again.
    scene.link.ask_history(Some(ask.clone()), scene.now_ms);
    scene.hand(nothing_of(&ask, Some(vec![])));
    scene.drain();
    scene.link.handle_history_applied(Some(taken), scene.now_ms);
    let log = LogRef { origin: LineageId([5; 32]), writer: WriterId(6) };
    assert!(!scene.link.histories().serves(&ask.channel, log));
    assert!(scene.link.histories().is_heard(&ask.channel));
}

#[test]
fn what_an_answer_says_of_logs_that_were_not_asked_for_does_not_keep_asking() {
    let asked = LogRef { origin: LineageId([5; 32]), writer: WriterId(6) };
    let other = LogRef { writer: WriterId(7), ..asked };
    for (missing, refused) in [(vec![other], vec![]), (vec![], vec![other])] {
        let (mut scene, ask) = asking();
        let (channel, ends) = (ask.channel, Some(vec![]));
        scene.hand(Frame::Backfill(Backfill { channel, ranges: vec![], missing, ends }));
        assert!(matches!(scene.drain()[..], [Action::ApplyHistory { .. }]));
        let nothing = AppliedHistory { taken: 0, refused };
        scene.link.handle_history_applied(Some(nothing), scene.now_ms);
        // It brought nothing: this peer is not asked for these logs again at once.
        assert!(!scene.link.histories().serves(&channel, asked));
        assert!(scene.link.histories().serves(&channel, other));
    }
}

#[test]
fn asks_for_history_are_served_one_at_a_time_and_bounded() {
    let (_, ask) = asking();
    let mut scene = Scene::up();
    for _ in 0..limits::HISTORY_SERVING_MAX {
        scene.hand(Frame::History(ask.clone()));
    }
    assert_eq!(scene.drain(), [Action::ServeHistory(ask.clone())]);
    assert_eq!(scene.drain(), []);
    scene.link.send(nothing_of(&ask, None));
    let sent = Action::Send(nothing_of(&ask, None));
    assert_eq!(scene.drain(), [sent, Action::ServeHistory(ask.clone())]);
    scene.hand(Frame::History(ask.clone()));
    scene.hand(Frame::History(ask.clone()));
    scene.refuses(Frame::History(ask), Code::RateLimited);
}
