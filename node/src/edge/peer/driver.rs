//! The driver of one link: reads a frame, hands it over, drains the actions, waits. It decides
//! nothing.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use comity_federation::{CloseReason, LinkError};
use comity_machine::{Answer, Command, RangeOutcome, RangeReport, RefusedCode, Subscriber};
use comity_protocol::cbor::ByteString;
use comity_protocol::code::Code;
use comity_protocol::cursor::Cursor;
use comity_protocol::frame::{Batch, Class, Frame, WireLog};
use comity_protocol::id::{AccountId, LineageId, LogId, LogName};
use comity_protocol::key::NodePublicKey;
use comity_protocol::limits::BATCH_RECORDS_MAX;
use comity_protocol::name::{AccountName, ServerName};
use comity_replica::{Action, Fate, Keys, Link, LinkSettings};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::Context;
use super::directory::Question;
use super::outgoing::{self, Outgoing};
use super::serving::Tracked;
use crate::clock;
use crate::feed::{Subscription, Yield};
use crate::writer::Shared;

/// What the manager tells a link.
pub(super) enum Order {
    /// End it.
    Close(Code),
    /// Ask the peer for an account.
    LookUp(Question),
}

/// A link tells the manager that it is up; that it is over shows as its task's end.
pub(super) struct Up {
    /// The link.
    pub(super) number: u64,
    /// The peer.
    pub(super) domain: ServerName,
    /// Names the run of the peer's process.
    pub(super) start: u64,
    /// Whether we dialled it.
    pub(super) dialled: bool,
}

/// A link's end of its dealings with the manager.
pub(super) struct Wires {
    pub(super) number: u64,
    pub(super) orders: mpsc::Receiver<Order>,
    pub(super) reports: mpsc::Sender<Up>,
}

/// Drives a link until it is over; tells the code that ended it, where there was one.
pub(super) async fn run(
    context: Arc<Context>,
    link: comity_federation::Link,
    dialled: Option<ServerName>,
    wires: Wires,
) -> Option<Code> {
    Driver::new(context, link, dialled, wires).run().await
}

struct Driver {
    context: Arc<Context>,
    link: comity_federation::Link,
    replica: Link<Tracked>,
    outgoing: Outgoing,
    wires: Wires,
    dialled: bool,
    peer: Option<(ServerName, LineageId)>,
    identifying: Option<JoinHandle<Result<(), Code>>>,
    applying: Option<oneshot::Receiver<Answer>>,
    feed: Option<Subscription>,
    /// Whether the replica waits for the next batch of the feed.
    reading: bool,
    questions: HashMap<u64, oneshot::Sender<Result<AccountId, Code>>>,
}

/// What woke the driver.
enum Woken {
    Applied(Option<Answer>),
    Failed(LinkError),
    Fed(Yield),
    Frame(Vec<u8>),
    Identified(Result<(), Code>),
    Order(Option<Order>),
    Room,
    Timeout,
}

/// Records taken from the feed at a time.
const FEED_RECORDS_MAX: usize = BATCH_RECORDS_MAX / 4;

impl Driver {
    fn new(
        context: Arc<Context>,
        link: comity_federation::Link,
        dialled: Option<ServerName>,
        wires: Wires,
    ) -> Self {
        let settings = LinkSettings {
            domain: context.domain.clone(),
            lineage: context.lineage,
            start: context.start,
            dialled: dialled.clone(),
        };
        Self {
            replica: Link::new(settings, clock::monotonic_ms()),
            outgoing: Outgoing::new(link.sender()),
            context,
            link,
            wires,
            dialled: dialled.is_some(),
            peer: None,
            identifying: None,
            applying: None,
            feed: None,
            reading: false,
            questions: HashMap::new(),
        }
    }

