//! What a control record rejects after it was accepted: its records are marked, and the control
//! record tells of them. It must not judge; the machine says what is rejected.

use std::ops::ControlFlow;

use comity_machine::{Effects, EventRow, Outcome, Withdrawal, right_of};
use comity_protocol::cbor;
use comity_protocol::cursor::Pos;
use comity_protocol::id::MessageId;

use super::annotation;
use super::keys::{place_key, timeline_key};
use super::rejudge::Mark;
use super::shared::Shared;
use super::view::{RecordsError, View};
use crate::store::{Batch, Table};

/// Marks what was rejected after all, and tells it with the records that did so.
pub(super) fn apply(shared: &Shared, effects: &mut Effects) -> Result<(), RecordsError> {
    for withdrawal in std::mem::take(&mut effects.withdrawn) {
        let found = Withdrawn::find(&shared.view()?, withdrawal)?;
        let by = effects.applied.iter_mut().find(|applied| applied.pos == withdrawal.by);
        let Some(by) = by else { continue };
        by.withdrawn = by.withdrawn.iter().copied().chain(found.ids()).collect();
        shared.write(effects.command, |recent| {
            found.put(recent.rows_mut(), &by.withdrawn);
        });
    }
    Ok(())
}

/// Records that are rejected from now on.
pub(super) struct Withdrawn {
    records: Vec<(Pos, EventRow)>,
    withdrawal: Withdrawal,
}

impl Withdrawn {
    /// Finds the records.
    pub(super) fn find(view: &View, withdrawal: Withdrawal) -> Result<Self, RecordsError> {
        let mut records = Vec::new();
        let Withdrawal { channel, log, first, last, .. } = withdrawal;
        view.log(channel, log, first, &mut |pos, row| {
            if row.seq > last {
                return ControlFlow::Break(());
            }
            let is_one = row.outcome == Outcome::Accepted
                && row.sender == Some(withdrawal.author)
                && right_of(&row.header) == Some(withdrawal.right);
            if is_one {
                records.push((pos, row));
            }
            ControlFlow::Continue(())
        })?;
        Ok(Self { records, withdrawal })
    }

    /// Their ids.
    pub(super) fn ids(&self) -> impl Iterator<Item = MessageId> + use<'_> {
        self.records.iter().map(|(_, row)| row.id)
    }

    /// Marks them, and notes all `ids` that the control record has taken back by now.
    pub(super) fn put(&self, rows: &mut Batch, ids: &[MessageId]) {
        let Withdrawal { channel, by, .. } = self.withdrawal;
        for (pos, row) in &self.records {
            let rejected = EventRow { outcome: Outcome::Rejected, ..row.clone() };
            let mark = Mark::of(&rejected).encode();
            rows.put(Table::Rejudged, &place_key(channel, *pos), &mark);
            rows.delete(Table::Timeline, &timeline_key(channel, row.id, row.log, row.seq));
            annotation::forget(rows, channel, row);
        }
        rows.put(Table::Withdrawn, &place_key(channel, by), &cbor::encode(&ids.to_vec()));
    }
}
