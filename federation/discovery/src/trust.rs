//! What an admin believes about other organisations: which proofs introduce a key, and the keys
//! that he vouches for himself. Knows neither records nor documents.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use comity_protocol::name::ServerName;

use crate::txt::PublishedKey;

/// What proves a domain's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Proof {
    /// Records that were proven by DNSSEC.
    Dnssec,
    /// The admin's word.
    Pin,
    /// The domain's well-known document, under a certificate that the public web accepts.
    WebPki,
}

/// The proofs of which each alone introduces a key; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust(BTreeSet<Proof>);

/// Keys that the admin vouches for, by domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pins(pub BTreeMap<ServerName, PublishedKey>);

/// All that an admin says about whom to believe.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// The keys that he vouches for. A key that contradicts its domain's pin is refused even where
    /// a pin is no proof.
    pub pins: Pins,
    /// What he takes as a proof.
    pub trust: Trust,
}

/// The text is the name of no proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProofError;

impl Trust {
    /// Trust in these proofs; none if there is no proof, since nobody new could be met.
    pub fn new(proofs: impl IntoIterator<Item = Proof>) -> Option<Self> {
        let proofs: BTreeSet<Proof> = proofs.into_iter().collect();
        (!proofs.is_empty()).then_some(Self(proofs))
    }

    /// Whether this proof suffices.
    pub fn takes(&self, proof: Proof) -> bool {
        self.0.contains(&proof)
    }
}

impl Default for Trust {
    /// All proofs: most domains are not signed, and a client trusts the same certificates with its
    /// password.
    fn default() -> Self {
        Self(BTreeSet::from([Proof::Dnssec, Proof::Pin, Proof::WebPki]))
    }
}

impl Policy {
    /// Whether the admin's word alone proves the key of a domain.
    pub fn vouches_for(&self, domain: &ServerName) -> bool {
        self.trust.takes(Proof::Pin) && self.pins.0.contains_key(domain)
    }

    /// Whether a domain's records can introduce its node at all.
    pub fn reads_records(&self, domain: &ServerName) -> bool {
        self.trust.takes(Proof::Dnssec) || self.vouches_for(domain)
    }
}

impl Proof {
    /// The name that settings and logs use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dnssec => "dnssec",
            Self::Pin => "pin",
            Self::WebPki => "webpki",
        }
    }
}

impl FromStr for Proof {
    type Err = ProofError;

    fn from_str(text: &str) -> Result<Self, ProofError> {
        let all = [Self::Dnssec, Self::Pin, Self::WebPki];
        all.into_iter().find(|proof| proof.name() == text).ok_or(ProofError)
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for ProofError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a proof is one of dnssec, webpki and pin")
    }
}

impl std::error::Error for ProofError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trust_is_a_set_that_is_never_empty() {
        let all = ["dnssec", "webpki", "pin"].map(|name| name.parse::<Proof>().unwrap());
        assert_eq!(Trust::new(all), Some(Trust::default()));
        assert_eq!(Trust::new([]), None);
        let twice = Trust::new([Proof::WebPki, Proof::WebPki]).unwrap();
        assert!(twice.takes(Proof::WebPki) && !twice.takes(Proof::Pin));
        assert_eq!("DNSSEC".parse::<Proof>(), Err(ProofError));
        assert!(all.iter().all(|proof| proof.to_string().parse() == Ok(*proof)));
    }
}
