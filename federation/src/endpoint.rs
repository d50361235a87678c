//! The node's QUIC endpoint: one UDP socket on which links are dialled and accepted. Knows keys,
//! not domains; whom to dial and whose link to keep is decided above.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use comity_identity::NodeKey;
use comity_protocol::code::Code;
use comity_protocol::key::NodePublicKey;
use comity_protocol::limits::{KEY_CHANGE_BYTES_MAX, KEY_CHANGES_MAX};
use quinn::{Connection, ConnectionError, EndpointConfig, IdleTimeout, TransportConfig, VarInt};
use quinn_proto::HashedConnectionIdGenerator;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::sync::{Mutex, mpsc, watch};

use crate::congestion::Forgiving;
use crate::link::{CloseReason, Link, close_with};
use crate::outbox::CLASSES;
use crate::places::Places;
use crate::tls::{self, TlsIdentity};

/// Handshakes that run at a time; who comes beyond that is refused and tries again.
const HANDSHAKES_MAX: usize = 256;
/// Of these, handshakes of one network: who leaves many half open keeps out nobody but its
/// neighbours.
const HANDSHAKES_OF_NETWORK_MAX: usize = 64;
/// From so many on, who dials first has to show that it receives at its address.
const HANDSHAKES_UNPROVEN_MAX: usize = 32;
/// Packets under an address that is made up never take all places of its network.
const _: () = assert!(HANDSHAKES_UNPROVEN_MAX < HANDSHAKES_OF_NETWORK_MAX);
/// Links that wait to be accepted; each waits with its handshake's place.
const ACCEPTED_MAX: usize = 16;
/// How long a handshake may take.
const HANDSHAKE_MAX: Duration = Duration::from_secs(5);
/// How long closing waits for peers to hear of it.
const FAREWELL_MAX: Duration = Duration::from_millis(500);

/// Bytes of one class that a peer may send before they are read: what is under way in a quarter
/// of a second at 50 MB a second. Where something is lost, all that follows it waits.
const STREAM_WINDOW_BYTES: u32 = 12 * 1024 * 1024;
/// Enough for every class at once, so that one that is not read never holds up another.
pub(crate) const LINK_WINDOW_BYTES: u32 = STREAM_WINDOW_BYTES * CLASS_COUNT;
/// As long as nobody has said who the peer is: enough for its hello and what follows it at once.
const STRANGER_WINDOW_BYTES: u32 = 256 * 1024;
/// And the longest frame: a hello with all the changes that a key may have had is a quarter of it.
pub(crate) const STRANGER_FRAME_BYTES_MAX: usize = 128 * 1024;
const _: () = assert!(2 * KEY_CHANGES_MAX * KEY_CHANGE_BYTES_MAX < STRANGER_FRAME_BYTES_MAX);
const CLASS_COUNT: u32 = 3;
const _: () = assert!(CLASS_COUNT as usize == CLASSES.len());

/// Bytes of datagrams that wait in a link, in each direction.
const DATAGRAM_BUFFER_BYTES: usize = 64 * 1024;
/// Bytes asked of the kernel for datagrams that wait; a burst beyond them is lost and sent again.
const SOCKET_BUFFER_BYTES: usize = 4 * 1024 * 1024;

/// What an endpoint needs to know.
#[derive(Clone, Debug)]
pub struct EndpointSettings {
    /// The UDP address to listen on; `[::]` takes IPv4 too.
    pub listen: SocketAddr,
    /// The key by which the node proves itself. What a restarted node needs to tell its peers that
    /// it has forgotten them is derived from it.
    pub node_key: Arc<NodeKey>,
    /// How often an idle link is kept alive; also how soon a restarted peer is noticed on one.
    pub keep_alive: Duration,
    /// How long nothing may come from a peer before the link counts as dead. The smaller of both
    /// ends' counts.
    pub idle_timeout: Duration,
}

/// The node's end of all links.
#[derive(Debug)]
pub struct Endpoint {
    quic: quinn::Endpoint,
    /// Changes with the node's key.
    tls: RwLock<Arc<TlsIdentity>>,
    server: quinn::ServerConfig,
    transport: Arc<TransportConfig>,
    accepted: Mutex<mpsc::Receiver<Link>>,
    failures: watch::Receiver<Failures>,
}

