//! What a link asks of its driver, and the shapes of the driver's answers.

use comity_protocol::cbor::ByteString;
use comity_protocol::code::Code;
use comity_protocol::control::Organisation;
use comity_protocol::directory::{Offer, Seek};
use comity_protocol::fork::Branch;
use comity_protocol::frame::{Batch, Frame, VectorEntry, Want, WireLog};
use comity_protocol::history::{HistoryAsk, LogRef};
use comity_protocol::id::{AccountNumber, ChannelId, LineageId};
use comity_protocol::keys::SignedHead;
use comity_protocol::name::ServerName;
use comity_protocol::probe::{Probe, Probed};
use comity_protocol::profile::Profile;

/// What the driver is to do next. `T` is the driver's token of a record that it feeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action<T> {
    /// Records are durable at the peer.
    Acknowledged {
        /// The cursor that the peer acknowledged.
        cursor: ByteString,
        /// Their tokens; those that the peer excepted are not among them.
        records: Vec<T>,
        /// Those that it excepted because it waits for what they depend on: all that wait now, as
        /// far as there is room to remember them.
        waiting: Vec<T>,
        /// Those that it will not take.
        refused: Vec<T>,
    },
    /// The peer looks an account up; to be answered by `send` of a `Frame::Account`.
    AnswerLookup {
        /// Names the question.
        id: u64,
        /// The account's name, as typed there.
        name: String,
    },
    /// The peer asks how it is between us; to be answered by `send` of a `Frame::Probed`.
    AnswerProbe(Probe),
    /// The peer asks what an account shows; to be answered by `send` of a `Frame::Profile`.
    AnswerProfile {
        /// Names the question.
        id: u64,
        /// The account's name, as typed there.
        name: String,
        /// Whether the avatar's bytes are wanted too.
        image: bool,
    },
    /// The peer looks for groups that its accounts may join; to be answered by `send` of a
    /// `Frame::Offer`.
    AnswerSeek {
        /// Names the question.
        id: u64,
        /// Which groups.
        seek: Seek,
    },
    /// A verified batch is to be applied; answered by `handle_applied`. One at a time.
    Apply {
        /// The batch frame's bytes.
        frame: Vec<u8>,
        /// The peer's cursor to keep, where keeping it would lose nothing.
        cursor: Option<ByteString>,
        /// How many records there are in it.
        records: u64,
    },
    /// The peer's answer to an ask for history is to be applied; answered by
    /// `handle_history_applied`. One at a time.
    ApplyHistory {
        /// The group.
        channel: ChannelId,
        /// The answer's bytes.
        frame: Vec<u8>,
        /// Logs of which nothing is in it, see [`HistoryAsk::silent`].
        silent: Vec<LogRef>,
    },
    /// The peer leases accounts, lets them go, tells how they are, or how far they have read.
    Hear(Frame),
    /// The peer states these heads: those of which we hold another history are to be named by
    /// `suspect`.
    CompareHeads {
        /// The heads.
        entries: Vec<VectorEntry>,
        /// Whether with these it has stated all.
        is_last: bool,
    },
    /// What of their history do we lack that the peer may have? Answered by `ask_history`.
    ChooseHistory,
    /// The link is over. Nothing follows.
    Close(Code),
    /// The histories that we and the peer hold of a log part at this record; the peer's is proven
    /// by the branch.
    ForkFound {
        /// The log.
        log: WireLog,
        /// The lowest record that differs.
        seq: u64,
        /// The peer's history, from a head down to it.
        branch: Branch,
    },
    /// Which hashes do these records of a log have here? Answered by `handle_hashes`.
    HashesOf {
        /// The log.
        log: WireLog,
        /// The records, ascending.
        seqs: Vec<u64>,
    },
    /// The peer says who it is: prove that its key belongs to the domain and that the lineage is
    /// its own. Answered by `handle_identified`.
    Identify {
        /// The domain that it claims.
        domain: ServerName,
        /// The lineage that it claims.
        lineage: LineageId,
        /// Names the run of its process.
        start: u64,
        /// The changes of its key that it shows.
        changes: Vec<ByteString>,
    },
    /// Nothing before this cursor is outstanding any more: make it durable, as with a batch of no
    /// ranges. Answered by `handle_applied` with no fates.
    KeepCursor(ByteString),
    /// A look-up came to its end.
    LookedUp {
        /// Which, as `look_up` named it.
        id: u64,
        /// The account, `None` where there is none, or why nobody knows.
        answer: Result<Option<AccountNumber>, Code>,
    },
    /// The peer broke the rules; the link closes next.
    Misconduct(Code),
    /// Records of a log are not taken or not served; for the log.
    Note {
        /// The log.
        log: WireLog,
        /// Why.
        code: Code,
    },
    /// The peer subscribes; answered by `handle_feed_opened`.
    OpenFeed {
        /// Where it wants to go on.
        cursor: Option<ByteString>,
    },
    /// The peer has said what it holds: open its feed from there; answered by `handle_feed_opened`.
    OpenFeedFrom(Vec<VectorEntry>),
    /// A probe came to its end.
    Probed {
        /// Which, as `probe` named it.
        id: u64,
        /// What the peer says, or why nobody knows.
        answer: Result<Probed, Code>,
    },
    /// The peer can take more of its feed; answered by `handle_feed` as soon as there is some.
    ReadFeed,
    /// Where are we in the peer's feed? Answered by `resume`.
    Resume,
    /// A frame for the peer, on the stream of its class.
    Send(Frame),
    /// Ranges that the peer wants; each is answered by `send` of one batch without a cursor that
    /// holds its log, or of a `Frame::NotServed`. Where more follows, the peer asks again.
    Serve(Vec<Want>),
    /// The peer lacks history; answered by `send` of a `Frame::Backfill`. One at a time.
    ServeHistory(HistoryAsk),
    /// A look-up of groups came to its end.
    Sought {
        /// Which, as `seek` named it.
        id: u64,
        /// The groups, or why nobody knows.
        answer: Result<Offer, Code>,
    },
    /// A question what an account shows came to its end.
    Shown {
        /// Which, as `ask_profile` named it.
        id: u64,
        /// What it shows, `None` where there is no such account, or why nobody knows.
        answer: Result<Option<Profile>, Code>,
    },
    /// The peer wants to be shown our history of a log; answered by `send` of a `Frame::Branch`.
    /// One at a time.
    ShowBranch {
        /// The log.
        log: WireLog,
        /// The record down to which the links are to lead.
        down_to: u64,
    },
    /// What are our heads of all logs that we share with the peer, and which of them are forked?
    /// Answered by `state_heads`, and by `send` of each proof.
    StateHeads,
    /// What do we hold of the peer's logs? Answered by `state_vector`.
    StateVector,
    /// The peer has no link with these organisations, and with no others: it is to hear how far
    /// their logs come.
    TakeAway(Vec<LineageId>),
    /// The peer states heads of logs of those who are away from us: those of which we hold another
    /// history are to be named by `suspect`, those of which it holds more may be wanted of it.
    TakeNews(Vec<VectorEntry>),
    /// The peer shows how keys of others have changed.
    TakeKeys(Vec<Organisation>),
    /// The peer has signed heads of its logs anew, under the key that it has now.
    TakeSigned(Vec<SignedHead>),
    /// The peer wants heads of our logs under the key that we have now; answered by `send` of a
    /// `Frame::Signed`.
    SignAnew(Vec<VectorEntry>),
    /// The peer has proven that a log has two histories.
    TakeFork {
        /// The log.
        log: WireLog,
        /// The lowest record that differs.
        seq: u64,
        /// The proof.
        proof: ByteString,
    },
    /// The link is up.
    Up {
        /// The peer's lineage.
        lineage: LineageId,
        /// Names the run of its process.
        start: u64,
    },
}

