//! 10,000 users who change their presence once a minute, 50 watchers each: what it costs the node
//! beyond the writes themselves. The floor is a server that does nothing but the writes: as many a
//! second, as long, in the same moments, to sockets of its own.

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use comity::clock;
use comity::disk::{DirectoryDisk, Disk};
use comity::journal::{self, FileJournal};
use comity::keys;
use comity::store::{self, Store, StoreId};
use comity::writer::{Proposal, Reply, Writer, WriterSettings};
use comity_machine::{Act, Answer, Command, DeviceId, SignUpRule};
use comity_protocol::hash::{Hasher, tag};
use comity_protocol::id::{AccountId, AccountNumber, ChannelId, WriterId};
use tokio::io::AsyncReadExt;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};

use crate::conn::Conn;
use crate::node::{self, Node, Site};
use crate::row::Row;
use crate::{Failure, Place, cpu};

/// The figures of this bench.
pub(crate) const NAMES: [&str; 5] = [
    "presence10k.core_percent",
    "presence10k.cpu_percent",
    "presence10k.beats_percent",
    "presence10k.frames_per_s",
    "presence10k.memory_mb",
];

/// Measures.
pub(crate) fn measure(place: &Place) -> Result<Vec<Row>, Failure> {
    let program = node::program()?;
    let dir = place.path("presence");
    populate(&dir)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let seen = runtime.block_on(async {
        let mut site = Site::new(&program, dir, DOMAIN);
        site.set("COMITY_LIMITS__SOCKETS_MAX", (USERS + 100).to_string());
        let node = site.start()?;
        seen(&node).await
    })?;
    let floor = floor(&runtime, seen.frames_per_s, seen.frame_bytes)?;
    let beyond = seen.changing_percent - floor;
    Ok(vec![
        Row::new(NAMES[0], beyond, "%").over(floor),
        Row::new(NAMES[1], seen.changing_percent, "%").over(floor),
        Row::new(NAMES[2], seen.beating_percent, "%"),
        Row::new(NAMES[3], seen.frames_per_s, "1/s"),
        Row::new(NAMES[4], seen.memory_mb, "MB"),
    ])
}

/// What the node did.
struct Seen {
    /// While everybody is there and beats, and nobody changes.
    beating_percent: f64,
    /// While everybody changes once a minute besides.
    changing_percent: f64,
    frames_per_s: f64,
    frame_bytes: usize,
    memory_mb: f64,
}

/// What the users of the bench do, and see.
#[derive(Default)]
struct Load {
    is_changing: AtomicBool,
    frames: AtomicU64,
    bytes: AtomicU64,
}

