//! A connection that ends so that its last words arrive. Where a TCP connection is closed while
//! something of the other side's is unread, the system resets it, and what was said before is lost
//! on the way: the goodbye to a frame that is too large, most of all. So the end is announced
//! first, and what still comes is read and thrown away within bounds. It must not look into what it
//! reads.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::wire::Wire;

/// A TCP connection; dropping it ends it in order.
pub(crate) struct Lingering {
    /// There until the drop.
    wire: Option<Wire>,
    /// The other side has said its last.
    ended: bool,
}

impl Lingering {
    pub(crate) fn new(wire: Wire) -> Self {
        Self { wire: Some(wire), ended: false }
    }

    fn wire(&mut self) -> io::Result<Pin<&mut Wire>> {
        self.wire.as_mut().map(Pin::new).ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        let Some(wire) = self.wire.take() else { return };
        // Too many at once, or a runtime that stops: then the connection is closed as it is.
        if !self.ended
            && let Ok(permit) = PLACES.try_acquire()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(async move {
                let _permit = permit;
                if timeout(LINGER, read_out(wire)).await.is_err() {
                    tracing::debug!("a client did not end its connection in time");
                }
            });
        }
    }
}

/// Announces the end, then reads to the end.
async fn read_out(mut wire: Wire) {
    if wire.shutdown().await.is_err() {
        return;
    }
    let mut bytes = 0;
    let mut buffer = [0; BUFFER_BYTES];
    while bytes < LINGER_BYTES_MAX {
        match wire.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(count) => bytes += count,
        }
    }
}

impl AsyncRead for Lingering {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let has_room = buf.remaining() > 0;
        let polled = self.wire()?.poll_read(cx, buf);
        if matches!(polled, Poll::Ready(Err(_))) {
            self.ended = true;
        }
        if matches!(polled, Poll::Ready(Ok(()))) && has_room && buf.filled().len() == before {
            self.ended = true;
        }
        polled
    }
}

impl AsyncWrite for Lingering {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.wire()?.poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.wire()?.poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.wire()?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.wire()?.poll_shutdown(cx)
    }
}

/// How long the other side has to end its side as well.
const LINGER: Duration = Duration::from_secs(2);
/// The most that is read in that time.
const LINGER_BYTES_MAX: usize = 32 * 1024 * 1024;
const BUFFER_BYTES: usize = 8 * 1024;
/// How many connections may be ending at once: each holds a descriptor and a small buffer.
const LINGERING_MAX: usize = 256;
static PLACES: Semaphore = Semaphore::const_new(LINGERING_MAX);
