//! The thread that takes sealed batches to disk, behind the writer's back.
//!
//! It commits what is queued in few large transactions, oldest first, and tells how far the store
//! has come, so that overlay and journal can let go. Senders never wait for it; when its queue is
//! full the writer keeps its batches, and the bound of the overlay slows the senders.
//!
//! A full disk is tried again, with back-off, up to a named number of times: nothing is lost, for
//! the journal and the overlay hold what the store does not. Any other failed commit is final:
//! reported by name, and never tried again.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::{Batch, CommitError, Store};

/// How the flusher behaves.
#[derive(Clone, Copy, Debug)]
pub struct FlusherSettings {
    /// How many batches may wait. The overlay holds their bytes, and bounds them.
    pub batches_max: usize,
    /// How long to wait after the first try on a full disk; doubled for each further one.
    pub retry_min: Duration,
    /// The longest wait between two tries.
    pub retry_max: Duration,
    /// How often one commit is tried again before the full disk counts as a failure.
    pub retries_max: u32,
}

impl Default for FlusherSettings {
    /// An hour on a full disk, then the node ends: somebody should have looked by then.
    fn default() -> Self {
        FlusherSettings {
            batches_max: 16,
            retry_min: Duration::from_millis(100),
            retry_max: Duration::from_secs(5),
            retries_max: 720,
        }
    }
}

/// What the flusher tells, from its own thread. The listener must not block.
#[derive(Debug)]
pub enum FlushEvent<'a> {
    /// The store holds everything up to this command.
    Durable(u64),
    /// Committing failed for good; nothing more is stored. The node should end.
    Failed(&'a CommitError),
    /// The disk is full; this many tries were made for the oldest batch. Nothing is lost.
    Full(u32),
}

/// Why a batch was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// As many batches wait as may. Submit it again later.
    #[error("too many batches wait to be stored")]
    Busy,
    /// A commit failed for good.
    #[error("an earlier write to the store failed")]
    Failed,
}

/// A commit failed for good; the reason was told as [`FlushEvent::Failed`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("storing failed: {0}")]
pub struct FlushFailed(pub String);

/// A handle on the flushing thread. Dropping it stops the thread like [`Flusher::stop`].
#[derive(Debug)]
pub struct Flusher {
    shared: Arc<Shared>,
    settings: FlusherSettings,
    thread: Option<JoinHandle<()>>,
}

impl Flusher {
    /// Starts the thread. `listener` hears of progress and trouble.
    pub fn start(
        store: Arc<Store>,
        settings: FlusherSettings,
        listener: impl Fn(FlushEvent<'_>) + Send + 'static,
    ) -> io::Result<Self> {
        let durable = store.snapshot().map_err(io::Error::other)?.applied();
        let shared = Arc::new(Shared::default());
        shared.state().durable = durable;
        let worker = Worker { store, settings, listener, shared: Arc::clone(&shared) };
        let thread = thread::Builder::new().name("flusher".into()).spawn(move || worker.run())?;
        Ok(Flusher { shared, settings, thread: Some(thread) })
    }

    /// The newest command that the store holds.
    pub fn durable(&self) -> u64 {
        self.shared.state().durable
    }

    /// Ends the thread once it has stored what waits (on a full disk: after one more try), and
    /// returns the newest command that the store holds.
    pub fn stop(mut self) -> Result<u64, FlushFailed> {
        self.join();
        let state = self.shared.state();
        state.failure.clone().map_or(Ok(state.durable), Err)
    }

    /// Queues a batch behind those before it. Never blocks.
    pub fn submit(&self, batch: Arc<Batch>) -> Result<(), SubmitError> {
        let mut state = self.shared.state();
        if state.failure.is_some() {
            return Err(SubmitError::Failed);
        }
        if state.queue.len() >= self.settings.batches_max {
            return Err(SubmitError::Busy);
        }
        state.queue.push_back(batch);
        self.shared.changed.notify_all();
        Ok(())
    }

    /// Waits until the store holds `command`; false when `timeout` passes before.
    pub fn wait_for(&self, command: u64, timeout: Duration) -> Result<bool, FlushFailed> {
        let deadline = Instant::now() + timeout;
        let mut state = self.shared.state();
        loop {
            if state.durable >= command {
                return Ok(true);
            }
            if let Some(failure) = &state.failure {
                return Err(failure.clone());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(false);
            }
            state = self.shared.wait(state, left);
        }
    }

    fn join(&mut self) {
        self.shared.state().is_stopping = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been reported, and is a failure in the state.
            let _ = thread.join();
        }
    }
}

