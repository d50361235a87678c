//! An open socket of a device, as presence reaches it: a short list of what is to be shown. It must
//! not grow with a reader that is slow: such a one is shown anew how things are.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use comity_client_api::{Delivery, Presence as Card, Typing};
use comity_machine::DeviceId;
use comity_presence::{Attendance, Shown, Sink};
use tokio::sync::Notify;

use super::{Presences, heartbeat, now};

/// Accounts that wait to be shown; beyond it all are shown anew.
const CARDS_MAX: usize = 1_024;
/// Signs of typing that wait; older ones are forgotten.
const TYPING_MAX: usize = 64;
/// Accounts in one frame.
const FRAME_CARDS_MAX: usize = 100;

/// What waits for a socket. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Queue(Arc<Inner>);

#[derive(Default)]
struct Inner {
    waiting: Mutex<Waiting>,
    changed: Notify,
}

#[derive(Default)]
struct Waiting {
    cards: Vec<Arc<Card>>,
    typing: VecDeque<Arc<Typing>>,
    has_new_pace: bool,
    /// More came than may wait.
    is_behind: bool,
}

impl Sink for Queue {
    type Card = Arc<Card>;

    fn card(shown: &Shown) -> Arc<Card> {
        Arc::new(card(shown))
    }

    fn show(&self, cards: &[Arc<Card>]) {
        let mut waiting = self.lock();
        if waiting.cards.len() + cards.len() > CARDS_MAX {
            waiting.cards = Vec::new();
            waiting.is_behind = true;
        } else if !waiting.is_behind {
            waiting.cards.extend_from_slice(cards);
        }
        drop(waiting);
        self.0.changed.notify_one();
    }

    fn pace(&self, _: u64) {
        self.lock().has_new_pace = true;
        self.0.changed.notify_one();
    }
}

impl Queue {
    pub(super) fn push_typing(&self, typing: &Arc<Typing>) {
        let mut waiting = self.lock();
        if waiting.typing.len() >= TYPING_MAX {
            waiting.typing.pop_front();
        }
        waiting.typing.push_back(Arc::clone(typing));
        drop(waiting);
        self.0.changed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A socket's end of it. Dropped, the socket is lost, which alone nobody sees.
pub struct Socket {
    presences: Presences,
    device: DeviceId,
    attendance: Attendance,
    queue: Queue,
}

impl Socket {
    pub(super) fn new(
        presences: Presences,
        device: DeviceId,
        attendance: Attendance,
        queue: Queue,
    ) -> Self {
        Self { presences, device, attendance, queue }
    }

    /// What is there to be shown now, at most `max` deliveries.
    pub fn take(&self, max: usize) -> Vec<Delivery> {
        let mut waiting = self.queue.lock();
        if std::mem::take(&mut waiting.is_behind) {
            drop(waiting);
            self.presences.machine().show_again(self.device.0, self.attendance);
            waiting = self.queue.lock();
        }
        let mut deliveries = Vec::new();
        if std::mem::take(&mut waiting.has_new_pace) {
            drop(waiting);
            let pace = self.presences.machine().pace();
            deliveries.push(Delivery::Heartbeat(heartbeat(pace)));
            waiting = self.queue.lock();
        }
        while deliveries.len() < max && !waiting.cards.is_empty() {
            let rest = match waiting.cards.len() {
                0..=FRAME_CARDS_MAX => Vec::new(),
                _ => waiting.cards.split_off(FRAME_CARDS_MAX),
            };
            deliveries.push(Delivery::Presence(std::mem::replace(&mut waiting.cards, rest)));
        }
        while deliveries.len() < max
            && let Some(typing) = waiting.typing.pop_front()
        {
            deliveries.push(Delivery::Typing(typing));
        }
        deliveries
    }

    /// Waits until there may be something.
    pub async fn changed(&self) {
        self.queue.0.changed.notified().await;
    }

    /// The client took leave.
    pub fn take_leave(&self) {
        self.presences.with(|machine, _| {
            machine.take_leave(self.device.0, self.attendance, now());
        });
    }

    /// How often the client is to give a sign of life.
    pub fn silence_max(&self) -> Duration {
        self.presences.heartbeat().timeout
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.presences.machine().lose(self.device.0, self.attendance);
    }
}

/// What is shown of an account, as the client API speaks of it.
pub(super) fn card(shown: &Shown) -> Card {
    let Shown { label, state, status, last_active_unix_ms } = shown;
    Card {
        account: label.clone(),
        state: *state,
        status: status.clone(),
        last_active_unix_ms: *last_active_unix_ms,
        encoded: Default::default(),
    }
}
