//! Frames of the socket: their JSON, and the typed values that callers see. It must not know when a
//! frame is sent.

use std::borrow::Cow;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::Refused;
use crate::extra::{Draft, Extra, Presence, Reaction, Replies, Sign, lenient};

/// Something that happened in a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelEvent {
    /// Where the feed stands just after it; keep it to resume here.
    pub cursor: String,
    /// The channel.
    pub channel: String,
    /// Its id: a channel is shown sorted by it.
    pub id: String,
    /// When, in RFC 3339.
    pub time: String,
    /// Who, as `name@domain`.
    pub sender: String,
    /// What.
    pub content: Content,
    /// Messages that it took back, by id: they count as never sent.
    pub withdrawn: Vec<String>,
    /// Of a message: whether it came to the node long after its time.
    pub is_late: bool,
    /// Of a message: what is said of it besides, where anything is.
    pub extra: Option<Box<Extra>>,
}

/// Something in a channel's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEvent {
    /// Its id.
    pub id: String,
    /// When, in RFC 3339.
    pub time: String,
    /// Who, as `name@domain`.
    pub sender: String,
    /// What.
    pub content: Content,
    /// Of a message: whether it came to the node long after its time.
    pub is_late: bool,
    /// Of a message: what is said of it besides, where anything is.
    pub extra: Option<Box<Extra>>,
}

impl ChannelEvent {
    /// The event as history has it.
    pub fn into_history(self) -> HistoryEvent {
        let Self { id, time, sender, content, is_late, extra, .. } = self;
        HistoryEvent { id, time, sender, content, is_late, extra }
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Content {
    /// An account was removed and is kept out.
    Banned { account: String },
    /// A step towards being contacts, `asked`, `accepted` or `ended`, and towards whom.
    Contact { account: String, step: String },
    /// A group was created.
    Created { name: String },
    /// A message has another text now.
    Edited { message: String, text: Option<String> },
    /// A message was erased.
    Erased { message: String },
    /// A message whose text was erased.
    ErasedMessage,
    /// A message whose text is older than what is kept.
    ExpiredMessage,
    /// A group was handed over to another home.
    HandedOver { home: String },
    /// An account was invited; the group's name is empty where a stranger invites.
    Invited { account: String, name: String },
    /// An account came in.
    Joined { account: String },
    /// An account left or declined.
    Left { account: String },
    /// A text; `None` where the node does not hold it.
    Message { text: Option<String> },
    /// A kind that this version does not know.
    Other { kind: String },
    /// A message was pinned, or is pinned no more.
    Pinned { message: String, on: bool },
    /// Somebody reacted to a message, or took it back.
    Reacted { message: String, reaction: String, on: bool },
    /// An account was removed.
    Removed { account: String },
    /// The group was renamed.
    Renamed { name: String },
    /// What the reader asked of another organisation was refused.
    RequestRefused { code: String },
    /// A role changed.
    RoleChanged { account: String, role: String },
    /// A rule of the group changed: its name and value, as text.
    RuleChanged { rule: String },
    /// The topic changed.
    TopicChanged { topic: String },
    /// A ban ended.
    Unbanned { account: String },
}

/// A text is durable at the node.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Stored {
    /// Its id.
    pub id: String,
    /// Where the feed stands at it.
    pub cursor: String,
}

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// Asked of another organisation; the feed tells how it ends.
    pub requested: bool,
    /// The channel that was created, found or named.
    pub channel: Option<String>,
}

/// How many member organisations have a message.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Delivered {
    /// The channel.
    pub channel: String,
    /// The message.
    pub id: String,
    /// Organisations that have it, the sender's included.
    pub organisations: u32,
    /// Member organisations.
    pub of: u32,
    /// Whether it can no longer be taken back.
    #[serde(default, rename = "final")]
    pub is_final: bool,
}

/// What a client asks of a channel over the socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "do", rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Command {
    /// Accept an invitation.
    Accept { channel: String },
    /// Ask somebody to be a contact, or agree.
    AddContact { account: String },
    /// Create a group.
    CreateGroup {
        name: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        topic: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        member_limit: Option<u32>,
    },
    /// Decline an invitation.
    Decline { channel: String },
    /// Give a message of one's own another text.
    Edit { channel: String, message: String, text: String },
    /// Erase a message.
    Erase { channel: String, message: String },
    /// Invite an account.
    Invite { channel: String, account: String },
    /// Come into a group by its join rule.
    Join { channel: String, home: String },
    /// Come into the group that an alias names.
    #[serde(rename = "join")]
    JoinAlias { alias: String },
    /// Leave a group.
    Leave { channel: String },
    /// Say up to where the account has read a channel.
    MarkRead { channel: String, message: String },
    /// Open or find the direct channel with an account.
    OpenDirect { with: String },
    /// Pin a message, or take the pin off.
    Pin { channel: String, message: String, on: bool },
    /// React to a message, or take it back.
    React { channel: String, message: String, reaction: String, on: bool },
    /// Remove a member.
    Remove { channel: String, account: String },
    /// Take an alias back.
    RemoveAlias { alias: String },
    /// Decline, take back or end being contacts.
    RemoveContact { account: String },
    /// Rename a group.
    Rename { channel: String, name: String },
    /// Give a group an alias.
    SetAlias { channel: String, alias: String },
    /// Give a member a role.
    SetRole { channel: String, account: String, role: String },
    /// Change a group's topic.
    SetTopic { channel: String, topic: String },
}

