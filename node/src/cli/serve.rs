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
    if passwords_are_open(&settings) {
        tracing::warn!(
            listen = %settings.client.listen,
            "client.listen is reachable from other machines without TLS: passwords and messages \
             cross the network in clear text (set client.tls_certificate and client.tls_key, or \
             listen on 127.0.0.1 behind a proxy)"
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

fn passwords_are_open(settings: &Settings) -> bool {
    !settings.client.listen.ip().is_loopback() && settings.client.tls_certificate.is_none()
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::path::Path;

    use super::*;

    #[test]
    fn an_open_address_without_tls_is_noticed() {
        let open = |client: &str| {
            let text = format!("domain = \"acme.example\"\n[client]\n{client}\n");
            passwords_are_open(&Settings::parse(&text, Path::new(""), []).unwrap())
        };
        assert!(open("listen = \"0.0.0.0:8008\"") && open("listen = \"[::]:8008\""));
        assert!(!open("listen = \"[::1]:8008\"") && !open(""));
        let tls = "tls_certificate = \"c.pem\"\ntls_key = \"k.pem\"";
        assert!(!open(&format!("listen = \"0.0.0.0:443\"\n{tls}")));
    }
}
