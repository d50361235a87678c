//! The control state of a group and the rules by which a control record is judged (`docs/protocol/`
//! section 7). Every node that holds the records computes the same state.

use std::collections::BTreeMap;

use comity_protocol::cbor;
use comity_protocol::chain;
use comity_protocol::code::Code;
use comity_protocol::control::{
    ControlAct, ControlHeader, CoverEntry, FIRST_OPTIONAL_KIND, Genesis, Invite, Join,
    Organisation, RequestProof, Role, SetRole,
};
use comity_protocol::event::{EventAct, EventHeader, Request, link_channel};
use comity_protocol::hash::{Hash, Hasher, tag};
use comity_protocol::id::{
    AccountId, ChannelId, ControlPoint, LineageId, LogId, LogName, ShortHash, WriterId,
};
use comity_protocol::key::NodePublicKey;
use comity_protocol::limits::{
    CHANNEL_NAME_CHARS_MAX, CHANNEL_TOPIC_CHARS_MAX, MEMBERS_MAX, ORGANISATIONS_MAX,
    SNAPSHOT_INTERVAL,
};
use comity_protocol::name::AccountLabel;
use minicbor::{Decode, Encode};

/// A place in the control log: (term, seq), compared as a pair.
pub type Place = (u64, u64);

/// A group, as this node knows it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Group {
    /// The state after the newest record.
    #[n(0)]
    pub state: ControlState,
    /// The newest record.
    #[n(1)]
    pub point: ControlPoint,
    /// The hashes of this term's records, shortened, for judging `after`.
    #[n(2)]
    pub hashes: Vec<ShortHash>,
    /// An unknown critical record was seen: nothing is appended until an upgrade.
    #[n(3)]
    pub read_only: bool,
    /// Where each cover entry came into force, for judging events that it covers.
    #[n(4)]
    pub covered_at: BTreeMap<(LineageId, WriterId), Vec<(u64, Place)>>,
}

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
    /// Accounts that were ever invited or in.
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
}

/// An account that was ever invited or in.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Member {
    /// Its label.
    #[n(0)]
    pub label: String,
    /// Its role, while it is in.
    #[n(1)]
    pub role: Role,
    /// The open invite, with the role that it gives.
    #[n(2)]
    pub invite: Option<(ControlPoint, Role)>,
    /// When it was allowed to write: in the states from the first place up to, not including, the
    /// second.
    #[n(3)]
    pub stays: Vec<(Place, Option<Place>)>,
}

impl Member {
    /// Whether it is in.
    pub fn is_in(&self) -> bool {
        self.stays.last().is_some_and(|(_, to)| to.is_none())
    }
}

/// Why a control record is void.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It takes effect.
    Accepted,
    /// It has none, for this reason.
    Void(Code),
    /// Its kind is not known, and it is critical: it and all after it wait for an upgrade.
    UnknownCritical,
    /// Its kind is not known, and it is not critical.
    UnknownOptional,
}

