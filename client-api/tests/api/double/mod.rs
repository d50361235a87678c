//! A test double: a node in memory, so that the API can be tested alone. It keeps just enough rules
//! to answer every resource and frame; the real node is tested elsewhere, and nothing here says how
//! it behaves inside.

#![allow(dead_code, clippy::unwrap_used)]

mod profiles;
mod push;
mod remarks;
pub(crate) mod rules;
mod search;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};

use comity_client_api::*;
use comity_protocol::code::Code;
use comity_protocol::hash::Hash;
use comity_protocol::id::{AccountId, AccountNumber, ChannelId, LineageId, MessageId};
use comity_protocol::key::NodePublicKey;
use comity_protocol::name::{AccountLabel, AccountName, ChannelAlias, ServerName};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::JoinHandle;

use rules::Channel;

/// Some node's key.
const KEY: &str = "iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w=";

/// The double. Cheap to clone; all clones are one node.
#[derive(Clone)]
pub(crate) struct Double {
    domain: ServerName,
    state: Arc<Mutex<State>>,
    /// Changes whenever there is something new for feeds.
    changed: Arc<watch::Sender<u64>>,
    /// Told of each feed that begins.
    listened: Arc<Notify>,
    /// While it is false, requests are taken but not answered.
    answering: Arc<watch::Sender<bool>>,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) accounts: BTreeMap<String, (AccountNumber, String)>,
    pub(crate) devices: HashMap<String, Caller>,
    pub(crate) device_names: BTreeMap<DeviceId, String>,
    pub(crate) channels: BTreeMap<ChannelId, Channel>,
    pub(crate) log: Vec<Arc<FeedEvent>>,
    pub(crate) answers: HashMap<(DeviceId, u64), (Action, Outcome)>,
    /// Texts in the order in which they reached the backend.
    pub(crate) arrivals: Vec<String>,
    /// Events that feeds handed out.
    pub(crate) handed_out: usize,
    pub(crate) goodbye: Option<(Code, Option<String>)>,
    pub(crate) endpoints: Vec<Endpoint>,
    /// What feeds tell beside events.
    pub(crate) notices: Vec<Delivery>,
    /// What was said of messages.
    pub(crate) said: BTreeMap<MessageId, remarks::Said>,
    /// Up to where accounts have read channels.
    pub(crate) read: BTreeMap<(AccountLabel, ChannelId), MessageId>,
    pub(crate) blocks: BTreeSet<(AccountLabel, AccountLabel)>,
    pub(crate) mutes: BTreeSet<(AccountLabel, ChannelId)>,
    /// What devices have subscribed to.
    pub(crate) pushes: BTreeMap<DeviceId, PushSubscription>,
    /// What accounts want to be told.
    pub(crate) wanted: BTreeMap<AccountLabel, Notifications>,
    pub(crate) levels: BTreeMap<(AccountLabel, ChannelId), NotificationLevel>,
    pub(crate) hides_reads: BTreeSet<AccountLabel>,
    pub(crate) contacts: BTreeMap<(AccountLabel, AccountLabel), ContactStanding>,
    /// Who has said that he types, where.
    pub(crate) typing: Vec<(AccountLabel, ChannelId, bool)>,
    /// What accounts say of themselves.
    pub(crate) present: BTreeMap<AccountLabel, PresenceChange>,
    /// How accounts want to be called.
    pub(crate) display_names: BTreeMap<AccountLabel, String>,
    /// The uploads that are shown as they are: the double knows no image.
    pub(crate) avatars: BTreeMap<AccountLabel, bytes::Bytes>,
    pub(crate) aliases: BTreeMap<ChannelAlias, ChannelId>,
    /// The id of the next channel that somebody opens, where it matters.
    pub(crate) next_channel: Option<ChannelId>,
    /// What the next request is refused with.
    pub(crate) refusal: Option<Refusal>,
    /// Who wrote messages that are in no log here.
    pub(crate) said_by: BTreeMap<MessageId, AccountLabel>,
    pub(crate) counter: u64,
}

