//! Where a node keeps what, and how much that is.

use std::fs;
use std::path::{Path, PathBuf};

/// The directories of a data directory.
#[derive(Clone, Debug)]
pub struct Directories {
    /// The journal's.
    pub journal: PathBuf,
    /// The search index's.
    pub search: PathBuf,
    /// The database's.
    pub store: PathBuf,
}

impl Directories {
    /// Those of this data directory.
    pub fn of(data_dir: &Path) -> Self {
        let named = |name| data_dir.join(name);
        Self { journal: named("journal"), search: named("search"), store: named("store") }
    }
}

/// The bytes of the files in a directory; nothing where it cannot be looked at. Files come and go
/// meanwhile.
pub(crate) fn bytes_in(directory: &Path) -> Option<u64> {
    let found = fs::read_dir(directory).ok()?.flatten().filter_map(|entry| entry.metadata().ok());
    Some(found.filter(fs::Metadata::is_file).map(|file| file.len()).sum())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_bytes_of_files_are_counted() {
        let home = tempfile::tempdir().unwrap();
        let Directories { store, .. } = Directories::of(home.path());
        assert_eq!(bytes_in(&store), None);
        fs::create_dir_all(store.join("a directory is no file")).unwrap();
        fs::write(store.join("one"), b"abc").unwrap();
        fs::write(store.join("two"), b"de").unwrap();
        assert_eq!(bytes_in(&store), Some(5));
    }
}
