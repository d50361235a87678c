//! Users' acts: each is checked whole, then done whole.

use comity_protocol::code::Code;
use comity_protocol::control::{ControlAct, Genesis, Invite, Join, Organisation, Role, Target};
use comity_protocol::cursor::Pos;
use comity_protocol::event::{
    Edit, EventAct, Invitation, Message, Pin, Reaction, Request, direct_channel,
};
use comity_protocol::id::{AccountId, AccountNumber, ChannelId, LineageId, LogName, MessageId};
use comity_protocol::limits::{MEMBERS_MAX, TEXT_CHARS_MAX};
use comity_protocol::name::AccountLabel;

use crate::account::{KeptAnswer, RequestPlace, Standing, Stay, row_of};
use crate::act::Act;
use crate::answer::Answer;
use crate::channel::{Channel, ChannelNo, Direct, Kind};
use crate::command::DeviceId;
use crate::digest;
use crate::group::GroupAct;
use crate::invitation::OpenInvite;
use crate::rows::RowKey;
use crate::state::{Effects, State};

/// Channels that an account may be in.
pub(crate) const CHANNELS_PER_ACCOUNT_MAX: usize = 10_000;

impl State {
    pub(crate) fn perform(
        &mut self,
        account: AccountNumber,
        device: DeviceId,
        nonce: Option<u64>,
        act: &Act,
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        let on = self.devices.get(&device).filter(|d| d.account == account);
        let on = on.ok_or(Code::TokenInvalid)?;
        if let Some(nonce) = nonce
            && let Some(known) = on.answers.look_up(nonce, || digest::of_act(act))
        {
            return known.cloned();
        }
        let answer = self.act(account, act, fx)?;
        if let (Some(nonce), Some(on)) = (nonce, self.devices.get_mut(&device)) {
            let digest = digest::of_act(act);
            let kept = KeptAnswer { nonce, digest, answer: answer.clone() };
            on.answers.keep(kept, |row| fx.dirty(RowKey::Nonce(device, row)));
            fx.dirty(RowKey::Nonce(device, row_of(nonce)));
        }
        Ok(answer)
    }

    /// The kept answer to a nonce, or why an act is refused at once: asked before a command is
    /// proposed.
    pub fn foresee(
        &self,
        account: AccountNumber,
        device: DeviceId,
        nonce: Option<u64>,
        act: &Act,
    ) -> Result<Option<Answer>, Code> {
        let on = self.devices.get(&device).filter(|d| d.account == account);
        let on = on.ok_or(Code::TokenInvalid)?;
        if let Some(nonce) = nonce
            && let Some(known) = on.answers.look_up(nonce, || digest::of_act(act))
        {
            return known.cloned().map(Some);
        }
        match act {
            Act::Send { channel, text, message, .. } => {
                self.check_send(account, channel, text, message).map(|_| None)
            }
            Act::Edit { channel, text, .. } => {
                self.check_send(account, channel, text, &Message::default()).map(|_| None)
            }
            _ => Ok(None),
        }
    }