impl ControlState {
    /// The state after a genesis; `None` where it breaks the rules.
    pub fn genesis(genesis: &Genesis) -> Option<Self> {
        let home = genesis.home.lineage()?;
        let label: AccountLabel = genesis.label.parse().ok()?;
        let sound = genesis.version == 1
            && genesis.owner.lineage == home
            && genesis.home.changes.is_empty()
            && label.domain.as_str() == genesis.home.domain
            && (1..=MEMBERS_MAX).contains(&genesis.member_limit)
            && is_name(&genesis.name)
            && is_topic(&genesis.topic);
        if !sound {
            return None;
        }
        let owner = Member {
            label: genesis.label.clone(),
            role: Role::Owner,
            invite: None,
            stays: vec![((1, 1), None)],
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
        })
    }

    /// The hash that snapshots carry.
    pub fn hash(&self) -> Hash {
        Hasher::new(tag::CONTROL_STATE).var(&cbor::encode(self)).finish()
    }

    /// The role of an account that is in.
    pub fn role(&self, account: &AccountId) -> Option<Role> {
        self.members.get(account).filter(|m| m.is_in()).map(|m| m.role)
    }

    /// Accounts that are in.
    pub fn joined(&self) -> impl Iterator<Item = (&AccountId, &Member)> {
        self.members.iter().filter(|(_, member)| member.is_in())
    }

    /// Whether an organisation has a member at the moment.
    pub fn has_organisation(&self, lineage: LineageId) -> bool {
        self.joined().any(|(account, _)| account.lineage == lineage)
    }

    /// The key that speaks for an organisation here.
    pub fn key(&self, lineage: &LineageId) -> Option<NodePublicKey> {
        // Version 1 admits no organisation with changes of key; see `admits`.
        self.organisations.get(lineage).map(|o| o.first_key)
    }

    /// Whether a record at `seq` must carry the hash of the state before it.
    pub fn needs_snapshot(seq: u64, act: &ControlAct) -> bool {
        let admission = matches!(act, ControlAct::Join(join) if join.organisation.is_some());
        seq.is_multiple_of(SNAPSHOT_INTERVAL) || admission
    }

    /// Whether `actor` may do `act` in this state.
    pub fn allows(&self, actor: Option<&AccountId>, act: &ControlAct) -> Result<(), Code> {
        let Some(actor) = actor else {
            return self.allows_home(act);
        };
        match act {
            ControlAct::Invite(invite) => self.allows_invite(actor, invite),
            ControlAct::Join(join) => self.allows_join(actor, join),
            ControlAct::Leave(target) => self.allows_leave(actor, &target.account),
            ControlAct::Remove(target) => self.allows_remove(actor, &target.account),
            ControlAct::SetName(text) if !is_name(&text.text) => Err(Code::NameInvalid),
            ControlAct::SetTopic(text) if !is_topic(&text.text) => Err(Code::NameInvalid),
            ControlAct::SetName(_) | ControlAct::SetTopic(_) => {
                self.needs_role(actor, Role::Moderator)
            }
            ControlAct::SetRole(change) => self.allows_role(actor, change),
            ControlAct::Cover | ControlAct::Genesis(_) | ControlAct::Unknown(_) => {
                Err(Code::NotAllowed)
            }
        }
    }

    /// What the home may do by itself: state V, and take back an invite that was declined.
    fn allows_home(&self, act: &ControlAct) -> Result<(), Code> {
        let open = |account: &AccountId| {
            self.members.get(account).is_some_and(|m| !m.is_in() && m.invite.is_some())
        };
        match act {
            ControlAct::Cover => Ok(()),
            ControlAct::Leave(target) if open(&target.account) => Ok(()),
            _ => Err(Code::NotAllowed),
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
        let label: AccountLabel = invite.label.parse().map_err(|_| Code::NameInvalid)?;
        let organisation = self.organisations.get(&invite.account.lineage);
        if organisation.is_some_and(|o| o.domain != label.domain.as_str()) {
            return Err(Code::NameInvalid);
        }
        let known = self.members.get(&invite.account);
        if known.is_some_and(|m| m.is_in() || m.invite.is_some()) {
            return Err(Code::AlreadyMember);
        }
        let taken = self.members.values().filter(|m| m.is_in() || m.invite.is_some()).count();
        if taken >= self.member_limit as usize { Err(Code::MemberLimit) } else { Ok(()) }
    }

    fn allows_join(&self, actor: &AccountId, join: &Join) -> Result<(), Code> {
        let member = self.members.get(&join.account).ok_or(Code::NotInvited)?;
        if *actor != join.account || member.invite.is_none() {
            return Err(Code::NotInvited);
        }
        let lineage = join.account.lineage;
        match (&join.organisation, self.organisations.contains_key(&lineage)) {
            (None, true) => Ok(()),
            (Some(organisation), false) => self.admits(lineage, organisation, &member.label),
            _ => Err(Code::Malformed),
        }
    }

    fn admits(&self, lineage: LineageId, new: &Organisation, label: &str) -> Result<(), Code> {
        let label: AccountLabel = label.parse().map_err(|_| Code::NameInvalid)?;
        let sound = new.lineage() == Some(lineage)
            && new.changes.is_empty()
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
        if actor != target || !(member.is_in() || member.invite.is_some()) {
            return Err(Code::ChannelNotFound);
        }
        let others = self.joined().filter(|(account, _)| *account != target).count();
        if others > 0 && self.is_last_owner(target) { Err(Code::LastOwner) } else { Ok(()) }
    }

    fn allows_remove(&self, actor: &AccountId, target: &AccountId) -> Result<(), Code> {
        self.needs_role(actor, Role::Moderator)?;
        let member = self.members.get(target).ok_or(Code::NotAMember)?;
        if !(member.is_in() || member.invite.is_some()) {
            return Err(Code::NotAMember);
        }
        let outranks = self.role(actor) > self.role(target) || member.invite.is_some();
        let owner = self.role(actor) == Some(Role::Owner) && actor != target;
        if outranks || owner { Ok(()) } else { Err(Code::NotAllowed) }
    }

    fn allows_role(&self, actor: &AccountId, change: &SetRole) -> Result<(), Code> {
        self.needs_role(actor, Role::Owner)?;
        if self.role(&change.account).is_none() {
            return Err(Code::NotAMember);
        }
        if change.role != Role::Owner && self.is_last_owner(&change.account) {
            return Err(Code::LastOwner);
        }
        Ok(())
    }

    fn is_last_owner(&self, account: &AccountId) -> bool {
        let mut owners = self.joined().filter(|(_, m)| m.role == Role::Owner).map(|(a, _)| a);
        owners.next() == Some(account) && owners.next().is_none()
    }

    /// Lets a record that was judged take effect; `point` is its own place.
    pub fn take(&mut self, point: ControlPoint, header: &ControlHeader, act: &ControlAct) {
        let place = (point.term, point.seq);
        match act {
            ControlAct::Invite(invite) => {
                let member = self.members.entry(invite.account).or_insert_with(|| Member {
                    label: String::new(),
                    role: invite.role,
                    invite: None,
                    stays: Vec::new(),
                });
                member.label.clone_from(&invite.label);
                member.invite = Some((point, invite.role));
            }
            ControlAct::Join(join) => {
                if let Some(organisation) = &join.organisation {
                    self.organisations.insert(join.account.lineage, organisation.clone());
                }
                if let Some(member) = self.members.get_mut(&join.account) {
                    member.role = member.invite.take().map_or(Role::Member, |(_, role)| role);
                    member.stays.push((place, None));
                }
            }
            ControlAct::Leave(target) | ControlAct::Remove(target) => {
                if let Some(member) = self.members.get_mut(&target.account) {
                    member.invite = None;
                    if let Some((_, to @ None)) = member.stays.last_mut() {
                        *to = Some(place);
                    }
                }
            }
            ControlAct::SetName(text) => self.name.clone_from(&text.text),
            ControlAct::SetTopic(text) => self.topic.clone_from(&text.text),
            ControlAct::SetRole(change) => {
                if let Some(member) = self.members.get_mut(&change.account) {
                    member.role = change.role;
                }
            }
            ControlAct::Cover | ControlAct::Genesis(_) | ControlAct::Unknown(_) => {}
        }
        for entry in header.cover.iter().flatten() {
            self.cover.insert((entry.origin, entry.writer), (entry.seq, entry.hash));
        }
        if let (Some(request), Some(actor)) = (&header.request, &header.actor) {
            let log = (request.channel, actor.lineage, request.writer);
            self.answered.insert(log, request.seq);
        }
    }
}

