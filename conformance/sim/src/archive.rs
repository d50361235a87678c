//! A journal that remembers: everything that was ever appended, beside the real journal, so that a
//! checker can apply it again from the first command. The real one forgets what the store holds.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use comity::journal::{AppendError, Batches, Journal, ReadError, TrimError};
use comity::writer::commands_of;
use comity_machine::State;

/// Payloads by the number of their first command. Clones are handles to the same archive.
#[derive(Clone, Default)]
pub(crate) struct Archive(Arc<Mutex<Vec<Entry>>>);

#[derive(Clone)]
struct Entry {
    first_command: u64,
    payload: Arc<[u8]>,
}

impl Archive {
    /// The same content, from now on apart.
    pub(crate) fn copy(&self) -> Self {
        Self(Arc::new(Mutex::new(self.entries().clone())))
    }

    /// Forgets what the journal, opened anew, does not have: it was never durable.
    pub(crate) fn cut_from(&self, next_command: u64) {
        self.entries().retain(|entry| entry.first_command < next_command);
    }

    /// The state that all of it gives, from nothing. `None` where a payload cannot be read.
    pub(crate) fn replay(&self) -> Option<State> {
        let mut state = State::default();
        for entry in self.entries().iter() {
            let commands = commands_of(&entry.payload)?;
            for (number, command) in (entry.first_command..).zip(&commands) {
                state.apply(number, command);
            }
        }
        Some(state)
    }

    fn keep(&self, first_command: u64, payload: &[u8]) {
        self.cut_from(first_command);
        self.entries().push(Entry { first_command, payload: payload.into() });
    }

    fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A journal in front of an archive.
pub(crate) struct Remembering<J> {
    journal: J,
    archive: Archive,
}

impl<J: Journal> Remembering<J> {
    /// In front of a journal that was just opened.
    pub(crate) fn new(journal: J, archive: Archive) -> Self {
        archive.cut_from(journal.next_command());
        Self { journal, archive }
    }
}

impl<J: Journal> Journal for Remembering<J> {
    fn append(
        &mut self,
        first_command: u64,
        count: u32,
        payload: &[u8],
    ) -> Result<(), AppendError> {
        // Before it is known whether it is durable: a batch may survive whose sync failed.
        self.archive.keep(first_command, payload);
        let appended = self.journal.append(first_command, count, payload);
        if appended.as_ref().is_err_and(|error| !matches!(error, AppendError::Failed(_))) {
            self.archive.cut_from(first_command);
        }
        appended
    }

    fn next_command(&self) -> u64 {
        self.journal.next_command()
    }

    fn payload_bytes_max(&self) -> usize {
        self.journal.payload_bytes_max()
    }

    fn read_from(&self, command: u64) -> Result<Batches<'_>, ReadError> {
        self.journal.read_from(command)
    }

    fn trim(&mut self, up_to_command: u64) -> Result<(), TrimError> {
        self.journal.trim(up_to_command)
    }

    fn scrub(&mut self, up_to_command: u64) -> Result<(), TrimError> {
        self.journal.scrub(up_to_command)
    }
}
