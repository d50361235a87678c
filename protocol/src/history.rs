//! History: what was written in a group before an organisation was admitted, asked for by range
//! from any member and verified from the newest record down (`docs/protocol/` section 8.7).
//!
//! The asker knows each log's hash at its floor. A range ends at a record whose hash is known; the
//! end of the chain below its first record comes with it, and is what the next range, further down,
//! has to lead to.

use minicbor::{Decode, Encode};

use crate::chain::{ChainEnd, Link};
use crate::clock::HybridTime;
use crate::event::Record;
use crate::hash::Hash;
use crate::head::HeadProof;
use crate::id::{ChannelId, ControlPoint, LineageId, LogName, WriterId};
use crate::limits::{HISTORY_LOGS_MAX, HISTORY_RECORDS_MAX, LINKS_MAX};

/// Asks for the newest records of a group that the asker lacks.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct HistoryAsk {
    /// The group.
    #[n(0)]
    pub channel: ChannelId,
    /// The message logs, each with the newest record that the asker lacks.
    #[n(1)]
    pub logs: Vec<AskedLog>,
    /// How many records at most, the newest by time over all these logs.
    #[n(2)]
    pub count: u16,
}

/// A log of which older records are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct AskedLog {
    /// Its origin.
    #[n(0)]
    pub origin: LineageId,
    /// Its writer.
    #[n(1)]
    pub writer: WriterId,
    /// The newest record wanted.
    #[n(2)]
    pub until: u64,
    /// Whether the asker holds nothing yet by which it could verify that record.
    #[n(3)]
    pub start: bool,
}

impl HistoryAsk {
    /// The logs that an answer neither shows something of nor lists as not served: whatever its
    /// sender holds of them is older than all that it shows.
    pub fn silent(&self, answer: &Backfill) -> Vec<LogRef> {
        let shown = |log: &LogRef| answer.ranges.iter().any(|range| range.log == *log);
        let logs = self.logs.iter().map(LogRef::from);
        logs.filter(|log| !shown(log) && !answer.missing.contains(log)).collect()
    }
}

/// Answers an ask for history.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Backfill {
    /// The group.
    #[n(0)]
    pub channel: ChannelId,
    /// At most one range of each log that was asked for.
    #[n(1)]
    pub ranges: Vec<OldRange>,
    /// Logs that were asked for and are not served here; the others' turn comes later.
    #[n(2)]
    pub missing: Vec<LogRef>,
    /// How far the answering organisation's own logs of the group reach; absent where it does not
    /// know of the asker's admission (yet).
    #[n(3)]
    pub ends: Option<Vec<LogEnd>>,
}

/// A message log of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(array)]
pub struct LogRef {
    /// Its origin.
    #[n(0)]
    pub origin: LineageId,
    /// Its writer.
    #[n(1)]
    pub writer: WriterId,
}

impl LogRef {
    /// Its name among the logs of its channel.
    pub const fn name(self) -> LogName {
        LogName::Message { origin: self.origin, writer: self.writer }
    }
}

impl From<&AskedLog> for LogRef {
    fn from(asked: &AskedLog) -> Self {
        Self { origin: asked.origin, writer: asked.writer }
    }
}

/// How far a log of the answering organisation reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct LogEnd {
    /// Its writer.
    #[n(0)]
    pub writer: WriterId,
    /// Its last record.
    #[n(1)]
    pub seq: u64,
}

/// Consecutive records of one log that end at one whose hash the receiver knows.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct OldRange {
    /// The log.
    #[n(0)]
    pub log: LogRef,
    /// The first record's seq.
    #[n(1)]
    pub first: u64,
    /// The records.
    #[n(2)]
    pub records: Vec<Record>,
    /// The end of the chain below the first record: the hashes that it and later ones name.
    #[n(3)]
    pub below: Vec<BelowLink>,
    /// What the log had stated before the first record; the next older range has to confirm it.
    #[n(4)]
    pub before: Before,
    /// Where it was asked for: what proves the last record.
    #[n(5)]
    pub start: Option<OldStart>,
}

/// The hash of a record below a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct BelowLink {
    /// The record.
    #[n(0)]
    pub seq: u64,
    /// Its hash.
    #[n(1)]
    pub hash: Hash,
}

/// What judging the first record of a range needs to know of those before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Before {
    /// The time of the last of them that is not void; zero where there is none.
    #[n(0)]
    pub time: HybridTime,
    /// The last of them that states `after` and is not void, and what it states.
    #[n(1)]
    pub stated: Option<Stated>,
}

/// What a range that begins above its receiver's floor goes on from.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct RangeStart {
    /// The links of the path from the record before the range down to the first.
    #[n(0)]
    pub links: Vec<Link>,
    /// What the log had stated before the range.
    #[n(1)]
    pub before: Before,
}

/// A statement of `after`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Stated {
    /// The event that states it.
    #[n(0)]
    pub seq: u64,
    /// The control record.
    #[n(1)]
    pub after: ControlPoint,
}

/// What proves the newest record of a log that its receiver holds nothing of.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct OldStart {
    /// The links of the path from that record down to the first.
    #[n(0)]
    pub links: Vec<Link>,
    /// The links of the path from the head down to that record; none where it is the head.
    #[n(1)]
    pub above: Vec<Link>,
    /// A head that the log's origin has signed.
    #[n(2)]
    pub head: HeadProof,
}

impl HistoryAsk {
    pub(crate) fn is_bounded(&self) -> bool {
        let logs = self.logs.len() <= HISTORY_LOGS_MAX;
        logs && usize::from(self.count) <= HISTORY_RECORDS_MAX
    }
}

impl Backfill {
    pub(crate) fn is_bounded(&self) -> bool {
        let lists = [self.ranges.len(), self.missing.len(), self.ends.as_ref().map_or(0, Vec::len)];
        let records: usize = self.ranges.iter().map(|range| range.records.len()).sum();
        lists.iter().all(|length| *length <= HISTORY_LOGS_MAX)
            && records <= HISTORY_RECORDS_MAX
            && self.ranges.iter().all(OldRange::is_bounded)
    }
}

impl OldRange {
    /// The last record's seq; 0 for an empty range, which no honest node sends.
    pub fn last(&self) -> u64 {
        self.first.saturating_sub(1).saturating_add(self.records.len() as u64)
    }

    /// The end of the chain below the range, where what is shown has the form of one.
    pub fn chain_below(&self) -> Option<ChainEnd> {
        let links: Vec<(u64, Hash)> = self.below.iter().map(|l| (l.seq, l.hash)).collect();
        ChainEnd::shown(self.first.checked_sub(1)?, &links)
    }

    fn is_bounded(&self) -> bool {
        let links = self.start.as_ref().map_or(0, |start| start.links.len().max(start.above.len()));
        !self.records.is_empty() && links <= LINKS_MAX && self.below.len() <= LINKS_MAX
    }
}
