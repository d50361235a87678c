//! Reading the feed from rows: the subscriber's channels, merged in the order of pos.

use std::collections::{BTreeMap, VecDeque};
use std::ops::ControlFlow;
use std::sync::Arc;

use comity_machine::{
    Applied, ChannelNo, EventRow, LogNo, Outcome, Standing, State, Stay, Subscriber,
};
use comity_protocol::body::WireBody;
use comity_protocol::clock::HybridTime;
use comity_protocol::cursor::Pos;
use comity_protocol::event::{EventAct, EventHeader, Record};
use comity_protocol::id::{LogId, LogName};

use super::Item;
use crate::store::ReadError;
use crate::writer::{RecordsError, Shared, View};

/// One channel's part of the feed.
struct Source {
    channel: ChannelNo,
    from: Pos,
    to: Pos,
    buffer: VecDeque<(Pos, EventRow)>,
    /// The rows beyond the buffer are read again when it runs dry.
    exhausted: bool,
}

/// A page of the feed.
pub(super) struct Page {
    /// What the subscriber sees.
    pub(super) items: Vec<Arc<Item>>,
    /// How far it reaches, where the feed goes on; rows that the subscriber does not see count
    /// too.
    pub(super) reached: Option<Pos>,
}

/// Hands everything of a subscriber's feed after `after` and up to `to` to `each`.
pub fn visit(
    shared: &Shared,
    subscriber: Subscriber,
    after: Pos,
    to: Pos,
    each: &mut dyn FnMut(&Item),
) -> Result<(), RecordsError> {
    let mut at = after;
    while at < to {
        let found = page(shared, subscriber, (at, to), PAGE_ROWS)?;
        found.items.iter().for_each(|item| each(item));
        let Some(reached) = found.reached else { break };
        at = reached;
    }
    Ok(())
}

/// How many records of a subscriber's feed there are after `after` and up to `to`, counted up to
/// `max`, and the time of the first.
pub fn waiting(
    shared: &Shared,
    subscriber: Subscriber,
    (after, to): (Pos, Pos),
    max: usize,
) -> Result<(usize, Option<HybridTime>), RecordsError> {
    let (mut at, mut count, mut first) = (after, 0, None);
    while at < to && count < max {
        let found = page(shared, subscriber, (at, to), PAGE_ROWS.min(max - count))?;
        first = first.or_else(|| found.items.first().map(|item| item.applied.time));
        count += found.items.len();
        let Some(reached) = found.reached else { break };
        at = reached;
    }
    Ok((count, first))
}

/// The time of the first record of a channel that a subscriber is to have after `after` and up to
/// `to`.
pub fn first_waiting(
    shared: &Shared,
    (subscriber, channel): (Subscriber, ChannelNo),
    (after, to): (Pos, Pos),
) -> Result<Option<HybridTime>, RecordsError> {
    let mut at = after;
    while at < to {
        let found = read_page(shared, (subscriber, Some(channel)), (at, to), PAGE_ROWS)?;
        if let Some(item) = found.items.first() {
            return Ok(Some(item.applied.time));
        }
        let Some(reached) = found.reached else { break };
        at = reached;
    }
    Ok(None)
}

/// Rows that a visit reads at a time.
const PAGE_ROWS: usize = 256;

/// The page of the feed after `after` and up to `until`, of at most `max` rows. All up to `until`
/// must be published: what is beyond may be in the rows already, or in a part of them, and comes to
/// live subscribers later.
pub(super) fn page(
    shared: &Shared,
    subscriber: Subscriber,
    span: (Pos, Pos),
    max: usize,
) -> Result<Page, RecordsError> {
    let mut tries = 1;
    loop {
        match read_page(shared, (subscriber, None), span, max) {
            // The store was opened anew under us, as it is after a full disk.
            Err(RecordsError::Read(ReadError::Closed)) if tries < TRIES_MAX => tries += 1,
            done => return done,
        }
    }
}

/// How often a page is tried whose store is opened anew meanwhile.
const TRIES_MAX: u32 = 3;

fn read_page(
    shared: &Shared,
    (subscriber, only): (Subscriber, Option<ChannelNo>),
    (after, until): (Pos, Pos),
    max: usize,
) -> Result<Page, RecordsError> {
    let mut sources = sources(&shared.state(), subscriber, after);
    sources.retain(|source| only.is_none_or(|only| only == source.channel));
    sources.iter_mut().for_each(|source| source.to = source.to.min(until));
    let view = shared.view()?;
    let inbox = match subscriber {
        Subscriber::Account(account) => view.inbox(account, (after, until), max)?,
        Subscriber::Peer(_) => Vec::new(),
    };
    let chunk = (2 * max / (sources.len() + 1)).clamp(8, max.max(8));
    let mut found = Vec::new();
    let mut bytes = 0;
    let mut extra = inbox.into_iter().peekable();
    while found.len() < max && bytes < PAGE_BYTES_MAX {
        for source in &mut sources {
            fill(&view, source, chunk)?;
        }
        let next = sources
            .iter_mut()
            .filter(|source| !source.buffer.is_empty())
            .min_by_key(|source| source.buffer.front().map(|(pos, _)| *pos));
        let next_pos = next.as_ref().and_then(|s| s.buffer.front()).map(|(pos, _)| *pos);
        if let Some((pos, channel)) = extra.next_if(|(pos, _)| next_pos.is_none_or(|n| *pos <= n)) {
            if Some(pos) != next_pos {
                found.extend(view.record(channel, pos)?.map(|row| (channel, pos, row)));
            }
            continue;
        }
        let Some(source) = next else { break };
        if let Some((pos, row)) = source.buffer.pop_front() {
            bytes += row_bytes(&row);
            found.push((source.channel, pos, row));
        }
    }
    let is_full = found.len() >= max || bytes >= PAGE_BYTES_MAX;
    let reached = if is_full { found.last().map(|(_, pos, _)| *pos) } else { None };
    let state = shared.state();
    let mut logs = LogNames::default();
    let items = found.into_iter().filter_map(|(channel, pos, row)| {
        let applied = logs.rebuild(&state, channel, pos, row)?;
        sees(&state, subscriber, &applied).then_some(applied)
    });
    let mut items: Vec<Applied> = items.collect();
    drop(state);
    for applied in &mut items {
        if may_take_back(applied) {
            applied.withdrawn = view.withdrawn(applied.channel, applied.pos)?.into();
        }
    }
    Ok(Page { items: items.into_iter().map(Item::new).collect(), reached })
}

