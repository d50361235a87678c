//! The writer's thread beside the journal's: appending the next commands while applying the last
//! ones changes nothing that anybody sees.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use comity_machine::{Answer, Applied, Command, DeviceId};
use comity_protocol::cursor::Pos;
use comity_protocol::id::MessageId;

use super::pressure::{Chat, ROOMY, until};
use super::rig::{LAZY, Rig, records};
use crate::disk::{MemoryDisk, Tear};
use crate::writer::{Listener, WriterSettings, WriterThread};

/// One command in a step, so that many steps follow each other.
const ONE: WriterSettings = WriterSettings { commands_max: 1, ..LAZY };

/// Applies a message only once the next one is durable.
struct Late {
    disk: MemoryDisk,
    /// Syncs before the first message, and how many messages there are.
    before: u64,
    all: u64,
    heard: u64,
    are_proposed: Arc<AtomicBool>,
}

impl Listener for Late {
    fn published(&mut self, _: Vec<Applied>, _: &[DeviceId]) {
        until("all are proposed", || self.are_proposed.load(Ordering::Relaxed));
        self.heard += 1;
        // Behind the first one the queue may have been empty.
        if self.heard > 1 && self.heard < self.all {
            until("the next one is durable", || self.disk.syncs() > self.before + self.heard);
        }
    }
}

#[test]
fn the_next_commands_become_durable_while_the_last_ones_are_applied() {
    let (disk, store_disk) = (MemoryDisk::new(), MemoryDisk::new());
    let mut chat = Chat::begin(Rig::open_on(&disk, &store_disk, ONE, ROOMY).unwrap());
    let messages: Vec<Command> = (0..20).map(|_| chat.message(50)).collect();
    let are_proposed = Arc::new(AtomicBool::new(false));
    let late = Late {
        disk: disk.clone(),
        before: disk.syncs(),
        all: messages.len() as u64,
        heard: 0,
        are_proposed: Arc::clone(&are_proposed),
    };
    let shared = chat.rig.shared();
    chat.rig.writer.set_listener(Box::new(late));
    let (thread, handle) = WriterThread::start(chat.rig.writer, |_| {}).unwrap();
    let answers: Vec<_> =
        messages.into_iter().map(|message| handle.propose(message).unwrap()).collect();
    are_proposed.store(true, Ordering::Relaxed);
    let places: Vec<Pos> = answers.into_iter().map(|a| place(a.blocking_recv().ok()).1).collect();
    assert!(places.is_sorted_by(|a, b| a < b));
    thread.stop().unwrap();
    let found = Rig::open_on(&disk, &store_disk, LAZY, ROOMY).unwrap();
    assert!(found.state_bytes() == shared.state().to_bytes());
    found.check_rows();
}

#[test]
fn what_is_answered_survives_while_appends_overlap() {
    for n in 1..40 {
        let (disk, store_disk) = (MemoryDisk::new(), MemoryDisk::new());
        let settings = WriterSettings { commands_max: 1 + n as usize % 3, ..LAZY };
        let mut chat = Chat::begin(Rig::open_on(&disk, &store_disk, settings, ROOMY).unwrap());
        let messages: Vec<Command> = (0..60).map(|_| chat.message(50)).collect();
        disk.die_at_sync(n);
        let (thread, handle) = WriterThread::start(chat.rig.writer, |_| {}).unwrap();
        // Some come too late to be taken.
        let asked = messages.into_iter().map_while(|message| handle.propose(message).ok());
        let asked: Vec<_> = asked.collect();
        let answers = asked.into_iter().filter_map(|answer| answer.blocking_recv().ok());
        let stored = answers.filter(|answer| matches!(answer, Answer::Stored { .. }));
        let stored: Vec<(MessageId, Pos)> = stored.map(|answer| place(Some(answer))).collect();
        // It may be that all were taken in fewer syncs.
        assert!(thread.stop().is_err() || stored.len() == 60);
        for tear in [Tear::Nothing, Tear::Sectors(n), Tear::Everything] {
            let (journal, store) = (disk.image(tear), store_disk.image(tear));
            let found = Rig::open_on(&journal, &store, LAZY, ROOMY).unwrap();
            found.check_rows();
            let shared = found.shared();
            let channel = *shared.state().channels.keys().next().unwrap();
            let rows = records(&shared.view().unwrap(), channel);
            for (id, pos) in &stored {
                assert_eq!(rows.get(pos).map(|row| row.id), Some(*id));
            }
        }
    }
}

fn place(answer: Option<Answer>) -> (MessageId, Pos) {
    match answer {
        Some(Answer::Stored { id, pos }) => (id, pos),
        other => panic!("{other:?}"),
    }
}
