//! The file in which a client keeps what must outlive its process: requests that are not settled,
//! and the cursor. Lines are appended ([`crate::core::record`] has the format); a request counts as
//! queued once the sync behind its line has returned. It must not decide what is kept.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::core::outbox::UNDER_WAY_MAX;
use crate::core::record::{Kept, Record, RecordError};
use crate::error::HttpError;
use crate::http::Http;
use crate::resources::LoggedIn;

/// A file of one device, locked while it is open.
///
/// Nonces are a device's, so that a file is of no use to another one: give the id that logging in
/// answered, and use the token of that login.
#[derive(Debug)]
pub struct Keep {
    path: PathBuf,
    file: File,
    bytes: u64,
    /// From this length on it is worth a look whether less would do.
    compact_at: u64,
    kept: Kept,
    /// A write failed: what the file holds is not known until it is opened again.
    is_broken: bool,
}

/// Why a file cannot be used.
#[derive(Debug)]
pub enum KeepError {
    /// A line that is not the last is damaged: its number, from 1.
    Damaged(usize),
    /// It is no file of this kind.
    Foreign,
    /// The disk said no.
    Io(io::Error),
    /// Another process uses it.
    Locked,
    /// It is of another device, whose id this is.
    OtherDevice(String),
}

impl fmt::Display for KeepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged(line) => write!(f, "line {line} is damaged"),
            Self::Foreign => f.write_str("it is not a file of comity's client"),
            Self::Io(error) => error.fmt(f),
            Self::Locked => f.write_str("another process uses it"),
            Self::OtherDevice(device) => write!(f, "it is of another device, {device:?}"),
        }
    }
}

impl std::error::Error for KeepError {}

impl From<io::Error> for KeepError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Keep {
    /// Opens a device's file, or makes it.
    pub fn open(path: &Path, device: &str) -> Result<Self, KeepError> {
        if device.is_empty() || device.contains('\n') {
            return Err(KeepError::OtherDevice(device.to_owned()));
        }
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        // Texts that were typed stand in it.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(KeepError::Locked),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        if bytes.is_empty() {
            let kept = Kept::of_device(device);
            let text = kept.write();
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            sync_folder(path)?;
            return Ok(Self::of(path, file, length(&text), kept));
        }
        let (kept, whole) = Kept::read(&bytes).map_err(|error| match error {
            RecordError::Foreign => KeepError::Foreign,
            RecordError::Line(line) => KeepError::Damaged(line),
        })?;
        if kept.device != device {
            return Err(KeepError::OtherDevice(kept.device));
        }
        let whole = whole as u64;
        file.set_len(whole)?;
        file.sync_all()?;
        Ok(Self::of(path, file, whole, kept))
    }

    fn of(path: &Path, file: File, bytes: u64, kept: Kept) -> Self {
        let path = path.to_owned();
        Self { path, file, bytes, compact_at: COMPACT_BYTES, kept, is_broken: false }
    }

    /// Where the feed is resumed.
    pub fn cursor(&self) -> Option<&str> {
        self.kept.cursor.as_deref()
    }

    /// How many requests an earlier process left unsettled.
    pub fn unsettled(&self) -> usize {
        self.kept.queued.len()
    }

    /// They, oldest first: nonce and frame.
    pub(crate) fn queued(&self) -> impl Iterator<Item = (u64, &str)> {
        self.kept.queued.iter().map(|(nonce, frame)| (*nonce, frame.as_str()))
    }

    pub(crate) fn holds(&self, nonce: u64) -> bool {
        self.kept.queued.contains_key(&nonce)
    }

    /// The nonce of the first request that is new. The node takes a repeat as one only near the
    /// newest nonce that it has seen; so what has no answer yet is gone on from, above what may
    /// have been asked beside it and is not kept.
    pub(crate) fn first_nonce(&self, otherwise: u64) -> u64 {
        let next = self.kept.nonce_next;
        if self.kept.queued.is_empty() {
            otherwise.max(next)
        } else {
            next.saturating_add(UNDER_WAY_MAX as u64)
        }
    }

    /// Appends lines without waiting for the disk: if they are lost, a request is repeated or an
    /// event comes again.
    pub(crate) fn note(&mut self, record: Record) -> io::Result<()> {
        self.append(vec![record])
    }

    /// Appends lines and returns once they are on disk.
    pub(crate) fn append_durably(&mut self, records: Vec<Record>) -> io::Result<()> {
        self.append(records)?;
        let synced = self.file.sync_data();
        self.is_broken |= synced.is_err();
        synced
    }

    fn append(&mut self, records: Vec<Record>) -> io::Result<()> {
        if self.is_broken {
            return Err(io::Error::other("an earlier write failed"));
        }
        let mut text = String::new();
        records.iter().for_each(|record| record.push(&mut text));
        if let Err(error) = self.file.write_all(text.as_bytes()) {
            self.is_broken = true;
            return Err(error);
        }
        records.into_iter().for_each(|record| self.kept.apply(record));
        self.bytes += length(&text);
        if self.bytes > self.compact_at { self.compact() } else { Ok(()) }
    }

    /// Writes the shortest file beside and puts it in place, unless that would be as long.
    fn compact(&mut self) -> io::Result<()> {
        let text = self.kept.write();
        self.compact_at = COMPACT_BYTES.max(length(&text).saturating_mul(2));
        if length(&text) > self.bytes / 2 {
            return Ok(());
        }
        let beside = self.path.with_extension("new");
        let written = write_beside(&beside, &text).and_then(|file| {
            std::fs::rename(&beside, &self.path)?;
            sync_folder(&self.path)?;
            Ok(file)
        });
        match written {
            Ok(file) => {
                self.file = file;
                self.bytes = length(&text);
                Ok(())
            }
            Err(error) => {
                self.is_broken = true;
                Err(error)
            }
        }
    }
}

