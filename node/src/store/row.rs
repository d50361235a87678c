//! How a row's value stands in redb: a CRC-32C of four bytes, big-endian, then the value. The
//! checksum covers the table's number, the key with its length, and the value, so that a value
//! found under another key or in another table fails too.

use redb::TableDefinition;

/// The layout of rows, tables and the store's own table. A reader refuses all others.
pub const FORMAT_VERSION: u32 = 2;

/// A table of redb as we use it: bytes to bytes.
pub(super) type RawTable = TableDefinition<'static, &'static [u8], &'static [u8]>;

/// The store's own rows: what it is, and how far it is.
pub(super) const OWN_TABLE: RawTable = TableDefinition::new("store");
/// Stands for [`OWN_TABLE`] in checksums.
pub(super) const OWN_NUMBER: u8 = 0;

/// The number of the last command that the rows reflect; 8 bytes.
pub(super) const APPLIED_KEY: &[u8] = b"applied";
/// What the store is called in cursors; 16 bytes.
pub(super) const ID_KEY: &[u8] = b"id";
/// The format of what is on disk; 4 bytes.
pub(super) const VERSION_KEY: &[u8] = b"version";

/// Writes the stored form of a value into `out`.
pub(super) fn seal(out: &mut Vec<u8>, table: u8, key: &[u8], value: &[u8]) {
    out.clear();
    out.extend_from_slice(&checksum(table, key, value).to_be_bytes());
    out.extend_from_slice(value);
}

/// The value of a stored form, unless it is damaged.
pub(super) fn unseal<'a>(table: u8, key: &[u8], stored: &'a [u8]) -> Option<&'a [u8]> {
    let (found, value) = stored.split_first_chunk::<4>()?;
    if u32::from_be_bytes(*found) == checksum(table, key, value) { Some(value) } else { None }
}

fn checksum(table: u8, key: &[u8], value: &[u8]) -> u32 {
    let mut head = [table; 9];
    head[1..].copy_from_slice(&(key.len() as u64).to_be_bytes());
    let crc = crc32c::crc32c_append(crc32c::crc32c(&head), key);
    crc32c::crc32c_append(crc, value)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_value_belongs_to_its_table_and_key() {
        let mut stored = Vec::new();
        seal(&mut stored, 3, b"key", b"value");
        assert_eq!(data_encoding::HEXLOWER.encode(&stored), "4747f0ef76616c7565");
        assert_eq!(unseal(3, b"key", &stored), Some(&b"value"[..]));
        assert_eq!(unseal(4, b"key", &stored), None);
        assert_eq!(unseal(3, b"kez", &stored), None);
        assert_eq!(unseal(3, b"keyv", b"alue"), None);
        for at in 0..stored.len() {
            let mut bad = stored.clone();
            bad[at] ^= 0x10;
            assert_eq!(unseal(3, b"key", &bad), None);
        }
    }
}
