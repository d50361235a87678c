//! What nodes ask of each other for their admins (`docs/protocol/` section 8.12): a probe is
//! answered with the answerer's clock and versions, and on demand with what became of dialling the
//! asker's own published addresses, and with a record of the asker's as the answerer holds it.
//! Nothing is decided by it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use minicbor::{Decode, Encode};

use crate::cbor::ByteString;
use crate::id::WriterId;
use crate::limits::{EVENT_HEADER_BYTES_MAX, PROBE_ADDRESSES_MAX, SOFTWARE_BYTES_MAX};

/// Most versions that an answer may list, as in a hello.
const VERSIONS_MAX: usize = 64;

/// Asks how it is between the asker and the receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Probe {
    /// Names the question, among look-ups too.
    #[n(0)]
    pub id: u64,
    /// Whether the addresses that the asker's domain publishes are to be dialled.
    #[n(1)]
    pub dial: bool,
    /// A record that the asker wrote into the link channel of the two, to be read back.
    #[n(2)]
    pub record: Option<ProbedRecord>,
}

/// A record of the asker's in the link channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ProbedRecord {
    /// The log's writer.
    #[n(0)]
    pub writer: WriterId,
    /// Its place in the log.
    #[n(1)]
    pub seq: u64,
}

/// Answers a probe.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Probed {
    /// The question.
    #[n(0)]
    pub id: u64,
    /// The answerer's clock, in Unix milliseconds.
    #[n(1)]
    pub unix_ms: u64,
    /// The versions of the peer protocol that it speaks.
    #[n(2)]
    pub versions: Vec<u16>,
    /// The program, for people.
    #[n(3)]
    pub software: String,
    /// Each address that was dialled, with what became of it.
    #[n(4)]
    pub tried: Vec<Tried>,
    /// Why something that was asked for was not done: the code's number.
    #[n(5)]
    pub code: Option<u16>,
    /// Where the asker's link comes from, as the answerer sees it.
    #[n(6)]
    pub seen: Option<Address>,
    /// The header of the record that was to be read back, where the answerer holds it.
    #[n(7)]
    pub header: Option<ByteString>,
}

/// An address that was dialled.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Tried {
    /// Which.
    #[n(0)]
    pub address: Address,
    /// How long it took, in ms.
    #[n(1)]
    pub took_ms: u32,
    /// Why it was not reached: the code's number; absent where the asker's node answered.
    #[n(2)]
    pub code: Option<u16>,
}

/// An IP address and a UDP port.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Address {
    /// 4 or 16 bytes.
    #[n(0)]
    pub ip: ByteString,
    /// The port.
    #[n(1)]
    pub port: u16,
}

impl Probed {
    pub(crate) fn is_bounded(&self) -> bool {
        let is_address = |address: &Address| address.socket().is_some();
        self.versions.len() <= VERSIONS_MAX
            && self.software.len() <= SOFTWARE_BYTES_MAX
            && self.tried.len() <= PROBE_ADDRESSES_MAX
            && self.tried.iter().all(|tried| is_address(&tried.address))
            && self.seen.as_ref().is_none_or(is_address)
            && self.header.as_ref().is_none_or(|header| header.len() <= EVENT_HEADER_BYTES_MAX)
    }
}

impl Address {
    /// The address, where it has the length of one.
    pub fn socket(&self) -> Option<SocketAddr> {
        let ip = match self.ip.len() {
            4 => IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(&*self.ip.0).ok()?)),
            16 => IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(&*self.ip.0).ok()?)),
            _ => return None,
        };
        Some(SocketAddr::new(ip, self.port))
    }
}

impl From<SocketAddr> for Address {
    fn from(addr: SocketAddr) -> Self {
        // A socket for both families shows IPv4 peers in the form of IPv6.
        let ip = match addr.ip().to_canonical() {
            IpAddr::V4(ip) => ip.octets().to_vec(),
            IpAddr::V6(ip) => ip.octets().to_vec(),
        };
        Self { ip: ip.into(), port: addr.port() }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::frame::Frame;

    fn answer(address: Address) -> Probed {
        let tried = Tried { address: address.clone(), took_ms: 12, code: None };
        Probed { id: 3, tried: vec![tried], seen: Some(address), ..Probed::default() }
    }

    #[test]
    fn addresses_come_back_as_they_went_and_have_a_length() {
        for text in ["192.0.2.7:4433", "[2001:db8::7]:4433"] {
            let addr: SocketAddr = text.parse().unwrap();
            let frame = Frame::Probed(answer(addr.into()));
            let Ok(Frame::Probed(read)) = Frame::decode(&frame.encode()) else { panic!("{text}") };
            assert_eq!(read.seen.unwrap().socket(), Some(addr));
        }
        let mapped: SocketAddr = "[::ffff:192.0.2.7]:4433".parse().unwrap();
        assert_eq!(Address::from(mapped).socket().unwrap().to_string(), "192.0.2.7:4433");
        let broken = Address { ip: vec![1, 2, 3].into(), port: 1 };
        assert!(Frame::decode(&Frame::Probed(answer(broken)).encode()).is_err());
        let many =
            Probed { tried: vec![], ..answer("192.0.2.7:1".parse::<SocketAddr>().unwrap().into()) };
        for wrong in [
            Probed { software: "x".repeat(SOFTWARE_BYTES_MAX + 1), ..many.clone() },
            Probed { versions: vec![1; VERSIONS_MAX + 1], ..many.clone() },
            Probed { header: Some(vec![0; EVENT_HEADER_BYTES_MAX + 1].into()), ..many.clone() },
        ] {
            assert!(Frame::decode(&Frame::Probed(wrong).encode()).is_err());
        }
    }
}
