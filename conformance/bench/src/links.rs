//! 1,000 organisations with which a node is linked and has nothing to say: what the links take of
//! its memory and of a core. The organisations are real ones to the node, each with a key, a
//! domain, an endpoint and a link's state machine of its own, but live in this process. The floor
//! is as many connections of the same endpoint, without anything of a node behind them.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use comity_federation::{Endpoint, EndpointSettings, PublishedKey};
use comity_identity::NodeKey;
use comity_protocol::frame::Range;
use comity_protocol::hash::Hash;
use comity_protocol::id::{LineageId, LogId};
use comity_protocol::key::{KeyId, NodePublicKey};
use comity_relay::Names;
use comity_replica::{Action, Keys, Link, LinkSettings};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::node::{self, Site};
use crate::row::Row;
use crate::{Failure, Place, cpu};

/// The figures of this bench.
pub(crate) const NAMES: [&str; 3] = ["links1000.mb", "links1000.core_percent", "links1000.node_mb"];

/// Measures.
pub(crate) fn measure(place: &Place) -> Result<Vec<Row>, Failure> {
    let program = node::program()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // First: later this process holds memory that it does not give back.
        let floor = floor().await?;
        let names = Names::start()?;
        let mut site = Site::new(&program, place.path("acme"), DOMAIN);
        let own: PublishedKey = site.introduction()?.parse().map_err(|_| "no such key")?;
        let peers = (0..LINKS).map(Peer::new).collect::<Result<Vec<_>, _>>()?;
        let config = place.path("acme.toml");
        let pins: Vec<String> = peers.iter().map(Peer::pin).collect();
        std::fs::write(&config, format!("[federation.pins]\n{}", pins.concat()))?;
        site.set("COMITY_CONFIG", config.to_string_lossy().into_owned());
        site.set("COMITY_DNS__NAMESERVERS", format!("[\"{}\"]", names.addr()));
        for peer in &peers {
            names.publish_at(&peer.domain, &peer.introduction.to_string(), peer.addr);
        }
        let node = site.start()?;
        sleep(SETTLED).await;
        let before_mb = node.memory_mb()?;
        let _links = link_all(peers, node.peers, own.key).await?;
        sleep(SETTLED).await;
        let core_percent = percent(|| node.cpu()).await?;
        let after_mb = node.memory_mb()?;
        Ok(vec![
            Row::new(NAMES[0], after_mb - before_mb, "MB").over(floor.mb),
            Row::new(NAMES[1], core_percent, "%").over(floor.core_percent),
            Row::new(NAMES[2], after_mb, "MB"),
        ])
    })
}

/// Another organisation's node.
struct Peer {
    domain: String,
    introduction: PublishedKey,
    endpoint: Endpoint,
    addr: SocketAddr,
}

impl Peer {
    fn new(at: usize) -> Result<Self, Failure> {
        let key = key(at);
        let introduction = PublishedKey {
            key_name: "2026a".parse().map_err(|_| "no name")?,
            key: key.public(),
            recovery: Hash([7; 32]),
            first_key: None,
        };
        let endpoint = endpoint(key)?;
        let addr = endpoint.local_addr()?;
        Ok(Self { domain: format!("org{at}.test"), introduction, endpoint, addr })
    }

    fn pin(&self) -> String {
        format!("\"{}\" = \"{}\"\n", self.domain, self.introduction)
    }

    /// Links, and does from then on what a node does that has nothing to say.
    async fn be_linked(
        self,
        node: SocketAddr,
        key: NodePublicKey,
        up: Arc<AtomicUsize>,
    ) -> Result<(), Failure> {
        let domain = self.domain.parse().map_err(|_| "no domain")?;
        let lineage = self.introduction.lineage(domain).id;
        let settings = LinkSettings {
            domain: self.domain.parse().map_err(|_| "no domain")?,
            lineage,
            start: 1,
            dialled: Some(DOMAIN.parse().map_err(|_| "no domain")?),
            changes: Vec::new(),
        };
        let mut wire = self.endpoint.connect(node, &[key]).await?;
        let begin = Instant::now();
        let now_ms = || u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
        let mut link = Link::<()>::new(settings, now_ms());
        loop {
            while let Some(action) = link.poll_action() {
                match action {
                    Action::Send(frame) => wire.send(frame.class(), frame.encode()).await?,
                    Action::Up { .. } => drop(up.fetch_add(1, Ordering::Relaxed)),
                    Action::Close(code) => return Err(format!("closed: {code}").into()),
                    other => answer(&mut link, other, now_ms()),
                }
            }
            let due = link.poll_timeout().map(|at_ms| at_ms.saturating_sub(now_ms()));
            let due = Duration::from_millis(due.unwrap_or(3_600_000));
            tokio::select! {
                frame = wire.recv() => {
                    let (class, bytes) = frame?;
                    link.handle_frame((class, bytes.into()), &Nobody, now_ms());
                }
                () = sleep(due) => link.handle_timeout(now_ms()),
            }
        }
    }
}

