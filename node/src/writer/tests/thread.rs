//! The writer's thread on a disk that dies: what it has answered is there at the next start.

use comity_machine::{Answer, Command};
use comity_protocol::cursor::Pos;
use comity_protocol::id::MessageId;

use super::pressure::{Chat, ROOMY};
use super::rig::{LAZY, Rig, records};
use crate::disk::{MemoryDisk, Tear};
use crate::writer::{WriterSettings, WriterThread};

#[test]
fn what_is_answered_survives_a_disk_that_dies_under_the_thread() {
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
        Some(Answer::Stored { id, pos, .. }) => (id, pos),
        other => panic!("{other:?}"),
    }
}
