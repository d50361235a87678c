//! What records come to after an opening that goes back: they are marked above their blocks, and
//! the opening tells of those that are gone. It must not judge; the machine says what they come to.

use std::ops::ControlFlow;

use comity_machine::{
    Annotation, ChannelNo, Effects, EventRow, Forgotten, Outcome, Rejudged, Reopened,
};
use comity_protocol::cbor;
use comity_protocol::cursor::Pos;
use comity_protocol::id::{AccountId, MessageId};

use super::annotation;
use super::keys::{backfill_key, place_key, timeline_key};
use super::shared::Shared;
use super::view::{RecordsError, View};
use crate::store::{Batch, Table};

/// Marks what comes to something else after an opening, and tells it with the opening.
pub(super) fn apply(shared: &Shared, effects: &mut Effects) -> Result<(), RecordsError> {
    for forgotten in &effects.forgotten {
        let gone = Gone::find(&shared.view()?, forgotten)?;
        shared.write(effects.command, |recent| gone.put(recent.rows_mut()));
    }
    for rejudged in std::mem::take(&mut effects.rejudged) {
        let found = Rejudgement::find(&shared.view()?, rejudged)?;
        if found.records.is_empty() {
            continue;
        }
        let by = effects.applied.iter_mut().find(|applied| applied.pos == rejudged.by);
        let Some(by) = by else { continue };
        by.withdrawn = by.withdrawn.iter().copied().chain(found.withdrawn()).collect();
        shared.write(effects.command, |recent| {
            found.put(recent.rows_mut(), &by.withdrawn);
        });
    }
    Ok(())
}

/// The admin hears of what an opening made void, here and at every member.
pub(super) fn tell(shared: &Shared, reopened: &[Reopened]) {
    for Reopened { channel, base, voided } in reopened {
        let channel = shared.state().channels.get(channel).map(|channel| channel.id);
        let (Some(channel), base) = (channel, format!("{}.{}", base.term, base.seq)) else {
            continue;
        };
        tracing::warn!(
            %channel,
            base,
            voided,
            "a group's home has opened a term after a loss; records above its base are void: \
             see `comity group voided`"
        );
    }
}

/// Whether a record that counts has a place of its own in its channel's history.
fn is_listed(row: &EventRow) -> bool {
    Annotation::of_header(&row.header).is_none_or(|annotation| annotation.is_listed())
}

/// What a record comes to that came to something else when it was laid down.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    outcome: Outcome,
    id: MessageId,
    sender: Option<AccountId>,
    stated: u64,
}

impl Mark {
    pub(super) fn of(row: &EventRow) -> Self {
        let EventRow { outcome, id, sender, stated, .. } = *row;
        Self { outcome, id, sender, stated }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        cbor::encode(&(self.outcome, self.id, self.sender, self.stated))
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, RecordsError> {
        let found = cbor::decode(bytes, usize::MAX).map_err(|_| RecordsError::Row)?;
        let (outcome, id, sender, stated) = found;
        Ok(Self { outcome, id, sender, stated })
    }

    /// Whether the record is not of its log any more.
    pub(super) fn is_replaced(&self) -> bool {
        self.outcome == Outcome::Replaced
    }

    /// Lets a row read what the mark says.
    pub(super) fn put(&self, row: &mut EventRow) {
        (row.outcome, row.id) = (self.outcome, self.id);
        (row.sender, row.stated) = (self.sender, self.stated);
    }
}

/// History that is gone with the admission that it came with.
pub(super) struct Gone {
    channel: ChannelNo,
    rows: Vec<([u8; 16], [u8; 36], EventRow)>,
}

impl Gone {
    /// Finds the records.
    pub(super) fn find(view: &View, forgotten: &Forgotten) -> Result<Self, RecordsError> {
        let Forgotten { channel, log, first, last } = *forgotten;
        let mut rows = Vec::new();
        view.backfilled_from(channel, log, first, &mut |row, _| {
            if row.seq > last {
                return ControlFlow::Break(());
            }
            let at = timeline_key(channel, row.id, log, row.seq);
            rows.push((backfill_key(log, row.seq), at, row));
            ControlFlow::Continue(())
        })?;
        Ok(Self { channel, rows })
    }

    /// Takes them out of the rows.
    pub(super) fn put(&self, rows: &mut Batch) {
        for (record, place, row) in &self.rows {
            rows.delete(Table::Backfill, record);
            rows.delete(Table::Timeline, place);
            annotation::forget(rows, self.channel, row);
        }
    }
}

/// Records that come to something else from now on, each as it was and as it is.
pub(super) struct Rejudgement {
    records: Vec<(Pos, EventRow, EventRow)>,
    rejudged: Rejudged,
}

impl Rejudgement {
    /// Finds the records.
    pub(super) fn find(view: &View, rejudged: Rejudged) -> Result<Self, RecordsError> {
        let mut records = Vec::new();
        let Rejudged { channel, no, log, change, .. } = rejudged;
        view.log(channel, no, change.first, &mut |pos, row| {
            if row.seq > change.last {
                return ControlFlow::Break(());
            }
            let mut after = row.clone();
            change.put(log, &mut after);
            if after != row {
                records.push((pos, row, after));
            }
            ControlFlow::Continue(())
        })?;
        Ok(Self { records, rejudged })
    }

    /// Those that were accepted and are not any more.
    pub(super) fn withdrawn(&self) -> impl Iterator<Item = MessageId> + use<'_> {
        let gone = |(_, before, after): &&(Pos, EventRow, EventRow)| {
            before.outcome == Outcome::Accepted && after.outcome != Outcome::Accepted
        };
        self.records.iter().filter(gone).map(|(_, before, _)| before.id)
    }

    /// Marks them, and notes all `ids` that the opening has taken back by now.
    pub(super) fn put(&self, rows: &mut Batch, ids: &[MessageId]) {
        let Rejudged { channel, by, .. } = self.rejudged;
        let at = |row: &EventRow| timeline_key(channel, row.id, row.log, row.seq);
        for (pos, before, after) in &self.records {
            rows.put(Table::Rejudged, &place_key(channel, *pos), &Mark::of(after).encode());
            if before.outcome == Outcome::Accepted {
                rows.delete(Table::Timeline, &at(before));
                annotation::forget(rows, channel, before);
            }
            if after.outcome == Outcome::Accepted && is_listed(after) {
                rows.put(Table::Timeline, &at(after), &pos.0.to_be_bytes());
            }
            annotation::relay(rows, channel, *pos, after);
        }
        rows.put(Table::Withdrawn, &place_key(channel, by), &cbor::encode(&ids.to_vec()));
    }
}
