//! The port: what the client API asks of a node. The node implements it
//! (`node/src/edge/client.rs`); nothing here knows how. Values are the protocol's types; JSON
//! shapes live in `model/` and are converted by hand.

use std::sync::Arc;
use std::time::Duration;

use comity_protocol::code::Code;
use comity_protocol::id::{AccountId, ChannelId, MessageId};
use comity_protocol::name::{AccountLabel, AccountName, ChannelAlias, ServerName};

pub use crate::action::{Action, JoinRule, Rule};
pub use crate::endpoint::{Endpoint, NodeHost, NodeIntroduction};
use crate::message::{EventList, Version};

pub use crate::event::{EventContent, FeedEvent};
pub use crate::found::{Blocked, Contact, ContactStanding, ContactStep, FoundGroup, FoundGroups};
use crate::presence::{Heartbeat, Presence, PresenceBackend, Typing};
use crate::profile::ProfileBackend;
use crate::push::{NotificationLevel, PushBackend};
use crate::search::SearchBackend;
pub use crate::subscription::{Subscribed, Subscription};

/// Who makes a request: an account on one of its devices, proven by the device's token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The account.
    pub account: AccountId,
    /// Its label.
    pub label: AccountLabel,
    /// The device.
    pub device: DeviceId,
}

/// A device of an account, as a number of its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(pub u64);

/// A refusal: a stable code, a sentence that may say more than the code's own, and when to try
/// again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The code.
    pub code: Code,
    /// One sentence for the caller; never an inner error's text.
    pub sentence: String,
    /// When a repeat has a chance.
    pub retry_after: Option<Duration>,
}

impl From<Code> for Refusal {
    fn from(code: Code) -> Self {
        Self { code, sentence: code.sentence().to_owned(), retry_after: None }
    }
}

/// A sign-up as asked for.
#[derive(Clone, Debug)]
pub struct SignUp {
    /// The name, already normalised.
    pub name: AccountName,
    /// The password, at most 1,024 characters.
    pub password: String,
    /// An invite token, where the node asks for one.
    pub invite: Option<String>,
    /// What the user calls this device.
    pub device_name: String,
}

/// A log-in as asked for.
#[derive(Clone, Debug)]
pub struct LogIn {
    /// The name, already normalised.
    pub name: AccountName,
    /// The password.
    pub password: String,
    /// What the user calls this device.
    pub device_name: String,
}

/// A new device and its token, which the node shows this once and keeps only as a hash.
#[derive(Clone, Debug)]
pub struct LoggedIn {
    /// The account on the new device.
    pub caller: Caller,
    /// The opaque token.
    pub token: String,
}

/// A device as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// The id.
    pub id: DeviceId,
    /// What the user calls it.
    pub name: String,
    /// When it logged in, in Unix milliseconds.
    pub created_unix_ms: u64,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// A role in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Reads and writes.
    Member,
    /// Invites, removes members, changes name and topic.
    Moderator,
    /// All that, and changes roles.
    Owner,
}

impl Role {
    /// Its name, as clients see it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Moderator => "moderator",
            Self::Owner => "owner",
        }
    }
}

/// What became of an [`Action`], durable when answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The channel that was created, found, or joined.
    Channel(ChannelId),
    /// Done.
    Done,
    /// The home of this channel, another organisation, is asked to let the caller in.
    Joining(ChannelId),
    /// Asked of the channel's home, another organisation; the feed tells when it is granted or
    /// refused.
    Requested,
    /// It is reported to the admin of the caller's node.
    Reported {
        /// The author's organisation, where that is another one and is told.
        to: Option<ServerName>,
    },
    /// The text is stored.
    Stored {
        /// Its id.
        message: MessageId,
        /// Where the feed stands at it.
        cursor: Cursor,
    },
}

/// A change to the caller's own account or devices.
#[derive(Clone, Debug)]
pub enum AccountChange {
    /// Delete the account.
    Delete {
        /// Its password.
        password: String,
    },
    /// Log this device out.
    LogOut,
    /// Change the password; every other device stays logged in.
    Password {
        /// The old one.
        old: String,
        /// The new one.
        new: String,
    },
    /// Log another device out.
    RevokeDevice(DeviceId),
}

