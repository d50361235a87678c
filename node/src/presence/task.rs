//! The task that calls the machine of presence when time has come, and has written when accounts
//! were there last. It decides nothing.

use std::sync::PoisonError;
use std::time::Duration;

use comity_machine::Command;
use tokio::task::JoinHandle;

use super::socket::Queue;
use super::{Presences, now};
use crate::clock;
use crate::writer::{ProposeError, WriterHandle};

/// Sockets that are written to before others have their turn: a millisecond's work.
const SHOWN_AT_ONCE: usize = 64;

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
        for (at, socket) in look(presences).into_iter().enumerate() {
            socket.show_by_line();
            if at % SHOWN_AT_ONCE == SHOWN_AT_ONCE - 1 {
                // Others have their turn on this thread.
                tokio::task::yield_now().await;
            }
        }
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

/// Hands the machine what has happened meanwhile, and the time. The sockets that are to show
/// something by the short way are told so once nobody waits for the machine any more.
fn look(presences: &Presences) -> Vec<Queue> {
    let inner = &presences.0;
    let changed =
        std::mem::take(&mut *inner.changed.lock().unwrap_or_else(PoisonError::into_inner));
    let gone =
        std::mem::take(&mut *inner.logged_out.lock().unwrap_or_else(PoisonError::into_inner));
    presences.with(|machine, ties| {
        let round = inner.round.begin();
        machine.unsettle(changed, now());
        gone.iter().for_each(|device| machine.log_out(device.0, now()));
        machine.handle_timeout(ties, now());
        round.end()
    })
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
