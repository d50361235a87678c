//! Whether a domain's records or its document introduce its node: the proof of its key and of where
//! it listens.

use std::fmt;

use comity_identity::KeyName;
use comity_protocol::code::Code;
use comity_protocol::hash::Hash;
use comity_protocol::id::LineageId;
use comity_protocol::key::NodePublicKey;
use comity_protocol::name::ServerName;

use crate::document::Document;
use crate::srv::SrvRecord;
use crate::trust::{Policy, Proof};
use crate::txt::{PublishedKey, TxtError, TxtRecord};

/// What DNSSEC validation (RFC 4035 section 4.3) found out about a set of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// Signatures that do not verify, or are missing where there must be some.
    Bogus,
    /// No trust anchor says anything about the name, or nobody validated.
    Indeterminate,
    /// Provably unsigned.
    Insecure,
    /// Proven by signatures up to the trust anchor.
    Secure,
}

/// The records of one name and type with what is known about their truth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordSet<R> {
    /// The records.
    pub records: Vec<R>,
    /// The weakest evidence of any of them.
    pub evidence: Evidence,
}

/// A domain's node key, proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Introduction {
    /// The domain.
    pub domain: ServerName,
    /// The key that it publishes, the first one where there are several.
    pub key: NodePublicKey,
    /// All keys that it publishes: while one follows another there are two.
    pub keys: Vec<NodePublicKey>,
    /// The key that its lineage began with.
    pub first_key: NodePublicKey,
    /// The hash of its recovery key.
    pub recovery: Hash,
    /// The key's name.
    pub key_name: KeyName,
    /// The lineage that the keys are of.
    pub lineage: LineageId,
    /// What proves it.
    pub proof: Proof,
}

/// Why a domain's records, or its document, do not introduce its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntroduceError {
    /// DNSSEC validation failed.
    Bogus,
    /// The document names another key than a record that DNSSEC proves.
    Contradicted,
    /// There is a record of ours that cannot be read.
    Malformed(TxtError),
    /// The domain does not exist, or publishes no node.
    NotPublished,
    /// The admin takes no proof that records could be.
    NotTrusted,
    /// The domain publishes another key than the one that the admin pinned.
    PinMismatch,
    /// Keys of several lineages are published, and nothing says which one counts.
    SeveralKeys,
    /// The records are not signed, and no pin vouches for the key.
    Unproven,
}

/// Judges a domain's TXT records.
pub fn judge(
    domain: &ServerName,
    txt: &RecordSet<TxtRecord>,
    policy: &Policy,
) -> Result<Introduction, IntroduceError> {
    let proof = prove(domain, txt, policy)?;
    let published = read(&txt.records)?;
    let pin = policy.pins.0.get(domain);
    let chosen: Vec<&PublishedKey> = match (pin, published.as_slice()) {
        (_, []) => return Err(IntroduceError::NotPublished),
        (Some(pin), all) => all.iter().filter(|p| is_same(p, pin)).collect(),
        (None, [first, others @ ..]) if others.iter().all(|p| is_same(p, first)) => {
            published.iter().collect()
        }
        (None, _) => return Err(IntroduceError::SeveralKeys),
    };
    Introduction::of(domain, &chosen, proof).ok_or(IntroduceError::PinMismatch)
}

/// Judges a domain's SRV records: where its node may be looked for. The key is proven by the
/// connection itself, but an unproven address would let others see who talks to whom.
pub fn targets(
    domain: &ServerName,
    srv: &RecordSet<SrvRecord>,
    policy: &Policy,
) -> Result<Vec<SrvRecord>, IntroduceError> {
    prove(domain, srv, policy)?;
    let offered = srv.records.iter().filter(|r| r.target != "." && r.port != 0);
    let offered: Vec<SrvRecord> = offered.cloned().collect();
    if offered.is_empty() { Err(IntroduceError::NotPublished) } else { Ok(offered) }
}

