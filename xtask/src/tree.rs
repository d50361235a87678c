//! The tree of sources: where its root is and which files it has. Reads only; what the files
//! must look like is the business of `tidy`.

use std::path::{Path, PathBuf};

/// The root of the tree.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// All files of the tree by their path from its root with `/`, sorted. Left out: what is built,
/// what tools fetch, and hidden folders but for `.ci`.
pub(crate) fn files() -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let path = root().join(&folder);
        let entries = path.read_dir().map_err(|error| cannot_read(&path, &error))?;
        for entry in entries {
            let entry = entry.map_err(|error| cannot_read(&path, &error))?;
            let kind = entry.file_type().map_err(|error| cannot_read(&path, &error))?;
            let Ok(name) = entry.file_name().into_string() else {
                return Err(format!("{}: a name that is not UTF-8", path.display()));
            };
            if kind.is_dir() && !is_left_out(&name) {
                folders.push(folder.join(name));
            } else if kind.is_file() {
                found.push(folder.join(name).to_string_lossy().replace('\\', "/"));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The text of a file of the tree.
pub(crate) fn read(path: &str) -> Result<String, String> {
    let path = root().join(path);
    std::fs::read_to_string(&path).map_err(|error| cannot_read(&path, &error))
}

fn is_left_out(folder: &str) -> bool {
    (folder.starts_with('.') && folder != ".ci")
        || ["__pycache__", "node_modules", "target"].contains(&folder)
}

fn cannot_read(path: &Path, error: &std::io::Error) -> String {
    format!("cannot read {}: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_are_those_of_the_tree() {
        let files = files().unwrap();
        assert!(files.contains(&"Cargo.toml".to_owned()), "{files:?}");
        assert!(files.contains(&"xtask/src/tree.rs".to_owned()));
        assert!(files.is_sorted());
        assert!(!files.iter().any(|file| file.starts_with(".git/") || file.starts_with("target/")));
    }
}
