//! When the disk is cleaned of what was erased: some time after the first erasure, for all that
//! came until then, and again after a restart where that was not reached. It must not touch a file;
//! the store and the journal do.

use std::time::Duration;

use crate::store::{Batch, ReadError, Store, Table};

/// Where the cleaning stands.
#[derive(Debug)]
pub(super) struct Scrub {
    stage: Stage,
    /// Something was erased while the cleaning was under way.
    again: Option<u64>,
}

#[derive(Debug)]
enum Stage {
    Clean,
    /// Something was erased.
    Due {
        at_ms: u64,
    },
    /// The store writes over its free pages; looked at again then.
    Running {
        up_to: u64,
        look_ms: u64,
    },
}

/// What is to be done now.
pub(super) enum Next {
    Nothing,
    /// Have the store's free pages written over.
    Store,
    /// Once that is done: clean the journal of commands up to this one.
    Journal {
        up_to: u64,
    },
}

impl Scrub {
    /// What an earlier run left to be done.
    pub(super) fn of(store: &Store, after: Duration, now_ms: u64) -> Result<Self, ReadError> {
        let is_due = store.snapshot()?.get(Table::Meta, KEY)?.is_some();
        let mut scrub = Self { stage: Stage::Clean, again: None };
        if is_due {
            scrub.erased(after, now_ms);
        }
        Ok(scrub)
    }

    /// Something was erased.
    pub(super) fn erased(&mut self, after: Duration, now_ms: u64) {
        let after_ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        let at_ms = now_ms.saturating_add(after_ms);
        match self.stage {
            Stage::Clean => self.stage = Stage::Due { at_ms },
            Stage::Due { .. } => {}
            Stage::Running { .. } => _ = self.again.get_or_insert(at_ms),
        }
    }

    pub(super) fn deadline_ms(&self) -> Option<u64> {
        match self.stage {
            Stage::Clean => None,
            Stage::Due { at_ms } | Stage::Running { look_ms: at_ms, .. } => Some(at_ms),
        }
    }

    pub(super) fn next(&self, now_ms: u64) -> Next {
        match self.stage {
            Stage::Due { at_ms } if at_ms <= now_ms => Next::Store,
            Stage::Running { up_to, look_ms } if look_ms <= now_ms => Next::Journal { up_to },
            _ => Next::Nothing,
        }
    }

    /// The store was asked; it holds, or will hold, all up to a command.
    pub(super) fn begun(&mut self, up_to: u64, now_ms: u64) {
        self.stage = Stage::Running { up_to, look_ms: now_ms };
    }

    /// It is not ready yet.
    pub(super) fn wait(&mut self, now_ms: u64) {
        if let Stage::Running { look_ms, .. } = &mut self.stage {
            *look_ms = now_ms.saturating_add(LOOK_MS);
        }
    }

    /// All is clean up to the command that it began with; whether nothing was erased since.
    pub(super) fn done(&mut self) -> bool {
        self.stage = match self.again.take() {
            None => Stage::Clean,
            Some(at_ms) => Stage::Due { at_ms },
        };
        matches!(self.stage, Stage::Clean)
    }

    /// Notes in the rows that something is to be cleaned.
    pub(super) fn note(rows: &mut Batch) {
        rows.put(Table::Meta, KEY, &[]);
    }

    /// Notes that nothing is.
    pub(super) fn forget(rows: &mut Batch) {
        rows.delete(Table::Meta, KEY);
    }
}

/// Stands in the table of what there is once.
const KEY: &[u8] = b"scrub";
/// How long to wait for the store before looking again.
const LOOK_MS: u64 = 250;
