//! Accounts and devices at the client edge: sign-up, log-in, devices, passwords, invites.

use std::collections::BTreeMap;
use std::time::Duration;

use comity_client_api::{AccountChange, Caller, Device, LogIn, LoggedIn, Refusal, SignUp};
use comity_machine::{Channel, Command, DeviceId, InviteToken, Kind, KnownFork, SignUpRule};
use comity_protocol::code::Code;
use comity_protocol::fork::ForkProof;
use comity_protocol::hash::{Hash, Hasher, tag};
use comity_protocol::id::{AccountNumber, LineageId, LogId, LogName};
use comity_protocol::name::{AccountLabel, AccountName};

use super::client::{ClientEdge, SignUpPolicy};
use super::convert;
use super::peer::PeerConduct;
use crate::admin::{
    AdminBackend, FORKS_LISTED_MAX, Finding, ForkLine, GroupLine, INVITES_LISTED_MAX, Invite,
    InviteLine, KeyState, PEERS_LISTED_MAX, PeerLine, PeerState, PolicyState, Reopening,
    ReportDetail, ReportLine, Rule, Status, VoidLine,
};
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

    async fn create(
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

impl AdminBackend for ClientEdge {
    async fn add_user(&self, name: AccountName, password: String) -> Result<AccountLabel, Refusal> {
        self.create(name.clone(), password, SignUpRule::Admin).await?;
        Ok(AccountLabel { name, domain: self.own_domain().clone() })
    }

    async fn invite(&self, uses: u32, expires_in: Duration) -> Result<Invite, Refusal> {
        let token = new_token();
        let lifetime_ms = u64::try_from(expires_in.as_millis()).unwrap_or(u64::MAX);
        let expires_unix_ms = clock::unix_ms().saturating_add(lifetime_ms);
        let hash = token_hash(&token);
        let command = Command::CreateInvite { token: hash, uses, expires_unix_ms };
        convert::done(self.propose(command).await?)?;
        Ok(Invite { token, expires_unix_ms })
    }

    fn policy(&self) -> PolicyState {
        self.read_policy()
    }

    async fn set_rule(&self, domain: &str, rule: Option<Rule>) -> Result<(), Refusal> {
        self.say_rule(domain, rule).await
    }

    async fn share(&self, domain: &str, group: &str) -> Result<(), Refusal> {
        self.grant(domain, group).await
    }

    async fn unshare(&self, domain: &str, group: &str) -> Result<(), Refusal> {
        self.unshare_group(domain, group).await
    }

    fn invites(&self) -> Vec<InviteLine> {
        let state = self.shared().state();
        let line = |(token, invite): (&Hash, &InviteToken)| InviteLine {
            id: invite_id(token),
            uses: invite.uses,
            expires_unix_ms: invite.expires_unix_ms,
        };
        let mut lines: Vec<InviteLine> = state.invites.iter().map(line).collect();
        lines.sort_by_key(|line| line.expires_unix_ms);
        lines.truncate(INVITES_LISTED_MAX);
        lines
    }

    async fn revoke_invite(&self, named: &str) -> Result<(), Refusal> {
        let token = {
            let state = self.shared().state();
            let is_named =
                |token: &&Hash| **token == token_hash(named) || invite_id(token) == named;
            state.invites.keys().find(is_named).copied()
        };
        let token = token.ok_or(Code::InviteNotFound)?;
        convert::done(self.propose(Command::RevokeInvite { token }).await?)
    }

    fn forks(&self) -> Vec<ForkLine> {
        let state = self.shared().state();
        let line = |(channel, log, fork): (&Channel, LogId, &KnownFork)| {
            let organisation = ForkProof::decode(&fork.proof).ok()?.organisation;
            let (id, domain) = (fork_id(&log), organisation.domain);
            Some(ForkLine { id, domain, channel: channel.id.to_string(), record: fork.seq })
        };
        state.forks().filter_map(line).take(FORKS_LISTED_MAX).collect()
    }

    fn proof(&self, id: &str) -> Option<Vec<u8>> {
        let state = self.shared().state();
        let found = state.forks().find(|(_, log, _)| fork_id(log) == id);
        found.map(|(_, _, fork)| fork.proof.0.clone())
    }

    async fn reopen(
        &self,
        channel: &str,
        at: Option<(u64, u64)>,
        is_sure: bool,
    ) -> Result<Reopening, Refusal> {
        self.reopen_group(channel, at, is_sure).await
    }

    fn voided(&self, channel: &str) -> Result<Vec<VoidLine>, Refusal> {
        self.voided_of(channel)
    }

    fn groups(&self) -> Vec<GroupLine> {
        self.listed_groups()
    }

    async fn confirm(&self, channel: &str) -> Result<(), Refusal> {
        self.confirm_group(channel).await
    }

    async fn peers(&self) -> Result<Vec<PeerState>, Refusal> {
        self.listed_peers().await
    }

    fn retry_peer(&self, domain: &str) -> Result<bool, Refusal> {
        self.retry_link(domain)
    }

    async fn examine(&self, domain: Option<&str>) -> Result<Vec<Finding>, Refusal> {
        self.examine_domain(domain).await
    }

    fn reports(&self, all: bool) -> Vec<ReportLine> {
        self.listed_reports(all)
    }

    async fn report(&self, number: u64) -> Result<ReportDetail, Refusal> {
        self.read_report(number).await
    }

    async fn close_report(&self, number: u64) -> Result<(), Refusal> {
        self.end_report(number).await
    }

    async fn rotate_key(&self, makes_next: bool, now: bool) -> Result<KeyState, Refusal> {
        self.peer_parts().desk.order(makes_next, now).await
    }

    async fn accept_key(&self, domain: &str, key: &str) -> Result<(), Refusal> {
        self.accept_replaced(domain, key).await
    }

    fn status(&self) -> Status {
        let state = self.shared().state();
        let line = |(lineage, conduct): (LineageId, PeerConduct)| {
            let PeerConduct { is_linked, faults, refused, void, denied, waiting } = conduct;
            let domain = state.peers.get(&lineage)?.domain.clone();
            Some(PeerLine { domain, is_linked, faults, refused, void, denied, waiting })
        };
        let mut known = self.conduct().peers();
        let groups = state.channels.values();
        let shared = groups.clone().filter(|channel| !matches!(channel.kind, Kind::Link { .. }));
        for peer in shared.flat_map(Channel::sharing_peers) {
            known.entry(peer).or_default();
        }
        let read_only = groups.filter(|channel| channel.read_only().is_some()).count() as u64;
        let reports = state.reports().filter(|(_, report)| report.is_open()).count() as u64;
        let (forks, comparing) = (state.forks().count() as u64, state.comparing().count() as u64);
        let mut peers = by_domain(known.into_iter().filter_map(line));
        let wrongs = |line: &PeerLine| line.faults + line.refused + line.void + line.waiting;
        peers.sort_by(|a, b| {
            let by_wrongs = wrongs(b).cmp(&wrongs(a));
            by_wrongs.then(a.is_linked.cmp(&b.is_linked)).then_with(|| a.domain.cmp(&b.domain))
        });
        peers.truncate(PEERS_LISTED_MAX);
        let is_clock_doubted = self.conduct().is_clock_doubted();
        let domain = state.domain().to_owned();
        let strangers = self.listed_strangers();
        Status { is_clock_doubted, domain, peers, forks, read_only, comparing, reports, strangers }
    }
}

/// One line for each domain, also where another organisation has it by now.
fn by_domain(lines: impl Iterator<Item = PeerLine>) -> Vec<PeerLine> {
    let mut known = BTreeMap::<String, PeerLine>::new();
    for line in lines {
        match known.get_mut(&line.domain) {
            Some(sum) => {
                sum.is_linked |= line.is_linked;
                sum.faults += line.faults;
                sum.refused += line.refused;
                sum.void += line.void;
                sum.denied += line.denied;
                sum.waiting += line.waiting;
            }
            None => {
                known.insert(line.domain.clone(), line);
            }
        }
    }
    known.into_values().collect()
}

/// How the admin names an invite whose token he has not kept: the beginning of its hash.
fn invite_id(token: &Hash) -> String {
    data_encoding::HEXLOWER.encode(&token.0[..INVITE_ID_BYTES])
}

/// Bytes of the hash in that name.
const INVITE_ID_BYTES: usize = 6;

/// How the admin names a forked log: its number, and the beginning of its channel's id.
fn fork_id(log: &LogId) -> String {
    let channel = &log.channel.to_string()[..FORK_ID_CHARS];
    match log.name {
        LogName::Control { term, .. } => format!("c{term}-{channel}"),
        LogName::Message { writer, .. } => format!("m{:016x}-{channel}", writer.0),
    }
}

/// Characters of the channel's id in that name.
const FORK_ID_CHARS: usize = 8;

/// 256 random bits as text.
fn new_token() -> String {
    data_encoding::BASE64URL_NOPAD.encode(&clock::random::<32>())
}

/// What is kept of a token: it has 256 random bits, so a plain hash suffices.
fn token_hash(token: &str) -> Hash {
    Hasher::new(tag::TOKEN).var(token.as_bytes()).finish()
}
