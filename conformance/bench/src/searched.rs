//! The same million sentences as messages of a node: how long an answer to a query takes whoever
//! asks over HTTP, and what share of a busy node's work is the index.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use comity::clock;
use comity::writer::{Proposal, Reply, Writer};
use comity_machine::{Act, Answer, Command, DeviceId, SignUpRule};
use comity_protocol::hash::{Hash, Hasher, tag};
use comity_protocol::id::{AccountNumber, ChannelId};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use crate::conn::find;
use crate::load;
use crate::node::{self, Node, Site};
use crate::row::Row;
use crate::search::{CHANNELS, corpus, judge, sentences};
use crate::senders::{open, order};
use crate::stats::Times;
use crate::{Arguments, Failure, Place};

/// The figures of this bench.
pub(crate) const NAMES: [&str; 4] =
    ["search1m.p50_ms", "search1m.p95_ms", "search1m.made_s", "search.rate_loss_percent"];

/// Measures.
pub(crate) fn measure(place: &Place, arguments: &Arguments) -> Result<Vec<Row>, Failure> {
    let program = node::program()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut rows = Vec::new();
    if arguments.wants_any(&NAMES[..3]) {
        rows.extend(runtime.block_on(answers(&program, place))?);
    }
    if arguments.wants(NAMES[3]) {
        rows.push(runtime.block_on(share(&program, place))?);
    }
    Ok(rows)
}

/// How long answers take, one after the other.
async fn answers(program: &Path, place: &Place) -> Result<Vec<Row>, Failure> {
    let (corpus, dir) = (corpus()?, place.path("searched"));
    let queries = judge(&corpus)?;
    let mut site = Site::new(program, dir.clone(), "acme.test");
    site.set("COMITY_LOG__LEVEL", "warn,comity::cli=info".into());
    // The first start makes keys and store.
    site.start()?.kill();
    tokio::task::spawn_blocking(move || populate(&dir, &corpus)).await??;
    let node = site.start()?;
    let mut http = Http::connect(node.clients()).await?;
    let begin = Instant::now();
    while !http.get("/v1/search?q=a").await?["indexed_percent"].is_null() {
        if begin.elapsed() > LONGEST {
            return Err("the index is not made".into());
        }
        sleep(LOOK).await;
    }
    let made = begin.elapsed();
    let mut times = Times::default();
    for order in ["rank", "newest"] {
        for query in &queries {
            let path = format!("/v1/search?order={order}&q={}", encoded(&query.text));
            let begin = Instant::now();
            let found = http.get(&path).await?;
            times.add(begin.elapsed());
            if found["results"].as_array().is_none_or(Vec::is_empty) && !query.relevant.is_empty() {
                return Err(format!("nothing is found: {}", query.text).into());
            }
        }
    }
    Ok(vec![
        Row::new(NAMES[0], times.p50_ms(), "ms").over(ANSWER_STEP_MS),
        Row::new(NAMES[1], times.p95_ms(), "ms").over(ANSWER_STEP_MS),
        Row::new(NAMES[2], made.as_secs_f64(), "s"),
    ])
}

/// The share of a busy node's CPU that the index takes.
async fn share(program: &Path, place: &Place) -> Result<Row, Failure> {
    let node = Site::new(program, place.path("busy"), "acme.test").start()?;
    let ones = node.users("alice", PAIRS).await?;
    let pairs = node::pair_up(ones, node.users("bob", PAIRS).await?).await?;
    let (index, all) = (index_cpu(&node)?, node.cpu()?);
    load::busy(load::connect(&pairs, 1).await?, LENGTH, || node.cpu()).await?;
    let (index, all) = (index_cpu(&node)? - index, node.cpu()? - all);
    Ok(Row::new(NAMES[3], index.as_secs_f64() / all.as_secs_f64() * 100.0, "%"))
}

/// CPU of the threads that keep the index: ours, and those of tantivy.
fn index_cpu(node: &Node) -> Result<Duration, Failure> {
    let names = ["search", "thrd-tantivy-in", "segment_updater", "merge_thread_"];
    node.threads_cpu(|name| names.iter().any(|known| name.starts_with(known)))
}

