//! What a control record does: its kind's number and arguments (`docs/protocol/` section 7.1). It
//! must not know when an act is allowed.

use minicbor::{Decode, Encode};

use super::Organisation;
use crate::cbor::{self, ByteString, DecodeError};
use crate::hash::{Hash, Hasher, tag};
use crate::id::{AccountId, ControlPoint, LineageId, ShortHash, WriterId};
use crate::limits::{CLOSED_LOGS_MAX, CONTROL_HEADER_BYTES_MAX, ORGANISATIONS_MAX};

/// A member's role; the order is that of rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Role {
    /// Reads and writes.
    #[n(0)]
    Member,
    /// Invites, removes and bans members, changes name and topic, removes messages.
    #[n(1)]
    Moderator,
    /// All that, and changes roles and rules.
    #[n(2)]
    Owner,
}

/// First control kind that is not critical.
pub const FIRST_OPTIONAL_KIND: u16 = 1_024;

macro_rules! control_acts {
    (
        $($(#[doc = $doc:literal])* $number:literal $variant:ident ($args:ty);)*
        bare: $(#[doc = $cover_doc:literal])* $cover_number:literal $cover:ident;
    ) => {
        /// What a control record does. Numbers of kinds are never used again; those below 1,024 are
        /// critical: a node that does not know one holds the channel read-only.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum ControlAct {
            $($(#[doc = $doc])* $variant($args),)*
            $(#[doc = $cover_doc])*
            $cover,
            /// A kind that this version does not know.
            Unknown(u16),
        }

        impl ControlAct {
            /// The number of the kind.
            pub const fn kind(&self) -> u16 {
                match self {
                    $(Self::$variant(_) => $number,)*
                    Self::$cover => $cover_number,
                    Self::Unknown(kind) => *kind,
                }
            }

            /// The arguments for a header.
            pub fn args(&self) -> Option<ByteString> {
                match self {
                    $(Self::$variant(args) => Some(cbor::encode(args).into()),)*
                    Self::$cover | Self::Unknown(_) => None,
                }
            }

            /// Reads an act from the number of its kind and its arguments.
            pub fn decode(kind: u16, args: Option<&[u8]>) -> Result<Self, DecodeError> {
                match (kind, args) {
                    $(
                        ($number, Some(args)) => decode_args(args).map(Self::$variant),
                        ($number, None) => Err(DecodeError::Shape),
                    )*
                    ($cover_number, None) => Ok(Self::$cover),
                    ($cover_number, Some(_)) => Err(DecodeError::Shape),
                    (unknown, _) => Ok(Self::Unknown(unknown)),
                }
            }
        }
    };
}

control_acts! {
    /// Record 1 of term 1.
    1 Genesis(Genesis);
    /// Invites an account.
    2 Invite(Invite);
    /// An account comes in.
    3 Join(Join);
    /// An account leaves or declines; needs no right.
    4 Leave(Target);
    /// An account is removed, or its invite withdrawn.
    5 Remove(Target);
    /// Changes a member's role.
    6 SetRole(SetRole);
    /// Renames the channel.
    7 SetName(Text);
    /// Changes the topic.
    8 SetTopic(Text);
    /// An account is removed and kept out.
    10 Ban(Ban);
    /// A ban ends.
    11 Unban(Target);
    /// Who may come in without an invite.
    12 SetJoinRule(SetJoinRule);
    /// From which role on members may post.
    13 SetPosting(SetPosting);
    /// Whether newcomers read what was before them.
    14 SetHistory(SetHistory);
    /// How long messages are kept.
    15 SetRetention(SetRetention);
    /// Closes the channel for messages, or opens it again.
    16 SetArchived(SetArchived);
    /// Removes a message of somebody's for all.
    17 Moderate(Moderation);
    /// Raises the channel's version.
    18 SetVersion(SetVersion);
    /// The last record of its term: another organisation becomes home.
    19 HandOver(Succession);
    /// Record 1 of every term but the first.
    20 Open(Opening);
    /// Logs that have ended are closed where V stands.
    21 CloseLogs(Closing);
    /// Whether former texts of edited messages are kept.
    22 SetEdits(SetEdits);
    /// From which role on members may mention all.
    23 SetMentions(SetMentions);
    /// An organisation's key has changed.
    24 ChangeKeys(KeyChanges);
    bare:
    /// Only states V.
    9 Cover;
}

fn decode_args<'b, T: Decode<'b, ()> + Encode<()>>(bytes: &'b [u8]) -> Result<T, DecodeError> {
    cbor::decode(bytes, CONTROL_HEADER_BYTES_MAX)
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

/// The arguments of a ban.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Ban {
    /// Whom.
    #[n(0)]
    pub account: AccountId,
    /// Its label: it need not have been in.
    #[n(1)]
    pub label: String,
}

/// The arguments of a join.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Join {
    /// Who.
    #[n(0)]
    pub account: AccountId,
    /// Present where the account comes in by the join rule, without an invite: its label.
    #[n(1)]
    pub label: Option<String>,
    /// Present where this admits the account's organisation.
    #[n(2)]
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

/// Who may come in without an invite.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub enum JoinRule {
    /// Nobody.
    #[default]
    #[n(0)]
    Invited,
    /// Accounts of these organisations, in ascending order.
    #[n(1)]
    Organisations(#[n(0)] Vec<LineageId>),
    /// Anybody who is not banned.
    #[n(2)]
    Anyone,
}

impl JoinRule {
    /// Whether it is in the one form that records may state.
    pub fn is_sound(&self) -> bool {
        match self {
            Self::Invited | Self::Anyone => true,
            Self::Organisations(list) => {
                let fits = (1..=ORGANISATIONS_MAX as usize).contains(&list.len());
                fits && list.is_sorted_by(|a, b| a < b)
            }
        }
    }

    /// Whether accounts of an organisation may come in.
    pub fn admits(&self, lineage: &LineageId) -> bool {
        match self {
            Self::Invited => false,
            Self::Organisations(list) => list.binary_search(lineage).is_ok(),
            Self::Anyone => true,
        }
    }
}

/// The arguments of a change of the join rule.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SetJoinRule {
    /// The new rule.
    #[n(0)]
    pub rule: JoinRule,
}

/// The arguments of a change of the posting rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SetPosting {
    /// From this role on.
    #[n(0)]
    pub role: Role,
}

/// The arguments of a change of the history rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SetHistory {
    /// Whether newcomers read nothing from before they came.
    #[n(0)]
    pub since_joining: bool,
}

/// The arguments of a change of retention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SetRetention {
    /// How long, in seconds; for ever where absent.
    #[n(0)]
    pub seconds: Option<u64>,
}

/// The arguments of a change of the rule on edits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SetEdits {
    /// Whether former texts of edited messages are kept, for members to read.
    #[n(0)]
    pub kept: bool,
}

