//! Events as clients see them, in the port's own values. It must not know JSON.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use comity_protocol::code::Code;
use comity_protocol::id::{ChannelId, MessageId};
use comity_protocol::name::{AccountLabel, ServerName};

use crate::action::Rule;
use crate::backend::{ContactStep, Cursor, Role};
use crate::message::{Format, MessageContent};

/// One event of the feed, shared by every device that it goes to.
#[derive(Debug)]
pub struct FeedEvent {
    /// The feed's place just after it.
    pub cursor: Cursor,
    /// The channel.
    pub channel: ChannelId,
    /// Its id.
    pub id: MessageId,
    /// Its time in Unix milliseconds.
    pub time_unix_ms: u64,
    /// Who did it.
    pub sender: AccountLabel,
    /// What happened.
    pub content: EventContent,
    /// Messages that it took back: they count as never sent.
    pub withdrawn: Vec<MessageId>,
    /// Of a message: whether it came here long after its time.
    pub is_late: bool,
    /// Of a message: whether it could no longer be taken back when this was made. Not told with the
    /// event but, to its author, with [`Delivery::Delivered`].
    pub is_final: bool,
    /// The encoded frame, made once by the API for all devices.
    pub encoded: OnceLock<Bytes>,
}

/// What an event says to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventContent {
    /// An account was removed and is kept out.
    Banned {
        /// Whom.
        account: AccountLabel,
    },
    /// A step between two accounts that are to be contacts, or are no longer.
    Contact {
        /// Towards whom.
        account: AccountLabel,
        /// Which step.
        step: ContactStep,
    },
    /// A group was created.
    Created {
        /// Its name.
        name: String,
    },
    /// A message got another text. It counts where it was its author who gave it.
    Edited {
        /// The message.
        message: MessageId,
        /// The text; `None` where it is not held here.
        text: Option<Arc<str>>,
        /// What it is written in.
        format: Format,
    },
    /// A message was erased: nobody holds its text any more.
    Erased {
        /// The message.
        message: MessageId,
    },
    /// A message whose text was erased.
    ErasedMessage,
    /// A message whose text is older than what is kept.
    ExpiredMessage,
    /// A group was handed over: another organisation's node is its home from now on.
    HandedOver {
        /// The organisation.
        home: ServerName,
    },
    /// An account was invited.
    Invited {
        /// Whom.
        account: AccountLabel,
        /// The channel's name, for one who cannot see the channel yet; empty where a stranger
        /// invites.
        name: String,
    },
    /// An account came in; when it is the reader's own, the channel is new to its devices.
    Joined {
        /// Who.
        account: AccountLabel,
    },
    /// An account left, or declined an invitation.
    Left {
        /// Who.
        account: AccountLabel,
    },
    /// A text.
    Message(MessageContent),
    /// A message was pinned, or is no longer.
    Pinned {
        /// The message.
        message: MessageId,
        /// Whether it is from now on.
        on: bool,
    },
    /// Somebody reacts to a message, or no longer.
    Reacted {
        /// The message.
        message: MessageId,
        /// The reaction.
        reaction: String,
        /// Whether it is there from now on.
        on: bool,
    },
    /// An account was removed, or its invitation withdrawn.
    Removed {
        /// Whom.
        account: AccountLabel,
    },
    /// The group was renamed.
    Renamed {
        /// The new name.
        name: String,
    },
    /// Something that the reader asked another organisation for was refused.
    RequestRefused {
        /// Why.
        code: Code,
    },
    /// A role changed.
    RoleChanged {
        /// Whose.
        account: AccountLabel,
        /// The new role.
        role: Role,
    },
    /// A rule changed.
    RuleChanged {
        /// The rule as it is from now on.
        rule: Rule,
    },
    /// The topic changed.
    TopicChanged {
        /// The new topic.
        topic: String,
    },
    /// A ban ended.
    Unbanned {
        /// Whose.
        account: AccountLabel,
    },
}