/// Says each sentence, in five hundred channels of somebody.
fn populate(dir: &Path, corpus: &Path) -> Result<(), Failure> {
    let mut writer = open(dir)?;
    let unix_ms = clock::unix_ms();
    let (name, password, rule) = ("reader".into(), String::new(), SignUpRule::Admin);
    order(&mut writer, Command::CreateAccount { number: READER, name, password, rule, unix_ms })?;
    let token = Hash(Hasher::new(tag::TOKEN).var(TOKEN.as_bytes()).finish().0);
    let name = String::new();
    let device = Command::AddDevice {
        account: READER,
        device: DEVICE,
        name,
        token,
        unix_ms,
        devices_max: 1,
    };
    order(&mut writer, device)?;
    let channels = (0..CHANNELS).map(|number| found(&mut writer, number));
    let channels = channels.collect::<Result<Vec<_>, _>>()?;
    let mut proposals = Vec::new();
    for (number, line) in sentences(corpus)?.enumerate() {
        let line = line?;
        let text = line.split_once('\t').map_or("", |(_, sentence)| sentence);
        let command = perform(Act::send(channels[number % channels.len()], text));
        proposals.push(Proposal { command, reply: Reply::Call(Box::new(drop)) });
        if proposals.len() == AT_ONCE {
            writer.step(std::mem::take(&mut proposals), clock::monotonic_ms())?;
        }
    }
    writer.step(proposals, clock::monotonic_ms())?;
    Ok(writer.finish()?)
}

fn found(writer: &mut Writer, number: u32) -> Result<ChannelId, Failure> {
    let (name, topic) = (format!("channel {number}"), String::new());
    match order(writer, perform(Act::CreateGroup { name, topic, member_limit: 2 }))? {
        Answer::Channel(channel) => Ok(channel),
        _ => Err("no channel".into()),
    }
}

fn perform(act: Act) -> Command {
    Command::Perform {
        account: READER,
        device: DEVICE,
        nonce: None,
        unix_ms: clock::unix_ms(),
        random: clock::random(),
        act,
    }
}

/// One kept connection.
struct Http {
    stream: TcpStream,
    addr: SocketAddr,
}

impl Http {
    async fn connect(addr: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(addr).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, addr })
    }

    async fn get(&mut self, path: &str) -> Result<Value, Failure> {
        let addr = self.addr;
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: {addr}\r\nAuthorization: Bearer {TOKEN}\r\n\r\n");
        self.stream.write_all(request.as_bytes()).await?;
        let mut read = Vec::new();
        loop {
            if let Some(at) = find(&read, b"\r\n\r\n") {
                let head = std::str::from_utf8(&read[..at])?.to_ascii_lowercase();
                let length = head.split_once("content-length: ").ok_or("no length")?.1;
                let length: usize = length.split("\r\n").next().unwrap_or_default().parse()?;
                if read.len() >= at + 4 + length {
                    let body = &read[at + 4..at + 4 + length];
                    return match head.starts_with("http/1.1 200") {
                        true => Ok(serde_json::from_slice(body)?),
                        false => Err(String::from_utf8_lossy(body).into_owned().into()),
                    };
                }
            }
            if self.stream.read_buf(&mut read).await? == 0 {
                return Err("the connection is over".into());
            }
        }
    }
}

/// A text as a query takes it: each byte that is no letter or digit in two of them.
fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b if b.is_ascii_alphanumeric() => char::from(b).to_string(),
        b => format!("%{b:02X}"),
    };
    text.bytes().map(byte).collect()
}

const READER: AccountNumber = AccountNumber(1);
const DEVICE: DeviceId = DeviceId(1);
const TOKEN: &str = "token-of-the-reader";
/// Messages in one step.
const AT_ONCE: usize = 1_000;
/// An answer comes at multiples of this (decision 26).
const ANSWER_STEP_MS: f64 = 10.0;
const LOOK: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(600);
const PAIRS: usize = 100;
/// Long enough for the index to be behind by no more than it always is.
const LENGTH: Duration = Duration::from_secs(90);
