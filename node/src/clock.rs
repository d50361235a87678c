//! The only place that reads the clock and draws random bytes. What they decide travels inside
//! commands.

use std::cell::RefCell;
use std::sync::OnceLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use zeroize::Zeroize;

/// The wall clock in Unix milliseconds.
#[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
pub fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Milliseconds of a clock that never goes back, from some moment of this process on.
pub fn monotonic_ms() -> u64 {
    monotonic_us() / 1_000
}

/// The same in microseconds.
pub fn monotonic_us() -> u64 {
    static FIRST: OnceLock<Instant> = OnceLock::new();
    let since = FIRST.get_or_init(Instant::now).elapsed();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// Fresh random bytes.
///
/// # Panics
/// Where the system gives none: no key, token or id could be drawn, so nothing can go on.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    POOL.with_borrow_mut(|pool| pool.take(&mut bytes));
    bytes
}

thread_local! {
    static POOL: RefCell<Pool> = const { RefCell::new(Pool { bytes: [0; POOL_BYTES], left: 0 }) };
}

/// Random bytes of the system that nobody has been given yet: asking it for each command costs more
/// than most of what a command does. One for each thread; a process that forks is not ours.
struct Pool {
    bytes: [u8; POOL_BYTES],
    left: usize,
}

impl Pool {
    fn take(&mut self, out: &mut [u8]) {
        if out.len() > POOL_BYTES {
            getrandom::fill(out).expect("the system's random source works");
            return;
        }
        if self.left < out.len() {
            getrandom::fill(&mut self.bytes).expect("the system's random source works");
            self.left = POOL_BYTES;
        }
        let given = &mut self.bytes[self.left - out.len()..self.left];
        out.copy_from_slice(given);
        // What was given must not be found here.
        given.zeroize();
        self.left -= out.len();
    }
}

const POOL_BYTES: usize = 1_024;

/// A fresh random number, never 0.
pub fn random_number() -> u64 {
    u64::from_be_bytes(random()).max(1)
}

/// The year by the local calendar, which names keys.
pub(crate) fn year() -> i16 {
    jiff::Zoned::now().year()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn nothing_is_given_twice() {
        let words: BTreeSet<[u8; 8]> = (0..1_000).map(|_| random()).collect();
        assert_eq!(words.len(), 1_000);
        let mixed: BTreeSet<[u8; 8]> = (0..300)
            .flat_map(|_| {
                let (long, odd) = (random::<24>(), random::<13>());
                let whole = |bytes: &[u8]| {
                    bytes
                        .chunks_exact(8)
                        .map(|b| b.try_into().unwrap_or_default())
                        .collect::<Vec<_>>()
                };
                [whole(&long), whole(&odd)].concat()
            })
            .collect();
        assert_eq!(mixed.len(), 300 * 4);
        assert_ne!(random::<2_000>()[..1_000], random::<2_000>()[..1_000]);
    }
}
