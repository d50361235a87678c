//! Appending: our own events and, where we are home, control records; and what membership changes
//! mean for accounts, peers and audiences.

use std::sync::Arc;

use comity_protocol::body::{Body, Format, WireBody};
use comity_protocol::cbor;
use comity_protocol::clock::HybridTime;
use comity_protocol::code::Code;
use comity_protocol::control::{ControlAct, ControlHeader, Genesis, RequestProof};
use comity_protocol::cursor::Pos;
use comity_protocol::event::{EndedLog, EventAct, EventHeader, LogStart, Record};
use comity_protocol::id::{AccountId, AccountNumber, ChannelId, LineageId, LogName, MessageId};
use comity_protocol::limits::{COVER_ENTRIES_MAX, ENDED_LOGS_MAX};

use crate::account::{Standing, Stay};
use crate::annotation::Annotation;
use crate::applied::{Outcome, Subscriber};
use crate::channel::{Channel, ChannelNo, Kind, Log, LogNo};
use crate::cover::cover_for;
use crate::group::{ControlState, Group, Judgement};
use crate::place::Incoming;
use crate::rows::RowKey;
use crate::state::{Effects, State};
use crate::withdraw::right_to;

impl State {
    /// Appends an event to our log of a channel.
    pub(crate) fn append_event(
        &mut self,
        no: ChannelNo,
        sender: AccountNumber,
        act: &EventAct,
        text: Option<(Format, &str)>,
        fx: &mut Effects,
    ) -> (MessageId, Pos) {
        let body = |salt| match text {
            None => Body::empty(salt),
            Some((format, text)) => Body::formatted(salt, format, text),
        };
        self.append_with(no, sender, act, body, fx)
    }

    /// The same with any body, made with its salt.
    pub(crate) fn append_with(
        &mut self,
        no: ChannelNo,
        sender: AccountNumber,
        act: &EventAct,
        body: impl FnOnce([u8; 32]) -> Body,
        fx: &mut Effects,
    ) -> (MessageId, Pos) {
        let newest = self.newest_before(no, fx);
        let origin = self.lineage();
        let writer = self.writer();
        let name = LogName::Message { origin, writer };
        let salt = fx.draw();
        let channel = &self.channels[&no];
        let log = channel.logs.get(&name);
        let last = log.map_or(HybridTime::default(), |log| log.time);
        let time = HybridTime::stamp(fx.unix_ms, last, newest);
        let point = channel.group().map(|group| group.point);
        let stated = log.and_then(|log| log.after);
        let header = EventHeader {
            time,
            sender,
            kind: act.kind(),
            after: point.filter(|point| stated != Some(*point)),
            args: act.args(),
            start: log.is_none().then(|| log_start(channel, origin)),
        };
        let body = WireBody::Present(body(salt));
        let record = Record { header: cbor::encode(&header).into(), body };
        let incoming = Incoming {
            channel: no,
            name,
            record,
            time,
            sender: Some(AccountId { lineage: origin, number: sender }),
            outcome: Outcome::Accepted,
            fed: true,
            message: matches!(act, EventAct::Message(_)),
            annotation: Annotation::of(act),
            inbox: Vec::new(),
            deaf: self.deaf(no, AccountId { lineage: origin, number: sender }, act),
        };
        let placed = self.place(incoming, fx);
        self.note_mentions(no, act, fx);
        if let Some(point) = point {
            let log = self.log_mut(no, name);
            let seq = log.end.seq();
            if log.after != Some(point) {
                (log.after, log.after_seq) = (Some(point), seq);
            }
            if let Some(right) = right_to(act) {
                let stated = ((point.term, point.seq), right);
                self.note_uncovered(no, (origin, writer), sender, stated, seq);
            }
        }
        placed
    }

