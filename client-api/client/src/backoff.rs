//! How long to wait before the next attempt: doubling, capped, and spread, so that a node that
//! comes back is not met by all its clients at once. It must not sleep itself.

use std::time::Duration;

#[derive(Clone, Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Any success starts over.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    /// The next wait: between half and the whole of the doubled one.
    pub(crate) fn next(&mut self, random: u64) -> Duration {
        let whole = FIRST_MS.saturating_mul(1 << self.failures.min(10)).min(LONGEST_MS);
        self.failures = self.failures.saturating_add(1);
        Duration::from_millis(whole / 2 + random % (whole / 2 + 1))
    }
}

/// A random number for spreading load; nothing secret hangs on it.
pub(crate) fn random() -> u64 {
    // Without randomness all clients wait alike, which is no reason to fail.
    getrandom::u64().unwrap_or_default()
}

const FIRST_MS: u64 = 200;
const LONGEST_MS: u64 = 30_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_cap_and_start_over() {
        let mut backoff = Backoff::default();
        let waits: Vec<u128> = (0..12).map(|_| backoff.next(0).as_millis()).collect();
        assert_eq!(waits[..4], [100, 200, 400, 800]);
        assert_eq!(waits[11], 15_000);
        assert!((0..1_000).all(|r| backoff.next(r * 7_919) <= Duration::from_millis(LONGEST_MS)));
        backoff.reset();
        assert_eq!(backoff.next(0).as_millis(), 100);
    }
}
