//! An open socket of a device, as presence reaches it: a short list of what is to be shown. It must
//! not grow with a reader that is slow: such a one is shown anew how things are.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use comity_client_api::{Delivery, Line, Presence as Card, Sent, Typing};
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
#[derive(Clone)]
pub(super) struct Queue(Arc<Inner>);

struct Inner {
    waiting: Mutex<Waiting>,
    changed: Notify,
    line: Option<Line>,
    round: Arc<Round>,
}

/// Sockets that are to show something by the short way, while the machine is called by whoever
/// writes to them afterwards. Else the sockets' own tasks are woken.
#[derive(Default)]
pub(super) struct Round(Mutex<Option<Vec<Queue>>>);

/// A round that goes on until its end, or until this is dropped.
pub(super) struct Running<'a>(&'a Round);

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
        if self.0.line.is_none() || !self.0.round.take(self) {
            self.0.changed.notify_one();
        }
    }

    fn pace(&self, _: u64) {
        self.lock().has_new_pace = true;
        self.0.changed.notify_one();
    }
}

impl Round {
    pub(super) fn begin(&self) -> Running<'_> {
        *self.lock() = Some(Vec::new());
        Running(self)
    }

    /// Takes a socket into the round, if there is one.
    fn take(&self, socket: &Queue) -> bool {
        let mut round = self.lock();
        round.as_mut().map(|sockets| sockets.push(socket.clone())).is_some()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<Queue>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running<'_> {
    /// Ends it; the sockets of it.
    pub(super) fn end(self) -> Vec<Queue> {
        self.0.lock().take().unwrap_or_default()
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        *self.0.lock() = None;
    }
}

impl Queue {
    pub(super) fn new(line: Option<Line>, round: &Arc<Round>) -> Self {
        let round = Arc::clone(round);
        Self(Arc::new(Inner { waiting: Mutex::default(), changed: Notify::new(), line, round }))
    }

    /// Shows what waits by the short way, where that is all there is and the socket takes it.
    pub(super) fn show_by_line(&self) {
        // Held over the write: what the socket's task takes meanwhile would overtake this.
        let mut waiting = self.lock();
        let is_short = waiting.cards.len() <= FRAME_CARDS_MAX && !waiting.is_behind;
        let sent = match &self.0.line {
            Some(line) if is_short && !waiting.cards.is_empty() => line.show(&waiting.cards),
            _ => Sent::Not,
        };
        if sent != Sent::Not {
            waiting.cards.clear();
        }
        let is_left = !waiting.cards.is_empty() || waiting.is_behind;
        drop(waiting);
        if is_left || sent == Sent::Begun {
            self.0.changed.notify_one();
        }
    }

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
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.presences.with(|machine, _| machine.lose(self.device.0, self.attendance, now()));
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
