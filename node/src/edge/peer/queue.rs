//! A bounded queue from one task to another. An empty one holds no memory but its own few words:
//! each link has several, most of which are empty most of the time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use crate::edge::lock;

/// A queue in which at most `most` things wait. It is closed once either end is dropped; what waits
/// then can still be taken.
pub(super) fn queue<T>(most: usize) -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Shared {
        most,
        waiting: Mutex::new(Waiting { items: VecDeque::new(), is_closed: false }),
        filled: Notify::new(),
        drained: Notify::new(),
    });
    (Sender(Arc::clone(&shared)), Receiver(shared))
}

/// The end that puts in.
pub(super) struct Sender<T>(Arc<Shared<T>>);

/// The end that takes out.
pub(super) struct Receiver<T>(Arc<Shared<T>>);

struct Shared<T> {
    most: usize,
    waiting: Mutex<Waiting<T>>,
    /// Wakes who takes out.
    filled: Notify,
    /// Wakes who puts in.
    drained: Notify,
}

struct Waiting<T> {
    items: VecDeque<T>,
    is_closed: bool,
}

impl<T> Sender<T> {
    /// Puts something in; gives it back where the queue is full or closed.
    pub(super) fn try_send(&self, item: T) -> Result<(), T> {
        let mut waiting = lock(&self.0.waiting);
        if waiting.is_closed || waiting.items.len() >= self.0.most {
            return Err(item);
        }
        waiting.items.push_back(item);
        drop(waiting);
        self.0.filled.notify_one();
        Ok(())
    }

    /// Whether one more fits.
    pub(super) fn has_room(&self) -> bool {
        lock(&self.0.waiting).items.len() < self.0.most
    }

    /// Waits until one more fits; `false` where nobody takes out any more.
    pub(super) async fn room(&self) -> bool {
        loop {
            {
                let waiting = lock(&self.0.waiting);
                if waiting.is_closed || waiting.items.len() < self.0.most {
                    return !waiting.is_closed;
                }
            }
            self.0.drained.notified().await;
        }
    }
}

impl<T> Receiver<T> {
    /// Takes out the first, once there is one; `None` once the queue is closed and empty. Dropping
    /// the future loses nothing.
    pub(super) async fn recv(&mut self) -> Option<T> {
        self.wait().await;
        let mut first = None;
        self.take(|items| first = items.pop_front());
        first
    }

    /// Takes out what is there, once there is something, but no more than `most`: how much that is.
    /// Nothing once the queue is closed and empty.
    pub(super) async fn recv_many(&mut self, taken: &mut Vec<T>, most: usize) -> usize {
        self.wait().await;
        let before = taken.len();
        self.take(|items| taken.extend(items.drain(..items.len().min(most))));
        taken.len() - before
    }

    /// Waits until there is something, or never will be.
    async fn wait(&self) {
        loop {
            {
                let waiting = lock(&self.0.waiting);
                if waiting.is_closed || !waiting.items.is_empty() {
                    return;
                }
            }
            self.0.filled.notified().await;
        }
    }

