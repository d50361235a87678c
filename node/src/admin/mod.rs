//! What the admin asks of a running node from the same machine: a Unix socket in the data
//! directory, which only the node's user can open. One JSON line asks, one answers, and the
//! connection closes. What is asked for goes the same way as everything else that changes the node;
//! nothing here touches its store.

mod client;
mod deeds;
mod directories;
mod figures;
mod finding;
mod http;
mod key;
mod policy;
mod report;
mod server;
mod settings;
#[cfg(test)]
mod tests;
mod user;
mod wire;

use std::path::{Path, PathBuf};
use std::time::Duration;

use comity_client_api::Refusal;
use comity_protocol::name::{AccountLabel, AccountName};
use serde::{Deserialize, Serialize};

pub use client::{AdminClient, AdminError};
pub use directories::Directories;
pub(crate) use directories::bytes_in;
pub use figures::{Figures, Latency, QueueLine};
pub use finding::{Finding, Grade};
pub use http::routes;
pub use key::{KeyState, NextKey};
pub use policy::{AskingLine, PolicyState, Rule, RuleLine, RuleStance};
pub use report::{REPORTS_LISTED_MAX, ReportDetail, ReportLine};
pub use server::{AdminSocket, AdminSocketError, serve};
pub use settings::SettingLine;
pub use user::{USERS_LISTED_MAX, UserChange, UserLine, UserPage};

/// What the admin asks of a node. Cheap to clone.
pub trait AdminBackend: Clone + Send + Sync + 'static {
    /// Makes an account without an invite, whatever the sign-up mode. Answers once it is durable.
    fn add_user(
        &self,
        name: AccountName,
        password: String,
    ) -> impl Future<Output = Result<AccountLabel, Refusal>> + Send;

    /// Accounts whose names begin with `prefix`, by name, from after one on; at most
    /// [`USERS_LISTED_MAX`].
    fn users(&self, prefix: &str, after: Option<&str>) -> UserPage;

    /// Changes what an account may do. Answers once it is durable.
    fn change_user(
        &self,
        name: AccountName,
        change: UserChange,
    ) -> impl Future<Output = Result<(), Refusal>> + Send;

    /// Makes a token with which this many accounts can be signed up. Answers once it is durable.
    fn invite(
        &self,
        uses: u32,
        expires_in: Duration,
    ) -> impl Future<Output = Result<Invite, Refusal>> + Send;

    /// Invites that still make accounts, at most [`INVITES_LISTED_MAX`], those first that expire
    /// first.
    fn invites(&self) -> Vec<InviteLine>;

    /// Takes an invite back, named by its token or as in the list. Answers once it is durable.
    fn revoke_invite(&self, named: &str) -> impl Future<Output = Result<(), Refusal>> + Send;

    /// Logs that are proven to have two histories, at most [`FORKS_LISTED_MAX`].
    fn forks(&self) -> Vec<ForkLine>;

    /// The bytes of the proof that a line of the list names.
    fn proof(&self, id: &str) -> Option<Vec<u8>>;

    /// Opens the next term of a group that this node is home of, at a record or at the newest that
    /// no fork contradicts; only says what would be void where the admin is not sure.
    fn reopen(
        &self,
        channel: &str,
        at: Option<(u64, u64)>,
        is_sure: bool,
    ) -> impl Future<Output = Result<Reopening, Refusal>> + Send;

    /// Records of a group's control log that a later opening made void, at most
    /// [`VOIDED_LISTED_MAX`].
    fn voided(&self, channel: &str) -> Result<Vec<VoidLine>, Refusal>;

    /// Groups that this node holds, at most [`GROUPS_LISTED_MAX`], those first that wait for
    /// something.
    fn groups(&self) -> Vec<GroupLine>;

    /// Answers for the members that a group waits for.
    fn confirm(&self, channel: &str) -> impl Future<Output = Result<(), Refusal>> + Send;

    /// How it is between the node and other organisations, at most [`PEERS_LISTED_MAX`], those
    /// first that are not linked.
    fn peers(&self) -> impl Future<Output = Result<Vec<PeerState>, Refusal>> + Send;

    /// Has an organisation's node dialled now, whatever the node waits for; `false` where it is
    /// linked already.
    fn retry_peer(&self, domain: &str) -> Result<bool, Refusal>;

    /// What is said of other organisations, and who waits for it.
    fn policy(&self) -> PolicyState;

    /// Says something of a domain, or nothing any more. Answers once it is durable.
    fn set_rule(
        &self,
        domain: &str,
        rule: Option<Rule>,
    ) -> impl Future<Output = Result<(), Refusal>> + Send;

    /// Lets a group be shared with a domain. Answers once it is durable.
    fn share(&self, domain: &str, group: &str) -> impl Future<Output = Result<(), Refusal>> + Send;

    /// Shares a group with a domain no longer. Answers once it is durable.
    fn unshare(
        &self,
        domain: &str,
        group: &str,
    ) -> impl Future<Output = Result<(), Refusal>> + Send;

    /// What is well and what is not with our own domain, or with another one.
    fn examine(
        &self,
        domain: Option<&str>,
    ) -> impl Future<Output = Result<Vec<Finding>, Refusal>> + Send;

    /// The newest reports of abuse, at most [`REPORTS_LISTED_MAX`]; all, or those that are open.
    fn reports(&self, all: bool) -> Vec<ReportLine>;

    /// A report with what is reported.
    fn report(&self, number: u64) -> impl Future<Output = Result<ReportDetail, Refusal>> + Send;

    /// The admin has dealt with a report. Answers once it is durable.
    fn close_report(&self, number: u64) -> impl Future<Output = Result<(), Refusal>> + Send;

    /// Makes a key that is to follow the node's, where there is none yet, and lets it follow now;
    /// tells how it is then.
    fn rotate_key(
        &self,
        makes_next: bool,
        now: bool,
    ) -> impl Future<Output = Result<KeyState, Refusal>> + Send;

    /// Gives a domain to the organisation that its records name now, in place of the one that had
    /// it before; `key` is the one that the admin was told, in base64.
    fn accept_key(
        &self,
        domain: &str,
        key: &str,
    ) -> impl Future<Output = Result<(), Refusal>> + Send;

    /// How much the node does.
    fn figures(&self) -> impl Future<Output = Result<Figures, Refusal>> + Send;

    /// The settings in force, in the order of the reference.
    fn settings(&self) -> Vec<SettingLine>;

    /// How the node does among others: at most [`PEERS_LISTED_MAX`] peers, the worst first.
    fn status(&self) -> Status;
}

