//! What a client sends over its socket. One flat shape is read in one pass, then turned into a
//! typed frame; it must not decide whether the frame is welcome now.

use std::borrow::Cow;

use comity_protocol::id::ChannelId;
use serde::{Deserialize, Serialize};

use super::besides::BesidesShape;
use super::presence::PresenceRequest;
use super::rule::{JoinShape, RuleShape};
use super::value;
use crate::backend::{Action, Cursor, Refusal};
use crate::presence::PresenceChange;

/// A frame of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ClientFrame {
    Hello { token: String, cursor: Option<Cursor> },
    Ping { data: Option<String> },
    Presence(PresenceChange),
    Request { nonce: u64, action: Action },
    Typing { channel: ChannelId, is_typing: bool },
}

/// A frame that was not understood, with its nonce where one could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FrameError {
    pub(crate) nonce: Option<u64>,
    pub(crate) refusal: Refusal,
}

/// Reads a text frame.
pub(crate) fn parse_frame(text: &str) -> Result<ClientFrame, FrameError> {
    let shape: FrameShape = value::json_object(text)
        .map_err(|refusal| FrameError { nonce: nonce_of(text), refusal })?;
    let nonce = shape.nonce.as_deref().and_then(|text| value::nonce(text).ok());
    shape.into_frame().map_err(|refusal| FrameError { nonce, refusal })
}

/// The nonce of a frame of which another field is not as expected: who repeats until he has an
/// answer must be able to tell that this is one.
fn nonce_of(text: &str) -> Option<u64> {
    #[derive(Deserialize)]
    struct Numbered {
        nonce: String,
    }
    let numbered: Numbered = serde_json::from_str(text).ok()?;
    value::nonce(&numbered.nonce).ok()
}

/// Every field that any frame has. Unknown ones are left out, so that newer clients may send them.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct FrameShape {
    #[serde(rename = "type")]
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
    #[serde(rename = "do", skip_serializing_if = "Option::is_none")]
    command: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    member_limit: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    with: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    home: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thread: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mentions: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mention_all: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reaction: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    back: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alias: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    archived: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    edits: Option<Cow<'static, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    history: Option<Cow<'static, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    join: Option<JoinShape<'static>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mentioning: Option<Cow<'static, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    posting: Option<Cow<'static, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retention: Option<Cow<'static, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    typing: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<String>,
}

impl FrameShape {
    pub(super) fn into_frame(self) -> Result<ClientFrame, Refusal> {
        match self.kind.as_str() {
            "hello" => self.into_hello(),
            "ping" => self.into_ping(),
            "presence" => {
                let request = PresenceRequest::new(self.state, self.status);
                request.into_change().map(ClientFrame::Presence)
            }
            "send" => self.into_send(),
            "command" => self.into_command(),
            "typing" => {
                let channel = value::channel_id(&needed(self.channel, "channel")?)?;
                Ok(ClientFrame::Typing { channel, is_typing: self.typing.unwrap_or(true) })
            }
            "" => Err(value::malformed("A frame needs the field `type`.")),
            _ => Err(value::malformed(
                "A frame's `type` is \"hello\", \"send\", \"command\", \"presence\", \"typing\" or \
                 \"ping\".",
            )),
        }
    }

    fn into_hello(self) -> Result<ClientFrame, Refusal> {
        let cursor = self.cursor.as_deref().map(value::cursor).transpose()?;
        Ok(ClientFrame::Hello { token: needed(self.token, "token")?, cursor })
    }

    fn into_ping(self) -> Result<ClientFrame, Refusal> {
        match &self.data {
            Some(data) if data.len() > PING_DATA_BYTES_MAX => Err(value::malformed(format!(
                "A ping's `data` has at most {PING_DATA_BYTES_MAX} bytes."
            ))),
            _ => Ok(ClientFrame::Ping { data: self.data }),
        }
    }

    fn into_send(self) -> Result<ClientFrame, Refusal> {
        let nonce = self.request_nonce()?;
        let channel = value::channel_id(&needed(self.channel, "channel")?)?;
        let text = value::message_text(needed(self.text, "text")?)?;
        let besides = BesidesShape {
            format: self.format,
            reply_to: self.reply_to,
            thread: self.thread,
            mentions: self.mentions,
            mention_all: self.mention_all,
        };
        let besides = besides.into_besides()?;
        Ok(ClientFrame::Request { nonce, action: Action::Send { channel, text, besides } })
    }

