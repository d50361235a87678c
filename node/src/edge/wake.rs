//! Tells the writer when time has come for what the state waits for, and what the rows hold of logs
//! that wait to be settled. It must not know what becomes of either.

use std::sync::Arc;
use std::time::Duration;

use comity_machine::{Answer, Command};
use tokio::task::JoinHandle;

use super::peer::{Filling, settlements};
use crate::clock;
use crate::writer::{ProposeError, Shared, WriterHandle};

/// How often the state is asked at the latest; what becomes due meanwhile is late by as much.
const LOOK: Duration = Duration::from_secs(1);

/// Starts the task; it ends with the writer.
pub fn start(shared: Arc<Shared>, writer: WriterHandle, filling: Filling) -> JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(LOOK).await;
            if look(&shared, &writer, &filling).await.is_err() {
                return;
            }
        }
    })
}

async fn look(
    shared: &Shared,
    writer: &WriterHandle,
    filling: &Filling,
) -> Result<(), ProposeError> {
    let due_ms = shared.state().due_ms();
    if due_ms.is_some_and(|due_ms| due_ms <= clock::unix_ms()) {
        let command = Command::Wake { unix_ms: clock::unix_ms(), random: clock::random() };
        unless_ended(writer.perform(command).await)?;
    }
    for (channel, command) in settlements(shared) {
        unless_ended(writer.perform(command).await)?;
        filling.went_back(&channel);
        filling.refresh();
    }
    Ok(())
}

/// What finds no room is tried again.
fn unless_ended(answer: Result<Answer, ProposeError>) -> Result<(), ProposeError> {
    match answer {
        Err(ProposeError::Ended) => Err(ProposeError::Ended),
        _ => Ok(()),
    }
}
