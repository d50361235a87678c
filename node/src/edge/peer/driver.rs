//! The driver of one link: reads a frame, hands it over, drains the tasks, waits. It decides
//! nothing.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use comity_federation::{CloseReason, LinkError};
use comity_machine::{Ahead, Answer, Command, Rewind};
use comity_protocol::cbor::ByteString;
use comity_protocol::code::Code;
use comity_protocol::control::Organisation;
use comity_protocol::directory::Offer;
use comity_protocol::frame::{Class, WireLog};
use comity_protocol::history::LogRef;
use comity_protocol::id::{AccountId, LineageId};
use comity_protocol::name::ServerName;
use comity_protocol::probe::Probed;
use comity_protocol::profile::Profile;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinHandle, block_in_place};

use super::Context;
use super::directory::{Question, Wanted};
use super::end::LinkEnd;
use super::examine;
use super::meter::{Meter, Traffic};
use super::outgoing::{self, Outgoing};
use super::queue;
use super::silence::Silence;
use super::task::Task;
use crate::clock;
use crate::feed::{Subscription, Yield};

/// From so many bytes on, a frame is looked at where nothing else waits for it.
const LONG_FRAME_BYTES: usize = 16 * 1024;

/// What the manager tells a link.
pub(super) enum Order {
    /// End it.
    Close(Code),
    /// Ask the peer for an account, for what it shows, or for groups.
    Ask(Box<Question>),
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
    pub(super) orders: queue::Receiver<Order>,
    pub(super) reports: mpsc::Sender<Up>,
}

/// Drives a link until it is over; tells the code that ended it, where there was one.
pub(super) fn run(
    context: Arc<Context>,
    link: comity_federation::Link,
    dialled: Option<ServerName>,
    wires: Wires,
) -> impl Future<Output = Option<Code>> + Send {
    // Boxed before the future is made, which has room for what it is given and once more for what
    // it holds.
    Box::new(Driver::new(context, link, dialled, wires)).run()
}

struct Driver {
    context: Arc<Context>,
    link: comity_federation::Link,
    end: LinkEnd,
    outgoing: Outgoing,
    wires: Wires,
    dialled: bool,
    identifying: Option<JoinHandle<Result<(), Code>>>,
    /// What the peer's domain publishes is being dialled for it.
    probing: Option<JoinHandle<Probed>>,
    applying: Option<oneshot::Receiver<Answer>>,
    filling: Option<oneshot::Receiver<Answer>>,
    /// Something may be lacking that the peer has.
    lacking: watch::Receiver<u64>,
    /// A proof was taken that the peer may lack.
    forked: watch::Receiver<u64>,
    /// A key has changed, of which the peer may not know.
    keyed: watch::Receiver<u64>,
    accounts_asked: Askers<AccountId>,
    groups_asked: Askers<Offer>,
    profiles_asked: Askers<Profile>,
    silence: Silence,
    probes_asked: Askers<Probed>,
    /// Counts what passes, once it is known with whom.
    meter: Option<Arc<Meter>>,
}

type Asker<T> = oneshot::Sender<Result<T, Code>>;

/// Who asked something of the peer, by how the link names the question. Whoever asked may be gone.
struct Askers<T>(HashMap<u64, Asker<T>>);

impl<T> Askers<T> {
    fn new() -> Self {
        Self(HashMap::new())
    }

    /// Something was asked, or could not be.
    fn note(&mut self, asked: Result<u64, Code>, asker: Asker<T>) {
        match asked {
            Ok(id) => drop(self.0.insert(id, asker)),
            Err(code) => drop(asker.send(Err(code))),
        }
    }

    fn tell(&mut self, id: u64, found: Result<T, Code>) {
        if let Some(asker) = self.0.remove(&id) {
            let _ = asker.send(found);
        }
    }
}

