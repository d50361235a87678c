//! Pages of a channel's history, in the channel's order.

use std::ops::Bound;

use comity_client_api::{HistoryPage, Page};
use comity_machine::{ChannelNo, EventRow, Holes, LogNo, RightTo, right_of};
use comity_protocol::clock::HybridTime;
use comity_protocol::code::Code;
use comity_protocol::control::Moderation;
use comity_protocol::cursor::Pos;
use comity_protocol::id::{AccountId, ChannelId, LogName, MessageId};

use super::show::show;
use crate::feed::{Item, rebuild};
use crate::store::Direction;
use crate::writer::{IdSpan, Shared, View};

/// Reads a page; the caller has checked that the channel may be read.
pub(super) fn read(
    shared: &Shared,
    channel: ChannelNo,
    page: Page,
    limit: usize,
) -> Result<HistoryPage, Code> {
    // Before the rows: what comes meanwhile is shown, or said to be on its way.
    let holes = shared.state().holes(channel);
    let reader = Reader { shared, channel, holes, view: shared.view().map_err(failed)? };
    match page {
        Page::Latest => reader.before(None, limit, false),
        Page::Before(id) => reader.before(Some(id), limit, true),
        Page::After(id) => reader.after(Bound::Excluded(id), limit),
        Page::AtDate(unix_ms) => {
            let first = MessageId::first_at(HybridTime::from_unix_ms(unix_ms));
            reader.after(Bound::Included(first), limit)
        }
        Page::Around(id) => reader.around(id, limit),
    }
}

/// A message by its id, as a record names it that erases it, and its author. Whether the asker may
/// is for others to say, and told alike.
pub(super) fn find(
    shared: &Shared,
    channel: &ChannelId,
    id: MessageId,
) -> Result<(Moderation, AccountId), Code> {
    let no = shared.state().channel(channel).map(|(no, _)| no).ok_or(Code::ChannelNotFound)?;
    let view = shared.view().map_err(failed)?;
    let span = (Bound::Included(id), Bound::Included(id));
    let found = view.timeline(no, span, Direction::Ascending, SAME_ID_MAX).map_err(failed)?;
    let state = shared.state();
    let channel = state.channels.get(&no).ok_or(Code::ChannelNotFound)?;
    let target = found.into_iter().find_map(|(_, row)| {
        let is_message = right_of(&row.header) == Some(RightTo::Post);
        let mut logs = channel.logs.iter().filter(|(_, log)| log.no == row.log);
        match (logs.next()?.0, is_message) {
            (LogName::Message { origin, writer }, true) => {
                let (origin, writer, hash) = (*origin, *writer, row.hash.into());
                Some((Moderation { origin, writer, seq: row.seq, hash }, row.sender?))
            }
            _ => None,
        }
    });
    target.ok_or(Code::MessageNotFound)
}

/// Records that may share an id: their times and half of their hashes would have to be the same.
const SAME_ID_MAX: usize = 4;

struct Reader<'a> {
    shared: &'a Shared,
    channel: ChannelNo,
    holes: Holes,
    view: View,
}

impl Reader<'_> {
    fn before(
        &self,
        id: Option<MessageId>,
        limit: usize,
        more_after: bool,
    ) -> Result<HistoryPage, Code> {
        let to = id.map_or(Bound::Unbounded, Bound::Excluded);
        let span = (Bound::Unbounded, to);
        let mut found = self.records(span, Direction::Descending, limit + 1)?;
        let more_before = found.len() > limit;
        found.truncate(limit);
        found.reverse();
        // A page that goes back to the beginning is whole only when everything is here.
        let oldest = found.first().filter(|_| more_before).map(|(_, row)| row.id);
        Ok(HistoryPage { more_after, ..self.page(found, oldest, more_before)? })
    }

    fn after(&self, from: Bound<MessageId>, limit: usize) -> Result<HistoryPage, Code> {
        let more_before = self.any_before(from)?;
        let span = (from, Bound::Unbounded);
        let mut found = self.records(span, Direction::Ascending, limit + 1)?;
        let more_after = found.len() > limit;
        found.truncate(limit);
        let oldest = match from {
            Bound::Included(id) | Bound::Excluded(id) => Some(id),
            Bound::Unbounded => None,
        };
        Ok(HistoryPage { more_after, ..self.page(found, oldest, more_before)? })
    }

    /// A page of records, the last there is. It may have holes from `oldest` on, or from the
    /// beginning, where history is lacking.
    fn page(
        &self,
        records: Vec<(Pos, EventRow)>,
        oldest: Option<MessageId>,
        more_before: bool,
    ) -> Result<HistoryPage, Code> {
        let history_pending = self.holes.reach(oldest.map(|id| id.time()));
        let is_whole = self.holes == Holes::None;
        Ok(HistoryPage {
            events: self.events(records)?,
            more_before: more_before || !is_whole,
            more_after: false,
            history_pending,
            delivered: Vec::new(),
        })
    }

    fn any_before(&self, from: Bound<MessageId>) -> Result<bool, Code> {
        let to = match from {
            Bound::Excluded(id) => Bound::Included(id),
            Bound::Included(id) => Bound::Excluded(id),
            Bound::Unbounded => return Ok(false),
        };
        Ok(!self.records((Bound::Unbounded, to), Direction::Descending, 1)?.is_empty())
    }

    fn around(&self, id: MessageId, limit: usize) -> Result<HistoryPage, Code> {
        let half = limit / 2;
        let mut first = self.before(Some(id), half, true)?;
        let rest = self.after(Bound::Included(id), limit - half)?;
        if rest.events.first().is_none_or(|event| event.id != id) {
            return Err(Code::MessageNotFound);
        }
        first.events.extend(rest.events);
        first.more_after = rest.more_after;
        first.history_pending |= rest.history_pending;
        Ok(first)
    }

    fn records(
        &self,
        span: IdSpan,
        direction: Direction,
        max: usize,
    ) -> Result<Vec<(Pos, EventRow)>, Code> {
        self.view.timeline(self.channel, span, direction, max).map_err(failed)
    }

    fn events(
        &self,
        records: Vec<(Pos, EventRow)>,
    ) -> Result<Vec<std::sync::Arc<comity_client_api::FeedEvent>>, Code> {
        let names: std::collections::BTreeMap<LogNo, LogName> = {
            let state = self.shared.state();
            let channel = state.channels.get(&self.channel).ok_or(Code::ChannelNotFound)?;
            channel.logs.iter().map(|(name, log)| (log.no, *name)).collect()
        };
        let mut events = Vec::with_capacity(records.len());
        for (pos, row) in records {
            let name_of = |log: LogNo| names.get(&log).copied();
            let applied = rebuild(&self.shared.state(), self.channel, pos, row, name_of);
            let item = applied.map(Item::new);
            events.extend(item.and_then(|item| show(self.shared, &item)));
        }
        Ok(events)
    }
}

fn failed(error: impl std::fmt::Display) -> Code {
    tracing::error!(%error, "history cannot be read");
    Code::Internal
}
