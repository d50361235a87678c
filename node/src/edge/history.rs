//! Pages of a channel's history, in the channel's order.

use std::ops::{Bound, ControlFlow};

use comity_client_api::{HistoryPage, Page};
use comity_machine::{ChannelNo, LogNo};
use comity_protocol::cbor;
use comity_protocol::clock::HybridTime;
use comity_protocol::code::Code;
use comity_protocol::cursor::Pos;
use comity_protocol::id::{LogName, MessageId};

use super::show::show;
use crate::feed::{Item, ScanError, rebuild};
use crate::store::{Direction, Span, Table};
use crate::writer::{Shared, View, event_key, timeline_span_key};

/// Reads a page; the caller has checked that the channel may be read.
pub(super) fn read(
    shared: &Shared,
    channel: ChannelNo,
    page: Page,
    limit: usize,
) -> Result<HistoryPage, Code> {
    let reader = Reader { shared, channel, view: shared.view().map_err(failed)? };
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

struct Reader<'a> {
    shared: &'a Shared,
    channel: ChannelNo,
    view: View,
}

impl Reader<'_> {
    fn before(
        &self,
        id: Option<MessageId>,
        limit: usize,
        more_after: bool,
    ) -> Result<HistoryPage, Code> {
        let to = match id {
            Some(id) => Bound::Excluded(timeline_span_key(self.channel, id).to_vec()),
            None => Bound::Included(timeline_span_key(self.channel, LAST).to_vec()),
        };
        let from = Bound::Included(timeline_span_key(self.channel, FIRST).to_vec());
        let mut found = self.positions(Span { from, to }, Direction::Descending, limit + 1)?;
        let more_before = found.len() > limit;
        found.truncate(limit);
        found.reverse();
        Ok(HistoryPage {
            events: self.events(&found)?,
            more_before,
            more_after,
            delivered: Vec::new(),
        })
    }

    fn after(&self, from: Bound<MessageId>, limit: usize) -> Result<HistoryPage, Code> {
        let key = |id: MessageId| timeline_span_key(self.channel, id).to_vec();
        let from = match from {
            // The longest key of the id itself is its span key followed by 16 bytes.
            Bound::Excluded(id) => {
                let mut last = key(id);
                last.extend([0xff; 16]);
                Bound::Excluded(last)
            }
            Bound::Included(id) => Bound::Included(key(id)),
            Bound::Unbounded => Bound::Included(key(FIRST)),
        };
        let more_before = self.any_before(&from)?;
        let to = Bound::Included(key(LAST));
        let mut found = self.positions(Span { from, to }, Direction::Ascending, limit + 1)?;
        let more_after = found.len() > limit;
        found.truncate(limit);
        Ok(HistoryPage {
            events: self.events(&found)?,
            more_before,
            more_after,
            delivered: Vec::new(),
        })
    }

    fn any_before(&self, from: &Bound<Vec<u8>>) -> Result<bool, Code> {
        let to = match from {
            Bound::Excluded(key) => Bound::Included(key.clone()),
            Bound::Included(key) => Bound::Excluded(key.clone()),
            Bound::Unbounded => return Ok(false),
        };
        let first = timeline_span_key(self.channel, FIRST).to_vec();
        let span = Span { from: Bound::Included(first), to };
        Ok(!self.positions(span, Direction::Descending, 1)?.is_empty())
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
        Ok(first)
    }

    fn positions(&self, span: Span, direction: Direction, max: usize) -> Result<Vec<Pos>, Code> {
        let mut found = Vec::new();
        self.view
            .range(Table::Timeline, &span, direction, &mut |_, value| {
                if let Some(pos) = value.first_chunk::<8>() {
                    found.push(Pos(u64::from_be_bytes(*pos)));
                }
                if found.len() >= max { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })
            .map_err(failed)?;
        Ok(found)
    }

    fn events(
        &self,
        positions: &[Pos],
    ) -> Result<Vec<std::sync::Arc<comity_client_api::FeedEvent>>, Code> {
        let names: std::collections::BTreeMap<LogNo, LogName> = {
            let state = self.shared.state();
            let channel = state.channels.get(&self.channel).ok_or(Code::ChannelNotFound)?;
            channel.logs.iter().map(|(name, log)| (log.no, *name)).collect()
        };
        let mut events = Vec::with_capacity(positions.len());
        for pos in positions {
            let key = event_key(self.channel, *pos);
            let Some(value) = self.view.get(Table::Event, &key).map_err(failed)? else { continue };
            let row = cbor::decode(&value, usize::MAX).map_err(|_| failed(ScanError::Row))?;
            let name_of = |log: LogNo| names.get(&log).copied();
            let applied = rebuild(&self.shared.state(), self.channel, *pos, row, name_of);
            let item = applied.map(Item::new);
            events.extend(item.and_then(|item| show(self.shared, &item)));
        }
        Ok(events)
    }
}

const FIRST: MessageId = MessageId([0; 16]);
const LAST: MessageId = MessageId([0xff; 16]);

fn failed(error: impl std::fmt::Display) -> Code {
    tracing::error!(%error, "history cannot be read");
    Code::Internal
}
