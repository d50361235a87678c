//! Live, from disk, and between.

use std::sync::Mutex;
use std::time::Duration;

use comity_machine::{Applied, Command, DeviceId, Subscriber};
use comity_protocol::code::Code;
use comity_protocol::control::ControlAct;
use comity_protocol::control::ControlHeader;
use comity_protocol::cursor::Pos;
use comity_protocol::id::{AccountNumber, LogName};

use super::rig::{Town, drain, take};
use crate::feed::{Hub, Notice, Subscription, Yield};
use crate::writer::Listener;

#[test]
fn who_keeps_up_gets_everything_live() {
    let mut town = Town::begin();
    let channel = town.direct(1, 2);
    let mut alice = town.follow(1, None).subscription;
    let mut bob = town.follow(2, None).subscription;
    assert_eq!(drain(&mut bob), []);
    for text in ["one", "two", "three"] {
        let pos = town.says(1, channel, text);
        // The sender's own devices get it too.
        assert_eq!((drain(&mut bob), drain(&mut alice)), (vec![pos], vec![pos]));
        assert_eq!(bob.cursor().pos, pos);
    }
    let mut carol = town.follow(3, None).subscription;
    town.says(2, channel, "not for carol");
    assert_eq!(drain(&mut carol), []);
}

#[tokio::test]
async fn who_waits_is_woken() {
    let mut town = Town::begin();
    let channel = town.direct(1, 2);
    let mut bob = town.follow(2, None).subscription;
    let waiting = tokio::spawn(async move {
        let first = bob.next(10).await;
        (first, bob.next(10).await)
    });
    tokio::task::yield_now().await;
    let pos = town.says(1, channel, "wake up");
    tokio::task::yield_now().await;
    town.hub.end_all(Code::ShuttingDown);
    let (first, second) =
        tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap().unwrap();
    let Yield::Items(items) = first else { panic!("{first:?}") };
    assert_eq!(items.iter().map(|item| item.applied.pos).collect::<Vec<_>>(), [pos]);
    assert!(matches!(second, Yield::Ended(Code::ShuttingDown)), "{second:?}");
}

#[tokio::test]
async fn who_subscribes_when_all_has_ended_ends_at_once() {
    let town = Town::begin();
    town.hub.end_all(Code::ShuttingDown);
    let mut late = town.follow(2, None).subscription;
    let first = tokio::time::timeout(Duration::from_secs(20), late.next(10)).await.unwrap();
    assert!(matches!(first, Yield::Ended(Code::ShuttingDown)), "{first:?}");
}

#[test]
fn who_is_slow_falls_back_to_disk_and_catches_up() {
    for mut town in [Town::begin(), Town::begin_stored()] {
        let channel = town.direct(1, 2);
        let mut bob = town.follow(2, None).subscription;
        assert_eq!(drain(&mut bob), []);
        let mut expected = Vec::new();
        for number in 0..2_000 {
            expected.push(town.says(1, channel, &format!("{number}")));
        }
        let first = take(&mut bob, 10).unwrap();
        let mut found: Vec<Pos> = first.iter().map(|item| item.applied.pos).collect();
        expected.push(town.says(2, channel, "wait for me"));
        found.extend(drain(&mut bob));
        expected.push(town.says(1, channel, "live again"));
        found.extend(drain(&mut bob));
        assert_eq!(found, expected);
    }
}

#[test]
fn long_texts_wait_in_no_queue_and_come_in_small_pages() {
    let mut town = Town::begin_stored();
    let channel = town.direct(1, 2);
    let mut bob = town.follow(2, None).subscription;
    assert_eq!(drain(&mut bob), []);
    let long = "long ".repeat(20_000);
    let expected: Vec<Pos> = (0..40).map(|_| town.says(1, channel, &long)).collect();
    let mut found = Vec::new();
    while let Some(page) = take(&mut bob, 1_000) {
        let bytes: usize = page.iter().map(|item| item.applied.weight()).sum();
        assert!(bytes < (1 << 20) + 2 * long.len(), "a page of {bytes} bytes");
        found.extend(page.iter().map(|item| item.applied.pos));
    }
    assert_eq!(found, expected);
}

