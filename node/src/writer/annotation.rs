//! Rows of what events say of messages: they lie by the message, so that a page of history finds
//! all that is said of its messages in one stretch, whichever came first. It must not judge; an
//! event that does not count has no such row.

use std::ops::{Bound, ControlFlow};

use comity_machine::{Annotation, Applied, ChannelNo, EventRow, LogNo, Outcome, Remark};
use comity_protocol::cbor;
use comity_protocol::cursor::Pos;
use comity_protocol::id::{AccountId, AccountNumber, MessageId};

use super::keys;
use super::view::{RecordsError, View};
use crate::store::{Batch, Direction, Span, Table};

/// What an event says of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotated {
    /// The message.
    pub message: MessageId,
    /// The event.
    pub event: MessageId,
    /// The event's log.
    pub log: LogNo,
    /// Its place there.
    pub seq: u64,
    /// Its pos; zero where it came as history.
    pub pos: Pos,
    /// Who says it.
    pub author: AccountId,
    /// What.
    pub what: Remark,
    /// Whether its author is blocked by whom it is for: shown to nobody but its author.
    pub is_unheard: bool,
}

impl Annotated {
    /// Whether an account may be shown it, as far as blocks go.
    pub fn is_heard_by(&self, account: AccountId) -> bool {
        !self.is_unheard || self.author == account
    }

    /// Whether it gives a message of an author another text.
    pub fn is_edit_by(&self, author: AccountId) -> bool {
        self.what == Remark::Edit && self.author == author
    }
}

/// What stands under the key: the event's pos, who says it, what, and whether it is unheard.
type Value = (u64, AccountId, Remark, bool);

/// An event, as far as its row needs it.
struct Event<'a> {
    channel: ChannelNo,
    pos: Pos,
    place: (MessageId, LogNo, u64),
    author: Option<AccountId>,
    counts: bool,
    is_unheard: bool,
    annotation: &'a Annotation,
}

impl Event<'_> {
    fn lay(&self, rows: &mut Batch) {
        let key = keys::annotation_key(self.channel, self.annotation.message, self.place);
        if let Remark::Pin { .. } = self.annotation.what {
            let pin = keys::pin_key(self.channel, self.place);
            match self.counts {
                true => rows.put(Table::Pin, &pin, &self.annotation.message.0),
                false => rows.delete(Table::Pin, &pin),
            }
        }
        match self.author.filter(|_| self.counts) {
            Some(author) => {
                let what = self.annotation.what.clone();
                let value: Value = (self.pos.0, author, what, self.is_unheard);
                rows.put(Table::Annotation, &key, &cbor::encode(&value));
            }
            None => rows.delete(Table::Annotation, &key),
        }
    }
}

/// Lays down what a record says of a message, if it says anything that counts.
pub(super) fn lay(rows: &mut Batch, applied: &Applied) {
    let Some(annotation) = &applied.annotation else { return };
    let event = Event {
        channel: applied.channel,
        pos: applied.pos,
        place: (applied.id, applied.log_no, applied.seq),
        author: applied.sender,
        counts: applied.outcome == Outcome::Accepted,
        is_unheard: applied.is_unheard,
        annotation,
    };
    event.lay(rows);
}

/// Brings what a record says of a message in line with what the record comes to by now.
pub(super) fn relay(rows: &mut Batch, channel: ChannelNo, pos: Pos, row: &EventRow) {
    let Some(annotation) = Annotation::of_header(&row.header) else { return };
    let event = Event {
        channel,
        pos,
        place: (row.id, row.log, row.seq),
        author: row.sender,
        counts: row.outcome == Outcome::Accepted,
        is_unheard: row.is_unheard,
        annotation: &annotation,
    };
    event.lay(rows);
}

/// Takes away what a record says of a message.
pub(super) fn forget(rows: &mut Batch, channel: ChannelNo, row: &EventRow) {
    let gone = EventRow { outcome: Outcome::Void, ..row.clone() };
    relay(rows, channel, Pos::default(), &gone);
}

