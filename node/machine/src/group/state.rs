//! The control state: what the records of a control log come to, the same at every member
//! (`docs/protocol/` section 7.6). It must not know when a record is allowed.

use std::collections::BTreeMap;

use comity_identity::KeyChain;
use comity_protocol::cbor;
use comity_protocol::control::{
    ControlAct, ControlHeader, Genesis, JoinRule, Organisation, Role, SetRole,
};
use comity_protocol::hash::{Hash, Hasher, tag};
use comity_protocol::id::{AccountId, ChannelId, ControlPoint, LineageId, ShortHash, WriterId};
use comity_protocol::key::NodePublicKey;
use comity_protocol::limits::MEMBERS_MAX;
use comity_protocol::name::AccountLabel;
use minicbor::{Decode, Encode};

use super::rights::{is_name, is_topic};

/// A place in the control log: (term, seq), compared as a pair.
pub type Place = (u64, u64);

/// What every member computes alike from the control log; its hash stands in snapshots.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ControlState {
    /// The channel's version.
    #[n(0)]
    pub version: u64,
    /// The home.
    #[n(1)]
    pub home: LineageId,
    /// Organisations that were ever admitted.
    #[n(2)]
    pub organisations: BTreeMap<LineageId, Organisation>,
    /// Accounts that were ever invited, in or banned.
    #[n(3)]
    pub members: BTreeMap<AccountId, Member>,
    /// The name.
    #[n(4)]
    pub name: String,
    /// The topic.
    #[n(5)]
    pub topic: String,
    /// The most members.
    #[n(6)]
    pub member_limit: u32,
    /// The vector V.
    #[n(7)]
    pub cover: BTreeMap<(LineageId, WriterId), (u64, ShortHash)>,
    /// The last request answered of each log.
    #[n(8)]
    pub answered: BTreeMap<(ChannelId, LineageId, WriterId), u64>,
    /// Who may come in without an invite.
    #[n(9)]
    pub join_rule: JoinRule,
    /// From which role on members may post, while the channel is not archived.
    #[n(10)]
    pub posting: Role,
    /// Whether nobody may post.
    #[n(11)]
    pub archived: bool,
    /// From which role on members could post since when; `None`: nobody could. Members, before the
    /// first.
    #[n(12)]
    pub posts: Vec<(Place, Option<Role>)>,
    /// Whether newcomers read nothing from before they came.
    #[n(13)]
    pub since_joining: bool,
    /// How long messages are kept, in seconds; for ever where absent.
    #[n(14)]
    pub retention: Option<u64>,
    /// Who opens the next term; nothing more is written in this one.
    #[n(15)]
    pub nominee: Option<LineageId>,
    /// Stands for the logs that are closed, and for where each ends; absent where none is.
    #[n(16)]
    pub closed: Option<Hash>,
    /// Present, and true, where former texts of edited messages are kept.
    #[n(17)]
    pub keeps_edits: Option<bool>,
    /// From which role on members may mention all; absent where all may.
    #[n(18)]
    pub mentions: Option<Role>,
}

/// An account that was ever invited, in or banned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Member {
    /// Its label.
    #[n(0)]
    pub label: String,
    /// The open invite, with the role that it gives.
    #[n(1)]
    pub invite: Option<(ControlPoint, Role)>,
    /// When it was in: in the states from the first place up to, not including, the second.
    #[n(2)]
    pub stays: Vec<(Place, Option<Place>)>,
    /// Its role from each place on.
    #[n(3)]
    pub roles: Vec<(Place, Role)>,
    /// Whether it is kept out.
    #[n(4)]
    pub banned: bool,
}

impl Member {
    /// Whether it is in.
    pub fn is_in(&self) -> bool {
        self.stays.last().is_some_and(|(_, to)| to.is_none())
    }

    /// Its role, or the one that it had last.
    pub fn role(&self) -> Role {
        self.roles.last().map_or(Role::Member, |(_, role)| *role)
    }

    fn set_role(&mut self, place: Place, role: Role) {
        if self.roles.is_empty() || self.role() != role {
            self.roles.push((place, role));
        }
    }

