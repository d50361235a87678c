//! A disk in memory that keeps only what was synced, for tests and for the simulator.
//!
//! It can die at the n-th sync, fail a sync or a write once, and be full. [`MemoryDisk::crash`]
//! gives the disk that a machine would find after its power came back. It must stay stricter than
//! real disks: whatever a real one may lose without a sync, this one can lose.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Disk, DiskFile};

/// What a crash leaves of the changes that no sync had covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tear {
    /// All of them: the machine went on, only the process died.
    Everything,
    /// None of them.
    Nothing,
    /// The first so many bytes of what was written, in the order of writing, and all new names.
    Prefix(u64),
    /// Any sectors and any changes of names, whatever their order was, drawn from this seed.
    Sectors(u64),
}

/// A directory in memory. Clones are handles to the same disk.
#[derive(Clone, Debug, Default)]
pub struct MemoryDisk {
    world: Arc<Mutex<World>>,
}

impl MemoryDisk {
    /// An empty disk that works until it is told otherwise.
    pub fn new() -> Self {
        Self::default()
    }

    /// The disk as it is found after a crash now; the old one refuses everything from here on.
    pub fn crash(&self, tear: Tear) -> MemoryDisk {
        let image = self.image(tear);
        self.world().dead = true;
        image
    }

    /// The disk as it would be found after a crash now; this one goes on.
    pub fn image(&self, tear: Tear) -> MemoryDisk {
        MemoryDisk { world: Arc::new(Mutex::new(self.world().survivor(tear))) }
    }

    /// Flips the bits of `mask` in one byte of a file, as a failing disk would.
    ///
    /// # Panics
    /// Where there is no such file or byte.
    pub fn damage(&self, name: &str, offset: u64, mask: u8) {
        let mut world = self.world();
        let id = world.names[name];
        let content = world.files.get_mut(&id).expect("named files exist");
        let index = index(offset);
        content.live[index] ^= mask;
        if let Some(byte) = content.synced.get_mut(index) {
            *byte ^= mask;
        }
    }

    /// From the `n`-th sync from now (the first is 1) nothing works any more, that sync included.
    pub fn die_at_sync(&self, n: u64) {
        let mut world = self.world();
        world.die_at_sync = Some(world.syncs + n);
    }

    /// The `n`-th sync from now fails, and what it should have covered stays unsynced for good
    /// although reads still show it: what a page cache does.
    pub fn fail_at_sync(&self, n: u64) {
        let mut world = self.world();
        world.fail_at_sync = Some(world.syncs + n);
    }

    /// The `n`-th write from now fails, and nothing of it is written.
    pub fn fail_at_write(&self, n: u64) {
        let mut world = self.world();
        world.fail_at_write = Some(world.writes + n);
    }

    /// Lets all files together hold at most so many bytes; `None` lifts the limit.
    pub fn limit_bytes(&self, bytes_max: Option<u64>) {
        self.world().bytes_max = bytes_max;
    }

    /// True once the disk has died or crashed.
    pub fn is_dead(&self) -> bool {
        self.world().dead
    }

    /// How many syncs were asked for, of files and of the directory.
    pub fn syncs(&self) -> u64 {
        self.world().syncs
    }

    /// How many bytes all files hold together.
    pub fn used_bytes(&self) -> u64 {
        self.world().used_bytes()
    }

    /// How many writes were asked for.
    pub fn writes(&self) -> u64 {
        self.world().writes
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Disk for MemoryDisk {
    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let mut world = self.world();
        world.check_alive()?;
        world.next_id += 1;
        let id = world.next_id;
        world.files.insert(id, Content::default());
        world.change_name(NameChange::Put(name.to_owned(), id));
        Ok(Box::new(MemoryFile { disk: self.clone(), id }))
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let world = self.world();
        world.check_alive()?;
        Ok(world.names.keys().cloned().collect())
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let world = self.world();
        world.check_alive()?;
        let id = world.id_of(name)?;
        Ok(Box::new(MemoryFile { disk: self.clone(), id }))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut world = self.world();
        world.check_alive()?;
        world.id_of(name)?;
        world.change_name(NameChange::Remove(name.to_owned()));
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut world = self.world();
        world.check_alive()?;
        world.id_of(from)?;
        world.change_name(NameChange::Rename(from.to_owned(), to.to_owned()));
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut world = self.world();
        world.begin_sync()?;
        world.synced_names = world.names.clone();
        world.pending_names.clear();
        let named: BTreeSet<FileId> = world.names.values().copied().collect();
        world.files.retain(|id, _| named.contains(id));
        Ok(())
    }
}

#[derive(Debug)]
struct MemoryFile {
    disk: MemoryDisk,
    id: FileId,
}

impl MemoryFile {
    fn change(&self, change: Change) -> io::Result<()> {
        let mut world = self.disk.world();
        world.begin_write()?;
        let used = world.used_bytes();
        let bytes_max = world.bytes_max;
        let order = world.next_order();
        let content = world.content(self.id)?;
        let grown = change.size_after(content.live.len()).saturating_sub(content.live.len());
        if bytes_max.is_some_and(|max| grown > 0 && used + grown as u64 > max) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        change.apply(&mut content.live);
        content.pending.push((order, change));
        Ok(())
    }
}

impl DiskFile for MemoryFile {
    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut world = self.disk.world();
        world.check_alive()?;
        let content = world.content(self.id)?;
        let from = index(offset);
        let bytes = content.live.get(from..).and_then(|rest| rest.get(..out.len()));
        out.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn resize(&self, bytes: u64) -> io::Result<()> {
        self.change(Change::Resize(index(bytes)))
    }

