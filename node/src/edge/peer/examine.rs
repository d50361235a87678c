//! Finding out how it is between us and others, for the doctor: what a domain publishes, whether
//! its addresses answer, what its node says of us, and how long a test takes there and back.
//! Nothing here is put into words.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use comity_federation::{
    ConnectError, Endpoint, Introduced, PublishedKey, Resolver, Survey, Trust,
};
use comity_machine::{Answer, Command, RefusedCode};
use comity_protocol::code::Code;
use comity_protocol::event::{EventAct, EventHeader};
use comity_protocol::id::LineageId;
use comity_protocol::limits::PROBE_ADDRESSES_MAX;
use comity_protocol::name::ServerName;
use comity_protocol::probe::{Probed, ProbedRecord, Tried};
use comity_replica::limits::VERSIONS;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::Context;
use super::dialling::keys_at;
use super::directory::Directory;
use super::exchange::Exchange;
use crate::clock;
use crate::doctor::{Knock, Legs, TestError};
use crate::edge::lock;
use crate::writer::WriterHandle;

/// Probes for which addresses are dialled at a time; the others are told to come again.
const DIALS_FOR_PEERS_MAX: usize = 8;
/// Shortest time between two tests of the way to one organisation, in ms: each is a record for
/// good.
const TEST_GAP_MS: u64 = 60_000;
/// Organisations of which it is remembered when they were tested.
const TESTED_MAX: usize = 1_000;
/// How long a peer has to acknowledge a test.
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(20);
/// What this program calls itself.
const SOFTWARE: &str = concat!("comity ", env!("CARGO_PKG_VERSION"));

/// Bounds the dials for peers of the whole process.
static DIALS_FOR_PEERS: Semaphore = Semaphore::const_new(DIALS_FOR_PEERS_MAX);

/// Finds out. Cheap to clone.
#[derive(Clone)]
pub struct Examiner {
    resolver: Resolver,
    exchange: Arc<Exchange>,
    writer: WriterHandle,
    published: Arc<Mutex<PublishedKey>>,
    /// Its socket closes with the node, whoever still asks.
    endpoint: Weak<Endpoint>,
    directory: Directory,
    tested: Arc<Mutex<BTreeMap<LineageId, u64>>>,
}

impl Examiner {
    pub(super) fn new(context: &Context, directory: Directory) -> Self {
        Self {
            resolver: context.resolver.clone(),
            exchange: Arc::clone(&context.exchange),
            writer: context.writer.clone(),
            published: Arc::clone(&context.published),
            endpoint: Arc::downgrade(&context.endpoint),
            directory,
            tested: Arc::default(),
        }
    }

    /// What a domain publishes, looked up anew.
    pub(in crate::edge) async fn survey(&self, domain: &ServerName, host: Option<&str>) -> Survey {
        self.resolver.survey(domain, host).await
    }

    /// What suffices here as a proof.
    pub(in crate::edge) fn trust(&self) -> &Trust {
        self.resolver.trust()
    }

    /// Our key, as we should publish it.
    pub(in crate::edge) fn published(&self) -> PublishedKey {
        lock(&self.published).clone()
    }

    /// Whether each address of a domain's node answers.
    pub(in crate::edge) async fn knock(&self, introduced: &Introduced) -> Vec<Knock> {
        knock_all(&self.endpoint, &self.exchange, introduced).await
    }

    /// What a domain's node says of us.
    pub(in crate::edge) async fn probe(
        &self,
        domain: &ServerName,
        dial: bool,
    ) -> Result<Probed, Code> {
        self.directory.probe(domain, dial, None).await
    }

