//! The HTTP resources, typed. One method per resource; none repeats by itself, since a request
//! without a nonce may have been done.

use std::fmt::Write;
use std::time::Duration;

use hyper::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::endpoint::Endpoint;
use crate::error::HttpError;
use crate::extra::lenient;
use crate::http::{Http, REQUEST_TIMEOUT};
use crate::shape::{ChannelEvent, Delivered, Done, EventShape, HistoryEvent, Stored};

/// Where a node takes clients.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct WellKnown {
    /// The document's version.
    pub version: u32,
    /// The organisation's domain.
    pub domain: String,
    /// The endpoints.
    pub endpoints: Vec<Endpoint>,
}

/// A device of the account.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Device {
    /// The id.
    pub id: String,
    /// What its user calls it.
    pub name: String,
    /// When it logged in, in RFC 3339.
    pub created_time: Option<String>,
    /// Whether it is this one.
    #[serde(default)]
    pub current: bool,
}

/// A new device and its token, which the node shows this once.
#[derive(Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct LoggedIn {
    /// The account, as `name@domain`.
    pub account: String,
    /// The device.
    pub device: Device,
    /// The token.
    pub token: String,
}

impl std::fmt::Debug for LoggedIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoggedIn").field("account", &self.account).finish_non_exhaustive()
    }
}

/// The account of a token.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Me {
    /// The account, as `name@domain`.
    pub account: String,
    /// The device.
    pub device: Device,
}

/// A channel, as its lists show it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Channel {
    /// The id.
    pub id: String,
    /// `direct` or `group`.
    pub kind: String,
    /// The other account of a direct channel.
    pub with: Option<String>,
    /// A group's name; not told where a stranger invites.
    pub name: Option<String>,
    /// A group's topic.
    pub topic: Option<String>,
    /// A group's home.
    pub home: Option<String>,
    /// A group's most members.
    pub member_limit: Option<u32>,
    /// `invited`, `joining`, `joined` or `kept`.
    pub standing: String,
    /// Who invites to a group of another organisation.
    pub inviter: Option<String>,
    /// The caller's role, once joined.
    pub role: Option<String>,
    /// The newest message's time in RFC 3339.
    pub last_message_time: Option<String>,
    /// How many messages the account has not read, where the node says so.
    #[serde(default, deserialize_with = "lenient")]
    pub unread: Option<u32>,
    /// How many of them call the account.
    #[serde(default, deserialize_with = "lenient")]
    pub mentions: Option<u32>,
    /// The message up to which it has read.
    #[serde(default, deserialize_with = "lenient")]
    pub read: Option<String>,
    /// The members, where one channel was asked for.
    #[serde(default)]
    pub members: Vec<Member>,
    /// A group's aliases at the caller's node, where one channel was asked for.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Other organisations that are in it, where one channel was asked for.
    #[serde(default)]
    pub organisations: Vec<Organisation>,
}

/// Another organisation in a channel.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Organisation {
    /// Its domain.
    pub domain: String,
    /// Whether its node is linked with the caller's.
    pub linked: bool,
    /// Since when something waits for it, in RFC 3339.
    pub behind_since_time: Option<String>,
    /// Whether the caller's node does not let its node in.
    #[serde(default)]
    pub refused: bool,
}

/// A member of a channel.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Member {
    /// Who, as `name@domain`.
    pub account: String,
    /// `member`, `moderator` or `owner`.
    pub role: String,
    /// Invited, not yet in.
    pub invited: bool,
    /// How it wants to be called, of accounts of the node.
    pub display_name: Option<String>,
}

/// Which part of a channel's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    /// After a message.
    After(String),
    /// Around a message.
    Around(String),
    /// At and after a date or time in RFC 3339.
    AtDate(String),
    /// Before a message.
    Before(String),
    /// The newest.
    Latest,
}

/// A page of history, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// The events.
    pub events: Vec<HistoryEvent>,
    /// How far the account's own messages among them have come.
    pub delivered: Vec<Delivered>,
    /// Whether older ones exist.
    pub more_before: bool,
    /// Whether newer ones exist.
    pub more_after: bool,
    /// Whether some of it is still on its way to the node: ask again in a while.
    pub pending: bool,
    /// Whether the group's rule hides what was before this page, if there was anything.
    pub limited: bool,
}

