//! What a message says besides its text, and what was said of it since, in JSON. It must not know
//! which frame or answer it stands in.

use std::borrow::Cow;

use comity_protocol::code::Code;
use comity_protocol::limits::MENTIONS_MAX;
use serde::{Deserialize, Serialize};

use super::time::format_unix_ms;
use super::value;
use crate::backend::Refusal;
use crate::message::{Besides, Format, MessageContent, ReactionCount, Replies};

/// What a sender says besides a text.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct BesidesShape {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) format: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reply_to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) thread: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mentions: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mention_all: Option<bool>,
}

impl BesidesShape {
    pub(crate) fn into_besides(self) -> Result<Besides, Refusal> {
        let mentions = self.mentions.unwrap_or_default();
        if mentions.len() > MENTIONS_MAX {
            let found = value::with_separators(mentions.len());
            let sentence = format!("The message mentions {found}; the limit is {MENTIONS_MAX}.");
            return Err(value::refusal(Code::MentionLimit, sentence));
        }
        let id = |text: Option<String>| text.as_deref().map(value::message_id).transpose();
        let mentions = mentions.iter().map(|label| value::label(label));
        Ok(Besides {
            format: value::format(self.format.as_deref())?,
            reply_to: id(self.reply_to)?,
            thread: id(self.thread)?,
            mentions: mentions.collect::<Result<_, _>>()?,
            mention_all: self.mention_all.unwrap_or_default(),
        })
    }
}

/// A message in an event: its text, what it says besides, and what was said of it since.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct MessageShape<'a> {
    text: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    erased: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    format: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reply_to: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    thread: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    mentions: Vec<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    mention_all: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    edited: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    edited_time: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    reactions: Vec<ReactionShape<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    replies: Option<RepliesShape>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pinned: bool,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct ReactionShape<'a> {
    reaction: Cow<'a, str>,
    count: usize,
    accounts: Vec<String>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct RepliesShape {
    count: usize,
    last_time: String,
}

impl MessageShape<'_> {
    /// A message whose text was erased, by a rule where that is named.
    pub(super) fn erased(by: Option<&'static str>) -> Self {
        Self { erased: true, by: by.map(Cow::Borrowed), ..Self::default() }
    }
}

impl<'a> From<&'a MessageContent> for MessageShape<'a> {
    fn from(content: &'a MessageContent) -> Self {
        let MessageContent { text, besides, since } = content;
        Self {
            text: text.as_deref().map(Cow::Borrowed),
            erased: false,
            by: None,
            format: value::format_text(besides.format).map(Cow::Borrowed),
            reply_to: besides.reply_to.map(|id| id.to_string()),
            thread: besides.thread.map(|id| id.to_string()),
            mentions: besides.mentions.iter().map(ToString::to_string).collect(),
            mention_all: besides.mention_all,
            edited: since.is_replaced,
            edited_time: since.edited_unix_ms.map(format_unix_ms),
            reactions: since.reactions.iter().map(Into::into).collect(),
            replies: since.replies.map(Into::into),
            pinned: since.is_pinned,
        }
    }
}

impl<'a> From<&'a ReactionCount> for ReactionShape<'a> {
    fn from(reaction: &'a ReactionCount) -> Self {
        let ReactionCount { reaction, count, accounts } = reaction;
        let accounts = accounts.iter().map(ToString::to_string).collect();
        Self { reaction: reaction.into(), count: *count, accounts }
    }
}

impl From<Replies> for RepliesShape {
    fn from(replies: Replies) -> Self {
        let Replies { count, last_unix_ms } = replies;
        Self { count, last_time: format_unix_ms(last_unix_ms) }
    }
}

/// A text that a message has or had.
#[derive(Debug, Serialize)]
pub(crate) struct VersionShape<'a> {
    time: String,
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<&'static str>,
}

impl<'a> From<&'a crate::message::Version> for VersionShape<'a> {
    fn from(version: &'a crate::message::Version) -> Self {
        let crate::message::Version { time_unix_ms, text, format } = version;
        let (text, format) = (text.as_deref(), value::format_text(*format));
        Self { time: format_unix_ms(*time_unix_ms), text, format }
    }
}

/// The format of an edit in an event.
pub(super) fn format_of<'a>(format: Format) -> Option<Cow<'a, str>> {
    value::format_text(format).map(Cow::Borrowed)
}
