//! What readers share with the writer: the state behind a lock that is held for microseconds, and
//! the rows that are durable but not yet in the store.

use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use comity_machine::State;

use crate::store::{Batch, Overlay, ReadError, Store};

/// The applied state, for all readers.
pub struct Shared {
    state: RwLock<State>,
    store: Arc<Store>,
    recent: Mutex<Recent>,
}

/// Rows that the store may not hold yet, oldest first. Readers clone the list; the last batch is
/// written to only while nobody reads it.
#[derive(Default)]
struct Recent {
    batches: Vec<Arc<Batch>>,
    /// How many of them are handed to the flusher.
    sealed: usize,
}

/// What a reader sees: all rows up to some command.
pub type View = Overlay;

impl Shared {
    pub(super) fn new(state: State, store: Arc<Store>) -> Self {
        Self { state: RwLock::new(state), store, recent: Mutex::default() }
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
        let batches = self.recent().batches.clone();
        let snapshot = Arc::new(self.store.snapshot()?);
        Ok(Overlay::new(snapshot, batches))
    }

    /// Writes rows above the store, up to `applied`.
    pub(super) fn write(&self, applied: u64, put: impl FnOnce(&mut Batch)) {
        let mut recent = self.recent();
        let open = recent.batches.len() > recent.sealed;
        let free = open && recent.batches.last_mut().is_some_and(|b| Arc::get_mut(b).is_some());
        if !free {
            recent.batches.push(Arc::default());
        }
        if let Some(batch) = recent.batches.last_mut().and_then(Arc::get_mut) {
            put(batch);
            batch.set_applied(applied);
        }
    }

    /// Joins what is not sealed into one batch for the flusher: one transaction, so that rows of
    /// the state and of events never part.
    pub(super) fn seal(&self) -> Option<Arc<Batch>> {
        let mut recent = self.recent();
        let sealed = recent.sealed;
        if recent.batches.len() == sealed {
            return None;
        }
        let mut open = recent.batches.split_off(sealed).into_iter();
        let mut whole = open.next()?;
        for next in open {
            Arc::make_mut(&mut whole).absorb(&next);
        }
        recent.batches.push(Arc::clone(&whole));
        recent.sealed += 1;
        Some(whole)
    }

    /// Forgets the rows that the store holds.
    pub(super) fn stored(&self, applied: u64) {
        let mut recent = self.recent();
        let sealed = recent.sealed;
        let gone = recent.batches[..sealed].iter().take_while(|b| b.applied() <= applied).count();
        recent.batches.drain(..gone);
        recent.sealed -= gone;
    }

    /// Bytes of rows that the store does not hold yet, and those of them not handed to the flusher.
    pub(super) fn pending_bytes(&self) -> (usize, usize) {
        let recent = self.recent();
        let bytes = |batches: &[Arc<Batch>]| batches.iter().map(|b| b.bytes()).sum();
        (bytes(&recent.batches), bytes(&recent.batches[recent.sealed..]))
    }

    fn recent(&self) -> std::sync::MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