/// A message by its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageById {
    /// It, where this client knows what it says.
    pub event: Option<HistoryEvent>,
    /// Domains that have said that they have erased it.
    pub confirmed: Vec<String>,
}

/// What a poll found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncPage {
    /// The events.
    pub events: Vec<ChannelEvent>,
    /// Delivery notices.
    pub delivered: Vec<Delivered>,
    /// Where to go on.
    pub cursor: String,
    /// The cursor shown was of another history: list channels and history anew.
    pub resync: bool,
}

impl Http {
    /// Where the node takes clients.
    pub async fn well_known(&self) -> Result<WellKnown, HttpError> {
        self.get("/.well-known/comity").await
    }

    /// Makes an account and logs this device in.
    pub async fn sign_up(
        &self,
        name: &str,
        password: &str,
        invite: Option<&str>,
        device_name: &str,
    ) -> Result<LoggedIn, HttpError> {
        let mut body = json!({ "name": name, "password": password, "device_name": device_name });
        if let Some(invite) = invite {
            body["invite"] = invite.into();
        }
        self.send(Method::POST, "/v1/accounts", &body).await
    }

    /// Logs this device in.
    pub async fn log_in(
        &self,
        name: &str,
        password: &str,
        device_name: &str,
    ) -> Result<LoggedIn, HttpError> {
        let body = json!({ "name": name, "password": password, "device_name": device_name });
        self.send(Method::POST, "/v1/sessions", &body).await
    }

    /// Logs this device out; its token is worth nothing afterwards.
    pub async fn log_out(&self) -> Result<(), HttpError> {
        self.order(Method::DELETE, "/v1/sessions/current", &Value::Null).await
    }

    /// Whose token it is.
    pub async fn me(&self) -> Result<Me, HttpError> {
        self.get("/v1/me").await
    }

    /// Changes the password.
    pub async fn set_password(&self, old: &str, new: &str) -> Result<(), HttpError> {
        let body = json!({ "old": old, "new": new });
        self.order(Method::PUT, "/v1/me/password", &body).await
    }

    /// The account's devices.
    pub async fn devices(&self) -> Result<Vec<Device>, HttpError> {
        #[derive(Deserialize)]
        struct Answer {
            devices: Vec<Device>,
        }
        self.get::<Answer>("/v1/devices").await.map(|answer| answer.devices)
    }

    /// Logs another device out.
    pub async fn revoke_device(&self, id: &str) -> Result<(), HttpError> {
        let path = format!("/v1/devices/{}", segment(id));
        self.order(Method::DELETE, &path, &Value::Null).await
    }

    /// The account's channels, those invited to included.
    pub async fn channels(&self) -> Result<Vec<Channel>, HttpError> {
        #[derive(Deserialize)]
        struct Answer {
            channels: Vec<Channel>,
        }
        self.get::<Answer>("/v1/channels").await.map(|answer| answer.channels)
    }

    /// One channel with its members.
    pub async fn channel(&self, id: &str) -> Result<Channel, HttpError> {
        self.get(&format!("/v1/channels/{}", segment(id))).await
    }

    /// Opens, or finds, the direct channel with an account; answers its id.
    pub async fn open_direct(&self, with: &str) -> Result<String, HttpError> {
        self.create(&json!({ "kind": "direct", "with": with })).await
    }

    /// Creates a group; answers its id.
    pub async fn create_group(&self, name: &str, topic: &str) -> Result<String, HttpError> {
        self.create(&json!({ "kind": "group", "name": name, "topic": topic })).await
    }

    /// Renames a group.
    pub async fn rename(&self, channel: &str, name: &str) -> Result<Done, HttpError> {
        self.change(Method::PATCH, channel, "", &json!({ "name": name })).await
    }

    /// Changes a group's topic.
    pub async fn set_topic(&self, channel: &str, topic: &str) -> Result<Done, HttpError> {
        self.change(Method::PATCH, channel, "", &json!({ "topic": topic })).await
    }

