//! Accounts as the admin sees them, and what he makes of them.

use serde::{Deserialize, Serialize};

/// An account of the node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserLine {
    /// Its name, without the domain.
    pub name: String,
    /// How it wants to be called.
    #[serde(default)]
    pub display_name: Option<String>,
    /// When it was made, in Unix milliseconds.
    pub created_unix_ms: u64,
    /// When it was there last, in Unix milliseconds, as far as that was written.
    #[serde(default)]
    pub last_active_unix_ms: Option<u64>,
    /// Whether one of its devices is connected.
    #[serde(default)]
    pub is_there: bool,
    /// On how many devices it is logged in.
    pub devices: u64,
    /// Whether it may do over HTTP what the admin does.
    pub is_admin: bool,
    /// Whether the admin has shut it out.
    pub is_suspended: bool,
    /// Whether it was deleted; its name is never given out again.
    pub is_deleted: bool,
}

/// A part of the list of accounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserPage {
    /// By name.
    pub users: Vec<UserLine>,
    /// Whether there are more after the last of them.
    pub more: bool,
    /// Accounts that are not deleted.
    pub total: u64,
}

/// What the admin makes of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserChange {
    /// An admin of the node, or one no longer.
    Admin(bool),
    /// Shut out, or let in again.
    Suspended(bool),
    /// With this password, and logged out everywhere.
    Password(String),
}

/// Accounts in one list.
pub const USERS_LISTED_MAX: usize = 500;
