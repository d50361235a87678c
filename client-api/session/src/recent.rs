//! What is remembered of many, up to a number: who was looked at longest ago is forgotten first.

use std::collections::BTreeMap;

/// A map with a largest size.
#[derive(Debug)]
pub(crate) struct Recent<K, V> {
    max: usize,
    known: BTreeMap<K, (u64, V)>,
    order: BTreeMap<u64, K>,
    looks: u64,
}

impl<K: Ord + Clone, V: Default> Recent<K, V> {
    /// Remembers so many.
    pub(crate) fn new(max: usize) -> Self {
        Self { max, known: BTreeMap::new(), order: BTreeMap::new(), looks: 0 }
    }

    /// What is remembered of a key, from nothing where nothing is. It is now the newest.
    pub(crate) fn of(&mut self, key: &K) -> &mut V {
        self.looks += 1;
        if let Some((looked, _)) = self.known.get(key) {
            self.order.remove(looked);
        } else if self.known.len() >= self.max
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.known.remove(&oldest);
        }
        self.order.insert(self.looks, key.clone());
        let (looked, value) = self.known.entry(key.clone()).or_default();
        *looked = self.looks;
        value
    }

    /// The same without making or renewing it.
    pub(crate) fn peek(&self, key: &K) -> Option<&V> {
        self.known.get(key).map(|(_, value)| value)
    }

    pub(crate) fn forget(&mut self, key: &K) {
        if let Some((looked, _)) = self.known.remove(key) {
            self.order.remove(&looked);
        }
    }

    /// How many are remembered.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        assert_eq!(self.known.len(), self.order.len());
        self.known.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_looked_at_longest_ago_is_forgotten_first() {
        let mut recent: Recent<u32, u32> = Recent::new(3);
        for key in 1..=3 {
            *recent.of(&key) = key * 10;
        }
        recent.of(&1);
        *recent.of(&4) = 40;
        assert_eq!(recent.len(), 3);
        assert_eq!((1..=4).map(|k| recent.peek(&k).copied()).collect::<Vec<_>>(), {
            [Some(10), None, Some(30), Some(40)]
        });
        recent.forget(&1);
        recent.forget(&2);
        assert_eq!((recent.len(), *recent.of(&1)), (2, 0));
        for key in 0..10_000 {
            recent.of(&key);
        }
        assert_eq!(recent.len(), 3);
    }
}
