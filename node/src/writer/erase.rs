//! Erasure in the rows: a record's body is hidden from every reader at once, by a mark above its
//! block, and gone from the block with the next batch for the store. It must not judge; the machine
//! says what is erased.

use std::ops::ControlFlow;

use comity_machine::{Applied, ChannelNo, Effects, ErasedBy, Erasing, EventRow, LogNo};
use comity_protocol::cbor;
use comity_protocol::cursor::Pos;
use comity_protocol::id::{AccountId, MessageId, ShortHash};

use super::block;
use super::keys::{backfill_key, event_key, place_key, receipt_key};
use super::shared::Shared;
use super::sweep::Gone;
use super::view::{RecordsError, View};
use crate::store::{Batch, Span, Table};

/// A record whose body goes.
pub(super) struct Erased {
    erasing: Erasing,
    /// Absent for one that was backfilled.
    pos: Option<Pos>,
    row: EventRow,
    by: ErasedBy,
}

impl Erased {
    /// Finds the record; `None` where there is none of that hash, or no body to it.
    pub(super) fn find(view: &View, erasing: Erasing) -> Result<Option<Self>, RecordsError> {
        let Erasing { channel, log, seq, .. } = erasing;
        let mut found = None;
        view.log(channel, log, seq, &mut |pos, row| {
            found = (row.seq == seq).then_some((Some(pos), row));
            ControlFlow::Break(())
        })?;
        if found.is_none() {
            found = view.backfilled(channel, log, seq)?.map(|row| (None, row));
        }
        // Of a message that was edited, and whose former text is gone, the later ones go.
        let is_there = |row: &EventRow| row.erased.is_none_or(|by| by == ErasedBy::Edit);
        let fits = |row: &EventRow| ShortHash::from(row.hash) == erasing.hash && is_there(row);
        let by = ErasedBy::Record;
        Ok(found.filter(|(_, row)| fits(row)).map(|(pos, row)| Self { erasing, pos, row, by }))
    }

    /// A record whose body goes without another record that says so.
    pub(super) fn of(channel: ChannelNo, pos: Pos, row: EventRow, by: ErasedBy) -> Self {
        let (log, seq, hash) = (row.log, row.seq, row.hash.into());
        let (none, by_channel) = (Pos::default(), channel);
        let erasing = Erasing { channel, log, seq, hash, by: none, by_channel };
        Self { erasing, pos: (pos != none).then_some(pos), row, by }
    }

    /// The message.
    pub(super) fn id(&self) -> MessageId {
        self.row.id
    }

    /// Whether it is the n-th record of a log.
    pub(super) fn is(&self, log: LogNo, seq: u64) -> bool {
        (self.row.log, self.row.seq) == (log, seq)
    }

    /// By what its body goes.
    pub(super) fn by(&self) -> ErasedBy {
        self.by
    }

    /// Whose it is.
    pub(super) fn author(&self) -> Option<AccountId> {
        self.row.sender
    }

    /// Hides the body, and notes the message with the record that erased it. Where the block is to
    /// be written anew.
    pub(super) fn put(mut self, rows: &mut Batch) -> Option<Gone> {
        let Erasing { channel, log, seq, by, by_channel, .. } = self.erasing;
        if by != Pos::default() {
            let ids = cbor::encode(&vec![self.row.id]);
            rows.put(Table::Withdrawn, &place_key(by_channel, by), &ids);
        }
        match self.pos {
            Some(pos) => rows.put(Table::Erased, &place_key(channel, pos), mark(self.by)),
            None => {
                let length = cbor::encode(&self.row).len();
                self.row.erase(self.by);
                let row = block::padded(cbor::encode(&self.row), length);
                rows.put(Table::Backfill, &backfill_key(log, seq), &row);
            }
        }
        self.pos.map(|pos| (channel, pos, self.by))
    }
}

/// The mark above a block of a record whose body is still in it.
fn mark(by: ErasedBy) -> &'static [u8] {
    match by {
        ErasedBy::Edit => &[1],
        ErasedBy::Record | ErasedBy::Retention => &[],
    }
}

/// By what a body was erased, as the mark says.
pub(super) fn parse_mark(mark: &[u8]) -> ErasedBy {
    if mark.is_empty() { ErasedBy::Record } else { ErasedBy::Edit }
}

/// Takes the bodies of records that came as history together with what erases them, so that no
/// reader sees one without the other.
pub(super) fn hide_in(effects: &mut Effects) {
    let Effects { erased, backfilled, .. } = effects;
    erased.retain(|erasing| {
        let is_it = |old: &&mut Applied| {
            let is_there = (old.log_no, old.seq) == (erasing.log, erasing.seq);
            is_there && ShortHash::from(old.hash) == erasing.hash
        };
        let old = backfilled.iter_mut().find(is_it).filter(|_| erasing.by == Pos::default());
        let Some(old) = old else { return true };
        old.erase(ErasedBy::Record);
        false
    });
}

/// Notes who says that it has erased what we wrote.
pub(super) fn note_receipts(shared: &Shared, effects: &Effects) {
    for receipt in &effects.receipts {
        let key = receipt_key(receipt.log, receipt.seq, receipt.from);
        let put = |rows: &mut Batch| rows.put(Table::Receipt, &key, &receipt.hash.0);
        shared.write(effects.command, |recent| put(recent.rows_mut()));
    }
}

/// Writes the blocks of erased records anew, into the batch that is about to be stored. `view` is
/// of before; what was still growing then is in the batch.
pub(super) fn rewrite(
    view: &View,
    batch: &mut Batch,
    mut erased: Vec<Gone>,
) -> Result<(), RecordsError> {
    erased.sort_unstable();
    erased.dedup_by_key(|(channel, pos, _)| (*channel, *pos));
    let mut rest = &erased[..];
    while let Some((channel, pos, _)) = rest.first().copied() {
        let of_channel = rest.partition_point(|(other, ..)| *other == channel);
        let without = |block: &[u8]| block::without_bodies(block, &rest[..of_channel]);
        let (low, high) = (event_key(channel, Pos(0)), event_key(channel, pos));
        let in_batch = batch.range(Table::Event, &Span::inclusive(&low, &high)).next_back();
        let in_batch = in_batch.and_then(|(key, block)| Some((key.to_vec(), without(block?)?)));
        let found = match in_batch {
            Some(found) => Some(found),
            None => {
                view.block_of(channel, pos)?.and_then(|(key, block)| Some((key, without(&block)?)))
            }
        };
        let (key, (block, count)) = found.ok_or(RecordsError::Row)?;
        batch.put(Table::Event, &key, &block);
        for (channel, pos, by) in &rest[..count] {
            if *by != ErasedBy::Retention {
                batch.delete(Table::Erased, &place_key(*channel, *pos));
            }
        }
        rest = &rest[count..];
    }
    Ok(())
}
