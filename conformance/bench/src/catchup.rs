//! A node that was away catches up: how long that takes, what it costs, and what goes over the
//! wire.

use std::time::{Duration, Instant};

use comity_client::{Content, Http, Page};
use comity_relay::{Conditions, Relay};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::bulk::{MESSAGES, text};
use crate::federated::Federation;
use crate::load::{Pair, within};
use crate::node;
use crate::row::Row;
use crate::{Failure, Place};

/// The figures of this bench.
pub(crate) const NAMES: [&str; 3] = ["catchup100k.s", "catchup100k.cpu_us", "bulk.wire_bytes"];

/// Measures.
pub(crate) fn measure(place: &Place) -> Result<Vec<Row>, Failure> {
    let program = node::program()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut federation = Federation::start(&program, place).await?;
        let [acme, globex] = &federation.nodes;
        let ones = acme.users("alice", PAIRS).await?;
        let pairs = node::pair_up(ones, globex.users("bob", PAIRS).await?).await?;
        // The first messages tell the other node of the channels.
        say(&pairs, 0..1).await?;
        within(all_heard(&federation, &pairs, 1)).await?;
        let relay = federation.relay(0, Conditions::default())?;
        federation.restart_after(1, say(&pairs, 1..PER_PAIR + 1)).await?;
        let relays = [relay, federation.relay(1, Conditions::default())?];
        let (begin, before) = (Instant::now(), federation.cpu()?);
        within(all_heard(&federation, &pairs, PER_PAIR + 1)).await?;
        let (took, cpu) = (begin.elapsed(), federation.cpu()?.saturating_sub(before));
        let bytes: u64 = relays.iter().map(Relay::counts).map(|counts| counts.bytes).sum();
        let per_message = |sum: f64| sum / f64::from(MESSAGES);
        Ok(vec![
            Row::new(NAMES[0], took.as_secs_f64(), "s"),
            Row::new(NAMES[1], per_message(cpu.as_secs_f64() * 1e6), "µs"),
            Row::new(NAMES[2], per_message(bytes as f64), "B").over(TEXT_BYTES),
        ])
    })
}

/// The first user of each pair says so many messages, each after the one before.
pub(crate) async fn say(pairs: &[Pair], numbers: std::ops::Range<u32>) -> Result<(), Failure> {
    let all = pairs.iter().map(|pair| async {
        let [user, _] = &pair.users;
        let http = user.http()?;
        for number in numbers.clone() {
            http.post(&pair.channel, &text(number), u64::from(number) + 1).await?;
        }
        Ok::<_, Failure>(())
    });
    stream::iter(all).buffer_unordered(PAIRS).try_collect().await
}

/// Waits until the other user of each pair can read so many messages.
pub(crate) async fn all_heard(
    federation: &Federation,
    pairs: &[Pair],
    count: u32,
) -> Result<(), Failure> {
    let (url, last) = (federation.nodes[1].url(), text(count - 1));
    for pair in pairs {
        let http = Http::at(&url)?.with_token(&pair.users[1].token);
        loop {
            let page = http.history(&pair.channel, &Page::Latest, 1).await;
            let newest = page.ok().and_then(|page| page.events.into_iter().next_back());
            match newest.map(|event| event.content) {
                Some(Content::Message { text, .. }) if text.as_ref() == Some(&last) => break,
                _ => tokio::time::sleep(LOOK).await,
            }
        }
    }
    Ok(())
}

pub(crate) const PAIRS: usize = 20;
pub(crate) const PER_PAIR: u32 = MESSAGES / 20;
const TEXT_BYTES: f64 = 100.0;
const LOOK: Duration = Duration::from_millis(5);
