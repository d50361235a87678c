//! What readers see: every row up to some command, and the records in their blocks, found by pos,
//! by log and in their channel's order. Where records lie is known here and where they are laid,
//! nowhere else.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow, RangeBounds};
use std::sync::Arc;

use comity_machine::{ChannelNo, ErasedBy, EventRow, Expiry, LogNo, Outcome, RowKey};
use comity_protocol::body::WireBody;
use comity_protocol::cbor;
use comity_protocol::clock::HybridTime;
use comity_protocol::cursor::Pos;
use comity_protocol::id::{AccountNumber, LineageId, MessageId, ShortHash};

use super::block::{self, Entry, OpenBlock};
use super::erase;
use super::keys;
use super::recent::Recent;
use super::rejudge::Mark;
use crate::store::{Direction, Overlay, ReadError, Span, Table};

/// Every row up to some command.
pub struct View {
    /// The store's rows under those that it does not hold yet.
    pub(super) rows: Overlay,
    /// Whose blocks still grow, oldest first.
    recent: Vec<Arc<Recent>>,
}

/// Why records cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    /// The store cannot be read, or a row's checksum failed.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A row is whole but not one of ours.
    #[error("a record's row cannot be understood")]
    Row,
}

/// Is handed one record after the other, and says when it has enough.
pub type RecordVisitor<'a> = dyn FnMut(Pos, EventRow) -> ControlFlow<()> + 'a;

/// The key and the bytes of a block.
pub(super) type BlockRow = (Vec<u8>, Vec<u8>);

/// Message ids from one to another.
pub type IdSpan = (Bound<MessageId>, Bound<MessageId>);

impl View {
    pub(super) fn new(rows: Overlay, recent: Vec<Arc<Recent>>) -> Self {
        Self { rows, recent }
    }

    /// The record at a pos of a channel.
    pub fn record(&self, channel: ChannelNo, pos: Pos) -> Result<Option<EventRow>, RecordsError> {
        let mut found = None;
        self.records(channel, (pos, pos), &mut |_, row| {
            found = Some(row);
            ControlFlow::Break(())
        })?;
        Ok(found)
    }

