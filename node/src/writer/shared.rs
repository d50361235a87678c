//! What readers share with the writer: the state behind a lock that is held for microseconds, and
//! the rows that are durable but not yet in the store.

use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use comity_machine::State;

use super::recent::Recent;
use super::view::View;
use crate::store::{Batch, Overlay, ReadError, Store};

/// The applied state, for all readers.
pub struct Shared {
    state: RwLock<State>,
    store: Arc<Store>,
    above: Mutex<Above>,
}

/// What the store may not hold yet, oldest first. Readers clone the lists; the last of `recent` is
/// written to only while nobody reads it.
#[derive(Default)]
struct Above {
    /// Handed to the flusher.
    sealed: Vec<Arc<Batch>>,
    recent: Vec<Arc<Recent>>,
}

impl Shared {
    pub(super) fn new(state: State, store: Arc<Store>) -> Self {
        Self { state: RwLock::new(state), store, above: Mutex::default() }
    }

    /// The state. Hold it briefly, never over an `.await`.
    pub fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn state_mut(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every row as of now: the store's with the recent ones above.
    pub fn view(&self) -> Result<View, ReadError> {
        // First the recent rows, then the store: what moves between the two is seen twice, never
        // missed.
        let (mut batches, recent) = {
            let above = self.above();
            (above.sealed.clone(), above.recent.clone())
        };
        let snapshot = Arc::new(self.store.snapshot()?);
        batches.extend(recent.iter().map(|recent| Arc::clone(recent.rows())));
        Ok(View::new(Overlay::new(snapshot, batches), recent))
    }

    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// Writes rows above the store, up to `applied`.
    pub(super) fn write(&self, applied: u64, put: impl FnOnce(&mut Recent)) {
        let mut above = self.above();
        if !above.recent.last_mut().is_some_and(Recent::is_free) {
            above.recent.push(Arc::default());
        }
        if let Some(recent) = above.recent.last_mut().and_then(Arc::get_mut) {
            put(recent);
            recent.rows_mut().set_applied(applied);
        }
    }

    /// Joins what is not sealed into one batch for the flusher: one transaction, so that rows of
    /// the state and of records never part. `edit` has the last word.
    pub(super) fn seal<E>(
        &self,
        edit: impl FnOnce(&mut Batch) -> Result<(), E>,
    ) -> Result<Option<Arc<Batch>>, E> {
        let mut above = self.above();
        let mut recent = std::mem::take(&mut above.recent).into_iter();
        let Some(first) = recent.next() else { return Ok(None) };
        let mut whole = Arc::unwrap_or_clone(first);
        for next in recent {
            whole.absorb(&next);
        }
        let mut batch = whole.close();
        edit(Arc::make_mut(&mut batch))?;
        above.sealed.push(Arc::clone(&batch));
        Ok(Some(batch))
    }

    /// Forgets the rows that the store holds.
    pub(super) fn stored(&self, applied: u64) {
        let mut above = self.above();
        let gone = above.sealed.iter().take_while(|b| b.applied() <= applied).count();
        let gone: Vec<_> = above.sealed.drain(..gone).collect();
        drop(above);
        // Freeing takes a while; nobody need wait for it.
        drop(gone);
    }

    /// Bytes of rows that the store does not hold yet, and those of them not handed to the flusher.
    pub(super) fn pending_bytes(&self) -> (usize, usize) {
        let above = self.above();
        let sealed: usize = above.sealed.iter().map(|batch| batch.bytes()).sum();
        let recent: usize = above.recent.iter().map(|recent| recent.bytes()).sum();
        (sealed + recent, recent)
    }

    fn above(&self) -> std::sync::MutexGuard<'_, Above> {
        self.above.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
