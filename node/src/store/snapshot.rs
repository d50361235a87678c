//! What a reader sees of redb: the rows as one commit left them.

use std::fmt;
use std::sync::OnceLock;

use redb::{ReadOnlyTable, ReadTransaction, TableError};

use super::error::unless_it_panics;
use super::row::{self, APPLIED_KEY, OWN_NUMBER, OWN_TABLE, RawTable};
use super::{Direction, ReadError, Span, Table, Visitor};

/// The rows as one commit left them. Cheap to take and to share; kept for long it makes the file
/// grow, because no page that it can see is used again.
pub struct Snapshot {
    transaction: ReadTransaction,
    tables: [OnceLock<Option<OpenTable>>; Table::ALL.len()],
    applied: u64,
}

impl Snapshot {
    /// The number of the last command that the rows reflect.
    pub fn applied(&self) -> u64 {
        self.applied
    }

    /// The value of a row.
    pub fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        guarded(|| {
            let Some(rows) = self.table(table)? else { return Ok(None) };
            let Some(stored) = rows.get(key)? else { return Ok(None) };
            match row::unseal(table.number(), key, stored.value()) {
                Some(value) => Ok(Some(value.to_vec())),
                None => Err(corrupt(table, key)),
            }
        })
    }

    /// Hands the rows within `span` to `visit` until it breaks off.
    pub fn range(
        &self,
        table: Table,
        span: &Span,
        direction: Direction,
        visit: &mut Visitor<'_>,
    ) -> Result<(), ReadError> {
        for found in self.rows(table, span, direction)? {
            let (key, value) = found?;
            if visit(&key, &value).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Hands all rows of a table to `visit`, in ascending order, until it breaks off.
    pub fn scan(&self, table: Table, visit: &mut Visitor<'_>) -> Result<(), ReadError> {
        self.range(table, &Span::all(), Direction::Ascending, visit)
    }

    pub(super) fn new(transaction: ReadTransaction) -> Result<Self, ReadError> {
        let mut snapshot =
            Snapshot { transaction, tables: [const { OnceLock::new() }; _], applied: 0 };
        if let Some(bytes) = snapshot.own(APPLIED_KEY)? {
            let bytes = bytes.try_into().map_err(|_| corrupt(Table::Meta, APPLIED_KEY))?;
            snapshot.applied = u64::from_be_bytes(bytes);
        }
        Ok(snapshot)
    }

    /// A row of the store's own table.
    pub(super) fn own(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        let Some(rows) = self.open_table(OWN_TABLE)? else { return Ok(None) };
        let Some(stored) = rows.get(key)? else { return Ok(None) };
        match row::unseal(OWN_NUMBER, key, stored.value()) {
            Some(value) => Ok(Some(value.to_vec())),
            None => Err(corrupt(Table::Meta, key)),
        }
    }

    pub(super) fn rows(
        &self,
        table: Table,
        span: &Span,
        direction: Direction,
    ) -> Result<Box<dyn Iterator<Item = Result<Row, ReadError>>>, ReadError> {
        let rows = match guarded(|| self.table(table))? {
            Some(rows) if !span.is_empty() => rows,
            _ => return Ok(Box::new(std::iter::empty())),
        };
        let bounds = (span.from.as_ref().map(Vec::as_slice), span.to.as_ref().map(Vec::as_slice));
        let mut range = guarded(|| Ok(rows.range::<&[u8]>(bounds)?))?;
        let mut is_over = false;
        Ok(Box::new(std::iter::from_fn(move || {
            if is_over {
                return None;
            }
            let found = guarded(|| {
                let next = match direction {
                    Direction::Ascending => range.next(),
                    Direction::Descending => range.next_back(),
                };
                let Some((key, stored)) = next.transpose()? else { return Ok(None) };
                let key = key.value();
                match row::unseal(table.number(), key, stored.value()) {
                    Some(value) => Ok(Some((key.to_vec(), value.to_vec()))),
                    None => Err(corrupt(table, key)),
                }
            });
            is_over = !matches!(found, Ok(Some(_)));
            found.transpose()
        })))
    }

    fn table(&self, table: Table) -> Result<Option<&OpenTable>, ReadError> {
        let slot = &self.tables[table.index()];
        if slot.get().is_none() {
            let opened = self.open_table(RawTable::new(table.name()))?;
            let _ = slot.set(opened);
        }
        Ok(slot.get().and_then(Option::as_ref))
    }

    /// A table that nothing was ever put into does not exist.
    fn open_table(&self, table: RawTable) -> Result<Option<OpenTable>, ReadError> {
        match self.transaction.open_table(table) {
            Ok(opened) => Ok(Some(opened)),
            Err(TableError::TableDoesNotExist(_)) => Ok(None),
            Err(error) => Err(ReadError::from_redb(error)),
        }
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").field("applied", &self.applied).finish_non_exhaustive()
    }
}

/// A key and its value.
pub(super) type Row = (Vec<u8>, Vec<u8>);
type OpenTable = ReadOnlyTable<&'static [u8], &'static [u8]>;

fn guarded<T>(read: impl FnOnce() -> Result<T, ReadError>) -> Result<T, ReadError> {
    unless_it_panics(read).unwrap_or_else(|reason| Err(ReadError::Failed(reason)))
}

fn corrupt(table: Table, key: &[u8]) -> ReadError {
    ReadError::Corrupt { table, key: key.to_vec() }
}

const _: fn() = || {
    fn shared<T: Send + Sync>() {}
    shared::<Snapshot>();
};
