//! The subscriber's half of a link: what came of the peer's feed, in which order it is applied,
//! what is missing and what is acknowledged. It must not forget a gap: no cursor is kept while
//! something before it is wanted.

use std::collections::VecDeque;

use comity_protocol::cbor::ByteString;
use comity_protocol::code::Code;
use comity_protocol::frame::{Exception, Frame, LogKind, VectorEntry, Want, WireLog};
use comity_protocol::id::LineageId;
use comity_protocol::limits::{BATCH_RECORDS_MAX, VECTOR_ENTRIES_MAX};

use crate::action::{Action, Fate};
use crate::fault::Fault;
use crate::limits::{
    ACKNOWLEDGED_AT_ONCE_MAX, NOTES_MAX, PENDING_BATCHES_MAX, PENDING_BATCHES_SOFT_MAX,
    PENDING_BYTES_MAX, PENDING_BYTES_SOFT_MAX, REFUSED_MAX, VECTOR_PARTS_MAX,
};
use crate::verify::Verified;
use crate::wants::Wants;

/// How far the subscription has got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// The link is not up, or the driver was asked for the cursor.
    #[default]
    Idle,
    /// The peer was asked to go on after a cursor; it may not know it.
    Asked,
    /// The driver was asked for what we hold.
    Stating,
    /// Batches come.
    Open,
}

/// A batch whose application is under way.
#[derive(Debug)]
struct Applying {
    ranges: Vec<(WireLog, u64)>,
    left_out: Vec<Exception>,
    waiting: Vec<(WireLog, u64, u64)>,
    /// The feed's cursor after it.
    cursor: Option<ByteString>,
    /// Whether the cursor is made durable with it, should nothing of it have to wait.
    offered: bool,
}

/// What we take of a peer's feed.
#[derive(Debug, Default)]
pub(crate) struct Subscription {
    phase: Phase,
    feed: VecDeque<Verified>,
    history: VecDeque<Verified>,
    pending_bytes: usize,
    applying: Option<Applying>,
    /// Feed and history take turns.
    feed_was_last: bool,
    /// The cursor after the last batch of the feed that was applied.
    newest: Option<ByteString>,
    /// Whether that cursor is durable.
    kept: bool,
    acknowledgement_due: bool,
    /// Batches of the feed applied since the last acknowledgement.
    unacknowledged: usize,
    refused: Vec<Exception>,
    wants: Wants,
    notes: VecDeque<(WireLog, Code)>,
}

impl Subscription {
    /// Whether more batches may be read.
    pub(crate) fn has_room(&self) -> bool {
        self.pending_bytes < PENDING_BYTES_SOFT_MAX
            && self.pending_batches() < PENDING_BATCHES_SOFT_MAX
    }

    fn pending_batches(&self) -> usize {
        self.feed.len() + self.history.len()
    }

    pub(crate) fn next_ms(&self, now_ms: u64) -> Option<u64> {
        self.wants.next_ms(now_ms)
    }

    /// Who the peer is: nothing but what it writes itself holds its cursor.
    pub(crate) fn handle_peer(&mut self, peer: LineageId) {
        self.wants.handle_peer(peer);
    }

    pub(crate) fn handle_resync(&mut self) -> Result<(), Fault> {
        if self.phase != Phase::Asked || self.newest.is_some() || !self.feed.is_empty() {
            return Err(Fault::FrameUnexpected);
        }
        self.phase = Phase::Stating;
        Ok(())
    }

    pub(crate) fn handle_batch(&mut self, batch: Verified) -> Result<(), Fault> {
        let is_feed = batch.cursor.is_some();
        if is_feed {
            if !matches!(self.phase, Phase::Asked | Phase::Open) {
                return Err(Fault::FrameUnexpected);
            }
            self.phase = Phase::Open;
        }
        self.pending_bytes += batch.frame.len();
        let queue = if is_feed { &mut self.feed } else { &mut self.history };
        queue.push_back(batch);
        let is_beyond = self.pending_batches() > PENDING_BATCHES_MAX;
        if is_beyond || self.pending_bytes > PENDING_BYTES_MAX {
            return Err(Fault::WindowExceeded);
        }
        Ok(())
    }

    pub(crate) fn handle_not_served(&mut self, log: WireLog, code: Code, now_ms: u64) {
        if code == Code::RateLimited {
            self.wants.put_off(&log, now_ms);
            return;
        }
        let holds_cursor = self.wants.hold_cursor_for(&log);
        if let Some(from) = self.wants.give_up(&log) {
            if holds_cursor {
                self.acknowledgement_due = true;
                self.except(Exception { log, from, code: code.number() });
            }
            self.note(log, code);
        }
    }

    pub(crate) fn handle_applied(&mut self, fates: &[Fate], now_ms: u64) {
        let Some(applied) = self.applying.take() else { return };
        debug_assert_eq!(fates.len(), applied.ranges.len(), "one fate for each range");
        for exception in applied.left_out {
            self.note(exception.log, Code::LogUnknown);
            self.except(exception);
        }
        let mut has_waiting = !applied.waiting.is_empty();
        for (log, first, last) in applied.waiting {
            self.wants.held(log, first, last, now_ms);
        }
        for ((log, last), fate) in applied.ranges.into_iter().zip(fates) {
            has_waiting |= matches!(fate, Fate::Gap { .. } | Fate::Held { .. });
            self.settle(log, last, *fate, now_ms);
        }
        if let Some(cursor) = applied.cursor {
            self.newest = Some(cursor);
            self.kept = applied.offered && !has_waiting;
            self.acknowledgement_due = true;
            self.unacknowledged += 1;
        }
    }

