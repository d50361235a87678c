//! What users do: the acts that a command performs for one of them.

use comity_protocol::body::Format;
use comity_protocol::cbor::ByteString;
use comity_protocol::control::Moderation;
use comity_protocol::event::Message;
use comity_protocol::id::{AccountId, ChannelId, LineageId, MessageId};
use minicbor::{Decode, Encode};

use crate::group::GroupAct;
use crate::reading::ReadMark;
use crate::report::Reporting;

/// What a user does.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Act {
    /// Sends a text.
    #[n(0)]
    Send {
        /// The channel.
        #[n(0)]
        channel: ChannelId,
        /// The text.
        #[n(1)]
        text: String,
        /// What it is written in.
        #[n(2)]
        format: Format,
        /// What the message says besides.
        #[n(3)]
        message: Message,
    },
    /// Opens, or finds, a direct channel.
    #[n(1)]
    OpenDirect {
        /// With whom.
        #[n(0)]
        account: AccountId,
        /// Its label.
        #[n(1)]
        label: String,
    },
    /// Creates a group.
    #[n(2)]
    CreateGroup {
        /// The name.
        #[n(0)]
        name: String,
        /// The topic.
        #[n(1)]
        topic: String,
        /// The most members.
        #[n(2)]
        member_limit: u32,
    },
    /// Invites an account.
    #[n(3)]
    Invite {
        /// The group.
        #[n(0)]
        channel: ChannelId,
        /// Whom.
        #[n(1)]
        account: AccountId,
        /// Its label.
        #[n(2)]
        label: String,
    },
    /// Accepts an invite.
    #[n(4)]
    Accept {
        /// The group.
        #[n(0)]
        channel: ChannelId,
    },
    /// Declines an invite.
    #[n(5)]
    Decline {
        /// The group.
        #[n(0)]
        channel: ChannelId,
    },
    /// Leaves a group.
    #[n(6)]
    Leave {
        /// The group.
        #[n(0)]
        channel: ChannelId,
    },
    /// Comes into a group by its join rule.
    #[n(7)]
    Join {
        /// The group.
        #[n(0)]
        channel: ChannelId,
        /// Its home, as whoever looked it up was told.
        #[n(1)]
        home: LineageId,
        /// Its name, as its home says.
        #[n(2)]
        name: String,
    },
    /// Any other act on a group, as a control record states it.
    #[n(8)]
    Govern {
        /// The group.
        #[n(0)]
        channel: ChannelId,
        /// What.
        #[n(1)]
        act: GroupAct,
    },
    /// Erases a message.
    #[n(9)]
    Erase {
        /// The channel.
        #[n(0)]
        channel: ChannelId,
        /// The message, found by whoever proposes the command.
        #[n(1)]
        target: Moderation,
        /// Whose it is.
        #[n(2)]
        author: AccountId,
    },
    /// Gives a message of one's own another text. That it is one was looked up by whoever proposes
    /// the command.
    #[n(10)]
    Edit {
        /// The channel.
        #[n(0)]
        channel: ChannelId,
        /// The message.
        #[n(1)]
        message: MessageId,
        /// The new text.
        #[n(2)]
        text: String,
        /// What it is written in.
        #[n(3)]
        format: Format,
    },
    /// Reacts to a message, or takes a reaction back.
    #[n(11)]
    React {
        /// The channel.
        #[n(0)]
        channel: ChannelId,
        /// The message, looked up by whoever proposes the command.
        #[n(1)]
        message: MessageId,
        /// The reaction.
        #[n(2)]
        reaction: String,
        /// Whether it is there from now on.
        #[n(3)]
        on: bool,
    },
    /// Pins a message, or takes the pin away.
    #[n(12)]
    Pin {
        /// The channel.
        #[n(0)]
        channel: ChannelId,
        /// The message, looked up by whoever proposes the command.
        #[n(1)]
        message: MessageId,
        /// Whether it is pinned from now on.
        #[n(2)]
        on: bool,
    },
    /// Moves the mark up to which an account has read a channel.
    #[n(13)]
    MarkRead {
        /// The channel.
        #[n(0)]
        channel: ChannelId,
        /// Where it is to stand, and what is left unread there, as far as whoever proposes the
        /// command has counted.
        #[n(1)]
        mark: ReadMark,
        /// Whether it may go back.
        #[n(2)]
        back: bool,
    },
    /// Says whether others see how far an account has read.
    #[n(14)]
    ShowReads {
        /// Whether they do.
        #[n(0)]
        on: bool,
    },
    /// Gives a group an alias of this node's domain.
    #[n(20)]
    SetAlias {
        /// The group.
        #[n(0)]
        channel: ChannelId,
        /// The normalised name.
        #[n(1)]
        name: String,
    },
    /// Takes an alias back.
    #[n(21)]
    RemoveAlias {
        /// Its name.
        #[n(0)]
        name: String,
    },
    /// Asks somebody to be a contact, or agrees to who asks.
    #[n(22)]
    AddContact {
        /// Whom.
        #[n(0)]
        account: AccountId,
        /// Its label.
        #[n(1)]
        label: String,
    },
    /// Declines, takes back or ends what there is with somebody.
    #[n(23)]
    RemoveContact {
        /// Whom.
        #[n(0)]
        account: AccountId,
    },
    /// Says whether the account's devices are to be quiet about a channel.
    #[n(24)]
    Mute {
        /// The channel.
        #[n(0)]
        channel: ChannelId,
        /// Whether they are.
        #[n(1)]
        on: bool,
    },
    /// Does not hear somebody any more in direct channels.
    #[n(25)]
    Block {
        /// Whom.
        #[n(0)]
        account: AccountId,
        /// Its label.
        #[n(1)]
        label: String,
    },
    /// Hears somebody again.
    #[n(26)]
    Unblock {
        /// Whom.
        #[n(0)]
        account: AccountId,
    },
    /// Wants to be called otherwise.
    #[n(27)]
    SetDisplayName {
        /// How; by its own name where absent.
        #[n(0)]
        name: Option<String>,
    },
    /// Shows another avatar.
    #[n(28)]
    SetAvatar {
        /// Its bytes, made by whoever proposes the command; none where absent.
        #[n(0)]
        image: Option<ByteString>,
    },
    /// Reports what somebody wrote as abuse.
    #[n(29)]
    Report(#[n(0)] Reporting),
}

impl Act {
    /// Sends a plain text that says nothing besides.
    pub fn send(channel: ChannelId, text: impl Into<String>) -> Self {
        let (format, message) = (Format::default(), Message::default());
        Self::Send { channel, text: text.into(), format, message }
    }
}
