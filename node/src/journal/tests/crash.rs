//! The machine dies at every sync there is; what was acknowledged is found again. This pins: an
//! acknowledgement before the sync, a name that is not durable before its content, a pointer that
//! counts before the copied tail does, and a recycled file under its old name.

use super::*;
use crate::disk::Tear;

fn tears() -> impl Iterator<Item = Tear> {
    [Tear::Nothing, Tear::Everything].into_iter().chain((0..SEEDS).map(Tear::Sectors))
}

/// Enough that each sync left out on purpose was noticed.
const SEEDS: u64 = 40;

/// What a life of the node leaves: the batches in order, and how many of them were acknowledged.
#[derive(Default)]
struct Life {
    batches: Vec<Batch>,
    acknowledged: usize,
    stored: u64,
}

/// Appends and trims until it is done or the disk dies.
fn live(disk: &MemoryDisk, rounds: u64) -> Life {
    let mut life = Life::default();
    let Ok(mut journal) = open(disk, 0) else { return life };
    for round in 0..rounds {
        let bytes = [10, 5000, 30, 9000, 4056][round as usize % 5];
        let next = batch(journal.next_command(), 1 + round as u32 % 3, bytes);
        life.batches.push(next.clone());
        if append(&mut journal, &next).is_err() {
            break;
        }
        life.acknowledged += 1;
        if round % 7 == 6 {
            life.stored = next.first_command.saturating_sub(4);
            if journal.trim(life.stored).is_err() {
                break;
            }
        }
    }
    life
}

fn check(life: &Life, journal: &FileJournal, what: &str) {
    let kept = |batches: &[Batch]| -> Vec<Batch> {
        let needed = |batch: &&Batch| batch.last_command() > life.stored;
        batches.iter().filter(needed).cloned().collect()
    };
    let found = kept(&read(journal, journal.oldest_command()));
    let acknowledged = kept(&life.batches[..life.acknowledged]);
    let with_the_one_in_flight = kept(&life.batches);
    assert!(found == acknowledged || found == with_the_one_in_flight, "{what}");
}

#[test]
fn a_crash_at_any_sync_loses_nothing() {
    const ROUNDS: u64 = 25;
    let disk = MemoryDisk::new();
    live(&disk, ROUNDS);
    let syncs = disk.syncs();
    assert!(syncs > 40, "{syncs} syncs");
    for at in 1..=syncs {
        let disk = MemoryDisk::new();
        disk.die_at_sync(at);
        let life = live(&disk, ROUNDS);
        assert!(disk.is_dead());
        for tear in tears() {
            let what = format!("death at sync {at}, {tear:?}");
            let found = disk.image(tear);
            let mut journal = open(&found, life.stored).unwrap_or_else(|error| {
                panic!("{what}: {error}");
            });
            check(&life, &journal, &what);
            fill(&mut journal, 1, 1);
        }
    }
}

#[test]
fn a_crash_while_opening_loses_nothing() {
    let old = MemoryDisk::new();
    let life = live(&old, 20);
    assert_eq!(life.acknowledged, 20);
    for at in 1.. {
        let disk = old.image(Tear::Nothing);
        disk.die_at_sync(at);
        let opened = open(&disk, life.stored);
        if let Ok(journal) = opened {
            check(&life, &journal, "alive");
            assert!(at > 5, "an opening has more syncs than {at}");
            return;
        }
        for tear in tears() {
            let what = format!("death at sync {at} of the opening, {tear:?}");
            let found = disk.image(tear);
            let journal = open(&found, life.stored).unwrap_or_else(|error| {
                panic!("{what}: {error}");
            });
            check(&life, &journal, &what);
        }
    }
}

#[test]
fn a_batch_torn_at_any_byte_is_there_or_not() {
    let disk = MemoryDisk::new();
    let mut journal = open(&disk, 0).unwrap();
    let before = fill(&mut journal, 1, 1);
    let last = batch(2, 1, 4200);
    disk.die_at_sync(1);
    assert!(append(&mut journal, &last).is_err());
    let (frame, written) = (FRAME_HEADER_BYTES + 4200, frame::frame_bytes(4200));
    for bytes in 0..=written {
        let found = disk.image(Tear::Prefix(bytes as u64));
        let batches = read(&open(&found, 0).unwrap(), 1);
        assert_eq!(batches[0], before[0]);
        // A prefix may stop short of bytes that are what the segment's zeros already say.
        let is_whole = batches.len() == 2;
        assert!(is_whole || bytes < frame, "torn at {bytes}");
        assert!(!is_whole || batches[1] == last && bytes + 8 >= frame, "torn at {bytes}");
    }
}

#[test]
fn a_torn_batch_hides_nothing_forged_inside() {
    // A sender puts a well-formed frame of the right place into a text, on a block of its own;
    // without the salt its checksum is wrong.
    let disk = MemoryDisk::new();
    let mut journal = open(&disk, 0).unwrap();
    let forger = frame::Seal { journal: 1, salt: 0 };
    let mut payload = vec![7; BLOCK_BYTES - FRAME_HEADER_BYTES];
    frame::put_frame(&mut payload, forger, 1, 5, 1, b"forged");
    disk.die_at_sync(1);
    assert!(journal.append(1, 1, &payload).is_err());
    // The first block is lost, the one with the forged frame is not.
    let found = (0..64).map(|seed| disk.image(Tear::Sectors(seed)));
    for found in found {
        assert_eq!(read(&open(&found, 0).unwrap(), 1), []);
    }
}

/// Pins: zeros were durable before the new name of the file that they were written to was, so that
/// a crash left a segment that counts full of them (seed 121 of the simulator).
#[test]
fn a_crash_in_or_after_a_scrub_leaves_what_counts() {
    for failing in 0..8 {
        let disk = MemoryDisk::new();
        let mut journal = open(&disk, 0).unwrap();
        fill(&mut journal, 10, 1);
        if failing > 0 {
            disk.fail_at_sync(failing);
        }
        let scrubbed = journal.scrub(10).is_ok();
        let kept = if scrubbed && failing == 0 { fill(&mut journal, 3, 1) } else { Vec::new() };
        for tear in [Tear::Nothing, Tear::Everything].into_iter().chain((0..20).map(Tear::Sectors))
        {
            let again = open(&disk.image(tear), 10).unwrap();
            assert_eq!(read(&again, 11), kept, "after {failing} syncs, {tear:?}");
        }
    }
}
