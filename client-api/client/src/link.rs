//! The task behind a client: connect, say hello, resume, repeat what has no answer, and begin again
//! when the connection is lost. It must not decide what an event means.
//!
//! A request gets its nonce when it is taken from the queue, also while there is no connection, so
//! nonces and queue have one order ([`crate::core::outbox`]); after a reconnection everything
//! unanswered is sent again in that order, and the node answers what it did before as it did
//! before.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{Sink, StreamExt};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::backoff::{Backoff, random};
use crate::client::{ClientSettings, Earlier, Event};
use crate::core::outbox::{OUTBOX_MAX, Outbox, UNDER_WAY_MAX, Verdict};
use crate::core::record::Record;
use crate::core::seen::Seen;
use crate::endpoint::Target;
use crate::error::{Refused, RequestError};
use crate::extra::Draft;
use crate::http::{Http, Stream};
use crate::keep::Keep;
use crate::shape::{Answer, ClientFrame, Command, Content, NodeFrame, Welcome, parse};

/// Something to ask of the node.
#[derive(Debug)]
pub(crate) enum Order {
    Request {
        kind: OrderKind,
        reply: Reply,
        /// Told once it cannot get lost any more by anything but the end of an unkept process.
        queued: oneshot::Sender<()>,
    },
    /// A sign that somebody writes; dropped where it cannot go out now.
    Typing { channel: String },
}

#[derive(Debug)]
pub(crate) enum OrderKind {
    Command(Command),
    /// A text; with the cursor of the event that is done with once it is queued.
    Send {
        channel: String,
        draft: Draft,
        cursor: Option<String>,
    },
}

pub(crate) type Reply = oneshot::Sender<Result<Answer, RequestError>>;

/// The task's state over all connections.
pub(crate) struct Link {
    http: Http,
    cursor: Option<String>,
    /// The cursor was refused: what was missed is not known.
    has_gap: bool,
    outbox: Outbox<Request>,
    orders: mpsc::Receiver<Order>,
    orders_open: bool,
    events: mpsc::Sender<Event>,
    seen: Seen,
    keep: Option<Keeping>,
    /// When the pause that the node asked for is over.
    pause_until: Option<Instant>,
    pauses: Backoff,
}

/// What outlives the process, and how far the client's holder has come.
struct Keeping {
    file: Keep,
    finished: watch::Receiver<Option<String>>,
}

struct Request {
    frame: Utf8Bytes,
    /// Nobody where an earlier process asked.
    reply: Option<Reply>,
}

/// Why a connection is over.
enum Over {
    /// The node takes this client no more.
    Ended(Refused),
    /// Try again, at the endpoint named if one was.
    Lost { reason: String, endpoint: Option<String> },
    /// Nobody holds the client any more.
    Unwanted,
}

type Socket = WebSocketStream<Stream>;

impl Link {
    pub(crate) fn new(
        http: Http,
        settings: ClientSettings,
        kept: Option<(Keep, watch::Receiver<Option<String>>)>,
        orders: mpsc::Receiver<Order>,
        events: mpsc::Sender<Event>,
    ) -> Self {
        let nonce_first = settings.first_nonce.unwrap_or_else(unix_micros);
        let mut link = Self {
            http,
            cursor: settings.cursor,
            has_gap: false,
            outbox: Outbox::new(nonce_first, settings.retries),
            orders,
            orders_open: true,
            events,
            seen: Seen::default(),
            keep: kept.map(|(file, finished)| Keeping { file, finished }),
            pause_until: None,
            pauses: Backoff::default(),
        };
        if let Some(keeping) = &link.keep {
            let kept = keeping.file.cursor().map(str::to_owned);
            link.cursor = link.cursor.take().or(kept);
            let first = keeping.file.first_nonce(nonce_first);
            link.outbox = Outbox::new(first, settings.retries);
            for (nonce, frame) in keeping.file.queued() {
                link.outbox.restore(nonce, Request { frame: frame.into(), reply: None });
            }
        }
        link
    }

