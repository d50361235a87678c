//! Which records are in order: after all records in order before them also in their channel's own
//! order. Those of our own logs are; what a peer was late to send is not, and is found by a row of
//! its own. Only how rows lie hangs on it, nothing that anybody decides.

use std::collections::HashMap;
use std::ops::ControlFlow;

use comity_machine::{Applied, ChannelNo};
use comity_protocol::id::MessageId;

use super::keys;
use crate::store::{Direction, ReadError, Span, Store, Table};

/// The newest id in order of each channel that this run has added to.
#[derive(Debug, Default)]
pub(super) struct Order(HashMap<ChannelNo, MessageId>);

impl Order {
    /// Whether a record, the next one of its channel, is in order.
    pub(super) fn takes(&mut self, applied: &Applied, store: &Store) -> bool {
        if !applied.is_listed() {
            return false;
        }
        let newest = match self.0.get_mut(&applied.channel) {
            Some(newest) => newest,
            None => match newest_stored(store, applied.channel) {
                Ok(newest) => self.0.entry(applied.channel).or_insert(newest),
                // The store is closed for a moment. A row of its own is right for any record.
                Err(_) => return false,
            },
        };
        let is_next = applied.id > *newest;
        if is_next {
            *newest = applied.id;
        }
        is_next
    }
}

/// The newest id in order that the store holds of a channel: this run has added none yet.
fn newest_stored(store: &Store, channel: ChannelNo) -> Result<MessageId, ReadError> {
    let mut newest = MessageId([0; 16]);
    let span = Span::prefix(&channel.0.to_be_bytes());
    store.snapshot()?.range(Table::Run, &span, Direction::Descending, &mut |_, value| {
        // Nothing is after what cannot be read.
        newest = keys::parse_run_value(value).map_or(MessageId([0xff; 16]), |(_, last)| last);
        ControlFlow::Break(())
    })?;
    Ok(newest)
}
