//! Rows that are not what was written are never served.

use super::*;
use crate::store::backend::Backend;
use crate::store::row::{self, OWN_NUMBER, OWN_TABLE, RawTable, VERSION_KEY};

/// Puts stored bytes into a table behind the store's back.
fn put_raw(disk: &MemoryDisk, table: RawTable, key: &[u8], stored: &[u8]) {
    let file = disk.open(FILE).unwrap();
    let database = redb::Database::builder().create_with_backend(Backend { file }).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(table).unwrap().insert(key, stored).unwrap();
    transaction.commit().unwrap();
}

/// Flips a bit in every place of the file where `pattern` stands.
fn flip_each(disk: &MemoryDisk, pattern: &[u8], at: usize) -> usize {
    let file = disk.open(FILE).unwrap();
    let mut bytes = vec![0; file.size().unwrap() as usize];
    file.read_at(0, &mut bytes).unwrap();
    let mut places = 0;
    for offset in 0..bytes.len() - pattern.len() {
        if &bytes[offset..offset + pattern.len()] == pattern {
            disk.damage(FILE, (offset + at) as u64, 0x20);
            places += 1;
        }
    }
    places
}

#[test]
fn a_flipped_byte_in_a_value_is_not_served() {
    let value = "a value that stands nowhere else";
    for at in 0..value.len() {
        let disk = MemoryDisk::new();
        let store = open(&disk).unwrap();
        store.commit(&[batch(1, &[("a", "1"), ("b", value), ("c", "3")])]).unwrap();
        drop(store);
        assert!(flip_each(&disk, value.as_bytes(), at) > 0);
        let (_store, snapshot) = reopen(&disk);
        let refused = snapshot.get(Table::Event, b"b");
        assert!(matches!(refused, Err(ReadError::Corrupt { table: Table::Event, .. })));
        // The others are, and a reader can go on behind the damage.
        assert_eq!(snapshot.get(Table::Event, b"c").unwrap().unwrap(), b"3");
        let mut seen = Vec::new();
        let scanned = snapshot.scan(Table::Event, &mut |key, _| {
            seen.push(key.to_vec());
            ControlFlow::Continue(())
        });
        assert!(matches!(scanned, Err(ReadError::Corrupt { key, .. }) if key == b"b"));
        assert_eq!(seen, [b"a"]);
    }
}

#[test]
fn a_value_of_another_row_is_not_served() {
    let disk = MemoryDisk::new();
    drop(open(&disk).unwrap());
    let mut stored = Vec::new();
    row::seal(&mut stored, Table::Event.number(), b"here", b"value");
    put_raw(&disk, RawTable::new(Table::Event.name()), b"here", &stored);
    put_raw(&disk, RawTable::new(Table::Event.name()), b"there", &stored);
    put_raw(&disk, RawTable::new(Table::Peer.name()), b"here", &stored);
    let (_store, snapshot) = reopen(&disk);
    assert!(snapshot.get(Table::Event, b"here").is_ok());
    assert!(snapshot.get(Table::Event, b"there").is_err());
    assert!(snapshot.get(Table::Peer, b"here").is_err());
}

#[test]
fn another_format_is_refused_by_name() {
    let disk = MemoryDisk::new();
    drop(open(&disk).unwrap());
    let refused = |version: u32| {
        let mut stored = Vec::new();
        row::seal(&mut stored, OWN_NUMBER, VERSION_KEY, &version.to_be_bytes());
        put_raw(&disk, OWN_TABLE, VERSION_KEY, &stored);
        open(&disk).unwrap_err()
    };
    assert!(matches!(refused(3), OpenError::NewerVersion { found: 3, supported: 2 }));
    assert!(matches!(refused(1), OpenError::OlderVersion { found: 1, supported: 2 }));
}

#[test]
fn what_is_not_a_store_is_refused_by_name() {
    let disk = MemoryDisk::new();
    disk.create(FILE).unwrap().write_at(0, &[0x55; 100_000]).unwrap();
    let refusal = open(&disk).unwrap_err();
    assert!(matches!(refusal, OpenError::Corrupt(_)), "{refusal}");
}

#[test]
fn a_flipped_bit_anywhere_is_an_error_or_harmless() {
    let disk = MemoryDisk::new();
    let store = open(&disk).unwrap();
    let keys: Vec<String> = (0..400).map(|key| format!("{key:03}")).collect();
    for applied in 1..=3 {
        let rows: Vec<(&str, &str)> = keys.iter().map(|key| (&key[..], &key[..])).collect();
        store.commit(&[batch(applied, &rows)]).unwrap();
    }
    drop(store);
    let mut refused = 0;
    for (round, offset) in (0..disk.used_bytes()).step_by(211).enumerate() {
        let image = disk.image(Tear::Everything);
        image.damage(FILE, offset, 1 << (round % 8));
        let served = open(&image).is_ok_and(|store| {
            let Ok(snapshot) = store.snapshot() else { return false };
            let mut expected = keys.iter();
            let scanned = snapshot.scan(Table::Event, &mut |key, value| {
                let next = expected.next().unwrap().as_bytes();
                assert_eq!((key, value), (next, next), "a bit flipped at {offset}");
                ControlFlow::Continue(())
            });
            scanned.is_ok()
        });
        refused += u32::from(!served);
    }
    assert!(refused > 10, "{refused} refused");
}
