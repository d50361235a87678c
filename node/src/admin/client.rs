//! The admin's end of the socket: what `comity user` and `comity proof` use.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use comity_protocol::name::{AccountLabel, AccountName};
use data_encoding::BASE64URL_NOPAD;
use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::wire::{ANSWER_BYTES_MAX, Answer, Ask};
use super::{
    Finding, ForkLine, GroupLine, Invite, InviteLine, KeyState, PeerState, PolicyState, Reopening,
    ReportDetail, ReportLine, Rule, Status, UserChange, UserPage, VoidLine, socket_path,
};

/// Why the admin got no answer.
#[derive(Debug, Error)]
pub enum AdminError {
    /// The node does not speak as expected.
    #[error("the node's answer could not be understood; is it of another version?")]
    Answer,
    /// The socket failed.
    #[error("{path}: {error}")]
    Io {
        /// The socket.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The socket is another user's.
    #[error(
        "{path} is not open to you: run this as the user that the node runs as \
         (sudo -u USER comity …), or as root"
    )]
    NotYours {
        /// The socket.
        path: PathBuf,
    },
    /// No node runs on this data directory.
    #[error(
        "no node is running on {data_dir}: start it with `comity serve`, then try again \
         (if it runs as another user, use that user)"
    )]
    NotRunning {
        /// The data directory.
        data_dir: PathBuf,
    },
    /// The node refused.
    #[error("{message} ({code})")]
    Refused {
        /// The stable code.
        code: String,
        /// The node's sentence.
        message: String,
    },
}

/// Asks the node of a data directory; each request is a connection of its own.
#[derive(Clone, Debug)]
pub struct AdminClient {
    data_dir: PathBuf,
}

impl AdminClient {
    /// For the node of this data directory.
    pub fn of(data_dir: &Path) -> Self {
        Self { data_dir: data_dir.to_owned() }
    }

    /// Makes an account.
    pub async fn add_user(
        &self,
        name: &AccountName,
        password: &str,
    ) -> Result<AccountLabel, AdminError> {
        let ask = Ask::AddUser { name: name.to_string(), password: password.to_owned() };
        match self.ask(&ask).await? {
            Answer::Added { account } => account.parse().map_err(|_| AdminError::Answer),
            answer => Err(unexpected(answer)),
        }
    }

    /// Makes an invite.
    pub async fn invite(&self, uses: u32, expires_in: Duration) -> Result<Invite, AdminError> {
        let ask = Ask::Invite { uses, expires_in_seconds: expires_in.as_secs() };
        match self.ask(&ask).await? {
            Answer::Invite { token, expires_unix_ms } => Ok(Invite { token, expires_unix_ms }),
            answer => Err(unexpected(answer)),
        }
    }

    /// A part of the list of accounts.
    pub async fn users(&self, prefix: &str, after: Option<&str>) -> Result<UserPage, AdminError> {
        let (prefix, after) = (prefix.to_owned(), after.map(ToOwned::to_owned));
        match self.ask(&Ask::Users { prefix, after }).await? {
            Answer::Users(page) => Ok(page),
            answer => Err(unexpected(answer)),
        }
    }

    /// Changes what an account may do.
    pub async fn change_user(
        &self,
        name: &AccountName,
        change: UserChange,
    ) -> Result<(), AdminError> {
        match self.ask(&Ask::ChangeUser { name: name.to_string(), change }).await? {
            Answer::Done => Ok(()),
            answer => Err(unexpected(answer)),
        }
    }

    /// Lists the invites.
    pub async fn invites(&self) -> Result<Vec<InviteLine>, AdminError> {
        match self.ask(&Ask::Invites).await? {
            Answer::Invites { invites } => Ok(invites),
            answer => Err(unexpected(answer)),
        }
    }

    /// Takes an invite back, named by its token or as in that list.
    pub async fn revoke_invite(&self, named: &str) -> Result<(), AdminError> {
        match self.ask(&Ask::RevokeInvite { named: named.to_owned() }).await? {
            Answer::Done => Ok(()),
            answer => Err(unexpected(answer)),
        }
    }

