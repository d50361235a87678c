//! A message in a group of 100 members on one node: what each delivery costs when messages come
//! singly, and when they come in bursts.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::conn::{Conn, find, server_frame};
use crate::load::{TEXT, User, within};
use crate::node::{self, Node, Site};
use crate::row::Row;
use crate::{Arguments, Failure, Place, cpu};

/// The figures of this bench.
pub(crate) const NAMES: [&str; 2] = ["group100.cpu_us", "group100.burst_cpu_us"];

/// Measures.
pub(crate) fn measure(place: &Place, arguments: &Arguments) -> Result<Vec<Row>, Failure> {
    let program = node::program()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let node = Site::new(&program, place.path("acme"), "acme.test").start()?;
        let users = node.users("user", MEMBERS).await?;
        let group = gather(&users).await?;
        let mut crowd = Crowd::open(&users, &group).await?;
        let mut rows = Vec::new();
        for (name, burst) in NAMES.into_iter().zip([1, BURST]) {
            if arguments.wants(name) {
                let ours = crowd.cpu_us(&node, burst).await?;
                let floor = floor(burst).await?;
                rows.push(Row::new(name, ours, "µs").over(floor));
            }
        }
        Ok(rows)
    })
}

/// A group of all of them.
async fn gather(users: &[User]) -> Result<String, Failure> {
    let owner = users[0].http()?;
    let group = owner.create_group("crowd", "").await?;
    for user in &users[1..] {
        owner.invite(&group, &user.account).await?;
        user.http()?.accept(&group).await?;
    }
    Ok(group)
}

/// The members on their sockets, the first of whom speaks.
struct Crowd {
    speaker: Conn,
    heard: Arc<Heard>,
    hearing: JoinSet<Failure>,
    group: String,
    nonce: u64,
}

/// How many deliveries the others had, and how many are awaited.
#[derive(Default)]
struct Heard {
    count: AtomicU64,
    awaited: AtomicU64,
    all: Notify,
}

impl Crowd {
    async fn open(users: &[User], group: &str) -> Result<Self, Failure> {
        let heard = Arc::new(Heard::default());
        let mut hearing = JoinSet::new();
        for user in &users[1..] {
            let (conn, heard) = (user.connect().await?, Arc::clone(&heard));
            hearing.spawn(async move { hear(conn, &heard).await.err().unwrap_or("over".into()) });
        }
        let speaker = users[0].connect().await?;
        Ok(Self { speaker, heard, hearing, group: group.to_owned(), nonce: 0 })
    }

    /// CPU of the node for each delivery, in rounds of so many messages.
    async fn cpu_us(&mut self, node: &Node, burst: u64) -> Result<f64, Failure> {
        for _ in 0..WARM_UP_ROUNDS {
            within(self.round(burst)).await?;
        }
        let (before, begin, mut messages) = (node.cpu()?, Instant::now(), 0);
        while begin.elapsed() < LENGTH {
            within(self.round(burst)).await?;
            messages += burst;
        }
        let cpu = node.cpu()?.saturating_sub(before);
        Ok(cpu.as_secs_f64() * 1e6 / (messages * MEMBERS as u64) as f64)
    }

    /// Says so many messages at once, and waits until all members have all of them.
    async fn round(&mut self, burst: u64) -> Result<(), Failure> {
        self.heard.awaited.fetch_add(burst * (MEMBERS as u64 - 1), Ordering::SeqCst);
        for _ in 0..burst {
            self.nonce += 1;
            let frame = format!(
                r#"{{"type":"send","nonce":"{}","channel":"{}","text":"{TEXT}"}}"#,
                self.nonce, self.group,
            );
            self.speaker.send(frame.as_bytes()).await?;
        }
        let (mut stored, mut own) = (0, 0);
        while stored < burst || own < burst {
            let frame = self.speaker.next().await?;
            stored += u64::from(find(frame, br#""type":"stored""#).is_some());
            own += u64::from(is_message(frame));
        }
        let Self { heard, hearing, .. } = self;
        loop {
            let all = heard.all.notified();
            if heard.count.load(Ordering::SeqCst) >= heard.awaited.load(Ordering::SeqCst) {
                return Ok(());
            }
            tokio::select! {
                () = all => {}
                Some(ended) = hearing.join_next() => return Err(ended?),
            }
        }
    }
}

async fn hear(mut conn: Conn, heard: &Heard) -> Result<(), Failure> {
    loop {
        if is_message(conn.next().await?)
            && heard.count.fetch_add(1, Ordering::SeqCst) + 1
                >= heard.awaited.load(Ordering::SeqCst)
        {
            heard.all.notify_one();
        }
    }
}

fn is_message(frame: &[u8]) -> bool {
    find(frame, br#""kind":"message""#).is_some()
}

/// CPU for each delivery of a thread that writes the frames of a round to each member at once, with
/// frames as long as ours and nothing understood, kept or shared: one write(2) for each member.
async fn floor(burst: u64) -> Result<f64, Failure> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let (mut members, mut served) = (Vec::new(), Vec::new());
    for _ in 0..MEMBERS {
        let client = TcpStream::connect(listener.local_addr()?)?;
        client.set_nonblocking(true)?;
        client.set_nodelay(true)?;
        members.push(Conn::over(tokio::net::TcpStream::from_std(client)?)?);
        let (stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        served.push(stream);
    }
    let frames = server_frame(&[b' '; FRAME_BYTES]).repeat(usize::try_from(burst)?);
    let relay = move || -> std::io::Result<()> {
        loop {
            // One byte asks for a round; the end of it ends this.
            served[0].read_exact(&mut [0])?;
            for stream in &mut served {
                stream.write_all(&frames)?;
            }
        }
    };
    std::thread::Builder::new().name(THREAD.into()).spawn(relay)?;
    let (mut rounds, begin) = (0_u64, Instant::now());
    let before = cpu::of_threads(THREAD)?;
    while begin.elapsed() < FLOOR_LENGTH {
        members[0].send_raw(&[1]).await?;
        for member in &mut members {
            for _ in 0..burst {
                member.next().await?;
            }
        }
        rounds += 1;
    }
    let cpu = cpu::of_threads(THREAD)?.saturating_sub(before);
    Ok(cpu.as_secs_f64() * 1e6 / (rounds * burst * MEMBERS as u64) as f64)
}

const MEMBERS: usize = 100;
/// Messages of a burst.
const BURST: u64 = 16;
const WARM_UP_ROUNDS: u32 = 50;
const LENGTH: Duration = Duration::from_secs(8);
const FLOOR_LENGTH: Duration = Duration::from_secs(3);
/// An event frame with a message of 60 bytes.
const FRAME_BYTES: usize = 310;
/// What of this process is counted for the floor.
const THREAD: &str = "group relay";
