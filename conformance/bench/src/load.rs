//! The load: pairs of users in direct channels. Busy pairs answer each other as fast as they can,
//! one message of a pair under way at a time; paced ones send at fixed moments, whatever became
//! of the message before.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use comity_client::Http;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::Failure;
use crate::conn::{Conn, find};
use crate::stats::Times;

/// A user, ready to connect.
#[derive(Clone, Debug)]
pub(crate) struct User {
    /// Where.
    pub(crate) addr: SocketAddr,
    /// `name@domain`.
    pub(crate) account: String,
    /// The token of his device.
    pub(crate) token: String,
}

impl User {
    /// His HTTP resources.
    pub(crate) fn http(&self) -> Result<Http, Failure> {
        Ok(Http::at(&format!("http://{}", self.addr))?.with_token(&self.token))
    }

    /// His socket, past its welcome.
    pub(crate) async fn connect(&self) -> Result<Conn, Failure> {
        let mut conn = Conn::open(self.addr, "/v1/socket").await?;
        let hello = format!(r#"{{"type":"hello","token":"{}"}}"#, self.token);
        conn.send(hello.as_bytes()).await?;
        let welcome = conn.next().await?;
        if find(welcome, br#""type":"welcome""#).is_none() {
            return Err(format!("no welcome: {}", String::from_utf8_lossy(welcome)).into());
        }
        Ok(conn)
    }
}

/// Two users and the channel between them.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) users: [User; 2],
    pub(crate) channel: String,
}

/// What busy pairs did in a measured time.
pub(crate) struct Busy {
    /// Messages delivered to the other user.
    pub(crate) delivered: u64,
    /// How long it took.
    pub(crate) took: Duration,
    /// CPU that it took, by the meter given.
    pub(crate) cpu: Duration,
}

impl Busy {
    pub(crate) fn rate(&self) -> f64 {
        self.delivered as f64 / self.took.as_secs_f64()
    }

    pub(crate) fn cpu_us(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.delivered.max(1) as f64
    }
}

/// One user's open socket, and what he looks for in it.
pub(crate) struct Seat {
    conn: Conn,
    channel: String,
    /// How an event of the other one shows.
    from_other: String,
    nonce: u64,
}

impl Seat {
    /// Over a connection that is past its welcome. Nonces begin after `nonce`.
    pub(crate) fn new(conn: Conn, channel: &str, other: &str, nonce: u64) -> Self {
        let from_other = format!("\"sender\":\"{other}\"");
        Self { conn, channel: channel.to_owned(), from_other, nonce }
    }

    async fn open(user: &User, channel: &str, other: &str, nonce: u64) -> Result<Self, Failure> {
        Ok(Self::new(user.connect().await?, channel, other, nonce))
    }

    async fn send(&mut self) -> Result<(), Failure> {
        self.nonce += 1;
        let frame = format!(
            r#"{{"type":"send","nonce":"{nonce}","channel":"{channel}","text":"{TEXT}"}}"#,
            nonce = self.nonce,
            channel = self.channel,
        );
        Ok(self.conn.send(frame.as_bytes()).await?)
    }

    /// Waits for a message of the other one.
    async fn receive(&mut self) -> Result<(), Failure> {
        loop {
            let frame = self.conn.next().await?;
            if find(frame, self.from_other.as_bytes()).is_some() {
                return Ok(());
            }
            if find(frame, br#""type":"refused""#).is_some() {
                return Err(format!("refused: {}", String::from_utf8_lossy(frame)).into());
            }
        }
    }
}

/// Connects both users of every pair. `run` tells the nonces of several runs apart.
pub(crate) async fn connect(pairs: &[Pair], run: u64) -> Result<Vec<[Seat; 2]>, Failure> {
    let mut seats = Vec::new();
    for Pair { users: [one, other], channel } in pairs {
        let nonce = run * NONCES_PER_RUN;
        let left = Seat::open(one, channel, &other.account, nonce).await?;
        let right = Seat::open(other, channel, &one.account, nonce).await?;
        seats.push([left, right]);
    }
    Ok(seats)
}

/// Lets pairs be busy for a while, the first part of which is not counted.
pub(crate) async fn busy(
    seats: Vec<[Seat; 2]>,
    length: Duration,
    cpu: impl Fn() -> Result<Duration, Failure>,
) -> Result<Busy, Failure> {
    let delivered = Arc::new(AtomicU64::new(0));
    let mut playing = JoinSet::new();
    for seats in seats {
        playing.spawn(play(seats, Arc::clone(&delivered)));
    }
    let measured = async {
        sleep(WARM_UP).await;
        let (count, used, begin) = (delivered.load(Ordering::Relaxed), cpu()?, Instant::now());
        sleep(length).await;
        Ok(Busy {
            delivered: delivered.load(Ordering::Relaxed) - count,
            took: begin.elapsed(),
            cpu: cpu()?.saturating_sub(used),
        })
    };
    tokio::select! {
        measured = measured => measured,
        Some(ended) = playing.join_next() => Err(ended?),
    }
}

/// Plays until something fails.
async fn play([mut one, mut other]: [Seat; 2], delivered: Arc<AtomicU64>) -> Failure {
    loop {
        if let Err(error) = pass(&mut one, &mut other).await {
            return error;
        }
        delivered.fetch_add(1, Ordering::Relaxed);
        (one, other) = (other, one);
    }
}

async fn pass(from: &mut Seat, to: &mut Seat) -> Result<(), Failure> {
    from.send().await?;
    to.receive().await
}

/// Sends `rate` messages a second for a while, and times each from its sending to its arrival.
pub(crate) async fn paced(
    seats: Vec<[Seat; 2]>,
    rate: u32,
    length: Duration,
) -> Result<Times, Failure> {
    let gap = Duration::from_secs(1) / rate;
    let round = gap * u32::try_from(seats.len())?;
    let begin = Instant::now() + Duration::from_millis(100);
    let mut playing = JoinSet::new();
    for (at, [one, other]) in (0_u32..).zip(seats) {
        playing.spawn(keep_pace(one, other, begin + gap * at, round, begin + length));
    }
    let mut times = Times::default();
    while let Some(played) = playing.join_next().await {
        times.join(played??);
    }
    Ok(times)
}

async fn keep_pace(
    mut one: Seat,
    mut other: Seat,
    mut at: Instant,
    round: Duration,
    end: Instant,
) -> Result<Times, Failure> {
    let mut times = Times::default();
    while at < end {
        sleep_until(at).await;
        let begin = Instant::now();
        timeout(PATIENCE, pass(&mut one, &mut other)).await??;
        times.add(begin.elapsed());
        (one, other) = (other, one);
        at += round;
    }
    Ok(times)
}

/// What does not come in a minute never comes.
pub(crate) async fn within<T>(
    what: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    timeout(LONGEST, what).await?
}

const LONGEST: Duration = Duration::from_secs(60);
/// A short message of 60 bytes, like those that the other servers were measured with.
pub(crate) const TEXT: &str = "Shall we meet at the harbour at noon, or is one too late....";
/// Enough for caches to fill and for the first batch to reach the store.
const WARM_UP: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(10);
/// More than any run sends on one device.
const NONCES_PER_RUN: u64 = 1_000_000;
const _: () = assert!(TEXT.len() == 60);
