//! A token bucket in milliseconds. It reads no clock.

/// How much of something may be done.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    per_s: u64,
    burst: u64,
    /// Thousandths of what is left.
    left: u64,
    at_ms: u64,
}

impl Bucket {
    /// A full one.
    pub const fn new(per_s: u64, burst: u64, now_ms: u64) -> Self {
        Self { per_s, burst, left: burst * 1_000, at_ms: now_ms }
    }

    /// Takes one, where there is one.
    pub fn take(&mut self, now_ms: u64) -> bool {
        let gained = now_ms.saturating_sub(self.at_ms).saturating_mul(self.per_s);
        self.left = self.left.saturating_add(gained).min(self.burst * 1_000);
        self.at_ms = self.at_ms.max(now_ms);
        let is_enough = self.left >= 1_000;
        if is_enough {
            self.left -= 1_000;
        }
        is_enough
    }
}
