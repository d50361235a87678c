//! The peer edge: links to other nodes.
//!
//! One task, the manager, knows which domains are to be linked, dials them and takes what dials us;
//! each link has a task of its own that drives its state machine. What is fed comes from the feed,
//! what arrives becomes commands; nothing here judges a record.

mod directory;
mod driver;
mod identify;
mod manager;
mod outgoing;
mod proofs;
mod serving;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use comity_federation::{
    Endpoint, EndpointSettings, Pins, Resolver, ResolverError, ResolverSettings,
};
use comity_identity::NodeKeyFile;
use comity_machine::ChannelNo;
use comity_protocol::code::Code;
use comity_protocol::cursor::Pos;
use comity_protocol::id::LineageId;
use comity_protocol::name::ServerName;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use self::proofs::Proofs;
use crate::feed::Hub;
use crate::writer::{Shared, WriterHandle};

pub(super) use self::directory::Directory;

/// Why the peers' edge cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The endpoint cannot listen.
    #[error("cannot listen for peers on {addr}: {error}")]
    Bind {
        /// Where.
        addr: SocketAddr,
        /// Why.
        error: comity_federation::BindError,
    },
    /// The resolver cannot be set up.
    #[error(transparent)]
    Resolver(#[from] ResolverError),
}

/// What the admin's settings say to this edge.
#[derive(Clone, Debug)]
pub struct PeerSettings {
    /// The UDP address to listen on.
    pub listen: SocketAddr,
    /// How long a link may be silent.
    pub idle_timeout: Duration,
    /// Whom to ask for other organisations, and what to believe.
    pub resolver: ResolverSettings,
}

/// What all links share.
struct Context {
    domain: ServerName,
    lineage: LineageId,
    start: u64,
    shared: Arc<Shared>,
    writer: WriterHandle,
    hub: Hub,
    resolver: Resolver,
    pins: Pins,
    endpoint: Endpoint,
    proofs: Proofs,
    progress: Progress,
    acknowledged: Arc<Acknowledged>,
}

/// How far each peer has applied our feed.
#[derive(Default)]
struct Acknowledged(Mutex<HashMap<LineageId, Pos>>);

impl Acknowledged {
    fn raise(&self, peer: LineageId, pos: Pos) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let reached = known.entry(peer).or_default();
        *reached = pos.max(*reached);
    }

    fn of(&self, peer: &LineageId) -> Pos {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(peer).copied().unwrap_or_default()
    }
}

/// How far messages of ours have come. Cheap to clone.
#[derive(Clone)]
pub struct Progress {
    shared: Arc<Shared>,
    acknowledged: Arc<Acknowledged>,
}

impl Progress {
    /// Organisations of a channel that have applied our feed up to a pos, our own included, and all
    /// of them.
    pub(super) fn reached(&self, channel: ChannelNo, pos: Pos) -> (u32, u32) {
        let state = self.shared.state();
        let Some(known) = state.channels.get(&channel) else { return (1, 1) };
        let reached = known.sharing_peers().filter(|peer| self.acknowledged.of(peer) >= pos);
        (1 + u32::try_from(reached.count()).unwrap_or(u32::MAX - 1), known.organisations())
    }
}

/// The running peers' edge.
pub struct PeerEdge {
    addr: SocketAddr,
    context: Arc<Context>,
    manager: JoinHandle<()>,
    stop: Arc<Notify>,
}

impl PeerEdge {
    /// Starts listening and linking; also gives the directory that asks other nodes for accounts.
    pub async fn start(
        settings: PeerSettings,
        keys: NodeKeyFile,
        shared: Arc<Shared>,
        writer: WriterHandle,
        hub: Hub,
    ) -> Result<(Self, Directory), StartError> {
        let resolver = Resolver::new(settings.resolver.clone())?;
        let domain = keys.domain.clone();
        let lineage = keys.lineage().id;
        let key = Arc::new(keys.key);
        let addr = settings.listen;
        let mut endpoint = EndpointSettings::new(addr, Arc::clone(&key));
        endpoint.idle_timeout = settings.idle_timeout;
        endpoint.keep_alive = endpoint.keep_alive.min(settings.idle_timeout / 3);
        let endpoint =
            Endpoint::bind(endpoint).map_err(|error| StartError::Bind { addr, error })?;
        let addr = endpoint.local_addr().unwrap_or(addr);
        let start = {
            let state = shared.state();
            let starts = state.identity.as_ref().map(|identity| identity.starts.as_slice());
            starts.and_then(<[_]>::last).map_or(0, |start| start.start)
        };
        let acknowledged = Arc::<Acknowledged>::default();
        let progress =
            Progress { shared: Arc::clone(&shared), acknowledged: Arc::clone(&acknowledged) };
        let context = Arc::new(Context {
            domain: domain.clone(),
            lineage,
            start,
            shared,
            writer,
            hub,
            resolver,
            pins: settings.resolver.policy.pins,
            endpoint,
            proofs: Proofs::new(domain, lineage, key),
            progress,
            acknowledged,
        });
        let (directory, questions) = Directory::new();
        let stop = Arc::new(Notify::new());
        let manager =
            tokio::spawn(manager::run(Arc::clone(&context), questions, Arc::clone(&stop)));
        Ok((Self { addr, context, manager, stop }, directory))
    }

    /// Tells how far messages have come.
    pub fn progress(&self) -> Progress {
        self.context.progress.clone()
    }

    /// Where peers connect.
    pub fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    /// Says goodbye to peers and ends.
    pub async fn stop(self) {
        self.stop.notify_one();
        if self.manager.await.is_err() {
            tracing::error!("the peers' edge ended by a panic");
        }
        self.context.endpoint.close(Code::ShuttingDown).await;
    }
}
