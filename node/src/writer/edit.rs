//! Texts that go with an edit: the former ones, where the channel does not keep them, and the edit
//! itself where its message was erased. It must not judge who may edit: an edit by anybody but the
//! author of a message says nothing of it.

use std::ops::Bound;

use comity_machine::{Applied, ChannelNo, ErasedBy, EventRow, Outcome, Remark, State};
use comity_protocol::cursor::Pos;
use comity_protocol::id::{AccountId, MessageId};

use super::erase::Erased;
use super::view::{RecordsError, View};
use crate::store::Direction;

/// The records that lose their bodies because of an edit that was laid down.
pub(super) fn former(
    view: &View,
    state: &State,
    applied: &Applied,
) -> Result<Vec<Erased>, RecordsError> {
    let Some((message, author)) = edited(applied) else { return Ok(Vec::new()) };
    let channel = applied.channel;
    let span = (Bound::Included(message), Bound::Included(message));
    let mut originals = view.timeline(channel, span, Direction::Ascending, SAME_ID_MAX)?;
    originals.retain(|(_, row)| row.sender == Some(author));
    if originals.is_empty() {
        return Ok(Vec::new());
    }
    let mut edits = edits(view, channel, message, author)?;
    if originals.iter().any(|(_, row)| row.erased == Some(ErasedBy::Record)) {
        return Ok(gone(channel, edits, ErasedBy::Record));
    }
    if keeps(state, channel) {
        return Ok(Vec::new());
    }
    edits.pop();
    originals.extend(edits);
    Ok(gone(channel, originals, ErasedBy::Edit))
}

/// The edits that lose their texts with their message.
pub(super) fn of_erased(
    view: &View,
    channel: ChannelNo,
    message: MessageId,
    author: AccountId,
) -> Result<Vec<Erased>, RecordsError> {
    Ok(gone(channel, edits(view, channel, message, author)?, ErasedBy::Record))
}

/// Whether a channel keeps former texts.
fn keeps(state: &State, channel: ChannelNo) -> bool {
    let group = state.channels.get(&channel).and_then(|channel| channel.group());
    group.is_some_and(|group| group.state.keeps_edits.is_some())
}

/// The message that a record edits, and who does.
fn edited(applied: &Applied) -> Option<(MessageId, AccountId)> {
    let annotation = applied.annotation.as_ref().filter(|said| said.what == Remark::Edit)?;
    // Who does not hear an edit goes on reading the former text.
    let counts = applied.outcome == Outcome::Accepted && !applied.is_unheard;
    Some((annotation.message, applied.sender.filter(|_| counts)?))
}

/// The edits of a message by its author, in the channel's order.
fn edits(
    view: &View,
    channel: ChannelNo,
    message: MessageId,
    author: AccountId,
) -> Result<Vec<(Pos, EventRow)>, RecordsError> {
    let mut found = Vec::new();
    for said in view.annotations(channel, (message, message), usize::MAX)? {
        if said.author == author && said.what == Remark::Edit {
            found.extend(view.annotating(channel, &said)?.map(|row| (said.pos, row)));
        }
    }
    Ok(found)
}

fn gone(channel: ChannelNo, records: Vec<(Pos, EventRow)>, by: ErasedBy) -> Vec<Erased> {
    let there = records.into_iter().filter(|(_, row)| match row.erased {
        None => true,
        Some(before) => before == ErasedBy::Edit && by == ErasedBy::Record,
    });
    there.map(|(pos, row)| Erased::of(channel, pos, row, by)).collect()
}

/// Messages of one author that may share an id: their times and half of their hashes would have to
/// be the same.
const SAME_ID_MAX: usize = 4;
