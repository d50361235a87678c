//! The directory of a demo: a kept one, or one that is removed with all its contents when the demo
//! ends.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Where the demo keeps its nodes' data.
pub(super) struct Place {
    path: PathBuf,
    temporary: bool,
}

impl Place {
    /// A directory that the user named.
    pub(super) fn kept(path: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        Ok(Self { path: fs::canonicalize(path)?, temporary: false })
    }

    /// A new directory for this run.
    pub(super) fn temporary() -> io::Result<Self> {
        // A name that nobody can guess and prepare; short, since a socket's path may have 108 bytes
        // at most.
        let path = std::env::temp_dir().join(format!("comity-{:08x}", getrandom::u32()?));
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self { path, temporary: true })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.temporary
            && let Err(error) = fs::remove_dir_all(&self.path)
        {
            tracing::warn!(path = %self.path.display(), %error, "the demo's directory stays");
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_temporary_place_goes_and_a_kept_one_stays() {
        let place = Place::temporary().unwrap();
        let path = place.path().to_owned();
        fs::write(path.join("x"), "x").unwrap();
        drop(place);
        assert!(!path.exists());

        let dir = tempfile::tempdir().unwrap();
        let kept = dir.path().join("demo");
        drop(Place::kept(&kept).unwrap());
        assert!(kept.exists());
    }
}
