//! Counts of what happened of late: of this stretch of time, and of the one before. It reads no
//! clock.

use std::ops::AddAssign;

/// Numbers that are counted together.
pub(super) trait Counts: AddAssign + Copy + Default {
    /// The same of each of them.
    fn map(self, each: impl Fn(u64) -> u64) -> Self;
}

impl Counts for u64 {
    fn map(self, each: impl Fn(u64) -> u64) -> Self {
        each(self)
    }
}

/// Counts in stretches of so many ms.
#[derive(Debug, Default)]
pub(super) struct Stretches<C, const MS: u64> {
    /// The number of the stretch that is counted.
    number: u64,
    now: C,
    before: C,
}

impl<C: Counts, const MS: u64> Stretches<C, MS> {
    pub(super) fn note(&mut self, counts: C, now_ms: u64) {
        self.turn(now_ms / MS);
        self.now += counts;
    }

    /// What was counted within the length of a stretch: what this one has, and of the one before
    /// the part that is not longer ago.
    pub(super) fn latest(&mut self, now_ms: u64) -> C {
        self.turn(now_ms / MS);
        let left_ms = MS - now_ms % MS;
        let mut latest = self.before.map(|count| count * left_ms / MS);
        latest += self.now;
        latest
    }

    fn turn(&mut self, number: u64) {
        if number == self.number {
            return;
        }
        let is_next = number == self.number + 1;
        self.before = if is_next { self.now } else { C::default() };
        (self.number, self.now) = (number, C::default());
    }
}
