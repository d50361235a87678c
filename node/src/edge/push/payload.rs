//! What a device is told: as history would show it at that moment, or by ids alone.

use std::ops::ControlFlow;

use comity_client_api::{EventContent, FeedEvent, MessageContent, Page};
use comity_machine::{ChannelNo, Kind, Unread};
use comity_protocol::code::Code;
use comity_protocol::cursor::Cursor;
use comity_protocol::id::{AccountNumber, ChannelId};
use comity_protocol::name::AccountLabel;
use comity_push::What;
use serde_json::{Map, Value, json};

use super::Push;
use super::call::{Call, call};
use super::judge::{Wants, wants};
use crate::edge::history;
use crate::push::PLAIN_BYTES_MAX;

/// Bytes of a text that go along at most.
const TEXT_BYTES_MAX: usize = 2_000;
/// Bytes of a group's name that do: it may be of a hundred characters.
const NAME_BYTES_MAX: usize = 400;
/// Records among which the newest message that is to be told of is looked for, and then among more.
const LOOKED_AT: [usize; 2] = [2, 20];

/// What is known of what a device is to be told.
pub(super) struct News {
    pub(super) what: What,
    pub(super) account: AccountLabel,
    pub(super) channel: ChannelId,
    /// A group's name; none in a direct channel.
    name: Option<String>,
    pub(super) unread: Unread,
    /// The newest message, where it can be shown.
    message: Option<Shown>,
    /// Whether there is more that is unread than was looked at.
    is_cut: bool,
    /// What waits for an answer instead.
    pub(super) call: Option<Call>,
    /// Whether its user is meant: in a direct channel, or by a mention.
    pub(super) is_meant: bool,
}

struct Shown {
    id: String,
    sender: AccountLabel,
    sender_name: Option<String>,
    text: Option<String>,
}

impl Push {
    /// What an account's device is to be told of a channel; `None` where there is no such account
    /// or channel any more.
    pub(super) fn news(
        &self,
        account: AccountNumber,
        no: ChannelNo,
        what: What,
    ) -> Result<Option<News>, Code> {
        let shared = &self.0.shared;
        let known = {
            let state = shared.state();
            let label = state.accounts.get(&account).and_then(|known| known.label.clone());
            label.zip(state.channels.get(&no)).map(|(label, channel)| {
                let name = match &channel.kind {
                    Kind::Group(group) => Some(group.state.name.clone()),
                    _ => None,
                };
                let call = call(&state, account, no).filter(|_| what == What::Tell);
                // What is left unread of a channel that the account has left is for nobody.
                let unread = match what {
                    What::Tell => state.unread(account, no),
                    What::Withdraw => Unread::default(),
                };
                (label, channel.id, name, unread, call)
            })
        };
        let Some((label, channel, name, unread, call)) = known else { return Ok(None) };
        let is_meant = what == What::Tell && (name.is_none() || call.is_some());
        let name = name.filter(|_| what == What::Tell);
        let mut news = News {
            what,
            account: label,
            channel,
            name,
            unread,
            message: None,
            is_cut: false,
            call,
            is_meant,
        };
        if let Some(Call::Invite { by: by @ None, .. }) = &mut news.call {
            *by = self.inviter(account, no)?;
        }
        if what == What::Tell && news.call.is_none() {
            // Mostly the newest is among the first few.
            for limit in LOOKED_AT {
                self.look_for_newest(&mut news, (no, account), limit)?;
                if news.message.is_some() || !news.is_cut {
                    break;
                }
            }
        }
        Ok(Some(news))
    }

