//! Opening the store, committing to it, and opening it anew after a full disk.
//!
//! redb stops trusting a file after the first failed write, and so do we: after any failed commit
//! the file is closed. Was the disk full, it is opened anew at once (readers go on) and the same
//! batch may be committed again; that commit writes and syncs everything it refers to, so nothing
//! rests on pages whose sync had failed. After any other failure the store stays closed to
//! writing, and the process should end: the journal has what the store has not.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use redb::{Database, Durability, ReadableDatabase};

use super::backend::Backend;
use super::error::unless_it_panics;
use super::row::{self, APPLIED_KEY, ID_KEY, OWN_NUMBER, OWN_TABLE, RawTable, VERSION_KEY};
use super::{Batch, CommitError, FORMAT_VERSION, OpenError, ReadError, Snapshot, Table, scrub};
use crate::disk::Disk;

/// How the store is kept.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How much memory redb may use for pages, in bytes. What is not in it comes from the
    /// system's page cache: on ten million rows 256 MiB gave four fifths of the rate of 4 GiB.
    /// Too little costs reads and time per commit, too much only memory.
    pub cache_bytes: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { cache_bytes: 256 << 20 }
    }
}

/// Names the journal's order of commands, in cursors; drawn when the store is created.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StoreId(pub [u8; 16]);

/// The applied state on disk.
pub struct Store {
    file_name: String,
    settings: Settings,
    id: StoreId,
    /// Written to only to close and open anew.
    state: RwLock<State>,
    /// Dropped last: it holds the directory's lock, and the database writes when it closes.
    disk: Arc<dyn Disk>,
}

impl Store {
    /// Opens the store in the file `file_name`, or creates it with the id `new_id`.
    pub fn open(
        disk: Arc<dyn Disk>,
        file_name: &str,
        settings: Settings,
        new_id: StoreId,
    ) -> Result<Self, OpenError> {
        if !disk.names()?.iter().any(|name| name == file_name) {
            create(&*disk, file_name, new_id)?;
        }
        let database = open_database(&*disk, file_name, settings)?;
        let id = identify(&database)?;
        let state = RwLock::new(State::Open(database));
        Ok(Store { disk, file_name: file_name.to_owned(), settings, id, state })
    }

    /// Stores batches, oldest first, in one transaction, with the command that the last one has
    /// reached. One caller at a time; it blocks for as long as the disk takes.
    pub fn commit(&self, batches: &[Arc<Batch>]) -> Result<(), CommitError> {
        let Some(last) = batches.last() else { return Ok(()) };
        assert!(batches.is_sorted_by_key(|batch| batch.applied()));
        self.reopen_if_closed()?;
        let applied = last.applied().to_be_bytes();
        let result = match &*self.state.read().unwrap_or_else(PoisonError::into_inner) {
            State::Open(database) => {
                unless_it_panics(|| write(database, batches, &[(APPLIED_KEY, &applied)]))
            }
            State::Closed | State::Failed => return Err(CommitError::Poisoned),
        };
        let error = match result {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => CommitError::from_redb(*error),
            Err(reason) => CommitError::Failed(reason),
        };
        Err(self.close_after(error))
    }

    /// Writes over a part of the pages that hold nothing any more, so that what was in them cannot
    /// be read from the disk; whether that was the last part. redb takes a free page before it
    /// makes its file longer: a file that grows has none left.
    pub fn scrub(&self, part: u64) -> Result<bool, CommitError> {
        self.reopen_if_closed()?;
        let result = match &*self.state.read().unwrap_or_else(PoisonError::into_inner) {
            State::Open(database) => unless_it_panics(|| {
                if part == 0 {
                    // What a pass left that was cut short.
                    scrub::release(database)?;
                }
                let before = self.size();
                scrub::fill(database, part)?;
                let is_last = self.size() > before || part >= scrub::PARTS_MAX;
                if is_last {
                    scrub::release(database)?;
                }
                Ok(is_last)
            }),
            State::Closed | State::Failed => return Err(CommitError::Poisoned),
        };
        let error = match result {
            Ok(Ok(is_last)) => return Ok(is_last),
            Ok(Err(error)) => CommitError::from_redb(error),
            Err(reason) => CommitError::Failed(reason),
        };
        Err(self.close_after(error))
    }

    fn size(&self) -> u64 {
        self.disk.open(&self.file_name).and_then(|file| file.size()).unwrap_or(u64::MAX)
    }

    /// What the store is called in cursors.
    pub fn id(&self) -> StoreId {
        self.id
    }

    /// The rows as the newest commit left them. Cheap.
    pub fn snapshot(&self) -> Result<Snapshot, ReadError> {
        match &*self.state.read().unwrap_or_else(PoisonError::into_inner) {
            State::Open(database) => take_snapshot(database),
            State::Closed | State::Failed => Err(ReadError::Closed),
        }
    }

    /// Stops trusting the file. After a full disk it is opened anew, so that readers can go on.
    fn close_after(&self, error: CommitError) -> CommitError {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        *state = match error {
            CommitError::Full => State::Closed,
            _ => State::Failed,
        };
        drop(state);
        if matches!(error, CommitError::Full)
            && let Err(error @ CommitError::Failed(_)) = self.reopen_if_closed()
        {
            return error;
        }
        error
    }

