//! Rows that are durable in the journal and not yet handed to the store: those of any table, and
//! blocks that still grow, one for each channel. Readers look into it; only the writer adds.

use std::collections::BTreeMap;
use std::sync::Arc;

use comity_machine::{Applied, ChannelNo};
use comity_protocol::event::EventHeader;
use comity_protocol::id::MessageId;

use super::annotation;
use super::block::{ENTRY_BYTES, OpenBlock};
use super::keys;
use crate::store::{Batch, Table};

/// The rows of some steps.
#[derive(Debug, Default)]
pub(super) struct Recent {
    /// Shared with readers while one looks.
    rows: Arc<Batch>,
    /// By channel, behind the channel's blocks among the rows.
    open: BTreeMap<ChannelNo, OpenBlock>,
    open_bytes: usize,
}

impl Recent {
    /// Whether nobody reads it, so that it may be added to.
    pub(super) fn is_free(this: &mut Arc<Self>) -> bool {
        Arc::get_mut(this).is_some_and(|recent| Arc::get_mut(&mut recent.rows).is_some())
    }

    /// Adds a record; whether it is in the order of its channel decides how it is found there.
    pub(super) fn push(&mut self, applied: &Applied, is_in_order: bool) {
        let block = self.open.entry(applied.channel).or_default();
        if !block.has_room(applied.record.weight() + ENTRY_BYTES) {
            self.open_bytes -= block.bytes().len();
            put_block(Arc::make_mut(&mut self.rows), applied.channel, block);
            block.clear();
        }
        let before = block.bytes().len();
        block.push(applied, is_in_order);
        self.open_bytes += block.bytes().len() - before;
        if applied.is_listed() && !is_in_order {
            let at = keys::timeline_key(applied.channel, applied.id, applied.log_no, applied.seq);
            self.rows_mut().put(Table::Timeline, &at, &applied.pos.0.to_be_bytes());
        }
        let channel = applied.channel.0.to_be_bytes();
        for account in &applied.inbox {
            self.rows_mut().put(Table::Inbox, &keys::inbox_key(*account, applied.pos), &channel);
        }
        for account in &applied.mentioned {
            let key = keys::mention_key(*account, applied.pos);
            self.rows_mut().put(Table::Mention, &key, &channel);
        }
        if applied.annotation.is_some() {
            annotation::lay(self.rows_mut(), applied);
        }
    }

    /// Adds a record from before our admission, which has no pos. It may come twice, when an
    /// earlier answer proved wrong about what it stands on; the later outcome counts.
    pub(super) fn push_old(&mut self, old: &Applied) {
        let mut row = Vec::with_capacity(old.record.weight() + ENTRY_BYTES);
        old.encode_row(&mut row);
        let at = |id| keys::timeline_key(old.channel, id, old.log_no, old.seq);
        let rows = self.rows_mut();
        rows.put(Table::Backfill, &keys::backfill_key(old.log_no, old.seq), &row);
        annotation::lay(rows, old);
        if old.is_listed() {
            rows.put(Table::Timeline, &at(old.id), &old.pos.0.to_be_bytes());
        } else if let Ok(header) = EventHeader::decode(&old.record.header) {
            rows.delete(Table::Timeline, &at(MessageId::new(header.time, &old.record.inner())));
        }
    }

    /// Adds later steps.
    pub(super) fn absorb(&mut self, later: &Recent) {
        for (channel, block) in &mut self.open {
            let Some(next) = later.open.get(channel) else { continue };
            // Between the two there may be blocks that were closed.
            let is_next = later.rows_of(*channel) == 0;
            if !(is_next && block.has_room(next.bytes().len())) {
                put_block(Arc::make_mut(&mut self.rows), *channel, block);
                block.clear();
            }
        }
        for (channel, next) in &later.open {
            self.open.entry(*channel).or_default().append(next);
        }
        self.open_bytes = self.open.values().map(|block| block.bytes().len()).sum();
        self.rows_mut().absorb(&later.rows);
    }

    /// Closes its blocks: from here on all are rows.
    pub(super) fn close(mut self) -> Arc<Batch> {
        let rows = Arc::make_mut(&mut self.rows);
        for (channel, block) in self.open.iter().filter(|(_, block)| !block.is_empty()) {
            put_block(rows, *channel, block);
        }
        self.rows
    }

    /// About how much memory it takes.
    pub(super) fn bytes(&self) -> usize {
        self.rows.bytes() + self.open_bytes + self.open.len() * OPEN_BLOCK_BYTES
    }

    /// The channel's block that still grows.
    pub(super) fn open(&self, channel: ChannelNo) -> Option<&OpenBlock> {
        self.open.get(&channel).filter(|block| !block.is_empty())
    }

    pub(super) fn rows(&self) -> &Arc<Batch> {
        &self.rows
    }

    /// The rows, to be written to.
    pub(super) fn rows_mut(&mut self) -> &mut Batch {
        Arc::make_mut(&mut self.rows)
    }

    fn rows_of(&self, channel: ChannelNo) -> usize {
        let span = crate::store::Span::prefix(&channel.0.to_be_bytes());
        self.rows.range(Table::Event, &span).count()
    }
}

impl Clone for Recent {
    fn clone(&self) -> Self {
        let rows = Arc::new(Batch::clone(&self.rows));
        Self { rows, open: self.open.clone(), open_bytes: self.open_bytes }
    }
}

/// Lays a block into the tables: itself, where its logs go on in it, and where the channel's order
/// does.
fn put_block(rows: &mut Batch, channel: ChannelNo, block: &OpenBlock) {
    let key = keys::event_key(channel, block.first());
    rows.put(Table::Event, &key, block.bytes());
    for (log, seq) in block.logs() {
        rows.put(Table::LogIndex, &keys::log_index_key(*log, *seq), &key);
    }
    if let Some((first, last)) = block.order() {
        let value = keys::run_value(block.first(), last);
        rows.put(Table::Run, &keys::run_key(channel, first), &value);
    }
}

/// What an open block takes besides its bytes.
const OPEN_BLOCK_BYTES: usize = 192;
