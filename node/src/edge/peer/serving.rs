//! Batches for a peer: of its feed, and of ranges that it wants. The feed is of logs that this node
//! writes; wanted are also those of others in a group, which their heads prove. All only as far as
//! the peer may read them.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use comity_machine::{Applied, ChannelNo, EventRow, Log, LogNo, Outcome, Subscriber, range_start};
use comity_protocol::body::WireBody;
use comity_protocol::cbor::ByteString;
use comity_protocol::clock::HybridTime;
use comity_protocol::code::Code;
use comity_protocol::cursor::{Cursor, Pos};
use comity_protocol::event::Record;
use comity_protocol::frame::{Batch, Frame, HeadAbove, Range, VectorEntry, Want, WireLog};
use comity_protocol::hash::Hash;
use comity_protocol::head::{Head, HeadProof, Inclusion};
use comity_protocol::history::RangeStart;
use comity_protocol::id::{AccountNumber, ChannelId, LineageId, LogId, LogName, MessageId};
use comity_protocol::limits::{BATCH_BYTES_TARGET, BATCH_RECORDS_MAX};
use comity_replica::{FedBatch, FedRecord};

use super::exchange::Exchange;
use super::past::Rows;
use super::progress::Place;
use crate::feed::{self, Item, Notice};
use crate::writer::RecordsError;

/// A message whose sender waits to hear that it was delivered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tracked {
    pub(super) channel: ChannelNo,
    pub(super) channel_id: ChannelId,
    pub(super) message: MessageId,
    pub(super) pos: Pos,
    pub(super) log: LogName,
    pub(super) seq: u64,
    pub(super) sender: AccountNumber,
}

/// What a peer has not taken of what it acknowledged.
pub(super) struct Excepted<'a> {
    /// What waits there.
    pub(super) waiting: &'a [Tracked],
    /// What it will not take.
    pub(super) refused: &'a [Tracked],
}

/// A range under construction.
struct Part {
    head: Head,
    first: u64,
    records: Vec<Record>,
}

impl Part {
    /// The range that a head of its log proves.
    fn range(
        self,
        (time, hash, inclusion): (HybridTime, Hash, Inclusion),
        checkpoint: u16,
    ) -> Range {
        Range {
            log: self.head.log.into(),
            first: self.first,
            records: self.records,
            hash,
            time,
            checkpoint,
            inclusion,
            start: None,
            above: None,
        }
    }
}

/// What a peer may have of a log.
struct Readable {
    channel: ChannelNo,
    log: LogNo,
    /// The last pos, where the peer's organisation is out.
    until: Option<Pos>,
    /// It begins above this record.
    floor: u64,
    /// Where it is not ours, what is held of it, and what proves that; nothing above is served.
    relayed: Option<(Log, HeadProof)>,
}

impl Exchange {
    /// A batch of the feed from consecutive items.
    pub(super) fn fed_batch(
        &self,
        peer: LineageId,
        items: &[Arc<Item>],
        cursor: Cursor,
        admissions: &[LogId],
    ) -> FedBatch<Tracked> {
        let mut parts: Vec<Part> = Vec::new();
        let mut at: BTreeMap<LogId, usize> = BTreeMap::new();
        let mut records = Vec::new();
        for item in items {
            let applied = &item.applied;
            let head =
                Head { log: applied.log, seq: applied.seq, hash: applied.hash, time: applied.time };
            let record = applied.record.clone();
            match at.get(&applied.log).map(|i| &mut parts[*i]) {
                Some(part) if part.head.seq + 1 == applied.seq => {
                    part.head = head;
                    part.records.push(record);
                }
                _ => {
                    at.insert(applied.log, parts.len());
                    parts.push(Part { head, first: applied.seq, records: vec![record] });
                }
            }
            if let Some(token) = tracked(item) {
                records.push(FedRecord { log: applied.log.into(), seq: applied.seq, token });
            }
        }
        for part in &mut parts {
            if part.first > 1 && admissions.contains(&part.head.log) {
                self.complete(peer, part, BATCH_RECORDS_MAX - items.len().min(BATCH_RECORDS_MAX));
            }
        }
        // Control records first: messages may depend on them.
        parts.sort_by_key(|part| matches!(part.head.log.name, LogName::Message { .. }));
        let cursor = ByteString(cursor.to_bytes().to_vec());
        FedBatch { batch: self.batch(peer, parts, Some(cursor)), records }
    }

