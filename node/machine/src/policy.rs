//! With whom this node federates, as its admin says: a rule for each domain, and which channels may
//! be shared with whom. It lies in the state, so that it changes while the node runs; the mode is a
//! setting, which comes as a command at the start.

use std::collections::{BTreeMap, BTreeSet};

use comity_protocol::code::Code;
use comity_protocol::control::{ControlAct, Target};
use comity_protocol::id::{AccountId, AccountNumber, ChannelId, LineageId};
use comity_protocol::name::ServerName;
use minicbor::{Decode, Encode};

use crate::account::Standing;
use crate::answer::Answer;
use crate::channel::{ChannelNo, Kind};
use crate::group::Group;
use crate::rows::RowKey;
use crate::state::{Effects, State};

/// Domains of which the admin has said something.
pub(crate) const RULES_MAX: usize = 10_000;
/// Channels that may be shared one by one.
pub(crate) const GRANTS_MAX: usize = 10_000;
/// Invitations, contact requests and reports of one organisation that are heard in an hour, where
/// its rule says nothing else.
pub const ASKS_PER_HOUR: u32 = 200;
const HOUR_MS: u64 = 3_600_000;

/// With which organisations the node federates that no rule names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum FederationMode {
    /// With none.
    #[n(0)]
    Allowlist,
    /// With those that it knows; a first contact waits for the admin.
    #[n(1)]
    Ask,
    /// With all.
    #[default]
    #[n(2)]
    Open,
}

/// What the admin says of a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct DomainRule {
    /// Whether the node federates with it.
    #[n(0)]
    pub stance: Stance,
    /// Invitations, contact requests and reports of it that are heard in an hour;
    /// [`ASKS_PER_HOUR`] where absent.
    #[n(1)]
    pub asks_per_hour: Option<u32>,
    /// Records that are taken of it in a minute in the long run; as many as come where absent.
    #[n(2)]
    pub records_per_minute: Option<u32>,
    /// When this was said, in Unix milliseconds.
    #[n(3)]
    pub since_unix_ms: u64,
}

/// Whether a node federates with a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Stance {
    /// In all that its users and ours want.
    #[n(0)]
    Allow,
    /// The same, but only those groups are shared that the admin names.
    #[n(1)]
    AllowNamed,
    /// Not at all.
    #[n(2)]
    Block,
}

/// Whether somebody of a domain is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// He is.
    Admitted,
    /// The admin has to say so first.
    Waits,
    /// He is not.
    Refused,
}

impl Admission {
    /// The refusal, where it is none.
    pub fn check(self) -> Result<(), Code> {
        match self {
            Self::Admitted => Ok(()),
            Self::Waits => Err(Code::DomainWaits),
            Self::Refused => Err(Code::DomainRefused),
        }
    }
}

/// All that the admin says of others.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
#[cbor(map)]
pub struct Policy {
    /// With whom the node federates that no rule names.
    #[n(0)]
    pub mode: FederationMode,
    /// What is said of domains.
    #[n(1)]
    pub rules: BTreeMap<String, DomainRule>,
    /// Channels that may be shared with a domain of which only named ones are.
    #[n(2)]
    pub grants: BTreeSet<(ChannelId, String)>,
}

/// A change of it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum PolicyChange {
    /// The setting says so.
    #[n(0)]
    Mode(#[n(0)] FederationMode),
    /// What is said of a domain; nothing any more where absent.
    #[n(1)]
    Rule {
        /// Which.
        #[n(0)]
        domain: String,
        /// What.
        #[n(1)]
        rule: Option<DomainRule>,
    },
    /// A channel may be shared with a domain.
    #[n(2)]
    Grant {
        /// Which.
        #[n(0)]
        channel: ChannelId,
        /// With whom.
        #[n(1)]
        domain: String,
    },
    /// A channel is shared with a domain no longer.
    #[n(3)]
    Unshare {
        /// Which.
        #[n(0)]
        channel: ChannelId,
        /// With whom.
        #[n(1)]
        domain: String,
        /// The clock, in Unix milliseconds.
        #[n(2)]
        unix_ms: u64,
        /// 32 random bytes from which salts of this command are derived.
        #[cbor(n(3), with = "minicbor::bytes")]
        random: [u8; 32],
    },
}

