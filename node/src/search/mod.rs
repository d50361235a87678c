//! Full-text search, at work: a thread that brings the index in line with the rows, and what is
//! asked of it. The index follows the journal's order and may be thrown away at any time: it is
//! made anew from the rows. It holds nobody up: the writer notes where something was added, no
//! more.

mod indexer;
mod note;
mod pending;

use std::collections::HashSet;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use comity_machine::{Applied, ChannelNo};
use comity_protocol::cursor::Pos;
use comity_protocol::id::{AccountId, MessageId};
use comity_search::{Filter, Index, IndexError, OpenError, Order, Query};

use self::indexer::{Indexer, IndexingError};
use self::note::Note;
use self::pending::Pending;
use crate::feed::{Hub, cursor_at, is_known};
use crate::writer::Shared;

/// How soon what was written is found at the earliest.
const COMMIT_AFTER_MIN: Duration = Duration::from_secs(1);
/// And at the latest, while the index keeps up.
const COMMIT_AFTER_MAX: Duration = Duration::from_secs(10);
/// How many times as long as it worked it rests: a commit is several syncs of a disk that others
/// wait for, and so may not come upon one in a hundred of them.
const REST: u32 = 200;
/// Records that are looked at between two commits, while there is much.
const COMMIT_RECORDS: usize = 20_000;
/// How often what was taken out of the index is written over on the disk.
const COMPACT_EVERY: Duration = Duration::from_secs(300);
/// How long to wait before an index that failed is made anew; then twice as long, up to the most.
const RETRY_FIRST: Duration = Duration::from_secs(1);
/// The longest of these pauses.
const RETRY_MAX: Duration = Duration::from_secs(600);

/// The index of a node. Cheap to clone.
#[derive(Clone)]
pub struct Search(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    hub: Hub,
    dir: PathBuf,
    /// Absent until it is open.
    index: RwLock<Option<Index>>,
    work: Mutex<Work>,
    changed: Condvar,
    /// How much of what is there is in, while it is made anew.
    percent: AtomicU8,
}

#[derive(Default)]
struct Work {
    pending: Pending,
    /// The last record of which this knows.
    noted_to: Pos,
    is_stopping: bool,
}

/// The running thread.
pub struct SearchThread {
    search: Search,
    thread: Option<JoinHandle<()>>,
}

/// Where and in what order to look.
#[derive(Clone, Debug)]
pub struct Look {
    /// In these channels.
    pub channels: HashSet<ChannelNo>,
    /// Of this author.
    pub author: Option<AccountId>,
    /// From this message on.
    pub from: MessageId,
    /// Up to before this one.
    pub until: MessageId,
    /// What comes first.
    pub order: Order,
}

impl Search {
    /// For a node whose rows `shared` has; the index lies in `dir`.
    pub fn new(shared: Arc<Shared>, hub: Hub, dir: &Path) -> Self {
        Self(Arc::new(Inner {
            shared,
            hub,
            dir: dir.to_owned(),
            index: RwLock::default(),
            work: Mutex::default(),
            changed: Condvar::new(),
            percent: AtomicU8::new(0),
        }))
    }

    /// Starts the thread.
    pub fn start(&self) -> std::io::Result<SearchThread> {
        let search = self.clone();
        let thread = thread::Builder::new().name("search".to_owned()).spawn(move || search.run());
        Ok(SearchThread { search: self.clone(), thread: Some(thread?) })
    }

    /// Records were applied: they are looked at soon.
    pub fn published(&self, applied: &[Applied]) {
        let mut work = self.work();
        let was_empty = work.pending.is_empty();
        for applied in applied {
            work.pending.note(applied);
            work.noted_to = work.noted_to.max(applied.pos);
        }
        if was_empty && !work.pending.is_empty() {
            self.0.changed.notify_one();
        }
    }

    /// How many channels and logs have something that was not looked at yet.
    pub fn lagging(&self) -> usize {
        self.work().pending.len()
    }

    /// How much of what is there can be found, in percent; `None` where it is all.
    pub fn percent(&self) -> Option<u8> {
        Some(self.0.percent.load(Ordering::Relaxed)).filter(|percent| *percent < 100)
    }

