//! The TCP connection under a client, shared by the task that drives it and by whoever has a whole
//! frame for its socket: where ten thousand sockets get a short frame each, waking their tasks
//! costs more than the frames. Such a frame goes out only between two others, and only where the
//! system takes it at once. It must not know what the bytes say.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The connection, as its task has it.
pub(crate) struct Wire(Arc<Mutex<Inner>>);

/// The way to the connection of an open socket for whoever is not its task. Cheap to clone; it
/// leads nowhere once the connection has ended.
#[derive(Clone, Debug)]
pub(crate) struct Side(Weak<Mutex<Inner>>);

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It is on its way.
    Whole,
    /// Its beginning is; the rest goes as soon as the socket's task is woken.
    Begun,
    /// Nothing of it: it has to go through the socket's task.
    Not,
}

#[derive(Debug)]
struct Inner {
    stream: TcpStream,
    /// Whether the task lets others write.
    is_open: bool,
    /// Whether all that was begun is written: frames are handed over whole.
    is_between: bool,
    /// What is left of a frame that somebody else began.
    rest: Vec<u8>,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream) -> Self {
        let inner = Inner { stream, is_open: false, is_between: true, rest: Vec::new() };
        Self(Arc::new(Mutex::new(inner)))
    }

    pub(crate) fn side(&self) -> Side {
        Side(Arc::downgrade(&self.0))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        lock(&self.0)
    }
}

impl Side {
    /// Lets others write, or not any more; told by the socket's task.
    pub(crate) fn set_open(&self, is_open: bool) {
        if let Some(inner) = self.0.upgrade() {
            lock(&inner).is_open = is_open;
        }
    }

    /// Writes a whole frame of a socket.
    pub(crate) fn send(&self, frame: &[u8]) -> Sent {
        let Some(inner) = self.0.upgrade() else { return Sent::Not };
        let mut inner = lock(&inner);
        if !inner.is_open || !inner.is_between {
            return Sent::Not;
        }
        match inner.stream.try_write(frame) {
            Ok(written) if written == frame.len() => Sent::Whole,
            Ok(written) => {
                inner.rest.extend_from_slice(&frame[written..]);
                inner.is_between = false;
                Sent::Begun
            }
            // No room, or broken: its task finds out.
            Err(_) => Sent::Not,
        }
    }
}

