//! Commands: everything that changes durable state, with all that `apply` may not look up: clock
//! readings, random bytes, ids and the settings that bear on it.

use comity_protocol::cbor::ByteString;
use comity_protocol::control::Organisation;
use comity_protocol::hash::Hash;
use comity_protocol::history::LogRef;
use comity_protocol::id::{AccountNumber, ChannelId, LineageId, WriterId};
use comity_protocol::key::NodePublicKey;
use comity_protocol::keys::SignedHead;
use minicbor::{Decode, Encode};

use crate::act::Act;
use crate::compare::Ahead;
use crate::notify::Notify;
use crate::policy::PolicyChange;
use crate::rewind::Rewind;
use crate::settle::Settlement;

/// A device of an account, unique on its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct DeviceId(#[n(0)] pub u64);

/// A change of durable state. The order of variants is that of the journal's format: append only.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Command {
    /// The first command of a store: whose it is.
    #[n(0)]
    Found {
        /// The organisation's domain.
        #[n(0)]
        domain: String,
        /// Its first node key.
        #[n(1)]
        key: NodePublicKey,
        /// The hash of its recovery key.
        #[n(2)]
        recovery: Hash,
        /// Names this store's order.
        #[n(3)]
        store: u64,
    },
    /// A process started.
    #[n(1)]
    Start {
        /// Names the run.
        #[n(0)]
        start: u64,
        /// The writer of the message logs that it will append to.
        #[n(1)]
        writer: WriterId,
    },
    /// Creates an account.
    #[n(2)]
    CreateAccount {
        /// Drawn at random; never reused.
        #[n(0)]
        number: AccountNumber,
        /// The normalised name.
        #[n(1)]
        name: String,
        /// The password's Argon2id hash in PHC form.
        #[n(2)]
        password: String,
        /// What the node's setting asks of a sign-up.
        #[n(3)]
        rule: SignUpRule,
        /// The clock, in Unix milliseconds.
        #[n(4)]
        unix_ms: u64,
    },
    /// Logs a device in.
    #[n(3)]
    AddDevice {
        /// The account.
        #[n(0)]
        account: AccountNumber,
        /// Drawn at random.
        #[n(1)]
        device: DeviceId,
        /// What the user calls it.
        #[n(2)]
        name: String,
        /// SHA-256 of the token.
        #[n(3)]
        token: Hash,
        /// The clock, in Unix milliseconds.
        #[n(4)]
        unix_ms: u64,
        /// The most devices of an account.
        #[n(5)]
        devices_max: u32,
    },
    /// Logs a device out.
    #[n(4)]
    RemoveDevice {
        /// The account.
        #[n(0)]
        account: AccountNumber,
        /// The device.
        #[n(1)]
        device: DeviceId,
    },
    /// Changes a password.
    #[n(5)]
    SetPassword {
        /// The account.
        #[n(0)]
        account: AccountNumber,
        /// The new hash in PHC form.
        #[n(1)]
        password: String,
    },
    /// Makes an invite token for sign-up.
    #[n(6)]
    CreateInvite {
        /// SHA-256 of the token.
        #[n(0)]
        token: Hash,
        /// How often it may be used.
        #[n(1)]
        uses: u32,
        /// Until when, in Unix milliseconds.
        #[n(2)]
        expires_unix_ms: u64,
    },
    /// Makes another organisation known, its key proven.
    #[n(7)]
    Introduce {
        /// Its domain.
        #[n(0)]
        domain: String,
        /// Its first node key.
        #[n(1)]
        key: NodePublicKey,
        /// The hash of its recovery key.
        #[n(2)]
        recovery: Hash,
    },
    /// A user's act.
    #[n(8)]
    Perform {
        /// Who.
        #[n(0)]
        account: AccountNumber,
        /// On which device.
        #[n(1)]
        device: DeviceId,
        /// Makes a repeat get the first one's answer.
        #[n(2)]
        nonce: Option<u64>,
        /// The clock, in Unix milliseconds.
        #[n(3)]
        unix_ms: u64,
        /// 32 random bytes from which salts and nonces of this command are derived.
        #[cbor(n(4), with = "minicbor::bytes")]
        random: [u8; 32],
        /// What.
        #[n(5)]
        act: Act,
    },
    /// A peer's batch, its checkpoints and inclusion paths verified before it came to the journal.
    #[n(9)]
    PeerBatch {
        /// The peer.
        #[n(0)]
        peer: LineageId,
        /// The batch frame's bytes, as received.
        #[n(1)]
        frame: ByteString,
        /// The peer's cursor to keep where all of it is taken.
        #[n(4)]
        cursor: Option<ByteString>,
        /// The clock, in Unix milliseconds.
        #[n(2)]
        unix_ms: u64,
        /// 32 random bytes from which salts of this command are derived.
        #[cbor(n(3), with = "minicbor::bytes")]
        random: [u8; 32],
        /// What groups were when openings among it go back.
        #[n(5)]
        rewinds: Vec<Rewind>,
    },
    /// Time has come for what waits for it, see `State::due_ms`.
    #[n(10)]
    Wake {
        /// The clock, in Unix milliseconds.
        #[n(0)]
        unix_ms: u64,
        /// 32 random bytes from which salts of this command are derived.
        #[cbor(n(1), with = "minicbor::bytes")]
        random: [u8; 32],
    },
    /// A peer's answer to an ask for history.
    #[n(11)]
    PeerHistory {
        /// The peer.
        #[n(0)]
        peer: LineageId,
        /// The frame's bytes, as received.
        #[n(1)]
        frame: ByteString,
        /// Logs that were asked for and of which nothing is in it, as nothing of them is so new.
        #[n(2)]
        #[cbor(default)]
        silent: Vec<LogRef>,
    },
    /// A proof that a log has two histories, made here or shown by a peer.
    #[n(12)]
    TakeFork {
        /// The proof's bytes.
        #[n(0)]
        proof: ByteString,
        /// The clock, in Unix milliseconds.
        #[n(1)]
        unix_ms: u64,
        /// 32 random bytes, of which another writer is made where the log is ours.
        #[cbor(n(2), with = "minicbor::bytes")]
        random: [u8; 32],
    },
    /// A peer has stated all its heads.
    #[n(13)]
    Compare {
        /// The peer.
        #[n(0)]
        peer: LineageId,
        /// Groups in whose control logs it holds more of ours than we do.
        #[n(1)]
        ahead: Vec<Ahead>,
        /// The clock, in Unix milliseconds.
        #[n(2)]
        unix_ms: u64,
        /// 32 random bytes from which salts of this command are derived.
        #[cbor(n(3), with = "minicbor::bytes")]
        random: [u8; 32],
        /// Whether it holds more than we do of a log that we write at the moment.
        #[n(4)]
        is_writer_ahead: bool,
    },
    /// The admin answers for a group's control log instead of its members, see
    /// `State::has_authority`.
    #[n(14)]
    Force {
        /// The group.
        #[n(0)]
        channel: ChannelId,
        /// The clock, in Unix milliseconds.
        #[n(1)]
        unix_ms: u64,
        /// 32 random bytes from which salts of this command are derived.
        #[cbor(n(2), with = "minicbor::bytes")]
        random: [u8; 32],
    },
    /// The node's setting says how long its users' texts are kept at most.
    #[n(15)]
    Retain {
        /// So many seconds; for ever where absent.
        #[n(0)]
        seconds: Option<u64>,
        /// The clock, in Unix milliseconds.
        #[n(1)]
        unix_ms: u64,
    },
    /// Our admin opens the next term of a group's control log, going back to a record.
    #[n(16)]
    Reopen {
        /// What the group was just after that record.
        #[n(0)]
        rewind: Box<Rewind>,
        /// The clock, in Unix milliseconds.
        #[n(1)]
        unix_ms: u64,
        /// 32 random bytes from which salts of this command are derived.
        #[cbor(n(2), with = "minicbor::bytes")]
        random: [u8; 32],
    },
    /// What we hold of a forked log of which the home has said what counts.
    #[n(17)]
    Settle {
        /// What the rows say.
        #[n(0)]
        settlement: Settlement,
    },
    /// Which devices were used, and which were not for too long; invites that have expired go too.
    #[n(18)]
    Tend {
        /// Devices that were used.
        #[n(0)]
        used: Vec<DeviceId>,
        /// Devices that were found unused; logged out where they still are.
        #[n(1)]
        unused: Vec<DeviceId>,
        /// Used last before this time means unused, in Unix milliseconds.
        #[n(2)]
        unused_since_ms: u64,
        /// The clock, in Unix milliseconds.
        #[n(3)]
        unix_ms: u64,
    },
    /// Takes an invite token back.
    #[n(19)]
    RevokeInvite {
        /// SHA-256 of the token.
        #[n(0)]
        token: Hash,
    },
    /// Accounts were there until a moment.
    #[n(20)]
    NoteActive {
        /// Each with that moment, in Unix milliseconds.
        #[n(0)]
        accounts: Vec<(AccountNumber, u64)>,
    },
    /// An account says something else of itself.
    #[n(21)]
    SetStatus {
        /// Which.
        #[n(0)]
        account: AccountNumber,
        /// What; nothing where absent.
        #[n(1)]
        status: Option<String>,
    },
    /// Deletes an account.
    #[n(26)]
    DeleteAccount {
        /// The account.
        #[n(0)]
        account: AccountNumber,
        /// The clock, in Unix milliseconds.
        #[n(1)]
        unix_ms: u64,
        /// 32 random bytes from which salts of this command are derived.
        #[cbor(n(2), with = "minicbor::bytes")]
        random: [u8; 32],
    },
    /// Something about what devices are told while nobody looks at them.
    #[n(27)]
    Notify(#[n(0)] Notify),
    /// Writes a record into the link channel with a peer that tests the way there.
    #[n(28)]
    Test {
        /// The peer.
        #[n(0)]
        peer: LineageId,
        /// What it is known by.
        #[cbor(n(1), with = "minicbor::bytes")]
        nonce: [u8; 16],
        /// The clock, in Unix milliseconds.
        #[n(2)]
        unix_ms: u64,
        /// 32 random bytes from which salts of this command are derived.
        #[cbor(n(3), with = "minicbor::bytes")]
        random: [u8; 32],
    },
    /// The admin says something else of other organisations.
    #[n(30)]
    Federate(#[n(0)] PolicyChange),
    /// Somebody shows how the key of an organisation has changed, which may be ours.
    #[n(32)]
    TakeKeys {
        /// The organisation, with all changes.
        #[n(0)]
        shown: Organisation,
        /// The clock, in Unix milliseconds.
        #[n(1)]
        unix_ms: u64,
        /// 32 random bytes from which salts of this command are derived.
        #[cbor(n(2), with = "minicbor::bytes")]
        random: [u8; 32],
    },
    /// A peer has signed heads of its logs anew, verified before they came to the journal.
    #[n(33)]
    TakeSigned {
        /// The peer.
        #[n(0)]
        peer: LineageId,
        /// The heads.
        #[n(1)]
        heads: Vec<SignedHead>,
    },
    /// The admin gives a domain to the organisation that it is proven to be of now, in place of the
    /// one that had it before.
    #[n(36)]
    Replace {
        /// The domain.
        #[n(0)]
        domain: String,
        /// The organisation's first node key.
        #[n(1)]
        key: NodePublicKey,
        /// The hash of its recovery key.
        #[n(2)]
        recovery: Hash,
    },
    /// The admin changes what an account may do.
    #[n(37)]
    Administer {
        /// The account.
        #[n(0)]
        account: AccountNumber,
        /// How.
        #[n(1)]
        change: AccountPower,
    },
    /// The admin has dealt with a report of abuse.
    #[n(34)]
    CloseReport {
        /// Its number.
        #[n(0)]
        number: u64,
        /// The clock, in Unix milliseconds.
        #[n(1)]
        unix_ms: u64,
    },
}

/// What an admin makes of an account.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum AccountPower {
    /// An admin of the node, or one no longer.
    #[n(0)]
    Admin(#[n(0)] bool),
    /// Shut out, with all its devices logged out, or let in again.
    #[n(1)]
    Suspended(#[n(0)] bool),
    /// With another password, by its hash in PHC form, and all its devices logged out.
    #[n(2)]
    Password(#[n(0)] String),
}

/// What the node's setting asks of a sign-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum SignUpRule {
    /// Made by an admin: nothing.
    #[n(0)]
    Admin,
    /// Nobody may.
    #[n(1)]
    Closed,
    /// An invite token, by its hash.
    #[n(2)]
    Invite(#[n(0)] Hash),
    /// Anybody may.
    #[n(3)]
    Open,
}
