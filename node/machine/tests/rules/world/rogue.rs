//! A node that breaks the rules: it writes what it likes into logs and proves it with its own key.
//! Everything it shows is chained and signed correctly unless a test breaks that too.

use comity_machine::{Outcome, RangeOutcome};
use comity_protocol::body::{Body, WireBody};
use comity_protocol::cbor;
use comity_protocol::chain::{ChainEnd, Link, path};
use comity_protocol::clock::HybridTime;
use comity_protocol::control::{ControlAct, ControlHeader, RequestProof, Target};
use comity_protocol::event::{EventAct, EventHeader, LogStart, Record, Request};
use comity_protocol::fork::{Branch, ForkProof};
use comity_protocol::frame::{Batch, Range};
use comity_protocol::head::Head;
use comity_protocol::id::{AccountId, AccountNumber, ChannelId, LogId, LogName, WriterId};

use super::{Node, World};

/// A log in the making.
#[derive(Clone)]
pub struct RogueLog {
    pub log: LogId,
    pub end: ChainEnd,
    pub time: HybridTime,
    /// The seq of the first record held.
    pub first: u64,
    pub records: Vec<Record>,
    steps: Vec<Link>,
}

impl RogueLog {
    /// A new message log of a node.
    pub fn new(node: &Node, channel: ChannelId, writer: u64) -> Self {
        let name = LogName::Message { origin: node.lineage(), writer: WriterId(writer) };
        Self::from(LogId { channel, name }, ChainEnd::default(), HybridTime::default())
    }

    /// A new log of any name.
    pub fn named(log: LogId) -> Self {
        Self::from(log, ChainEnd::default(), HybridTime::default())
    }

    /// Goes on with a log where a node has it.
    pub fn continuing(node: &Node, log: LogId) -> Self {
        let (_, channel) = node.state.channel(&log.channel).unwrap();
        let known = &channel.logs[&log.name];
        Self::from(log, known.end.clone(), known.time)
    }

    /// A log as a node holds it, from its first record on.
    pub fn held(node: &Node, log: LogId) -> Self {
        let mut held = Self::named(log);
        for found in (1..).map_while(|seq| node.row(&log, seq)) {
            held.push_bytes(found.record.header.to_vec(), found.record.body.clone());
            held.time = held.time.max(found.time);
        }
        held
    }

    /// Goes on with the control log where its home has it.
    pub fn control(home: &Node, channel: ChannelId) -> Self {
        Self::continuing(
            home,
            LogId { channel, name: LogName::Control { home: home.lineage(), term: 1 } },
        )
    }

    fn from(log: LogId, end: ChainEnd, time: HybridTime) -> Self {
        let first = end.seq() + 1;
        Self { log, end, time, first, records: Vec::new(), steps: Vec::new() }
    }

    pub fn push_bytes(&mut self, header: Vec<u8>, body: WireBody) -> &mut Self {
        let record = Record { header: header.into(), body };
        let (previous, skipped) = self.end.targets();
        let inner = record.inner();
        self.steps.push(Link { previous, skipped, inner });
        self.end.push(&self.log, &inner);
        self.records.push(record);
        self
    }

    /// Appends an event; `time` of the header is set where it is zero.
    pub fn push(&mut self, mut header: EventHeader, body: Body) -> &mut Self {
        if header.time == HybridTime::default() {
            header.time = self.time.next();
        }
        self.time = self.time.max(header.time);
        self.push_bytes(cbor::encode(&header), WireBody::Present(body))
    }

    /// Appends a text, with what the first event of a log must say.
    pub fn say(&mut self, sender: AccountNumber, text: &str, start: Option<LogStart>) -> &mut Self {
        let header = EventHeader { start, ..event(sender, &EventAct::message()) };
        self.push(header, Body::text([9; 32], text))
    }

