//! A link: one QUIC connection to a peer whose key is proven. Moves frames and knows no more of
//! them than their class and length.
//!
//! Each end opens at most one stream for each class, lazily; its first byte says which. What is
//! received is handed out most urgent class first. A class that is not read stops its sender by
//! flow control, and no other.

use std::fmt;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use comity_protocol::code::Code;
use comity_protocol::frame::Class;
use comity_protocol::key::NodePublicKey;
use comity_protocol::limits::FRAME_BYTES_MAX;
use quinn::{Connection, ConnectionError, ReadError, RecvStream, VarInt, WriteError};

use crate::assembly::Assembly;
use crate::datagrams::Datagrams;
use crate::endpoint::{LINK_WINDOW_BYTES, STRANGER_FRAME_BYTES_MAX};
use crate::outbox::{CLASSES, LinkSender, class_byte, class_index};

/// A link to a peer. Dropping it closes it.
#[derive(Debug)]
pub struct Link {
    sender: LinkSender,
    inbox: Inbox,
    connection: Connection,
    peer_key: NodePublicKey,
    dialled: bool,
}

/// Why nothing more can be sent or received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkError {
    /// The link is closed.
    Closed(CloseReason),
    /// The frame to be sent is empty or longer than a frame may be; nothing was sent, the link
    /// goes on.
    FrameLength,
    /// The peer announced a frame of impossible length; the link was closed.
    FrameMalformed,
    /// The peer opened a stream of an unknown class or a class twice, or ended a stream, and the
    /// link was closed; or it reads one of ours no more, and the link is to be.
    FrameUnexpected,
}

/// How a link came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// This end closed it.
    Local,
    /// The peer closed it, with a code where it gave one that we know.
    Peer(Option<Code>),
    /// The peer refused the handshake: it does not take our key, or does not speak our protocol.
    Refused,
    /// The peer's process does not know the connection: it has restarted.
    Restarted,
    /// Nothing came from the peer for the idle timeout.
    TimedOut,
    /// The peer broke QUIC's rules.
    Transport,
}

impl Link {
    pub(crate) fn new(connection: Connection, peer_key: NodePublicKey, dialled: bool) -> Self {
        // Whom we dialled has proven the key that we wanted.
        let frame_bytes_max = if dialled { FRAME_BYTES_MAX } else { STRANGER_FRAME_BYTES_MAX };
        Self {
            sender: LinkSender::new(connection.clone()),
            inbox: Inbox { frame_bytes_max, ..Inbox::default() },
            connection,
            peer_key,
            dialled,
        }
    }

    /// The key that the peer has proven. For a link that was accepted it may be anybody's: the
    /// caller checks that it belongs to the domain of the peer's hello.
    pub fn peer_key(&self) -> NodePublicKey {
        self.peer_key
    }

    /// Whether this end dialled. The link is up only after the peer's first frame: a peer that
    /// refuses our key says so after the dialling end's handshake.
    pub fn dialled(&self) -> bool {
        self.dialled
    }

    /// The peer's address at the moment.
    pub fn remote_addr(&self) -> std::net::SocketAddr {
        self.connection.remote_address()
    }

    /// A handle for sending and closing, independent of receiving.
    pub fn sender(&self) -> &LinkSender {
        &self.sender
    }

    /// See [`LinkSender::send`].
    pub async fn send(&self, class: Class, frame: impl Into<Bytes>) -> Result<(), LinkError> {
        self.sender.send(class, frame).await
    }

    /// The next frame, of the most urgent class that has one. May be dropped at any time without
    /// loss. After an error every further call fails.
    pub async fn recv(&mut self) -> Result<(Class, Bytes), LinkError> {
        let Self { connection, inbox, .. } = self;
        let received = inbox.recv(connection).await;
        if let Some(code) = received.as_ref().err().and_then(LinkError::code) {
            close_with(connection, code);
        }
        received
    }

    /// The peer is known: it may send as much ahead as every class has room for, and frames of any
    /// length. Until then it may little, so that strangers take little memory.
    pub fn welcome(&mut self) {
        self.inbox.frame_bytes_max = FRAME_BYTES_MAX;
        self.connection.set_receive_window(VarInt::from_u32(LINK_WINDOW_BYTES));
    }

    /// Stops or goes on reading a class. What is stopped waits at the peer, once the flow-control
    /// window is full, and holds up no other class.
    pub fn set_reading(&mut self, class: Class, reading: bool) {
        self.inbox.paused[class_index(class)] = !reading;
    }

    /// How many of QUIC's datagrams came so far, acknowledgements included.
    pub fn datagrams_received(&self) -> u64 {
        self.connection.stats().udp_rx.datagrams
    }

    /// What carries datagrams, independent of the streams.
    pub fn datagrams(&self) -> Datagrams {
        Datagrams(self.connection.clone())
    }

    /// Closes the link; the peer sees the code.
    pub fn close(&self, code: Code) {
        close_with(&self.connection, code);
    }

    /// Waits until the link is closed by either end.
    pub async fn closed(&self) -> CloseReason {
        self.sender.closed().await
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // Senders may live on; without a reader the link is of no use. Closing twice changes
        // nothing.
        self.connection.close(VarInt::from_u32(0), b"");
    }
}

pub(crate) fn close_with(connection: &Connection, code: Code) {
    connection.close(VarInt::from(code.number()), code.name().as_bytes());
}

/// Chunks taken from a stream at a time.
const CHUNKS: usize = 16;

/// What is being received.
#[derive(Debug, Default)]
struct Inbox {
    readers: [Option<Reader>; CLASSES.len()],
    paused: [bool; CLASSES.len()],
    /// Streams whose first byte has not come; the transport allows as many as there are classes.
    unnamed: Vec<RecvStream>,
    /// The longest frame that is taken.
    frame_bytes_max: usize,
}