impl Drop for Flusher {
    fn drop(&mut self) {
        self.join();
    }
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>, timeout: Duration) -> MutexGuard<'a, State> {
        let waited = self.changed.wait_timeout(state, timeout);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

#[derive(Debug, Default)]
struct State {
    /// Oldest first. A batch leaves when it is stored, not before.
    queue: VecDeque<Arc<Batch>>,
    durable: u64,
    failure: Option<FlushFailed>,
    is_stopping: bool,
}

struct Worker<L> {
    store: Arc<Store>,
    settings: FlusherSettings,
    listener: L,
    shared: Arc<Shared>,
}

impl<L: Fn(FlushEvent<'_>)> Worker<L> {
    fn run(self) {
        // Should this thread panic, whoever waits must learn that nothing more is stored.
        let _guard = PanicGuard(&self.shared);
        while let Some(batches) = self.next_batches() {
            let Err(error) = self.commit(&batches) else {
                self.stored(&batches);
                continue;
            };
            if self.shared.state().is_stopping && matches!(error, CommitError::Full) {
                return;
            }
            tracing::error!(%error, "storing failed; nothing more is stored");
            (self.listener)(FlushEvent::Failed(&error));
            self.shared.fail(error.to_string());
            return;
        }
    }

    /// What waits, up to a number of bytes; `None` when the thread should end.
    fn next_batches(&self) -> Option<Vec<Arc<Batch>>> {
        let mut state = self.shared.state();
        while state.queue.is_empty() {
            if state.is_stopping {
                return None;
            }
            state = self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let mut bytes = 0;
        let fits = |batch: &&Arc<Batch>| {
            let is_first = bytes == 0;
            bytes += batch.bytes().max(1);
            is_first || bytes <= COMMIT_BYTES_MAX
        };
        Some(state.queue.iter().take_while(fits).cloned().collect())
    }

    /// Commits, as often as a full disk demands and the settings allow.
    fn commit(&self, batches: &[Arc<Batch>]) -> Result<(), CommitError> {
        let mut pause = self.settings.retry_min;
        let mut tries = 0;
        loop {
            let result = self.store.commit(batches);
            if !matches!(result, Err(CommitError::Full)) {
                return result;
            }
            tries += 1;
            tracing::warn!(tries, "no room for the store on the disk");
            (self.listener)(FlushEvent::Full(tries));
            if tries > self.settings.retries_max || !self.pause(pause) {
                return result;
            }
            pause = (pause * 2).min(self.settings.retry_max);
        }
    }

    /// False when the thread should end.
    fn pause(&self, pause: Duration) -> bool {
        let deadline = Instant::now() + pause;
        let mut state = self.shared.state();
        while !state.is_stopping {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            state = self.shared.wait(state, left);
        }
        false
    }

    fn stored(&self, batches: &[Arc<Batch>]) {
        let Some(last) = batches.last() else { return };
        let mut state = self.shared.state();
        state.queue.drain(..batches.len());
        state.durable = last.applied();
        self.shared.changed.notify_all();
        drop(state);
        (self.listener)(FlushEvent::Durable(last.applied()));
    }
}

impl Shared {
    fn fail(&self, reason: String) {
        self.state().failure.get_or_insert(FlushFailed(reason));
        self.changed.notify_all();
    }
}

struct PanicGuard<'a>(&'a Shared);

impl Drop for PanicGuard<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.fail("the flushing thread panicked".to_owned());
        }
    }
}

/// How much one transaction takes when several batches wait. Larger ones rewrite fewer pages for
/// each row, but keep the journal waiting longer.
const COMMIT_BYTES_MAX: usize = 32 << 20;
