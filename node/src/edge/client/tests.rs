//! What a device's feed has at hand, without waiting.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use comity_client_api::{Delivery, Subscription};
use comity_machine::DeviceId;
use comity_protocol::code::Code;
use comity_protocol::id::AccountNumber;
use futures_util::FutureExt;

use super::{DeviceFeed, DevicePresence, Measures};
use crate::feed::tests::rig::Town;
use crate::presence::{PresenceSettings, Presences};

/// The texts' places in the feed, taken without waiting once.
fn ready(feed: &mut DeviceFeed, max: usize) -> usize {
    let found = feed.ready(max).now_or_never().expect("nothing is waited for");
    assert!(found.iter().all(|delivery| matches!(delivery, Delivery::Event(_))));
    found.len()
}

#[test]
fn what_is_there_comes_at_once_and_nothing_is_waited_for() {
    let mut town = Town::begin();
    let channel = town.direct(1, 2);
    let feed = town.follow(2, None).subscription;
    let shared = town.rig.shared();
    let presences = Presences::new(Arc::clone(&shared), PresenceSettings::default());
    let presence = DevicePresence::new(&presences, AccountNumber(2), DeviceId(2));
    let mut feed = DeviceFeed::new(feed, (shared, Measures::default()), Vec::new(), presence);
    assert_eq!(ready(&mut feed, 10), 0);
    for _ in 0..25 {
        town.says(1, channel, "hello");
    }
    assert_eq!([(); 4].map(|()| ready(&mut feed, 10)), [10, 10, 5, 0]);
    assert!(feed.next(10).now_or_never().is_none());
    town.hub.end_all(Code::ShuttingDown);
    let last = feed.ready(10).now_or_never().unwrap();
    assert!(matches!(last[..], [Delivery::Goodbye { code: Code::ShuttingDown, .. }]));
}
