//! A batch of changed rows, in order, and the ranges in which rows are read.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow, RangeBounds};

use super::Table;

/// Rows to put and to delete, and the number of the last command that they reflect. The last
/// change of a row counts. Readers can look into a batch before it is stored.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    tables: [Rows; Table::ALL.len()],
    applied: u64,
    bytes: usize,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes over the changes of a later batch.
    pub fn absorb(&mut self, later: &Batch) {
        for table in Table::ALL {
            for (key, value) in later.changes(table) {
                self.change(table, key, value.map(Into::into));
            }
        }
        self.set_applied(later.applied);
    }

    /// The number of the last command that the rows reflect.
    pub fn applied(&self) -> u64 {
        self.applied
    }

    /// About how much memory it takes: keys, values, and a share for each row.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Deletes a row, whether it exists or not.
    pub fn delete(&mut self, table: Table, key: &[u8]) {
        self.change(table, key, None);
    }

    /// What this batch says of a row: `None` nothing, `Some(None)` that it is deleted.
    pub fn lookup(&self, table: Table, key: &[u8]) -> Option<Option<&[u8]>> {
        self.tables[table.index()].get(key).map(Option::as_deref)
    }

    /// Puts a row in place of what was there.
    pub fn put(&mut self, table: Table, key: &[u8], value: &[u8]) {
        self.change(table, key, Some(value.into()));
    }

    /// The changes within `span`, in ascending order of keys.
    pub fn range<'a>(
        &'a self,
        table: Table,
        span: &Span,
    ) -> impl DoubleEndedIterator<Item = Change<'a>> + use<'a> {
        // BTreeMap panics on a range that ends before it begins.
        let span = if span.is_empty() { &EMPTY } else { span };
        let rows = self.tables[table.index()].range::<[u8], _>(span);
        rows.map(|(key, value)| (&key[..], value.as_deref()))
    }

    /// The changes of one table, in ascending order of keys.
    pub(super) fn changes(&self, table: Table) -> impl Iterator<Item = Change<'_>> {
        self.tables[table.index()].iter().map(|(key, value)| (&key[..], value.as_deref()))
    }

    /// How many rows it changes.
    pub fn rows(&self) -> usize {
        self.tables.iter().map(BTreeMap::len).sum()
    }

    /// Says which command the rows have reached.
    pub fn set_applied(&mut self, command: u64) {
        assert!(command >= self.applied, "commands are applied in order");
        self.applied = command;
    }

    fn change(&mut self, table: Table, key: &[u8], value: Option<Box<[u8]>>) {
        self.bytes += value.as_ref().map_or(0, |value| value.len());
        match self.tables[table.index()].insert(key.into(), value) {
            Some(old) => self.bytes -= old.map_or(0, |old| old.len()),
            None => self.bytes += key.len() + ROW_BYTES,
        }
    }
}

/// A key, and the value put there; `None` where the row was deleted.
pub(super) type Change<'a> = (&'a [u8], Option<&'a [u8]>);
type Rows = BTreeMap<Box<[u8]>, Option<Box<[u8]>>>;

/// A range of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Where it begins.
    pub from: Bound<Vec<u8>>,
    /// Where it ends.
    pub to: Bound<Vec<u8>>,
}

impl Span {
    /// Every key.
    pub const fn all() -> Self {
        Span { from: Bound::Unbounded, to: Bound::Unbounded }
    }

    /// From a key to another, both included.
    pub fn inclusive(from: &[u8], to: &[u8]) -> Self {
        Span { from: Bound::Included(from.to_vec()), to: Bound::Included(to.to_vec()) }
    }

    /// Every key that begins with `prefix`.
    pub fn prefix(prefix: &[u8]) -> Self {
        let mut end = prefix.to_vec();
        while end.last() == Some(&0xff) {
            end.pop();
        }
        let to = match end.last_mut() {
            Some(last) => {
                *last += 1;
                Bound::Excluded(end)
            }
            None => Bound::Unbounded,
        };
        Span { from: Bound::Included(prefix.to_vec()), to }
    }

    /// True when no key can be in it because it ends before it begins.
    pub(super) fn is_empty(&self) -> bool {
        match (&self.from, &self.to) {
            (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
            (Bound::Included(from), Bound::Included(to)) => from > to,
            (
                Bound::Included(from) | Bound::Excluded(from),
                Bound::Included(to) | Bound::Excluded(to),
            ) => from >= to,
        }
    }
}

impl RangeBounds<[u8]> for Span {
    fn start_bound(&self) -> Bound<&[u8]> {
        self.from.as_ref().map(Vec::as_slice)
    }

    fn end_bound(&self) -> Bound<&[u8]> {
        self.to.as_ref().map(Vec::as_slice)
    }
}

impl RangeBounds<[u8]> for &Span {
    fn start_bound(&self) -> Bound<&[u8]> {
        (*self).start_bound()
    }

    fn end_bound(&self) -> Bound<&[u8]> {
        (*self).end_bound()
    }
}

/// Is handed one row after the other, key and value, and says when it has enough.
pub type Visitor<'a> = dyn FnMut(&[u8], &[u8]) -> ControlFlow<()> + 'a;

/// In which order keys are visited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the smallest key on.
    Ascending,
    /// From the largest key on.
    Descending,
}

/// What a row takes besides its bytes: two boxes and its share of a tree node.
const ROW_BYTES: usize = 64;

/// Begins where it ends.
static EMPTY: Span = Span { from: Bound::Included(Vec::new()), to: Bound::Excluded(Vec::new()) };

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn keys<'a>(batch: &'a Batch, span: &Span) -> Vec<&'a [u8]> {
        batch.range(Table::Event, span).map(|(key, _)| key).collect()
    }

    #[test]
    fn spans_hold_what_they_say() {
        let mut batch = Batch::new();
        for key in [&b"a"[..], b"a\xff", b"a\xffz", b"b", b"\xff", b"\xff\xff"] {
            batch.put(Table::Event, key, b"");
        }
        assert_eq!(keys(&batch, &Span::all()).len(), 6);
        assert_eq!(keys(&batch, &Span::prefix(b"a\xff")), [&b"a\xff"[..], b"a\xffz"]);
        assert_eq!(keys(&batch, &Span::prefix(b"\xff")), [&b"\xff"[..], b"\xff\xff"]);
        assert_eq!(keys(&batch, &Span::prefix(b"")).len(), 6);
        assert_eq!(keys(&batch, &Span::inclusive(b"a\xff", b"b")).len(), 3);
        assert_eq!(keys(&batch, &Span::inclusive(b"c", b"b")).len(), 0);
        let to = Bound::Excluded(b"b".to_vec());
        let open = Span { from: Bound::Excluded(b"b".to_vec()), to };
        assert_eq!(keys(&batch, &open).len(), 0);
    }

    #[test]
    fn the_last_change_counts_and_bytes_follow() {
        let mut batch = Batch::new();
        assert_eq!(batch.lookup(Table::Event, b"k"), None);
        batch.put(Table::Event, b"k", b"long value");
        batch.delete(Table::Event, b"k");
        assert_eq!(batch.lookup(Table::Event, b"k"), Some(None));
        assert_eq!(batch.lookup(Table::Peer, b"k"), None);
        assert_eq!((batch.rows(), batch.bytes()), (1, 1 + ROW_BYTES));
        batch.put(Table::Event, b"k", b"v");
        assert_eq!(batch.lookup(Table::Event, b"k"), Some(Some(&b"v"[..])));
        assert_eq!(batch.bytes(), 2 + ROW_BYTES);
    }
}
