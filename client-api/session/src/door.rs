//! Who may ask how often: the rates of accounts and of addresses, the connections of an address,
//! and tries of passwords. All state is bounded. It must not know what is asked for.

use std::collections::BTreeMap;
use std::time::Duration;

use comity_protocol::id::AccountNumber;
use comity_protocol::name::AccountName;

use crate::address::AddressGroup;
use crate::log_ins::{Held, LogInLimits, LogIns, Patience};
use crate::rate::{Bucket, Denied, Rate};
use crate::recent::Recent;

/// What clients may ask for. Each default is far above what people, and offices behind one address,
/// do; a program that needs more is a matter for its node's admin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoorLimits {
    /// Requests and frames of an account: a person makes a few a second at most, a busy bot some
    /// dozens.
    pub account_requests: Rate,
    /// Requests of an address without a valid token: 3 for each device that comes back, so two
    /// thousand devices behind one address may come back at once.
    pub address_requests: Rate,
    /// Connections, or sockets and polls behind a trusted proxy, of an address at once.
    pub address_connections_max: u32,
    /// Accounts that are asked for at an address: a class of pupils in an hour.
    pub address_sign_ups: Rate,
    /// Tries of passwords.
    pub log_ins: LogInLimits,
}

impl Default for DoorLimits {
    fn default() -> Self {
        const HOUR: Duration = Duration::from_secs(3_600);
        const MINUTE: Duration = Duration::from_secs(60);
        let longest = Duration::from_secs(900);
        Self {
            account_requests: Rate::new(6_000, MINUTE),
            address_requests: Rate::new(6_000, MINUTE),
            address_connections_max: 1_000,
            address_sign_ups: Rate::new(100, HOUR),
            log_ins: log_in_limits(10, 100, longest),
        }
    }
}

/// Limits of tries: so many failures an hour, of an account and of an address, cost nothing. Of
/// those of an account, half at one address. The waits of an account alone stay short, for they
/// hold up its owner too.
pub fn log_in_limits(of_account: u32, of_address: u32, longest: Duration) -> LogInLimits {
    let patience = |free, longest| {
        let free = Rate::new(free, Duration::from_secs(3_600));
        Patience { free, first: FIRST_WAIT, longest }
    };
    LogInLimits {
        pair: patience(of_account.div_ceil(2), longest),
        account: patience(of_account, longest.min(ACCOUNT_WAIT_MAX)),
        address: patience(of_address, longest),
    }
}

/// The wait after the first failure that costs something.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait of an account for what was tried anywhere.
const ACCOUNT_WAIT_MAX: Duration = Duration::from_secs(60);

/// All that is remembered of who asked.
#[derive(Debug)]
pub struct Door {
    limits: DoorLimits,
    accounts: Recent<AccountNumber, Bucket>,
    addresses: Recent<AddressGroup, Bucket>,
    sign_ups: Recent<AddressGroup, Bucket>,
    log_ins: LogIns,
    /// What addresses have under way; no more than there are connections.
    crowds: BTreeMap<(Crowd, AddressGroup), u32>,
}

/// What an address may have only so much of at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Crowd {
    /// Connections; behind a trusted proxy sockets and polls.
    Connected,
    /// Passwords that are being hashed, or wait for it.
    Hashing,
    /// Connections that are told that there are too many.
    TurnedAway,
}

impl Door {
    /// Nobody has asked yet.
    pub fn new(limits: DoorLimits) -> Self {
        let log_ins = LogIns::new(limits.log_ins);
        Self {
            limits,
            accounts: Recent::new(ACCOUNTS_MAX),
            addresses: Recent::new(ADDRESSES_MAX),
            sign_ups: Recent::new(ADDRESSES_MAX),
            log_ins,
            crowds: BTreeMap::new(),
        }
    }

    /// An account asks for something.
    pub fn admit_account(&mut self, account: AccountNumber, now: Duration) -> Result<(), Denied> {
        self.accounts.of(&account).take(&self.limits.account_requests, now)
    }

    /// Somebody without a valid token asks for something.
    pub fn admit_stranger(&mut self, address: AddressGroup, now: Duration) -> Result<(), Denied> {
        self.addresses.of(&address).take(&self.limits.address_requests, now)
    }

    /// Somebody asks for an account.
    pub fn admit_sign_up(&mut self, address: AddressGroup, now: Duration) -> Result<(), Denied> {
        self.sign_ups.of(&address).take(&self.limits.address_sign_ups, now)
    }