    /// Hands the records of a channel from one pos to another, both included, to `visit`, in the
    /// order in which they were applied.
    pub fn records(
        &self,
        channel: ChannelNo,
        (from, to): (Pos, Pos),
        visit: &mut RecordVisitor<'_>,
    ) -> Result<(), RecordsError> {
        let low = keys::event_key(channel, from);
        let floor = self.floor(Table::Event, &keys::event_key(channel, Pos(0)), &low)?;
        let first = floor.as_deref().unwrap_or(&low);
        let span = Span::inclusive(first, &keys::event_key(channel, to));
        let place = Place { channel, table: Table::Event, direction: Direction::Ascending };
        let marks = self.marks(channel, (from, to))?;
        self.blocks(place, &span, &mut |block| {
            for entry in block::entries(block) {
                let entry = entry.ok_or(RecordsError::Row)?;
                if entry.pos > to {
                    return Ok(ControlFlow::Break(()));
                }
                if entry.pos < from {
                    continue;
                }
                let Some(row) = record(&entry, &marks)? else { continue };
                if visit(entry.pos, row).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            Ok(ControlFlow::Continue(()))
        })
    }

    /// Hands the records of a log from the `from`-th on to `visit`.
    pub fn log(
        &self,
        channel: ChannelNo,
        log: LogNo,
        from: u64,
        visit: &mut RecordVisitor<'_>,
    ) -> Result<(), RecordsError> {
        let low = keys::log_index_key(log, from);
        let floor = self.floor(Table::LogIndex, &keys::log_index_key(log, 0), &low)?;
        let first = floor.as_deref().unwrap_or(&low);
        let span = Span::inclusive(first, &keys::log_index_key(log, u64::MAX));
        let place = Place { channel, table: Table::LogIndex, direction: Direction::Ascending };
        let marks = self.marks(channel, (Pos(0), Pos(u64::MAX)))?;
        self.blocks(place, &span, &mut |block| {
            for entry in block::entries(block) {
                let entry = entry.ok_or(RecordsError::Row)?;
                let Some(row) = record(&entry, &marks)? else { continue };
                if row.log == log && row.seq >= from && visit(entry.pos, row).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            Ok(ControlFlow::Continue(()))
        })
    }

    /// The n-th record of a log that came without a pos, as history.
    pub fn backfilled(
        &self,
        channel: ChannelNo,
        log: LogNo,
        seq: u64,
    ) -> Result<Option<EventRow>, RecordsError> {
        let Some(row) = self.rows.get(Table::Backfill, &keys::backfill_key(log, seq))? else {
            return Ok(None);
        };
        let mut row = EventRow::decode(&row).ok_or(RecordsError::Row)?;
        expire(&mut row, self.horizon(channel)?);
        Ok(Some(row))
    }

    /// Hands the records of a log that came as history, from the `from`-th on, to `visit`, each
    /// with the length of its row.
    pub fn backfilled_from(
        &self,
        channel: ChannelNo,
        log: LogNo,
        from: u64,
        visit: &mut dyn FnMut(EventRow, usize) -> ControlFlow<()>,
    ) -> Result<(), RecordsError> {
        let (low, high) = (keys::backfill_key(log, from), keys::backfill_key(log, u64::MAX));
        let horizon = self.horizon(channel)?;
        let mut is_whole = true;
        let span = Span::inclusive(&low, &high);
        self.rows.range(Table::Backfill, &span, Direction::Ascending, &mut |_, bytes| {
            let Some(mut row) = EventRow::decode(bytes) else {
                is_whole = false;
                return ControlFlow::Break(());
            };
            expire(&mut row, horizon);
            visit(row, bytes.len())
        })?;
        if is_whole { Ok(()) } else { Err(RecordsError::Row) }
    }

    /// Up to when texts of a channel are gone by a rule.
    fn horizon(&self, channel: ChannelNo) -> Result<HybridTime, RecordsError> {
        let (table, key) = keys::state_key(&RowKey::Expiry(channel));
        let Some(row) = self.rows.get(table, &key)? else { return Ok(HybridTime::default()) };
        let expiry: Expiry = cbor::decode(&row, usize::MAX).map_err(|_| RecordsError::Row)?;
        Ok(expiry.horizon)
    }

    /// How far a log was gone through for what is gone by a rule.
    pub(super) fn swept(&self, log: LogNo) -> Result<u64, RecordsError> {
        let row = self.rows.get(Table::Swept, &keys::log_no_key(log))?;
        let seq = row.map(|row| row.as_slice().try_into().map_err(|_| RecordsError::Row));
        Ok(seq.transpose()?.map_or(0, u64::from_be_bytes))
    }

    /// Who says that it has erased a record of ours.
    pub fn receipts(&self, row: &EventRow) -> Result<Vec<LineageId>, RecordsError> {
        let key = |lineage| keys::receipt_key(row.log, row.seq, LineageId(lineage));
        let span = Span::inclusive(&key([0; 32]), &key([0xff; 32]));
        let hash = ShortHash::from(row.hash);
        let mut found = Vec::new();
        self.rows.range(Table::Receipt, &span, Direction::Ascending, &mut |key, value| {
            let lineage = key.last_chunk::<32>().map(|bytes| LineageId(*bytes));
            found.extend(lineage.filter(|_| value == hash.0));
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }

    /// The first `max` accepted records of a channel with ids of a span, in the channel's order or
    /// against it.
    pub fn timeline(
        &self,
        channel: ChannelNo,
        span: IdSpan,
        direction: Direction,
        max: usize,
    ) -> Result<Vec<(Pos, EventRow)>, RecordsError> {
        let mut found = self.in_order(channel, span, direction, max)?;
        found.extend(self.out_of_order(channel, span, direction, max)?);
        found.sort_by_key(|(_, row)| (row.id, row.log, row.seq));
        if direction == Direction::Descending {
            found.reverse();
        }
        found.truncate(max);
        Ok(found)
    }

    /// The channels in which an account sees a record without being in them, with its pos.
    pub fn inbox(
        &self,
        account: AccountNumber,
        (after, until): (Pos, Pos),
        max: usize,
    ) -> Result<Vec<(Pos, ChannelNo)>, ReadError> {
        let from = Bound::Excluded(keys::inbox_key(account, after).to_vec());
        let to = Bound::Included(keys::inbox_key(account, until).to_vec());
        let mut found = Vec::new();
        let span = Span { from, to };
        self.rows.range(Table::Inbox, &span, Direction::Ascending, &mut |key, value| {
            let channel = value.first_chunk::<4>().map(|b| ChannelNo(u32::from_be_bytes(*b)));
            found.extend(keys::pos_of(key).zip(channel));
            if found.len() >= max { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        Ok(found)
    }

    /// The avatar of an account.
    pub fn avatar(&self, account: AccountNumber) -> Result<Option<Vec<u8>>, ReadError> {
        self.rows.get(Table::Avatar, &keys::avatar_key(account))
    }

    /// The messages that the control record at a pos took back.
    pub fn withdrawn(&self, channel: ChannelNo, by: Pos) -> Result<Vec<MessageId>, RecordsError> {
        match self.rows.get(Table::Withdrawn, &keys::place_key(channel, by))? {
            None => Ok(Vec::new()),
            Some(value) => cbor::decode(&value, usize::MAX).map_err(|_| RecordsError::Row),
        }
    }

    /// What became of records of a channel, from one pos to another, after they were laid down:
    /// few, if any.
    fn marks(&self, channel: ChannelNo, (from, to): (Pos, Pos)) -> Result<Marks, RecordsError> {
        let horizon = self.horizon(channel)?;
        let (from, to) = (keys::place_key(channel, from), keys::place_key(channel, to));
        let span = Span::inclusive(&from, &to);
        let (mut rejudged, mut erased) = (BTreeMap::new(), BTreeMap::new());
        let mut failed = None;
        self.rows.range(Table::Rejudged, &span, Direction::Ascending, &mut |key, mark| {
            match Mark::decode(mark) {
                Ok(mark) => rejudged.extend(keys::pos_of(key).map(|pos| (pos, mark))),
                Err(error) => failed = Some(error),
            }
            ControlFlow::Continue(())
        })?;
        if let Some(error) = failed {
            return Err(error);
        }
        self.rows.range(Table::Erased, &span, Direction::Ascending, &mut |key, by| {
            erased.extend(keys::pos_of(key).map(|pos| (pos, erase::parse_mark(by))));
            ControlFlow::Continue(())
        })?;
        Ok(Marks { rejudged, erased, horizon })
    }

    /// The block among the rows that a record would be in, with its key.
    pub(super) fn block_of(
        &self,
        channel: ChannelNo,
        pos: Pos,
    ) -> Result<Option<BlockRow>, ReadError> {
        let mut found = None;
        let low = keys::event_key(channel, Pos(0));
        let span = Span::inclusive(&low, &keys::event_key(channel, pos));
        self.rows.range(Table::Event, &span, Direction::Descending, &mut |key, block| {
            found = Some((key.to_vec(), block.to_vec()));
            ControlFlow::Break(())
        })?;
        Ok(found)
    }

    /// The records that were applied in the channel's order.
    fn in_order(
        &self,
        channel: ChannelNo,
        span: IdSpan,
        direction: Direction,
        max: usize,
    ) -> Result<Vec<(Pos, EventRow)>, RecordsError> {
        let first = keys::run_key(channel, MessageId([0; 16]));
        let low = match span.0 {
            Bound::Unbounded => first,
            Bound::Included(id) | Bound::Excluded(id) => keys::run_key(channel, id),
        };
        let high = match span.1 {
            Bound::Unbounded => keys::run_key(channel, MessageId([0xff; 16])),
            Bound::Included(id) | Bound::Excluded(id) => keys::run_key(channel, id),
        };
        let floor = self.floor(Table::Run, &first, &low)?;
        let runs = Span::inclusive(floor.as_deref().unwrap_or(&low), &high);
        let mut found = Vec::new();
        let marks = self.marks(channel, (Pos(0), Pos(u64::MAX)))?;
        self.blocks(Place { channel, table: Table::Run, direction }, &runs, &mut |block| {
            let before = found.len();
            for entry in block::entries(block) {
                let entry = entry.ok_or(RecordsError::Row)?;
                // What is accepted after all has a row of its own.
                if !entry.is_in_order || marks.rejudged.contains_key(&entry.pos) {
                    continue;
                }
                let Some(row) = record(&entry, &marks)? else { continue };
                if span.contains(&row.id) && row.outcome == Outcome::Accepted {
                    found.push((entry.pos, row));
                }
            }
            if direction == Direction::Descending {
                found[before..].reverse();
            }
            Ok(if found.len() >= max { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        found.truncate(max);
        Ok(found)
    }

    /// The records that were applied after later ones, and those that were backfilled.
    fn out_of_order(
        &self,
        channel: ChannelNo,
        span: IdSpan,
        direction: Direction,
        max: usize,
    ) -> Result<Vec<(Pos, EventRow)>, RecordsError> {
        let mut places: Vec<(Pos, LogNo, u64)> = Vec::new();
        let span = timeline_span(channel, span);
        self.rows.range(Table::Timeline, &span, direction, &mut |key, value| {
            let place = keys::pos_of(value).zip(keys::place_of(key));
            places.extend(place.map(|(pos, (log, seq))| (pos, log, seq)));
            if places.len() >= max { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        let mut found = Vec::with_capacity(places.len());
        for (pos, log, seq) in places {
            let row = match pos {
                Pos(0) => self.backfilled(channel, log, seq)?,
                pos => self.record(channel, pos)?,
            };
            let row = row.ok_or(RecordsError::Row)?;
            found.extend((row.outcome == Outcome::Accepted).then_some((pos, row)));
        }
        Ok(found)
    }

    /// The last key of a table from `low` up to `high`.
    fn floor(&self, table: Table, low: &[u8], high: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        let mut found = None;
        let span = Span::inclusive(low, high);
        self.rows.range(table, &span, Direction::Descending, &mut |key, _| {
            found = Some(key.to_vec());
            ControlFlow::Break(())
        })?;
        Ok(found)
    }

    /// Hands blocks of a channel to `each`: those that rows name, and all that still grow, by pos.
    fn blocks(
        &self,
        place: Place,
        span: &Span,
        each: &mut dyn FnMut(&[u8]) -> Flow,
    ) -> Result<(), RecordsError> {
        let mut open = self.open_blocks(place);
        let is_before = |open: &OpenBlock, first: Pos| match place.direction {
            Direction::Ascending => open.first() < first,
            Direction::Descending => open.first() > first,
        };
        let mut step = |key: &[u8], value: &[u8]| -> Flow {
            let first = place.first_of(key, value).ok_or(RecordsError::Row)?;
            while let Some(block) = open.pop_if(|block| is_before(block, first)) {
                if each(block.bytes())?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            if place.table == Table::Event {
                return each(value);
            }
            let block = self.rows.get(Table::Event, &keys::event_key(place.channel, first))?;
            each(&block.ok_or(RecordsError::Row)?)
        };
        let mut flow: Flow = Ok(ControlFlow::Continue(()));
        self.rows.range(place.table, span, place.direction, &mut |key, value| {
            flow = step(key, value);
            if matches!(flow, Ok(ControlFlow::Continue(()))) {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })?;
        if flow?.is_continue() {
            while let Some(block) = open.pop()
                && each(block.bytes())?.is_continue()
            {}
        }
        Ok(())
    }

    /// The blocks of a channel that still grow, the first one last.
    fn open_blocks(&self, place: Place) -> Vec<&OpenBlock> {
        let open = self.recent.iter().filter_map(|recent| recent.open(place.channel));
        let mut open: Vec<&OpenBlock> = open.collect();
        if place.direction == Direction::Ascending {
            open.reverse();
        }
        open
    }
}

/// Which blocks are read, by which rows, in which direction.
#[derive(Clone, Copy)]
struct Place {
    channel: ChannelNo,
    table: Table,
    direction: Direction,
}

impl Place {
    /// The first pos of the block that a row is or names.
    fn first_of(&self, key: &[u8], value: &[u8]) -> Option<Pos> {
        match self.table {
            Table::Event => keys::pos_of(key),
            Table::Run => keys::parse_run_value(value).map(|(first, _)| first),
            _ => keys::pos_of(value),
        }
    }
}

/// Whether to go on.
type Flow = Result<ControlFlow<()>, RecordsError>;

/// Records that are no longer what their blocks say.
struct Marks {
    rejudged: BTreeMap<Pos, Mark>,
    erased: BTreeMap<Pos, ErasedBy>,
    horizon: HybridTime,
}

/// A record as readers see it; `None` where it is not of its log any more.
fn record(entry: &Entry<'_>, marks: &Marks) -> Result<Option<EventRow>, RecordsError> {
    let mark = marks.rejudged.get(&entry.pos);
    if mark.is_some_and(Mark::is_replaced) {
        return Ok(None);
    }
    let mut row = entry.record().ok_or(RecordsError::Row)?;
    if let Some(mark) = mark {
        mark.put(&mut row);
    }
    if let Some(by) = marks.erased.get(&entry.pos) {
        row.erase(*by);
    }
    expire(&mut row, marks.horizon);
    Ok(Some(row))
}

/// Hides the text of a record from before a channel's horizon.
fn expire(row: &mut EventRow, horizon: HybridTime) {
    let is_empty = matches!(&row.body, WireBody::Present(body) if body.content_type.is_empty());
    if row.id.time() < horizon && !is_empty {
        row.erase(ErasedBy::Retention);
    }
}

/// The timeline keys of a span of ids.
fn timeline_span(channel: ChannelNo, (from, to): IdSpan) -> Span {
    let first = |id| keys::run_key(channel, id).to_vec();
    // The longest key of an id is its own followed by 16 bytes.
    let last = |id| [&keys::run_key(channel, id)[..], &[0xff; 16]].concat();
    Span {
        from: match from {
            Bound::Unbounded => Bound::Included(first(MessageId([0; 16]))),
            Bound::Included(id) => Bound::Included(first(id)),
            Bound::Excluded(id) => Bound::Excluded(last(id)),
        },
        to: match to {
            Bound::Unbounded => Bound::Included(last(MessageId([0xff; 16]))),
            Bound::Included(id) => Bound::Included(last(id)),
            Bound::Excluded(id) => Bound::Excluded(first(id)),
        },
    }
}