    /// Looks for the newest message that is unread and wanted among so many records.
    fn look_for_newest(
        &self,
        news: &mut News,
        (no, account): (ChannelNo, AccountNumber),
        limit: usize,
    ) -> Result<(), Code> {
        let (mark, wants) = {
            let state = self.0.shared.state();
            (state.read_mark(account, no).pos, wants(&state, account, no))
        };
        let page = history::read(&self.0.shared, (no, account), Page::Latest, limit)?;
        let is_new = |event: &FeedEvent| Cursor::from_bytes(&event.cursor.0).pos > mark;
        let is_unread = |event: &FeedEvent| event.sender != news.account && is_new(event);
        let mentions = |content: &MessageContent| {
            content.besides.mention_all || content.besides.mentions.contains(&news.account)
        };
        let unread = page.events.iter().rev().filter(|event| is_unread(event));
        let mut messages = unread.filter_map(|event| Some((event, shown(event)?)));
        let newest = match wants {
            Wants::Mentions => messages.find(|(_, content)| mentions(content)),
            Wants::All | Wants::Nothing => messages.next(),
        };
        if let Some((event, content)) = newest {
            news.is_meant |= mentions(content);
            news.message = Some(self.show(event, content));
        }
        news.is_cut = page.more_before && page.events.iter().all(|event| is_new(event));
        Ok(())
    }

    /// Who invited an account to a group that we hold: its invite is the first record it may see.
    fn inviter(&self, account: AccountNumber, no: ChannelNo) -> Result<Option<String>, Code> {
        let stay = {
            let state = self.0.shared.state();
            let known = state.accounts.get(&account);
            known.and_then(|known| known.channels.get(&no)).map(|stay| stay.from)
        };
        let Some(from) = stay else { return Ok(None) };
        let mut sender = None;
        let view = self.0.shared.view().map_err(history::failed)?;
        let found = view.records(no, (from, from), &mut |_, row| {
            sender = row.sender;
            ControlFlow::Break(())
        });
        found.map_err(history::failed)?;
        let state = self.0.shared.state();
        Ok(sender.and_then(|sender| Some(state.label(no, &sender)?.to_string())))
    }

    fn show(&self, event: &FeedEvent, content: &MessageContent) -> Shown {
        let state = self.0.shared.state();
        let is_ours = event.sender.domain.as_str() == state.domain();
        let number = state.account_named(event.sender.name.as_str()).filter(|_| is_ours);
        let sender = number.and_then(|number| state.accounts.get(&number));
        Shown {
            id: event.id.to_string(),
            sender: event.sender.clone(),
            sender_name: sender.and_then(|account| account.display_name.clone()),
            text: content.text.as_deref().map(|text| cut(text, TEXT_BYTES_MAX)),
        }
    }
}

/// The message that an event is.
fn shown(event: &FeedEvent) -> Option<&MessageContent> {
    match &event.content {
        EventContent::Message(content) => Some(content),
        _ => None,
    }
}

impl News {
    /// Whether there is anything to be told: what is unread may be erased, but what was not looked
    /// at counts.
    pub(super) fn is_something(&self) -> bool {
        self.message.is_some() || self.call.is_some() || self.is_cut
    }

    /// As a device's own client reads it, never longer than a push service takes.
    pub(super) fn to_json(&self, with_content: bool) -> Vec<u8> {
        let mut most = if with_content { TEXT_BYTES_MAX } else { 0 };
        loop {
            let json = Value::Object(self.object(with_content, most)).to_string().into_bytes();
            if json.len() <= PLAIN_BYTES_MAX || most == 0 {
                return json;
            }
            // What is written in escapes takes more.
            most /= 2;
        }
    }

