//! Control records: membership, roles, name and topic of a group channel, written by its home alone
//! (`docs/protocol/` section 7). Every member judges a record by itself and the state before it.

use minicbor::{Decode, Encode};

use crate::cbor::{self, ByteString, DecodeError};
use crate::chain::Link;
use crate::clock::HybridTime;
use crate::hash::Hash;
use crate::head::HeadProof;
use crate::id::{AccountId, ChannelId, LineageId, ShortHash, WriterId};
use crate::key::{NodePublicKey, lineage_id};
use crate::limits::{CONTROL_HEADER_BYTES_MAX, COVER_ENTRIES_MAX, LINKS_MAX};

/// A member's role; the order is that of rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Role {
    /// Reads and writes.
    #[n(0)]
    Member,
    /// Invites, removes members, changes name and topic.
    #[n(1)]
    Moderator,
    /// All that, and changes roles.
    #[n(2)]
    Owner,
}

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

/// Numbers of control kinds; never used again. Kinds below 1,024 are critical: a node that does not
/// know one holds the channel read-only.
mod kind {
    pub(super) const GENESIS: u16 = 1;
    pub(super) const INVITE: u16 = 2;
    pub(super) const JOIN: u16 = 3;
    pub(super) const LEAVE: u16 = 4;
    pub(super) const REMOVE: u16 = 5;
    pub(super) const SET_ROLE: u16 = 6;
    pub(super) const SET_NAME: u16 = 7;
    pub(super) const SET_TOPIC: u16 = 8;
    pub(super) const COVER: u16 = 9;
}

/// First control kind that is not critical.
pub const FIRST_OPTIONAL_KIND: u16 = 1_024;

/// What a control record does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ControlAct {
    /// Only states V.
    Cover,
    /// Record 1 of term 1.
    Genesis(Genesis),
    /// Invites an account.
    Invite(Invite),
    /// An account comes in.
    Join(Join),
    /// An account leaves or declines; needs no right.
    Leave(Target),
    /// An account is removed, or its invite withdrawn.
    Remove(Target),
    /// Renames the channel.
    SetName(Text),
    /// Changes a member's role.
    SetRole(SetRole),
    /// Changes the topic.
    SetTopic(Text),
    /// A kind that this version does not know.
    Unknown(u16),
}

/// The birth of a group. The channel's id is `inner` of this record, which therefore does not
/// contain it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Genesis {
    /// The channel's version.
    #[n(0)]
    pub version: u64,
    /// 32 random bytes: two groups of one owner are never one.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub nonce: [u8; 32],
    /// The home.
    #[n(2)]
    pub home: Organisation,
    /// The first owner, of the home.
    #[n(3)]
    pub owner: AccountId,
    /// The owner's label.
    #[n(4)]
    pub label: String,
    /// The most members.
    #[n(5)]
    pub member_limit: u32,
    /// The channel's name.
    #[n(6)]
    pub name: String,
    /// The channel's topic.
    #[n(7)]
    pub topic: String,
}

/// The arguments of an invite.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Invite {
    /// Whom.
    #[n(0)]
    pub account: AccountId,
    /// Its label.
    #[n(1)]
    pub label: String,
    /// The role it will have.
    #[n(2)]
    pub role: Role,
}

/// The arguments of a join.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Join {
    /// Who.
    #[n(0)]
    pub account: AccountId,
    /// Present where this admits the account's organisation.
    #[n(1)]
    pub organisation: Option<Organisation>,
}

/// The account that a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Target {
    /// Who.
    #[n(0)]
    pub account: AccountId,
}

/// The arguments of a change of role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SetRole {
    /// Whose.
    #[n(0)]
    pub account: AccountId,
    /// The new role.
    #[n(1)]
    pub role: Role,
}

/// A name or a topic.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Text {
    /// The text.
    #[n(0)]
    pub text: String,
}

impl ControlAct {
    /// The number of the kind.
    pub fn kind(&self) -> u16 {
        match self {
            Self::Cover => kind::COVER,
            Self::Genesis(_) => kind::GENESIS,
            Self::Invite(_) => kind::INVITE,
            Self::Join(_) => kind::JOIN,
            Self::Leave(_) => kind::LEAVE,
            Self::Remove(_) => kind::REMOVE,
            Self::SetName(_) => kind::SET_NAME,
            Self::SetRole(_) => kind::SET_ROLE,
            Self::SetTopic(_) => kind::SET_TOPIC,
            Self::Unknown(kind) => *kind,
        }
    }

    /// The arguments for a header.
    pub fn args(&self) -> Option<ByteString> {
        let bytes = match self {
            Self::Cover | Self::Unknown(_) => return None,
            Self::Genesis(args) => cbor::encode(args),
            Self::Invite(args) => cbor::encode(args),
            Self::Join(args) => cbor::encode(args),
            Self::Leave(args) | Self::Remove(args) => cbor::encode(args),
            Self::SetName(args) | Self::SetTopic(args) => cbor::encode(args),
            Self::SetRole(args) => cbor::encode(args),
        };
        Some(bytes.into())
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
        let Some(args) = self.args.as_deref() else {
            return match self.kind {
                kind::COVER => Ok(ControlAct::Cover),
                kind::GENESIS..=kind::SET_TOPIC => Err(DecodeError::Shape),
                unknown => Ok(ControlAct::Unknown(unknown)),
            };
        };
        match self.kind {
            kind::COVER => Err(DecodeError::Shape),
            kind::GENESIS => decode_args(args).map(ControlAct::Genesis),
            kind::INVITE => decode_args(args).map(ControlAct::Invite),
            kind::JOIN => decode_args(args).map(ControlAct::Join),
            kind::LEAVE => decode_args(args).map(ControlAct::Leave),
            kind::REMOVE => decode_args(args).map(ControlAct::Remove),
            kind::SET_NAME => decode_args(args).map(ControlAct::SetName),
            kind::SET_ROLE => decode_args(args).map(ControlAct::SetRole),
            kind::SET_TOPIC => decode_args(args).map(ControlAct::SetTopic),
            unknown => Ok(ControlAct::Unknown(unknown)),
        }
    }
}

fn decode_args<'b, T: Decode<'b, ()> + Encode<()>>(bytes: &'b [u8]) -> Result<T, DecodeError> {
    cbor::decode(bytes, CONTROL_HEADER_BYTES_MAX)
}
