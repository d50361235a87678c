//! The task that calls the machine of presence when time has come, and has written when accounts
//! were there last. It decides nothing.

use std::sync::PoisonError;
use std::time::Duration;

use comity_machine::Command;
use tokio::task::JoinHandle;

use super::{Presences, now};
use crate::clock;
use crate::writer::{ProposeError, WriterHandle};

/// The running task.
pub struct PresenceTask {
    presences: Presences,
    writer: WriterHandle,
    task: JoinHandle<()>,
}

impl Presences {
    /// Starts the task; it ends with the writer.
    pub fn start(&self, writer: WriterHandle) -> PresenceTask {
        let (presences, proposing) = (self.clone(), writer.clone());
        let task = tokio::spawn(async move { run(&presences, &proposing).await });
        PresenceTask { presences: self.clone(), writer, task }
    }
}

impl PresenceTask {
    /// Ends it, and writes that who is there was there until now.
    pub async fn stop(self) {
        self.task.abort();
        self.presences.machine().finish(now());
        // What is not written now is known less well after the next start.
        let _ = write(&self.presences, &self.writer).await;
    }
}

async fn run(presences: &Presences, writer: &WriterHandle) {
    loop {
        look(presences);
        if write(presences, writer).await == Err(ProposeError::Ended) {
            return;
        }
        let next_ms = presences.machine().poll_timeout();
        let left_ms = next_ms.map(|at_ms| at_ms.saturating_sub(clock::monotonic_ms()));
        tokio::select! {
            () = presences.0.wake.notified() => {}
            () = sleep(left_ms) => {}
        }
    }
}

/// Hands the machine what has happened meanwhile, and the time.
fn look(presences: &Presences) {
    let inner = &presences.0;
    let changed =
        std::mem::take(&mut *inner.changed.lock().unwrap_or_else(PoisonError::into_inner));
    let gone =
        std::mem::take(&mut *inner.logged_out.lock().unwrap_or_else(PoisonError::into_inner));
    presences.with(|machine, ties| {
        machine.unsettle(changed, now());
        gone.iter().for_each(|device| machine.log_out(device.0, now()));
        machine.handle_timeout(ties, now());
    });
}

/// Has written what is to be, in as few commands as it takes.
async fn write(presences: &Presences, writer: &WriterHandle) -> Result<(), ProposeError> {
    loop {
        let accounts = presences.machine().poll_actives(now());
        if accounts.is_empty() {
            return Ok(());
        }
        match writer.perform(Command::NoteActive { accounts }).await {
            Err(ProposeError::Ended) => return Err(ProposeError::Ended),
            // It is known less well after the next start.
            Err(ProposeError::Overloaded) | Ok(_) => {}
        }
    }
}

async fn sleep(left_ms: Option<u64>) {
    match left_ms {
        Some(left_ms) => tokio::time::sleep(Duration::from_millis(left_ms)).await,
        None => std::future::pending().await,
    }
}