impl View {
    /// What is said of the messages of a channel from one id to another, both included, by message
    /// and then in the channel's order: the first `max` remarks.
    pub fn annotations(
        &self,
        channel: ChannelNo,
        (from, to): (MessageId, MessageId),
        max: usize,
    ) -> Result<Vec<Annotated>, RecordsError> {
        let low = keys::annotation_key(channel, from, (MessageId([0; 16]), LogNo(0), 0));
        let last = (MessageId([0xff; 16]), LogNo(u64::MAX), u64::MAX);
        let high = keys::annotation_key(channel, to, last);
        let mut found = Vec::new();
        let mut is_whole = true;
        let span = Span::inclusive(&low, &high);
        self.rows.range(Table::Annotation, &span, Direction::Ascending, &mut |key, value| {
            let row = read(key, value);
            is_whole &= row.is_some();
            found.extend(row);
            if found.len() >= max { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        if is_whole { Ok(found) } else { Err(RecordsError::Row) }
    }

    /// The newest edit of a message by its author.
    pub fn newest_edit(
        &self,
        channel: ChannelNo,
        message: MessageId,
        author: AccountId,
    ) -> Result<Option<EventRow>, RecordsError> {
        let said = self.annotations(channel, (message, message), usize::MAX)?;
        match said.iter().rfind(|said| said.is_edit_by(author)) {
            Some(edit) => self.annotating(channel, edit),
            None => Ok(None),
        }
    }

    /// The messages of a channel that were pinned at some time, the one pinned last first.
    pub fn pinned_ever(&self, channel: ChannelNo) -> Result<Vec<MessageId>, RecordsError> {
        let mut found: Vec<MessageId> = Vec::new();
        let span = Span::prefix(&channel.0.to_be_bytes());
        self.rows.range(Table::Pin, &span, Direction::Descending, &mut |_, value| {
            let message = value.try_into().map(MessageId).ok();
            found.extend(message.filter(|message| !found.contains(message)));
            if found.len() >= PINS_LOOKED_AT {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })?;
        Ok(found)
    }

    /// The messages that mention an account before a pos, the newest first, each with its channel.
    pub fn mentions(
        &self,
        account: AccountNumber,
        before: Pos,
        max: usize,
    ) -> Result<Vec<(Pos, ChannelNo)>, RecordsError> {
        let from = Bound::Included(keys::mention_key(account, Pos(0)).to_vec());
        let to = Bound::Excluded(keys::mention_key(account, before).to_vec());
        let mut found = Vec::new();
        let span = Span { from, to };
        self.rows.range(Table::Mention, &span, Direction::Descending, &mut |key, value| {
            let channel = value.first_chunk::<4>().map(|b| ChannelNo(u32::from_be_bytes(*b)));
            found.extend(keys::pos_of(key).zip(channel));
            if found.len() >= max { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        Ok(found)
    }

    /// The record that says something of a message.
    pub fn annotating(
        &self,
        channel: ChannelNo,
        said: &Annotated,
    ) -> Result<Option<EventRow>, RecordsError> {
        match said.pos {
            Pos(0) => self.backfilled(channel, said.log, said.seq),
            pos => self.record(channel, pos),
        }
    }
}

/// Messages that were pinned, and of which one is looked at for whether it still is.
const PINS_LOOKED_AT: usize = 1_000;

/// Reads a row back; `None` where it is not one of ours.
fn read(key: &[u8], value: &[u8]) -> Option<Annotated> {
    let (message, event, log, seq) = keys::parse_annotation_key(key)?;
    let (pos, author, what, is_unheard): Value = cbor::decode(value, usize::MAX).ok()?;
    Some(Annotated { message, event, log, seq, pos: Pos(pos), author, what, is_unheard })
}