/// A place in the feed of one node, opaque to whoever holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cursor(pub [u8; 24]);

/// A place in what a node heard of deliveries, opaque to whoever holds it. Polls keep it with their
/// cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark(pub u64);

/// What a channel is to one of its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChannelKind {
    /// Two accounts.
    Direct {
        /// The other account.
        with: AccountLabel,
    },
    /// A group.
    Group {
        /// The name; empty where it is not shown, since a stranger invites.
        name: String,
        /// The topic; may be empty.
        topic: String,
        /// The organisation that writes its control log.
        home: ServerName,
        /// The most members.
        member_limit: u32,
    },
}

/// The caller's standing in a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Invited, not yet in.
    Invited,
    /// In.
    Joined(Role),
    /// Accepted an invitation of another organisation's group that its home has not yet recorded.
    Joining,
    /// In no more, as the channel is shared with the caller's organisation no longer; what was said
    /// until then can be read.
    Kept,
}

/// A channel in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelSummary {
    /// The id.
    pub id: ChannelId,
    /// What it is.
    pub kind: ChannelKind,
    /// The caller's standing.
    pub standing: Standing,
    /// Who invites to a group that the node does not hold yet.
    pub inviter: Option<AccountLabel>,
    /// The newest message's time in Unix milliseconds, where there is one.
    pub last_message_unix_ms: Option<u64>,
    /// What the caller has not read, once in.
    pub unread: Unread,
    /// Whether the caller's devices are to be quiet about it.
    pub muted: bool,
    /// Of which messages they are told, where the caller says so of this channel.
    pub level: Option<NotificationLevel>,
}

/// What a caller has not read of a channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unread {
    /// Messages of others.
    pub messages: u64,
    /// Those of them that mention the caller.
    pub mentions: u64,
    /// The message up to which the caller has read.
    pub read: Option<MessageId>,
}

/// A member of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub account: AccountLabel,
    /// The role; both sides of a direct channel are members.
    pub role: Role,
    /// Invited, not yet in.
    pub invited: bool,
    /// How it wants to be called, of an account of this node.
    pub display_name: Option<String>,
    /// The message up to which it has read, where it shows that and the channel is small.
    pub read: Option<MessageId>,
}

/// A channel with its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelDetail {
    /// The channel.
    pub summary: ChannelSummary,
    /// Its members by label.
    pub members: Vec<Member>,
    /// Of a group that the caller is in: its rules.
    pub rules: Vec<Rule>,
    /// How long texts are kept at this node, in seconds, where not for ever.
    pub kept_seconds: Option<u64>,
    /// Of a group: its aliases at this node.
    pub aliases: Vec<ChannelAlias>,
    /// Other organisations that are in it, by domain.
    pub organisations: Vec<ChannelOrganisation>,
}

/// Another organisation in a channel, as this node sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelOrganisation {
    /// Its domain.
    pub domain: String,
    /// Whether its node is linked with this one at the moment.
    pub is_linked: bool,
    /// The time of the oldest thing said here that its node has not confirmed, in Unix
    /// milliseconds; absent where there is none, or where its node was not met since this one
    /// started.
    pub behind_since_unix_ms: Option<u64>,
    /// Whether this node does not let its node in, by its admin's word or the lack of one.
    pub is_refused: bool,
}

/// Which part of a channel's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// The ones after a message, oldest first.
    After(MessageId),
    /// Around a message: half before, it, half after.
    Around(MessageId),
    /// The ones at and after a time in Unix milliseconds.
    AtDate(u64),
    /// The ones before a message.
    Before(MessageId),
    /// The newest.
    Latest,
}

/// A page of history in the channel's order, oldest first.
#[derive(Clone, Debug)]
pub struct HistoryPage {
    /// The events.
    pub events: Vec<Arc<FeedEvent>>,
    /// Whether older ones exist.
    pub more_before: bool,
    /// Whether newer ones exist.
    pub more_after: bool,
    /// Whether older ones, or some between them, are still on their way here from other nodes.
    pub history_pending: bool,
    /// Whether nothing older is shown because the group's rule hides what was before the caller
    /// came.
    pub history_limited: bool,
    /// How far the caller's own messages among them have come: [`Delivery::Delivered`] of each that
    /// more than one organisation is to apply.
    pub delivered: Vec<Delivery>,
}

