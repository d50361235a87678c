//! A small world of organisations whose users act and whose nodes exchange batches: a language in
//! which a test reads like the rule that it proves. No sockets, no clock but the world's own.

mod history;
mod lost;
mod node;
mod read;
mod rogue;
mod show;

pub use node::{Node, token};
pub use rogue::{RogueLog, asks_to_leave, control, event, fork_proof};

use std::collections::{BTreeMap, BTreeSet};

use comity_machine::{
    Act, Answer, Applied, Command, Effects, EventRow, GroupAct, Outcome, RangeOutcome, RefusedCode,
    range_start,
};
use comity_protocol::body::WireBody;
use comity_protocol::cbor::ByteString;
use comity_protocol::code::Code;
use comity_protocol::control::{
    Ban, ControlAct, JoinRule, Moderation, Role, SetArchived, SetJoinRule, SetPosting, SetRole,
    Succession, Target, Text,
};
use comity_protocol::frame::{Batch, Frame, Range};
use comity_protocol::head::Head;
use comity_protocol::id::{AccountId, ChannelId, LineageId, LogId, LogName, MessageId};

/// When every world begins, in Unix ms.
pub const BEGINNING_MS: u64 = 1_795_404_447_000;

/// What a node made of a record.
pub type Verdict = (Outcome, MessageId, u64);

/// What an act is answered.
pub type Done = Result<Answer, Code>;

/// The world.
pub struct World {
    pub nodes: BTreeMap<&'static str, Node>,
    pub now_ms: u64,
    /// How many of a node's records were looked at for a peer.
    fed: BTreeMap<(String, String), usize>,
    /// Ranges that a node waits for: (server, asker, log, first record).
    wanted: BTreeSet<(String, String, LogId, u64)>,
    /// Directions in which nothing is delivered.
    cut: BTreeSet<(String, String)>,
    /// Whether histories are filled by `exchange`.
    pub fills: bool,
}

impl World {
    /// Organisations that were introduced to each other, with their users: `alice@acme`.
    pub fn new(users: &[&'static str]) -> Self {
        let mut world = Self {
            nodes: BTreeMap::new(),
            now_ms: BEGINNING_MS,
            fed: BTreeMap::new(),
            wanted: BTreeSet::new(),
            cut: BTreeSet::new(),
            fills: true,
        };
        for user in users {
            world.user(user);
        }
        world
    }

    /// Adds a user, and the organisation where it is new.
    pub fn user(&mut self, user: &'static str) {
        let (name, domain) = user.split_once('@').unwrap();
        let now_ms = self.now_ms;
        if !self.nodes.contains_key(domain) {
            let number = u8::try_from(self.nodes.len() + 1).unwrap();
            let mut new = Node::new(domain, number);
            for node in self.nodes.values_mut() {
                node.introduce(&new);
                new.introduce(node);
            }
            self.nodes.insert(domain, new);
        }
        self.nodes.get_mut(domain).unwrap().add_user(name, now_ms);
    }

    pub fn node(&self, name: &str) -> &Node {
        &self.nodes[name]
    }

    pub fn node_mut(&mut self, name: &str) -> &mut Node {
        self.nodes.get_mut(name).unwrap()
    }

    /// An account as it stands in hashed bytes, with its label.
    pub fn account(&self, user: &str) -> (AccountId, String) {
        let (name, node) = self.node_of(user);
        (node.state.account_id(node.users[name].number), format!("{name}@{}", node.domain))
    }

    fn node_of<'u>(&self, user: &'u str) -> (&'u str, &Node) {
        let (name, domain) = user.split_once('@').unwrap();
        (name, &self.nodes[domain])
    }

    // What users do.

    pub fn act(&mut self, user: &str, act: Act) -> Done {
        self.act_with(user, None, act)
    }

    /// An act with a nonce.
    pub fn act_with(&mut self, user: &str, nonce: Option<u64>, act: Act) -> Done {
        answer(self.perform(user, nonce, act).answer)
    }

