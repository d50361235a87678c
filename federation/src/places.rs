//! Places for peers of which it is not known yet who they are: how many there are, in all and for
//! one network, so that nobody takes those of others. It must not know what a place is for.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Places, of which one network gets no more than a share. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Places(Arc<Mutex<Taken>>);

#[derive(Debug)]
struct Taken {
    all_max: usize,
    of_network_max: usize,
    all: usize,
    networks: BTreeMap<IpAddr, usize>,
}

/// A place that is taken until it is dropped.
#[derive(Debug)]
pub struct Place {
    places: Places,
    network: IpAddr,
}

impl Places {
    /// So many in all, and so many for one network.
    pub fn new(all_max: usize, of_network_max: usize) -> Self {
        let networks = BTreeMap::new();
        let taken = Taken { all_max, of_network_max, all: 0, networks };
        Self(Arc::new(Mutex::new(taken)))
    }

    /// A place for who comes from an address, where there is one.
    pub fn enter(&self, addr: IpAddr) -> Option<Place> {
        let network = network_of(addr);
        let mut taken = self.lock();
        let of_network = taken.networks.get(&network).copied().unwrap_or_default();
        if taken.all >= taken.all_max || of_network >= taken.of_network_max {
            return None;
        }
        taken.all += 1;
        taken.networks.insert(network, of_network + 1);
        Some(Place { places: self.clone(), network })
    }

    /// How many are taken.
    pub fn taken(&self) -> usize {
        self.lock().all
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        taken.all -= 1;
        if let Some(count) = taken.networks.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                taken.networks.remove(&self.network);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn addr(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_network_leaves_room_for_others() {
        let places = Places::new(8, 3);
        let of_one = |n: u16| places.enter(addr(&format!("2001:db8::{n:x}")));
        let mut taken: Vec<Place> = (0..3).filter_map(of_one).collect();
        assert_eq!(taken.len(), 3);
        assert!(of_one(9).is_none());
        assert!(places.enter(addr("2001:db8:0:1::1")).is_some());
        let other = places.enter(addr("192.0.2.1"));
        assert!(other.is_some());
        taken.pop();
        assert!(of_one(9).is_some(), "who leaves makes room");
    }

    #[test]
    fn all_networks_together_have_a_bound() {
        let places = Places::new(8, 3);
        let enter = |n: u8| places.enter(IpAddr::from([10, 0, 0, n]));
        let taken: Vec<Place> = (0..9).filter_map(enter).collect();
        assert_eq!((taken.len(), places.taken()), (8, 8));
        drop(taken);
        assert_eq!(places.taken(), 0);
        assert!(places.lock().networks.is_empty());
    }

    #[test]
    fn an_address_is_the_same_in_both_its_forms() {
        assert_eq!(network_of(addr("::ffff:192.0.2.1")), addr("192.0.2.1"));
    }
}
