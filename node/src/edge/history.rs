//! Pages of a channel's history, in the channel's order.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use comity_client_api::{
    Confirmations, EventContent, EventList, FeedEvent, HistoryPage, Page, ShownMessage, Version,
};
use comity_machine::{ChannelNo, Entrance, ErasedBy, EventRow, Holes, Kind, LogNo, Outcome, State};
use comity_protocol::clock::HybridTime;
use comity_protocol::code::Code;
use comity_protocol::control::Moderation;
use comity_protocol::cursor::Pos;
use comity_protocol::id::{AccountId, AccountNumber, ChannelId, LineageId, LogName, MessageId};
use comity_protocol::name::ServerName;

use super::reading::is_message;
use super::remarks::{self, Remarks};
use super::show::{SAME_ID_MAX, make};
use crate::feed::rebuild;
use crate::store::Direction;
use crate::writer::{IdSpan, Shared, View};

/// Reads a page for an account that may read the channel, as far back as its rule lets it.
pub(super) fn read(
    shared: &Shared,
    (channel, account): (ChannelNo, AccountNumber),
    page: Page,
    limit: usize,
) -> Result<HistoryPage, Code> {
    // Before the rows: what comes meanwhile is shown, or said to be on its way.
    let (holes, entrance, account, is_direct) = {
        let state = shared.state();
        let known = state.channels.get(&channel).ok_or(Code::ChannelNotFound)?;
        let is_direct = matches!(known.kind, Kind::Direct(_));
        let entrance = state.entrance(channel, account);
        (state.holes(channel), entrance, state.account_id(account), is_direct)
    };
    let view = shared.view().map_err(failed)?;
    let reader = Reader { shared, channel, holes, entrance, view, account, is_direct };
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

/// A message, as a record names it that erases it.
pub(super) struct Found {
    pub(super) target: Moderation,
    pub(super) author: AccountId,
    pub(super) channel: ChannelNo,
    pub(super) pos: Pos,
    pub(super) row: EventRow,
}

/// A message by its id, where the channel's rule does not hide it from the account; one's own is
/// never hidden. Who is not in the channel finds his own alone, and is not told what else is there.
pub(super) fn find(
    shared: &Shared,
    channel: &ChannelId,
    id: MessageId,
    account: AccountId,
) -> Result<Found, Code> {
    let no = shared.state().channel(channel).map(|(no, _)| no).ok_or(Code::ChannelNotFound)?;
    let view = shared.view().map_err(failed)?;
    let span = (Bound::Included(id), Bound::Included(id));
    let found = view.timeline(no, span, Direction::Ascending, SAME_ID_MAX).map_err(failed)?;
    let state = shared.state();
    let is_in = state.audience_has(channel, account.number);
    let channel = state.channels.get(&no).ok_or(Code::ChannelNotFound)?;
    let entrance = state.entrance(no, account.number);
    let mut heard = found.into_iter().filter(|(_, row)| row.is_heard_by(account));
    let target = heard.find_map(|(pos, row)| {
        let is_message = is_message(&row.header);
        let mut logs = channel.logs.iter().filter(|(_, log)| log.no == row.log);
        let (name, author) = (logs.next()?.0, row.sender?);
        let is_hidden = entrance.as_ref().zip(channel.group()).is_some_and(|(entrance, group)| {
            entrance.hides(group, name, row.seq, (pos, row.id.time()))
        });
        match (name, is_message && (author == account || !is_hidden)) {
            (LogName::Message { origin, writer }, true) => {
                let (origin, writer, hash) = (*origin, *writer, row.hash.into());
                let target = Moderation { origin, writer, seq: row.seq, hash };
                Some(Found { target, author, channel: no, pos, row })
            }
            _ => None,
        }
    });
    match target {
        // Who has left may look what became of his own words.
        Some(found) if is_in || found.author == account => Ok(found),
        None if is_in => Err(Code::MessageNotFound),
        // Whether there is such a channel, or such a message in it, is not told to others.
        _ => Err(Code::ChannelNotFound),
    }
}

struct Reader<'a> {
    shared: &'a Shared,
    channel: ChannelNo,
    holes: Holes,
    entrance: Option<Entrance>,
    view: View,
    account: AccountId,
    /// Whether some of it may not be for the account to hear.
    is_direct: bool,
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
            // Said wherever nothing older is shown, whether there is anything or not.
            history_limited: self.entrance.is_some() && !more_before,
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
        first.history_limited &= !first.more_before;
        Ok(first)
    }

    fn records(
        &self,
        span: IdSpan,
        direction: Direction,
        max: usize,
    ) -> Result<Vec<(Pos, EventRow)>, Code> {
        match &self.entrance {
            None if self.is_direct => self.records_heard(span, direction, max),
            None => self.view.timeline(self.channel, span, direction, max).map_err(failed),
            Some(entrance) => self.records_since(entrance, span, direction, max),
        }
    }

    /// The records that the account hears: all, but for what somebody said whom it had blocked.
    fn records_heard(
        &self,
        (mut from, mut to): IdSpan,
        direction: Direction,
        max: usize,
    ) -> Result<Vec<(Pos, EventRow)>, Code> {
        let mut heard = Vec::new();
        while heard.len() < max && !is_empty(&from, &to) {
            let count = (max - heard.len()).max(UNHEARD_READ_MIN);
            let found = self.view.timeline(self.channel, (from, to), direction, count);
            let found = found.map_err(failed)?;
            let last = found.last().map(|(_, row)| row.id).filter(|_| found.len() == count);
            heard.extend(found.into_iter().filter(|(_, row)| row.is_heard_by(self.account)));
            let Some(last) = last else { break };
            match direction {
                Direction::Ascending => from = Bound::Excluded(last),
                Direction::Descending => to = Bound::Excluded(last),
            }
        }
        heard.truncate(max);
        Ok(heard)
    }

    /// The records that are not from before the account came. What is hidden is below all that is
    /// shown, but for a little while around its coming.
    fn records_since(
        &self,
        entrance: &Entrance,
        (from, mut to): IdSpan,
        direction: Direction,
        max: usize,
    ) -> Result<Vec<(Pos, EventRow)>, Code> {
        let first = Bound::Included(MessageId::first_at(entrance.oldest()));
        let mut from = match (from, &first) {
            (Bound::Included(id) | Bound::Excluded(id), Bound::Included(first)) if id >= *first => {
                from
            }
            _ => first,
        };
        let mut shown = Vec::new();
        loop {
            if is_empty(&from, &to) {
                return Ok(shown);
            }
            let span = (from, to);
            let found = self.view.timeline(self.channel, span, direction, CHUNK).map_err(failed)?;
            let Some(last) = found.last().map(|(_, row)| row.id).filter(|_| found.len() == CHUNK)
            else {
                shown.extend(not_hidden(self.shared, self.channel, entrance, found));
                shown.truncate(max);
                return Ok(shown);
            };
            match direction {
                Direction::Ascending => from = Bound::Excluded(last),
                Direction::Descending => to = Bound::Excluded(last),
            }
            shown.extend(not_hidden(self.shared, self.channel, entrance, found));
            if shown.len() >= max {
                shown.truncate(max);
                return Ok(shown);
            }
        }
    }

    fn events(&self, records: Vec<(Pos, EventRow)>) -> Result<Vec<Arc<FeedEvent>>, Code> {
        shown(self.shared, &self.view, self.channel, records, self.account)
    }
}

