//! Full disks, failing disks, and a store that cannot follow.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use comity_machine::{Act, Answer, Applied, ChannelNo, Command, DeviceId, RefusedCode};
use comity_protocol::code::Code;
use comity_protocol::id::ChannelId;

use super::rig::{EAGER, LAZY, Rig, SMALL, records};
use super::story::{Story, perform};
use crate::disk::{MemoryDisk, Tear};
use crate::journal;
use crate::writer::{
    Listener, ProposeError, Reply, Shared, StepError, WriterSettings, WriterThread,
};

pub(super) const ROOMY: journal::Settings =
    journal::Settings { bytes_max: 8 << 20, segment_bytes: 1 << 20, salt: 7 };
/// Long enough for anything here; who waits longer waits for ever.
const SOON: Duration = Duration::from_secs(60);

/// Alice and Bob in a direct channel, told to a writer.
pub(super) struct Chat {
    pub(super) rig: Rig,
    channel: ChannelId,
    said: u64,
}

impl Chat {
    pub(super) fn begin(mut rig: Rig) -> Self {
        let mut story = Story::begin("acme.test", 1, &["alice", "bob"]);
        let bob = story.account(2);
        let open = Act::OpenDirect { account: bob, label: "bob@acme.test".into() };
        let channel = story.channel(1, open);
        let (answers, stepped) = rig.step(story.commands);
        stepped.unwrap();
        assert_eq!(answers.into_iter().flatten().collect::<Vec<_>>(), story.answers);
        Self { rig, channel, said: 0 }
    }

    /// Alice's next message.
    pub(super) fn message(&mut self, bytes: usize) -> Command {
        self.said += 1;
        let text = format!("{:08}", self.said).repeat(bytes.div_ceil(8));
        perform(1, Some(self.said), self.said, Act::send(self.channel, text))
    }

    fn says(&mut self, bytes: usize) -> Answer {
        let message = self.message(bytes);
        self.rig.ask(message)
    }
}

pub(super) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < SOON, "not so: {what}");
        std::thread::yield_now();
    }
}

fn is_stored(answer: &Answer) -> bool {
    matches!(answer, Answer::Stored { .. })
}

fn events(shared: &Shared) -> usize {
    let view = shared.view().unwrap();
    let channels: Vec<ChannelNo> = shared.state().channels.keys().copied().collect();
    channels.into_iter().map(|channel| records(&view, channel).len()).sum()
}

#[test]
fn a_full_disk_refuses_by_name_and_takes_more_when_there_is_room() {
    let (disk, store_disk) = (MemoryDisk::new(), MemoryDisk::new());
    let mut chat = Chat::begin(Rig::open_on(&disk, &store_disk, LAZY, ROOMY).unwrap());
    disk.limit_bytes(Some(disk.used_bytes()));
    let mut stored = 0;
    let refused = loop {
        let before = (chat.rig.state_bytes(), chat.rig.writer.applied());
        let message = chat.message(100_000);
        match chat.rig.ask(message.clone()) {
            Answer::Stored { .. } => stored += 1,
            answer => {
                assert_eq!(answer, Answer::Refused(RefusedCode(Code::DiskFull)));
                assert!(before == (chat.rig.state_bytes(), chat.rig.writer.applied()));
                break message;
            }
        }
    };
    assert!(stored > 3);
    // Until there is room it goes on refusing, and a crash meanwhile loses nothing.
    assert_eq!(chat.says(300_000), Answer::Refused(RefusedCode(Code::DiskFull)));
    let found =
        Rig::open_on(&disk.image(Tear::Nothing), &store_disk.image(Tear::Nothing), LAZY, ROOMY);
    if let Ok(found) = found {
        assert!(found.state_bytes() == chat.rig.state_bytes());
    }
    disk.limit_bytes(None);
    assert!(is_stored(&chat.rig.ask(refused)));
    chat.rig.check_rows();
    let bytes = chat.rig.state_bytes();
    let (disk, store_disk) = (disk.crash(Tear::Nothing), store_disk.crash(Tear::Nothing));
    let found = Rig::open_on(&disk, &store_disk, LAZY, ROOMY).unwrap();
    assert!(found.state_bytes() == bytes);
    found.check_rows();
}

