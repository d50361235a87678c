//! Channels and their logs: what the node keeps of each in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use comity_protocol::chain::{ChainEnd, Link};
use comity_protocol::clock::HybridTime;
use comity_protocol::cursor::Pos;
use comity_protocol::head::HeadProof;
use comity_protocol::id::{
    AccountId, AccountNumber, ChannelId, ControlPoint, LineageId, LogName, ShortHash, WriterId,
};
use comity_protocol::limits::{AHEAD_MS_MAX, PRESENCE_MEMBERS_MAX};
use minicbor::{Decode, Encode};

use crate::account::Stay;
use crate::applied::{Outcome, Subscriber};
use crate::backfill::Backlog;
use crate::floor::{FeedStart, Floor, ProvenStart};
use crate::fork::KnownFork;
use crate::group::Group;
use crate::withdraw::Span;

/// A channel, as this node numbers it: short keys in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct ChannelNo(#[n(0)] pub u32);

/// A log, as this node numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct LogNo(#[n(0)] pub u64);

/// A channel.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Channel {
    /// Its id.
    #[n(0)]
    pub id: ChannelId,
    /// What it is.
    #[n(1)]
    pub kind: Kind,
    /// Organisations that it is, or was, shared with.
    #[n(2)]
    pub peers: BTreeMap<LineageId, Stay>,
    /// The newest time of a control record that was not far ahead of our clock.
    #[n(3)]
    pub newest_control: HybridTime,
    /// Organisations that have not said yet how far their own logs reach above our floor.
    #[n(4)]
    pub unasked: BTreeSet<LineageId>,
    /// Names that we have given it, each with the account that did.
    #[n(10)]
    pub aliases: BTreeMap<String, AccountNumber>,
    /// Its logs; rows of their own.
    #[cbor(skip)]
    pub logs: BTreeMap<LogName, Log>,
    /// The newest time applied in it.
    #[cbor(skip)]
    pub newest: HybridTime,
    /// The newest pos in it.
    #[cbor(skip)]
    pub last_pos: Pos,
    /// The newest message's time, for lists.
    #[cbor(skip)]
    pub last_message: HybridTime,
    /// How many messages were accepted as they came, with a pos.
    #[cbor(skip)]
    pub said: u64,
    /// Who sees a new record of ours, and who one of others: derived from the members.
    #[cbor(skip)]
    pub audience: Audience,
    /// The newest time at which an account of ours that is in came.
    #[cbor(skip)]
    pub entered: HybridTime,
}

/// The subscribers of a channel, shared by all its records until its members change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audience {
    /// Local accounts and peers: for records that this node feeds.
    pub fed: Arc<[Subscriber]>,
    /// Local accounts alone.
    pub local: Arc<[Subscriber]>,
    /// How many accounts are in, of all organisations.
    pub members: usize,
}

impl Default for Audience {
    fn default() -> Self {
        Self { fed: Arc::from([]), local: Arc::from([]), members: 0 }
    }
}

/// What a channel is.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Kind {
    /// Two accounts.
    #[n(0)]
    Direct(#[n(0)] Direct),
    /// A group with a home.
    #[n(1)]
    Group(#[n(0)] Box<Group>),
    /// Two organisations.
    #[n(2)]
    Link {
        /// The other one.
        #[n(0)]
        peer: LineageId,
    },
}

/// A direct channel.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Direct {
    /// The accounts, in ascending order.
    #[n(0)]
    pub accounts: (AccountId, AccountId),
    /// Their labels.
    #[n(1)]
    pub labels: (String, String),
}

impl Direct {
    /// The account that is not `account`, with its label.
    pub fn other(&self, account: AccountId) -> (AccountId, &str) {
        if self.accounts.0 == account {
            (self.accounts.1, &self.labels.1)
        } else {
            (self.accounts.0, &self.labels.0)
        }
    }

    /// The label of one of the two.
    pub fn label(&self, account: AccountId) -> Option<&str> {
        match account {
            a if a == self.accounts.0 => Some(&self.labels.0),
            a if a == self.accounts.1 => Some(&self.labels.1),
            _ => None,
        }
    }

    /// The account of an organisation, where exactly one of the two is its.
    pub fn of(&self, lineage: LineageId) -> Option<AccountId> {
        let (a, b) = self.accounts;
        match (a.lineage == lineage, b.lineage == lineage) {
            (true, false) => Some(a),
            (false, true) => Some(b),
            _ => None,
        }
    }
}

/// The end of a log.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Log {
    /// Its number here.
    #[n(0)]
    pub no: LogNo,
    /// The end of its chain.
    #[n(1)]
    pub end: ChainEnd,
    /// The time of its last record that is not void.
    #[n(2)]
    pub time: HybridTime,
    /// The pos of its last record.
    #[n(3)]
    pub last_pos: Pos,
    /// The time of its last message.
    #[n(4)]
    pub last_message: HybridTime,
    /// The newest control record that its origin has stated.
    #[n(5)]
    pub after: Option<ControlPoint>,
    /// Of a log of another origin: the newest proven head.
    #[n(6)]
    pub proof: Option<HeadProof>,
    /// When its first record was placed here, in Unix milliseconds.
    #[n(7)]
    pub opened_unix_ms: u64,
    /// In a group of another home: accepted events that V does not cover, by their author.
    #[n(8)]
    pub uncovered: BTreeMap<AccountNumber, Vec<Span>>,
    /// The event that stated `after`; 0 where none did.
    #[n(9)]
    pub after_seq: u64,
    /// In a group that admitted us: where our feed of the log begins.
    #[n(10)]
    pub floor: Option<Floor>,
    /// What we lack of the log's history.
    #[n(11)]
    pub backlog: Option<Backlog>,
    /// Records that were erased before they came, with their hashes.
    #[n(12)]
    pub erased: BTreeMap<u64, ShortHash>,
    /// Where it is proven to have two histories.
    #[n(13)]
    pub fork: Option<Box<KnownFork>>,
    /// Where the proven head is above the end: the steps from it down to what is held.
    #[n(14)]
    pub above: Vec<Link>,
    /// What history has proven of a floor that nothing above was taken of yet.
    #[n(15)]
    pub start: Option<Box<ProvenStart>>,
    /// What it had stated where our feed of it began, at each stay of ours, oldest first; at most
    /// 64.
    #[n(16)]
    #[cbor(default)]
    pub starts: Vec<FeedStart>,
    /// Where it is forked and closed: the last record that counts, once it was seen to that we hold
    /// nothing else.
    #[n(17)]
    pub settled: Option<Floor>,
    /// How many messages of it were accepted as they came, with a pos.
    #[n(18)]
    pub said: u64,
    /// While history is lacking: the end of the chain at the floor, which names what later records
    /// skip to.
    #[n(19)]
    pub below: Option<ChainEnd>,
}