#[derive(Debug)]
struct Reader {
    stream: RecvStream,
    assembly: Assembly,
}

impl Inbox {
    async fn recv(&mut self, connection: &Connection) -> Result<(Class, Bytes), LinkError> {
        let mut accept = pin!(connection.accept_uni());
        std::future::poll_fn(|cx| {
            while let Poll::Ready(stream) = accept.as_mut().poll(cx) {
                self.unnamed.push(stream?);
                accept.set(connection.accept_uni());
            }
            self.poll_unnamed(cx)?;
            self.poll_readers(cx)
        })
        .await
    }

    /// Gives each new stream its place by its first byte.
    fn poll_unnamed(&mut self, cx: &mut Context<'_>) -> Result<(), LinkError> {
        let mut i = 0;
        while let Some(stream) = self.unnamed.get_mut(i) {
            let Poll::Ready(first) = poll_first_byte(stream, cx) else {
                i += 1;
                continue;
            };
            let first = first?;
            let class = CLASSES.into_iter().find(|c| Some(class_byte(*c)) == first);
            let place = class.map(|c| &mut self.readers[class_index(c)]);
            let stream = self.unnamed.swap_remove(i);
            match place {
                Some(place @ None) => {
                    *place = Some(Reader { stream, assembly: Assembly::default() });
                }
                _ => return Err(LinkError::FrameUnexpected),
            }
        }
        Ok(())
    }

    fn poll_readers(&mut self, cx: &mut Context<'_>) -> Poll<Result<(Class, Bytes), LinkError>> {
        for class in CLASSES {
            let i = class_index(class);
            let Some(reader) = self.readers[i].as_mut().filter(|_| !self.paused[i]) else {
                continue;
            };
            if let Poll::Ready(frame) = reader.poll_frame(self.frame_bytes_max, cx) {
                return Poll::Ready(frame.map(|frame| (class, frame)));
            }
        }
        Poll::Pending
    }
}

impl Reader {
    fn poll_frame(
        &mut self,
        bytes_max: usize,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Bytes, LinkError>> {
        loop {
            match self.assembly.next_frame(bytes_max) {
                Ok(Some(frame)) => return Poll::Ready(Ok(frame)),
                Ok(None) => {}
                Err(_) => return Poll::Ready(Err(LinkError::FrameMalformed)),
            }
            let mut chunks = [const { Bytes::new() }; CHUNKS];
            let read = pin!(self.stream.read_chunks(&mut chunks)).poll(cx);
            let count = ready!(read)?.ok_or(LinkError::FrameUnexpected)?;
            for chunk in chunks.into_iter().take(count) {
                self.assembly.push(chunk);
            }
        }
    }
}

fn poll_first_byte(
    stream: &mut RecvStream,
    cx: &mut Context<'_>,
) -> Poll<Result<Option<u8>, LinkError>> {
    let mut first = [0];
    match ready!(Pin::new(stream).poll_read(cx, &mut first))? {
        1 => Poll::Ready(Ok(Some(first[0]))),
        _ => Poll::Ready(Ok(None)),
    }
}

impl LinkError {
    /// What the peer is told where it got something wrong.
    pub const fn code(&self) -> Option<Code> {
        match self {
            Self::Closed(_) | Self::FrameLength => None,
            Self::FrameMalformed => Some(Code::FrameMalformed),
            Self::FrameUnexpected => Some(Code::FrameUnexpected),
        }
    }
}

impl From<WriteError> for LinkError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::ConnectionLost(reason) => reason.into(),
            // No honest peer stops a stream: it closes the link.
            WriteError::ClosedStream | WriteError::Stopped(_) | WriteError::ZeroRttRejected => {
                Self::FrameUnexpected
            }
        }
    }
}

impl From<ConnectionError> for LinkError {
    fn from(error: ConnectionError) -> Self {
        Self::Closed(CloseReason::from(&error))
    }
}

impl From<ReadError> for LinkError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::ConnectionLost(reason) => reason.into(),
            ReadError::ClosedStream
            | ReadError::IllegalOrderedRead
            | ReadError::Reset(_)
            | ReadError::ZeroRttRejected => Self::FrameUnexpected,
        }
    }
}

impl From<&ConnectionError> for CloseReason {
    fn from(error: &ConnectionError) -> Self {
        match error {
            ConnectionError::ApplicationClosed(close) => {
                let number = u16::try_from(close.error_code.into_inner()).ok();
                Self::Peer(number.and_then(Code::from_number))
            }
            ConnectionError::ConnectionClosed(_) | ConnectionError::VersionMismatch => {
                Self::Refused
            }
            ConnectionError::LocallyClosed => Self::Local,
            ConnectionError::Reset => Self::Restarted,
            ConnectionError::TimedOut => Self::TimedOut,
            ConnectionError::CidsExhausted | ConnectionError::TransportError(_) => Self::Transport,
        }
    }
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed(reason) => reason.fmt(f),
            Self::FrameLength => f.write_str("the frame is empty or too long to be sent"),
            Self::FrameMalformed => f.write_str("the peer announced a frame of impossible length"),
            Self::FrameUnexpected => f.write_str("the peer used its streams against the protocol"),
        }
    }
}

impl std::error::Error for LinkError {}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Local => "this node closed the link",
            Self::Peer(Some(code)) => return write!(f, "the peer closed the link: {code}"),
            Self::Peer(None) => "the peer closed the link",
            Self::Refused => "the peer refused the handshake",
            Self::Restarted => "the peer has restarted",
            Self::TimedOut => "nothing came from the peer for too long",
            Self::Transport => "the peer broke the rules of QUIC",
        })
    }
}
