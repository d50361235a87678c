//! The part of the port that is a live feed: what `Backend::subscribe` gives. Nothing here knows
//! where what it yields comes from.

use std::time::Duration;

use crate::backend::{Cursor, Delivery};
use crate::line::Line;
use crate::presence::Heartbeat;

/// What `subscribe` found.
pub struct Subscribed<S> {
    /// The feed.
    pub subscription: S,
    /// Where it starts.
    pub cursor: Cursor,
    /// The cursor that was shown is not of this store's history: the client lists channels and
    /// history anew.
    pub resync: bool,
}

/// A live feed of one device: a cursor over what is durable, never a queue of its own.
pub trait Subscription: Send + 'static {
    /// Waits until there is something and yields at most `max` deliveries in feed order. Dropping
    /// the future loses nothing.
    fn next(&mut self, max: usize) -> impl Future<Output = Vec<Delivery>> + Send;

    /// Yields what there is already, at most `max` deliveries in feed order; nothing when the feed
    /// has caught up. A node that knows when it has caught up answers at once; this default waits a
    /// moment to find out.
    fn ready(&mut self, max: usize) -> impl Future<Output = Vec<Delivery>> + Send {
        async move { tokio::time::timeout(READY_WAIT, self.next(max)).await.unwrap_or_default() }
    }

    /// The client gave a sign of life; it counts as one until `ahead` from now. Costs next to
    /// nothing.
    fn beat(&self, ahead: Duration) {
        let _ = ahead;
    }

    /// The same for whoever reads from a socket while somebody else waits for what is next.
    fn beats(&self) -> Beats {
        Box::new(|| {})
    }

    /// From now on it yields presence and typing too: it is a socket's. What of it is shown by the
    /// short way, where there is one, is not yielded. Tells how often the client is to give a sign
    /// of life, where that is not as the settings say.
    fn attend(&mut self, line: Option<Line>) -> Option<Heartbeat> {
        let _ = line;
        None
    }

    /// The client took leave, and is not expected back.
    fn take_leave(&mut self) {}
}

/// Takes signs of life, each call one.
pub type Beats = Box<dyn Fn() + Send + Sync>;

/// How long the default [`Subscription::ready`] waits for a backlog.
const READY_WAIT: Duration = Duration::from_millis(50);
