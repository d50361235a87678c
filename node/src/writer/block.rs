//! The bytes of a block: records of one channel that were applied one after the other there, in
//! one row of the store, so that a row's cost is shared by many short messages.
//!
//! ```text
//! block  entry, entry, …
//! entry  pos 8 | in order 1 | length 4 | the record's row
//! ```
//!
//! Zeros may follow the last entry: a block that lost bodies keeps its length. Integers are
//! big-endian. An entry *in order* comes after all entries in order before it also in
//! the channel's own order, and needs no row of its own in the timeline. Nothing here knows where
//! blocks lie. A record may be written anew (its outcome or its body changes), its entry's pos and
//! order never are.

use comity_machine::{Applied, EventRow, LogNo, Outcome};
use comity_protocol::cbor;
use comity_protocol::cursor::Pos;
use comity_protocol::id::MessageId;

use super::sweep::Gone;

/// An entry of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    pub(super) pos: Pos,
    pub(super) is_in_order: bool,
    row: &'a [u8],
}

impl Entry<'_> {
    /// The record; `None` where it is not one of ours.
    pub(super) fn record(&self) -> Option<EventRow> {
        EventRow::decode(self.row)
    }
}

/// The entries of a block; `None` ends what cannot be read.
pub(super) fn entries(mut block: &[u8]) -> impl Iterator<Item = Option<Entry<'_>>> {
    std::iter::from_fn(move || {
        // No record has the pos 0: zeros fill up what was longer once.
        if block.iter().take(8).all(|byte| *byte == 0) {
            return None;
        }
        let found = split(block);
        block = found.map_or(&[], |(_, rest)| rest);
        Some(found.map(|(entry, _)| entry))
    })
}

fn split(block: &[u8]) -> Option<(Entry<'_>, &[u8])> {
    let (pos, rest) = block.split_first_chunk::<8>()?;
    let (is_in_order, rest) = rest.split_first()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (row, rest) = rest.split_at_checked(length)?;
    let pos = Pos(u64::from_be_bytes(*pos));
    Some((Entry { pos, is_in_order: *is_in_order == 1, row }, rest))
}

/// A block in which records have lost their bodies, the first so many of `gone`, which ascend;
/// `None` where the first one is not in it.
pub(super) fn without_bodies(block: &[u8], gone: &[Gone]) -> Option<(Vec<u8>, usize)> {
    let mut bytes = Vec::with_capacity(block.len());
    let mut found = 0;
    for entry in entries(block) {
        let entry = entry?;
        let Some((_, pos, by)) = gone.get(found).filter(|(_, pos, _)| *pos == entry.pos) else {
            put_entry(&mut bytes, entry.pos, entry.is_in_order, |bytes| bytes.extend(entry.row));
            continue;
        };
        found += 1;
        let mut row = entry.record()?;
        row.erase(*by);
        let row = cbor::encode(&row);
        put_entry(&mut bytes, *pos, entry.is_in_order, |bytes| bytes.extend(&row));
    }
    (found > 0).then(|| (padded(bytes, block.len()), found))
}

/// A row that has lost a body, filled up to its length of before. Of rows in one page that become
/// shorter the store leaves bytes behind, out of reach of what cleans its free pages. A row
/// that has
/// pages of its own gives them back whole.
pub(super) fn padded(mut bytes: Vec<u8>, length: usize) -> Vec<u8> {
    if length <= BLOCK_BYTES_MAX {
        bytes.resize(length.max(bytes.len()), 0);
    }
    bytes
}

fn put_entry(bytes: &mut Vec<u8>, pos: Pos, is_in_order: bool, row: impl FnOnce(&mut Vec<u8>)) {
    bytes.extend_from_slice(&pos.0.to_be_bytes());
    bytes.push(u8::from(is_in_order));
    let at = bytes.len();
    bytes.extend_from_slice(&[0; 4]);
    row(bytes);
    let length = u32::try_from(bytes.len() - at - 4).unwrap_or(u32::MAX);
    bytes[at..at + 4].copy_from_slice(&length.to_be_bytes());
}

/// A block that still grows.
#[derive(Clone, Debug, Default)]
pub(super) struct OpenBlock {
    bytes: Vec<u8>,
    first: Pos,
    /// The logs of its records, each with its first one here.
    logs: Vec<(LogNo, u64)>,
    /// The first and the last id in order.
    order: Option<(MessageId, MessageId)>,
}

impl OpenBlock {
    /// Adds a record behind the others.
    pub(super) fn push(&mut self, applied: &Applied, is_in_order: bool) {
        if self.bytes.is_empty() {
            self.first = applied.pos;
        }
        self.bytes.reserve(applied.record.weight() + ENTRY_BYTES);
        put_entry(&mut self.bytes, applied.pos, is_in_order, |bytes| applied.encode_row(bytes));
        if self.logs.iter().all(|(log, _)| *log != applied.log_no) {
            self.logs.push((applied.log_no, applied.seq));
        }
        if is_in_order {
            debug_assert_eq!(applied.outcome, Outcome::Accepted);
            let first = self.order.map_or(applied.id, |(first, _)| first);
            self.order = Some((first, applied.id));
        }
    }

    /// Adds the records of a block that follows.
    pub(super) fn append(&mut self, later: &OpenBlock) {
        if self.bytes.is_empty() {
            self.first = later.first;
        }
        self.bytes.extend_from_slice(&later.bytes);
        for (log, first) in &later.logs {
            if self.logs.iter().all(|(known, _)| known != log) {
                self.logs.push((*log, *first));
            }
        }
        let first = self.order.or(later.order).map(|(first, _)| first);
        let last = later.order.or(self.order).map(|(_, last)| last);
        self.order = first.zip(last);
    }

    /// Forgets everything, for another block.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.logs.clear();
        self.order = None;
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn first(&self) -> Pos {
        self.first
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Whether a record of so many bytes still belongs to it.
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        self.bytes.is_empty() || self.bytes.len() + bytes <= BLOCK_BYTES_MAX
    }

    pub(super) fn logs(&self) -> &[(LogNo, u64)] {
        &self.logs
    }

    pub(super) fn order(&self) -> Option<(MessageId, MessageId)> {
        self.order
    }
}

/// A block of several records is no longer than this. With its key, its checksum and what redb
/// needs itself it fills a page of 8 KiB: twice as much would save little more for each message,
/// and cost more to read a lone one.
pub(super) const BLOCK_BYTES_MAX: usize = 8_100;

/// What an entry needs besides its record's header and body, at most.
pub(super) const ENTRY_BYTES: usize = 192;
