//! Frames between peers (`docs/protocol/` section 8), defined over ordered streams.
//!
//! Both ends say `Hello`; a link counts as up after the other's. Each end then *subscribes* to the
//! other's feed with `Resume`; the feeder answers `Resync` where it does not know the cursor, and
//! the subscriber states what it holds with `Vector`. From then on the feeder sends `Batch`es in
//! the order of its feed, and the subscriber acknowledges what is on its disk. Whoever sees a gap
//! asks for it with `Want`; what is not served is answered `NotServed`. `Lookup` asks for an
//! account by name, `Seek` for groups that may be joined. What is older than the feed is asked for
//! with `History` and comes as `Backfill`. `Heads` states what each holds of all logs that they
//! share; where that contradicts, `Show` asks for a history that comes as a `Branch`, and a `Fork`
//! proves what was found. Who has no link with others says so with `Away`, and hears from `News`
//! how far their logs have come. Who wants to know who is there leases accounts with `Lease`, lets
//! them go with `Release`, and hears of them by `Presence`; `Typing` says that somebody writes. The
//! latter two go as datagrams: of `Presence` only what answers a lease goes on the stream. `Marks`
//! tells how far accounts have read. `ProfileAsk` asks what an account shows of itself, and is
//! answered with `Profile`. `Probe` asks, for an admin, how it is between the two, and is answered
//! with `Probed`. Whose key has changed shows how in its `Hello`, and of others `Keys` tells it;
//! `Signed` brings the heads of their logs under the new key.

use minicbor::{Decode, Encode};

use crate::cbor::{self, ByteString, DecodeError};
use crate::chain::Link;
use crate::clock::HybridTime;
use crate::control::Organisation;
use crate::directory::{Offer, Seek};
use crate::event::Record;
use crate::fork::Branch;
use crate::hash::Hash;
use crate::head::{Head, Inclusion};
use crate::history::{Backfill, HistoryAsk, RangeStart};
use crate::id::{
    AccountNumber, ChannelId, ControlPoint, LineageId, LogId, LogName, ShortHash, WriterId,
};
use crate::keys::{Hello, SignedHead};
use crate::limits::{
    BATCH_RECORDS_MAX, DATAGRAM_BYTES_MAX, FORK_PROOF_BYTES_MAX, FRAME_BYTES_MAX, KEY_CHANGES_MAX,
    LINKS_MAX, MARKS_MAX, ORGANISATIONS_MAX, PRESENCES_MAX, SIGNED_MAX, VECTOR_ENTRIES_MAX,
};
use crate::presence::PresenceEntry;
use crate::probe::{Probe, Probed};
use crate::profile::Profile;
use crate::reading::MarkEntry;

/// The version of the peer protocol that this crate speaks.
pub const PEER_VERSION: u16 = 1;

