//! 256 senders at the writer, without sockets: what the node's heart makes of a disk that an
//! append-only file would have to itself. Both are asked in the same way, by tasks that each wait
//! for an answer before they ask again, through a queue to one thread.

use std::future::Future;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use comity::clock;
use comity::disk::{DirectoryDisk, Disk};
use comity::journal::{self, FileJournal};
use comity::store::{self, Store, StoreId};
use comity::writer::{Proposal, Reply, Writer, WriterHandle, WriterSettings, WriterThread};
use comity_machine::{Act, Answer, Command, DeviceId, SignUpRule};
use comity_protocol::hash::Hash;
use comity_protocol::id::{AccountId, AccountNumber, ChannelId, WriterId};
use comity_protocol::key::NodePublicKey;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::floor::Preallocated;
use crate::row::Row;
use crate::{Failure, Place, cpu};

/// The figures of this bench.
pub(crate) const NAMES: [&str; 4] =
    ["senders256.over_append", "senders256.rate", "senders256.cpu_us", "senders256.writer_cpu_us"];

/// Measures.
pub(crate) fn measure(place: &Place) -> Result<Vec<Row>, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let file = place.path("append");
        let before = append(&file).await?;
        let ours = writer(&place.path("writer")).await?;
        let after = append(&file).await?;
        let both = before.join(&after);
        Ok(vec![
            Row::new("senders256.over_append", ours.rate() / both.rate(), "x").over(1.0),
            Row::new("senders256.rate", ours.rate(), "1/s").over(both.rate()),
            Row::new("senders256.cpu_us", ours.per_message_us(ours.cpu), "µs")
                .over(both.per_message_us(both.cpu)),
            Row::new("senders256.writer_cpu_us", ours.per_message_us(ours.thread_cpu), "µs")
                .over(both.per_message_us(both.thread_cpu)),
        ])
    })
}

/// What was done in a measured time.
#[derive(Clone, Copy, Debug)]
struct Done {
    messages: u64,
    took: Duration,
    /// CPU of the whole process, senders too.
    cpu: Duration,
    /// CPU of the one thread that writes.
    thread_cpu: Duration,
}

impl Done {
    fn join(&self, other: &Done) -> Done {
        Done {
            messages: self.messages + other.messages,
            took: self.took + other.took,
            cpu: self.cpu + other.cpu,
            thread_cpu: self.thread_cpu + other.thread_cpu,
        }
    }

    fn rate(&self) -> f64 {
        self.messages as f64 / self.took.as_secs_f64()
    }

    fn per_message_us(&self, cpu: Duration) -> f64 {
        cpu.as_secs_f64() * 1e6 / self.messages.max(1) as f64
    }
}

/// Runs one future a sender for a while, each of which counts what it was answered, and takes
/// what was done after the warm-up.
async fn ask<F>(thread: &str, length: Duration, send: impl Fn(usize, Count) -> F) -> Outcome
where
    F: Future<Output = Failure> + Send + 'static,
{
    let count = Count::default();
    let mut senders = JoinSet::new();
    for sender in 0..SENDERS {
        senders.spawn(send(sender, count.clone()));
    }
    let measured = async {
        tokio::time::sleep(WARM_UP).await;
        let messages = count.load(Ordering::Relaxed);
        let (begin, all, one) = (Instant::now(), cpu::of_this_process()?, cpu::of_threads(thread)?);
        tokio::time::sleep(length).await;
        Ok(Done {
            messages: count.load(Ordering::Relaxed) - messages,
            took: begin.elapsed(),
            cpu: cpu::of_this_process()?.saturating_sub(all),
            thread_cpu: cpu::of_threads(thread)?.saturating_sub(one),
        })
    };
    tokio::select! {
        measured = measured => measured,
        Some(failed) = senders.join_next() => Err(failed?),
    }
}

type Count = Arc<AtomicU64>;
type Outcome = Result<Done, Failure>;

/// The writer, on a store and a journal like a node's.
async fn writer(dir: &Path) -> Outcome {
    let mut writer = open(dir)?;
    let channels = populate(&mut writer)?;
    let failed = |_: &comity::writer::StepError| ();
    let (thread, handle) = WriterThread::start(writer, failed)?;
    let done = ask("writer", LENGTH, |sender, count| {
        send(handle.clone(), sender as u64, channels[sender / 2], count)
    })
    .await;
    tokio::task::spawn_blocking(move || thread.stop()).await??;
    done
}

/// A writer on the store and the journal of a directory.
pub(crate) fn open(dir: &Path) -> Result<Writer, Failure> {
    let disk =
        |name| DirectoryDisk::open(&dir.join(name)).map(|disk| Arc::new(disk) as Arc<dyn Disk>);
    let settings = store::Settings::default();
    let id = StoreId(clock::random());
    let store = Arc::new(Store::open(disk("store")?, "comity.redb", settings, id)?);
    let settings = journal::Settings::new(clock::random_number());
    let journal = FileJournal::open(disk("journal")?, settings, 0)?;
    Ok(Writer::open(Box::new(journal), store, WriterSettings::default(), clock::monotonic_ms())?)
}