    /// Lists the logs that are proven to have two histories.
    pub async fn forks(&self) -> Result<Vec<ForkLine>, AdminError> {
        match self.ask(&Ask::Forks).await? {
            Answer::Forks { forks } => Ok(forks),
            answer => Err(unexpected(answer)),
        }
    }

    /// How it is between the node and other organisations.
    pub async fn peers(&self) -> Result<Vec<PeerState>, AdminError> {
        match self.ask(&Ask::Peers).await? {
            Answer::Peers { peers } => Ok(peers),
            answer => Err(unexpected(answer)),
        }
    }

    /// Has an organisation's node dialled now; `false` where it is linked already.
    pub async fn retry_peer(&self, domain: &str) -> Result<bool, AdminError> {
        match self.ask(&Ask::RetryPeer { domain: domain.to_owned() }).await? {
            Answer::Retried { is_dialled } => Ok(is_dialled),
            answer => Err(unexpected(answer)),
        }
    }

    /// What is said of other organisations, and who waits for it.
    pub async fn policy(&self) -> Result<PolicyState, AdminError> {
        match self.ask(&Ask::Policy).await? {
            Answer::Policy { policy } => Ok(policy),
            answer => Err(unexpected(answer)),
        }
    }

    /// Says something of a domain, or nothing any more.
    pub async fn set_rule(&self, domain: &str, rule: Option<Rule>) -> Result<(), AdminError> {
        self.have_done(&Ask::SetRule { domain: domain.to_owned(), rule }).await
    }

    /// Lets a group be shared with a domain.
    pub async fn share(&self, domain: &str, group: &str) -> Result<(), AdminError> {
        let (domain, group) = (domain.to_owned(), group.to_owned());
        self.have_done(&Ask::Share { domain, group }).await
    }

    /// Shares a group with a domain no longer.
    pub async fn unshare(&self, domain: &str, group: &str) -> Result<(), AdminError> {
        let (domain, group) = (domain.to_owned(), group.to_owned());
        self.have_done(&Ask::Unshare { domain, group }).await
    }

    async fn have_done(&self, ask: &Ask) -> Result<(), AdminError> {
        match self.ask(ask).await? {
            Answer::Done => Ok(()),
            answer => Err(unexpected(answer)),
        }
    }

    /// What is well and what is not with the node's own domain, or with another one.
    pub async fn examine(&self, domain: Option<&str>) -> Result<Vec<Finding>, AdminError> {
        let ask = Ask::Examine { domain: domain.map(str::to_owned) };
        match self.ask_within(&ask, EXAMINED_WITHIN).await? {
            Answer::Examined { findings } => Ok(findings),
            answer => Err(unexpected(answer)),
        }
    }

    /// Makes a key that is to follow the node's, and lets it follow now; how it is then.
    pub async fn rotate_key(&self, makes_next: bool, now: bool) -> Result<KeyState, AdminError> {
        match self.ask(&Ask::RotateKey { makes_next, now }).await? {
            Answer::Key(state) => Ok(state),
            answer => Err(unexpected(answer)),
        }
    }

    /// Gives a domain to the organisation that its records name now, with this key in base64.
    pub async fn accept_key(&self, domain: &str, key: &str) -> Result<(), AdminError> {
        let ask = Ask::AcceptKey { domain: domain.to_owned(), key: key.to_owned() };
        match self.ask(&ask).await? {
            Answer::Done => Ok(()),
            answer => Err(unexpected(answer)),
        }
    }

    /// Lists what was reported as abuse: all of it, or what is open.
    pub async fn reports(&self, all: bool) -> Result<Vec<ReportLine>, AdminError> {
        match self.ask(&Ask::Reports { all }).await? {
            Answer::Reports { reports } => Ok(reports),
            answer => Err(unexpected(answer)),
        }
    }

    /// A report with what is reported.
    pub async fn report(&self, number: u64) -> Result<ReportDetail, AdminError> {
        match self.ask(&Ask::Report { number }).await? {
            Answer::Report(report) => Ok(*report),
            answer => Err(unexpected(answer)),
        }
    }