    /// Appends a control record; `time` of the header is set where it is zero.
    pub fn push_control(&mut self, mut header: ControlHeader) -> &mut Self {
        if header.time == HybridTime::default() {
            header.time = self.time.next();
        }
        self.time = self.time.max(header.time);
        let body = WireBody::Present(Body::empty([8; 32]));
        self.push_bytes(cbor::encode(&header), body)
    }

    pub fn head(&self) -> Head {
        Head { log: self.log, seq: self.end.seq(), hash: self.end.hash(), time: self.time }
    }

    /// The log up to a record.
    pub fn cut(mut self, seq: u64) -> Self {
        let records = std::mem::take(&mut self.records);
        let mut cut = Self::named(self.log);
        cut.time = self.time;
        for record in records.into_iter().take(usize::try_from(seq).unwrap()) {
            cut.push_bytes(record.header.0, record.body);
        }
        cut
    }

    /// All that is held, as one range proven by a node.
    pub fn batch(&self, by: &Node) -> Batch {
        let proof = by.prove(&[self.head()]).remove(0);
        let range = Range {
            log: self.log.into(),
            first: self.first,
            records: self.records.clone(),
            hash: proof.hash,
            time: proof.time,
            checkpoint: 0,
            inclusion: proof.inclusion,
            start: None,
            above: None,
        };
        Batch { checkpoints: vec![proof.checkpoint], ranges: vec![range], cursor: None }
    }

    /// The proof of the request at a seq, by a node's newest head.
    pub fn proof(&self, by: &Node, seq: u64) -> RequestProof {
        let LogName::Message { writer, .. } = self.log.name else { panic!("a control log") };
        let at = |seq: u64| usize::try_from(seq - self.first).unwrap();
        let links = path(self.end.seq(), seq).into_iter().map(|s| self.steps[at(s)]).collect();
        let record = &self.records[at(seq)];
        RequestProof {
            channel: self.log.channel,
            writer,
            seq,
            header: record.header.clone(),
            body_hash: record.body.hash(),
            links,
            head: by.prove(&[self.head()]).remove(0),
        }
    }
}

/// What proves that a node wrote two histories of a log, which part at a record.
pub fn fork_proof(by: &Node, seq: u64, one: &RogueLog, other: &RogueLog) -> ForkProof {
    let branch = |log: &RogueLog| {
        let head = by.prove(&[log.head()]).remove(0);
        let step = |at: u64| log.steps.get(usize::try_from(at - log.first).unwrap()).copied();
        Branch::from_steps(head, seq, step).unwrap()
    };
    let organisation = by.chain.organisation();
    let (log, one, other) = (one.log.into(), branch(one), branch(other));
    ForkProof { organisation, log, seq, one, other }
}

/// The header of an event, without a time.
pub fn event(sender: AccountNumber, act: &EventAct) -> EventHeader {
    let time = HybridTime::default();
    EventHeader { time, sender, kind: act.kind(), after: None, args: act.args(), start: None }
}

/// The header of a control record, without a time.
pub fn control(actor: Option<AccountId>, act: &ControlAct) -> ControlHeader {
    ControlHeader {
        time: HybridTime::default(),
        kind: act.kind(),
        actor,
        args: act.args(),
        cover: None,
        state: None,
        request: None,
    }
}

impl World {
    /// A node shows another one a log, proven by its own key: what became of the range, and of each
    /// record.
    pub fn show(&mut self, from: &str, to: &str, log: &RogueLog) -> (RangeOutcome, Vec<Outcome>) {
        let batch = log.batch(&self.nodes[from]);
        let before = self.nodes[to].records.len();
        let outcomes = self.take(from, to, batch);
        let of_log = self.nodes[to].records[before..].iter().filter(|r| r.log == log.log);
        (outcomes[0], of_log.map(|r| r.outcome).collect())
    }
}

/// A request to leave.
pub fn asks_to_leave(account: comity_protocol::id::AccountId) -> Request {
    Request::of(&ControlAct::Leave(Target { account })).unwrap()
}