    fn into_command(self) -> Result<ClientFrame, Refusal> {
        let nonce = self.request_nonce()?;
        let action = self.into_action()?;
        Ok(ClientFrame::Request { nonce, action })
    }

    fn into_action(self) -> Result<Action, Refusal> {
        let command = needed(self.command.clone(), "do")?;
        let label = |account| value::label(&needed(account, "account")?);
        let alias = |alias| value::alias(&needed(alias, "alias")?);
        Ok(match command.as_str() {
            "add_contact" => Action::AddContact { account: label(self.account)? },
            "block" => Action::Block { account: label(self.account)? },
            "create_group" => Action::CreateGroup {
                name: value::channel_name(&needed(self.name, "name")?)?,
                topic: value::channel_topic(self.topic.unwrap_or_default())?,
                member_limit: value::member_limit(self.member_limit)?,
            },
            "join" if self.alias.is_some() => Action::JoinAlias { alias: alias(self.alias)? },
            "open_direct" => {
                let account = value::label(&needed(self.with, "with")?)?;
                Action::OpenDirect { account }
            }
            "remove_alias" => Action::RemoveAlias { alias: alias(self.alias)? },
            "remove_contact" => Action::RemoveContact { account: label(self.account)? },
            "set_display_name" => {
                let name = value::display_name(&needed(self.name, "name")?)?;
                Action::SetDisplayName { name }
            }
            "unblock" => Action::Unblock { account: label(self.account)? },
            command @ ("edit" | "erase" | "mark_read" | "pin" | "react") => {
                let channel = value::channel_id(&needed(self.channel.clone(), "channel")?)?;
                return self.into_action_at(command, channel);
            }
            "show_reads" => Action::ShowReads { on: self.on.ok_or_else(|| missing("on"))? },
            command => return self.into_action_on(command),
        })
    }

    /// An action on the channel that the frame names.
    fn into_action_on(self, command: &str) -> Result<Action, Refusal> {
        let account = |account| value::label(&needed(account, "account")?);
        let channel = || value::channel_id(&needed(self.channel, "channel")?);
        Ok(match command {
            "accept" => Action::Accept { channel: channel()? },
            "ban" => Action::Ban { channel: channel()?, account: account(self.account)? },
            "decline" => Action::Decline { channel: channel()? },
            "hand_over" => {
                let home = value::domain(&needed(self.home, "home")?)?;
                Action::HandOver { channel: channel()?, home }
            }
            "join" => {
                let home = value::domain(&needed(self.home, "home")?)?;
                Action::Join { channel: channel()?, home }
            }
            "invite" => Action::Invite { channel: channel()?, account: account(self.account)? },
            "leave" => Action::Leave { channel: channel()? },
            "mute" => {
                let on = self.on.unwrap_or(true);
                Action::Mute { channel: channel()?, on }
            }
            "remove" => Action::Remove { channel: channel()?, account: account(self.account)? },
            "rename" => Action::Rename {
                channel: channel()?,
                name: value::channel_name(&needed(self.name, "name")?)?,
            },
            "set_alias" => Action::SetAlias {
                channel: channel()?,
                alias: value::alias(&needed(self.alias, "alias")?)?,
            },
            "set_role" => Action::SetRole {
                channel: channel()?,
                account: account(self.account)?,
                role: value::role(&needed(self.role, "role")?)?,
            },
            "set_rule" => {
                let Self { archived, edits, history, join, mentioning, posting, retention, .. } =
                    self;
                let shape =
                    RuleShape { archived, edits, history, join, mentioning, posting, retention };
                let mut rules = shape.into_rules()?;
                match (rules.pop(), rules.is_empty()) {
                    (Some(rule), true) => Action::SetRule { channel: channel()?, rule },
                    _ => {
                        let sentence = "Give one of `join`, `posting`, `archived`, `history`, \
                                        `retention`, `edits` and `mentioning`.";
                        return Err(value::malformed(sentence));
                    }
                }
            }
            "unban" => Action::Unban { channel: channel()?, account: account(self.account)? },
            "set_topic" => Action::SetTopic {
                channel: channel()?,
                topic: value::channel_topic(needed(self.topic, "topic")?)?,
            },
            _ => return Err(value::malformed(format!("A command's `do` is one of {COMMANDS}."))),
        })
    }

