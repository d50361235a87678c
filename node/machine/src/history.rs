//! Serving history (`docs/protocol/` section 8.7): which records answer an ask, and what proves
//! them. Where rows and heads come from is the caller's business.

use std::collections::BinaryHeap;

use comity_protocol::body::WireBody;
use comity_protocol::chain::{ChainEnd, Link, inner, live, path, skip};
use comity_protocol::cursor::Pos;
use comity_protocol::event::{EventHeader, Record};
use comity_protocol::hash::Hash;
use comity_protocol::head::HeadProof;
use comity_protocol::history::{
    AskedLog, Backfill, Before, BelowLink, HistoryAsk, LogEnd, LogRef, OldRange, OldStart,
    RangeStart, Stated,
};
use comity_protocol::id::{LineageId, LogName, MessageId};
use comity_protocol::limits::{BATCH_BYTES_TARGET, HISTORY_LOGS_MAX};

use crate::applied::EventRow;
use crate::channel::{Channel, Log};
use crate::floor::Readable;
use crate::group::{Group, Place};

/// Where the records of one channel's message logs are.
pub trait HistorySource {
    /// The n-th record of a log with its pos, where it has one.
    fn row(&mut self, log: LogRef, seq: u64) -> Option<(Option<Pos>, EventRow)>;

    /// The pos of a control record.
    fn control_pos(&mut self, place: Place) -> Option<Pos>;

    /// A head that the log's origin has signed, at a record of the log or above it.
    fn head(&mut self, log: LogRef, row: &EventRow) -> Option<HeadProof>;
}

/// The answer to a peer's ask: the newest records that it wants and may have, by time over all logs
/// that it names.
pub fn backfill(
    channel: &Channel,
    own: LineageId,
    peer: LineageId,
    ask: &HistoryAsk,
    source: &mut dyn HistorySource,
) -> Backfill {
    let none = Backfill {
        channel: ask.channel,
        ranges: Vec::new(),
        missing: ask.logs.iter().map(LogRef::from).collect(),
        ends: None,
    };
    let group = channel.group().filter(|group| group.follows(peer));
    let Some(group) = group else { return none };
    let mut picked = Picked::new(group, peer, ask, source);
    picked.pick(usize::from(ask.count), source);
    let mut ranges = Vec::new();
    let mut missing = picked.missing;
    for open in picked.logs.into_iter().filter(|open| !open.rows.is_empty()) {
        let log = LogRef::from(&open.asked);
        match open.range(channel, source) {
            Some(range) => ranges.push(range),
            None => missing.push(log),
        }
    }
    Backfill { ranges, missing, ends: Some(own_ends(channel, own)), ..none }
}

/// What an organisation that a group has just admitted for the first time will ask for first;
/// `None` where the group's rule hides the past.
pub fn first_ask(channel: &Channel, peer: LineageId, count: u16) -> Option<HistoryAsk> {
    let group = channel.group().filter(|group| !group.state.since_joining)?;
    let [(admitted, None)] = group.organisation_stays(peer)[..] else { return None };
    let logs = channel.logs.keys().filter_map(|name| {
        let LogName::Message { origin, writer } = *name else { return None };
        let until = group.cover_at((origin, writer), admitted);
        (origin != peer && until > 0).then_some(AskedLog { origin, writer, until, start: true })
    });
    let mut logs: Vec<AskedLog> = logs.collect();
    newest_first(&mut logs);
    (!logs.is_empty()).then_some(HistoryAsk { channel: channel.id, logs, count })
}

/// As many logs as an ask may name. A writer's name begins with the time at which it was drawn.
pub(crate) fn newest_first(logs: &mut Vec<AskedLog>) {
    logs.sort_by_key(|log| std::cmp::Reverse(log.writer));
    logs.truncate(HISTORY_LOGS_MAX);
}

/// What a range that begins at `first` above its receiver's floor goes on from.
pub fn range_start(first: u64, row: &mut dyn FnMut(u64) -> Option<EventRow>) -> Option<RangeStart> {
    let links = links(first.checked_sub(1)?, 1, row)?;
    Some(RangeStart { links, before: before(first, row)? })
}

/// A log that is being served.
struct Open {
    asked: AskedLog,
    readable: Readable,
    /// Records picked so far, the newest first.
    rows: Vec<EventRow>,
    /// The record whose turn is next.
    next: Option<EventRow>,
}

struct Picked {
    logs: Vec<Open>,
    missing: Vec<LogRef>,
    /// Logs whose next record waits for its turn, the newest first.
    turns: BinaryHeap<(MessageId, usize)>,
}

/// Logs that one answer starts to serve: their proofs are long.
const STARTS_MAX: usize = 64;

impl Picked {
    fn new(
        group: &Group,
        peer: LineageId,
        ask: &HistoryAsk,
        source: &mut dyn HistorySource,
    ) -> Self {
        let mut picked = Self {
            logs: Vec::with_capacity(ask.logs.len()),
            missing: Vec::new(),
            turns: BinaryHeap::new(),
        };
        for asked in &ask.logs {
            let log = LogRef::from(asked);
            let readable = group.readable(peer, (log.origin, log.writer));
            let found = readable.and_then(|readable| {
                let next = readable_row(readable, log, asked.until, source)?;
                Some(Open { asked: *asked, readable, rows: Vec::new(), next: Some(next) })
            });
            match found {
                Some(open) => picked.open(open),
                None => picked.missing.push(log),
            }
        }
        picked
    }

    fn open(&mut self, open: Open) {
        if let Some(next) = &open.next {
            self.turns.push((next.id, self.logs.len()));
        }
        self.logs.push(open);
    }

