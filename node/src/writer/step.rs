//! One step of the writer, and how a store with its journal is opened.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use comity_machine::{
    Answer, Applied, Command, DeviceId, Effects, LoadError, Outcome, RefusedCode, RowKey, State,
};
use comity_protocol::cbor;
use comity_protocol::code::Code;
use comity_protocol::id::{AccountNumber, LineageId, LogName};

use super::batch::{self, PayloadError};
use super::keys;
use super::shared::Shared;
use crate::journal::{self, AppendError, Journal};
use crate::store::{Batch, FlushEvent, FlushFailed, Flusher, FlusherSettings, Store, Table};

/// A command with whoever waits for its answer.
pub struct Proposal {
    /// The command.
    pub command: Command,
    /// Called once, after the command is durable or refused. Must not block.
    pub answer: Box<dyn FnOnce(Answer) + Send>,
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
}

impl Default for WriterSettings {
    fn default() -> Self {
        Self {
            commands_max: 4_096,
            seal_bytes: 8 << 20,
            seal_after: Duration::from_secs(1),
            overlay_bytes_max: 64 << 20,
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
    /// The store failed.
    #[error(transparent)]
    Store(#[from] FlushFailed),
}

/// The writer.
pub struct Writer {
    journal: Box<dyn Journal>,
    shared: Arc<Shared>,
    flusher: Flusher,
    listener: Box<dyn Listener>,
    settings: WriterSettings,
    dirty: BTreeSet<RowKey>,
    unsealed_since: Option<Instant>,
    /// The last command applied.
    applied: u64,
    /// The last command of what was handed to the flusher.
    submitted: u64,
    /// The last command that the journal was told to forget.
    trimmed: u64,
    payload: Vec<u8>,
}

impl Writer {
    /// Opens the state of a store: its rows, then what the journal holds beyond them.
    pub fn open(
        journal: Box<dyn Journal>,
        store: Arc<Store>,
        settings: WriterSettings,
    ) -> Result<Self, OpenError> {
        let state = load(&store)?;
        let applied = store.snapshot()?.applied();
        let shared = Arc::new(Shared::new(state, Arc::clone(&store)));
        let observer = Arc::clone(&shared);
        let flusher = Flusher::start(store, FlusherSettings::default(), move |event| {
            if let FlushEvent::Durable(applied) = event {
                observer.stored(applied);
            }
        })
        .map_err(OpenError::Flusher)?;
        let mut writer = Self {
            journal,
            shared,
            flusher,
            listener: Box::new(Nobody),
            settings,
            dirty: BTreeSet::new(),
            unsealed_since: None,
            applied,
            submitted: applied,
            trimmed: applied,
            payload: Vec::new(),
        };
        writer.replay(applied + 1)?;
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
            let numbered = (found.first_command..).zip(commands);
            let new: Vec<(u64, Command)> = numbered.filter(|(n, _)| *n >= from).collect();
            self.apply(new);
            // The overlay's bound holds for a replay too; a failing store shows at the first step.
            let _ = self.flush_if_due();
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
    pub fn step(&mut self, proposals: Vec<Proposal>) -> Result<(), StepError> {
        let mut rest = proposals.into_iter().peekable();
        while rest.peek().is_some() {
            let mut taken = Vec::new();
            self.payload.clear();
            while let Some(next) = rest.peek() {
                let before = self.payload.len();
                batch::push(&mut self.payload, &next.command);
                if self.payload.len() > self.journal.payload_bytes_max() && !taken.is_empty() {
                    self.payload.truncate(before);
                    break;
                }
                taken.extend(rest.next());
            }
            self.step_once(taken)?;
            self.flush_if_due()?;
        }
        Ok(())
    }

    fn step_once(&mut self, taken: Vec<Proposal>) -> Result<(), StepError> {
        let first = self.journal.next_command();
        if let Err(error) = self.append(first, taken.len()) {
            let (code, fatal) = match error {
                AppendError::Full => (Code::DiskFull, false),
                AppendError::TooLarge { .. } => (Code::TooLarge, false),
                _ => (Code::StorageFailed, true),
            };
            for proposal in taken {
                (proposal.answer)(Answer::Refused(RefusedCode(code)));
            }
            return if fatal { Err(StepError::Journal(error)) } else { Ok(()) };
        }
        let (commands, answers): (Vec<Command>, Vec<_>) =
            taken.into_iter().map(|p| (p.command, p.answer)).unzip();
        let effects = self.apply((first..).zip(commands).collect());
        let mut applied = Vec::new();
        let mut logged_out = Vec::new();
        let mut answered = Vec::with_capacity(answers.len());
        for effect in effects {
            applied.extend(effect.applied);
            logged_out.extend(effect.logged_out);
            answered.push(effect.answer);
        }
        if !applied.is_empty() || !logged_out.is_empty() {
            self.listener.published(applied, &logged_out);
        }
        for (answer, to) in answered.into_iter().zip(answers) {
            to(answer);
        }
        Ok(())
    }

    /// Appends to the journal; while the store is behind, waits for it: this is how senders are
    /// slowed.
    fn append(&mut self, first: u64, count: usize) -> Result<(), AppendError> {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        loop {
            match self.journal.append(first, count, &self.payload) {
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

    fn apply(&mut self, commands: Vec<(u64, Command)>) -> Vec<Effects> {
        let Some(last) = commands.last().map(|(number, _)| *number) else { return Vec::new() };
        let mut effects = Vec::with_capacity(commands.len());
        {
            let mut state = self.shared.state_mut();
            for (number, command) in &commands {
                effects.push(state.apply(*number, command));
            }
        }
        for effect in &effects {
            self.dirty.extend(effect.dirty.iter().copied());
        }
        self.shared.write(last, |rows| {
            for applied in effects.iter().flat_map(|effect| &effect.applied) {
                put_event(rows, applied);
            }
        });
        self.applied = last;
        self.unsealed_since.get_or_insert_with(Instant::now);
        effects
    }

    /// When rows must be handed to the flusher although nothing else happens.
    pub fn deadline(&self) -> Option<Instant> {
        self.unsealed_since.map(|since| since + self.settings.seal_after)
    }

    /// Hands rows to the flusher when there are enough of them or they are old enough; waits where
    /// the overlay is full.
    pub fn flush_if_due(&mut self) -> Result<(), StepError> {
        let (all, unsealed) = self.shared.pending_bytes();
        let is_old = self.deadline().is_some_and(|at| at <= Instant::now());
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
        Ok(())
    }

    /// Hands everything to the flusher and waits until the store holds it.
    pub fn finish(mut self) -> Result<(), StepError> {
        self.seal()?;
        self.flusher.stop()?;
        Ok(())
    }

    fn seal(&mut self) -> Result<(), StepError> {
        let Some(since) = self.unsealed_since.take() else { return Ok(()) };
        let dirty = std::mem::take(&mut self.dirty);
        // During a replay the journal is ahead of what is applied.
        let applied = self.applied;
        {
            let state = self.shared.state();
            self.shared.write(applied, |rows| {
                for key in &dirty {
                    let (table, at) = keys::state_key(key);
                    match state.row(key) {
                        Some(value) => rows.put(table, &at, &value),
                        None => rows.delete(table, &at),
                    }
                }
            });
        }
        let Some(batch) = self.shared.seal() else { return Ok(()) };
        loop {
            match self.flusher.submit(Arc::clone(&batch)) {
                Ok(()) => {
                    self.submitted = batch.applied();
                    return Ok(());
                }
                Err(crate::store::SubmitError::Busy) => self.wait_for_store()?,
                Err(crate::store::SubmitError::Failed) => {
                    self.unsealed_since = Some(since);
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

/// How long the writer sleeps at a time while the store is behind.
const WAIT: Duration = Duration::from_millis(100);

struct Nobody;

impl Listener for Nobody {
    fn published(&mut self, _: Vec<Applied>, _: &[DeviceId]) {}
}

/// Lays an applied record into the tables.
fn put_event(rows: &mut Batch, applied: &Applied) {
    let pos = applied.pos.0.to_be_bytes();
    let channel = applied.channel.0.to_be_bytes();
    let event = keys::event_key(applied.channel, applied.pos);
    rows.put(Table::Event, &event, &cbor::encode(&applied.row()));
    let index = keys::log_index_key(applied.log_no, applied.seq);
    rows.put(Table::LogIndex, &index, &event);
    if applied.outcome == Outcome::Accepted {
        let at = keys::timeline_key(applied.channel, applied.id, applied.log_no, applied.seq);
        rows.put(Table::Timeline, &at, &pos);
    }
    for account in &applied.inbox {
        rows.put(Table::Inbox, &keys::inbox_key(*account, applied.pos), &channel);
    }
}

/// Reads the whole state back.
fn load(store: &Store) -> Result<State, OpenError> {
    let snapshot = store.snapshot()?;
    let mut state = State::default();
    let mut failed = None;
    for (table, name) in STATE_TABLES {
        snapshot.scan(table, &mut |key, value| {
            let Some(key) = name(key) else { return std::ops::ControlFlow::Continue(()) };
            match state.load(key, value) {
                Ok(()) => std::ops::ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    std::ops::ControlFlow::Break(())
                }
            }
        })?;
    }
    if let Some(error) = failed {
        return Err(OpenError::Row(error));
    }
    state.finish_load();
    Ok(state)
}

type NameRow = fn(&[u8]) -> Option<RowKey>;

/// The tables of the state, in the order in which they are read back.
const STATE_TABLES: [(Table, NameRow); 8] = [
    (Table::Meta, |key| (key == b"identity").then_some(RowKey::Identity)),
    (Table::Account, |key| Some(RowKey::Account(AccountNumber(word(key)?)))),
    (Table::Device, |key| Some(RowKey::Device(DeviceId(word(key)?)))),
    (Table::InviteToken, |key| {
        Some(RowKey::Invite(comity_protocol::hash::Hash(key.try_into().ok()?)))
    }),
    (Table::Channel, |key| Some(RowKey::Channel(channel_no(key)?))),
    (Table::Log, |key| {
        Some(RowKey::Log(channel_no(key)?, LogName::Control { home: LineageId([0; 32]), term: 0 }))
    }),
    (Table::Nonce, |key| Some(RowKey::Nonce(DeviceId(word(key)?), 0))),
    (Table::Peer, |key| Some(RowKey::Peer(LineageId(key.try_into().ok()?)))),
];

fn word(key: &[u8]) -> Option<u64> {
    key.first_chunk::<8>().map(|bytes| u64::from_be_bytes(*bytes))
}

fn channel_no(key: &[u8]) -> Option<comity_machine::ChannelNo> {
    key.first_chunk::<4>().map(|bytes| comity_machine::ChannelNo(u32::from_be_bytes(*bytes)))
}