/// A frame to the node.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum ClientFrame<'a> {
    Command {
        nonce: String,
        #[serde(flatten)]
        command: &'a Command,
    },
    Hello {
        token: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        cursor: Option<&'a str>,
    },
    Ping,
    Send {
        nonce: String,
        channel: &'a str,
        #[serde(flatten)]
        draft: &'a Draft,
    },
    Typing {
        channel: &'a str,
    },
}

/// A frame of the node, as far as this version knows it.
#[derive(Debug)]
pub(crate) enum NodeFrame {
    Answer(u64, Result<Answer, Refused>),
    Delivered(Delivered),
    Event(ChannelEvent),
    Goodbye(Refused, Option<String>),
    HistoryGrew(String),
    /// A refusal of no request in particular.
    Objection(Refused),
    /// Something that is no event of a channel's history.
    Sign(Sign),
    Unknown,
    Welcome(Welcome),
}

#[derive(Debug)]
pub(crate) enum Answer {
    Done(Done),
    Stored(Stored),
}

#[derive(Debug)]
pub(crate) struct Welcome {
    pub(crate) account: String,
    pub(crate) device: String,
    pub(crate) cursor: String,
    pub(crate) resync: bool,
    pub(crate) heartbeat: Duration,
}

/// Reads a frame; `None` when it breaks the contract.
pub(crate) fn parse(text: &str) -> Option<NodeFrame> {
    let shape: FrameShape<'_> = serde_json::from_str(text).ok()?;
    shape.into_frame()
}

/// Every field that any frame has: one flat shape is read in one pass.
#[derive(Deserialize)]
struct FrameShape<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    nonce: Option<String>,
    cursor: Option<String>,
    channel: Option<String>,
    event: Option<EventShape>,
    id: Option<String>,
    status: Option<String>,
    organisations: Option<u32>,
    of: Option<u32>,
    #[serde(default, rename = "final")]
    is_final: bool,
    code: Option<String>,
    message: Option<String>,
    retry_after_ms: Option<String>,
    endpoint: Option<String>,
    account: Option<String>,
    device: Option<String>,
    resync: Option<bool>,
    heartbeat_ms: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    unread: Option<u32>,
    #[serde(default, deserialize_with = "lenient")]
    mentions: Option<u32>,
    #[serde(default, deserialize_with = "lenient")]
    read: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    presences: Vec<Presence>,
    #[serde(default, deserialize_with = "lenient")]
    typing: Option<bool>,
}

impl FrameShape<'_> {
    fn into_frame(self) -> Option<NodeFrame> {
        let nonce = || self.nonce.as_deref()?.parse().ok();
        Some(match self.kind.as_ref() {
            "delivered" => NodeFrame::Delivered(Delivered {
                channel: self.channel?,
                id: self.id?,
                organisations: self.organisations?,
                of: self.of?,
                is_final: self.is_final,
            }),
            "done" => {
                let nonce = nonce()?;
                let requested = self.status? == "requested";
                NodeFrame::Answer(
                    nonce,
                    Ok(Answer::Done(Done { requested, channel: self.channel })),
                )
            }
            "event" => {
                NodeFrame::Event(self.event?.into_channel_event(self.cursor?, self.channel?)?)
            }
            "history_grew" => NodeFrame::HistoryGrew(self.channel?),
            "goodbye" | "refused" => {
                let (nonce, leaving) = (nonce(), self.kind == "goodbye");
                let refused = Refused {
                    code: self.code?,
                    message: self.message.unwrap_or_default(),
                    retry_after: self.retry_after_ms.as_deref().and_then(parse_ms),
                };
                match nonce {
                    _ if leaving => NodeFrame::Goodbye(refused, self.endpoint),
                    Some(nonce) => NodeFrame::Answer(nonce, Err(refused)),
                    None => NodeFrame::Objection(refused),
                }
            }
            "presence" => NodeFrame::Sign(Sign::Presence(self.presences)),
            "profile_changed" => NodeFrame::Sign(Sign::ProfileChanged),
            "read" => NodeFrame::Sign(Sign::Read {
                channel: self.channel?,
                account: self.account?,
                message: self.message?,
            }),
            "typing" => NodeFrame::Sign(Sign::Typing {
                channel: self.channel?,
                account: self.account?,
                typing: self.typing.unwrap_or(true),
            }),
            "unread" => NodeFrame::Sign(Sign::Unread {
                channel: self.channel?,
                unread: self.unread?,
                mentions: self.mentions.unwrap_or_default(),
                read: self.read,
            }),
            "stored" => {
                let stored = Stored { id: self.id?, cursor: self.cursor? };
                NodeFrame::Answer(self.nonce?.parse().ok()?, Ok(Answer::Stored(stored)))
            }
            "welcome" => NodeFrame::Welcome(Welcome {
                account: self.account?,
                device: self.device?,
                cursor: self.cursor?,
                resync: self.resync?,
                heartbeat: parse_ms(self.heartbeat_ms.as_deref()?)?,
            }),
            _ => NodeFrame::Unknown,
        })
    }
}

