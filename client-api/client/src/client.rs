//! The live side of a client: events in, requests out, over whatever happens to the connection. The
//! work is done by a task of its own ([`crate::link`]); this file is what callers hold.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::error::{Refused, RequestError};
use crate::http::Http;
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
}

/// A client. Take events from it all the time: answers come in the same stream, and a full queue
/// holds both back.
#[derive(Debug)]
pub struct Client {
    events: mpsc::Receiver<Event>,
    sender: Sender,
    http: Http,
}

impl Client {
    /// Starts a client for a token's holder; it connects in the background and says so by an event.
    pub fn connect(http: Http, settings: ClientSettings) -> Self {
        let (orders_in, orders) = mpsc::channel(ORDERS_MAX);
        let (events_in, events) = mpsc::channel(EVENTS_MAX);
        let link = Link::new(http.clone(), settings, orders, events_in);
        tokio::spawn(link.run());
        Self { events, sender: Sender { orders: orders_in }, http }
    }

    /// The next event; `None` once the client has ended.
    pub async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }

    /// The next event if one is there.
    pub fn try_next(&mut self) -> Option<Event> {
        self.events.try_recv().ok()
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
        text: impl Into<Arc<str>>,
    ) -> Result<Stored, RequestError> {
        self.start_send(channel, text).await.stored().await
    }

    /// Queues a text; the order of these calls is the order in which the node gets them.
    pub async fn start_send(&self, channel: &str, text: impl Into<Arc<str>>) -> Pending {
        self.start(OrderKind::Send { channel: channel.to_owned(), text: text.into() }).await
    }

    /// Has a command done and waits for the answer.
    pub async fn command(&self, command: Command) -> Result<Done, RequestError> {
        self.start(OrderKind::Command(command)).await.done().await
    }

    async fn start(&self, kind: OrderKind) -> Pending {
        let (reply, answer) = oneshot::channel();
        // When the link has ended the reply is dropped here, and the caller learns it from the
        // answer.
        let _ = self.orders.send(Order { kind, reply }).await;
        Pending { answer }
    }
}

/// A request whose answer is awaited. Dropping it does not take the request back.
#[derive(Debug)]
pub struct Pending {
    answer: oneshot::Receiver<Result<Answer, Refused>>,
}

impl Pending {
    /// Waits until the text is durable at the node.
    pub async fn stored(self) -> Result<Stored, RequestError> {
        match self.answer.await {
            Ok(Ok(Answer::Stored(stored))) => Ok(stored),
            Ok(Err(refused)) => Err(RequestError::Refused(refused)),
            Ok(Ok(Answer::Done(_))) | Err(_) => Err(RequestError::Ended),
        }
    }

    async fn done(self) -> Result<Done, RequestError> {
        match self.answer.await {
            Ok(Ok(Answer::Done(done))) => Ok(done),
            Ok(Err(refused)) => Err(RequestError::Refused(refused)),
            Ok(Ok(Answer::Stored(_))) | Err(_) => Err(RequestError::Ended),
        }
    }
}

/// Events that may wait for their reader; beyond it nothing is read from the socket.
const EVENTS_MAX: usize = 1_024;
/// Requests that may wait for their turn, besides those under way.
const ORDERS_MAX: usize = 64;