    fn act(&mut self, account: AccountNumber, act: &Act, fx: &mut Effects) -> Result<Answer, Code> {
        match act {
            Act::Send { channel, text, format, message } => {
                let no = self.check_send(account, channel, text, message)?;
                let (act, body) = (EventAct::Message(message.clone()), (*format, text.as_str()));
                let (id, pos) = self.append_event(no, account, &act, Some(body), fx);
                Ok(Answer::Stored { id, pos, channel: no })
            }
            Act::Edit { channel, message, text, format } => {
                let no = self.check_send(account, channel, text, &Message::default())?;
                let act = EventAct::Edit(Edit { message: *message });
                self.append_event(no, account, &act, Some((*format, text)), fx);
                Ok(Answer::Done)
            }
            Act::React { channel, message, reaction, on } => {
                self.react(account, channel, (*message, reaction, *on), fx)
            }
            Act::Pin { channel, message, on } => {
                let no = self.may_post(account, channel)?;
                let pin = EventAct::Pin(Pin { message: *message, on: *on });
                self.append_event(no, account, &pin, None, fx);
                Ok(Answer::Done)
            }
            Act::ShowReads { on } => self.show_reads(account, *on, fx),
            Act::MarkRead { channel, mark, back } => {
                self.mark_read(account, channel, (mark, *back), fx)
            }
            Act::OpenDirect { account: other, label } => {
                self.open_direct(account, *other, label, fx)
            }
            Act::CreateGroup { name, topic, member_limit } => {
                self.found_group(account, name, topic, *member_limit, fx)
            }
            Act::Invite { channel, account: invitee, label } => {
                self.invite(account, channel, *invitee, label, fx)
            }
            Act::Accept { channel } => self.accept(account, channel, fx),
            Act::Decline { channel } => self.decline(account, channel, fx),
            Act::Leave { channel } => self.leave(account, channel, fx),
            Act::Join { channel, home, name } => self.join(account, channel, *home, name, fx),
            Act::Govern { channel, act: GroupAct(act) } => self.control(account, channel, act, fx),
            Act::Erase { channel, target, author } => {
                self.erase(account, channel, target, *author, fx)
            }
            Act::SetAlias { channel, name } => self.set_alias(account, channel, name, fx),
            Act::AddContact { account: other, label } => {
                self.add_contact(account, *other, label, fx)
            }
            Act::RemoveContact { account: other } => self.remove_contact(account, *other, fx),
            Act::RemoveAlias { name } => self.remove_alias(account, name, fx),
            Act::Mute { channel, on } => self.mute(account, channel, *on, fx),
            Act::Block { account: other, label } => self.block(account, *other, label, fx),
            Act::Unblock { account: other } => self.unblock(account, *other, fx),
            Act::SetDisplayName { name } => self.set_display_name(account, name.as_deref(), fx),
            Act::SetAvatar { image } => self.set_avatar(account, image.as_ref(), fx),
            Act::Report(reporting) => self.report_abuse(account, reporting, fx),
        }
    }

    fn check_send(
        &self,
        account: AccountNumber,
        channel: &ChannelId,
        text: &str,
        message: &Message,
    ) -> Result<ChannelNo, Code> {
        let no = self.joined(account, channel)?;
        if text.is_empty() {
            return Err(Code::TextEmpty);
        }
        if !message.is_sound() {
            return Err(Code::MentionLimit);
        }
        // Counting is needed only where the bytes leave it open.
        if text.len() > TEXT_CHARS_MAX && text.chars().count() > TEXT_CHARS_MAX {
            return Err(Code::TextTooLong);
        }
        self.may_post(account, channel)?;
        let group = self.channels[&no].group().filter(|_| message.mentions_all.is_some());
        if group.is_some_and(|group| !group.state.may_mention_all(&self.account_id(account))) {
            return Err(Code::NotAllowed);
        }
        Ok(no)
    }

    /// The channel, where the account may post in it.
    fn may_post(&self, account: AccountNumber, channel: &ChannelId) -> Result<ChannelNo, Code> {
        let no = self.joined(account, channel)?;
        self.check_federates(no)?;
        if let Some(group) = self.channels[&no].group() {
            if self.channels[&no].is_read_only() {
                return Err(Code::ChannelReadOnly);
            }
            group.state.allows_post(&self.account_id(account))?;
        }
        Ok(no)
    }

    /// Who is in may react, in a channel of announcements too.
    fn react(
        &mut self,
        account: AccountNumber,
        channel: &ChannelId,
        (message, reaction, on): (MessageId, &str, bool),
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        let no = self.joined(account, channel)?;
        self.check_federates(no)?;
        if !Reaction::is_sound(reaction) {
            return Err(Code::ReactionInvalid);
        }
        let known = &self.channels[&no];
        if known.group().is_some() && known.is_read_only() {
            return Err(Code::ChannelReadOnly);
        }
        if known.group().is_some_and(|group| group.state.archived) {
            return Err(Code::ChannelArchived);
        }
        let reaction = Reaction { message, reaction: reaction.to_owned(), on };
        self.append_event(no, account, &EventAct::Reaction(reaction), None, fx);
        Ok(Answer::Done)
    }

