//! Who may do what in a control state (`docs/protocol/` section 7.1). It must not know how a record
//! came, nor change the state.

use comity_identity::{KeyChain, Standing};
use comity_protocol::code::Code;
use comity_protocol::control::{
    Ban, ControlAct, Invite, Join, KeyChanges, Organisation, Role, SetPosting, SetRole, Succession,
};
use comity_protocol::id::{AccountId, LineageId};
use comity_protocol::limits::{
    ACCOUNTS_KNOWN_MAX, CHANNEL_NAME_CHARS_MAX, CHANNEL_TOPIC_CHARS_MAX, ORGANISATIONS_MAX,
    RETENTION_SECONDS_MIN, RULE_CHANGES_MAX, SNAPSHOT_INTERVAL, STAYS_MAX,
};
use comity_protocol::line::{check_line, check_lines};
use comity_protocol::name::AccountLabel;

use super::state::{ControlState, Member};

impl ControlState {
    /// Whether a record at `seq` must carry the hash of the state before it.
    pub fn needs_snapshot(&self, seq: u64, act: &ControlAct) -> bool {
        let opening = matches!(act, ControlAct::Open(_));
        seq.is_multiple_of(SNAPSHOT_INTERVAL) || self.is_admission(act) || opening
    }

    /// Whether `actor` may do `act` in this state.
    pub fn allows(&self, actor: Option<&AccountId>, act: &ControlAct) -> Result<(), Code> {
        // After a handover the term is over.
        if self.nominee.is_some() {
            return Err(Code::ChannelReadOnly);
        }
        let Some(actor) = actor else {
            return self.allows_home(act);
        };
        match act {
            ControlAct::Invite(invite) => self.allows_invite(actor, invite),
            ControlAct::Join(join) => self.allows_join(actor, join),
            ControlAct::Leave(target) => self.allows_leave(actor, &target.account),
            ControlAct::Remove(target) => self.allows_remove(actor, &target.account),
            ControlAct::Ban(ban) => self.allows_ban(actor, ban),
            ControlAct::Unban(target) => self.allows_unban(actor, &target.account),
            ControlAct::SetName(text) if !is_name(&text.text) => Err(Code::NameInvalid),
            ControlAct::SetTopic(text) if !is_topic(&text.text) => Err(Code::NameInvalid),
            ControlAct::SetName(_) | ControlAct::SetTopic(_) | ControlAct::Moderate(_) => {
                self.needs_role(actor, Role::Moderator)
            }
            ControlAct::SetRole(change) => self.allows_role(actor, change),
            ControlAct::SetPosting(SetPosting { .. }) | ControlAct::SetArchived(_) => {
                self.needs_role(actor, Role::Owner)?;
                fits_changes(self.posts.len())
            }
            ControlAct::SetJoinRule(set) => {
                self.needs_role(actor, Role::Owner)?;
                if set.rule.is_sound() { Ok(()) } else { Err(Code::RuleInvalid) }
            }
            ControlAct::SetRetention(set) => {
                self.needs_role(actor, Role::Owner)?;
                let sound = set.seconds.is_none_or(|seconds| seconds >= RETENTION_SECONDS_MIN);
                if sound { Ok(()) } else { Err(Code::RuleInvalid) }
            }
            ControlAct::SetEdits(_) | ControlAct::SetHistory(_) | ControlAct::SetMentions(_) => {
                self.needs_role(actor, Role::Owner)
            }
            ControlAct::SetVersion(set) => {
                self.needs_role(actor, Role::Owner)?;
                // A version above ours is none that we judge: see `Group::judge`.
                if set.version > self.version { Ok(()) } else { Err(Code::VersionUnsupported) }
            }
            ControlAct::HandOver(to) => self.allows_hand_over(actor, to),
            ControlAct::ChangeKeys(_)
            | ControlAct::CloseLogs(_)
            | ControlAct::Cover
            | ControlAct::Genesis(_)
            | ControlAct::Open(_)
            | ControlAct::Unknown(_) => Err(Code::NotAllowed),
        }
    }

    /// Whether an account may post in this state.
    pub fn allows_post(&self, account: &AccountId) -> Result<(), Code> {
        let role = self.role(account).ok_or(Code::ChannelNotFound)?;
        match self.post_role() {
            None => Err(Code::ChannelArchived),
            Some(needed) if role < needed => Err(Code::PostingRestricted),
            Some(_) => Ok(()),
        }
    }

