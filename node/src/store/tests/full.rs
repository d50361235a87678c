//! A disk that is full, or fails, under a commit.

use super::*;

/// More than fits into what [`limited`] leaves.
fn large(applied: u64) -> Arc<Batch> {
    let mut batch = Batch::new();
    for key in 0..200_u32 {
        batch.put(Table::Event, &key.to_be_bytes(), &[applied as u8; 2000]);
    }
    batch.set_applied(applied);
    Arc::new(batch)
}

/// A store that holds command 1 and has no room for a large batch.
fn limited() -> (MemoryDisk, Store) {
    let disk = MemoryDisk::new();
    let store = open(&disk).unwrap();
    store.commit(&[batch(1, &[("a", "1")])]).unwrap();
    disk.limit_bytes(Some(disk.used_bytes() + 100_000));
    (disk, store)
}

#[test]
fn a_full_disk_keeps_the_rows_and_takes_the_batch_later() {
    let (disk, store) = limited();
    for _ in 0..3 {
        assert!(matches!(store.commit(&[large(2)]), Err(CommitError::Full)));
        // Readers go on with what there was.
        let snapshot = store.snapshot().unwrap();
        assert_eq!((snapshot.applied(), events(&snapshot).join(" ")), (1, "a=1".into()));
    }
    let (_store, found) = reopen(&disk.image(Tear::Nothing));
    assert_eq!(found.applied(), 1);
    disk.limit_bytes(None);
    store.commit(&[large(2)]).unwrap();
    assert_eq!(store.snapshot().unwrap().applied(), 2);
    let (_store, found) = reopen(&disk.image(Tear::Nothing));
    let rows = collect(|visit| found.scan(Table::Event, visit));
    assert_eq!((found.applied(), rows.len()), (2, 201));
}

#[test]
fn a_snapshot_from_before_a_full_disk_says_that_it_has_ended() {
    let (_disk, store) = limited();
    let snapshot = store.snapshot().unwrap();
    assert!(store.commit(&[large(2)]).is_err());
    let read = snapshot.get(Table::Event, b"a");
    assert!(matches!(read, Err(ReadError::Closed) | Ok(Some(_))), "{read:?}");
}

#[test]
fn a_failed_write_or_sync_is_final() {
    type Fault = fn(&MemoryDisk);
    let faults: [Fault; 3] =
        [|disk| disk.fail_at_sync(1), |disk| disk.fail_at_sync(2), |disk| disk.fail_at_write(1)];
    for fault in faults {
        let disk = MemoryDisk::new();
        let store = open(&disk).unwrap();
        store.commit(&[batch(1, &[("a", "1")])]).unwrap();
        fault(&disk);
        let failed = store.commit(&[batch(2, &[("a", "2")])]);
        assert!(matches!(failed, Err(CommitError::Failed(_))), "{failed:?}");
        let refused = store.commit(&[batch(2, &[("a", "2")])]);
        assert!(matches!(refused, Err(CommitError::Poisoned)));
        assert!(matches!(store.snapshot(), Err(ReadError::Closed)));
        for tear in [Tear::Nothing, Tear::Everything] {
            let (_store, snapshot) = reopen(&disk.image(tear));
            let expected = format!("a={}", snapshot.applied());
            assert_eq!(events(&snapshot), [expected]);
        }
    }
}
