//! `limits.clients`: one setting that is a table of numbers, each with a default of its own, so
//! that an admin who needs another value writes that one alone. Values that exist are within
//! bounds.

use std::collections::BTreeMap;
use std::time::Duration;

use comity_client_api::{DoorLimits, Rate, log_in_limits};
use serde::de::{Deserialize, Deserializer, Error};

/// A number in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name in the table.
    pub key: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// The smallest allowed.
    pub min: u32,
    /// The largest allowed.
    pub max: u32,
    /// What holds where it is left out.
    pub default: u32,
    /// What it does.
    pub meaning: &'static str,
    /// What a bad value costs.
    pub cost: &'static str,
}

/// The numbers of `limits.clients`, in the order of [`ClientLimits::numbers`].
pub const CLIENT_PARTS: [Part; 9] = [
    Part {
        key: "account_requests_per_minute",
        unit: "requests",
        min: 10,
        max: 1_000_000_000,
        default: 6_000,
        meaning: "What an account may ask for, by HTTP and by frames, on all its devices \
                  together; a minute's worth at once.",
        cost: "Too low: people and their bots get `rate_limited` in busy hours. Too high: one \
               account may keep the node busy.",
    },
    Part {
        key: "address_requests_per_minute",
        unit: "requests",
        min: 10,
        max: 1_000_000_000,
        default: 6_000,
        meaning: "What an address may ask for without a valid token, sockets to be opened and \
                  log-ins included; a minute's worth at once.",
        cost: "Too low: an office behind one address cannot come back at once after an \
               interruption; each device needs about three. Too high: strangers may keep the node \
               busy.",
    },
    Part {
        key: "address_connections_max",
        unit: "connections",
        min: 1,
        max: 10_000_000,
        default: 1_000,
        meaning: "The most connections of an address at once; of what trusted proxies pass on, \
                  the most sockets and long polls.",
        cost: "Too low: not everybody in an office gets in. Too high: one address may take all \
               places of `limits.sockets_max`.",
    },
    Part {
        key: "address_sign_ups_per_hour",
        unit: "accounts",
        min: 1,
        max: 1_000_000_000,
        default: 100,
        meaning: "Accounts that may be asked for at an address; an hour's worth at once.",
        cost: "Too low: a class of pupils cannot sign up in one lesson. Too high, with sign-up \
               open: whoever likes fills the node with accounts.",
    },
    Part {
        key: "account_wrong_passwords_per_hour",
        unit: "tries",
        min: 1,
        max: 1_000_000,
        default: 10,
        meaning: "Wrong passwords of an account that cost nothing, half as many at one address. \
                  Further ones are followed by waits that double from a second on, up to a minute \
                  for the account (not at addresses where it is logged in) and up to \
                  `wrong_password_wait_seconds_max` for it at that address. Devices that are \
                  logged in do not notice.",
        cost: "Too low: who mistypes has to wait. Too high: passwords can be guessed faster.",
    },
    Part {
        key: "address_wrong_passwords_per_hour",
        unit: "tries",
        min: 1,
        max: 1_000_000,
        default: 100,
        meaning: "The same for all accounts that are tried at an address.",
        cost: "Too low: in an office, some people's mistakes make others wait. Too high: one \
               address may try many accounts.",
    },
    Part {
        key: "wrong_password_wait_seconds_max",
        unit: "seconds",
        min: 1,
        max: 86_400,
        default: 900,
        meaning: "The longest of these waits.",
        cost: "Too short: guessing costs little. Too long: somebody's mistakes keep others at the \
               same address from logging in.",
    },
    Part {
        key: "account_devices_max",
        unit: "devices",
        min: 1,
        max: 10_000,
        default: 100,
        meaning: "The most devices that may be logged in to one account. A device counts until it \
                  logs out or is revoked.",
        cost: "Too low: users must revoke a device before they log in. Each device keeps a window \
               of answers in memory and on disk.",
    },
    Part {
        key: "device_unused_days",
        unit: "days",
        min: 1,
        max: 36_500,
        default: 90,
        meaning: "A device that was not used for so long is logged out; a day more or less does \
                  not count.",
        cost: "Too short: people log in again after their holidays. Too long: a lost device, or a \
               token in a forgotten backup, stays good.",
    },
];

/// What clients may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientLimits {
    numbers: [u32; CLIENT_PARTS.len()],
}

impl Default for ClientLimits {
    fn default() -> Self {
        Self { numbers: CLIENT_PARTS.map(|part| part.default) }
    }
}

impl ClientLimits {
    /// The limits of the client API's door.
    pub fn door(&self) -> DoorLimits {
        const MINUTE: Duration = Duration::from_secs(60);
        const HOUR: Duration = Duration::from_secs(3_600);
        let [account, address, connections, sign_ups, of_account, of_address, wait, ..] =
            self.numbers;
        DoorLimits {
            account_requests: Rate::new(account, MINUTE),
            address_requests: Rate::new(address, MINUTE),
            address_connections_max: connections,
            address_sign_ups: Rate::new(sign_ups, HOUR),
            log_ins: log_in_limits(of_account, of_address, Duration::from_secs(wait.into())),
        }
    }

    /// The most devices of an account.
    pub fn account_devices_max(&self) -> u32 {
        let [.., devices, _] = self.numbers;
        devices
    }

    /// How long a device may be unused.
    pub fn device_unused_max(&self) -> Duration {
        let [.., days] = self.numbers;
        Duration::from_secs(u64::from(days) * 24 * 60 * 60)
    }
}

impl<'de> Deserialize<'de> for ClientLimits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let given = BTreeMap::<String, toml::Value>::deserialize(deserializer)?;
        let mut limits = Self::default();
        for (key, value) in given {
            let known = CLIENT_PARTS.iter().zip(&mut limits.numbers);
            let Some((part, number)) = known.into_iter().find(|(part, _)| part.key == key) else {
                let keys = CLIENT_PARTS.map(|part| part.key).join(", ");
                return Err(D::Error::custom(format!("unknown number {key}: there are {keys}")));
            };
            let within = value.as_integer().and_then(|number| u32::try_from(number).ok());
            let within = within.filter(|number| (part.min..=part.max).contains(number));
            *number = within.ok_or_else(|| {
                let Part { min, max, unit, .. } = part;
                D::Error::custom(format!("{key} = {value} is not between {min} and {max} {unit}"))
            })?;
        }
        Ok(limits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_door() {
        assert_eq!(ClientLimits::default().door(), DoorLimits::default());
        for part in CLIENT_PARTS {
            assert!((part.min..=part.max).contains(&part.default), "{}", part.key);
        }
    }
}
