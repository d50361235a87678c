//! Whose request it is: an address as limits count it, and what trusted proxies say of whom they
//! speak for. It must not know headers' names beyond the two that say so, nor any limit.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// Addresses that count as one client: a single IPv4 address, or the 64 bits of an IPv6 address
/// that a network gives to one customer, who has all addresses under them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressGroup {
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// The network half of an IPv6 address.
    V6(u64),
}

impl From<IpAddr> for AddressGroup {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => {
                Self::V6(u64::try_from(address.to_bits() >> 64).unwrap_or_default())
            }
        }
    }
}

impl fmt::Display for AddressGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4(address) => address.fmt(f),
            Self::V6(network) => {
                write!(f, "{}/64", Ipv6Addr::from_bits(u128::from(*network) << 64))
            }
        }
    }
}

/// A range of addresses, as admins write it: `10.0.0.0/8`, `2001:db8::/32`, or a single address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// Why a text is no [`Network`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkError;

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a network is an IP address, or one with a length: 10.0.0.0/8, 2001:db8::/32")
    }
}

impl std::error::Error for NetworkError {}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NetworkError)?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => bits,
            // `parse` would take a sign.
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
                digits.parse().map_err(|_| NetworkError)?
            }
            Some(_) => return Err(NetworkError),
        };
        if prefix > bits { Err(NetworkError) } else { Ok(Self { address, prefix }) }
    }
}

impl Network {
    /// Whether an address is in it. An IPv4 address counts as itself also where a socket of IPv6
    /// shows it.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let differ = own.to_bits() ^ other.to_bits();
                differ.leading_zeros() >= u32::from(self.prefix)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let differ = own.to_bits() ^ other.to_bits();
                differ.leading_zeros() >= u32::from(self.prefix)
            }
            _ => false,
        }
    }
}

/// What the headers of a request say of whom it comes from, each header line a text.
#[derive(Clone, Debug, Default)]
pub struct Forwarding<'a> {
    /// `X-Forwarded-For`.
    pub x_forwarded_for: Vec<&'a str>,
    /// `Forwarded` (RFC 7239).
    pub forwarded: Vec<&'a str>,
}

/// The client's address, for a request that came from `peer`. Headers count only from trusted
/// proxies: they are read from the end, where the nearest proxy added whom it speaks for, up to the
/// first address that is not trusted.
///
/// A proxy writes one of the two headers and passes the other on as its client made it, so where
/// both are there they have to agree; else the request counts as the proxy's own.
pub fn client_address(peer: IpAddr, headers: &Forwarding<'_>, trusted: &[Network]) -> IpAddr {
    let peer = peer.to_canonical();
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    if !is_trusted(peer) {
        return peer;
    }
    let walk = |lines: &[&str], read: fn(&str) -> Option<IpAddr>| {
        if lines.is_empty() {
            return None;
        }
        let mut nearest = peer;
        let hops = lines.iter().rev().flat_map(|line| line.rsplit(','));
        for hop in hops.take(HOPS_MAX) {
            let Some(address) = read(hop.trim()) else { break };
            nearest = address.to_canonical();
            if !is_trusted(nearest) {
                break;
            }
        }
        Some(nearest)
    };
    let by_list = walk(&headers.x_forwarded_for, address_of);
    let by_pairs = walk(&headers.forwarded, address_of_pairs);
    match (by_list, by_pairs) {
        (Some(address), None) | (None, Some(address)) => address,
        (Some(one), Some(other)) if one == other => one,
        _ => peer,
    }
}

/// An address with or without a port.
fn address_of(text: &str) -> Option<IpAddr> {
    let inner = text.strip_prefix('[').and_then(|text| text.split_once(']'));
    let without_port = match (inner, text.rsplit_once(':')) {
        (Some((inner, _)), _) => inner,
        (None, Some((before, _))) if !before.contains(':') => before,
        _ => text,
    };
    without_port.parse().ok()
}

/// The `for` of an element of `Forwarded`.
fn address_of_pairs(element: &str) -> Option<IpAddr> {
    let mut pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    address_of(value.trim().trim_matches('"'))
}

