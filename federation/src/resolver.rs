//! Finds a peer by its domain: asks DNS, validates DNSSEC itself, and hands the records to
//! `comity-discovery` to be judged. No answer of a name server is believed about a key unless its
//! proof reached here. Where the records leave it open, the domain's web server is asked for its
//! well-known document.
//!
//! Two resolvers are at work. One validates from the trust anchor; it serves TXT and SRV of
//! domains that are not pinned. The other does not; it serves pinned domains, which need no DNSSEC
//! and may lie outside the anchored tree, and the addresses of hosts, which need no proof since
//! the connection proves the key.

mod addresses;
mod cache;
mod no_proof;
mod query;
mod survey;
mod web;

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use comity_discovery::{
    IntroduceError, Introduction, Policy, Proof, PublishedKey, RecordSet, SRV_RECORDS_MAX,
    SrvRecord, TxtRecord, judge, judge_document, order, srv_name, targets, txt_name,
};
use comity_protocol::code::Code;
use comity_protocol::name::ServerName;
use hickory_resolver::proto::dnssec::TrustAnchors;
use tokio::sync::Semaphore;

use cache::{Bounds, Cache};
use query::{Answer, Dns, Unanswered};
use web::Web;

pub use addresses::Addresses;
pub use no_proof::{DocumentOutcome, NoProof, PinUse, RecordsFault};
pub use survey::{Seen, Survey, SurveyedHost};
pub use web::{CertificateFault, WebError, WebPlaces, WebSettings, web_roots};

/// Domains that are looked up at a time; the others wait their turn.
const LOOKUPS_MAX: usize = 32;
/// How long DNS may take for a domain's records, and then for its hosts' addresses.
const LOOKUP_MAX: Duration = Duration::from_secs(10);
/// Addresses of one host that are tried.
const ADDRS_MAX: usize = 8;
/// How long what was found is kept.
const BOUNDS: Bounds = Bounds {
    failure: Duration::from_secs(10),
    least: Duration::from_secs(5),
    most: Duration::from_secs(24 * 3_600),
    spared: Duration::ZERO,
};

/// Whom to ask, and what to believe.
#[derive(Clone, Debug, Default)]
pub struct ResolverSettings {
    /// Name servers to ask; none: those of the system.
    pub nameservers: Vec<SocketAddr>,
    /// DNSKEY records, one a line, from which validation starts; none: the root zone's that are
    /// built in.
    pub trust_anchor: Option<String>,
    /// Which proofs suffice, and the keys that the admin vouches for.
    pub policy: Policy,
    /// How web servers are asked for documents.
    pub web: WebSettings,
}

/// Finds peers. Answers are kept as long as their records allow, a day at most. Cheap to clone.
#[derive(Clone)]
pub struct Resolver(Arc<Inner>);

struct Inner {
    /// Keeps what it has validated; made anew where somebody wants to see how it is now.
    validating: RwLock<Dns>,
    nameservers: Vec<SocketAddr>,
    anchors: Arc<TrustAnchors>,
    plain: Dns,
    web: Web,
    policy: Policy,
    cache: Cache<Found, DiscoverError>,
    lookups: Semaphore,
}

/// A domain's node: its proven key, and where to look for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Introduced {
    /// The key and its proof.
    pub introduction: Introduction,
    /// Its hosts in the order in which to try them, drawn anew for each call.
    pub targets: Vec<Target>,
    /// How long this may be relied on.
    pub valid_for: Duration,
}

/// A host of a domain's node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The host's name.
    pub host: String,
    /// Where it may be reached; the first that answers will do.
    pub addrs: Vec<SocketAddr>,
}

/// Why there can be no resolver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResolverError {
    /// The system's resolver settings cannot be read.
    System(String),
    /// The trust anchor is not one or more DNSKEY records.
    TrustAnchor(String),
    /// The additional authorities are not one or more certificates in PEM.
    WebRoots(String),
}

/// Why a domain's node is not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiscoverError {
    /// None of the domain's hosts has an address.
    NoAddress,
    /// Nothing proves the domain's key.
    NoProof(NoProof),
    /// The name servers did not tell in time where the hosts are.
    Unanswered,
}

/// What is kept of a domain: its records as judged, with the addresses of their hosts.
#[derive(Clone, Debug)]
struct Found {
    introduction: Introduction,
    records: Vec<(SrvRecord, Vec<SocketAddr>)>,
}

/// What DNS says under a domain's two names.
struct Records {
    txt: Answer<TxtRecord>,
    srv: Answer<SrvRecord>,
}

/// A proven key with the hosts that count with it, before these are looked up.
struct Plan {
    introduction: Introduction,
    hosts: Vec<SrvRecord>,
    ttl: Duration,
}

