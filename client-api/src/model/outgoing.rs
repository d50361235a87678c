//! What the node sends over a socket, and the shape of a refusal. An event is encoded once and
//! shared by all devices. It must not know who receives a frame.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::besides::{MessageShape, format_of};
use super::presence::PresenceShape;
use super::rule::RuleShape;
use super::time::format_unix_ms;
use super::value::{contact_step_text, cursor_text, device_text};
use crate::backend::{Caller, Cursor, Delivery, EventContent, FeedEvent, Outcome, Refusal, Unread};

/// A frame of the node.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum NodeFrame<'a> {
    BlocksChanged {},
    Delivered {
        channel: String,
        id: String,
        organisations: u32,
        of: u32,
        #[serde(default, rename = "final", skip_serializing_if = "std::ops::Not::not")]
        is_final: bool,
    },
    Done {
        nonce: String,
        status: Cow<'a, str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        channel: Option<String>,
    },
    Event {
        cursor: String,
        channel: String,
        event: Box<EventShape<'a>>,
    },
    Goodbye {
        code: Cow<'a, str>,
        message: Cow<'a, str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        endpoint: Option<String>,
    },
    Heartbeat {
        heartbeat_ms: String,
    },
    HistoryGrew {
        channel: String,
    },
    Muted {
        channel: String,
        muted: bool,
    },
    Read {
        channel: String,
        account: String,
        message: String,
    },
    Unread {
        channel: String,
        #[serde(flatten)]
        unread: UnreadShape,
    },
    NotificationsChanged {},
    Pong {
        #[serde(skip_serializing_if = "Option::is_none")]
        data: Option<String>,
    },
    Presence {
        presences: Vec<PresenceShape<'a>>,
    },
    ProfileChanged {},
    Refused {
        #[serde(skip_serializing_if = "Option::is_none")]
        nonce: Option<String>,
        #[serde(flatten)]
        error: ErrorShape<'a>,
    },
    Stored {
        nonce: String,
        channel: String,
        id: String,
        cursor: String,
    },
    Typing {
        channel: String,
        account: String,
        typing: bool,
    },
    Welcome {
        account: String,
        device: String,
        cursor: String,
        resync: bool,
        heartbeat_ms: String,
    },
}

/// What is unread of a channel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct UnreadShape {
    unread: u64,
    mentions: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    read: Option<String>,
}

impl From<Unread> for UnreadShape {
    fn from(unread: Unread) -> Self {
        let Unread { messages, mentions, read } = unread;
        Self { unread: messages, mentions, read: read.map(|id| id.to_string()) }
    }
}

/// An event within its frame.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct EventShape<'a> {
    id: String,
    time: String,
    sender: String,
    #[serde(flatten)]
    content: ContentShape<'a>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    withdrawn: Vec<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    late: bool,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum ContentShape<'a> {
    Banned {
        account: String,
    },
    Contact {
        account: String,
        step: Cow<'a, str>,
    },
    Created {
        name: Cow<'a, str>,
    },
    Edited {
        message: String,
        text: Option<Cow<'a, str>>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        format: Option<Cow<'a, str>>,
    },
    Erased {
        message: String,
    },
    HandedOver {
        home: String,
    },
    Invited {
        account: String,
        #[serde(default, skip_serializing_if = "str::is_empty")]
        name: Cow<'a, str>,
    },
    Joined {
        account: String,
    },
    Left {
        account: String,
    },
    Message(Box<MessageShape<'a>>),
    Pinned {
        message: String,
        on: bool,
    },
    Reacted {
        message: String,
        reaction: Cow<'a, str>,
        on: bool,
    },
    Removed {
        account: String,
    },
    Renamed {
        name: Cow<'a, str>,
    },
    RequestRefused {
        code: Cow<'a, str>,
    },
    RoleChanged {
        account: String,
        role: Cow<'a, str>,
    },
    RuleChanged(RuleShape<'a>),
    TopicChanged {
        topic: Cow<'a, str>,
    },
    Unbanned {
        account: String,
    },
}

/// What every refusal says.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ErrorShape<'a> {
    code: Cow<'a, str>,
    message: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<String>,
}

/// A refusal as the body of an HTTP answer.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ErrorAnswer<'a> {
    error: ErrorShape<'a>,
}

impl<'a> From<&'a Refusal> for ErrorAnswer<'a> {
    fn from(refusal: &'a Refusal) -> Self {
        Self { error: refusal.into() }
    }
}

impl<'a> From<&'a Refusal> for ErrorShape<'a> {
    fn from(refusal: &'a Refusal) -> Self {
        Self {
            code: refusal.code.name().into(),
            message: refusal.sentence.as_str().into(),
            retry_after_ms: refusal.retry_after.map(|wait| wait.as_millis().to_string()),
        }
    }
}

impl<'a> From<&'a FeedEvent> for EventShape<'a> {
    fn from(event: &'a FeedEvent) -> Self {
        Self {
            id: event.id.to_string(),
            time: format_unix_ms(event.time_unix_ms),
            sender: event.sender.to_string(),
            content: (&event.content).into(),
            withdrawn: event.withdrawn.iter().map(ToString::to_string).collect(),
            late: event.is_late,
        }
    }
}