    pub(crate) async fn run(mut self) {
        self.stay_connected().await;
        // How far the holder came is noted also where it ends.
        self.note_cursor();
    }

    async fn stay_connected(&mut self) {
        let mut backoff = Backoff::default();
        loop {
            let target = self.http.target();
            let greeting = greet(self.http.clone(), target.clone(), self.cursor.clone());
            let over = match self.while_taking(greeting).await {
                Ok((socket, welcome)) => {
                    backoff.reset();
                    self.live(socket, welcome).await
                }
                Err(over) => {
                    self.http.leave(&target);
                    over
                }
            };
            let reason = match over {
                Over::Unwanted => return,
                Over::Ended(refused) if refused.code == "cursor_invalid" && self.begin_anew() => {
                    refused.message
                }
                Over::Ended(refused) => {
                    // Whether or not anybody still listens, this is the end.
                    let _ = self.events.send(Event::Ended(refused)).await;
                    return;
                }
                Over::Lost { reason, endpoint } => {
                    if let Some(endpoint) = endpoint {
                        self.http.prefer(&endpoint);
                    }
                    reason
                }
            };
            let wait = backoff.next(random());
            if self.events.send(Event::Disconnected { reason, wait }).await.is_err() {
                return;
            }
            let events = self.events.clone();
            let waiting = async {
                tokio::select! {
                    () = tokio::time::sleep(wait) => false,
                    () = events.closed() => true,
                }
            };
            if self.while_taking(waiting).await {
                return;
            }
        }
    }

    /// Goes on without the cursor that the node refused; false where there was none.
    fn begin_anew(&mut self) -> bool {
        self.has_gap = self.cursor.take().is_some();
        self.has_gap
    }

    /// Queues what is asked while there is no connection.
    async fn while_taking<F: Future>(&mut self, waiting: F) -> F::Output {
        tokio::pin!(waiting);
        loop {
            let may_take = self.orders_open && self.outbox.has_room();
            tokio::select! {
                output = &mut waiting => return output,
                order = self.orders.recv(), if may_take => {
                    self.take(order, OUTBOX_MAX).await;
                }
            }
        }
    }

    async fn live(&mut self, socket: Socket, welcome: Welcome) -> Over {
        let Welcome { account, device, cursor, resync, heartbeat } = welcome;
        let resync = resync || std::mem::take(&mut self.has_gap);
        if resync || self.cursor.is_none() {
            self.cursor = Some(cursor.clone());
        }
        let connected = Event::Connected { account, device, cursor, resync };
        if self.events.send(connected).await.is_err() {
            return Over::Unwanted;
        }
        self.outbox.handle_connected();
        self.pause_until = None;
        let (sink, stream) = socket.split();
        let outlet = Outlet { sink, queue: VecDeque::new(), unflushed: false };
        let heartbeat = heartbeat.clamp(HEARTBEAT_MIN, HEARTBEAT_MAX);
        self.pump(stream, outlet, heartbeat).await
    }

    async fn pump(
        &mut self,
        mut stream: SplitStream<Socket>,
        mut outlet: Outlet,
        heartbeat: Duration,
    ) -> Over {
        let mut beat = interval_at(Instant::now() + heartbeat, heartbeat);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard_at = Instant::now();
        loop {
            while let Some(request) = self.outbox.poll_send() {
                outlet.queue.push_back(Message::Text(request.frame.clone()));
            }
            let may_take = self.orders_open && self.outbox.len() < UNDER_WAY_MAX;
            let pause_until = self.pause_until;
            let events = self.events.clone();
            let arrived = tokio::select! {
                arrived = arrival(&events, &mut stream) => arrived,
                written = std::future::poll_fn(|cx| outlet.poll_write(cx)) => match written {
                    Ok(()) => continue,
                    Err(error) => return lost(error.to_string()),
                },
                order = self.orders.recv(), if may_take => {
                    for channel in self.take(order, UNDER_WAY_MAX).await {
                        outlet.hint(&ClientFrame::Typing { channel: &channel });
                    }
                    continue;
                }
                () = sleep_until(pause_until), if pause_until.is_some() => {
                    self.pause_until = None;
                    self.outbox.handle_pause_over();
                    continue;
                }
                () = finished(self.keep.as_mut()) => {
                    self.note_cursor();
                    continue;
                }
                _ = beat.tick() => {
                    // A full queue keeps us from hearing; that is not the node's silence.
                    if self.events.capacity() == 0 {
                        heard_at = Instant::now();
                    }
                    if heard_at.elapsed() > heartbeat * SILENT_BEATS_MAX {
                        return lost("the node is silent");
                    }
                    outlet.queue.push_back(Message::Text(encode(&ClientFrame::Ping)));
                    continue;
                }
            };
            heard_at = Instant::now();
            if let Some(over) = self.handle(arrived) {
                return over;
            }
        }
    }