    async fn run(mut self) -> Option<Code> {
        loop {
            while self.outgoing.has_room() {
                match self.replica.poll_action() {
                    Some(Action::Close(code)) => return self.end(code).await,
                    Some(action) => self.act(action).await,
                    None => break,
                }
            }
            let woken = self.wait().await;
            match woken {
                Woken::Applied(answer) => self.applied(answer),
                Woken::Failed(error) => return self.failed(&error),
                Woken::Fed(found) => self.fed(found),
                Woken::Frame(bytes) => {
                    let peer = self.peer.as_ref().map(|(_, lineage)| *lineage);
                    let keys = PeerKeys { shared: &self.context.shared, peer };
                    self.replica.handle_frame(bytes, &keys, clock::monotonic_ms());
                }
                Woken::Identified(found) => {
                    self.identifying = None;
                    self.replica.handle_identified(found, clock::monotonic_ms());
                }
                Woken::Order(Some(Order::Close(code))) => self.replica.close(code),
                Woken::Order(Some(Order::LookUp(question))) => self.look_up(question),
                Woken::Order(None) => self.replica.close(Code::ShuttingDown),
                Woken::Room => {}
                Woken::Timeout => self.replica.handle_timeout(clock::monotonic_ms()),
            }
        }
    }

    async fn wait(&mut self) -> Woken {
        for class in [Class::Link, Class::Feed, Class::History] {
            self.link.set_reading(class, self.replica.wants_read(class));
        }
        let now_ms = clock::monotonic_ms();
        let timeout = self.replica.poll_timeout().map(|at_ms| at_ms.saturating_sub(now_ms));
        let blocked = !self.outgoing.has_room();
        let Self { link, outgoing, wires, identifying, applying, feed, reading, .. } = self;
        let Outgoing { tasks, lanes } = outgoing;
        tokio::select! {
            ended = tasks.join_next() => match ended {
                Some(Ok(error)) => Woken::Failed(error),
                _ => Woken::Failed(LinkError::Closed(CloseReason::Local)),
            },
            answer = optional(applying.as_mut()) => Woken::Applied(answer.ok()),
            found = optional(identifying.as_mut()) => {
                Woken::Identified(found.unwrap_or(Err(Code::Internal)))
            }
            order = wires.orders.recv() => Woken::Order(order),
            found = next(feed.as_mut(), *reading && !blocked) => Woken::Fed(found),
            frame = link.recv() => match frame {
                Ok((_, bytes)) => Woken::Frame(bytes.into()),
                Err(error) => Woken::Failed(error),
            },
            () = sleep(timeout) => Woken::Timeout,
            () = outgoing::room(lanes), if blocked => Woken::Room,
        }
    }

    async fn act(&mut self, action: Action<Tracked>) {
        match action {
            Action::Acknowledged { cursor, records } => self.acknowledged(&cursor, records),
            Action::AnswerLookup { id, name } => self.answer_look_up(id, &name),
            Action::Apply { frame, cursor } => self.apply(frame, cursor),
            Action::Close(_) => {}
            Action::Held { log, .. } => self.want_control(log),
            Action::Identify { domain, lineage, .. } => self.identify(domain, lineage),
            Action::KeepCursor(cursor) => {
                let empty = Batch { checkpoints: vec![], ranges: vec![], cursor: None };
                self.apply(Frame::Batch(empty).encode(), Some(cursor));
            }
            Action::LookedUp { id, answer } => self.looked_up(id, answer),
            Action::Misconduct(code) => {
                let peer = self.peer.as_ref().map(|(domain, _)| domain.as_str());
                tracing::warn!(peer, %code, "the peer broke the protocol");
            }
            Action::Note { log, code } => {
                let peer = self.peer.as_ref().map(|(domain, _)| domain.as_str());
                tracing::info!(peer, %code, channel = %log.channel, "records were not taken");
            }
            Action::OpenFeed { cursor } => self.open_feed(cursor),
            Action::OpenFeedFrom(entries) => {
                let Some((_, peer)) = self.peer else { return };
                let from = self.context.feed_start(peer, &entries);
                self.open_feed_at(peer, from);
            }
            Action::ReadFeed => self.reading = true,
            Action::Resume => {
                let cursor = {
                    let state = self.context.shared.state();
                    let peer = self.peer.as_ref().and_then(|(_, peer)| state.peers.get(peer));
                    peer.and_then(|peer| peer.cursor.clone())
                };
                self.replica.resume(cursor);
            }
            Action::Send(frame) => self.outgoing.push(&frame),
            Action::Serve(wants) => {
                let Some((_, peer)) = self.peer else { return };
                for want in wants {
                    self.replica.send(self.context.serve(peer, want));
                }
            }
            Action::StateVector => {
                let Some((_, peer)) = self.peer else { return };
                self.replica.state_vector(self.context.vector_of(peer));
            }
            Action::Up { start, .. } => self.up(start).await,
        }
    }