/// An event, flat as on the wire.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct EventShape {
    id: String,
    time: String,
    sender: String,
    kind: String,
    text: Option<String>,
    #[serde(default)]
    erased: bool,
    by: Option<String>,
    message: Option<String>,
    name: Option<String>,
    topic: Option<String>,
    account: Option<String>,
    role: Option<String>,
    code: Option<String>,
    step: Option<String>,
    home: Option<String>,
    join: Option<serde_json::Value>,
    posting: Option<String>,
    archived: Option<bool>,
    history: Option<String>,
    retention: Option<String>,
    #[serde(default)]
    pub(crate) withdrawn: Vec<String>,
    #[serde(default)]
    late: bool,
    reaction: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    on: Option<bool>,
    #[serde(default, deserialize_with = "lenient")]
    format: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    reply_to: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    thread: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    mentions: Vec<String>,
    #[serde(default, deserialize_with = "lenient")]
    mention_all: bool,
    #[serde(default, deserialize_with = "lenient")]
    edited_time: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    reactions: Vec<Reaction>,
    #[serde(default, deserialize_with = "lenient")]
    replies: Option<Replies>,
    #[serde(default, deserialize_with = "lenient")]
    pinned: bool,
}

impl EventShape {
    pub(crate) fn into_event(mut self) -> Option<HistoryEvent> {
        let extra = self.take_extra();
        let content = match self.kind.as_str() {
            "banned" => Content::Banned { account: self.account? },
            "edited" => Content::Edited { message: self.message?, text: self.text },
            "erased" => Content::Erased { message: self.message? },
            "message" if self.erased && self.by.as_deref() == Some("retention") => {
                Content::ExpiredMessage
            }
            "message" if self.erased => Content::ErasedMessage,
            "handed_over" => Content::HandedOver { home: self.home? },
            "rule_changed" => {
                let join = self.join.map(|rule| format!("join: {rule}"));
                let posting = self.posting.map(|role| format!("posting: {role}"));
                let archived = self.archived.map(|archived| format!("archived: {archived}"));
                let history = self.history.map(|rule| format!("history: {rule}"));
                let retention = self.retention.map(|rule| format!("retention: {rule}"));
                let rule = join.or(posting).or(archived).or(history).or(retention);
                Content::RuleChanged { rule: rule? }
            }
            "unbanned" => Content::Unbanned { account: self.account? },
            "contact" => Content::Contact { account: self.account?, step: self.step? },
            "created" => Content::Created { name: self.name? },
            "invited" => {
                Content::Invited { account: self.account?, name: self.name.unwrap_or_default() }
            }
            "joined" => Content::Joined { account: self.account? },
            "left" => Content::Left { account: self.account? },
            "message" => Content::Message { text: self.text },
            "pinned" => Content::Pinned { message: self.message?, on: self.on.unwrap_or(true) },
            "reacted" => Content::Reacted {
                message: self.message?,
                reaction: self.reaction?,
                on: self.on.unwrap_or(true),
            },
            "removed" => Content::Removed { account: self.account? },
            "renamed" => Content::Renamed { name: self.name? },
            "request_refused" => Content::RequestRefused { code: self.code? },
            "role_changed" => Content::RoleChanged { account: self.account?, role: self.role? },
            "topic_changed" => Content::TopicChanged { topic: self.topic? },
            _ => Content::Other { kind: self.kind },
        };
        let Self { id, time, sender, late: is_late, .. } = self;
        Some(HistoryEvent { id, time, sender, content, is_late, extra })
    }

    /// What goes with a message, where anything does.
    fn take_extra(&mut self) -> Option<Box<Extra>> {
        let extra = Extra {
            format: self.format.take(),
            reply_to: self.reply_to.take(),
            thread: self.thread.take(),
            mentions: std::mem::take(&mut self.mentions),
            mention_all: self.mention_all,
            edited_time: self.edited_time.take(),
            reactions: std::mem::take(&mut self.reactions),
            replies: self.replies.take(),
            pinned: self.pinned,
        };
        (extra != Extra::default()).then(|| Box::new(extra))
    }

    /// The same with its place in the feed.
    pub(crate) fn into_channel_event(
        mut self,
        cursor: String,
        channel: String,
    ) -> Option<ChannelEvent> {
        let withdrawn = std::mem::take(&mut self.withdrawn);
        let HistoryEvent { id, time, sender, content, is_late, extra } = self.into_event()?;
        Some(ChannelEvent { cursor, channel, id, time, sender, content, withdrawn, is_late, extra })
    }
}

/// A number of milliseconds as the wire has it.
pub(crate) fn parse_ms(text: &str) -> Option<Duration> {
    text.parse().ok().map(Duration::from_millis)
}
