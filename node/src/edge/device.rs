//! The feed of one device, as the client API sees it.

use std::sync::Arc;
use std::time::Duration;

use comity_client_api::{Beats, Delivery, EventContent, Heartbeat, Line, Subscription};

use super::convert;
use super::measures::Measures;
use super::presence::DevicePresence;
use super::show::show;
use crate::clock;
use crate::feed::{self, Notice, Shown, Yield};
use crate::writer::Shared;

/// The feed of one device.
pub struct DeviceFeed {
    feed: feed::Subscription,
    shared: Arc<Shared>,
    measures: Measures,
    /// Marks that were moved, and settings that were changed, since the cursor that was shown: told
    /// first.
    moved: Vec<Delivery>,
    presence: DevicePresence,
}

impl DeviceFeed {
    /// The feed of a device that is told first of marks that moved while it was away.
    pub(super) fn new(
        feed: feed::Subscription,
        (shared, measures): (Arc<Shared>, Measures),
        moved: Vec<Delivery>,
        presence: DevicePresence,
    ) -> Self {
        Self { feed, shared, measures, moved, presence }
    }

    /// What clients see of a yield; nothing where it holds only what they do not see.
    fn deliveries(&self, found: Yield) -> Vec<Delivery> {
        match found {
            Yield::Ended(code) => vec![Delivery::Goodbye { code, endpoint: None }],
            Yield::Items(items) => {
                let shown: Vec<_> =
                    items.iter().filter_map(|item| show(&self.shared, item)).collect();
                let is_message = |event: &&Shown| matches!(event.content, EventContent::Message(_));
                let messages = shown.iter().filter(is_message).count() as u64;
                self.measures.handed_on(messages, clock::monotonic_ms());
                shown.into_iter().map(Delivery::Event).collect()
            }
            Yield::Notices(notices) => {
                let told = notices.into_iter().filter_map(|notice| delivery(&self.shared, notice));
                told.collect()
            }
        }
    }
}

impl Subscription for DeviceFeed {
    async fn next(&mut self, max: usize) -> Vec<Delivery> {
        if !self.moved.is_empty() {
            return std::mem::take(&mut self.moved);
        }
        loop {
            let shown = self.presence.take(max);
            if !shown.is_empty() {
                return shown;
            }
            let found = tokio::select! {
                biased;
                found = self.feed.next(max) => found,
                () = self.presence.changed() => continue,
            };
            let deliveries = self.deliveries(found);
            if !deliveries.is_empty() {
                return deliveries;
            }
        }
    }

    async fn ready(&mut self, max: usize) -> Vec<Delivery> {
        if !self.moved.is_empty() {
            return std::mem::take(&mut self.moved);
        }
        while let Some(found) = self.feed.try_next(max) {
            let deliveries = self.deliveries(found);
            if !deliveries.is_empty() {
                return deliveries;
            }
        }
        Vec::new()
    }

    fn beat(&self, ahead: Duration) {
        self.presence.beat(ahead);
    }

    fn beats(&self) -> Beats {
        self.presence.beats()
    }

    fn attend(&mut self, line: Option<Line>) -> Option<Heartbeat> {
        self.presence.attend(line)
    }

    fn take_leave(&mut self) {
        self.presence.take_leave();
    }
}

/// Notices, as a device is told them.
pub(super) fn deliveries(shared: &Shared, notices: Vec<Notice>) -> Vec<Delivery> {
    notices.into_iter().filter_map(|notice| delivery(shared, notice)).collect()
}

/// What clients see of a notice; nothing where nobody knows whose it is any more.
fn delivery(shared: &Shared, notice: Notice) -> Option<Delivery> {
    Some(match notice {
        Notice::Delivered { channel, message, organisations, of, is_final } => {
            Delivery::Delivered { channel, message, organisations, of, is_final }
        }
        Notice::HistoryGrew { channel } => Delivery::HistoryGrew { channel },
        Notice::Read { channel, account, message } => {
            let state = shared.state();
            let account = state.label(state.channel(&channel)?.0, &account)?;
            Delivery::Read { channel, account, message }
        }
        Notice::Notifications => Delivery::NotificationsChanged,
        Notice::Profile => Delivery::ProfileChanged,
        Notice::Blocks => Delivery::BlocksChanged,
        Notice::Muted { channel, on } => Delivery::Muted { channel, muted: on },
        Notice::Unread { channel, unread } => {
            Delivery::Unread { channel, unread: convert::unread(unread) }
        }
    })
}
