//! The feed: one mechanism for devices and for peers (`docs/protocol/` section 6).
//!
//! A subscriber has a set of channels and a position. What was applied since comes in the order of
//! pos: from a short queue while it keeps up, from disk when it does not. Nothing is queued for who
//! is not connected, and a slow subscriber costs no more memory than its queue.

mod hub;
mod scan;
mod subscription;
#[cfg(test)]
pub(crate) mod tests;

use std::sync::{Arc, OnceLock};

use comity_machine::Applied;

pub(crate) use hub::NOTICES_MAX;
pub use hub::{Hub, Notice};
pub use scan::{first_waiting, rebuild, visit, waiting};
pub use subscription::{Opened, Subscription, Yield, cursor_at, is_known};

/// What clients see of a record, made once for all devices.
pub type Shown = Arc<comity_client_api::FeedEvent>;

/// A record on its way to subscribers.
#[derive(Debug)]
pub struct Item {
    /// The record.
    pub applied: Applied,
    /// What clients see of it; `None` where they see nothing.
    pub shown: OnceLock<Option<Shown>>,
}

impl Item {
    /// An item that nobody has looked at.
    pub fn new(applied: Applied) -> Arc<Self> {
        Arc::new(Self { applied, shown: OnceLock::new() })
    }
}
