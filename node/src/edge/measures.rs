//! What passes through the node, counted as it passes: how many messages, and how long those of its
//! users wait until they are on disk. It reads no clock and must not look into a message.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use comity_machine::Applied;
use comity_protocol::cursor::Pos;

use super::lock;
use super::reading::is_message;
use super::stretches::Stretches;
use crate::admin::Latency;

/// Over how long rates are, in ms.
const RATE_MS: u64 = 10_000;
/// Parts of a message that are counted, so that a few messages are a rate too.
const FINE: u64 = 1_000;
/// Messages of which is remembered how long they took; the newest ones.
const LATENCIES_MAX: usize = 1_024;
/// For how long that is remembered, in µs.
const LATENCY_KEPT_US: u64 = 60_000_000;

/// Counts for the whole node. Cheap to clone.
#[derive(Clone, Default)]
pub struct Measures(Arc<Inner>);

#[derive(Default)]
struct Inner {
    taken: Mutex<Stretches<u64, RATE_MS>>,
    handed_on: Mutex<Stretches<u64, RATE_MS>>,
    /// When messages were acknowledged, and how long after they came, in µs.
    acknowledged: Mutex<VecDeque<(u64, u64)>>,
}

impl Measures {
    /// Records were applied: messages of our users and of others, history aside.
    pub fn published(&self, applied: &[Applied], now_ms: u64) {
        let is_new = |applied: &&Applied| {
            applied.pos != Pos(0) && applied.is_listed() && is_message(&applied.record.header)
        };
        note(&self.0.taken, applied.iter().filter(is_new).count() as u64, now_ms);
    }

    /// Messages went out, each as often as it did: to devices and to other organisations.
    pub(super) fn handed_on(&self, messages: u64, now_ms: u64) {
        note(&self.0.handed_on, messages, now_ms);
    }

    /// A message of a user of ours is on disk and acknowledged.
    pub(super) fn acknowledged(&self, came_us: u64, now_us: u64) {
        let mut acknowledged = lock(&self.0.acknowledged);
        if acknowledged.len() >= LATENCIES_MAX {
            acknowledged.pop_front();
        }
        acknowledged.push_back((now_us, now_us.saturating_sub(came_us)));
    }

    /// Messages taken, and handed on, in a second of the last ten.
    pub(super) fn per_second(&self, now_ms: u64) -> (f64, f64) {
        let latest = |of: &Mutex<Stretches<u64, RATE_MS>>| per_second(lock(of).latest(now_ms));
        (latest(&self.0.taken), latest(&self.0.handed_on))
    }

    /// How long the newest messages took, where there were any of late.
    pub(super) fn latency(&self, now_us: u64) -> Option<Latency> {
        let mut took: Vec<u64> = {
            let mut acknowledged = lock(&self.0.acknowledged);
            let is_old = |(at_us, _): &(u64, u64)| at_us + LATENCY_KEPT_US <= now_us;
            let old = acknowledged.iter().take_while(|each| is_old(each)).count();
            acknowledged.drain(..old);
            acknowledged.iter().map(|(_, took_us)| *took_us).collect()
        };
        took.sort_unstable();
        let (p50, p99) = (percentile(&took, 50)?, percentile(&took, 99)?);
        Some(Latency { p50: in_ms(p50), p99: in_ms(p99) })
    }
}

fn note(of: &Mutex<Stretches<u64, RATE_MS>>, messages: u64, now_ms: u64) {
    if messages > 0 {
        lock(of).note(messages * FINE, now_ms);
    }
}

/// The smallest of sorted numbers that so many percent are not above.
fn percentile(sorted: &[u64], percent: usize) -> Option<u64> {
    sorted.get((sorted.len() * percent).div_ceil(100).checked_sub(1)?).copied()
}

fn per_second(count: u64) -> f64 {
    count as f64 * 1_000.0 / (FINE * RATE_MS) as f64
}

fn in_ms(us: u64) -> f64 {
    us as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_of_the_last_ten_seconds() {
        let measures = Measures::default();
        for second in 0..30 {
            measures.handed_on(20, second * 1_000);
        }
        for (now_ms, rate) in [(30_000, 20.0), (35_000, 10.0), (40_000, 0.0), (90_000, 0.0)] {
            assert_eq!(measures.per_second(now_ms), (0.0, rate), "{now_ms}");
        }
        measures.handed_on(1, 99_000);
        assert_eq!(measures.per_second(101_000), (0.0, 0.09), "a single message is a rate too");
    }

    #[test]
    fn latencies_are_of_the_newest_messages_and_of_late() {
        let measures = Measures::default();
        assert_eq!(measures.latency(0), None);
        for took_ms in 1..=100 {
            measures.acknowledged(0, took_ms * 1_000);
        }
        let shown = |p50, p99| Some(Latency { p50, p99 });
        assert_eq!(measures.latency(100_000), shown(50.0, 99.0));
        for _ in 0..LATENCIES_MAX {
            measures.acknowledged(200_000, 201_500);
        }
        assert_eq!(measures.latency(201_500), shown(1.5, 1.5), "older ones are forgotten");
        assert_eq!(measures.latency(201_500 + LATENCY_KEPT_US), None, "nothing of late");
    }
}