    async fn up(&self, start: u64) {
        let Some((domain, _)) = &self.peer else { return };
        tracing::info!(peer = %domain, dialled = self.dialled, "link up");
        let report =
            Up { number: self.wires.number, domain: domain.clone(), start, dialled: self.dialled };
        let _ = self.wires.reports.send(report).await;
    }

    fn identify(&mut self, domain: ServerName, lineage: LineageId) {
        self.peer = Some((domain.clone(), lineage));
        let (context, key) = (Arc::clone(&self.context), self.link.peer_key());
        self.identifying = Some(tokio::spawn(async move {
            let found = context.identify(&domain, lineage, key).await;
            if let Err(code) = found {
                tracing::warn!(peer = %domain, %code, "the peer is not who it claims to be");
            }
            found
        }));
    }

    fn apply(&mut self, frame: Vec<u8>, cursor: Option<ByteString>) {
        let Some((_, peer)) = self.peer else { return };
        let command = Command::PeerBatch {
            peer,
            frame: frame.into(),
            cursor,
            unix_ms: clock::unix_ms(),
            random: clock::random(),
        };
        match self.context.writer.propose(command) {
            Ok(answer) => self.applying = Some(answer),
            Err(error) => {
                tracing::warn!(%error, "a peer's batch cannot be applied now");
                self.replica.close(Code::Overloaded);
            }
        }
    }

    fn applied(&mut self, answer: Option<Answer>) {
        self.applying = None;
        let now_ms = clock::monotonic_ms();
        match answer {
            Some(Answer::Ranges(reports)) => {
                let fates: Vec<Fate> = reports.iter().map(fate).collect();
                self.replica.handle_applied(&fates, now_ms);
            }
            Some(Answer::Refused(RefusedCode(code))) => self.replica.close(code),
            _ => self.replica.close(Code::StorageFailed),
        }
    }

    fn acknowledged(&self, cursor: &[u8], records: Vec<Tracked>) {
        let Some((_, peer)) = self.peer else { return };
        if let Ok(bytes) = cursor.try_into() {
            self.context.acknowledged.raise(peer, Cursor::from_bytes(bytes).pos);
        }
        records.iter().for_each(|token| self.context.tell_delivered(token));
    }

    fn open_feed(&mut self, cursor: Option<ByteString>) {
        let Some((_, peer)) = self.peer else { return };
        let cursor = cursor.and_then(|c| Some(Cursor::from_bytes(c.0.as_slice().try_into().ok()?)));
        let Some(cursor) = cursor else { return self.replica.handle_feed_opened(true) };
        let Context { hub, shared, .. } = &*self.context;
        let subscriber = Subscriber::Peer(peer);
        let opened = Subscription::open(hub, shared, subscriber, None, Some(cursor));
        if !opened.resync {
            self.context.acknowledged_anew(peer, cursor.pos);
            self.feed = Some(opened.subscription);
        }
        self.replica.handle_feed_opened(opened.resync);
    }

    fn open_feed_at(&mut self, peer: LineageId, from: comity_protocol::cursor::Pos) {
        let Context { hub, shared, .. } = &*self.context;
        let subscriber = Subscriber::Peer(peer);
        let opened = Subscription::open_at(hub, shared, subscriber, None, from, false);
        self.feed = Some(opened.subscription);
        // The peer's vector says that it holds all before.
        self.context.acknowledged.raise(peer, from);
        self.replica.handle_feed_opened(false);
    }

    fn fed(&mut self, found: Yield) {
        match found {
            Yield::Ended(code) => self.replica.close(code),
            Yield::Items(items) => {
                let Some(feed) = &self.feed else { return };
                self.reading = false;
                let fed = self.context.fed_batch(&items, feed.cursor());
                self.replica.handle_feed(fed, clock::monotonic_ms());
            }
            Yield::Notices(_) => {}
        }
    }