    /// One more of an address; false where it has as many as it may have.
    pub fn enter(&mut self, address: AddressGroup, crowd: Crowd) -> bool {
        let max = match crowd {
            Crowd::Connected => self.limits.address_connections_max.max(1),
            Crowd::Hashing => HASHING_MAX,
            Crowd::TurnedAway => TURNED_AWAY_MAX,
        };
        let count = self.crowds.entry((crowd, address)).or_default();
        let has_room = *count < max;
        *count += u32::from(has_room);
        has_room
    }

    /// One that entered has ended.
    pub fn leave(&mut self, address: AddressGroup, crowd: Crowd) {
        if let Some(count) = self.crowds.get_mut(&(crowd, address)) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.crowds.remove(&(crowd, address));
            }
        }
    }

    /// A password is to be tried: see [`LogIns::begin`].
    pub fn begin_log_in(
        &mut self,
        name: &AccountName,
        address: AddressGroup,
        now: Duration,
    ) -> Result<(), Denied> {
        self.log_ins.begin(name, address, now)
    }

    /// It was wrong: see [`LogIns::fail`].
    pub fn fail_log_in(
        &mut self,
        name: &AccountName,
        address: AddressGroup,
        now: Duration,
    ) -> Vec<(Held, Duration)> {
        self.log_ins.fail(name, address, now)
    }

    /// It was right.
    pub fn succeed_log_in(&mut self, name: &AccountName, address: AddressGroup) {
        self.log_ins.succeed(name, address);
    }

    /// It was not looked at.
    pub fn abandon_log_in(&mut self, name: &AccountName, address: AddressGroup) {
        self.log_ins.abandon(name, address);
    }

    /// A device of the account is logged in at this address.
    pub fn at_home(&mut self, name: &AccountName, address: AddressGroup) {
        self.log_ins.at_home(name, address);
    }
}

/// Passwords of one address that are hashed or wait: half of what a node lets wait in all, so that
/// nobody fills the queue for all others.
const HASHING_MAX: u32 = 32;
/// Connections of one address that are answered though it has too many; further ones are cut.
const TURNED_AWAY_MAX: u32 = 8;
/// Accounts whose requests are counted; who is forgotten begins anew.
const ACCOUNTS_MAX: usize = 100_000;
/// Addresses whose requests are counted; who is forgotten begins anew.
const ADDRESSES_MAX: usize = 100_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(number: u32) -> AddressGroup {
        AddressGroup::from(std::net::IpAddr::from(number.to_be_bytes()))
    }

    fn door() -> Door {
        Door::new(DoorLimits {
            account_requests: Rate::new(10, Duration::from_secs(60)),
            address_requests: Rate::new(5, Duration::from_secs(60)),
            address_connections_max: 2,
            address_sign_ups: Rate::new(1, Duration::from_secs(3_600)),
            ..DoorLimits::default()
        })
    }

    #[test]
    fn each_has_a_rate_of_its_own() {
        let (mut door, now) = (door(), Duration::from_secs(9));
        let admitted = (0..20).filter(|_| door.admit_account(AccountNumber(1), now).is_ok());
        assert_eq!(admitted.count(), 10);
        assert!(door.admit_account(AccountNumber(2), now).is_ok());
        assert_eq!((0..20).filter(|_| door.admit_stranger(at(1), now).is_ok()).count(), 5);
        assert!(door.admit_stranger(at(2), now).is_ok());
        assert!(door.admit_sign_up(at(1), now).is_ok());
        let wait = door.admit_sign_up(at(1), now).map_err(|denied| denied.wait);
        assert_eq!(wait, Err(Duration::from_secs(3_600)));
        assert!(door.admit_sign_up(at(1), now + Duration::from_secs(3_600)).is_ok());
    }

    #[test]
    fn an_address_has_so_many_places_and_gives_them_back() {
        let mut door = door();
        let enter = |door: &mut Door, number| door.enter(at(number), Crowd::Connected);
        assert!(enter(&mut door, 1) && enter(&mut door, 1) && !enter(&mut door, 1));
        assert!(enter(&mut door, 2) && door.enter(at(1), Crowd::Hashing));
        door.leave(at(1), Crowd::Connected);
        assert!(enter(&mut door, 1) && !enter(&mut door, 1));
        for number in [1, 1, 2] {
            door.leave(at(number), Crowd::Connected);
        }
        door.leave(at(1), Crowd::Hashing);
        assert!(door.crowds.is_empty());
    }

    #[test]
    fn a_flood_of_addresses_and_accounts_is_forgotten() {
        let mut door = door();
        for number in 0..250_000_u32 {
            let _ = door.admit_stranger(at(number), Duration::ZERO);
            let _ = door.admit_account(AccountNumber(u64::from(number)), Duration::ZERO);
        }
        assert_eq!((door.addresses.len(), door.accounts.len()), (ADDRESSES_MAX, ACCOUNTS_MAX));
    }
}
