//! Writing over free pages: a table of zeros takes them all, part by part, and gives them back.
//! What stands in them is nobody's, but could be read from the disk.

use redb::{Database, Durability, TableDefinition};

/// Nobody else writes to it, and nothing reads it.
const ZEROS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("zeros");

/// Nearly a page of redb, so that each row takes one.
const ROW_BYTES: usize = 3_900;
/// Rows of one part: 16 MiB, so that senders do not wait long for the disk.
const PART_ROWS: u64 = 4_096;
/// Parts of one pass: 64 GiB. What is beyond has its turn with the next.
pub(super) const PARTS_MAX: u64 = 4_096;

/// Takes some pages and fills them with zeros.
pub(super) fn fill(database: &Database, part: u64) -> Result<(), redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_durability(Durability::Immediate)?;
    transaction.set_quick_repair(true);
    {
        let mut rows = transaction.open_table(ZEROS)?;
        let zeros = [0; ROW_BYTES];
        for row in part * PART_ROWS..(part + 1) * PART_ROWS {
            rows.insert(row, &zeros[..])?;
        }
    }
    Ok(transaction.commit()?)
}

/// Gives them back.
pub(super) fn release(database: &Database) -> Result<(), redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_durability(Durability::Immediate)?;
    transaction.set_quick_repair(true);
    transaction.delete_table(ZEROS)?;
    Ok(transaction.commit()?)
}
