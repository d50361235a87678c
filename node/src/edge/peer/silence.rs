//! Whether a peer is silent although it has something to acknowledge. An idle link is pinged
//! seldom, so that a thousand of them cost little; one that is in use shows soon that it is cut.

/// How long nothing at all may come from a peer that was sent something.
const SILENCE_MS: u64 = 10_000;

/// Watches one link.
#[derive(Debug, Default)]
pub(super) struct Silence {
    /// How many datagrams had come, and when it was noticed; none while nothing is awaited.
    heard: Option<(u64, u64)>,
}

impl Silence {
    /// Looks at how many datagrams have come so far; whether the link counts as cut.
    pub(super) fn look(&mut self, awaits: bool, datagrams: u64, now_ms: u64) -> bool {
        match self.heard.filter(|(before, _)| awaits && *before == datagrams) {
            Some((_, since_ms)) => now_ms >= since_ms + SILENCE_MS,
            None => {
                self.heard = awaits.then_some((datagrams, now_ms));
                false
            }
        }
    }

    /// When to look again at the latest.
    pub(super) fn next_ms(&self) -> Option<u64> {
        self.heard.map(|(_, since_ms)| since_ms + SILENCE_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_has_something_to_acknowledge_may_not_be_silent() {
        let mut silence = Silence::default();
        assert!(!silence.look(false, 7, 0));
        assert_eq!(silence.next_ms(), None);
        assert!(!silence.look(true, 7, 100_000), "it was asked for nothing before");
        assert_eq!(silence.next_ms(), Some(110_000));
        assert!(!silence.look(true, 7, 109_999));
        assert!(silence.look(true, 7, 110_000));
        assert!(!silence.look(true, 8, 110_001), "something came");
        assert!(!silence.look(true, 8, 120_000));
        assert!(!silence.look(false, 8, 120_001));
        assert!(!silence.look(true, 8, 120_002));
        assert!(silence.look(true, 8, 130_002));
    }
}
