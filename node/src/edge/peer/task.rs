//! What a link's end cannot do at once. It is a vocabulary: nothing is done here.

use comity_machine::{Ahead, Rewind};
use comity_protocol::cbor::ByteString;
use comity_protocol::code::Code;
use comity_protocol::control::Organisation;
use comity_protocol::directory::Offer;
use comity_protocol::frame::{Frame, WireLog};
use comity_protocol::history::LogRef;
use comity_protocol::id::{AccountId, LineageId};
use comity_protocol::keys::SignedHead;
use comity_protocol::name::ServerName;
use comity_protocol::probe::Probed;
use comity_protocol::profile::Profile;

/// What a link's end asks of who can wait.
#[derive(Debug)]
pub enum Task {
    /// The peer asks how it is between us: fill in what only the driver knows, dial what our
    /// peer's domain publishes where that is wanted, and hand it to `answer_probe`.
    AnswerProbe {
        /// What is answered already.
        answer: Probed,
        /// Whether to dial.
        dial: bool,
    },
    /// Propose a peer's batch as a command; answered by `handle_answer`. One at a time.
    Apply {
        /// The peer.
        peer: LineageId,
        /// The batch frame's bytes.
        frame: Vec<u8>,
        /// The peer's cursor to keep with it.
        cursor: Option<ByteString>,
        /// What groups were, for openings in it that go back.
        rewinds: Vec<Rewind>,
    },
    /// Propose a peer's answer to an ask for history as a command; answered by
    /// `handle_history_answer`. One at a time.
    ApplyHistory {
        /// The peer.
        peer: LineageId,
        /// The answer's bytes.
        frame: Vec<u8>,
        /// Logs that were asked for and of which nothing is in it.
        silent: Vec<LogRef>,
    },
    /// The link is over, with this code. Nothing follows.
    Close(Code),
    /// Propose, as a command, that the peer has stated all its heads.
    Compare {
        /// The peer.
        peer: LineageId,
        /// What it holds of our control logs that we do not.
        ahead: Vec<Ahead>,
        /// Whether it holds more than we do of a log that we write at the moment.
        is_writer_ahead: bool,
    },
    /// Prove that the peer's key is that of the domain; answered by `handle_identified`.
    Identify {
        /// The domain that it claims.
        domain: ServerName,
        /// The lineage that it claims.
        lineage: LineageId,
        /// The changes of its key that it shows.
        changes: Vec<ByteString>,
    },
    /// A look-up came to its end.
    LookedUp {
        /// Which, as `look_up` named it.
        id: u64,
        /// The account, or why nobody knows.
        found: Result<AccountId, Code>,
    },
    /// A probe came to its end.
    Probed {
        /// Which, as `probe` named it.
        id: u64,
        /// What the peer says, or why nobody knows.
        found: Result<Probed, Code>,
    },
    /// A question what an account shows came to its end.
    Shown {
        /// Which, as `ask_profile` named it.
        id: u64,
        /// What it shows, or why nobody knows.
        found: Result<Profile, Code>,
    },
    /// A frame for the peer, on the stream of its class.
    Send(Frame),
    /// One that may be lost.
    SendDatagram(Frame),
    /// A look-up of groups came to its end.
    Sought {
        /// Which, as `seek` named it.
        id: u64,
        /// The groups, or why nobody knows.
        found: Result<Offer, Code>,
    },
    /// Propose a proof as a command; what becomes of it is told to `Exchange::fork_taken`.
    TakeFork {
        /// The log.
        log: WireLog,
        /// The record at which its histories part.
        seq: u64,
        /// The proof.
        proof: ByteString,
    },
    /// Propose what is shown of organisations' keys as commands; what becomes of each is told to
    /// `Exchange::keys_taken`.
    TakeKeys(Vec<Organisation>),
    /// Propose heads that a peer has signed anew as a command.
    TakeSigned {
        /// The peer.
        peer: LineageId,
        /// The heads, verified.
        heads: Vec<SignedHead>,
    },
    /// The link is up.
    Up {
        /// The peer.
        domain: ServerName,
        /// Names the run of its process.
        start: u64,
    },
}