    /// Appends a control record to a group that we are home of. Refused by the rules that every
    /// member judges by.
    pub(crate) fn append_control(
        &mut self,
        no: ChannelNo,
        actor: Option<AccountId>,
        act: &ControlAct,
        request: Option<RequestProof>,
        fx: &mut Effects,
    ) -> Result<(), Code> {
        if self.is_home(no) && !self.has_authority(no) {
            return Err(Code::HomeComparing);
        }
        self.check_sharing(no, act)?;
        self.cover_ahead(no, act, fx)?;
        if let Some(actor) = actor.filter(|_| request.is_some()) {
            self.keys_ahead(no, actor.lineage, fx)?;
        }
        self.append_one(no, actor, act, request, fx)
    }

    /// Appends one control record, with as many entries of V as it may have.
    pub(crate) fn append_one(
        &mut self,
        no: ChannelNo,
        actor: Option<AccountId>,
        act: &ControlAct,
        request: Option<RequestProof>,
        fx: &mut Effects,
    ) -> Result<(), Code> {
        let own = self.lineage();
        let channel = &self.channels[&no];
        let group = channel.group().ok_or(Code::NotAGroup)?;
        if group.state.home != own || channel.is_read_only() {
            return Err(Code::ChannelReadOnly);
        }
        let name = group.control_log();
        let seq = group.point.seq + 1;
        let last = channel.logs.get(&name).map_or(HybridTime::default(), |log| log.time);
        let mut cover = cover_for(channel, group, act);
        cover.truncate(COVER_ENTRIES_MAX);
        let header = ControlHeader {
            time: HybridTime::stamp(fx.unix_ms, last, channel.newest),
            kind: act.kind(),
            actor,
            args: act.args(),
            cover: (!cover.is_empty()).then_some(cover),
            state: group.state.needs_snapshot(seq, act).then(|| group.state.hash()),
            request,
        };
        match group.judge(channel.id, seq, &header, act) {
            Judgement::Accepted => {}
            Judgement::Void(code) => return Err(code),
            Judgement::UnknownCritical | Judgement::UnknownOptional => {
                return Err(Code::VersionUnsupported);
            }
        }
        let body = WireBody::Present(Body::empty(fx.draw()));
        let record = Record { header: cbor::encode(&header).into(), body };
        self.settle_authority(no);
        self.place_control(no, name, record, &header, act, Judgement::Accepted, fx);
        Ok(())
    }

    /// Creates a group with its genesis; its id is the genesis' `inner`.
    pub(crate) fn create_group(
        &mut self,
        genesis: &Genesis,
        fx: &mut Effects,
    ) -> Option<ChannelId> {
        let state = ControlState::genesis(genesis)?;
        let act = ControlAct::Genesis(genesis.clone());
        let header = ControlHeader {
            time: HybridTime::from_unix_ms(fx.unix_ms),
            kind: act.kind(),
            actor: Some(genesis.owner),
            args: act.args(),
            cover: None,
            state: None,
            request: None,
        };
        let body = WireBody::Present(Body::empty(fx.draw()));
        let record = Record { header: cbor::encode(&header).into(), body };
        let id = ChannelId(record.inner().0);
        self.place_genesis(id, state, record, &header, genesis, fx);
        Some(id)
    }

    /// Adds a group by its genesis record, made here or received.
    pub(crate) fn place_genesis(
        &mut self,
        id: ChannelId,
        state: ControlState,
        record: Record,
        header: &ControlHeader,
        genesis: &Genesis,
        fx: &mut Effects,
    ) -> ChannelNo {
        let home = state.home;
        let fed = home == self.lineage();
        let group = Group::new(state, comity_protocol::hash::Hash::ZERO);
        let no = self.add_channel(Channel::new(id, Kind::Group(Box::new(group))), fx);
        self.sync_member(no, genesis.owner, Pos::new(fx.command, 0), fx);
        let name = LogName::Control { home, term: 1 };
        let incoming = Incoming {
            channel: no,
            name,
            record,
            time: header.time,
            sender: header.actor,
            outcome: Outcome::Accepted,
            fed,
            message: false,
            annotation: None,
            inbox: Vec::new(),
            deaf: None,
        };
        self.place(incoming, fx);
        let hash = self.log_mut(no, name).end.hash();
        if let Kind::Group(group) = &mut self.channel_mut(no).kind {
            let state = group.state.clone();
            **group = Group::new(state, hash);
        }
        self.learn_keys(no, home, fx);
        if fed {
            self.settle_authority(no);
        }
        no
    }

