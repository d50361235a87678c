//! Erasure in the rows: a record's body is hidden from every reader at once, by a mark above its
//! block, and gone from the block with the next batch for the store. It must not judge; the machine
//! says what is erased.

use std::ops::ControlFlow;

use comity_machine::{Applied, ChannelNo, Effects, Erasing, EventRow};
use comity_protocol::cbor;
use comity_protocol::cursor::Pos;
use comity_protocol::id::{MessageId, ShortHash};

use super::block;
use super::keys::{backfill_key, event_key, place_key};
use super::view::{RecordsError, View};
use crate::store::{Batch, Span, Table};

/// A record whose body goes.
pub(super) struct Erased {
    erasing: Erasing,
    /// Absent for one that was backfilled.
    pos: Option<Pos>,
    row: EventRow,
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
            found = view.backfilled(log, seq)?.map(|row| (None, row));
        }
        let fits = |row: &EventRow| ShortHash::from(row.hash) == erasing.hash && !row.is_erased;
        Ok(found.filter(|(_, row)| fits(row)).map(|(pos, row)| Self { erasing, pos, row }))
    }

    /// The message.
    pub(super) fn id(&self) -> MessageId {
        self.row.id
    }

    /// Hides the body, and notes the message with the record that erased it. Where the block is to
    /// be written anew.
    pub(super) fn put(mut self, rows: &mut Batch) -> Option<(ChannelNo, Pos)> {
        let Erasing { channel, log, seq, by, .. } = self.erasing;
        if by != Pos::default() {
            rows.put(Table::Withdrawn, &place_key(channel, by), &cbor::encode(&vec![self.row.id]));
        }
        match self.pos {
            Some(pos) => rows.put(Table::Erased, &place_key(channel, pos), &[]),
            None => {
                self.row.erase();
                rows.put(Table::Backfill, &backfill_key(log, seq), &cbor::encode(&self.row));
            }
        }
        self.pos.map(|pos| (channel, pos))
    }
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
        old.erase();
        false
    });
}

/// Writes the blocks of erased records anew, into the batch that is about to be stored. `view` is
/// of before; what was still growing then is in the batch.
pub(super) fn rewrite(
    view: &View,
    batch: &mut Batch,
    erased: &[(ChannelNo, Pos)],
) -> Result<(), RecordsError> {
    for (channel, pos) in erased {
        let (low, high) = (event_key(*channel, Pos(0)), event_key(*channel, *pos));
        let in_batch = batch.range(Table::Event, &Span::inclusive(&low, &high)).next_back();
        let in_batch = in_batch
            .and_then(|(key, block)| Some((key.to_vec(), block::without_body(block?, *pos)?)));
        let found = match in_batch {
            Some(found) => Some(found),
            None => view
                .block_of(*channel, *pos)?
                .and_then(|(key, block)| Some((key, block::without_body(&block, *pos)?))),
        };
        let (key, block) = found.ok_or(RecordsError::Row)?;
        batch.put(Table::Event, &key, &block);
        batch.delete(Table::Erased, &place_key(*channel, *pos));
    }
    Ok(())
}
