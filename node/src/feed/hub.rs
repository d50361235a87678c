//! The hub: who is subscribed at the moment, and how far the feed has come.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use comity_machine::{Applied, ChannelNo, DeviceId, Outcome, Subscriber, Unread};
use comity_protocol::code::Code;
use comity_protocol::cursor::Pos;
use comity_protocol::id::{AccountId, ChannelId, LineageId, LogName, MessageId};
use tokio::sync::Notify;

use super::Item;
use crate::writer::Listener;

/// Something that concerns a subscriber but is not of the feed: lost when nobody listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A message of the account was applied by more organisations, or became final.
    Delivered {
        /// The channel.
        channel: ChannelId,
        /// The message.
        message: MessageId,
        /// Organisations that applied it.
        organisations: u32,
        /// Member organisations.
        of: u32,
        /// Whether no control record can take it back any more.
        is_final: bool,
    },
    /// History of a channel came that is older than the feed.
    HistoryGrew {
        /// The channel.
        channel: ChannelId,
    },
    /// Another member has read up to a message.
    Read {
        /// The channel.
        channel: ChannelId,
        /// Who.
        account: AccountId,
        /// The message.
        message: MessageId,
    },
    /// The account's own mark has moved.
    Unread {
        /// The channel.
        channel: ChannelId,
        /// What is unread from now on.
        unread: Unread,
    },
    /// The account has changed whom it blocks.
    Blocks,
    /// The account wants to be told of something else.
    Notifications,
    /// The account shows something else of itself.
    Profile,
    /// The account has muted a channel, or no longer.
    Muted {
        /// The channel.
        channel: ChannelId,
        /// Whether it is muted from now on.
        on: bool,
    },
}

/// Live subscribers. Cheap to clone.
#[derive(Clone, Default)]
pub struct Hub {
    inner: Arc<Mutex<Inner>>,
    unheard: Arc<Notify>,
    governed: Arc<Notify>,
}

#[derive(Default)]
struct Inner {
    subscribers: HashMap<Subscriber, Vec<Weak<Queue>>>,
    /// Everything up to here was published.
    watermark: Pos,
    /// Peers for whom something was published while they had no subscription.
    unheard: BTreeSet<LineageId>,
    /// Groups of which a control record took effect since somebody asked.
    governed: BTreeSet<ChannelNo>,
    /// Why all has ended. Who subscribes after that ends at once.
    ended: Option<Code>,
}

/// Items that wait for one live subscriber. Beyond either bound it is dropped back to reading from
/// disk.
const ITEMS_MAX: usize = 512;
/// Their bytes.
const ITEM_BYTES_MAX: usize = 1 << 20;
/// Notices that wait for one subscriber; older ones are forgotten.
pub(crate) const NOTICES_MAX: usize = 256;

/// The short queue of one subscription.
pub(super) struct Queue {
    pub(super) device: Option<DeviceId>,
    pub(super) inner: Mutex<QueueInner>,
    pub(super) changed: Notify,
}

#[derive(Default)]
pub(super) struct QueueInner {
    /// Whether it takes items; otherwise the subscriber reads from disk.
    pub(super) live: bool,
    pub(super) items: VecDeque<Arc<Item>>,
    bytes: usize,
    pub(super) notices: VecDeque<Notice>,
    pub(super) ended: Option<Code>,
}

impl QueueInner {
    fn push(&mut self, item: &Arc<Item>) {
        if !self.live {
            return;
        }
        let weight = item.applied.weight();
        // A single large item is taken by an empty queue, so that nobody falls back for ever.
        let full = self.items.len() >= ITEMS_MAX || self.bytes + weight > ITEM_BYTES_MAX;
        if full && !self.items.is_empty() {
            self.fall_back();
        } else {
            self.bytes += weight;
            self.items.push_back(Arc::clone(item));
        }
    }

    pub(super) fn fall_back(&mut self) {
        self.live = false;
        self.items = VecDeque::new();
        self.bytes = 0;
    }

    pub(super) fn take(&mut self, max: usize) -> Vec<Arc<Item>> {
        let count = self.items.len().min(max);
        let taken: Vec<Arc<Item>> = self.items.drain(..count).collect();
        self.bytes -= taken.iter().map(|item| item.applied.weight()).sum::<usize>();
        if self.items.is_empty() && self.items.capacity() > ITEMS_KEPT {
            self.items = VecDeque::new();
        }
        taken
    }
}

/// Room that an idle queue may keep.
const ITEMS_KEPT: usize = 8;

impl Queue {
    pub(super) fn lock(&self) -> MutexGuard<'_, QueueInner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hub {
    /// How far the feed has come.
    pub fn watermark(&self) -> Pos {
        self.lock().watermark
    }

    /// Starts at a pos: what a replay applied is not published.
    pub fn start_at(&self, pos: Pos) {
        self.lock().watermark = pos;
    }

    /// Tells a subscriber's live sessions something that is not of the feed.
    pub fn notify(&self, subscriber: Subscriber, notice: Notice) {
        for queue in self.queues(subscriber) {
            let mut inner = queue.lock();
            if inner.notices.len() >= NOTICES_MAX {
                inner.notices.pop_front();
            }
            inner.notices.push_back(notice);
            drop(inner);
            queue.changed.notify_one();
        }
    }

