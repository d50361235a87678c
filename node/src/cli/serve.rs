//! `comity serve`: one node until a signal ends it.

use tokio::signal::unix::{SignalKind, signal};

use super::{Failure, launch, node_keys};
use crate::config::Settings;
use crate::{keys, logging};

/// Runs the node of these settings.
pub(super) async fn run(settings: Settings) -> Result<(), Failure> {
    logging::start(&settings.log)?;
    let keys = node_keys(&settings)?;
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        domain = %settings.domain,
        data_dir = %settings.data_dir.display(),
        lineage = %keys.lineage().id,
        key = %keys.name,
        "starting"
    );
    if keys::recovery_key_is_here(&settings.data_dir) {
        tracing::warn!(
            file = keys::RECOVERY_KEY_FILE,
            "the recovery key lies beside the node's key: move it away (see comity keys show)"
        );
    }
    let mut node = launch::start(settings, keys).await?;
    tracing::info!(clients = %node.client_addr, peers = %node.federation_addr, "running");
    tokio::select! {
        error = node.ended() => return Err(error),
        name = stop_signal() => tracing::info!(signal = name?, "stopping"),
    }
    node.stop().await;
    tracing::info!("stopped");
    Ok(())
}

/// Waits for whoever wants the process to end.
pub(super) async fn stop_signal() -> std::io::Result<&'static str> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = interrupt.recv() => Ok("SIGINT"),
        _ = terminate.recv() => Ok("SIGTERM"),
    }
}
