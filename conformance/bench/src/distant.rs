//! An organisation joins a group of a hundred people from ten others, of whom none is near: how
//! much later than two round trips the newest page can be read.

use std::time::{Duration, Instant};

use comity_client::{Http, Page};
use comity_relay::{Conditions, Relay};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::federated::Federation;
use crate::join::{OTHERS, PAGE, TEXT, median_ms, shows_messages};
use crate::load::{User, within};
use crate::node;
use crate::row::Row;
use crate::{Failure, Place};

/// The figures of this bench.
pub(crate) const NAMES: [&str; 1] = ["join.over_two_rtt_ms"];

/// Measures. The floor is the same join where there is no delay.
pub(crate) fn measure(place: &Place) -> Result<Vec<Row>, Failure> {
    let program = node::program()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let domains: [String; ORGANISATIONS + NEWCOMERS] =
            std::array::from_fn(|at| format!("org{at}.test"));
        let federation = Federation::of(&program, place, domains).await?;
        let relays = (0..ORGANISATIONS + NEWCOMERS)
            .map(|node| federation.relay(node, Conditions::default()))
            .collect::<Result<Vec<_>, _>>()?;
        let (owner, group) = gather(&federation).await?;
        let mut took = Vec::new();
        for at in 0..NEWCOMERS {
            let delay = if at < NEAR { Duration::ZERO } else { DELAY };
            let newcomer = federation.nodes[ORGANISATIONS + at].users("new", 1).await?.remove(0);
            took.push(within(join(&owner, &newcomer, &group, &relays, delay)).await?);
        }
        let near = median_ms(&took[..NEAR]);
        let far = median_ms(&took[NEAR..]) - 4.0 * DELAY.as_secs_f64() * 1e3;
        Ok(vec![Row::new(NAMES[0], far, "ms").over(near)])
    })
}

/// Makes the group, and has everybody say the same number of messages.
async fn gather<const N: usize>(federation: &Federation<N>) -> Result<(Http, String), Failure> {
    let mut members = Vec::new();
    for node in &federation.nodes[..ORGANISATIONS] {
        members.extend(node.users("user", MEMBERS.div_ceil(ORGANISATIONS)).await?);
    }
    members.truncate(MEMBERS);
    let owner = members[0].http()?;
    let group = owner.create_group("distant", "").await?;
    for member in &members[1..] {
        within(async {
            owner.invite(&group, &member.account).await?;
            let guest = member.http()?;
            while guest.accept(&group).await.is_err() {
                tokio::time::sleep(LOOK).await;
            }
            Ok(())
        })
        .await?;
    }
    let say = |member: &User| {
        let (http, group) = (member.http(), group.clone());
        async move {
            let http = http?;
            for nonce in 1..=MESSAGES.div_ceil(MEMBERS as u64) {
                while http.post(&group, TEXT, nonce).await.is_err() {
                    tokio::time::sleep(LOOK).await;
                }
            }
            Ok::<_, Failure>(())
        }
    };
    let all = stream::iter(&members).map(say).buffer_unordered(MEMBERS);
    all.try_for_each(async |()| Ok(())).await?;
    // What was just written is on its way into the stores, and to the home.
    tokio::time::sleep(SETTLED).await;
    Ok((owner, group))
}

/// Lets an organisation in that is so far from all others; how long it takes from the accept to the
/// newest page.
async fn join(
    owner: &Http,
    newcomer: &User,
    group: &str,
    relays: &[Relay],
    delay: Duration,
) -> Result<Duration, Failure> {
    for relay in relays {
        relay.set(Conditions::delayed(delay), Conditions::delayed(delay));
    }
    owner.invite(group, &newcomer.account).await?;
    let guest = newcomer.http()?;
    while !guest.channels().await?.iter().any(|channel| channel.id == group) {}
    tokio::time::sleep(REST).await;
    let start = Instant::now();
    guest.accept(group).await?;
    loop {
        // Before he is in, there is no such channel for him.
        let found = guest.history(group, &Page::Latest, PAGE).await;
        if found.is_ok_and(|found| shows_messages(&found, MESSAGES, NEWCOMERS * OTHERS)) {
            return Ok(start.elapsed());
        }
    }
}

const ORGANISATIONS: usize = 10;
/// Who comes to it, one after the other: the first one while nobody is far.
const NEWCOMERS: usize = 4;
const NEAR: usize = 1;
/// The last newcomer is the hundredth.
const MEMBERS: usize = 96;
const MESSAGES: u64 = 10_000;
/// One way.
const DELAY: Duration = Duration::from_millis(100);
const LOOK: Duration = Duration::from_millis(5);
const SETTLED: Duration = Duration::from_secs(5);
/// Longer than a node waits before it brings its store up to date.
const REST: Duration = Duration::from_secs(3);