/// What became of a range of an applied batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// All of it is applied.
    Applied,
    /// Records before it are missing; it was not taken.
    Gap {
        /// The first record missing.
        from: u64,
    },
    /// It waits for something; it was not taken, or not to its end.
    Held {
        /// The first record not taken.
        from: u64,
        /// What it may wait for, where the peer is to be asked for it at once.
        awaits: [Option<Want>; 2],
    },
    /// It is not theirs, or not for us.
    Refused {
        /// The first record not taken.
        from: u64,
        /// Why.
        code: Code,
    },
}

/// What became of an answer to an ask for history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppliedHistory {
    /// Records that are new here.
    pub taken: u32,
    /// Logs of which a range was refused.
    pub refused: Vec<LogRef>,
}

/// A part of a peer's feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FedBatch<T> {
    /// The batch, with its cursor.
    pub batch: Batch,
    /// Those of its records whose acknowledgement somebody waits for.
    pub records: Vec<FedRecord<T>>,
}

/// A record of a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FedRecord<T> {
    /// Its log.
    pub log: WireLog,
    /// Its place in the log.
    pub seq: u64,
    /// Comes back when it is acknowledged.
    pub token: T,
}

/// Why a look-up cannot be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookUpError {
    /// The link is not up.
    NotUp,
    /// As many are open as may be.
    TooMany,
}

impl LookUpError {
    /// What whoever asked is told.
    pub const fn code(self) -> Code {
        match self {
            Self::NotUp => Code::DomainUnreachable,
            Self::TooMany => Code::Overloaded,
        }
    }
}
