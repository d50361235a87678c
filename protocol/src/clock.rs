//! The hybrid logical clock (`docs/protocol/` section 4): 48 bits of Unix milliseconds, 16 of
//! counter. The wall clock is an input; nothing here reads one.

use minicbor::{Decode, Encode};

/// A time stamp of the hybrid clock. The counter carries into the milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct HybridTime(#[n(0)] pub u64);

impl HybridTime {
    /// The first stamp of a millisecond.
    pub const fn from_unix_ms(unix_ms: u64) -> Self {
        Self(unix_ms << 16)
    }

    /// The millisecond, in Unix time.
    pub const fn unix_ms(self) -> u64 {
        self.0 >> 16
    }

    /// The next stamp; at the end of the range it stays.
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The stamp of a new event: the largest of the clock, its log's last + 1 and the channel's
    /// newest + 1.
    pub fn stamp(clock_unix_ms: u64, log_last: Self, channel_newest: Self) -> Self {
        Self::from_unix_ms(clock_unix_ms).max(log_last.next()).max(channel_newest.next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_exceed_both_pasts_and_carry() {
        let full = HybridTime((7 << 16) | 0xffff);
        assert_eq!(HybridTime::stamp(7, full, HybridTime(0)), HybridTime::from_unix_ms(8));
        assert_eq!(HybridTime::stamp(9, full, HybridTime(3)), HybridTime::from_unix_ms(9));
        assert_eq!(HybridTime::stamp(1, HybridTime(3), full), HybridTime::from_unix_ms(8));
    }
}