#[test]
fn a_store_without_room_is_waited_for_and_readers_go_on() {
    let (disk, store_disk) = (MemoryDisk::new(), MemoryDisk::new());
    let mut chat = Chat::begin(Rig::open_on(&disk, &store_disk, EAGER, ROOMY).unwrap());
    let shared = chat.rig.shared();
    until("the store has all", || shared.pending_bytes() == (0, 0));
    store_disk.limit_bytes(Some(store_disk.used_bytes()));
    let writes = store_disk.writes();
    for said in 1..=10 {
        assert!(is_stored(&chat.says(100_000)));
        assert_eq!(events(&shared), said);
    }
    until("the store was tried", || store_disk.writes() > writes);
    // Snapshots end with each try; who reads takes the next.
    for _ in 0..200 {
        assert_eq!(events(&shared), 10);
    }
    let (crashed, store_crashed) = (disk.image(Tear::Nothing), store_disk.image(Tear::Nothing));
    let found = Rig::open_on(&crashed, &store_crashed, EAGER, ROOMY).unwrap();
    assert!(found.state_bytes() == chat.rig.state_bytes());
    found.check_rows();

    store_disk.limit_bytes(None);
    until("the store has taken all", || shared.pending_bytes() == (0, 0));
    chat.rig.check_rows();
    assert!(is_stored(&chat.says(10)));
    let bytes = chat.rig.state_bytes();
    chat.rig.writer.finish().unwrap();
    let found = Rig::open_on(&disk, &store_disk, EAGER, ROOMY).unwrap();
    assert!(found.state_bytes() == bytes);
}

#[test]
fn a_node_that_stops_with_a_full_store_has_everything_at_its_next_start() {
    let (disk, store_disk) = (MemoryDisk::new(), MemoryDisk::new());
    let mut chat = Chat::begin(Rig::open_on(&disk, &store_disk, LAZY, ROOMY).unwrap());
    store_disk.limit_bytes(Some(store_disk.used_bytes()));
    for _ in 0..10 {
        assert!(is_stored(&chat.says(100_000)));
    }
    let bytes = chat.rig.state_bytes();
    chat.rig.writer.finish().unwrap();
    store_disk.limit_bytes(None);
    let found = Rig::open_on(&disk, &store_disk, LAZY, ROOMY).unwrap();
    assert!(found.state_bytes() == bytes);
    found.check_rows();
}

#[test]
fn a_failed_sync_ends_the_writer_and_nothing_more_is_acknowledged() {
    let (disk, store_disk) = (MemoryDisk::new(), MemoryDisk::new());
    let mut chat = Chat::begin(Rig::open_on(&disk, &store_disk, LAZY, ROOMY).unwrap());
    assert!(is_stored(&chat.says(10)));
    let before = chat.rig.state_bytes();
    let (first, second) = (chat.message(10), chat.message(10));
    let shared = chat.rig.shared();
    let told: Arc<Mutex<Vec<String>>> = Arc::default();
    let hear = Arc::clone(&told);
    let (thread, handle) = WriterThread::start(chat.rig.writer, move |error| {
        hear.lock().unwrap().push(error.to_string());
    })
    .unwrap();
    disk.fail_at_sync(1);
    let failed = handle.propose(first).unwrap().blocking_recv();
    assert_eq!(failed, Ok(Answer::Refused(RefusedCode(Code::StorageFailed))));
    until("the writer ends", || told.lock().unwrap().len() == 1);
    until("it takes no more", || match handle.propose(second.clone()) {
        Ok(answer) => {
            assert!(answer.blocking_recv().is_err(), "acknowledged after a failed sync");
            false
        }
        Err(error) => error == ProposeError::Ended,
    });
    assert!(shared.state().to_bytes() == before, "applied without being durable");
    assert!(matches!(thread.stop(), Err(StepError::Journal(_))));
    assert_eq!(told.lock().unwrap().len(), 1);
    let (disk, store_disk) = (disk.crash(Tear::Nothing), store_disk.crash(Tear::Nothing));
    let found = Rig::open_on(&disk, &store_disk, LAZY, ROOMY).unwrap();
    assert!(found.state_bytes() == before);
}

#[test]
fn a_store_that_fails_ends_the_writer_and_the_journal_has_all() {
    let (disk, store_disk) = (MemoryDisk::new(), MemoryDisk::new());
    let mut chat = Chat::begin(Rig::open_on(&disk, &store_disk, EAGER, ROOMY).unwrap());
    let shared = chat.rig.shared();
    until("the store has all", || shared.pending_bytes() == (0, 0));
    store_disk.fail_at_sync(1);
    let mut stored = 0;
    let ended = loop {
        let message = chat.message(10);
        let (answers, stepped) = chat.rig.step(vec![message]);
        stored += answers.iter().flatten().filter(|answer| is_stored(answer)).count();
        if let Err(error) = stepped {
            break error;
        }
    };
    assert!(matches!(ended, StepError::Store(_)), "{ended}");
    let bytes = chat.rig.state_bytes();
    let (disk, store_disk) = (disk.crash(Tear::Nothing), store_disk.crash(Tear::Nothing));
    let found = Rig::open_on(&disk, &store_disk, LAZY, ROOMY).unwrap();
    assert!(found.state_bytes() == bytes);
    assert_eq!(events(&found.shared()), stored);
}

