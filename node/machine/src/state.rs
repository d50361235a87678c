//! The state of a node and `apply`, which changes it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use comity_identity::KeyChain;
use comity_protocol::cbor::ByteString;
use comity_protocol::code::Code;
use comity_protocol::cursor::Pos;
use comity_protocol::event::link_channel;
use comity_protocol::frame::WireLog;
use comity_protocol::hash::{Hash, Hasher, tag};
use comity_protocol::id::{AccountId, AccountNumber, ChannelId, LineageId, LogName, WriterId};
use comity_protocol::key::{NodePublicKey, lineage_id};
use comity_protocol::limits::BATCH_RECORDS_MAX;
use comity_protocol::name::{AccountLabel, ServerName};
use minicbor::{Decode, Encode};

use crate::account::{Account, Device, InviteToken};
use crate::answer::{Answer, RefusedCode};
use crate::applied::Applied;
use crate::block::Block;
use crate::channel::{Channel, ChannelNo, Kind};
use crate::command::{Command, DeviceId};
use crate::contact::Contact;
use crate::erase::{Erasing, Receipt};
use crate::notify::Told;
use crate::policy::Policy;
use crate::profile::Listing;
use crate::reading::ReadMark;
use crate::reopen::{Forgotten, Rejudged, Reopened};
use crate::report::Report;
use crate::retain::Expiry;
use crate::rewind::Rewind;
use crate::rows::RowKey;
use crate::settle::Dropped;
use crate::withdraw::Withdrawal;

/// Everything that a node decides by, in memory; only records themselves are in the store alone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// Whose node this is; absent before the first command.
    pub identity: Option<NodeIdentity>,
    /// Accounts by number.
    pub accounts: BTreeMap<AccountNumber, Account>,
    /// Accounts by name.
    pub names: HashMap<String, AccountNumber>,
    /// Devices.
    pub devices: BTreeMap<DeviceId, Device>,
    /// Devices by the hash of their token.
    pub tokens: HashMap<Hash, DeviceId>,
    /// Invite tokens by their hash.
    pub invites: BTreeMap<Hash, InviteToken>,
    /// Channels by number.
    pub channels: BTreeMap<ChannelNo, Channel>,
    /// Channels by id.
    pub channel_numbers: HashMap<ChannelId, ChannelNo>,
    /// Other organisations that were introduced.
    pub peers: BTreeMap<LineageId, Peer>,
    /// Their domains.
    pub peer_domains: HashMap<String, LineageId>,
    /// How keys of organisations have changed, ours too, where they have.
    pub(crate) chains: BTreeMap<LineageId, KeyChain>,
    /// Accounts with an open invitation, by the group.
    pub(crate) invited: BTreeSet<(ChannelId, AccountNumber)>,
    /// Groups whose home we are, by when V is to be stated.
    pub(crate) due: BTreeSet<(u64, ChannelNo)>,
    /// Groups of which history, or word of a member's logs, is lacking.
    pub(crate) lacking: BTreeSet<ChannelNo>,
    /// Aliases of our domain, with their group.
    pub(crate) aliases: BTreeMap<String, ChannelNo>,
    /// Groups that somebody may join without an invitation.
    pub(crate) open: BTreeSet<ChannelId>,
    /// What others are to accounts of ours.
    pub contacts: BTreeMap<(AccountNumber, AccountId), Contact>,
    /// Whom accounts of ours have blocked.
    pub(crate) blocks: BTreeMap<(AccountNumber, AccountId), Block>,
    /// Accounts of ours, as they are searched.
    pub(crate) listing: Listing,
    /// How many accounts of an organisation ask ours and are not answered.
    pub(crate) asking: BTreeMap<LineageId, u32>,
    /// Groups in which something waits for authority.
    pub(crate) waiting: BTreeSet<ChannelNo>,
    /// When a peer's heads were compared last, in Unix milliseconds.
    pub(crate) heard_unix_ms: u64,
    /// Channels with texts that are gone by a rule, or will be.
    pub(crate) expiries: BTreeMap<ChannelNo, Expiry>,
    /// Those whose texts will come of age, by when that is looked at.
    pub(crate) expiring: BTreeSet<(u64, ChannelNo)>,
    /// How far accounts of ours have read channels.
    pub(crate) reads: BTreeMap<(AccountNumber, ChannelNo), ReadMark>,
    /// Logs that are proven to have two histories.
    pub(crate) forked: BTreeSet<(ChannelNo, LogName)>,
    /// Up to where devices were told of channels.
    pub(crate) told: Told,
    /// With whom the admin federates.
    pub(crate) policy: Policy,
    /// What was reported as abuse.
    pub(crate) reports: BTreeMap<u64, Report>,
    pub(crate) last_channel: u32,
    pub(crate) last_log: u64,
}

