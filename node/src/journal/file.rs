//! The journal as files of a directory: segments of equal size, written once from front to back,
//! each batch one frame, one write and one fdatasync.
//!
//! Segments are filled with zeros before use, so that an fdatasync need not commit any metadata;
//! trimmed ones are recycled for the same reason. At each start what the store does not hold yet
//! is copied to fresh segments of a journal with a new number, and synced, before the new pointer
//! file makes it count: after a crash the system may show pages that never reached the disk.
//!
//! A failed write or sync is final. Nothing here retries one, and nothing is skipped.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::Arc;

use super::frame::{self, BLOCK_BYTES, FRAME_HEADER_BYTES, Seal};
use super::recover::{POINTER_NAME, POINTER_NEW_NAME, Remains, SPARE_PREFIX};
use super::{AppendError, Batch, Batches, Journal, OpenError, ReadError, TrimError};
use crate::disk::{Disk, DiskFile, is_full};

/// How a journal is kept.
#[derive(Clone, Copy)]
pub struct Settings {
    /// How much may be held that is not trimmed, in bytes; at least 16 KiB.
    pub bytes_max: u64,
    /// The size of a segment: a multiple of 4 KiB, and made smaller where two would not fit into
    /// `bytes_max`. A batch is always smaller than a segment.
    pub segment_bytes: u64,
    /// Drawn at random for each start, and told to nobody: it starts every checksum.
    pub salt: u64,
}

impl Settings {
    /// 64 MiB in segments of 8 MiB. At 340 bytes a message in large batches this holds 190,000
    /// messages: several seconds of the fastest sending ever measured here, far more than the
    /// store lags in ordinary use. More would only lengthen the replay after a crash.
    pub fn new(salt: u64) -> Self {
        Settings { bytes_max: 64 << 20, segment_bytes: 8 << 20, salt }
    }

    /// With two segments at least, trimming always makes room for the longest batch.
    fn fitted(mut self) -> Self {
        let blocks = self.segment_bytes.min(self.bytes_max / 2) / BLOCK_BYTES as u64;
        assert!(blocks >= 2, "a segment holds its header and a batch");
        self.segment_bytes = blocks * BLOCK_BYTES as u64;
        assert!(self.segment_bytes <= SEGMENT_BYTES_MAX);
        self
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("bytes_max", &self.bytes_max)
            .field("segment_bytes", &self.segment_bytes)
            .finish_non_exhaustive()
    }
}

/// A journal in files of one directory, which it shares with files of other names only.
#[derive(Debug)]
pub struct FileJournal {
    disk: Arc<dyn Disk>,
    settings: Settings,
    seal: Seal,
    /// Oldest first; the last one is written to. Never empty once opened.
    segments: VecDeque<Segment>,
    spares: Vec<String>,
    next_segment: u64,
    next_command: u64,
    is_poisoned: bool,
    /// The bytes of the frame being written, kept to save allocating.
    buffer: Vec<u8>,
}

impl FileJournal {
    /// Opens the journal of a directory, or begins one. `applied` is the newest command that the
    /// store holds: up to it nothing is kept, from it on nothing may be missing.
    ///
    /// # Panics
    /// Where the settings leave no room for a single batch.
    pub fn open(disk: Arc<dyn Disk>, settings: Settings, applied: u64) -> Result<Self, OpenError> {
        let settings = settings.fitted();
        let remains = Remains::find(&*disk)?;
        let number = remains.seal.map_or(0, |seal| seal.journal) + 1;
        for name in &remains.leftovers {
            disk.remove(name)?;
        }
        let mut journal = FileJournal {
            disk,
            settings,
            seal: Seal { journal: number, salt: settings.salt },
            segments: VecDeque::new(),
            spares: Vec::new(),
            next_segment: 1,
            next_command: 1,
            is_poisoned: false,
            buffer: Vec::new(),
        };
        journal.adopt_spares(&remains)?;
        journal.copy_tail(&remains, applied)?;
        journal.make_current()?;
        journal.recycle_remains(&remains)?;
        Ok(journal)
    }

    /// How much is held that is not trimmed, in bytes.
    pub fn held_bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.end).sum()
    }

    /// The oldest command still held, or the next one where nothing is.
    pub fn oldest_command(&self) -> u64 {
        self.segments.front().map_or(self.next_command, |segment| segment.first_command)
    }
}