fn sees(state: &State, subscriber: Subscriber, applied: &Applied) -> bool {
    match subscriber {
        Subscriber::Account(account) => {
            applied.outcome == Outcome::Accepted
                && applied.is_heard_by(state.account_id(account))
                && !state.hides(account, applied)
        }
        Subscriber::Peer(_) => match applied.log.name {
            LogName::Message { origin, .. } | LogName::Control { home: origin, .. } => {
                origin == state.lineage()
            }
        },
    }
}

fn sources(state: &State, subscriber: Subscriber, after: Pos) -> Vec<Source> {
    let part = |channel: ChannelNo, stay: &Stay| {
        let last = state.channels.get(&channel)?.last_pos;
        let to = stay.to.unwrap_or(last).min(last);
        let from = stay.from.max(Pos(after.0.saturating_add(1)));
        (from <= to).then(|| Source {
            channel,
            from,
            to,
            buffer: VecDeque::new(),
            exhausted: false,
        })
    };
    match subscriber {
        Subscriber::Account(number) => {
            let served = |stay: &Stay| matches!(stay.standing, Standing::Joined | Standing::Gone);
            let channels = state.accounts.get(&number).map(|account| &account.channels);
            let stays = channels.into_iter().flatten().filter(|(_, stay)| served(stay));
            stays.filter_map(|(no, stay)| part(*no, stay)).collect()
        }
        Subscriber::Peer(lineage) => {
            let shared = |(no, channel): (&ChannelNo, &comity_machine::Channel)| {
                part(*no, channel.peers.get(&lineage)?)
            };
            state.channels.iter().filter_map(shared).collect()
        }
    }
}

fn fill(view: &View, source: &mut Source, chunk: usize) -> Result<(), RecordsError> {
    if !source.buffer.is_empty() || source.exhausted {
        return Ok(());
    }
    let mut bytes = 0;
    view.records(source.channel, (source.from, source.to), &mut |pos, row| {
        bytes += row_bytes(&row);
        source.buffer.push_back((pos, row));
        if source.buffer.len() >= chunk || bytes >= CHUNK_BYTES_MAX {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })?;
    source.exhausted = source.buffer.len() < chunk && bytes < CHUNK_BYTES_MAX;
    if let Some((pos, _)) = source.buffer.back() {
        source.from = Pos(pos.0 + 1);
    }
    Ok(())
}

fn row_bytes(row: &EventRow) -> usize {
    let body = match &row.body {
        WireBody::Absent(_) => 0,
        WireBody::Present(body) => body.bytes.len(),
    };
    row.header.len() + body + 128
}

/// Whether a record may be noted as one that took messages back or erased them.
fn may_take_back(applied: &Applied) -> bool {
    let is_erasure = || {
        let header = EventHeader::decode(&applied.record.header).ok();
        let act = header.and_then(|header| header.act().ok());
        matches!(act, Some(EventAct::Erasure(_)))
    };
    let has_text = match &applied.record.body {
        WireBody::Absent(_) => false,
        WireBody::Present(body) => !body.bytes.is_empty(),
    };
    matches!(applied.log.name, LogName::Control { .. }) || (!has_text && is_erasure())
}

/// A page ends beyond this, so that long texts cost no more memory than short ones.
const PAGE_BYTES_MAX: usize = 1 << 20;
/// One channel's read-ahead ends beyond this.
const CHUNK_BYTES_MAX: usize = 256 << 10;

/// The names of logs by their numbers, as they are needed.
#[derive(Default)]
struct LogNames(BTreeMap<(ChannelNo, LogNo), LogName>);

impl LogNames {
    fn rebuild(
        &mut self,
        state: &State,
        no: ChannelNo,
        pos: Pos,
        row: EventRow,
    ) -> Option<Applied> {
        if !self.0.contains_key(&(no, row.log)) {
            let channel = state.channels.get(&no)?;
            self.0.extend(channel.logs.iter().map(|(name, log)| ((no, log.no), *name)));
        }
        rebuild(state, no, pos, row, |log| self.0.get(&(no, log)).copied())
    }
}

/// An applied record from its row.
pub fn rebuild(
    state: &State,
    no: ChannelNo,
    pos: Pos,
    row: EventRow,
    name_of: impl FnOnce(LogNo) -> Option<LogName>,
) -> Option<Applied> {
    let channel = state.channels.get(&no)?;
    let name = name_of(row.log)?;
    Some(Applied {
        pos,
        channel: no,
        channel_id: channel.id,
        log: LogId { channel: channel.id, name },
        log_no: row.log,
        seq: row.seq,
        hash: row.hash,
        time: row.id.time(),
        id: row.id,
        sender: row.sender,
        outcome: row.outcome,
        stated: row.stated,
        erased: row.erased,
        is_late: row.is_late,
        is_unheard: row.is_unheard,
        record: Record { header: row.header, body: row.body },
        audience: Arc::from([]),
        inbox: Vec::new(),
        withdrawn: Arc::from([]),
        annotation: None,
        mentioned: Vec::new(),
    })
}