/// The stream on which a frame travels; a lower class is never held up by a higher one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Hello, acknowledgements, questions and answers.
    Link,
    /// The feed: records in the order of the feeder's pos.
    Feed,
    /// Ranges that were asked for.
    History,
}

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Frame {
    /// The first frame of each end.
    #[n(0)]
    Hello(#[n(0)] Hello),
    /// Subscribes to the receiver's feed after a cursor, or from what a vector will say.
    #[n(1)]
    Resume {
        /// The cursor that came with the last batch on the subscriber's disk.
        #[n(0)]
        cursor: Option<ByteString>,
    },
    /// The cursor is not one of this store's history: say what you hold.
    #[n(2)]
    Resync,
    /// What the subscriber holds of the feeder's logs.
    #[n(3)]
    Vector {
        /// An entry for each log; a log that is not named is not held.
        #[n(0)]
        entries: Vec<VectorEntry>,
        /// Whether more entries follow.
        #[n(1)]
        more: bool,
    },
    /// Records with their proven heads.
    #[n(4)]
    Batch(#[n(0)] Batch),
    /// All records up to a cursor are durable here, but for the exceptions.
    #[n(5)]
    Ack {
        /// The cursor of the last batch that is on disk.
        #[n(0)]
        cursor: ByteString,
        /// Logs of which records were not taken.
        #[n(1)]
        exceptions: Vec<Exception>,
    },
    /// Asks for ranges of logs.
    #[n(6)]
    Want(#[n(0)] Vec<Want>),
    /// A log that was asked for is not served; missing and forbidden look alike.
    #[n(7)]
    NotServed {
        /// The log.
        #[n(0)]
        log: WireLog,
        /// The code's number.
        #[n(1)]
        code: u16,
        /// The refuser's control head of the channel, where it shares it with the asker.
        #[n(2)]
        control: Option<ControlPoint>,
    },
    /// Asks for an account by name.
    #[n(8)]
    Lookup {
        /// Names the question.
        #[n(0)]
        id: u64,
        /// The account's name.
        #[n(1)]
        name: String,
    },
    /// Answers a look-up.
    #[n(9)]
    Account {
        /// The question.
        #[n(0)]
        id: u64,
        /// The account, if there is one that may be asked.
        #[n(1)]
        number: Option<AccountNumber>,
    },
    /// The link ends.
    #[n(10)]
    Goodbye {
        /// The code's number.
        #[n(0)]
        code: u16,
    },
    /// Asks for a group's records from before the asker's organisation was admitted.
    #[n(11)]
    History(#[n(0)] HistoryAsk),
    /// Answers that.
    #[n(12)]
    Backfill(#[n(0)] Backfill),
    /// The speaker's heads of logs that both share, whoever writes them.
    #[n(13)]
    Heads {
        /// An entry for each log.
        #[n(0)]
        entries: Vec<VectorEntry>,
    },
    /// Asks to be shown the history that the receiver holds of a log.
    #[n(14)]
    Show {
        /// The log.
        #[n(0)]
        log: WireLog,
        /// The record down to which the links are to lead.
        #[n(1)]
        down_to: u64,
    },
    /// Answers that.
    #[n(15)]
    Branch {
        /// The log.
        #[n(0)]
        log: WireLog,
        /// The history; absent where none is shown.
        #[n(1)]
        branch: Option<Branch>,
    },
    /// A proof that a log has two histories.
    #[n(16)]
    Fork {
        /// The proof's bytes.
        #[n(0)]
        proof: ByteString,
    },
    /// Asks for groups that the asker's accounts may join.
    #[n(17)]
    Seek {
        /// Names the question, among look-ups too.
        #[n(0)]
        id: u64,
        /// Which groups.
        #[n(1)]
        seek: Seek,
    },
    /// Answers that.
    #[n(18)]
    Offer {
        /// The question.
        #[n(0)]
        id: u64,
        /// The groups.
        #[n(1)]
        offer: Offer,
    },
    /// The speaker has no link with these organisations, and with no others: it wants to hear how
    /// far their logs come.
    #[n(19)]
    Away {
        /// The organisations.
        #[n(0)]
        origins: Vec<LineageId>,
    },
    /// The speaker's heads of logs of those that are away from the receiver, where they have come
    /// further than it was told.
    #[n(20)]
    News {
        /// An entry for each log.
        #[n(0)]
        entries: Vec<VectorEntry>,
    },
    /// Asks to be told of accounts of the receiver's from now on, for a while.
    #[n(21)]
    Lease {
        /// The accounts.
        #[n(0)]
        accounts: Vec<AccountNumber>,
    },
    /// Ends that for accounts.
    #[n(22)]
    Release {
        /// The accounts.
        #[n(0)]
        accounts: Vec<AccountNumber>,
    },
    /// How accounts of the speaker's are: on the stream the answer to a lease, as a datagram what
    /// has changed.
    #[n(23)]
    Presence {
        /// An entry for each account.
        #[n(0)]
        entries: Vec<PresenceEntry>,
    },
    /// An account of the speaker's writes something, or no longer. A datagram.
    #[n(24)]
    Typing {
        /// Where.
        #[n(0)]
        channel: ChannelId,
        /// Who.
        #[n(1)]
        account: AccountNumber,
        /// Whether it does.
        #[n(2)]
        typing: bool,
    },
    /// How far accounts of the speaker's have read.
    #[n(25)]
    Marks {
        /// An entry for each account and channel.
        #[n(0)]
        entries: Vec<MarkEntry>,
    },
    /// Asks what an account shows of itself.
    #[n(26)]
    ProfileAsk {
        /// Names the question, among look-ups too.
        #[n(0)]
        id: u64,
        /// The account's name.
        #[n(1)]
        name: String,
        /// Whether the avatar's bytes are wanted too.
        #[n(2)]
        image: bool,
    },
    /// Answers that.
    #[n(27)]
    Profile {
        /// The question.
        #[n(0)]
        id: u64,
        /// What it shows, if there is such an account that may be asked.
        #[n(1)]
        profile: Option<Profile>,
    },
    /// Asks how it is between the two.
    #[n(28)]
    Probe(#[n(0)] Probe),
    /// Answers that.
    #[n(29)]
    Probed(#[n(0)] Probed),
    /// Organisations of shared channels whose key has changed, each with all changes; the receiver
    /// believes the signatures in them, not the speaker.
    #[n(30)]
    Keys {
        /// The organisations.
        #[n(0)]
        organisations: Vec<Organisation>,
    },
    /// Asks for heads of the receiver's own logs under its present key, or gives them.
    #[n(31)]
    Signed {
        /// Heads that are held under an older key.
        #[n(0)]
        asked: Vec<VectorEntry>,
        /// Heads signed anew.
        #[n(1)]
        heads: Vec<SignedHead>,
    },
}

/// A log as frames name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(array)]
pub struct WireLog {
    /// The channel.
    #[n(0)]
    pub channel: ChannelId,
    /// Which of the two kinds it is.
    #[n(1)]
    pub kind: LogKind,
    /// Who writes it.
    #[n(2)]
    pub origin: LineageId,
    /// The writer of a message log, the term of a control log.
    #[n(3)]
    pub number: u64,
}

/// The kinds of logs; control logs sort first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum LogKind {
    /// One term of a control log.
    #[n(0)]
    Control,
    /// A message log.
    #[n(1)]
    Message,
}

impl From<LogId> for WireLog {
    fn from(log: LogId) -> Self {
        let (kind, origin, number) = match log.name {
            LogName::Control { home, term } => (LogKind::Control, home, term),
            LogName::Message { origin, writer } => (LogKind::Message, origin, writer.0),
        };
        Self { channel: log.channel, kind, origin, number }
    }
}

impl From<WireLog> for LogId {
    fn from(log: WireLog) -> Self {
        let name = match log.kind {
            LogKind::Control => LogName::Control { home: log.origin, term: log.number },
            LogKind::Message => {
                LogName::Message { origin: log.origin, writer: WriterId(log.number) }
            }
        };
        Self { channel: log.channel, name }
    }
}

/// Where the stater of a vector has got to in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct VectorEntry {
    /// The log.
    #[n(0)]
    pub log: WireLog,
    /// The last record held.
    #[n(1)]
    pub seq: u64,
    /// Its hash, shortened.
    #[n(2)]
    pub hash: ShortHash,
}

/// A log of which records were not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Exception {
    /// The log.
    #[n(0)]
    pub log: WireLog,
    /// The first record not taken.
    #[n(1)]
    pub from: u64,
    /// The code's number.
    #[n(2)]
    pub code: u16,
}

/// A range asked for: all from a record on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Want {
    /// The log.
    #[n(0)]
    pub log: WireLog,
    /// The first record wanted.
    #[n(1)]
    pub from: u64,
}

/// Ranges of logs, each ending at a proven head.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Batch {
    /// The checkpoints that the ranges' heads are in, each as signed.
    #[n(0)]
    pub checkpoints: Vec<ByteString>,
    /// The ranges; a control log's before the message logs that depend on it.
    #[n(1)]
    pub ranges: Vec<Range>,
    /// The feeder's cursor after these; absent in answers to `Want`.
    #[n(2)]
    pub cursor: Option<ByteString>,
}

/// Consecutive records of one log with a proven head, at the last of them or above it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Range {
    /// The log.
    #[n(0)]
    pub log: WireLog,
    /// The first record's seq.
    #[n(1)]
    pub first: u64,
    /// The records.
    #[n(2)]
    pub records: Vec<Record>,
    /// The head's hash.
    #[n(3)]
    pub hash: Hash,
    /// The head's time.
    #[n(4)]
    pub time: HybridTime,
    /// The checkpoint that proves it, by its place in the batch.
    #[n(5)]
    pub checkpoint: u16,
    /// The head's place in that checkpoint.
    #[n(6)]
    pub inclusion: Inclusion,
    /// Where the range begins just above the receiver's floor: what the receiver goes on from.
    #[n(7)]
    pub start: Option<RangeStart>,
    /// Where the head is above the last record: what leads from it down.
    #[n(8)]
    pub above: Option<HeadAbove>,
}

/// A head above the records that it proves. Whoever passes on a log of somebody else has his newest
/// head, and not one for each record.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct HeadAbove {
    /// The head's seq.
    #[n(0)]
    pub seq: u64,
    /// The links of the path from the head down to the range's last record.
    #[n(1)]
    pub links: Vec<Link>,
}

