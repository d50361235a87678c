//! Where push may lead: users name the addresses, and so nothing inside an organisation's networks
//! may answer unless its admin says so. An address is judged after its name was resolved, and the
//! connection goes to that very address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use comity_client_api::Network;
use http::Uri;
use thiserror::Error;

/// Which addresses may be called.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    /// Networks of the organisation's own that may be.
    pub networks: Vec<Network>,
}

/// Why an endpoint is refused before anybody is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EndpointError {
    /// It is no URL, or one with a part that has no place here.
    #[error("it must be a URL of the form https://host/path, without a user and a fragment")]
    Form,
    /// It has letters that no URL has.
    #[error("it must be in ASCII: a host in other letters as its xn-- form, a path in %XX")]
    NotAscii,
    /// It would go over the open net.
    #[error("it must begin with https://")]
    NotHttps,
    /// It names an address that is not called.
    #[error("it leads to an address inside a network")]
    Private,
    /// It is too long.
    #[error("it is longer than 2,048 bytes")]
    TooLong,
}

impl Guard {
    /// Whether an address may be called; in clear text only where the admin's own networks are.
    pub fn admits(&self, address: IpAddr, is_tls: bool) -> bool {
        let address = address.to_canonical();
        let is_own = self.networks.iter().any(|network| network.contains(address));
        is_own || (is_tls && is_public(address))
    }

    /// Whether addresses that are in no admitted network may be called in clear text at all.
    pub fn has_networks(&self) -> bool {
        !self.networks.is_empty()
    }
}

/// Reads an endpoint as far as that can be judged without asking anybody.
pub fn check_endpoint(text: &str, guard: &Guard) -> Result<Uri, EndpointError> {
    if text.len() > comity_machine::PUSH_TEXT_BYTES_MAX {
        return Err(EndpointError::TooLong);
    }
    if !text.is_ascii() {
        return Err(EndpointError::NotAscii);
    }
    let uri: Uri = text.parse().map_err(|_| EndpointError::Form)?;
    let is_tls = match uri.scheme_str() {
        Some("https") => true,
        Some("http") if guard.has_networks() => false,
        Some("http") => return Err(EndpointError::NotHttps),
        _ => return Err(EndpointError::Form),
    };
    let authority = uri.authority().ok_or(EndpointError::Form)?;
    // What stands after the host is a port, or nothing.
    let has_port = match authority.as_str().strip_prefix(authority.host()) {
        Some("") => true,
        _ => authority.port_u16().is_some_and(|port| port != 0),
    };
    if authority.as_str().contains('@') || authority.host().is_empty() || !has_port {
        return Err(EndpointError::Form);
    }
    // A fragment never goes over the wire, and the parser leaves it out.
    if text.contains('#') {
        return Err(EndpointError::Form);
    }
    match literal(authority.host()) {
        Some(address) if !guard.admits(address, is_tls) => Err(EndpointError::Private),
        _ => Ok(uri),
    }
}

/// The address that a host is written as, where it is one.
pub(super) fn literal(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    bare.parse().ok()
}

/// Whether an address is of the public internet, as the registries of special-purpose addresses
/// have it (RFC 6890, and what came later).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = match (a, b, c) {
        // This network, private networks, loopback.
        (0 | 10 | 127, ..) => true,
        // Shared by carriers (RFC 6598), link-local, private.
        (100, 64..=127, _) | (169, 254, _) | (172, 16..=31, _) | (192, 168, _) => true,
        // Protocol assignments, documentation, 6to4 relays.
        (192, 0, 0 | 2) | (192, 88, 99) | (198, 51, 100) | (203, 0, 113) => true,
        // Benchmarks (RFC 2544), multicast, reserved.
        (198, 18 | 19, _) | (224..=255, ..) => true,
        _ => false,
    };
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match segments {
        // IPv4 addresses behind a translator (RFC 6052).
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low),
        // Teredo and other protocol assignments, documentation, 6to4.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
        [0x2002, high, low, ..] => embedded(high, low),
        // Of all that is global unicast, the one part that is given out.
        [first, ..] => (0x2000..=0x3fff).contains(&first),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_is_inside_is_not_called() {
        let guard = Guard::default();
        for inside in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "3fff::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            let address = inside.parse().unwrap();
            assert!(!guard.admits(address, true), "{inside}");
        }
        for outside in
            ["1.1.1.1", "100.63.0.1", "172.32.0.1", "2606:4700::1111", "64:ff9b::101:101"]
        {
            assert!(guard.admits(outside.parse().unwrap(), true), "{outside}");
            assert!(!guard.admits(outside.parse().unwrap(), false), "{outside} in clear text");
        }
    }

    #[test]
    fn an_admin_lets_networks_in() {
        let guard = Guard { networks: vec!["10.0.0.0/8".parse().unwrap()] };
        for (address, is_admitted) in
            [("10.1.1.1", true), ("::ffff:10.1.1.1", true), ("127.0.0.1", false)]
        {
            for is_tls in [true, false] {
                assert_eq!(
                    guard.admits(address.parse().unwrap(), is_tls),
                    is_admitted,
                    "{address}"
                );
            }
        }
    }

    #[test]
    fn an_endpoint_is_a_plain_https_url() {
        let guard = Guard::default();
        for good in
            ["https://push.example/x?y=z", "https://push.example:8443/", "https://1.1.1.1/a"]
        {
            assert!(check_endpoint(good, &guard).is_ok(), "{good}");
        }
        let long = format!("https://push.example/{}", "x".repeat(2_048));
        for (bad, why) in [
            ("", EndpointError::Form),
            ("push.example", EndpointError::Form),
            ("/push", EndpointError::Form),
            ("ftp://push.example/", EndpointError::Form),
            ("file:///etc/passwd", EndpointError::Form),
            ("https://", EndpointError::Form),
            ("https://user:secret@push.example/", EndpointError::Form),
            ("https://push.example/#part", EndpointError::Form),
            ("https://push.example:0/", EndpointError::Form),
            ("https://push.example:99999/", EndpointError::Form),
            ("https://push.example:/", EndpointError::Form),
            ("https://push example/", EndpointError::Form),
            ("https://p\u{fc}sh.example/", EndpointError::NotAscii),
            ("https://push.example/\u{fc}", EndpointError::NotAscii),
            ("http://push.example/", EndpointError::NotHttps),
            ("https://127.0.0.1/", EndpointError::Private),
            ("https://[::1]:8443/x", EndpointError::Private),
            ("https://[::ffff:10.0.0.1]/", EndpointError::Private),
            ("https://169.254.169.254/latest/meta-data", EndpointError::Private),
            (long.as_str(), EndpointError::TooLong),
        ] {
            assert_eq!(check_endpoint(bad, &guard).err(), Some(why), "{bad}");
        }
        let own = Guard { networks: vec!["127.0.0.0/8".parse().unwrap()] };
        assert!(check_endpoint("http://127.0.0.1:90/x", &own).is_ok());
        assert_eq!(check_endpoint("http://10.0.0.1/", &own).err(), Some(EndpointError::Private));
    }
}
