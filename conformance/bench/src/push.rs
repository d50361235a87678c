//! Ten thousand notifications a minute, taken by a push service that is slow and fails: whether one
//! is lost, and what people who chat notice of it.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use comity::writer::Writer;
use comity_client::Http;
use comity_machine::{Command, DeviceId, Notify, PushTarget};
use comity_protocol::id::{AccountNumber, ChannelId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, sleep_until};

use crate::conn::find;
use crate::load::{self, TEXT};
use crate::node::{self, Node, Site};
use crate::row::Row;
use crate::senders::{open, order};
use crate::stats::Times;
use crate::storm::{DOMAIN, MEMBERS, USERS, gather_all, token};
use crate::{Failure, Place};

/// The figures of this bench.
pub(crate) const NAMES: [&str; 7] = [
    "push.lost",
    "push.p50_ratio",
    "push.p99_ratio",
    "push.all_told_s",
    "push.tries",
    "push.cpu_us",
    "push.peak_mb",
];

/// Measures: first with nobody to be told, which is the floor, then with everybody.
pub(crate) fn measure(place: &Place) -> Result<Vec<Row>, Failure> {
    let program = node::program()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let service = Service::start()?;
    runtime.block_on(async {
        let (mut node, groups) = crowd(&program, place.path("still"), None).await?;
        let still = minute(&node, &groups).await?;
        let still_mb = node.peak_memory_mb()?;
        node.kill();
        let (node, groups) = crowd(&program, place.path("told"), Some(service.addr)).await?;
        let begin = Instant::now();
        let told = minute(&node, &groups).await?;
        let expected = usize::try_from(USERS)? - groups.len();
        while service.took() < expected && begin.elapsed() < LONGEST {
            sleep(LOOK).await;
        }
        let (took, tries) = (service.took(), service.tries());
        let more_cpu = told.cpu.saturating_sub(still.cpu).as_secs_f64() * 1e6;
        Ok(vec![
            Row::new(NAMES[0], (expected - took.min(expected)) as f64, "").over(0.0),
            Row::new(NAMES[1], told.times.p50_ms() / still.times.p50_ms(), "x").over(1.0),
            Row::new(NAMES[2], told.times.p99_ms() / still.times.p99_ms(), "x").over(1.0),
            Row::new(NAMES[3], begin.elapsed().as_secs_f64(), "s").over(LENGTH.as_secs_f64()),
            Row::new(NAMES[4], tries as f64, "").over(expected as f64),
            Row::new(NAMES[5], more_cpu / expected as f64, "µs"),
            Row::new(NAMES[6], node.peak_memory_mb()?, "MB").over(still_mb),
        ])
    })
}

/// What people who chat saw, and what it cost the node.
struct Minute {
    times: Times,
    cpu: Duration,
}

/// A minute in which each group is told something, while pairs chat.
async fn minute(node: &Node, groups: &[ChannelId]) -> Result<Minute, Failure> {
    let (ones, others) = (node.users("alice", PAIRS).await?, node.users("bob", PAIRS).await?);
    let seats = load::connect(&node::pair_up(ones, others).await?, 1).await?;
    let before = node.cpu()?;
    let (url, groups) = (node.url(), groups.to_vec());
    let speaking = tokio::spawn(async move {
        let (begin, gap) = (Instant::now(), LENGTH / u32::try_from(groups.len())?);
        for (at, group) in (0_u32..).zip(groups) {
            sleep_until(begin + gap * at).await;
            let http = Http::at(&url)?.with_token(token(u64::from(at) * MEMBERS));
            http.post(&group.to_string(), TEXT, 1).await?;
        }
        Ok::<_, Failure>(())
    });
    let times = load::paced(seats, RATE, LENGTH).await?;
    speaking.await??;
    Ok(Minute { times, cpu: node.cpu()?.saturating_sub(before) })
}

