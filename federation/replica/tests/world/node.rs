//! A node of the virtual world: a real state, and a store and feeds in memory.

use std::collections::{BTreeMap, BTreeSet};

use comity_identity::{NodeKey, RecoveryKey};
use comity_machine::{
    Act, Answer, Applied, Command, DeviceId, EventRow, HistorySource, Kind, Place, RangeOutcome,
    SignUpRule, State, Subscriber, backfill, range_start,
};
use comity_protocol::cbor::ByteString;
use comity_protocol::chain::ChainEnd;
use comity_protocol::code::Code;
use comity_protocol::cursor::{Cursor, Pos};
use comity_protocol::frame::{Batch, Frame, Range, VectorEntry, Want, WireLog};
use comity_protocol::hash::{Hash, Hasher, tag};
use comity_protocol::head::{Head, HeadProof, prove};
use comity_protocol::history::{HistoryAsk, LogRef};
use comity_protocol::id::{
    AccountId, AccountNumber, ChannelId, LineageId, LogId, LogName, ShortHash, WriterId,
};
use comity_protocol::key::{KeyId, NodePublicKey};
use comity_protocol::name::ServerName;
use comity_replica::{AppliedHistory, Fate, FedBatch, FedRecord, Histories, Keys};

use super::BEGINNING_MS;

/// A fed record's log and seq.
pub type Token = (WireLog, u64);

/// Records in a batch of a feed, and in an answer to a want: small, so that tests see many frames.
const BATCH_RECORDS: usize = 3;

/// A place in a peer's feed.
#[derive(Default)]
struct Reader {
    /// How many of our records were looked at.
    at: usize,
    /// What the peer holds already.
    held: BTreeMap<WireLog, u64>,
}

/// A node.
pub struct Node {
    pub state: State,
    pub key: NodeKey,
    /// Everything applied, in the order of pos.
    pub records: Vec<Applied>,
    /// Everything backfilled, in the order in which it came.
    pub backfilled: Vec<Applied>,
    /// Whether the node serves no history.
    pub withholds_history: bool,
    /// Tokens that came back.
    pub delivered: BTreeSet<Token>,
    /// Records that the feed leaves out, as a faulty feeder would.
    pub leaves_out: BTreeSet<Token>,
    /// Whether the feed leaves control logs out.
    pub withholds_control: bool,
    pub recovery: RecoveryKey,
    user: (AccountNumber, String),
    commands: u64,
    readers: BTreeMap<LineageId, Reader>,
    peer: Option<LineageId>,
}

/// The keys that a node judges its one peer by.
pub struct PeerKeys<'n>(&'n State, LineageId);

impl Keys for PeerKeys<'_> {
    fn origin_key(&self, range: &Range, named: KeyId) -> Option<(LineageId, NodePublicKey)> {
        self.0.origin_key(self.1, range, named)
    }

    fn log_key(&self, log: &LogId, named: KeyId) -> Option<(LineageId, NodePublicKey)> {
        self.0.log_key(log, named)
    }
}

impl Node {
    pub fn new(domain: &str, number: u8, user: &str) -> Self {
        let (key, recovery) =
            (NodeKey::from_seed(&[number; 32]), RecoveryKey::from_seed(&[number + 100; 32]));
        let account = AccountNumber(u64::from(number) * 11);
        let mut node = Self {
            state: State::default(),
            records: Vec::new(),
            backfilled: Vec::new(),
            withholds_history: false,
            delivered: BTreeSet::new(),
            leaves_out: BTreeSet::new(),
            withholds_control: false,
            user: (account, format!("{user}@{domain}")),
            commands: 0,
            readers: BTreeMap::new(),
            peer: None,
            key,
            recovery,
        };
        let name = user.to_owned();
        let (unix_ms, device) = (BEGINNING_MS, DeviceId(u64::from(number)));
        node.apply(Command::Found {
            domain: domain.into(),
            key: node.key.public(),
            recovery: node.recovery.hash(),
            store: u64::from(number),
        });
        node.apply(Command::Start { start: 1, writer: WriterId(u64::from(number) << 32) });
        let rule = SignUpRule::Admin;
        let password = String::from("$argon2id$");
        node.apply(Command::CreateAccount { number: account, name, password, rule, unix_ms });
        let (name, token) = (String::from("desk"), Hash([number; 32]));
        node.apply(Command::AddDevice { account, device, name, token, unix_ms, devices_max: 9 });
        node
    }

