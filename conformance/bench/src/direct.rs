//! Direct messages on one node: what each costs, and how long it takes.

use std::time::Duration;

use crate::floor;
use crate::load::{self, Pair};
use crate::node::{self, Node, Site};
use crate::relay::{self, Hops};
use crate::row::Row;
use crate::{Arguments, Failure, Place};

/// The figures of this bench.
pub(crate) const NAMES: [&str; 8] = [
    "direct.cpu_us",
    "direct.rate",
    "direct.paced_cpu_us",
    "direct.p50_over_floor",
    "direct.p50_ms",
    "direct.p99_ms",
    "direct.fdatasync_p50_ms",
    "direct.echo_p50_ms",
];
const BUSY: [&str; 2] = [NAMES[0], NAMES[1]];

/// Measures.
pub(crate) fn measure(place: &Place, arguments: &Arguments) -> Result<Vec<Row>, Failure> {
    let program = node::program()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let node = Site::new(&program, place.path("acme"), "acme.test").start()?;
        let ones = node.users("alice", PAIRS).await?;
        let pairs = node::pair_up(ones, node.users("bob", PAIRS).await?).await?;
        let mut rows = Vec::new();
        if arguments.wants_any(&BUSY) {
            rows.extend(busy(&node, &pairs).await?);
        }
        if arguments.wants_any(&NAMES[BUSY.len()..]) {
            rows.extend(paced(place, &node, &pairs).await?);
        }
        Ok(rows)
    })
}

async fn busy(node: &Node, pairs: &[Pair]) -> Result<Vec<Row>, Failure> {
    let ours = load::busy(load::connect(pairs, 1).await?, LENGTH, || node.cpu()).await?;
    let floor = relay::busy(pairs.len(), Hops::One, FLOOR_LENGTH).await?;
    Ok(vec![
        Row::new("direct.cpu_us", ours.cpu_us(), "µs").over(floor.cpu_us()),
        Row::new("direct.rate", ours.rate(), "1/s").over(floor.rate()),
    ])
}

async fn paced(place: &Place, node: &Node, pairs: &[Pair]) -> Result<Vec<Row>, Failure> {
    let seats = load::connect(&pairs[..PACED_PAIRS], 2).await?;
    let file = place.path("floor");
    // Floors before and after, so that a disk that changes its mind shows in both.
    let mut sync = floor::fdatasync(&file, FRAME_BYTES, RATE, FLOOR_LENGTH).await?;
    let mut echo = floor::echo(RATE, FLOOR_LENGTH).await?;
    let before = node.cpu()?;
    let ours = load::paced(seats, RATE, LENGTH).await?;
    let cpu = node.cpu()?.saturating_sub(before);
    sync.join(floor::fdatasync(&file, FRAME_BYTES, RATE, FLOOR_LENGTH).await?);
    echo.join(floor::echo(RATE, FLOOR_LENGTH).await?);
    let floor = sync.p50_ms() + echo.p50_ms();
    let per_message = cpu.as_secs_f64() * 1e6 / (LENGTH.as_secs_f64() * f64::from(RATE));
    Ok(vec![
        Row::new("direct.p50_over_floor", ours.p50_ms() / floor, "x").over(1.0),
        Row::new("direct.p50_ms", ours.p50_ms(), "ms").over(floor),
        Row::new("direct.p99_ms", ours.p99_ms(), "ms").over(sync.p99_ms() + echo.p99_ms()),
        Row::new("direct.fdatasync_p50_ms", sync.p50_ms(), "ms"),
        Row::new("direct.echo_p50_ms", echo.p50_ms(), "ms"),
        Row::new("direct.paced_cpu_us", per_message, "µs"),
    ])
}

const PAIRS: usize = 100;
const PACED_PAIRS: usize = 25;
/// Messages a second where latency is measured.
const RATE: u32 = 50;
/// What the journal writes for one short message: a block.
pub(crate) const FRAME_BYTES: usize = 4_096;
const LENGTH: Duration = Duration::from_secs(8);
const FLOOR_LENGTH: Duration = Duration::from_secs(3);