    pub(crate) fn handle_timeout(&mut self, now_ms: u64) {
        self.wants.handle_timeout(now_ms);
    }

    /// Subscribes after a cursor.
    pub(crate) fn resume(&mut self, cursor: Option<ByteString>) -> Option<Frame> {
        if self.phase != Phase::Idle {
            return None;
        }
        self.phase = Phase::Asked;
        Some(Frame::Resume { cursor })
    }

    /// States what we hold, in as many parts as it takes. A log beyond the bound is not named and
    /// hence sent whole, which costs time and loses nothing.
    pub(crate) fn state_vector(&mut self, mut entries: Vec<VectorEntry>) -> Vec<Frame> {
        if self.phase != Phase::Stating {
            return Vec::new();
        }
        self.phase = Phase::Open;
        entries.truncate(VECTOR_PARTS_MAX * VECTOR_ENTRIES_MAX);
        let mut parts: Vec<Vec<VectorEntry>> =
            entries.chunks(VECTOR_ENTRIES_MAX).map(<[_]>::to_vec).collect();
        let last = parts.pop().unwrap_or_default();
        let mut frames: Vec<Frame> =
            parts.into_iter().map(|entries| Frame::Vector { entries, more: true }).collect();
        frames.push(Frame::Vector { entries: last, more: false });
        frames
    }

    pub(crate) fn want(&mut self, log: WireLog, from: u64, until: u64, now_ms: u64) -> bool {
        self.wants.add(log, from, until, now_ms)
    }

    /// One acknowledgement for all that is at hand, up to a bound.
    pub(crate) fn poll_acknowledgement(&mut self) -> Option<Frame> {
        let is_feed = |applying: &Applying| applying.cursor.is_some();
        let more_is_at_hand = self.applying.as_ref().is_some_and(is_feed)
            || (!self.feed.is_empty() && self.can_take_feed());
        if more_is_at_hand && self.unacknowledged < ACKNOWLEDGED_AT_ONCE_MAX {
            return None;
        }
        let cursor = self.newest.clone().filter(|_| self.acknowledgement_due)?;
        self.unacknowledged = 0;
        self.acknowledgement_due = false;
        let mut exceptions = std::mem::take(&mut self.refused);
        exceptions.extend(self.wants.exceptions());
        Some(Frame::Ack { cursor, exceptions })
    }

    /// The next batch to apply, or the cursor to keep.
    pub(crate) fn poll_apply<T>(&mut self) -> Option<Action<T>> {
        if self.applying.is_some() {
            return None;
        }
        let feed_can = !self.feed.is_empty() && self.can_take_feed();
        let is_feed = feed_can && (self.history.is_empty() || !self.feed_was_last);
        let next = if is_feed { self.feed.pop_front() } else { self.history.pop_front() };
        let Some(Verified { frame, cursor, ranges, records, left_out, waiting }) = next else {
            return self.keep_cursor();
        };
        self.feed_was_last = is_feed;
        self.pending_bytes -= frame.len();
        let keeps = waiting.is_empty() && !self.wants.hold_cursor();
        let kept = cursor.clone().filter(|_| keeps);
        let offered = kept.is_some();
        self.applying = Some(Applying { ranges, left_out, waiting, cursor, offered });
        Some(Action::Apply { frame, cursor: kept, records })
    }

    pub(crate) fn poll_note(&mut self) -> Option<(WireLog, Code)> {
        self.notes.pop_front()
    }

    pub(crate) fn poll_wants(&mut self, now_ms: u64) -> Vec<Want> {
        self.wants.poll(now_ms)
    }

    fn settle(&mut self, log: WireLog, last: u64, fate: Fate, now_ms: u64) {
        match fate {
            Fate::Applied => {
                if log.kind == LogKind::Control {
                    self.wants.hurry(log.channel, now_ms);
                }
                // What was excepted before may be delivered now.
                self.acknowledgement_due |= self.wants.applied(log, last, now_ms);
            }
            Fate::Gap { from } => self.wants.gap(log, from, last, now_ms),
            Fate::Held { from, awaits } => {
                self.wants.held(log, from, last, now_ms);
                for Want { log, from } in awaits.into_iter().flatten() {
                    self.wants.add(log, from, 0, now_ms);
                }
            }
            Fate::Refused { from, code } => {
                self.acknowledgement_due |= self.wants.give_up(&log).is_some();
                self.except(Exception { log, from, code: code.number() });
                self.note(log, code);
            }
        }
    }

    /// Nothing is outstanding and the newest cursor could not be kept when its batch was applied.
    fn keep_cursor<T>(&mut self) -> Option<Action<T>> {
        if self.kept || !self.feed.is_empty() || self.wants.hold_cursor() {
            return None;
        }
        let cursor = self.newest.clone()?;
        self.applying = Some(Applying {
            ranges: Vec::new(),
            left_out: Vec::new(),
            waiting: Vec::new(),
            cursor: Some(cursor.clone()),
            offered: true,
        });
        Some(Action::KeepCursor(cursor))
    }

    /// A batch may bring as many waiting and refused ranges as it has records.
    fn can_take_feed(&self) -> bool {
        self.wants.have_room() && self.refused.len() + BATCH_RECORDS_MAX <= REFUSED_MAX
    }

    fn except(&mut self, exception: Exception) {
        if self.refused.len() < REFUSED_MAX {
            self.refused.push(exception);
        }
    }

    fn note(&mut self, log: WireLog, code: Code) {
        if self.notes.len() < NOTES_MAX {
            self.notes.push_back((log, code));
        }
    }
}