/// Asks for all that a subscriber can see while a step is applied and not yet published, then
/// publishes it.
struct Hasty {
    hub: Hub,
    subscription: std::sync::Arc<Mutex<Subscription>>,
    found: std::sync::Arc<Mutex<Vec<Pos>>>,
}

impl Listener for Hasty {
    fn published(&mut self, applied: Vec<Applied>, logged_out: &[DeviceId]) {
        let found = drain(&mut self.subscription.lock().unwrap());
        self.found.lock().unwrap().extend(found);
        self.hub.published(applied, logged_out);
    }
}

/// Pins: who read from disk between a step's rows and its publication got the step twice.
#[test]
fn what_is_applied_and_not_yet_published_comes_once() {
    let mut town = Town::begin();
    let channel = town.direct(1, 2);
    let mut expected = Vec::new();
    let bob = town.follow(2, None).subscription;
    for text in ["one", "two"] {
        expected.push(town.says(1, channel, text));
    }
    let (subscription, found) = (std::sync::Arc::new(Mutex::new(bob)), std::sync::Arc::default());
    let hasty = Hasty {
        hub: town.hub.clone(),
        subscription: std::sync::Arc::clone(&subscription),
        found: std::sync::Arc::clone(&found),
    };
    town.rig.writer.set_listener(Box::new(hasty));
    for text in ["three", "four", "five"] {
        expected.push(town.says(1, channel, text));
    }
    let mut found = found.lock().unwrap().clone();
    found.extend(drain(&mut subscription.lock().unwrap()));
    assert_eq!(found, expected);
}

#[test]
fn an_invitation_reaches_one_who_is_not_in_the_channel() {
    for from_disk in [false, true] {
        let mut town = Town::begin();
        let group = town.group();
        let opened = town.follow(2, None);
        let (cursor, mut bob) = (opened.cursor, opened.subscription);
        assert_eq!(drain(&mut bob), []);
        town.says(1, group, "before bob");
        let before = town.published_count();
        town.invite(group, 2);
        town.says(1, group, "he thinks about it");
        let expected = town.published_for(2, before);
        assert_eq!(expected.len(), 1, "the invitation and nothing of the group");
        if from_disk {
            bob = town.follow(2, Some(cursor)).subscription;
        }
        assert_eq!(drain(&mut bob), expected);
        town.accept(group, 2);
        town.says(1, group, "welcome");
        let expected = town.published_for(2, before + 2);
        assert_eq!(expected.len(), 2, "his own coming in and what comes after");
        if from_disk {
            bob = town.follow(2, Some(bob.cursor())).subscription;
        }
        assert_eq!(drain(&mut bob), expected);
    }
}

#[test]
fn a_removed_member_gets_the_removal_and_nothing_after() {
    for from_disk in [false, true] {
        let mut town = Town::begin();
        let group = town.group();
        town.invite(group, 2);
        town.accept(group, 2);
        let opened = town.follow(2, None);
        let (cursor, mut bob) = (opened.cursor, opened.subscription);
        assert_eq!(drain(&mut bob), []);
        let last = town.says(1, group, "goodbye");
        town.remove(group, 2);
        town.says(1, group, "he is gone");
        if from_disk {
            bob = town.follow(2, Some(cursor)).subscription;
        }
        let items: Vec<_> = std::iter::from_fn(|| take(&mut bob, 10)).flatten().collect();
        assert_eq!(items.len(), 2);
        assert_eq!(items[0].applied.pos, last);
        let removal = ControlHeader::decode(&items[1].applied.record.header).unwrap();
        assert!(matches!(removal.act(), Ok(ControlAct::Remove(_))));
        town.says(1, group, "still gone");
        assert_eq!(drain(&mut bob), []);
    }
}