    /// Control logs of which one of these records admits the peer to their group.
    pub(super) fn admissions(&self, peer: LineageId, items: &[Arc<Item>]) -> Vec<LogId> {
        let is_control =
            |item: &&Arc<Item>| matches!(item.applied.log.name, LogName::Control { .. });
        let mut control = items.iter().filter(is_control).map(|item| &item.applied).peekable();
        // Most batches are of messages: nobody waits for the state because of them.
        if control.peek().is_none() {
            return Vec::new();
        }
        let state = self.shared.state();
        let admits = |applied: &&Applied| {
            let stay = state.channels.get(&applied.channel).and_then(|c| c.peers.get(&peer));
            stay.is_some_and(|stay| stay.from == applied.pos)
        };
        control.filter(admits).map(|applied| applied.log).collect()
    }

    /// Puts before a part of a control log what the peer would have to ask for next, so that who is
    /// admitted has the group after one round trip. What finds no room it asks for.
    fn complete(&self, peer: LineageId, part: &mut Part, room: usize) {
        let log = part.head.log;
        let whole = self.readable(peer, &log).map(|readable| self.read_wanted(&log, &readable, 1));
        match whole {
            Some(Ok(Some(whole))) => {
                let reaches = whole.first == 1 && whole.head.seq >= part.head.seq;
                if reaches && whole.records.len() <= room {
                    *part = whole;
                }
            }
            Some(Err(error)) => tracing::error!(%error, "a log cannot be fed whole"),
            _ => {}
        }
    }

    fn batch(&self, peer: LineageId, parts: Vec<Part>, cursor: Option<ByteString>) -> Batch {
        let heads: Vec<Head> = parts.iter().map(|part| part.head).collect();
        let proofs = self.proofs.prove(&heads);
        let mut checkpoints: Vec<ByteString> = Vec::new();
        let ranges = parts.into_iter().zip(proofs).map(|(part, proof)| {
            let known = checkpoints.iter().position(|c| *c == proof.checkpoint);
            let checkpoint = known.unwrap_or_else(|| {
                checkpoints.push(proof.checkpoint);
                checkpoints.len() - 1
            });
            let start = self.start_of(peer, &part);
            let checkpoint = u16::try_from(checkpoint).unwrap_or(u16::MAX);
            Range { start, ..part.range((proof.time, proof.hash, proof.inclusion), checkpoint) }
        });
        let ranges = ranges.collect();
        Batch { checkpoints, ranges, cursor }
    }

    /// A range of somebody else's log, proven by the head that he signed.
    fn relayed(
        &self,
        no: ChannelNo,
        part: Part,
        (log, proof): (Log, HeadProof),
    ) -> Result<Option<Batch>, RecordsError> {
        let last = part.head.seq;
        let above = if proof.seq == last {
            None
        } else {
            let mut rows = Rows::new(self.shared.view()?, no);
            let links = log.links_to(last, &mut |seq| Some(rows.read(log.no, seq).ok()??.1));
            let Some(links) = links else { return Ok(None) };
            Some(HeadAbove { seq: proof.seq, links })
        };
        let range = part.range((proof.time, proof.hash, proof.inclusion), 0);
        let ranges = vec![Range { above, ..range }];
        Ok(Some(Batch { checkpoints: vec![proof.checkpoint], ranges, cursor: None }))
    }

    /// What a range that begins just above the peer's floor goes on from.
    fn start_of(&self, peer: LineageId, part: &Part) -> Option<RangeStart> {
        let log = part.head.log;
        let (no, log_no) = {
            let state = self.shared.state();
            let (no, channel) = state.channel(&log.channel)?;
            let is_start = channel.needs_start(peer, log.name, part.first);
            (no, channel.logs.get(&log.name).filter(|_| is_start)?.no)
        };
        let mut rows = Rows::new(self.shared.view().ok()?, no);
        range_start(part.first, &mut |seq| rows.read(log_no, seq).ok()?.map(|(_, row)| row))
    }

    /// The answer to a want: one batch that begins where it asks, or why there is none.
    pub(super) fn serve(&self, peer: LineageId, want: Want) -> Frame {
        let not_served =
            |code: Code| Frame::NotServed { log: want.log, code: code.number(), control: None };
        match self.wanted(peer, want) {
            Ok(Some(batch)) => Frame::Batch(batch),
            Ok(None) => not_served(Code::LogUnknown),
            Err(error) => {
                tracing::error!(%error, "a log cannot be served");
                not_served(Code::Internal)
            }
        }
    }

    fn wanted(&self, peer: LineageId, want: Want) -> Result<Option<Batch>, RecordsError> {
        let log = LogId::from(want.log);
        let Some(readable) = self.readable(peer, &log) else { return Ok(None) };
        let Some(part) = self.read_wanted(&log, &readable, want.from)? else { return Ok(None) };
        match readable.relayed {
            // Of somebody else's log some may be lacking here.
            Some(_) if part.first != want.from.max(readable.floor + 1) => Ok(None),
            Some(relayed) => self.relayed(readable.channel, part, relayed),
            None => Ok(Some(self.batch(peer, vec![part], None))),
        }
    }

