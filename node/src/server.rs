//! The homeserver: opens what is on disk, starts the writer and both edges, and ends them in order.

mod rotation;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use comity_client_api::{
    ApiSettings, Endpoint, NodeHost, NodeIntroduction, SocketLimits, TlsFiles,
};
use comity_federation::{
    Addresses, Pins, Policy, ResolverSettings, WebPlaces, WebSettings, web_roots,
};
use comity_identity::{KeyChain, NodeKeyFile, Standing};
use comity_machine::{
    Answer, Applied, Command, DeviceId, FederationMode, PolicyChange, RefusedCode,
};
use comity_protocol::code::Code;
use comity_protocol::cursor::Pos;
use comity_protocol::id::WriterId;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::admin::{self, AdminSocket, Directories, SettingLine};
use crate::clock;
use crate::config::{self, InForce, Settings, SignUpMode};
use crate::disk::{DirectoryDisk, Disk};
use crate::edge::peer::{self, PeerEdge, PeerSettings};
use crate::edge::push::{Push, PushTask};
use crate::edge::{ClientEdge, ClientSettings, Measures, Process, SignUpPolicy, tending, wake};
use crate::feed::Hub;
use crate::journal::{self, FileJournal};
use crate::presence::{PresenceSettings, PresenceTask, Presences};
use crate::push::{Connector, Guard, PushKey, Sender};
use crate::search::{Search, SearchThread};
use crate::store::{self, Store, StoreId};
#[cfg(test)]
use crate::writer::WriterHandle;
use crate::writer::{Listener, Proposal, Reply, Shared, Writer, WriterSettings, WriterThread};