/// Whose node this is, and its present run.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct NodeIdentity {
    /// The organisation's domain.
    #[n(0)]
    pub domain: String,
    /// Its lineage.
    #[n(1)]
    pub lineage: LineageId,
    /// Its first node key.
    #[n(2)]
    pub key: NodePublicKey,
    /// The hash of its recovery key.
    #[n(3)]
    pub recovery: Hash,
    /// Names the store's order.
    #[n(4)]
    pub store: u64,
    /// The runs of this store, oldest first, each with the pos range that it gave.
    #[n(5)]
    pub starts: Vec<Start>,
    /// The writer of the present run.
    #[n(6)]
    pub writer: WriterId,
    /// How long texts are kept here at most, in seconds; for ever where absent.
    #[n(7)]
    pub retention: Option<u64>,
    /// How many reports of abuse were given a number.
    #[n(8)]
    pub reports: Option<u64>,
}

/// A run of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Start {
    /// Names the run.
    #[n(0)]
    pub start: u64,
    /// The command that began it.
    #[n(1)]
    pub command: u64,
}

/// Another organisation.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Peer {
    /// Its domain.
    #[n(0)]
    pub domain: String,
    /// Its first node key.
    #[n(1)]
    pub key: NodePublicKey,
    /// The hash of its recovery key.
    #[n(2)]
    pub recovery: Hash,
    /// Where we are in its feed.
    #[n(3)]
    pub cursor: Option<ByteString>,
    /// When its heads were compared with ours last, in Unix milliseconds.
    #[n(4)]
    pub heard_unix_ms: u64,
    /// The run, by its first command, in which that was.
    #[n(5)]
    pub compared: u64,
    /// Since when what it asks of ours is counted, in Unix milliseconds, and how often it did.
    #[n(10)]
    pub asks: Option<(u64, u32)>,
    /// Whether its domain is another organisation's by now, by the admin's word: it stays what it
    /// was in channels, and nobody speaks for it.
    #[cbor(n(12), default)]
    pub former: bool,
    /// Reports of abuse of it that were dropped.
    #[n(11)]
    pub reports_dropped: Option<u64>,
}

/// What a command did, or several: all but the answer adds up.
#[derive(Clone, Debug, PartialEq)]
pub struct Effects {
    /// The last command's number.
    pub command: u64,
    /// The answer to whoever proposed the last command.
    pub answer: Answer,
    /// Records that were added, in the order of their pos.
    pub applied: Vec<Applied>,
    /// Records from before our admission that were added; they have no pos.
    pub backfilled: Vec<Applied>,
    /// Rows that were changed.
    pub dirty: Vec<RowKey>,
    /// Devices that were logged out.
    pub logged_out: Vec<DeviceId>,
    /// Events of earlier commands, or of this one, that it rejects after all.
    pub withdrawn: Vec<Withdrawal>,
    /// Records, of this command or earlier ones, whose bodies go.
    pub erased: Vec<Erasing>,
    /// Records, of this command or earlier ones, that come to something else.
    pub rejudged: Vec<Rejudged>,
    /// History that is gone with the admission that it came with.
    pub forgotten: Vec<Forgotten>,
    /// Records that are not of their logs any more.
    pub dropped: Vec<Dropped>,
    /// Openings that made records void.
    pub reopened: Vec<Reopened>,
    /// What groups were, as the command brings it along.
    pub(crate) rewinds: Vec<Rewind>,
    /// Bodies that were not kept, and asks that were not heard: against the rules, or too many.
    pub(crate) unheard: u32,
    /// The control log of which an event that is void names another record than the one here.
    pub(crate) contradicted: Option<WireLog>,
    /// What others say that they have erased.
    pub receipts: Vec<Receipt>,
    /// Accounts with another avatar, or none any more; its bytes are kept in no state.
    pub avatars: Vec<(AccountNumber, Option<ByteString>)>,
    /// Groups with events that V may have to cover now.
    pub(crate) touched: BTreeSet<ChannelNo>,
    pub(crate) unix_ms: u64,
    pub(crate) random: [u8; 32],
    drawn: u64,
    index: u16,
}

