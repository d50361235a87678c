//! The part of the port that is about what devices are told while nobody looks at them. Nothing
//! here knows who carries it there.

use comity_protocol::id::ChannelId;

use crate::backend::{Caller, Refusal};

/// Who takes what a device is told.
#[derive(Clone, PartialEq, Eq)]
pub enum PushTarget {
    /// A push service (RFC 8030).
    WebPush {
        /// Where.
        endpoint: String,
        /// The device's public key (RFC 8291).
        key: Vec<u8>,
        /// Its authentication secret.
        secret: Vec<u8>,
    },
    /// A gateway to a vendor's service.
    Gateway {
        /// Where.
        url: String,
        /// The app, as the gateway knows it.
        app_id: String,
        /// The device, as the vendor's service knows it.
        pushkey: String,
    },
}

/// That a device is told, as it sees it.
#[derive(Clone)]
pub struct PushSubscription {
    /// Who takes it.
    pub target: PushTarget,
    /// Whether texts and names go along.
    pub content: bool,
    /// Since when nothing is taken, and why, where that is so.
    pub failing: Option<PushFailing>,
}

/// Why what a device is to be told waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushFailing {
    /// Since when, in Unix milliseconds.
    pub since_unix_ms: u64,
    /// Why, in a sentence.
    pub why: String,
}

/// What a device needs to know to subscribe, and whether it has.
#[derive(Clone)]
pub struct PushState {
    /// The node's key, as push services want it (RFC 8292).
    pub vapid_key: String,
    /// What it has subscribed to.
    pub subscription: Option<PushSubscription>,
}

/// Of which messages an account's devices are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotificationLevel {
    /// Of all.
    All,
    /// Of those that mention it, and of all in direct channels.
    Mentions,
    /// Of none.
    Nothing,
}

/// Hours of the day in which nothing is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuietHours {
    /// Since when, in minutes of the day.
    pub from: u16,
    /// Until when; of the next day where it is not later.
    pub until: u16,
    /// The time zone's name in the IANA database.
    pub zone: String,
}

/// What an account wants to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notifications {
    /// Of channels of which it says nothing else.
    pub level: NotificationLevel,
    /// When nothing.
    pub quiet: Option<QuietHours>,
    /// For how many seconds after it was active on a device that is there the others stay silent.
    pub idle_seconds: u32,
}

/// The longest that the others may stay silent, in seconds.
pub const IDLE_SECONDS_MAX: u32 = 24 * 60 * 60;

/// A node, as far as push goes.
pub trait PushBackend {
    /// What the caller's device needs to subscribe, and whether it has.
    fn push_state(&self, caller: &Caller) -> Result<PushState, Refusal>;

    /// Has the caller's device told by somebody.
    fn subscribe_push(
        &self,
        caller: &Caller,
        target: PushTarget,
        content: bool,
    ) -> impl Future<Output = Result<(), Refusal>> + Send;

    /// Has it told no longer.
    fn unsubscribe_push(&self, caller: &Caller)
    -> impl Future<Output = Result<(), Refusal>> + Send;

    /// What the caller wants to be told.
    fn notifications(&self, caller: &Caller) -> Notifications;

    /// Changes it.
    fn set_notifications(
        &self,
        caller: &Caller,
        notifications: Notifications,
    ) -> impl Future<Output = Result<(), Refusal>> + Send;

    /// Changes it for one channel; as for all others where absent.
    fn set_channel_level(
        &self,
        caller: &Caller,
        channel: ChannelId,
        level: Option<NotificationLevel>,
    ) -> impl Future<Output = Result<(), Refusal>> + Send;
}