/// The arguments of a change of the rule on mentions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SetMentions {
    /// From this role on members may mention all.
    #[n(0)]
    pub role: Role,
}

/// The arguments of archiving.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SetArchived {
    /// Whether the channel is closed for messages.
    #[n(0)]
    pub archived: bool,
}

/// The message that is removed for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Moderation {
    /// The origin of its log.
    #[n(0)]
    pub origin: LineageId,
    /// The writer of its log.
    #[n(1)]
    pub writer: WriterId,
    /// Its place.
    #[n(2)]
    pub seq: u64,
    /// Its hash, shortened: of two under one name only this one goes.
    #[n(3)]
    pub hash: ShortHash,
}

/// The version that a channel has from here on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SetVersion {
    /// Higher than the one before.
    #[n(0)]
    pub version: u64,
}

/// Who is home from the next term on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Succession {
    /// A member organisation.
    #[n(0)]
    pub nominee: LineageId,
}

/// The opening of a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Opening {
    /// The record of the term before that this one goes on from; what stands above it is void.
    #[n(0)]
    pub base: ControlPoint,
    /// Whether the same home opens it after a loss, rather than the nominee of a handover.
    #[n(1)]
    pub forced: bool,
    /// The home of term 1: where whoever knows nothing of the group begins.
    #[n(2)]
    pub founder: LineageId,
}

/// The logs that are closed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Closing {
    /// In ascending order.
    #[n(0)]
    pub logs: Vec<ClosedLog>,
}

impl Closing {
    /// Whether it is in the one form that records may state.
    pub fn is_sound(&self) -> bool {
        (1..=CLOSED_LOGS_MAX).contains(&self.logs.len()) && self.logs.is_sorted_by(|a, b| a < b)
    }
}

/// The keys by which an organisation is judged from here on.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct KeyChanges {
    /// The organisation, which was admitted before.
    #[n(0)]
    pub lineage: LineageId,
    /// All changes of its key from the first one on, as signed.
    #[n(1)]
    pub changes: Vec<ByteString>,
}