/// Records of a channel as clients see them in its history, with what was said of them since.
pub(super) fn shown(
    shared: &Shared,
    view: &View,
    channel: ChannelNo,
    records: Vec<(Pos, EventRow)>,
    reader: AccountId,
) -> Result<Vec<Arc<FeedEvent>>, Code> {
    let ids = records.iter().map(|(_, row)| row.id);
    let Some(span) = ids.clone().min().zip(ids.max()) else { return Ok(Vec::new()) };
    let remarks = Remarks::read(view, channel, span, reader).map_err(failed)?;
    let state = shared.state();
    let known = state.channels.get(&channel).ok_or(Code::ChannelNotFound)?;
    let names: BTreeMap<LogNo, LogName> =
        known.logs.iter().map(|(name, log)| (log.no, *name)).collect();
    let mut events = Vec::with_capacity(records.len());
    for (pos, row) in records {
        let (id, author) = (row.id, row.sender);
        let name_of = |log: LogNo| names.get(&log).copied();
        let Some(applied) = rebuild(&state, channel, pos, row, name_of) else { continue };
        let Some(mut event) = make(&state, &applied) else { continue };
        if let (EventContent::Message(content), Some(author)) = (&mut event.content, author)
            && let Some(said) = remarks.of(&state, id, author).map_err(failed)?
        {
            said.put(content);
        }
        events.push(Arc::new(event));
    }
    Ok(events)
}

/// The texts that a message has had, for who may see it.
pub(super) fn versions(
    shared: &Shared,
    channel: &ChannelId,
    id: MessageId,
    account: AccountId,
) -> Result<Vec<Version>, Code> {
    let found = find(shared, channel, id, account)?;
    let view = shared.view().map_err(failed)?;
    remarks::versions(&view, &found, account).map_err(failed)
}

/// The messages of a thread after one of them.
pub(super) fn replies(
    shared: &Shared,
    channel: &ChannelId,
    (id, after): (MessageId, Option<MessageId>),
    account: AccountId,
    limit: usize,
) -> Result<EventList, Code> {
    let Found { channel: no, .. } = find(shared, channel, id, account)?;
    let view = shared.view().map_err(failed)?;
    let said = remarks::heard(&view, no, (id, id), account).map_err(failed)?;
    let mut rest = remarks::thread(&said, after);
    let mut records = Vec::new();
    for reply in rest.by_ref().take(limit) {
        records.extend(view.annotating(no, reply).map_err(failed)?.map(|row| (reply.pos, row)));
    }
    let more = rest.next().is_some();
    let entrance = shared.state().entrance(no, account.number);
    let records = match &entrance {
        Some(entrance) => not_hidden(shared, no, entrance, records),
        None => records,
    };
    Ok(EventList { events: shown(shared, &view, no, records, account)?, more })
}