    fn object(&self, with_content: bool, text_bytes: usize) -> Map<String, Value> {
        let mut object = Map::new();
        let mut put = |key: &str, value: Value| {
            object.insert(key.to_owned(), value);
        };
        put("kind", json!(self.kind()));
        put("account", json!(self.account.to_string()));
        match &self.call {
            None => {}
            Some(Call::Contact { by }) => {
                put("channel", json!(self.channel.to_string()));
                if with_content {
                    put("sender", json!(by));
                }
                return object;
            }
            Some(Call::Invite { channel, name, by }) => {
                put("channel", json!(channel.to_string()));
                if with_content {
                    put("name", json!(cut(name, NAME_BYTES_MAX)));
                    if let Some(by) = by {
                        put("sender", json!(by));
                    }
                }
                return object;
            }
        }
        put("channel", json!(self.channel.to_string()));
        put("unread", json!(self.unread.messages));
        put("mentions", json!(self.unread.mentions));
        if let Some(message) = &self.message {
            put("message", json!(message.id));
            if with_content {
                put("sender", json!(message.sender.to_string()));
                if let Some(name) = &message.sender_name {
                    put("sender_name", json!(name));
                }
                if let Some(text) = &message.text {
                    put("text", json!(cut(text, text_bytes)));
                }
            }
        }
        if let Some(name) = self.name.as_ref().filter(|_| with_content) {
            put("name", json!(cut(name, NAME_BYTES_MAX)));
        }
        object
    }

    fn kind(&self) -> &'static str {
        match (self.what, &self.call) {
            (What::Withdraw, _) => "read",
            (What::Tell, None) => "message",
            (What::Tell, Some(Call::Invite { .. })) => "invite",
            (What::Tell, Some(Call::Contact { .. })) => "contact",
        }
    }

    /// As push gateways read it that speak the Matrix project's push gateway API.
    pub(super) fn to_gateway_json(
        &self,
        (app_id, pushkey): (&str, &str),
        with_content: bool,
    ) -> Vec<u8> {
        let mut notification = json!({
            "room_id": self.channel.to_string(),
            "prio": if self.is_meant { "high" } else { "low" },
            "counts": { "unread": self.unread.messages },
            "devices": [{ "app_id": app_id, "pushkey": pushkey, "data": {} }],
        });
        if let Some(message) = &self.message {
            notification["event_id"] = json!(message.id);
            if with_content {
                notification["type"] = json!("m.room.message");
                notification["sender"] = json!(message.sender.to_string());
                let name = message.sender_name.clone();
                notification["sender_display_name"] =
                    json!(name.unwrap_or_else(|| message.sender.to_string()));
                if let Some(text) = &message.text {
                    notification["content"] = json!({ "msgtype": "m.text", "body": text });
                }
            }
        }
        if let Some(name) = self.name.as_ref().filter(|_| with_content) {
            notification["room_name"] = json!(name);
        }
        if let Some(call) = &self.call {
            call.put_into(&mut notification, with_content);
        }
        json!({ "notification": notification }).to_string().into_bytes()
    }
}

impl Call {
    /// As gateways read it: an invitation is one there too, a contact is an event of our own.
    fn put_into(&self, notification: &mut Value, with_content: bool) {
        let by = match self {
            Self::Invite { channel, name, by } => {
                notification["room_id"] = json!(channel.to_string());
                notification["event_id"] = json!(channel.to_string());
                notification["type"] = json!("m.room.member");
                notification["membership"] = json!("invite");
                notification["user_is_target"] = json!(true);
                if with_content {
                    notification["room_name"] = json!(name);
                }
                by.as_ref()
            }
            Self::Contact { by } => {
                notification["event_id"] = json!("contact");
                notification["type"] = json!("comity.contact");
                Some(by)
            }
        };
        if let Some(by) = by.filter(|_| with_content) {
            notification["sender"] = json!(by);
        }
    }
}