impl State {
    /// What the admin says of others.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Whether somebody of a domain is let in.
    pub fn admission(&self, domain: &str) -> Admission {
        match (self.policy.rules.get(domain).map(|rule| rule.stance), self.policy.mode) {
            (Some(Stance::Block), _) => Admission::Refused,
            (Some(Stance::Allow | Stance::AllowNamed), _) => Admission::Admitted,
            (None, FederationMode::Open) => Admission::Admitted,
            (None, FederationMode::Ask) if self.peer_domains.contains_key(domain) => {
                Admission::Admitted
            }
            (None, FederationMode::Ask) => Admission::Waits,
            (None, FederationMode::Allowlist) => Admission::Refused,
        }
    }

    /// Whether an organisation is let in; our own is.
    pub fn check_admitted(&self, lineage: LineageId) -> Result<(), Code> {
        match self.domain_of(&lineage) {
            Some(domain) if lineage != self.lineage() => self.admission(domain).check(),
            _ => Ok(()),
        }
    }

    /// Whether a channel may be shared with an organisation.
    pub fn may_share(&self, channel: &ChannelId, with: LineageId) -> Result<(), Code> {
        self.check_admitted(with)?;
        let Some(domain) = self.domain_of(&with) else { return Ok(()) };
        let rule = self.policy.rules.get(domain);
        let is_named = || self.policy.grants.contains(&(*channel, domain.to_owned()));
        match rule.map(|rule| rule.stance) {
            Some(Stance::AllowNamed) if with != self.lineage() && !is_named() => {
                Err(Code::ChannelNotGranted)
            }
            _ => Ok(()),
        }
    }

    /// Whether a control record of ours shares a group with somebody with whom it may not be.
    pub(crate) fn check_sharing(&self, no: ChannelNo, act: &ControlAct) -> Result<(), Code> {
        let with = match act {
            ControlAct::Invite(invite) => invite.account.lineage,
            ControlAct::Join(join) => join.account.lineage,
            _ => return Ok(()),
        };
        self.may_share(&self.channels[&no].id, with)
    }

    /// Whether one of ours may say something in a channel: a direct one is with somebody.
    pub(crate) fn check_federates(&self, no: ChannelNo) -> Result<(), Code> {
        let Kind::Direct(direct) = &self.channels[&no].kind else { return Ok(()) };
        self.check_admitted(direct.accounts.0.lineage)?;
        self.check_admitted(direct.accounts.1.lineage)
    }

    /// Whether there is room for one more thing that an organisation asks of ours within this hour;
    /// counts it.
    pub(crate) fn hears_ask(&mut self, by: LineageId, fx: &mut Effects) -> bool {
        let Some(peer) = self.peers.get_mut(&by) else { return true };
        let rule = self.policy.rules.get(&peer.domain);
        let most = rule.and_then(|rule| rule.asks_per_hour).unwrap_or(ASKS_PER_HOUR);
        let (since_ms, count) = peer.asks.unwrap_or_default();
        let is_over = fx.unix_ms.saturating_sub(since_ms) >= HOUR_MS;
        let (since_ms, count) = if is_over { (fx.unix_ms, 0) } else { (since_ms, count) };
        if count >= most {
            fx.unheard += 1;
            return false;
        }
        peer.asks = Some((since_ms, count + 1));
        fx.dirty(RowKey::Peer(by));
        true
    }

    pub(crate) fn change_policy(
        &mut self,
        change: &PolicyChange,
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        match change {
            PolicyChange::Mode(mode) => self.policy.mode = *mode,
            PolicyChange::Rule { domain, rule } => self.set_rule(domain, *rule)?,
            PolicyChange::Grant { channel, domain } => {
                let domain = self.other_domain(domain)?;
                if self.policy.grants.len() >= GRANTS_MAX {
                    return Err(Code::Overloaded);
                }
                self.policy.grants.insert((*channel, domain));
            }
            PolicyChange::Unshare { channel, domain, unix_ms, random } => {
                (fx.unix_ms, fx.random) = (*unix_ms, *random);
                self.unshare(channel, domain, fx)?;
                self.policy.grants.remove(&(*channel, domain.clone()));
            }
        }
        fx.dirty(RowKey::Policy);
        Ok(Answer::Done)
    }