impl Journal for FileJournal {
    fn append(
        &mut self,
        first_command: u64,
        count: u32,
        payload: &[u8],
    ) -> Result<(), AppendError> {
        assert!(count > 0, "a batch holds a command");
        self.check_append(first_command, payload)?;
        self.make_room(first_command, payload.len())?;
        let written = self.write_frame(first_command, count, payload);
        match written.and_then(|()| self.active().file.sync_data()) {
            Ok(()) => Ok(()),
            Err(error) => Err(self.poison(error)),
        }
    }

    fn next_command(&self) -> u64 {
        self.next_command
    }

    fn payload_bytes_max(&self) -> usize {
        usize::try_from(self.settings.segment_bytes).expect("asserted when opened")
            - frame::SEGMENT_OVERHEAD_BYTES
    }

    fn read_from(&self, command: u64) -> Result<Batches<'_>, ReadError> {
        let oldest = self.oldest_command();
        if command < oldest {
            return Err(ReadError::Trimmed { oldest });
        }
        let after = self.segments.partition_point(|segment| segment.first_command <= command);
        Ok(Box::new(Reader {
            journal: self,
            segment: after.saturating_sub(1),
            offset: BLOCK_BYTES as u64,
            from_command: command,
            is_done: false,
        }))
    }

    fn trim(&mut self, up_to_command: u64) -> Result<(), TrimError> {
        while let [oldest, next, ..] = self.segments.make_contiguous()
            && next.first_command <= up_to_command.saturating_add(1)
        {
            let name = frame::segment_name(self.seal.journal, oldest.number);
            let is_reusable = oldest.file.size()? == self.settings.segment_bytes;
            self.recycle(&name, is_reusable)?;
            self.segments.pop_front();
        }
        Ok(())
    }

    fn scrub(&mut self, up_to_command: u64) -> Result<(), TrimError> {
        let active = self.active();
        if active.first_command <= up_to_command && active.end > BLOCK_BYTES as u64 {
            let blank = self.next_blank()?;
            let next = self.next_command;
            let begun = self.begin_segment(blank, next);
            begun.inspect_err(|_| self.is_poisoned = true)?;
        }
        self.trim(up_to_command)?;
        // A crash must not find zeros under the name of a segment that counts.
        self.disk.sync()?;
        for spare in &self.spares {
            fill_with_zeros(&*self.disk.open(spare)?, self.settings.segment_bytes)?;
        }
        Ok(())
    }
}

/// One segment of the running journal.
#[derive(Debug)]
struct Segment {
    file: Box<dyn DiskFile>,
    number: u64,
    first_command: u64,
    /// Where its frames end; what follows is zeros or an earlier use.
    end: u64,
    bytes_max: u64,
}

impl FileJournal {
    fn active(&self) -> &Segment {
        self.segments.back().expect("an open journal has a segment")
    }

    fn check_append(&self, first_command: u64, payload: &[u8]) -> Result<(), AppendError> {
        let bytes_max = self.payload_bytes_max();
        if self.is_poisoned {
            return Err(AppendError::Poisoned);
        }
        if first_command != self.next_command {
            return Err(AppendError::OutOfOrder { expected: self.next_command });
        }
        if payload.len() > bytes_max {
            return Err(AppendError::TooLarge { bytes: payload.len(), bytes_max });
        }
        let held_bytes = self.held_bytes();
        if held_bytes + frame::frame_bytes(payload.len()) as u64 > self.settings.bytes_max {
            return Err(AppendError::Behind { held_bytes });
        }
        Ok(())
    }

    /// Goes on to a new segment where the frame does not fit in the active one.
    fn make_room(&mut self, first_command: u64, payload_bytes: usize) -> Result<(), AppendError> {
        let active = self.active();
        if active.end + frame::frame_bytes(payload_bytes) as u64 <= active.bytes_max {
            return Ok(());
        }
        match self.next_blank() {
            Ok(blank) => {
                self.begin_segment(blank, first_command).map_err(|error| self.poison(error))
            }
            // Nothing was put anywhere yet.
            Err(error) if is_full(&error) => Err(AppendError::Full),
            Err(error) => Err(self.poison(error)),
        }
    }

    fn write_frame(&mut self, first_command: u64, count: u32, payload: &[u8]) -> io::Result<()> {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        let segment = self.segments.back_mut().expect("an open journal has a segment");
        frame::put_frame(&mut buffer, self.seal, segment.number, first_command, count, payload);
        let written = segment.file.write_at(segment.end, &buffer);
        if written.is_ok() {
            segment.end += buffer.len() as u64;
            self.next_command = first_command + u64::from(count);
        }
        if buffer.capacity() <= BUFFER_BYTES_KEPT {
            self.buffer = buffer;
        }
        written
    }

