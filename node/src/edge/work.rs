//! Work that keeps a core busy for a while: a bounded number at a time, never on the threads that
//! serve sockets. It must not know what is done.

use std::sync::Arc;
use std::time::Duration;

use comity_client_api::Refusal;
use comity_protocol::code::Code;
use tokio::sync::Semaphore;

/// Work of one kind. Cheap to clone.
#[derive(Clone)]
pub(super) struct Work {
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    waiting_max: usize,
    crowded: &'static str,
}

/// When a refused one may look again: the queue is through in about that time.
const QUEUE_WAIT: Duration = Duration::from_secs(2);

impl Work {
    /// So many pieces at once, and so many that wait or run; more are refused with a sentence, so
    /// that a flood of them costs no memory.
    pub(super) fn new(at_once_max: usize, waiting_max: usize, crowded: &'static str) -> Self {
        Self {
            running: Arc::new(Semaphore::new(at_once_max)),
            waiting: Arc::new(Semaphore::new(waiting_max)),
            waiting_max,
            crowded,
        }
    }

    /// How many pieces wait or run, and how many may.
    pub(super) fn waiting(&self) -> (usize, usize) {
        (self.waiting_max - self.waiting.available_permits(), self.waiting_max)
    }

    /// Does a piece of work when its turn has come.
    pub(super) async fn run<T: Send + 'static, E: Into<Refusal> + Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, E> + Send + 'static,
    ) -> Result<T, Refusal> {
        let _place = self.waiting.try_acquire().map_err(|_| Refusal {
            sentence: self.crowded.to_owned(),
            retry_after: Some(QUEUE_WAIT),
            ..Code::Overloaded.into()
        })?;
        let running = Arc::clone(&self.running).acquire_owned().await;
        let running = running.map_err(|_| Code::ShuttingDown)?;
        let done = tokio::task::spawn_blocking(move || {
            let _running = running;
            work()
        });
        done.await.map_err(|_| Code::Internal)?.map_err(Into::into)
    }
}
