//! The feeder's half of a link: one feed that the peer subscribes to, so much of it on its way as
//! the window allows, and the ranges that the peer asks for. It must not know where records come
//! from.

use std::collections::{BTreeSet, VecDeque};

use comity_protocol::cbor::ByteString;
use comity_protocol::code::Code;
use comity_protocol::event::Record;
use comity_protocol::frame::{Batch, Exception, Frame, VectorEntry, Want, WireLog};

use crate::action::{Action, FedBatch, FedRecord};
use crate::fault::Fault;
use crate::limits::{
    EXCEPTED_RECORDS_MAX, FEED_BATCHES_MAX, FEED_BYTES_MAX, SERVED_AT_ONCE_MAX, SERVING_MAX,
    VECTOR_PARTS_MAX,
};

#[derive(Debug, PartialEq, Eq)]
enum Phase {
    /// The peer has not subscribed.
    Idle,
    /// The driver looks whether the cursor is one of ours.
    Opening,
    /// The peer is to say what it holds.
    AwaitingVector { entries: Vec<VectorEntry>, parts: usize },
    /// The driver opens the feed from what the peer holds.
    OpeningFromVector,
    /// Batches go out.
    Open,
}

/// A batch on its way.
#[derive(Debug)]
struct Sent<T> {
    cursor: ByteString,
    bytes: usize,
    records: Vec<FedRecord<T>>,
}

/// What the peer takes of our feed.
#[derive(Debug)]
pub(crate) struct Feed<T> {
    phase: Phase,
    unacknowledged: VecDeque<Sent<T>>,
    unacknowledged_bytes: usize,
    last_acknowledged: Option<ByteString>,
    /// Records that the peer has not taken yet, although it acknowledged a later cursor.
    excepted: VecDeque<FedRecord<T>>,
    /// Whether the driver was asked for a batch.
    reading: bool,
}

impl<T> Default for Feed<T> {
    fn default() -> Self {
        Self {
            phase: Phase::Idle,
            unacknowledged: VecDeque::new(),
            unacknowledged_bytes: 0,
            last_acknowledged: None,
            excepted: VecDeque::new(),
            reading: false,
        }
    }
}

impl<T: Copy> Feed<T> {
    /// Whether an acknowledgement is awaited.
    pub(crate) fn is_awaiting(&self) -> bool {
        !self.unacknowledged.is_empty()
    }

    pub(crate) fn handle_resume(&mut self, cursor: Option<ByteString>) -> Result<Action<T>, Fault> {
        if self.phase != Phase::Idle {
            return Err(Fault::FrameUnexpected);
        }
        self.phase = Phase::Opening;
        Ok(Action::OpenFeed { cursor })
    }

    /// The driver opened the feed, or does not know the cursor.
    pub(crate) fn handle_opened(&mut self, resync: bool) -> Option<Frame> {
        match self.phase {
            Phase::Opening if resync => {
                self.phase = Phase::AwaitingVector { entries: Vec::new(), parts: 0 };
                Some(Frame::Resync)
            }
            Phase::Opening | Phase::OpeningFromVector => {
                self.phase = Phase::Open;
                None
            }
            Phase::Idle | Phase::AwaitingVector { .. } | Phase::Open => None,
        }
    }

    pub(crate) fn handle_vector(
        &mut self,
        part: Vec<VectorEntry>,
        more: bool,
    ) -> Result<Option<Action<T>>, Fault> {
        let Phase::AwaitingVector { entries, parts } = &mut self.phase else {
            return Err(Fault::FrameUnexpected);
        };
        *parts += 1;
        if *parts > VECTOR_PARTS_MAX || (more && *parts == VECTOR_PARTS_MAX) {
            return Err(Fault::VectorTooLong);
        }
        entries.extend(part);
        if more {
            return Ok(None);
        }
        let entries = std::mem::take(entries);
        self.phase = Phase::OpeningFromVector;
        Ok(Some(Action::OpenFeedFrom(entries)))
    }

    /// Takes the batch that the driver was asked for.
    pub(crate) fn handle_batch(&mut self, fed: FedBatch<T>) -> Option<Frame> {
        let FedBatch { batch, records } = fed;
        let cursor = batch.cursor.clone();
        debug_assert!(cursor.is_some(), "a feed's batch carries its cursor");
        let cursor = cursor.filter(|_| self.reading && self.phase == Phase::Open)?;
        self.reading = false;
        let bytes = batch.ranges.iter().flat_map(|r| &r.records).map(Record::weight).sum();
        self.unacknowledged_bytes += bytes;
        self.unacknowledged.push_back(Sent { cursor, bytes, records });
        Some(Frame::Batch(batch))
    }

