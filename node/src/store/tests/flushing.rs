//! The flushing thread: progress, bounds, full and failing disks.

use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use super::super::{FlushEvent, Flusher, FlusherSettings, SubmitError};
use super::*;

/// Long enough that only a broken flusher reaches it.
const PATIENCE: Duration = Duration::from_secs(60);

const QUICK: FlusherSettings = FlusherSettings {
    batches_max: 4,
    retry_min: Duration::from_millis(1),
    retry_max: Duration::from_millis(2),
    retries_max: 1_000_000,
};

#[derive(Debug, PartialEq)]
enum Heard {
    Durable(u64),
    Failed(String),
    Full,
}

fn start(disk: &MemoryDisk, settings: FlusherSettings) -> (Arc<Store>, Flusher, Receiver<Heard>) {
    let store = Arc::new(open(disk).unwrap());
    // More than any test here makes it tell.
    let (tell, heard) = mpsc::sync_channel(1_000);
    let listener = move |event: FlushEvent<'_>| {
        let event = match event {
            FlushEvent::Durable(command) => Heard::Durable(command),
            FlushEvent::Failed(error) => Heard::Failed(error.to_string()),
            FlushEvent::Full(_) => Heard::Full,
        };
        let _ = tell.send(event);
    };
    let flusher = Flusher::start(Arc::clone(&store), settings, listener).unwrap();
    (store, flusher, heard)
}

fn submit(flusher: &Flusher, batch: Arc<Batch>) {
    while flusher.submit(Arc::clone(&batch)) == Err(SubmitError::Busy) {
        std::thread::yield_now();
    }
}

#[test]
fn batches_become_durable_in_order() {
    let disk = MemoryDisk::new();
    let (store, flusher, heard) = start(&disk, QUICK);
    for command in 1..=50 {
        submit(&flusher, batch(command, &[("a", &command.to_string())]));
    }
    assert!(flusher.wait_for(50, PATIENCE).unwrap());
    assert_eq!(flusher.durable(), 50);
    assert_eq!(events(&store.snapshot().unwrap()), ["a=50"]);
    assert_eq!(flusher.stop(), Ok(50));
    let told: Vec<Heard> = heard.iter().collect();
    assert_eq!(told.last(), Some(&Heard::Durable(50)));
    assert_eq!(reopen(&disk.crash(Tear::Nothing)).1.applied(), 50);
}

#[test]
fn stopping_stores_what_waits() {
    let disk = MemoryDisk::new();
    let (store, flusher, _heard) = start(&disk, QUICK);
    for command in 1..=4 {
        submit(&flusher, batch(command, &[("a", "1")]));
    }
    drop(flusher);
    assert_eq!(store.snapshot().unwrap().applied(), 4);
    // The next one begins where the store is.
    drop(store);
    let (_store, flusher, _heard) = start(&disk, QUICK);
    assert_eq!(flusher.durable(), 4);
    assert_eq!(flusher.wait_for(5, Duration::from_millis(1)), Ok(false));
}

#[test]
fn a_full_disk_fills_the_queue_and_loses_nothing() {
    let disk = MemoryDisk::new();
    let (store, flusher, heard) = start(&disk, QUICK);
    disk.limit_bytes(Some(disk.used_bytes()));
    let long = "x".repeat(100_000);
    flusher.submit(batch(1, &[("a", &long)])).unwrap();
    assert_eq!(heard.recv_timeout(PATIENCE), Ok(Heard::Full));
    for command in 2..=4 {
        flusher.submit(batch(command, &[("b", "1")])).unwrap();
    }
    assert_eq!(flusher.submit(batch(5, &[])), Err(SubmitError::Busy));
    assert_eq!(store.snapshot().unwrap().applied(), 0);
    disk.limit_bytes(None);
    assert!(flusher.wait_for(4, PATIENCE).unwrap());
    flusher.submit(batch(5, &[])).unwrap();
    assert_eq!(flusher.stop(), Ok(5));
}

