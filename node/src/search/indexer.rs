//! Brings the index in line with the rows: messages come in, edited ones anew, and those whose text
//! is gone go. It must not judge who may read what.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Bound, ControlFlow};

use comity_machine::{ChannelNo, EventRow, LogNo, Outcome};
use comity_protocol::body::WireBody;
use comity_protocol::clock::HybridTime;
use comity_protocol::cursor::Pos;
use comity_protocol::event::{Edit, Erasure, EventAct, EventHeader};
use comity_protocol::id::{AccountId, MessageId};
use comity_search::{Document, IndexError, Key, Writer};

use crate::store::{Direction, ReadError};
use crate::writer::{RecordsError, Shared, View};

/// Why the index cannot be brought in line.
#[derive(Debug, thiserror::Error)]
pub(super) enum IndexingError {
    /// The index cannot be written.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The rows cannot be read.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] ReadError),
}

/// Records that are looked at before others have their turn.
pub(super) const RECORDS_MAX: usize = 4_096;
/// Records of one id.
const SAME_ID_MAX: usize = 8;

/// Writes what it reads.
pub(super) struct Indexer<'a> {
    shared: &'a Shared,
    pub(super) writer: Writer,
    /// Up to when texts of channels were taken out by a rule.
    horizons: BTreeMap<ChannelNo, HybridTime>,
    /// Messages of which something has become since they were added.
    changed: BTreeSet<(ChannelNo, MessageId)>,
}

impl<'a> Indexer<'a> {
    pub(super) fn new(shared: &'a Shared, writer: Writer) -> Self {
        Self { shared, writer, horizons: BTreeMap::new(), changed: BTreeSet::new() }
    }

    /// Looks at some records of a channel; from where to go on, if there are more.
    pub(super) fn follow(
        &mut self,
        no: ChannelNo,
        (from, to): (Pos, Pos),
    ) -> Result<Option<Pos>, IndexingError> {
        let view = self.shared.view()?;
        let (mut rows, mut rest) = (Vec::new(), None);
        view.records(no, (from, to), &mut |pos, row| {
            if rows.len() == RECORDS_MAX {
                rest = Some(pos);
                return ControlFlow::Break(());
            }
            rows.push((pos, row));
            ControlFlow::Continue(())
        })?;
        for (pos, row) in rows {
            self.take(&view, no, pos, &row)?;
        }
        self.look_again(&view)?;
        Ok(rest)
    }

    /// Looks at some records of a log that came as history; from which to go on, if there are more.
    pub(super) fn follow_history(
        &mut self,
        no: ChannelNo,
        (log, from): (LogNo, u64),
    ) -> Result<Option<u64>, IndexingError> {
        let view = self.shared.view()?;
        let (mut rows, mut rest) = (Vec::new(), None);
        view.backfilled_from(no, log, from, &mut |row, _| {
            if rows.len() == RECORDS_MAX {
                rest = Some(row.seq);
                return ControlFlow::Break(());
            }
            rows.push(row);
            ControlFlow::Continue(())
        })?;
        // History may have been looked at before a crash.
        let keys: Vec<Key> = rows.iter().map(|row| key_of(no, row.id)).collect();
        self.writer.remove(&keys)?;
        for row in rows {
            self.take(&view, no, Pos(0), &row)?;
        }
        self.look_again(&view)?;
        Ok(rest)
    }

    /// Takes out what a rule has erased since it was looked at last.
    pub(super) fn expire(&mut self) -> Result<(), IndexingError> {
        let expired: BTreeMap<ChannelNo, HybridTime> = self.shared.state().expired().collect();
        for (no, horizon) in expired {
            if self.horizons.insert(no, horizon).is_none_or(|before| before < horizon) {
                self.writer.remove_older(no.0, time_of(MessageId::first_at(horizon)))?;
            }
        }
        Ok(())
    }

    fn take(
        &mut self,
        view: &View,
        no: ChannelNo,
        pos: Pos,
        row: &EventRow,
    ) -> Result<(), IndexingError> {
        match act_of(row) {
            Some(EventAct::Message(_)) => self.add(view, no, row)?,
            Some(EventAct::Edit(Edit { message })) => self.changed.extend([(no, message)]),
            Some(EventAct::Erasure(Erasure { channel, .. })) => {
                let of = channel.and_then(|id| Some(self.shared.state().channel(&id)?.0));
                self.note_withdrawn(view, (no, pos), of.unwrap_or(no))?;
            }
            Some(_) => {}
            // A record of the control log, which may take messages back, or remove them.
            None => self.note_withdrawn(view, (no, pos), no)?,
        }
        Ok(())
    }

    fn note_withdrawn(
        &mut self,
        view: &View,
        (no, pos): (ChannelNo, Pos),
        of: ChannelNo,
    ) -> Result<(), IndexingError> {
        let withdrawn = view.withdrawn(no, pos)?.into_iter();
        self.changed.extend(withdrawn.map(|message| (of, message)));
        Ok(())
    }

    /// Brings messages in line with what has become of them.
    fn look_again(&mut self, view: &View) -> Result<(), IndexingError> {
        let changed = std::mem::take(&mut self.changed);
        let keys: Vec<Key> = changed.iter().map(|(no, id)| key_of(*no, *id)).collect();
        self.writer.remove(&keys)?;
        for (no, message) in changed {
            let span = (Bound::Included(message), Bound::Included(message));
            for (_, row) in view.timeline(no, span, Direction::Ascending, SAME_ID_MAX)? {
                if matches!(act_of(&row), Some(EventAct::Message(_))) {
                    self.add(view, no, &row)?;
                }
            }
        }
        Ok(())
    }

    /// Adds a message with its newest text, where it has one that counts.
    fn add(&mut self, view: &View, no: ChannelNo, row: &EventRow) -> Result<(), IndexingError> {
        let Some(author) = row.sender.filter(|_| row.outcome == Outcome::Accepted) else {
            return Ok(());
        };
        let edit = view.newest_edit(no, row.id, author)?;
        let newest = edit.as_ref().unwrap_or(row);
        let WireBody::Present(body) = &newest.body else { return Ok(()) };
        let Some(text) = body.as_text() else { return Ok(()) };
        let (key, author) = (key_of(no, row.id), author_of(author));
        Ok(self.writer.add(Document { key, author, text })?)
    }
}

/// What an event does; nothing of a record of the control log.
fn act_of(row: &EventRow) -> Option<EventAct> {
    EventHeader::decode(&row.header).ok()?.act().ok()
}

/// What a message is known by in the index.
pub(super) fn key_of(no: ChannelNo, MessageId(id): MessageId) -> Key {
    let half = |at: usize| id[at..].first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    Key { channel: no.0, time: half(0), rest: half(8) }
}

/// The message that a key stands for.
pub(super) fn message_of(key: Key) -> MessageId {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&key.time.to_be_bytes());
    id[8..].copy_from_slice(&key.rest.to_be_bytes());
    MessageId(id)
}

/// The time of a message, as the index orders it.
pub(super) fn time_of(id: MessageId) -> u64 {
    key_of(ChannelNo(0), id).time
}

/// What an author is known by in the index. Two might be known by the same; whoever shows what is
/// found sees whose it is.
pub(super) fn author_of(account: AccountId) -> u64 {
    let lineage = account.lineage.0.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    lineage ^ account.number.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_messages_are_one_another() {
        let id = MessageId(*b"0123456789abcdef");
        let key = key_of(ChannelNo(7), id);
        assert_eq!((message_of(key), key.channel), (id, 7));
        assert!(time_of(MessageId([1; 16])) < time_of(MessageId([2; 16])));
    }
}