impl Inner {
    /// Writes what somebody else has begun; nothing else may go before it.
    fn poll_rest(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.rest.is_empty() {
            let polled = Pin::new(&mut self.stream).poll_write(cx, &self.rest);
            match std::task::ready!(polled)? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => drop(self.rest.drain(..written)),
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Takes note of a write of the task, which hands over everything up to the end of a frame.
    fn note(&mut self, length: usize, polled: &Poll<io::Result<usize>>) {
        self.is_between = matches!(polled, Poll::Ready(Ok(written)) if *written == length);
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut inner = self.lock();
        // A task that has nothing to write reads all the same.
        if let Poll::Ready(Err(error)) = inner.poll_rest(cx) {
            return Poll::Ready(Err(error));
        }
        Pin::new(&mut inner.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut inner = self.lock();
        std::task::ready!(inner.poll_rest(cx))?;
        let polled = Pin::new(&mut inner.stream).poll_write(cx, buf);
        inner.note(buf.len(), &polled);
        polled
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut inner = self.lock();
        std::task::ready!(inner.poll_rest(cx))?;
        let polled = Pin::new(&mut inner.stream).poll_write_vectored(cx, bufs);
        inner.note(bufs.iter().map(|buf| buf.len()).sum(), &polled);
        polled
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut inner = self.lock();
        std::task::ready!(inner.poll_rest(cx))?;
        Pin::new(&mut inner.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut inner = self.lock();
        inner.is_open = false;
        Pin::new(&mut inner.stream).poll_shutdown(cx)
    }
}

fn lock(inner: &Mutex<Inner>) -> MutexGuard<'_, Inner> {
    inner.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    async fn pair() -> (Wire, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        stream.writable().await.unwrap();
        (Wire::new(stream), client)
    }

    /// A frame of so many bytes that says its number and its length.
    fn frame(number: u32, length: u32) -> Vec<u8> {
        let mut frame = vec![number.to_be_bytes()[3]; length as usize];
        frame[..4].copy_from_slice(&number.to_be_bytes());
        frame[4..8].copy_from_slice(&length.to_be_bytes());
        frame
    }

    /// The numbers of the frames that come until the end, each of which must be whole.
    async fn read(mut client: TcpStream) -> Vec<u32> {
        let (mut bytes, mut numbers) = (Vec::new(), Vec::new());
        client.read_to_end(&mut bytes).await.unwrap();
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let word = |at: usize| u32::from_be_bytes(*rest[at..].first_chunk().unwrap());
            let (number, length) = (word(0), word(4));
            let (first, others) = rest.split_at(length as usize);
            assert_eq!(first, frame(number, length));
            numbers.push(number);
            rest = others;
        }
        numbers
    }

    #[tokio::test]
    async fn nobody_else_writes_before_the_task_lets_him_and_after_the_end() {
        let (mut wire, client) = pair().await;
        let side = wire.side();
        assert_eq!(side.send(&frame(1, 100)), Sent::Not);
        side.set_open(true);
        assert_eq!(side.send(&frame(2, 100)), Sent::Whole);
        wire.write_all(&frame(3, 100)).await.unwrap();
        side.set_open(false);
        assert_eq!(side.send(&frame(4, 100)), Sent::Not);
        side.set_open(true);
        wire.shutdown().await.unwrap();
        assert_eq!(side.send(&frame(5, 100)), Sent::Not);
        assert_eq!(read(client).await, [2, 3]);
        drop(wire);
        assert_eq!(side.send(&frame(6, 100)), Sent::Not);
    }

    #[tokio::test]
    async fn frames_stay_whole_and_in_order_however_little_room_there_is() {
        let (mut wire, client) = pair().await;
        let side = wire.side();
        side.set_open(true);
        // Until the system takes no more: one frame is begun, and none beside it.
        let mut number = 0;
        while side.send(&frame(number, 60_001)) == Sent::Whole {
            number += 1;
        }
        assert!(!wire.lock().rest.is_empty(), "it was begun");
        for _ in 0..3 {
            assert_eq!(side.send(&frame(u32::MAX, 9)), Sent::Not);
        }
        let reader = tokio::spawn(read(client));
        // The task's own come after it, and others again after those, whatever was partly written.
        for round in 0..20 {
            number += 1;
            wire.write_all(&frame(number, 50_000 + round)).await.unwrap();
            while side.send(&frame(number + 1, 70_000)) == Sent::Whole {
                number += 1;
            }
            if !wire.lock().rest.is_empty() {
                number += 1;
                assert_eq!(side.send(&frame(u32::MAX, 9)), Sent::Not);
            }
        }
        wire.flush().await.unwrap();
        wire.shutdown().await.unwrap();
        let expected: Vec<u32> = (0..=number).collect();
        assert_eq!(reader.await.unwrap(), expected);
    }

    #[tokio::test]
    async fn a_task_that_only_reads_writes_what_was_begun() {
        let (mut wire, mut client) = pair().await;
        let side = wire.side();
        side.set_open(true);
        let mut number = 0;
        while side.send(&frame(number, 60_001)) == Sent::Whole {
            number += 1;
        }
        let reading = tokio::spawn(async move {
            let mut byte = [0];
            wire.read_exact(&mut byte).await.unwrap();
            assert!(wire.lock().rest.is_empty());
            byte
        });
        let mut bytes = vec![0; 60_001 * (number as usize + 1)];
        client.read_exact(&mut bytes).await.unwrap();
        client.write_all(b"x").await.unwrap();
        assert_eq!(reading.await.unwrap(), *b"x");
    }
}
