//! The listener: accept, TLS, HTTP/1.1, and an orderly end. One slow client never holds up another:
//! handshakes and requests run in tasks of their own. It must not know routes.

use std::io;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::Request;
use axum::http::header::UPGRADE;
use axum::middleware::from_fn_with_state;
use axum::{Extension, Router};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::gate::{Connect, Gate, Peer, Place, crowded};
use crate::layer::{Origins, cross_origin};
use crate::line::Line;
use crate::linger::Lingering;
use crate::settings::ApiSettings;
use crate::wire::Wire;

/// A mark on requests that came over TLS.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Encrypted;

/// Serves until `shutdown` resolves; then takes no more connections and gives the open ones,
/// sockets included, a while to end. Sockets end when their subscriptions say goodbye.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    settings: ApiSettings,
    tls: Option<Arc<rustls::ServerConfig>>,
    shutdown: impl Future<Output = ()> + Send,
) {
    let router = if tls.is_some() { router.layer(Extension(Encrypted)) } else { router };
    let (stop, stopping) = watch::channel(false);
    let gate = Gate::new(&settings);
    let server = Server {
        router,
        tls: tls.map(TlsAcceptor::from),
        head_timeout: settings.head_timeout,
        answers_once: false,
        stopping,
    };
    let turning_away = Server {
        router: turn_away(settings.origins.clone()),
        answers_once: true,
        ..server.clone()
    };
    let connections_max = settings.connections_max.min(CONNECTIONS_CEILING);
    let permits = Arc::new(Semaphore::new(connections_max as usize));
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            (stream, peer, permit) = accept(&listener, &permits) => {
                let (server, place) = match gate.connect(peer) {
                    Connect::Taken(place) => (&server, place),
                    Connect::TurnedAway(place) => (&turning_away, Some(place)),
                    Connect::Cut => continue,
                };
                let open = settings.connections.enter();
                let seat = Seat { _permit: permit, _place: place, _open: open };
                tokio::spawn(server.clone().connection(stream, Peer(peer), seat));
            }
            () = &mut shutdown => break,
        }
    }
    drop(listener);
    stop.send_replace(true);
    // Every connection holds a permit until its last byte, so having them all means that all have
    // ended.
    if timeout(settings.drain_timeout, permits.acquire_many(connections_max)).await.is_err() {
        let open = connections_max as usize - permits.available_permits();
        tracing::info!(open, "connections cut at shutdown");
    }
}

#[derive(Clone)]
struct Server {
    router: Router,
    tls: Option<TlsAcceptor>,
    head_timeout: Duration,
    /// Whether a connection ends with its first answer.
    answers_once: bool,
    stopping: watch::Receiver<bool>,
}

impl Server {
    async fn connection(self, stream: TcpStream, peer: Peer, seat: Seat) {
        // Small frames leave at once instead of waiting for the last one's acknowledgement.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY");
        }
        // Who is cut off is found out by the system, however rarely his client beats.
        let probes = TcpKeepalive::new().with_time(PROBED_AFTER).with_interval(PROBED_EVERY);
        if let Err(error) = SockRef::from(&stream).set_tcp_keepalive(&probes.with_retries(PROBES)) {
            tracing::debug!(%error, "SO_KEEPALIVE");
        }
        let wire = Wire::new(stream);
        let line = Line::new(wire.side());
        let stream = Lingering::new(wire);
        let Some(tls) = self.tls.clone() else {
            return self.http((peer, Some(line)), Held { io: stream, _seat: seat }).await;
        };
        match timeout(self.head_timeout, tls.accept(stream)).await {
            // What goes over TLS is written by whoever has its keys.
            Ok(Ok(io)) => self.http((peer, None), Held { io, _seat: seat }).await,
            Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
            Err(_) => tracing::debug!("TLS handshake timed out"),
        }
    }

    async fn http<Io>(self, (peer, line): (Peer, Option<Line>), io: Held<Io>)
    where
        Io: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self { router, mut stopping, .. } = self;
        let router = TowerToHyperService::new(router);
        let service = service_fn(|mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            if let Some(line) = line.as_ref().filter(|_| request.headers().contains_key(UPGRADE)) {
                request.extensions_mut().insert(line.clone());
            }
            router.call(request)
        });
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(self.head_timeout);
        builder.max_buf_size(HEAD_BYTES_MAX).keep_alive(!self.answers_once);
        let connection = builder.serve_connection(TokioIo::new(io), service).with_upgrades();
        let mut connection = pin!(connection);
        // Whether the flag was raised or its sender is gone, the server is stopping.
        let stopped = async { stopping.wait_for(|stopping| *stopping).await.map(drop) };
        let ended = tokio::select! {
            ended = &mut connection => ended,
            _ = stopped => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "connection failed");
        }
    }
}

async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> (TcpStream, IpAddr, OwnedSemaphorePermit) {
    loop {
        // The semaphore is never closed; were it, no connection would be taken.
        let Ok(permit) = permits.clone().acquire_owned().await else {
            return std::future::pending().await;
        };
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer.ip(), permit),
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                // Out of descriptors, most likely: wait for some to be given back.
                tracing::warn!(%error, "no connection could be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// What answers connections of an address that has too many.
fn turn_away(origins: Origins) -> Router {
    let origins = from_fn_with_state(Arc::new(origins), cross_origin);
    Router::new().fallback(async || crowded()).layer(origins)
}

/// What a connection takes up.
struct Seat {
    _permit: OwnedSemaphorePermit,
    _place: Option<Place>,
    _open: Open,
}

/// How many connections of clients are open. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Connections(Arc<AtomicUsize>);

/// One of them, until it is dropped.
struct Open(Connections);

impl Connections {
    /// Those that are open now.
    pub fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn enter(&self) -> Open {
        self.0.fetch_add(1, Ordering::Relaxed);
        Open(self.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A connection that gives its seat back when it is dropped, also after it became a socket.
struct Held<Io> {
    io: Io,
    _seat: Seat,
}

impl<Io: AsyncRead + Unpin> AsyncRead for Held<Io> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl<Io: AsyncWrite + Unpin> AsyncWrite for Held<Io> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

/// What a semaphore can count on any machine.
const CONNECTIONS_CEILING: u32 = u32::MAX >> 3;
/// Longest head of a request; also the read buffer of a plain HTTP connection.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// After how long a silence the system asks whether a client's machine is still there, how often,
/// and how many times in vain: a connection is over after half a minute.
const PROBED_AFTER: Duration = Duration::from_secs(20);
const PROBED_EVERY: Duration = Duration::from_secs(5);
const PROBES: u32 = 2;
/// How long to wait before accepting again when the machine refused.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