    fn poison(&mut self, error: io::Error) -> AppendError {
        tracing::error!(%error, "writing the journal failed; nothing more is accepted");
        self.is_poisoned = true;
        AppendError::Failed(error)
    }

    /// A file of zeros or of an earlier use, with the name of the next segment. The name is
    /// durable before anything is written to the file: a frame never stands under another name.
    fn next_blank(&mut self) -> io::Result<Blank> {
        let name = frame::segment_name(self.seal.journal, self.next_segment);
        let bytes = self.settings.segment_bytes;
        let file = match self.spares.last() {
            Some(spare) => {
                self.disk.rename(spare, &name)?;
                self.spares.pop();
                self.disk.open(&name)?
            }
            None => self.allocate(&name, bytes)?,
        };
        self.disk.sync()?;
        Ok(Blank { file, bytes })
    }

    /// Creates a file of zeros whose blocks are on the disk, or nothing.
    fn allocate(&self, name: &str, bytes: u64) -> io::Result<Box<dyn DiskFile>> {
        let file = self.disk.create(name)?;
        match fill_with_zeros(&*file, bytes) {
            Ok(()) => Ok(file),
            Err(error) => {
                // Left behind it would only take room; `create` empties it the next time.
                let _ = self.disk.remove(name);
                Err(error)
            }
        }
    }

    fn begin_segment(&mut self, blank: Blank, first_command: u64) -> io::Result<()> {
        let Blank { file, bytes } = blank;
        let number = self.next_segment;
        file.write_at(0, &frame::segment_header(self.seal, number, first_command))?;
        file.sync_data()?;
        self.next_segment += 1;
        let end = BLOCK_BYTES as u64;
        self.segments.push_back(Segment { file, number, first_command, end, bytes_max: bytes });
        Ok(())
    }

    /// Keeps a file for reuse, or removes it where there are enough. Its old batches stay on the
    /// disk until it is written over, at the latest by [`Journal::scrub`].
    fn recycle(&mut self, name: &str, is_reusable: bool) -> io::Result<()> {
        let files = self.segments.len() + self.spares.len();
        if is_reusable && files as u64 <= self.settings.bytes_max / self.settings.segment_bytes {
            let spare = format!("{SPARE_PREFIX}{name}");
            self.disk.rename(name, &spare)?;
            self.spares.push(spare);
            Ok(())
        } else {
            self.disk.remove(name)
        }
    }
}

/// A file without a header yet.
struct Blank {
    file: Box<dyn DiskFile>,
    bytes: u64,
}

/// Opening, step by step.
impl FileJournal {
    fn adopt_spares(&mut self, remains: &Remains) -> io::Result<()> {
        let spares_max = self.settings.bytes_max / self.settings.segment_bytes;
        for name in &remains.spares {
            let is_enough = self.spares.len() as u64 >= spares_max;
            if is_enough || self.disk.open(name)?.size()? != self.settings.segment_bytes {
                self.disk.remove(name)?;
            } else {
                self.spares.push(name.clone());
            }
        }
        Ok(())
    }

    /// Copies every batch that the store does not hold in full, and syncs the copy.
    fn copy_tail(&mut self, remains: &Remains, applied: u64) -> Result<(), OpenError> {
        let disk = Arc::clone(&self.disk);
        let walked = remains.walk(&*disk, &mut |found| {
            if found.next_command() <= applied + 1 {
                return Ok(());
            }
            self.make_fresh_room(found.first_command, found.block_bytes() as u64)?;
            Ok(self.write_frame(found.first_command, found.count, found.payload)?)
        })?;
        if walked.oldest_command > applied + 1 {
            return Err(OpenError::Gap { oldest: walked.oldest_command, applied });
        }
        if walked.next_command <= applied {
            return Err(OpenError::Lost { next: walked.next_command, applied });
        }
        self.make_fresh_room(walked.next_command, 0)?;
        self.next_command = walked.next_command;
        self.active().file.sync_data()?;
        Ok(())
    }

    fn make_fresh_room(&mut self, first_command: u64, frame_bytes: u64) -> Result<(), OpenError> {
        if let Some(active) = self.segments.back() {
            if active.end + frame_bytes <= active.bytes_max {
                return Ok(());
            }
            active.file.sync_data()?;
        }
        // An earlier release, or other settings, may have written longer batches.
        let bytes = self.settings.segment_bytes.max(BLOCK_BYTES as u64 + frame_bytes);
        let name = frame::segment_name(self.seal.journal, self.next_segment);
        let file = loop {
            match self.allocate(&name, bytes) {
                Ok(file) => break file,
                // Spares hold nothing; their room serves better here.
                Err(error) => match self.spares.pop() {
                    Some(spare) if is_full(&error) => self.disk.remove(&spare)?,
                    _ => return Err(error.into()),
                },
            }
        };
        Ok(self.begin_segment(Blank { file, bytes }, first_command)?)
    }

