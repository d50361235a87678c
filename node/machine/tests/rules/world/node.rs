//! A node of the small world: a real state, and a store of rows in memory that is compared with the
//! state after every command. It decides nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use comity_identity::{KeyChain, Lineage, NodeKey, RecoveryKey, SignedKeyChange};
use comity_machine::{
    Answer, Applied, CannotRewind, Command, DeviceId, Dropped, Effects, Erasing, EventRow,
    Forgotten, LogNo, LogSource, Outcome, Policy, RangeOutcome, Receipt, Rejudged, Rewind, RowKey,
    SignUpRule, State, Subscriber, Withdrawal, answer_rows, rewind, right_of,
};
use comity_protocol::control::Organisation;
use comity_protocol::frame::Frame;
use comity_protocol::hash::{Hash, Hasher, tag};
use comity_protocol::head::{Head, HeadProof, prove};
use comity_protocol::id::{
    AccountNumber, ChannelId, ControlPoint, LineageId, LogId, LogName, WriterId,
};

use super::stored;

/// A user of a node.
#[derive(Clone, Copy, Debug)]
pub struct User {
    pub number: AccountNumber,
    pub device: DeviceId,
}

/// A node.
pub struct Node {
    pub state: State,
    pub key: NodeKey,
    /// How it came to be the node's.
    pub chain: KeyChain,
    pub recovery: RecoveryKey,
    pub domain: String,
    /// Everything applied, in the order of pos.
    pub records: Vec<Applied>,
    /// Everything backfilled, in the order in which it came.
    pub backfilled: Vec<Applied>,
    /// Records whose bodies go.
    pub erased: Vec<Erasing>,
    /// What others say that they have erased.
    pub receipts: Vec<Receipt>,
    /// How much of what peers showed has no effect.
    pub void: u32,
    pub users: BTreeMap<String, User>,
    /// Every command applied, for replays.
    pub commands: Vec<Command>,
    /// The rows as a store holds them that writes what is reported as changed, and nothing else.
    store: BTreeMap<RowKey, Vec<u8>>,
    number: u8,
}

impl Node {
    pub fn new(name: &str, number: u8) -> Self {
        let key = NodeKey::from_seed(&[number; 32]);
        let recovery = RecoveryKey::from_seed(&[number + 100; 32]);
        let domain = format!("{name}.test");
        let begun = Lineage::begin(domain.parse().unwrap(), key.public(), recovery.hash());
        let mut node = Self {
            state: State::default(),
            key,
            chain: KeyChain::begin(begun),
            recovery,
            domain: domain.clone(),
            records: Vec::new(),
            backfilled: Vec::new(),
            erased: Vec::new(),
            receipts: Vec::new(),
            void: 0,
            users: BTreeMap::new(),
            commands: Vec::new(),
            store: BTreeMap::new(),
            number,
        };
        let (key, recovery) = (node.key.public(), node.recovery.hash());
        node.apply(Command::Found { domain, key, recovery, store: u64::from(number) });
        node.start(1);
        node
    }

    /// The node as it was after so many of its commands: an older copy of its disk.
    pub fn older(&self, commands: usize) -> Self {
        let name = self.domain.trim_end_matches(".test");
        let mut node = Self::new(name, self.number);
        node.users = self.users.clone();
        for command in &self.commands[node.commands.len()..commands] {
            node.apply(command.clone());
        }
        node
    }

    /// A process starts: a new writer.
    pub fn start(&mut self, run: u64) {
        let writer = WriterId((u64::from(self.number) << 32) | run);
        self.apply(Command::Start { start: run, writer });
    }

    pub fn lineage(&self) -> LineageId {
        self.state.lineage()
    }

    /// Makes an account with one device.
    pub fn add_user(&mut self, name: &str, unix_ms: u64) -> User {
        let of_node = u64::from(self.number) * 1_000;
        let number = AccountNumber(of_node + self.users.len() as u64 + 1);
        let user = User { number, device: DeviceId(number.0) };
        let password = String::from("$argon2id$");
        let name_of = name.to_owned();
        let rule = SignUpRule::Admin;
        self.apply(Command::CreateAccount { number, name: name_of, password, rule, unix_ms });
        self.add_device(number, user.device, unix_ms);
        self.users.insert(name.to_owned(), user);
        user
    }

