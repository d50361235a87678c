//! What can go wrong with the store, by operation, and how redb's errors map to it.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use redb::StorageError;

use super::Table;
use crate::disk::is_full;

/// Why the store cannot be opened. It is left as it was found.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It is not a store, or it is damaged.
    #[error("the store is damaged: {0}")]
    Corrupt(String),
    /// No room is left on the disk.
    #[error("no room on the disk to open the store")]
    Full,
    /// The disk failed.
    #[error("reading or writing the store failed: {0}")]
    Io(io::Error),
    /// A later release wrote it.
    #[error("the store has format version {found}, this release knows up to {supported}")]
    NewerVersion {
        /// The version found.
        found: u32,
        /// The newest version that this release knows.
        supported: u32,
    },
    /// It is older than the first release.
    #[error("the store has format version {found}, this release knows {supported} only")]
    OlderVersion {
        /// The version found.
        found: u32,
        /// The version that this release knows.
        supported: u32,
    },
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        if is_full(&error) { OpenError::Full } else { OpenError::Io(error) }
    }
}

impl OpenError {
    pub(super) fn from_redb(error: impl Into<redb::Error>) -> Self {
        match error.into() {
            redb::Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
                OpenError::Corrupt(error.to_string())
            }
            redb::Error::Io(error) => error.into(),
            error => OpenError::Corrupt(error.to_string()),
        }
    }
}

/// Why a batch was not stored.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Writing or syncing failed. It is unknown what the disk holds; the store takes nothing more
    /// until the process starts anew, and then the journal still has everything.
    #[error("writing the store failed: {0}")]
    Failed(String),
    /// No room is left on the disk. Nothing of the batch is in the store, which was opened anew;
    /// the same batch can be committed again. Snapshots taken before have ended.
    #[error("no room for the store on the disk")]
    Full,
    /// An earlier commit failed.
    #[error("an earlier write to the store failed")]
    Poisoned,
}

impl CommitError {
    pub(super) fn from_redb(error: redb::Error) -> Self {
        match error {
            redb::Error::Io(error) if is_full(&error) => CommitError::Full,
            error => CommitError::Failed(error.to_string()),
        }
    }
}

/// Why a row cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The store was opened anew after a full disk, or is closed: take a new snapshot.
    #[error("the store was closed")]
    Closed,
    /// A stored row is not what was written. It is not served.
    #[error("a row of the table {} is damaged", table.name())]
    Corrupt {
        /// The table.
        table: Table,
        /// The row's key, to go on after it.
        key: Vec<u8>,
    },
    /// The disk failed, or the file is damaged.
    #[error("reading the store failed: {0}")]
    Failed(String),
}

impl ReadError {
    pub(super) fn from_redb(error: impl Into<redb::Error>) -> Self {
        match error.into() {
            redb::Error::DatabaseClosed | redb::Error::PreviousIo => ReadError::Closed,
            error => ReadError::Failed(error.to_string()),
        }
    }
}

impl From<StorageError> for ReadError {
    fn from(error: StorageError) -> Self {
        ReadError::from_redb(error)
    }
}

/// Runs a call into redb. On some damaged files it panics where an error would do (measured: one
/// in seventy random bit flips); a row that cannot be read must not end the thread that asked.
/// redb's own locks are poisoned by it, so nothing goes on with a half-done change.
pub(super) fn unless_it_panics<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|_| "the file is damaged".to_owned())
}