impl Range {
    /// The last record's seq; 0 for an empty range, which no honest feeder sends.
    pub fn last(&self) -> u64 {
        self.first.saturating_sub(1).saturating_add(self.records.len() as u64)
    }

    /// The head that proves it; the checkpoint has to include it.
    pub fn head(&self) -> Head {
        let seq = self.above.as_ref().map_or(self.last(), |above| above.seq);
        Head { log: self.log.into(), seq, hash: self.hash, time: self.time }
    }

    fn is_bounded(&self) -> bool {
        let below = self.start.as_ref().map_or(0, |start| start.links.len());
        let above = self.above.as_ref().map_or(0, |above| above.links.len());
        let is_above = self.above.as_ref().is_none_or(|above| above.seq > self.last());
        !self.records.is_empty() && is_above && below.max(above) <= LINKS_MAX
    }
}

impl Frame {
    /// The class of stream that carries it. A batch without a cursor answers a `Want`.
    pub fn class(&self) -> Class {
        match self {
            Self::Batch(batch) if batch.cursor.is_some() => Class::Feed,
            Self::Backfill(_) | Self::Batch(_) => Class::History,
            _ => Class::Link,
        }
    }

    /// The frame's bytes.
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(self)
    }

    /// Reads a frame, refusing what no honest peer sends.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let frame: Self = cbor::decode(bytes, FRAME_BYTES_MAX)?;
        let within = match &frame {
            Self::Batch(batch) => {
                let records: usize = batch.ranges.iter().map(|r| r.records.len()).sum();
                records <= BATCH_RECORDS_MAX && batch.ranges.iter().all(Range::is_bounded)
            }
            Self::Backfill(backfill) => backfill.is_bounded(),
            Self::History(ask) => ask.is_bounded(),
            Self::Branch { branch, .. } => {
                branch.as_ref().is_none_or(|branch| branch.links.len() <= LINKS_MAX)
            }
            Self::Fork { proof } => proof.len() <= FORK_PROOF_BYTES_MAX,
            Self::Heads { entries } | Self::News { entries } | Self::Vector { entries, .. } => {
                entries.len() <= VECTOR_ENTRIES_MAX
            }
            Self::Hello(hello) => {
                let fits = |changes: &Vec<_>| (1..=KEY_CHANGES_MAX).contains(&changes.len());
                hello.changes.as_ref().is_none_or(fits)
            }
            Self::Keys { organisations } => {
                let fits = |known: &Organisation| known.changes.len() <= KEY_CHANGES_MAX;
                organisations.len() <= ORGANISATIONS_MAX as usize && organisations.iter().all(fits)
            }
            Self::Signed { asked, heads } => asked.len() <= SIGNED_MAX && heads.len() <= SIGNED_MAX,
            Self::Offer { offer, .. } => offer.is_bounded(),
            Self::Probed(probed) => probed.is_bounded(),
            Self::Profile { profile, .. } => profile.as_ref().is_none_or(Profile::is_bounded),
            Self::Seek { seek, .. } => seek.is_bounded(),
            Self::Want(wants) => wants.len() <= VECTOR_ENTRIES_MAX,
            Self::Ack { exceptions, .. } => exceptions.len() <= VECTOR_ENTRIES_MAX,
            Self::Away { origins } => origins.len() <= VECTOR_ENTRIES_MAX,
            Self::Marks { entries } => entries.len() <= MARKS_MAX,
            Self::Lease { accounts } | Self::Release { accounts } => {
                accounts.len() <= PRESENCES_MAX
            }
            Self::Presence { entries } => {
                entries.len() <= PRESENCES_MAX && entries.iter().all(PresenceEntry::is_bounded)
            }
            _ => true,
        };
        if within { Ok(frame) } else { Err(DecodeError::TooLong) }
    }

    /// Reads a datagram; only what may be lost travels so.
    pub fn decode_datagram(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > DATAGRAM_BYTES_MAX {
            return Err(DecodeError::TooLong);
        }
        match Self::decode(bytes)? {
            frame @ (Self::Presence { .. } | Self::Typing { .. }) => Ok(frame),
            _ => Err(DecodeError::Shape),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_back_as_they_went() {
        let origin = LineageId([2; 32]);
        let log =
            WireLog { channel: ChannelId([1; 32]), kind: LogKind::Control, origin, number: 1 };
        let frames = [
            Frame::Hello(Hello {
                from: "acme.example".into(),
                to: "globex.example".into(),
                lineage: LineageId([2; 32]),
                start: 5,
                versions: vec![PEER_VERSION],
                changes: None,
            }),
            Frame::Resume { cursor: Some(vec![1, 2, 3].into()) },
            Frame::Resync,
            Frame::Vector {
                entries: vec![VectorEntry { log, seq: 9, hash: ShortHash([3; 16]) }],
                more: false,
            },
            Frame::Want(vec![Want { log, from: 1 }]),
            Frame::NotServed { log, code: 109, control: None },
            Frame::Account { id: 7, number: Some(AccountNumber(8)) },
            Frame::Goodbye { code: 84 },
        ];
        for frame in frames {
            assert_eq!(Frame::decode(&frame.encode()), Ok(frame));
        }
        assert_eq!(data_encoding::HEXLOWER.encode(&Frame::Resync.encode()), "820280");
        assert_eq!(Frame::decode(&[0x82, 0x02, 0x80, 0x00]), Err(DecodeError::NotDeterministic));
    }
}
