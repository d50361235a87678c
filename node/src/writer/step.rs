//! One step of the writer, and how a store with its journal is opened.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use comity_machine::{Answer, Applied, Command, DeviceId, Effects, LoadError, RefusedCode, RowKey};
use comity_protocol::code::Code;
use tokio::sync::oneshot;

use super::batch::{self, PayloadError, Taken};
use super::erase;
use super::keys;
use super::load::load;
use super::order::Order;
use super::recent::Recent;
use super::rejudge;
use super::scrub::{Next, Scrub};
use super::shared::Shared;
use super::sweep::{Gone, Sweeping};
use super::view::RecordsError;
use super::withdraw;
use crate::journal::{self, AppendError, Journal};
use crate::store::{FlushEvent, FlushFailed, Flusher, FlusherSettings, Store};

/// A command with whoever waits for its answer.
pub struct Proposal {
    /// The command.
    pub command: Command,
    /// Told once, after the command is durable or refused.
    pub reply: Reply,
}

/// How an answer reaches whoever waits for it.
pub enum Reply {
    /// Called; must not block.
    Call(Box<dyn FnOnce(Answer) + Send>),
    /// Sent.
    Send(oneshot::Sender<Answer>),
}

impl Reply {
    fn tell(self, answer: Answer) {
        match self {
            Self::Call(call) => call(answer),
            // Whoever asked may have gone; the command counts all the same.
            Self::Send(to) => drop(to.send(answer)),
        }
    }
}

/// Hears of every step after it is durable and applied, and before its proposers are answered.
pub trait Listener: Send {
    /// What a step added, in the order of pos. Must not block.
    fn published(&mut self, applied: Vec<Applied>, logged_out: &[DeviceId]);
}

/// Bounds of the writer.
#[derive(Clone, Copy, Debug)]
pub struct WriterSettings {
    /// Most commands in one step.
    pub commands_max: usize,
    /// Rows above the store at which they are handed to the flusher, in bytes.
    pub seal_bytes: usize,
    /// Or after this time.
    pub seal_after: Duration,
    /// Rows above the store at which senders are slowed, in bytes.
    pub overlay_bytes_max: usize,
    /// Who takes rows to the store.
    pub flushing: Flushing,
    /// How long after an erasure the disk is cleaned of what it took away.
    pub scrub_after: Duration,
}

/// Who takes rows to the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flushing {
    /// A thread, beside the writer.
    Beside,
    /// Nobody until [`Writer::store`] is called: for who turns the clock himself.
    ByHand,
}

impl Default for WriterSettings {
    fn default() -> Self {
        Self {
            commands_max: 4_096,
            seal_bytes: 8 << 20,
            seal_after: Duration::from_secs(1),
            overlay_bytes_max: 64 << 20,
            flushing: Flushing::Beside,
            scrub_after: Duration::from_secs(600),
        }
    }
}

/// Why a writer cannot start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The flusher's thread could not be started.
    #[error("cannot start the store's thread: {0}")]
    Flusher(std::io::Error),
    /// The journal holds what this release does not know.
    #[error(transparent)]
    Payload(#[from] UnknownCommand),
    /// The journal cannot be read.
    #[error(transparent)]
    Read(#[from] journal::ReadError),
    /// What is stored of a channel cannot be read.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// A stored row is not one of ours.
    #[error("a stored row cannot be read: {0:?}")]
    Row(LoadError),
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] crate::store::ReadError),
}

/// The journal holds a command of a newer release.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the journal holds command {0}, which this release does not know; use the newer release")]
pub struct UnknownCommand(pub u64);

/// Why the writer ends. Nothing acknowledged is lost: the journal has it.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The journal failed.
    #[error("writing the journal failed: {0}")]
    Journal(AppendError),
    /// A step panicked, which is a fault of this program; nothing half done is trusted.
    #[error("the writer panicked")]
    Panicked,
    /// What is stored cannot be read.
    #[error("what is stored cannot be read: {0}")]
    Read(#[from] RecordsError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] FlushFailed),
}

