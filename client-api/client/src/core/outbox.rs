//! What is asked of the node and not settled: which request goes out next, and what an answer to it
//! means. Oldest first, under the nonce it got when it was queued, over any number of connections;
//! so the node does it once. It must neither wait nor send itself.
//!
//! Call [`Outbox::handle_connected`] for each new connection, then [`Outbox::poll_send`] until it
//! has nothing; hand each answer to [`Outbox::handle_answer`].

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::error::Refused;

/// Requests that wait for their turn or their answer, each with what its sender wants kept.
#[derive(Debug)]
pub(crate) struct Outbox<T> {
    nonce_next: u64,
    retries_max: u32,
    entries: BTreeMap<u64, Entry<T>>,
    /// Not sent on this connection.
    unsent: BTreeSet<u64>,
    /// The node has asked for a pause; nothing overtakes what it refused.
    is_paused: bool,
}

#[derive(Debug)]
struct Entry<T> {
    item: T,
    retries: u32,
}

/// What an answer means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict<T> {
    /// Nothing was done: it is sent again when the pause is over, at the earliest after this.
    Later(Option<Duration>),
    /// It is settled; whoever queued it is told.
    Settled(T),
    /// An answer to nothing that is open.
    Unknown,
}

impl<T> Outbox<T> {
    pub(crate) fn new(nonce_first: u64, retries_max: u32) -> Self {
        Self {
            nonce_next: nonce_first,
            retries_max,
            entries: BTreeMap::new(),
            unsent: BTreeSet::new(),
            is_paused: false,
        }
    }

    /// Requests that are not settled.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether another request may be queued.
    pub(crate) fn has_room(&self) -> bool {
        self.len() < OUTBOX_MAX
    }

    /// The nonce that the next request gets.
    pub(crate) fn nonce_next(&self) -> u64 {
        self.nonce_next
    }

    /// Queues what was not settled when an earlier process ended, under the nonce it had.
    pub(crate) fn restore(&mut self, nonce: u64, item: T) {
        self.insert(nonce, item);
        self.nonce_next = self.nonce_next.max(nonce.saturating_add(1));
    }

    /// Queues a request and gives it its nonce.
    pub(crate) fn queue(&mut self, item: T) -> u64 {
        debug_assert!(self.has_room(), "whoever queues asks for room first");
        let nonce = self.nonce_next;
        self.nonce_next += 1;
        self.insert(nonce, item);
        nonce
    }

    fn insert(&mut self, nonce: u64, item: T) {
        self.entries.insert(nonce, Entry { item, retries: 0 });
        self.unsent.insert(nonce);
    }

    /// A new connection knows nothing of what was sent before.
    pub(crate) fn handle_connected(&mut self) {
        self.unsent = self.entries.keys().copied().collect();
        self.is_paused = false;
    }

    /// The pause that the node asked for is over.
    pub(crate) fn handle_pause_over(&mut self) {
        self.is_paused = false;
    }

    /// What an answer means for its request.
    pub(crate) fn handle_answer(&mut self, nonce: u64, refused: Option<&Refused>) -> Verdict<T> {
        let Some(entry) = self.entries.get_mut(&nonce) else { return Verdict::Unknown };
        match refused.map(|refused| (refused.code.as_str(), refused.retry_after)) {
            // The connection ends now; the next one repeats it.
            Some(("shutting_down", _)) => return Verdict::Later(None),
            Some((code, wait)) if NOT_DONE.contains(&code) && entry.retries < self.retries_max => {
                entry.retries += 1;
                self.unsent.insert(nonce);
                self.is_paused = true;
                return Verdict::Later(wait);
            }
            _ => {}
        }
        self.unsent.remove(&nonce);
        match self.entries.remove(&nonce) {
            Some(entry) => Verdict::Settled(entry.item),
            None => Verdict::Unknown,
        }
    }

    /// Takes back what could not be kept.
    pub(crate) fn remove(&mut self, nonce: u64) -> Option<T> {
        self.unsent.remove(&nonce);
        self.entries.remove(&nonce).map(|entry| entry.item)
    }