/// A message log that is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(array)]
pub struct ClosedLog {
    /// Its origin.
    #[n(0)]
    pub origin: LineageId,
    /// Its writer.
    #[n(1)]
    pub writer: WriterId,
}

impl ClosedLog {
    /// What stands for all logs that are closed once this one is (section 7.4), of which V names
    /// the record `seq`; `before` stands for those closed before it.
    pub fn digest(&self, before: Option<Hash>, seq: u64, hash: ShortHash) -> Hash {
        Hasher::new(tag::CLOSED_LOGS)
            .fixed(&before.unwrap_or(Hash::ZERO).0)
            .fixed(&self.origin.0)
            .int(self.writer.0)
            .int(seq)
            .fixed(&hash.0)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(origin: u8, writer: u64) -> ClosedLog {
        ClosedLog { origin: LineageId([origin; 32]), writer: WriterId(writer) }
    }

    fn acts() -> Vec<ControlAct> {
        let account =
            AccountId { lineage: LineageId([1; 32]), number: crate::id::AccountNumber(2) };
        let point = ControlPoint { term: 1, seq: 2, hash: ShortHash([3; 16]) };
        let lineages = vec![LineageId([1; 32]), LineageId([2; 32])];
        let invite = Invite { account, label: "a@b.example".into(), role: Role::Member };
        vec![
            ControlAct::Invite(invite),
            ControlAct::Join(Join { account, label: None, organisation: None }),
            ControlAct::Leave(Target { account }),
            ControlAct::SetName(Text { text: "x".into() }),
            ControlAct::Ban(Ban { account, label: "a@b.example".into() }),
            ControlAct::SetJoinRule(SetJoinRule { rule: JoinRule::Organisations(lineages) }),
            ControlAct::SetPosting(SetPosting { role: Role::Owner }),
            ControlAct::SetRetention(SetRetention { seconds: Some(3_600) }),
            ControlAct::SetRetention(SetRetention { seconds: None }),
            ControlAct::SetArchived(SetArchived { archived: true }),
            ControlAct::HandOver(Succession { nominee: LineageId([9; 32]) }),
            ControlAct::Open(Opening { base: point, forced: false, founder: LineageId([8; 32]) }),
            ControlAct::CloseLogs(Closing { logs: vec![log(1, 2), log(1, 3)] }),
            ControlAct::ChangeKeys(KeyChanges {
                lineage: LineageId([7; 32]),
                changes: vec![vec![1, 2].into()],
            }),
            ControlAct::Cover,
        ]
    }

    #[test]
    fn acts_come_back_as_they_went() {
        for act in acts() {
            let args = act.args();
            assert_eq!(ControlAct::decode(act.kind(), args.as_deref()), Ok(act));
        }
    }

    #[test]
    fn arguments_stand_where_the_kind_has_some_and_nowhere_else() {
        for act in acts() {
            let other = if act.args().is_some() { None } else { Some(&[0x80_u8][..]) };
            assert!(ControlAct::decode(act.kind(), other).is_err(), "{act:?}");
        }
        assert_eq!(ControlAct::decode(999, Some(&[0xff])), Ok(ControlAct::Unknown(999)));
    }

    #[test]
    fn a_closing_is_a_sorted_list_of_some() {
        let is_sound = |logs: &[ClosedLog]| Closing { logs: logs.to_vec() }.is_sound();
        assert!(is_sound(&[log(1, 9)]) && is_sound(&[log(1, 9), log(2, 3)]));
        assert!(!is_sound(&[]) && !is_sound(&[log(2, 3), log(1, 9)]));
        assert!(!is_sound(&[log(1, 9), log(1, 9)]));
        let many: Vec<ClosedLog> = (0..=CLOSED_LOGS_MAX as u64).map(|n| log(1, n)).collect();
        assert!(is_sound(&many[1..]) && !is_sound(&many));
    }

    #[test]
    fn a_join_rule_is_a_sorted_list_of_some() {
        let of = |list: &[u8]| {
            JoinRule::Organisations(list.iter().map(|byte| LineageId([*byte; 32])).collect())
        };
        assert!(of(&[1, 2]).is_sound() && JoinRule::Anyone.is_sound());
        assert!(!of(&[]).is_sound() && !of(&[2, 1]).is_sound() && !of(&[1, 1]).is_sound());
        assert!(of(&[1, 2]).admits(&LineageId([2; 32])));
        assert!(!of(&[1, 2]).admits(&LineageId([3; 32])));
    }
}
