//! What is kept of the domains that were looked up: as long as their records allow, within bounds.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use comity_protocol::name::ServerName;

use super::{DiscoverError, Found};

/// Domains of which something is kept.
const DOMAINS_MAX: usize = 4_096;
/// The longest that anything is relied on, whatever its records say.
const KEEP_MAX: Duration = Duration::from_secs(24 * 3_600);
/// The shortest; records with less would be asked for at every try.
const KEEP_MIN: Duration = Duration::from_secs(5);
/// How long a failure is kept: long enough to spare the name servers, short enough not to be
/// noticed.
const KEEP_FAILURE: Duration = Duration::from_secs(10);

type Outcome = Result<Found, DiscoverError>;

#[derive(Default)]
pub(super) struct Cache(Mutex<HashMap<ServerName, (Instant, Outcome)>>);

impl Cache {
    /// What is kept of a domain and how long it may still be relied on.
    pub(super) fn find(&self, domain: &ServerName, now: Instant) -> Option<(Outcome, Duration)> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (until, outcome) = kept.get(domain)?;
        let left = until.checked_duration_since(now).filter(|left| !left.is_zero())?;
        Some((outcome.clone(), left))
    }

    /// Keeps an outcome; says how long it may be relied on.
    pub(super) fn keep(
        &self,
        domain: &ServerName,
        outcome: Outcome,
        ttl: Duration,
        now: Instant,
    ) -> Duration {
        let left = match outcome {
            Ok(_) => ttl.clamp(KEEP_MIN, KEEP_MAX),
            Err(_) => KEEP_FAILURE,
        };
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= DOMAINS_MAX && !kept.contains_key(domain) {
            make_room(&mut kept, now);
        }
        kept.insert(domain.clone(), (now + left, outcome));
        left
    }

    pub(super) fn forget(&self, domain: &ServerName) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(domain);
    }
}

/// Drops what is over; where nothing is, what would be over first.
fn make_room(kept: &mut HashMap<ServerName, (Instant, Outcome)>, now: Instant) {
    kept.retain(|_, (until, _)| *until > now);
    if kept.len() >= DOMAINS_MAX {
        let first = kept.iter().min_by_key(|(_, (until, _))| *until);
        if let Some(first) = first.map(|(domain, _)| domain.clone()) {
            kept.remove(&first);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_kept_within_bounds() {
        let cache = Cache::default();
        let now = Instant::now();
        let name = |i: usize| format!("d{i}.example").parse::<ServerName>().unwrap();
        for i in 0..DOMAINS_MAX + 10 {
            let kept = cache.keep(
                &name(i),
                Err(DiscoverError::Unanswered),
                Duration::ZERO,
                now + Duration::from_micros(i as u64),
            );
            assert_eq!(kept, KEEP_FAILURE);
        }
        assert_eq!(cache.0.lock().unwrap().len(), DOMAINS_MAX);
        assert!(cache.find(&name(0), now).is_none(), "the first to be over made room");
        let last = name(DOMAINS_MAX + 9);
        assert!(cache.find(&last, now).is_some());
        assert!(cache.find(&last, now + KEEP_FAILURE * 2).is_none());
        cache.forget(&last);
        assert!(cache.find(&last, now).is_none());
    }
}