/// Handshakes of peers that dialled, and that came to nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// Refused, because too many were under way.
    pub crowded: Failed,
    /// Broken by the peer, or not finished in time.
    pub failed: Failed,
}

/// How many of them, since the endpoint was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failed {
    /// How many.
    pub times: u64,
    /// Where the last one came from, as its packets said.
    pub last_from: Option<SocketAddr>,
}

/// Why no endpoint could be made.
#[derive(Debug)]
pub enum BindError {
    /// The certificate could not be made from the node key.
    Certificate(String),
    /// The socket could not be opened or bound.
    Socket(io::Error),
}

/// Why a peer could not be dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectError {
    /// The address cannot be reached from this endpoint's socket (its port is 0, or it is IPv6 and
    /// ours is not).
    Address,
    /// The connection was closed during the handshake.
    Closed(CloseReason),
    /// This endpoint is closed.
    EndpointClosed,
    /// Nobody answered in time.
    TimedOut,
    /// Somebody else answers at this address: it showed this key.
    WrongKey(NodePublicKey),
}

impl EndpointSettings {
    /// Settings with defaults: an idle link is kept alive every 10 s, which routers with address
    /// translation bear (they forget ports after 30 s or more), and counts as dead after 30 s.
    pub fn new(listen: SocketAddr, node_key: Arc<NodeKey>) -> Self {
        let (keep_alive, idle_timeout) = (Duration::from_secs(10), Duration::from_secs(30));
        Self { listen, node_key, keep_alive, idle_timeout }
    }
}

impl Endpoint {
    /// Binds the socket and begins to accept. Has to be called within a tokio runtime.
    pub fn bind(settings: EndpointSettings) -> Result<Self, BindError> {
        let certificate = |e: &dyn fmt::Display| BindError::Certificate(e.to_string());
        let tls = TlsIdentity::new(settings.node_key.clone()).map_err(|e| certificate(&e))?;
        let transport = Arc::new(transport(&settings));
        let token_key = settings.node_key.derive("quic retry token");
        let token_key = ring::hkdf::Salt::new(ring::hkdf::HKDF_SHA256, &[]).extract(&*token_key);
        let crypto = tls.server().map_err(|e| certificate(&e))?;
        let mut server = quinn::ServerConfig::new(crypto, Arc::new(token_key));
        server.transport_config(transport.clone());
        server.max_incoming(HANDSHAKES_MAX);
        let quic = quinn::Endpoint::new(
            endpoint_config(&settings.node_key),
            Some(server.clone()),
            socket(settings.listen).map_err(BindError::Socket)?,
            Arc::new(quinn::TokioRuntime),
        );
        let quic = quic.map_err(BindError::Socket)?;
        let (links, accepted) = mpsc::channel(ACCEPTED_MAX);
        let (failing, failures) = watch::channel(Failures::default());
        tokio::spawn(accept_all(quic.clone(), links, failing));
        let (tls, accepted) = (RwLock::new(Arc::new(tls)), Mutex::new(accepted));
        Ok(Self { quic, tls, server, transport, accepted, failures })
    }

    /// Proves itself by another key from now on. Links that are there go on.
    pub fn change_key(&self, node_key: Arc<NodeKey>) -> Result<(), BindError> {
        let certificate = |e: &dyn fmt::Display| BindError::Certificate(e.to_string());
        let tls = TlsIdentity::new(node_key).map_err(|e| certificate(&e))?;
        let mut server = self.server.clone();
        server.crypto = tls.server().map_err(|e| certificate(&e))?;
        *self.tls.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(tls);
        self.quic.set_server_config(Some(server));
        Ok(())
    }

