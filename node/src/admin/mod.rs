//! What the admin asks of a running node from the same machine: a Unix socket in the data
//! directory, which only the node's user can open. One JSON line asks, one answers, and the
//! connection closes. What is asked for goes the same way as everything else that changes the node;
//! nothing here touches its store.

mod client;
mod finding;
mod key;
mod policy;
mod server;
mod wire;

use std::path::{Path, PathBuf};
use std::time::Duration;

use comity_client_api::Refusal;
use comity_protocol::name::{AccountLabel, AccountName};
use serde::{Deserialize, Serialize};

pub use client::{AdminClient, AdminError};
pub use finding::{Finding, Grade};
pub use key::{KeyState, NextKey};
pub use policy::{AskingLine, PolicyState, Rule, RuleLine, RuleStance};
pub use server::{AdminSocket, AdminSocketError, serve};

/// What the admin asks of a node. Cheap to clone.
pub trait AdminBackend: Clone + Send + Sync + 'static {
    /// Makes an account without an invite, whatever the sign-up mode. Answers once it is durable.
    fn add_user(
        &self,
        name: AccountName,
        password: String,
    ) -> impl Future<Output = Result<AccountLabel, Refusal>> + Send;

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

    /// Makes a key that is to follow the node's, where there is none yet, and lets it follow now;
    /// tells how it is then.
    fn rotate_key(
        &self,
        makes_next: bool,
        now: bool,
    ) -> impl Future<Output = Result<KeyState, Refusal>> + Send;

    /// Gives a domain to the organisation that its records name now, in place of the one that had it
    /// before; `key` is the one that the admin was told, in base64.
    fn accept_key(
        &self,
        domain: &str,
        key: &str,
    ) -> impl Future<Output = Result<(), Refusal>> + Send;

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
}