    fn take(&self, take: impl FnOnce(&mut VecDeque<T>)) {
        let mut waiting = lock(&self.0.waiting);
        let was_full = waiting.items.len() >= self.0.most;
        take(&mut waiting.items);
        if waiting.items.is_empty() {
            waiting.items = VecDeque::new();
        }
        drop(waiting);
        if was_full {
            self.0.drained.notify_one();
        }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        lock(&self.0.waiting).is_closed = true;
        self.0.filled.notify_one();
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut waiting = lock(&self.0.waiting);
        waiting.is_closed = true;
        // Whoever waits for an answer to something in it is told so now.
        let dropped = std::mem::take(&mut waiting.items);
        drop(waiting);
        drop(dropped);
        self.0.drained.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn what_is_put_in_comes_out_in_order() {
        let (send, mut receive) = queue(3);
        assert_eq!([1, 2, 3, 4].map(|item| send.try_send(item)), [Ok(()), Ok(()), Ok(()), Err(4)]);
        assert!(!send.has_room());
        assert_eq!(receive.recv().now_or_never(), Some(Some(1)));
        assert!(send.has_room());
        let mut taken = vec![0];
        assert_eq!(receive.recv_many(&mut taken, 5).now_or_never(), Some(2));
        assert_eq!(taken, [0, 2, 3]);
        assert_eq!(receive.recv().now_or_never(), None);
    }

    #[test]
    fn no_more_is_taken_than_is_wanted() {
        let (send, mut receive) = queue(3);
        assert_eq!([1, 2, 3].map(|item| send.try_send(item)), [Ok(()); 3]);
        let mut taken = Vec::new();
        assert_eq!(receive.recv_many(&mut taken, 2).now_or_never(), Some(2));
        assert_eq!(receive.recv_many(&mut taken, 2).now_or_never(), Some(1));
        assert_eq!(taken, [1, 2, 3]);
    }

    #[test]
    fn an_empty_queue_holds_no_room_for_anything() {
        let (send, mut receive) = queue(64);
        let held = || lock(&send.0.waiting).items.capacity();
        assert_eq!(held(), 0);
        for round in 0..2 {
            assert_eq!((0..64).map(|item| send.try_send(item)).find(Result::is_err), None);
            assert!(held() >= 64);
            if round == 0 {
                assert_eq!(receive.recv_many(&mut Vec::new(), 64).now_or_never(), Some(64));
            } else {
                (0..64).for_each(|item| {
                    assert_eq!(receive.recv().now_or_never(), Some(Some(item)));
                });
            }
            assert_eq!(held(), 0);
        }
    }

    #[tokio::test]
    async fn who_waits_is_woken() {
        let (send, mut receive) = queue(1);
        let taking = tokio::spawn(async move { (receive.recv().await, receive) });
        tokio::task::yield_now().await;
        assert_eq!(send.try_send('a'), Ok(()));
        let (taken, mut receive) = taking.await.unwrap();
        assert_eq!(taken, Some('a'));
        assert_eq!(send.try_send('b'), Ok(()));
        let putting = tokio::spawn(async move { (send.room().await, send) });
        tokio::task::yield_now().await;
        assert_eq!(receive.recv().await, Some('b'));
        let (is_open, send) = putting.await.unwrap();
        assert!(is_open && send.has_room());
    }

    #[test]
    fn who_stops_waiting_loses_nothing() {
        let (send, mut receive) = queue(1);
        {
            let mut taking = pin!(receive.recv());
            let mut context = Context::from_waker(Waker::noop());
            assert_eq!(taking.as_mut().poll(&mut context), Poll::Pending);
            assert_eq!(send.try_send('a'), Ok(()));
        }
        assert_eq!(receive.recv().now_or_never(), Some(Some('a')));
    }

    #[tokio::test]
    async fn a_queue_is_over_with_either_end() {
        let (send, mut receive) = queue(2);
        assert_eq!([1, 2].map(|item| send.try_send(item)), [Ok(()); 2]);
        drop(send);
        assert_eq!((receive.recv().await, receive.recv().await), (Some(1), Some(2)));
        assert_eq!((receive.recv().await, receive.recv_many(&mut vec![], 2).await), (None, 0));

        let (send, receive) = queue(1);
        let waiting = Arc::new(());
        assert_eq!(send.try_send(Arc::clone(&waiting)), Ok(()));
        let putting = tokio::spawn(async move { (send.room().await, send) });
        tokio::task::yield_now().await;
        drop(receive);
        assert_eq!(Arc::strong_count(&waiting), 1, "what nobody will take is gone");
        let (is_open, send) = putting.await.unwrap();
        assert!(!is_open);
        assert_eq!(send.try_send(waiting), Err(Arc::new(())));

        let (send, mut receive) = queue::<()>(1);
        let taking = tokio::spawn(async move { receive.recv().await });
        tokio::task::yield_now().await;
        drop(send);
        assert_eq!(taking.await.unwrap(), None);
    }
}