impl Resolver {
    /// Sets up both resolvers; asks nobody yet. Has to be called within a tokio runtime.
    pub fn new(settings: ResolverSettings) -> Result<Self, ResolverError> {
        let anchors = match &settings.trust_anchor {
            Some(text) => parse_anchors(text)?,
            None => TrustAnchors::default(),
        };
        let anchors = Arc::new(anchors);
        let inner = Inner {
            validating: RwLock::new(Dns::new(&settings.nameservers, Some(anchors.clone()))?),
            anchors,
            plain: Dns::new(&settings.nameservers, None)?,
            web: Web::new(settings.web)?,
            policy: settings.policy,
            cache: Cache::new(BOUNDS),
            lookups: Semaphore::new(LOOKUPS_MAX),
            nameservers: settings.nameservers,
        };
        Ok(Self(Arc::new(inner)))
    }

    /// Finds a domain's node.
    pub async fn introduce(&self, domain: &ServerName) -> Result<Introduced, DiscoverError> {
        let (outcome, valid_for) = match self.0.cache.find(domain, Instant::now()) {
            Some(kept) => kept,
            None => {
                // A task of its own: what others publish is parsed there, and must not bring down
                // the caller.
                let (inner, name) = (self.0.clone(), domain.clone());
                let looked_up = tokio::spawn(async move { inner.look_up(&name).await }).await;
                let unanswered = |_| (Err(DiscoverError::Unanswered), Duration::ZERO);
                let (outcome, ttl) = looked_up.unwrap_or_else(unanswered);
                let valid_for = self.0.cache.keep(domain, outcome.clone(), ttl, Instant::now());
                (outcome, valid_for)
            }
        };
        outcome.map(|found| Introduced {
            targets: found.targets(),
            introduction: found.introduction,
            valid_for,
        })
    }

    /// The keys that a domain's records publish at the moment, whether anything proves them or not,
    /// and for how long they may be kept; `None` where the name servers are silent.
    pub async fn published(&self, domain: &ServerName) -> Option<(Vec<PublishedKey>, Duration)> {
        let (inner, name) = (self.0.clone(), txt_name(domain));
        let asked = async move { inner.in_turn(inner.plain.txt(&name)).await };
        let (set, ttl) = tokio::spawn(asked).await.ok()??.ok()?;
        let keys = set.records.iter().filter_map(|record| PublishedKey::from_record(record).ok());
        Some((keys.collect(), ttl))
    }

    /// Forgets what is kept of a domain, so that the next call asks again; its web server is left
    /// alone for some minutes after it was asked.
    pub fn forget(&self, domain: &ServerName) {
        self.0.cache.forget(domain, Instant::now());
        self.0.web.forget(domain);
    }
}

impl Inner {
    async fn look_up(&self, domain: &ServerName) -> (Result<Found, DiscoverError>, Duration) {
        match self.ask(domain).await {
            Ok((found, ttl)) => (Ok(found), ttl),
            Err(error) => {
                tracing::info!(%domain, code = %error.code(), %error, "no node found");
                (Err(error), Duration::ZERO)
            }
        }
    }

    async fn ask(&self, domain: &ServerName) -> Result<(Found, Duration), DiscoverError> {
        let unanswered = Records { txt: Err(Unanswered), srv: Err(Unanswered) };
        let records = self.in_turn(self.records(domain)).await.unwrap_or(unanswered);
        let plan = match self.by_records(domain, &records) {
            Ok(plan) => plan,
            Err(fault) => {
                let txt = records.txt.as_ref().ok().map(|(set, _)| set);
                self.by_document(domain, fault, txt).await.map_err(DiscoverError::NoProof)?
            }
        };
        let found = self.in_turn(self.with_addrs(plan)).await;
        found.unwrap_or(Err(DiscoverError::Unanswered))
    }

