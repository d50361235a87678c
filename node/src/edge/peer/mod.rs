//! The peer edge: links to other nodes.
//!
//! One task, the manager, knows which domains are to be linked, dials them and takes what dials us;
//! each link has a task of its own that drives its end. What is fed comes from the feed, what
//! arrives becomes commands; nothing here judges a record. What waits for nothing is apart
//! ([`Exchange`], [`LinkEnd`]), so that a simulator can run it.

mod breaches;
mod conduct;
mod copies;
mod desk;
mod dialling;
mod directory;
mod driver;
mod end;
mod examine;
mod exchange;
mod fate;
mod filling;
mod finality;
mod forks;
mod hearing;
mod identify;
mod keys;
mod links;
mod lobby;
mod lost;
mod manager;
mod marks;
mod meter;
mod opening;
mod outgoing;
mod past;
mod probing;
mod progress;
mod proofs;
mod questions;
mod queue;
mod relaying;
mod rewinding;
mod serving;
mod settling;
mod silence;
mod strangers;
mod task;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use comity_federation::{
    Endpoint, EndpointSettings, Pins, PublishedKey, Resolver, ResolverError, ResolverSettings,
};
use comity_identity::NodeKeyFile;
use comity_protocol::code::Code;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::clock;
use crate::doctor;
use crate::edge::Measures;
use crate::feed::Hub;
use crate::presence::Presences;
use crate::writer::{Shared, WriterHandle};

pub use self::conduct::{Conduct, PeerConduct};
pub use self::copies::Copied;
pub use self::desk::{KeyDesk, KeyOrder, KeySwitch};
pub(super) use self::directory::{Directory, account_refusal};
pub use self::end::LinkEnd;
pub use self::examine::Examiner;
pub use self::exchange::Exchange;
pub use self::filling::Filling;
pub use self::links::{Asking, LinkState, Links, Trouble};
#[cfg(test)]
pub(crate) use self::lobby::STRANGERS_OF_NETWORK_MAX;
pub use self::marks::Marks;
pub use self::meter::Traffic;
pub use self::progress::Progress;
pub use self::proofs::Blinds;
pub use self::rewinding::rewind_group;
pub use self::settling::settlements;
pub use self::strangers::{Met, Strange, Strangers};
pub use self::task::Task;

/// Why the peers' edge cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The endpoint cannot listen.
    #[error("cannot listen for peers on {addr} (federation.listen): {error}")]
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
    exchange: Arc<Exchange>,
    writer: WriterHandle,
    resolver: Resolver,
    pins: Pins,
    endpoint: Arc<Endpoint>,
    links: Links,
    measures: Measures,
    strangers: Strangers,
    /// Our key, as we should publish it; changes with it.
    published: Arc<Mutex<PublishedKey>>,
    /// Our key has changed: links are to be made anew.
    renew: Notify,
}

/// What this edge does for the clients'.
pub struct PeerParts {
    /// Asks other nodes.
    pub(super) directory: Directory,
    /// How far messages have come.
    pub(super) progress: Progress,
    /// Fetches history that is lacking.
    pub(super) filling: Filling,
    /// What peers did wrong.
    pub(super) conduct: Conduct,
    /// How far members have read.
    pub(super) marks: Marks,
    /// How links are.
    pub(super) links: Links,
    /// Peers that dialled and were never known.
    pub(super) strangers: Strangers,
    /// Finds out how it is between us and others.
    pub(super) examiner: Examiner,
    /// Takes the admin's wishes about our key.
    pub(super) desk: KeyDesk,
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
        (hub, presences, measures): (Hub, Presences, Measures),
    ) -> Result<(Self, Directory), StartError> {
        let resolver = Resolver::new(settings.resolver.clone())?;
        let domain = keys.domain().clone();
        let (lineage, published) = (keys.lineage().id, doctor::published(&keys));
        let key = Arc::new(keys.key);
        let addr = settings.listen;
        let mut endpoint = EndpointSettings::new(addr, Arc::clone(&key));
        endpoint.idle_timeout = settings.idle_timeout;
        endpoint.keep_alive = endpoint.keep_alive.min(settings.idle_timeout / 3);
        let endpoint =
            Endpoint::bind(endpoint).map_err(|error| StartError::Bind { addr, error })?;
        let addr = endpoint.local_addr().unwrap_or(addr);
        let blinds = Box::new(clock::random);
        let parts = (shared, hub, presences);
        let exchange = Arc::new(Exchange::new(domain, lineage, key, parts, blinds));
        let pins = settings.resolver.policy.pins;
        let context = Arc::new(Context {
            exchange,
            writer,
            resolver,
            pins,
            endpoint: Arc::new(endpoint),
            links: Links::default(),
            measures,
            strangers: Strangers::default(),
            published: Arc::new(Mutex::new(published)),
            renew: Notify::new(),
        });
        let (directory, questions) = Directory::new();
        let stop = Arc::new(Notify::new());
        let manager =
            tokio::spawn(manager::run(Arc::clone(&context), questions, Arc::clone(&stop)));
        Ok((Self { addr, context, manager, stop }, directory))
    }

    /// What it does for the clients' edge, with what asks other nodes.
    pub fn parts(&self, directory: Directory, desk: KeyDesk) -> PeerParts {
        let Exchange { progress, filling, conduct, marks, .. } = &*self.context.exchange;
        PeerParts {
            examiner: Examiner::new(&self.context, directory.clone()),
            directory,
            progress: progress.clone(),
            filling: filling.clone(),
            conduct: conduct.clone(),
            marks: marks.clone(),
            links: self.context.links.clone(),
            strangers: self.context.strangers.clone(),
            desk,
        }
    }

    /// Changes our key.
    pub fn switch(&self) -> KeySwitch {
        KeySwitch(Arc::downgrade(&self.context))
    }

    /// Fetches history that is lacking.
    pub fn filling(&self) -> Filling {
        self.context.exchange.filling.clone()
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