/// What woke the driver.
enum Woken {
    Applied(Option<Answer>),
    Datagram(Result<Vec<u8>, LinkError>),
    Failed(LinkError),
    Fed(Yield),
    Filled(Option<Answer>),
    Forked,
    Frame(Class, Vec<u8>),
    Identified(Result<(), Code>),
    Keyed,
    Lacking,
    Order(Option<Order>),
    Poked,
    Probed(Option<Probed>),
    Room,
    Timeout,
}

impl Driver {
    fn new(
        context: Arc<Context>,
        link: comity_federation::Link,
        dialled: Option<ServerName>,
        wires: Wires,
    ) -> Self {
        let is_dialled = dialled.is_some();
        let (exchange, now_ms) = (Arc::clone(&context.exchange), clock::monotonic_ms());
        Self {
            lacking: exchange.filling.wakes(),
            forked: exchange.forks.wakes(),
            keyed: exchange.keyed(),
            end: LinkEnd::new(exchange, wires.number, dialled, now_ms),
            outgoing: Outgoing::new(link.sender()),
            context,
            link,
            wires,
            dialled: is_dialled,
            identifying: None,
            applying: None,
            filling: None,
            accounts_asked: Askers::new(),
            groups_asked: Askers::new(),
            profiles_asked: Askers::new(),
            silence: Silence::default(),
            probes_asked: Askers::new(),
            probing: None,
            meter: None,
        }
    }

    async fn run(mut self: Box<Self>) -> Option<Code> {
        loop {
            // A peer that does not read must not keep a link up that is over.
            while self.outgoing.has_room() || self.end.is_closed() {
                match self.end.poll(clock::monotonic_ms()) {
                    Some(Task::Close(code)) => return self.end(code).await,
                    Some(Task::Up { domain, start }) => self.up(domain, start).await,
                    Some(task) => self.take(task),
                    None => break,
                }
            }
            self.count();
            if self.is_cut() {
                return self.failed(&LinkError::Closed(CloseReason::TimedOut));
            }
            match self.wait().await {
                Woken::Applied(answer) => {
                    self.applying = None;
                    self.end.handle_answer(answer, clock::monotonic_ms());
                }
                Woken::Datagram(Ok(bytes)) => {
                    self.end.handle_datagram(&bytes, clock::monotonic_ms());
                }
                Woken::Failed(error) | Woken::Datagram(Err(error)) => return self.failed(&error),
                Woken::Fed(found) => self.end.handle_fed(found, clock::monotonic_ms()),
                Woken::Filled(answer) => {
                    self.filling = None;
                    self.end.handle_history_answer(answer, clock::monotonic_ms());
                }
                Woken::Forked => self.end.poke_forks(),
                Woken::Frame(class, bytes) => self.take_frame(class, bytes),
                Woken::Identified(found) => {
                    self.identifying = None;
                    self.end.handle_identified(found, clock::monotonic_ms());
                }
                Woken::Keyed => self.end.poke_keys(),
                Woken::Lacking => self.end.poke_history(),
                Woken::Order(Some(Order::Close(code))) => self.end.close(code),
                Woken::Order(Some(Order::Ask(question))) => self.ask(*question),
                Woken::Order(None) => self.end.close(Code::ShuttingDown),
                Woken::Poked | Woken::Room => {}
                Woken::Probed(answer) => self.probed(answer),
                Woken::Timeout => self.end.handle_timeout(clock::monotonic_ms()),
            }
        }
    }

    /// Of a long frame the signatures and hashes alone may keep a core busy for a third of a
    /// second: what else this thread serves goes on meanwhile.
    fn take_frame(&mut self, class: Class, bytes: Vec<u8>) {
        let (length, now_ms) = (bytes.len(), clock::monotonic_ms());
        self.end.passed.received_bytes += length as u64;
        let take = || self.end.handle_frame((class, bytes), now_ms);
        let can_step_aside = Handle::current().runtime_flavor() == RuntimeFlavor::MultiThread;
        if length >= LONG_FRAME_BYTES && can_step_aside { block_in_place(take) } else { take() }
    }

