//! How often something may happen: a token bucket that is one moment in time. It reads no clock;
//! `now` is handed in.

use std::time::Duration;

/// So many times in a period, all of them at once if they are asked for at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    count: u32,
    per: Duration,
}

impl Rate {
    /// A rate; a count of 0 counts as 1.
    pub const fn new(count: u32, per: Duration) -> Self {
        Self { count: if count == 0 { 1 } else { count }, per }
    }

    /// How many.
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// The time after which one more is allowed.
    pub(crate) fn interval(&self) -> Duration {
        self.per / self.count
    }
}

/// Why something may not happen now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Denied {
    /// After this time it may.
    pub wait: Duration,
    /// Whether it is the first denial of a burst: worth a line in the log.
    pub is_first: bool,
}

/// What was taken of a rate. A new one is empty, and one that has run dry is as good as new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// When all that was taken has run off.
    dry_at: Duration,
    denied: bool,
}

impl Bucket {
    /// Takes one, or says when one may be taken.
    pub fn take(&mut self, rate: &Rate, now: Duration) -> Result<(), Denied> {
        if self.dry_at <= now {
            *self = Self { dry_at: now, denied: false };
        }
        let filled = self.dry_at + rate.interval();
        let full = now + rate.per;
        if filled > full {
            let is_first = !std::mem::replace(&mut self.denied, true);
            return Err(Denied { wait: filled - full, is_first });
        }
        self.dry_at = filled;
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_period_s_worth_passes_at_once_and_then_one_by_one() {
        let rate = Rate::new(6, MINUTE);
        let mut bucket = Bucket::default();
        let begun = Duration::from_secs(1_000);
        for _ in 0..6 {
            bucket.take(&rate, begun).unwrap();
        }
        let denied = bucket.take(&rate, begun).unwrap_err();
        assert_eq!(denied, Denied { wait: Duration::from_secs(10), is_first: true });
        // Asking costs nothing; the burst is told once.
        let denied = bucket.take(&rate, begun + Duration::from_secs(4)).unwrap_err();
        assert_eq!(denied, Denied { wait: Duration::from_secs(6), is_first: false });
        bucket.take(&rate, begun + Duration::from_secs(10)).unwrap();
        assert!(bucket.take(&rate, begun + Duration::from_secs(10)).is_err());
        // After a whole period all of it is there again, and no more than that.
        let later = begun + MINUTE * 100;
        let taken = (0..100).filter(|_| bucket.take(&rate, later).is_ok()).count();
        assert_eq!(taken, 6);
    }

    #[test]
    fn whoever_waits_as_told_is_let_in() {
        for count in [1, 7, 60, 999, 1_000_000_000] {
            let rate = Rate::new(count, MINUTE);
            let mut bucket = Bucket { dry_at: MINUTE * 2, denied: false };
            let denied = bucket.take(&rate, MINUTE).unwrap_err();
            bucket.take(&rate, MINUTE + denied.wait).unwrap();
        }
    }
}
