//! Events: the records of message logs (`docs/protocol/` section 3). Headers are hashed as
//! received; what carries authority stands in them, so erasing a body never changes what an event
//! does.

use minicbor::{Decode, Encode};

use crate::body::WireBody;
use crate::cbor::{self, ByteString, DecodeError};
use crate::clock::HybridTime;
use crate::code::Code;
use crate::control::ControlAct;
use crate::hash::{Hash, Hasher, tag};
use crate::id::{
    AccountId, AccountNumber, ChannelId, ControlPoint, LineageId, ShortHash, WriterId,
};
use crate::limits::{ENDED_LOGS_MAX, EVENT_HEADER_BYTES_MAX, LABEL_BYTES_MAX};

pub use crate::remark::{Edit, Message, Pin, Reaction};
pub use crate::report::Report;

/// The header of an event, about 27 bytes for a message.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct EventHeader {
    /// Strictly increasing within the log.
    #[n(0)]
    pub time: HybridTime,
    /// Who acts; the lineage is the log's origin. 0 is the organisation itself.
    #[n(1)]
    pub sender: AccountNumber,
    /// What the event is; see [`EventAct`].
    #[n(2)]
    pub kind: u16,
    /// The newest control record that the origin had applied, in group channels.
    #[n(3)]
    pub after: Option<ControlPoint>,
    /// The kind's arguments, encoded, so that unknown kinds keep their bytes.
    #[n(4)]
    pub args: Option<ByteString>,
    /// In a log's first event only.
    #[n(5)]
    pub start: Option<LogStart>,
}

/// What a log's first event says about the log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct LogStart {
    /// The channel version for direct and link channels; version 1 where absent.
    #[n(0)]
    pub version: Option<u64>,
    /// A direct channel's two accounts in ascending order, since its id cannot be inverted.
    #[n(1)]
    pub accounts: Option<(AccountId, AccountId)>,
    /// A link channel's two organisations in ascending order.
    #[n(2)]
    pub organisations: Option<(LineageId, LineageId)>,
    /// In a direct channel: the name of the origin's account, for display.
    #[n(3)]
    pub name: Option<String>,
    /// Logs of the same origin that have ended.
    #[n(4)]
    pub ended: Option<Vec<EndedLog>>,
}

/// A log that its origin will not continue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct EndedLog {
    /// Its writer.
    #[n(0)]
    pub writer: WriterId,
    /// Its last record as known.
    #[n(1)]
    pub seq: u64,
    /// That record's hash, shortened.
    #[n(2)]
    pub hash: ShortHash,
}

/// What an event does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventAct {
    /// Asks an account of the receiver's to be a contact, or answers (link channels).
    Contact(Contact),
    /// A message of the same author gets another text; it is the body (direct channels, groups).
    Edit(Edit),
    /// An event of the same origin is erased: its body goes from every node.
    Erasure(Erasure),
    /// An erasure was carried out by the log's origin (link channels).
    Erased(Erasure),
    /// An invitation of one of the receiver's accounts (link channels).
    Invitation(Invitation),
    /// A text; it is the body.
    Message(Message),
    /// A message is pinned, or is no longer (direct channels, groups).
    Pin(Pin),
    /// A reaction to a message, or its end (direct channels, groups).
    Reaction(Reaction),
    /// What an account of the receiver's wrote is reported (link channels).
    Report(Report),
    /// A request for a control record.
    Request(Request),
    /// The home's refusal of a request (link channels).
    RequestRefused(RequestRefused),
    /// A test of the way between two nodes, for an admin: stored, without effect (link channels).
    Test(Test),
    /// A kind that this version does not know: stored and relayed, without effect.
    Unknown(u16),
}

/// Numbers of event kinds; never used again.
mod kind {
    pub(super) const MESSAGE: u16 = 1;
    pub(super) const REQUEST: u16 = 2;
    pub(super) const INVITATION: u16 = 3;
    pub(super) const REQUEST_REFUSED: u16 = 4;
    pub(super) const ERASURE: u16 = 5;
    pub(super) const ERASED: u16 = 6;
    pub(super) const CONTACT: u16 = 7;
    pub(super) const EDIT: u16 = 8;
    pub(super) const REACTION: u16 = 9;
    pub(super) const PIN: u16 = 10;
    pub(super) const TEST: u16 = 11;
    pub(super) const REPORT: u16 = 12;
}