impl Group {
    /// The control log that is being written.
    pub fn control_log(&self) -> LogName {
        LogName::Control { home: self.state.home, term: self.point.term }
    }

    pub(crate) fn new(state: ControlState, hash: Hash) -> Self {
        let point = ControlPoint { term: 1, seq: 1, hash: hash.into() };
        Self {
            state,
            point,
            hashes: vec![hash.into()],
            read_only: false,
            covered_at: BTreeMap::new(),
        }
    }

    /// Judges a received or proposed record by the state before it. `channel` is the group's id.
    pub fn judge(
        &self,
        channel: ChannelId,
        seq: u64,
        header: &ControlHeader,
        act: &ControlAct,
    ) -> Judgement {
        if let ControlAct::Unknown(kind) = act {
            return self.judge_unknown(seq, header, act, *kind);
        }
        match self.check(channel, seq, header, act) {
            Ok(()) => Judgement::Accepted,
            Err(code) => Judgement::Void(code),
        }
    }

    /// An optional record may say nothing that those who know its kind would judge others by: V, a
    /// request, a snapshot out of turn. So all nodes go on from the same state.
    fn judge_unknown(
        &self,
        seq: u64,
        header: &ControlHeader,
        act: &ControlAct,
        kind: u16,
    ) -> Judgement {
        if kind < FIRST_OPTIONAL_KIND {
            return Judgement::UnknownCritical;
        }
        let expected = ControlState::needs_snapshot(seq, act).then(|| self.state.hash());
        if header.cover.is_some() || header.request.is_some() || header.state != expected {
            return Judgement::Void(Code::Malformed);
        }
        Judgement::UnknownOptional
    }