/// What a group goes on from, and what that makes void.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reopening {
    /// The record, as term and number.
    pub base: String,
    /// What is void of what is here.
    pub voided: Vec<VoidLine>,
    /// Organisations that have not said since this node started what they hold; what they hold more
    /// is void too.
    pub unheard: Vec<String>,
}

/// A record that has no effect any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoidLine {
    /// Its term and number.
    pub record: String,
    /// What its writer says of the time, in Unix milliseconds.
    pub unix_ms: u64,
    /// What it was to do.
    pub what: String,
    /// Who did it; absent where the home acted by itself.
    #[serde(default)]
    pub by: Option<String>,
}

/// Void records in one list.
pub const VOIDED_LISTED_MAX: usize = 1_000;

/// A group that a node holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupLine {
    /// The channel's id.
    pub channel: String,
    /// Its name.
    pub name: String,
    /// The domain of its home.
    pub home: String,
    /// Why nothing may be said or changed in it, where that is so.
    pub read_only: Option<ReadOnlyGroup>,
    /// Where it is ours: the organisations that are asked, since this node started, before anything
    /// is changed in it.
    pub waits_for: Vec<String>,
    /// Where another organisation is its home: users of this node who are invited to it.
    #[serde(default)]
    pub invited: u64,
    /// Whether they can accept only once the admin lets the group be shared with its home.
    #[serde(default)]
    pub is_ungranted: bool,
}

/// Why nothing may be said or changed in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadOnlyGroup {
    /// Its home uses rules that the node does not know.
    Newer,
    /// Its control log is proven to have two histories.
    Split,
}

/// Groups in one list.
pub const GROUPS_LISTED_MAX: usize = 1_000;

/// How a node does among others, in this run of its process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Whether the machine's clock is in doubt, because what most organisations write is still to
    /// come by it.
    pub is_clock_doubted: bool,
    /// The node's domain.
    #[serde(default)]
    pub domain: String,
    /// Organisations that are linked, share a channel with us, or did something wrong.
    pub peers: Vec<PeerLine>,
    /// Logs that are proven to have two histories.
    #[serde(default)]
    pub forks: u64,
    /// Groups in which nothing can be said or changed.
    #[serde(default)]
    pub read_only: u64,
    /// Groups that wait, since this node started, for other members' nodes.
    #[serde(default)]
    pub comparing: u64,
    /// Reports of abuse that are open.
    #[serde(default)]
    pub reports: u64,
    /// Peers that dialled and of which it was never known who they are, by kind.
    #[serde(default)]
    pub strangers: Vec<StrangerLine>,
}

/// A kind of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StrangerLine {
    /// `crowded`, `handshake`, `hello`, `identity` or `silent`.
    pub kind: String,
    /// How often that was.
    pub times: u64,
    /// When last, in Unix milliseconds.
    pub last_unix_ms: u64,
    /// From where then; of a handshake that failed it may be made up.
    #[serde(default)]
    pub from: Option<String>,
    /// As whom, where it said so.
    #[serde(default)]
    pub domain: Option<String>,
    /// The stable code that it was told.
    #[serde(default)]
    pub code: Option<String>,
}