/// Proxies in a row that are looked through.
const HOPS_MAX: usize = 16;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn trusted() -> Vec<Network> {
        ["127.0.0.0/8", "::1", "10.1.0.0/16"].map(|text| text.parse().unwrap()).to_vec()
    }

    fn by_list(peer: &str, lines: &[&str]) -> String {
        let headers = Forwarding { x_forwarded_for: lines.to_vec(), forwarded: vec![] };
        client_address(ip(peer), &headers, &trusted()).to_string()
    }

    fn by_pairs(peer: &str, lines: &[&str]) -> String {
        let headers = Forwarding { x_forwarded_for: vec![], forwarded: lines.to_vec() };
        client_address(ip(peer), &headers, &trusted()).to_string()
    }

    #[test]
    fn an_address_counts_for_its_group() {
        let group = |text: &str| AddressGroup::from(ip(text)).to_string();
        assert_eq!(group("192.0.2.7"), "192.0.2.7");
        assert_eq!(group("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(group("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(group("2001:db8:1:2::1"), group("2001:db8:1:2:ffff::9"));
        assert_ne!(group("2001:db8:1:2::1"), group("2001:db8:1:3::1"));
    }

    #[test]
    fn a_network_holds_what_its_length_says() {
        let holds = |network: &str, address: &str| {
            network.parse::<Network>().unwrap().contains(ip(address))
        };
        assert!(holds("10.1.0.0/16", "10.1.255.1") && !holds("10.1.0.0/16", "10.2.0.1"));
        assert!(holds("192.0.2.7", "::ffff:192.0.2.7") && !holds("192.0.2.7", "192.0.2.8"));
        assert!(holds("0.0.0.0/0", "1.2.3.4") && !holds("0.0.0.0/0", "::1"));
        assert!(holds("2001:db8::/32", "2001:db8:9::1") && !holds("::1", "::2"));
        for text in ["", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/+8", "::/129", "lan", "10/8"] {
            assert_eq!(text.parse::<Network>(), Err(NetworkError), "{text}");
        }
    }

    #[test]
    fn strangers_cannot_say_who_they_are() {
        assert_eq!(by_list("198.51.100.9", &["192.0.2.7"]), "198.51.100.9");
        assert_eq!(by_pairs("198.51.100.9", &["for=192.0.2.7"]), "198.51.100.9");
    }

    #[test]
    fn the_nearest_address_that_is_not_trusted_is_the_client() {
        assert_eq!(by_list("127.0.0.1", &["192.0.2.7"]), "192.0.2.7");
        assert_eq!(by_list("127.0.0.1", &["6.6.6.6, 192.0.2.7"]), "192.0.2.7");
        assert_eq!(by_list("127.0.0.1", &["6.6.6.6", "192.0.2.7, 10.1.2.3"]), "192.0.2.7");
        assert_eq!(by_list("::1", &["[2001:db8::7]:4711"]), "2001:db8::7");
        assert_eq!(by_list("127.0.0.1", &["192.0.2.7:4711"]), "192.0.2.7");
        assert_eq!(by_pairs("127.0.0.1", &["for=6.6.6.6, For=\"[2001:db8::7]:1\";proto=https"]), {
            "2001:db8::7"
        });
        assert_eq!(by_pairs("127.0.0.1", &["for=192.0.2.7;by=10.1.0.1"]), "192.0.2.7");
    }

    #[test]
    fn what_cannot_be_read_leaves_the_last_trusted_hop() {
        assert_eq!(by_list("127.0.0.1", &[]), "127.0.0.1");
        assert_eq!(by_list("127.0.0.1", &["192.0.2.7, unknown"]), "127.0.0.1");
        assert_eq!(by_list("127.0.0.1", &["192.0.2.7, unknown, 10.1.2.3"]), "10.1.2.3");
        assert_eq!(by_pairs("127.0.0.1", &["for=_hidden"]), "127.0.0.1");
        assert_eq!(by_pairs("127.0.0.1", &["proto=https"]), "127.0.0.1");
        let many = vec!["10.1.2.3"; 1_000].join(",");
        assert_eq!(by_list("127.0.0.1", &[&many]), "10.1.2.3");
    }

    #[test]
    fn headers_that_contradict_count_as_the_proxys_own() {
        let says = |list: &'static str, pairs: &'static str| {
            let headers = Forwarding { x_forwarded_for: vec![list], forwarded: vec![pairs] };
            client_address(ip("127.0.0.1"), &headers, &trusted()).to_string()
        };
        assert_eq!(says("192.0.2.7", "for=192.0.2.7"), "192.0.2.7");
        assert_eq!(says("192.0.2.7", "for=6.6.6.6"), "127.0.0.1");
    }
}