/// A node with ten thousand accounts in groups of a hundred, whose devices are told by a service.
async fn crowd(
    program: &Path,
    dir: PathBuf,
    service: Option<SocketAddr>,
) -> Result<(Node, Vec<ChannelId>), Failure> {
    let mut site = Site::new(program, dir.clone(), DOMAIN);
    site.set("COMITY_PUSH__NETWORKS", "[\"127.0.0.1\"]".into());
    // The first start makes keys and store.
    site.start()?.kill();
    let populated = tokio::task::spawn_blocking(move || {
        let mut writer = open(&dir)?;
        let groups = gather_all(&mut writer)?;
        if let Some(service) = service {
            subscribe(&mut writer, service)?;
        }
        Ok::<_, Failure>(groups)
    });
    let groups = populated.await??;
    Ok((site.start()?, groups))
}

/// Has the device of each account told.
fn subscribe(writer: &mut Writer, service: SocketAddr) -> Result<(), Failure> {
    for user in 1..=USERS {
        let (account, device) = (AccountNumber(user), DeviceId(user));
        let target = PushTarget::WebPush {
            endpoint: format!("http://{service}/{user}"),
            key: POINT.to_vec().into(),
            secret: vec![7; 16].into(),
        };
        order(
            writer,
            Command::Notify(Notify::Subscribe { account, device, target, content: true }),
        )?;
    }
    Ok(())
}

/// A push service on a thread of its own: one request in four is refused or broken off, one in
/// seven waits for a second.
struct Service {
    addr: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    took: HashSet<String>,
    tries: u64,
}

impl Service {
    fn start() -> Result<Self, Failure> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let (addr, seen) = (listener.local_addr()?, Arc::<Mutex<Seen>>::default());
        let serving = Arc::clone(&seen);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::spawn(move || {
            runtime.block_on(async move {
                let Ok(listener) = TcpListener::from_std(listener) else { return };
                while let Ok((stream, _)) = listener.accept().await {
                    let seen = Arc::clone(&serving);
                    // A connection that breaks is the node's to notice.
                    tokio::spawn(async move { drop(serve(stream, &seen).await) });
                }
            });
        });
        Ok(Self { addr, seen })
    }

    fn took(&self) -> usize {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).took.len()
    }

    fn tries(&self) -> u64 {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).tries
    }
}

async fn serve(mut stream: TcpStream, seen: &Mutex<Seen>) -> Result<(), Failure> {
    let mut read = Vec::new();
    loop {
        let end = loop {
            if let Some(at) = find(&read, b"\r\n\r\n") {
                break at + 4;
            }
            if stream.read_buf(&mut read).await? == 0 {
                return Ok(());
            }
        };
        let head = String::from_utf8_lossy(&read[..end]).to_ascii_lowercase();
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let length =
            head.split_once("content-length: ").and_then(|(_, rest)| rest.split_once('\r'));
        let length: usize = length.ok_or("no length")?.0.parse()?;
        while read.len() < end + length {
            if stream.read_buf(&mut read).await? == 0 {
                return Ok(());
            }
        }
        read.drain(..end + length);
        let tries = {
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.tries += 1;
            seen.tries
        };
        let answer = match tries % 20 {
            0..=2 => "503 Service Unavailable",
            3 => "429 Too Many Requests\r\nRetry-After: 2",
            4 => return Ok(()),
            _ => "201 Created",
        };
        if (17..20).contains(&(tries % 20)) {
            sleep(SLOW).await;
        }
        if answer.starts_with("201") {
            seen.lock().unwrap_or_else(PoisonError::into_inner).took.insert(path);
        }
        let answer = format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n");
        stream.write_all(answer.as_bytes()).await?;
    }
}

/// Pairs that chat meanwhile.
const PAIRS: usize = 25;
/// Messages a second that they send.
const RATE: u32 = 50;
const LENGTH: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(600);
const LOOK: Duration = Duration::from_millis(200);
const SLOW: Duration = Duration::from_secs(1);
/// The generator of P-256: a point like any other.
const POINT: [u8; 65] = [
    4, 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40,
    0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2,
    0x96, 0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e,
    0x16, 0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51,
    0xf5,
];
