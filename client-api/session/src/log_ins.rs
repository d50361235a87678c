//! Who may try a password: failures cost nothing at first, then waits that double. Three counts:
//! of an account at an address, of an account, and of an address. It must not know what a password
//! is, nor whether an account exists.
//!
//! What makes this no way to lock somebody out: a try during a wait is refused unseen and lengthens
//! nothing; an account's own waits are short; and an address at which the account is at home (it
//! was logged in there) is not held by what others do elsewhere.

use std::time::Duration;

use comity_protocol::name::AccountName;

use crate::address::AddressGroup;
use crate::rate::{Denied, Rate};
use crate::recent::Recent;

/// How failures of one kind of counter are borne.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Failures that cost nothing, and the time in which as many are forgotten.
    pub free: Rate,
    /// The wait after the first failure beyond; doubled with each further one.
    pub first: Duration,
    /// The longest wait.
    pub longest: Duration,
}

/// The limits of tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogInLimits {
    /// Of an account, tried at one address.
    pub pair: Patience,
    /// Of an account, from everywhere.
    pub account: Patience,
    /// Of an address, on all accounts.
    pub address: Patience,
}

/// What is held back from now on: worth a line in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// The account, at this address.
    Pair,
    /// The account.
    Account,
    /// The address.
    Address,
}

/// All tries that are remembered.
#[derive(Debug)]
pub struct LogIns {
    limits: LogInLimits,
    tries: Recent<Key, Tries>,
    /// Where accounts are at home.
    homes: Recent<(AccountName, AddressGroup), ()>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Pair(AccountName, AddressGroup),
    Account(AccountName),
    Address(AddressGroup),
}

#[derive(Clone, Copy, Debug, Default)]
struct Tries {
    /// When all failures are forgotten.
    dry_at: Duration,
    /// No try before this.
    until: Duration,
    /// A try is being made, and given up at this time.
    tried_until: Duration,
    told: bool,
}

impl LogIns {
    /// Nothing has been tried.
    pub fn new(limits: LogInLimits) -> Self {
        Self { limits, tries: Recent::new(KEYS_MAX), homes: Recent::new(HOMES_MAX) }
    }

    /// Asks for a try. Who is let in says how it ended by [`Self::fail`] or [`Self::succeed`].
    pub fn begin(
        &mut self,
        name: &AccountName,
        address: AddressGroup,
        now: Duration,
    ) -> Result<(), Denied> {
        let keys = self.keys(name, address);
        let waits = keys.iter().filter_map(|(key, _)| {
            let tries = self.tries.peek(key)?;
            let until = tries.until.max(tries.tried_until);
            until.checked_sub(now).filter(|wait| !wait.is_zero())
        });
        if let Some(wait) = waits.max() {
            return Err(Denied { wait, is_first: false });
        }
        for (key, patience) in &keys {
            if self.tries.peek(key).is_some_and(|tries| tries.is_due(patience, now)) {
                // Past its free failures one try at a time is made.
                self.tries.of(key).tried_until = now + TRY_MAX;
            }
        }
        Ok(())
    }

    /// The password was wrong. Says what is held back from now on that was not before.
    pub fn fail(
        &mut self,
        name: &AccountName,
        address: AddressGroup,
        now: Duration,
    ) -> Vec<(Held, Duration)> {
        let keys = self.all_keys(name, address).into_iter();
        let held = keys.filter_map(|(key, patience)| {
            let tries = self.tries.of(&key);
            let wait = tries.count(&patience, now)?;
            let is_first = !std::mem::replace(&mut tries.told, true);
            is_first.then_some((key.held(), wait))
        });
        held.collect()
    }

    /// The password was right.
    pub fn succeed(&mut self, name: &AccountName, address: AddressGroup) {
        self.tries.forget(&Key::Pair(name.clone(), address));
        self.tries.forget(&Key::Account(name.clone()));
        self.end_try(&Key::Address(address));
        self.at_home(name, address);
    }

    /// The password was not looked at.
    pub fn abandon(&mut self, name: &AccountName, address: AddressGroup) {
        for (key, _) in self.keys(name, address) {
            self.end_try(&key);
        }
    }

    /// A device of the account is logged in at this address.
    pub fn at_home(&mut self, name: &AccountName, address: AddressGroup) {
        self.homes.of(&(name.clone(), address));
    }