/// Who has nothing answers so.
fn answer(link: &mut Link<()>, action: Action<()>, now_ms: u64) {
    match action {
        Action::Identify { .. } => link.handle_identified(Ok(()), now_ms),
        Action::Resume => link.resume(None),
        Action::OpenFeed { .. } | Action::OpenFeedFrom(_) => link.handle_feed_opened(false),
        Action::StateVector => link.state_vector(Vec::new()),
        Action::StateHeads => link.state_heads(Some(Vec::new()), now_ms),
        Action::ChooseHistory => link.ask_history(None, now_ms),
        Action::KeepCursor(_) => link.handle_applied(&[], now_ms),
        _ => {}
    }
}

/// No record is ever shown.
struct Nobody;

impl Keys for Nobody {
    fn origin_key(&self, _: &Range, _: KeyId) -> Option<(LineageId, NodePublicKey)> {
        None
    }

    fn log_key(&self, _: &LogId, _: KeyId) -> Option<(LineageId, NodePublicKey)> {
        None
    }
}

/// Links all of them, some at a time; the links last as long as what is returned.
async fn link_all(
    peers: Vec<Peer>,
    node: SocketAddr,
    key: NodePublicKey,
) -> Result<JoinSet<Result<(), Failure>>, Failure> {
    let (mut linked, up) = (JoinSet::new(), Arc::new(AtomicUsize::new(0)));
    for (at, peer) in peers.into_iter().enumerate() {
        linked.spawn(peer.be_linked(node, key, Arc::clone(&up)));
        while up.load(Ordering::Relaxed) + AT_ONCE < at {
            wait_for_more(&mut linked).await?;
        }
    }
    while up.load(Ordering::Relaxed) < LINKS {
        wait_for_more(&mut linked).await?;
    }
    Ok(linked)
}

/// Waits a little; fails where a link does.
async fn wait_for_more(linked: &mut JoinSet<Result<(), Failure>>) -> Result<(), Failure> {
    tokio::select! {
        Some(ended) = linked.join_next() => ended?,
        () = sleep(LOOK) => Ok(()),
    }
}

/// What connections alone take.
struct Bare {
    mb: f64,
    core_percent: f64,
}

/// Both ends are here: each has a half of what they take together.
async fn floor() -> Result<Bare, Failure> {
    let server = endpoint(key(LINKS))?;
    let (addr, server_key) = (server.local_addr()?, key(LINKS).public());
    let client = endpoint(key(LINKS + 1))?;
    let before_mb = cpu::memory_mb(std::process::id(), "VmRSS")?;
    let mut links = Vec::with_capacity(LINKS);
    for _ in 0..LINKS {
        let server_keys = [server_key];
        let (dialled, accepted) = tokio::join!(client.connect(addr, &server_keys), server.accept());
        links.push((dialled?, accepted.ok_or("no link")?));
    }
    sleep(SETTLED).await;
    let core_percent = percent(cpu::of_this_process).await? / 2.0;
    let mb = (cpu::memory_mb(std::process::id(), "VmRSS")? - before_mb) / 2.0;
    drop(links);
    Ok(Bare { mb, core_percent })
}

/// How much of a core is used.
async fn percent(used: impl Fn() -> Result<Duration, Failure>) -> Result<f64, Failure> {
    let (begin, before) = (Instant::now(), used()?);
    sleep(LENGTH).await;
    let used = used()?.saturating_sub(before);
    Ok(used.as_secs_f64() / begin.elapsed().as_secs_f64() * 100.0)
}

fn endpoint(key: Arc<NodeKey>) -> Result<Endpoint, Failure> {
    Ok(Endpoint::bind(EndpointSettings::new((Ipv4Addr::LOCALHOST, 0).into(), key))?)
}

fn key(at: usize) -> Arc<NodeKey> {
    let mut seed = [9; 32];
    seed[..8].copy_from_slice(&(at as u64).to_be_bytes());
    Arc::new(NodeKey::from_seed(&seed))
}

const DOMAIN: &str = "acme.test";
const LINKS: usize = 1_000;
const AT_ONCE: usize = 32;
const LOOK: Duration = Duration::from_millis(2);
/// Longer than a node is busy with what links begin with.
const SETTLED: Duration = Duration::from_secs(15);
const LENGTH: Duration = Duration::from_secs(30);