/// An organisation in that list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerLine {
    /// Its domain.
    pub domain: String,
    /// Whether a link with it is up.
    pub is_linked: bool,
    /// How often it broke the peer protocol, which ended a link each time.
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::os::unix::fs::MetadataExt;

    use comity_protocol::code::Code;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::UnixStream;

    use super::*;

    #[derive(Clone)]
    struct Fake;

    impl AdminBackend for Fake {
        async fn add_user(
            &self,
            name: AccountName,
            password: String,
        ) -> Result<AccountLabel, Refusal> {
            if password.len() < 8 {
                return Err(Code::PasswordWeak.into());
            }
            Ok(AccountLabel { name, domain: "acme.example".parse().unwrap() })
        }

        async fn invite(&self, uses: u32, expires_in: Duration) -> Result<Invite, Refusal> {
            let token = format!("token-for-{uses}");
            Ok(Invite { token, expires_unix_ms: u64::try_from(expires_in.as_millis()).unwrap() })
        }

        fn invites(&self) -> Vec<InviteLine> {
            vec![InviteLine { id: "0123456789ab".to_owned(), uses: 2, expires_unix_ms: 60_000 }]
        }

        async fn revoke_invite(&self, named: &str) -> Result<(), Refusal> {
            let known = self.invites().iter().any(|line| line.id == named);
            if known { Ok(()) } else { Err(Code::InviteNotFound.into()) }
        }

        fn forks(&self) -> Vec<ForkLine> {
            let (id, domain) = ("c1-AAAAAAAA".to_owned(), "globex.example".to_owned());
            vec![ForkLine { id, domain, channel: "AAAAAAAA".to_owned(), record: 7 }]
        }

        fn proof(&self, id: &str) -> Option<Vec<u8>> {
            (id == "c1-AAAAAAAA").then(|| vec![1, 2, 3])
        }

        async fn reopen(
            &self,
            channel: &str,
            at: Option<(u64, u64)>,
            _: bool,
        ) -> Result<Reopening, Refusal> {
            let voided = self.voided(channel)?;
            let (term, seq) = at.unwrap_or((1, 6));
            Ok(Reopening { base: format!("{term}.{seq}"), voided, unheard: vec![] })
        }

        fn voided(&self, channel: &str) -> Result<Vec<VoidLine>, Refusal> {
            if channel != "AAAAAAAA" {
                return Err(Code::ChannelNotFound.into());
            }
            let (record, what) = ("1.7".to_owned(), "topic".to_owned());
            Ok(vec![VoidLine { record, unix_ms: 5, what, by: Some("alice@acme.example".into()) }])
        }

        fn groups(&self) -> Vec<GroupLine> {
            let waits_for = vec!["globex.example".to_owned()];
            let (channel, name) = ("AAAAAAAA".to_owned(), "Team".to_owned());
            let home = "acme.example".to_owned();
            vec![GroupLine { channel, name, home, read_only: None, waits_for }]
        }

        async fn confirm(&self, channel: &str) -> Result<(), Refusal> {
            self.voided(channel).map(|_| ())
        }

        async fn peers(&self) -> Result<Vec<PeerState>, Refusal> {
            let link = PeerLink::Up { since_unix_ms: 7, is_dialled: true };
            let domain = "globex.example".to_owned();
            let backlog = Some(Backlog { records: 3, oldest_ms: 9 });
            Ok(vec![PeerState { domain, link, backlog, ..PeerState::default() }])
        }

        fn retry_peer(&self, domain: &str) -> Result<bool, Refusal> {
            match domain {
                "globex.example" => Ok(true),
                _ => Err(Code::DomainUnreachable.into()),
            }
        }

        fn policy(&self) -> PolicyState {
            let domain = "evil.example".to_owned();
            let rule =
                Rule { stance: RuleStance::Block, asks_per_hour: None, records_per_minute: None };
            let line = RuleLine { domain, rule, since_unix_ms: 3, groups: vec![] };
            PolicyState { mode: "ask".to_owned(), rules: vec![line], asking: vec![] }
        }

        async fn set_rule(&self, domain: &str, rule: Option<Rule>) -> Result<(), Refusal> {
            match (domain, rule.map(|rule| rule.stance)) {
                ("globex.example", Some(RuleStance::AllowNamed)) => Ok(()),
                _ => Err(Code::NameInvalid.into()),
            }
        }

        async fn share(&self, _: &str, group: &str) -> Result<(), Refusal> {
            self.voided(group).map(|_| ())
        }

        async fn unshare(&self, _: &str, group: &str) -> Result<(), Refusal> {
            self.voided(group).map(|_| ())
        }

        async fn examine(&self, domain: Option<&str>) -> Result<Vec<Finding>, Refusal> {
            let found = domain.ok_or(Code::NameInvalid)?;
            Ok(vec![Finding::bad("TXT record", found, "Publish it.").publish("a line".into())])
        }

        async fn rotate_key(&self, makes_next: bool, now: bool) -> Result<KeyState, Refusal> {
            let (name, key) = ("2026b".to_owned(), "AAAA".to_owned());
            let record = "v=comity1".to_owned();
            let next = NextKey { name, key, record, switches_in_ms: None };
            let next = Some(next).filter(|_| makes_next && !now);
            Ok(KeyState { name: "2026a".to_owned(), key: "BBBB".to_owned(), next })
        }

        async fn accept_key(&self, domain: &str, key: &str) -> Result<(), Refusal> {
            if (domain, key) == ("globex.example", "AAAA") {
                return Ok(());
            }
            Err(Code::DomainKeyChanged.into())
        }

        fn status(&self) -> Status {
            let domain = "globex.example".to_owned();
            let (faults, refused, void, waiting) = (1, 2, 3, 4);
            let denied = 0;
            let line = PeerLine { domain, is_linked: true, faults, refused, void, denied, waiting };
            Status { is_clock_doubted: true, peers: vec![line], ..Status::default() }
        }
    }

    #[tokio::test]
    async fn the_admin_is_served_and_told_refusals() {
        let dir = tempfile::tempdir().unwrap();
        let socket = serve(dir.path(), Fake).await.unwrap();
        let mode = std::fs::metadata(socket_path(dir.path())).unwrap().mode() & 0o777;
        assert_eq!(mode, 0o600);
        let client = AdminClient::of(dir.path());
        let name = "alice".parse().unwrap();
        let label = client.add_user(&name, "long enough").await.unwrap();
        assert_eq!(label.to_string(), "alice@acme.example");
        let refused = client.add_user(&name, "short").await.unwrap_err();
        assert!(matches!(&refused, AdminError::Refused { code, .. } if code == "password_weak"));
        let invite = client.invite(3, Duration::from_secs(60)).await.unwrap();
        assert_eq!((invite.token.as_str(), invite.expires_unix_ms), ("token-for-3", 60_000));
        for (uses, seconds) in [(0, 1), (INVITE_USES_MAX + 1, 1), (1, 0), (1, u64::MAX)] {
            let refused = client.invite(uses, Duration::from_secs(seconds)).await.unwrap_err();
            assert!(matches!(&refused, AdminError::Refused { code, .. } if code == "malformed"));
        }
        let invites = client.invites().await.unwrap();
        assert_eq!(invites, Fake.invites());
        client.revoke_invite(&invites[0].id).await.unwrap();
        let refused = client.revoke_invite("another").await.unwrap_err();
        assert!(matches!(&refused, AdminError::Refused { code, .. } if code == "invite_not_found"));
        let forks = client.forks().await.unwrap();
        assert_eq!((forks.len(), forks[0].record), (1, 7));
        assert_eq!(client.proof(&forks[0].id).await.unwrap(), [1, 2, 3]);
        let refused = client.proof("another").await.unwrap_err();
        assert!(matches!(&refused, AdminError::Refused { code, .. } if code == "log_unknown"));
        let reopening = client.reopen("AAAAAAAA", Some((1, 3)), true).await.unwrap();
        assert_eq!((reopening.base.as_str(), reopening.voided.len()), ("1.3", 1));
        assert_eq!(client.voided("AAAAAAAA").await.unwrap(), reopening.voided);
        let refused = client.voided("BBBBBBBB").await.unwrap_err();
        assert!(
            matches!(&refused, AdminError::Refused { code, .. } if code == "channel_not_found")
        );
        assert_eq!(client.groups().await.unwrap(), Fake.groups());
        client.confirm("AAAAAAAA").await.unwrap();
        let refused = client.confirm("BBBBBBBB").await.unwrap_err();
        assert!(
            matches!(&refused, AdminError::Refused { code, .. } if code == "channel_not_found")
        );
        assert_eq!(client.status().await.unwrap(), Fake.status());
        assert_eq!(client.peers().await.unwrap(), Fake.peers().await.unwrap());
        assert!(client.retry_peer("globex.example").await.unwrap());
        assert!(client.retry_peer("initech.example").await.is_err());
        assert_eq!(client.policy().await.unwrap(), Fake.policy());
        let stance = RuleStance::AllowNamed;
        let rule = Rule { stance, asks_per_hour: Some(1), records_per_minute: None };
        client.set_rule("globex.example", Some(rule)).await.unwrap();
        assert!(client.set_rule("globex.example", None).await.is_err());
        client.share("globex.example", "AAAAAAAA").await.unwrap();
        assert!(client.share("globex.example", "BBBBBBBB").await.is_err());
        client.unshare("globex.example", "AAAAAAAA").await.unwrap();
        assert!(client.unshare("globex.example", "BBBBBBBB").await.is_err());
        assert!(client.rotate_key(true, false).await.unwrap().next.is_some());
        assert_eq!(client.rotate_key(true, true).await.unwrap().next, None);
        client.accept_key("globex.example", "AAAA").await.unwrap();
        assert!(client.accept_key("globex.example", "BBBB").await.is_err());
        drop(socket);
        assert!(!socket_path(dir.path()).exists());
    }

    #[tokio::test]
    async fn without_a_node_the_error_says_how_to_start_it() {
        let dir = tempfile::tempdir().unwrap();
        let client = AdminClient::of(dir.path());
        let error = client.invite(1, Duration::from_secs(1)).await.unwrap_err();
        assert!(error.to_string().contains("comity serve"), "{error}");
    }

    #[tokio::test]
    async fn a_socket_left_by_a_dead_node_is_replaced_and_a_live_one_is_not() {
        let dir = tempfile::tempdir().unwrap();
        drop(std::os::unix::net::UnixListener::bind(socket_path(dir.path())).unwrap());
        let live = serve(dir.path(), Fake).await.unwrap();
        let error = serve(dir.path(), Fake).await.unwrap_err();
        assert!(matches!(error, AdminSocketError::InUse(_)), "{error}");
        drop(live);
    }

    #[tokio::test]
    async fn what_is_no_request_gets_a_refusal() {
        let dir = tempfile::tempdir().unwrap();
        let _socket = serve(dir.path(), Fake).await.unwrap();
        let long = vec![b' '; 100_000];
        for line in [&b"{}\n"[..], b"\xff\n", b"{\"do\":\"stop\"}\n", &long] {
            let mut stream = UnixStream::connect(socket_path(dir.path())).await.unwrap();
            // The node may close before it has read all of a line that is too long.
            let _ = stream.write_all(line).await;
            let _ = stream.shutdown().await;
            let mut answer = String::new();
            let _ = stream.read_to_string(&mut answer).await;
            assert!(answer.contains("malformed") || line.len() > 10_000, "{answer}");
        }
        let client = AdminClient::of(dir.path());
        assert!(client.invite(1, Duration::from_secs(1)).await.is_ok());
    }
}
