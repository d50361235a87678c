//! Datagrams on their way, in the order of their arrival: a heap, and a thread's wait for its top.
//! The wait is a futex with a timeout, which is some 60 µs late where the machine is not busy; a
//! runtime's timer counts whole milliseconds.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Datagrams on their way at a time; more are lost, as in any router.
const PARCELS_MAX: usize = 65_536;

/// A datagram on its way.
pub(crate) struct Parcel {
    pub(crate) due: Instant,
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) from: Arc<UdpSocket>,
    /// Where to; to whom the socket is connected, where there is none.
    pub(crate) to: Option<SocketAddr>,
}

impl Parcel {
    pub(crate) fn deliver(&self) {
        // Nobody there, or no room: it is lost.
        let _ = match self.to {
            Some(to) => self.from.send_to(&self.bytes, to),
            None => self.from.send(&self.bytes),
        };
    }
}

#[derive(Default)]
pub(crate) struct Queue {
    inner: Mutex<Inner>,
    sooner: Condvar,
}

#[derive(Default)]
struct Inner {
    heap: BinaryHeap<Queued>,
    /// How many ever came.
    count: u64,
    is_closed: bool,
}

/// Ordered so that the heap's top is due first; of equals the first that came.
struct Queued {
    number: u64,
    parcel: Parcel,
}

impl Queue {
    /// Whether nothing is on its way.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().heap.is_empty()
    }

    /// Puts one on its way; `false` where there is no room.
    pub(crate) fn push(&self, parcel: Parcel) -> bool {
        let mut inner = self.lock();
        if inner.heap.len() >= PARCELS_MAX {
            return false;
        }
        let is_first = inner.heap.peek().is_none_or(|first| parcel.due < first.parcel.due);
        let number = inner.count;
        inner.count += 1;
        inner.heap.push(Queued { number, parcel });
        drop(inner);
        if is_first {
            self.sooner.notify_one();
        }
        true
    }

    /// Waits for what is due next; none once the queue is closed.
    pub(crate) fn next(&self) -> Option<Parcel> {
        let mut inner = self.lock();
        loop {
            if inner.is_closed {
                return None;
            }
            let Some(first) = inner.heap.peek() else {
                inner = self.sooner.wait(inner).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = first.parcel.due.saturating_duration_since(Instant::now());
            if left == Duration::ZERO {
                return inner.heap.pop().map(|queued| queued.parcel);
            }
            let waited = self.sooner.wait_timeout(inner, left);
            (inner, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub(crate) fn close(&self) {
        self.lock().is_closed = true;
        self.sooner.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ord for Queued {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.parcel.due, other.number).cmp(&(self.parcel.due, self.number))
    }
}

impl PartialOrd for Queued {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Queued {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Queued {}
