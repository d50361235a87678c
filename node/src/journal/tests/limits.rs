//! What the journal refuses, and what happens when the disk does.

use super::*;
use crate::disk::Tear;

#[test]
fn a_store_far_behind_slows_the_senders() {
    let disk = MemoryDisk::new();
    let mut journal = open(&disk, 0).unwrap();
    let mut written = Vec::new();
    let held_bytes = loop {
        let next = batch(journal.next_command(), 1, 100);
        match append(&mut journal, &next) {
            Ok(()) => written.push(next),
            Err(AppendError::Behind { held_bytes }) => break held_bytes,
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(held_bytes, SMALL.bytes_max);
    assert_eq!(read(&journal, 1), written);
    journal.trim(written.len() as u64 - 3).unwrap();
    fill(&mut journal, 1, 1);
}

#[test]
fn trimming_everything_always_makes_room_for_the_longest_batch() {
    let disk = MemoryDisk::new();
    let settings = Settings { bytes_max: 2 * SMALL.segment_bytes, ..SMALL };
    let mut journal = FileJournal::open(Arc::new(disk), settings, 0).unwrap();
    for round in 0..20 {
        fill(&mut journal, round % 4, 1);
        journal.trim(u64::MAX).unwrap();
        let longest = batch(journal.next_command(), 1, journal.payload_bytes_max());
        append(&mut journal, &longest).unwrap();
        journal.trim(longest.last_command()).unwrap();
    }
}

#[test]
fn a_small_bound_makes_small_segments() {
    let disk = MemoryDisk::new();
    let settings = Settings { bytes_max: 100_000, ..Settings::new(1) };
    let mut journal = FileJournal::open(Arc::new(disk.clone()), settings, 0).unwrap();
    for _ in 0..5 {
        let longest = batch(journal.next_command(), 1, journal.payload_bytes_max());
        append(&mut journal, &longest).unwrap();
        journal.trim(longest.last_command()).unwrap();
    }
    assert!(disk.used_bytes() < 200_000, "{} bytes", disk.used_bytes());
}

#[test]
fn wrong_batches_are_refused_and_change_nothing() {
    let disk = MemoryDisk::new();
    let mut journal = open(&disk, 0).unwrap();
    let long = vec![0; journal.payload_bytes_max() + 1];
    let writes = disk.writes();
    assert!(matches!(journal.append(1, 1, &long), Err(AppendError::TooLarge { .. })));
    assert!(matches!(journal.append(2, 1, b""), Err(AppendError::OutOfOrder { expected: 1 })));
    assert_eq!(disk.writes(), writes);
    let written = fill(&mut journal, 2, 5);
    assert!(matches!(journal.append(10, 1, b""), Err(AppendError::OutOfOrder { expected: 11 })));
    assert_eq!(read(&journal, 1), written);
}

#[test]
fn a_full_disk_refuses_and_loses_nothing() {
    let disk = MemoryDisk::new();
    let mut journal = open(&disk, 0).unwrap();
    disk.limit_bytes(Some(disk.used_bytes() + SMALL.segment_bytes / 2));
    let mut written = Vec::new();
    for _ in 0..6 {
        // The spare goes first, then there is no room for another segment.
        written.extend(fill(&mut journal, 1, 1));
    }
    for _ in 0..3 {
        let next = batch(journal.next_command(), 1, 100);
        assert!(matches!(append(&mut journal, &next), Err(AppendError::Full)));
    }
    assert_eq!(read(&journal, 1), written);
    let found = disk.image(Tear::Nothing);
    assert_eq!(read(&open(&found, 0).unwrap(), 1), written);
    disk.limit_bytes(None);
    written.extend(fill(&mut journal, 6, 1));
    assert_eq!(read(&journal, 1), written);
}

#[test]
fn trimming_gives_room_on_a_full_disk() {
    let disk = MemoryDisk::new();
    let mut journal = open(&disk, 0).unwrap();
    disk.limit_bytes(Some(disk.used_bytes()));
    fill(&mut journal, 6, 1);
    journal.trim(6).unwrap();
    fill(&mut journal, 3, 1);
}

#[test]
fn opening_on_a_full_disk_is_refused_by_name() {
    let disk = MemoryDisk::new();
    let written = fill(&mut open(&disk, 0).unwrap(), 9, 1);
    disk.limit_bytes(Some(disk.used_bytes() + SMALL.segment_bytes / 2));
    assert!(matches!(open(&disk, 0), Err(OpenError::Full)));
    disk.limit_bytes(None);
    assert_eq!(read(&open(&disk, 0).unwrap(), 1), written);
}

#[test]
fn a_failed_sync_is_final() {
    let disk = MemoryDisk::new();
    let mut journal = open(&disk, 0).unwrap();
    let written = fill(&mut journal, 2, 1);
    disk.fail_at_sync(1);
    let lost = batch(3, 1, 100);
    assert!(matches!(append(&mut journal, &lost), Err(AppendError::Failed(_))));
    for first_command in [3, 4] {
        let next = batch(first_command, 1, 100);
        assert!(matches!(append(&mut journal, &next), Err(AppendError::Poisoned)));
    }
    drop(journal);
    // The page cache still shows the batch; after the copy it is on the disk as well, or nowhere.
    let shown = read(&open(&disk, 0).unwrap(), 1);
    assert_eq!(shown[..2], written);
    assert_eq!(read(&open(&disk.crash(Tear::Nothing), 0).unwrap(), 1), shown);
}

#[test]
fn a_failed_write_is_final() {
    let disk = MemoryDisk::new();
    let mut journal = open(&disk, 0).unwrap();
    let written = fill(&mut journal, 2, 1);
    disk.fail_at_write(1);
    assert!(matches!(journal.append(3, 1, b"x"), Err(AppendError::Failed(_))));
    assert!(matches!(journal.append(3, 1, b"x"), Err(AppendError::Poisoned)));
    assert_eq!(read(&open(&disk.crash(Tear::Everything), 0).unwrap(), 1), written);
}

#[test]
fn a_failed_sync_of_a_new_segment_is_final() {
    let disk = MemoryDisk::new();
    let mut journal = open(&disk, 0).unwrap();
    let written = fill(&mut journal, 3, 1);
    disk.fail_at_sync(1);
    assert!(matches!(journal.append(4, 1, b"x"), Err(AppendError::Failed(_))));
    assert!(matches!(journal.append(4, 1, b"x"), Err(AppendError::Poisoned)));
    assert_eq!(read(&open(&disk.crash(Tear::Nothing), 0).unwrap(), 1), written);
}