    fn set_rule(&mut self, domain: &str, rule: Option<DomainRule>) -> Result<(), Code> {
        let domain = self.other_domain(domain)?;
        let rules = &mut self.policy.rules;
        match rule {
            None => drop(rules.remove(&domain)),
            Some(_) if rules.len() >= RULES_MAX && !rules.contains_key(&domain) => {
                return Err(Code::Overloaded);
            }
            Some(rule) => drop(rules.insert(domain, rule)),
        }
        Ok(())
    }

    /// A domain that is not ours.
    fn other_domain(&self, domain: &str) -> Result<String, Code> {
        let name: ServerName = domain.parse().map_err(|_| Code::NameInvalid)?;
        if name.as_str() == self.domain() {
            return Err(Code::PeerNameMismatch);
        }
        Ok(name.to_string())
    }

    /// Puts a domain's accounts out of a group that is ours; has ours leave one that is not.
    fn unshare(&mut self, channel: &ChannelId, domain: &str, fx: &mut Effects) -> Result<(), Code> {
        let (no, known) = self.channel(channel).ok_or(Code::ChannelNotFound)?;
        let group = known.group().ok_or(Code::NotAGroup)?;
        let mut shared = group.state.organisations.iter();
        let with = shared.find(|(_, known)| known.domain == domain).map(|(lineage, _)| *lineage);
        let with = with.or_else(|| self.peer_domains.get(domain).copied());
        let with = with.filter(|with| *with != self.lineage()).ok_or(Code::DomainNotFound)?;
        if self.is_home(no) { self.put_out(no, with, fx) } else { self.withdraw_ours(no, fx) }
    }

    /// Removes all of an organisation from a group of ours, whoever invited them.
    fn put_out(&mut self, no: ChannelNo, with: LineageId, fx: &mut Effects) -> Result<(), Code> {
        let group = self.channels[&no].group().ok_or(Code::NotAGroup)?;
        let members = group.state.members.iter();
        let theirs = members.filter(|(account, _)| account.lineage == with);
        let mut there: Vec<(AccountId, bool)> = theirs
            .filter(|(_, member)| member.is_in() || member.invite.is_some())
            .map(|(account, member)| (*account, member.is_in()))
            .collect();
        // Its node hears nothing more after the last member.
        there.sort_by_key(|(_, is_in)| *is_in);
        for (account, is_in) in there {
            let target = Target { account };
            let act = if is_in { ControlAct::Remove(target) } else { ControlAct::Leave(target) };
            self.append_control(no, None, &act, None, fx)?;
        }
        Ok(())
    }

    fn withdraw_ours(&mut self, no: ChannelNo, fx: &mut Effects) -> Result<(), Code> {
        let id = self.channels[&no].id;
        let joined = |stay: &crate::account::Stay| stay.standing == Standing::Joined;
        let ours: Vec<AccountNumber> = self
            .accounts
            .iter()
            .filter(|(_, account)| account.channels.get(&no).is_some_and(joined))
            .map(|(number, _)| *number)
            .collect();
        for account in ours {
            self.leave(account, &id, fx)?;
            self.keep_read(no, self.account_id(account), fx);
        }
        Ok(())
    }

    /// An account of ours that was in a group may go on reading what there was.
    pub(crate) fn keep_read(&mut self, no: ChannelNo, account: AccountId, fx: &mut Effects) {
        if account.lineage != self.lineage() {
            return;
        }
        let known = self.accounts.get_mut(&account.number);
        if let Some(stay) = known.and_then(|known| known.channels.get_mut(&no)) {
            stay.kept = true;
            fx.dirty(RowKey::Account(account.number));
        }
    }

    /// Whether an account of ours may read a group that is not shared with us any more. Where it is
    /// again, members read it.
    pub fn reads_kept(&self, account: AccountNumber, no: ChannelNo) -> bool {
        let stay = self.accounts.get(&account).and_then(|known| known.channels.get(&no));
        let is_kept = stay.is_some_and(|stay| {
            stay.kept && matches!(stay.standing, Standing::Gone | Standing::Leaving)
        });
        let group = self.channels.get(&no).and_then(|channel| channel.group());
        let is_shared = |group: &Group| group.state.has_organisation(self.lineage());
        is_kept && group.is_some_and(|group| !is_shared(group))
    }
}
