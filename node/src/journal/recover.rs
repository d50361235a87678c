//! Finding what an earlier process left: its pointer file, its segments, and where they end.
//!
//! This part only reads. A frame that is not whole ends the journal if nothing whole follows it
//! (it was in flight when the machine stopped); otherwise it is damage, and named. It must never
//! skip anything silently.

use std::io;

use super::OpenError;
use super::frame::{self, BLOCK_BYTES, Frame, Seal};
use crate::disk::{Disk, DiskFile};

/// What an earlier process left.
#[derive(Debug)]
pub(super) struct Remains {
    /// None when no journal was ever opened here.
    pub(super) seal: Option<Seal>,
    /// The segments of that journal, oldest first, without gaps in their numbers.
    pub(super) segments: Vec<u64>,
    /// Its segments that a trim had put aside before a crash brought them back.
    pub(super) trimmed: Vec<u64>,
    /// Segment files of other journals: of a start that did not come to its end, or older.
    pub(super) leftovers: Vec<String>,
    /// Files kept for reuse.
    pub(super) spares: Vec<String>,
}

impl Remains {
    pub(super) fn find(disk: &dyn Disk) -> Result<Self, OpenError> {
        let names = disk.names()?;
        let seal = if names.iter().any(|name| name == POINTER_NAME) {
            let file = disk.open(POINTER_NAME)?;
            Some(frame::parse_pointer(&whole_file(&*file)?, POINTER_NAME)?)
        } else {
            None
        };
        let mut remains = Remains {
            seal,
            segments: Vec::new(),
            trimmed: Vec::new(),
            leftovers: Vec::new(),
            spares: Vec::new(),
        };
        for name in names {
            match frame::parse_segment_name(&name) {
                Some((journal, segment)) if seal.is_some_and(|seal| seal.journal == journal) => {
                    remains.segments.push(segment);
                }
                Some(_) => remains.leftovers.push(name),
                None if name.starts_with(SPARE_PREFIX) => remains.spares.push(name),
                None => {}
            }
        }
        remains.check_leftovers(disk)?;
        remains.keep_newest_run();
        Ok(remains)
    }

    /// Hands every batch, oldest first, to `keep`, and returns the number of the next command.
    /// Without an earlier journal that is 1.
    pub(super) fn walk(
        &self,
        disk: &dyn Disk,
        keep: &mut dyn FnMut(Frame<'_>) -> Result<(), OpenError>,
    ) -> Result<Walked, OpenError> {
        let Some(seal) = self.seal else {
            return Ok(Walked { oldest_command: 1, next_command: 1 });
        };
        let mut walked: Option<Walked> = None;
        let mut damage: Option<OpenError> = None;
        for (position, segment) in self.segments.iter().enumerate() {
            let name = frame::segment_name(seal.journal, *segment);
            let bytes = whole_file(&*disk.open(&name)?)?;
            let is_newest = position + 1 == self.segments.len();
            let Some(first) = frame::segment_first_command(&bytes, seal, *segment) else {
                // The newest segment may have been made ready and never written to.
                let is_blank = is_newest && !whole_frame_after(&bytes, 0, seal, *segment);
                if is_blank && walked.is_some() {
                    break;
                }
                return Err(OpenError::Corrupt { file: name, offset: 0 });
            };
            if let Some(walked) = &walked
                && walked.next_command != first
            {
                return Err(damage.unwrap_or(OpenError::Corrupt { file: name, offset: 0 }));
            }
            let walked =
                walked.get_or_insert(Walked { oldest_command: first, next_command: first });
            let end = walk_segment(&bytes, seal, *segment, walked, keep)?;
            let torn = OpenError::Corrupt { file: name, offset: end as u64 };
            if whole_frame_after(&bytes, end, seal, *segment) {
                return Err(torn);
            }
            damage = Some(torn);
        }
        let lost = OpenError::Corrupt { file: POINTER_NAME.to_owned(), offset: 0 };
        walked.ok_or(lost)
    }

    /// Without its pointer a journal cannot be read. Segments that hold nothing are what a first
    /// start leaves when it is interrupted; segments with batches mean that the pointer was lost.
    fn check_leftovers(&self, disk: &dyn Disk) -> Result<(), OpenError> {
        if self.seal.is_some() {
            return Ok(());
        }
        for name in &self.leftovers {
            let bytes = whole_file(&*disk.open(name)?)?;
            if bytes.chunks(BLOCK_BYTES).any(frame::resembles_frame) {
                return Err(OpenError::Corrupt { file: POINTER_NAME.to_owned(), offset: 0 });
            }
        }
        Ok(())
    }

    /// Trimmed files may reappear after a crash, some without others. What counts is the newest
    /// run without gaps; whether it reaches back far enough is judged by what the store holds.
    fn keep_newest_run(&mut self) {
        self.segments.sort_unstable();
        let gap = self.segments.windows(2).rposition(|pair| pair[0] + 1 != pair[1]);
        if let Some(before) = gap {
            self.trimmed = self.segments.drain(..=before).collect();
        }
    }
}

/// The commands that a journal holds: from `oldest_command` to just before `next_command`.
#[derive(Debug)]
pub(super) struct Walked {
    pub(super) oldest_command: u64,
    pub(super) next_command: u64,
}

/// Returns where the frames end.
fn walk_segment(
    bytes: &[u8],
    seal: Seal,
    segment: u64,
    walked: &mut Walked,
    keep: &mut dyn FnMut(Frame<'_>) -> Result<(), OpenError>,
) -> Result<usize, OpenError> {
    let mut offset = BLOCK_BYTES;
    while let Some(found) = bytes.get(offset..).and_then(|rest| frame::frame(rest, seal, segment)) {
        if found.first_command != walked.next_command || found.count == 0 {
            let file = frame::segment_name(seal.journal, segment);
            return Err(OpenError::Corrupt { file, offset: offset as u64 });
        }
        walked.next_command = found.next_command();
        offset += found.block_bytes();
        keep(found)?;
    }
    Ok(offset)
}

/// True when a whole frame begins at some block after the one at `offset`.
fn whole_frame_after(bytes: &[u8], offset: usize, seal: Seal, segment: u64) -> bool {
    let mut at = offset + BLOCK_BYTES;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        if frame::frame(rest, seal, segment).is_some() {
            return true;
        }
        at += BLOCK_BYTES;
    }
    false
}

fn whole_file(file: &dyn DiskFile) -> io::Result<Vec<u8>> {
    let bytes = usize::try_from(file.size()?).map_err(io::Error::other)?;
    let mut out = vec![0; bytes];
    file.read_at(0, &mut out)?;
    Ok(out)
}

/// Names the journal that counts. Replaced in one step when a new one is complete.
pub(super) const POINTER_NAME: &str = "journal-pointer";
/// What [`POINTER_NAME`] is called while it is being written.
pub(super) const POINTER_NEW_NAME: &str = "journal-pointer-new";
pub(super) const SPARE_PREFIX: &str = "journal-spare-";