    /// Says that a report is dealt with.
    pub async fn close_report(&self, number: u64) -> Result<(), AdminError> {
        self.have_done(&Ask::CloseReport { number }).await
    }

    /// The proof that a line of that list names.
    pub async fn proof(&self, id: &str) -> Result<Vec<u8>, AdminError> {
        match self.ask(&Ask::Proof { id: id.to_owned() }).await? {
            Answer::Proof { proof } => {
                BASE64URL_NOPAD.decode(proof.as_bytes()).map_err(|_| AdminError::Answer)
            }
            answer => Err(unexpected(answer)),
        }
    }

    /// Lets a group go on from an earlier record, or says what that would make void.
    pub async fn reopen(
        &self,
        channel: &str,
        at: Option<(u64, u64)>,
        is_sure: bool,
    ) -> Result<Reopening, AdminError> {
        match self.ask(&Ask::Reopen { channel: channel.to_owned(), at, is_sure }).await? {
            Answer::Reopened(reopening) => Ok(reopening),
            answer => Err(unexpected(answer)),
        }
    }

    /// Lists what such openings have made void.
    pub async fn voided(&self, channel: &str) -> Result<Vec<VoidLine>, AdminError> {
        match self.ask(&Ask::Voided { channel: channel.to_owned() }).await? {
            Answer::Voided { voided } => Ok(voided),
            answer => Err(unexpected(answer)),
        }
    }

    /// Lists this node's groups.
    pub async fn groups(&self) -> Result<Vec<GroupLine>, AdminError> {
        match self.ask(&Ask::Groups).await? {
            Answer::Groups { groups } => Ok(groups),
            answer => Err(unexpected(answer)),
        }
    }

    /// Answers for the members that one of them waits for.
    pub async fn confirm(&self, channel: &str) -> Result<(), AdminError> {
        match self.ask(&Ask::Confirm { channel: channel.to_owned() }).await? {
            Answer::Done => Ok(()),
            answer => Err(unexpected(answer)),
        }
    }

    /// How the node does among others.
    pub async fn status(&self) -> Result<Status, AdminError> {
        match self.ask(&Ask::Status).await? {
            Answer::Status { status } => Ok(status),
            answer => Err(unexpected(answer)),
        }
    }

    async fn ask(&self, ask: &Ask) -> Result<Answer, AdminError> {
        self.ask_within(ask, ANSWER_TIMEOUT).await
    }

    async fn ask_within(&self, ask: &Ask, longest: Duration) -> Result<Answer, AdminError> {
        let path = socket_path(&self.data_dir);
        let failed = |error| AdminError::Io { path: path.clone(), error };
        let mut stream = match UnixStream::connect(&path).await {
            Ok(stream) => stream,
            Err(e) if is_absent(&e) => {
                return Err(AdminError::NotRunning { data_dir: self.data_dir.clone() });
            }
            Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {
                return Err(AdminError::NotYours { path });
            }
            Err(error) => return Err(failed(error)),
        };
        let mut line = serde_json::to_vec(ask).map_err(|_| AdminError::Answer)?;
        line.push(b'\n');
        let exchange = async {
            stream.write_all(&line).await?;
            let mut answer = Vec::new();
            stream.take(ANSWER_BYTES_MAX as u64).read_to_end(&mut answer).await?;
            Ok(answer)
        };
        let answer = match timeout(longest, exchange).await {
            Ok(answer) => answer.map_err(failed)?,
            Err(_) => return Err(failed(io::ErrorKind::TimedOut.into())),
        };
        serde_json::from_slice(&answer).map_err(|_| AdminError::Answer)
    }
}

fn is_absent(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionRefused, NotFound};
    matches!(error.kind(), ConnectionRefused | NotFound)
}

fn unexpected(answer: Answer) -> AdminError {
    match answer {
        Answer::Refused { code, message } => AdminError::Refused { code, message },
        _ => AdminError::Answer,
    }
}

/// Longer than hashing a password takes on a busy machine.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// Longer than all that an examination waits for, one after the other: name servers, a web server,
/// the link, its answers.
const EXAMINED_WITHIN: Duration = Duration::from_secs(180);
