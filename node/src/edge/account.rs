//! Accounts and devices at the client edge: sign-up, log-in, devices, passwords, invites.

use comity_client_api::{AccountChange, Caller, Device, LogIn, LoggedIn, Refusal, SignUp};
use comity_machine::{Command, DeviceId, SignUpRule};
use comity_protocol::code::Code;
use comity_protocol::hash::{Hash, Hasher, tag};
use comity_protocol::id::AccountNumber;
use comity_protocol::name::{AccountLabel, AccountName};

use super::client::{ClientEdge, SignUpPolicy};
use super::convert;
use crate::clock;

/// Longest name of a device, in characters.
const DEVICE_NAME_CHARS_MAX: usize = 100;

impl ClientEdge {
    pub(super) async fn make_account(&self, sign_up: SignUp) -> Result<LoggedIn, Refusal> {
        let rule = match (self.settings().sign_up, &sign_up.invite) {
            (SignUpPolicy::Closed, _) => return Err(Code::SignUpClosed.into()),
            (SignUpPolicy::Open, _) => SignUpRule::Open,
            (SignUpPolicy::Invite, Some(token)) => {
                let hash = token_hash(token);
                // Nobody makes the node hash passwords by guessing.
                if !self.shared().state().invite_is_good(&hash, clock::unix_ms()) {
                    return Err(Code::InviteTokenInvalid.into());
                }
                SignUpRule::Invite(hash)
            }
            (SignUpPolicy::Invite, None) => {
                let sentence =
                    "Accounts here need an invite token: ask an admin of the node for one.";
                return Err(Refusal {
                    sentence: sentence.to_owned(),
                    ..Code::InviteTokenInvalid.into()
                });
            }
        };
        let number = self.create(sign_up.name.clone(), sign_up.password, rule).await?;
        self.make_device(number, &sign_up.name, &sign_up.device_name).await
    }

    pub(super) async fn create(
        &self,
        name: AccountName,
        password: String,
        rule: SignUpRule,
    ) -> Result<AccountNumber, Refusal> {
        if self.shared().state().names.contains_key(name.as_str()) {
            return Err(Code::NameTaken.into());
        }
        let password = self.passwords().hash(password).await?;
        let number = AccountNumber(clock::random_number());
        let command = Command::CreateAccount {
            number,
            name: name.as_str().to_owned(),
            password,
            rule,
            unix_ms: clock::unix_ms(),
        };
        convert::done(self.propose(command).await?)?;
        Ok(number)
    }

    async fn make_device(
        &self,
        account: AccountNumber,
        name: &AccountName,
        device_name: &str,
    ) -> Result<LoggedIn, Refusal> {
        let device = DeviceId(clock::random_number());
        let token = new_token();
        let device_name: String = device_name.chars().take(DEVICE_NAME_CHARS_MAX).collect();
        let command = Command::AddDevice {
            account,
            device,
            name: device_name,
            token: token_hash(&token),
            unix_ms: clock::unix_ms(),
            devices_max: self.settings().devices_per_account_max,
        };
        convert::done(self.propose(command).await?)?;
        let caller = Caller {
            account: self.shared().state().account_id(account),
            label: AccountLabel { name: name.clone(), domain: self.own_domain().clone() },
            device: convert::device(device),
        };
        Ok(LoggedIn { caller, token })
    }

    pub(super) async fn open_session(&self, log_in: LogIn) -> Result<LoggedIn, Refusal> {
        let known = {
            let state = self.shared().state();
            let number = state.account_named(log_in.name.as_str());
            number.and_then(|n| Some((n, state.accounts.get(&n)?.password.clone())))
        };
        let (number, kept) = known.unzip();
        if !self.passwords().fits(log_in.password, kept).await? {
            return Err(Code::CredentialsWrong.into());
        }
        // Only who knows the password learns that the account is suspended: so says the device.
        let number = number.ok_or(Code::CredentialsWrong)?;
        self.make_device(number, &log_in.name, &log_in.device_name).await
    }

    pub(super) fn caller_of(&self, token: &str) -> Result<Caller, Refusal> {
        let state = self.shared().state();
        let device = *state.tokens.get(&token_hash(token)).ok_or(Code::TokenInvalid)?;
        let known = state.devices.get(&device).ok_or(Code::TokenInvalid)?;
        if known.is_news(clock::unix_ms()) {
            self.uses().note(device);
        }
        let number = known.account;
        let account = state.accounts.get(&number).ok_or(Code::TokenInvalid)?;
        let name = account.name.parse().map_err(|_| Code::Internal)?;
        Ok(Caller {
            account: state.account_id(number),
            label: AccountLabel { name, domain: self.own_domain().clone() },
            device: convert::device(device),
        })
    }

    pub(super) fn devices_of(&self, caller: &Caller) -> Vec<Device> {
        let state = self.shared().state();
        let account = state.accounts.get(&caller.account.number);
        let ids = account.map(|account| account.devices.clone()).unwrap_or_default();
        let listed = ids.into_iter().filter_map(|id| {
            let device = state.devices.get(&id)?;
            Some(Device {
                id: convert::device(id),
                name: device.name.clone(),
                created_unix_ms: device.created_unix_ms,
                current: convert::device(id) == caller.device,
            })
        });
        listed.collect()
    }

    async fn check_password(
        &self,
        account: AccountNumber,
        password: String,
    ) -> Result<(), Refusal> {
        let kept = {
            let state = self.shared().state();
            state.accounts.get(&account).map(|account| account.password.clone())
        };
        let fits = self.passwords().fits(password, kept).await?;
        if fits { Ok(()) } else { Err(Code::CredentialsWrong.into()) }
    }

    pub(super) async fn change(
        &self,
        caller: &Caller,
        change: AccountChange,
    ) -> Result<(), Refusal> {
        let account = caller.account.number;
        let command = match change {
            AccountChange::LogOut => {
                let device = convert::device_back(caller.device);
                Command::RemoveDevice { account, device }
            }
            AccountChange::RevokeDevice(device) => {
                Command::RemoveDevice { account, device: convert::device_back(device) }
            }
            AccountChange::Delete { password } => {
                self.check_password(account, password).await?;
                let (unix_ms, random) = (clock::unix_ms(), clock::random());
                Command::DeleteAccount { account, unix_ms, random }
            }
            AccountChange::Password { old, new } => {
                self.check_password(account, old).await?;
                Command::SetPassword { account, password: self.passwords().hash(new).await? }
            }
        };
        convert::done(self.propose(command).await?)
    }
}

/// 256 random bits as text.
pub(super) fn new_token() -> String {
    data_encoding::BASE64URL_NOPAD.encode(&clock::random::<32>())
}

/// What is kept of a token: it has 256 random bits, so a plain hash suffices.
pub(super) fn token_hash(token: &str) -> Hash {
    Hasher::new(tag::TOKEN).var(token.as_bytes()).finish()
}