/// A message by its id.
#[derive(Clone, Debug)]
pub struct ShownMessage {
    /// The message.
    pub event: Arc<FeedEvent>,
    /// To its author, where it was erased: who has confirmed that.
    pub erasure: Option<Confirmations>,
}

/// Which other organisations have said that they have erased a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmations {
    /// Those.
    pub confirmed: Vec<ServerName>,
    /// Members of the channel that have not.
    pub unconfirmed: Vec<ServerName>,
}

/// What a subscription yields.
#[derive(Clone, Debug)]
pub enum Delivery {
    /// The account has changed whom it blocks.
    BlocksChanged,
    /// A message of this account reached more organisations, or became final.
    Delivered {
        /// The channel.
        channel: ChannelId,
        /// The message.
        message: MessageId,
        /// Member organisations that applied it, its own included.
        organisations: u32,
        /// Member organisations.
        of: u32,
        /// Whether it can no longer be taken back: no control record that its author did not know
        /// of bears on it.
        is_final: bool,
    },
    /// An event, in feed order.
    Event(Arc<FeedEvent>),
    /// The node ends the subscription.
    Goodbye {
        /// Why: `ShuttingDown`, `TokenInvalid` (logged out or revoked) or `Overloaded`.
        code: Code,
        /// Another endpoint to go to.
        endpoint: Option<String>,
    },
    /// The client is to give signs of life at another pace from now on.
    Heartbeat(Heartbeat),
    /// Older history of a channel came from another node.
    HistoryGrew {
        /// The channel.
        channel: ChannelId,
    },
    /// The account has muted a channel, or no longer.
    Muted {
        /// The channel.
        channel: ChannelId,
        /// Whether it is muted from now on.
        muted: bool,
    },
    /// Another member has read up to a message.
    Read {
        /// The channel.
        channel: ChannelId,
        /// Who.
        account: AccountLabel,
        /// The message.
        message: MessageId,
    },
    /// The account's own mark has moved.
    Unread {
        /// The channel.
        channel: ChannelId,
        /// What is unread from now on.
        unread: Unread,
    },
    /// How accounts are that this one watches.
    Presence(Vec<Arc<Presence>>),
    /// The account wants to be told of something else.
    NotificationsChanged,
    /// The account has another display name or avatar.
    ProfileChanged,
    /// Somebody types.
    Typing(Arc<Typing>),
}

