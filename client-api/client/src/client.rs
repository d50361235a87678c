//! The live side of a client: events in, requests out, over whatever happens to the connection. The
//! work is done by a task of its own ([`crate::link`]); this file is what callers hold.

use std::time::Duration;

use serde::Deserialize;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::error::{QueueError, Refused, RequestError};
use crate::extra::{Draft, Sign};
use crate::http::Http;
use crate::keep::Keep;
use crate::link::{Link, Order, OrderKind};
use crate::shape::{Answer, ChannelEvent, Command, Delivered, Done, Stored};

/// How a client begins.
#[derive(Clone, Debug, Default)]
pub struct ClientSettings {
    /// Where the feed is resumed; from now where absent.
    pub cursor: Option<String>,
    /// The first nonce; the current time in microseconds where absent, which is above all nonces
    /// that this device used before.
    pub first_nonce: Option<u64>,
    /// How often a request is repeated that the node did not do for the moment, as when it is
    /// overloaded. With 0, the default, whoever asked is told at once.
    pub retries: u32,
}

impl ClientSettings {
    /// For who would rather wait than decide: such a request is repeated for a quarter of an hour,
    /// and longer where the node asks for it.
    pub fn patient() -> Self {
        Self { retries: RETRIES_PATIENT, ..Self::default() }
    }
}

/// What a client sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Something happened in a channel.
    Channel(ChannelEvent),
    /// The socket is up. With `resync` the feed has a gap: list channels and history anew.
    Connected {
        /// The account, as `name@domain`.
        account: String,
        /// The device.
        device: String,
        /// Where the feed starts.
        cursor: String,
        /// Whether the cursor shown was of another history.
        resync: bool,
    },
    /// A message reached more organisations.
    Delivered(Delivered),
    /// The socket is down; it is tried again by itself.
    Disconnected {
        /// Why, for a person to read.
        reason: String,
        /// When it is tried again.
        wait: Duration,
    },
    /// The node does not take this client any more, the token's end mostly. Nothing comes after it.
    Ended(Refused),
    /// Older history of a channel came to the node: pages that were short have more now.
    HistoryGrew {
        /// The channel.
        channel: String,
    },
    /// The node objected to a frame of no request in particular.
    Objection(Refused),
    /// What became of a request that an earlier process left in the [`Keep`].
    Settled(Earlier),
    /// Something about people or markers, which is no history.
    Sign(Sign),
}

impl Event {
    /// Where the feed stands once it is done with.
    fn cursor(&self) -> Option<&str> {
        match self {
            Self::Channel(event) => Some(&event.cursor),
            Self::Connected { cursor, .. } => Some(cursor),
            _ => None,
        }
    }
}

/// A request of an earlier process, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earlier {
    /// The channel, where it was about one.
    pub channel: Option<String>,
    /// The text, where it was one.
    pub text: Option<String>,
    /// The message's id, where it is one and was stored; or why it was refused.
    pub outcome: Result<Option<String>, Refused>,
}

impl Earlier {
    pub(crate) fn new(frame: &str, answer: Result<Answer, Refused>) -> Self {
        #[derive(Default, Deserialize)]
        struct Shape {
            channel: Option<String>,
            text: Option<String>,
        }
        let Shape { channel, text } = serde_json::from_str(frame).unwrap_or_default();
        let outcome = answer.map(|answer| match answer {
            Answer::Done(_) => None,
            Answer::Stored(stored) => Some(stored.id),
        });
        Self { channel, text, outcome }
    }
}

/// A client. Take events from it all the time: answers come in the same stream, and a full queue
/// holds both back.
#[derive(Debug)]
pub struct Client {
    events: mpsc::Receiver<Event>,
    sender: Sender,
    http: Http,
    link: JoinHandle<()>,
    /// Up to where the holder is done, where that is kept.
    finished: Option<watch::Sender<Option<String>>>,
    handed: Option<String>,
}

impl Client {
    /// Starts a client for a token's holder; it connects in the background and says so by an event.
    pub fn connect(http: Http, settings: ClientSettings) -> Self {
        Self::start(http, settings, None)
    }

    /// The same, with what must outlive the process in a file: texts are on disk before they count
    /// as queued, and those that an earlier process left there are sent first. The cursor is noted
    /// when the next event is taken, so that an event whose handling was cut off comes once more.
    pub fn connect_kept(http: Http, settings: ClientSettings, keep: Keep) -> Self {
        Self::start(http, settings, Some(keep))
    }

    fn start(http: Http, settings: ClientSettings, keep: Option<Keep>) -> Self {
        let (orders_in, orders) = mpsc::channel(ORDERS_MAX);
        let (events_in, events) = mpsc::channel(EVENTS_MAX);
        let (finished_in, finished) = watch::channel(None);
        let (kept, finished) = match keep {
            Some(keep) => (Some((keep, finished)), Some(finished_in)),
            None => (None, None),
        };
        let link = Link::new(http.clone(), settings, kept, orders, events_in);
        let link = tokio::spawn(link.run());
        let sender = Sender { orders: orders_in };
        Self { events, sender, http, link, finished, handed: None }
    }

    /// The next event; `None` once the client has ended.
    pub async fn next(&mut self) -> Option<Event> {
        self.note_finished();
        let event = self.events.recv().await?;
        self.note_handed(&event);
        Some(event)
    }

    /// The next event if one is there.
    pub fn try_next(&mut self) -> Option<Event> {
        self.note_finished();
        let event = self.events.try_recv().ok()?;
        self.note_handed(&event);
        Some(event)
    }

