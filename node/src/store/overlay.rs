//! What every reader sees: a snapshot, and above it the batches that are not stored yet.

use std::sync::Arc;

use super::batch::Change;
use super::{Batch, Direction, ReadError, Snapshot, Span, Table, Visitor};

/// The applied state at one command. Immutable: the writer makes a new one for each step and swaps
/// it in, so a reader never sees half a step. Cloning shares everything.
#[derive(Clone, Debug)]
pub struct Overlay {
    snapshot: Arc<Snapshot>,
    /// Oldest first.
    batches: Vec<Arc<Batch>>,
}

impl Overlay {
    /// `batches`, oldest first, above `snapshot`. Those that the snapshot reflects are left out.
    pub fn new(snapshot: Arc<Snapshot>, mut batches: Vec<Arc<Batch>>) -> Self {
        debug_assert!(batches.is_sorted_by_key(|batch| batch.applied()));
        batches.retain(|batch| batch.applied() > snapshot.applied());
        Overlay { snapshot, batches }
    }

    /// The number of the last command that it reflects.
    pub fn applied(&self) -> u64 {
        self.batches.last().map_or(self.snapshot.applied(), |batch| batch.applied())
    }

    /// About how much memory the batches take.
    pub fn bytes(&self) -> usize {
        self.batches.iter().map(|batch| batch.bytes()).sum()
    }

    /// The value of a row.
    pub fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        for batch in self.batches.iter().rev() {
            if let Some(value) = batch.lookup(table, key) {
                return Ok(value.map(<[u8]>::to_vec));
            }
        }
        self.snapshot.get(table, key)
    }

    /// Hands the rows within `span` to `visit` until it breaks off.
    pub fn range(
        &self,
        table: Table,
        span: &Span,
        direction: Direction,
        visit: &mut Visitor<'_>,
    ) -> Result<(), ReadError> {
        let mut layers = self.layers(table, span, direction);
        let mut stored = self.snapshot.rows(table, span, direction)?;
        let mut stored_row = stored.next().transpose()?;
        loop {
            let changed = layers.iter().filter_map(Layer::key);
            let keys = changed.chain(stored_row.as_ref().map(|(key, _)| &key[..]));
            let first = match direction {
                Direction::Ascending => keys.min(),
                Direction::Descending => keys.max(),
            };
            let Some(first) = first.map(<[u8]>::to_vec) else { return Ok(()) };
            // The newest layer that has the key decides; all others step over it.
            let mut newest: Option<Option<&[u8]>> = None;
            for layer in layers.iter_mut().rev() {
                if let Some((_, value)) = layer.next_at(&first) {
                    newest.get_or_insert(value);
                }
            }
            let below = stored_row.take_if(|(key, _)| *key == first);
            if below.is_some() {
                stored_row = stored.next().transpose()?;
            }
            let value = newest.unwrap_or_else(|| below.as_ref().map(|(_, value)| &value[..]));
            if let Some(value) = value
                && visit(&first, value).is_break()
            {
                return Ok(());
            }
        }
    }

    /// Hands all rows of a table to `visit`, in ascending order, until it breaks off.
    pub fn scan(&self, table: Table, visit: &mut Visitor<'_>) -> Result<(), ReadError> {
        self.range(table, &Span::all(), Direction::Ascending, visit)
    }

    fn layers(&self, table: Table, span: &Span, direction: Direction) -> Vec<Layer<'_>> {
        self.batches.iter().map(|batch| Layer::new(batch, table, span, direction)).collect()
    }
}

/// What one batch says of a range, from some key on.
struct Layer<'a> {
    next: Option<Change<'a>>,
    rest: Box<dyn Iterator<Item = Change<'a>> + 'a>,
}

impl<'a> Layer<'a> {
    fn new(batch: &'a Batch, table: Table, span: &Span, direction: Direction) -> Self {
        let changes = batch.range(table, span);
        let mut rest: Box<dyn Iterator<Item = Change<'a>>> = match direction {
            Direction::Ascending => Box::new(changes),
            Direction::Descending => Box::new(changes.rev()),
        };
        Layer { next: rest.next(), rest }
    }

    fn key(&self) -> Option<&[u8]> {
        self.next.map(|(key, _)| key)
    }

    fn next_at(&mut self, key: &[u8]) -> Option<Change<'a>> {
        let found = self.next.take_if(|(next, _)| *next == key);
        if found.is_some() {
            self.next = self.rest.next();
        }
        found
    }
}
