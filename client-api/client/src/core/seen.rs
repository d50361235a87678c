//! Ids that came already, in bounded memory: the same event may reach a client from the feed, from
//! history, and once more after a resume.

use std::collections::{BTreeSet, VecDeque};

/// The ids that came last.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    order: VecDeque<String>,
    ids: BTreeSet<String>,
}

impl Seen {
    /// Notes an id; false where it is among the newest [`Seen::MAX`] that came before.
    pub fn insert(&mut self, id: &str) -> bool {
        if self.ids.contains(id) {
            return false;
        }
        if self.order.len() == Self::MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        self.order.push_back(id.to_owned());
        self.ids.insert(id.to_owned());
        true
    }

    /// The most ids that are remembered: more than a node feeds in one go.
    pub const MAX: usize = 4_096;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_new_once_and_the_oldest_are_forgotten() {
        let mut seen = Seen::default();
        assert!(seen.insert("a"));
        assert!(!seen.insert("a"));
        for number in 0..Seen::MAX - 1 {
            assert!(seen.insert(&number.to_string()));
        }
        assert!(!seen.insert("a"), "just remembered still");
        assert!(seen.insert("one more"));
        assert!(seen.insert("a"), "forgotten, with bounded memory");
        assert_eq!((seen.order.len(), seen.ids.len()), (Seen::MAX, Seen::MAX));
    }
}
