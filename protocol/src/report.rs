//! Reports of abuse (`docs/protocol/` section 3.8): an organisation is told that somebody finds
//! fault with what one of its accounts wrote. The event says of which record and why; its body
//! carries the record and what proves, under the receiver's own signature, that it was written so.
//! So nobody can report what was never said, and an edit or an erasure since takes nothing back.

use minicbor::{Decode, Encode};

use crate::body::Body;
use crate::cbor::{self, ByteString};
use crate::chain::{self, Link};
use crate::event::{EventAct, EventHeader};
use crate::head::HeadProof;
use crate::id::{
    AccountNumber, ChannelId, LineageId, LogId, LogName, MessageId, ShortHash, WriterId,
};
use crate::key::NodePublicKey;
use crate::limits::{LINKS_MAX, REPORT_BODY_BYTES_MAX, REPORT_COMMENT_CHARS_MAX};

/// The content type of a report's body.
pub const REPORT: &str = "application/comity-report+cbor";

/// Reports a record of the receiver's.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Report {
    /// The channel of the record.
    #[n(0)]
    pub channel: ChannelId,
    /// Its log's writer; the log's origin is the receiver.
    #[n(1)]
    pub writer: WriterId,
    /// Its place.
    #[n(2)]
    pub seq: u64,
    /// Its hash, shortened.
    #[n(3)]
    pub hash: ShortHash,
    /// The number of the [`Reason`].
    #[n(4)]
    pub reason: u16,
    /// The label of who reports, where he is named; the event's sender then is his account.
    #[n(5)]
    pub from: Option<String>,
}

/// Why somebody reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// It harasses somebody.
    Harassment,
    /// It is against the law.
    Illegal,
    /// Another reason; the comment may say which.
    Other,
    /// It is advertising or a trick.
    Spam,
}

/// What a report's body carries.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Evidence {
    /// The header of the record, as its origin made it.
    #[n(0)]
    pub header: ByteString,
    /// Its body; without the salt the hash in its chain would say nothing of the text.
    #[n(1)]
    pub body: Body,
    /// What who reports says about it.
    #[n(2)]
    pub comment: Option<String>,
    /// What leads to the record; absent where the log is the reporting node's own.
    #[n(3)]
    pub proof: Option<RecordProof>,
}

/// What proves that a record is in its log.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct RecordProof {
    /// The steps from the proven head down to the record, its own the last.
    #[n(0)]
    pub links: Vec<Link>,
    /// A head of the log.
    #[n(1)]
    pub head: HeadProof,
}

/// What a record says whose place in its log is proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// Its author, an account of the log's origin.
    pub author: AccountNumber,
    /// The message: the record itself, or the one that it gives another text.
    pub message: MessageId,
}

impl Reason {
    /// All reasons, by number.
    pub const ALL: [Self; 4] = [Self::Other, Self::Spam, Self::Harassment, Self::Illegal];

    /// Its number on the wire.
    pub const fn number(self) -> u16 {
        match self {
            Self::Other => 0,
            Self::Spam => 1,
            Self::Harassment => 2,
            Self::Illegal => 3,
        }
    }

    /// The reason of a number; one that this version does not know is another one.
    pub fn of(number: u16) -> Self {
        Self::ALL.get(usize::from(number)).copied().unwrap_or(Self::Other)
    }

    /// Its name for people and programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Harassment => "harassment",
            Self::Illegal => "illegal",
            Self::Other => "other",
            Self::Spam => "spam",
        }
    }

    /// The reason of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }
}

impl Evidence {
    /// What a body carries; `None` where it is none of a report, or beyond the limits.
    pub fn decode(body: &Body) -> Option<Self> {
        if !body.is_report() {
            return None;
        }
        let found: Self = cbor::decode(&body.bytes, REPORT_BODY_BYTES_MAX).ok()?;
        found.fits().then_some(found)
    }

    /// The bytes of a body that carries it.
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(self)
    }

    /// Whether it is within the limits.
    fn fits(&self) -> bool {
        let comment = self.comment.as_deref().unwrap_or_default();
        let links = self.proof.as_ref().map_or(0, |proof| proof.links.len());
        comment.chars().count() <= REPORT_COMMENT_CHARS_MAX
            && links <= LINKS_MAX
            && self.body.fits()
    }

    /// What the record says, where it says something and its origin has signed just this.
    pub fn prove(
        &self,
        report: &Report,
        origin: &LineageId,
        key: &NodePublicKey,
    ) -> Option<Proven> {
        let Report { channel, writer, seq, hash, .. } = report;
        let proof = self.proof.as_ref()?;
        let log = LogId {
            channel: *channel,
            name: LogName::Message { origin: *origin, writer: *writer },
        };
        let head = proof.head.verify(log, origin, key).ok()?;
        let found = chain::follow(&log, head.seq, &head.hash, *seq, &proof.links)?;
        let own = proof.links.last().map(|own| own.hash(&log, *seq))?;
        let is_it = found == chain::inner(&self.header, &self.body.hash());
        if is_it && ShortHash::from(own) == *hash { self.read() } else { None }
    }

    /// What the record says, as it stands here; whether its log has it is another matter.
    pub fn read(&self) -> Option<Proven> {
        let header = EventHeader::decode(&self.header).ok()?;
        let own = || MessageId::new(header.time, &chain::inner(&self.header, &self.body.hash()));
        let message = match header.act().ok()? {
            EventAct::Message(_) => own(),
            EventAct::Edit(edit) => edit.message,
            _ => return None,
        };
        self.body.as_text()?;
        (header.sender != AccountNumber(0)).then_some(Proven { author: header.sender, message })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_known_by_number_and_by_name() {
        for (number, reason) in (0..).zip(Reason::ALL) {
            assert_eq!((reason.number(), Reason::of(number)), (number, reason));
            assert_eq!(Reason::named(reason.name()), Some(reason));
        }
        assert_eq!((Reason::of(4), Reason::named("Spam")), (Reason::Other, None));
    }
}