    /// The channel, where the account is in it; missing and forbidden look alike.
    pub(crate) fn joined(
        &self,
        account: AccountNumber,
        channel: &ChannelId,
    ) -> Result<ChannelNo, Code> {
        let (no, channel) = self.channel(channel).ok_or(Code::ChannelNotFound)?;
        match &channel.kind {
            Kind::Direct(direct) => {
                let own = self.account_id(account);
                direct.label(own).map(|_| no).ok_or(Code::ChannelNotFound)
            }
            Kind::Group(_) => {
                let stay = self.accounts.get(&account).and_then(|a| a.channels.get(&no));
                let is_in = stay.is_some_and(|stay| stay.standing == Standing::Joined);
                if is_in { Ok(no) } else { Err(Code::ChannelNotFound) }
            }
            Kind::Link { .. } => Err(Code::ChannelNotFound),
        }
    }

    pub(crate) fn own_label(&self, account: AccountNumber) -> Result<String, Code> {
        let name = &self.accounts.get(&account).ok_or(Code::AccountNotFound)?.name;
        Ok(format!("{name}@{}", self.domain()))
    }

    pub(crate) fn check_room(&self, account: AccountNumber) -> Result<(), Code> {
        let account = self.accounts.get(&account).ok_or(Code::AccountNotFound)?;
        if account.channels.len() >= CHANNELS_PER_ACCOUNT_MAX {
            return Err(Code::ChannelLimit);
        }
        Ok(())
    }

    fn open_direct(
        &mut self,
        account: AccountNumber,
        other: AccountId,
        label: &str,
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        let own = self.account_id(account);
        if own == other {
            return Err(Code::SelfDirect);
        }
        let id = direct_channel(own, other);
        if self.channel(&id).is_some() {
            return Ok(Answer::Channel(id));
        }
        self.check_room(account)?;
        self.check_known(other, label)?;
        self.check_admitted(other.lineage)?;
        let labels = (self.own_label(account)?, label.to_owned());
        self.add_direct((own, other), labels, Pos::new(fx.command, 0), fx);
        Ok(Answer::Channel(id))
    }

    /// Adds a direct channel to the lists of those of its accounts that are ours.
    pub(crate) fn add_direct(
        &mut self,
        accounts: (AccountId, AccountId),
        labels: (String, String),
        pos: Pos,
        fx: &mut Effects,
    ) -> ChannelNo {
        let id = direct_channel(accounts.0, accounts.1);
        let direct = if accounts.0 < accounts.1 {
            Direct { accounts, labels }
        } else {
            Direct { accounts: (accounts.1, accounts.0), labels: (labels.1, labels.0) }
        };
        let no = self.add_channel(Channel::new(id, Kind::Direct(direct)), fx);
        let own = self.lineage();
        for account in [accounts.0, accounts.1] {
            if account.lineage != own {
                self.share(no, account.lineage, pos, fx);
            } else if let Some(known) = self.accounts.get_mut(&account.number) {
                known.channels.insert(no, Stay::new(pos, Standing::Joined));
                fx.dirty(RowKey::Account(account.number));
            }
        }
        self.refresh_audience(no);
        no
    }

    /// Whether an account is one of ours by that name, or of an organisation that was introduced.
    pub(crate) fn check_known(&self, account: AccountId, label: &str) -> Result<(), Code> {
        let label: AccountLabel = label.parse().map_err(|_| Code::NameInvalid)?;
        if account.lineage == self.lineage() {
            let known = self.accounts.get(&account.number);
            let same = known.is_some_and(|a| a.name == label.name.as_str() && !a.is_deleted)
                && label.domain.as_str() == self.domain();
            return if same { Ok(()) } else { Err(Code::AccountNotFound) };
        }
        let peer = self.peers.get(&account.lineage).ok_or(Code::DomainNotFound)?;
        if peer.domain == label.domain.as_str() { Ok(()) } else { Err(Code::AccountNotFound) }
    }

    fn found_group(
        &mut self,
        account: AccountNumber,
        name: &str,
        topic: &str,
        member_limit: u32,
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        self.check_room(account)?;
        if !(1..=MEMBERS_MAX).contains(&member_limit) {
            return Err(Code::MemberLimit);
        }
        let genesis = Genesis {
            version: 1,
            nonce: fx.draw(),
            home: self.own_organisation()?,
            owner: self.account_id(account),
            label: self.own_label(account)?,
            member_limit,
            name: name.to_owned(),
            topic: topic.to_owned(),
        };
        self.create_group(&genesis, fx).map(Answer::Channel).ok_or(Code::NameInvalid)
    }

