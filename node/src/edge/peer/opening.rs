//! What a link's end does for a peer at once: it opens the feed that the peer subscribes to.

use comity_machine::Subscriber;
use comity_protocol::cbor::ByteString;
use comity_protocol::cursor::{Cursor, Pos};
use comity_protocol::id::LineageId;

use super::end::LinkEnd;
use super::exchange::Exchange;
use crate::feed::Subscription;

impl LinkEnd {
    pub(super) fn open_feed(&mut self, peer: LineageId, cursor: Option<ByteString>) {
        let cursor = cursor.and_then(|c| Some(Cursor::from_bytes(c.0.as_slice().try_into().ok()?)));
        let Some(cursor) = cursor else { return self.replica.handle_feed_opened(true) };
        let Exchange { hub, shared, .. } = &*self.exchange;
        let subscriber = Subscriber::Peer(peer);
        let opened = Subscription::open(hub, shared, subscriber, None, Some(cursor));
        if !opened.resync {
            self.exchange.acknowledged_anew(peer, cursor.pos);
            self.feed = Some(opened.subscription);
        }
        self.replica.handle_feed_opened(opened.resync);
    }

    pub(super) fn open_feed_at(&mut self, peer: LineageId, from: Pos) {
        let Exchange { hub, shared, .. } = &*self.exchange;
        let subscriber = Subscriber::Peer(peer);
        let opened = Subscription::open_at(hub, shared, subscriber, None, from, false);
        self.feed = Some(opened.subscription);
        // The peer's vector says that it holds all before.
        self.exchange.acknowledged_anew(peer, from);
        self.replica.handle_feed_opened(false);
    }
}