    fn end_stay(&mut self, place: Place) {
        self.invite = None;
        if let Some((_, to @ None)) = self.stays.last_mut() {
            *to = Some(place);
        }
    }
}

impl ControlState {
    /// The state after a genesis; `None` where it breaks the rules.
    pub fn genesis(genesis: &Genesis) -> Option<Self> {
        let home = genesis.home.lineage()?;
        let label: AccountLabel = genesis.label.parse().ok()?;
        let sound = genesis.version == 1
            && genesis.owner.lineage == home
            && KeyChain::of(&genesis.home).is_ok()
            && label.domain.as_str() == genesis.home.domain
            && (1..=MEMBERS_MAX).contains(&genesis.member_limit)
            && is_name(&genesis.name)
            && is_topic(&genesis.topic);
        if !sound {
            return None;
        }
        let owner = Member {
            label: genesis.label.clone(),
            stays: vec![(FIRST, None)],
            roles: vec![(FIRST, Role::Owner)],
            ..Member::default()
        };
        Some(Self {
            version: genesis.version,
            home,
            organisations: BTreeMap::from([(home, genesis.home.clone())]),
            members: BTreeMap::from([(genesis.owner, owner)]),
            name: genesis.name.clone(),
            topic: genesis.topic.clone(),
            member_limit: genesis.member_limit,
            cover: BTreeMap::new(),
            answered: BTreeMap::new(),
            join_rule: JoinRule::Invited,
            posting: Role::Member,
            archived: false,
            posts: Vec::new(),
            since_joining: false,
            retention: None,
            nominee: None,
            closed: None,
            keeps_edits: None,
            mentions: None,
        })
    }

    /// The hash that snapshots carry.
    pub fn hash(&self) -> Hash {
        Hasher::new(tag::CONTROL_STATE).var(&cbor::encode(self)).finish()
    }

    /// The role of an account that is in.
    pub fn role(&self, account: &AccountId) -> Option<Role> {
        self.members.get(account).filter(|m| m.is_in()).map(Member::role)
    }

    /// Accounts that are in.
    pub fn joined(&self) -> impl Iterator<Item = (&AccountId, &Member)> {
        self.members.iter().filter(|(_, member)| member.is_in())
    }

    /// Whether an organisation has a member at the moment.
    pub fn has_organisation(&self, lineage: LineageId) -> bool {
        self.joined().any(|(account, _)| account.lineage == lineage)
    }

    /// Whether organisations other than the home have members at the moment.
    pub fn is_shared(&self) -> bool {
        self.joined().any(|(account, _)| account.lineage != self.home)
    }

    /// The key that an organisation began with.
    pub fn first_key(&self, lineage: &LineageId) -> Option<NodePublicKey> {
        self.organisations.get(lineage).map(|known| known.first_key)
    }

    /// Whether an account may mention all members.
    pub fn may_mention_all(&self, account: &AccountId) -> bool {
        self.role(account).is_some_and(|role| role >= self.mentions.unwrap_or(Role::Member))
    }

    /// From which role on members may post; `None` while nobody may.
    pub fn post_role(&self) -> Option<Role> {
        (!self.archived).then_some(self.posting)
    }

    pub(super) fn is_last_owner(&self, account: &AccountId) -> bool {
        let mut owners = self.joined().filter(|(_, m)| m.role() == Role::Owner).map(|(a, _)| a);
        owners.next() == Some(account) && owners.next().is_none()
    }

