//! The client edge: the node as the client API sees it. Turns actions into commands and the feed
//! into deliveries.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use comity_client_api::{
    AccountChange, Action, Backend, Besides, Blocked, Caller, ChannelDetail, ChannelSummary,
    Contact, Cursor, Delivery, Device, Endpoint, EventContent, EventList, FeedEvent, FoundGroup,
    FoundGroups, HistoryPage, LogIn, LoggedIn, Mark, NodeIntroduction, Outcome, Page, Refusal,
    ShownMessage, SignUp, Standing, Subscribed, Version,
};
use comity_machine::{Act, Answer, ChannelNo, Command, Kind, Subscriber};
use comity_protocol::code::Code;
use comity_protocol::control::{ControlAct, SetRole, Succession, Target, Text};
use comity_protocol::cursor;
use comity_protocol::id::{AccountNumber, ChannelId, MessageId};
use comity_protocol::limits::MEMBERS_DEFAULT;
use comity_protocol::name::{ChannelAlias, ServerName};

use super::device::{DeviceFeed, deliveries};
use super::figures::Process;
use super::list::{members, summaries, summary};
use super::measures::Measures;
use super::password::Passwords;
use super::peer::{Conduct, Directory, Filling, Links, Marks, PeerParts, Progress};
use super::presence::DevicePresence;
use super::profiles::Profiles;
use super::push::{self, Push};
use super::search::Searching;
use super::show;
use super::tending::Uses;
use super::{convert, history};
use crate::clock;
use crate::feed::{self, Hub, cursor_at};
use crate::presence::Presences;
use crate::search::Search;
use crate::writer::{ProposeError, Shared, WriterHandle};

/// What the admin's settings say to this edge.
#[derive(Clone, Debug)]
pub struct ClientSettings {
    /// Who may make an account.
    pub sign_up: SignUpPolicy,
    /// The most devices of an account.
    pub devices_per_account_max: u32,
    /// A device that was not used for so long is logged out.
    pub device_unused_max: Duration,
    /// Where clients connect.
    pub endpoints: Vec<Endpoint>,
    /// What other nodes are told of this one.
    pub introduction: NodeIntroduction,
    /// What the process knows of itself.
    pub process: Process,
}

/// Who may make an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignUpPolicy {
    /// The admin alone.
    Closed,
    /// Whoever has an invite token.
    Invite,
    /// Anybody.
    Open,
}

/// The node, as the client API sees it.
#[derive(Clone)]
pub struct ClientEdge(Arc<Inner>);

struct Inner {
    domain: ServerName,
    shared: Arc<Shared>,
    writer: WriterHandle,
    hub: Hub,
    peers: PeerParts,
    presences: Presences,
    measures: Measures,
    search: Searching,
    profiles: Profiles,
    push: Push,
    passwords: Passwords,
    uses: Uses,
    settings: ClientSettings,
}

impl ClientEdge {
    /// An edge over a running writer.
    pub fn new(
        domain: ServerName,
        shared: Arc<Shared>,
        writer: WriterHandle,
        hub: Hub,
        peers: PeerParts,
        (presences, search, push, measures): (Presences, Search, Push, Measures),
        settings: ClientSettings,
    ) -> Self {
        let passwords = Passwords::new();
        Self(Arc::new(Inner {
            domain,
            shared,
            writer,
            hub,
            peers,
            presences,
            measures,
            search: Searching::new(search),
            profiles: Profiles::new(),
            push,
            passwords,
            uses: Uses::default(),
            settings,
        }))
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.0.shared
    }

    pub(super) fn filling(&self) -> &Filling {
        &self.0.peers.filling
    }

    pub(super) fn measures(&self) -> &Measures {
        &self.0.measures
    }

    pub(super) fn writer(&self) -> &WriterHandle {
        &self.0.writer
    }

    pub(super) fn settings(&self) -> &ClientSettings {
        &self.0.settings
    }

    pub(super) fn passwords(&self) -> &Passwords {
        &self.0.passwords
    }

    pub(super) fn uses(&self) -> &Uses {
        &self.0.uses
    }

