//! A node was away, and all its devices come back: 10,000 of them within ten seconds, each a
//! hundred messages behind. How long until all have caught up, and what it takes.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use comity::clock;
use comity::writer::Writer;
use comity_client::Http;
use comity_machine::{Act, Answer, Command, DeviceId, SignUpRule};
use comity_protocol::hash::{Hash, Hasher, tag};
use comity_protocol::id::{AccountId, AccountNumber, ChannelId};
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use crate::conn::{Conn, find};
use crate::load::TEXT;
use crate::node::{self, Site};
use crate::row::Row;
use crate::senders::{open, order};
use crate::{Failure, Place};

/// The figures of this bench.
pub(crate) const NAMES: [&str; 3] =
    ["reconnect10k.caught_up_s", "reconnect10k.peak_mb", "reconnect10k.refused"];

/// Measures. The floor of the time is that over which the devices come back; that of the memory is
/// what the node holds before they do.
pub(crate) fn measure(place: &Place) -> Result<Vec<Row>, Failure> {
    let program = node::program()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let dir = place.path("acme");
        let site = Site::new(&program, dir.clone(), DOMAIN);
        // The first start makes keys and store.
        site.start()?.kill();
        let groups = tokio::task::spawn_blocking(move || populate(&dir)).await??;
        let node = site.start()?;
        let cursor = cursor(node.clients()).await?;
        talk(&node.url(), &groups).await?;
        let before = node.memory_mb()?;
        let refused = Arc::new(AtomicU64::new(0));
        let took = all_back(node.clients(), &cursor, &refused).await?;
        Ok(vec![
            Row::new(NAMES[0], took.as_secs_f64(), "s").over(SPAN.as_secs_f64()),
            Row::new(NAMES[1], node.peak_memory_mb()?, "MB").over(before),
            Row::new(NAMES[2], refused.load(Ordering::Relaxed) as f64, ""),
        ])
    })
}

/// Makes the accounts, each with a device, and groups of a hundred.
fn populate(dir: &Path) -> Result<Vec<ChannelId>, Failure> {
    gather_all(&mut open(dir)?)
}

/// The same by a writer.
pub(crate) fn gather_all(writer: &mut Writer) -> Result<Vec<ChannelId>, Failure> {
    for user in 0..USERS {
        let (number, unix_ms) = (AccountNumber(user + 1), clock::unix_ms());
        let (name, password, rule) = (format!("user{user}"), String::new(), SignUpRule::Admin);
        order(writer, Command::CreateAccount { number, name, password, rule, unix_ms })?;
        let token = Hasher::new(tag::TOKEN).var(token(user).as_bytes()).finish();
        let device = Command::AddDevice {
            account: number,
            device: DeviceId(user + 1),
            name: String::new(),
            token: Hash(token.0),
            unix_ms,
            devices_max: 1,
        };
        order(writer, device)?;
    }
    (0..USERS / MEMBERS).map(|group| gather(writer, group * MEMBERS)).collect()
}

fn gather(writer: &mut Writer, first: u64) -> Result<ChannelId, Failure> {
    let member_limit = u32::try_from(MEMBERS)?;
    let create = Act::CreateGroup { name: "crowd".into(), topic: String::new(), member_limit };
    let Answer::Channel(channel) = order(writer, perform(first, create))? else {
        return Err("no group".into());
    };
    let lineage = writer.shared().state().lineage();
    for user in first + 1..first + MEMBERS {
        let account = AccountId { lineage, number: AccountNumber(user + 1) };
        let label = format!("user{user}@{DOMAIN}");
        order(writer, perform(first, Act::Invite { channel, account, label }))?;
        order(writer, perform(user, Act::Accept { channel }))?;
    }
    Ok(channel)
}

fn perform(user: u64, act: Act) -> Command {
    Command::Perform {
        account: AccountNumber(user + 1),
        device: DeviceId(user + 1),
        nonce: None,
        unix_ms: clock::unix_ms(),
        random: clock::random(),
        act,
    }
}

/// Where the feed is now: one cursor for all, since it is a place in the node's own order.
async fn cursor(addr: SocketAddr) -> Result<String, Failure> {
    let mut conn = Conn::open(addr, "/v1/socket").await?;
    let hello = format!(r#"{{"type":"hello","token":"{}"}}"#, token(0));
    conn.send(hello.as_bytes()).await?;
    let welcome = String::from_utf8(conn.next().await?.to_vec())?;
    let cursor = welcome.split_once(r#""cursor":""#).and_then(|(_, rest)| rest.split_once('"'));
    Ok(cursor.ok_or("no cursor")?.0.to_owned())
}

/// What was said while everybody was away.
async fn talk(url: &str, groups: &[ChannelId]) -> Result<(), Failure> {
    let said = (0_u64..).zip(groups).map(|(at, group)| async move {
        let http = Http::at(url)?.with_token(token(at * MEMBERS));
        for nonce in 1..=BEHIND {
            http.post(&group.to_string(), TEXT, nonce).await?;
        }
        Ok::<_, Failure>(())
    });
    stream::iter(said).buffer_unordered(AT_ONCE).try_for_each(async |()| Ok(())).await?;
    // What was just written is still on its way into the store.
    sleep(REST).await;
    Ok(())
}

/// How long it takes until all have come back and caught up.
async fn all_back(
    addr: SocketAddr,
    cursor: &str,
    refused: &Arc<AtomicU64>,
) -> Result<Duration, Failure> {
    let begin = Instant::now();
    let mut devices = JoinSet::new();
    for user in 0..USERS {
        let at = begin + SPAN.mul_f64(user as f64 / USERS as f64);
        let hello = format!(r#"{{"type":"hello","token":"{}","cursor":"{cursor}"}}"#, token(user));
        let refused = Arc::clone(refused);
        devices.spawn(async move {
            sleep_until(at).await;
            loop {
                match catch_up(addr, &hello).await {
                    Ok(conn) => return conn,
                    Err(_) => {
                        refused.fetch_add(1, Ordering::Relaxed);
                        sleep(AGAIN).await;
                    }
                }
            }
        });
    }
    // Whoever has caught up stays.
    let mut here = Vec::new();
    while let Some(conn) = devices.join_next().await {
        here.push(conn?);
        if begin.elapsed() > LONGEST {
            return Err(format!("only {} of {USERS} are back", here.len()).into());
        }
    }
    Ok(begin.elapsed())
}

async fn catch_up(addr: SocketAddr, hello: &str) -> Result<Conn, Failure> {
    let mut conn = Conn::open(addr, "/v1/socket").await?;
    conn.send(hello.as_bytes()).await?;
    let mut messages = 0;
    while messages < BEHIND {
        let frame = conn.next().await?;
        if find(frame, br#""type":"goodbye""#).is_some() {
            return Err("sent away".into());
        }
        messages += u64::from(find(frame, br#""kind":"message""#).is_some());
    }
    Ok(conn)
}

/// The token of a user's device.
pub(crate) fn token(user: u64) -> String {
    format!("token-of-user-{user}")
}

pub(crate) const DOMAIN: &str = "acme.test";
pub(crate) const USERS: u64 = 10_000;
pub(crate) const MEMBERS: u64 = 100;
/// Messages that each device has not seen.
const BEHIND: u64 = 100;
/// Over which the devices come back.
const SPAN: Duration = Duration::from_secs(10);
const AGAIN: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(120);
const AT_ONCE: usize = 100;
const REST: Duration = Duration::from_secs(5);