    fn tls(&self) -> Arc<TlsIdentity> {
        Arc::clone(&self.tls.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Dials a peer, of which some keys are known, and takes one of these. A link that is returned
    /// is not yet up: see [`Link::dialled`].
    pub async fn connect(
        &self,
        addr: SocketAddr,
        peer_keys: &[NodePublicKey],
    ) -> Result<Link, ConnectError> {
        let connection = self.dial(&self.quic, addr, peer_keys).await?;
        let key = tls::peer_key(&connection).ok_or(ConnectError::TimedOut)?;
        Ok(Link::new(connection, key, true))
    }

    /// Whether a node with one of these keys answers at an address; how long it took. It is asked
    /// from a port of its own: what a firewall lets in because of a link that is up proves nothing.
    /// The connection is closed at once.
    pub async fn knock(
        &self,
        addr: SocketAddr,
        peer_keys: &[NodePublicKey],
    ) -> Result<Duration, ConnectError> {
        let mut listen = self.local_addr().map_err(|_| ConnectError::EndpointClosed)?;
        listen.set_port(0);
        let socket = socket(listen).map_err(|_| ConnectError::Address)?;
        let runtime = Arc::new(quinn::TokioRuntime);
        let quic = quinn::Endpoint::new(EndpointConfig::default(), None, socket, runtime);
        let quic = quic.map_err(|_| ConnectError::Address)?;
        let began = Instant::now();
        let connection = self.dial(&quic, addr, peer_keys).await?;
        let took = began.elapsed();
        close_with(&connection, Code::LinkReplaced);
        let _ = tokio::time::timeout(FAREWELL_MAX, quic.wait_idle()).await;
        Ok(took)
    }

    async fn dial(
        &self,
        quic: &quinn::Endpoint,
        addr: SocketAddr,
        peer_keys: &[NodePublicKey],
    ) -> Result<Connection, ConnectError> {
        let (crypto, shown) =
            self.tls().client(peer_keys.to_vec()).map_err(|_| ConnectError::EndpointClosed)?;
        let mut config = quinn::ClientConfig::new(crypto);
        config.transport_config(self.transport.clone());
        let connecting = quic.connect_with(config, addr, tls::SERVER_NAME);
        let connecting = connecting.map_err(|error| match error {
            quinn::ConnectError::EndpointStopping => ConnectError::EndpointClosed,
            _ => ConnectError::Address,
        })?;
        let finished = tokio::time::timeout(HANDSHAKE_MAX, connecting).await;
        match finished.map_err(|_| ConnectError::TimedOut)? {
            Ok(connection) => Ok(connection),
            Err(ConnectionError::TimedOut) => Err(ConnectError::TimedOut),
            Err(error) => Err(match shown.get().filter(|key| !peer_keys.contains(key)) {
                Some(other) => ConnectError::WrongKey(*other),
                None => ConnectError::Closed(CloseReason::from(&error)),
            }),
        }
    }

    /// The next link that a peer dialled; none once the endpoint is closed.
    pub async fn accept(&self) -> Option<Link> {
        self.accepted.lock().await.recv().await
    }

    /// Handshakes that came to nothing; wakes with each, and shows all that are new.
    pub fn failures(&self) -> watch::Receiver<Failures> {
        self.failures.clone()
    }

    /// The address that the socket is bound to.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.quic.local_addr()
    }

    /// Closes all links with a code and takes no more; waits a moment for the peers to hear of it.
    pub async fn close(&self, code: Code) {
        self.quic.close(VarInt::from(code.number()), code.name().as_bytes());
        // A peer that is gone does not answer; then there is nobody to tell.
        let _ = tokio::time::timeout(FAREWELL_MAX, self.quic.wait_idle()).await;
    }
}

/// Accepts until the endpoint is closed. Handshakes run beside each other, so that a slow peer
/// delays nobody.
async fn accept_all(
    quic: quinn::Endpoint,
    links: mpsc::Sender<Link>,
    failing: watch::Sender<Failures>,
) {
    let handshakes = Places::new(HANDSHAKES_MAX, HANDSHAKES_OF_NETWORK_MAX);
    while let Some(incoming) = quic.accept().await {
        let addr = incoming.remote_address();
        let Some(place) = handshakes.enter(addr.ip()) else {
            failing.send_modify(|failures| failures.crowded.note(addr));
            incoming.refuse();
            continue;
        };
        if handshakes.taken() > HANDSHAKES_UNPROVEN_MAX && incoming.may_retry() {
            // The peer repeats its first packet with a token; only a late one is an error.
            let _ = incoming.retry();
            continue;
        }
        let (links, failing) = (links.clone(), failing.clone());
        tokio::spawn(async move {
            let finished = tokio::time::timeout(HANDSHAKE_MAX, handshake(incoming)).await;
            match finished {
                // Fails once the endpoint is gone; the link goes with it.
                Ok(Some(link)) => drop(links.send(link).await),
                _ => failing.send_modify(|failures| failures.failed.note(addr)),
            }
            drop(place);
        });
    }
}

async fn handshake(incoming: quinn::Incoming) -> Option<Link> {
    let addr = incoming.remote_address();
    let connection = match incoming.accept() {
        Ok(connecting) => connecting.await,
        Err(error) => Err(error),
    };
    match connection {
        Ok(connection) => {
            let key = tls::peer_key(&connection)?;
            Some(Link::new(connection, key, false))
        }
        Err(error) => {
            tracing::debug!(%addr, %error, "a peer's handshake failed");
            None
        }
    }
}

fn transport(settings: &EndpointSettings) -> TransportConfig {
    let mut transport = TransportConfig::default();
    transport
        // An entry is kept for each stream allowed, so no more than are used.
        .max_concurrent_uni_streams(VarInt::from_u32(CLASS_COUNT))
        .max_concurrent_bidi_streams(VarInt::from_u32(0))
        .stream_receive_window(VarInt::from_u32(STREAM_WINDOW_BYTES))
        .receive_window(VarInt::from_u32(STRANGER_WINDOW_BYTES))
        // As much as the peer can take of all classes: what one class has in flight never keeps
        // another's frames out of the send buffer.
        .send_window(u64::from(LINK_WINDOW_BYTES))
        // Of datagrams that wait beyond this the oldest are dropped.
        .datagram_receive_buffer_size(Some(DATAGRAM_BUFFER_BYTES))
        .datagram_send_buffer_size(DATAGRAM_BUFFER_BYTES)
        .congestion_controller_factory(Arc::new(Forgiving::default()))
        .keep_alive_interval(Some(settings.keep_alive))
        .max_idle_timeout(IdleTimeout::try_from(settings.idle_timeout).ok());
    transport
}

/// Both the reset key and the connection ids come from the node key, so that a restarted process
/// can answer packets of connections that it has forgotten, and the peer notices at once. One of
/// them alone would not do.
fn endpoint_config(node_key: &NodeKey) -> EndpointConfig {
    let reset_key = node_key.derive("quic stateless reset");
    let reset_key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &*reset_key);
    let mut config = EndpointConfig::new(Arc::new(reset_key));
    let mut id_key = [0; 8];
    id_key.copy_from_slice(&node_key.derive("quic connection ids")[..8]);
    let id_key = u64::from_be_bytes(id_key);
    config.cid_generator(move || Box::new(HashedConnectionIdGenerator::from_key(id_key)));
    config
}

