//! Takes sealed batches to disk behind the writer's back: a thread in production, a call where
//! somebody else turns the clock.
//!
//! It commits what is queued in few large transactions, oldest first, and tells how far the store
//! has come, so that overlay and journal can let go. Senders never wait for it; when its queue is
//! full the writer keeps its batches, and the bound of the overlay slows the senders.
//!
//! A full disk is tried again, with back-off, up to a named number of times: nothing is lost, for
//! the journal and the overlay hold what the store does not. Any other failed commit is final:
//! reported by name, and never tried again.

use std::collections::VecDeque;
use std::fmt;
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

/// A handle on the flushing. Dropping it stops the thread like [`Flusher::stop`]; without a thread
/// what waits is left to the journal.
pub struct Flusher {
    shared: Arc<Shared>,
    settings: FlusherSettings,
    work: Work,
}

/// Who commits.
enum Work {
    /// A thread beside the writer.
    Beside(Option<JoinHandle<()>>),
    /// Whoever calls [`Flusher::step`].
    ByHand(Box<Worker>),
}

impl Flusher {
    /// Starts the thread. `listener` hears of progress and trouble.
    pub fn start(
        store: Arc<Store>,
        settings: FlusherSettings,
        listener: impl Fn(FlushEvent<'_>) + Send + 'static,
    ) -> io::Result<Self> {
        let worker = Worker::new(store, settings, Box::new(listener))?;
        let shared = Arc::clone(&worker.shared);
        let thread = thread::Builder::new().name("flusher".into()).spawn(move || worker.run())?;
        Ok(Flusher { shared, settings, work: Work::Beside(Some(thread)) })
    }

    /// Without a thread: what is submitted waits for [`Flusher::step`], or for somebody who waits
    /// for it.
    pub fn by_hand(
        store: Arc<Store>,
        settings: FlusherSettings,
        listener: impl Fn(FlushEvent<'_>) + Send + 'static,
    ) -> io::Result<Self> {
        let worker = Worker::new(store, settings, Box::new(listener))?;
        let shared = Arc::clone(&worker.shared);
        Ok(Flusher { shared, settings, work: Work::ByHand(Box::new(worker)) })
    }

    /// Tries once to commit what waits; whether nothing waits any more. The thread, where there is
    /// one, does it by itself.
    pub fn step(&self) -> Result<bool, FlushFailed> {
        match &self.work {
            Work::Beside(_) => Ok(self.shared.state().queue.is_empty()),
            Work::ByHand(worker) => worker.step(),
        }
    }

    /// Has free pages of the store written over, between batches. Told by [`Flusher::scrubbed`].
    pub fn scrub(&self) {
        self.shared.state().scrub.get_or_insert(0);
        self.shared.changed.notify_all();
    }

    /// Whether no page waits to be written over.
    pub fn is_scrubbed(&self) -> bool {
        self.shared.state().scrub.is_none()
    }

    /// The newest command that the store holds.
    pub fn durable(&self) -> u64 {
        self.shared.state().durable
    }

    /// Ends the thread once it has stored what waits (on a full disk: after one more try), and
    /// returns the newest command that the store holds.
    pub fn stop(mut self) -> Result<u64, FlushFailed> {
        if let Work::ByHand(worker) = &self.work {
            worker.catch_up()?;
        }
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

    /// Waits until the store holds `command`; false when `timeout` passes before. By hand nobody
    /// else would do it: it is done here.
    pub fn wait_for(&self, command: u64, timeout: Duration) -> Result<bool, FlushFailed> {
        if let Work::ByHand(worker) = &self.work {
            return worker.catch_up().map(|()| self.durable() >= command);
        }
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
        if let Work::Beside(thread) = &mut self.work
            && let Some(thread) = thread.take()
        {
            // A panic of the thread has been reported, and is a failure in the state.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Flusher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flusher").field("settings", &self.settings).finish_non_exhaustive()
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
    /// The part of the free pages that is written over next, where that was asked for.
    scrub: Option<u64>,
}

impl State {
    /// What waits, up to a number of bytes.
    fn next_batches(&self) -> Vec<Arc<Batch>> {
        let mut bytes = 0;
        let fits = |batch: &&Arc<Batch>| {
            let is_first = bytes == 0;
            bytes += batch.bytes().max(1);
            is_first || bytes <= COMMIT_BYTES_MAX
        };
        self.queue.iter().take_while(fits).cloned().collect()
    }
}

struct Worker {
    store: Arc<Store>,
    settings: FlusherSettings,
    listener: Listener,
    shared: Arc<Shared>,
}

type Listener = Box<dyn Fn(FlushEvent<'_>) + Send>;

impl Worker {
    fn new(store: Arc<Store>, settings: FlusherSettings, listener: Listener) -> io::Result<Self> {
        let durable = store.snapshot().map_err(io::Error::other)?.applied();
        let shared = Arc::new(Shared::default());
        shared.state().durable = durable;
        Ok(Worker { store, settings, listener, shared })
    }

    /// One try by hand; whether nothing waits any more.
    fn step(&self) -> Result<bool, FlushFailed> {
        let (batches, failure) = {
            let state = self.shared.state();
            (state.next_batches(), state.failure.clone())
        };
        if let Some(failure) = failure {
            return Err(failure);
        }
        if batches.is_empty() {
            return self.scrub_part().map_err(|error| self.failed(&error));
        }
        match self.store.commit(&batches) {
            Ok(()) => self.stored(&batches),
            Err(CommitError::Full) => (self.listener)(FlushEvent::Full(1)),
            Err(error) => return Err(self.failed(&error)),
        }
        Ok(self.shared.state().queue.is_empty())
    }

    /// Commits by hand until nothing waits. No time passes between two tries, so that a disk that
    /// is full at one is full at the next: a failure.
    fn catch_up(&self) -> Result<(), FlushFailed> {
        loop {
            let before = self.shared.state().durable;
            if self.step()? {
                return Ok(());
            }
            if self.shared.state().durable == before {
                return Err(self.failed(&CommitError::Full));
            }
        }
    }

    fn failed(&self, error: &CommitError) -> FlushFailed {
        tracing::error!(%error, "storing failed; nothing more is stored");
        (self.listener)(FlushEvent::Failed(error));
        self.shared.fail(error.to_string());
        FlushFailed(error.to_string())
    }

    fn run(self) {
        // Should this thread panic, whoever waits must learn that nothing more is stored.
        let _guard = PanicGuard(&self.shared);
        while let Some(batches) = self.next_batches() {
            if batches.is_empty() {
                match self.scrub_part() {
                    Ok(_) => continue,
                    Err(error) => {
                        self.failed(&error);
                        return;
                    }
                }
            }
            let Err(error) = self.commit(&batches) else {
                self.stored(&batches);
                continue;
            };
            if self.shared.state().is_stopping && matches!(error, CommitError::Full) {
                return;
            }
            self.failed(&error);
            return;
        }
    }

    /// Writes over the next part of the free pages, if any; whether nothing is left of that. On a
    /// full disk it is given up until it is asked for again.
    fn scrub_part(&self) -> Result<bool, CommitError> {
        let Some(part) = self.shared.state().scrub else { return Ok(true) };
        let next = match self.store.scrub(part) {
            Ok(true) => None,
            Ok(false) => Some(part + 1),
            Err(CommitError::Full) => {
                tracing::warn!("no room on the disk to write over what was erased");
                None
            }
            Err(error) => return Err(error),
        };
        self.shared.state().scrub = next;
        Ok(next.is_none())
    }

    /// Waits for something to commit, or nothing where pages are to be written over; `None` when
    /// the thread should end.
    fn next_batches(&self) -> Option<Vec<Arc<Batch>>> {
        let mut state = self.shared.state();
        while state.queue.is_empty() && (state.scrub.is_none() || state.is_stopping) {
            if state.is_stopping {
                return None;
            }
            state = self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        Some(state.next_batches())
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
