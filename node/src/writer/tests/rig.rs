//! A writer over a disk in memory, stepped by hand.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use comity_machine::{Answer, Command, EventRow, Outcome, State};
use comity_protocol::cbor;

use crate::disk::MemoryDisk;
use crate::journal::{self, FileJournal};
use crate::store::{Direction, Span, Store, StoreId, Table};
use crate::writer::{
    OpenError, Proposal, Shared, StepError, View, Writer, WriterSettings, event_key, log_index_key,
};

/// Nothing is handed to the store before the overlay is large.
pub(crate) const LAZY: WriterSettings = WriterSettings {
    commands_max: 4_096,
    seal_bytes: 8 << 20,
    seal_after: Duration::from_secs(3_600),
    overlay_bytes_max: 64 << 20,
};

/// Each step is handed to the store, which takes it beside the writer.
pub(crate) const EAGER: WriterSettings = WriterSettings { seal_bytes: 1, ..LAZY };

/// Each step waits until the store has taken it.
pub(crate) const STRICT: WriterSettings = WriterSettings { overlay_bytes_max: 1, ..LAZY };

/// A small journal: two segments of 32 KiB.
pub(crate) const SMALL: journal::Settings =
    journal::Settings { bytes_max: 64 << 10, segment_bytes: 32 << 10, salt: 7 };

pub(crate) struct Rig {
    pub(crate) disk: MemoryDisk,
    pub(crate) writer: Writer,
}

/// Why a rig does not open.
#[derive(Debug)]
#[allow(dead_code)] // read by the messages of failing tests
pub(crate) enum RigError {
    Journal(journal::OpenError),
    Store(String),
    Writer(OpenError),
}

impl Rig {
    pub(crate) fn open(
        disk: &MemoryDisk,
        settings: WriterSettings,
        journal_settings: journal::Settings,
    ) -> Result<Self, RigError> {
        Self::open_on(disk, disk, settings, journal_settings)
    }

    /// With store and journal on disks of their own.
    pub(crate) fn open_on(
        disk: &MemoryDisk,
        store_disk: &MemoryDisk,
        settings: WriterSettings,
        journal_settings: journal::Settings,
    ) -> Result<Self, RigError> {
        let failed = |error: &dyn std::fmt::Display| RigError::Store(error.to_string());
        let store_settings = crate::store::Settings { cache_bytes: 1 << 20 };
        let (disks, id) = (Arc::new(store_disk.clone()), StoreId([1; 16]));
        let store =
            Store::open(disks, "s.redb", store_settings, id).map_err(|error| failed(&error))?;
        let applied = store.snapshot().map_err(|error| failed(&error))?.applied();
        let journal = FileJournal::open(Arc::new(disk.clone()), journal_settings, applied);
        let journal = Box::new(journal.map_err(RigError::Journal)?);
        let writer = Writer::open(journal, Arc::new(store), settings).map_err(RigError::Writer)?;
        Ok(Self { disk: disk.clone(), writer })
    }

    /// Steps with these commands; tells what each was answered, if it was.
    pub(crate) fn step(
        &mut self,
        commands: Vec<Command>,
    ) -> (Vec<Option<Answer>>, Result<(), StepError>) {
        let (proposals, answers) = proposals(commands);
        let stepped = self.writer.step(proposals);
        let answers = answers.lock().unwrap().clone();
        (answers, stepped)
    }

    /// Steps with one command that is answered.
    pub(crate) fn ask(&mut self, command: Command) -> Answer {
        let (answers, stepped) = self.step(vec![command]);
        stepped.unwrap();
        answers.into_iter().next().flatten().unwrap()
    }

    pub(crate) fn shared(&self) -> Arc<Shared> {
        self.writer.shared()
    }

    pub(crate) fn state_bytes(&self) -> Vec<u8> {
        self.writer.shared().state().to_bytes()
    }

    /// Checks that every row is there that the state implies, and no other.
    pub(crate) fn check_rows(&self) {
        let shared = self.writer.shared();
        check_rows(&shared.state(), &shared.view().unwrap());
    }
}

type Answers = Arc<Mutex<Vec<Option<Answer>>>>;

/// Proposals for these commands, and where their answers come in.
pub(crate) fn proposals(commands: Vec<Command>) -> (Vec<Proposal>, Answers) {
    let answers: Answers = Arc::new(Mutex::new(vec![None; commands.len()]));
    let proposal = |(i, command): (usize, Command)| {
        let answers = Arc::clone(&answers);
        let answer = move |answer: Answer| {
            let before = answers.lock().unwrap()[i].replace(answer);
            assert_eq!(before, None, "answered twice");
        };
        Proposal { command, answer: Box::new(answer) }
    };
    let proposals = commands.into_iter().enumerate().map(proposal).collect();
    (proposals, answers)
}

/// Checks events, log index and timeline against the ends of the state's logs.
pub(crate) fn check_rows(state: &State, view: &View) {
    let count = |table| rows(view, table).len();
    let (mut events, mut accepted) = (0, 0);
    for (no, channel) in &state.channels {
        for log in channel.logs.values() {
            let mut last: Option<EventRow> = None;
            for seq in 1..=log.end.seq() {
                let key = view.get(Table::LogIndex, &log_index_key(log.no, seq)).unwrap();
                let key = key.expect("every record of a log is in its index");
                assert!(key.starts_with(&no.0.to_be_bytes()));
                let row = view.get(Table::Event, &key).unwrap().expect("the index tells the truth");
                let row: EventRow = cbor::decode(&row, usize::MAX).unwrap();
                assert_eq!((row.log, row.seq), (log.no, seq));
                events += 1;
                accepted += usize::from(row.outcome == Outcome::Accepted);
                last = Some(row);
            }
            assert_eq!(last.map_or(comity_protocol::hash::Hash::ZERO, |r| r.hash), log.end.hash());
        }
    }
    assert_eq!((count(Table::Event), count(Table::LogIndex)), (events, events));
    let timeline = rows(view, Table::Timeline);
    assert_eq!(timeline.len(), accepted);
    for (key, pos) in timeline {
        let channel = comity_machine::ChannelNo(u32::from_be_bytes(key[..4].try_into().unwrap()));
        let pos = comity_protocol::cursor::Pos(u64::from_be_bytes(pos.try_into().unwrap()));
        let row = view.get(Table::Event, &event_key(channel, pos)).unwrap().unwrap();
        let row: EventRow = cbor::decode(&row, usize::MAX).unwrap();
        assert_eq!(row.id.0, key[4..20]);
    }
}

fn rows(view: &View, table: Table) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut rows = BTreeMap::new();
    let visited = view.range(table, &Span::all(), Direction::Ascending, &mut |key, value| {
        assert!(rows.insert(key.to_vec(), value.to_vec()).is_none());
        ControlFlow::Continue(())
    });
    visited.unwrap();
    rows
}
