//! An organisation joins a group: how long it takes from the accept to the newest page, of a group
//! with a long history and, as the floor, of one with a short one.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use comity_client::{Content, History, Http, Page};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::federated::Federation;
use crate::load::{User, within};
use crate::node;
use crate::row::Row;
use crate::{Failure, Place};

/// The figures of this bench.
pub(crate) const NAMES: [&str; 2] = ["join.first_page_ms", "join.all_ms"];

/// Measures.
pub(crate) fn measure(place: &Place) -> Result<Vec<Row>, Failure> {
    let program = node::program()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let federation = Federation::start(&program, place).await?;
        let [acme, globex] = &federation.nodes;
        let users = (acme.users("alice", 1).await?, globex.users("bob", 1).await?);
        let (alice, bob) = (Guest::of(&users.0[0])?, Guest::of(&users.1[0])?);
        // The first join links the nodes to each other.
        within(join(&alice, &bob, 1)).await?;
        let (mut short, mut long) = (Vec::new(), Vec::new());
        for _ in 0..TIMES {
            short.push(within(join(&alice, &bob, SHORT)).await?);
            long.push(within(join(&alice, &bob, LONG)).await?);
        }
        let row = |name, of: fn(&Joined) -> Duration| {
            let (value, floor) = (median(&long, of), median(&short, of));
            Row::new(name, value, "ms").over(floor)
        };
        Ok(vec![row(NAMES[0], |joined| joined.page), row(NAMES[1], |joined| joined.all)])
    })
}

/// Somebody who reads and writes over HTTP.
struct Guest {
    http: Http,
    account: String,
    /// The last nonce used.
    nonces: AtomicU64,
}

/// How long a join took from the accept on.
struct Joined {
    /// To the newest page.
    page: Duration,
    /// To all of the history.
    all: Duration,
}

impl Guest {
    fn of(user: &User) -> Result<Self, Failure> {
        let http = user.http()?;
        Ok(Self { http, account: user.account.clone(), nonces: AtomicU64::new(0) })
    }
}

/// A new group with so many messages lets somebody of another organisation in.
async fn join(alice: &Guest, bob: &Guest, messages: u64) -> Result<Joined, Failure> {
    let group = alice.http.create_group("long", "").await?;
    let first = alice.nonces.fetch_add(messages, Ordering::Relaxed) + 1;
    let say = |nonce: u64| alice.http.post(&group, TEXT, nonce);
    stream::iter(first..first + messages)
        .map(say)
        .buffer_unordered(AT_ONCE)
        .try_collect::<Vec<_>>()
        .await?;
    alice.http.invite(&group, &bob.account).await?;
    while !bob.http.channels().await?.iter().any(|channel| channel.id == group) {}
    // What was just written is still on its way into the stores.
    tokio::time::sleep(REST).await;
    let start = Instant::now();
    bob.http.accept(&group).await?;
    loop {
        // Before he is in, there is no such channel for him.
        let found = bob.http.history(&group, &Page::Latest, PAGE).await;
        if found.is_ok_and(|found| shows_messages(&found, messages, OTHERS)) {
            break;
        }
    }
    let page = start.elapsed();
    let oldest = Page::AtDate(BEGINNING.into());
    while bob.http.history(&group, &oldest, 1).await?.pending {}
    Ok(Joined { page, all: start.elapsed() })
}

/// Whether a page has as many messages as it can beside so many other events.
pub(crate) fn shows_messages(page: &History, messages: u64, others: usize) -> bool {
    let is_message = |content: &Content| matches!(content, Content::Message { .. });
    let shown = page.events.iter().filter(|event| is_message(&event.content)).count() as u64;
    !page.pending && shown >= messages.min((PAGE - others) as u64)
}

fn median(joins: &[Joined], of: fn(&Joined) -> Duration) -> f64 {
    median_ms(&joins.iter().map(of).collect::<Vec<_>>())
}

/// The one in the middle, in milliseconds.
pub(crate) fn median_ms(took: &[Duration]) -> f64 {
    let mut took = took.to_vec();
    took.sort_unstable();
    took[took.len() / 2].as_secs_f64() * 1e3
}

pub(crate) const TEXT: &str = "A message of usual length, as people write them.";
/// Longer than a node waits before it brings its store up to date.
const REST: Duration = Duration::from_secs(2);
const SHORT: u64 = 100;
const LONG: u64 = 10_000;
const TIMES: usize = 5;
const AT_ONCE: usize = 64;
pub(crate) const PAGE: usize = 50;
/// What the newest page shows besides messages: somebody invited, and in.
pub(crate) const OTHERS: usize = 2;
const BEGINNING: &str = "2026-01-01";
