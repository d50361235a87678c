//! Accepted links on which it is not known yet who the peer is: how many there may be, in all and
//! from one network, so that whoever says nothing takes no place from those who are known.

use std::collections::BTreeMap;
use std::net::IpAddr;

use comity_federation::{Place, Places};

/// Links at once whose peer is not known yet. Each ends by itself after `HELLO_MS`.
const STRANGERS_MAX: usize = 1_024;
/// Of these, links from one network.
pub(crate) const STRANGERS_OF_NETWORK_MAX: usize = 256;

/// Who waits to be known.
#[derive(Debug)]
pub(super) struct Lobby {
    waiting: BTreeMap<u64, Place>,
    places: Places,
}

impl Default for Lobby {
    fn default() -> Self {
        let places = Places::new(STRANGERS_MAX, STRANGERS_OF_NETWORK_MAX);
        Self { waiting: BTreeMap::new(), places }
    }
}

impl Lobby {
    /// A link was accepted; `false` where it finds no place.
    pub(super) fn enter(&mut self, link: u64, addr: IpAddr) -> bool {
        let place = self.places.enter(addr);
        let found = place.is_some();
        self.waiting.extend(place.map(|place| (link, place)));
        found
    }

    /// The peer of a link is known, or the link is over.
    pub(super) fn leave(&mut self, link: u64) {
        self.waiting.remove(&link);
    }
}

const _: () = assert!(STRANGERS_OF_NETWORK_MAX < STRANGERS_MAX);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_leaves_makes_room_and_leaves_once() {
        let mut lobby = Lobby::default();
        let addr = IpAddr::from([192, 0, 2, 1]);
        let of_network = STRANGERS_OF_NETWORK_MAX as u64;
        assert!((0..of_network).all(|link| lobby.enter(link, addr)));
        assert!(!lobby.enter(of_network, addr));
        lobby.leave(0);
        lobby.leave(0);
        assert!(lobby.enter(of_network, addr));
        assert!(!lobby.enter(of_network + 1, addr));
    }
}