    /// From here on the new journal counts, and the old one does not.
    fn make_current(&self) -> io::Result<()> {
        self.disk.sync()?;
        let pointer = self.disk.create(POINTER_NEW_NAME)?;
        pointer.write_at(0, &frame::pointer(self.seal))?;
        pointer.sync_data()?;
        self.disk.rename(POINTER_NEW_NAME, POINTER_NAME)?;
        self.disk.sync()
    }

    /// Keeps the old journal's files for reuse; sees to it that one spare is at hand.
    fn recycle_remains(&mut self, remains: &Remains) -> io::Result<()> {
        if let Some(old) = remains.seal {
            for segment in remains.trimmed.iter().chain(&remains.segments) {
                let name = frame::segment_name(old.journal, *segment);
                let bytes = self.disk.open(&name)?.size()?;
                self.recycle(&name, bytes == self.settings.segment_bytes)?;
            }
        }
        if self.spares.is_empty() {
            let name = format!("{SPARE_PREFIX}{}", frame::segment_name(self.seal.journal, 0));
            match self.allocate(&name, self.settings.segment_bytes) {
                Ok(_) => self.spares.push(name),
                Err(error) if is_full(&error) => {
                    tracing::warn!("no room on the disk for a spare segment of the journal");
                }
                Err(error) => return Err(error),
            }
        }
        self.disk.sync()
    }
}

struct Reader<'a> {
    journal: &'a FileJournal,
    /// Index into the journal's segments.
    segment: usize,
    offset: u64,
    from_command: u64,
    is_done: bool,
}

impl Iterator for Reader<'_> {
    type Item = Result<Batch, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.is_done {
            let segment = self.journal.segments.get(self.segment)?;
            if self.offset >= segment.end {
                self.segment += 1;
                self.offset = BLOCK_BYTES as u64;
                continue;
            }
            let batch = self.read(segment);
            match &batch {
                Ok(batch) if batch.last_command() < self.from_command => continue,
                Ok(_) => {}
                Err(_) => self.is_done = true,
            }
            return Some(batch);
        }
        None
    }
}

impl Reader<'_> {
    fn read(&mut self, segment: &Segment) -> Result<Batch, ReadError> {
        let (seal, number) = (self.journal.seal, segment.number);
        let offset = self.offset;
        let corrupt =
            || ReadError::Corrupt { file: frame::segment_name(seal.journal, number), offset };
        let mut bytes = vec![0; BLOCK_BYTES];
        segment.file.read_at(offset, &mut bytes)?;
        let length = frame::claimed_payload_bytes(&bytes, seal, number).ok_or_else(corrupt)?;
        let whole = FRAME_HEADER_BYTES + length;
        if offset + whole as u64 > segment.end {
            return Err(corrupt());
        }
        if whole > BLOCK_BYTES {
            bytes.resize(whole, 0);
            segment.file.read_at(offset + BLOCK_BYTES as u64, &mut bytes[BLOCK_BYTES..])?;
        }
        let found = frame::frame(&bytes, seal, number).ok_or_else(corrupt)?;
        self.offset += found.block_bytes() as u64;
        let (first_command, count) = (found.first_command, found.count);
        Ok(Batch { first_command, count, payload: found.payload.to_vec() })
    }
}

fn fill_with_zeros(file: &dyn DiskFile, bytes: u64) -> io::Result<()> {
    let zeros = vec![0; ZEROS_BYTES];
    let mut at = 0;
    while at < bytes {
        let part = usize::try_from(bytes - at).map_or(ZEROS_BYTES, |left| left.min(ZEROS_BYTES));
        file.write_at(at, &zeros[..part])?;
        at += part as u64;
    }
    file.sync_data()
}

/// A frame's length must fit in its 32 bits, and a segment is read into memory when opened.
const SEGMENT_BYTES_MAX: u64 = 1 << 30;
/// How much is written at once when a segment is filled with zeros.
const ZEROS_BYTES: usize = 256 << 10;
/// A frame buffer beyond this size is given back after use.
const BUFFER_BYTES_KEPT: usize = 1 << 20;

const _: () = assert!(ZEROS_BYTES.is_multiple_of(BLOCK_BYTES));
