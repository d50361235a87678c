//! What callers do, and the rules of groups, in the port's own values. It must not know JSON.

use bytes::Bytes;
use comity_protocol::id::{ChannelId, MessageId};
use comity_protocol::name::{AccountLabel, ChannelAlias, ServerName};
use comity_protocol::report::Reason;

use crate::backend::Role;
use crate::message::{Besides, Format};

/// A change that a caller asks for. Repeated with the same nonce it is done once and answered
/// alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Accept an invitation to a group.
    Accept {
        /// The group.
        channel: ChannelId,
    },
    /// Ask an account to be a contact, or agree to one that asks.
    AddContact {
        /// Whom.
        account: AccountLabel,
    },
    /// Remove an account from a group and keep it out.
    Ban {
        /// The group.
        channel: ChannelId,
        /// Whom.
        account: AccountLabel,
    },
    /// Hear an account no more in direct channels.
    Block {
        /// Whom.
        account: AccountLabel,
    },
    /// Create a group, its caller the owner.
    CreateGroup {
        /// The name.
        name: String,
        /// The topic; may be empty.
        topic: String,
        /// The most members; the channel version's default where absent.
        member_limit: Option<u32>,
    },
    /// Decline an invitation to a group.
    Decline {
        /// The group.
        channel: ChannelId,
    },
    /// Give a message of one's own another text.
    Edit {
        /// The channel.
        channel: ChannelId,
        /// The message.
        message: MessageId,
        /// The text: 1 to 100,000 Unicode scalar values.
        text: String,
        /// What it is written in.
        format: Format,
    },
    /// Erase a message: one's own, or, as a moderator, anybody's in a group.
    Erase {
        /// The channel.
        channel: ChannelId,
        /// The message.
        message: MessageId,
    },
    /// Hand a group over to another organisation, whose node is its home from then on.
    HandOver {
        /// The group.
        channel: ChannelId,
        /// The organisation.
        home: ServerName,
    },
    /// Invite an account to a group.
    Invite {
        /// The group.
        channel: ChannelId,
        /// Whom.
        account: AccountLabel,
    },
    /// Come into a group by its join rule.
    Join {
        /// The group.
        channel: ChannelId,
        /// The organisation that is its home.
        home: ServerName,
    },
    /// Come into the group that an alias names, by its join rule.
    JoinAlias {
        /// The alias, of any domain.
        alias: ChannelAlias,
    },
    /// Leave a group.
    Leave {
        /// The group.
        channel: ChannelId,
    },
    /// Move the mark up to which the caller has read a channel.
    MarkRead {
        /// The channel.
        channel: ChannelId,
        /// The last message that was read.
        message: MessageId,
        /// Whether it may go back.
        back: bool,
    },
    /// Say whether the caller's devices are to be quiet about a channel.
    Mute {
        /// The channel.
        channel: ChannelId,
        /// Whether they are.
        on: bool,
    },
    /// Open, or find, the direct channel with an account.
    OpenDirect {
        /// With whom.
        account: AccountLabel,
    },
    /// Pin a message, or take the pin away.
    Pin {
        /// The channel.
        channel: ChannelId,
        /// The message.
        message: MessageId,
        /// Whether it is to be pinned.
        on: bool,
    },
    /// React to a message, or take a reaction back.
    React {
        /// The channel.
        channel: ChannelId,
        /// The message.
        message: MessageId,
        /// The reaction.
        reaction: String,
        /// Whether it is to be there.
        on: bool,
    },
    /// Remove a member from a group, or withdraw an invitation.
    Remove {
        /// The group.
        channel: ChannelId,
        /// Whom.
        account: AccountLabel,
    },
    /// Take an alias of this node's domain from the group that it names.
    RemoveAlias {
        /// The alias.
        alias: ChannelAlias,
    },
    /// Decline an account that asks, take a request back, or end being contacts.
    RemoveContact {
        /// Whom.
        account: AccountLabel,
    },
    /// Rename a group.
    Rename {
        /// The group.
        channel: ChannelId,
        /// The new name.
        name: String,
    },
    /// Report what somebody wrote as abuse.
    Report {
        /// The channel.
        channel: ChannelId,
        /// The message.
        message: MessageId,
        /// Why.
        reason: Reason,
        /// What the caller says about it: up to 1,000 Unicode scalar values.
        comment: Option<String>,
        /// Whether the author's organisation is told who reports.
        name_me: bool,
    },
    /// Send a text.
    Send {
        /// The channel.
        channel: ChannelId,
        /// The text: 1 to 100,000 Unicode scalar values.
        text: String,
        /// What the message says besides.
        besides: Besides,
    },
    /// Give a group an alias of this node's domain.
    SetAlias {
        /// The group.
        channel: ChannelId,
        /// The alias.
        alias: ChannelAlias,
    },
    /// Show another avatar, made of an image, or none.
    SetAvatar {
        /// The image as it was uploaded.
        image: Option<Bytes>,
    },
    /// Want to be called otherwise.
    SetDisplayName {
        /// How; by the account's name where absent.
        name: Option<String>,
    },
    /// Give a member of a group a role.
    SetRole {
        /// The group.
        channel: ChannelId,
        /// Whom.
        account: AccountLabel,
        /// The role.
        role: Role,
    },
    /// Change a rule of a group.
    SetRule {
        /// The group.
        channel: ChannelId,
        /// The rule as it is to be.
        rule: Rule,
    },
    /// Change a group's topic.
    SetTopic {
        /// The group.
        channel: ChannelId,
        /// The new topic; may be empty.
        topic: String,
    },
    /// Say whether others see how far the caller has read.
    ShowReads {
        /// Whether they do.
        on: bool,
    },
    /// End a ban.
    Unban {
        /// The group.
        channel: ChannelId,
        /// Whose.
        account: AccountLabel,
    },
    /// Hear an account again.
    Unblock {
        /// Whom.
        account: AccountLabel,
    },
}

impl Action {
    /// Sends a plain text that says nothing besides.
    pub fn send(channel: ChannelId, text: impl Into<String>) -> Self {
        Self::Send { channel, text: text.into(), besides: Besides::default() }
    }
}

/// A rule of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Whether nobody may post.
    Archived(bool),
    /// Who may come in without an invitation.
    Join(JoinRule),
    /// Whether former texts of edited messages are kept.
    KeepsEdits(bool),
    /// From which role on members may mention all.
    MentionAll(Role),
    /// From which role on members may post.
    Posting(Role),
    /// How long texts are kept, in seconds; for ever where absent.
    Retention(Option<u64>),
    /// Whether newcomers read nothing from before they came.
    SinceJoining(bool),
}

/// Who may come into a group without an invitation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JoinRule {
    /// Anybody who is not banned.
    Anyone,
    /// Nobody.
    Invited,
    /// Accounts of these organisations.
    Organisations(Vec<ServerName>),
}
