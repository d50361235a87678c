//! What a hop between two organisations adds to a message's time beyond the network's own delay:
//! messages across, less the delay, beside messages of the same pace between two users of one node.

use std::time::Duration;

use comity_relay::{Conditions, Relay};

use crate::direct::FRAME_BYTES;
use crate::federated::Federation;
use crate::load::{self, Pair};
use crate::row::Row;
use crate::stats::Times;
use crate::{Failure, Place, floor, node};

/// The figures of this bench.
pub(crate) const NAMES: [&str; 7] = [
    "hop.added_ms_at_0",
    "hop.added_ms_at_20",
    "hop.added_ms_at_100",
    "hop.beyond_ms_at_0",
    "hop.beyond_ms_at_20",
    "hop.beyond_ms_at_100",
    "hop.local_ms",
];

/// Measures. The floor of what is added is a durable write.
pub(crate) fn measure(place: &Place) -> Result<Vec<Row>, Failure> {
    let program = node::program()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let federation = Federation::start(&program, place).await?;
        let relays = [
            federation.relay(0, Conditions::default())?,
            federation.relay(1, Conditions::default())?,
        ];
        let [acme, globex] = &federation.nodes;
        let ones = acme.users("alice", PAIRS).await?;
        let across = node::pair_up(ones, globex.users("bob", PAIRS).await?).await?;
        let ones = acme.users("carol", PAIRS).await?;
        let local = node::pair_up(ones, acme.users("dave", PAIRS).await?).await?;
        let mut run = Run { place, relays, runs: 0, sync: Times::default() };
        let here = run.take(&local, Duration::ZERO).await?;
        let mut rows = Vec::new();
        let mut beyond = Vec::new();
        for (at, delay) in DELAYS_MS.into_iter().map(Duration::from_millis).enumerate() {
            let times = run.take(&across, delay).await?;
            let past = times.p50_ms() - delay.as_secs_f64() * 1e3;
            rows.push((NAMES[at], past - here.p50_ms(), 1.0));
            beyond.push((NAMES[at + DELAYS_MS.len()], past, 2.0));
        }
        rows.extend(beyond);
        rows.push((NAMES[6], here.p50_ms(), 1.0));
        let sync_ms = run.sync.p50_ms();
        let row = |(name, ms, writes): (_, _, f64)| Row::new(name, ms, "ms").over(writes * sync_ms);
        Ok(rows.into_iter().map(row).collect())
    })
}

/// Two nodes with a network between them.
struct Run<'a> {
    place: &'a Place,
    relays: [Relay; 2],
    /// How often devices have begun to count their messages.
    runs: u64,
    /// Durable writes at the same pace, between the runs.
    sync: Times,
}

impl Run<'_> {
    /// Messages at a steady pace with so much delay each way.
    async fn take(&mut self, pairs: &[Pair], delay: Duration) -> Result<Times, Failure> {
        for relay in &self.relays {
            relay.set(Conditions::delayed(delay), Conditions::delayed(delay));
        }
        // The first ones tell of the channels, and the links of how far it is now.
        load::paced(self.seats(pairs).await?, RATE, FIRST_LENGTH).await?;
        let file = self.place.path("floor");
        self.sync.join(floor::fdatasync(&file, FRAME_BYTES, RATE, FLOOR_LENGTH).await?);
        load::paced(self.seats(pairs).await?, RATE, LENGTH).await
    }

    async fn seats(&mut self, pairs: &[Pair]) -> Result<Vec<[load::Seat; 2]>, Failure> {
        self.runs += 1;
        load::connect(pairs, self.runs).await
    }
}

/// One way.
const DELAYS_MS: [u64; 3] = [0, 20, 100];
const PAIRS: usize = 25;
/// Messages a second.
const RATE: u32 = 50;
const FIRST_LENGTH: Duration = Duration::from_secs(4);
const LENGTH: Duration = Duration::from_secs(8);
const FLOOR_LENGTH: Duration = Duration::from_secs(3);