    pub fn perform(&mut self, user: &str, nonce: Option<u64>, act: Act) -> Effects {
        self.now_ms += 1;
        let unix_ms = self.now_ms;
        let (name, domain) = user.split_once('@').unwrap();
        let node = self.nodes.get_mut(domain).unwrap();
        let super_user = node.users[name];
        let (account, device, random) = (super_user.number, super_user.device, node.random());
        node.apply(Command::Perform { account, device, nonce, unix_ms, random, act })
    }

    pub fn direct(&mut self, user: &str, with: &str) -> ChannelId {
        let (account, label) = self.account(with);
        channel_of(self.act(user, Act::OpenDirect { account, label }))
    }

    pub fn group(&mut self, user: &str, name: &str) -> ChannelId {
        self.group_of(user, name, 100)
    }

    pub fn group_of(&mut self, user: &str, name: &str, member_limit: u32) -> ChannelId {
        let (name, topic) = (name.to_owned(), String::new());
        channel_of(self.act(user, Act::CreateGroup { name, topic, member_limit }))
    }

    /// A group of an owner with members, everything exchanged.
    pub fn team(&mut self, owner: &str, members: &[&str]) -> ChannelId {
        let team = self.group(owner, "Team");
        for member in members {
            self.bring(owner, member, team);
        }
        team
    }

    /// Invites somebody who accepts, everything exchanged.
    pub fn bring(&mut self, owner: &str, member: &str, channel: ChannelId) {
        self.invite(owner, member, channel).unwrap();
        self.exchange();
        self.accept(member, channel).unwrap();
        self.exchange();
    }

    pub fn say(&mut self, user: &str, channel: ChannelId, text: &str) -> Done {
        self.act(user, Act::send(channel, text))
    }

    pub fn invite(&mut self, user: &str, whom: &str, channel: ChannelId) -> Done {
        let (account, label) = self.account(whom);
        self.act(user, Act::Invite { channel, account, label })
    }

    pub fn accept(&mut self, user: &str, channel: ChannelId) -> Done {
        self.act(user, Act::Accept { channel })
    }

    pub fn decline(&mut self, user: &str, channel: ChannelId) -> Done {
        self.act(user, Act::Decline { channel })
    }

    pub fn leave(&mut self, user: &str, channel: ChannelId) -> Done {
        self.act(user, Act::Leave { channel })
    }

    pub fn remove(&mut self, user: &str, whom: &str, channel: ChannelId) -> Done {
        let (account, _) = self.account(whom);
        self.govern(user, channel, ControlAct::Remove(Target { account }))
    }

    pub fn set_role(&mut self, user: &str, whom: &str, channel: ChannelId, role: Role) -> Done {
        let (account, _) = self.account(whom);
        self.govern(user, channel, ControlAct::SetRole(SetRole { account, role }))
    }

    pub fn rename(&mut self, user: &str, channel: ChannelId, name: &str) -> Done {
        self.govern(user, channel, ControlAct::SetName(Text { text: name.into() }))
    }

    pub fn set_topic(&mut self, user: &str, channel: ChannelId, topic: &str) -> Done {
        self.govern(user, channel, ControlAct::SetTopic(Text { text: topic.into() }))
    }

    pub fn ban(&mut self, user: &str, whom: &str, channel: ChannelId) -> Done {
        let (account, label) = self.account(whom);
        self.govern(user, channel, ControlAct::Ban(Ban { account, label }))
    }

    pub fn unban(&mut self, user: &str, whom: &str, channel: ChannelId) -> Done {
        let (account, _) = self.account(whom);
        self.govern(user, channel, ControlAct::Unban(Target { account }))
    }

    pub fn archive(&mut self, user: &str, channel: ChannelId, archived: bool) -> Done {
        self.govern(user, channel, ControlAct::SetArchived(SetArchived { archived }))
    }

    pub fn let_post(&mut self, user: &str, channel: ChannelId, role: Role) -> Done {
        self.govern(user, channel, ControlAct::SetPosting(SetPosting { role }))
    }

    pub fn open_to(&mut self, user: &str, channel: ChannelId, rule: JoinRule) -> Done {
        self.govern(user, channel, ControlAct::SetJoinRule(SetJoinRule { rule }))
    }

    pub fn hand_over(&mut self, user: &str, to: &str, channel: ChannelId) -> Done {
        let nominee = self.nodes[to].lineage();
        self.govern(user, channel, ControlAct::HandOver(Succession { nominee }))
    }