/// An organisation in that list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerLine {
    /// Its domain.
    pub domain: String,
    /// Whether a link with it is up.
    pub is_linked: bool,
    /// How often it broke the peer protocol, or QUIC's rules, which ended a link each time.
    pub faults: u64,
    /// How often records that it showed were not taken.
    pub refused: u64,
    /// Records that it showed and that have no effect, because they are against the rules.
    pub void: u64,
    /// How often it asked for what is not here, or not for it to see.
    #[serde(default)]
    pub denied: u64,
    /// Logs of which records wait.
    pub waiting: u64,
}

/// How it is between a node and another organisation, in this run of the process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerState {
    /// Its domain.
    pub domain: String,
    /// How the link is.
    pub link: PeerLink,
    /// Since when there is no link, where there was one in this run, in Unix milliseconds.
    #[serde(default)]
    pub down_since_unix_ms: Option<u64>,
    /// When a frame came from it last, in Unix milliseconds.
    pub heard_unix_ms: Option<u64>,
    /// What it has not taken yet of what it is to have; absent where that is not known, because it
    /// was not linked yet.
    pub backlog: Option<Backlog>,
    /// What went wrong last.
    pub trouble: Option<PeerTrouble>,
    /// In how many milliseconds it is dialled again.
    pub next_try_ms: Option<u64>,
    /// Bytes of frames to it, and from it, within a minute.
    pub bytes_per_minute: (u64, u64),
    /// Records to it, and from it, within a minute: messages, and what else is said in channels.
    pub records_per_minute: (u64, u64),
    /// Its public key, in base64.
    pub key: Option<String>,
    /// What proved that this is its key, where that was looked at since the start.
    pub proof: Option<PeerProof>,
    /// The key of another organisation that its records name now, in base64; nothing is taken under
    /// it until the admin says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_key: Option<String>,
    /// Reports of abuse of it that were dropped, because they prove nothing or are too many.
    #[serde(default)]
    pub reports_dropped: u64,
    /// Signs that two nodes run under one key, where there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copies: Option<PeerCopies>,
}

/// Signs that two nodes run under one key, one of them a copy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerCopies {
    /// Under its key: how often a run of its node came back after another had taken its links.
    pub theirs: u64,
    /// Under ours: how often it ended our link for one that was not ours.
    pub ours: u64,
    /// When last, in Unix milliseconds.
    pub last_unix_ms: u64,
}

/// How a link is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeerLink {
    /// Up since a time in Unix milliseconds; dialled by us, or by the other.
    Up {
        /// Since when.
        since_unix_ms: u64,
        /// Whether we dialled.
        is_dialled: bool,
    },
    /// Being dialled.
    Dialling,
    /// Down.
    #[default]
    Down,
}

/// What has not come to another organisation yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backlog {
    /// Records, [`BACKLOG_COUNTED_MAX`] at most.
    pub records: u64,
    /// For how long the oldest of them waits, in milliseconds.
    pub oldest_ms: u64,
}

/// Records that are counted of a backlog; there may be more.
pub const BACKLOG_COUNTED_MAX: usize = 1_000;

/// What went wrong between two organisations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerTrouble {
    /// Its stable code.
    pub code: String,
    /// What happened.
    pub why: String,
    /// When, in Unix milliseconds.
    pub unix_ms: u64,
}

/// What proves a domain's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeerProof {
    /// Its records, by DNSSEC.
    Dnssec,
    /// Our settings.
    Pin,
    /// The document under its web certificate.
    Web,
}

/// Organisations in one status.
pub const PEERS_LISTED_MAX: usize = 1_000;

/// A log that is proven to have two histories.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForkLine {
    /// Names it, to ask for the proof.
    pub id: String,
    /// The domain of the organisation that wrote it, as the proof says.
    pub domain: String,
    /// The channel.
    pub channel: String,
    /// The first record that has two hashes.
    pub record: u64,
}

/// Forks in one list.
pub const FORKS_LISTED_MAX: usize = 1_000;

/// An invite to the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invite {
    /// The token, shown this once.
    pub token: String,
    /// When it expires, in Unix milliseconds.
    pub expires_unix_ms: u64,
}

/// An invite in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteLine {
    /// Names it; the token itself is not kept.
    pub id: String,
    /// How many accounts it still makes.
    pub uses: u32,
    /// When it expires, in Unix milliseconds.
    pub expires_unix_ms: u64,
}

/// Invites in one list.
pub const INVITES_LISTED_MAX: usize = 1_000;

/// The most accounts that one invite may make.
pub const INVITE_USES_MAX: u32 = 10_000;
/// The longest that an invite may be good for.
pub const INVITE_LIFETIME_MAX: Duration = Duration::from_secs(366 * 24 * 3_600);

/// The socket of the node of a data directory.
pub fn socket_path(data_dir: &Path) -> PathBuf {
    data_dir.join("admin.sock")
}
