//! What nodes tell each other of who is there (`docs/protocol/` section 8.9): the entries of
//! presence frames. It must not know who may be told.

use minicbor::{Decode, Encode};

use crate::id::AccountNumber;
use crate::limits::STATUS_CHARS_MAX;
use crate::line::{LineError, check_line};

/// Whether somebody is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum PresenceState {
    /// At a device.
    #[n(0)]
    Online,
    /// Connected, but not looking.
    #[n(1)]
    Away,
    /// Does not want to be disturbed.
    #[n(2)]
    Busy,
    /// On no device.
    #[n(3)]
    Offline,
    /// Nobody knows here, or it is not told.
    #[n(4)]
    Unknown,
}

impl PresenceState {
    /// Its name, as clients see it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Away => "away",
            Self::Busy => "busy",
            Self::Offline => "offline",
            Self::Unknown => "unknown",
        }
    }
}

/// How an account of the speaker's is.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct PresenceEntry {
    /// The account.
    #[n(0)]
    pub account: AccountNumber,
    /// Grows with everything that the speaker's run says of its accounts: of two entries the one
    /// with the higher version counts, whichever came first.
    #[n(1)]
    pub version: u64,
    /// Whether it is there.
    #[n(2)]
    pub state: PresenceState,
    /// When it was there last, in Unix seconds; where it is offline and that is known.
    #[n(3)]
    pub last_active_s: Option<u64>,
    /// What it says of itself.
    #[n(4)]
    pub status: Option<String>,
}

impl PresenceEntry {
    /// What is said of an account that is not there, or not to be seen: both look alike.
    pub const fn unknown(account: AccountNumber, version: u64) -> Self {
        let state = PresenceState::Unknown;
        Self { account, version, state, last_active_s: None, status: None }
    }

    /// The most bytes that its encoding takes.
    pub fn bytes_max(&self) -> usize {
        const INTEGER: usize = 9;
        let status = self.status.as_ref().map_or(1, |status| status.len() + 3);
        1 + 2 * INTEGER + 1 + INTEGER + status
    }

    pub(crate) fn is_bounded(&self) -> bool {
        self.status.as_ref().is_none_or(|status| check_status(status).is_ok())
    }
}

/// Whether a text may be somebody's status.
pub fn check_status(text: &str) -> Result<(), LineError> {
    check_line(text, STATUS_CHARS_MAX)
}