impl Default for Effects {
    fn default() -> Self {
        Self {
            command: 0,
            answer: Answer::Done,
            applied: Vec::new(),
            backfilled: Vec::new(),
            dirty: Vec::new(),
            logged_out: Vec::new(),
            withdrawn: Vec::new(),
            erased: Vec::new(),
            rejudged: Vec::new(),
            forgotten: Vec::new(),
            dropped: Vec::new(),
            reopened: Vec::new(),
            rewinds: Vec::new(),
            unheard: 0,
            contradicted: None,
            receipts: Vec::new(),
            avatars: Vec::new(),
            touched: BTreeSet::new(),
            unix_ms: 0,
            random: [0; 32],
            drawn: 0,
            index: 0,
        }
    }
}

impl Effects {
    /// Begins with the next command.
    fn begin(&mut self, command: u64) {
        self.command = command;
        (self.unix_ms, self.random) = (0, [0; 32]);
        (self.drawn, self.index) = (0, 0);
        self.rewinds.clear();
    }

    /// With what the command brings of clock and randomness.
    fn at(&mut self, unix_ms: u64, random: [u8; 32]) -> &mut Self {
        (self.unix_ms, self.random) = (unix_ms, random);
        self
    }

    pub(crate) fn dirty(&mut self, key: RowKey) {
        self.dirty.push(key);
    }

    /// The pos of the next record of this command.
    pub(crate) fn next_pos(&mut self) -> Pos {
        let pos = Pos::new(self.command, self.index);
        self.index += 1;
        pos
    }

    /// The next 32 bytes derived from the command's random bytes.
    pub(crate) fn draw(&mut self) -> [u8; 32] {
        self.drawn += 1;
        Hasher::new(tag::DERIVED).fixed(&self.random).int(self.drawn).finish().0
    }
}

impl State {
    /// Applies a command. The same commands in the same order give the same state to the byte.
    pub fn apply(&mut self, number: u64, command: &Command) -> Effects {
        let mut effects = Effects::default();
        self.apply_next(number, command, &mut effects);
        effects
    }

    /// Applies a command and adds what it did to what those before it did.
    pub fn apply_next(&mut self, number: u64, command: &Command, effects: &mut Effects) {
        effects.begin(number);
        let done = self.dispatch(command, effects);
        effects.answer = done.unwrap_or_else(|code| Answer::Refused(RefusedCode(code)));
        self.cover_touched(effects);
    }

    fn dispatch(&mut self, command: &Command, fx: &mut Effects) -> Result<Answer, Code> {
        match command {
            Command::Found { domain, key, recovery, store } => {
                self.found(domain, *key, *recovery, *store, fx)
            }
            Command::Start { start, writer } => self.start(*start, *writer, fx),
            Command::CreateAccount { number, name, password, rule, unix_ms } => {
                self.create_account(*number, name, password, *rule, *unix_ms, fx)
            }
            Command::AddDevice { account, device, name, token, unix_ms, devices_max } => {
                let new = Device::new(*account, name, *token, *unix_ms);
                self.add_device(*device, new, *devices_max, fx)
            }
            Command::RemoveDevice { account, device } => self.remove_device(*account, *device, fx),
            Command::SetPassword { account, password } => self.set_password(*account, password, fx),
            Command::Administer { account, change } => self.administer(*account, change, fx),
            Command::CreateInvite { token, uses, expires_unix_ms } => {
                self.create_invite(*token, *uses, *expires_unix_ms, fx)
            }
            Command::RevokeInvite { token } => self.revoke_invite(token, fx),
            Command::Tend { used, unused, unused_since_ms, unix_ms } => {
                fx.unix_ms = *unix_ms;
                Ok(self.tend(used, unused, *unused_since_ms, fx))
            }
            Command::Introduce { domain, key, recovery } => {
                self.introduce(domain, *key, *recovery, fx)
            }
            Command::Replace { domain, key, recovery } => self.replace(domain, *key, *recovery, fx),
            Command::Perform { account, device, nonce, unix_ms, random, act } => {
                (fx.unix_ms, fx.random) = (*unix_ms, *random);
                self.perform(*account, *device, *nonce, act, fx)
            }
            Command::PeerBatch { peer, frame, cursor, unix_ms, random, rewinds } => {
                (fx.unix_ms, fx.random) = (*unix_ms, *random);
                fx.rewinds.clone_from(rewinds);
                self.peer_batch(*peer, frame, cursor.as_ref(), fx)
            }
            Command::Wake { unix_ms, random } => Ok(self.wake(fx.at(*unix_ms, *random))),
            Command::PeerHistory { peer, frame, silent } => self.backfill(*peer, frame, silent, fx),
            Command::TakeFork { proof, unix_ms, random } => {
                self.take_fork(proof, fx.at(*unix_ms, *random))
            }
            Command::Reopen { rewind, unix_ms, random } => {
                self.reopen(rewind, fx.at(*unix_ms, *random))
            }
            Command::Compare { peer, ahead, unix_ms, random, is_writer_ahead } => {
                (fx.unix_ms, fx.random) = (*unix_ms, *random);
                self.compare(*peer, ahead, *is_writer_ahead, fx)
            }
            Command::Force { channel, unix_ms, random } => {
                (fx.unix_ms, fx.random) = (*unix_ms, *random);
                self.force_authority(channel, fx)
            }
            Command::DeleteAccount { account, unix_ms, random } => {
                (fx.unix_ms, fx.random) = (*unix_ms, *random);
                self.delete_account(*account, fx)
            }
            Command::Settle { settlement } => self.settle(settlement, fx),
            Command::Notify(notify) => self.tell_devices(notify, fx),
            Command::Federate(change) => self.change_policy(change, fx),
            Command::NoteActive { .. } | Command::SetStatus { .. } => self.note(command, fx),
            Command::Retain { seconds, unix_ms } => self.retain(*seconds, *unix_ms, fx),
            Command::TakeKeys { shown, unix_ms, random } => {
                self.take_keys(shown, fx.at(*unix_ms, *random))
            }
            Command::TakeSigned { peer, heads } => self.take_signed(*peer, heads, fx),
            Command::Test { .. } => self.write_test(command, fx),
            Command::CloseReport { number, unix_ms } => self.close_report(*number, *unix_ms, fx),
        }
    }

