//! A log that the rogue writes as it likes, chained and signed as it should be unless a test breaks
//! that too.

use comity_protocol::body::{Body, WireBody};
use comity_protocol::cbor;
use comity_protocol::chain::{ChainEnd, Link};
use comity_protocol::clock::HybridTime;
use comity_protocol::control::{ControlAct, ControlHeader};
use comity_protocol::event::{EventAct, EventHeader, LogStart, Record};
use comity_protocol::fork::Branch;
use comity_protocol::frame::{Batch, Range};
use comity_protocol::hash::Hash;
use comity_protocol::head::{Head, HeadProof, prove};
use comity_protocol::id::{AccountId, AccountNumber, ChannelId, LogId, LogName, WriterId};

use crate::clock;
use crate::writer::tests::story::Story;

/// A log in the making.
#[derive(Clone)]
pub(super) struct Forged {
    pub(super) log: LogId,
    pub(super) records: Vec<Record>,
    pub(super) time: HybridTime,
    end: ChainEnd,
    first: u64,
    steps: Vec<Link>,
}

impl Forged {
    /// A new message log of an organisation.
    pub(super) fn message_log(by: &Story, channel: ChannelId, writer: u64) -> Self {
        let name = LogName::Message { origin: by.state.lineage(), writer: WriterId(writer) };
        Self::of(LogId { channel, name })
    }

    /// A new log of any name, whose records have the clock's time.
    pub(super) fn of(log: LogId) -> Self {
        let time = HybridTime::from_unix_ms(clock::unix_ms());
        let (records, steps) = (Vec::new(), Vec::new());
        Self { log, records, time, end: ChainEnd::default(), first: 1, steps }
    }

    /// Goes on with a log where an organisation has it.
    pub(super) fn continuing(by: &Story, log: LogId) -> Self {
        let known = &by.state.channel(&log.channel).unwrap().1.logs[&log.name];
        let (end, first) = (known.end.clone(), known.end.seq() + 1);
        Self { end, first, ..Self::of(log) }
    }

    pub(super) fn record(&mut self, header: Vec<u8>, body: WireBody) -> &mut Self {
        let record = Record { header: header.into(), body };
        let ((previous, skipped), inner) = (self.end.targets(), record.inner());
        self.steps.push(Link { previous, skipped, inner });
        self.end.push(&self.log, &inner);
        self.records.push(record);
        self
    }

    /// Appends an event; its time is the next one where it has none.
    pub(super) fn event(&mut self, mut header: EventHeader, body: Body) -> &mut Self {
        header.time = self.stamp(header.time);
        self.record(cbor::encode(&header), WireBody::Present(body))
    }

    /// Appends a text.
    pub(super) fn says(&mut self, header: EventHeader, text: &str) -> &mut Self {
        self.event(header, Body::text([9; 32], text))
    }

    /// Appends a control record; its time is the next one where it has none.
    pub(super) fn control(&mut self, mut header: ControlHeader) -> &mut Self {
        header.time = self.stamp(header.time);
        self.record(cbor::encode(&header), WireBody::Present(Body::empty([8; 32])))
    }

    /// All of it as one range, proven by an organisation's newest head.
    pub(super) fn batch(&self, by: &Story) -> Batch {
        self.batch_with(by, self.end.hash())
    }

    /// The same with a head of another hash.
    pub(super) fn batch_with(&self, by: &Story, hash: Hash) -> Batch {
        let proof = self.head(by, hash);
        let range = Range {
            log: self.log.into(),
            first: self.first,
            records: self.records.clone(),
            hash,
            time: self.time,
            checkpoint: 0,
            inclusion: proof.inclusion,
            start: None,
            above: None,
        };
        let cursor = Some(clock::random::<24>().to_vec().into());
        Batch { checkpoints: vec![proof.checkpoint], ranges: vec![range], cursor }
    }

    /// The history from its head down to a record.
    pub(super) fn branch(&self, by: &Story, down_to: u64) -> Branch {
        let head = self.head(by, self.end.hash());
        let step = |seq: u64| self.steps.get((seq - self.first) as usize).copied();
        Branch::from_steps(head, down_to, step).unwrap()
    }

    fn head(&self, by: &Story, hash: Hash) -> HeadProof {
        let head = Head { log: self.log, seq: self.end.seq(), hash, time: self.time };
        let (domain, lineage) = (by.state.domain(), by.state.lineage());
        let sign = |bytes: &[u8]| by.key.sign(bytes);
        prove(&[head], &[[7; 16]], domain, lineage, &by.key.public(), sign).remove(0)
    }

    fn stamp(&mut self, time: HybridTime) -> HybridTime {
        let time = if time == HybridTime::default() { self.time.next() } else { time };
        self.time = self.time.max(time);
        time
    }
}

/// Several logs in one batch.
pub(super) fn together(batches: Vec<Batch>) -> Batch {
    let cursor = batches.last().unwrap().cursor.clone();
    let (mut checkpoints, mut ranges) = (Vec::new(), Vec::new());
    for (n, batch) in batches.into_iter().enumerate() {
        checkpoints.extend(batch.checkpoints);
        ranges.extend(batch.ranges.into_iter().map(|r| Range { checkpoint: n as u16, ..r }));
    }
    Batch { checkpoints, ranges, cursor }
}

/// The header of an event, without a time.
pub(super) fn event(sender: AccountNumber, act: &EventAct) -> EventHeader {
    let time = HybridTime::default();
    EventHeader { time, sender, kind: act.kind(), after: None, args: act.args(), start: None }
}

/// The header of a message, without a time.
pub(super) fn message(sender: AccountNumber, start: Option<LogStart>) -> EventHeader {
    EventHeader { start, ..event(sender, &EventAct::message()) }
}

/// The header of a control record, without a time.
pub(super) fn control(actor: Option<AccountId>, act: &ControlAct) -> ControlHeader {
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
