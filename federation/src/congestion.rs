//! How fast a link sends: by CUBIC, except that losses do not count as congestion while nothing
//! else speaks for it. Far networks lose datagrams now and then for reasons of their own, and CUBIC
//! alone comes down to a hundredth of what such a network carries.
//!
//! A loss is forgiven where both hold: of what was acknowledged lately not more than two in a
//! hundred were lost, and the quickest datagrams of the last round trip were not on their way for
//! longer than at the best of times, so that no queue stands. That some are late says nothing: ends
//! are busy now and then. Whoever fills a queue is therefore treated by CUBIC alone,
//! and shares it with others as CUBIC does (`docs/decisions/0029-losses.md`).
//!
//! At first nothing is known of the network but how far it reaches. Until something is lost that is
//! not forgiven, a link sends at a rate that the networks of servers carry, however far they reach:
//! doubling a small window takes far links several round trips, and a newcomer waits for them.

use std::any::Any;
use std::sync::Arc;
use std::time::{Duration, Instant};

use quinn_proto::RttEstimator;
use quinn_proto::congestion::{
    Controller, ControllerFactory, ControllerMetrics, Cubic, CubicConfig,
};

/// Bytes that may be under way at first: 32 datagrams, so that a page of history or the records of
/// a group need no round trip more.
const INITIAL_WINDOW_BYTES: u64 = 32 * 1_200;
/// What a link sends at until the network shows that it is too much: 20 Mbit/s.
const START_BYTES_PER_SECOND: u64 = 2_500_000;
/// Bytes that may be under way because of that.
const START_WINDOW_BYTES_MAX: u64 = 512 * 1_024;
/// One byte lost is forgiven for so many acknowledged.
const ACKNOWLEDGED_PER_LOST: u64 = 50;
/// Datagrams whose loss is forgiven at once, however many were acknowledged before: losses come in
/// bunches. Also what is forgiven at the beginning.
const FORGIVEN_DATAGRAMS_MAX: u64 = 16;
/// A queue stands where the shortest round trip of late takes longer than the shortest one ever by
/// this share of it,
const QUEUE_SHARE: u32 = 4;
/// and by at least so much.
const QUEUE_LEAST: Duration = Duration::from_millis(4);

/// Makes a link's controller.
#[derive(Debug)]
pub(crate) struct Forgiving(Arc<CubicConfig>);

impl Default for Forgiving {
    fn default() -> Self {
        let mut cubic = CubicConfig::default();
        cubic.initial_window(INITIAL_WINDOW_BYTES);
        Self(Arc::new(cubic))
    }
}

impl ControllerFactory for Forgiving {
    fn build(self: Arc<Self>, now: Instant, mtu: u16) -> Box<dyn Controller> {
        let cubic = Cubic::new(Arc::clone(&self.0), now, mtu);
        Box::new(Forgiver {
            cubic,
            forgivable: FORGIVEN_DATAGRAMS_MAX * u64::from(mtu) * ACKNOWLEDGED_PER_LOST,
            mtu: u64::from(mtu),
            lately: Lately { since: now, least: Duration::MAX },
            has_queue: false,
            start: Some(0),
        })
    }
}

#[derive(Clone)]
struct Forgiver {
    cubic: Cubic,
    /// Bytes acknowledged for which no loss was forgiven yet, up to a bound.
    forgivable: u64,
    mtu: u64,
    lately: Lately,
    /// Whether the last whole round trip showed one.
    has_queue: bool,
    /// Bytes that may be under way at the rate of the start; none once it was too much.
    start: Option<u64>,
}

/// The shortest time from sending to acknowledgement within one round trip.
#[derive(Clone, Copy)]
struct Lately {
    since: Instant,
    least: Duration,
}

impl Lately {
    /// Takes a time; the shortest of a round trip once that is over.
    fn take(&mut self, time: Duration, now: Instant, round_trip: Duration) -> Option<Duration> {
        self.least = self.least.min(time);
        if now.saturating_duration_since(self.since) < round_trip {
            return None;
        }
        let least = self.least;
        *self = Self { since: now, least: Duration::MAX };
        Some(least)
    }
}

impl Forgiver {
    /// Whether a loss says nothing of the network's load.
    fn forgives(&mut self, lost_bytes: u64) -> bool {
        let price = lost_bytes.saturating_mul(ACKNOWLEDGED_PER_LOST);
        let forgives = !self.has_queue && price <= self.forgivable;
        if forgives {
            self.forgivable -= price;
        }
        forgives
    }
}

impl Controller for Forgiver {
    fn on_sent(&mut self, now: Instant, bytes: u64, last_packet_number: u64) {
        self.cubic.on_sent(now, bytes, last_packet_number);
    }

    fn on_ack(
        &mut self,
        now: Instant,
        sent: Instant,
        bytes: u64,
        app_limited: bool,
        rtt: &RttEstimator,
    ) {
        let most = FORGIVEN_DATAGRAMS_MAX * self.mtu * ACKNOWLEDGED_PER_LOST;
        self.forgivable = (self.forgivable + bytes).min(most);
        self.start = self.start.map(|_| start_window(rtt.min()));
        let time = now.saturating_duration_since(sent);
        if let Some(least) = self.lately.take(time, now, rtt.get()) {
            let shortest = rtt.min();
            self.has_queue = least > shortest + (shortest / QUEUE_SHARE).max(QUEUE_LEAST);
        }
        self.cubic.on_ack(now, sent, bytes, app_limited, rtt);
    }

