//! What `apply` answers to whoever proposed a command.

use comity_protocol::code::Code;
use comity_protocol::cursor::Pos;
use comity_protocol::frame::{Want, WireLog};
use comity_protocol::id::{ChannelId, ControlPoint, MessageId, WriterId};
use minicbor::{Decode, Encode};

use crate::backfill::HistoryReport;
use crate::channel::ChannelNo;

/// The answer to a command.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Answer {
    /// The channel created, found or joined.
    #[n(0)]
    Channel(#[n(0)] ChannelId),
    /// Done.
    #[n(1)]
    Done,
    /// What became of each range of a peer's batch.
    #[n(2)]
    Ranges(#[n(0)] Vec<RangeReport>),
    /// Refused; nothing changed.
    #[n(3)]
    Refused(#[n(0)] RefusedCode),
    /// Asked of the channel's home.
    #[n(4)]
    Requested,
    /// A text is stored.
    #[n(5)]
    Stored {
        /// Its id.
        #[n(0)]
        id: MessageId,
        /// Its pos.
        #[n(1)]
        pos: Pos,
        /// Its channel.
        #[n(2)]
        channel: ChannelNo,
    },
    /// What became of a peer's answer to an ask for history.
    #[n(6)]
    History(#[n(0)] HistoryReport),
    /// A test is on its way.
    #[n(7)]
    Tested {
        /// The writer of its log.
        #[n(0)]
        writer: WriterId,
        /// Its place in the log.
        #[n(1)]
        seq: u64,
        /// Its pos.
        #[n(2)]
        pos: Pos,
    },
    /// Something is reported as abuse.
    #[n(8)]
    Reported {
        /// The domain that was told besides our admin.
        #[n(0)]
        to: Option<String>,
    },
}

/// A [`Code`] in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefusedCode(pub Code);

impl<C> Encode<C> for RefusedCode {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.u16(self.0.number())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for RefusedCode {
    fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        Ok(Self(Code::from_number(d.u16()?).unwrap_or(Code::Internal)))
    }
}

/// What became of one range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct RangeReport {
    /// The log.
    #[n(0)]
    pub log: WireLog,
    /// What became of it.
    #[n(1)]
    pub outcome: RangeOutcome,
    /// How many of its records are void: authentic, and against the rules.
    #[n(2)]
    pub void: u32,
    /// The control log of which one of them names another record than the one that is here: its
    /// home may have told its author another history.
    #[n(3)]
    pub contradicts: Option<WireLog>,
}

/// What became of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum RangeOutcome {
    /// All of it is applied.
    #[n(0)]
    Applied,
    /// Records before it are missing; it was not taken.
    #[n(1)]
    Gap {
        /// The first record missing.
        #[n(0)]
        from: u64,
    },
    /// It waits for something; it was not taken, and is asked for again.
    #[n(2)]
    Held {
        /// The first record not taken.
        #[n(0)]
        from: u64,
        /// Where it waits for a control log: what to ask for at once. Whoever shows what waits has
        /// one of them: the newest term goes on, or its home has opened the next.
        #[n(1)]
        awaits: [Option<Want>; 2],
    },
    /// It is not theirs, or not for us.
    #[n(3)]
    Refused {
        /// The first record not taken.
        #[n(0)]
        from: u64,
        /// Why.
        #[n(1)]
        code: RefusedCode,
    },
    /// Its time is too far ahead of our clock; from there on it was not taken, and is asked for
    /// again.
    #[n(4)]
    Early {
        /// The first record not taken.
        #[n(0)]
        from: u64,
    },
    /// Its origin has opened too many logs of late; it was not taken, and is asked for again.
    #[n(5)]
    Crowded {
        /// The first record not taken.
        #[n(0)]
        from: u64,
    },
    /// A control record of a kind, or of a group's version, that we do not know and that nobody may
    /// pass over; from there on nothing was taken, and is asked for again.
    #[n(6)]
    Newer {
        /// The first record not taken.
        #[n(0)]
        from: u64,
    },
    /// It opens a term that goes back below what is known here. It was not taken, and is asked for
    /// again; it is taken where the command brings along what the group was then.
    #[n(7)]
    Rewind {
        /// The record that it goes back to.
        #[n(0)]
        base: ControlPoint,
    },
}