    /// Queues an order and those that wait behind it, with one sync for all where they are kept;
    /// answers the channels in which somebody writes.
    async fn take(&mut self, first: Option<Order>, len_max: usize) -> Vec<String> {
        let mut typing = Vec::new();
        let mut told = Vec::new();
        let mut records = Vec::new();
        let mut next = first;
        if next.is_none() {
            self.orders_open = false;
        }
        while let Some(order) = next {
            match order {
                Order::Typing { channel } => typing.push(channel),
                Order::Request { kind, reply, queued } => {
                    let frame = kind.frame(self.outbox.nonce_next());
                    let request = Request { frame: frame.clone(), reply: Some(reply) };
                    let nonce = self.outbox.queue(request);
                    if let (Some(_), OrderKind::Send { cursor, .. }) = (&self.keep, kind) {
                        let frame = frame.as_str().to_owned();
                        records.push(Record::Queued { nonce, cursor, frame });
                    }
                    told.push((nonce, queued));
                }
            }
            let more = self.outbox.len() < len_max && typing.len() < UNDER_WAY_MAX;
            next = if more { self.orders.try_recv().ok() } else { None };
        }
        // Cursors go down in their order: what an answer says of it is the newest.
        self.note_cursor();
        if let Err(error) = self.keep_durably(records).await {
            // What cannot be kept as was wished is not sent either: nobody would know of it.
            for (nonce, _) in told {
                let request = self.outbox.remove(nonce);
                let error = RequestError::NotKept(error.to_string());
                // Whoever asked may have stopped waiting.
                let _ = request.and_then(|r| r.reply).map(|reply| reply.send(Err(error)));
            }
            return typing;
        }
        for (_, queued) in told {
            let _ = queued.send(());
        }
        typing
    }