    pub fn introduce(&mut self, other: &Self) {
        self.peer = Some(other.lineage());
        let (key, recovery) = (other.key.public(), other.recovery.hash());
        let domain = other.domain().as_str().to_owned();
        self.apply(Command::Introduce { domain, key, recovery });
    }

    pub fn domain(&self) -> ServerName {
        self.state.domain().parse().unwrap()
    }

    pub fn lineage(&self) -> LineageId {
        self.state.lineage()
    }

    /// The node's one user, and its label.
    pub fn user(&self) -> (AccountId, String) {
        (self.state.account_id(self.user.0), self.user.1.clone())
    }

    pub fn keys(&self) -> PeerKeys<'_> {
        PeerKeys(&self.state, self.peer.unwrap())
    }

    pub fn look_up(&self, name: &str) -> Option<AccountNumber> {
        self.state.names.get(name).copied()
    }

    pub fn act(&mut self, act: Act, unix_ms: u64) -> Answer {
        let device = DeviceId(self.user.0.0 / 11);
        let random = random(self.commands);
        let account = self.user.0;
        self.apply(Command::Perform { account, device, nonce: None, unix_ms, random, act })
    }

    /// The user says something to another one, in their direct channel.
    pub fn say(&mut self, to: (AccountId, String), text: &str, unix_ms: u64) {
        let (account, label) = to;
        let opened = self.act(Act::OpenDirect { account, label }, unix_ms);
        let Answer::Channel(channel) = opened else { panic!("{opened:?}") };
        self.say_in(channel, text, unix_ms);
    }

    pub fn say_in(&mut self, channel: ChannelId, text: &str, unix_ms: u64) {
        let sent = self.act(Act::send(channel, text), unix_ms);
        assert!(matches!(sent, Answer::Stored { .. }), "{sent:?}");
    }

    /// Applies a peer's batch.
    pub fn take(
        &mut self,
        peer: LineageId,
        frame: Vec<u8>,
        cursor: Option<ByteString>,
        unix_ms: u64,
    ) -> Vec<Fate> {
        let random = random(self.commands);
        let frame = frame.into();
        let rewinds = Vec::new();
        let answer =
            self.apply(Command::PeerBatch { peer, frame, cursor, unix_ms, random, rewinds });
        let Answer::Ranges(reports) = answer else { panic!("{answer:?}") };
        let fate = |outcome| match outcome {
            RangeOutcome::Applied => Fate::Applied,
            RangeOutcome::Gap { from } => Fate::Gap { from },
            RangeOutcome::Held { from, awaits } => Fate::Held { from, awaits },
            RangeOutcome::Rewind { .. } => panic!("no opening here goes back"),
            RangeOutcome::Crowded { from }
            | RangeOutcome::Early { from }
            | RangeOutcome::Newer { from } => Fate::Held { from, awaits: [None; 2] },
            RangeOutcome::Refused { from, code } => Fate::Refused { from, code: code.0 },
        };
        reports.into_iter().map(|report| fate(report.outcome)).collect()
    }

    pub fn keep_cursor(&mut self, peer: LineageId, cursor: ByteString, unix_ms: u64) {
        let empty = Batch { checkpoints: vec![], ranges: vec![], cursor: None };
        self.take(peer, Frame::Batch(empty).encode(), Some(cursor), unix_ms);
    }

    /// Where the node is in a peer's feed.
    pub fn cursor(&self, peer: LineageId) -> Option<ByteString> {
        self.state.peers[&peer].cursor.clone()
    }

    /// Opens a peer's feed after a cursor, if it is one of ours.
    pub fn open_feed(&mut self, peer: LineageId, cursor: Option<ByteString>) -> bool {
        let bytes = cursor.and_then(|cursor| <[u8; Cursor::BYTES]>::try_from(&*cursor).ok());
        let store = self.state.identity.as_ref().unwrap().store;
        let cursor = bytes.map(|b| Cursor::from_bytes(&b)).filter(|c| c.store == store);
        let Some(cursor) = cursor else { return false };
        let at = self.records.partition_point(|record| record.pos <= cursor.pos);
        self.readers.insert(peer, Reader { at, held: BTreeMap::new() });
        true
    }

    pub fn open_feed_from(&mut self, peer: LineageId, entries: &[VectorEntry]) {
        let held = entries.iter().map(|entry| (entry.log, entry.seq)).collect();
        self.readers.insert(peer, Reader { at: 0, held });
    }

    /// The next batch of a peer's feed.
    pub fn read_feed(&mut self, peer: LineageId) -> Option<FedBatch<Token>> {
        let reader = self.readers.get_mut(&peer)?;
        let mut chosen: Vec<Applied> = Vec::new();
        while chosen.len() < BATCH_RECORDS && reader.at < self.records.len() {
            let record = &self.records[reader.at];
            reader.at += 1;
            let log = WireLog::from(record.log);
            let known = reader.held.get(&log).is_some_and(|held| record.seq <= *held);
            let withheld =
                self.withholds_control && log.kind == comity_protocol::frame::LogKind::Control;
            let left_out = self.leaves_out.remove(&(log, record.seq));
            let is_fed = record.audience.contains(&Subscriber::Peer(peer));
            if is_fed && !known && !withheld && !left_out {
                chosen.push(record.clone());
            }
        }
        let last = chosen.last()?.pos;
        let records = chosen.iter().map(|r| (WireLog::from(r.log), r.seq));
        let records = records.map(|(log, seq)| FedRecord { log, seq, token: (log, seq) }).collect();
        let batch = self.started(self.batch(&chosen));
        let batch = Batch { cursor: Some(self.cursor_at(last)), ..batch };
        Some(FedBatch { batch, records })
    }

    /// Ranges that begin just above the peer's floor come with their start.
    fn started(&self, mut batch: Batch) -> Batch {
        for range in &mut batch.ranges {
            let log = LogId::from(range.log);
            let (_, channel) = self.state.channel(&log.channel).unwrap();
            if channel.needs_start(self.peer.unwrap(), log.name, range.first) {
                let mut row = |seq| self.row(&log, seq).map(stored);
                range.start = range_start(range.first, &mut row);
            }
        }
        batch
    }

    fn floor_of(&self, log: WireLog) -> u64 {
        let known = self.state.channel(&log.channel);
        let name = LogId::from(log).name;
        known.map_or(0, |(_, channel)| channel.floor_of(self.peer.unwrap(), name))
    }

    fn row(&self, log: &LogId, seq: u64) -> Option<&Applied> {
        let mut all = self.records.iter().chain(&self.backfilled);
        all.find(|r| r.log == *log && r.seq == seq)
    }

    /// What is lacking that the peer may have.
    pub fn choose_history(&self, peer: LineageId, known: &Histories) -> Option<HistoryAsk> {
        self.state.lacking().find_map(|no| {
            let id = self.state.channels[&no].id;
            let may_ask = known.may_ask(&id);
            let serves = |log| may_ask && known.serves(&id, log);
            let heard = !may_ask || known.is_heard(&id);
            self.state.history_ask(no, peer, known.count_for(&id), heard, &serves)
        })
    }

    /// Answers an ask for history.
    pub fn serve_history(&self, peer: LineageId, ask: &HistoryAsk) -> Frame {
        let (_, channel) = self.state.channel(&ask.channel).unwrap();
        let mut records = Past { node: self, channel: ask.channel };
        let mut found = backfill(channel, self.lineage(), peer, ask, &mut records);
        if self.withholds_history {
            let logs = found.ranges.drain(..).map(|range| range.log);
            found.missing.extend(logs);
        }
        Frame::Backfill(found)
    }

    /// Applies a peer's answer to an ask for history.
    pub fn take_history(
        &mut self,
        peer: LineageId,
        frame: Vec<u8>,
        silent: Vec<LogRef>,
    ) -> Option<AppliedHistory> {
        match self.apply(Command::PeerHistory { peer, frame: frame.into(), silent }) {
            Answer::History(report) => {
                Some(AppliedHistory { taken: report.taken, refused: report.refused })
            }
            _ => None,
        }
    }

    /// The node's own cursor at a pos.
    pub fn cursor_at(&self, pos: Pos) -> ByteString {
        let store = self.state.identity.as_ref().unwrap().store;
        Cursor { store, start: 1, pos }.to_bytes().to_vec().into()
    }

    /// Answers a want.
    pub fn serve(&self, want: Want) -> Frame {
        let of_log =
            |record: &&Applied| WireLog::from(record.log) == want.log && record.seq >= want.from;
        let found: Vec<Applied> =
            self.records.iter().filter(of_log).take(BATCH_RECORDS).cloned().collect();
        if found.is_empty() || want.from <= self.floor_of(want.log) {
            let code = Code::LogUnknown.number();
            return Frame::NotServed { log: want.log, code, control: None };
        }
        Frame::Batch(self.started(self.batch(&found)))
    }

    /// A batch of records of our own, in ranges, under one checkpoint.
    pub fn batch(&self, records: &[Applied]) -> Batch {
        let mut ranges: Vec<Vec<&Applied>> = Vec::new();
        for record in records {
            match ranges.last_mut() {
                Some(range) if range.last().is_some_and(|last| follows(last, record)) => {
                    range.push(record);
                }
                _ => ranges.push(vec![record]),
            }
        }
        let ends = ranges.iter().map(|range| *range.last().unwrap());
        let heads: Vec<Head> = ends
            .map(|end| Head { log: end.log, seq: end.seq, hash: end.hash, time: end.time })
            .collect();
        let blinds = vec![[7; 16]; heads.len()];
        let domain = self.domain();
        let sign = |message: &[u8]| self.key.sign(message);
        let key = self.key.public();
        let proofs = prove(&heads, &blinds, domain.as_str(), self.lineage(), &key, sign);
        let checkpoints = proofs.iter().take(1).map(|proof| proof.checkpoint.clone()).collect();
        let ranges = ranges.iter().zip(proofs).map(|(range, proof)| Range {
            log: range[0].log.into(),
            first: range[0].seq,
            records: range.iter().map(|record| record.record.clone()).collect(),
            hash: proof.hash,
            time: proof.time,
            checkpoint: 0,
            inclusion: proof.inclusion,
            start: None,
            above: None,
        });
        Batch { checkpoints, ranges: ranges.collect(), cursor: None }
    }

    /// What we hold of the logs that a peer feeds.
    pub fn vector_for(&self, peer: LineageId) -> Vec<VectorEntry> {
        let mut entries = Vec::new();
        for (log, _) in self.logs() {
            if self.origin(&log) == peer {
                let Some((seq, hash)) = self.end_of(&log) else { continue };
                entries.push(VectorEntry { log: log.into(), seq, hash });
            }
        }
        entries
    }

    /// The last record of a log that the node holds or need not be fed.
    pub fn end_of(&self, log: &LogId) -> Option<(u64, ShortHash)> {
        let (_, channel) = self.state.channel(&log.channel)?;
        let log = channel.logs.get(&log.name)?;
        let end = (log.end.seq(), log.end.hash().into());
        Some(log.awaits_start().map_or(end, |floor| (floor.seq, floor.hash)))
    }

    /// The ends of the logs of ours that a peer is to hold.
    pub fn written_for(&self, peer: LineageId) -> Vec<(LogId, (u64, ShortHash))> {
        let shared = |log: &LogId| {
            let (_, channel) = self.state.channel(&log.channel).unwrap();
            channel.sharing_peers().any(|sharing| sharing == peer)
        };
        let logs = self.logs().into_iter();
        let ours = logs.filter(|(log, _)| self.origin(log) == self.lineage() && shared(log));
        ours.map(|(log, end)| (log, (end.seq(), end.hash().into()))).collect()
    }

    /// Our own log in the direct channel with the peer.
    pub fn direct_log(&self) -> WireLog {
        let is_direct = |r: &&Applied| {
            let (_, channel) = self.state.channel(&r.channel_id).unwrap();
            matches!(channel.kind, Kind::Direct(_)) && self.origin(&r.log) == self.lineage()
        };
        self.records.iter().find(is_direct).unwrap().log.into()
    }

    pub fn apply(&mut self, command: Command) -> Answer {
        self.commands += 1;
        let effects = self.state.apply(self.commands, &command);
        self.records.extend(effects.applied);
        self.backfilled.extend(effects.backfilled);
        effects.answer
    }

    fn logs(&self) -> Vec<(LogId, ChainEnd)> {
        let channels = self.state.channels.values();
        channels
            .flat_map(|channel| {
                let id = |name: &LogName| LogId { channel: channel.id, name: *name };
                channel.logs.iter().map(move |(name, log)| (id(name), log.end.clone()))
            })
            .collect()
    }

    fn origin(&self, log: &LogId) -> LineageId {
        match log.name {
            LogName::Message { origin, .. } => origin,
            LogName::Control { .. } => {
                let (_, channel) = self.state.channel(&log.channel).unwrap();
                channel.group().unwrap().state.home
            }
        }
    }
}