    /// Takes an acknowledgement. What it gives to the driver, where that is anything, and whether
    /// it got on.
    pub(crate) fn handle_ack(
        &mut self,
        cursor: ByteString,
        exceptions: &[Exception],
    ) -> Result<(Option<Action<T>>, bool), Fault> {
        let place = self.unacknowledged.iter().position(|sent| sent.cursor == cursor);
        let count = match place {
            Some(at) => at + 1,
            None if self.last_acknowledged.as_ref() == Some(&cursor) => 0,
            None => return Err(Fault::CursorUnknown),
        };
        let mut covered = std::mem::take(&mut self.excepted);
        for sent in self.unacknowledged.drain(..count) {
            self.unacknowledged_bytes -= sent.bytes;
            covered.extend(sent.records);
        }
        let mut records = Vec::with_capacity(covered.len());
        let (mut waiting, mut refused) = (Vec::new(), Vec::new());
        let mut exceptions = exceptions.to_vec();
        exceptions.sort_unstable_by_key(|e| e.log);
        for record in covered {
            match excepted(&exceptions, &record.log, record.seq) {
                None => records.push(record.token),
                Some(Excepted::NotYet) => {
                    waiting.push(record.token);
                    if self.excepted.len() < EXCEPTED_RECORDS_MAX {
                        self.excepted.push_back(record);
                    }
                }
                Some(Excepted::Never) => refused.push(record.token),
            }
        }
        self.last_acknowledged = Some(cursor.clone());
        let got_on = count > 0;
        let told = got_on || !records.is_empty() || !refused.is_empty();
        let action = Action::Acknowledged { cursor, records, waiting, refused };
        Ok((told.then_some(action), got_on))
    }

    /// Whether the driver is to read on; told once for each batch.
    pub(crate) fn poll_read(&mut self) -> bool {
        let fits = self.unacknowledged.len() < FEED_BATCHES_MAX
            && self.unacknowledged_bytes < FEED_BYTES_MAX;
        let reads = self.phase == Phase::Open && !self.reading && fits;
        self.reading |= reads;
        reads
    }
}

/// What a peer asked for and was not answered yet.
#[derive(Debug, Default)]
pub(crate) struct Serving {
    queue: VecDeque<Want>,
    /// Logs that the driver is serving.
    under_way: BTreeSet<WireLog>,
}

impl Serving {
    /// Takes wants; those that find no room come back.
    pub(crate) fn handle_wants(&mut self, wants: Vec<Want>) -> Vec<Want> {
        let mut refused = Vec::new();
        for want in wants {
            if let Some(queued) = self.queue.iter_mut().find(|queued| queued.log == want.log) {
                *queued = want;
            } else if self.queue.len() + self.under_way.len() >= SERVING_MAX {
                refused.push(want);
            } else {
                self.queue.push_back(want);
            }
        }
        refused
    }

    /// A frame answers what it is about.
    pub(crate) fn handle_answer(&mut self, frame: &Frame) {
        match frame {
            Frame::Batch(Batch { ranges, cursor: None, .. }) => {
                for range in ranges {
                    self.under_way.remove(&range.log);
                }
            }
            Frame::NotServed { log, .. } => {
                self.under_way.remove(log);
            }
            _ => {}
        }
    }

    /// The next wants for the driver, once it has answered those before.
    pub(crate) fn poll(&mut self) -> Option<Vec<Want>> {
        if self.queue.is_empty() || !self.under_way.is_empty() {
            return None;
        }
        let count = self.queue.len().min(SERVED_AT_ONCE_MAX);
        let wants: Vec<Want> = self.queue.drain(..count).collect();
        self.under_way.extend(wants.iter().map(|want| want.log));
        Some(wants)
    }
}

/// What an exception says of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Excepted {
    /// The peer will not take it.
    Never,
    /// The peer waits for what it depends on.
    NotYet,
}

/// Whether a record is excepted, and how. The exceptions are sorted by log.
fn excepted(exceptions: &[Exception], log: &WireLog, seq: u64) -> Option<Excepted> {
    let at = exceptions.partition_point(|e| e.log < *log);
    let of_log = exceptions[at..].iter().take_while(|e| e.log == *log);
    of_log
        .filter(|e| e.from <= seq)
        .map(|e| {
            let waits = e.code == Code::LogGap.number() || e.code == Code::LogHeld.number();
            if waits { Excepted::NotYet } else { Excepted::Never }
        })
        .max()
}
