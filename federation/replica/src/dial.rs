//! Whom to dial and when, and which of two connections to the same peer stays. It knows domains and
//! clocks as arguments; it must not open anything.

use std::collections::BTreeMap;

use comity_protocol::name::ServerName;

use crate::limits::{DIAL_MS, DIALS_MAX, DOMAINS_MAX};

/// What tells two connections to one peer apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The driver's name for it, never used twice.
    pub number: u64,
    /// Names the run of the peer's process.
    pub start: u64,
    /// Who dialled it.
    pub dialler: ServerName,
}

/// What to do with a connection that has come up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the only one.
    Keep,
    /// It stays; the older one, by its number, is closed with `link_replaced`.
    Replace(u64),
    /// The older one stays; this is closed with `link_replaced`.
    Yield,
}

/// Which domains should be linked, which are, and when to dial the others.
#[derive(Debug, Default)]
pub struct Dialer {
    domains: BTreeMap<ServerName, Domain>,
    dials: usize,
}

#[derive(Debug)]
struct Domain {
    wished: bool,
    dialling: bool,
    link: Option<Connection>,
    failures: u32,
    next_ms: u64,
}

impl Dialer {
    /// Knows no domain.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether a domain is linked.
    pub fn is_linked(&self, domain: &ServerName) -> bool {
        self.domains.get(domain).is_some_and(|d| d.link.is_some())
    }

    /// How often dialling a domain has failed since its last sign of life, and when it is dialled
    /// again.
    pub fn failures(&self, domain: &ServerName) -> Option<(u32, u64)> {
        let known = self.domains.get(domain).filter(|d| d.failures > 0)?;
        Some((known.failures, known.next_ms))
    }

    /// A dial failed. `random` spreads the next tries of many nodes.
    pub fn handle_dial_failed(&mut self, domain: &ServerName, random: u64, now_ms: u64) {
        if let Some(known) = self.domains.get_mut(domain) {
            self.dials -= usize::from(std::mem::take(&mut known.dialling));
            known.put_off(random, now_ms);
        }
        self.forget_idle(domain);
    }

    /// A connection has come up.
    pub fn handle_up(&mut self, domain: &ServerName, connection: Connection) -> Verdict {
        let known = self.domains.entry(domain.clone()).or_insert_with(Domain::idle);
        self.dials -= usize::from(std::mem::take(&mut known.dialling));
        known.failures = 0;
        let verdict = match &known.link {
            None => Verdict::Keep,
            Some(old) if replaces(&connection, old) => Verdict::Replace(old.number),
            Some(_) => Verdict::Yield,
        };
        if verdict != Verdict::Yield {
            known.link = Some(connection);
        }
        verdict
    }

    /// A connection that had come up is gone. One that had been replaced changes nothing.
    pub fn handle_down(&mut self, domain: &ServerName, number: u64, random: u64, now_ms: u64) {
        if let Some(known) = self.domains.get_mut(domain)
            && known.link.as_ref().is_some_and(|link| link.number == number)
        {
            known.link = None;
            known.put_off(random, now_ms);
        }
        self.forget_idle(domain);
    }

    /// The peer has shown, authenticated, that it is alive: an inbound link, an introduction.
    pub fn handle_sign_of_life(&mut self, domain: &ServerName, now_ms: u64) {
        if let Some(known) = self.domains.get_mut(domain) {
            (known.failures, known.next_ms) = (0, now_ms);
        }
    }

    /// Wishes for a link to a domain. `false` where no more can be wished for.
    pub fn wish(&mut self, domain: ServerName, now_ms: u64) -> bool {
        let room = self.domains.len() < DOMAINS_MAX;
        match self.domains.get_mut(&domain) {
            Some(known) => known.wished = true,
            None if room => {
                let fresh = Domain { wished: true, next_ms: now_ms, ..Domain::idle() };
                self.domains.insert(domain, fresh);
            }
            None => return false,
        }
        true
    }

    /// A link to a domain is no longer wished for; one that is up stays.
    pub fn forget(&mut self, domain: &ServerName) {
        if let Some(known) = self.domains.get_mut(domain) {
            known.wished = false;
        }
        self.forget_idle(domain);
    }

    /// The next domain to dial now; answered by `handle_up` or `handle_dial_failed`.
    pub fn poll_dial(&mut self, now_ms: u64) -> Option<ServerName> {
        if self.dials >= DIALS_MAX {
            return None;
        }
        let due = self.domains.iter_mut().filter(|(_, d)| d.is_idle() && d.next_ms <= now_ms);
        let (domain, known) = due.min_by_key(|(_, d)| d.next_ms)?;
        known.dialling = true;
        self.dials += 1;
        Some(domain.clone())
    }

    /// When `poll_dial` may have a domain, in the clock's ms.
    pub fn poll_timeout(&self) -> Option<u64> {
        if self.dials >= DIALS_MAX {
            return None;
        }
        self.domains.values().filter(|d| d.is_idle()).map(|d| d.next_ms).min()
    }

    fn forget_idle(&mut self, domain: &ServerName) {
        let idle = |d: &Domain| !d.wished && !d.dialling && d.link.is_none();
        if self.domains.get(domain).is_some_and(idle) {
            self.domains.remove(domain);
        }
    }
}

impl Domain {
    fn idle() -> Self {
        Self { wished: false, dialling: false, link: None, failures: 0, next_ms: 0 }
    }

    fn is_idle(&self) -> bool {
        self.wished && !self.dialling && self.link.is_none()
    }