/// Why a node cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The admin's socket cannot be opened.
    #[error(transparent)]
    Admin(#[from] admin::AdminSocketError),
    /// The trust anchor's file cannot be read.
    #[error("the trust anchor {path}: {error}")]
    Anchor {
        /// Which.
        path: std::path::PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The data directory cannot be used.
    #[error(transparent)]
    Directory(#[from] crate::disk::DirectoryError),
    /// The data directory's keys are of another organisation than its records.
    #[error("the data directory holds records of {found}; its keys are of {wanted}")]
    Identity {
        /// The domain of the records.
        found: String,
        /// The domain of the keys.
        wanted: String,
    },
    /// The journal cannot be opened.
    #[error("the journal: {0}")]
    Journal(#[from] journal::OpenError),
    /// An address cannot be listened on.
    #[error("cannot listen for clients on {addr} (client.listen): {error}")]
    Listen {
        /// Which.
        addr: SocketAddr,
        /// Why.
        error: std::io::Error,
    },
    /// The key by which push services know the node cannot be used.
    #[error(transparent)]
    PushKey(#[from] crate::keys::KeysError),
    /// The key file holds a key that was followed by another one.
    #[error(
        "node.key holds a key that this node has changed since, and that other nodes refuse: \
         put the newest node.key back, or make a new key with the recovery key: \
         comity keys recover"
    )]
    OldKey,
    /// What is sent to push services cannot be.
    #[error("push: {0}")]
    Push(String),
    /// The peers' edge cannot start.
    #[error(transparent)]
    Peers(#[from] peer::StartError),
    /// The store cannot be opened.
    #[error("the store: {0}")]
    Store(#[from] store::OpenError),
    /// The file of additional authorities cannot be read.
    #[error("the authorities of federation.web_roots, {path}: {error}")]
    WebRoots {
        /// Which.
        path: std::path::PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A thread cannot be started.
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
    /// The TLS files cannot be used.
    #[error(transparent)]
    Tls(#[from] comity_client_api::TlsError),
    /// The applied state cannot be read.
    #[error("the applied state: {0}")]
    Writer(#[from] crate::writer::OpenError),
    /// The first commands could not be written.
    #[error("the first commands could not be written: {0}")]
    FirstStep(#[from] crate::writer::StepError),
}

/// A running node. Dropping it without [`Node::stop`] is like a crash.
pub struct Node {
    /// Where clients connect.
    pub client_addr: SocketAddr,
    /// Where peers connect.
    pub federation_addr: SocketAddr,
    hub: Hub,
    writer: WriterThread,
    /// What tests propose by hand.
    #[cfg(test)]
    handle: WriterHandle,
    /// What tests look at.
    #[cfg(test)]
    shared: Arc<Shared>,
    peers: PeerEdge,
    _admin: AdminSocket,
    serving: JoinHandle<()>,
    stop_serving: Option<oneshot::Sender<()>>,
    waking: JoinHandle<()>,
    /// Forgets what nobody uses, and changes the key.
    tending: [JoinHandle<()>; 2],
    presence: PresenceTask,
    pushing: PushTask,
    searching: SearchThread,
    failed: watch::Receiver<Option<String>>,
}

/// Starts a node; when this returns, both edges and the admin's socket are open.
pub async fn start(settings: Settings, keys: NodeKeyFile) -> Result<Node, StartError> {
    start_among(settings, keys, None).await
}

/// The same with somebody who knows where other organisations' web servers are.
async fn start_among(
    settings: Settings,
    keys: NodeKeyFile,
    places: Option<Arc<dyn WebPlaces>>,
) -> Result<Node, StartError> {
    let (mut writer, hub) = open(&settings, &keys)?;
    let shared = writer.shared();
    hub.start_at(Pos::new(begin(&mut writer, &settings, &keys)?, u16::MAX));
    let presences = Presences::new(Arc::clone(&shared), presence_settings(&settings));
    let Directories { search, .. } = Directories::of(&settings.data_dir);
    let search = Search::new(Arc::clone(&shared), hub.clone(), &search);
    let push = push(&settings, &shared, &presences)?;
    let measures = Measures::default();
    let listeners = Listeners { presences, search, push, measures, hub: hub.clone() };
    writer.set_listener(Box::new(listeners.clone()));
    let Listeners { presences, search, push, measures, .. } = listeners;
    let (tell_failed, failed) = watch::channel(None);
    let on_end = move |error: &crate::writer::StepError| {
        tell_failed.send_replace(Some(error.to_string()));
    };
    let (thread, handle) = WriterThread::start(writer, on_end).map_err(StartError::Thread)?;
    let introduction = introduction(&settings, &keys);
    let (peers, directory) = PeerEdge::start(
        peer_settings(&settings, places)?,
        keys,
        Arc::clone(&shared),
        handle.clone(),
        (hub.clone(), presences.clone(), measures.clone()),
    )
    .await?;
    let (desk, rotating) = rotation::start(&settings, &handle, peers.switch());
    let edge = ClientEdge::new(
        settings.domain.clone(),
        Arc::clone(&shared),
        handle.clone(),
        hub.clone(),
        peers.parts(directory, desk),
        (presences.clone(), search.clone(), push.clone(), measures),
        client_settings(&settings, introduction, peers.local_addr().port()),
    );
    let presence = presences.start(handle.clone());
    let pushing = push.start(handle.clone());
    let searching = search.start().map_err(StartError::Thread)?;
    #[cfg(test)]
    let (by_hand, looked_at) = (handle.clone(), Arc::clone(&shared));
    let waking = wake::start(shared, handle, peers.filling());
    let tending = [tending::start(edge.clone()), rotating];
    let admin = admin::serve(&settings.data_dir, edge.clone()).await?;
    let (client_addr, serving, stop_serving) = serve_clients(&settings, edge).await?;
    Ok(Node {
        client_addr,
        federation_addr: peers.local_addr(),
        hub,
        writer: thread,
        #[cfg(test)]
        handle: by_hand,
        #[cfg(test)]
        shared: looked_at,
        peers,
        _admin: admin,
        serving,
        stop_serving: Some(stop_serving),
        waking,
        tending,
        presence,
        pushing,
        searching,
        failed,
    })
}

impl Node {
    /// Waits until the node ends by itself, which it does only when it cannot go on. Dropping the
    /// future loses nothing.
    pub async fn ended(&mut self) -> String {
        match self.failed.wait_for(Option::is_some).await {
            Ok(reason) => reason.clone().unwrap_or_default(),
            // The writer's thread ends without a word only when it is told to stop.
            Err(_) => std::future::pending().await,
        }
    }

    /// Says goodbye to clients and peers, writes what waits, and ends.
    pub async fn stop(mut self) {
        self.hub.end_all(Code::ShuttingDown);
        if let Some(stop) = self.stop_serving.take() {
            let _ = stop.send(());
        }
        // A client that does not answer must not keep links coming up that end at once.
        let (served, ()) = tokio::join!(self.serving, self.peers.stop());
        if served.is_err() {
            tracing::error!("the clients' edge ended by a panic");
        }
        self.waking.abort();
        self.tending.iter().for_each(JoinHandle::abort);
        self.presence.stop().await;
        self.pushing.stop().await;
        let (writer, searching) = (self.writer, self.searching);
        let stop = move || {
            searching.stop();
            writer.stop()
        };
        match tokio::task::spawn_blocking(stop).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::error!(%error, "not everything could be stored; the journal has it")
            }
            Err(_) => tracing::error!("the writer ended by a panic"),
        }
    }
}

/// Who hears of what the writer adds.
#[derive(Clone)]
struct Listeners {
    presences: Presences,
    search: Search,
    push: Push,
    measures: Measures,
    hub: Hub,
}

impl Listener for Listeners {
    fn published(&mut self, applied: Vec<Applied>, logged_out: &[DeviceId]) {
        self.presences.published(&applied, logged_out);
        self.search.published(&applied);
        self.push.published(&applied, logged_out);
        self.measures.published(&applied, clock::monotonic_ms());
        self.hub.published(applied, logged_out);
    }
}

/// Opens store and journal of a data directory.
fn open(settings: &Settings, keys: &NodeKeyFile) -> Result<(Writer, Hub), StartError> {
    let writer = open_writer(&settings.data_dir, settings)?;
    let found = writer.shared().state().domain().to_owned();
    if !found.is_empty() && found != keys.domain().as_str() {
        return Err(StartError::Identity { found, wanted: keys.domain().to_string() });
    }
    Ok((writer, Hub::default()))
}

/// How our key has changed, as the records of a data directory know it; `None` where there are
/// none. No node may be running on it.
pub(crate) fn known_chain(settings: &Settings) -> Result<Option<KeyChain>, StartError> {
    let writer = open_writer(&settings.data_dir, settings)?;
    let shared = writer.shared();
    let state = shared.state();
    let known = state.organisation_of(&state.lineage());
    Ok(known.and_then(|known| KeyChain::of(&known).ok()))
}

fn open_writer(data_dir: &Path, settings: &Settings) -> Result<Writer, StartError> {
    let Directories { store, journal, .. } = Directories::of(data_dir);
    let store_disk: Arc<dyn Disk> = Arc::new(DirectoryDisk::open(&store)?);
    let journal_disk: Arc<dyn Disk> = Arc::new(DirectoryDisk::open(&journal)?);
    let store_settings = store::Settings { cache_bytes: settings.storage.cache_bytes };
    let new_id = StoreId(clock::random());
    let store = Arc::new(Store::open(store_disk, "comity.redb", store_settings, new_id)?);
    let applied = store.snapshot().map_err(crate::writer::OpenError::from)?.applied();
    let journal_settings = journal::Settings {
        bytes_max: settings.storage.journal_bytes_max,
        ..journal::Settings::new(clock::random_number())
    };
    let journal = FileJournal::open(journal_disk, journal_settings, applied)?;
    // What the database has not taken yet is in the journal, and so in memory.
    let overlay_bytes_max =
        usize::try_from(settings.storage.journal_bytes_max).unwrap_or(usize::MAX);
    let writer_settings = WriterSettings {
        overlay_bytes_max,
        seal_bytes: (overlay_bytes_max / 8).max(1 << 20),
        ..WriterSettings::default()
    };
    Ok(Writer::open(Box::new(journal), store, writer_settings, clock::monotonic_ms())?)
}

/// The first commands of a run: whose the store is, that a process started, and what a setting has
/// changed. Returns the last one's number.
fn begin(writer: &mut Writer, settings: &Settings, keys: &NodeKeyFile) -> Result<u64, StartError> {
    let mut commands = Vec::new();
    if writer.shared().state().identity.is_none() {
        commands.push(Command::Found {
            domain: keys.domain().to_string(),
            key: keys.lineage().first_key,
            recovery: keys.recovery(),
            store: clock::random_number(),
        });
    }
    commands.extend(own_keys(writer, keys)?);
    let seconds = u32::try_from(clock::unix_ms() / 1_000).unwrap_or(u32::MAX);
    let random = u32::from_be_bytes(clock::random());
    let start = clock::random_number();
    commands.push(Command::Start { start, writer: WriterId::new(seconds, random) });
    let kept = writer.shared().state().identity.as_ref().and_then(|known| known.retention);
    let retention = settings.storage.retention_seconds;
    if kept != retention {
        commands.push(Command::Retain { seconds: retention, unix_ms: clock::unix_ms() });
    }
    let mode = match settings.federation.mode {
        config::FederationMode::Allowlist => FederationMode::Allowlist,
        config::FederationMode::Ask => FederationMode::Ask,
        config::FederationMode::Open => FederationMode::Open,
    };
    if writer.shared().state().policy().mode != mode {
        commands.push(Command::Federate(PolicyChange::Mode(mode)));
    }
    let proposals = commands.into_iter().map(|command| {
        let answer = |answer| {
            if let Answer::Refused(RefusedCode(code)) = answer {
                tracing::error!(%code, "a first command was refused");
            }
        };
        Proposal { command, reply: Reply::Call(Box::new(answer)) }
    });
    writer.step(proposals.collect::<Vec<_>>(), clock::monotonic_ms())?;
    Ok(writer.applied())
}

/// What the key file knows of our key and the state does not.
fn own_keys(writer: &Writer, keys: &NodeKeyFile) -> Result<Option<Command>, StartError> {
    let shared = writer.shared();
    let state = shared.state();
    let known = state.organisation_of(&keys.lineage().id);
    let standing = known.and_then(|known| KeyChain::of(&known).ok());
    let standing = standing.map(|known| keys.chain.standing(&known));
    match standing {
        Some(Standing::Older | Standing::Split) => Err(StartError::OldKey),
        Some(Standing::Same) => Ok(None),
        None if keys.chain.changes().is_empty() => Ok(None),
        None | Some(Standing::Newer) => Ok(Some(Command::TakeKeys {
            shown: keys.chain.organisation(),
            unix_ms: clock::unix_ms(),
            random: clock::random(),
        })),
    }
}

fn push(
    settings: &Settings,
    shared: &Arc<Shared>,
    presences: &Presences,
) -> Result<Push, StartError> {
    let key = PushKey::open_or_create(&settings.data_dir, &settings.domain)?;
    let devices = shared.state().subscribed().count();
    if key.is_new() && devices > 0 {
        tracing::warn!(
            devices,
            "push.key was not there, and was made anew: push services will \
            take nothing for these devices until their clients subscribe anew; put the old file \
            back, if there is a copy"
        );
    }
    Ok(Push::new(Arc::clone(shared), presences.clone(), push_sender(settings)?, key))
}

/// What sends to push services: by the same name servers and authorities as everything else.
fn push_sender(settings: &Settings) -> Result<Sender, StartError> {
    let unusable = |error: &dyn std::fmt::Display| StartError::Push(error.to_string());
    let nameservers: Vec<_> = settings.dns.nameservers.iter().map(|server| server.0).collect();
    let addresses = Addresses::new(&nameservers).map_err(|error| unusable(&error))?;
    let roots = web_roots(roots_text(settings)?.as_deref()).map_err(|error| unusable(&error))?;
    let guard = Guard { networks: settings.push.networks.clone() };
    let connector = Connector::new(guard, addresses, roots).map_err(|error| unusable(&error))?;
    Ok(Sender::new(connector))
}

/// The admin's own authorities, in PEM.
fn roots_text(settings: &Settings) -> Result<Option<String>, StartError> {
    let read = |path: &std::path::PathBuf| {
        std::fs::read_to_string(path)
            .map_err(|error| StartError::WebRoots { path: path.clone(), error })
    };
    settings.federation.web_roots.as_ref().map(read).transpose()
}

fn presence_settings(settings: &Settings) -> PresenceSettings {
    let in_ms = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    PresenceSettings {
        heartbeat_ms: in_ms(settings.presence.heartbeat),
        timeout_ms: in_ms(settings.presence.timeout),
    }
}

/// What the settings say to the clients' edge; peers connect at a port that the system may have
/// given.
fn client_settings(
    settings: &Settings,
    mut introduction: NodeIntroduction,
    port: u16,
) -> ClientSettings {
    for host in introduction.hosts.iter_mut().filter(|host| host.port == 0) {
        host.port = port;
    }
    let endpoints = settings.client.public_urls.iter().map(|public| Endpoint {
        url: public.url.clone(),
        priority: public.priority,
        weight: public.weight,
    });
    ClientSettings {
        sign_up: match settings.sign_up.mode {
            SignUpMode::Closed => SignUpPolicy::Closed,
            SignUpMode::Invite => SignUpPolicy::Invite,
            SignUpMode::Open => SignUpPolicy::Open,
        },
        devices_per_account_max: settings.limits.clients.account_devices_max(),
        device_unused_max: settings.limits.clients.device_unused_max(),
        endpoints: endpoints.collect(),
        introduction,
        process: process(settings),
    }
}

fn process(settings: &Settings) -> Process {
    let line = |setting: &InForce| {
        let InForce { key, value, default, meaning, .. } = setting.clone();
        SettingLine { key, value, from: setting.origin(), default, meaning }
    };
    let lines = settings.in_force.iter().map(line).collect();
    Process::begin(clock::unix_ms(), Directories::of(&settings.data_dir), lines)
}

/// What the well-known document says to other nodes; the port is 0 where the system gives one.
fn introduction(settings: &Settings, keys: &NodeKeyFile) -> NodeIntroduction {
    NodeIntroduction {
        lineage: keys.lineage().id,
        key_name: keys.name.to_string(),
        key: keys.key.public(),
        first_key: Some(keys.lineage().first_key).filter(|first| *first != keys.key.public()),
        recovery: keys.recovery(),
        hosts: vec![NodeHost {
            host: settings.advertised_host().to_owned(),
            port: settings.advertised_port(),
            priority: 10,
            weight: 5,
        }],
    }
}

fn peer_settings(
    settings: &Settings,
    places: Option<Arc<dyn WebPlaces>>,
) -> Result<PeerSettings, StartError> {
    Ok(PeerSettings {
        listen: settings.federation.listen,
        idle_timeout: settings.federation.idle_timeout,
        resolver: resolver_settings(settings, places)?,
    })
}

/// Whom to ask for other organisations, and what to believe.
pub(crate) fn resolver_settings(
    settings: &Settings,
    places: Option<Arc<dyn WebPlaces>>,
) -> Result<ResolverSettings, StartError> {
    let anchor = |path: &std::path::PathBuf| {
        std::fs::read_to_string(path)
            .map_err(|error| StartError::Anchor { path: path.clone(), error })
    };
    let (pins, trust) = (settings.federation.pins.clone(), settings.federation.trust.clone());
    Ok(ResolverSettings {
        nameservers: settings.dns.nameservers.iter().map(|server| server.0).collect(),
        trust_anchor: settings.dns.trust_anchor.as_ref().map(anchor).transpose()?,
        policy: Policy { pins: Pins(pins), trust },
        web: WebSettings { roots: roots_text(settings)?, places },
    })
}

type Serving = (SocketAddr, JoinHandle<()>, oneshot::Sender<()>);

async fn serve_clients(settings: &Settings, edge: ClientEdge) -> Result<Serving, StartError> {
    let addr = settings.client.listen;
    let listen = |error| StartError::Listen { addr, error };
    let listener = TcpListener::bind(addr).await.map_err(listen)?;
    let client_addr = listener.local_addr().map_err(listen)?;
    let tls = match (&settings.client.tls_certificate, &settings.client.tls_key) {
        (Some(certificate), Some(key)) => {
            let files = TlsFiles { certificate: certificate.clone(), key: key.clone() };
            Some(files.load()?)
        }
        _ => None,
    };
    let api = ApiSettings {
        connections_max: u32::try_from(settings.limits.sockets_max).unwrap_or(u32::MAX),
        connections: edge.connections(),
        door: settings.limits.clients.door(),
        trusted_proxies: settings.client.trusted_proxies.clone(),
        origins: settings.client.origins.clone(),
        socket: SocketLimits {
            heartbeat: settings.presence.heartbeat,
            silence: settings.presence.timeout,
            ..SocketLimits::default()
        },
        ..ApiSettings::default()
    };
    let router = comity_client_api::router(edge, api.clone(), crate::admin::routes());
    let (stop, stopped) = oneshot::channel();
    let shutdown = async {
        let _ = stopped.await;
    };
    let serving = tokio::spawn(comity_client_api::serve(listener, router, api, tls, shutdown));
    Ok((client_addr, serving, stop))
}
