//! The lines of the admin's socket. Both ends are this program, of the same version or one just
//! upgraded.

use serde::{Deserialize, Serialize};

use super::{
    Finding, ForkLine, GroupLine, InviteLine, KeyState, PeerState, PolicyState, Reopening,
    ReportDetail, ReportLine, Rule, Status, UserChange, UserPage, VoidLine,
};

/// What is asked.
#[derive(Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Ask {
    /// Make an account.
    AddUser { name: String, password: String },
    /// List the accounts.
    Users { prefix: String, after: Option<String> },
    /// Change what one of them may do.
    ChangeUser { name: String, change: UserChange },
    /// Make an invite.
    Invite { uses: u32, expires_in_seconds: u64 },
    /// List the invites.
    Invites,
    /// Take an invite back.
    RevokeInvite { named: String },
    /// List the logs that are proven to have two histories.
    Forks,
    /// The proof of one of them.
    Proof { id: String },
    /// Let a group go on from an earlier record.
    Reopen { channel: String, at: Option<(u64, u64)>, is_sure: bool },
    /// List what such openings have made void.
    Voided { channel: String },
    /// How the node does among others.
    Status,
    /// How it is between the node and each other organisation.
    Peers,
    /// What is well and what is not with the node's own domain, or with another one.
    Examine { domain: Option<String> },
    /// Have an organisation's node dialled now.
    RetryPeer { domain: String },
    /// List what is said of other organisations.
    Policy,
    /// Say something of a domain, or nothing any more.
    SetRule { domain: String, rule: Option<Rule> },
    /// Let a group be shared with a domain.
    Share { domain: String, group: String },
    /// Share it no longer.
    Unshare { domain: String, group: String },
    /// Make the key that follows the node's, and let it follow.
    RotateKey { makes_next: bool, now: bool },
    /// Give a domain to the organisation that its records name now, with this key.
    AcceptKey { domain: String, key: String },
    /// List what was reported as abuse: all of it, or what is open.
    Reports { all: bool },
    /// One report with what is reported.
    Report { number: u64 },
    /// The admin has dealt with one.
    CloseReport { number: u64 },
    /// List this node's groups.
    Groups,
    /// Answer for the members that one of them waits for.
    Confirm { channel: String },
}

/// What is answered.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    /// The account that was made.
    Added { account: String },
    /// Accounts.
    Users(UserPage),
    /// The invite that was made.
    Invite { token: String, expires_unix_ms: u64 },
    /// The invites.
    Invites { invites: Vec<InviteLine> },
    /// The logs that are proven to have two histories.
    Forks { forks: Vec<ForkLine> },
    /// A proof, in base64url.
    Proof { proof: String },
    /// What a group goes on from.
    Reopened(Reopening),
    /// What is void.
    Voided { voided: Vec<VoidLine> },
    /// How the node does among others.
    Status { status: Status },
    /// How it is between the node and other organisations.
    Peers { peers: Vec<PeerState> },
    /// What the doctor has found.
    Examined { findings: Vec<Finding> },
    /// Whether an organisation's node is dialled now; it is linked already where not.
    Retried { is_dialled: bool },
    /// The node's key, and the next one.
    Key(KeyState),
    /// What was reported as abuse.
    Reports { reports: Vec<ReportLine> },
    /// A report.
    Report(Box<ReportDetail>),
    /// This node's groups.
    Groups { groups: Vec<GroupLine> },
    /// What is said of other organisations.
    Policy { policy: PolicyState },
    /// Done.
    Done,
    /// A refusal.
    Refused { code: String, message: String },
}

/// The longest answer: the longest text that can be reported, all of it escaped.
pub(super) const ANSWER_BYTES_MAX: usize = 4 << 20;
/// The longest line that asks: a password of 1,024 characters, all escaped, and its surroundings.
pub(super) const LINE_BYTES_MAX: usize = 16 * 1024;