    fn end_try(&mut self, key: &Key) {
        if self.tries.peek(key).is_some() {
            self.tries.of(key).tried_until = Duration::ZERO;
        }
    }

    /// What bears on a try: the account's own count does not where it is at home.
    fn keys(&self, name: &AccountName, address: AddressGroup) -> Vec<(Key, Patience)> {
        let mut keys = self.all_keys(name, address);
        if self.homes.peek(&(name.clone(), address)).is_some() {
            keys.retain(|(key, _)| !matches!(key, Key::Account(_)));
        }
        keys
    }

    fn all_keys(&self, name: &AccountName, address: AddressGroup) -> Vec<(Key, Patience)> {
        vec![
            (Key::Pair(name.clone(), address), self.limits.pair),
            (Key::Account(name.clone()), self.limits.account),
            (Key::Address(address), self.limits.address),
        ]
    }
}

impl Key {
    fn held(&self) -> Held {
        match self {
            Self::Pair(..) => Held::Pair,
            Self::Account(_) => Held::Account,
            Self::Address(_) => Held::Address,
        }
    }
}

impl Tries {
    /// Failures that are not forgotten.
    fn level(&self, patience: &Patience, now: Duration) -> u32 {
        let left = self.dry_at.saturating_sub(now).as_nanos();
        let interval = patience.free.interval().as_nanos().max(1);
        u32::try_from(left.div_ceil(interval)).unwrap_or(u32::MAX)
    }

    /// Whether the next failure is followed by a wait.
    fn is_due(&self, patience: &Patience, now: Duration) -> bool {
        self.level(patience, now) >= patience.free.count()
    }

    /// Counts a failure; how long to wait now.
    fn count(&mut self, patience: &Patience, now: Duration) -> Option<Duration> {
        if self.dry_at <= now {
            *self = Self { dry_at: now, ..Self::default() };
        }
        self.tried_until = Duration::ZERO;
        let interval = patience.free.interval();
        let fullest = now + interval * (patience.free.count() + BEYOND_MAX);
        self.dry_at = (self.dry_at + interval).min(fullest);
        let beyond = self.level(patience, now).saturating_sub(patience.free.count());
        let doublings = beyond.checked_sub(1)?;
        let wait = patience.first.saturating_mul(1 << doublings.min(BEYOND_MAX));
        let wait = wait.min(patience.longest);
        self.until = now + wait;
        Some(wait)
    }
}

