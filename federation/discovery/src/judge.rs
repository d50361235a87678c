//! Whether a domain's records introduce its node: the proof of its key and of where it listens.

use std::collections::BTreeMap;
use std::fmt;

use comity_identity::KeyName;
use comity_protocol::code::Code;
use comity_protocol::hash::Hash;
use comity_protocol::id::LineageId;
use comity_protocol::key::{NodePublicKey, lineage_id};
use comity_protocol::name::ServerName;

use crate::srv::SrvRecord;
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

/// Keys that the admin vouches for, by domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pins(pub BTreeMap<ServerName, PublishedKey>);

/// What proves a domain's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Records that were proven by DNSSEC.
    Dnssec,
    /// The admin's word.
    Pin,
}

/// A domain's node key, proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Introduction {
    /// The domain.
    pub domain: ServerName,
    /// The key that it publishes.
    pub key: NodePublicKey,
    /// The hash of its recovery key.
    pub recovery: Hash,
    /// The key's name.
    pub key_name: KeyName,
    /// The lineage that begins with this key.
    pub lineage: LineageId,
    /// What proves it.
    pub proof: Proof,
}

/// Why a domain's records do not introduce its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntroduceError {
    /// DNSSEC validation failed.
    Bogus,
    /// There is a record of ours that cannot be read.
    Malformed(TxtError),
    /// The domain does not exist, or publishes no node.
    NotPublished,
    /// The domain publishes another key than the one that the admin pinned.
    PinMismatch,
    /// Several keys are published, and nothing says which one counts.
    SeveralKeys,
    /// The records are not signed, and no pin vouches for the key.
    Unproven,
}

/// Judges a domain's TXT records.
pub fn judge(
    domain: &ServerName,
    txt: &RecordSet<TxtRecord>,
    pins: &Pins,
) -> Result<Introduction, IntroduceError> {
    let pin = pins.0.get(domain);
    let proof = prove(txt, pin.is_some())?;
    let published = read(&txt.records)?;
    let chosen = match (pin, published.as_slice()) {
        (_, []) => return Err(IntroduceError::NotPublished),
        (Some(pin), all) => all
            .iter()
            .find(|p| p.key == pin.key && p.recovery == pin.recovery)
            .ok_or(IntroduceError::PinMismatch)?,
        (None, [one]) => one,
        (None, _) => return Err(IntroduceError::SeveralKeys),
    };
    Ok(Introduction {
        domain: domain.clone(),
        key: chosen.key,
        recovery: chosen.recovery,
        key_name: chosen.key_name.clone(),
        lineage: lineage_id(domain, &chosen.key, &chosen.recovery),
        proof,
    })
}

/// Judges a domain's SRV records: where its node may be looked for. The key is proven by the
/// connection itself, but an unproven address would let others see who talks to whom.
pub fn targets(
    domain: &ServerName,
    srv: &RecordSet<SrvRecord>,
    pins: &Pins,
) -> Result<Vec<SrvRecord>, IntroduceError> {
    prove(srv, pins.0.contains_key(domain))?;
    let offered = srv.records.iter().filter(|r| r.target != "." && r.port != 0);
    let offered: Vec<SrvRecord> = offered.cloned().collect();
    if offered.is_empty() { Err(IntroduceError::NotPublished) } else { Ok(offered) }
}

fn prove<R>(set: &RecordSet<R>, pinned: bool) -> Result<Proof, IntroduceError> {
    match (pinned, set.evidence) {
        (true, _) => Ok(Proof::Pin),
        (false, Evidence::Secure) => Ok(Proof::Dnssec),
        (false, Evidence::Bogus) => Err(IntroduceError::Bogus),
        (false, _) if set.records.is_empty() => Err(IntroduceError::NotPublished),
        (false, Evidence::Indeterminate | Evidence::Insecure) => Err(IntroduceError::Unproven),
    }
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

impl IntroduceError {
    /// The code that users and peers see.
    pub const fn code(self) -> Code {
        match self {
            Self::Bogus => Code::DomainBogus,
            Self::Malformed(_) | Self::NotPublished | Self::SeveralKeys => Code::DomainNotFound,
            Self::PinMismatch => Code::DomainKeyChanged,
            Self::Unproven => Code::DomainUnproven,
        }
    }
}

impl fmt::Display for IntroduceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bogus => f.write_str("the domain's DNSSEC signatures do not verify"),
            Self::Malformed(error) => write!(f, "the domain's TXT record is malformed: {error}"),
            Self::NotPublished => f.write_str("the domain does not exist or publishes no node"),
            Self::PinMismatch => {
                f.write_str("the domain publishes another key than the one that is pinned")
            }
            Self::SeveralKeys => f.write_str("the domain publishes several keys"),
            Self::Unproven => {
                f.write_str("the domain's records are not signed and its key is not pinned")
            }
        }
    }
}

