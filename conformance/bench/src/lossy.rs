//! What goes over one link whose network is far and loses datagrams, beside the same link over one
//! that does neither: a node that was away catches up. The floor is a link without a node: the same
//! endpoint, and nobody who judges what comes.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use comity_client::{Content, Http, Page};
use comity_federation::{Endpoint, EndpointSettings, Link};
use comity_identity::NodeKey;
use comity_protocol::frame::Class;
use comity_relay::{Conditions, Relay, RelaySettings};

use crate::bulk::text;
use crate::catchup::{PAIRS, PER_PAIR, all_heard, say};
use crate::federated::Federation;
use crate::load::{Pair, within};
use crate::node;
use crate::row::Row;
use crate::{Failure, Place};

/// The figures of this bench.
pub(crate) const NAMES: [&str; 4] =
    ["lossy.throughput_ratio", "lossy.rate", "lossy.catchup_s", "lossy.link_mb_per_s"];

/// Measures.
pub(crate) fn measure(place: &Place) -> Result<Vec<Row>, Failure> {
    let program = node::program()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let bare = [bare(Conditions::default()).await?, bare(FAR_AND_LOSSY).await?];
        let mut federation = Federation::start(&program, place).await?;
        let [acme, globex] = &federation.nodes;
        let ones = acme.users("alice", PAIRS).await?;
        let pairs = node::pair_up(ones, globex.users("bob", PAIRS).await?).await?;
        say(&pairs, 0..1).await?;
        within(all_heard(&federation, &pairs, 1)).await?;
        let near = caught_up(&mut federation, &pairs, 0, Conditions::default()).await?;
        let far = caught_up(&mut federation, &pairs, 1, FAR_AND_LOSSY).await?;
        let links = bare[1] / bare[0];
        Ok(vec![
            Row::new(NAMES[0], far.rate / near.rate, "x").over(links),
            Row::new(NAMES[1], far.rate, "1/s").over(near.rate),
            Row::new(NAMES[2], far.took.as_secs_f64(), "s").over(near.took.as_secs_f64()),
            Row::new(NAMES[3], bare[1], "MB/s").over(bare[0]),
        ])
    })
}

/// How a node caught up.
struct CaughtUp {
    /// From its start to the last message.
    took: Duration,
    /// Messages a second once a tenth of them was there, so that neither the start of the process
    /// nor that of the link counts.
    rate: f64,
}

/// One of two nodes is killed, and comes back after the other one's users have said all; `times`
/// says how often that was done before.
async fn caught_up(
    federation: &mut Federation,
    pairs: &[Pair],
    times: u32,
    conditions: Conditions,
) -> Result<CaughtUp, Failure> {
    let first = 1 + times * PER_PAIR;
    let relay = federation.relay(0, conditions)?;
    federation.restart_after(1, say(pairs, first..first + PER_PAIR)).await?;
    let begin = Instant::now();
    let _relays = [relay, federation.relay(1, conditions)?];
    let tenth = within(heard_some(federation, &pairs[0], first + PER_PAIR / 10)).await?;
    let (since, left) = (Instant::now(), first + PER_PAIR - tenth);
    within(all_heard(federation, pairs, first + PER_PAIR)).await?;
    // All pairs go on together: their messages were said side by side.
    let messages = f64::from(left) * pairs.len() as f64;
    let rate = messages / since.elapsed().as_secs_f64();
    Ok(CaughtUp { took: begin.elapsed(), rate })
}

/// Waits until the other one of a pair can read so many messages; how many they are then.
async fn heard_some(federation: &Federation, pair: &Pair, count: u32) -> Result<u32, Failure> {
    let http = Http::at(&federation.nodes[1].url())?.with_token(&pair.users[1].token);
    loop {
        let page = http.history(&pair.channel, &Page::Latest, 1).await;
        let newest = page.ok().and_then(|page| page.events.into_iter().next_back());
        if let Some(Content::Message { text: Some(newest), .. }) = newest.map(|event| event.content)
        {
            let number = (count - 1..count + PER_PAIR).find(|number| text(*number) == newest);
            if let Some(number) = number {
                return Ok(number + 1);
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// MB a second over a link between two endpoints of this process.
async fn bare(conditions: Conditions) -> Result<f64, Failure> {
    let key = |seed| Arc::new(NodeKey::from_seed(&[seed; 32]));
    let listen = (Ipv4Addr::LOCALHOST, 0).into();
    let [near, far] = [1, 2].map(|seed| Endpoint::bind(EndpointSettings::new(listen, key(seed))));
    let (near, far) = (near?, far?);
    let relay = Relay::start(RelaySettings::before(far.local_addr()?, conditions))?;
    let far_key = key(2).public();
    let far_keys = [far_key];
    let (dialled, accepted) = tokio::join!(near.connect(relay.addr(), &far_keys), far.accept());
    let (dialled, mut accepted) = (dialled?, accepted.ok_or("no link")?);
    accepted.welcome();
    let sending = tokio::spawn(send_for_ever(dialled));
    let measured = async {
        let mut bytes = 0;
        let warm = Instant::now() + WARM_UP;
        while Instant::now() < warm {
            accepted.recv().await?;
        }
        let begin = Instant::now();
        while begin.elapsed() < LENGTH {
            bytes += accepted.recv().await?.1.len();
        }
        Ok(bytes as f64 / 1e6 / begin.elapsed().as_secs_f64())
    };
    let measured = measured.await;
    sending.abort();
    measured
}

async fn send_for_ever(link: Link) {
    let frame = bytes_of_a_batch();
    while link.send(Class::Feed, frame.clone()).await.is_ok() {}
}

fn bytes_of_a_batch() -> Vec<u8> {
    vec![b'x'; 64 << 10]
}

/// Both ways: a round trip of 100 ms, in which two of a hundred are lost.
const FAR_AND_LOSSY: Conditions = Conditions {
    delay: Duration::from_millis(50),
    jitter: Duration::ZERO,
    loss: 0.01,
    duplicate: 0.0,
    reorder: 0.0,
    reorder_by: Duration::ZERO,
};
const LOOK: Duration = Duration::from_millis(5);
const WARM_UP: Duration = Duration::from_secs(3);
const LENGTH: Duration = Duration::from_secs(5);
