//! Applied records: what a command added to logs, for the store, the feeds and the links.

use std::sync::Arc;

use comity_protocol::body::WireBody;
use comity_protocol::cbor::{self, ByteString};
use comity_protocol::clock::HybridTime;
use comity_protocol::cursor::Pos;
use comity_protocol::event::Record;
use comity_protocol::hash::Hash;
use comity_protocol::id::{AccountId, AccountNumber, ChannelId, LineageId, LogId, MessageId};
use minicbor::{Decode, Encode};

use crate::annotation::Annotation;
use crate::channel::{ChannelNo, LogNo};

/// What a record amounts to, the same at every node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Outcome {
    /// It has its effect.
    #[n(0)]
    Accepted,
    /// Its author was not allowed to.
    #[n(1)]
    Rejected,
    /// A kind that this version does not know.
    #[n(2)]
    Unknown,
    /// Against the rules of the channel's version: keeps its number, has no effect.
    #[n(3)]
    Void,
    /// Of a history of its log that does not count: as if it had never come.
    #[n(4)]
    Replaced,
}

/// By what a record's body was erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum ErasedBy {
    /// Another record: its organisation's erasure, or a moderator's removal.
    #[n(0)]
    Record,
    /// The rule that says how long texts are kept.
    #[n(1)]
    Retention,
    /// An edit of the message, or a later one, where former texts are not kept.
    #[n(2)]
    Edit,
}

impl ErasedBy {
    /// By what a body counts as erased that was erased before: a record says more than a rule, and
    /// a rule more than an edit, after which there is another text.
    #[must_use]
    pub fn after(self, before: Option<Self>) -> Self {
        match (before, self) {
            (Some(Self::Record), _) => Self::Record,
            (Some(Self::Retention), Self::Edit) => Self::Retention,
            (_, by) => by,
        }
    }
}

/// Who follows a feed: an account with its devices, or a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subscriber {
    /// An account of this node.
    Account(AccountNumber),
    /// Another organisation.
    Peer(LineageId),
}

impl Subscriber {
    /// The account, where it is one.
    pub const fn account(&self) -> Option<AccountNumber> {
        match self {
            Self::Account(account) => Some(*account),
            Self::Peer(_) => None,
        }
    }
}

/// One applied record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Its place in this node's order; zero for backfill, which has none.
    pub pos: Pos,
    /// Its channel.
    pub channel: ChannelNo,
    /// Its channel's id.
    pub channel_id: ChannelId,
    /// Its log.
    pub log: LogId,
    /// Its log, as this node numbers it.
    pub log_no: LogNo,
    /// Its place in the log.
    pub seq: u64,
    /// Its hash.
    pub hash: Hash,
    /// Its time.
    pub time: HybridTime,
    /// Its name for display.
    pub id: MessageId,
    /// Who acts, where somebody does.
    pub sender: Option<AccountId>,
    /// What it amounts to.
    pub outcome: Outcome,
    /// The event before it in its log that stated `after` last; 0 where none did.
    pub stated: u64,
    /// The record.
    pub record: Record,
    /// Who is to see it in the feed.
    pub audience: Arc<[Subscriber]>,
    /// Accounts that see it although they are not, or no longer, in the channel.
    pub inbox: Vec<AccountNumber>,
    /// Of a control record: messages that were accepted before and that it rejects. Of one that
    /// erases, or an erasure: the message. Empty as the machine makes it; whoever keeps records
    /// fills it in from `Effects::withdrawn` and `Effects::erased`.
    pub withdrawn: Arc<[MessageId]>,
    /// What it says of another message.
    pub annotation: Option<Annotation>,
    /// Accounts of ours that it mentions.
    pub mentioned: Vec<AccountNumber>,
    /// By what its body was erased, where it was.
    pub erased: Option<ErasedBy>,
    /// Of a message of another organisation: whether it came long after its time.
    pub is_late: bool,
    /// Whether its sender is blocked by whom it is for: shown to nobody but its sender.
    pub is_unheard: bool,
}

/// An applied record as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct EventRow {
    /// The log, as this node numbers it.
    #[n(0)]
    pub log: LogNo,
    /// Its place in the log.
    #[n(1)]
    pub seq: u64,
    /// Its hash.
    #[n(2)]
    pub hash: Hash,
    /// Its name for display; carries its time.
    #[n(3)]
    pub id: MessageId,
    /// What it amounts to.
    #[n(4)]
    pub outcome: Outcome,
    /// Who acts.
    #[n(5)]
    pub sender: Option<AccountId>,
    /// The header, as its origin made it.
    #[n(6)]
    pub header: ByteString,
    /// The body.
    #[n(7)]
    pub body: WireBody,
    /// The event before it in its log that stated `after` last; 0 where none did.
    #[n(8)]
    pub stated: u64,
    /// By what its body was erased, where it was.
    #[n(9)]
    pub erased: Option<ErasedBy>,
    /// Of a message of another organisation: whether it came long after its time.
    #[n(10)]
    pub is_late: bool,
    /// Whether its sender is blocked by whom it is for: shown to nobody but its sender.
    #[n(11)]
    pub is_unheard: bool,
}

