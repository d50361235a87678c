//! A writer over a disk in memory, stepped by hand.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use comity_machine::{Answer, ChannelNo, Command, EventRow, Outcome, State};
use comity_protocol::cursor::Pos;
use comity_protocol::hash::Hash;

use crate::disk::MemoryDisk;
use crate::journal::{self, FileJournal};
use crate::store::{Direction, Store, StoreId};
use crate::writer::{
    Flushing, OpenError, Proposal, Reply, Shared, StepError, View, Writer, WriterSettings,
};

/// Nothing is handed to the store before the overlay is large.
pub(crate) const LAZY: WriterSettings = WriterSettings {
    commands_max: 4_096,
    seal_bytes: 8 << 20,
    seal_after: Duration::from_secs(3_600),
    overlay_bytes_max: 64 << 20,
    flushing: Flushing::Beside,
    scrub_after: Duration::from_secs(3_600),
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
        let writer =
            Writer::open(journal, Arc::new(store), settings, 0).map_err(RigError::Writer)?;
        Ok(Self { disk: disk.clone(), writer })
    }

    /// Steps with these commands; tells what each was answered, if it was.
    pub(crate) fn step(
        &mut self,
        commands: Vec<Command>,
    ) -> (Vec<Option<Answer>>, Result<(), StepError>) {
        let (proposals, answers) = proposals(commands);
        let stepped = self.writer.step(proposals, 0);
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
        Proposal { command, reply: Reply::Call(Box::new(answer)) }
    };
    let proposals = commands.into_iter().enumerate().map(proposal).collect();
    (proposals, answers)
}

/// Checks the records against the ends of the state's logs, however they are looked for.
pub(crate) fn check_rows(state: &State, view: &View) {
    for (no, channel) in &state.channels {
        let mut accepted = 0;
        for log in channel.logs.values() {
            let mut last: Option<EventRow> = None;
            let read = view.log(*no, log.no, 1, &mut |_, row| {
                let seq = last.as_ref().map_or(0, |last| last.seq) + 1;
                assert_eq!((row.log, row.seq), (log.no, seq));
                accepted += usize::from(row.outcome == Outcome::Accepted);
                last = Some(row);
                ControlFlow::Continue(())
            });
            read.unwrap();
            assert_eq!(last.as_ref().map_or(0, |row| row.seq), log.end.seq());
            assert_eq!(last.map_or(Hash::ZERO, |row| row.hash), log.end.hash());
        }
        let by_pos = records(view, *no);
        let ends = channel.logs.values().map(|log| log.end.seq()).sum::<u64>();
        assert_eq!(by_pos.len() as u64, ends);
        let all = (Bound::Unbounded, Bound::Unbounded);
        let timeline = view.timeline(*no, all, Direction::Ascending, usize::MAX).unwrap();
        assert_eq!(timeline.len(), accepted);
        assert!(timeline.is_sorted_by_key(|(_, row)| row.id));
        for (pos, row) in timeline {
            assert_eq!(by_pos.get(&pos), Some(&row));
        }
    }
}

/// All records of a channel.
pub(crate) fn records(view: &View, channel: ChannelNo) -> BTreeMap<Pos, EventRow> {
    let mut found = BTreeMap::new();
    let read = view.records(channel, (Pos(0), Pos(u64::MAX)), &mut |pos, row| {
        assert!(found.last_key_value().is_none_or(|(last, _)| *last < pos));
        found.insert(pos, row);
        ControlFlow::Continue(())
    });
    read.unwrap();
    found
}