    /// Half of the wait is fixed, half is drawn.
    fn put_off(&mut self, random: u64, now_ms: u64) {
        let wait_ms = DIAL_MS.after(self.failures);
        self.failures = self.failures.saturating_add(1);
        self.next_ms = now_ms + wait_ms / 2 + random % (wait_ms / 2 + 1);
    }
}

/// Whether a new connection replaces an older one to the same peer. Both ends decide alike: another
/// run of the peer's process has forgotten the older one; between equal runs the one dialled by the
/// smaller domain stays; a second one by the same dialler means that it has given the first one up.
pub fn replaces(new: &Connection, old: &Connection) -> bool {
    new.start != old.start || new.dialler <= old.dialler
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn name(text: &str) -> ServerName {
        text.parse().unwrap()
    }

    fn connection(number: u64, start: u64, dialler: &str) -> Connection {
        Connection { number, start, dialler: name(dialler) }
    }

    #[test]
    fn both_ends_keep_the_same_of_two_connections() {
        let by = |dialler| connection(1, 5, dialler);
        // Whichever comes up first, the one that acme dialled stays.
        assert!(replaces(&by("acme.test"), &by("globex.test")));
        assert!(!replaces(&by("globex.test"), &by("acme.test")));
        // Dialled once more by the same node: it knows why.
        assert!(replaces(&by("globex.test"), &by("globex.test")));
        // Another run of the peer's process knows nothing of older connections.
        assert!(replaces(&connection(2, 6, "globex.test"), &by("acme.test")));
    }

    #[test]
    fn an_older_connection_is_replaced_or_stays() {
        let mut dialer = Dialer::new();
        let globex = name("globex.test");
        let mut up = |connection| dialer.handle_up(&globex, connection);
        assert_eq!(up(connection(1, 5, "globex.test")), Verdict::Keep);
        assert_eq!(up(connection(2, 5, "acme.test")), Verdict::Replace(1));
        assert_eq!(up(connection(3, 5, "globex.test")), Verdict::Yield);
        assert_eq!(up(connection(4, 6, "globex.test")), Verdict::Replace(2));
        // That the replaced ones end changes nothing.
        dialer.handle_down(&globex, 2, 0, 0);
        assert!(dialer.is_linked(&globex));
        dialer.handle_down(&globex, 4, 0, 0);
        assert!(!dialer.is_linked(&globex));
    }

    #[test]
    fn waits_double_up_to_two_minutes_and_end_at_a_sign_of_life() {
        let mut dialer = Dialer::new();
        let globex = name("globex.test");
        assert!(dialer.wish(globex.clone(), 100));
        let mut now_ms = 100;
        let mut waits = Vec::new();
        for random in 0..12 {
            assert_eq!(dialer.poll_dial(now_ms), Some(globex.clone()));
            assert_eq!(dialer.poll_dial(now_ms), None);
            dialer.handle_dial_failed(&globex, random * 997, now_ms);
            let due = dialer.poll_timeout().unwrap();
            assert_eq!(dialer.poll_dial(due - 1), None);
            waits.push(due - now_ms);
            now_ms = due;
        }
        for (i, wait) in waits.iter().enumerate() {
            let whole = (1_000_u64 << i.min(20)).min(120_000);
            assert!((whole / 2..=whole).contains(wait), "{i}: {wait} of {whole}");
        }
        assert_eq!(dialer.failures(&globex).map(|(count, _)| count), Some(12));
        dialer.poll_dial(now_ms);
        dialer.handle_dial_failed(&globex, 0, now_ms);
        dialer.handle_sign_of_life(&globex, now_ms + 1);
        assert_eq!(dialer.poll_dial(now_ms + 1), Some(globex.clone()));
        dialer.handle_dial_failed(&globex, 0, now_ms + 1);
        assert_eq!(dialer.poll_timeout(), Some(now_ms + 501));
    }

    #[test]
    fn a_domain_that_is_linked_or_not_wished_for_is_not_dialled() {
        let mut dialer = Dialer::new();
        let globex = name("globex.test");
        dialer.wish(globex.clone(), 0);
        assert_eq!(dialer.handle_up(&globex, connection(1, 5, "globex.test")), Verdict::Keep);
        assert_eq!(dialer.poll_dial(1), None);
        assert_eq!(dialer.poll_timeout(), None);
        dialer.handle_down(&globex, 1, 0, 1_000);
        assert_eq!(dialer.poll_dial(1_500), Some(globex.clone()));
        dialer.handle_dial_failed(&globex, 0, 1_500);
        dialer.forget(&globex);
        assert_eq!(dialer.poll_timeout(), None);
        // Whoever dials us without our wish is linked, and forgotten afterwards.
        assert_eq!(dialer.handle_up(&globex, connection(2, 5, "globex.test")), Verdict::Keep);
        dialer.handle_down(&globex, 2, 0, 2_000);
        assert_eq!(dialer.poll_timeout(), None);
    }

    #[test]
    fn dials_under_way_are_bounded() {
        let mut dialer = Dialer::new();
        for i in 0..=DIALS_MAX {
            dialer.wish(name(&format!("n{i}.test")), 0);
        }
        let under_way: Vec<_> = std::iter::from_fn(|| dialer.poll_dial(0)).collect();
        assert_eq!(under_way.len(), DIALS_MAX);
        dialer.handle_dial_failed(&under_way[0], 0, 0);
        assert!(dialer.poll_dial(0).is_some());
        // One that comes up by itself while it is dialled gives its place back once.
        dialer.handle_up(&under_way[1], connection(1, 5, "n1.test"));
        dialer.handle_dial_failed(&under_way[1], 0, 0);
        assert!(dialer.is_linked(&under_way[1]));
        assert!(dialer.poll_dial(1_000).is_some());
        assert!(dialer.poll_dial(1_000).is_none());
    }
}