    fn own_organisation(&self) -> Result<Organisation, Code> {
        self.organisation_of(&self.lineage()).ok_or(Code::Internal)
    }

    /// An organisation as an admission records it.
    pub(crate) fn organisation(&self, lineage: LineageId) -> Option<Organisation> {
        self.peers.get(&lineage)?;
        self.organisation_of(&lineage)
    }

    /// An act on a group: a control record where we are home, else a request to the home.
    pub(crate) fn control(
        &mut self,
        account: AccountNumber,
        channel: &ChannelId,
        act: &ControlAct,
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        let no = self.joined(account, channel)?;
        let actor = self.account_id(account);
        let group = self.channels[&no].group().ok_or(Code::NotAGroup)?;
        if self.channels[&no].is_read_only() {
            return Err(Code::ChannelReadOnly);
        }
        group.state.allows(Some(&actor), act)?;
        if self.is_home(no) {
            self.append_control(no, Some(actor), act, None, fx)?;
            return Ok(Answer::Done);
        }
        let request = Request::of(act).ok_or(Code::NotAllowed)?;
        self.append_event(no, account, &EventAct::Request(request), None, fx);
        Ok(Answer::Requested)
    }

    fn invite(
        &mut self,
        account: AccountNumber,
        channel: &ChannelId,
        invitee: AccountId,
        label: &str,
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        self.check_known(invitee, label)?;
        self.may_share(channel, invitee.lineage)?;
        let invite = Invite { account: invitee, label: label.to_owned(), role: Role::Member };
        let answer = self.control(account, channel, &ControlAct::Invite(invite), fx)?;
        if answer == Answer::Done {
            let inviter = self.own_label(account)?;
            self.tell_invited(channel, invitee, &inviter, fx);
        }
        Ok(answer)
    }

    /// Tells an organisation that is not in the group yet of an invite, through the link channel.
    pub(crate) fn tell_invited(
        &mut self,
        channel: &ChannelId,
        invitee: AccountId,
        inviter: &str,
        fx: &mut Effects,
    ) {
        let Some((_, known)) = self.channel(channel) else { return };
        let Some(group) = known.group() else { return };
        if group.state.has_organisation(invitee.lineage) {
            return;
        }
        let invitation = Invitation {
            channel: *channel,
            invite: group.point,
            account: invitee.number,
            inviter: inviter.to_owned(),
            name: group.state.name.clone(),
        };
        if let Some(link) = self.link_with(invitee.lineage) {
            let act = EventAct::Invitation(invitation);
            self.append_event(link, AccountNumber(0), &act, None, fx);
        }
    }

    fn accept(
        &mut self,
        account: AccountNumber,
        channel: &ChannelId,
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        if self.joined(account, channel).is_ok() {
            return Err(Code::AlreadyMember);
        }
        let OpenInvite { invite, home, is_asked } = self.open_invite(account, channel)?;
        if is_asked {
            return Ok(Answer::Requested);
        }
        self.may_share(channel, home)?;
        self.check_room(account)?;
        let own = self.account_id(account);
        if let (true, Some((no, _))) = (home == self.lineage(), self.channel(channel)) {
            let act = ControlAct::Join(Join { account: own, label: None, organisation: None });
            self.append_control(no, Some(own), &act, None, fx)?;
            return Ok(Answer::Channel(*channel));
        }
        self.ask_home(home, account, Request::Accept { channel: *channel, invite }, fx)?;
        self.set_asked(account, channel, (Standing::Invited, Standing::Joining), fx);
        Ok(Answer::Requested)
    }