/// Counts that are remembered.
const KEYS_MAX: usize = 50_000;
/// Homes that are remembered.
const HOMES_MAX: usize = 50_000;
/// Failures beyond the free ones that are counted: enough for the longest wait.
const BEYOND_MAX: u32 = 20;
/// How long a try is waited for before the next one may be made.
const TRY_MAX: Duration = Duration::from_secs(5);

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn log_ins() -> LogIns {
        let patience = |count, longest| Patience {
            free: Rate::new(count, HOUR),
            first: Duration::from_secs(1),
            longest: Duration::from_secs(longest),
        };
        LogIns::new(LogInLimits {
            pair: patience(3, 900),
            account: patience(6, 60),
            address: patience(20, 900),
        })
    }

    fn name(text: &str) -> AccountName {
        text.parse().unwrap()
    }

    fn at(last: u8) -> AddressGroup {
        AddressGroup::from(std::net::IpAddr::from([192, 0, 2, last]))
    }

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Tries until it has to wait; the waits in the order in which they come.
    fn waits(
        log_ins: &mut LogIns,
        name: &AccountName,
        from: AddressGroup,
        count: usize,
    ) -> Vec<u64> {
        let (mut now, mut waits) = (secs(10_000), Vec::new());
        while waits.len() < count {
            match log_ins.begin(name, from, now) {
                Ok(()) => drop(log_ins.fail(name, from, now)),
                Err(denied) => {
                    waits.push(denied.wait.as_secs());
                    now += denied.wait;
                }
            }
        }
        waits
    }

    #[test]
    fn waits_double_up_to_the_longest() {
        let found = waits(&mut log_ins(), &name("alice"), at(1), 11);
        assert_eq!(found, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900]);
    }

    #[test]
    fn a_try_during_a_wait_lengthens_nothing() {
        let (mut log_ins, alice) = (log_ins(), name("alice"));
        for _ in 0..4 {
            log_ins.begin(&alice, at(1), secs(1)).unwrap();
            log_ins.fail(&alice, at(1), secs(1));
        }
        for _ in 0..1_000 {
            assert_eq!(log_ins.begin(&alice, at(1), secs(1)).unwrap_err().wait, secs(1));
        }
        log_ins.begin(&alice, at(1), secs(2)).unwrap();
    }

    #[test]
    fn a_burst_is_told_once() {
        let (mut log_ins, alice) = (log_ins(), name("alice"));
        let fail = |log_ins: &mut LogIns, now: u64| log_ins.fail(&alice, at(1), secs(now));
        let told: Vec<_> = (0..6).flat_map(|_| fail(&mut log_ins, 1)).collect();
        assert_eq!(told, [(Held::Pair, secs(1))]);
        assert_eq!(fail(&mut log_ins, 2), [(Held::Account, secs(1))]);
        assert!((0..10).all(|n| fail(&mut log_ins, 3 + n).is_empty()));
        // Long after, it is another burst.
        let told: Vec<_> = (0..4).flat_map(|_| fail(&mut log_ins, 100_000)).collect();
        assert_eq!(told, [(Held::Pair, secs(1))]);
    }

    #[test]
    fn an_attacker_elsewhere_holds_up_nobody_for_long() {
        let (mut log_ins, alice) = (log_ins(), name("alice"));
        let now = secs(20_000);
        for attacker in 60..=66 {
            while log_ins.begin(&alice, at(attacker), now).is_ok() {
                log_ins.fail(&alice, at(attacker), now);
            }
        }
        // At another address the account's own wait alone counts, and that one is short.
        let wait = log_ins.begin(&alice, at(1), now).unwrap_err().wait;
        assert!(wait <= secs(60), "{wait:?}");
        log_ins.begin(&alice, at(1), now + wait).unwrap();
        log_ins.succeed(&alice, at(1));
        // Now she is at home there.
        for attacker in 67..=255 {
            let _ = log_ins.begin(&alice, at(attacker), now + wait);
            log_ins.fail(&alice, at(attacker), now + wait);
        }
        assert!(log_ins.begin(&alice, at(2), now + wait).is_err());
        log_ins.begin(&alice, at(1), now + wait).unwrap();
    }

    #[test]
    fn an_address_that_tries_many_accounts_waits() {
        let mut log_ins = log_ins();
        let now = secs(5);
        let tried = (0..100).take_while(|n| {
            let victim = name(&format!("user{n}"));
            let begun = log_ins.begin(&victim, at(66), now);
            log_ins.fail(&victim, at(66), now);
            begun.is_ok()
        });
        assert_eq!(tried.count(), 21);
        assert!(log_ins.begin(&name("alice"), at(66), now).is_err());
        log_ins.begin(&name("alice"), at(1), now).unwrap();
    }

    #[test]
    fn past_the_free_failures_tries_are_made_one_at_a_time() {
        let (mut log_ins, alice) = (log_ins(), name("alice"));
        for _ in 0..3 {
            log_ins.begin(&alice, at(1), secs(1)).unwrap();
            log_ins.fail(&alice, at(1), secs(1));
        }
        log_ins.begin(&alice, at(1), secs(1)).unwrap();
        assert_eq!(log_ins.begin(&alice, at(1), secs(1)).unwrap_err().wait, TRY_MAX);
        log_ins.abandon(&alice, at(1));
        log_ins.begin(&alice, at(1), secs(1)).unwrap();
        log_ins.succeed(&alice, at(1));
        log_ins.begin(&alice, at(1), secs(1)).unwrap();
        log_ins.begin(&alice, at(1), secs(1)).unwrap();
    }

    #[test]
    fn a_right_password_ends_no_wait_of_the_address() {
        let (mut log_ins, mallory) = (log_ins(), name("mallory"));
        let now = secs(1);
        log_ins.begin(&mallory, at(66), now).unwrap();
        for number in 0..21 {
            log_ins.fail(&name(&format!("user{number}")), at(66), now);
        }
        log_ins.succeed(&mallory, at(66));
        assert_eq!(log_ins.begin(&name("alice"), at(66), now).unwrap_err().wait, secs(1));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut log_ins = log_ins();
        for number in 0..KEYS_MAX {
            log_ins.fail(&name(&format!("user{number}")), at(1), secs(1));
        }
        assert_eq!(log_ins.tries.len(), KEYS_MAX);
    }
}
