//! Random interleavings of talking, reading, reconnecting and restarting, against a plain list.

use comity_protocol::cursor::{Cursor, Pos};
use comity_protocol::id::ChannelId;
use proptest::prelude::*;

use super::rig::{Town, take};
use crate::feed::Subscription;

#[derive(Clone, Debug)]
enum Step {
    /// Somebody says something of so many bytes in one of the channels.
    Say { who: u64, channel: usize, bytes: usize },
    /// So many short messages at once.
    Chatter { channel: usize, count: usize },
    /// A device takes what is there, at most so many records.
    Read { who: usize, max: usize },
    /// A device comes back with its last cursor.
    Reconnect { who: usize },
    /// The power goes.
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (1..=3_u64, 0..3_usize, 1..200_usize)
            .prop_map(|(who, channel, bytes)| Step::Say { who, channel, bytes }),
        1 => (1..=3_u64, 0..3_usize)
            .prop_map(|(who, channel)| Step::Say { who, channel, bytes: 100_000 }),
        1 => (0..3_usize, 200..700_usize)
            .prop_map(|(channel, count)| Step::Chatter { channel, count }),
        8 => (0..3_usize, 1..40_usize).prop_map(|(who, max)| Step::Read { who, max }),
        2 => (0..3_usize).prop_map(|who| Step::Reconnect { who }),
        1 => Just(Step::Crash),
    ]
}

/// A device with what it has seen and what it should see.
struct Device {
    account: u64,
    feed: Option<Subscription>,
    cursor: Cursor,
    seen: Vec<Pos>,
}

struct World {
    town: Town,
    channels: Vec<ChannelId>,
    devices: Vec<Device>,
    /// What each account should have seen before the present run, since the devices began.
    before: [Vec<Pos>; 3],
    /// From where the present run's records count.
    from: usize,
}

impl World {
    fn begin(stored: bool) -> Self {
        let mut town = if stored { Town::begin_stored() } else { Town::begin() };
        let channels = vec![town.direct(2, 3), town.group(), town.direct(1, 2)];
        for who in 2..=3 {
            town.invite(channels[1], who);
            town.accept(channels[1], who);
        }
        let devices = (1..=3).map(|account| {
            let opened = town.follow(account, None);
            let (feed, cursor) = (Some(opened.subscription), opened.cursor);
            Device { account, feed, cursor, seen: Vec::new() }
        });
        let (devices, from) = (devices.collect(), town.published_count());
        Self { town, channels, devices, before: Default::default(), from }
    }

    fn expected(&self, account: u64) -> Vec<Pos> {
        let mut all = self.before[account as usize - 1].clone();
        all.extend(self.town.published_for(account, self.from));
        all
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Say { who, channel, bytes } => self.say(who, channel, &"x".repeat(bytes)),
            Step::Chatter { channel, count } => {
                for _ in 0..count {
                    self.say(2, channel, "la");
                }
            }
            Step::Read { who, max } => self.read(who, max),
            Step::Reconnect { who } => self.reconnect(who),
            Step::Crash => {
                for account in 1..=3 {
                    self.before[account as usize - 1] = self.expected(account);
                }
                self.devices.iter_mut().for_each(|device| device.feed = None);
                self.town.crash();
                self.from = 0;
                (0..3).for_each(|who| self.reconnect(who));
            }
        }
    }

    fn say(&mut self, who: u64, channel: usize, text: &str) {
        // Bob is in all channels, Alice and Carol in two each.
        let who = if matches!((who, channel), (1, 0) | (3, 2)) { 2 } else { who };
        let channel = self.channels[channel];
        self.town.says(who, channel, text);
    }

    fn read(&mut self, who: usize, max: usize) {
        let device = &mut self.devices[who];
        let feed = device.feed.as_mut().unwrap();
        if let Some(items) = take(feed, max) {
            device.seen.extend(items.iter().map(|item| item.applied.pos));
        }
        device.cursor = feed.cursor();
        let expected = self.expected(self.devices[who].account);
        assert!(expected.starts_with(&self.devices[who].seen));
    }

    fn reconnect(&mut self, who: usize) {
        let device = &mut self.devices[who];
        device.feed = None;
        let opened = self.town.follow(device.account, Some(device.cursor));
        assert!(!opened.resync && opened.cursor == device.cursor);
        device.feed = Some(opened.subscription);
    }

    fn end(mut self) {
        for who in 0..3 {
            let account = self.devices[who].account;
            let expected = self.expected(account);
            while self.devices[who].seen.len() < expected.len() {
                let before = self.devices[who].seen.len();
                self.read(who, 100);
                assert!(self.devices[who].seen.len() > before, "the feed stops short");
            }
            assert_eq!(self.devices[who].seen, expected);
            assert!(take(self.devices[who].feed.as_mut().unwrap(), 9).is_none());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_device_sees_everything_once_and_in_order(
        stored in any::<bool>(),
        steps in proptest::collection::vec(step(), 1..80),
    ) {
        let mut world = World::begin(stored);
        steps.into_iter().for_each(|step| world.take(step));
        world.end();
    }
}
