//! Records that are not of their logs any more, since another history of them counts: they are
//! marked above their blocks so that no reader sees them, and lose their bodies with the next batch
//! for the store. It must not judge; the machine says which.

use std::ops::ControlFlow;

use comity_machine::{Dropped, ErasedBy, EventRow, Outcome};
use comity_protocol::cursor::Pos;

use super::annotation;
use super::keys::{place_key, timeline_key};
use super::rejudge::Mark;
use super::sweep::Gone;
use super::view::{RecordsError, View};
use crate::store::{Batch, Table};

/// Such records of one log.
pub(super) struct Dropping {
    dropped: Dropped,
    records: Vec<(Pos, EventRow)>,
}

impl Dropping {
    /// Finds the records.
    pub(super) fn find(view: &View, dropped: Dropped) -> Result<Self, RecordsError> {
        let mut records = Vec::new();
        view.log(dropped.channel, dropped.log, dropped.first, &mut |pos, row| {
            records.push((pos, row));
            ControlFlow::Continue(())
        })?;
        Ok(Self { dropped, records })
    }

    /// Hides them; what is to lose its body.
    pub(super) fn put(self, rows: &mut Batch) -> impl Iterator<Item = Gone> + use<> {
        let channel = self.dropped.channel;
        for (pos, row) in &self.records {
            let mark = Mark::of(&EventRow { outcome: Outcome::Replaced, ..row.clone() });
            rows.put(Table::Rejudged, &place_key(channel, *pos), &mark.encode());
            rows.delete(Table::Timeline, &timeline_key(channel, row.id, row.log, row.seq));
            annotation::forget(rows, channel, row);
        }
        self.records.into_iter().map(move |(pos, _)| (channel, pos, ErasedBy::Record))
    }
}
