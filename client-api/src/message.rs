//! Messages in the port's own values: what a sender says besides the text, and what shows at a
//! message later. It must not know JSON.

use std::sync::Arc;

pub use comity_protocol::body::Format;
use comity_protocol::id::MessageId;
use comity_protocol::name::AccountLabel;

use crate::backend::FeedEvent;

/// What a sender says besides a message's text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Besides {
    /// What the text is written in. Nobody but clients interprets it.
    pub format: Format,
    /// The message that it answers.
    pub reply_to: Option<MessageId>,
    /// The message whose thread it belongs to.
    pub thread: Option<MessageId>,
    /// Whom it mentions.
    pub mentions: Vec<AccountLabel>,
    /// Whether it mentions all members.
    pub mention_all: bool,
}

/// A message as clients see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageContent {
    /// The text; `None` where it is not held here.
    pub text: Option<Arc<str>>,
    /// What it says besides. Of mentions those that are members.
    pub besides: Besides,
    /// What has been said of it since; nothing in the feed, where events tell.
    pub since: Since,
}

impl MessageContent {
    /// A message that is nothing but its text.
    pub fn plain(text: impl Into<Arc<str>>) -> Self {
        Self { text: Some(text.into()), ..Self::default() }
    }
}

/// What has been said of a message since it was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Since {
    /// When its text was changed last, in Unix milliseconds.
    pub edited_unix_ms: Option<u64>,
    /// Whether its text went with an edit that comes later in the feed.
    pub is_replaced: bool,
    /// The reactions to it, the first one first.
    pub reactions: Vec<ReactionCount>,
    /// The messages of its thread.
    pub replies: Option<Replies>,
    /// Whether it is pinned.
    pub is_pinned: bool,
}

/// A reaction with those who show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReactionCount {
    /// The reaction.
    pub reaction: String,
    /// How many show it.
    pub count: usize,
    /// The first of them.
    pub accounts: Vec<AccountLabel>,
}

/// A thread in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replies {
    /// How many messages it has.
    pub count: usize,
    /// The newest one's time in Unix milliseconds.
    pub last_unix_ms: u64,
}

/// A text that a message has or had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Since when, in Unix milliseconds.
    pub time_unix_ms: u64,
    /// The text; `None` where it is not kept.
    pub text: Option<Arc<str>>,
    /// What it is written in.
    pub format: Format,
}

/// Some events of a longer list.
#[derive(Clone, Debug, Default)]
pub struct EventList {
    /// The events.
    pub events: Vec<Arc<FeedEvent>>,
    /// Whether there are more.
    pub more: bool,
}