impl<'a> From<&'a EventContent> for ContentShape<'a> {
    fn from(content: &'a EventContent) -> Self {
        match content {
            EventContent::Banned { account } => Self::Banned { account: account.to_string() },
            EventContent::Contact { account, step } => Self::Contact {
                account: account.to_string(),
                step: contact_step_text(*step).into(),
            },
            EventContent::HandedOver { home } => Self::HandedOver { home: home.to_string() },
            EventContent::RuleChanged { rule } => {
                Self::RuleChanged(std::slice::from_ref(rule).into())
            }
            EventContent::Unbanned { account } => Self::Unbanned { account: account.to_string() },
            EventContent::Created { name } => Self::Created { name: name.into() },
            EventContent::Erased { message } => Self::Erased { message: message.to_string() },
            EventContent::Edited { message, text, format } => Self::Edited {
                message: message.to_string(),
                text: text.as_deref().map(Cow::Borrowed),
                format: format_of(*format),
            },
            EventContent::ErasedMessage => Self::Message(Box::new(MessageShape::erased(None))),
            EventContent::ExpiredMessage => {
                Self::Message(Box::new(MessageShape::erased(Some("retention"))))
            }
            EventContent::Invited { account, name } => {
                Self::Invited { account: account.to_string(), name: name.into() }
            }
            EventContent::Joined { account } => Self::Joined { account: account.to_string() },
            EventContent::Left { account } => Self::Left { account: account.to_string() },
            EventContent::Message(content) => Self::Message(Box::new(content.into())),
            EventContent::Pinned { message, on } => {
                Self::Pinned { message: message.to_string(), on: *on }
            }
            EventContent::Reacted { message, reaction, on } => {
                Self::Reacted { message: message.to_string(), reaction: reaction.into(), on: *on }
            }
            EventContent::Removed { account } => Self::Removed { account: account.to_string() },
            EventContent::Renamed { name } => Self::Renamed { name: name.into() },
            EventContent::RequestRefused { code } => {
                Self::RequestRefused { code: code.name().into() }
            }
            EventContent::RoleChanged { account, role } => {
                Self::RoleChanged { account: account.to_string(), role: role.name().into() }
            }
            EventContent::TopicChanged { topic } => Self::TopicChanged { topic: topic.into() },
        }
    }
}

/// The JSON text of a shape.
pub(crate) fn encode(shape: &impl Serialize) -> Bytes {
    let mut text = Vec::with_capacity(256);
    // Shapes have string keys only and a `Vec` takes everything, so this cannot fail.
    let encoded = serde_json::to_writer(&mut text, shape);
    debug_assert!(encoded.is_ok(), "{encoded:?}");
    text.into()
}

/// The frame of an event, encoded by whoever comes first.
pub(crate) fn event_frame(event: &FeedEvent) -> Bytes {
    let frame = || {
        encode(&NodeFrame::Event {
            cursor: cursor_text(event.cursor),
            channel: event.channel.to_string(),
            event: Box::new(event.into()),
        })
    };
    event.encoded.get_or_init(frame).clone()
}

/// What is said of reading, the account's own mark or another member's, and of the account's
/// settings.
pub(crate) fn reading_frame(delivery: &Delivery) -> Option<Bytes> {
    let frame = match delivery {
        Delivery::BlocksChanged => NodeFrame::BlocksChanged {},
        Delivery::Muted { channel, muted } => {
            NodeFrame::Muted { channel: channel.to_string(), muted: *muted }
        }
        Delivery::NotificationsChanged => NodeFrame::NotificationsChanged {},
        Delivery::ProfileChanged => NodeFrame::ProfileChanged {},
        Delivery::Read { channel, account, message } => NodeFrame::Read {
            channel: channel.to_string(),
            account: account.to_string(),
            message: message.to_string(),
        },
        Delivery::Unread { channel, unread } => {
            NodeFrame::Unread { channel: channel.to_string(), unread: (*unread).into() }
        }
        _ => return None,
    };
    Some(encode(&frame))
}

/// The answer to a request; `channel` is the one that it named.
pub(crate) fn answer_frame(nonce: u64, channel: Option<String>, outcome: &Outcome) -> Bytes {
    let done = |status: &'static str, channel| NodeFrame::Done {
        nonce: nonce.to_string(),
        status: status.into(),
        channel,
    };
    encode(&match outcome {
        Outcome::Channel(id) => done("done", Some(id.to_string())),
        Outcome::Joining(id) => done("requested", Some(id.to_string())),
        Outcome::Done | Outcome::Reported { .. } => done("done", channel),
        Outcome::Requested => done("requested", channel),
        Outcome::Stored { message, cursor } => NodeFrame::Stored {
            nonce: nonce.to_string(),
            channel: channel.unwrap_or_default(),
            id: message.to_string(),
            cursor: cursor_text(*cursor),
        },
    })
}

/// A refusal of a request, or of something without a nonce.
pub(crate) fn refused_frame(nonce: Option<u64>, refusal: &Refusal) -> Bytes {
    encode(&NodeFrame::Refused { nonce: nonce.map(|n| n.to_string()), error: refusal.into() })
}

/// The last frame of a socket.
pub(crate) fn goodbye_frame(refusal: &Refusal, endpoint: Option<String>) -> Bytes {
    encode(&NodeFrame::Goodbye {
        code: refusal.code.name().into(),
        message: refusal.sentence.as_str().into(),
        endpoint,
    })
}

/// The first frame of a socket whose token is good.
pub(crate) fn welcome_frame(
    caller: &Caller,
    cursor: Cursor,
    resync: bool,
    heartbeat: Duration,
) -> Bytes {
    encode(&NodeFrame::Welcome {
        account: caller.label.to_string(),
        device: device_text(caller.device),
        cursor: cursor_text(cursor),
        resync,
        heartbeat_ms: heartbeat.as_millis().to_string(),
    })
}