    /// Whether an account may come in by the join rule; those who may not learn nothing.
    pub fn is_open_to(&self, account: &AccountId) -> bool {
        let is_banned = self.members.get(account).is_some_and(|m| m.banned);
        self.join_rule.admits(&account.lineage) && !is_banned
    }

    /// What the home may do by itself: state V, close logs, take back an invite that was declined
    /// or is not to be any more, and put out members of another organisation (section 7.1).
    fn allows_home(&self, act: &ControlAct) -> Result<(), Code> {
        let open = |account: &AccountId| {
            self.members.get(account).is_some_and(|m| !m.is_in() && m.invite.is_some())
        };
        match act {
            ControlAct::ChangeKeys(keys) => self.allows_keys(keys),
            ControlAct::CloseLogs(_) | ControlAct::Cover => Ok(()),
            ControlAct::Leave(target) if open(&target.account) => Ok(()),
            ControlAct::Remove(target) if target.account.lineage != self.home => {
                let member = self.members.get(&target.account);
                let is_there = member.is_some_and(|member| member.is_in());
                if is_there { Ok(()) } else { Err(Code::NotAMember) }
            }
            _ => Err(Code::NotAllowed),
        }
    }

    /// Whether changes go beyond what is stated of an organisation's key: they are signed by the
    /// organisation itself, so that no home can give it another one.
    fn allows_keys(&self, keys: &KeyChanges) -> Result<(), Code> {
        let stated = self.organisations.get(&keys.lineage).ok_or(Code::NotAMember)?;
        let shown = Organisation { changes: keys.changes.clone(), ..stated.clone() };
        let chain = |organisation| KeyChain::of(organisation).map_err(|_| Code::PeerNameMismatch);
        match chain(&shown)?.standing(&chain(stated)?) {
            Standing::Newer => Ok(()),
            Standing::Older | Standing::Same | Standing::Split => Err(Code::PeerNameMismatch),
        }
    }

    fn needs_role(&self, actor: &AccountId, role: Role) -> Result<(), Code> {
        match self.role(actor) {
            Some(held) if held >= role => Ok(()),
            Some(_) => Err(Code::NotAllowed),
            None => Err(Code::ChannelNotFound),
        }
    }

    fn allows_invite(&self, actor: &AccountId, invite: &Invite) -> Result<(), Code> {
        self.needs_role(actor, Role::Member)?;
        if invite.role > Role::Member {
            self.needs_role(actor, Role::Owner)?;
        }
        self.fits_label(&invite.account.lineage, &invite.label)?;
        self.has_room_for(&invite.account)
    }

    /// Whether a label is one, and of its organisation where that was admitted before.
    fn fits_label(&self, lineage: &LineageId, label: &str) -> Result<(), Code> {
        let label: AccountLabel = label.parse().map_err(|_| Code::NameInvalid)?;
        let organisation = self.organisations.get(lineage);
        if organisation.is_some_and(|o| o.domain != label.domain.as_str()) {
            return Err(Code::NameInvalid);
        }
        Ok(())
    }

    /// Whether an account that is not in may be invited or come in.
    fn has_room_for(&self, account: &AccountId) -> Result<(), Code> {
        let known = self.members.get(account);
        if known.is_some_and(|m| m.is_in() || m.invite.is_some()) {
            return Err(Code::AlreadyMember);
        }
        if known.is_some_and(|m| m.banned) {
            return Err(Code::Banned);
        }
        if known.is_some_and(|m| m.stays.len() >= STAYS_MAX as usize) {
            return Err(Code::ChangeLimit);
        }
        let taken = self.members.values().filter(|m| m.is_in() || m.invite.is_some()).count();
        let knows_all = known.is_none() && self.members.len() >= ACCOUNTS_KNOWN_MAX as usize;
        if taken >= self.member_limit as usize || knows_all {
            return Err(Code::MemberLimit);
        }
        Ok(())
    }

    fn allows_join(&self, actor: &AccountId, join: &Join) -> Result<(), Code> {
        if *actor != join.account {
            return Err(Code::NotInvited);
        }
        let lineage = join.account.lineage;
        let label = match &join.label {
            // By the join rule; or invited since the request was sent.
            Some(label) => {
                let known = self.members.get(&join.account);
                if known.is_none_or(|member| member.invite.is_none()) {
                    if !self.join_rule.admits(&lineage) {
                        return Err(Code::NotInvited);
                    }
                    self.has_room_for(&join.account)?;
                }
                self.fits_label(&lineage, label)?;
                label
            }
            // On an invite.
            None => {
                let member = self.members.get(&join.account).ok_or(Code::NotInvited)?;
                member.invite.ok_or(Code::NotInvited)?;
                &member.label
            }
        };
        match (&join.organisation, self.organisations.contains_key(&lineage)) {
            (None, true) => Ok(()),
            (Some(organisation), false) => self.admits(lineage, organisation, label),
            _ => Err(Code::Malformed),
        }
    }

