//! What the document prints, as the values that a node hands to the edge: the double says them, and
//! the edge has to write them as they were printed. It must not use the edge's own shapes.

#![allow(clippy::unwrap_used)]

use std::fmt::Debug;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use comity_client_api::{
    Besides, ContactStep, Cursor, Delivery, EventContent, FeedEvent, Format, Heartbeat, JoinRule,
    MessageContent, Presence, PresenceState, Role, Rule, Since, Typing, Unread,
};
use comity_protocol::code::Code;
use comity_protocol::id::MessageId;
use serde_json::Value;

use crate::double::TIME_UNIX_MS;

/// What a node says by itself, by its frame.
pub(crate) fn delivery_of(frame: &Value) -> Delivery {
    let number = |field: &str| u32::try_from(frame[field].as_u64().unwrap()).unwrap();
    match frame["type"].as_str().unwrap() {
        "notifications_changed" => Delivery::NotificationsChanged,
        "profile_changed" => Delivery::ProfileChanged,
        "blocks_changed" => Delivery::BlocksChanged,
        "muted" => {
            Delivery::Muted { channel: read(&frame["channel"]), muted: frame["muted"] == true }
        }
        "delivered" => Delivery::Delivered {
            channel: read(&frame["channel"]),
            message: read(&frame["id"]),
            organisations: number("organisations"),
            of: number("of"),
            is_final: frame["final"] == true,
        },
        "event" => Delivery::Event(Arc::new(event_of(frame))),
        "goodbye" => Delivery::Goodbye {
            code: code_of(&frame["code"]),
            endpoint: frame["endpoint"].as_str().map(str::to_owned),
        },
        "heartbeat" => {
            let interval =
                Duration::from_millis(frame["heartbeat_ms"].as_str().unwrap().parse().unwrap());
            Delivery::Heartbeat(Heartbeat { interval, timeout: interval * 6 })
        }
        "presence" => {
            let shown = frame["presences"].as_array().unwrap().iter();
            Delivery::Presence(shown.map(|shown| Arc::new(presence_of(shown))).collect())
        }
        "typing" => Delivery::Typing(Arc::new(Typing {
            channel: read(&frame["channel"]),
            account: read(&frame["account"]),
            is_typing: frame["typing"] == true,
            encoded: Default::default(),
        })),
        "history_grew" => Delivery::HistoryGrew { channel: read(&frame["channel"]) },
        "read" => Delivery::Read {
            channel: read(&frame["channel"]),
            account: read(&frame["account"]),
            message: read(&frame["message"]),
        },
        "unread" => Delivery::Unread {
            channel: read(&frame["channel"]),
            unread: Unread {
                messages: number("unread").into(),
                mentions: number("mentions").into(),
                read: frame["read"].as_str().map(|id| id.parse().unwrap()),
            },
        },
        other => panic!("no node says {other} by itself"),
    }
}

/// A code by its name.
pub(crate) fn code_of(name: &Value) -> Code {
    *Code::ALL.iter().find(|code| *name == code.name()).unwrap()
}

fn presence_of(shown: &Value) -> Presence {
    let state = match shown["state"].as_str().unwrap() {
        "online" => PresenceState::Online,
        "away" => PresenceState::Away,
        "busy" => PresenceState::Busy,
        "offline" => PresenceState::Offline,
        other => panic!("{other} is no state to be told of"),
    };
    Presence {
        account: read(&shown["account"]),
        state,
        status: shown["status"].as_str().map(Into::into),
        // All times that are printed are this one.
        last_active_unix_ms: shown["last_active_time"].as_str().map(|_| TIME_UNIX_MS),
        encoded: Default::default(),
    }
}

/// The time is that of the id.
fn event_of(frame: &Value) -> FeedEvent {
    let event = &frame["event"];
    let cursor = frame["cursor"].as_str().unwrap().as_bytes();
    let cursor = data_encoding::BASE64URL_NOPAD.decode(cursor).unwrap();
    let id: MessageId = read(&event["id"]);
    FeedEvent {
        cursor: Cursor(cursor.try_into().unwrap()),
        channel: read(&frame["channel"]),
        id,
        time_unix_ms: id.time().unix_ms(),
        sender: read(&event["sender"]),
        content: content_of(event),
        withdrawn: event["withdrawn"].as_array().into_iter().flatten().map(read).collect(),
        is_late: event["late"] == true,
        is_final: true,
        encoded: Default::default(),
    }
}