    pub fn add_device(&mut self, account: AccountNumber, device: DeviceId, unix_ms: u64) {
        let token = Hasher::new(tag::TOKEN).int(device.0).finish();
        let name = String::from("desk");
        self.apply(Command::AddDevice { account, device, name, token, unix_ms, devices_max: 9 });
    }

    pub fn introduce(&mut self, other: &Self) {
        let (key, recovery) = (other.chain.lineage().first_key, other.recovery.hash());
        self.apply(Command::Introduce { domain: other.domain.clone(), key, recovery });
    }

    /// Goes on under the key of a seed, which the key before signs.
    pub fn rotate(&mut self, seed: u8, unix_ms: u64) {
        let next = NodeKey::from_seed(&[seed; 32]);
        let (id, number) = (self.lineage(), self.chain.next_number());
        let change = SignedKeyChange::by_key(id, number, &self.key, next.public());
        self.change_key(next, change, unix_ms);
    }

    /// Goes on under the key of a seed, which the recovery key signs.
    pub fn recover(&mut self, seed: u8, unix_ms: u64) {
        let next = NodeKey::from_seed(&[seed; 32]);
        let (id, number, before) = (self.lineage(), self.chain.next_number(), self.chain.key());
        let after = next.public();
        let change = SignedKeyChange::by_recovery(id, number, before, after, &self.recovery);
        self.change_key(next, change, unix_ms);
    }

    fn change_key(&mut self, next: NodeKey, change: SignedKeyChange, unix_ms: u64) {
        self.chain.follow(change).unwrap();
        self.key = next;
        let shown = self.chain.organisation();
        assert_eq!(self.take_keys(shown, unix_ms), Answer::Done);
    }

    /// Is shown how an organisation's key has changed.
    pub fn take_keys(&mut self, shown: Organisation, unix_ms: u64) -> Answer {
        let random = self.random();
        self.apply(Command::TakeKeys { shown, unix_ms, random }).answer
    }

    /// Applies a command and checks that the rows reported as changed are all that changed.
    pub fn apply(&mut self, command: Command) -> Effects {
        let number = self.commands.len() as u64 + 1;
        let effects = self.state.apply(number, &command);
        for key in &effects.dirty {
            match self.state.row(key) {
                Some(row) => self.store.insert(*key, row),
                None => self.store.remove(key),
            };
        }
        self.check_rows(&command);
        self.commands.push(command);
        for applied in &effects.applied {
            let is_hidden = applied.audience.is_empty();
            assert!(is_hidden || applied.outcome == Outcome::Accepted, "{applied:?}");
        }
        self.records.extend(effects.applied.iter().cloned());
        withdraw(&mut self.records, &effects.withdrawn);
        rejudge(&mut self.records, &effects.rejudged);
        forget(&mut self.backfilled, &effects.forgotten);
        replace(&mut self.records, &effects.dropped);
        self.backfilled.extend(effects.backfilled.iter().cloned());
        self.erased.extend(&effects.erased);
        self.receipts.extend(&effects.receipts);
        effects
    }

    /// What groups were, for those ranges of a batch that were answered that they need it.
    pub fn rewinds(&self, answer: &Answer, frame: &[u8]) -> Vec<Rewind> {
        let Answer::Ranges(reports) = answer else { return Vec::new() };
        let Ok(Frame::Batch(batch)) = Frame::decode(frame) else { return Vec::new() };
        let needed = reports.iter().zip(&batch.ranges).filter_map(|(report, range)| {
            let RangeOutcome::Rewind { base } = report.outcome else { return None };
            let opening = (range.log.origin, &*range.records[0].header);
            self.rewind_for(range.log.channel, &base, Some(opening)).ok()
        });
        needed.collect()
    }

    /// What a group was just after a record.
    pub fn rewind(&self, id: ChannelId, base: &ControlPoint) -> Result<Rewind, CannotRewind> {
        self.rewind_for(id, base, None)
    }

