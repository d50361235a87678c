//! What the store promises, checked on a disk that keeps only what was synced.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation)]

mod crash;
mod damage;
mod flushing;
mod full;
mod model;

use std::ops::ControlFlow;
use std::sync::Arc;

use super::{Batch, CommitError, Direction, OpenError, Overlay, ReadError};
use super::{Settings, Snapshot, Span, Store, StoreId, Table, Visitor};
use crate::disk::{Disk, MemoryDisk, Tear};

const FILE: &str = "store.redb";
const SMALL: Settings = Settings { cache_bytes: 1 << 20 };
const ID: StoreId = StoreId(*b"0123456789abcdef");

fn open(disk: &MemoryDisk) -> Result<Store, OpenError> {
    Store::open(Arc::new(disk.clone()), FILE, SMALL, ID)
}

/// A snapshot ends with its store, so both.
fn reopen(disk: &MemoryDisk) -> (Store, Snapshot) {
    let store = open(disk).unwrap();
    let snapshot = store.snapshot().unwrap();
    (store, snapshot)
}

/// A batch that puts these rows into the table of events and has reached `applied`.
fn batch(applied: u64, rows: &[(&str, &str)]) -> Arc<Batch> {
    let mut batch = Batch::new();
    for (key, value) in rows {
        batch.put(Table::Event, key.as_bytes(), value.as_bytes());
    }
    batch.set_applied(applied);
    Arc::new(batch)
}

type Rows = Vec<(Vec<u8>, Vec<u8>)>;

fn collect(read: impl FnOnce(&mut Visitor<'_>) -> Result<(), ReadError>) -> Rows {
    let mut rows = Rows::new();
    read(&mut |key, value| {
        rows.push((key.to_vec(), value.to_vec()));
        ControlFlow::Continue(())
    })
    .unwrap();
    rows
}

/// All events, each written as `key=value`.
fn events(snapshot: &Snapshot) -> Vec<String> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let rows = collect(|visit| snapshot.scan(Table::Event, visit));
    rows.iter().map(|(key, value)| format!("{}={}", text(key), text(value))).collect()
}

#[test]
fn rows_and_the_command_reached_go_together() {
    let disk = MemoryDisk::new();
    let store = open(&disk).unwrap();
    let empty = store.snapshot().unwrap();
    store.commit(&[batch(4, &[("b", "1"), ("a", "2")])]).unwrap();
    let first = store.snapshot().unwrap();
    let mut change = Batch::new();
    change.delete(Table::Event, b"a");
    change.put(Table::Peer, b"a", b"");
    change.set_applied(9);
    store.commit(&[batch(5, &[("a", "3"), ("c", "4")]), Arc::new(change)]).unwrap();

    assert_eq!((empty.applied(), events(&empty)), (0, vec![]));
    assert_eq!((first.applied(), events(&first).join(" ")), (4, "a=2 b=1".into()));
    drop((empty, first, store));
    let (_store, last) = reopen(&disk.crash(Tear::Nothing));
    assert_eq!((last.applied(), events(&last).join(" ")), (9, "b=1 c=4".into()));
    assert_eq!(last.get(Table::Event, b"b").unwrap(), Some(b"1".to_vec()));
    assert_eq!(last.get(Table::Event, b"a").unwrap(), None);
    assert_eq!(last.get(Table::Peer, b"a").unwrap(), Some(vec![]));
    assert_eq!(last.get(Table::Nonce, b"a").unwrap(), None);
}

#[test]
fn an_id_is_kept() {
    let disk = MemoryDisk::new();
    assert_eq!(open(&disk).unwrap().id(), ID);
    let other = StoreId([7; 16]);
    let store = Store::open(Arc::new(disk), FILE, SMALL, other).unwrap();
    assert_eq!(store.id(), ID);
}

#[test]
fn ranges_go_both_ways_and_break_off() {
    let store = open(&MemoryDisk::new()).unwrap();
    let rows = [("a", "1"), ("ab", "2"), ("b", "3"), ("c", "4")];
    store.commit(&[batch(1, &rows)]).unwrap();
    let snapshot = store.snapshot().unwrap();
    let keys = |span: Span, direction| -> Vec<Vec<u8>> {
        let rows = collect(|visit| snapshot.range(Table::Event, &span, direction, visit));
        rows.into_iter().map(|(key, _)| key).collect()
    };
    assert_eq!(keys(Span::prefix(b"a"), Direction::Ascending), [&b"a"[..], b"ab"]);
    assert_eq!(keys(Span::inclusive(b"ab", b"c"), Direction::Descending), [b"c", b"b", &b"ab"[..]]);
    assert_eq!(keys(Span::inclusive(b"c", b"a"), Direction::Descending).len(), 0);
    let mut seen = 0;
    let take_two = &mut |_: &[u8], _: &[u8]| {
        seen += 1;
        if seen == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    snapshot.scan(Table::Event, take_two).unwrap();
    assert_eq!(seen, 2);
}

#[test]
fn a_real_file_is_opened_again() {
    let home = tempfile::tempdir().unwrap();
    let disk = || Arc::new(crate::disk::DirectoryDisk::open(home.path()).unwrap());
    let store = Store::open(disk(), FILE, SMALL, ID).unwrap();
    store.commit(&[batch(3, &[("a", "1")])]).unwrap();
    drop(store);
    let store = Store::open(disk(), FILE, SMALL, ID).unwrap();
    assert_eq!(events(&store.snapshot().unwrap()), ["a=1"]);
}