#[test]
fn senders_wait_for_a_store_that_cannot_follow() {
    const OVERLAY_BYTES_MAX: usize = 200_000;
    let settings =
        WriterSettings { seal_bytes: 20_000, overlay_bytes_max: OVERLAY_BYTES_MAX, ..LAZY };
    let (disk, store_disk) = (MemoryDisk::new(), MemoryDisk::new());
    let mut chat = Chat::begin(Rig::open_on(&disk, &store_disk, settings, ROOMY).unwrap());
    let shared = chat.rig.shared();
    store_disk.limit_bytes(Some(store_disk.used_bytes()));
    let messages: Vec<Command> = (0..300).map(|_| chat.message(10_000)).collect();
    let (thread, handle) = WriterThread::start(chat.rig.writer, |_| {}).unwrap();
    let (stored, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    for message in messages {
        let (shared, stored, most) = (Arc::clone(&shared), stored.clone(), most.clone());
        let answer = move |answer: Answer| {
            assert!(is_stored(&answer));
            stored.fetch_add(1, Ordering::Relaxed);
            most.fetch_max(shared.pending_bytes().0, Ordering::Relaxed);
        };
        handle.propose_with(message, Reply::Call(Box::new(answer))).unwrap();
    }
    until("the overlay is full", || shared.pending_bytes().0 >= OVERLAY_BYTES_MAX);
    assert!(stored.load(Ordering::Relaxed) < 300, "nobody was slowed");
    store_disk.limit_bytes(None);
    until("all is stored", || stored.load(Ordering::Relaxed) == 300);
    // One payload of the journal may come on top.
    let most = most.load(Ordering::Relaxed);
    assert!(most < OVERLAY_BYTES_MAX + (2 << 20), "the overlay held {most} bytes");
    thread.stop().unwrap();
    let found = Rig::open_on(&disk, &store_disk, settings, ROOMY).unwrap();
    assert_eq!(events(&found.shared()), 300);
}

#[test]
fn a_journal_that_is_full_waits_for_the_store() {
    let disk = MemoryDisk::new();
    let mut chat = Chat::begin(Rig::open(&disk, LAZY, SMALL).unwrap());
    for _ in 0..300 {
        assert!(is_stored(&chat.says(2_000)));
    }
    chat.rig.check_rows();
    let bytes = chat.rig.state_bytes();
    let found = Rig::open(&disk.crash(Tear::Nothing), LAZY, SMALL).unwrap();
    assert!(found.state_bytes() == bytes);
    found.check_rows();
}

/// Pins: with the store up to date but the journal not yet trimmed, a writer whose journal was full
/// waited for ever for the store's next batch.
#[test]
fn a_journal_that_is_full_is_trimmed_where_the_store_has_all() {
    let (disk, store_disk) = (MemoryDisk::new(), MemoryDisk::new());
    let mut chat = Chat::begin(Rig::open_on(&disk, &store_disk, EAGER, SMALL).unwrap());
    let shared = chat.rig.shared();
    for _ in 0..5 {
        store_disk.limit_bytes(Some(store_disk.used_bytes()));
        assert!(is_stored(&chat.says(20_000)));
        store_disk.limit_bytes(None);
        until("the store has all", || shared.pending_bytes() == (0, 0));
    }
    chat.rig.check_rows();
}

struct Bomb;

impl Listener for Bomb {
    fn published(&mut self, _: Vec<Applied>, _: &[DeviceId]) {
        panic!("a test's own panic");
    }
}

#[test]
fn a_writer_that_panics_leaves_nobody_waiting() {
    let disk = MemoryDisk::new();
    let mut chat = Chat::begin(Rig::open(&disk, LAZY, SMALL).unwrap());
    let message = chat.message(10);
    chat.rig.writer.set_listener(Box::new(Bomb));
    let told = Arc::new(AtomicUsize::new(0));
    let hear = Arc::clone(&told);
    let (thread, handle) = WriterThread::start(chat.rig.writer, move |_| {
        hear.fetch_add(1, Ordering::Relaxed);
    })
    .unwrap();
    let answer = handle.propose(message.clone()).unwrap();
    assert!(answer.blocking_recv().is_err());
    until("the node hears of it", || told.load(Ordering::Relaxed) == 1);
    assert!(matches!(handle.propose(message), Err(ProposeError::Ended)));
    assert!(matches!(thread.stop(), Err(StepError::Panicked)));
}