    /// Picks at most `count` records, the newest first.
    fn pick(&mut self, count: usize, source: &mut dyn HistorySource) {
        let (mut taken, mut bytes, mut starts) = (0, 0, 0);
        while taken < count && bytes < BATCH_BYTES_TARGET {
            let Some((_, at)) = self.turns.pop() else { return };
            let open = &mut self.logs[at];
            starts += usize::from(open.asked.start && open.rows.is_empty());
            if starts > STARTS_MAX {
                return;
            }
            let Some(row) = open.next.take() else { continue };
            (taken, bytes) = (taken + 1, bytes + weight(&row));
            let older = row.seq - 1;
            open.rows.push(row);
            let log = LogRef::from(&open.asked);
            open.next = readable_row(open.readable, log, older, source);
            if let Some(next) = &open.next {
                self.turns.push((next.id, at));
            }
        }
    }
}

impl Open {
    /// The range with its proofs; `None` where this node does not hold what they need.
    fn range(self, channel: &Channel, source: &mut dyn HistorySource) -> Option<OldRange> {
        let Self { asked, rows, .. } = self;
        let (log, last) = (LogRef::from(&asked), rows.first()?.clone());
        let first = rows.last()?.seq;
        let mut row = |seq| source.row(log, seq).map(|(_, row)| row);
        let below = live(first - 1)
            .into_iter()
            .map(|seq| Some(BelowLink { seq, hash: row(seq)?.hash }))
            .collect::<Option<Vec<_>>>()?;
        let before = before(first, &mut row)?;
        let start = if asked.start { Some(start(channel, log, &last, source)?) } else { None };
        let records =
            rows.into_iter().rev().map(|row| Record { header: row.header, body: row.body });
        Some(OldRange { log, first, records: records.collect(), below, before, start })
    }
}

/// What proves the newest record of a log's history.
fn start(
    channel: &Channel,
    log: LogRef,
    last: &EventRow,
    source: &mut dyn HistorySource,
) -> Option<OldStart> {
    let head = source.head(log, last)?;
    let mut row = |seq| source.row(log, seq).map(|(_, row)| row);
    let known = channel.logs.get(&log.name())?;
    let above =
        if head.seq == last.seq { Vec::new() } else { known.links_to(last.seq, &mut row)? };
    Some(OldStart { links: links(last.seq, 1, &mut row)?, above, head })
}

/// A record that a peer may have; `None` where it may not, or where this node lacks it.
fn readable_row(
    readable: Readable,
    log: LogRef,
    seq: u64,
    source: &mut dyn HistorySource,
) -> Option<EventRow> {
    if seq == 0 {
        return None;
    }
    let (pos, row) = source.row(log, seq)?;
    if seq <= readable.first_floor || seq > readable.floor {
        return Some(row);
    }
    // Between two stays: what came before the removal was its to read.
    let removal = source.control_pos(readable.removed_at?)?;
    pos.is_some_and(|pos| pos <= removal).then_some(row)
}

/// The links of the path from one record down to another.
pub fn links(
    from: u64,
    to: u64,
    row: &mut dyn FnMut(u64) -> Option<EventRow>,
) -> Option<Vec<Link>> {
    path(from, to).into_iter().map(|at| step(at, &ChainEnd::default(), row)).collect()
}

/// The link of a record. Records that are not held may be among the ends that are known.
fn step(at: u64, known: &ChainEnd, row: &mut dyn FnMut(u64) -> Option<EventRow>) -> Option<Link> {
    let own = row(at)?;
    let named = |seq| known.as_links().iter().find(|(at, _)| *at == seq).map(|(_, hash)| *hash);
    let mut hash = |seq| match seq {
        0 => Some(Hash::ZERO),
        seq => row(seq).map(|row| row.hash).or_else(|| named(seq)),
    };
    let (previous, skipped) = (hash(at - 1)?, hash(skip(at))?);
    Some(Link { previous, skipped, inner: inner(&own.header, &own.body.hash()) })
}

impl Log {
    /// The links of the path from the newest proven head down to a record that is held.
    pub fn links_to(
        &self,
        seq: u64,
        row: &mut dyn FnMut(u64) -> Option<EventRow>,
    ) -> Option<Vec<Link>> {
        let steps = path(self.proof.as_ref()?.seq, seq).into_iter();
        let below = self.below.clone().unwrap_or_default();
        steps.map(|at| self.step_above(at).or_else(|| step(at, &below, row))).collect()
    }
}

/// What a log had stated before a record.
fn before(first: u64, row: &mut dyn FnMut(u64) -> Option<EventRow>) -> Option<Before> {
    if first == 1 {
        return Some(Before::default());
    }
    let time = row(first - 1)?.id.time();
    let seq = row(first)?.stated;
    if seq == 0 {
        return Some(Before { time, stated: None });
    }
    let header = EventHeader::decode(&row(seq)?.header).ok()?;
    Some(Before { time, stated: Some(Stated { seq, after: header.after? }) })
}

/// How far our own logs of a channel reach, those of the newest writers first.
fn own_ends(channel: &Channel, own: LineageId) -> Vec<LogEnd> {
    let mut ends: Vec<LogEnd> = channel
        .writers_of(own)
        .filter(|(_, log)| log.end.seq() > 0)
        .map(|(writer, log)| LogEnd { writer, seq: log.end.seq() })
        .collect();
    ends.reverse();
    ends.truncate(HISTORY_LOGS_MAX);
    ends
}

fn weight(row: &EventRow) -> usize {
    let body = match &row.body {
        WireBody::Absent(_) => 0,
        WireBody::Present(body) => body.bytes.len(),
    };
    row.header.len() + body + 96
}
