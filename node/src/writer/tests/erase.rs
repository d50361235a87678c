//! What was erased is hidden at once, stays so after a crash, and is gone from a real disk in time.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use comity_machine::{Act, Answer, Command, ErasedBy, EventRow};
use comity_protocol::body::WireBody;
use comity_protocol::control::Moderation;
use comity_protocol::cursor::Pos;
use comity_protocol::id::{ChannelId, LogName};

use super::pressure::{ROOMY, until};
use super::rig::{EAGER, LAZY, Rig, check_rows, proposals, records};
use super::story::{Story, perform};
use crate::disk::{DirectoryDisk, MemoryDisk, Tear};
use crate::journal::FileJournal;
use crate::store::{Store, StoreId};
use crate::writer::{Shared, Writer, WriterSettings};

const SECRET: &str = "the-one-text-that-nobody-may-find-on-this-disk";

/// Alice opens a direct channel with Bob; the commands, and the channel.
fn opening() -> (Vec<Command>, ChannelId) {
    let mut story = Story::begin("acme.test", 1, &["alice", "bob"]);
    let bob = story.account(2);
    let channel = story.channel(1, Act::OpenDirect { account: bob, label: "bob@acme.test".into() });
    (story.commands, channel)
}

fn says(channel: ChannelId, number: u64, text: &str) -> Command {
    perform(1, Some(number), number, Act::send(channel, text))
}

fn all(shared: &Shared) -> Vec<(Pos, EventRow)> {
    let no = *shared.state().channels.keys().next().unwrap();
    records(&shared.view().unwrap(), no).into_iter().collect()
}

/// Alice erases the n-th record of her log.
fn erases(shared: &Shared, channel: ChannelId, seq: u64, number: u64) -> Command {
    let (_, row) = all(shared).into_iter().find(|(_, row)| row.seq == seq).unwrap();
    let state = shared.state();
    let (_, known) = state.channel(&channel).unwrap();
    let (name, _) = known.logs.iter().find(|(_, log)| log.no == row.log).unwrap();
    let LogName::Message { origin, writer } = *name else { panic!("a message log") };
    let target = Moderation { origin, writer, seq, hash: row.hash.into() };
    perform(1, Some(number), number, Act::Erase { channel, target, author: row.sender.unwrap() })
}

fn texts(shared: &Shared) -> Vec<Option<String>> {
    let rows = all(shared).into_iter().map(|(_, row)| row);
    let messages = rows.filter(|row| row.erased.is_some() || !is_empty(&row.body));
    messages.map(|row| text_of(&row.body)).collect()
}

fn text_of(body: &WireBody) -> Option<String> {
    match body {
        WireBody::Present(body) => body.as_text().map(str::to_owned),
        WireBody::Absent(_) => None,
    }
}

fn is_empty(body: &WireBody) -> bool {
    matches!(body, WireBody::Present(body) if body.content_type.is_empty())
}

#[test]
fn an_erased_text_is_hidden_at_once_and_after_a_crash() {
    for settings in [LAZY, EAGER] {
        let disk = MemoryDisk::new();
        let mut rig = Rig::open(&disk, settings, ROOMY).unwrap();
        let (commands, channel) = opening();
        rig.step(commands).1.unwrap();
        for (number, text) in [(1, "one"), (2, SECRET), (3, "three")] {
            assert!(matches!(rig.ask(says(channel, number, text)), Answer::Stored { .. }));
        }
        let erasing = erases(&rig.shared(), channel, 2, 4);
        assert_eq!(rig.ask(erasing.clone()), Answer::Done);
        let expected = [Some("one".to_owned()), None, Some("three".to_owned())];
        assert_eq!(texts(&rig.shared()), expected);
        // Once more changes nothing; the same nonce is the same request.
        assert_eq!(rig.ask(erasing), Answer::Done);
        rig.check_rows();
        let image = disk.crash(Tear::Nothing);
        drop(rig);
        let rig = Rig::open(&image, settings, ROOMY).unwrap();
        assert_eq!(texts(&rig.shared()), expected);
        rig.check_rows();
    }
}

fn open(path: &Path, settings: WriterSettings) -> Writer {
    let disk = Arc::new(DirectoryDisk::open(path).unwrap());
    let store_settings = crate::store::Settings { cache_bytes: 1 << 20 };
    let store = Store::open(disk.clone(), "s.redb", store_settings, StoreId([1; 16])).unwrap();
    let applied = store.snapshot().unwrap().applied();
    let journal = Box::new(FileJournal::open(disk, ROOMY, applied).unwrap());
    Writer::open(journal, Arc::new(store), settings, 0).unwrap()
}

/// Files in which a text can be read.
fn grep(path: &Path, text: &str) -> Vec<String> {
    let files = std::fs::read_dir(path).unwrap().map(Result::unwrap);
    let found = files.filter(|file| {
        let bytes = std::fs::read(file.path()).unwrap_or_default();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    });
    found.map(|file| file.file_name().into_string().unwrap()).collect()
}

