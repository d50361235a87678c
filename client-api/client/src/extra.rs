//! What goes with messages and is not their text, and what comes over the socket without being
//! history: drafts, reactions, presence, markers. Nodes say some of it only in newer versions, so a
//! field that is absent, or has a shape unknown here, counts as not said.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A text to be sent, and what goes with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Draft {
    /// The text.
    #[serde(serialize_with = "as_text")]
    pub text: Arc<str>,
    /// How it is to be read: `markdown`; as it stands where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// The message that it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// The message whose thread it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
    /// Whom it calls, as `name@domain`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<String>,
    /// Whether it calls everybody in the channel.
    #[serde(skip_serializing_if = "is_false")]
    pub mention_all: bool,
}

impl<T: Into<Arc<str>>> From<T> for Draft {
    fn from(text: T) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
}

/// What is said of a message besides its text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extra {
    /// How the text is to be read: `markdown`.
    pub format: Option<String>,
    /// The message that it answers.
    pub reply_to: Option<String>,
    /// The message whose thread it belongs to.
    pub thread: Option<String>,
    /// Whom it calls, as `name@domain`.
    pub mentions: Vec<String>,
    /// Whether it calls everybody in the channel.
    pub mention_all: bool,
    /// When its text was changed last, in RFC 3339.
    pub edited_time: Option<String>,
    /// How people reacted.
    pub reactions: Vec<Reaction>,
    /// The answers to it.
    pub replies: Option<Replies>,
    /// Whether it is pinned.
    pub pinned: bool,
}

/// One way in which people reacted to a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Reaction {
    /// An emoji, or a word.
    pub reaction: String,
    /// How many did.
    pub count: u32,
    /// Who, as far as the node says.
    #[serde(default)]
    pub accounts: Vec<String>,
}

/// The answers to a message.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Replies {
    /// How many.
    pub count: u32,
    /// The newest one's time, in RFC 3339.
    pub last_time: Option<String>,
}

/// Whether somebody is there.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Presence {
    /// Who, as `name@domain`.
    pub account: String,
    /// `online`, `away`, `busy`, `offline` or `unknown`.
    pub state: String,
    /// What they say of it.
    #[serde(default)]
    pub status: Option<String>,
}

/// What a node says of people and markers. It has no cursor and is not repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Sign {
    /// People came or went.
    Presence(Vec<Presence>),
    /// What the account shows of itself is another.
    ProfileChanged,
    /// Somebody else has read up to a message.
    Read { channel: String, account: String, message: String },
    /// Somebody writes just now, or stopped.
    Typing { channel: String, account: String, typing: bool },
    /// The account's own marker moved: what is unread behind it.
    Unread { channel: String, unread: u32, mentions: u32, read: Option<String> },
}

/// A field that counts as absent where its shape is not the one known here.
pub(crate) fn lenient<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned + Default,
{
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).unwrap_or_default())
}

fn as_text<S: Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_text_is_sent_as_it_always_was() {
        let draft = Draft::from("hello");
        assert_eq!(serde_json::to_string(&draft).ok().as_deref(), Some("{\"text\":\"hello\"}"));
        let reply = Draft { reply_to: Some("01M8".to_owned()), mention_all: true, ..draft };
        let text = serde_json::to_string(&reply).unwrap_or_default();
        assert_eq!(text, "{\"text\":\"hello\",\"reply_to\":\"01M8\",\"mention_all\":true}");
    }
}
