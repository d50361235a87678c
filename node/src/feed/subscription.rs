//! A subscription: one subscriber's place in the feed.

use std::sync::Arc;

use comity_machine::{DeviceId, State, Subscriber};
use comity_protocol::code::Code;
use comity_protocol::cursor::{Cursor, Pos};

use super::hub::{Hub, Notice, Queue};
use super::{Item, scan};
use crate::writer::Shared;

/// A place in the feed, and what is needed to go on from it.
pub struct Subscription {
    hub: Hub,
    shared: Arc<Shared>,
    subscriber: Subscriber,
    queue: Arc<Queue>,
    /// Everything up to here was yielded, or is not for this subscriber.
    read_to: Pos,
}

/// A subscription with what its opening found.
pub struct Opened {
    /// The subscription.
    pub subscription: Subscription,
    /// Where it starts.
    pub cursor: Cursor,
    /// The cursor shown was not understood: the subscription starts at the present.
    pub resync: bool,
}

/// What a subscription yields.
#[derive(Debug)]
pub enum Yield {
    /// The node ends the subscription.
    Ended(Code),
    /// Records in the order of pos.
    Items(Vec<Arc<Item>>),
    /// Something that is not of the feed.
    Notices(Vec<Notice>),
}

impl Subscription {
    /// Follows the feed from a cursor, or from now.
    pub fn open(
        hub: &Hub,
        shared: &Arc<Shared>,
        subscriber: Subscriber,
        device: Option<DeviceId>,
        cursor: Option<Cursor>,
    ) -> Opened {
        let watermark = hub.watermark();
        let known = cursor.map(|cursor| is_known(&shared.state(), cursor, watermark));
        let read_to = match (cursor, known) {
            (Some(cursor), Some(true)) => cursor.pos,
            _ => watermark,
        };
        Self::open_at(hub, shared, subscriber, device, read_to, known == Some(false))
    }

    /// Follows the feed from a pos.
    pub fn open_at(
        hub: &Hub,
        shared: &Arc<Shared>,
        subscriber: Subscriber,
        device: Option<DeviceId>,
        read_to: Pos,
        resync: bool,
    ) -> Opened {
        let queue = hub.add(subscriber, device);
        let subscription =
            Self { hub: hub.clone(), shared: Arc::clone(shared), subscriber, queue, read_to };
        Opened { cursor: cursor_at(&shared.state(), read_to), subscription, resync }
    }

    /// Waits for something and yields at most `max` records. Dropping the future loses nothing.
    pub async fn next(&mut self, max: usize) -> Yield {
        loop {
            if let Some(found) = self.poll_queue(max) {
                return found;
            }
            if !self.queue.lock().live {
                match self.catch_up(max) {
                    Some(found) => return found,
                    None => continue,
                }
            }
            self.queue.changed.notified().await;
        }
    }

    /// What is there now; `None` where it has caught up.
    pub fn try_next(&mut self, max: usize) -> Option<Yield> {
        loop {
            if let Some(found) = self.poll_queue(max) {
                return Some(found);
            }
            if self.queue.lock().live {
                return None;
            }
            if let Some(found) = self.catch_up(max) {
                return Some(found);
            }
        }
    }

    fn poll_queue(&mut self, max: usize) -> Option<Yield> {
        let mut inner = self.queue.lock();
        if let Some(code) = inner.ended {
            return Some(Yield::Ended(code));
        }
        if inner.live && !inner.items.is_empty() {
            let items = inner.take(max);
            drop(inner);
            self.advance(&items);
            return Some(Yield::Items(items));
        }
        if !inner.notices.is_empty() && inner.live {
            return Some(Yield::Notices(inner.notices.drain(..).collect()));
        }
        None
    }

    /// Reads from disk; goes live at the end of the feed.
    fn catch_up(&mut self, max: usize) -> Option<Yield> {
        let watermark = self.hub.watermark();
        if watermark > self.read_to {
            let span = (self.read_to, watermark);
            match scan::page(&self.shared, self.subscriber, span, max) {
                Ok(page) => {
                    // Where the page ends, nothing up to the watermark is left for this subscriber.
                    self.read_to = page.reached.unwrap_or(watermark);
                    self.advance(&page.items);
                    if !page.items.is_empty() {
                        return Some(Yield::Items(page.items));
                    }
                    if page.reached.is_some() {
                        return None;
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "the feed cannot be read from disk");
                    return Some(Yield::Ended(Code::Internal));
                }
            }
        }
        self.hub.go_live(&self.queue, self.read_to);
        None
    }

    fn advance(&mut self, items: &[Arc<Item>]) {
        if let Some(last) = items.last() {
            self.read_to = self.read_to.max(last.applied.pos);
        }
    }

    /// The cursor of everything yielded so far.
    pub fn cursor(&self) -> Cursor {
        cursor_at(&self.shared.state(), self.read_to)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.hub.remove(self.subscriber, &self.queue);
    }
}

/// A cursor at a pos, as given in the run that gave the pos.
pub fn cursor_at(state: &State, pos: Pos) -> Cursor {
    let Some(identity) = &state.identity else { return Cursor { store: 0, start: 0, pos } };
    let run = identity.starts.iter().rev().find(|start| start.command <= pos.command());
    Cursor { store: identity.store, start: run.map_or(0, |run| run.start), pos }
}

/// Whether a cursor is of this store's history: of a known run, and within what that run gave.
pub fn is_known(state: &State, cursor: Cursor, watermark: Pos) -> bool {
    let Some(identity) = &state.identity else { return false };
    let starts = &identity.starts;
    let Some(at) = starts.iter().position(|start| start.start == cursor.start) else {
        // A pos from before the oldest run that is kept cannot be judged.
        return cursor.store == identity.store && cursor.start == 0 && cursor.pos == Pos(0);
    };
    let ends = starts.get(at + 1).map_or(watermark, |next| Pos::new(next.command, 0));
    cursor.store == identity.store
        && cursor.pos.command() >= starts[at].command
        && cursor.pos <= ends
}
