//! How an organisation is found (`docs/protocol/` section 7): what its DNS records say, how far
//! they are proven, and in which order its hosts are tried. Pure: records and random numbers come
//! in; nothing here asks a name server or reads a clock.
//!
//! ```text
//! _comity._udp.acme.example.  SRV  10 5 4433 node1.acme.example.
//! _comity.acme.example.       TXT  "v=comity1; k=ed25519; id=2026a; p=<key>; r=<recovery hash>"
//! ```
//!
//! The TXT record introduces the node's key, the SRV records say where it listens. A key counts as
//! introduced where DNSSEC proves the records, or where the admin has pinned it.

mod judge;
mod srv;
mod txt;

pub use judge::{Evidence, IntroduceError, Introduction, Pins, Proof, RecordSet, judge, targets};
pub use srv::{SRV_RECORDS_MAX, SrvRecord, order};
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