    /// Appends lines; the disk is waited for by another thread.
    async fn keep_durably(&mut self, records: Vec<Record>) -> io::Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        let Some(Keeping { mut file, finished }) = self.keep.take() else { return Ok(()) };
        let written = tokio::task::spawn_blocking(move || {
            let appended = file.append_durably(records);
            (file, appended)
        });
        // The task runs to its end: it is not aborted, and it does not panic.
        let (file, appended) = written.await.map_err(io::Error::other)?;
        self.keep = Some(Keeping { file, finished });
        appended
    }

    fn note_cursor(&mut self) {
        let Some(keeping) = &mut self.keep else { return };
        let cursor = keeping.finished.borrow_and_update().clone();
        if let Some(cursor) = cursor.filter(|cursor| keeping.file.cursor() != Some(cursor)) {
            note(&mut keeping.file, Record::Cursor(cursor));
        }
    }

    fn handle(&mut self, arrived: Arrived<'_>) -> Option<Over> {
        let (permit, message) = match arrived {
            Arrived::Message(permit, Some(Ok(message))) => (permit, message),
            Arrived::Message(_, Some(Err(error))) => return Some(lost(error.to_string())),
            Arrived::Message(_, None) => return Some(lost("the connection was closed")),
            Arrived::Unwanted => return Some(Over::Unwanted),
        };
        match message.to_text().ok().and_then(parse)? {
            NodeFrame::Answer(nonce, answer) => self.handle_answer(nonce, answer, permit),
            NodeFrame::Delivered(delivered) => permit.send(Event::Delivered(delivered)),
            NodeFrame::Event(event) => {
                self.cursor = Some(event.cursor.clone());
                // A text that was not held may come again with it.
                let is_whole = !matches!(event.content, Content::Message { text: None });
                if !is_whole || self.seen.insert(&event.id) {
                    permit.send(Event::Channel(event));
                }
            }
            NodeFrame::HistoryGrew(channel) => permit.send(Event::HistoryGrew { channel }),
            NodeFrame::Goodbye(refused, endpoint) => return Some(over(refused, endpoint)),
            NodeFrame::Objection(refused) => permit.send(Event::Objection(refused)),
            NodeFrame::Sign(sign) => permit.send(Event::Sign(sign)),
            NodeFrame::Unknown | NodeFrame::Welcome(_) => {}
        }
        None
    }

    fn handle_answer(
        &mut self,
        nonce: u64,
        answer: Result<Answer, Refused>,
        permit: mpsc::Permit<'_, Event>,
    ) {
        let request = match self.outbox.handle_answer(nonce, answer.as_ref().err()) {
            Verdict::Settled(request) => request,
            Verdict::Later(Some(wait)) => {
                let wait = wait.max(self.pauses.next(random()));
                self.pause_until = Some(Instant::now() + wait.min(PAUSE_MAX));
                return;
            }
            Verdict::Later(None) => {
                if answer.as_ref().is_err_and(|refused| refused.code != "shutting_down") {
                    self.pause_until = Some(Instant::now() + self.pauses.next(random()));
                }
                return;
            }
            Verdict::Unknown => return,
        };
        self.pauses.reset();
        if let Some(Keeping { file, .. }) = &mut self.keep
            && file.holds(nonce)
        {
            note(file, Record::Settled(nonce));
        }
        match request.reply {
            // Whoever asked may have stopped waiting.
            Some(reply) => drop(reply.send(answer.map_err(RequestError::Refused))),
            None => permit.send(Event::Settled(Earlier::new(&request.frame, answer))),
        }
    }
}

impl OrderKind {
    fn frame(&self, nonce: u64) -> Utf8Bytes {
        let nonce = nonce.to_string();
        encode(&match self {
            Self::Command(command) => ClientFrame::Command { nonce, command },
            Self::Send { channel, draft, .. } => ClientFrame::Send { nonce, channel, draft },
        })
    }
}

async fn greet(http: Http, target: Target, cursor: Option<String>) -> Greeted {
    match timeout(GREETING_TIMEOUT, hello(&http, &target, cursor.as_deref())).await {
        Ok(greeted) => greeted,
        Err(_) => Err(lost("no welcome in time")),
    }
}

type Greeted = Result<(Socket, Welcome), Over>;

async fn hello(http: &Http, target: &Target, cursor: Option<&str>) -> Greeted {
    let stream = http.connect(target).await.map_err(lost)?;
    let config = WebSocketConfig::default()
        .max_message_size(Some(FRAME_BYTES_MAX))
        .max_frame_size(Some(FRAME_BYTES_MAX));
    let (mut socket, _) = client_async_with_config(target.socket_url(), stream, Some(config))
        .await
        .map_err(|e| lost(e.to_string()))?;
    let hello = ClientFrame::Hello { token: http.token().unwrap_or_default(), cursor };
    futures_util::SinkExt::send(&mut socket, Message::Text(encode(&hello)))
        .await
        .map_err(|e| lost(e.to_string()))?;
    while let Some(message) = socket.next().await {
        let message = message.map_err(|e| lost(e.to_string()))?;
        match message.to_text().ok().and_then(parse) {
            Some(NodeFrame::Welcome(welcome)) => return Ok((socket, welcome)),
            Some(NodeFrame::Goodbye(refused, endpoint)) => return Err(over(refused, endpoint)),
            Some(NodeFrame::Objection(refused)) => return Err(over(refused, None)),
            _ => {}
        }
    }
    Err(lost("closed before the welcome"))
}