    /// The same, for an opening that somebody has shown.
    pub fn rewind_for(
        &self,
        id: ChannelId,
        base: &ControlPoint,
        opening: Option<(LineageId, &[u8])>,
    ) -> Result<Rewind, CannotRewind> {
        let (_, channel) = self.state.channel(&id).unwrap();
        rewind(self.lineage(), channel, base, opening, &mut Records(&self.records))
    }

    /// Random bytes for the next command.
    pub fn random(&self) -> [u8; 32] {
        Hasher::new(tag::DERIVED).int(self.commands.len() as u64).finish().0
    }

    fn check_rows(&self, command: &Command) {
        let rows = rows(&self.state);
        let keys: BTreeSet<&RowKey> = rows.keys().chain(self.store.keys()).collect();
        for key in keys {
            let same = rows.get(key) == self.store.get(key);
            assert!(same, "{}: {command:?} changed {key:?} without saying so", self.domain);
        }
    }

    /// A state read back from the rows that were reported.
    pub fn reloaded(&self) -> State {
        let mut state = State::default();
        for (key, bytes) in &self.store {
            state.load(*key, bytes).unwrap();
        }
        state.finish_load();
        state
    }

    /// A node that stops and is opened again on its rows goes on as if nothing had happened.
    pub fn check_reload(&self) {
        let reloaded = self.reloaded();
        assert_eq!(reloaded, self.state, "{}: read back from its rows", self.domain);
        assert!(reloaded.to_bytes() == self.state.to_bytes());
    }

    /// The same commands in the same order give the same bytes.
    pub fn check_replay(&self) {
        let mut state = State::default();
        let (mut records, mut backfilled) = (Vec::new(), Vec::new());
        for (number, command) in (1..).zip(&self.commands) {
            let effects = state.apply(number, command);
            records.extend(effects.applied);
            withdraw(&mut records, &effects.withdrawn);
            rejudge(&mut records, &effects.rejudged);
            forget(&mut backfilled, &effects.forgotten);
            replace(&mut records, &effects.dropped);
            backfilled.extend(effects.backfilled);
        }
        assert!(state.to_bytes() == self.state.to_bytes(), "{}: replayed", self.domain);
        assert_eq!(records, self.records);
        assert_eq!(backfilled, self.backfilled);
    }

    /// Whether this node feeds a log: those that it writes.
    pub fn feeds(&self, log: &LogId) -> bool {
        let (LogName::Message { origin, .. } | LogName::Control { home: origin, .. }) = log.name;
        origin == self.lineage()
    }

    /// Our records of a log from one on, as far as a peer is served.
    pub fn served(&self, peer: LineageId, log: &LogId, from: u64) -> Vec<Applied> {
        let Some((_, channel)) = self.state.channel(&log.channel) else { return Vec::new() };
        let Some(stay) = channel.peers.get(&peer).filter(|_| self.feeds(log)) else {
            return Vec::new();
        };
        if from <= channel.floor_of(peer, log.name) {
            return Vec::new();
        }
        let wanted =
            |r: &&Applied| r.log == *log && r.seq >= from && stay.to.is_none_or(|to| r.pos <= to);
        self.records.iter().filter(wanted).cloned().collect()
    }

    /// The n-th record of a log.
    pub fn row(&self, log: &LogId, seq: u64) -> Option<&Applied> {
        let mut all = self.records.iter().chain(self.backfilled.iter().rev());
        all.find(|r| r.log == *log && r.seq == seq && r.outcome != Outcome::Replaced)
    }

    /// Proofs of heads under one checkpoint of this node.
    pub fn prove(&self, heads: &[Head]) -> Vec<HeadProof> {
        let blinds = vec![[7; 16]; heads.len()];
        let sign = |message: &[u8]| self.key.sign(message);
        prove(heads, &blinds, &self.domain, self.lineage(), &self.key.public(), sign)
    }

    /// What an account got in its feed, live, in the order of pos.
    pub fn fed(&self, account: AccountNumber) -> impl Iterator<Item = &Applied> {
        self.records.iter().filter(move |r| {
            r.audience.contains(&Subscriber::Account(account)) || r.inbox.contains(&account)
        })
    }
}

