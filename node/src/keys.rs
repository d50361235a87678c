//! The node's keys as files in the data directory: `node.key`, and `recovery.key` until the admin
//! moves it to a safe place. Made at the first use, never replaced, never logged. Their form is
//! comity-identity's.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use comity_identity::{
    ChainError, KEY_FILE_BYTES_MAX, KeyChain, KeyFileError, KeyName, NodeKey, NodeKeyFile,
    RecoveryKey, RecoveryKeyFile, SEED_BYTES, is_well_known,
};
use comity_protocol::name::ServerName;
use thiserror::Error;
use zeroize::Zeroizing;

/// The file of the node's key in the data directory.
pub const NODE_KEY_FILE: &str = "node.key";
/// The file of the key that is to follow the node's.
pub const NEXT_KEY_FILE: &str = "next.key";
/// The file of the recovery key in the data directory, until it is moved away.
pub const RECOVERY_KEY_FILE: &str = "recovery.key";

/// Why a node's keys cannot be used.
#[derive(Debug, Error)]
pub enum KeysError {
    /// The data directory or a file in it cannot be made, read or written.
    #[error("{path}: {error}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A key file is damaged.
    #[error("{path}: {error}")]
    Malformed {
        /// Which.
        path: PathBuf,
        /// How.
        error: KeyFileError,
    },
    /// The data directory was made for another domain.
    #[error(
        "{path} belongs to {found}, not to {wanted}: a data directory is of one domain for ever; \
         set data_dir to another one, or domain to {found}"
    )]
    OtherDomain {
        /// The key file.
        path: PathBuf,
        /// Its domain.
        found: ServerName,
        /// The domain in the settings.
        wanted: ServerName,
    },
    /// The data directory has records, but not the key that wrote them.
    #[error(
        "{path} is missing, but {records} holds records that were written with it: put the file \
         back from your backup, or go on with a new one by your recovery key: comity keys recover. \
         Any other new key would make another organisation of the same domain, \
         which others refuse; for a new organisation on purpose, set data_dir to an empty directory"
    )]
    NodeKeyMissing {
        /// The key file.
        path: PathBuf,
        /// The directory of records.
        records: PathBuf,
    },
    /// Everybody knows the secret.
    #[error(
        "{path} holds a key of examples or tests, whose secret everybody knows: move it and {} \
         away, and let the node make new ones",
        RECOVERY_KEY_FILE
    )]
    NotSecret {
        /// The key file.
        path: PathBuf,
    },
    /// The key cannot be followed by another.
    #[error("{0}")]
    Chain(#[from] ChainError),
    /// The key by which push services know the node is damaged.
    #[error(
        "{path} is damaged: put it back from your backup, or remove it; devices have to subscribe \
         to notifications anew then"
    )]
    Push {
        /// The key file.
        path: PathBuf,
    },
    /// The system gives no random numbers.
    #[error("no random numbers for new keys: {0}")]
    Random(getrandom::Error),
}

/// The node's keys; makes the data directory, and new keys where it holds neither keys nor records.
/// `year` names a new key.
pub fn open_or_create(
    data_dir: &Path,
    domain: &ServerName,
    year: i16,
) -> Result<NodeKeyFile, KeysError> {
    DirBuilder::new().recursive(true).mode(0o700).create(data_dir).map_err(at(data_dir))?;
    if let Some(keys) = open(data_dir, domain)? {
        return Ok(keys);
    }
    if let Some(records) = records(data_dir)? {
        return Err(KeysError::NodeKeyMissing { path: data_dir.join(NODE_KEY_FILE), records });
    }
    let recovery = recovery_key(data_dir, domain)?;
    let key = NodeKey::from_seed(&*random_seed()?);
    let keys = NodeKeyFile::begin(domain.clone(), key_name(year), recovery.hash(), key);
    let path = data_dir.join(NODE_KEY_FILE);
    write_once(&path, &keys.to_text())?;
    tracing::info!(domain = %domain, path = %path.display(), "made new keys");
    // Another process may have been faster; what is on disk counts.
    Ok(open(data_dir, domain)?.unwrap_or(keys))
}

