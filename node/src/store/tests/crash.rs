//! The machine dies at every sync there is: the rows are those of one commit, and the command
//! reached is that commit's. Together with a journal on the same disk: nothing acknowledged is
//! missing from both. This pins: rows and position in two transactions, a trim before the commit
//! is durable, and a file whose name is not.

use super::*;
use crate::journal::{self, FileJournal, Journal};

fn tears() -> impl Iterator<Item = Tear> {
    [Tear::Nothing, Tear::Everything].into_iter().chain((0..8).map(Tear::Sectors))
}

/// The rows after `applied` commands: each command puts one of twenty keys, every third one
/// deletes the key before.
fn change(command: u64) -> (Vec<u8>, Option<Vec<u8>>) {
    let key = format!("key{}", command * 7 % 20).into_bytes();
    if command.is_multiple_of(3) { (key, None) } else { (key, Some(vec![command as u8; 700])) }
}

fn rows_at(applied: u64) -> Rows {
    let mut rows = std::collections::BTreeMap::new();
    for (key, value) in (1..=applied).map(change) {
        match value {
            Some(value) => rows.insert(key, value),
            None => rows.remove(&key),
        };
    }
    rows.into_iter().collect()
}

fn commands(from: u64, to: u64) -> Arc<Batch> {
    let mut batch = Batch::new();
    for (key, value) in (from..=to).map(change) {
        match value {
            Some(value) => batch.put(Table::Event, &key, &value),
            None => batch.delete(Table::Event, &key),
        }
    }
    batch.set_applied(to);
    Arc::new(batch)
}

/// Commits ten commands at a time until it is done or the disk dies.
fn live(disk: &MemoryDisk) -> u64 {
    let Ok(store) = open(disk) else { return 0 };
    for applied in (0..80).step_by(10) {
        if store.commit(&[commands(applied + 1, applied + 10)]).is_err() {
            return applied;
        }
    }
    80
}

#[test]
fn a_crash_at_any_sync_leaves_the_rows_of_one_commit() {
    let disk = MemoryDisk::new();
    assert_eq!(live(&disk), 80);
    let syncs = disk.syncs();
    for at in 1..=syncs {
        let disk = MemoryDisk::new();
        disk.die_at_sync(at);
        let acknowledged = live(&disk);
        for tear in tears() {
            let what = format!("death at sync {at}, {tear:?}");
            let store = open(&disk.image(tear)).unwrap_or_else(|error| panic!("{what}: {error}"));
            let snapshot = store.snapshot().unwrap();
            let applied = snapshot.applied();
            assert!(applied == acknowledged || applied == acknowledged + 10, "{what}: {applied}");
            let rows = collect(|visit| snapshot.scan(Table::Event, visit));
            assert!(rows == rows_at(applied), "{what}: rows");
            store.commit(&[commands(applied + 1, applied + 1)]).unwrap();
        }
    }
}

const SMALL_JOURNAL: journal::Settings =
    journal::Settings { bytes_max: 8 * 16384, segment_bytes: 16384, salt: 99 };

/// Journal first, store behind: returns how many commands were acknowledged.
fn live_with_journal(disk: &MemoryDisk) -> u64 {
    let mut acknowledged = 0;
    let mut steps = || -> Option<()> {
        let store = open(disk).ok()?;
        let mut journal = FileJournal::open(Arc::new(disk.clone()), SMALL_JOURNAL, 0).ok()?;
        let mut stored = 0;
        for round in 1..=24 {
            let first = journal.next_command();
            journal.append(first, 3, &[round as u8; 900]).ok()?;
            acknowledged = first + 2;
            if round % 5 == 0 {
                store.commit(&[commands(stored + 1, acknowledged)]).ok()?;
                stored = acknowledged;
                journal.trim(stored).ok()?;
            }
        }
        Some(())
    };
    steps();
    acknowledged
}

#[test]
fn store_and_journal_agree_after_a_crash_at_any_sync() {
    let disk = MemoryDisk::new();
    assert_eq!(live_with_journal(&disk), 72);
    let syncs = disk.syncs();
    for at in 1..=syncs {
        let disk = MemoryDisk::new();
        disk.die_at_sync(at);
        let acknowledged = live_with_journal(&disk);
        for tear in tears() {
            let what = format!("death at sync {at}, {tear:?}");
            let found = disk.image(tear);
            let store = open(&found).unwrap_or_else(|error| panic!("{what}: {error}"));
            let applied = store.snapshot().unwrap().applied();
            let journal = FileJournal::open(Arc::new(found), SMALL_JOURNAL, applied)
                .unwrap_or_else(|error| panic!("{what}: {error}"));
            // What the store lacks is in the journal, without a gap.
            let mut next = applied + 1;
            for batch in journal.read_from(applied + 1).unwrap() {
                let batch = batch.unwrap();
                assert!(batch.first_command <= next, "{what}");
                next = batch.last_command() + 1;
            }
            assert_eq!(journal.next_command(), next, "{what}");
            assert!(next > acknowledged && next <= acknowledged + 4, "{what}: {next}");
        }
    }
}