/// Messages of a channel by their ids, in the order of these; those that are hidden from the
/// account are left out.
pub(super) fn messages(
    shared: &Shared,
    channel: &ChannelId,
    ids: &[MessageId],
    account: AccountId,
) -> Result<Vec<Arc<FeedEvent>>, Code> {
    let view = shared.view().map_err(failed)?;
    let mut events = Vec::new();
    for id in ids {
        match find(shared, channel, *id, account) {
            Ok(found) => {
                let records = vec![(found.pos, found.row)];
                events.extend(shown(shared, &view, found.channel, records, account)?);
            }
            Err(Code::MessageNotFound) => {}
            Err(code) => return Err(code),
        }
    }
    Ok(events)
}

/// The messages that mention an account before a pos, the newest first.
pub(super) fn mentions(
    shared: &Shared,
    account: AccountId,
    before: Pos,
    limit: usize,
) -> Result<EventList, Code> {
    let view = shared.view().map_err(failed)?;
    let mut found = view.mentions(account.number, before, limit + 1).map_err(failed)?;
    let more = found.len() > limit;
    found.truncate(limit);
    let mut events = Vec::new();
    for (pos, no) in found {
        let id = shared.state().channels.get(&no).map(|channel| channel.id);
        let is_in = id.is_some_and(|id| shared.state().audience_has(&id, account.number));
        let Some(row) = view.record(no, pos).map_err(failed)?.filter(|_| is_in) else { continue };
        let records = match shared.state().entrance(no, account.number) {
            Some(entrance) => not_hidden(shared, no, &entrance, vec![(pos, row)]),
            None => vec![(pos, row)],
        };
        let counts = |(_, row): &(Pos, EventRow)| row.outcome == Outcome::Accepted;
        let records = records.into_iter().filter(counts).collect();
        events.extend(shown(shared, &view, no, records, account)?);
    }
    Ok(EventList { events, more })
}

/// The records that are not from before the account came.
fn not_hidden(
    shared: &Shared,
    no: ChannelNo,
    entrance: &Entrance,
    mut found: Vec<(Pos, EventRow)>,
) -> Vec<(Pos, EventRow)> {
    let state = shared.state();
    let channel = state.channels.get(&no);
    let Some((channel, group)) = channel.and_then(|channel| Some((channel, channel.group()?)))
    else {
        return Vec::new();
    };
    let names: BTreeMap<LogNo, &LogName> =
        channel.logs.iter().map(|(name, log)| (log.no, name)).collect();
    found.retain(|(pos, row)| {
        let at = (*pos, row.id.time());
        names.get(&row.log).is_some_and(|name| !entrance.hides(group, name, row.seq, at))
    });
    found
}

/// A message for who may see it, and for its author who has confirmed that it is erased.
pub(super) fn message(
    shared: &Shared,
    channel: &ChannelId,
    id: MessageId,
    account: AccountId,
) -> Result<ShownMessage, Code> {
    let Found { author, channel: no, pos, row, .. } = find(shared, channel, id, account)?;
    let is_own = author == account;
    let is_erased = row.erased == Some(ErasedBy::Record);
    let view = shared.view().map_err(failed)?;
    let erasure = match is_own && is_erased {
        true => {
            let confirmed = view.receipts(&row).map_err(failed)?;
            Some(erasure(&shared.state(), no, &confirmed))
        }
        false => None,
    };
    let event = shown(shared, &view, no, vec![(pos, row)], account)?.pop();
    Ok(ShownMessage { event: event.ok_or(Code::MessageNotFound)?, erasure })
}

/// Which organisations have confirmed an erasure, and which members have not.
fn erasure(state: &State, no: ChannelNo, confirmed: &[LineageId]) -> Confirmations {
    let members = state.channels.get(&no).into_iter().flat_map(|channel| channel.sharing_peers());
    let silent: Vec<LineageId> = members.filter(|member| !confirmed.contains(member)).collect();
    let domains = |lineages: &[LineageId]| {
        let known = lineages.iter().filter_map(|lineage| state.peers.get(lineage));
        let mut domains: Vec<ServerName> =
            known.filter_map(|peer| peer.domain.parse().ok()).collect();
        domains.sort();
        domains
    };
    Confirmations { confirmed: domains(confirmed), unconfirmed: domains(&silent) }
}

/// Records that are read at least where some may not be heard.
const UNHEARD_READ_MIN: usize = 16;
/// Records that are read at a time where some are hidden.
const CHUNK: usize = 256;

fn is_empty(from: &Bound<MessageId>, to: &Bound<MessageId>) -> bool {
    match (from, to) {
        (Bound::Included(from), Bound::Included(to)) => from > to,
        (
            Bound::Included(from) | Bound::Excluded(from),
            Bound::Included(to) | Bound::Excluded(to),
        ) => from >= to,
        _ => false,
    }
}

pub(super) fn failed(error: impl std::fmt::Display) -> Code {
    tracing::error!(%error, "history cannot be read");
    Code::Internal
}