/// The node's keys, if the data directory has any.
pub fn open(data_dir: &Path, domain: &ServerName) -> Result<Option<NodeKeyFile>, KeysError> {
    let path = data_dir.join(NODE_KEY_FILE);
    let Some(keys) = read::<NodeKeyFile>(&path)? else { return Ok(None) };
    same_domain(&path, keys.domain(), domain)?;
    if is_well_known(&keys.key.public()) {
        return Err(KeysError::NotSecret { path });
    }
    Ok(Some(keys))
}

/// The key that is to follow the node's, if there is one.
pub fn open_next(data_dir: &Path, domain: &ServerName) -> Result<Option<NodeKeyFile>, KeysError> {
    let path = data_dir.join(NEXT_KEY_FILE);
    let Some(next) = read::<NodeKeyFile>(&path)? else { return Ok(None) };
    same_domain(&path, next.domain(), domain)?;
    Ok(Some(next))
}

/// The key that is to follow the node's; made where there is none. `year` names it.
pub fn make_next(data_dir: &Path, keys: &NodeKeyFile, year: i16) -> Result<NodeKeyFile, KeysError> {
    if let Some(next) = open_next(data_dir, keys.domain())? {
        return Ok(next);
    }
    let key = NodeKey::from_seed(&*random_seed()?);
    let next = keys.rotate(next_name(&keys.name, year), key)?;
    write_once(&data_dir.join(NEXT_KEY_FILE), &next.to_text())?;
    Ok(open_next(data_dir, keys.domain())?.unwrap_or(next))
}

/// The next key becomes the node's; the one before is gone.
pub fn switch(data_dir: &Path) -> Result<(), KeysError> {
    let (next, path) = (data_dir.join(NEXT_KEY_FILE), data_dir.join(NODE_KEY_FILE));
    fs::rename(&next, &path).map_err(at(&next))?;
    File::open(data_dir).and_then(|dir| dir.sync_all()).map_err(at(data_dir))
}

/// A new key for the node by its recovery key: all keys of the chain are revoked. A next key that
/// waited is gone with them.
pub fn recover(
    data_dir: &Path,
    chain: &KeyChain,
    recovery: &Path,
    year: i16,
) -> Result<NodeKeyFile, KeysError> {
    let domain = &chain.lineage().domain;
    let missing = || KeysError::Io { path: recovery.to_owned(), error: ErrorKind::NotFound.into() };
    let file = read::<RecoveryKeyFile>(recovery)?.ok_or_else(missing)?;
    same_domain(recovery, &file.domain, domain)?;
    // The next key may be published already; without either the chain tells how many there were.
    let before = open_next(data_dir, domain)?.or(open(data_dir, domain)?).map(|keys| keys.name);
    let count = chain.changes().len() + 1;
    let name = before.map_or_else(|| name_after(count, year), |before| next_name(&before, year));
    let key = NodeKey::from_seed(&*random_seed()?);
    let keys = NodeKeyFile::recover(chain, name, key, &file.key)?;
    let next = data_dir.join(NEXT_KEY_FILE);
    match fs::remove_file(&next) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(at(&next)(error)),
        _ => {}
    }
    write_once(&next, &keys.to_text())?;
    switch(data_dir)?;
    Ok(keys)
}

/// The text of the recovery key's file, where it is still here.
pub fn recovery_text(
    data_dir: &Path,
    domain: &ServerName,
) -> Result<Option<Zeroizing<String>>, KeysError> {
    let path = data_dir.join(RECOVERY_KEY_FILE);
    let Some(file) = read::<RecoveryKeyFile>(&path)? else { return Ok(None) };
    same_domain(&path, &file.domain, domain)?;
    Ok(Some(file.to_text()))
}

/// Removes the recovery key from this machine.
pub fn remove_recovery_key(data_dir: &Path) -> Result<(), KeysError> {
    let path = data_dir.join(RECOVERY_KEY_FILE);
    wipe(&path).map_err(at(&path))?;
    File::open(data_dir).and_then(|dir| dir.sync_all()).map_err(at(data_dir))
}

/// Writes over a file before it goes: a best effort, since some disks keep what was written over.
fn wipe(path: &Path) -> io::Result<()> {
    let length = usize::try_from(fs::metadata(path)?.len()).unwrap_or(KEY_FILE_BYTES_MAX);
    let mut file = OpenOptions::new().write(true).open(path)?;
    file.write_all(&vec![0; length])?;
    file.sync_all()?;
    fs::remove_file(path)
}