    fn size(&self) -> io::Result<u64> {
        let mut world = self.disk.world();
        world.check_alive()?;
        Ok(world.content(self.id)?.live.len() as u64)
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut world = self.disk.world();
        let begun = world.begin_sync();
        let dead = world.dead;
        let content = world.content(self.id)?;
        match begun {
            Ok(()) => {
                for (_, change) in std::mem::take(&mut content.pending) {
                    change.apply(&mut content.synced);
                }
                Ok(())
            }
            Err(error) => {
                if !dead {
                    content.pending.clear();
                }
                Err(error)
            }
        }
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.change(Change::Write { offset: index(offset), data: data.to_vec() })
    }
}

type FileId = u64;

#[derive(Clone, Debug, Default)]
struct World {
    files: BTreeMap<FileId, Content>,
    names: BTreeMap<String, FileId>,
    synced_names: BTreeMap<String, FileId>,
    pending_names: Vec<NameChange>,
    next_id: FileId,
    order: u64,
    syncs: u64,
    writes: u64,
    bytes_max: Option<u64>,
    die_at_sync: Option<u64>,
    fail_at_sync: Option<u64>,
    fail_at_write: Option<u64>,
    dead: bool,
}

#[derive(Clone, Debug, Default)]
struct Content {
    live: Vec<u8>,
    synced: Vec<u8>,
    pending: Vec<(u64, Change)>,
}

#[derive(Clone, Debug)]
enum Change {
    Resize(usize),
    Write { offset: usize, data: Vec<u8> },
}

#[derive(Clone, Debug)]
enum NameChange {
    Put(String, FileId),
    Remove(String),
    Rename(String, String),
}

impl World {
    fn begin_sync(&mut self) -> io::Result<()> {
        self.check_alive()?;
        self.syncs += 1;
        if self.die_at_sync.is_some_and(|n| self.syncs >= n) {
            self.dead = true;
            return self.check_alive();
        }
        if self.fail_at_sync == Some(self.syncs) {
            return Err(io::Error::other("a sync that was told to fail"));
        }
        Ok(())
    }

    fn begin_write(&mut self) -> io::Result<()> {
        self.check_alive()?;
        self.writes += 1;
        if self.fail_at_write == Some(self.writes) {
            return Err(io::Error::other("a write that was told to fail"));
        }
        Ok(())
    }

    fn change_name(&mut self, change: NameChange) {
        change.apply(&mut self.names);
        self.pending_names.push(change);
    }

    fn check_alive(&self) -> io::Result<()> {
        if self.dead { Err(io::Error::other("the disk is dead")) } else { Ok(()) }
    }

    fn content(&mut self, id: FileId) -> io::Result<&mut Content> {
        self.files.get_mut(&id).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn id_of(&self, name: &str) -> io::Result<FileId> {
        self.names.get(name).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn next_order(&mut self) -> u64 {
        self.order += 1;
        self.order
    }

    /// What is found after a crash: everything in it is durable, and no fault is set.
    fn survivor(&self, tear: Tear) -> World {
        let mut dice = Dice(match tear {
            Tear::Sectors(seed) => seed,
            _ => 0,
        });
        let mut names = self.synced_names.clone();
        for change in &self.pending_names {
            let is_kept = match tear {
                Tear::Everything | Tear::Prefix(_) => true,
                Tear::Nothing => false,
                Tear::Sectors(_) => dice.below(2) == 0,
            };
            if is_kept {
                change.apply(&mut names);
            }
        }
        let mut files = self.torn_files(tear, &mut dice);
        let named: BTreeSet<FileId> = names.values().copied().collect();
        files.retain(|id, _| named.contains(id));
        World {
            files,
            synced_names: names.clone(),
            names,
            next_id: self.next_id,
            ..World::default()
        }
    }

    fn torn_files(&self, tear: Tear, dice: &mut Dice) -> BTreeMap<FileId, Content> {
        let mut found: BTreeMap<FileId, Vec<u8>> =
            self.files.iter().map(|(id, content)| (*id, content.synced.clone())).collect();
        let mut pending: Vec<(u64, FileId, &Change)> = self
            .files
            .iter()
            .flat_map(|(id, content)| content.pending.iter().map(|(at, c)| (*at, *id, c)))
            .collect();
        pending.sort_by_key(|(at, _, _)| *at);
        let mut left = match tear {
            Tear::Prefix(bytes) => index(bytes),
            Tear::Nothing => 0,
            Tear::Everything | Tear::Sectors(_) => usize::MAX,
        };
        for (_, id, change) in pending {
            let bytes = found.entry(id).or_default();
            match (tear, change) {
                (Tear::Nothing, _) => {}
                (Tear::Sectors(_), change) => change.apply_sectors(bytes, dice),
                (_, Change::Write { offset, data }) => {
                    let part = &data[..data.len().min(left)];
                    left -= part.len();
                    write(bytes, *offset, part);
                }
                (_, resize) => resize.apply(bytes),
            }
        }
        found
            .into_iter()
            .map(|(id, bytes)| {
                (id, Content { live: bytes.clone(), synced: bytes, pending: Vec::new() })
            })
            .collect()
    }

    fn used_bytes(&self) -> u64 {
        self.names.values().map(|id| self.files[id].live.len() as u64).sum()
    }
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Change::Resize(size) => bytes.resize(*size, 0),
            Change::Write { offset, data } => write(bytes, *offset, data),
        }
    }

