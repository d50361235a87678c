//! The power goes at every sync, with every way in which unsynced bytes may be torn.

use super::rig::{EAGER, LAZY, Rig, SMALL, STRICT};
use super::story::{self, Story, start};
use crate::disk::{MemoryDisk, Tear};
use crate::writer::WriterSettings;

/// Runs a story until it ends or the disk does; how many commands were answered.
fn run(story: &Story, disk: &MemoryDisk, settings: WriterSettings, at_once: usize) -> usize {
    let Ok(mut rig) = Rig::open(disk, settings, SMALL) else { return 0 };
    let mut answered = 0;
    for commands in story.commands.chunks(at_once) {
        let (answers, stepped) = rig.step(commands.to_vec());
        let given = answers.iter().zip(&story.answers[answered..]);
        let given = given.take_while(|(answer, wanted)| answer.as_ref() == Some(*wanted)).count();
        answered += given;
        if stepped.is_err() || given < commands.len() {
            break;
        }
    }
    answered
}

/// Opens what a crash left: everything answered is there, the state is that of a straight run, rows
/// agree with it, and the node goes on.
fn check(story: &Story, disk: &MemoryDisk, answered: usize, settings: WriterSettings) {
    let mut rig = Rig::open(disk, settings, SMALL).unwrap();
    let applied = rig.writer.applied() as usize;
    assert!(applied >= answered, "{answered} were answered, {applied} are there");
    assert!(rig.state_bytes() == story.states[applied], "the state differs after {applied}");
    rig.check_rows();
    for (command, answer) in story.commands.iter().zip(&story.answers).skip(applied) {
        assert_eq!(rig.ask(command.clone()), *answer);
    }
    assert!(rig.state_bytes() == *story.states.last().unwrap());
    rig.check_rows();
    rig.writer.finish().unwrap();
    let rig = Rig::open(disk, settings, SMALL).unwrap();
    assert!(rig.state_bytes() == *story.states.last().unwrap());
    rig.check_rows();
}

/// Runs the story on a disk that dies at the n-th sync, for every n.
fn at_every_sync(settings: WriterSettings, at_once: usize, tears: &[fn(u64) -> Tear]) {
    let story = story::of_everything();
    for n in 1.. {
        let disk = MemoryDisk::new();
        disk.die_at_sync(n);
        let answered = run(&story, &disk, settings, at_once);
        for tear in tears {
            check(&story, &disk.image(tear(n)), answered, settings);
        }
        if !disk.is_dead() {
            assert_eq!(answered, story.commands.len());
            assert!(n > 10, "a story has more syncs than {n}");
            return;
        }
    }
}

#[test]
fn every_answered_command_survives_where_only_the_journal_has_it() {
    let tears: [fn(u64) -> Tear; 4] =
        [|_| Tear::Nothing, |_| Tear::Everything, |n| Tear::Prefix(37 * n), Tear::Sectors];
    at_every_sync(LAZY, 1, &tears);
}

#[test]
fn every_answered_command_survives_where_the_store_follows_each_step() {
    at_every_sync(STRICT, 3, &[|_| Tear::Nothing, Tear::Sectors]);
}

#[test]
fn every_answered_command_survives_while_the_store_works_beside() {
    at_every_sync(EAGER, 2, &[|_| Tear::Nothing, Tear::Sectors]);
}

/// Pins: a replay that handed rows to the store said that the store had all of the journal, so that
/// a crash during the replay lost what it had not come to.
#[test]
fn a_crash_during_the_replay_loses_nothing() {
    let story = story::of_everything();
    let disk = MemoryDisk::new();
    let answered = run(&story, &disk, LAZY, 1);
    assert_eq!(answered, story.commands.len());
    for settings in [STRICT, EAGER] {
        for n in 1.. {
            let again = disk.image(Tear::Nothing);
            again.die_at_sync(n);
            drop(Rig::open(&again, settings, SMALL));
            check(&story, &again.image(Tear::Nothing), answered, settings);
            if !again.is_dead() {
                break;
            }
        }
    }
}

#[test]
fn a_nonce_is_answered_after_a_crash_as_before() {
    let story = story::of_everything();
    let disk = MemoryDisk::new();
    run(&story, &disk, EAGER, 4);
    let mut rig = Rig::open(&disk.crash(Tear::Nothing), EAGER, SMALL).unwrap();
    rig.ask(start(99));
    let before = rig.shared().state().channels.len();
    let mut repeated = 0;
    for (command, answer) in story.commands.iter().zip(&story.answers) {
        if let comity_machine::Command::Perform { nonce: Some(_), .. } = command {
            assert_eq!(rig.ask(command.clone()), *answer);
            repeated += 1;
        }
    }
    assert_eq!((repeated, rig.shared().state().channels.len()), (5, before));
    rig.check_rows();
}
