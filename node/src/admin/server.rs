//! The node's end of the socket.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use comity_client_api::Refusal;
use comity_protocol::code::Code;
use data_encoding::BASE64URL_NOPAD;
use thiserror::Error;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::wire::{Answer, Ask, LINE_BYTES_MAX};
use super::{AdminBackend, deeds, socket_path};

/// Why the admin cannot be served.
#[derive(Debug, Error)]
pub enum AdminSocketError {
    /// The socket cannot be made.
    #[error("{path}: {error}")]
    Bind {
        /// Where.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Another node answers there.
    #[error("another node is already running on this data directory ({0} answers)")]
    InUse(PathBuf),
}

/// The running socket; it ends, and is removed, when dropped.
#[derive(Debug)]
pub struct AdminSocket {
    path: PathBuf,
    task: JoinHandle<()>,
}

impl Drop for AdminSocket {
    fn drop(&mut self) {
        self.task.abort();
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Serves the admin of a data directory, which only the node's user may enter.
pub async fn serve(
    data_dir: &Path,
    backend: impl AdminBackend,
) -> Result<AdminSocket, AdminSocketError> {
    let path = socket_path(data_dir);
    let failed = |error| AdminSocketError::Bind { path: path.clone(), error };
    if UnixStream::connect(&path).await.is_ok() {
        return Err(AdminSocketError::InUse(path));
    }
    // Nobody answers: a node that did not end in order left it behind.
    match std::fs::remove_file(&path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(failed(e)),
        _ => {}
    }
    let listener = UnixListener::bind(&path).map_err(failed)?;
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).map_err(failed)?;
    let task = tokio::spawn(accept(listener, backend));
    Ok(AdminSocket { path, task })
}

async fn accept(listener: UnixListener, backend: impl AdminBackend) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let backend = backend.clone();
                tokio::spawn(async move {
                    if let Err(error) = converse(stream, backend).await {
                        tracing::debug!(%error, "admin connection ended early");
                    }
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "admin socket cannot accept");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn converse(mut stream: UnixStream, backend: impl AdminBackend) -> io::Result<()> {
    let mut line = Vec::new();
    let (reader, mut writer) = stream.split();
    let mut reader = BufReader::new(reader.take(LINE_BYTES_MAX as u64));
    timeout(READ_TIMEOUT, reader.read_until(b'\n', &mut line)).await??;
    let answer = match serde_json::from_slice(&line) {
        Ok(ask) => perform(ask, backend).await.unwrap_or_else(refused),
        Err(_) => refused(Code::Malformed.into()),
    };
    writer.write_all(&serde_json::to_vec(&answer)?).await?;
    writer.write_all(b"\n").await?;
    writer.shutdown().await
}

async fn perform(ask: Ask, backend: impl AdminBackend) -> Result<Answer, Refusal> {
    match ask {
        Ask::Users { prefix, after } => Ok(Answer::Users(backend.users(&prefix, after.as_deref()))),
        Ask::ChangeUser { name, change } => {
            deeds::change_user(&backend, &name, change).await.map(|()| Answer::Done)
        }
        Ask::AddUser { name, password } => {
            let label = deeds::add_user(&backend, &name, password).await?;
            Ok(Answer::Added { account: label.to_string() })
        }
        Ask::Invites => Ok(Answer::Invites { invites: backend.invites() }),
        Ask::RevokeInvite { named } => {
            deeds::revoke_invite(&backend, &named).await.map(|()| Answer::Done)
        }
        Ask::Forks => Ok(Answer::Forks { forks: backend.forks() }),
        Ask::Proof { id } => {
            let proof = backend.proof(&id).ok_or_else(no_proof)?;
            Ok(Answer::Proof { proof: BASE64URL_NOPAD.encode(&proof) })
        }
        Ask::Reopen { channel, at, is_sure } => {
            Ok(Answer::Reopened(backend.reopen(&channel, at, is_sure).await?))
        }
        Ask::Voided { channel } => Ok(Answer::Voided { voided: backend.voided(&channel)? }),
        of_keys @ (Ask::AcceptKey { .. } | Ask::RotateKey { .. }) => {
            deal_with_keys(of_keys, backend).await
        }
        of_reports @ (Ask::Reports { .. } | Ask::Report { .. } | Ask::CloseReport { .. }) => {
            deal_with_reports(of_reports, backend).await
        }
        Ask::Groups => Ok(Answer::Groups { groups: backend.groups() }),
        Ask::Confirm { channel } => backend.confirm(&channel).await.map(|()| Answer::Done),
        Ask::Status => Ok(Answer::Status { status: backend.status() }),
        Ask::Peers => Ok(Answer::Peers { peers: backend.peers().await? }),
        Ask::Examine { domain } => {
            let findings = backend.examine(domain.as_deref()).await?;
            Ok(Answer::Examined { findings })
        }
        Ask::RetryPeer { domain } => {
            Ok(Answer::Retried { is_dialled: backend.retry_peer(&domain)? })
        }
        Ask::Policy => Ok(Answer::Policy { policy: backend.policy() }),
        Ask::SetRule { domain, rule } => {
            deeds::set_rule(&backend, &domain, rule).await.map(|()| Answer::Done)
        }
        Ask::Share { domain, group } => {
            deeds::share(&backend, &domain, &group).await.map(|()| Answer::Done)
        }
        Ask::Unshare { domain, group } => {
            deeds::unshare(&backend, &domain, &group).await.map(|()| Answer::Done)
        }
        Ask::Invite { uses, expires_in_seconds } => {
            let invite = deeds::invite(&backend, uses, expires_in_seconds).await?;
            Ok(Answer::Invite { token: invite.token, expires_unix_ms: invite.expires_unix_ms })
        }
    }
}

async fn deal_with_keys(ask: Ask, backend: impl AdminBackend) -> Result<Answer, Refusal> {
    match ask {
        Ask::AcceptKey { domain, key } => {
            backend.accept_key(&domain, &key).await?;
            Ok(Answer::Done)
        }
        Ask::RotateKey { makes_next, now } => {
            Ok(Answer::Key(backend.rotate_key(makes_next, now).await?))
        }
        _ => Err(Code::Malformed.into()),
    }
}

async fn deal_with_reports(ask: Ask, backend: impl AdminBackend) -> Result<Answer, Refusal> {
    match ask {
        Ask::Reports { all } => Ok(Answer::Reports { reports: backend.reports(all) }),
        Ask::Report { number } => Ok(Answer::Report(Box::new(backend.report(number).await?))),
        Ask::CloseReport { number } => {
            deeds::close_report(&backend, number).await.map(|()| Answer::Done)
        }
        _ => Err(Code::Malformed.into()),
    }
}

fn no_proof() -> Refusal {
    let sentence = "There is no such proof; `comity proof list` names them.".into();
    Refusal { sentence, ..Code::LogUnknown.into() }
}

fn refused(refusal: Refusal) -> Answer {
    Answer::Refused { code: refusal.code.name().to_owned(), message: refusal.sentence }
}

const CONNECTIONS_MAX: usize = 16;
const READ_TIMEOUT: Duration = Duration::from_secs(10);
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