    /// Records that wait for the control log: where the peer is home it has what is missing.
    fn want_control(&mut self, log: WireLog) {
        let next = {
            let state = self.context.shared.state();
            let channel = state.channel(&log.channel).map(|(_, channel)| channel);
            let group = channel.and_then(|channel| channel.group());
            let home = self.peer.as_ref().map(|(_, peer)| *peer);
            let theirs = group.filter(|group| Some(group.state.home) == home);
            let next = group.and_then(|group| group.next_log()).filter(|next| {
                matches!(next, LogName::Control { home: nominee, .. } if Some(*nominee) == home)
            });
            let current = theirs.map(|group| (group.control_log(), group.point.seq + 1));
            next.map(|log| (log, 1)).or(current)
        };
        if let Some((name, seq)) = next {
            self.replica.want(LogId { channel: log.channel, name }.into(), seq);
        }
    }

    fn look_up(&mut self, question: Question) {
        let name = question.label.name.to_string();
        match self.replica.look_up(name, clock::monotonic_ms()) {
            Ok(id) => {
                self.questions.insert(id, question.answer);
            }
            Err(error) => {
                let _ = question.answer.send(Err(error.code()));
            }
        }
    }

    fn looked_up(
        &mut self,
        id: u64,
        answer: Result<Option<comity_protocol::id::AccountNumber>, Code>,
    ) {
        let (Some(asker), Some((_, lineage))) = (self.questions.remove(&id), &self.peer) else {
            return;
        };
        let found = answer.and_then(|number| number.ok_or(Code::AccountNotFound));
        let _ = asker.send(found.map(|number| AccountId { lineage: *lineage, number }));
    }

    fn answer_look_up(&mut self, id: u64, name: &str) {
        let number = name.parse::<AccountName>().ok().and_then(|name| {
            let state = self.context.shared.state();
            state.names.get(name.as_str()).copied()
        });
        self.replica.send(Frame::Account { id, number });
    }

    async fn end(self, code: Code) -> Option<Code> {
        if let Some((domain, _)) = &self.peer {
            tracing::info!(peer = %domain, %code, "link closed");
        }
        let farewell = tokio::time::timeout(FAREWELL_MAX, self.outgoing.finish()).await;
        if farewell.is_err() {
            tracing::debug!("the peer did not take the goodbye");
        }
        self.link.close(code);
        Some(code)
    }

    fn failed(&self, error: &LinkError) -> Option<Code> {
        if let Some((domain, _)) = &self.peer {
            tracing::info!(peer = %domain, %error, "link down");
        }
        self.link.close(Code::DomainUnreachable);
        match error {
            LinkError::Closed(CloseReason::Peer(code)) => *code,
            _ => None,
        }
    }
}

/// How long a goodbye may take.
const FAREWELL_MAX: Duration = Duration::from_secs(1);

struct PeerKeys<'a> {
    shared: &'a Shared,
    peer: Option<LineageId>,
}

impl Keys for PeerKeys<'_> {
    fn origin_key(&self, log: &LogId) -> Option<(LineageId, NodePublicKey)> {
        self.shared.state().origin_key(self.peer?, log)
    }
}

fn fate(report: &RangeReport) -> Fate {
    match report.outcome {
        RangeOutcome::Applied => Fate::Applied,
        RangeOutcome::Gap { from } => Fate::Gap { from },
        RangeOutcome::Held { from } => Fate::Held { from },
        RangeOutcome::Refused { from, code: RefusedCode(code) } => Fate::Refused { from, code },
    }
}

async fn optional<F: Future + Unpin>(future: Option<F>) -> F::Output {
    match future {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}

async fn next(feed: Option<&mut Subscription>, reading: bool) -> Yield {
    match feed {
        Some(feed) if reading => feed.next(FEED_RECORDS_MAX).await,
        _ => std::future::pending().await,
    }
}

async fn sleep(left_ms: Option<u64>) {
    match left_ms {
        Some(left_ms) => tokio::time::sleep(Duration::from_millis(left_ms)).await,
        None => std::future::pending().await,
    }
}