    /// An action on the message that the frame names.
    fn into_action_at(self, command: &str, channel: ChannelId) -> Result<Action, Refusal> {
        let message = value::message_id(&needed(self.message, "message")?)?;
        let on = self.on.unwrap_or(true);
        Ok(match command {
            "edit" => Action::Edit {
                channel,
                message,
                text: value::message_text(needed(self.text, "text")?)?,
                format: value::format(self.format.as_deref())?,
            },
            "erase" => Action::Erase { channel, message },
            "mark_read" => {
                Action::MarkRead { channel, message, back: self.back.unwrap_or_default() }
            }
            "pin" => Action::Pin { channel, message, on },
            _ => {
                let reaction = value::reaction(needed(self.reaction, "reaction")?)?;
                Action::React { channel, message, reaction, on }
            }
        })
    }

    fn request_nonce(&self) -> Result<u64, Refusal> {
        match &self.nonce {
            Some(text) => value::nonce(text),
            None => Err(missing("nonce")),
        }
    }
}

fn needed(field: Option<String>, name: &str) -> Result<String, Refusal> {
    field.ok_or_else(|| missing(name))
}

fn missing(name: &str) -> Refusal {
    value::malformed(format!("This frame needs the field `{name}`."))
}

const PING_DATA_BYTES_MAX: usize = 256;
const COMMANDS: &str = "accept, add_contact, ban, block, create_group, decline, edit, erase, \
                        hand_over, invite, join, leave, mark_read, mute, open_direct, pin, react, \
                        remove, remove_alias, remove_contact, rename, set_alias, \
                        set_display_name, set_role, set_rule, set_topic, show_reads, unban, \
                        unblock";

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use comity_protocol::code::Code;

    fn refused(text: &str) -> (Option<u64>, Code, String) {
        let error = parse_frame(text).unwrap_err();
        (error.nonce, error.refusal.code, error.refusal.sentence)
    }

    #[test]
    fn a_send_is_read_with_escapes() {
        let channel = ChannelId([7; 32]);
        let said = r#""a\"\ud83d\ude00é""#;
        let text = format!(
            r#"{{"type":"send","nonce":"7","channel":"{channel}","text":{said},"later":1}}"#
        );
        let action = Action::send(channel, "a\"😀é");
        assert_eq!(parse_frame(&text).unwrap(), ClientFrame::Request { nonce: 7, action });
    }

    #[test]
    fn what_is_wrong_is_said() {
        let (_, code, sentence) = refused("{\"type\":\"send\",\n \"nonce\":}");
        assert_eq!(code, Code::Malformed);
        assert!(sentence.contains("line 2 column 10"), "{sentence}");
        let (nonce, _, sentence) = refused(r#"{"type":"send","nonce":"9","text":"x"}"#);
        assert_eq!((nonce, sentence.as_str()), (Some(9), "This frame needs the field `channel`."));
        let (nonce, code, _) = refused(r#"{"type":"command","nonce":"9","do":"join","home":7}"#);
        assert_eq!((nonce, code), (Some(9), Code::Malformed), "a field of the wrong type");
        assert!(refused(r#"{"type":"dance"}"#).2.contains("hello"));
        assert!(refused("{}").2.contains("`type`"));
        assert!(refused(r#"{"type":"command","nonce":"1","do":"dance"}"#).2.contains("set_role"));
        assert!(refused(r#"["ping",null]"#).2.contains("JSON object"));
        assert_eq!(refused(r#"{"type":"hello","token":"t","cursor":"x"}"#).1, Code::CursorInvalid);
        let lone_surrogate = r#"{"type":"ping","data":"\ud83d"}"#;
        assert_eq!(refused(lone_surrogate).1, Code::Malformed);
    }
}