/// Why a kept login is not to be had.
#[derive(Debug)]
pub enum LoginError {
    /// The file cannot be read or written, or holds something else.
    File(io::Error),
    /// The node said no, or cannot be reached.
    Http(HttpError),
}

impl fmt::Display for LoginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => error.fmt(f),
            Self::Http(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for LoginError {}

impl Http {
    /// Logs in the first time, and is the same device ever after: the login is kept in a file that
    /// its owner alone can read. The password is asked for where it is needed.
    pub async fn log_in_kept<P: AsRef<str>>(
        &self,
        path: &Path,
        name: &str,
        password: impl FnOnce() -> P,
        device_name: &str,
    ) -> Result<LoggedIn, LoginError> {
        match std::fs::read(path) {
            Ok(bytes) => {
                serde_json::from_slice(&bytes).map_err(|e| LoginError::File(io::Error::other(e)))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let login = self.log_in(name, password().as_ref(), device_name).await;
                let login = login.map_err(LoginError::Http)?;
                let text = serde_json::to_string(&login).map_err(io::Error::other);
                let written = text.and_then(|text| write_beside(path, &text));
                written.and_then(|_| sync_folder(path)).map_err(LoginError::File)?;
                Ok(login)
            }
            Err(error) => Err(LoginError::File(error)),
        }
    }
}

fn write_beside(path: &Path, text: &str) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.lock()?;
    file.set_len(0)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    Ok(file)
}

/// A name is on disk once its folder is.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn length(text: &str) -> u64 {
    text.len() as u64
}

/// From here on the file is written anew where that makes it half as long.
const COMPACT_BYTES: u64 = 1024 * 1024;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn queued(nonce: u64) -> Record {
        Record::Queued { nonce, cursor: None, frame: format!("{{\"nonce\":\"{nonce}\"}}") }
    }

    #[test]
    fn what_was_queued_is_there_after_the_process_ended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("outbox");
        let mut keep = Keep::open(&path, "d1").unwrap();
        assert!(matches!(Keep::open(&path, "d1"), Err(KeepError::Locked)));
        keep.append_durably(vec![queued(1), queued(2)]).unwrap();
        keep.note(Record::Settled(1)).unwrap();
        keep.note(Record::Cursor("here".to_owned())).unwrap();
        drop(keep);
        // The machine stopped in the middle of a line.
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"0000 q 3 - {").unwrap();
        let mut keep = Keep::open(&path, "d1").unwrap();
        assert_eq!((keep.cursor(), keep.unsettled()), (Some("here"), 1));
        // What is new stays near what has no answer yet, whatever the clock says.
        assert_eq!(keep.first_nonce(1_795_000_000_000_000), 3 + UNDER_WAY_MAX as u64);
        keep.append_durably(vec![queued(3)]).unwrap();
        drop(keep);
        let keep = Keep::open(&path, "d1").unwrap();
        assert_eq!(keep.queued().map(|(nonce, _)| nonce).collect::<Vec<_>>(), [2, 3]);
        drop(keep);
        let other = Keep::open(&path, "d2").unwrap_err();
        assert!(matches!(&other, KeepError::OtherDevice(device) if device == "d1"), "{other}");
        std::fs::write(&path, "my diary\n").unwrap();
        assert!(matches!(Keep::open(&path, "d1"), Err(KeepError::Foreign)));
    }

    #[test]
    fn a_file_that_is_mostly_settled_is_written_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("outbox");
        let mut keep = Keep::open(&path, "d1").unwrap();
        keep.append_durably(vec![queued(1)]).unwrap();
        let cursor = "c".repeat(1_000);
        for _ in 0..1_200 {
            keep.note(Record::Cursor(cursor.clone())).unwrap();
        }
        let length = std::fs::metadata(&path).unwrap().len();
        assert!(length < COMPACT_BYTES / 2, "{length}");
        keep.append_durably(vec![queued(2)]).unwrap();
        assert!(matches!(Keep::open(&path, "d1"), Err(KeepError::Locked)), "locked as before");
        drop(keep);
        let keep = Keep::open(&path, "d1").unwrap();
        assert_eq!((keep.unsettled(), keep.cursor()), (2, Some(cursor.as_str())));
    }
}
