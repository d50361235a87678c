//! Floors for what is waited for: the disk's fdatasync, a WebSocket echo, and an append-only file
//! with many waiting for it. Each is the machine at its best for the work at hand, with nothing
//! of ours in the way.

use std::fs::{File, OpenOptions};
use std::io;
use std::net::Ipv4Addr;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpListener;
use tokio::time::{MissedTickBehavior, interval};
use tokio_tungstenite::accept_async;

use crate::Failure;
use crate::conn::Conn;
use crate::stats::Times;

/// A file whose every block was written, so that a sync has no metadata to write.
pub(crate) struct Preallocated {
    file: File,
    bytes: u64,
    at: u64,
}

impl Preallocated {
    pub(crate) fn create(path: &Path, bytes: u64) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).truncate(true).write(true).open(path)?;
        let zeros = vec![0; 1 << 20];
        for at in (0..bytes).step_by(zeros.len()) {
            file.write_all_at(&zeros, at)?;
        }
        file.sync_all()?;
        Ok(Self { file, bytes, at: 0 })
    }

    /// Appends, beginning anew at the end of the file, and syncs.
    pub(crate) fn append(&mut self, data: &[u8]) -> io::Result<()> {
        let length = data.len() as u64;
        if self.at + length > self.bytes {
            self.at = 0;
        }
        self.file.write_all_at(data, self.at)?;
        self.at += length;
        self.file.sync_data()
    }
}

/// How long a write of `bytes` with its fdatasync takes, at as many a second as the messages
/// that it is a floor for: a disk that rests answers otherwise than one at work.
pub(crate) async fn fdatasync(
    path: &Path,
    bytes: usize,
    rate: u32,
    length: Duration,
) -> Result<Times, Failure> {
    let mut file = Preallocated::create(path, 8 << 20)?;
    let data = vec![b'x'; bytes];
    let mut times = Times::default();
    let mut ticks = ticks(rate);
    for _ in 0..count(rate, length) {
        ticks.tick().await;
        let begin = Instant::now();
        file.append(&data)?;
        times.add(begin.elapsed());
    }
    Ok(times)
}

/// How long a text takes to a WebSocket server in another thread and back.
pub(crate) async fn echo(rate: u32, length: Duration) -> Result<Times, Failure> {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let addr = listener.local_addr()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let server = std::thread::spawn(move || runtime.block_on(serve_echo(listener)));
    let mut times = Times::default();
    {
        let mut conn = Conn::open(addr, "/").await?;
        let mut ticks = ticks(rate);
        for _ in 0..count(rate, length) {
            ticks.tick().await;
            let begin = Instant::now();
            conn.send(&[b'x'; ECHO_BYTES]).await?;
            conn.next().await?;
            times.add(begin.elapsed());
        }
    }
    server.join().map_err(|_| "the echo server panicked")??;
    Ok(times)
}

/// Echoes for one client until it goes.
async fn serve_echo(listener: std::net::TcpListener) -> Result<(), Failure> {
    let (stream, _) = TcpListener::from_std(listener)?.accept().await?;
    stream.set_nodelay(true)?;
    let mut socket = accept_async(stream).await?;
    while let Some(Ok(message)) = socket.next().await {
        if message.is_text() {
            socket.send(message).await?;
        }
    }
    Ok(())
}

fn ticks(rate: u32) -> tokio::time::Interval {
    let mut ticks = interval(Duration::from_secs(1) / rate);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    ticks
}

fn count(rate: u32, length: Duration) -> u64 {
    length.as_secs() * u64::from(rate)
}

/// As long as a send of ours.
const ECHO_BYTES: usize = 180;