/// Whether the recovery key still lies beside the node's key.
pub fn recovery_key_is_here(data_dir: &Path) -> bool {
    data_dir.join(RECOVERY_KEY_FILE).exists()
}

/// The recovery key is written before the node's key, so that one without the other is a first use
/// that was interrupted, which goes on with it.
fn recovery_key(data_dir: &Path, domain: &ServerName) -> Result<RecoveryKey, KeysError> {
    let path = data_dir.join(RECOVERY_KEY_FILE);
    if !path.exists() {
        let key = RecoveryKey::from_seed(&*random_seed()?);
        write_once(&path, &RecoveryKeyFile { domain: domain.clone(), key }.to_text())?;
    }
    let missing = || KeysError::Io { path: path.clone(), error: io::ErrorKind::NotFound.into() };
    let file = read::<RecoveryKeyFile>(&path)?.ok_or_else(missing)?;
    same_domain(&path, &file.domain, domain)?;
    Ok(file.key)
}

fn same_domain(path: &Path, found: &ServerName, wanted: &ServerName) -> Result<(), KeysError> {
    if found == wanted {
        return Ok(());
    }
    Err(KeysError::OtherDomain {
        path: path.to_owned(),
        found: found.clone(),
        wanted: wanted.clone(),
    })
}

fn read<T: FromStr<Err = KeyFileError>>(path: &Path) -> Result<Option<T>, KeysError> {
    let Some(text) = read_text(path)? else { return Ok(None) };
    text.parse().map(Some).map_err(|error| KeysError::Malformed { path: path.to_owned(), error })
}

/// The text of a key file, if there is one.
pub(crate) fn read_text(path: &Path) -> Result<Option<Zeroizing<String>>, KeysError> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(KeysError::Io { path: path.to_owned(), error }),
    };
    let mode = file.metadata().map_err(at(path))?.mode() & 0o777;
    if mode & 0o077 != 0 {
        let mode = format!("{mode:o}");
        tracing::warn!(path = %path.display(), mode, "others can read this key: chmod 600");
    }
    // Reserved at once: a growing text would leave copies of the secret behind.
    let mut text = Zeroizing::new(String::with_capacity(KEY_FILE_BYTES_MAX));
    let limit = KEY_FILE_BYTES_MAX as u64;
    Read::take(&mut file, limit).read_to_string(&mut text).map_err(at(path))?;
    Ok(Some(text))
}

/// Writes a file that is there whole or not at all, and never over another.
pub(crate) fn write_once(path: &Path, text: &str) -> Result<(), KeysError> {
    let draft = path.with_extension(format!("key.{}", std::process::id()));
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        match fs::hard_link(&draft, path) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            linked => linked,
        }
    };
    let written = write();
    let removed = fs::remove_file(&draft);
    written.and(removed).map_err(at(path))?;
    let parent = path.parent().unwrap_or(Path::new("."));
    File::open(parent).and_then(|dir| dir.sync_all()).map_err(at(parent))
}