    /// Invites an account to a group.
    pub async fn invite(&self, channel: &str, account: &str) -> Result<Done, HttpError> {
        self.change(Method::POST, channel, "/invites", &json!({ "account": account })).await
    }

    /// Accepts an invitation.
    pub async fn accept(&self, channel: &str) -> Result<Done, HttpError> {
        self.change(Method::POST, channel, "/accept", &Value::Null).await
    }

    /// Declines an invitation.
    pub async fn decline(&self, channel: &str) -> Result<Done, HttpError> {
        self.change(Method::POST, channel, "/decline", &Value::Null).await
    }

    /// Leaves a group.
    pub async fn leave_group(&self, channel: &str) -> Result<Done, HttpError> {
        self.change(Method::POST, channel, "/leave", &Value::Null).await
    }

    /// Removes a member from a group.
    pub async fn remove(&self, channel: &str, account: &str) -> Result<Done, HttpError> {
        let rest = format!("/members/{}", segment(account));
        self.change(Method::DELETE, channel, &rest, &Value::Null).await
    }

    /// Erases a message of one's own, or, as a moderator, of anybody in the group.
    pub async fn erase(&self, channel: &str, message: &str) -> Result<Done, HttpError> {
        let rest = format!("/messages/{}", segment(message));
        self.change(Method::DELETE, channel, &rest, &Value::Null).await
    }

    /// Reports a message as abuse: `spam`, `harassment`, `illegal` or `other`. Answers with the
    /// author's organisation where that is another one and is told; who reports it is not told.
    pub async fn report(
        &self,
        (channel, message): (&str, &str),
        reason: &str,
        comment: &str,
    ) -> Result<Option<String>, HttpError> {
        #[derive(Deserialize)]
        struct Answer {
            sent_to: Option<String>,
        }
        let body = json!({
            "channel": channel, "message": message, "reason": reason, "comment": comment,
        });
        let answer: Answer = self.send(Method::POST, "/v1/reports", &body).await?;
        Ok(answer.sent_to)
    }

    /// Hands a group over to another organisation that is in it.
    pub async fn hand_over(&self, channel: &str, home: &str) -> Result<Done, HttpError> {
        self.change(Method::PATCH, channel, "", &json!({ "home": home })).await
    }

    /// Gives a member of a group a role: `member`, `moderator` or `owner`.
    pub async fn set_role(
        &self,
        channel: &str,
        account: &str,
        role: &str,
    ) -> Result<Done, HttpError> {
        let rest = format!("/members/{}/role", segment(account));
        self.change(Method::PUT, channel, &rest, &json!({ "role": role })).await
    }

    /// A page of a channel's history.
    pub async fn history(
        &self,
        channel: &str,
        page: &Page,
        limit: usize,
    ) -> Result<History, HttpError> {
        #[derive(Deserialize)]
        struct Answer {
            events: Vec<EventShape>,
            #[serde(default)]
            delivered: Vec<Delivered>,
            more_before: bool,
            more_after: bool,
            #[serde(default)]
            history_pending: bool,
            #[serde(default)]
            history_limited: bool,
        }
        let place = match page {
            Page::After(id) => format!("&after={}", segment(id)),
            Page::Around(id) => format!("&around={}", segment(id)),
            Page::AtDate(date) => format!("&date={}", segment(date)),
            Page::Before(id) => format!("&before={}", segment(id)),
            Page::Latest => String::new(),
        };
        let path = format!("/v1/channels/{}/messages?limit={limit}{place}", segment(channel));
        let answer: Answer = self.get(&path).await?;
        let events = answer.events.into_iter().filter_map(EventShape::into_event).collect();
        let Answer { delivered, more_before, more_after, .. } = answer;
        let (pending, limited) = (answer.history_pending, answer.history_limited);
        Ok(History { events, delivered, more_before, more_after, pending, limited })
    }

    /// A message by its id, and which organisations have confirmed to its author that it is erased.
    pub async fn message(&self, channel: &str, id: &str) -> Result<MessageById, HttpError> {
        #[derive(Deserialize)]
        struct Answer {
            event: EventShape,
            erasure: Option<Erasure>,
        }
        #[derive(Deserialize)]
        struct Erasure {
            confirmed: Vec<String>,
        }
        let path = format!("/v1/channels/{}/messages/{}", segment(channel), segment(id));
        let Answer { event, erasure } = self.get(&path).await?;
        let confirmed = erasure.map(|erasure| erasure.confirmed).unwrap_or_default();
        Ok(MessageById { event: event.into_event(), confirmed })
    }

