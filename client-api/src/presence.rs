//! The part of the port that is about who is there and who types. Nothing here knows how a node
//! finds that out.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
pub use comity_protocol::presence::PresenceState;

use comity_protocol::id::ChannelId;
use comity_protocol::name::AccountLabel;

use crate::backend::{Caller, Refusal};

/// What is shown of an account, shared by every device that it goes to.
#[derive(Debug)]
pub struct Presence {
    /// The account.
    pub account: AccountLabel,
    /// Whether it is there.
    pub state: PresenceState,
    /// What it says of itself.
    pub status: Option<Arc<str>>,
    /// When it was there last, in Unix milliseconds; where it is offline and that is known.
    pub last_active_unix_ms: Option<u64>,
    /// The encoded entry of a frame, made once by the API for all devices.
    pub encoded: OnceLock<Bytes>,
}

/// Somebody types in a channel, or no longer.
#[derive(Debug)]
pub struct Typing {
    /// The channel.
    pub channel: ChannelId,
    /// Who.
    pub account: AccountLabel,
    /// Whether it does.
    pub is_typing: bool,
    /// The encoded frame, made once by the API for all devices.
    pub encoded: OnceLock<Bytes>,
}

/// What a device says of itself and of its user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PresenceChange {
    /// How the device is: online, away or busy; as before where absent.
    pub state: Option<PresenceState>,
    /// What the user says, on all devices; nothing where it is empty, as before where absent.
    pub status: Option<String>,
}

/// The most accounts that are asked for at once.
pub const ACCOUNTS_ASKED_MAX: usize = 100;

/// A node, as far as presence goes.
pub trait PresenceBackend {
    /// A device says how it is.
    fn set_presence(
        &self,
        caller: &Caller,
        change: PresenceChange,
    ) -> impl Future<Output = Result<(), Refusal>> + Send;

    /// How accounts are, in their order: unknown where the caller may not see one or it does not
    /// exist.
    fn presences(
        &self,
        caller: &Caller,
        accounts: Vec<AccountLabel>,
    ) -> impl Future<Output = Result<Vec<Arc<Presence>>, Refusal>> + Send;

    /// How the members of a channel are, by label.
    fn channel_presences(
        &self,
        caller: &Caller,
        channel: ChannelId,
    ) -> impl Future<Output = Result<Vec<Arc<Presence>>, Refusal>> + Send;

    /// Somebody types on a device, or no longer. What is not to be told is dropped without a word.
    fn set_typing(&self, caller: &Caller, channel: ChannelId, is_typing: bool);
}

/// How often a client is to give a sign of life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// At least this often.
    pub interval: Duration,
    /// Silence for this long means that it is gone.
    pub timeout: Duration,
}
