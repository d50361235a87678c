//! What the admin asks, answered by the node. Each part says how in a file of its own.

use std::collections::BTreeMap;
use std::time::Duration;

use comity_client_api::Refusal;
use comity_machine::{
    Account, AccountPower, Channel, Command, InviteToken, Kind, KnownFork, SignUpRule,
};
use comity_protocol::code::Code;
use comity_protocol::fork::ForkProof;
use comity_protocol::hash::Hash;
use comity_protocol::id::{AccountNumber, LineageId, LogId, LogName};
use comity_protocol::name::{AccountLabel, AccountName};

use super::account::{new_token, token_hash};
use super::client::ClientEdge;
use super::convert;
use super::peer::PeerConduct;
use crate::admin::{
    AdminBackend, FORKS_LISTED_MAX, Figures, Finding, ForkLine, GroupLine, INVITES_LISTED_MAX,
    Invite, InviteLine, KeyState, PEERS_LISTED_MAX, PeerLine, PeerState, PolicyState, Reopening,
    ReportDetail, ReportLine, Rule, SettingLine, Status, USERS_LISTED_MAX, UserChange, UserLine,
    UserPage, VoidLine,
};
use crate::clock;

impl AdminBackend for ClientEdge {
    async fn add_user(&self, name: AccountName, password: String) -> Result<AccountLabel, Refusal> {
        self.create(name.clone(), password, SignUpRule::Admin).await?;
        Ok(AccountLabel { name, domain: self.own_domain().clone() })
    }

    fn users(&self, prefix: &str, after: Option<&str>) -> UserPage {
        self.listed_users(prefix, after)
    }

    async fn change_user(&self, name: AccountName, change: UserChange) -> Result<(), Refusal> {
        let number = self.shared().state().account_named(name.as_str());
        let account = number.ok_or(Code::AccountNotFound)?;
        let change = match change {
            UserChange::Admin(is_admin) => AccountPower::Admin(is_admin),
            UserChange::Suspended(is_suspended) => AccountPower::Suspended(is_suspended),
            UserChange::Password(new) => AccountPower::Password(self.passwords().hash(new).await?),
        };
        convert::done(self.propose(Command::Administer { account, change }).await?)
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

    async fn figures(&self) -> Result<Figures, Refusal> {
        self.read_figures().await
    }

    fn settings(&self) -> Vec<SettingLine> {
        self.listed_settings()
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

impl ClientEdge {
    fn listed_users(&self, prefix: &str, after: Option<&str>) -> UserPage {
        let (listed, more, total) = self.accounts_listed(prefix, after);
        // Not with the state in hand, which presence asks for itself.
        let there = |(account, line)| {
            let is_there = self.presence().is_there(account, None);
            UserLine { is_there, ..line }
        };
        UserPage { users: listed.into_iter().map(there).collect(), more, total }
    }

    fn accounts_listed(
        &self,
        prefix: &str,
        after: Option<&str>,
    ) -> (Vec<(AccountNumber, UserLine)>, bool, u64) {
        let state = self.shared().state();
        let prefix = prefix.to_lowercase();
        let is_wanted = |(_, account): &(&AccountNumber, &Account)| {
            account.name.starts_with(&prefix)
                && after.is_none_or(|after| account.name.as_str() > after)
        };
        let mut wanted: Vec<_> = state.accounts.iter().filter(is_wanted).collect();
        wanted.sort_unstable_by_key(|(_, account)| account.name.as_str());
        let more = wanted.len() > USERS_LISTED_MAX;
        let lines = wanted.into_iter().take(USERS_LISTED_MAX);
        let lines = lines.map(|(number, account)| (*number, user_line(account))).collect();
        let total = state.accounts.values().filter(|account| !account.is_deleted).count() as u64;
        (lines, more, total)
    }
}

fn user_line(account: &Account) -> UserLine {
    UserLine {
        name: account.name.clone(),
        display_name: account.display_name.clone(),
        created_unix_ms: account.created_unix_ms,
        last_active_unix_ms: account.last_active_unix_ms,
        is_there: false,
        devices: account.devices.len() as u64,
        is_admin: account.is_admin,
        is_suspended: account.is_suspended,
        is_deleted: account.is_deleted,
    }
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