    pub(super) fn progress(&self) -> &Progress {
        &self.0.peers.progress
    }

    pub(super) fn links(&self) -> &Links {
        &self.0.peers.links
    }

    pub(super) fn peer_parts(&self) -> &PeerParts {
        &self.0.peers
    }

    pub(super) fn conduct(&self) -> &Conduct {
        &self.0.peers.conduct
    }

    pub(super) fn marks(&self) -> &Marks {
        &self.0.peers.marks
    }

    pub(super) fn presence(&self) -> &Presences {
        &self.0.presences
    }

    pub(super) fn searching(&self) -> &Searching {
        &self.0.search
    }

    pub(super) fn push(&self) -> &Push {
        &self.0.push
    }

    pub(super) fn profiles_known(&self) -> &Profiles {
        &self.0.profiles
    }

    pub(super) fn own_domain(&self) -> &ServerName {
        &self.0.domain
    }

    pub(super) fn hub(&self) -> &Hub {
        &self.0.hub
    }

    pub(super) fn directory(&self) -> &Directory {
        &self.0.peers.directory
    }

    pub(super) async fn propose(&self, command: Command) -> Result<Answer, Refusal> {
        self.tell(command).await.map_err(convert::not_proposed)
    }

    pub(super) async fn tell(&self, command: Command) -> Result<Answer, ProposeError> {
        self.0.writer.perform(command).await
    }

    /// How far the caller's own messages of a page have come.
    fn delivered(&self, caller: &Caller, no: ChannelNo, page: &HistoryPage) -> Vec<Delivery> {
        let own = page.events.iter().filter(|event| {
            event.sender == caller.label && matches!(event.content, EventContent::Message(_))
        });
        let told = own.filter_map(|event| {
            let pos = cursor::Cursor::from_bytes(&event.cursor.0).pos;
            let (organisations, of) = self.0.peers.progress.reached(no, pos);
            let (channel, message, is_final) = (event.channel, event.id, event.is_final);
            let told = Delivery::Delivered { channel, message, organisations, of, is_final };
            (of > 1).then_some(told)
        });
        told.collect()
    }

    /// A page of history. Where it reaches into what is still lacking here, it waits a little for
    /// that.
    async fn page(
        &self,
        (no, account): (ChannelNo, AccountNumber),
        page: Page,
        limit: usize,
    ) -> Result<HistoryPage, Refusal> {
        let mut grown = self.0.peers.filling.watch();
        loop {
            let edge = self.clone();
            let is_whole = !self.shared().state().lacks_history(no, None);
            let read = move || history::read(edge.shared(), (no, account), page, limit);
            let found = tokio::task::spawn_blocking(read).await.map_err(|_| Code::Internal)?;
            let is_lacking = match &found {
                Ok(found) => found.history_pending,
                // What it is to be around may be on its way.
                Err(code) => *code == Code::MessageNotFound && !is_whole,
            };
            let may_come = is_lacking && self.0.peers.filling.may_come(no);
            if !may_come || !self.0.peers.filling.fetch(no, &mut grown).await {
                return found.map_err(Refusal::from);
            }
        }
    }