    /// The messages of a thread, which any message of it names, oldest first; after one where there
    /// were more. Answers also whether there are more.
    pub async fn thread(
        &self,
        channel: &str,
        message: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<HistoryEvent>, bool), HttpError> {
        #[derive(Deserialize)]
        struct Answer {
            events: Vec<EventShape>,
            more: bool,
        }
        let after = after.map(|id| format!("&after={}", segment(id))).unwrap_or_default();
        let (channel, message) = (segment(channel), segment(message));
        let path =
            format!("/v1/channels/{channel}/messages/{message}/replies?limit={limit}{after}");
        let Answer { events, more } = self.get(&path).await?;
        Ok((events.into_iter().filter_map(EventShape::into_event).collect(), more))
    }

    /// Sends a text without a socket. Repeat it with the same nonce until it succeeds.
    pub async fn post(&self, channel: &str, text: &str, nonce: u64) -> Result<Stored, HttpError> {
        let path = format!("/v1/channels/{}/messages", segment(channel));
        let body = json!({ "text": text, "nonce": nonce.to_string() });
        self.send(Method::POST, &path, &body).await
    }

    /// Polls the feed; waits up to `wait` for something to come.
    pub async fn sync(
        &self,
        since: Option<&str>,
        wait: Duration,
        limit: usize,
    ) -> Result<SyncPage, HttpError> {
        #[derive(Deserialize)]
        struct Answer {
            events: Vec<FrameShape>,
            #[serde(default)]
            delivered: Vec<Delivered>,
            cursor: String,
            resync: bool,
        }
        #[derive(Deserialize)]
        struct FrameShape {
            cursor: String,
            channel: String,
            event: EventShape,
        }
        let mut path = format!("/v1/sync?timeout={}&limit={limit}", wait.as_millis());
        if let Some(since) = since {
            path = format!("{path}&since={}", segment(since));
        }
        let patience = REQUEST_TIMEOUT + wait;
        let answer: Answer = self.call(Method::GET, &path, &Value::Null, patience).await?;
        let event = |frame: FrameShape| frame.event.into_channel_event(frame.cursor, frame.channel);
        Ok(SyncPage {
            events: answer.events.into_iter().filter_map(event).collect(),
            delivered: answer.delivered,
            cursor: answer.cursor,
            resync: answer.resync,
        })
    }

    async fn create(&self, body: &Value) -> Result<String, HttpError> {
        #[derive(Deserialize)]
        struct Answer {
            channel: Reference,
        }
        #[derive(Deserialize)]
        struct Reference {
            id: String,
        }
        let answer: Answer = self.send(Method::POST, "/v1/channels", body).await?;
        Ok(answer.channel.id)
    }

    pub(crate) async fn change(
        &self,
        method: Method,
        channel: &str,
        rest: &str,
        body: &Value,
    ) -> Result<Done, HttpError> {
        #[derive(Deserialize)]
        struct Answer {
            status: String,
        }
        let path = format!("/v1/channels/{}{rest}", segment(channel));
        let answer: Answer = self.send(method, &path, body).await?;
        let requested = answer.status == "requested";
        Ok(Done { requested, channel: Some(channel.to_owned()) })
    }

    pub(crate) async fn get<T: serde::de::DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<T, HttpError> {
        self.send(Method::GET, path, &Value::Null).await
    }

    pub(crate) async fn send<T: serde::de::DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, HttpError> {
        self.call(method, path, body, REQUEST_TIMEOUT).await
    }
}

/// A path segment or query value, percent-encoded (RFC 3986 section 2).
pub(crate) fn segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            // Writing to a string cannot fail.
            _ => drop(write!(encoded, "%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::segment;

    #[test]
    fn accounts_of_any_script_fit_a_path() {
        assert_eq!(segment("김@acme.test"), "%EA%B9%80%40acme.test");
    }
}
