//! The one place where the command line touches the engine: how a node is started, watched and
//! stopped.

use std::net::SocketAddr;

use comity_identity::NodeKeyFile;

use super::Failure;
use crate::config::Settings;
use crate::server::{self, Node};

/// A running node.
pub(super) struct Running {
    /// Where clients connect.
    pub(super) client_addr: SocketAddr,
    /// Where peers connect.
    pub(super) federation_addr: SocketAddr,
    node: Node,
}

/// Starts a node; when this returns, both edges and the admin's socket are open.
pub(super) async fn start(settings: Settings, keys: NodeKeyFile) -> Result<Running, Failure> {
    let node = server::start(settings, keys).await?;
    let (client_addr, federation_addr) = (node.client_addr, node.federation_addr);
    Ok(Running { client_addr, federation_addr, node })
}

impl Running {
    /// Waits until the node ends by itself, which it does only when it cannot go on. Dropping the
    /// future loses nothing.
    pub(super) async fn ended(&mut self) -> Failure {
        self.node.ended().await.into()
    }

    /// Says goodbye to clients and peers, writes what waits, and ends.
    pub(super) async fn stop(self) {
        self.node.stop().await;
    }
}