/// Applies commands; the answer to the last.
fn step(writer: &mut Writer, commands: Vec<Command>, now_ms: u64) -> Option<Answer> {
    let (proposals, answers) = proposals(commands);
    writer.step(proposals, now_ms).unwrap();
    let answers = answers.lock().unwrap().clone();
    answers.into_iter().flatten().last()
}

/// Lets time pass until no file holds the secret any more; the time then.
fn comes_clean(writer: &mut Writer, path: &Path) -> u64 {
    let mut now_ms = 1_000;
    until("the disk is clean", || {
        now_ms += 10_000;
        writer.flush_if_due(now_ms).unwrap();
        grep(path, SECRET).is_empty()
    });
    now_ms
}

#[test]
fn what_was_erased_cannot_be_read_from_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let settings = WriterSettings { scrub_after: Duration::from_secs(60), ..EAGER };
    let mut writer = open(dir.path(), settings);
    let (commands, channel) = opening();
    step(&mut writer, commands, 0);
    for number in 1..=200 {
        let text =
            if number % 50 == 7 { format!("{SECRET} {number}") } else { format!("{number}") };
        step(&mut writer, vec![says(channel, number, &text)], number);
    }
    assert!(grep(dir.path(), SECRET).len() >= 2, "store and journal have it");
    for (number, seq) in [(301, 7), (302, 57), (303, 107), (304, 157)] {
        let erasing = erases(&writer.shared(), channel, seq, number);
        assert_eq!(step(&mut writer, vec![erasing], number), Some(Answer::Done));
    }
    // A restart before its time does not make it forget.
    writer.finish().unwrap();
    let mut writer = open(dir.path(), settings);
    assert!(!grep(dir.path(), SECRET).is_empty(), "it is not due yet");
    comes_clean(&mut writer, dir.path());
    let shared = writer.shared();
    check_rows(&shared.state(), &shared.view().unwrap());
    assert_eq!(texts(&shared).iter().filter(|text| text.is_none()).count(), 4);
    assert_eq!(texts(&shared).len(), 200);
    writer.finish().unwrap();
}

/// This node keeps texts for a second: those before the n-th record of Alice's log are of age.
fn retains(shared: &Shared, seq: u64) -> Command {
    let (_, row) = all(shared).into_iter().find(|(_, row)| row.seq == seq).unwrap();
    Command::Retain { seconds: Some(1), unix_ms: row.id.time().unix_ms() + 1_000 }
}

#[test]
fn a_text_that_is_of_age_is_hidden_at_once_and_after_a_crash() {
    for settings in [LAZY, EAGER] {
        let disk = MemoryDisk::new();
        let mut rig = Rig::open(&disk, settings, ROOMY).unwrap();
        let (commands, channel) = opening();
        rig.step(commands).1.unwrap();
        for (number, text) in [(11, "one"), (12, SECRET), (13, "three"), (14, "four")] {
            assert!(matches!(rig.ask(says(channel, number, text)), Answer::Stored { .. }));
        }
        assert_eq!(rig.ask(erases(&rig.shared(), channel, 1, 15)), Answer::Done);
        let retains = retains(&rig.shared(), 3);
        assert_eq!(rig.ask(retains), Answer::Done);
        let expected = [None, None, Some("three".to_owned()), Some("four".to_owned())];
        let by = [Some(ErasedBy::Record), Some(ErasedBy::Retention), None, None];
        for _ in 0..2 {
            assert_eq!(texts(&rig.shared()), expected);
            let messages = all(&rig.shared()).into_iter().take(4);
            assert_eq!(messages.map(|(_, row)| row.erased).collect::<Vec<_>>(), by);
            rig.check_rows();
            let image = disk.crash(Tear::Nothing);
            drop(rig);
            rig = Rig::open(&image, settings, ROOMY).unwrap();
        }
    }
}

#[test]
fn what_is_of_age_cannot_be_read_from_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let settings = WriterSettings { scrub_after: Duration::from_secs(60), ..EAGER };
    let mut writer = open(dir.path(), settings);
    let (commands, channel) = opening();
    step(&mut writer, commands, 0);
    for number in 11..=210 {
        let text = if number <= 160 { format!("{SECRET} {number}") } else { format!("{number}") };
        step(&mut writer, vec![says(channel, number, &text)], number);
    }
    assert!(grep(dir.path(), SECRET).len() >= 2, "store and journal have it");
    let retains = retains(&writer.shared(), 151);
    assert_eq!(step(&mut writer, vec![retains], 300), Some(Answer::Done));
    assert_eq!(texts(&writer.shared()).iter().filter(|text| text.is_none()).count(), 150);
    // A restart in between does not make it forget.
    writer.finish().unwrap();
    let mut writer = open(dir.path(), settings);
    let now_ms = comes_clean(&mut writer, dir.path());
    let shared = writer.shared();
    check_rows(&shared.state(), &shared.view().unwrap());
    assert_eq!(texts(&shared).iter().filter(|text| text.is_none()).count(), 150);
    assert_eq!(texts(&shared).len(), 200);
    // Nothing is left to look for.
    writer.flush_if_due(now_ms + 100_000).unwrap();
    writer.finish().unwrap();
}
