//! Finds a peer by its domain: asks DNS, validates DNSSEC itself, and hands the records to
//! `comity-discovery` to be judged. No answer of a name server is believed about a key unless its
//! proof reached here.
//!
//! Two resolvers are at work. One validates from the trust anchor; it serves TXT and SRV of
//! domains that are not pinned. The other does not; it serves pinned domains, which need no DNSSEC
//! and may lie outside the anchored tree, and the addresses of hosts, which need no proof since
//! the connection proves the key.

mod cache;
mod query;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use comity_discovery::{
    IntroduceError, Introduction, Pins, SRV_RECORDS_MAX, SrvRecord, judge, order, srv_name,
    targets, txt_name,
};
use comity_protocol::code::Code;
use comity_protocol::name::ServerName;
use hickory_resolver::proto::dnssec::TrustAnchors;
use tokio::sync::Semaphore;

use cache::Cache;
use query::{Dns, Unanswered};

/// Domains that are looked up at a time; the others wait their turn.
const LOOKUPS_MAX: usize = 32;
/// How long looking up one domain may take in all.
const LOOKUP_MAX: Duration = Duration::from_secs(10);
/// Addresses of one host that are tried.
const ADDRS_MAX: usize = 8;

/// Whom to ask, and what to believe.
#[derive(Clone, Debug, Default)]
pub struct ResolverSettings {
    /// Name servers to ask; none: those of the system.
    pub nameservers: Vec<SocketAddr>,
    /// DNSKEY records, one a line, from which validation starts; none: the root zone's that are
    /// built in.
    pub trust_anchor: Option<String>,
    /// Keys that the admin vouches for.
    pub pins: Pins,
}

/// Finds peers. Answers are kept as long as their records allow, a day at most. Cheap to clone.
#[derive(Clone)]
pub struct Resolver(Arc<Inner>);

struct Inner {
    validating: Dns,
    plain: Dns,
    pins: Pins,
    cache: Cache,
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
}

/// Why a domain's node is not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiscoverError {
    /// The records do not introduce a node.
    Introduce(IntroduceError),
    /// None of the domain's hosts has an address.
    NoAddress,
    /// The name servers did not answer, or not usably.
    Unanswered,
}

/// What is kept of a domain: its records as judged, with the addresses of their hosts.
#[derive(Clone, Debug)]
struct Found {
    introduction: Introduction,
    records: Vec<(SrvRecord, Vec<SocketAddr>)>,
}

impl Resolver {
    /// Sets up both resolvers; asks nobody yet. Has to be called within a tokio runtime.
    pub fn new(settings: ResolverSettings) -> Result<Self, ResolverError> {
        let anchors = match &settings.trust_anchor {
            Some(text) => parse_anchors(text)?,
            None => TrustAnchors::default(),
        };
        let inner = Inner {
            validating: Dns::new(&settings.nameservers, Some(Arc::new(anchors)))?,
            plain: Dns::new(&settings.nameservers, None)?,
            pins: settings.pins,
            cache: Cache::default(),
            lookups: Semaphore::new(LOOKUPS_MAX),
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

    /// Forgets what is kept of a domain, so that the next call asks again.
    pub fn forget(&self, domain: &ServerName) {
        self.0.cache.forget(domain);
    }
}

impl Inner {
    async fn look_up(&self, domain: &ServerName) -> (Result<Found, DiscoverError>, Duration) {
        // The semaphore is never closed.
        let _turn = self.lookups.acquire().await;
        let mut ttl = Duration::MAX;
        let asked = tokio::time::timeout(LOOKUP_MAX, self.ask(domain, &mut ttl)).await;
        let outcome = asked.unwrap_or(Err(DiscoverError::Unanswered));
        if let Err(error) = &outcome {
            tracing::debug!(%domain, %error, "no node found");
        }
        (outcome, ttl)
    }

    async fn ask(&self, domain: &ServerName, ttl: &mut Duration) -> Result<Found, DiscoverError> {
        let pinned = self.pins.0.contains_key(domain);
        let dns = if pinned { &self.plain } else { &self.validating };
        let (txt_name, srv_name) = (txt_name(domain), srv_name(domain));
        let (txt, srv) = tokio::join!(dns.txt(&txt_name), dns.srv(&srv_name));
        let (txt, txt_ttl) = txt?;
        let introduction = judge(domain, &txt, &self.pins).map_err(DiscoverError::Introduce)?;
        let (srv, srv_ttl) = srv?;
        let hosts = targets(domain, &srv, &self.pins).map_err(DiscoverError::Introduce)?;
        *ttl = txt_ttl.min(srv_ttl);
        let mut records = Vec::new();
        for record in hosts.into_iter().take(SRV_RECORDS_MAX) {
            // One host without an address does not make the others useless.
            if let Ok((addrs, addr_ttl)) = self.plain.addrs(&record.target).await {
                let addrs = addrs.into_iter().take(ADDRS_MAX);
                let addrs: Vec<_> = addrs.map(|ip| SocketAddr::new(ip, record.port)).collect();
                *ttl = addr_ttl.min(*ttl);
                records.push((record, addrs));
            }
        }
        if records.is_empty() {
            return Err(DiscoverError::NoAddress);
        }
        Ok(Found { introduction, records })
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

impl From<Unanswered> for DiscoverError {
    fn from(_: Unanswered) -> Self {
        Self::Unanswered
    }
}

impl DiscoverError {
    /// The code that users see.
    pub const fn code(self) -> Code {
        match self {
            Self::Introduce(error) => error.code(),
            Self::NoAddress | Self::Unanswered => Code::DomainUnreachable,
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
        }
    }
}

impl std::error::Error for ResolverError {}

impl fmt::Display for DiscoverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Introduce(error) => error.fmt(f),
            Self::NoAddress => f.write_str("none of the domain's hosts has an address"),
            Self::Unanswered => f.write_str("the name servers did not answer"),
        }
    }
}

impl std::error::Error for DiscoverError {}