    fn check(
        &self,
        channel: ChannelId,
        seq: u64,
        header: &ControlHeader,
        act: &ControlAct,
    ) -> Result<(), Code> {
        let expected = ControlState::needs_snapshot(seq, act).then(|| self.state.hash());
        if header.state != expected {
            return Err(Code::Malformed);
        }
        self.check_cover(header.cover.as_deref().unwrap_or_default())?;
        self.state.allows(header.actor.as_ref(), act)?;
        match (&header.actor, &header.request) {
            (Some(actor), Some(proof)) if actor.lineage != self.state.home => {
                self.check_request(channel, actor, proof, act)
            }
            (Some(actor), None) if actor.lineage == self.state.home => Ok(()),
            (None, None) => Ok(()),
            _ => Err(Code::NotAllowed),
        }
    }

    fn check_cover(&self, entries: &[CoverEntry]) -> Result<(), Code> {
        // One entry a log: of two it would be open which counts.
        if !entries.is_sorted_by(|a, b| (a.origin, a.writer) < (b.origin, b.writer)) {
            return Err(Code::Malformed);
        }
        for entry in entries {
            let before = self.state.cover.get(&(entry.origin, entry.writer));
            let lower = before.is_some_and(|(seq, hash)| {
                entry.seq < *seq || (entry.seq == *seq && entry.hash != *hash)
            });
            if lower || entry.seq == 0 {
                return Err(Code::Malformed);
            }
        }
        Ok(())
    }

    /// Every member judges a foreign user's act by the record alone: the request, its place in the
    /// user's organisation's log, and that log's proven head.
    fn check_request(
        &self,
        channel: ChannelId,
        actor: &AccountId,
        proof: &RequestProof,
        act: &ControlAct,
    ) -> Result<(), Code> {
        let log_key = (proof.channel, actor.lineage, proof.writer);
        if self.state.answered.get(&log_key).is_some_and(|last| proof.seq <= *last) {
            return Err(Code::LogForked);
        }
        let admitted = match act {
            ControlAct::Join(Join { organisation: Some(new), .. }) => Some(new.first_key),
            _ => self.state.key(&actor.lineage),
        };
        let key = admitted.ok_or(Code::NotAllowed)?;
        let name = LogName::Message { origin: actor.lineage, writer: proof.writer };
        let log = LogId { channel: proof.channel, name };
        let head =
            proof.head.verify(log, &actor.lineage, &key).map_err(|_| Code::CheckpointForged)?;
        let inner = chain::follow(&log, head.seq, &head.hash, proof.seq, &proof.links);
        if inner != Some(chain::inner(&proof.header, &proof.body_hash)) {
            return Err(Code::ChainBroken);
        }
        let header = EventHeader::decode(&proof.header).map_err(|_| Code::Malformed)?;
        if header.sender != actor.number {
            return Err(Code::NotAllowed);
        }
        match header.act() {
            Ok(EventAct::Request(request)) => self.fits(channel, actor, proof, &request, act),
            _ => Err(Code::Malformed),
        }
    }