impl Log {
    pub(crate) fn new(no: LogNo) -> Self {
        Self {
            no,
            end: ChainEnd::default(),
            time: HybridTime::default(),
            last_pos: Pos::default(),
            last_message: HybridTime::default(),
            after: None,
            proof: None,
            opened_unix_ms: 0,
            uncovered: BTreeMap::new(),
            after_seq: 0,
            floor: None,
            backlog: None,
            erased: BTreeMap::new(),
            fork: None,
            above: Vec::new(),
            start: None,
            starts: Vec::new(),
            settled: None,
            said: 0,
            below: None,
        }
    }
}

impl Channel {
    pub(crate) fn new(id: ChannelId, kind: Kind) -> Self {
        Self {
            id,
            kind,
            peers: BTreeMap::new(),
            newest_control: HybridTime::default(),
            unasked: BTreeSet::new(),
            aliases: BTreeMap::new(),
            logs: BTreeMap::new(),
            newest: HybridTime::default(),
            last_pos: Pos::default(),
            last_message: HybridTime::default(),
            said: 0,
            audience: Audience::default(),
            entered: HybridTime::default(),
        }
    }

    /// The group, where it is one.
    pub fn group(&self) -> Option<&Group> {
        match &self.kind {
            Kind::Group(group) => Some(group),
            _ => None,
        }
    }

    pub(crate) fn group_mut(&mut self) -> Option<&mut Group> {
        match &mut self.kind {
            Kind::Group(group) => Some(group),
            _ => None,
        }
    }

    /// Writers of an origin's logs here, in ascending order, with their ends.
    pub fn writers_of(
        &self,
        origin: LineageId,
    ) -> impl Iterator<Item = (WriterId, &Log)> + use<'_> {
        let from = LogName::Message { origin, writer: WriterId(0) };
        let to = LogName::Message { origin, writer: WriterId(u64::MAX) };
        self.logs.range(from..=to).filter_map(|(name, log)| match name {
            LogName::Message { writer, .. } => Some((*writer, log)),
            LogName::Control { .. } => None,
        })
    }

    /// Whether no control record can take an accepted event back any more: V covers it, or nobody
    /// judges what is said here.
    pub fn is_final(&self, log: LogName, seq: u64) -> bool {
        match (self.group(), log) {
            (Some(group), LogName::Message { origin, writer }) => {
                group.covered((origin, writer)) >= seq
            }
            _ => true,
        }
    }

    /// Peers that the channel is shared with at the moment.
    pub fn sharing_peers(&self) -> impl Iterator<Item = LineageId> + Clone + use<'_> {
        self.peers.iter().filter(|(_, stay)| stay.to.is_none()).map(|(lineage, _)| *lineage)
    }

    /// Whether its members are told of each other, and of how far they have read.
    pub fn is_small(&self) -> bool {
        self.audience.members <= PRESENCE_MEMBERS_MAX
    }

    /// Accounts that are in.
    fn member_count(&self) -> usize {
        match &self.kind {
            Kind::Direct(_) => 2,
            Kind::Group(group) => group.state.joined().count(),
            Kind::Link { .. } => 0,
        }
    }

    /// Member organisations, our own included.
    pub fn organisations(&self) -> u32 {
        1 + u32::try_from(self.sharing_peers().count()).unwrap_or(u32::MAX - 1)
    }

    /// Who is shown a record.
    pub(crate) fn audience_of(&self, outcome: Outcome, fed: bool) -> Arc<[Subscriber]> {
        match (outcome, fed) {
            (Outcome::Accepted, true) => Arc::clone(&self.audience.fed),
            // Of ours and given back to us: the peers judge it by themselves.
            (_, true) => self.sharing_peers().map(Subscriber::Peer).collect(),
            (Outcome::Accepted, false) => Arc::clone(&self.audience.local),
            (_, false) => Arc::from([]),
        }
    }

    /// Notes the time of a record. Control records are never held for theirs; one far ahead must
    /// not carry ours along.
    pub(crate) fn note_time(&mut self, is_control: bool, time: HybridTime, unix_ms: u64) {
        if is_control && time.unix_ms() > unix_ms.saturating_add(AHEAD_MS_MAX) {
            return;
        }
        self.newest = self.newest.max(time);
        if is_control {
            self.newest_control = self.newest_control.max(time);
        }
    }

    pub(crate) fn set_audience(&mut self, local: &[AccountNumber]) {
        let members = self.member_count();
        let local: Vec<Subscriber> = local.iter().copied().map(Subscriber::Account).collect();
        let mut fed = local.clone();
        fed.extend(self.sharing_peers().map(Subscriber::Peer));
        self.audience = Audience { fed: fed.into(), local: local.into(), members };
    }
}
