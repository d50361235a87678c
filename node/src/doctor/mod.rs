//! The doctor: what was found out about a node and about its partners, put into words, with what to
//! do and the very record to publish. It asks nobody; whoever runs it brings what was found out.

mod link;
mod own;
mod partner;
mod reach;
mod records;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use comity_federation::{ConnectError, Evidence, Proof, PublishedKey, Survey, Trust};
use comity_protocol::code::Code;
use comity_protocol::name::ServerName;

pub(crate) use link::{Compared, answered, clocks, linked, tested};
pub(crate) use own::examine as examine_own;
pub(crate) use partner::examine as examine_partner;
pub(crate) use reach::{outside, reached};
pub(crate) use records::{Records, TTL_SECONDS, published};

/// What a node should publish, and whom it believes.
#[derive(Clone, Debug)]
pub(crate) struct Own {
    /// Its domain.
    pub(crate) domain: ServerName,
    /// Its key.
    pub(crate) published: PublishedKey,
    /// The host that peers are told, without a final dot.
    pub(crate) host: String,
    /// The UDP port that peers are told.
    pub(crate) port: u16,
    /// What it takes as a proof of others.
    pub(crate) trust: Trust,
    /// Where a partner sees it, if one has said so.
    pub(crate) seen: Option<IpAddr>,
}

/// An address with what became of dialling it.
pub(crate) type Knock = (SocketAddr, Result<Duration, ConnectError>);

/// How long each part of a test's way took, in ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Legs {
    /// Until it was on our disk.
    pub(crate) own_disk_ms: u64,
    /// From then until the peer had acknowledged it: it is on its disk.
    pub(crate) their_disk_ms: u64,
    /// Asking for it and getting it back.
    pub(crate) read_back_ms: u64,
}

/// Why a test did not come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TestError {
    /// The peer showed another record than was written.
    Another,
    /// It was not written here.
    NotWritten(Code),
    /// The peer acknowledged it, and does not show it.
    NotShown(Code),
    /// One was made just now; the next may be in so many ms.
    TooSoon(u64),
    /// The peer did not acknowledge it in time.
    Unacknowledged,
}

impl Own {
    fn records(&self) -> Records {
        Records::of_published(&self.domain, &self.published, &self.host, self.port)
    }
}

/// The weakest of what is known of two sets of records; `None` where it could not be found out of
/// one of them.
/// Whether a domain says nothing of a node yet.
fn is_bare(survey: &Survey) -> bool {
    let Survey { srv, txt, .. } = survey;
    srv.records.as_ref().is_some_and(Vec::is_empty)
        && txt.records.as_ref().is_some_and(Vec::is_empty)
}

fn weakest(one: Option<Evidence>, other: Option<Evidence>) -> Option<Evidence> {
    let strength = |evidence: &Evidence| match evidence {
        Evidence::Bogus => 0,
        Evidence::Indeterminate => 1,
        Evidence::Insecure => 2,
        Evidence::Secure => 3,
    };
    match (one, other) {
        (Some(Evidence::Bogus), _) | (_, Some(Evidence::Bogus)) => Some(Evidence::Bogus),
        (Some(one), Some(other)) => Some(one.min_by(other, strength)),
        _ => None,
    }
}

/// The lesser of two by a measure.
trait MinBy: Sized {
    fn min_by<M: Ord>(self, other: Self, measure: impl Fn(&Self) -> M) -> Self {
        if measure(&other) < measure(&self) { other } else { self }
    }
}

impl MinBy for Evidence {}

/// A host as people write it.
fn plain(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}

/// A code in words.
fn in_words(code: Code) -> String {
    format!("{code}: {}", code.sentence())
}

/// What proves a key, in words.
fn proof_text(proof: Proof) -> &'static str {
    match proof {
        Proof::Dnssec => "its records in DNS (DNSSEC)",
        Proof::Pin => "your settings (federation.pins)",
        Proof::WebPki => "the document under its web certificate",
    }
}

/// A list for people; there is at least one.
fn list<T: ToString>(all: impl IntoIterator<Item = T>) -> String {
    all.into_iter().map(|one| one.to_string()).collect::<Vec<_>>().join(", ")
}
