//! What the journal promises, checked on a disk that keeps only what was synced.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation)]

mod crash;
mod damage;
mod limits;
mod model;

use std::sync::Arc;

use super::frame::{self, BLOCK_BYTES, FRAME_HEADER_BYTES};
use super::{AppendError, Batch, FileJournal, Journal, OpenError, Settings};
use crate::disk::{Disk, MemoryDisk};

/// Small segments, so that a short test crosses many.
const SMALL: Settings = Settings { bytes_max: 16 * 16384, segment_bytes: 16384, salt: 0x5A17 };

fn open(disk: &MemoryDisk, applied: u64) -> Result<FileJournal, OpenError> {
    FileJournal::open(Arc::new(disk.clone()), SMALL, applied)
}

/// A batch whose bytes say who it is.
fn batch(first_command: u64, count: u32, bytes: usize) -> Batch {
    let payload = (0..bytes).map(|at| (first_command as usize * 31 + at) as u8).collect();
    Batch { first_command, count, payload }
}

fn append(journal: &mut FileJournal, batch: &Batch) -> Result<(), AppendError> {
    journal.append(batch.first_command, batch.count, &batch.payload)
}

/// Appends batches of one block each, holding `count` commands each.
fn fill(journal: &mut FileJournal, batches: usize, count: u32) -> Vec<Batch> {
    let mut written = Vec::new();
    for _ in 0..batches {
        let next = batch(journal.next_command(), count, 100);
        append(journal, &next).unwrap();
        written.push(next);
    }
    written
}

fn read(journal: &FileJournal, from: u64) -> Vec<Batch> {
    journal.read_from(from).unwrap().map(Result::unwrap).collect()
}

/// The names of the current journal's segments, oldest first.
fn segments(disk: &MemoryDisk) -> Vec<String> {
    let mut names = disk.names().unwrap();
    names.retain(|name| frame::parse_segment_name(name).is_some());
    names.sort();
    names
}

#[test]
fn batches_come_back_as_they_were() {
    let disk = MemoryDisk::new();
    let mut journal = open(&disk, 0).unwrap();
    assert_eq!(journal.next_command(), 1);
    let longest = journal.payload_bytes_max();
    let mut written = Vec::new();
    for (count, bytes) in [(1, 0), (3, 1), (1, BLOCK_BYTES), (8, 9000), (2, longest), (1, 5)] {
        let next = batch(journal.next_command(), count, bytes);
        append(&mut journal, &next).unwrap();
        written.push(next);
    }
    assert_eq!(read(&journal, 1), written);
    assert_eq!(read(&journal, 3), written[1..]);
    assert_eq!(read(&journal, journal.next_command()), []);
    drop(journal);
    let journal = open(&disk, 0).unwrap();
    assert_eq!(journal.next_command(), 17);
    assert_eq!(read(&journal, 1), written);
}

#[test]
fn opening_keeps_what_the_store_has_not() {
    let disk = MemoryDisk::new();
    let written = fill(&mut open(&disk, 0).unwrap(), 10, 2);
    // Commands 1 to 7 are stored; the batch of 7 and 8 is needed whole.
    let journal = open(&disk, 7).unwrap();
    assert_eq!((journal.oldest_command(), journal.next_command()), (7, 21));
    assert_eq!(read(&journal, 7), written[3..]);
    drop(journal);
    let mut journal = open(&disk, 20).unwrap();
    assert_eq!(read(&journal, 21), []);
    let next = fill(&mut journal, 1, 1);
    drop(journal);
    assert_eq!(read(&open(&disk, 20).unwrap(), 21), next);
}

#[test]
fn a_batch_costs_one_write_and_one_sync() {
    let disk = MemoryDisk::new();
    let mut journal = open(&disk, 0).unwrap();
    let (writes, syncs) = (disk.writes(), disk.syncs());
    fill(&mut journal, 3, 1);
    assert_eq!((disk.writes() - writes, disk.syncs() - syncs), (3, 3));
}

#[test]
fn trimmed_segments_are_used_again() {
    let disk = MemoryDisk::new();
    let mut journal = open(&disk, 0).unwrap();
    for _ in 0..50 {
        fill(&mut journal, 7, 1);
        journal.trim(journal.next_command() - 1).unwrap();
    }
    let files = disk.names().unwrap().len() as u64;
    assert!(files <= 6, "{files} files");
    assert_eq!(read(&journal, journal.oldest_command()).len() as u64, {
        journal.next_command() - journal.oldest_command()
    });
    assert!(journal.read_from(1).is_err());
    // Old batches under the new ones are not taken for valid.
    let next = journal.next_command();
    drop(journal);
    assert_eq!(open(&disk, next - 1).unwrap().next_command(), next);
}

#[test]
fn what_the_frame_says_is_what_it_takes() {
    assert_eq!(frame::frame_bytes(0), BLOCK_BYTES);
    assert_eq!(frame::frame_bytes(BLOCK_BYTES - FRAME_HEADER_BYTES), BLOCK_BYTES);
    assert_eq!(frame::frame_bytes(BLOCK_BYTES - FRAME_HEADER_BYTES + 1), 2 * BLOCK_BYTES);
}