/// What a user asks of a channel's home.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub enum Request {
    /// Come in on an invite (link channels).
    #[n(0)]
    Accept {
        /// The group.
        #[n(0)]
        channel: ChannelId,
        /// The invite record.
        #[n(1)]
        invite: ControlPoint,
    },
    /// Turn an invite down (link channels).
    #[n(1)]
    Decline {
        /// The group.
        #[n(0)]
        channel: ChannelId,
        /// The invite record.
        #[n(1)]
        invite: ControlPoint,
    },
    /// Come in by the join rule (link channels).
    #[n(2)]
    Join {
        /// The group.
        #[n(0)]
        channel: ChannelId,
        /// The asker's label.
        #[n(1)]
        label: String,
    },
    /// Have the control record of this kind with these arguments.
    #[n(3)]
    Act {
        /// The kind.
        #[n(0)]
        kind: u16,
        /// Its arguments.
        #[n(1)]
        args: ByteString,
    },
}

impl Request {
    /// The request for a control record; `None` for acts that nobody asks for.
    pub fn of(act: &ControlAct) -> Option<Self> {
        let args = act.args().filter(|_| is_asked_for(act))?;
        Some(Self::Act { kind: act.kind(), args })
    }

    /// The control record that is asked for in the group itself; `None` where the arguments are
    /// broken, or nobody may ask for the kind.
    pub fn act(&self) -> Option<ControlAct> {
        let Self::Act { kind, args } = self else { return None };
        ControlAct::decode(*kind, Some(args)).ok().filter(is_asked_for)
    }
}

/// Whether users act so: what the home does by itself, and what is asked for in the link channel,
/// is not asked for.
const fn is_asked_for(act: &ControlAct) -> bool {
    !matches!(
        act,
        ControlAct::ChangeKeys(_)
            | ControlAct::CloseLogs(_)
            | ControlAct::Cover
            | ControlAct::Genesis(_)
            | ControlAct::Join(_)
            | ControlAct::Open(_)
            | ControlAct::Unknown(_)
    )
}

/// An event that is erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Erasure {
    /// Its channel; absent where that is the channel of the erasure itself.
    #[n(0)]
    pub channel: Option<ChannelId>,
    /// Its log's writer; of an erasure the log's origin is that of the erasure, of a receipt it is
    /// the receiver.
    #[n(1)]
    pub writer: WriterId,
    /// Its place.
    #[n(2)]
    pub seq: u64,
    /// Its hash, shortened.
    #[n(3)]
    pub hash: ShortHash,
}

/// A step between two accounts that are to be, or are no longer, contacts.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Contact {
    /// The account of the receiver's.
    #[n(0)]
    pub account: AccountNumber,
    /// The step.
    #[n(1)]
    pub step: ContactStep,
    /// The sender's label, for display.
    #[n(2)]
    pub from: String,
    /// The account's label as the sender knows it, for display.
    #[n(3)]
    pub label: String,
}

/// The steps between contacts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum ContactStep {
    /// The sender asks.
    #[n(0)]
    Ask,
    /// The sender agrees.
    #[n(1)]
    Accept,
    /// The sender declines, takes back or ends it.
    #[n(2)]
    End,
}

/// Tests the way to another node; its writer looks whether it comes there as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Test {
    /// Random bytes, so that no two tests are alike.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub nonce: [u8; 16],
}

/// Tells an organisation that one of its accounts is invited.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Invitation {
    /// The group; its home is the log's origin.
    #[n(0)]
    pub channel: ChannelId,
    /// The invite record.
    #[n(1)]
    pub invite: ControlPoint,
    /// Who is invited.
    #[n(2)]
    pub account: AccountNumber,
    /// Who invites, as a label for display.
    #[n(3)]
    pub inviter: String,
    /// The channel's name, for display.
    #[n(4)]
    pub name: String,
}

/// Tells an organisation that its request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct RequestRefused {
    /// The channel whose log holds the request.
    #[n(0)]
    pub channel: ChannelId,
    /// That log's writer.
    #[n(1)]
    pub writer: WriterId,
    /// The request.
    #[n(2)]
    pub seq: u64,
    /// The group that it was about.
    #[n(3)]
    pub group: ChannelId,
    /// Who asked.
    #[n(4)]
    pub account: AccountNumber,
    /// The refusal code's number.
    #[n(5)]
    pub code: u16,
}

impl RequestRefused {
    /// The refusal code, where this version knows it.
    pub fn code(&self) -> Code {
        Code::from_number(self.code).unwrap_or(Code::RequestRefused)
    }
}

impl EventAct {
    /// A message that is nothing but its text.
    pub fn message() -> Self {
        Self::Message(Message::default())
    }