    /// How many messages can be found; none while there is no index.
    #[cfg(test)]
    pub(crate) fn count(&self) -> u64 {
        let index = self.0.index.read().unwrap_or_else(PoisonError::into_inner);
        index.as_ref().map_or(0, Index::count)
    }

    /// Messages that have what is looked for, in an order, without the first `skip`, at most `max`.
    /// Whether they may be shown, and still have it, is for who asks to see.
    pub fn find(
        &self,
        query: &Query,
        look: &Look,
        (skip, max): (usize, usize),
    ) -> Result<Vec<(ChannelNo, MessageId)>, IndexError> {
        let Some(index) = self.0.index.read().unwrap_or_else(PoisonError::into_inner).clone()
        else {
            return Ok(Vec::new());
        };
        let filter = Filter {
            channels: Arc::new(look.channels.iter().map(|no| no.0).collect()),
            author: look.author.map(indexer::author_of),
            times: indexer::time_of(look.from)..indexer::time_of(look.until),
        };
        let found = index.search(query, &filter, look.order, (skip, max))?;
        let message = |key: comity_search::Key| (ChannelNo(key.channel), indexer::message_of(key));
        Ok(found.into_iter().map(message).collect())
    }

    /// Keeps the index until the node stops. Where that fails it is made anew, after a while that
    /// doubles: what fails may be the disk, and not the index.
    fn run(&self) {
        let mut pause = RETRY_FIRST;
        loop {
            let why = match catch_unwind(AssertUnwindSafe(|| self.keep())) {
                Ok(Ok(())) => return,
                Ok(Err(error)) => error.to_string(),
                Err(_) => "a panic".to_owned(),
            };
            tracing::warn!(why, "the search index failed and is made anew");
            *self.0.index.write().unwrap_or_else(PoisonError::into_inner) = None;
            self.0.percent.store(0, Ordering::Relaxed);
            match std::fs::remove_dir_all(&self.0.dir) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    tracing::error!(%error, "the search index cannot be removed");
                }
                _ => {}
            }
            let is_running = |work: &mut Work| !work.is_stopping;
            let waited = self.0.changed.wait_timeout_while(self.work(), pause, is_running);
            if waited.unwrap_or_else(PoisonError::into_inner).0.is_stopping {
                return;
            }
            pause = (pause * 2).min(RETRY_MAX);
        }
    }

    /// Opens the index and keeps it in line until the node stops.
    fn keep(&self) -> Result<(), KeepError> {
        let index = match Index::open(&self.0.dir) {
            Err(OpenError::Unusable(why)) => {
                tracing::warn!(why, "the search index cannot be used and is made anew");
                std::fs::remove_dir_all(&self.0.dir).map_err(OpenError::Directory)?;
                Index::open(&self.0.dir)?
            }
            opened => opened?,
        };
        let mut indexer = Indexer::new(&self.0.shared, index.writer()?);
        let to = self.0.hub.watermark();
        let missing = self.missing(&index, &mut indexer, to)?;
        *self.0.index.write().unwrap_or_else(PoisonError::into_inner) = Some(index);
        if self.catch_up(&mut indexer, missing, to)? {
            self.0.percent.store(100, Ordering::Relaxed);
            self.follow(&mut indexer, to)?;
        }
        Ok(indexer.writer.finish()?)
    }

    /// What an index lacks of what was applied up to a pos; one that does not know how far it goes
    /// is emptied.
    fn missing(
        &self,
        index: &Index,
        indexer: &mut Indexer<'_>,
        to: Pos,
    ) -> Result<Pending, KeepError> {
        let note = index.note()?.and_then(|note| Note::parse(&note));
        let state = self.0.shared.state();
        Ok(match note {
            Some(Note { cursor, is_final }) if is_known(&state, cursor, to) => {
                let logs = if is_final { Pending::default() } else { Pending::all(&state) }.logs;
                Pending { logs, ..Pending::since(&state, Pos(cursor.pos.0 + 1)) }
            }
            _ => {
                indexer.writer.clear()?;
                Pending::all(&state)
            }
        })
    }

    /// Looks at all that was missing, and says how far it is. Whether it came to the end: an index
    /// of a node that stops before that must not count as whole.
    fn catch_up(
        &self,
        indexer: &mut Indexer<'_>,
        missing: Pending,
        to: Pos,
    ) -> Result<bool, KeepError> {
        let all = missing.len().max(1);
        let mut rest = missing;
        while !rest.is_empty() {
            if self.work().is_stopping {
                return Ok(false);
            }
            rest = index_some(indexer, rest, to)?;
            let done = all.saturating_sub(rest.len()) * 99 / all;
            self.0.percent.store(u8::try_from(done).unwrap_or(99), Ordering::Relaxed);
            // With nothing noted: whoever begins here after a crash does not know what is in.
            indexer.writer.commit("")?;
        }
        self.commit(indexer, to, false)?;
        Ok(true)
    }

    /// Follows what is applied after a pos until the node stops.
    fn follow(&self, indexer: &mut Indexer<'_>, mut done: Pos) -> Result<(), KeepError> {
        let (mut compacted, mut rest) = (Instant::now(), COMMIT_AFTER_MIN);
        loop {
            let Work { mut pending, noted_to, is_stopping } = self.next(rest);
            let began = Instant::now();
            let first = Pos(done.0 + 1);
            done = done.max(noted_to);
            // What was noted before the index was opened has been looked at.
            pending.channels.retain(|_, from| {
                *from = (*from).max(first);
                *from <= done
            });
            while !pending.is_empty() {
                pending = index_some(indexer, pending, done)?;
            }
            indexer.expire()?;
            self.commit(indexer, done, is_stopping)?;
            rest = (began.elapsed() * REST).clamp(COMMIT_AFTER_MIN, COMMIT_AFTER_MAX);
            if compacted.elapsed() >= COMPACT_EVERY {
                compacted = Instant::now();
                indexer.writer.compact()?;
            }
            if is_stopping {
                return Ok(());
            }
        }
    }

    /// Waits until there is something to look at, and a while longer for more.
    fn next(&self, rest: Duration) -> Work {
        let wait = |at_most, until: fn(&mut Work) -> bool| {
            let waited = self.0.changed.wait_timeout_while(self.work(), at_most, until);
            drop(waited.unwrap_or_else(PoisonError::into_inner));
        };
        wait(COMPACT_EVERY, |work| work.pending.is_empty() && !work.is_stopping);
        wait(rest, |work| !work.is_stopping);
        let mut work = self.work();
        let pending = std::mem::take(&mut work.pending);
        Work { pending, noted_to: work.noted_to, is_stopping: work.is_stopping }
    }

    fn commit(&self, indexer: &mut Indexer<'_>, to: Pos, is_final: bool) -> Result<(), KeepError> {
        let cursor = cursor_at(&self.0.shared.state(), to);
        Ok(indexer.writer.commit(&Note { cursor, is_final }.text())?)
    }

    fn work(&self) -> MutexGuard<'_, Work> {
        self.0.work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SearchThread {
    /// Has what was applied looked at, and ends.
    pub fn stop(mut self) {
        self.tell_to_stop();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the search index ended by a panic");
        }
    }

    fn tell_to_stop(&self) {
        self.search.work().is_stopping = true;
        self.search.0.changed.notify_one();
    }
}

/// A node that does not come up, or is dropped, leaves no thread behind.
impl Drop for SearchThread {
    fn drop(&mut self) {
        self.tell_to_stop();
    }
}

/// Why the index is not kept any longer.
#[derive(Debug, thiserror::Error)]
enum KeepError {
    #[error(transparent)]
    Indexing(#[from] IndexingError),
    #[error(transparent)]
    Index(#[from] IndexError),
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// Looks at some of what is to be looked at; the rest.
fn index_some(
    indexer: &mut Indexer<'_>,
    mut pending: Pending,
    to: Pos,
) -> Result<Pending, IndexingError> {
    let mut looked_at = 0;
    while looked_at < COMMIT_RECORDS {
        if let Some((no, from)) = pending.channels.pop_first() {
            if let Some(rest) = indexer.follow(no, (from, to))? {
                pending.channels.insert(no, rest);
                looked_at += indexer::RECORDS_MAX;
            }
        } else if let Some((log, (no, from))) = pending.logs.pop_first() {
            if let Some(rest) = indexer.follow_history(no, (log, from))? {
                pending.logs.insert(log, (no, rest));
                looked_at += indexer::RECORDS_MAX;
            }
        } else {
            break;
        }
    }
    Ok(pending)
}