fn content_of(event: &Value) -> EventContent {
    let account = || read(&event["account"]);
    let text = |field: &str| event[field].as_str().unwrap().to_owned();
    match event["kind"].as_str().unwrap() {
        "banned" => EventContent::Banned { account: account() },
        "contact" => EventContent::Contact { account: account(), step: step_of(&event["step"]) },
        "created" => EventContent::Created { name: text("name") },
        "erased" => EventContent::Erased { message: read(&event["message"]) },
        "handed_over" => EventContent::HandedOver { home: read(&event["home"]) },
        "invited" => {
            let name = event["name"].as_str().unwrap_or_default().to_owned();
            EventContent::Invited { account: account(), name }
        }
        "joined" => EventContent::Joined { account: account() },
        "left" => EventContent::Left { account: account() },
        "message" if event["by"] == "retention" => EventContent::ExpiredMessage,
        "message" if event["erased"] == true => EventContent::ErasedMessage,
        "message" => EventContent::Message(message_of(event)),
        "edited" => EventContent::Edited {
            message: read(&event["message"]),
            text: event["text"].as_str().map(Into::into),
            format: format_of(&event["format"]),
        },
        "pinned" => {
            EventContent::Pinned { message: read(&event["message"]), on: event["on"] == true }
        }
        "reacted" => EventContent::Reacted {
            message: read(&event["message"]),
            reaction: text("reaction"),
            on: event["on"] == true,
        },
        "removed" => EventContent::Removed { account: account() },
        "renamed" => EventContent::Renamed { name: text("name") },
        "request_refused" => EventContent::RequestRefused { code: code_of(&event["code"]) },
        "role_changed" => {
            EventContent::RoleChanged { account: account(), role: role_of(&event["role"]) }
        }
        "rule_changed" => EventContent::RuleChanged { rule: rule_of(event) },
        "topic_changed" => EventContent::TopicChanged { topic: text("topic") },
        "unbanned" => EventContent::Unbanned { account: account() },
        other => panic!("{other} is no kind of event"),
    }
}

/// A message as the feed says it: what is said of it later comes in events of its own.
fn message_of(event: &Value) -> MessageContent {
    let id = |field: &str| event[field].as_str().map(|text| text.parse().unwrap());
    MessageContent {
        text: event["text"].as_str().map(Into::into),
        besides: Besides {
            format: format_of(&event["format"]),
            reply_to: id("reply_to"),
            thread: id("thread"),
            mentions: event["mentions"].as_array().into_iter().flatten().map(read).collect(),
            mention_all: event["mention_all"] == true,
        },
        since: Since { is_replaced: event["edited"] == true, ..Since::default() },
    }
}

fn format_of(name: &Value) -> Format {
    if *name == "markdown" { Format::Markdown } else { Format::Plain }
}

fn rule_of(event: &Value) -> Rule {
    if let Some(edits) = event["edits"].as_str() {
        return Rule::KeepsEdits(edits == "kept");
    }
    if event["mentioning"].is_string() {
        return Rule::MentionAll(role_of(&event["mentioning"]));
    }
    if let Some(is_archived) = event["archived"].as_bool() {
        return Rule::Archived(is_archived);
    }
    if let Some(history) = event["history"].as_str() {
        return Rule::SinceJoining(history == "since_joining");
    }
    if let Some(seconds) = event["retention"].as_str() {
        return Rule::Retention(seconds.parse().ok());
    }
    match &event["join"] {
        Value::Array(domains) => {
            Rule::Join(JoinRule::Organisations(domains.iter().map(read).collect()))
        }
        Value::String(name) if name == "anyone" => Rule::Join(JoinRule::Anyone),
        Value::String(_) => Rule::Join(JoinRule::Invited),
        _ => Rule::Posting(role_of(&event["posting"])),
    }
}

fn role_of(name: &Value) -> Role {
    match name.as_str().unwrap() {
        "member" => Role::Member,
        "moderator" => Role::Moderator,
        "owner" => Role::Owner,
        other => panic!("{other} is no role"),
    }
}

fn step_of(name: &Value) -> ContactStep {
    match name.as_str().unwrap() {
        "accepted" => ContactStep::Accepted,
        "asked" => ContactStep::Asked,
        "ended" => ContactStep::Ended,
        other => panic!("{other} is no step"),
    }
}

fn read<T: FromStr<Err: Debug>>(text: &Value) -> T {
    text.as_str().unwrap().parse().unwrap()
}