    /// The number of the kind.
    pub fn kind(&self) -> u16 {
        match self {
            Self::Contact(_) => kind::CONTACT,
            Self::Edit(_) => kind::EDIT,
            Self::Erased(_) => kind::ERASED,
            Self::Erasure(_) => kind::ERASURE,
            Self::Invitation(_) => kind::INVITATION,
            Self::Message(_) => kind::MESSAGE,
            Self::Pin(_) => kind::PIN,
            Self::Reaction(_) => kind::REACTION,
            Self::Report(_) => kind::REPORT,
            Self::Request(_) => kind::REQUEST,
            Self::RequestRefused(_) => kind::REQUEST_REFUSED,
            Self::Test(_) => kind::TEST,
            Self::Unknown(kind) => *kind,
        }
    }

    /// The arguments for a header.
    pub fn args(&self) -> Option<ByteString> {
        let bytes = match self {
            Self::Unknown(_) => return None,
            Self::Message(message) if *message == Message::default() => return None,
            Self::Contact(contact) => cbor::encode(contact),
            Self::Edit(edit) => cbor::encode(edit),
            Self::Erased(erasure) | Self::Erasure(erasure) => cbor::encode(erasure),
            Self::Invitation(invitation) => cbor::encode(invitation),
            Self::Message(message) => cbor::encode(message),
            Self::Pin(pin) => cbor::encode(pin),
            Self::Reaction(reaction) => cbor::encode(reaction),
            Self::Report(report) => cbor::encode(report),
            Self::Request(request) => cbor::encode(request),
            Self::RequestRefused(refused) => cbor::encode(refused),
            Self::Test(test) => cbor::encode(test),
        };
        Some(bytes.into())
    }
}

impl EventHeader {
    /// Reads a header from its bytes as received.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let header: Self = cbor::decode(bytes, EVENT_HEADER_BYTES_MAX)?;
        let start = header.start.as_ref();
        let ended = start.and_then(|s| s.ended.as_ref()).map_or(0, Vec::len);
        let name = start.and_then(|s| s.name.as_ref()).map_or(0, String::len);
        if ended > ENDED_LOGS_MAX || name > LABEL_BYTES_MAX {
            return Err(DecodeError::TooLong);
        }
        Ok(header)
    }

    /// What the event does.
    pub fn act(&self) -> Result<EventAct, DecodeError> {
        let args = || self.args.as_deref().ok_or(DecodeError::Shape);
        match self.kind {
            kind::MESSAGE if self.args.is_none() => Ok(EventAct::message()),
            kind::MESSAGE => decode_message(args()?).map(EventAct::Message),
            kind::REQUEST if is_later_request(args()?) => Ok(EventAct::Unknown(self.kind)),
            kind::REQUEST => decode_args(args()?).map(EventAct::Request),
            kind::INVITATION => decode_args(args()?).map(EventAct::Invitation),
            kind::REQUEST_REFUSED => decode_args(args()?).map(EventAct::RequestRefused),
            kind::ERASURE => decode_args(args()?).map(EventAct::Erasure),
            kind::ERASED => decode_args(args()?).map(EventAct::Erased),
            kind::CONTACT => decode_args(args()?).map(EventAct::Contact),
            kind::EDIT => decode_args(args()?).map(EventAct::Edit),
            kind::PIN => decode_args(args()?).map(EventAct::Pin),
            kind::REACTION => decode_reaction(args()?).map(EventAct::Reaction),
            kind::TEST => decode_args(args()?).map(EventAct::Test),
            kind::REPORT => decode_args(args()?).map(EventAct::Report),
            unknown => Ok(EventAct::Unknown(unknown)),
        }
    }
}

/// Whether the arguments are a request with a number that this version does not know: an unknown
/// kind like any other, not a broken one.
fn is_later_request(args: &[u8]) -> bool {
    let mut decoder = minicbor::Decoder::new(args);
    let number = decoder.array().and_then(|_| decoder.u64());
    number.is_ok_and(|number| number > LAST_REQUEST)
}

/// The largest number of a [`Request`].
const LAST_REQUEST: u64 = 3;

/// What a message says besides its text; where it says nothing it has no arguments.
fn decode_message(args: &[u8]) -> Result<Message, DecodeError> {
    let message: Message = decode_args(args)?;
    let is_sound = message.is_sound() && message != Message::default();
    if is_sound { Ok(message) } else { Err(DecodeError::Shape) }
}

fn decode_reaction(args: &[u8]) -> Result<Reaction, DecodeError> {
    let reaction: Reaction = decode_args(args)?;
    if Reaction::is_sound(&reaction.reaction) { Ok(reaction) } else { Err(DecodeError::Shape) }
}

