//! Any order of operations against a model: a list of batches, and how far the store is.

use proptest::prelude::*;

use super::*;
use crate::disk::Tear;

#[derive(Clone, Debug)]
enum Step {
    Append { count: u32, bytes: usize },
    Crash(u64),
    Full(u64),
    Read(u64),
    Reopen,
    Store(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (1..4_u32, 0..12_000_usize).prop_map(|(count, bytes)| Step::Append { count, bytes }),
        1 => any::<u64>().prop_map(Step::Crash),
        1 => (0..3 * SMALL.segment_bytes).prop_map(Step::Full),
        1 => any::<u64>().prop_map(Step::Read),
        1 => Just(Step::Reopen),
        2 => any::<u64>().prop_map(Step::Store),
    ]
}

struct World {
    disk: MemoryDisk,
    journal: FileJournal,
    batches: Vec<Batch>,
    next: u64,
    stored: u64,
}

impl World {
    fn new() -> Self {
        let disk = MemoryDisk::new();
        let journal = open(&disk, 0).unwrap();
        World { disk, journal, batches: Vec::new(), next: 1, stored: 0 }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Append { count, bytes } => self.append(count, bytes),
            Step::Crash(seed) => {
                self.disk = self.disk.crash(Tear::Sectors(seed));
                self.journal = open(&self.disk, self.stored).unwrap();
                self.check_from(self.stored + 1);
            }
            Step::Full(bytes) => {
                self.disk.limit_bytes(Some(self.disk.used_bytes() + bytes));
                self.append(1, 12_000);
                self.disk.limit_bytes(None);
            }
            Step::Read(place) => {
                let oldest = self.journal.oldest_command();
                assert!(oldest <= self.stored + 1);
                self.check_from(oldest + place % (self.next + 1 - oldest));
            }
            Step::Reopen => {
                self.journal = open(&self.disk, self.stored).unwrap();
                self.check_from(self.stored + 1);
            }
            Step::Store(place) => {
                self.stored += place % (self.next - self.stored);
                self.journal.trim(self.stored).unwrap();
            }
        }
    }

    fn append(&mut self, count: u32, bytes: usize) {
        let next = batch(self.next, count, bytes);
        match append(&mut self.journal, &next) {
            Ok(()) => {
                self.next += u64::from(count);
                self.batches.push(next);
            }
            Err(AppendError::Behind { held_bytes }) => {
                assert!(held_bytes + frame::frame_bytes(bytes) as u64 > SMALL.bytes_max);
            }
            Err(AppendError::Full) => {}
            Err(error) => panic!("{error}"),
        }
    }

    fn check_from(&self, command: u64) {
        let needed = |batch: &&Batch| batch.last_command() >= command;
        let expected: Vec<Batch> = self.batches.iter().filter(needed).cloned().collect();
        assert_eq!(read(&self.journal, command), expected);
        assert_eq!(self.journal.next_command(), self.next);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn the_journal_is_a_list(steps in prop::collection::vec(step(), 1..120)) {
        let mut world = World::new();
        for step in steps {
            world.take(step);
        }
        world.check_from(world.stored + 1);
    }
}
