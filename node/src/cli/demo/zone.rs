//! One signed zone of the demo's DNS. Keys and signatures are made here, in memory, at each start;
//! nothing here listens.

use std::collections::HashSet;
use std::time::Duration;

use hickory_proto::dnssec::crypto::Ed25519SigningKey;
use hickory_proto::dnssec::rdata::{DNSKEY, DNSSECRData, DS};
use hickory_proto::dnssec::{DigestType, DnsSecError, DnssecSigner, SigningKey};
use hickory_proto::rr::rdata::{NS, SOA};
use hickory_proto::rr::{LowerName, Name, RData, Record, RecordType, TSigResponseContext};
use hickory_server::dnssec::NxProofKind;
use hickory_server::net::runtime::TokioRuntimeProvider;
use hickory_server::server::{Request, RequestInfo};
use hickory_server::store::in_memory::InMemoryZoneHandler;
use hickory_server::zone_handler::{
    AuthLookup, AxfrPolicy, LookupControlFlow, LookupOptions, Nsec3QueryInfo, ZoneHandler, ZoneType,
};

use super::dns::DemoDnsError;

/// A zone's only key: it signs its zone and itself, and the zone above vouches for it (a DS
/// record).
pub(super) struct ZoneKey {
    zone: Name,
    key: Ed25519SigningKey,
}

impl ZoneKey {
    pub(super) fn generate(zone: Name) -> Result<Self, DnsSecError> {
        let key = Ed25519SigningKey::from_pkcs8(&Ed25519SigningKey::generate_pkcs8()?)?;
        Ok(Self { zone, key })
    }

    pub(super) fn dnskey(&self) -> Result<DNSKEY, DnsSecError> {
        Ok(DNSKEY::from_key(&self.key.to_public_key()?))
    }

    fn ds(&self) -> Result<DS, DnsSecError> {
        DS::from_key(&self.key.to_public_key()?, &self.zone, DigestType::SHA256)
    }
}

/// A zone that is being written.
pub(super) struct Zone {
    key: ZoneKey,
    names: HashSet<LowerName>,
    handler: Handler,
}

impl Zone {
    pub(super) fn new(key: ZoneKey) -> Result<Self, DemoDnsError> {
        let name = key.zone.clone();
        let proof = NxProofKind::Nsec;
        let handler =
            Handler::empty(name.clone(), ZoneType::Primary, AxfrPolicy::Deny, Some(proof));
        let mut zone = Self { key, names: HashSet::new(), handler };
        // Parent and child share this server, and `localhost.` stands outside both.
        let server = Name::from_ascii("localhost.")?;
        let seconds = i32::try_from(TTL_SECONDS).unwrap_or(i32::MAX);
        let soa = SOA::new(server.clone(), Name::root(), 1, seconds, seconds, seconds, TTL_SECONDS);
        zone.add(name.clone(), RData::SOA(soa));
        zone.add(name, RData::NS(NS(server)));
        Ok(zone)
    }

    pub(super) fn add(&mut self, name: Name, data: RData) {
        let mut above = LowerName::new(&name);
        while self.names.insert(above.clone()) && !above.is_root() {
            above = above.base_name();
        }
        let record = Record::from_rdata(name, TTL_SECONDS, data);
        let inserted = self.handler.upsert_mut(record, 1);
        debug_assert!(inserted, "no two records of the demo's zones stand in each other's way");
    }

    pub(super) fn delegate(&mut self, child: &Zone) -> Result<(), DemoDnsError> {
        self.delegate_unsigned(child)?;
        self.add(child.key.zone.clone(), RData::DNSSEC(DNSSECRData::DS(child.key.ds()?)));
        Ok(())
    }

    /// Names the child without vouching for its key.
    pub(super) fn delegate_unsigned(&mut self, child: &Zone) -> Result<(), DemoDnsError> {
        let server = Name::from_ascii("localhost.")?;
        self.add(child.key.zone.clone(), RData::NS(NS(server)));
        Ok(())
    }

    /// Signs the zone; `touch` may change it afterwards, which is how a test tampers.
    pub(super) fn sign(mut self, touch: impl Fn(&mut Handler)) -> Result<Signed, DnsSecError> {
        let dnskey = self.key.dnskey()?;
        let signer =
            DnssecSigner::new(dnskey, Box::new(self.key.key), self.key.zone, SIGNATURE_VALIDITY);
        self.handler.add_zone_signing_key_mut(signer)?;
        self.handler.secure_zone_mut()?;
        touch(&mut self.handler);
        Ok(Signed { names: self.names, handler: self.handler })
    }
}

/// The store of one zone.
pub(crate) type Handler = InMemoryZoneHandler<TokioRuntimeProvider>;

/// A zone as it is served: the library's, but for the proof that a name does not exist.
pub(super) struct Signed {
    names: HashSet<LowerName>,
    handler: Handler,
}

#[async_trait::async_trait]
impl ZoneHandler for Signed {
    fn zone_type(&self) -> ZoneType {
        self.handler.zone_type()
    }

    fn axfr_policy(&self) -> AxfrPolicy {
        self.handler.axfr_policy()
    }

    fn origin(&self) -> &LowerName {
        self.handler.origin()
    }

    async fn lookup(
        &self,
        name: &LowerName,
        kind: RecordType,
        info: Option<&RequestInfo<'_>>,
        options: LookupOptions,
    ) -> LookupControlFlow<AuthLookup> {
        self.handler.lookup(name, kind, info, options).await
    }

    async fn search(
        &self,
        request: &Request,
        options: LookupOptions,
    ) -> (LookupControlFlow<AuthLookup>, Option<TSigResponseContext>) {
        self.handler.search(request, options).await
    }

    /// The proof has to cover the wildcard at the closest name that exists (RFC 4035 section
    /// 3.1.3.2). The library covers the one just above the question, which is the same only for the
    /// name one step below an existing one; the proof for that name holds for all names under it.
    async fn nsec_records(
        &self,
        name: &LowerName,
        options: LookupOptions,
    ) -> LookupControlFlow<AuthLookup> {
        let mut name = name.clone();
        while !self.names.contains(&name) && !self.names.contains(&name.base_name()) {
            name = name.base_name();
        }
        self.handler.nsec_records(&name, options).await
    }

    async fn nsec3_records(
        &self,
        info: Nsec3QueryInfo<'_>,
        options: LookupOptions,
    ) -> LookupControlFlow<AuthLookup> {
        self.handler.nsec3_records(info, options).await
    }

    fn nx_proof_kind(&self) -> Option<&NxProofKind> {
        self.handler.nx_proof_kind()
    }
}

/// How long resolvers keep an answer: short, since a demo's addresses change at every start.
const TTL_SECONDS: u32 = 60;
/// Longer than any demo runs.
const SIGNATURE_VALIDITY: Duration = Duration::from_secs(30 * 24 * 3_600);
