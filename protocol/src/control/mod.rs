//! Control records: membership, roles and rules of a group channel, written by its home alone
//! (`docs/protocol/` section 7). Every member judges a record by itself and the state before it.

mod act;

pub use act::{
    Ban, ClosedLog, Closing, ControlAct, FIRST_OPTIONAL_KIND, Genesis, Invite, Join, JoinRule,
    KeyChanges, Moderation, Opening, Role, SetArchived, SetEdits, SetHistory, SetJoinRule,
    SetMentions, SetPosting, SetRetention, SetRole, SetVersion, Succession, Target, Text,
};

use minicbor::{Decode, Encode};

use crate::cbor::{self, ByteString, DecodeError};
use crate::chain::Link;
use crate::clock::HybridTime;
use crate::hash::Hash;
use crate::head::HeadProof;
use crate::id::{AccountId, ChannelId, LineageId, ShortHash, WriterId};
use crate::key::{NodePublicKey, lineage_id};
use crate::limits::{CONTROL_HEADER_BYTES_MAX, COVER_ENTRIES_MAX, LINKS_MAX};

/// The header of a control record. Its body is always empty.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ControlHeader {
    /// Strictly increasing within the term.
    #[n(0)]
    pub time: HybridTime,
    /// What the record is; see [`ControlAct`].
    #[n(1)]
    pub kind: u16,
    /// In whose name; absent where the home acts by itself.
    #[n(2)]
    pub actor: Option<AccountId>,
    /// The kind's arguments, encoded.
    #[n(3)]
    pub args: Option<ByteString>,
    /// Entries of the vector V.
    #[n(4)]
    pub cover: Option<Vec<CoverEntry>>,
    /// The hash of the control state before this record, where the rules ask for it.
    #[n(5)]
    pub state: Option<Hash>,
    /// The request that the record grants, where the actor is not the home's own user.
    #[n(6)]
    pub request: Option<RequestProof>,
}

/// Up to where the home has applied a message log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct CoverEntry {
    /// The log's origin.
    #[n(0)]
    pub origin: LineageId,
    /// Its writer.
    #[n(1)]
    pub writer: WriterId,
    /// The last record applied.
    #[n(2)]
    pub seq: u64,
    /// Its hash, shortened.
    #[n(3)]
    pub hash: ShortHash,
}

/// A request with all that proves that its author made it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RequestProof {
    /// The channel of the log that holds it: this one, or a link channel.
    #[n(0)]
    pub channel: ChannelId,
    /// The log's writer; its origin is the actor's lineage.
    #[n(1)]
    pub writer: WriterId,
    /// The event.
    #[n(2)]
    pub seq: u64,
    /// Its header, as received.
    #[n(3)]
    pub header: ByteString,
    /// The hash of its body.
    #[n(4)]
    pub body_hash: Hash,
    /// The steps from the proven head down to it, its own the last.
    #[n(5)]
    pub links: Vec<Link>,
    /// The proven head.
    #[n(6)]
    pub head: HeadProof,
}

/// An organisation as its admission records it. The lineage follows from the first three fields, so
/// no home can give an organisation another key.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Organisation {
    /// Its domain; the label of its accounts.
    #[n(0)]
    pub domain: String,
    /// Its first node key.
    #[n(1)]
    pub first_key: NodePublicKey,
    /// The hash of its recovery key.
    #[n(2)]
    pub recovery: Hash,
    /// Changes of its key since, each signed by the key before or the recovery key.
    #[n(3)]
    pub changes: Vec<ByteString>,
}

impl Organisation {
    /// Its lineage, where the domain is one.
    pub fn lineage(&self) -> Option<LineageId> {
        let domain = self.domain.parse().ok()?;
        Some(lineage_id(&domain, &self.first_key, &self.recovery))
    }
}

impl ControlHeader {
    /// Reads a header from its bytes as received.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let header: Self = cbor::decode(bytes, CONTROL_HEADER_BYTES_MAX)?;
        let entries = header.cover.as_ref().map_or(0, Vec::len);
        let links = header.request.as_ref().map_or(0, |r| r.links.len());
        if entries > COVER_ENTRIES_MAX || links > LINKS_MAX {
            return Err(DecodeError::TooLong);
        }
        Ok(header)
    }

    /// What the record does.
    pub fn act(&self) -> Result<ControlAct, DecodeError> {
        ControlAct::decode(self.kind, self.args.as_deref())
    }
}
