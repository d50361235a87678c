//! How an organisation is found (`docs/protocol/` section 8.1): what its DNS records and its
//! well-known document say, how far they are proven, and in which order its hosts are tried. Pure:
//! records, texts and random numbers come in; nothing here asks a server or reads a clock.
//!
//! ```text
//! _comity._udp.acme.example.  SRV  10 5 4433 node1.acme.example.
//! _comity.acme.example.       TXT  "v=comity1; k=ed25519; id=2026a; p=<key>; r=<recovery hash>"
//! ```
//!
//! The TXT record introduces the node's key, the SRV records say where it listens; the document at
//! `https://acme.example/.well-known/comity` says both. A key counts as introduced where DNSSEC
//! proves the records, where the domain's certificate proves the document, or where the admin has
//! pinned it; and which of these suffice is the admin's to say.

mod document;
mod judge;
mod srv;
mod trust;
mod txt;

pub use document::{
    DOCUMENT_BYTES_MAX, DOCUMENT_HOSTS_MAX, DOCUMENT_PATH, Document, DocumentError,
};
pub use judge::{
    Evidence, IntroduceError, Introduction, RecordSet, judge, judge_document, targets,
};
pub use srv::{SRV_RECORDS_MAX, SrvRecord, order};
pub use trust::{Pins, Policy, Proof, ProofError, Trust};
pub use txt::{PublishedKey, TXT_BYTES_MAX, TxtError, TxtRecord};

use comity_protocol::name::ServerName;

/// The absolute name under which a domain publishes its node's key.
pub fn txt_name(domain: &ServerName) -> String {
    format!("_comity.{domain}.")
}

/// The absolute name under which a domain publishes where its node listens.
pub fn srv_name(domain: &ServerName) -> String {
    format!("_comity._udp.{domain}.")
}