/// A record as a store keeps and reads it.
fn stored(applied: &Applied) -> EventRow {
    let mut row = Vec::new();
    applied.encode_row(&mut row);
    EventRow::decode(&row).unwrap()
}

/// A node's records of one channel.
struct Past<'n> {
    node: &'n Node,
    channel: ChannelId,
}

impl HistorySource for Past<'_> {
    fn row(&mut self, log: LogRef, seq: u64) -> Option<(Option<Pos>, EventRow)> {
        let name = log.name();
        let found = self.node.row(&LogId { channel: self.channel, name }, seq)?;
        Some(((found.pos != Pos::default()).then_some(found.pos), stored(found)))
    }

    fn control_pos(&mut self, _: Place) -> Option<Pos> {
        None
    }

    fn head(&mut self, log: LogRef, row: &EventRow) -> Option<HeadProof> {
        let name = log.name();
        let id = LogId { channel: self.channel, name };
        if log.origin != self.node.lineage() {
            let (_, channel) = self.node.state.channel(&self.channel)?;
            return channel.logs.get(&name)?.proof.clone();
        }
        let head = Head { log: id, seq: row.seq, hash: row.hash, time: row.id.time() };
        let sign = |message: &[u8]| self.node.key.sign(message);
        let (domain, key) = (self.node.domain(), self.node.key.public());
        prove(&[head], &[[7; 16]], domain.as_str(), self.node.lineage(), &key, sign).pop()
    }
}

fn follows(last: &Applied, next: &Applied) -> bool {
    last.log == next.log && last.seq + 1 == next.seq
}

/// The random bytes of a command.
fn random(command: u64) -> [u8; 32] {
    Hasher::new(tag::DERIVED).int(command).finish().0
}
