//! Tells the writer when time has come for what the state waits for. It must not know what that is.

use std::sync::Arc;
use std::time::Duration;

use comity_machine::Command;
use tokio::task::JoinHandle;

use crate::clock;
use crate::writer::{ProposeError, Shared, WriterHandle};

/// How often the state is asked at the latest; what becomes due meanwhile is late by as much.
const LOOK: Duration = Duration::from_secs(1);

/// Starts the task; it ends with the writer.
pub fn start(shared: Arc<Shared>, writer: WriterHandle) -> JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(LOOK).await;
            let due_ms = shared.state().due_ms();
            if due_ms.is_none_or(|due_ms| due_ms > clock::unix_ms()) {
                continue;
            }
            let command = Command::Wake { unix_ms: clock::unix_ms(), random: clock::random() };
            if let Err(ProposeError::Ended) = writer.perform(command).await {
                return;
            }
        }
    })
}
