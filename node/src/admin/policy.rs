//! With whom the node federates, as the admin says and sees it.

use serde::{Deserialize, Serialize};

/// What the admin has said of others, and who waits for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyState {
    /// The setting `federation.mode`.
    pub mode: String,
    /// What is said of domains, by domain.
    pub rules: Vec<RuleLine>,
    /// Who waits to be let in, by domain.
    pub asking: Vec<AskingLine>,
}

/// What is said of a domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleLine {
    /// Which.
    pub domain: String,
    /// What.
    pub rule: Rule,
    /// When that was said, in Unix milliseconds.
    pub since_unix_ms: u64,
    /// Groups that may be shared with it, by id, where only those may.
    pub groups: Vec<String>,
}

/// What may be said of a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Whether the node federates with it.
    pub stance: RuleStance,
    /// Invitations, contact requests and reports of it that are heard in an hour, where that is not
    /// left to the node.
    #[serde(default)]
    pub asks_per_hour: Option<u32>,
    /// Records that are taken of it in a minute, where they are limited.
    #[serde(default)]
    pub records_per_minute: Option<u32>,
}

/// Whether a node federates with a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleStance {
    /// It does.
    Allow,
    /// It does, but shares only those groups with it that are named.
    AllowNamed,
    /// It does not.
    Block,
}

impl RuleStance {
    /// What it is called in logs, and over the admin's socket.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::AllowNamed => "allow_named",
            Self::Block => "block",
        }
    }
}

/// Somebody who waits to be let in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskingLine {
    /// The domain.
    pub domain: String,
    /// Since when, in Unix milliseconds, in this run of the node.
    pub since_unix_ms: u64,
    /// Whether its node asks, its key proven.
    pub by_itself: bool,
    /// Whether users of ours do, or a group that they are in.
    pub by_ours: bool,
}