    /// The next request to send: the oldest, while not too many are under way.
    pub(crate) fn poll_send(&mut self) -> Option<&T> {
        if self.is_paused || self.len() - self.unsent.len() >= UNDER_WAY_MAX {
            return None;
        }
        let nonce = self.unsent.pop_first()?;
        self.entries.get(&nonce).map(|entry| &entry.item)
    }
}

/// Requests under way at once. A node keeps the newest 1,024 answers per device, so a repeat is
/// always within them.
pub const UNDER_WAY_MAX: usize = 64;
/// Requests that are queued or under way; beyond it whoever queues has to wait.
pub const OUTBOX_MAX: usize = 1_000;
/// Refusals after which nothing was done, so that a repeat is right.
const NOT_DONE: [&str; 4] = ["rate_limited", "overloaded", "home_comparing", "disk_full"];

const _: () = assert!(UNDER_WAY_MAX <= OUTBOX_MAX);

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn refused(code: &str) -> Refused {
        let retry_after = Some(Duration::from_millis(500));
        Refused { code: code.to_owned(), message: String::new(), retry_after }
    }

    fn sent(outbox: &mut Outbox<&'static str>) -> Vec<&'static str> {
        std::iter::from_fn(|| outbox.poll_send().copied()).collect()
    }

    #[test]
    fn what_has_no_answer_goes_out_again_oldest_first_under_its_nonce() {
        let mut outbox = Outbox::new(7, 0);
        assert_eq!([outbox.queue("a"), outbox.queue("b"), outbox.queue("c")], [7, 8, 9]);
        assert_eq!(sent(&mut outbox), ["a", "b", "c"]);
        assert_eq!(outbox.handle_answer(8, None), Verdict::Settled("b"));
        assert_eq!(outbox.handle_answer(8, None), Verdict::Unknown);
        outbox.handle_connected();
        assert_eq!(outbox.queue("d"), 10);
        assert_eq!(sent(&mut outbox), ["a", "c", "d"]);
        assert_eq!(outbox.handle_answer(7, Some(&refused("not_allowed"))), Verdict::Settled("a"));
        assert_eq!(outbox.handle_answer(9, Some(&refused("shutting_down"))), Verdict::Later(None));
        outbox.handle_connected();
        assert_eq!(sent(&mut outbox), ["c", "d"]);
    }

    #[test]
    fn a_node_that_asks_for_patience_gets_it_and_nothing_overtakes() {
        let mut outbox = Outbox::new(1, 2);
        outbox.queue("a");
        assert_eq!(sent(&mut outbox), ["a"]);
        let wait = Some(Duration::from_millis(500));
        for _ in 0..2 {
            assert_eq!(outbox.handle_answer(1, Some(&refused("overloaded"))), Verdict::Later(wait));
            if outbox.len() == 1 {
                outbox.queue("b");
            }
            assert_eq!(sent(&mut outbox), [""; 0], "paused");
            outbox.handle_pause_over();
            assert_eq!(sent(&mut outbox)[0], "a");
        }
        let last = outbox.handle_answer(1, Some(&refused("overloaded")));
        assert_eq!(last, Verdict::Settled("a"), "not for ever");
    }

    #[test]
    fn the_queue_and_what_is_under_way_are_bounded() {
        let mut outbox = Outbox::new(1, 0);
        while outbox.has_room() {
            outbox.queue("x");
        }
        assert_eq!(outbox.len(), OUTBOX_MAX);
        assert_eq!(sent(&mut outbox).len(), UNDER_WAY_MAX);
        outbox.handle_answer(1, None);
        assert!(outbox.has_room());
        assert_eq!(sent(&mut outbox).len(), 1);
    }

    #[test]
    fn what_an_earlier_process_queued_keeps_its_nonce_and_its_place() {
        let mut outbox = Outbox::new(5, 0);
        outbox.restore(9, "second");
        outbox.restore(3, "first");
        assert_eq!(outbox.queue("third"), 10);
        assert_eq!(sent(&mut outbox), ["first", "second", "third"]);
        assert_eq!(outbox.remove(10), Some("third"));
        assert_eq!(outbox.handle_answer(10, None), Verdict::Unknown);
    }
}