/// A double behind a real listener; dropped, it stops.
pub(crate) struct Server {
    pub(crate) double: Double,
    pub(crate) url: String,
    pub(crate) address: std::net::SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<()>>,
    /// A runtime of its own, so that a server can be killed with all its connections.
    runtime: Option<Runtime>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(Double::new(), ApiSettings::default(), None).await
    }

    pub(crate) async fn start_with(
        double: Double,
        settings: ApiSettings,
        tls: Option<Arc<rustls::ServerConfig>>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let router = router(double.clone(), settings.clone(), axum::Router::new());
        let (stop, stopped) = oneshot::channel::<()>();
        let until = async move { drop(stopped.await) };
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = listener.into_std().unwrap();
        let task = runtime.spawn(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            serve(listener, router, settings, tls, until).await;
        });
        let url = format!("{scheme}://localhost:{}", address.port());
        let url = if scheme == "http" { format!("http://{address}") } else { url };
        Self { double, url, address, stop: Some(stop), task: Some(task), runtime: Some(runtime) }
    }

    /// Lets the server end in an orderly way, as a node does it, and waits for it.
    pub(crate) async fn stop(mut self) {
        if self.double.state().goodbye.is_none() {
            self.double.say_goodbye(Code::ShuttingDown, None);
        }
        drop(self.stop.take());
        self.task.take().unwrap().await.unwrap();
    }

    /// Ends the server and all its connections at once.
    pub(crate) fn kill(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Double {
    pub(crate) fn new() -> Self {
        Self {
            domain: "acme.test".parse().unwrap(),
            state: Arc::default(),
            changed: Arc::new(watch::channel(0).0),
            listened: Arc::default(),
            answering: Arc::new(watch::channel(true).0),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// From now on requests are taken but not answered.
    pub(crate) fn hold_answers(&self) {
        self.answering.send_replace(false);
    }

    pub(crate) fn release_answers(&self) {
        self.answering.send_replace(true);
    }

    /// Every feed ends with this.
    pub(crate) fn say_goodbye(&self, code: Code, endpoint: Option<&str>) {
        self.state().goodbye = Some((code, endpoint.map(str::to_owned)));
        self.wake();
    }

    /// An event that no request caused.
    pub(crate) fn publish(&self, channel: ChannelId, sender: &str, content: EventContent) {
        let sender = sender.parse().unwrap();
        self.state().append(channel, sender, content);
        self.wake();
    }

    pub(crate) fn notify_delivered(&self, channel: ChannelId, message: MessageId) {
        let is_final = true;
        self.tell([Delivery::Delivered { channel, message, organisations: 2, of: 2, is_final }]);
    }

    /// Every feed yields these, at once.
    pub(crate) fn tell(&self, deliveries: impl IntoIterator<Item = Delivery>) {
        let mut state = self.state();
        for delivery in deliveries {
            match delivery {
                Delivery::Event(event) => state.log.push(event),
                Delivery::Goodbye { code, endpoint } => state.goodbye = Some((code, endpoint)),
                notice => state.notices.push(notice),
            }
        }
        drop(state);
        self.wake();
    }

    /// Waits for a feed that begins, or that has begun since this was asked last.
    pub(crate) async fn is_listened_to(&self) {
        self.listened.notified().await;
    }

    fn wake(&self) {
        self.changed.send_modify(|count| *count += 1);
    }

    fn log_device_in(&self, state: &mut State, name: &AccountName, device: String) -> LoggedIn {
        let number = state.accounts[name.as_str()].0;
        let device_name = device;
        let device = DeviceId(state.count());
        state.device_names.insert(device, device_name);
        let token = format!("token-{}-{}", name, device.0);
        let caller = Caller {
            account: AccountId { lineage: LineageId([1; 32]), number },
            label: AccountLabel { name: name.clone(), domain: self.domain.clone() },
            device,
        };
        state.devices.insert(token.clone(), caller.clone());
        LoggedIn { caller, token }
    }
}

impl State {
    pub(crate) fn count(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    pub(crate) fn append(
        &mut self,
        channel: ChannelId,
        sender: AccountLabel,
        content: EventContent,
    ) {
        let number = self.count();
        let time = comity_protocol::clock::HybridTime::from_unix_ms(TIME_UNIX_MS + number);
        self.log.push(Arc::new(FeedEvent {
            cursor: cursor_at(self.log.len() + 1),
            channel,
            id: MessageId::new(time, &Hash([7; 32])),
            time_unix_ms: time.unix_ms(),
            sender,
            content,
            withdrawn: Vec::new(),
            is_late: false,
            is_final: true,
            encoded: Default::default(),
        }));
    }

    fn deliveries(&self) -> impl Iterator<Item = &Delivery> {
        self.notices.iter().filter(|notice| matches!(notice, Delivery::Delivered { .. }))
    }

    fn seen(&self, caller: &Caller, account: AccountLabel) -> Presence {
        let is_contact = self.contacts.contains_key(&(caller.label.clone(), account.clone()));
        let said = self.present.get(&account).cloned().unwrap_or_default();
        let state = match (account == caller.label, is_contact) {
            (true, _) => said.state.unwrap_or(PresenceState::Online),
            (_, true) => PresenceState::Offline,
            _ => PresenceState::Unknown,
        };
        let last_active = (state == PresenceState::Offline).then_some(TIME_UNIX_MS);
        let status = said.status.map(Into::into);
        let encoded = Default::default();
        Presence { account, state, status, last_active_unix_ms: last_active, encoded }
    }

    fn sees(&self, label: &AccountLabel, event: &FeedEvent) -> bool {
        self.channels.get(&event.channel).is_some_and(|c| c.members.contains_key(label))
    }
}

impl Backend for Double {
    type Subscription = Feed;

    fn domain(&self) -> &ServerName {
        &self.domain
    }

    fn endpoints(&self) -> Vec<Endpoint> {
        self.state().endpoints.clone()
    }

    fn introduction(&self) -> NodeIntroduction {
        let key = data_encoding::BASE64.decode(KEY.as_bytes()).unwrap().try_into();
        let host = "node1.acme.test".to_owned();
        NodeIntroduction {
            lineage: LineageId([7; 32]),
            key_name: "2026a".to_owned(),
            key: NodePublicKey::from_bytes(&key.unwrap()).unwrap(),
            first_key: None,
            recovery: Hash([0x45; 32]),
            hosts: vec![NodeHost { host, port: 4433, priority: 10, weight: 5 }],
        }
    }

    async fn authenticate(&self, token: &str) -> Result<Caller, Refusal> {
        self.state().devices.get(token).cloned().ok_or(Code::TokenInvalid.into())
    }

    async fn sign_up(&self, sign_up: SignUp) -> Result<LoggedIn, Refusal> {
        let mut state = self.state();
        let name = sign_up.name.as_str().to_owned();
        if state.accounts.contains_key(&name) {
            return Err(Code::NameTaken.into());
        }
        let number = AccountNumber(state.count());
        state.accounts.insert(name, (number, sign_up.password));
        Ok(self.log_device_in(&mut state, &sign_up.name, sign_up.device_name))
    }

    async fn log_in(&self, log_in: LogIn) -> Result<LoggedIn, Refusal> {
        let mut state = self.state();
        match state.accounts.get(log_in.name.as_str()) {
            Some((_, password)) if *password == log_in.password => {
                Ok(self.log_device_in(&mut state, &log_in.name, log_in.device_name))
            }
            _ => Err(Code::CredentialsWrong.into()),
        }
    }

    async fn change_account(&self, caller: &Caller, change: AccountChange) -> Result<(), Refusal> {
        self.state().change_account(caller, change)
    }

    async fn devices(&self, caller: &Caller) -> Result<Vec<Device>, Refusal> {
        let state = self.state();
        let own = state.devices.values().filter(|c| c.account == caller.account);
        let device = |c: &Caller| Device {
            id: c.device,
            name: state.device_names[&c.device].clone(),
            created_unix_ms: TIME_UNIX_MS,
            current: c.device == caller.device,
        };
        let mut devices: Vec<Device> = own.map(device).collect();
        devices.sort_by_key(|device| device.id);
        Ok(devices)
    }

    fn shows_reads(&self, caller: &Caller) -> bool {
        !self.state().hides_reads.contains(&caller.label)
    }

    async fn perform(
        &self,
        caller: &Caller,
        nonce: Option<u64>,
        action: Action,
    ) -> Result<Outcome, Refusal> {
        let outcome = self.state().perform(caller, nonce, action);
        self.wake();
        // The sender of the watch lives as long as the double.
        self.answering.subscribe().wait_for(|answering| *answering).await.unwrap();
        outcome
    }

    async fn channels(&self, caller: &Caller) -> Result<Vec<ChannelSummary>, Refusal> {
        Ok(self.state().channels_of(&caller.label))
    }

    async fn channel(&self, caller: &Caller, id: ChannelId) -> Result<ChannelDetail, Refusal> {
        self.state().channel_of(&caller.label, id)
    }

    async fn contacts(&self, caller: &Caller) -> Result<Vec<Contact>, Refusal> {
        let state = self.state();
        let own = state.contacts.iter().filter(|((me, _), _)| *me == caller.label);
        let contact = |((_, account), standing): (&(_, AccountLabel), &ContactStanding)| Contact {
            account: account.clone(),
            standing: *standing,
            since_unix_ms: TIME_UNIX_MS,
        };
        Ok(own.map(contact).collect())
    }

    async fn blocks(&self, caller: &Caller) -> Result<Vec<Blocked>, Refusal> {
        let state = self.state();
        let own = state.blocks.iter().filter(|(me, _)| *me == caller.label);
        let blocked = |(_, account): &(_, AccountLabel)| Blocked {
            account: account.clone(),
            since_unix_ms: TIME_UNIX_MS,
        };
        Ok(own.map(blocked).collect())
    }

    async fn find_group(&self, _: &Caller, alias: ChannelAlias) -> Result<FoundGroup, Refusal> {
        self.state().find_group(&alias)
    }

    async fn find_groups(
        &self,
        _: &Caller,
        domain: ServerName,
        after: Option<ChannelId>,
        limit: usize,
    ) -> Result<FoundGroups, Refusal> {
        Ok(self.state().find_groups(&domain, after, limit))
    }

    async fn history(
        &self,
        caller: &Caller,
        channel: ChannelId,
        page: Page,
        limit: usize,
    ) -> Result<HistoryPage, Refusal> {
        self.state().history(&caller.label, channel, page, limit)
    }

    async fn message(
        &self,
        caller: &Caller,
        channel: ChannelId,
        message: MessageId,
    ) -> Result<ShownMessage, Refusal> {
        self.state().message(&caller.label, channel, message)
    }

    async fn replies(
        &self,
        caller: &Caller,
        channel: ChannelId,
        message: MessageId,
        after: Option<MessageId>,
        limit: usize,
    ) -> Result<EventList, Refusal> {
        let is_of = |content: &MessageContent| content.besides.thread == Some(message);
        let mut events = self.state().events_where(&caller.label, channel, is_of)?;
        events.retain(|event| after.is_none_or(|after| event.id > after));
        let more = events.len() > limit;
        events.truncate(limit);
        Ok(EventList { events, more })
    }

    async fn versions(
        &self,
        caller: &Caller,
        channel: ChannelId,
        message: MessageId,
    ) -> Result<Vec<Version>, Refusal> {
        self.state().versions(&caller.label, channel, message)
    }

    async fn pins(
        &self,
        caller: &Caller,
        channel: ChannelId,
    ) -> Result<Vec<Arc<FeedEvent>>, Refusal> {
        self.state().events_where(&caller.label, channel, |content| content.since.is_pinned)
    }

    async fn mentions(
        &self,
        caller: &Caller,
        _: Option<Cursor>,
        limit: usize,
    ) -> Result<EventList, Refusal> {
        let mut events = self.state().mentioning(&caller.label);
        let more = events.len() > limit;
        events.truncate(limit);
        Ok(EventList { events, more })
    }

    fn mark(&self) -> Mark {
        Mark(self.state().deliveries().count() as u64)
    }

    fn delivered_since(&self, _: &Caller, mark: Mark) -> (Mark, Vec<Delivery>) {
        let known = usize::try_from(mark.0).unwrap();
        let told = self.state().deliveries().skip(known).cloned().collect();
        (self.mark(), told)
    }

    async fn subscribe(
        &self,
        caller: &Caller,
        cursor: Option<Cursor>,
    ) -> Result<Subscribed<Feed>, Refusal> {
        let newest = self.state().log.len();
        let (position, resync) = match cursor.map(position_of) {
            None => (newest, false),
            Some(Some(position)) if position <= newest => (position, false),
            Some(_) => (newest, true),
        };
        let changed = self.changed.subscribe();
        let notices = self.state().notices.len();
        let label = caller.label.clone();
        let double = self.clone();
        let subscription = Feed { double, label, position, notices, changed };
        self.listened.notify_one();
        Ok(Subscribed { subscription, cursor: cursor_at(position), resync })
    }
}

impl PresenceBackend for Double {
    async fn set_presence(&self, caller: &Caller, change: PresenceChange) -> Result<(), Refusal> {
        self.state().present.insert(caller.label.clone(), change);
        Ok(())
    }

    async fn presences(
        &self,
        caller: &Caller,
        accounts: Vec<AccountLabel>,
    ) -> Result<Vec<Arc<Presence>>, Refusal> {
        let state = self.state();
        Ok(accounts.into_iter().map(|account| Arc::new(state.seen(caller, account))).collect())
    }

    async fn channel_presences(
        &self,
        caller: &Caller,
        channel: ChannelId,
    ) -> Result<Vec<Arc<Presence>>, Refusal> {
        let members = self.state().channel_of(&caller.label, channel)?.members;
        self.presences(caller, members.into_iter().map(|member| member.account).collect()).await
    }

    fn set_typing(&self, caller: &Caller, channel: ChannelId, is_typing: bool) {
        self.state().typing.push((caller.label.clone(), channel, is_typing));
    }
}

/// A place in the double's log; nothing is queued for it.
pub(crate) struct Feed {
    double: Double,
    label: AccountLabel,
    position: usize,
    notices: usize,
    changed: watch::Receiver<u64>,
}

impl Feed {
    fn take(&mut self, max: usize) -> Vec<Delivery> {
        let mut state = self.double.state();
        let mut taken = Vec::new();
        while taken.len() < max && self.position < state.log.len() {
            let event = state.log[self.position].clone();
            self.position += 1;
            if state.sees(&self.label, &event) {
                taken.push(Delivery::Event(event));
            }
        }
        while taken.len() < max && self.notices < state.notices.len() {
            taken.push(state.notices[self.notices].clone());
            self.notices += 1;
        }
        if taken.is_empty()
            && let Some((code, endpoint)) = state.goodbye.clone()
        {
            taken.push(Delivery::Goodbye { code, endpoint });
        }
        state.handed_out += taken.len();
        taken
    }
}

impl Subscription for Feed {
    async fn next(&mut self, max: usize) -> Vec<Delivery> {
        loop {
            self.changed.mark_unchanged();
            let taken = self.take(max);
            if !taken.is_empty() {
                return taken;
            }
            self.changed.changed().await.unwrap();
        }
    }

    async fn ready(&mut self, max: usize) -> Vec<Delivery> {
        self.take(max)
    }
}

fn cursor_at(position: usize) -> Cursor {
    let mut bytes = [9; 24];
    bytes[16..].copy_from_slice(&(position as u64).to_be_bytes());
    Cursor(bytes)
}

/// `None` for a cursor of another store.
fn position_of(cursor: Cursor) -> Option<usize> {
    let position = u64::from_be_bytes(cursor.0[16..].try_into().unwrap());
    (cursor.0[..16] == [9; 16]).then(|| usize::try_from(position).unwrap())
}

pub(crate) const TIME_UNIX_MS: u64 = 1_795_404_447_123;
