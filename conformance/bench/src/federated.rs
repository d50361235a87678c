//! Direct messages between two nodes on one machine: what each costs both, and how long it takes.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use comity_relay::{Conditions, Names, Relay, RelaySettings};

use crate::direct::FRAME_BYTES;
use crate::floor;
use crate::load::{self, Pair};
use crate::node::{self, Node, Site};
use crate::relay::{self, Hops};
use crate::row::Row;
use crate::{Arguments, Failure, Place};

/// The figures of this bench.
pub(crate) const NAMES: [&str; 6] = [
    "federated.cpu_us",
    "federated.rate",
    "federated.p50_ms",
    "federated.p99_ms",
    "federated.fdatasync_p50_ms",
    "federated.paced_cpu_us",
];
const BUSY: [&str; 2] = [NAMES[0], NAMES[1]];

/// Measures.
pub(crate) fn measure(place: &Place, arguments: &Arguments) -> Result<Vec<Row>, Failure> {
    let program = node::program()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let federation = Federation::start(&program, place).await?;
        let [acme, globex] = &federation.nodes;
        let ones = acme.users("alice", PAIRS).await?;
        let pairs = node::pair_up(ones, globex.users("bob", PAIRS).await?).await?;
        let mut rows = Vec::new();
        // The first message of each pair tells the other node of the channel, and the first of
        // all introduces the nodes to each other.
        load::paced(load::connect(&pairs, 1).await?, RATE, FIRST_LENGTH).await?;
        if arguments.wants_any(&BUSY) {
            rows.extend(busy(&federation, &pairs).await?);
        }
        if arguments.wants_any(&NAMES[BUSY.len()..]) {
            rows.extend(paced(place, &federation, &pairs).await?);
        }
        Ok(rows)
    })
}

/// Nodes that know each other, two where nothing else is said.
pub(crate) struct Federation<const N: usize = 2> {
    pub(crate) nodes: [Node; N],
    sites: [Site; N],
    domains: [String; N],
    /// The introductions of their keys.
    keys: [String; N],
    names: Names,
}

impl Federation {
    pub(crate) async fn start(program: &Path, place: &Place) -> Result<Self, Failure> {
        Self::of(program, place, ["acme.test", "globex.test"].map(str::to_owned)).await
    }
}

impl<const N: usize> Federation<N> {
    /// A node for each domain.
    pub(crate) async fn of(
        program: &Path,
        place: &Place,
        domains: [String; N],
    ) -> Result<Self, Failure> {
        let names = Names::start()?;
        let site = |domain: &String| Site::new(program, place.path(domain), domain);
        let mut sites = domains.each_ref().map(site);
        let keys = sites.iter().map(Site::introduction).collect::<Result<Vec<_>, _>>()?;
        let keys: [String; N] = keys.try_into().map_err(|_| "a node without a key")?;
        for (site, own) in sites.iter_mut().zip(&domains) {
            let others = domains.iter().zip(&keys).filter(|(domain, _)| *domain != own);
            let pins: Vec<_> = others.map(|(of, key)| format!("\"{of}\" = \"{key}\"")).collect();
            site.set("COMITY_FEDERATION__PINS", format!("{{ {} }}", pins.join(", ")));
            site.set("COMITY_DNS__NAMESERVERS", format!("[\"{}\"]", names.addr()));
        }
        let nodes = sites.iter().map(Site::start).collect::<Result<Vec<_>, _>>()?;
        let nodes: [Node; N] = nodes.try_into().map_err(|_| "a node is missing")?;
        let federation = Self { nodes, sites, domains, keys, names };
        for node in 0..N {
            federation.publish(node, federation.nodes[node].peers);
        }
        Ok(federation)
    }

    fn publish(&self, node: usize, addr: SocketAddr) {
        self.names.publish_at(&self.domains[node], &self.keys[node], addr);
    }

    /// From now on who looks for a node comes to it through a network like this. Nodes that are
    /// linked already stay so.
    pub(crate) fn relay(&self, node: usize, conditions: Conditions) -> Result<Relay, Failure> {
        let relay = Relay::start(RelaySettings::before(self.nodes[node].peers, conditions))?;
        self.publish(node, relay.addr());
        Ok(relay)
    }

    /// Kills a node and starts it anew when `meanwhile` is done.
    pub(crate) async fn restart_after(
        &mut self,
        node: usize,
        meanwhile: impl Future<Output = Result<(), Failure>>,
    ) -> Result<(), Failure> {
        self.nodes[node].kill();
        meanwhile.await?;
        self.nodes[node] = self.sites[node].start()?;
        Ok(())
    }

    pub(crate) fn cpu(&self) -> Result<Duration, Failure> {
        self.nodes.iter().map(Node::cpu).sum()
    }
}

async fn busy(nodes: &Federation, pairs: &[Pair]) -> Result<Vec<Row>, Failure> {
    let ours = load::busy(load::connect(pairs, 2).await?, LENGTH, || nodes.cpu()).await?;
    let floor = relay::busy(pairs.len(), Hops::Two, FLOOR_LENGTH).await?;
    Ok(vec![
        Row::new("federated.cpu_us", ours.cpu_us(), "µs").over(floor.cpu_us()),
        Row::new("federated.rate", ours.rate(), "1/s").over(floor.rate()),
    ])
}

async fn paced(place: &Place, nodes: &Federation, pairs: &[Pair]) -> Result<Vec<Row>, Failure> {
    let seats = load::connect(&pairs[..PACED_PAIRS], 3).await?;
    let file = place.path("floor");
    let mut sync = floor::fdatasync(&file, FRAME_BYTES, RATE, FLOOR_LENGTH).await?;
    let before = nodes.cpu()?;
    let ours = load::paced(seats, RATE, LENGTH).await?;
    let cpu = nodes.cpu()?.saturating_sub(before);
    sync.join(floor::fdatasync(&file, FRAME_BYTES, RATE, FLOOR_LENGTH).await?);
    let per_message = cpu.as_secs_f64() * 1e6 / (LENGTH.as_secs_f64() * f64::from(RATE));
    let floor = |sync_ms: f64| 2.0 * sync_ms + WAY_MS;
    Ok(vec![
        Row::new("federated.p50_ms", ours.p50_ms(), "ms").over(floor(sync.p50_ms())),
        Row::new("federated.p99_ms", ours.p99_ms(), "ms").over(floor(sync.p99_ms())),
        Row::new("federated.fdatasync_p50_ms", sync.p50_ms(), "ms"),
        Row::new("federated.paced_cpu_us", per_message, "µs"),
    ])
}

const PAIRS: usize = 50;
const PACED_PAIRS: usize = 25;
/// Messages a second where latency is measured.
const RATE: u32 = 50;
/// What two nodes may need besides their disks.
const WAY_MS: f64 = 2.0;
const FIRST_LENGTH: Duration = Duration::from_secs(3);
const LENGTH: Duration = Duration::from_secs(8);
const FLOOR_LENGTH: Duration = Duration::from_secs(3);