    /// Comes in by the join rule of a group at a home.
    pub fn join(&mut self, user: &str, channel: ChannelId, home: &str) -> Done {
        let home = self.nodes[home].lineage();
        self.act(user, Act::Join { channel, home, name: "Team".into() })
    }

    /// Erases the message with this text, which the user's own node has.
    pub fn erase(&mut self, user: &str, channel: ChannelId, text: &str) -> Done {
        let (_, node) = self.node_of(user);
        let mut all = node.records.iter().chain(&node.backfilled);
        let is_it = |r: &&Applied| r.channel_id == channel && has_text(r, text);
        let found = all.find(is_it).unwrap();
        let LogName::Message { origin, writer } = found.log.name else { panic!("a message") };
        let (seq, hash, author) = (found.seq, found.hash.into(), found.sender.unwrap());
        let target = Moderation { origin, writer, seq, hash };
        self.act(user, Act::Erase { channel, target, author })
    }

    /// The texts of a channel that a node has erased at some record's word.
    pub fn erased(&self, node: &str, channel: ChannelId) -> Vec<String> {
        let node = &self.nodes[node];
        let all = || node.records.iter().chain(&node.backfilled);
        let gone = node.erased.iter().filter_map(|erasing| {
            all().find(|r| {
                let is_there = (r.log_no, r.seq) == (erasing.log, erasing.seq);
                is_there && r.channel_id == channel && erasing.hash == r.hash.into()
            })
        });
        gone.map(text_of).collect()
    }

    /// Who says to a node that a text of its users is erased, by text.
    pub fn receipts(&self, node: &str, channel: ChannelId) -> Vec<(String, LineageId)> {
        let node = &self.nodes[node];
        let told = node.receipts.iter().filter_map(|receipt| {
            let mut all = node.records.iter();
            let it = all.find(|r| (r.log_no, r.seq) == (receipt.log, receipt.seq))?;
            let fits = it.channel_id == channel && receipt.hash == it.hash.into();
            fits.then(|| (text_of(it), receipt.from))
        });
        told.collect()
    }

    pub fn govern(&mut self, user: &str, channel: ChannelId, act: ControlAct) -> Done {
        self.act(user, Act::Govern { channel, act: GroupAct(Box::new(act)) })
    }

    /// Time passes at a node, and what waits for it is done.
    pub fn wake(&mut self, node: &str) {
        let unix_ms = self.now_ms;
        let node = self.nodes.get_mut(node).unwrap();
        let random = node.random();
        node.apply(Command::Wake { unix_ms, random });
    }

    /// The admin of a group's home opens the next term at a record of this one.
    pub fn reopen(&mut self, home: &str, channel: ChannelId, seq: u64) -> Done {
        self.now_ms += 1;
        let unix_ms = self.now_ms;
        let (_, known) = self.channel(home, channel);
        let term = known.group().unwrap().point.term;
        let base = known.base_at((term, seq)).ok_or(Code::NotAllowed)?;
        let node = self.node_mut(home);
        let (rewind, random) = (Box::new(node.rewind(channel, &base).unwrap()), node.random());
        answer(node.apply(Command::Reopen { rewind, unix_ms, random }).answer)
    }

    // What nodes do.

    /// Nothing goes from one node to another until `heal`.
    pub fn cut(&mut self, from: &str, to: &str) {
        self.cut.insert((from.into(), to.into()));
    }

    pub fn heal(&mut self, from: &str, to: &str) {
        self.cut.remove(&(from.into(), to.into()));
    }

    /// Everything that is to reach somebody reaches them, as far as nothing is cut.
    pub fn exchange(&mut self) {
        for _ in 0..200 {
            if !self.exchange_once() {
                return;
            }
        }
        panic!("the nodes never come to rest");
    }

    fn exchange_once(&mut self) -> bool {
        let names: Vec<&str> = self.nodes.keys().copied().collect();
        let mut moved = false;
        for from in &names {
            for to in names.iter().filter(|to| *to != from) {
                moved |= self.feed_to(from, to);
            }
        }
        moved || self.answer_wants() || (self.fills && self.fill_histories())
    }