/// A text's beginning of at most so many bytes, with a sign where something is left out.
fn cut(text: &str, bytes_max: usize) -> String {
    if text.len() <= bytes_max {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(bytes_max.saturating_sub(ELLIPSIS.len_utf8()));
    let mut cut = text[..end].to_owned();
    cut.push(ELLIPSIS);
    cut
}

const ELLIPSIS: char = '…';

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn news(text: &str) -> News {
        News {
            what: What::Tell,
            account: "bob@acme.test".parse().unwrap(),
            channel: ChannelId([1; 32]),
            name: Some("t".repeat(100)),
            unread: Unread { messages: 2, mentions: 1, read: None },
            message: Some(Shown {
                id: "01M8373FDF0000E1R70W3GE1R7".into(),
                sender: "alice@acme.test".parse().unwrap(),
                sender_name: Some("Alice".into()),
                text: Some(text.into()),
            }),
            is_cut: false,
            call: None,
            is_meant: true,
        }
    }

    #[test]
    fn it_never_grows_beyond_what_a_service_takes() {
        for text in ["hi".to_owned(), "\u{1}".repeat(2_000), "한".repeat(700), "\"".repeat(2_000)]
        {
            let json = news(&text).to_json(true);
            assert!(json.len() <= PLAIN_BYTES_MAX, "{}", json.len());
            let read: Value = serde_json::from_slice(&json).unwrap();
            assert_eq!(read["sender_name"], "Alice");
            let shown = read["text"].as_str().unwrap().trim_end_matches('…');
            assert!(!shown.is_empty() && text.starts_with(shown));
        }
    }

    #[test]
    fn ids_alone_say_nothing_else() {
        let read: Value = serde_json::from_slice(&news("secret").to_json(false)).unwrap();
        let keys: Vec<&String> = read.as_object().unwrap().keys().collect();
        let mut expected = ["account", "channel", "kind", "mentions", "message", "unread"];
        expected.sort_unstable();
        assert_eq!(keys, expected);
        let gateway = news("secret").to_gateway_json(("app", "key"), false);
        let text = String::from_utf8(gateway).unwrap();
        assert!(!text.contains("secret") && !text.contains("alice") && !text.contains("ttt"));
    }

    /// The payloads that the document prints, in its order.
    fn printed(kind: &str) -> Vec<Value> {
        let document = include_str!("../../../../docs/client/README.md");
        let opening = format!("```json {kind}\n");
        let blocks = document.split(&opening).skip(1);
        let texts = blocks.map(|text| text.split_once("```").unwrap().0);
        texts.map(|text| serde_json::from_str(text).unwrap()).collect()
    }

    #[test]
    fn devices_get_what_the_document_prints() {
        let mut told = News {
            account: "alice@acme.test".parse().unwrap(),
            channel: printed("push")[0]["channel"].as_str().unwrap().parse().unwrap(),
            name: Some("Tea".into()),
            unread: Unread { messages: 3, mentions: 1, read: None },
            ..news("At the Thai?")
        };
        let shown = told.message.as_mut().unwrap();
        shown.sender = "bob@acme.test".parse().unwrap();
        shown.sender_name = Some("Bob".into());
        let app = ("example.app", "ZGV2aWNlIHRva2Vu");
        let gateway: Value = serde_json::from_slice(&told.to_gateway_json(app, true)).unwrap();
        assert_eq!(printed("gateway"), [gateway]);
        let mut payloads = vec![told.to_json(true), told.to_json(false)];
        let by = "bob@acme.test".to_owned();
        let channel = printed("push")[2]["channel"].as_str().unwrap().parse().unwrap();
        let (name, invited) = ("Tea".into(), Some(by.clone()));
        let direct = std::mem::replace(&mut told.channel, channel);
        for call in [Call::Invite { channel, name, by: invited }, Call::Contact { by }] {
            told.call = Some(call);
            payloads.push(told.to_json(true));
        }
        (told.call, told.channel) = (None, direct);
        let unread = Unread { messages: 0, mentions: 0, read: None };
        let read = News { what: What::Withdraw, unread, name: None, message: None, ..told };
        payloads.push(read.to_json(true));
        let payloads: Vec<Value> =
            payloads.iter().map(|json| serde_json::from_slice(json).unwrap()).collect();
        assert_eq!(printed("push"), payloads);
    }

    #[test]
    fn a_cut_text_ends_at_a_character() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcdef", 5), "ab…");
        assert_eq!(cut("한국어", 8), "한…");
        assert_eq!(cut("abc", 0), "…");
    }
}
