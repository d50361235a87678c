//! The only place that reads the clock and draws random bytes. What they decide travels inside
//! commands.

use std::sync::OnceLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The wall clock in Unix milliseconds.
#[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
pub fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Milliseconds of a clock that never goes back, from some moment of this process on.
pub fn monotonic_ms() -> u64 {
    static FIRST: OnceLock<Instant> = OnceLock::new();
    let since = FIRST.get_or_init(Instant::now).elapsed();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Fresh random bytes.
///
/// # Panics
/// Where the system gives none: no key, token or id could be drawn, so nothing can go on.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system's random source works");
    bytes
}

/// A fresh random number, never 0.
pub fn random_number() -> u64 {
    u64::from_be_bytes(random()).max(1)
}