    fn found(
        &mut self,
        domain: &str,
        key: NodePublicKey,
        recovery: Hash,
        store: u64,
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        if self.identity.is_some() {
            return Err(Code::Internal);
        }
        let name: ServerName = domain.parse().map_err(|_| Code::NameInvalid)?;
        self.identity = Some(NodeIdentity {
            domain: domain.to_owned(),
            lineage: lineage_id(&name, &key, &recovery),
            key,
            recovery,
            store,
            starts: Vec::new(),
            writer: WriterId(0),
            retention: None,
            reports: None,
        });
        fx.dirty(RowKey::Identity);
        Ok(Answer::Done)
    }

    fn start(&mut self, start: u64, writer: WriterId, fx: &mut Effects) -> Result<Answer, Code> {
        let identity = self.identity.as_mut().ok_or(Code::Internal)?;
        identity.starts.push(Start { start, command: fx.command });
        if identity.starts.len() > STARTS_KEPT {
            identity.starts.remove(0);
        }
        identity.writer = writer;
        fx.dirty(RowKey::Identity);
        Ok(Answer::Done)
    }

    fn introduce(
        &mut self,
        domain: &str,
        key: NodePublicKey,
        recovery: Hash,
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        let name: ServerName = domain.parse().map_err(|_| Code::NameInvalid)?;
        let lineage = lineage_id(&name, &key, &recovery);
        let own = self.lineage();
        // Another organisation under our domain would speak in our users' names.
        if lineage == own || domain == self.domain() {
            return Err(Code::PeerNameMismatch);
        }
        match self.peer_domains.get(domain) {
            Some(known) if *known == lineage => return Ok(Answer::Done),
            Some(_) => return Err(Code::DomainKeyChanged),
            None if self.peers.len() >= PEERS_MAX => return Err(Code::DomainRefused),
            None => {}
        }
        // One that had the domain before has it again.
        let again = self.peers.remove(&lineage);
        let peer = Peer {
            domain: domain.to_owned(),
            key,
            recovery,
            cursor: again.as_ref().and_then(|before| before.cursor.clone()),
            heard_unix_ms: again.map_or(0, |before| before.heard_unix_ms),
            compared: 0,
            asks: None,
            former: false,
            reports_dropped: None,
        };
        self.peers.insert(lineage, peer);
        self.peer_domains.insert(domain.to_owned(), lineage);
        fx.dirty(RowKey::Peer(lineage));
        if self.link_with(lineage).is_none() {
            let id = link_channel(own, lineage);
            let no = self.add_channel(Channel::new(id, Kind::Link { peer: lineage }), fx);
            self.share(no, lineage, Pos::new(fx.command, 0), fx);
        }
        Ok(Answer::Done)
    }