    /// Whether a request, made where it was made, asks for exactly this act.
    fn fits(
        &self,
        channel: ChannelId,
        actor: &AccountId,
        proof: &RequestProof,
        request: &Request,
        act: &ControlAct,
    ) -> Result<(), Code> {
        let link = link_channel(self.state.home, actor.lineage);
        let in_link = matches!(request, Request::Accept { .. });
        if proof.channel != if in_link { link } else { channel } {
            return Err(Code::NotAllowed);
        }
        let invite_is = |group: &ChannelId, point: &ControlPoint| {
            let open = self.state.members.get(actor).and_then(|m| m.invite);
            *group == channel && open.is_some_and(|(p, _)| p == *point)
        };
        let same = match (request, act) {
            (Request::Accept { channel: group, invite }, ControlAct::Join(join)) => {
                join.account == *actor && invite_is(group, invite)
            }
            (Request::Leave, ControlAct::Leave(target)) => target.account == *actor,
            (Request::Invite { account, label }, ControlAct::Invite(invite)) => {
                invite.account == *account && invite.label == *label && invite.role == Role::Member
            }
            (Request::Remove { account }, ControlAct::Remove(target)) => target.account == *account,
            (Request::SetName(name), ControlAct::SetName(text)) => *name == text.text,
            (Request::SetTopic(topic), ControlAct::SetTopic(text)) => *topic == text.text,
            (Request::SetRole { account, role }, ControlAct::SetRole(change)) => {
                change.account == *account && change.role == *role
            }
            _ => false,
        };
        if same { Ok(()) } else { Err(Code::NotAllowed) }
    }

    /// Takes the next record of the term after it was judged.
    pub(crate) fn advance(
        &mut self,
        seq: u64,
        hash: Hash,
        header: Option<(&ControlHeader, &ControlAct)>,
    ) {
        self.point = ControlPoint { term: self.point.term, seq, hash: hash.into() };
        self.hashes.push(hash.into());
        if let Some((header, act)) = header {
            for entry in header.cover.iter().flatten() {
                let place = (self.point.term, seq);
                let at = self.covered_at.entry((entry.origin, entry.writer)).or_default();
                at.push((entry.seq, place));
            }
            self.state.take(self.point, header, act);
        }
    }

    /// Whether a point names a record that this node applied: `None` while it is ahead of what is
    /// known.
    pub fn knows(&self, point: &ControlPoint) -> Option<bool> {
        if (point.term, point.seq) > (self.point.term, self.point.seq) {
            return None;
        }
        let at = usize::try_from(point.seq).ok().and_then(|seq| seq.checked_sub(1));
        Some(at.and_then(|at| self.hashes.get(at)) == Some(&point.hash))
    }

    /// The verdict (`docs/protocol/` section 7) on an event as far as it is known: whether its
    /// author was allowed to write in every state from `after` to the last one at which V does not
    /// cover the event.
    pub fn accepts(
        &self,
        author: &AccountId,
        after: Place,
        log: (LineageId, WriterId),
        seq: u64,
    ) -> bool {
        let known = (self.point.term, self.point.seq);
        // V never falls, so that its entries for a log ascend.
        let first = self.covered_at.get(&log).and_then(|covered| {
            let at = covered.partition_point(|(covers, _)| *covers < seq);
            covered.get(at).map(|(_, place)| *place)
        });
        let until = first.map_or(known, |(term, seq)| (term, seq.saturating_sub(1))).max(after);
        self.state.members.get(author).is_some_and(|member| {
            let within = |(from, to): &(Place, Option<Place>)| {
                *from <= after && to.is_none_or(|to| until < to)
            };
            member.stays.iter().any(within)
        })
    }
}

pub(crate) fn is_name(name: &str) -> bool {
    let chars = name.chars().count();
    (1..=CHANNEL_NAME_CHARS_MAX).contains(&chars) && !name.chars().any(char::is_control)
}

fn is_topic(topic: &str) -> bool {
    let control = |c: char| c.is_control() && c != '\n';
    topic.chars().count() <= CHANNEL_TOPIC_CHARS_MAX && !topic.chars().any(control)
}
