//! Takes the web client's files (`web/dist/`) into the crate, each also compressed, with a table
//! of them. Without the folder there is no web client, which the tests would notice.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("web/dist");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    println!("cargo::rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    if root.is_dir() {
        walk(&root, &mut files)?;
    }
    files.sort();
    let mut table = String::from("const FILES: &[File] = &[\n");
    for (number, file) in files.iter().enumerate() {
        let bytes = fs::read(file)?;
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&bytes)?;
        let packed = encoder.finish()?;
        let is_smaller = packed.len() < bytes.len();
        let packed_at = out.join(format!("web-{number}.gz"));
        fs::write(&packed_at, if is_smaller { packed.as_slice() } else { &[] })?;
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        let path = file.strip_prefix(&root)?.to_string_lossy().replace('\\', "/");
        writeln!(
            table,
            "    File {{ path: {path:?}, tag: \"\\\"{:016x}\\\"\", \
             plain: include_bytes!({file:?}), packed: include_bytes!({packed_at:?}) }},",
            hasher.finish(),
        )?;
    }
    table.push_str("];\n");
    fs::write(out.join("web.rs"), table)?;
    Ok(())
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { walk(&path, files)? } else { files.push(path) }
    }
    Ok(())
}