    fn read_wanted(
        &self,
        log: &LogId,
        readable: &Readable,
        from: u64,
    ) -> Result<Option<Part>, RecordsError> {
        // What lies below its floor is history and is asked for as such; a peer that does not know
        // of its admission yet may ask from further down.
        let from = from.max(readable.floor + 1);
        let proven = readable.relayed.as_ref().map_or(u64::MAX, |(_, proof)| proof.seq);
        let mut reading = Reading { log: *log, next: from, last: proven, part: None, bytes: 0 };
        let (no, log_no) = (readable.channel, readable.log);
        let view = self.shared.view()?;
        if readable.relayed.is_some() && readable.until.is_none() {
            // What came to us as history is fed to the peer.
            view.backfilled_from(no, log_no, from, &mut |row, _| reading.take(row))?;
        }
        view.log(no, log_no, reading.next, &mut |pos, row| {
            if readable.until.is_some_and(|last| pos > last) {
                return ControlFlow::Break(());
            }
            reading.take(row)
        })?;
        Ok(reading.part)
    }

    /// A log that the peer may have, in a channel that it shares or shared: one of ours, or, in a
    /// group, anybody else's of which we hold a proven head.
    fn readable(&self, peer: LineageId, log: &LogId) -> Option<Readable> {
        let state = self.shared.state();
        let (no, channel) = state.channel(&log.channel)?;
        let stay = channel.peers.get(&peer)?;
        let known = channel.logs.get(&log.name)?;
        let origin = writer_of(&log.name);
        let relayed = if origin == self.lineage {
            None
        } else {
            // Its own logs it may have lost; those of others are relayed in groups alone.
            if origin != peer {
                channel.group()?;
            }
            Some((known.clone(), known.proof.clone()?))
        };
        let floor = if origin == peer { 0 } else { channel.floor_of(peer, log.name) };
        Some(Readable { channel: no, log: known.no, until: stay.to, floor, relayed })
    }

    /// What we hold of the logs that a peer feeds.
    pub(super) fn vector_of(&self, peer: LineageId) -> Vec<VectorEntry> {
        let state = self.shared.state();
        let shared = state.channels.values().filter(|channel| channel.peers.contains_key(&peer));
        let mut entries = Vec::new();
        for channel in shared {
            let theirs = channel.logs.iter().filter(|(name, _)| writer_of(name) == peer);
            let entry = |(name, log): (&LogName, &Log)| {
                let own = (log.end.seq(), log.end.hash().into());
                let (seq, hash) = log.awaits_start().map_or(own, |floor| (floor.seq, floor.hash));
                let log = LogId { channel: channel.id, name: *name }.into();
                (seq > 0).then_some(VectorEntry { log, seq, hash })
            };
            entries.extend(theirs.filter_map(entry));
        }
        entries
    }

    /// Where the feed of a peer begins that holds what its vector says: before the first record it
    /// lacks.
    pub(super) fn feed_start(&self, peer: LineageId, entries: &[VectorEntry]) -> Pos {
        // Before the state: what is published meanwhile is fed, not skipped.
        let watermark = self.hub.watermark();
        let held: BTreeMap<WireLog, u64> = entries.iter().map(|e| (e.log, e.seq)).collect();
        let lacking: Vec<_> = {
            let state = self.shared.state();
            let mut lacking = Vec::new();
            for (no, channel) in &state.channels {
                let Some(stay) = channel.peers.get(&peer) else { continue };
                for (name, log) in &channel.logs {
                    let is_ours = writer_of(name) == self.lineage;
                    let wire = LogId { channel: channel.id, name: *name }.into();
                    let has = held.get(&wire).copied().unwrap_or(0);
                    let has = has.max(channel.floor_of(peer, *name));
                    if is_ours && has < log.end.seq() {
                        lacking.push((*no, log.no, has + 1, stay.to));
                    }
                }
            }
            lacking
        };
        let Ok(view) = self.shared.view() else { return Pos(0) };
        let positions = lacking.into_iter().filter_map(|(no, log, seq, until)| {
            let mut first = None;
            let read = view.log(no, log, seq, &mut |pos, _| {
                first = Some(pos.0);
                ControlFlow::Break(())
            });
            // What cannot be read must not be skipped: then the feed begins at its beginning.
            if read.is_err() {
                return Some(0);
            }
            // Of a channel that it has left, the peer is served up to the record that removed it.
            first.filter(|pos| until.is_none_or(|until| *pos <= until.0))
        });
        positions.min().map_or(watermark, |first| Pos(first.saturating_sub(1)))
    }