    fn is_cut(&mut self) -> bool {
        let (awaits, datagrams) = (self.end.replica.is_awaiting(), self.link.datagrams_received());
        self.silence.look(awaits, datagrams, clock::monotonic_ms())
    }

    async fn wait(&mut self) -> Woken {
        let now_ms = clock::monotonic_ms();
        let pause = self.meter.as_ref().and_then(|meter| meter.pause_ms(now_ms));
        for class in [Class::Link, Class::Feed, Class::History] {
            let is_paused = pause.is_some() && class != Class::Link;
            self.link.set_reading(class, self.end.wants_read(class) && !is_paused);
        }
        let next_ms = self.end.poll_timeout().into_iter().chain(self.silence.next_ms()).min();
        let timeout = next_ms.map(|at_ms| at_ms.saturating_sub(now_ms));
        let timeout = timeout.into_iter().chain(pause).min();
        let blocked = !self.outgoing.has_room();
        let wake = self.end.wakes();
        let datagrams = self.link.datagrams();
        let Self {
            link,
            outgoing,
            wires,
            identifying,
            probing,
            applying,
            filling,
            lacking,
            forked,
            keyed,
            end,
            ..
        } = self;
        let Outgoing { tasks, lanes, .. } = outgoing;
        tokio::select! {
            Some(ended) = tasks.join_next() => match ended {
                Ok(error) => Woken::Failed(error),
                Err(_) => Woken::Failed(LinkError::Closed(CloseReason::Local)),
            },
            answer = optional(applying.as_mut()) => Woken::Applied(answer.ok()),
            answer = optional(filling.as_mut()) => Woken::Filled(answer.ok()),
            found = optional(identifying.as_mut()) => {
                Woken::Identified(found.unwrap_or(Err(Code::Internal)))
            }
            answer = optional(probing.as_mut()) => Woken::Probed(answer.ok()),
            order = wires.orders.recv() => Woken::Order(order),
            found = next(end.reading().filter(|_| !blocked)) => Woken::Fed(found),
            frame = link.recv() => match frame {
                Ok((class, bytes)) => Woken::Frame(class, bytes.into()),
                Err(error) => Woken::Failed(error),
            },
            found = datagrams.recv() => Woken::Datagram(found),
            () = wake.notified(), if !blocked => Woken::Poked,
            Ok(()) = lacking.changed() => Woken::Lacking,
            Ok(()) = forked.changed() => Woken::Forked,
            Ok(()) = keyed.changed() => Woken::Keyed,
            () = sleep(timeout) => Woken::Timeout,
            () = outgoing::room(lanes), if blocked => Woken::Room,
        }
    }

    /// Does what needs no waiting, so that no idle link keeps room for a task.
    fn take(&mut self, task: Task) {
        match task {
            Task::AnswerProbe { answer, dial } => self.answer_probe(answer, dial),
            Task::Apply { peer, frame, cursor, rewinds } => {
                self.apply(peer, frame, cursor, rewinds);
            }
            Task::ApplyHistory { peer, frame, silent } => self.fill(peer, frame, silent),
            Task::Close(_) | Task::Up { .. } => {}
            Task::Compare { peer, ahead, is_writer_ahead } => {
                self.compare(peer, ahead, is_writer_ahead);
            }
            Task::Identify { domain, lineage, changes } => self.identify(domain, lineage, changes),
            Task::LookedUp { id, found } => self.accounts_asked.tell(id, found),
            Task::Probed { id, found } => self.probes_asked.tell(id, found),
            Task::Sought { id, found } => self.groups_asked.tell(id, found),
            Task::Shown { id, found } => self.profiles_asked.tell(id, found),
            Task::Send(frame) => self.end.passed.sent_bytes += self.outgoing.push(&frame),
            Task::SendDatagram(frame) => self.link.datagrams().send(frame.encode()),
            Task::TakeFork { log, seq, proof } => self.take_fork(log, seq, proof),
            Task::TakeKeys(shown) => self.take_keys(shown),
            Task::TakeSigned { peer, heads } => {
                // What is not taken now is asked for on the next link.
                if let Err(error) = self.context.writer.propose(Command::TakeSigned { peer, heads })
                {
                    tracing::warn!(%error, "heads that were signed anew cannot be taken now");
                }
            }
        }
    }