fn decode_args<'b, T: Decode<'b, ()> + Encode<()>>(bytes: &'b [u8]) -> Result<T, DecodeError> {
    cbor::decode(bytes, EVENT_HEADER_BYTES_MAX)
}

/// A record as it travels, of a message log or a control log: the header's bytes as its origin made
/// them, and its body or that body's hash. What the place implies (log, seq, links) is not sent.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Record {
    /// The header, as received.
    #[n(0)]
    pub header: ByteString,
    /// The body.
    #[n(1)]
    pub body: WireBody,
}

impl Record {
    /// `inner` of the record.
    pub fn inner(&self) -> Hash {
        crate::chain::inner(&self.header, &self.body.hash())
    }

    /// Bytes that it takes in a frame, nearly.
    pub fn weight(&self) -> usize {
        let body = match &self.body {
            WireBody::Absent(_) => 0,
            WireBody::Present(body) => body.bytes.len() + body.content_type.len(),
        };
        self.header.len() + body + 48
    }
}

/// The id of the direct channel of two accounts.
pub fn direct_channel(a: AccountId, b: AccountId) -> ChannelId {
    let (low, high) = (a.min(b), a.max(b));
    let hash = Hasher::new(tag::DIRECT_CHANNEL)
        .fixed(low.lineage.as_bytes())
        .int(low.number.0)
        .fixed(high.lineage.as_bytes())
        .int(high.number.0)
        .finish();
    ChannelId(hash.0)
}

/// The id of the link channel of two organisations.
pub fn link_channel(a: LineageId, b: LineageId) -> ChannelId {
    let (low, high) = (a.min(b), a.max(b));
    let hash = Hasher::new(tag::LINK_CHANNEL).fixed(low.as_bytes()).fixed(high.as_bytes()).finish();
    ChannelId(hash.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Target;

    #[test]
    fn a_message_header_is_small_and_its_bytes_are_pinned() {
        let header = EventHeader {
            time: HybridTime::from_unix_ms(1_795_404_447_123),
            sender: AccountNumber(0x1122_3344_5566_7788),
            kind: EventAct::message().kind(),
            after: None,
            args: None,
            start: None,
        };
        let bytes = cbor::encode(&header);
        assert!(bytes.len() <= 27, "{}", bytes.len());
        assert_eq!(
            data_encoding::HEXLOWER.encode(&bytes),
            "a3001b01a20671bd930000011b11223344556677880201"
        );
        assert_eq!(EventHeader::decode(&bytes).unwrap(), header);
        assert_eq!(header.act(), Ok(EventAct::message()));
    }

    #[test]
    fn unknown_kinds_keep_their_bytes() {
        let header = EventHeader {
            time: HybridTime(1),
            sender: AccountNumber(2),
            kind: 999,
            after: None,
            args: Some(vec![0xff, 0x00].into()),
            start: None,
        };
        let again = EventHeader::decode(&cbor::encode(&header)).unwrap();
        assert_eq!(again.act(), Ok(EventAct::Unknown(999)));
        assert_eq!(again, header);
    }

    #[test]
    fn a_later_request_is_an_unknown_kind_and_a_broken_one_is_not() {
        let act = |args: &[u8]| {
            let args = Some(args.to_vec().into());
            let (time, sender) = (HybridTime(1), AccountNumber(2));
            EventHeader { time, sender, kind: kind::REQUEST, after: None, args, start: None }.act()
        };
        let account = AccountId { lineage: LineageId([1; 32]), number: AccountNumber(1) };
        let leave = ControlAct::Leave(Target { account });
        let last = Request::of(&leave).unwrap();
        assert_eq!(last.act(), Some(leave));
        assert_eq!(act(&cbor::encode(&last)), Ok(EventAct::Request(last.clone())));
        assert_eq!(act(&[0x82, 0x04, 0x80]), Ok(EventAct::Unknown(kind::REQUEST)));
        assert_eq!(act(&[0x82, 0x03, 0x81, 0x00]), Err(DecodeError::Shape));
        assert_eq!(Request::of(&ControlAct::Cover), None);
        assert_eq!(cbor::encode(&last)[1], u8::try_from(LAST_REQUEST).unwrap());
    }

    #[test]
    fn pairs_make_the_same_channel_from_both_sides() {
        let account =
            |l: u8, n: u64| AccountId { lineage: LineageId([l; 32]), number: AccountNumber(n) };
        let (a, b) = (account(1, 9), account(2, 3));
        assert_eq!(direct_channel(a, b), direct_channel(b, a));
        assert_ne!(direct_channel(a, b), direct_channel(a, account(2, 4)));
        assert_eq!(link_channel(a.lineage, b.lineage), link_channel(b.lineage, a.lineage));
    }
}
