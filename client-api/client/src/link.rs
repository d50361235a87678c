//! The task behind a client: connect, say hello, resume, repeat what has no answer, and begin again
//! when the connection is lost. It must not decide what an event means.
//!
//! A request gets its nonce when it is taken from the queue, so nonces and queue have one order;
//! after a reconnection everything unanswered is sent again in that order, and the node answers
//! what it did before as it did before.

use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{Sink, StreamExt};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::backoff::{Backoff, random};
use crate::client::{ClientSettings, Event};
use crate::endpoint::Target;
use crate::error::Refused;
use crate::http::{Http, Stream};
use crate::shape::{Answer, ClientFrame, Command, NodeFrame, Welcome, parse};

/// Requests under way at once. A node keeps the newest 1,024 answers per device, so a repeat is
/// always within them.
pub const NONCE_WINDOW_SAFE: usize = 64;

/// Something to ask of the node.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) kind: OrderKind,
    pub(crate) reply: oneshot::Sender<Result<Answer, Refused>>,
}

#[derive(Debug)]
pub(crate) enum OrderKind {
    Command(Command),
    Send { channel: String, text: Arc<str> },
}

/// The task's state over all connections.
pub(crate) struct Link {
    http: Http,
    cursor: Option<String>,
    nonce_next: u64,
    orders: mpsc::Receiver<Order>,
    events: mpsc::Sender<Event>,
    under_way: BTreeMap<u64, UnderWay>,
}

struct UnderWay {
    frame: Utf8Bytes,
    reply: oneshot::Sender<Result<Answer, Refused>>,
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
        orders: mpsc::Receiver<Order>,
        events: mpsc::Sender<Event>,
    ) -> Self {
        Self {
            http,
            cursor: settings.cursor,
            nonce_next: settings.first_nonce.unwrap_or_else(unix_micros),
            orders,
            events,
            under_way: BTreeMap::new(),
        }
    }

    pub(crate) async fn run(mut self) {
        let mut backoff = Backoff::default();
        loop {
            let target = self.http.target();
            let over = match self.greet(&target).await {
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
            if self.events.send(Event::Disconnected { reason }).await.is_err() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(backoff.next(random())) => {}
                () = self.events.closed() => return,
            }
        }
    }

    async fn greet(&self, target: &Target) -> Result<(Socket, Welcome), Over> {
        match timeout(GREETING_TIMEOUT, self.hello(target)).await {
            Ok(greeted) => greeted,
            Err(_) => Err(lost("no welcome in time")),
        }
    }

    async fn hello(&self, target: &Target) -> Result<(Socket, Welcome), Over> {
        let stream = self.http.connect(target).await.map_err(lost)?;
        let config = WebSocketConfig::default()
            .max_message_size(Some(FRAME_BYTES_MAX))
            .max_frame_size(Some(FRAME_BYTES_MAX));
        let (mut socket, _) = client_async_with_config(target.socket_url(), stream, Some(config))
            .await
            .map_err(|e| lost(e.to_string()))?;
        let hello = ClientFrame::Hello {
            token: self.http.token().unwrap_or_default(),
            cursor: self.cursor.as_deref(),
        };
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

    async fn live(&mut self, socket: Socket, welcome: Welcome) -> Over {
        let Welcome { account, device, cursor, resync, heartbeat } = welcome;
        if resync || self.cursor.is_none() {
            self.cursor = Some(cursor.clone());
        }
        let connected = Event::Connected { account, device, cursor, resync };
        if self.events.send(connected).await.is_err() {
            return Over::Unwanted;
        }
        let (sink, stream) = socket.split();
        let repeats = self.under_way.values().map(|u| Message::Text(u.frame.clone()));
        let outlet = Outlet { sink, queue: repeats.collect(), unflushed: false };
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
        let mut orders_open = true;
        loop {
            let room = self.under_way.len() < NONCE_WINDOW_SAFE;
            let events = self.events.clone();
            let arrived = tokio::select! {
                arrived = arrival(&events, &mut stream) => arrived,
                written = std::future::poll_fn(|cx| outlet.poll_write(cx)) => match written {
                    Ok(()) => continue,
                    Err(error) => return lost(error.to_string()),
                },
                order = self.orders.recv(), if room && orders_open => {
                    match order {
                        Some(order) => outlet.queue.push_back(self.take(order)),
                        None => orders_open = false,
                    }
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

    fn take(&mut self, order: Order) -> Message {
        let nonce = self.nonce_next;
        self.nonce_next += 1;
        let text = nonce.to_string();
        let frame = encode(&match &order.kind {
            OrderKind::Command(command) => ClientFrame::Command { nonce: text, command },
            OrderKind::Send { channel, text: said } => {
                ClientFrame::Send { nonce: text, channel, text: said }
            }
        });
        self.under_way.insert(nonce, UnderWay { frame: frame.clone(), reply: order.reply });
        Message::Text(frame)
    }

    fn handle(&mut self, arrived: Arrived<'_>) -> Option<Over> {
        let (permit, message) = match arrived {
            Arrived::Message(permit, Some(Ok(message))) => (permit, message),
            Arrived::Message(_, Some(Err(error))) => return Some(lost(error.to_string())),
            Arrived::Message(_, None) => return Some(lost("the connection was closed")),
            Arrived::Unwanted => return Some(Over::Unwanted),
        };
        match message.to_text().ok().and_then(parse)? {
            NodeFrame::Answer(nonce, answer) => self.handle_answer(nonce, answer),
            NodeFrame::Delivered(delivered) => permit.send(Event::Delivered(delivered)),
            NodeFrame::Event(event) => {
                self.cursor = Some(event.cursor.clone());
                permit.send(Event::Channel(event));
            }
            NodeFrame::HistoryGrew(channel) => permit.send(Event::HistoryGrew { channel }),
            NodeFrame::Goodbye(refused, endpoint) => return Some(over(refused, endpoint)),
            NodeFrame::Objection(refused) => permit.send(Event::Objection(refused)),
            NodeFrame::Unknown | NodeFrame::Welcome(_) => {}
        }
        None
    }

    fn handle_answer(&mut self, nonce: u64, answer: Result<Answer, Refused>) {
        // A node that goes away did not do it; the next connection repeats it.
        if matches!(&answer, Err(refused) if refused.code == "shutting_down") {
            return;
        }
        if let Some(under_way) = self.under_way.remove(&nonce) {
            // Whoever asked may have stopped waiting.
            let _ = under_way.reply.send(answer);
        }
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

const GREETING_TIMEOUT: Duration = Duration::from_secs(15);
/// Beats without a word from the node after which the connection counts as dead.
const SILENT_BEATS_MAX: u32 = 6;
const HEARTBEAT_MIN: Duration = Duration::from_millis(100);
const HEARTBEAT_MAX: Duration = Duration::from_secs(60);
/// Longest frame that is read: the longest text, escaped, fits.
const FRAME_BYTES_MAX: usize = 2 * 1024 * 1024;