    /// The next channel event, other ones passed over.
    pub async fn next_channel_event(&mut self) -> Option<ChannelEvent> {
        loop {
            if let Event::Channel(event) = self.next().await? {
                return Some(event);
            }
        }
    }

    /// The sending side, to be cloned into other tasks.
    pub fn sender(&self) -> Sender {
        self.sender.clone()
    }

    /// The HTTP side, with the same token.
    pub fn http(&self) -> &Http {
        &self.http
    }

    /// Ends the client, with all events that were taken done, and returns when its file is closed.
    pub async fn close(mut self) {
        self.note_finished();
        drop(self.events);
        drop(self.sender);
        // It only ever ends by itself.
        let _ = self.link.await;
    }

    fn note_finished(&mut self) {
        if let (Some(finished), Some(cursor)) = (&self.finished, self.handed.take()) {
            finished.send_replace(Some(cursor));
        }
    }

    fn note_handed(&mut self, event: &Event) {
        if self.finished.is_some()
            && let Some(cursor) = event.cursor()
        {
            self.handed = Some(cursor.to_owned());
        }
    }
}

/// The sending side of a client. It ends when the client is dropped.
#[derive(Clone, Debug)]
pub struct Sender {
    orders: mpsc::Sender<Order>,
}

impl Sender {
    /// Sends a text and waits until it is durable at the node, over any number of reconnections.
    pub async fn send(
        &self,
        channel: &str,
        draft: impl Into<Draft>,
    ) -> Result<Stored, RequestError> {
        self.start_send(channel, draft).await.stored().await
    }

    /// Queues a text; the order of these calls is the order in which the node gets them. Waits
    /// where [`OUTBOX_MAX`](crate::OUTBOX_MAX) are queued.
    pub async fn start_send(&self, channel: &str, draft: impl Into<Draft>) -> Pending {
        self.start(text(channel, draft.into(), None)).await
    }

    /// Queues an answer to an event in its channel. With a [`Keep`] the two go to disk as one:
    /// either the answer is queued and the event done with, or the event comes once more.
    pub async fn start_answer(&self, event: &ChannelEvent, draft: impl Into<Draft>) -> Pending {
        self.start(text(&event.channel, draft.into(), Some(event.cursor.clone()))).await
    }

    /// Queues a text where there is room at once.
    pub fn try_start_send(
        &self,
        channel: &str,
        draft: impl Into<Draft>,
    ) -> Result<Pending, QueueError> {
        let (order, pending) = request(text(channel, draft.into(), None));
        match self.orders.try_send(order) {
            Ok(()) => Ok(pending),
            Err(mpsc::error::TrySendError::Full(_)) => Err(QueueError::Full),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(QueueError::Ended),
        }
    }

    /// Has a command done and waits for the answer.
    pub async fn command(&self, command: Command) -> Result<Done, RequestError> {
        self.start(OrderKind::Command(command)).await.done().await
    }

    /// Tells the others in a channel that somebody writes just now; may get lost.
    pub fn typing(&self, channel: &str) {
        let _ = self.orders.try_send(Order::Typing { channel: channel.to_owned() });
    }

    async fn start(&self, kind: OrderKind) -> Pending {
        let (order, pending) = request(kind);
        // When the link has ended the reply is dropped here, and the caller learns it from the
        // answer.
        let _ = self.orders.send(order).await;
        pending
    }
}

fn text(channel: &str, draft: Draft, cursor: Option<String>) -> OrderKind {
    OrderKind::Send { channel: channel.to_owned(), draft, cursor }
}

fn request(kind: OrderKind) -> (Order, Pending) {
    let (reply, answer) = oneshot::channel();
    let (queued_in, queued) = oneshot::channel();
    (Order::Request { kind, reply, queued: queued_in }, Pending { answer, queued })
}

/// A request whose answer is awaited. Dropping it does not take the request back.
#[derive(Debug)]
pub struct Pending {
    answer: oneshot::Receiver<Result<Answer, RequestError>>,
    queued: oneshot::Receiver<()>,
}

impl Pending {
    /// Waits until the text is in the outbox; with a [`Keep`], until it is on disk. Where it is
    /// not, the answer says why.
    pub async fn queued(&mut self) -> Result<(), RequestError> {
        if (&mut self.queued).await.is_ok() {
            return Ok(());
        }
        match self.answer.try_recv() {
            Ok(Err(error)) => Err(error),
            Ok(Ok(_)) | Err(_) => Err(RequestError::Ended),
        }
    }

    /// Waits until the text is durable at the node.
    pub async fn stored(self) -> Result<Stored, RequestError> {
        match self.answer.await.map_err(|_| RequestError::Ended)?? {
            Answer::Stored(stored) => Ok(stored),
            Answer::Done(_) => Err(RequestError::Ended),
        }
    }

    async fn done(self) -> Result<Done, RequestError> {
        match self.answer.await.map_err(|_| RequestError::Ended)?? {
            Answer::Done(done) => Ok(done),
            Answer::Stored(_) => Err(RequestError::Ended),
        }
    }
}

/// Events that may wait for their reader; beyond it nothing is read from the socket.
const EVENTS_MAX: usize = 1_024;
/// Requests that may wait for their turn, besides those under way.
const ORDERS_MAX: usize = 64;
/// Waits grow to 30 s, so that these make a quarter of an hour.
const RETRIES_PATIENT: u32 = 40;