    fn on_end_acks(
        &mut self,
        now: Instant,
        in_flight: u64,
        app_limited: bool,
        largest_packet_num_acked: Option<u64>,
    ) {
        self.cubic.on_end_acks(now, in_flight, app_limited, largest_packet_num_acked);
    }

    fn on_congestion_event(
        &mut self,
        now: Instant,
        sent: Instant,
        is_persistent_congestion: bool,
        lost_bytes: u64,
    ) {
        // Nothing is lost where routers say themselves that they are busy.
        let is_said = lost_bytes == 0;
        if is_said || is_persistent_congestion || !self.forgives(lost_bytes) {
            self.start = None;
            self.cubic.on_congestion_event(now, sent, is_persistent_congestion, lost_bytes);
        }
    }

    fn on_mtu_update(&mut self, new_mtu: u16) {
        self.mtu = u64::from(new_mtu);
        self.cubic.on_mtu_update(new_mtu);
    }

    fn window(&self) -> u64 {
        self.cubic.window().max(self.start.unwrap_or_default())
    }

    fn metrics(&self) -> ControllerMetrics {
        self.cubic.metrics()
    }

    fn clone_box(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }

    fn initial_window(&self) -> u64 {
        self.cubic.initial_window()
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

/// What is under way at the rate of the start over a round trip.
fn start_window(round_trip: Duration) -> u64 {
    let bytes = u128::from(START_BYTES_PER_SECOND) * round_trip.as_micros() / 1_000_000;
    u64::try_from(bytes).unwrap_or(u64::MAX).min(START_WINDOW_BYTES_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MTU: u64 = 1_200;

    fn forgiver() -> Forgiver {
        let cubic = Cubic::new(Arc::default(), Instant::now(), 1_200);
        let lately = Lately { since: Instant::now(), least: Duration::MAX };
        Forgiver { cubic, forgivable: 0, mtu: MTU, lately, has_queue: false, start: Some(0) }
    }

    /// Bytes were acknowledged where no queue has grown.
    fn acknowledge(forgiver: &mut Forgiver, datagrams: u64) {
        let most = FORGIVEN_DATAGRAMS_MAX * MTU * ACKNOWLEDGED_PER_LOST;
        forgiver.forgivable = (forgiver.forgivable + datagrams * MTU).min(most);
    }

    #[test]
    fn one_loss_in_fifty_is_forgiven_and_no_more() {
        let mut forgiver = forgiver();
        assert!(!forgiver.forgives(MTU), "nothing was acknowledged");
        acknowledge(&mut forgiver, 99);
        assert!(forgiver.forgives(MTU));
        assert!(!forgiver.forgives(MTU));
        acknowledge(&mut forgiver, 1);
        assert!(forgiver.forgives(MTU));
        acknowledge(&mut forgiver, 1_000_000);
        assert!(!forgiver.forgives((FORGIVEN_DATAGRAMS_MAX + 1) * MTU), "a queue overflowed");
        assert!(forgiver.forgives(FORGIVEN_DATAGRAMS_MAX * MTU));
    }

    #[test]
    fn the_quickest_of_a_round_trip_counts() {
        let ms = Duration::from_millis;
        let begin = Instant::now();
        let mut lately = Lately { since: begin, least: Duration::MAX };
        assert_eq!(lately.take(ms(140), begin + ms(10), ms(100)), None);
        assert_eq!(lately.take(ms(101), begin + ms(50), ms(100)), None);
        assert_eq!(lately.take(ms(160), begin + ms(100), ms(100)), Some(ms(101)));
        assert_eq!(lately.take(ms(130), begin + ms(200), ms(100)), Some(ms(130)));
    }

    #[test]
    fn a_far_link_starts_at_a_rate_until_that_is_too_much() {
        let mut forgiver = forgiver();
        let near = forgiver.window();
        assert_eq!(start_window(Duration::from_millis(100)), 250_000);
        assert_eq!(start_window(Duration::from_secs(9)), START_WINDOW_BYTES_MAX);
        forgiver.start = Some(start_window(Duration::from_millis(1)));
        assert_eq!(forgiver.window(), near, "nothing more is needed over a short way");
        forgiver.start = Some(start_window(Duration::from_millis(100)));
        assert_eq!(forgiver.window(), 250_000);
        acknowledge(&mut forgiver, 1_000);
        forgiver.on_congestion_event(Instant::now(), Instant::now(), false, MTU);
        assert_eq!(forgiver.window(), 250_000, "forgiven");
        forgiver.on_congestion_event(Instant::now(), Instant::now(), false, 0);
        assert!(forgiver.window() <= near);
    }

    #[test]
    fn where_a_queue_has_grown_or_routers_say_so_cubic_decides() {
        let mut forgiver = forgiver();
        acknowledge(&mut forgiver, 1_000);
        let (now, window) = (Instant::now(), forgiver.window());
        forgiver.on_congestion_event(now, now, false, MTU);
        assert_eq!(forgiver.window(), window, "forgiven");
        forgiver.on_congestion_event(now, now, false, 0);
        let less = forgiver.window();
        assert!(less < window);
        forgiver.has_queue = true;
        let later = now + Duration::from_secs(1);
        forgiver.on_congestion_event(later, later, false, MTU);
        assert!(forgiver.window() < less);
    }
}
