//! Whom and what callers find beyond their channels, in the port's own values: groups to join, and
//! contacts. It must not know JSON.

use comity_protocol::id::ChannelId;
use comity_protocol::name::{AccountLabel, ChannelAlias, ServerName};

/// Somebody whom the caller knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Who.
    pub account: AccountLabel,
    /// What it is to the caller.
    pub standing: ContactStanding,
    /// Since when, in Unix milliseconds.
    pub since_unix_ms: u64,
}

/// Somebody whom the caller blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// Who.
    pub account: AccountLabel,
    /// Since when, in Unix milliseconds.
    pub since_unix_ms: u64,
}

/// How far somebody is from being a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContactStanding {
    /// The caller has asked.
    Asked,
    /// The caller is asked.
    Asking,
    /// Both have agreed.
    Contact,
    /// The caller has declined.
    Declined,
}

/// What one account does towards being another's contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContactStep {
    /// It agrees.
    Accepted,
    /// It asks.
    Asked,
    /// It declines, takes back or ends it.
    Ended,
}

/// A group that the caller may join, or is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundGroup {
    /// The id.
    pub id: ChannelId,
    /// The name.
    pub name: String,
    /// The topic; may be empty.
    pub topic: String,
    /// The organisation that lets members in.
    pub home: ServerName,
    /// How many members it has.
    pub members: u32,
    /// An alias of the domain that was asked, where it has one.
    pub alias: Option<ChannelAlias>,
}

/// Groups that the caller may join, in the order of their ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundGroups {
    /// The groups.
    pub groups: Vec<FoundGroup>,
    /// Whether there are more above the last of them.
    pub more: bool,
}
