//! The values that go in and out: what is shown of an account, and what must be known of it.

use std::sync::Arc;

use comity_protocol::id::{AccountId, AccountNumber, LineageId};
use comity_protocol::name::AccountLabel;
use comity_protocol::presence::PresenceState;

/// The clocks, as whoever calls reads them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds of a clock that never goes back.
    pub ms: u64,
    /// The wall clock in Unix milliseconds.
    pub unix_ms: u64,
}

/// What a device says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Somebody looks at it.
    Online,
    /// Nobody does.
    Away,
    /// Nobody is to disturb.
    Busy,
}

/// What is shown of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// How people write it.
    pub label: AccountLabel,
    /// Whether it is there.
    pub state: PresenceState,
    /// What it says of itself.
    pub status: Option<Arc<str>>,
    /// When it was there last, in Unix milliseconds; where it is offline and that is known.
    pub last_active_unix_ms: Option<u64>,
}

impl Shown {
    /// What is shown of an account that is not there or not to be seen.
    pub fn unknown(label: AccountLabel) -> Self {
        Self { label, state: PresenceState::Unknown, status: None, last_active_unix_ms: None }
    }
}

/// What is kept of an account elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// How people write it.
    pub label: AccountLabel,
    /// Of an account of ours: what it says of itself.
    pub status: Option<Arc<str>>,
    /// Of an account of ours: when it was there last, in Unix milliseconds.
    pub last_active_unix_ms: Option<u64>,
}

/// Who is who, and who may see whom. Asked when something may have changed, never for each beat or
/// each change of somebody's state.
pub trait Relations {
    /// What is kept of an account, as one of ours knows it; `None` where it does not.
    fn person(&self, account: AccountId, by: AccountNumber) -> Option<Person>;

    /// Whom an account of ours watches: those that it may see and is to be told of.
    fn watched_by(&self, account: AccountNumber) -> Vec<AccountId>;

    /// Whether somebody of an organisation may watch an account of ours.
    fn may_lease(&self, account: AccountNumber, peer: LineageId) -> bool;
}
