//! The listener: accept, TLS, HTTP/1.1, and an orderly end. One slow client never holds up another:
//! handshakes and requests run in tasks of their own. It must not know routes.

use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::settings::ApiSettings;

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
    let server = Server {
        router,
        tls: tls.map(TlsAcceptor::from),
        head_timeout: settings.head_timeout,
        stopping,
    };
    let connections_max = settings.connections_max.min(CONNECTIONS_CEILING);
    let permits = Arc::new(Semaphore::new(connections_max as usize));
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            (stream, permit) = accept(&listener, &permits) => {
                tokio::spawn(server.clone().connection(stream, permit));
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
    stopping: watch::Receiver<bool>,
}

impl Server {
    async fn connection(self, stream: TcpStream, permit: OwnedSemaphorePermit) {
        // Small frames leave at once instead of waiting for the last one's acknowledgement.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY");
        }
        let Some(tls) = self.tls.clone() else {
            return self.http(Held { io: stream, _permit: permit }).await;
        };
        match timeout(self.head_timeout, tls.accept(stream)).await {
            Ok(Ok(io)) => self.http(Held { io, _permit: permit }).await,
            Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
            Err(_) => tracing::debug!("TLS handshake timed out"),
        }
    }

    async fn http<Io: AsyncRead + AsyncWrite + Unpin + Send + 'static>(self, io: Held<Io>) {
        let Self { router, mut stopping, .. } = self;
        let service = TowerToHyperService::new(router);
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(self.head_timeout);
        builder.max_buf_size(HEAD_BYTES_MAX);
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
) -> (TcpStream, OwnedSemaphorePermit) {
    loop {
        // The semaphore is never closed; were it, no connection would be taken.
        let Ok(permit) = permits.clone().acquire_owned().await else {
            return std::future::pending().await;
        };
        match listener.accept().await {
            Ok((stream, _)) => return (stream, permit),
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

/// A connection that gives its permit back when it is dropped, also after it became a socket.
struct Held<Io> {
    io: Io,
    _permit: OwnedSemaphorePermit,
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
/// How long to wait before accepting again when the machine refused.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