    /// Places a control record that was judged, and lets it take effect.
    #[expect(
        clippy::too_many_arguments,
        reason = "one call site each for own and received records"
    )]
    pub(crate) fn place_control(
        &mut self,
        no: ChannelNo,
        name: LogName,
        record: Record,
        header: &ControlHeader,
        act: &ControlAct,
        judgement: Judgement,
        fx: &mut Effects,
    ) {
        let fed = self.is_home(no);
        let outcome = match judgement {
            Judgement::Accepted => Outcome::Accepted,
            Judgement::Void(_) => Outcome::Void,
            Judgement::UnknownCritical | Judgement::UnknownOptional => Outcome::Unknown,
        };
        let accepted = outcome == Outcome::Accepted;
        let before = Arc::clone(&self.channels[&no].audience.fed);
        let was_in = self.is_in(no);
        let incoming = Incoming {
            channel: no,
            name,
            record,
            time: header.time,
            sender: header.actor,
            outcome,
            fed,
            message: false,
            annotation: None,
            inbox: Vec::new(),
            deaf: None,
        };
        let (_, pos) = self.place(incoming, fx);
        let log = self.log_mut(no, name);
        let (seq, hash) = (log.end.seq(), log.end.hash());
        if let Kind::Group(group) = &mut self.channel_mut(no).kind {
            // Whatever held the log up is understood now.
            group.read_only = false;
            group.advance(seq, hash, accepted.then_some((header, act)));
        }
        fx.dirty(RowKey::Channel(no));
        self.note_admission(no, was_in, fx);
        if accepted {
            self.rejudge(no, header, act, pos, fx);
            self.refresh_open(no);
        }
        match act {
            ControlAct::ChangeKeys(keys) if accepted => self.learn_keys(no, keys.lineage, fx),
            ControlAct::CloseLogs(_) if accepted => self.leave_closed(no, fx),
            ControlAct::Join(join) if accepted && join.organisation.is_some() => {
                self.learn_keys(no, join.account.lineage, fx);
            }
            ControlAct::SetHistory(_) if accepted => self.refresh_lacking(no),
            ControlAct::SetRetention(_) if accepted => self.refresh_retention(no, fx),
            _ => {}
        }
        if let ControlAct::Moderate(moderation) = act
            && accepted
        {
            self.take_moderation(no, moderation, pos, fx);
        }
        let is_unwanted = self.is_unwanted(act, header.actor);
        let is_unshared = matches!(act, ControlAct::Remove(_)) && header.actor.is_none();
        self.sync_target(no, act, (accepted, fed, pos, is_unwanted, is_unshared), &before, fx);
        let nominee = self.channels[&no].group().and_then(|group| group.state.nominee);
        if accepted && nominee == Some(self.lineage()) {
            self.waiting.insert(no);
            self.go_on(fx);
        }
    }

    /// Brings the stay of whom a record is about in line with it, and lets him see it.
    fn sync_target(
        &mut self,
        no: ChannelNo,
        act: &ControlAct,
        (accepted, fed, pos, is_unwanted, is_unshared): (bool, bool, Pos, bool, bool),
        before: &[Subscriber],
        fx: &mut Effects,
    ) {
        let Some(target) = target_of(act).filter(|_| accepted) else { return };
        if is_unwanted {
            return;
        }
        // Who was told of this invite through the link channel is not told again.
        let is_told = self.is_told(no, target);
        self.sync_member(no, target, pos, fx);
        if is_unshared {
            self.keep_read(no, target, fx);
        }
        self.widen_audience(no, target, before, fed, fx);
        if let Some(applied) = fx.applied.last_mut().filter(|_| is_told) {
            applied.inbox.clear();
        }
    }

    /// A record that changes members is seen by those of before and of after, and by whom it is
    /// about.
    fn widen_audience(
        &self,
        no: ChannelNo,
        target: AccountId,
        before: &[Subscriber],
        fed: bool,
        fx: &mut Effects,
    ) {
        let after = &self.channels[&no].audience.fed;
        let mut all: Vec<Subscriber> = before.iter().chain(after.iter()).copied().collect();
        all.sort_unstable();
        all.dedup();
        all.retain(|subscriber| fed || matches!(subscriber, Subscriber::Account(_)));
        let own = target.lineage == self.lineage();
        let is_inside = all.contains(&Subscriber::Account(target.number));
        let Some(applied) = fx.applied.last_mut() else { return };
        applied.audience = all.into();
        if own && !is_inside && self.accounts.contains_key(&target.number) {
            applied.inbox.push(target.number);
        }
    }

    /// Whether an account of ours holds an invitation by the newest record of a group.
    fn is_told(&self, no: ChannelNo, target: AccountId) -> bool {
        let channel = &self.channels[&no];
        let account =
            self.accounts.get(&target.number).filter(|_| target.lineage == self.lineage());
        let open = account.and_then(|account| account.invitations.get(&channel.id));
        open.is_some_and(|open| channel.group().is_some_and(|group| group.point == open.invite))
    }

    /// Brings an account's or a peer's stay in line with the control state.
    pub(crate) fn sync_member(
        &mut self,
        no: ChannelNo,
        target: AccountId,
        pos: Pos,
        fx: &mut Effects,
    ) {
        let own = self.lineage();
        let channel = &self.channels[&no];
        let Some(group) = channel.group() else { return };
        let member = group.state.members.get(&target);
        let is_in = member.is_some_and(|m| m.is_in());
        let is_invited = member.is_some_and(|m| m.invite.is_some());
        // The home hears requests also when it has no member left.
        let shared =
            group.state.has_organisation(target.lineage) || target.lineage == group.state.home;
        let point = group.point;
        if target.lineage == own {
            let id = channel.id;
            let Some(account) = self.accounts.get_mut(&target.number) else { return };
            let stay = account.channels.get(&no).copied();
            if let Some(open) = account.invitations.get_mut(&id).filter(|_| is_in) {
                open.answered();
            }
            let invitation = account.invitations.get(&id);
            // An invitation that is newer than the control log here stays.
            let is_told = invitation.is_some_and(|open| open.invite <= point);
            match (is_in, is_invited, stay) {
                (true, _, Some(stay)) if stay.standing == Standing::Joined => {}
                (true, _, _) => {
                    let stay = Stay { since: fx.entered(), ..Stay::new(pos, Standing::Joined) };
                    account.channels.insert(no, stay);
                    self.enter(no, target.number, pos, fx);
                }
                (false, true, _) => {
                    let accepted = invitation.filter(|open| open.accepted);
                    let standing =
                        if accepted.is_some() { Standing::Joining } else { Standing::Invited };
                    let request = accepted.and_then(|open| open.request);
                    let stay = Stay { request, ..Stay::new(pos, standing) };
                    account.channels.insert(no, stay);
                }
                (false, false, Some(stay)) if has_been_in(&stay) => {
                    let gone =
                        Stay { to: Some(pos), standing: Standing::Gone, request: None, ..stay };
                    account.channels.insert(no, gone);
                }
                (false, false, _) => {
                    account.channels.remove(&no);
                }
            }
            if is_told {
                self.drop_invitation(target.number, &id);
            }
            fx.dirty(RowKey::Account(target.number));
        } else if shared {
            self.share(no, target.lineage, pos, fx);
        } else if let Some(stay) = self.channel_mut(no).peers.get_mut(&target.lineage) {
            stay.to = stay.to.or(Some(pos));
        }
        self.refresh_audience(no);
        fx.dirty(RowKey::Channel(no));
    }

    /// Shares a channel with a peer from a pos on.
    pub(crate) fn share(&mut self, no: ChannelNo, peer: LineageId, pos: Pos, fx: &mut Effects) {
        let peers = &mut self.channel_mut(no).peers;
        if peers.get(&peer).is_none_or(|stay| stay.to.is_some()) {
            peers.insert(peer, Stay::new(pos, Standing::Joined));
        }
        self.refresh_audience(no);
        fx.dirty(RowKey::Channel(no));
    }

    /// Derives a channel's audience from its members.
    pub(crate) fn refresh_audience(&mut self, no: ChannelNo) {
        let own = self.lineage();
        let local: Vec<AccountNumber> = match &self.channels[&no].kind {
            Kind::Direct(direct) => {
                let (a, b) = direct.accounts;
                [a, b].iter().filter(|id| id.lineage == own).map(|id| id.number).collect()
            }
            Kind::Group(group) => {
                let ours = group.state.joined().filter(|(id, _)| id.lineage == own);
                // Who asked to leave is served no more, whatever the home says when.
                let is_in = |number: &AccountNumber| {
                    let account = self.accounts.get(number);
                    let stay = account.and_then(|account| account.channels.get(&no));
                    stay.is_some_and(|stay| stay.standing == Standing::Joined)
                };
                ours.map(|(id, _)| id.number).filter(is_in).collect()
            }
            Kind::Link { .. } => Vec::new(),
        };
        let entered = self.newest_entrance(no, &local);
        let channel = self.channel_mut(no);
        channel.set_audience(&local);
        channel.entered = entered;
    }

    /// Whether we write the control log of a channel.
    pub fn is_home(&self, no: ChannelNo) -> bool {
        let group = self.channels.get(&no).and_then(|channel| channel.group());
        group.is_some_and(|group| group.state.home == self.lineage())
    }

    pub(crate) fn add_channel(&mut self, channel: Channel, fx: &mut Effects) -> ChannelNo {
        self.last_channel += 1;
        let no = ChannelNo(self.last_channel);
        self.channel_numbers.insert(channel.id, no);
        self.channels.insert(no, channel);
        fx.dirty(RowKey::Channel(no));
        no
    }

    pub(crate) fn channel_mut(&mut self, no: ChannelNo) -> &mut Channel {
        self.channels.get_mut(&no).expect("a channel number comes from the state itself")
    }

    pub(crate) fn log_mut(&mut self, no: ChannelNo, name: LogName) -> &mut Log {
        let Self { channels, last_log, .. } = self;
        let channel = channels.get_mut(&no).expect("a channel number comes from the state itself");
        channel.logs.entry(name).or_insert_with(|| {
            *last_log += 1;
            Log::new(LogNo(*last_log))
        })
    }
}