impl EventRow {
    /// Takes its body away.
    pub fn erase(&mut self, by: ErasedBy) {
        self.body.erase();
        self.erased = Some(by.after(self.erased));
    }

    /// Whether an account may be shown it, as far as blocks go.
    pub fn is_heard_by(&self, account: AccountId) -> bool {
        !self.is_unheard || self.sender == Some(account)
    }

    /// Reads a row back. The store's checksum says that the bytes are ours; they need no check of
    /// form.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        minicbor::decode(bytes).ok()
    }
}

/// An [`EventRow`] that borrows what it holds: the same fields under the same numbers.
#[derive(Encode)]
#[cbor(array)]
struct RowOf<'a> {
    #[n(0)]
    log: LogNo,
    #[n(1)]
    seq: u64,
    #[n(2)]
    hash: Hash,
    #[n(3)]
    id: MessageId,
    #[n(4)]
    outcome: Outcome,
    #[n(5)]
    sender: Option<AccountId>,
    #[n(6)]
    header: &'a ByteString,
    #[n(7)]
    body: &'a WireBody,
    #[n(8)]
    stated: u64,
    #[n(9)]
    erased: Option<ErasedBy>,
    #[n(10)]
    is_late: bool,
    #[n(11)]
    is_unheard: bool,
}

impl Applied {
    /// Takes its body away.
    pub fn erase(&mut self, by: ErasedBy) {
        self.record.body.erase();
        self.erased = Some(by.after(self.erased));
    }

    /// Whether an account may be shown it, as far as blocks go.
    pub fn is_heard_by(&self, account: AccountId) -> bool {
        !self.is_unheard || self.sender == Some(account)
    }

    /// Whether it has a place of its own in its channel's history.
    pub fn is_listed(&self) -> bool {
        let is_listed = self.annotation.as_ref().is_none_or(Annotation::is_listed);
        self.outcome == Outcome::Accepted && is_listed
    }

    /// Appends the row that the store keeps, an [`EventRow`].
    pub fn encode_row(&self, bytes: &mut Vec<u8>) {
        let row = RowOf {
            log: self.log_no,
            seq: self.seq,
            hash: self.hash,
            id: self.id,
            outcome: self.outcome,
            sender: self.sender,
            header: &self.record.header,
            body: &self.record.body,
            stated: self.stated,
            erased: self.erased,
            is_late: self.is_late,
            is_unheard: self.is_unheard,
        };
        cbor::encode_into(&row, bytes);
    }

    /// Bytes that it holds in memory, nearly.
    pub fn weight(&self) -> usize {
        self.record.weight() + 320
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use comity_protocol::body::Body;
    use comity_protocol::id::{LogName, WriterId};

    use super::*;

    #[test]
    fn a_row_is_read_back_whole() {
        let channel_id = ChannelId([4; 32]);
        let name = LogName::Message { origin: LineageId([5; 32]), writer: WriterId(6) };
        let account = AccountId { lineage: LineageId([5; 32]), number: AccountNumber(7) };
        for (sender, outcome) in [(Some(account), Outcome::Accepted), (None, Outcome::Void)] {
            let body = WireBody::Present(Body::text([1; 32], "hello"));
            let applied = Applied {
                pos: Pos(1),
                channel: ChannelNo(2),
                channel_id,
                log: LogId { channel: channel_id, name },
                log_no: LogNo(300),
                seq: 70_000,
                hash: Hash([8; 32]),
                time: HybridTime::default(),
                id: MessageId([9; 16]),
                sender,
                outcome,
                stated: 69_000,
                record: Record { header: vec![1, 2, 3].into(), body },
                audience: Arc::from([]),
                inbox: Vec::new(),
                withdrawn: Arc::from([]),
                annotation: None,
                mentioned: Vec::new(),
                erased: None,
                is_late: outcome == Outcome::Void,
                is_unheard: outcome == Outcome::Void,
            };
            let mut bytes = Vec::new();
            applied.encode_row(&mut bytes);
            let row = EventRow::decode(&bytes).unwrap();
            let expected = EventRow {
                log: applied.log_no,
                seq: applied.seq,
                hash: applied.hash,
                id: applied.id,
                outcome,
                sender,
                header: applied.record.header,
                body: applied.record.body,
                stated: applied.stated,
                erased: None,
                is_late: applied.is_late,
                is_unheard: applied.is_unheard,
            };
            assert_eq!(row, expected);
            assert_eq!(bytes, cbor::encode(&expected));
        }
    }
}