    fn reopen_if_closed(&self) -> Result<(), CommitError> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if !matches!(*state, State::Closed) {
            return Ok(());
        }
        match open_database(&*self.disk, &self.file_name, self.settings) {
            Ok(database) => *state = State::Open(database),
            Err(OpenError::Full) => return Err(CommitError::Full),
            Err(error) => {
                *state = State::Failed;
                return Err(CommitError::Failed(error.to_string()));
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("file_name", &self.file_name).finish_non_exhaustive()
    }
}

enum State {
    /// Closed after a full disk; the next commit opens it.
    Closed,
    /// A write failed: nothing more is trusted.
    Failed,
    Open(Database),
}

fn open_database(
    disk: &dyn Disk,
    file_name: &str,
    settings: Settings,
) -> Result<Database, OpenError> {
    let file = disk.open(file_name)?;
    let mut builder = Database::builder();
    builder.set_cache_size(settings.cache_bytes);
    builder.set_repair_callback(|repair| {
        tracing::warn!(progress = repair.progress(), "repairing the store");
    });
    unless_it_panics(|| builder.create_with_backend(Backend { file }))
        .map_err(OpenError::Corrupt)?
        .map_err(OpenError::from_redb)
}

/// Creates a store under another name and then gives it its own: what an interrupted start leaves
/// would not open.
fn create(disk: &dyn Disk, file_name: &str, id: StoreId) -> Result<(), OpenError> {
    let new_name = format!("{file_name}-new");
    disk.create(&new_name)?;
    let database = open_database(disk, &new_name, Settings { cache_bytes: CREATION_CACHE_BYTES })?;
    let own = [
        (APPLIED_KEY, &0_u64.to_be_bytes()[..]),
        (ID_KEY, &id.0),
        (VERSION_KEY, &FORMAT_VERSION.to_be_bytes()),
    ];
    write(&database, &[], &own).map_err(|error| OpenError::from_redb(*error))?;
    database.close().map_err(OpenError::from_redb)?;
    disk.rename(&new_name, file_name)?;
    Ok(disk.sync()?)
}

/// The id of a store, after a look at its version.
fn identify(database: &Database) -> Result<StoreId, OpenError> {
    let corrupt = |what: &str| OpenError::Corrupt(what.to_owned());
    let failed = |error: ReadError| OpenError::Corrupt(error.to_string());
    let snapshot = take_snapshot(database).map_err(failed)?;
    let version = snapshot.own(VERSION_KEY).map_err(failed)?.and_then(|v| v.try_into().ok());
    let found = u32::from_be_bytes(version.ok_or_else(|| corrupt("it has no version"))?);
    if found > FORMAT_VERSION {
        return Err(OpenError::NewerVersion { found, supported: FORMAT_VERSION });
    }
    if found < FORMAT_VERSION {
        return Err(OpenError::OlderVersion { found, supported: FORMAT_VERSION });
    }
    let id = snapshot.own(ID_KEY).map_err(failed)?.and_then(|id| id.try_into().ok());
    id.map(StoreId).ok_or_else(|| corrupt("it has no id"))
}

fn take_snapshot(database: &Database) -> Result<Snapshot, ReadError> {
    let begin = || Snapshot::new(database.begin_read().map_err(ReadError::from_redb)?);
    unless_it_panics(begin).unwrap_or_else(|reason| Err(ReadError::Failed(reason)))
}

/// One transaction: all batches in their order, and rows of the store's own.
fn write(
    database: &Database,
    batches: &[Arc<Batch>],
    own: &[(&[u8], &[u8])],
) -> Result<(), Box<redb::Error>> {
    write_rows(database, batches, own).map_err(Box::new)
}

#[allow(clippy::result_large_err)] // boxed by its only caller
fn write_rows(
    database: &Database,
    batches: &[Arc<Batch>],
    own: &[(&[u8], &[u8])],
) -> Result<(), redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_durability(Durability::Immediate)?;
    // Without it a crash costs a walk through the whole file at the next start.
    transaction.set_quick_repair(true);
    let mut stored = Vec::new();
    for table in Table::ALL {
        if batches.iter().all(|batch| batch.changes(table).next().is_none()) {
            continue;
        }
        let mut rows = transaction.open_table(RawTable::new(table.name()))?;
        for (key, value) in batches.iter().flat_map(|batch| batch.changes(table)) {
            match value {
                Some(value) => {
                    row::seal(&mut stored, table.number(), key, value);
                    rows.insert(key, &stored[..])?;
                }
                None => drop(rows.remove(key)?),
            }
        }
    }
    let mut rows = transaction.open_table(OWN_TABLE)?;
    for (key, value) in own {
        row::seal(&mut stored, OWN_NUMBER, key, value);
        rows.insert(*key, &stored[..])?;
    }
    drop(rows);
    transaction.commit()?;
    Ok(())
}

/// Creating a store writes a few rows.
const CREATION_CACHE_BYTES: usize = 1 << 20;
