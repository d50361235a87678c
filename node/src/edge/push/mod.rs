//! Push at the node's edge: whoever nobody looks at is told through somebody else. It follows what
//! is added and read, judges by the state whether a device is still to be told when time has come,
//! and shows it what history would show. What is to be told is never kept: it is what is unread
//! beyond what push services took, which is in the state.

mod backend;
mod call;
mod deliver;
mod judge;
mod notes;
mod payload;
mod quiet;
mod seed;
mod task;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use comity_client_api::PushFailing;
use comity_machine::{Applied, ChannelNo, DeviceId};
use comity_protocol::id::AccountNumber;
use tokio::sync::{Notify, Semaphore};

use self::notes::Notes;
use crate::presence::Presences;
use crate::push::{PushKey, Sender};
use crate::writer::Shared;

pub(super) use self::call::answered;
pub use self::task::PushTask;

/// Notifications whose messages are read at a time.
const READ_AT_ONCE: usize = 2;

/// Push, at work. Cheap to clone.
#[derive(Clone)]
pub struct Push(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    presences: Presences,
    sender: Sender,
    key: PushKey,
    notes: Notes,
    /// Wakes the task.
    wake: Notify,
    /// Who reads what is to be told.
    reading: Semaphore,
    /// Devices whose service takes nothing at the moment.
    failing: Mutex<HashMap<DeviceId, PushFailing>>,
}

impl Push {
    /// For a node whose rows `shared` has.
    pub fn new(shared: Arc<Shared>, presences: Presences, sender: Sender, key: PushKey) -> Self {
        let notes = Notes::new(shared.state().subscribed().count());
        Self(Arc::new(Inner {
            shared,
            presences,
            sender,
            key,
            notes,
            wake: Notify::new(),
            reading: Semaphore::new(READ_AT_ONCE),
            failing: Mutex::default(),
        }))
    }

    /// Records were applied, and devices logged out.
    pub fn published(&self, applied: &[Applied], logged_out: &[DeviceId]) {
        if self.0.notes.published(applied, logged_out) {
            self.0.wake.notify_one();
        }
    }

    /// How many records wait to be looked at, and how many may.
    pub(super) fn waiting(&self) -> (usize, usize) {
        self.0.notes.waiting()
    }

    /// An account has read further in a channel on a device, or answered what waited for it there.
    pub(super) fn read(&self, account: AccountNumber, no: ChannelNo, device: DeviceId) {
        if self.0.notes.read(account, no, device) {
            self.0.wake.notify_one();
        }
    }

    /// What an account's devices have subscribed to, or it wants to be told, has changed.
    fn subscribed(&self, account: AccountNumber) {
        self.0.notes.subscribed(account);
        self.0.wake.notify_one();
    }
}