    /// A peer has everything up to a pos, some of which it acknowledged before the last link ended,
    /// or has from others: the senders hear of it now.
    pub(super) fn acknowledged_anew(&self, peer: LineageId, pos: Pos) {
        let before = self.acknowledged.of(&peer);
        self.acknowledged.resume(peer, pos);
        // Nothing is known of earlier runs; their senders see it in the messages that follow.
        let before = before.max(self.acknowledged.start());
        if before >= pos {
            return;
        }
        let told = feed::visit(&self.shared, Subscriber::Peer(peer), before, pos, &mut |item| {
            if let Some(token) = tracked(item) {
                self.tell_delivered(&token);
            }
        });
        if let Err(error) = told {
            tracing::error!(%error, "what was delivered cannot be read");
        }
    }

    /// A peer has taken records of our feed, but for some: the senders hear of it.
    pub(super) fn acknowledged(
        &self,
        peer: LineageId,
        reached: Option<Pos>,
        taken: &[Tracked],
        excepted: Excepted<'_>,
    ) {
        let places = |tokens: &[Tracked]| -> Vec<Place> {
            tokens.iter().map(|token| (token.channel, token.pos)).collect()
        };
        let Excepted { waiting, refused } = excepted;
        self.acknowledged.lack(peer, &places(taken), &places(waiting), &places(refused));
        if let Some(pos) = reached {
            self.acknowledged.raise(peer, pos);
        }
        taken.iter().for_each(|token| self.tell_delivered(token));
    }

    /// Tells the sender's devices how far a message has come.
    pub(super) fn tell_delivered(&self, token: &Tracked) {
        if self.is_withdrawn(token) {
            return;
        }
        let (organisations, of) = self.progress.reached(token.channel, token.pos);
        let notice = Notice::Delivered {
            channel: token.channel_id,
            message: token.message,
            organisations,
            of,
            is_final: self.shared.state().is_final(token.channel, token.log, token.seq),
        };
        self.hub.notify(Subscriber::Account(token.sender), notice);
    }

    /// Whether a message has been rejected since it was fed: its author was told so. Only the home
    /// of a group can have done that, if it is another.
    fn is_withdrawn(&self, token: &Tracked) -> bool {
        let has_other_home = {
            let state = self.shared.state();
            let group = state.channels.get(&token.channel).and_then(|channel| channel.group());
            group.is_some_and(|group| group.state.home != self.lineage)
        };
        let find = || self.shared.view().ok()?.record(token.channel, token.pos).ok();
        has_other_home
            && find().is_some_and(|row| row.is_none_or(|row| row.outcome != Outcome::Accepted))
    }
}

/// Who writes a log, and therefore feeds it.
pub(super) fn writer_of(name: &LogName) -> LineageId {
    let (LogName::Message { origin, .. } | LogName::Control { home: origin, .. }) = name;
    *origin
}

/// Records in one answer to a want.
const WANTED_RECORDS_MAX: usize = BATCH_RECORDS_MAX / 2;

/// The message of an item, where a user sent it.
fn tracked(item: &Item) -> Option<Tracked> {
    let applied = &item.applied;
    let sender = applied.sender.filter(|sender| sender.number != AccountNumber(0))?;
    // Requests have no body, and nobody waits for them.
    let has_body = match &applied.record.body {
        WireBody::Absent(_) => false,
        WireBody::Present(body) => !body.content_type.is_empty(),
    };
    let is_event = matches!(applied.log.name, LogName::Message { .. });
    (is_event && has_body).then_some(Tracked {
        channel: applied.channel,
        channel_id: applied.channel_id,
        message: applied.id,
        pos: applied.pos,
        log: applied.log.name,
        seq: applied.seq,
        sender: sender.number,
    })
}

/// Consecutive records of a log, as many as one answer holds.
struct Reading {
    log: LogId,
    /// The next record.
    next: u64,
    /// The last that may be shown.
    last: u64,
    part: Option<Part>,
    bytes: usize,
}

impl Reading {
    fn take(&mut self, row: EventRow) -> ControlFlow<()> {
        let count = self.part.as_ref().map_or(0, |part| part.records.len());
        let is_full = count >= WANTED_RECORDS_MAX || self.bytes > BATCH_BYTES_TARGET;
        if is_full || row.seq != self.next || row.seq > self.last {
            return ControlFlow::Break(());
        }
        let head = Head { log: self.log, seq: row.seq, hash: row.hash, time: row.id.time() };
        let record = Record { header: row.header, body: row.body };
        self.bytes += record.weight();
        self.next += 1;
        match &mut self.part {
            Some(part) => {
                part.head = head;
                part.records.push(record);
            }
            None => self.part = Some(Part { head, first: head.seq, records: vec![record] }),
        }
        ControlFlow::Continue(())
    }
}