    /// Has counted what passed since it was counted last.
    fn count(&mut self) {
        if let Some(meter) = &self.meter
            && self.end.passed != Traffic::default()
        {
            let passed = std::mem::take(&mut self.end.passed);
            let now_ms = clock::monotonic_ms();
            meter.note(passed, now_ms, clock::unix_ms());
            self.context.measures.handed_on(passed.sent_messages, now_ms);
            let peer = self.end.peer().filter(|_| passed.received_records > 0);
            let most = peer.and_then(|peer| self.context.exchange.records_per_minute(peer));
            if let Some(most) = most {
                meter.spend(passed.received_records, most, now_ms);
            }
        }
    }

    async fn up(&mut self, domain: ServerName, start: u64) {
        self.link.welcome();
        self.meter = Some(self.context.links.met(&domain, self.link.peer_key()));
        tracing::info!(peer = %domain, dialled = self.dialled, "link up");
        let report = Up { number: self.wires.number, domain, start, dialled: self.dialled };
        let _ = self.wires.reports.send(report).await;
    }

    fn identify(&mut self, domain: ServerName, lineage: LineageId, changes: Vec<ByteString>) {
        let (context, key) = (Arc::clone(&self.context), self.link.peer_key());
        let dialled = self.dialled;
        self.identifying = Some(tokio::spawn(async move {
            let found = context.identify(&domain, lineage, key, &changes).await;
            match found {
                Ok(()) => {}
                Err(code @ (Code::DomainRefused | Code::DomainWaits)) => {
                    tracing::debug!(peer = %domain, %code, "the peer is not let in");
                }
                Err(code) if dialled => {
                    tracing::warn!(peer = %domain, %code, "the peer is not who it claims to be");
                }
                // It is counted, and told more rarely.
                Err(_) => {}
            }
            found
        }));
    }

    fn apply(
        &mut self,
        peer: LineageId,
        frame: Vec<u8>,
        cursor: Option<ByteString>,
        rewinds: Vec<Rewind>,
    ) {
        let command = Command::PeerBatch {
            peer,
            frame: frame.into(),
            cursor,
            unix_ms: clock::unix_ms(),
            random: clock::random(),
            rewinds,
        };
        match self.context.writer.propose(command) {
            Ok(answer) => self.applying = Some(answer),
            Err(error) => {
                tracing::warn!(%error, "a peer's batch cannot be applied now");
                self.end.close(Code::Overloaded);
            }
        }
    }

    fn fill(&mut self, peer: LineageId, frame: Vec<u8>, silent: Vec<LogRef>) {
        let command = Command::PeerHistory { peer, frame: frame.into(), silent };
        match self.context.writer.propose(command) {
            Ok(answer) => self.filling = Some(answer),
            Err(error) => {
                tracing::warn!(%error, "a peer's history cannot be applied now");
                self.end.handle_history_answer(None, clock::monotonic_ms());
            }
        }
    }

    fn compare(&self, peer: LineageId, ahead: Vec<Ahead>, is_writer_ahead: bool) {
        if !ahead.is_empty() {
            let domain = self.end.peer().map(ServerName::as_str);
            tracing::warn!(
                peer = domain,
                groups = ahead.len(),
                "a member's node holds more of our groups' control logs than this one, as after a \
                 restore; what is missing is fetched from there"
            );
        }
        let (unix_ms, random) = (clock::unix_ms(), clock::random());
        let command = Command::Compare { peer, ahead, unix_ms, random, is_writer_ahead };
        if let Err(error) = self.context.writer.propose(command) {
            // The peer states its heads again.
            tracing::warn!(%error, "a peer's heads cannot be compared now");
        }
    }