/// A socket with large buffers, as far as the kernel grants them.
fn socket(listen: SocketAddr) -> io::Result<std::net::UdpSocket> {
    let socket = Socket::new(Domain::for_address(listen), Type::DGRAM, Some(Protocol::UDP))?;
    if listen.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    for result in [
        socket.set_recv_buffer_size(SOCKET_BUFFER_BYTES),
        socket.set_send_buffer_size(SOCKET_BUFFER_BYTES),
    ] {
        if let Err(error) = result {
            tracing::debug!(%error, "the kernel grants no larger socket buffers");
        }
    }
    socket.set_nonblocking(true)?;
    socket.bind(&listen.into())?;
    Ok(socket.into())
}

impl Failed {
    fn note(&mut self, addr: SocketAddr) {
        self.times = self.times.saturating_add(1);
        self.last_from = Some(addr);
    }
}

impl ConnectError {
    /// The code that users see.
    pub const fn code(&self) -> Code {
        match self {
            Self::WrongKey(_) => Code::PeerNameMismatch,
            Self::Closed(CloseReason::Peer(Some(Code::DomainRefused))) => Code::DomainRefused,
            Self::Address | Self::Closed(_) | Self::EndpointClosed | Self::TimedOut => {
                Code::DomainUnreachable
            }
        }
    }
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate(error) => write!(f, "no certificate from the node key: {error}"),
            Self::Socket(error) => write!(f, "the address for peers cannot be used: {error}"),
        }
    }
}

impl std::error::Error for BindError {}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address => f.write_str("the address cannot be reached from this socket"),
            Self::Closed(reason) => reason.fmt(f),
            Self::EndpointClosed => f.write_str("this node takes part in no more links"),
            Self::TimedOut => f.write_str("nobody answered in time"),
            Self::WrongKey(key) => write!(f, "the peer showed another key: {key:?}"),
        }
    }
}

impl std::error::Error for ConnectError {}