/// The writer. It reads no clock: `now_ms` comes in, in the ms of a clock that never goes back.
pub struct Writer {
    journal: Box<dyn Journal>,
    payload_bytes_max: usize,
    pub(super) shared: Arc<Shared>,
    flusher: Flusher,
    listener: Box<dyn Listener>,
    pub(super) settings: WriterSettings,
    dirty: HashSet<RowKey>,
    order: Order,
    /// Records whose bodies are still in their blocks.
    pub(super) erased: Vec<Gone>,
    pub(super) scrub: Scrub,
    /// Channels of which something may have come of age.
    pub(super) sweeping: Sweeping,
    /// The last clock reading that came in.
    pub(super) now_ms: u64,
    pub(super) unsealed_since_ms: Option<u64>,
    /// The last command applied.
    pub(super) applied: u64,
    /// The last command of what was handed to the flusher.
    submitted: u64,
    /// The last command that the journal was told to forget.
    trimmed: u64,
    /// For payloads to come.
    payloads: Vec<Vec<u8>>,
}

impl Writer {
    /// Opens the state of a store: its rows, then what the journal holds beyond them.
    pub fn open(
        journal: Box<dyn Journal>,
        store: Arc<Store>,
        settings: WriterSettings,
        now_ms: u64,
    ) -> Result<Self, OpenError> {
        let state = load(&store)?;
        let applied = store.snapshot()?.applied();
        let shared = Arc::new(Shared::new(state, Arc::clone(&store)));
        let observer = Arc::clone(&shared);
        let listener = move |event: FlushEvent<'_>| {
            if let FlushEvent::Durable(applied) = event {
                observer.stored(applied);
            }
        };
        let flusher = match settings.flushing {
            Flushing::Beside => Flusher::start(store, FlusherSettings::default(), listener),
            Flushing::ByHand => Flusher::by_hand(store, FlusherSettings::default(), listener),
        };
        let flusher = flusher.map_err(OpenError::Flusher)?;
        let scrub = Scrub::of(shared.store(), settings.scrub_after, now_ms)?;
        let mut writer = Self {
            payload_bytes_max: journal.payload_bytes_max(),
            journal,
            shared,
            flusher,
            listener: Box::new(Nobody),
            settings,
            dirty: HashSet::new(),
            order: Order::default(),
            erased: Vec::new(),
            scrub,
            sweeping: Sweeping::default(),
            now_ms,
            unsealed_since_ms: None,
            applied,
            submitted: applied,
            trimmed: applied,
            payloads: Vec::new(),
        };
        writer.replay(applied + 1)?;
        writer.sweeping = Sweeping::of(&writer.shared.state());
        writer.unsealed_since_ms.get_or_insert(now_ms);
        Ok(writer)
    }

    fn replay(&mut self, from: u64) -> Result<(), OpenError> {
        if from >= self.journal.next_command() {
            return Ok(());
        }
        let batches: Vec<_> = self.journal.read_from(from)?.collect();
        for found in batches {
            let found = found?;
            let commands = batch::commands(&found.payload)
                .map_err(|PayloadError| UnknownCommand(found.first_command))?;
            let known = usize::try_from(from.saturating_sub(found.first_command));
            let new = commands.iter().skip(known.unwrap_or(usize::MAX));
            if new.len() > 0 {
                self.apply(from.max(found.first_command), new, &mut Vec::new())?;
            }
            // The overlay's bound holds for a replay too; a failing store shows at the first step.
            let _ = self.flush_if_due(self.now_ms);
        }
        Ok(())
    }

    /// What readers share.
    pub fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// Names who hears of each step.
    pub fn set_listener(&mut self, listener: Box<dyn Listener>) {
        self.listener = listener;
    }

    /// The number of the last command applied.
    pub fn applied(&self) -> u64 {
        self.applied
    }

    /// Most commands that one step takes.
    pub fn commands_max(&self) -> usize {
        self.settings.commands_max
    }

    /// Makes proposals durable, applies and answers them. An error is final; its proposals are
    /// answered with `StorageFailed` and nothing is known of them until the next start.
    pub fn step(
        &mut self,
        proposals: impl Into<VecDeque<Proposal>>,
        now_ms: u64,
    ) -> Result<(), StepError> {
        let mut rest = proposals.into();
        self.now_ms = now_ms;
        while let Some(taken) = self.take(&mut rest) {
            let appended = self.append(&taken);
            self.settle(taken, appended)?;
            self.flush_if_due(now_ms)?;
        }
        Ok(())
    }

    fn take(&mut self, rest: &mut VecDeque<Proposal>) -> Option<Taken> {
        if rest.is_empty() {
            return None;
        }
        let payload = self.payloads.pop().unwrap_or_default();
        Taken::from(rest, self.applied + 1, payload, self.payload_bytes_max)
    }

    /// Applies and answers what is durable, or refuses what is not.
    fn settle(&mut self, taken: Taken, done: Result<(), AppendError>) -> Result<(), StepError> {
        let Taken { first, proposals, payload } = taken;
        if payload.capacity() <= PAYLOAD_BYTES_KEPT {
            self.payloads.push(payload);
        }
        if let Err(error) = done {
            let (code, fatal) = match error {
                AppendError::Full => (Code::DiskFull, false),
                AppendError::TooLarge { .. } => (Code::TooLarge, false),
                _ => (Code::StorageFailed, true),
            };
            for proposal in proposals {
                proposal.reply.tell(Answer::Refused(RefusedCode(code)));
            }
            return if fatal { Err(StepError::Journal(error)) } else { Ok(()) };
        }
        let commands = proposals.iter().map(|proposal| &proposal.command);
        let mut answers = Vec::with_capacity(proposals.len());
        let Effects { applied, logged_out, reopened, .. } =
            self.apply(first, commands, &mut answers)?;
        rejudge::tell(&self.shared, &reopened);
        if !applied.is_empty() || !logged_out.is_empty() {
            self.listener.published(applied, &logged_out);
        }
        for (proposal, answer) in proposals.into_iter().zip(answers) {
            proposal.reply.tell(answer);
        }
        Ok(())
    }

    /// Appends to the journal; while the store is behind, waits for it: this is how senders are
    /// slowed.
    fn append(&mut self, taken: &Taken) -> Result<(), AppendError> {
        loop {
            let count = u32::try_from(taken.proposals.len()).unwrap_or(u32::MAX);
            match self.journal.append(taken.first, count, &taken.payload) {
                Err(AppendError::Behind { held_bytes }) => {
                    let before = self.trimmed;
                    let waited = self.seal().and_then(|()| self.wait_for_store());
                    self.trim();
                    // Where nothing more can be trimmed, waiting would have no end.
                    if waited.is_err() || self.trimmed == before {
                        return Err(AppendError::Behind { held_bytes });
                    }
                }
                done => return done,
            }
        }
    }

    /// Applies commands, numbered from `first` on, and lays their rows over the store.
    fn apply<'a>(
        &mut self,
        first: u64,
        commands: impl Iterator<Item = &'a Command>,
        answers: &mut Vec<Answer>,
    ) -> Result<Effects, RecordsError> {
        let mut effects = Effects::default();
        {
            let mut state = self.shared.state_mut();
            for (number, command) in (first..).zip(commands) {
                state.apply_next(number, command, &mut effects);
                answers.push(std::mem::replace(&mut effects.answer, Answer::Done));
            }
            erase::hide_in(&mut effects);
            // Where the state says that history has no hole any more, readers find it in the rows.
            if !effects.backfilled.is_empty() {
                let old = |recent: &mut Recent| {
                    effects.backfilled.iter().for_each(|old| recent.push_old(old));
                };
                self.shared.write(effects.command, old);
            }
        }
        let last = effects.command;
        self.sweeping.note(&self.shared, &effects);
        self.dirty.extend(effects.dirty.drain(..));
        let Self { shared, order, .. } = self;
        shared.write(last, |recent| {
            for applied in &effects.applied {
                recent.push(applied, order.takes(applied, shared.store()));
            }
        });
        rejudge::apply(&self.shared, &mut effects)?;
        withdraw::apply(&self.shared, &mut effects)?;
        self.drop_replaced(&effects)?;
        self.drop_former(&mut effects)?;
        self.erase(&mut effects)?;
        erase::note_receipts(&self.shared, &effects);
        self.put_avatars(&effects);
        self.applied = last;
        self.unsealed_since_ms.get_or_insert(self.now_ms);
        Ok(effects)
    }

    /// When rows must be handed to the flusher although nothing else happens.
    pub fn deadline_ms(&self) -> Option<u64> {
        let after_ms = u64::try_from(self.settings.seal_after.as_millis()).unwrap_or(u64::MAX);
        let seal_ms = self.unsealed_since_ms.map(|since_ms| since_ms.saturating_add(after_ms));
        seal_ms.into_iter().chain(self.scrub.deadline_ms()).min()
    }

    /// Hands rows to the flusher when there are enough of them or they are old enough; waits where
    /// the overlay is full.
    pub fn flush_if_due(&mut self, now_ms: u64) -> Result<(), StepError> {
        self.now_ms = now_ms;
        self.sweep(now_ms)?;
        let (all, unsealed) = self.shared.pending_bytes();
        let is_old = self.deadline_ms().is_some_and(|at_ms| at_ms <= now_ms);
        if unsealed >= self.settings.seal_bytes || is_old {
            self.seal()?;
        }
        if all >= self.settings.overlay_bytes_max {
            self.seal()?;
            while self.shared.pending_bytes().0 >= self.settings.overlay_bytes_max
                && self.flusher.durable() < self.submitted
            {
                self.wait_for_store()?;
            }
        }
        self.trim();
        self.scrub_if_due(now_ms)
    }

    /// Cleans the disk of what was erased: once nothing of it is in the store any more, free pages
    /// and the journal's used segments are written over.
    fn scrub_if_due(&mut self, now_ms: u64) -> Result<(), StepError> {
        match self.scrub.next(now_ms) {
            Next::Nothing => {}
            Next::Store => {
                self.seal()?;
                self.flusher.scrub();
                self.scrub.begun(self.applied, now_ms);
            }
            Next::Journal { up_to } => {
                if self.flusher.durable() < up_to || !self.flusher.is_scrubbed() {
                    self.scrub.wait(now_ms);
                    return Ok(());
                }
                match self.journal.scrub(up_to) {
                    Ok(()) => {
                        self.trimmed = self.trimmed.max(up_to);
                        if self.scrub.done() {
                            let forget = |recent: &mut Recent| Scrub::forget(recent.rows_mut());
                            self.shared.write(self.applied, forget);
                            self.unsealed_since_ms.get_or_insert(now_ms);
                        }
                    }
                    Err(error) => {
                        tracing::warn!(%error, "the journal could not be cleaned");
                        self.scrub.wait(now_ms);
                    }
                }
            }
        }
        Ok(())
    }

    /// Takes what was handed to the flusher to the store, where that is done by hand; whether
    /// nothing is left. A full disk is tried again at the next call.
    pub fn store(&mut self) -> Result<bool, StepError> {
        let done = self.flusher.step()?;
        self.trim();
        Ok(done)
    }

    /// Hands everything to the flusher and waits until the store holds it.
    pub fn finish(mut self) -> Result<(), StepError> {
        self.seal()?;
        self.flusher.stop()?;
        Ok(())
    }

    fn seal(&mut self) -> Result<(), StepError> {
        let Some(since_ms) = self.unsealed_since_ms.take() else { return Ok(()) };
        let dirty = std::mem::take(&mut self.dirty);
        // During a replay the journal is ahead of what is applied.
        let applied = self.applied;
        {
            let state = self.shared.state();
            self.shared.write(applied, |recent| {
                let rows = recent.rows_mut();
                for key in &dirty {
                    let (table, at) = keys::state_key(key);
                    match state.row(key) {
                        Some(value) => rows.put(table, &at, &value),
                        None => rows.delete(table, &at),
                    }
                }
            });
        }
        let erased = std::mem::take(&mut self.erased);
        let view = match erased.is_empty() {
            // It would keep what is sealed from being taken as it is.
            true => None,
            false => Some(self.shared.view().map_err(RecordsError::from)?),
        };
        let sealed = self.shared.seal(|batch| match &view {
            None => Ok(()),
            Some(view) => erase::rewrite(view, batch, erased),
        })?;
        let Some(batch) = sealed else { return Ok(()) };
        loop {
            match self.flusher.submit(Arc::clone(&batch)) {
                Ok(()) => {
                    self.submitted = batch.applied();
                    return Ok(());
                }
                Err(crate::store::SubmitError::Busy) => self.wait_for_store()?,
                Err(crate::store::SubmitError::Failed) => {
                    self.unsealed_since_ms = Some(since_ms);
                    return Err(FlushFailed("an earlier commit failed".to_owned()).into());
                }
            }
        }
    }

    /// Waits until the store has taken something more of what it was handed, if there is any.
    fn wait_for_store(&mut self) -> Result<(), StepError> {
        let durable = self.flusher.durable();
        if durable < self.submitted {
            while !self.flusher.wait_for(durable + 1, WAIT)? {}
        }
        Ok(())
    }

    fn trim(&mut self) {
        let durable = self.flusher.durable();
        if durable > self.trimmed {
            match self.journal.trim(durable) {
                Ok(()) => self.trimmed = durable,
                Err(error) => tracing::warn!(%error, "the journal could not be trimmed"),
            }
        }
    }
}

/// Room for payloads that is kept from one to the next.
const PAYLOAD_BYTES_KEPT: usize = 1 << 20;

/// How long the writer sleeps at a time while the store is behind.
const WAIT: Duration = Duration::from_millis(100);

struct Nobody;

impl Listener for Nobody {
    fn published(&mut self, _: Vec<Applied>, _: &[DeviceId]) {}
}