    fn take_keys(&self, shown: Vec<Organisation>) {
        let context = Arc::clone(&self.context);
        tokio::spawn(async move {
            for shown in shown {
                let _ = context.take_keys(shown).await;
            }
        });
    }

    fn take_fork(&self, log: WireLog, seq: u64, proof: ByteString) {
        let (unix_ms, random) = (clock::unix_ms(), clock::random());
        match self.context.writer.propose(Command::TakeFork { proof, unix_ms, random }) {
            Ok(answer) => {
                let exchange = Arc::clone(&self.context.exchange);
                tokio::spawn(async move {
                    if let Ok(answer) = answer.await {
                        exchange.fork_taken(&log, seq, &answer);
                    }
                });
            }
            // It is found, or told, again.
            Err(error) => tracing::warn!(%error, "a proof cannot be taken now"),
        }
    }

    fn ask(&mut self, question: Question) {
        let now_ms = clock::monotonic_ms();
        match question.wanted {
            Wanted::Account(name, asker) => {
                self.accounts_asked.note(self.end.look_up(name, now_ms), asker);
            }
            Wanted::Groups(seek, asker) => {
                self.groups_asked.note(self.end.seek(seek, now_ms), asker);
            }
            Wanted::Probe(dial, record, asker) => {
                self.probes_asked.note(self.end.probe(dial, record, now_ms), asker);
            }
            Wanted::Profile(name, image, asker) => {
                self.profiles_asked.note(self.end.ask_profile(name, image, now_ms), asker);
            }
        }
    }

    /// Answers a probe at once, or once what the peer's domain publishes was dialled.
    fn answer_probe(&mut self, mut answer: Probed, dial: bool) {
        answer.seen = Some(self.link.remote_addr().into());
        match self.end.peer().filter(|_| dial).cloned() {
            Some(domain) if self.probing.is_none() => {
                let context = Arc::clone(&self.context);
                self.probing = Some(tokio::spawn(context.dial_back(domain, answer)));
            }
            Some(_) => {
                answer.code = Some(Code::RateLimited.number());
                self.end.answer_probe(examine::signed_off(answer));
            }
            None => self.end.answer_probe(examine::signed_off(answer)),
        }
    }

    fn probed(&mut self, answer: Option<Probed>) {
        self.probing = None;
        if let Some(answer) = answer {
            self.end.answer_probe(examine::signed_off(answer));
        }
    }

    async fn end(self: Box<Self>, code: Code) -> Option<Code> {
        if let Some(domain) = self.end.peer() {
            tracing::info!(peer = %domain, %code, "link closed");
        }
        self.context.part(&self.end, &self.link, Ok(code));
        let farewell = tokio::time::timeout(FAREWELL_MAX, self.outgoing.finish()).await;
        if farewell.is_err() {
            tracing::debug!("the peer did not take the goodbye");
        }
        self.link.close(code);
        Some(code)
    }

    fn failed(&self, error: &LinkError) -> Option<Code> {
        if let Some(domain) = self.end.peer() {
            tracing::info!(peer = %domain, %error, "link down");
        }
        self.context.part(&self.end, &self.link, Err(error));
        self.link.close(error.code().unwrap_or(Code::DomainUnreachable));
        match error {
            LinkError::Closed(CloseReason::Peer(code)) => *code,
            _ => None,
        }
    }
}

/// How long a goodbye may take.
const FAREWELL_MAX: Duration = Duration::from_secs(1);

async fn optional<F: Future + Unpin>(future: Option<F>) -> F::Output {
    match future {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}

async fn next(feed: Option<(&mut Subscription, usize)>) -> Yield {
    match feed {
        Some((feed, max)) => feed.next(max).await,
        None => std::future::pending().await,
    }
}

async fn sleep(left_ms: Option<u64>) {
    match left_ms {
        Some(left_ms) => tokio::time::sleep(Duration::from_millis(left_ms)).await,
        None => std::future::pending().await,
    }
}
