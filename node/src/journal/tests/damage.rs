//! Files that are not what was written, or not ours to read.

use super::super::recover::POINTER_NAME;
use super::*;
use crate::disk::Tear;

/// A journal of several segments, each with several batches.
fn filled() -> (MemoryDisk, Vec<Batch>) {
    let disk = MemoryDisk::new();
    let written = fill(&mut open(&disk, 0).unwrap(), 8, 1);
    assert_eq!(segments(&disk).len(), 3);
    (disk, written)
}

fn open_damaged(disk: &MemoryDisk, file: &str, offset: usize) -> Result<FileJournal, OpenError> {
    let image = disk.image(Tear::Nothing);
    image.damage(file, offset as u64, 0x04);
    open(&image, 0)
}

#[test]
fn a_flipped_bit_in_an_old_batch_is_found() {
    let (disk, _) = filled();
    let names = segments(&disk);
    // Three frames in each of the first two segments, and the first of two in the last one.
    for (segment, frames) in [(0, 3), (1, 3), (2, 1)] {
        for block in 1..=frames {
            for at in 0..FRAME_HEADER_BYTES + 100 {
                let opened = open_damaged(&disk, &names[segment], block * BLOCK_BYTES + at);
                let Err(OpenError::Corrupt { file, offset }) = opened else {
                    panic!("byte {at} of frame {block} in segment {segment}");
                };
                assert_eq!((file, offset), (names[segment].clone(), (block * BLOCK_BYTES) as u64));
            }
        }
    }
}

#[test]
fn a_flipped_bit_in_the_newest_batch_ends_the_journal() {
    let (disk, written) = filled();
    let names = segments(&disk);
    for at in 0..FRAME_HEADER_BYTES + 100 {
        let journal = open_damaged(&disk, &names[2], 2 * BLOCK_BYTES + at).unwrap();
        assert_eq!(read(&journal, 1), written[..7]);
    }
}

#[test]
fn a_flipped_bit_in_a_header_is_found() {
    let (disk, _) = filled();
    for name in segments(&disk) {
        for at in (0..64).chain([BLOCK_BYTES - 1]) {
            let opened = open_damaged(&disk, &name, at);
            assert!(matches!(opened, Err(OpenError::Corrupt { .. })), "byte {at} of {name}");
        }
    }
    let opened = open_damaged(&disk, POINTER_NAME, 17);
    assert!(matches!(opened, Err(OpenError::Corrupt { .. })));
}

#[test]
fn a_flipped_bit_is_found_while_reading() {
    let disk = MemoryDisk::new();
    let mut journal = open(&disk, 0).unwrap();
    let written = fill(&mut journal, 3, 1);
    disk.damage(&segments(&disk)[0], (2 * BLOCK_BYTES + 60) as u64, 1);
    let mut batches = journal.read_from(1).unwrap();
    assert_eq!(batches.next().unwrap().unwrap(), written[0]);
    assert!(batches.next().unwrap().is_err());
    assert!(batches.next().is_none());
}

#[test]
fn missing_files_are_named() {
    let (disk, _) = filled();
    let names = segments(&disk);
    for name in [&names[1], &names[0]] {
        let image = disk.image(Tear::Nothing);
        image.remove(name).unwrap();
        assert!(matches!(open(&image, 0), Err(OpenError::Gap { applied: 0, .. })));
        // Nothing was taken away by the refusal.
        let left = segments(&image);
        assert_eq!(names.iter().filter(|name| left.contains(name)).count(), 2);
    }
    let image = disk.image(Tear::Nothing);
    image.remove(POINTER_NAME).unwrap();
    let opened = open(&image, 0);
    assert!(matches!(opened, Err(OpenError::Corrupt { file, .. }) if file == POINTER_NAME));
}

#[test]
fn a_journal_that_is_not_the_stores_is_refused() {
    let (disk, _) = filled();
    assert!(matches!(open(&disk, 9), Err(OpenError::Lost { next: 9, applied: 9 })));
    let journal = open(&disk, 8).unwrap();
    assert_eq!(journal.next_command(), 9);
    drop(journal);
    // A store that was put back to an older state finds that commands are missing.
    assert!(matches!(open(&disk, 3), Err(OpenError::Gap { oldest: 9, applied: 3 })));
    assert!(matches!(open(&MemoryDisk::new(), 3), Err(OpenError::Lost { next: 1, applied: 3 })));
}

#[test]
fn a_newer_format_is_refused_by_name() {
    let (disk, _) = filled();
    let pointer = disk.open(POINTER_NAME).unwrap();
    pointer.write_at(8, &2_u32.to_be_bytes()).unwrap();
    let opened = open(&disk, 0).map(|_| ());
    assert!(matches!(opened, Err(OpenError::NewerVersion { found: 2, supported: 1 })));
    assert_eq!(
        opened.unwrap_err().to_string(),
        "the journal has format version 2, this release knows up to 1"
    );
}