    /// Feeds one peer what it has not seen.
    fn feed_to(&mut self, from: &str, to: &str) -> bool {
        let key = (from.to_owned(), to.to_owned());
        if self.cut.contains(&key) {
            return false;
        }
        let (source, peer) = (&self.nodes[from], self.nodes[to].lineage());
        let at = self.fed.insert(key, source.records.len()).unwrap_or(0);
        let subscriber = comity_machine::Subscriber::Peer(peer);
        let new = source.records[at..].iter().filter(|r| r.audience.contains(&subscriber));
        let new: Vec<Applied> = new.cloned().collect();
        if new.is_empty() {
            return false;
        }
        let batch = batch_for(source, peer, &new);
        let logs: Vec<LogId> = batch.ranges.iter().map(|range| range.log.into()).collect();
        let outcomes = self.take(from, to, batch);
        for (log, outcome) in logs.into_iter().zip(outcomes) {
            self.note(from, to, log, outcome);
        }
        true
    }

    fn note(&mut self, server: &str, to: &str, log: LogId, outcome: RangeOutcome) {
        let first = match outcome {
            RangeOutcome::Gap { from } => from,
            RangeOutcome::Held { from, awaits } => {
                let awaits =
                    awaits.into_iter().flatten().map(|want| (LogId::from(want.log), want.from));
                let asked = awaits.map(|(log, first)| (server.into(), to.into(), log, first));
                self.wanted.extend(asked);
                from
            }
            RangeOutcome::Crowded { from }
            | RangeOutcome::Early { from }
            | RangeOutcome::Newer { from } => from,
            RangeOutcome::Rewind { .. } => 1,
            RangeOutcome::Applied | RangeOutcome::Refused { .. } => return,
        };
        self.wanted.insert((server.into(), to.into(), log, first));
    }

    /// Serves what is waited for; whether anything new was taken.
    fn answer_wants(&mut self) -> bool {
        let wanted = std::mem::take(&mut self.wanted);
        let mut moved = false;
        for (from, to, log, first) in wanted.clone() {
            if self.cut.contains(&(from.clone(), to.clone())) {
                self.wanted.insert((from, to, log, first));
                continue;
            }
            let served =
                self.nodes[from.as_str()].served(self.nodes[to.as_str()].lineage(), &log, first);
            if served.is_empty() {
                continue;
            }
            let asker = self.nodes[to.as_str()].lineage();
            let batch = batch_for(&self.nodes[from.as_str()], asker, &served);
            let before = self.nodes[to.as_str()].records.len();
            let outcome = self.take(&from, &to, batch)[0];
            moved |= self.nodes[to.as_str()].records.len() > before;
            self.note(&from, &to, log, outcome);
        }
        // What waits may have to be asked for.
        moved || self.wanted.difference(&wanted).next().is_some()
    }

