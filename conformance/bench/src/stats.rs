//! Percentiles of what was timed.

use std::time::Duration;

/// Times, in no order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn add(&mut self, time: Duration) {
        self.0.push(time);
    }

    pub(crate) fn join(&mut self, other: Times) {
        self.0.extend(other.0);
    }

    pub(crate) fn p50_ms(&self) -> f64 {
        self.quantile_ms(50)
    }

    pub(crate) fn p95_ms(&self) -> f64 {
        self.quantile_ms(95)
    }

    pub(crate) fn p99_ms(&self) -> f64 {
        self.quantile_ms(99)
    }

    /// The smallest time that `percent` of all do not exceed, in milliseconds.
    fn quantile_ms(&self, percent: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        sorted.get(rank - 1).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_times_that_were_measured() {
        let times = Times((1..=200).rev().map(Duration::from_millis).collect());
        assert_eq!(times.p50_ms(), 100.0);
        assert_eq!(times.p99_ms(), 198.0);
        let one = Times(vec![Duration::from_millis(7)]);
        assert_eq!((one.p50_ms(), one.p99_ms()), (7.0, 7.0));
    }
}