    /// Writes a record into the link channel with a domain, as everything is written, and reads it
    /// back at its node.
    pub(in crate::edge) async fn test(&self, domain: &ServerName) -> Result<Legs, TestError> {
        let exchange = &self.exchange;
        let peer = exchange.shared.state().peer_domains.get(domain.as_str()).copied();
        let peer = peer.ok_or(TestError::NotWritten(Code::DomainNotFound))?;
        self.admit(peer, clock::monotonic_ms())?;
        let nonce: [u8; 16] = clock::random();
        let (unix_ms, random) = (clock::unix_ms(), clock::random());
        let began_ms = clock::monotonic_ms();
        let written = self.writer.perform(Command::Test { peer, nonce, unix_ms, random });
        let (record, pos) = match written.await {
            Ok(Answer::Tested { writer, seq, pos }) => (ProbedRecord { writer, seq }, pos),
            Ok(Answer::Refused(RefusedCode(code))) => return Err(TestError::NotWritten(code)),
            _ => return Err(TestError::NotWritten(Code::StorageFailed)),
        };
        let stored_ms = clock::monotonic_ms();
        let acknowledged = exchange.progress.reaches(&peer, pos);
        let acknowledged = tokio::time::timeout(ACKNOWLEDGED_WITHIN, acknowledged).await;
        acknowledged.map_err(|_| TestError::Unacknowledged)?;
        let acknowledged_ms = clock::monotonic_ms();
        let shown = self.directory.probe(domain, false, Some(record)).await;
        let read_ms = clock::monotonic_ms();
        let shown = shown.map_err(TestError::NotShown)?;
        let refused = shown.code.and_then(Code::from_number).unwrap_or(Code::LogUnknown);
        let header = shown.header.ok_or(TestError::NotShown(refused))?;
        let header = EventHeader::decode(&header).ok().and_then(|header| header.act().ok());
        match header {
            Some(EventAct::Test(test)) if test.nonce == nonce => Ok(Legs {
                own_disk_ms: stored_ms.saturating_sub(began_ms),
                their_disk_ms: acknowledged_ms.saturating_sub(stored_ms),
                read_back_ms: read_ms.saturating_sub(acknowledged_ms),
            }),
            _ => Err(TestError::Another),
        }
    }

    fn admit(&self, peer: LineageId, now_ms: u64) -> Result<(), TestError> {
        let mut tested = lock(&self.tested);
        if let Some(at_ms) = tested.get(&peer) {
            let left_ms = at_ms.saturating_add(TEST_GAP_MS).saturating_sub(now_ms);
            if left_ms > 0 {
                return Err(TestError::TooSoon(left_ms));
            }
        }
        tested.retain(|_, at_ms| at_ms.saturating_add(TEST_GAP_MS) > now_ms);
        if tested.len() >= TESTED_MAX {
            return Err(TestError::TooSoon(TEST_GAP_MS));
        }
        tested.insert(peer, now_ms);
        Ok(())
    }
}

/// An answer to a probe with what every answer says, just before it goes.
pub(super) fn signed_off(answer: Probed) -> Probed {
    Probed {
        unix_ms: clock::unix_ms(),
        versions: VERSIONS.to_vec(),
        software: SOFTWARE.to_owned(),
        ..answer
    }
}

impl Context {
    /// Dials what a peer's own domain publishes, and nothing else, and adds to an answer what
    /// became of it.
    pub(super) async fn dial_back(self: Arc<Self>, domain: ServerName, answer: Probed) -> Probed {
        let refused = |code: Code| Some(code.number());
        let Ok(_turn) = DIALS_FOR_PEERS.try_acquire() else {
            return Probed { code: refused(Code::Overloaded), ..answer };
        };
        self.resolver.forget(&domain);
        let introduced = match self.resolver.introduce(&domain).await {
            Ok(introduced) => introduced,
            Err(error) => return Probed { code: refused(error.code()), ..answer },
        };
        let endpoint = Arc::downgrade(&self.endpoint);
        let knocks = knock_all(&endpoint, &self.exchange, &introduced).await;
        let tried = knocks.into_iter().map(|(addr, outcome)| Tried {
            address: addr.into(),
            took_ms: outcome.as_ref().map_or(0, |took| ms(*took)),
            code: outcome.err().map(|error| error.code().number()),
        });
        Probed { tried: tried.collect(), ..answer }
    }
}

/// Dials all addresses of a domain's node at once, each from a port of its own.
async fn knock_all(
    from: &Weak<Endpoint>,
    exchange: &Exchange,
    introduced: &Introduced,
) -> Vec<Knock> {
    let keys = keys_at(exchange, &introduced.introduction);
    let mut addrs: Vec<SocketAddr> = Vec::new();
    for addr in introduced.targets.iter().flat_map(|target| &target.addrs) {
        if addrs.len() < PROBE_ADDRESSES_MAX && !addrs.contains(addr) {
            addrs.push(*addr);
        }
    }
    let mut dials = JoinSet::new();
    for (place, addr) in addrs.iter().copied().enumerate() {
        let (endpoint, keys) = (from.upgrade(), keys.clone());
        dials.spawn(async move {
            let Some(endpoint) = endpoint else {
                return (place, Err(ConnectError::EndpointClosed));
            };
            (place, endpoint.knock(addr, &keys).await)
        });
    }
    let mut found = vec![Err(ConnectError::TimedOut); addrs.len()];
    for (place, outcome) in dials.join_all().await {
        found[place] = outcome;
    }
    addrs.into_iter().zip(found).collect()
}

fn ms(took: Duration) -> u32 {
    u32::try_from(took.as_millis()).unwrap_or(u32::MAX)
}
