//! The demo's DNS: a root of its own, `test.`, and the organisations' zones, all signed with keys
//! made at its start. Nodes validate it exactly as they validate the real DNS, with this root's key
//! as their trust anchor: the demo has no weaker way to trust. Serves on loopback only.

use std::collections::HashSet;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hickory_proto::ProtoError;
use hickory_proto::dnssec::DnsSecError;
use hickory_proto::rr::rdata::{A, SRV, TXT};
use hickory_proto::rr::{LowerName, Name, RData, RecordType};
use hickory_server::net::runtime::Time;
use hickory_server::server::{
    Request, RequestHandler, RequestInfo, ResponseHandler, ResponseInfo, Server,
};
use hickory_server::zone_handler::{Catalog, ZoneHandler};
use thiserror::Error;
use tokio::net::{TcpListener, UdpSocket};

use super::zone::{Handler, Signed, Zone, ZoneKey};
use crate::doctor::Records;

/// Why the demo's DNS does not start.
#[derive(Debug, Error)]
pub(crate) enum DemoDnsError {
    /// No port is free for both UDP and TCP.
    #[error("no free port on 127.0.0.1 for the demo's DNS: {0}")]
    Bind(#[from] io::Error),
    /// A zone cannot be signed.
    #[error("the demo's zones could not be signed: {0}")]
    Sign(#[from] DnsSecError),
    /// A name is too long for DNS.
    #[error("the demo's zones could not be made: {0}")]
    Zone(#[from] ProtoError),
}

/// A DNS whose address and root key are known, but which answers only once it has its zones: the
/// nodes need the first two before they can say what belongs in the zones. Queries wait in the
/// socket meanwhile.
pub(crate) struct BoundDns {
    udp: UdpSocket,
    tcp: TcpListener,
    root_key: ZoneKey,
}

impl BoundDns {
    /// Takes a free loopback port and makes the root's key.
    pub(crate) async fn bind() -> Result<Self, DemoDnsError> {
        let root_key = ZoneKey::generate(Name::root())?;
        let mut tries = 0;
        loop {
            let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            match UdpSocket::bind(tcp.local_addr()?).await {
                Ok(udp) => return Ok(Self { udp, tcp, root_key }),
                Err(e) if tries == BIND_TRIES_MAX => return Err(e.into()),
                Err(_) => tries += 1,
            }
        }
    }

    /// Where it answers.
    pub(crate) fn addr(&self) -> io::Result<SocketAddr> {
        self.udp.local_addr()
    }

    /// The root's key as a line of a trust anchor file.
    pub(crate) fn trust_anchor(&self) -> Result<String, DemoDnsError> {
        Ok(format!(". IN DNSKEY {}\n", self.root_key.dnskey()?))
    }

    /// Signs the zones of these organisations, with the zones above them, and begins to answer.
    pub(crate) fn serve(self, organisations: &[Records]) -> Result<DemoDns, DemoDnsError> {
        self.serve_after(organisations, &[], |_| ())
    }

    /// The same with more organisations that the zone above names without vouching for them, and
    /// with a hand on each organisation's zone between signing and serving: how tests tamper.
    pub(crate) fn serve_after(
        self,
        organisations: &[Records],
        unsigned: &[Records],
        touch: impl Fn(&mut Handler),
    ) -> Result<DemoDns, DemoDnsError> {
        let mut top = Zone::new(self.root_key)?;
        let mut test = Zone::new(ZoneKey::generate(Name::from_ascii("test.")?)?)?;
        top.delegate(&test)?;
        let mut zones = Vec::new();
        for records in organisations {
            let zone = organisation(records)?;
            test.delegate(&zone)?;
            zones.push(zone);
        }
        for records in unsigned {
            let zone = organisation(records)?;
            test.delegate_unsigned(&zone)?;
            zones.push(zone);
        }
        let (top, test) = (Arc::new(top.sign(|_| ())?), Arc::new(test.sign(|_| ())?));
        let mut tree = Tree::default();
        for zone in zones {
            tree.insert(&Arc::new(zone.sign(&touch)?), &test);
        }
        tree.insert(&test, &top);
        tree.insert(&top, &top);
        Ok(tree.listen(self.udp, self.tcp))
    }
}

/// The running DNS; it ends when dropped.
pub(crate) struct DemoDns {
    _server: Server<Tree>,
}

fn organisation(records: &Records) -> Result<Zone, DemoDnsError> {
    let domain = fqdn(records.domain.as_str())?;
    let mut zone = Zone::new(ZoneKey::generate(domain.clone())?)?;
    let target = fqdn(&records.host)?;
    zone.add(target.clone(), RData::A(A(Ipv4Addr::LOCALHOST)));
    let srv = SRV::new(records.priority, records.weight, records.port, target);
    zone.add(fqdn(&records.srv_name())?, RData::SRV(srv));
    zone.add(fqdn(&records.txt_name())?, RData::TXT(TXT::new(records.txt_strings())));
    Ok(zone)
}

fn fqdn(name: &str) -> Result<Name, ProtoError> {
    Name::from_ascii(format!("{name}."))
}

/// All zones of one server. A DS record belongs to the zone above the name that it is asked for
/// (RFC 4035 section 3.1.4.1), so such a question must not go to the zone of that name, which this
/// server holds too.
#[derive(Default)]
struct Tree {
    names: HashSet<LowerName>,
    zones: Catalog,
    parents: Catalog,
}

impl Tree {
    fn insert(&mut self, zone: &Arc<Signed>, parent: &Arc<Signed>) {
        let name = zone.origin().clone();
        self.names.insert(name.clone());
        self.zones.upsert(name.clone(), vec![zone.clone()]);
        self.parents.upsert(name, vec![parent.clone()]);
    }

    fn listen(self, udp: UdpSocket, tcp: TcpListener) -> DemoDns {
        let mut server = Server::new(self);
        server.register_socket(udp);
        server.register_listener(tcp, TCP_TIMEOUT, RESPONSES_PER_CONNECTION_MAX);
        DemoDns { _server: server }
    }
}

#[async_trait::async_trait]
impl RequestHandler for Tree {
    async fn handle_request<R: ResponseHandler, T: Time>(
        &self,
        request: &Request,
        answer: R,
    ) -> ResponseInfo {
        let asked_above = |r: RequestInfo<'_>| {
            r.query.query_type() == RecordType::DS && self.names.contains(r.query.name())
        };
        let above = request.request_info().is_ok_and(asked_above);
        let catalog = if above { &self.parents } else { &self.zones };
        catalog.handle_request::<R, T>(request, answer).await
    }
}

const BIND_TRIES_MAX: u32 = 16;
const TCP_TIMEOUT: Duration = Duration::from_secs(10);
const RESPONSES_PER_CONNECTION_MAX: usize = 32;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use hickory_proto::dnssec::{Proof, TrustAnchors};
    use hickory_resolver::TokioResolver;
    use hickory_resolver::config::{NameServerConfig, ResolverConfig};
    use hickory_resolver::lookup::Lookup;
    use hickory_resolver::net::NetError;
    use hickory_resolver::net::runtime::TokioRuntimeProvider;

    use super::*;

    fn records(domain: &str) -> Records {
        Records {
            domain: domain.parse().unwrap(),
            host: domain.to_owned(),
            port: 4433,
            priority: 10,
            weight: 5,
            txt: format!("v=comity1; k=ed25519; p={}", "x".repeat(300)),
        }
    }

    /// A resolver as a node has one: validating, with the demo's root as its only anchor.
    fn resolver(addr: SocketAddr, anchor: &str) -> TokioResolver {
        let mut server = NameServerConfig::udp_and_tcp(addr.ip());
        server.connections.iter_mut().for_each(|c| c.port = addr.port());
        let config = ResolverConfig::from_parts(None, vec![], vec![server]);
        let anchors: TrustAnchors = anchor.parse().unwrap();
        TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            .with_trust_anchor(Arc::new(anchors))
            .build()
            .unwrap()
    }

    async fn ask(
        resolver: &TokioResolver,
        name: &str,
        kind: RecordType,
    ) -> Result<Lookup, NetError> {
        resolver.lookup(name, kind).await
    }

    fn secure(lookup: &Lookup, kind: RecordType) -> Vec<RData> {
        let of_kind = lookup.answers().iter().filter(|r| r.record_type() == kind);
        let records: Vec<_> = of_kind.collect();
        assert!(!records.is_empty());
        assert!(records.iter().all(|r| r.proof == Proof::Secure), "{records:?}");
        records.iter().map(|r| r.data.clone()).collect()
    }

    #[tokio::test]
    async fn a_validating_resolver_finds_every_organisation_secure() {
        let dns = BoundDns::bind().await.unwrap();
        let (addr, anchor) = (dns.addr().unwrap(), dns.trust_anchor().unwrap());
        let _running = dns.serve(&[records("acme.test"), records("globex.test")]).unwrap();
        let resolver = resolver(addr, &anchor);
        for domain in ["acme.test", "globex.test"] {
            let found = ask(&resolver, &format!("_comity._udp.{domain}."), RecordType::SRV).await;
            let srv = secure(&found.unwrap(), RecordType::SRV);
            assert_eq!(srv[0].to_string(), format!("10 5 4433 {domain}."));
            let found = ask(&resolver, &format!("_comity.{domain}."), RecordType::TXT).await;
            let RData::TXT(txt) = secure(&found.unwrap(), RecordType::TXT).remove(0) else {
                unreachable!()
            };
            assert_eq!(txt.txt_data.len(), 2, "a text over 255 bytes is several strings");
            assert_eq!(txt.txt_data.concat(), records(domain).txt.as_bytes());
            let found = ask(&resolver, &format!("{domain}."), RecordType::A).await;
            secure(&found.unwrap(), RecordType::A);
        }
        for name in ["_comity.umbrella.test.", "_comity._udp.x.acme.test.", "a.test.", "nothing."] {
            let missing = ask(&resolver, name, RecordType::SRV).await.unwrap_err();
            assert!(missing.is_no_records_found(), "proven absence of {name}, not: {missing}");
        }
    }

    #[tokio::test]
    async fn a_record_changed_after_signing_is_bogus() {
        let dns = BoundDns::bind().await.unwrap();
        let (addr, anchor) = (dns.addr().unwrap(), dns.trust_anchor().unwrap());
        let forge = |zone: &mut Handler| {
            let records = zone.records_get_mut();
            let txt = records.values_mut().find(|set| set.record_type() == RecordType::TXT);
            let set = Arc::make_mut(txt.unwrap());
            let mut record = set.record().unwrap().clone();
            record.data = RData::TXT(TXT::new(vec!["v=comity1; p=forged".to_owned()]));
            set.set_records(vec![record]);
        };
        let _running = dns.serve_after(&[records("acme.test")], &[], forge).unwrap();
        let resolver = resolver(addr, &anchor);
        let srv = ask(&resolver, "_comity._udp.acme.test.", RecordType::SRV).await.unwrap();
        secure(&srv, RecordType::SRV);
        let txt = ask(&resolver, "_comity.acme.test.", RecordType::TXT).await.unwrap_err();
        assert!(!txt.is_no_records_found(), "{txt}");
    }

    #[tokio::test]
    async fn another_root_key_proves_nothing() {
        let dns = BoundDns::bind().await.unwrap();
        let addr = dns.addr().unwrap();
        let _running = dns.serve(&[records("acme.test")]).unwrap();
        let other = BoundDns::bind().await.unwrap().trust_anchor().unwrap();
        let found = ask(&resolver(addr, &other), "_comity.acme.test.", RecordType::TXT).await;
        assert!(found.is_err());
    }
}
