//! What becomes of a datagram: drawn, not done. Reads no clock.

use std::time::Duration;

/// How a direction treats datagrams.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Conditions {
    /// How long each is on its way at least.
    pub delay: Duration,
    /// Up to how much longer, evenly drawn. Their order stays.
    pub jitter: Duration,
    /// Which share is lost, from 0 to 1.
    pub loss: f64,
    /// Which share comes twice.
    pub duplicate: f64,
    /// Which share is held back, so that later ones overtake it.
    pub reorder: f64,
    /// For how long.
    pub reorder_by: Duration,
}

impl Conditions {
    /// A delay and nothing else.
    pub fn delayed(delay: Duration) -> Self {
        Self { delay, ..Self::default() }
    }

    /// Nothing passes.
    pub fn cut() -> Self {
        Self { loss: 1.0, ..Self::default() }
    }
}

/// One direction.
#[derive(Debug)]
pub(crate) struct Course {
    random: Random,
    /// When the last one that keeps its turn arrives.
    last: Duration,
}

/// When a datagram arrives, and its copy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fate {
    pub(crate) at: Option<Duration>,
    pub(crate) again_at: Option<Duration>,
}

impl Course {
    pub(crate) fn new(seed: u64) -> Self {
        Self { random: Random(seed), last: Duration::ZERO }
    }

    /// Takes the next datagram, which came at `now`. Four numbers are drawn for each whatever the
    /// conditions, so that a change of them changes no later draw.
    pub(crate) fn take(&mut self, conditions: &Conditions, now: Duration) -> Fate {
        let [lost, late, twice, back] = [(); 4].map(|()| self.random.share());
        if lost < conditions.loss {
            return Fate::default();
        }
        let drawn = now + conditions.delay + conditions.jitter.mul_f64(late);
        let turn = drawn.max(self.last);
        let at = if back < conditions.reorder {
            turn + conditions.reorder_by
        } else {
            self.last = turn;
            turn
        };
        Fate { at: Some(at), again_at: (twice < conditions.duplicate).then_some(at) }
    }
}

/// SplitMix64 (Steele, Lea and Flood, 2014): one word of state, the same everywhere.
#[derive(Debug)]
struct Random(u64);

impl Random {
    /// At least 0 and less than 1.
    fn share(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        // As many bits as the fraction of a double has.
        (z >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn fates(seed: u64, conditions: &Conditions, count: u32) -> Vec<Fate> {
        let mut course = Course::new(seed);
        (0..count).map(|n| course.take(conditions, MS * n)).collect()
    }

    #[test]
    fn fates_follow_from_the_seed() {
        let bad = Conditions {
            delay: MS * 50,
            jitter: MS * 20,
            loss: 0.1,
            duplicate: 0.1,
            reorder: 0.1,
            reorder_by: MS * 30,
        };
        assert_eq!(fates(7, &bad, 1_000), fates(7, &bad, 1_000));
        assert_ne!(fates(7, &bad, 1_000), fates(8, &bad, 1_000));
        // Which ones are lost does not depend on the rest.
        let lossy = Conditions { loss: 0.1, ..Conditions::default() };
        let lost = |conditions| -> Vec<bool> {
            fates(7, conditions, 1_000).iter().map(|fate| fate.at.is_none()).collect()
        };
        assert_eq!(lost(&bad), lost(&lossy));
    }

    #[test]
    fn shares_are_as_wanted() {
        let bad = Conditions { loss: 0.01, duplicate: 0.05, reorder: 0.2, ..Conditions::default() };
        let held = Conditions { reorder_by: MS * 9, ..bad };
        let fates = fates(1, &held, 100_000);
        let share = |of: fn(&Fate) -> bool| {
            fates.iter().filter(|fate| of(fate)).count() as f64 / fates.len() as f64
        };
        assert!((0.009..0.011).contains(&share(|fate| fate.at.is_none())));
        assert!((0.047..0.052).contains(&share(|fate| fate.again_at.is_some())));
        let overtaken = fates.iter().filter_map(|fate| fate.at).collect::<Vec<_>>();
        let overtaken = overtaken.windows(2).filter(|pair| pair[1] < pair[0]).count();
        // One that is held back is overtaken by the next unless that is, too.
        assert!((0.14..0.18).contains(&(overtaken as f64 / fates.len() as f64)), "{overtaken}");
    }

    #[test]
    fn jitter_delays_within_bounds_and_keeps_the_order() {
        let conditions = Conditions { jitter: MS * 5, ..Conditions::delayed(MS * 100) };
        let arrivals: Vec<Duration> =
            fates(3, &conditions, 10_000).iter().filter_map(|fate| fate.at).collect();
        assert!(arrivals.is_sorted());
        let late: Vec<Duration> = (0..).zip(&arrivals).map(|(n, at)| *at - MS * n).collect();
        let (least, most) = (late.iter().min().unwrap(), late.iter().max().unwrap());
        assert!(*least >= MS * 100 && *least < MS * 101, "{least:?}");
        assert!(*most > MS * 104 && *most < MS * 105, "{most:?}");
    }

    #[test]
    fn nothing_passes_a_cut() {
        assert!(fates(1, &Conditions::cut(), 1_000).iter().all(|fate| fate.at.is_none()));
    }
}