/// The directory of records that is not empty, if there is one.
pub(crate) fn records(data_dir: &Path) -> Result<Option<PathBuf>, KeysError> {
    for directory in RECORD_DIRECTORIES.map(|name| data_dir.join(name)) {
        match fs::read_dir(&directory) {
            Ok(mut files) => {
                if files.next().is_some() {
                    return Ok(Some(directory));
                }
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(KeysError::Io { path: directory, error }),
        }
    }
    Ok(None)
}

fn random_seed() -> Result<Zeroizing<[u8; SEED_BYTES]>, KeysError> {
    let mut seed = Zeroizing::new([0; SEED_BYTES]);
    getrandom::fill(&mut *seed).map_err(KeysError::Random)?;
    Ok(seed)
}

fn key_name(year: i16) -> KeyName {
    format!("{}a", year.unsigned_abs()).parse().expect("digits and a letter make a key name")
}

/// The name of the key that follows: the next letter of the year.
fn next_name(before: &KeyName, year: i16) -> KeyName {
    let first = key_name(year);
    let digits = year.unsigned_abs().to_string();
    let letter = before.as_str().strip_prefix(&digits);
    let follows = match letter.map(str::as_bytes) {
        None => return first,
        Some([letter @ b'a'..=b'y']) => char::from(letter + 1).to_string(),
        Some(_) => format!("z{:x}", tail_after(before)),
    };
    let name = format!("{}{follows}", year.unsigned_abs());
    name.parse().expect("digits and letters make a key name")
}

/// A name that none of the keys before has, of which there were so many.
fn name_after(count: usize, year: i16) -> KeyName {
    (0..count).fold(key_name(year), |name, _| next_name(&name, year))
}

/// Something short that differs from name to name, for whoever changes his key more than 26 times a
/// year.
fn tail_after(before: &KeyName) -> usize {
    let tail = before.as_str().rsplit('z').next().unwrap_or_default();
    usize::from_str_radix(tail, 16).map_or(1, |number| number + 1)
}

fn at(path: &Path) -> impl Fn(io::Error) -> KeysError {
    move |error| KeysError::Io { path: path.to_owned(), error }
}

/// Where a node keeps what it wrote with its key.
const RECORD_DIRECTORIES: [&str; 2] = ["journal", "store"];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn acme() -> ServerName {
        "acme.example".parse().unwrap()
    }

    #[test]
    fn keys_are_made_once_for_one_domain_and_for_their_owner_only() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("data");
        let keys = open_or_create(&dir, &acme(), 2026).unwrap();
        assert_eq!(keys.name.as_str(), "2026a");
        let again = open_or_create(&dir, &acme(), 2031).unwrap();
        assert_eq!(again.lineage(), keys.lineage());
        assert_eq!(again.name, keys.name);
        let mut files: Vec<_> =
            fs::read_dir(&dir).unwrap().map(|f| f.unwrap().file_name()).collect();
        files.sort();
        assert_eq!(files, [NODE_KEY_FILE, RECOVERY_KEY_FILE]);
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!(mode(&dir), 0o700);
        assert!(files.iter().all(|f| mode(&dir.join(f)) == 0o600));

        let other = open_or_create(&dir, &"globex.example".parse().unwrap(), 2026).unwrap_err();
        assert!(other.to_string().contains("belongs to acme.example"), "{other}");
    }

    #[test]
    fn the_recovery_key_may_be_moved_away() {
        let dir = tempfile::tempdir().unwrap();
        let keys = open_or_create(dir.path(), &acme(), 2026).unwrap();
        fs::remove_file(dir.path().join(RECOVERY_KEY_FILE)).unwrap();
        assert_eq!(open_or_create(dir.path(), &acme(), 2026).unwrap().lineage(), keys.lineage());
        assert!(!recovery_key_is_here(dir.path()));
    }

    #[test]
    fn the_recovery_key_is_handed_out_and_is_here_no_more() {
        let dir = tempfile::tempdir().unwrap();
        open_or_create(dir.path(), &acme(), 2026).unwrap();
        let written = fs::read_to_string(dir.path().join(RECOVERY_KEY_FILE)).unwrap();
        assert!(recovery_text(dir.path(), &"globex.example".parse().unwrap()).is_err());
        let text = recovery_text(dir.path(), &acme()).unwrap().unwrap();
        assert_eq!(*text, written);
        remove_recovery_key(dir.path()).unwrap();
        assert!(recovery_text(dir.path(), &acme()).unwrap().is_none());
        assert!(!recovery_key_is_here(dir.path()));
    }

    #[test]
    fn a_key_that_everybody_knows_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let key = NodeKey::from_seed(&[7; SEED_BYTES]);
        let keys = open_or_create(dir.path(), &acme(), 2026).unwrap();
        let copied = NodeKeyFile::begin(acme(), keys.name.clone(), keys.recovery(), key);
        fs::write(dir.path().join(NODE_KEY_FILE), &*copied.to_text()).unwrap();
        let said = open(dir.path(), &acme()).unwrap_err().to_string();
        assert!(said.contains("everybody knows") && said.contains(NODE_KEY_FILE), "{said}");
    }

    #[test]
    fn an_interrupted_first_use_goes_on_with_its_recovery_key() {
        let dir = tempfile::tempdir().unwrap();
        let keys = open_or_create(dir.path(), &acme(), 2026).unwrap();
        fs::remove_file(dir.path().join(NODE_KEY_FILE)).unwrap();
        let again = open_or_create(dir.path(), &acme(), 2026).unwrap();
        assert_eq!(again.recovery(), keys.recovery());
        assert_ne!(again.key.public(), keys.key.public());
    }

    #[test]
    fn a_key_forgotten_in_a_restore_is_never_replaced() {
        for directory in RECORD_DIRECTORIES {
            let dir = tempfile::tempdir().unwrap();
            open_or_create(dir.path(), &acme(), 2026).unwrap();
            fs::create_dir(dir.path().join(directory)).unwrap();
            fs::write(dir.path().join(directory).join("file"), "records").unwrap();
            fs::remove_file(dir.path().join(NODE_KEY_FILE)).unwrap();
            let said = open_or_create(dir.path(), &acme(), 2026).unwrap_err().to_string();
            assert!(said.contains("node.key is missing") && said.contains(directory), "{said}");
            assert!(said.contains("backup") && !dir.path().join(NODE_KEY_FILE).exists(), "{said}");
        }
    }

    #[test]
    fn a_key_follows_another_by_rotation_and_by_the_recovery_key() {
        let dir = tempfile::tempdir().unwrap();
        let first = open_or_create(dir.path(), &acme(), 2026).unwrap();
        let next = make_next(dir.path(), &first, 2026).unwrap();
        assert_eq!((next.name.as_str(), next.lineage()), ("2026b", first.lineage()));
        // Asked again, it is the same.
        assert_eq!(make_next(dir.path(), &first, 2027).unwrap().chain, next.chain);
        switch(dir.path()).unwrap();
        let now = open(dir.path(), &acme()).unwrap().unwrap();
        assert_eq!((now.chain.clone(), now.chain.changes().len()), (next.chain, 1));
        assert!(open_next(dir.path(), &acme()).unwrap().is_none());

        make_next(dir.path(), &now, 2027).unwrap();
        let safe = dir.path().join("safe.key");
        fs::rename(dir.path().join(RECOVERY_KEY_FILE), &safe).unwrap();
        let recovered = recover(dir.path(), &now.chain, &safe, 2027).unwrap();
        // The next one had 2027a, and its record may be published.
        assert_eq!((recovered.name.as_str(), recovered.chain.counting().count()), ("2027b", 1));
        let now = open(dir.path(), &acme()).unwrap().unwrap();
        assert_eq!((now.lineage().id, now.chain), (first.lineage().id, recovered.chain));
        assert!(
            open_next(dir.path(), &acme()).unwrap().is_none(),
            "it was revoked with the others"
        );
        // Where the key's file is lost, no name is given twice either.
        fs::remove_file(dir.path().join(NODE_KEY_FILE)).unwrap();
        let without = recover(dir.path(), &first.chain, &safe, 2026).unwrap();
        assert_eq!(without.name.as_str(), "2026b");
        let other = tempfile::tempdir().unwrap();
        open_or_create(other.path(), &acme(), 2026).unwrap();
        let wrong = other.path().join(RECOVERY_KEY_FILE);
        let error = recover(dir.path(), &first.chain, &wrong, 2027).unwrap_err();
        assert!(matches!(error, KeysError::Chain(ChainError::OtherRecoveryKey)), "{error}");
    }

    #[test]
    fn names_of_keys_go_on_by_letter() {
        let next = |before: &str, year| next_name(&before.parse().unwrap(), year).to_string();
        assert_eq!(next("2026a", 2026), "2026b");
        assert_eq!(next("2026c", 2027), "2027a");
        assert_eq!(next("2026z", 2026), "2026z1");
        assert_eq!(next("2026zf", 2026), "2026z10");
        assert_eq!(next("mine", 2026), "2026a");
        assert_eq!(name_after(1, 2026).as_str(), "2026b");
        assert_eq!(name_after(26, 2026).as_str(), "2026z1");
    }

    #[test]
    fn a_damaged_key_is_named_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        open_or_create(dir.path(), &acme(), 2026).unwrap();
        let path = dir.path().join(NODE_KEY_FILE);
        fs::write(&path, "-----BEGIN COMITY NODE KEY-----\n").unwrap();
        let error = open_or_create(dir.path(), &acme(), 2026).unwrap_err();
        assert!(error.to_string().contains(NODE_KEY_FILE), "{error}");
        assert!(fs::read_to_string(&path).unwrap().starts_with("-----BEGIN"));
    }
}