    /// Lets a record that was judged take effect; `point` is its own place.
    pub fn take(&mut self, point: ControlPoint, header: &ControlHeader, act: &ControlAct) {
        let place = (point.term, point.seq);
        match act {
            ControlAct::Invite(invite) => {
                let member = self.members.entry(invite.account).or_default();
                member.label.clone_from(&invite.label);
                member.invite = Some((point, invite.role));
            }
            ControlAct::Join(join) => self.take_join(place, join),
            ControlAct::Leave(target) | ControlAct::Remove(target) => {
                self.take_end(place, &target.account);
            }
            ControlAct::Ban(ban) => {
                let member = self.members.entry(ban.account).or_default();
                member.banned = true;
                if member.label.is_empty() {
                    member.label.clone_from(&ban.label);
                }
                self.take_end(place, &ban.account);
            }
            ControlAct::Unban(target) => {
                if let Some(member) = self.members.get_mut(&target.account) {
                    member.banned = false;
                }
            }
            ControlAct::SetRole(SetRole { account, role }) => {
                if let Some(member) = self.members.get_mut(account) {
                    member.set_role(place, *role);
                }
            }
            ControlAct::SetName(text) => self.name.clone_from(&text.text),
            ControlAct::SetTopic(text) => self.topic.clone_from(&text.text),
            ControlAct::SetJoinRule(set) => self.join_rule.clone_from(&set.rule),
            ControlAct::SetPosting(set) => {
                self.posting = set.role;
                self.note_posting(place);
            }
            ControlAct::SetArchived(set) => {
                self.archived = set.archived;
                self.note_posting(place);
            }
            ControlAct::SetEdits(set) => self.keeps_edits = set.kept.then_some(true),
            ControlAct::SetHistory(set) => self.since_joining = set.since_joining,
            ControlAct::SetMentions(set) => {
                self.mentions = (set.role > Role::Member).then_some(set.role);
            }
            ControlAct::SetRetention(set) => self.retention = set.seconds,
            ControlAct::SetVersion(set) => self.version = set.version,
            ControlAct::HandOver(to) => self.nominee = Some(to.nominee),
            ControlAct::ChangeKeys(keys) => {
                if let Some(known) = self.organisations.get_mut(&keys.lineage) {
                    known.changes.clone_from(&keys.changes);
                }
            }
            ControlAct::CloseLogs(_)
            | ControlAct::Cover
            | ControlAct::Genesis(_)
            | ControlAct::Moderate(_)
            | ControlAct::Open(_)
            | ControlAct::Unknown(_) => {}
        }
        for entry in header.cover.iter().flatten() {
            self.cover.insert((entry.origin, entry.writer), (entry.seq, entry.hash));
        }
        if let (Some(request), Some(actor)) = (&header.request, &header.actor) {
            let log = (request.channel, actor.lineage, request.writer);
            self.answered.insert(log, request.seq);
        }
    }

    /// Lets the opening of a term take effect: its writer is home from here on.
    pub(super) fn take_opening(&mut self, home: LineageId, header: &ControlHeader) {
        self.home = home;
        self.nominee = None;
        for entry in header.cover.iter().flatten() {
            self.cover.insert((entry.origin, entry.writer), (entry.seq, entry.hash));
        }
    }

    fn take_join(&mut self, place: Place, join: &comity_protocol::control::Join) {
        if let Some(organisation) = &join.organisation {
            self.organisations.insert(join.account.lineage, organisation.clone());
        }
        let member = self.members.entry(join.account).or_default();
        if let Some(label) = &join.label {
            member.label.clone_from(label);
        }
        let role = member.invite.take().map_or(Role::Member, |(_, role)| role);
        member.set_role(place, role);
        member.stays.push((place, None));
    }

    fn take_end(&mut self, place: Place, account: &AccountId) {
        if let Some(member) = self.members.get_mut(account) {
            member.end_stay(place);
        }
        self.appoint_owner(place);
    }

    /// No group is left without an owner: the highest role follows, then who is in for longest,
    /// then the smaller account.
    fn appoint_owner(&mut self, place: Place) {
        if self.joined().any(|(_, member)| member.role() == Role::Owner) {
            return;
        }
        let rank = |member: &Member| {
            let since = member.stays.last().map_or(FIRST, |(from, _)| *from);
            (std::cmp::Reverse(member.role()), since)
        };
        let next = self.joined().min_by_key(|(id, m)| (rank(m), **id)).map(|(id, _)| *id);
        if let Some(member) = next.and_then(|id| self.members.get_mut(&id)) {
            member.set_role(place, Role::Owner);
        }
    }

    fn note_posting(&mut self, place: Place) {
        let now = self.post_role();
        let before = self.posts.last().map_or(Some(Role::Member), |(_, role)| *role);
        if now != before {
            self.posts.push((place, now));
        }
    }
}

/// The place of a genesis.
const FIRST: Place = (1, 1);