fn has_been_in(stay: &Stay) -> bool {
    matches!(stay.standing, Standing::Joined | Standing::Leaving)
}

/// Whom a control record is about.
pub(crate) fn target_of(act: &ControlAct) -> Option<AccountId> {
    match act {
        ControlAct::Ban(ban) => Some(ban.account),
        ControlAct::Invite(invite) => Some(invite.account),
        ControlAct::Join(join) => Some(join.account),
        ControlAct::Leave(target) | ControlAct::Remove(target) => Some(target.account),
        _ => None,
    }
}

/// What the first event of our log in a channel says.
fn log_start(channel: &Channel, own: LineageId) -> LogStart {
    let is_closed = |writer| channel.group().is_some_and(|group| group.is_closed((own, writer)));
    let ended: Vec<EndedLog> = channel
        .writers_of(own)
        .filter(|(writer, _)| !is_closed(*writer))
        .map(|(writer, log)| EndedLog { writer, seq: log.end.seq(), hash: log.end.hash().into() })
        .collect();
    let newest = ended.len().saturating_sub(ENDED_LOGS_MAX);
    let mut start = LogStart {
        ended: (!ended.is_empty()).then(|| ended[newest..].to_vec()),
        ..LogStart::default()
    };
    match &channel.kind {
        Kind::Direct(direct) => {
            start.accounts = Some(direct.accounts);
            let label = direct.of(own).and_then(|account| direct.label(account));
            start.name = label.and_then(|l| l.split_once('@')).map(|(name, _)| name.to_owned());
        }
        Kind::Link { peer } => start.organisations = Some((own.min(*peer), own.max(*peer))),
        Kind::Group(_) => {}
    }
    start
}