    fn admits(&self, lineage: LineageId, new: &Organisation, label: &str) -> Result<(), Code> {
        let label: AccountLabel = label.parse().map_err(|_| Code::NameInvalid)?;
        let sound = new.lineage() == Some(lineage)
            && KeyChain::of(new).is_ok()
            && new.domain == label.domain.as_str();
        if !sound {
            return Err(Code::PeerNameMismatch);
        }
        if self.organisations.len() >= ORGANISATIONS_MAX as usize {
            return Err(Code::MemberLimit);
        }
        Ok(())
    }

    fn allows_leave(&self, actor: &AccountId, target: &AccountId) -> Result<(), Code> {
        let member = self.members.get(target).ok_or(Code::ChannelNotFound)?;
        if actor == target && (member.is_in() || member.invite.is_some()) {
            Ok(())
        } else {
            Err(Code::ChannelNotFound)
        }
    }

    fn allows_remove(&self, actor: &AccountId, target: &AccountId) -> Result<(), Code> {
        self.needs_role(actor, Role::Moderator)?;
        let member = self.members.get(target).ok_or(Code::NotAMember)?;
        if !(member.is_in() || member.invite.is_some()) {
            return Err(Code::NotAMember);
        }
        self.outranks(actor, target)
    }

    /// Moderators stand above lower roles and those who are not in, owners above all but
    /// themselves.
    fn outranks(&self, actor: &AccountId, target: &AccountId) -> Result<(), Code> {
        let outranks = self.role(actor) > self.role(target);
        let owner = self.role(actor) == Some(Role::Owner) && actor != target;
        if outranks || owner { Ok(()) } else { Err(Code::NotAllowed) }
    }

    fn allows_ban(&self, actor: &AccountId, ban: &Ban) -> Result<(), Code> {
        self.needs_role(actor, Role::Moderator)?;
        self.outranks(actor, &ban.account)?;
        self.fits_label(&ban.account.lineage, &ban.label)?;
        match self.members.get(&ban.account) {
            Some(member) if member.banned => Err(Code::Banned),
            None if self.members.len() >= ACCOUNTS_KNOWN_MAX as usize => Err(Code::MemberLimit),
            _ => Ok(()),
        }
    }

    fn allows_unban(&self, actor: &AccountId, target: &AccountId) -> Result<(), Code> {
        self.needs_role(actor, Role::Moderator)?;
        let is_banned = self.members.get(target).is_some_and(|m| m.banned);
        if is_banned { Ok(()) } else { Err(Code::NotBanned) }
    }

    fn allows_role(&self, actor: &AccountId, change: &SetRole) -> Result<(), Code> {
        self.needs_role(actor, Role::Owner)?;
        let member = self.members.get(&change.account).filter(|m| m.is_in());
        let member: &Member = member.ok_or(Code::NotAMember)?;
        if change.role != Role::Owner && self.is_last_owner(&change.account) {
            return Err(Code::LastOwner);
        }
        fits_changes(member.roles.len())
    }

    fn allows_hand_over(&self, actor: &AccountId, to: &Succession) -> Result<(), Code> {
        self.needs_role(actor, Role::Owner)?;
        if to.nominee == self.home || !self.has_organisation(to.nominee) {
            return Err(Code::NoSuccessor);
        }
        Ok(())
    }
}

/// Whether a list of changes may grow.
fn fits_changes(count: usize) -> Result<(), Code> {
    if count < RULE_CHANGES_MAX as usize { Ok(()) } else { Err(Code::ChangeLimit) }
}

/// Whether a text may be a channel's name.
pub(crate) fn is_name(name: &str) -> bool {
    check_line(name, CHANNEL_NAME_CHARS_MAX).is_ok()
}

/// Whether a text may be a channel's topic.
pub(crate) fn is_topic(topic: &str) -> bool {
    check_lines(topic, CHANNEL_TOPIC_CHARS_MAX).is_ok()
}
