//! What is kept of the domains that were looked up: as long as they allow, within bounds.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use comity_protocol::name::ServerName;

/// Domains of which something is kept.
const DOMAINS_MAX: usize = 4_096;

/// How long something is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// How long a failure is: long enough to spare those who are asked, short enough not to be
    /// noticed.
    pub(super) failure: Duration,
    /// The shortest; what allows less would be asked for at every try.
    pub(super) least: Duration,
    /// The longest that anything is relied on, whatever it says itself.
    pub(super) most: Duration,
    /// How long it is kept even where somebody would have it forgotten.
    pub(super) spared: Duration,
}

pub(super) struct Cache<T, E> {
    bounds: Bounds,
    kept: Mutex<HashMap<ServerName, Kept<T, E>>>,
}

struct Kept<T, E> {
    since: Instant,
    until: Instant,
    outcome: Result<T, E>,
}

impl<T: Clone, E: Clone> Cache<T, E> {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self { bounds, kept: Mutex::default() }
    }

    /// What is kept of a domain and how long it may still be relied on.
    pub(super) fn find(
        &self,
        domain: &ServerName,
        now: Instant,
    ) -> Option<(Result<T, E>, Duration)> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.get(domain)?;
        let left = found.until.checked_duration_since(now).filter(|left| !left.is_zero())?;
        Some((found.outcome.clone(), left))
    }

    /// Keeps an outcome; says how long it may be relied on.
    pub(super) fn keep(
        &self,
        domain: &ServerName,
        outcome: Result<T, E>,
        ttl: Duration,
        now: Instant,
    ) -> Duration {
        let left = match outcome {
            Ok(_) => ttl.clamp(self.bounds.least, self.bounds.most),
            Err(_) => self.bounds.failure,
        };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= DOMAINS_MAX && !kept.contains_key(domain) {
            make_room(&mut kept, now);
        }
        kept.insert(domain.clone(), Kept { since: now, until: now + left, outcome });
        left
    }

    /// Forgets what is kept of a domain, unless it is too new for that.
    pub(super) fn forget(&self, domain: &ServerName, now: Instant) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let age = kept.get(domain).map(|found| now.saturating_duration_since(found.since));
        if age.is_some_and(|age| age >= self.bounds.spared) {
            kept.remove(domain);
        }
    }
}

/// Drops what is over; where nothing is, what would be over first.
fn make_room<T, E>(kept: &mut HashMap<ServerName, Kept<T, E>>, now: Instant) {
    kept.retain(|_, found| found.until > now);
    if kept.len() >= DOMAINS_MAX {
        let first = kept.iter().min_by_key(|(_, found)| found.until);
        if let Some(first) = first.map(|(domain, _)| domain.clone()) {
            kept.remove(&first);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAILURE: Duration = Duration::from_secs(10);
    const HOUR: Duration = Duration::from_secs(3_600);

    fn cache(spared: Duration) -> Cache<u8, u8> {
        Cache::new(Bounds { failure: FAILURE, least: FAILURE / 2, most: HOUR, spared })
    }

    fn name(i: usize) -> ServerName {
        format!("d{i}.example").parse().unwrap()
    }

    #[test]
    fn outcomes_are_kept_within_bounds() {
        let cache = cache(Duration::ZERO);
        let now = Instant::now();
        for i in 0..DOMAINS_MAX + 10 {
            let at = now + Duration::from_micros(i as u64);
            assert_eq!(cache.keep(&name(i), Err(0), Duration::ZERO, at), FAILURE);
        }
        assert_eq!(cache.kept.lock().unwrap().len(), DOMAINS_MAX);
        assert!(cache.find(&name(0), now).is_none(), "the first to be over made room");
        let last = name(DOMAINS_MAX + 9);
        assert!(cache.find(&last, now).is_some());
        assert!(cache.find(&last, now + FAILURE * 2).is_none());
        cache.forget(&last, now + FAILURE / 2);
        assert!(cache.find(&last, now).is_none());
        assert_eq!(cache.keep(&last, Ok(0), Duration::ZERO, now), FAILURE / 2);
        assert_eq!(cache.keep(&last, Ok(0), Duration::MAX, now), HOUR);
    }

    #[test]
    fn what_is_spared_is_not_forgotten_at_once() {
        let cache = cache(FAILURE);
        let now = Instant::now();
        cache.keep(&name(1), Ok(1), HOUR, now);
        cache.forget(&name(1), now + FAILURE / 2);
        assert!(cache.find(&name(1), now + FAILURE / 2).is_some());
        cache.forget(&name(1), now + FAILURE);
        assert!(cache.find(&name(1), now + FAILURE).is_none());
    }
}