    /// The act that an action comes to; nothing where all is so already.
    async fn act_of(&self, caller: &Caller, action: Action) -> Result<Option<Act>, Refusal> {
        Ok(Some(match action {
            Action::Accept { channel } => Act::Accept { channel },
            Action::AddContact { account } => self.add_contact(&account).await?,
            Action::Block { account } => self.block(&account).await?,
            Action::Mute { channel, on } => Act::Mute { channel, on },
            Action::Unblock { account } => return Ok(self.unblock(caller, &account)),
            Action::RemoveContact { account } => self.remove_contact(caller, &account).await?,
            Action::Ban { channel, account } => self.ban(channel, &account).await?,
            of_message @ (Action::Edit { .. }
            | Action::Erase { .. }
            | Action::MarkRead { .. }
            | Action::Pin { .. }
            | Action::React { .. }) => return self.act_of_message(caller, of_message),
            Action::HandOver { channel, home } => {
                let nominee = self.lineage_of(&home)?;
                convert::govern(channel, ControlAct::HandOver(Succession { nominee }))
            }
            Action::Join { channel, home } => self.join(caller, channel, &home).await?,
            Action::JoinAlias { alias } => self.join_by_alias(caller, &alias).await?,
            Action::RemoveAlias { alias } => self.remove_alias(&alias)?,
            report @ Action::Report { .. } => self.report_act(caller, report).await?,
            Action::SetAlias { channel, alias } => self.set_alias(channel, &alias)?,
            Action::SetAvatar { image } => self.avatar_act(image).await?,
            Action::SetDisplayName { name } => Act::SetDisplayName { name },
            Action::SetRule { channel, rule } => convert::govern(channel, self.rule_act(rule)?),
            Action::Unban { channel, account } => {
                let account = self.resolve_member(&channel, &account).await?;
                convert::govern(channel, ControlAct::Unban(Target { account }))
            }
            Action::CreateGroup { name, topic, member_limit } => {
                let member_limit = member_limit.unwrap_or(MEMBERS_DEFAULT);
                Act::CreateGroup { name, topic, member_limit }
            }
            Action::Decline { channel } => Act::Decline { channel },
            Action::Invite { channel, account: label } => {
                let account = self.resolve(&label).await?;
                Act::Invite { channel, account, label: label.to_string() }
            }
            Action::Leave { channel } => Act::Leave { channel },
            Action::OpenDirect { account: label } => {
                let account = self.resolve(&label).await?;
                Act::OpenDirect { account, label: label.to_string() }
            }
            Action::Remove { channel, account } => {
                let account = self.resolve_member(&channel, &account).await?;
                convert::govern(channel, ControlAct::Remove(Target { account }))
            }
            Action::Rename { channel, name } => {
                convert::govern(channel, ControlAct::SetName(Text { text: name }))
            }
            Action::Send { channel, text, besides } => {
                convert::check_length(&text)?;
                let (format, message) = match besides == Besides::default() {
                    true => Default::default(),
                    false => self.message_of(caller, &channel, besides)?,
                };
                Act::Send { channel, text, format, message }
            }
            Action::SetRole { channel, account, role } => {
                let account = self.resolve_member(&channel, &account).await?;
                let role = convert::role_back(role);
                convert::govern(channel, ControlAct::SetRole(SetRole { account, role }))
            }
            Action::ShowReads { on } => Act::ShowReads { on },
            Action::SetTopic { channel, topic } => {
                convert::govern(channel, ControlAct::SetTopic(Text { text: topic }))
            }
        }))
    }
}

impl Backend for ClientEdge {
    type Subscription = DeviceFeed;

    fn domain(&self) -> &ServerName {
        &self.0.domain
    }

    fn endpoints(&self) -> Vec<Endpoint> {
        self.0.settings.endpoints.clone()
    }

    fn introduction(&self) -> NodeIntroduction {
        self.0.peers.desk.introduced(&self.0.settings.introduction)
    }

    async fn authenticate(&self, token: &str) -> Result<Caller, Refusal> {
        self.caller_of(token)
    }

    async fn sign_up(&self, sign_up: SignUp) -> Result<LoggedIn, Refusal> {
        self.make_account(sign_up).await
    }

    async fn log_in(&self, log_in: LogIn) -> Result<LoggedIn, Refusal> {
        self.open_session(log_in).await
    }

    async fn change_account(&self, caller: &Caller, change: AccountChange) -> Result<(), Refusal> {
        self.change(caller, change).await
    }

    async fn devices(&self, caller: &Caller) -> Result<Vec<Device>, Refusal> {
        Ok(self.devices_of(caller))
    }

    fn shows_reads(&self, caller: &Caller) -> bool {
        self.shared().state().shows_reads(caller.account.number)
    }

    fn is_admin(&self, caller: &Caller) -> bool {
        self.shared().state().is_admin(caller.account.number)
    }