#[test]
fn a_disk_that_stays_full_is_a_failure_in_the_end() {
    let disk = MemoryDisk::new();
    let (_store, flusher, heard) = start(&disk, FlusherSettings { retries_max: 3, ..QUICK });
    disk.limit_bytes(Some(disk.used_bytes()));
    flusher.submit(batch(1, &[("a", &"x".repeat(100_000))])).unwrap();
    assert!(flusher.wait_for(1, PATIENCE).is_err());
    assert_eq!(flusher.submit(batch(2, &[])), Err(SubmitError::Failed));
    let told: Vec<Heard> = std::iter::from_fn(|| heard.recv().ok()).collect();
    assert_eq!(told.iter().filter(|event| **event == Heard::Full).count(), 4);
    assert!(matches!(told.last(), Some(Heard::Failed(_))));
}

#[test]
fn stopping_on_a_full_disk_does_not_wait() {
    let disk = MemoryDisk::new();
    let settings = FlusherSettings { retry_min: PATIENCE * 60, retry_max: PATIENCE * 60, ..QUICK };
    let (_store, flusher, heard) = start(&disk, settings);
    disk.limit_bytes(Some(disk.used_bytes()));
    flusher.submit(batch(1, &[("a", &"x".repeat(100_000))])).unwrap();
    assert_eq!(heard.recv_timeout(PATIENCE), Ok(Heard::Full));
    assert_eq!(flusher.stop(), Ok(0));
}

#[test]
fn a_failed_sync_is_reported_and_final() {
    let disk = MemoryDisk::new();
    let (_store, flusher, heard) = start(&disk, QUICK);
    disk.fail_at_sync(1);
    flusher.submit(batch(1, &[("a", "1")])).unwrap();
    let failed = heard.recv_timeout(PATIENCE).unwrap();
    assert!(matches!(failed, Heard::Failed(_)));
    assert!(flusher.wait_for(1, PATIENCE).is_err());
    assert_eq!(flusher.durable(), 0);
    assert!(flusher.stop().is_err());
}

#[test]
fn by_hand_nothing_is_stored_before_the_call() {
    let disk = MemoryDisk::new();
    let store = Arc::new(open(&disk).unwrap());
    let flusher = Flusher::by_hand(Arc::clone(&store), QUICK, |_| {}).unwrap();
    flusher.submit(batch(1, &[("a", "1")])).unwrap();
    assert_eq!((flusher.durable(), store.snapshot().unwrap().applied()), (0, 0));
    assert_eq!(flusher.step(), Ok(true));
    assert_eq!((flusher.durable(), store.snapshot().unwrap().applied()), (1, 1));
    // Who waits does it himself.
    flusher.submit(batch(2, &[("a", "2")])).unwrap();
    assert_eq!(flusher.wait_for(2, Duration::ZERO), Ok(true));
    // Dropped like a process that dies: what waits is the journal's.
    flusher.submit(batch(3, &[("a", "3")])).unwrap();
    drop(flusher);
    assert_eq!(store.snapshot().unwrap().applied(), 2);
}

#[test]
fn by_hand_a_full_disk_is_tried_again_at_the_next_call() {
    let disk = MemoryDisk::new();
    let store = Arc::new(open(&disk).unwrap());
    let flusher = Flusher::by_hand(Arc::clone(&store), QUICK, |_| {}).unwrap();
    disk.limit_bytes(Some(disk.used_bytes()));
    flusher.submit(batch(1, &[("a", &"x".repeat(100_000))])).unwrap();
    assert_eq!(flusher.step(), Ok(false));
    disk.limit_bytes(None);
    assert_eq!(flusher.step(), Ok(true));
    assert_eq!(flusher.durable(), 1);
    // Nobody makes room while somebody waits by hand.
    disk.limit_bytes(Some(disk.used_bytes()));
    flusher.submit(batch(2, &[("b", &"x".repeat(3_000_000))])).unwrap();
    assert!(flusher.wait_for(2, PATIENCE).is_err());
    assert_eq!(flusher.submit(batch(3, &[])), Err(SubmitError::Failed));
}