/// A node, as the client API sees it. Cheap to clone.
pub trait Backend:
    PresenceBackend + ProfileBackend + PushBackend + SearchBackend + Clone + Send + Sync + 'static
{
    /// The feed of a device.
    type Subscription: Subscription;

    /// The organisation's domain.
    fn domain(&self) -> &ServerName;

    /// Where clients connect; empty when the document should name the address it is served from.
    fn endpoints(&self) -> Vec<Endpoint>;

    /// What other nodes are told, so that they need no signed DNS to know this one.
    fn introduction(&self) -> NodeIntroduction;

    /// Who holds a token.
    fn authenticate(&self, token: &str) -> impl Future<Output = Result<Caller, Refusal>> + Send;

    /// Makes an account and logs its first device in.
    fn sign_up(&self, sign_up: SignUp) -> impl Future<Output = Result<LoggedIn, Refusal>> + Send;

    /// Logs a device in.
    fn log_in(&self, log_in: LogIn) -> impl Future<Output = Result<LoggedIn, Refusal>> + Send;

    /// Changes the caller's account or devices.
    fn change_account(
        &self,
        caller: &Caller,
        change: AccountChange,
    ) -> impl Future<Output = Result<(), Refusal>> + Send;

    /// The caller's devices.
    fn devices(&self, caller: &Caller)
    -> impl Future<Output = Result<Vec<Device>, Refusal>> + Send;

    /// Whether others see how far the caller has read.
    fn shows_reads(&self, caller: &Caller) -> bool;

    /// Whether the caller may do what the admin of the node does; nobody, if not said.
    fn is_admin(&self, _: &Caller) -> bool {
        false
    }

    /// Does what a caller asks, once per nonce. Without a nonce it is done each time. Answers only
    /// after the change is on disk.
    fn perform(
        &self,
        caller: &Caller,
        nonce: Option<u64>,
        action: Action,
    ) -> impl Future<Output = Result<Outcome, Refusal>> + Send;

    /// The caller's channels, those invited to included.
    fn channels(
        &self,
        caller: &Caller,
    ) -> impl Future<Output = Result<Vec<ChannelSummary>, Refusal>> + Send;

    /// One channel of the caller's.
    fn channel(
        &self,
        caller: &Caller,
        channel: ChannelId,
    ) -> impl Future<Output = Result<ChannelDetail, Refusal>> + Send;

    /// Whom the caller knows: contacts, those asked, those who ask, and those declined, by label.
    fn contacts(
        &self,
        caller: &Caller,
    ) -> impl Future<Output = Result<Vec<Contact>, Refusal>> + Send;

    /// Whom the caller blocks, by label.
    fn blocks(&self, caller: &Caller)
    -> impl Future<Output = Result<Vec<Blocked>, Refusal>> + Send;

    /// The group that an alias of any domain names, where the caller may join it or is in it.
    fn find_group(
        &self,
        caller: &Caller,
        alias: ChannelAlias,
    ) -> impl Future<Output = Result<FoundGroup, Refusal>> + Send;

    /// Groups of a domain that the caller may join: at most `limit` with ids above `after`.
    fn find_groups(
        &self,
        caller: &Caller,
        domain: ServerName,
        after: Option<ChannelId>,
        limit: usize,
    ) -> impl Future<Output = Result<FoundGroups, Refusal>> + Send;

    /// A page of a channel's history, at most `limit` events.
    fn history(
        &self,
        caller: &Caller,
        channel: ChannelId,
        page: Page,
        limit: usize,
    ) -> impl Future<Output = Result<HistoryPage, Refusal>> + Send;

    /// A message by its id.
    fn message(
        &self,
        caller: &Caller,
        channel: ChannelId,
        message: MessageId,
    ) -> impl Future<Output = Result<ShownMessage, Refusal>> + Send;

    /// The messages of a thread after one of them, at most `limit`, oldest first.
    fn replies(
        &self,
        caller: &Caller,
        channel: ChannelId,
        message: MessageId,
        after: Option<MessageId>,
        limit: usize,
    ) -> impl Future<Output = Result<EventList, Refusal>> + Send;

    /// The texts that a message has had, oldest first.
    fn versions(
        &self,
        caller: &Caller,
        channel: ChannelId,
        message: MessageId,
    ) -> impl Future<Output = Result<Vec<Version>, Refusal>> + Send;

    /// The pinned messages of a channel, the one pinned last first.
    fn pins(
        &self,
        caller: &Caller,
        channel: ChannelId,
    ) -> impl Future<Output = Result<Vec<Arc<FeedEvent>>, Refusal>> + Send;

    /// Messages that mention the caller before a place in the feed, the newest first.
    fn mentions(
        &self,
        caller: &Caller,
        before: Option<Cursor>,
        limit: usize,
    ) -> impl Future<Output = Result<EventList, Refusal>> + Send;

    /// The mark of what is known of deliveries now.
    fn mark(&self) -> Mark;

    /// [`Delivery::Delivered`] of each of the device's newest messages that came further since a
    /// mark, and the mark of now. What a subscription yields of them is in it as soon as it is
    /// yielded.
    fn delivered_since(&self, caller: &Caller, mark: Mark) -> (Mark, Vec<Delivery>);

    /// Follows the feed from a cursor, or from now.
    fn subscribe(
        &self,
        caller: &Caller,
        cursor: Option<Cursor>,
    ) -> impl Future<Output = Result<Subscribed<Self::Subscription>, Refusal>> + Send;
}