    /// Devices that are subscribed at the moment.
    pub fn devices(&self) -> BTreeSet<DeviceId> {
        let inner = self.lock();
        let live = inner.subscribers.values().flatten().filter_map(Weak::upgrade);
        live.filter_map(|queue| queue.device).collect()
    }

    /// Records that wait in the queues of devices, and of other organisations.
    pub fn waiting(&self) -> (usize, usize) {
        let inner = self.lock();
        let (mut devices, mut peers) = (0, 0);
        for (subscriber, queues) in &inner.subscribers {
            let waiting = queues.iter().filter_map(Weak::upgrade).map(|q| q.lock().items.len());
            match subscriber {
                Subscriber::Account(_) => devices += waiting.sum::<usize>(),
                Subscriber::Peer(_) => peers += waiting.sum::<usize>(),
            }
        }
        (devices, peers)
    }

    /// Ends every subscription, those that are yet to come as well, so that sessions say goodbye.
    pub fn end_all(&self, code: Code) {
        let mut inner = self.lock();
        inner.ended.get_or_insert(code);
        for queue in inner.subscribers.values().flatten().filter_map(Weak::upgrade) {
            end(&queue, code);
        }
    }

    /// Waits until something was published for peers without a subscription, and tells which.
    pub async fn unheard(&self) -> BTreeSet<LineageId> {
        loop {
            let missed = self.take_unheard();
            if !missed.is_empty() {
                return missed;
            }
            self.unheard.notified().await;
        }
    }

    /// Waits until control records took effect, and tells in which groups.
    pub async fn governed(&self) -> BTreeSet<ChannelNo> {
        loop {
            let groups = std::mem::take(&mut self.lock().governed);
            if !groups.is_empty() {
                return groups;
            }
            self.governed.notified().await;
        }
    }

    /// Those peers as of now.
    pub fn take_unheard(&self) -> BTreeSet<LineageId> {
        std::mem::take(&mut self.lock().unheard)
    }

    pub(super) fn add(&self, subscriber: Subscriber, device: Option<DeviceId>) -> Arc<Queue> {
        let mut inner = self.lock();
        let of_queue = QueueInner { ended: inner.ended, ..QueueInner::default() };
        let queue = Queue { device, inner: Mutex::new(of_queue), changed: Notify::new() };
        let queue = Arc::new(queue);
        let queues = inner.subscribers.entry(subscriber).or_default();
        queues.retain(|queue| queue.strong_count() > 0);
        queues.push(Arc::downgrade(&queue));
        queue
    }

    pub(super) fn remove(&self, subscriber: Subscriber, queue: &Arc<Queue>) {
        let mut inner = self.lock();
        if let Some(queues) = inner.subscribers.get_mut(&subscriber) {
            queues.retain(|known| !std::ptr::eq(known.as_ptr(), Arc::as_ptr(queue)));
            if queues.is_empty() {
                inner.subscribers.remove(&subscriber);
            }
        }
    }

    /// Makes a queue live if nothing was published beyond what its subscriber has read.
    pub(super) fn go_live(&self, queue: &Queue, read_to: Pos) -> bool {
        let inner = self.lock();
        let caught_up = inner.watermark <= read_to;
        queue.lock().live |= caught_up;
        caught_up
    }

    fn queues(&self, subscriber: Subscriber) -> Vec<Arc<Queue>> {
        let inner = self.lock();
        let queues = inner.subscribers.get(&subscriber);
        queues.into_iter().flatten().filter_map(Weak::upgrade).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn end(queue: &Queue, code: Code) {
    queue.lock().ended.get_or_insert(code);
    queue.changed.notify_one();
}

impl Listener for Hub {
    fn published(&mut self, applied: Vec<Applied>, logged_out: &[DeviceId]) {
        let mut inner = self.lock();
        let mut woken: Vec<Arc<Queue>> = Vec::new();
        for applied in applied {
            inner.watermark = inner.watermark.max(applied.pos);
            if matches!(applied.log.name, LogName::Control { .. })
                && applied.outcome == Outcome::Accepted
            {
                inner.governed.insert(applied.channel);
            }
            let item = Item::new(applied);
            let audience = item.applied.audience.iter().copied();
            let inbox = item.applied.inbox.iter().copied().map(Subscriber::Account);
            for subscriber in audience.chain(inbox) {
                let Some(queues) = inner.subscribers.get(&subscriber) else {
                    if let Subscriber::Peer(lineage) = subscriber {
                        inner.unheard.insert(lineage);
                    }
                    continue;
                };
                for queue in queues.iter().filter_map(Weak::upgrade) {
                    queue.lock().push(&item);
                    // Consecutive items mostly go to the same few queues; waking twice is harmless.
                    if !woken.iter().rev().take(4).any(|known| Arc::ptr_eq(known, &queue)) {
                        woken.push(queue);
                    }
                }
            }
        }
        if !logged_out.is_empty() {
            for queue in inner.subscribers.values().flatten().filter_map(Weak::upgrade) {
                if queue.device.is_some_and(|device| logged_out.contains(&device)) {
                    end(&queue, Code::TokenInvalid);
                }
            }
        }
        let (missed, is_governed) = (!inner.unheard.is_empty(), !inner.governed.is_empty());
        drop(inner);
        if is_governed {
            self.governed.notify_one();
        }
        if missed {
            self.unheard.notify_one();
        }
        for queue in woken {
            queue.changed.notify_one();
        }
    }
}