#[test]
fn a_peer_is_fed_our_logs_alone() {
    use comity_machine::Act;

    use crate::writer::tests::story::Story;

    for from_disk in [false, true] {
        let mut town = Town::begin();
        let mut globex = Story::begin("globex.test", 2, &["dave"]);
        let recovery = globex.state.identity.as_ref().unwrap().recovery;
        town.ask(Command::Introduce {
            domain: "globex.test".into(),
            key: globex.key.public(),
            recovery,
        });
        let acme = Story::begin("acme.test", 1, &["alice", "bob", "carol"]);
        globex.introduces(&acme);
        let peer = Subscriber::Peer(globex.state.lineage());
        let shared = town.rig.shared();
        let from = town.hub.watermark();
        let open = || Subscription::open_at(&town.hub, &shared, peer, None, from, false);
        let mut fed = open().subscription;
        assert_eq!(drain(&mut fed), []);

        let (alice, dave) = (acme.account(1), globex.account(1));
        let with_dave = Act::OpenDirect { account: dave, label: "dave@globex.test".into() };
        let private = town.direct(1, 2);
        let channel = town.channel(1, with_dave);
        town.says(1, private, "not for globex");
        let ours = town.says(1, channel, "for globex");
        let open_direct = Act::OpenDirect { account: alice, label: "alice@acme.test".into() };
        assert_eq!(globex.channel(1, open_direct), channel);
        let theirs = globex.sends(1, channel, "their own").applied;
        globex.states.clear();
        let batch = globex.batch(&theirs);
        let answer = town.ask(Command::PeerBatch {
            peer: globex.state.lineage(),
            frame: comity_protocol::frame::Frame::Batch(batch).encode().into(),
            cursor: None,
            unix_ms: crate::writer::tests::story::NOW_MS + 1_000,
            random: [5; 32],
            rewinds: Vec::new(),
        });
        assert!(matches!(answer, comity_machine::Answer::Ranges(_)), "{answer:?}");
        let last = town.says(1, channel, "again");
        if from_disk {
            let shared = town.rig.shared();
            fed = Subscription::open_at(&town.hub, &shared, peer, None, from, false).subscription;
        }
        let items: Vec<_> = std::iter::from_fn(|| take(&mut fed, 10)).flatten().collect();
        let own = town.rig.shared().state().lineage();
        for item in &items {
            let LogName::Message { origin, .. } = item.applied.log.name else { panic!() };
            assert_eq!(origin, own);
        }
        let found: Vec<Pos> = items.iter().map(|item| item.applied.pos).collect();
        assert_eq!(found, [ours, last]);
    }
}

#[test]
fn a_logged_out_device_is_told() {
    let mut town = Town::begin();
    let mut bob = town.follow(2, None).subscription;
    let mut alice = town.follow(1, None).subscription;
    assert_eq!((drain(&mut bob), drain(&mut alice)), (vec![], vec![]));
    town.ask(Command::RemoveDevice { account: AccountNumber(2), device: DeviceId(2) });
    assert!(matches!(bob.try_next(9), Some(Yield::Ended(Code::TokenInvalid))));
    assert!(alice.try_next(9).is_none());
}

#[test]
fn notices_come_beside_the_feed_and_are_bounded() {
    let mut town = Town::begin();
    let channel = town.direct(1, 2);
    let mut alice = town.follow(1, None).subscription;
    assert_eq!(drain(&mut alice), []);
    let shared = town.rig.shared();
    let notice = |n: u32| Notice::Delivered {
        channel,
        message: comity_protocol::id::MessageId([n as u8; 16]),
        organisations: n,
        of: n,
        is_final: false,
    };
    for n in 0..1_000 {
        town.hub.notify(Subscriber::Account(AccountNumber(1)), notice(n));
    }
    drop(shared);
    let Some(Yield::Notices(notices)) = alice.try_next(10) else { panic!() };
    assert_eq!(notices.last(), Some(&notice(999)));
    assert_eq!(notices.len(), 256);
    assert!(alice.try_next(10).is_none());
}

#[tokio::test]
async fn a_peer_without_a_subscription_is_named() {
    use comity_machine::Act;

    use crate::writer::tests::story::Story;

    let mut town = Town::begin();
    let globex = Story::begin("globex.test", 2, &["dave"]);
    let recovery = globex.state.identity.as_ref().unwrap().recovery;
    town.ask(Command::Introduce {
        domain: "globex.test".into(),
        key: globex.key.public(),
        recovery,
    });
    let open = Act::OpenDirect { account: globex.account(1), label: "dave@globex.test".into() };
    let channel = town.channel(1, open);
    town.says(1, channel, "anybody?");
    let unheard = tokio::time::timeout(Duration::from_secs(20), town.hub.unheard()).await;
    assert!(unheard.unwrap().contains(&globex.state.lineage()));
}
