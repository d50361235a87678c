//! The writer's thread and its bounded queue.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use comity_machine::{Answer, Command};
use tokio::sync::oneshot;

use super::step::{Proposal, Reply, StepError, Writer};
use crate::clock;

/// Where commands are proposed. Cheap to clone.
#[derive(Clone)]
pub struct WriterHandle {
    queue: Arc<Queue>,
}

/// Why a proposal was not taken, or not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProposeError {
    /// The writer has ended; whether the command is durable shows after the next start.
    #[error("the writer has ended")]
    Ended,
    /// As many proposals wait as may.
    #[error("too many proposals wait")]
    Overloaded,
}

/// Most proposals that wait for the writer. At the slowest disk measured that is a few seconds.
const PROPOSALS_MAX: usize = 16_384;
/// Their bytes: long texts are slowed before they fill the memory.
const PROPOSAL_BYTES_MAX: usize = 64 << 20;

struct Queue {
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Default)]
struct Inner {
    proposals: VecDeque<Proposal>,
    /// Bytes of their texts and frames.
    bytes: usize,
    stopping: bool,
    ended: bool,
}

impl Inner {
    /// The oldest proposals, at most `max`; mostly all of them, which costs no copying.
    fn take(&mut self, max: usize) -> VecDeque<Proposal> {
        if self.proposals.len() <= max {
            self.bytes = 0;
            let room = VecDeque::with_capacity(self.proposals.len());
            return std::mem::replace(&mut self.proposals, room);
        }
        let taken: VecDeque<Proposal> = self.proposals.drain(..max).collect();
        self.bytes -= taken.iter().map(|proposal| proposal.command.weight()).sum::<usize>();
        taken
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self) {
        let mut inner = self.lock();
        inner.ended = true;
        // Dropping the proposals ends their proposers' waiting.
        let unanswered = std::mem::take(&mut inner.proposals);
        drop(inner);
        drop(unanswered);
    }
}

impl WriterHandle {
    /// Queues a command; its place in the order is given now. The answer comes after it is durable.
    pub fn propose(&self, command: Command) -> Result<oneshot::Receiver<Answer>, ProposeError> {
        let (send, receive) = oneshot::channel();
        self.propose_with(command, Reply::Send(send))?;
        Ok(receive)
    }

    /// Queues a command; its answer goes where `reply` says.
    pub fn propose_with(&self, command: Command, reply: Reply) -> Result<(), ProposeError> {
        let mut inner = self.queue.lock();
        if inner.ended || inner.stopping {
            return Err(ProposeError::Ended);
        }
        let was_empty = inner.proposals.is_empty();
        let bytes = inner.bytes + command.weight();
        if inner.proposals.len() >= PROPOSALS_MAX || (bytes > PROPOSAL_BYTES_MAX && !was_empty) {
            return Err(ProposeError::Overloaded);
        }
        inner.bytes = bytes;
        inner.proposals.push_back(Proposal { command, reply });
        drop(inner);
        if was_empty {
            self.queue.changed.notify_one();
        }
        Ok(())
    }

    /// How many proposals wait, and how many may.
    pub fn waiting(&self) -> (usize, usize) {
        (self.queue.lock().proposals.len(), PROPOSALS_MAX)
    }

    /// Proposes a command and waits for its answer.
    pub async fn perform(&self, command: Command) -> Result<Answer, ProposeError> {
        self.propose(command)?.await.map_err(|_| ProposeError::Ended)
    }
}

/// The running thread.
pub struct WriterThread {
    queue: Arc<Queue>,
    thread: Option<JoinHandle<Result<(), StepError>>>,
}

impl WriterThread {
    /// Starts the thread. `ended` is called once when it ends by itself, which is always a failure.
    pub fn start(
        writer: Writer,
        ended: impl FnOnce(&StepError) + Send + 'static,
    ) -> std::io::Result<(Self, WriterHandle)> {
        let inner = Mutex::new(Inner::default());
        let queue = Arc::new(Queue { inner, changed: Condvar::new() });
        let handle = WriterHandle { queue: Arc::clone(&queue) };
        let running = Arc::clone(&queue);
        let thread = thread::Builder::new().name("writer".into()).spawn(move || {
            let done = catch_unwind(AssertUnwindSafe(|| run(writer, &running)));
            let done = done.unwrap_or(Err(StepError::Panicked));
            running.end();
            if let Err(error) = &done {
                tracing::error!(%error, "the writer ended; nothing more is acknowledged");
                ended(error);
            }
            done
        })?;
        Ok((Self { queue, thread: Some(thread) }, handle))
    }

    /// Takes what is queued, stores everything and ends the thread.
    pub fn stop(mut self) -> Result<(), StepError> {
        self.tell_to_stop();
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(done)) => done,
            _ => Ok(()),
        }
    }

    fn tell_to_stop(&self) {
        self.queue.lock().stopping = true;
        self.queue.changed.notify_one();
    }
}

/// A node that does not come up, or is dropped, leaves no thread behind that holds its directory.
impl Drop for WriterThread {
    fn drop(&mut self) {
        self.tell_to_stop();
    }
}

fn run(mut writer: Writer, queue: &Queue) -> Result<(), StepError> {
    loop {
        match next(&mut writer, queue) {
            Next::Flush => writer.flush_if_due(clock::monotonic_ms())?,
            Next::Step(proposals) => writer.step(proposals, clock::monotonic_ms())?,
            Next::Stop => return writer.finish(),
        }
    }
}

enum Next {
    Flush,
    Step(VecDeque<Proposal>),
    Stop,
}

fn next(writer: &mut Writer, queue: &Queue) -> Next {
    let mut inner = queue.lock();
    loop {
        if !inner.proposals.is_empty() {
            return Next::Step(inner.take(writer.commands_max()));
        }
        if inner.stopping {
            return Next::Stop;
        }
        inner = match writer.deadline_ms() {
            None => queue.changed.wait(inner).unwrap_or_else(PoisonError::into_inner),
            Some(deadline_ms) => {
                let left_ms = deadline_ms.saturating_sub(clock::monotonic_ms());
                if left_ms == 0 {
                    return Next::Flush;
                }
                let waited = queue.changed.wait_timeout(inner, Duration::from_millis(left_ms));
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        };
    }
}