/// What a store does with records that are rejected after all.
fn withdraw(records: &mut [Applied], withdrawn: &[Withdrawal]) {
    for withdrawal in withdrawn {
        let is_one = |r: &&mut Applied| {
            r.log_no == withdrawal.log
                && (withdrawal.first..=withdrawal.last).contains(&r.seq)
                && r.sender == Some(withdrawal.author)
                && right_of(&r.record.header) == Some(withdrawal.right)
        };
        records.iter_mut().filter(is_one).for_each(|r| r.outcome = Outcome::Rejected);
    }
}

/// What a store does with records that come to something else.
fn rejudge(records: &mut [Applied], rejudged: &[Rejudged]) {
    for Rejudged { no, log, change, .. } in rejudged {
        let is_one =
            |r: &&mut Applied| r.log_no == *no && (change.first..=change.last).contains(&r.seq);
        for applied in records.iter_mut().filter(is_one) {
            let mut row = stored(applied);
            change.put(*log, &mut row);
            (applied.outcome, applied.stated) = (row.outcome, row.stated);
            (applied.id, applied.sender) = (row.id, row.sender);
        }
    }
}

fn forget(backfilled: &mut Vec<Applied>, forgotten: &[Forgotten]) {
    let is_one = |r: &Applied, gone: &Forgotten| {
        r.log_no == gone.log && (gone.first..=gone.last).contains(&r.seq)
    };
    backfilled.retain(|r| !forgotten.iter().any(|gone| is_one(r, gone)));
}

/// What a store does with records that are not of their log any more.
fn replace(records: &mut [Applied], dropped: &[Dropped]) {
    let is_one = |r: &Applied, gone: &Dropped| r.log_no == gone.log && r.seq >= gone.first;
    let gone = records.iter_mut().filter(|r| dropped.iter().any(|gone| is_one(r, gone)));
    gone.for_each(|r| r.outcome = Outcome::Replaced);
}

/// A node's records of a channel, by log.
struct Records<'n>(&'n [Applied]);

impl LogSource for Records<'_> {
    fn rows(&mut self, log: LogNo, from: u64, visit: &mut dyn FnMut(EventRow) -> ControlFlow<()>) {
        let is_one =
            |r: &&Applied| r.log_no == log && r.seq >= from && r.outcome != Outcome::Replaced;
        for record in self.0.iter().filter(is_one) {
            if visit(stored(record)).is_break() {
                return;
            }
        }
    }
}

/// Every row of a state.
fn rows(state: &State) -> BTreeMap<RowKey, Vec<u8>> {
    let mut keys = vec![RowKey::Identity];
    keys.extend((*state.policy() != Policy::default()).then_some(RowKey::Policy));
    keys.extend(state.accounts.keys().map(|k| RowKey::Account(*k)));
    keys.extend(state.invites.keys().map(|k| RowKey::Invite(*k)));
    keys.extend(state.peers.keys().map(|k| RowKey::Peer(*k)));
    keys.extend(state.changed().map(|(k, _)| RowKey::Keys(*k)));
    keys.extend(state.reports().map(|(k, _)| RowKey::Report(k)));
    keys.extend(state.contacts.keys().map(|(k, other)| RowKey::Contact(*k, *other)));
    keys.extend(state.expired().map(|(no, _)| RowKey::Expiry(no)));
    keys.extend(state.marks().map(|(account, no)| RowKey::Read(account, no)));
    keys.extend(state.all_told().map(|(device, no)| RowKey::Told(device, no)));
    for account in state.accounts.keys() {
        keys.extend(state.blocks_of(*account).map(|(other, _)| RowKey::Block(*account, other)));
    }
    for (no, channel) in &state.channels {
        keys.push(RowKey::Channel(*no));
        keys.extend(channel.logs.keys().map(|name| RowKey::Log(*no, *name)));
    }
    for (device, kept) in &state.devices {
        keys.push(RowKey::Device(*device));
        let used = answer_rows().filter(|row| !kept.answers.row(*row).is_empty());
        keys.extend(used.map(|row| RowKey::Nonce(*device, row)));
    }
    keys.into_iter().filter_map(|key| Some((key, state.row(&key)?))).collect()
}

/// The hash of an invite token.
pub fn token(number: u64) -> Hash {
    Hasher::new(tag::TOKEN).int(number).finish()
}
