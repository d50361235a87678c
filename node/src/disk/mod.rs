//! The one narrow seam at the disk: a directory of files, with no more than the journal and the
//! store need. Production stands on [`DirectoryDisk`]; tests and the simulator on [`MemoryDisk`],
//! which keeps only what was synced.
//!
//! Nothing here knows what the bytes mean, and nothing here retries.

mod memory;

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

pub use memory::{MemoryDisk, Tear};

/// A directory on some disk. Names are plain file names, without separators.
pub trait Disk: fmt::Debug + Send + Sync {
    /// Creates the file `name`, or empties the one that is there.
    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;

    /// The names of all files, in no order.
    fn names(&self) -> io::Result<Vec<String>>;

    /// Opens the file `name`, which must exist, for reading and writing.
    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;

    /// Takes the file `name` out of the directory.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Gives `from` the name `to`, replacing a file of that name, in one step.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Makes creations, removals and renames durable. Says nothing about what is in the files.
    fn sync(&self) -> io::Result<()>;
}

/// One open file. All positions are absolute, so that readers and the writer share it.
pub trait DiskFile: fmt::Debug + Send + Sync {
    /// Fills `out` from `offset`; a file that ends before is an error.
    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()>;

    /// Cuts the file to `bytes`, or grows it with zeros.
    fn resize(&self, bytes: u64) -> io::Result<()>;

    /// The length of the file in bytes.
    fn size(&self) -> io::Result<u64>;

    /// Makes what was written durable, with the metadata needed to read it back (fdatasync).
    fn sync_data(&self) -> io::Result<()>;

    /// Writes all of `data` at `offset`, growing the file where it ends before.
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()>;
}

/// True when an operation failed because no room is left, on the disk or in a quota.
pub fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// Another process (or another handle in this one) has the directory open.
    #[error("{0} is in use by another process")]
    InUse(PathBuf),
    /// The directory or its lock file cannot be created or opened.
    #[error("cannot use {path}: {error}")]
    Io {
        /// What was being created or opened.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

/// A real directory. While the value lives, nobody else can open the same one.
#[derive(Debug)]
pub struct DirectoryDisk {
    path: PathBuf,
    directory: File,
    /// Held for its lock, which the system releases when the file closes, however we end.
    _lock: File,
}

impl DirectoryDisk {
    /// Opens the directory `path`, creating it where it is missing, and locks it.
    pub fn open(path: &Path) -> Result<Self, DirectoryError> {
        let at = |path: &Path| {
            let path = path.to_owned();
            move |error| DirectoryError::Io { path, error }
        };
        create_directory(path).map_err(at(path))?;
        let directory = File::open(path).map_err(at(path))?;
        let lock_path = path.join(LOCK_NAME);
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .map_err(at(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), directory, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(DirectoryError::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => Err(DirectoryError::Io { path: lock_path, error }),
        }
    }
}

impl Disk for DirectoryDisk {
    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let mut options = OpenOptions::new();
        options.create(true).truncate(true).read(true).write(true);
        Ok(Box::new(options.open(self.path.join(name))?))
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            // A name that is not UTF-8 cannot be one of ours.
            if entry.file_type()?.is_file()
                && let Ok(name) = entry.file_name().into_string()
            {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        Ok(Box::new(options.open(self.path.join(name))?))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path.join(from), self.path.join(to))
    }

    fn sync(&self) -> io::Result<()> {
        self.directory.sync_all()
    }
}

impl DiskFile for File {
    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.read_exact_at(out, offset)
    }

    fn resize(&self, bytes: u64) -> io::Result<()> {
        self.set_len(bytes)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn sync_data(&self) -> io::Result<()> {
        File::sync_data(self)
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.write_all_at(data, offset)
    }
}

/// Creates `path` with what is missing above it, each one durable in its parent.
fn create_directory(path: &Path) -> io::Result<()> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    create_directory(parent)?;
    fs::create_dir(path)?;
    File::open(parent)?.sync_all()
}

/// The file whose lock stands for the directory. It stays when we end; only its lock counts.
const LOCK_NAME: &str = "lock";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_directory_is_opened_once() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a/b");
        let first = DirectoryDisk::open(&path).unwrap();
        assert!(matches!(DirectoryDisk::open(&path), Err(DirectoryError::InUse(_))));
        drop(first);
        DirectoryDisk::open(&path).unwrap();
    }

    #[test]
    fn files_keep_what_is_written() {
        let home = tempfile::tempdir().unwrap();
        let disk = DirectoryDisk::open(home.path()).unwrap();
        let file = disk.create("one").unwrap();
        file.write_at(3, b"abc").unwrap();
        file.sync_data().unwrap();
        disk.rename("one", "two").unwrap();
        disk.sync().unwrap();
        let file = disk.open("two").unwrap();
        let mut out = [9; 6];
        file.read_at(0, &mut out).unwrap();
        assert_eq!(&out, b"\0\0\0abc");
        assert_eq!(file.size().unwrap(), 6);
        assert!(file.read_at(4, &mut out).is_err());
        disk.remove("two").unwrap();
        assert_eq!(disk.names().unwrap(), ["lock"]);
    }
}