    /// Comes into a group by its join rule.
    fn join(
        &mut self,
        account: AccountNumber,
        channel: &ChannelId,
        home: LineageId,
        name: &str,
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        if self.joined(account, channel).is_ok() {
            return Err(Code::AlreadyMember);
        }
        if self.open_invite(account, channel).is_ok() {
            return self.accept(account, channel, fx);
        }
        self.may_share(channel, home)?;
        self.check_room(account)?;
        let (own, label) = (self.account_id(account), self.own_label(account)?);
        if home == self.lineage() {
            let (no, group) = self.channel(channel).ok_or(Code::ChannelNotFound)?;
            let group = group.group().ok_or(Code::ChannelNotFound)?;
            if !group.state.is_open_to(&own) {
                return Err(Code::ChannelNotFound);
            }
            let act =
                ControlAct::Join(Join { account: own, label: Some(label), organisation: None });
            self.append_control(no, Some(own), &act, None, fx)?;
            return Ok(Answer::Channel(*channel));
        }
        self.note_joining(account, channel, home, name)?;
        let asked = self.ask_home(home, account, Request::Join { channel: *channel, label }, fx);
        if asked.is_err() {
            self.drop_invitation(account, channel);
        }
        asked?;
        self.set_asked(account, channel, (Standing::Invited, Standing::Joining), fx);
        Ok(Answer::Requested)
    }

    pub(crate) fn decline(
        &mut self,
        account: AccountNumber,
        channel: &ChannelId,
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        let OpenInvite { invite, home, is_asked } = self.open_invite(account, channel)?;
        if is_asked {
            return Err(Code::AlreadyMember);
        }
        if let (true, Some((no, _))) = (home == self.lineage(), self.channel(channel)) {
            let own = self.account_id(account);
            let act = ControlAct::Leave(Target { account: own });
            self.append_control(no, Some(own), &act, None, fx)?;
            return Ok(Answer::Done);
        }
        self.ask_home(home, account, Request::Decline { channel: *channel, invite }, fx)?;
        self.drop_invitation(account, channel);
        fx.dirty(RowKey::Account(account));
        Ok(Answer::Requested)
    }

    /// Puts a request by somebody who is no member into the link channel with the home.
    fn ask_home(
        &mut self,
        home: LineageId,
        account: AccountNumber,
        request: Request,
        fx: &mut Effects,
    ) -> Result<(), Code> {
        let link = self.link_with(home).ok_or(Code::DomainNotFound)?;
        self.append_event(link, account, &EventAct::Request(request), None, fx);
        Ok(())
    }

    /// Notes that the home was asked, by the request just appended, to let an account in or go.
    fn set_asked(
        &mut self,
        account: AccountNumber,
        channel: &ChannelId,
        (from, to): (Standing, Standing),
        fx: &mut Effects,
    ) {
        let request = request_place(fx);
        let no = self.channel_numbers.get(channel).copied();
        let Some(known) = self.accounts.get_mut(&account) else { return };
        if let Some(invitation) = known.invitations.get_mut(channel) {
            (invitation.accepted, invitation.request) = (true, request);
        }
        let stay = no.and_then(|no| known.channels.get_mut(&no));
        if let Some(stay) = stay.filter(|stay| stay.standing == from) {
            (stay.standing, stay.request) = (to, request);
        }
        fx.dirty(RowKey::Account(account));
        if let Some(no) = no {
            self.refresh_audience(no);
        }
    }

    /// Notes the request just appended as the one that an account waits for.
    pub(crate) fn note_request(&mut self, no: ChannelNo, account: AccountNumber, fx: &mut Effects) {
        let request = request_place(fx);
        let known = self.accounts.get_mut(&account);
        if let Some(stay) = known.and_then(|account| account.channels.get_mut(&no)) {
            stay.request = request;
            fx.dirty(RowKey::Account(account));
        }
    }

    pub(crate) fn leave(
        &mut self,
        account: AccountNumber,
        channel: &ChannelId,
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        let act = ControlAct::Leave(Target { account: self.account_id(account) });
        let answer = self.control(account, channel, &act, fx)?;
        if answer == Answer::Requested {
            self.set_asked(account, channel, (Standing::Joined, Standing::Leaving), fx);
        }
        Ok(answer)
    }
}

/// The place of the event that was appended last.
fn request_place(fx: &Effects) -> Option<RequestPlace> {
    fx.applied.last().and_then(|applied| match applied.log.name {
        LogName::Message { writer, .. } => Some(RequestPlace { writer, seq: applied.seq }),
        LogName::Control { .. } => None,
    })
}
