//! The thread that appends the next commands to the journal while the writer applies those before
//! them. One append is under way at a time, so the order stays one; the writer hears of each
//! before it applies anything of it.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use super::batch::Taken;
use crate::journal::{AppendError, Journal};

/// The journal, which the writer and this thread use by turns.
#[derive(Clone)]
pub(super) struct SharedJournal(Arc<Mutex<Box<dyn Journal>>>);

impl SharedJournal {
    pub(super) fn new(journal: Box<dyn Journal>) -> Self {
        Self(Arc::new(Mutex::new(journal)))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Box<dyn Journal>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The journal, unless an append is under way.
    pub(super) fn try_lock(&self) -> Option<MutexGuard<'_, Box<dyn Journal>>> {
        self.0.try_lock().ok()
    }

    pub(super) fn append(&self, taken: &Taken) -> Result<(), AppendError> {
        let count = u32::try_from(taken.proposals.len()).unwrap_or(u32::MAX);
        self.lock().append(taken.first, count, &taken.payload)
    }
}

/// The running thread. Dropping it ends the thread.
pub(super) struct Appender {
    jobs: Option<SyncSender<Taken>>,
    done: Receiver<(Taken, Result<(), AppendError>)>,
    thread: Option<JoinHandle<()>>,
}

/// The thread is gone: it panicked.
#[derive(Debug)]
pub(super) struct AppenderGone;

impl Appender {
    pub(super) fn start(journal: SharedJournal) -> io::Result<Self> {
        let (jobs, asked) = sync_channel::<Taken>(1);
        let (tell, done) = sync_channel(1);
        let thread = thread::Builder::new().name("journal".into()).spawn(move || {
            for taken in asked {
                let appended = journal.append(&taken);
                if tell.send((taken, appended)).is_err() {
                    break;
                }
            }
        })?;
        Ok(Self { jobs: Some(jobs), done, thread: Some(thread) })
    }

    /// Begins to append. What became of it is to be asked before anything else is begun.
    pub(super) fn begin(&self, taken: Taken) -> Result<(), AppenderGone> {
        let jobs = self.jobs.as_ref().ok_or(AppenderGone)?;
        jobs.send(taken).map_err(|_| AppenderGone)
    }

    /// Waits until what was begun is durable, or refused.
    pub(super) fn end(&self) -> Result<(Taken, Result<(), AppendError>), AppenderGone> {
        self.done.recv().map_err(|_| AppenderGone)
    }
}

impl Drop for Appender {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // A panic shows where something was begun.
            let _ = thread.join();
        }
    }
}