/// Judges the document that a domain's web server gave under its certificate; its hosts count with
/// its key. `txt` is what DNS said beside it: records that prove nothing are passed over, but no
/// document stands against one that DNSSEC proves.
pub fn judge_document(
    document: &Document,
    txt: Option<&RecordSet<TxtRecord>>,
    policy: &Policy,
) -> Result<Introduction, IntroduceError> {
    let (domain, published) = (&document.domain, &document.published);
    if !policy.trust.takes(Proof::WebPki) {
        return Err(IntroduceError::NotTrusted);
    }
    if policy.pins.0.get(domain).is_some_and(|pin| !is_same(published, pin)) {
        return Err(IntroduceError::PinMismatch);
    }
    if let Some(txt) = txt.filter(|txt| txt.evidence == Evidence::Secure) {
        let signed = read(&txt.records)?;
        if !signed.is_empty() && !signed.iter().any(|s| is_same(s, published)) {
            return Err(IntroduceError::Contradicted);
        }
    }
    let proof = if policy.vouches_for(domain) { Proof::Pin } else { Proof::WebPki };
    Introduction::of(domain, &[published], proof).ok_or(IntroduceError::NotPublished)
}

fn prove<R>(
    domain: &ServerName,
    set: &RecordSet<R>,
    policy: &Policy,
) -> Result<Proof, IntroduceError> {
    if policy.vouches_for(domain) {
        return Ok(Proof::Pin);
    }
    if !policy.trust.takes(Proof::Dnssec) {
        return Err(IntroduceError::NotTrusted);
    }
    match set.evidence {
        Evidence::Secure => Ok(Proof::Dnssec),
        Evidence::Bogus => Err(IntroduceError::Bogus),
        _ if set.records.is_empty() => Err(IntroduceError::NotPublished),
        Evidence::Indeterminate | Evidence::Insecure => Err(IntroduceError::Unproven),
    }
}

/// Whether both are of one lineage: which of its keys counts, it shows itself by its changes. Names
/// of keys carry no authority, so they are not compared.
fn is_same(one: &PublishedKey, other: &PublishedKey) -> bool {
    let first = |published: &PublishedKey| published.first_key.unwrap_or(published.key);
    first(one) == first(other) && one.recovery == other.recovery
}

/// The keys among the records. Records of something else are passed over; a damaged one of ours is
/// an error, since it may be the one that counts.
fn read(records: &[TxtRecord]) -> Result<Vec<PublishedKey>, IntroduceError> {
    let mut published = Vec::new();
    for record in records {
        match PublishedKey::from_record(record) {
            Ok(key) => published.push(key),
            Err(TxtError::NotComity) => {}
            Err(error) => return Err(IntroduceError::Malformed(error)),
        }
    }
    Ok(published)
}

impl Introduction {
    /// What keys of one lineage introduce; `None` where there are none.
    fn of(domain: &ServerName, published: &[&PublishedKey], proof: Proof) -> Option<Self> {
        let first = published.first()?;
        let lineage = first.lineage(domain.clone());
        Some(Self {
            domain: domain.clone(),
            key: first.key,
            keys: published.iter().map(|published| published.key).collect(),
            first_key: lineage.first_key,
            recovery: lineage.recovery,
            key_name: first.key_name.clone(),
            lineage: lineage.id,
            proof,
        })
    }
}

impl IntroduceError {
    /// The code that users and peers see.
    pub const fn code(self) -> Code {
        match self {
            Self::Bogus => Code::DomainBogus,
            Self::Contradicted | Self::PinMismatch => Code::DomainKeyChanged,
            Self::Malformed(_) | Self::NotPublished | Self::SeveralKeys => Code::DomainNotFound,
            Self::NotTrusted | Self::Unproven => Code::DomainUnproven,
        }
    }

    /// Whether records that were refused so leave it to the document to introduce the node. Where
    /// they prove that something is wrong, or say more than one thing, no document mends it.
    pub const fn leaves_open(self) -> bool {
        match self {
            Self::NotPublished | Self::NotTrusted | Self::Unproven => true,
            Self::Bogus
            | Self::Contradicted
            | Self::Malformed(_)
            | Self::PinMismatch
            | Self::SeveralKeys => false,
        }
    }
}

impl fmt::Display for IntroduceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bogus => f.write_str("the domain's DNSSEC signatures do not verify"),
            Self::Contradicted => {
                f.write_str("the document names another key than the signed TXT record")
            }
            Self::Malformed(error) => write!(f, "the domain's TXT record is malformed: {error}"),
            Self::NotTrusted => f.write_str("left out of federation.trust"),
            Self::NotPublished => f.write_str("the domain does not exist or publishes no node"),
            Self::PinMismatch => {
                f.write_str("the domain publishes another key than the one that is pinned")
            }
            Self::SeveralKeys => f.write_str("the domain publishes several keys"),
            Self::Unproven => f.write_str("the domain's records are not signed"),
        }
    }
}

impl std::error::Error for IntroduceError {}

#[cfg(test)]
mod tests;