/// Ready when the client's holder has finished with more; never where nothing is kept.
async fn finished(keeping: Option<&mut Keeping>) {
    if let Some(Keeping { finished, .. }) = keeping
        && finished.changed().await.is_ok()
    {
        return;
    }
    std::future::pending().await
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// What is lost of these lines is repeated or comes again, so that a disk that fails is told when
/// somebody asks for more than that.
fn note(file: &mut Keep, record: Record) {
    if let Err(error) = file.note(record) {
        tracing::warn!(%error, "the client's file cannot be written");
    }
}

enum Arrived<'a> {
    Message(mpsc::Permit<'a, Event>, Option<Result<Message, SocketError>>),
    Unwanted,
}

/// Room for an event first, then a frame: what cannot be handed on is not read.
async fn arrival<'a>(
    events: &'a mpsc::Sender<Event>,
    stream: &mut SplitStream<Socket>,
) -> Arrived<'a> {
    match events.reserve().await {
        Ok(permit) => tokio::select! {
            message = stream.next() => Arrived::Message(permit, message),
            () = events.closed() => Arrived::Unwanted,
        },
        Err(_) => Arrived::Unwanted,
    }
}

/// Frames on their way out, several in one write where they are there.
struct Outlet {
    sink: SplitSink<Socket, Message>,
    queue: VecDeque<Message>,
    unflushed: bool,
}

impl Outlet {
    /// Sends something that may as well be left out where the line is slow.
    fn hint(&mut self, frame: &ClientFrame<'_>) {
        if self.queue.len() < UNDER_WAY_MAX {
            self.queue.push_back(Message::Text(encode(frame)));
        }
    }

    /// Ready when all is written; never while there is nothing to write.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SocketError>> {
        if self.queue.is_empty() && !self.unflushed {
            return Poll::Pending;
        }
        let mut sink = Pin::new(&mut self.sink);
        while !self.queue.is_empty() {
            std::task::ready!(sink.as_mut().poll_ready(cx))?;
            if let Some(message) = self.queue.pop_front() {
                sink.as_mut().start_send(message)?;
                self.unflushed = true;
            }
        }
        std::task::ready!(sink.poll_flush(cx))?;
        self.unflushed = false;
        Poll::Ready(Ok(()))
    }
}

fn over(refused: Refused, endpoint: Option<String>) -> Over {
    match refused.code.as_str() {
        "token_invalid" | "malformed" | "version_unsupported" | "cursor_invalid" => {
            Over::Ended(refused)
        }
        _ => Over::Lost { reason: refused.message, endpoint },
    }
}

fn lost(reason: impl Into<String>) -> Over {
    Over::Lost { reason: reason.into(), endpoint: None }
}

fn encode(frame: &ClientFrame<'_>) -> Utf8Bytes {
    // Shapes have string keys only, so this cannot fail.
    serde_json::to_string(frame).unwrap_or_default().into()
}

/// The one place where this crate reads the clock, so that no counter has to be kept between two
/// starts.
#[expect(clippy::disallowed_methods, reason = "a nonce has to be above all earlier ones")]
fn unix_micros() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX / 2)
}

/// The longest pause that a node is granted.
const PAUSE_MAX: Duration = Duration::from_secs(60);
const GREETING_TIMEOUT: Duration = Duration::from_secs(15);
/// Beats without a word from the node after which the connection counts as dead.
const SILENT_BEATS_MAX: u32 = 6;
const HEARTBEAT_MIN: Duration = Duration::from_millis(100);
const HEARTBEAT_MAX: Duration = Duration::from_secs(60);
/// Longest frame that is read: the longest text, escaped, fits.
const FRAME_BYTES_MAX: usize = 2 * 1024 * 1024;
