//! A WebSocket client that costs as little as it can (RFC 6455): the machine that is measured is
//! also the one that makes the load. It reads no JSON; it looks for the few words that it needs.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Failure;

/// One open socket.
pub(crate) struct Conn {
    stream: TcpStream,
    read: Vec<u8>,
    /// How much of `read` was handed out.
    taken: usize,
    write: Vec<u8>,
}

impl Conn {
    /// Connects and upgrades.
    pub(crate) async fn open(addr: SocketAddr, path: &str) -> Result<Self, Failure> {
        let mut conn = Self::over(TcpStream::connect(addr).await?)?;
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n"
        );
        conn.stream.write_all(request.as_bytes()).await?;
        let end = loop {
            if let Some(at) = find(&conn.read, b"\r\n\r\n") {
                break at + 4;
            }
            conn.fill().await?;
        };
        if !conn.read.starts_with(b"HTTP/1.1 101") {
            let answer = String::from_utf8_lossy(&conn.read).into_owned();
            return Err(format!("no WebSocket at {addr}{path}: {answer}").into());
        }
        conn.taken = end;
        Ok(conn)
    }

    /// A stream on which frames begin at once.
    pub(crate) fn over(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self { stream, read: Vec::with_capacity(READ_BYTES), taken: 0, write: Vec::new() })
    }

    /// Sends a text.
    pub(crate) async fn send(&mut self, text: &[u8]) -> io::Result<()> {
        self.write.clear();
        self.write.push(FIN_TEXT);
        put_length(&mut self.write, text.len(), MASKED);
        // A key of zeros leaves the text as it is. A browser must not choose it; between the two
        // of us it only saves the work of masking here, not that of unmasking there.
        self.write.extend_from_slice(&[0; 4]);
        self.write.extend_from_slice(text);
        self.stream.write_all(&self.write).await
    }

    /// Sends bytes as they are.
    pub(crate) async fn send_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// Sends a sign of life that asks for no answer: a pong that nobody waits for.
    pub(crate) async fn beat(&mut self) -> io::Result<()> {
        self.stream.write_all(&[FIN_PONG, MASKED, 0, 0, 0, 0]).await
    }

    /// The next text.
    pub(crate) async fn next(&mut self) -> Result<&[u8], Failure> {
        loop {
            match frame(&self.read[self.taken..]) {
                Some(Frame { opcode: TEXT, start, end }) => {
                    let (from, to) = (self.taken + start, self.taken + end);
                    self.taken = to;
                    return Ok(&self.read[from..to]);
                }
                Some(Frame { opcode: CLOSE, .. }) => return Err("the node closed".into()),
                Some(frame) => self.taken += frame.end,
                None => self.fill().await?,
            }
        }
    }

    async fn fill(&mut self) -> Result<(), Failure> {
        self.read.drain(..self.taken);
        self.taken = 0;
        match self.stream.read_buf(&mut self.read).await? {
            0 => Err("the connection ended".into()),
            _ => Ok(()),
        }
    }
}

/// A text as a server sends it.
pub(crate) fn server_frame(text: &[u8]) -> Vec<u8> {
    let mut frame = vec![FIN_TEXT];
    put_length(&mut frame, text.len(), 0);
    frame.extend_from_slice(text);
    frame
}

/// Where `wanted` begins in `text`.
pub(crate) fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

struct Frame {
    opcode: u8,
    start: usize,
    end: usize,
}

/// The frame at the start of `bytes`, if it is there whole. Servers do not mask, and ours sends
/// no text in pieces.
fn frame(bytes: &[u8]) -> Option<Frame> {
    let (&opcode, &short) = (bytes.first()?, bytes.get(1)?);
    let (length, start): (usize, usize) = match short {
        126 => (usize::from(u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?)), 4),
        127 => {
            let length = u64::from_be_bytes(*bytes.get(2..)?.first_chunk()?);
            (usize::try_from(length).ok()?, 10)
        }
        short => (usize::from(short), 2),
    };
    let end = start.checked_add(length)?;
    (bytes.len() >= end).then_some(Frame { opcode: opcode & 0x0f, start, end })
}

fn put_length(out: &mut Vec<u8>, length: usize, mask: u8) {
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short), _) if short < 126 => out.push(mask | short),
        (_, Ok(middle)) => {
            out.push(mask | 126);
            out.extend_from_slice(&middle.to_be_bytes());
        }
        _ => {
            out.push(mask | 127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}

const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const FIN_TEXT: u8 = 0x80 | TEXT;
const FIN_PONG: u8 = 0x8a;
const MASKED: u8 = 0x80;
/// Any 16 bytes will do: we do not look at the answer to it.
const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAA==";
const READ_BYTES: usize = 4_096;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn frames_of_every_length_are_read_back() {
        for length in [0, 125, 126, 65_535, 65_536] {
            let text = vec![b'x'; length];
            let bytes = server_frame(&text);
            assert!(frame(&bytes[..bytes.len() - 1]).is_none());
            let read = frame(&bytes).unwrap();
            assert_eq!((read.opcode, &bytes[read.start..read.end]), (TEXT, &text[..]));
        }
    }
}