    async fn perform(
        &self,
        caller: &Caller,
        nonce: Option<u64>,
        action: Action,
    ) -> Result<Outcome, Refusal> {
        let came_us = clock::monotonic_us();
        self.presence().acts(convert::device_back(caller.device));
        let Some(act) = self.act_of(caller, action).await? else { return Ok(Outcome::Done) };
        let marked = self.mark_before(caller, &act);
        let answered = push::answered(&self.shared().state(), caller.account.number, &act);
        let settled = Self::settled_by(&act);
        let joined = if let Act::Join { channel, .. } = &act { Some(*channel) } else { None };
        let account = caller.account.number;
        let device = convert::device_back(caller.device);
        let foreseen = self.shared().state().foresee(account, device, nonce, &act)?;
        let answer = match foreseen {
            Some(answer) => answer,
            None => {
                let command = Command::Perform {
                    account,
                    device,
                    nonce,
                    unix_ms: clock::unix_ms(),
                    random: clock::random(),
                    act,
                };
                let answer = self.propose(command).await?;
                if matches!(answer, Answer::Stored { .. }) {
                    self.0.measures.acknowledged(came_us, clock::monotonic_us());
                }
                answer
            }
        };
        if let (Answer::Requested, Some(channel)) = (&answer, joined) {
            return Ok(Outcome::Joining(channel));
        }
        if let Some((channel, before)) = marked {
            self.tell_read(caller, channel, before);
        }
        if let Some(no) = answered {
            self.push().read(account, no, device);
        }
        if let Some(settled) = settled.filter(|_| answer == Answer::Done) {
            self.tell_settled(caller, settled);
        }
        convert::outcome(answer, |pos| convert::cursor(cursor_at(&self.shared().state(), pos)))
    }

    async fn channels(&self, caller: &Caller) -> Result<Vec<ChannelSummary>, Refusal> {
        let state = self.shared().state();
        let account = state.accounts.get(&caller.account.number).ok_or(Code::TokenInvalid)?;
        Ok(summaries(&state, caller, account))
    }

    async fn channel(&self, caller: &Caller, channel: ChannelId) -> Result<ChannelDetail, Refusal> {
        let organisations = self.organisations_in(&channel, caller.account.number).await?;
        let state = self.shared().state();
        let (no, known) = state.channel(&channel).ok_or(Code::ChannelNotFound)?;
        let account = state.accounts.get(&caller.account.number).ok_or(Code::TokenInvalid)?;
        let summary = summary(&state, caller, account, no, known).ok_or(Code::ChannelNotFound)?;
        let invited = summary.standing == Standing::Invited;
        let members =
            if invited { Vec::new() } else { members(&state, self.marks(), caller, (no, known)) };
        let rules = match &known.kind {
            Kind::Group(group) if !invited => show::rules(&state, &group.state),
            _ => Vec::new(),
        };
        let aliases = state.aliases_of(no).filter(|_| !invited).filter_map(|name| {
            Some(ChannelAlias { name: name.parse().ok()?, domain: self.0.domain.clone() })
        });
        let kept_seconds = state.retention(no).filter(|_| !invited);
        let aliases = aliases.collect();
        Ok(ChannelDetail { summary, members, rules, kept_seconds, aliases, organisations })
    }

    async fn contacts(&self, caller: &Caller) -> Result<Vec<Contact>, Refusal> {
        Ok(self.contacts_of(caller))
    }

    async fn blocks(&self, caller: &Caller) -> Result<Vec<Blocked>, Refusal> {
        Ok(self.blocks_of(caller))
    }

    async fn find_group(
        &self,
        caller: &Caller,
        alias: ChannelAlias,
    ) -> Result<FoundGroup, Refusal> {
        self.group_of(caller, &alias).await
    }

    async fn find_groups(
        &self,
        caller: &Caller,
        domain: ServerName,
        after: Option<ChannelId>,
        limit: usize,
    ) -> Result<FoundGroups, Refusal> {
        self.groups_of(caller, &domain, after, limit).await
    }