    /// A node takes a batch from a peer.
    pub fn take(&mut self, from: &str, to: &str, batch: Batch) -> Vec<RangeOutcome> {
        match self.take_frame(from, to, Frame::Batch(batch).encode(), None) {
            Ok(Answer::Ranges(reports)) => {
                let node = self.nodes.get_mut(to).unwrap();
                node.void += reports.iter().map(|report| report.void).sum::<u32>();
                reports.into_iter().map(|report| report.outcome).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    /// A node takes what should prove that a log has two histories.
    pub fn take_fork(&mut self, node: &str, proof: Vec<u8>) -> Done {
        self.now_ms += 1;
        let (unix_ms, node) = (self.now_ms, self.node_mut(node));
        let random = node.random();
        answer(node.apply(Command::TakeFork { proof: proof.into(), unix_ms, random }).answer)
    }

    pub fn take_frame(
        &mut self,
        from: &str,
        to: &str,
        frame: Vec<u8>,
        cursor: Option<ByteString>,
    ) -> Done {
        let (peer, unix_ms) = (self.nodes[from].lineage(), self.now_ms);
        let node = self.nodes.get_mut(to).unwrap();
        let random = node.random();
        let batch = |frame: Vec<u8>, rewinds| Command::PeerBatch {
            peer,
            frame: frame.into(),
            cursor: cursor.clone(),
            unix_ms,
            random,
            rewinds,
        };
        let done = node.apply(batch(frame.clone(), Vec::new())).answer;
        let rewinds = node.rewinds(&done, &frame);
        if rewinds.is_empty() {
            return answer(done);
        }
        answer(node.apply(batch(frame, rewinds)).answer)
    }

    /// The nodes know the same of a group.
    pub fn assert_same_state(&self, nodes: &[&str], channel: ChannelId) {
        let first = nodes[0];
        for other in &nodes[1..] {
            let (a, b) = (self.group_at(first, channel), self.group_at(other, channel));
            assert_eq!(a.state, b.state, "{first} and {other}");
            assert_eq!(a.point, b.point, "{first} and {other}");
        }
    }

    /// The nodes know the same of a group and show the same texts in the same order.
    pub fn assert_same(&self, nodes: &[&str], channel: ChannelId) {
        self.assert_same_state(nodes, channel);
        let first = nodes[0];
        for other in &nodes[1..] {
            assert_eq!(self.texts(first, channel), self.texts(other, channel));
        }
    }
}

/// Whatever a test did: states come back from their rows, and from their commands.
impl Drop for World {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            for node in self.nodes.values() {
                node.check_reload();
                node.check_replay();
            }
        }
    }
}

fn text_of(applied: &Applied) -> String {
    match &applied.record.body {
        WireBody::Absent(_) => String::new(),
        WireBody::Present(body) => body.as_text().unwrap_or_default().to_owned(),
    }
}

fn has_text(applied: &Applied, text: &str) -> bool {
    text_of(applied) == text
}

pub fn answer(answer: Answer) -> Done {
    match answer {
        Answer::Refused(RefusedCode(code)) => Err(code),
        answer => Ok(answer),
    }
}

fn channel_of(done: Done) -> ChannelId {
    match done {
        Ok(Answer::Channel(channel)) => channel,
        other => panic!("{other:?}"),
    }
}

/// A record as a store keeps and reads it.
pub fn stored(applied: &Applied) -> EventRow {
    let mut row = Vec::new();
    applied.encode_row(&mut row);
    EventRow::decode(&row).unwrap()
}

/// A batch for a peer: ranges that begin just above its floor come with their start.
pub fn batch_for(source: &Node, peer: LineageId, records: &[Applied]) -> Batch {
    let mut batch = batch(source, records);
    for range in &mut batch.ranges {
        let log = LogId::from(range.log);
        let (_, channel) = source.state.channel(&log.channel).unwrap();
        if channel.needs_start(peer, log.name, range.first) {
            let mut row = |seq| source.row(&log, seq).map(stored);
            range.start = range_start(range.first, &mut row);
        }
    }
    batch
}

/// A batch of records of a node's feed: a range for each run of a log, control logs first, as it
/// feeds them.
pub fn batch(source: &Node, records: &[Applied]) -> Batch {
    let mut parts: Vec<Vec<&Applied>> = Vec::new();
    let mut at: BTreeMap<LogId, usize> = BTreeMap::new();
    for record in records {
        match at.get(&record.log).map(|i| &mut parts[*i]) {
            Some(part) if part.last().is_some_and(|last| last.seq + 1 == record.seq) => {
                part.push(record);
            }
            _ => {
                at.insert(record.log, parts.len());
                parts.push(vec![record]);
            }
        }
    }
    parts.sort_by_key(|part| matches!(part[0].log.name, LogName::Message { .. }));
    let ends = parts.iter().map(|part| *part.last().unwrap());
    let heads = ends.map(|e| Head { log: e.log, seq: e.seq, hash: e.hash, time: e.time });
    let proofs = source.prove(&heads.collect::<Vec<_>>());
    let checkpoints = proofs.iter().take(1).map(|proof| proof.checkpoint.clone()).collect();
    let ranges = parts.iter().zip(proofs).map(|(part, proof)| Range {
        log: part[0].log.into(),
        first: part[0].seq,
        records: part.iter().map(|record| record.record.clone()).collect(),
        hash: proof.hash,
        time: proof.time,
        checkpoint: 0,
        inclusion: proof.inclusion,
        start: None,
        above: None,
    });
    Batch { checkpoints, ranges: ranges.collect(), cursor: None }
}