    fn apply_sectors(&self, bytes: &mut Vec<u8>, dice: &mut Dice) {
        match self {
            Change::Resize(_) if dice.below(2) == 0 => {}
            Change::Resize(size) => bytes.resize(*size, 0),
            Change::Write { offset, data } => {
                let mut at = *offset;
                let mut rest = &data[..];
                while !rest.is_empty() {
                    // Sectors are counted from the start of the file, as the disk does.
                    let (sector, later) =
                        rest.split_at(rest.len().min(SECTOR_BYTES - at % SECTOR_BYTES));
                    if dice.below(2) == 0 {
                        write(bytes, at, sector);
                    }
                    at += sector.len();
                    rest = later;
                }
            }
        }
    }

    fn size_after(&self, size: usize) -> usize {
        match self {
            Change::Resize(size) => *size,
            Change::Write { offset, data } => size.max(offset + data.len()),
        }
    }
}

impl NameChange {
    fn apply(&self, names: &mut BTreeMap<String, FileId>) {
        match self {
            NameChange::Put(name, id) => {
                names.insert(name.clone(), *id);
            }
            NameChange::Remove(name) => {
                names.remove(name);
            }
            NameChange::Rename(from, to) => {
                if let Some(id) = names.remove(from) {
                    names.insert(to.clone(), id);
                }
            }
        }
    }
}

/// splitmix64: enough for drawing sectors, and the same on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        index((z ^ (z >> 31)) % n as u64)
    }
}

fn write(bytes: &mut Vec<u8>, offset: usize, data: &[u8]) {
    if data.is_empty() {
        return;
    }
    let end = offset + data.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[offset..end].copy_from_slice(data);
}

fn index(offset: u64) -> usize {
    usize::try_from(offset).expect("files in memory are smaller than the address space")
}

/// What a disk writes in one piece.
const SECTOR_BYTES: usize = 512;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn content(disk: &MemoryDisk, name: &str) -> Option<Vec<u8>> {
        let file = disk.open(name).ok()?;
        let mut out = vec![0; index(file.size().unwrap())];
        file.read_at(0, &mut out).unwrap();
        Some(out)
    }

    #[test]
    fn a_crash_keeps_what_was_synced() {
        let disk = MemoryDisk::new();
        let file = disk.create("a").unwrap();
        file.write_at(0, b"kept").unwrap();
        file.sync_data().unwrap();
        disk.sync().unwrap();
        file.write_at(0, b"lost").unwrap();
        disk.create("b").unwrap().sync_data().unwrap();
        let found = disk.crash(Tear::Nothing);
        assert_eq!(content(&found, "a").unwrap(), b"kept");
        assert_eq!(content(&found, "b"), None);
        assert!(file.write_at(0, b"dead").is_err());
    }

    #[test]
    fn a_crash_may_keep_more() {
        let disk = MemoryDisk::new();
        let file = disk.create("a").unwrap();
        disk.sync().unwrap();
        file.write_at(0, b"abcdef").unwrap();
        assert_eq!(content(&disk.crash(Tear::Prefix(4)), "a").unwrap(), b"abcd");
        assert_eq!(content(&disk.crash(Tear::Everything), "a").unwrap(), b"abcdef");
        assert_eq!(content(&disk.crash(Tear::Nothing), "a").unwrap(), b"");
    }

    #[test]
    fn a_failed_sync_forgets_what_reads_still_show() {
        let disk = MemoryDisk::new();
        let file = disk.create("a").unwrap();
        disk.sync().unwrap();
        file.write_at(0, b"abc").unwrap();
        disk.fail_at_sync(1);
        assert!(file.sync_data().is_err());
        file.sync_data().unwrap();
        assert_eq!(content(&disk, "a").unwrap(), b"abc");
        assert_eq!(content(&disk.crash(Tear::Everything), "a").unwrap(), b"");
    }

    #[test]
    fn a_full_disk_says_so() {
        let disk = MemoryDisk::new();
        disk.limit_bytes(Some(4));
        let file = disk.create("a").unwrap();
        file.write_at(0, b"abcd").unwrap();
        assert!(super::super::is_full(&file.write_at(4, b"e").unwrap_err()));
        file.write_at(0, b"ABCD").unwrap();
        disk.limit_bytes(None);
        file.write_at(4, b"e").unwrap();
    }
}
