//! The least that a chat server can do, as a floor for CPU: it reads a message, acknowledges it
//! and hands it on, with frames as long as ours but nothing understood, kept or shared. A thread a
//! pair, blocked in read(2), so that there is no runtime either: one read(2) and two write(2) a
//! message, and as much again where a second server stands between the two users.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use crate::Failure;
use crate::conn::{Conn, server_frame};
use crate::cpu;
use crate::load::{self, Busy, Seat};

/// How many servers a message passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hops {
    One,
    Two,
}

/// CPU of relaying for busy pairs.
pub(crate) async fn busy(pairs: usize, hops: Hops, length: Duration) -> Result<Busy, Failure> {
    let mut seats = Vec::new();
    for _ in 0..pairs {
        let (left, left_served) = connection()?;
        let (right, right_served) = connection()?;
        match hops {
            Hops::One => serve(move || Relay::new().both(&left_served, &right_served))?,
            Hops::Two => {
                let (near, far) = connection()?;
                serve(move || Relay::new().sender_first(&left_served, &near))?;
                serve(move || Relay::new().receiver_first(&right_served, &far))?;
            }
        }
        seats.push([seat(left)?, seat(right)?]);
    }
    load::busy(seats, length, || cpu::of_threads(THREAD)).await
}

fn seat(stream: TcpStream) -> Result<Seat, Failure> {
    stream.set_nonblocking(true)?;
    let conn = Conn::over(tokio::net::TcpStream::from_std(stream)?)?;
    Ok(Seat::new(conn, &"c".repeat(CHANNEL_CHARS), SENDER, 0))
}

fn connection() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    let (served, _) = listener.accept()?;
    served.set_nodelay(true)?;
    client.set_nodelay(true)?;
    Ok((client, served))
}

/// Starts a thread; it ends when one of its connections does.
fn serve(relay: impl FnOnce() -> io::Result<()> + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name(THREAD.into()).stack_size(STACK_BYTES).spawn(relay)?;
    Ok(())
}

/// What a server sends, made once.
struct Relay {
    message: Vec<u8>,
    ack: Vec<u8>,
}

impl Relay {
    fn new() -> Self {
        let mut message = format!("\"sender\":\"{SENDER}\"").into_bytes();
        message.resize(MESSAGE_BYTES, b' ');
        Self { message: server_frame(&message), ack: server_frame(&[b' '; ACK_BYTES]) }
    }

    /// One server for both users, who speak in turn.
    fn both(&self, left: &TcpStream, right: &TcpStream) -> io::Result<()> {
        loop {
            self.take(left, right)?;
            self.take(right, left)?;
        }
    }

    /// The server of the one who begins.
    fn sender_first(&self, user: &TcpStream, link: &TcpStream) -> io::Result<()> {
        loop {
            self.take(user, link)?;
            self.hand_over(link, user)?;
        }
    }

    /// The server of the one who answers.
    fn receiver_first(&self, user: &TcpStream, link: &TcpStream) -> io::Result<()> {
        loop {
            self.hand_over(link, user)?;
            self.take(user, link)?;
        }
    }

    /// Reads a user's message, passes it on and acknowledges it.
    fn take(&self, mut user: &TcpStream, mut other: &TcpStream) -> io::Result<()> {
        if user.read(&mut [0; READ_BYTES])? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        other.write_all(&self.message)?;
        user.write_all(&self.ack)
    }

    fn hand_over(&self, mut link: &TcpStream, mut user: &TcpStream) -> io::Result<()> {
        let mut message = [0; READ_BYTES];
        let message = &mut message[..self.message.len()];
        link.read_exact(message)?;
        user.write_all(message)
    }
}

/// What of this process is counted; the kernel knows 15 bytes of a name.
const THREAD: &str = "relay";
const READ_BYTES: usize = 4_096;
const STACK_BYTES: usize = 64 << 10;
const SENDER: &str = "someone@acme.test";
const CHANNEL_CHARS: usize = 43;
/// An event frame with a message of 60 bytes.
const MESSAGE_BYTES: usize = 310;
/// The answer to a send, and the sender's own copy of the event.
const ACK_BYTES: usize = 160 + MESSAGE_BYTES;
