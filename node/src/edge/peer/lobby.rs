//! Accepted links on which it is not known yet who the peer is: how many there may be, in all and
//! from one network, so that whoever says nothing takes no place from those who are known.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};

/// Links at once whose peer is not known yet. Each ends by itself after `HELLO_MS`.
const STRANGERS_MAX: usize = 1_024;
/// Of these, links from one network.
pub(crate) const STRANGERS_OF_NETWORK_MAX: usize = 256;

/// Who waits to be known.
#[derive(Debug, Default)]
pub(super) struct Lobby {
    waiting: BTreeMap<u64, IpAddr>,
    networks: BTreeMap<IpAddr, usize>,
}

impl Lobby {
    /// A link was accepted; `false` where it finds no place.
    pub(super) fn enter(&mut self, link: u64, addr: IpAddr) -> bool {
        let network = network_of(addr);
        let of_network = self.networks.get(&network).copied().unwrap_or_default();
        if self.waiting.len() >= STRANGERS_MAX || of_network >= STRANGERS_OF_NETWORK_MAX {
            return false;
        }
        self.waiting.insert(link, network);
        self.networks.insert(network, of_network + 1);
        true
    }

    /// The peer of a link is known, or the link is over.
    pub(super) fn leave(&mut self, link: u64) {
        let Some(network) = self.waiting.remove(&link) else { return };
        if let Some(count) = self.networks.get_mut(&network) {
            *count -= 1;
            if *count == 0 {
                self.networks.remove(&network);
            }
        }
    }
}

/// Who has one address of IPv4 has no other; of IPv6, as many as 64 bits can name.
fn network_of(addr: IpAddr) -> IpAddr {
    match addr.to_canonical() {
        IpAddr::V4(addr) => addr.into(),
        IpAddr::V6(addr) => Ipv6Addr::from_bits(addr.to_bits() >> 64 << 64).into(),
    }
}

const _: () = assert!(STRANGERS_OF_NETWORK_MAX < STRANGERS_MAX);

#[cfg(test)]
mod tests {
    use super::*;

    fn addr(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_network_leaves_room_for_others() {
        let mut lobby = Lobby::default();
        let of_network = STRANGERS_OF_NETWORK_MAX as u64;
        for link in 0..of_network {
            assert!(lobby.enter(link, addr(&format!("2001:db8::{link:x}"))));
        }
        assert!(!lobby.enter(of_network, addr("2001:db8::ffff:1")));
        assert!(lobby.enter(of_network, addr("2001:db8:0:1::1")));
        assert!(lobby.enter(of_network + 1, addr("192.0.2.1")));
        lobby.leave(0);
        assert!(lobby.enter(of_network + 2, addr("2001:db8::9")), "who leaves makes room");
        assert!(!lobby.enter(of_network + 3, addr("2001:db8::9")));
    }

    #[test]
    fn all_networks_together_have_a_bound() {
        let mut lobby = Lobby::default();
        for link in 0..STRANGERS_MAX as u64 {
            assert!(lobby.enter(link, addr(&format!("10.0.{}.{}", link >> 8, link & 255))));
        }
        assert!(!lobby.enter(9_999, addr("192.0.2.1")));
        for link in 0..STRANGERS_MAX as u64 {
            lobby.leave(link);
            lobby.leave(link);
        }
        assert!(lobby.networks.is_empty() && lobby.waiting.is_empty());
    }

    #[test]
    fn an_address_is_the_same_in_both_its_forms() {
        assert_eq!(network_of(addr("::ffff:192.0.2.1")), addr("192.0.2.1"));
    }
}