    /// Gives a domain to another organisation, by the admin's word. The one that had it before
    /// stays what it was in channels; nobody speaks for it any more.
    fn replace(
        &mut self,
        domain: &str,
        key: NodePublicKey,
        recovery: Hash,
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        let name: ServerName = domain.parse().map_err(|_| Code::NameInvalid)?;
        let next = lineage_id(&name, &key, &recovery);
        let before = *self.peer_domains.get(domain).ok_or(Code::DomainNotFound)?;
        if before == next {
            return Ok(Answer::Done);
        }
        if next == self.lineage() || self.peers.len() >= PEERS_MAX {
            return Err(Code::DomainRefused);
        }
        self.peer_domains.remove(domain);
        if let Some(peer) = self.peers.get_mut(&before) {
            peer.former = true;
            fx.dirty(RowKey::Peer(before));
        }
        self.introduce(domain, key, recovery, fx)
    }

    /// The present run; `None` before the first.
    pub fn run(&self) -> Option<Start> {
        self.identity.as_ref()?.starts.last().copied()
    }

    /// Whether no control record can take a record of a channel back any more.
    pub fn is_final(&self, channel: ChannelNo, log: LogName, seq: u64) -> bool {
        self.channels.get(&channel).is_some_and(|channel| channel.is_final(log, seq))
    }

    /// Our lineage. Every command but the first comes after `Found`.
    pub fn lineage(&self) -> LineageId {
        self.identity.as_ref().map_or(LineageId([0; 32]), |identity| identity.lineage)
    }

    /// The writer of the message logs that we append to.
    pub(crate) fn writer(&self) -> WriterId {
        self.identity.as_ref().map(|identity| identity.writer).unwrap_or_default()
    }

    /// Our domain.
    pub fn domain(&self) -> &str {
        self.identity.as_ref().map_or("", |identity| &identity.domain)
    }

    /// The domain of an organisation: ours, one that we know, or one that a group of ours names.
    pub fn domain_of(&self, lineage: &LineageId) -> Option<&str> {
        if *lineage == self.lineage() {
            return Some(self.domain());
        }
        let of_groups = || {
            let mut groups = self.channels.values().filter_map(Channel::group);
            groups.find_map(|group| Some(&group.state.organisations.get(lineage)?.domain))
        };
        let known = self.peers.get(lineage).map(|peer| &peer.domain);
        known.or_else(of_groups).map(String::as_str)
    }

    /// An account of ours, as it stands in hashed bytes.
    pub fn account_id(&self, number: AccountNumber) -> AccountId {
        AccountId { lineage: self.lineage(), number }
    }

    /// A channel by its id.
    pub fn channel(&self, id: &ChannelId) -> Option<(ChannelNo, &Channel)> {
        let no = *self.channel_numbers.get(id)?;
        Some((no, self.channels.get(&no)?))
    }

    /// The link channel with a peer.
    pub fn link_with(&self, peer: LineageId) -> Option<ChannelNo> {
        self.channel_numbers.get(&link_channel(self.lineage(), peer)).copied()
    }

    /// How people write an account that acts in a channel.
    pub fn label(&self, channel: ChannelNo, account: &AccountId) -> Option<AccountLabel> {
        if account.lineage == self.lineage() {
            return self.accounts.get(&account.number)?.label.clone();
        }
        let text = match &self.channels.get(&channel)?.kind {
            Kind::Direct(direct) => direct.label(*account)?,
            Kind::Group(group) => group.state.members.get(account)?.label.as_str(),
            Kind::Link { .. } => return None,
        };
        let label: AccountLabel = text.parse().ok()?;
        // Under a domain that we know, nobody else is shown: a group's home may admit whom it
        // likes.
        let domain = label.domain.as_str();
        let is_known = domain == self.domain() || self.peer_domains.contains_key(domain);
        let is_theirs = self.peers.get(&account.lineage).is_some_and(|peer| peer.domain == domain);
        (is_theirs || !is_known).then_some(label)
    }
}

/// Organisations that a node knows. Nobody is forgotten yet, so that this bounds what strangers
/// cost.
const PEERS_MAX: usize = 100_000;

// A record of a batch is placed, and a request among them answered by a control record and an
// invitation.
const _: () = assert!(BATCH_RECORDS_MAX * 3 <= u16::MAX as usize);

/// Runs whose cursors are still understood; an older one means a resync.
const STARTS_KEPT: usize = 1_024;
