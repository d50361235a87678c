//! The journal: the one durable order of commands. The writer appends a batch, and nothing of it
//! leaves the node before `append` has returned.
//!
//! The journal knows nothing of commands: a batch is opaque bytes with the number of its first
//! command and how many it holds. It must not interpret, merge or reorder batches, and nobody
//! outside this module may know that it is a file: the same trait is to stand on a replicated log
//! one day, read by several gateways.

mod file;
mod frame;
mod recover;
#[cfg(test)]
mod tests;

use std::io;

use crate::disk::is_full;

pub use file::{FileJournal, Settings};
pub use frame::FORMAT_VERSION;

/// The durable order of commands, in batches. Commands are numbered from 1, without gaps.
pub trait Journal: Send {
    /// Makes one batch durable: the commands `first_command .. first_command + count`. When it
    /// returns `Ok` the batch survives any crash. After [`AppendError::Failed`] every later append
    /// is refused; the other errors have changed nothing.
    fn append(&mut self, first_command: u64, count: u32, payload: &[u8])
    -> Result<(), AppendError>;

    /// The number that the next appended command gets.
    fn next_command(&self) -> u64;

    /// The longest payload that one batch may have.
    fn payload_bytes_max(&self) -> usize;

    /// The batches from the one that holds `command` on, oldest first. The first one may begin
    /// before `command`; the caller skips what it has.
    fn read_from(&self, command: u64) -> Result<Batches<'_>, ReadError>;

    /// Allows the journal to forget all commands up to this one, because the store holds them. It
    /// may keep some of them longer.
    fn trim(&mut self, up_to_command: u64) -> Result<(), TrimError>;

    /// Writes over what was trimmed: of commands up to this one, which the store holds, nothing can
    /// be read from the disk any more.
    fn scrub(&mut self, up_to_command: u64) -> Result<(), TrimError>;

    // `wait`, for gateways that follow a journal that others append to, comes with the first
    // journal that has several readers.
}

/// What [`Journal::read_from`] yields.
pub type Batches<'a> = Box<dyn Iterator<Item = Result<Batch, ReadError>> + 'a>;

/// One group of commands that was made durable together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The number of its first command.
    pub first_command: u64,
    /// How many commands it holds; at least one.
    pub count: u32,
    /// The writer's bytes, as they were given.
    pub payload: Vec<u8>,
}

impl Batch {
    /// The number of its last command.
    pub fn last_command(&self) -> u64 {
        self.first_command + u64::from(self.count) - 1
    }
}

/// Why a batch was not appended.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The store is too far behind: the journal holds as much as it may. Slow the senders, and
    /// append again once something was trimmed.
    #[error("the journal holds {held_bytes} bytes that the store has not taken yet")]
    Behind {
        /// How much is held.
        held_bytes: u64,
    },
    /// Writing or syncing failed. It is unknown whether the batch is durable; nothing more is
    /// accepted until the journal is opened anew.
    #[error("writing the journal failed: {0}")]
    Failed(io::Error),
    /// No room is left on the disk. Nothing is lost, and appending works again when there is room.
    #[error("no room for the journal on the disk")]
    Full,
    /// The batch does not continue the journal. Nothing was written.
    #[error("the next command is {expected}")]
    OutOfOrder {
        /// The number that the batch should begin with.
        expected: u64,
    },
    /// An earlier append failed.
    #[error("an earlier write to the journal failed")]
    Poisoned,
    /// The payload is longer than a batch may be. Nothing was written.
    #[error("a batch of {bytes} bytes, {bytes_max} are allowed")]
    TooLarge {
        /// Its length.
        bytes: usize,
        /// The longest one allowed.
        bytes_max: usize,
    },
}

/// Why a journal cannot be opened. In every case the batches on the disk are left as they are.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A file is damaged where it must not be: batches that follow the damage are intact.
    #[error("the journal's file {file} is damaged at byte {offset}")]
    Corrupt {
        /// The damaged file.
        file: String,
        /// Where the damage begins.
        offset: u64,
    },
    /// No room is left on the disk to copy what the store does not hold yet.
    #[error("no room on the disk to open the journal")]
    Full,
    /// Commands between what the store holds and what the journal holds are missing.
    #[error("the store holds commands up to {applied}, the journal begins at {oldest}")]
    Gap {
        /// The oldest command of the journal.
        oldest: u64,
        /// The newest command of the store.
        applied: u64,
    },
    /// The disk failed.
    #[error("reading or writing the journal failed: {0}")]
    Io(io::Error),
    /// The journal ends before what the store holds: its end was lost, or it is not this store's.
    #[error("the store holds commands up to {applied}, the journal would go on with {next}")]
    Lost {
        /// The command that the journal would go on with.
        next: u64,
        /// The newest command of the store.
        applied: u64,
    },
    /// A later release wrote it.
    #[error("the journal has format version {found}, this release knows up to {supported}")]
    NewerVersion {
        /// The version found.
        found: u32,
        /// The newest version that this release knows.
        supported: u32,
    },
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        if is_full(&error) { OpenError::Full } else { OpenError::Io(error) }
    }
}

/// Why batches cannot be read back.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// What is on the disk is not what was written.
    #[error("the journal's file {file} is damaged at byte {offset}")]
    Corrupt {
        /// The damaged file.
        file: String,
        /// Where the damage begins.
        offset: u64,
    },
    /// The disk failed.
    #[error("reading the journal failed: {0}")]
    Io(#[from] io::Error),
    /// The command was trimmed.
    #[error("the journal begins at command {oldest}")]
    Trimmed {
        /// The oldest command still held.
        oldest: u64,
    },
}

/// Why trimming did not work. What was to be forgotten is still there, and can be trimmed later.
#[derive(Debug, thiserror::Error)]
pub enum TrimError {
    /// The disk failed.
    #[error("trimming the journal failed: {0}")]
    Io(#[from] io::Error),
}