impl std::error::Error for IntroduceError {}

#[cfg(test)]
mod tests {
    use super::*;
    use IntroduceError::*;
    use comity_identity::{NodeKey, RecoveryKey};

    fn globex() -> ServerName {
        "globex.example".parse().unwrap()
    }

    fn key(seed: u8) -> PublishedKey {
        PublishedKey {
            key_name: "2026a".parse().unwrap(),
            key: NodeKey::from_seed(&[seed; 32]).public(),
            recovery: RecoveryKey::from_seed(&[9; 32]).hash(),
        }
    }

    fn record(text: &str) -> TxtRecord {
        TxtRecord(vec![text.as_bytes().to_vec()])
    }

    fn judged(
        texts: &[String],
        evidence: Evidence,
        pin: Option<PublishedKey>,
    ) -> Result<(NodePublicKey, Proof), IntroduceError> {
        let records = texts.iter().map(|t| record(t)).collect();
        let pins = Pins(pin.map(|p| (globex(), p)).into_iter().collect());
        let introduction = judge(&globex(), &RecordSet { records, evidence }, &pins)?;
        assert_eq!(introduction.lineage, key_lineage(&introduction));
        Ok((introduction.key, introduction.proof))
    }

    fn key_lineage(introduction: &Introduction) -> LineageId {
        lineage_id(&globex(), &introduction.key, &introduction.recovery)
    }

    #[test]
    fn a_key_needs_dnssec_or_a_pin() {
        let texts = [key(1).to_string()];
        let found = key(1).key;
        let check = |evidence, expected| assert_eq!(judged(&texts, evidence, None), expected);
        check(Evidence::Secure, Ok((found, Proof::Dnssec)));
        check(Evidence::Insecure, Err(Unproven));
        check(Evidence::Indeterminate, Err(Unproven));
        check(Evidence::Bogus, Err(Bogus));
        let pinned = judged(&texts, Evidence::Indeterminate, Some(key(1)));
        assert_eq!(pinned, Ok((found, Proof::Pin)));
        assert_eq!(judged(&texts, Evidence::Secure, Some(key(2))), Err(PinMismatch));
    }

    #[test]
    fn one_key_has_to_be_published() {
        let both = [key(1).to_string(), key(2).to_string()];
        let alien = ["v=spf1 -all".to_string()];
        let broken = [format!("{}; p=again", key(1))];
        assert_eq!(judged(&[], Evidence::Secure, None), Err(NotPublished));
        assert_eq!(judged(&[], Evidence::Insecure, None), Err(NotPublished));
        assert_eq!(judged(&[], Evidence::Bogus, None), Err(Bogus));
        assert_eq!(judged(&alien, Evidence::Secure, None), Err(NotPublished));
        assert_eq!(judged(&both, Evidence::Secure, None), Err(SeveralKeys));
        let malformed = Malformed(TxtError::Duplicate);
        assert_eq!(judged(&broken, Evidence::Secure, None), Err(malformed));
        let chosen = judged(&both, Evidence::Secure, Some(key(2)));
        assert_eq!(chosen, Ok((key(2).key, Proof::Pin)));
    }

    #[test]
    fn hosts_need_the_same_proof() {
        let record =
            |target: &str| SrvRecord { priority: 1, weight: 1, port: 4433, target: target.into() };
        let check = |records: &[SrvRecord], evidence, expected: Result<usize, IntroduceError>| {
            let set = RecordSet { records: records.to_vec(), evidence };
            let found = targets(&globex(), &set, &Pins::default());
            assert_eq!(found.map(|t| t.len()), expected);
        };
        let one = [record("node1.globex.example.")];
        check(&one, Evidence::Secure, Ok(1));
        check(&one, Evidence::Insecure, Err(Unproven));
        check(&one, Evidence::Bogus, Err(Bogus));
        check(&[record(".")], Evidence::Secure, Err(NotPublished));
        check(&[], Evidence::Secure, Err(NotPublished));
    }

    #[test]
    fn every_refusal_has_its_code() {
        let names = [Bogus, NotPublished, PinMismatch, SeveralKeys, Unproven].map(|e| e.code());
        use Code::*;
        let expected =
            [DomainBogus, DomainNotFound, DomainKeyChanged, DomainNotFound, DomainUnproven];
        assert_eq!(names, expected);
    }
}