    fn validating(&self) -> Dns {
        self.validating.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Forgets what was validated: proofs are kept as long as their records, though the zone above
    /// may say otherwise by now.
    fn validate_anew(&self) {
        // It was made of the same before.
        if let Ok(dns) = Dns::new(&self.nameservers, Some(self.anchors.clone())) {
            *self.validating.write().unwrap_or_else(PoisonError::into_inner) = dns;
        }
    }

    /// Waits for a place, then for an answer, but not for ever.
    async fn in_turn<T>(&self, asked: impl Future<Output = T>) -> Option<T> {
        // The semaphore is never closed.
        let _turn = self.lookups.acquire().await;
        tokio::time::timeout(LOOKUP_MAX, asked).await.ok()
    }

    async fn records(&self, domain: &ServerName) -> Records {
        let pinned = self.policy.vouches_for(domain);
        let dns = if pinned { self.plain.clone() } else { self.validating() };
        let (txt_name, srv_name) = (txt_name(domain), srv_name(domain));
        let (txt, srv) = tokio::join!(dns.txt(&txt_name), dns.srv(&srv_name));
        Records { txt, srv }
    }

    fn by_records(&self, domain: &ServerName, records: &Records) -> Result<Plan, RecordsFault> {
        if !self.policy.reads_records(domain) {
            return Err(RecordsFault::Introduce(IntroduceError::NotTrusted));
        }
        let (txt, txt_ttl) = records.txt.as_ref().map_err(|_| RecordsFault::Unanswered)?;
        let introduction = judge(domain, txt, &self.policy).map_err(RecordsFault::Introduce)?;
        let (srv, srv_ttl) = records.srv.as_ref().map_err(|_| RecordsFault::Unanswered)?;
        let hosts = targets(domain, srv, &self.policy).map_err(RecordsFault::Introduce)?;
        Ok(Plan { introduction, hosts, ttl: *txt_ttl.min(srv_ttl) })
    }

    async fn by_document(
        &self,
        domain: &ServerName,
        records: RecordsFault,
        txt: Option<&RecordSet<TxtRecord>>,
    ) -> Result<Plan, NoProof> {
        let pin = PinUse::of(domain, &self.policy);
        let refused = |document| NoProof { records, document, pin };
        if !self.policy.trust.takes(Proof::WebPki) {
            return Err(refused(DocumentOutcome::NotTrusted));
        }
        if !records.leaves_open() {
            return Err(refused(DocumentOutcome::NotAsked));
        }
        let failed = |error| refused(DocumentOutcome::Failed(error));
        let (document, ttl) = self.web.document(domain, &self.plain).await.map_err(failed)?;
        let introduction = judge_document(&document, txt, &self.policy)
            .map_err(|error| failed(WebError::Introduce(error)))?;
        Ok(Plan { introduction, hosts: document.hosts, ttl })
    }

    async fn with_addrs(&self, plan: Plan) -> Result<(Found, Duration), DiscoverError> {
        let Plan { introduction, hosts, mut ttl } = plan;
        let mut records = Vec::new();
        for record in hosts.into_iter().take(SRV_RECORDS_MAX) {
            // One host without an address does not make the others useless.
            if let Ok((addrs, addr_ttl)) = self.plain.addrs(&record.target).await {
                let addrs = addrs.into_iter().take(ADDRS_MAX);
                let addrs: Vec<_> = addrs.map(|ip| SocketAddr::new(ip, record.port)).collect();
                ttl = addr_ttl.min(ttl);
                records.push((record, addrs));
            }
        }
        if records.is_empty() {
            return Err(DiscoverError::NoAddress);
        }
        Ok((Found { introduction, records }, ttl))
    }
}

impl Found {
    fn targets(&self) -> Vec<Target> {
        let records = self.records.iter().map(|(record, _)| record.clone()).collect();
        // Without randomness any order of equals will do.
        let ordered = order(records, || getrandom::u32().unwrap_or_default());
        let target = |record: SrvRecord| {
            let (_, addrs) = self.records.iter().find(|(r, _)| *r == record)?;
            Some(Target { host: record.target, addrs: addrs.clone() })
        };
        ordered.into_iter().filter_map(target).collect()
    }
}

/// Reads DNSKEY records. Tools print them with and without the class, which the parser wants to
/// see; and it takes a record at the end of its line only.
fn parse_anchors(text: &str) -> Result<TrustAnchors, ResolverError> {
    let mut lines = String::with_capacity(text.len() + 8);
    for line in text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with(';')) {
        match line.split_once(char::is_whitespace) {
            Some((name, rest)) if rest.trim_start().starts_with("DNSKEY") => {
                lines.push_str(&format!("{name} IN {rest}\n"));
            }
            _ => lines.push_str(&format!("{line}\n")),
        }
    }
    if lines.is_empty() {
        return Err(ResolverError::TrustAnchor("there is no DNSKEY record in it".into()));
    }
    lines.parse().map_err(|error| {
        let error: hickory_resolver::proto::serialize::txt::ParseError = error;
        ResolverError::TrustAnchor(error.to_string())
    })
}

impl DiscoverError {
    /// The code that users see.
    pub const fn code(self) -> Code {
        match self {
            Self::NoAddress | Self::Unanswered => Code::DomainUnreachable,
            Self::NoProof(no_proof) => no_proof.code(),
        }
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").finish_non_exhaustive()
    }
}

impl fmt::Display for ResolverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System(error) => write!(f, "the system's name servers are unknown: {error}"),
            Self::TrustAnchor(error) => write!(f, "the DNSSEC trust anchor is unusable: {error}"),
            Self::WebRoots(error) => {
                write!(f, "the certificates of federation.web_roots are unusable: {error}")
            }
        }
    }
}

impl std::error::Error for ResolverError {}

impl fmt::Display for DiscoverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAddress => f.write_str("none of the domain's hosts has an address"),
            Self::NoProof(no_proof) => no_proof.fmt(f),
            Self::Unanswered => f.write_str("the name servers did not say where its hosts are"),
        }
    }
}

impl std::error::Error for DiscoverError {}
