//! The newest messages of a long channel: what reading them costs.

use std::time::Duration;

use comity_client::{Http, Page};
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::node::{self, Node, Site};
use crate::row::Row;
use crate::{Failure, Place};

/// The figures of this bench.
pub(crate) const NAMES: [&str; 1] = ["history1000.cpu_ms"];

/// Measures. The floor is as many answers that need no looking up.
pub(crate) fn measure(place: &Place) -> Result<Vec<Row>, Failure> {
    let program = node::program()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let node = Site::new(&program, place.path("acme"), "acme.test").start()?;
        let user = node.users("alice", 1).await?.remove(0);
        let http = user.http()?;
        let group = http.create_group("long", "").await?;
        let say = |nonce: u64| http.post(&group, TEXT, nonce);
        let all = stream::iter(1..=MESSAGES).map(say).buffer_unordered(AT_ONCE);
        all.try_for_each(async |_| Ok(())).await?;
        // What was just written is still on its way into the store.
        tokio::time::sleep(REST).await;
        let read = cpu_ms(&node, async || newest(&http, &group).await).await?;
        let mut plain = TcpStream::connect(user.addr).await?;
        let floor = cpu_ms(&node, async || described(&mut plain).await).await?;
        Ok(vec![Row::new(NAMES[0], read, "ms").over(floor)])
    })
}

/// CPU of the node for each time that something is done.
async fn cpu_ms(
    node: &Node,
    mut what: impl AsyncFnMut() -> Result<(), Failure>,
) -> Result<f64, Failure> {
    what().await?;
    let before = node.cpu()?;
    for _ in 0..TIMES {
        what().await?;
    }
    let cpu = node.cpu()?.saturating_sub(before);
    Ok(cpu.as_secs_f64() * 1e3 / f64::from(TIMES))
}

/// Reads the thousand newest messages, by pages as large as a node gives them.
async fn newest(http: &Http, group: &str) -> Result<(), Failure> {
    let (mut page, mut seen) = (Page::Latest, 0);
    while seen < WANTED {
        let found = http.history(group, &page, PAGE).await?;
        seen += found.events.len();
        let oldest = found.events.first().ok_or("the history ends too early")?;
        page = Page::Before(oldest.id.clone());
    }
    Ok(())
}

/// Reads as many answers, each a constant and longer than a page: the description of the API.
async fn described(stream: &mut TcpStream) -> Result<(), Failure> {
    for _ in 0..WANTED / PAGE {
        stream.write_all(b"GET /v1/openapi.json HTTP/1.1\r\nHost: acme.test\r\n\r\n").await?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        let head = String::from_utf8(head)?.to_ascii_lowercase();
        let length = head.split_once("content-length:").ok_or("an answer without a length")?.1;
        let length = length.lines().next().unwrap_or_default().trim().parse()?;
        stream.read_exact(&mut vec![0; length]).await?;
    }
    Ok(())
}

const TEXT: &str = "A message of usual length, as people write them.";
const MESSAGES: u64 = 100_000;
const WANTED: usize = 1_000;
const PAGE: usize = 200;
const TIMES: u32 = 100;
const AT_ONCE: usize = 64;
const REST: Duration = Duration::from_secs(5);
