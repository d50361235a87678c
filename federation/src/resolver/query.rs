//! One question to DNS: the records of a name and type, and how far they are proven.
//!
//! What hickory-resolver hands out is looked at record by record: each carries its own proof, an
//! unsigned answer is a success to it, and signatures and records of other names stand beside the
//! answer. It does not follow an alias (CNAME) to SRV records; such a domain counts as one that
//! publishes none.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use comity_discovery::{Evidence, RecordSet, SrvRecord, TxtRecord};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::dnssec::{Proof, TrustAnchors};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};

use super::ResolverError;

/// How long one name server may take to answer.
const ANSWER_MAX: Duration = Duration::from_secs(2);
/// How often a question is repeated.
const REPEATS_MAX: usize = 2;
/// The library keeps no answers: it hands out kept ones without the aliases that led to them, and
/// what is found of a domain is kept anyway. Proven keys of zones it keeps apart from this.
const ANSWERS_KEPT_MAX: u64 = 0;
/// Aliases that are followed.
const ALIASES_MAX: usize = 8;

/// A resolver, validating or not. Cheap to clone.
#[derive(Clone)]
pub(super) struct Dns(TokioResolver);

/// The name servers did not answer, or not usably. A denial is an answer: an empty set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unanswered;

/// Records with how long they may be relied on.
pub(super) type Answer<R> = Result<(RecordSet<R>, Duration), Unanswered>;

impl Dns {
    pub(super) fn new(
        nameservers: &[SocketAddr],
        anchors: Option<Arc<TrustAnchors>>,
    ) -> Result<Self, ResolverError> {
        let system = |error: NetError| ResolverError::System(error.to_string());
        let mut builder = if nameservers.is_empty() {
            TokioResolver::builder_tokio().map_err(system)?
        } else {
            let servers = nameservers.iter().map(name_server).collect();
            let config = ResolverConfig::from_parts(None, Vec::new(), servers);
            let provider = TokioRuntimeProvider::default();
            let mut builder = TokioResolver::builder_with_config(config, provider);
            builder.options_mut().use_hosts_file = ResolveHosts::Never;
            builder
        };
        set_options(builder.options_mut());
        // The library reads an anchor only from here; its option that names a file is passed over.
        if let Some(anchors) = anchors {
            builder = builder.with_trust_anchor(anchors);
        }
        builder.build().map(Self).map_err(system)
    }

    /// The TXT records of an absolute name.
    pub(super) async fn txt(&self, name: &str) -> Answer<TxtRecord> {
        let record = |data: &RData| match data {
            RData::TXT(txt) => Some(TxtRecord(txt.txt_data.iter().map(|s| s.to_vec()).collect())),
            _ => None,
        };
        self.records(name, RecordType::TXT, record).await
    }

    /// The SRV records of an absolute name.
    pub(super) async fn srv(&self, name: &str) -> Answer<SrvRecord> {
        let record = |data: &RData| match data {
            RData::SRV(srv) => Some(SrvRecord {
                priority: srv.priority,
                weight: srv.weight,
                port: srv.port,
                target: srv.target.to_ascii(),
            }),
            _ => None,
        };
        self.records(name, RecordType::SRV, record).await
    }

    /// The addresses of a host, at least one.
    pub(super) async fn addrs(&self, host: &str) -> Result<(Vec<IpAddr>, Duration), Unanswered> {
        let found = self.0.lookup_ip(host).await.map_err(|_| Unanswered)?;
        let addrs: Vec<IpAddr> = found.iter().collect();
        let ttl = found.valid_until().saturating_duration_since(Instant::now());
        if addrs.is_empty() { Err(Unanswered) } else { Ok((addrs, ttl)) }
    }

    async fn records<R>(
        &self,
        name: &str,
        kind: RecordType,
        record: impl Fn(&RData) -> Option<R>,
    ) -> Answer<R> {
        let name = Name::from_ascii(name).map_err(|_| Unanswered)?;
        match self.0.lookup(name.clone(), kind).await {
            Ok(found) => {
                let ttl = found.valid_until().saturating_duration_since(Instant::now());
                Ok((collect(&found, name, record), ttl))
            }
            Err(NetError::Dns(error)) => denial(&error)
                .map(|evidence| (RecordSet { records: Vec::new(), evidence }, Duration::ZERO)),
            Err(error) => {
                tracing::debug!(%name, %kind, %error, "DNS did not answer");
                Err(Unanswered)
            }
        }
    }
}

/// The records that answer the question, aliases followed, with the weakest proof of any of them.
fn collect<R>(
    found: &Lookup,
    mut name: Name,
    record: impl Fn(&RData) -> Option<R>,
) -> RecordSet<R> {
    let of = |name: &Name| found.answers().iter().filter(|r| r.name == *name).collect::<Vec<_>>();
    let mut weakest = Proof::Secure;
    for _ in 0..ALIASES_MAX {
        let alias = of(&name).into_iter().find_map(|r: &Record| match &r.data {
            RData::CNAME(target) => Some((target.0.clone(), r.proof)),
            _ => None,
        });
        let Some((target, proof)) = alias else { break };
        weakest = weaker(weakest, proof);
        name = target;
    }
    let mut records = Vec::new();
    for answer in of(&name) {
        if let Some(record) = record(&answer.data) {
            weakest = weaker(weakest, answer.proof);
            records.push(record);
        }
    }
    RecordSet { records, evidence: evidence(weakest) }
}

/// What an error says about the name: that there are no such records, or that somebody forged an
/// answer.
fn denial(error: &DnsError) -> Result<Evidence, Unanswered> {
    match error {
        DnsError::DnssecBogus => Ok(Evidence::Bogus),
        DnsError::NoRecordsFound(denied) => {
            use hickory_resolver::proto::op::ResponseCode::{NXDomain, NoError};
            match denied.response_code {
                NoError | NXDomain => Ok(Evidence::Indeterminate),
                _ => Err(Unanswered),
            }
        }
        DnsError::Nsec { proof, .. } => Ok(evidence(*proof)),
        _ => Err(Unanswered),
    }
}

fn weaker(one: Proof, other: Proof) -> Proof {
    let strength = |proof: Proof| match proof {
        Proof::Bogus => 0,
        Proof::Indeterminate => 1,
        Proof::Insecure => 2,
        Proof::Secure => 3,
    };
    if strength(other) < strength(one) { other } else { one }
}

fn evidence(proof: Proof) -> Evidence {
    match proof {
        Proof::Bogus => Evidence::Bogus,
        Proof::Indeterminate => Evidence::Indeterminate,
        Proof::Insecure => Evidence::Insecure,
        Proof::Secure => Evidence::Secure,
    }
}

fn name_server(addr: &SocketAddr) -> NameServerConfig {
    let mut server = NameServerConfig::udp_and_tcp(addr.ip());
    for connection in &mut server.connections {
        connection.port = addr.port();
    }
    server
}

fn set_options(options: &mut ResolverOpts) {
    options.timeout = ANSWER_MAX;
    options.attempts = REPEATS_MAX;
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    options.cache_size = ANSWERS_KEPT_MAX;
    options.edns0 = true;
}
