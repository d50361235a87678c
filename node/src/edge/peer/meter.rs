//! What goes over a link: counted as it passes, told for a minute. It must not look into it.

use std::ops::AddAssign;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::edge::lock;
use crate::edge::stretches::{Counts, Stretches};

/// How long a stretch is for which is counted, in ms.
const STRETCH_MS: u64 = 60_000;

/// What passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes of frames to the peer.
    pub sent_bytes: u64,
    /// Bytes of frames from it.
    pub received_bytes: u64,
    /// Records of the feed to the peer.
    pub sent_records: u64,
    /// Those of them that are messages.
    pub sent_messages: u64,
    /// Records from it that were proven.
    pub received_records: u64,
}

impl AddAssign for Traffic {
    fn add_assign(&mut self, other: Self) {
        self.sent_bytes += other.sent_bytes;
        self.received_bytes += other.received_bytes;
        self.sent_records += other.sent_records;
        self.sent_messages += other.sent_messages;
        self.received_records += other.received_records;
    }
}

impl Counts for Traffic {
    fn map(self, each: impl Fn(u64) -> u64) -> Self {
        Self {
            sent_bytes: each(self.sent_bytes),
            received_bytes: each(self.received_bytes),
            sent_records: each(self.sent_records),
            sent_messages: each(self.sent_messages),
            received_records: each(self.received_records),
        }
    }
}

/// Counts what passes between us and a domain.
#[derive(Debug, Default)]
pub(super) struct Meter {
    stretches: Mutex<Stretches<Traffic, STRETCH_MS>>,
    /// When anything came last, in Unix ms; 0 where nothing has.
    heard_unix_ms: AtomicU64,
    /// Up to when, by the clock that never goes back, the records that were taken use up what may
    /// be taken of it.
    spent_ms: AtomicU64,
}

impl Meter {
    pub(super) fn note(&self, traffic: Traffic, now_ms: u64, unix_ms: u64) {
        if traffic.received_bytes > 0 {
            self.heard_unix_ms.store(unix_ms, Ordering::Relaxed);
        }
        lock(&self.stretches).note(traffic, now_ms);
    }

    /// Notes records that were taken of a domain of which so many may be in a minute.
    pub(super) fn spend(&self, records: u64, per_minute: u32, now_ms: u64) {
        let cost_ms = records * STRETCH_MS / u64::from(per_minute.max(1));
        let spent_ms = self.spent_ms.load(Ordering::Relaxed).max(now_ms) + cost_ms;
        self.spent_ms.store(spent_ms, Ordering::Relaxed);
    }

    /// For how many ms nothing more is to be taken: what a minute allows may come at once.
    pub(super) fn pause_ms(&self, now_ms: u64) -> Option<u64> {
        let ahead_ms = self.spent_ms.load(Ordering::Relaxed).saturating_sub(now_ms);
        ahead_ms.checked_sub(STRETCH_MS).filter(|pause_ms| *pause_ms > 0)
    }

    pub(super) fn heard_unix_ms(&self) -> Option<u64> {
        Some(self.heard_unix_ms.load(Ordering::Relaxed)).filter(|unix_ms| *unix_ms > 0)
    }

    /// What passed within a minute.
    pub(super) fn traffic(&self, now_ms: u64) -> Traffic {
        lock(&self.stretches).latest(now_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_is_told_whenever_it_is_asked_for() {
        let meter = Meter::default();
        let sent = |sent_bytes| Traffic { sent_bytes, ..Traffic::default() };
        assert_eq!((meter.traffic(7), meter.heard_unix_ms()), (Traffic::default(), None));
        for second in 0..120 {
            meter.note(sent(100), second * 1_000, 5);
        }
        for (now_ms, bytes) in [(120_000, 6_000), (150_000, 3_000), (179_999, 0), (180_000, 0)] {
            assert_eq!(meter.traffic(now_ms), sent(bytes), "{now_ms}");
        }
        assert_eq!(meter.heard_unix_ms(), None);
        let came = Traffic { received_bytes: 1, received_records: 2, ..Traffic::default() };
        meter.note(came, 180_000, 9);
        assert_eq!((meter.traffic(200_000), meter.heard_unix_ms()), (came, Some(9)));
        assert_eq!(meter.traffic(600_000), Traffic::default(), "long after");
    }
}