    async fn history(
        &self,
        caller: &Caller,
        channel: ChannelId,
        page: Page,
        limit: usize,
    ) -> Result<HistoryPage, Refusal> {
        let no = {
            let state = self.shared().state();
            let (no, _) = state.channel(&channel).ok_or(Code::ChannelNotFound)?;
            let account = state.accounts.get(&caller.account.number).ok_or(Code::TokenInvalid)?;
            let stay = account.channels.get(&no).ok_or(Code::ChannelNotFound)?;
            let is_in = matches!(stay.standing, comity_machine::Standing::Joined);
            if !is_in && !state.reads_kept(caller.account.number, no) {
                return Err(Code::ChannelNotFound.into());
            }
            no
        };
        let mut page = self.page((no, caller.account.number), page, limit).await?;
        page.delivered = self.delivered(caller, no, &page);
        Ok(page)
    }

    async fn message(
        &self,
        caller: &Caller,
        channel: ChannelId,
        message: MessageId,
    ) -> Result<ShownMessage, Refusal> {
        Ok(history::message(self.shared(), &channel, message, caller.account)?)
    }

    async fn replies(
        &self,
        caller: &Caller,
        channel: ChannelId,
        message: MessageId,
        after: Option<MessageId>,
        limit: usize,
    ) -> Result<EventList, Refusal> {
        self.check_in(caller, &channel)?;
        let asked = (message, after);
        Ok(history::replies(self.shared(), &channel, asked, caller.account, limit)?)
    }

    async fn versions(
        &self,
        caller: &Caller,
        channel: ChannelId,
        message: MessageId,
    ) -> Result<Vec<Version>, Refusal> {
        self.check_in(caller, &channel)?;
        Ok(history::versions(self.shared(), &channel, message, caller.account)?)
    }

    async fn pins(
        &self,
        caller: &Caller,
        channel: ChannelId,
    ) -> Result<Vec<Arc<FeedEvent>>, Refusal> {
        let no = self.check_in(caller, &channel)?;
        let view = self.shared().view().map_err(history::failed)?;
        let pinned = self.pinned(caller, &view, no)?;
        Ok(history::messages(self.shared(), &channel, &pinned, caller.account)?)
    }

    async fn mentions(
        &self,
        caller: &Caller,
        before: Option<Cursor>,
        limit: usize,
    ) -> Result<EventList, Refusal> {
        let before = before.map(|cursor| cursor::Cursor::from_bytes(&cursor.0).pos);
        let before = before.unwrap_or(cursor::Pos(u64::MAX));
        Ok(history::mentions(self.shared(), caller.account, before, limit)?)
    }

    fn mark(&self) -> Mark {
        Mark(self.0.peers.progress.mark())
    }

    fn delivered_since(&self, caller: &Caller, mark: Mark) -> (Mark, Vec<Delivery>) {
        let progress = &self.0.peers.progress;
        let (now, notices) = progress.since(mark.0, convert::device_back(caller.device));
        (Mark(now), deliveries(self.shared(), notices))
    }

    async fn subscribe(
        &self,
        caller: &Caller,
        cursor: Option<Cursor>,
    ) -> Result<Subscribed<DeviceFeed>, Refusal> {
        let cursor = cursor.map(|cursor| cursor::Cursor::from_bytes(&cursor.0));
        let subscriber = Subscriber::Account(caller.account.number);
        let device = convert::device_back(caller.device);
        let opened =
            feed::Subscription::open(&self.0.hub, self.shared(), subscriber, Some(device), cursor);
        let moved = match cursor {
            Some(cursor) if !opened.resync => {
                let settings = self.settings_after(caller, cursor.pos);
                self.marks_after(caller, cursor.pos).into_iter().chain(settings).collect()
            }
            _ => Vec::new(),
        };
        // A device revoked between its authentication and here would not be told.
        if !self.shared().state().devices.contains_key(&device) {
            return Err(Code::TokenInvalid.into());
        }
        let shared = Arc::clone(self.shared());
        let presence = DevicePresence::new(self.presence(), caller.account.number, device);
        Ok(Subscribed {
            subscription: DeviceFeed::new(
                opened.subscription,
                (shared, self.0.measures.clone()),
                moved,
                presence,
            ),
            cursor: convert::cursor(opened.cursor),
            resync: opened.resync,
        })
    }
}
