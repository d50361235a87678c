//! redb on our own disk seam, so that one simulated disk holds store and journal alike.

use std::io;

use redb::StorageBackend;

use crate::disk::DiskFile;

/// A file of a [`crate::disk::Disk`] as redb wants it. It takes no lock of its own: whoever opened
/// the directory holds one.
#[derive(Debug)]
pub(super) struct Backend {
    pub(super) file: Box<dyn DiskFile>,
}

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        self.file.size()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read_at(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.resize(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.file.write_at(offset, data)
    }
}