async fn seen(node: &Node) -> Result<Seen, Failure> {
    let addr = node.url().trim_start_matches("http://").parse()?;
    let load = Arc::new(Load::default());
    let mut users = JoinSet::new();
    let begin = Instant::now();
    for at in 0..USERS {
        let mut conn = Conn::open(addr, "/v1/socket").await?;
        let hello = format!(r#"{{"type":"hello","token":"{}"}}"#, token(at));
        conn.send(hello.as_bytes()).await?;
        conn.next().await?;
        users.spawn(be_there(conn, at, begin, Arc::clone(&load)));
    }
    let measured = async {
        // Everybody has seen everybody by then, and has sent a beat or two.
        sleep(WARM_UP).await;
        let beating_percent = percent(node, LENGTH).await?;
        load.is_changing.store(true, Ordering::Relaxed);
        sleep(WARM_UP).await;
        let frames = load.frames.load(Ordering::Relaxed);
        let bytes = load.bytes.load(Ordering::Relaxed);
        let changing_percent = percent(node, LENGTH).await?;
        let frames = load.frames.load(Ordering::Relaxed) - frames;
        let bytes = load.bytes.load(Ordering::Relaxed) - bytes;
        Ok(Seen {
            beating_percent,
            changing_percent,
            frames_per_s: frames as f64 / LENGTH.as_secs_f64(),
            frame_bytes: usize::try_from(bytes / frames.max(1))?,
            memory_mb: node.memory_mb()?,
        })
    };
    tokio::select! {
        measured = measured => measured,
        Some(ended) = users.join_next() => Err(ended?),
    }
}

/// The share of one core that a node takes for a while.
async fn percent(node: &Node, length: Duration) -> Result<f64, Failure> {
    let (before, begin) = (node.cpu()?, Instant::now());
    sleep(length).await;
    let used = node.cpu()?.saturating_sub(before);
    Ok(used.as_secs_f64() * 100.0 / begin.elapsed().as_secs_f64())
}

/// A user beats, changes once a minute while all do, and reads, until something fails.
async fn be_there(mut conn: Conn, at: usize, begin: Instant, load: Arc<Load>) -> Failure {
    // Those who see each other do not change in the same moment, which would be told together.
    let place = u32::try_from(at * STRIDE % USERS).unwrap_or(0);
    let spread = |period: Duration| begin + period * place / USERS_U32;
    let beating = |pace: Duration| {
        let mut beats = interval_at(Instant::now() + pace * (place + 1) / USERS_U32, pace);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        beats
    };
    let mut beats = beating(BEAT);
    let mut changes = interval_at(spread(CHANGE), CHANGE);
    changes.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_away = false;
    loop {
        let done = tokio::select! {
            seen = async { conn.next().await.map(|frame| (frame.len(), asked_pace(frame))) } => {
                seen.map(|(length, pace)| match pace {
                    Some(pace) => beats = beating(pace),
                    None => {
                        load.frames.fetch_add(1, Ordering::Relaxed);
                        load.bytes.fetch_add(length as u64, Ordering::Relaxed);
                    }
                })
            }
            _ = beats.tick() => conn.beat().await.map_err(Into::into),
            _ = changes.tick() => if load.is_changing.load(Ordering::Relaxed) {
                is_away = !is_away;
                let frame = if is_away { AWAY_FRAME } else { ONLINE_FRAME };
                conn.send(frame).await.map_err(Into::into)
            } else {
                Ok(())
            }
        };
        if let Err(error) = done {
            return error;
        }
    }
}

/// How often the node asks for a beat, where that is what a frame says.
fn asked_pace(frame: &[u8]) -> Option<Duration> {
    let digits = frame.strip_prefix(br#"{"type":"heartbeat","heartbeat_ms":""#)?;
    let digits = std::str::from_utf8(digits.strip_suffix(b"\"}")?).ok()?;
    digits.parse().ok().map(Duration::from_millis)
}

/// The share of one core that the writes alone take: frames of the same length, as many a second,
/// in one go every fifth of a second, each to a socket of its own.
fn floor(
    runtime: &tokio::runtime::Runtime,
    frames_per_s: f64,
    frame_bytes: usize,
) -> Result<f64, Failure> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let addr = listener.local_addr()?;
    let accepting = std::thread::spawn(move || -> std::io::Result<Vec<TcpStream>> {
        let mut streams = Vec::new();
        for stream in listener.incoming().take(FLOOR_SOCKETS) {
            let stream = stream?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            streams.push(stream);
        }
        Ok(streams)
    });
    let readers = runtime.block_on(async {
        let mut readers = JoinSet::new();
        for _ in 0..FLOOR_SOCKETS {
            let mut stream = tokio::net::TcpStream::connect(addr).await?;
            readers.spawn(async move {
                let mut bytes = vec![0; 4_096];
                while stream.read(&mut bytes).await.is_ok_and(|count| count > 0) {}
            });
        }
        Ok::<_, std::io::Error>(readers)
    })?;
    let mut streams = accepting.join().map_err(|_| "the floor's thread panicked")??;
    let per_tick = (frames_per_s * TICK.as_secs_f64()).round().to_string().parse::<usize>()?;
    let frame = vec![b'x'; frame_bytes];
    let writing = std::thread::Builder::new().name(FLOOR.into()).spawn(move || {
        let begin = std::time::Instant::now();
        let used = cpu::of_threads(FLOOR).unwrap_or_default();
        let mut next = 0;
        for tick in 1.. {
            let due = begin + TICK * tick;
            if due.duration_since(begin) > FLOOR_LENGTH {
                break;
            }
            std::thread::park_timeout(due.saturating_duration_since(std::time::Instant::now()));
            for _ in 0..per_tick {
                // Not one after another: who is told is spread over all.
                next = (next + STRIDE) % streams.len();
                // A reader that is behind would be told later.
                let _ = streams[next].write(&frame);
            }
        }
        let used = cpu::of_threads(FLOOR).unwrap_or_default().saturating_sub(used);
        used.as_secs_f64() * 100.0 / begin.elapsed().as_secs_f64()
    })?;
    runtime.block_on(async {
        while !writing.is_finished() {
            sleep(TICK).await;
        }
    });
    drop(readers);
    writing.join().map_err(|_| "the floor's thread panicked".into())
}

/// Makes the accounts, each with a device, and the groups by which each is seen by 50 others.
fn populate(dir: &Path) -> Result<(), Failure> {
    let keys = keys::open_or_create(dir, &DOMAIN.parse()?, 2026)?;
    let mut writer = open(dir)?;
    let (key, recovery) = (keys.key.public(), keys.recovery());
    let domain = DOMAIN.to_owned();
    let founding = [
        Command::Found { domain, key, recovery, store: 1 },
        Command::Start { start: 1, writer: WriterId::new(1, 1) },
    ];
    order(&mut writer, founding.into())?;
    for part in (0..USERS).collect::<Vec<_>>().chunks(AT_ONCE) {
        order(&mut writer, part.iter().flat_map(|at| account(*at)).collect())?;
    }
    let lineage = writer.shared().state().lineage();
    for members in (0..USERS).collect::<Vec<_>>().chunks(GROUP) {
        let (owner, others) = members.split_first().ok_or("an empty group")?;
        let (name, topic) = ("team".to_owned(), String::new());
        let found = Act::CreateGroup { name, topic, member_limit: 100 };
        let found = order(&mut writer, vec![perform(*owner, found)])?;
        let Some(Answer::Channel(channel)) = found.into_iter().next() else {
            return Err("no group".into());
        };
        let comes = |at: &usize| come(*owner, *at, channel, lineage);
        order(&mut writer, others.iter().flat_map(comes).collect())?;
    }
    Ok(writer.finish()?)
}

fn account(at: usize) -> [Command; 2] {
    let (account, unix_ms) = (number(at), clock::unix_ms());
    let (name, password, rule) = (format!("user{at}"), String::new(), SignUpRule::Admin);
    [
        Command::CreateAccount { number: account, name, password, rule, unix_ms },
        Command::AddDevice {
            account,
            device: DeviceId(account.0),
            name: String::new(),
            token: Hasher::new(tag::TOKEN).var(token(at).as_bytes()).finish(),
            unix_ms,
            devices_max: 1,
        },
    ]
}

fn come(
    owner: usize,
    at: usize,
    channel: ChannelId,
    lineage: comity_protocol::id::LineageId,
) -> [Command; 2] {
    let (account, label) =
        (AccountId { lineage, number: number(at) }, format!("user{at}@{DOMAIN}"));
    [perform(owner, Act::Invite { channel, account, label }), perform(at, Act::Accept { channel })]
}

fn number(at: usize) -> AccountNumber {
    AccountNumber(at as u64 + 1)
}

fn token(at: usize) -> String {
    format!("token-of-user-{at}")
}

fn perform(at: usize, act: Act) -> Command {
    let account = number(at);
    Command::Perform {
        account,
        device: DeviceId(account.0),
        nonce: None,
        unix_ms: clock::unix_ms(),
        random: clock::random(),
        act,
    }
}

/// Commands in one step; their answers.
fn order(writer: &mut Writer, commands: Vec<Command>) -> Result<Vec<Answer>, Failure> {
    let (tell, told) = std::sync::mpsc::sync_channel(commands.len());
    let proposals = commands.into_iter().map(|command| {
        let tell = tell.clone();
        // Nobody listens only after a failure.
        let reply = Reply::Call(Box::new(move |answer| drop(tell.send(answer))));
        Proposal { command, reply }
    });
    writer.step(proposals.collect::<Vec<_>>(), clock::monotonic_ms())?;
    drop(tell);
    let answers: Vec<Answer> = told.iter().collect();
    match answers.iter().find(|answer| matches!(answer, Answer::Refused(_))) {
        Some(refused) => Err(format!("refused: {refused:?}").into()),
        None => Ok(answers),
    }
}

fn open(dir: &Path) -> Result<Writer, Failure> {
    let disk =
        |name| DirectoryDisk::open(&dir.join(name)).map(|disk| Arc::new(disk) as Arc<dyn Disk>);
    let settings = store::Settings::default();
    let id = StoreId(clock::random());
    let store = Arc::new(Store::open(disk("store")?, "comity.redb", settings, id)?);
    let settings = journal::Settings::new(clock::random_number());
    let journal = FileJournal::open(disk("journal")?, settings, 0)?;
    Ok(Writer::open(Box::new(journal), store, WriterSettings::default(), clock::monotonic_ms())?)
}

const DOMAIN: &str = "acme.test";
const USERS: usize = USERS_U32 as usize;
const USERS_U32: u32 = 10_000;
/// Each of so many sees the others.
const GROUP: usize = 51;
const AT_ONCE: usize = 500;
/// As a node asks for it that has few devices.
const BEAT: Duration = Duration::from_secs(5);
const CHANGE: Duration = Duration::from_secs(60);
const AWAY_FRAME: &[u8] = br#"{"type":"presence","state":"away"}"#;
const ONLINE_FRAME: &[u8] = br#"{"type":"presence","state":"online"}"#;
const WARM_UP: Duration = Duration::from_secs(10);
const LENGTH: Duration = Duration::from_secs(60);
/// How long changes are gathered.
const TICK: Duration = Duration::from_millis(200);
const FLOOR: &str = "floor";
const FLOOR_LENGTH: Duration = Duration::from_secs(20);
/// Both ends of all are in this process, which may have 20,000 descriptors.
const FLOOR_SOCKETS: usize = 9_500;
/// Has no divisor in common with the number of sockets, nor of users.
const STRIDE: usize = 1_237;