/// Makes the organisation, the accounts with a device each, and the channels between neighbours.
fn populate(writer: &mut Writer) -> Result<Vec<ChannelId>, Failure> {
    let key = NodePublicKey::from_bytes(&KEY).map_err(|_| "not a key")?;
    let domain = DOMAIN.to_owned();
    order(writer, Command::Found { domain, key, recovery: Hash([1; 32]), store: 1 })?;
    order(writer, Command::Start { start: 1, writer: WriterId::new(1, 1) })?;
    for sender in 0..SENDERS as u64 {
        let (number, name) = (AccountNumber(sender + 1), format!("user{sender}"));
        let (password, rule) = (String::new(), SignUpRule::Admin);
        let unix_ms = clock::unix_ms();
        order(writer, Command::CreateAccount { number, name, password, rule, unix_ms })?;
        order(
            writer,
            Command::AddDevice {
                account: number,
                device: DeviceId(sender + 1),
                name: String::new(),
                token: Hash(clock::random()),
                unix_ms,
                devices_max: 1,
            },
        )?;
    }
    (0..SENDERS as u64)
        .step_by(2)
        .map(|sender| {
            let lineage = writer.shared().state().lineage();
            let other = AccountId { lineage, number: AccountNumber(sender + 2) };
            let label = format!("user{}@{DOMAIN}", sender + 1);
            match order(writer, perform(sender, 1, Act::OpenDirect { account: other, label }))? {
                Answer::Channel(channel) => Ok(channel),
                answer => Err(format!("no channel: {answer:?}").into()),
            }
        })
        .collect()
}

/// One command in a step of its own.
pub(crate) fn order(writer: &mut Writer, command: Command) -> Result<Answer, Failure> {
    let (tell, mut told) = oneshot::channel();
    writer.step([Proposal { command, reply: Reply::Send(tell) }], clock::monotonic_ms())?;
    match told.try_recv()? {
        Answer::Refused(code) => Err(format!("refused: {code:?}").into()),
        answer => Ok(answer),
    }
}

fn perform(sender: u64, nonce: u64, act: Act) -> Command {
    Command::Perform {
        account: AccountNumber(sender + 1),
        device: DeviceId(sender + 1),
        nonce: Some(nonce),
        unix_ms: clock::unix_ms(),
        random: clock::random(),
        act,
    }
}

/// Sends until something fails.
async fn send(handle: WriterHandle, sender: u64, channel: ChannelId, count: Count) -> Failure {
    for nonce in 2.. {
        let act = Act::send(channel, "x".repeat(RECORD_BYTES));
        match handle.perform(perform(sender, nonce, act)).await {
            Ok(Answer::Stored { .. }) => count.fetch_add(1, Ordering::Relaxed),
            Ok(answer) => return format!("not stored: {answer:?}").into(),
            Err(error) => return error.into(),
        };
    }
    "out of nonces".into()
}

/// The append-only file.
async fn append(path: &Path) -> Outcome {
    let file = Preallocated::create(path, FILE_BYTES)?;
    let queue = Arc::new(Queue::default());
    let served = Arc::clone(&queue);
    let thread =
        std::thread::Builder::new().name(APPENDER.into()).spawn(move || write(file, &served))?;
    let done = ask(APPENDER, FLOOR_LENGTH, |_, count| append_on(Arc::clone(&queue), count)).await;
    queue.lock().ended = true;
    queue.changed.notify_one();
    thread.join().map_err(|_| "the appender panicked")??;
    done
}

async fn append_on(queue: Arc<Queue>, count: Count) -> Failure {
    loop {
        if let Err(error) = queue.append(vec![b'x'; RECORD_BYTES]).await {
            return error.into();
        }
        count.fetch_add(1, Ordering::Relaxed);
    }
}

/// Records wait here for the thread that appends.
#[derive(Default)]
struct Queue {
    inner: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    waiting: Vec<(Vec<u8>, oneshot::Sender<()>)>,
    ended: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn append(&self, record: Vec<u8>) -> oneshot::Receiver<()> {
        let (tell, told) = oneshot::channel();
        let mut inner = self.lock();
        inner.waiting.push((record, tell));
        let was_empty = inner.waiting.len() == 1;
        drop(inner);
        if was_empty {
            self.changed.notify_one();
        }
        told
    }
}

fn write(mut file: Preallocated, queue: &Queue) -> std::io::Result<()> {
    let mut data = Vec::new();
    loop {
        let batch = {
            let idle = |inner: &mut Waiting| inner.waiting.is_empty() && !inner.ended;
            let waited = queue.changed.wait_while(queue.lock(), idle);
            let mut inner = waited.unwrap_or_else(PoisonError::into_inner);
            if inner.ended {
                return Ok(());
            }
            std::mem::take(&mut inner.waiting)
        };
        data.clear();
        batch.iter().for_each(|(record, _)| data.extend_from_slice(record));
        file.append(&data)?;
        for (_, tell) in batch {
            // Whoever waited may have gone.
            let _ = tell.send(());
        }
    }
}

const SENDERS: usize = 256;
const RECORD_BYTES: usize = 300;
const DOMAIN: &str = "acme.test";
const APPENDER: &str = "appender";
/// Long enough to wrap around rarely.
const FILE_BYTES: u64 = 64 << 20;
const WARM_UP: Duration = Duration::from_secs(1);
const LENGTH: Duration = Duration::from_secs(8);
const FLOOR_LENGTH: Duration = Duration::from_secs(3);
/// The public key of the first example in RFC 8032 section 7.1.
const KEY: [u8; 32] = [
    0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a,
    0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a,
];
